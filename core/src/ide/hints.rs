//! What an editor shows between the words of a file: interpolated and rendered values, and what probes and
//! autoscalers amount to.

use super::budgets::{HealthBudget, probe_label, probes};
use super::here::key_before;
use super::rendered::{Rendered, scalars};
use super::words::{code, count, is_secret, place_in_markdown as place};
use crate::analysis::Analysis;
use crate::facts::{Facts, Workload};
use crate::model::compose::VariableUse;
use crate::model::kubernetes::Object;
use crate::model::{BuiltTarget, Place};
use crate::report::{Kind, TargetKind};
use crate::text::markdown::prose;
use crate::text::{FileId, Span};
use std::collections::BTreeMap;
use std::ops::Range;

mod overlays;

/// What a hint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintKind {
    /// The value of a variable in a Compose file.
    Interpolated,
    /// What an action of a template prints, or what overlays put in the place of a value.
    Rendered,
    /// When a probe or a healthcheck decides.
    Budget,
    /// The range of replicas that an autoscaler keeps.
    Replicas,
}

/// The kinds of hints that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HintKinds {
    pub interpolated: bool,
    pub rendered: bool,
    pub budgets: bool,
    pub replicas: bool,
}

impl Default for HintKinds {
    fn default() -> HintKinds {
        HintKinds { interpolated: true, rendered: true, budgets: true, replicas: true }
    }
}

/// A few words at a place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub offset: usize,
    pub label: String,
    /// Markdown for those who look closer.
    pub tooltip: Option<String>,
    pub kind: HintKind,
}

/// Maximum number of characters of a value in a hint.
const MOST_LETTERS: usize = 40;

/// Maximum number of values of one action in a hint.
const MOST_VALUES: usize = 3;

/// Returns the hints in a range of a file, in the order of the text.
pub fn hints(
    analysis: &Analysis,
    file: FileId,
    range: Range<usize>,
    kinds: HintKinds,
) -> Vec<Hint> {
    let facts = analysis.facts();
    let mut all = Vec::new();
    if kinds.interpolated {
        all.extend(interpolated(facts, file));
    }
    if kinds.rendered && facts.file(file).kind == Kind::Template {
        all.extend(rendered(analysis, file));
    }
    if kinds.rendered && facts.file(file).kind == Kind::Kubernetes {
        all.extend(overlays::overlaid(analysis, file));
    }
    if kinds.budgets {
        all.extend(health_budgets(facts, file));
        all.extend(probe_budgets(analysis, file));
    }
    if kinds.replicas {
        all.extend(replicas(facts, file));
    }
    all.retain(|it| range.start <= it.offset && it.offset <= range.end);
    all.sort_by_key(|it| (it.offset, it.kind));
    // An object may be part of several targets, and a file of several projects.
    all.dedup_by(|a, b| a.offset == b.offset && a.kind == b.kind);
    all
}

fn interpolated(facts: &Facts<'_>, file: FileId) -> Vec<Hint> {
    let uses = facts.projects().iter().flat_map(|it| &it.variables);
    let own: Vec<&VariableUse> = uses.filter(|it| it.span.file == file).collect();
    let mut hints = Vec::new();
    let mut end = 0;
    for used in own {
        // What stands within the default of another variable is part of that one's value.
        let is_nested = used.span.end <= end && used.span.start < end;
        end = end.max(used.span.end);
        let Some(value) = used.value.as_ref().filter(|_| !is_nested) else { continue };
        // The span of an escaped text is the whole scalar, which may hold more than the variable.
        let is_exact = facts.written(&used.span).starts_with('$');
        if !is_exact || is_secret(&used.name, value) {
            continue;
        }
        let from = match used.set_by {
            Some(set_by) => {
                format!("{} is set in {}", code(&used.name), place(facts, set_by))
            }
            None => format!("No file sets {}", code(&used.name)),
        };
        hints.push(Hint {
            offset: used.span.end as usize,
            label: format!("→ {}", shown(value)),
            tooltip: Some(from),
            kind: HintKind::Interpolated,
        });
    }
    hints
}

