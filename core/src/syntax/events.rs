//! Turns the parser's events into nodes. Together with `errors.rs` the only place that knows the
//! parser crate.
//!
//! granit-parser gives events with byte spans and anchor names. What it leaves open is
//! done here: where collections end, where a block scalar starts, and that a tree of any depth is
//! built without recursion.

use super::duplicates::{duplicate_keys, shown};
use super::parse::{Problem, ProblemKind};
use super::repair::{self, Patch};
use super::tree::{Document, NodeId, Properties, Style, TreeBuilder};
use crate::text::{FileId, Span};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};
use rustc_hash::FxHashMap;
use smol_str::SmolStr;
use std::ops::Range;

/// Flow and block collections may lie this deep in one another; the parser's own limit.
pub(super) const MAX_DEPTH: usize = 255;

/// More problems than this in one file tell nobody anything.
pub(super) const MAX_PROBLEMS: usize = 10_000;

/// Why a document could not be read to its end.
pub(super) struct Fault {
    /// Where, in the source that was read.
    pub at: usize,
    pub why: Why,
}

pub(super) enum Why {
    Parser(ErrorKind),
    TooManyNodes,
}

/// How positions of the text that is read relate to those of the file.
pub(super) enum Place {
    Shifted(usize),
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

/// One collection that is still open.
struct Frame {
    first: usize,
    mapping: bool,
    flow: bool,
    span: Span,
    anchor: usize,
    /// The tag and anchor of the few that have one; apart, since every collection is moved in and out.
    properties: Option<Box<Properties>>,
}

/// Turns the events of one stretch of text into nodes.
pub(super) struct Events<'s> {
    file: FileId,
    source: &'s str,
    place: Place,
    max_nodes: usize,
    parser: Parser<'s, granit_parser::StrInput<'s>>,
    /// Where the document being read starts, in `source`.
    document_start: usize,
    /// Where the last node or key ended, in `source`: block scalar headers are looked for after it.
    last_end: usize,
    stack: Vec<Frame>,
    /// Finished nodes that wait for their collection to close.
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
            // As libyaml and its ports: what Compose and kubectl see.
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

    /// Where the document that is being read starts, in the source; between two documents the end
    /// of the first.
    pub fn document_start(&self) -> usize {
        self.document_start
    }

