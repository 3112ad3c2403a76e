//! The decision report for a person at a terminal.

use super::columns::{escape_line, wrap};
use super::place::Place;
use super::style::Style;
use crate::report::{
    Answer, AnsweredBy, CheckState, ChecklistItem, Crossing, Decision, Evidence, Fate, Fit,
    Platform, Question, Report, Today,
};
use crate::text::Span;
use indexmap::{IndexMap, IndexSet};
use std::cmp::Reverse;

/// Renders the decision report as text.
pub fn decision(report: &Report, style: Style) -> String {
    let decision = &report.decision;
    let mut out = String::new();
    summary(&mut out, decision, style);
    list(&mut out, style, "Why", &decision.reasons);
    list(&mut out, style, "What would change this outcome", &decision.would_change);
    heading(&mut out, style, "The six questions");
    for (index, question) in decision.questions.iter().enumerate() {
        self::question(&mut out, report, style, index + 1, question);
    }
    let checklists = &decision.checklists;
    checklist(&mut out, report, style, "A single server done well", &checklists.server);
    checklist(&mut out, report, style, "Crossing from Compose to Kubernetes", &checklists.crossing);
    crossing_table(&mut out, style, &decision.crossing);
    list(&mut out, style, "Next steps", decision.next_steps);
    out
}

fn summary(out: &mut String, decision: &Decision, style: Style) {
    let outcome = &decision.outcome;
    let today = match decision.today {
        // Where nothing is seen, nothing can fit.
        Today::Unknown => today(decision.today).to_owned(),
        Today::Compose | Today::Kubernetes | Today::Both => {
            format!("{} ({})", today(decision.today), fit(decision.fit))
        }
    };
    let scenario = format!("{}: {}", decision.scenario.nearest, decision.scenario.because);
    for (title, text) in [
        ("Today", today.as_str()),
        ("Platform", platform(outcome.platform)),
        ("Helm", outcome.helm.name()),
        ("Argo CD", outcome.argocd.name()),
        ("Scenario", &scenario),
    ] {
        let padding = " ".repeat(11 - title.len());
        hang(out, style, &format!("{}{padding}", style.bold(title)), 11, &escape_line(text));
    }
}

fn today(today: Today) -> &'static str {
    match today {
        Today::Compose => "Compose",
        Today::Kubernetes => "Kubernetes",
        Today::Both => "Compose and Kubernetes",
        Today::Unknown => "cannot be seen in these files",
    }
}

fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::Compose => "Compose",
        Platform::Kubernetes => "Kubernetes",
        Platform::Either => "either of the two",
    }
}

fn fit(fit: Fit) -> &'static str {
    match fit {
        Fit::Fits => "it fits",
        Fit::Mixed => "it fits in part",
        Fit::Outgrown => "outgrown",
        Fit::OverBuilt => "over-built",
    }
}

fn question(out: &mut String, report: &Report, style: Style, number: usize, question: &Question) {
    let answer = match question.answer {
        Answer::Yes | Answer::No => {
            let source = style.dim(&format!(" ({})", source(question.by)));
            format!("{}{source}", style.bold(question.answer.name()))
        }
        Answer::Unknown => style.dim("unknown"),
    };
    out.push_str(&format!("  {number}. {} {answer}\n", question.text));
    for fact in &question.evidence {
        hang(out, style, "     ", 5, &evidence(report, fact));
    }
    if question.answer == Answer::Unknown {
        for settled in &question.settled_by {
            let head = format!("     {}", style.dim("settled by  "));
            hang(out, style, &head, 17, &escape_line(settled));
        }
    }
}

/// Returns where an answer comes from.
pub(super) fn source(by: AnsweredBy) -> &'static str {
    match by {
        AnsweredBy::Person => "your answer",
        AnsweredBy::Files => "from the files",
    }
}

fn evidence(report: &Report, evidence: &Evidence) -> String {
    let place = |span: Span| {
        let place = Place::of(report, span);
        format!(" ({}:{})", place.path, place.line)
    };
    let place = evidence.span.map(place).unwrap_or_default();
    escape_line(&format!("{}: {}{place}", evidence.points, evidence.fact))
}

fn heading(out: &mut String, style: Style, title: &str) {
    out.push_str(&format!("\n{}\n", style.bold(title)));
}

fn list(out: &mut String, style: Style, title: &str, items: &[impl AsRef<str>]) {
    if items.is_empty() {
        return;
    }
    heading(out, style, title);
    for item in items {
        hang(out, style, "  - ", 4, &escape_line(item.as_ref()));
    }
}

/// Adds wrapped text that hangs behind a head, which takes `columns` columns on a terminal.
fn hang(out: &mut String, style: Style, head: &str, columns: usize, text: &str) {
    let width = style.prose_width().saturating_sub(columns).max(24);
    let indent = " ".repeat(columns);
    for (index, line) in wrap(text, width).iter().enumerate() {
        let before = if index == 0 { head } else { &indent };
        out.push_str(format!("{before}{line}").trim_end());
        out.push('\n');
    }
}

