//! Everything that is known about one state of the files, ready to be asked.

use crate::config::Config;
use crate::facts::Facts;
use crate::model::{FileModel, Suppression, compose};
use crate::report::{FileEntry, Finding, Findings, Kind, Level, Report, Severity};
use crate::rules::Rule;
use crate::{decision, rules, suppress};
use self_cell::self_cell;
use std::sync::Arc;

/// What a caller wants to know.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// Takes precedence over a `plimsoll.yaml` among the files.
    pub config: Config,
    /// Codes, families (`PLM1`) or names of the rules to run; empty means all.
    pub select: Vec<String>,
    /// Codes, families or names of the rules to leave out.
    pub ignore: Vec<String>,
    /// The lowest severity to report.
    pub min_severity: Option<Severity>,
}

impl Options {
    /// Whether a rule takes part in this run.
    fn wants(&self, rule: &Rule) -> bool {
        (self.select.is_empty() || self.select.iter().any(|selector| rule.is(selector)))
            && !self.ignore.iter().any(|selector| rule.is(selector))
    }
}

/// A snapshot of a project: its files, its Compose projects and the facts over all of them.
///
/// The facts are built once, when the snapshot is taken. It owns everything that it answers from, so
/// that a language server can keep one behind an [`Arc`] and ask it while the files move on.
#[derive(Debug)]
pub struct Analysis(Snapshot);

/// What the facts borrow from.
#[derive(Debug)]
struct Sources {
    files: Vec<Arc<FileModel>>,
    projects: Vec<compose::Project>,
    config: Config,
}

self_cell!(
    /// The sources and, borrowed from them, the facts.
    struct Snapshot {
        owner: Sources,
        #[covariant]
        dependent: Facts,
    }

    impl {Debug}
);

impl Analysis {
    /// Takes a snapshot of files, each of which was read with its index in the list as its
    /// [`FileId`](crate::text::FileId). `config` is laid over the files' own `plimsoll.yaml`.
    pub fn new(files: Vec<Arc<FileModel>>, config: &Config) -> Analysis {
        let projects = compose_projects(&files);
        let config = configuration(&files, config);
        let sources = Sources { files, projects, config };
        Analysis(Snapshot::new(sources, |it| Facts::new(&it.files, &it.projects, &it.config)))
    }

    /// Returns the facts over all files.
    pub fn facts(&self) -> &Facts<'_> {
        self.0.borrow_dependent()
    }

    /// Runs the rules and the decision. `options.config` is not read here: the configuration is part
    /// of the snapshot.
    pub fn report(&self, options: &Options) -> Report {
        let facts = self.facts();
        let config = facts.config();
        let wanted = |rule: &Rule| options.wants(rule) && level(config, rule) != Some(Level::Off);
        let (mut findings, ran) = run_rules(facts, &wanted);
        let suppressed = take_out_suppressed(facts, &mut findings, &wanted);
        let decision = decision::decide(facts, &findings, &ran);
        findings.retain(|it| options.min_severity.is_none_or(|least| it.severity <= least));
        self.sort(&mut findings);
        let files = self.files().iter().map(|it| FileEntry {
            file: it.file.clone(),
            kind: it.kind,
            role: facts.role_of(it.id),
            lines: it.lines.clone(),
        });
        Report { files: files.collect(), findings, decision, map: facts.map(), suppressed }
    }

    fn files(&self) -> &[Arc<FileModel>] {
        &self.0.borrow_owner().files
    }

    /// Sorts findings by path and place, and drops those that say the same at the same place.
    fn sort(&self, findings: &mut Vec<Finding>) {
        let path = |it: &Finding| &*self.files()[it.span.file.index()].file.path;
        findings.sort_by(|a, b| {
            let key_of_a = (path(a), a.span.start, a.code, a.span.end, &a.message);
            key_of_a.cmp(&(path(b), b.span.start, b.code, b.span.end, &b.message))
        });
        findings.dedup_by(|a, b| a.code == b.code && a.span == b.span && a.message == b.message);
    }
}

