//! Everything that is known about one state of the files, ready to be asked.

use crate::config::Config;
use crate::facts::{Facts, Parts, Scope};
use crate::model::chart::{Chart, ChartCache, charts};
use crate::model::{
    BuiltTarget, Described, FileModel, PlainTarget, Suppression, TargetCache, compose,
    plain_targets, targets,
};
use crate::report::{
    Comparison, Environment, FileEntry, Finding, Findings, Fix, Kind, Level, Report, Severity,
    TargetEntry,
};
use crate::rules::Rule;
use crate::text::{FileId, folder_of};
use crate::{compare, decision, rules, suppress};
use fold::{Folded, drop_echoes, one_for_each_tag, without_names};
use rustc_hash::FxHashSet;
use self_cell::self_cell;
use std::sync::Arc;
use trial::Trials;

mod fold;
mod place;
mod trial;

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
    /// Leave the fixes in charts and overlays untried, since each of them costs another build. They can be
    /// tried later, with [`Analysis::tried_fixes`].
    pub leave_fixes_untried: bool,
}

impl Options {
    /// Whether a rule takes part in this run.
    fn wants(&self, rule: &Rule) -> bool {
        (self.select.is_empty() || self.select.iter().any(|selector| rule.is(selector)))
            && !self.ignore.iter().any(|selector| rule.is(selector))
    }
}

/// A snapshot of a project: its files, its Compose projects, its targets and the facts over them.
///
/// There is one set of facts over the files and one variant of each application: the production
/// overlay of a base, a chart with its production values. Each other variant has facts of its own, so
/// that the environments of one application never speak about each other.
///
/// The facts are built once, when the snapshot is taken. The snapshot owns everything that it answers from, so
/// that a language server can keep one behind an [`Arc`] and ask it while the files move on.
#[derive(Debug)]
pub struct Analysis(Snapshot);

/// What one snapshot may take over from the last one.
#[derive(Debug, Default)]
pub struct Cache {
    targets: TargetCache,
    charts: ChartCache,
}

/// What the facts borrow from.
#[derive(Debug)]
struct Sources {
    files: Vec<Arc<FileModel>>,
    projects: Vec<compose::Project>,
    config: Config,
    targets: Vec<Arc<BuiltTarget>>,
    plain_targets: Vec<PlainTarget>,
    charts: Vec<Arc<Chart>>,
    /// The files that were built into a target, and say nothing by themselves.
    built_files: FxHashSet<FileId>,
    parts: Parts,
}

/// The facts over the files, and those over the other variants of the targets.
#[derive(Debug)]
struct Scopes<'a> {
    main: Facts<'a>,
    variants: Vec<Facts<'a>>,
}

self_cell!(
    /// The sources and, borrowed from them, the facts.
    struct Snapshot {
        owner: Sources,
        #[covariant]
        dependent: Scopes,
    }

    impl {Debug}
);

impl Analysis {
    /// Takes a snapshot of files, each of which was read with its index in the list as its
    /// [`FileId`](crate::text::FileId). `config` is laid over the files' own `plimsoll.yaml`.
    pub fn new(files: Vec<Arc<FileModel>>, config: &Config) -> Analysis {
        Analysis::again(files, config, &mut Cache::default())
    }

    /// Takes a snapshot of files that have changed since the last one. Targets and charts that are made
    /// from none of the changed files are taken from the cache.
    pub fn again(files: Vec<Arc<FileModel>>, config: &Config, cache: &mut Cache) -> Analysis {
        let projects = compose_projects(&files);
        let config = configuration(&files, config);
        let targets = targets(&files, &config.targets.requests, &mut cache.targets);
        let built_files: FxHashSet<FileId> =
            targets.iter().flat_map(|it| it.target.sources.iter().copied()).collect();
        let described = config.targets.compose.iter().map(|it| Described {
            path: &it.path,
            name: it.name.as_deref(),
            environment: it.environment,
        });
        let described: Vec<Described<'_>> = described.collect();
        let plain_targets = plain_targets(&files, &projects, &built_files, &described);
        let charts = charts(&files, &mut cache.charts);
        let parts = parts(&files, &projects, &targets);
        let sources =
            Sources { files, projects, config, targets, plain_targets, charts, built_files, parts };
        Analysis(Snapshot::new(sources, scopes))
    }

