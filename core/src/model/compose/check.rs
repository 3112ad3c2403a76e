//! Contradictions that Docker Compose refuses although each value by itself is valid.

use super::{Dependency, FileObject, Mount, MountKind, Problem, ProblemKind, Project, Service};
use crate::model::Str;
use crate::model::compose::load::lower::Lowering;
use rustc_hash::{FxHashMap, FxHashSet};

/// Returns the contradictions in a project.
pub(crate) fn consistency(project: &Project) -> Vec<Problem> {
    let models = project.models.iter().map(|model| model.value.as_str()).collect();
    let mut check = Check { project, models, out: Lowering::default() };
    for service in &project.services {
        check.out.service = Some(service.name.value.clone());
        check.service(service);
    }
    check.out.service = None;
    for secret in &project.secrets {
        check.file_object(secret, "secret", &["file", "environment"]);
    }
    for config in &project.configs {
        check.file_object(config, "config", &["file", "environment", "content"]);
    }
    for volume in project.volumes.iter().filter(|volume| volume.external) {
        let other =
            volume.keys.iter().map(|key| &key.name).find(|name| {
                !matches!(name.as_str(), "name" | "external") && !name.starts_with("x-")
            });
        if let Some(name) = other {
            let message =
                format!("an external volume is created elsewhere, so `{name}` cannot be set here");
            check.out.problem(ProblemKind::Conflict, name.span, "external", message);
        }
    }
    check.cycles();
    check.container_names();
    check.out.problems
}

struct Check<'p> {
    project: &'p Project,
    /// The names of the top-level `models`.
    models: FxHashSet<&'p str>,
    out: Lowering,
}

