//! Lines, words and documents of a text, found without the parser.

use super::limits::{MAX_LINES_BACK, MAX_WORD};
use std::ops::Range;

/// Whether a line is the marker `---` or `...`.
fn is_marker(line: &str, marker: &str) -> bool {
    let after = line.strip_prefix(marker);
    after.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Returns the lines with their line breaks, which are `\n`, `\r\n` or a lone `\r`.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = match rest.find(['\n', '\r']) {
            Some(at) if rest[at..].starts_with("\r\n") => at + 2,
            Some(at) => at + 1,
            None => rest.len(),
        };
        let (line, after) = rest.split_at(end);
        rest = after;
        Some(line).filter(|it| !it.is_empty())
    })
}

/// Returns the lines before a line, the nearest first.
pub fn lines_before(text: &str, segment: &Range<usize>, line: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = line.start;
    while start > segment.start && found.len() < MAX_LINES_BACK {
        let line = line_around(text, segment, start - 1);
        start = line.start.min(start - 1);
        found.push(line);
    }
    found
}

/// Returns the line around a position, without its line break.
pub fn line_around(text: &str, segment: &Range<usize>, at: usize) -> Range<usize> {
    let at = text.floor_char_boundary(at.clamp(segment.start, segment.end));
    let breaks = ['\n', '\r'];
    let before = text[segment.start..at].rfind(breaks);
    let start = before.map_or(segment.start, |found| segment.start + found + 1);
    let end = text[at..segment.end].find(breaks).map_or(segment.end, |found| at + found);
    start..end
}

/// Returns the number of spaces at the start of a line.
pub fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Returns the word at a position, to underline it: at the end of a line, the last word before. Empty
/// only in a segment without words.
pub fn word_at(text: &str, at: usize, segment: &Range<usize>) -> Range<usize> {
    let blank = |letter: char| letter.is_whitespace() || letter == '\u{FEFF}';
    let mut at = text.floor_char_boundary(at.clamp(segment.start, segment.end));
    if text[at..segment.end].chars().next().is_none_or(char::is_whitespace) {
        let before = text[segment.start..at].trim_end_matches(blank);
        if before.is_empty() {
            return at..at;
        }
        let word = before.rsplit(blank).next().unwrap_or_default();
        at = segment.start + before.len() - word.len();
    }
    let rest = &text[at..segment.end];
    let rest = &rest[..rest.floor_char_boundary(MAX_WORD)];
    let end = |letter: char| letter.is_whitespace() || matches!(letter, ',' | ']' | '}');
    let len = rest.find(end);
    let len = len.unwrap_or(rest.len());
    let len = if len == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { len };
    at..at + len
}

/// Returns the range of the document that starts at `from` and contains the position `error`: up to the
/// next `---`, or to the end of a line `...`.
pub fn document_around(text: &str, from: usize, error: usize) -> Range<usize> {
    let start = from.min(text.len());
    let mut at = start;
    for line in lines(&text[start..]) {
        if at > start && at >= error && is_marker(line, "---") {
            break;
        }
        at += line.len();
        if at > error && is_marker(line, "...") {
            break;
        }
    }
    start..at
}

/// Returns the end of the whole documents that make up at least `size` bytes from `start` on. Directives
/// stay with the document after them.
pub fn window(text: &str, start: usize, size: usize) -> usize {
    let mut end = start;
    loop {
        end = document_around(text, start, text.floor_char_boundary(end.max(start + size))).end;
        let last = text[start..end].trim_end().rsplit(['\n', '\r']).next();
        if end >= text.len() || !last.is_some_and(|line| line.starts_with('%')) {
            return end;
        }
        end += 1;
    }
}

/// Quotes and brackets that a line opens and does not close.
pub struct LeftOpen {
    /// The characters that would close the open quotes and brackets.
    pub closing: String,
    /// The position of the outermost open quote or bracket.
    pub opener: Option<usize>,
    /// The start of the comment; the end of the line if there is none.
    pub comment: usize,
}

/// Finds the quotes and brackets that a line leaves open.
pub fn left_open(written: &str) -> LeftOpen {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut quote: Option<(usize, char)> = None;
    let mut previous = ' ';
    let mut comment = written.len();
    let mut letters = written.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (Some((_, '"')), '\\') => {
                letters.next();
            }
            (Some((_, open)), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if matches!(previous, ' ' | '[' | '{' | ',' | ':' | '-' | '\t') => {
                quote = Some((at, letter));
            }
            (None, '#') if matches!(previous, ' ' | '\t') => {
                comment = at;
                break;
            }
            (None, '[') => open.push((at, ']')),
            (None, '{') => open.push((at, '}')),
            (None, ']' | '}') => {
                open.pop();
            }
            _ => {}
        }
        previous = letter;
    }
    let opener = open.first().or(quote.as_ref()).map(|(at, _)| *at);
    let closing = quote.iter().chain(open.iter().rev()).map(|(_, close)| close).collect();
    LeftOpen { closing, opener, comment }
}
