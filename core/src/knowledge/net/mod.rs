//! Hosts, their addresses and ports, and the keys and values that name them.
//!
//! Sources: RFC 1123 and RFC 1918 (names, private addresses); Kubernetes documentation, "DNS for
//! Services and Pods".

mod endpoints;

use crate::knowledge::data::{entries, words};
pub use crate::knowledge::ip::ipv4;
use crate::knowledge::ip::is_ipv6;
pub use endpoints::{Endpoint, endpoints, endpoints_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// The default ports of URL schemes.
static DEFAULT_PORTS: LazyLock<FxHashMap<&str, u16>> = LazyLock::new(|| {
    let rows = entries(include_str!("../data/default_ports.txt"));
    let rows = rows.map(|row| row.split_once(' ').and_then(|it| Some((it.0, it.1.parse().ok()?))));
    rows.map(|it| it.expect("internal error: a malformed row")).collect()
});

/// Returns the port that a URL scheme implies when none is written.
#[must_use]
pub fn default_port(scheme: &str) -> Option<u16> {
    let scheme = scheme.strip_prefix("jdbc:").unwrap_or(scheme);
    // `mysql+pymysql` names the driver too.
    let base = scheme.split('+').next().unwrap_or(scheme).to_ascii_lowercase();
    DEFAULT_PORTS.get(base.as_str()).copied()
}

/// Last words of keys that name a peer's host.
const HOST_WORDS: &[&str] = &[
    "HOST",
    "HOSTNAME",
    "HOSTS",
    "ADDR",
    "ADDRESS",
    "ADDRESSES",
    "ADDRS",
    "SERVER",
    "SERVERS",
    "BROKER",
    "BROKERS",
    "ENDPOINT",
    "ENDPOINTS",
    "NODES",
    "SEEDS",
    "CONTACTPOINTS",
    "SEED",
];

/// Words in such keys that make them about the program's own address, or about something else.
const NOT_PEER_WORDS: &[&str] = &[
    "ALLOWED",
    "VIRTUAL",
    "LETSENCRYPT",
    "TRUSTED",
    "BIND",
    "LISTEN",
    "ADVERTISED",
    "ADVERTISE",
    "PUBLIC",
    "EMAIL",
    "MAIL",
    "FROM",
    "WHITELIST",
    "ALLOWLIST",
    "DOMAIN",
    "EXTERNAL",
    "MAC",
    "OWN",
    "LOCAL",
    "POD",
    "NODE",
    "HTTP",
    "ACCESS",
    "CORS",
    "DEFAULT",
    "DNS",
    "RPC",
    "WEB",
    "APP",
    "WALLET",
    "CONTRACT",
    "IP",
];

/// Whether a key names a peer's host: `DB_HOST`, `REDIS_ADDR`, `KAFKA_BROKERS`, `PGHOST`. Keys of
/// the program's own address, and lists of allowed or virtual hosts, do not.
#[must_use]
pub fn is_host_key(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    if key == "PGHOST" {
        return true;
    }
    let mut words = key.split(['_', '.', '-']).filter(|it| !it.is_empty());
    let Some(last) = words.next_back() else { return false };
    // A key of one word, such as `HOST`, is usually about the program itself.
    HOST_WORDS.contains(&last)
        && words.clone().next().is_some()
        && !words.any(|it| NOT_PEER_WORDS.contains(&it))
}

/// First words of options that switch something about a host on or off, or that are about a host of another kind.
const SWITCH_PREFIXES: &[&str] = &[
    "NO", "ADD", "USE", "WITH", "SKIP", "ENABLE", "DISABLE", "PRESERVE", "VERIFY", "CHECK",
    "IGNORE", "EXCLUDE",
];

/// Words in options for an address of the program itself, or for a name that only a header or a certificate holds.
const OWN_OPTION_WORDS: &[&str] = &[
    "ADMIN",
    "DASHBOARD",
    "METRICS",
    "EXPORTER",
    "HEALTH",
    "STATUS",
    "MANAGEMENT",
    "NETWORK",
    "REPORT",
    "COOKIE",
    "CANONICAL",
    "SSL",
    "TLS",
    "SNI",
];

/// Words in options that say which peer a host belongs to.
static PEER_WORDS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/peer_words.txt")));

/// Whether an option with a value, written as a key, names a peer's host: `DB_HOST` for `--db-host`. As many options are
/// about the program itself (`--admin-host`), its name must say which peer it is, or repeat the name of the host:
/// `--orders-host orders`. A `SERVER` is one only directly behind such a word: `--collation-server` is a setting of MySQL.
#[must_use]
pub fn is_host_option(key: &str, value: &str) -> bool {
    let Some((peer, last)) = key.rsplit_once('_') else { return false };
    let names_host = last == "SERVER" || last.starts_with("HOST") || last.starts_with("ADDR");
    let mut words = peer.split('_');
    let says_peer = match last {
        "SERVER" => PEER_WORDS.contains(peer),
        _ => words.clone().any(|it| PEER_WORDS.contains(it)) || ends_with_host(peer, value),
    };
    names_host
        && says_peer
        && is_host_key(key)
        && !words.clone().any(|it| OWN_OPTION_WORDS.contains(&it))
        && !words.next().is_some_and(|it| SWITCH_PREFIXES.contains(&it))
}

/// Whether the last words of a key are the first label of a host: `USER_SERVICE` and `user-service.shop`.
fn ends_with_host(key: &str, host: &str) -> bool {
    let label = host.split('.').next().unwrap_or_default();
    let name = label.replace('-', "_").to_ascii_uppercase();
    let before = key.strip_suffix(name.as_str()).filter(|_| !name.is_empty());
    before.is_some_and(|it| it.is_empty() || it.ends_with('_'))
}

/// Last words of keys that name one host.
const ONE_HOST: &[&str] = &["HOSTNAME", "HOST", "ADDRESS", "ADDR", "SERVER"];

/// Returns the key that holds the port for the host of a key: `DB_PORT` for `DB_HOST`.
#[must_use]
pub fn key_of_port(key: &str) -> Option<String> {
    let stem = ONE_HOST.iter().find_map(|it| key.strip_suffix(it))?;
    (!stem.is_empty()).then(|| format!("{stem}PORT"))
}

/// Whether a key names a mail server, and not an address or a name for mail. Most of them lie outside of a
/// project, so that only a name without dots is a peer.
#[must_use]
pub fn is_mail_host_key(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    let mut words: Vec<&str> = key.split(['_', '.', '-']).filter(|it| !it.is_empty()).collect();
    let is_mail = |it: &&str| matches!(*it, "MAIL" | "EMAIL");
    let last = words.pop();
    matches!(last, Some("HOST" | "SERVER"))
        && words.iter().any(is_mail)
        && words.iter().all(|it| is_mail(it) || !NOT_PEER_WORDS.contains(it))
}

/// Words in the labels of ingress controllers and gateways.
const CONTROLLER_WORDS: &[&str] = &[
    "ingress",
    "nginx",
    "traefik",
    "gateway",
    "controller",
    "haproxy",
    "istio",
    "contour",
    "envoy",
    "kong",
    "router",
    "proxy",
];

/// Whether the value of a label is that of an ingress controller or a gateway.
#[must_use]
pub fn is_controller_label(value: &str) -> bool {
    CONTROLLER_WORDS.iter().any(|word| value.contains(word))
}

/// Whether a host is `localhost`, in `127.0.0.0/8` or `::1`.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.eq_ignore_ascii_case("localhost.localdomain")
        || host == "::1"
        || ipv4(host).is_some_and(|it| it[0] == 127)
}

