//! Manifests as an independent parser reads them.

use super::changes::changes;
use serde::Deserialize as _;
use serde_json::Value;
use std::collections::BTreeSet;

/// Returns the documents of a text; `None` if the parser refuses any of them. Compose's own tags are left out, since
/// JSON has none.
pub fn documents(text: &str) -> Option<Vec<Value>> {
    let text = text.replace(": !reset", ":").replace(": !override", ":");
    let documents = yaml_serde::Deserializer::from_str(&text).map(Value::deserialize);
    documents.collect::<Result<_, _>>().ok()
}

/// Returns what is wrong with the documents after a fix, and the key paths that have changed. A text that
/// the parser refuses before (a template) is not compared.
pub fn compare(before: &str, after: &str) -> (Vec<String>, BTreeSet<String>) {
    let Some(old) = documents(before) else { return (Vec::new(), BTreeSet::new()) };
    let Some(new) = documents(after) else {
        return (vec!["the independent parser refuses the text".to_owned()], BTreeSet::new());
    };
    if old.len() != new.len() {
        let problem = format!("{} documents have become {}", old.len(), new.len());
        return (vec![problem], BTreeSet::new());
    }
    let mut problems = Vec::new();
    let mut paths = BTreeSet::new();
    for (old, new) in old.iter().zip(&new) {
        if name(old) != name(new) {
            problems.push(format!("{} has become {}", name(old), name(new)));
        }
        paths.extend(changes(old, new));
    }
    (problems, paths)
}

/// Returns kind, namespace and name of an object.
fn name(object: &Value) -> String {
    let meta = &object["metadata"];
    format!("{} {}/{}", object["kind"], meta["namespace"], meta["name"])
}
