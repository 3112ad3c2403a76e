//! Workflow commands for GitHub Actions, which show findings as annotations on changed lines.
//!
//! Format and escapes: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use super::columns::escape;
use super::place::{Place, count, worst_first};
use super::unread;
use crate::explain;
use crate::report::{Report, Severity};
use crate::text::one_line;

/// Maximum number of annotations of each kind that GitHub shows for one step: errors, warnings and notices.
pub const MAX_ANNOTATIONS: usize = 10;

/// The workflow commands, one for each kind of annotation.
const COMMANDS: [&str; 3] = ["error", "warning", "notice"];

/// Renders the worst findings as one workflow command each, and a line that counts the others.
pub fn github(report: &Report) -> String {
    let mut out = String::new();
    let findings = worst_first(report);
    let mut left = [MAX_ANNOTATIONS; COMMANDS.len()];
    let mut more = 0;
    for finding in findings {
        let kind = match finding.severity {
            Severity::Error => 0,
            Severity::Warning => 1,
            Severity::Info | Severity::Hint => 2,
        };
        if left[kind] == 0 {
            more += 1;
            continue;
        }
        left[kind] -= 1;
        let command = COMMANDS[kind];
        let place = Place::of(report, finding.span);
        let message = escape(&format!("{}\n\n{}", finding.message, explain::help(finding)));
        out.push_str(&format!(
            "::{command} file={},line={},endLine={}",
            property(&one_line(&report.base.in_repository(place.path))),
            place.line,
            place.end_line
        ));
        // GitHub takes columns only for a range within one line.
        if place.line == place.end_line {
            out.push_str(&format!(
                ",col={},endColumn={}",
                place.column,
                place.end_column.max(place.column)
            ));
        }
        let title = format!("{} {}", finding.code, finding.name);
        out.push_str(&format!(",title={}::{}\n", property(&title), data(&message)));
    }
    if more > 0 {
        let more = count(more, "finding", "findings");
        out.push_str(&format!(
            "{more} more: GitHub shows {MAX_ANNOTATIONS} errors, {MAX_ANNOTATIONS} warnings and {MAX_ANNOTATIONS} notices a step\n"
        ));
    }
    let unchecked = unread::unchecked(report);
    if !unchecked.is_empty() {
        out.push_str(&format!("not checked: {}\n", unchecked.join("; ")));
    }
    out
}

/// Escapes the message of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a parameter of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn a_finding_is_one_line_whatever_it_says() {
        let mut report = report("a,b:c.yaml", "x: 100%\n", 3..7);
        report.findings[0].message = "100% of\nit".into();
        assert_eq!(
            github(&report),
            "::warning file=a%2Cb%3Ac.yaml,line=1,endLine=1,col=4,endColumn=8,title=PLM101 depends-on-started-only::100%25 of%0Ait%0A%0AWait for it.\n"
        );
    }

    #[test]
    fn the_worst_findings_come_first_and_the_others_are_counted() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        let mut findings = Vec::new();
        for (severity, many) in [
            (Severity::Hint, 4),
            (Severity::Warning, 12),
            (Severity::Info, 7),
            (Severity::Error, 1),
        ] {
            report.findings[0].severity = severity;
            findings.extend(vec![report.findings[0].clone(); many]);
        }
        report.findings = findings;
        let text = github(&report);
        let commands: Vec<&str> =
            text.lines().filter_map(|it| it.strip_prefix("::")?.split(' ').next()).collect();
        let expected = [["error"; 1].as_slice(), &["warning"; 10], &["notice"; 10]].concat();
        assert_eq!(commands, expected);
        assert!(
            text.ends_with(
                "\n3 findings more: GitHub shows 10 errors, 10 warnings and 10 notices a step\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn control_characters_are_shown_and_do_not_steer_the_terminal() {
        let mut report = report("a\u{1b}.yaml", "x: 1\n", 3..4);
        report.findings[0].message = "\u{1b}[31m \u{202E}x\ry".into();
        let text = github(&report);
        assert!(!text.contains(['\u{1b}', '\u{202E}', '\r']), "{text:?}");
        assert!(text.contains(r"file=a\u{1b}.yaml,") && text.contains(r"::\u{1b}[31m \u{202e}x"));
    }

    #[test]
    fn a_range_over_lines_has_no_columns() {
        let text = github(&report("a.yaml", "x:\n  y: 1\n", 0..9));
        assert!(text.starts_with("::warning file=a.yaml,line=1,endLine=2,title="), "{text}");
    }
}