/// Whether a host is the address that means "all addresses" when listening.
#[must_use]
pub fn is_unspecified(host: &str) -> bool {
    matches!(host, "0.0.0.0" | "::" | "[::]" | "*" | "0")
}

static DOCKER_HOST_NAMES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/docker_host_names.txt")));

/// Whether a host is the machine that a container runs on, as the container sees it.
#[must_use]
pub fn is_docker_host(host: &str) -> bool {
    DOCKER_HOST_NAMES.contains(host)
}

/// Whether a host is an address from a private, carrier or link-local range (RFC 1918, 6598, 3927,
/// 4193), which on another network belongs to another machine or to none.
#[must_use]
pub fn is_private_ip(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Some([a, b, ..]) = ipv4(host) {
        return a == 10
            || (a == 172 && (16..32).contains(&b))
            || (a == 192 && b == 168)
            || (a == 169 && b == 254)
            || (a == 100 && (64..128).contains(&b));
    }
    // The first group of a unique local address (`fc00::/7`) always has four digits.
    let first = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    first.len() == 4 && (first.starts_with("fc") || first.starts_with("fd")) && is_ipv6(host)
}

/// A host name as cluster DNS resolves it (Kubernetes documentation, "DNS for Services and Pods").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClusterName<'a> {
    pub service: &'a str,
    pub namespace: Option<&'a str>,
    /// Whether the name contains `.svc`, so that it can only be a Service; `a.b` may also be a
    /// domain.
    pub certain: bool,
}

