//! Hosts that stand behind options of a start command: `--db-host db --db-port 5432`.

use super::unit::Start;
use crate::knowledge::env::{is_browser_facing, is_own_address_key};
use crate::knowledge::net::{self, Endpoint};
use crate::knowledge::shell::{Command, Word};

/// An option of a command with its value, which stands behind a `=` or is the next word.
struct OptionOf<'a> {
    /// Its name in capitals, with underscores: `DB_HOST` for `--db-host`.
    key: String,
    value: Piece<'a>,
}

/// A part of a word of the start command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    /// Index of the word in the start command.
    pub word: usize,
    /// The range of its bytes in that word.
    pub at: (usize, usize),
}

/// A host that an option names, and the port that another option of the same command gives it.
pub(super) struct HostOption<'a> {
    pub host: Piece<'a>,
    pub port: Option<(u16, Piece<'a>)>,
}

/// Returns the hosts behind options whose names say which peer they belong to. An option such as `--host` or
/// `--admin-host` is about the program itself as often as about a peer.
pub(super) fn host_options<'a>(start: &Start<'a>) -> Vec<HostOption<'a>> {
    let mut found = Vec::new();
    for command in &start.commands {
        let options = options(start, command);
        let names_host = |it: &&OptionOf<'_>| {
            net::is_host_option(&it.key, it.value.text)
                && !is_own_address_key(&it.key)
                && !is_browser_facing(&it.key)
        };
        for option in options.iter().filter(names_host) {
            let [only] = net::endpoints_of(&option.key, option.value.text)[..] else { continue };
            if is_bare(&only) {
                let port = port_beside(&option.key, &options);
                found.push(HostOption { host: option.value, port });
            }
        }
    }
    found
}

/// Whether an endpoint is a name or an address alone: all others are found in any text.
fn is_bare(endpoint: &Endpoint<'_>) -> bool {
    endpoint.port.is_none() && endpoint.scheme.is_none() && !net::is_unspecified(endpoint.host)
}

/// Returns the port of `--db-port` for the host of `--db-host`.
fn port_beside<'a>(key: &str, options: &[OptionOf<'a>]) -> Option<(u16, Piece<'a>)> {
    let key_of_port = net::key_of_port(key)?;
    let option = options.iter().find(|it| it.key == key_of_port)?;
    Some((option.value.text.parse().ok()?, option.value))
}

/// Returns the long options of a command with their values.
fn options<'a>(start: &Start<'a>, command: &Command) -> Vec<OptionOf<'a>> {
    let words = command.program();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(part) = written(start, word) else { continue };
        let Some(name) = name_of_option(part.text) else { continue };
        let value = match name.split_once('=') {
            Some((_, value)) => Some(end_of(part, value.len())),
            None => words.get(at + 1).and_then(|it| written(start, it)),
        };
        let Some(value) = value.filter(|it| !it.text.starts_with('-')) else { continue };
        let name = name.split('=').next().unwrap_or_default();
        let key = name.replace(['-', '.'], "_").to_ascii_uppercase();
        found.push(OptionOf { key, value: unquoted(value) });
    }
    found
}

/// Returns what stands behind the dashes of a long option, or behind the `-D` of a Java property, which has its value
/// behind a `=`.
fn name_of_option(text: &str) -> Option<&str> {
    let property = || text.strip_prefix("-D").filter(|it| it.contains('='));
    let name = text.strip_prefix("--").or_else(property)?;
    name.starts_with(|it: char| it.is_ascii_alphabetic()).then_some(name)
}

/// Returns a word of a command as the start command writes it, quotes included.
fn written<'a>(start: &Start<'a>, word: &Word) -> Option<Piece<'a>> {
    let text: &'a str = start.words.get(word.arg)?.value.as_str();
    let at = (word.start, word.end);
    Some(Piece { text: text.get(at.0..at.1)?, word: word.arg, at })
}

