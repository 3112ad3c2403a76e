use crate::facts::Facts;
use crate::model::Str;
use crate::report::{Findings, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// Two ports of a Service or container clash, or a Service with several ports has one without a
    /// name.
    ///
    /// ## Why it hurts
    /// The API server rejects the object. When `kubectl apply` handles many files, the others go
    /// through, and it is easy to overlook the one Service that is missing.
    ///
    /// ## What helps
    /// Give each port of a Service its own name and its own number.
    ///
    /// ## How to troubleshoot
    /// `kubectl apply --dry-run=server -f FILE` reports the port at fault.
    ///
    /// ## When to ignore
    /// Where a container lists one number under two names: the API server takes that, with a warning.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: { name: web }
    /// spec:
    ///   selector: { app: web }
    ///   ports:
    ///     - name: http
    ///       port: 80
    ///     - port: 443 # <- port 443 of Service `web` has no name, but a Service with several ports must name each of them
    ///     - name: admin
    ///       port: 80 # <- Service `web` lists port 80 (TCP) twice
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
    ///     - name: http
    ///       port: 80
    ///     - name: https
    ///       port: 443
    ///     - name: admin
    ///       port: 9000
    /// ```
    PLM420 "duplicate-service-port" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

/// A port of a Service or container.
struct Listed<'a> {
    name: Option<&'a Str>,
    number: Option<i64>,
    protocol: &'a str,
    span: Span,
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.kube_services() {
        let owner = format!("Service `{}`", service.name);
        let mut ports: Vec<Listed<'_>> = Vec::new();
        for port in &service.model.ports {
            ports.push(Listed {
                name: port.name.as_ref(),
                number: port.port.map(|it| it.value),
                protocol: port.protocol.as_ref().map_or("TCP", |it| it.as_str()),
                span: port.span(),
            });
        }
        clashes(out, &owner, &ports, Severity::Error);
        for port in ports.iter().filter(|it| it.name.is_none() && ports.len() > 1) {
            let number = port.number.map(|it| format!(" {it}")).unwrap_or_default();
            out.at(
                &port.span,
                format!(
                    "port{number} of {owner} has no name, but a Service with several ports must name each of them"
                ),
            );
        }
    }
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            let mut ports: Vec<Listed<'_>> = Vec::new();
            for port in &container.ports {
                ports.push(Listed {
                    name: port.name.as_ref(),
                    number: port.container_port.map(|it| it.value),
                    protocol: port.protocol.as_ref().map_or("TCP", |it| it.as_str()),
                    span: port.container_port.map_or(port.place.span, |it| it.span),
                });
            }
            // The API server accepts a number that is listed twice, but later merges lose one.
            clashes(out, &unit.label, &ports, Severity::Warning);
        }
    }
}

fn clashes(out: &mut Findings, owner: &str, ports: &[Listed<'_>], same_number: Severity) {
    for (at, port) in ports.iter().enumerate() {
        let before = &ports[..at];
        if let Some(name) = port.name
            && let Some(first) =
                before.iter().find(|port| port.name.is_some_and(|it| it.value == name.value))
        {
            let place = first.name.map_or(first.span, |it| it.span);
            out.at(&name.span, format!("{owner} has two ports named `{name}`"))
                .also(&place, "the name is first used here");
        }
        let same = |it: &&Listed<'_>| {
            it.number.is_some() && it.number == port.number && it.protocol == port.protocol
        };
        if let (Some(first), Some(number)) = (before.iter().find(same), port.number) {
            out.at(&port.span, format!("{owner} lists port {number} ({}) twice", port.protocol))
                .severity(same_number)
                .also(&first.span, "the port is first listed here");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    fn service(ports: &str) -> usize {
        messages(
            &RULE,
            &format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{ports: [{ports}]}}\n"
            ),
        )
        .len()
    }

    #[test]
    fn other_protocols_do_not_clash_and_a_single_port_needs_no_name() {
        assert_eq!(service("{port: 80}"), 0);
        assert_eq!(service("{name: a, port: 53}, {name: b, port: 53, protocol: UDP}"), 0);
        assert_eq!(service("{name: a, port: 80}, {name: a, port: 81}"), 1);
        assert_eq!(service("{name: a, port: 80}, {name: b, port: 80}"), 1);
        assert_eq!(service("{port: 80}, {port: 81}"), 2);
    }

    #[test]
    fn a_container_may_list_a_number_twice_but_no_name() {
        let pod = |ports: &str| {
            findings(
                &RULE,
                &format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: a, ports: [{ports}]}}]}}\n"
                ),
            )
        };
        let names = pod("{name: a, containerPort: 1}, {name: a, containerPort: 2}");
        assert_eq!(names[0].severity, Severity::Error);
        let numbers = pod("{containerPort: 1}, {containerPort: 1}");
        assert_eq!(numbers[0].severity, Severity::Warning);
        assert!(pod("{containerPort: 1}, {containerPort: 2}").is_empty());
    }
}
