//! Turns the parser's events into nodes. Only this file, `errors.rs` and `parse.rs` know the parser crate.
//!
//! granit-parser reports events with byte spans and anchor names. This file adds the ends of collections
//! and the starts of block scalars, and builds a tree of any depth without recursion.

use super::duplicates::{duplicate_keys, shown};
use super::limits::{MAX_DEPTH, MAX_PROBLEMS};
use super::problem::{Problem, ProblemKind};
use super::repair::{self, Patch};
use super::tree::{Document, Mark, NodeId, Properties, Style, TreeBuilder};
use crate::text::{FileId, Span};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::ops::Range;

/// The error that ended the reading of a document.
pub(super) struct Fault {
    /// The position in the source.
    pub at: usize,
    pub why: Why,
}

/// The cause of a [`Fault`].
pub(super) enum Why {
    Parser(ErrorKind),
    TooManyNodes,
}

/// The relation of positions in the source to positions in the file.
pub(super) enum Place {
    /// The source starts at this position of the file.
    Shifted(usize),
    /// The source starts there and has patches applied.
    Patched { start: usize, patches: Vec<Patch> },
}

impl Place {
    fn original(&self, at: usize) -> usize {
        match self {
            Place::Shifted(start) => at + start,
            Place::Patched { start, patches } => repair::original(patches, at + start),
        }
    }
}

/// A collection that is still open.
struct Frame {
    /// The index of the first child in [`Events::pending`].
    first: usize,
    mapping: bool,
    flow: bool,
    span: Span,
    anchor: usize,
    /// The tag and anchor, which few collections have.
    properties: Option<Box<Properties>>,
}

/// Turns the events of one stretch of text into nodes.
pub(super) struct Events<'s> {
    file: FileId,
    source: &'s str,
    place: Place,
    max_nodes: usize,
    parser: Parser<'s, granit_parser::StrInput<'s>>,
    /// The start of the current document in `source`.
    document_start: usize,
    /// The end of the last node in `source`, after which block scalar headers are searched for.
    last_end: usize,
    stack: Vec<Frame>,
    /// Finished nodes whose collection is still open.
    pending: Vec<NodeId>,
    root: Option<NodeId>,
    anchors: FxHashMap<usize, NodeId>,
}

