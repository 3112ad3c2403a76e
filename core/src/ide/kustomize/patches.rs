//! The names in patches that are written within a kustomization, and in lists of operations wherever they are written.

use super::{Named, Overlay};
use crate::ide::names::{Collector, Name, Role};
use crate::model::FileModel;
use crate::syntax::{self, LiteralLines, Node, Style, Tree};
use crate::text::{Span, folder_of, join_path};
use std::ops::Range;
use std::sync::Arc;

/// The parts of a ConfigMap or a Secret that hold its keys.
pub(in crate::ide) const SECTIONS: [&str; 3] = ["data", "stringData", "binaryData"];

/// Where the text of a patch is written.
enum Places {
    /// In a literal block.
    Lines(LiteralLines),
    /// Word by word as it is read, in quotes or in a file of its own.
    Verbatim(Span),
}

impl Places {
    /// Finds the places of a patch within a kustomization, unless its text is written with escapes or folded lines.
    fn of(collector: &Collector<'_>, node: Node<'_>, text: &str) -> Option<Places> {
        let span = node.span();
        match node.style() {
            Style::Literal => {
                let lines = LiteralLines::new(span, text, collector.written(span));
                Some(Places::Lines(lines))
            }
            Style::SingleQuoted | Style::DoubleQuoted => {
                let inner = collector.without_quotes(span);
                (collector.written(inner) == text).then_some(Places::Verbatim(inner))
            }
            Style::Plain | Style::Folded | Style::Block | Style::Flow => None,
        }
    }

    /// Returns the place of a range of the text.
    fn span(&self, range: Range<usize>) -> Option<Span> {
        match self {
            Places::Lines(lines) => lines.span(range),
            Places::Verbatim(text) => Some(text.inner(range)),
        }
    }
}

impl Overlay<'_, '_> {
    /// Notes the names in the patches of a kustomization.
    pub(super) fn patches(&mut self, file: &FileModel, root: Node<'_>) {
        let list = |key: &str| root.get(key).into_iter().flat_map(Node::items);
        for entry in list("patches").chain(list("patchesJson6902")) {
            let target = entry.get("target").and_then(|target| self.target(target));
            if let Some(patch) = entry.get("patch") {
                self.inline_patch(patch.resolve(), target.as_ref());
            }
            if let Some(path) = entry.get("path").and_then(Node::as_str) {
                self.operations_in_file(&join_path(folder_of(file.path()), path), target.as_ref());
            }
        }
        // Quotes in an item of this list are left alone: it may as well be the name of a file.
        for patch in list("patchesStrategicMerge").map(Node::resolve) {
            if patch.style() == Style::Literal {
                self.inline_patch(patch, None);
            }
        }
    }

    /// Returns the object that the target of a patch means by its kind and its whole name.
    fn target(&self, target: Node<'_>) -> Option<Named> {
        let kind = target.get("kind")?.as_str()?;
        let name = target.get("name")?.as_str()?;
        self.by_kind_and_name.get(&(kind, name)).cloned()
    }

    fn inline_patch(&mut self, patch: Node<'_>, target: Option<&Named>) {
        let Some(text) = patch.as_str() else { return };
        let Some(places) = Places::of(self.collector, patch, text) else { return };
        let (tree, _) = syntax::parse(patch.span().file, &Arc::from(text), None);
        for root in tree.roots() {
            self.merged_object(root, &places);
        }
        self.operations(&tree, &places, target);
    }

    fn operations_in_file(&mut self, path: &str, target: Option<&Named>) {
        let analysis = self.collector.analysis;
        let Some(id) = self.collector.by_path.get(path) else { return };
        let file = analysis.file(*id);
        let whole = Places::Verbatim(Span::new(*id, 0, file.text().len()));
        self.operations(&file.tree, &whole, target);
    }

    /// Notes the name and the keys of an object that a patch is merged into.
    fn merged_object(&mut self, root: Node<'_>, places: &Places) {
        let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
        let Some(node) = root.at(&["metadata", "name"]) else { return };
        let name = node.as_str().unwrap_or_default();
        if let Some(span) = places.span(node.span().range()) {
            self.refer(kind, name, span);
        }
        let Some(named) = self.by_kind_and_name.get(&(kind, name)).cloned() else { return };
        for entry in SECTIONS.iter().filter_map(|it| root.get(it)).flat_map(Node::entries) {
            if let Some(span) = places.span(entry.key.span().range()) {
                self.key(&named, entry.key.as_str().unwrap_or_default(), span, Role::Definition);
            }
        }
    }

    /// Notes the keys in the paths of operations: `{op: replace, path: /data/level, value: debug}`.
    fn operations(&mut self, tree: &Tree, places: &Places, target: Option<&Named>) {
        let Some(target) = target else { return };
        for operation in tree.roots().flat_map(Node::items) {
            let Some(path) = operation.get("path") else { continue };
            let key = path.as_str().and_then(|path| {
                let (section, key) = path.strip_prefix('/')?.split_once('/')?;
                (SECTIONS.contains(&section) && !key.contains(['/', '~'])).then_some(key)
            });
            let range = path.span().range();
            let written = tree.text().get(range.clone()).unwrap_or_default();
            let Some((key, start)) = key.and_then(|key| Some((key, written.rfind(key)?))) else {
                continue;
            };
            let start = range.start + start;
            let Some(span) = places.span(start..start + key.len()) else { continue };
            let role = match operation.get("op").and_then(Node::as_str) {
                Some("add" | "replace") => Role::Definition,
                _ => Role::Reference,
            };
            self.key(target, key, span, role);
        }
    }

    fn key(&mut self, of: &Named, key: &str, span: Span, role: Role) {
        let Name::Object { world, kind, name } = &of.name else { return };
        let (kind, object) = (kind.clone(), name.clone());
        let name = Name::Key { world: *world, kind, object, key: key.into() };
        self.collector.note(name, span, role, Some(&of.namespace));
    }
}
