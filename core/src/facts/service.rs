//! Compose services.

use super::dockerfile::Stage;
use super::images::Image;
use super::programs::Program;
use super::unit::{Copies, Part, Site, Start, Unit, Var, VarSource};
use crate::knowledge::{migrations, seeds, shell, starts};
use crate::model::Str;
use crate::model::compose::{self, EnvSource, Project};
use crate::report::Role;
use crate::text::{Span, Spanned};
use std::sync::OnceLock;

/// A Compose service in its project.
#[derive(Debug)]
pub struct Service<'a> {
    /// Index in [`Facts::services`](super::Facts::services).
    pub index: usize,
    /// Index in [`Facts::projects`](super::Facts::projects).
    pub project_index: usize,
    pub name: &'a str,
    pub project: &'a Project,
    pub model: &'a compose::Service,
    pub role: Role,
    pub unit: Unit<'a>,
    /// The stage of its Dockerfile that its image is, once it is read.
    pub(super) stage: OnceLock<Option<Stage>>,
}

/// The setting of a service that says when Docker starts it again.
#[derive(Debug, Clone, Copy)]
pub struct RestartSetting<'a> {
    pub value: &'a Str,
    /// Whether it is the condition of `deploy.restart_policy`, and not `restart`.
    pub is_of_deploy: bool,
}

impl RestartSetting<'_> {
    /// Returns the setting for a message: "`restart: always`".
    pub fn says(&self) -> String {
        match self.is_of_deploy {
            true => format!("`condition: {}` of `deploy.restart_policy`", self.value),
            false => format!("`restart: {}`", self.value),
        }
    }
}

impl<'a> Service<'a> {
    /// Returns the container ports that Compose publishes or exposes.
    pub fn container_ports(&self) -> Vec<Spanned<u16>> {
        let mut ports = Vec::new();
        for port in &self.model.ports {
            ports.push(Spanned::new(port.target.value, port.span));
        }
        for exposed in &self.model.expose {
            if let Some(Ok(number)) = exposed.split('/').next().map(str::parse) {
                ports.push(Spanned::new(number, exposed.span));
            }
        }
        ports
    }

