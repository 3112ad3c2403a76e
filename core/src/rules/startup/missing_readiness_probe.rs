use crate::edit::Yaml;
use crate::facts::{Facts, KubeService, Part, Service, Workload, probe_of_healthcheck};
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
            let Some(probe) = probe_for(facts, workload, at, port) else { continue };
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
/// liveness probe at shorter intervals, else from the port alone. `None` where Compose has the program
/// listen on other ports: the probe would never succeed.
fn probe_for(
    facts: &Facts,
    workload: &Workload<'_>,
    unit: usize,
    port: &ServicePort,
) -> Option<(&'static str, Yaml<'static>)> {
    let counterpart = facts.counterpart_of_container(workload.index, unit);
    let service = counterpart.map(|pair| facts.pair(pair).0);
    let health = service.and_then(|it| it.model.healthcheck.as_deref().filter(|it| !it.disabled));
    if let Some(probe) = health.and_then(probe_of_healthcheck) {
        return Some(("Probe with the check of the Compose healthcheck", probe));
    }
    let container = workload.container(unit);
    if let Some((key, handler)) = container.liveness.as_ref().and_then(|it| handler(&it.handler)) {
        let sooner =
            [(key, handler), ("periodSeconds", Yaml::int(5)), ("failureThreshold", Yaml::int(2))];
        return Some((
            "Probe with the check of the liveness probe, at shorter intervals",
            Yaml::map(sooner),
        ));
    }
    let target = port.target().map(|it| it.value).unwrap_or(IntOrStr::Int(80));
    if service.is_some_and(|it| listens_elsewhere(it, workload, &target)) {
        return None;
    }
    let socket = Yaml::map([("port", port_value(&target))]);
    Some(("Probe whether the port is open", Yaml::map([("tcpSocket", socket)])))
}

/// Whether Compose names the ports of the same program, and not this one.
fn listens_elsewhere(service: &Service<'_>, workload: &Workload<'_>, port: &IntOrStr) -> bool {
    let ports = service.container_ports();
    let number = match port {
        IntOrStr::Int(number) => Some(*number),
        IntOrStr::Str(name) => {
            let mut listed = workload.running().flat_map(|(_, container)| &container.ports);
            let named = listed.find(|it| it.name.as_ref().is_some_and(|own| own.value == *name));
            named.and_then(|it| it.container_port.as_ref()).map(|it| it.value)
        }
    };
    number.is_some_and(|number| {
        !ports.is_empty()
            && ports.iter().all(|port| i64::from(port.value) != number)
            && !workload.passes_port(&number.to_string())
    })
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

    #[test]
    fn a_port_on_which_the_program_does_not_listen_is_not_probed() {
        let fixes = |port: u16| {
            let compose = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'a/b:1', ports: ['4000:{port}']}}}}\n# file: k.yaml\n"
            );
            let ports = "ports: [{port: 80, targetPort: 8080}]";
            let text = format!("{compose}{}", sides(ports, "Deployment", ""));
            findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!(fixes(8080), 1);
        assert_eq!(fixes(1080), 0);
    }
}
