//! What services need beside their workloads: what the cluster lacks of it, and what is to be written with them.

use super::super::system::System;
use crate::facts::{Brought, Pair, Service};
use crate::model::compose::{Mount, MountKind};
use rustc_hash::FxHashSet;

/// Numbers of objects that services mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mounts {
    pub claims: usize,
    pub configs: usize,
}

/// What a mount becomes in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Claim,
    ConfigMap,
    /// Nothing that is written: it is in the image, in memory or on the node.
    Nothing,
}

fn becomes(system: &System<'_>, service: &Service<'_>, mount: &Mount) -> Becomes {
    match mount.kind {
        MountKind::Volume | MountKind::Cluster => Becomes::Claim,
        MountKind::Bind => match system.facts.brought_by(service, mount) {
            Brought::Data => Becomes::Claim,
            Brought::Configuration => Becomes::ConfigMap,
            Brought::Code | Brought::Host => Becomes::Nothing,
        },
        MountKind::Anonymous | MountKind::Tmpfs | MountKind::Image | MountKind::Npipe => {
            Becomes::Nothing
        }
    }
}

/// Counts the mounts of some services that `wanted` accepts: one claim for each source, one ConfigMap for each service.
fn count(
    system: &System<'_>,
    services: &[&Service<'_>],
    wanted: impl Fn(&Service<'_>, &Mount) -> bool,
) -> Mounts {
    let mut claims = FxHashSet::default();
    let mut configs = FxHashSet::default();
    for service in services {
        for mount in service.model.volumes.iter().filter(|it| wanted(service, it)) {
            let Some(source) = &mount.source else { continue };
            match becomes(system, service, mount) {
                Becomes::Claim => {
                    claims.insert((service.project_index, source.as_str()));
                }
                Becomes::ConfigMap => {
                    configs.insert(service.index);
                }
                Becomes::Nothing => {}
            }
        }
    }
    Mounts { claims: claims.len(), configs: configs.len() }
}

/// Returns what services that the cluster does not run mount.
pub fn mounts_to_write(system: &System<'_>, services: &[&Service<'_>]) -> Mounts {
    count(system, services, |_, _| true)
}

/// Returns what the counterparts of the counted services do not mount.
pub fn mounts_lacking(system: &System<'_>) -> Mounts {
    count(system, &system.counted.services, |service, mount| {
        let pair = Pair::of(system.facts, service.index);
        pair.is_some_and(|it| it.backing(&mount.target).is_none())
    })
}

/// Returns the number of secrets that services are given.
pub fn secrets(services: &[&Service<'_>]) -> usize {
    let given = services.iter().flat_map(|service| {
        let secrets = service.model.secrets.iter();
        secrets.map(|it| (service.project_index, it.source.as_str()))
    });
    given.collect::<FxHashSet<_>>().len()
}
