//! A report for the tests of the renderers: one file, and one finding with every field set.

use crate::report::{Edit, FileEntry, Findings, Fix, Kind, Report, Role, Severity};
use crate::text::{File, FileId, LineIndex, Span};
use std::ops::Range;
use std::sync::Arc;

pub(super) fn report(path: &str, text: &str, at: Range<usize>) -> Report {
    let span = Span::new(FileId(0), at.start, at.end);
    let mut findings = Findings::new("PLM101", "depends-on-started-only", Severity::Warning);
    findings
        .at(&span, "`app` may start before `db` can answer")
        .subject("service app")
        .help("Wait for it.")
        .check("docker compose logs db")
        .also(&Span::new(FileId(0), 0, 1), "`db` has no healthcheck")
        .fix(Fix::safe("Wait for `db`", [Edit { span, text: "db2".into() }]));
    Report {
        files: Arc::new(vec![FileEntry {
            // `File::new` would normalise the unusual paths of some tests.
            file: File::new(path, text),
            kind: Kind::Compose,
            role: Some(Role::Production),
            lines: LineIndex::new(&text.into()),
            is_excluded: false,
            is_pipeline: false,
        }]),
        findings: findings.into_list(),
        ..Report::default()
    }
}
