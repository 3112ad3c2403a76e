//! Finds the comments of a text. The parser skips them: reporting comments would add a fifth to the time
//! of parsing, and few files need them.

use super::tree::{Node, NodeKind, Style, Tree};
use crate::text::Span;

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The text from the `#` to the end of the line.
    pub span: Span,
    /// Whether there is nothing but the comment on its line.
    pub own_line: bool,
}

impl Tree {
    /// Returns the comments of a file in order, without those in documents that could not be read.
    pub fn comments(&self) -> Vec<Comment> {
        let Some(first) = self.documents.first() else { return Vec::new() };
        let text = &**self.text();
        // The tree has its scalars in the order of the text.
        let mut scalars = self.nodes().filter(|node| node.kind() == NodeKind::Scalar).peekable();
        let mut broken = self.documents.iter().filter(|document| document.broken).peekable();
        let mut comments = Vec::new();
        let mut done = 0;
        for (at, _) in text.match_indices('#') {
            let before = text[..at].trim_end_matches([' ', '\t', '\u{FEFF}']);
            let own_line = before.is_empty() || before.ends_with(['\n', '\r']);
            if at < done || (before.len() == at && !own_line) {
                continue;
            }
            while scalars.next_if(|scalar| scalar.span().end as usize <= at).is_some() {}
            while broken.next_if(|document| document.span.end as usize <= at).is_some() {}
            if scalars.peek().is_some_and(|scalar| is_content(*scalar, text, at))
                || broken.peek().is_some_and(|document| document.span.start as usize <= at)
            {
                continue;
            }
            done = text[at..].find(['\n', '\r']).map_or(text.len(), |end| at + end);
            comments.push(Comment { span: Span::new(first.span.file, at, done), own_line });
        }
        comments
    }
}

/// Whether the `#` at a position is part of a scalar that ends after it.
fn is_content(scalar: Node<'_>, text: &str, at: usize) -> bool {
    let start = scalar.span().start as usize;
    let block = matches!(scalar.style(), Style::Literal | Style::Folded);
    // The header of a block scalar, `|` or `>`, may be followed by a comment.
    start <= at && (!block || text[start..at].contains(['\n', '\r']))
}

#[cfg(test)]
mod tests {
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    /// Returns the comments, with a `<` before those that share their line with something else.
    fn comments(text: &str) -> Vec<String> {
        let (tree, _) = parse(FileId(0), &Arc::from(text), None);
        let say = |it: &super::Comment| {
            format!("{}{}", if it.own_line { "" } else { "<" }, &text[it.span.range()])
        };
        tree.comments().iter().map(say).collect()
    }

    #[test]
    fn comments_may_have_a_line_of_their_own_or_follow_anything() {
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
    fn number_signs_inside_values_are_not_comments() {
        let text = "a: x#y\n'b # c': \"d # e\n  # f\"\ng: | # one\n  # h\n\n  # i\n # two\nj: >-\n  k # l\nm: n\n  o # three\n";
        assert_eq!(comments(text), ["<# one", "# two", "<# three"]);
    }

    #[test]
    fn comments_in_unreadable_documents_are_left_out() {
        let text = "# one\na: 1\n---\n# two\n}: ]\n- {: x\n}} [ # three\n---\n# four\nb: 1\n";
        assert_eq!(comments(text), ["# one", "# four"]);
        assert_eq!(comments("a: 1 # one\nb: [1 # two\n"), ["<# one", "<# two"]);
        assert!(comments("").is_empty());
    }
}
