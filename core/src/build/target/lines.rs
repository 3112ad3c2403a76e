//! Where each line of a rendered document was written.

use crate::build::origin::Text;
use crate::syntax::{Node, parse};
use crate::text::{Encoding, FileId, LineIndex, Span};
use std::sync::Arc;

/// Returns the places of the lines that the templates of a chart print: the line of the template, and the
/// values that its expressions print.
pub fn of_text(text: &Text) -> Vec<Vec<Span>> {
    let mut places = Vec::new();
    let mut start = 0;
    for line in text.as_str().split_inclusive('\n') {
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        let range = start + indent..start + content.len();
        start += line.len();
        let mut here: Vec<Span> = Vec::new();
        if !range.is_empty() {
            here.extend(text.locate(range.clone()).map(|place| place.span));
            here.extend(text.behind(range));
        }
        places.push(here);
    }
    places
}

/// Returns the places of the lines of a printed tree: the value of each line, and its key where that was written
/// elsewhere, as in a base below a patch.
pub fn of_tree(printed: &str, root: Node<'_>) -> Vec<Vec<Span>> {
    let text: Arc<str> = printed.into();
    let (tree, _) = parse(FileId(0), &text, None);
    let mut found = Found { lines: LineIndex::new(&text), places: Vec::new() };
    found.places.resize(text.lines().count(), Vec::new());
    if let Some(printed) = tree.roots().next() {
        found.note(printed, root);
    }
    found.places
}

struct Found {
    lines: LineIndex,
    places: Vec<Vec<Span>>,
}

impl Found {
    /// Notes the places of a printed node and of everything in it.
    fn note(&mut self, printed: Node<'_>, source: Node<'_>) {
        for entry in printed.entries() {
            let Some(written) = entry.key.as_str().and_then(|key| source.entry(key)) else {
                continue;
            };
            self.note(entry.value, written.value);
            self.add(entry.key.span(), written.key.span());
        }
        for (printed, source) in printed.items().zip(source.items()) {
            self.note(printed, source);
        }
        if printed.is_scalar() {
            self.add(printed.span(), source.span());
        }
    }

    /// Adds a place to the lines of a printed span.
    fn add(&mut self, printed: Span, source: Span) {
        let line = |offset: u32| self.lines.position(offset as usize, Encoding::Utf8).line as usize;
        let (first, last) = (line(printed.start), line(printed.end));
        for places in self.places.iter_mut().take(last + 1).skip(first) {
            places.push(source);
        }
    }
}
