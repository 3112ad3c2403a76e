use crate::facts::{Counterpart, Facts, Migration, Service, Unit, Workload};
use crate::report::{Confidence, Findings, Role};
use crate::rules::rule;

rule! {
    /// Only one side, Compose or the cluster, migrates the database.
    ///
    /// ## Why it hurts
    /// On the side without a migration, the schema stays as somebody last left it by hand. The next
    /// release works in one place and fails in the other.
    ///
    /// ## What helps
    /// Run the same migration command on both sides, once per release.
    ///
    /// ## How to troubleshoot
    /// Ask the migration tool for the current version on both sides.
    ///
    /// ## When to ignore
    /// Where somebody else migrates the database of one side.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   migrate:
    ///     image: ghcr.io/acme/web:1
    ///     command: ["alembic", "upgrade", "head"] # <- Compose migrates the database with `alembic` in `migrate`, but nothing in the cluster does
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     depends_on: { migrate: { condition: service_completed_successfully } }
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "ghcr.io/acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   migrate:
    ///     image: ghcr.io/acme/web:1
    ///     command: ["alembic", "upgrade", "head"]
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     depends_on: { migrate: { condition: service_completed_successfully } }
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "ghcr.io/acme/web:1" }] }
    /// ---
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: { generateName: migrate- }
    /// spec:
    ///   template:
    ///     spec:
    ///       restartPolicy: Never
    ///       containers: [{ name: migrate, image: "ghcr.io/acme/web:1", args: ["alembic", "upgrade", "head"] }]
    /// ```
    PLM209 "migration-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let migrating: Vec<&Workload<'_>> =
        facts.workloads().iter().filter(|it| facts.workload_migrates(it)).collect();
    for index in 0..facts.projects().len() {
        let services = facts.services_of(index);
        let development = services.iter().all(|it| it.role == Role::Development);
        let pairs: Vec<&Counterpart> =
            services.iter().filter_map(|it| facts.counterpart_of(it.index)).collect();
        if development || pairs.is_empty() {
            continue;
        }
        let base = facts.base_of(&facts.projects()[index]);
        let in_cluster = migrating.iter().copied().find(|it| facts.same_part(base, it.object.file));
        let in_compose = services
            .iter()
            .find_map(|service| Some((service, facts.migration_of_service(service)?)));
        match (in_compose, in_cluster) {
            (Some((service, migration)), None) => {
                only_in_compose(facts, &pairs, service, &migration, out);
            }
            (None, Some(_)) if services.iter().any(|it| facts.may_migrate(it)) => {}
            (None, Some(workload)) => only_in_cluster(facts, &pairs, workload, out),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn only_in_compose(
    facts: &Facts,
    pairs: &[&Counterpart],
    service: &Service<'_>,
    migration: &Migration,
    out: &mut Findings,
) {
    // The cluster must run the same code, or its database may be a different one.
    let code = service.unit.image.as_ref().map(|it| it.repository.as_str());
    let same_code = pairs.iter().any(|pair| {
        let (counterpart, _, unit) = facts.pair(pair);
        let repository = unit.image.as_ref().map(|it| it.repository.as_str());
        pair.service == service.index
            || (code.is_some() && repository == code)
            || same_build(counterpart, service)
    });
    if same_code {
        out.at(
            &facts.place_of_migration(&service.unit, migration),
            format!(
                "Compose migrates the database {} in `{}`, but nothing in the cluster does",
                how(migration),
                service.name
            ),
        )
        .confidence(Confidence::Likely);
    }
}

fn only_in_cluster(
    facts: &Facts,
    pairs: &[&Counterpart],
    workload: &Workload<'_>,
    out: &mut Findings,
) {
    let migrating = workload.units.iter().find_map(|it| Some((it, facts.migration_of(it)?)));
    let Some((unit, migration)) = migrating else { return };
    // A Job of its own runs the code of the application.
    let code = unit.image.as_ref().map(|it| it.repository.as_str());
    let runs_code = |other: &Unit<'_>| {
        code.is_some() && other.image.as_ref().map(|it| it.repository.as_str()) == code
    };
    // A service that runs its image's own command may migrate by itself. Only a counterpart whose
    // command is known, and does not migrate, proves a difference.
    let counterpart = pairs.iter().map(|it| facts.pair(it)).find(|(service, of, other)| {
        let is_known = says_what_it_runs(facts, service);
        is_known && (of.index == workload.index || runs_code(other) || runs_code(&service.unit))
    });
    let Some((service, ..)) = counterpart else { return };
    out.at(
        &facts.place_of_migration(unit, migration),
        format!(
            "{} migrates the database {}, but nothing in Compose does",
            workload.label,
            how(migration)
        ),
    )
    .confidence(Confidence::Likely)
    .also(&service.span(), format!("service `{}` is the counterpart", service.name));
}

/// Whether the files show what a service runs: a command or a Dockerfile does, and a script that it names was read.
fn says_what_it_runs<'a>(facts: &Facts<'a>, service: &Service<'a>) -> bool {
    let of_image = facts.default_start(service).map(|it| it.commands).unwrap_or_default();
    let own = &service.unit.start.commands;
    let commands = if own.is_empty() { &of_image } else { own };
    let starts_script = commands.iter().any(|it| it.name().ends_with(".sh"));
    !commands.is_empty() && (!starts_script || !facts.started_scripts(&service.unit).is_empty())
}

