use crate::facts::{Facts, Health, Wait, in_shell};
use crate::model::compose::Condition;
use crate::report::phrases::first_named;
use crate::report::{Confidence, Findings};
use crate::rules::rule;

rule! {
    /// A database, cache or queue that others depend on has no healthcheck.
    ///
    /// ## Why it hurts
    /// Every service that needs it has to bring a way to wait of its own, mostly a script that tries a
    /// port. All that time `docker compose ps` shows the store as running, and nothing tells a store
    /// that is still recovering its log from one that answers.
    ///
    /// ## What helps
    /// A healthcheck that uses the image's own ready check, and dependents that wait for
    /// `service_healthy`.
    ///
    /// ## How to troubleshoot
    /// Run the ready check by hand in the container while it starts: it fails at first and succeeds
    /// a few seconds later. Those seconds are what the dependents need to wait for.
    ///
    /// ## When to ignore
    /// Where the dependents also run without Compose, so that they need their own wait anyway.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["wait-for-it", "db:5432", "--", "./web"]
    ///     depends_on: [db]
    ///   db:
    ///     image: postgres:17 # <- `db` has no healthcheck, so `web` has to wait for it by itself
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on: { db: { condition: service_healthy } }
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    PLM103 "dependency-without-healthcheck" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services().iter().filter(|it| it.must_be_ready()) {
        let Some(family) = service.unit.family() else { continue };
        let health = facts.health(service);
        // PLM102 reports dependents that wait for `service_healthy`, and PLM101 those that start too early.
        let is_other_rule = |wait: Wait<'_, '_>| {
            wait.dependency.condition.value == Condition::Healthy || facts.is_early(&wait)
        };
        let is_silent = !matches!(health, Health::None | Health::Unknown)
            || facts.is_for_swarm(service)
            || facts.is_one_shot(service)
            || facts.waiters(service).any(is_other_rule);
        let waits: Vec<Wait<'_, '_>> =
            facts.waiters(service).filter(|it| facts.waits_of_its_own(it.from, it.on)).collect();
        if is_silent || waits.is_empty() {
            continue;
        }
        let name = service.name;
        let dependents: Vec<&str> = waits.iter().map(|it| it.from.name).collect();
        let (verb, whom) =
            if waits.len() == 1 { ("has", "itself") } else { ("have", "themselves") };
        let finding = out.at(
            &service.model.key("image").map_or(service.span(), |it| it.name.span),
            format!(
                "`{name}` has no healthcheck, so {} {verb} to wait for it by {whom}",
                first_named(&dependents, 3)
            ),
        );
        if health == Health::Unknown {
            finding.confidence(Confidence::Likely);
        }
        for wait in waits {
            finding.also(&wait.dependency.span, format!("`{}` depends on it here", wait.from.name));
        }
        if let Some(shell) = service.ready_shell() {
            let question = in_shell(shell);
            finding.check(
                facts.compose(service, &format!("exec {} sh -c {question}", in_shell(name))),
            );
        }
        let title = format!("Give `{name}` the ready check of {}", family.name);
        finding
            .maybe_fix(facts.healthcheck_fix(service, title))
            .cause(format!("no healthcheck for {}", family.id));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    /// Returns what is found about a service that another one waits for by itself.
    fn awaited(service: &str, files: &str) -> Vec<crate::report::Finding> {
        let text = format!(
            "# file: compose.yaml\nservices:\n  web: {{image: 'a/b:1', command: [wait-for-it, 's:1', --, web], depends_on: [s]}}\n  s: {{{service}}}\n{files}"
        );
        crate::rules::testing::findings(&RULE, &text)
    }

    #[test]
    fn each_family_gets_its_own_ready_check() {
        for (image, check) in [
            ("postgres:17", "pg_isready"),
            ("redis:8.2", "redis-cli"),
            ("mysql:8.4", "mysqladmin"),
            ("rabbitmq:4", "rabbitmq-diagnostics"),
            ("mongo:8.0", "mongosh"),
        ] {
            let found = awaited(&format!("image: '{image}'"), "");
            assert_eq!(found.len(), 1, "{image}");
            let fix = found[0].fixes.first().map_or("", |it| it.edits[0].text.as_str());
            assert!(fix.contains(check), "{image}: {fix}");
        }
        let named = awaited("image: 'postgres:17', environment: {POSTGRES_USER: app}", "");
        let fix = &named[0].fixes[0].edits[0].text;
        assert!(fix.contains("$$POSTGRES_USER"), "its own variables: {fix}");
        assert!(awaited("image: 'a/web:1'", "").is_empty(), "no store");
    }

    #[test]
    fn a_healthcheck_of_the_image_or_its_dockerfile_is_enough() {
        assert!(awaited("image: 'supabase/postgres:15.8.1'", "").is_empty());
        let built = |more: &str| {
            let dockerfile = format!("# file: s/Dockerfile\nFROM postgres:17\n{more}");
            awaited("build: ./s", &dockerfile).len()
        };
        assert_eq!(built("COPY init.sql /docker-entrypoint-initdb.d/\n"), 1);
        assert_eq!(built("HEALTHCHECK CMD pg_isready\n"), 0);
        assert!(awaited("image: 'postgres:17', healthcheck: {test: pg_isready}", "").is_empty());
    }

    #[test]
    fn what_runs_once_and_who_waits_for_its_end_are_silent() {
        let text = "services:\n  web: {image: 'a/b:1', depends_on: {setup: {condition: service_completed_successfully}}}\n  setup: {image: 'redis:8.2', entrypoint: [bash, setup.sh]}\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn an_image_that_waits_has_to_as_well() {
        let text = "services:\n  temporal: {image: 'temporalio/auto-setup:1.28', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        assert_eq!(
            messages(&RULE, text),
            ["`db` has no healthcheck, so `temporal` has to wait for it by itself"]
        );
        let tools = text.replace("auto-setup", "admin-tools");
        assert!(messages(&RULE, &tools).is_empty(), "it starts nothing");
        let roles = "services:\n  matching: {image: 'temporalio/server:1.28', depends_on: [history]}\n  history: {image: 'temporalio/server:1.28'}\n";
        assert!(messages(&RULE, roles).is_empty(), "members find each other");
    }

    #[test]
    fn early_starts_are_left_to_their_own_rule() {
        let text = "services:\n  web: {image: 'a/b:1', command: [wait-for-it, 'db:5432'], depends_on: [db]}\n  job: {image: 'a/c:1', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        assert!(messages(&RULE, text).is_empty());
        let both = text.replace("'a/c:1',", "'a/c:1', command: [wait-for-it, 'db:5432'],");
        assert_eq!(
            messages(&RULE, &both),
            ["`db` has no healthcheck, so `job`, `web` have to wait for it by themselves"]
        );
    }
}
