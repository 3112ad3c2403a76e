//! Hosts and their ports in the values of variables.

use super::{CompletionKind, Offer, Offers};
use crate::knowledge::net::{default_port, is_host_key};

/// A host that a variable may name.
pub(super) struct HostOffer {
    pub host: String,
    pub ports: Vec<u16>,
    pub detail: String,
}

/// Last words of the names of variables that hold an address with a port.
const ADDRESS_WORDS: &[&str] = &[
    "URL",
    "URI",
    "URLS",
    "DSN",
    "ADDR",
    "ADDRESS",
    "ADDRESSES",
    "ENDPOINT",
    "ENDPOINTS",
    "SERVERS",
    "BROKERS",
    "UPSTREAM",
];

/// Returns the hosts that may stand at the end of what is typed of a variable's value; `None` where no host
/// may stand.
pub(super) fn host_offers(key: &str, value: &str, mut hosts: Vec<HostOffer>) -> Option<Offers> {
    let last_word = key.to_ascii_uppercase();
    let last_word = last_word.rsplit(['_', '.', '-']).next().unwrap_or_default();
    let is_address = ADDRESS_WORDS.contains(&last_word);
    let (scheme, authority) = match value.rsplit_once("://") {
        Some((scheme, authority)) => (Some(scheme), authority),
        None => (None, value),
    };
    let may_be_host = scheme.is_some() || is_address || is_host_key(key);
    if !may_be_host || authority.contains(['/', '?', '#']) {
        return None;
    }
    // Several hosts may stand side by side: `a:9092,b:9092`.
    let typed = authority.rsplit(['@', ',', ';', ' ']).next().unwrap_or(authority);
    if let Some((host, port)) = typed.rsplit_once(':') {
        return Some(Offers { typed: port.len(), offers: port_offers(host, &hosts) });
    }
    let usual = scheme.and_then(default_port);
    hosts.sort_by_key(|it| !usual.is_some_and(|port| it.ports.contains(&port)));
    let alone =
        hosts.iter().map(|it| Offer::new(CompletionKind::Host, &it.host).detail(&it.detail));
    let with_port = hosts.iter().flat_map(|it| {
        let address = |port: &u16| format!("{}:{port}", it.host);
        let offer = |label: String| Offer::new(CompletionKind::Host, label).detail(&it.detail);
        it.ports.iter().map(address).map(offer)
    });
    let offers = match scheme.is_some() || is_address {
        true => with_port.chain(alone).collect(),
        false => alone.chain(with_port).collect(),
    };
    Some(Offers { typed: typed.len(), offers })
}

/// Returns the ports of a host.
fn port_offers(host: &str, hosts: &[HostOffer]) -> Vec<Offer> {
    let named = hosts.iter().find(|it| it.host == host);
    let ports = named.map_or(&[][..], |it| it.ports.as_slice());
    ports
        .iter()
        .map(|port| Offer::new(CompletionKind::Port, port.to_string()).detail(host))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(key: &str, value: &str) -> Option<(usize, Vec<String>)> {
        let host = |host: &str, ports: &[u16]| HostOffer {
            host: host.to_owned(),
            ports: ports.to_vec(),
            detail: String::new(),
        };
        let offers = host_offers(key, value, vec![host("api", &[8080]), host("db", &[5432])])?;
        Some((offers.typed, offers.offers.into_iter().map(|it| it.label).collect()))
    }

    #[test]
    fn a_host_stands_where_an_address_begins() {
        let words = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            offered("DB_HOST", "d"),
            Some((1, words(&["api", "db", "api:8080", "db:5432"])))
        );
        assert_eq!(
            offered("X", "postgres://u:p@"),
            Some((0, words(&["db:5432", "api:8080", "db", "api"])))
        );
        assert_eq!(offered("PEERS_ADDR", "a:1,db:5"), Some((1, words(&["5432"]))));
        assert_eq!(offered("X", "http://api:8080/p"), None);
        assert_eq!(offered("LEVEL", "inf"), None);
    }
}
