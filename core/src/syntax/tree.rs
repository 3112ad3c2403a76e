//! The tree: nodes in one arena, each with its own span.
//!
//! A span names its file, so that one tree may be put together from several files (a Compose file
//! and its override, a Kustomize base and its patch) and every leaf still knows where it came from.
//! Aliases stay aliases: [`Node::resolve`] follows one lazily and [`Node::get`] honours merge keys
//! the same way, so no input can make the tree larger than its text.

use super::scalar::Scalar;
use crate::text::{FileId, Span};
use smol_str::SmolStr;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(u32);

impl NodeId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a node was written.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    Scalar,
    Mapping,
    Sequence,
    Alias,
}

/// Where a scalar's value is kept: most are a slice of the text as written.
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
    /// Children lie side by side in `Tree::children`; a mapping's alternate key, value.
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
    /// 1-based index into `Tree::properties`; 0 for the many nodes without tag or anchor.
    properties: u32,
}

/// The tag and anchor of the few nodes that have one.
#[derive(Debug, Clone, Default)]
pub(super) struct Properties {
    pub tag: Option<(SmolStr, Span)>,
    pub anchor: Option<(SmolStr, Span)>,
}

#[derive(Debug, Clone)]
pub struct Document {
    /// `None` for a document without content.
    pub root: Option<NodeId>,
    pub span: Span,
    /// The tree was made from repaired text, because the document as written does not parse.
    pub repaired: bool,
    /// The document does not parse and could not be repaired: it has no root.
    pub broken: bool,
}

/// All documents of a file (or of a merge of files).
#[derive(Debug, Clone, Default)]
pub struct Tree {
    text: Arc<str>,
    nodes: Vec<NodeData>,
    children: Vec<NodeId>,
    /// The values that are no slice of the text, one after the other.
    owned: String,
    properties: Vec<Properties>,
    pub documents: Vec<Document>,
}

impl Tree {
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { tree: self, id }
    }

    /// The roots of the documents that have one.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.documents.iter().filter_map(|it| it.root).map(|it| self.node(it))
    }

    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    fn children_of(&self, first: u32, len: u32) -> &[NodeId] {
        &self.children[first as usize..first as usize + len as usize]
    }

    /// Every node of every document, leaves before what holds them.
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

    /// How many nodes there are, over all documents.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// One key of a mapping with its value.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'t> {
    pub key: Node<'t>,
    pub value: Node<'t>,
}

impl Entry<'_> {
    /// From the key's first byte to the value's last.
    pub fn span(&self) -> Span {
        self.key.span().to(self.value.span())
    }
}

/// A borrowed view of one node.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: NodeId,
}

/// How many aliases or merge keys may lead to one another before we stop following.
const MAX_HOPS: usize = 32;

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

    /// The bytes of the node without its tag and anchor. A collection ends with its last child or
    /// its closing bracket; an empty value has an empty span.
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

    /// The tag as written, `!reset` or `!!str`, with its span.
    pub fn tag(self) -> Option<(&'t str, Span)> {
        self.properties()?.tag.as_ref().map(|(tag, span)| (tag.as_str(), *span))
    }

    /// The anchor's name without `&`, and the span with it.
    pub fn anchor(self) -> Option<(&'t str, Span)> {
        self.properties()?.anchor.as_ref().map(|(name, span)| (name.as_str(), *span))
    }

    fn properties(self) -> Option<&'t Properties> {
        let index = (self.data().properties as usize).checked_sub(1)?;
        self.tree.properties.get(index)
    }

    /// The span with tag and anchor.
    pub fn full_span(self) -> Span {
        let start = [self.tag().map(|it| it.1.start), self.anchor().map(|it| it.1.start)]
            .into_iter()
            .flatten()
            .fold(self.span().start, u32::min);
        Span { start, ..self.span() }
    }

    /// Follows an alias to the node that it names; an alias to nothing stays itself.
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

    /// The text of a scalar, escapes and folding done; aliases are followed.
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

    /// What type a reader of the core schema gives this scalar.
    pub fn scalar(self) -> Option<Scalar<'t>> {
        let node = self.resolve();
        node.as_str().map(|text| Scalar::read(text, node.style(), node.tag().map(|it| it.0)))
    }

    /// No value at all, `~` or `null`.
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

    /// The entries as written, `<<` among them; empty for anything but a mapping.
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

    /// The items of a sequence; empty for anything else.
    pub fn items(self) -> impl ExactSizeIterator<Item = Node<'t>> + Clone {
        let children = match self.resolve().data().data {
            Data::Sequence { first, len } => self.tree.children_of(first, len),
            _ => &[],
        };
        children.iter().map(move |it| self.tree.node(*it))
    }

    /// Whether this key is a plain `<<`.
    pub fn is_merge_key(self) -> bool {
        let data = self.data();
        let short = matches!(
            data.data,
            Data::Scalar(Value::Slice { len: 2, .. } | Value::Owned { len: 2, .. })
        );
        short && data.style == Style::Plain && self.as_str() == Some("<<")
    }

    pub fn get(self, key: &str) -> Option<Node<'t>> {
        self.entry(key).map(|it| it.value)
    }

    /// `get` along a path of keys.
    pub fn at(self, path: &[&str]) -> Option<Node<'t>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?} {:?}", self.kind(), self.span(), self.as_str())
    }
}

