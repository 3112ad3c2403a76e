//! Which volumes hold data, and which of them a backup copies.

use super::super::system::System;
use super::View;
use super::tally::{Subject, Tally, Words};
use crate::facts::{Backing, Mounted, Service, Var, is_below, is_engine_socket};
use crate::knowledge::env::file_database;
use crate::knowledge::families::Class;
use crate::knowledge::net;
use crate::knowledge::upkeep::{Topic, words};
use indexmap::{IndexMap, IndexSet};
use rustc_hash::FxHashSet;

/// A volume of a project, or a folder of the host in the place of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Volume<'f> {
    /// `None` for a path from the root of the host, which is the same for every project on it.
    project: Option<usize>,
    name: &'f str,
}

impl<'f> Volume<'f> {
    fn new(project: usize, name: &'f str) -> Volume<'f> {
        Volume { project: Some(project).filter(|_| !name.starts_with('/')), name }
    }

    fn trimmed(self) -> Volume<'f> {
        Volume { name: self.name.trim_end_matches('/'), ..self }
    }

    /// Returns the places whose copy has this one in it: itself, and for a folder those above it.
    fn held_by(self) -> impl Iterator<Item = Volume<'f>> {
        let whole = self.trimmed().name;
        let is_path = self.name.starts_with(['/', '.', '~']);
        let above = whole.match_indices('/').filter(move |_| is_path).map(move |it| &whole[..it.0]);
        above.chain([whole]).map(move |name| Volume { name, ..self })
    }
}

/// A volume with data, and the first service that keeps it there.
struct Data<'s, 'f> {
    service: &'s Service<'f>,
    volume: Volume<'f>,
    is_copied: bool,
}

pub fn look(view: &View<'_, '_>) -> Tally {
    let data = data(view.system);
    if data.is_empty() {
        return Tally::NothingToSee(without_data(view.system));
    }
    let words = Words { noun: ["volume", "volumes"], does: ["is copied", "are copied"] };
    let copier = view.system.counted.services.iter().find(|it| it.is_backup());
    match copier {
        Some(copier) if data.iter().all(|it| !it.is_copied) => Tally::Hidden(
            format!("these files do not show what `{}` copies", copier.name),
            "Look at the configuration of the backup, and restore one backup to test it.",
        ),
        _ => {
            let tally = Tally::count(
                words,
                data.iter().map(|it| {
                    let subject =
                        Subject { name: it.volume.name.to_owned(), span: it.service.span() };
                    (subject, it.is_copied)
                }),
            );
            match stays_here(view.system) {
                Some(place) if tally.missing().is_empty() => Tally::Hidden(
                    format!("{}, and the copy stays on this server, in `{place}`", tally.says()),
                    "Copy the backups to another machine: what takes the server takes them too.",
                ),
                _ => tally,
            }
        }
    }
}

/// Words in the variables and commands of backups that copy to another machine.
///
/// Sources: <https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html>,
/// <https://offen.github.io/docker-volume-backup/reference/>, <https://rclone.org/overview/>
const TO_ANOTHER_MACHINE: [&str; 20] = [
    "aws", "azure", "b2", "borg", "dropbox", "ftp", "gcs", "glacier", "gsutil", "mc", "nfs",
    "rclone", "remote", "restic", "rsync", "s3", "scp", "sftp", "ssh", "webdav",
];

