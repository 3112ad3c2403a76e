//! Data stores: where their data lies and to what it belongs, and how they are told to let anybody in.

use super::data::{entries, words};
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

/// A setting of a container that lets anybody in.
#[derive(Debug)]
pub struct Switch {
    /// Ids of image families, or parts of a repository's path that end in a slash.
    families: Vec<&'static str>,
    pub setting: Setting,
    /// Variables and options that ask for a password all the same. A star stands for any beginning.
    unless: Vec<&'static str>,
    /// A variable without whose value the setting does nothing.
    pub with: Option<(&'static str, &'static str)>,
    /// The port of what is open, where that is not the main port of the family.
    pub port: Option<u16>,
}

/// Form in which a switch is set: a variable or an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    Variable {
        name: &'static str,
        values: Vec<&'static str>,
    },
    /// Words of the command line that follow each other.
    Option(&'static str),
}

static SWITCHES: LazyLock<Vec<Switch>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/authentication_switches.txt"));
    rows.map(|row| read_switch(row).expect("internal error: a malformed row")).collect()
});

/// Reads `FAMILY … = env NAME VALUE …` or `FAMILY … = option WORD …`, and the conditions behind it.
fn read_switch(row: &'static str) -> Option<Switch> {
    let (families, rest) = row.split_once(" = ")?;
    let mut parts = rest.split("; ").map(str::trim);
    let (keyword, words) = parts.next()?.split_once(' ')?;
    let setting = match keyword {
        "env" => {
            let (name, values) = words.split_once(' ')?;
            Setting::Variable { name, values: values.split(' ').collect() }
        }
        "option" => Setting::Option(words),
        _ => return None,
    };
    let families = families.split(' ').collect();
    let mut switch = Switch { families, setting, unless: Vec::new(), with: None, port: None };
    for part in parts {
        match part.split_once(' ')? {
            ("unless", words) => switch.unless = words.split(' ').collect(),
            ("with", words) => switch.with = Some(words.split_once(' ')?),
            ("port", number) => switch.port = Some(number.parse().ok()?),
            _ => return None,
        }
    }
    Some(switch)
}

impl Switch {
    fn is_for(&self, family: &str, repository: &str) -> bool {
        self.families.iter().any(|it| match it.strip_suffix('/') {
            Some(account) => repository.split('/').any(|part| part == account),
            None => *it == family,
        })
    }

    /// Whether a variable throws the switch.
    #[must_use]
    pub fn is_thrown_by(&self, name: &str, value: &str) -> bool {
        let value = value.trim();
        match &self.setting {
            Setting::Variable { name: known, values } => {
                let fits = |it: &&str| match *it {
                    "*" => !value.is_empty(),
                    wanted => value.eq_ignore_ascii_case(wanted),
                };
                *known == name && values.iter().any(fits)
            }
            Setting::Option(_) => false,
        }
    }

    /// Returns the index of the word with which a command line throws the switch.
    #[must_use]
    pub fn thrown_at(&self, words: &[&str]) -> Option<usize> {
        match &self.setting {
            Setting::Option(option) => {
                let wanted: Vec<&str> = option.split(' ').collect();
                words.windows(wanted.len()).position(|it| it == wanted)
            }
            Setting::Variable { .. } => None,
        }
    }

    /// Whether a variable or an option asks for a password all the same, or leaves no port open.
    #[must_use]
    pub fn is_undone_by(&self, name: &str) -> bool {
        let option = name.split('=').next().unwrap_or(name);
        // `ALLOW_EMPTY_PASSWORD` holds no password.
        !name.contains("ALLOW_EMPTY")
            && self.unless.iter().any(|it| match it.strip_prefix('*') {
                Some(end) => name.ends_with(end),
                None => *it == option || it.ends_with('=') && *it == name,
            })
    }
}

