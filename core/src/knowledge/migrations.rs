//! Database migration tools: the words that start a migration, and the switches that make an
//! application start one by itself.
//!
//! Source: each tool's own command reference (Alembic "Tutorial", Django "django-admin", Rails
//! "Active Record Migrations", Prisma "CLI reference", Flyway "Commands", Liquibase "Command
//! reference", …). Commands that only read the state, such as `alembic current` or `flyway info`,
//! are not migrations and do not match.

use super::shell::{Command, Word, base_name, is_shell};
use crate::words::{Words, is_among, lines, split_once, stands_in};

/// A migration found among the words of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The tool's name as its users write it.
    pub tool: &'static str,
    /// The word that starts the tool.
    pub index: usize,
}

/// The tools: the name, the programs, and behind the colon the subcommands that change a schema. The
/// words of a subcommand must appear in that order.
const TOOLS: &str = "\
alembic = alembic: upgrade, downgrade
flask db = flask: db upgrade, db downgrade
django migrate = manage.py django-admin django-admin.py: migrate, migrate_schemas
aerich = aerich: upgrade
yoyo = yoyo: apply
rails db = rails rake bin/rails: db:migrate, db:prepare, db:setup, db:schema:load, db:rollback
hanami db = hanami: db migrate, db prepare
prisma = prisma: migrate deploy, migrate dev, migrate reset, db push
knex = knex: migrate:latest, migrate:up, migrate:rollback
sequelize = sequelize sequelize-cli: db:migrate, db:migrate:undo
typeorm = typeorm typeorm-ts-node-commonjs typeorm-ts-node-esm: migration:run, schema:sync, migration:revert
drizzle-kit = drizzle-kit: migrate, push
node-pg-migrate = node-pg-migrate: up, down
db-migrate = db-migrate: up, down
mikro-orm = mikro-orm mikro-orm-esm: migration:up, migration:fresh, schema:update, schema:create
kysely = kysely: migrate:latest, migrate latest, migrate:up
payload = payload: migrate
medusa = medusa: db:migrate, migrations run
flyway = flyway: migrate, repair, undo, baseline
liquibase = liquibase: update, update-count, rollback
goose = goose: up, up-to, up-by-one, down, reset
dbmate = dbmate: up, migrate, rollback, down
golang-migrate = migrate: up, down, goto, force
sql-migrate = sql-migrate: up, down, redo
tern = tern: migrate
soda = soda buffalo-pop: migrate
atlas = atlas: migrate apply, schema apply
sqitch = sqitch: deploy, revert, rebase
pgroll = pgroll: start, migrate, complete
sqlx = sqlx cargo-sqlx: migrate run, database setup, database reset
diesel = diesel: migration run, setup, database setup, database reset
sea-orm = sea-orm-cli sea: migrate up, migrate fresh, migrate refresh
refinery = refinery: migrate
ecto = mix: ecto.migrate, ecto.setup, ash.migrate
artisan = artisan: migrate, migrate:fresh, migrate:refresh, migrate:install
doctrine = console doctrine doctrine-migrations: doctrine:migrations:migrate, doctrine:schema:update, migrations:migrate
phinx = phinx: migrate, rollback
yii migrate = yii: migrate, migrate/up
ef database update = dotnet-ef ef: database update
fluent-migrator = dotnet-fm: migrate
evolve = evolve: migrate
skeema = skeema: push
graphile-migrate = graphile-migrate: migrate, watch
hasura = hasura hasura-cli: migrate apply
supabase = supabase: db push, migration up
wrangler d1 = wrangler: d1 migrations apply
temporal schema = temporal-sql-tool temporal-cassandra-tool: update-schema, setup-schema
";

/// Interpreters that run a script or a module given as their argument.
const INTERPRETERS: Words =
    Words::new("python python3 node ruby php perl tsx ts-node bun deno bash sh ash dash");

/// Package managers whose `run NAME` starts a script of the project.
const RUNNERS: &str = "npm yarn pnpm bun make just task composer rake invoke poe gradle mvn";

/// Finds a migration in one simple command.
#[must_use]
pub fn find_migration(command: &Command) -> Option<Hit> {
    let program = command.program();
    let mut hit = by_tool(program).or_else(|| by_script(program))?;
    const LOOKING: &str = "--help --version --dry-run --check --plan --sql";
    if command.words.iter().any(|it| is_among(LOOKING, &it.text)) {
        return None;
    }
    hit.index += command.words.len() - program.len();
    Some(hit)
}

