//! The JSON form of a report: the contract with other people's tools.
//!
//! Lines and columns count from 1, columns in Unicode code points; `offset` counts the bytes of the
//! file as given. The TypeScript types of the npm package and the JSON Schema are generated from
//! these types and from the vocabularies in `report`. Change them only by adding.

mod convert;

use super::columns::escape_json;
use crate::explain;
use crate::report::{
    self, Answer, AnsweredBy, CheckItem, CheckState, Confidence, EdgeKind, Environment, Fate,
    FileKind, Fit, NodeKind, Platform, QuestionId, Role, Safety, ScenarioName, Severity, Signal,
    SkipReason, TargetKind, Today, Worth,
};
use crate::rules::{self, Pitfall, Side};
use convert::Places;
pub(super) use convert::range;
pub use convert::range_in;
use serde::Serialize;

/// Version of this format.
pub const VERSION: u32 = 1;

/// How columns and offsets are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Positions {
    /// Columns in Unicode code points and offsets in bytes, as the command prints them.
    #[default]
    CodePoints,
    /// Columns and offsets in UTF-16 code units, as JavaScript counts.
    Utf16,
}

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

pub(super) use wire;

wire! {
    /// Everything that one analysis found.
    pub struct Report<'r> {
        pub version: u32,
        pub tool: Tool,
        pub files: Vec<FileEntry<'r>>,
        /// What is deployed: Compose projects, folders of manifests, overlays and charts, by name.
        pub targets: Vec<Target<'r>>,
        pub findings: Vec<Finding<'r>>,
        pub decision: Decisions<'r>,
        pub map: ProjectMap<'r>,
        pub summary: Summary,
    }
    /// What `plimsoll check` prints: a report whose decision and map are there only where they are asked for.
    pub struct Checked<'r> {
        pub version: u32,
        pub tool: Tool,
        pub files: Vec<FileEntry<'r>>,
        pub targets: Vec<Target<'r>>,
        pub findings: Vec<Finding<'r>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub decision: Option<Decisions<'r>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub map: Option<ProjectMap<'r>>,
        /// What was not read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "typescript", tsify(optional))]
        pub skipped: Vec<SkippedEntry<'r>>,
        pub summary: Summary,
    }
    /// A file or a folder that was not read.
    pub struct SkippedEntry<'r> {
        pub path: &'r str,
        pub reason: SkipReason,
    }
    pub struct Tool {
        pub name: &'static str,
        pub version: &'static str,
    }
    pub struct FileEntry<'r> {
        pub path: &'r str,
        pub kind: FileKind,
        /// Only Compose files have a role.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub role: Option<Role>,
    }
    /// What one command puts onto one platform.
    pub struct Target<'r> {
        pub name: &'r str,
        pub kind: TargetKind,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub environment: Option<Environment>,
        /// Paths of the files that it is built from.
        pub files: Vec<&'r str>,
        /// Whether it is built with all its parts.
        pub built: bool,
        /// Why it is not built in full.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub reason: Option<&'r str>,
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
        #[cfg_attr(feature = "typescript", tsify(type = "RuleCode"))]
        pub code: &'static str,
        #[cfg_attr(feature = "typescript", tsify(type = "RuleName"))]
        pub name: &'static str,
        pub severity: Severity,
        pub confidence: Confidence,
        pub path: &'r str,
        pub range: Range,
        /// `service app`, or `Deployment shop/api, container web`.
        pub subject: &'r str,
        pub message: &'r str,
        pub why: &'r str,
        pub help: Vec<&'r str>,
        /// Commands that show the problem in the running system.
        pub check: &'r [String],
        pub related: Vec<Related<'r>>,
        pub fixes: Vec<Fix<'r>>,
        /// Names of the targets that this is about.
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        #[cfg_attr(feature = "typescript", tsify(optional))]
        pub targets: &'r [String],
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
        /// Number of findings that the baseline accepts.
        pub baselined: usize,
        /// Number of files that the configuration excludes.
        pub excluded: usize,
        /// Number of files and folders that were not read.
        pub skipped: usize,
        /// Number of findings outside of the files that were asked about.
        pub elsewhere: usize,
    }
    /// How much platform the files of the first system ask for, and the decision on each system.
    pub struct Decisions<'r> {
        #[serde(flatten)]
        pub first: Decision<'r>,
        pub systems: Vec<System<'r>>,
    }
    /// The decision on one application.
    pub struct System<'r> {
        pub name: &'r str,
        pub targets: &'r [String],
        #[serde(flatten)]
        pub decision: Decision<'r>,
    }
    /// How much platform the files ask for.
    pub struct Decision<'r> {
        /// One sentence.
        pub verdict: &'r str,
        pub questions: Vec<Question<'r>>,
        pub outcome: Outcome,
        pub today: Today,
        pub fit: Fit,
        /// What is counted, and what is left out.
        pub counted: &'r str,
        pub sums: Sums,
        pub reasons: Vec<String>,
        pub would_change: &'r [String],
        pub flips: Vec<Flip<'r>>,
        pub ask: Vec<Ask<'r>>,
        pub cost: Costs<'r>,
        pub steps: Vec<Step<'r>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub myth: Option<&'static str>,
        pub scenario: Scenario<'r>,
        pub checklists: Checklists<'r>,
        pub crossing: Vec<Crossing<'r>>,
        pub next_steps: Vec<String>,
    }
    /// What the containers ask for: CPUs, and bytes of memory.
    pub struct Sums {
        pub cpu: Sum,
        pub memory: Sum,
    }
    pub struct Sum {
        #[serde(serialize_with = "amount")]
        pub min: f64,
        #[serde(serialize_with = "amount")]
        pub max: f64,
        /// Number of containers that state an amount.
        pub sized: usize,
        pub containers: usize,
    }
    /// A fact that would change the platform.
    pub struct Flip<'r> {
        pub fact: &'r str,
        pub to: Platform,
    }
    /// An answer worth giving.
    pub struct Ask<'r> {
        /// `KEY=VALUE`.
        pub answer: &'r str,
        pub changes: &'r str,
    }
    /// What it costs to stay on the platform of today, and to move.
    pub struct Costs<'r> {
        pub stay: Cost<'r>,
        #[serde(rename = "move")]
        pub go: Cost<'r>,
    }
    pub struct Cost<'r> {
        pub kinds: usize,
        pub objects: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub lines: Option<usize>,
        pub text: &'r str,
    }
    pub struct Step<'r> {
        pub text: &'r str,
        pub subject: &'r str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range: Option<Range>,
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
        pub signal: Signal,
        pub fact: &'r str,
        pub points: Answer,
        pub weight: u8,
        /// Why the fact counts as much as it does.
        pub because: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range: Option<Range>,
    }
    pub struct Outcome {
        pub platform: Platform,
        /// What the answers lean to while the platform is open.
        pub so_far: Platform,
        pub kustomize: Worth,
        pub helm: Worth,
        pub argocd: Worth,
        pub flux: Worth,
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
        pub item: CheckItem,
        pub state: CheckState,
        /// What was looked at and what was seen.
        pub seen: &'r str,
        pub findings: Vec<String>,
        pub next: &'r str,
    }
    pub struct Crossing<'r> {
        pub service: &'r str,
        pub key: &'r str,
        pub fate: Fate,
        pub instead: &'r str,
        /// What the counterpart of the service has.
        #[serde(skip_serializing_if = "str::is_empty")]
        #[cfg_attr(feature = "typescript", tsify(optional))]
        pub counterpart: &'r str,
        /// The YAML to write instead.
        #[serde(skip_serializing_if = "str::is_empty")]
        #[cfg_attr(feature = "typescript", tsify(optional))]
        pub yaml: &'r str,
        /// What the converter kompose makes of the key.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub kompose: Option<&'r str>,
        /// What the default templates of Compose Bridge make of the key.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub bridge: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub path: Option<&'r str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub range: Option<Range>,
    }
    /// What runs, what it mounts and what it talks to.
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
    /// A rule in a list.
    pub struct Rule {
        #[cfg_attr(feature = "typescript", tsify(type = "RuleCode"))]
        pub code: &'static str,
        #[cfg_attr(feature = "typescript", tsify(type = "RuleName"))]
        pub name: &'static str,
        pub family: &'static str,
        pub pitfall: Pitfall,
        pub severity: Severity,
        pub on: Side,
        pub since: &'static str,
        pub summary: &'static str,
        pub url: String,
    }
    /// A rule with its documentation.
    pub struct Explanation {
        pub rule: Rule,
        pub sections: Vec<Section>,
        pub examples: Vec<Example>,
        /// The whole page in Markdown.
        pub markdown: String,
    }
    pub struct Section {
        pub title: &'static str,
        /// Markdown.
        pub body: &'static str,
    }
    pub struct Example {
        /// `Bad` or `Good`.
        pub section: &'static str,
        pub path: &'static str,
        pub text: &'static str,
    }
}

