//! The directory of a data store: where the store keeps its data, and which mounts keep that data.

use super::storage::{Backing, Mounted, is_below};
use super::{Facts, Service, Unit};
use crate::knowledge::families::{Certainty, Class, Family};
use crate::knowledge::shell::Command;
use crate::knowledge::stores::{
    DATA_DIR_VARIABLES, GRAFANA_DATABASE, LOKI_SETTINGS, NEWEST_POSTGRES, is_data_option,
    is_like_data, is_settings_path, linked_data_dirs, wrong_data_dirs,
};
use crate::knowledge::workers::is_job_worker;
use crate::text::{Span, name_of};

/// The place where a data store keeps its data.
#[derive(Debug)]
pub struct DataHome<'u> {
    /// One path, or several if the version is not known; behind these the paths in the command.
    paths: Vec<&'u str>,
    /// Paths where a volume looks right but keeps nothing: the image declares a volume of its own
    /// below, or refuses to start.
    traps: &'static [&'static str],
    /// Paths that the image links to the first one.
    links: &'static [&'static str],
    /// Whether the version is not known, or the command may move the data elsewhere.
    pub is_uncertain: bool,
    /// Whether the command names a directory for data.
    is_in_command: bool,
}

impl<'u> DataHome<'u> {
    /// Returns the path that is most likely.
    pub fn path(&self) -> &'u str {
        self.paths[0]
    }

    /// Whether the data may be at one of several paths.
    pub fn is_one_of_several(&self) -> bool {
        self.paths.len() > 1
    }

    /// Whether the start command names another path than the usual one.
    pub fn is_moved(&self) -> bool {
        self.is_in_command && !self.paths[1..].contains(&self.path())
    }

    /// Whether a volume at a path looks right but keeps nothing.
    pub fn is_trap(&self, path: &str) -> bool {
        self.traps.contains(&path.trim_end_matches('/'))
    }

    /// Whether a path is that of the data, or one above or below it.
    pub fn is_near(&self, path: &str) -> bool {
        let mut all = self.paths.iter().chain(self.links);
        all.any(|data| is_below(data, path) || is_below(path, data))
    }

    /// Whether the data lies on a mount.
    pub fn is_at(&self, mounted: &Mounted<'_>) -> bool {
        self.paths.iter().chain(self.links).any(|it| mounted.covers(it))
    }

    /// Whether a lasting mount keeps the data: at the data directory, above it or below it.
    pub fn is_kept_by(&self, mounted: &Mounted<'_>) -> bool {
        let path = mounted.path.as_str();
        let is_near = self.is_at(mounted) || self.paths.iter().any(|data| is_below(path, data));
        is_near && mounted.backing.lasts() && !self.is_trap(path)
    }

    /// Returns a lasting volume that can only be meant for the data but is mounted elsewhere.
    pub fn misplaced<'m, 'a>(
        &self,
        family: &Family,
        mounted: &'m [Mounted<'a>],
    ) -> Option<&'m Mounted<'a>> {
        let is_trap = |it: &&Mounted<'_>| it.backing.lasts() && self.is_trap(it.path);
        if let Some(trap) = mounted.iter().find(is_trap) {
            return Some(trap);
        }
        if self.is_uncertain || mounted.iter().any(|it| it.is_setting_of(family)) {
            return None;
        }
        let is_volume = |it: &&Mounted<'_>| {
            matches!(
                it.backing,
                Backing::Volume(_)
                    | Backing::Claim(..)
                    | Backing::ClaimTemplate(_)
                    | Backing::Anonymous
            )
        };
        if mounted.iter().any(|it| is_volume(&it) && self.is_at(it)) {
            return None;
        }
        // What certificates, backups and the like are mounted for is plain.
        let may_be_meant = |it: &&Mounted<'_>| is_volume(it) && is_like_data(it.path);
        let mut volumes = mounted.iter().filter(may_be_meant);
        let only = volumes.next().filter(|it| !it.read_only)?;
        volumes.next().is_none().then_some(only)
    }
}

