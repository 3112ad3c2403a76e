use crate::facts::{Facts, in_shell};
use crate::model::FileModel;
use crate::report::{Findings, Fix, Kind, Severity};
use crate::rules::rule;
use crate::syntax::{OddMerge, OddMergeKind};

rule! {
    /// A merge key `<<` does not merge what it looks like, or another value wins than the one beside it.
    ///
    /// ## Why it hurts
    /// `<<` was never part of YAML 1.2, and readers differ. In quotes it is a key like any other, which merges
    /// nothing. With anything but a mapping or a list of mappings the whole file is refused. And where a key
    /// stands before `<<`, Compose and Kustomize's resources keep it, but `kubectl`, Helm and Argo CD read the
    /// entries in their order, so that what is merged replaces it.
    ///
    /// ## What helps
    /// Write `<<` without quotes, as the first entry of its mapping, with an alias of a mapping: then every
    /// reader merges it, and every key of the mapping wins.
    ///
    /// ## How to troubleshoot
    /// `docker compose config` prints what Compose reads, and
    /// `kubectl annotate --local -f FILE -o yaml read=1` what `kubectl` reads, without asking a cluster.
    ///
    /// ## When to ignore
    /// Where only a reader that keeps the key ever reads the file, such as a program of your own.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// x-service: &service
    ///   restart: always
    /// services:
    ///   web:
    ///     "<<": *service # <- this `<<` is in quotes, so it merges nothing, and Compose refuses it
    ///     image: nginx:1.29
    /// ```
    /// ```yaml file=settings.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: settings
    ///   labels: &labels { app: shop, tier: front }
    ///   annotations:
    ///     tier: back # <- `<<` below replaces `tier` when `kubectl` reads it: what is merged counts, because it comes later
    ///     <<: *labels
    /// data: { MODE: fast }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// x-service: &service
    ///   restart: always
    /// services:
    ///   web:
    ///     <<: *service
    ///     image: nginx:1.29
    /// ```
    /// ```yaml file=settings.yaml
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: settings
    ///   labels: &labels { app: shop, tier: front }
    ///   annotations:
    ///     <<: *labels
    ///     tier: back
    /// data: { MODE: fast }
    /// ```
    PLM004 "merge-key-surprise" {
        since: "0.1.0", on: Document, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for file in facts.files().iter().filter(|it| it.text().contains("<<")) {
        let Some(reader) = reader(file.kind) else { continue };
        for odd in file.tree.odd_merges() {
            report(facts, file, reader, &odd, out);
        }
    }
}

/// Returns what reads a file, as people call it; `None` for a file of which that is not known.
///
/// Source: `kubectl`, Helm and Argo CD read YAML with `sigs.k8s.io/yaml`, which is built on a copy of go-yaml 2;
/// Compose and the resources of Kustomize are read with go-yaml 3 and its successor. Tried with kubectl 1.37 and
/// Compose 2 on 2026-11-30.
fn reader(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Compose => Some("Compose"),
        Kind::Kubernetes => Some("`kubectl`"),
        Kind::Kustomization => Some("Kustomize"),
        Kind::Chart | Kind::Values => Some("Helm"),
        Kind::ArgoCd => Some("Argo CD"),
        Kind::Template | Kind::EnvFile | Kind::Dockerfile | Kind::Config | Kind::Unknown => None,
    }
}

