//! What a place of a chart or an overlay becomes in each target.

use super::Section;
use crate::ide::here::Here;
use crate::ide::rendered::{Rendered, scalars};
use crate::ide::words::{MOST, code};
use crate::model::BuiltTarget;
use crate::report::Kind;
use crate::syntax::Step;
use crate::text::Span;
use crate::text::markdown::prose;
use rustc_hash::FxHashSet;

/// Maximum number of values of one target that are listed.
const MOST_OF_ONE: usize = 5;

/// What the place becomes in one target.
struct InTarget<'a> {
    target: &'a BuiltTarget,
    values: Vec<Rendered>,
}

pub(super) fn sections(here: &Here<'_>) -> Vec<Section> {
    let place = match value_of_key(here) {
        Some((key, value)) => Place { shown: Some(key), value: Some(value) },
        None => Place { shown: None, value: None },
    };
    let targets = here.analysis.targets().iter().filter(|it| it.has_source(here.file.id));
    let all: Vec<InTarget<'_>> = targets
        .map(|target| InTarget { target, values: values_in(here, &place, target) })
        .collect();
    let Some(span) = narrowest(here, &place, &all) else { return Vec::new() };
    let written = here.file.text().get(span.range()).unwrap_or_default();
    let is_plain = written.contains('\n') && !written.contains("{{");
    let written = written.trim_matches(['"', '\'']);
    let is_as_written = |it: &Rendered| it.span == span && (is_plain || it.value == written);
    if all.iter().all(|it| it.values.iter().all(is_as_written)) {
        return Vec::new();
    }
    let mut lines: Vec<String> = Vec::new();
    for it in all.iter().take(MOST) {
        lines.extend(target_lines(it));
    }
    if all.len() > MOST {
        lines.push(format!("- and {} more targets", all.len() - MOST));
    }
    let text = format!("**In the targets**\n\n{}", lines.join("\n"));
    vec![Section { span: place.shown.unwrap_or(span), text }]
}

/// What is asked about: the place itself, or the value of the key that stands there.
struct Place {
    shown: Option<Span>,
    value: Option<Span>,
}

impl Place {
    fn wants(&self, here: &Here<'_>, span: Span) -> bool {
        match self.value {
            Some(value) => value.contains(span) && !span.is_empty(),
            None => here.is_in(span),
        }
    }
}

/// Returns the key at the place and its value: any value of a values file, and a single one of a manifest, where
/// a key such as `spec` would stand for everything.
fn value_of_key(here: &Here<'_>) -> Option<(Span, Span)> {
    let Some(Step::Entry(entry)) = here.file.tree.path_at(here.offset).pop() else { return None };
    let is_asked = here.file.kind == Kind::Values || entry.value.is_scalar();
    (is_asked && here.is_in(entry.key.span())).then(|| (entry.key.span(), entry.value.span()))
}

/// Returns the values of a target that are written, printed or replaced at the place.
fn values_in(here: &Here<'_>, place: &Place, target: &BuiltTarget) -> Vec<Rendered> {
    let behind: FxHashSet<Span> = target
        .target
        .behind
        .iter()
        .filter(|(_, behind)| behind.iter().any(|it| place.wants(here, *it)))
        .map(|(span, _)| *span)
        .collect();
    let mut values =
        scalars(target, &|span: Span| place.wants(here, span) || behind.contains(&span));
    if place.value.is_none() {
        // Of the values around the place, the narrowest is meant.
        let width = |it: &Rendered| it.span.range().len();
        let inner = values.iter().filter(|it| here.is_in(it.span)).map(width).min();
        values.retain(|it| behind.contains(&it.span) || inner == Some(width(it)));
    }
    values
}

/// Returns the narrowest text at the place that becomes something.
fn narrowest(here: &Here<'_>, place: &Place, all: &[InTarget<'_>]) -> Option<Span> {
    let mut spans = Vec::new();
    for it in all {
        for value in &it.values {
            let behind = it.target.target.behind.get(&value.span).into_iter().flatten();
            let both = behind.copied().chain([value.span]);
            spans.extend(both.filter(|it| place.wants(here, *it)));
        }
    }
    spans.into_iter().min_by_key(|it| it.range().len())
}

