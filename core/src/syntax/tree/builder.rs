//! Builds trees from the leaves up.

use super::{Data, Document, NodeData, NodeId, NodeKind, Properties, Style, Tree, Value, fit};
use crate::text::{FileId, Span};
use smol_str::SmolStr;
use std::sync::Arc;

/// A state of a [`TreeBuilder`] to which it can return.
#[derive(Debug, Clone, Copy)]
pub(in crate::syntax) struct Mark {
    nodes: usize,
    children: usize,
    owned: usize,
    properties: usize,
    documents: usize,
}

/// Builds a tree from the leaves up, for the parser and for merges.
#[derive(Debug, Default)]
pub struct TreeBuilder {
    tree: Tree,
}

impl TreeBuilder {
    /// Returns an empty builder. `text` is the source of slices; empty for a tree of several files.
    pub fn new(text: Arc<str>) -> TreeBuilder {
        // A node takes about a dozen bytes of text, often more.
        let count = 8 + (text.len() / 12).min(1 << 20);
        let (nodes, children) = (Vec::with_capacity(count), Vec::with_capacity(count));
        TreeBuilder { tree: Tree { text, nodes, children, ..Tree::default() } }
    }

    fn push(&mut self, span: Span, data: Data, style: Style) -> NodeId {
        let id = NodeId(fit(self.tree.nodes.len()));
        self.tree.nodes.push(NodeData { span, data, style, properties: 0 });
        id
    }

    fn push_children(&mut self, children: &[NodeId]) -> (u32, u32) {
        let first = fit(self.tree.children.len());
        self.tree.children.extend_from_slice(children);
        (first, fit(children.len()))
    }

    /// Adds a scalar with a value of its own.
    pub fn scalar(&mut self, span: Span, value: &str, style: Style) -> NodeId {
        let start = fit(self.tree.owned.len());
        self.tree.owned.push_str(value);
        self.push(span, Data::Scalar(Value::Owned { start, len: fit(value.len()) }), style)
    }

    /// Adds a scalar whose value is `start..start + len` of the text.
    pub fn scalar_slice(&mut self, span: Span, start: usize, len: usize, style: Style) -> NodeId {
        self.push(span, Data::Scalar(Value::Slice { start: fit(start), len: fit(len) }), style)
    }

    pub fn sequence(&mut self, span: Span, items: &[NodeId], style: Style) -> NodeId {
        let (first, len) = self.push_children(items);
        self.push(span, Data::Sequence { first, len }, style)
    }

    /// Adds a mapping; `entries` alternates keys and values.
    pub fn mapping(&mut self, span: Span, entries: &[NodeId], style: Style) -> NodeId {
        let (first, len) = self.push_children(entries);
        self.push(span, Data::Mapping { first, len }, style)
    }

    /// Adds an alias; it has no target if no anchor has its name.
    pub fn alias(&mut self, span: Span, target: Option<NodeId>) -> NodeId {
        self.push(span, Data::Alias(target), Style::Plain)
    }

    pub(in crate::syntax) fn properties(&mut self, node: NodeId) -> &mut Properties {
        let data = &mut self.tree.nodes[node.index()];
        if data.properties == 0 {
            self.tree.properties.push(Properties::default());
            data.properties = fit(self.tree.properties.len());
        }
        &mut self.tree.properties[data.properties as usize - 1]
    }

    /// Sets the tag of a node, as `!override`.
    pub fn set_tag(&mut self, node: NodeId, tag: &str, span: Span) {
        self.properties(node).tag = Some((SmolStr::new(tag), span));
    }

    /// Returns the span of a node that was added before.
    pub fn span_of(&self, node: NodeId) -> Span {
        self.tree.nodes[node.index()].span
    }

    pub fn document(&mut self, document: Document) {
        self.tree.documents.push(document);
    }

    /// Returns the number of nodes so far.
    pub(in crate::syntax) fn len(&self) -> usize {
        self.tree.len()
    }

    /// Returns the current state, for [`TreeBuilder::rewind`].
    pub(in crate::syntax) fn mark(&self) -> Mark {
        let tree = &self.tree;
        Mark {
            nodes: tree.nodes.len(),
            children: tree.children.len(),
            owned: tree.owned.len(),
            properties: tree.properties.len(),
            documents: tree.documents.len(),
        }
    }

    /// Removes everything that was added after the mark: a document that turned out to be broken.
    pub(in crate::syntax) fn rewind(&mut self, mark: Mark) {
        let tree = &mut self.tree;
        tree.nodes.truncate(mark.nodes);
        tree.children.truncate(mark.children);
        tree.owned.truncate(mark.owned);
        tree.properties.truncate(mark.properties);
        tree.documents.truncate(mark.documents);
    }

    /// Marks the documents after the mark as read from text that was repaired at some places.
    pub(in crate::syntax) fn mark_repaired(&mut self, mark: Mark, repairs: &[Span]) {
        for document in &mut self.tree.documents[mark.documents..] {
            document.repairs = repairs.to_vec();
        }
    }

    /// Returns the value of a scalar that was added before.
    pub(in crate::syntax) fn scalar_of(&self, node: NodeId) -> Option<&str> {
        let node = self.tree.node(node);
        if node.kind() == NodeKind::Scalar { node.as_str() } else { None }
    }

    /// Returns a tree of one document.
    pub fn finish_with_root(mut self, root: NodeId, file: FileId) -> Tree {
        let span = Span { file, ..self.span_of(root) };
        self.tree.documents.push(Document {
            root: Some(root),
            span,
            repairs: Vec::new(),
            broken: false,
        });
        self.tree
    }

    pub fn finish(mut self) -> Tree {
        // Trees are kept as long as their files are, so they give back what they did not need.
        self.tree.nodes.shrink_to_fit();
        self.tree.children.shrink_to_fit();
        self.tree.owned.shrink_to_fit();
        self.tree
    }
}
