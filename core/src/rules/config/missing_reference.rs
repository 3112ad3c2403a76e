use crate::facts::{Facts, Named, Workload, in_shell};
use crate::model::Str;
use crate::model::kubernetes::Object;
use crate::report::phrases::first_named;
use crate::report::{Confidence, Finding, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxHashSet;

rule! {
    /// A Pod names a ConfigMap, Secret, claim or service account that the project does not define.
    ///
    /// ## Why it hurts
    /// The container stays in `CreateContainerConfigError`, or the Pod in `Pending`, until somebody
    /// creates the object. Rollouts hang, and a new cluster never comes up.
    ///
    /// ## What helps
    /// Define the object, correct its name or namespace, or mark the reference `optional: true` if
    /// the program can do without it.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` names the missing object in its events.
    ///
    /// ## When to ignore
    /// Where an operator, another repository or a person creates the object before the workload starts.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web-config }
    /// data: { MODE: fast }
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       envFrom:
    ///         - configMapRef: { name: web-confg } # <- Pod `web` uses ConfigMap `web-confg`, which does not exist; did you mean `web-config`?
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web-config }
    /// data: { MODE: fast }
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       envFrom:
    ///         - configMapRef: { name: web-config }
    /// ```
    PLM504 "missing-reference" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut reported: FxHashSet<(Named, &str, &str)> = FxHashSet::default();
    let mut apart: IndexMap<(usize, &str), Vec<Apart<'_, '_>>> = IndexMap::new();
    for workload in facts.workloads() {
        // What a workload expects from elsewhere is created in one go.
        let mut expected: IndexMap<(Named, bool), Vec<&Str>> = IndexMap::new();
        for (kind, name) in workload.needs() {
            // What is filled in later may be any name.
            if name.contains('$') {
                continue;
            }
            let (home, namespace) = (workload.object.file, workload.namespace);
            // What another application defines may be meant, or it may not.
            if facts.is_named_elsewhere(kind, namespace, name) || is_given(kind, name) {
                let object = facts.named(kind, home, namespace, name);
                let is_apart =
                    |it: &&Object| !kind.is_cluster_wide() && may_land_apart(facts, workload, it);
                if let Some(object) = object.filter(is_apart) {
                    let one = Apart { workload, name, object };
                    if facts.stands_alone(name.span, &|it| RULE.is(it)) {
                        report_apart(&[one], out);
                    } else {
                        let key = (facts.part_of(home), namespace);
                        apart.entry(key).or_default().push(one);
                    }
                }
                continue;
            }
            // An object without a namespace lands wherever it is applied.
            let elsewhere = facts.named_anywhere(kind, home, name);
            let generated = facts.generated_apart(kind, workload, name);
            let near = facts.near_name(kind, home, namespace, name);
            if let Some((release, other)) = facts.release_that_names(kind, home, name) {
                of_one_release(workload, (kind, name), release, other, out);
                continue;
            }
            let unseen = !facts.has_named(kind, home);
            let provable = elsewhere.is_some() || near.is_some() || generated.is_some();
            // An object that may be defined elsewhere is reported once, not for every reference.
            let first = reported.insert((kind, namespace, name.as_str()));
            if !first && !provable {
                continue;
            }
            let what = format!("{} uses {} `{name}`", workload.label, kind.name());
            let finding = match (elsewhere, generated, near) {
                (Some(other), ..) => {
                    let there = other.namespace();
                    let message = format!(
                        "{what} in namespace `{namespace}`, but it is defined in namespace `{there}`"
                    );
                    out.at(&name.span, message)
                        .severity(Severity::Error)
                        .also(&other.name_span(), "defined here")
                }
                (None, Some(other), _) => generated_apart(&what, workload, name, other, out),
                (None, None, Some(near)) => out
                    .at(&name.span, format!("{what}, which does not exist; did you mean `{near}`?"))
                    .severity(Severity::Error)
                    .confidence(Confidence::Likely)
                    .fix(Fix::r#unsafe(
                        format!("Use `{near}`"),
                        [facts.replace_scalar(&name.span, near)],
                    )),
                (None, None, None) => {
                    if facts.stands_alone(name.span, &|it| RULE.is(it)) {
                        undefined(workload, kind, unseen, &[name], out);
                    } else {
                        expected.entry((kind, unseen)).or_default().push(name);
                    }
                    continue;
                }
            };
            finding.check(command(workload, kind, &[name]));
        }
        for ((kind, unseen), names) in expected {
            undefined(workload, kind, unseen, &names, out);
        }
    }
    apart.values().for_each(|all| report_apart(all, out));
}

/// A reference from a namespace that a manifest states to an object without one.
struct Apart<'f, 'a> {
    workload: &'f Workload<'a>,
    name: &'a Str,
    object: &'a Object,
}

/// Whether an object states no namespace, and a workload that names it states one that is not the usual one: they meet
/// only where the manifests are applied with that namespace.
fn may_land_apart(facts: &Facts, workload: &Workload<'_>, object: &Object) -> bool {
    workload.object.meta.namespace.is_some()
        && workload.namespace != "default"
        && object.meta.namespace.is_none()
        && !facts.is_built(workload.object.file)
        && !facts.is_built(object.file)
}

