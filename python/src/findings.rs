//! The table of findings.

use crate::project::Problem;
use arrow_array::builder::{Int32Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use plimsoll_core::output::{fingerprints, wire};
use plimsoll_core::report::Report;
use plimsoll_core::rules;
use std::sync::Arc;

/// Returns the columns of the table. The names are those of the JSON report where it has the same thing.
pub fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let number = |name: &str| Field::new(name, DataType::Int32, true);
    let list =
        |name: &str| Field::new_list(name, Field::new_list_field(DataType::Utf8, true), true);
    Arc::new(Schema::new(vec![
        text("repository"),
        text("code"),
        text("name"),
        text("pitfall"),
        text("severity"),
        text("confidence"),
        text("path"),
        number("line"),
        number("column"),
        number("end_line"),
        number("end_column"),
        text("subject"),
        text("message"),
        list("help"),
        list("check"),
        list("targets"),
        text("fingerprint"),
    ]))
}

/// The rows of some repositories, by column.
#[derive(Default)]
pub struct Findings {
    repository: StringBuilder,
    code: StringBuilder,
    name: StringBuilder,
    pitfall: StringBuilder,
    severity: StringBuilder,
    confidence: StringBuilder,
    path: StringBuilder,
    line: Int32Builder,
    column: Int32Builder,
    end_line: Int32Builder,
    end_column: Int32Builder,
    subject: StringBuilder,
    message: StringBuilder,
    help: ListBuilder<StringBuilder>,
    check: ListBuilder<StringBuilder>,
    targets: ListBuilder<StringBuilder>,
    fingerprint: StringBuilder,
}

impl Findings {
    /// Adds what was found in a repository.
    pub fn add(&mut self, repository: Option<&str>, report: &Report) {
        let wire = wire::Report::new(report, wire::Positions::default());
        for (finding, fingerprint) in wire.findings.iter().zip(fingerprints(report)) {
            let pitfall = rules::find(finding.code).map(|rule| rule.pitfall().name());
            self.repository.append_option(repository);
            self.code.append_value(finding.code);
            self.name.append_value(finding.name);
            self.pitfall.append_option(pitfall);
            self.severity.append_value(finding.severity.name());
            self.confidence.append_value(finding.confidence.name());
            self.path.append_value(finding.path);
            self.line.append_value(number(finding.range.start.line));
            self.column.append_value(number(finding.range.start.column));
            self.end_line.append_value(number(finding.range.end.line));
            self.end_column.append_value(number(finding.range.end.column));
            self.subject.append_value(finding.subject);
            self.message.append_value(finding.message);
            append(&mut self.help, &finding.help);
            append(&mut self.check, finding.check);
            append(&mut self.targets, finding.targets);
            self.fingerprint.append_value(fingerprint);
        }
    }

    /// Adds a file that could not be read. Its row has no code, since no rule says so.
    pub fn add_problem(&mut self, repository: Option<&str>, problem: &Problem) {
        self.repository.append_option(repository);
        self.code.append_null();
        self.name.append_value(problem.cause.name());
        self.pitfall.append_null();
        self.severity.append_value(problem.cause.severity().name());
        self.confidence.append_value("certain");
        self.path.append_option(problem.path.as_deref());
        self.line.append_null();
        self.column.append_null();
        self.end_line.append_null();
        self.end_column.append_null();
        self.subject.append_value("");
        self.message.append_value(&problem.message);
        self.help.append(true);
        self.check.append(true);
        self.targets.append(true);
        self.fingerprint.append_null();
    }

    pub fn finish(mut self) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.repository.finish()),
            Arc::new(self.code.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.pitfall.finish()),
            Arc::new(self.severity.finish()),
            Arc::new(self.confidence.finish()),
            Arc::new(self.path.finish()),
            Arc::new(self.line.finish()),
            Arc::new(self.column.finish()),
            Arc::new(self.end_line.finish()),
            Arc::new(self.end_column.finish()),
            Arc::new(self.subject.finish()),
            Arc::new(self.message.finish()),
            Arc::new(self.help.finish()),
            Arc::new(self.check.finish()),
            Arc::new(self.targets.finish()),
            Arc::new(self.fingerprint.finish()),
        ];
        RecordBatch::try_new(schema(), columns)
    }
}

/// Adds a row with a list of strings.
pub fn append(column: &mut ListBuilder<StringBuilder>, texts: &[impl AsRef<str>]) {
    for text in texts {
        column.values().append_value(text);
    }
    column.append(true);
}

/// Converts a line or a column to the type that every engine knows.
fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
