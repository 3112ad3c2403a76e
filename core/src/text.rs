//! Files, byte spans, and the conversion of offsets to lines and columns.
//!
//! Positions inside the core are byte offsets. Only the last step (`output`, the language server) converts
//! an offset to a line and a column, with [`LineIndex`] and a named [`Encoding`].

mod base;
pub mod glob;
pub mod markdown;
mod near;
mod shell;
mod visible;

pub use base::Base;
pub use near::{did_you_mean, near, nearest};
pub use shell::{in_shell, quoted, words_of};
pub use visible::{escape, escape_line, one_line, path_at_start, steers_a_terminal};

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

/// A file: a path, which the core never opens, and a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The normalised path with `/` separators, relative to the folder that was handed over.
    pub path: Arc<str>,
    pub text: Arc<str>,
    /// The bytes of a file that is not text: a packed chart.
    pub bytes: Option<Arc<[u8]>>,
}

impl File {
    pub fn new(path: impl AsRef<str>, text: impl Into<Arc<str>>) -> File {
        File { path: normalise_path(path.as_ref()).into(), text: text.into(), bytes: None }
    }

    /// Decodes a file. UTF-16 is recognised by its byte order mark; everything else is read as UTF-8,
    /// with U+FFFD for invalid bytes, so that the rest of the file can still be read.
    ///
    /// A packed chart (`.tgz`) keeps its bytes and has no text.
    pub fn from_bytes(path: impl AsRef<str>, bytes: &[u8]) -> File {
        if path.as_ref().ends_with(".tgz") {
            return File { bytes: Some(bytes.into()), ..File::new(path, "") };
        }
        let utf16 = |unit: fn([u8; 2]) -> u16| {
            let (pairs, _) = bytes[2..].as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
            String::from_utf16_lossy(&units)
        };
        let text = match bytes {
            [0xFF, 0xFE, ..] => utf16(u16::from_le_bytes),
            [0xFE, 0xFF, ..] => utf16(u16::from_be_bytes),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        };
        File::new(path, text)
    }
}

/// Returns the one spelling of a path: `./a/../b\c` becomes `b/c`.
pub fn normalise_path(path: &str) -> String {
    without_dots(path, &['/', '\\'])
}

/// Returns the shortest path that leads to the same place, as Go's `path.Clean` does: `.` for the folder itself.
pub fn clean_path(path: &str) -> String {
    let clean = without_dots(path, &['/']);
    if clean.is_empty() { ".".to_owned() } else { clean }
}

/// Returns a path without empty parts and `.`, in which each `..` is taken together with the part before it.
fn without_dots(path: &str, separators: &[char]) -> String {
    let absolute = path.starts_with(separators);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(separators) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

/// Returns the folder of a normalised path, without a trailing slash; empty for a bare name.
pub fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the name at the end of a normalised path.
pub fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Returns `path` relative to `folder`; both start from the root of the files that were handed over.
pub fn relative_path(folder: &str, path: &str) -> String {
    let (folder, path) = (normalise_path(folder), normalise_path(path));
    if folder.is_empty() {
        return if path.is_empty() { ".".to_owned() } else { path };
    }
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let (folder, path) = (parts(&folder), parts(&path));
    let common = folder.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let mut all: Vec<&str> = vec![".."; folder.len() - common];
    all.extend(path[common..].iter().map(String::as_str));
    if all.is_empty() { ".".to_owned() } else { all.join("/") }
}

/// Returns the normalised path of a file whose path is relative to a folder.
pub fn join_path(folder: &str, relative: &str) -> String {
    if relative.starts_with('/') || folder.is_empty() {
        return normalise_path(relative);
    }
    normalise_path(&format!("{folder}/{relative}"))
}

/// The index of a file in the list of all files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

impl FileId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A range of bytes in one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        Span { file, start: offset(start), end: offset(end.max(start)) }
    }

    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// Returns the span from the start of this one to the end of another; this span alone if the other is
    /// in a different file.
    pub fn to(self, other: Span) -> Span {
        if self.file == other.file { Span { end: other.end.max(self.end), ..self } } else { self }
    }

    /// Returns the part of this span at a range relative to its start, cut to the span.
    pub fn inner(self, range: Range<usize>) -> Span {
        let at = |relative: usize| (self.start + offset(relative)).min(self.end);
        Span { start: at(range.start), end: at(range.end), ..self }
    }
}

