//! Places as people count them: lines and columns from 1, columns in Unicode code points.

use crate::report::{Finding, Identity, Kind, Report, Severity};
use crate::text::{Encoding, Span, path_at_start};
use rustc_hash::FxHashMap;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place<'r> {
    pub path: &'r str,
    pub line: u32,
    pub column: u32,
    pub end_line: u32,
    /// The column behind the last one.
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

/// Returns the findings, the worst first and else in their order.
pub(super) fn worst_first(report: &Report) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// Returns the fingerprint of each finding: its identity, and a number that tells it from others with the same
/// identity.
pub fn fingerprints(report: &Report) -> Vec<String> {
    let mut seen: FxHashMap<u64, usize> = FxHashMap::default();
    let print = |finding: &Finding| {
        let print = Identity::lasting(report, finding).fingerprint();
        let nth = seen.entry(print).or_default();
        *nth += 1;
        format!("{print:016x}:{nth}")
    };
    report.findings.iter().map(print).collect()
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", path_at_start(self.path), self.line, self.column)
    }
}

/// Returns a number with its noun: `1 error`, `2 errors`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Returns the number of findings by severity: `1 error, 2 warnings`, or `no findings`.
pub(super) fn counts(report: &Report) -> String {
    let parts: Vec<String> = Severity::ALL
        .into_iter()
        .map(|severity| (report.count(severity), severity.name()))
        .filter(|(number, _)| *number > 0)
        .map(|(number, name)| count(number, name, &format!("{name}s")))
        .collect();
    if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
}

/// Returns the number of files that were analysed: those of a known kind, and those with findings.
pub(super) fn files_read(report: &Report) -> usize {
    let mut read: Vec<bool> =
        report.files.iter().map(|entry| entry.kind != Kind::Unknown).collect();
    for finding in &report.findings {
        read[finding.span.file.index()] = true;
    }
    read.into_iter().filter(|read| *read).count()
}
