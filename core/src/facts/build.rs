//! Builds the facts, each part from the parts before it.

use super::counterparts::{self, Counterparts};
use super::hosts::{ClusterHosts, ComposeHosts, brings_services};
use super::names::NamedObjects;
use super::order::Waits;
use super::resources::LimitRanges;
use super::selection::LabelIndex;
use super::service::Service;
use super::sets::Sets;
use super::subject::ServicePlaces;
use super::unit::Unit;
use super::workload::{self, Workload};
use super::{Facts, Mention, Scope, migrations, peers, programs, replicas, roles, selection};
use crate::model::FileModel;
use crate::model::compose::Project;
use crate::model::kubernetes::Object;
use crate::report::Role;

pub(super) fn facts<'a>(scope: Scope<'a>) -> Facts<'a> {
    let Scope { files, projects, config, targets, built_files, chosen, is_main } = scope;
    let mut sorted: Vec<&FileModel> = Vec::new();
    if is_main {
        sorted.extend(files.iter().map(|it| &**it));
        sorted.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    }
    let loose = sorted.iter().filter(|file| !built_files.contains(&file.id));
    let mut objects: Vec<&Object> = loose.flat_map(|file| &file.objects).collect();
    objects.extend(chosen.iter().flat_map(|at| &targets[*at].objects));
    let unread = |file: &&&FileModel| !built_files.contains(&file.id) && brings_services(file);
    let from_elsewhere = match is_main {
        true => sorted.iter().any(|file| unread(&file)) || targets.iter().any(|it| !it.is_whole()),
        false => chosen.iter().any(|at| targets[*at].has_company(targets)),
    };
    let cluster = objects.iter().any(|it| it.workload().is_some());
    let roles = match is_main {
        true => roles::of_files(files, projects, config, cluster),
        false => Vec::new(),
    };
    let mut services = services(projects, &roles);
    programs::of_services(&mut services, &sorted);
    let named = NamedObjects::new(&objects);
    let mut workloads = Vec::new();
    for &object in &objects {
        if let Some(model) = object.workload() {
            let copies = workload::copies(object, model);
            workloads.push(Workload::new(workloads.len(), object, model, copies, &named));
        }
    }
    programs::of_workloads(&mut workloads);
    let sets = if is_main {
        let sources = |at: &usize| {
            let at = *at;
            targets[at].target.sources.iter().map(move |file| (*file, at))
        };
        Sets::new(files, &objects).with_homes(chosen.iter().flat_map(sources).collect())
    } else {
        Sets::default()
    };
    let pods = LabelIndex::of_workloads(&workloads);
    let kube_services = selection::kube_services(files, &objects, &mut workloads, &sets, &pods);
    selection::autoscale(files, &objects, &mut workloads, &sets);
    let compose_hosts = ComposeHosts::by_project(projects.len(), &services);
    let mut facts = Facts {
        config,
        files,
        projects,
        roles,
        named,
        waits: Waits::new(&services, &compose_hosts),
        service_places: match services.is_empty() {
            true => Vec::new(),
            false => ServicePlaces::by_file(files.len(), &services),
        },
        swarm: replicas::swarm_projects(files, projects),
        cluster_hosts: ClusterHosts::new(&objects, &kube_services, from_elsewhere),
        compose_hosts,
        pods,
        service_labels: LabelIndex::of_services(&kube_services),
        service_names: services.iter().map(|it| it.name).collect(),
        sorted,
        limit_ranges: LimitRanges::new(&objects),
        objects,
        services,
        workloads,
        kube_services,
        counterparts: Counterparts::default(),
        sets,
        all_targets: targets,
        chosen,
        built_files,
    };
    look_at_units(&mut facts);
    facts.counterparts = counterparts::find(&facts);
    programs::of_counterparts(&mut facts);
    facts
}

/// Settles what several rules ask about each container, for which the other facts must be there.
fn look_at_units(facts: &mut Facts<'_>) {
    for at in 0..facts.services.len() {
        let mentions = facts.find_mentions(&facts.services[at].unit);
        look_at(&mut facts.services[at].unit, mentions);
    }
    for workload in 0..facts.workloads.len() {
        for at in 0..facts.workloads[workload].units.len() {
            let mentions = facts.find_mentions(&facts.workloads[workload].units[at]);
            look_at(&mut facts.workloads[workload].units[at], mentions);
        }
    }
}

/// Settles what several rules ask about a container.
fn look_at<'a>(unit: &mut Unit<'a>, mentions: Vec<Mention<'a>>) {
    unit.peers = mentions.iter().copied().filter(|it| peers::is_peer(unit, it)).collect();
    unit.mentions = mentions;
    unit.migration = migrations::of_unit(unit);
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
