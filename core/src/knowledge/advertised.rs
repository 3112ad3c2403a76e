//! Addresses that a broker hands to its clients.

use super::data::entries;
use super::net;

/// A setting with the addresses that a program advertises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// A variable, or an option that begins with `--`.
    pub name: &'static str,
    /// The setting of the same kind with the addresses on which the program listens.
    pub listeners: Option<&'static str>,
}

/// One address of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address<'a> {
    /// The name of the listener: `INTERNAL` in `INTERNAL://kafka:9092`.
    pub listener: Option<&'a str>,
    /// Empty where the program is to listen on all addresses.
    pub host: &'a str,
    pub port: Option<u16>,
    /// The range of host and port in the value.
    pub at: (usize, usize),
}

/// Returns every known setting.
pub fn settings() -> impl Iterator<Item = Setting> {
    entries(include_str!("data/advertised_addresses.txt")).map(|row| match row.split_once(' ') {
        Some((name, listeners)) => Setting { name, listeners: Some(listeners) },
        None => Setting { name: row, listeners: None },
    })
}

/// Reads a list of addresses, separated by commas.
#[must_use]
pub fn addresses(value: &str) -> Vec<Address<'_>> {
    let mut found = Vec::new();
    let mut start = 0;
    for item in value.split(',') {
        let lead = item.len() - item.trim_start().len();
        let (mut at, text) = (start + lead, item.trim());
        start += item.len() + 1;
        let (listener, rest) = match text.split_once("://") {
            Some((name, rest)) => {
                at += name.len() + "://".len();
                (Some(name), rest)
            }
            None => (None, text),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => match port.parse() {
                Ok(port) => (host, Some(port)),
                // A port from a variable.
                Err(_) => continue,
            },
            None => (rest, None),
        };
        if !rest.is_empty() {
            found.push(Address { listener, host, port, at: (at, at + rest.len()) });
        }
    }
    found
}

impl Address<'_> {
    /// Whether the host is the client itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        !self.host.is_empty() && net::is_loopback(self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_listeners() {
        let all = addresses("INTERNAL://kafka:29092, HOST://localhost:9092,:9093,db,X://a:${P}");
        let found: Vec<_> = all.iter().map(|it| (it.listener, it.host, it.port)).collect();
        assert_eq!(
            found,
            [
                (Some("INTERNAL"), "kafka", Some(29092)),
                (Some("HOST"), "localhost", Some(9092)),
                (None, "", Some(9093)),
                (None, "db", None),
            ]
        );
        assert_eq!(all[1].at, (31, 45));
        assert!(all[1].is_loopback() && !all[0].is_loopback() && !all[2].is_loopback());
    }

    #[test]
    fn the_table_has_variables_and_options() {
        let kafka = settings().find(|it| it.name == "KAFKA_ADVERTISED_LISTENERS");
        assert_eq!(kafka.and_then(|it| it.listeners), Some("KAFKA_LISTENERS"));
        assert!(settings().any(|it| it.name.starts_with("--")));
    }
}
