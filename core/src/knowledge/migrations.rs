//! Database migration tools: the words that start a migration, and the switches that make an
//! application start one by itself.
//!
//! Source: each tool's own command reference (Alembic "Tutorial", Django "django-admin", Rails
//! "Active Record Migrations", Prisma "CLI reference", Flyway "Commands", Liquibase "Command
//! reference", …). Commands that only read the state, such as `alembic current` or `flyway info`,
//! are not migrations.

use super::data::entries;
use super::shell::{Command, Joint, Word, base_name, is_shell};
use super::starts::is_server_start;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// A migration found among the words of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The tool's name as its users write it.
    pub tool: &'static str,
    /// Index of the word that starts the tool.
    pub index: usize,
}

/// A migration tool.
struct Tool {
    name: &'static str,
    /// The subcommands that change a schema.
    subcommands: Vec<&'static str>,
}

/// The tools by program.
static TOOLS: LazyLock<FxHashMap<&str, Tool>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/migration_tools.txt"));
    let rows = rows.map(|row| read_tool(row).expect("internal error: a malformed row"));
    rows.flatten().collect()
});

/// Reads `NAME = PROGRAM …: SUBCOMMAND, …` into an entry for each program.
fn read_tool(row: &'static str) -> Option<impl Iterator<Item = (&'static str, Tool)>> {
    let (name, rest) = row.split_once(" = ")?;
    let (programs, subcommands) = rest.split_once(": ")?;
    Some(programs.split(' ').map(move |program| {
        (program, Tool { name, subcommands: subcommands.split(", ").collect() })
    }))
}

/// Returns the program that the image of a migration tool starts with whatever arguments a container gives it.
///
/// Sources: the `ENTRYPOINT` in the Dockerfiles of flyway/flyway-docker, liquibase/docker, golang-migrate/migrate,
/// ariga/atlas, amacneil/dbmate and sqitchers/docker-sqitch.
#[must_use]
pub fn entrypoint_of(repository: &str) -> Option<&'static str> {
    let name = base_name(repository);
    const PROGRAMS: &[&str] = &["flyway", "liquibase", "migrate", "atlas", "dbmate", "sqitch"];
    PROGRAMS.iter().find(|it| **it == name).copied()
}

/// Interpreters that run a script or module given as an argument.
const INTERPRETERS: &[&str] = &["node", "perl", "tsx", "ts-node", "bun", "deno"];

/// Interpreters that are often called with their version: `python3.12`.
const VERSIONED_INTERPRETERS: &[&str] = &["python", "php", "ruby"];

/// Programs that start a tool given as an argument.
const LAUNCHERS: &[&str] = &["dotnet", "cargo", "npm", "yarn", "pnpm", "uvx"];

/// Programs whose `run NAME` starts a script or task of the project.
const TASK_RUNNERS: &[&str] = &[
    "npm", "yarn", "pnpm", "bun", "make", "just", "task", "composer", "rake", "invoke", "poe",
    "gradle", "mvn",
];

/// Options with which a tool only shows what it would do.
const READ_ONLY_OPTIONS: &[&str] =
    &["--help", "--version", "--dry-run", "--check", "--plan", "--sql"];

/// Finds a migration in a simple command.
#[must_use]
pub fn find_migration(command: &Command) -> Option<Hit> {
    let program = command.program();
    let hit = by_tool(program).or_else(|| by_release(program)).or_else(|| by_script(program))?;
    if command.words.iter().any(|it| READ_ONLY_OPTIONS.contains(&it.text.as_str())) {
        return None;
    }
    let wrappers = command.words.len() - program.len();
    Some(Hit { index: wrappers + hit.index, ..hit })
}

/// Commands that fail where a migration is not applied, and apply none: words that stand behind one another.
///
/// Sources: each tool's own command reference (Rails "Active Record Migrations", Alembic "Commands", Prisma "CLI
/// reference").
const ASKS: &[&[&str]] = &[
    &["rails", "db:abort_if_pending_migrations"],
    &["rake", "db:abort_if_pending_migrations"],
    &["alembic", "current", "--check-heads"],
    &["prisma", "migrate", "status"],
];