/// Converts an offset. Files are far smaller than 4 GiB, so that every offset fits.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

/// A value and the span from which it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: Span) -> Self {
        Spanned { value, span }
    }

    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Display> fmt::Display for Spanned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// The unit in which columns are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units, the default of the language server protocol.
    Utf16,
    /// Unicode code points, as in reports for people.
    Utf32,
}

/// A zero-based line and column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    pub line: u32,
    pub column: u32,
}

/// The lines of a text, which end with `\n`, `\r\n` or a lone `\r`.
#[derive(Debug, Clone)]
pub struct LineIndex {
    text: Arc<str>,
    /// The starts of the lines, computed on first use: most files have no findings.
    starts: OnceLock<Vec<u32>>,
    /// The starts of the lines in UTF-16 code units, which only JavaScript asks for.
    utf16_starts: OnceLock<Vec<u32>>,
}

impl LineIndex {
    pub fn new(text: &Arc<str>) -> LineIndex {
        LineIndex { text: Arc::clone(text), starts: OnceLock::new(), utf16_starts: OnceLock::new() }
    }

    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| line_starts(self.text.as_bytes()))
    }

    pub fn lines(&self) -> usize {
        self.starts().len()
    }

    /// Returns the zero-based line that contains a byte.
    pub fn line_of(&self, at: usize) -> usize {
        self.starts().partition_point(|start| *start as usize <= at).saturating_sub(1)
    }

    /// Returns the range of a zero-based line without its line break.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let (text, starts) = (&*self.text, self.starts());
        let Some(start) = starts.get(line).map(|start| *start as usize) else {
            return text.len()..text.len();
        };
        let end = starts.get(line + 1).map_or(text.len(), |next| *next as usize);
        let content = text[start..end].trim_end_matches(['\n', '\r']);
        start..start + content.len()
    }

    /// Returns the line and column of a byte.
    pub fn position(&self, at: usize, encoding: Encoding) -> LineColumn {
        let text = &*self.text;
        let at = floor_boundary(text, at);
        let line = self.line_of(at);
        let start = self.starts()[line] as usize;
        let before = &text[start..at];
        let before =
            if start == 0 { before.strip_prefix('\u{FEFF}').unwrap_or(before) } else { before };
        let column = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.encode_utf16().count(),
            Encoding::Utf32 => before.chars().count(),
        };
        LineColumn { line: offset(line), column: offset(column) }
    }

    fn utf16_starts(&self) -> &[u32] {
        self.utf16_starts.get_or_init(|| {
            let starts = self.starts().iter().map(|start| *start as usize);
            let (mut units, mut last) = (0, 0);
            let until = |start: usize| {
                units += self.text[last..start].encode_utf16().count();
                last = start;
                offset(units)
            };
            starts.map(until).collect()
        })
    }

    /// Returns the number of UTF-16 code units before a byte.
    pub fn utf16_offset(&self, at: usize) -> u32 {
        let text = &*self.text;
        let at = floor_boundary(text, at);
        let starts = self.utf16_starts();
        let line = self.line_of(at);
        let start = self.starts()[line] as usize;
        starts[line] + offset(text[start..at].encode_utf16().count())
    }

    /// Returns the byte behind a number of UTF-16 code units; `None` past the end of the text.
    pub fn at_utf16(&self, units: u32) -> Option<usize> {
        let starts = self.utf16_starts();
        let line = starts.partition_point(|start| *start <= units).saturating_sub(1);
        let start = self.starts()[line] as usize;
        let mut seen = starts[line];
        for (at, letter) in self.text[start..].char_indices() {
            seen += offset(letter.len_utf16());
            if seen > units {
                return Some(start + at);
            }
        }
        (seen == units).then_some(self.text.len())
    }

    /// Returns the byte at a position. A column past the end of the line means its end, as editors expect.
    pub fn offset(&self, position: LineColumn, encoding: Encoding) -> usize {
        let text = &*self.text;
        let mut range = self.line_range(position.line as usize);
        if range.start == 0 && text.starts_with('\u{FEFF}') {
            range.start = '\u{FEFF}'.len_utf8().min(range.end);
        }
        let line = &text[range.clone()];
        let wanted = position.column as usize;
        let mut seen = 0;
        for (at, letter) in line.char_indices() {
            if seen >= wanted {
                return range.start + at;
            }
            seen += match encoding {
                Encoding::Utf8 => letter.len_utf8(),
                Encoding::Utf16 => letter.len_utf16(),
                Encoding::Utf32 => 1,
            };
        }
        range.end
    }
}

