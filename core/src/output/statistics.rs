//! How many findings each rule has.

use super::columns::escape_line;
use super::place::{Place, worst_first};
use super::style::Style;
use super::text::last_line;
use super::wire::pretty;
use crate::report::{Finding, Report, Severity};
use indexmap::IndexMap;
use rustc_hash::FxHashSet;
use serde::Serialize;

/// The findings of one rule.
struct Group<'r> {
    findings: Vec<&'r Finding>,
    files: usize,
}

impl Group<'_> {
    fn first(&self) -> &Finding {
        self.findings[0]
    }

    fn is_fixable(&self) -> bool {
        self.findings.iter().any(|finding| !finding.fixes.is_empty())
    }
}

/// Returns the findings by rule: the worst rules first, and of these the most frequent.
fn groups(report: &Report) -> Vec<Group<'_>> {
    let mut by_rule: IndexMap<(Severity, &str), Vec<&Finding>> = IndexMap::new();
    for finding in worst_first(report) {
        by_rule.entry((finding.severity, finding.code)).or_default().push(finding);
    }
    let group = |findings: Vec<&'_ Finding>| -> usize {
        findings.iter().map(|finding| finding.span.file).collect::<FxHashSet<_>>().len()
    };
    let mut groups: Vec<Group<'_>> = by_rule
        .into_values()
        .map(|findings| Group { files: group(findings.clone()), findings })
        .collect();
    groups.sort_by_key(|group| (group.first().severity, usize::MAX - group.findings.len()));
    groups
}

/// Renders a line for each rule with its number of findings, and the first places of each with `places`.
pub(super) fn grouped(report: &Report, style: Style, places: usize) -> String {
    let groups = groups(report);
    let most = groups.iter().map(|group| group.findings.len()).max().unwrap_or(0);
    let width = most.to_string().len();
    let mut out = String::new();
    for group in &groups {
        let Finding { code, name, severity, .. } = group.first();
        let fixable = if group.is_fixable() { "  fixable" } else { "" };
        out.push_str(&format!(
            "{:>width$} {} {code} {name} in {} {}{}\n",
            group.findings.len(),
            style.severity(*severity, severity.name()),
            group.files,
            if group.files == 1 { "file" } else { "files" },
            style.dim(fixable)
        ));
        for finding in group.findings.iter().take(places) {
            let place = escape_line(&Place::of(report, finding.span).to_string());
            out.push_str(&format!("{:width$}   {place} {}\n", "", escape_line(&finding.message)));
        }
        let shown = places.min(group.findings.len());
        if places > 0 && group.findings.len() > shown {
            let more = group.findings.len() - shown;
            out.push_str(&format!("{:width$}   {}\n", "", style.dim(&format!("and {more} more"))));
        }
    }
    out
}

/// Renders the number of findings of each rule, and with `summary` a last line that counts all of them.
pub fn statistics(report: &Report, style: Style, summary: bool) -> String {
    let mut out = grouped(report, style, 0);
    if summary {
        last_line(&mut out, report, style);
    }
    out
}

#[derive(Serialize)]
struct Counted<'r> {
    code: &'r str,
    name: &'r str,
    severity: Severity,
    count: usize,
    files: usize,
    fixable: bool,
}

/// Renders the number of findings of each rule as JSON.
pub fn statistics_json(report: &Report) -> String {
    let groups = groups(report);
    let counted: Vec<Counted<'_>> = groups
        .iter()
        .map(|group| Counted {
            code: group.first().code,
            name: group.first().name,
            severity: group.first().severity,
            count: group.findings.len(),
            files: group.files,
            fixable: group.is_fixable(),
        })
        .collect();
    pretty(&counted)
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn rules_are_counted_the_worst_and_most_frequent_first() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        let one = report.findings[0].clone();
        let mut rare = one.clone();
        rare.code = "PLM102";
        let mut worst = one.clone();
        (worst.code, worst.severity) = ("PLM002", Severity::Error);
        report.findings = vec![rare, one.clone(), one, worst];
        let text = statistics(&report, Style::default(), false);
        let codes: Vec<&str> = text.lines().filter_map(|line| line.split(' ').nth(2)).collect();
        assert_eq!(codes, ["PLM002", "PLM101", "PLM102"], "{text}");
        assert!(text.contains("2 warning PLM101 depends-on-started-only in 1 file  fixable\n"));
        assert!(statistics_json(&report).contains("\"count\": 2"));
    }
}
