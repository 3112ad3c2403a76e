//! Hosts and ports inside the values of variables and arguments.
//!
//! Sources: RFC 3986 (authority), the connection string pages of PostgreSQL ("Connection Strings"),
//! Microsoft ("SqlConnection.ConnectionString"), MongoDB and Kafka. Only forms that can hardly mean
//! anything else are read: no host is found in `12:30`, `C:\data`, `postgres:16` or `acme/app:8080`.

use super::{default_port, ipv4, is_host, is_host_key, is_loopback, is_mail_host_key};
use crate::knowledge::data::words;
use crate::knowledge::ip::is_ipv6;
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

/// A host as written in a value, with its port if that is written too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint<'a> {
    /// Without the brackets of an IPv6 address.
    pub host: &'a str,
    pub port: Option<u16>,
    /// The scheme before `://`, such as `http` or `jdbc:postgresql`.
    pub scheme: Option<&'a str>,
    /// The range of the host's bytes in the value, brackets included.
    pub host_at: (usize, usize),
    /// The range of the port's digits in the value.
    pub port_at: Option<(usize, usize)>,
}

impl Endpoint<'_> {
    /// Returns the port, or the one that the scheme implies.
    #[must_use]
    pub fn effective_port(&self) -> Option<u16> {
        self.port.or_else(|| default_port(self.scheme?))
    }

    /// Returns the range of bytes from the host to the end of the port.
    #[must_use]
    pub fn at(&self) -> (usize, usize) {
        (self.host_at.0, self.port_at.map_or(self.host_at.1, |it| it.1))
    }
}

/// Schemes whose "authority" is not a host: files, sockets, buckets and images.
static HOSTLESS_SCHEMES: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("../data/hostless_schemes.txt")));

/// Returns the endpoints in a value, in the order of the text.
#[must_use]
pub fn endpoints(value: &str) -> Vec<Endpoint<'_>> {
    let mut out = Vec::new();
    // Every form has the colon of a port or scheme, or the `=` of a pair.
    if !value.contains([':', '=']) {
        return out;
    }
    let mut read = 0;
    while let Some(colon) = value[read..].find("://").map(|it| read + it) {
        read = read_url(value, read, colon, &mut out);
    }
    if read == 0 {
        if looks_like_pairs(value) {
            pairs(value, &mut out);
            if !out.is_empty() {
                return out;
            }
        }
        if let Some(start) = value.find(ORACLE_THIN).map(|it| it + ORACLE_THIN.len()) {
            return oracle_thin(value, start).into_iter().collect();
        }
    }
    plain_endpoints(value, read, value.len(), &mut out);
    out
}

/// Reads the URL whose `://` is at `colon`, and the text between `read` and the URL. Returns the
/// offset from which to read on, which is after the `://`.
fn read_url<'a>(value: &'a str, read: usize, colon: usize, out: &mut Vec<Endpoint<'a>>) -> usize {
    let scheme_start = scheme_start(value, colon).max(read);
    plain_endpoints(value, read, scheme_start, out);
    let start = colon + "://".len();
    let mut end = authority_end(value, start);
    // In `http://a,http://b` the scheme of the second URL is not a host of the first.
    let next_url = value[..end].ends_with(':') && value[end..].starts_with("//");
    if let Some(comma) = value[start..end].rfind(',').filter(|_| next_url) {
        end = start + comma;
    }
    let scheme = &value[scheme_start..colon];
    if !scheme.is_empty() && !HOSTLESS_SCHEMES.contains(scheme.to_ascii_lowercase().as_str()) {
        authority(value, start, end, scheme, out);
    }
    // The text after the authority, up to white space or a comma, belongs to the same URL.
    let url_end = value[end..]
        .find([' ', ',', '\n', '\t', '"', '\'', ';', '|', '(', ')'])
        .map_or(value.len(), |it| end + it);
    // A URL may contain another one in its query.
    if value[end..url_end].contains("://") { end } else { url_end }
}

/// Prefix of a connection string for Oracle's thin driver.
const ORACLE_THIN: &str = "jdbc:oracle:thin:@";

/// Reads the address that begins at `start`, after [`ORACLE_THIN`].
fn oracle_thin(value: &str, start: usize) -> Option<Endpoint<'_>> {
    let start = if value[start..].starts_with("//") { start + 2 } else { start };
    let end = value[start..].find(['/', ' ', ';']).map_or(value.len(), |it| start + it);
    // In `host:1521:SID` the part after the second colon is not a port.
    let end = value[start..end].match_indices(':').nth(1).map_or(end, |(it, _)| start + it);
    host_and_port(value, start, end, Some("jdbc:oracle"))
}

