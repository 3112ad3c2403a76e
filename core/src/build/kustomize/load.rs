//! Objects out of files: documents, and the items of lists.

use super::Builder;
use super::accumulated::Accumulated;
use super::object::Object;
use super::sources::SourceFile;
use super::value::Value;
use crate::text::{FileId, Span};

impl<'s> Builder<'_, 's> {
    /// Loads the objects of a resource file. `at` is the entry that names the file.
    pub(super) fn load_objects(
        &mut self,
        file: &SourceFile<'s>,
        at: Span,
        all: &mut Accumulated,
    ) -> Vec<Object> {
        all.read.push(file.id);
        let (documents, whole) = self.sources.documents(file, &mut self.budget);
        if !whole {
            self.unreadable(at, file.path, all);
        }
        let mut objects = Vec::new();
        for document in documents {
            add_objects(document, file.id, &mut objects, all);
        }
        all.has_blank_file |= objects.is_empty();
        objects
    }
}

/// Adds a document, or the items of one that is a list.
pub(super) fn add_objects(
    document: Value,
    file: FileId,
    objects: &mut Vec<Object>,
    all: &mut Accumulated,
) {
    if document.as_map().is_some_and(super::value::Map::is_empty) {
        return;
    }
    let kind = document.str_at(&["kind"]).unwrap_or_default();
    if kind.is_empty() {
        all.refuse(document.span, "this document has no `kind`");
        return;
    }
    if let (true, Some(items)) = (kind.ends_with("List"), document.get("items")) {
        for item in items.items().to_vec() {
            add_objects(item, file, objects, all);
        }
        return;
    }
    let object = Object::new(document, file);
    if object.name().is_empty() {
        all.refuse(object.value.span, format!("this {} has no name", object.kind()));
        return;
    }
    objects.push(object);
}
