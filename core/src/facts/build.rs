//! Builds the facts, each part from the parts before it.

use super::accepted::PrintedPaths;
use super::counterparts::{self, Counterparts};
use super::delivery::Deliveries;
use super::hosts::{ClusterHosts, ComposeHosts, brings_services};
use super::kustomizations::{stray_patches, unused_components};
use super::names::NamedObjects;
use super::order::Waits;
use super::receivers::MapsByKey;
use super::repeats::without_repeats;
use super::resources::LimitRanges;
use super::selection::LabelIndex;
use super::service::Service;
use super::sets::Sets;
use super::subject::ServicePlaces;
use super::tools::Builders;
use super::unit::{Part, Unit};
use super::watchtower::Watchers;
use super::workload::{self, Workload};
use super::{
    Facts, Mention, Scope, image_start, migrations, peers, programs, purpose, replicas, roles,
    selection,
};
use crate::model::compose::Project;
use crate::model::kubernetes::Object;
use crate::model::{BuiltTarget, FileModel};
use crate::report::Role;
use crate::text::FileId;
use rustc_hash::FxHashSet;
use std::sync::OnceLock;

/// Builds the facts about one scope.
pub(super) fn facts<'a>(scope: Scope<'a>) -> Facts<'a> {
    let Scope {
        files,
        whole,
        projects,
        config,
        targets,
        charts,
        built_files,
        parts,
        outside,
        chosen,
        is_main,
    } = scope.clone();
    let mut sorted: Vec<&FileModel> = Vec::new();
    if is_main {
        sorted.extend(files.iter().map(|it| &**it));
        sorted.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    }
    let stray = stray_patches(&sorted, parts);
    let loose =
        sorted.iter().filter(|file| !built_files.contains(&file.id) && !stray.contains(&file.id));
    let loose: Vec<&Object> = loose.flat_map(|file| &file.objects).collect();
    let mut objects = without_repeats(loose, files);
    objects.extend(chosen.iter().flat_map(|at| &targets[*at].objects));
    let cluster: FxHashSet<usize> = objects
        .iter()
        .filter(|object| object.workload().is_some())
        .map(|object| parts.of(object.file))
        .collect();
    let roles = match is_main {
        true => roles::of_files(files, projects, config, whole.above, &|file| {
            cluster.contains(&parts.of(file))
        }),
        false => Vec::new(),
    };
    let mut services = services(projects, &roles);
    programs::of_services(&mut services, &sorted);
    image_start::of_services(&mut services, files);
    let sets = if is_main { sets(&scope, &objects) } else { Sets::default() };
    let from_elsewhere = parts_from_elsewhere(&scope, &sorted, &sets);
    let named = NamedObjects::new(files, &objects, &sets);
    let mut workloads = workloads(&objects, &named, &sets);
    let pods = LabelIndex::of_workloads(&workloads);
    let kube_services = selection::kube_services(files, &objects, &mut workloads, &sets, &pods);
    selection::autoscale(files, &objects, &mut workloads, &sets);
    let deliveries = match is_main {
        true => Deliveries::new(files, targets, &objects),
        false => Deliveries::default(),
    };
    let compose_hosts = ComposeHosts::by_project(projects.len(), &services);
    let mut facts = Facts {
        config,
        files,
        projects,
        production_files: roles::production_files(projects, &roles),
        roles,
        are_samples: parts.are_samples,
        whole,
        named,
        waits: Waits::new(&services, &compose_hosts),
        service_places: match services.is_empty() {
            true => Vec::new(),
            false => ServicePlaces::by_file(files.len(), &services),
        },
        swarm: replicas::swarm_projects(files, projects),
        cluster_hosts: ClusterHosts::new(
            &objects,
            &kube_services,
            &sets,
            from_elsewhere,
            &unused_components(&sorted, &sets),
        ),
        compose_hosts,
        pods,
        service_labels: LabelIndex::of_services(&kube_services),
        service_names: services
            .iter()
            .map(|it| (sets.part(it.model.name.span.file), it.name))
            .collect(),
        sorted,
        limit_ranges: LimitRanges::new(&objects, &sets),
        objects,
        services,
        workloads,
        kube_services,
        counterparts: Counterparts::default(),
        sets,
        deliveries,
        all_targets: targets,
        charts,
        is_main,
        outside,
        chosen,
        built_files,
        printed_paths: PrintedPaths::default(),
        watchers: Watchers::default(),
        builders: Builders::default(),
        config_maps: MapsByKey::default(),
        targets_of_file: OnceLock::new(),
        says_default_namespace: OnceLock::new(),
        purposes: purpose::Purposes::default(),
    };
    look_at_units(&mut facts);
    facts.counterparts = counterparts::find(&facts);
    programs::of_counterparts(&mut facts);
    image_start::of_counterparts(&mut facts);
    facts
}

