//! Reads the documents of a text one after the other into a tree.
//!
//! The parser itself is driven in `events.rs`. A document that does not parse is read again with small
//! repairs (see `repair.rs`), so that the findings in its other lines stay while somebody types. A
//! document that cannot be repaired is left out, and the documents after it are read as usual.

use super::errors::explain;
use super::events::{Events, Fault, Place, Why};
use super::limits::{
    MAX_BYTES, MAX_DEPTH, MAX_MARKS, MAX_NODES, MAX_PROBLEMS, MAX_REPAIRS, WINDOW, max_tries,
};
use super::lines::{document_around, window, word_at};
use super::problem::{Problem, ProblemKind};
use super::repair::{self, Patch};
use super::tree::{Document, Tree, TreeBuilder};
use crate::text::{FileId, Span};
use granit_parser::ErrorKind;
use std::ops::Range;
use std::sync::Arc;

/// Parses all documents of a text. `edited` is the range of the last change, if somebody is typing:
/// repairs of a document that is broken there start there.
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
            until = window(text, start, WINDOW);
        }
        let next = reader.stream(start, until);
        // After a broken document the rest is read in windows, see `WINDOW`.
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
    /// Number of bytes read, including those that were read again for repairs.
    work: usize,
    /// Number of bytes that may still be read again for repairs. It starts in proportion to the size of
    /// the file, so that the total work does too, however many documents are broken.
    effort: usize,
}

impl Reader {
    fn problem(&mut self, kind: ProblemKind, span: Span, message: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { kind, span, message, related: None });
        }
    }

    /// Reads documents from `start` to `until`, or to the end of the first broken one. Returns where to
    /// continue.
    fn stream(&mut self, start: usize, until: usize) -> usize {
        let text = Arc::clone(&self.text);
        let source = &text[start..until];
        let mut events = Events::new(self.file, source, Place::Shifted(start), self.max_nodes);
        let Err(fault) = events.read(&mut self.builder, &mut self.problems) else {
            return until;
        };
        let at = (start + fault.at).min(text.len());
        let segment = document_around(&text, start + events.document_start(), at);
        let at = at.clamp(segment.start, segment.end);
        self.broken(segment, at, &fault)
    }

    /// Reports a document that does not parse, at the place of the cause, and keeps what a repair can
    /// keep. Returns where to continue.
    fn broken(&mut self, segment: Range<usize>, at: usize, fault: &Fault) -> usize {
        let next = segment.end;
        let span = word_at(&self.text, at, &segment);
        let span = Span::new(self.file, span.start, span.end);
        let error = match &fault.why {
            Why::TooManyNodes => {
                let message = format!(
                    "this file has more than {} values; this document and the rest of the file are not read",
                    self.max_nodes
                );
                self.problem(ProblemKind::Limit, span, message);
                self.leave_out(segment.start..self.text.len());
                return self.text.len();
            }
            Why::Parser(ErrorKind::RecursionLimitExceeded) => {
                let message = format!(
                    "collections are nested more than {MAX_DEPTH} levels deep; this document is not read"
                );
                self.problem(ProblemKind::Limit, span, message);
                self.leave_out(segment);
                return next;
            }
            Why::Parser(error) => error,
        };
        // A file concatenated from several often has byte order marks in the middle. The readers of
        // Compose and Kubernetes skip a mark at the start of a line.
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

    /// Repairs one line after another, as long as each repair moves the error further down. Returns
    /// whether the document parses then.
    fn repair(&mut self, segment: &Range<usize>, at: usize) -> bool {
        let text = Arc::clone(&self.text);
        let mut tries = max_tries(segment.len());
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
                        if at > furthest.as_ref().map_or(reached, |(at, _)| *at) {
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

    /// Reads a document with patches applied; `Err` is the position of the next error. `broken` says
    /// that other readers refuse the document, which is then marked as repaired.
    fn repaired(
        &mut self,
        segment: &Range<usize>,
        patches: &[Patch],
        broken: bool,
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
        if broken {
            let place = |it: &Patch| Span::new(self.file, it.remove.start, it.remove.end);
            let repairs: Vec<Span> = patches.iter().map(place).collect();
            self.builder.mark_repaired(mark, &repairs);
            problems.retain(|problem| repair::survives(problem, patches, &self.text));
        }
        let room = MAX_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(problems.into_iter().take(room));
        Ok(())
    }

    fn leave_out(&mut self, segment: Range<usize>) {
        let span = Span::new(self.file, segment.start, segment.end);
        self.builder.document(Document { root: None, span, repairs: Vec::new(), broken: true });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_nodes_are_reported_and_the_documents_before_are_kept() {
        let text: Arc<str> = "a: 1\n---\n[b, c, d, e]\n---\nf: 1\n".into();
        let reader = read(FileId(0), &text, None, 6);
        assert_eq!(reader.problems.len(), 1);
        assert_eq!(reader.problems[0].kind, ProblemKind::Limit);
        let tree = reader.builder.finish();
        assert_eq!(tree.documents.iter().map(|it| it.broken).collect::<Vec<_>>(), [false, true]);
        assert!(read(FileId(0), &text, None, 20).problems.is_empty());
    }

    /// The parser restarts after every broken document, and may read each again for repairs. The work
    /// must grow with the size of the text alone.
    #[test]
    fn many_broken_documents_take_linear_time() {
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
    fn a_large_broken_document_is_read_a_few_times_only() {
        let text: Arc<str> = format!("{}- [\n", "- some value\n".repeat(90_000)).into();
        let reader = read(FileId(0), &text, None, MAX_NODES);
        assert!(reader.work <= 4 * text.len(), "{} of {}", reader.work, text.len());
    }
}
