//! Where an application keeps its state: the variables that choose drivers and directories.

use crate::knowledge::data::entries;
use std::sync::LazyLock;

/// State that a driver keeps inside one process or one container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Session,
    Cache,
    Queue,
    Lock,
    RateLimit,
    Broadcast,
}

impl State {
    /// Returns the state that a word of the data file names.
    fn from_word(word: &str) -> Option<State> {
        Some(match word {
            "session" => State::Session,
            "cache" => State::Cache,
            "queue" => State::Queue,
            "lock" => State::Lock,
            "rate-limit" => State::RateLimit,
            "broadcast" => State::Broadcast,
            _ => return None,
        })
    }

    /// Returns the noun that messages use.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Session => "sessions",
            Self::Cache => "the cache",
            Self::Queue => "the queue",
            Self::Lock => "locks",
            Self::RateLimit => "rate limits",
            Self::Broadcast => "live messages",
        }
    }
}

/// Variables that choose a driver, and the state that the driver keeps. Projects put prefixes
/// before them.
static DRIVER_VARIABLES: LazyLock<Vec<(&str, State)>> = LazyLock::new(|| {
    let rows = entries(include_str!("../data/driver_variables.txt"));
    rows.map(|row| {
        let (variable, state) = row.split_once(' ').expect("internal error: a malformed row");
        (variable, State::from_word(state).expect("internal error: an unknown state"))
    })
    .collect()
});

/// Drivers that keep their state in memory or in local files. `sync` is not among them: it runs a
/// job inside the request, so nothing is kept and nothing can be lost.
const LOCAL_DRIVERS: &[&str] = &[
    "file",
    "files",
    "filesystem",
    "memory",
    "inmemory",
    "in-memory",
    "in_memory",
    "mem",
    "local",
    "array",
    "simple",
    "simplecache",
    "memory://",
    "memorystore",
    "memory_store",
    "filesystemcache",
    "caffeine",
    "hash_map",
    "hashmap",
    "locmem",
    "node",
    "map",
];

/// Returns the state that `key=value` keeps in memory or in local files: `SESSION_DRIVER=file`.
#[must_use]
pub fn local_state(key: &str, value: &str) -> Option<State> {
    let driver = value.trim().to_ascii_lowercase();
    let local = LOCAL_DRIVERS.contains(&driver.as_str())
        || driver.starts_with("in-memory://")
        || driver.starts_with("flock")
        || driver.ends_with("locmemcache")
        || driver.starts_with("memory://");
    if !local {
        return None;
    }
    let key = key.to_ascii_uppercase();
    let chosen = DRIVER_VARIABLES.iter().find(|(variable, _)| {
        key.strip_suffix(variable).is_some_and(|it| it.is_empty() || it.ends_with('_'))
    });
    chosen.map(|(_, state)| *state)
}

/// Variables that name the directory for the files of an application's users.
static UPLOAD_VARIABLES: LazyLock<Vec<&str>> =
    LazyLock::new(|| entries(include_str!("../data/upload_variables.txt")).collect());

/// Whether a variable names the directory in which an application keeps the files of its users.
#[must_use]
pub fn is_upload_directory(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    UPLOAD_VARIABLES.iter().any(|variable| {
        name.strip_suffix(variable).is_some_and(|it| it.is_empty() || it.ends_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_that_keep_local_state() {
        assert_eq!(local_state("SESSION_DRIVER", "file"), Some(State::Session));
        assert_eq!(local_state("CACHE_STORE", "array"), Some(State::Cache));
        assert_eq!(local_state("APP_RATELIMIT_STORAGE_URL", "memory://"), Some(State::RateLimit));
        assert_eq!(
            local_state("CACHE_BACKEND", "django.core.cache.backends.locmem.LocMemCache"),
            Some(State::Cache)
        );
        for (key, value) in [
            ("SESSION_DRIVER", "redis"),
            ("QUEUE_CONNECTION", "sync"),
            ("FILE_DRIVER", "file"),
            ("MYSESSION_DRIVER", "file"),
        ] {
            assert_eq!(local_state(key, value), None, "{key}={value}");
        }
    }

    #[test]
    fn variables_that_name_directories_for_uploads() {
        assert!(is_upload_directory("MEDIA_ROOT"));
        assert!(is_upload_directory("ACME_UPLOAD_DIR"));
        assert!(!is_upload_directory("UPLOAD_MAX_SIZE"));
        assert!(!is_upload_directory("MULTIMEDIA_ROOT"));
    }
}
