//! The JSON form of a report: the contract that other people's tools hold on to.
//!
//! Lines and columns are 1-based and columns count Unicode code points; `offset` is in bytes of the
//! file as given. The TypeScript types of the npm package and the JSON Schema come from these
//! types. Change them only by adding.

use super::words::*;
use crate::explain;
use crate::report;
use crate::rules;
use crate::text::{Encoding, Span};
use serde::Serialize;

/// Version of this format.
pub const VERSION: u32 = 1;

macro_rules! wire {
    ($($(#[$meta:meta])* pub struct $name:ident $(<$life:lifetime>)? { $($body:tt)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Serialize)]
            #[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            #[serde(rename_all = "camelCase")]
            pub struct $name $(<$life>)? { $($body)* }
        )*
    };
}

wire! {
    /// Everything that one analysis found.
    pub struct Report<'r> {
        pub version: u32,
        pub tool: Tool,
        pub files: Vec<FileEntry<'r>>,
        pub findings: Vec<Finding<'r>>,
        pub decision: Decision<'r>,
        pub map: ProjectMap<'r>,
        pub summary: Summary,
    }
    pub struct Tool {
        pub name: &'static str,
        pub version: &'static str,
    }
    pub struct FileEntry<'r> {
        pub path: &'r str,
        pub kind: FileKind,
        /// Compose files only.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub role: Option<Role>,
    }
    pub struct Position {
        /// From 1.
        pub line: u32,
        /// From 1, in Unicode code points.
        pub column: u32,
        /// From 0, in bytes.
        pub offset: u32,
    }
    pub struct Range {
        pub start: Position,
        pub end: Position,
    }
    pub struct Finding<'r> {
        pub code: &'static str,
        pub name: &'static str,
        pub severity: Severity,
        pub confidence: Confidence,
        pub path: &'r str,
        pub range: Range,
        /// `service app`, or `Deployment shop/api, container web`.
        pub subject: &'r str,
        pub message: &'r str,
        pub why: String,
        pub help: Vec<String>,
        /// Commands for the running system.
        pub check: &'r [String],
        pub related: Vec<Related<'r>>,
        pub fixes: Vec<Fix<'r>>,
    }
    pub struct Related<'r> {
        pub path: &'r str,
        pub range: Range,
        pub message: &'r str,
    }
    pub struct Fix<'r> {
        pub title: &'r str,
        pub safety: Safety,
        pub edits: Vec<Edit<'r>>,
    }
    pub struct Edit<'r> {
        pub path: &'r str,
        pub range: Range,
        pub text: &'r str,
    }
    pub struct Summary {
        pub error: usize,
        pub warning: usize,
        pub info: usize,
        pub hint: usize,
        pub suppressed: usize,
    }
    /// How much platform the files ask for.
    pub struct Decision<'r> {
        pub questions: Vec<Question<'r>>,
        pub outcome: Outcome,
        pub today: Today,
        pub fit: Fit,
        pub reasons: &'r [String],
        pub would_change: &'r [&'static str],
        pub scenario: Scenario<'r>,
        pub checklists: Checklists<'r>,
        pub crossing: Vec<Crossing<'r>>,
        pub next_steps: &'r [&'static str],
    }
    pub struct Question<'r> {
        pub id: QuestionId,
        pub text: &'static str,
        pub answer: Answer,
        pub by: AnsweredBy,
        pub evidence: Vec<Evidence<'r>>,
        pub settled_by: &'r [&'static str],
    }
    pub struct Evidence<'r> {
        pub fact: &'r str,
        pub points: Answer,
        pub weight: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range: Option<Range>,
    }
    pub struct Outcome {
        pub platform: Platform,
        pub helm: Worth,
        pub argocd: Worth,
    }
    pub struct Scenario<'r> {
        pub nearest: ScenarioName,
        pub because: &'r str,
    }
    pub struct Checklists<'r> {
        pub server: Vec<ChecklistItem<'r>>,
        pub crossing: Vec<ChecklistItem<'r>>,
    }
    pub struct ChecklistItem<'r> {
        pub item: &'static str,
        pub state: CheckState,
        pub findings: Vec<String>,
        pub next: &'r str,
    }
    pub struct Crossing<'r> {
        pub service: &'r str,
        pub key: &'r str,
        pub fate: Fate,
        pub instead: &'r str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range: Option<Range>,
    }
    /// What runs, what it mounts and whom it talks to.
    pub struct ProjectMap<'r> {
        pub nodes: Vec<MapNode<'r>>,
        pub edges: Vec<MapEdge<'r>>,
    }
    pub struct MapNode<'r> {
        pub id: &'r str,
        pub kind: NodeKind,
        pub label: &'r str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range: Option<Range>,
    }
    pub struct MapEdge<'r> {
        pub from: &'r str,
        pub to: &'r str,
        pub kind: EdgeKind,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range: Option<Range>,
    }
    /// A rule as lists show it.
    pub struct Rule {
        pub code: &'static str,
        pub name: &'static str,
        pub family: &'static str,
        pub severity: Severity,
        pub on: Side,
        pub since: &'static str,
        pub summary: String,
        pub url: String,
    }
    /// A rule in full.
    pub struct Explanation {
        pub rule: Rule,
        pub sections: Vec<Section>,
        pub examples: Vec<Example>,
        /// The whole page.
        pub markdown: String,
    }
    pub struct Section {
        pub title: &'static str,
        /// Markdown.
        pub body: String,
    }
    pub struct Example {
        /// `Bad` or `Good`.
        pub section: &'static str,
        pub path: String,
        pub text: String,
    }
}