impl Mounted<'_> {
    /// Whether a mount brings settings of a store, which may move the data. What is mounted at any other
    /// path, such as a certificate or a file for a client, does not.
    pub fn is_setting_of(&self, family: &Family) -> bool {
        let is_read_only = matches!(self.backing, Backing::Config);
        is_settings_path(self.path, family.id, is_read_only)
    }
}

impl<'a> Unit<'a> {
    /// Whether a program keeps its data in another place by its settings, or brings all of it from the project's files.
    pub fn keeps_elsewhere(&self, family: &Family, mounted: &[Mounted<'_>]) -> bool {
        match family.id {
            "grafana" => {
                mounted.iter().any(|it| it.path.contains("provisioning"))
                    || GRAFANA_DATABASE.iter().any(|it| self.var(it).is_some())
            }
            // Settings of one's own mostly name an object store.
            "loki" => {
                let is_own =
                    |word: &str| word.contains("config.file") && !word.ends_with(LOKI_SETTINGS);
                let is_replaced =
                    |it: &Mounted<'_>| it.is_setting_of(family) || is_below(LOKI_SETTINGS, it.path);
                mounted.iter().any(is_replaced) || self.start.words.iter().any(|it| is_own(it))
            }
            // The names of files may lie in a database, which the settings of the filer name.
            "seaweedfs" => {
                let role = self.start.words.first().map_or("", |it| it.as_str());
                role == "filer" && mounted.iter().any(|it| it.path.starts_with("/etc/seaweedfs"))
            }
            _ => false,
        }
    }

    /// Returns where a data store of this family keeps its data; `None` where that is not known.
    pub fn data_home(&self, family: &Family) -> Option<DataHome<'_>> {
        let image = self.runs.as_ref()?;
        // The tag that nobody writes is the newest version.
        let major = if self.is_untagged_postgres() { Some(NEWEST_POSTGRES) } else { image.major };
        let mut paths: Vec<&str> = family.data_dirs(&image.repository, major);
        if paths.is_empty() {
            return None;
        }
        let mut is_set = false;
        for var in DATA_DIR_VARIABLES.iter().filter_map(|name| self.var(name)) {
            match var.value {
                Some(path) if path.starts_with('/') => paths = vec![path],
                _ => return None,
            }
            is_set = true;
        }
        let named = || self.start.commands.iter().flat_map(paths_in);
        let in_command: Vec<&str> = named().filter_map(|it| it.directory()).collect();
        let is_in_command = !in_command.is_empty();
        let may_be_moved = is_in_command || named().any(|it| matches!(it, Named::Settings));
        let traps = match is_set || may_be_moved {
            true => &[],
            false => wrong_data_dirs(family.id, &image.repository, major),
        };
        let links = if is_set { &[] } else { linked_data_dirs(family.id) };
        let is_uncertain = may_be_moved || paths.len() > 1;
        paths.extend(in_command);
        Some(DataHome { paths, traps, links, is_uncertain, is_in_command })
    }

    /// Whether its image is the newest one of PostgreSQL: `postgres`, `postgres:latest`, `postgres:alpine`.
    pub fn is_untagged_postgres(&self) -> bool {
        self.image.as_ref().is_some_and(|image| {
            image.repository == "postgres"
                && matches!(image.tag, None | Some("latest" | "alpine"))
                && !image.text.contains('@')
        })
    }