/// Returns the lines about one target: its value, or its values with their paths where they differ.
fn target_lines(it: &InTarget<'_>) -> Vec<String> {
    let name = code(&it.target.target.name);
    let Some(first) = it.values.first() else {
        return vec![format!("- {name}: nothing from here")];
    };
    if it.values.iter().all(|other| other.value == first.value) {
        let more = match it.values.len() - 1 {
            0 => String::new(),
            1 => " and 1 more place".to_owned(),
            more => format!(" and {more} more places"),
        };
        return vec![format!("- {name}: {} ({}{more})", code(&first.value), field(first))];
    }
    let mut lines = vec![format!("- {name}:")];
    let shown = it.values.iter().take(MOST_OF_ONE);
    lines.extend(shown.map(|it| format!("  - {}: {}", field(it), code(&it.value))));
    if it.values.len() > MOST_OF_ONE {
        lines.push(format!("  - and {} more", it.values.len() - MOST_OF_ONE));
    }
    lines
}

fn field(it: &Rendered) -> String {
    match it.object.is_empty() {
        true => prose(&it.path),
        false => prose(&format!("{} {}", it.object, it.path)),
    }
}

#[cfg(all(test, feature = "targets"))]
mod tests {
    use crate::ide::hover::testing::{hover_at, marked};

    fn said(text: &str) -> (String, String) {
        let (analysis, file, offset) = marked(text);
        let hover = hover_at(&analysis, &[], file, offset).expect("there is a hover");
        let written = &analysis.facts().file(file).text()[hover.span.range()];
        (written.to_owned(), hover.markdown)
    }

    fn chart(template: &str, values: &str) -> String {
        format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\n{values}# file: c/values-prod.yaml\n# é\r\nlevel: warn\r\n# file: c/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\ndata:\n{template}"
        )
    }

    #[test]
    fn an_action_says_what_it_prints_in_each_target() {
        let text = chart("  level: {{ .Values.le‸vel }}\n", "level: info\n");
        let expected = "**In the targets**\n\n- `c`: `info` (ConfigMap web data.level)\n- `c (values-prod.yaml)`: `warn` (ConfigMap web data.level)";
        assert_eq!(said(&text), (".Values.level".to_owned(), expected.to_owned()));
    }

    #[test]
    fn a_value_says_where_it_ends_up() {
        let text =
            chart("  level: {{ .Values.level }}\n  other: {{ .Values.level }}\n", "level: in‸fo\n");
        let (written, text) = said(&text);
        assert_eq!(written, "info");
        assert!(
            text.contains("- `c`: `info` (ConfigMap web data.level and 1 more place)\n- `c (values-prod.yaml)`: nothing from here"),
            "{text}"
        );
    }

    #[test]
    fn a_key_of_a_values_file_stands_for_its_values() {
        let text = chart("  level: {{ .Values.log.level }}\n", "lo‸g: {level: info, other: x}\n");
        let (written, text) = said(&text);
        assert_eq!(written, "log");
        assert!(text.contains("- `c`: `info` (ConfigMap web data.level)"), "{text}");
        let text = chart("  level: {{ .Values.log.level }}\n", "log: {le‸vel: info}\n");
        assert_eq!(said(&text).0, "level");
    }

    #[test]
    fn an_action_that_prints_several_lines_lists_them() {
        let text = chart("  {{- toYaml .Values.al‸l | nindent 2 }}\n", "all: {a: x, b: z}\n");
        let (_, text) = said(&text);
        assert!(
            text.contains("- `c`:\n  - ConfigMap web data.a: `x`\n  - ConfigMap web data.b: `z`"),
            "{text}"
        );
    }

    #[test]
    fn a_base_says_what_each_overlay_makes_of_it() {
        let base = "# file: base/kustomization.yaml\nresources: [a.yaml]\n# file: base/a.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: ‸1\n";
        let overlay = |name: &str, replicas: i64| {
            format!(
                "# file: {name}/kustomization.yaml\nresources: [../base]\nreplicas: [{{name: web, count: {replicas}}}]\n"
            )
        };
        let text = format!("{base}{}{}", overlay("prod", 3), overlay("dev", 1));
        let (written, text) = said(&text);
        assert_eq!(written, "1");
        assert!(text.contains("- `prod`: `3` (Deployment web spec.replicas)"), "{text}");
    }
}
