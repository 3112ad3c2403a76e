//! Whether there are many services across teams and environments.

use super::{No, Signals, Teams, Yes};
use crate::decision::system::System;
use crate::knowledge::publishers::is_public;
use crate::knowledge::upkeep::names_owner;
use crate::model::kubernetes::Body;
use crate::report::Signal;
use crate::report::phrases::first_named;
use crate::text::Span;
use indexmap::IndexSet;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

pub fn add(signals: &mut Signals, system: &System<'_>) {
    let counted = &system.counted;
    add_workloads(signals, system);
    let mut namespaces: BTreeMap<&str, Span> = BTreeMap::new();
    for object in counted.objects.iter().filter(|it| it.workload().is_some()) {
        if let Some(namespace) = &object.meta.namespace {
            namespaces.entry(namespace.as_str()).or_insert(namespace.span);
        }
    }
    if namespaces.len() > 2 {
        let fact = format!(
            "the objects are spread over {} namespaces: {}",
            namespaces.len(),
            names(&namespaces)
        );
        signals.add(Signal::ManyNamespaces, Teams, Yes, fact, first_place(&namespaces));
    }
    add_tenants(signals, system);
    add_walls(signals, system);
    add_owners(signals, system);
    let environments = system.environments();
    // A few services stay a few in every environment: one team can hold them all in mind.
    if environments.len() > 2 && !signals.any(Teams, No) {
        let names: Vec<String> = environments.iter().map(|it| format!("`{it}`")).collect();
        let fact = format!("{} environments are written down: {}", names.len(), names.join(", "));
        let mut files = system.files.iter().map(|it| it.id);
        let first = files.find(|it| system.facts.environment_of_file(*it).is_some());
        let place = first.map(|file| Span::new(file, 0, 0));
        signals.add(Signal::ManyEnvironments, Teams, Yes, fact, place);
    }
}

/// Maximum number of names in a fact.
const NAMES: usize = 3;

/// Returns the first names, in the order of the alphabet.
fn names(found: &BTreeMap<&str, Span>) -> String {
    let names: Vec<&str> = found.keys().copied().collect();
    first_named(&names, NAMES)
}

/// Returns the place that comes first in the files.
fn first_place(found: &BTreeMap<&str, Span>) -> Option<Span> {
    found.values().min().copied()
}

/// Adds how many workloads there are, on the side that has more of them.
fn add_workloads(signals: &mut Signals, system: &System<'_>) {
    let counted = &system.counted;
    let running = |name, span, file| {
        let tenant = system.tenants.name_of_file(system.facts, file);
        Running { name, span, tenant }
    };
    let workloads = counted.workloads.iter();
    let workloads = workloads.map(|it| running(it.name, it.span(), it.object.file));
    let services = counted.services.iter();
    let services = services.map(|it| running(it.name, it.span(), system.facts.base_of(it.project)));
    let all: Vec<Running<'_>> = match counted.services.len() > counted.workloads.len() {
        true => services.collect(),
        false => workloads.collect(),
    };
    let Some(place) = all.first().map(|it| it.span) else { return };
    let names: IndexSet<&str> = all.iter().map(|it| it.name).filter(|it| !it.is_empty()).collect();
    let called = Vec::from_iter(names);
    let called = match called[..] {
        [] => String::new(),
        _ => format!(": {}", first_named(&called, NAMES)),
    };
    // One application that runs for many tenants is as large as that of the largest one.
    let most = most_of_a_tenant(&all.iter().map(|it| it.tenant).collect::<Vec<_>>());
    let (signal, points, fact) = match (most.unwrap_or(all.len()), most.is_some()) {
        (1..=8, _) if system.hides_workloads() => return,
        (1, false) => {
            (Signal::FewWorkloads, No, format!("one workload needs no more than one team{called}"))
        }
        (1, true) => {
            let fact = format!(
                "at most one workload runs for each tenant, and needs no more than one team{called}"
            );
            (Signal::FewWorkloads, No, fact)
        }
        (few @ 2..=8, false) => {
            let fact = format!("{few} workloads are few enough for one team{called}");
            (Signal::FewWorkloads, No, fact)
        }
        (few @ 2..=8, true) => {
            let fact = format!(
                "at most {few} workloads run for each tenant, few enough for one team{called}"
            );
            (Signal::FewWorkloads, No, fact)
        }
        (0 | 9..=20, _) => return,
        (many, false) => {
            (Signal::ManyWorkloads, Yes, format!("there are {many} workloads{called}"))
        }
        (many, true) => {
            let fact = format!("up to {many} workloads run for one tenant{called}");
            (Signal::ManyWorkloads, Yes, fact)
        }
    };
    signals.add(signal, Teams, points, fact, Some(place));
}

