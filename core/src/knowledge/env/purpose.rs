//! What a variable decides: how a program behaves, or only where it runs.
//!
//! The words are those of the configuration references of the frameworks that `env/mod.rs` names, and
//! of the image pages of the databases (`POSTGRES_DB`, `MYSQL_DATABASE`).

use super::debug::switch;
use super::is_platform_only;

/// What the value of a variable selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Something that is on or off.
    Switch,
    /// A driver, mode or backend.
    Driver,
    /// The name of a database.
    DatabaseName,
    /// A number of things, bytes or seconds.
    Size,
}

/// Words in the name of a variable whose value depends on the place where the program runs, or is a
/// credential, a version or a level of the log. Such values differ by design.
const PLACE_WORDS: &[&str] = &[
    "URL",
    "URI",
    "URLS",
    "HOST",
    "HOSTS",
    "HOSTNAME",
    "PORT",
    "PORTS",
    "ADDR",
    "ADDRESS",
    "ADDRESSES",
    "ENDPOINT",
    "ENDPOINTS",
    "DOMAIN",
    "DOMAINS",
    "ORIGIN",
    "ORIGINS",
    "SERVER",
    "SERVERS",
    "BROKERS",
    "PATH",
    "DIR",
    "DIRECTORY",
    "FILE",
    "FOLDER",
    "HOME",
    "ROOT",
    "LOG",
    "LOGS",
    "LOGGING",
    "LOGLEVEL",
    "VERBOSE",
    "VERBOSITY",
    "LEVEL",
    "ENV",
    "ENVIRONMENT",
    "PROFILE",
    "PROFILES",
    "STAGE",
    "PASSWORD",
    "PASSWD",
    "PASS",
    "PWD",
    "SECRET",
    "TOKEN",
    "KEY",
    "CREDENTIALS",
    "USER",
    "USERNAME",
    "VERSION",
    "TAG",
    "BUILD",
    "COMMIT",
    "SHA",
    "ID",
    "REGION",
    "ZONE",
    "NAMESPACE",
    "CLUSTER",
    "DEBUG",
    "TRACE",
    "TZ",
    "TIMEZONE",
    "LANG",
    "LOCALE",
    "CERT",
    "CA",
    "DSN",
    "IP",
    "NETWORK",
    "INTERFACE",
    "TITLE",
];

/// Words in the name of a variable that says where other programs are, or in which environment this one runs.
const WHERE_WORDS: &[&str] = &[
    "URL",
    "URI",
    "URLS",
    "HOST",
    "HOSTS",
    "HOSTNAME",
    "ADDR",
    "ADDRESS",
    "ADDRESSES",
    "ENDPOINT",
    "ENDPOINTS",
    "DOMAIN",
    "SERVERS",
    "BROKERS",
    "ENV",
    "ENVIRONMENT",
    "PROFILE",
    "PROFILES",
    "STAGE",
    "REGION",
    "ZONE",
    "NAMESPACE",
];

/// Whether a variable says by its name where other programs are, or in which environment this one runs.
#[must_use]
pub fn is_place(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    upper.split(['.', '-', '_']).any(|word| WHERE_WORDS.contains(&word))
}

/// Words in the name of a variable that chooses a driver or a mode.
const DRIVER_WORDS: &[&str] = &[
    "DRIVER",
    "STORE",
    "STORAGE",
    "BACKEND",
    "TYPE",
    "MODE",
    "ADAPTER",
    "CONNECTION",
    "ENGINE",
    "PROVIDER",
    "STRATEGY",
    "DIALECT",
    "TRANSPORT",
    "PROTOCOL",
    "CLIENT",
    "POLICY",
];

/// Words in the name of a variable that sets a size.
const SIZE_WORDS: &[&str] = &[
    "SIZE",
    "LIMIT",
    "MAX",
    "MIN",
    "TIMEOUT",
    "WORKERS",
    "THREADS",
    "POOL",
    "CONCURRENCY",
    "TTL",
    "INTERVAL",
    "RETRIES",
    "BATCH",
    "MEMORY",
    "CONNECTIONS",
    "PARTITIONS",
    "REPLICATION",
    "FACTOR",
    "CAPACITY",
    "HEAP",
    "COUNT",
    "SECONDS",
    "MINUTES",
    "HOUR",
    "HOURS",
    "DAYS",
    "RATE",
];

