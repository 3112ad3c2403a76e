//! Merge keys: `<<` brings the entries of other mappings into this one.
//!
//! They are followed when somebody asks, and never copied, so that a chain of merges costs what it
//! is asked for and no more.

use super::tree::{Entry, Node};
use rustc_hash::FxHashMap;

/// So many mappings are read for one question at most; a person writes chains of two or three.
const MAX_MAPPINGS: usize = 32;

impl<'t> Node<'t> {
    /// The entries with merge keys honoured: own ones first, then those that `<<` brings and that no
    /// earlier one overrides; where a key is written twice in one mapping, the last. At most 32
    /// mappings are read.
    pub fn merged_entries(self) -> Vec<Entry<'t>> {
        let own: Vec<Entry<'t>> = self.entries().collect();
        if !own.iter().any(|it| it.key.is_merge_key()) {
            return own;
        }
        let mut all: Vec<Entry<'t>> = Vec::new();
        let mut places: FxHashMap<&str, usize> = FxHashMap::default();
        for mapping in (Merge { open: vec![self], read: 0 }) {
            let earlier = all.len();
            for entry in mapping.entries().filter(|it| !it.key.is_merge_key()) {
                let place = entry.key.as_str().and_then(|key| match places.get(key) {
                    Some(place) => Some(*place),
                    None => {
                        places.insert(key, all.len());
                        None
                    }
                });
                match place {
                    None => all.push(entry),
                    Some(place) if place >= earlier => all[place] = entry,
                    Some(_) => {}
                }
            }
        }
        all
    }

    /// The entry with this key; the last wins where one is written twice, and own ones win over
    /// merged ones.
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
        (Merge { open: vec![self], read: 0 })
            .skip(1)
            .find_map(|it| it.entries().filter(|it| it.key.as_str() == Some(key)).last())
    }
}

/// A mapping, then those that it merges, the strongest first.
struct Merge<'t> {
    open: Vec<Node<'t>>,
    read: usize,
}

impl<'t> Iterator for Merge<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        let mapping = self.open.pop()?;
        self.read += 1;
        if self.read > MAX_MAPPINGS {
            return None;
        }
        let mut sources = Vec::new();
        for entry in mapping.entries().filter(|it| it.key.is_merge_key()) {
            let value = entry.value.resolve();
            if value.is_sequence() {
                sources.extend(value.items().take(MAX_MAPPINGS));
            } else {
                sources.push(value);
            }
        }
        self.open.extend(sources.into_iter().rev());
        Some(mapping)
    }
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
            // The two ways to ask agree.
            let key = entry.key.as_str().unwrap();
            assert_eq!(node.get(key).unwrap().id(), entry.value.id(), "{key}");
        }
        let say = |it: &str| it.to_owned();
        merged
            .iter()
            .map(|it| say(it.key.as_str().unwrap()) + "=" + it.value.as_str().unwrap())
            .collect()
    }

    #[test]
    fn own_entries_win_then_the_first_source_then_what_it_merges() {
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
    fn of_equal_keys_the_last_wins_wherever_they_stand() {
        assert_eq!(
            all("m: {a: 1, b: 2, a: 3}\nx: {<<: {k: 1, k: 2}, a: 1, a: 2}\n", "x"),
            ["a=2", "k=2"]
        );
        let tree = read("m: {a: 1, a: 3}\n");
        assert_eq!(tree.roots().next().unwrap().at(&["m", "a"]).unwrap().as_str(), Some("3"));
    }

    #[test]
    fn several_merge_keys_and_merges_of_nothing_are_taken() {
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
