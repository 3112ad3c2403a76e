//! Migrations: what changes the schema of a database, and when.

use super::image_start::is_entrypoint_script;
use super::{Facts, Mention, Part, Service, StartedScript, Unit, Var, Workload, first_label};
use crate::knowledge::families::Class;
use crate::knowledge::migrations::{
    asks_for_migrations, entrypoint_of, find_migration, is_migration_name, is_migration_switch,
    migrates_before_server, migrates_by_itself,
};
use crate::knowledge::shell::{Command, Joint, Word, base_name, commands_of_argv};
use crate::knowledge::starts::is_server_start;
use crate::model::kubernetes::{HookHandler, ProbeHandler};
use crate::model::{Str, compose};
use crate::text::Span;

/// A migration that a container runs.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The tool as its users write it, or the variable that switches the migration on.
    pub tool: String,
    /// The word or variable that causes the migration.
    pub span: Span,
    /// Whether the same start command also runs something else.
    pub then_serves: bool,
    pub by_switch: bool,
    /// Whether it stands in what the image starts by itself, as the Dockerfile says.
    pub in_image: bool,
}

impl Migration {
    /// Returns a migration that a command runs which does nothing else.
    fn alone(tool: String, span: Span) -> Migration {
        Migration { tool, span, then_serves: false, by_switch: false, in_image: false }
    }
}

/// Commands that neither serve nor migrate.
const TRIVIAL: &[&str] = &[
    "echo",
    "printf",
    "exit",
    "true",
    ":",
    "sleep",
    "set",
    "cd",
    "export",
    "nc",
    "wait-for-it",
    "wait-for-it.sh",
    "wait-for",
    "wait-for.sh",
    "dockerize",
    "until",
    "pg_isready",
    "test",
    "[",
    "mkdir",
    "chown",
    "chmod",
    "cp",
    "ls",
    "cat",
    "env",
    "date",
    "source",
    ".",
    "kill",
    "pkill",
    "touch",
    "if",
    "fi",
    "done",
];

/// Returns the migration in a container's start command, or one that a variable switches on.
pub(super) fn of_unit(unit: &Unit<'_>, shares_image: bool) -> Option<Migration> {
    let start = &unit.start;
    let by_program = started(&start.commands, &|it| start.span_of(it))
        .or_else(|| by_own_program(unit, shares_image));
    by_program.or_else(|| by_tool_image(unit)).or_else(|| of_image(unit)).or_else(|| {
        let switch: &Var<'_> = unit
            .env
            .iter()
            .find(|it| it.value.is_some_and(|value| is_migration_switch(it.name, value)))?;
        let tool = switch.name.to_owned();
        let migration = Migration::alone(tool, switch.span);
        Some(Migration { then_serves: true, by_switch: true, ..migration })
    })
}

/// Returns the migration in what the image of a container starts by itself.
pub(super) fn of_image(unit: &Unit<'_>) -> Option<Migration> {
    let start = unit.image_start.as_ref()?;
    let migration = started(&start.commands, &|it| start.span_of(it))?;
    Some(Migration { in_image: true, ..migration })
}

fn started(commands: &[Command], span_of: &dyn Fn(&Word) -> Span) -> Option<Migration> {
    for (at, command) in commands.iter().enumerate() {
        let (tool, index) = match find_migration(command) {
            Some(hit) => (hit.tool.to_owned(), hit.index),
            None => match migrates_before_server(commands, at) {
                Some(index) => (format!("{} migrate", command.name()), index),
                None => continue,
            },
        };
        let others = commands.iter().enumerate().filter(|it| it.0 != at);
        let then_serves = others.into_iter().any(|it| does_something(it.1));
        let span = command.words.get(index).map_or_else(Span::default, span_of);
        return Some(Migration { then_serves, ..Migration::alone(tool, span) });
    }
    None
}

/// Returns the migration of a tool's own image, whose entrypoint is the tool: `migrate` with `flyway/flyway`.
fn by_tool_image(unit: &Unit<'_>) -> Option<Migration> {
    let image = unit.image.as_ref()?;
    let is_of_tool = image.family.is_some_and(|it| it.class == Class::Migration);
    if !is_of_tool || unit.start.replaces_entrypoint {
        return None;
    }
    let tool = entrypoint_of(&image.repository)?;
    let arguments = unit.start.words.iter().map(|it| it.value.as_str());
    let words: Vec<&str> = std::iter::once(tool).chain(arguments).collect();
    let hit = commands_of_argv(&words).first().and_then(find_migration)?;
    let span = unit.start.span?;
    Some(Migration::alone(hit.tool.to_owned(), span))
}

/// Returns the migration of an init container whose program has a subcommand for it, where the container is named
/// after a migration or runs the image of the application.
fn by_own_program(unit: &Unit<'_>, shares_image: bool) -> Option<Migration> {
    let is_meant = unit.part == Part::Init && (shares_image || is_migration_name(unit.name));
    let command = unit.start.commands.iter().find(|it| is_meant && migrates_by_itself(it))?;
    let program = command.program().first()?;
    let tool = format!("{} migrate", base_name(&program.text));
    Some(Migration::alone(tool, unit.start.span_of(program)))
}