    pub(super) fn new(
        index: usize,
        project_index: usize,
        project: &'a Project,
        model: &'a compose::Service,
        role: Role,
    ) -> Service<'a> {
        let mut env = Vec::with_capacity(model.environment.len());
        for it in &model.environment {
            let value = it.value.as_ref();
            env.push(Var {
                name: &it.name.value,
                name_span: it.name.span,
                value: value.map(|it| it.value.as_str()),
                value_span: value.map_or(it.name.span, |it| it.span),
                span: it.span,
                source: match it.from {
                    EnvSource::Environment => VarSource::Inline,
                    EnvSource::EnvFile(_) => VarSource::EnvFile,
                },
                literal: !it.interpolated,
            });
        }
        let replicas = model.scale.or_else(|| model.deploy.as_ref().and_then(|it| it.replicas));
        let copies = match replicas {
            Some(it) if it.value > 1 => Copies::Many(it.span),
            _ => Copies::One,
        };
        let image = model.image.as_ref().map(Image::new);
        let unit = Unit {
            site: Site::Service(index),
            part: Part::Main,
            name: &model.name,
            runs: image.as_ref().and_then(Program::of_image),
            image,
            start: Start::of_service(model),
            image_start: None,
            env,
            copies,
            mentions: Vec::new(),
            peers: Vec::new(),
            migration: None,
            label: format!("service `{}`", model.name.value),
        };
        Service {
            index,
            project_index,
            name: &model.name.value,
            project,
            model,
            role,
            unit,
            stage: OnceLock::new(),
        }
    }

    /// Returns the place for findings about the service as a whole.
    pub fn span(&self) -> Span {
        self.model.name.span
    }

    /// Returns the host names that it answers to: its own, its container's, and its aliases on networks.
    pub fn hosts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let model = self.model;
        let own = [Some(&model.name), model.container_name.as_ref(), model.hostname.as_ref()];
        let aliases = model.networks.iter().flat_map(|it| &it.aliases);
        own.into_iter().flatten().chain(aliases).map(|it| it.as_str())
    }

    /// Returns the ports on which it is known to listen: those that it lists, and those of its image
    /// family.
    pub fn listens_on(&self) -> Vec<u16> {
        let mut ports = listed_ports(self.model);
        ports.extend(self.unit.family().into_iter().flat_map(|it| it.ports()));
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Returns the service (or `host`) whose network namespace it lives in: its own, unless it says
    /// `network_mode: service:x` or `network_mode: host`.
    pub fn network_namespace(&self) -> &'a str {
        let mode = self.model.network_mode.as_ref().map_or("", |it| it.as_str());
        match mode.strip_prefix("service:").or_else(|| mode.strip_prefix("container:")) {
            Some(other) => other,
            None if mode == "host" => "host",
            None => self.name,
        }
    }

    /// Whether it shares the network of the host, on which every port that it opens is public.
    ///
    /// Source: <https://docs.docker.com/engine/network/drivers/host/>
    pub fn is_on_host(&self) -> bool {
        self.network_namespace() == "host"
    }

    /// Whether Docker restarts it whenever it stops. `deploy.restart_policy` comes before `restart`.
    pub fn restarts(&self) -> bool {
        self.endless_restart().is_some()
    }

    /// Returns the setting that has Docker start it again after every exit.
    pub fn endless_restart(&self) -> Option<RestartSetting<'a>> {
        let setting = self.restart_setting()?;
        let is_endless = match setting.value.as_str() {
            "always" | "unless-stopped" => true,
            "any" => setting.is_of_deploy,
            _ => false,
        };
        is_endless.then_some(setting)
    }

    /// Returns the setting that says when Docker starts it again. Where both are written, `deploy.restart_policy`
    /// replaces `restart`, and without a condition it means never.
    ///
    /// Source: <https://github.com/docker/compose/blob/v2.40.0/pkg/compose/create.go>, `getRestartPolicy`.
    fn restart_setting(&self) -> Option<RestartSetting<'a>> {
        let policy = self.model.deploy.as_ref().and_then(|it| it.restart_policy.as_ref());
        let (value, is_of_deploy) = match policy {
            Some(policy) => (policy.condition.as_ref()?, true),
            None => (self.model.restart.as_ref()?, false),
        };
        Some(RestartSetting { value, is_of_deploy })
    }

    /// Whether Docker starts it again after a failure, however often it fails.
    pub fn is_restarted_after_failure(&self) -> bool {
        let policy = self.model.deploy.as_ref().and_then(|it| it.restart_policy.as_ref());
        let is_limited = policy.is_some_and(|it| it.max_attempts.is_some());
        let on_failure = |it: RestartSetting<'_>| !is_limited && it.value.as_str() == "on-failure";
        self.restarts() || self.restart_setting().is_some_and(on_failure)
    }

    /// Whether its image is built from sources of the project.
    pub fn is_built(&self) -> bool {
        self.model.build.is_some()
    }

    /// Whether its start command runs to an end: it migrates, seeds or initialises. See also
    /// [`Facts::is_one_shot`](super::Facts::is_one_shot).
    pub fn starts_one_shot(&self) -> bool {
        let migration = self.unit.migration.as_ref();
        if migration.is_some_and(|it| it.in_image && !it.then_serves) {
            return true;
        }
        let Some(last) = self.unit.started().last() else { return false };
        let migrates = migration.is_some_and(|it| !it.by_switch);
        (migrates && migrations::find_migration(last).is_some())
            || migrations::is_migration_name(shell::base_name(last.name()))
            || last.place == shell::Place::Plain && seeds::fills_a_store(last)
            || self
                .unit
                .family()
                .is_some_and(|it| it.class == crate::knowledge::families::Class::Migration)
    }

    /// Whether its start command ends by itself, as far as can be seen: a script that leaves with `exit 0`, a task
    /// of Rake, a copy with the client of MinIO.
    pub fn runs_to_an_end(&self) -> bool {
        starts::runs_to_an_end(self.unit.started())
    }

    /// Whether its file says that it is not started again, and nothing in it speaks of a server: no port, no check, and
    /// nobody keeps data in it. `no` is the default of `restart`, so that writing it is a choice.
    ///
    /// Source: <https://docs.docker.com/reference/compose-file/services/#restart>
    pub fn is_run_once(&self) -> bool {
        let model = self.model;
        let is_no = model.restart.as_ref().is_some_and(|it| matches!(it.as_str(), "no" | "false"));
        is_no
            && self.endless_restart().is_none()
            && model.ports.is_empty()
            && model.expose.is_empty()
            && model.healthcheck.is_none()
            && self.unit.stored().is_none()
    }

    /// Whether it starts only with a profile.
    pub fn has_profile(&self) -> bool {
        !self.model.profiles.is_empty()
    }

    /// Whether it starts with `docker compose up` alone: it has no profile, or one that the `.env` file of the
    /// project enables: <https://docs.docker.com/compose/how-tos/profiles/>.
    pub fn starts_by_itself(&self) -> bool {
        let mut settings = self.project.dot_env.iter();
        let setting = settings.find(|it| it.name.value == "COMPOSE_PROFILES");
        let enabled = setting.and_then(|it| it.value.as_ref()).map_or("", |it| it.as_str());
        let is_enabled = |own: &str| {
            let mut enabled = enabled.split(',').map(str::trim);
            enabled.any(|profile| profile == "*" || profile == own)
        };
        !self.has_profile() || self.model.profiles.iter().any(|own| is_enabled(own.as_str()))
    }
}

/// Returns the container ports that a Compose service publishes or exposes, the first one of a range.
pub fn listed_ports(model: &compose::Service) -> Vec<u16> {
    let exposed = model.expose.iter().filter_map(|it| it.split(['/', '-']).next());
    let mut ports: Vec<u16> = model.ports.iter().map(|it| it.target.value).collect();
    ports.extend(exposed.filter_map(|it| it.parse::<u16>().ok()));
    ports
}