/// Where a rule's page is published.
pub fn rule_url(rule: &rules::Rule) -> String {
    format!("https://plimsoll.dev/rules/{}-{}", rule.code(), rule.name())
}

impl From<&'static rules::Rule> for Rule {
    fn from(rule: &'static rules::Rule) -> Rule {
        Rule {
            code: rule.code(),
            name: rule.name(),
            family: rule.family(),
            severity: rule.severity.name().into(),
            on: rule.on.name().into(),
            since: rule.since,
            summary: explain::explain(rule).summary,
            url: rule_url(rule),
        }
    }
}

impl From<&'static rules::Rule> for Explanation {
    fn from(rule: &'static rules::Rule) -> Explanation {
        let parts = explain::explain(rule);
        Explanation {
            rule: rule.into(),
            sections: parts
                .sections
                .into_iter()
                .map(|it| Section { title: it.title, body: it.body })
                .collect(),
            examples: parts
                .examples
                .into_iter()
                .map(|it| Example { section: it.section, path: it.path, text: it.text })
                .collect(),
            markdown: explain::markdown(rule),
        }
    }
}

impl<'r> From<&'r report::Report> for Report<'r> {
    fn from(report: &'r report::Report) -> Report<'r> {
        let places = Places { report };
        let mut files: Vec<FileEntry> = report
            .files
            .iter()
            .map(|it| FileEntry {
                path: &it.file.path,
                kind: it.kind.name().into(),
                role: it.role.map(|it| it.name().into()),
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(b.path));
        Report {
            version: VERSION,
            tool: Tool { name: "plimsoll", version: env!("CARGO_PKG_VERSION") },
            files,
            findings: report.findings.iter().map(|it| places.finding(it)).collect(),
            decision: places.decision(&report.decision),
            map: places.map(&report.map),
            summary: Summary {
                error: report.count(report::Severity::Error),
                warning: report.count(report::Severity::Warning),
                info: report.count(report::Severity::Info),
                hint: report.count(report::Severity::Hint),
                suppressed: report.suppressed,
            },
        }
    }
}

/// Turns byte spans into paths, lines and columns.
struct Places<'r> {
    report: &'r report::Report,
}

