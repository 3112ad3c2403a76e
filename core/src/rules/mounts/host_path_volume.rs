use crate::facts::{Bindings, Facts, Workload, is_below, is_engine_socket};
use crate::knowledge::kube::is_node_agent;
use crate::model::Str;
use crate::model::kubernetes::{VolumeSource, WorkloadKind, is_true};
use crate::report::phrases::first_named;
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

rule! {
    /// An application keeps its files in a path of a node.
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
    /// itself. For Pods that are bound to one node, the finding is for information only.
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

/// What is decided at once: where the workloads of an application keep their files.
#[derive(PartialEq, Eq, Hash)]
struct Decision {
    /// The number of the application.
    part: usize,
    /// The index of its target, which tells the releases of a chart apart from the manifests beside it.
    target: Option<usize>,
    is_harmless: bool,
    /// Whether the Pods are bound to a node.
    is_bound: bool,
}

/// A workload, with the paths of the node that it mounts.
type Bound<'f, 'a> = (&'f Workload<'a>, Vec<&'a Str>);

fn check(facts: &Facts, out: &mut Findings) {
    let mut decisions: IndexMap<Decision, Vec<Bound<'_, '_>>, FxBuildHasher> = IndexMap::default();
    let bindings = facts.bindings();
    for workload in facts.workloads().iter().filter(|it| !is_about_the_node(it)) {
        let mut paths = host_paths(workload);
        paths.extend(
            claims(workload).filter_map(|claim| bindings.node_folder(facts, workload, claim)),
        );
        let (accepted, open): (Vec<&Str>, Vec<&Str>) =
            paths.into_iter().partition(|path| facts.is_accepted(path.span, &|it| RULE.is(it)));
        for path in accepted {
            report(facts, &bindings, &(workload, vec![path]), &[], out);
        }
        let mut open = open;
        open.sort_by_key(|path| is_for_logs(path));
        if let Some(first) = open.first() {
            let file = first.span.file;
            let decision = Decision {
                part: facts.part_of(file),
                target: facts.target_of(file),
                is_harmless: open.iter().all(|it| is_same_everywhere(it)),
                is_bound: workload.is_on_one_node(),
            };
            decisions.entry(decision).or_default().push((workload, open));
        }
    }
    for mut all in decisions.into_values() {
        // Data that is lost is worse than logs that are.
        all.sort_by_key(|(workload, paths)| weight(workload, paths));
        if let Some((first, others)) = all.split_first() {
            report(facts, &bindings, first, others, out);
        }
    }
}

/// Returns how little the files of a workload would be missed: 0 for those of a data store.
fn weight(workload: &Workload<'_>, paths: &[&Str]) -> u8 {
    if workload.units.iter().any(|unit| unit.stored().is_some()) {
        0
    } else if paths.iter().all(|path| is_for_logs(path)) {
        2
    } else {
        1
    }
}

/// Whether a path is one for logs.
fn is_for_logs(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "log" | "logs"))
}

/// Whether a comment beside a path says that it is an example that is to be changed.
fn is_example(facts: &Facts<'_>, path: &Str) -> bool {
    const LINES: usize = 3;
    let text = facts.file(path.span.file).text();
    let start = path.span.start as usize;
    let before = text[..start].rsplit('\n').take(LINES);
    let here = text[start..].lines().take(1);
    before.chain(here).filter_map(|line| line.split_once('#')).any(|(_, comment)| {
        let comment = comment.to_ascii_lowercase();
        ["example", "edit it", "edit this", "change this", "replace this"]
            .iter()
            .any(|it| comment.contains(it))
    })
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
        if mounts.peek().is_none() || is_engine_socket(path) || is_device(path) {
            continue;
        }
        if is_same_everywhere(path) && mounts.all(|it| is_true(it.read_only)) {
            continue;
        }
        paths.push(path);
    }
    paths
}

/// Returns the names of the claims that a workload mounts.
fn claims<'a>(workload: &Workload<'a>) -> impl Iterator<Item = &'a Str> {
    workload.model.template.spec.volumes.iter().filter_map(|volume| match &volume.source {
        VolumeSource::Claim { name, .. } => name.as_ref(),
        _ => None,
    })
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

/// Whether a path is a device of the node, such as `/dev/net/tun`, which holds no files. What lies in `/dev/shm`
/// does.
fn is_device(path: &str) -> bool {
    is_below(path, "/dev") && !is_below(path, "/dev/shm")
}

