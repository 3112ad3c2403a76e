//! From text to tree: documents one after the other, and what to do with one that does not parse.
//!
//! The parser itself is driven in `events.rs`. A document that does not parse is tried again with
//! small repairs (see `repair.rs`), so that the findings of its other lines stay while somebody
//! types; what could not be repaired is left out, and the documents after it are read as ever.

use super::errors::explain;
use super::events::{Events, Fault, MAX_DEPTH, MAX_PROBLEMS, Place, Why};
use super::repair::{self, Patch};
use super::tree::{Document, Tree, TreeBuilder};
use crate::text::{FileId, Span};
use granit_parser::ErrorKind;
use std::ops::Range;
use std::sync::Arc;

/// Larger files are not read at all: a deployment file of this size is a mistake or an attack.
pub const MAX_BYTES: usize = 64 << 20;

/// So many nodes are kept of one file. A text of the largest size that is read has far fewer unless
/// it was made to use up memory.
const MAX_NODES: usize = 8 << 20;

/// Files joined from more parts than this are broken for another reason; each position of a repaired
/// document is looked up among its patches.
const MAX_MARKS: usize = 64;

/// To start the parser costs a look at everything that it is given, so after a broken document it is
/// given about so many bytes at a time, in whole documents.
const WINDOW: usize = 16 << 10;

/// So many lines of one document may be repaired at once.
const MAX_REPAIRS: usize = 4;

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
    /// A setting in `plimsoll.yaml` that is not understood.
    Config,
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
    let reader = read(file, text, edited, MAX_NODES);
    (reader.builder.finish(), reader.problems)
}

fn read(file: FileId, text: &Arc<str>, edited: Option<Range<usize>>, max_nodes: usize) -> Reader {
    let mut reader = Reader {
        file,
        max_nodes,
        work: 0,
        builder: TreeBuilder::new(Arc::clone(text)),
        problems: Vec::new(),
        text: Arc::clone(text),
        edited,
        effort: (2 * text.len()).saturating_add(4 << 20),
    };
    if text.len() > MAX_BYTES {
        let message = format!("this file is larger than {} MiB and is not read", MAX_BYTES >> 20);
        reader.problem(ProblemKind::Limit, Span::new(file, 0, 0), message);
        return reader;
    }
    let (mut start, mut until, mut whole) = (0, text.len(), true);
    while start < text.len() {
        if start >= until {
            until = repair::window(text, start, WINDOW);
        }
        let next = reader.stream(start, until);
        // The rest is read in windows once something was broken, see `WINDOW`.
        if whole && next < until {
            (whole, until) = (false, next);
        }
        reader.work += next - start;
        start = next;
    }
    reader
}

struct Reader {
    file: FileId,
    text: Arc<str>,
    builder: TreeBuilder,
    problems: Vec<Problem>,
    edited: Option<Range<usize>>,
    max_nodes: usize,
    /// How many bytes were read, counted again for each repair that was tried.
    work: usize,
    /// So many bytes may still be read again for repairs. It grows with the file, so that the whole
    /// work stays in proportion to it however many documents are broken.
    effort: usize,
}

