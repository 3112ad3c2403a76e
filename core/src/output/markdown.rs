//! Markdown for a comment on a pull request, and for the decision report.

use super::decision::{behind, crossing};
use super::place::{Place, count, counts, files_read};
use super::wire::rule_url;
use crate::explain;
use crate::report::{Answer, ChecklistItem, Decision, Finding, Report, Safety, Severity};
use crate::rules;
use crate::text::Span;
use rustc_hash::FxHashSet;

/// Services refuse comments beyond 65,536 characters; this leaves room for what a caller adds.
const LIMIT: usize = 60_000;

/// The findings: a line each, the rest folded away; as many as fit into one comment, worst first. The
/// "why" and "help" of a rule stand with its first finding.
pub fn markdown(report: &Report) -> String {
    let mut told = FxHashSet::default();
    let mut left_out = 0;
    let files = count(files_read(report), "file", "files");
    let mut out = format!("### Plimsoll: {} in {files}\n", counts(report));
    for severity in Severity::ALL {
        let own: Vec<&Finding> =
            report.findings.iter().filter(|it| it.severity == severity).collect();
        if own.is_empty() {
            continue;
        }
        if left_out == 0 {
            out.push_str(&format!("\n**{}**\n\n", title(severity)));
        }
        for finding in own {
            let item = item(report, finding, &mut told);
            if left_out > 0 || out.len() + item.len() > LIMIT {
                left_out += 1;
            } else {
                out.push_str(&item);
            }
        }
    }
    if left_out > 0 {
        out.push_str(&format!("\n… and {left_out} more: `plimsoll check` shows them all.\n"));
    }
    if report.suppressed > 0 {
        out.push_str(&format!("\n{} suppressed.\n", report.suppressed));
    }
    out
}

fn title(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Errors",
        Severity::Warning => "Warnings",
        Severity::Info => "Worth knowing",
        Severity::Hint => "Hints",
    }
}

fn item<'r>(
    report: &Report,
    finding: &'r Finding,
    told: &mut FxHashSet<(&'static str, &'r str)>,
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
            let text = prose(text).replace('\n', "\n  ");
            inner.push_str(&format!("\n  **{title}** {text}\n"));
        }
    };
    if told.insert((finding.code, "why")) {
        paragraph("Why it matters.", &explain::why(finding));
    }
    if told.insert((finding.code, finding.help.as_deref().unwrap_or_default())) {
        paragraph("What helps.", &explain::help(finding));
    }
    for fix in &finding.fixes {
        let safety =
            if fix.safety == Safety::Safe { "Safe fix:" } else { "Fix, to be read first:" };
        paragraph(safety, &fix.title);
    }
    if !finding.check.is_empty() {
        let fence = fence(&finding.check.join("\n"));
        inner.push_str(&format!("\n  {fence}sh\n"));
        for command in finding.check.iter().flat_map(|it| it.lines()) {
            inner.push_str(&format!("  {command}\n"));
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

/// The decision report.
pub fn decision(report: &Report) -> String {
    let it = &report.decision;
    let mut out = format!(
        "# Decision report\n\n| today | fit | platform | Helm | Argo CD |\n| --- | --- | --- | --- | --- |\n\
         | {} | {} | {} | {} | {} |\n",
        it.today, it.fit, it.outcome.platform, it.outcome.helm, it.outcome.argocd
    );
    list(&mut out, "Why", &it.reasons.iter().map(String::as_str).collect::<Vec<_>>());
    list(&mut out, "What would change this answer", &it.would_change);
    if !it.scenario.nearest.is_empty() {
        out.push_str(&format!(
            "\nNearest scenario: **{}**. {}\n",
            it.scenario.nearest,
            prose(it.scenario.because)
        ));
    }
    questions(&mut out, report, it);
    checklist(&mut out, report, "A single server done well", &it.checklists.server);
    checklist(&mut out, report, "Crossing from Compose to Kubernetes", &it.checklists.crossing);
    if !it.crossing.is_empty() {
        out.push_str("\n## What becomes of each key\n\n| key | fate | instead | services |\n| --- | --- | --- | --- |\n");
        for row in crossing(&it.crossing) {
            let services: Vec<String> = row.services.iter().map(|it| code_span(it)).collect();
            out.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                cell(&code_span(row.key)),
                row.fate,
                cell(&prose(row.instead)),
                cell(&services.join(" "))
            ));
        }
    }
    list(&mut out, "Next steps", it.next_steps);
    out
}

