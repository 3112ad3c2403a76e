//! Systems: the applications among the files, each of which gets a decision of its own.

use super::counted::Counted;
use super::pipelines::{Pipeline, Pipelines};
use super::tenants::Tenants;
use super::unread::{Deliverers, names_objects};
use crate::facts::{
    CopiedManifests, DisjointSets, Facts, Purpose, Service, Workload, common_folder,
};
use crate::knowledge::publishers::is_public;
use crate::model::compose::Project;
use crate::model::delivery::{Controller, controller_of};
use crate::model::detect::{by_first_words, is_unread_pipeline};
use crate::model::kubernetes::{Body, Object};
use crate::model::{BuiltTarget, Cause, FileModel, environment_rank};
use crate::report::{Environment, Finding, Kind, Role, Severity, TargetKind, Today};
use crate::text::{FileId, Span, folder_of, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::sync::Arc;

/// One application: its share of the facts and of the findings.
#[derive(Debug)]
pub struct System<'f> {
    pub facts: &'f Facts<'f>,
    pub name: String,
    /// Every Compose service, whatever its role and variant.
    pub services: Vec<&'f Service<'f>>,
    /// Every workload of every environment that the facts hold.
    pub workloads: Vec<&'f Workload<'f>>,
    pub objects: Vec<&'f Object>,
    pub files: Vec<&'f FileModel>,
    pub targets: Vec<&'f Arc<BuiltTarget>>,
    pub findings: Vec<&'f Finding>,
    /// Manifests that are written again for another environment.
    pub copies: Vec<&'f CopiedManifests>,
    /// One environment in one form.
    pub counted: Counted<'f>,
    /// Charts and overlays that were not built in full, and may hold what nothing else shows.
    pub unbuilt: Vec<&'f Arc<BuiltTarget>>,
    /// Templates that nothing here renders, and that hold objects or services.
    pub left_out: Vec<&'f FileModel>,
    /// What objects of Argo CD and Flux apply from a source that is not among the files.
    pub remote: Vec<&'f Arc<BuiltTarget>>,
    /// Overlays that were built without files that their generators read: the content of a ConfigMap or a Secret is
    /// unknown, and nothing else.
    pub without_settings: Vec<&'f Arc<BuiltTarget>>,
    /// The first pipeline that deploys it.
    pub pipeline: Option<Pipeline<'f>>,
    /// The tenants of all systems.
    pub tenants: Arc<Tenants<'f>>,
    /// The autoscalers of all systems that scale a workload among the files.
    scaling: Arc<FxHashSet<(FileId, Span)>>,
    /// The indices of the Compose services that run once by choice.
    run_once: FxHashSet<usize>,
}

impl<'f> System<'f> {
    /// Returns the targets with their names, as the report lists them.
    pub fn target_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.targets.iter().map(|it| it.target.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns what the system runs on today. Compose files for development alone are no platform
    /// where there is a cluster side.
    pub fn today(&self) -> Today {
        let counted = self.counted.services.iter();
        let compose = counted.filter(|it| it.role != Role::Development);
        let (mut swarm, mut single) = (false, false);
        for service in compose {
            match self.facts.is_for_swarm(service) {
                true => swarm = true,
                false => single = true,
            }
        }
        match (swarm || single, self.has_cluster() && !self.is_for_tests_alone()) {
            (true, true) => Today::Both,
            (false, true) => Today::Kubernetes,
            (true, false) if swarm => Today::Swarm,
            (true, false) => Today::Compose,
            (false, false) if self.has_services_beside_tests() => Today::Compose,
            (false, false) => Today::Unknown,
        }
    }

    /// Whether all services that count are for a swarm.
    pub fn is_swarm(&self) -> bool {
        let services = &self.counted.services;
        !services.is_empty() && services.iter().all(|it| self.facts.is_for_swarm(it))
    }

    /// Whether everything for a cluster lies where tests are kept: what comes and goes is no platform.
    pub fn is_for_tests_alone(&self) -> bool {
        let mut files = self.workloads.iter().map(|it| it.object.file).peekable();
        files.peek().is_some() && files.all(|it| self.facts.purpose_of(it) == Purpose::Test)
    }

    /// Whether Compose services are there that do more than take part in the tests of a cluster.
    fn has_services_beside_tests(&self) -> bool {
        let is_tested = |it: &Service<'_>| {
            self.facts.purpose_of(self.facts.base_of(it.project)) == Purpose::Test
        };
        let in_tests = self.has_cluster();
        self.services.iter().any(|it| !(in_tests && is_tested(it)))
    }

