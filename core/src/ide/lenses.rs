//! What an editor shows above a line: the verdict of the decision, the counterpart of a Compose service, and
//! the targets that a chart or a kustomization is built into.

use super::words::{MOST, count};
use crate::analysis::Analysis;
use crate::facts::Pair;
use crate::model::BuiltTarget;
use crate::model::compose::Project;
use crate::report::{Kind, Report, System, TargetKind};
use crate::syntax::Node;
use crate::text::{FileId, Span, folder_of, join_path};

/// What a lens is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LensKind {
    /// The verdict of the decision on a system.
    Verdict,
    /// The container in the cluster that runs the same thing as a Compose service.
    Counterpart,
    /// A target that the file is built into.
    Target,
}

/// The kinds of lenses that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LensKinds {
    pub verdict: bool,
    pub counterparts: bool,
    pub targets: bool,
}

impl Default for LensKinds {
    fn default() -> LensKinds {
        LensKinds { verdict: true, counterparts: true, targets: true }
    }
}

/// A line above a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lens {
    pub span: Span,
    pub title: String,
    pub kind: LensKind,
    /// Where the lens leads to.
    pub to: Option<Span>,
    /// The name of the system or of the target that it is about.
    pub name: Option<String>,
}

/// Returns the lenses of a file, in the order of the text. The verdict needs a report with a decision, which
/// a caller makes only where somebody wants to see it.
pub fn lenses(
    analysis: &Analysis,
    report: Option<&Report>,
    file: FileId,
    kinds: LensKinds,
) -> Vec<Lens> {
    let mut all = Vec::new();
    if kinds.verdict
        && let Some(report) = report
    {
        all.extend(verdicts(analysis, report, file));
    }
    if kinds.targets {
        all.extend(targets(analysis, file));
    }
    if kinds.counterparts {
        all.extend(counterparts(analysis, file));
    }
    all.sort_by_key(|it| it.span.start);
    all
}

/// Whether a file may be the main file of a system, so that making a report for its lenses is worth the time.
pub fn may_have_verdict(analysis: &Analysis, file: FileId) -> bool {
    let mut projects = analysis.facts().projects().iter();
    let mut built = analysis.targets().iter();
    projects.any(|it| it.files.first() == Some(&file))
        || first_manifests(analysis).any(|it| it == file)
        || built.any(|it| own_file(analysis, it) == Some(file))
}

/// Returns the first file of each folder of manifests.
fn first_manifests(analysis: &Analysis) -> impl Iterator<Item = FileId> {
    let plain = analysis.plain_targets().iter().filter(|it| it.kind == TargetKind::Manifests);
    plain.filter_map(|it| it.files.first().copied())
}

fn first_line(file: FileId) -> Span {
    Span::new(file, 0, 0)
}

/// Returns the verdicts on the systems whose main file this is.
fn verdicts(analysis: &Analysis, report: &Report, file: FileId) -> Vec<Lens> {
    let systems = report.systems.iter();
    let own = systems.filter(|it| main_file(analysis, report, it) == Some(file));
    let lens = |it: &System| Lens {
        span: first_line(file),
        title: it.decision.verdict.clone(),
        kind: LensKind::Verdict,
        to: None,
        name: Some(it.name.clone()),
    };
    own.filter(|it| !it.decision.verdict.is_empty()).map(lens).collect()
}

