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
    let (pairs, _) = children.as_chunks::<2>();
    if pairs.len() < 2 {
        return;
    }
    let keys = || pairs.iter().filter_map(|[it, _]| builder.scalar_of(*it).map(|key| (key, *it)));
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
    if pairs.len() <= FEW_KEYS {
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
    let mut text = String::new();
    for letter in key.chars().take(60) {
        if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    if key.chars().nth(60).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn keys_are_shown_in_one_short_line() {
        assert_eq!(shown("don't \"é\" 🚀"), "don't \"é\" 🚀");
        assert_eq!(shown("a\nb\tc\u{1}\u{2028}"), "a\\nb\\tc\\u{1}\\u{2028}");
        assert_eq!(shown(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
    }
}
