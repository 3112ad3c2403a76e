use crate::facts::Facts;
use crate::model::FileModel;
use crate::report::{Findings, Kind, TargetKind};
use crate::rules::rule;
use crate::text::{Span, folder_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashSet};

rule! {
    /// A chart, an overlay or a template was not built, so what it deploys was not checked.
    ///
    /// ## Why it hurts
    /// Plimsoll reads charts as rendered and overlays as built. What could not be built was not
    /// checked, so the absence of findings means nothing there.
    ///
    /// ## What helps
    /// Hand over what the message names: the missing values, a vendored subchart, the base that the
    /// overlay refers to. Render templates for other tools (Jinja, Go templates) with those tools and
    /// check the result.
    ///
    /// ## How to troubleshoot
    /// `helm template . --debug` or `kubectl kustomize .` shows what the cluster would get, or the
    /// same error.
    PLM005 "unparsed-template" {
        since: "0.1.0", on: Document, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    check_targets(facts, out);
    check_loose_templates(facts, out);
}

/// Reports what keeps a chart or an overlay from being built in full.
fn check_targets(facts: &Facts, out: &mut Findings) {
    let mut reported = FxHashSet::default();
    for target in facts.all_targets().iter().map(|it| &it.target) {
        for reason in &target.reasons {
            // The overlays of one base share its reasons.
            if !reported.insert((reason.span, &reason.message)) {
                continue;
            }
            let what = match (target.kind, target.is_built) {
                (TargetKind::Chart, true) => "a part of this chart is not rendered",
                (TargetKind::Chart, false) => "this chart is not rendered",
                (TargetKind::Kustomization, true) => "a part of this overlay is not built",
                (TargetKind::Kustomization, false) => "this overlay is not built",
                (TargetKind::Manifests, true) => "some of these manifests are not read",
                (TargetKind::Manifests, false) => "these manifests are not read",
                // A project is deployed as it is written.
                (TargetKind::Compose, _) => continue,
            };
            let finding = out.at(&reason.span, format!("{what}: {}", reason.message));
            finding.subject(format!("{} {}", target.kind.name(), target.name));
            finding.check(match target.kind {
                TargetKind::Chart => format!("helm template {} --debug", shown(&target.folder)),
                TargetKind::Kustomization => {
                    format!("kubectl kustomize {}", shown(&target.folder))
                }
                TargetKind::Manifests => {
                    format!("kubectl apply --dry-run=client -f {}", shown(&target.folder))
                }
                TargetKind::Compose => continue,
            });
        }
    }
}

fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}

/// Reports templates that belong to no chart, once for each folder.
fn check_loose_templates(facts: &Facts, out: &mut Findings) {
    let charts = chart_folders(facts);
    let loose = |it: &&&FileModel| it.kind == Kind::Template && !facts.is_built(it.id);
    let mut by_folder: IndexMap<&str, Vec<&FileModel>, FxBuildHasher> = IndexMap::default();
    for file in facts.files().iter().filter(loose) {
        by_folder.entry(chart_of(file.path())).or_default().push(file);
    }
    for (chart, templates) in by_folder {
        let Some((file, others)) = templates.split_first() else { continue };
        let others = others.len();
        let first_line = file.text().find('\n').unwrap_or(file.text().len());
        let helm = charts.contains(chart);
        let whole = if helm { "chart" } else { "folder" };
        let message = match others {
            0 => "this template was left out: it becomes YAML only when it is rendered".to_owned(),
            1 => format!(
                "this template and one other in its {whole} were left out: they become YAML only when they are rendered"
            ),
            more => format!(
                "this template and {more} others in its {whole} were left out: they become YAML only when they are rendered"
            ),
        };
        let folder = if chart.is_empty() { "." } else { chart };
        let finding = out.at(&Span::new(file.id, 0, first_line), message);
        finding.subject(format!("templates of {folder}"));
        if helm {
            finding.check(format!("helm template {folder} | plimsoll check -"));
        }
    }
}

/// Returns the folders that are Helm charts: they hold a `Chart.yaml`, or templates below `templates/`.
fn chart_folders<'a>(facts: &Facts<'a>) -> FxHashSet<&'a str> {
    let folder = |file: &&'a FileModel| match file.kind {
        Kind::Chart => Some(folder_of(file.path())),
        Kind::Template if file.path().contains("templates/") => Some(chart_of(file.path())),
        _ => None,
    };
    facts.files().iter().filter_map(folder).collect()
}

/// Returns the folder of the chart that a template belongs to: the one that holds `templates/`,
/// else the template's own folder.
fn chart_of(path: &str) -> &str {
    path.split_once("/templates/").map_or_else(
        || if path.starts_with("templates/") { "" } else { folder_of(path) },
        |it| it.0,
    )
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    #[test]
    fn a_chart_is_reported_once_and_plain_manifests_are_not() {
        let template =
            "# file: chart/templates/app.yaml\n{{- if .Values.on }}\nkind: Pod\n{{- end }}\n";
        assert_eq!(messages(&RULE, template).len(), 1);
        let two =
            |names: [&str; 2]| names.map(|it| format!("# file: {it}\na: {{{{ b }}}}\n")).concat();
        assert!(
            messages(&RULE, &two(["chart/templates/a.yaml", "chart/templates/b.yaml"]))[0]
                .contains("its chart")
        );
        assert!(messages(&RULE, &two(["site/a.yml", "site/b.yml"]))[0].contains("its folder"));
        let plain = "# file: chart/app.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: '{{ b }}'}\n";
        assert!(messages(&RULE, plain).is_empty());
    }
}
