use crate::facts::{Facts, Part, Site, Unit};
use crate::knowledge::shell::{Command, Joint};
use crate::knowledge::starts::{fixed_sleep, is_trivial, wait_of};
use crate::report::{Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A container sleeps for a fixed time and hopes that what it needs is ready by then.
    ///
    /// ## Why it hurts
    /// On a good day the time is wasted. On a slow day, after a reboot or with more data, it is not
    /// enough: the failure comes exactly when everything is slow already.
    ///
    /// ## What helps
    /// Wait for the dependency itself: with `service_healthy` in Compose; in Kubernetes with an
    /// init container, or with retries in the program.
    ///
    /// ## How to troubleshoot
    /// Compare the time of the first connection with the time at which the dependency logs that it
    /// is ready.
    ///
    /// ## When to ignore
    /// Where nothing is waited for, and a fixed time has to pass: a lease of the last container that
    /// expires.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: sh -c "sleep 10 && gunicorn app:app" # <- service `web` sleeps for 10 seconds before `gunicorn`, instead of waiting for what it needs
    ///     environment: { DATABASE_URL: postgres://app@db:5432/app }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["gunicorn", "app:app"]
    ///     depends_on: { db: { condition: service_healthy } }
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    PLM107 "sleep-as-ordering" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units() {
        if let Some((sleep, seconds, before_what)) = sleep_in(unit, &unit.start.commands) {
            let span = unit.start.span_of(&sleep.words[0]);
            report(facts, unit, span, seconds, &before_what, out);
            continue;
        }
        let of_image = unit.image_start.as_ref();
        let in_image = of_image.and_then(|it| Some((it, sleep_in(unit, &it.commands)?)));
        if let Some((start, (sleep, seconds, what))) = in_image {
            let place = facts.build_or_image(unit);
            let finding = report(facts, unit, place, seconds, &what, out);
            finding.also(&start.span_of(&sleep.words[0]), "its image sleeps here");
            continue;
        }
        for started in facts.started_scripts(unit) {
            let Some((sleep, seconds, what)) = sleep_in(unit, &started.commands) else { continue };
            let what = format!("{what} in `{}`", started.name);
            let finding = report(facts, unit, started.started_at, seconds, &what, out);
            finding.also(&started.script.span_of(&sleep.words[0]), "it sleeps here");
            break;
        }
    }
}

/// Whether a container dials another program, is started after one, or has variables whose values the files do not
/// show. An init container is there for others.
fn may_need_others<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> bool {
    let is_after_others = match unit.site {
        Site::Service(at) => {
            let model = facts.services()[at].model;
            model.dependencies().next().is_some() || !model.env_files.is_empty()
        }
        Site::Container(at, container) => {
            !facts.workloads()[at].container(container).env_from.is_empty()
        }
    };
    unit.part == Part::Init
        || is_after_others
        || !facts.peers(unit).is_empty()
        || unit.env.iter().any(|it| it.value.is_none() || !it.literal)
}

fn report<'o>(
    facts: &Facts<'_>,
    unit: &Unit<'_>,
    span: Span,
    seconds: u64,
    before_what: &str,
    out: &'o mut Findings,
) -> &'o mut Finding {
    let unit_of_time = if seconds == 1 { "second" } else { "seconds" };
    let needs = may_need_others(facts, unit);
    let instead = match needs {
        true => "instead of waiting for what it needs",
        false => "and nothing in these files shows what for",
    };
    let finding = out.at(
        &span,
        format!("{} sleeps for {seconds} {unit_of_time} {before_what}, {instead}", unit.label),
    );
    finding.cause(format!("sleeps {seconds} {before_what}"));
    if !needs {
        finding.severity(Severity::Info);
    }
    finding
}

