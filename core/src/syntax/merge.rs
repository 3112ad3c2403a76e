//! Merge keys: `<<` adds the entries of other mappings to a mapping.
//!
//! Merge keys are followed on demand and entries are never copied, so that a chain of merges costs no
//! more than the look-ups through it.

use super::limits::MAX_MAPPINGS;
use super::tree::{Entry, Node};
use rustc_hash::FxHashMap;

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
    use crate::syntax::{Tree, parse};
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
