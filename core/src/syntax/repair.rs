//! Small repairs of a document that does not parse, so that its other lines keep their findings.
//!
//! A half-typed line is nearly always mended by closing what it opened, by the `:` that a bare key
//! lacks, or by leaving its value or all of it out. Each repair touches one line, and positions of
//! the repaired text are mapped back to the text as it stands.

use super::parse::{Problem, ProblemKind};
use crate::text::floor_boundary;
use std::ops::Range;

/// `text[remove]` gives way to `insert`; positions are those of the whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    pub remove: Range<usize>,
    pub insert: String,
}

impl Patch {
    fn cut(remove: Range<usize>) -> Patch {
        Patch { remove, insert: String::new() }
    }
}

/// The patches with one more, in the order of the text; `None` if it touches one of them.
pub fn with(patches: &[Patch], patch: Patch) -> Option<Vec<Patch>> {
    let apart =
        |it: &Patch| it.remove.end < patch.remove.start || patch.remove.end < it.remove.start;
    if !patches.iter().all(apart) {
        return None;
    }
    let mut all = patches.to_vec();
    all.insert(patches.partition_point(|it| it.remove.start < patch.remove.start), patch);
    Some(all)
}

/// The segment that starts at `start` with the patches made, which are in order and apart.
pub fn apply(patches: &[Patch], segment: &str, start: usize) -> String {
    let inserted: usize = patches.iter().map(|it| it.insert.len()).sum();
    let mut text = String::with_capacity(segment.len() + inserted);
    let mut at = 0;
    for patch in patches {
        text.push_str(&segment[at..patch.remove.start - start]);
        text.push_str(&patch.insert);
        at = patch.remove.end - start;
    }
    text.push_str(&segment[at..]);
    text
}

/// Where a position of the repaired text lies in the file. What was inserted lies at the end of
/// what it replaced.
pub fn original(patches: &[Patch], at: usize) -> usize {
    // `at` counts in the repaired text; `ahead + x` is what lies there in the file.
    let mut grown = 0;
    let mut shrunk = 0;
    for patch in patches {
        let start = patch.remove.start + grown - shrunk;
        if at <= start {
            break;
        }
        if at < start + patch.insert.len() {
            return patch.remove.end;
        }
        grown += patch.insert.len();
        shrunk += patch.remove.len();
    }
    at + shrunk - grown
}

/// Whether a problem found in repaired text is one of the file too: neither about what was repaired,
/// nor an alias whose anchor a repair took away.
pub fn survives(problem: &Problem, patches: &[Patch], text: &str) -> bool {
    let repaired = |start: u32, end: u32| {
        patches.iter().any(|it| {
            let line = line_around(text, &(0..text.len()), it.remove.start);
            (start as usize) <= line.end.max(it.remove.end) && line.start <= end as usize
        })
    };
    let anchor_lost = problem.kind == ProblemKind::UnknownAnchor
        && patches.iter().any(|it| text[it.remove.clone()].contains('&'));
    let spans = [Some(problem.span), problem.related];
    !anchor_lost && !spans.into_iter().flatten().any(|it| repaired(it.start, it.end))
}

/// The document that starts at `from` and has its error at `error`: up to the next `---`, or to the
/// end of a line `...`.
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

/// The end of the whole documents that hold at least `size` bytes from `start` on. Directives before
/// a `---` stay with it.
pub fn window(text: &str, start: usize, size: usize) -> usize {
    let mut end = start;
    loop {
        end = document_around(text, start, floor_boundary(text, end.max(start + size))).end;
        let last = text[start..end].trim_end().rsplit(['\n', '\r']).next();
        if end >= text.len() || !last.is_some_and(|it| it.starts_with('%')) {
            return end;
        }
        end += 1;
    }
}

/// Takes away the byte order marks at the start of lines inside a document. Each patch holds the
/// line break before, so that what follows the mark is placed behind it.
pub fn byte_order_marks(text: &str, segment: &Range<usize>) -> Vec<Patch> {
    let marks = text[segment.clone()].match_indices('\u{FEFF}');
    let marks = marks.map(|(at, mark)| (segment.start + at, mark.len()));
    let patch = |(at, len): (usize, usize)| {
        let line_break = at.checked_sub(1).filter(|it| *it >= segment.start)?;
        let line_break = text.get(line_break..at).filter(|it| matches!(*it, "\n" | "\r"))?;
        Some(Patch { remove: at - 1..at + len, insert: line_break.to_owned() })
    };
    marks.filter_map(patch).collect()
}

