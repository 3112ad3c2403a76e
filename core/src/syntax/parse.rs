//! From text to tree. Everything that touches the parser crate is in this file.
//!
//! granit-parser gives events with byte spans, comments and anchor names, and can go on with the
//! next document after an error. A document that does not parse is tried again with small repairs
//! (see `repair.rs`), so that the findings of its other lines stay while somebody types.

use super::repair::{self, Patch};
use super::tree::{Comment, Document, NodeId, Style, Tree, TreeBuilder};
use crate::text::{FileId, Span};
use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Larger files are not read at all: a deployment file of this size is a mistake or an attack.
pub const MAX_BYTES: usize = 64 << 20;

/// Flow and block collections may lie this deep in one another; the parser's own limit.
const MAX_DEPTH: usize = 255;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// PLM001
    Syntax,
    /// PLM002
    DuplicateKey,
    /// PLM003
    UnknownAnchor,
    /// PLM007
    Limit,
}

/// What is wrong with the text, as a person would say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    pub span: Span,
    pub message: String,
    /// The other place that belongs to it: the first of two equal keys.
    pub related: Option<Span>,
}

/// Reads all documents of a text. `edited` is where the text was last changed, if somebody is
/// typing: a document that breaks there is repaired there first.
pub fn parse(file: FileId, text: &Arc<str>, edited: Option<Range<usize>>) -> (Tree, Vec<Problem>) {
    let mut reader = Reader {
        file,
        builder: TreeBuilder::new(Arc::clone(text)),
        problems: Vec::new(),
        text: Arc::clone(text),
    };
    if text.len() > MAX_BYTES {
        let span = Span::new(file, 0, 0);
        reader.problem(
            ProblemKind::Limit,
            span,
            format!(
                "this file is {} MiB; files over {} MiB are not read",
                text.len() >> 20,
                MAX_BYTES >> 20
            ),
        );
        return (reader.builder.finish(), reader.problems);
    }
    let mut start = 0;
    while start < text.len() {
        start = reader.stream(start, edited.as_ref());
    }
    (reader.builder.finish(), reader.problems)
}

struct Reader {
    file: FileId,
    text: Arc<str>,
    builder: TreeBuilder,
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, kind: ProblemKind, span: Span, message: String) {
        self.problems.push(Problem { kind, span, message, related: None });
    }

    /// Reads documents from `start` on until the end, or until one is broken; answers where to go on.
    fn stream(&mut self, start: usize, edited: Option<&Range<usize>>) -> usize {
        let text = Arc::clone(&self.text);
        let source = &text[start..];
        let mut events = Events::new(self.file, source, Place::Shifted(start));
        let problems = self.problems.len();
        match events.read(&mut self.builder, &mut self.problems) {
            Ok(()) => text.len(),
            Err(error) => {
                debug_assert!(self.problems.len() >= problems);
                let segment = repair::document_around(&text, start, events.document_start);
                let at = (start + error_offset(&error, source)).clamp(segment.start, segment.end);
                self.broken(segment.clone(), at, &error, edited);
                segment.end
            }
        }
    }

    /// A document that does not parse: says so at the place that caused it and keeps what a repair can keep.
    fn broken(
        &mut self,
        segment: Range<usize>,
        at: usize,
        error: &ScanError,
        edited: Option<&Range<usize>>,
    ) {
        let span = repair::token_at(&self.text, at, segment.end);
        let span = Span::new(self.file, span.start, span.end);
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            self.problem(
                ProblemKind::Limit,
                span,
                format!("collections lie more than {MAX_DEPTH} deep in one another; this document is not read"),
            );
            self.leave_out(segment);
            return;
        }
        self.problem(ProblemKind::Syntax, span, describe(error.kind()));
        let text = Arc::clone(&self.text);
        for patch in repair::patches(&text, &segment, at, edited) {
            if self.repaired(&segment, &patch) {
                return;
            }
        }
        self.leave_out(segment);
    }

    fn repaired(&mut self, segment: &Range<usize>, patch: &Patch) -> bool {
        let mark = self.builder.mark();
        let documents = self.builder.documents();
        let source = patch.apply(&self.text[segment.clone()], segment.start);
        let mut problems = Vec::new();
        let place = Place::Patched { start: segment.start, patch: patch.clone() };
        let mut events = Events::new(self.file, &source, place);
        if events.read(&mut self.builder, &mut problems).is_err() {
            self.builder.rewind(mark);
            self.builder.truncate_documents(documents);
            return false;
        }
        self.builder.mark_repaired(documents);
        self.problems.append(&mut problems);
        true
    }

    fn leave_out(&mut self, segment: Range<usize>) {
        let span = Span::new(self.file, segment.start, segment.end);
        self.builder.document(Document { root: None, span, repaired: false, broken: true });
    }
}

