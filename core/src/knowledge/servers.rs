//! Servers that can be rented as one machine, and the accounts on them that no person has.
//!
//! Source: see `data/rented_servers.txt` and `data/service_accounts.txt`.

use super::data::{entries, words};
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

static SERVICE_ACCOUNTS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("data/service_accounts.txt")));

/// Whether an account of a server is that of no person: `ec2-user`, `deploy`.
#[must_use]
pub fn is_service_account(name: &str) -> bool {
    SERVICE_ACCOUNTS.contains(name)
}

/// A server that can be rented.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RentedServer {
    pub cpus: f64,
    pub gib: f64,
    pub gpus: i64,
}

/// Returns the servers that can be rented, small ones first.
pub fn rented_servers() -> impl Iterator<Item = RentedServer> {
    entries(include_str!("data/rented_servers.txt")).filter_map(|row| {
        let mut words = row.split(' ');
        Some(RentedServer {
            cpus: words.next()?.parse().ok()?,
            gib: words.next()?.parse().ok()?,
            gpus: words.next()?.parse().ok()?,
        })
    })
}

/// Returns the largest number of GPUs in one server.
#[must_use]
pub fn most_gpus() -> i64 {
    rented_servers().map(|it| it.gpus).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read_and_larger_than_the_one_before() {
        let servers: Vec<RentedServer> = rented_servers().collect();
        let rows = entries(include_str!("data/rented_servers.txt")).count();
        assert_eq!(servers.len(), rows);
        for pair in servers.windows(2) {
            assert!((pair[0].gib, pair[0].cpus) < (pair[1].gib, pair[1].cpus), "{pair:?}");
        }
        assert_eq!(most_gpus(), 16);
        assert_eq!(servers[rows - 1].gib, 32.0 * 1024.0);
    }
}
