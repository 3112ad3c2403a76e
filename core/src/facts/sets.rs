//! Which files are applied together.
//!
//! A repository often holds several sets of manifests: one app beside another, a tutorial in two
//! forms, an overlay for each environment. Two files that define the same object cannot belong to
//! one set, and neither can their folders. What lies in different sets says nothing about each other.

use crate::model::FileModel;
use crate::text::{FileId, folder_of};
use rustc_hash::{FxHashMap, FxHashSet};
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
        let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
        let mut folders = Vec::with_capacity(files.len());
        for file in files {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            folders.push(*numbers.entry(folder_of(&file.file.path)).or_insert(next));
        }
        let mut places: FxHashMap<(&str, &str, &str), Vec<u32>> = FxHashMap::default();
        for file in files.iter().filter(|_| files.len() > 1) {
            for object in &file.objects {
                let Some(name) = object.name() else { continue };
                let list = places
                    .entry((object.kind.as_str(), object.namespace(), name.as_str()))
                    .or_default();
                if list.last() != Some(&file.id.0) {
                    list.push(file.id.0);
                }
            }
        }
        let mut sets = Sets { folders, ..Sets::default() };
        for list in places.values().filter(|it| (2..=MAX_PLACES).contains(&it.len())) {
            for (at, a) in list.iter().enumerate() {
                for b in &list[at + 1..] {
                    sets.files.insert(ordered(*a, *b));
                    let (x, y) = (sets.folders[*a as usize], sets.folders[*b as usize]);
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
