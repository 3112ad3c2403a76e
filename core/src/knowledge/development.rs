//! Commands that are made for development: they watch sources and restart, or serve with a debugger.

use super::data::{entries, words};
use super::shell::{Command, Word, base_name};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::LazyLock;

/// A command for development among the words of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevelopmentCommand {
    /// The tool, as its users write it: `nodemon`, `uvicorn --reload`, `npm run dev`.
    pub tool: &'static str,
    /// Index of the word that makes it one for development.
    pub index: usize,
}

/// The words that make each program one for development; `*` where it always is.
static COMMANDS: LazyLock<FxHashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let rows = entries(include_str!("data/development_commands.txt"));
    rows.map(|row| {
        let (program, words) = row.split_once(" = ").expect("internal error: a malformed row");
        (program, words.split(", ").collect())
    })
    .collect()
});

static SCRIPTS: LazyLock<FxHashSet<&str>> =
    LazyLock::new(|| words(include_str!("data/development_scripts.txt")));

/// Programs that run a script of the project or a tool given as an argument.
const RUNNERS: &[&str] = &[
    "npm", "yarn", "pnpm", "bun", "npx", "pnpx", "bunx", "deno", "composer", "make", "just", "task",
];

/// Interpreters that run a script or module given as an argument.
const INTERPRETERS: &[&str] = &["python", "php", "ruby", "node"];

/// Words between a runner and what it runs.
const BETWEEN: &[&str] = &["run", "run-script", "exec", "x", "dlx", "task", "-m"];

/// Subcommands with which a program of the list only prepares something.
const PREPARES: &[&str] = &["build", "generate", "lint", "check", "test", "init", "preview"];

/// Finds what makes a simple command one for development.
#[must_use]
pub fn development_command(command: &Command) -> Option<DevelopmentCommand> {
    let program = command.program();
    let before = command.words.len() - program.len();
    let texts: Vec<&str> = program.iter().map(|it: &Word| it.text.as_str()).collect();
    let found = find(&texts)?;
    Some(DevelopmentCommand { index: before + found.index, ..found })
}

fn find(texts: &[&str]) -> Option<DevelopmentCommand> {
    let name = base_name(texts.first()?);
    if let Some(found) = by_program(name, texts, 0) {
        return Some(found);
    }
    let unversioned = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let runs = RUNNERS.contains(&name);
    if !runs && !INTERPRETERS.contains(&unversioned) {
        return None;
    }
    let skipped = |it: &&&str| it.starts_with('-') || BETWEEN.contains(*it);
    let at = 1 + texts[1..].iter().take_while(skipped).count();
    let script = *texts.get(at)?;
    if runs && let Some(script) = SCRIPTS.get(script) {
        return Some(DevelopmentCommand { tool: script, index: at });
    }
    by_program(base_name(script), texts, at)
}

/// Looks a program up that stands at an index.
fn by_program(name: &str, texts: &[&str], at: usize) -> Option<DevelopmentCommand> {
    let (tool, known) = COMMANDS.get_key_value(name)?;
    let arguments = &texts[at + 1..];
    let first = arguments.iter().position(|it| !it.starts_with('-'));
    known.iter().find_map(|words| {
        if *words == "*" {
            let prepares = first.is_some_and(|it| PREPARES.contains(&arguments[it]));
            return (!prepares).then_some(DevelopmentCommand { tool, index: at });
        }
        let mut wanted = words.split(' ');
        let head = wanted.next()?;
        let start = match head.starts_with('-') {
            true => arguments.iter().position(|it| is_option(it, head))?,
            false => first.filter(|it| arguments[*it] == head)?,
        };
        let rest = wanted.all(|word| arguments[start + 1..].iter().any(|it| is_option(it, word)));
        rest.then_some(DevelopmentCommand { tool, index: at + 1 + start })
    })
}

/// Whether an argument is an option, with or without a value: `--inspect=0.0.0.0:9229`.
fn is_option(argument: &str, option: &str) -> bool {
    argument.strip_prefix(option).is_some_and(|it| it.is_empty() || it.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::shell::commands;

    fn tool(line: &str) -> Option<&'static str> {
        commands(line).iter().find_map(development_command).map(|it| it.tool)
    }

    #[test]
    fn commands_for_development_are_found() {
        for (line, name) in [
            ("nodemon server.js", "nodemon"),
            ("npx nodemon", "nodemon"),
            ("node --watch index.js", "node"),
            ("node --inspect=0.0.0.0:9229 index.js", "node"),
            ("npm run dev", "dev"),
            ("npm run dev -- --host", "dev"),
            ("yarn dev", "dev"),
            ("pnpm run start:dev", "start:dev"),
            ("npx next dev", "next"),
            ("vite --host 0.0.0.0", "vite"),
            ("ng serve --host 0.0.0.0", "ng"),
            ("python manage.py runserver 0.0.0.0:8000", "manage.py"),
            ("python3.12 manage.py runserver", "manage.py"),
            ("uvicorn main:app --reload", "uvicorn"),
            ("poetry run uvicorn main:app --reload", "uvicorn"),
            ("python -m uvicorn main:app --reload", "uvicorn"),
            ("gunicorn app:app --reload", "gunicorn"),
            ("flask --app web --debug run", "flask"),
            ("flask run --debug", "flask"),
            ("fastapi dev main.py", "fastapi"),
            ("php artisan serve --host=0.0.0.0", "artisan"),
            ("air -c .air.toml", "air"),
            ("cargo watch -x run", "cargo"),
            ("dotnet watch run", "dotnet"),
            ("./mvnw spring-boot:run", "mvnw"),
            ("gradle bootRun", "gradle"),
            ("nest start --watch", "nest"),
            ("watchmedo auto-restart -- celery worker", "watchmedo"),
        ] {
            assert_eq!(tool(line), Some(name), "{line}");
        }
    }

    #[test]
    fn commands_for_production_are_not() {
        for line in [
            "node server.js",
            "npm start",
            "npm run start",
            "npm run build",
            "next start",
            "vite build",
            "vite preview",
            "uvicorn main:app",
            "gunicorn app:app",
            "flask run",
            "fastapi run",
            "python manage.py migrate",
            "python app.py --reload-config",
            "php artisan queue:work",
            "dotnet app.dll",
            "nest start",
            "cargo run",
            "echo nodemon",
            "",
        ] {
            assert_eq!(tool(line), None, "{line}");
        }
    }

    #[test]
    fn the_index_points_at_the_word_that_matters() {
        let index = |line: &str| development_command(&commands(line)[0]).map(|it| it.index);
        assert_eq!(index("uvicorn main:app --reload"), Some(2));
        assert_eq!(index("npm run dev"), Some(2));
        assert_eq!(index("exec python manage.py runserver"), Some(3));
        assert!(COMMANDS.len() + SCRIPTS.len() >= 45);
    }
}
