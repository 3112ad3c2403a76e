use crate::facts::{Counterpart, Facts, Migration, Service, Workload};
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
        let in_compose =
            services.iter().find_map(|service| Some((service, facts.migration_of(&service.unit)?)));
        match (in_compose, in_cluster) {
            (Some((service, migration)), None) => {
                only_in_compose(facts, &pairs, service, migration, out);
            }
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
            &migration.span,
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
    // A service that runs its image's own command may migrate by itself. Only a counterpart whose
    // command is written down, and does not migrate, proves a difference.
    let counterpart =
        pairs.iter().find(|it| it.workload == workload.index).map(|it| facts.pair(it).0);
    let Some(service) = counterpart.filter(|it| !it.unit.start.is_empty()) else { return };
    let migration = workload.units.iter().find_map(|it| facts.migration_of(it));
    let Some(migration) = migration else { return };
    out.at(
        &migration.span,
        format!(
            "{} migrates the database {}, but nothing in Compose does",
            workload.label,
            how(migration)
        ),
    )
    .confidence(Confidence::Likely)
    .also(&service.span(), format!("service `{}` is the counterpart", service.name));
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
