//! The diagnostic format of reviewdog, as one JSON object.
//!
//! Format: <https://github.com/reviewdog/reviewdog/tree/master/proto/rdf>. Columns count bytes from 1.

use super::columns::escape;
use super::wire::{pretty, rule_url};
use crate::report::{Edit, Finding, Report, Safety, Severity};
use crate::rules;
use crate::text::{Encoding, Span};
use serde_json::{Map, Value, json};

/// Renders the findings, with the edits of their safe fixes as suggestions.
pub fn rdjson(report: &Report) -> String {
    let diagnostics: Vec<Value> =
        report.findings.iter().map(|finding| diagnostic(report, finding)).collect();
    let log = json!({
        "source": { "name": "plimsoll", "url": "https://plimsoll.dev" },
        "diagnostics": diagnostics,
    });
    pretty(&log)
}

fn diagnostic(report: &Report, finding: &Finding) -> Value {
    let mut out = Map::new();
    out.insert("message".into(), json!(escape(&finding.message)));
    out.insert("location".into(), location(report, finding.span));
    out.insert("severity".into(), json!(severity(finding.severity)));
    let url = rules::find(finding.code).map(rule_url);
    out.insert("code".into(), json!({ "value": finding.code, "url": url.unwrap_or_default() }));
    let safe = finding.fixes.iter().find(|fix| fix.safety == Safety::Safe);
    // A suggestion belongs to the file of its diagnostic, so a fix of several files is left out.
    let edits = safe.map(|fix| fix.edits.as_slice()).unwrap_or_default();
    if !edits.is_empty() && edits.iter().all(|edit| edit.span.file == finding.span.file) {
        let suggestion =
            |edit: &Edit| json!({ "range": range(report, edit.span), "text": edit.text });
        out.insert("suggestions".into(), edits.iter().map(suggestion).collect());
    }
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|it| json!({ "message": escape(&it.message), "location": location(report, it.span) }))
        .collect();
    if !related.is_empty() {
        out.insert("relatedLocations".into(), Value::Array(related));
    }
    Value::Object(out)
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
        Severity::Info | Severity::Hint => "INFO",
    }
}

fn location(report: &Report, span: Span) -> Value {
    json!({ "path": &*report.entry(span.file).file.path, "range": range(report, span) })
}

fn range(report: &Report, span: Span) -> Value {
    let lines = &report.entry(span.file).lines;
    let position = |at: u32| {
        let position = lines.position(at as usize, Encoding::Utf8);
        json!({ "line": position.line + 1, "column": position.column + 1 })
    };
    json!({ "start": position(span.start), "end": position(span.end) })
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn columns_count_bytes_and_safe_fixes_are_suggestions() {
        let report = report("a.yaml", "é: x\n", 4..5);
        let log: Value = serde_json::from_str(&rdjson(&report)).expect("JSON");
        let diagnostic = &log["diagnostics"][0];
        assert_eq!(diagnostic["location"]["range"]["start"]["column"], 5);
        assert_eq!(diagnostic["severity"], "WARNING");
        assert_eq!(diagnostic["suggestions"][0]["text"], "db2");
        assert_eq!(diagnostic["code"]["value"], "PLM101");
    }
}