/// Returns the tool or the variable behind a migration, with its preposition.
fn how(migration: &Migration) -> String {
    let tool = &migration.tool;
    if migration.by_switch { format!("because of `{tool}`") } else { format!("with `{tool}`") }
}

/// Whether two services are built from the same context.
fn same_build(a: &Service<'_>, b: &Service<'_>) -> bool {
    let context = |service: &Service<'_>| {
        service.model.build.as_ref().map(|build| build.context.value.clone())
    };
    context(a).is_some() && context(a) == context(b)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    const APP: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: 'acme/web:1'}]}}}\n";
    const JOB: &str = "---\napiVersion: batch/v1\nkind: Job\nmetadata: {name: db-job}\nspec: {template: {spec: {containers: [{name: run, image: 'acme/web:1', args: [alembic, upgrade, head]}]}}}\n";

    fn sides(services: &str, cluster: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!("# file: compose.yaml\nservices: {{{services}}}\n# file: k.yaml\n{cluster}"),
        )
    }

    #[test]
    fn every_way_to_migrate_in_compose_counts() {
        for service in [
            "web: {image: 'acme/web:1', command: sh -c 'alembic upgrade head && gunicorn a'}",
            "web: {image: 'acme/web:1', environment: {RUN_MIGRATIONS: 'true'}}",
            "web: {image: 'acme/web:1', pre_start: [{command: [alembic, upgrade, head]}]}",
            "web: {image: 'acme/web:1', post_start: [{command: alembic upgrade head}]}",
            "web: {image: 'acme/web:1'}, m: {image: 'acme/web:1', command: [alembic, upgrade, head]}",
        ] {
            let found = sides(service, APP);
            assert_eq!(found.len(), 1, "{service}");
            assert!(found[0].ends_with("but nothing in the cluster does"), "{found:?}");
            assert!(sides(service, &format!("{APP}{JOB}")).is_empty(), "{service}");
        }
    }

    #[test]
    fn a_migration_in_the_cluster_alone_is_reported_where_compose_says_what_it_runs() {
        let serves = "web: {image: 'acme/web:1', command: gunicorn a}";
        let job = format!("{APP}{JOB}");
        assert_eq!(
            sides(serves, &job),
            ["Job `db-job` migrates the database with `alembic`, but nothing in Compose does"]
        );
        let init = APP.replace(
            "spec: {containers",
            "spec: {initContainers: [{name: m, image: 'acme/web:1', args: [alembic, upgrade, head]}], containers",
        );
        assert_eq!(sides(serves, &init).len(), 1);
        assert!(sides("web: {image: 'acme/web:1'}", &job).is_empty(), "its image may migrate");
        let other = job.replace("run, image: 'acme/web:1'", "run, image: 'acme/jobs:1'");
        assert!(sides(serves, &other).is_empty(), "it may be another database");
        let named = format!("{serves}, migrate: {{image: 'acme/web:1'}}");
        assert!(sides(&named, &job).is_empty(), "one service migrates, going by its name");
    }

    #[test]
    fn a_script_or_a_dockerfile_says_what_compose_runs() {
        let found = |script: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: ., image: 'acme/web:1'}}}}\n# file: Dockerfile\nFROM python:3.13\nCOPY . .\nENTRYPOINT [\"./start.sh\"]\n# file: start.sh\n{script}# file: k.yaml\n{APP}{JOB}"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(found("exec gunicorn app\n"), 1);
        assert_eq!(found("alembic upgrade head\nexec gunicorn app\n"), 0);
    }

    #[test]
    fn the_command_of_an_image_that_is_built_here_counts_on_both_sides() {
        let found = |container: &str, more: &str| {
            let app = APP.replace("1'}", &format!("1'{container}}}"));
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: ., image: 'acme/web:1'}}}}\n# file: Dockerfile\nFROM python:3.13\nCMD alembic upgrade head && gunicorn app\n# file: k.yaml\n{app}{more}"
            );
            messages(&RULE, &text)
        };
        let words = "Compose migrates the database with `alembic` in `web`, but nothing in the cluster does";
        assert_eq!(found(", command: [gunicorn, app]", ""), [words]);
        assert!(found(", command: [gunicorn, app]", JOB).is_empty());
        assert!(found("", "").is_empty(), "the image migrates there as well");
    }

    #[test]
    fn development_and_projects_without_a_counterpart_are_silent() {
        let chained =
            "web: {image: 'acme/web:1', command: sh -c 'alembic upgrade head && gunicorn a'}";
        let text = |path: &str, cluster: &str| {
            format!("# file: {path}\nservices: {{{chained}}}\n# file: k.yaml\n{cluster}")
        };
        assert_eq!(findings(&RULE, &text("compose.yaml", APP)).len(), 1);
        assert!(findings(&RULE, &text("compose.dev.yaml", APP)).is_empty());
        let other = APP.replace("web", "api");
        assert!(findings(&RULE, &text("compose.yaml", &other)).is_empty());
    }
}
