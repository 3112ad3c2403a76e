//! What the real tool refuses although every value alone is fine.

use super::{Dependency, FileObject, Mount, MountKind, Problem, ProblemKind, Project, Service};
use crate::model::Str;
use crate::model::compose::load::lower::Lowering;
use rustc_hash::FxHashMap;

/// The consistency of a project that was read.
pub(crate) fn consistency(project: &Project) -> Vec<Problem> {
    let mut check = Check { project, out: Lowering::default() };
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
    for volume in &project.volumes {
        let other = volume.keys.iter().find(|it| {
            !matches!(it.name.value.as_str(), "name" | "external")
                && !it.name.value.starts_with("x-")
        });
        if let (true, Some(other)) = (volume.external, other) {
            let name = other.name.value.clone();
            let message = "an external volume is not made here, so `{}` cannot be set";
            check.out.problem(ProblemKind::Conflict, other.name.span, &name, message);
        }
    }
    check.cycles();
    check.container_names();
    check.out.problems
}

struct Check<'p> {
    project: &'p Project,
    out: Lowering,
}

impl Check<'_> {
    /// Something is named that is not at the top level.
    fn undefined(&mut self, kind: ProblemKind, what: &str, name: &Str) {
        let place = if kind == ProblemKind::UndefinedService {
            "in this project"
        } else {
            "at the top level"
        };
        self.out.told(kind, name.span, &name.value, format!("there is no {what} `{name}` {place}"));
    }

    fn service(&mut self, service: &Service) {
        let project = self.project;
        if service.image.is_none() && service.build.is_none() && !service.has_key("provider") {
            let name = &service.name;
            let message = "the service `{}` has neither `image` nor `build`";
            self.out.problem(ProblemKind::NothingToRun, name.span, &name.value, message);
        }
        for list in [&service.depends_on, &service.implied_dependencies] {
            for name in list.iter().map(|it| &it.service) {
                if project.service(&name.value).is_none() {
                    self.undefined(ProblemKind::UndefinedService, "service", name);
                }
            }
        }
        for network in service.networks.iter().filter(|it| !it.implicit) {
            let name = &network.name;
            if name.value != "default" && project.network(&name.value).is_none() {
                self.undefined(ProblemKind::UndefinedNetwork, "network", name);
            }
        }
        if let (Some(mode), Some(key)) = (&service.network_mode, service.key("networks"))
            && !service.networks.is_empty()
        {
            let message = format!("`network_mode: {mode}` and `networks` exclude each other");
            self.out.told(ProblemKind::Conflict, key.name.span, "networks", message);
        }
        for mount in &service.volumes {
            self.mount(mount);
        }
        let build_secrets = service.build.as_ref().map_or(&[][..], |it| &it.secrets);
        for list in [&service.secrets, build_secrets] {
            for name in list.iter().map(|it| &it.source) {
                if project.secret(&name.value).is_none() {
                    self.undefined(ProblemKind::UndefinedSecret, "secret", name);
                }
            }
        }
        for config in &service.configs {
            if project.config(&config.source.value).is_none() {
                self.undefined(ProblemKind::UndefinedConfig, "config", &config.source);
            }
        }
        for model in &service.models {
            if !project.models.iter().any(|it| it.value == model.value) {
                self.undefined(ProblemKind::UndefinedModel, "model", model);
            }
        }
        let watched = service.develop.as_ref().map_or(&[][..], |it| &it.watch);
        for path in watched.iter().filter_map(|it| it.path.as_ref()) {
            if path.value.is_empty() {
                let message = "the `path` to watch is empty";
                self.out.problem(ProblemKind::InvalidValue, path.span, "", message);
            }
        }
        for host in &service.extra_hosts {
            if host.value.as_ref().is_none_or(|it| it.value.is_empty()) {
                let message = "the host `{}` has no address";
                self.out.problem(ProblemKind::InvalidValue, host.span, &host.key.value, message);
            }
        }
        self.scale(service);
        self.resources(service);
    }

    fn mount(&mut self, mount: &Mount) {
        let bare = mount.source.as_ref().is_none_or(|it| it.value.is_empty());
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
            let message = format!(
                "`scale` says {} and `deploy.replicas` says {}",
                scale.value, replicas.value
            );
            self.out.told(ProblemKind::Conflict, scale.span, "scale", message);
        }
        let count = service.scale.or(replicas).map_or(1, |it| it.value);
        if let (Some(name), true) = (&service.container_name, count > 1) {
            let message =
                format!("`container_name` can be given once, and {count} containers are asked for");
            self.out.told(ProblemKind::Conflict, name.span, "container_name", message);
        }
    }

    /// The older keys may repeat what `deploy.resources` says, not contradict it.
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
                let message = "`{}` and `deploy.resources` say different things";
                self.out.problem(ProblemKind::Conflict, old.span, key, message);
            }
        }
        if let (Some(old), Some(new)) = (service.cpus, limits.and_then(|it| it.cpus))
            && (old.value - new.value).abs() > f64::EPSILON
        {
            let message = "`cpus` and `deploy.resources` say different things";
            self.out.problem(ProblemKind::Conflict, old.span, "cpus", message);
        }
    }

    fn file_object(&mut self, object: &FileObject, what: &str, ways: &[&str]) {
        let written = |it: &&&str| object.keys.iter().any(|key| key.name.value == ***it);
        let count = ways.iter().filter(written).count();
        let key = &object.key;
        if count > 1 {
            let message = format!("the {what} `{key}` may only have one of {}", quoted(ways));
            self.out.told(ProblemKind::Conflict, key.span, &key.value, message);
        }
        if count == 0 && !object.external {
            let message = format!("the {what} `{key}` needs one of {}", quoted(ways));
            self.out.told(ProblemKind::MissingKey, key.span, &key.value, message);
        }
    }

    /// Each cycle is told once, at the dependency that closes it.
    fn cycles(&mut self) {
        let project = self.project;
        let services = &project.services;
        let mut by_name: FxHashMap<&str, usize> = FxHashMap::default();
        for (at, service) in services.iter().enumerate() {
            by_name.entry(&service.name.value).or_insert(at);
        }
        // 0: not seen, 1: on the way, 2: done.
        let mut state = vec![0_u8; services.len()];
        let mut way: Vec<(usize, usize)> = Vec::new();
        for start in 0..services.len() {
            if state[start] != 0 {
                continue;
            }
            way.push((start, 0));
            state[start] = 1;
            while let Some((node, next)) = way.last_mut() {
                let Some(Dependency { service: name, .. }) =
                    services[*node].dependencies().nth(*next)
                else {
                    state[*node] = 2;
                    way.pop();
                    continue;
                };
                *next += 1;
                let Some(&target) = by_name.get(name.value.as_str()) else { continue };
                match state[target] {
                    0 => {
                        state[target] = 1;
                        way.push((target, 0));
                    }
                    1 => {
                        let from = way.iter().position(|it| it.0 == target).unwrap_or(0);
                        let mut cycle = String::new();
                        for (at, _) in &way[from..] {
                            cycle += &services[*at].name.value;
                            cycle += " -> ";
                        }
                        cycle += &services[target].name.value;
                        let message = "these services wait for one another: {}";
                        self.out.problem(ProblemKind::DependencyCycle, name.span, &cycle, message);
                    }
                    _ => {}
                }
            }
        }
    }

    fn container_names(&mut self) {
        let mut seen: FxHashMap<&str, usize> = FxHashMap::default();
        let project = self.project;
        for name in project.services.iter().filter_map(|it| it.container_name.as_ref()) {
            if seen.insert(&name.value, 0).is_some() {
                let message = format!("another service has the container name `{name}` too");
                self.out.told(ProblemKind::Conflict, name.span, "container_name", message);
            }
        }
    }
}

fn quoted(ways: &[&str]) -> String {
    let all: Vec<String> = ways.iter().map(|it| format!("`{it}`")).collect();
    all.join(", ")
}
