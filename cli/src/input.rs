//! From paths to files: walking, reading on all cores, and saying what could not be read.

use crate::args::Input;
use crate::progress::Progress;
use crate::{Failure, Terminal};
use plimsoll_core::model::FileModel;
use plimsoll_core::syntax::{MAX_BYTES, parse};
use plimsoll_core::text::{FileId, LineIndex, normalise_path};
use plimsoll_core::{Config, File, Workspace, rules};
use plimsoll_lsp::folder;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file of the project and where it came from.
pub struct Source {
    /// None: standard input.
    pub path: Option<PathBuf>,
    pub file: File,
    /// Its text is not, byte for byte, what the file holds, so it must not be written back.
    pub lossy: bool,
}

/// A file still to be read.
struct Wanted {
    path: PathBuf,
    /// Named by the user, so that failing to read it is failing to do what was asked.
    named: bool,
}

/// Everything that was handed over, sorted by name, each file once.
pub fn gather(input: &Input, terminal: &Terminal) -> Result<Vec<Source>, Failure> {
    let here = [PathBuf::from(".")];
    let paths: &[PathBuf] = if input.paths.is_empty() { &here } else { &input.paths };
    let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
    let mut sources = Vec::new();
    let mut seen = HashSet::new();
    // The same file may be reached by two paths; only then is it worth asking the system.
    let mut want = |path: PathBuf, named: bool| {
        let name = normalise_path(&path.to_string_lossy());
        let first = paths.len() == 1 || path.canonicalize().map_or(true, |it| seen.insert(it));
        if first {
            wanted.entry(name).or_insert(Wanted { path, named });
        }
    };
    for path in paths {
        if path.as_os_str() == "-" {
            sources.push(standard_input(&input.stdin_filename)?);
            continue;
        }
        let kind = path.metadata().map_err(|it| Failure::at(path, &it))?;
        if kind.is_dir() {
            path.read_dir().map_err(|it| Failure::at(path, &it))?;
            let walk = folder::walk(path, None);
            walk.troubles.iter().for_each(|it| terminal.warn(it));
            if walk.files.is_empty() {
                terminal.warn(&format!("{}: no YAML files here", path.display()));
            }
            walk.files.into_iter().for_each(|it| want(it, false));
        } else {
            want(path.clone(), true);
            // Compose reads it without being told, so its variables are part of the file's meaning.
            let env = path.with_file_name(".env");
            if env.is_file() {
                want(env, false);
            }
        }
    }
    let configured = |it: &str| is_config(it.rsplit('/').next().unwrap_or(it));
    if input.config.is_none()
        && !wanted.keys().any(|it| configured(it))
        && let Some(path) = nearest_config()
    {
        let name = normalise_path(&path.to_string_lossy());
        wanted.insert(name, Wanted { path, named: false });
    }
    sources.extend(read(wanted.into_values().collect(), terminal)?);
    sources.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    sources.dedup_by(|a, b| a.file.path == b.file.path);
    Ok(sources)
}

fn is_config(name: &str) -> bool {
    matches!(name, "plimsoll.yaml" | "plimsoll.yml" | ".plimsoll.yaml")
}

/// The `plimsoll.yaml` of this folder or one above it, up to the root of the repository.
fn nearest_config() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut shown = PathBuf::new();
    for folder in here.ancestors() {
        for name in ["plimsoll.yaml", "plimsoll.yml", ".plimsoll.yaml"] {
            if folder.join(name).is_file() {
                return Some(shown.join(name));
            }
        }
        if folder.join(".git").exists() {
            return None;
        }
        shown.push("..");
    }
    None
}

fn standard_input(name: &str) -> Result<Source, Failure> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|it| Failure(format!("standard input: {it}")))?;
    Ok(source(None, name, &bytes))
}

fn source(path: Option<PathBuf>, name: &str, bytes: &[u8]) -> Source {
    let file = File::from_bytes(name, bytes);
    let lossy = file.text.as_bytes() != bytes;
    Source { path, file, lossy }
}

fn read(wanted: Vec<Wanted>, terminal: &Terminal) -> Result<Vec<Source>, Failure> {
    let progress = Progress::start("reading", wanted.len(), terminal);
    let results: Vec<_> = wanted
        .into_par_iter()
        .map(|it| {
            let bytes = folder::read(&it.path);
            progress.step();
            match bytes {
                Ok(bytes) => {
                    let name = it.path.to_string_lossy().into_owned();
                    Ok(source(Some(it.path), &name, &bytes))
                }
                Err(error) => Err((it.named, Failure::at(&it.path, &error))),
            }
        })
        .collect();
    drop(progress);
    let mut sources = Vec::new();
    for result in results {
        match result {
            Ok(source) => sources.push(source),
            Err((true, failure)) => return Err(failure),
            Err((false, failure)) => terminal.warn(&failure.0),
        }
    }
    Ok(sources)
}

/// The first stage sees one file at a time, so it runs on all cores.
pub fn workspace(sources: &[Source], terminal: &Terminal) -> Workspace {
    let progress = Progress::start("analysing", sources.len(), terminal);
    let models = sources.par_iter().enumerate().map(|(at, it)| {
        let id = FileId(u32::try_from(at).unwrap_or(u32::MAX));
        let model = FileModel::read(id, it.file.clone(), None);
        progress.step();
        model
    });
    Workspace::from_models(models.collect())
}

/// The settings of `--config`. What it does not understand, it refuses.
pub fn config(path: Option<&Path>) -> Result<Config, Failure> {
    let Some(path) = path else { return Ok(Config::default()) };
    let bytes = folder::read(path).map_err(|it| Failure::at(path, &it))?;
    let file = File::from_bytes(path.to_string_lossy(), &bytes);
    let (tree, mut problems) = parse(FileId(0), &Arc::clone(&file.text), None);
    let (config, more) = Config::read(&tree, &rules::is_known);
    problems.extend(more);
    match problems.first() {
        None => Ok(config),
        Some(problem) => {
            let line = LineIndex::new(&file.text).line_of(problem.span.start as usize) + 1;
            Err(Failure(format!("{}:{line}: {}", path.display(), problem.message)))
        }
    }
}
