//! Files, byte spans and the conversion of offsets to lines and columns.
//!
//! Everything inside the core speaks of bytes. Only the last step (`render`, the language server)
//! turns an offset into a line and a column, through [`LineIndex`] and a named [`Encoding`].

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

/// A file as it was handed over: a path (only a name to the core, never opened) and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Path with `/` separators, relative to the folder that was handed over.
    pub path: Arc<str>,
    pub text: Arc<str>,
}

impl File {
    pub fn new(path: impl AsRef<str>, text: impl Into<Arc<str>>) -> File {
        File { path: normalise_path(path.as_ref()).into(), text: text.into() }
    }

    /// A file from raw bytes. UTF-8 is the rule; UTF-16 is recognised by its byte order mark, and
    /// bytes that are no text become U+FFFD, so that the rest of the file can still be read.
    pub fn from_bytes(path: impl AsRef<str>, bytes: &[u8]) -> File {
        let utf16 = |unit: fn([u8; 2]) -> u16| {
            let (pairs, _) = bytes[2..].as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|it| unit(*it)).collect();
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

/// `./a/../b\c` and `b/c` are one file.
pub fn normalise_path(path: &str) -> String {
    if is_plain_path(path) {
        return path.to_owned();
    }
    let absolute = path.starts_with(['/', '\\']);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|it| *it != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

/// Whether a relative path is certainly as it should be, which most are: it has no backslash, and
/// none of its parts is empty, `.` or begins with `..`.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let mut rest = path.as_bytes();
    let mut before = b'/';
    while let [byte, after @ ..] = rest {
        let odd = matches!(rest, [b'/' | b'.'] | [b'/', ..] | [b'.', b'/' | b'.', ..]);
        if *byte == b'\\' || (before == b'/' && odd) {
            return false;
        }
        (before, rest) = (*byte, after);
    }
    before != b'/'
}

/// The folder part of a normalised path, without the trailing slash; empty for a bare name.
pub fn folder_of(path: &str) -> &str {
    memchr::memrchr(b'/', path.as_bytes()).map_or("", |at| &path[..at])
}

/// The name part of a normalised path.
pub fn name_of(path: &str) -> &str {
    memchr::memrchr(b'/', path.as_bytes()).map_or(path, |at| &path[at + 1..])
}

/// `relative` as seen from the folder of a file.
pub fn join_path(folder: &str, relative: &str) -> String {
    if relative.starts_with('/') || folder.is_empty() {
        return normalise_path(relative);
    }
    let joined = [folder, "/", relative].concat();
    if is_plain_path(&joined) { joined } else { normalise_path(&joined) }
}

/// Which file of a project: an index into its list of files.
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

    /// From the start of this to the end of that; this alone where they lie in different files.
    pub fn to(self, other: Span) -> Span {
        if self.file == other.file { Span { end: other.end.max(self.end), ..self } } else { self }
    }

    /// The part of this span that lies `range` bytes from its start, cut to the span.
    pub fn inner(self, range: Range<usize>) -> Span {
        let at = |it: usize| (self.start + offset(it)).min(self.end);
        Span { start: at(range.start), end: at(range.end), ..self }
    }
}

/// Files beyond 4 GiB are refused long before; the cast cannot wrap in practice.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

/// A value and the place that it was read from.
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

/// What a column counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units, the language server protocol's default.
    Utf16,
    /// Unicode code points: what people see in our reports.
    Utf32,
}

/// A zero-based line and column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    pub line: u32,
    pub column: u32,
}

/// A text by its lines. `\n`, `\r\n` and a lone `\r` all end a line.
#[derive(Debug, Clone)]
pub struct LineIndex {
    text: Arc<str>,
    /// Where the lines start. Looked for when somebody first asks, as about most files nobody does.
    starts: OnceLock<Vec<u32>>,
}

impl LineIndex {
    pub fn new(text: &Arc<str>) -> LineIndex {
        LineIndex { text: Arc::clone(text), starts: OnceLock::new() }
    }

    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| line_starts(self.text.as_bytes()))
    }

    pub fn lines(&self) -> usize {
        self.starts().len()
    }

    /// The zero-based line that holds this byte.
    pub fn line_of(&self, at: usize) -> usize {
        self.starts().partition_point(|it| *it as usize <= at).saturating_sub(1)
    }

    /// The bytes of a zero-based line without its line break.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let (text, starts) = (&*self.text, self.starts());
        let Some(start) = starts.get(line).map(|it| *it as usize) else {
            return text.len()..text.len();
        };
        let end = starts.get(line + 1).map_or(text.len(), |it| *it as usize);
        let content = text[start..end].trim_end_matches(['\n', '\r']);
        start..start + content.len()
    }

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

    /// The byte of a position; columns past the end of the line mean its end, as editors expect.
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
    let mut starts = Vec::with_capacity(16 + bytes.len() / 32);
    starts.push(0);
    let lone = |it: usize| bytes[it] == b'\r' && bytes.get(it + 1) != Some(&b'\n');
    if memchr::memchr(b'\r', bytes).is_none() {
        starts.extend(memchr::memchr_iter(b'\n', bytes).map(|it| offset(it + 1)));
    } else {
        let breaks = (0..bytes.len()).filter(|it| bytes[*it] == b'\n' || lone(*it));
        starts.extend(breaks.map(|it| offset(it + 1)));
    }
    starts
}

/// The nearest character boundary at or before `at`.
pub fn floor_boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|it| text.is_char_boundary(*it)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_what_was_asked_for() {
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
    fn every_line_break_counts_and_none_belongs_to_its_line() {
        let text = "a\rb\r\nc\n";
        let index = LineIndex::new(&Arc::from(text));
        assert_eq!(index.lines(), 4);
        assert_eq!(&text[index.line_range(1)], "b");
        assert_eq!(index.line_range(9), text.len()..text.len());
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        let text = "\u{FEFF}a: 1";
        let index = LineIndex::new(&Arc::from(text));
        assert_eq!(index.position(3, Encoding::Utf32).column, 0);
        assert_eq!(index.offset(LineColumn { line: 0, column: 0 }, Encoding::Utf16), 3);
    }

    #[test]
    fn paths_are_one_spelling() {
        assert_eq!(normalise_path("./a/../b\\c.yaml"), "b/c.yaml");
        assert_eq!(normalise_path("../x"), "../x");
        assert_eq!(join_path("deploy", "../.env"), ".env");
        assert_eq!(normalise_path("/a//b/"), "/a/b");
    }

    #[test]
    fn utf16_and_broken_bytes_become_text() {
        let wide: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain("a: ü".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(&*File::from_bytes("x", &wide).text, "a: ü");
        assert_eq!(&*File::from_bytes("x", b"a: \xFF").text, "a: \u{FFFD}");
    }
}
