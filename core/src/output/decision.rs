//! The decision report for a person at a terminal.

use super::columns::{escape_line, wrap};
use super::place::Place;
use super::style::Style;
use crate::report::{
    Answer, AnsweredBy, CheckState, ChecklistItem, Crossing, Decision, Evidence, Fate, Fit,
    Platform, Question, Report, System, Today,
};
use crate::text::Span;
use indexmap::{IndexMap, IndexSet};
use std::cmp::Reverse;

/// Maximum number of lines of the first screen, without the line that says how to see more.
const FIRST_SCREEN: usize = 23;

/// Renders the decision report as text: the first screen of each system, or with `details` everything.
/// Several systems begin with a table.
pub fn decision(report: &Report, style: Style, details: bool) -> String {
    let mut out = String::new();
    match &report.systems[..] {
        [] => return out,
        [one] => system(&mut out, report, &one.decision, style, details),
        several => {
            systems_table(&mut out, several, style);
            if details {
                for one in several {
                    heading(&mut out, style, &escape_line(&one.name));
                    system(&mut out, report, &one.decision, style, details);
                }
            } else {
                out.push_str("\nOne system in full: plimsoll decide --system NAME\n");
            }
        }
    }
    out
}

fn system(out: &mut String, report: &Report, decision: &Decision, style: Style, details: bool) {
    let mut screen = String::new();
    first_screen(&mut screen, report, decision, style);
    out.push_str(&screen);
    if !details {
        out.push_str(
            &style.dim("\nThe evidence, both checklists and every key: plimsoll decide --details"),
        );
        out.push('\n');
        return;
    }
    list(out, style, "What would change this outcome", &decision.would_change);
    heading(out, style, "The six questions");
    for (index, question) in decision.questions.iter().enumerate() {
        self::question(out, report, style, index + 1, question);
    }
    let checklists = &decision.checklists;
    checklist(out, report, style, "A single server done well", &checklists.server);
    checklist(out, report, style, "Crossing from Compose to Kubernetes", &checklists.crossing);
    crossing_table(out, style, &decision.crossing);
}