/// Returns the endpoints in a value, or the bare names if the key says that it holds hosts:
/// `DB_HOST=db`.
#[must_use]
pub fn endpoints_of<'a>(key: &str, value: &'a str) -> Vec<Endpoint<'a>> {
    let mut out = endpoints(value);
    if out.is_empty() && is_mail_host_key(key) {
        let bare = host_and_port(value, 0, value.len(), None);
        let is_peer = |it: &Endpoint<'_>| {
            !it.host.contains('.') && !is_loopback(it.host) && !is_switch_word(it.host)
        };
        out.extend(bare.filter(is_peer));
    } else if out.is_empty() && is_host_key(key) {
        let mut at = 0;
        for part in value.split(',') {
            let lead = part.len() - part.trim_start().len();
            let (start, end) = (at + lead, at + lead + part.trim().len());
            at += part.len() + 1;
            match host_and_port(value, start, end, None) {
                Some(it) if !is_switch_word(it.host) => out.push(it),
                // A part that is not a host makes the whole list something else.
                _ => return Vec::new(),
            }
        }
    }
    out
}

/// Values that keys such as `DB_HOST` have when they are switches or modes.
const SWITCH_WORDS: &[&str] = &[
    "true",
    "false",
    "none",
    "null",
    "auto",
    "yes",
    "no",
    "on",
    "off",
    "enabled",
    "disabled",
    "default",
    "memory",
    "nil",
    "undefined",
];

fn is_switch_word(value: &str) -> bool {
    SWITCH_WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Returns the start of the scheme that ends at `end`, `jdbc:` included.
fn scheme_start(value: &str, end: usize) -> usize {
    let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-' | b'_');
    let bytes = value.as_bytes();
    let mut start = end;
    while start > 0 && part(bytes[start - 1]) {
        start -= 1;
    }
    if value[..start].ends_with("jdbc:") {
        return start - 5;
    }
    // A scheme begins with a letter: in `${URL:-redis://…}` the dash belongs to the default.
    start + bytes[start..end].iter().take_while(|b| !b.is_ascii_alphabetic()).count()
}

/// Returns the end of the authority that begins at `start`.
fn authority_end(value: &str, start: usize) -> usize {
    let length = value[start..].find(|c| "/?# \n\t\"'<>);|\\".contains(c));
    length.map_or(value.len(), |it| start + it)
}

/// Reads the hosts of an authority, which follow the user information and are separated by commas.
fn authority<'a>(
    value: &'a str,
    start: usize,
    end: usize,
    scheme: &'a str,
    out: &mut Vec<Endpoint<'a>>,
) {
    let mut at = value[start..end].rfind('@').map_or(start, |it| start + it + 1);
    // Go's MySQL driver and others write the protocol before the address: `tcp(db:3306)`.
    if let Some(it) = value[at..end].strip_prefix("tcp(") {
        at = end - it.len();
    }
    for part in value[at..end].split(',') {
        out.extend(host_and_port(value, at, at + part.len(), Some(scheme)));
        at += part.len() + 1;
    }
}

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`, which must take up the whole range of bytes.
fn host_and_port<'a>(
    value: &'a str,
    start: usize,
    end: usize,
    scheme: Option<&'a str>,
) -> Option<Endpoint<'a>> {
    let text = &value[start..end];
    if let Some(inner) = text.strip_prefix('[') {
        let close = inner.find(']')?;
        let host = &inner[..close];
        if !is_ipv6(host) {
            return None;
        }
        let host_end = start + close + 2;
        let rest = &value[host_end..end];
        let port = match rest.strip_prefix(':') {
            Some(digits) => Some(port_number(digits)?),
            None if rest.is_empty() => None,
            None => return None,
        };
        let port_at = port.map(|_| (host_end + 1, end));
        return Some(Endpoint { host, port, scheme, host_at: (start, host_end), port_at });
    }
    // Without brackets, an IPv6 address stands alone.
    if scheme.is_none() && is_ipv6(text) {
        return Some(Endpoint {
            host: text,
            port: None,
            scheme,
            host_at: (start, end),
            port_at: None,
        });
    }
    let (host, digits) = match text.split_once(':') {
        Some((host, digits)) => (host, Some(digits)),
        None => (text, None),
    };
    if !is_host(host) {
        return None;
    }
    let host_at = (start, start + host.len());
    let number = digits.and_then(port_number);
    match digits {
        // `http://db:${PORT}` names a host all the same.
        Some(digits) if number.is_none() && !digits.starts_with(['$', '{']) => None,
        _ => Some(Endpoint {
            host,
            port: number,
            scheme,
            host_at,
            port_at: number.map(|_| (host_at.1 + 1, end)),
        }),
    }
}

fn port_number(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|it| plain && *it > 0)
}

