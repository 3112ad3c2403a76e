//! Builds the facts, each part from the parts before it.

use super::counterparts::{self, Counterparts};
use super::hosts::{ClusterHosts, ComposeHosts};
use super::names::NamedObjects;
use super::order::Waits;
use super::resources::LimitRanges;
use super::selection::LabelIndex;
use super::service::Service;
use super::sets::Sets;
use super::subject::ServicePlaces;
use super::unit::Unit;
use super::workload::{self, Workload};
use super::{Facts, Mention, migrations, peers, replicas, roles, selection};
use crate::config::Config;
use crate::model::FileModel;
use crate::model::compose::Project;
use crate::model::kubernetes::Object;
use crate::report::Role;
use std::sync::Arc;

pub(super) fn facts<'a>(
    files: &'a [Arc<FileModel>],
    projects: &'a [Project],
    config: &'a Config,
) -> Facts<'a> {
    let mut sorted: Vec<&FileModel> = files.iter().map(|it| &**it).collect();
    sorted.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    let objects: Vec<&Object> = sorted.iter().flat_map(|file| &file.objects).collect();
    let cluster = objects.iter().any(|it| it.workload().is_some());
    let roles = roles::of_files(files, projects, config, cluster);
    let services = services(projects, &roles);
    let named = NamedObjects::new(&objects);
    let mut workloads = Vec::new();
    for &object in &objects {
        if let Some(model) = object.workload() {
            let copies = workload::copies(object, model);
            workloads.push(Workload::new(workloads.len(), object, model, copies, &named));
        }
    }
    let sets = Sets::new(files);
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
        service_places: ServicePlaces::by_file(files.len(), &services),
        swarm: replicas::swarm_projects(files, projects),
        cluster_hosts: ClusterHosts::new(&sorted, &objects, &kube_services),
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
    };
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
    facts.counterparts = counterparts::find(&facts);
    facts
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
