//! Counts and sums over the files, before any conclusion is drawn from them.

use super::counted::Counted;
use crate::facts::{Facts, Part, Service, Workload};
use crate::model::BuiltTarget;
use crate::model::kubernetes::{Body, Object, VolumeSource, WorkloadKind};
use crate::report::{Environment, Kind, TargetKind};
use crate::text::{FileId, Span, folder_of};
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
    /// What is added up and counted.
    pub counted: Counted<'f>,
    /// Number of workloads.
    pub workloads: usize,
    /// Workloads or services with more than one replica.
    pub replicated: Vec<(String, Span)>,
    pub namespaces: FxHashSet<&'f str>,
    pub objects: usize,
    /// Number of Compose services of every role and variant.
    pub services: usize,
    pub charts: usize,
    /// Number of charts, overlays and templates that were not built in full.
    pub templates: usize,
    /// Number of kustomizations that stand for themselves.
    pub kustomizations: usize,
    /// Number of environments for which one base has overlays; that of the base with the most.
    pub overlays: usize,
    pub argocd: usize,
    pub flux: usize,
    /// The first HelmRelease.
    pub helm_release: Option<Span>,
}

impl<'f> Counts<'f> {
    pub fn of(facts: &'f Facts<'f>) -> Counts<'f> {
        let counted = Counted::of(facts);
        let mut counts = Counts {
            objects: facts.objects().len(),
            services: facts.services().len(),
            workloads: counted.workloads.len(),
            ..Counts::default()
        };
        // Both sides describe the same system, so only one of them is added up.
        if facts.has_cluster_side() {
            counts.cluster(&counted.workloads);
            counts.swarm(facts, &counted);
        } else {
            counts.compose(&counted.services);
        }
        counts.counted = counted;
        for object in facts.objects() {
            if let Some(namespace) = &object.meta.namespace {
                counts.namespaces.insert(namespace);
            }
            if is_flux(object) {
                counts.flux += 1;
            }
            if matches!(object.body, Body::HelmRelease(_)) {
                counts.helm_release.get_or_insert(object.name_span());
            }
        }
        // A variant that cannot be built hides nothing where another one is built.
        let is_hidden = |it: &&Arc<BuiltTarget>| {
            let whole = |other: &&BuiltTarget| other.is_whole() && other.is_variant_of(it);
            !it.is_whole() && facts.targets().find(whole).is_none()
        };
        counts.templates = facts.all_targets().iter().filter(is_hidden).count();
        let kustomizations =
            || facts.all_targets().iter().filter(|it| it.target.kind == TargetKind::Kustomization);
        counts.kustomizations = kustomizations().count();
        counts.overlays = environments_of_one_base(facts, kustomizations());
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

    fn cluster(&mut self, workloads: &[&Workload<'_>]) {
        for workload in workloads {
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

    /// Notes the services that run several times in a swarm, beside what a cluster runs.
    fn swarm(&mut self, facts: &'f Facts<'f>, counted: &Counted<'f>) {
        let is_elsewhere =
            |service: &Service<'_>| counted.workloads.iter().any(|it| it.name == service.name);
        for service in counted.services.iter().filter(|it| facts.is_for_swarm(it)) {
            if let Some(span) = service.unit.copies.many()
                && !is_elsewhere(service)
            {
                self.replicated.push((service.unit.label.clone(), span));
            }
        }
    }

    fn compose(&mut self, services: &[&Service<'_>]) {
        for service in services {
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
        self.workloads + self.charts + self.kustomizations + self.argocd + self.flux > 0
    }

    /// Whether the files show no system at all.
    pub fn is_empty(&self) -> bool {
        self.services + self.objects + self.charts + self.argocd + self.kustomizations == 0
    }

    /// Whether at least half of the containers state how much memory they need.
    pub fn is_sized(&self) -> bool {
        self.containers > 0 && self.sized * 2 >= self.containers
    }
}

/// Returns the number of environments for which the overlays of one base are, that of the base with
/// the most; 0 where no base has overlays for two of them.
fn environments_of_one_base<'f>(
    facts: &Facts<'_>,
    overlays: impl Iterator<Item = &'f Arc<BuiltTarget>>,
) -> usize {
    struct Family {
        files: FxHashSet<FileId>,
        environments: FxHashSet<Environment>,
    }
    // A component is added to applications, and is the base of none.
    let components: FxHashSet<&str> = facts
        .files()
        .iter()
        .filter(|file| file.kind == Kind::Kustomization)
        .filter(|file| {
            let mut kinds = file.tree.roots().filter_map(|root| root.get("kind")?.as_str());
            kinds.any(|kind| kind == "Component")
        })
        .map(|file| folder_of(file.path()))
        .collect();
    let mut families: Vec<Family> = Vec::new();
    for overlay in overlays {
        let Some(environment) = overlay.target.environment else { continue };
        let sources = overlay.target.sources.iter().copied();
        let files: FxHashSet<FileId> =
            sources.filter(|it| !components.contains(folder_of(facts.file(*it).path()))).collect();
        match families.iter_mut().find(|family| !family.files.is_disjoint(&files)) {
            Some(family) => {
                family.environments.insert(environment);
            }
            None => {
                families.push(Family { files, environments: [environment].into_iter().collect() })
            }
        }
    }
    let most = families.iter().map(|family| family.environments.len()).max();
    most.filter(|most| *most > 1).unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Workspace};

    fn deployment(name: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: 2, template: {{spec: {{containers: [{{name: web, image: 'acme/web:1', resources: {{requests: {{memory: 1Gi}}}}}}]}}}}}}\n"
        )
    }

    fn counted(files: &[(&str, &str)]) -> (usize, i64, f64) {
        let mut workspace = Workspace::default();
        for (path, text) in files {
            workspace.set(path, *text);
        }
        let analysis = workspace.analysis(&Config::default());
        let counts = Counts::of(analysis.facts());
        (counts.workloads, counts.containers, counts.memory_bytes / f64::from(1 << 30))
    }

    #[test]
    fn an_application_in_several_forms_is_added_up_once() {
        let (plain, chart) = (deployment("web"), deployment("\"{{ .Release.Name }}-web\""));
        let files = [
            ("k8s/web.yaml", plain.as_str()),
            ("chart/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
            ("chart/templates/web.yaml", &chart),
        ];
        assert_eq!(counted(&files), (1, 2, 2.0));
        let environments = [("dev/web.yaml", plain.as_str()), ("prod/web.yaml", &plain)];
        assert_eq!(counted(&environments), (1, 2, 2.0));
    }

    #[test]
    fn applications_that_share_a_name_or_an_image_are_all_added_up() {
        let (web, api) = (deployment("web"), deployment("api"));
        assert_eq!(counted(&[("shop/web.yaml", &web), ("blog/web.yaml", &web)]).0, 2);
        assert_eq!(counted(&[("k8s/web.yaml", &web), ("k8s/api.yaml", &api)]).0, 2);
    }
}
