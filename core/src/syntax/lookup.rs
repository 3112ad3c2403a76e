//! Finds the nodes at a position of the text. For trees of one file.

use super::tree::{Document, Entry, Node, NodeKind, Style, Tree};

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

impl Tree {
    /// Returns the entries and items around an offset of the text, the outermost first; empty if no node
    /// begins before the offset. White space after an entry still belongs to it, so that `key: ` without a
    /// value leads to `key`. Aliases are not followed.
    pub fn path_at(&self, offset: usize) -> Vec<Step<'_>> {
        let before = |node: Node<'_>| node.full_span().start as usize <= offset;
        let started = |document: &Document| document.span.start as usize <= offset;
        let after = self.documents.partition_point(started);
        let Some(document) = after.checked_sub(1).and_then(|last| self.documents.get(last)) else {
            return Vec::new();
        };
        let mut path = Vec::new();
        let mut node = document.root.map(|root| self.node(root));
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
