//! What stands at a place of the text. For trees of one file.

use super::tree::{Entry, Node, Tree};

/// One step from a document's root to a place in it.
#[derive(Debug, Clone, Copy)]
pub enum Step<'t> {
    Entry(Entry<'t>),
    /// The position in the sequence, from 0, and the item.
    Item(usize, Node<'t>),
}

impl<'t> Step<'t> {
    /// The entry's value, or the item.
    pub fn value(self) -> Node<'t> {
        match self {
            Step::Entry(entry) => entry.value,
            Step::Item(_, item) => item,
        }
    }
}

impl Tree {
    /// The entries and items around an offset of the text, the outermost first; empty where no
    /// node begins before it. The blank after an entry belongs to it still, so that `key: ` with
    /// nothing typed behind it leads to `key`. Aliases are not followed.
    pub fn path_at(&self, offset: usize) -> Vec<Step<'_>> {
        let before = |node: Node<'_>| node.full_span().start as usize <= offset;
        let after = self.documents.partition_point(|it| it.span.start as usize <= offset);
        let Some(document) = after.checked_sub(1).and_then(|it| self.documents.get(it)) else {
            return Vec::new();
        };
        let mut path = Vec::new();
        let mut node = document.root.map(|it| self.node(it));
        while let Some(open) = node {
            let step = match open.kind() {
                super::NodeKind::Mapping => {
                    open.entries().take_while(|it| before(it.key)).last().map(Step::Entry)
                }
                super::NodeKind::Sequence => {
                    let items = open.items().enumerate().take_while(|it| before(it.1));
                    items.last().map(|(at, item)| Step::Item(at, item))
                }
                _ => None,
            };
            path.extend(step);
            // Behind a closing bracket, or on the key itself, the way ends.
            node = step
                .map(Step::value)
                .filter(|it| before(*it) && !it.is_empty_scalar())
                .filter(|it| it.style() != super::Style::Flow || offset < it.span().end as usize);
        }
        path
    }
}

impl Node<'_> {
    fn is_empty_scalar(self) -> bool {
        self.span().is_empty()
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
    fn the_path_leads_to_the_deepest_place() {
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
