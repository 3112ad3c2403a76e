//! From paths to files: walks folders, reads on all cores, and reports what could not be read.

use crate::args::Input;
use crate::progress::Progress;
use crate::scope::boundary;
use crate::terminal::Terminal;
use crate::{Failure, baseline, companions};
use plimsoll_core::build::KUSTOMIZATION_FILES;
use plimsoll_core::model::FileModel;
use plimsoll_core::report::{FileKind, SkipReason, Skipped};
use plimsoll_core::syntax::{MAX_BYTES, Problem, Tree, parse};
use plimsoll_core::text::{
    Base, Encoding, FileId, LineIndex, folder_of, join_path, name_of, normalise_path,
};
use plimsoll_core::{Analysis, Config, File, Options, Report, Workspace, rules};
use plimsoll_files::{Loaded, Why, is_config, load, load_from, nearest_config, walk};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Maximum number of kustomizations that lead to one another, each outside of the folders before it.
const MAX_ROUNDS: usize = 64;

/// A file of the project and where it came from.
pub struct Source {
    /// `None` for standard input.
    pub path: Option<PathBuf>,
    pub file: File,
    /// Whether the text is the file's content byte for byte, so that it may be written back.
    pub exact: bool,
    pub origin: Origin,
}

/// Why a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The user named the file, so failing to read it fails the command.
    Named,
    /// The file lies in a folder that the user named, or every reader of the project takes it.
    Found,
    /// Another file names it. It says what the other one means, and is not changed.
    Companion,
}

impl Source {
    fn new(path: Option<PathBuf>, loaded: Loaded, origin: Origin) -> Source {
        Source { path, file: loaded.file, exact: loaded.exact, origin }
    }
}

/// A file still to be read.
struct Wanted {
    path: PathBuf,
    origin: Origin,
}

/// The files still to be read, by their names in the report.
#[derive(Default)]
struct Queue {
    wanted: BTreeMap<String, Wanted>,
    canonical: HashSet<PathBuf>,
    /// Whether several paths were given, which may lead to the same file.
    several: bool,
    /// The only folder whose files may be read.
    within: Option<PathBuf>,
    skipped: Vec<Skipped>,
    /// The names of the files that configurations extend.
    extended: HashSet<String>,
    /// The folders that were walked.
    folders: Vec<PathBuf>,
}

impl Queue {
    fn add(&mut self, path: PathBuf, origin: Origin) {
        // Asking the system for every canonical path is slow, so only where it can matter.
        let repeated = self.several
            && path.canonicalize().is_ok_and(|canonical| !self.canonical.insert(canonical));
        if !repeated {
            let name = normalise_path(&path.to_string_lossy());
            self.wanted.entry(name).or_insert(Wanted { path, origin });
        }
    }

    fn add_folder(&mut self, folder: &Path, terminal: &Terminal) -> Result<(), Failure> {
        folder.read_dir().map_err(|error| Failure::at(folder, &error))?;
        let walk = walk(folder, None);
        for unreadable in &walk.unreadable {
            terminal.warn(&unreadable.to_string());
            self.skipped.push(skipped(&unreadable.path, SkipReason::Unreadable));
        }
        for left_out in walk.left_out() {
            let reason = match left_out.why {
                Why::Hidden => SkipReason::Hidden,
                Why::Vendored => SkipReason::Vendored,
                Why::Ignored => SkipReason::Ignored,
                Why::Link => SkipReason::Link,
            };
            self.skipped.push(skipped(&left_out.path, reason));
        }
        self.folders.extend(walk.folders().iter().cloned());
        for file in walk.files {
            self.add(file, Origin::Found);
        }
        Ok(())
    }

    /// Whether a path leads to a place that may be read.
    fn may_read(&self, path: &Path) -> bool {
        match &self.within {
            None => true,
            Some(folder) => path.canonicalize().is_ok_and(|it| it.starts_with(folder)),
        }
    }

