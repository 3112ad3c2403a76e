use crate::edit::Yaml;
use crate::facts::{Facts, KubeService, Part, Workload, probe_of_healthcheck};
use crate::model::kubernetes::{Container, ProbeHandler, ServicePort};
use crate::model::{IntOrStr, Place};
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A Service sends traffic to a container that has no readiness probe.
    ///
    /// ## Why it hurts
    /// Without a readiness probe, a Pod counts as ready as soon as its containers are running. In
    /// every rollout and after every restart, requests reach a program that is not listening yet,
    /// while the old Pods are already gone.
    ///
    /// ## What helps
    /// A `readinessProbe` on the port that the Service sends traffic to: ideally an HTTP path that
    /// answers only when the program can serve, or at least a `tcpSocket`.
    ///
    /// ## How to troubleshoot
    /// During a rollout, `kubectl get endpointslices -w` lists new Pods before their logs say that
    /// they are listening.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports: [{ port: 80, targetPort: 8080 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web # <- Service `web` sends traffic to container `web` of Deployment `web`, which has no readinessProbe
    ///           image: ghcr.io/acme/web:1.4.2
    ///           ports: [{ containerPort: 8080 }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports: [{ port: 80, targetPort: 8080 }]
    /// ---
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
    ///           ports: [{ containerPort: 8080 }]
    ///           readinessProbe:
    ///             httpGet: { path: /ready, port: 8080 }
    /// ```
    PLM110 "missing-readiness-probe" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for (at, (unit, container)) in workload.containers().enumerate() {
            if unit.part == Part::Init || container.readiness.is_some() {
                continue;
            }
            let Some((service, port)) = routed(facts, workload, container) else { continue };
            let finding = out.at(
                &container.span(),
                format!(
                    "Service `{}` sends traffic to {}, which has no readinessProbe",
                    service.name, unit.label
                ),
            );
            finding
                .also(
                    &port.span(),
                    format!("Service `{}` sends traffic through this port", service.name),
                )
                .check(format!(
                    "kubectl get endpointslices{} -l kubernetes.io/service-name={} -w",
                    workload.namespace_flag(),
                    service.name
                ));
            let probe = probe_for(facts, workload, at, port);
            let place: &Place = &container.place;
            let edit = facts.insert_entry(place, "readinessProbe", &probe.1);
            finding.maybe_fix(edit.map(|it| Fix::r#unsafe(probe.0, [it])));
        }
    }
}

/// Returns the first Service port whose traffic reaches this container.
fn routed<'f, 'a>(
    facts: &'f Facts<'a>,
    workload: &Workload<'a>,
    container: &Container,
) -> Option<(&'f KubeService<'a>, &'a ServicePort)> {
    let alone = workload.running().count() == 1;
    for service in facts.services_for(workload) {
        // A headless Service gives its Pods DNS names, and clients choose a Pod themselves.
        if service.model.is_headless() || service.model.is_external_name() {
            continue;
        }
        let port = service.model.ports.iter().find(|port| {
            let tcp = port.protocol.as_ref().is_none_or(|it| it.as_str() == "TCP");
            let Some(target) = port.target() else { return false };
            let listed = container.ports.iter().any(|it| it.is(&target.value));
            let unlisted = alone && target.value.as_int().is_some();
            tcp && (listed || unlisted)
        });
        if let Some(port) = port {
            return Some((service, port));
        }
    }
    None
}

