use crate::facts::{Copies, Facts, Part};
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;

rule! {
    /// An init container migrates the database, once for every Pod.
    ///
    /// ## Why it hurts
    /// Init containers run in *every* Pod: at each scale-up, at each reschedule, and side by side
    /// in all replicas of a rollout. They are not the Kubernetes form of "once before start".
    ///
    /// ## What helps
    /// A Job that the release waits for, or a Helm (`pre-upgrade`) or Argo CD (`PreSync`) hook.
    ///
    /// ## How to troubleshoot
    /// The logs of the init container in all Pods show when each Pod migrated.
    ///
    /// ## When to ignore
    /// Where the tool takes a lock, each schema fits the code before and after it, and nobody minds
    /// that every Pod starts later.
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
    ///       initContainers:
    ///         - name: migrate
    ///           image: acme/web:1
    ///           command: ["alembic", "upgrade", "head"] # <- init container `migrate` of Deployment `web` runs `alembic` once per Pod
    ///       containers: [{ name: web, image: "acme/web:1" }]
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
    ///       initContainers:
    ///         - name: wait
    ///           image: acme/web:1
    ///           command: ["alembic", "current", "--check-heads"]
    ///       containers: [{ name: web, image: "acme/web:1" }]
    /// ```
    PLM202 "migration-in-init-container" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for unit in workload.units.iter().filter(|it| it.part == Part::Init) {
            if workload.copies == Copies::One {
                continue;
            }
            let who = format!("init container `{}` of {}", unit.name, workload.label);
            let many = workload.copies.many();
            let finding = match facts.migration_of(unit) {
                Some(migration) => {
                    let tool = &migration.tool;
                    let finding =
                        out.at(&migration.span, format!("{who} runs `{tool}` once per Pod"));
                    if many.is_some() {
                        finding.severity(Severity::Error);
                    }
                    finding
                }
                // The image starts a migration by itself, as the name of the container says.
                None if facts.only_migrates(unit) => {
                    let message = format!("{who} migrates once per Pod, going by its name");
                    out.at(&unit.name.span, message).confidence(Confidence::Likely)
                }
                None => continue,
            };
            if let Some(span) = many {
                finding.also(&span, "more than one replica may run");
            }
            finding.check(workload.logs(unit, "--all-pods --timestamps"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn owner(kind: &str, spec: &str) -> Vec<&'static str> {
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  {spec}\n  template:\n    spec:\n      \
             initContainers: [{{name: m, image: acme/web:1, args: [npx, prisma, migrate, deploy]}}]\n      \
             containers: [{{name: web, image: acme/web:1}}]\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn an_image_that_only_migrates_is_known_by_its_name() {
        let found = |name: &str, command: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api}}\nspec:\n  replicas: 2\n  template:\n    spec:\n      \
                 initContainers: [{{name: {name}, image: 'acme/api-{name}:1'{command}}}]\n      \
                 containers: [{{name: api, image: 'acme/api:1'}}]\n"
            );
            let found = findings(&RULE, &text);
            found.iter().map(|it| (it.severity.name(), it.message.clone())).collect::<Vec<_>>()
        };
        let name = "postgres-migration";
        let message = "init container `postgres-migration` of Deployment `api` migrates once per Pod, going by its name";
        assert_eq!(found(name, ""), [("warning", message.to_owned())]);
        assert_eq!(found(name, ", command: [bin/wait-for-db]"), []);
        assert_eq!(found("check-migrations", ""), []);
        let asks = ", command: [bundle, exec, rake, 'db:abort_if_pending_migrations']";
        assert_eq!(found("pending-migrations", asks), []);
    }

    #[test]
    fn a_program_of_ones_own_may_migrate() {
        let found = |name: &str, image: &str, command: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api}}\nspec:\n  template:\n    spec:\n      \
                 initContainers: [{{name: {name}, image: '{image}', command: {command}}}]\n      \
                 containers: [{{name: api, image: 'acme/tracker:1'}}]\n"
            );
            findings(&RULE, &text).into_iter().map(|it| it.message).collect::<Vec<_>>()
        };
        let command = "[tracker, migrate, --config, /etc/x.yaml]";
        let said = |name: &str| {
            format!(
                "init container `{name}` of Deployment `api` runs `tracker migrate` once per Pod"
            )
        };
        assert_eq!(found("migrate", "acme/tools:1", command), [said("migrate")]);
        assert_eq!(found("prepare", "acme/tracker:1", command), [said("prepare")]);
        assert!(found("prepare", "acme/tools:1", command).is_empty());
        assert!(found("migrate", "acme/tracker:1", "[tracker, migrate, status]").is_empty());
    }

    #[test]
    fn the_image_of_a_migration_tool_needs_only_its_arguments() {
        let found = |image: &str, args: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api}}\nspec:\n  replicas: 2\n  template:\n    spec:\n      \
                 initContainers: [{{name: schema, image: '{image}', args: {args}}}]\n      \
                 containers: [{{name: api, image: 'acme/api:1'}}]\n"
            );
            let found = findings(&RULE, &text);
            found.iter().map(|it| (it.severity.name(), it.message.clone())).collect::<Vec<_>>()
        };
        let said = |tool: &str| {
            format!("init container `schema` of Deployment `api` runs `{tool}` once per Pod")
        };
        let flyway = found("flyway/flyway:11", "['-url=jdbc:postgresql://db/x', migrate]");
        assert_eq!(flyway, [("error", said("flyway"))]);
        let migrate =
            found("migrate/migrate:v4.18.1", "[-path, /m, -database, 'postgres://db/x', up]");
        assert_eq!(migrate, [("error", said("golang-migrate"))]);
        assert_eq!(found("liquibase/liquibase:4.31", "[update]"), [("error", said("liquibase"))]);
    }

    #[test]
    fn the_init_container_of_a_cron_job_is_silent() {
        let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {initContainers: [{name: m, image: a, args: [alembic, upgrade, head]}], containers: [{name: a, image: a}]}}}}}\n";
        assert!(findings(&RULE, text).is_empty());
    }

    #[test]
    fn a_job_migrates_once_and_so_does_a_recreated_pod() {
        assert_eq!(owner("Job", "backoffLimit: 1"), [""; 0]);
        assert_eq!(owner("Deployment", "strategy: {type: Recreate}"), [""; 0]);
        assert_eq!(owner("Deployment", "replicas: 1"), ["warning"]);
        assert_eq!(owner("StatefulSet", "replicas: 2"), ["error"]);
    }

    #[test]
    fn rollouts_and_autoscaled_workloads_count() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {initContainers: [{name: m, image: 'a/b:1', args: [alembic, upgrade, head]}], containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {initContainers: [{name: m, image: 'a/b:1', args: [alembic, upgrade, head]}], containers: [{name: c, image: 'a/b:1'}]}}}\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}, maxReplicas: 3}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\nspec: {template: {spec: {initContainers: [{name: m, image: 'a/b:1', args: [alembic, upgrade, head]}], containers: [{name: c, image: 'a/b:1'}]}}}\n"
            ),
            0
        );
    }
}