    /// Leaves out links that lead to places that may not be read.
    fn drop_outside(&mut self) {
        let outside: Vec<String> = self
            .wanted
            .iter()
            .filter(|(_, wanted)| !self.may_read(&wanted.path))
            .map(|(name, _)| name.clone())
            .collect();
        for name in outside {
            self.wanted.remove(&name);
            self.skipped.push(Skipped { path: name, reason: SkipReason::Link });
        }
    }

    fn add_file(&mut self, path: &Path) {
        self.add(path.to_owned(), Origin::Named);
        // Compose reads the `.env` beside its file unasked, so the file's meaning depends on it.
        let env = path.with_file_name(".env");
        if env.is_file() {
            self.add(env, Origin::Found);
        }
    }

    /// Returns the folder that what a file names must not leave.
    fn boundary(&self, name: &str) -> Option<PathBuf> {
        let folder = if folder_of(name).is_empty() { "." } else { folder_of(name) };
        self.within.clone().or_else(|| boundary(Path::new(folder)))
    }

    /// Adds the bases, components and files that kustomizations name and that lie beside what is read.
    fn add_bases(&mut self) {
        let mut seen: HashSet<String> = HashSet::new();
        for _ in 0..MAX_ROUNDS {
            let is_kustomization = |name: &&String| KUSTOMIZATION_FILES.contains(&name_of(name));
            let names = self.wanted.keys().filter(is_kustomization);
            let names = names.filter(|name| seen.insert((*name).clone()));
            let open: Vec<String> = names.cloned().collect();
            if open.is_empty() {
                break;
            }
            for name in open {
                let Some(boundary) = self.boundary(&name) else { continue };
                for path in companions::of_kustomization(&name, &boundary) {
                    let files = match path.is_dir() {
                        true if self.folders.contains(&path) => Vec::new(),
                        true => walk(&path, None).files,
                        false => vec![path],
                    };
                    files.into_iter().for_each(|file| self.add(file, Origin::Companion));
                }
            }
        }
    }

    /// Adds the files of the project that the named files name in turn.
    fn add_companions(&mut self) {
        let is_named = |wanted: &&Wanted| wanted.origin == Origin::Named;
        let named: Vec<PathBuf> =
            self.wanted.values().filter(is_named).map(|it| it.path.clone()).collect();
        for path in named {
            let name = normalise_path(&path.to_string_lossy());
            let Some(boundary) = self.boundary(&name) else { continue };
            for companion in companions::of(&name, &boundary) {
                self.add(PathBuf::from(companion), Origin::Companion);
            }
        }
    }

    /// Drops the files and folders that the configurations among them exclude, and returns the files' names.
    fn drop_excluded(&mut self, own: &Config) -> Vec<String> {
        let is_read =
            |name: &String| is_config(name_of(name)) || self.extended.contains(name.as_str());
        let configs = self.wanted.iter().filter(|(name, _)| is_read(name));
        let trees: Vec<(&str, Tree)> = configs
            .filter_map(|(name, wanted)| {
                let loaded = load(&wanted.path, name).ok()?;
                Some((name.as_str(), parse(FileId(0), &loaded.file.text, None).0))
            })
            .collect();
        let find = |path: &str| trees.iter().find(|it| it.0 == path).map(|it| &it.1);
        let configs = trees.iter().filter(|(name, _)| is_config(name_of(name)));
        let configs = configs.map(|(name, tree)| (*name, tree));
        let config = Config::of_project(configs, &find, own, &rules::unknown);
        // A folder is excluded where a file in it is, whatever the file is called.
        let any = |folder: &Path| join_path(&normalise_path(&folder.to_string_lossy()), "_");
        self.folders.retain(|folder| !config.excludes(&any(folder)));
        let mut excluded = Vec::new();
        let extended = &self.extended;
        self.wanted.retain(|name, _| {
            let is_setting = is_config(name_of(name)) || extended.contains(name);
            let is_kept = is_setting || !config.excludes(name);
            if !is_kept {
                excluded.push(name.clone());
            }
            is_kept
        });
        excluded
    }

