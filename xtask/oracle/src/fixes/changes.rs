//! The key paths in which two resolved models differ.

use serde_json::Value;
use std::collections::BTreeSet;

/// Maximum number of levels that are compared.
const MAX_DEPTH: usize = 64;

/// Returns the paths of the values that differ, as `services.web.restart`. Of what one side lacks, the path
/// of its key is returned; of a list with another number of items, the path of the list.
pub fn changes(before: &Value, after: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    compare(before, after, &mut Vec::new(), &mut found);
    found
}

fn compare(before: &Value, after: &Value, path: &mut Vec<String>, found: &mut BTreeSet<String>) {
    if before == after {
        return;
    }
    match (before, after) {
        (Value::Object(old), Value::Object(new)) if path.len() < MAX_DEPTH => {
            let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for key in keys {
                path.push(key.clone());
                match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => compare(old, new, path, found),
                    (Some(_), None) | (None, Some(_)) => {
                        found.insert(path.join("."));
                    }
                    (None, None) => {}
                }
                path.pop();
            }
        }
        (Value::Array(old), Value::Array(new)) if old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                path.push(at.to_string());
                compare(old, new, path, found);
                path.pop();
            }
        }
        _ => {
            found.insert(path.join("."));
        }
    }
}

/// Replaces the names that differ from project to project by `*`: what follows `services`, `volumes` and
/// the like at the top, the items of lists, and the names of variables, labels and dependencies.
pub fn general(path: &str) -> String {
    const NAMED: [&str; 11] = [
        "services",
        "volumes",
        "networks",
        "configs",
        "secrets",
        "environment",
        "labels",
        "annotations",
        "matchLabels",
        "selector",
        "depends_on",
    ];
    let mut parts: Vec<&str> = Vec::new();
    let all: Vec<&str> = path.split('.').collect();
    for (at, part) in all.iter().enumerate() {
        let is_index = part.chars().all(|letter| letter.is_ascii_digit()) && !part.is_empty();
        let is_named = at > 0 && NAMED.contains(&all[at - 1]);
        let is_named = is_named && !(all[at - 1] == "selector" && *part == "matchLabels");
        parts.push(if is_index || is_named { "*" } else { part });
        // The names of labels and annotations have dots in them.
        let ends_with_name =
            matches!(all.get(at.wrapping_sub(1)), Some(&"labels" | &"annotations"));
        if is_named && ends_with_name {
            break;
        }
    }
    parts.join(".")
}
