use crate::facts::{Facts, in_shell};
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
        let Some(setting) = service.endless_restart() else { continue };
        if !service.starts_one_shot() && !service.runs_to_an_end() {
            continue;
        }
        let name = service.name;
        let edit = facts.replace_scalar(&setting.value.span, "on-failure");
        // A command that is known only by its name may be a loop.
        let is_known = service.unit.migration.is_some();
        let title = "Restart only on failure";
        let fix = if is_known { Fix::safe(title, [edit]) } else { Fix::r#unsafe(title, [edit]) };
        out.at(
            &setting.value.span,
            format!(
                "`{name}` runs one task and exits, but {} starts it again after every exit",
                setting.says()
            ),
        )
        .check(facts.compose(service, &format!("logs --tail 50 {}", in_shell(name))))
        .fix(fix);
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Safety;
    use crate::rules::testing::{apply_fixes, files, findings, messages, run};

    fn task(body: &str) -> String {
        format!("services: {{task: {{image: 'a/b:1', {body}}}}}\n")
    }

    #[test]
    fn migrations_seeds_and_set_ups_are_tasks() {
        for command in [
            "command: [alembic, upgrade, head]",
            "command: python manage.py migrate",
            "command: sh -c 'alembic upgrade head'",
            "entrypoint: [./migrate.sh]",
            "command: npm run seed",
            "command: [bundle, exec, rails, 'db:seed']",
            "command: python manage.py loaddata shop.json",
            "entrypoint: [sh, /init-db.sh]",
            "command: psql -h db -f /init.sql",
            "entrypoint: [sh, -c, 'mc mb s3/files']",
        ] {
            for policy in ["always", "unless-stopped"] {
                let text = task(&format!("{command}, restart: {policy}"));
                assert_eq!(messages(&RULE, &text).len(), 1, "{command} {policy}");
            }
        }
        let image =
            "services: {task: {image: 'flyway/flyway:11', command: migrate, restart: always}}";
        assert_eq!(messages(&RULE, image).len(), 1);
    }

    #[test]
    fn the_command_of_an_image_that_is_built_here_counts() {
        let with = |start: &str, body: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{task: {{build: ., restart: always, {body}}}}}\n# file: Dockerfile\nFROM python:3.13\n{start}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with("CMD [\"alembic\", \"upgrade\", \"head\"]", ""), 1);
        assert_eq!(with("CMD alembic upgrade head", ""), 1);
        assert_eq!(with("ENTRYPOINT [\"alembic\"]", "command: upgrade head"), 1);
        assert_eq!(with("CMD alembic upgrade head", "command: gunicorn app"), 0);
        assert_eq!(with("CMD alembic upgrade head && gunicorn app", ""), 0);
    }

    #[test]
    fn servers_and_tasks_that_end_are_silent() {
        for body in [
            "command: gunicorn app, restart: always",
            "command: sh -c 'alembic upgrade head && gunicorn app', restart: always",
            "command: sh -c 'while true; do psql -f /x.sql; sleep 60; done', restart: always",
            "command: sh -c 'while sleep 60; do psql -f /x.sql; done', restart: always",
            "command: ./init.sh, restart: always",
            "restart: always",
            "command: alembic upgrade head",
            "command: alembic upgrade head, restart: 'no'",
            "command: alembic upgrade head, restart: on-failure",
            "command: alembic upgrade head, restart: 'on-failure:3'",
            "command: alembic upgrade head, restart: always, deploy: {restart_policy: {condition: none}}",
        ] {
            assert!(messages(&RULE, &task(body)).is_empty(), "{body}");
        }
    }

    #[test]
    fn the_policy_of_deploy_counts_and_is_mended() {
        let before = files(&task(
            "command: alembic upgrade head, deploy: {restart_policy: {condition: any}}",
        ));
        let report = run(&RULE, &before);
        assert_eq!(
            report.findings[0].message,
            "`task` runs one task and exits, but `condition: any` of `deploy.restart_policy` starts it again after every exit"
        );
        let after = apply_fixes(&before, &report);
        assert!(after[0].text.contains("condition: on-failure"), "{}", after[0].text);
        assert!(run(&RULE, &after).findings.is_empty());
    }

    #[test]
    fn only_a_known_migration_is_mended_unseen() {
        let safety = |command: &str| {
            let text = task(&format!("command: {command}, restart: always"));
            findings(&RULE, &text)[0].fixes[0].safety
        };
        assert_eq!(safety("alembic upgrade head"), Safety::Safe);
        assert_eq!(safety("npm run seed"), Safety::Unsafe);
    }
}