    /// Adds the files that the configurations among them extend.
    fn add_extended(&mut self) -> Result<(), Failure> {
        let is_new = |name: &&String| is_config(name_of(name));
        let mut open: Vec<String> = self.wanted.keys().filter(is_new).cloned().collect();
        let mut seen: HashSet<String> = open.iter().cloned().collect();
        while let Some(name) = open.pop() {
            let Some(wanted) = self.wanted.get(&name) else { continue };
            let path = wanted.path.clone();
            if !self.may_read(&path) {
                let cause = "a configuration extends this file, which is outside of the workspace";
                return Err(Failure::at(&path, &cause));
            }
            let loaded = match load(&path, &name) {
                Ok(loaded) => loaded,
                Err(_) if is_config(name_of(&name)) => continue,
                Err(error) => {
                    let cause = format!("a configuration extends this file: {error}");
                    return Err(Failure::at(&path, &cause));
                }
            };
            let (tree, mut problems) = parse(FileId(0), &loaded.file.text, None);
            let (config, more) = Config::read(&tree, &rules::unknown);
            problems.extend(more);
            // Those that are called as configurations are reported with all others.
            if !problems.is_empty() && !is_config(name_of(&name)) {
                return Err(mistakes(&name, &loaded.file.text, &problems));
            }
            for extended in config.extends {
                let name = join_path(folder_of(&name), &extended);
                if seen.insert(name.clone()) {
                    let path = PathBuf::from(&name);
                    self.wanted
                        .entry(name.clone())
                        .or_insert(Wanted { path, origin: Origin::Found });
                    self.extended.insert(name.clone());
                    open.push(name);
                }
            }
        }
        Ok(())
    }

    /// Adds the configuration that is nearest to a path, in its folder or above.
    fn add_nearest_config(&mut self, path: &Path) {
        let folder = match path.parent() {
            _ if path.is_dir() => path,
            // Standard input counts as a file of the current folder.
            Some(parent) if parent != Path::new("") => parent,
            Some(_) | None => Path::new("."),
        };
        let absolute = std::path::absolute(folder)
            .map(|folder| PathBuf::from(normalise_path(&folder.to_string_lossy())));
        if let Some(config) = absolute.ok().and_then(|absolute| nearest_config(&absolute)) {
            let name =
                join_path(&normalise_path(&folder.to_string_lossy()), &config.to_string_lossy());
            let path = PathBuf::from(name);
            if self.may_read(&path) {
                self.add(path, Origin::Found);
            }
        }
    }
}

/// The files of a project.
pub struct Project {
    pub sources: Vec<Source>,
    /// The files that the configuration excludes, which were not read.
    pub excluded: Vec<String>,
    /// What else was not read.
    skipped: Vec<Skipped>,
    /// The folders that were walked, without those that were left out.
    pub folders: Vec<PathBuf>,
    /// What was asked for, in the words of the person who asked.
    asked: String,
    /// The paths that were given.
    given: Vec<String>,
}

impl Project {
    /// Reads every file into its model. Models do not depend on one another, so all cores work at once.
    pub fn workspace(&self, terminal: &Terminal) -> Workspace {
        let progress = Progress::start("parsing", Some(self.sources.len()), terminal);
        let models = self.sources.par_iter().enumerate().map(|(index, source)| {
            let id = FileId(u32::try_from(index).unwrap_or(u32::MAX));
            let model = FileModel::read(id, source.file.clone(), None);
            progress.step();
            model
        });
        Workspace::from_models(models.collect())
    }

    /// Analyses the project as a whole. A configuration that is not understood is refused, and so is a project
    /// without anything to check.
    pub fn report(
        &self,
        workspace: &Workspace,
        options: &Options,
        terminal: &Terminal,
    ) -> Result<Report, Failure> {
        let report = self.report_even_of_nothing(workspace, options, terminal)?;
        self.refuse_nothing(&report)?;
        for (source, entry) in self.sources.iter().zip(report.files.iter()) {
            if source.origin == Origin::Named
                && entry.kind == FileKind::Unknown
                && !entry.is_excluded
            {
                terminal.warn(&format!(
                    "{}: this is neither a Compose file nor a Kubernetes manifest",
                    entry.file.path
                ));
            }
        }
        Ok(report)
    }

