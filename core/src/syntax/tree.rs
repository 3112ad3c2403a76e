//! The tree of a file: nodes in one arena, each with its span.
//!
//! A span names its file, so that a tree can be put together from several files (a Kustomize base and
//! its patch) and every leaf still knows its origin. Aliases are not expanded: [`Node::resolve`] follows
//! one on demand, and so does [`Node::get`] with merge keys, so that no input makes the tree larger than
//! its text.

mod builder;

use super::limits::MAX_HOPS;
use super::scalar::Scalar;
use crate::text::Span;
pub(super) use builder::Mark;
pub use builder::TreeBuilder;
use smol_str::SmolStr;
use std::sync::Arc;

/// The index of a node in its tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// The style in which a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
    Block,
    Flow,
}

/// The kind of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    Scalar,
    Mapping,
    Sequence,
    Alias,
}

/// The place where the value of a scalar is stored: mostly the text itself.
#[derive(Debug, Clone, Copy)]
enum Value {
    Slice {
        start: u32,
        len: u32,
    },
    /// A slice of `Tree::owned`.
    Owned {
        start: u32,
        len: u32,
    },
}

#[derive(Debug, Clone, Copy)]
enum Data {
    Scalar(Value),
    /// A range of `Tree::children`, which alternates keys and values.
    Mapping {
        first: u32,
        len: u32,
    },
    Sequence {
        first: u32,
        len: u32,
    },
    Alias(Option<NodeId>),
}

#[derive(Debug, Clone, Copy)]
struct NodeData {
    span: Span,
    data: Data,
    style: Style,
    /// 1-based index into `Tree::properties`; 0 for a node without tag and anchor.
    properties: u32,
}

/// The tag and the anchor of a node. Few nodes have either.
#[derive(Debug, Clone, Default)]
pub(super) struct Properties {
    pub tag: Option<(SmolStr, Span)>,
    pub anchor: Option<(SmolStr, Span)>,
}

/// A document of a file.
#[derive(Debug, Clone)]
pub struct Document {
    /// `None` for a document without content.
    pub root: Option<NodeId>,
    pub span: Span,
    /// The places that were repaired, because the document itself does not parse.
    pub repairs: Vec<Span>,
    /// Whether the document does not parse and could not be repaired, so that it has no root.
    pub broken: bool,
}

/// All documents of a file (or of a merge of files).
#[derive(Debug, Clone, Default)]
pub struct Tree {
    text: Arc<str>,
    nodes: Vec<NodeData>,
    children: Vec<NodeId>,
    /// The values that are not a slice of the text, one after the other.
    owned: String,
    properties: Vec<Properties>,
    pub documents: Vec<Document>,
}

impl Tree {
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { tree: self, id }
    }

    /// Returns the roots of the documents that have one.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.documents.iter().filter_map(|document| document.root).map(|root| self.node(root))
    }

    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    fn children_of(&self, first: u32, len: u32) -> &[NodeId] {
        &self.children[first as usize..first as usize + len as usize]
    }

    /// Returns all nodes of all documents, children before parents.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = Node<'_>> {
        (0..self.nodes.len()).map(|it| self.node(NodeId(fit(it))))
    }

    /// Replaces every span, as for a tree of generated text whose nodes should point at the sources.
    pub fn map_spans(&mut self, map: &mut dyn FnMut(Span) -> Span) {
        for node in &mut self.nodes {
            node.span = map(node.span);
        }
        for properties in &mut self.properties {
            for (_, span) in properties.tag.iter_mut().chain(&mut properties.anchor) {
                *span = map(*span);
            }
        }
        for document in &mut self.documents {
            document.span = map(document.span);
        }
    }

    /// Returns the number of nodes in all documents.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// An entry of a mapping.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'t> {
    pub key: Node<'t>,
    pub value: Node<'t>,
}

impl Entry<'_> {
    /// Returns the span from the first byte of the key to the last byte of the value.
    pub fn span(&self) -> Span {
        self.key.span().to(self.value.span())
    }
}

/// A borrowed view of a node.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: NodeId,
}