/// How positions of the text that is read relate to those of the file.
enum Place {
    Shifted(usize),
    Patched { start: usize, patch: Patch },
}

impl Place {
    fn original(&self, at: usize) -> usize {
        match self {
            Place::Shifted(start) => at + start,
            Place::Patched { start, patch } => patch.original(at + start),
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
    tag: Option<(SmolStr, Span)>,
    anchor_name: Option<(SmolStr, Span)>,
}

/// Turns the events of one stretch of text into nodes.
struct Events<'s> {
    file: FileId,
    source: &'s str,
    place: Place,
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
    fn new(file: FileId, source: &'s str, place: Place) -> Events<'s> {
        let options = granit_parser::options! {
            emit_anchor_events: true,
            emit_unresolved_aliases: true,
            strict_indentation: false,
            max_buffered_comment_events: usize::MAX,
            flow_nesting_limit: MAX_DEPTH,
            block_nesting_limit: MAX_DEPTH,
        };
        Events {
            file,
            source,
            place,
            parser: Parser::new_from_str_with_options(source, options),
            document_start: 0,
            last_end: 0,
            stack: Vec::new(),
            pending: Vec::new(),
            root: None,
            anchors: FxHashMap::default(),
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, self.place.original(start), self.place.original(end))
    }

    fn read(
        &mut self,
        builder: &mut TreeBuilder,
        problems: &mut Vec<Problem>,
    ) -> Result<(), ScanError> {
        let mut mark = builder.mark();
        let mut noted = problems.len();
        let mut document = Span::new(self.file, 0, 0);
        loop {
            let (event, span) = match self.parser.next() {
                None => return Ok(()),
                Some(Ok(it)) => it,
                Some(Err(error)) => {
                    builder.rewind(mark);
                    problems.truncate(noted);
                    return Err(error);
                }
            };
            let range = span.byte_range().unwrap_or(self.last_end..self.last_end);
            match event {
                Event::StreamStart | Event::StreamEnd => {}
                Event::DocumentStart(..) => {
                    mark = builder.mark();
                    noted = problems.len();
                    self.document_start = range.start;
                    self.last_end = range.end;
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
                }
                Event::Comment(..) => {
                    let before = self.source[..range.start].trim_end_matches([' ', '\t']);
                    let own_line = before.is_empty() || before.ends_with(['\n', '\r', '\u{FEFF}']);
                    builder.comment(Comment { span: self.span(range.start, range.end), own_line });
                }
                Event::Scalar(value, style, anchor, tag) => {
                    let tag = self.tag(tag.as_deref(), &span);
                    let node = self.scalar(builder, &value, style, range);
                    if let Some((tag, span)) = tag {
                        builder.properties(node).tag = Some((tag, span));
                    }
                    if anchor != 0 {
                        self.anchors.insert(anchor, node);
                    }
                    self.attach(node);
                }
                Event::Alias(id) => {
                    let target = self.anchors.get(&id).copied();
                    let place = self.span(range.start, range.end);
                    let node = builder.alias(place, target);
                    if target.is_none() {
                        problems.push(Problem {
                            kind: ProblemKind::UnknownAnchor,
                            span: place,
                            message: format!(
                                "`{}` stands inside the very node that it names",
                                self.slice(&range)
                            ),
                            related: None,
                        });
                    }
                    self.last_end = range.end;
                    self.attach(node);
                }
                Event::UnresolvedAlias(name) => {
                    let place = self.span(range.start, range.end);
                    problems.push(Problem {
                        kind: ProblemKind::UnknownAnchor,
                        span: place,
                        message: format!(
                            "no anchor `&{name}` stands before this alias in the document"
                        ),
                        related: None,
                    });
                    let node = builder.alias(place, None);
                    self.last_end = range.end;
                    self.attach(node);
                }
                Event::Anchor(id, name) => {
                    let place = self.span(range.start, range.end);
                    let name = SmolStr::new(&name);
                    match self.anchors.get(&id) {
                        Some(node) => builder.properties(*node).anchor = Some((name, place)),
                        None => {
                            if let Some(frame) =
                                self.stack.iter_mut().rev().find(|it| it.anchor == id)
                            {
                                frame.anchor_name = Some((name, place));
                            }
                        }
                    }
                }
                Event::SequenceStart(style, anchor, tag)
                | Event::MappingStart(style, anchor, tag)
                    if self.stack.len() > 2 * MAX_DEPTH =>
                {
                    // The parser's own limits are below this; kept so that depth is bounded by us too.
                    let _ = (style, anchor, tag);
                    return Err(ScanError::new(span.start, "too deep"));
                }
                Event::SequenceStart(style, anchor, tag) => {
                    let tag = self.tag(tag.as_deref(), &span);
                    self.open(false, style, anchor, tag, range);
                }
                Event::MappingStart(style, anchor, tag) => {
                    let tag = self.tag(tag.as_deref(), &span);
                    self.open(true, style, anchor, tag, range);
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(builder, problems, range),
                _ => {}
            }
        }
    }

    fn slice(&self, range: &Range<usize>) -> &'s str {
        self.source.get(range.clone()).unwrap_or_default()
    }

    fn tag(&self, tag: Option<&Tag>, span: &granit_parser::Span) -> Option<(SmolStr, Span)> {
        let tag = tag?;
        let start = span.tag_start().and_then(|it| it.byte_offset());
        let range =
            span.tag_span().and_then(|it| it.byte_range()).or_else(|| start.map(|it| it..it));
        let range = range.unwrap_or(self.last_end..self.last_end);
        let written = self.slice(&range);
        let name =
            if written.is_empty() { SmolStr::new(tag.original()) } else { SmolStr::new(written) };
        Some((name, self.span(range.start, range.end)))
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
        value: &Cow<'s, str>,
        style: ScalarStyle,
        range: Range<usize>,
    ) -> NodeId {
        let (style, range) = match style {
            ScalarStyle::Plain => (Style::Plain, range),
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
        if let (Cow::Borrowed(slice), Place::Shifted(shift)) = (value, &self.place) {
            let at = (slice.as_ptr() as usize).wrapping_sub(self.source.as_ptr() as usize);
            if self.source.get(at..at.saturating_add(slice.len())) == Some(*slice) {
                return builder.scalar_slice(span, at + shift, slice.len(), style);
            }
        }
        builder.scalar(span, value, style)
    }

    /// From the `|` or `>` to the last letter: the parser's own range starts at the first content
    /// line and runs into the next line's indentation.
    fn block_scalar(&self, range: Range<usize>) -> Range<usize> {
        let header = self.slice(&(self.last_end..range.start));
        let start = header.find(['|', '>']).map_or(range.start, |it| self.last_end + it);
        let body = self.slice(&range).trim_end();
        start..(range.start + body.len()).max(start + 1)
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
            tag,
            anchor_name: None,
        });
    }

    fn close(
        &mut self,
        builder: &mut TreeBuilder,
        problems: &mut Vec<Problem>,
        range: Range<usize>,
    ) {
        let Some(frame) = self.stack.pop() else { return };
        let children = self.pending.split_off(frame.first);
        let end = if frame.flow {
            self.last_end = self.last_end.max(range.end);
            self.span(range.end, range.end).end
        } else {
            children.last().map_or(frame.span.end, |it| builder.span_of(*it).end)
        };
        let span = Span { end: end.max(frame.span.start), ..frame.span };
        let style = if frame.flow { Style::Flow } else { Style::Block };
        let node = if frame.mapping {
            duplicate_keys(builder, &children, problems);
            builder.mapping(span, &children, style)
        } else {
            builder.sequence(span, &children, style)
        };
        if frame.tag.is_some() || frame.anchor_name.is_some() {
            let properties = builder.properties(node);
            properties.tag = frame.tag;
            properties.anchor = frame.anchor_name;
        }
        if frame.anchor != 0 {
            self.anchors.insert(frame.anchor, node);
        }
        self.attach(node);
    }
}

fn duplicate_keys(builder: &TreeBuilder, children: &[NodeId], problems: &mut Vec<Problem>) {
    let keys =
        || children.iter().step_by(2).filter_map(|it| builder.scalar_of(*it).map(|key| (key, *it)));
    let mut report = |key: &str, first: NodeId, second: NodeId| {
        // Only a parser extension allows several merge keys; consumers take them all.
        if key != "<<" {
            problems.push(Problem {
                kind: ProblemKind::DuplicateKey,
                span: builder.span_of(second),
                message: format!("the key `{key}` stands twice in this mapping"),
                related: Some(builder.span_of(first)),
            });
        }
    };
    if children.len() <= 32 {
        for (at, (key, second)) in keys().enumerate() {
            if let Some((_, first)) = keys().take(at).find(|it| it.0 == key) {
                report(key, first, second);
            }
        }
        return;
    }
    let mut seen: FxHashMap<&str, NodeId> = FxHashMap::default();
    let mut reported: FxHashSet<NodeId> = FxHashSet::default();
    for (key, node) in keys() {
        if let Some(first) = seen.get(key) {
            if reported.insert(node) {
                report(key, *first, node);
            }
        } else {
            seen.insert(key, node);
        }
    }
}

fn error_offset(error: &ScanError, source: &str) -> usize {
    error.marker().byte_offset().unwrap_or_else(|| {
        source.char_indices().nth(error.marker().index()).map_or(source.len(), |(at, _)| at)
    })
}

/// The parser's category in words that say what to do at that place.
fn describe(kind: &ErrorKind) -> String {
    use ErrorKind as E;
    let text = match kind {
        E::UnclosedQuotedScalar => "this quote is never closed",
        E::DocumentIndicatorInQuotedScalar => {
            "a quoted value runs into the next document: its closing quote is missing"
        }
        E::UnclosedFlowCollection { open } => return format!("this `{open}` is never closed"),
        E::MismatchedFlowCollectionEnd { open, close } => {
            return format!("`{close}` closes what `{open}` opened");
        }
        E::MisplacedFlowCollectionEnd => "a closing bracket without an opening one",
        E::UnexpectedEofFlowSequence | E::ExpectedFlowSequenceSeparator => {
            "inside `[ ]` a `,` or the closing `]` is missing here"
        }
        E::UnexpectedEofFlowMapping
        | E::UnexpectedEofImplicitFlowMapping
        | E::ExpectedFlowMappingSeparator => {
            "inside `{ }` a `,` or the closing `}` is missing here"
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => {
            "a key needs a `:` after it, followed by a space or the end of the line"
        }
        E::ExpectedBlockMappingKey | E::InvalidIndentation => {
            "this line's indentation fits no block above it"
        }
        E::ExpectedBlockSequenceEntry | E::BlockSequenceEntryNotAllowed => {
            "a list item (`- `) is not allowed here: check the indentation of this line and the one above"
        }
        E::TabInIndentation | E::TabInBlockIndentation | E::TabNotAllowed | E::TabInPlainScalar => {
            "a tab stands where YAML allows only spaces"
        }
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidUnicodeEscape => {
            "inside double quotes this `\\` starts no known escape; use single quotes or `\\\\`"
        }
        E::UnexpectedCharacter { character } => {
            return format!("`{}` cannot start a value: quote it", character.escape_debug());
        }
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            "something follows the closing quote: quote the whole value, or nothing of it"
        }
        E::InvalidBlockScalarIndent | E::TabAtBlockScalarStart | E::InvalidBlockScalarHeader => {
            "the block after `|` or `>` is not indented as it must be"
        }
        E::UndeclaredTagHandle => "this tag's handle is not declared",
        other => return sentence(other),
    };
    text.to_owned()
}

/// Rare categories: the parser's own words for them.
fn sentence(kind: &ErrorKind) -> String {
    let mut text = kind.to_string();
    if let Some(first) = text.get(..1) {
        text = format!("{}{}", first.to_lowercase(), &text[1..]);
    }
    text
}
