//! Rendered texts as YAML values, and what differs between them.

use plimsoll_core::syntax::{Node, NodeKind, Scalar, parse};
use plimsoll_core::text::FileId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Returns the documents of a text as JSON. A text that is not YAML is one string.
pub fn documents(text: &str) -> Vec<Value> {
    let (tree, problems) = parse(FileId(0), &text.into(), None);
    if !problems.is_empty() {
        return vec![Value::String(text.to_owned())];
    }
    tree.roots().map(value).filter(|value| !value.is_null()).collect()
}

fn value(node: Node<'_>) -> Value {
    let node = node.resolve();
    match node.kind() {
        NodeKind::Mapping => {
            let entries = node.entries().map(|entry| {
                let key = entry.key.as_str().unwrap_or_default().to_owned();
                (key, value(entry.value))
            });
            Value::Object(entries.collect::<Map<String, Value>>())
        }
        NodeKind::Sequence => Value::Array(node.items().map(value).collect()),
        NodeKind::Scalar | NodeKind::Alias => match node.scalar() {
            None | Some(Scalar::Null) => Value::Null,
            Some(Scalar::Bool(flag)) => Value::Bool(flag),
            Some(Scalar::Int(number)) => number.into(),
            Some(Scalar::Str(text)) => text.into(),
            Some(Scalar::Float(_) | Scalar::NotFinite(_)) => {
                Value::String(format!("number {}", node.as_str().unwrap_or_default()))
            }
        },
    }
}

/// The places at which two texts differ, apart from those that also differ between Helm's own two
/// renderings.
pub fn differences(ours: &[Value], theirs: &[Value], again: Option<&Vec<Value>>) -> Vec<String> {
    let [ours, theirs] = [flat(ours), flat(theirs)];
    let again = again.map(|again| flat(again));
    let is_random =
        |path: &String| again.as_ref().is_some_and(|again| again.get(path) != theirs.get(path));
    let mut differences = Vec::new();
    for path in ours.keys().chain(theirs.keys().filter(|path| !ours.contains_key(*path))) {
        let (own, real) = (ours.get(path), theirs.get(path));
        if own != real && !is_random(path) {
            let shown = |leaf: Option<&String>| leaf.map_or("nothing", String::as_str).to_owned();
            differences.push(format!("{path}: {} and not {}", shown(own), shown(real)));
        }
    }
    differences
}

/// The leaves of all documents by their paths.
fn flat(documents: &[Value]) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    let mut open: Vec<(String, &Value)> = documents
        .iter()
        .enumerate()
        .map(|(index, document)| (index.to_string(), document))
        .collect();
    while let Some((path, value)) = open.pop() {
        match value {
            Value::Object(object) if !object.is_empty() => {
                open.extend(object.iter().map(|(key, value)| (format!("{path}.{key}"), value)));
            }
            Value::Array(items) if !items.is_empty() => {
                let items = items.iter().enumerate();
                open.extend(items.map(|(index, value)| (format!("{path}[{index}]"), value)));
            }
            leaf => {
                leaves.insert(path, leaf.to_string());
            }
        }
    }
    leaves
}