/// A service or a workload, with the tenant that it runs for.
#[derive(Debug, Clone, Copy)]
struct Running<'f> {
    name: &'f str,
    span: Span,
    tenant: Option<&'f str>,
}

/// Returns how many workloads run for the tenant with the most of them, including those that all tenants share; `None`
/// where fewer than two tenants are counted.
fn most_of_a_tenant(tenants: &[Option<&str>]) -> Option<usize> {
    let mut counts: FxHashMap<&str, usize> = FxHashMap::default();
    for tenant in tenants.iter().flatten() {
        *counts.entry(tenant).or_default() += 1;
    }
    let shared = tenants.iter().filter(|it| it.is_none()).count();
    let most = counts.values().max().filter(|_| counts.len() > 1)?;
    Some(most + shared)
}

/// Adds the tenants that have folders of their own. A few services stay a few for every tenant.
fn add_tenants(signals: &mut Signals, system: &System<'_>) {
    let tenants = system.counted_tenants();
    if tenants.len() > 1 && !signals.any(Teams, No) {
        let (count, names) = (tenants.len(), names(&tenants));
        let fact = format!("{count} tenants have folders of their own: {names}");
        signals.add(Signal::TenantWalls, Teams, Yes, fact, first_place(&tenants));
    }
}

/// Adds what keeps tenants apart. A quota or a policy in one namespace is good practice for one team too, and a
/// LimitRange shares nothing out: it bounds single containers
/// (<https://kubernetes.io/docs/concepts/policy/limit-range/>).
fn add_walls(signals: &mut Signals, system: &System<'_>) {
    let mut quotas: BTreeMap<&str, Span> = BTreeMap::new();
    let mut policies: BTreeMap<&str, Span> = BTreeMap::new();
    for object in &system.counted.objects {
        let namespaces = match object.body {
            Body::ResourceQuota(_) => &mut quotas,
            Body::NetworkPolicy(_) => &mut policies,
            _ => continue,
        };
        namespaces.entry(object.namespace()).or_insert_with(|| object.name_span());
    }
    for (what, namespaces) in [("quotas", quotas), ("network policies", policies)] {
        if namespaces.len() > 1 {
            let (count, names) = (namespaces.len(), names(&namespaces));
            let fact = format!("{what} separate {count} namespaces from each other: {names}");
            signals.add(Signal::TenantWalls, Teams, Yes, fact, first_place(&namespaces));
        }
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
    let mut owners: BTreeMap<&str, Span> = BTreeMap::new();
    for object in &system.counted.objects {
        for (key, value) in &object.meta.labels {
            if names_owner(key.as_str()) {
                owners.entry(value.as_str()).or_insert(value.span);
            }
        }
    }
    if owners.len() > 1 {
        let fact = format!("labels name {} owners: {}", owners.len(), names(&owners));
        signals.add(Signal::OwnerLabels, Teams, Yes, fact, first_place(&owners));
    }
    let accounts = image_owners(system);
    if accounts.len() > 2 {
        let (count, names) = (accounts.len(), names(&accounts));
        let fact = format!("your own images come from {count} different owners: {names}");
        signals.add(Signal::ImageOwners, Teams, Yes, fact, first_place(&accounts));
    }
}

/// Returns the owners of several images that are not public products, each with the place of one.
fn image_owners<'f>(system: &System<'f>) -> BTreeMap<&'f str, Span> {
    let services = system.counted.services.iter().map(|it| &it.unit);
    let containers = system.counted.workloads.iter().flat_map(|it| &it.units);
    let images = services.chain(containers).filter_map(|it| Some((it.image.as_ref()?, it)));
    let own = images.filter(|(it, _)| it.family.is_none() && !is_public(&it.repository));
    let mut owners: BTreeMap<&str, (FxHashSet<&str>, Span)> = BTreeMap::new();
    for (image, unit) in own {
        if let Some((owner, name)) = image.repository.rsplit_once('/') {
            let place = unit.image_or_name();
            owners.entry(owner).or_insert((FxHashSet::default(), place)).0.insert(name);
        }
    }
    let several = owners.into_iter().filter(|(_, (names, _))| names.len() > 1);
    several.map(|(owner, (_, place))| (owner, place)).collect()
}