    /// Returns the facts over the files, and over one variant of each target.
    pub fn facts(&self) -> &Facts<'_> {
        &self.0.borrow_dependent().main
    }

    /// Returns the charts and overlays of the project, built.
    pub fn targets(&self) -> &[Arc<BuiltTarget>] {
        &self.0.borrow_owner().targets
    }

    /// Returns the targets that are deployed as they are written: Compose projects and folders of
    /// manifests.
    pub fn plain_targets(&self) -> &[PlainTarget] {
        &self.0.borrow_owner().plain_targets
    }

    /// Runs the rules and the decision. `options.config` is not read here: the configuration is part
    /// of the snapshot.
    pub fn report(&self, options: &Options) -> Report {
        let facts = self.facts();
        let config = facts.config();
        let wanted = |rule: &Rule| options.wants(rule) && level(config, rule) != Some(Level::Off);
        let (mut findings, ran) = run_rules(facts, &wanted);
        let target_of = |finding: &Finding| {
            let at = facts.target_of(finding.span.file).filter(|_| !is_about_text(finding))?;
            Some(&*facts.all_targets()[at])
        };
        findings.retain(|it| target_of(it).is_none_or(|target| !may_be_unbuilt(it, target)));
        for finding in &mut findings {
            if let Some(target) = target_of(finding) {
                place::place_in_target(finding, target, facts);
            }
        }
        let mut folded = Folded::new(findings);
        for variant in &self.0.borrow_dependent().variants {
            folded.add(run_rules(variant, &wanted).0, variant);
        }
        let mut findings = one_for_each_tag(folded.findings, facts);
        drop_echoes(&mut findings);
        let suppressed = take_out_suppressed(facts, &mut findings, &wanted);
        let systems = decision::decide(facts, &findings, &ran);
        findings.retain(|it| options.min_severity.is_none_or(|least| it.severity <= least));
        self.sort(&mut findings);
        self.try_fixes(&mut findings, options);
        let files = self.files().iter().map(|it| FileEntry {
            file: it.file.clone(),
            kind: it.kind,
            role: facts.role_of(it.id),
            lines: it.lines.clone(),
        });
        let files = files.collect();
        let built = self.targets().iter().map(|built| target_entry(built));
        let mut targets: Vec<TargetEntry> =
            built.chain(self.plain_targets().iter().map(plain_entry)).collect();
        targets.sort_by(|a, b| (&a.name, a.kind as usize).cmp(&(&b.name, b.kind as usize)));
        Report { files, targets, findings, systems, map: facts.map(), suppressed }
    }

    /// Compares the Compose services with their counterparts in the main variant of each application.
    pub fn comparison(&self) -> Comparison {
        compare::compare(self.facts())
    }

    /// Leaves those fixes in targets that settle their finding and change nothing else.
    fn try_fixes(&self, findings: &mut [Finding], options: &Options) {
        let in_targets = findings.iter_mut().filter(|it| !it.targets.is_empty());
        if options.leave_fixes_untried {
            in_targets.for_each(|it| it.untried = std::mem::take(&mut it.fixes));
            return;
        }
        let sources = self.0.borrow_owner();
        let wanted = |rule: &Rule| level(&sources.config, rule) != Some(Level::Off);
        let mut trials = Trials::new(sources, &wanted);
        for finding in in_targets {
            let fixes = std::mem::take(&mut finding.fixes);
            finding.fixes = trials.those_that_work(finding, fixes);
        }
    }

    /// Returns the fixes of a finding of this snapshot, with those that had been left untried.
    pub fn tried_fixes(&self, finding: &Finding) -> Vec<Fix> {
        let sources = self.0.borrow_owner();
        let wanted = |rule: &Rule| level(&sources.config, rule) != Some(Level::Off);
        let mut fixes = finding.fixes.clone();
        let untried = finding.untried.clone();
        fixes.extend(Trials::new(sources, &wanted).those_that_work(finding, untried));
        fixes
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
        fold_shared_places(findings);
    }
}

/// Makes one finding of those that a rule has at one place about several objects, which share it through an
/// anchor or a template. Findings are sorted by place.
fn fold_shared_places(findings: &mut Vec<Finding>) {
    let mut folded: Vec<Finding> = Vec::with_capacity(findings.len());
    let mut others = 0;
    for finding in findings.drain(..) {
        match folded.last_mut() {
            Some(first)
                if first.code == finding.code
                    && first.span == finding.span
                    && first.severity == finding.severity
                    && first.subject != finding.subject
                    && first.targets == finding.targets
                    && (others > 0 || first.message_for_one() == first.message) =>
            {
                others += 1;
                let one = first.message_for_one().to_owned();
                first.message = one;
                first.stands_for(&vec![(first.span, String::new()); others]);
            }
            _ => {
                others = 0;
                folded.push(finding);
            }
        }
    }
    *findings = folded;
}