fn by_tool(words: &[Word]) -> Option<Hit> {
    // The program itself, or the script or module that an interpreter or `dotnet` runs.
    let first = base_name(&words.first()?.text);
    let runs_argument = is_interpreter(first) || is_among("dotnet cargo npm yarn pnpm uvx", first);
    let index = if runs_argument {
        let skip = |it: &&Word| it.text.starts_with('-') || matches!(it.text.as_str(), "run" | "x");
        1 + words[1..].iter().take_while(skip).count()
    } else {
        0
    };
    let program = base_name(&words.get(index)?.text);
    let arguments = &words[index + 1..];
    // Every tool needs a subcommand, and most programs are no such tool.
    if arguments.is_empty() || !TOOLS.contains(program) {
        return None;
    }
    for line in lines(TOOLS).filter(|it| it.contains(program)) {
        let Some((tool, rest)) = split_once(line, " = ") else { continue };
        let Some((programs, subcommands)) = split_once(rest, ": ") else { continue };
        if is_among(programs, program)
            && subcommands.split(", ").any(|it| follows(program, arguments, it))
        {
            return Some(Hit { tool, index });
        }
    }
    None
}

/// Whether a subcommand is the first word that is neither an option nor an option's value. Two
/// tools allow words before it: `goose DRIVER DSN up` and `flyway clean migrate`.
fn follows(program: &str, arguments: &[Word], subcommand: &str) -> bool {
    let mut words = subcommand.split(' ');
    let first = words.next().unwrap_or_default();
    let Some(at) = arguments.iter().position(|it| it.text == first) else { return false };
    let mut loose = 0;
    let mut takes_value = false;
    for word in &arguments[..at] {
        let option = word.text.starts_with('-');
        loose += usize::from(!option && !takes_value);
        takes_value = option && !word.text.contains('=');
    }
    let allowed = match program {
        "goose" => 2,
        "flyway" => 1,
        _ => 0,
    };
    let mut rest = arguments[at + 1..].iter();
    loose <= allowed && words.all(|it| rest.next().is_some_and(|word| word.text == it))
}

fn is_interpreter(name: &str) -> bool {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.has(name) || is_among("python php ruby", bare) || is_shell(name)
}

/// `npm run db:migrate`, `python scripts/migrate.py`, `./migrate.sh`, `/app/bin/acme-migrate`.
fn by_script(words: &[Word]) -> Option<Hit> {
    let (program, arguments) = words.split_first()?;
    let first = base_name(&program.text);
    let options = || arguments.iter().take_while(|it| it.text.starts_with('-')).count();
    let hit = |index| Some(Hit { tool: "migration script", index });
    if is_among(RUNNERS, first) {
        let run = |it: &&Word| it.text.starts_with('-') || it.text == "run";
        let index = 1 + arguments.iter().take_while(run).count();
        return hit(index)
            .filter(|_| words.get(index).is_some_and(|it| is_migration_name(&it.text)));
    }
    let index = if is_interpreter(first) { 1 + options() } else { 0 };
    let script = base_name(&words.get(index)?.text);
    // A program called just `migrate` is golang-migrate, which needs a subcommand.
    let subject = script.split_once('.').map_or(script, |(stem, _)| stem);
    let plain_migrate = subject == "migrate" && index == 0 && !script.contains('.');
    if is_migration_name(subject) && !plain_migrate {
        return hit(index);
    }
    if plain_migrate && program.text.contains('/') && arguments.is_empty() {
        return hit(index);
    }
    None
}

/// Whether a script's name says that it migrates, without a word that says it only looks.
#[must_use]
pub fn is_migration_name(name: &str) -> bool {
    const MIGRATES: Words =
        Words::new("MIGRATE MIGRATION MIGRATIONS MIGRATOR DBMIGRATE MIGRATEDB DBMIGRATOR");
    const ONLY_LOOKS: Words = Words::new(
        "STATUS INFO LIST SHOW CHECK TEST TESTS GENERATE CREATE MAKE NEW LINT DIFF VALIDATE WAIT \
        ADD PLAN DRY",
    );
    let mut migrates = false;
    for part in name.split([':', '-', '_', '.', '/']) {
        if ONLY_LOOKS.has_in_any_case(part) {
            return false;
        }
        migrates |= MIGRATES.has_in_any_case(part);
    }
    migrates
}