/// Returns the command that prints everything in a store, to be run in its container, and the ending of a file for it.
/// `has` says whether a variable is set there. There is none where the password is not known to the container.
///
/// Sources: the Docker Official Images' pages of PostgreSQL, MySQL, MariaDB and MongoDB ("Creating database dumps");
/// PostgreSQL documentation, `pg_dumpall`; MongoDB documentation, `mongodump`.
#[must_use]
pub fn dump_of(family: &str, has: &dyn Fn(&str) -> bool) -> Option<(String, &'static str)> {
    let all = "--all-databases -uroot";
    Some(match family {
        "postgres" if has("POSTGRES_USER") => {
            ("sh -c 'pg_dumpall -U \"$POSTGRES_USER\"'".to_owned(), "sql")
        }
        "postgres" => ("pg_dumpall -U postgres".to_owned(), "sql"),
        "mysql" | "mariadb" => {
            let names = ["MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"];
            let password = names.into_iter().find(|it| has(it))?;
            let program = if family == "mysql" { "mysqldump" } else { "mariadb-dump" };
            (format!("sh -c '{program} {all} -p\"${password}\"'"), "sql")
        }
        "mongo" if has("MONGO_INITDB_ROOT_USERNAME") => {
            let login = "-u \"$MONGO_INITDB_ROOT_USERNAME\" -p \"$MONGO_INITDB_ROOT_PASSWORD\"";
            (format!("sh -c 'mongodump --archive {login}'"), "archive")
        }
        "mongo" => ("mongodump --archive".to_owned(), "archive"),
        _ => return None,
    })
}

static DECLARED_VOLUMES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("data/declared_volumes.txt")));

/// Whether the images of a normalised repository declare a volume at the directory of their data.
#[must_use]
pub fn declares_volume(repository: &str) -> bool {
    DECLARED_VOLUMES.contains(repository)
}

/// Returns the paths that the images of a family link to the directory of their data, so that a volume there
/// keeps the data too.
///
/// Source: the Dockerfile of `neo4j`, which links `/var/lib/neo4j/data` to `/data`.
#[must_use]
pub fn linked_data_dirs(family: &str) -> &'static [&'static str] {
    match family {
        "neo4j" => &["/var/lib/neo4j/data"],
        _ => &[],
    }
}

/// The version that `postgres` without a tag has been since September 2025.
/// Source: <https://hub.docker.com/_/postgres>.
pub const NEWEST_POSTGRES: u64 = 18;

/// Variables that name the data directory.
pub const DATA_DIR_VARIABLES: &[&str] = &[
    "PGDATA",
    "MYSQL_DATADIR",
    "POSTGRESQL_DATA_DIR",
    "PATRONI_POSTGRESQL_DATA_DIR",
    "MONGODB_DATA_DIR",
    "MINIO_VOLUMES",
    "SOLR_HOME",
];

/// Whether an option of a start command names the data directory: `-D`, `--datadir`, `data_directory`,
/// `-Epath.data`, `--storage.tsdb.path`.
#[must_use]
pub fn is_data_option(option: &str) -> bool {
    let name = option.trim_start_matches('-').trim_end_matches('=');
    let lower = name.to_ascii_lowercase();
    matches!(name, "D" | "d" | "dir" | "path" | "engine-path")
        || ["data", "dbpath", "storage", "store"].iter().any(|it| lower.contains(it))
}

/// Returns the directories at which a volume looks right but keeps nothing: the image declares a volume of
/// its own below, or refuses to start.
#[must_use]
pub fn wrong_data_dirs(
    family: &str,
    repository: &str,
    major: Option<u64>,
) -> &'static [&'static str] {
    let is_official = matches!(
        repository,
        "postgres" | "postgis/postgis" | "pgvector/pgvector" | "timescale/timescaledb" | "mongo"
    );
    match (family, major) {
        ("postgres", Some(18..)) if is_official => &["/var/lib/postgresql/data"],
        ("postgres", Some(..18)) if is_official => &["/var/lib/postgresql"],
        ("mongo", _) if is_official => &["/data"],
        ("kafka", _) if repository == "confluentinc/cp-kafka" => &["/var/lib/kafka"],
        _ => &[],
    }
}

/// Words in paths of backups, logs, settings and other files that are not data.
const NOT_DATA: &[&str] = &[
    "backup",
    "dump",
    "log",
    "conf",
    "etc",
    "init",
    "initdb.d",
    "files",
    "cert",
    "ssl",
    "tls",
    "run",
    "tmp",
    "plugin",
    "extension",
    "script",
    "share",
    "home",
    "root",
    "secret",
    "archive",
    "wal",
    "usr",
];

/// Whether a path may be one for data.
#[must_use]
pub fn is_like_data(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let is_other =
        |part: &str| NOT_DATA.iter().any(|word| part.starts_with(word) || part.ends_with(word));
    !lower.split('/').any(is_other)
}

/// The settings that the image of Loki brings, which keep everything below its data directory.
///
/// Source: grafana/loki, `cmd/loki/loki-local-config.yaml`.
pub const LOKI_SETTINGS: &str = "/etc/loki/local-config.yaml";

