use crate::facts::{Facts, KubeService, Workload, in_shell};
use crate::model::kubernetes::ServicePort;
use crate::model::{IntOrStr, Str};
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::Spanned;

rule! {
    /// A Service sends traffic to a port that its Pods do not list.
    ///
    /// ## Why it hurts
    /// If no container port has the name, the Service gets no endpoint for that port. A number that
    /// is not listed still works if the program listens there, but usually it is an outdated port.
    ///
    /// ## What helps
    /// Use the name or number of a container port; with a name, the number has to change in one
    /// place only.
    ///
    /// ## How to troubleshoot
    /// `kubectl get endpointslices -l kubernetes.io/service-name=NAME -o yaml` shows the ports that
    /// receive traffic.
    ///
    /// ## When to ignore
    /// Where the program listens on the number although no container lists it: the list is for
    /// information.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports:
    ///     - port: 80
    ///       targetPort: http # <- Service `web` sends traffic to port `http`, but Deployment `web` lists only `web` (8080)
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
    ///           image: acme/web:1
    ///           ports: [{ name: web, containerPort: 8080 }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports:
    ///     - port: 80
    ///       targetPort: web
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
    ///           image: acme/web:1
    ///           ports: [{ name: web, containerPort: 8080 }]
    /// ```
    PLM405 "target-port-not-exposed" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

/// A port of a Service that leads nowhere, with its target.
type Astray<'a> = (&'a ServicePort, Spanned<IntOrStr>);

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.kube_services() {
        let selected = facts.selected(service);
        let Some((first, others)) = selected.split_first() else { continue };
        let (mut names, mut numbers): (Vec<Astray<'_>>, Vec<Astray<'_>>) = Default::default();
        for port in &service.model.ports {
            let Some(target) = port.target() else { continue };
            // Traffic goes to those Pods that have the port; the others may be there for another one.
            if selected.iter().any(|it| may_receive(it, &target.value)) {
                continue;
            }
            let is_name = target.value.as_str().is_some();
            (if is_name { &mut names } else { &mut numbers }).push((port, target));
        }
        for astray in [names, numbers] {
            report(facts, out, service, &astray, first, others);
        }
    }
}

/// Whether a workload's Pods list a port, or may listen on it all the same.
fn may_receive(workload: &Workload<'_>, target: &IntOrStr) -> bool {
    if workload.lists_port(target) {
        return true;
    }
    let listed =
        workload.running().flat_map(|it| &it.1.ports).any(|it| it.container_port.is_some());
    // An injected sidecar or a default in the image may listen on an unlisted number.
    target.as_str().is_none() && (!listed || may_listen(workload, target))
}

