//! Where a span lies, as people count: from 1, columns in Unicode code points.

use crate::report::Report;
use crate::text::{Encoding, Span};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'r> {
    pub path: &'r str,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    /// The column after the last one.
    pub end_column: u32,
}

impl<'r> Place<'r> {
    pub fn of(report: &'r Report, span: Span) -> Place<'r> {
        let entry = report.entry(span.file);
        let position = |at: u32| entry.lines.position(at as usize, Encoding::Utf32);
        let (start, end) = (position(span.start), position(span.end));
        Place {
            path: &entry.file.path,
            line: start.line + 1,
            column: start.column + 1,
            end_line: end.line + 1,
            end_column: end.column + 1,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// `1 error`, `2 errors`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// `1 error, 2 warnings, 1 info`, or `no findings`.
pub(super) fn counts(report: &Report) -> String {
    use crate::report::Severity;
    let words = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Info, "info", "infos"),
        (Severity::Hint, "hint", "hints"),
    ];
    let parts: Vec<String> = words
        .into_iter()
        .map(|(severity, one, many)| (report.count(severity), one, many))
        .filter(|it| it.0 > 0)
        .map(|(number, one, many)| count(number, one, many))
        .collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// How many of the files the report has something to say about, be it only that they are fine.
pub(super) fn files_read(report: &Report) -> usize {
    let mut read: Vec<bool> =
        report.files.iter().map(|it| it.kind != crate::report::Kind::Unknown).collect();
    for finding in &report.findings {
        read[finding.span.file.index()] = true;
    }
    read.into_iter().filter(|it| *it).count()
}
