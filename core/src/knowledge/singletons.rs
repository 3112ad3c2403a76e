//! Processes of which only one may run: schedulers that start a job at a time of day.
//!
//! Source: each tool's documentation, which warns of a second scheduler (Celery "Periodic Tasks",
//! Laravel "Task Scheduling", Airflow before 2.0, Clockwork README, Ofelia README).

use super::migrations::script_at;
use super::shell::{Command, base_name};

/// A scheduler in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Singleton {
    pub tool: &'static str,
    /// Index of the word that gives the scheduler away, among the command's words.
    pub index: usize,
}

/// A program that schedules jobs.
struct Scheduler {
    program: &'static str,
    /// Words of which one must follow; empty when the program always schedules.
    words: &'static [&'static str],
    /// What messages call the scheduler.
    tool: &'static str,
}

const SCHEDULERS: &[Scheduler] = &[
    Scheduler { program: "celery", words: &["beat"], tool: "celery beat" },
    Scheduler { program: "celery", words: &["-B", "--beat"], tool: "celery worker with beat" },
    Scheduler {
        program: "artisan",
        words: &["schedule:work", "schedule:run"],
        tool: "Laravel's scheduler",
    },
    Scheduler { program: "clockwork", words: &[], tool: "clockwork" },
    Scheduler { program: "rqscheduler", words: &[], tool: "rqscheduler" },
    Scheduler { program: "supercronic", words: &[], tool: "supercronic" },
    Scheduler { program: "crond", words: &[], tool: "crond" },
    Scheduler { program: "cron", words: &[], tool: "cron" },
    Scheduler { program: "ofelia", words: &["daemon"], tool: "Ofelia" },
    Scheduler { program: "whenever", words: &[], tool: "whenever" },
    Scheduler { program: "rufus-scheduler", words: &[], tool: "rufus-scheduler" },
    Scheduler { program: "apscheduler", words: &[], tool: "APScheduler" },
    Scheduler { program: "good_job_cron", words: &[], tool: "GoodJob cron" },
];

/// Finds a scheduler in a simple command.
#[must_use]
pub fn singleton(command: &Command) -> Option<Singleton> {
    let program = command.program();
    let wrappers = command.words.len() - program.len();
    let first = base_name(&program.first()?.text);
    let interpreter = first.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let start = if matches!(interpreter, "python" | "php" | "ruby" | "node") {
        1 + program[1..].iter().take_while(|it| it.text.starts_with('-')).count()
    } else {
        0
    };
    let words = program.get(start..)?;
    let name = base_name(&words.first()?.text);
    SCHEDULERS.iter().filter(|scheduler| scheduler.program == name).find_map(|scheduler| {
        let at = if scheduler.words.is_empty() {
            0
        } else {
            words.iter().position(|it| scheduler.words.contains(&it.text.as_str()))?
        };
        Some(Singleton { tool: scheduler.tool, index: wrappers + start + at })
    })
}

/// Last words in the names of programs and services that schedule jobs.
const SCHEDULER_WORDS: &[&str] =
    &["beat", "celerybeat", "cron", "crond", "scheduler", "clock", "clockwork"];

/// Whether the name of a program or a service says that it schedules jobs: `job-scheduler`.
#[must_use]
pub fn is_scheduler_name(name: &str) -> bool {
    let last = name.rsplit(['-', '_', ':']).next().unwrap_or_default();
    SCHEDULER_WORDS.contains(&last)
}

/// Returns the index of the word of a command that names a script or a program of the project which schedules jobs, going
/// by its name: `node scheduler.js`, `./job-scheduler`.
#[must_use]
pub fn scheduler_by_name(command: &Command) -> Option<usize> {
    let program = command.program();
    let (at, name) = script_at(program)?;
    let wrappers = command.words.len() - program.len();
    is_scheduler_name(name).then_some(wrappers + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::shell::commands;

    #[test]
    fn schedulers_are_found() {
        let tool = |text: &str| commands(text).iter().find_map(singleton).map(|it| it.tool);
        assert_eq!(tool("celery -A app beat -l info"), Some("celery beat"));
        assert_eq!(tool("celery -A app worker -B"), Some("celery worker with beat"));
        assert_eq!(tool("python -m celery -A app beat"), Some("celery beat"));
        assert_eq!(tool("php artisan schedule:work"), Some("Laravel's scheduler"));
        assert_eq!(tool("bundle exec clockwork clock.rb"), Some("clockwork"));
        assert_eq!(tool("crond -f"), Some("crond"));
        for text in [
            "celery -A app worker",
            "php artisan queue:work",
            "node server.js",
            "celery -A heartbeat worker",
            "",
        ] {
            assert_eq!(tool(text), None, "{text}");
        }
    }
}
