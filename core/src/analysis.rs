//! A snapshot of a project, and what can be asked about it.

use crate::config::Config;
use crate::edit::guard;
use crate::facts::{Facts, Outside, Parts, are_samples, samples};
use crate::model::chart::{Chart, ChartCache, charts};
use crate::model::{
    BuiltTarget, Described, FileModel, PlainTarget, TargetCache, compose, plain_targets, targets,
};
use crate::report::{Comparison, Finding, Fix, Kind, Report, Severity, System};
use crate::rules::{About, Rule};
use crate::syntax::Problem;
use crate::text::{FileId, folder_of};
use crate::{compare, decision, rules};
pub(crate) use applications::Kept;
pub use applications::{Application, Applications};

use accept::{is_off, take_out_accepted, take_out_suppressed};
use annotations::Annotations;
use cause::one_for_each_cause;
use deployed::deployed;
use fold::{COMPANIONS, ECHOES, Folded, drop_echoes, fold_shared_places, join_fixes};
#[cfg(feature = "parallel")]
use rayon::prelude::*;
use run::{name_release, run_rules_unless};
use rustc_hash::{FxHashMap, FxHashSet};
use self_cell::self_cell;
use std::sync::{Arc, OnceLock};
use trial::Trials;
use variants::{joined, main_facts, scopes};

mod accept;
mod annotations;
mod applications;
mod cause;
mod deployed;
mod fold;
mod frame;
mod lasting;
mod place;
mod purpose;
mod run;
mod siblings;
#[cfg(test)]
mod testing;
mod trial;
mod variants;

/// Options of an analysis.
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
    /// Make one finding of what is a habit in the manifests of folders side by side. Otherwise each application
    /// says what it says alone.
    pub gathers_siblings: bool,
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
/// The facts are built once, when the snapshot is taken. The snapshot owns everything that it answers from,
/// so that a language server can keep one behind an [`Arc`] and ask it while the files move on.
#[derive(Debug)]
pub struct Analysis(Snapshot);

/// Targets and charts of the last snapshot, reused where their files have not changed.
#[derive(Debug, Default)]
pub struct Cache {
    targets: TargetCache,
    charts: ChartCache,
}

/// The owner of the data that the facts borrow.
#[derive(Debug)]
struct Sources {
    files: Vec<Arc<FileModel>>,
    projects: Vec<compose::Project>,
    config: Arc<Config>,
    targets: Vec<Arc<BuiltTarget>>,
    /// Found when somebody asks for them.
    plain_targets: OnceLock<Vec<PlainTarget>>,
    charts: Vec<Arc<Chart>>,
    /// The files that were built into a target, and say nothing by themselves.
    built_files: FxHashSet<FileId>,
    parts: Parts,
    /// What the applications that this snapshot is not about define and use.
    outside: Outside,
}

