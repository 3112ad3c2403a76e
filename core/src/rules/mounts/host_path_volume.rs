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
            paths.into_iter().partition(|path| facts.stands_alone(path.span, &|it| RULE.is(it)));
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
    if facts.is_accepted_at(path.span, &|it| RULE.is(it)) {
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
    finding.gathers("paths of nodes");
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
mod tests;
