use crate::facts::{Facts, Workload};
use crate::model::kubernetes::is_true;
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// The replicas of a server may all land on one node.
    ///
    /// ## Why it hurts
    /// Several replicas are there so that one of them may fail. The scheduler merely prefers to
    /// spread them, and after a node has been drained they often end up together: if that node
    /// fails as well, all of them are gone.
    ///
    /// ## What helps
    /// `topologySpreadConstraints` over `kubernetes.io/hostname` (and over the zone), or a preferred
    /// `podAntiAffinity`.
    ///
    /// ## How to troubleshoot
    /// `kubectl get pods -o wide` shows which node each replica runs on.
    ///
    /// ## When to ignore
    /// On a cluster with a single node, and where the scheduler's own spreading is enough for you.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3 # <- Deployment `web` has 3 replicas, which may all run on the same node
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           ports: [{ containerPort: 8080 }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec:
    ///       topologySpreadConstraints:
    ///         - maxSkew: 1
    ///           topologyKey: kubernetes.io/hostname
    ///           whenUnsatisfiable: ScheduleAnyway
    ///           labelSelector: { matchLabels: { app: web } }
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/web:1.4.2
    ///           ports: [{ containerPort: 8080 }]
    /// ```
    PLM711 "replicas-can-share-node" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| it.is_server_like() && serves(it)) {
        let Some(many) = workload.copies.many() else { continue };
        let spec = &workload.model.template.spec;
        let spread = !spec.topology_spread.is_empty() || spec.affinity.anti.is_some();
        let elsewhere = workload.model.workload_ref.is_some() || spec.scheduler_name.is_some();
        if spread || elsewhere || workload.is_on_one_node() || takes_port_of_node(workload) {
            continue;
        }
        let words = facts.workload_replica_words(workload);
        out.at(
            &many,
            format!("{} has {words}, which may all run on the same node", workload.label),
        )
        .cause("no spread")
        .check(workload.pods("get pods", "-o wide"));
    }
}

/// Whether each Pod takes a port of its node, so that no two fit on one.
fn takes_port_of_node(workload: &Workload<'_>) -> bool {
    let spec = &workload.model.template.spec;
    let mut ports = workload.running().flat_map(|it| &it.1.ports);
    let is_on_host_network = is_true(spec.host_network);
    ports.any(|port| is_on_host_network || port.host_port.is_some_and(|it| it.value > 0))
}

fn serves(workload: &Workload<'_>) -> bool {
    let ports = workload.running().any(|it| !it.1.ports.is_empty());
    ports || !workload.services.is_empty()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn workload(kind: &str, spec: &str, pod: &str) -> usize {
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{ name: web }}\nspec:\n{spec}  template:\n    spec:\n{pod}      \
             containers: [{{ name: web, image: 'a:1', ports: [{{ containerPort: 80 }}] }}]\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn replicated_servers_count() {
        assert_eq!(workload("Deployment", "  replicas: 2\n", ""), 1);
        assert_eq!(workload("StatefulSet", "  replicas: 3\n", ""), 1);
    }

    #[test]
    fn one_replica_agents_and_spread_ones_are_silent() {
        assert_eq!(workload("Deployment", "", ""), 0);
        assert_eq!(workload("DaemonSet", "", ""), 0);
        let two = "  replicas: 2\n";
        let spread = "      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: zone }]\n";
        assert_eq!(workload("Deployment", two, spread), 0);
        let anti = "      affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } }\n";
        assert_eq!(workload("Deployment", two, anti), 0);
        assert_eq!(workload("Deployment", two, "      nodeName: one\n"), 0);
        assert_eq!(workload("Deployment", two, "      hostNetwork: true\n"), 0);
        let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {replicas: 4, template: {spec: {containers: [{name: web, image: 'a:1', ports: [{containerPort: 80, hostPort: 80}]}]}}}\n";
        assert!(messages(&RULE, text).is_empty(), "each needs a node of its own");
    }

    #[test]
    fn an_autoscaler_counts_and_required_rules_and_workers_are_silent() {
        let hpa = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3}\n";
        let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: 'a:1', ports: [{containerPort: 80}]}]}}}\n";
        assert_eq!(messages(&RULE, &format!("{text}{hpa}")).len(), 1);
        let two = "  replicas: 2\n";
        let anti = "      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: kubernetes.io/hostname, labelSelector: {} }] } }\n";
        assert_eq!(workload("Deployment", two, anti), 0);
        let worker = text
            .replace(", ports: [{containerPort: 80}]", "")
            .replace("{template", "{replicas: 2, template");
        assert!(messages(&RULE, &worker).is_empty());
    }
}