/// Builds a readiness probe, with the title of its fix: from the Compose healthcheck, else from the
/// liveness probe at shorter intervals, else from the port alone.
fn probe_for(
    facts: &Facts,
    workload: &Workload<'_>,
    unit: usize,
    port: &ServicePort,
) -> (&'static str, Yaml<'static>) {
    let container = workload.container(unit);
    let health = facts.counterpart_of_container(workload.index, unit).and_then(|pair| {
        let (service, _, _) = facts.pair(pair);
        let check = service.model.healthcheck.as_deref().filter(|it| !it.disabled)?;
        probe_of_healthcheck(service, check, container)
    });
    if let Some(probe) = health {
        return ("Probe with the check of the Compose healthcheck", probe);
    }
    if let Some((key, handler)) = container.liveness.as_ref().and_then(|it| handler(&it.handler)) {
        let sooner =
            [(key, handler), ("periodSeconds", Yaml::int(5)), ("failureThreshold", Yaml::int(2))];
        return (
            "Probe with the check of the liveness probe, at shorter intervals",
            Yaml::map(sooner),
        );
    }
    let target = port.target().map(|it| it.value).unwrap_or(IntOrStr::Int(80));
    let socket = Yaml::map([("port", port_value(&target))]);
    ("Probe whether the port is open", Yaml::map([("tcpSocket", socket)]))
}

fn port_value(port: &IntOrStr) -> Yaml<'static> {
    match port {
        IntOrStr::Int(it) => Yaml::int(*it),
        IntOrStr::Str(it) => Yaml::str(it.to_string()),
    }
}

/// Returns a probe handler as YAML, or `None` if it sets a host, a scheme or headers.
fn handler(handler: &ProbeHandler) -> Option<(&'static str, Yaml<'static>)> {
    match handler {
        ProbeHandler::Http {
            path, port: Some(port), host: None, scheme: None, headers, ..
        } if headers.is_empty() => {
            let path = path.as_ref().map_or("/", |it| it.as_str());
            let fields = [("path", Yaml::str(path.to_owned())), ("port", port_value(&port.value))];
            Some(("httpGet", Yaml::map(fields)))
        }
        ProbeHandler::Tcp { port: Some(port), host: None, .. } => {
            Some(("tcpSocket", Yaml::map([("port", port_value(&port.value))])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn sides(service: &str, kind: &str, container: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}, {service}}}\n---\napiVersion: x/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n        - name: web\n          image: a/b:1\n{container}"
        )
        .replace("x/v1", if kind == "Job" { "batch/v1" } else { "apps/v1" })
    }

    #[test]
    fn jobs_headless_services_and_other_ports_are_silent() {
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        assert_eq!(messages(&RULE, &sides(ports, "Deployment", "")).len(), 1);
        assert_eq!(messages(&RULE, &sides(ports, "Job", "")).len(), 0);
        assert_eq!(messages(&RULE, &sides("clusterIP: None", "StatefulSet", "")).len(), 0);
        let headless = format!("clusterIP: None, {ports}");
        assert_eq!(messages(&RULE, &sides(&headless, "StatefulSet", "")).len(), 0);
        let sidecar = "        - name: proxy\n          image: a/p:1\n          ports: [{containerPort: 8080}]\n          readinessProbe: {tcpSocket: {port: 8080}}\n";
        assert_eq!(messages(&RULE, &sides(ports, "Deployment", sidecar)).len(), 0);
        let udp = "ports: [{port: 53, protocol: UDP}]";
        assert_eq!(messages(&RULE, &sides(udp, "Deployment", "")).len(), 0);
    }

    #[test]
    fn the_fix_uses_the_best_check_available() {
        let ports = "ports: [{port: 80, targetPort: 8080}]";
        let fix = |text: &str| findings(&RULE, text)[0].fixes[0].edits[0].text.clone();
        assert!(fix(&sides(ports, "Deployment", "")).contains("tcpSocket:"));
        let live = "          livenessProbe: {httpGet: {path: /live, port: 8080}}\n";
        let text = fix(&sides(ports, "Deployment", live));
        assert!(text.contains("path: /live") && text.contains("periodSeconds: 5"), "{text}");
        let compose = "# file: compose.yaml\nservices: {web: {image: 'a/b:1', healthcheck: {test: 'curl -f http://localhost:8080/up'}}}\n# file: k.yaml\n";
        let text = fix(&format!("{compose}{}", sides(ports, "Deployment", "")));
        assert!(text.contains("path: /up"), "{text}");
    }
}