/// Serialises an amount as JavaScript writes it: a whole number without a decimal point.
fn amount<S: serde::Serializer>(amount: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    const EXACT: f64 = 9_007_199_254_740_991.0;
    if amount.fract() == 0.0 && amount.abs() <= EXACT {
        return serializer.serialize_i64(*amount as i64);
    }
    serializer.serialize_f64(*amount)
}

/// Returns the address of a rule's published page.
pub fn rule_url(rule: &rules::Rule) -> String {
    page_url(rule.code, rule.name)
}

/// Returns the address of the page of a rule with this code and name.
pub(super) fn page_url(code: &str, name: &str) -> String {
    format!("https://plimsoll.dev/rules/{code}-{name}")
}

impl From<&'static rules::Rule> for Rule {
    fn from(rule: &'static rules::Rule) -> Rule {
        Rule {
            code: rule.code,
            name: rule.name,
            family: rule.family(),
            pitfall: rule.pitfall(),
            severity: rule.severity,
            on: rule.on,
            since: rule.since,
            summary: &explain::explain(rule).summary,
            url: rule_url(rule),
        }
    }
}

impl From<&'static rules::Rule> for Explanation {
    fn from(rule: &'static rules::Rule) -> Explanation {
        let parts = explain::explain(rule);
        let section = |it: &'static explain::Section| Section { title: it.title, body: &it.body };
        let example = |it: &'static explain::Example| Example {
            section: it.section,
            path: &it.path,
            text: &it.text,
        };
        Explanation {
            rule: rule.into(),
            sections: parts.sections.iter().map(section).collect(),
            examples: parts.examples.iter().map(example).collect(),
            markdown: explain::markdown(rule),
        }
    }
}

