//! Which volumes hold data, and which of them a backup copies.

use super::super::system::System;
use super::View;
use super::tally::{MAX_NAMES, Subject, Tally, Words};
use crate::facts::{Backing, Brought, Mounted, Service, Var, is_below, is_engine_socket};
use crate::knowledge::env::file_database;
use crate::knowledge::families::Class;
use crate::knowledge::net;
use crate::knowledge::upkeep::{Topic, words};
use crate::model::compose::Mount;
use crate::report::phrases::first_of;
use crate::text::{Span, join_path};
use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxHashMap, FxHashSet};

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
/// Sources: <https://offen.github.io/docker-volume-backup/reference/>, <https://rclone.org/overview/>
const TO_ANOTHER_MACHINE: [&str; 17] = [
    "aws", "azure", "b2", "dropbox", "ftp", "gcs", "glacier", "gsutil", "mc", "nfs", "remote",
    "rsync", "s3", "scp", "sftp", "ssh", "webdav",
];

/// Tools that copy to a repository, which may be a folder of this server as well as another machine.
///
/// Sources: <https://restic.readthedocs.io/en/stable/030_preparing_a_new_repo.html>,
/// <https://borgbackup.readthedocs.io/en/stable/usage/general.html#repository-urls>,
/// <https://rclone.org/docs/#syntax-of-remote-paths>
const REPOSITORY_TOOLS: [&str; 3] = ["borg", "rclone", "restic"];

/// Words in the name of a variable that names a repository: `RESTIC_REPOSITORY`, `BORG_REPO`.
const REPOSITORY_WORDS: [&str; 6] =
    ["dest", "destination", "remote", "repo", "repository", "target"];

/// Words of an address that hears of a backup and receives no copy: <https://healthchecks.io/docs/>,
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/>.
const NOTICES: [&str; 17] = [
    "alert",
    "alerts",
    "discord",
    "gotify",
    "hc",
    "healthcheck",
    "healthchecks",
    "heartbeat",
    "hook",
    "hooks",
    "notification",
    "notifications",
    "notify",
    "ntfy",
    "ping",
    "slack",
    "webhook",
];

/// Folders of the host that describe it and hold no copies.
const OF_THE_SYSTEM: [&str; 6] = ["/etc", "/proc", "/sys", "/dev", "/run", "/var/run"];

fn has_word(text: &str, wanted: &[&str]) -> bool {
    words(text).iter().any(|it| wanted.contains(&it.as_str()))
}

/// Whether a text is an address that a copy may go to, and not one that only hears of it.
fn is_address(text: &str) -> bool {
    text.contains("://") && !has_word(text, &NOTICES)
}

/// Whether a variable names a repository of restic, Borg or rclone, and with it the place of the copies.
fn names_repository(name: &str) -> bool {
    has_word(name, &REPOSITORY_TOOLS) && has_word(name, &REPOSITORY_WORDS)
}

/// Whether something says that a service takes its copies to another machine. What stands in an env file is not read
/// here, and may say so too.
fn leaves(system: &System<'_>, service: &Service<'_>) -> bool {
    let unit = &service.unit;
    let by_variable = |var: &Var<'_>| {
        if names_repository(var.name) {
            // `RESTIC_REPOSITORY_FILE` is the path of a file that says where the copies go.
            let is_path = |it: &str| it.starts_with('/') && !has_word(var.name, &["file"]);
            return !var.value.is_some_and(is_path);
        }
        let is_notice = has_word(var.name, &NOTICES);
        let goes_to = |it: &str| is_address(it) && !names_sibling(system, service, it);
        has_word(var.name, &TO_ANOTHER_MACHINE) || !is_notice && var.value.is_some_and(goes_to)
    };
    let command = unit.start.joined();
    let uses_tool = has_word(&command, &REPOSITORY_TOOLS)
        || unit.image.as_ref().is_some_and(|it| has_word(&it.repository, &REPOSITORY_TOOLS));
    // `backup:photos` is a folder of a remote, and `/data` one of the container.
    let by_word = |word: &str| {
        let is_remote = uses_tool && word.contains(':') && !word.starts_with('/');
        is_address(word)
            || !word.contains("://") && (is_remote || has_word(word, &TO_ANOTHER_MACHINE))
    };
    unit.env.iter().any(by_variable)
        || command.split_whitespace().any(by_word)
        || unit.image.as_ref().is_some_and(|it| has_word(&it.repository, &TO_ANOTHER_MACHINE))
        || !service.model.env_files.is_empty()
}

