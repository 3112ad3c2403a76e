//! From paths to files: walks folders, reads on all cores, and reports what could not be read.

use crate::args::Input;
use crate::progress::Progress;
use crate::queue::{Queue, Wanted};
use crate::terminal::Terminal;
use crate::{Failure, baseline};
use plimsoll_core::model::FileModel;
use plimsoll_core::report::{FileKind, SkipReason, Skipped};
use plimsoll_core::syntax::{MAX_BYTES, Problem, Tree, parse};
use plimsoll_core::text::{
    Base, Encoding, FileId, LineIndex, escape_line, folder_of, join_path, name_of, normalise_path,
};
use plimsoll_core::{Analysis, Config, File, Options, Report, Workspace, rules};
use plimsoll_files::{Loaded, is_config, load, load_from, nearest_config};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// Whether a folder was among them.
    has_folder: bool,
    /// The only folder whose files may be read.
    pub within: Option<PathBuf>,
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

    /// Returns the paths of files that are there, as far as anybody may know, and were not read.
    pub fn unread(&self) -> BTreeSet<String> {
        // A link may lead to nothing.
        let is_there = |it: &&Skipped| match it.reason {
            SkipReason::Link | SkipReason::Unreadable => Path::new(&it.path).exists(),
            SkipReason::Hidden
            | SkipReason::Vendored
            | SkipReason::Ignored
            | SkipReason::TooLarge
            | SkipReason::Outside
            | SkipReason::Special => true,
        };
        let skipped = self.skipped.iter().filter(is_there).map(|it| it.path.clone());
        skipped.chain(self.excluded.iter().cloned()).collect()
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
        let is_given = |path: &&String| self.given.iter().any(|it| normalise_path(it) == **path);
        for path in self.excluded.iter().filter(is_given) {
            terminal.warn(&format!("{path}: the configuration excludes this file"));
        }
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
        let config = Config { unread: Arc::new(self.unread()), ..options.config.clone() };
        let options = Options { config, ..options.clone() };
        let analysis = workspace.analysis(&options.config);
        refuse_mistakes(&analysis, self.within.as_deref())?;
        Ok(Report {
            excluded: self.excluded.len(),
            skipped: self.skipped.clone(),
            paths: self.given.clone(),
            ..analysis.report(&options)
        })
    }

    /// Refuses to write over a file that was read, or over one of `others`: whoever names one mistook the path. What an
    /// earlier run wrote may be read as well, below a chart for example, and is written again.
    pub fn refuse_to_overwrite(
        &self,
        path: &Path,
        others: &[PathBuf],
        report: &Report,
    ) -> Result<(), Failure> {
        let Ok(target) = path.canonicalize() else { return Ok(()) };
        let read = self.sources.iter().zip(report.files.iter());
        let read = read
            .filter(|(_, entry)| entry.kind != FileKind::Unknown || !is_output(&entry.file.text));
        let read = read.filter_map(|(source, _)| source.path.as_ref());
        let is_target = |own: &PathBuf| own.canonicalize().is_ok_and(|own| own == target);
        match read.chain(others).any(is_target) {
            true => Err(Failure::at(path, &"this file is read, and is not written over")),
            false => Ok(()),
        }
    }

    /// Refuses a project in which there is nothing to check: "no findings" would say more than anybody knows. A
    /// file that is excluded and named all the same is passed over, since hooks name whatever was changed.
    pub fn refuse_nothing(&self, report: &Report) -> Result<(), Failure> {
        let is_any = report.files.iter().any(|entry| is_checked(entry.kind));
        let has_findings = !report.findings.is_empty() || report.suppressed + report.baselined > 0;
        if is_any || has_findings || !self.excluded.is_empty() && !self.has_folder {
            return Ok(());
        }
        if let Some(first) = self.excluded.first() {
            let more = match self.excluded.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            return Err(Failure(format!(
                "{}: nothing to check here: the configuration excludes `{}`{more}; `plimsoll check --show-files` lists what was not read",
                escape_line(&self.asked),
                escape_line(first)
            )));
        }
        let not_read = match self.skipped.len() {
            0 => String::new(),
            _ => "; `plimsoll check --show-files` lists what was not read".to_owned(),
        };
        Err(Failure(format!(
            "{}: nothing to check here: no Compose file, Kubernetes manifest, chart or kustomization among the files named *.yaml, *.yml or *.json{not_read}",
            escape_line(&self.asked)
        )))
    }
}

