//! The findings of a project kept by application, so that an edit runs the rules over one application and
//! not over the whole repository.
//!
//! An application is a part of the project ([`Parts`]), or several parts that say something about each other.
//! It is analysed with its own files in full and the others as [neighbours]: paths and kinds, and the text
//! of what may be read from anywhere. What it may know of the others beyond that are [`Names`]. Where an edit
//! changes the names of an application, those that use or define one of these names follow.
//!
//! Whatever does not fit (files that come or go, a new configuration, a finding that leads into another
//! application) makes the whole project be analysed again, so that the findings are the same as those of an
//! analysis from scratch. `core/tests/edits.rs` holds both against each other.
//!
//! [neighbours]: FileModel::as_neighbour

use super::variants::joined;
use super::{Analysis, Around, Cache, Options, Sources, configuration};
use crate::config::Config;
use crate::facts::{DisjointSets, Facts, Names, Outside, Parts, Sample, samples};
use crate::model::FileModel;
use crate::report::{Finding, Kind, Report, TargetEntry};
use crate::text::FileId;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Maximum number of applications that are analysed again one by one. With more of them, the whole project is
/// as fast.
const MAX_AGAIN: usize = 16;

/// The findings of one application.
#[derive(Debug)]
pub struct Application {
    pub files: Vec<FileId>,
    /// The snapshot that the findings come from, in which the files of other applications may be missing.
    pub analysis: Arc<Analysis>,
    /// The report on the application: its targets and findings. Its files are those of the whole project, and what
    /// was accepted is not counted.
    pub report: Report,
    names: Arc<Names>,
    /// The lists of files that a target or a Compose project is made of.
    joined: Vec<Vec<FileId>>,
    /// What it says about whether the whole project is a repository of samples.
    samples: Vec<Sample>,
    /// Whether Argo CD or Flux deploy anything here.
    is_delivered: bool,
}

/// The findings of a project, by application. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Applications {
    pub all: Vec<Arc<Application>>,
    /// The index of the application of each file.
    of_file: Arc<Vec<usize>>,
    by_path: Arc<FxHashMap<Arc<str>, FileId>>,
    files: Vec<Arc<FileModel>>,
    config: Arc<Config>,
}

impl Applications {
    /// Returns the id of a file.
    pub fn file(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Returns the index in `all` of the application of a file.
    pub fn index_of(&self, file: FileId) -> Option<usize> {
        self.of_file.get(file.index()).copied()
    }

    /// Returns all files of the project, by their ids.
    pub fn files(&self) -> &[Arc<FileModel>] {
        &self.files
    }

    /// Takes a snapshot of the whole project, for what is asked about all applications together.
    pub fn analysis(&self) -> Analysis {
        Analysis::of(self.files.clone(), Arc::clone(&self.config), None, &mut Cache::default())
    }
}

/// Why applications were not analysed one by one.
enum Stop {
    /// The files have changed meanwhile.
    Outdated,
    /// The edits concern more than some applications: the whole project has to be analysed.
    NotEnough,
}

/// Inputs and results of the last check, from which the next check reuses what an edit left alone.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The files as they were handed over, by their ids.
    given: Vec<Arc<FileModel>>,
    options: Options,
    /// The files as other applications see them.
    neighbours: Vec<Arc<FileModel>>,
    parts: Parts,
    checked: Applications,
    /// The applications that are still to be analysed again after a check that was given up.
    open: Vec<usize>,
    /// What is built of the whole project, and of each application by itself.
    whole: Cache,
    caches: FxHashMap<usize, Cache>,
}

