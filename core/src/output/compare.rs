//! The comparison of Compose services with their counterparts: for a terminal, as JSON and as Markdown.

use super::columns::{escape_line, wrap};
use super::place::{Place, count};
use super::style::Style;
use super::{wire, wire_compare};
use crate::report::{Aspect, Comparison, Crossing, Drift, Fate, Report, ServicePair};
use crate::text::markdown::{cell, code_span, prose};
use rustc_hash::FxHashMap;

/// What is said where one side is missing.
fn nothing_to_compare(comparison: &Comparison) -> Option<&'static str> {
    match (comparison.services.is_empty(), comparison.has_cluster) {
        (false, true) => None,
        (true, true) => Some("There is nothing to compare: these files define no Compose service."),
        (false, false) => {
            Some("There is nothing to compare: these files define no workload of a cluster.")
        }
        (true, false) => Some(
            "There is nothing to compare: these files define no Compose service and no workload.",
        ),
    }
}

const NO_COUNTERPART: &str = "no counterpart: no container that was seen has its image or its name";

const NO_SURE_COUNTERPART: &str =
    "no sure counterpart: several containers may be meant, or several services by one of them";

/// Returns what is said of a service without a counterpart.
fn no_counterpart(service: &ServicePair) -> String {
    let labels: Vec<&str> = service.candidates.iter().map(String::as_str).collect();
    match labels[..] {
        [] if service.resembles => NO_SURE_COUNTERPART.to_owned(),
        [] => NO_COUNTERPART.to_owned(),
        [only] => format!(
            "no sure counterpart: {only} runs its image, and nothing tells this service apart from others that do"
        ),
        [first, second] => format!(
            "no sure counterpart: {first} and {second} run its image, and nothing tells which of them is meant"
        ),
        [first, ..] => format!(
            "no sure counterpart: {first} and {} more run its image, and nothing tells which of them is meant",
            labels.len() - 1
        ),
    }
}

/// Returns "3 services, 7 aspects compared: 4 same, 1 drifted, 2 lost".
fn counts(comparison: &Comparison) -> String {
    let one = |drift: Drift| format!("{} {drift}", comparison.count(drift));
    let all = Drift::ALL.map(|drift| comparison.count(drift)).into_iter().sum();
    let services = count(comparison.services.len(), "service", "services");
    let aspects = count(all, "aspect", "aspects");
    format!("{services}, {aspects} compared: {}", Drift::ALL.map(one).join(", "))
}

/// The rows of the decision by the name of their service.
pub(super) struct Rows<'r>(FxHashMap<&'r str, Vec<&'r Crossing>>);

impl<'r> Rows<'r> {
    pub(super) fn of(report: &'r Report) -> Rows<'r> {
        let mut rows: FxHashMap<&str, Vec<&Crossing>> = FxHashMap::default();
        for row in report.systems.iter().flat_map(|system| &system.decision.crossing) {
            rows.entry(&row.service).or_default().push(row);
        }
        Rows(rows)
    }

    /// Returns the rows about a service of a project.
    pub(super) fn about(&self, service: &ServicePair) -> Vec<&'r Crossing> {
        let named = self.0.get(service.service.as_str()).map_or(&[][..], Vec::as_slice);
        let of_project =
            |row: &&&Crossing| row.span.is_some_and(|span| service.files.contains(&span.file));
        named.iter().filter(of_project).copied().collect()
    }

    /// Returns the keys of a service that nothing in the cluster reads.
    fn lost_keys(&self, service: &ServicePair) -> Vec<&'r str> {
        let mut keys: Vec<&str> = Vec::new();
        for row in self.about(service).into_iter().filter(|row| row.fate == Fate::Lost) {
            if !keys.contains(&row.key.as_str()) {
                keys.push(&row.key);
            }
        }
        keys
    }
}

/// Renders the comparison for a terminal, service by service.
pub fn text(report: &Report, comparison: &Comparison, style: Style) -> String {
    if let Some(sentence) = nothing_to_compare(comparison) {
        return format!("{sentence}\n");
    }
    let mut out = String::new();
    let rows = Rows::of(report);
    for service in &comparison.services {
        text_of_service(&mut out, report, &rows, service, style);
    }
    if !comparison.only_in_cluster.is_empty() {
        out.push_str(&format!("{}\n", style.bold("Only in the cluster")));
        for it in &comparison.only_in_cluster {
            let place = Place::of(report, it.span);
            let line = format!("{}:{}", escape_line(place.path), place.line);
            out.push_str(&format!("  {}  {}\n", escape_line(&it.label), style.dim(&line)));
        }
        out.push('\n');
    }
    out.push_str(&format!("{}\n", counts(comparison)));
    out
}