    /// Analyses the project as a whole, even if there is nothing to check in it.
    pub fn report_even_of_nothing(
        &self,
        workspace: &Workspace,
        options: &Options,
        terminal: &Terminal,
    ) -> Result<Report, Failure> {
        let _progress = Progress::start("analysing", None, terminal);
        let analysis = workspace.analysis(&options.config);
        refuse_mistakes(&analysis)?;
        Ok(Report {
            excluded: self.excluded.len(),
            skipped: self.skipped.clone(),
            paths: self.given.clone(),
            ..analysis.report(options)
        })
    }

    /// Refuses a project in which there is nothing to check: "no findings" would say more than anybody knows.
    pub fn refuse_nothing(&self, report: &Report) -> Result<(), Failure> {
        let is_any = report.files.iter().any(|entry| is_checked(entry.kind));
        let has_findings = !report.findings.is_empty() || report.suppressed + report.baselined > 0;
        if is_any || has_findings || !self.excluded.is_empty() {
            return Ok(());
        }
        let not_read = match self.skipped.len() {
            0 => String::new(),
            _ => "; `plimsoll check --show-files` lists what was not read".to_owned(),
        };
        Err(Failure(format!(
            "{}: nothing to check here: no Compose file, Kubernetes manifest, chart or kustomization among the files named *.yaml, *.yml or *.json{not_read}",
            self.asked
        )))
    }
}

/// Whether rules have something to say about files of this kind alone.
fn is_checked(kind: FileKind) -> bool {
    match kind {
        FileKind::Compose
        | FileKind::Kubernetes
        | FileKind::Kustomization
        | FileKind::Chart
        | FileKind::Values
        | FileKind::Template
        | FileKind::ArgoCd => true,
        FileKind::EnvFile | FileKind::Dockerfile | FileKind::Config | FileKind::Unknown => false,
    }
}

fn skipped(path: &Path, reason: SkipReason) -> Skipped {
    Skipped { path: normalise_path(&path.to_string_lossy()), reason }
}

/// Refuses configurations among the files that are not understood, and names every mistake.
pub fn refuse_mistakes(analysis: &Analysis) -> Result<(), Failure> {
    let mistakes = analysis.config_mistakes();
    let said: Vec<String> =
        mistakes.iter().map(|(file, problem)| said(file.path(), &file.lines, problem)).collect();
    if said.is_empty() { Ok(()) } else { Err(Failure(said.join("\n"))) }
}

/// Returns a mistake with its place.
fn said(path: &str, lines: &LineIndex, problem: &Problem) -> String {
    let place = lines.position(problem.span.start as usize, Encoding::Utf32);
    format!("{path}:{}:{}: {}", place.line + 1, place.column + 1, problem.message)
}

/// Reads everything that was handed over: each file once, sorted by name.
pub fn gather(input: &Input, terminal: &Terminal) -> Result<Project, Failure> {
    let here = [PathBuf::from(".")];
    let paths: &[PathBuf] = if input.paths.is_empty() { &here } else { &input.paths };
    let within = input.within.clone();
    let mut queue = Queue { several: paths.len() > 1, within, ..Queue::default() };
    let mut sources = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            sources.push(standard_input(&input.stdin_filename)?);
            continue;
        }
        let metadata = path.metadata().map_err(|error| Failure::at(path, &error))?;
        if metadata.is_dir() {
            queue.add_folder(path, terminal)?;
        } else {
            queue.add_file(path);
        }
    }
    if input.config.is_none() {
        for path in paths {
            queue.add_nearest_config(path);
        }
    }
    queue.drop_outside();
    queue.add_extended()?;
    queue.add_companions();
    queue.add_bases();
    let excluded = queue.drop_excluded(&config(input)?);
    let Queue { wanted, mut skipped, folders, .. } = queue;
    sources.extend(read(wanted.into_values().collect(), &mut skipped, terminal)?);
    sources.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    sources.dedup_by(|a, b| a.file.path == b.file.path);
    skipped.sort();
    skipped.dedup();
    let asked: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let given = match asked.as_slice() {
        [one] if one == "." => Vec::new(),
        several => several.to_vec(),
    };
    let asked = match asked.as_slice() {
        [one] if one == "-" => "standard input".to_owned(),
        several => several.join(", "),
    };
    Ok(Project { sources, excluded, skipped, folders, asked, given })
}