impl<'a> Facts<'a> {
    /// Returns the migration that a container runs.
    pub fn migration_of<'f>(&self, unit: &'f Unit<'a>) -> Option<&'f Migration> {
        unit.migration.as_ref()
    }

    /// Returns the migration that a Compose service runs: in its start command, or in a step before or after its
    /// container starts.
    pub fn migration_of_service(&self, service: &Service<'a>) -> Option<Migration> {
        let hooks = service.model.pre_start.iter().chain(&service.model.post_start);
        let in_hook = || {
            hooks.into_iter().find_map(|hook| {
                let tool = migration_in(&hook.command.words)?.to_owned();
                Some(Migration::alone(tool, hook.span))
            })
        };
        self.migration_of(&service.unit).cloned().or_else(in_hook)
    }

    /// Returns the place of a migration in the files that start containers: what the image does by itself is at the
    /// `build` of a service, or at the image of a container.
    pub fn place_of_migration(&self, unit: &Unit<'a>, migration: &Migration) -> Span {
        if migration.in_image { self.build_or_image(unit) } else { migration.span }
    }

    /// Whether a Compose service may migrate without showing how: in a script, or going by its name.
    pub fn may_migrate(&self, service: &Service<'a>) -> bool {
        self.is_migration_service(service)
            || self.starts_unread_script(service)
            || self.migration_in_script(&service.unit).is_some()
    }

    /// Returns the migration in a script of the project that a container starts before it serves. What depends on
    /// a condition does not count.
    pub fn migration_in_script(&self, unit: &Unit<'a>) -> Option<(Migration, StartedScript<'a>)> {
        self.started_scripts(unit).into_iter().find_map(|started| {
            let commands = &started.commands;
            let is_asked = |at: usize| {
                let before = at.checked_sub(1).map(|it| &commands[it]);
                before.is_some_and(|it| match it.joint {
                    Joint::Or => true,
                    Joint::And => matches!(it.name(), "[" | "[[" | "test"),
                    Joint::Then | Joint::Pipe | Joint::Background | Joint::End => false,
                })
            };
            let hits = commands.iter().enumerate();
            let (at, hit) = hits
                .filter(|(at, _)| !is_asked(*at))
                .find_map(|(at, it)| Some((at, find_migration(it)?)))?;
            let then_serves = commands[at + 1..].iter().any(hands_over);
            let span = started.script.span_of(&commands[at].words[hit.index]);
            let tool = hit.tool.to_owned();
            Some((Migration { then_serves, ..Migration::alone(tool, span) }, started))
        })
    }

    /// Whether a container does nothing but migrate, by its command, its image or its name.
    pub fn only_migrates(&self, unit: &Unit<'a>) -> bool {
        match self.migration_of(unit) {
            Some(it) if !it.by_switch => !it.then_serves,
            _ => {
                unit.family().is_some_and(|it| it.class == Class::Migration)
                    || (is_migration_name(unit.name) && unit.start.is_empty())
            }
        }
    }

    /// Whether a Compose service does nothing but migrate.
    pub fn is_migration_service(&self, service: &Service<'a>) -> bool {
        self.only_migrates(&service.unit)
    }

    /// Whether an init container of a workload waits until migrations are applied that run elsewhere.
    pub fn waits_for_migrations(&self, workload: &Workload<'a>) -> bool {
        let inits = workload.units.iter().filter(|it| it.part == Part::Init);
        inits.flat_map(|it| &it.start.commands).any(asks_for_migrations)
    }

    /// Whether any part of a workload migrates: a container, an init container or a hook; or whether its
    /// name says so.
    pub fn workload_migrates(&self, workload: &Workload<'a>) -> bool {
        let migrates = |it: &Unit<'a>| {
            self.migration_of(it).is_some()
                || self.only_migrates(it)
                || self.migration_in_script(it).is_some()
        };
        workload.units.iter().any(migrates)
            || is_migration_name(workload.name)
            || workload.containers().any(|(_, it)| {
                let hook = it.post_start.as_ref().and_then(|it| hook_words(&it.handler));
                hook.is_some_and(|it| migration_in(it).is_some())
            })
    }
}

impl<'a> Facts<'a> {
    /// Returns the workloads that need the schema to which a Job migrates: they are applied together with
    /// it, serve, and run the same code or name the same database.
    pub fn apps_on_schema_of(&self, job: &Workload<'a>) -> Vec<&Workload<'a>> {
        let code = repositories(job);
        let databases = self.databases(job);
        let needs = |it: &&Workload<'a>| {
            let same_code = repositories(it).iter().any(|own| code.contains(own));
            let same_data = || self.databases(it).iter().any(|own| databases.contains(own));
            it.index != job.index && it.is_server_like() && (same_code || same_data())
        };
        self.workloads_around(job.object).filter(needs).collect()
    }