/// Returns a target as the report lists it.
fn target_entry(built: &BuiltTarget) -> TargetEntry {
    let target = &built.target;
    TargetEntry {
        name: target.name.clone(),
        kind: target.kind,
        environment: target.environment,
        files: target.sources.clone(),
        built: built.is_whole(),
        reason: target.reasons.first().map(|reason| reason.message.clone()),
    }
}

/// Returns a target that needs no building as the report lists it.
fn plain_entry(target: &PlainTarget) -> TargetEntry {
    TargetEntry {
        name: target.name.clone(),
        kind: target.kind,
        environment: target.environment,
        files: target.files.clone(),
        built: target.reason.is_none(),
        reason: target.reason.clone(),
    }
}

/// Builds the facts over the files with one variant of each target, and over each other variant.
fn scopes(sources: &Sources) -> Scopes<'_> {
    let Sources { files, projects, config, targets, charts, built_files, parts, .. } = sources;
    let scope = |chosen, is_main| Scope {
        files,
        projects,
        config,
        targets,
        charts,
        built_files,
        parts,
        chosen,
        is_main,
    };
    let (chosen, others) = choose_variants(targets);
    let no_projects: &[compose::Project] = &[];
    let variant =
        |at| Facts::new(Scope { projects: no_projects, charts: &[], ..scope(vec![at], false) });
    Scopes {
        main: Facts::new(scope(chosen, true)),
        variants: others.into_iter().map(variant).collect(),
    }
}

/// Finds the files of each application. What a target or a Compose project is made of is one.
fn parts(
    files: &[Arc<FileModel>],
    projects: &[compose::Project],
    targets: &[Arc<BuiltTarget>],
) -> Parts {
    let of_project = |project: &compose::Project| -> Vec<FileId> {
        project.files.iter().chain(&project.included).copied().collect()
    };
    let mut joined: Vec<Vec<FileId>> = projects.iter().map(of_project).collect();
    joined.extend(targets.iter().map(|it| it.target.sources.clone()));
    Parts::new(files, joined.iter().map(Vec::as_slice))
}

/// Splits the indices of the targets into one variant of each application and the others. Production
/// comes first, then a target that names no environment; of several, the one with the fewest sources,
/// which is the one that the others are made from.
fn choose_variants(targets: &[Arc<BuiltTarget>]) -> (Vec<usize>, Vec<usize>) {
    let rank = |at: &usize| match targets[*at].target.environment {
        Some(Environment::Production) => 0,
        None => 1,
        Some(Environment::Staging) => 2,
        Some(Environment::Test) => 3,
        Some(Environment::Development) => 4,
    };
    let mut order: Vec<usize> = (0..targets.len()).collect();
    order.sort_by_key(|at| (rank(at), targets[*at].target.sources.len()));
    let mut taken: FxHashSet<FileId> = FxHashSet::default();
    let (mut chosen, mut others) = (Vec::new(), Vec::new());
    for at in order {
        let target = &targets[at].target;
        let is_variant = target.sources.iter().any(|file| taken.contains(file));
        // A target that could not be built leaves its place to the next variant.
        if !target.is_built {
            continue;
        }
        if is_variant {
            others.push(at);
        } else {
            taken.extend(&target.sources);
            chosen.push(at);
        }
    }
    chosen.sort_unstable();
    others.sort_unstable();
    (chosen, others)
}

/// Whether a finding misses something that may be in a part of the target that was not built.
fn may_be_unbuilt(finding: &Finding, target: &BuiltTarget) -> bool {
    !target.is_whole() && rules::find(finding.code).is_some_and(|rule| rule.is_about_absence)
}

/// Whether a finding is about the text of a file, whatever is built from it.
fn is_about_text(finding: &Finding) -> bool {
    let is_about_text = |rule: &Rule| rule.on == rules::Side::Document || rule.is_about_sources;
    rules::find(finding.code).is_some_and(is_about_text)
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

/// Returns the `plimsoll.yaml` that is nearest to the root and the targets of all others, with the caller's
/// own settings on top.
fn configuration(files: &[Arc<FileModel>], own: &Config) -> Config {
    let mut configs: Vec<_> = files.iter().filter(|it| it.kind == Kind::Config).collect();
    configs.sort_by_key(|it| (it.file.path.matches('/').count(), &it.file.path));
    let mut configs = configs.into_iter().map(|file| {
        let (config, _) = Config::read(&file.tree, &rules::is_known);
        config.below(folder_of(file.path()))
    });
    let mut config = configs.next().unwrap_or_default();
    configs.for_each(|other| config.targets.extend(other.targets));
    config.with(&Config { targets: own.targets.clone().unplaced(), ..own.clone() })
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
