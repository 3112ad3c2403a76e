//! What holds for the whole project, whichever variant of a target the facts are about.

use super::kustomizations::component_folders;
use super::{Parts, purpose, roles};
use crate::model::FileModel;
use crate::text::{FileId, folder_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::{Arc, OnceLock};

/// What holds for the whole project. The facts over the variants of a target share it, since looking at all files for
/// each variant would cost the number of files times that of the variants.
#[derive(Debug)]
pub struct Whole<'a> {
    files: &'a [Arc<FileModel>],
    built_files: &'a FxHashSet<FileId>,
    parts: &'a Parts,
    /// The folder above the project, whose name says nothing about it; empty for paths that lead into it.
    pub(super) above: &'a str,
    /// Whether something can be deployed besides examples, tests and files for development.
    pub(super) has_more_than_examples: bool,
    /// The names of the Services that not every build has, by part; found when somebody asks for them.
    optional_services: OnceLock<FxHashMap<usize, FxHashSet<String>>>,
}

impl<'a> Whole<'a> {
    pub fn new(
        files: &'a [Arc<FileModel>],
        built_files: &'a FxHashSet<FileId>,
        parts: &'a Parts,
    ) -> Arc<Whole<'a>> {
        let above = roles::folder_above(files);
        Arc::new(Whole {
            files,
            built_files,
            parts,
            above,
            has_more_than_examples: purpose::has_more_than_examples(files, above),
            optional_services: OnceLock::new(),
        })
    }

    /// See [`Facts::is_optional_service`](super::Facts::is_optional_service).
    pub(super) fn is_optional_service(&self, file: FileId, name: &str) -> bool {
        let services = self.optional_services.get_or_init(|| self.find_optional_services());
        services.get(&self.parts.of(file)).is_some_and(|names| names.contains(name))
    }

    fn find_optional_services(&self) -> FxHashMap<usize, FxHashSet<String>> {
        let components = component_folders(self.files.iter().map(|it| &**it));
        let is_optional = |file: &&Arc<FileModel>| {
            !self.built_files.contains(&file.id) || components.contains(folder_of(file.path()))
        };
        let objects = self.files.iter().filter(is_optional).flat_map(|file| &file.objects);
        let mut services: FxHashMap<usize, FxHashSet<String>> = FxHashMap::default();
        for object in objects.filter(|it| it.kind.as_str() == "Service") {
            let names = services.entry(self.parts.of(object.file)).or_default();
            names.extend(object.name().map(|it| it.as_str().to_owned()));
        }
        services
    }
}
