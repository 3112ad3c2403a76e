//! Commands that start a program for development.
//!
//! Source: see `data/dev_commands.txt`.

use super::data::entries;
use super::shell::{Command, Word, base_name};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// When the arguments of a program make it one for development.
#[derive(Debug)]
enum When {
    Always,
    /// One of these words is among the arguments. One that ends in `*` stands for every word that
    /// begins like it.
    With(Vec<&'static str>),
    /// None of these words is the first argument.
    Unless(Vec<&'static str>),
}

static PROGRAMS: LazyLock<FxHashMap<&str, When>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/dev_commands.txt"));
    rows.map(|row| {
        let words = |text: &'static str| text.split(' ').collect();
        if let Some((program, list)) = row.split_once(": ") {
            (program, When::With(words(list)))
        } else if let Some((program, list)) = row.split_once(" !") {
            (program, When::Unless(words(list)))
        } else {
            (row, When::Always)
        }
    })
    .collect()
});

/// Package managers and task runners, which start a script of the project by its name.
const TASK_RUNNERS: &[&str] = &[
    "npm", "yarn", "pnpm", "bun", "deno", "make", "just", "task", "composer", "rake", "invoke",
    "lerna", "mise",
];

/// Words in the name of a script that serves for development: `dev`, `start:dev`, `watch`.
const DEVELOPMENT_WORDS: &[&str] =
    &["dev", "develop", "development", "watch", "hot", "livereload", "nodemon", "debug"];

/// First words in the name of a script that prepares something and ends: `build:dev`.
const PREPARING_WORDS: &[&str] = &[
    "build", "install", "test", "lint", "migrate", "seed", "compile", "generate", "setup", "clean",
    "format", "check", "prepare", "db", "codegen", "bundle",
];

/// Words between a package manager and the name of a script.
const PASSED_WORDS: &[&str] = &["run", "run-script", "task", "exec", "workspace", "workspaces"];

/// Returns the words of a command that make it one for development, from the program to the word that
/// decides.
#[must_use]
pub fn dev_command(command: &Command) -> Option<&[Word]> {
    let program = command.program();
    let at = program_index(program);
    let name = base_name(&program.get(at)?.text);
    let arguments = &program[at + 1..];
    // The program decides for itself, or one of the scripts that it runs: `python manage.py runserver`.
    if let Some(last) = decides(name, arguments) {
        return Some(&program[..at + 1 + last]);
    }
    if TASK_RUNNERS.contains(&name) {
        let script = script_index(arguments)?;
        return Some(&program[..at + 2 + script]);
    }
    let script = arguments.iter().position(|it| !it.text.starts_with('-'))?;
    let is_interpreter = {
        let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        matches!(plain, "python" | "php" | "node" | "ruby" | "tsx" | "ts-node" | "pypy")
    };
    if !is_interpreter {
        return None;
    }
    let ran = base_name(&arguments[script].text);
    let last = decides(ran, &arguments[script + 1..])?;
    Some(&program[..at + 2 + script + last])
}

/// Returns the index of the program behind `yarn workspace web` and the like, where a tool stands
/// directly behind the package manager: `yarn vite`, `pnpm next dev`.
fn program_index(program: &[Word]) -> usize {
    let text = |at: usize| program.get(at).map_or("", |it| it.text.as_str());
    let direct = matches!(base_name(text(0)), "yarn" | "pnpm" | "bun" | "rails" | "mix");
    usize::from(direct && PROGRAMS.contains_key(text(1)))
}

/// What a command for development does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DevKind {
    /// It restarts the program when a file changes.
    Reloader,
    /// It waits for a debugger.
    Debugger,
    /// It serves with the server that a framework or a language brings for development.
    Server,
    /// It builds the pages as they are asked for.
    Bundler,
    /// It starts a server with the insecure settings that are its defaults for development.
    Insecure,
    /// A script of the project, whose name says that it is for development.
    Script,
}

/// Programs that restart others.
const RELOADERS: &[&str] = &[
    "nodemon",
    "node-dev",
    "ts-node-dev",
    "tsnd",
    "watchmedo",
    "watchfiles",
    "hupper",
    "rerun",
    "guard",
    "shotgun",
    "air",
    "realize",
    "reflex",
    "gow",
    "modd",
    "CompileDaemon",
    "cargo-watch",
    "watchexec",
    "start-reload.sh",
];

