//! The source lines that a finding is about, with marks and labels under them.

use super::columns::{columns, escape_line, visible, wrap};
use super::place::Place;
use super::style::Style;
use crate::report::{FileEntry, Finding, Report, Severity};
use crate::text::{FileId, Span};
use std::ops::Range;

/// A place on one line of a file, and what is said about it.
struct Label<'r> {
    line: usize,
    /// Byte range within the line.
    range: Range<usize>,
    message: &'r str,
    primary: bool,
}

/// Writes the lines that a finding is about: one block for each file, beginning with the finding's
/// own file.
pub(super) fn snippets(out: &mut String, report: &Report, finding: &Finding, style: Style) {
    let mut files = vec![finding.span.file];
    for related in &finding.related {
        if !files.contains(&related.span.file) {
            files.push(related.span.file);
        }
    }
    for file in files {
        let entry = report.entry(file);
        let mut labels = Vec::new();
        if finding.span.file == file {
            labels.push(label(entry, finding.span, "", true));
        }
        let related = finding.related.iter().filter(|related| related.span.file == file);
        labels.extend(
            related.clone().map(|related| label(entry, related.span, &related.message, false)),
        );
        labels.sort_by_key(|label| (label.line, !label.primary, label.range.start));
        if finding.span.file != file
            && let Some(first) = related.clone().next()
        {
            let place = escape_line(&Place::of(report, first.span).to_string());
            out.push_str(&format!("  {} {}\n", style.dim("and"), style.bold(&place)));
        }
        block(out, report, file, &labels, finding.severity, style);
    }
}

/// Returns the label for a span. A span over several lines is marked on its first line.
fn label<'r>(entry: &FileEntry, span: Span, message: &'r str, primary: bool) -> Label<'r> {
    let line = entry.lines.line_of(span.start as usize);
    let bytes = entry.lines.line_range(line);
    let source = &entry.file.text[bytes.clone()];
    let within = |at: u32| source.floor_char_boundary((at as usize).saturating_sub(bytes.start));
    let start = within(span.start);
    Label { line, range: start..within(span.end).max(start), message, primary }
}

/// Writes the labelled lines of one file, with line numbers.
fn block(
    out: &mut String,
    report: &Report,
    file: FileId,
    labels: &[Label<'_>],
    severity: Severity,
    style: Style,
) {
    let entry = report.entry(file);
    let numbers = labels.iter().map(|label| (label.line + 1).to_string().len());
    let gutter = numbers.max().unwrap_or(1).max(3);
    let room = style.width.saturating_sub(gutter + 5).max(20);
    let bar = style.dim(&format!("{:>gutter$} │", ""));
    let mut next_line = None;
    for same_line in labels.chunk_by(|a, b| a.line == b.line) {
        let first = &same_line[0];
        if next_line.is_some_and(|next| first.line > next) {
            out.push_str(&format!("  {:>gutter$} {}\n", "", style.dim("·")));
        }
        next_line = Some(first.line + 1);
        let source = &entry.file.text[entry.lines.line_range(first.line)];
        let view = View::new(source, &first.range, room);
        let number = style.dim(&format!("{:>gutter$} │", first.line + 1));
        out.push_str(format!("  {number} {}", view.text).trim_end());
        out.push('\n');
        for label in same_line.iter().filter(|label| label.primary || !label.message.is_empty()) {
            for line in marked(label, view.columns_of(&label.range), room, severity, style) {
                out.push_str(&format!("  {bar} {line}\n"));
            }
        }
    }
}

/// Returns the lines below a source line that belong to one label: marks under `place`, and the
/// message beside them or, where there is no room, below them.
fn marked(
    label: &Label<'_>,
    place: Option<Range<usize>>,
    room: usize,
    severity: Severity,
    style: Style,
) -> Vec<String> {
    let message = escape_line(label.message);
    let Some(place) = place else {
        // The line is too long to show this place beside the first one.
        return wrap(&format!("… {message}"), room);
    };
    let (mark, length) = (if label.primary { "^" } else { "-" }, place.len().max(1));
    let marks = format!("{:indent$}{}", "", mark.repeat(length), indent = place.start);
    let painted = match label.primary {
        true => style.severity(severity, &marks),
        false => style.related(&marks),
    };
    if message.is_empty() {
        return vec![painted];
    }
    if place.start + length + 1 + columns(&message) <= room {
        return vec![format!("{painted} {message}")];
    }
    let indent = place.start.min(room / 3);
    let below = wrap(&message, room - indent).into_iter();
    std::iter::once(painted).chain(below.map(|line| format!("{:indent$}{line}", ""))).collect()
}

/// A source line as it is shown. A line that is too long is cropped around one place.
struct View<'r> {
    source: &'r str,
    /// Byte range of the source that is shown.
    shown: Range<usize>,
    text: String,
}

