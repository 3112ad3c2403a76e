//! Merge keys: `<<` adds the entries of other mappings to a mapping.
//!
//! Merge keys are followed on demand and entries are never copied, so that a chain of merges costs no
//! more than the look-ups through it.

use super::limits::{MAX_MAPPINGS, MAX_MERGED};
use super::tree::{Entry, Node, NodeKind, Tree};
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

impl<'t> Node<'t> {
    /// Returns the entries with merge keys applied: the mapping's own entries first, then those of `<<`
    /// that no earlier entry overrides. Of a key that appears twice in one mapping, the last entry
    /// counts. At most [`MAX_MAPPINGS`] mappings are read.
    pub fn merged_entries(self) -> Vec<Entry<'t>> {
        let own: Vec<Entry<'t>> = self.entries().collect();
        if !own.iter().any(|entry| entry.key.is_merge_key()) {
            return own;
        }
        let mut all: Vec<Entry<'t>> = Vec::new();
        let mut places: FxHashMap<&str, usize> = FxHashMap::default();
        for mapping in merged_mappings(self) {
            let earlier = all.len();
            for entry in mapping.entries().filter(|entry| !entry.key.is_merge_key()) {
                let known = entry.key.as_str().and_then(|key| places.get(key).copied());
                match known {
                    Some(place) if place >= earlier => all[place] = entry,
                    Some(_) => {}
                    None => {
                        places.extend(entry.key.as_str().map(|key| (key, all.len())));
                        all.push(entry);
                    }
                }
            }
        }
        all
    }

    /// Returns the entry with a key. The mapping's own entries win over merged ones, and the last one
    /// wins if the key appears twice.
    pub fn entry(self, key: &str) -> Option<Entry<'t>> {
        let mut merges = false;
        let mut found = None;
        for entry in self.entries() {
            if entry.key.as_str() == Some(key) {
                found = Some(entry);
            }
            merges |= entry.key.is_merge_key();
        }
        if found.is_some() || !merges {
            return found;
        }
        let named = |entry: &Entry<'_>| entry.key.as_str() == Some(key);
        merged_mappings(self)
            .into_iter()
            .skip(1)
            .find_map(|mapping| mapping.entries().filter(named).last())
    }
}

/// Reason why a merge key does not merge as it appears to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OddMergeKind {
    /// The key is in quotes, so that it is a key like any other.
    Quoted,
    /// The value is neither a mapping nor a list of mappings.
    Unmergeable,
    /// A key stands before the merge key, whose mappings have it too with another value.
    Overtaken,
}

/// A merge key that some reader does not take for what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OddMerge {
    pub kind: OddMergeKind,
    /// The key in quotes, the value that cannot be merged, or the key that stands before the merge key.
    pub span: Span,
    /// The entry that is merged over a key, where that is what is odd.
    pub merged: Option<Span>,
}

impl Tree {
    /// Returns the merge keys that some reader does not take for what they look like, in the order of the text.
    pub fn odd_merges(&self) -> Vec<OddMerge> {
        let mut found = Vec::new();
        let mut read = 0;
        for mapping in self.nodes().filter(|it| it.kind() == NodeKind::Mapping) {
            for (at, entry) in mapping.entries().enumerate() {
                if entry.key.as_str() != Some("<<") {
                    continue;
                }
                let (key, value) = (entry.key.span(), entry.value);
                let odd = |kind, span| OddMerge { kind, span, merged: None };
                match (entry.key.is_merge_key(), is_mergeable(value)) {
                    (true, true) if at > 0 && read < MAX_MERGED => {
                        read += overtaken(mapping, at, &mut found);
                    }
                    (true, true) | (false, false) => {}
                    (false, true) => found.push(odd(OddMergeKind::Quoted, key)),
                    // An alias of nothing is a mistake of its own.
                    (true, false) if value.resolve().kind() == NodeKind::Alias => {}
                    (true, false) => {
                        // A missing value has no place of its own.
                        let span = if value.span().is_empty() { key } else { value.span() };
                        found.push(odd(OddMergeKind::Unmergeable, span));
                    }
                }
            }
        }
        found.sort_by_key(|it| it.span);
        found
    }
}

