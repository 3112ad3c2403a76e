//! Markdown, for comments on pull requests.

use super::columns::escape_line;
use super::place::{Place, count, counts, files_read};
use super::unread;
use super::wire::rule_url;
use crate::explain;
use crate::report::{Finding, Report, Safety, Severity};
use crate::rules;
use crate::text::markdown::{code_span, fence, html, paragraphs, prose};
use rustc_hash::FxHashSet;

/// Maximum number of bytes in a comment. Services refuse more than 65,536 characters, and callers may
/// add some of their own.
const MAX_COMMENT: usize = 60_000;

/// Maximum number of bytes in the summary of a job. GitHub refuses more than 1 MiB for one step.
const MAX_JOB_SUMMARY: usize = 1_000_000;

/// Renders the findings, worst first, as many as fit into one comment: a line each, with the details
/// folded away. The "why" and "help" of a rule stand with its first finding only.
pub fn markdown(report: &Report) -> String {
    within(report, MAX_COMMENT)
}

/// Renders the findings like [`markdown`], as many as fit into the summary of a job on GitHub that has `written`
/// bytes already.
pub fn job_summary(report: &Report, written: usize) -> String {
    within(report, MAX_JOB_SUMMARY.saturating_sub(written))
}

fn within(report: &Report, max_bytes: usize) -> String {
    let mut explained = FxHashSet::default();
    let mut left_out = 0;
    let end = end(report);
    let max_bytes = max_bytes.saturating_sub(end.len());
    let files = count(files_read(report), "file", "files");
    let mut out = format!("### Plimsoll: {} in {files}\n", counts(report));
    for severity in Severity::ALL {
        let own: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.severity == severity).collect();
        if own.is_empty() {
            continue;
        }
        if left_out == 0 {
            out.push_str(&format!("\n**{}**\n\n", title(severity)));
        }
        for finding in own {
            let item = item(report, finding, &mut explained);
            if left_out > 0 || out.len() + item.len() > max_bytes {
                left_out += 1;
            } else {
                out.push_str(&item);
            }
        }
    }
    if left_out > 0 {
        out.push_str(&format!("\n… and {left_out} more; `plimsoll check` shows all of them.\n"));
    }
    out + &end
}

/// Returns what stands behind the findings: what was accepted, and what was not checked.
fn end(report: &Report) -> String {
    let mut out = String::new();
    if report.suppressed > 0 {
        out.push_str(&format!("\n{} suppressed.\n", report.suppressed));
    }
    if report.baselined > 0 {
        out.push_str(&format!("\n{} in the baseline.\n", report.baselined));
    }
    let unchecked = unread::unchecked(report);
    if !unchecked.is_empty() {
        out.push_str(&format!("\nNot checked: {}.\n", prose(&unchecked.join("; "))));
    }
    out
}

/// Returns the heading of the findings of one severity.
fn title(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Errors",
        Severity::Warning => "Warnings",
        Severity::Info => "Worth knowing",
        Severity::Hint => "Hints",
    }
}

