//! The decision report for a person at a terminal.

use super::columns::{escape_line, wrap};
use super::place::Place;
use super::style::Style;
use crate::report::{Answer, ChecklistItem, Crossing, Evidence, Report};

pub fn decision(report: &Report, style: Style) -> String {
    let it = &report.decision;
    // What is not seen fits nothing.
    let fit = if it.today == "unknown" { String::new() } else { format!(" ({})", fit(it.fit)) };
    let mut out = format!(
        "{}      {}{}\n{}   {}\n{}       {}\n{}    {}\n",
        style.bold("Today"),
        platform(it.today),
        fit,
        style.bold("Platform"),
        platform(it.outcome.platform),
        style.bold("Helm"),
        it.outcome.helm,
        style.bold("Argo CD"),
        it.outcome.argocd,
    );
    if !it.scenario.nearest.is_empty() {
        let text = format!("{}: {}", it.scenario.nearest, escape_line(it.scenario.because));
        hang(&mut out, style, &format!("{}   ", style.bold("Scenario")), 11, &text);
    }
    list(&mut out, style, "Why", &it.reasons.iter().map(String::as_str).collect::<Vec<_>>());
    list(&mut out, style, "What would change this answer", &it.would_change);
    heading(&mut out, style, "The six questions");
    for (index, question) in it.questions.iter().enumerate() {
        let by = if question.by_person { "your answer" } else { "from the files" };
        let answer = match question.answer {
            Answer::Yes | Answer::No => style.bold(question.answer.name()),
            Answer::Unknown => style.dim("unknown"),
        };
        out.push_str(&format!("  {}. {} {answer}", index + 1, question.text));
        if question.answer != Answer::Unknown {
            out.push_str(&style.dim(&format!(" ({by})")));
        }
        out.push('\n');
        for evidence in &question.evidence {
            hang(&mut out, style, "     ", 5, &self::evidence(report, evidence));
        }
        if question.answer == Answer::Unknown {
            for settled in &question.settled_by {
                let head = format!("     {}", style.dim("settled by  "));
                hang(&mut out, style, &head, 17, &escape_line(settled));
            }
        }
    }
    let lists = &it.checklists;
    checklist(&mut out, report, style, "A single server done well", &lists.server);
    checklist(&mut out, report, style, "Crossing from Compose to Kubernetes", &lists.crossing);
    if !it.crossing.is_empty() {
        heading(&mut out, style, "What becomes of each key on the way");
        let rows = crossing(&it.crossing);
        let wide = rows.iter().map(|it| it.key.len()).max().unwrap_or(0);
        for row in rows {
            let head = format!("  {:<8} {:<wide$}  ", row.fate, escape_line(row.key));
            let services = escape_line(&row.services.join(", "));
            hang(
                &mut out,
                style,
                &head,
                wide + 13,
                &format!("{} ({services})", escape_line(row.instead)),
            );
        }
    }
    list(&mut out, style, "Next steps", it.next_steps);
    out
}