/// Returns the file that stands for a system: the base file of its Compose project, or else that of a target.
fn main_file(analysis: &Analysis, report: &Report, system: &System) -> Option<FileId> {
    let facts = analysis.facts();
    // A system has the name of its folder, or of its Compose project where it lies at the root.
    let is_within = |file: &FileId| {
        let path = facts.file(*file).path();
        let rest = path.strip_prefix(&system.name);
        report.systems.len() == 1 || rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let base = |project: &Project| project.files.first().copied();
    let named = facts.projects().iter().filter(|it| it.name.as_str() == system.name);
    let compose = facts.projects().iter().filter_map(base).find(is_within);
    let built = analysis.targets().iter().filter(|it| system.targets.contains(&it.target.name));
    compose
        .or_else(|| built.filter_map(|it| own_file(analysis, it)).next())
        .or_else(|| first_manifests(analysis).find(is_within))
        .or_else(|| named.filter_map(base).next())
}

/// Returns the file that makes the folder of a target a chart or a kustomization.
fn own_file(analysis: &Analysis, target: &BuiltTarget) -> Option<FileId> {
    let names: &[&str] = match target.target.kind {
        TargetKind::Chart => &["Chart.yaml"],
        TargetKind::Kustomization => &["kustomization.yaml", "kustomization.yml", "Kustomization"],
        TargetKind::Compose | TargetKind::Manifests | TargetKind::Application => &[],
    };
    let paths: Vec<String> =
        names.iter().map(|name| join_path(&target.target.folder, name)).collect();
    let mut files = analysis.facts().files().iter();
    files.find(|it| paths.iter().any(|path| it.path() == path)).map(|it| it.id)
}

/// Returns the targets that a chart or a kustomization is built into, with the number of their objects.
fn targets(analysis: &Analysis, file: FileId) -> Vec<Lens> {
    let model = analysis.facts().file(file);
    if !matches!(model.kind, Kind::Chart | Kind::Kustomization) {
        return Vec::new();
    }
    // A chart has its targets even where its own `Chart.yaml` is not among their sources.
    let is_own = |it: &BuiltTarget| {
        it.has_source(file)
            || it.target.kind == TargetKind::Chart && it.target.folder == folder_of(model.path())
    };
    let own: Vec<&BuiltTarget> =
        analysis.targets().iter().map(|it| &**it).filter(|it| is_own(it)).collect();
    let lens = |title: String, name: Option<String>| Lens {
        span: first_line(file),
        title,
        kind: LensKind::Target,
        to: None,
        name,
    };
    let mut lenses: Vec<Lens> = own
        .iter()
        .take(MOST)
        .map(|it| lens(target_title(it), Some(it.target.name.clone())))
        .collect();
    if own.len() > MOST {
        lenses.push(lens(format!("and {} more targets", own.len() - MOST), None));
    }
    lenses
}

fn target_title(target: &BuiltTarget) -> String {
    let objects = i64::try_from(target.objects.len()).unwrap_or(i64::MAX);
    let counted = count(objects, "object");
    let said = match target.target.reasons.first() {
        None => counted,
        Some(_) if target.target.is_built => format!("{counted}, not built in full"),
        Some(_) => "not built".to_owned(),
    };
    format!("{}: {said}", target.target.name)
}

/// Returns the counterparts of the services in a file.
fn counterparts(analysis: &Analysis, file: FileId) -> Vec<Lens> {
    let facts = analysis.facts();
    let mut lenses = Vec::new();
    for found in facts.counterparts() {
        let Some(pair) = Pair::of(facts, found.service) else { continue };
        let Some(span) = key_of(analysis, file, pair.service.name) else { continue };
        let is_part = pair.service.model.places.iter().any(|it| it.span.file == file);
        let (workload, to) = (pair.workload, pair.workload.span());
        if is_part {
            lenses.push(Lens {
                span,
                title: format!(
                    "{}/{} in {}",
                    workload.kind().name(),
                    workload.name,
                    facts.file(to.file).path()
                ),
                kind: LensKind::Counterpart,
                to: Some(to),
                name: None,
            });
        }
    }
    lenses
}

/// Returns the key of a service in a Compose file.
fn key_of(analysis: &Analysis, file: FileId, name: &str) -> Option<Span> {
    let mut roots = analysis.facts().file(file).tree.roots();
    roots.find_map(|root: Node<'_>| {
        let mut services = root.get("services")?.entries();
        services.find(|it| it.key.as_str() == Some(name)).map(|it| it.key.span())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::ide::hover::testing::{file_at, marked};

    /// Returns the text and the title of each lens of the file with the mark.
    fn shown(text: &str, kinds: LensKinds) -> Vec<(String, String)> {
        let (analysis, file, _) = marked(text);
        let report = analysis.report(&Options::default());
        let all = lenses(&analysis, Some(&report), file, kinds);
        all.into_iter().map(|it| (report.snippet(it.span).to_owned(), it.title)).collect()
    }

    const NONE: LensKinds = LensKinds { verdict: false, counterparts: false, targets: false };

    #[test]
    fn a_service_leads_to_its_counterpart() {
        let text = "# file: compose.yaml\n‸# ö\r\nservices:\r\n  web: {image: 'acme/web:1'}\r\n  db: {image: 'postgres:17'}\r\n# file: k8s/web.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'acme/web:1'}]}}}\n";
        let kinds = LensKinds { counterparts: true, ..NONE };
        let expected = ("web".to_owned(), "Deployment/web in k8s/web.yaml".to_owned());
        assert_eq!(shown(text, kinds), [expected]);
        assert_eq!(shown(text, NONE), []);
    }

    #[test]
    fn the_verdict_stands_on_the_first_line_of_the_main_file() {
        let text = "# file: compose.yaml\n‸services: {web: {image: 'acme/web:1', ports: ['80:80']}}\n# file: compose.override.yaml\nservices: {web: {restart: always}}\n";
        let kinds = LensKinds { verdict: true, ..NONE };
        let (analysis, file, _) = marked(text);
        let other = file_at(&analysis, "compose.override.yaml");
        let report = analysis.report(&Options::default());
        let all = lenses(&analysis, Some(&report), file, kinds);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].title, report.decision().verdict);
        assert!(!all[0].title.is_empty());
        assert!(may_have_verdict(&analysis, file) && !may_have_verdict(&analysis, other));
        assert_eq!(lenses(&analysis, None, file, kinds), []);
        assert_eq!(lenses(&analysis, Some(&report), other, kinds), []);
    }

    #[test]
    fn each_system_has_a_main_file() {
        let text = "# file: shop/compose.yaml\n‸services: {web: {image: 'acme/web:1'}}\n# file: blog/compose.yaml\nservices: {blog: {image: 'acme/blog:1'}}\n";
        let kinds = LensKinds { verdict: true, ..NONE };
        let (analysis, _, _) = marked(text);
        let report = analysis.report(&Options::default());
        let name = |path: &str| -> Vec<Option<String>> {
            let all = lenses(&analysis, Some(&report), file_at(&analysis, path), kinds);
            all.into_iter().map(|it| it.name).collect()
        };
        assert_eq!(name("shop/compose.yaml"), [Some("shop".to_owned())]);
        assert_eq!(name("blog/compose.yaml"), [Some("blog".to_owned())]);
    }

    #[cfg(feature = "targets")]
    #[test]
    fn a_base_and_a_chart_name_their_targets() {
        let base = "# file: base/kustomization.yaml\n‸resources: [a.yaml]\n# file: base/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n# file: prod/kustomization.yaml\nresources: [../base]\n# file: dev/kustomization.yaml\nresources: [../base]\n";
        let kinds = LensKinds { targets: true, ..NONE };
        let titles =
            |text: &str| -> Vec<String> { shown(text, kinds).into_iter().map(|it| it.1).collect() };
        assert_eq!(titles(base), ["dev: 1 object", "prod: 1 object"]);
        let chart = "# file: c/Chart.yaml\n‸apiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\na: 1\n# file: c/values-prod.yaml\na: 2\n# file: c/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        assert_eq!(titles(chart), ["c: 1 object", "c (values-prod.yaml): 1 object"]);
    }
}
