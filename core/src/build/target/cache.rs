//! Targets that were built before: built again is only what an edit touches.

use super::Request;
use crate::build::helm::KnownTemplates;
use crate::build::kustomize::SourceFile;
use crate::report::TargetKind;
use crate::text::FileId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Built targets, by what they were built from. `T` is what the caller makes of a target.
#[derive(Debug)]
pub struct Cache<T> {
    entries: FxHashMap<Key, Entry<T>>,
    /// The keys that were asked for since [`Cache::start`].
    used: FxHashSet<Key>,
    /// The parsed templates of charts, by their folders.
    templates: FxHashMap<String, KnownTemplates>,
    /// The files of the project at the last start.
    paths: Vec<(FileId, String)>,
}

/// Which target of a folder: the values file of a chart, or the number of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub kind: TargetKind,
    pub folder: String,
    pub variant: Variant,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Variant {
    Found,
    WithValues(String),
    Requested(usize),
}

/// What a target was built from. Texts are the same if they are one allocation.
#[derive(Debug, Clone)]
pub(super) struct Inputs {
    pub request: Option<Request>,
    /// The release of Kubernetes that a chart is rendered for.
    pub kubernetes: Option<String>,
    pub files: Vec<(FileId, Arc<str>)>,
}

#[derive(Debug)]
struct Entry<T> {
    inputs: Inputs,
    /// `None` for a library chart.
    built: Option<Arc<T>>,
}

impl<T> Default for Cache<T> {
    fn default() -> Cache<T> {
        Cache {
            entries: FxHashMap::default(),
            used: FxHashSet::default(),
            templates: FxHashMap::default(),
            paths: Vec::new(),
        }
    }
}

impl Inputs {
    pub(super) fn new<'f, 's: 'f>(
        request: Option<&Request>,
        kubernetes: Option<&str>,
        files: impl IntoIterator<Item = &'f SourceFile<'s>>,
    ) -> Inputs {
        let files = files.into_iter().map(|file| (file.id, Arc::clone(file.text))).collect();
        Inputs { request: request.cloned(), kubernetes: kubernetes.map(str::to_owned), files }
    }

    fn is_same(&self, other: &Inputs) -> bool {
        let mut pairs = self.files.iter().zip(&other.files);
        self.request == other.request
            && self.kubernetes == other.kubernetes
            && self.files.len() == other.files.len()
            && pairs.all(|((one, a), (two, b))| one == two && Arc::ptr_eq(a, b))
    }
}

impl<T> Cache<T> {
    /// Begins to build the targets of a project in its present state.
    pub fn start(&mut self, files: &[SourceFile<'_>]) {
        self.used.clear();
        let is_same = self.paths.len() == files.len()
            && self
                .paths
                .iter()
                .zip(files)
                .all(|((id, path), file)| *id == file.id && path == file.path);
        if !is_same {
            // A file that came or went can change what any kustomization finds.
            self.entries.retain(|key, _| key.kind != TargetKind::Kustomization);
            self.paths = files.iter().map(|file| (file.id, file.path.to_owned())).collect();
        }
    }

    /// Forgets the targets that were not asked for since the start.
    pub fn finish(&mut self) {
        let Cache { entries, used, templates, .. } = self;
        entries.retain(|key, _| used.contains(key));
        let folders: FxHashSet<&str> = used.iter().map(|key| key.folder.as_str()).collect();
        templates.retain(|folder, _| folders.contains(folder.as_str()));
    }

    /// Takes the parsed templates of a chart out of the cache.
    pub(super) fn take_templates(&mut self, folder: &str) -> KnownTemplates {
        self.templates.remove(folder).unwrap_or_default()
    }

    pub(super) fn put_templates(&mut self, folder: &str, templates: KnownTemplates) {
        self.templates.insert(folder.to_owned(), templates);
    }

    /// Returns a target that was built from these inputs, or builds the target.
    pub(super) fn get(
        &mut self,
        key: Key,
        inputs: Inputs,
        build: impl FnOnce() -> Option<T>,
    ) -> Option<Arc<T>> {
        self.used.insert(key.clone());
        if let Some(entry) = self.entries.get(&key).filter(|entry| entry.inputs.is_same(&inputs)) {
            return entry.built.clone();
        }
        let built = build().map(Arc::new);
        self.entries.insert(key, Entry { inputs, built: built.clone() });
        built
    }

    /// Returns a target whose inputs show only while it is built, if none of them has changed.
    pub(super) fn unchanged(
        &mut self,
        key: &Key,
        request: Option<&Request>,
        text_of: impl Fn(FileId) -> Option<Arc<str>>,
    ) -> Option<Arc<T>> {
        self.used.insert(key.clone());
        let entry = self.entries.get(key)?;
        let is_same = |(id, text): &(FileId, Arc<str>)| {
            text_of(*id).is_some_and(|now| Arc::ptr_eq(&now, text))
        };
        let inputs = &entry.inputs;
        let is_same = inputs.request.as_ref() == request && inputs.files.iter().all(is_same);
        entry.built.clone().filter(|_| is_same)
    }

    pub(super) fn put(&mut self, key: Key, inputs: Inputs, built: T) -> Arc<T> {
        let built = Arc::new(built);
        self.entries.insert(key, Entry { inputs, built: Some(Arc::clone(&built)) });
        built
    }
}