impl Kept {
    /// Brings the findings up to date with the files. `None` where that is outdated before the last rule has
    /// run.
    pub(crate) fn check(
        &mut self,
        files: &[Arc<FileModel>],
        options: &Options,
        is_outdated: &(dyn Fn() -> bool + Sync),
    ) -> Option<Applications> {
        let checked = match self.edited(files, options) {
            Some(edited) => self.check_edited(files, &edited, is_outdated),
            None => Err(Stop::NotEnough),
        };
        match checked {
            Ok(()) => {}
            Err(Stop::Outdated) => return None,
            Err(Stop::NotEnough) => self.check_whole(files, options, is_outdated)?,
        }
        Some(self.checked.clone())
    }

    /// Returns the files that were edited since the last check; `None` where more has changed than texts.
    fn edited(&self, files: &[Arc<FileModel>], options: &Options) -> Option<Vec<FileId>> {
        // A single application is the whole project.
        let is_one = self.checked.all.len() < 2;
        if is_one || files.len() != self.given.len() || self.options != *options {
            return None;
        }
        let mut edited = Vec::new();
        for (old, new) in self.given.iter().zip(files).filter(|(old, new)| !Arc::ptr_eq(old, new)) {
            if old.path() != new.path() || old.kind != new.kind || new.kind == Kind::Config {
                return None;
            }
            edited.push(new.id);
        }
        // A configuration may extend a file of any name.
        let may_configure = edited.iter().any(|id| files[id.index()].kind == Kind::Unknown);
        let is_configured_alike =
            !may_configure || configuration(files, &options.config) == *self.checked.config;
        is_configured_alike.then_some(edited)
    }

    fn check_whole(
        &mut self,
        files: &[Arc<FileModel>],
        options: &Options,
        is_outdated: &(dyn Fn() -> bool + Sync),
    ) -> Option<()> {
        // What is kept of the last check is no longer in step with it.
        self.given.clear();
        self.checked = Applications::default();
        self.open.clear();
        let analysis = Analysis::again(files.to_vec(), &options.config, &mut self.whole);
        let mut frame = without_counts(analysis.check_unless(options, is_outdated)?);
        let findings = std::mem::take(&mut frame.findings);
        let own: &Sources = analysis.0.borrow_owner();
        let (count, of_file) = divide(&analysis, &findings);
        // A single application is always analysed as a whole, and needs nothing that tells it from others.
        let is_one = count < 2;
        let of = |file: FileId| of_file[file.index()];
        let mut files_of: Vec<Vec<FileId>> = vec![Vec::new(); count];
        own.files.iter().for_each(|file| files_of[of(file.id)].push(file.id));
        let mut findings_of: Vec<Vec<Finding>> = vec![Vec::new(); count];
        for finding in findings {
            findings_of[of(finding.span.file)].push(finding);
        }
        let mut joined_of: Vec<Vec<Vec<FileId>>> = vec![Vec::new(); count];
        let mut samples_of: Vec<Vec<Sample>> = vec![Vec::new(); count];
        let mut names = vec![Names::default(); count];
        let mut neighbours = Vec::new();
        if !is_one {
            for group in joined(&own.projects, &own.targets) {
                let Some(first) = group.first() else { continue };
                joined_of[of(*first)].push(group);
            }
            for sample in samples(&own.files, &own.projects) {
                samples_of[of(sample.file)].push(sample);
            }
            names = analysis.facts().names_by(count, &of);
            neighbours.extend(own.files.iter().map(|file| Arc::new(file.as_neighbour())));
        }
        let mut samples_of = samples_of.into_iter();
        let delivered = delivered_files(&analysis).first().map(|file| of(*file));
        self.given = files.to_vec();
        self.options = options.clone();
        self.neighbours = neighbours;
        self.parts = own.parts.clone();
        self.caches.clear();
        let by_path = own.files.iter().map(|file| (Arc::clone(&file.file.path), file.id)).collect();
        let (own_files, config) = (own.files.clone(), Arc::clone(&own.config));
        let analysis = Arc::new(analysis);
        let mut targets_of: Vec<Vec<TargetEntry>> = vec![Vec::new(); count];
        for target in std::mem::take(&mut frame.targets) {
            let Some(first) = target.files.first() else { continue };
            targets_of[of(*first)].push(target);
        }
        let parts = files_of.into_iter().zip(findings_of).zip(targets_of).zip(joined_of).zip(names);
        let all = parts.enumerate().map(|(at, ((((files, findings), targets), joined), names))| {
            Arc::new(Application {
                files,
                analysis: Arc::clone(&analysis),
                report: Report { findings, targets, ..frame.clone() },
                names: Arc::new(names),
                joined,
                samples: samples_of.next().unwrap_or_default(),
                is_delivered: delivered == Some(at),
            })
        });
        self.checked = Applications {
            all: all.collect(),
            of_file: Arc::new(of_file),
            by_path: Arc::new(by_path),
            files: own_files,
            config,
        };
        Some(())
    }