impl<'r> Places<'r> {
    fn path(&self, span: Span) -> &'r str {
        &self.report.entry(span.file).file.path
    }

    fn position(&self, span: Span, at: u32) -> Position {
        let entry = self.report.entry(span.file);
        let it = entry.lines.position(at as usize, Encoding::Utf32);
        Position { line: it.line + 1, column: it.column + 1, offset: at }
    }

    fn range(&self, span: Span) -> Range {
        Range { start: self.position(span, span.start), end: self.position(span, span.end) }
    }

    fn checklist(&self, items: &'r [report::ChecklistItem]) -> Vec<ChecklistItem<'r>> {
        items
            .iter()
            .map(|it| ChecklistItem {
                item: it.item,
                state: it.state.into(),
                findings: super::decision::failing(self.report, it),
                next: it.next,
            })
            .collect()
    }

    fn finding(&self, finding: &'r report::Finding) -> Finding<'r> {
        Finding {
            code: finding.code,
            name: finding.name,
            severity: finding.severity.name().into(),
            confidence: finding.confidence.name().into(),
            path: self.path(finding.span),
            range: self.range(finding.span),
            subject: &finding.subject,
            message: &finding.message,
            why: explain::why(finding),
            help: vec![explain::help(finding)],
            check: &finding.check,
            related: finding
                .related
                .iter()
                .map(|it| Related {
                    path: self.path(it.span),
                    range: self.range(it.span),
                    message: &it.message,
                })
                .collect(),
            fixes: finding
                .fixes
                .iter()
                .map(|fix| Fix {
                    title: &fix.title,
                    safety: fix.safety.name().into(),
                    edits: fix
                        .edits
                        .iter()
                        .map(|it| Edit {
                            path: self.path(it.span),
                            range: self.range(it.span),
                            text: &it.text,
                        })
                        .collect(),
                })
                .collect(),
        }
    }

    fn decision(&self, decision: &'r report::Decision) -> Decision<'r> {
        Decision {
            questions: decision
                .questions
                .iter()
                .map(|it| Question {
                    id: it.id.into(),
                    text: it.text,
                    answer: it.answer.name().into(),
                    by: if it.by_person { "person" } else { "files" }.into(),
                    evidence: it
                        .evidence
                        .iter()
                        .map(|it| Evidence {
                            fact: &it.fact,
                            points: it.points.name().into(),
                            weight: it.weight,
                            path: it.span.map(|it| self.path(it)),
                            range: it.span.map(|it| self.range(it)),
                        })
                        .collect(),
                    settled_by: &it.settled_by,
                })
                .collect(),
            outcome: Outcome {
                platform: decision.outcome.platform.into(),
                helm: decision.outcome.helm.into(),
                argocd: decision.outcome.argocd.into(),
            },
            today: decision.today.into(),
            fit: decision.fit.into(),
            reasons: &decision.reasons,
            would_change: &decision.would_change,
            scenario: Scenario {
                nearest: decision.scenario.nearest.into(),
                because: decision.scenario.because,
            },
            checklists: Checklists {
                server: self.checklist(&decision.checklists.server),
                crossing: self.checklist(&decision.checklists.crossing),
            },
            crossing: decision
                .crossing
                .iter()
                .map(|it| Crossing {
                    service: &it.service,
                    key: it.key,
                    fate: it.fate.into(),
                    instead: it.instead,
                    path: it.span.map(|it| self.path(it)),
                    range: it.span.map(|it| self.range(it)),
                })
                .collect(),
            next_steps: decision.next_steps,
        }
    }

    fn map(&self, map: &'r report::Map) -> ProjectMap<'r> {
        ProjectMap {
            nodes: map
                .nodes
                .iter()
                .map(|it| MapNode {
                    id: &it.id,
                    kind: it.kind.into(),
                    label: &it.label,
                    path: it.span.map(|it| self.path(it)),
                    range: it.span.map(|it| self.range(it)),
                })
                .collect(),
            edges: map
                .edges
                .iter()
                .map(|it| MapEdge {
                    from: &it.from,
                    to: &it.to,
                    kind: it.kind.into(),
                    path: it.span.map(|it| self.path(it)),
                    range: it.span.map(|it| self.range(it)),
                })
                .collect(),
        }
    }
}

/// The report as JSON, ready to print.
pub fn json(report: &report::Report) -> String {
    let mut text = serde_json::to_string_pretty(&Report::from(report))
        .expect("internal error: these types always serialise");
    text.push('\n');
    text
}

/// The decision alone as JSON.
pub fn decision_json(report: &report::Report) -> String {
    let decision = Places { report }.decision(&report.decision);
    let mut text = serde_json::to_string_pretty(&decision)
        .expect("internal error: these types always serialise");
    text.push('\n');
    text
}

/// The JSON Schema (draft 2020-12) of [`Report`], ready to print.
#[cfg(feature = "schema")]
pub fn schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("title".to_owned(), "Plimsoll's report".into());
    let mut text =
        serde_json::to_string_pretty(&schema).expect("internal error: a schema always serialises");
    text.push('\n');
    text
}
