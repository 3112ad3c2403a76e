//! Small repairs of a document that does not parse, so that its other lines keep their findings.
//!
//! A half-typed line is nearly always mended by closing what it opened, by the `:` that a bare key
//! lacks, or by leaving the line out. Each repair touches one line, and positions after it are
//! mapped back to the text as it stands.

use std::ops::Range;

/// `text[at..at + removed.len()]` gives way to `insert`; positions are those of the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    pub remove: Range<usize>,
    pub insert: String,
}

impl Patch {
    /// The segment that starts at `start` with the repair made.
    pub fn apply(&self, segment: &str, start: usize) -> String {
        let mut text = String::with_capacity(segment.len() + self.insert.len());
        text.push_str(&segment[..self.remove.start - start]);
        text.push_str(&self.insert);
        text.push_str(&segment[self.remove.end - start..]);
        text
    }

    /// Where a position of the repaired text lies in the file.
    pub fn original(&self, at: usize) -> usize {
        let inserted_end = self.remove.start + self.insert.len();
        if at <= self.remove.start {
            at
        } else if at < inserted_end {
            self.remove.end.min(at)
        } else {
            at - self.insert.len() + (self.remove.end - self.remove.start)
        }
    }
}

/// The document that starts at or after `from` and around `from + offset`: up to the next `---`.
pub fn document_around(text: &str, from: usize, offset: usize) -> Range<usize> {
    let start = (from + offset).min(text.len());
    let mut at = start;
    let mut first = true;
    for line in text[start..].split_inclusive('\n') {
        let marker = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marker && !first {
            break;
        }
        first = false;
        at += line.len();
    }
    // Always makes progress, even over an empty stretch.
    start.min(text.len())..at.max(start + usize::from(start < text.len()))
}

/// The word at an error, for something to underline; never empty inside the text.
pub fn token_at(text: &str, at: usize, limit: usize) -> Range<usize> {
    let at = text.floor_char_boundary(at.min(text.len()));
    let rest = &text[at..limit.max(at).min(text.len())];
    let len = rest
        .find(|it: char| it.is_whitespace() || matches!(it, ',' | ']' | '}'))
        .unwrap_or(rest.len());
    let len = if len == 0 {
        rest.chars().next().filter(|it| !it.is_whitespace()).map_or(0, char::len_utf8)
    } else {
        len
    };
    at..at + len
}

/// Repairs worth trying, the likeliest first: the edited line, then the line that the error names,
/// then the lines before it.
pub fn patches(
    text: &str,
    segment: &Range<usize>,
    error: usize,
    edited: Option<&Range<usize>>,
) -> Vec<Patch> {
    let mut lines = Vec::new();
    let mut add = |at: usize| {
        let line = line_around(text, segment, at);
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    if let Some(edited) = edited.filter(|it| segment.start <= it.start && it.start <= segment.end) {
        add(edited.start);
        add(edited.end.min(segment.end));
    }
    add(error);
    let mut before = line_around(text, segment, error);
    for _ in 0..3 {
        if before.start <= segment.start {
            break;
        }
        before = line_around(text, segment, before.start - 1);
        add(before.start);
    }
    let mut patches = Vec::new();
    for line in &lines {
        patches.extend(close_line(text, line));
    }
    for line in &lines {
        patches.push(Patch { remove: line.clone(), insert: String::new() });
    }
    patches
}

/// The line around a position without its break.
fn line_around(text: &str, segment: &Range<usize>, at: usize) -> Range<usize> {
    let at = text.floor_char_boundary(at.clamp(segment.start, segment.end));
    let start =
        text[segment.start..at].rfind('\n').map_or(segment.start, |it| segment.start + it + 1);
    let end = text[at..segment.end].find('\n').map_or(segment.end, |it| at + it);
    let end = start + text[start..end].trim_end_matches('\r').len();
    start..end
}

/// What the line opened and did not close, closed; a bare word made a key.
fn close_line(text: &str, line: &Range<usize>) -> Vec<Patch> {
    let written = &text[line.clone()];
    let mut open: Vec<char> = Vec::new();
    let mut quote: Option<char> = None;
    let mut previous = ' ';
    let mut letters = written.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some('"'), '\\') => {
                letters.next();
            }
            (Some(it), _) if it == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if matches!(previous, ' ' | '[' | '{' | ',' | ':' | '-' | '\t') => {
                quote = Some(letter)
            }
            (None, '#') if previous == ' ' => break,
            (None, '[') => open.push(']'),
            (None, '{') => open.push('}'),
            (None, ']' | '}') => {
                open.pop();
            }
            _ => {}
        }
        previous = letter;
    }
    let end = line.start + written.trim_end().len();
    let at = |insert: String| Patch { remove: end..end, insert };
    let mut closing: String = quote.into_iter().collect();
    closing.extend(open.iter().rev());
    let mut patches = Vec::new();
    if !closing.is_empty() {
        patches.push(at(closing.clone()));
        patches.push(at(format!("{closing}:")));
    }
    if closing.is_empty() && !written.trim().is_empty() {
        patches.push(at(":".to_owned()));
    }
    patches
}
