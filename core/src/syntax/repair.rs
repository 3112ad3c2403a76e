//! Small repairs of a document that does not parse, so that its other lines keep their findings.
//!
//! A half-typed line is nearly always repaired by closing what it opened, by adding the `:` that a key
//! lacks, or by removing its value or the whole line. Each repair changes one line, and positions in the
//! repaired text are mapped back to the original.

use super::limits::MAX_LINES_BACK;
use super::lines::{LeftOpen, indent, left_open, line_around, lines, lines_before};
use super::problem::{Problem, ProblemKind};
use std::ops::Range;

/// A change of the text: `insert` replaces `remove`, whose positions are those of the whole file.
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

/// Returns the patches with one more, in the order of the text; `None` if the new one touches another.
pub fn with(patches: &[Patch], patch: Patch) -> Option<Vec<Patch>> {
    let apart = |other: &Patch| {
        other.remove.end < patch.remove.start || patch.remove.end < other.remove.start
    };
    if !patches.iter().all(apart) {
        return None;
    }
    let mut all = patches.to_vec();
    let at = patches.partition_point(|other| other.remove.start < patch.remove.start);
    all.insert(at, patch);
    Some(all)
}

/// Applies patches, which are in order and apart, to the segment that starts at `start`.
pub fn apply(patches: &[Patch], segment: &str, start: usize) -> String {
    let mut text = String::with_capacity(segment.len());
    let mut at = 0;
    for patch in patches {
        text.push_str(&segment[at..patch.remove.start - start]);
        text.push_str(&patch.insert);
        at = patch.remove.end - start;
    }
    text.push_str(&segment[at..]);
    text
}

/// Returns the position in the file of a position in the repaired text. Inserted text is mapped to the
/// end of what it replaces.
pub fn original(patches: &[Patch], at: usize) -> usize {
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

/// Whether a problem found in repaired text is also one of the file: not about a repaired line, and not
/// an alias whose anchor a repair removed.
pub fn survives(problem: &Problem, patches: &[Patch], text: &str) -> bool {
    let repaired = |start: u32, end: u32| {
        patches.iter().any(|patch| {
            let line = line_around(text, &(0..text.len()), patch.remove.start);
            (start as usize) <= line.end.max(patch.remove.end) && line.start <= end as usize
        })
    };
    let anchor_lost = problem.kind == ProblemKind::UnknownAnchor
        && patches.iter().any(|patch| text[patch.remove.clone()].contains('&'));
    let spans = [Some(problem.span), problem.related];
    !anchor_lost && !spans.into_iter().flatten().any(|span| repaired(span.start, span.end))
}

/// Returns patches that remove the byte order marks at the start of lines inside a document. Each patch
/// includes the line break before the mark, so that the text after it keeps its position.
pub fn byte_order_marks(text: &str, segment: &Range<usize>) -> Vec<Patch> {
    let marks = text[segment.clone()].match_indices('\u{FEFF}');
    let marks = marks.map(|(at, mark)| (segment.start + at, mark.len()));
    let patch = |(at, len): (usize, usize)| {
        let line_break = at.checked_sub(1).filter(|before| *before >= segment.start)?;
        let line_break = text.get(line_break..at).filter(|found| matches!(*found, "\n" | "\r"))?;
        Some(Patch { remove: at - 1..at + len, insert: line_break.to_owned() })
    };
    marks.filter_map(patch).collect()
}

/// Returns patches that remove the markers and the second side of each merge conflict.
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

/// Returns the patch that gives a line the indentation of the nearest filled line above.
fn indented_anew(text: &str, line: &Range<usize>, above: &[Range<usize>]) -> Option<Patch> {
    let written = &text[line.clone()];
    let content = written.trim_start();
    let neighbour =
        above.iter().map(|range| &text[range.clone()]).find(|it| !it.trim().is_empty())?;
    let margin = written.len() - content.len();
    let wanted = indent(neighbour);
    // The patch includes the line break before, so that the text after the margin keeps its position.
    let start = line.start.checked_sub(1).filter(|before| text.as_bytes()[*before] == b'\n')?;
    let insert = format!("\n{}", " ".repeat(wanted));
    let same = text[start..line.start + margin] == insert;
    (!same && !content.is_empty()).then(|| Patch { remove: start..line.start + margin, insert })
}

/// Returns the repairs to try, the likeliest first: of the edited line, of the line with the error, then
/// of the lines before that.
pub fn patches(
    text: &str,
    segment: &Range<usize>,
    error: usize,
    edited: Option<&Range<usize>>,
) -> Vec<Patch> {
    let mut all: Vec<Patch> = Vec::new();
    let inside = |edited: &&Range<usize>| (segment.start..=segment.end).contains(&edited.start);
    if let Some(edited) = edited.filter(inside) {
        for at in [edited.end, edited.start] {
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
    // Something left open often shows far below.
    let opens = |line: &&Range<usize>| left_open(&text[(*line).clone()]).opener.is_some();
    if let Some(open) = before.iter().find(opens) {
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

/// Returns the repairs that keep all of a half-typed line, then those that keep at least its key.
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
        // Directly after an anchor, alias or tag, the colon would belong to its name.
        let last = content.rsplit([' ', '\t']).next().unwrap_or_default();
        let named = last.starts_with(['&', '*', '!']);
        patches.push(append(if named { " :" } else { ":" }.to_owned()));
    }
    // Of `key: value` the key is kept, of `- value` the dash.
    let key = written.find(": ").map(|at| at + 1);
    let dash = || {
        written.trim_start().starts_with("- ").then(|| line.len() - written.trim_start().len() + 1)
    };
    if let Some(value) = key.or_else(dash).map(|at| line.start + at)
        && value < end
    {
        patches.push(Patch::cut(value..end));
    }
    patches
}

/// Returns the patches that write an empty key into a blank line before deeper lines: the key to which
/// these lines belong is missing.
fn missing_key(text: &str, segment: &Range<usize>, line: &Range<usize>) -> Vec<Patch> {
    let filled = |it: &&str| !it.trim().is_empty();
    if filled(&&text[line.clone()]) {
        return Vec::new();
    }
    let mut after = lines(&text[line.end..segment.end]).filter(filled).take(MAX_LINES_BACK);
    let Some(next) = after.next() else { return Vec::new() };
    let deeper = indent(next);
    let item = next.trim_start().starts_with("- ");
    let shallower = after.map(indent).find(|indent| *indent < deeper);
    let before = lines_before(text, segment, line);
    let before = before.iter().map(|range| &text[range.clone()]).find(filled);
    // The keys of a list item start after its dash.
    let before = before.map_or(0, |line| line.len() - line.trim_start_matches([' ', '-']).len());
    [shallower.filter(|indent| *indent > before), Some(before)]
        .into_iter()
        .flatten()
        .filter(|indent| *indent < deeper || item && *indent == deeper)
        .map(|indent| Patch { remove: line.clone(), insert: format!("{}:", " ".repeat(indent)) })
        .collect()
}
