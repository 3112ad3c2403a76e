//! Kustomizations as their authors wrote them, and their entries that match nothing.

use super::parts::Parts;
use super::sets::Sets;
use super::{Facts, nearest};
use crate::model::kubernetes::Object;
use crate::model::kustomization::Kustomization;
use crate::model::{BuiltTarget, FileModel, Unmatched, UnmatchedKind};
use crate::report::Kind;
use crate::text::{FileId, folder_of, join_path, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

/// Returns the folders of components, which overlays may add.
pub(super) fn component_folders<'a>(
    files: impl Iterator<Item = &'a FileModel>,
) -> FxHashSet<&'a str> {
    let is_component = |file: &&FileModel| {
        let root = file.tree.roots().next().filter(|_| file.kind == Kind::Kustomization);
        root.and_then(|root| root.at(&["kind"])?.as_str()) == Some("Component")
    };
    files.filter(is_component).map(|file| folder_of(file.path())).collect()
}

/// Returns the files of components that no target uses. A component cannot be applied by itself, so that its
/// objects are in no cluster.
pub(super) fn unused_components(files: &[&FileModel], sets: &Sets) -> FxHashSet<FileId> {
    let folders = component_folders(files.iter().copied());
    let is_unused = |file: &&&FileModel| {
        folders.contains(folder_of(file.path())) && sets.target(file.id).is_none()
    };
    files.iter().filter(is_unused).map(|file| file.id).collect()
}

impl<'a> Facts<'a> {
    /// Returns the kustomization files, sorted by path.
    pub fn kustomizations(&self) -> Vec<Kustomization> {
        self.files().iter().filter_map(|file| Kustomization::read(file)).collect()
    }

    /// Returns the entries of kustomizations that match nothing in any target that they are built into,
    /// each with what was probably meant.
    pub fn unmatched_entries(&self) -> Vec<(&'a Unmatched, Option<String>)> {
        if !self.is_main {
            return Vec::new();
        }
        let mut places: IndexMap<_, (&Unmatched, usize), FxBuildHasher> = IndexMap::default();
        for built in self.all_targets {
            let mut seen = FxHashSet::default();
            for unmatched in &built.target.unmatched {
                let key = (unmatched.span, unmatched.what);
                if seen.insert(key) {
                    places.entry(key).or_insert((unmatched, 0)).1 += 1;
                }
            }
        }
        let mut readers: FxHashMap<FileId, usize> = FxHashMap::default();
        for file in self.all_targets.iter().flat_map(|built| &built.target.sources) {
            *readers.entry(*file).or_default() += 1;
        }
        let everywhere = places.into_values().filter(|(unmatched, count)| {
            let readers = readers.get(&unmatched.span.file).copied().unwrap_or_default();
            unmatched.what.is_refused() || *count >= readers
        });
        everywhere.map(|(unmatched, _)| (unmatched, self.near_entry(unmatched))).collect()
    }

    /// Returns what an entry that matches nothing probably means.
    fn near_entry(&self, unmatched: &Unmatched) -> Option<String> {
        let name = unmatched.name.as_str();
        match unmatched.what {
            UnmatchedKind::Resource | UnmatchedKind::File => {
                self.near_path(folder_of(self.file(unmatched.span.file).path()), name)
            }
            UnmatchedKind::Patch => {
                let (kind, name) = name.split_once(' ')?;
                let name = name.trim_matches('`');
                let objects = self.objects_beside(unmatched).filter(|it| it.0 == kind);
                nearest(name, objects.map(|it| it.1)).map(str::to_owned)
            }
            UnmatchedKind::Replicas => {
                nearest(name, self.objects_beside(unmatched).map(|it| it.1)).map(str::to_owned)
            }
            UnmatchedKind::Image => {
                let targets = self.targets_of(unmatched);
                let objects = targets.flat_map(|built| &built.objects);
                let templates = objects.filter_map(|object| Some(&object.workload()?.template));
                let containers = templates.flat_map(|it| it.spec.containers.iter());
                let images: Vec<&str> = containers
                    .filter_map(|container| container.image.as_ref())
                    .map(|image| repository(image.as_str()))
                    .collect();
                let same_name = |image: &&str| name_of(image) == name_of(name);
                let near = nearest(name, images.iter().copied());
                near.or_else(|| images.iter().copied().find(same_name)).map(str::to_owned)
            }
            UnmatchedKind::PatchTarget
            | UnmatchedKind::ReplacementSource
            | UnmatchedKind::ReplacementTarget => None,
        }
    }

