//! The placeholders of an ApplicationSet's template, and the parameters that fill them in.

use crate::build::helm;
use crate::build::kustomize::{Data, Field, Map, Value};
use crate::model::read::Str;
use crate::text::{Span, Spanned};
use std::ops::Range;

/// What one Application is made from.
#[derive(Debug, Clone)]
pub(super) struct Parameters {
    pub values: Map,
    /// Whether the files tell all of the parameters.
    pub is_whole: bool,
    /// The place that yields these parameters: the element, the generator.
    pub span: Span,
    /// Changes to the template that the generator makes.
    pub template: Option<Value>,
}

impl Parameters {
    pub(super) fn new(span: Span) -> Parameters {
        Parameters { values: Map::default(), is_whole: true, span, template: None }
    }

    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.values.insert(key.into(), Field { key: self.span, value });
    }

    pub(super) fn set_text(&mut self, key: &str, text: &str) {
        self.set(key, Value::string(text, self.span));
    }

    /// Returns the parameters as labels for a selector: those in a mapping or list by their path, as in
    /// `values.region`.
    pub(super) fn labels(&self) -> Vec<(Str, Str)> {
        let mut labels = Vec::new();
        let mut open: Vec<(String, &Value)> =
            self.values.iter().map(|(key, field)| (key.to_string(), &field.value)).collect();
        while let Some((path, value)) = open.pop() {
            match &value.data {
                Data::Scalar(scalar) => labels.push((
                    Spanned::new(path.into(), value.span),
                    Spanned::new(scalar.text.clone(), value.span),
                )),
                Data::Map(map) => open
                    .extend(map.iter().map(|(key, field)| (format!("{path}.{key}"), &field.value))),
                Data::List(items) => open.extend(
                    items.iter().enumerate().map(|(at, item)| (format!("{path}.{at}"), item)),
                ),
            }
        }
        labels
    }
}

/// A template text with its placeholders filled in.
#[derive(Debug, Default)]
pub(super) struct Filled {
    pub text: String,
    /// The names that nothing fills in; they are left as they are.
    pub missing: Vec<String>,
}

/// Returns the actions of a text with what stands between the braces.
pub(super) fn actions(text: &str) -> Vec<(Range<usize>, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|at| from + at) {
        let Some(end) = text[start..].find("}}").map(|at| start + at) else { break };
        let inner = text[start + 2..end].trim_start_matches('-').trim_end_matches('-').trim();
        found.push((start..end + 2, inner));
        from = end + 2;
    }
    found
}

/// Fills in the placeholders of a text.
pub(super) fn fill(text: &str, parameters: &Parameters, go: bool) -> Filled {
    let actions = actions(text);
    if actions.is_empty() {
        return Filled { text: text.to_owned(), missing: Vec::new() };
    }
    if go && !actions.iter().all(|(_, inner)| field_of(inner).is_some()) {
        return fill_program(text, parameters, &actions);
    }
    let mut filled = Filled::default();
    let mut from = 0;
    for (range, inner) in actions {
        filled.text.push_str(&text[from..range.start]);
        from = range.end;
        let (name, is_normal) =
            if go { field_of(inner).unwrap_or((inner, false)) } else { (inner, false) };
        match lookup(&parameters.values, name) {
            Some(value) if is_normal => filled.text.push_str(&normalized(&value)),
            Some(value) => filled.text.push_str(&value),
            None => {
                filled.text.push_str(&text[range]);
                filled.missing.push(name.to_owned());
            }
        }
    }
    filled.text.push_str(&text[from..]);
    filled
}

/// Fills in a template of Go that does more than name fields.
fn fill_program(text: &str, parameters: &Parameters, actions: &[(Range<usize>, &str)]) -> Filled {
    let rendered = if parameters.is_whole { helm::fill(text, &parameters.values) } else { None };
    match rendered {
        Some(text) => Filled { text, missing: Vec::new() },
        // What cannot be told is not missing.
        None => Filled {
            text: text.to_owned(),
            missing: actions.iter().map(|(_, inner)| (*inner).to_owned()).collect(),
        },
    }
}

/// Returns the field that an action of a Go template names, and whether it is normalised to a DNS name.
/// `None` for an action that does something else.
pub(super) fn field_of(action: &str) -> Option<(&str, bool)> {
    let (field, is_normal) = match action.split_once('|') {
        Some((field, function)) if function.trim() == "normalize" => (field.trim(), true),
        Some(_) => return None,
        None => match action.strip_prefix("normalize ") {
            Some(field) => (field.trim(), true),
            None => (action, false),
        },
    };
    let name = field.strip_prefix('.')?;
    let is_letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    (!name.is_empty() && name.chars().all(is_letter)).then_some((name, is_normal))
}

