//! What the project defines anywhere: in manifests that are part of no build, and in every target.

use super::Facts;
use crate::model::kubernetes::{Object, Selector};
use crate::text::FileId;

impl<'a> Facts<'a> {
    /// Whether a Service of the application that a file belongs to is not in every build: one of a component, which
    /// somebody may add, or of a manifest that no build takes.
    pub fn is_optional_service(&self, file: FileId, name: &str) -> bool {
        self.whole.is_optional_service(file, name)
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
