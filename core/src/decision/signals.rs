//! What can be counted in the files, before anybody draws a conclusion from it.

use crate::facts::{Facts, Part};
use crate::model::kubernetes::{Body, VolumeSource};
use crate::report::{Kind, Role};
use crate::text::Span;
use rustc_hash::FxHashSet;

/// Sums of what the files ask for. Nothing is guessed: what is not written is not in a sum, and
/// `sized` tells how much of the whole the sums cover.
#[derive(Debug, Default)]
pub struct Counts {
    pub cpus: f64,
    pub memory_bytes: f64,
    /// Containers (times replicas) that run at once.
    pub containers: i64,
    /// Of those, how many say how much memory they take.
    pub sized: i64,
    pub gpus: i64,
    pub first_gpu: Option<Span>,
    pub workloads: usize,
    /// Replicated servers, one of them for evidence.
    pub replicated: Vec<(String, Span)>,
    pub namespaces: FxHashSet<String>,
    pub objects: usize,
    pub compose_services: usize,
    /// Compose services of every role.
    pub services: usize,
    pub charts: usize,
    /// Files that were left out because they become YAML only when rendered.
    pub templates: usize,
    pub overlays: usize,
    pub argocd: usize,
    pub flux: usize,
}

impl Counts {
    pub fn of(facts: &Facts<'_>) -> Counts {
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
        // Both sides describe one system: the cluster's sums are taken where there is a cluster.
        if facts.has_cluster_side() {
            counts.cluster(facts);
        } else {
            counts.compose(facts);
        }
        for object in facts.objects() {
            if let Some(namespace) = &object.meta.namespace {
                counts.namespaces.insert(namespace.to_string());
            }
            if object.group().ends_with("fluxcd.io") {
                counts.flux += 1;
            }
        }
        for file in facts.files() {
            match file.kind {
                Kind::Chart => counts.charts += 1,
                Kind::Template => counts.templates += 1,
                Kind::ArgoCd => counts.argocd += 1,
                Kind::Kustomization if file.path().contains("overlay") => counts.overlays += 1,
                _ => {}
            }
        }
        counts
    }

    fn cluster(&mut self, facts: &Facts<'_>) {
        for workload in facts.workloads() {
            let replicas = workload.model.replica_count().unwrap_or(1).max(0);
            if let Some(span) = workload.copies.many()
                && !workload.kind().is_job()
                && workload.kind() != crate::model::kubernetes::WorkloadKind::DaemonSet
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

    /// Whether there are workloads that nobody has looked into, in the templates of charts or behind
    /// what a controller applies: what is not seen is not absent.
    pub fn hides_workloads(&self) -> bool {
        let none = self.services + self.workloads == 0 && self.has_cluster();
        self.charts > 0 && self.templates > 0 || none
    }

    /// Whether something is meant for a cluster: workloads, charts, or what delivers them.
    pub fn has_cluster(&self) -> bool {
        self.workloads + self.charts + self.argocd + self.flux > 0
    }

    /// Whether the files show no system at all.
    pub fn is_empty(&self) -> bool {
        self.services + self.objects + self.charts + self.argocd + self.overlays == 0
    }

    /// At least half of what runs says how much memory it takes.
    pub fn is_sized(&self) -> bool {
        self.containers > 0 && self.sized * 2 >= self.containers
    }
}

/// Places where workloads hold on to the machine that they run on.
pub fn host_couplings(facts: &Facts<'_>) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    for workload in facts.workloads() {
        if workload.kind() == crate::model::kubernetes::WorkloadKind::DaemonSet {
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

/// The objects that are wanted, with their names.
pub fn objects_where(facts: &Facts<'_>, wanted: &dyn Fn(&Body) -> bool) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    for it in facts.objects().iter().filter(|it| wanted(&it.body)) {
        found.push((it.label(), it.name_span()));
    }
    found
}