/// Returns the place where the backups write their copies, where it lies on the server itself and nothing says that they
/// are taken to another machine.
fn stays_here<'f>(system: &System<'f>) -> Option<&'f str> {
    let copiers = || system.counted.services.iter().filter(|it| it.is_backup());
    if copiers().any(|it| leaves(system, it)) {
        return None;
    }
    let data = data(system);
    let copied: FxHashSet<Volume<'_>> = data.iter().flat_map(|it| it.volume.held_by()).collect();
    let mut written = copiers().flat_map(|copier| {
        let mounts = system.facts.mounted(&copier.unit).into_iter();
        let places = mounts.filter(|it| !it.read_only && !can_be_made_again(it));
        places.filter_map(move |it| Some((copier, place_on_server(copier, &it)?)))
    });
    let is_target = |it: &(&&Service<'f>, &'f str)| {
        !copied.contains(&Volume::new(it.0.project_index, it.1).trimmed())
    };
    written.find(is_target).map(|it| it.1)
}

/// Returns the folder or the volume of the server that a mount writes to, unless another disk or a share may be behind
/// it, or it is of the system or of the configuration of a program.
fn place_on_server<'f>(service: &Service<'f>, mount: &Mounted<'f>) -> Option<&'f str> {
    let has_driver = |name: &str| {
        let mut volumes = service.project.volumes.iter().filter(|it| it.key.as_str() == name);
        volumes.any(|it| it.driver.is_some() || !it.driver_opts.is_empty() || it.external)
    };
    let is_setting = has_word(mount.path, &["conf", "config"]);
    match mount.backing {
        Backing::Volume(name) => Some(name.as_str()).filter(|it| !is_setting && !has_driver(it)),
        Backing::Host(path) => {
            let is_other_disk = path.starts_with("/mnt/") || path.starts_with("/media/");
            let is_of_system = OF_THE_SYSTEM.iter().any(|it| is_below(path, it));
            let is_used = is_other_disk || is_of_system || is_engine_socket(path) || is_setting;
            Some(path.as_str()).filter(|_| !is_used)
        }
        _ => None,
    }
}

/// Whether a value is the address of another service of the project, as that of the database is.
fn names_sibling(system: &System<'_>, service: &Service<'_>, value: &str) -> bool {
    let hosts = net::endpoints_of("", value);
    !hosts.is_empty()
        && hosts.iter().all(|it| system.facts.compose_host(service, it.host).is_some())
}

/// Says why there is nothing to copy, and names the volumes that are filled again by themselves.
fn without_data(system: &System<'_>) -> String {
    let services = system.counted.services.iter();
    let services = services.filter(|it| it.starts_by_itself() && !it.is_backup());
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
    let words: Vec<String> = words.collect();
    match &words[..] {
        [] => "no service keeps data on this server".to_owned(),
        [only] => format!("the only volume is {only}, which is counted as renewable"),
        all => format!(
            "the only volumes are {}, which are counted as renewable",
            first_of(all, MAX_NAMES)
        ),
    }
}

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

/// Returns the services that keep data on this server and are no data store: applications with what people put into
/// them.
pub fn keepers<'s, 'f>(system: &'s System<'f>) -> Vec<&'s Service<'f>> {
    let servers = system.counted.services.iter().copied();
    let applications =
        servers.filter(|it| it.starts_by_itself() && !it.is_backup() && it.unit.stored().is_none());
    applications.filter(|it| !data_of(system, it).is_empty()).collect()
}

/// Returns the volumes that hold data of a service: every named one, and folders of the host that a data store or an
/// application writes to. What can be made again, such as a cache, is no data.
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
    let models: FxHashMap<Span, &Mount> =
        service.model.volumes.iter().map(|it| (it.span, it)).collect();
    let is_written = |mount: &Mounted<'_>| {
        models.get(&mount.span).is_some_and(|it| {
            let folder = it.source.as_ref().map(|it| join_path(&service.project.folder, it));
            // The folder of the project, or one above it, is mounted for its sources.
            let is_root = |it: &str| it.split('/').all(|part| matches!(part, "" | ".."));
            let is_around =
                folder.is_none_or(|it| is_root(&it) || is_below(&service.project.folder, &it));
            !is_around && system.facts.brought_by(service, it) == Brought::Data
        })
    };
    let name = |mount: &Mounted<'f>| match mount.backing {
        Backing::Volume(name) => Some(name.as_str()),
        Backing::Host(path) if is_store(mount) || is_written(mount) => Some(path.as_str()),
        _ => None,
    };
    let project = service.project_index;
    lasting.filter_map(name).map(|name| Volume::new(project, name)).collect()
}

fn can_be_made_again<'f>(mount: &Mounted<'f>) -> bool {
    let last_of = |path: &'f str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let name = match mount.backing {
        Backing::Volume(name) => name.as_str(),
        Backing::Host(path) => last_of(path),
        _ => "",
    };
    let last = last_of(mount.path);
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