fn checklist(
    out: &mut String,
    report: &Report,
    style: Style,
    title: &str,
    items: &[ChecklistItem],
) {
    if items.is_empty() {
        return;
    }
    heading(out, style, title);
    let width = items.iter().map(|item| item.item.name().len()).max().unwrap_or(0);
    for item in items {
        let state = format!("{:<14}", item.state);
        let state = match item.state {
            CheckState::Pass => style.good(&state),
            CheckState::Fail => style.bad(&state),
            CheckState::CannotSee | CheckState::NotApplicable => style.dim(&state),
        };
        let findings = first_failing(report, item).join(", ");
        let text = match (findings.as_str(), item.next) {
            (findings, "") => findings.to_owned(),
            ("", next) => next.to_owned(),
            (findings, next) => format!("{next} ({findings})"),
        };
        let head = format!("  {state} {:<width$}  ", item.item);
        hang(out, style, &head, width + 19, &escape_line(&text));
    }
}

/// Returns the findings that fail an item: `PLM801 compose.yaml:4`.
pub(super) fn failing(report: &Report, item: &ChecklistItem) -> Vec<String> {
    let failure = |(code, span): &(&str, Span)| {
        let place = Place::of(report, *span);
        format!("{code} {}:{}", place.path, place.line)
    };
    let mut failures: Vec<String> = item.findings.iter().map(failure).collect();
    failures.sort();
    failures.dedup();
    failures
}

/// Returns the first few findings that fail an item, and how many more there are.
pub(super) fn first_failing(report: &Report, item: &ChecklistItem) -> Vec<String> {
    let mut failures = failing(report, item);
    shorten(&mut failures);
    failures
}

/// Keeps the first few of many names, and says how many more there are.
fn shorten(names: &mut Vec<String>) {
    const SHOWN: usize = 3;
    // A single name takes no more room than "1 more".
    if names.len() > SHOWN + 1 {
        let more = names.len() - SHOWN;
        names.truncate(SHOWN);
        names.push(format!("{more} more"));
    }
}

fn crossing_table(out: &mut String, style: Style, crossings: &[Crossing]) {
    if crossings.is_empty() {
        return;
    }
    heading(out, style, "What becomes of each key on the way");
    let rows = crossing(crossings);
    let width = rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
    for row in rows {
        let head = format!("  {:<8} {:<width$}  ", row.fate, escape_line(row.key));
        let text = format!("{} ({})", row.instead, row.services.join(", "));
        hang(out, style, &head, width + 13, &escape_line(&text));
    }
}

/// What becomes of one key, and of which services.
pub(super) struct CrossingRow<'r> {
    pub key: &'r str,
    pub fate: Fate,
    pub instead: &'r str,
    pub services: Vec<String>,
}

/// Returns the crossing with one row per key, lost keys first.
pub(super) fn crossing(crossings: &[Crossing]) -> Vec<CrossingRow<'_>> {
    let mut rows: IndexMap<(&str, Fate, &str), IndexSet<&str>> = IndexMap::new();
    for it in crossings {
        rows.entry((it.key, it.fate, it.instead)).or_default().insert(&it.service);
    }
    let mut rows: Vec<CrossingRow<'_>> = rows
        .into_iter()
        .map(|((key, fate, instead), services)| {
            let mut services: Vec<String> = services.into_iter().map(str::to_owned).collect();
            shorten(&mut services);
            CrossingRow { key, fate, instead, services }
        })
        .collect();
    rows.sort_by_key(|row| Reverse(row.fate));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(service: &str, key: &'static str, fate: Fate) -> Crossing {
        Crossing { service: service.into(), key, fate, instead: "Something.", span: None }
    }

    #[test]
    fn a_key_is_one_row_whatever_the_number_of_services() {
        let mut all = vec![row("a", "image", Fate::Carried)];
        all.extend(["a", "b", "c", "d", "e"].map(|service| row(service, "depends_on", Fate::Lost)));
        let rows = crossing(&all);
        assert_eq!(rows.iter().map(|row| row.key).collect::<Vec<_>>(), ["depends_on", "image"]);
        assert_eq!(rows[0].services, ["a", "b", "c", "2 more"]);
    }

    #[test]
    fn the_report_is_plain_text_without_colour() {
        let mut report = Report::default();
        report.decision.today = Today::Both;
        report.decision.crossing = vec![row("web", "ports", Fate::Changed)];
        let text = decision(&report, Style::default());
        assert!(
            text.starts_with("Today      Compose and Kubernetes (it fits)\nPlatform   either"),
            "{text}"
        );
        assert!(text.contains("  changed  ports  Something. (web)\n"), "{text}");
        assert!(!text.contains('\x1b'));
    }
}
