//! The words that the objects of a project contain: an object whose name is not among them is used by
//! none of the others.

use super::{Facts, Outside};
use crate::syntax::{Node, Tree};
use rustc_hash::FxHashSet;

/// The words in the values of all objects and of the other YAML files, without names and labels.
#[derive(Debug)]
pub struct Usage<'a> {
    words: FxHashSet<&'a str>,
    outside: &'a Outside,
}

impl Usage<'_> {
    /// Whether any value contains this name as a whole word.
    pub fn names(&self, name: &str) -> bool {
        self.words.contains(name) || self.outside.uses(name)
    }
}

impl<'a> Facts<'a> {
    /// Returns the words that the project contains: references, but also arguments, scripts, annotations
    /// and the fields of custom resources.
    pub fn usage(&self) -> Usage<'a> {
        let mut words = FxHashSet::default();
        for file in self.files().iter().filter(|it| !self.is_built(it.id)) {
            note_words(&mut words, &file.tree);
        }
        for target in self.targets() {
            for tree in &target.target.trees {
                note_words(&mut words, tree);
            }
        }
        Usage { words, outside: self.outside }
    }
}

/// Returns the words in all scalars of a tree.
pub(super) fn words_of(tree: &Tree) -> FxHashSet<&str> {
    let mut words = FxHashSet::default();
    note_words(&mut words, tree);
    words
}

/// Notes the words in all scalars of a tree.
pub(super) fn note_words<'a>(noted: &mut FxHashSet<&'a str>, tree: &'a Tree) {
    let mut open: Vec<Node<'a>> = tree.roots().collect();
    // Aliases can lead to one node many times.
    let mut seen = FxHashSet::default();
    while let Some(node) = open.pop() {
        let node = node.resolve();
        if !seen.insert(node.id()) {
            continue;
        }
        if let Some(text) = node.as_str() {
            let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.')));
            noted.extend(words.map(|it| it.trim_matches('.')));
        }
        for entry in node.entries() {
            // The name of an object is not a use of it, and neither are its labels.
            if entry.key.as_str() == Some("metadata") {
                open.extend(entry.value.get("annotations"));
            } else {
                open.push(entry.value);
            }
        }
        open.extend(node.items());
    }
}
