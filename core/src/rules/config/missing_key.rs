use crate::facts::{Facts, Workload, in_shell, nearest};
use crate::model::Str;
use crate::model::kubernetes::{EnvValue, Object, is_true};
use crate::report::phrases::first_named;
use crate::report::{Findings, Fix};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

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

/// Maximum number of keys that a message names.
const MAX_NAMES: usize = 3;

/// Maximum number of related places.
const MAX_PLACES: usize = 10;

/// A key that a container reads and its ConfigMap or Secret lacks.
struct Missing<'f, 'a> {
    workload: &'f Workload<'a>,
    object: &'a Object,
    kind: &'static str,
    key: &'a Str,
    /// The key that was probably meant.
    near: Option<String>,
}

fn check(facts: &Facts, out: &mut Findings) {
    // One place of a template may give several objects their names.
    let mut all: IndexMap<(Span, &str), Vec<Missing<'_, '_>>, FxBuildHasher> = IndexMap::default();
    for workload in facts.workloads() {
        for (name, key, is_secret) in read_keys(workload) {
            let Some(missing) = missing(facts, workload, name, key, is_secret) else { continue };
            // A suppression is for the one place that it covers.
            let is_alone = facts.stands_alone(missing.key.span, &|selector| RULE.is(selector));
            if missing.near.is_some() || is_alone {
                report(facts, &missing, &[], out);
            } else {
                let name = missing.object.name().map_or("", |it| it.as_str());
                all.entry((missing.object.name_span(), name)).or_default().push(missing);
            }
        }
    }
    for missing in all.values() {
        if let Some((first, others)) = missing.split_first() {
            report(facts, first, others, out);
        }
    }
}

/// Returns the keys that the containers of a workload cannot start without: the name of the object, the key, and
/// whether the object is a Secret.
fn read_keys<'a>(workload: &Workload<'a>) -> Vec<(&'a Str, &'a Str, bool)> {
    let mut found = Vec::new();
    let variables = workload.containers().flat_map(|(_, container)| &container.env);
    for variable in variables {
        let (reference, is_secret) = match &variable.value {
            EnvValue::ConfigMapKey(it) => (it, false),
            EnvValue::SecretKey(it) => (it, true),
            _ => continue,
        };
        if let (Some(name), Some(key), false) =
            (&reference.name, &reference.key, is_true(reference.optional))
        {
            found.push((name, key, is_secret));
        }
    }
    let volumes = workload.model.template.spec.volumes.iter();
    for (is_secret, source) in volumes.flat_map(|it| it.source.keyed()) {
        let Some(name) = source.name.as_ref().filter(|_| !is_true(source.optional)) else {
            continue;
        };
        let keys = source.items.iter().filter_map(|it| it.key.as_ref());
        found.extend(keys.map(|key| (name, key, is_secret)));
    }
    found
}

/// Returns the key if its object is known and lacks it.
fn missing<'f, 'a>(
    facts: &'f Facts<'a>,
    workload: &'f Workload<'a>,
    name: &Str,
    key: &'a Str,
    is_secret: bool,
) -> Option<Missing<'f, 'a>> {
    let home = workload.object.file;
    let keys = facts.keys(home, workload.namespace, name, is_secret)?;
    // A part that was not built may add the key.
    let is_whole = facts
        .built_target(home)
        .is_none_or(|it| it.is_whole() || !is_secret && it.lacks_only_secrets());
    if !keys.complete || keys.has(key) || !is_whole {
        return None;
    }
    let near = nearest(key, keys.entries.iter().map(|it| it.0.as_str())).map(str::to_owned);
    let kind = if is_secret { "Secret" } else { "ConfigMap" };
    Some(Missing { workload, object: keys.object, kind, key, near })
}

/// Reports the keys that one object lacks.
fn report(
    facts: &Facts<'_>,
    first: &Missing<'_, '_>,
    others: &[Missing<'_, '_>],
    out: &mut Findings,
) {
    let Missing { workload, object, kind, key, near } = first;
    let name = object.name().map_or("", |it| it.as_str());
    let mut keys: Vec<&str> = vec![key.as_str()];
    for other in others.iter().map(|it| it.key.as_str()) {
        if !keys.contains(&other) {
            keys.push(other);
        }
    }
    let noun = if keys.len() == 1 { "key" } else { "keys" };
    let hint = near.as_ref().map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
    let message = format!("{kind} `{name}` has no {noun} {}{hint}", first_named(&keys, MAX_NAMES));
    let finding = out.at(&key.span, message);
    if near.is_none() {
        finding.gathers(format!("keys of {kind} {name}"));
    }
    finding.also(&object.name_span(), format!("{kind} `{name}` is defined here")).check(format!(
        "kubectl get {} {}{} -o jsonpath='{{.data}}'",
        kind.to_ascii_lowercase(),
        in_shell(name),
        workload.namespace_flag()
    ));
    for other in others.iter().take(MAX_PLACES) {
        finding.also(&other.key.span, format!("`{}` is read here", other.key));
    }
    if let Some(near) = near {
        let edit = facts.replace_scalar(&key.span, near);
        finding.fix(Fix::r#unsafe(format!("Use the key `{near}`"), [edit]));
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
    fn the_keys_that_one_object_lacks_are_one_finding() {
        let found = |first: &str, second: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      image: a\n      env:\n        - {{name: X, valueFrom: {{secretKeyRef: {{name: s, key: {first}}}}}}}\n        - {{name: Y, valueFrom: {{secretKeyRef: {{name: {second}}}}}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: t}}\ndata: {{}}\n"
            );
            messages(&RULE, &text)
        };
        assert_eq!(
            found("user", "s, key: password"),
            ["Secret `s` has no keys `user`, `password`"]
        );
        assert_eq!(found("user", "s, key: user"), ["Secret `s` has no key `user`"]);
        assert_eq!(
            found("user", "t, key: user"),
            ["Secret `s` has no key `user`", "Secret `t` has no key `user`"]
        );
    }

    #[test]
    fn a_suppression_covers_one_key_alone() {
        let found = |first: &str, second: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      image: a\n      env:\n        - {{name: X, valueFrom: {{secretKeyRef: {{name: s, key: user}}}}}} {first}\n        - {{name: Y, valueFrom: {{secretKeyRef: {{name: s, key: password}}}}}} {second}\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{}}\n"
            );
            messages(&RULE, &text)
        };
        let ignore = "# plimsoll: ignore PLM505 -- made by a job";
        assert_eq!(found(ignore, ""), ["Secret `s` has no key `password`"]);
        assert_eq!(found("", ignore), ["Secret `s` has no key `user`"]);
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
