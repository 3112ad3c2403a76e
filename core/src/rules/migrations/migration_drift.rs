use crate::facts::{Facts, Service};
use crate::report::{Confidence, Findings, Role};
use crate::rules::rule;

rule! {
    /// Only one of the two sides migrates the database.
    ///
    /// ## Why it hurts
    /// On the side without a migration the schema stays where it was when somebody last changed it by
    /// hand. The next release works in one place and fails in the other.
    ///
    /// ## What helps
    /// Let both sides run the same migration command, once a release.
    ///
    /// ## How to troubleshoot
    /// Ask the migration tool for the current version on both sides.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   migrate:
    ///     image: ghcr.io/acme/web:1
    ///     command: ["alembic", "upgrade", "head"] # <- Compose migrates with `alembic` in `migrate`, but nothing in the cluster does
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
    let there = facts.workloads().iter().find(|it| facts.workload_migrates(it));
    for index in 0..facts.projects().len() {
        let services = facts.services_of(index);
        let development = services.iter().all(|it| it.role == Role::Development);
        let pairs: Vec<_> =
            services.iter().filter_map(|it| facts.counterpart_of(it.index)).collect();
        if development || pairs.is_empty() {
            continue;
        }
        let here =
            services.iter().find_map(|it| facts.migration_of(&it.unit).map(|found| (it, found)));
        match (here, there) {
            (Some((service, migration)), None) => {
                // The cluster must run that very code, or its database may be another's.
                let code = service.unit.image.as_ref().map(|it| it.repository.as_str());
                let same = pairs.iter().any(|it| {
                    let (counterpart, _, unit) = facts.pair(it);
                    it.service == service.index
                        || (code.is_some()
                            && unit.image.as_ref().map(|it| it.repository.as_str()) == code)
                        || same_build(counterpart, service)
                });
                if same {
                    let what = if migration.by_switch {
                        format!("because of `{}`", migration.tool)
                    } else {
                        format!("with `{}`", migration.tool)
                    };
                    out.at(
                        &migration.span,
                        format!(
                            "Compose migrates {what} in `{}`, but nothing in the cluster does",
                            service.name
                        ),
                    )
                    .confidence(Confidence::Likely);
                }
            }
            (None, Some(workload)) => {
                // A service whose command is the image's own may migrate by itself: only a namesake
                // that is told what to run, and does not migrate, is a difference.
                let told = pairs
                    .iter()
                    .find(|it| it.workload == workload.index)
                    .map(|it| facts.pair(it).0);
                let Some(service) = told.filter(|it| !it.unit.start.is_empty()) else { continue };
                let migration = workload.units.iter().find_map(|it| facts.migration_of(it));
                let Some(migration) = migration else { continue };
                out.at(
                    &migration.span,
                    format!(
                        "{} migrates with `{}`, but nothing in Compose does",
                        workload.label, migration.tool
                    ),
                )
                .confidence(Confidence::Likely)
                .also(&service.span(), format!("`{}` is the counterpart", service.name));
            }
            _ => {}
        }
    }
}

fn same_build(a: &Service<'_>, b: &Service<'_>) -> bool {
    let context = |it: &Service<'_>| it.model.build.as_ref().map(|it| it.context.value.clone());
    context(a).is_some() && context(a) == context(b)
}