/// Returns the index of the word that starts a program which migrates by a subcommand of its own before a server
/// starts: `shop migrate && gunicorn shop.wsgi`. `at` is the index of the command.
#[must_use]
pub fn migrates_before_server(commands: &[Command], at: usize) -> Option<usize> {
    let command = commands.get(at)?;
    let program = command.program();
    let [_, subcommand] = program else { return None };
    let is_before = command.joint == Joint::And && subcommand.text == "migrate";
    let serves = is_before && commands[at + 1..].iter().any(is_server_start);
    serves.then(|| command.words.len() - program.len())
}

/// Whether a simple command is a program of one's own with a subcommand that migrates: `shop migrate --config x`,
/// `shop db migrate`. What stands behind the subcommand may say that it only looks.
#[must_use]
pub fn migrates_by_itself(command: &Command) -> bool {
    let words: Vec<&str> = command.program().iter().map(|it| it.text.as_str()).collect();
    let (program, rest) = match words.as_slice() {
        [program, "migrate", rest @ ..] | [program, "db", "migrate", rest @ ..] => (program, rest),
        _ => return false,
    };
    let program = base_name(program);
    // `migrate` itself is golang-migrate, and an interpreter's first argument is a script.
    let is_own = !TOOLS.contains_key(program) && !is_interpreter(program) && program != "echo";
    let only_looks = |it: &&str| ONLY_LOOKS.contains(it) || READ_ONLY_OPTIONS.contains(it);
    is_own && !rest.iter().any(only_looks)
}

/// Whether a simple command asks whether every migration is applied, and applies none: `manage.py migrate --check`.
///
/// Source: <https://docs.djangoproject.com/en/stable/ref/django-admin/#migrate>, `--check`.
#[must_use]
pub fn asks_for_migrations(command: &Command) -> bool {
    let words: Vec<&str> = command.program().iter().map(|it| base_name(&it.text)).collect();
    by_tool(command.program()).is_some() && words.contains(&"--check")
        || ASKS.iter().any(|asked| words.windows(asked.len()).any(|it| it == *asked))
}

/// Finds a known tool with a subcommand that changes a schema.
fn by_tool(words: &[Word]) -> Option<Hit> {
    // The program itself, or the script, module or tool that it runs.
    let first = base_name(&words.first()?.text);
    let index = if LAUNCHERS.contains(&first) {
        passed_to(words)
    } else if is_interpreter(first) {
        1 + words[1..].iter().take_while(|it| it.text.starts_with('-')).count()
    } else {
        0
    };
    let path = words.get(index)?.text.as_str();
    let named = [Some(base_name(path)), package_of(path)];
    let mut known = named.into_iter().flatten().filter_map(|it| Some((it, TOOLS.get(it)?)));
    let (program, tool) = known.next()?;
    let arguments = &words[index + 1..];
    let migrates = tool.subcommands.iter().any(|it| has_subcommand(program, arguments, it));
    migrates.then_some(Hit { tool: tool.name, index })
}

/// Returns the package of npm that a path leads into: `prisma` of `node_modules/prisma/build/index.js`.
fn package_of(path: &str) -> Option<&str> {
    path.rsplit_once("node_modules/")?.1.split('/').next()
}

/// Options of package managers and task runners that stand before the name of a script, with a value behind them.
///
/// Sources: the pages "pnpm --filter" and "pnpm -C", npm's "Config" (`workspace`, `prefix`), Yarn's "yarn --cwd", and
/// the manual of GNU Make (`-C`, `-f`).
const VALUE_OPTIONS: &[&str] =
    &["--filter", "-F", "--workspace", "--prefix", "--cwd", "--dir", "-C", "-f"];

/// Returns the index of the first word that a package manager or a task runner runs, past its options and the package
/// whose script it is: 3 for `pnpm --filter db migrate`.
fn passed_to(words: &[Word]) -> usize {
    let word = |at: usize| words.get(at).map_or("", |it| it.text.as_str());
    let runner = base_name(word(0));
    let mut at = 1;
    while at < words.len() {
        at += match word(at) {
            "run" | "x" | "exec" => 1,
            "workspace" if runner == "yarn" => 2,
            // For pnpm it means the root of the workspace.
            "-w" if runner == "npm" => 2,
            it if VALUE_OPTIONS.contains(&it) => 2,
            it if it.starts_with('-') => 1,
            _ => break,
        };
    }
    at
}

