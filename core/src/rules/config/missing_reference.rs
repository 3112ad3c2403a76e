use crate::facts::{Facts, Named, Workload, in_shell};
use crate::model::Str;
use crate::model::kubernetes::Object;
use crate::report::phrases::first_named;
use crate::report::{Confidence, Finding, Findings, Fix, Severity};
use crate::rules::rule;
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
    for workload in facts.workloads() {
        // What a workload expects from elsewhere is created in one go.
        let mut expected: IndexMap<(Named, bool), Vec<&Str>> = IndexMap::new();
        for (kind, name) in workload.needs() {
            let (home, namespace) = (workload.object.file, workload.namespace);
            // What another application defines may be meant, or it may not.
            if facts.is_named_elsewhere(kind, namespace, name) || is_given(kind, name) {
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
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn pod(reference: &str, others: &str) -> Vec<(&'static str, String)> {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{containers: [{{name: a, image: a, envFrom: [{reference}]}}]}}\n{others}"
        );
        findings(&RULE, &text).into_iter().map(|it| (it.severity.name(), it.message)).collect()
    }

    #[test]
    fn a_secret_for_pulls_is_missed_by_the_node_alone() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {imagePullSecrets: [{name: registry}], containers: [{name: a, image: a}]}\n";
        let why = findings(&RULE, text)[0].why.clone().unwrap_or_default();
        assert!(why.contains("ImagePullBackOff"), "{why}");
        let text = text.replace("image: a", "image: a, envFrom: [{secretRef: {name: db}}]");
        assert!(findings(&RULE, &text).iter().all(|it| it.why.is_none()));
    }

    #[test]
    fn what_is_known_decides_the_severity() {
        let secret = "{secretRef: {name: db}}";
        assert_eq!(pod(secret, "")[0].0, "info", "no Secret at all is handed over");
        let certificate = "---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: web, namespace: shop}\nspec: {secretName: web-tls}\n";
        assert_eq!(pod(secret, certificate)[0].0, "info", "a Certificate is no Secret");
        let other =
            "---\napiVersion: v1\nkind: Secret\nmetadata: {name: mail-account, namespace: shop}\n";
        assert_eq!(pod(secret, other)[0].0, "warning");
        let elsewhere =
            "---\napiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: data}\n";
        let found = pod(secret, elsewhere);
        assert_eq!(found[0].0, "error");
        assert!(found[0].1.ends_with("but it is defined in namespace `data`"));
    }

    #[test]
    fn an_empty_name_means_none() {
        let account = |name: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{serviceAccountName: {name}, containers: [{{name: a, image: a}}]}}\n"
            );
            findings(&RULE, &text).len()
        };
        assert_eq!(account("''"), 0);
        assert_eq!(account("web"), 1);
    }

    #[test]
    fn a_fixed_name_in_a_chart_is_found_by_one_release() {
        let chart = |claim: &str, used: &str| {
            let text = format!(
                "# file: c/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n# file: c/templates/a.yaml\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: '{claim}'}}\nspec: {{}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers: [{{name: a, image: a, volumeMounts: [{{name: d, mountPath: /d}}]}}]\n  volumes: [{{name: d, persistentVolumeClaim: {{claimName: '{used}'}}}}]\n"
            );
            findings(&RULE, &text).into_iter().map(|it| it.message).collect::<Vec<_>>()
        };
        let of_release = "{{ .Release.Name }}-db-pvc";
        assert_eq!(
            chart("shop-db-pvc", of_release),
            [
                "Pod `web` uses PersistentVolumeClaim `RELEASE-db-pvc`, but the chart defines `shop-db-pvc`: only a release named `shop` finds it"
            ]
        );
        assert!(chart(of_release, of_release).is_empty());
        assert!(!chart("db", of_release)[0].contains("release named"));
    }

    #[test]
    fn what_one_workload_expects_is_one_finding() {
        let found = pod(
            "{secretRef: {name: a}}, {secretRef: {name: b}}, {secretRef: {name: c}}, {secretRef: {name: d}}",
            "",
        );
        assert_eq!(
            found,
            [(
                "info",
                "Pod `a` uses Secrets `a`, `b`, `c` and 1 more, which are not defined in any of these files"
                    .to_owned()
            )]
        );
        assert_eq!(pod("{secretRef: {name: a}}, {configMapRef: {name: b}}", "").len(), 2);
    }

    #[test]
    fn a_hash_reaches_references_of_one_namespace_only() {
        let project = |own: &str, generator: &str| {
            let text = format!(
                "# file: k/kustomization.yaml\nresources: [pod.yaml]\nconfigMapGenerator:\n  - name: settings\n    {generator}literals: [A=b]\n# file: k/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web{own}}}\nspec: {{containers: [{{name: a, image: a, envFrom: [{{configMapRef: {{name: settings}}}}]}}]}}\n"
            );
            findings(&RULE, &text)
        };
        let found = project(", namespace: infra", "");
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            "Pod `web` uses ConfigMap `settings` in namespace `infra`, which is generated as `settings-HASH` without a namespace: Kustomize connects the two only within one namespace"
        );
        assert!(found[0].help.as_ref().is_some_and(|it| it.contains("`namespace: infra`")));
        assert_eq!(found[0].related[0].message, "ConfigMap `settings` is generated here");
        assert!(project("", "").is_empty());
        assert!(project(", namespace: infra", "namespace: infra\n    ").is_empty());
    }

    #[test]
    fn optional_references_and_operators_are_silent() {
        assert!(pod("{secretRef: {name: db, optional: true}}", "").is_empty());
        let sealed = "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: shop}\nspec: {encryptedData: {a: AgBy}}\n";
        assert!(pod("{secretRef: {name: db}}", sealed).is_empty());
    }

    /// Every way to name an object, with its kind: what the container has, and what its Pod has.
    const WAYS: &[(&str, &str, &str)] = &[
        ("ConfigMap", "env: [{name: A, valueFrom: {configMapKeyRef: {name: gone, key: k}}}]", ""),
        ("Secret", "env: [{name: A, valueFrom: {secretKeyRef: {name: gone, key: k}}}]", ""),
        ("ConfigMap", "envFrom: [{configMapRef: {name: gone}}]", ""),
        ("Secret", "envFrom: [{secretRef: {name: gone}}]", ""),
        ("ConfigMap", "", "volumes: [{name: v, configMap: {name: gone}}]"),
        ("Secret", "", "volumes: [{name: v, secret: {secretName: gone}}]"),
        (
            "ConfigMap",
            "",
            "volumes: [{name: v, projected: {sources: [{configMap: {name: gone}}]}}]",
        ),
        ("Secret", "", "volumes: [{name: v, projected: {sources: [{secret: {name: gone}}]}}]"),
        ("Secret", "", "imagePullSecrets: [{name: gone}]"),
        (
            "PersistentVolumeClaim",
            "",
            "volumes: [{name: v, persistentVolumeClaim: {claimName: gone}}]",
        ),
        ("ServiceAccount", "", "serviceAccountName: gone"),
        ("PriorityClass", "", "priorityClassName: gone"),
    ];

    #[test]
    fn every_way_to_name_an_object_is_followed() {
        for (kind, container, spec) in WAYS {
            let severities = |others: &str| {
                let text = format!(
                    "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{containers: [{{name: a, image: a, {container}}}], {spec}}}\n{others}"
                );
                findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
            };
            // A PriorityClass belongs to the whole cluster.
            let is_in_namespace = *kind != "PriorityClass";
            let object = |name: &str, namespace: &str| {
                let (api, namespace) = match is_in_namespace {
                    true => ("v1", format!(", namespace: {namespace}")),
                    false => ("scheduling.k8s.io/v1", String::new()),
                };
                format!(
                    "---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\n"
                )
            };
            let way = format!("{kind}: {container}{spec}");
            assert_eq!(severities(&object("another-one", "shop")), ["warning"], "{way}");
            assert_eq!(severities(""), ["info"], "no {way}");
            assert_eq!(severities(&object("gonee", "shop")), ["error"], "a near miss: {way}");
            assert_eq!(severities(&object("gone", "shop")), [""; 0], "{way}");
            if is_in_namespace {
                assert_eq!(
                    severities(&object("gone", "data")),
                    ["error"],
                    "another namespace: {way}"
                );
            }
        }
    }

    #[test]
    fn optional_references_of_every_kind_are_silent() {
        let others = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other-one}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: other-one}\n";
        for (_, container, spec) in WAYS.iter().take(8) {
            let optional = |text: &str| {
                text.replace("name: gone", "optional: true, name: gone")
                    .replace("secretName: gone", "optional: true, secretName: gone")
            };
            let (container, spec) = (optional(container), optional(spec));
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {container}}}], {spec}}}\n{others}"
            );
            assert!(findings(&RULE, &text).is_empty(), "{container}{spec}");
        }
    }

    #[test]
    fn an_external_secret_makes_a_secret_by_its_own_name_or_its_target() {
        let plain =
            "---\napiVersion: v1\nkind: Secret\nmetadata: {name: mail-account, namespace: shop}\n";
        let made = |name: &str, spec: &str| {
            let external = format!(
                "{plain}---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n"
            );
            pod("{secretRef: {name: db}}", &external).len()
        };
        assert_eq!(made("db", ""), 0);
        assert_eq!(made("from-the-vault", "target: {name: db}"), 0);
        assert_eq!(made("from-the-vault", ""), 1);
    }

    #[test]
    fn an_object_that_no_file_defines_is_reported_once() {
        let second = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: shop}\nspec: {containers: [{name: b, image: b, envFrom: [{secretRef: {name: db}}]}]}\n";
        assert_eq!(pod("{secretRef: {name: db}}", second).len(), 1);
    }

    #[test]
    fn init_containers_and_cron_jobs_are_read() {
        let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: '@daily', jobTemplate: {spec: {template: {spec: {initContainers: [{name: i, image: i, envFrom: [{secretRef: {name: gone}}]}], containers: [{name: a, image: a}]}}}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: another-one}\n";
        let found = findings(&RULE, text);
        assert!(found.len() == 1 && found[0].message.starts_with("CronJob `a` uses Secret `gone`"));
    }
}
