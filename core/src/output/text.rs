//! Findings for a person at a terminal.
//!
//! A finding is a place, a sentence, the lines it is about with their labels, and what to do. The
//! "why" and "help" of a rule are printed with its first finding and not again.

use super::place::{Place, count, counts, files_read};
use crate::explain;
use crate::report::{Finding, Report, Safety, Severity};
use crate::text::{FileId, LineIndex, Span};
use rustc_hash::FxHashSet;

/// How it is to look.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style { color: false, width: 100 }
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";
const BLUE: &str = "1;34";
const CYAN: &str = "36";
const GREEN: &str = "32";

impl Style {
    pub(super) fn paint(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint(BOLD, text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint(DIM, text)
    }

    pub(super) fn good(self, text: &str) -> String {
        self.paint(GREEN, text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.paint(RED, text)
    }

    fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
            Severity::Info => BLUE,
            Severity::Hint => CYAN,
        };
        self.paint(code, text)
    }

    /// Columns for prose: lines much longer than this are hard to read.
    pub(super) fn prose_width(self) -> usize {
        self.width.clamp(40, 100)
    }
}

/// All findings; with `summary`, a last line that counts them.
pub fn text(report: &Report, style: Style, summary: bool) -> String {
    let mut out = String::new();
    let mut told = FxHashSet::default();
    for finding in &report.findings {
        one(&mut out, report, finding, style, &mut told);
    }
    if summary {
        last_line(&mut out, report, style);
    }
    out
}

fn last_line(out: &mut String, report: &Report, style: Style) {
    let worst = report.findings.iter().map(|it| it.severity).min();
    let counted = counts(report);
    let counted = match worst {
        Some(severity) => style.severity(severity, &counted),
        None => style.good(&counted),
    };
    out.push_str(&counted);
    out.push_str(&format!(" in {}", count(files_read(report), "file", "files")));
    if report.suppressed > 0 {
        out.push_str(&format!("; {} suppressed", report.suppressed));
    }
    let with = |safety| {
        let has = |it: &&Finding| it.fixes.iter().any(|it| it.safety == safety);
        report.findings.iter().filter(has).count()
    };
    match (with(Safety::Safe), with(Safety::Unsafe)) {
        (0, 0) => {}
        (0, risky) => out.push_str(&format!("; {risky} fixable with `plimsoll fix --unsafe`")),
        (safe, _) => out.push_str(&format!("; {safe} fixable with `plimsoll fix`")),
    }
    out.push('\n');
}

fn one<'r>(
    out: &mut String,
    report: &'r Report,
    finding: &'r Finding,
    style: Style,
    told: &mut FxHashSet<(&'static str, &'r str)>,
) {
    let place = Place::of(report, finding.span);
    out.push_str(&format!(
        "{} {} {} {}\n",
        style.bold(&clean(&place.to_string())),
        style.severity(finding.severity, finding.severity.name()),
        finding.code,
        style.dim(finding.name)
    ));
    let subject = match finding.subject.as_str() {
        subject if names_all(&finding.message, subject) => String::new(),
        subject => format!("{}: ", clean(subject)),
    };
    field(out, style, "", &format!("{subject}{}", clean(&finding.message)));
    snippets(out, report, finding, style);
    if told.insert((finding.code, "why")) {
        field(out, style, "why", &clean(explain::why(finding)));
    }
    if told.insert((finding.code, finding.help.as_deref().unwrap_or_default())) {
        field(out, style, "help", &clean(explain::help(finding)));
    }
    // Never wrapped: people copy these.
    for (index, line) in finding.check.iter().flat_map(|it| it.lines()).enumerate() {
        let title = if index == 0 { "check" } else { "" };
        let pad = 7 - title.len();
        out.push_str(&format!("  {}{:pad$}{}\n", style.dim(title), "", clean(line)));
    }
    for fix in &finding.fixes {
        let how = match fix.safety {
            Safety::Safe => "",
            Safety::Unsafe => " (unsafe: read it first)",
        };
        field(out, style, "fix", &format!("{}{how}", clean(&fix.title)));
    }
    out.push('\n');
}

/// Whether a message already names everything in `Deployment shop/api, container web`.
fn names_all(message: &str, subject: &str) -> bool {
    let last = |part: &'static str, it: &str| it.rsplit(part).next().unwrap_or(it).to_owned();
    let names = subject.split(", ").map(|it| last("/", &last(" ", it)));
    names.into_iter().all(|it| it.is_empty() || message.contains(&format!("`{it}`")))
}

/// A title and a wrapped text that hangs beside it.
fn field(out: &mut String, style: Style, title: &str, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    let indent = if title.is_empty() { 2 } else { 9 };
    let mut first = true;
    for line in wrap(text, style.prose_width().saturating_sub(indent)) {
        let head = if first { title } else { "" };
        first = false;
        if line.is_empty() {
            out.push('\n');
        } else if indent == 2 {
            out.push_str(&format!("  {line}\n"));
        } else {
            // Painted after the padding is known: colours take no columns.
            let pad = 7 - head.len();
            out.push_str(&format!("  {}{:pad$}{line}\n", style.dim(head), ""));
        }
    }
}

