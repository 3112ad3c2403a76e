use crate::facts::{Facts, Service, Wait, in_shell};
use crate::knowledge::shell::{Joint, Place};
use crate::knowledge::starts::is_server_start;
use crate::model::compose::Condition;
use crate::report::Findings;
use crate::report::phrases::first_named;
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxHashSet;

rule! {
    /// A service waits for another service to complete, but that service never completes.
    ///
    /// ## Why it hurts
    /// `service_completed_successfully` requires the awaited container to exit with status 0. A
    /// server does not exit, and a container with `restart: always` is started again after every
    /// exit. The dependent service waits forever, and so does `docker compose up`.
    ///
    /// ## What helps
    /// Let the awaited service run its task once: no `restart`, or `restart: on-failure`. To wait
    /// for a server, use `service_healthy`.
    ///
    /// ## How to troubleshoot
    /// `docker compose ps -a` shows the awaited container as running or restarting, and the
    /// dependent one only as created.
    ///
    /// ## When to ignore
    /// Where the command is known to end although it looks like that of a server.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on:
    ///       migrate: { condition: service_completed_successfully }
    ///   migrate:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["alembic", "upgrade", "head"]
    ///     restart: always # <- `web` waits for `migrate` to complete, but `restart: always` starts it again after every exit
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on:
    ///       migrate: { condition: service_completed_successfully }
    ///   migrate:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["alembic", "upgrade", "head"]
    ///     restart: on-failure
    /// ```
    PLM105 "completed-never-completes" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // Services may share a line through an anchor, and several may wait for one that restarts for ever.
    let mut waits: IndexMap<(Span, usize), (String, Vec<Wait<'_, '_>>)> = IndexMap::new();
    for wait in facts.waits() {
        if wait.dependency.condition.value != Condition::CompletedSuccessfully {
            continue;
        }
        let place = match wait.on.endless_restart() {
            Some(setting) => {
                (setting.value.span, format!("{} starts it again after every exit", setting.says()))
            }
            None => {
                let Some(server) = server_of(wait.on) else { continue };
                (wait.dependency.span, format!("{server} runs until it is stopped"))
            }
        };
        let (span, reason) = place;
        waits.entry((span, wait.on.index)).or_insert((reason, Vec::new())).1.push(wait);
    }
    for ((span, _), (reason, waits)) in waits {
        report(facts, span, &reason, &waits, out);
    }
}

/// Reports that services wait for one that does not complete, for a reason.
fn report(facts: &Facts, span: Span, reason: &str, waits: &[Wait<'_, '_>], out: &mut Findings) {
    let Some(first) = waits.first() else { return };
    let (from, on) = (first.from.name, first.on.name);
    let names: Vec<&str> = waits.iter().map(|it| it.from.name).collect();
    let verb = if names.len() == 1 { "waits" } else { "wait" };
    let waiting = first_named(&names, 3);
    let mut seen: FxHashSet<Span> = FxHashSet::default();
    let places = waits.iter().map(|it| (it.dependency.span, it.from.name));
    out.at(&span, format!("{waiting} {verb} for `{on}` to complete, but {reason}"))
        .also_first(places.filter(|it| seen.insert(it.0)), |from| format!("`{from}` waits here"))
        .check(facts.compose(first.from, &format!("ps -a {} {}", in_shell(on), in_shell(from))));
}

