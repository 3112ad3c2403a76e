//! Which settings of a server leave the answer of its ready check as it is, and which programs of its image
//! are clients that serve nothing.

use super::data::blocks;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// What may be set on the server of an image without changing what its ready check asks.
#[derive(Debug, Default)]
pub struct ReadySettings {
    servers: FxHashSet<&'static str>,
    variables: FxHashSet<&'static str>,
    options: FxHashSet<&'static str>,
}

static BY_REPOSITORY: LazyLock<FxHashMap<&str, ReadySettings>> = LazyLock::new(|| {
    let mut all: FxHashMap<&str, ReadySettings> = FxHashMap::default();
    for block in blocks(include_str!("data/ready_settings.txt")) {
        for repository in block.heading.split(' ') {
            let settings = all.entry(repository).or_default();
            for (keyword, words) in &block.lines {
                let set = match *keyword {
                    "server" => &mut settings.servers,
                    "variable" => &mut settings.variables,
                    "option" => &mut settings.options,
                    _ => unreachable!("internal error: a malformed ready setting"),
                };
                set.extend(words.split(' '));
            }
        }
    }
    all
});

/// Returns the settings that are understood for the images of a normalised repository.
#[must_use]
pub fn settings_of(repository: &str) -> Option<&'static ReadySettings> {
    BY_REPOSITORY.get(repository)
}

impl ReadySettings {
    /// Whether a variable changes nothing about the ready check.
    #[must_use]
    pub fn knows_variable(&self, name: &str) -> bool {
        self.variables.contains(name)
    }

    /// Whether a start command runs the server with options that change nothing about the ready check. The
    /// words may leave out the server's name, as images with an entrypoint allow.
    #[must_use]
    pub fn knows_command(&self, words: &[&str]) -> bool {
        let options = match words.split_first() {
            Some((first, rest)) if self.servers.contains(first) => rest,
            _ => words,
        };
        if options.first().is_some_and(|first| !first.starts_with('-')) {
            return false;
        }
        options.iter().all(|word| {
            let name = word.trim_start_matches('-');
            let is_option = name.len() < word.len();
            match name.split_once('=') {
                Some((name, _)) => self.knows_option(name),
                None => !is_option || self.knows_option(name),
            }
        })
    }

    fn knows_option(&self, name: &str) -> bool {
        self.options.contains(name) || self.options.contains(name.replace('_', "-").as_str())
    }
}

/// Whether a program of a server's image is a client, a load generator or a loop that serves nothing.
///
/// Source: the programs in the images of PostgreSQL, MySQL, MongoDB, Redis, Kafka, RabbitMQ, etcd and MinIO.
#[must_use]
pub fn is_client(program: &str) -> bool {
    let program = program.strip_suffix(".sh").unwrap_or(program);
    let is_named = matches!(
        program,
        "psql"
            | "pg_dump"
            | "pg_dumpall"
            | "pg_restore"
            | "pgbench"
            | "createdb"
            | "mysql"
            | "mysqldump"
            | "mysqladmin"
            | "mysqlslap"
            | "mariadb"
            | "mariadb-dump"
            | "mariadb-admin"
            | "mongo"
            | "mongosh"
            | "mongodump"
            | "mongorestore"
            | "mongoimport"
            | "rabbitmqadmin"
            | "etcdctl"
            | "mc"
            | "kcat"
            | "cub"
            | "sleep"
            | "tail"
    );
    is_named
        || ["-cli", "-benchmark", "-perf-test", "-topics", "-console-producer", "-console-consumer"]
            .iter()
            .any(|end| program.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_move_a_listener_or_ask_for_a_password_are_not_understood() {
        let redis = settings_of("redis").unwrap();
        assert!(redis.knows_command(&["redis-server", "--appendonly", "yes"]));
        assert!(redis.knows_command(&["--save", "60", "1"]));
        assert!(redis.knows_command(&[]));
        for words in [
            &["redis-server", "--requirepass", "x"][..],
            &["redis-server", "/etc/redis.conf"],
            &["redis-server", "--port", "6380"],
            &["sh", "-c", "redis-server"],
        ] {
            assert!(!redis.knows_command(words), "{words:?}");
        }
        let postgres = settings_of("postgres").unwrap();
        assert!(postgres.knows_command(&["postgres", "-c", "max_connections=200"]));
        assert!(!postgres.knows_command(&["postgres", "-c", "port=5433"]));
        assert!(!postgres.knows_command(&["-p", "5433"]));
    }

    #[test]
    fn a_load_generator_is_a_client() {
        assert!(is_client("kafka-producer-perf-test.sh") && is_client("redis-benchmark"));
        assert!(!is_client("redis-server") && !is_client("docker-entrypoint.sh"));
    }
}