fn end_of(part: Piece<'_>, length: usize) -> Piece<'_> {
    let text = &part.text[part.text.len() - length..];
    Piece { text, at: (part.at.1 - length, part.at.1), ..part }
}

fn unquoted(part: Piece<'_>) -> Piece<'_> {
    let quoted =
        ['"', '\''].iter().find_map(|quote| part.text.strip_prefix(*quote)?.strip_suffix(*quote));
    match quoted {
        Some(text) => Piece { text, at: (part.at.0 + 1, part.at.1 - 1), ..part },
        None => part,
    }
}

#[cfg(test)]
mod tests {
    use super::host_options;
    use crate::facts::Start;
    use crate::model::Str;
    use crate::text::{FileId, Span, Spanned};

    fn found(words: &[&str]) -> Vec<(String, Option<u16>)> {
        let span = Span::new(FileId(0), 0, 0);
        let words: Vec<Str> = words.iter().map(|it| Spanned::new((*it).into(), span)).collect();
        let start = Start::new(&[], &words);
        let options = host_options(&start);
        for it in &options {
            let (from, to) = it.host.at;
            assert_eq!(&words[it.host.word].value[from..to], it.host.text);
        }
        options.iter().map(|it| (it.host.text.to_owned(), it.port.map(|it| it.0))).collect()
    }

    #[test]
    fn options_that_say_so_name_hosts() {
        let db = |port: Option<u16>| vec![("db".to_owned(), port)];
        assert_eq!(found(&["serve", "--db-host", "db"]), db(None));
        assert_eq!(found(&["serve", "--db-host=db", "--db-port=5432"]), db(Some(5432)));
        assert_eq!(
            found(&["sh", "-c", "exec serve --db-host 'db' --db-port 5432"]),
            db(Some(5432))
        );
        assert_eq!(found(&["serve", "--database.hostname=db"]), db(None));
        assert_eq!(found(&["java", "-Dspring.redis.host=db", "-jar", "a.jar"]), db(None));
        assert_eq!(found(&["serve", "--redis-server", "db", "--kafka-brokers=a,b"]), db(None));
        assert_eq!(found(&["serve", "--core-db-host", "db"]), db(None));
        for host in ["orders", "orders.shop", "orders.shop.svc.cluster.local"] {
            let words = ["serve", "--orders-host", host, "--orders-port", "80"];
            assert_eq!(found(&words), [(host.to_owned(), Some(80))]);
        }
        assert_eq!(found(&["serve", "--user-service-addr=user-service"]).len(), 1);
    }

    #[test]
    fn options_about_the_program_itself_name_no_peer() {
        for option in [
            "--admin-host",
            "--dashboard-host",
            "--metrics-host",
            "--db-metrics-host",
            "--api-host",
            "--publish-status-address",
            "--auth-host",
            "--report-host",
            "--reward-address",
            "--load-addr",
            "--ssl-hostname",
            "--redis-ssl-hostname",
            "--sni-host",
            "--cookie-host",
            "--canonical-host",
            "--ignore-host",
            "--exclude-hosts",
            "--exclude-db-hosts",
        ] {
            for host in ["localhost", "127.0.0.1", "db"] {
                let port = option.replace("host", "port");
                assert!(found(&["serve", option, host, &port, "9090"]).is_empty(), "{option}");
            }
        }
        for property in [
            "-Djava.rmi.server.hostname=db",
            "-Dcom.sun.management.jmxremote.host=db",
            "-Deureka.instance.hostname=db",
            "-Des.network.host=db",
        ] {
            assert!(found(&["java", property, "-jar", "a.jar"]).is_empty(), "{property}");
        }
        assert!(found(&["mvn", "-Dspring.redis.host", "db"]).is_empty(), "no value");
        assert!(found(&["serve", "--orders-host", "reorders"]).is_empty());
        assert!(found(&["serve", "--reorders-host", "orders"]).is_empty());
    }

    #[test]
    fn words_that_are_no_hosts_of_peers_are_left_alone() {
        for words in [
            &["serve", "--host", "db"][..],
            &["serve", "--server", "db"],
            &["serve", "-h", "db"],
            &["serve", "--bind-address", "db"],
            &["serve", "--listen-host", "db"],
            &["serve", "--server-host=db"],
            &["serve", "--public-host", "db"],
            &["serve", "--db-host", "--verbose"],
            &["serve", "--db-host"],
            &["serve", "--db-host", "$DB_HOST"],
            &["serve", "--db-host", "0.0.0.0"],
            &["serve", "--db-host", "true"],
            &["serve", "--preserve-host", "db"],
            &["serve", "--ghost", "db"],
            &["mysqld", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin"],
            &["serve", "--message-broker", "redis"],
            &["serve", "--db-hostess=db"],
        ] {
            assert!(found(words).is_empty(), "{words:?}");
        }
    }
}