/// Whether a text may be what an earlier run wrote in one of its formats.
fn is_output(text: &str) -> bool {
    const MARKS: [&str; 6] =
        ["PLM", "plimsoll", "### Plimsoll: ", "no findings", "not checked: ", "\"entries\": ["];
    let is_empty = matches!(text.trim(), "" | "[]");
    is_empty || !text.starts_with("#!") && MARKS.iter().any(|mark| text.contains(mark))
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

pub fn skipped(path: &Path, reason: SkipReason) -> Skipped {
    Skipped { path: normalise_path(&path.to_string_lossy()), reason }
}

/// Refuses configurations among the files that are not understood, and names every mistake. What a target names has
/// to lie on disk, whether or not it was handed over; `within` is the only folder that is looked into.
pub fn refuse_mistakes(analysis: &Analysis, within: Option<&Path>) -> Result<(), Failure> {
    let mistakes = analysis.config_mistakes(&|path| is_there(Path::new(path), within));
    let said: Vec<String> =
        mistakes.iter().map(|(file, problem)| said(file.path(), &file.lines, problem)).collect();
    if said.is_empty() { Ok(()) } else { Err(Failure(said.join("\n"))) }
}

/// Whether a path leads to something, as far as anybody may know.
fn is_there(path: &Path, within: Option<&Path>) -> bool {
    let Some(within) = within else { return path.exists() };
    match std::path::absolute(path) {
        Ok(absolute) => {
            let absolute = PathBuf::from(normalise_path(&absolute.to_string_lossy()));
            !absolute.starts_with(within) || path.exists()
        }
        Err(_) => true,
    }
}

/// Returns a mistake with its place.
fn said(path: &str, lines: &LineIndex, problem: &Problem) -> String {
    let place = lines.position(problem.span.start as usize, Encoding::Utf32);
    let path = escape_line(path);
    let message = escape_line(&problem.message);
    format!("{path}:{}:{}: {message}", place.line + 1, place.column + 1)
}

/// Reads everything that was handed over: each file once, sorted by name.
pub fn gather(input: &Input, terminal: &Terminal) -> Result<Project, Failure> {
    let here = [PathBuf::from(".")];
    let paths: &[PathBuf] = if input.paths.is_empty() { &here } else { &input.paths };
    let within = input.within.clone();
    let mut queue = Queue::new(paths.len() > 1, within);
    let mut sources = Vec::new();
    let mut has_folder = false;
    for path in paths {
        if path.as_os_str() == "-" {
            sources.push(standard_input(&input.stdin_filename)?);
            continue;
        }
        let metadata = path.metadata().map_err(|error| Failure::at(path, &error))?;
        if metadata.is_dir() {
            has_folder = true;
            queue.add_folder(path, terminal)?;
        } else {
            queue.add_file(path);
        }
    }
    if input.config.is_none() {
        for path in paths {
            queue.add_nearest_config(path)?;
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
    let within = input.within.clone();
    Ok(Project { sources, excluded, skipped, folders, asked, given, has_folder, within })
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
            // Without its settings the findings would be others.
            Err((_, failure, path)) if is_config(name_of(&path.to_string_lossy())) => {
                return Err(failure);
            }
            Err((Origin::Found | Origin::Companion, Failure(reason), path)) => {
                terminal.warn(&reason);
                skipped.push(self::skipped(&path, SkipReason::Unreadable));
            }
        }
    }
    Ok(sources)
}

/// Reads the file of `--config` with those that it extends, and finds out where the project lies. A setting that
/// is not understood is refused.
pub fn config(input: &Input) -> Result<Config, Failure> {
    Ok(config_with_files(input)?.0)
}

/// Returns what [`config`] does, and the files that were read for it.
pub fn config_with_files(input: &Input) -> Result<(Config, Vec<PathBuf>), Failure> {
    let base = base(&root(input, None));
    let Some(path) = &input.config else {
        return Ok((Config { base, ..Config::default() }, Vec::new()));
    };
    let first = normalise_path(&path.to_string_lossy());
    let mut trees: Vec<(String, Loaded, Tree)> = Vec::new();
    let mut open = vec![first.clone()];
    while let Some(name) = open.pop() {
        if trees.iter().any(|it| it.0 == name) {
            continue;
        }
        let loaded = load(Path::new(&name), &name).map_err(|error| match trees.is_empty() {
            true => Failure::at(path, &error),
            false => extends_unreadable(&name, &error),
        })?;
        let id = FileId(u32::try_from(trees.len()).unwrap_or(u32::MAX));
        let (tree, mut problems) = parse(id, &loaded.file.text, None);
        let (config, more) = Config::read(&tree, &rules::unknown);
        problems.extend(more);
        let config_targets = config.clone().below(folder_of(&name), &base).targets;
        problems.extend(config_targets.problems(&|path| is_there(Path::new(path), None)));
        if !problems.is_empty() {
            return Err(mistakes(&name, &loaded.file.text, &problems));
        }
        open.extend(config.extends.iter().map(|it| join_path(folder_of(&name), it)));
        trees.push((name, loaded, tree));
    }
    let find = |path: &str| trees.iter().find(|it| it.0 == path).map(|it| &it.2);
    let (_, _, tree) = &trees[0];
    let circles = Config::conflicts([(first.as_str(), tree)].into_iter(), &find);
    if let Some(problem) = circles.first() {
        let (name, loaded, _) = &trees[problem.span.file.index()];
        return Err(mistakes(name, &loaded.file.text, &circles[..1]));
    }
    let files = trees.iter().map(|it| PathBuf::from(&it.0)).collect();
    Ok((Config::extended(&first, tree, &find, &base, &rules::unknown), files))
}

/// Says that a file which a configuration extends cannot be read.
pub fn extends_unreadable(path: &str, error: &dyn Display) -> Failure {
    Failure::at(Path::new(path), &format!("a configuration extends this file: {error}"))
}

/// Names every mistake in a configuration.
pub fn mistakes(path: &str, text: &Arc<str>, problems: &[Problem]) -> Failure {
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