fn platform(name: &'static str) -> &'static str {
    match name {
        "compose" => "Compose",
        "kubernetes" => "Kubernetes",
        "both" => "Compose and Kubernetes",
        "either" => "either of the two",
        "unknown" => "not to be seen in these files",
        other => other,
    }
}

fn fit(fit: &'static str) -> &'static str {
    match fit {
        "fits" => "it fits",
        "mixed" => "it fits in part",
        other => other,
    }
}

fn evidence(report: &Report, it: &Evidence) -> String {
    let place = it.span.map(|it| {
        let place = Place::of(report, it);
        format!(" ({}:{})", place.path, place.line)
    });
    escape_line(&format!("{}: {}{}", it.points.name(), it.fact, place.unwrap_or_default()))
}

fn heading(out: &mut String, style: Style, title: &str) {
    out.push_str(&format!("\n{}\n", style.bold(title)));
}

fn list(out: &mut String, style: Style, title: &str, items: &[&str]) {
    if items.is_empty() {
        return;
    }
    heading(out, style, title);
    for item in items {
        hang(out, style, "  - ", 4, &escape_line(item));
    }
}

/// A text that hangs behind a head of so many columns.
fn hang(out: &mut String, style: Style, head: &str, columns: usize, text: &str) {
    let width = style.prose_width().saturating_sub(columns).max(24);
    let lines = wrap(text, width);
    for (index, line) in lines.iter().enumerate() {
        let whole =
            if index == 0 { format!("{head}{line}") } else { format!("{:columns$}{line}", "") };
        out.push_str(whole.trim_end());
        out.push('\n');
    }
}

/// What becomes of one key, and of which services.
pub(super) struct CrossingRow<'r> {
    pub key: &'r str,
    pub fate: &'static str,
    pub instead: &'r str,
    pub services: Vec<String>,
}

/// The crossing key by key, what is lost first.
pub(super) fn crossing(all: &[Crossing]) -> Vec<CrossingRow<'_>> {
    let mut rows: Vec<CrossingRow<'_>> = Vec::new();
    for it in all {
        let same = |row: &&mut CrossingRow<'_>| {
            row.key == it.key && row.fate == it.fate && row.instead == it.instead
        };
        match rows.iter_mut().find(same) {
            Some(row) if row.services.iter().any(|name| it.service == *name) => {}
            Some(row) => row.services.push(it.service.to_string()),
            None => rows.push(CrossingRow {
                key: it.key,
                fate: it.fate,
                instead: it.instead,
                services: vec![it.service.to_string()],
            }),
        }
    }
    let order = |fate: &str| ["lost", "changed", "carried"].iter().position(|it| *it == fate);
    rows.sort_by_key(|it| order(it.fate));
    for row in &mut rows {
        cut(&mut row.services);
    }
    rows
}

/// The first few of many names.
fn cut(names: &mut Vec<String>) {
    const SHOWN: usize = 3;
    if names.len() > SHOWN + 1 {
        let more = names.len() - SHOWN;
        names.truncate(SHOWN);
        names.push(format!("{more} more"));
    }
}

/// The findings that fail an item: `PLM801 compose.yaml:4`.
pub(super) fn failing(report: &Report, item: &ChecklistItem) -> Vec<String> {
    let mut all = Vec::new();
    for (code, span) in &item.findings {
        let entry = report.entry(span.file);
        let line = entry.lines.line_of(span.start as usize) + 1;
        all.push([code, " ", &entry.file.path, ":", &line.to_string()].concat());
    }
    all.sort();
    all.dedup();
    all
}

/// The same, the first few by name.
pub(super) fn behind(report: &Report, item: &ChecklistItem) -> Vec<String> {
    let mut all = failing(report, item);
    cut(&mut all);
    all
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
    let wide = items.iter().map(|it| it.item.len()).max().unwrap_or(0);
    for item in items {
        let state = format!("{:<14}", item.state);
        let state = match item.state {
            "pass" => style.good(&state),
            "fail" => style.bad(&state),
            _ => style.dim(&state),
        };
        let findings = behind(report, item).join(", ");
        let text = match (findings.as_str(), item.next) {
            (findings, "") => findings.to_owned(),
            ("", next) => next.to_owned(),
            (findings, next) => format!("{next} ({findings})"),
        };
        let head = format!("  {state} {:<wide$}  ", item.item);
        hang(out, style, &head, wide + 19, &escape_line(&text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(service: &str, key: &'static str, fate: &'static str) -> Crossing {
        Crossing { service: service.into(), key, fate, instead: "Something.", span: None }
    }

    #[test]
    fn a_key_is_one_row_whatever_the_number_of_services() {
        let mut all = vec![row("a", "image", "carried")];
        all.extend(["a", "b", "c", "d", "e"].map(|it| row(it, "depends_on", "lost")));
        let rows = crossing(&all);
        assert_eq!(rows.iter().map(|it| it.key).collect::<Vec<_>>(), ["depends_on", "image"]);
        assert_eq!(rows[0].services, ["a", "b", "c", "2 more"]);
    }

    #[test]
    fn the_report_is_plain_text_without_colour() {
        let mut report = Report::default();
        report.decision.today = "both";
        report.decision.crossing = vec![row("web", "ports", "changed")];
        let text = decision(&report, Style::default());
        assert!(text.starts_with("Today      Compose and Kubernetes"), "{text}");
        assert!(text.contains("  changed  ports  Something. (web)\n"), "{text}");
        assert!(!text.contains('\x1b'));
    }
}
