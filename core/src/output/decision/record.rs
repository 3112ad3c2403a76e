//! The decision report as an architecture decision record in Markdown.

use super::super::columns::escape_line;
use super::super::place::Place;
use super::details::{crossing, first_failing};
use super::words;
use crate::report::{
    Answer, Ask, CheckState, ChecklistItem, Crossing, Decision, Report, Statement, Step, System,
};
use crate::text::Span;
use crate::text::markdown::{cell, code_span, fence, html, prose};

/// Renders the decision as an architecture decision record in Markdown, one for each system.
pub fn records(report: &Report) -> String {
    let records = report.systems.iter().map(|system| record(report, system));
    records.collect::<Vec<_>>().join("\n")
}

fn record(report: &Report, system: &System) -> String {
    let decision = &system.decision;
    let title = match system.name.as_str() {
        "" | "." => "Platform".to_owned(),
        name => format!("Platform of {}", code_span(name)),
    };
    let mut out = format!("# {title}\n");
    context(&mut out, decision);
    outcome(&mut out, report, decision);
    consequences(&mut out, report, decision);
    questions(&mut out, report, decision);
    let checklists = &decision.checklists;
    checklist(&mut out, report, "A single server done well", &checklists.server);
    checklist(&mut out, report, "Crossing from Compose to Kubernetes", &checklists.crossing);
    keys(&mut out, &decision.crossing);
    out
}

fn context(out: &mut String, decision: &Decision) {
    out.push_str(&format!(
        "\n## Context\n\n| today | fit | counted |\n| --- | --- | --- |\n| {} | {} | {} |\n",
        decision.today,
        decision.fit,
        cell(&prose(&decision.counted))
    ));
    out.push_str(&format!(
        "\nThe containers ask for:\n\n- CPU: {}\n- memory: {}\n\nNearest to {}: {}.\n",
        words::cpus(decision.sums.cpu),
        words::memory(decision.sums.memory),
        words::scenario(decision.scenario.nearest),
        prose(&decision.scenario.because)
    ));
}

fn outcome(out: &mut String, report: &Report, decision: &Decision) {
    let outcome = &decision.outcome;
    out.push_str(&format!(
        "\n## Decision\n\n{}\n\n| platform | Kustomize | Helm | Argo CD | Flux |\n| --- | --- | --- | --- | --- |\n\
         | {} | {} | {} | {} | {} |\n",
        prose(&decision.verdict),
        outcome.platform,
        outcome.kustomize,
        outcome.helm,
        outcome.argocd,
        outcome.flux
    ));
    let reason = |it: &Statement| {
        let place = it.span.map(|span| place(report, span)).unwrap_or_default();
        format!("{}{place}", prose(&it.text))
    };
    list(out, "Why", decision.reasons.iter().map(reason));
    if let Some(myth) = decision.myth {
        out.push_str(&format!("\n{}\n", prose(myth)));
    }
}

fn consequences(out: &mut String, report: &Report, decision: &Decision) {
    if !decision.cost.stay.text.is_empty() {
        out.push_str(&format!(
            "\n## Consequences\n\n- to stay: {}\n- to move: {}\n",
            prose(&decision.cost.stay.text),
            prose(&decision.cost.go.text)
        ));
    }
    let ask = |it: &Ask| {
        let command =
            code_span(&report.command(&format!("plimsoll decide --answer {}", it.answer)));
        format!("{command}: {}", prose(&it.changes))
    };
    list(out, "Worth answering", decision.ask.iter().map(ask));
    list(out, "What would change this outcome", decision.would_change.iter().map(|it| prose(it)));
    let step = |step: &Step| {
        let place = step.span.map(|span| place(report, span)).unwrap_or_default();
        format!("{}{place}", prose(&words::step(step)))
    };
    list(out, "Next steps", decision.steps.iter().map(step));
}

