//! A service of a project.

use super::*;
use crate::model::{Place, Str};
use crate::text::{Span, Spanned};
use std::time::Duration;

/// A service after all merges. Large fields that few services have are boxed.
#[derive(Debug, Clone, Default)]
pub struct Service {
    pub name: Str,
    /// The whole entry in the first file that defines the service.
    pub span: Span,
    /// The mapping of the service in each file that writes it, in the order of the merge: the last one
    /// wins, and a fix usually adds to the first one. Templates that `extends` names are left out.
    pub places: Vec<Place>,
    /// The spans of values that are written outside of these places, sorted: behind an anchor, or in a
    /// service that this one extends.
    pub borrowed: Vec<Span>,
    /// The keys as written, each once, with its place in the last file that writes it.
    pub keys: Vec<Key>,

    pub image: Option<Str>,
    pub build: Option<Box<Build>>,
    pub command: Option<Command>,
    pub entrypoint: Option<Command>,
    /// The effective variables, each name once: those of the `env_file`s first, `environment` wins.
    pub environment: Vec<EnvVar>,
    /// The variables of the `env_file`s to which `environment` gives another value.
    pub overridden: Vec<EnvVar>,
    /// The place of `environment` in each file.
    pub environment_places: Vec<Place>,
    pub env_files: Vec<EnvFile>,
    pub ports: Vec<Port>,
    pub expose: Vec<Str>,
    pub volumes: Vec<Mount>,
    pub tmpfs: Vec<Str>,
    pub volumes_from: Vec<Str>,
    pub devices: Vec<Str>,
    /// The networks, with the implicit `default` network if none is written.
    pub networks: Vec<ServiceNetwork>,
    pub network_mode: Option<Str>,
    /// The entries of `depends_on`. Those that other keys imply (`links`, `network_mode: service:x`)
    /// are in [`Service::implied_dependencies`].
    pub depends_on: Vec<Dependency>,
    /// The whole value of `depends_on` in the last file that writes it.
    pub depends_on_span: Option<Span>,
    pub depends_on_place: Option<Place>,
    /// The services that `links`, `volumes_from`, `network_mode`, `ipc`, `pid` and the like require.
    pub implied_dependencies: Vec<Dependency>,
    pub healthcheck: Option<Box<Healthcheck>>,
    pub deploy: Option<Box<Deploy>>,
    pub scale: Option<Spanned<i64>>,
    pub restart: Option<Str>,
    pub profiles: Vec<Str>,
    pub labels: Vec<KeyValue>,
    pub annotations: Vec<KeyValue>,
    pub secrets: Vec<FileReference>,
    pub configs: Vec<FileReference>,
    pub models: Vec<Str>,
    pub extends: Option<Box<Extends>>,
    pub develop: Option<Develop>,
    pub pre_start: Vec<Hook>,
    pub post_start: Vec<Hook>,
    pub pre_stop: Vec<Hook>,
    pub logging: Option<Box<Logging>>,

    pub user: Option<Str>,
    pub working_dir: Option<Str>,
    pub container_name: Option<Str>,
    pub hostname: Option<Str>,
    pub domainname: Option<Str>,
    pub platform: Option<Str>,
    pub pull_policy: Option<Str>,
    pub runtime: Option<Str>,
    pub stop_signal: Option<Str>,
    pub stop_grace_period: Option<Spanned<Duration>>,
    pub privileged: Option<Spanned<bool>>,
    pub read_only: Option<Spanned<bool>>,
    pub init: Option<Spanned<bool>>,
    pub tty: Option<Spanned<bool>>,
    pub stdin_open: Option<Spanned<bool>>,
    pub attach: Option<Spanned<bool>>,
    pub cap_add: Vec<Str>,
    pub cap_drop: Vec<Str>,
    pub security_opt: Vec<Str>,
    pub group_add: Vec<Str>,
    pub pid: Option<Str>,
    pub ipc: Option<Str>,
    pub uts: Option<Str>,
    pub userns_mode: Option<Str>,
    pub cgroup: Option<Str>,
    pub links: Vec<Str>,
    pub external_links: Vec<Str>,
    /// Pairs of a host and an address.
    pub extra_hosts: Vec<KeyValue>,
    pub dns: Vec<Str>,
    pub dns_search: Vec<Str>,
    pub sysctls: Vec<KeyValue>,
    pub ulimits: Vec<Ulimit>,

    /// Bytes.
    pub mem_limit: Option<Spanned<i64>>,
    /// Bytes.
    pub mem_reservation: Option<Spanned<i64>>,
    /// Bytes; -1 for no limit.
    pub memswap_limit: Option<Spanned<i64>>,
    /// Bytes.
    pub shm_size: Option<Spanned<i64>>,
    pub cpus: Option<Spanned<f64>>,
    pub cpu_shares: Option<Spanned<f64>>,
    pub pids_limit: Option<Spanned<i64>>,
    /// The service-level `gpus`; `all` is one device with a count of -1.
    pub gpus: Vec<Device>,
}

impl Service {
    /// Returns a key as written.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|it| it.name.value == name)
    }

    pub fn has_key(&self, name: &str) -> bool {
        self.key(name).is_some()
    }

    pub fn env(&self, name: &str) -> Option<&EnvVar> {
        self.environment.iter().find(|it| it.name.value == name)
    }

    /// Returns the value of a variable.
    pub fn env_value(&self, name: &str) -> Option<&str> {
        self.env(name)?.value.as_ref().map(|it| it.value.as_str())
    }

    /// Returns the written and the implied dependencies.
    pub fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.depends_on.iter().chain(&self.implied_dependencies)
    }

    pub fn depends_on(&self, service: &str) -> Option<&Dependency> {
        self.depends_on.iter().find(|it| it.service.value == service)
    }

    /// Returns the number of containers: `scale`, else `deploy.replicas`, else 1.
    pub fn replicas(&self) -> i64 {
        let deploy = self.deploy.as_ref().and_then(|it| it.replicas);
        self.scale.or(deploy).map_or(1, |it| it.value)
    }

    /// Returns the memory limit in bytes: `deploy.resources.limits.memory` or `mem_limit`.
    pub fn memory_limit(&self) -> Option<Spanned<i64>> {
        let deploy = self.deploy.as_ref().and_then(|it| it.limits.as_ref()?.memory);
        deploy.or(self.mem_limit).filter(|it| it.value > 0)
    }

    /// Returns the memory reservation in bytes.
    pub fn memory_reservation(&self) -> Option<Spanned<i64>> {
        let deploy = self.deploy.as_ref().and_then(|it| it.reservations.as_ref()?.memory);
        deploy.or(self.mem_reservation).filter(|it| it.value > 0)
    }

    /// Returns the CPU limit in cores.
    pub fn cpu_limit(&self) -> Option<Spanned<f64>> {
        let deploy = self.deploy.as_ref().and_then(|it| it.limits.as_ref()?.cpus);
        deploy.or(self.cpus).filter(|it| it.value > 0.0)
    }

    /// Returns the mapping of the service in the first file, the place for findings about the service as
    /// a whole.
    pub fn place(&self) -> Option<&Place> {
        self.places.first()
    }

    /// Whether this service and another one are attached to a common network.
    pub fn shares_network_with(&self, other: &Service) -> bool {
        let attached = |name: &str| other.networks.iter().any(|theirs| theirs.name.value == name);
        self.networks.iter().any(|own| attached(&own.name))
    }
}
