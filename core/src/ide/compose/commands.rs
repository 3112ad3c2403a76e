//! Hosts that commands name as words of their own: `pg_isready -h db`, `nc -z db 5432`.

use crate::knowledge::net::{endpoints, is_host_key};
use crate::text::Span;

/// Options whose value is a host, beside those that end in a word for one: `--db-host`.
///
/// Sources: the manuals of psql, mysql, mongosh and redis-server.
const HOST_OPTIONS: &[&str] = &["h", "host", "hostname", "server", "replicaof", "slaveof"];

/// Words of their own that stand before a host: `getent hosts db`.
const HOST_WORDS: &[&str] = &["hosts", "replicaof", "slaveof"];

/// Programs that dial the host in their operand.
///
/// Sources: the manual pages of these programs.
const DIALERS: &[&str] = &["nc", "ncat", "netcat", "telnet", "ping", "nslookup", "dig", "cqlsh"];

/// Programs that fetch what their operand names, with or without a scheme: `curl db/health`.
const FETCHERS: &[&str] = &["curl", "wget"];

/// Options of these programs whose value is a local file.
///
/// Sources: the manual pages of curl and wget.
const FILE_OPTIONS: &[&str] = &[
    "-o",
    "-fsSLo",
    "-sSLo",
    "-O",
    "-T",
    "-P",
    "--output",
    "--cacert",
    "--capath",
    "--cert",
    "--key",
    "--upload-file",
    "--config",
    "-K",
];

/// A word of a command with its place, or the end of one of several commands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Word<'t> {
    Word(&'t str, Span),
    End,
}

/// Splits a text into the words of commands. Quotes are left out, since the text shows what is written.
pub(super) fn words(text: &str, span: Span) -> Vec<Word<'_>> {
    let is_end = |it: char| matches!(it, ';' | '|' | '&' | '(' | ')' | '\n');
    let is_between =
        |it: char| it.is_whitespace() || matches!(it, '\'' | '"' | '`' | ',' | '[' | ']');
    let mut words = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices().chain([(text.len(), '\n')]) {
        if !is_end(letter) && !is_between(letter) {
            continue;
        }
        if start < at {
            words.push(Word::Word(&text[start..at], span.inner(start..at)));
        }
        if is_end(letter) && at < text.len() {
            words.push(Word::End);
        }
        start = at + letter.len_utf8();
    }
    words
}

/// What the next word of a command is.
#[derive(Debug, Clone, Copy, Default)]
struct Expected {
    /// The value of an option that takes a host.
    value: bool,
    /// An operand of a program that dials.
    dialed: bool,
    /// An operand of a program that fetches.
    fetched: bool,
    /// The path of a local file that such a program reads or writes.
    local: bool,
    /// A word behind `mysqladmin` and the like, whose `ping` is no program.
    administers: bool,
}

/// Returns the hosts among the words of a command, with their places.
pub(super) fn hosts<'t>(words: &[Word<'t>]) -> Vec<(&'t str, Span)> {
    let mut found = Vec::new();
    let mut expected = Expected::default();
    for word in words {
        let Word::Word(word, span) = *word else {
            expected = Expected::default();
            continue;
        };
        let at = |from: usize, to: usize| (&word[from..to], span.inner(from..to));
        let addresses = endpoints(word);
        if addresses.is_empty() {
            found.extend(host_in(word, expected).map(|(from, to)| at(from, to)));
        }
        found.extend(addresses.iter().map(|it| at(it.host_at.0, it.host_at.1)));
        let program = word.rsplit('/').next().unwrap_or(word);
        expected = Expected {
            value: is_host_option(word) || HOST_WORDS.contains(&word),
            dialed: expected.dialed || !expected.administers && DIALERS.contains(&program),
            fetched: expected.fetched || FETCHERS.contains(&program),
            local: FILE_OPTIONS.contains(&word),
            administers: expected.administers || program.ends_with("admin"),
        };
    }
    found
}

/// Returns the range of the host in a word that is no address by its form.
fn host_in(word: &str, expected: Expected) -> Option<(usize, usize)> {
    let end = word.find(['/', ':']);
    if let Some((key, _)) = word.split_once('=') {
        let is_host = is_host_option(key) || HOST_OPTIONS.contains(&key) || is_host_key(key);
        return is_host.then_some((key.len() + 1, word.len()));
    }
    if word.starts_with("-h") {
        return Some(("-h".len(), word.len()));
    }
    let is_page =
        expected.fetched && !expected.local && end.is_some_and(|end| word[end..].starts_with('/'));
    let is_host = expected.value || expected.dialed || is_page;
    is_host.then_some((0, end.unwrap_or(word.len())))
}

/// Whether a word is an option whose value is a host.
fn is_host_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    name.len() < word.len() && (HOST_OPTIONS.contains(&name) || is_host_key(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::FileId;

    fn named(text: &str) -> Vec<&str> {
        let found = hosts(&words(text, Span::new(FileId(0), 0, text.len())));
        let shown = found.into_iter().map(|(host, span)| {
            assert_eq!(&text[span.range()], host);
            host
        });
        shown.filter(|it| *it == "db").collect()
    }

    #[test]
    fn hosts_stand_behind_options_and_programs() {
        for text in [
            "pg_isready -h db -U app",
            "mysqladmin ping -hdb",
            "psql --host=db app",
            "app --db-host db",
            "psql 'host=db dbname=app'",
            "until nc -z db 5432; do sleep 1; done",
            "/bin/nc -w 3 db 5432",
            "redis-server --replicaof db 6379",
            "curl -f db/health",
            "[\"wait-for\", \"db:5432\"]",
            "curl -f http://db:80/",
            "PGHOST=db psql",
            "getent hosts db",
        ] {
            assert_eq!(named(text), ["db"], "{text}");
        }
    }

    #[test]
    fn other_words_are_no_hosts() {
        for text in [
            "db -c max=1",
            "app db 5",
            "nc -z web 80 && start db",
            "psql -U db -d db",
            "minio server db",
            "curl -u db:secret http://web",
            "mysqladmin ping -h localhost -u db",
            "curl --cacert db/ca.pem http://web/",
            "curl -o db/out http://web/",
        ] {
            assert!(named(text).is_empty(), "{text}");
        }
    }
}
