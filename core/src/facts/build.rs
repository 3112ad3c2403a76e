//! Puts the facts together, each part from the ones before it.

use super::service::Service;
use super::sets::{Sets, may_share_namespace};
use super::unit::{Copies, Unit};
use super::workload::{self, KubeService, Workload};
use super::{Facts, Mention, counterparts, migrations, names, order, peers, roles};
use crate::config::Config;
use crate::index::Index;
use crate::model::FileModel;
use crate::model::compose::Project;
use crate::model::kubernetes::{Body, Object};
use crate::report::Role;
use std::sync::Arc;

pub(super) fn facts<'a>(
    files: &'a [Arc<FileModel>],
    projects: &'a [Project],
    config: &'a Config,
) -> Facts<'a> {
    let mut sorted: Vec<&FileModel> = Vec::with_capacity(files.len());
    for file in files {
        sorted.push(file);
    }
    sorted.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    let mut objects: Vec<&Object> =
        Vec::with_capacity(files.iter().map(|it| it.objects.len()).sum());
    let mut limit_ranges: Vec<&Object> = Vec::new();
    let mut cluster = false;
    for file in &sorted {
        for object in &file.objects {
            objects.push(object);
            match object.body {
                Body::Workload(_) => cluster = true,
                Body::LimitRange(_) => limit_ranges.push(object),
                _ => {}
            }
        }
    }
    let roles = roles::of_files(files, projects, config, cluster);
    let services = services(projects, &roles);
    let named = names::Index::new(&objects);
    let mut workloads = Vec::new();
    for &object in &objects {
        if let Some(model) = object.workload() {
            let copies = workload::copies(object, model);
            workloads.push(Workload::new(workloads.len(), object, model, copies, &named));
        }
    }
    let sets = Sets::new(files);
    let kube_services = kube_services(&objects, &mut workloads, &sets);
    autoscale(&objects, &mut workloads, &sets);
    let mut service_index = Index::default();
    for service in &kube_services {
        service_index.add(&[service.name], service.index);
    }
    let mut facts = Facts {
        config,
        files,
        sorted,
        projects,
        roles,
        named,
        objects,
        services,
        waits: Vec::new(),
        workloads,
        kube_services,
        limit_ranges,
        service_index,
        counterparts: Vec::new(),
        sets,
    };
    facts.waits = order::waits(&facts);
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

/// Finds out once what several rules ask of a container.
fn look_at<'a>(unit: &mut Unit<'a>, mentions: Vec<Mention<'a>>) {
    for mention in &mentions {
        if peers::is_peer(unit, mention) {
            unit.peers.push(*mention);
        }
    }
    unit.mentions = mentions;
    unit.migration = migrations::of_unit(unit);
}

fn services<'a>(projects: &'a [Project], roles: &[Option<Role>]) -> Vec<Service<'a>> {
    let mut services = Vec::with_capacity(projects.iter().map(|it| it.services.len()).sum());
    for (project_index, project) in projects.iter().enumerate() {
        let role = roles::of_project(project, roles);
        for model in &project.services {
            services.push(Service::new(services.len(), project_index, project, model, role));
        }
    }
    services
}

/// Services with the workloads that they select. An index of label pairs keeps this linear: only
/// workloads that carry the Service's rarest label are compared.
fn kube_services<'a>(
    objects: &[&'a Object],
    workloads: &mut [Workload<'a>],
    sets: &Sets,
) -> Vec<KubeService<'a>> {
    let mut by_label = Index::default();
    let selects = objects.iter().any(|it| it.service().is_some_and(|it| it.selector.is_some()));
    for workload in workloads.iter().filter(|_| selects) {
        for (key, value) in &workload.model.template.meta.labels {
            by_label.add(&[key, value], workload.index);
        }
    }
    let mut services: Vec<KubeService<'a>> = Vec::new();
    for &object in objects {
        let Some(model) = object.service() else { continue };
        let namespace = object.namespace();
        let index = services.len();
        let mut selects = Vec::new();
        let mut selects_elsewhere = false;
        if let Some(selector) = &model.selector {
            let mut candidates: Option<&[usize]> = None;
            for (key, value) in &selector.match_labels {
                let list = by_label.get(&[key, value]);
                if candidates.is_none_or(|it| list.len() < it.len()) {
                    candidates = Some(list);
                }
            }
            for at in candidates.unwrap_or_default() {
                let workload: &mut Workload<'a> = &mut workloads[*at];
                let fits = may_share_namespace(workload.namespace, namespace)
                    && selector.matches(&workload.model.template.meta.labels);
                if fits && sets.together(object.file, workload.object.file) {
                    selects.push(*at);
                    workload.services.push(index);
                } else if fits {
                    selects_elsewhere = true;
                }
            }
        }
        let name = object.name().map_or("", |it| it.as_str());
        services.push(KubeService {
            index,
            name,
            object,
            model,
            namespace,
            selects,
            selects_elsewhere,
        });
    }
    services
}

/// Finds the autoscalers of each workload; one that may go above one replica makes it replicated.
fn autoscale(objects: &[&Object], workloads: &mut [Workload<'_>], sets: &Sets) {
    if !objects.iter().any(|it| matches!(it.body, Body::Autoscaler(_))) {
        return;
    }
    let mut by_name = Index::default();
    for workload in workloads.iter() {
        by_name.add(&[workload.model.kind.name(), workload.name], workload.index);
    }
    for (at, object) in objects.iter().enumerate() {
        let Body::Autoscaler(scaler) = &object.body else { continue };
        let Some(target) = scaler.target.as_ref().filter(|_| scaler.scales_replicas()) else {
            continue;
        };
        let kind = target.kind.as_ref().map_or("Deployment", |it| it.as_str());
        let Some(name) = &target.name else { continue };
        for owned in by_name.get(&[kind, name]) {
            let workload = &mut workloads[*owned];
            if !may_share_namespace(workload.namespace, object.namespace())
                || !sets.together(workload.object.file, object.file)
            {
                continue;
            }
            workload.autoscalers.push(at);
            if scaler.maximum().is_some_and(|it| it > 1) && !workload.copies.is_many() {
                let span = scaler.max.map_or(object.name_span(), |it| it.span);
                workload.copies = Copies::Many(span);
                for unit in &mut workload.units {
                    unit.copies = workload.copies;
                }
            }
        }
    }
}