/// Renders one line for each system.
fn systems_table(out: &mut String, systems: &[System], style: Style) {
    out.push_str(&style.bold(&format!("{} systems in these files", systems.len())));
    out.push_str("\n\n");
    let rows: Vec<[String; 4]> = systems
        .iter()
        .map(|system| {
            let decision = &system.decision;
            let settle = decision.ask.first().map(|it| format!("--answer {}", it.answer));
            [
                escape_line(&system.name),
                today(decision.today).to_owned(),
                format!("{} ({})", platform(decision.outcome.platform), fit(decision.fit)),
                settle.unwrap_or_default(),
            ]
        })
        .collect();
    let titles = ["System", "Today", "Verdict", "Worth answering"].map(str::to_owned);
    let width = |column: usize| {
        let all = rows.iter().chain(std::iter::once(&titles));
        all.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let mut line = |row: &[String; 4], bold: bool| {
        let text = format!(
            "  {:<a$}  {:<b$}  {:<c$}  {}",
            row[0],
            row[1],
            row[2],
            row[3],
            a = widths[0],
            b = widths[1],
            c = widths[2]
        );
        let text = text.trim_end();
        out.push_str(&if bold { style.bold(text) } else { text.to_owned() });
        out.push('\n');
    };
    line(&titles, true);
    for row in &rows {
        line(row, false);
    }
}

/// Renders what somebody reads first: at most [`FIRST_SCREEN`] lines.
fn first_screen(out: &mut String, report: &Report, decision: &Decision, style: Style) {
    hang(out, style, "", 0, &style.bold(&escape_line(&decision.verdict)));
    let today = match decision.today {
        // Where nothing is seen, nothing can fit.
        Today::Unknown => today(decision.today).to_owned(),
        Today::Compose | Today::Swarm | Today::Kubernetes | Today::Both => {
            format!(
                "{} ({}); counted: {}",
                today(decision.today),
                fit(decision.fit),
                decision.counted
            )
        }
    };
    let outcome = &decision.outcome;
    let answer = format!(
        "{}; Kustomize {}, Helm {}, Argo CD {}, Flux {}",
        platform(outcome.platform),
        outcome.kustomize,
        outcome.helm,
        outcome.argocd,
        outcome.flux
    );
    let mut rows = vec![("Today", today), ("Platform", answer)];
    if !decision.cost.stay.text.is_empty() {
        rows.push(("To stay", decision.cost.stay.text.clone()));
        rows.push(("To move", decision.cost.go.text.clone()));
    }
    for (title, text) in rows {
        let padding = " ".repeat(10 - title.len());
        hang(out, style, &format!("{}{padding}", style.bold(title)), 10, &escape_line(&text));
    }
    let mut rest = String::new();
    numbered(
        &mut rest,
        style,
        "Why",
        decision.reasons.iter().map(|it| {
            let place = it.span.map(|span| at(report, span)).unwrap_or_default();
            format!("{}{place}", it.text)
        }),
    );
    if !decision.ask.is_empty() {
        heading(&mut rest, style, "Worth answering");
        for ask in &decision.ask {
            rest.push_str(&format!("  --answer {}  {}\n", ask.answer, ask.changes));
        }
    }
    let myth = decision.myth.map(|myth| {
        let mut text = String::from("\n");
        hang(&mut text, style, "", 0, myth);
        text
    });
    let myth = myth.unwrap_or_default();
    let used = [out.as_str(), &rest, &myth].map(|text| text.lines().count()).iter().sum();
    let next = next_steps(report, decision, style, FIRST_SCREEN.saturating_sub(used));
    out.push_str(&rest);
    out.push_str(&next);
    out.push_str(&myth);
}

/// Renders as many of the next steps as fit into a number of lines, with two to spare, and at least the
/// first. The rest is left to the details.
fn next_steps(report: &Report, decision: &Decision, style: Style, room: usize) -> String {
    let mut steps = decision.steps.len();
    let mut next = String::new();
    while steps > 0 {
        next.clear();
        numbered(
            &mut next,
            style,
            "Next steps",
            decision.steps[..steps].iter().map(|step| {
                let subject = match step.subject.as_str() {
                    "" => String::new(),
                    subject => format!("{subject}: "),
                };
                let place = step.span.map(|span| at(report, span)).unwrap_or_default();
                format!("{subject}{}{place}", step.text)
            }),
        );
        if next.lines().count() + 2 <= room {
            break;
        }
        steps -= 1;
    }
    next
}

/// Renders a numbered list.
fn numbered(out: &mut String, style: Style, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return;
    }
    heading(out, style, title);
    for (index, item) in items.iter().enumerate() {
        hang(out, style, &format!("  {}. ", index + 1), 5, &escape_line(item));
    }
}

/// Returns a place in brackets.
fn at(report: &Report, span: Span) -> String {
    let place = Place::of(report, span);
    format!(" ({}:{})", place.path, place.line)
}

fn today(today: Today) -> &'static str {
    match today {
        Today::Compose => "Compose",
        Today::Swarm => "Compose in Swarm mode",
        Today::Kubernetes => "Kubernetes",
        Today::Both => "Compose and Kubernetes",
        Today::Unknown => "cannot be seen in these files",
    }
}

fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::Compose => "Compose",
        Platform::LargerServer => "Compose on a larger server",
        Platform::Swarm => "Compose in Swarm mode",
        Platform::Kubernetes => "Kubernetes",
        Platform::Either => "either of the two",
    }
}

fn fit(fit: Fit) -> &'static str {
    match fit {
        Fit::Fits => "it fits",
        Fit::Mixed => "it fits in part",
        Fit::Open => "still open",
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
    let place = evidence.span.map(|span| at(report, span)).unwrap_or_default();
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
        let text = match (findings.as_str(), item.next.as_str()) {
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
        rows.entry((&it.key, it.fate, &it.instead)).or_default().insert(&it.service);
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
        Crossing {
            service: service.into(),
            key: key.to_owned(),
            fate,
            instead: "Something.".to_owned(),
            counterpart: String::new(),
            yaml: String::new(),
            span: None,
        }
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
        let decided = Decision {
            today: Today::Both,
            crossing: vec![row("web", "ports", Fate::Changed)],
            ..Decision::default()
        };
        report.systems = vec![System { decision: decided, ..System::default() }];
        let text = decision(&report, Style::default(), true);
        assert!(text.contains("\nToday     Compose and Kubernetes (still open)"), "{text}");
        assert!(text.contains("  changed  ports  Something. (web)\n"), "{text}");
        assert!(!text.contains('\x1b'));
    }
}
