//! A line for each finding with the next command, for programs that read text and act on it.

use super::columns::escape_line;
use super::place::{Place, counts};
use super::unread;
use crate::report::{Finding, Report, Safety};

/// Renders each finding as `path:line:column code severity subject: message | next: command`, in the order of
/// the report and never coloured, and a last line that counts them.
pub fn agent(report: &Report) -> String {
    let mut out: String = report.findings.iter().map(|finding| line(report, finding)).collect();
    let skipped = match report.skipped.len() {
        0 => String::new(),
        skipped => {
            let command = report.command("plimsoll check --show-files");
            format!("; {skipped} not read, see: {}", escape_line(&command))
        }
    };
    let unbuilt: String = unread::unbuilt(report).iter().map(|part| format!("; {part}")).collect();
    out.push_str(&format!("summary: {}{unbuilt}{skipped}\n", counts(report)));
    out
}

fn line(report: &Report, finding: &Finding) -> String {
    let subject = match finding.subject.as_str() {
        "" => String::new(),
        subject => format!("{subject}: "),
    };
    let text = format!(
        "{} {} {} {subject}{} | next: {}",
        Place::of(report, finding.span),
        finding.code,
        finding.severity,
        finding.message,
        next(report, finding)
    );
    escape_line(&text) + "\n"
}

/// Returns the command to run next: the preview of a fix, or the explanation of the rule where there is no fix.
fn next(report: &Report, finding: &Finding) -> String {
    let code = finding.code;
    match finding.fixes.iter().map(|fix| fix.safety).min() {
        Some(Safety::Safe) => report.command(&format!("plimsoll fix --diff --select {code}")),
        Some(Safety::Unsafe) => {
            report.command(&format!("plimsoll fix --diff --unsafe --select {code}"))
        }
        None => format!("plimsoll explain {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn a_line_ends_with_the_next_command() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        let head = "a.yaml:1:4 PLM101 warning service app: `app` may start before `db` can answer";
        let expected =
            format!("{head} | next: plimsoll fix --diff --select PLM101\nsummary: 1 warning\n");
        assert_eq!(agent(&report), expected);
        report.paths = vec!["../my app".to_owned()];
        assert!(agent(&report).contains(" --select PLM101 '../my app'\n"));
        report.findings[0].fixes.clear();
        assert!(agent(&report).contains(" | next: plimsoll explain PLM101\n"));
    }
}
