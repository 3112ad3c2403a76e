//! Which files are applied together.
//!
//! A repository often holds several sets of manifests: one app beside another, a tutorial in two
//! forms, an overlay for each environment. Two files that define the same object cannot belong to
//! one set, and neither can their folders. What lies in different sets says nothing about each other.

use crate::index::Index;
use crate::model::FileModel;
use crate::text::{FileId, folder_of};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Pairs of files, and of folders, that define the same object.
#[derive(Debug, Default)]
pub(super) struct Sets {
    folders: Vec<u32>,
    files: FxHashSet<(u32, u32)>,
    apart: FxHashSet<(u32, u32)>,
}

/// An object that stands in more places than this parts no two of them: pairs would grow without bound.
const MAX_PLACES: usize = 64;

impl Sets {
    pub(super) fn new(files: &[Arc<FileModel>]) -> Sets {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let mut sets = Sets::default();
        // Nothing parts a file from itself.
        if files.len() < 2 {
            return sets;
        }
        let mut folders = Index::default();
        for (at, file) in files.iter().enumerate() {
            // A folder goes by the number of its first file, and mostly by that of the file before.
            let folder = folder_of(&file.file.path);
            let same = at > 0 && folder_of(&files[at - 1].file.path) == folder;
            let first =
                if same { sets.folders[at - 1] } else { number(folders.add(&[folder], at)[0]) };
            sets.folders.push(first);
        }
        let mut places = Index::default();
        for file in files {
            for object in &file.objects {
                let Some(name) = object.name() else { continue };
                let key = [object.kind.as_str(), object.namespace(), name];
                let again = || places.get(&key).last() == Some(&file.id.index());
                if file.objects.len() == 1 || !again() {
                    places.add(&key, file.id.index());
                }
            }
        }
        for list in places.lists().iter().filter(|it| (2..=MAX_PLACES).contains(&it.len())) {
            for (at, a) in list.iter().enumerate() {
                for b in &list[at + 1..] {
                    sets.files.insert(ordered(number(*a), number(*b)));
                    let (x, y) = (sets.folders[*a], sets.folders[*b]);
                    if x != y {
                        sets.apart.insert(ordered(x, y));
                    }
                }
            }
        }
        sets
    }

    /// Whether two files may be applied together.
    pub(super) fn together(&self, a: FileId, b: FileId) -> bool {
        if a == b {
            return true;
        }
        let (x, y) = (self.folders[a.index()], self.folders[b.index()]);
        if x == y {
            !self.files.contains(&ordered(a.0, b.0))
        } else {
            !self.apart.contains(&ordered(x, y))
        }
    }
}

fn ordered(a: u32, b: u32) -> (u32, u32) {
    if a < b { (a, b) } else { (b, a) }
}

/// Whether two objects may meet in one namespace. `default` stands for an object that names none: it
/// lands wherever it is applied.
pub(super) fn may_share_namespace(a: &str, b: &str) -> bool {
    a == b || a == "default" || b == "default"
}
