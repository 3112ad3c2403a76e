use crate::facts::{Facts, Workload};
use crate::knowledge::kube::{is_ingress_controller, is_node_agent, is_system_namespace};
use crate::model::kubernetes::{Container, WorkloadKind, is_true};
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;
use crate::text::Spanned;

rule! {
    /// An application uses ports of the node that it runs on.
    ///
    /// ## Why it hurts
    /// Only one such Pod fits on each node, so a rollout or a second replica stays Pending. The
    /// port is open on the node's own address and bypasses every Service and NetworkPolicy.
    ///
    /// ## What helps
    /// A Service. If traffic comes from outside, give it the type LoadBalancer, or put an Ingress
    /// in front of it.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` shows "didn't have free ports for the requested pod ports".
    ///
    /// ## When to ignore
    /// Where one Pod on each node is all there will ever be, and clients need the address of the node,
    /// as with a media relay.
    ///
    /// ## Bad
    /// ```yaml
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
    ///           ports:
    ///             - containerPort: 8080
    ///               hostPort: 80 # <- container `web` of Deployment `web` takes port 80 of its node
    /// ```
    ///
    /// ## Good
    /// ```yaml
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
    ///           ports:
    ///             - containerPort: 8080
    /// ```
    PLM417 "host-network-or-port" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let takes_port = |it: &Container| it.ports.iter().any(|port| port.host_port.is_some());
        let takes = is_true(workload.model.template.spec.host_network)
            || workload.containers().any(|it| takes_port(it.1));
        if !takes || belongs_to_the_node(workload) {
            continue;
        }
        let severity = match facts.workload_role(workload) {
            Role::Development => Severity::Info,
            Role::Production | Role::Unknown => RULE.severity,
        };
        let pending = workload.pods("get pods", "-o wide --field-selector status.phase=Pending");
        let spec = &workload.model.template.spec;
        if let Some(network) = spec.host_network.filter(|it| it.value) {
            out.at(&network.span, format!("{} runs on the network of its node", workload.label))
                .severity(severity)
                .check(pending);
            continue;
        }
        for (unit, container) in workload.containers() {
            let ports = container.ports.iter().filter_map(|it| it.host_port);
            let ports: Vec<Spanned<i64>> = ports.filter(|it| it.value != 0).collect();
            let is_accepted =
                |it: &Spanned<i64>| facts.stands_alone(it.span, &|selector| RULE.is(selector));
            // What a comment accepts gets a finding of its own for the comment to suppress.
            let (accepted, open): (Vec<_>, Vec<_>) = ports.into_iter().partition(is_accepted);
            for ports in accepted.chunks(1).chain([open.as_slice()]) {
                let [first, others @ ..] = ports else { continue };
                let numbers: Vec<String> = ports.iter().map(|it| it.value.to_string()).collect();
                let noun = if others.is_empty() { "port" } else { "ports" };
                let message =
                    format!("{} takes {noun} {} of its node", unit.label, numbers.join(", "));
                let finding = out.at(&first.span, message).severity(severity);
                finding.gathers(unit.label.as_str()).check(pending.clone());
                for other in others {
                    finding.also(&other.span, format!("port {} too", other.value));
                }
            }
        }
    }
}

/// Whether a workload is an agent, an edge proxy or a part of the cluster itself.
fn belongs_to_the_node(workload: &Workload<'_>) -> bool {
    workload.kind() == WorkloadKind::DaemonSet
        || is_system_namespace(workload.namespace)
        || is_node_agent(workload.name)
        || workload.units.iter().any(|unit| {
            let image = unit.image.as_ref();
            is_node_agent(unit.program())
                || image.is_some_and(|it| is_ingress_controller(&it.repository))
        })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn pod(kind: &str, name: &str, image: &str, spec: &str) -> usize {
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{{spec}containers: [{{name: c, image: '{image}', ports: [{{containerPort: 80, hostPort: 80}}]}}]}}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn agents_and_edge_proxies_are_silent() {
        assert_eq!(pod("Deployment", "web", "acme/web:1", ""), 1);
        assert_eq!(pod("Deployment", "web", "acme/web:1", "hostNetwork: true, "), 1);
        assert_eq!(pod("DaemonSet", "agent", "acme/agent:1", "hostNetwork: true, "), 0);
        assert_eq!(pod("Deployment", "edge", "traefik:v3", ""), 0);
        for image in [
            "registry.k8s.io/ingress-nginx/controller:v1.12.0",
            "haproxytech/kubernetes-ingress:3.0.4",
            "envoyproxy/envoy:v1.33.0",
        ] {
            assert_eq!(pod("Deployment", "edge", image, "hostNetwork: true, "), 0, "{image}");
        }
    }

    #[test]
    fn each_of_the_two_counts_by_itself() {
        let count = |kind: &str, spec: &str, container: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{{spec}containers: [{{name: c, image: 'acme/web:1'{container}}}]}}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        for kind in ["Deployment", "StatefulSet", "ReplicaSet"] {
            assert_eq!(count(kind, "hostNetwork: true, ", ""), 1, "{kind}");
            assert_eq!(
                count(kind, "", ", ports: [{containerPort: 80, hostPort: 80}]"),
                1,
                "{kind}"
            );
            assert_eq!(count(kind, "hostNetwork: false, ", ", ports: [{containerPort: 80}]"), 0);
        }
    }

    #[test]
    fn jobs_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {hostNetwork: true, containers: [{name: c, image: 'a/b:1'}]}}}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {hostNetwork: false, containers: [{name: c, image: 'a/b:1'}]}}}}}\n"
            ),
            0
        );
    }
}