/// Takes the later half of each merge conflict away, and the marks.
pub fn conflicts(text: &str, segment: &Range<usize>) -> Vec<Patch> {
    if !text[segment.clone()].contains("<<<<<<< ") {
        return Vec::new();
    }
    let mut patches = Vec::new();
    let mut at = segment.start;
    let mut open: Option<usize> = None;
    for line in lines(&text[segment.clone()]) {
        let start = at;
        at += line.len();
        let end = start + line.trim_end_matches(['\r', '\n']).len();
        match (line.get(..8).unwrap_or(line).trim_end(), open) {
            ("<<<<<<<", None) => patches.push(Patch::cut(start..end)),
            ("|||||||" | "=======", None) if !patches.is_empty() => open = Some(start),
            (">>>>>>>", Some(start)) => {
                patches.push(Patch::cut(start..end));
                open = None;
            }
            _ => {}
        }
    }
    patches
}

/// A line that a tab or a space too many (or too few) puts out of place, beside the line above it.
fn indented_anew(text: &str, line: &Range<usize>, above: &[Range<usize>]) -> Option<Patch> {
    let written = &text[line.clone()];
    let content = written.trim_start();
    let neighbour = above.iter().map(|it| &text[it.clone()]).find(|it| !it.trim().is_empty())?;
    let margin = written.len() - content.len();
    let wanted = indent(neighbour);
    // With the line break before it, what follows the new margin is placed behind the old one.
    let start = line.start.checked_sub(1).filter(|it| text.as_bytes()[*it] == b'\n')?;
    let insert = format!("\n{}", " ".repeat(wanted));
    let same = text[start..line.start + margin] == insert;
    (!same && !content.is_empty()).then(|| Patch { remove: start..line.start + margin, insert })
}