    /// Returns the findings of a severity, those of the files that count first.
    pub fn findings_of(&self, severity: Severity) -> Vec<&'f Finding> {
        let counted = self.counted_files();
        let services = self.services.iter().map(|it| it.span().file);
        let of_others = services
            .chain(self.workloads.iter().map(|it| it.object.file))
            .chain(self.targets.iter().flat_map(|it| &it.target.sources).copied());
        let others: FxHashSet<FileId> = of_others.filter(|it| !counted.contains(it)).collect();
        let wanted = self.findings.iter().copied().filter(|it| it.severity == severity);
        let (last, mut first): (Vec<_>, Vec<_>) =
            wanted.partition(|it| others.contains(&it.span.file));
        first.extend(last);
        first
    }

    /// Returns the files of what counts, with the sources of the charts and overlays that it is built from.
    fn counted_files(&self) -> FxHashSet<FileId> {
        let built = self.counted.workloads.iter().map(|it| it.object.file);
        let targets = built.filter_map(|it| self.facts.built_target(it));
        let sources = targets.flat_map(|it| it.target.sources.iter().copied());
        sources.chain(self.counted.files()).collect()
    }

    /// Whether anything is meant for a cluster: workloads, charts or what delivers them.
    pub fn has_cluster(&self) -> bool {
        let for_cluster = |target: &&Arc<BuiltTarget>| match target.target.kind {
            TargetKind::Chart | TargetKind::Kustomization | TargetKind::Application => true,
            TargetKind::Compose | TargetKind::Manifests => false,
        };
        !self.workloads.is_empty()
            || self.targets.iter().any(for_cluster)
            || self.delivers()
            || self.has_templates()
            || self.left_out.iter().any(|it| names_objects(it))
    }

    /// Whether objects of a GitOps controller are among the files.
    pub fn delivers(&self) -> bool {
        self.delivery_object().is_some()
    }

    /// Returns the first object of a GitOps controller.
    pub fn delivery_object(&self) -> Option<&'f Object> {
        self.delivery_objects().next().map(|it| it.0)
    }

    /// Returns the objects of GitOps controllers, without those that only show how one would deliver.
    pub fn delivery_objects(&self) -> impl Iterator<Item = (&'f Object, Controller)> {
        let all = self.objects.iter().filter_map(|object| Some((*object, controller_of(object)?)));
        all.filter(|(object, _)| !self.counted.is_aside(self.facts, object.file))
    }

    /// Whether the files show nothing that runs.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && self.workloads.is_empty() && !self.has_cluster()
    }

    /// Whether everything that counts is known to run once: no workload, custom resource or service states
    /// more, and no autoscaler may add replicas.
    pub fn runs_everything_once(&self) -> bool {
        let workloads = self.counted.workloads.iter().filter(|it| it.kind().has_replicas());
        let many_pods =
            workloads.clone().any(|it| it.copies.is_many() || self.facts.has_unknown_count(it));
        let many_containers = self
            .counted
            .services
            .iter()
            .any(|it| it.unit.copies.is_many() || self.facts.has_unknown_replicas(it));
        let many_by_object = self.counted.objects.iter().any(|object| match &object.body {
            Body::Autoscaler(_) => self.scales_out(object),
            _ => object.stated_replicas.is_some_and(|it| it.value > 1),
        });
        !many_pods && !many_containers && !many_by_object
    }

    /// Whether an object is an autoscaler that may run more than one replica of something that is there. A custom
    /// resource may be there without a workload among the files.
    pub fn scales_out(&self, object: &Object) -> bool {
        let Body::Autoscaler(autoscaler) = &object.body else { return false };
        const WORKLOADS: [&str; 4] =
            ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"];
        let kind = autoscaler.target.as_ref().and_then(|it| it.kind.as_ref());
        let may_be_custom = kind.is_some_and(|it| !WORKLOADS.contains(&it.as_str()));
        let has_target = || self.scaling.contains(&(object.file, object.span));
        autoscaler.adds_replicas() && (may_be_custom || self.hides_workloads() || has_target())
    }

    /// Whether a Compose service says that it runs once and nothing speaks against that: Swarm does not read `restart`,
    /// and what another service dials is a server.
    ///
    /// Sources: <https://docs.docker.com/reference/compose-file/services/#restart>,
    /// <https://github.com/docker/cli/blob/master/cli/compose/types/types.go>, `UnsupportedProperties`
    pub fn is_run_once(&self, service: &Service<'_>) -> bool {
        self.run_once.contains(&service.index)
    }

    /// Returns the labels and places of the counted objects that `wanted` accepts.
    pub fn objects_where(&self, wanted: impl Fn(&Body) -> bool) -> Vec<(String, Span)> {
        let objects = self.counted.objects.iter().filter(|object| wanted(&object.body));
        objects.map(|object| (object.label(), object.name_span())).collect()
    }

    /// Returns the Compose projects of the counted services, each once.
    pub fn projects(&self) -> impl Iterator<Item = &'f Project> {
        let mut seen: FxHashSet<usize> = FxHashSet::default();
        let services = self.counted.services.iter();
        services.filter(move |it| seen.insert(it.project_index)).map(|it| it.project)
    }

    /// Returns the name and the place of a network that spans the hosts of a swarm.
    pub fn overlay_network(&self) -> Option<(String, Span)> {
        let mut networks = self.projects().flat_map(|it| &it.networks);
        networks.find_map(|network| {
            let driver = network.driver.as_ref().filter(|it| it.as_str() == "overlay")?;
            Some((network.key.to_string(), driver.span))
        })
    }
}