/// Renders the whole report as JSON.
pub fn json(report: &report::Report) -> String {
    pretty(&Report::from(report))
}

/// The parts of a report that are printed only where they are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Include {
    pub decision: bool,
    pub map: bool,
}

/// Renders what was checked as JSON.
pub fn checked_json(report: &report::Report, include: Include) -> String {
    let skipped =
        report.skipped.iter().map(|it| SkippedEntry { path: &it.path, reason: it.reason });
    let skipped = skipped.collect();
    let Report { version, tool, files, targets, findings, decision, map, summary } =
        Report::from(report);
    pretty(&Checked {
        version,
        tool,
        files,
        targets,
        findings,
        decision: include.decision.then_some(decision),
        map: include.map.then_some(map),
        skipped,
        summary,
    })
}

/// Renders each finding as a line of JSON.
pub fn json_lines(report: &report::Report) -> String {
    let places = Places { report, positions: Positions::default() };
    let line = |finding| {
        let finding = places.finding(finding);
        let json = serde_json::to_string(&finding);
        escape_json(json.expect("internal error: these types always serialise")) + "\n"
    };
    report.findings.iter().map(line).collect()
}

/// Renders the decision alone as JSON.
pub fn decision_json(report: &report::Report) -> String {
    pretty(&Places { report, positions: Positions::default() }.decisions())
}

pub(super) fn pretty(value: &impl Serialize) -> String {
    let json = serde_json::to_string_pretty(value);
    escape_json(json.expect("internal error: these types always serialise")) + "\n"
}

/// Renders the JSON Schema (draft 2020-12) of [`Report`].
#[cfg(feature = "schema")]
pub fn schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("title".to_owned(), "Plimsoll's report".into());
    // `plimsoll check` prints these only where they are asked for.
    if let Some(required) = schema.get_mut("required").and_then(serde_json::Value::as_array_mut) {
        required.retain(|key| key != "decision" && key != "map");
    }
    pretty(&schema)
}