fn is_marker(line: &str, marker: &str) -> bool {
    let after = line.strip_prefix(marker);
    after.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// The lines with their breaks; `\n`, `\r\n` and a lone `\r` end one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
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

/// Nobody wants a whole minified file underlined.
const LONGEST_TOKEN: usize = 80;

/// The word at an error, for something to underline. Where the line ends, the last word before it;
/// empty only in a segment without a word.
pub fn token_at(text: &str, at: usize, segment: &Range<usize>) -> Range<usize> {
    let blank = |it: char| it.is_whitespace() || it == '\u{FEFF}';
    let mut at = floor_boundary(text, at.clamp(segment.start, segment.end));
    if text[at..segment.end].chars().next().is_none_or(char::is_whitespace) {
        let before = text[segment.start..at].trim_end_matches(blank);
        if before.is_empty() {
            return at..at;
        }
        let word = before
            .rfind(blank)
            .map_or(0, |it| it + before[it..].chars().next().map_or(1, char::len_utf8));
        at = segment.start + word;
    }
    let rest = &text[at..segment.end];
    let rest = &rest[..floor_boundary(rest, LONGEST_TOKEN)];
    let len = rest.find(|it: char| it.is_whitespace() || matches!(it, ',' | ']' | '}'));
    let len = len.unwrap_or(rest.len());
    let len = if len == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { len };
    at..at + len
}

/// How many lines before the error are looked at for something that was left open.
const LINES_BACK: usize = 200;

/// Repairs worth trying, the likeliest first: the edited line, then the line that the error names,
/// then those before it.
pub fn patches(
    text: &str,
    segment: &Range<usize>,
    error: usize,
    edited: Option<&Range<usize>>,
) -> Vec<Patch> {
    let mut all: Vec<Patch> = Vec::new();
    if let Some(it) = edited.filter(|it| segment.start <= it.start && it.start <= segment.end) {
        for at in [it.end, it.start] {
            let line = line_around(text, segment, at);
            all.extend(mend_line(text, &line));
            all.extend(missing_key(text, segment, &line));
            all.push(Patch::cut(line));
        }
    }
    let named = line_around(text, segment, error);
    let before = lines_before(text, segment, &named);
    let below = line_around(text, segment, (named.end + 1).min(segment.end));
    all.extend(indented_anew(text, &named, &before));
    let margin = text[below.clone()].trim_start_matches(' ');
    if margin.starts_with('\t') {
        let above = if text[named.clone()].trim().is_empty() {
            indented_anew(text, &below, &before)
        } else {
            indented_anew(text, &below, std::slice::from_ref(&named))
        };
        all.extend(above);
    }
    all.extend(mend_line(text, &named));
    // The line that left something open, often far above the place where it shows.
    if let Some(open) = before.iter().find(|it| left_open(&text[(*it).clone()]).opener.is_some()) {
        all.extend(mend_line(text, open));
    }
    if let Some(line) = before.first() {
        all.extend(missing_key(text, segment, line));
    }
    let mut near: Vec<&Range<usize>> = Vec::new();
    for line in &before {
        if near.len() < 3 && !text[line.clone()].trim().is_empty() {
            near.push(line);
        }
    }
    if let Some(line) = near.first() {
        all.extend(mend_line(text, line));
    }
    all.push(Patch::cut(named));
    for line in near {
        all.extend(mend_line(text, line));
        all.push(Patch::cut(line.clone()));
    }
    let mut patches: Vec<Patch> = Vec::new();
    for patch in all {
        if !patches.contains(&patch) {
            patches.push(patch);
        }
    }
    patches
}

/// The lines before one, the nearest first.
pub fn lines_before(text: &str, segment: &Range<usize>, line: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = line.start;
    while start > segment.start && found.len() < LINES_BACK {
        let line = line_around(text, segment, start - 1);
        start = line.start.min(start - 1);
        found.push(line);
    }
    found
}

/// The line around a position without its break.
pub fn line_around(text: &str, segment: &Range<usize>, at: usize) -> Range<usize> {
    let at = floor_boundary(text, at.clamp(segment.start, segment.end));
    let breaks = ['\n', '\r'];
    let start =
        text[segment.start..at].rfind(breaks).map_or(segment.start, |it| segment.start + it + 1);
    let end = text[at..segment.end].find(breaks).map_or(segment.end, |it| at + it);
    start..end
}

/// What mends a half-typed line without losing it, then what keeps at least its key.
fn mend_line(text: &str, line: &Range<usize>) -> Vec<Patch> {
    let written = &text[line.clone()];
    let LeftOpen { closing: open, comment, .. } = left_open(written);
    let content = written[..comment].trim();
    let end = line.start + written[..comment].trim_end().len();
    let append = |insert: String| Patch { remove: end..end, insert };
    let mut patches = Vec::new();
    if matches!(written.trim_end(), "-" | "--") {
        patches.push(append("---"[content.len()..].to_owned()));
    }
    if !open.is_empty() {
        patches.push(append(open.clone()));
        patches.push(append(format!("{open}:")));
    } else if !content.is_empty() {
        // After a name the colon would belong to it.
        let last = content.rsplit([' ', '\t']).next().unwrap_or_default();
        let named = last.starts_with(['&', '*', '!']);
        patches.push(append(if named { " :" } else { ":" }.to_owned()));
    }
    // `key: something` keeps its key, `- something` its dash.
    let key = written.find(": ").map(|it| it + 1);
    let dash = || {
        written.trim_start().starts_with("- ").then(|| line.len() - written.trim_start().len() + 1)
    };
    if let Some(value) = key.or_else(dash).map(|it| line.start + it)
        && value < end
    {
        patches.push(Patch::cut(value..end));
    }
    patches
}

/// Where a blank line stands between a line and a deeper one, a key is missing that the deeper ones
/// belong to: an empty one in its place keeps them.
fn missing_key(text: &str, segment: &Range<usize>, line: &Range<usize>) -> Vec<Patch> {
    let filled = |it: &&str| !it.trim().is_empty();
    if filled(&&text[line.clone()]) {
        return Vec::new();
    }
    let mut after = lines(&text[line.end..segment.end]).filter(filled).take(LINES_BACK);
    let Some(next) = after.next() else { return Vec::new() };
    let deeper = indent(next);
    let item = next.trim_start().starts_with("- ");
    let shallower = after.map(indent).find(|it| *it < deeper);
    let before = lines_before(text, segment, line);
    let before = before.iter().map(|it| &text[it.clone()]).find(filled);
    // A list item's keys start after its dash.
    let before = before.map_or(0, |it| it.len() - it.trim_start_matches([' ', '-']).len());
    [shallower.filter(|it| *it > before), Some(before)]
        .into_iter()
        .flatten()
        .filter(|it| *it < deeper || item && *it == deeper)
        .map(|it| Patch { remove: line.clone(), insert: format!("{}:", " ".repeat(it)) })
        .collect()
}

/// How many spaces a line starts with.
pub fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// What a line leaves open.
pub struct LeftOpen {
    /// What would close its quotes and brackets.
    pub closing: String,
    /// Where the outermost of them stands in the line.
    pub opener: Option<usize>,
    /// Where its comment starts; its end if it has none.
    pub comment: usize,
}

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
            (Some((_, it)), _) if it == letter => quote = None,
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
    let opener = open.first().or(quote.as_ref()).map(|it| it.0);
    let closing = quote.iter().chain(open.iter().rev()).map(|it| it.1).collect();
    LeftOpen { closing, opener, comment }
}
