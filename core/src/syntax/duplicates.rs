//! Keys that stand twice in one mapping.

use super::events::MAX_PROBLEMS;
use super::parse::{Problem, ProblemKind};
use super::tree::{NodeId, TreeBuilder};
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// Mappings are mostly small: up to so many keys, comparing each with those before it is the
/// fastest.
const FEW_KEYS: usize = 16;

pub(super) fn duplicate_keys(
    builder: &TreeBuilder,
    children: &[NodeId],
    problems: &mut Vec<Problem>,
) {
    let keys =
        || children.iter().step_by(2).filter_map(|it| builder.scalar_of(*it).map(|key| (key, *it)));
    let mut report = |key: &str, first: NodeId, second: NodeId| {
        if problems.len() >= MAX_PROBLEMS {
            return;
        }
        // Compose refuses a second merge key too, since its version 2.17.
        let message = if key == "<<" {
            "`<<` stands twice in this mapping: merge several as `<<: [*one, *two]`".to_owned()
        } else {
            format!("the key `{}` stands twice in this mapping", shown(key))
        };
        problems.push(Problem {
            kind: ProblemKind::DuplicateKey,
            span: builder.span_of(second),
            message,
            related: Some(builder.span_of(first)),
        });
    };
    if children.len() <= 2 * FEW_KEYS {
        let mut before: [&str; FEW_KEYS] = [""; FEW_KEYS];
        for (at, (key, second)) in keys().enumerate() {
            if let Some(first) = before[..at].iter().position(|it| *it == key)
                && let Some((_, first)) = keys().nth(first)
            {
                report(key, first, second);
            }
            before[at] = key;
        }
        return;
    }
    let mut seen: FxHashMap<&str, NodeId> = FxHashMap::default();
    for (key, node) in keys() {
        match seen.entry(key) {
            Entry::Occupied(first) => report(key, *first.get(), node),
            Entry::Vacant(free) => {
                free.insert(node);
            }
        }
    }
}

/// A key for a message: one line, and not a whole page of it.
pub(super) fn shown(key: &str) -> String {
    let mut text: String = key.chars().take(60).flat_map(char::escape_debug).collect();
    if key.chars().nth(60).is_some() {
        text.push('…');
    }
    text
}