impl<'s> Events<'s> {
    pub fn new(file: FileId, source: &'s str, place: Place, max_nodes: usize) -> Events<'s> {
        let options = granit_parser::options! {
            emit_anchor_events: true,
            emit_unresolved_aliases: true,
            strict_indentation: false,
            // As libyaml and its ports, which Compose and kubectl use.
            block_scalar_eof_without_line_feed: true,
            // See `comments.rs`.
            emit_comments: false,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        Events {
            file,
            source,
            place,
            max_nodes,
            parser: Parser::new_from_str_with_options(source, options),
            document_start: 0,
            last_end: 0,
            stack: Vec::with_capacity(16),
            pending: Vec::with_capacity(64),
            root: None,
            anchors: FxHashMap::default(),
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, self.place.original(start), self.place.original(end))
    }

    /// Returns the start of the current document in the source; between two documents, the end of the
    /// first.
    pub fn document_start(&self) -> usize {
        self.document_start
    }

    /// Reads all documents. After an error the builder contains the documents before the broken one and
    /// nothing of the broken one.
    pub fn read(
        &mut self,
        builder: &mut TreeBuilder,
        problems: &mut Vec<Problem>,
    ) -> Result<(), Fault> {
        let mut start = Checkpoint::new(builder, problems);
        let mut document = Span::new(self.file, 0, 0);
        loop {
            let next = self.parser.next();
            let (event, span) = match &next {
                None => return Ok(()),
                Some(Ok((event, span))) => (event, span),
                Some(Err(error)) => {
                    start.restore(builder, problems);
                    let at = error_offset(error, self.source);
                    return Err(Fault { at, why: Why::Parser(error.kind().clone()) });
                }
            };
            if builder.len() > self.max_nodes {
                start.restore(builder, problems);
                return Err(Fault { at: self.last_end, why: Why::TooManyNodes });
            }
            let range = span.byte_range().unwrap_or(self.last_end..self.last_end);
            match event {
                Event::DocumentStart(explicit, _) => {
                    start = Checkpoint::new(builder, problems);
                    // Without `---` the event has the position of the first content that the parser
                    // knows of, which may be after the `|` of a block scalar.
                    if *explicit {
                        self.document_start = range.start;
                        self.last_end = range.end;
                    }
                    self.anchors.clear();
                    self.root = None;
                    document = self.span(range.start, range.end);
                }
                Event::DocumentEnd => {
                    let span = document.to(self.span(self.last_end, self.last_end));
                    let root = self.root.take();
                    builder.document(Document { root, span, repairs: Vec::new(), broken: false });
                    start = Checkpoint::new(builder, problems);
                    self.document_start = range.end.max(self.last_end);
                }
                _ => self.node_event(builder, problems, event, span, range),
            }
        }
    }

    /// Handles an event that concerns a node.
    fn node_event(
        &mut self,
        builder: &mut TreeBuilder,
        problems: &mut Vec<Problem>,
        event: &Event<'_>,
        span: &granit_parser::Span,
        range: Range<usize>,
    ) {
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let node = self.scalar(builder, value, *style, range);
                if let Some(tag) = tag {
                    builder.properties(node).tag = Some(self.tag(tag, span));
                }
                if *anchor != 0 {
                    self.anchors.insert(*anchor, node);
                }
                self.attach(node);
            }
            Event::Alias(id) => {
                let target = self.anchors.get(id).copied();
                if target.is_none() {
                    let name = shown(self.slice(&range));
                    let message = format!("`{name}` is inside the node that it refers to");
                    self.unknown_anchor(problems, &range, message);
                }
                self.alias(builder, range, target);
            }
            Event::UnresolvedAlias(name) => {
                let name = shown(name);
                let message = format!("the document has no anchor `&{name}` before this alias");
                self.unknown_anchor(problems, &range, message);
                self.alias(builder, range, None);
            }
            Event::Anchor(id, name) => {
                let anchor = (SmolStr::new(name), self.span(range.start, range.end));
                if let Some(node) = self.anchors.get(id) {
                    builder.properties(*node).anchor = Some(anchor);
                } else if let Some(frame) = self.stack.iter_mut().rev().find(|it| it.anchor == *id)
                {
                    frame.properties.get_or_insert_default().anchor = Some(anchor);
                }
            }
            Event::SequenceStart(style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| self.tag(tag, span));
                self.open(false, *style, *anchor, tag, range);
            }
            Event::MappingStart(style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| self.tag(tag, span));
                self.open(true, *style, *anchor, tag, range);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(builder, problems, range),
            _ => {}
        }
    }

    fn slice(&self, range: &Range<usize>) -> &'s str {
        self.source.get(range.clone()).unwrap_or_default()
    }

    fn tag(&self, tag: &Tag, span: &granit_parser::Span) -> (SmolStr, Span) {
        let start = span.tag_start().and_then(|start| start.byte_offset());
        let range = span.tag_span().and_then(|span| span.byte_range());
        let range = range.or_else(|| start.map(|start| start..start));
        let range = range.unwrap_or(self.last_end..self.last_end);
        let written = self.slice(&range);
        let name =
            if written.is_empty() { SmolStr::new(tag.original()) } else { SmolStr::new(written) };
        (name, self.span(range.start, range.end))
    }

    fn alias(&mut self, builder: &mut TreeBuilder, range: Range<usize>, target: Option<NodeId>) {
        let node = builder.alias(self.span(range.start, range.end), target);
        self.last_end = range.end;
        self.attach(node);
    }

    fn unknown_anchor(&self, problems: &mut Vec<Problem>, range: &Range<usize>, message: String) {
        if problems.len() < MAX_PROBLEMS {
            let span = self.span(range.start, range.end);
            let kind = ProblemKind::UnknownAnchor;
            problems.push(Problem { kind, span, message, related: None });
        }
    }

    fn attach(&mut self, node: NodeId) {
        if self.stack.is_empty() {
            self.root = Some(node);
        } else {
            self.pending.push(node);
        }
    }

    fn scalar(
        &mut self,
        builder: &mut TreeBuilder,
        value: &str,
        style: ScalarStyle,
        range: Range<usize>,
    ) -> NodeId {
        let (style, range) = match style {
            ScalarStyle::Plain => (Style::Plain, self.without_mark(range, value)),
            ScalarStyle::SingleQuoted => (Style::SingleQuoted, range),
            ScalarStyle::DoubleQuoted => (Style::DoubleQuoted, range),
            ScalarStyle::Literal => (Style::Literal, self.block_scalar(range)),
            ScalarStyle::Folded => (Style::Folded, self.block_scalar(range)),
        };
        let span = self.span(range.start, range.end);
        self.last_end = range.end.max(self.last_end);
        // The parser reports a missing value as `~` with an empty range.
        if range.is_empty() && style == Style::Plain {
            return builder.scalar_slice(span, span.start as usize, 0, style);
        }
        if let Place::Shifted(shift) = &self.place {
            // The value is nearly always a slice of the source, which its address identifies.
            let at = (value.as_ptr() as usize).wrapping_sub(self.source.as_ptr() as usize);
            if at.saturating_add(value.len()) <= self.source.len() {
                return builder.scalar_slice(span, at + shift, value.len(), style);
            }
        }
        builder.scalar(span, value, style)
    }

    /// Removes a byte order mark from a range: at the start of a document, the parser includes the mark in
    /// the range of the first scalar, but not in its value.
    fn without_mark(&self, range: Range<usize>, value: &str) -> Range<usize> {
        const MARK: &str = "\u{FEFF}";
        let marked = self.slice(&range).starts_with(MARK) && !value.starts_with(MARK);
        if marked { range.start + MARK.len()..range.end } else { range }
    }

    /// Returns the range of a block scalar, from the `|` or `>` to the last character: the parser's range
    /// starts at the first line of content and includes the indentation of the line after the scalar.
    fn block_scalar(&self, range: Range<usize>) -> Range<usize> {
        let before = self.slice(&(self.last_end..range.start));
        let header = block_header(before).map(|at| self.last_end + at);
        let start = header.unwrap_or(range.start);
        let body = self.slice(&range).trim_end_matches([' ', '\t', '\n', '\r']);
        let end = match (body.is_empty(), header) {
            (false, _) => range.start + body.len(),
            (true, Some(header)) => header + 1,
            (true, None) => start,
        };
        start..end
    }

    fn open(
        &mut self,
        mapping: bool,
        style: StructureStyle,
        anchor: usize,
        tag: Option<(SmolStr, Span)>,
        range: Range<usize>,
    ) {
        self.last_end = self.last_end.max(range.end);
        self.stack.push(Frame {
            first: self.pending.len(),
            mapping,
            flow: style == StructureStyle::Flow,
            span: self.span(range.start, range.end),
            anchor,
            properties: tag.map(|tag| Box::new(Properties { tag: Some(tag), anchor: None })),
        });
    }

    fn close(
        &mut self,
        builder: &mut TreeBuilder,
        problems: &mut Vec<Problem>,
        range: Range<usize>,
    ) {
        let Some(frame) = self.stack.pop() else { return };
        let children = &self.pending[frame.first..];
        let bounds = children.first().zip(children.last());
        let bounds = bounds.map(|(first, last)| (builder.span_of(*first), builder.span_of(*last)));
        let closed = frame.flow && self.slice(&range).ends_with([']', '}']);
        let end = if closed {
            self.last_end = self.last_end.max(range.end);
            self.place.original(range.end)
        } else {
            bounds.map_or(frame.span.end as usize, |(_, last)| last.end as usize)
        };
        let start = bounds.map_or(frame.span.start, |(first, _)| first.start.min(frame.span.start));
        let span = Span::new(self.file, start as usize, end);
        let style = if frame.flow { Style::Flow } else { Style::Block };
        let node = if frame.mapping {
            duplicate_keys(builder, children, problems);
            builder.mapping(span, children, style)
        } else {
            builder.sequence(span, children, style)
        };
        self.pending.truncate(frame.first);
        if let Some(properties) = frame.properties {
            *builder.properties(node) = *properties;
        }
        if frame.anchor != 0 {
            self.anchors.insert(frame.anchor, node);
        }
        self.attach(node);
    }
}

/// The state before a document, to which reading returns if the document is broken.
struct Checkpoint {
    mark: Mark,
    problems: usize,
}

impl Checkpoint {
    fn new(builder: &TreeBuilder, problems: &[Problem]) -> Checkpoint {
        Checkpoint { mark: builder.mark(), problems: problems.len() }
    }

    fn restore(&self, builder: &mut TreeBuilder, problems: &mut Vec<Problem>) {
        builder.rewind(self.mark);
        problems.truncate(self.problems);
    }
}

/// Returns the byte offset of an error.
fn error_offset(error: &ScanError, source: &str) -> usize {
    error.marker().byte_offset().unwrap_or_else(|| {
        source.char_indices().nth(error.marker().index()).map_or(source.len(), |(at, _)| at)
    })
}

/// Returns the position of the `|` or `>` in the text between a key (or `-`) and the first line of a
/// block scalar. Comments, tags and anchors before it may contain the same characters.
fn block_header(before: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &before[at..];
        match rest.as_bytes().first()? {
            b'|' | b'>' => return Some(at),
            b'#' => at += rest.find(['\n', '\r'])?,
            b'!' | b'&' => at += rest.find([' ', '\t', '\n', '\r'])?,
            _ => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
}
