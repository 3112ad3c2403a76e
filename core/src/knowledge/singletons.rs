//! Processes of which only one may run: schedulers that start a job at a time of day.
//!
//! Source: each tool's documentation, which warns of a second scheduler (Celery "Periodic Tasks",
//! Laravel "Task Scheduling", Airflow before 2.0, Clockwork README, Ofelia README).

use super::shell::{Command, base_name};
use crate::words::{is_among, lines, split_once};

/// A scheduler in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Singleton {
    pub tool: &'static str,
    /// The word that shows it, in the command's words.
    pub index: usize,
}

/// A program, the words after it, one of which must be there, and what that is called.
const TABLE: &str = "\
celery: beat = celery beat
celery: -B --beat = celery worker with beat
artisan: schedule:work schedule:run = Laravel's scheduler
clockwork: = clockwork
rqscheduler: = rqscheduler
supercronic: = supercronic
crond: = crond
cron: = cron
ofelia: daemon = Ofelia
whenever: = whenever
rufus-scheduler: = rufus-scheduler
apscheduler: = APScheduler
good_job_cron: = GoodJob cron
";

/// Finds a scheduler in a simple command.
#[must_use]
pub fn singleton(command: &Command) -> Option<Singleton> {
    let program = command.program();
    let head = command.words.len() - program.len();
    let first = base_name(&program.first()?.text);
    let interpreter = first.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let at = if is_among("python php ruby node", interpreter) {
        1 + program[1..].iter().take_while(|it| it.text.starts_with('-')).count()
    } else {
        0
    };
    let name = base_name(&program.get(at)?.text);
    for line in lines(TABLE) {
        let Some(row) = line.strip_prefix(name).and_then(|it| it.strip_prefix(": ")) else {
            continue;
        };
        let Some((words, tool)) = split_once(row, "= ") else { continue };
        let found = if words.is_empty() {
            Some(0)
        } else {
            program[at..].iter().position(|it| is_among(words, &it.text))
        };
        if let Some(found) = found {
            return Some(Singleton { tool, index: head + at + found });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knowledge::shell::commands;

    #[test]
    fn finds_schedulers() {
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
