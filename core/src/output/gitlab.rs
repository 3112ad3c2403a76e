//! GitLab's code quality report, which shows findings in merge requests.
//!
//! Format: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use super::columns::escape;
use super::place::{Place, fingerprints};
use super::wire::pretty;
use crate::report::{Report, Severity};
use serde_json::{Value, json};

/// Renders the findings as a list of issues. Paths are those of the repository.
pub fn gitlab(report: &Report) -> String {
    let issues = report.findings.iter().zip(fingerprints(report)).map(|(finding, fingerprint)| {
        let place = Place::of(report, finding.span);
        json!({
            "description": escape(&format!("{}: {}", finding.code, finding.message)),
            "check_name": finding.name,
            "fingerprint": fingerprint,
            "severity": severity(finding.severity),
            "location": {
                "path": report.base.in_repository(place.path),
                "lines": { "begin": place.line, "end": place.end_line },
            },
        })
    });
    let issues: Vec<Value> = issues.collect();
    pretty(&Value::Array(issues))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Info => "minor",
        Severity::Hint => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;
    use crate::text::Base;

    #[test]
    fn an_issue_has_what_gitlab_requires() {
        let mut report = report("compose.yaml", "x: 1\n", 3..4);
        report.base = Base::new("/work/shop", "/work/shop/deploy");
        let issues: Value = serde_json::from_str(&gitlab(&report)).expect("JSON");
        let issue = &issues[0];
        assert_eq!(issue["severity"], "major");
        assert_eq!(issue["location"]["path"], "deploy/compose.yaml");
        assert_eq!(issue["location"]["lines"]["begin"], 1);
        assert!(issue["fingerprint"].is_string() && issue["check_name"].is_string());
    }
}