/// Finds a migration that a release of Elixir evaluates: `bin/shop eval Shop.Release.migrate`.
///
/// Source: Ecto's and Phoenix's guides, "Deploying with Releases".
fn by_release(words: &[Word]) -> Option<Hit> {
    let [_, verb, expression, ..] = words else { return None };
    let call = expression.text.trim_end_matches("()");
    let (module, function) = call.rsplit_once('.')?;
    let is_module = module.starts_with(|it: char| it.is_ascii_uppercase());
    let is_evaluated = matches!(verb.text.as_str(), "eval" | "rpc");
    (is_evaluated && is_module && function == "migrate")
        .then_some(Hit { tool: "release task", index: 0 })
}

/// Whether a subcommand is the first of the arguments that is neither an option nor an option's
/// value. Two tools allow words before it: `goose DRIVER DSN up` and `flyway clean migrate`.
fn has_subcommand(program: &str, arguments: &[Word], subcommand: &str) -> bool {
    let mut words = subcommand.split(' ');
    let first = words.next().unwrap_or_default();
    let Some(at) = arguments.iter().position(|it| it.text == first) else { return false };
    let mut words_before = 0;
    let mut takes_value = false;
    for argument in &arguments[..at] {
        let option = argument.text.starts_with('-');
        words_before += usize::from(!option && !takes_value);
        takes_value = option && !argument.text.contains('=');
    }
    let allowed = match program {
        "goose" => 2,
        "flyway" => 1,
        _ => 0,
    };
    let mut rest = arguments[at + 1..].iter();
    words_before <= allowed
        && words.all(|word| rest.next().is_some_and(|argument| argument.text == word))
}

/// Whether a program is an interpreter or a shell.
fn is_interpreter(name: &str) -> bool {
    let unversioned = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.contains(&name) || VERSIONED_INTERPRETERS.contains(&unversioned) || is_shell(name)
}

/// Finds a script that migrates by its name: `npm run db:migrate`, `python scripts/migrate.py`,
/// `./migrate.sh`, `/app/bin/acme-migrate`.
fn by_script(words: &[Word]) -> Option<Hit> {
    let (program, arguments) = words.split_first()?;
    let (index, name) = script_at(words)?;
    let hit = Some(Hit { tool: "migration script", index });
    // A program called just `migrate` is golang-migrate, which does nothing without a subcommand,
    // unless its path says that it is the project's own.
    if index == 0 && base_name(&program.text) == "migrate" {
        return hit.filter(|_| program.text.contains('/') && arguments.is_empty());
    }
    hit.filter(|_| is_migration_name(name))
}

/// Returns the name of the script or task that the words of a command start: `seed` of `npm run seed`, of
/// `node scripts/seed.js` and of `./seed.sh`.
#[must_use]
pub fn script_of(words: &[Word]) -> Option<&str> {
    script_at(words).map(|it| it.1)
}

/// Returns the same with its index among the words.
pub(super) fn script_at(words: &[Word]) -> Option<(usize, &str)> {
    let (program, arguments) = words.split_first()?;
    let first = base_name(&program.text);
    if TASK_RUNNERS.contains(&first) {
        let index = passed_to(words);
        return Some((index, &words.get(index)?.text));
    }
    let index = if is_interpreter(first) {
        1 + arguments.iter().take_while(|it| it.text.starts_with('-')).count()
    } else {
        0
    };
    let script = base_name(&words.get(index)?.text);
    Some((index, script.split_once('.').map_or(script, |(stem, _)| stem)))
}

/// Parts of a script's name that say that it migrates.
const MIGRATES: &[&str] =
    &["migrate", "migration", "migrations", "migrator", "dbmigrate", "migratedb", "dbmigrator"];

/// Parts of a script's name that say that it only looks, or prepares a migration.
const ONLY_LOOKS: &[&str] = &[
    "status", "info", "list", "show", "check", "test", "tests", "generate", "create", "make",
    "new", "lint", "diff", "validate", "wait", "add", "plan", "dry", "abort", "pending", "verify",
];

/// Whether a script's name says that it migrates, without a word that says that it only looks.
#[must_use]
pub fn is_migration_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut parts = name.split([':', '-', '_', '.', '/']);
    parts.clone().any(|it| MIGRATES.contains(&it)) && !parts.any(|it| ONLY_LOOKS.contains(&it))
}

