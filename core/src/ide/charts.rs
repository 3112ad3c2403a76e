//! The values of charts and their named templates.

use super::names::{Collector, Name};
use crate::model::FileModel;
use crate::model::chart::{Chart, Values};
use crate::report::Kind;
use crate::text::{FileId, Span};
use smol_str::SmolStr;

/// Functions and actions of templates whose first argument names a template, and whether they define it.
const TEMPLATE_WORDS: [(&str, bool); 4] =
    [("define", true), ("block", true), ("include", false), ("template", false)];

/// Notes the values and the named templates of all charts.
pub(super) fn collect(collector: &mut Collector<'_>) {
    let analysis = collector.analysis;
    for (at, chart) in analysis.facts().charts().iter().enumerate() {
        for file in chart.values_files() {
            define_values(collector, at, &file.values, &mut Vec::new());
        }
        for read in &chart.uses.reads {
            refer_to_value(collector, at, &read.path, read.span);
        }
        conditions(collector, at, chart);
    }
    for file in analysis.files() {
        let is_in_templates = file.path().split('/').any(|folder| folder == "templates");
        if file.kind == Kind::Template || is_in_templates {
            named_templates(collector, file);
        }
    }
}

fn define_values(
    collector: &mut Collector<'_>,
    chart: usize,
    values: &Values,
    path: &mut Vec<SmolStr>,
) {
    // Values files are read to a limited depth.
    for (key, value) in values {
        path.push(key.clone());
        collector.define(Name::Value { chart, path: path.clone() }, value.key);
        define_values(collector, chart, &value.below, path);
        path.pop();
    }
}

/// Notes each key of a value that a template reads: `image` and `tag` in `.Values.image.tag`. A place that does
/// not show the keys is a reference as a whole.
fn refer_to_value(collector: &mut Collector<'_>, chart: usize, path: &[SmolStr], span: Span) {
    let written = collector.written(span);
    let mut rest = written;
    for at in (0..path.len()).rev() {
        let before = rest.strip_suffix(path[at].as_str()).and_then(|it| it.strip_suffix('.'));
        let Some(before) = before else { break };
        let name = Name::Value { chart, path: path[..=at].to_vec() };
        collector.refer(name, span.inner(before.len() + 1..rest.len()));
        rest = before;
    }
    if rest.len() == written.len() {
        collector.refer(Name::Value { chart, path: path.to_vec() }, span);
    }
}

/// Notes the values that switch dependencies on.
fn conditions(collector: &mut Collector<'_>, at: usize, chart: &Chart) {
    for field in chart.dependencies.iter().filter_map(|it| it.condition.as_ref()) {
        let written = collector.written(field.span);
        for condition in field.text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            let path: Vec<SmolStr> = condition.split('.').map(SmolStr::from).collect();
            let Some(start) = written.find(condition) else { continue };
            let end = start + condition.len();
            let mut length = 0;
            for (count, key) in path.iter().enumerate() {
                let from = start + length;
                let name = Name::Value { chart: at, path: path[..=count].to_vec() };
                collector.refer(name, field.span.inner(from..(from + key.len()).min(end)));
                length += key.len() + 1;
            }
        }
    }
}

/// Notes the templates that a file defines and uses.
fn named_templates(collector: &mut Collector<'_>, file: &FileModel) {
    let Some(chart) = collector.analysis.facts().chart_folder(file.id) else { return };
    for (name, span, is_definition) in template_names(file.text(), file.id) {
        let name = Name::NamedTemplate { chart: chart.to_owned(), name: name.into() };
        match is_definition {
            true => collector.define(name, span),
            false => collector.refer(name, span),
        }
    }
}

/// Returns the names of templates in the actions of a text, and whether each is defined there.
pub(super) fn template_names(text: &str, file: FileId) -> Vec<(&str, Span, bool)> {
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find("{{").map(|open| at + open + 2) {
        let inside = text[open..].trim_start_matches(['-', ' ', '\t', '\r', '\n']);
        let close = if inside.starts_with("/*") { "*/" } else { "}}" };
        let end = text[open..].find(close).map_or(text.len(), |end| open + end);
        if close == "}}" {
            names_in_action(text, open..end, file, &mut names);
        }
        at = end;
    }
    names
}

fn names_in_action<'t>(
    text: &'t str,
    action: std::ops::Range<usize>,
    file: FileId,
    names: &mut Vec<(&'t str, Span, bool)>,
) {
    let inside = &text[action.clone()];
    for (word, is_definition) in TEMPLATE_WORDS {
        for (found, _) in inside.match_indices(word) {
            let is_word =
                |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.' | '$');
            if inside[..found].ends_with(is_word) {
                continue;
            }
            let after = &inside[found + word.len()..];
            let argument = after.trim_start();
            if argument.len() == after.len() {
                continue;
            }
            let Some(quote) = argument.chars().next().filter(|it| matches!(it, '"' | '`')) else {
                continue;
            };
            let Some(name) = argument[1..].split(quote).next() else { continue };
            let start = action.end - argument.len() + 1;
            names.push((name, Span::new(file, start, start + name.len()), is_definition));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_named_by_four_words() {
        let text = r#"{{- define "shop.name" -}}{{ .Chart.Name }}{{- end }}
{{ include "shop.labels" . | nindent 4 }} {{ template `shop.old` . }}
{{/* include "not.this" . */}} include "nor.this" {{ .include "nor.that" }}
{{ if (include "shop.on" $) }}{{ block "shop.block" . }}{{ end }}{{ end }}"#;
        let found = template_names(text, FileId(0));
        let words: Vec<(&str, bool)> = found.iter().map(|it| (it.0, it.2)).collect();
        let expected = [
            ("shop.name", true),
            ("shop.labels", false),
            ("shop.old", false),
            ("shop.on", false),
            ("shop.block", true),
        ];
        assert_eq!(words, expected);
        assert!(found.iter().all(|(name, span, _)| &text[span.range()] == *name));
    }
}