/// Files are at most [`super::MAX_BYTES`] long, so counts of their parts fit.
fn fit(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A state of a [`TreeBuilder`] that it can go back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    nodes: usize,
    children: usize,
    owned: usize,
    properties: usize,
    documents: usize,
}

/// Puts a tree together from the leaves up. The parser uses it, and so do merges.
#[derive(Debug, Default)]
pub struct TreeBuilder {
    tree: Tree,
}

impl TreeBuilder {
    /// `text` is the source that slices point into; empty for a tree of several files.
    pub fn new(text: Arc<str>) -> TreeBuilder {
        // A dozen bytes make a node, often more do.
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

    pub fn scalar(&mut self, span: Span, value: &str, style: Style) -> NodeId {
        let start = fit(self.tree.owned.len());
        self.tree.owned.push_str(value);
        self.push(span, Data::Scalar(Value::Owned { start, len: fit(value.len()) }), style)
    }

    /// A scalar whose value is `start..start + len` of the text.
    pub fn scalar_slice(&mut self, span: Span, start: usize, len: usize, style: Style) -> NodeId {
        self.push(span, Data::Scalar(Value::Slice { start: fit(start), len: fit(len) }), style)
    }

    pub fn sequence(&mut self, span: Span, items: &[NodeId], style: Style) -> NodeId {
        let (first, len) = self.push_children(items);
        self.push(span, Data::Sequence { first, len }, style)
    }

    /// `entries` alternate key, value.
    pub fn mapping(&mut self, span: Span, entries: &[NodeId], style: Style) -> NodeId {
        let (first, len) = self.push_children(entries);
        self.push(span, Data::Mapping { first, len }, style)
    }

    /// An alias; without a target it names nothing.
    pub fn alias(&mut self, span: Span, target: Option<NodeId>) -> NodeId {
        self.push(span, Data::Alias(target), Style::Plain)
    }

    pub(super) fn properties(&mut self, node: NodeId) -> &mut Properties {
        let data = &mut self.tree.nodes[node.index()];
        if data.properties == 0 {
            self.tree.properties.push(Properties::default());
            data.properties = fit(self.tree.properties.len());
        }
        &mut self.tree.properties[data.properties as usize - 1]
    }

    /// Gives a node a tag, as `!override`.
    pub fn set_tag(&mut self, node: NodeId, tag: &str, span: Span) {
        self.properties(node).tag = Some((SmolStr::new(tag), span));
    }

    /// The span of a node already pushed.
    pub fn span_of(&self, node: NodeId) -> Span {
        self.tree.nodes[node.index()].span
    }

    pub fn document(&mut self, document: Document) {
        self.tree.documents.push(document);
    }

    /// How many nodes there are so far.
    pub(super) fn len(&self) -> usize {
        self.tree.len()
    }

    /// How far the tree has come, for [`TreeBuilder::rewind`].
    pub(super) fn mark(&self) -> Mark {
        let tree = &self.tree;
        Mark {
            nodes: tree.nodes.len(),
            children: tree.children.len(),
            owned: tree.owned.len(),
            properties: tree.properties.len(),
            documents: tree.documents.len(),
        }
    }

    /// Takes back everything that came after the mark: a document that turned out to be broken.
    pub(super) fn rewind(&mut self, mark: Mark) {
        let tree = &mut self.tree;
        tree.nodes.truncate(mark.nodes);
        tree.children.truncate(mark.children);
        tree.owned.truncate(mark.owned);
        tree.properties.truncate(mark.properties);
        tree.documents.truncate(mark.documents);
    }

    /// The documents after the mark were read from repaired text.
    pub(super) fn mark_repaired(&mut self, mark: Mark) {
        for document in &mut self.tree.documents[mark.documents..] {
            document.repaired = true;
        }
    }

    /// The value of a scalar already pushed.
    pub(super) fn scalar_of(&self, node: NodeId) -> Option<&str> {
        let node = self.tree.node(node);
        if node.kind() == NodeKind::Scalar { node.as_str() } else { None }
    }

    /// A tree of one document.
    pub fn finish_with_root(mut self, root: NodeId, file: FileId) -> Tree {
        let span = Span { file, ..self.span_of(root) };
        self.tree.documents.push(Document {
            root: Some(root),
            span,
            repaired: false,
            broken: false,
        });
        self.tree
    }

    pub fn finish(self) -> Tree {
        self.tree
    }
}
