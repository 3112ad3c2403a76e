//! Counts and sums over the files, before any conclusion is drawn from them.

use crate::facts::{Facts, Part};
use crate::model::BuiltTarget;
use crate::model::kubernetes::{Body, Object, VolumeSource, WorkloadKind};
use crate::report::{Kind, Role, TargetKind};
use crate::text::Span;
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// What the files ask for, added up. Nothing is guessed: a container that does not state its size
/// adds nothing to a sum, and `sized` says how many containers the sum of memory covers.
#[derive(Debug, Default)]
pub struct Counts<'f> {
    pub cpus: f64,
    pub memory_bytes: f64,
    /// Number of containers that run at once, over all replicas.
    pub containers: i64,
    /// Number of those containers that state how much memory they need.
    pub sized: i64,
    pub gpus: i64,
    pub first_gpu: Option<Span>,
    pub workloads: usize,
    /// Workloads or services with more than one replica.
    pub replicated: Vec<(String, Span)>,
    pub namespaces: FxHashSet<&'f str>,
    pub objects: usize,
    /// Number of Compose services that are not for development alone.
    pub compose_services: usize,
    /// Number of Compose services of every role.
    pub services: usize,
    pub charts: usize,
    /// Number of charts, overlays and templates that were not built in full.
    pub templates: usize,
    /// Number of overlays whose folders name an environment.
    pub overlays: usize,
    pub argocd: usize,
    pub flux: usize,
}

impl<'f> Counts<'f> {
    pub fn of(facts: &'f Facts<'_>) -> Counts<'f> {
        let mut counts = Counts {
            workloads: facts.workloads().len(),
            objects: facts.objects().len(),
            services: facts.services().len(),
            compose_services: facts
                .services()
                .iter()
                .filter(|it| it.role != Role::Development)
                .count(),
            ..Counts::default()
        };
        // Both sides describe the same system, so only one of them is added up.
        if facts.has_cluster_side() {
            counts.cluster(facts);
        } else {
            counts.compose(facts);
        }
        for object in facts.objects() {
            if let Some(namespace) = &object.meta.namespace {
                counts.namespaces.insert(namespace);
            }
            if is_flux(object) {
                counts.flux += 1;
            }
        }
        // A variant that cannot be built hides nothing where another one is built.
        let is_hidden = |it: &&Arc<BuiltTarget>| {
            let whole = |other: &&BuiltTarget| other.is_whole() && other.is_variant_of(it);
            !it.is_whole() && facts.targets().find(whole).is_none()
        };
        counts.templates = facts.all_targets().iter().filter(is_hidden).count();
        let is_environment = |it: &&Arc<BuiltTarget>| {
            it.target.kind == TargetKind::Kustomization && it.target.environment.is_some()
        };
        counts.overlays = facts.all_targets().iter().filter(is_environment).count();
        for file in facts.files() {
            match file.kind {
                Kind::Chart => counts.charts += 1,
                Kind::Template if facts.is_built(file.id) => {}
                Kind::Template => counts.templates += 1,
                Kind::ArgoCd => counts.argocd += 1,
                Kind::Kustomization
                | Kind::Compose
                | Kind::Kubernetes
                | Kind::Values
                | Kind::EnvFile
                | Kind::Dockerfile
                | Kind::Config
                | Kind::Unknown => {}
            }
        }
        counts
    }

    fn cluster(&mut self, facts: &Facts<'_>) {
        for workload in facts.workloads() {
            let replicas = workload.model.replica_count().unwrap_or(1).max(0);
            if let Some(span) = workload.copies.many()
                && !workload.kind().is_job()
                && workload.kind() != WorkloadKind::DaemonSet
            {
                self.replicated.push((workload.label.clone(), span));
            }
            for (unit, container) in workload.containers() {
                if unit.part == Part::Init {
                    continue;
                }
                self.containers += replicas;
                let Some(resources) = &container.resources else { continue };
                let amount = |name: &str| {
                    let asked = resources.request(name).or_else(|| resources.limit(name));
                    asked.and_then(|it| it.quantity).map(|it| it.milli as f64 / 1000.0)
                };
                self.cpus += amount("cpu").unwrap_or(0.0) * replicas as f64;
                if let Some(memory) = amount("memory") {
                    self.memory_bytes += memory * replicas as f64;
                    self.sized += replicas;
                }
                for gpu in resources.gpus() {
                    let count =
                        gpu.quantity.map_or(1, |it| i64::try_from(it.units()).unwrap_or(i64::MAX));
                    self.gpus = self.gpus.saturating_add(count.saturating_mul(replicas));
                    self.first_gpu.get_or_insert(gpu.raw.span);
                }
            }
        }
    }

    fn compose(&mut self, facts: &Facts<'_>) {
        for service in facts.services().iter().filter(|it| it.role != Role::Development) {
            let replicas = service.model.replicas().max(0);
            self.containers += replicas;
            if let Some(span) = service.unit.copies.many() {
                self.replicated.push((service.unit.label.clone(), span));
            }
            if let Some(memory) =
                service.model.memory_limit().or(service.model.memory_reservation())
            {
                self.memory_bytes += memory.value as f64 * replicas as f64;
                self.sized += replicas;
            }
            self.cpus += service.model.cpu_limit().map_or(0.0, |it| it.value) * replicas as f64;
            let reserved = service.model.deploy.as_ref().and_then(|it| it.reservations.as_ref());
            for device in
                reserved.map_or(&[][..], |it| &it.devices).iter().chain(&service.model.gpus)
            {
                let gpu = device.capabilities.is_empty()
                    || device.capabilities.iter().any(|it| it.as_str() == "gpu");
                if gpu {
                    self.gpus += device.count.map_or(1, |it| it.value.max(1)) * replicas;
                    self.first_gpu.get_or_insert(device.span);
                }
            }
        }
    }

    /// Whether there may be workloads that the files do not show: in what was not built, or behind what
    /// a GitOps controller applies.
    pub fn hides_workloads(&self) -> bool {
        let only_delivery = self.services + self.workloads == 0 && self.has_cluster();
        self.templates > 0 || only_delivery
    }

    /// Whether anything is meant for a cluster: workloads, charts or what delivers them.
    pub fn has_cluster(&self) -> bool {
        self.workloads + self.charts + self.argocd + self.flux > 0
    }

    /// Whether the files show no system at all.
    pub fn is_empty(&self) -> bool {
        self.services + self.objects + self.charts + self.argocd + self.overlays == 0
    }

    /// Whether at least half of the containers state how much memory they need.
    pub fn is_sized(&self) -> bool {
        self.containers > 0 && self.sized * 2 >= self.containers
    }
}

/// Returns the workloads that depend on the machine they run on, with the places that say so.
pub fn host_couplings(facts: &Facts<'_>) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    for workload in facts.workloads() {
        if workload.kind() == WorkloadKind::DaemonSet {
            continue;
        }
        for volume in &workload.model.template.spec.volumes {
            if matches!(volume.source, VolumeSource::HostPath { .. }) {
                found.push((
                    format!("{} mounts a path of its node", workload.label),
                    volume.place.span,
                ));
            }
        }
    }
    found
}

/// Returns the labels and names of the objects that `wanted` accepts.
pub fn objects_where(facts: &Facts<'_>, wanted: impl Fn(&Body) -> bool) -> Vec<(String, Span)> {
    let objects = facts.objects().iter().filter(|object| wanted(&object.body));
    objects.map(|object| (object.label(), object.name_span())).collect()
}

/// Whether an object belongs to Flux.
pub fn is_flux(object: &Object) -> bool {
    object.group().ends_with("fluxcd.io")
}