/// Returns the systems, those with the most services and workloads first. Files that show no system at
/// all are one without anything in it.
pub fn systems<'f>(
    facts: &'f Facts<'f>,
    findings: &'f [Finding],
    copies: &'f [CopiedManifests],
) -> Vec<System<'f>> {
    let (pipelines, deliverers) = (Pipelines::of(facts), Deliverers::of(facts));
    let tenants = Arc::new(Tenants::of(facts));
    let scaling = facts.workloads().iter().flat_map(|it| &it.autoscalers);
    let scaling = scaling.map(|at| facts.objects()[*at]).map(|it| (it.file, it.span));
    let scaling = Arc::new(scaling.collect());
    let of_share = |share: Share<'f>| {
        let mut system = share.into_system(facts, &deliverers, &tenants, &scaling);
        system.pipeline = pipelines.first_of(&system);
        system
    };
    let mut systems: Vec<System<'f>> =
        shares(facts, findings, copies, &tenants).into_iter().map(of_share).collect();
    let shows_system =
        |it: &System<'_>| it.services.len() + it.workloads.len() > 0 || it.has_cluster();
    if systems.iter().any(shows_system) {
        systems.retain(shows_system);
    } else {
        systems.truncate(1);
    }
    if systems.is_empty() {
        systems.push(of_share(Share::default()));
    }
    let size = |it: &System<'_>| it.counted.services.len() + it.counted.workloads.len();
    systems.sort_by(|a, b| size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name)));
    systems
}

/// Services, objects, files, targets and findings of one system.
#[derive(Debug, Default)]
struct Share<'f> {
    services: Vec<&'f Service<'f>>,
    workloads: Vec<&'f Workload<'f>>,
    objects: Vec<&'f Object>,
    files: Vec<&'f FileModel>,
    targets: Vec<&'f Arc<BuiltTarget>>,
    /// Targets of which nothing is built, since their source is elsewhere.
    remote: Vec<&'f Arc<BuiltTarget>>,
    findings: Vec<&'f Finding>,
    copies: Vec<&'f CopiedManifests>,
}

