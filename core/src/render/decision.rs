//! The decision report for a person at a terminal.

use super::place::Place;
use super::text::{Style, clean, wrap};
use crate::report::{Answer, ChecklistItem, Evidence, Report};

pub fn decision(report: &Report, style: Style) -> String {
    let it = &report.decision;
    let mut out = format!(
        "{}      {}, which {}\n{}   {}\n{}       {}\n{}    {}\n",
        style.bold("Today"),
        it.today,
        fit(it.fit),
        style.bold("Platform"),
        it.outcome.platform,
        style.bold("Helm"),
        it.outcome.helm,
        style.bold("Argo CD"),
        it.outcome.argocd,
    );
    if !it.scenario.nearest.is_empty() {
        let text = format!("{}. {}", it.scenario.nearest, clean(&it.scenario.because));
        hang(&mut out, style, &format!("{}   ", style.bold("Scenario")), 11, &text);
    }
    list(&mut out, style, "Why", &it.reasons);
    list(&mut out, style, "What would change this answer", &it.would_change);
    heading(&mut out, style, "The six questions");
    for (index, question) in it.questions.iter().enumerate() {
        let by = if question.by_person { "your answer" } else { "from the files" };
        let answer = match question.answer {
            Answer::Yes => style.good("yes"),
            Answer::No => style.bad("no"),
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
                hang(&mut out, style, &head, 17, &clean(settled));
            }
        }
    }
    checklist(&mut out, style, "A single server done well", &it.checklists.server);
    checklist(&mut out, style, "Crossing from Compose to Kubernetes", &it.checklists.crossing);
    if !it.crossing.is_empty() {
        heading(&mut out, style, "What becomes of each key on the way");
        let wide =
            it.crossing.iter().map(|it| it.service.len() + it.key.len()).max().unwrap_or(0) + 1;
        let wide = wide.min(34);
        for row in &it.crossing {
            let name = clean(&format!("{} {}", row.service, row.key));
            let head = format!("  {name:<wide$}  {:<8} ", row.fate);
            hang(&mut out, style, &head, wide + 13, &clean(&row.instead));
        }
    }
    list(&mut out, style, "Next steps", &it.next_steps);
    out
}

fn fit(fit: &str) -> &str {
    match fit {
        "fits" => "fits",
        "outgrown" => "is outgrown",
        "over-built" => "is over-built",
        "mixed" => "fits in part",
        other => other,
    }
}

fn evidence(report: &Report, it: &Evidence) -> String {
    let place = it.span.map(|it| {
        let place = Place::of(report, it);
        format!(" ({}:{})", place.path, place.line)
    });
    clean(&format!("{}: {}{}", it.points.name(), it.fact, place.unwrap_or_default()))
}

fn heading(out: &mut String, style: Style, title: &str) {
    out.push_str(&format!("\n{}\n", style.bold(title)));
}

fn list(out: &mut String, style: Style, title: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    heading(out, style, title);
    for item in items {
        hang(out, style, "  - ", 4, &clean(item));
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

fn checklist(out: &mut String, style: Style, title: &str, items: &[ChecklistItem]) {
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
        let findings = item.findings.join(", ");
        let text = match (findings.as_str(), item.next.as_str()) {
            (findings, "") => findings.to_owned(),
            ("", next) => next.to_owned(),
            (findings, next) => format!("{next} ({findings})"),
        };
        let head = format!("  {state} {:<wide$}  ", item.item);
        hang(out, style, &head, wide + 19, &clean(&text));
    }
}