    /// Returns the family of a program that keeps what it measured or was set up with, such as Prometheus.
    pub fn kept_monitoring(&self) -> Option<&'static Family> {
        let family = self.certain_family()?;
        let is_known = matches!(family.id, "prometheus" | "grafana" | "loki" | "seq");
        (is_known && self.starts_its_program()).then_some(family)
    }

    /// Returns the family of a store that only the name of its image tells, as in `registry.corp/postgres`, where
    /// nothing lasting is mounted: then its data does not last, wherever the image keeps it.
    pub fn kept_nowhere(&self, mounted: &[Mounted<'_>]) -> Option<&'static Family> {
        let runs = self.runs.as_ref().filter(|it| it.certainty == Certainty::Likely)?;
        let family = Some(runs.family).filter(|it| it.persistent && it.is_data_store())?;
        let by_name = self.image.as_ref().is_some_and(|it| it.family.is_some());
        let is_bare =
            mounted.iter().all(|it| it.is_setting_of(family) || it.path.contains("initdb"));
        (by_name && is_bare && self.starts_its_program()).then_some(family)
    }

    /// Returns the family of a store that only the variables of the container give away.
    pub fn only_set_up(&self) -> Option<&'static Family> {
        let runs = self.runs.as_ref().filter(|it| it.certainty == Certainty::Likely)?;
        let is_same = |family: &&Family| family.id == runs.family.id;
        // Its port has been looked at where its program was settled.
        let ports = runs.family.ports();
        self.set_up_store(ports).filter(is_same).filter(|_| self.starts_its_program())
    }

    /// Returns the family of a program that keeps data in the role in which it is started here: SeaweedFS as the server
    /// of volumes, of what lies in them or of the names of files, Nacos with the database that it brings.
    ///
    /// Sources: seaweedfs/seaweedfs, `docker/entrypoint.sh` and `docker/filer.toml`; Nacos documentation, "Deployment Mode".
    pub fn kept_in_this_role(&self) -> Option<&'static Family> {
        let family = self.certain_family()?;
        let role = self.start.words.first().map_or("", |it| it.as_str());
        let is_kept = match family.id {
            "seaweedfs" => match role {
                "master" | "volume" | "server" => true,
                // Its settings may name a database.
                "filer" => !self.env.iter().any(|it| it.name.starts_with("WEED_")),
                _ => false,
            },
            "nacos" => {
                let is_alone = self.value("MODE").is_some_and(|it| it == "standalone");
                let names_database = |it: &str| {
                    ["MYSQL_", "SPRING_DATASOURCE_", "DB_"].iter().any(|word| it.starts_with(word))
                };
                is_alone
                    && self.start.is_empty()
                    && !self.env.iter().any(|it| names_database(it.name))
            }
            _ => false,
        };
        is_kept.then_some(family)
    }

    /// Whether a variable points the program to a lasting mount, as `KAFKA_LOG_DIRS` does.
    pub fn names_mount(&self, mounted: &Mounted<'_>) -> bool {
        let path = mounted.path.trim_end_matches('/');
        let names = |value: &str| value.split([',', ' ', '=']).any(|part| is_below(part, path));
        mounted.backing.lasts()
            && path.len() > 1
            && self.env.iter().any(|it| it.value.is_some_and(names))
    }
}

impl<'a> Facts<'a> {
    /// Returns the service that keeps its jobs in another one, a Redis or what speaks its language: a worker that
    /// dials the other or is started after it, where no other queue is dialled. A Redis that is told to keep nothing
    /// has none.
    pub fn worker_of(&self, unit: &Unit<'a>) -> Option<&Service<'a>> {
        let store = self.service_of(unit)?;
        let family = unit.certain_family()?;
        let keeps_nothing =
            unit.start.words.windows(2).any(|it| it[0].as_str() == "--save" && it[1].is_empty());
        if !matches!(family.id, "redis" | "valkey" | "keydb" | "dragonfly") || keeps_nothing {
            return None;
        }
        let siblings = self.siblings(store);
        let is_queue =
            |it: &Service<'_>| it.unit.family().is_some_and(|it| it.class == Class::Queue);
        if siblings.iter().any(is_queue) {
            return None;
        }
        siblings.iter().find(|it| {
            let dials =
                it.unit.peers.iter().any(|peer| store.hosts().any(|host| host == peer.host));
            let needs = || it.model.depends_on.iter().any(|it| it.service.as_str() == store.name);
            self.started_commands(it).iter().any(is_job_worker) && (dials || needs())
        })
    }
}

/// Meaning of a path in the start command of a data store.
enum Named<'c> {
    /// A directory that may be the one for the data.
    Directory(&'c str),
    /// A file with settings, which may name another directory.
    Settings,
}

impl<'c> Named<'c> {
    fn directory(&self) -> Option<&'c str> {
        match self {
            Named::Directory(path) => Some(path),
            Named::Settings => None,
        }
    }
}