/// State that a snapshot of some applications reuses from the snapshot of the whole project.
#[derive(Debug)]
struct Around {
    parts: Parts,
    outside: Outside,
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
        let config = Arc::new(configuration(&files, config));
        let files = without_excluded(files, &config);
        Analysis::of(files, config, None, cache)
    }

    /// Takes a snapshot of some applications of a project. The other files are [neighbours], and `around` is
    /// what is known of them.
    ///
    /// [neighbours]: FileModel::as_neighbour
    fn of(
        files: Vec<Arc<FileModel>>,
        config: Arc<Config>,
        around: Option<Around>,
        cache: &mut Cache,
    ) -> Analysis {
        let projects = compose_projects(&files);
        let kubernetes = config.kubernetes.as_ref().map(|it| it.as_str());
        let targets = targets(&files, &config.targets.requests, kubernetes, &mut cache.targets);
        let built_files: FxHashSet<FileId> =
            targets.iter().flat_map(|it| it.target.sources.iter().copied()).collect();
        let charts = charts(&files, &mut cache.charts);
        let Around { parts, outside } = around.unwrap_or_else(|| {
            let joined = joined(&projects, &targets);
            let mut parts = Parts::new(&files, joined.iter().map(Vec::as_slice));
            parts.are_samples = are_samples(&samples(&files, &projects));
            Around { parts, outside: Outside::default() }
        });
        let sources = Sources {
            files,
            projects,
            config,
            targets,
            plain_targets: OnceLock::new(),
            charts,
            built_files,
            parts,
            outside,
        };
        Analysis(Snapshot::new(sources, scopes))
    }

    /// Returns the facts over the files, and over one variant of each target.
    pub fn facts(&self) -> &Facts<'_> {
        &self.0.borrow_dependent().main
    }

    /// Returns what the analysis costs, in bytes of text: what services share through anchors costs as much as if
    /// each of them wrote it.
    pub(crate) fn size(&self) -> usize {
        /// Number of bytes of a value of a service.
        const VALUE: usize = 8;
        let files = self.0.borrow_owner().files.iter().map(|it| it.text().len()).sum::<usize>();
        let values = self.facts().services().iter().map(|it| {
            let model = it.model;
            model.environment.len() + model.depends_on.len() + model.volumes.len()
        });
        files + VALUE * values.sum::<usize>()
    }

    /// Returns every set of facts: that of [`Analysis::facts`], then one for each other variant of a target.
    pub fn all_facts(&self) -> impl Iterator<Item = &Facts<'_>> {
        let scopes = self.0.borrow_dependent();
        std::iter::once(&scopes.main).chain(&scopes.variants)
    }

    /// Returns the charts and overlays of the project, built.
    pub fn targets(&self) -> &[Arc<BuiltTarget>] {
        &self.0.borrow_owner().targets
    }

    /// Returns the targets that are deployed as they are written: Compose projects and folders of
    /// manifests.
    pub fn plain_targets(&self) -> &[PlainTarget] {
        let Sources { files, projects, config, built_files, plain_targets: known, .. } =
            self.0.borrow_owner();
        known.get_or_init(|| {
            let described = config.targets.compose.iter().map(|it| Described {
                path: &it.path,
                name: it.name.as_deref(),
                environment: it.environment,
            });
            let described: Vec<Described<'_>> = described.collect();
            plain_targets(files, projects, built_files, &described)
        })
    }

    /// Returns the configuration of the files with that of the caller on top.
    pub fn config(&self) -> &Config {
        &self.0.borrow_owner().config
    }

    /// Returns every mistake in the configurations among the files, with its file. `is_there` says whether a
    /// path leads to anything; the files may be a part of the project only.
    pub fn config_mistakes(&self, is_there: &dyn Fn(&str) -> bool) -> Vec<(&FileModel, Problem)> {
        let all_configs = || self.files().iter().filter(|file| file.kind == Kind::Config);
        let trees = || all_configs().map(|it| (it.path(), &it.tree));
        let configs = || all_configs().filter(|it| !self.config().silences(it.path(), trees()));
        let mut all: Vec<(&FileModel, Problem)> = Vec::new();
        for file in configs() {
            let (config, settings) = Config::read(&file.tree, &rules::unknown);
            let targets = config.below(folder_of(file.path()), &self.config().base).targets;
            let problems = file.problems.iter().cloned().chain(settings);
            let problems = problems.chain(targets.problems(is_there));
            all.extend(problems.map(|problem| (&**file, problem)));
        }
        let find = |path: &str| self.files().iter().find(|it| it.path() == path).map(|it| &it.tree);
        let conflicts = Config::conflicts(configs().map(|it| (it.path(), &it.tree)), &find);
        all.extend(conflicts.into_iter().map(|problem| (self.file(problem.span.file), problem)));
        all.sort_by_key(|(file, problem)| (file.path(), problem.span.start));
        all
    }

    /// Runs the rules and the decision. `options.config` is not read here: the configuration is part
    /// of the snapshot.
    pub fn report(&self, options: &Options) -> Report {
        let decide = |findings: &[Finding], ran: &[&'static str]| self.decide(findings, ran);
        let report = self.run(options, decide, &|| false).unwrap_or_default();
        Report { map: self.facts().map(), ..report }
    }

    /// Decides on what is deployed, which leaves out override files for development.
    fn decide(&self, findings: &[Finding], ran: &[&'static str]) -> Vec<System> {
        let sources = self.0.borrow_owner();
        let Some(deployed) = deployed(sources, self.facts()) else {
            return decision::decide(self.facts(), findings, ran);
        };
        let is_left_out = |it: &Finding| deployed.left_out.contains(&it.span.file);
        let findings: Vec<Finding> =
            findings.iter().filter(|it| !is_left_out(it)).cloned().collect();
        let facts = main_facts(sources, &deployed.projects);
        decision::decide(&facts, &findings, ran)
    }

    /// Runs the rules alone. The report has neither a decision nor a map, which an editor does not need at
    /// each keystroke.
    pub fn check(&self, options: &Options) -> Report {
        self.check_unless(options, &|| false).unwrap_or_default()
    }

    /// Runs the rules alone, unless that is outdated before the last of them has run.
    pub fn check_unless(
        &self,
        options: &Options,
        is_outdated: &(dyn Fn() -> bool + Sync),
    ) -> Option<Report> {
        self.run(options, |_, _| Vec::new(), is_outdated)
    }

    /// Runs the rules, and `decide` over all of their findings before any of them is folded away.
    fn run(
        &self,
        options: &Options,
        decide: impl FnOnce(&[Finding], &[&'static str]) -> Vec<System>,
        is_outdated: &(dyn Fn() -> bool + Sync),
    ) -> Option<Report> {
        let facts = self.facts();
        let wanted = |rule: &Rule| self.wants(options, rule);
        let (mut findings, ran) = run_rules_unless(facts, &wanted, is_outdated)?;
        let mut annotations = Annotations::default();
        annotations.take_out(&mut findings, facts);
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
        let variants = &self.0.borrow_dependent().variants;
        if !variants.is_empty() {
            let mut folded = Folded::new(findings);
            for variant in variants {
                let mut found = run_rules_unless(variant, &wanted, is_outdated)?.0;
                annotations.take_out(&mut found, variant);
                folded.add(found, variant);
            }
            findings = folded.findings;
        }
        drop_echoes(&mut findings, &ECHOES);
        let shared = lasting::shared(&findings, facts, &self.config().base);
        let ran_in = |rule: &Rule, file: FileId| options.wants(rule) && !is_off(facts, rule, file);
        let suppressed = take_out_suppressed(facts, &mut findings, &annotations, &ran_in);
        self.sort(&mut findings);
        let systems = decide(&findings, &ran);
        let mut report = Report { systems, suppressed, shared, ..self.frame() };
        self.identify(&mut findings);
        report.findings = findings;
        drop_echoes(&mut report.findings, &COMPANIONS);
        let baseline = self.config().baseline.as_ref();
        if let Some(baseline) = baseline.filter(|it| it.accepts_any()) {
            take_out_accepted(&mut report, baseline, &ran);
        }
        one_for_each_cause(&mut report.findings, facts, options.gathers_siblings);
        fold_shared_places(&mut report.findings);
        report.findings.retain(|it| options.min_severity.is_none_or(|least| it.severity <= least));
        self.try_fixes(&mut report.findings, options);
        // Fixes are tried with the messages as rules write them.
        if !facts.charts().is_empty() {
            name_release(&mut report.findings);
        }
        Some(report)
    }

    /// Whether a rule takes part in this run in any file.
    fn wants(&self, options: &Options, rule: &Rule) -> bool {
        let config = self.config();
        let is_ready = !rule.is_preview || config.preview == Some(true);
        is_ready && options.wants(rule) && !config.is_off(|selector| rule.is(selector))
    }

    /// Sets the key path of each finding, and of the findings that it stands for.
    fn identify(&self, findings: &mut [Finding]) {
        let facts = self.facts();
        let identify = |finding: &mut Finding| {
            finding.key_path = facts.key_path(finding.span);
            for other in &mut finding.others {
                other.key_path = facts.key_path(other.span);
                if other.subject.is_empty() {
                    other.subject = facts.subject_at(other.span);
                }
            }
        };
        #[cfg(feature = "parallel")]
        findings.par_iter_mut().for_each(identify);
        #[cfg(not(feature = "parallel"))]
        findings.iter_mut().for_each(identify);
    }

    /// Compares the Compose services with their counterparts in the main variant of each application.
    pub fn comparison(&self) -> Comparison {
        compare::compare(self.facts())
    }

    /// Keeps only the fixes that edit text as it was read, and in targets only those that settle their
    /// finding and change nothing else.
    fn try_fixes(&self, findings: &mut [Finding], options: &Options) {
        for finding in findings.iter_mut() {
            let file = |id: FileId| &*self.files()[id.index()];
            finding.fixes.retain(|fix| guard::may_be_offered(fix, file));
        }
        let in_targets = findings.iter_mut().filter(|it| !it.targets_of_place().is_empty());
        if options.leave_fixes_untried {
            in_targets.for_each(|it| it.untried = std::mem::take(&mut it.fixes));
            return;
        }
        let sources = self.0.borrow_owner();
        let wanted = |rule: &Rule| self.wants(&Options::default(), rule);
        let mut trials = Trials::new(sources, &wanted);
        for finding in in_targets {
            let fixes = std::mem::take(&mut finding.fixes);
            finding.fixes = trials.those_that_work(finding, fixes);
        }
    }

    /// Returns those fixes of a finding of this snapshot that settle it and do nothing else, with those that
    /// had been left untried.
    pub fn tried_fixes(&self, finding: &Finding) -> Vec<Fix> {
        let sources = self.0.borrow_owner();
        let wanted = |rule: &Rule| self.wants(&Options::default(), rule);
        let mut fixes = finding.fixes.clone();
        if finding.targets_of_place().is_empty() {
            fixes.retain(|fix| trial::works_in_files(sources, self.facts(), &wanted, finding, fix));
        }
        let untried = finding.untried.clone();
        fixes.extend(Trials::new(sources, &wanted).those_that_work(finding, untried));
        fixes
    }

    /// Returns the files, each at the index of its id.
    pub fn files(&self) -> &[Arc<FileModel>] {
        &self.0.borrow_owner().files
    }

    /// Returns a file by its id.
    pub fn file(&self, id: FileId) -> &FileModel {
        &self.files()[id.index()]
    }

    /// Sorts findings by path and place, and drops those that say the same at the same place.
    fn sort(&self, findings: &mut Vec<Finding>) {
        let path = |it: &Finding| &*self.files()[it.span.file.index()].file.path;
        findings.sort_by(|a, b| {
            let key_of_a = (path(a), a.span.start, a.code, a.span.end, &a.message);
            key_of_a.cmp(&(path(b), b.span.start, b.code, b.span.end, &b.message))
        });
        findings.dedup_by(|a, b| {
            let is_same = a.code == b.code && a.span == b.span && a.message == b.message;
            if is_same {
                join_fixes(b, a);
            }
            is_same
        });
    }
}

/// Whether a finding misses something that may be in a part of the target that was not built.
fn may_be_unbuilt(finding: &Finding, target: &BuiltTarget) -> bool {
    !target.is_whole()
        && rules::find(finding.code).is_some_and(|rule| rule.about == Some(About::Absence))
}

/// Whether a finding is about the text of a file, whatever is built from it.
fn is_about_text(finding: &Finding) -> bool {
    let is_about_text =
        |rule: &Rule| rule.on == rules::Side::Document || rule.about == Some(About::Sources);
    rules::find(finding.code).is_some_and(is_about_text)
}

/// Returns the configuration of the files with the caller's own settings on top.
fn configuration(files: &[Arc<FileModel>], own: &Config) -> Config {
    let configs = files.iter().filter(|it| it.kind == Kind::Config);
    let by_path: FxHashMap<&str, &FileModel> =
        files.iter().map(|file| (file.path(), &**file)).collect();
    let find = |path: &str| by_path.get(path).map(|file| &file.tree);
    Config::of_project(configs.map(|it| (it.path(), &it.tree)), &find, own, &rules::unknown)
}

/// Replaces the files that the configuration excludes by empty ones, which keep their ids.
fn without_excluded(files: Vec<Arc<FileModel>>, config: &Config) -> Vec<Arc<FileModel>> {
    if config.exclude.is_empty() {
        return files;
    }
    let read = |file: Arc<FileModel>| match config.excludes(file.path()) {
        true if file.kind != Kind::Config => Arc::new(FileModel::excluded(&file)),
        _ => file,
    };
    files.into_iter().map(read).collect()
}

/// Returns the Compose projects of all files.
fn compose_projects(files: &[Arc<FileModel>]) -> Vec<compose::Project> {
    compose::projects(&compose_inputs(files))
}

/// Returns what Compose projects are read from.
fn compose_inputs(files: &[Arc<FileModel>]) -> Vec<compose::FileInput<'_>> {
    let inputs = files.iter().map(|it| compose::FileInput {
        id: it.id,
        path: &it.file.path,
        text: &it.file.text,
        tree: Some(&it.tree),
        compose: it.kind == Kind::Compose && !it.is_neighbour,
    });
    inputs.collect()
}

#[cfg(test)]
mod tests;
