//! Makes text edits for fixes, from places and the text alone.
//!
//! An edit keeps the style of the text around it: block or flow style, the indentation, the line endings
//! and the quotes of JSON. It never drops a comment. Where no safe edit is possible, none is made.

pub mod accept;
pub mod apply;
pub mod guard;
mod yaml;

pub use yaml::{Yaml, quote_scalar};

use crate::model::Place;
use crate::report::Edit;
use crate::syntax::{Node, Tree};
use crate::text::{FileId, Span};
use std::ops::Range;

/// Makes edits in one file.
#[derive(Debug, Clone, Copy)]
pub struct Editor<'a> {
    text: &'a str,
    tree: &'a Tree,
    file: FileId,
}

impl<'a> Editor<'a> {
    /// Returns an editor of a text, which was read into this tree.
    pub fn new(file: FileId, text: &'a str, tree: &'a Tree) -> Editor<'a> {
        Editor { text, tree, file }
    }

    /// Adds an entry at the end of a mapping. `None` for a mapping that has the key already, whatever its
    /// value is, and for a place that is shared through an alias, belongs to another file, is no mapping or
    /// has comments inside its braces.
    pub fn insert_entry(&self, place: &Place, key: &str, value: &Yaml<'_>) -> Option<Edit> {
        self.insert_entries(place, &[(key, value)])
    }

    /// Adds several entries at the end of a mapping, in one edit. `None` where one of the keys is there.
    pub fn insert_entries(&self, place: &Place, entries: &[(&str, &Yaml<'_>)]) -> Option<Edit> {
        let range = self.own(place)?;
        let is_new = |node: Node<'_>| entries.iter().all(|(key, _)| node.as_str() != Some(key));
        let mapping = self.tree.mapping_at(place.span);
        if mapping.is_some_and(|it| it.entries().any(|entry| !is_new(entry.key))) {
            return None;
        }
        if place.flow {
            let json = self.is_json();
            let mut written = String::new();
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    written.push_str(", ");
                }
                yaml::write_scalar(key, json, &mut written);
                written.push_str(": ");
                value.write_flow(json, &mut written);
            }
            return self.insert_flow(range, '{', written);
        }
        let (indent, at) = self.end_of_block(range, false)?;
        let mut lines = String::new();
        entries.iter().for_each(|(key, value)| value.entry_lines(key, indent, &mut lines));
        Some(self.insert_lines(at, lines))
    }

    /// Adds an item at the end of a sequence.
    pub fn insert_item(&self, place: &Place, item: &Yaml<'_>) -> Option<Edit> {
        let range = self.own(place)?;
        if place.flow {
            return self.insert_flow(range, '[', item.flow(self.is_json()));
        }
        let (indent, at) = self.end_of_block(range, true)?;
        let mut lines = String::new();
        item.item_lines(indent, &mut lines);
        Some(self.insert_lines(at, lines))
    }

    /// Replaces a span by text. The text for a missing value (`key:`) goes after the colon.
    pub fn replace(&self, span: Span, text: &str) -> Edit {
        if span.is_empty()
            && span.file == self.file
            && let Some(colon) = self.colon_after(span.start as usize)
        {
            let at = colon + 1;
            return Edit { span: Span::new(self.file, at, at), text: format!(" {text}") };
        }
        Edit { span, text: text.to_owned() }
    }

    /// Replaces a scalar by another one, with quotes if the old one had or the new one needs them.
    pub fn replace_scalar(&self, span: Span, value: &str) -> Edit {
        let old = self.text.get(span.range()).unwrap_or_default();
        let text = match old.as_bytes().first() {
            Some(b'"') => Yaml::str(value).flow(true),
            Some(b'\'') if !value.contains(['\n', '\r', '\t']) => {
                format!("'{}'", value.replace('\'', "''"))
            }
            _ => quote_scalar(value),
        };
        self.replace(span, &text)
    }

    /// Replaces a collection by another one in the same style. `key` is the key of the collection. `None`
    /// if there are comments inside.
    pub fn replace_collection(&self, span: Span, key: Span, value: &Yaml<'_>) -> Option<Edit> {
        let written = self.text.get(span.range()).filter(|written| !has_comment(written))?;
        if span.file != self.file || key.file != self.file {
            return None;
        }
        if written.starts_with(['{', '[']) {
            return Some(Edit { span, text: value.flow(self.is_json()) });
        }
        let Yaml::Map(entries) = value else { return None };
        let column = |at: u32| at as usize - self.line_start(at as usize);
        // A list may start in the column of its key; the entries of a mapping must not.
        let deeper = column(span.start).max(column(key.start) + 2);
        let mut lines = String::new();
        for (name, value) in entries {
            value.entry_lines(name, deeper, &mut lines);
        }
        // The first line starts where the old collection started.
        let text = lines.get(1 + column(span.start)..)?.to_owned();
        Some(Edit { span, text: self.with_own_breaks(text) })
    }

    /// Removes an entry of a mapping or an item of a sequence, in block style with its lines. A comment
    /// after it stays on a line of its own. `None` if there are comments inside, or if something else is
    /// on the same line.
    ///
    /// The span of an entry is that of [`crate::syntax::Entry::span`].
    pub fn remove_entry(&self, span: Span) -> Option<Edit> {
        if span.file != self.file {
            return None;
        }
        let range = span.range();
        let written = self.text.get(range.clone())?;
        if written.contains('\n') && has_comment(written) {
            return None;
        }
        let end = self.colon_after(range.end).map_or(range.end, |colon| colon + 1);
        let before = &self.text[self.line_start(range.start)..range.start];
        let before = before.strip_prefix('\u{FEFF}').unwrap_or(before);
        let rest = &self.text[end..self.line_end(end)];
        let rest = rest.trim_end_matches('\r');
        let comment = rest.trim_start();
        let block = before.trim_start().chars().all(|letter| matches!(letter, '-' | ' '))
            && (comment.is_empty() || comment.starts_with('#'));
        if !block {
            return self.remove_from_flow(range.start..end);
        }
        let edit =
            |start, end| Some(Edit { span: Span::new(self.file, start, end), text: String::new() });
        if !comment.is_empty() {
            // The comment takes the place of the entry; after a dash that would leave an empty item.
            let start = range.start;
            return if before.trim().is_empty() {
                edit(start, end + rest.len() - comment.len())
            } else {
                None
            };
        }
        let next = self.next_line(end);
        if before.trim().is_empty() {
            // In the last line of a file without a final newline, the line break before goes instead.
            if next == end + rest.len() && self.line_start(range.start) > 0 {
                return edit(self.break_before(range.start), next);
            }
            return edit(self.line_start(range.start), next);
        }
        // The first entry of a list item: the next entry moves up behind the dash.
        let column = before.len();
        let following = &self.text[next..self.line_end(next)];
        let content = following.trim_start_matches(' ');
        if following.len() - content.len() == column
            && !content.is_empty()
            && !content.starts_with('#')
        {
            return edit(range.start, next + column);
        }
        None
    }

    /// Returns the range of a place that an edit may change.
    fn own(&self, place: &Place) -> Option<Range<usize>> {
        let range = place.span.range();
        let ours = !place.shared && place.span.file == self.file;
        (ours && self.text.get(range.clone()).is_some()).then_some(range)
    }

    fn is_json(&self) -> bool {
        let text = self.text.trim_start_matches('\u{FEFF}').trim_start();
        let inside = text.strip_prefix(['{', '[']);
        inside.is_some_and(|inside| inside.trim_start().starts_with(['"', '{', '[']))
    }

    /// Inserts an entry or item before the closing bracket of a flow collection.
    fn insert_flow(&self, range: Range<usize>, open: char, new: String) -> Option<Edit> {
        let written = &self.text[range.clone()];
        if has_comment(written) {
            return None;
        }
        let close = if open == '{' { '}' } else { ']' };
        let inner = written.strip_prefix(open)?.strip_suffix(close)?;
        let content = inner.trim_end();
        let at = range.start + 1 + content.len();
        let mut text = new;
        if content.is_empty() {
            if inner.is_empty() && open == '{' && !self.is_json() {
                text = format!(" {text} ");
            }
        } else if content.ends_with(',') {
            text.insert(0, ' ');
        } else if let Some(line) = content.rfind('\n') {
            // One entry per line, as in formatted JSON.
            let last = &content[line + 1..];
            let indent = &last[..last.len() - last.trim_start().len()];
            text = self.with_own_breaks(format!(",\n{indent}{text}"));
        } else {
            text.insert_str(0, ", ");
        }
        Some(Edit { span: Span::new(self.file, at, at), text })
    }

    /// Returns the column of the entries of a block collection, and the end of the line of the last one.
    fn end_of_block(&self, range: Range<usize>, sequence: bool) -> Option<(usize, usize)> {
        let (indent, end) = if range.is_empty() {
            // `key:` without a value: the first entry is indented one step further.
            let colon = self.colon_after(range.start)?;
            let line = &self.text[self.line_start(colon)..colon];
            let rest = self.text[colon + 1..self.line_end(colon)].trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                return None;
            }
            (column_of_key(line) + 2, colon + 1)
        } else {
            let prefix = &self.text[self.line_start(range.start)..range.start];
            let prefix = prefix.strip_prefix('\u{FEFF}').unwrap_or(prefix);
            let after = self.text[range.start..].strip_prefix('-');
            let at_dash =
                after.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\n', '\r']));
            if at_dash && !sequence {
                return None;
            }
            let indent = if sequence && !at_dash { prefix.rfind('-')? } else { prefix.len() };
            if !prefix.chars().all(|letter| matches!(letter, ' ' | '-' | '?')) {
                return None;
            }
            (indent, self.end_of_content(range.end))
        };
        let at = self.end_of_comments(self.line_end(end), indent);
        Some((indent, if self.text[..at].ends_with('\r') { at - 1 } else { at }))
    }

    /// Returns the end of the comments below a line that belong to a block collection: those in the column of its
    /// entries or further right, as entries are that somebody commented out.
    fn end_of_comments(&self, line_end: usize, indent: usize) -> usize {
        let mut kept = line_end;
        let mut at = line_end;
        while at < self.text.len() {
            let start = at + 1;
            at = self.line_end(start);
            let line = self.text[start..at].trim_end();
            // What follows a blank line at the left margin may be about anything.
            if line.is_empty() && indent > 0 {
                continue;
            }
            if !is_comment_in_column(line, indent) {
                break;
            }
            kept = at;
        }
        kept
    }

    /// Inserts lines, each with a line feed before it.
    fn insert_lines(&self, at: usize, lines: String) -> Edit {
        Edit { span: Span::new(self.file, at, at), text: self.with_own_breaks(lines) }
    }

    /// Returns new text with the line breaks of this file.
    fn with_own_breaks(&self, text: String) -> String {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => text.replace('\n', "\r\n"),
            _ => text,
        }
    }

    /// Returns the end of the content before a position: the span of a block scalar may include blank
    /// lines.
    fn end_of_content(&self, end: usize) -> usize {
        self.text[..end].trim_end().len()
    }

    fn remove_from_flow(&self, range: Range<usize>) -> Option<Edit> {
        let before = &self.text[..range.start];
        let after = &self.text[range.end..];
        let edit =
            |start, end| Some(Edit { span: Span::new(self.file, start, end), text: String::new() });
        let gap = after.len() - after.trim_start().len();
        if after[gap..].starts_with(',') {
            let rest = &after[gap + 1..];
            let skip = rest.len() - rest.trim_start_matches(' ').len();
            return edit(range.start, range.end + gap + 1 + skip);
        }
        if !after[gap..].starts_with(['}', ']']) {
            return None;
        }
        let kept = before.trim_end();
        if let Some(kept) = kept.strip_suffix(',') {
            return edit(kept.len(), range.end);
        }
        kept.ends_with(['{', '[']).then(|| edit(kept.len(), range.end + gap)).flatten()
    }

    /// Returns the position of the colon directly after a key.
    fn colon_after(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        rest[gap..].starts_with(':').then_some(at + gap)
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |found| found + 1)
    }

    /// Returns the end of the line, before its `\n`.
    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |found| at + found)
    }

    fn next_line(&self, at: usize) -> usize {
        (self.line_end(at) + 1).min(self.text.len())
    }

    /// Returns the start of the line break before the line.
    fn break_before(&self, at: usize) -> usize {
        let end = self.line_start(at).saturating_sub(1);
        if self.text[..end].ends_with('\r') { end - 1 } else { end }
    }
}

/// Returns the column of the key in a line up to its colon, after the indentation and the dashes.
fn column_of_key(line: &str) -> usize {
    let line = line.strip_prefix('\u{FEFF}').unwrap_or(line);
    let mut column = 0;
    loop {
        let rest = &line[column..];
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        column += spaces;
        if line[column..].starts_with("- ") {
            column += 1;
        } else {
            return column;
        }
    }
}

/// Whether a line is a comment that stands in a column or further right. Some editors put the `#` at the left margin,
/// before the indentation of what they comment out.
fn is_comment_in_column(line: &str, indent: usize) -> bool {
    let column = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let Some(commented) = line.trim_start_matches(' ').strip_prefix('#') else { return false };
    column(line) >= indent || column(line) == 0 && column(commented) >= indent
}

/// Whether text may contain a comment. A `#` inside quotes counts too: no edit is safer than a wrong one.
fn has_comment(text: &str) -> bool {
    text.match_indices('#').any(|(at, _)| at == 0 || text[..at].ends_with([' ', '\t', '\n']))
}

#[cfg(test)]
mod tests;
