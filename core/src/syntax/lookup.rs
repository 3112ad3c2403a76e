//! Finds the nodes at a position of the text. For trees of one file.

use super::tree::{Document, Entry, Node, NodeKind, Style, Tree};
use crate::text::Span;

/// A step on the path from the root of a document to a position.
#[derive(Debug, Clone, Copy)]
pub enum Step<'t> {
    Entry(Entry<'t>),
    /// The zero-based index in the sequence, and the item.
    Item(usize, Node<'t>),
}

impl<'t> Step<'t> {
    /// Returns the value of the entry, or the item.
    pub fn value(self) -> Node<'t> {
        match self {
            Step::Entry(entry) => entry.value,
            Step::Item(_, item) => item,
        }
    }
}

impl Document {
    /// Whether the tree was made from repaired text, because the document itself does not parse.
    pub fn is_repaired(&self) -> bool {
        !self.repairs.is_empty()
    }
}

impl Tree {
    /// Returns the entries and items around an offset of the text, the outermost first; empty if no node
    /// begins before the offset. White space after an entry still belongs to it, so that `key: ` without a
    /// value leads to `key`. Aliases are not followed.
    pub fn path_at(&self, offset: usize) -> Vec<Step<'_>> {
        let before = |node: Node<'_>| node.full_span().start as usize <= offset;
        let mut path = Vec::new();
        let mut node = self.root_at(offset);
        while let Some(open) = node {
            let step = match open.kind() {
                NodeKind::Mapping => open.last_entry(&before).map(Step::Entry),
                NodeKind::Sequence => {
                    open.last_item(&before).map(|(at, item)| Step::Item(at, item))
                }
                NodeKind::Scalar | NodeKind::Alias => None,
            };
            path.extend(step);
            // The path ends on the key itself and behind a closing bracket.
            node = step
                .map(Step::value)
                .filter(|value| before(*value) && !value.span().is_empty())
                .filter(|value| value.style() != Style::Flow || offset < value.span().end as usize);
        }
        path
    }

    /// Whether the structure around a place is a guess: it lies in the innermost collection around a repaired
    /// line, and reaches to that line or below it.
    pub fn is_guessed(&self, place: Span) -> bool {
        let around = self.documents.iter().find(|it| it.is_repaired() && it.span.contains(place));
        let Some(document) = around else { return false };
        let text = self.text();
        document.repairs.iter().any(|repair| {
            let at = repair.end as usize;
            let line = text[..at].rfind('\n').map_or(0, |it| it + 1);
            // Where a line was moved, its place among those below is a guess too.
            let is_moved = text[repair.range()].starts_with('\n');
            let next = text[at..].find('\n').map_or(text.len(), |it| at + it + 1);
            let least = if is_moved { next } else { line };
            let inner = self.path_at(at).into_iter().map(Step::value);
            let all = document.root.map(|it| self.node(it)).into_iter().chain(inner);
            let mut around = all.filter(|node| {
                let is_collection = matches!(node.kind(), NodeKind::Mapping | NodeKind::Sequence);
                is_collection && node.span().end as usize >= least
            });
            let end = around.next_back().map_or(0, |it| it.span().end);
            place.end as usize >= line && place.start < end
        })
    }

    /// Returns the root of the document at an offset of the text.
    pub fn root_at(&self, offset: usize) -> Option<Node<'_>> {
        let started = |document: &Document| document.span.start as usize <= offset;
        let last = self.documents.partition_point(started).checked_sub(1)?;
        self.documents[last].root.map(|root| self.node(root))
    }

    /// Returns the mapping that has exactly this span.
    pub fn mapping_at(&self, span: Span) -> Option<Node<'_>> {
        let start = span.start as usize;
        let inner = self.path_at(start).into_iter().map(Step::value);
        let mut nodes = self.root_at(start).into_iter().chain(inner);
        nodes.find(|node| node.kind() == NodeKind::Mapping && node.span() == span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    fn read(text: &str) -> Tree {
        parse(FileId(0), &Arc::from(text), None).0
    }

    #[test]
    fn a_mapping_is_found_by_its_span() {
        let text = "a: {b: 1}\nc:\n  - d: 1\n    e: {}\n";
        let tree = read(text);
        let found = |piece: &str| {
            let at = text.find(piece).unwrap();
            let node = tree.mapping_at(Span::new(FileId(0), at, at + piece.len()))?;
            node.entries().next().map(|it| it.key.as_str().unwrap().to_owned())
        };
        assert_eq!(found("{b: 1}").as_deref(), Some("b"));
        assert_eq!(found("d: 1\n    e: {}").as_deref(), Some("d"));
        assert_eq!(found(text.trim_end()).as_deref(), Some("a"));
        assert_eq!(found("d: 1"), None);
    }

    #[test]
    fn what_follows_a_repaired_line_is_a_guess() {
        let text = "list:\n  - name: a\n    ports:\n      - 1\n  mounts:\n  - name: b\n    path: /b\nother: {c: 1}\n";
        let tree = read(text);
        assert!(tree.documents[0].is_repaired());
        let is_guessed = |piece: &str| {
            let at = text.find(piece).unwrap();
            tree.is_guessed(Span::new(FileId(0), at, at + piece.len()))
        };
        assert!(is_guessed("name: b\n    path: /b") && is_guessed("path"));
        assert!(!is_guessed("name: a\n    ports:\n      - 1") && !is_guessed("{c: 1}"));
        let moved = "list:\n  - name: a\n    size: 1\n  mounts:\n  - name: b\n";
        let at = moved.find("name: b").unwrap();
        assert!(read(moved).is_guessed(Span::new(FileId(0), at, at + "name: b".len())));
        let sound = read("list:\n  - name: a\n");
        assert!(!sound.is_guessed(Span::new(FileId(0), 8, 9)));
    }

    #[test]
    fn the_path_leads_to_the_innermost_node() {
        let text = "a:\n  - b: {c: 1, d: [x, y]}\n    e: \n---\nf: &x\n  g: *x\n";
        let tree = read(text);
        let path = |needle: &str| -> Vec<String> {
            let at = text.find(needle).unwrap();
            tree.path_at(at)
                .into_iter()
                .map(|it| match it {
                    Step::Entry(entry) => entry.key.as_str().unwrap().to_owned(),
                    Step::Item(at, _) => at.to_string(),
                })
                .collect()
        };
        assert_eq!(path("a:"), ["a"]);
        assert_eq!(path("b:"), ["a", "0", "b"]);
        assert_eq!(path("1,"), ["a", "0", "b", "c"]);
        assert_eq!(path("y]"), ["a", "0", "b", "d", "1"]);
        assert_eq!(path("\n    e"), ["a", "0", "b"]);
        assert_eq!(path(" \n---"), ["a", "0", "e"]);
        assert_eq!(path("&x"), ["f"]);
        assert_eq!(path("*x"), ["f", "g"]);
        assert!(read("").path_at(0).is_empty());
        assert!(read("# c\n\na: 1\n").path_at(2).is_empty());
    }
}