fn questions(out: &mut String, report: &Report, decision: &Decision) {
    out.push_str("\n## The six questions\n");
    for (index, question) in decision.questions.iter().enumerate() {
        let by = if question.by_person { "your answer" } else { "from the files" };
        out.push_str(&format!(
            "\n{}. {} **{}** ({by})\n",
            index + 1,
            prose(question.text),
            question.answer.name()
        ));
        for evidence in &question.evidence {
            let place = evidence.span.map(|it| place(report, it)).unwrap_or_default();
            out.push_str(&format!(
                "   - {}: {}{place}\n",
                evidence.points.name(),
                prose(&evidence.fact)
            ));
        }
        if question.answer == Answer::Unknown {
            for settled in &question.settled_by {
                out.push_str(&format!("   - would settle it: {}\n", prose(settled)));
            }
        }
    }
}

fn place(report: &Report, span: Span) -> String {
    let place = Place::of(report, span);
    format!(" ({})", code_span(&format!("{}:{}", place.path, place.line)))
}

fn list(out: &mut String, title: &str, items: &[&str]) {
    if items.is_empty() {
        return;
    }
    out.push_str(&format!("\n## {title}\n\n"));
    for item in items {
        out.push_str(&format!("- {}\n", prose(item)));
    }
}

fn checklist(out: &mut String, report: &Report, title: &str, items: &[ChecklistItem]) {
    if items.is_empty() {
        return;
    }
    out.push_str(&format!(
        "\n## {title}\n\n| | item | state | findings | next |\n| --- | --- | --- | --- | --- |\n"
    ));
    for item in items {
        let mark = match item.state {
            "pass" => "✓",
            "fail" => "✗",
            _ => "?",
        };
        let findings: Vec<String> = behind(report, item).iter().map(|it| code_span(it)).collect();
        out.push_str(&format!(
            "| {mark} | {} | {} | {} | {} |\n",
            item.item,
            item.state,
            cell(&findings.join(" ")),
            cell(&prose(item.next))
        ));
    }
}

/// Our own sentences, in which names stand in backticks; what is outside of them must not become
/// markup or a mention.
fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        if index > 0 {
            out.push('`');
        }
        if index % 2 == 1 {
            out.push_str(part);
            continue;
        }
        for letter in part.chars() {
            match letter {
                '<' => out.push_str("&lt;"),
                '@' => out.push_str("&#64;"),
                '*' | '_' | '[' | ']' | '\\' => out.extend(['\\', letter]),
                it => out.push(it),
            }
        }
    }
    out
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// A code span around text that may itself hold backticks.
fn code_span(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

fn fence(text: &str) -> &'static str {
    if text.contains("```") { "````" } else { "```" }
}

#[cfg(test)]
mod tests {
    use super::super::testing::report;
    use super::*;

    #[test]
    fn a_finding_is_a_line_with_its_rest_folded_away() {
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
                    "… and {} more: `plimsoll check` shows them all.\n",
                    2000 - shown
                ))
        );
        assert_eq!(text.matches("Why it matters").count(), 1);
    }

    #[test]
    fn names_stay_and_markup_does_not() {
        assert_eq!(prose("`a_b` <b> @all x_y"), "`a_b` &lt;b> &#64;all x\\_y");
        assert_eq!(code_span("a`b"), "`` a`b ``");
    }
}