fn text_of_service(
    out: &mut String,
    report: &Report,
    rows: &Rows<'_>,
    service: &ServicePair,
    style: Style,
) {
    let name = style.bold(&escape_line(&service.service));
    let Some(counterpart) = &service.counterpart else {
        let text = escape_line(&no_counterpart(service));
        out.push_str(&format!("{name}: {text}\n\n"));
        return;
    };
    let place = Place::of(report, counterpart.span);
    out.push_str(&format!(
        "{name}: {} (matched by {})  {}\n",
        escape_line(&counterpart.label),
        counterpart.by,
        style.dim(&format!("{}:{}", escape_line(place.path), place.line))
    ));
    let width = Aspect::ALL.map(|it| it.name().len()).into_iter().max().unwrap_or(0);
    for it in &service.compared {
        let word = format!("{:<7}", it.drift.name());
        let word = match it.drift {
            Drift::Same => style.good(&word),
            Drift::Drifted => word,
            Drift::Lost => style.bad(&word),
        };
        let sides = match it.drift {
            Drift::Same => it.cluster.clone(),
            Drift::Drifted | Drift::Lost => {
                format!("{}; in the cluster: {}", it.compose, it.cluster)
            }
        };
        let indent = 2 + 7 + 2 + width + 2;
        let lines = wrap(&escape_line(&sides), style.prose_width().saturating_sub(indent));
        let aspect = format!("{:<width$}", it.aspect.name());
        for (at, line) in lines.iter().enumerate() {
            match at {
                0 => out.push_str(&format!("  {word}  {aspect}  {line}\n")),
                _ => out.push_str(&format!("{}{line}\n", " ".repeat(indent))),
            }
        }
    }
    let lost = rows.lost_keys(service);
    if !lost.is_empty() {
        let keys = lost.iter().map(|key| format!("`{}`", escape_line(key))).collect::<Vec<_>>();
        out.push_str(&format!("  keys that nothing in a cluster reads: {}\n", keys.join(", ")));
    }
    out.push('\n');
}

/// Renders the comparison as Markdown: a table for each service.
pub fn markdown(report: &Report, comparison: &Comparison) -> String {
    let mut out = String::from("# Compose and the cluster\n\n");
    if let Some(sentence) = nothing_to_compare(comparison) {
        out.push_str(&format!("{sentence}\n"));
        return out;
    }
    out.push_str(&format!("{}.\n", counts(comparison)));
    let rows = Rows::of(report);
    for service in &comparison.services {
        out.push_str(&format!("\n## {}\n\n", code_span(&service.service)));
        let Some(counterpart) = &service.counterpart else {
            out.push_str(&format!("It has {}.\n", prose(&no_counterpart(service))));
            continue;
        };
        out.push_str(&format!("{}, matched by {}.\n", prose(&counterpart.label), counterpart.by));
        if !service.compared.is_empty() {
            out.push_str("\n| | aspect | Compose | cluster |\n| --- | --- | --- | --- |\n");
        }
        for it in &service.compared {
            out.push_str(&format!(
                "| {} | {} | {} | {} |\n",
                it.drift,
                it.aspect,
                cell(&prose(&it.compose)),
                cell(&prose(&it.cluster))
            ));
        }
        let lost = rows.lost_keys(service);
        if !lost.is_empty() {
            let keys = lost.iter().map(|key| code_span(key)).collect::<Vec<_>>();
            out.push_str(&format!(
                "\nKeys that nothing in a cluster reads: {}.\n",
                keys.join(", ")
            ));
        }
    }
    if !comparison.only_in_cluster.is_empty() {
        out.push_str("\n## Only in the cluster\n\n");
        for it in &comparison.only_in_cluster {
            out.push_str(&format!("- {}\n", prose(&it.label)));
        }
    }
    out
}

/// Renders the comparison as JSON.
pub fn json(report: &Report, comparison: &Comparison) -> String {
    wire::pretty(&wire_compare::Comparison::new(report, comparison, wire::Positions::default()))
}
