//! The text of a chart's template as it is written: the objects that it prints, and what can be folded in it. A template
//! need be no YAML, and may print nothing with the values at hand.

use super::symbols::{Symbol, SymbolKind};
use crate::model::FileModel;
use crate::text::Span;
use std::ops::Range;

/// A line of a template that shows something else than an action.
struct Line {
    number: usize,
    range: Range<usize>,
    indent: usize,
    is_item: bool,
}

/// Returns the lines with content, without comments and lines that only hold actions.
fn content(file: &FileModel) -> Vec<Line> {
    let text = file.text();
    let lines = (0..file.lines.lines()).filter_map(|number| {
        let range = file.lines.line_range(number);
        let line = text[range.clone()].trim_end();
        let words = line.trim_start();
        let is_action = words.starts_with("{{") && words.ends_with("}}");
        let indent = line.len() - words.len();
        let is_content = !words.is_empty() && !words.starts_with('#') && !is_action;
        is_content.then(|| Line {
            number,
            range: range.start + indent..range.start + line.len(),
            indent,
            is_item: words.starts_with("- "),
        })
    });
    lines.collect()
}

/// Returns the objects that a template prints, by their kinds and names as they are written.
pub(super) fn objects(file: &FileModel) -> Vec<Symbol> {
    let text = file.text();
    let content = content(file);
    let documents = content.split(|line| text[line.range.clone()].starts_with("---"));
    documents.filter_map(|lines| object(file, lines)).collect()
}

fn object(file: &FileModel, lines: &[Line]) -> Option<Symbol> {
    let text = file.text();
    let value = |line: &Line, key: &str| {
        let rest = text[line.range.clone()].strip_prefix(key)?.strip_prefix(':')?;
        let value = rest.trim_start();
        let start = line.range.end - value.len();
        let value = value.split(" #").next().unwrap_or_default().trim_end();
        Some(start..start + value.len())
    };
    let mut top = lines.iter().filter(|it| it.indent == 0);
    let kind = top.find_map(|line| value(line, "kind"))?;
    let metadata = lines.iter().position(|it| it.indent == 0 && value(it, "metadata").is_some());
    let below = metadata.map_or(&[][..], |at| &lines[at + 1..]);
    let depth = below.first().map_or(0, |it| it.indent);
    let own = below.iter().take_while(|it| it.indent > 0);
    let name = own.filter(|it| it.indent == depth).find_map(|line| value(line, "name"));
    let span = |range: Range<usize>| Span::new(file.id, range.start, range.end);
    let label = name.clone().map_or("", |it| text[it].trim_matches(['"', '\'']));
    Some(Symbol {
        name: format!("{}/{label}", &text[kind.clone()]),
        detail: String::new(),
        kind: SymbolKind::Object,
        span: span(lines.first()?.range.start..lines.last()?.range.end),
        name_span: span(name.unwrap_or(kind)),
        below: Vec::new(),
    })
}

/// Returns what can be folded: by indentation, and between the actions of a block.
pub(super) fn folds(file: &FileModel) -> Vec<Span> {
    let mut found = indented(file);
    found.extend(blocks(file));
    found
}

fn indented(file: &FileModel) -> Vec<Span> {
    let content = content(file);
    let mut found = Vec::new();
    let mut open: Vec<&Line> = Vec::new();
    let mut last: Option<&Line> = None;
    for line in &content {
        let is_below = |above: &Line| {
            line.indent > above.indent
                || line.indent == above.indent && line.is_item && !above.is_item
        };
        while let Some(above) = open.pop_if(|above| !is_below(above)) {
            found.extend(last.and_then(|last| lines_between(file, above, last)));
        }
        open.push(line);
        last = Some(line);
    }
    for above in open {
        found.extend(last.and_then(|last| lines_between(file, above, last)));
    }
    found
}

fn lines_between(file: &FileModel, first: &Line, last: &Line) -> Option<Span> {
    let span = Span::new(file.id, first.range.start, last.range.end);
    (first.number < last.number).then_some(span)
}

/// Returns the lines of `if`, `range`, `with`, `define` and `block`, up to the line before their `else` or `end`.
fn blocks(file: &FileModel) -> Vec<Span> {
    let text = file.text();
    let mut found = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut next = 0;
    while let Some(start) = text[next..].find("{{").map(|at| next + at) {
        let action = &text[start + 2..];
        let end = if action.trim_start_matches(['-', ' ']).starts_with("/*") { "*/" } else { "}}" };
        next = action.find(end).map_or(text.len(), |at| start + 2 + at + end.len());
        let action = action.trim_start_matches('-').trim_start();
        let word = action.split(|it: char| !it.is_ascii_alphabetic()).next().unwrap_or_default();
        let is_opened = matches!(word, "if" | "range" | "with" | "define" | "block");
        if matches!(word, "else" | "end")
            && let Some(opened) = open.pop()
        {
            found.extend(lines_before(file, opened, start));
        }
        if is_opened || word == "else" {
            open.push(start);
        }
    }
    found
}

/// Returns the lines from a place up to the line before another one.
fn lines_before(file: &FileModel, from: usize, to: usize) -> Option<Span> {
    let last = file.lines.line_of(to).checked_sub(1)?;
    let end = file.lines.line_range(last).end;
    (file.lines.line_of(from) < last).then(|| Span::new(file.id, from, end))
}
