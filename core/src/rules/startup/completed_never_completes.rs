use crate::facts::Facts;
use crate::model::compose::Condition;
use crate::report::Findings;
use crate::rules::rule;

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
    for wait in facts.waits() {
        if wait.dependency.condition.value != Condition::CompletedSuccessfully {
            continue;
        }
        let (from, on) = (wait.from.name, wait.on.name);
        let restart = wait.on.model.restart.as_ref();
        let finding = match restart.filter(|it| matches!(it.as_str(), "always" | "unless-stopped")) {
            Some(restart) => out.at(
                &restart.span,
                format!("`{from}` waits for `{on}` to complete, but `restart: {restart}` starts it again after every exit"),
            ),
            None => {
                // With a command of its own, even a database image may run a task that ends.
                let server = wait.on.unit.family().filter(|it| it.is_data_store());
                let Some(family) = server.filter(|_| wait.on.unit.start.is_empty()) else { continue };
                out.at(
                    &wait.dependency.span,
                    format!("`{from}` waits for `{on}` to complete, but {} runs until it is stopped", family.name),
                )
            }
        };
        finding
            .also(&wait.dependency.span, format!("`{from}` waits here"))
            .check(facts.compose(wait.from, &format!("ps -a {on} {from}")));
    }
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
