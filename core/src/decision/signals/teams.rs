//! Whether there are many services across teams and environments.

use super::{No, Signals, Teams, Yes};
use crate::decision::system::System;
use crate::knowledge::publishers::is_public;
use crate::knowledge::upkeep::names_owner;
use crate::model::kubernetes::Body;
use crate::report::Signal;
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

pub fn add(signals: &mut Signals, system: &System<'_>) {
    let counted = &system.counted;
    match counted.workloads.len().max(counted.services.len()) {
        _ if system.hides_workloads() => {}
        0 => {}
        1 => {
            let fact = "one workload needs no more than one team";
            signals.add(Signal::FewWorkloads, Teams, No, fact, None);
        }
        few @ 2..=8 => {
            let fact = format!("{few} workloads are few enough for one team");
            signals.add(Signal::FewWorkloads, Teams, No, fact, None);
        }
        9..=20 => {}
        many => {
            let fact = format!("there are {many} workloads");
            signals.add(Signal::ManyWorkloads, Teams, Yes, fact, None);
        }
    }
    let namespaces: FxHashSet<&str> = counted
        .objects
        .iter()
        .filter(|it| it.workload().is_some())
        .filter_map(|it| Some(it.meta.namespace.as_ref()?.as_str()))
        .collect();
    if namespaces.len() > 2 {
        let fact = format!("the objects are spread over {} namespaces", namespaces.len());
        signals.add(Signal::ManyNamespaces, Teams, Yes, fact, None);
    }
    add_walls(signals, system);
    add_owners(signals, system);
    let environments = system.environments();
    if environments.len() > 2 {
        let names: Vec<String> = environments.iter().map(|it| format!("`{it}`")).collect();
        let fact = format!("{} environments are written down: {}", names.len(), names.join(", "));
        signals.add(Signal::ManyEnvironments, Teams, Yes, fact, None);
    }
}

/// Adds what keeps tenants apart. A quota in one namespace is good practice for one team too, and a
/// LimitRange shares nothing out: it bounds single containers
/// (<https://kubernetes.io/docs/concepts/policy/limit-range/>).
fn add_walls(signals: &mut Signals, system: &System<'_>) {
    let walls: Vec<_> = system
        .counted
        .objects
        .iter()
        .filter(|it| matches!(it.body, Body::ResourceQuota(_)))
        .collect();
    let namespaces: FxHashSet<&str> = walls.iter().map(|it| it.namespace()).collect();
    if let (Some(first), true) = (walls.first(), namespaces.len() > 1) {
        let fact = format!("quotas separate {} namespaces from each other", namespaces.len());
        signals.add(Signal::TenantWalls, Teams, Yes, fact, Some(first.name_span()));
    }
    let groups = system.objects_where(|body| match body {
        Body::RoleBinding(binding) => binding
            .subjects
            .iter()
            .any(|it| it.kind.as_ref().is_some_and(|kind| kind.as_str() == "Group")),
        _ => false,
    });
    let words = ["gives rights to a group of people", "give rights to groups of people"];
    signals.places(Signal::AccessRules, Teams, &groups, words);
}

/// Adds who owns the workloads and the images.
fn add_owners(signals: &mut Signals, system: &System<'_>) {
    let mut owners: FxHashMap<&str, Span> = FxHashMap::default();
    for object in &system.counted.objects {
        for (key, value) in &object.meta.labels {
            if names_owner(key.as_str()) {
                owners.entry(value.as_str()).or_insert(value.span);
            }
        }
    }
    if let (Some(first), true) = (owners.values().min(), owners.len() > 1) {
        let fact = format!("labels name {} owners", owners.len());
        signals.add(Signal::OwnerLabels, Teams, Yes, fact, Some(*first));
    }
    let accounts = image_owners(system);
    if accounts > 2 {
        let fact = format!("your own images come from {accounts} different owners");
        signals.add(Signal::ImageOwners, Teams, Yes, fact, None);
    }
}

/// Returns the number of owners of several images that are not public products.
fn image_owners(system: &System<'_>) -> usize {
    let services = system.counted.services.iter().map(|it| &it.unit);
    let containers = system.counted.workloads.iter().flat_map(|it| &it.units);
    let images = services.chain(containers).filter_map(|it| it.image.as_ref());
    let own = images.filter(|it| it.family.is_none() && !is_public(&it.repository));
    let mut owners: FxHashMap<&str, FxHashSet<&str>> = FxHashMap::default();
    for image in own {
        if let Some((owner, name)) = image.repository.rsplit_once('/') {
            owners.entry(owner).or_default().insert(name);
        }
    }
    owners.into_values().filter(|names| names.len() > 1).count()
}
