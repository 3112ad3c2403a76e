//! What stands at a place of the text, and which comments belong to it. For trees of one file.

use super::tree::{Comment, Entry, Node, Tree};
use std::ops::Range;

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

    /// The comments that begin in a range of the text, in order.
    pub fn comments_in(&self, range: Range<usize>) -> &[Comment] {
        let first = self.comments.partition_point(|it| (it.span.start as usize) < range.start);
        let end = self.comments.partition_point(|it| (it.span.start as usize) < range.end);
        &self.comments[first..end.max(first)]
    }

    /// The comment behind what stands at this offset, on the same line.
    pub fn comment_on_line(&self, offset: usize) -> Option<&Comment> {
        let rest = self.text().get(offset..)?;
        let end = offset + rest.find(['\n', '\r']).unwrap_or(rest.len());
        self.comments_in(offset..end + 1).first().filter(|it| !it.own_line)
    }

    /// The comments on lines of their own right above the line of this offset, from the top; a blank
    /// line ends them.
    pub fn comments_above(&self, offset: usize) -> &[Comment] {
        let text = self.text();
        let line = |at: usize| text[..at].rfind(['\n', '\r']).map_or(0, |it| it + 1);
        let mut start = line(crate::text::floor_boundary(text, offset));
        let end = self.comments.partition_point(|it| (it.span.start as usize) < start);
        let mut first = end;
        while let Some(comment) = first.checked_sub(1).map(|it| &self.comments[it]) {
            let between = &text[comment.span.end as usize..start];
            if !comment.own_line
                || between.matches('\n').count().max(between.matches('\r').count()) != 1
            {
                break;
            }
            start = line(comment.span.start as usize);
            first -= 1;
        }
        &self.comments[first..end]
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

    #[test]
    fn comments_belong_to_their_line_or_the_one_below() {
        let text = "# far\n\n# one\n# two\na: 1 # here\nb: 2\n";
        let tree = read(text);
        let say = |it: &Comment| text[it.span.range()].to_owned();
        let a = text.find("a:").unwrap();
        let b = text.find("b:").unwrap();
        let above: Vec<_> = tree.comments_above(a).iter().map(say).collect();
        assert_eq!(above, ["# one", "# two"]);
        assert!(tree.comments_above(b).is_empty());
        assert_eq!(tree.comment_on_line(a).map(say), Some("# here".to_owned()));
        assert!(tree.comment_on_line(b).is_none());
        assert_eq!(tree.comments_in(0..a).len(), 3);
        assert!(tree.comments_in(b..a).is_empty());
    }
}