/// Returns the first sleep that stands for a wait, with its seconds and what it delays.
fn sleep_in<'c>(unit: &Unit<'_>, commands: &'c [Command]) -> Option<(&'c Command, u64, String)> {
    commands.iter().enumerate().find_map(|(at, command)| {
        let seconds = fixed_sleep(command)?;
        let before = &commands[..at];
        let after = &commands[at + 1..];
        // `a || sleep 5` is part of a retry; after `server &` the sleep waits for a child.
        let retry = before.last().is_some_and(|it| it.joint == Joint::Or);
        let own = before.iter().any(|it| it.joint == Joint::Background);
        // A sleep after a real wait is only extra time.
        let waited = before.iter().any(|it| wait_of(it).is_some());
        if retry || own || waited || command.joint == Joint::Background {
            return None;
        }
        let next = after.iter().find(|it| !is_trivial(it) && fixed_sleep(it).is_none());
        Some((command, seconds, before_what(unit, next, before)?))
    })
}

/// Returns what the sleep delays: the next command or, if an init container does nothing but sleep,
/// the containers of the Pod.
fn before_what(unit: &Unit<'_>, next: Option<&Command>, before: &[Command]) -> Option<String> {
    match next {
        Some(next) => Some(format!("before `{}`", next.name())),
        None => {
            let only = unit.part == Part::Init && before.iter().all(is_trivial);
            only.then(|| "before the containers of its Pod start".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn web(command: &str) -> usize {
        messages(&RULE, &format!("services: {{web: {{image: 'a/b:1', command: {command}}}}}\n"))
            .len()
    }

    #[test]
    fn loops_retries_and_keeping_alive_are_silent() {
        assert_eq!(web("[sh, -c, 'sleep 5; exec serve']"), 1);
        assert_eq!(web("[sh, -c, 'echo wait; sleep 1m && migrate']"), 1);
        assert_eq!(web("[sleep, infinity]"), 0);
        assert_eq!(web("[sleep, '3600']"), 0);
        assert_eq!(web("[sh, -c, 'while true; do backup; sleep 3600; done']"), 0);
        assert_eq!(web("[sh, -c, 'until nc -z db 5432; do sleep 1; done; serve']"), 0);
        assert_eq!(web("[sh, -c, 'migrate || sleep 5; serve']"), 0);
        assert_eq!(web("[sh, -c, 'serve & sleep 5; init']"), 0);
    }

    #[test]
    fn the_same_sleep_in_several_workloads_is_one_finding() {
        let pod = |name: &str, seconds: u8| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  initContainers: [{{name: i, image: b, command: [sh, -c, sleep {seconds}]}}]\n  containers: [{{name: c, image: a}}]\n"
            )
        };
        let found = messages(&RULE, &format!("{}{}", pod("a", 5), pod("b", 5)));
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("(and 1 more like it)"), "{found:?}");
        assert_eq!(messages(&RULE, &format!("{}{}", pod("a", 5), pod("b", 9))).len(), 2);
    }

    #[test]
    fn twins_that_sleep_alike_are_one_finding() {
        let two = |second: &str| {
            let text = format!(
                "services:\n  web: {{image: 'a/b:1', command: [sh, -c, 'sleep 5; serve web']}}\n  worker: {{image: 'a/b:1', command: [sh, -c, 'sleep 5; {second}']}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(two("serve worker"), 1);
        assert_eq!(two("work"), 2);
    }

    #[test]
    fn a_script_of_the_project_is_read() {
        let with = |script: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'a/b:1', command: sh /run.sh, volumes: ['./run.sh:/run.sh']}}}}\n# file: run.sh\n{script}"
            );
            messages(&RULE, &text)
        };
        let found = with("#!/bin/sh\nset -e\nsleep 20\nexec gunicorn app\n");
        let words = "sleeps for 20 seconds before `gunicorn` in `run.sh`";
        assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
        for script in [
            "if [ \"$WAIT\" ]; then\n  sleep 20\nfi\nexec gunicorn app\n",
            "until nc -z db 5432; do sleep 1; done\nexec gunicorn app\n",
            "server &\nsleep 10\nsetup\n",
        ] {
            assert!(with(script).is_empty(), "{script}");
        }
    }

    #[test]
    fn the_command_of_an_image_that_is_built_here_is_read_once() {
        let with = |dockerfile: &str, service: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'a/b:1', build: ., {service}}}}}\n# file: Dockerfile\nFROM python:3.13\n{dockerfile}\n# file: k8s/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: web, image: 'a/b:1'}}]}}}}}}\n"
            );
            messages(&RULE, &text)
        };
        for dockerfile in [
            "CMD sleep 10 && gunicorn app",
            "CMD [\"sh\", \"-c\", \"sleep 10 && gunicorn app\"]",
            "ENTRYPOINT [\"sh\", \"-c\", \"sleep 10 && gunicorn app\"]",
        ] {
            let found = with(dockerfile, "");
            assert_eq!(found.len(), 1, "{dockerfile} {found:?}");
            assert!(found[0].contains("sleeps for 10 seconds before `gunicorn`"), "{found:?}");
        }
        assert!(with("CMD [\"gunicorn\", \"app\"]", "").is_empty());
        assert_eq!(with("CMD sleep 10 && gunicorn app", "command: gunicorn app").len(), 1);
        for start in ["command: gunicorn app", "command: []", "entrypoint: []", "entrypoint: ''"] {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: ., {start}}}}}\n# file: Dockerfile\nFROM python:3.13\nCMD sleep 10 && gunicorn app\n"
            );
            assert!(messages(&RULE, &text).is_empty(), "{start}");
        }
    }

    #[test]
    fn hooks_may_sleep_and_init_containers_may_not() {
        let pod = |init: &str, main: &str| {
            messages(
                &RULE,
                &format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  initContainers: [{{name: i, image: b, command: {init}}}]\n  containers: [{{name: c, image: a, {main}}}]\n"
                ),
            )
            .len()
        };
        assert_eq!(pod("[sleep, '30']", "tty: true"), 1);
        assert_eq!(pod("[true]", "lifecycle: {preStop: {exec: {command: [sleep, '15']}}}"), 0);
        assert_eq!(pod("[true]", "command: [sh, -c, 'sleep 20; serve']"), 1);
    }

    #[test]
    fn where_nothing_is_dialled_the_sleep_is_a_note() {
        let said = |more: &str| {
            let text = format!(
                "services:\n  web: {{image: 'a/b:1', command: [sh, -c, 'sleep 5; serve']{more}}}\n  db: {{image: 'postgres:17'}}\n"
            );
            let found = crate::rules::testing::findings(&RULE, &text).remove(0);
            (found.severity.name(), found.message.contains("instead of waiting"))
        };
        assert_eq!(said(""), ("info", false));
        assert_eq!(said(", environment: {LOG: debug}"), ("info", false));
        let pod = |more: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers: [{{name: c, image: a, command: [sh, -c, 'sleep 20; serve']{more}}}]\n"
            );
            crate::rules::testing::findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(pod(", env: [{name: STORAGE_DIR, value: /storage}]"), "info");
        assert_eq!(pod(", env: [{name: DB_HOST, value: db}]"), "warning");
        assert_eq!(pod(", envFrom: [{secretRef: {name: web}}]"), "warning");
        for more in
            [", depends_on: [db]", ", environment: {DB_HOST: db}", ", environment: [SECRET]"]
        {
            assert_eq!(said(more), ("warning", true), "{more}");
        }
    }

    #[test]
    fn an_entrypoint_and_every_kind_of_workload_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count("services: {web: {image: 'a/b:1', entrypoint: [sh, -c, 'sleep 10 && serve']}}\n"),
            1
        );
        assert_eq!(
            count(
                "services: {web: {image: 'a/b:1', command: serve, pre_stop: [{command: sleep 10}]}}\n"
            ),
            0
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', command: [sh, -c, 'sleep 20; serve']}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: 'a/b:1', command: [sh, -c, 'sleep 20; serve']}]}}}}}\n"
            ),
            1
        );
    }
}
