use crate::facts::{Facts, in_shell};
use crate::knowledge::kube::{self, OldApi};
use crate::model::Str;
use crate::model::kubernetes::{Body, Object};
use crate::report::{Edit, Findings, Fix, Severity};
use crate::rules::rule;
use crate::text::{FileId, Span};
use indexmap::IndexMap;

rule! {
    /// An object uses an API version that newer clusters no longer serve.
    ///
    /// ## Why it hurts
    /// `kubectl apply` fails with "no matches for kind", and a cluster upgrade that worked for
    /// everything else stops at this file. Nor can Helm upgrade a release whose stored manifest
    /// names such a version. A version that is only deprecated is still served, and so is one that was removed
    /// in a later release than the cluster runs, where `kubernetes` in `plimsoll.yaml` says which that is.
    ///
    /// ## What helps
    /// Use the version that replaced it. If fields have changed too, the finding says which.
    ///
    /// ## How to troubleshoot
    /// `kubectl api-resources` lists what a cluster serves; `kubectl convert` rewrites a file.
    ///
    /// ## When to ignore
    /// Where the cluster is older and stays so: name its release as `kubernetes` in `plimsoll.yaml`.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: batch/v1beta1 # <- `batch/v1beta1` CronJob was removed in Kubernetes 1.25; use `batch/v1`
    /// kind: CronJob
    /// metadata: { name: report }
    /// spec:
    ///   schedule: "0 4 * * *"
    ///   jobTemplate:
    ///     spec:
    ///       template:
    ///         spec:
    ///           restartPolicy: Never
    ///           containers: [{ name: report, image: "ghcr.io/acme/report:2.1.0" }]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: { name: report }
    /// spec:
    ///   schedule: "0 4 * * *"
    ///   jobTemplate:
    ///     spec:
    ///       template:
    ///         spec:
    ///           restartPolicy: Never
    ///           containers: [{ name: report, image: "ghcr.io/acme/report:2.1.0" }]
    /// ```
    PLM809 "removed-api" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

/// An object with its API version, and what became of that.
type Outdated<'a> = (&'a Object, &'a Str, OldApi);

fn check(facts: &Facts, out: &mut Findings) {
    // Objects of one kind in one file are changed together.
    let mut together: IndexMap<(FileId, &str, &str), Vec<Outdated<'_>>> = IndexMap::new();
    for object in facts.objects() {
        let Some(version) = &object.api_version else { continue };
        if let Some(right) = kube::never_existed(version, &object.kind) {
            never_existed(facts, object, version, right, out);
            continue;
        }
        let Some(old) = kube::old_api(version, &object.kind) else { continue };
        // The release of the cluster may be older than what replaced the version.
        let cluster = facts.config().kubernetes.as_ref();
        if cluster.is_some_and(|it| !it.is_at_least(old.deprecated_in)) {
            continue;
        }
        let old = (*object, version, old);
        if facts.stands_alone(version.span, &|selector| RULE.is(selector)) {
            report(facts, &[old], out);
        } else {
            let key = (object.file, version.as_str(), object.kind.as_str());
            together.entry(key).or_default().push(old);
        }
    }
    together.values().for_each(|all| report(facts, all, out));
}

fn report(facts: &Facts, all: &[Outdated<'_>], out: &mut Findings) {
    let Some(((object, version, old), others)) = all.split_first() else { return };
    let kind = &object.kind.value;
    let instead = if old.replacement.is_empty() {
        "it has no replacement".to_owned()
    } else {
        format!("use `{}`", old.replacement)
    };
    let cluster = facts.config().kubernetes.as_ref();
    let served_by = |release: &str| cluster.filter(|it| !it.is_at_least(release));
    let finding = match old.removed_in {
        Some(release) if let Some(cluster) = served_by(release) => {
            let message = format!(
                "`{version}` {kind} ends with Kubernetes {release}, and the cluster runs {cluster}; {instead}"
            );
            let finding = out.at(&version.span, message);
            finding.deprecated = true;
            finding.severity(Severity::Info).why("The cluster serves the version as long as it is not upgraded. The upgrade leaves objects that exist as they are, but refuses this file from then on.")
        }
        Some(release) => out.at(
            &version.span,
            format!("`{version}` {kind} was removed in Kubernetes {release}; {instead}"),
        ),
        None => {
            let message = format!(
                "`{version}` {kind} has been deprecated since Kubernetes {}; {instead}",
                old.deprecated_in
            );
            let finding = out.at(&version.span, message);
            finding.deprecated = true;
            finding.severity(Severity::Info).why("The version is still served, and no release has been announced for its removal. The API server warns on each request, and new fields come to its successor only.")
        }
    };
    finding.cause(format!("{version} {kind}"));
    if kind == "Endpoints" && keeps_a_lock(facts, object) {
        finding.help("The object holds the lock of a leader, which an EndpointSlice cannot. Leave it as it is, or let the program keep its lock in ConfigMaps: switch its `…USE_ENDPOINTS` off.");
    } else if old.replacement.is_empty() && !old.note.is_empty() {
        finding.help(format!("{}.", old.note));
    } else if !old.note.is_empty() {
        finding.help(format!("With the new version, {}.", old.note));
    }
    finding.check(match facts.is_built(object.file) {
        true => format!("kubectl api-resources | grep -iw {}", in_shell(kind)),
        false => {
            let path = in_shell(facts.file(object.file).path());
            format!("kubectl apply --dry-run=server -f {path}")
        }
    });
    let others: Vec<(Span, String)> = others
        .iter()
        .map(|(other, version, _)| (version.span, format!("so is that of {}", other.label())))
        .collect();
    finding.stands_for(&others);
    let mut edits: Vec<Edit> = all
        .iter()
        .filter(|(object, _, old)| may_be_replaced(object, old))
        .map(|(_, version, old)| facts.replace_scalar(&version.span, old.replacement))
        .collect();
    edits.sort_by_key(|it| it.span);
    edits.dedup();
    finding.fix(Fix::safe(format!("Use `{}`", old.replacement), edits));
}

/// Reports an API version that has never had the kind.
fn never_existed(
    facts: &Facts<'_>,
    object: &Object,
    version: &Str,
    right: &str,
    out: &mut Findings,
) {
    let kind = &object.kind.value;
    let finding = out.at(
        &version.span,
        format!("`{version}` has no {kind} in any release of Kubernetes; use `{right}`"),
    );
    finding
        .cause(format!("{version} {kind}"))
        .why("`kubectl apply` fails with \"no matches for kind\", on every cluster.")
        .help(format!("Write `apiVersion: {right}`, which serves {kind}."))
        .check(format!("kubectl api-resources | grep -iw {}", in_shell(kind)));
    // Without a selector, which `apps/v1` requires, more than the version has to change.
    if object.workload().is_none_or(|it| it.selector.is_some() || !it.kind.has_replicas()) {
        let edit = facts.replace_scalar(&version.span, right);
        finding.fix(Fix::safe(format!("Use `{right}`"), [edit]));
    }
}

/// Whether a program keeps the lock of its leader in Endpoints, as Patroni can.
fn keeps_a_lock(facts: &Facts<'_>, object: &Object) -> bool {
    facts.units().filter(|unit| facts.same_part(unit.name.span.file, object.file)).any(|unit| {
        let is_on = |value: &str| matches!(value, "true" | "1" | "on" | "yes");
        unit.env.iter().any(|it| it.name.ends_with("USE_ENDPOINTS") && it.value.is_some_and(is_on))
    })
}

fn group(old: &OldApi) -> &'static str {
    old.replacement.rsplit_once('/').map_or("", |it| it.0)
}

/// Whether the new version requires no other change to the object.
fn may_be_replaced(object: &Object, old: &OldApi) -> bool {
    if old.replacement.is_empty() || old.removed_in.is_none() {
        return false;
    }
    match &object.body {
        // Old versions filled a missing selector in from the labels.
        Body::Workload(it) if group(old) == "apps" => it.selector.is_some(),
        Body::DisruptionBudget(it) => it.selector.as_ref().is_some_and(|it| !it.is_empty()),
        Body::Autoscaler(_) => {
            object.api_version.as_ref().is_some_and(|it| it.as_str() == "autoscaling/v2beta2")
        }
        _ => old.note.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn fixes(api: &str, kind: &str, spec: &str) -> Option<usize> {
        let text = format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{ name: a }}\nspec: {{ {spec} }}\n"
        );
        findings(&RULE, &text).first().map(|it| it.fixes.len())
    }

    #[test]
    fn a_version_is_replaced_only_where_nothing_else_changes() {
        assert_eq!(fixes("extensions/v1beta1", "Deployment", "template: {}"), Some(0));
        assert_eq!(
            fixes("apps/v1beta1", "Deployment", "selector: { matchLabels: { a: b } }"),
            Some(1)
        );
        assert_eq!(fixes("extensions/v1beta1", "Ingress", "rules: []"), Some(0));
        assert_eq!(
            fixes("autoscaling/v2beta2", "HorizontalPodAutoscaler", "maxReplicas: 2"),
            Some(1)
        );
        assert_eq!(fixes("policy/v1beta1", "PodDisruptionBudget", "selector: {}"), Some(0));
        assert_eq!(fixes("policy/v1beta1", "PodSecurityPolicy", ""), Some(0));
    }

    #[test]
    fn current_versions_are_silent_and_deprecated_ones_a_warning() {
        assert_eq!(fixes("apps/v1", "Deployment", ""), None);
        assert_eq!(fixes("example.com/v1beta1", "CronJob", ""), None);
        let text = "apiVersion: v1\nkind: Endpoints\nmetadata: { name: a }\n";
        let found = findings(&RULE, text);
        assert_eq!(found[0].severity.name(), "info");
        assert!(found[0].why.as_ref().is_some_and(|it| it.contains("still served")));
        assert_eq!(found[0].check, ["kubectl apply --dry-run=server -f app.yaml"]);
    }

    #[test]
    fn a_version_that_never_had_the_kind_is_refused_everywhere() {
        let text = |version: &str, spec: &str| {
            format!(
                "apiVersion: {version}\nkind: Deployment\nmetadata: {{ name: a }}\nspec: {{ {spec} }}\n"
            )
        };
        let selector = "selector: { matchLabels: { a: b } }";
        let found = findings(&RULE, &text("v1", selector));
        assert_eq!(
            found[0].message,
            "`v1` has no Deployment in any release of Kubernetes; use `apps/v1`"
        );
        assert_eq!(found[0].fixes[0].edits[0].text, "apps/v1");
        assert_eq!(fixes("v1", "Deployment", "replicas: 1"), Some(0));
        assert_eq!(fixes("v1", "Service", "ports: []"), None);
        assert_eq!(fixes("serving.knative.dev/v1", "Service", "template: {}"), None);
    }

    #[test]
    fn a_cluster_serves_what_later_releases_remove() {
        let job = "apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: { name: a }\nspec: {}\n";
        let on = |release: &str| {
            let text =
                format!("# file: plimsoll.yaml\nkubernetes: {release}\n# file: a.yaml\n{job}");
            let found = findings(&RULE, &text);
            found.into_iter().map(|it| (it.severity.name(), it.message)).collect::<Vec<_>>()
        };
        let ends = "`batch/v1beta1` CronJob ends with Kubernetes 1.25, and the cluster runs 1.24; use `batch/v1`";
        assert_eq!(on("v1.24.17"), [("info", ends.to_owned())]);
        assert_eq!(on("1.25").first().map(|it| it.0), Some("error"));
        assert_eq!(on("1.30").first().map(|it| it.0), Some("error"), "1.30 is no 1.3");
        assert_eq!(on("1.20"), [], "`batch/v1` has CronJobs since 1.21");
    }

    #[test]
    fn endpoints_that_hold_a_lock_stay() {
        let text = |value: &str| {
            format!(
                "apiVersion: v1\nkind: Endpoints\nmetadata: {{ name: a }}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{ name: db }}\nspec: {{ containers: [{{ name: db, image: 'a:1', env: [{{ name: PATRONI_KUBERNETES_USE_ENDPOINTS, value: '{value}' }}] }}] }}\n"
            )
        };
        let help = |value: &str| findings(&RULE, &text(value))[0].help.clone().unwrap_or_default();
        assert!(help("true").contains("ConfigMaps"));
        assert!(!help("false").contains("ConfigMaps"));
    }

    #[test]
    fn the_files_of_an_application_are_moved_in_one_go() {
        let ingress = |path: &str| {
            format!(
                "# file: k8s/{path}\napiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {{ name: {path} }}\nspec: {{}}\n"
            )
        };
        let found = findings(&RULE, &[ingress("a.yaml"), ingress("b.yaml")].concat());
        assert_eq!((found.len(), found[0].related.len()), (1, 1));
    }

    #[test]
    fn a_kind_without_a_successor_has_its_own_advice() {
        let text = "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: { name: a }\n";
        let help = findings(&RULE, text)[0].help.clone().unwrap_or_default();
        assert_eq!(help, "Pod Security Admission takes its place: label the namespace.");
    }

    #[test]
    fn objects_of_one_kind_in_a_file_are_one_finding() {
        let budget = |name: &str| {
            format!(
                "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {{ name: {name} }}\nspec: {{ selector: {{ matchLabels: {{ a: {name} }} }} }}\n---\n"
            )
        };
        let found = findings(&RULE, &format!("{}{}", budget("a"), budget("b")));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].related.len(), found[0].fixes[0].edits.len()), (1, 2));
    }

    #[test]
    fn the_items_of_a_list_are_read() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: v1\nkind: List\nitems: [{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {minAvailable: 1}}]\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: v1\nkind: List\nitems: [{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {minAvailable: 1}}]\n"
            ),
            0
        );
    }
}
