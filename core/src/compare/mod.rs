//! Compose services against their counterparts in the cluster: same, drifted or lost.
//!
//! Only what the Compose service writes is compared. What only the cluster has is no drift: probes,
//! requests and security contexts belong there.

pub mod aspects;
pub mod cases;
mod question;
pub mod written;

use crate::facts::{Facts, Pair, Part, Service, Unit, Workload, of_release, workload_label};
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::{self, Way};
use crate::report::{ClusterOnly, Comparison, ConverterNote, Match, Role, ServicePair};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

/// Compares every Compose service with its counterpart.
pub fn compare(facts: &Facts<'_>) -> Comparison {
    let seen = Seen::of(facts);
    let services = services(facts).into_iter();
    let services = services.map(|service| pair(facts, &seen, service)).collect();
    let mut only_in_cluster = Vec::new();
    // Without a Compose side there is nothing to compare with.
    let workloads = if facts.services().is_empty() { &[][..] } else { facts.workloads() };
    let identity =
        |it: &Workload<'_>| (facts.part_of(it.object.file), of_release(it.name).to_owned());
    let paired = facts.counterparts().iter().map(|it| identity(&facts.workloads()[it.workload]));
    let paired: FxHashSet<(usize, String)> = paired.collect();
    let all = facts.services().iter();
    let candidates: FxHashSet<usize> =
        all.flat_map(|it| facts.candidates_for(it.index)).map(|it| it.index).collect();
    for workload in workloads.iter().filter(|it| !candidates.contains(&it.index)) {
        for (at, unit) in workload.units.iter().enumerate() {
            let matched = facts.counterpart_of_container(workload.index, at).is_some();
            let is_other_form = !pairs_any(facts, workload) && paired.contains(&identity(workload));
            if unit.part == Part::Main && !matched && !is_other_form {
                let main = workload.units.iter().filter(|it| it.part == Part::Main).count();
                let label = workload_label(workload);
                let label = match main {
                    1 => label,
                    _ => format!("container `{}` of {label}", unit.name.value),
                };
                only_in_cluster.push(ClusterOnly { label, span: workload.container(at).span() });
            }
        }
    }
    Comparison { services, only_in_cluster, has_cluster: !facts.workloads().is_empty() }
}

/// Whether a container of a workload has a counterpart.
fn pairs_any(facts: &Facts<'_>, workload: &Workload<'_>) -> bool {
    let mut units = 0..workload.units.len();
    units.any(|at| facts.counterpart_of_container(workload.index, at).is_some())
}

/// Returns the services to compare: of several with one name in one part of the project the one with a
/// counterpart, or else the one that is nearest to production.
fn services<'c, 'f>(facts: &'c Facts<'f>) -> Vec<&'c Service<'f>> {
    let rank = |it: &&Service<'f>| {
        let role = match it.role {
            Role::Production => 0,
            Role::Unknown => 1,
            Role::Development => 2,
        };
        (facts.counterpart_of(it.index).is_none(), role, it.index)
    };
    let mut all: Vec<&Service<'f>> = facts.services().iter().collect();
    all.sort_by_key(rank);
    let mut known: FxHashSet<(usize, &str)> = FxHashSet::default();
    all.retain(|it| known.insert((facts.part_of(it.model.name.span.file), it.name)));
    all.sort_by_key(|it| it.index);
    all
}

fn pair(facts: &Facts<'_>, seen: &Seen<'_>, service: &Service<'_>) -> ServicePair {
    let pair = Pair::of(facts, service.index);
    let compared = pair.as_ref().map(aspects::all).unwrap_or_default();
    ServicePair {
        service: SmolStr::new(service.name),
        span: service.span(),
        files: service.project.files.clone(),
        counterpart: pair.as_ref().map(|it| Match {
            label: it.label(),
            by: facts.matched_by(&it.found),
            span: it.span(),
        }),
        candidates: candidates(facts, service),
        resembles: pair.is_none() && seen.resembles(service),
        compared,
        converters: notes(facts, service),
    }
}

/// The names and images of everything in the cluster.
struct Seen<'f> {
    /// Names of workloads and of their containers.
    names: FxHashSet<&'f str>,
    images: FxHashSet<&'f str>,
}

impl<'f> Seen<'f> {
    fn of(facts: &'f Facts<'_>) -> Seen<'f> {
        let workloads = facts.workloads().iter();
        let units = workloads.clone().flat_map(|it| &it.units);
        let names = workloads.map(|it| of_release(it.name));
        Seen {
            names: names.chain(units.clone().map(|it| it.name.as_str())).collect(),
            images: units.filter_map(image).collect(),
        }
    }

    /// Whether any container has the image or the name of a service.
    fn resembles(&self, service: &Service<'_>) -> bool {
        self.names.contains(service.name)
            || image(&service.unit).is_some_and(|it| self.images.contains(it))
    }
}

/// Returns the image of a container without its registry and its tag.
fn image<'u>(unit: &'u Unit<'_>) -> Option<&'u str> {
    unit.image.as_ref().map(|it| it.path_without_registry())
}

/// Returns the labels of the workloads each of which may be the counterpart of a service, once each.
fn candidates(facts: &Facts<'_>, service: &Service<'_>) -> Vec<String> {
    let mut labels: Vec<String> = facts.candidates_for(service.index).map(workload_label).collect();
    labels.dedup();
    labels
}

/// Returns what converters make of the keys of a service that do not cross as they are, where that is
/// documented.
fn notes(facts: &Facts<'_>, service: &Service<'_>) -> Vec<ConverterNote> {
    let mut notes = Vec::new();
    for written in written::keys(service.model) {
        let Some(key) = Key::from_name(&written.key) else { continue };
        for case in cases::of(facts, service, key) {
            let Some(row) = compose_keys::row(key, case) else { continue };
            let is_documented = row.kompose.is_some() || row.bridge.is_some();
            if row.way != Way::Carried && is_documented {
                notes.push(ConverterNote {
                    key: written.key.clone(),
                    span: written.span,
                    kompose: row.kompose,
                    bridge: row.bridge,
                    see: row.see,
                });
            }
        }
    }
    notes.dedup_by(|a, b| (&a.key, a.kompose, a.bridge) == (&b.key, b.kompose, b.bridge));
    notes
}

#[cfg(test)]
mod tests;