impl<'r> View<'r> {
    fn new(source: &'r str, place: &Range<usize>, room: usize) -> View<'r> {
        if end_of_view(source, 0, room) == source.len() {
            return View { source, shown: 0..source.len(), text: visible(source) };
        }
        // An ellipsis on either side takes a column.
        let room = room - 2;
        let start = if end_of_view(source, 0, room) >= place.end {
            0
        } else {
            // A third of the room for what comes before, or more where little comes after.
            let third = start_of_view(source, place.start, room / 3);
            third.min(start_of_view(source, source.len(), room))
        };
        let end = end_of_view(source, start, room);
        let left = if start > 0 { "…" } else { "" };
        let right = if end < source.len() { "…" } else { "" };
        let text = format!("{left}{}{right}", visible(&source[start..end]));
        View { source, shown: start..end, text }
    }

    /// Returns the columns of a byte range of the source, or `None` where its start is not shown.
    fn columns_of(&self, range: &Range<usize>) -> Option<Range<usize>> {
        if range.start < self.shown.start || range.start > self.shown.end {
            return None;
        }
        let ellipsis = usize::from(self.shown.start > 0);
        let end = range.end.min(self.shown.end);
        let before = &self.source[self.shown.start..range.start];
        let start = ellipsis + columns(&visible(before));
        Some(start..start + columns(&visible(&self.source[range.start..end])))
    }
}

/// Returns where a view of `room` columns that ends at `end` begins. Like [`end_of_view`], it looks at
/// no more of the line than is shown, since a line may be a whole file.
fn start_of_view(source: &str, end: usize, room: usize) -> usize {
    end - bytes_that_fit(source[..end].chars().rev(), room)
}

/// Returns where a view of `room` columns that begins at `start` ends.
fn end_of_view(source: &str, start: usize, room: usize) -> usize {
    start + bytes_that_fit(source[start..].chars(), room)
}

fn bytes_that_fit(letters: impl Iterator<Item = char>, room: usize) -> usize {
    let mut used = 0;
    let mut bytes = 0;
    for letter in letters {
        used += columns(&visible(letter.encode_utf8(&mut [0; 4])));
        if used > room {
            break;
        }
        bytes += letter.len_utf8();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::super::{Length, text};
    use super::*;

    /// The text report for one finding at `primary`, with a label at `related`.
    fn shown(yaml: &str, primary: Range<usize>, related: Range<usize>) -> String {
        let mut report = report("a.yaml", yaml, primary);
        report.findings[0].related[0].span = Span::new(FileId(0), related.start, related.end);
        text(&report, Style::default(), false, Length::All)
    }

    fn line_with<'t>(text: &'t str, part: &str) -> &'t str {
        text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {text}"))
    }

    /// Number of columns before `part`.
    fn indent(line: &str, part: &str) -> usize {
        columns(&line[..line.find(part).unwrap()])
    }

    #[test]
    fn a_message_goes_below_its_mark_where_there_is_no_room() {
        let text = shown(&format!("x: {}\n", "a".repeat(80)), 0..1, 3..83);
        let expected = format!("│    {}\n      │    `db` has no healthcheck\n", "-".repeat(80));
        assert!(text.contains(&expected), "{text}");
    }

    #[test]
    fn marks_are_as_wide_as_what_they_mark() {
        for (yaml, part, before, wide) in [
            ("\"✅ x\": 1\n", "\"✅ x\"", 0, 6),
            ("\"日本\":\t\"🎵\"\n", "\"🎵\"", 11, 4),
            ("cafe\u{301}: x\n", "x", 6, 1),
            ("\tx: y\n", "x", 4, 1),
            ("\"👨\u{200D}👩\u{200D}👧\": x\n", "x", 6, 1),
            ("\"\u{7}\": x\n", "x", 9, 1),
        ] {
            let start = yaml.find(part).unwrap();
            let text = shown(yaml, start..start + part.len(), 0..0);
            let marks = line_with(&text, "^").trim_start_matches("      │ ");
            assert_eq!(marks, format!("{}{}", " ".repeat(before), "^".repeat(wide)), "{yaml:?}");
        }
        assert!(shown("a:\tb\n", 0..1, 0..0).contains("│ a:    b\n"), "a tab takes four columns");
    }

    #[test]
    fn a_long_line_is_cropped_around_the_place() {
        for filler in ["a", "日", "\t"] {
            let yaml = format!("x: {}NEEDLE{}\n", filler.repeat(5000), "b".repeat(5000));
            let start = yaml.find("NEEDLE").unwrap();
            let text = shown(&yaml, start..start + 6, 0..1);
            let (line, marks) = (line_with(&text, "NEEDLE"), line_with(&text, "^"));
            assert!(columns(line) <= 100 && line.contains("│ …") && line.ends_with('…'), "{line}");
            assert_eq!(indent(line, "NEEDLE"), indent(marks, "^^^^^^"), "{text}");
            // The place of the label lies outside the view, so its message stands without a mark.
            assert!(text.contains("│ … `db` has no healthcheck\n"), "{text}");
        }
    }

    #[test]
    fn a_place_near_the_end_of_a_long_line_is_shown_with_what_comes_before() {
        let yaml = format!("{}END\n", "a".repeat(5000));
        let text = shown(&yaml, 5000..5003, 0..0);
        let line = line_with(&text, "END");
        assert!(line.ends_with("aEND") && columns(line) >= 98, "{line}");
    }

    #[test]
    fn two_places_on_a_cropped_line_are_both_marked() {
        let yaml = format!("{}ONE {}TWO{}\n", "a".repeat(500), "b".repeat(20), "c".repeat(500));
        let (one, two) = (yaml.find("ONE").unwrap(), yaml.find("TWO").unwrap());
        let text = shown(&yaml, one..one + 3, two..two + 3);
        let line = line_with(&text, "ONE");
        assert_eq!(indent(line, "ONE"), indent(line_with(&text, "^^^"), "^^^"), "{text}");
        assert_eq!(indent(line, "TWO"), indent(line_with(&text, "---"), "---"), "{text}");
    }

    #[test]
    fn a_place_wider_than_the_terminal_is_marked_as_far_as_it_is_shown() {
        let yaml = format!("{}\n", "x".repeat(5000));
        let text = shown(&yaml, 0..5000, 0..0);
        assert_eq!(columns(line_with(&text, "^")), columns(line_with(&text, "1 │ ")) - 1);
    }
}