/// Names of variables that hold the name of a database, and what projects put before them.
const DATABASE_NAMES: &[&str] = &[
    "DB_NAME",
    "DATABASE_NAME",
    "DB_DATABASE",
    "POSTGRES_DB",
    "POSTGRES_DATABASE",
    "MYSQL_DATABASE",
    "MARIADB_DATABASE",
    "MONGO_INITDB_DATABASE",
    "MONGO_DB",
    "MYSQL_DB",
    "PGDATABASE",
    "DB_SCHEMA",
];

/// Returns what a variable selects by two different values; `None` where they may differ by design or
/// mean the same.
#[must_use]
pub fn purpose(name: &str, one: &str, other: &str) -> Option<Purpose> {
    let upper = name.to_ascii_uppercase().replace(['.', '-'], "_");
    let words: Vec<&str> = upper.split('_').filter(|it| !it.is_empty()).collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    let ends_in = |list: &[&str]| words.last().is_some_and(|word| list.contains(word));
    let (one, other) = (one.trim(), other.trim());
    if one == other || one.is_empty() || other.is_empty() || is_platform_only(&upper) {
        return None;
    }
    if DATABASE_NAMES
        .iter()
        .any(|it| upper.strip_suffix(it).is_some_and(|it| it.is_empty() || it.ends_with('_')))
    {
        return (is_word(one) && is_word(other)).then_some(Purpose::DatabaseName);
    }
    let is_permission = has(PERMISSION_WORDS) && ends_in(&["PASSWORD", "LOGIN"]);
    if has(PLACE_WORDS) && !(is_permission && switch(one).and(switch(other)).is_some()) {
        return None;
    }
    if let (Some(one), Some(other)) = (switch(one), switch(other)) {
        let is_number = has(SIZE_WORDS);
        if !is_number {
            return (one != other).then_some(Purpose::Switch);
        }
    }
    if let (Some(one), Some(other)) = (size(one), size(other)) {
        return (has(SIZE_WORDS) && one != other).then_some(Purpose::Size);
    }
    let is_same = one.eq_ignore_ascii_case(other);
    (ends_in(DRIVER_WORDS) && is_word(one) && is_word(other) && !is_same).then_some(Purpose::Driver)
}

/// Words that make a switch of the name of a credential: `MYSQL_ALLOW_EMPTY_PASSWORD`.
const PERMISSION_WORDS: &[&str] = &["ALLOW", "EMPTY", "RANDOM"];

/// Whether a value is one word, such as the name of a driver, and neither a path nor an address.
fn is_word(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Returns the number and the unit of a size: `512m`, `30s`, `10`.
fn size(value: &str) -> Option<(u64, String)> {
    let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unit = &value[digits..];
    let is_unit = unit.len() <= 3 && unit.chars().all(|c| c.is_ascii_alphabetic());
    let number = value[..digits].parse().ok()?;
    is_unit.then(|| (number, unit.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_is_told_from_place() {
        for (name, one, other, expected) in [
            ("FEATURE_X", "true", "false", Some(Purpose::Switch)),
            ("FEATURE_X", "true", "1", None),
            ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes", "no", Some(Purpose::Switch)),
            ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes", "true", None),
            ("MYSQL_PASSWORD", "yes", "no", None),
            ("CACHE_DRIVER", "array", "redis", Some(Purpose::Driver)),
            ("CACHE_DRIVER", "Redis", "redis", None),
            ("POSTGRES_DB", "shop", "shop_v2", Some(Purpose::DatabaseName)),
            ("POOL_SIZE", "5", "50", Some(Purpose::Size)),
            ("QUEUE_TIMEOUT", "30s", "1", Some(Purpose::Size)),
            ("WORKERS", "0", "1", Some(Purpose::Size)),
            ("DATABASE_URL", "postgres://db", "postgres://pg", None),
            ("REDIS_HOST", "redis", "redis-master", None),
            ("REDIS_PORT", "6379", "6380", None),
            ("LOG_LEVEL", "debug", "info", None),
            ("APP_ENV", "dev", "prod", None),
            ("NODE_ENV", "development", "production", None),
            ("APP_VERSION", "1", "2", None),
            ("GREETING", "hello", "bye", None),
        ] {
            assert_eq!(purpose(name, one, other), expected, "{name} {one} {other}");
        }
    }
}