    /// Analyses the applications of edited files again, and those that the edits concern.
    fn check_edited(
        &mut self,
        files: &[Arc<FileModel>],
        edited: &[FileId],
        is_outdated: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), Stop> {
        let mut open = std::mem::take(&mut self.open);
        for id in edited {
            let file = &files[id.index()];
            let file = match self.checked.config.excludes(file.path()) {
                true => Arc::new(FileModel::excluded(file)),
                false => Arc::clone(file),
            };
            self.neighbours[id.index()] = Arc::new(file.as_neighbour());
            if file.may_be_read_from_anywhere() {
                open.extend(self.readers_from_elsewhere());
            }
            self.given[id.index()] = Arc::clone(&files[id.index()]);
            self.checked.files[id.index()] = file;
            open.push(self.checked.of_file[id.index()]);
        }
        let mut done: FxHashSet<usize> = FxHashSet::default();
        while let Some(at) = open.pop() {
            if !done.insert(at) {
                continue;
            }
            if done.len() > MAX_AGAIN {
                return Err(Stop::NotEnough);
            }
            let new = match self.check_application(at, is_outdated) {
                Ok(new) => new,
                Err(stop) => {
                    open.push(at);
                    self.open = open;
                    return Err(stop);
                }
            };
            let old = std::mem::replace(&mut self.checked.all[at], Arc::new(new));
            let new = &self.checked.all[at];
            if old.names.says_default_namespace != new.names.says_default_namespace {
                return Err(Stop::NotEnough);
            }
            let changes = new.names.changes(&old.names);
            if changes.is_empty() {
                continue;
            }
            let others = self.checked.all.iter().enumerate();
            let concerned = others.filter(|(_, other)| changes.concern(&other.names));
            open.extend(concerned.map(|(other, _)| other));
        }
        Ok(())
    }

    /// Returns the applications whose Compose files may read a file that belongs to another application, such
    /// as a Dockerfile: only a path with `..` leads there.
    fn readers_from_elsewhere(&self) -> impl Iterator<Item = usize> {
        let leads_out =
            |file: &&Arc<FileModel>| file.kind == Kind::Compose && file.text().contains("..");
        let leading = self.checked.files.iter().filter(leads_out);
        leading.map(|file| self.checked.of_file[file.id.index()])
    }