fn line_starts(bytes: &[u8]) -> Vec<u32> {
    let ends_line = |at: &usize| match bytes[*at] {
        b'\n' => true,
        _ => bytes.get(at + 1) != Some(&b'\n'),
    };
    let breaks = memchr::memchr2_iter(b'\n', b'\r', bytes).filter(ends_line);
    std::iter::once(0).chain(breaks.map(|at| offset(at + 1))).collect()
}

/// Returns the nearest character boundary at or before `at`.
pub fn floor_boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_a_folder() {
        assert_eq!(relative_path("", "a/b"), "a/b");
        assert_eq!(relative_path("a", "a/b"), "b");
        assert_eq!(relative_path("a/b", "a/c"), "../c");
        assert_eq!(relative_path("a", "a"), ".");
    }

    #[test]
    fn columns_are_counted_in_the_given_encoding() {
        let text = "a: 1\r\nüb🎵x: 2\n";
        let index = LineIndex::new(&Arc::from(text));
        let x = text.find('x').unwrap();
        for (encoding, column) in [(Encoding::Utf8, 7), (Encoding::Utf16, 4), (Encoding::Utf32, 3)]
        {
            let position = index.position(x, encoding);
            assert_eq!(position, LineColumn { line: 1, column });
            assert_eq!(index.offset(position, encoding), x);
        }
    }

    #[test]
    fn offsets_in_utf16_are_those_of_the_whole_text() {
        let text = "\u{FEFF}a: 🎵\r\nüb🎵x: 2\n";
        let index = LineIndex::new(&Arc::from(text));
        for (at, letter) in text.char_indices() {
            let units = text[..at].encode_utf16().count() as u32;
            assert_eq!(index.utf16_offset(at), units, "{at}");
            // The second half of a letter is part of it.
            for half in 0..letter.len_utf16() as u32 {
                assert_eq!(index.at_utf16(units + half), Some(at));
            }
        }
        let units = text.encode_utf16().count() as u32;
        assert_eq!(index.utf16_offset(text.len() + 1), units);
        assert_eq!(index.at_utf16(units), Some(text.len()));
        assert_eq!(index.at_utf16(units + 1), None);
    }

    #[test]
    fn all_line_breaks_end_a_line_without_being_part_of_it() {
        let text = "a\rb\r\nc\n";
        let index = LineIndex::new(&Arc::from(text));
        assert_eq!(index.lines(), 4);
        assert_eq!(&text[index.line_range(1)], "b");
        assert_eq!(index.line_range(9), text.len()..text.len());
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        let text = "\u{FEFF}a: 1";
        let index = LineIndex::new(&Arc::from(text));
        assert_eq!(index.position(3, Encoding::Utf32).column, 0);
        assert_eq!(index.offset(LineColumn { line: 0, column: 0 }, Encoding::Utf16), 3);
    }

    #[test]
    fn paths_have_one_spelling() {
        assert_eq!(normalise_path("./a/../b\\c.yaml"), "b/c.yaml");
        assert_eq!(normalise_path("../x"), "../x");
        assert_eq!(join_path("deploy", "../.env"), ".env");
        assert_eq!(normalise_path("/a//b/"), "/a/b");
    }

    #[test]
    fn utf16_and_invalid_bytes_are_decoded() {
        let wide: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain("a: ü".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(&*File::from_bytes("x", &wide).text, "a: ü");
        assert_eq!(&*File::from_bytes("x", b"a: \xFF").text, "a: \u{FFFD}");
    }
}
