use crate::facts::Facts;
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A one-shot task is configured to restart forever.
    ///
    /// ## Why it hurts
    /// The migration or seed runs again after every exit, all day long. Each run takes locks, and a
    /// task that is not safe to repeat damages data.
    ///
    /// ## What helps
    /// Use `restart: on-failure`, or no `restart` at all.
    ///
    /// ## How to troubleshoot
    /// The number that `docker inspect --format '{{.RestartCount}}' CONTAINER` prints grows while
    /// you watch.
    ///
    /// ## When to ignore
    /// Where the task waits for its next piece of work by itself, so that it never exits.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   migrate:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["alembic", "upgrade", "head"]
    ///     restart: unless-stopped # <- `migrate` runs one task and exits, but `restart: unless-stopped` starts it again after every exit
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   migrate:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["alembic", "upgrade", "head"]
    ///     restart: on-failure
    /// ```
    PLM106 "one-shot-restarts" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let Some(restart) = &service.model.restart else { continue };
        let forever = matches!(restart.as_str(), "always" | "unless-stopped");
        if !forever || !service.starts_one_shot() {
            continue;
        }
        let name = service.name;
        let edit = facts.replace_scalar(&restart.span, "on-failure");
        // A command that is known only by its name may be a loop.
        let is_known = service.unit.migration.is_some();
        let title = "Restart only on failure";
        let fix = if is_known { Fix::safe(title, [edit]) } else { Fix::r#unsafe(title, [edit]) };
        out.at(
            &restart.span,
            format!(
                "`{name}` runs one task and exits, but `restart: {restart}` starts it again after every exit"
            ),
        )
        .check(facts.compose(service, &format!("logs --tail 50 {name}")))
        .fix(fix);
    }
}