impl<'t> Node<'t> {
    pub fn id(self) -> NodeId {
        self.id
    }

    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    fn data(self) -> &'t NodeData {
        &self.tree.nodes[self.id.index()]
    }

    /// Returns the span of the node without its tag and anchor. A collection ends with its last child or
    /// its closing bracket; a missing value has an empty span.
    pub fn span(self) -> Span {
        self.data().span
    }

    pub fn style(self) -> Style {
        self.data().style
    }

    pub fn kind(self) -> NodeKind {
        match self.data().data {
            Data::Scalar(_) => NodeKind::Scalar,
            Data::Mapping { .. } => NodeKind::Mapping,
            Data::Sequence { .. } => NodeKind::Sequence,
            Data::Alias(_) => NodeKind::Alias,
        }
    }

    /// Returns the tag as written, as `!reset` or `!!str`, with its span.
    pub fn tag(self) -> Option<(&'t str, Span)> {
        self.properties()?.tag.as_ref().map(|(tag, span)| (tag.as_str(), *span))
    }

    /// Returns the name of the anchor, without `&`, and its span, which includes the `&`.
    pub fn anchor(self) -> Option<(&'t str, Span)> {
        self.properties()?.anchor.as_ref().map(|(name, span)| (name.as_str(), *span))
    }

    fn properties(self) -> Option<&'t Properties> {
        let index = (self.data().properties as usize).checked_sub(1)?;
        self.tree.properties.get(index)
    }

    /// Returns the span of the node with its tag and anchor.
    pub fn full_span(self) -> Span {
        let properties = [self.tag(), self.anchor()].into_iter().flatten();
        let start = properties.map(|(_, span)| span.start).fold(self.span().start, u32::min);
        Span { start, ..self.span() }
    }

    /// Follows an alias to its target. An alias without a target is returned itself.
    pub fn resolve(self) -> Node<'t> {
        let mut node = self;
        for _ in 0..MAX_HOPS {
            match node.data().data {
                Data::Alias(Some(target)) => node = self.tree.node(target),
                _ => break,
            }
        }
        node
    }

    /// Returns the text of a scalar after escapes and folding. Aliases are followed.
    pub fn as_str(self) -> Option<&'t str> {
        let node = self.resolve();
        match node.data().data {
            Data::Scalar(Value::Slice { start, len }) => {
                self.tree.text.get(start as usize..start as usize + len as usize)
            }
            Data::Scalar(Value::Owned { start, len }) => {
                self.tree.owned.get(start as usize..start as usize + len as usize)
            }
            _ => None,
        }
    }

    /// Returns the scalar with the type that a reader gives it.
    pub fn scalar(self) -> Option<Scalar<'t>> {
        let node = self.resolve();
        let tag = node.tag().map(|(tag, _)| tag);
        node.as_str().map(|text| Scalar::read(text, node.style(), tag))
    }

    /// Whether the value is missing, `~` or `null`.
    pub fn is_null(self) -> bool {
        matches!(self.scalar(), Some(Scalar::Null))
    }

    pub fn is_mapping(self) -> bool {
        self.resolve().kind() == NodeKind::Mapping
    }

    pub fn is_sequence(self) -> bool {
        self.resolve().kind() == NodeKind::Sequence
    }

    pub fn is_scalar(self) -> bool {
        self.resolve().kind() == NodeKind::Scalar
    }

    /// Returns the entries as written, including `<<`; empty for anything but a mapping.
    pub fn entries(self) -> impl ExactSizeIterator<Item = Entry<'t>> + Clone {
        let children = match self.resolve().data().data {
            Data::Mapping { first, len } => self.tree.children_of(first, len),
            _ => &[],
        };
        let (pairs, _) = children.as_chunks::<2>();
        pairs.iter().map(move |[key, value]| Entry {
            key: self.tree.node(*key),
            value: self.tree.node(*value),
        })
    }

    /// Returns the items of a sequence; empty for anything else.
    pub fn items(self) -> impl ExactSizeIterator<Item = Node<'t>> + Clone {
        let children = match self.resolve().data().data {
            Data::Sequence { first, len } => self.tree.children_of(first, len),
            _ => &[],
        };
        children.iter().map(move |item| self.tree.node(*item))
    }

    /// Returns the last entry whose key is before a place, of a mapping whose entries stand in the order of
    /// the text.
    pub(super) fn last_entry(self, is_before: &dyn Fn(Node<'t>) -> bool) -> Option<Entry<'t>> {
        let Data::Mapping { first, len } = self.data().data else { return None };
        let (pairs, _) = self.tree.children_of(first, len).as_chunks::<2>();
        let after = pairs.partition_point(|[key, _]| is_before(self.tree.node(*key)));
        let [key, value] = pairs.get(after.checked_sub(1)?)?;
        Some(Entry { key: self.tree.node(*key), value: self.tree.node(*value) })
    }

    /// Returns the last item before a place and its index, of a sequence whose items stand in the order of
    /// the text.
    pub(super) fn last_item(
        self,
        is_before: &dyn Fn(Node<'t>) -> bool,
    ) -> Option<(usize, Node<'t>)> {
        let Data::Sequence { first, len } = self.data().data else { return None };
        let items = self.tree.children_of(first, len);
        let after = items.partition_point(|item| is_before(self.tree.node(*item)));
        let at = after.checked_sub(1)?;
        Some((at, self.tree.node(*items.get(at)?)))
    }

    /// Whether this key is a plain `<<`.
    pub fn is_merge_key(self) -> bool {
        self.style() == Style::Plain && self.as_str() == Some("<<")
    }

    /// Returns the value of a key; merge keys are followed.
    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.entry(key).map(|it| it.value)
    }

    /// Returns the value at a path of keys.
    pub fn at(self, path: &[&str]) -> Option<Node<'t>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.kind(), self.span(), self.as_str())
    }
}

/// Converts a count. Files are at most [`super::MAX_BYTES`] long, so that the numbers of their parts fit.
fn fit(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
