use crate::facts::{Facts, Part, probe_of_healthcheck};
use crate::report::{Findings, Fix, Role, Severity};
use crate::rules::rule;

rule! {
    /// Compose checks a service's health, but the cluster does not.
    ///
    /// ## Why it hurts
    /// Without a readiness probe, a Pod gets traffic from the moment its process exists, even while
    /// it starts or hangs. The check that would prevent this is already written, in the Compose
    /// file or in the Dockerfile, whose HEALTHCHECK Kubernetes does not read.
    ///
    /// ## What helps
    /// Use the same check as a readiness probe. Add a liveness probe only for failures that a
    /// restart cures.
    ///
    /// ## How to troubleshoot
    /// Look for errors in the first seconds of each new Pod during a rollout.
    ///
    /// ## When to ignore
    /// Where the Pods take no traffic and nothing waits for them.
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
        let health = service.model.healthcheck.as_ref();
        let health = health.filter(|it| !it.disabled && it.test.is_some());
        let (who, place) = match (health, facts.healthcheck_of_dockerfile(service)) {
            (Some(health), _) => ("Compose", health.span),
            (None, Some(place)) => ("the Dockerfile", place),
            (None, None) => continue,
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
                "{who} checks the health of `{}`, but {} has no probe",
                service.name, unit.label
            ),
        );
        finding.also(&place, format!("the healthcheck of `{}`", service.name)).check(format!(
            "kubectl get{} {} -o jsonpath='{{..readinessProbe}}'",
            workload.namespace_flag(),
            workload.reference()
        ));
        if service.role == Role::Development {
            finding.severity(Severity::Info);
        }
        if health.is_none() {
            finding.why("Kubernetes does not read the HEALTHCHECK of an image. Without a readiness probe, a Pod gets traffic from the moment its process exists, even while it starts or hangs.");
        }
        let sets = |name: &str| unit.var(name).is_some();
        let probe = health.and_then(|it| probe_of_healthcheck(service, it, container, &sets));
        if let Some(probe) = probe {
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
    fn the_healthcheck_of_a_dockerfile_counts_too() {
        let with = |dockerfile: &str, more: &str, container: &str| {
            let sides = sides("{disable: true}", container)
                .replace("healthcheck: {disable: true}", &format!("build: ./web{more}"));
            let text = format!("# file: web/Dockerfile\n{dockerfile}\n{sides}");
            messages(&RULE, &text)
        };
        let checked = "FROM node:22\nHEALTHCHECK CMD curl -f http://localhost:3000/up";
        assert_eq!(
            with(checked, "", ""),
            [
                "the Dockerfile checks the health of `web`, but container `web` of Pod `web` has no probe"
            ]
        );
        assert!(with("FROM node:22", "", "").is_empty());
        assert!(with("FROM node:22\nHEALTHCHECK NONE", "", "").is_empty());
        assert!(with(checked, ", healthcheck: {disable: true}", "").is_empty());
        assert!(with(checked, "", "      livenessProbe: {tcpSocket: {port: 1}}\n").is_empty());
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
            ("{test: 'kafka-topics --bootstrap-server=web:9092 --list'}", ""),
            ("{test: [CMD, kafka-topics, --bootstrap-server, 'web:9092', --list]}", ""),
            ("{test: 'nc -z web 9092'}", ""),
            ("{test: 'echo > /dev/tcp/web/9092'}", ""),
            (
                "{test: 'curl -f http://localhost:3000/up'}",
                "      ports: [{containerPort: 8080}]\n",
            ),
        ] {
            assert!(findings(&RULE, &sides(health, container))[0].fixes.is_empty(), "{health}");
        }
    }

    #[test]
    fn a_check_in_a_shell_counts_and_a_job_has_none() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {web: {image: 'a/web:1', healthcheck: {test: [CMD-SHELL, 'curl -f http://localhost:8080/ || exit 1']}}}\n# file: web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'a/web:1', ports: [{containerPort: 8080}]}]}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {web: {image: 'a/web:1', healthcheck: {test: [CMD-SHELL, 'curl -f http://localhost:8080/ || exit 1']}}}\n# file: web.yaml\napiVersion: batch/v1\nkind: Job\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: 'a/web:1'}]}}}\n"
            ),
            0
        );
    }
}
