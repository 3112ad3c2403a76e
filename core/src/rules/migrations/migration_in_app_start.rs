use crate::facts::{Copies, Facts, Part, in_shell};
use crate::report::{Findings, Precedence, Role, Severity};
use crate::rules::rule;
use crate::text::Span;

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
    /// ## When to ignore
    /// Where a single replica is stopped before the next one starts, or where the tool takes a lock and
    /// each schema fits the code before and after it.
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
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let own = facts.migration_of(unit);
        let in_script = match own {
            Some(_) => None,
            None if facts.service_of(unit).is_some_and(|it| facts.is_one_shot(it)) => None,
            None => facts.migration_in_script(unit),
        };
        let found = own.or(in_script.as_ref().map(|it| &it.0));
        let Some(migration) = found.filter(|it| it.then_serves) else { continue };
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
        let what = match &in_script {
            Some((_, script)) => format!("runs `{tool}` in `{}` before it serves", script.name),
            None if migration.by_switch => format!("migrates because of `{tool}`"),
            None if migration.in_image => {
                format!("runs `{tool}` in the command of its image before it serves")
            }
            None => format!("runs `{tool}` before it serves"),
        };
        let place = match &in_script {
            Some((_, script)) => script.started_at,
            None => facts.place_of_migration(unit, migration),
        };
        let finding = out.at(&place, format!("{} {what}, {when}", unit.label));
        finding.severity(severity);
        if let Some((migration, script)) = &in_script {
            finding.also(&migration.span, format!("`{}` migrates here", script.name));
        } else if migration.in_image {
            finding.also(&migration.span, "its image migrates here");
        }
        // What an image does by itself is one cause for all that run it, and counts most where replicas are.
        if migration.in_image || in_script.is_some() {
            let Span { file, start, .. } = migration.span;
            finding
                .cause_in_this_run(format!("a migration at {start} in {}", facts.file(file).path()))
                .gathers(format!("{tool} at the start"));
            if unit.is_compose() && !unit.copies.is_many() {
                finding.precedence(Precedence::Last);
            }
        }
        if let Some(span) = unit.copies.many() {
            finding.also(&span, "more than one replica may run");
        }
        match facts.workload_of(unit) {
            Some(workload) => finding.check(workload.logs(unit, "--all-pods --tail=50")),
            None => finding
                .check(facts.compose_for(unit, &format!("logs --tail 50 {}", in_shell(unit.name)))),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Finding;
    use crate::rules::testing::{files, findings, messages, run};

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
    fn every_way_to_write_a_start_is_read() {
        for start in [
            "command: [sh, -c, 'npx prisma migrate deploy && node server.js']",
            "command: [sh, -c], args: ['bundle exec rails db:prepare && rails s']",
            "args: [sh, -c, 'python manage.py migrate; gunicorn a']",
            "command: ['/bin/bash', '-lc', 'flask db upgrade && gunicorn a']",
            "env: [{name: SPRING_LIQUIBASE_ENABLED, value: 'true'}]",
        ] {
            assert_eq!(deployment("replicas: 2", start), ["error"], "{start}");
        }
        let compose = |body: &str| {
            let text = format!("services: {{web: {{image: 'acme/web:1', {body}}}}}");
            let found = findings(&RULE, &text);
            found.iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        for start in [
            "command: sh -c 'alembic upgrade head && gunicorn a'",
            "command: [sh, -c, 'alembic upgrade head && gunicorn a']",
            "entrypoint: [sh, -c, 'alembic upgrade head && gunicorn a']",
            "environment: {RUN_MIGRATIONS: 'true'}",
            "environment: ['RUN_MIGRATIONS=1']",
        ] {
            assert_eq!(compose(start), ["info"], "{start}");
            assert_eq!(compose(&format!("{start}, scale: 2")), ["error"], "{start}");
            let deploy = format!("{start}, deploy: {{replicas: 3}}");
            assert_eq!(compose(&deploy), ["error"], "{start}");
        }
        assert_eq!(compose("command: alembic upgrade head"), [""; 0], "it only migrates");
        assert_eq!(compose("environment: {RUN_MIGRATIONS: 'false'}"), [""; 0]);
    }

    #[test]
    fn an_autoscaler_makes_several_replicas() {
        let with = |scaler: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: web, image: 'acme/web:1', args: [sh, -c, 'alembic upgrade head; gunicorn a']}}]}}}}}}\n---\n{scaler}"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}\n";
        let keda = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: web}\nspec: {scaleTargetRef: {name: web}, maxReplicaCount: 3}\n";
        assert_eq!((with(hpa), with(keda)), ("error", "error"));
        assert_eq!(with(&hpa.replace("maxReplicas: 3", "maxReplicas: 1")), "warning");
        assert_eq!(with(&hpa.replace("name: web}, max", "name: api}, max")), "warning");
    }

    #[test]
    fn a_program_may_migrate_by_a_subcommand_of_its_own() {
        let found = |line: &str| deployment("replicas: 2", &format!("command: [sh, -c, '{line}']"));
        assert_eq!(found("cabot migrate && gunicorn cabot.wsgi:application"), ["error"]);
        for line in ["cabot migrate", "cabot migrate && echo done", "gunicorn migrate:app"] {
            assert_eq!(found(line), [""; 0], "{line}");
        }
    }

    /// Returns the message of a service with `body` beside a script, with its severity.
    fn with_script(body: &str, script: &str) -> Vec<(&'static str, String)> {
        let dockerfile =
            "FROM python:3.13\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./docker/start.sh\"]\n";
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{{body}}}}}\n# file: Dockerfile\n{dockerfile}# file: docker/start.sh\n{script}"
        );
        findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    #[test]
    fn a_script_that_is_mounted_or_copied_into_the_image_is_read() {
        let script =
            "#!/bin/sh\nset -e\npython manage.py migrate --noinput\nexec gunicorn app.wsgi\n";
        let words = "service `web` runs `django migrate` in `start.sh` before it serves";
        for body in [
            "build: .",
            "build: ., command: [--workers, '4']",
            "image: 'a/b:1', command: sh /run/start.sh, volumes: ['./docker/start.sh:/run/start.sh:ro']",
            "image: 'a/b:1', entrypoint: [./start.sh], working_dir: /run, volumes: ['./docker:/run']",
        ] {
            let found = with_script(&format!("{body}, deploy: {{replicas: 3}}"), script);
            assert_eq!(found, [("error", format!("{words}, in every replica"))], "{body}");
            assert_eq!(with_script(body, script)[0].0, "info", "{body}");
        }
        let given = script.replace("exec gunicorn app.wsgi", "exec \"$@\"");
        assert_eq!(with_script("build: ., command: gunicorn app.wsgi", &given).len(), 1);
    }

    /// Returns the place and the message of a service and, beside it, a Deployment of the image that it builds.
    fn with_image(dockerfile: &str, service: &str, container: &str) -> Vec<(String, String)> {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', build: ., {service}}}}}\n# file: Dockerfile\nFROM python:3.13\nWORKDIR /app\nCOPY . .\n{dockerfile}\n# file: start.sh\nalembic upgrade head\nexec gunicorn app\n"
        );
        let cluster = format!(
            "# file: k8s/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 2, template: {{spec: {{containers: [{{name: web, image: 'acme/web:1', {container}}}]}}}}}}\n"
        );
        let text = if container.is_empty() { text } else { text + &cluster };
        let report = run(&RULE, &files(&text));
        let place = |it: &Finding| report.entry(it.span.file).file.path.to_string();
        report.findings.iter().map(|it| (place(it), it.message.clone())).collect()
    }

    #[test]
    fn the_command_of_an_image_that_is_built_here_is_read() {
        let migrating = "CMD alembic upgrade head && gunicorn app";
        for dockerfile in [
            migrating,
            "CMD [\"sh\", \"-c\", \"alembic upgrade head && gunicorn app\"]",
            "ENTRYPOINT [\"sh\", \"-c\", \"alembic upgrade head && gunicorn app\"]",
            "ENTRYPOINT alembic upgrade head && gunicorn app",
            "ENTRYPOINT [\"/docker-entrypoint.sh\"]\nCMD [\"sh\", \"-c\", \"alembic upgrade head; gunicorn app\"]",
        ] {
            let found = with_image(dockerfile, "", "");
            let words = "service `web` runs `alembic` in the command of its image before it serves, at every start";
            assert_eq!(found, [("compose.yaml".to_owned(), words.to_owned())], "{dockerfile}");
        }
        for (dockerfile, service) in [
            (migrating, "command: gunicorn app"),
            (migrating, "entrypoint: gunicorn app"),
            (migrating, "command: []"),
            (migrating, "entrypoint: ''"),
            ("ENTRYPOINT [\"./start.sh\"]", "entrypoint: []"),
            ("CMD [\"alembic\", \"upgrade\", \"head\"]", ""),
            (
                "ENTRYPOINT [\"/docker-entrypoint.sh\"]\nCMD [\"alembic\", \"upgrade\", \"head\"]",
                "",
            ),
            ("ENTRYPOINT [\"alembic\"]", "command: upgrade head"),
            ("CMD [\"gunicorn\", \"app\"]", ""),
        ] {
            assert!(with_image(dockerfile, service, "").is_empty(), "{dockerfile} {service}");
        }
    }

    #[test]
    fn a_deployment_of_an_image_that_migrates_is_the_one_finding() {
        let place = "k8s/web.yaml".to_owned();
        let migrating = "CMD alembic upgrade head && gunicorn app";
        let label = "container `web` of Deployment `web` runs `alembic`";
        for (dockerfile, how) in [
            (migrating, "in the command of its image before it serves, in every replica"),
            ("ENTRYPOINT [\"./start.sh\"]", "in `start.sh` before it serves, in every replica"),
        ] {
            let found = with_image(dockerfile, "", "tty: true");
            let [(at, message)] = &found[..] else { panic!("{found:?}") };
            assert_eq!(at, &place);
            assert!(message.starts_with(&format!("{label} {how}")), "{message}");
        }
        for (service, container) in [
            ("command: gunicorn app", "command: [gunicorn, app]"),
            ("command: gunicorn app", "args: [gunicorn, app]"),
        ] {
            assert!(with_image(migrating, service, container).is_empty(), "{container}");
        }
        let own = with_image(migrating, "", "args: [gunicorn, app]");
        assert_eq!(own.len(), 1);
        assert_eq!(own[0].0, "compose.yaml");
    }

    #[test]
    fn a_script_that_migrates_on_a_condition_or_does_not_serve_is_silent() {
        let with = |script: &str| with_script("build: ., deploy: {replicas: 3}", script).len();
        let migrate = "python manage.py migrate";
        assert_eq!(with(&format!("{migrate}\nexec gunicorn app\n")), 1);
        for script in [
            format!("if [ \"$1\" = web ]; then\n  {migrate}\nfi\nexec \"$@\"\n"),
            format!("[ \"$MIGRATE\" = 1 ] && {migrate}\nexec \"$@\"\n"),
            format!("case $1 in\n  web) {migrate} ;;\nesac\nexec \"$@\"\n"),
            format!("prepare() {{\n  {migrate}\n}}\nexec gunicorn app\n"),
            format!("{migrate}\npython manage.py createsuperuser\n"),
            "exec gunicorn app\n".to_owned(),
        ] {
            assert_eq!(with(&script), 0, "{script}");
        }
        let other = "build: ., entrypoint: [gunicorn, app], deploy: {replicas: 3}";
        assert!(with_script(other, &format!("{migrate}\nexec gunicorn app\n")).is_empty());
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

    #[test]
    fn a_native_sidecar_counts_and_an_init_container_does_not() {
        let with = |policy: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 2, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{initContainers: [{{name: s, image: 'acme/web:1', command: [sh, -c, 'alembic upgrade head && gunicorn app']{policy}}}], containers: [{{name: web, image: 'acme/web:1', resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}}}]}}}}}}\n"
            );
            findings(&RULE, &text).len()
        };
        assert_eq!(with(", restartPolicy: Always"), 1);
        assert_eq!(with(""), 0);
    }

    #[test]
    fn every_kind_of_workload_and_every_source_of_a_switch_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {replicas: 2, selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', command: [sh, -c, 'alembic upgrade head && gunicorn app']}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\nspec: {replicas: 2, selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', command: [sh, -c, 'alembic upgrade head && gunicorn app']}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', env: [{name: SPRING_FLYWAY_ENABLED, value: 'true'}]}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', envFrom: [{configMapRef: {name: web}}]}]}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {RUN_MIGRATIONS: 'true'}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', envFrom: [{configMapRef: {name: web}}]}]}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {RUN_MIGRATIONS: 'false'}\n"
            ),
            0
        );
    }
}
