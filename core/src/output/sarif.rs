//! SARIF 2.1.0, for code scanning services.
//!
//! Schema: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json>.

use super::place::{Place, fingerprints};
use super::wire::{pretty, rule_url};
use crate::explain;
use crate::report::{Finding, Fix, Report, Severity};
use crate::rules::{self, Rule};
use crate::text::{FileId, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Map, Value, json};

/// The name of the folder that paths are relative to.
const ROOT: &str = "SRCROOT";

/// Renders the report as a SARIF log with one run.
pub fn sarif(report: &Report) -> String {
    let codes: FxHashSet<&str> = report.findings.iter().map(|it| it.code).collect();
    let occurring: Vec<&'static Rule> =
        rules::all().filter(|rule| codes.contains(rule.code)).collect();
    let index_of: FxHashMap<&str, usize> =
        occurring.iter().enumerate().map(|(at, it)| (it.code, at)).collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .zip(fingerprints(report))
        .map(|(it, print)| result(report, it, index_of.get(it.code).copied(), &print))
        .collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "plimsoll",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": "https://plimsoll.dev",
                "rules": occurring.into_iter().map(rule).collect::<Vec<_>>(),
            }},
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "The root of the repository" } },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    pretty(&log)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Hint => "note",
    }
}

fn rule(rule: &'static Rule) -> Value {
    let explanation = explain::explain(rule);
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": explanation.summary },
        "fullDescription": { "text": explanation.why },
        "help": {
            "text": explanation.help,
            "markdown": explain::markdown(rule),
        },
        "helpUri": rule_url(rule),
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "tags": [rule.family(), rule.on] },
    })
}

fn result(report: &Report, finding: &Finding, rule: Option<usize>, fingerprint: &str) -> Value {
    let mut result = Map::new();
    result.insert("ruleId".into(), json!(finding.code));
    if let Some(rule) = rule {
        result.insert("ruleIndex".into(), json!(rule));
    }
    result.insert("level".into(), json!(level(finding.severity)));
    result.insert("message".into(), json!({ "text": finding.message }));
    let mut location = location(report, finding.span);
    if !finding.subject.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": finding.subject }]);
    }
    result.insert("locations".into(), json!([location]));
    let related: Vec<Value> = finding
        .related
        .iter()
        .enumerate()
        .map(|(index, it)| {
            let mut place = self::location(report, it.span);
            place["id"] = json!(index + 1);
            place["message"] = json!({ "text": it.message });
            place
        })
        .collect();
    if !related.is_empty() {
        result.insert("relatedLocations".into(), Value::Array(related));
    }
    let fixes: Vec<Value> = finding.fixes.iter().map(|it| fix(report, it)).collect();
    if !fixes.is_empty() {
        result.insert("fixes".into(), Value::Array(fixes));
    }
    result.insert("partialFingerprints".into(), json!({ "plimsollFinding/v2": fingerprint }));
    result.insert(
        "properties".into(),
        json!({ "severity": finding.severity, "confidence": finding.confidence }),
    );
    Value::Object(result)
}

fn location(report: &Report, span: Span) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": artifact(report, span.file),
        "region": region(report, span),
    }})
}

/// Returns where a file is: below the root of the repository, or at an absolute path outside of it.
fn artifact(report: &Report, file: FileId) -> Value {
    let path = report.base.in_repository(&report.entry(file).file.path);
    match path.starts_with('/') {
        true => json!({ "uri": uri(&path) }),
        false => json!({ "uri": uri(&path), "uriBaseId": ROOT }),
    }
}

fn region(report: &Report, span: Span) -> Value {
    let place = Place::of(report, span);
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// Returns a fix with one change per file. The edits of a fix are sorted, so that those of one file
/// stand together.
fn fix(report: &Report, fix: &Fix) -> Value {
    let mut changes: Vec<(FileId, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let replacement = json!({
            "deletedRegion": region(report, edit.span),
            "insertedContent": { "text": edit.text },
        });
        match changes.last_mut() {
            Some((file, all)) if *file == edit.span.file => all.push(replacement),
            _ => changes.push((edit.span.file, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(file, replacements)| {
            json!({
                "artifactLocation": artifact(report, file),
                "replacements": replacements,
            })
        })
        .collect();
    json!({
        "description": { "text": fix.title },
        "artifactChanges": changes,
        "properties": { "safety": fix.safety },
    })
}

/// Returns a path as a URI reference; an absolute path begins with `file://`.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;
    use crate::report::Identity;
    use crate::text::Base;

    #[test]
    fn only_rules_with_findings_are_listed_and_paths_begin_at_the_root() {
        let mut report = report("app/compose.yaml", "x: 1\n", 3..4);
        report.base = Base::new("/work/shop", "/work/shop/deploy");
        let log: Value = serde_json::from_str(&sarif(&report)).expect("SARIF is JSON");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
        let place = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
        assert_eq!(place["uri"], "deploy/app/compose.yaml");
        assert!(
            run["originalUriBaseIds"].get(place["uriBaseId"].as_str().expect("a name")).is_some()
        );
    }

    #[test]
    fn columns_count_code_points_and_uris_are_escaped() {
        let mut report = report("a b.yaml", "é🎵: x\n", 8..9);
        report.findings[0].code = "PLM002";
        let log: Value = serde_json::from_str(&sarif(&report)).expect("SARIF is JSON");
        let result = &log["runs"][0]["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.yaml");
        assert_eq!(place["region"]["startColumn"], 5);
        assert_eq!(result["relatedLocations"][0]["message"]["text"], "`db` has no healthcheck");
        let change = &result["fixes"][0]["artifactChanges"][0];
        assert_eq!(change["replacements"][0]["insertedContent"]["text"], "db2");
        let index = result["ruleIndex"].as_u64().expect("the rule is listed") as usize;
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], "PLM002");
    }

    #[test]
    fn fingerprints_ignore_lines_and_distinguish_equal_findings() {
        let mut one = report("a.yaml", "x: 1\n", 3..4);
        let moved = report("a.yaml", "\n\nx: 1\n", 5..6);
        let of = |report: &Report| Identity::of(report, &report.findings[0]).fingerprint();
        assert_eq!(of(&one), of(&moved));
        one.findings.push(one.findings[0].clone());
        let log: Value = serde_json::from_str(&sarif(&one)).expect("SARIF is JSON");
        let print = |at: usize| {
            log["runs"][0]["results"][at]["partialFingerprints"]["plimsollFinding/v2"].clone()
        };
        assert_ne!(print(0), print(1));
    }
}
