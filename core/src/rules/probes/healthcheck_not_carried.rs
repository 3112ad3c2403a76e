use crate::facts::{Facts, Part, probe_of_healthcheck};
use crate::report::{Findings, Fix, Role, Severity};
use crate::rules::rule;

rule! {
    /// Compose checks a service's health, but the cluster does not.
    ///
    /// ## Why it hurts
    /// Without a readiness probe, a Pod gets traffic from the moment its process exists, even while
    /// it starts or hangs. The check that would prevent this is already written, in the Compose
    /// file.
    ///
    /// ## What helps
    /// Use the same check as a readiness probe. Add a liveness probe only for failures that a
    /// restart cures.
    ///
    /// ## How to troubleshoot
    /// Look for errors in the first seconds of each new Pod during a rollout.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     healthcheck:
    ///       test: ["CMD", "wget", "-q", "-O-", "http://localhost:8080/health"]
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
    ///         - name: web # <- Compose checks the health of `web`, but container `web` of Deployment `web` has no probe
    ///           image: ghcr.io/acme/web:1
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1
    ///     healthcheck:
    ///       test: ["CMD", "wget", "-q", "-O-", "http://localhost:8080/health"]
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
    ///           image: ghcr.io/acme/web:1
    ///           readinessProbe:
    ///             httpGet: { path: /health, port: 8080 }
    /// ```
    PLM615 "healthcheck-not-carried" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let Some(health) =
            service.model.healthcheck.as_ref().filter(|it| !it.disabled && it.test.is_some())
        else {
            continue;
        };
        let container = workload.container(pair.unit);
        let probed = container.readiness.is_some() || container.liveness.is_some();
        // PLM110 speaks where a Service routes to the container, and offers the same check.
        let is_routed = facts.routed_port(workload, container).is_some();
        if probed || is_routed || unit.part != Part::Main || workload.kind().is_job() {
            continue;
        }
        let finding = out.at(
            &container.span(),
            format!(
                "Compose checks the health of `{}`, but {} has no probe",
                service.name, unit.label
            ),
        );
        finding.also(&health.span, format!("the healthcheck of `{}`", service.name)).check(
            format!(
                "kubectl get{} {} -o jsonpath='{{..readinessProbe}}'",
                workload.namespace_flag(),
                workload.reference()
            ),
        );
        if service.role == Role::Development {
            finding.severity(Severity::Info);
        }
        if let Some(probe) = probe_of_healthcheck(service, health, container) {
            let place = &container.place;
            let edit = facts.insert_entry(place, "readinessProbe", &probe);
            finding.maybe_fix(
                edit.map(|it| Fix::r#unsafe("Use the same check as a readiness probe", [it])),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn sides(health: &str, container: &str) -> String {
        format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', healthcheck: {health}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n    - name: web\n      image: acme/web:1\n{container}"
        )
    }

    #[test]
    fn any_probe_and_a_disabled_check_are_silent() {
        assert!(
            messages(
                &RULE,
                &sides("{test: [CMD, ok]}", "      livenessProbe: {tcpSocket: {port: 1}}\n")
            )
            .is_empty()
        );
        assert!(messages(&RULE, &sides("{disable: true}", "")).is_empty());
    }

    #[test]
    fn the_fix_uses_the_same_check() {
        let fix =
            |health: &str| findings(&RULE, &sides(health, ""))[0].fixes[0].edits[0].text.clone();
        let http = fix("{test: 'curl -f http://localhost:3000/up || exit 1', interval: 10s}");
        assert!(
            http.contains("httpGet:") && http.contains("path: /up") && http.contains("port: 3000"),
            "{http}"
        );
        assert!(http.contains("periodSeconds: 10"), "{http}");
        let exec = fix("{test: [CMD, pg_isready, -U, app]}");
        assert!(exec.contains(r#"command: ["pg_isready", "-U", "app"]"#), "{exec}");
    }

    #[test]
    fn many_retries_do_not_become_minutes_of_traffic_to_a_dead_pod() {
        let health = "{test: 'curl -f http://localhost:3000/up', interval: 15s, retries: 15}";
        let text = &findings(&RULE, &sides(health, ""))[0].fixes[0].edits[0].text;
        assert!(
            text.contains("periodSeconds: 10") && text.contains("failureThreshold: 3"),
            "{text}"
        );
    }

    #[test]
    fn a_check_that_asks_its_own_service_or_another_port_is_not_translated() {
        for (health, container) in [
            ("{test: 'curl -f http://web:3000/up'}", ""),
            ("{test: [CMD, wget, -q, 'http://web/up']}", ""),
            (
                "{test: 'curl -f http://localhost:3000/up'}",
                "      ports: [{containerPort: 8080}]\n",
            ),
        ] {
            assert!(findings(&RULE, &sides(health, container))[0].fixes.is_empty(), "{health}");
        }
    }
}