/// Programs and commands that serve for development without building anything.
const SERVERS: &[&str] =
    &["runserver", "runserver_plus", "flask", "quart", "php", "artisan", "console", "symfony"];

/// Returns what the words of a command for development do; see [`dev_command`].
#[must_use]
pub fn dev_kind(words: &[Word]) -> DevKind {
    let names: Vec<&str> = words.iter().map(|it| base_name(&it.text)).collect();
    let has = |list: &[&str]| names.iter().any(|name| list.contains(name));
    let last = words.last().map_or("", |it| it.text.as_str());
    let is_debugger = ["--inspect", "-agentlib:jdwp", "-Xrunjdwp", "-Xdebug"];
    if has(&["debugpy", "dlv"]) || is_debugger.iter().any(|it| last.starts_with(it)) {
        DevKind::Debugger
    } else if has(RELOADERS)
        || last.starts_with("--watch")
        || matches!(last, "--reload" | "--auto-reload" | "watch" | "--hot" | "--continuous")
    {
        DevKind::Reloader
    } else if last == "start-dev" {
        DevKind::Insecure
    } else if has(SERVERS) {
        DevKind::Server
    } else if names.first().is_some_and(|it| TASK_RUNNERS.contains(it))
        && !names.get(1).is_some_and(|it| PROGRAMS.contains_key(it))
    {
        DevKind::Script
    } else {
        DevKind::Bundler
    }
}

/// Returns the number of arguments up to the one that makes a program one for development.
fn decides(name: &str, arguments: &[Word]) -> Option<usize> {
    // Printing the version or the help starts nothing.
    if arguments.iter().any(|it| matches!(it.text.as_str(), "--version" | "--help")) {
        return None;
    }
    match PROGRAMS.get(name)? {
        When::Always => Some(0),
        When::With(words) => {
            let fits = |text: &str| {
                words.iter().any(|word| match word.strip_suffix('*') {
                    Some(start) => text.starts_with(start),
                    None => *word == text,
                })
            };
            arguments.iter().position(|it| fits(&it.text)).map(|at| at + 1)
        }
        When::Unless(words) => {
            let first = arguments.first().map_or("", |it| it.text.as_str());
            (!words.contains(&first)).then_some(0)
        }
    }
}

/// Returns the index of the argument that names a script for development.
fn script_index(arguments: &[Word]) -> Option<usize> {
    let mut skip_value = false;
    for (at, word) in arguments.iter().enumerate() {
        let text = word.text.as_str();
        if std::mem::take(&mut skip_value) {
            continue;
        }
        // `yarn workspace web dev`, `pnpm --filter web dev`, `npm --prefix web run dev`.
        if matches!(
            text,
            "workspace" | "--filter" | "-F" | "--prefix" | "--cwd" | "-C" | "-w" | "--dir" | "-f"
        ) {
            skip_value = true;
        } else if text.starts_with('-') || PASSED_WORDS.contains(&text) {
            continue;
        } else {
            return is_dev_script(text).then_some(at);
        }
    }
    None
}