/// Reads the `host:port` tokens between two offsets; no URL is among them.
fn plain_endpoints<'a>(value: &'a str, from: usize, to: usize, out: &mut Vec<Endpoint<'a>>) {
    let stop = |c: char| {
        c.is_whitespace() || matches!(c, ',' | ';' | '"' | '\'' | '(' | ')' | '|' | '<' | '>')
    };
    let mut at = from;
    for token in value[from..to].split(stop) {
        let (start, end) = (at, at + token.len());
        // White space outside ASCII is a separator of more than one byte.
        at = end + value[end..].chars().next().map_or(1, char::len_utf8);
        if !token.contains(':') {
            continue;
        }
        // An option or a node number may stand before the address: `--db=db:5432`, `1@kafka:9093`.
        let start = token.rfind(['=', '@']).map_or(start, |it| start + it + 1);
        let end = value[start..end].find('/').map_or(end, |it| start + it);
        let Some(found) = host_and_port(value, start, end, None) else { continue };
        if found.port.is_some_and(|port| is_usual_port(found.host, port)) {
            out.push(found);
        }
    }
}

/// Well-known ports below 1024 for which a bare `name:port` is still an address.
const WELL_KNOWN_PORTS: &[u16] = &[80, 110, 143, 389, 443, 465, 514, 587, 636, 853, 873, 993, 995];

/// Well-known ports for which only `localhost:port` is an address: `node:22` is an image's version.
const LOW_PORTS: &[u16] = &[21, 22, 25, 53];

/// Whether a bare `name:number` is an address, rather than a name with a tag, level or count.
fn is_usual_port(host: &str, port: u16) -> bool {
    if matches!(host, "sha256" | "sha512" | "md5" | "sha1") {
        return false;
    }
    ipv4(host).is_some()
        || port >= 1024
        || WELL_KNOWN_PORTS.contains(&port)
        || host == "localhost" && LOW_PORTS.contains(&port)
}

/// Whether a value has the form of a connection string of `key=value` pairs.
fn looks_like_pairs(value: &str) -> bool {
    value.contains('=') && (value.contains([';', ' ']) || has_host_pair(value))
}

/// Whether the value contains a pair such as `host=…` or `server=…`.
fn has_host_pair(value: &str) -> bool {
    pair_list(value).any(|(key, _, _)| is_pair_host_key(key))
}

/// Keys of a connection string's host, without spaces and underscores.
const PAIR_HOST_KEYS: &[&str] = &[
    "host",
    "hostname",
    "hostaddr",
    "server",
    "datasource",
    "addr",
    "address",
    "networkaddress",
    "servers",
];

fn is_pair_host_key(key: &str) -> bool {
    let plain: String = key.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    PAIR_HOST_KEYS.iter().any(|it| plain.eq_ignore_ascii_case(it))
}

/// Returns the `key=value` pairs of a connection string: the key and the range of the value's
/// bytes.
fn pair_list(value: &str) -> impl Iterator<Item = (&str, usize, usize)> {
    let by_semicolon = value.contains(';');
    let mut at = 0;
    let ends_pair = move |c: char| if by_semicolon { c == ';' } else { c.is_whitespace() };
    value.split(ends_pair).filter_map(move |pair| {
        let start = at;
        at += pair.len() + value[start + pair.len()..].chars().next().map_or(1, char::len_utf8);
        let (key, rest) = pair.split_once('=')?;
        let lead = rest.len() - rest.trim_start().len();
        let from = start + key.len() + 1 + lead;
        Some((key.trim(), from, from + rest.trim().len()))
    })
}

