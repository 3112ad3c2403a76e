//! Commands that fill a data store once and end: seeds, fixtures, and what creates databases, buckets and topics.
//!
//! Source: each tool's own command reference (Django "django-admin", Rails "Command Line", Prisma "Seeding", Knex
//! "CLI", Sequelize "CLI", Laravel "Seeding", and the clients of PostgreSQL, MySQL and MongoDB).

use super::shell::{Command, base_name};

/// Tools with the words behind them that fill a store.
const TOOLS: &[(&str, &[&str])] = &[
    ("manage.py", &["loaddata", "createsuperuser"]),
    ("django-admin", &["loaddata", "createsuperuser"]),
    ("rails", &["db:seed"]),
    ("rake", &["db:seed"]),
    ("prisma", &["db seed"]),
    ("knex", &["seed:run"]),
    ("sequelize", &["db:seed", "db:seed:all"]),
    ("sequelize-cli", &["db:seed", "db:seed:all"]),
    ("artisan", &["db:seed"]),
];

/// Clients that do what they are told and end. Without a terminal, that holds for shells too.
const CLIENTS: &[&str] = &[
    "createdb",
    "createuser",
    "mariadb",
    "mariadb-import",
    "mongoimport",
    "mongorestore",
    "mongosh",
    "mysql",
    "mysqlimport",
    "pg_restore",
    "psql",
];

/// Whether a command fills a store and ends.
#[must_use]
pub fn fills_a_store(command: &Command) -> bool {
    let program = command.program();
    let texts: Vec<&str> = program.iter().map(|it| it.text.as_str()).collect();
    let Some(first) = texts.first() else { return false };
    if CLIENTS.contains(&base_name(first)) {
        return true;
    }
    let tool = texts.iter().position(|it| TOOLS.iter().any(|tool| tool.0 == base_name(it)));
    let by_tool = tool.is_some_and(|at| {
        let words = TOOLS.iter().find(|it| it.0 == base_name(texts[at])).map_or(&[][..], |it| it.1);
        let rest = texts[at + 1..].join(" ");
        words.iter().any(|it| rest == *it || rest.starts_with(&format!("{it} ")))
    });
    by_tool || super::migrations::script_of(program).is_some_and(is_seed_name)
}

/// Parts of a script's name that say that it fills a store.
const SEEDS: &[&str] =
    &["seed", "seeds", "seeder", "seeders", "seeding", "seeddb", "dbseed", "initdb", "fixtures"];

/// Parts that say so beside one of [`FILLED`].
const PREPARES: &[&str] = &["init", "create", "import", "load", "populate", "setup", "bootstrap"];

/// What a script prepares.
const FILLED: &[&str] = &[
    "bucket",
    "buckets",
    "data",
    "database",
    "databases",
    "db",
    "index",
    "indexes",
    "indices",
    "keyspace",
    "queues",
    "schema",
    "topic",
    "topics",
    "users",
];

/// Parts that say that a script stays, or only looks.
const OTHERS: &[&str] = &[
    "api", "check", "consumer", "daemon", "listener", "run", "serve", "server", "start", "status",
    "test", "tests", "wait", "watch", "worker",
];

/// Whether the name of a script says that it fills a store.
fn is_seed_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts: Vec<&str> = name.split([':', '-', '_', '.', '/']).collect();
    let has = |words: &[&str]| parts.iter().any(|it| words.contains(it));
    (has(SEEDS) || has(PREPARES) && has(FILLED)) && !has(OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::shell::commands;

    #[test]
    fn what_fills_a_store_is_known_by_its_tool_or_its_name() {
        let fills = |line: &str| commands(line).last().is_some_and(fills_a_store);
        for line in [
            "python manage.py loaddata shop.json",
            "bundle exec rails db:seed",
            "npx prisma db seed",
            "npx knex seed:run --env production",
            "php artisan db:seed --force",
            "npm run seed",
            "yarn db:seed",
            "node scripts/seed.js",
            "./seed.sh",
            "sh /scripts/init-db.sh",
            "./create-topics.sh",
            "psql -h db -f /init.sql",
            "sh -c 'sleep 5; mongoimport --host db /data.json'",
        ] {
            assert!(fills(line), "{line}");
        }
        for line in [
            "python manage.py runserver",
            "rails server",
            "./init.sh",
            "npm run start:seed",
            "./seed-server",
            "node server.js seed",
            "redis-server",
            "npx prisma generate",
            "echo seed",
            "",
        ] {
            assert!(!fills(line), "{line}");
        }
    }
}
