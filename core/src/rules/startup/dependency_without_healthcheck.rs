use crate::facts::{Facts, Health};
use crate::report::{Confidence, Findings};
use crate::rules::rule;

rule! {
    /// A database, cache or queue that others depend on has no healthcheck.
    ///
    /// ## Why it hurts
    /// No other service can wait until it is ready. Dependents start while it is still recovering
    /// its log or creating its first database, and all that time `docker compose ps` shows it as
    /// running.
    ///
    /// ## What helps
    /// A healthcheck that uses the image's own ready check, and dependents that wait for
    /// `service_healthy`.
    ///
    /// ## How to troubleshoot
    /// Run the ready check by hand in the container while it starts: it fails at first and succeeds
    /// a few seconds later. Those seconds are what the dependents need to wait for.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["wait-for-it", "db:5432", "--", "./web"]
    ///     depends_on: [db]
    ///   db:
    ///     image: postgres:17 # <- `db` has no healthcheck, so nothing can wait until it is ready
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
    ///       test: ["CMD-SHELL", "pg_isready -U postgres"]
    /// ```
    PLM103 "dependency-without-healthcheck" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let Some(family) = service.unit.family().filter(|it| it.must_be_ready()) else { continue };
        let health = facts.health(service);
        // PLM102 reports dependents that wait for `service_healthy`, and PLM101 those that start too early.
        let mut waits = facts.waiters(service).peekable();
        if facts.waiters(service).any(|wait| facts.is_early(&wait)) {
            continue;
        }
        if !matches!(health, Health::None | Health::Unknown) || waits.peek().is_none() {
            continue;
        }
        let name = service.name;
        let finding = out.at(
            &service.model.key("image").map_or(service.span(), |it| it.name.span),
            format!("`{name}` has no healthcheck, so nothing can wait until it is ready"),
        );
        if health == Health::Unknown {
            finding.confidence(Confidence::Likely);
        }
        for wait in waits.take(5) {
            finding.also(&wait.dependency.span, format!("`{}` depends on it here", wait.from.name));
        }
        if let Some(shell) = service.ready_shell() {
            finding.check(facts.compose(service, &format!("exec {name} sh -c '{shell}'")));
        }
        let title = format!("Give `{name}` the ready check of {}", family.name);
        finding.maybe_fix(facts.healthcheck_fix(service, title));
    }
}