fn report<'a>(
    facts: &Facts<'a>,
    out: &mut Findings,
    service: &KubeService<'a>,
    astray: &[Astray<'_>],
    workload: &Workload<'a>,
    others: &[&Workload<'a>],
) {
    let Some(((port, target), more)) = astray.split_first() else { return };
    let name = service.name;
    let targets: Vec<String> = astray.iter().map(|it| format!("`{}`", it.1.value)).collect();
    let word = if more.is_empty() { "port" } else { "ports" };
    let finding = out.at(
        &target.span,
        format!(
            "Service `{name}` sends traffic to {word} {}, but {} lists {}",
            targets.join(", "),
            workload.label,
            workload.listed_ports()
        ),
    );
    finding.also(&workload.span(), format!("{} is selected by `{name}`", workload.label));
    let flag = workload.namespace_flag();
    if target.value.as_str().is_some() {
        finding.severity(Severity::Error).check(format!(
            "kubectl get endpointslices -l kubernetes.io/service-name={}{flag} -o yaml",
            in_shell(name)
        ));
    } else {
        // An EndpointSlice has the number, whether anything listens on it or not.
        let number = match (service.model.is_headless(), &port.port) {
            (false, Some(port)) => port.value.to_string(),
            _ => target.value.to_string(),
        };
        finding.confidence(Confidence::Likely).check(format!(
            "kubectl run port-check --rm -i --restart=Never --image=busybox{flag} -- nc -zvw3 {} {number}",
            in_shell(name)
        ));
        // DNS gives the addresses of the Pods themselves, and clients choose the port.
        if service.model.is_headless() {
            finding.severity(Severity::Info);
        }
    }
    finding.also_first(others.iter().map(|it| (it.span(), it)), |it| {
        format!("{} is selected too and lists {}", it.label, it.listed_ports())
    });
    finding.also_first(more.iter().map(|(_, it)| (it.span, it)), |it| {
        format!("port `{}` is not listed either", it.value)
    });
    if !more.is_empty() || !others.is_empty() {
        return;
    }
    let mut ports = workload.running().flat_map(|it| &it.1.ports);
    let (Some(only), None, Some(written)) = (ports.next(), ports.next(), &port.target_port) else {
        return;
    };
    // A port for metrics beside that of the program is another one.
    if is_for_metrics(port.name.as_ref()) && !is_for_metrics(only.name.as_ref()) {
        finding.help(format!(
            "If a program in the Pod serves its metrics on {0}, list the port: `containerPort: {0}` under `ports` of its container. Otherwise remove the port from the Service.",
            target.value
        ));
        return;
    }
    if only.container_port.is_some_and(|it| !speaks_like(port, it.value)) {
        return;
    }
    let (value, edit) = match (&only.name, only.container_port) {
        (Some(it), _) => (it.to_string(), facts.replace_scalar(&written.span, it)),
        (None, Some(it)) => {
            let number = it.value.to_string();
            let edit = facts.replace(&written.span, &number);
            (number, edit)
        }
        (None, None) => return,
    };
    finding.fix(Fix::r#unsafe(format!("Send traffic to `{value}`"), [edit]));
}

/// Whether a port says by its name that it is for metrics.
fn is_for_metrics(name: Option<&Str>) -> bool {
    name.is_some_and(|it| ["metric", "prom", "monitor"].iter().any(|word| it.contains(word)))
}

/// Whether a container port may be what a Service port is for: one of the two is not about TLS and the other
/// about plain HTTP.
fn speaks_like(port: &ServicePort, container_port: i64) -> bool {
    let is_tls = |it: i64| matches!(it, 443 | 6443 | 8443 | 9443);
    let is_plain = |it: i64| matches!(it, 80 | 3000 | 5000 | 8000 | 8080);
    let outside = port.port.as_ref().map_or(0, |it| it.value);
    !(is_tls(outside) && is_plain(container_port) || is_plain(outside) && is_tls(container_port))
}

/// Whether something in the Pods may listen on a port that no container lists.
fn may_listen(workload: &Workload<'_>, port: &IntOrStr) -> bool {
    workload.gets_injected_containers() || workload.passes_port(&port.to_string())
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn service_and_pod(target: &str, ports: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{ name: web }}\nspec:\n  selector: {{ app: web }}\n  \
             ports: [{{ port: 80, targetPort: {target} }}]\n---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: web, \
             labels: {{ app: web }} }}\nspec: {{ containers: [{{ name: web, image: a, ports: {ports} }}] }}\n"
        )
    }

    #[test]
    fn a_number_needs_other_ports_listed_to_be_suspicious() {
        assert_eq!(messages(&RULE, &service_and_pod("3000", "[{ containerPort: 8080 }]")).len(), 1);
        assert_eq!(messages(&RULE, &service_and_pod("3000", "[]")).len(), 0);
        assert_eq!(messages(&RULE, &service_and_pod("8080", "[{ containerPort: 8080 }]")).len(), 0);
    }

    #[test]
    fn a_sidecar_or_an_argument_may_open_the_port() {
        let text = service_and_pod("3500", "[{ containerPort: 8080 }]");
        let annotated = text.replace(
            "metadata: { name: web, labels",
            "metadata: { name: web, annotations: { dapr.io/enabled: 'true' }, labels",
        );
        assert_ne!(annotated, text);
        assert!(messages(&RULE, &annotated).is_empty());
        let passed = text.replace("image: a,", "image: a, args: ['-metricsPort=3500'],");
        assert!(messages(&RULE, &passed).is_empty());
        let other = text.replace("image: a,", "image: a, args: ['-metricsPort=35001'],");
        assert_eq!(messages(&RULE, &other).len(), 1);
    }

    #[test]
    fn a_name_must_be_listed() {
        let all = messages(&RULE, &service_and_pod("http", "[]"));
        assert_eq!(
            all,
            ["Service `web` sends traffic to port `http`, but Pod `web` lists no ports"]
        );
    }

    #[test]
    fn a_name_is_an_error_and_a_number_a_warning() {
        let severity = |target: &str| {
            let text = service_and_pod(target, "[{ name: web, containerPort: 8080 }]");
            let found = crate::rules::testing::findings(&RULE, &text);
            found.iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        assert_eq!(severity("http"), ["error"]);
        assert_eq!(severity("3000"), ["warning"]);
        assert_eq!(severity("web"), [""; 0]);
        // Without a target, the port is the target.
        let implied =
            service_and_pod("80", "[{ containerPort: 8080 }]").replace(", targetPort: 80", "");
        assert_eq!(messages(&RULE, &implied).len(), 1);
    }

    #[test]
    fn several_ports_of_one_service_are_one_finding() {
        let two = service_and_pod("3000", "[{ containerPort: 8080 }]").replace(
            "ports: [{ port: 80,",
            "ports: [{ name: b, port: 81, targetPort: 3001 }, { port: 80,",
        );
        assert_eq!(
            messages(&RULE, &two),
            ["Service `web` sends traffic to ports `3001`, `3000`, but Pod `web` lists only 8080"]
        );
    }

    #[test]
    fn another_selected_workload_may_have_the_port() {
        let other = |port: u16| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: admin, labels: {{ app: web }} }}\nspec: {{ containers: [{{ name: admin, image: a, ports: [{{ name: http, containerPort: {port} }}] }}] }}\n"
            )
        };
        for target in ["3000", "http"] {
            let web = service_and_pod(target, "[{ containerPort: 8080 }]");
            assert_eq!(messages(&RULE, &format!("{web}{}", other(3000))).len(), 0, "{target}");
        }
        let web = service_and_pod("3000", "[{ containerPort: 8080 }]");
        assert_eq!(messages(&RULE, &format!("{web}{}", other(9000))).len(), 1, "once for both");
    }

    #[test]
    fn a_quoted_number_is_a_name() {
        assert_eq!(
            messages(&RULE, &service_and_pod("\"8080\"", "[{ containerPort: 8080 }]")).len(),
            1
        );
    }

    #[test]
    fn another_selected_workload_may_be_meant() {
        let pod = |name: &str, port: u16| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: {name}, labels: {{ app: web }} }}\nspec: {{ containers: [{{ name: web, image: a, ports: [{{ containerPort: {port} }}] }}] }}\n"
            )
        };
        let service = "apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { selector: { app: web }, ports: [{ port: 80, targetPort: 3000 }] }\n";
        let text = format!("{service}{}{}", pod("a", 3000), pod("b", 8080));
        assert!(messages(&RULE, &text).is_empty());
        let text = format!("{service}{}{}", pod("a", 8080), pod("b", 8080));
        assert!(crate::rules::testing::findings(&RULE, &text).iter().all(|it| it.fixes.is_empty()));
    }

    #[test]
    fn a_port_for_metrics_is_not_sent_to_that_of_the_program() {
        let found = |name: &str| {
            let text = service_and_pod("9394", "[{ containerPort: 3000 }]");
            let text = text.replace("port: 80,", &format!("name: {name}, port: 9394,"));
            crate::rules::testing::findings(&RULE, &text).remove(0)
        };
        let metrics = found("metrics");
        assert!(metrics.fixes.is_empty());
        assert!(metrics.help.is_some_and(|it| it.contains("`containerPort: 9394`")));
        let web = found("web");
        assert!(web.help.is_none() && web.fixes.len() == 1);
    }

    #[test]
    fn a_port_for_tls_is_not_sent_to_plain_http() {
        let fixes = |port: u16| {
            let text = service_and_pod("3500", "[{ containerPort: 8080 }]");
            let text = text.replace("port: 80,", &format!("port: {port},"));
            crate::rules::testing::findings(&RULE, &text)[0].fixes.len()
        };
        assert_eq!((fixes(80), fixes(443)), (1, 0));
    }
}