    fn targets_of(&self, unmatched: &Unmatched) -> impl Iterator<Item = &'a BuiltTarget> {
        let file = unmatched.span.file;
        self.all_targets.iter().map(|built| &**built).filter(move |built| built.has_source(file))
    }

    /// The kinds and names of the objects of the targets that an entry is built into.
    fn objects_beside(&self, unmatched: &Unmatched) -> impl Iterator<Item = (&'a str, &'a str)> {
        let objects = self.targets_of(unmatched).flat_map(|built| &built.objects);
        objects.filter_map(|it| Some((it.kind.as_str(), it.name()?.as_str())))
    }

    /// Returns the path, as seen from a folder, that is nearest to one that leads to nothing: another name
    /// in the same folder.
    fn near_path(&self, folder: &str, path: &str) -> Option<String> {
        let full = join_path(folder, path);
        let (place, name) = (folder_of(&full), name_of(&full));
        let inside = self.files().iter().filter_map(|file| {
            let rest = match place {
                "" => file.path(),
                place => file.path().strip_prefix(place)?.strip_prefix('/')?,
            };
            rest.split('/').next()
        });
        // The ending alone may be wrong: `.yml` for `.yaml`.
        let near = nearest(name, inside)?;
        let written = path.trim_end_matches('/').strip_suffix(name)?;
        Some(format!("{written}{near}"))
    }
}

/// Returns an image without its tag and digest.
fn repository(image: &str) -> &str {
    let named = image.split('@').next().unwrap_or(image);
    let path = named.rfind('/').unwrap_or(0);
    named[path..].find(':').map_or(named, |colon| &named[..path + colon])
}
/// Returns the files with patches that lie beside a kustomization which does not list them: workloads without an image,
/// which a cluster would refuse, called like others of the same part of the project that have one.
pub(super) fn stray_patches(files: &[&FileModel], parts: &Parts) -> FxHashSet<FileId> {
    let kustomizations = files.iter().filter(|file| file.kind == Kind::Kustomization);
    let folders: FxHashSet<&str> = kustomizations.map(|file| folder_of(file.path())).collect();
    if folders.is_empty() {
        return FxHashSet::default();
    }
    let identity = |object: &'_ Object| {
        let name = object.meta.name.as_ref()?.as_str().to_owned();
        Some((parts.of(object.file), object.kind.as_str().to_owned(), name))
    };
    let objects = files.iter().flat_map(|file| &file.objects);
    let complete: FxHashSet<_> = objects
        .filter(|object| object.workload().is_some() && !lacks_images(object))
        .filter_map(identity)
        .collect();
    let is_patch = |object: &Object| {
        lacks_images(object) && identity(object).is_some_and(|it| complete.contains(&it))
    };
    let is_stray = |file: &&&FileModel| {
        folders.contains(folder_of(file.path()))
            && !file.objects.is_empty()
            && file.objects.iter().all(is_patch)
    };
    files.iter().filter(is_stray).map(|file| file.id).collect()
}

/// Whether no container of a workload has an image.
fn lacks_images(object: &Object) -> bool {
    object.workload().is_some_and(|it| {
        let containers = &it.template.spec.containers;
        !containers.is_empty() && containers.iter().all(|it| it.image.is_none())
    })
}