impl Check<'_> {
    /// Reports a name that the top level does not define.
    fn undefined(&mut self, kind: ProblemKind, what: &str, name: &Str) {
        let place = if kind == ProblemKind::UndefinedService {
            "in this project"
        } else {
            "at the top level"
        };
        let message = format!("there is no {what} `{name}` {place}");
        self.out.problem(kind, name.span, name, message);
    }

    fn service(&mut self, service: &Service) {
        let project = self.project;
        if service.image.is_none() && service.build.is_none() && !service.has_key("provider") {
            let name = &service.name;
            // A variable that nobody sets leaves nothing of an image.
            let (span, message) = match service.key("image") {
                Some(key) => (key.entry, format!("the `image` of the service `{name}` is empty")),
                None => {
                    (name.span, format!("the service `{name}` has neither `image` nor `build`"))
                }
            };
            self.out.problem(ProblemKind::NothingToRun, span, &name.value, message);
        }
        for name in service.dependencies().map(|dependency| &dependency.service) {
            if project.service(&name.value).is_none() {
                self.undefined(ProblemKind::UndefinedService, "service", name);
            }
        }
        for network in service.networks.iter().filter(|network| !network.implicit) {
            let name = &network.name;
            if name.value != "default" && project.network(&name.value).is_none() {
                self.undefined(ProblemKind::UndefinedNetwork, "network", name);
            }
        }
        if let (Some(mode), Some(key)) = (&service.network_mode, service.key("networks"))
            && !service.networks.is_empty()
        {
            let message = format!("`network_mode: {mode}` and `networks` are mutually exclusive");
            self.out.problem(ProblemKind::Conflict, key.name.span, "networks", message);
        }
        for mount in &service.volumes {
            self.mount(mount);
        }
        let build_secrets = service.build.iter().flat_map(|build| &build.secrets);
        for name in service.secrets.iter().chain(build_secrets).map(|secret| &secret.source) {
            if project.secret(&name.value).is_none() {
                self.undefined(ProblemKind::UndefinedSecret, "secret", name);
            }
        }
        for config in &service.configs {
            if project.config(&config.source.value).is_none() {
                self.undefined(ProblemKind::UndefinedConfig, "config", &config.source);
            }
        }
        for model in &service.models {
            if !self.models.contains(model.as_str()) {
                self.undefined(ProblemKind::UndefinedModel, "model", model);
            }
        }
        let watched = service.develop.iter().flat_map(|develop| &develop.watch);
        for path in watched.filter_map(|watch| watch.path.as_ref()) {
            if path.value.is_empty() {
                let message = "the `path` to watch is empty";
                self.out.problem(ProblemKind::InvalidValue, path.span, "", message);
            }
        }
        let build_hosts = service.build.iter().flat_map(|build| &build.extra_hosts);
        for host in service.extra_hosts.iter().chain(build_hosts) {
            let lacks = match (host.key.is_empty(), &host.value) {
                (true, _) => "a host has no name".to_owned(),
                (false, None) => format!("the host `{}` has no address", host.key),
                (false, Some(_)) => continue,
            };
            self.out.problem(ProblemKind::InvalidValue, host.span, &host.key, lacks);
        }
        self.scale(service);
        self.resources(service);
    }

    fn mount(&mut self, mount: &Mount) {
        let bare = mount.source.as_ref().is_none_or(|source| source.is_empty());
        if mount.kind == MountKind::Bind && bare {
            let message = "a bind mount needs a `source`, the path on the host";
            self.out.problem(ProblemKind::InvalidMount, mount.span, "", message);
        }
        if mount.kind != MountKind::Volume {
            return;
        }
        let Some(source) = &mount.source else { return };
        if !source.value.is_empty() && self.project.volume(&source.value).is_none() {
            self.undefined(ProblemKind::UndefinedVolume, "volume", source);
        }
    }

    fn scale(&mut self, service: &Service) {
        let replicas = service.deploy.as_ref().and_then(|it| it.replicas);
        if let (Some(scale), Some(replicas)) = (service.scale, replicas)
            && scale.value != replicas.value
        {
            let message = format!("`scale` is {scale}, but `deploy.replicas` is {replicas}");
            self.out.problem(ProblemKind::Conflict, scale.span, "scale", message);
        }
        let count = service.scale.or(replicas).map_or(1, |it| it.value);
        if let (Some(name), true) = (&service.container_name, count > 1) {
            let message = format!(
                "`container_name` names one container, but the service has {count} containers"
            );
            self.out.problem(ProblemKind::Conflict, name.span, "container_name", message);
        }
    }

    /// Checks that the older keys for resources do not contradict `deploy.resources`.
    fn resources(&mut self, service: &Service) {
        let deploy = service.deploy.as_ref();
        let limits = deploy.and_then(|it| it.limits.as_ref());
        let reservations = deploy.and_then(|it| it.reservations.as_ref());
        let pairs = [
            ("mem_limit", service.mem_limit, limits.and_then(|it| it.memory)),
            ("mem_reservation", service.mem_reservation, reservations.and_then(|it| it.memory)),
            ("pids_limit", service.pids_limit, limits.and_then(|it| it.pids)),
        ];
        for (key, old, new) in pairs {
            if let (Some(old), Some(new)) = (old, new)
                && old.value != new.value
            {
                let message = format!("`{key}` and `deploy.resources` contradict each other");
                self.out.problem(ProblemKind::Conflict, old.span, key, message);
            }
        }
        if let (Some(old), Some(new)) = (service.cpus, limits.and_then(|it| it.cpus))
            && (old.value - new.value).abs() > f64::EPSILON
        {
            let message = "`cpus` and `deploy.resources` contradict each other";
            self.out.problem(ProblemKind::Conflict, old.span, "cpus", message);
        }
    }

    fn file_object(&mut self, object: &FileObject, what: &str, ways: &[&str]) {
        let keys: FxHashSet<&str> = object.keys.iter().map(|key| key.name.as_str()).collect();
        let count = ways.iter().filter(|way| keys.contains(**way)).count();
        let key = &object.key;
        if count > 1 {
            let message = format!("the {what} `{key}` can have only one of {}", quoted(ways));
            self.out.problem(ProblemKind::Conflict, key.span, key, message);
        }
        if count == 0 && !object.external {
            let message = format!("the {what} `{key}` needs one of {}", quoted(ways));
            self.out.problem(ProblemKind::MissingKey, key.span, key, message);
        }
    }

    /// Reports each cycle of dependencies once, at the dependency that closes it.
    fn cycles(&mut self) {
        let services = &self.project.services;
        let by_name: FxHashMap<&str, usize> =
            services.iter().enumerate().map(|(at, service)| (service.name.as_str(), at)).collect();
        let dependencies: Vec<Vec<&Dependency>> =
            services.iter().map(|service| service.dependencies().collect()).collect();
        let mut visits = vec![Visit::None; services.len()];
        // The services on the path from the first one, each with the number of its next dependency.
        let mut path: Vec<(usize, usize)> = Vec::new();
        for start in 0..services.len() {
            if visits[start] != Visit::None {
                continue;
            }
            path.push((start, 0));
            visits[start] = Visit::Open;
            while let Some((node, next)) = path.last_mut() {
                let Some(Dependency { service: name, .. }) = dependencies[*node].get(*next) else {
                    visits[*node] = Visit::Done;
                    path.pop();
                    continue;
                };
                *next += 1;
                let Some(&target) = by_name.get(name.as_str()) else { continue };
                match visits[target] {
                    Visit::None => {
                        visits[target] = Visit::Open;
                        path.push((target, 0));
                    }
                    Visit::Open => {
                        let from = path.iter().position(|it| it.0 == target).unwrap_or(0);
                        let on_cycle = path[from..].iter().map(|(at, _)| *at).chain([target]);
                        let names: Vec<&str> =
                            on_cycle.map(|at| services[at].name.as_str()).collect();
                        let cycle = names.join(" -> ");
                        let message = format!("these services wait for one another: {cycle}");
                        self.out.problem(ProblemKind::DependencyCycle, name.span, &cycle, message);
                    }
                    Visit::Done => {}
                }
            }
        }
    }

    fn container_names(&mut self) {
        let mut seen: FxHashSet<&str> = FxHashSet::default();
        let services = &self.project.services;
        for name in services.iter().filter_map(|service| service.container_name.as_ref()) {
            if !seen.insert(name) {
                let message = format!("another service also has the container name `{name}`");
                self.out.problem(ProblemKind::Conflict, name.span, "container_name", message);
            }
        }
    }
}

/// How far the search for cycles has come with a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    None,
    /// On the path that is being followed.
    Open,
    Done,
}

fn quoted(ways: &[&str]) -> String {
    let all: Vec<String> = ways.iter().map(|way| format!("`{way}`")).collect();
    all.join(", ")
}