/// Returns a value on one line, cut where it is long.
fn shown(value: &str) -> String {
    let line = value.lines().next().unwrap_or_default();
    let cut = line.char_indices().nth(MOST_LETTERS).map_or(line.len(), |it| it.0);
    match cut < value.trim_end().len() {
        _ if value.is_empty() => "\"\"".to_owned(),
        true => format!("{}…", &line[..cut]),
        false => line.to_owned(),
    }
}

/// Returns the target whose values are shown in a template: the one that the facts look at, or else the first.
fn main_target<'a>(analysis: &'a Analysis, file: FileId) -> Option<&'a BuiltTarget> {
    let of_file = |it: &&'a BuiltTarget| it.target.kind == TargetKind::Chart && it.has_source(file);
    let all = analysis.targets().iter().map(|it| &**it);
    analysis.facts().targets().find(of_file).or_else(|| all.clone().find(of_file))
}

fn rendered(analysis: &Analysis, file: FileId) -> Vec<Hint> {
    let Some(target) = main_target(analysis, file) else { return Vec::new() };
    let text = analysis.facts().file(file).text();
    let mut by_place: BTreeMap<usize, Vec<Rendered>> = BTreeMap::new();
    for it in scalars(target, &|span| span.file == file) {
        let Some(offset) = behind_actions(text, it.span) else { continue };
        let values = by_place.entry(offset).or_default();
        if !values.iter().any(|other| other.value == it.value) {
            values.push(it);
        }
    }
    let hint = |(offset, values): (usize, Vec<Rendered>)| {
        let mut words: Vec<String> =
            values.iter().take(MOST_VALUES).map(|it| shown(&it.value)).collect();
        if values.len() > MOST_VALUES {
            words.push("…".to_owned());
        }
        let first = values.first().map(|it| prose(&format!("{} {}", it.object, it.path)));
        let tooltip = first.map(|it| format!("{it} in target {}", code(&target.target.name)));
        Hint {
            offset, label: format!("→ {}", words.join(", ")), tooltip, kind: HintKind::Rendered
        }
    };
    let is_shown = |it: &(usize, Vec<Rendered>)| {
        let name = |it: &Rendered| it.path.rsplit('.').next().unwrap_or_default().to_owned();
        it.1.iter().all(|it| !is_secret(&name(it), &it.value))
    };
    by_place.into_iter().filter(is_shown).map(hint).collect()
}

/// Returns where a scalar of a template ends that an action prints on its line; `None` for one that is
/// written out.
fn behind_actions(text: &str, span: Span) -> Option<usize> {
    let line_end = |at: usize| text[at..].find(['\r', '\n']).map_or(text.len(), |it| at + it);
    let written = text.get(span.range())?;
    let line = text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..span.start as usize];
    let is_inside = before.rfind("{{").is_some_and(|at| !before[at..].contains("}}"));
    if !is_inside && !written.contains("{{") || written.contains('\n') {
        return None;
    }
    let rest = &text[span.end as usize..line_end(span.end as usize)];
    let starts = written.rfind("{{").map_or(is_inside, |at| !written[at..].contains("}}"));
    let mut offset = span.end as usize;
    if starts {
        offset += rest.find("}}")? + 2;
    }
    // The hint stands behind the closing quote.
    Some(if text[offset..].starts_with(['"', '\'']) { offset + 1 } else { offset })
}

/// Returns where the words about a mapping stand: behind its key, or behind the closing bracket.
fn offset_of(facts: &Facts<'_>, place: &Place) -> Option<usize> {
    if place.shared {
        return None;
    }
    if place.flow {
        return Some(place.span.end as usize);
    }
    let text = facts.file(place.span.file).text();
    let (_, end) = key_before(text, place.span.start as usize)?;
    Some(end + text[end..].find(':')? + 1)
}

fn health_budgets(facts: &Facts<'_>, file: FileId) -> Vec<Hint> {
    let checks = facts.services().iter().filter_map(|it| it.model.healthcheck.as_ref());
    let hints = checks.filter(|it| it.span.file == file).filter_map(|check| {
        let budget = HealthBudget::of(check)?;
        Some(Hint {
            offset: offset_of(facts, check.place.as_ref()?)?,
            label: budget.label(),
            tooltip: Some(budget.sentences("")),
            kind: HintKind::Budget,
        })
    });
    hints.collect()
}