impl Reader {
    fn problem(&mut self, kind: ProblemKind, span: Span, message: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { kind, span, message, related: None });
        }
    }

    /// Reads documents from `start` to `until`, or until one is broken; answers where to go on.
    fn stream(&mut self, start: usize, until: usize) -> usize {
        let text = Arc::clone(&self.text);
        let source = &text[start..until];
        let mut events = Events::new(self.file, source, Place::Shifted(start), self.max_nodes);
        let Err(fault) = events.read(&mut self.builder, &mut self.problems) else {
            return until;
        };
        let at = (start + fault.at).min(text.len());
        let segment = repair::document_around(&text, start + events.document_start(), at);
        let at = at.clamp(segment.start, segment.end);
        self.broken(segment, at, &fault)
    }

    /// A document that does not parse: says so at the place that caused it and keeps what a repair
    /// can keep. Answers where to go on.
    fn broken(&mut self, segment: Range<usize>, at: usize, fault: &Fault) -> usize {
        let next = segment.end;
        let span = repair::token_at(&self.text, at, &segment);
        let span = Span::new(self.file, span.start, span.end);
        let error = match &fault.why {
            Why::TooManyNodes => {
                let message = format!(
                    "this file has more than {} values; from this document on it is not read",
                    self.max_nodes
                );
                self.problem(ProblemKind::Limit, span, message);
                self.leave_out(segment.start..self.text.len());
                return self.text.len();
            }
            Why::Parser(ErrorKind::RecursionLimitExceeded) => {
                let message = format!(
                    "collections lie more than {MAX_DEPTH} deep in one another; this document is not read"
                );
                self.problem(ProblemKind::Limit, span, message);
                self.leave_out(segment);
                return next;
            }
            Why::Parser(error) => error,
        };
        // Files that were put together from several often keep a byte order mark in the middle. The
        // readers of Compose and Kubernetes skip one at the start of a line, and so do we.
        if *error == ErrorKind::BomInsideDocument {
            let marks = repair::byte_order_marks(&self.text, &segment);
            if (1..=MAX_MARKS).contains(&marks.len())
                && self.repaired(&segment, &marks, false).is_ok()
            {
                return next;
            }
        }
        let (place, message) = explain(error, &self.text, &segment, at);
        self.problem(ProblemKind::Syntax, Span::new(self.file, place.start, place.end), message);
        let conflicts = repair::conflicts(&self.text, &segment);
        let halved = (1..=MAX_MARKS).contains(&conflicts.len())
            && self.repaired(&segment, &conflicts, true).is_ok();
        if !halved && !self.repair(&segment, at) {
            self.leave_out(segment);
        }
        next
    }

    /// Repairs line after line as long as each repair lets the parser come further.
    fn repair(&mut self, segment: &Range<usize>, at: usize) -> bool {
        let text = Arc::clone(&self.text);
        let mut tries = tries(segment.len());
        let mut made: Vec<Patch> = Vec::new();
        let mut reached = at;
        for _ in 0..MAX_REPAIRS {
            let mut furthest: Option<(usize, Vec<Patch>)> = None;
            for patch in repair::patches(&text, segment, reached, self.edited.as_ref()) {
                let Some(patches) = repair::with(&made, patch) else { continue };
                if tries == 0 || self.effort < segment.len() {
                    return false;
                }
                tries -= 1;
                self.effort -= segment.len();
                match self.repaired(segment, &patches, true) {
                    Ok(()) => return true,
                    Err(at) => {
                        if at > furthest.as_ref().map_or(reached, |it| it.0) {
                            furthest = Some((at, patches));
                        }
                    }
                }
            }
            let Some((at, patches)) = furthest else { return false };
            reached = at;
            made = patches;
        }
        false
    }

    /// Reads a document with the patches made; `Err` is the place of the error that remains. `said`:
    /// the document is broken for its readers too, and marked so.
    fn repaired(
        &mut self,
        segment: &Range<usize>,
        patches: &[Patch],
        said: bool,
    ) -> Result<(), usize> {
        self.work += segment.len();
        let mark = self.builder.mark();
        let source = repair::apply(patches, &self.text[segment.clone()], segment.start);
        let mut problems = Vec::new();
        let place = Place::Patched { start: segment.start, patches: patches.to_vec() };
        let mut events = Events::new(self.file, &source, place, self.max_nodes);
        if let Err(fault) = events.read(&mut self.builder, &mut problems) {
            self.builder.rewind(mark);
            return Err(repair::original(patches, segment.start + fault.at));
        }
        if said {
            self.builder.mark_repaired(mark);
            problems.retain(|it| repair::survives(it, patches, &self.text));
        }
        let room = MAX_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(problems.into_iter().take(room));
        Ok(())
    }

    fn leave_out(&mut self, segment: Range<usize>) {
        let span = Span::new(self.file, segment.start, segment.end);
        self.builder.document(Document { root: None, span, repaired: false, broken: true });
    }
}

/// How often a document of so many bytes is read again at most: a keystroke in a large one must not
/// take longer than a person notices.
fn tries(bytes: usize) -> usize {
    match bytes {
        0..=0xFFFF => 48,
        0x1_0000..=0xF_FFFF => 16,
        0x10_0000..=0x7F_FFFF => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_nodes_than_fit_are_said_and_the_documents_before_stay() {
        let text: Arc<str> = "a: 1\n---\n[b, c, d, e]\n---\nf: 1\n".into();
        let reader = read(FileId(0), &text, None, 6);
        assert_eq!(reader.problems.len(), 1);
        assert_eq!(reader.problems[0].kind, ProblemKind::Limit);
        let tree = reader.builder.finish();
        assert_eq!(tree.documents.iter().map(|it| it.broken).collect::<Vec<_>>(), [false, true]);
        assert!(read(FileId(0), &text, None, 20).problems.is_empty());
    }

    /// Each broken document starts the parser again, and each may be read again for repairs: the
    /// work must grow with the text, not with the product of the two.
    #[test]
    fn many_broken_documents_cost_no_more_than_a_few_readings() {
        for broken in ["b: \"x\nc: 1\n", "b: {{ x }}\n{{ y }}: [\n}} z\n"] {
            let document = format!("---\n# {}\na: 1\n{broken}", "x".repeat(200));
            let text: Arc<str> = document.repeat(5_000).into();
            let reader = read(FileId(0), &text, None, MAX_NODES);
            assert!(reader.work <= 4 * text.len() + (4 << 20), "{} of {}", reader.work, text.len());
            let tree = reader.builder.finish();
            assert_eq!(tree.documents.len(), 5_000, "{broken:?}");
        }
    }

    #[test]
    fn a_large_broken_document_is_not_read_often() {
        let text: Arc<str> = format!("{}- [\n", "- some value\n".repeat(90_000)).into();
        let reader = read(FileId(0), &text, None, MAX_NODES);
        assert!(reader.work <= 4 * text.len(), "{} of {}", reader.work, text.len());
    }
}
