use crate::facts::{Facts, Named};
use crate::report::{Confidence, Findings, Fix, Severity};
use crate::rules::rule;
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
        for (kind, name) in workload.needs() {
            let (home, namespace) = (workload.object.file, workload.namespace);
            // What another application defines may be meant, or it may not.
            if facts.is_named_elsewhere(kind, namespace, name) || is_given(kind, name) {
                continue;
            }
            // An object without a namespace lands wherever it is applied.
            let elsewhere = facts.named_anywhere(kind, home, name);
            let near = facts.near_name(kind, home, namespace, name);
            let unseen = !facts.has_named(kind, home);
            let provable = elsewhere.is_some() || near.is_some();
            // An object that may be defined elsewhere is reported once, not for every reference.
            let first = reported.insert((kind, namespace, name.as_str()));
            if !first && !provable {
                continue;
            }
            let what = format!("{} uses {} `{name}`", workload.label, kind.name());
            let finding = match (elsewhere, near) {
                (Some(other), _) => {
                    let there = other.namespace();
                    let message = format!(
                        "{what} in namespace `{namespace}`, but it is defined in namespace `{there}`"
                    );
                    out.at(&name.span, message)
                        .severity(Severity::Error)
                        .also(&other.name_span(), "defined here")
                }
                (None, Some(near)) => out
                    .at(&name.span, format!("{what}, which does not exist; did you mean `{near}`?"))
                    .severity(Severity::Error)
                    .confidence(Confidence::Likely)
                    .fix(Fix::r#unsafe(
                        format!("Use `{near}`"),
                        [facts.replace_scalar(&name.span, near)],
                    )),
                (None, None) => {
                    let finding = out.at(
                        &name.span,
                        format!("{what}, which is not defined in any of these files"),
                    );
                    finding.confidence(Confidence::Possible);
                    if unseen { finding.severity(Severity::Info) } else { finding }
                }
            };
            let resource = match kind {
                Named::Claim => "pvc",
                Named::ServiceAccount => "serviceaccount",
                Named::PriorityClass => "priorityclass",
                Named::Secret => "secret",
                _ => "configmap",
            };
            finding.check(format!("kubectl get {resource} {name}{}", workload.namespace_flag()));
        }
    }
}

/// Whether every cluster has this object from the start.
fn is_given(kind: Named, name: &str) -> bool {
    match kind {
        Named::ConfigMap => name == "kube-root-ca.crt",
        Named::ServiceAccount => name == "default",
        Named::PriorityClass => name.starts_with("system-"),
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
    fn optional_references_and_operators_are_silent() {
        assert!(pod("{secretRef: {name: db, optional: true}}", "").is_empty());
        let sealed = "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: db, namespace: shop}\nspec: {encryptedData: {a: AgBy}}\n";
        assert!(pod("{secretRef: {name: db}}", sealed).is_empty());
    }
}
