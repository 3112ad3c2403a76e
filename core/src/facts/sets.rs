//! Which files are applied together, and which of several alternatives is meant.
//!
//! A repository often holds several sets of manifests: one app beside another, a tutorial in two
//! forms, an overlay for each environment. Two files that define the same object cannot belong to
//! one set, and neither can their folders. Objects in different sets say nothing about each other, and
//! nor do those of different targets or of different parts of the project.

use super::parts::Parts;
use crate::model::FileModel;
use crate::model::kubernetes::Object;
use crate::text::{FileId, folder_of};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::Arc;

/// The identity of an object within one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ObjectKey<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl<'a> ObjectKey<'a> {
    /// Returns the key of an object, if it has a name.
    pub(super) fn of(object: &'a Object) -> Option<ObjectKey<'a>> {
        let name = object.name()?;
        Some(ObjectKey { kind: &object.kind, namespace: object.namespace(), name })
    }
}

/// What a file is applied with at most: the target that it was built into, else the part of the project
/// that it lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum World {
    Part(usize),
    Target(usize),
    /// Everything, as within the facts over one target.
    All,
}

/// Maximum number of alternatives of one object that are looked at. A repository may hold the same
/// Deployment in thousands of folders, of which a Service means one.
pub(super) const MAX_ALTERNATIVES: usize = 64;

/// Index of an object key among those that several files define.
type SharedKey = u32;

/// The objects that more than one file defines, by file and by folder. By default there are none, as
/// within one target: everything is applied together.
#[derive(Debug, Default)]
pub(super) struct Sets {
    /// The folder of each file, by its index in `by_folder`.
    folders: Vec<usize>,
    /// The shared keys of each file, sorted.
    by_file: Vec<Vec<SharedKey>>,
    /// The shared keys of all files of each folder, sorted.
    by_folder: Vec<Vec<SharedKey>>,
    /// The target of each file that was built into one.
    homes: FxHashMap<FileId, usize>,
    parts: Parts,
}

impl Sets {
    pub(super) fn new(files: &[Arc<FileModel>], objects: &[&Object], parts: Parts) -> Sets {
        let mut sets = Sets { by_file: vec![Vec::new(); files.len()], parts, ..Sets::default() };
        let mut folders: FxHashMap<&str, usize> = FxHashMap::default();
        for file in files {
            let next = folders.len();
            sets.folders.push(*folders.entry(folder_of(&file.file.path)).or_insert(next));
        }
        sets.by_folder = vec![Vec::new(); folders.len()];
        let shared = shared_keys(objects);
        for object in objects {
            let key = ObjectKey::of(object).and_then(|key| shared.get(&key));
            sets.by_file[object.file.index()].extend(key);
        }
        for (keys, folder) in sets.by_file.iter_mut().zip(&sets.folders) {
            keys.sort_unstable();
            keys.dedup();
            sets.by_folder[*folder].extend(keys.iter());
        }
        for keys in &mut sets.by_folder {
            keys.sort_unstable();
            keys.dedup();
        }
        sets
    }

    /// Tells the sets which files were built into which target.
    pub(super) fn with_homes(mut self, homes: FxHashMap<FileId, usize>) -> Sets {
        self.homes = homes;
        self
    }

    /// Returns what a file is applied with at most.
    pub(super) fn world(&self, file: FileId) -> World {
        if self.folders.is_empty() {
            return World::All;
        }
        match self.homes.get(&file) {
            Some(target) => World::Target(*target),
            None => World::Part(self.parts.of(file)),
        }
    }

    /// Returns the index of the target that a file was built into.
    pub(super) fn target(&self, file: FileId) -> Option<usize> {
        self.homes.get(&file).copied()
    }

    /// Returns the part of the project that a file lies in.
    pub(super) fn part(&self, file: FileId) -> usize {
        self.parts.of(file)
    }

    /// Whether two files may be applied together. What is built into a target is applied with the rest
    /// of that target, and with nothing else.
    pub(super) fn together(&self, a: FileId, b: FileId) -> bool {
        if a == b || self.folders.is_empty() {
            return true;
        }
        match (self.world(a), self.world(b)) {
            (home, other) if home != other => return false,
            (World::Target(_) | World::All, _) => return true,
            (World::Part(_), _) => {}
        }
        let (x, y) = (self.folders[a.index()], self.folders[b.index()]);
        if x == y {
            are_disjoint(&self.by_file[a.index()], &self.by_file[b.index()])
        } else {
            are_disjoint(&self.by_folder[x], &self.by_folder[y])
        }
    }
}

/// Numbers the keys of the objects that more than one file defines.
fn shared_keys<'o>(objects: &[&'o Object]) -> FxHashMap<ObjectKey<'o>, SharedKey> {
    let mut first_file: FxHashMap<ObjectKey<'_>, FileId> = FxHashMap::default();
    let mut shared = FxHashMap::default();
    for object in objects {
        let Some(key) = ObjectKey::of(object) else { continue };
        if *first_file.entry(key).or_insert(object.file) != object.file {
            let next = SharedKey::try_from(shared.len()).unwrap_or(SharedKey::MAX);
            shared.entry(key).or_insert(next);
        }
    }
    shared
}

