//! Programs that get along with a server that cannot answer yet.

use super::data::entries;
use super::families::{Class, Family};
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

/// What a program does while a server that it needs cannot answer yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It fails, as far as is known.
    Impatient,
    /// It tries again until it succeeds.
    Retries,
    /// It waits before it starts.
    Waits,
}

static WAITING: LazyLock<FxHashSet<&str>> = LazyLock::new(|| listed("waits "));
static IDLE: LazyLock<FxHashSet<&str>> = LazyLock::new(|| listed("idles "));
static MEMBERS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| listed("members "));
static PATIENT_DRIVERS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| listed("drivers "));
static RETRYING: LazyLock<FxHashSet<&str>> = LazyLock::new(|| listed("retries "));

fn listed(keyword: &str) -> FxHashSet<&'static str> {
    let rows = entries(include_str!("data/patient_programs.txt"));
    rows.filter_map(|row| row.strip_prefix(keyword)).flat_map(|row| row.split(' ')).collect()
}

/// Whether the image of a normalised repository starts nothing, unless it is given a command.
#[must_use]
pub fn starts_nothing(repository: &str) -> bool {
    IDLE.contains(repository)
}

/// Whether a variable switches on that a program tries again: `RetryMigrations=true`, `DB_CONNECT_RETRIES=10`.
#[must_use]
pub fn is_retry_switch(name: &str, value: &str) -> bool {
    let (name, value) = (name.to_ascii_lowercase(), value.trim().to_ascii_lowercase());
    let is_about_retries = ["retry", "retries"].iter().any(|it| name.contains(it));
    let is_on = matches!(&*value, "true" | "yes" | "on")
        || value.parse::<u32>().is_ok_and(|count| count > 0);
    is_about_retries && is_on
}

/// Returns what the program of a normalised repository and its family does while a server of another family
/// cannot answer yet.
#[must_use]
pub fn patience_of(
    repository: Option<&str>,
    family: Option<&Family>,
    server: Option<&Family>,
) -> Patience {
    if repository.is_some_and(|it| WAITING.contains(it)) {
        return Patience::Waits;
    }
    let is_same = family.zip(server).is_some_and(|(a, b)| a.id == b.id && MEMBERS.contains(a.id));
    if is_same {
        return Patience::Waits;
    }
    // Grafana queries its data sources when somebody looks, but needs its own database at the start.
    let is_own_database = |it: &Family| {
        it.id == "grafana" && server.is_some_and(|server| server.class == Class::Database)
    };
    match family {
        Some(it) if RETRYING.contains(it.id) && !is_own_database(it) => Patience::Retries,
        _ if server.is_some_and(|it| PATIENT_DRIVERS.contains(it.id)) => Patience::Retries,
        _ => Patience::Impatient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::families::{by_id, family_of};

    fn patience(image: &str, server: &str) -> Patience {
        let family = |repository| family_of(repository).map(|it| it.0);
        patience_of(Some(image), family(image), family(server))
    }

    #[test]
    fn proxies_try_again_and_setup_images_wait() {
        assert_eq!(patience("nginx", "postgres"), Patience::Retries);
        assert_eq!(patience("temporalio/auto-setup", "postgres"), Patience::Waits);
        assert_eq!(patience("wordpress", "mysql"), Patience::Impatient);
        assert_eq!(patience("grafana/grafana", "postgres"), Patience::Impatient);
        assert_eq!(patience("grafana/grafana", "elasticsearch"), Patience::Retries);
        assert_eq!(patience("chrislusf/seaweedfs", "chrislusf/seaweedfs"), Patience::Waits);
        assert_eq!(patience("chrislusf/seaweedfs", "postgres"), Patience::Impatient);
        assert_eq!(patience("acme/web", "mongo"), Patience::Retries);
    }

    #[test]
    fn switches_for_retries() {
        assert!(is_retry_switch("RetryMigrations", "true"));
        assert!(is_retry_switch("DB_CONNECT_RETRIES", "10"));
        for (name, value) in [
            ("RetryMigrations", "false"),
            ("DB_RETRIES", "0"),
            ("RETRY_MODE", "standard"),
            ("DEBUG", "1"),
        ] {
            assert!(!is_retry_switch(name, value), "{name}={value}");
        }
    }

    #[test]
    fn every_name_is_known() {
        let families = [&*RETRYING, &*MEMBERS, &*PATIENT_DRIVERS].into_iter().flatten();
        let unknown: Vec<_> = families.filter(|it| by_id(it).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(!WAITING.is_empty() && !IDLE.is_empty());
    }
}