fn standard_input(name: &str) -> Result<Source, Failure> {
    let loaded = load_from(io::stdin().lock(), name)
        .map_err(|error| Failure(format!("standard input: {error}")))?;
    Ok(Source::new(None, loaded, Origin::Named))
}

fn read(
    wanted: Vec<Wanted>,
    skipped: &mut Vec<Skipped>,
    terminal: &Terminal,
) -> Result<Vec<Source>, Failure> {
    let progress = Progress::start("reading", Some(wanted.len()), terminal);
    let results: Vec<_> = wanted
        .into_par_iter()
        .map(|Wanted { path, origin }| {
            let loaded = load(&path, &path.to_string_lossy());
            progress.step();
            match loaded {
                Ok(loaded) => Ok(Source::new(Some(path), loaded, origin)),
                Err(error) => Err((origin, Failure::at(&path, &error), path)),
            }
        })
        .collect();
    drop(progress);
    let mut sources = Vec::new();
    for result in results {
        match result {
            Ok(source) => {
                if source.file.text.len() > MAX_BYTES {
                    let reason = SkipReason::TooLarge;
                    skipped.push(Skipped { path: source.file.path.to_string(), reason });
                }
                sources.push(source);
            }
            Err((Origin::Named, failure, _)) => return Err(failure),
            Err((Origin::Found | Origin::Companion, Failure(reason), path)) => {
                terminal.warn(&reason);
                skipped.push(self::skipped(&path, SkipReason::Unreadable));
            }
        }
    }
    Ok(sources)
}

/// Reads the file of `--config`, and finds out where the project lies. A setting that is not understood is
/// refused.
pub fn config(input: &Input) -> Result<Config, Failure> {
    let base = base(&root(input, None));
    let Some(path) = &input.config else { return Ok(Config { base, ..Config::default() }) };
    let Loaded { file, .. } =
        load(path, &path.to_string_lossy()).map_err(|error| Failure::at(path, &error))?;
    let (tree, mut problems) = parse(FileId(0), &Arc::clone(&file.text), None);
    let (config, more) = Config::read(&tree, &rules::unknown);
    problems.extend(more);
    if problems.is_empty() {
        return Ok(Config { base: base.clone(), ..config.below(folder_of(&file.path), &base) });
    }
    Err(mistakes(&path.to_string_lossy(), &file.text, &problems))
}

/// Names every mistake in a configuration.
fn mistakes(path: &str, text: &Arc<str>, problems: &[Problem]) -> Failure {
    let lines = LineIndex::new(text);
    let said: Vec<String> = problems.iter().map(|problem| said(path, &lines, problem)).collect();
    Failure(said.join("\n"))
}

/// Returns the root of the repository that the first path lies in. Outside of a repository it is the folder
/// of the baseline, if there is one, or else of the nearest configuration, or else the current folder.
pub fn root(input: &Input, baseline: Option<&PathBuf>) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let first = input.paths.iter().find(|path| path.as_os_str() != "-");
    let start = first.and_then(|path| std::path::absolute(path).ok());
    let start = PathBuf::from(normalise_path(&start.unwrap_or(here.clone()).to_string_lossy()));
    if let Some(root) = start.ancestors().find(|folder| folder.join(".git").exists()) {
        return root.to_owned();
    }
    let config = || Some(here.join(nearest_config(&here)?).parent()?.to_owned());
    baseline.and_then(|path| baseline::folder(path)).or_else(config).unwrap_or(here)
}

/// Returns where the current folder, which paths are relative to, lies in the repository.
pub fn base(root: &Path) -> Base {
    let here = std::env::current_dir().unwrap_or_default();
    Base::new(&root.to_string_lossy(), &here.to_string_lossy())
}
