//! What services need beside their workloads: what the cluster lacks of it, and what is to be written with them.

use super::super::crossing::Place;
use super::super::system::System;
use crate::compare::cases::of_mount;
use crate::facts::{Backing, Pair, Service};
use crate::knowledge::compose_keys::Case;
use rustc_hash::FxHashSet;

/// Numbers of objects that services mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mounts {
    pub claims: usize,
    pub configs: usize,
}

/// Returns what is to be written for the mounts of services that the cluster does not run, and for what the counterparts
/// of the counted services do not mount: one claim for each place, one ConfigMap for each service. What one service
/// lacks and another one is written with is the same claim, and one that any counterpart mounts is there already.
pub fn mounts_to_write(system: &System<'_>, services: &[&Service<'_>]) -> Mounts {
    let facts = system.facts;
    let written: FxHashSet<usize> = services.iter().map(|it| it.index).collect();
    let mut claims = FxHashSet::default();
    let mut claimed = FxHashSet::default();
    let mut configs = FxHashSet::default();
    let others = system.counted.services.iter().filter(|it| !written.contains(&it.index));
    for service in services.iter().chain(others) {
        let pair = Pair::of(facts, service.index);
        let is_written = written.contains(&service.index);
        for mount in &service.model.volumes {
            let backing = pair.as_ref().and_then(|it| it.backing(&mount.target));
            let is_lacking = backing.is_none() && (is_written || pair.is_some());
            if let Some(place) = Place::of(facts, service, mount) {
                let place = (service.project_index, place);
                if matches!(backing, Some(Backing::Claim(..) | Backing::ClaimTemplate(_))) {
                    claimed.insert(place);
                } else if is_lacking {
                    claims.insert(place);
                }
            } else if is_lacking && of_mount(facts, service, mount) == Case::Configuration {
                configs.insert(service.index);
            }
        }
    }
    Mounts { claims: claims.difference(&claimed).count(), configs: configs.len() }
}

/// Returns the number of secrets that services are given.
pub fn secrets(services: &[&Service<'_>]) -> usize {
    let given = services.iter().flat_map(|service| {
        let secrets = service.model.secrets.iter();
        secrets.map(|it| (service.project_index, it.source.as_str()))
    });
    given.collect::<FxHashSet<_>>().len()
}

/// Returns the counted services whose counterpart has no Kubernetes Service, so that nobody reaches it.
pub fn has_no_service<'s, 'f>(
    system: &'s System<'f>,
) -> impl Iterator<Item = &'s &'s Service<'f>> + use<'s, 'f> {
    let facts = system.facts;
    let lacks = move |it: &&&'s Service<'f>| {
        let runs = facts.counterpart_of(it.index).is_some();
        runs && !facts.is_one_shot(it) && facts.cluster_services(it).is_empty()
    };
    system.counted.services.iter().filter(lacks)
}