/// Renders one finding as an item of a list.
fn item<'r>(
    report: &Report,
    finding: &'r Finding,
    explained: &mut FxHashSet<(&'static str, &'r str)>,
) -> String {
    let place = Place::of(report, finding.span);
    let code = match rules::find(finding.code) {
        Some(rule) => format!("[{}]({})", finding.code, rule_url(rule)),
        None => finding.code.to_owned(),
    };
    let place = code_span(&format!("{}:{}", place.path, place.line));
    let mut out = format!("- {code} {place}: {}\n", prose(&finding.message));
    let mut inner = String::new();
    for also in &finding.related {
        let place = Place::of(report, also.span);
        let place = code_span(&format!("{}:{}", place.path, place.line));
        inner.push_str(&format!("  - {place}: {}\n", prose(&also.message)));
    }
    let mut paragraph = |title: &str, text: &str| {
        if !text.is_empty() {
            let text = paragraphs(text).replace('\n', "\n  ");
            inner.push_str(&format!("\n  **{title}** {text}\n"));
        }
    };
    if explained.insert((finding.code, "why")) {
        paragraph("Why it matters.", explain::why(finding));
    }
    if explained.insert((finding.code, finding.help.as_deref().unwrap_or_default())) {
        paragraph("What helps.", explain::help(finding));
    }
    for fix in &finding.fixes {
        let safety = match fix.safety {
            Safety::Safe => "Safe fix:",
            Safety::Unsafe => "Fix to review first:",
        };
        paragraph(safety, &fix.title);
    }
    if !finding.check.is_empty() {
        let fence = fence(&finding.check.join("\n"));
        inner.push_str(&format!("\n  {fence}sh\n"));
        for command in finding.check.iter().flat_map(|it| it.lines()) {
            inner.push_str(&format!("  {}\n", escape_line(command)));
        }
        inner.push_str(&format!("  {fence}\n"));
    }
    if !inner.is_empty() {
        let summary = if finding.subject.is_empty() { "More" } else { finding.subject.as_str() };
        out.push_str(&format!(
            "  <details><summary>{}</summary>\n\n{inner}\n  </details>\n",
            html(summary)
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn a_finding_is_a_line_with_its_details_folded_away() {
        let text = markdown(&report("a.yaml", "x: 1\n", 3..4));
        assert!(text.starts_with("### Plimsoll: 1 warning in 1 file\n"), "{text}");
        assert!(text.contains("`a.yaml:1`: `app` may start before `db` can answer\n"), "{text}");
        assert!(text.contains("<details><summary>service app</summary>"), "{text}");
        assert!(text.contains("  ```sh\n  docker compose logs db\n  ```\n"), "{text}");
    }

    #[test]
    fn a_comment_stays_short_enough_and_says_what_is_missing() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        report.findings = vec![report.findings[0].clone(); 2000];
        let text = markdown(&report);
        assert!(text.len() < 65_536 && text.contains("2000 warnings"));
        let shown = text.matches("`app` may start").count();
        assert!(
            shown > 100
                && text.ends_with(&format!(
                    "… and {} more; `plimsoll check` shows all of them.\n",
                    2000 - shown
                ))
        );
        assert_eq!(text.matches("Why it matters").count(), 1);
        assert_eq!(job_summary(&report, 0).matches("`app` may start").count(), 2000);
        report.findings = vec![report.findings[0].clone(); 20_000];
        for written in [0, 900_000] {
            let summary = job_summary(&report, written);
            assert!(written + summary.len() < 1 << 20, "{written}");
            assert!(summary.contains(" more; `plimsoll check` shows all"));
        }
    }

    #[test]
    fn what_stands_behind_the_findings_counts_as_well() {
        let mut report = report("a.yaml", "x: 1\n", 3..4);
        let length = |report: &Report, max_bytes| within(report, max_bytes).len();
        report.findings = vec![report.findings[0].clone(); 2000];
        report.suppressed = 1_000_000;
        report.baselined = 1_000_000;
        for max_bytes in 10_000..10_200 {
            assert!(length(&report, max_bytes) < max_bytes + 100, "{max_bytes}");
        }
    }

    #[test]
    fn control_characters_are_shown() {
        let mut report = report("a\u{1b}.yaml", "x: 1\n", 3..4);
        let finding = &mut report.findings[0];
        finding.message = "\u{1b}[31m `\u{202E}x`".into();
        finding.subject = "service \u{7}".into();
        finding.check = vec!["docker logs \u{1b}".into()];
        let text = markdown(&report);
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202E}']), "{text:?}");
        for shown in [r"a\u{1b}.yaml:1", r"`\u{202e}x`", r"service \u{7}", r"logs \u{1b}"] {
            assert!(text.contains(shown), "{shown}: {text}");
        }
    }
}