    /// Returns the databases that a workload names, by the Service's name or the host.
    fn databases(&self, workload: &Workload<'a>) -> Vec<&str> {
        let mut found = Vec::new();
        for unit in &workload.units {
            for mention in self.peers(unit) {
                let is_database = mention.scheme.is_some_and(is_database_scheme)
                    || mention.effective_port().is_some_and(is_database_port);
                if is_database && !mention.is_loopback() {
                    found.push(first_label(mention.host));
                }
            }
        }
        found
    }

    /// Returns the databases that a Compose service names, each as its server and its name on that server.
    pub fn databases_of<'f>(&'f self, service: &'f Service<'a>) -> Vec<(usize, &'f str)> {
        let unit = &service.unit;
        let mut found = Vec::new();
        for mention in self.peers(unit) {
            let Some(server) = self.compose_host(service, mention.host) else { continue };
            let is_database = server.unit.family().is_some_and(|it| it.class == Class::Database);
            if is_database && let Some(name) = database_named(unit, mention) {
                found.push((server.index, name));
            }
        }
        found
    }

    /// Whether an application waits in an init container until a Job is complete.
    pub fn awaits(&self, app: &Workload<'a>, job: &Workload<'a>) -> bool {
        let inits = app.units.iter().filter(|it| it.part == Part::Init);
        inits.flat_map(|it| &it.start.words).any(|word| {
            let names = |text: &str| text.split(['/', ' ', '=']).any(|it| it == job.name);
            !job.name.is_empty() && names(&word.value)
        })
    }
}

/// Returns the name of the database that stands behind a host: in the same URL, or in a variable beside that of the
/// host, as `DB_NAME` beside `DB_HOST`.
fn database_named<'u>(unit: &'u Unit<'_>, mention: &Mention<'_>) -> Option<&'u str> {
    let in_url = |text: &'u str| {
        let rest = text.match_indices(mention.host).find_map(|(at, host)| {
            let rest = &text[at + host.len()..];
            let is_host = text[..at].ends_with(['/', '@', ',']) && rest.starts_with([':', '/']);
            is_host.then_some(rest)
        })?;
        let rest = rest.trim_start_matches(|it: char| it == ':' || it.is_ascii_digit());
        let end = |it: char| !it.is_alphanumeric() && !matches!(it, '_' | '-');
        rest.strip_prefix('/')?.split(end).next().filter(|it| !it.is_empty())
    };
    let Some(key) = mention.key else {
        return unit.start.words.iter().find_map(|it| in_url(it.value.as_str()));
    };
    let beside = || {
        let stem = ["HOSTNAME", "HOST", "SERVER", "ADDRESS", "ADDR"]
            .iter()
            .find_map(|it| key.strip_suffix(it))?;
        let ends = ["NAME", "DATABASE", "DB", "DBNAME", "DB_NAME"];
        ends.iter().find_map(|end| unit.value(&format!("{stem}{end}")))
    };
    unit.value(key).and_then(in_url).or_else(beside)
}

/// Returns the image repositories of a workload's containers.
fn repositories<'w>(workload: &'w Workload<'_>) -> Vec<&'w str> {
    let images = workload.units.iter().filter_map(|it| it.image.as_ref());
    images.map(|it| it.repository.as_str()).filter(|it| !it.is_empty()).collect()
}

/// Whether a URL with this scheme leads to a database with a schema.
fn is_database_scheme(scheme: &str) -> bool {
    const NAMES: &[&str] =
        &["postgres", "mysql", "mariadb", "sqlserver", "mssql", "oracle", "cockroach", "mongodb"];
    NAMES.iter().any(|it| scheme.contains(it))
}

/// Whether databases with a schema listen on a port by default.
fn is_database_port(port: u16) -> bool {
    matches!(port, 1433 | 1521 | 3306 | 5432 | 26257 | 27017)
}

/// Returns the migration tool that the words of a lifecycle hook run.
pub fn migration_in(words: &[Str]) -> Option<&'static str> {
    let texts: Vec<&str> = words.iter().map(|it| it.value.as_str()).collect();
    let commands = commands_of_argv(&texts);
    commands.iter().find_map(find_migration).map(|it| it.tool)
}

/// Returns the words of a hook that runs a command.
pub fn hook_words(handler: &HookHandler) -> Option<&[Str]> {
    match handler {
        HookHandler::Run(ProbeHandler::Exec { command, .. }) => Some(command),
        _ => None,
    }
}

/// Whether a command of a start script is the one that stays: a server, or what the script is given.
fn hands_over(command: &Command) -> bool {
    let first = command.words.first().map_or("", |it| it.text.as_str());
    first == "exec" || first.contains("$@") || is_server_start(command)
}

fn does_something(command: &Command) -> bool {
    let name = command.name();
    !name.is_empty()
        && !TRIVIAL.contains(&name)
        && !is_entrypoint_script(command)
        && find_migration(command).is_none()
}

/// Whether a service migrates before its container starts (`pre_start`).
pub fn migrates_before_start(service: &compose::Service) -> bool {
    service.pre_start.iter().any(|it| migration_in(&it.command.words).is_some())
}
