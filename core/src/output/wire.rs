//! The JSON form of a report: the contract with other people's tools.
//!
//! Lines and columns count from 1, columns in Unicode code points; `offset` counts the bytes of the
//! file as given. The TypeScript types of the npm package and the JSON Schema are generated from
//! these types and from the vocabularies in `report`. Change them only by adding.

use crate::explain;
use crate::report::{
    self, Answer, AnsweredBy, CheckItem, CheckState, Confidence, EdgeKind, Environment, Fate,
    FileKind, Fit, NodeKind, Platform, QuestionId, Role, Safety, ScenarioName, Severity, Signal,
    SkipReason, TargetKind, Today, Worth,
};
use crate::rules::{self, Pitfall, Side};
use crate::text::{Encoding, FileId, Span};
use serde::Serialize;
use std::sync::LazyLock;

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
        pub counterpart: &'r str,
        /// The YAML to write instead.
        #[serde(skip_serializing_if = "str::is_empty")]
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

impl<'r> From<&'r report::Report> for Report<'r> {
    fn from(report: &'r report::Report) -> Report<'r> {
        Report::new(report, Positions::default())
    }
}

impl<'r> Report<'r> {
    pub fn new(report: &'r report::Report, positions: Positions) -> Report<'r> {
        let places = Places { report, positions };
        let mut files: Vec<FileEntry> = report
            .files
            .iter()
            .filter(|entry| !entry.is_companion())
            .map(|entry| FileEntry { path: &entry.file.path, kind: entry.kind, role: entry.role })
            .collect();
        files.sort_by(|a, b| a.path.cmp(b.path));
        Report {
            version: VERSION,
            tool: Tool { name: "plimsoll", version: env!("CARGO_PKG_VERSION") },
            files,
            targets: report.targets.iter().map(|target| places.target(target)).collect(),
            findings: report.findings.iter().map(|finding| places.finding(finding)).collect(),
            decision: places.decisions(),
            map: places.map(&report.map),
            summary: Summary {
                error: report.count(Severity::Error),
                warning: report.count(Severity::Warning),
                info: report.count(Severity::Info),
                hint: report.count(Severity::Hint),
                suppressed: report.suppressed,
                baselined: report.baselined,
                excluded: report.excluded,
                skipped: report.skipped.len(),
                elsewhere: report.elsewhere,
            },
        }
    }
}

/// Returns a span in lines and columns.
pub(super) fn range(report: &report::Report, span: Span, positions: Positions) -> Range {
    let lines = &report.entry(span.file).lines;
    let position = |byte: u32| {
        let at = byte as usize;
        let (encoding, offset) = match positions {
            Positions::CodePoints => (Encoding::Utf32, byte),
            Positions::Utf16 => (Encoding::Utf16, lines.utf16_offset(at)),
        };
        let position = lines.position(at, encoding);
        Position { line: position.line + 1, column: position.column + 1, offset }
    };
    Range { start: position(span.start), end: position(span.end) }
}

/// Turns byte spans into paths, lines and columns.
struct Places<'r> {
    report: &'r report::Report,
    positions: Positions,
}