/// Returns the server that a service runs: the one of its image, or the one that its command starts. With a command
/// of its own, even a database image may run a task that ends.
fn server_of(service: &Service<'_>) -> Option<String> {
    let unit = &service.unit;
    if unit.start.is_empty() {
        let family = unit.family().filter(|it| it.serves_by_itself())?;
        return Some(family.name.to_owned());
    }
    let last = unit.start.commands.last()?;
    let stays = last.place == Place::Plain && last.joint != Joint::Background;
    (stays && is_server_start(last)).then(|| format!("`{}`", last.name()))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::check_rule;

    #[test]
    fn a_server_does_not_complete() {
        check_rule(&RULE, "\
services:
  web:
    image: ghcr.io/acme/web:1
    depends_on:
      db: { condition: service_completed_successfully } # <- `web` waits for `db` to complete, but PostgreSQL runs until it is stopped
  db:
    image: postgres:17
");
    }

    /// Returns what is found about a service that somebody waits for to complete.
    fn awaited(service: &str) -> Vec<String> {
        let text = format!(
            "services:\n  web: {{image: 'a/b:1', depends_on: {{job: {{condition: service_completed_successfully}}}}}}\n  job: {{{service}}}\n"
        );
        crate::rules::testing::messages(&RULE, &text)
    }

    #[test]
    fn services_that_wait_for_one_that_restarts_are_one_finding() {
        let waits = |name: &str| {
            format!(
                "  {name}: {{image: 'a/b:1', depends_on: {{job: {{condition: service_completed_successfully}}}}}}\n"
            )
        };
        let waits: String = ["a", "b", "c", "d", "e"].map(waits).concat();
        let text = format!(
            "services:\n  job: {{image: 'a/b:1', command: [alembic, upgrade, head], restart: always}}\n{waits}"
        );
        assert_eq!(
            crate::rules::testing::messages(&RULE, &text),
            [
                "`a`, `b`, `c` and 2 more wait for `job` to complete, but `restart: always` starts it again after every exit"
            ]
        );
    }

    #[test]
    fn a_service_that_restarts_for_ever_does_not_complete() {
        let task = "image: 'a/b:1', command: [alembic, upgrade, head]";
        for policy in [
            "restart: always",
            "restart: unless-stopped",
            "deploy: {restart_policy: {condition: any}}",
            "restart: 'no', deploy: {restart_policy: {condition: any}}",
        ] {
            assert_eq!(awaited(&format!("{task}, {policy}")).len(), 1, "{policy}");
        }
        for policy in [
            "restart: 'no'",
            "restart: on-failure",
            "restart: 'on-failure:3'",
            "deploy: {restart_policy: {condition: on-failure}}",
            "deploy: {restart_policy: {condition: none}}",
            "deploy: {restart_policy: {delay: 5s}}",
            "restart: always, deploy: {restart_policy: {condition: none}}",
        ] {
            assert!(awaited(&format!("{task}, {policy}")).is_empty(), "{policy}");
        }
        let found = awaited(&format!("{task}, deploy: {{restart_policy: {{condition: any}}}}"));
        assert!(
            found[0].contains("`condition: any` of `deploy.restart_policy` starts it again"),
            "{found:?}"
        );
    }

    #[test]
    fn an_image_or_a_command_that_serves_does_not_complete() {
        for service in [
            "image: 'nginx:1.29'",
            "image: 'traefik:3.5'",
            "image: 'redis:8'",
            "image: 'rabbitmq:4'",
            "image: 'grafana/grafana:12.0.0'",
            "image: 'adminer:5'",
            "image: 'postgres:17', command: [postgres, -c, fsync=off]",
            "image: 'a/b:1', command: sh -c 'alembic upgrade head && exec gunicorn app'",
            "image: 'a/b:1', entrypoint: [uvicorn, app]",
        ] {
            let found = awaited(service);
            assert_eq!(found.len(), 1, "{service}");
            assert!(found[0].ends_with("runs until it is stopped"), "{found:?}");
        }
        for service in [
            "image: 'a/b:1'",
            "image: 'node:22'",
            "image: 'nginx:1.29', command: [cp, -r, /a, /b]",
            "image: 'nginx:1.29', command: [nginx, -t]",
            "image: 'a/b:1', command: sh -c 'gunicorn app & ./check'",
        ] {
            assert!(awaited(service).is_empty(), "{service}");
        }
    }

    #[test]
    fn a_database_image_may_run_a_task() {
        check_rule(
            &RULE,
            "\
services:
  web:
    image: ghcr.io/acme/web:1
    depends_on:
      seed: { condition: service_completed_successfully }
  seed:
    image: postgres:17
    command: [\"psql\", \"-f\", \"/seed.sql\"]
",
        );
    }
}
