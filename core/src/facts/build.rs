//! Puts the facts together, each part from the ones before it.

use super::contract::ConfigKeys;
use super::service::Service;
use super::sets::{Sets, may_share_namespace};
use super::unit::Copies;
use super::workload::{self, KubeService, Workload};
use super::{Facts, counterparts, migrations, names, order, peers, roles};
use crate::config::Config;
use crate::model::FileModel;
use crate::model::compose::Project;
use crate::model::kubernetes::{Body, Object};
use crate::report::Role;
use crate::sort;
use rustc_hash::FxHashMap;
use std::sync::Arc;

pub(super) fn facts<'a>(
    files: &'a [Arc<FileModel>],
    projects: &'a [Project],
    config: &'a Config,
) -> Facts<'a> {
    let mut order: Vec<usize> = (0..files.len()).collect();
    sort::sort_by(&mut order, |a, b| files[*a].file.path.cmp(&files[*b].file.path));
    let objects: Vec<&Object> = order.iter().flat_map(|it| files[*it].objects.iter()).collect();
    let cluster = objects.iter().any(|it| it.workload().is_some());
    let roles = roles::of_files(files, projects, config, cluster);
    let services = services(projects, &roles);
    let mut workloads = workloads(&objects);
    let sets = Sets::new(files);
    let kube_services = kube_services(&objects, &mut workloads, &sets);
    autoscale(&objects, &mut workloads, &sets);
    let mut service_index: FxHashMap<&str, Vec<usize>> = FxHashMap::default();
    for service in &kube_services {
        service_index.entry(service.name()).or_default().push(service.index);
    }
    let limit_ranges =
        objects.iter().copied().filter(|it| matches!(it.body, Body::LimitRange(_))).collect();
    let mut facts = Facts {
        config,
        files,
        order,
        projects,
        roles,
        named: names::Index::new(&objects),
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
    let found: Vec<_> = facts.units().map(|it| facts.find_mentions(it)).collect();
    let services = facts.services.iter_mut().map(|it| &mut it.unit);
    let units = services.chain(facts.workloads.iter_mut().flat_map(|it| it.units.iter_mut()));
    for (unit, mentions) in units.zip(found) {
        unit.peers = mentions.iter().filter(|it| peers::is_peer(unit, it)).copied().collect();
        unit.mentions = mentions;
        unit.migration = migrations::of_unit(unit);
    }
    facts.counterparts = counterparts::find(&facts);
    facts
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

fn workloads<'a>(objects: &[&'a Object]) -> Vec<Workload<'a>> {
    let mut keys: FxHashMap<(&str, &str, bool), ConfigKeys<'a>> = FxHashMap::default();
    for &object in objects {
        if let (Some(found), Some(name)) = (ConfigKeys::of(object), object.name()) {
            let secret = matches!(object.body, Body::Secret(_));
            keys.entry((object.namespace(), name.as_str(), secret)).or_insert(found);
        }
    }
    let mut workloads = Vec::new();
    for &object in objects {
        if let Some(model) = object.workload() {
            let copies = workload::copies(object, model);
            workloads.push(Workload::new(workloads.len(), object, model, copies, &keys));
        }
    }
    workloads
}

/// Services with the workloads that they select. An index of label pairs keeps this linear: only
/// workloads that carry the Service's rarest label are compared.
fn kube_services<'a>(
    objects: &[&'a Object],
    workloads: &mut [Workload<'a>],
    sets: &Sets,
) -> Vec<KubeService<'a>> {
    let mut by_label: FxHashMap<(&str, &str), Vec<usize>> = FxHashMap::default();
    for workload in workloads.iter() {
        for (key, value) in &workload.model.template.meta.labels {
            by_label.entry((key.as_str(), value.as_str())).or_default().push(workload.index);
        }
    }
    let mut services: Vec<KubeService<'a>> = Vec::new();
    for &object in objects {
        let Some(model) = object.service() else { continue };
        let namespace = object.namespace();
        let mut selects = Vec::new();
        let mut selects_elsewhere = false;
        if let Some(selector) = model.selector.as_ref().filter(|it| !it.is_empty()) {
            let lists = selector.match_labels.iter().map(|(key, value)| {
                by_label.get(&(key.as_str(), value.as_str())).map_or(&[][..], |it| it)
            });
            let candidates = lists.min_by_key(|it| it.len()).unwrap_or(&[]);
            for at in candidates {
                let workload: &Workload<'a> = &workloads[*at];
                let fits = may_share_namespace(workload.namespace, namespace)
                    && selector.matches(&workload.model.template.meta.labels);
                if fits && sets.together(object.file, workload.object.file) {
                    selects.push(*at);
                } else if fits {
                    selects_elsewhere = true;
                }
            }
        }
        let index = services.len();
        for at in &selects {
            let workload: &mut Workload<'a> = &mut workloads[*at];
            workload.services.push(index);
        }
        services.push(KubeService { index, object, model, namespace, selects, selects_elsewhere });
    }
    services
}

/// Finds the autoscalers of each workload; one that may go above one replica makes it replicated.
fn autoscale(objects: &[&Object], workloads: &mut [Workload<'_>], sets: &Sets) {
    let mut by_name: FxHashMap<(&str, &str), Vec<usize>> = FxHashMap::default();
    for workload in workloads.iter() {
        by_name
            .entry((workload.model.kind.name(), workload.name()))
            .or_default()
            .push(workload.index);
    }
    let mut owned: Vec<(usize, usize, Option<crate::text::Span>)> = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let Body::Autoscaler(scaler) = &object.body else { continue };
        if !scaler.scales_replicas() {
            continue;
        }
        let Some(target) = &scaler.target else { continue };
        let kind = target.kind.as_ref().map_or("Deployment", |it| it.as_str());
        let Some(name) = &target.name else { continue };
        for workload in by_name.get(&(kind, name.as_str())).map_or(&[][..], |it| it) {
            let owner: &Workload<'_> = &workloads[*workload];
            if !may_share_namespace(owner.namespace, object.namespace())
                || !sets.together(owner.object.file, object.file)
            {
                continue;
            }
            let many = scaler.maximum().is_some_and(|it| it > 1);
            let span = scaler.max.map_or(object.name_span(), |it| it.span);
            owned.push((*workload, at, many.then_some(span)));
        }
    }
    for (workload, at, many) in owned {
        let workload = &mut workloads[workload];
        workload.autoscalers.push(at);
        if let Some(span) = many
            && !workload.copies.is_many()
        {
            workload.copies = Copies::Many(span);
            for unit in &mut workload.units {
                unit.copies = workload.copies;
            }
        }
    }
}