/// Returns the paths of a start command that decide where the data lies: `--datadir=/db`, `server /export`,
/// `-D /db`, `-c config_file=/etc/db.conf`. A certificate, a socket or a log does not.
fn paths_in(command: &Command) -> impl Iterator<Item = Named<'_>> {
    let is_program = |at: usize| at == 0 && !command.words[0].text.starts_with('-');
    let words = command.words.iter().enumerate().filter(move |it| !is_program(it.0));
    words.filter_map(|(at, word)| {
        let (before, path) = word.text.split_at(word.text.find('/')?);
        let is_file = name_of(path).contains('.');
        if !before.is_empty() {
            let is_option = before.ends_with('=') || before == "-D";
            return match (is_option, is_file) {
                (true, false) => is_data_option(before).then_some(Named::Directory(path)),
                (true, true) => before.contains("conf").then_some(Named::Settings),
                // An address or a name.
                (false, _) => None,
            };
        }
        let option = command.words.get(at.wrapping_sub(1)).map_or("", |it| it.text.as_str());
        match is_file {
            true => is_settings_path(path, "", false).then_some(Named::Settings),
            false => {
                (is_data_option(option) || is_like_data(path)).then_some(Named::Directory(path))
            }
        }
    })
}

impl<'a> Facts<'a> {
    /// Whether the files do not show where the data of a service goes: its volumes come from another service
    /// or from a variable that only the server sets, or the project builds the image in a way that may change it.
    pub fn hides_mounts(&self, unit: &Unit<'_>) -> bool {
        let Some(service) = self.service_of(unit) else { return false };
        let is_unset = service.model.key("volumes").is_some_and(|key| {
            let mut variables = service.project.variables_in(key.entry);
            variables.any(|variable| variable.value.as_ref().is_none_or(|it| it.is_empty()))
        });
        is_unset || !service.model.volumes_from.is_empty() || self.may_move_data(service)
    }

    /// Whether the image that the project builds for a store may keep the data in another place than the image that
    /// it starts from, or brings the data. A Dockerfile that was not handed over may do both.
    fn may_move_data(&self, service: &Service<'a>) -> bool {
        let Some(build) = &service.model.build else { return false };
        let inline = build.dockerfile_inline.as_ref().map(|it| it.as_str());
        let file = build.dockerfile_id.map(|it| self.file(it).text());
        let (Some(text), Some(runs)) = (inline.or(file), &service.unit.runs) else { return true };
        let dirs = runs.family.data_dirs(&runs.repository, runs.major);
        let is_named = |line: &str| {
            line.trim_start().get(..7).is_some_and(|it| it.eq_ignore_ascii_case("VOLUME "))
                || DATA_DIR_VARIABLES.iter().any(|it| line.contains(it))
                || dirs.iter().any(|it| line.contains(it))
                || line.contains("datadir")
                || line.contains("data_directory")
        };
        text.lines().any(is_named)
    }

    /// Returns the key of a unit's image, for findings that stand beside those about the image itself. Where
    /// the key is not to be found, it is the image.
    pub fn image_key(&self, unit: &Unit<'_>) -> Span {
        let image = unit.image_or_name();
        let key = "image:";
        let text = self.file(image.file).text();
        let before = text.get(..image.start as usize).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let Some(at) = before[line..].rfind(key).map(|at| line + at) else { return image };
        // In a chart, actions may stand before the one that prints the image.
        let between = before[at + key.len()..].trim_start().trim_start_matches(['"', '\'']);
        match between.is_empty() || between.starts_with("{{") {
            true => Span::new(image.file, at, at + "image".len()),
            false => image,
        }
    }
}
