use crate::facts::{Facts, nearest};
use crate::model::Str;
use crate::model::kubernetes::{EnvValue, KeyedSource, is_true};
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// A Pod reads a key that its ConfigMap or Secret does not have.
    ///
    /// ## Why it hurts
    /// The container stays in `CreateContainerConfigError`. The object exists, so everything looks
    /// right until someone reads the events.
    ///
    /// ## What helps
    /// Use an existing key, add the missing one, or mark the reference `optional: true`.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod` says "couldn't find key".
    ///
    /// ## When to ignore
    /// Where something in the cluster adds the key to the object.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data: { LOG_LEVEL: info }
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       env:
    ///         - name: LOG_LEVEL
    ///           valueFrom:
    ///             configMapKeyRef:
    ///               name: web
    ///               key: LOGLEVEL # <- ConfigMap `web` has no key `LOGLEVEL`; did you mean `LOG_LEVEL`?
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: { name: web }
    /// data: { LOG_LEVEL: info }
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       env:
    ///         - name: LOG_LEVEL
    ///           valueFrom:
    ///             configMapKeyRef:
    ///               name: web
    ///               key: LOG_LEVEL
    /// ```
    PLM505 "missing-key" {
        since: "0.1.0", on: Kubernetes, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        let mut check_key = |name: Option<&Str>, key: Option<&Str>, secret: bool| {
            let (Some(name), Some(key)) = (name, key) else { return };
            let home = workload.object.file;
            let Some(keys) = facts.keys(home, workload.namespace, name, secret) else { return };
            if !keys.complete || keys.has(key) {
                return;
            }
            // A part that was not built may add the key.
            let target = facts.built_target(home);
            let is_known =
                target.is_none_or(|it| it.is_whole() || !secret && it.lacks_only_secrets());
            if !is_known {
                return;
            }
            let kind = if secret { "Secret" } else { "ConfigMap" };
            let near = nearest(key, keys.entries.iter().map(|it| it.0.as_str()));
            let hint = near.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
            let finding = out.at(&key.span, format!("{kind} `{name}` has no key `{key}`{hint}"));
            finding
                .also(&keys.object.name_span(), format!("{kind} `{name}` is defined here"))
                .check(format!(
                    "kubectl get {} {name}{} -o jsonpath='{{.data}}'",
                    kind.to_ascii_lowercase(),
                    workload.namespace_flag()
                ));
            if let Some(near) = near {
                let edit = facts.replace_scalar(&key.span, near);
                finding.fix(Fix::r#unsafe(format!("Use the key `{near}`"), [edit]));
            }
        };
        for (_, container) in workload.containers() {
            for var in &container.env {
                let (reference, secret) = match &var.value {
                    EnvValue::ConfigMapKey(it) => (it, false),
                    EnvValue::SecretKey(it) => (it, true),
                    _ => continue,
                };
                if !is_true(reference.optional) {
                    check_key(reference.name.as_ref(), reference.key.as_ref(), secret);
                }
            }
        }
        let mut check_items = |source: &KeyedSource, secret: bool| {
            if !is_true(source.optional) {
                for item in &source.items {
                    check_key(source.name.as_ref(), item.key.as_ref(), secret);
                }
            }
        };
        for volume in &workload.model.template.spec.volumes {
            for (secret, source) in volume.source.keyed() {
                check_items(source, secret);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn optional_references_and_unknown_content_are_silent() {
        let text = |optional: &str, kind: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, env: [{{name: X, valueFrom: {{secretKeyRef: {{name: s, key: k{optional}}}}}}}]}}]}}\n---\n{kind}\nmetadata: {{name: s}}\n"
            )
        };
        let plain = "apiVersion: v1\nkind: Secret";
        assert_eq!(messages(&RULE, &text("", plain)), ["Secret `s` has no key `k`"]);
        assert!(messages(&RULE, &text(", optional: true", plain)).is_empty());
        assert!(
            messages(&RULE, &text("", "apiVersion: external-secrets.io/v1\nkind: ExternalSecret"))
                .is_empty()
        );
    }

    #[test]
    fn a_plugin_that_makes_secrets_adds_no_key_to_a_config_map() {
        let found = |kind: &str, reference: &str, object: &str| {
            let text = format!(
                "# file: k/kustomization.yaml\nresources: [app.yaml]\ngenerators: [generator.yaml]\n# file: k/generator.yaml\napiVersion: viaduct.ai/v1\nkind: {kind}\nmetadata: {{name: g}}\nfiles: [secret.enc.yaml]\n# file: k/app.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, env: [{{name: X, valueFrom: {{{reference}: {{name: s, key: k}}}}}}]}}]}}\n---\napiVersion: v1\nkind: {object}\nmetadata: {{name: s}}\n"
            );
            messages(&RULE, &text)
        };
        assert_eq!(
            found("ksops", "configMapKeyRef", "ConfigMap"),
            ["ConfigMap `s` has no key `k`"]
        );
        assert!(found("ksops", "secretKeyRef", "Secret").is_empty());
        assert!(found("Other", "configMapKeyRef", "ConfigMap").is_empty());
    }

    #[test]
    fn items_of_volumes_are_read_too() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: a}]\n  volumes: [{name: v, configMap: {name: c, items: [{key: missing, path: x}]}}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {present: x}\n";
        assert_eq!(messages(&RULE, text), ["ConfigMap `c` has no key `missing`"]);
    }

    #[test]
    fn every_kind_of_entry_is_a_key_and_every_reference_is_read() {
        let objects = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {A: x}\nbinaryData: {B: eA==}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {A: eA==}\nstringData: {B: x}\n";
        let pod = |container: &str, spec: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {container}}}], {spec}}}\n{objects}"
            );
            messages(&RULE, &text).len()
        };
        for (reference, volume, projected) in [
            ("configMapKeyRef: {name: c", "configMap: {name: c", "configMap: {name: c"),
            ("secretKeyRef: {name: s", "secret: {secretName: s", "secret: {name: s"),
        ] {
            for (key, optional, count) in
                [("A", "", 0), ("B", "", 0), ("gone", "", 1), ("gone", ", optional: true", 0)]
            {
                let env = format!(
                    "env: [{{name: X, valueFrom: {{{reference}, key: {key}{optional}}}}}}}]"
                );
                assert_eq!(pod(&env, ""), count, "{env}");
                let items = format!("items: [{{key: {key}, path: x}}]{optional}");
                let mounted = format!("volumes: [{{name: v, {volume}, {items}}}}}]");
                assert_eq!(pod("", &mounted), count, "{mounted}");
                let mounted = format!(
                    "volumes: [{{name: v, projected: {{sources: [{{{projected}, {items}}}}}]}}}}]"
                );
                assert_eq!(pod("", &mounted), count, "{mounted}");
            }
        }
    }
}