/// Reports the objects that the workloads of one namespace name and that state none, in one finding.
fn report_apart(all: &[Apart<'_, '_>], out: &mut Findings) {
    let Some((Apart { workload, name, object }, others)) = all.split_first() else { return };
    let (label, namespace) = (&workload.label, workload.namespace);
    let flag = workload.namespace_flag();
    let message = format!(
        "{label} is in namespace `{namespace}`, and its {} states no namespace: they meet only with `kubectl apply{flag}`",
        object.label()
    );
    let finding = out.at(&name.span, message);
    finding
        .severity(Severity::Info)
        .confidence(Confidence::Possible)
        .also(&object.name_span(), "no namespace is stated here")
        .why("An object without a namespace lands in the one of the current context, mostly `default`. A Pod finds only what is in its own namespace, and stays in `CreateContainerConfigError` or `Pending`.")
        .help(format!("Write `namespace: {namespace}` in all of these manifests, or in none of them."))
        .cause(format!("without namespace {namespace}"))
        .check(format!(
            "kubectl get {} --all-namespaces --field-selector metadata.name={}",
            object.kind.to_ascii_lowercase(),
            in_shell(object.name().map_or("", |it| it.as_str()))
        ));
    let mut seen: FxHashSet<Span> = FxHashSet::from_iter([object.name_span()]);
    for other in others.iter().filter(|it| seen.insert(it.object.name_span())).take(MAX_PLACES) {
        let what = format!("{} states none either", other.object.label());
        finding.also(&other.object.name_span(), what);
    }
}

/// Maximum number of objects that a message names.
const MAX_NAMES: usize = 3;

/// Maximum number of objects that a command and the related places name.
const MAX_PLACES: usize = 10;

/// Reports objects of one kind that no file defines.
fn undefined(workload: &Workload<'_>, kind: Named, unseen: bool, all: &[&Str], out: &mut Findings) {
    let Some((first, others)) = all.split_first() else { return };
    let names: Vec<&str> = all.iter().map(|it| it.as_str()).collect();
    let named = first_named(&names, MAX_NAMES);
    let (label, what) = (&workload.label, kind.name());
    let message = match others {
        [] => format!("{label} uses {what} {named}, which is not defined in any of these files"),
        _ => format!("{label} uses {what}s {named}, which are not defined in any of these files"),
    };
    let finding = out.at(&first.span, message);
    finding.confidence(Confidence::Possible);
    if unseen {
        finding.severity(Severity::Info);
    }
    let for_pulls = &workload.model.template.spec.image_pull_secrets;
    if all.iter().all(|name| for_pulls.iter().any(|it| it.span == name.span)) {
        finding
            .why("Without the Secret, the node pulls anonymously: a Pod with a private image stays in `ImagePullBackOff` on each node that does not have the image yet.")
            .help("Create the Secret with `kubectl create secret docker-registry`, or remove the name if the registry asks for no login.");
    }
    for other in others.iter().take(MAX_PLACES) {
        finding.also(&other.span, format!("`{other}` is used here"));
    }
    let shown = &names[..names.len().min(MAX_PLACES)];
    finding.check(command(workload, kind, shown));
}

/// Reports an object of a chart that has a fixed name, where the reference has the name of the release.
fn of_one_release(
    workload: &Workload<'_>,
    (kind, name): (Named, &Str),
    release: &str,
    other: &Object,
    out: &mut Findings,
) {
    let (label, what) = (&workload.label, kind.name());
    let fixed = other.name().map_or("", |it| it.as_str());
    let message = format!(
        "{label} uses {what} `{name}`, but the chart defines `{fixed}`: only a release named `{release}` finds it"
    );
    out.at(&name.span, message)
        .also(&other.name_span(), "the name here is the same for every release")
        .cause(format!("{} of release {release}", kind.name()))
        .help("Write `{{ .Release.Name }}` in both places, or the fixed name in both.")
        .check(command(workload, kind, &[fixed]));
}

/// Reports an object that a generator of Kustomize makes in another namespace, where its hash is not added to
/// the reference.
fn generated_apart<'o>(
    what: &str,
    workload: &Workload<'_>,
    name: &Str,
    other: &Object,
    out: &'o mut Findings,
) -> &'o mut Finding {
    let kind = other.kind.as_str();
    let own = workload.object.meta.namespace.as_ref();
    let place = |namespace: Option<&Str>| match namespace {
        Some(namespace) => format!("in namespace `{namespace}`"),
        None => "without a namespace".to_owned(),
    };
    let there = place(other.meta.namespace.as_ref());
    let message = format!(
        "{what} {}, which is generated as `{name}-HASH` {there}: Kustomize connects the two only within one namespace",
        place(own)
    );
    let finding = out.at(&name.span, message);
    let help = match own {
        Some(own) => format!(
            "Set `namespace: {own}` in the kustomization that generates the {kind}, or on the generator. Where a kustomization above it or Flux sets the namespace for both, the finding can be ignored."
        ),
        None => format!(
            "Give the workload the namespace of the {kind}, or set one for both in the kustomization."
        ),
    };
    finding
        .confidence(Confidence::Likely)
        .also(&other.name_span(), format!("{kind} `{name}` is generated here"))
        .why("A generated name ends in a hash of the contents, and Kustomize updates only references from the same namespace. The Pod asks for the name without the hash, and stays in `ContainerCreating` or `CreateContainerConfigError`.")
        .help(help)
}

/// Returns the command that shows objects which a workload names.
fn command(workload: &Workload<'_>, kind: Named, names: &[&str]) -> String {
    let resource = match kind {
        Named::Claim => "pvc",
        Named::ServiceAccount => "serviceaccount",
        Named::PriorityClass => "priorityclass",
        Named::Secret => "secret",
        _ => "configmap",
    };
    let names: Vec<String> = names.iter().map(|it| in_shell(it)).collect();
    format!("kubectl get {resource} {}{}", names.join(" "), workload.namespace_flag())
}

/// Whether every cluster has this object from the start.
fn is_given(kind: Named, name: &str) -> bool {
    match kind {
        Named::ConfigMap => name == "kube-root-ca.crt",
        // An empty name means the same as none.
        Named::ServiceAccount => name.is_empty() || name == "default",
        Named::PriorityClass => name.is_empty() || name.starts_with("system-"),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
