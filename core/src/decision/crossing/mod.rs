//! What becomes of each key of a Compose service on the way to Kubernetes, whether a person or a
//! converter does the work.
//!
//! The table itself is knowledge (`compose_keys`): a row for every key that Compose knows, with its sources.
//! `counterpart` says what the cluster has already, and `yaml` writes what to put in the place of a key.

mod claims;
mod counterpart;
mod yaml;

pub use claims::Place;

use super::system::System;
use crate::compare::{cases, written};
use crate::facts::{Facts, KubeHost, Pair, Service};
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::{self, Way};
use crate::model::kubernetes::{Body, Object, WorkloadKind};
use crate::report::{Crossing, Fate, Role};
use claims::Claims;
use rustc_hash::{FxHashMap, FxHashSet};
use yaml::{Context, Names, dns_label};

/// What the rows of all systems share, looked up once.
#[derive(Debug)]
pub struct Shared<'f> {
    claims: Claims<'f>,
    /// The Ingresses and other routes that lead to a Kubernetes Service, by its index.
    routes: FxHashMap<usize, Vec<&'f Object>>,
}

impl<'f> Shared<'f> {
    pub fn of(facts: &Facts<'f>) -> Shared<'f> {
        Shared { claims: Claims::of_all(facts), routes: routes(facts) }
    }
}

fn routes<'f>(facts: &Facts<'f>) -> FxHashMap<usize, Vec<&'f Object>> {
    let mut all: FxHashMap<usize, Vec<&'f Object>> = FxHashMap::default();
    for object in facts.objects().iter().copied() {
        let Body::Routes(routes) = &object.body else { continue };
        for backend in &routes.backends {
            let namespace = backend.namespace.as_ref().map_or(object.namespace(), |it| it.as_str());
            let meant = facts.kube_host(object.file, namespace, &backend.service);
            let KubeHost::Service(service) = meant else { continue };
            let known = all.entry(service.index).or_default();
            if !known.iter().any(|it| std::ptr::eq(*it, object)) {
                known.push(object);
            }
        }
    }
    all
}

/// Returns the fate of every written key of some services.
pub fn table<'f>(
    facts: &Facts<'f>,
    services: &[&Service<'f>],
    shared: &Shared<'f>,
) -> Vec<Crossing> {
    services.iter().flat_map(|service| crossings(facts, service, shared)).collect()
}

/// Returns the services that count. Where none does, those for development cross, to what production runs on: of
/// several with one name, the first in the order of the files.
pub fn services<'f>(system: &System<'f>) -> Vec<&'f Service<'f>> {
    let mut services = system.counted.services.clone();
    if services.is_empty() {
        let key =
            |it: &Service<'_>| (system.facts.part_of(it.model.name.span.file), it.name.to_owned());
        let mut known: FxHashSet<(usize, String)> = FxHashSet::default();
        let development = system.services.iter().filter(|it| it.role == Role::Development);
        services.extend(development.filter(|it| known.insert(key(it))));
        services.sort_by_key(|it| it.index);
    }
    services
}

/// Returns one row for each key of a service, and for each kind of value that has a fate of its own.
fn crossings<'f>(facts: &Facts<'f>, service: &Service<'f>, shared: &Shared<'f>) -> Vec<Crossing> {
    let pair = Pair::of(facts, service.index);
    let names = names(facts, service, pair.as_ref());
    let kind = kind(facts, service, pair.as_ref());
    let context = Context { facts, service, names, kind, shared };
    let mut rows = Vec::new();
    for written in written::keys(service.model) {
        // A key that Compose does not know is a finding already.
        let Some(key) = Key::from_name(&written.key) else { continue };
        for case in cases::of(facts, service, key) {
            let Some(row) = compose_keys::row(key, case) else { continue };
            let has = pair.as_ref().map(|pair| counterpart::words(pair, shared, key, case));
            let stands_in =
                pair.as_ref().is_some_and(|pair| counterpart::stands_in(pair, shared, key, case));
            rows.push(Crossing {
                service: service.model.name.value.clone(),
                key: written.key.clone(),
                fate: match row.way {
                    _ if stands_in => Fate::Changed,
                    _ if pair.as_ref().is_some_and(|it| counterpart::lacks(it, key)) => Fate::Lost,
                    way => fate(way),
                },
                instead: row.instead.to_owned(),
                counterpart: has.unwrap_or_default(),
                yaml: yaml::fragment(&context, key, case),
                kompose: row.kompose,
                bridge: row.bridge,
                span: Some(written.span),
            });
        }
    }
    rows
}

fn fate(way: Way) -> Fate {
    match way {
        Way::Carried => Fate::Carried,
        Way::Changed => Fate::Changed,
        Way::Lost => Fate::Lost,
    }
}

/// Returns the kind of the counterpart, or else the kind that `deploy.mode` and the life of the service ask for.
fn kind(facts: &Facts<'_>, service: &Service<'_>, pair: Option<&Pair<'_, '_>>) -> WorkloadKind {
    if let Some(pair) = pair {
        return pair.workload.kind();
    }
    let mode = service.model.deploy.as_deref().and_then(|it| it.mode.as_ref());
    match mode.map(|it| it.as_str()) {
        Some("global") => WorkloadKind::DaemonSet,
        _ if facts.is_one_shot(service) => WorkloadKind::Job,
        _ => WorkloadKind::Deployment,
    }
}

/// Returns the names that the counterpart has, or else names made from that of the service.
fn names(facts: &Facts<'_>, service: &Service<'_>, pair: Option<&Pair<'_, '_>>) -> Names {
    let own = dns_label(service.name);
    let labels = vec![("app".to_owned(), own.clone())];
    let Some(pair) = pair else {
        return Names { workload: own.clone(), container: own.clone(), service: own, labels };
    };
    let named = |name: &str| if name.is_empty() { own.clone() } else { name.to_owned() };
    let selector = pair.workload.model.selector.iter().flat_map(|it| &it.match_labels);
    let selected: Vec<(String, String)> =
        selector.map(|(key, value)| (key.to_string(), value.to_string())).collect();
    let services = facts.services_for(pair.workload);
    Names {
        workload: named(pair.workload.name),
        container: named(pair.container.name.as_ref().map_or("", |it| it.as_str())),
        service: named(services.first().map_or("", |it| it.name)),
        labels: if selected.is_empty() { labels } else { selected },
    }
}

#[cfg(test)]
mod tests;