fn is_same_everywhere(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    SAME_EVERYWHERE.iter().any(|it| {
        path.strip_prefix(it).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Returns the place to change: in a chart the value that chooses the node, or else the one that names its
/// path, unless a comment accepts the path in the template.
fn lead(facts: &Facts<'_>, path: &Str) -> Span {
    if facts.is_accepted(path.span, &|it| RULE.is(it)) {
        return path.span;
    }
    facts
        .choice_behind(path.span, "hostPath")
        .or_else(|| facts.value_behind(path.span))
        .unwrap_or(path.span)
}

/// Reports a workload, which stands for others that mount paths of their nodes too.
fn report<'a>(
    facts: &Facts<'a>,
    bindings: &Bindings<'a>,
    bound: &Bound<'_, 'a>,
    more: &[Bound<'_, 'a>],
    out: &mut Findings,
) {
    let (workload, paths) = bound;
    let Some((first, others)) = paths.split_first() else { return };
    let names: Vec<&str> = paths.iter().map(|it| it.as_str()).collect();
    let place = lead(facts, first);
    let label = &workload.label;
    let node = workload.node();
    let what = first_named(&names, 3);
    let message = match node {
        Some(node) => {
            format!(
                "{label} keeps {what} on node `{node}`, which it is tied to: there is no copy elsewhere"
            )
        }
        None => format!("{label} mounts {what} of whichever node its Pod runs on"),
    };
    let subject = facts.subject_of(&message, first.span);
    let finding = out.at(&place, message).subject(subject);
    if place != first.span {
        finding.also(&first.span, "the template mounts it here");
    }
    for other in others {
        finding.also(&other.span, format!("`{other}` is on the node too"));
    }
    for claim in claims(workload) {
        if bindings.node_folder(facts, workload, claim).is_some_and(|it| it.span == first.span) {
            finding.also(&claim.span, format!("claim `{claim}` is bound to it here"));
        }
    }
    let is_claimed = |path: &Str| {
        claims(workload).any(|claim| {
            let behind = bindings.node_folder(facts, workload, claim);
            behind.is_some_and(|it| it.span == path.span)
        })
    };
    // What holds for a volume of the Pod itself does not hold for one that is claimed.
    if let Some(node) = node {
        finding
            .severity(Severity::Info)
            .also(&node.span, "the Pods are tied to this node")
            .why("While the node is down, the Pod cannot run anywhere else, and when its disk is lost, the files are lost with it.")
            .help("Back the folder up to another machine, or keep the files in a PersistentVolumeClaim whose volume other nodes can attach.");
    } else if paths.iter().all(|it| is_claimed(it)) {
        finding
            .why("A PersistentVolume with `hostPath` and without a `nodeAffinity` names a folder and no node: Kubernetes may place the Pod anywhere, and on another node it finds an empty folder instead of its data.")
            .help("Make it a `local` volume with a `nodeAffinity` for the node that has the folder, or let a StorageClass provide the volume.");
    }
    if paths.iter().all(|it| is_same_everywhere(it)) {
        finding.severity(Severity::Info).help("Set `readOnly: true` on the mount.");
    } else if node.is_some() {
        // The sentences above are about the node.
    } else if facts.workload_role(workload) == Role::Development || is_example(facts, first) {
        finding.severity(Severity::Info);
    } else if paths.iter().all(|it| is_for_logs(it)) {
        finding.help("Write logs to standard output, where the node collects them. A program that only knows files can write them to an `emptyDir`, from which a sidecar passes them on.");
    }
    let more: Vec<(Span, String)> = more
        .iter()
        .filter_map(|(workload, paths)| {
            let names: Vec<&str> = paths.iter().map(|it| it.as_str()).collect();
            let what = format!("{} mounts {}", workload.label, first_named(&names, 3));
            Some((lead(facts, paths.first()?), what))
        })
        .collect();
    finding.stands_for(&more);
    finding.check(workload.pods("get pods", "-o wide"));
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{files, findings, messages, run};

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
    fn a_folder_of_the_node_behind_a_claim_counts() {
        let with = |volume: &str, claim: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: db}}\nspec: {{selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: db, image: 'a:1', volumeMounts: [{{name: d, mountPath: /d}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: data}}}}]}}}}}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{accessModes: [ReadWriteOnce], {claim}}}\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: disk}}\nspec: {{{volume}}}\n"
            );
            let found = crate::rules::testing::findings(&RULE, &text);
            found.iter().map(|it| it.related.len()).collect::<Vec<_>>()
        };
        let folder = "hostPath: {path: /srv/data}";
        assert_eq!(with(folder, "volumeName: disk"), [1]);
        assert_eq!(with(&format!("{folder}, storageClassName: own"), "storageClassName: own"), [1]);
        assert_eq!(
            with(&format!("{folder}, claimRef: {{name: data}}"), "volumeMode: Filesystem"),
            [1]
        );
        assert_eq!(with(folder, "volumeName: other"), [0; 0]);
        assert_eq!(
            with(&format!("{folder}, nodeAffinity: {{required: {{}}}}"), "volumeName: disk"),
            [0; 0]
        );
        assert_eq!(with("nfs: {server: a, path: /}", "volumeName: disk"), [0; 0]);
    }

    #[test]
    fn a_claim_has_reasons_and_advice_of_its_own() {
        let claimed = "apiVersion: v1\nkind: Pod\nmetadata: {name: db}\nspec: {containers: [{name: db, image: 'a:1', volumeMounts: [{name: d, mountPath: /d}]}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {volumeName: disk}\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\nspec: {hostPath: {path: /srv/data}}\n";
        let found = findings(&RULE, claimed);
        let help = found[0].help.clone().unwrap_or_default();
        assert!(
            help.contains("`nodeAffinity`") && !help.contains("PersistentVolumeClaim"),
            "{help}"
        );
        assert!(!found[0].why.clone().unwrap_or_default().contains("baseline"));
        let direct = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{{}}}\n",
            pod("/srv/data", "")
        );
        let found = findings(&RULE, &direct);
        assert!(found[0].why.is_none() && found[0].help.is_none(), "the rule's own sentences");
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
    fn a_chart_leads_with_the_value_to_change() {
        let found = |volume: &str, values: &str| {
            let text = format!(
                "# file: web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n# file: web/values.yaml\n{values}\n# file: web/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    metadata: {{labels: {{a: b}}}}\n    spec:\n      containers: [{{name: web, image: 'acme/web:1', volumeMounts: [{{name: d, mountPath: /d}}]}}]\n      volumes:\n{volume}\n"
            );
            let files = files(&text);
            let report = run(&RULE, &files);
            assert_eq!(report.findings.len(), 1, "{volume}");
            let found = &report.findings[0];
            assert_eq!(found.subject, "Deployment web");
            report.entry(found.span.file).file.text[found.span.range()].to_owned()
        };
        let chosen = "        {{- if eq .Values.data.type \"hostPath\" }}\n        - name: d\n          hostPath:\n            path: {{ .Values.data.prefix }}/web\n        {{- end }}";
        assert_eq!(found(chosen, "data: {type: hostPath, prefix: /srv}"), "hostPath");
        let printed =
            "        - name: d\n          hostPath:\n            path: {{ .Values.path }}";
        assert_eq!(found(printed, "path: /srv/web"), "/srv/web");
        let written = "        - name: d\n          hostPath:\n            path: /srv/own";
        assert_eq!(found(written, "path: /srv/web"), "/srv/own");
    }

    #[test]
    fn data_leads_before_logs() {
        let spec = "containers: [{name: a, image: 'acme/a:1', volumeMounts: [{name: l, mountPath: /l}, {name: d, mountPath: /d}]}], volumes: [{name: l, hostPath: {path: /srv/logs/a}}, {name: d, hostPath: {path: /srv/a}}]";
        let found = messages(&RULE, &workload("Deployment", "a", spec));
        assert!(found[0].starts_with("Deployment `a` mounts `/srv/a`, `/srv/logs/a`"), "{found:?}");
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
    fn a_pod_that_is_tied_to_a_node_finds_its_files_again() {
        for (place, node) in [
            ("nodeName: columbia", "columbia"),
            ("nodeSelector: {kubernetes.io/hostname: c201.example}", "c201.example"),
        ] {
            let spec = format!("{place}, {}", pod("/srv/a", ""));
            let found = findings(&RULE, &workload("Deployment", "a", &spec));
            assert_eq!(
                found[0].message,
                format!(
                    "Deployment `a` keeps `/srv/a` on node `{node}`, which it is tied to: there is no copy elsewhere"
                )
            );
            assert_eq!(found[0].severity.name(), "info");
        }
        let by_zone = format!("nodeSelector: {{zone: a}}, {}", pod("/srv/a", ""));
        let found = findings(&RULE, &workload("Deployment", "a", &by_zone));
        assert!(found[0].message.ends_with("of whichever node its Pod runs on"), "{found:?}");
        assert_eq!(found[0].severity.name(), "warning");
    }

    #[test]
    fn devices_hold_no_files() {
        for device in ["/dev/net/tun", "/dev/dri", "/dev"] {
            assert!(messages(&RULE, &workload("Deployment", "a", &pod(device, ""))).is_empty());
        }
        for folder in ["/dev/shm", "/development"] {
            assert_eq!(messages(&RULE, &workload("Deployment", "a", &pod(folder, ""))).len(), 1);
        }
    }

    #[test]
    fn a_claim_gets_the_smallest_volume_that_fits() {
        let volume = |name: &str, size: &str, mode: &str| {
            format!(
                "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec: {{storageClassName: own, capacity: {{storage: {size}}}, accessModes: [{mode}], hostPath: {{path: /srv/{name}}}}}\n"
            )
        };
        let path = |size: &str, mode: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{containers: [{{name: db, image: 'a:1', volumeMounts: [{{name: d, mountPath: /d}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: data}}}}]}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{storageClassName: own, accessModes: [{mode}], resources: {{requests: {{storage: {size}}}}}}}\n{}{}{}",
                volume("large", "10Gi", "ReadWriteOnce"),
                volume("small", "1Gi", "ReadWriteOnce"),
                volume("shared", "20Gi", "ReadWriteMany"),
            );
            let found = messages(&RULE, &text);
            found.first().and_then(|it| Some(it.split('`').nth(3)?.to_owned()))
        };
        assert_eq!(path("1Gi", "ReadWriteOnce").as_deref(), Some("/srv/small"));
        assert_eq!(path("5Gi", "ReadWriteOnce").as_deref(), Some("/srv/large"));
        assert_eq!(path("1Gi", "ReadWriteMany").as_deref(), Some("/srv/shared"));
        assert_eq!(path("30Gi", "ReadWriteOnce"), None);
    }

    #[test]
    fn two_claims_share_no_volume() {
        let volume = |name: &str| {
            format!(
                "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec: {{storageClassName: own, capacity: {{storage: 1Gi}}, accessModes: [ReadWriteOnce], hostPath: {{path: /srv/{name}}}}}\n"
            )
        };
        let pod = |name: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: 'a:1', volumeMounts: [{{name: d, mountPath: /d}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: {name}}}}}]}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{storageClassName: own, accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
            )
        };
        let said = |volumes: &str| {
            let text = format!("{}{}{volumes}", pod("web"), pod("db"));
            messages(&RULE, &text)
        };
        let mounts = "Pod `web` mounts `/srv/one` of whichever node its Pod runs on";
        assert_eq!(said(&volume("one")), [mounts]);
        let both = volume("one") + &volume("two");
        assert_eq!(said(&both), [format!("{mounts} (and 1 more like it)")]);
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
    fn the_workloads_of_an_application_are_one_decision() {
        let file = |name: &str, path: &str| {
            format!("# file: k8s/{name}.yaml\n{}", workload("Deployment", name, &pod(path, "")))
        };
        let text = [file("api", "/srv/logs/api"), file("web", "/srv/web"), file("zed", "/srv/zed")];
        let found = findings(&RULE, &text.concat());
        assert_eq!(found.len(), 1);
        assert!(found[0].message.starts_with("Deployment `web` mounts `/srv/web`"), "{found:?}");
        let rest = "(and 2 more like it, also in `k8s/zed.yaml`, `k8s/api.yaml`)";
        assert!(found[0].message.ends_with(rest), "{}", found[0].message);
        assert_eq!(found[0].related[0].message, "Deployment `zed` mounts `/srv/zed`");
    }

    #[test]
    fn logs_have_advice_of_their_own_and_examples_weigh_less() {
        let found = findings(&RULE, &workload("Deployment", "a", &pod("/srv/logs", "")));
        assert!(found[0].help.as_ref().is_some_and(|it| it.contains("standard output")));
        let text = workload("Deployment", "a", &pod("/srv/a", ""));
        assert_eq!(findings(&RULE, &text)[0].severity.name(), "warning");
        let example = text.trim_end().to_owned() + " # only an EXAMPLE: use a claim\n";
        assert_eq!(findings(&RULE, &example)[0].severity.name(), "info");
    }

    #[test]
    fn several_paths_are_one_finding() {
        let spec = "containers: [{name: a, image: 'a:1', volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: /w}]}], volumes: [{name: v, hostPath: {path: /v}}, {name: w, hostPath: {path: /w}}]";
        let all = findings(&RULE, &workload("Deployment", "a", spec));
        assert_eq!(all.len(), 1);
        assert!(all[0].message.contains("mounts `/v`, `/w` of"));
        assert_eq!(all[0].check, ["kubectl get pods -l app=a -o wide"]);
    }
}