/// Variables that give Grafana a database of another server.
///
/// Source: Grafana documentation, "Configure Grafana", section `[database]`.
pub const GRAFANA_DATABASE: &[&str] = &["GF_DATABASE_TYPE", "GF_DATABASE_HOST", "GF_DATABASE_URL"];

/// Extensions of files with settings.
const SETTING_EXTENSIONS: &[&str] =
    &[".conf", ".cnf", ".yml", ".yaml", ".xml", ".ini", ".toml", ".rules"];

/// Whether what is mounted at a path are settings of a store. A folder counts where the mount is read-only.
#[must_use]
pub fn is_settings_path(path: &str, family: &str, is_read_only: bool) -> bool {
    let is_of_program = |folder: &str| {
        let id = family.get(..family.len().min(5)).unwrap_or_default();
        folder.starts_with(id) || folder.starts_with("mysql")
    };
    let own = path.strip_prefix("/etc/").and_then(|rest| rest.split('/').next());
    SETTING_EXTENSIONS.iter().any(|it| path.ends_with(it))
        || path.ends_with("/conf.d")
        || is_read_only
            && !path.contains("init")
            && (path.contains("conf") || own.is_some_and(is_of_program))
}

/// Returns the switches that a container of a family and a repository has.
pub fn switches_of<'w>(
    family: &'w str,
    repository: &'w str,
) -> impl Iterator<Item = &'static Switch> + 'w {
    SWITCHES.iter().filter(move |it| it.is_for(family, repository))
}

/// Returns the variables that fix the name of the node to which a family's data belongs; `None` for
/// families whose data does not depend on it.
#[must_use]
pub fn node_name_variables(family: &str) -> Option<&'static [&'static str]> {
    NODE_NAMED.iter().find(|it| it.0 == family).map(|it| &it.1[..])
}

/// Families whose data belongs to the name of their node.
static NODE_NAMED: LazyLock<Vec<(&str, Vec<&str>)>> =
    LazyLock::new(|| rows_by_family(include_str!("data/node_named_stores.txt")));

/// Returns the id of the family that a variable sets up an empty store of; `None` where programs that only connect
/// to a store have it too.
#[must_use]
pub fn set_up_by(variable: &str) -> Option<&'static str> {
    SET_UP.iter().find(|it| it.1.contains(&variable)).map(|it| it.0)
}

/// Families with the variables that set up an empty store.
static SET_UP: LazyLock<Vec<(&str, Vec<&str>)>> =
    LazyLock::new(|| rows_by_family(include_str!("data/set_up_variables.txt")));

/// Reads rows of the form `FAMILY = VARIABLE …`.
fn rows_by_family(text: &'static str) -> Vec<(&'static str, Vec<&'static str>)> {
    let row = |row: &'static str| {
        let (family, variables) = row.split_once(" = ").expect("internal error: a malformed row");
        (family, variables.split(' ').collect())
    };
    entries(text).map(row).collect()
}

/// A store that asks nobody for a password unless it is told to.
struct OpenByDefault {
    family: &'static str,
    /// The first major version that asks for a password.
    until: Option<u64>,
    /// Parts of names of variables, and of the command line, that show a password.
    passwords: Vec<&'static str>,
}

static OPEN_BY_DEFAULT: LazyLock<Vec<OpenByDefault>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/open_by_default.txt"));
    let read = |row: &'static str| {
        let mut words = row.split_whitespace();
        let family = words.next()?;
        let until = words.next()?.parse().ok();
        Some(OpenByDefault { family, until, passwords: words.collect() })
    };
    rows.map(|row| read(row).expect("internal error: a malformed row")).collect()
});