/// Returns the place where the backups write their copies, where it lies on the server itself and nothing says that they
/// are taken to another machine.
fn stays_here<'f>(system: &System<'f>) -> Option<&'f str> {
    let copiers = || system.counted.services.iter().filter(|it| it.is_backup());
    let is_remote = |text: &str| {
        words(text).iter().any(|it| TO_ANOTHER_MACHINE.contains(&it.as_str()))
            || text.contains("://")
    };
    let leaves = |service: &Service<'_>| {
        let unit = &service.unit;
        let mut values = unit.env.iter().filter_map(|it| it.value);
        unit.env.iter().any(|it| is_remote(it.name))
            || values.any(|it| it.contains("://") && !names_sibling(system, service, it))
            || is_remote(&unit.start.joined())
            || unit.image.as_ref().is_some_and(|it| is_remote(&it.repository))
            || !service.model.env_files.is_empty()
    };
    if copiers().any(|it| leaves(it)) {
        return None;
    }
    let written =
        copiers().flat_map(|it| system.facts.mounted(&it.unit)).filter(|it| !it.read_only);
    let mut places = written.filter_map(|it| match it.backing {
        // Another disk or a share may be mounted there.
        Backing::Host(path) if !path.starts_with("/mnt/") && !path.starts_with("/media/") => {
            Some(path.as_str())
        }
        _ => None,
    });
    places.find(|it| !is_engine_socket(it))
}

/// Whether a value is the address of another service of the project, as that of the database is.
fn names_sibling(system: &System<'_>, service: &Service<'_>, value: &str) -> bool {
    let hosts = net::endpoints_of("", value);
    !hosts.is_empty()
        && hosts.iter().all(|it| system.facts.compose_host(service, it.host).is_some())
}

/// Says why there is nothing to copy, and names the volumes that are filled again by themselves.
fn without_data(system: &System<'_>) -> String {
    let services = system.counted.services.iter().filter(|it| it.starts_by_itself());
    let mut contents: IndexMap<&str, IndexSet<&str>> = IndexMap::new();
    for service in services {
        for mount in system.facts.mounted(&service.unit) {
            if let Backing::Volume(name) = mount.backing
                && !mount.read_only
            {
                contents.entry(name.as_str()).or_default().extend(renewed(service));
            }
        }
    }
    let words = contents.iter().map(|(name, contents)| {
        let contents: Vec<&str> = contents.iter().copied().collect();
        match &contents[..] {
            [] => format!("`{name}`"),
            all => format!("`{name}` ({})", all.join(", ")),
        }
    });
    let mut words: Vec<String> = words.collect();
    if words.len() > MAX_NAMES {
        let more = words.len() - MAX_NAMES;
        words.truncate(MAX_NAMES);
        words.push(format!("{more} more"));
    }
    match &words[..] {
        [] => "no service keeps data on this server".to_owned(),
        [only] => format!("the only volume is {only}, which is counted as renewable"),
        [all @ .., last] => {
            format!(
                "the only volumes are {} and {last}, which are counted as renewable",
                all.join(", ")
            )
        }
    }
}

/// Maximum number of volumes in the words on what is renewable.
const MAX_NAMES: usize = 4;

