//! A report turned into its JSON form: byte spans into paths, lines and columns.

use super::{
    Ask, ChecklistItem, Checklists, Cost, Costs, Crossing, Decision, Decisions, Edit, Evidence,
    FileEntry, Finding, Fix, Flip, MapEdge, MapNode, Outcome, Position, Positions, ProjectMap,
    Question, Range, Related, Report, Scenario, Step, Sum, Summary, Sums, System, Target, Tool,
    VERSION,
};
use crate::explain;
use crate::output::decision;
use crate::report::{self, Severity};
use crate::text::{Encoding, FileId, LineIndex, Span};
use std::sync::LazyLock;

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
pub(in crate::output) fn range(report: &report::Report, span: Span, positions: Positions) -> Range {
    range_in(&report.entry(span.file).lines, span, positions)
}

/// Returns a span in the lines and columns of its file.
pub fn range_in(lines: &LineIndex, span: Span, positions: Positions) -> Range {
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
pub(super) struct Places<'r> {
    pub report: &'r report::Report,
    pub positions: Positions,
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

    pub fn finding(&self, finding: &'r report::Finding) -> Finding<'r> {
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

    pub fn decisions(&self) -> Decisions<'r> {
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
            scenario: Scenario { nearest: scenario.nearest, because: &scenario.because },
            checklists: Checklists {
                server: checklist(&decision.checklists.server),
                crossing: checklist(&decision.checklists.crossing),
            },
            crossing: decision.crossing.iter().map(|row| self.crossing(row)).collect(),
            next_steps: decision.steps.iter().map(decision::step).collect(),
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
            findings: decision::failing(self.report, item),
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