fn report(facts: &Facts, file: &FileModel, reader: &str, odd: &OddMerge, out: &mut Findings) {
    let is_compose = file.kind == Kind::Compose;
    let finding = match odd.kind {
        OddMergeKind::Quoted => {
            let refused = if is_compose { ", and Compose refuses it" } else { "" };
            let message = format!("this `<<` is in quotes, so it merges nothing{refused}");
            let edit = facts.replace(&odd.span, "<<");
            let title = "Take the quotes off";
            let finding = out.at(&odd.span, message);
            match is_compose {
                true => finding.severity(Severity::Error).fix(Fix::safe(title, [edit])),
                // What was not there until now takes effect.
                false => finding.fix(Fix::r#unsafe(title, [edit])),
            }
        }
        OddMergeKind::Unmergeable => out
            .at(
                &odd.span,
                format!("{reader} refuses this: `<<` takes a mapping or a list of mappings"),
            )
            .severity(Severity::Error)
            .help("Put the alias of a mapping behind `<<`. A list, such as variables in the form `- NAME=value`, cannot be merged: write it as a mapping."),
        OddMergeKind::Overtaken => {
            // Both keep the key that is written in the mapping itself.
            let is_resource = file.kind == Kind::Kubernetes && facts.is_kustomized(file.id);
            let Some(merged) = odd.merged.filter(|_| !is_compose && !is_resource) else { return };
            let key = facts.written(&odd.span).trim_matches(['"', '\'']);
            out.at(
                &odd.span,
                format!(
                    "`<<` below replaces `{key}` when {reader} reads it: what is merged counts, because it comes later"
                ),
            )
            .also(&merged, format!("the `{key}` that is merged"))
            .help("Move `<<` to the top of the mapping: then every reader takes the keys that are written in it.")
        }
    };
    let path = in_shell(file.path());
    match file.kind {
        Kind::Compose => {
            finding.check(format!("docker compose -f {path} config"));
        }
        Kind::Kubernetes | Kind::ArgoCd => {
            finding.check(format!("kubectl annotate --local -f {path} -o yaml read=1"));
        }
        Kind::Kustomization
        | Kind::Chart
        | Kind::Values
        | Kind::Template
        | Kind::EnvFile
        | Kind::Dockerfile
        | Kind::Config
        | Kind::Unknown => {}
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, findings, messages, run};

    fn severities(text: &str) -> Vec<&'static str> {
        findings(&RULE, text).iter().map(|it| it.severity.name()).collect()
    }

    fn config_map(annotations: &str) -> String {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n  labels: &labels {{app: shop}}\n  annotations: {annotations}\ndata: {{A: b}}\n"
        )
    }

    #[test]
    fn a_merge_key_in_quotes_is_refused_by_compose_and_dropped_elsewhere() {
        let compose = "x-b: &b {restart: always}\nservices:\n  a: {'<<': *b, image: 'x:1'}\n";
        assert_eq!(severities(compose), ["error"]);
        let before = files(compose);
        let after = apply_fixes(&before, &run(&RULE, &before));
        assert!(after[0].text.contains("a: {<<: *b, image"), "{}", after[0].text);
        assert_eq!(severities(&config_map("{'<<': *labels}")), ["warning"]);
        assert!(severities(&compose.replace("'<<'", "<<")).is_empty());
        assert!(severities(&config_map("{<<: *labels}")).is_empty());
    }

    #[test]
    fn what_cannot_be_merged_is_refused_by_every_reader() {
        let list = "x-e: &e [A=b]\nservices: {a: {image: 'x:1', environment: {<<: *e}}}\n";
        assert_eq!(
            messages(&RULE, list),
            ["Compose refuses this: `<<` takes a mapping or a list of mappings"]
        );
        assert_eq!(severities(&config_map("{<<: text}")), ["error"]);
        let values = "# file: Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: values.yaml\na: {<<: text}\n";
        assert_eq!(
            messages(&RULE, values),
            ["Helm refuses this: `<<` takes a mapping or a list of mappings"]
        );
        let merged =
            "x-e: &e {A: b}\nservices: {a: {image: 'x:1', environment: {<<: [*e, {C: d}]}}}\n";
        assert!(severities(merged).is_empty());
    }

    #[test]
    fn only_readers_that_go_by_the_order_let_the_merge_win() {
        let late = config_map("{app: own, <<: *labels}");
        assert_eq!(severities(&late), ["warning"]);
        assert!(severities(&config_map("{<<: *labels, app: own}")).is_empty());
        assert!(severities(&config_map("{app: shop, <<: *labels}")).is_empty(), "the same value");
        let kustomized =
            format!("# file: k/kustomization.yaml\nresources: [c.yaml]\n# file: k/c.yaml\n{late}");
        assert!(severities(&kustomized).is_empty(), "Kustomize keeps the key");
        let patch = format!(
            "# file: k/kustomization.yaml\nresources: [c.yaml]\npatches: [{{path: p.yaml}}]\n# file: k/c.yaml\n{}# file: k/p.yaml\n{late}",
            config_map("{}")
        );
        assert!(severities(&patch).is_empty(), "its patches too");
        let compose =
            "x-e: &e {A: b}\nservices: {a: {image: 'x:1', environment: {A: own, <<: *e}}}\n";
        assert!(severities(compose).is_empty(), "Compose keeps the key");
        let own = "# file: kustomization.yaml\nlabels: [{pairs: &l {a: b}}]\ncommonAnnotations: {a: own, <<: *l}\n";
        assert_eq!(severities(own), ["warning"], "the kustomization itself");
        let workflow =
            "# file: .github/workflows/ci.yaml\non: push\nx: &x {a: b}\njobs: {a: c, <<: *x}\n";
        assert!(severities(workflow).is_empty(), "who reads it is not known");
    }

    #[test]
    fn a_merge_key_that_is_refused_has_one_code() {
        for text in [
            "x-b: &b {restart: always}\nservices: {a: {'<<': *b, image: 'x:1'}}\n",
            "x-e: &e {A: b}\nservices: {a: {image: 'x:1', environment: {'<<': *e}}}\n",
            "x-s: &s {image: 'x:1'}\nservices: {'<<': *s, a: {image: 'x:1'}}\n",
            "services: {a: {image: 'x:1', environment: {<<: text}}}\n",
            "services: {a: {image: 'x:1', environment: {<<: }}}\n",
        ] {
            let all = crate::analyze(&files(text), &crate::Options::default());
            let refused = ["PLM004", "PLM808", "PLM009"];
            let codes = all.findings.iter().map(|it| it.code).filter(|it| refused.contains(it));
            assert_eq!(codes.collect::<Vec<_>>(), ["PLM004"], "{text}");
        }
    }
}
