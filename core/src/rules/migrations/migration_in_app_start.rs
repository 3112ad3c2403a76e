use crate::facts::{Copies, Facts, Part};
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// An application migrates its database every time one of its containers starts.
    ///
    /// ## Why it hurts
    /// With several replicas, or with the old and the new version side by side in a rolling update,
    /// two migrations run at the same time, or the old version meets the new schema. A failed
    /// migration becomes a crash loop, and scaling up at peak load begins with a schema change.
    ///
    /// ## What helps
    /// Migrate once per release, before the new version starts. In Compose: a one-shot service that
    /// the application awaits with `service_completed_successfully`, or a `pre_start` step. In
    /// Kubernetes: a Job, or a Helm or Argo CD hook that runs before the rollout.
    ///
    /// ## How to troubleshoot
    /// Look for two "running migration" lines with the same version in the logs of different
    /// containers, and for lock waits in the database.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: acme/web:1
    ///           command: ["sh", "-c"]
    ///           args: ["alembic upgrade head && gunicorn app:app"] # <- container `web` of Deployment `web` runs `alembic` before it serves, in every replica
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: acme/web:1
    ///           args: ["gunicorn", "app:app"]
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: { generateName: web-migrate- }
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ```
    PLM201 "migration-in-app-start" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units().filter(|it| it.part == Part::Main) {
        let Some(migration) = facts.migration_of(unit).filter(|it| it.then_serves) else {
            continue;
        };
        let job = facts.workload_of(unit).is_some_and(|it| it.kind().is_job());
        if job || facts.unit_role(unit) == Role::Development {
            continue;
        }
        let (severity, when) = match unit.copies {
            Copies::Many(_) => (Severity::Error, "in every replica"),
            Copies::Overlapping => (Severity::Warning, "while the old version still runs"),
            Copies::One => (Severity::Info, "at every start"),
        };
        let tool = &migration.tool;
        let what = if migration.by_switch {
            format!("migrates because of `{tool}`")
        } else {
            format!("runs `{tool}` before it serves")
        };
        let finding = out.at(&migration.span, format!("{} {what}, {when}", unit.label));
        finding.severity(severity);
        if let Some(span) = unit.copies.many() {
            finding.also(&span, "more than one replica may run");
        }
        match facts.workload_of(unit) {
            Some(workload) => finding.check(workload.logs(unit, "--all-pods --tail=50")),
            None => {
                finding.check(facts.compose_for(unit, &format!("logs --tail 50 {}", unit.name)))
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn deployment(spec: &str, container: &str) -> Vec<&'static str> {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  {spec}\n  template:\n    spec:\n      \
             containers: [{{name: web, image: acme/web:1, {container}}}]\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn the_number_of_copies_decides_the_severity() {
        let chained = "command: [sh, -c, 'python manage.py migrate && gunicorn app']";
        assert_eq!(deployment("replicas: 2", chained), ["error"]);
        assert_eq!(deployment("replicas: 1", chained), ["warning"]);
        assert_eq!(deployment("strategy: {type: Recreate}", chained), ["info"]);
        let text = "services: {web: {image: 'acme/web:1', command: sh -c 'rails db:migrate && rails server'}}";
        assert_eq!(findings(&RULE, text)[0].severity.name(), "info");
    }

    #[test]
    fn a_program_may_migrate_by_a_subcommand_of_its_own() {
        let found = |line: &str| deployment("replicas: 2", &format!("command: [sh, -c, '{line}']"));
        assert_eq!(found("cabot migrate && gunicorn cabot.wsgi:application"), ["error"]);
        for line in ["cabot migrate", "cabot migrate && echo done", "gunicorn migrate:app"] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn a_switch_counts_and_a_pure_migration_does_not() {
        assert_eq!(
            deployment("replicas: 2", "env: [{name: RUN_MIGRATIONS, value: 'true'}]"),
            ["error"]
        );
        assert_eq!(
            deployment("replicas: 2", "env: [{name: RUN_MIGRATIONS, value: 'false'}]"),
            [""; 0]
        );
        assert_eq!(
            deployment("replicas: 2", "command: [alembic, upgrade, head]"),
            [""; 0],
            "reported by PLM204"
        );
        assert_eq!(deployment("replicas: 2", "command: [alembic, current]"), [""; 0]);
    }
}