/// Returns what a service keeps that comes again by itself: certificates are obtained again, a cache is filled
/// again, and measurements go on.
fn renewed(service: &Service<'_>) -> Option<&'static str> {
    const CONTENTS: [(&[Class], &str); 3] = [
        (&[Class::Proxy, Class::WebServer, Class::Tunnel], "certificates"),
        (&[Class::Cache], "a cache"),
        (&[Class::Monitoring], "metrics"),
    ];
    let class = service.unit.family()?.class;
    if class == Class::Cache && service.unit.stored().is_some() {
        return None;
    }
    CONTENTS.iter().find(|it| it.0.contains(&class)).map(|it| it.1)
}

/// Returns the first volume with data that nothing copies: the service that keeps it there, and its name. Data
/// stores come before what other services keep.
pub fn first_missing<'s, 'f>(system: &'s System<'f>) -> Option<(&'s Service<'f>, &'f str)> {
    let missing = data(system).into_iter().filter(|it| !it.is_copied);
    let first = missing.min_by_key(rank)?;
    Some((first.service, first.volume.name))
}

/// Returns the first volume with data, whether it is copied or not: the service that keeps it there, and its name.
pub fn first<'s, 'f>(system: &'s System<'f>) -> Option<(&'s Service<'f>, &'f str)> {
    let first = data(system).into_iter().min_by_key(rank)?;
    Some((first.service, first.volume.name))
}

/// Returns the position of a volume among those to copy: data stores, then the file of a database that a variable
/// chooses, then what other services keep.
fn rank(data: &Data<'_, '_>) -> u8 {
    let unit = &data.service.unit;
    let is_database = ["data", "db", "sql"].iter().any(|word| data.volume.name.contains(word));
    let chooses_file =
        |it: &Var<'_>| it.value.is_some_and(|value| file_database(it.name, value).is_some());
    match unit.stored() {
        Some(_) => 0,
        None if is_database && unit.env.iter().any(chooses_file) => 1,
        None => 2,
    }
}

/// Returns every volume with data, in the order of the services.
fn data<'s, 'f>(system: &'s System<'f>) -> Vec<Data<'s, 'f>> {
    let services = &system.counted.services;
    let (copiers, others): (Vec<_>, Vec<_>) =
        services.iter().copied().partition(|it| it.is_backup());
    let copied = copied(system, &copiers, &others);
    let mut known = FxHashSet::default();
    let mut data = Vec::new();
    for service in others.into_iter().filter(|it| it.starts_by_itself()) {
        for volume in data_of(system, service) {
            if known.insert(volume) {
                let is_copied = volume.held_by().any(|it| copied.contains(&it));
                data.push(Data { service, volume, is_copied });
            }
        }
    }
    data
}

/// Returns the volumes that hold data of a service: every named one, and folders of the host where a data
/// store keeps its data. What can be made again, such as a cache, is no data.
fn data_of<'f>(system: &System<'f>, service: &Service<'f>) -> Vec<Volume<'f>> {
    let mounted = system.facts.mounted(&service.unit);
    let lasting = mounted.iter().filter(|it| !it.read_only && !can_be_made_again(it));
    if renewed(service).is_some() {
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
    lasting.filter_map(name).map(|name| Volume::new(project, name)).collect()
}

fn can_be_made_again(mount: &Mounted<'_>) -> bool {
    let name = match mount.backing {
        Backing::Volume(name) => name.as_str(),
        _ => "",
    };
    let last = mount.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    [name, last].into_iter().any(|text| Topic::MadeAgain.is_in(&words(text)))
}

/// Returns the volumes that the backups copy: those that they mount, and those of the services that they name,
/// wait for or mount the volumes of.
fn copied<'f>(
    system: &System<'f>,
    copiers: &[&Service<'f>],
    others: &[&Service<'f>],
) -> FxHashSet<Volume<'f>> {
    let facts = system.facts;
    let mut copied = FxHashSet::default();
    for copier in copiers {
        let project = copier.project_index;
        for mount in facts.mounted(&copier.unit) {
            match mount.backing {
                Backing::Host(path) if path.as_str() == "/var/lib/docker/volumes" => {
                    let all = others.iter().filter(|it| it.project_index == project);
                    copied.extend(all.flat_map(|it| data_of(system, it)).map(Volume::trimmed));
                }
                Backing::Volume(name) | Backing::Host(name) => {
                    copied.insert(Volume::new(project, name).trimmed());
                }
                _ => {}
            }
        }
        let dialled = facts.peers(&copier.unit).iter();
        let dialled = dialled.filter_map(|peer| facts.compose_host(copier, peer.host));
        // A dump needs nothing but the host, as in `POSTGRES_HOST: db`.
        let values = copier.unit.env.iter().filter_map(|it| it.value);
        let waits = copier.model.depends_on.iter().map(|it| it.service.as_str());
        let named = values.chain(waits).filter_map(|name| facts.compose_host(copier, name));
        let shared = copier.model.volumes_from.iter().filter_map(|from| {
            let name = from.as_str().split(':').next().unwrap_or_default();
            facts.compose_host(copier, name)
        });
        for service in dialled.chain(named).chain(shared) {
            copied.extend(data_of(system, service).into_iter().map(Volume::trimmed));
        }
    }
    copied
}