/// Whether two sorted lists have no element in common.
fn are_disjoint(a: &[SharedKey], b: &[SharedKey]) -> bool {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => a.next(),
            std::cmp::Ordering::Greater => b.next(),
            std::cmp::Ordering::Equal => return false,
        };
    }
    true
}

/// Whether two objects may meet in one namespace. `default` stands for an object that names no
/// namespace: it lands wherever it is applied.
pub(super) fn may_share_namespace(a: &str, b: &str) -> bool {
    a == b || a == "default" || b == "default"
}

/// Rings of candidates around a file: those in its own folder, then those elsewhere below the parent
/// folder, and so on up to the root. `path_of` gives the path of a candidate; the candidates must be
/// sorted by it.
///
/// All paths below one folder share a prefix, so that each ring is at most two ranges of the list and
/// found by binary search.
pub(super) fn rings<'c, T>(
    candidates: &'c [T],
    home: &'c str,
    path_of: impl Fn(&T) -> &'c str,
) -> impl Iterator<Item = [&'c [T]; 2]> {
    let mut inner: Option<Range<usize>> = None;
    ancestors(home).filter_map(move |folder| {
        let outer = range_below(candidates, folder, &path_of);
        let inner = inner.replace(outer.clone()).unwrap_or(outer.start..outer.start);
        let ring = [&candidates[outer.start..inner.start], &candidates[inner.end..outer.end]];
        ring.iter().any(|part| !part.is_empty()).then_some(ring)
    })
}

/// The folders that a file lies in, from its own to the root, which is the empty string.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder_of(path)), |folder| {
        (!folder.is_empty()).then(|| folder_of(folder))
    })
}

/// The range of the candidates that lie below a folder.
fn range_below<'c, T>(
    candidates: &'c [T],
    folder: &str,
    path_of: impl Fn(&T) -> &'c str,
) -> Range<usize> {
    if folder.is_empty() {
        return 0..candidates.len();
    }
    // What follows the folder's name in the path of something below it.
    let rest = |it: &T| path_of(it).strip_prefix(folder).map(|rest| rest.starts_with('/'));
    let order = |it: &T| match rest(it) {
        Some(true) => std::cmp::Ordering::Equal,
        // `a-b/c.yaml` begins with `a` too, and is sorted before `a/c.yaml`.
        Some(false) => path_of(it)[folder.len()..].cmp("/"),
        None => path_of(it).cmp(folder),
    };
    let start = candidates.partition_point(|it| order(it).is_lt());
    let end = candidates.partition_point(|it| order(it).is_le());
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::File;

    fn sets(files: &[(&str, &str)]) -> Sets {
        let models: Vec<Arc<FileModel>> = files
            .iter()
            .zip(0..)
            .map(|(&(path, text), id)| {
                Arc::new(FileModel::read(FileId(id), File::new(path, text), None))
            })
            .collect();
        let objects: Vec<&Object> = models.iter().flat_map(|file| &file.objects).collect();
        Sets::new(&models, &objects, Parts::new(&models, std::iter::empty()))
    }

    #[test]
    fn files_and_folders_that_define_one_object_are_apart() {
        let web = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
        let db = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\n";
        let sets = sets(&[
            ("dev/web.yaml", web),
            ("prod/web.yaml", web),
            ("prod/db.yaml", db),
            ("prod/old.yaml", web),
            ("common/db.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n"),
        ]);
        let together = |a, b| sets.together(FileId(a), FileId(b));
        assert!(!together(0, 1), "both define the Service");
        assert!(!together(0, 2), "their folders are alternatives");
        assert!(together(1, 2) && !together(1, 3), "in one folder, files count");
        assert!(together(0, 4) && together(2, 4));
    }

    #[test]
    fn rings_go_from_the_own_folder_to_the_root() {
        let paths = ["a-b/x", "a.c", "a/b/x", "a/b/y", "a/c", "a/d/e/f", "b", "z/a/b/x"];
        let rings_of = |home: &'static str| -> Vec<Vec<&str>> {
            rings(&paths, home, |it| it).map(|it| it.concat()).collect()
        };
        let around = rings_of("a/b/compose.yaml");
        assert_eq!(around[0], ["a/b/x", "a/b/y"]);
        assert_eq!(around[1], ["a/c", "a/d/e/f"]);
        assert_eq!(around[2], ["a-b/x", "a.c", "b", "z/a/b/x"]);
        assert_eq!(rings_of("compose.yaml").len(), 1);
        assert_eq!(rings_of("q/r/compose.yaml").len(), 1, "an empty ring is left out");
    }
}
