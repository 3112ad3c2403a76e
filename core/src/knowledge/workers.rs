//! Programs that take jobs from Redis and work on them: what is queued there and lost is never done.
//!
//! Sources: Sidekiq wiki, "Using Redis"; Celery documentation, "Backends and Brokers"; RQ documentation, "Workers";
//! Resque README; Laravel documentation, "Horizon".

use super::shell::{Command, base_name};

/// Programs with the word that must follow, if any.
const WORKERS: &[(&str, &str)] = &[
    ("sidekiq", ""),
    ("celery", "worker"),
    ("rq", "worker"),
    ("rqworker", ""),
    ("resque:work", ""),
    ("artisan", "horizon"),
];

/// Whether a simple command works on queued jobs.
#[must_use]
pub fn is_job_worker(command: &Command) -> bool {
    let words: Vec<&str> = command.program().iter().map(|it| base_name(&it.text)).collect();
    // `php artisan horizon` and `rake resque:work` name the program second.
    WORKERS.iter().any(|(program, word)| {
        let at = words.iter().take(2).position(|it| it == program);
        let is_shown = matches!(words.first(), Some(&"echo" | &"printf" | &"which"));
        at.is_some_and(|at| !is_shown && (word.is_empty() || words[at + 1..].contains(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::is_job_worker;
    use crate::knowledge::shell::commands;

    #[test]
    fn workers_are_told_from_what_else_the_programs_do() {
        let is_worker = |line: &str| commands(line).iter().any(is_job_worker);
        for line in [
            "bundle exec sidekiq -C config/sidekiq.yml",
            "celery -A app worker -l info",
            "php artisan horizon",
            "bundle exec rake resque:work",
            "rq worker default",
        ] {
            assert!(is_worker(line), "{line}");
        }
        for line in ["celery -A app beat", "celery flower", "rails server", "echo sidekiq", ""] {
            assert!(!is_worker(line), "{line}");
        }
    }
}