/// Whether a reader can merge a value: a mapping, or a list of mappings.
fn is_mergeable(value: Node<'_>) -> bool {
    value.is_mapping() || value.is_sequence() && value.items().all(Node::is_mapping)
}

/// Adds the keys before a merge key, which is an entry of a mapping by its index, that the merged mappings have
/// too with another value. Returns how many entries of all were read.
fn overtaken(mapping: Node<'_>, at: usize, found: &mut Vec<OddMerge>) -> usize {
    let own = mapping.entries().take(at).filter(|it| !it.key.is_merge_key());
    let own: FxHashMap<&str, Entry<'_>> =
        own.filter_map(|it| Some((it.key.as_str()?, it))).collect();
    let Some(merge) = mapping.entries().nth(at).filter(|_| !own.is_empty()) else { return 0 };
    let value = merge.value.resolve();
    let sources: Vec<Node<'_>> = match value.is_sequence() {
        true => value.items().take(MAX_MAPPINGS).collect(),
        false => vec![value],
    };
    let mut read = 0;
    // The first of several mappings with a key counts.
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for entry in sources.into_iter().flat_map(Node::merged_entries) {
        read += 1;
        let Some(key) = entry.key.as_str() else { continue };
        let Some(before) = own.get(key) else { continue };
        if seen.insert(key) && !is_same(before.value, entry.value) {
            found.push(OddMerge {
                kind: OddMergeKind::Overtaken,
                span: before.key.span(),
                merged: Some(entry.key.span()),
            });
        }
    }
    read + at
}

/// Whether two values are one node, or scalars that are written alike.
fn is_same(a: Node<'_>, b: Node<'_>) -> bool {
    let (a, b) = (a.resolve(), b.resolve());
    a.id() == b.id() || a.is_scalar() && b.is_scalar() && a.as_str() == b.as_str()
}

