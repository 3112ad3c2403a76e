//! The JSON form of the comparison of Compose services with their counterparts.

use super::compare::Rows;
use super::wire::{self, Positions, Range, wire};
use crate::report::{self, Aspect, Drift, Fate};
use crate::text::Span;
use serde::Serialize;

wire! {
    /// Compose services beside what runs the same thing in the cluster.
    pub struct Comparison<'r> {
        pub version: u32,
        pub services: Vec<ComparedService<'r>>,
        pub only_in_cluster: Vec<OnlyInCluster<'r>>,
        pub summary: ComparisonSummary,
    }
    /// Number of aspects that are the same, that differ, and that only Compose has.
    pub struct ComparisonSummary {
        pub same: usize,
        pub drifted: usize,
        pub lost: usize,
    }
    pub struct ComparedService<'r> {
        pub service: &'r str,
        pub path: &'r str,
        pub range: Range,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub counterpart: Option<Counterpart<'r>>,
        /// Without a counterpart, the workloads that run the same image.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "typescript", tsify(optional))]
        pub candidates: Vec<&'r str>,
        pub compared: Vec<ComparedAspect<'r>>,
        pub crossing: Vec<ComparedKey<'r>>,
        pub converters: Vec<ConverterNote<'r>>,
    }
    /// The container that runs the same thing in the cluster.
    pub struct Counterpart<'r> {
        pub label: &'r str,
        pub matched_by: &'r str,
        pub path: &'r str,
        pub range: Range,
    }
    pub struct ComparedAspect<'r> {
        pub aspect: Aspect,
        pub drift: Drift,
        pub compose: &'r str,
        pub cluster: &'r str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range: Option<Range>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cluster_path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub cluster_range: Option<Range>,
    }
    /// What becomes of a Compose key.
    pub struct ComparedKey<'r> {
        pub key: &'r str,
        pub fate: Fate,
        pub instead: &'r str,
        #[serde(skip_serializing_if = "str::is_empty")]
        #[cfg_attr(feature = "typescript", tsify(optional))]
        pub counterpart: &'r str,
        #[serde(skip_serializing_if = "str::is_empty")]
        #[cfg_attr(feature = "typescript", tsify(optional))]
        pub yaml: &'r str,
    }
    /// What converters make of a key; `null` where that is not documented.
    pub struct ConverterNote<'r> {
        pub key: &'r str,
        #[cfg_attr(feature = "typescript", tsify(type = "string | null"))]
        pub kompose: Option<&'static str>,
        #[cfg_attr(feature = "typescript", tsify(type = "string | null"))]
        pub bridge: Option<&'static str>,
        pub see: &'static str,
    }
    pub struct OnlyInCluster<'r> {
        pub label: &'r str,
        pub path: &'r str,
        pub range: Range,
    }
}

impl<'r> Comparison<'r> {
    pub fn new(
        report: &'r report::Report,
        comparison: &'r report::Comparison,
        positions: Positions,
    ) -> Comparison<'r> {
        let places = Places { report, positions };
        let rows = Rows::of(report);
        let services = comparison.services.iter().map(|it| places.service(it, &rows));
        let only = comparison.only_in_cluster.iter().map(|it| OnlyInCluster {
            label: &it.label,
            path: places.path(it.span),
            range: places.range(it.span),
        });
        Comparison {
            version: wire::VERSION,
            services: services.collect(),
            only_in_cluster: only.collect(),
            summary: ComparisonSummary {
                same: comparison.count(Drift::Same),
                drifted: comparison.count(Drift::Drifted),
                lost: comparison.count(Drift::Lost),
            },
        }
    }
}

/// Turns byte spans into paths, lines and columns.
#[derive(Clone, Copy)]
struct Places<'r> {
    report: &'r report::Report,
    positions: Positions,
}

impl<'r> Places<'r> {
    fn path(self, span: Span) -> &'r str {
        &self.report.entry(span.file).file.path
    }

    fn range(self, span: Span) -> Range {
        wire::range(self.report, span, self.positions)
    }

    fn service(self, service: &'r report::ServicePair, rows: &Rows<'r>) -> ComparedService<'r> {
        let key = |row: &'r report::Crossing| ComparedKey {
            key: &row.key,
            fate: row.fate,
            instead: &row.instead,
            counterpart: &row.counterpart,
            yaml: &row.yaml,
        };
        let aspect = |it: &'r report::Compared| ComparedAspect {
            aspect: it.aspect,
            drift: it.drift,
            compose: &it.compose,
            cluster: &it.cluster,
            path: it.span.map(|span| self.path(span)),
            range: it.span.map(|span| self.range(span)),
            cluster_path: it.cluster_span.map(|span| self.path(span)),
            cluster_range: it.cluster_span.map(|span| self.range(span)),
        };
        let notes = service.converters.iter().map(|it| ConverterNote {
            key: &it.key,
            kompose: it.kompose,
            bridge: it.bridge,
            see: it.see,
        });
        ComparedService {
            service: &service.service,
            path: self.path(service.span),
            range: self.range(service.span),
            counterpart: service.counterpart.as_ref().map(|it| Counterpart {
                label: &it.label,
                matched_by: &it.by,
                path: self.path(it.span),
                range: self.range(it.span),
            }),
            candidates: service.candidates.iter().map(String::as_str).collect(),
            compared: service.compared.iter().map(aspect).collect(),
            crossing: rows.about(service).into_iter().map(key).collect(),
            converters: notes.collect(),
        }
    }
}