/// Renders what becomes of each key, with the YAML to write instead folded away.
fn keys(out: &mut String, rows: &[Crossing]) {
    if rows.is_empty() {
        return;
    }
    let rows = crossing(rows);
    out.push_str("\n## What becomes of each key\n\n| key | fate | instead | services | in the cluster | converters |\n| --- | --- | --- | --- | --- | --- |\n");
    for row in &rows {
        let services: Vec<String> = row.services.iter().map(|name| code_span(name)).collect();
        let counterparts = row.counterparts.iter();
        let counterparts: Vec<String> = counterparts
            .map(|(service, has)| format!("{}: {}", code_span(service), prose(has)))
            .collect();
        let converters = row.converters().map(|(name, makes)| format!("{name}: {}", prose(makes)));
        let converters: Vec<String> = converters.collect();
        out.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} |\n",
            cell(&code_span(row.key)),
            row.fate,
            cell(&prose(row.instead)),
            cell(&services.join(" ")),
            cell(&counterparts.join("; ")),
            cell(&converters.join("; "))
        ));
    }
    for row in rows.iter().filter(|row| !row.yaml.is_empty()) {
        let key = html(row.key);
        out.push_str(&format!("\n<details><summary>{key}: the YAML to write instead</summary>\n"));
        for (service, yaml) in &row.yaml {
            let fence = fence(yaml);
            let yaml: Vec<String> = yaml.lines().map(escape_line).collect();
            let yaml = yaml.join("\n");
            out.push_str(&format!("\n{}:\n\n{fence}yaml\n{yaml}\n{fence}\n", code_span(service)));
        }
        out.push_str("\n</details>\n");
    }
}

fn questions(out: &mut String, report: &Report, decision: &Decision) {
    out.push_str("\n## Evidence: the six questions\n");
    for (index, question) in decision.questions.iter().enumerate() {
        let by = match question.answer {
            Answer::Unknown => String::new(),
            Answer::Yes | Answer::No => format!(" ({})", words::source(question.by)),
        };
        let (number, text) = (index + 1, prose(question.text));
        out.push_str(&format!("\n{number}. {text} **{}**{by}\n", question.answer));
        for evidence in &question.evidence {
            let place = evidence.span.map(|span| place(report, span)).unwrap_or_default();
            let (fact, because) = (prose(&evidence.fact), prose(evidence.because));
            let weight = words::weight(evidence.weight);
            out.push_str(&format!(
                "   - {}: {fact}{place}; {weight}: {because}\n",
                evidence.points
            ));
        }
        if question.answer == Answer::Unknown {
            for settled in &question.settled_by {
                out.push_str(&format!("   - to settle it: {}\n", prose(settled)));
            }
        }
    }
}

fn place(report: &Report, span: Span) -> String {
    let place = Place::of(report, span);
    format!(" ({})", code_span(&format!("{}:{}", place.path, place.line)))
}

fn list(out: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let lines: String = items.map(|item| format!("- {item}\n")).collect();
    if !lines.is_empty() {
        out.push_str(&format!("\n## {title}\n\n{lines}"));
    }
}

fn checklist(out: &mut String, report: &Report, title: &str, items: &[ChecklistItem]) {
    if items.is_empty() {
        return;
    }
    out.push_str(&format!(
        "\n## {title}\n\n| | item | state | seen | findings | next |\n| --- | --- | --- | --- | --- | --- |\n"
    ));
    for item in items {
        let mark = match item.state {
            CheckState::Pass => "✓",
            CheckState::Fail => "✗",
            CheckState::CannotSee | CheckState::NotApplicable => "?",
        };
        let findings: Vec<String> =
            first_failing(report, item).iter().map(|it| code_span(it)).collect();
        out.push_str(&format!(
            "| {mark} | {} | {} | {} | {} | {} |\n",
            item.item,
            item.state,
            cell(&prose(&item.seen)),
            cell(&findings.join(" ")),
            cell(&prose(&item.next))
        ));
    }
}