/// Variables that make an application migrate when it starts.
static SWITCHES: LazyLock<Vec<&str>> =
    LazyLock::new(|| entries(include_str!("data/migration_variables.txt")).collect());

/// Maximum length of a name in [`SWITCHES`] that is only known whole: `MIGRATE` says nothing at the
/// end of a longer name, while `APP_RUN_MIGRATIONS` is `RUN_MIGRATIONS` with a word before it.
const SHORT_SWITCH: usize = 12;

/// Whether `key=value` makes an application migrate when it starts.
#[must_use]
pub fn is_migration_switch(key: &str, value: &str) -> bool {
    let value = value.trim();
    if matches!(value, "update" | "create" | "create-drop") {
        return key.eq_ignore_ascii_case("SPRING_JPA_HIBERNATE_DDL_AUTO")
            || key == "spring.jpa.hibernate.ddl-auto";
    }
    if !["true", "1", "yes", "on", "enabled"].iter().any(|it| value.eq_ignore_ascii_case(it)) {
        return false;
    }
    let key = key.to_ascii_uppercase();
    SWITCHES.iter().any(|switch| {
        key.strip_suffix(switch).is_some_and(|before| {
            before.is_empty() || switch.len() > SHORT_SWITCH && before.ends_with('_')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::shell::commands;

    fn tool_of(line: &str) -> Option<&'static str> {
        commands(line).iter().find_map(find_migration).map(|it| it.tool)
    }

    #[test]
    fn no_program_is_listed_twice() {
        let rows = entries(include_str!("data/migration_tools.txt"));
        let programs = rows.flat_map(|row| read_tool(row).expect(row)).count();
        assert_eq!(programs, TOOLS.len());
    }

    #[test]
    fn tools_are_found() {
        for (line, tool) in [
            ("alembic upgrade head", "alembic"),
            ("alembic -c alembic.ini upgrade head", "alembic"),
            ("python -m alembic upgrade head", "alembic"),
            ("poetry run alembic upgrade head", "alembic"),
            ("python manage.py migrate --noinput", "django migrate"),
            ("python3.12 ./manage.py migrate", "django migrate"),
            ("./manage.py migrate", "django migrate"),
            ("uv run --no-sync manage.py migrate", "django migrate"),
            ("flask --app web db upgrade", "flask db"),
            ("bundle exec rails db:migrate", "rails db"),
            ("bin/rails db:prepare", "rails db"),
            ("npx prisma migrate deploy", "prisma"),
            ("npx --yes prisma migrate deploy", "prisma"),
            ("yarn prisma migrate deploy", "prisma"),
            ("knex migrate:latest", "knex"),
            ("flyway -url=jdbc:x -user=sa migrate", "flyway"),
            ("liquibase --changelog-file=c.xml update", "liquibase"),
            ("goose postgres host=db up", "goose"),
            ("goose -dir migrations postgres x up", "goose"),
            ("migrate -path /m -database x up", "golang-migrate"),
            ("atlas migrate apply --url x", "atlas"),
            ("php artisan migrate --force", "artisan"),
            ("php bin/console doctrine:migrations:migrate -n", "doctrine"),
            ("dotnet ef database update", "ef database update"),
            ("diesel migration run", "diesel"),
            ("cargo sqlx migrate run", "sqlx"),
            ("mix ecto.migrate", "ecto"),
            ("dbmate --wait up", "dbmate"),
            ("npm run db:migrate", "migration script"),
            ("yarn migrate", "migration script"),
            ("pnpm --filter @acme/db db:migrate", "migration script"),
            ("pnpm -w --filter=db run migrate", "migration script"),
            ("yarn workspace db migrate", "migration script"),
            ("npm -w db run migrate", "migration script"),
            ("pnpm --filter db exec prisma migrate deploy", "prisma"),
            ("node node_modules/prisma/build/index.js migrate deploy", "prisma"),
            ("node ./node_modules/drizzle-kit/bin.cjs migrate", "drizzle-kit"),
            ("node node_modules/.bin/prisma migrate deploy", "prisma"),
            ("./bin/app eval \"App.Release.migrate\"", "release task"),
            ("/app/bin/app eval 'App.Release.migrate()'", "release task"),
            ("./wait.sh db:5432 -- python manage.py migrate", "django migrate"),
            ("sh ./scripts/migrate.sh", "migration script"),
            ("./acme-migrate", "migration script"),
            ("node dist/migrate.js", "migration script"),
            ("until alembic upgrade head; do sleep 2; done", "alembic"),
            ("while ! python manage.py migrate; do sleep 2; done; gunicorn app", "django migrate"),
            ("for i in 1 2 3; do npx prisma migrate deploy && break; sleep 5; done", "prisma"),
        ] {
            assert_eq!(tool_of(line), Some(tool), "{line}");
        }
    }

    #[test]
    fn what_asks_for_migrations_applies_none() {
        let asks = |line: &str| commands(line).iter().any(asks_for_migrations);
        assert!(asks("while ! /app/manage.py migrate --check; do sleep 1; done"));
        for line in [
            "bundle exec rake db:abort_if_pending_migrations",
            "bin/rails db:abort_if_pending_migrations",
            "alembic current --check-heads",
            "npx prisma migrate status",
        ] {
            assert!(asks(line), "{line}");
        }
        assert!(!asks("rake db:migrate"));
        assert!(!asks("python manage.py migrate"));
        assert!(!asks("python manage.py check"));
    }

    #[test]
    fn a_program_of_ones_own_migrates_by_a_subcommand() {
        let migrates = |line: &str| commands(line).iter().any(migrates_by_itself);
        for line in
            ["tracker migrate", "/app/tracker migrate --config /etc/x.yaml", "shop db migrate"]
        {
            assert!(migrates(line), "{line}");
        }
        for line in [
            "tracker migrate status",
            "tracker migrate --dry-run",
            "tracker serve",
            "echo migrate",
            "migrate migrate",
            "node migrate",
        ] {
            assert!(!migrates(line), "{line}");
        }
    }

    #[test]
    fn a_hit_points_at_the_tool() {
        let index = |line: &str| find_migration(&commands(line)[0]).map(|it| it.index);
        assert_eq!(index("python manage.py migrate"), Some(1));
        assert_eq!(index("exec alembic upgrade head"), Some(1));
        assert_eq!(index("exec python manage.py migrate"), Some(2));
    }

    #[test]
    fn commands_that_do_not_migrate() {
        for line in [
            "alembic current",
            "alembic history",
            "flyway info",
            "flyway validate",
            "python manage.py showmigrations",
            "python manage.py migrate --check",
            "while ! /app/manage.py migrate --check; do sleep 1; done",
            "python manage.py makemigrations",
            "python manage.py runserver",
            "npx prisma generate",
            "node node_modules/prisma/build/index.js generate",
            "pnpm --filter db build",
            "pnpm --filter db-migrate start",
            "yarn workspace migrate start",
            "./bin/app eval \"App.Release.seed\"",
            "./bin/app eval \"IO.puts(:migrate)\"",
            "./wait.sh db:5432 -- python manage.py runserver",
            "prisma migrate status",
            "php artisan migrate:status",
            "bundle exec rake db:abort_if_pending_migrations",
            "rails db:abort_if_pending_migrations",
            "goose status",
            "npm run migrate:status",
            "npm run start",
            "migrate version",
            "echo alembic upgrade head",
            "cat migrate.sh",
            "psql -f migrate.sql",
            "rails server",
            "gunicorn migrate:app",
            "node server.js migrate",
            "dbmate wait",
            "",
        ] {
            assert_eq!(tool_of(line), None, "{line}");
        }
    }

    #[test]
    fn variables_that_migrate_at_start() {
        assert!(is_migration_switch("RUN_MIGRATIONS", "true"));
        assert!(is_migration_switch("ACME_RUN_MIGRATIONS", "1"));
        assert!(is_migration_switch("SPRING_FLYWAY_ENABLED", "TRUE"));
        assert!(is_migration_switch("SPRING_JPA_HIBERNATE_DDL_AUTO", "update"));
        for switch in SWITCHES.iter() {
            assert!(is_migration_switch(switch, "true"), "{switch}");
        }
        assert!(!is_migration_switch("RUN_MIGRATIONS", "false"));
        assert!(!is_migration_switch("SPRING_JPA_HIBERNATE_DDL_AUTO", "validate"));
        assert!(!is_migration_switch("MIGRATIONS_DIR", "true"));
        assert!(!is_migration_switch("DISABLE_AUTO_MIGRATE", "false"));
    }
}