/// Breaks at blanks; keeps line breaks and leaves indented lines (lists, code) whole.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.trim_end().split('\n') {
        if line.starts_with("  ") || line.is_empty() {
            lines.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        let mut used = 0;
        for word in line.split(' ').filter(|it| !it.is_empty()) {
            let long = columns(word);
            if used > 0 && used + 1 + long > width {
                lines.push(std::mem::take(&mut current));
                used = 0;
            }
            if used > 0 {
                current.push(' ');
                used += 1;
            }
            current.push_str(word);
            used += long;
        }
        lines.push(current);
    }
    lines
}

/// A place on one line of a file, and what is said there.
struct Label<'r> {
    line: usize,
    /// Bytes of the line.
    start: usize,
    end: usize,
    message: &'r str,
    primary: bool,
}

/// The lines that a finding is about, a block a file, the finding's own file first.
fn snippets(out: &mut String, report: &Report, finding: &Finding, style: Style) {
    let mut files = vec![finding.span.file];
    for also in &finding.related {
        if !files.contains(&also.span.file) {
            files.push(also.span.file);
        }
    }
    let all = std::iter::once((finding.span, "", true))
        .chain(finding.related.iter().map(|it| (it.span, it.message.as_str(), false)));
    for file in files {
        let entry = report.entry(file);
        let mut labels: Vec<Label<'_>> = all
            .clone()
            .filter(|it| it.0.file == file)
            .map(|(span, message, primary)| label(&entry.lines, span, message, primary))
            .collect();
        labels.sort_by_key(|it| (it.line, !it.primary, it.start));
        if file != finding.span.file
            && let Some(also) = finding.related.iter().find(|it| it.span.file == file)
        {
            let place = clean(&Place::of(report, also.span).to_string());
            out.push_str(&format!("  {} {}\n", style.dim("and"), style.bold(&place)));
        }
        block(out, report, file, &labels, finding.severity, style);
    }
}

/// A span over several lines is marked on its first.
fn label<'r>(lines: &LineIndex, span: Span, message: &'r str, primary: bool) -> Label<'r> {
    let line = lines.line_of(span.start as usize);
    let range = lines.line_range(line);
    let start = (span.start as usize).clamp(range.start, range.end) - range.start;
    let end = (span.end as usize).clamp(range.start, range.end) - range.start;
    Label { line, start, end: end.max(start), message, primary }
}

fn block(
    out: &mut String,
    report: &Report,
    file: FileId,
    labels: &[Label<'_>],
    severity: Severity,
    style: Style,
) {
    let entry = report.entry(file);
    let text = &*entry.file.text;
    let gutter = labels.iter().map(|it| (it.line + 1).to_string().len()).max().unwrap_or(1).max(3);
    let room = style.width.saturating_sub(gutter + 5).max(20);
    let mut last: Option<usize> = None;
    for (index, label) in labels.iter().enumerate() {
        let line = &text[entry.lines.line_range(label.line)];
        let (shown, start, end) = crop(line, label, room);
        if last != Some(label.line) {
            if let Some(last) = last
                && label.line > last + 1
            {
                out.push_str(&format!("  {:>gutter$} {}\n", "", style.dim("·")));
            }
            let number = style.dim(&format!("{:>gutter$} │", label.line + 1));
            out.push_str(format!("  {number} {shown}").trim_end());
            out.push('\n');
        }
        last = Some(label.line);
        if !label.primary && label.message.is_empty() {
            continue;
        }
        // A long line is cropped around its first label; one out of sight is told without a mark.
        let same_crop = index == 0 || labels[index - 1].line != label.line || shown == *line;
        let marks = if same_crop || columns(line) <= room {
            let mark = if label.primary { "^" } else { "-" };
            format!("{:start$}{}", "", mark.repeat((end - start).max(1)))
        } else {
            "-".to_owned()
        };
        let marks = if label.primary {
            style.severity(severity, &marks)
        } else {
            style.paint(CYAN, &marks)
        };
        let message = clean(label.message);
        let bar = style.dim(&format!("{:>gutter$} │", ""));
        if columns(&message) + start + 1 + (end - start) <= room {
            let space = if message.is_empty() { "" } else { " " };
            out.push_str(&format!("  {bar} {marks}{space}{message}\n"));
        } else {
            // No room beside the mark: the words go below it.
            let indent = start.min(room / 3);
            out.push_str(&format!("  {bar} {marks}\n"));
            for line in wrap(&message, room - indent) {
                out.push_str(&format!("  {bar} {:indent$}{line}\n", ""));
            }
        }
    }
}

/// The line as it can be shown, and the columns of the label in it.
fn crop(line: &str, label: &Label<'_>, room: usize) -> (String, usize, usize) {
    let width = |part: &str| columns(&visible(part));
    let before = line.get(..label.start).unwrap_or(line);
    let under = line.get(label.start..label.end).unwrap_or_default();
    let (start, long) = (width(before), width(under));
    let whole = visible(line);
    if columns(&whole) <= room {
        return (whole, start, start + long);
    }
    let from = if start + long <= room { 0 } else { start.saturating_sub(room / 3) };
    let mut shown = String::new();
    let mut at = 0;
    for letter in whole.chars() {
        if at >= from && at < from + room {
            shown.push(letter);
        }
        at += width_of(letter);
    }
    shown.push('…');
    let start = start - from;
    (shown, start, (start + long).min(room).max(start))
}

/// Text as a terminal may get it: tabs of four columns, no control characters.
fn visible(text: &str) -> String {
    clean(&text.replace('\t', "    "))
}

/// The user's own words must not steer the terminal: control characters and those that turn the
/// direction of writing become U+FFFD.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|it| match it {
            '\n' | '\t' => it,
            '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                '\u{FFFD}'
            }
            it if it.is_control() => '\u{FFFD}',
            it => it,
        })
        .collect()
}

