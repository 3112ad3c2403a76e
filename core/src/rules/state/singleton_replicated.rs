use crate::facts::{Facts, Part, Service, Unit, in_shell};
use crate::knowledge::shell::Word;
use crate::knowledge::singletons::{self, is_scheduler_name};
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A scheduler that may run only once has several replicas.
    ///
    /// ## Why it hurts
    /// Each replica starts every job on schedule: invoices go out twice, and imports run at the
    /// same time.
    ///
    /// ## What helps
    /// One replica with `strategy: { type: Recreate }`, so that an update does not overlap either;
    /// a CronJob with `concurrencyPolicy: Forbid`; or the scheduler's own leader election.
    ///
    /// ## How to troubleshoot
    /// The logs of all replicas show the same job in the same second.
    ///
    /// ## When to ignore
    /// Where the scheduler takes a lock or elects a leader in a way that the files do not show.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: beat }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: beat } }
    ///   template:
    ///     metadata: { labels: { app: beat } }
    ///     spec:
    ///       containers:
    ///         - name: beat
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           command: ["celery", "-A", "shop", "beat"] # <- container `beat` of Deployment `beat` runs celery beat with 2 replicas, but only one may run
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: beat }
    /// spec:
    ///   replicas: 1
    ///   strategy: { type: Recreate }
    ///   selector: { matchLabels: { app: beat } }
    ///   template:
    ///     metadata: { labels: { app: beat } }
    ///     spec:
    ///       containers:
    ///         - name: beat
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           command: ["celery", "-A", "shop", "beat"]
    /// ```
    PLM708 "singleton-replicated" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        beside_another(facts, service, out);
    }
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let Some(many) = unit.copies.many() else { continue };
        let served = facts.workload_of(unit).is_none_or(|it| it.is_server_like());
        if !served || elects(unit) {
            continue;
        }
        let replicas = facts.replica_words(unit);
        let label = &unit.label;
        if let Some((tool, span)) = scheduler(unit) {
            out.at(&span, format!("{label} runs {tool} with {replicas}, but only one may run"))
                .also(&many, "more than one replica is requested here");
        } else if let Some(word) = started_by_name(unit) {
            let span = unit.start.span_of(word);
            out.at(&span, format!("{label} starts `{}`, which is named like a scheduler, with {replicas}, each of which may start every job", word.text))
                .confidence(Confidence::Possible)
                .also(&many, "more than one replica is requested here");
        } else if is_scheduler_name(unit.name) && unit.family().is_none() {
            out.at(&many, format!("{label} is named like a scheduler and has {replicas}, each of which may start every job"))
                .confidence(Confidence::Possible);
        }
    }
}

/// Reports a worker that schedules jobs beside the service that does so alone: two schedulers start each job twice.
///
/// Source: <https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html>, "Starting the Scheduler".
fn beside_another<'a>(facts: &Facts<'a>, service: &Service<'a>, out: &mut Findings) {
    let tool = |it: &Service<'a>, tool: &str| scheduler(&it.unit).filter(|it| it.0 == tool);
    let Some((_, span)) = tool(service, "celery worker with beat") else { return };
    let code = |it: &Service<'a>| {
        let build = it.model.build.as_ref().map(|it| it.context.value.clone());
        (it.unit.image.as_ref().map(|it| it.text), build)
    };
    let other = facts.siblings(service).iter().find_map(|it| {
        let (_, span) = tool(it, "celery beat")?;
        let is_same = code(it) == code(service) && !elects(&it.unit) && !elects(&service.unit);
        let runs = it.starts_by_itself() && service.starts_by_itself();
        (is_same && runs).then_some((it.name, span))
    });
    let Some((name, other)) = other else { return };
    let label = &service.unit.label;
    out.at(&span, format!("{label} schedules jobs beside `{name}`, so that each starts twice"))
        .also(&other, format!("`{name}` schedules them here"))
        .why("Each of the two sends every job of the schedule to the queue.")
        .help("Take `-B` off the worker, and let one `celery beat` schedule the jobs.")
        .check(facts.compose(
            service,
            &format!("logs --tail 50 {} {name}", in_shell(service.name), name = in_shell(name)),
        ));
}

fn scheduler(unit: &Unit<'_>) -> Option<(&'static str, Span)> {
    unit.start.commands.iter().find_map(|command| {
        let found = singletons::singleton(command)?;
        Some((found.tool, unit.start.span_of(command.words.get(found.index)?)))
    })
}

/// Returns the word of the start command that names a scheduler of the project's own.
fn started_by_name<'u>(unit: &'u Unit<'_>) -> Option<&'u Word> {
    let commands = unit.start.commands.iter().filter(|_| unit.family().is_none());
    commands.into_iter().find_map(|it| it.words.get(singletons::scheduler_by_name(it)?))
}

