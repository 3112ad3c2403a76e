use crate::facts::Facts;
use crate::model::compose::Condition;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// Compose starts a service only once another one is healthy, but nothing in the cluster waits.
    ///
    /// ## Why it hurts
    /// Kubernetes has no `depends_on`: all Pods start at once. A program that relied on the order
    /// crashes until its dependency is up, and without a readiness probe it receives traffic in the
    /// meantime.
    ///
    /// ## What helps
    /// Let the program retry, and give it a readiness probe that passes once the program has what
    /// it needs. An init container that waits is second best.
    ///
    /// ## How to troubleshoot
    /// After a rollout, `kubectl get pods` shows restarts that stop by themselves.
    ///
    /// ## When to ignore
    /// Where the program tries again by itself and nobody sends it requests, as with a worker that
    /// reads a queue.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on:
    ///       db: { condition: service_healthy }
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web # <- Compose starts `web` only once `db` is healthy, but container `web` of Deployment `web` waits for nothing and counts as ready at once
    ///           image: ghcr.io/acme/web:1.4.2
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on:
    ///       db: { condition: service_healthy }
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    /// ```yaml file=k8s/web.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           readinessProbe:
    ///             httpGet: { path: /ready, port: 8080 }
    /// ```
    PLM112 "no-wait-after-split" {
        since: "0.1.0", on: Dual, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let mut names: Vec<String> = Vec::new();
        let mut first = None;
        for it in &service.model.depends_on {
            if it.condition.value == Condition::Healthy {
                first = first.or(Some(it));
                names.push(format!("`{}`", it.service));
            }
        }
        let Some(first) = first else { continue };
        let container = workload.container(pair.unit);
        let probed = container.readiness.is_some() || container.startup.is_some();
        if probed || workload.kind().is_job() || facts.workload_waits(workload) {
            continue;
        }
        let are = if names.len() == 1 { "is" } else { "are" };
        out.at(
            &container.span(),
            format!(
                "Compose starts `{}` only once {} {are} healthy, but {} waits for nothing and counts as ready at once",
                service.name,
                names.join(" and "),
                unit.label
            ),
        )
        .also(&first.span, "Compose waits here")
        .check(format!(
            "kubectl rollout status{} {}",
            workload.namespace_flag(),
            workload.reference()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn sides(condition: &str, kind: &str, pod: &str) -> usize {
        let text = format!(
            "# file: compose.yaml\nservices:\n  web: {{image: 'a/web:1', depends_on: {{db: {{condition: {condition}}}}}}}\n  db: {{image: 'postgres:17'}}\n# file: k.yaml\napiVersion: batch/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{{pod}}}}}}}\n"
        );
        messages(
            &RULE,
            &text.replace("batch/v1", if kind == "Job" { "batch/v1" } else { "apps/v1" }),
        )
        .len()
    }

    #[test]
    fn any_wait_in_the_cluster_is_enough() {
        let main = "containers: [{name: web, image: 'a/web:1'}]";
        assert_eq!(sides("service_healthy", "Deployment", main), 1);
        assert_eq!(sides("service_started", "Deployment", main), 0);
        assert_eq!(sides("service_healthy", "Job", main), 0);
        let init = "initContainers: [{name: w, image: b, command: [sh, -c, 'until nc -z db 5432; do sleep 1; done']}]";
        assert_eq!(sides("service_healthy", "Deployment", &format!("{init}, {main}")), 0);
        let probed =
            "containers: [{name: web, image: 'a/web:1', readinessProbe: {tcpSocket: {port: 1}}}]";
        assert_eq!(sides("service_healthy", "Deployment", probed), 0);
        let waits = "containers: [{name: web, image: 'a/web:1', command: [sh, -c, 'until nc -z db 1; do sleep 1; done; serve']}]";
        assert_eq!(sides("service_healthy", "Deployment", waits), 0);
        let alive =
            "containers: [{name: web, image: 'a/web:1', livenessProbe: {tcpSocket: {port: 1}}}]";
        assert_eq!(sides("service_healthy", "Deployment", alive), 1, "it keeps no traffic away");
        let startup =
            "containers: [{name: web, image: 'a/web:1', startupProbe: {tcpSocket: {port: 1}}}]";
        assert_eq!(sides("service_healthy", "Deployment", startup), 0);
    }
}