/// Whether a store of this family and major version asks nobody for a password. `words` are the names of its
/// variables and the words of its command line.
pub fn is_open_by_default<'w>(
    family: &str,
    major: Option<u64>,
    mut words: impl Iterator<Item = &'w str>,
) -> bool {
    let Some(store) = OPEN_BY_DEFAULT.iter().find(|it| it.family == family) else { return false };
    let is_old = store.until.is_none_or(|until| major.is_some_and(|it| it < until));
    is_old
        && !words.any(|word| {
            let word = word.to_ascii_lowercase();
            store.passwords.iter().any(|it| word.contains(&it.to_ascii_lowercase()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::families;

    fn is_thrown(family: &str, repository: &str, name: &str, value: &str) -> bool {
        switches_of(family, repository).any(|it| it.is_thrown_by(name, value))
    }

    #[test]
    fn variables_that_let_anybody_in() {
        for (family, name, value) in [
            ("postgres", "POSTGRES_HOST_AUTH_METHOD", "trust"),
            ("mysql", "MYSQL_ALLOW_EMPTY_PASSWORD", "yes"),
            ("mysql", "MYSQL_ALLOW_EMPTY_PASSWORD", "no"),
            ("elasticsearch", "xpack.security.enabled", "False"),
        ] {
            assert!(is_thrown(family, family, name, value), "{name}={value}");
        }
        assert!(is_thrown("redis", "bitnami/redis", "ALLOW_EMPTY_PASSWORD", "yes"));
        for (family, repository, name, value) in [
            ("postgres", "postgres", "POSTGRES_HOST_AUTH_METHOD", "md5"),
            ("mysql", "mysql", "MYSQL_ALLOW_EMPTY_PASSWORD", ""),
            ("redis", "redis", "ALLOW_EMPTY_PASSWORD", "yes"),
            ("redis", "acme/bitnamish", "ALLOW_EMPTY_PASSWORD", "yes"),
            ("mysql", "mysql", "POSTGRES_HOST_AUTH_METHOD", "trust"),
        ] {
            assert!(!is_thrown(family, repository, name, value), "{name}={value}");
        }
    }

    #[test]
    fn options_that_let_anybody_in() {
        let at =
            |family, words: &[&str]| switches_of(family, family).find_map(|it| it.thrown_at(words));
        assert_eq!(at("redis", &["redis-server", "--protected-mode", "no"]), Some(1));
        assert_eq!(at("redis", &["redis-server", "--protected-mode", "yes"]), None);
        assert_eq!(at("cockroachdb", &["start-single-node", "--insecure"]), Some(1));
        assert_eq!(at("mongo", &["--noauth"]), Some(0));
        assert_eq!(at("postgres", &["--noauth"]), None);
    }

    #[test]
    fn a_password_undoes_some_switches() {
        let undone = |family, repository, by: &str| {
            switches_of(family, repository).any(|it| it.is_undone_by(by))
        };
        assert!(undone("mysql", "mysql", "MYSQL_ROOT_PASSWORD"));
        assert!(undone("redis", "bitnami/redis", "REDIS_PASSWORD_FILE"));
        assert!(undone("redis", "redis", "--requirepass"));
        assert!(!undone("postgres", "postgres", "POSTGRES_PASSWORD"));
    }

    #[test]
    fn stores_that_belong_to_a_node_name() {
        assert!(
            node_name_variables("rabbitmq").is_some_and(|it| it.contains(&"RABBITMQ_NODENAME"))
        );
        assert_eq!(node_name_variables("postgres"), None);
    }

    #[test]
    fn every_family_in_the_tables_is_known() {
        assert!(SWITCHES.len() >= 30);
        let named = NODE_NAMED.iter().chain(SET_UP.iter()).map(|it| it.0);
        let switched = SWITCHES.iter().flat_map(|it| it.families.iter().copied());
        for id in named.chain(switched.filter(|it| !it.ends_with('/'))) {
            assert!(families::by_id(id).is_some(), "{id}");
        }
    }

    #[test]
    fn options_that_name_the_data_directory() {
        for option in ["-D", "--datadir", "data_directory=", "--dbpath", "--storage.tsdb.path"] {
            assert!(is_data_option(option), "{option}");
        }
        for option in ["ssl_cert_file=", "--log-dir", "--socket", "--tmpdir", "-c"] {
            assert!(!is_data_option(option), "{option}");
        }
    }

    #[test]
    fn stores_without_a_password() {
        let open = |family, major, words: &[&str]| {
            is_open_by_default(family, major, words.iter().copied())
        };
        assert!(open("redis", None, &["redis-server", "--appendonly"]));
        assert!(!open("redis", None, &["redis-server", "--requirepass"]));
        assert!(!open("redis", None, &["REDIS_PASSWORD"]));
        assert!(open("elasticsearch", Some(7), &[]) && !open("elasticsearch", Some(9), &[]));
        assert!(!open("elasticsearch", None, &[]) && !open("postgres", None, &[]));
        assert!(open("seaweedfs", None, &["server", "-s3"]));
        assert!(!open("seaweedfs", None, &["server", "-s3", "-s3.config=/etc/s3.json"]));
        assert!(open("nacos", Some(2), &[]) && !open("nacos", Some(2), &["NACOS_AUTH_ENABLE"]));
    }
}