/// Returns a mapping and those that it merges, the strongest first; at most [`MAX_MAPPINGS`] of them.
fn merged_mappings(mapping: Node<'_>) -> Vec<Node<'_>> {
    let mut found = Vec::new();
    let mut open = vec![mapping];
    while let Some(mapping) = open.pop() {
        if found.len() == MAX_MAPPINGS {
            break;
        }
        let mut sources = Vec::new();
        for entry in mapping.entries().filter(|entry| entry.key.is_merge_key()) {
            let value = entry.value.resolve();
            if value.is_sequence() {
                sources.extend(value.items().take(MAX_MAPPINGS));
            } else {
                sources.push(value);
            }
        }
        open.extend(sources.into_iter().rev());
        found.push(mapping);
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::syntax::{OddMergeKind, Tree, parse};
    use crate::text::FileId;
    use std::sync::Arc;

    fn read(text: &str) -> Tree {
        parse(FileId(0), &Arc::from(text), None).0
    }

    fn all(text: &str, key: &str) -> Vec<String> {
        let tree = read(text);
        let node = tree.roots().next().unwrap().get(key).unwrap();
        let merged = node.merged_entries();
        for entry in &merged {
            // Both ways to look up an entry agree.
            let key = entry.key.as_str().unwrap();
            assert_eq!(node.get(key).unwrap().id(), entry.value.id(), "{key}");
        }
        let shown = |entry: &super::Entry<'_>| {
            format!("{}={}", entry.key.as_str().unwrap(), entry.value.as_str().unwrap())
        };
        merged.iter().map(shown).collect()
    }

    #[test]
    fn own_entries_win_over_the_first_source_and_its_own_sources() {
        let text = "
base: &base {a: base, b: base, c: base}
one: &one {<<: *base, b: one, d: one}
two: &two {c: two, d: two, e: two}
all:
  a: own
  <<: [*one, *two]
  f: own
";
        assert_eq!(all(text, "all"), ["a=own", "f=own", "b=one", "d=one", "c=base", "e=two"]);
    }

    #[test]
    fn the_last_of_equal_keys_wins() {
        assert_eq!(
            all("m: {a: 1, b: 2, a: 3}\nx: {<<: {k: 1, k: 2}, a: 1, a: 2}\n", "x"),
            ["a=2", "k=2"]
        );
        let tree = read("m: {a: 1, a: 3}\n");
        assert_eq!(tree.roots().next().unwrap().at(&["m", "a"]).unwrap().as_str(), Some("3"));
    }

    #[test]
    fn several_merge_keys_and_merges_of_nothing_are_accepted() {
        assert_eq!(all("m:\n  <<: {a: 1}\n  <<: {b: 2}\n", "m"), ["a=1", "b=2"]);
        assert_eq!(all("m:\n  <<: *nothing\n  b: 2\n", "m"), ["b=2"]);
        assert_eq!(all("m:\n  \"<<\": text\n", "m"), ["<<=text"]);
    }

    fn odd(text: &str) -> Vec<(OddMergeKind, &str)> {
        let found = read(text).odd_merges();
        found.into_iter().map(|it| (it.kind, &text[it.span.range()])).collect()
    }

    #[test]
    fn a_merge_key_in_quotes_merges_nothing() {
        let quoted = [(OddMergeKind::Quoted, "\"<<\"")];
        assert_eq!(odd("b: &b {a: 1}\nm: {\"<<\": *b}\n"), quoted);
        assert_eq!(odd("b: &b {a: 1}\nm: {\"<<\": [*b]}\n"), quoted);
        assert_eq!(odd("m: {\"<<\": text, '<<<': {a: 1}}\n"), []);
        assert_eq!(odd("b: &b {a: 1}\nm: {<<: *b, c: 2}\n"), []);
    }

    #[test]
    fn only_mappings_and_lists_of_them_are_merged() {
        let unmergeable = |text| [(OddMergeKind::Unmergeable, text)];
        assert_eq!(odd("m: {<<: text}\n"), unmergeable("text"));
        assert_eq!(odd("l: &l [A=1]\nm: {<<: *l}\n"), unmergeable("*l"));
        assert_eq!(odd("m:\n  <<:\n  a: 1\n"), unmergeable("<<"));
        assert_eq!(odd("m: {<<: [{a: 1}, b]}\n"), unmergeable("[{a: 1}, b]"));
        for fine in ["m: {<<: {a: 1}}\n", "m: {<<: []}\n", "m: {<<: *gone}\n"] {
            assert_eq!(odd(fine), [], "{fine}");
        }
    }

    #[test]
    fn a_key_before_the_merge_key_is_overtaken() {
        let base = "b: &b {a: 1, c: 2}\n";
        let overtaken = [(OddMergeKind::Overtaken, "a")];
        assert_eq!(odd(&format!("{base}m:\n  a: 3\n  <<: *b\n")), overtaken);
        assert_eq!(odd(&format!("{base}m: {{a: 3, <<: [{{d: 1}}, *b], c: 4}}\n")), overtaken);
        assert_eq!(odd(&format!("{base}n: &n {{<<: *b}}\nm: {{a: 3, <<: *n}}\n")), overtaken);
        for fine in ["{<<: *b, a: 3}", "{a: 1, <<: *b}", "{d: 3, <<: *b}"] {
            assert_eq!(odd(&format!("{base}m: {fine}\n")), [], "{fine}");
        }
    }

    #[test]
    fn a_chain_that_doubles_with_each_link_ends() {
        let mut text = "y0: &y0 {a: 1}\n".to_owned();
        for level in 1..100 {
            let before = level - 1;
            text += &format!("y{level}: &y{level} {{<<: [*y{before}, *y{before}], k{level}: v}}\n");
        }
        let tree = read(&text);
        let last = tree.roots().next().unwrap().get("y99").unwrap();
        assert!(last.merged_entries().len() <= super::MAX_MAPPINGS);
        assert!(last.get("a").is_none());
        assert_eq!(last.get("k98").unwrap().as_str(), Some("v"));
    }
}
