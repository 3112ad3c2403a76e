//! What the project defines anywhere: in manifests that are part of no build, and in every target.

use super::Facts;
use super::kustomizations::component_folders;
use crate::model::kubernetes::{Object, Selector};
use crate::text::{FileId, folder_of};

impl<'a> Facts<'a> {
    /// Whether a manifest of the same application defines a Service that not every build has: it is part of a
    /// component, which somebody may add, or of no build at all.
    pub fn is_optional_service(&self, home: FileId, name: &str) -> bool {
        let part = self.part_of(home);
        let is_meant = |it: &Object| {
            it.kind.as_str() == "Service" && it.name().is_some_and(|it| it.as_str() == name)
        };
        let components = component_folders(self.files.iter().map(|it| &**it));
        self.files.iter().any(|file| {
            let is_optional =
                !self.is_built(file.id) || components.contains(folder_of(file.path()));
            is_optional && self.part_of(file.id) == part && file.objects.iter().any(is_meant)
        })
    }

    /// Whether the Pods of any workload of the same application have the labels of a selector, as written or
    /// in any build. An overlay may leave out what the others have.
    pub fn is_selected_anywhere(&self, object: &Object, selector: &Selector) -> bool {
        let part = self.part_of(object.file);
        let has = |it: &Object| {
            it.workload().is_some_and(|it| selector.matches(&it.template.meta.labels))
                && self.may_share_namespace(object.namespace(), it.namespace())
        };
        let written = self.files.iter().filter(|it| self.part_of(it.id) == part);
        written.flat_map(|it| &it.objects).any(has)
            || self
                .all_targets()
                .iter()
                .flat_map(|it| &it.objects)
                .any(|it| self.part_of(it.file) == part && has(it))
    }
}
