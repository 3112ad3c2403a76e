//! The details of the decision report: the evidence, both checklists and what becomes of every key.

use super::super::columns::escape_line;
use super::super::place::Place;
use super::super::style::Style;
use super::{at, hang, heading, words};
use crate::report::{
    Answer, CheckState, ChecklistItem, Crossing, Decision, Evidence, Fate, Question, Report,
};
use crate::text::Span;
use indexmap::{IndexMap, IndexSet};
use std::cmp::Reverse;

pub fn render(out: &mut String, report: &Report, decision: &Decision, style: Style) {
    list(out, style, "What would change this outcome", &decision.would_change);
    heading(out, style, "What the containers ask for");
    out.push_str(&format!("  CPU     {}\n", words::cpus(decision.sums.cpu)));
    out.push_str(&format!("  Memory  {}\n", words::memory(decision.sums.memory)));
    heading(out, style, "Nearest to");
    let scenario = &decision.scenario;
    let nearest = format!("{}: {}", words::scenario(scenario.nearest), scenario.because);
    hang(out, style, "  ", 2, &nearest);
    heading(out, style, "The six questions");
    for (index, question) in decision.questions.iter().enumerate() {
        self::question(out, report, style, index + 1, question);
    }
    let checklists = &decision.checklists;
    checklist(out, report, style, "A single server done well", &checklists.server);
    checklist(out, report, style, "Crossing from Compose to Kubernetes", &checklists.crossing);
    crossing_table(out, report, style, &decision.crossing);
}

fn question(out: &mut String, report: &Report, style: Style, number: usize, question: &Question) {
    let answer = match question.answer {
        Answer::Yes | Answer::No => {
            let source = style.dim(&format!(" ({})", words::source(question.by)));
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

fn evidence(report: &Report, evidence: &Evidence) -> String {
    let place = evidence.span.map(|span| at(report, span)).unwrap_or_default();
    let weight = words::weight(evidence.weight);
    let because = match evidence.because {
        "" => String::new(),
        because => format!("; {weight}: {because}"),
    };
    escape_line(&format!("{}: {}{place}{because}", evidence.points, evidence.fact))
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
        let head = format!("  {state} {:<width$}  ", item.item);
        hang(out, style, &head, width + 19, &escape_line(&item_words(report, item)));
    }
}

/// Returns what was seen of an item, what to do next and the findings that fail it.
fn item_words(report: &Report, item: &ChecklistItem) -> String {
    let mut sentences = Vec::new();
    if !item.seen.is_empty() {
        sentences.push(format!("{}.", item.seen.trim_end_matches('.')));
    }
    if !item.next.is_empty() {
        sentences.push(item.next.clone());
    }
    let findings = first_failing(report, item);
    if !findings.is_empty() {
        sentences.push(format!("({})", findings.join(", ")));
    }
    sentences.join(" ")
}

/// Returns the findings that fail an item: `PLM801 compose.yaml:4`.
pub fn failing(report: &Report, item: &ChecklistItem) -> Vec<String> {
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
pub fn first_failing(report: &Report, item: &ChecklistItem) -> Vec<String> {
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

fn crossing_table(out: &mut String, report: &Report, style: Style, crossings: &[Crossing]) {
    if crossings.is_empty() {
        return;
    }
    heading(out, style, "What becomes of each key on the way");
    let rows = crossing(crossings);
    let width = rows.iter().map(|row| row.key.len()).max().unwrap_or(0);
    for row in rows {
        let head = format!("  {:<8} {:<width$}  ", row.fate, escape_line(row.key));
        let text = format!("{} ({})", row.instead, row.services.join(", "));
        let columns = width + 13;
        hang(out, style, &head, columns, &escape_line(&text));
        let counterparts =
            row.counterparts.iter().map(|(service, has)| format!("{service}: {has}"));
        let converters = row.converters().map(|(name, makes)| format!("{name}: {makes}"));
        for text in counterparts.chain(converters) {
            hang(out, style, &" ".repeat(columns), columns, &escape_line(&text));
        }
    }
    let command = escape_line(&report.command("plimsoll decide --format markdown"));
    out.push_str(&style.dim(&format!("\nThe YAML to write instead: {command}")));
    out.push('\n');
}

/// What becomes of one key, and of which services.
pub struct CrossingRow<'r> {
    pub key: &'r str,
    pub fate: Fate,
    pub instead: &'r str,
    pub services: Vec<String>,
    /// What the converters kompose and Compose Bridge make of the key, where that is documented.
    pub kompose: Option<&'r str>,
    pub bridge: Option<&'r str>,
    /// What the cluster has for the key already, by the service.
    pub counterparts: Vec<(&'r str, &'r str)>,
    /// The YAML to write instead, by the service.
    pub yaml: Vec<(&'r str, &'r str)>,
}

impl<'r> CrossingRow<'r> {
    /// Returns what each converter makes of the key, by its name.
    pub fn converters(&self) -> impl Iterator<Item = (&'static str, &'r str)> {
        let converters = [("kompose", self.kompose), ("Compose Bridge", self.bridge)];
        converters.into_iter().filter_map(|(name, makes)| Some((name, makes?)))
    }
}

/// Returns the crossing with one row per key, lost keys first.
pub fn crossing(crossings: &[Crossing]) -> Vec<CrossingRow<'_>> {
    let mut groups: IndexMap<(&str, Fate, &str), Vec<&Crossing>> = IndexMap::new();
    for it in crossings {
        groups.entry((&it.key, it.fate, &it.instead)).or_default().push(it);
    }
    let mut rows = Vec::new();
    for ((key, fate, instead), group) in groups {
        let services: IndexSet<&str> = group.iter().map(|it| it.service.as_str()).collect();
        let mut services: Vec<String> = services.into_iter().map(str::to_owned).collect();
        shorten(&mut services);
        let counterparts = by_service(&group, |it| &it.counterpart);
        let yaml = by_service(&group, |it| &it.yaml);
        let first = group[0];
        rows.push(CrossingRow {
            key,
            fate,
            instead,
            services,
            kompose: first.kompose,
            bridge: first.bridge,
            counterparts,
            yaml,
        });
    }
    rows.sort_by_key(|row| Reverse(row.fate));
    rows
}

/// Returns what each service has to say, without those that say nothing.
fn by_service<'r>(
    group: &[&'r Crossing],
    text: impl Fn(&'r Crossing) -> &'r String,
) -> Vec<(&'r str, &'r str)> {
    let said: IndexSet<(&str, &str)> =
        group.iter().map(|it| (it.service.as_str(), text(it).as_str())).collect();
    said.into_iter().filter(|(_, text)| !text.is_empty()).collect()
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
            kompose: None,
            bridge: None,
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
}
