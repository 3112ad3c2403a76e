//! Names that the other applications of a project define and use, for facts about one application.

use super::usage::{note_words, words_of};
use super::{Facts, Named};
use crate::text::FileId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the other applications may know of one: the names of its objects, and the words that it contains.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names {
    /// Kind and namespace of each object that others refer to by name, by that name.
    objects: FxHashMap<Box<str>, BTreeSet<(Named, Box<str>)>>,
    words: FxHashSet<Box<str>>,
    /// Whether an object says in so many words that it belongs to the namespace `default`.
    pub says_default_namespace: bool,
}

/// What differs between the names of an application before and after an edit.
#[derive(Debug)]
pub struct Changes<'n> {
    /// The names of objects that came, went, or mean something else.
    objects: Vec<&'n str>,
    words: FxHashSet<&'n str>,
}

impl Names {
    /// Returns what differs from older names.
    pub fn changes<'n>(&'n self, old: &'n Names) -> Changes<'n> {
        let names = self.objects.keys().chain(old.objects.keys());
        let objects = names.filter(|name| self.objects.get(*name) != old.objects.get(*name));
        let words = self.words.symmetric_difference(&old.words);
        Changes {
            objects: objects.map(|it| &**it).collect(),
            words: words.map(|it| &**it).collect(),
        }
    }
}

impl Changes<'_> {
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.words.is_empty()
    }

    /// Whether an application with these names may read differently now: it mentions an object that changed, or
    /// defines one that is mentioned for the first time or no longer.
    pub fn concern(&self, other: &Names) -> bool {
        self.objects.iter().any(|name| other.words.contains(*name))
            || other.objects.keys().any(|name| self.words.contains(&**name))
    }
}

/// The names of all other applications. There are none where the facts are about the whole project.
#[derive(Debug, Clone, Default)]
pub struct Outside(pub Vec<Arc<Names>>);

/// The empty set of other applications, for facts about the whole project.
pub static NOTHING: Outside = Outside(Vec::new());

impl Outside {
    /// Whether any application defines an object of this kind and name whose namespace meets a condition.
    pub(super) fn defines(&self, kind: Named, name: &str, is_meant: impl Fn(&str) -> bool) -> bool {
        let named = self.0.iter().filter_map(|names| names.objects.get(name)).flatten();
        named.into_iter().any(|(of, namespace)| *of == kind && is_meant(namespace))
    }

    /// Whether any application contains a word.
    pub(super) fn uses(&self, word: &str) -> bool {
        self.0.iter().any(|names| names.words.contains(word))
    }

    pub(super) fn says_default_namespace(&self) -> bool {
        self.0.iter().any(|names| names.says_default_namespace)
    }
}

impl Facts<'_> {
    /// Returns the names of each application. `application` gives the index of the one that a file belongs
    /// to, below `count`.
    pub fn names_by(&self, count: usize, application: &dyn Fn(FileId) -> usize) -> Vec<Names> {
        let mut all = vec![Names::default(); count];
        for (kind, object, name) in self.named.all() {
            let named = all[application(object.file)].objects.entry(name.into()).or_default();
            named.insert((kind, object.namespace().into()));
        }
        for object in self.objects.iter().filter(|object| self.is_said_to_be_in_default(object)) {
            all[application(object.file)].says_default_namespace = true;
        }
        let mut note = |words: FxHashSet<&str>, file: FileId| {
            all[application(file)].words.extend(words.into_iter().map(Box::from));
        };
        for file in self.files().iter().filter(|it| !self.is_built(it.id)) {
            note(words_of(&file.tree), file.id);
        }
        for target in self.targets() {
            let Some(first) = target.target.sources.first() else { continue };
            let mut words = FxHashSet::default();
            target.target.trees.iter().for_each(|tree| note_words(&mut words, tree));
            note(words, *first);
        }
        all
    }
}