/// Returns the parameter of a dotted name. A key may itself contain dots.
pub(super) fn lookup(values: &Map, name: &str) -> Option<String> {
    let mut map = values;
    let mut rest = name;
    'levels: loop {
        if let Some(field) = map.get(rest) {
            return scalar_text(&field.value);
        }
        for (at, _) in rest.match_indices('.') {
            if let Some(Data::Map(inner)) = map.get(&rest[..at]).map(|field| &field.value.data) {
                map = inner;
                rest = &rest[at + 1..];
                continue 'levels;
            }
        }
        return None;
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    match &value.data {
        Data::Scalar(scalar) => Some(scalar.text.to_string()),
        Data::Map(_) | Data::List(_) => None,
    }
}

/// Returns a text as a DNS name, as the function `normalize` does.
pub(super) fn normalized(text: &str) -> String {
    let letter = |letter: char| match letter.to_ascii_lowercase() {
        kept if kept.is_ascii_alphanumeric() || matches!(kept, '-' | '.') => kept,
        _ => '-',
    };
    let name: String = text.chars().map(letter).take(253).collect();
    name.trim_matches(['-', '.']).to_owned()
}

/// Fills in every text below a value, and collects the names that nothing fills in.
pub(super) fn fill_value(
    value: &Value,
    parameters: &Parameters,
    go: bool,
    missing: &mut Vec<(String, Span)>,
) -> Value {
    let data = match &value.data {
        Data::Scalar(scalar) if scalar.text.contains("{{") => {
            let filled = fill(&scalar.text, parameters, go);
            missing.extend(filled.missing.into_iter().map(|name| (name, value.span)));
            let mut scalar = scalar.clone();
            scalar.text = filled.text.into();
            Data::Scalar(scalar)
        }
        Data::Scalar(scalar) => Data::Scalar(scalar.clone()),
        Data::Map(map) => {
            let fields = map.iter().map(|(key, field)| {
                let value = fill_value(&field.value, parameters, go, missing);
                (key.clone(), Field { key: field.key, value })
            });
            Data::Map(fields.collect())
        }
        Data::List(items) => {
            Data::List(items.iter().map(|item| fill_value(item, parameters, go, missing)).collect())
        }
    };
    Value { data, span: value.span }
}

/// Lays one value over another: mappings are merged, everything else is replaced unless it is empty.
pub(super) fn lay_over(base: &mut Value, over: &Value) {
    match (&mut base.data, &over.data) {
        (Data::Map(base), Data::Map(over)) => {
            for (key, field) in over {
                match base.get_mut(key) {
                    Some(known) => lay_over(&mut known.value, &field.value),
                    None => {
                        base.insert(key.clone(), field.clone());
                    }
                }
            }
        }
        (_, Data::Scalar(scalar)) if scalar.text.is_empty() => {}
        _ => *base = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        let mut parameters = Parameters::new(Span::default());
        for (key, value) in pairs {
            parameters.set_text(key, value);
        }
        parameters
    }

    #[test]
    fn plain_templates_replace_names() {
        let parameters = parameters(&[("cluster", "eu"), ("path.basename", "web")]);
        assert_eq!(fill("{{cluster}}-{{ path.basename }}", &parameters, false).text, "eu-web");
        let filled = fill("{{other}}-x", &parameters, false);
        assert_eq!(
            (filled.text.as_str(), filled.missing),
            ("{{other}}-x", vec!["other".to_owned()])
        );
    }

    #[test]
    fn go_templates_name_fields_and_call_functions() {
        let mut parameters = parameters(&[("cluster", "EU_1")]);
        let mut path = Value::map(Span::default());
        lay_over(&mut path, &{
            let mut inner = Parameters::new(Span::default());
            inner.set_text("basename", "web");
            Value { data: Data::Map(inner.values), span: Span::default() }
        });
        parameters.set("path", path);
        let text = |template: &str| fill(template, &parameters, true).text;
        assert_eq!(text("{{.path.basename}}-{{ .cluster }}"), "web-EU_1");
        assert_eq!(text("{{ .cluster | normalize }}"), "eu-1");
        assert_eq!(text("{{ .cluster | lower | trimSuffix \"_1\" }}"), "eu");
        assert_eq!(text("{{ if eq .path.basename \"web\" }}a{{ else }}b{{ end }}"), "a");
        assert_eq!(text("{{ .cluster | unknown }}"), "{{ .cluster | unknown }}");
    }

    #[test]
    fn keys_may_contain_dots() {
        let mut labels = Parameters::new(Span::default());
        labels.set_text("team.example.com/name", "shop");
        let mut parameters = Parameters::new(Span::default());
        parameters.set("labels", Value { data: Data::Map(labels.values), span: Span::default() });
        assert_eq!(
            lookup(&parameters.values, "labels.team.example.com/name").as_deref(),
            Some("shop")
        );
    }
}