/// Reads `name`, `name.namespace` and `name.namespace.svc[.cluster.local]`. The name of a Pod
/// before that of a headless Service (`db-0.db.shop.svc`) is left out.
#[must_use]
pub fn cluster_name(host: &str) -> Option<ClusterName<'_>> {
    let host = host.trim_end_matches('.');
    if ipv4(host).is_some() || host.contains(':') {
        return None;
    }
    let labels: Vec<&str> = host.split('.').collect();
    if let Some(at) = labels.iter().position(|it| *it == "svc") {
        let service = *labels.get(at.checked_sub(2)?)?;
        return Some(ClusterName { service, namespace: Some(labels[at - 1]), certain: true });
    }
    match labels.as_slice() {
        [service] => Some(ClusterName { service, namespace: None, certain: false }),
        [service, namespace] => {
            Some(ClusterName { service, namespace: Some(namespace), certain: false })
        }
        _ => None,
    }
}

/// Words that end the names of settings whose value is the address of a peer.
const ADDRESS_WORDS: &[&str] =
    &["host", "hostname", "server", "address", "addr", "endpoint", "url"];

/// Returns the hosts that a text in any language of configuration names as addresses: `//db`, `@db`, `db:5432`,
/// `host: db`. Of a name inside of a cluster, such as `db.shop.svc`, it is the first label.
pub fn hosts_named(text: &str) -> impl Iterator<Item = &str> {
    let joins = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.');
    let mut at = 0;
    let words = std::iter::from_fn(move || {
        let start = at + text[at..].find(joins)?;
        let end = text[start..].find(|it| !joins(it)).map_or(text.len(), |it| start + it);
        at = end;
        Some((&text[..start], &text[start..end], &text[end..]))
    });
    words.filter_map(|(before, word, after)| {
        let has_port = || {
            let number = after.strip_prefix(':');
            number.is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()))
        };
        let in_url = || before.ends_with("//") || before.ends_with('@');
        let host = match word.split_once('.') {
            Some((host, domain)) if domain.split('.').any(|it| it == "svc") => host,
            Some(_) | None => word,
        };
        (in_url() || has_port() || is_value(before)).then_some(host)
    })
}

/// Whether a text ends with the name of a setting whose value is an address: `db_host =`.
fn is_value(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '"', '\'']);
    let name =
        before.strip_suffix([':', '=']).unwrap_or_default().trim_end_matches([' ', '"', '\'']);
    let word = name.rsplit(|it: char| !it.is_ascii_alphanumeric()).next().unwrap_or_default();
    ADDRESS_WORDS.iter().any(|it| word.eq_ignore_ascii_case(it))
}

/// Whether a text can be a host's name or IPv4 address. Underscores are accepted because Compose
/// accepts them in service names.
#[must_use]
pub fn is_host(host: &str) -> bool {
    if ipv4(host).is_some() {
        return true;
    }
    let label = |it: &str| {
        (1..=63).contains(&it.len())
            && it.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && !it.starts_with('-')
            && !it.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or(host);
    host.len() <= 253 && host.split('.').all(label) && last.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_private_addresses() {
        assert!(is_loopback("localhost") && is_loopback("127.0.1.1") && is_loopback("[::1]"));
        assert!(!is_loopback("localhost.example") && !is_loopback("128.0.0.1"));
        assert!(
            is_private_ip("10.0.0.5")
                && is_private_ip("172.17.0.1")
                && is_private_ip("192.168.1.2")
        );
        assert!(is_private_ip("fd00::1") && is_private_ip("[FC12::]"));
        assert!(!is_private_ip("fe80::1") && !is_private_ip("fd::1") && !is_private_ip("fd00:"));
        assert!(!is_private_ip("172.32.0.1") && !is_private_ip("8.8.8.8") && !is_private_ip("db"));
    }

    #[test]
    fn an_address_in_a_text_names_its_host() {
        for text in [
            "proxy_pass http://db;",
            "postgres://user:x@db/shop",
            "endpoint: db:5432",
            "host: db\nport: 5432",
            "\"db_host\": \"db\"",
            "DB_HOST=db",
            "url = http://db.shop.svc.cluster.local:80",
        ] {
            assert!(hosts_named(text).any(|it| it == "db"), "{text}");
        }
        for text in [
            "name: db",
            "http://db.example.com:80",
            "http://my-db:80",
            "endpoint: db2:5432",
            "db: {size: 1}",
            "",
        ] {
            assert!(!hosts_named(text).any(|it| it == "db"), "{text}");
        }
    }

    #[test]
    fn cluster_names_have_services_and_namespaces() {
        let name = |host| cluster_name(host).map(|it| (it.service, it.namespace, it.certain));
        assert_eq!(name("db"), Some(("db", None, false)));
        assert_eq!(name("db.shop"), Some(("db", Some("shop"), false)));
        assert_eq!(name("db.shop.svc.cluster.local"), Some(("db", Some("shop"), true)));
        assert_eq!(name("db-0.db.shop.svc"), Some(("db", Some("shop"), true)));
        assert_eq!(name("a.example.com"), None);
        assert_eq!(name("10.0.0.1"), None);
        assert_eq!(name("svc"), None);
    }
}
