//! From paths to files: walks folders, reads on all cores, and reports what could not be read.

use crate::args::Input;
use crate::progress::Progress;
use crate::terminal::Terminal;
use crate::{Failure, baseline};
use plimsoll_core::model::FileModel;
use plimsoll_core::syntax::{Problem, Tree, parse};
use plimsoll_core::text::{Base, Encoding, FileId, LineIndex, folder_of, name_of, normalise_path};
use plimsoll_core::{Analysis, Config, File, Options, Report, Workspace, rules};
use plimsoll_files::{Loaded, is_config, load, load_from, nearest_config, walk};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
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
}

impl Source {
    fn new(path: Option<PathBuf>, loaded: Loaded) -> Source {
        Source { path, file: loaded.file, exact: loaded.exact }
    }
}

/// A file still to be read.
struct Wanted {
    path: PathBuf,
    /// Whether the user named this file, so that failing to read it fails the command.
    named: bool,
}

/// The files still to be read, by their names in the report.
#[derive(Default)]
struct Queue {
    wanted: BTreeMap<String, Wanted>,
    canonical: HashSet<PathBuf>,
    /// Whether several paths were given, which may lead to the same file.
    several: bool,
}

impl Queue {
    fn add(&mut self, path: PathBuf, named: bool) {
        // Asking the system for every canonical path is slow, so only where it can matter.
        let repeated = self.several
            && path.canonicalize().is_ok_and(|canonical| !self.canonical.insert(canonical));
        if !repeated {
            let name = normalise_path(&path.to_string_lossy());
            self.wanted.entry(name).or_insert(Wanted { path, named });
        }
    }

    fn add_folder(&mut self, folder: &Path, terminal: &Terminal) -> Result<(), Failure> {
        folder.read_dir().map_err(|error| Failure::at(folder, &error))?;
        let walk = walk(folder, None);
        for unreadable in &walk.unreadable {
            terminal.warn(&unreadable.to_string());
        }
        if walk.files.is_empty() {
            terminal.warn(&format!("{}: this folder contains no YAML files", folder.display()));
        }
        for file in walk.files {
            self.add(file, false);
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path) {
        self.add(path.to_owned(), true);
        // Compose reads the `.env` beside its file unasked, so the file's meaning depends on it.
        let env = path.with_file_name(".env");
        if env.is_file() {
            self.add(env, false);
        }
    }

    /// Drops the files that the configurations among them exclude, and returns their number.
    fn drop_excluded(&mut self, own: &Config) -> usize {
        let configs = self.wanted.iter().filter(|(name, _)| is_config(name_of(name)));
        let trees: Vec<(&str, Tree)> = configs
            .filter_map(|(name, wanted)| {
                let loaded = load(&wanted.path, name).ok()?;
                Some((name.as_str(), parse(FileId(0), &loaded.file.text, None).0))
            })
            .collect();
        let trees = trees.iter().map(|(name, tree)| (*name, tree));
        let config = Config::of_project(trees, own, &rules::unknown);
        let before = self.wanted.len();
        self.wanted.retain(|name, _| is_config(name_of(name)) || !config.excludes(name));
        before - self.wanted.len()
    }

    fn has_config(&self) -> bool {
        self.wanted.keys().any(|name| is_config(name_of(name)))
    }
}

/// The files of a project.
pub struct Project {
    pub sources: Vec<Source>,
    /// Number of files that the configuration excludes, which were not read.
    excluded: usize,
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

    /// Analyses the project as a whole. A configuration that is not understood is refused.
    pub fn report(
        &self,
        workspace: &Workspace,
        options: &Options,
        terminal: &Terminal,
    ) -> Result<Report, Failure> {
        let _progress = Progress::start("analysing", None, terminal);
        let analysis = workspace.analysis(&options.config);
        refuse_mistakes(&analysis)?;
        Ok(Report { excluded: self.excluded, ..analysis.report(options) })
    }
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
    let mut queue = Queue { several: paths.len() > 1, ..Queue::default() };
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
    if input.config.is_none()
        && !queue.has_config()
        && let Ok(here) = std::env::current_dir()
        && let Some(path) = nearest_config(&here)
    {
        queue.add(path, false);
    }
    let excluded = queue.drop_excluded(&config(input)?);
    sources.extend(read(queue.wanted.into_values().collect(), terminal)?);
    sources.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    sources.dedup_by(|a, b| a.file.path == b.file.path);
    Ok(Project { sources, excluded })
}

fn standard_input(name: &str) -> Result<Source, Failure> {
    let loaded = load_from(io::stdin().lock(), name)
        .map_err(|error| Failure(format!("standard input: {error}")))?;
    Ok(Source::new(None, loaded))
}

fn read(wanted: Vec<Wanted>, terminal: &Terminal) -> Result<Vec<Source>, Failure> {
    let progress = Progress::start("reading", Some(wanted.len()), terminal);
    let results: Vec<_> = wanted
        .into_par_iter()
        .map(|Wanted { path, named }| {
            let loaded = load(&path, &path.to_string_lossy());
            progress.step();
            match loaded {
                Ok(loaded) => Ok(Source::new(Some(path), loaded)),
                Err(error) => Err((named, Failure::at(&path, &error))),
            }
        })
        .collect();
    drop(progress);
    let mut sources = Vec::new();
    for result in results {
        match result {
            Ok(source) => sources.push(source),
            Err((true, failure)) => return Err(failure),
            Err((false, Failure(reason))) => terminal.warn(&reason),
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
    let lines = LineIndex::new(&file.text);
    let path = path.to_string_lossy();
    let said: Vec<String> = problems.iter().map(|problem| said(&path, &lines, problem)).collect();
    Err(Failure(said.join("\n")))
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