/// Whether the replicas elect a leader or take a lock, as `redbeat` does, so that the others stand
/// by.
fn elects(unit: &Unit<'_>) -> bool {
    let says_so = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["leader", "redbeat", "distributed", "single-beat"].iter().any(|word| text.contains(word))
    };
    let words = unit.start.words.iter().any(|it| says_so(it));
    let kubernetes = unit.image.as_ref().is_some_and(|it| it.repository.contains("kube-scheduler"));
    words || kubernetes || unit.env.iter().any(|it| says_so(it.name))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn service(name: &str, body: &str) -> Vec<&'static str> {
        let text = format!("services: {{ {name}: {{ image: 'a:1', {body} }} }}\n");
        findings(&RULE, &text).iter().map(|it| it.confidence.name()).collect()
    }

    #[test]
    fn a_command_is_certain_and_a_name_only_possible() {
        assert_eq!(service("a", "scale: 2, command: celery -A app beat"), ["certain"]);
        assert_eq!(service("shop-scheduler", "scale: 2"), ["possible"]);
    }

    #[test]
    fn a_worker_with_a_scheduler_beside_the_scheduler_starts_each_job_twice() {
        let found = |worker: &str, beat: &str| {
            let text = format!(
                "services:\n  worker: {{image: 'a/b:1', command: celery -A app worker{worker}}}\n  beat: {{image: 'a/b:1', command: celery -A app {beat}}}\n"
            );
            findings(&RULE, &text).into_iter().map(|it| it.message).collect::<Vec<_>>()
        };
        let twice = "service `worker` schedules jobs beside `beat`, so that each starts twice";
        assert_eq!(found(" -B -l info", "beat"), [twice]);
        assert_eq!(found(" --beat", "beat"), [twice]);
        for (worker, beat) in
            [("", "beat"), (" -B", "worker"), (" -B", "beat -S redbeat.RedBeatScheduler")]
        {
            assert!(found(worker, beat).is_empty(), "{worker}, {beat}");
        }
        let profile = "services:\n  worker: {image: 'a/b:1', command: celery worker -B}\n  beat: {image: 'a/b:1', command: celery beat, profiles: [x]}\n";
        assert!(findings(&RULE, profile).is_empty());
    }

    #[test]
    fn one_copy_workers_and_elected_leaders_are_silent() {
        assert!(service("a", "command: celery -A app beat").is_empty());
        assert!(service("a", "scale: 2, command: celery -A app worker").is_empty());
        assert!(service("a-scheduler", "scale: 2, command: [run, --leader-elect=true]").is_empty());
        assert!(
            service("a-scheduler", "scale: 2, environment: { LEADER_ELECTION: 'true' }").is_empty()
        );
        assert!(service("scheduler-api", "scale: 2").is_empty());
    }

    #[test]
    fn schedulers_in_every_form_of_a_command_and_by_their_names() {
        for command in [
            "[celery, -A, app, beat]",
            "sh -c 'celery -A app beat -l info'",
            "bundle exec clockwork clock.rb",
        ] {
            assert_eq!(
                service("a", &format!("scale: 2, command: {command}")),
                ["certain"],
                "{command}"
            );
        }
        assert_eq!(service("sidekiq-cron", "scale: 2, command: bundle exec sidekiq"), ["possible"]);
        let cluster = |name: &str, replicas: u8| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: {replicas}, template: {{spec: {{containers: [{{name: {name}, image: 'a:1'}}]}}}}}}\n"
            );
            findings(&RULE, &text).len()
        };
        assert_eq!(cluster("shop-scheduler", 2), 1);
        assert_eq!(cluster("shop-scheduler", 1), 0);
        assert_eq!(cluster("shop", 2), 0);
    }

    #[test]
    fn a_program_or_a_script_that_is_named_like_a_scheduler_is_possible() {
        for command in [
            "./job-scheduler",
            "/app/bin/report-cron",
            "node scheduler.js",
            "python scripts/report_scheduler.py",
            "npm run scheduler",
        ] {
            assert_eq!(
                service("a", &format!("scale: 2, command: {command}")),
                ["possible"],
                "{command}"
            );
        }
        assert_eq!(service("job-scheduler", "scale: 2, command: ./job-scheduler").len(), 1);
        for body in [
            "command: ./job-scheduler",
            "scale: 2, command: ./scheduler-api",
            "scale: 2, command: node server.js scheduler",
            "scale: 2, command: ./job-scheduler --leader-elect",
            "scale: 2, command: airflow scheduler",
        ] {
            assert!(service("a", body).is_empty(), "{body}");
        }
    }
}