/// Variables that make the application migrate when it starts, when their value is true-like.
const SWITCHES: &str = "RUN_MIGRATIONS RUN_MIGRATION MIGRATE AUTO_MIGRATE AUTOMIGRATE \
    DB_AUTO_MIGRATE DB_MIGRATE DATABASE_AUTO_MIGRATE MIGRATE_ON_START MIGRATE_ON_STARTUP \
    MIGRATE_ON_BOOT APPLY_MIGRATIONS RUN_DB_MIGRATIONS RUN_DATABASE_MIGRATIONS MIGRATIONS_RUN \
    TYPEORM_MIGRATIONS_RUN TYPEORM_SYNCHRONIZE DB_SYNCHRONIZE SPRING_FLYWAY_ENABLED \
    SPRING_LIQUIBASE_ENABLED QUARKUS_FLYWAY_MIGRATE_AT_START QUARKUS_LIQUIBASE_MIGRATE_AT_START \
    MICRONAUT_FLYWAY_ENABLED EF_MIGRATE DJANGO_MIGRATE DJANGO_AUTO_MIGRATE \
    AUTORUN_LARAVEL_MIGRATION RAILS_AUTO_MIGRATE EXECUTE_MIGRATIONS ENABLE_MIGRATIONS DO_MIGRATE \
    AUTO_MIGRATION DB_AUTOMIGRATE DATABASE_MIGRATE DATABASE_RUN_MIGRATIONS PERFORM_MIGRATIONS \
    MIGRATIONS_AUTO_RUN";

/// Whether `key=value` makes an application migrate when it starts.
#[must_use]
pub fn is_migration_switch(key: &str, value: &str) -> bool {
    const ON: Words = Words::new("TRUE 1 YES ON ENABLED");
    let value = value.trim();
    if value.len() > "create-drop".len() {
        return false;
    }
    if is_among("update create create-drop", value) {
        return key.eq_ignore_ascii_case("SPRING_JPA_HIBERNATE_DDL_AUTO")
            || key == "spring.jpa.hibernate.ddl-auto";
    }
    if !ON.has_in_any_case(value) {
        return false;
    }
    let upper = crate::words::upper(key);
    // One of these stands in every switch, and in few other names.
    if !stands_in("MIGRAT SYNCHRONIZE FLYWAY LIQUIBASE", &upper) {
        return false;
    }
    // Short names are only known whole; `APP_RUN_MIGRATIONS` is one with a word before it.
    crate::words::words(SWITCHES).any(|it| {
        upper
            .strip_suffix(it)
            .is_some_and(|before| before.is_empty() || it.len() > 12 && before.ends_with('_'))
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
    fn finds_the_tools() {
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
            ("sh ./scripts/migrate.sh", "migration script"),
            ("./acme-migrate", "migration script"),
            ("node dist/migrate.js", "migration script"),
        ] {
            assert_eq!(tool_of(line), Some(tool), "{line}");
        }
    }

    #[test]
    fn points_at_the_tool() {
        let index = |line: &str| find_migration(&commands(line)[0]).map(|it| it.index);
        assert_eq!(index("python manage.py migrate"), Some(1));
        assert_eq!(index("exec alembic upgrade head"), Some(1));
        assert_eq!(index("exec python manage.py migrate"), Some(2));
    }

    #[test]
    fn leaves_other_commands_alone() {
        for line in [
            "alembic current",
            "alembic history",
            "flyway info",
            "flyway validate",
            "python manage.py showmigrations",
            "python manage.py migrate --check",
            "python manage.py makemigrations",
            "python manage.py runserver",
            "npx prisma generate",
            "prisma migrate status",
            "php artisan migrate:status",
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
    fn knows_switches() {
        assert!(is_migration_switch("RUN_MIGRATIONS", "true"));
        assert!(is_migration_switch("ACME_RUN_MIGRATIONS", "1"));
        assert!(is_migration_switch("SPRING_FLYWAY_ENABLED", "TRUE"));
        assert!(is_migration_switch("SPRING_JPA_HIBERNATE_DDL_AUTO", "update"));
        for switch in crate::words::words(SWITCHES) {
            assert!(is_migration_switch(switch, "true"), "{switch}");
        }
        assert!(!is_migration_switch("RUN_MIGRATIONS", "false"));
        assert!(!is_migration_switch("SPRING_JPA_HIBERNATE_DDL_AUTO", "validate"));
        assert!(!is_migration_switch("MIGRATIONS_DIR", "true"));
        assert!(!is_migration_switch("DISABLE_AUTO_MIGRATE", "false"));
    }
}
