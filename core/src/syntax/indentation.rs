//! Lines that continue a value in brackets or quotes without being indented further than what holds it.
//!
//! YAML refuses them (YAML 1.2.2, production 69, `s-flow-line-prefix`); libyaml and its Go port, which read
//! files for Compose and Kubernetes, accept them, and so does [`parse`](super::parse).

use super::lines::{indent, lines};
use super::tree::{Node, NodeKind, Style, Tree};
use crate::text::Span;

impl Tree {
    /// Returns the lines that continue a value and are not indented as YAML asks, the first line of each
    /// value. Closing brackets and documents that were repaired are left out.
    pub fn under_indented(&self) -> Vec<Span> {
        let mut found = Vec::new();
        let sound = self.documents.iter().filter(|document| !document.is_repaired());
        let mut open: Vec<Node<'_>> =
            sound.filter_map(|it| it.root).map(|it| self.node(it)).collect();
        while let Some(holder) = open.pop() {
            if holder.style() != Style::Block {
                continue;
            }
            let entries = holder.entries().flat_map(|entry| [entry.key, entry.value]);
            for child in entries.chain(holder.items()) {
                match (child.kind(), child.style()) {
                    (NodeKind::Mapping | NodeKind::Sequence, Style::Block) => open.push(child),
                    (NodeKind::Alias, _) => {}
                    _ => found.extend(self.first_under_indented(child, holder)),
                }
            }
        }
        found.sort_by_key(|span| span.start);
        found
    }

    fn first_under_indented(&self, value: Node<'_>, holder: Node<'_>) -> Option<Span> {
        let is_literal = matches!(value.style(), Style::Plain | Style::Literal | Style::Folded);
        let range = value.span().range();
        let text = self.text();
        let written = text.get(range.clone())?;
        if is_literal || memchr::memchr2(b'\n', b'\r', written.as_bytes()).is_none() {
            return None;
        }
        let least = self.column_of(holder)? + 1;
        let mut at = range.start;
        for line in lines(written) {
            let content = line.trim();
            let counts = !content.is_empty() && !content.starts_with([']', '}', '#']);
            if at > range.start && counts && indent(line) < least {
                let start = at + line.len() - line.trim_start().len();
                return Some(Span::new(value.span().file, start, start + content.len()));
            }
            at += line.len();
        }
        None
    }

    /// Returns the column of a block collection, that of its keys or of the `-` of its items, or a smaller one:
    /// behind an anchor, a tag or a `?` the indentation of the line.
    fn column_of(&self, collection: Node<'_>) -> Option<usize> {
        let before = self.text().get(..collection.span().start as usize)?;
        let line = before.rfind(['\n', '\r']).map_or(before, |found| &before[found + 1..]);
        if !line.trim_start_matches([' ', '-']).is_empty() {
            return Some(indent(line));
        }
        // The span of a list may start with its first item.
        let dash = line.rfind('-').filter(|_| collection.is_sequence());
        Some(dash.unwrap_or(line.len()))
    }
}

#[cfg(test)]
mod tests {
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    fn found(text: &str) -> Vec<&str> {
        let (tree, problems) = parse(FileId(0), &Arc::from(text), None);
        assert_eq!(problems, [], "{text}");
        tree.under_indented().into_iter().map(|it| &text[it.range()]).collect()
    }

    #[test]
    fn lines_that_continue_a_value_are_indented_further_than_its_key() {
        assert_eq!(found("a: [b,\nc]\nd: \"e\nf\"\n"), ["c]", "f\""]);
        assert_eq!(found("a: \"b\n\tc\"\n"), ["c\""]);
        assert_eq!(found("- - 'a\nb'\n"), ["b'"]);
        assert_eq!(found("- a: {b: c,\n  d: e}\n"), ["d: e}"]);
        assert_eq!(found("a: &x {b: c,\nd: [e,\nf]}\n"), ["d: [e,"]);
    }

    #[test]
    fn what_yaml_accepts_and_what_everybody_writes_is_left_alone() {
        for text in [
            "a: [b,\n c]\n",
            "a: [\n  b\n]\nd: {\n}\n",
            "a: \"b\n\n c\"\n",
            "a: \"b\n \tc\"\n",
            "a:\n- [b,\n  c]\n",
            "- a: [b,\n   c]\n",
            "? [a,\n b]\n: c\n",
            "&x a: [b,\n c]\n",
            "[a,\nb]\n",
            "{\"a\": [\n\"b\"\n]}\n",
            "\"a\nb\"\n",
            "a: |\n b\n",
            "a: [b,\n# c\n d]\n",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