/// Whether the name of a script says that it serves for development.
fn is_dev_script(name: &str) -> bool {
    let mut words = name.split([':', '-', '_', '.', '/']);
    let first = words.next().unwrap_or_default();
    !PREPARING_WORDS.contains(&first)
        && std::iter::once(first).chain(words).any(|it| DEVELOPMENT_WORDS.contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::shell::commands;

    fn found(text: &str) -> Option<String> {
        commands(text)
            .iter()
            .find_map(dev_command)
            .map(|words| words.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_table_is_well_formed_and_broad() {
        assert!(PROGRAMS.len() >= 45, "{}", PROGRAMS.len());
        for (program, when) in PROGRAMS.iter() {
            assert!(!program.contains(' '), "{program}");
            if let When::With(words) | When::Unless(words) = when {
                assert!(words.iter().all(|it| !it.is_empty()), "{program}");
            }
        }
    }

    #[test]
    fn commands_for_development_are_found_with_the_word_that_decides() {
        for (text, words) in [
            ("nodemon server.js", "nodemon"),
            ("npx nodemon server.js", "nodemon"),
            ("npm run dev", "npm run dev"),
            ("npm install && npm run dev -- --host", "npm run dev"),
            ("yarn dev", "yarn dev"),
            ("yarn start:dev", "yarn start:dev"),
            ("yarn workspace web dev", "yarn workspace web dev"),
            ("pnpm --filter web dev", "pnpm --filter web dev"),
            ("pnpm next dev", "next dev"),
            ("make watch", "make watch"),
            ("vite", "vite"),
            ("vite --host 0.0.0.0", "vite"),
            ("next dev -p 3000", "next dev"),
            ("uvicorn app:app --host 0.0.0.0 --reload", "uvicorn app:app --host 0.0.0.0 --reload"),
            ("python -m uvicorn app:app --reload", "python -m uvicorn app:app --reload"),
            ("gunicorn --reload app:app", "gunicorn --reload"),
            ("flask run --host=0.0.0.0", "flask run"),
            ("flask --app web --debug run", "flask --app web --debug"),
            ("python manage.py runserver 0.0.0.0:8000", "python manage.py runserver"),
            ("python3.12 manage.py runserver", "python3.12 manage.py runserver"),
            ("poetry run fastapi dev", "fastapi dev"),
            ("python -m debugpy --listen 5678 app.py", "python -m debugpy"),
            ("watchmedo auto-restart -- celery -A x worker", "watchmedo auto-restart"),
            ("php artisan serve", "php artisan serve"),
            ("php -S 0.0.0.0:80", "php -S"),
            ("air -c .air.toml", "air"),
            ("cargo watch -x run", "cargo watch"),
            ("dlv debug --headless", "dlv"),
            ("./mvnw spring-boot:run", "./mvnw spring-boot:run"),
            (
                "java -agentlib:jdwp=transport=dt_socket -jar a.jar",
                "java -agentlib:jdwp=transport=dt_socket",
            ),
            ("dotnet watch run", "dotnet watch"),
            ("node --inspect=0.0.0.0:9229 a.js", "node --inspect=0.0.0.0:9229"),
            ("sh -c 'exec nodemon a.js'", "nodemon"),
        ] {
            let wanted = words.trim_start_matches("next dev");
            let got = found(text).unwrap_or_else(|| panic!("{text}"));
            assert!(got.ends_with(wanted) && got.len() >= words.len(), "{text}: {got}");
        }
    }

    #[test]
    fn commands_for_development_are_of_different_kinds() {
        for (text, kind) in [
            ("npx nodemon server.js", DevKind::Reloader),
            ("uvicorn app:app --reload", DevKind::Reloader),
            ("dotnet watch run", DevKind::Reloader),
            ("node --inspect=0.0.0.0:9229 a.js", DevKind::Debugger),
            ("python -m debugpy --listen 5678 app.py", DevKind::Debugger),
            ("python manage.py runserver", DevKind::Server),
            ("flask run --host=0.0.0.0", DevKind::Server),
            ("php -S 0.0.0.0:80", DevKind::Server),
            ("vite --host", DevKind::Bundler),
            ("pnpm next dev", DevKind::Bundler),
            ("npm run dev", DevKind::Script),
        ] {
            let commands = commands(text);
            let words = commands.iter().find_map(dev_command).expect("a command for development");
            assert_eq!(dev_kind(words), kind, "{text}");
        }
    }

    #[test]
    fn production_starts_and_preparations_are_not() {
        for text in [
            "npm start",
            "npm run build:dev",
            "npm run start:prod",
            "yarn build",
            "npm install --include=dev",
            "vite build",
            "vite preview",
            "next start",
            "uvicorn app:app",
            "gunicorn app:app",
            "flask db upgrade",
            "python manage.py migrate",
            "php artisan migrate",
            "php artisan queue:work",
            "php-fpm",
            "cargo run",
            "java -jar app.jar",
            "dotnet app.dll",
            "node server.js",
            "nodemon --version",
            "composer install --no-dev",
            "webpack --mode production",
            "",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
