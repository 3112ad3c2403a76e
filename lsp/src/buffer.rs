//! The text of an open document with its lines, kept up to date through edits.

use plimsoll_core::text::{Encoding, LineColumn};
use std::sync::{Arc, OnceLock};
use tower_lsp_server::ls_types::{Position, TextDocumentContentChangeEvent};

/// A text that is edited. An edit costs the bytes and the lines behind it, not another reading of the text.
#[derive(Debug, Default)]
pub struct Buffer {
    text: String,
    /// The start of each line. Lines end with `\n`, `\r\n` or a lone `\r`.
    starts: Vec<usize>,
    /// The text for other threads, since the last edit.
    shared: OnceLock<Arc<str>>,
}

impl Buffer {
    pub fn new(text: String) -> Buffer {
        let starts = std::iter::once(0).chain(breaks(&text, 0, text.len())).collect();
        Buffer { text, starts, shared: OnceLock::new() }
    }

    pub fn text(&self) -> &Arc<str> {
        self.shared.get_or_init(|| Arc::from(self.text.as_str()))
    }

    /// Applies one change of `textDocument/didChange`. A range that ends before its start is empty.
    pub fn change(&mut self, change: &TextDocumentContentChangeEvent, encoding: Encoding) {
        let Some(range) = change.range else {
            *self = Buffer::new(change.text.clone());
            return;
        };
        let start = self.offset(range.start, encoding);
        let end = self.offset(range.end, encoding).max(start);
        self.replace(start, end, &change.text);
    }

    fn replace(&mut self, start: usize, end: usize, new: &str) {
        // The lines beside the edit are read again too, since `\r` and `\n` may meet.
        let first = self.line_of(start).saturating_sub(1);
        let behind = self.line_of(end) + 2;
        let old_end = self.starts.get(behind).copied().unwrap_or(self.text.len());
        self.text.replace_range(start..end, new);
        self.shared = OnceLock::new();
        let moved = |at: usize| at - (end - start) + new.len();
        let fresh = breaks(&self.text, self.starts[first], moved(old_end));
        let fresh: Vec<usize> = fresh.collect();
        let replaced = first + 1..self.starts.len().min(behind + 1);
        let next = first + 1 + fresh.len();
        self.starts.splice(replaced, fresh);
        self.starts[next..].iter_mut().for_each(|it| *it = moved(*it));
    }

    /// Returns the line that contains a byte.
    fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    /// Returns the byte at a position. A column past the end of the line means its end.
    pub fn offset(&self, at: Position, encoding: Encoding) -> usize {
        let line = at.line as usize;
        let Some(&start) = self.starts.get(line) else { return self.text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let content = self.text[start..end].trim_end_matches(['\n', '\r']);
        // A byte order mark has no column.
        let mark =
            if start == 0 && content.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        let wanted = LineColumn { line: 0, column: at.character };
        start + mark + column_offset(&content[mark..], wanted.column as usize, encoding)
    }
}

/// Returns the byte of a line at a column.
fn column_offset(line: &str, wanted: usize, encoding: Encoding) -> usize {
    let mut seen = 0;
    for (at, letter) in line.char_indices() {
        if seen >= wanted {
            return at;
        }
        seen += match encoding {
            Encoding::Utf8 => letter.len_utf8(),
            Encoding::Utf16 => letter.len_utf16(),
            Encoding::Utf32 => 1,
        };
    }
    line.len()
}

/// Returns the starts of the lines that begin behind a line break in a range of bytes.
fn breaks(text: &str, from: usize, to: usize) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let ends_line = move |at: &usize| match bytes[*at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (from..to).filter(ends_line).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tower_lsp_server::ls_types::Range;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    fn changed(
        text: &str,
        start: Position,
        end: Position,
        new: &str,
        encoding: Encoding,
    ) -> String {
        let mut buffer = Buffer::new(text.to_owned());
        let range = Some(Range { start, end });
        let change = TextDocumentContentChangeEvent { range, range_length: None, text: new.into() };
        buffer.change(&change, encoding);
        buffer.text().to_string()
    }

    #[test]
    fn an_edit_after_an_emoji_lands_where_it_was_made() {
        let text = "a: 1\nü🎵: x\n";
        for (encoding, start) in [(Encoding::Utf8, 8), (Encoding::Utf16, 5), (Encoding::Utf32, 4)] {
            let new = changed(text, at(1, start), at(1, start + 1), "yy", encoding);
            assert_eq!(new, "a: 1\nü🎵: yy\n");
        }
    }

    #[test]
    fn reversed_ranges_and_ranges_beyond_the_end_do_not_panic() {
        assert_eq!(changed("a", at(9, 9), at(0, 0), "b", Encoding::Utf16), "ab");
        assert_eq!(changed("🎵", at(0, 1), at(0, 2), "x", Encoding::Utf16), "🎵x");
        let mut buffer = Buffer::new("old".into());
        let whole =
            TextDocumentContentChangeEvent { range: None, range_length: None, text: "n".into() };
        buffer.change(&whole, Encoding::Utf8);
        assert_eq!(&**buffer.text(), "n");
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        let new = changed("\u{FEFF}a: 1", at(0, 0), at(0, 1), "b", Encoding::Utf16);
        assert_eq!(new, "\u{FEFF}b: 1");
    }

    /// Edits of every kind, with line breaks that meet and part, leave the lines that a fresh reading finds.
    #[test]
    fn the_lines_are_those_of_a_fresh_reading() {
        const PIECES: [&str; 8] =
            ["", "a", "\n", "\r", "\r\n", "ü🎵\n\r", "x: 1\ny: 2\n", "\n\n\r\r"];
        let mut seed = 7_u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below.max(1)
        };
        let mut buffer = Buffer::new("one\r\ntwo\rthree\n".into());
        for _ in 0..5000 {
            let len = buffer.text.len() + 1;
            let (a, b) = (random(len), random(len));
            let start = buffer.text.floor_char_boundary(a.min(b));
            let end = buffer.text.floor_char_boundary((start + random(6)).min(len - 1)).max(start);
            buffer.replace(start, end, PIECES[random(PIECES.len())]);
            assert_eq!(buffer.starts, Buffer::new(buffer.text.clone()).starts, "{:?}", buffer.text);
        }
        assert!(buffer.starts.len() > 100);
    }
}
