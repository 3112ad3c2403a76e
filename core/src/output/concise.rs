//! A line for each finding, for people who scan and for `grep`.

use super::columns::escape_line;
use super::place::Place;
use super::style::Style;
use super::text::last_line;
use crate::report::Report;

/// Renders each finding as `path:line:column: severity code message`, and with `summary` a last line that
/// counts them.
pub fn concise(report: &Report, style: Style, summary: bool) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let place = escape_line(&Place::of(report, finding.span).to_string());
        out.push_str(&format!(
            "{}: {} {} {}\n",
            style.bold(&place),
            style.severity(finding.severity, finding.severity.name()),
            style.rule(finding.code, finding.name),
            escape_line(&finding.message)
        ));
    }
    if summary {
        last_line(&mut out, report, style);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        report.findings[0].message = "one\ntwo \u{1b}".into();
        assert_eq!(
            concise(&report, Style::default(), false),
            "a.yaml:1:4: warning PLM101 one\\ntwo \\u{1b}\n"
        );
    }
}