fn probe_budgets(analysis: &Analysis, file: FileId) -> Vec<Hint> {
    let facts = analysis.facts();
    let built = analysis.targets().iter().filter(|it| it.has_source(file));
    let loose = facts.objects().iter().copied().filter(|it| it.file == file);
    let objects: Vec<&Object> = loose.chain(built.flat_map(|it| &it.objects)).collect();
    let mut hints = Vec::new();
    for object in objects {
        let spec = object.workload().map(|it| &it.template.spec);
        for container in spec.into_iter().flat_map(|it| it.all_containers()) {
            for (kind, probe) in probes(container).filter(|it| it.1.place.span.file == file) {
                let Some(offset) = offset_of(facts, &probe.place) else { continue };
                hints.push(Hint {
                    offset,
                    label: probe_label(kind, probe, container),
                    tooltip: Some(super::budgets::probe_sentences(kind, probe, container)),
                    kind: HintKind::Budget,
                });
            }
        }
    }
    hints
}

fn replicas(facts: &Facts<'_>, file: FileId) -> Vec<Hint> {
    let hint = |workload: &Workload<'_>| {
        let written = workload.model.replicas.map_or(workload.span(), |it| it.span);
        let scaler = facts.objects()[*workload.autoscalers.first()?];
        let (min, max) = facts.replica_range(workload)?;
        let words =
            if min == max { count(max, "replica") } else { format!("{min} to {max} replicas") };
        let by = format!("{} ({})", prose(&scaler.label()), place(facts, scaler.name_span()));
        (written.file == file).then_some(Hint {
            offset: written.end as usize,
            label: words,
            tooltip: Some(by),
            kind: HintKind::Replicas,
        })
    };
    facts.workloads().iter().filter_map(hint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ide::hover::testing::marked;

    const ALL: HintKinds =
        HintKinds { interpolated: true, rendered: true, budgets: true, replicas: true };

    /// Returns the text of the file with the mark, with the hints in it.
    fn hinted(text: &str, kinds: HintKinds) -> String {
        let (analysis, file, _) = marked(text);
        let mut text = analysis.facts().file(file).text().to_owned();
        for hint in hints(&analysis, file, 0..text.len(), kinds).into_iter().rev() {
            text.insert_str(hint.offset, &format!("⟨{}⟩", hint.label));
        }
        text
    }

    #[test]
    fn variables_show_their_values() {
        let env = "# file: .env\nTAG=1.2\nDB_PASSWORD=hunter2hunter2\n# file: compose.yaml\n";
        let text = "‸# é🎵\r\nservices:\r\n  web:\r\n    image: acme/web:${TAG}\r\n    labels: [\"${NONE}\", \"a=${X:-${TAG}}\", '${DB_PASSWORD}']\r\n";
        let shown = hinted(&format!("{env}{text}"), ALL);
        assert!(shown.contains("acme/web:${TAG}⟨→ 1.2⟩\r\n"), "{shown}");
        assert!(
            shown.contains("[\"${NONE}\", \"a=${X:-${TAG}}⟨→ 1.2⟩\", '${DB_PASSWORD}']"),
            "{shown}"
        );
        let off = HintKinds { interpolated: false, ..ALL };
        assert!(!hinted(&format!("{env}{text}"), off).contains('⟨'));
    }

    #[test]
    fn probes_and_healthchecks_show_their_budget() {
        let pod = "‸apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      image: acme/web:1\n      livenessProbe:\n        tcpSocket: {port: 80}\n      readinessProbe: {tcpSocket: {port: 80}}\n";
        let shown = hinted(pod, ALL);
        assert!(shown.contains("livenessProbe:⟨killed after 30 s without an answer⟩\n"), "{shown}");
        assert!(
            shown.contains("{port: 80}}⟨no traffic after 30 s without an answer⟩\n"),
            "{shown}"
        );
        let compose = "‸services:\n  db:\n    image: acme/db:1\n    healthcheck:\n      test: [CMD, ok]\n      interval: 10s\n";
        assert!(
            hinted(compose, ALL).contains("healthcheck:⟨unhealthy after 30 s without a success⟩\n")
        );
        let off = HintKinds { budgets: false, ..ALL };
        assert!(!hinted(compose, off).contains('⟨') && !hinted(pod, off).contains('⟨'));
    }

    #[test]
    fn autoscaled_workloads_show_their_range() {
        let text = "‸apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'acme/web:1'}]}}\n---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {minReplicas: 2, maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
        assert!(hinted(text, ALL).contains("replicas: 1⟨2 to 9 replicas⟩\n"));
        assert!(
            hinted(&text.replace("  replicas: 1\n", ""), ALL)
                .contains("{name: web⟨2 to 9 replicas⟩}")
        );
        assert!(!hinted(text, HintKinds { replicas: false, ..ALL }).contains('⟨'));
    }

    #[test]
    fn hints_outside_of_the_range_are_left_out() {
        let text = "# file: .env\nTAG=1\nB=2\n# file: compose.yaml\n‸services: {web: {image: 'a:${TAG}', labels: {b: '${B}', c: '${C:-3}'}}}\n";
        let (analysis, file, _) = marked(text);
        let text = analysis.facts().file(file).text();
        let all = hints(&analysis, file, 0..text.find("labels").unwrap(), ALL);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].tooltip.as_deref(), Some("`TAG` is set in .env:1"));
        // A default stands in the text already.
        assert_eq!(hints(&analysis, file, 0..text.len(), ALL).len(), 2);
    }

    #[cfg(feature = "targets")]
    #[test]
    fn a_base_shows_what_overlays_make_of_it() {
        let base = "# file: base/kustomization.yaml\nresources: [web.yaml]\n# file: dev/kustomization.yaml\nresources: [../base]\n# file: test/kustomization.yaml\nresources: [../base]\nimages: [{name: acme/web, newTag: '2'}]\n# file: prod/kustomization.yaml\nresources: [../base]\nnamePrefix: prod-\nimages: [{name: acme/web, newTag: '2'}]\npatches: [{path: more.yaml}]\n# file: prod/more.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 5\n  template: {spec: {containers: [{name: web, env: [{name: DB_PASSWORD, value: s3cret-s3cret}]}]}}\n# file: base/web.yaml\n";
        let web = "‸apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: web\n          image: 'acme/web:1'\n          env: [{name: DB_PASSWORD, value: none}]\n";
        let shown = hinted(&format!("{base}{web}"), ALL);
        assert!(shown.contains("replicas: 1⟨→ 5 in prod⟩\n"), "{shown}");
        assert!(shown.contains("image: 'acme/web:1'⟨→ acme/web:2 in prod, test⟩\n"), "{shown}");
        assert!(shown.contains("  name: web⟨→ prod-web in prod⟩\n"), "{shown}");
        assert_eq!(shown.matches('⟨').count(), 3, "{shown}");
        let off = HintKinds { rendered: false, ..ALL };
        assert!(!hinted(&format!("{base}{web}"), off).contains('⟨'));
    }

    #[cfg(feature = "targets")]
    #[test]
    fn templates_show_what_the_main_target_prints() {
        let chart = "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\nlevel: info\nimage: {name: acme/web, tag: '2'}\nall: [x, z]\n# file: c/values-prod.yaml\nlevel: warn\n# file: c/templates/a.yaml\n";
        let template = "‸# ü\r\napiVersion: v1\r\nkind: ConfigMap\r\nmetadata: {name: a}\r\ndata:\r\n  level: {{ .Values.level | upper }}\r\n  image: \"{{ .Values.image.name }}:{{ .Values.image.tag }}\" # both\r\n  plain: x\r\n  {{- range $at, $it := .Values.all }}\r\n  all{{ $at }}: {{ $it }}\r\n  {{- end }}\r\n";
        let shown = hinted(&format!("{chart}{template}"), ALL);
        assert!(shown.contains("  level: {{ .Values.level | upper }}⟨→ WARN⟩\r\n"), "{shown}");
        assert!(shown.contains(".tag }}\"⟨→ acme/web:2⟩ # both\r\n"), "{shown}");
        assert!(shown.contains("  plain: x\r\n"), "{shown}");
        assert!(shown.contains("{{ $it }}⟨→ x, z⟩\r\n"), "{shown}");
        let off = HintKinds { rendered: false, ..ALL };
        assert!(!hinted(&format!("{chart}{template}"), off).contains('⟨'));
    }
}
