//! The comparison of Compose services with their counterparts: for a terminal, as JSON and as Markdown.

use super::columns::{escape_line, wrap};
use super::markdown::{cell, prose};
use super::place::{Place, count};
use super::style::Style;
use super::wire::{self, Range};
use crate::report::{Aspect, Comparison, Crossing, Drift, Fate, Report, ServicePair};
use crate::text::Span;
use rustc_hash::FxHashMap;
use serde::Serialize;

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

const NO_COUNTERPART: &str =
    "no counterpart: no container of the cluster has its image or its name, or several have";

/// Returns "3 services, 7 aspects compared: 4 same, 1 drifted, 2 lost".
fn counts(comparison: &Comparison) -> String {
    let one = |drift: Drift| format!("{} {drift}", comparison.count(drift));
    let all = Drift::ALL.map(|drift| comparison.count(drift)).into_iter().sum();
    let services = count(comparison.services.len(), "service", "services");
    let aspects = count(all, "aspect", "aspects");
    format!("{services}, {aspects} compared: {}", Drift::ALL.map(one).join(", "))
}

/// The rows of the decision by the name of their service.
struct Rows<'r>(FxHashMap<&'r str, Vec<&'r Crossing>>);

impl<'r> Rows<'r> {
    fn of(report: &'r Report) -> Rows<'r> {
        let mut rows: FxHashMap<&str, Vec<&Crossing>> = FxHashMap::default();
        for row in report.systems.iter().flat_map(|system| &system.decision.crossing) {
            rows.entry(&row.service).or_default().push(row);
        }
        Rows(rows)
    }

    /// Returns the rows about a service of a project.
    fn about(&self, service: &ServicePair) -> Vec<&'r Crossing> {
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
        out.push_str(&format!("{name}: {NO_COUNTERPART}\n\n"));
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
        out.push_str(&format!("\n## {}\n\n", prose(&format!("`{}`", service.service))));
        let Some(counterpart) = &service.counterpart else {
            out.push_str(&format!("It has {NO_COUNTERPART}.\n"));
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
            let keys = lost.iter().map(|key| prose(&format!("`{key}`"))).collect::<Vec<_>>();
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'r> {
    version: u32,
    services: Vec<Service<'r>>,
    only_in_cluster: Vec<Only<'r>>,
    summary: Summary,
}

#[derive(Serialize)]
struct Summary {
    same: usize,
    drifted: usize,
    lost: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'r> {
    service: &'r str,
    path: &'r str,
    range: Range,
    #[serde(skip_serializing_if = "Option::is_none")]
    counterpart: Option<Match<'r>>,
    compared: Vec<Compared<'r>>,
    crossing: Vec<Row<'r>>,
    converters: Vec<Note<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Match<'r> {
    label: &'r str,
    matched_by: &'static str,
    path: &'r str,
    range: Range,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Compared<'r> {
    aspect: Aspect,
    drift: Drift,
    compose: &'r str,
    cluster: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_path: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_range: Option<Range>,
}

#[derive(Serialize)]
struct Row<'r> {
    key: &'r str,
    fate: Fate,
    instead: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    counterpart: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    yaml: &'r str,
}

/// What converters make of a key; `null` where that is not documented.
#[derive(Serialize)]
struct Note<'r> {
    key: &'r str,
    kompose: Option<&'static str>,
    bridge: Option<&'static str>,
    see: &'static str,
}

#[derive(Serialize)]
struct Only<'r> {
    label: &'r str,
    path: &'r str,
    range: Range,
}

/// Renders the comparison as JSON.
pub fn json(report: &Report, comparison: &Comparison) -> String {
    let path = |span: Span| -> &str { &report.entry(span.file).file.path };
    let range = |span: Span| wire::range(report, span);
    let rows = Rows::of(report);
    let services = comparison.services.iter().map(|service| Service {
        service: &service.service,
        path: path(service.span),
        range: range(service.span),
        counterpart: service.counterpart.as_ref().map(|it| Match {
            label: &it.label,
            matched_by: it.by,
            path: path(it.span),
            range: range(it.span),
        }),
        compared: service
            .compared
            .iter()
            .map(|it| Compared {
                aspect: it.aspect,
                drift: it.drift,
                compose: &it.compose,
                cluster: &it.cluster,
                path: it.span.map(path),
                range: it.span.map(range),
                cluster_path: it.cluster_span.map(path),
                cluster_range: it.cluster_span.map(range),
            })
            .collect(),
        crossing: rows
            .about(service)
            .into_iter()
            .map(|row| Row {
                key: &row.key,
                fate: row.fate,
                instead: &row.instead,
                counterpart: &row.counterpart,
                yaml: &row.yaml,
            })
            .collect(),
        converters: service
            .converters
            .iter()
            .map(|it| Note { key: &it.key, kompose: it.kompose, bridge: it.bridge, see: it.see })
            .collect(),
    });
    let document = Document {
        version: wire::VERSION,
        services: services.collect(),
        only_in_cluster: comparison
            .only_in_cluster
            .iter()
            .map(|it| Only { label: &it.label, path: path(it.span), range: range(it.span) })
            .collect(),
        summary: Summary {
            same: comparison.count(Drift::Same),
            drifted: comparison.count(Drift::Drifted),
            lost: comparison.count(Drift::Lost),
        },
    };
    let text = serde_json::to_string_pretty(&document);
    text.expect("internal error: the wire format is JSON") + "\n"
}