/// Reads `host=db port=5432` and `Server=tcp:db,1433;Database=app`.
fn pairs<'a>(value: &'a str, out: &mut Vec<Endpoint<'a>>) {
    let mut port = None;
    let first = out.len();
    for (key, from, to) in pair_list(value) {
        if key.eq_ignore_ascii_case("port") {
            port = port_number(&value[from..to]).map(|it| (it, (from, to)));
        } else if is_pair_host_key(key) {
            let mut start = from;
            if let Some(rest) = value[from..to].strip_prefix("tcp:") {
                start = to - rest.len();
            }
            let list = &value[start..to];
            // SQL Server writes the port after a comma, and an instance after a backslash.
            let host_end = start + list.find([',', '\\']).unwrap_or(list.len());
            let Some(mut found) = host_and_port(value, start, host_end, None) else { continue };
            if let Some(number) =
                value[host_end..to].strip_prefix(',').map(str::trim).and_then(port_number)
            {
                found.port = Some(number);
                found.port_at = Some((to - value[host_end + 1..to].trim().len(), to));
            }
            out.push(found);
        }
    }
    if let (Some((number, at)), [only]) = (port, &mut out[first..])
        && only.port.is_none()
    {
        only.port = Some(number);
        only.port_at = Some(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str) -> Vec<(String, Option<u16>)> {
        let all = endpoints(value);
        for it in &all {
            let (start, end) = it.host_at;
            assert_eq!(value[start..end].trim_matches(['[', ']']), it.host, "{value}");
            if let (Some((start, end)), Some(port)) = (it.port_at, it.port) {
                assert_eq!(value[start..end], port.to_string(), "{value}");
            }
        }
        all.iter().map(|it| (it.host.to_owned(), it.port)).collect()
    }

    fn one(host: &str, port: u16) -> Vec<(String, Option<u16>)> {
        vec![(host.to_owned(), Some(port))]
    }

    #[test]
    fn urls_have_endpoints() {
        assert_eq!(found("postgres://user:p@ss@db:5432/app"), one("db", 5432));
        assert_eq!(found("jdbc:postgresql://db:5432/app?ssl=true"), one("db", 5432));
        assert_eq!(found("jdbc:sqlserver://sql:1433;databaseName=x"), one("sql", 1433));
        assert_eq!(found("jdbc:oracle:thin:@//ora:1521/FREE"), one("ora", 1521));
        assert_eq!(found("jdbc:oracle:thin:@ora:1521:XE"), one("ora", 1521));
        assert_eq!(found("http://[::1]:8080/x"), one("::1", 8080));
        assert_eq!(found("redis://cache"), [("cache".to_owned(), None)]);
        assert_eq!(found("http://db:${PORT}/x"), [("db".to_owned(), None)]);
        assert_eq!(endpoints("${U:-redis://cache:6379/1}")[0].scheme, Some("redis"));
        assert_eq!(found("http://a:1,http://b:2/x,c:9092").len(), 3);
        assert_eq!(found("mongodb://u:p@m1:27017,m2:27018/db?replicaSet=r").len(), 2);
        assert_eq!(found("INTERNAL://kafka:29092,EXTERNAL://localhost:9092").len(), 2);
        assert_eq!(found("http://web/?next=http://other:81/").len(), 2);
        assert_eq!(endpoints("redis://cache/0")[0].effective_port(), Some(6379));
    }

    #[test]
    fn lists_and_pairs_have_endpoints() {
        assert_eq!(found("a:9092,b:9092").len(), 2);
        assert_eq!(found("1@c1:9093,2@c2:9093").len(), 2);
        assert_eq!(found("host=db port=5432 dbname=app"), one("db", 5432));
        assert_eq!(found("Server=tcp:sql,1433;Database=app;User Id=sa"), one("sql", 1433));
        assert_eq!(found("Data Source=sql;Initial Catalog=x"), [("sql".to_owned(), None)]);
        assert_eq!(found("Host=db;Port=5433;Username=u"), one("db", 5433));
        assert_eq!(found("root:1234@tcp(db:3306)/app"), one("db", 3306));
        assert_eq!(found("--db=db:5432"), one("db", 5432));
        assert_eq!(found("127.0.0.1:80"), one("127.0.0.1", 80));
        assert_eq!(found("db:5432/app"), one("db", 5432));
    }

    #[test]
    fn other_texts_have_no_endpoints() {
        for value in [
            "12:30",
            "12:30:45",
            "22:22",
            "C:\\data",
            "C:/data",
            "postgres:16",
            "redis:7.2",
            "acme/app:8080",
            "1.2.3",
            "file:///tmp/x",
            "sqlite:///app.db",
            "s3://bucket/key",
            "unix:///var/run/docker.sock",
            ":8080",
            "app:main",
            "http://${HOST}:80",
            "http://{{ host }}",
            "",
            "a=b",
            "level:5",
            "user:1000:1000",
            "mongodb+srv://x.example",
            "http://",
            "://",
            "jdbc:h2:mem:test",
            "key=value;other=1",
            "-Xmx512m -Dfoo=bar",
            "sha256:1234",
            "é:ü",
            "sha256:99999",
        ] {
            assert_eq!(found(value), [], "{value}");
        }
    }

    #[test]
    fn bare_names_are_hosts_where_the_key_says_so() {
        let of = |key, value| {
            endpoints_of(key, value).iter().map(|it| it.host.to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(of("DB_HOST", "db"), ["db"]);
        assert_eq!(of("PGHOST", "db"), ["db"]);
        assert_eq!(of("CASSANDRA_SEEDS", "c1, c2"), ["c1", "c2"]);
        assert_eq!(of("SPRING_DATA_REDIS_HOST", "cache"), ["cache"]);
        for (key, value) in [
            ("HOST", "db"),
            ("ALLOWED_HOSTS", "web"),
            ("VIRTUAL_HOST", "a.example"),
            ("DB_NAME", "db"),
            ("DB_HOST", "true"),
            ("DB_HOST", ""),
            ("DB_HOST", "${X}"),
            ("DB_HOST", "two words"),
            ("BIND_ADDRESS", "db"),
            ("EMAIL_ADDRESS", "me"),
        ] {
            assert_eq!(of(key, value), Vec::<String>::new(), "{key}={value}");
        }
    }
}
