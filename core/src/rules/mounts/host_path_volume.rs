use crate::facts::{Facts, Workload};
use crate::knowledge::kube::is_node_agent;
use crate::model::Str;
use crate::model::kubernetes::{VolumeSource, WorkloadKind, is_true};
use crate::report::phrases::first_named;
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// An application mounts a path of the node that it happens to run on.
    ///
    /// ## Why it hurts
    /// The files stay on one node. A Pod that is scheduled to another one finds an empty or a different
    /// directory there, two Pods on one node share it, and whoever takes over the container reads or
    /// writes the node's files. The `baseline` Pod security standard refuses such Pods.
    ///
    /// ## What helps
    /// A PersistentVolumeClaim for data, a ConfigMap or a Secret for configuration, an `emptyDir` for
    /// scratch files.
    ///
    /// ## How to troubleshoot
    /// See on which node each Pod runs, and delete one until it lands on another node.
    ///
    /// ## When to ignore
    /// On a cluster with a single node that will stay one, and for agents that are about the node
    /// itself.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: wiki }
    /// spec:
    ///   selector: { matchLabels: { app: wiki } }
    ///   template:
    ///     metadata: { labels: { app: wiki } }
    ///     spec:
    ///       containers:
    ///         - name: wiki
    ///           image: ghcr.io/acme/wiki:3
    ///           volumeMounts: [{ name: pages, mountPath: /var/lib/wiki }]
    ///       volumes:
    ///         - name: pages
    ///           hostPath: { path: /srv/wiki } # <- Deployment `wiki` mounts `/srv/wiki` of whichever node its Pod runs on
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: wiki }
    /// spec:
    ///   selector: { matchLabels: { app: wiki } }
    ///   template:
    ///     metadata: { labels: { app: wiki } }
    ///     spec:
    ///       containers:
    ///         - name: wiki
    ///           image: ghcr.io/acme/wiki:3
    ///           volumeMounts: [{ name: pages, mountPath: /var/lib/wiki }]
    ///       volumes:
    ///         - name: pages
    ///           persistentVolumeClaim: { claimName: wiki }
    /// ```
    PLM304 "host-path-volume" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| !is_about_the_node(it)) {
        let (accepted, open): (Vec<&Str>, Vec<&Str>) = host_paths(workload)
            .into_iter()
            .partition(|path| facts.is_accepted(path.span, &|it| RULE.is(it)));
        for path in accepted {
            report(facts, workload, &[path], out);
        }
        // Several volumes of one workload are one decision.
        if !open.is_empty() {
            report(facts, workload, &open, out);
        }
    }
}

/// Whether a workload is an agent or a part of the cluster itself, which needs its node.
fn is_about_the_node(workload: &Workload<'_>) -> bool {
    let known = |name: &str| is_node_agent(name);
    workload.kind() == WorkloadKind::DaemonSet
        || workload.namespace == "kube-system"
        || known(workload.name)
        || is_true(workload.model.template.spec.host_pid)
        || workload
            .units
            .iter()
            .filter_map(|it| it.image.as_ref())
            .any(|image| known(&image.repository))
}

/// Returns the paths of the node that the containers of a workload mount.
fn host_paths<'a>(workload: &Workload<'a>) -> Vec<&'a Str> {
    let mut paths = Vec::new();
    for volume in &workload.model.template.spec.volumes {
        let VolumeSource::HostPath { path: Some(path), .. } = &volume.source else { continue };
        let Some(name) = &volume.name else { continue };
        let mounts = workload.containers().flat_map(|(_, container)| &container.mounts);
        let mut mounts = mounts.filter(|it| it.is_of(&name.value)).peekable();
        if mounts.peek().is_none() || is_socket(path) {
            continue;
        }
        if is_same_everywhere(path) && mounts.all(|it| is_true(it.read_only)) {
            continue;
        }
        paths.push(path);
    }
    paths
}

/// Whether PLM308 reports the path: the socket of the Docker engine.
fn is_socket(path: &str) -> bool {
    path.ends_with("/docker.sock")
}

/// Paths that are much the same on every node, to be read.
const SAME_EVERYWHERE: &[&str] = &[
    "/etc/localtime",
    "/etc/timezone",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/etc/pki",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/zoneinfo",
    "/usr/lib/os-release",
    "/lib/modules",
    "/usr/src",
    "/proc",
    "/sys",
];

