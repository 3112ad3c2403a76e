//! The comments of a text. The parser passes over them: few files ask for them, and to tell of each
//! as it comes costs all files a fifth of the parsing.

use super::tree::{Node, NodeKind, Style, Tree};
use crate::text::Span;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line.
    pub span: Span,
    /// Nothing but the comment stands on its line.
    pub own_line: bool,
}

impl Tree {
    /// The comments of a file, in order, without those of documents that could not be read.
    pub fn comments(&self) -> Vec<Comment> {
        let Some(first) = self.documents.first() else { return Vec::new() };
        let text = &**self.text();
        // Leaves lie in the tree as they stand in the text.
        let mut scalars = self.nodes().filter(|it| it.kind() == NodeKind::Scalar).peekable();
        let mut broken = self.documents.iter().filter(|it| it.broken).peekable();
        let mut comments = Vec::new();
        let mut done = 0;
        for at in memchr::memchr_iter(b'#', text.as_bytes()) {
            let before = text[..at].trim_end_matches([' ', '\t', '\u{FEFF}']);
            let own_line = before.is_empty() || before.ends_with(['\n', '\r']);
            if at < done || (before.len() == at && !own_line) {
                continue;
            }
            while scalars.next_if(|it| it.span().end as usize <= at).is_some() {}
            while broken.next_if(|it| it.span.end as usize <= at).is_some() {}
            if scalars.peek().is_some_and(|it| is_content(*it, text, at))
                || broken.peek().is_some_and(|it| it.span.start as usize <= at)
            {
                continue;
            }
            let rest = &text.as_bytes()[at..];
            done = at + memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            comments.push(Comment { span: Span::new(first.span.file, at, done), own_line });
        }
        comments
    }
}

/// Whether the `#` at this place belongs to a scalar that ends behind it.
fn is_content(scalar: Node<'_>, text: &str, at: usize) -> bool {
    let start = scalar.span().start as usize;
    let block = matches!(scalar.style(), Style::Literal | Style::Folded);
    // Behind the `|` of a block scalar there is room for a comment.
    start <= at && !(block && memchr::memchr2(b'\n', b'\r', &text.as_bytes()[start..at]).is_none())
}

#[cfg(test)]
mod tests {
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    /// The comments, those behind something with a `<` before them.
    fn comments(text: &str) -> Vec<String> {
        let (tree, _) = parse(FileId(0), &Arc::from(text), None);
        let say = |it: &super::Comment| {
            format!("{}{}", if it.own_line { "" } else { "<" }, &text[it.span.range()])
        };
        tree.comments().iter().map(say).collect()
    }

    #[test]
    fn they_stand_on_lines_of_their_own_and_behind_anything() {
        let text = "\u{FEFF}# first\r\na: 1 # one # still\r\n \t# two\nb: [ # three\n  x, y#z\n]\t# four\n\
                    c: # five\n  - &d#e\n  - *d#e # six\n--- # seven\n...\n# eight";
        let expected = [
            "# first",
            "<# one # still",
            "# two",
            "<# three",
            "<# four",
            "<# five",
            "<# six",
            "<# seven",
            "# eight",
        ];
        assert_eq!(comments(text), expected);
    }

    #[test]
    fn what_belongs_to_a_value_is_no_comment() {
        let text = "a: x#y\n'b # c': \"d # e\n  # f\"\ng: | # one\n  # h\n\n  # i\n # two\nj: >-\n  k # l\nm: n\n  o # three\n";
        assert_eq!(comments(text), ["<# one", "# two", "<# three"]);
    }

    #[test]
    fn a_document_that_cannot_be_read_has_none() {
        let text = "# one\na: 1\n---\n# two\n}: ]\n- {: x\n}} [ # three\n---\n# four\nb: 1\n";
        assert_eq!(comments(text), ["# one", "# four"]);
        assert_eq!(comments("a: 1 # one\nb: [1 # two\n"), ["<# one", "<# two"]);
        assert!(comments("").is_empty());
    }
}
