//! The type that the API server gives a scalar.

use crate::model::kubernetes::ScalarType;
use crate::model::read::{Reader, Str};
use crate::syntax::{Entry, Node, Scalar, Style};
use crate::text::Spanned;
use smol_str::SmolStr;

/// Returns the type of a scalar; `None` for a string. Kubernetes converts YAML to JSON with go-yaml 2, a
/// reader of YAML 1.1: `yes` and `n` are booleans and `1_000` is a number, while `22:22` and dates stay
/// strings. Checked against kubectl 1.34.
pub(crate) fn scalar_type(node: Node<'_>) -> Option<ScalarType> {
    let node = node.resolve();
    let text = node.as_str()?;
    match Scalar::read(text, node.style(), node.tag().map(|(tag, _)| tag)) {
        Scalar::Null => return Some(ScalarType::Null),
        Scalar::Bool(_) => return Some(ScalarType::Bool),
        Scalar::Int(_) | Scalar::Float(_) | Scalar::NotFinite(_) => {
            return Some(ScalarType::Number);
        }
        Scalar::Str(_) => {}
    }
    if node.style() != Style::Plain || node.tag().is_some() {
        return None;
    }
    if Scalar::yaml_1_1_bool(text).is_some() {
        return Some(ScalarType::Bool);
    }
    let numeric = text.contains('_')
        && text
            .starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.'))
        && !matches!(Scalar::read(&text.replace('_', ""), Style::Plain, None), Scalar::Str(_));
    numeric.then_some(ScalarType::Number)
}

/// Reads a mapping whose values must be strings: labels, annotations, the data of a ConfigMap. Other
/// scalars are kept as written and recorded as wrong types.
pub(crate) fn string_pairs(reader: &mut Reader, node: Node<'_>) -> Vec<(Str, Str)> {
    let mut all = Vec::new();
    reader.each(node, "", |reader, key, entry| {
        let Some(text) = entry.value.as_str() else {
            reader.wrong_type(entry.value, "a string");
            return true;
        };
        let text = match scalar_type(entry.value) {
            Some(ScalarType::Null) => "",
            None => text,
            Some(_) => {
                reader.wrong_type(entry.value, "a string");
                text
            }
        };
        all.push((key_of(key, entry), Spanned::new(SmolStr::new(text), entry.value.span())));
        true
    });
    all
}

/// Returns the key of an entry with its place.
pub(crate) fn key_of(key: &str, entry: Entry<'_>) -> Str {
    Spanned::new(SmolStr::new(key), entry.key.span())
}
