//! Text edits for fixes, made from places and the text alone.
//!
//! An edit keeps the style of what is around it: block or flow, the indentation, the line endings,
//! JSON's quotes. It never drops a comment. Where a safe edit cannot be made there is none.

pub mod apply;
mod yaml;

pub use yaml::{Yaml, quote_scalar};

use crate::model::Place;
use crate::report::Edit;
use crate::text::{FileId, Span};
use std::ops::Range;

/// Makes edits in one file.
#[derive(Debug, Clone, Copy)]
pub struct Editor<'a> {
    text: &'a str,
    file: FileId,
}

impl<'a> Editor<'a> {
    pub fn new(file: FileId, text: &'a str) -> Editor<'a> {
        Editor { text, file }
    }

    /// Adds an entry to the end of a mapping. None for a place that is shared through an alias, is of
    /// another file, or has comments inside its braces.
    pub fn insert_entry(&self, place: &Place, key: &str, value: &Yaml<'_>) -> Option<Edit> {
        let range = self.own(place)?;
        if place.flow {
            let json = self.is_json();
            let mut entry = String::new();
            yaml::write_scalar(key, json, &mut entry);
            entry.push_str(": ");
            value.write_flow(json, &mut entry);
            return self.insert_flow(range, entry);
        }
        let (indent, at) = self.end_of_block(range, false)?;
        // Room for the longest that is written often, a healthcheck.
        let mut lines = String::with_capacity(256);
        value.entry_lines(key, indent, &mut lines);
        Some(self.insert_lines(at, lines))
    }

    /// Adds an item to the end of a sequence.
    pub fn insert_item(&self, place: &Place, item: &Yaml<'_>) -> Option<Edit> {
        let range = self.own(place)?;
        if place.flow {
            return self.insert_flow(range, item.flow(self.is_json()));
        }
        let (indent, at) = self.end_of_block(range, true)?;
        let mut lines = String::new();
        item.item_lines(indent, &mut lines);
        Some(self.insert_lines(at, lines))
    }

    /// Puts text in the place of a span. An empty value (`key:`) gets it after the colon.
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

    /// Replaces a scalar by another one, with quotes where it needs them or had them.
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

    /// Puts another collection in the place of one, in its style. `key` is the key that it belongs
    /// to. None where comments stand inside.
    pub fn replace_collection(&self, span: Span, key: Span, value: &Yaml<'_>) -> Option<Edit> {
        let written = self.text.get(span.range()).filter(|it| !has_comment(it))?;
        if span.file != self.file || key.file != self.file {
            return None;
        }
        if written.starts_with(['{', '[']) {
            return Some(Edit { span, text: value.flow(self.is_json()) });
        }
        let Yaml::Map(entries) = value else { return None };
        let column = |at: u32| at as usize - self.line_start(at as usize);
        // A list may stand in the column of its key; what is in a mapping may not.
        let deeper = column(span.start).max(column(key.start) + 2);
        let mut lines = String::with_capacity(256);
        for (name, value) in entries {
            value.entry_lines(name, deeper, &mut lines);
        }
        // The first line begins where the old one began.
        let text = lines.get(1 + column(span.start)..)?.to_owned();
        Some(Edit { span, text: self.with_own_breaks(text) })
    }

    /// Removes an entry (key and value) or an item of a sequence. In block style its lines go too; a
    /// comment behind it stays as a line of its own. None where comments stand inside what would go,
    /// or where other things share its line.
    ///
    /// The span is that of the entry: [`crate::syntax::Entry::span`].
    pub fn remove_entry(&self, span: Span) -> Option<Edit> {
        if span.file != self.file {
            return None;
        }
        let range = span.range();
        let written = self.text.get(range.clone())?;
        if written.contains('\n') && has_comment(written) {
            return None;
        }
        let end = self.colon_after(range.end).map_or(range.end, |it| it + 1);
        let before = &self.text[self.line_start(range.start)..range.start];
        let before = before.strip_prefix('\u{FEFF}').unwrap_or(before);
        let rest = &self.text[end..self.line_end(end)];
        let rest = rest.trim_end_matches('\r');
        let comment = rest.trim_start();
        let block = before.trim_start().chars().all(|it| matches!(it, '-' | ' '))
            && (comment.is_empty() || comment.starts_with('#'));
        if !block {
            return self.remove_from_flow(range.start..end);
        }
        let edit =
            |start, end| Some(Edit { span: Span::new(self.file, start, end), text: String::new() });
        if !comment.is_empty() {
            // The comment takes the entry's place; behind a dash that would leave an empty item.
            let start = range.start;
            return if before.trim().is_empty() {
                edit(start, end + rest.len() - comment.len())
            } else {
                None
            };
        }
        let next = self.next_line(end);
        if before.trim().is_empty() {
            // The last line of a file without a final newline takes the break before it instead.
            if next == end + rest.len() && self.line_start(range.start) > 0 {
                return edit(self.break_before(range.start), next);
            }
            return edit(self.line_start(range.start), next);
        }
        // The first entry of an item: what follows in the item moves up behind the dash.
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

    /// The bytes of a place that an edit may touch.
    fn own(&self, place: &Place) -> Option<Range<usize>> {
        let range = place.span.range();
        let ours = !place.shared && place.span.file == self.file;
        (ours && self.text.get(range.clone()).is_some()).then_some(range)
    }

    fn is_json(&self) -> bool {
        let text = self.text.trim_start_matches('\u{FEFF}').trim_start();
        text.strip_prefix(['{', '[']).is_some_and(|it| it.trim_start().starts_with(['"', '{', '[']))
    }

    fn insert_flow(&self, range: Range<usize>, new: String) -> Option<Edit> {
        let written = &self.text[range.clone()];
        if has_comment(written) {
            return None;
        }
        let open = written.chars().next().filter(|it| matches!(it, '{' | '['))?;
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
            // One entry a line, as formatted JSON has it.
            let last = &content[line + 1..];
            let indent = &last[..last.len() - last.trim_start().len()];
            text = self.with_own_breaks(format!(",\n{indent}{text}"));
        } else {
            text.insert_str(0, ", ");
        }
        Some(Edit { span: Span::new(self.file, at, at), text })
    }

    /// The column of a block collection's entries, and where the line ends that its last one is on.
    fn end_of_block(&self, range: Range<usize>, sequence: bool) -> Option<(usize, usize)> {
        let (indent, end) = if range.is_empty() {
            // `key:` without a value: its first entry goes one step further in.
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
                after.is_some_and(|it| it.is_empty() || it.starts_with([' ', '\n', '\r']));
            let indent = if sequence && !at_dash { prefix.rfind('-')? } else { prefix.len() };
            if !prefix.bytes().all(|it| matches!(it, b' ' | b'-' | b'?')) {
                return None;
            }
            (indent, self.end_of_content(range.end))
        };
        let at = self.line_end(end);
        Some((indent, if self.text[..at].ends_with('\r') { at - 1 } else { at }))
    }

    /// `lines` has a line feed before each.
    fn insert_lines(&self, at: usize, lines: String) -> Edit {
        Edit { span: Span::new(self.file, at, at), text: self.with_own_breaks(lines) }
    }

    /// New text with the line breaks of this one.
    fn with_own_breaks(&self, text: String) -> String {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => text.replace('\n', "\r\n"),
            _ => text,
        }
    }

    /// Where a node's last written byte is: a block scalar's span may reach into blank lines.
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

    /// The colon of an entry whose value is empty, right behind its key.
    fn colon_after(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let gap = rest.len() - rest.trim_start_matches(' ').len();
        rest[gap..].starts_with(':').then_some(at + gap)
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |it| it + 1)
    }

    /// The line's end without its `\n`.
    fn line_end(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |it| at + it)
    }

    fn next_line(&self, at: usize) -> usize {
        (self.line_end(at) + 1).min(self.text.len())
    }

    /// Where the line break before this line starts.
    fn break_before(&self, at: usize) -> usize {
        let end = self.line_start(at).saturating_sub(1);
        if self.text[..end].ends_with('\r') { end - 1 } else { end }
    }
}

/// The column of the key in a line up to its colon: behind the indentation and the dashes.
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

/// Whether text may hold a comment. A `#` inside of quotes counts too: we would rather make no edit.
fn has_comment(text: &str) -> bool {
    text.match_indices('#').any(|(at, _)| at == 0 || text[..at].ends_with([' ', '\t', '\n']))
}

#[cfg(test)]
mod tests;