    /// Analyses one application.
    fn check_application(
        &mut self,
        at: usize,
        is_outdated: &(dyn Fn() -> bool + Sync),
    ) -> Result<Application, Stop> {
        let old = &self.checked.all[at];
        let mut files = self.neighbours.clone();
        for id in &old.files {
            files[id.index()] = Arc::clone(&self.checked.files[id.index()]);
        }
        let others = self.checked.all.iter().enumerate().filter(|(other, _)| *other != at);
        let around = Around {
            parts: self.parts.clone(),
            outside: Outside(others.map(|(_, it)| Arc::clone(&it.names)).collect()),
        };
        let cache = self.caches.entry(at).or_default();
        let config = Arc::clone(&self.checked.config);
        let analysis = Analysis::of(files, config, Some(around), cache);
        let own: &Sources = analysis.0.borrow_owner();
        let joined = joined(&own.projects, &own.targets);
        let is_delivered = !delivered_files(&analysis).is_empty();
        let samples = samples(&own.files, &own.projects);
        if joined != old.joined || is_delivered != old.is_delivered || samples != old.samples {
            return Err(Stop::NotEnough);
        }
        let report = analysis.check_unless(&self.options, is_outdated).ok_or(Stop::Outdated)?;
        let report = without_counts(report);
        let is_own = |file: FileId| self.checked.of_file[file.index()] == at;
        if !report.findings.iter().all(|finding| files_of(finding).all(is_own)) {
            return Err(Stop::NotEnough);
        }
        let names = analysis.facts().names_by(1, &|_| 0).pop().unwrap_or_default();
        Ok(Application {
            files: old.files.clone(),
            analysis: Arc::new(analysis),
            report,
            names: Arc::new(names),
            joined,
            samples,
            is_delivered,
        })
    }
}

/// Leaves out what a report counts for a whole project.
fn without_counts(report: Report) -> Report {
    Report { suppressed: 0, baselined: 0, stale: Vec::new(), ..report }
}

/// Returns the files of everything that Argo CD and Flux deploy, and those that say so. They are one
/// application, since rules compare what is deployed.
fn delivered_files(analysis: &Analysis) -> Vec<FileId> {
    let facts = analysis.facts();
    let targets = analysis.targets().iter().filter(|target| target.delivered_by.is_some());
    let of_targets = targets.flat_map(|target| {
        let by = target.delivered_by.iter().map(|it| it.span.file);
        by.chain(target.target.sources.iter().copied())
    });
    let of_apps = facts.apps().iter().map(|app| app.span.file);
    let of_sets = facts.app_sets().iter().map(|(set, _)| set.file);
    of_targets.chain(of_apps).chain(of_sets).collect()
}

/// Divides the files into applications. Returns the number of applications, and the index of that of each file.
fn divide(analysis: &Analysis, findings: &[Finding]) -> (usize, Vec<usize>) {
    let sources: &Sources = analysis.0.borrow_owner();
    let facts: &Facts<'_> = analysis.facts();
    let count = sources.files.len();
    let mut sets = DisjointSets::new(count);
    let asks_for_targets =
        !sources.config.targets.requests.is_empty() || !sources.config.targets.compose.is_empty();
    if asks_for_targets {
        (1..count).for_each(|file| sets.join(0, file));
    }
    let mut first_of_part: FxHashMap<usize, usize> = FxHashMap::default();
    for file in &sources.files {
        let at = file.id.index();
        let first = *first_of_part.entry(facts.part_of(file.id)).or_insert(at);
        sets.join(first, at);
    }
    let groups = findings.iter().map(|finding| files_of(finding).collect::<Vec<FileId>>());
    let delivered = delivered_files(analysis);
    for group in groups.chain(facts.manifests_by_environment()).chain([delivered]) {
        for pair in group.windows(2) {
            sets.join(pair[0].index(), pair[1].index());
        }
    }
    let mut numbers: FxHashMap<usize, usize> = FxHashMap::default();
    let mut of_file = Vec::with_capacity(count);
    for file in 0..count {
        let next = numbers.len();
        of_file.push(*numbers.entry(sets.find(file)).or_insert(next));
    }
    (numbers.len(), of_file)
}

/// Returns the files that a finding leads to.
fn files_of(finding: &Finding) -> impl Iterator<Item = FileId> {
    let fixes = finding.fixes.iter().chain(&finding.untried);
    std::iter::once(finding.span)
        .chain(finding.related.iter().map(|it| it.span))
        .chain(finding.others.iter().map(|it| it.span))
        .chain(fixes.flat_map(|fix| fix.edits.iter().map(|edit| edit.span)))
        .map(|span| span.file)
}
