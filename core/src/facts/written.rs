//! What the project defines anywhere: in manifests that are part of no build, and in every target.

use super::Facts;
use super::kustomizations::component_folders;
use crate::model::FileModel;
use crate::model::kubernetes::{Object, Selector};
use crate::text::folder_of;
use rustc_hash::FxHashSet;

impl<'a> Facts<'a> {
    /// Returns the Services that not every build has, by part and name: those of components, which somebody may add,
    /// and of manifests that no build takes.
    pub fn optional_services(&self) -> FxHashSet<(usize, &str)> {
        let components = component_folders(self.files.iter().map(|it| &**it));
        let is_optional = |file: &&FileModel| {
            !self.is_built(file.id) || components.contains(folder_of(file.path()))
        };
        let files = self.files.iter().map(|it| &**it).filter(is_optional);
        let objects =
            files.flat_map(|file| file.objects.iter().map(|it| (self.part_of(file.id), it)));
        let services = objects.filter(|(_, it)| it.kind.as_str() == "Service");
        services.filter_map(|(part, it)| Some((part, it.name()?.as_str()))).collect()
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