impl<'f> Share<'f> {
    fn into_system(
        self,
        facts: &'f Facts<'f>,
        deliverers: &Deliverers<'_>,
        tenants: &Arc<Tenants<'f>>,
        scaling: &Arc<FxHashSet<(FileId, Span)>>,
    ) -> System<'f> {
        let Share { services, workloads, objects, files, targets, remote, findings, copies } = self;
        let counted = Counted::of(facts, tenants, &services, &workloads, &objects, &files);
        System {
            name: name(facts, tenants, &services, &targets, &files),
            unbuilt: unbuilt(facts, &targets, &counted),
            left_out: files.iter().copied().filter(|it| is_left_out(facts, it)).collect(),
            remote: deliverers.hiding(facts, &remote, &counted),
            without_settings: without_settings(facts, &counted),
            run_once: run_once(facts, &services),
            counted,
            facts,
            services,
            workloads,
            objects,
            files,
            targets,
            findings,
            copies,
            pipeline: None,
            tenants: Arc::clone(tenants),
            scaling: Arc::clone(scaling),
        }
    }
}

/// Deals everything out to the systems in one pass.
fn shares<'f>(
    facts: &'f Facts<'f>,
    findings: &'f [Finding],
    copies: &'f [CopiedManifests],
    tenants: &Tenants<'f>,
) -> Vec<Share<'f>> {
    let parts = facts.files().iter().map(|file| facts.part_of(file.id) + 1).max().unwrap_or(0);
    let mut sets = DisjointSets::new(parts);
    join_counterparts(facts, &mut sets);
    join_images(facts, &mut sets);
    join_deliveries(facts, &mut sets);
    tenants.join(facts, &mut sets);

    let mut shares: IndexMap<usize, Share<'f>, FxBuildHasher> = IndexMap::default();
    let mut of = |file: FileId| sets.find(facts.part_of(file));
    // A pipeline is beside what it deploys, and no part of it.
    for file in facts.files().iter().filter(|it| !is_unread_pipeline(it.path())) {
        shares.entry(of(file.id)).or_default().files.push(file);
    }
    for service in facts.services() {
        shares.entry(of(facts.base_of(service.project))).or_default().services.push(service);
    }
    for workload in facts.workloads() {
        shares.entry(of(workload.object.file)).or_default().workloads.push(workload);
    }
    for object in facts.objects() {
        shares.entry(of(object.file)).or_default().objects.push(object);
    }
    for target in facts.all_targets() {
        if let Some(source) = target.target.sources.first() {
            shares.entry(of(*source)).or_default().targets.push(target);
        } else if let Some(delivered) = &target.delivered_by {
            shares.entry(of(delivered.span.file)).or_default().remote.push(target);
        }
    }
    for finding in findings {
        shares.entry(of(finding.span.file)).or_default().findings.push(finding);
    }
    for copied in copies {
        let [first, second] = copied.places.map(|place| of(place.file));
        if first == second {
            shares.entry(first).or_default().copies.push(copied);
        }
    }
    shares.into_values().collect()
}

/// Returns the charts and overlays that were not built in full. A variant that cannot be built hides nothing where
/// another variant of it is built, unless that one is further from production; and what is another form of what
/// counts hides nothing that would count.
fn unbuilt<'f>(
    facts: &Facts<'_>,
    targets: &[&'f Arc<BuiltTarget>],
    counted: &Counted<'f>,
) -> Vec<&'f Arc<BuiltTarget>> {
    let mut shown: FxHashMap<FileId, usize> = FxHashMap::default();
    for target in targets.iter().filter(|it| it.lacks_only_settings()) {
        let rank = environment_rank(facts.environment_of_target(&target.target));
        for file in &target.target.sources {
            let known = shown.entry(*file).or_insert(rank);
            *known = rank.min(*known);
        }
    }
    let is_hidden = |it: &&&Arc<BuiltTarget>| {
        let rank = environment_rank(facts.environment_of_target(&it.target));
        let mut variants = it.target.sources.iter().filter_map(|file| shown.get(file));
        !it.lacks_only_settings()
            && !variants.any(|shown| *shown <= rank)
            && !counted.other_forms.iter().any(|other| Arc::ptr_eq(other, it))
    };
    targets.iter().filter(is_hidden).copied().collect()
}

/// Whether a file is a template that nothing here renders and that holds objects or services, unless its name says
/// that it is not for production.
fn is_left_out(facts: &Facts<'_>, file: &FileModel) -> bool {
    let is_aside = || {
        matches!(
            facts.environment_of_file(file.id),
            Some(Environment::Development | Environment::Test)
        )
    };
    file.kind == Kind::Template
        && !facts.is_built(file.id)
        && by_first_words(file.text()) != Kind::Unknown
        && !is_aside()
}