/// Builds the sets of files that are applied together, with the targets that files are built into.
fn sets(scope: &Scope<'_>, objects: &[&Object]) -> Sets {
    let sources = |at: &usize| {
        let at = *at;
        scope.targets[at].target.sources.iter().map(move |file| (*file, at))
    };
    let homes = scope.chosen.iter().flat_map(sources).collect();
    Sets::new(scope.files, objects, scope.parts.clone()).with_homes(homes)
}

/// Builds the owners of Pod templates, with the programs in their containers.
fn workloads<'a>(
    objects: &[&'a Object],
    named: &NamedObjects<'a>,
    sets: &Sets,
) -> Vec<Workload<'a>> {
    let namespaces = workload::namespaces_of_files(objects);
    let mut workloads = Vec::new();
    for &object in objects {
        if let Some(model) = object.workload() {
            let copies = workload::copies(object, model);
            let workload = Workload::new(workloads.len(), object, model, copies, named, sets);
            let file_namespace = namespaces.get(&object.file).copied();
            workloads.push(Workload { file_namespace, ..workload });
        }
    }
    programs::of_workloads(&mut workloads);
    workloads
}

/// Returns the parts of the project into which something that is not read here may bring Services: a
/// file that stands for other manifests, or a target that was not built in full.
fn parts_from_elsewhere(scope: &Scope<'_>, files: &[&FileModel], sets: &Sets) -> FxHashSet<usize> {
    let targets = scope.targets;
    if !scope.is_main {
        let chosen = scope.chosen.iter().map(|at| &targets[*at]);
        let part_of = |it: &BuiltTarget| Some(scope.parts.of(*it.target.sources.first()?));
        // Others than its variants may define what a target refers to.
        let has_company = |it: &BuiltTarget| {
            let mut near = targets.iter().filter(|other| part_of(other) == part_of(it));
            !it.is_whole() || near.any(|other| !it.is_variant_of(other))
        };
        let mut accompanied = chosen.filter(|it| has_company(it));
        return accompanied.next().map(|_| sets.part(FileId(0))).into_iter().collect();
    }
    let unread = files
        .iter()
        .filter(|file| !scope.built_files.contains(&file.id) && brings_services(file))
        .map(|file| file.id);
    let unbuilt = targets.iter().filter(|it| !it.is_whole());
    let unbuilt = unbuilt.filter_map(|it| it.target.sources.first().copied());
    unread.chain(unbuilt).map(|file| sets.part(file)).collect()
}

/// Settles what several rules ask about each container, for which the other facts must be there.
fn look_at_units(facts: &mut Facts<'_>) {
    for at in 0..facts.services.len() {
        let mentions = facts.find_mentions(&facts.services[at].unit);
        look_at(&mut facts.services[at].unit, mentions, false);
    }
    for workload in 0..facts.workloads.len() {
        for at in 0..facts.workloads[workload].units.len() {
            let mentions = facts.find_mentions(&facts.workloads[workload].units[at]);
            let shares_image = runs_the_image_of_a_main_container(&facts.workloads[workload], at);
            look_at(&mut facts.workloads[workload].units[at], mentions, shares_image);
        }
    }
}

/// Whether a container runs the same image as one of the main containers of its workload.
fn runs_the_image_of_a_main_container(workload: &Workload<'_>, at: usize) -> bool {
    let image = |unit: &Unit<'_>| unit.image.as_ref().map(|it| it.repository.clone());
    let own = image(&workload.units[at]);
    let mut main = workload.units.iter().filter(|it| it.part == Part::Main);
    own.is_some() && main.any(|it| image(it) == own)
}

/// Settles what several rules ask about a container.
fn look_at<'a>(unit: &mut Unit<'a>, mentions: Vec<Mention<'a>>, shares_image: bool) {
    unit.peers = mentions.iter().copied().filter(|it| peers::is_peer(unit, it)).collect();
    unit.mentions = mentions;
    unit.migration = migrations::of_unit(unit, shares_image);
}

fn services<'a>(projects: &'a [Project], roles: &[Option<Role>]) -> Vec<Service<'a>> {
    let mut services = Vec::new();
    for (project_index, project) in projects.iter().enumerate() {
        let role = roles::of_project(project, roles);
        for model in &project.services {
            services.push(Service::new(services.len(), project_index, project, model, role));
        }
    }
    services
}