    /// Reads all documents. After an error the builder holds the documents before the broken one
    /// and nothing of that itself.
    pub fn read(
        &mut self,
        builder: &mut TreeBuilder,
        problems: &mut Vec<Problem>,
    ) -> Result<(), Fault> {
        let mut mark = builder.mark();
        let mut noted = problems.len();
        let mut document = Span::new(self.file, 0, 0);
        loop {
            // Looked at where it is: an event with its span is large to move.
            let next = self.parser.next();
            let (event, span) = match &next {
                None => return Ok(()),
                Some(Ok(it)) => (&it.0, &it.1),
                Some(Err(error)) => {
                    builder.rewind(mark);
                    problems.truncate(noted);
                    let at = error_offset(error, self.source);
                    return Err(Fault { at, why: Why::Parser(error.kind().clone()) });
                }
            };
            if builder.len() > self.max_nodes {
                builder.rewind(mark);
                problems.truncate(noted);
                return Err(Fault { at: self.last_end, why: Why::TooManyNodes });
            }
            let range = span.byte_range().unwrap_or(self.last_end..self.last_end);
            match event {
                Event::StreamStart | Event::StreamEnd => {}
                Event::DocumentStart(explicit, _) => {
                    mark = builder.mark();
                    noted = problems.len();
                    // Without `---` the event has the place of the first content that the parser
                    // knows of, which may lie behind the `|` of a block scalar.
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
                    builder.document(Document {
                        root: self.root.take(),
                        span,
                        repaired: false,
                        broken: false,
                    });
                    mark = builder.mark();
                    noted = problems.len();
                    self.document_start = range.end.max(self.last_end);
                }
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
                        let message = format!("`{name}` stands inside the very node that it names");
                        self.unknown_anchor(problems, &range, message);
                    }
                    self.alias(builder, range, target);
                }
                Event::UnresolvedAlias(name) => {
                    let name = shown(name);
                    let message =
                        format!("no anchor `&{name}` stands before this alias in the document");
                    self.unknown_anchor(problems, &range, message);
                    self.alias(builder, range, None);
                }
                Event::Anchor(id, name) => {
                    let place = self.span(range.start, range.end);
                    let name = SmolStr::new(name);
                    match self.anchors.get(id) {
                        Some(node) => builder.properties(*node).anchor = Some((name, place)),
                        None => {
                            if let Some(frame) =
                                self.stack.iter_mut().rev().find(|it| it.anchor == *id)
                            {
                                frame.properties.get_or_insert_default().anchor =
                                    Some((name, place));
                            }
                        }
                    }
                }
                Event::SequenceStart(style, anchor, tag) => {
                    let tag = tag.as_ref().map(|it| self.tag(it, span));
                    self.open(false, *style, *anchor, tag, range);
                }
                Event::MappingStart(style, anchor, tag) => {
                    let tag = tag.as_ref().map(|it| self.tag(it, span));
                    self.open(true, *style, *anchor, tag, range);
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(builder, problems, range),
                _ => {}
            }
        }
    }

    fn slice(&self, range: &Range<usize>) -> &'s str {
        self.source.get(range.clone()).unwrap_or_default()
    }

    fn tag(&self, tag: &Tag, span: &granit_parser::Span) -> (SmolStr, Span) {
        let start = span.tag_start().and_then(|it| it.byte_offset());
        let range =
            span.tag_span().and_then(|it| it.byte_range()).or_else(|| start.map(|it| it..it));
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
        // An absent value comes as `~` with an empty range.
        if range.is_empty() && style == Style::Plain {
            return builder.scalar_slice(span, span.start as usize, 0, style);
        }
        if let Place::Shifted(shift) = &self.place {
            // The value is nearly always a part of the source; its address tells which.
            let at = (value.as_ptr() as usize).wrapping_sub(self.source.as_ptr() as usize);
            if at.saturating_add(value.len()) <= self.source.len() {
                return builder.scalar_slice(span, at + shift, value.len(), style);
            }
        }
        builder.scalar(span, value, style)
    }

    /// The parser takes a byte order mark at the start of a document into the range of the first
    /// word, though not into its value.
    fn without_mark(&self, range: Range<usize>, value: &str) -> Range<usize> {
        const MARK: &str = "\u{FEFF}";
        let source = self.source.as_bytes();
        let marked = source.get(range.start) == MARK.as_bytes().first()
            && self.slice(&range).starts_with(MARK)
            && !value.starts_with(MARK);
        if marked { range.start + MARK.len()..range.end } else { range }
    }

    /// From the `|` or `>` to the last letter: the parser's own range starts at the first content
    /// line and runs into the next line's indentation.
    fn block_scalar(&self, range: Range<usize>) -> Range<usize> {
        let before = self.slice(&(self.last_end..range.start));
        let header = block_header(before).map(|it| self.last_end + it);
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
            properties: tag.map(|it| Box::new(Properties { tag: Some(it), anchor: None })),
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
            bounds.map_or(frame.span.end as usize, |it| it.1.end as usize)
        };
        let start = bounds.map_or(frame.span.start, |it| it.0.start.min(frame.span.start));
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

fn error_offset(error: &ScanError, source: &str) -> usize {
    error.marker().byte_offset().unwrap_or_else(|| {
        source.char_indices().nth(error.marker().index()).map_or(source.len(), |(at, _)| at)
    })
}

/// Where the `|` or `>` stands in the text between a key (or `-`) and the first line of a block
/// scalar: after indicators, comments, tag and anchor, all of which may hold such letters too.
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