/// Returns the overlays of what counts that were built without what their generators read.
fn without_settings<'f>(facts: &'f Facts<'f>, counted: &Counted<'f>) -> Vec<&'f Arc<BuiltTarget>> {
    let built = counted.workloads.iter().filter_map(|it| facts.target_of(it.object.file));
    let built: FxHashSet<usize> = built.collect();
    let targets = facts.all_targets().iter().enumerate().filter(|it| built.contains(&it.0));
    let missing = |it: &&Arc<BuiltTarget>| {
        it.target.reasons.iter().any(|reason| reason.cause == Cause::GeneratorInput)
    };
    targets.map(|it| it.1).filter(missing).collect()
}

/// Returns the indices of the services that say that they run once, are not for a swarm, and are dialled by nobody.
fn run_once(facts: &Facts<'_>, services: &[&Service<'_>]) -> FxHashSet<usize> {
    let says_so = |it: &Service<'_>| it.is_run_once() && !facts.is_for_swarm(it);
    let mut once: FxHashSet<usize> =
        services.iter().filter(|it| says_so(it)).map(|it| it.index).collect();
    if !once.is_empty() {
        for dialled in services.iter().flat_map(|it| facts.dialled(it)) {
            once.remove(&dialled.index);
        }
    }
    once
}

/// Joins what runs the same services on both sides.
fn join_counterparts(facts: &Facts<'_>, sets: &mut DisjointSets) {
    for counterpart in facts.counterparts() {
        let (service, workload, _) = facts.pair(counterpart);
        let compose = facts.part_of(facts.base_of(service.project));
        sets.join(compose, facts.part_of(workload.object.file));
    }
}

/// Joins what runs the same images of an owner: `acme/shop` in two folders is one application.
fn join_images(facts: &Facts<'_>, sets: &mut DisjointSets) {
    let mut first: FxHashMap<&str, usize> = FxHashMap::default();
    let services = facts.services().iter().map(|it| (&it.unit, facts.base_of(it.project)));
    let containers =
        facts.workloads().iter().flat_map(|it| it.units.iter().map(|unit| (unit, it.object.file)));
    for (unit, file) in services.chain(containers) {
        let Some(image) = &unit.image else { continue };
        let is_own = image.family.is_none()
            && image.repository.contains('/')
            && !is_public(&image.repository);
        if is_own {
            let part = facts.part_of(file);
            sets.join(*first.entry(&image.repository).or_insert(part), part);
        }
    }
}

/// Joins the objects of a GitOps controller with what they deploy.
fn join_deliveries(facts: &Facts<'_>, sets: &mut DisjointSets) {
    for target in facts.all_targets() {
        let Some(delivered) = &target.delivered_by else { continue };
        let Some(source) = target.target.sources.first() else { continue };
        sets.join(facts.part_of(delivered.span.file), facts.part_of(*source));
    }
}

/// Returns the name of a system: that of its folder, or for files at the root of the project the one that
/// the Compose file or the chart states.
fn name(
    facts: &Facts<'_>,
    tenants: &Tenants<'_>,
    services: &[&Service<'_>],
    targets: &[&Arc<BuiltTarget>],
    files: &[&FileModel],
) -> String {
    let folder = common_folder(files.iter().map(|file| folder_of(file.path())));
    if !folder.is_empty() {
        return folder.to_owned();
    }
    // The project of one tenant is not all of them.
    let stated = |it: &&&Service<'_>| {
        let file = facts.file(facts.base_of(it.project));
        !it.project.name.as_str().is_empty() && tenants.of_folder(folder_of(file.path())).is_none()
    };
    let project = services.iter().find(stated).map(|it| it.project.name.as_str().to_owned());
    let chart = targets
        .iter()
        .find(|it| it.target.kind == TargetKind::Chart && !it.target.folder.is_empty());
    match (project, chart) {
        (Some(name), _) => name,
        (None, Some(chart)) => name_of(&chart.target.folder).to_owned(),
        (None, None) => ".".to_owned(),
    }
}
