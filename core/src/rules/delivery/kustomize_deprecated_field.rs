use crate::edit::Yaml;
use crate::facts::Facts;
use crate::model::kustomization::{Kustomization, KustomizationField};
use crate::report::{Findings, Fix};
use crate::rules::rule;

/// The fields that Kustomize wants to see no more, and what takes their place.
///
/// Source: the comments and warnings of the type `Kustomization` (kubernetes-sigs/kustomize,
/// `api/types/kustomization.go`), and its reference for `commonLabels`, read on 2026-11-29.
const FIELDS: &[(&str, &str)] = &[
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("helmChartInflationGenerator", "helmCharts"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

rule! {
    /// A kustomization uses a field that Kustomize has replaced by another one.
    ///
    /// ## Why it hurts
    /// Kustomize warns about the field at every build, and the next version of kustomizations will
    /// not have it.
    ///
    /// ## What helps
    /// Use the field that took its place: `resources`, `labels`, `patches`, `images`,
    /// `replacements`. `kustomize edit fix` rewrites most of them; `kustomize edit fix --vars` turns
    /// vars into replacements.
    ///
    /// ## How to troubleshoot
    /// `kustomize build .` prints the warnings; compare its output before and after.
    ///
    /// ## When to ignore
    /// Where an old release of Kustomize, which does not know the new field, still builds the folder.
    ///
    /// ## Bad
    /// ```yaml file=kustomization.yaml
    /// bases: # <- `bases` is deprecated: use `resources`
    ///   - ../base
    /// commonLabels: # <- `commonLabels` is deprecated: use `labels`
    ///   team: shop
    /// patchesStrategicMerge: # <- `patchesStrategicMerge` is deprecated: use `patches`
    ///   - replicas.yaml
    /// ```
    ///
    /// ## Good
    /// ```yaml file=kustomization.yaml
    /// resources:
    ///   - ../base
    /// labels:
    ///   - pairs:
    ///       team: shop
    ///     includeSelectors: true
    /// patches:
    ///   - path: replicas.yaml
    /// ```
    PLM917 "kustomize-deprecated-field" {
        since: "0.1.0", on: Delivery, severity: Info, check: check, about: sources,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for kustomization in facts.kustomizations() {
        for field in &kustomization.fields {
            let Some((name, instead)) = FIELDS.iter().find(|(name, _)| field.name == *name) else {
                continue;
            };
            let message = format!("`{name}` is deprecated: use `{instead}`");
            let finding = out.at(&field.key, message);
            finding.cause(*name);
            finding.maybe_fix(fix(facts, &kustomization, field, instead));
            finding.deprecated = true;
        }
    }
}

/// Rewrites the field, where the new one is not there yet. A kustomization that also has the new field is
/// left to its author, since the order of entries counts.
fn fix(
    facts: &Facts,
    kustomization: &Kustomization,
    field: &KustomizationField,
    instead: &str,
) -> Option<Fix> {
    let is_free = |name: &str| kustomization.field(name).is_none();
    if !is_free(instead) || field.place.shared {
        return None;
    }
    let title = format!("Write `{instead}`");
    let rename = facts.replace(&field.key, instead);
    match field.name.as_str() {
        "bases" => Some(Fix::safe(title, [rename])),
        // These patches come after prefixes and labels, which `patches` comes before.
        "patchesJson6902" if is_free("patchesStrategicMerge") => {
            Some(Fix::r#unsafe(title, [rename]))
        }
        "patchesStrategicMerge" if is_free("patchesJson6902") => {
            let paths = field.texts.as_ref()?;
            if paths.is_empty() || paths.iter().any(|path| path.contains(['\n', ' ', ':', '{'])) {
                return None;
            }
            let entry = |path| Yaml::map([("path", Yaml::str(path))]);
            let entries = Yaml::list(paths.iter().map(|path| entry(path.as_str())));
            rewritten(facts, field, title, "patches", &entries)
        }
        "commonLabels" => {
            let pairs = field.pairs.as_ref()?;
            let pairs = Yaml::map(
                pairs.iter().map(|(key, value)| (key.as_str(), Yaml::str(value.as_str()))),
            );
            let entry = Yaml::map([("pairs", pairs), ("includeSelectors", Yaml::bool(true))]);
            let entries = Yaml::list([entry]);
            rewritten(facts, field, title, "labels", &entries)
        }
        _ => None,
    }
}

/// Replaces a field with its value by another one in the same style.
fn rewritten(
    facts: &Facts,
    field: &KustomizationField,
    title: String,
    key: &str,
    value: &Yaml<'_>,
) -> Option<Fix> {
    if facts.written(&field.span).contains('#') {
        return None;
    }
    if field.place.flow {
        let quote = if facts.written(&field.key).starts_with('"') { "\"" } else { "" };
        let text = format!("{quote}{key}{quote}: {}", value.flow(!quote.is_empty()));
        return Some(Fix::safe(title, [facts.replace(&field.span, &text)]));
    }
    let mut lines = String::new();
    value.entry_lines(key, 0, &mut lines);
    let text = lines.trim().to_owned();
    Some(Fix::safe(title, [facts.replace(&field.span, &text)]))
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, RULE};
    use crate::rules::testing::{apply_fixes, files, findings, messages, run};

    fn fixed(kustomization: &str) -> String {
        let files = files(&format!("# file: kustomization.yaml\n{kustomization}"));
        apply_fixes(&files, &run(&RULE, &files))[0].text.to_string()
    }

    #[test]
    fn every_deprecated_field_is_named() {
        for (name, instead) in FIELDS {
            let found = messages(&RULE, &format!("# file: kustomization.yaml\n{name}: []\n"));
            assert_eq!(found, [format!("`{name}` is deprecated: use `{instead}`")]);
        }
        let fine = "# file: kustomization.yaml\nresources: [a.yaml]\nlabels: []\npatches: []\n";
        assert!(messages(&RULE, fine).is_empty());
        assert!(messages(&RULE, "# file: app.yaml\nbases: [a]\n").is_empty(), "another file");
    }

    #[test]
    fn fixes_keep_the_meaning() {
        assert_eq!(fixed("bases:\n  - ../base\n"), "resources:\n  - ../base\n");
        assert_eq!(
            fixed("patchesStrategicMerge:\n- a.yaml\n- b.yaml\n"),
            "patches:\n  - path: a.yaml\n  - path: b.yaml\n"
        );
        assert_eq!(
            fixed("commonLabels:\n  app: web\n  version: '1'\n"),
            "labels:\n  - pairs:\n      app: web\n      version: \"1\"\n    includeSelectors: true\n"
        );
    }

    #[test]
    fn what_cannot_be_rewritten_safely_is_left_to_its_author() {
        for kustomization in [
            "bases: [../base]\nresources: [a.yaml]\n",
            "commonLabels: {a: b}\nlabels: []\n",
            "patchesStrategicMerge:\n  - |-\n    kind: Pod\n",
            "patchesStrategicMerge:\n  # why\n  - a.yaml\n",
            "vars: []\n",
        ] {
            let found = findings(&RULE, &format!("# file: kustomization.yaml\n{kustomization}"));
            assert!(found[0].fixes.is_empty(), "{kustomization}");
        }
    }

    #[test]
    fn what_is_written_in_flow_style_stays_so() {
        assert_eq!(
            fixed("commonLabels: {app: web}\n"),
            "labels: [{ pairs: { app: web }, includeSelectors: true }]\n"
        );
        assert_eq!(
            fixed("patchesStrategicMerge: [a.yaml, b.yaml]\n"),
            "patches: [{ path: a.yaml }, { path: b.yaml }]\n"
        );
        let json = fixed("{\"commonLabels\": {\"app\": \"web\"}}\n");
        assert!(json.contains("\"labels\"") && json.contains("\"app\": \"web\""), "{json}");
    }
}
