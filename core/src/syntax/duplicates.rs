//! Finds keys that appear twice in one mapping.

use super::limits::MAX_PROBLEMS;
use super::problem::{Problem, ProblemKind};
use super::tree::{NodeId, TreeBuilder};
use rustc_hash::FxHashMap;

/// Reports the repeated keys of a mapping, whose children alternate keys and values.
pub(super) fn duplicate_keys(
    builder: &TreeBuilder,
    children: &[NodeId],
    problems: &mut Vec<Problem>,
) {
    let (pairs, _) = children.as_chunks::<2>();
    if pairs.len() < 2 {
        return;
    }
    let mut seen: FxHashMap<&str, NodeId> = FxHashMap::default();
    for [node, _] in pairs {
        let Some(key) = builder.scalar_of(*node) else { continue };
        let first = *seen.entry(key).or_insert(*node);
        if first == *node || problems.len() >= MAX_PROBLEMS {
            continue;
        }
        // Compose refuses a second merge key too, since its version 2.17.
        let message = if key == "<<" {
            "`<<` appears twice in this mapping: merge several mappings as `<<: [*one, *two]`"
                .to_owned()
        } else {
            format!("the key `{}` appears twice in this mapping", shown(key))
        };
        problems.push(Problem {
            kind: ProblemKind::DuplicateKey,
            span: builder.span_of(*node),
            message,
            related: Some(builder.span_of(first)),
        });
    }
}

/// Returns a key for use in a message, escaped and shortened to one line.
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
    fn keys_are_shown_on_one_short_line() {
        assert_eq!(shown("don't \"é\" 🚀"), "don't \"é\" 🚀");
        assert_eq!(shown("a\nb\tc\u{1}\u{2028}"), "a\\nb\\tc\\u{1}\\u{2028}");
        assert_eq!(shown(&"é".repeat(61)), format!("{}…", "é".repeat(60)));
    }
}
