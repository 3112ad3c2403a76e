//! Which volumes hold data, and which of them a backup copies.

use super::View;
use super::tally::{Tally, Words};
use crate::facts::{Backing, Mounted, Service, is_below};
use crate::knowledge::families::Class;
use rustc_hash::FxHashSet;

/// A volume of a project, or a folder of the host in the place of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Volume<'f> {
    project: usize,
    name: &'f str,
}

pub fn look(view: &View<'_, '_>) -> Tally {
    let system = view.system;
    let services = &system.counted.services;
    let (copiers, others): (Vec<_>, Vec<_>) =
        services.iter().copied().partition(|it| it.is_backup());
    let mut known = FxHashSet::default();
    let mut volumes: Vec<Volume<'_>> = Vec::new();
    for service in others.iter().filter(|it| !it.has_profile()) {
        let data = data_of(view, service).into_iter();
        volumes.extend(data.filter(|it| known.insert(*it)));
    }
    if volumes.is_empty() {
        return Tally::NothingToSee("no service keeps data on this server".to_owned());
    }
    let copied = copied(view, &copiers, &others);
    let words = Words { noun: ["volume", "volumes"], does: ["is copied", "are copied"] };
    match copiers.first() {
        Some(copier) if copied.is_empty() => Tally::Hidden(
            format!("these files do not show what `{}` copies", copier.name),
            "Look at the configuration of the backup, and restore one backup to test it.",
        ),
        _ => {
            let counted = volumes.iter().map(|it| (it.name.to_owned(), copied.contains(it)));
            Tally::count(words, counted)
        }
    }
}

/// Returns the volumes that hold data of a service: every named one, and folders of the host where a data
/// store keeps its data. What can be made again, such as a cache, is no data.
fn data_of<'f>(view: &View<'_, 'f>, service: &Service<'f>) -> Vec<Volume<'f>> {
    let mounted = view.system.facts.mounted(&service.unit);
    let lasting = mounted.iter().filter(|it| !it.read_only && !can_be_made_again(it));
    // Certificates are obtained again, and a cache is filled again.
    let class = service.unit.family().map(|it| it.class);
    if matches!(class, Some(Class::Proxy | Class::WebServer | Class::Tunnel | Class::Cache)) {
        return Vec::new();
    }
    let dirs = match (service.unit.stored(), &service.unit.runs) {
        (Some(family), Some(image)) => family.data_dirs(&image.repository, image.major),
        _ => Vec::new(),
    };
    let is_store =
        |mount: &Mounted<'_>| dirs.iter().any(|dir| mount.covers(dir) || is_below(mount.path, dir));
    let name = |mount: &Mounted<'f>| match mount.backing {
        Backing::Volume(name) => Some(name.as_str()),
        Backing::Host(path) if is_store(mount) => Some(path.as_str()),
        _ => None,
    };
    let project = service.project_index;
    lasting.filter_map(name).map(|name| Volume { project, name }).collect()
}

/// Words of volumes and paths whose content can be made again.
const MADE_AGAIN: &[&str] =
    &["cache", "caches", "tmp", "temp", "node", "modules", "venv", "logs", "log", "sock", "run"];

fn can_be_made_again(mount: &Mounted<'_>) -> bool {
    let name = match mount.backing {
        Backing::Volume(name) => name.as_str(),
        _ => "",
    };
    let last = mount.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    [name, last].into_iter().any(|text| {
        let mut words = text.split(|it: char| !it.is_ascii_alphanumeric());
        words.any(|word| MADE_AGAIN.contains(&word.to_ascii_lowercase().as_str()))
    })
}

/// Returns the volumes that the backups copy: those that they mount, those of the services that they dial or
/// mount the volumes of, and those of services that back up themselves.
fn copied<'f>(
    view: &View<'_, 'f>,
    copiers: &[&Service<'f>],
    others: &[&Service<'f>],
) -> FxHashSet<Volume<'f>> {
    let facts = view.system.facts;
    let mut copied = FxHashSet::default();
    for copier in copiers {
        let project = copier.project_index;
        for mount in facts.mounted(&copier.unit) {
            match mount.backing {
                Backing::Volume(name) => {
                    copied.insert(Volume { project, name: name.as_str() });
                }
                Backing::Host(path) if path.as_str() == "/var/lib/docker/volumes" => {
                    let all = others.iter().filter(|it| it.project_index == project);
                    copied.extend(all.flat_map(|it| data_of(view, it)));
                }
                Backing::Host(path) => {
                    copied.insert(Volume { project, name: path.as_str() });
                }
                _ => {}
            }
        }
        let dialled = facts.peers(&copier.unit).iter();
        let dialled = dialled.filter_map(|peer| facts.compose_host(copier, peer.host));
        let shared = copier.model.volumes_from.iter().filter_map(|from| {
            let name = from.as_str().split(':').next().unwrap_or_default();
            facts.compose_host(copier, name)
        });
        for service in dialled.chain(shared) {
            copied.extend(data_of(view, service));
        }
    }
    copied
}