/// Columns of a text, near enough for marks: wide scripts and emoji take two, marks that combine none.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

fn width_of(letter: char) -> usize {
    match u32::from(letter) {
        0x0300..=0x036F | 0x200B..=0x200D | 0xFE00..=0xFE0F | 0x20D0..=0x20FF => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn a_finding_reads_as_one_story() {
        let yaml = "services:\n  db: {}\n  app:\n    depends_on: [db]\n";
        let [db, needed] = [yaml.find("db").unwrap(), yaml.rfind("db").unwrap()];
        let mut report = report("compose.yaml", yaml, needed..needed + 2);
        report.findings[0].related[0].span = Span::new(FileId(0), db, db + 2);
        assert_eq!(
            text(&report, Style::default(), true),
            "compose.yaml:4:18 warning PLM101 depends-on-started-only\n  \
             `app` may start before `db` can answer\n    \
             2 │   db: {}\n      │   -- `db` has no healthcheck\n      ·\n    \
             4 │     depends_on: [db]\n      │                  ^^\n  \
             why    The short form of `depends_on` waits until the other container has *started*, not \
             until the\n         program inside accepts connections. After a reboot of the host, the \
             dependent service\n         connects too early, then crash-loops or returns errors until \
             someone looks.\n  \
             help   Wait for it.\n  \
             check  docker compose logs db\n  \
             fix    Wait for `db`\n\n\
             1 warning in 1 file; 1 fixable with `plimsoll fix`\n"
        );
    }

    #[test]
    fn what_was_said_once_is_not_said_again() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        report.findings.push(report.findings[0].clone());
        let text = text(&report, Style::default(), false);
        assert_eq!(text.matches("a.yaml:1:4").count(), 2);
        assert_eq!(text.matches("  why ").count(), 1);
        assert_eq!(text.matches("  help ").count(), 1);
    }

    #[test]
    fn the_subject_is_said_where_the_message_does_not() {
        assert!(names_all("`web` of `api` waits", "Deployment shop/api, container web"));
        assert!(!names_all("`web` waits", "Deployment shop/api, container web"));
        assert!(names_all("anything", ""));
    }

    #[test]
    fn words_go_below_a_mark_that_leaves_no_room() {
        let yaml = format!("x: {}\n", "a".repeat(80));
        let mut report = report("a.yaml", &yaml, 0..1);
        report.findings[0].related[0].span = Span::new(FileId(0), 3, 83);
        let text = text(&report, Style::default(), false);
        assert!(
            text.contains(&format!(
                "│    {}\n      │    `db` has no healthcheck\n",
                "-".repeat(80)
            )),
            "{text}"
        );
    }

    #[test]
    fn marks_stand_under_wide_letters_and_tabs() {
        let yaml = "\"日本\":\t\"🎵\"\n";
        let text = text(&report("a.yaml", yaml, 10..16), Style::default(), false);
        assert!(text.contains("│ \"日本\":    \"🎵\"\n"), "{text}");
        assert!(text.contains(&format!("│ {}^^^^\n", " ".repeat(11))), "{text}");
    }

    #[test]
    fn a_long_line_is_cropped_around_the_place() {
        let yaml = format!("x: {}NEEDLE{}\n", "a".repeat(5000), "b".repeat(5000));
        let text = text(&report("a.yaml", &yaml, 5003..5009), Style::default(), false);
        let line = text.lines().find(|it| it.contains("NEEDLE")).unwrap();
        assert!(columns(line) <= 101, "{line}");
        let marks = text.lines().find(|it| it.contains("^^^^^^")).unwrap();
        let before = |line: &str, what| line[..line.find(what).unwrap()].chars().count();
        assert_eq!(before(line, "NEEDLE"), before(marks, "^"));
    }

    #[test]
    fn the_terminal_is_not_steered() {
        let mut report = report("a.yaml", "x: \x1b[31m\n", 3..4);
        report.findings[0].message = "\x1b]0;title\x07 \u{202E}x".into();
        let text = text(&report, Style::default(), true);
        assert!(!text.contains(['\x1b', '\x07', '\u{202E}']), "{text:?}");
    }
}