fn is_same_everywhere(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    SAME_EVERYWHERE.iter().any(|it| {
        path.strip_prefix(it).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn report<'a>(facts: &Facts<'a>, workload: &Workload<'a>, paths: &[&Str], out: &mut Findings) {
    let Some((first, others)) = paths.split_first() else { return };
    let names: Vec<&str> = paths.iter().map(|it| it.as_str()).collect();
    let finding = out.at(
        &first.span,
        format!(
            "{} mounts {} of whichever node its Pod runs on",
            workload.label,
            first_named(&names, 3)
        ),
    );
    for other in others {
        finding.also(&other.span, format!("`{other}` is on the node too"));
    }
    if paths.iter().all(|it| is_same_everywhere(it)) {
        finding.severity(Severity::Info).help("Set `readOnly: true` on the mount.");
    } else if facts.workload_role(workload) == Role::Development {
        finding.severity(Severity::Info);
    }
    finding.check(format!(
        "kubectl get pods{} -o wide{}",
        workload.namespace_flag(),
        selector(workload)
    ));
}

/// Returns the option that selects the Pods of a workload.
fn selector(workload: &Workload<'_>) -> String {
    let model = workload.model;
    let selected = model.selector.as_ref().map(|it| &it.match_labels).filter(|it| !it.is_empty());
    let labels = selected.unwrap_or(&model.template.meta.labels).iter();
    let labels: Vec<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
    if labels.is_empty() { String::new() } else { format!(" -l {}", labels.join(",")) }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn workload(kind: &str, name: &str, spec: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: a}}}}, template: {{metadata: {{labels: {{app: a}}}}, spec: {{{spec}}}}}}}\n"
        )
    }

    fn pod(path: &str, mount: &str) -> String {
        format!(
            "containers: [{{name: a, image: 'acme/a:1', volumeMounts: [{{name: v, mountPath: /v{mount}}}]}}], volumes: [{{name: v, hostPath: {{path: {path}}}}}]"
        )
    }

    #[test]
    fn every_kind_of_application_counts() {
        for kind in ["Deployment", "StatefulSet", "ReplicaSet"] {
            let text = workload(kind, "a", &pod("/srv/a", ""));
            assert_eq!(messages(&RULE, &text).len(), 1, "{kind}");
        }
        let cron = format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec: {{schedule: '* * * * *', jobTemplate: {{spec: {{template: {{spec: {{{}}}}}}}}}}}\n",
            pod("/srv/a", ", readOnly: true")
        );
        assert_eq!(
            messages(&RULE, &cron),
            ["CronJob `a` mounts `/srv/a` of whichever node its Pod runs on"]
        );
        let list = format!(
            "apiVersion: v1\nkind: List\nitems:\n  - {{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{{}}}}}\n",
            pod("/srv/a", "")
        );
        assert_eq!(messages(&RULE, &list).len(), 1);
    }

    #[test]
    fn agents_of_the_node_are_silent() {
        assert!(messages(&RULE, &workload("DaemonSet", "a", &pod("/var/log", ""))).is_empty());
        assert!(
            messages(&RULE, &workload("Deployment", "local-path-provisioner", &pod("/opt", "")))
                .is_empty()
        );
        let agent = pod("/var/log", "").replace("acme/a:1", "grafana/promtail:3");
        assert!(messages(&RULE, &workload("Deployment", "a", &agent)).is_empty());
        let system = workload("Deployment", "a, namespace: kube-system", &pod("/etc/k", ""));
        assert!(messages(&RULE, &system).is_empty());
    }

    #[test]
    fn what_is_the_same_on_every_node_may_be_read() {
        for path in ["/etc/localtime", "/usr/share/zoneinfo/Europe/Berlin", "/etc/ssl/certs/"] {
            let read = workload("Deployment", "a", &pod(path, ", readOnly: true"));
            assert!(messages(&RULE, &read).is_empty(), "{path}");
            let written = findings(&RULE, &workload("Deployment", "a", &pod(path, "")));
            assert_eq!(written[0].severity.name(), "info", "{path}");
        }
        let data = workload("Deployment", "a", &pod("/srv/a", ", readOnly: true"));
        assert_eq!(findings(&RULE, &data)[0].severity.name(), "warning");
    }

    #[test]
    fn the_socket_and_volumes_that_nobody_mounts_are_left_out() {
        assert!(
            messages(&RULE, &workload("Deployment", "a", &pod("/var/run/docker.sock", "")))
                .is_empty()
        );
        let unused =
            "containers: [{name: a, image: 'a:1'}], volumes: [{name: v, hostPath: {path: /srv}}]";
        assert!(messages(&RULE, &workload("Deployment", "a", unused)).is_empty());
    }

    #[test]
    fn several_paths_are_one_finding() {
        let spec = "containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /w}]}], volumes: [{name: v, hostPath: {path: /v}}, {name: w, hostPath: {path: /w}}]";
        let all = findings(&RULE, &workload("Deployment", "a", spec));
        assert_eq!(all.len(), 1);
        assert!(all[0].message.contains("mounts `/v`, `/w` of"));
        assert_eq!(all[0].check, ["kubectl get pods -o wide -l app=a"]);
    }
}