/// Returns the findings of all wanted rules, and the codes of the rules that ran.
fn run_rules(
    facts: &Facts<'_>,
    wanted: &dyn Fn(&Rule) -> bool,
) -> (Vec<Finding>, Vec<&'static str>) {
    let mut out = Findings::default();
    let mut ran = Vec::new();
    for rule in rules::all().filter(|it| wanted(it)) {
        ran.push(rule.code);
        let before = out.count();
        out.next(rule.code, rule.name, rule.severity);
        rule.run(facts, &mut out);
        complete(rule, facts, out.since(before));
    }
    (out.into_list(), ran)
}

/// Takes out the findings that a comment accepts, reports comments that accept nothing, and returns
/// how many findings were taken out.
fn take_out_suppressed(
    facts: &Facts<'_>,
    findings: &mut Vec<Finding>,
    wanted: &dyn Fn(&Rule) -> bool,
) -> usize {
    let suppressions: Vec<&Suppression> =
        facts.files().iter().flat_map(|file| &file.directives.suppressions).collect();
    let stale = rules::find("PLM006").expect("internal error: PLM006 exists");
    let mut out = Findings::new(stale.code, stale.name, stale.severity);
    let suppressed = suppress::apply(findings, &suppressions, wanted, &mut out);
    for file in facts.files() {
        for (word, span) in &file.directives.unknown {
            let known = "use `ignore`, `ignore-file` or `role=production`";
            out.at(span, format!("`{word}` is not a known directive; {known}"));
        }
    }
    if wanted(stale) {
        complete(stale, facts, out.since(0));
        findings.append(&mut out.into_list());
    }
    suppressed
}

/// Returns the level that the configuration sets for a rule.
fn level(config: &Config, rule: &Rule) -> Option<Level> {
    config.level(|selector| rule.is(selector))
}

/// Gives a rule's findings their configured severity and the object or service that each is about.
fn complete(rule: &Rule, facts: &Facts<'_>, findings: &mut [Finding]) {
    let configured = level(facts.config(), rule).and_then(Level::severity);
    for finding in findings {
        if let Some(severity) = configured {
            finding.severity = severity;
        }
        if finding.subject.is_empty() {
            finding.subject = facts.subject_at(finding.span);
        }
    }
}

/// Returns the `plimsoll.yaml` that is nearest to the root, with the caller's own settings on top.
fn configuration(files: &[Arc<FileModel>], own: &Config) -> Config {
    let nearest = files
        .iter()
        .filter(|it| it.kind == Kind::Config)
        .min_by_key(|it| (it.file.path.matches('/').count(), &it.file.path));
    match nearest {
        Some(file) => Config::read(&file.tree, &rules::is_known).0.with(own),
        None => own.clone(),
    }
}

/// Returns the Compose projects of all files.
fn compose_projects(files: &[Arc<FileModel>]) -> Vec<compose::Project> {
    let inputs: Vec<compose::FileInput<'_>> = files
        .iter()
        .map(|it| compose::FileInput {
            id: it.id,
            path: &it.file.path,
            text: &it.file.text,
            tree: Some(&it.tree),
            compose: it.kind == Kind::Compose,
        })
        .collect();
    compose::projects(&inputs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;

    #[test]
    fn a_snapshot_outlives_the_files_and_may_change_threads() {
        fn is_send_and_sync<T: Send + Sync>(_: &T) {}
        let mut workspace = Workspace::default();
        workspace.set("compose.yaml", "services: {web: {image: nginx}}\n");
        let analysis = workspace.analysis(&Config::default());
        is_send_and_sync(&analysis);
        workspace.set("compose.yaml", "services: {other: {image: 'redis:7'}}\n");
        drop(workspace);
        assert_eq!(analysis.facts().services()[0].name, "web");
        let report = analysis.report(&Options::default());
        assert!(report.findings.iter().any(|it| it.subject == "service web"));
    }
}