impl<'r> Places<'r> {
    fn path(&self, span: Span) -> &'r str {
        &self.report.entry(span.file).file.path
    }

    fn range(&self, span: Span) -> Range {
        range(self.report, span, self.positions)
    }

    /// Returns the path and the range of a place that may be missing.
    fn place(&self, span: Option<Span>) -> (Option<&'r str>, Option<Range>) {
        (span.map(|span| self.path(span)), span.map(|span| self.range(span)))
    }

    fn finding(&self, finding: &'r report::Finding) -> Finding<'r> {
        let related = |related: &'r report::Related| Related {
            path: self.path(related.span),
            range: self.range(related.span),
            message: &related.message,
        };
        Finding {
            code: finding.code,
            name: finding.name,
            severity: finding.severity,
            confidence: finding.confidence,
            path: self.path(finding.span),
            range: self.range(finding.span),
            subject: &finding.subject,
            message: &finding.message,
            why: explain::why(finding),
            help: vec![explain::help(finding)],
            check: &finding.check,
            related: finding.related.iter().map(related).collect(),
            fixes: finding.fixes.iter().map(|fix| self.fix(fix)).collect(),
            targets: &finding.targets,
        }
    }

    fn target(&self, target: &'r report::TargetEntry) -> Target<'r> {
        let path = |file: &FileId| &*self.report.entry(*file).file.path;
        let mut files: Vec<&str> = target.files.iter().map(path).collect();
        files.sort_unstable();
        Target {
            name: &target.name,
            kind: target.kind,
            environment: target.environment,
            files,
            built: target.built,
            reason: target.reason.as_deref(),
        }
    }

    fn fix(&self, fix: &'r report::Fix) -> Fix<'r> {
        let edit = |edit: &'r report::Edit| Edit {
            path: self.path(edit.span),
            range: self.range(edit.span),
            text: &edit.text,
        };
        Fix { title: &fix.title, safety: fix.safety, edits: fix.edits.iter().map(edit).collect() }
    }

    fn decisions(&self) -> Decisions<'r> {
        static NOTHING: LazyLock<report::Decision> = LazyLock::new(report::Decision::default);
        let systems = &self.report.systems;
        let first = systems.first().map_or(&*NOTHING, |system| &system.decision);
        let system = |system: &'r report::System| System {
            name: &system.name,
            targets: &system.targets,
            decision: self.decision(&system.decision),
        };
        Decisions { first: self.decision(first), systems: systems.iter().map(system).collect() }
    }

    fn decision(&self, decision: &'r report::Decision) -> Decision<'r> {
        let outcome = &decision.outcome;
        let scenario = &decision.scenario;
        let checklist = |items: &'r [report::ChecklistItem]| {
            items.iter().map(|item| self.checklist_item(item)).collect()
        };
        let sum = |sum: report::Sum| Sum {
            min: sum.min,
            max: sum.max,
            sized: sum.sized,
            containers: sum.containers,
        };
        let cost = |cost: &'r report::Cost| Cost {
            kinds: cost.kinds,
            objects: cost.objects,
            lines: cost.lines,
            text: &cost.text,
        };
        Decision {
            verdict: &decision.verdict,
            questions: decision.questions.iter().map(|it| self.question(it)).collect(),
            outcome: Outcome {
                platform: outcome.platform,
                so_far: outcome.so_far,
                kustomize: outcome.kustomize,
                helm: outcome.helm,
                argocd: outcome.argocd,
                flux: outcome.flux,
            },
            today: decision.today,
            fit: decision.fit,
            counted: &decision.counted,
            sums: Sums { cpu: sum(decision.sums.cpu), memory: sum(decision.sums.memory) },
            reasons: decision.reasons.iter().map(|it| self.statement(it)).collect(),
            would_change: &decision.would_change,
            flips: decision.flips.iter().map(|it| Flip { fact: &it.fact, to: it.to }).collect(),
            ask: decision
                .ask
                .iter()
                .map(|it| Ask { answer: &it.answer, changes: &it.changes })
                .collect(),
            cost: Costs { stay: cost(&decision.cost.stay), go: cost(&decision.cost.go) },
            steps: decision.steps.iter().map(|it| self.step(it)).collect(),
            myth: decision.myth,
            scenario: Scenario { nearest: scenario.nearest, because: scenario.because },
            checklists: Checklists {
                server: checklist(&decision.checklists.server),
                crossing: checklist(&decision.checklists.crossing),
            },
            crossing: decision.crossing.iter().map(|row| self.crossing(row)).collect(),
            next_steps: decision.steps.iter().map(super::decision::step).collect(),
        }
    }

    /// Returns a sentence with its place in brackets.
    fn statement(&self, statement: &report::Statement) -> String {
        match statement.span {
            Some(span) => {
                let line = self.range(span).start.line;
                format!("{} ({}:{line})", statement.text, self.path(span))
            }
            None => statement.text.clone(),
        }
    }

    fn step(&self, step: &'r report::Step) -> Step<'r> {
        let (path, range) = self.place(step.span);
        Step { text: &step.text, subject: &step.subject, path, range }
    }

    fn question(&self, question: &'r report::Question) -> Question<'r> {
        Question {
            id: question.id,
            text: question.text,
            answer: question.answer,
            by: question.by,
            evidence: question.evidence.iter().map(|it| self.evidence(it)).collect(),
            settled_by: &question.settled_by,
        }
    }

    fn evidence(&self, evidence: &'r report::Evidence) -> Evidence<'r> {
        let (path, range) = self.place(evidence.span);
        Evidence {
            signal: evidence.signal,
            fact: &evidence.fact,
            points: evidence.points,
            weight: evidence.weight.number(),
            because: evidence.because,
            path,
            range,
        }
    }

    fn checklist_item(&self, item: &'r report::ChecklistItem) -> ChecklistItem<'r> {
        ChecklistItem {
            item: item.item,
            state: item.state,
            seen: &item.seen,
            findings: super::decision::failing(self.report, item),
            next: &item.next,
        }
    }

    fn crossing(&self, row: &'r report::Crossing) -> Crossing<'r> {
        let (path, range) = self.place(row.span);
        Crossing {
            service: &row.service,
            key: &row.key,
            fate: row.fate,
            instead: &row.instead,
            counterpart: &row.counterpart,
            yaml: &row.yaml,
            kompose: row.kompose,
            bridge: row.bridge,
            path,
            range,
        }
    }

    fn map(&self, map: &'r report::Map) -> ProjectMap<'r> {
        let node = |node: &'r report::MapNode| {
            let (path, range) = self.place(node.span);
            MapNode { id: &node.id, kind: node.kind, label: &node.label, path, range }
        };
        let edge = |edge: &'r report::MapEdge| {
            let (path, range) = self.place(edge.span);
            MapEdge { from: &edge.from, to: &edge.to, kind: edge.kind, path, range }
        };
        ProjectMap {
            nodes: map.nodes.iter().map(node).collect(),
            edges: map.edges.iter().map(edge).collect(),
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
        serde_json::to_string(&finding).expect("internal error: these types always serialise")
            + "\n"
    };
    report.findings.iter().map(line).collect()
}

/// Renders the decision alone as JSON.
pub fn decision_json(report: &report::Report) -> String {
    pretty(&Places { report, positions: Positions::default() }.decisions())
}

pub(super) fn pretty(value: &impl Serialize) -> String {
    let mut text =
        serde_json::to_string_pretty(value).expect("internal error: these types always serialise");
    text.push('\n');
    text
}

/// Renders the JSON Schema (draft 2020-12) of [`Report`].
#[cfg(feature = "schema")]
pub fn schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("title".to_owned(), "Plimsoll's report".into());
    pretty(&schema)
}
