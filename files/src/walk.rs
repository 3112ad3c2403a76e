//! Walking a folder.
//!
//! A walk honours `.gitignore` and enters neither hidden nor vendored folders, but takes the pipelines from the folders
//! of CI systems. Environment files
//! beside YAML are read even where git ignores them: Compose reads them, and without them a variable
//! that is set would be reported as unset. So are the files that `env_file` names, whatever they are called, and the
//! shell scripts that Compose files and Dockerfiles name. Below a chart or a kustomization every file is read, because
//! templates and generators may read it. A symbolic link to a file of the project is read where it is the only
//! name of the file; links to folders and links out of the project are not followed, except for a folder that is named
//! itself. JSON is read where it looks like Kubernetes objects.

use crate::boundary::{Target, boundary, repository, target};
use crate::env_files;
use crate::ignored::Ignored;
use crate::left_out::{LeftOut, left_out};
use crate::names::{belongs, is_build_file, is_env, is_json, is_left_out, is_pipeline, is_yaml};
use crate::scripts::scripts_named_by;
use ignore::{DirEntry, WalkBuilder};
use plimsoll_core::knowledge::pipelines;
use plimsoll_core::model::is_template_name;
use plimsoll_core::text::escape_line;
use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const NOT_REGULAR: &str = "this is not a regular file, so it is not read";

/// What is said of a link to somewhere else.
const OUTSIDE: &str = "this symbolic link leads out of the project and is not followed";

/// What a walk found, and what it had to skip.
#[derive(Debug, Default)]
pub struct Walk {
    /// Sorted; each path begins with the folder as it was given.
    pub files: Vec<PathBuf>,
    /// Files and folders that could not be read, sorted by path.
    pub unreadable: Vec<Unreadable>,
    /// The folders that were entered.
    entered: Vec<PathBuf>,
    /// The folder that links must not leave.
    boundary: Option<PathBuf>,
}

impl Walk {
    /// Returns the folders that were entered.
    pub fn folders(&self) -> &[PathBuf] {
        &self.entered
    }

    /// Returns the files and folders that would take part if they were not hidden, vendored, ignored by git or
    /// linked, sorted by path.
    pub fn left_out(&self) -> Vec<LeftOut> {
        left_out(&self.entered, &self.files, self.boundary.as_deref())
    }
}

/// A file or folder that could not be read, and why. Displayed as `path: cause`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreadable {
    pub path: PathBuf,
    pub cause: String,
}

impl Unreadable {
    pub fn new(path: &Path, cause: &dyn Error) -> Unreadable {
        // The innermost error is the system's; those around it repeat the path.
        let mut innermost = cause;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        Unreadable { path: path.to_owned(), cause: innermost.to_string() }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", escape_line(&self.path.to_string_lossy()), self.cause)
    }
}

/// Returns the files below a folder that belong to an analysis. `depth` is the number of levels to
/// enter: with 1, only the folder itself is listed.
pub fn walk(root: &Path, depth: Option<usize>) -> Walk {
    walk_except(root, depth, &[])
}

/// Returns the files below a folder that belong to an analysis, without those in the folders of `except`, which
/// are projects of their own.
pub fn walk_except(root: &Path, depth: Option<usize>, except: &[PathBuf]) -> Walk {
    let mut files = BTreeSet::new();
    let mut others = Vec::new();
    let mut links = Vec::new();
    let mut unreadable = Vec::new();
    let mut entered = Vec::new();
    let ignored = Arc::default();
    for entry in walker(root, depth, except, Arc::clone(&ignored)) {
        match entry {
            Ok(entry) if entry.depth() > 0 && entry.path_is_symlink() => {
                links.push(entry.into_path());
            }
            Ok(entry) if is_folder(&entry) || entry.depth() == 0 => entered.push(entry.into_path()),
            Ok(entry) if !entry.file_type().is_some_and(|kind| kind.is_file()) => {
                unreadable.extend(special(entry.path()));
            }
            Ok(entry) if belongs(entry.path()) || holds_objects(entry.path()) => {
                files.insert(entry.into_path());
            }
            Ok(entry) if would_belong(entry.path()) => {
                let cause = "the name of this file is not UTF-8, so that it is not read";
                unreadable.push(Unreadable { path: entry.into_path(), cause: cause.to_owned() });
            }
            Ok(entry) => others.push(entry.into_path()),
            Err(error) => unreadable.push(explained(root, error)),
        }
    }
    let boundary = boundary(root);
    if depth.is_none() {
        let boundary = boundary.as_deref();
        files.extend(entered.iter().flat_map(|folder| pipelines_of(folder, boundary)));
    }
    let built_folders: BTreeSet<PathBuf> =
        files.iter().filter(|path| is_build_file(path)).filter_map(|path| folder(path)).collect();
    let is_built = |path: &PathBuf| path.ancestors().any(|above| built_folders.contains(above));
    files.extend(others.into_iter().filter(is_built));
    let (in_built, others) = followed(links, &is_built, boundary.as_deref(), &mut unreadable);
    unreadable.extend(lock(&ignored).refused().into_iter().map(|it| as_given(it, root)));
    // A chart or an overlay asks for its files by name. Elsewhere a link is seldom more than a second name of
    // what is read anyway.
    files.extend(in_built);
    files.extend(only_names(others, &files));
    for folder in folders_with_yaml(&files) {
        files.extend(env_files_in(&folder));
    }
    let named = files.iter().flat_map(|path| env_files::named_by(path, root));
    let (named, outside): (Vec<_>, Vec<_>) = named.partition(|it| env_files::stays(it, root));
    unreadable
        .extend(outside.into_iter().map(|path| Unreadable { path, cause: OUTSIDE.to_owned() }));
    files.extend(named);
    let scripts: Vec<PathBuf> =
        files.iter().flat_map(|path| scripts_named_by(path, root)).collect();
    files.extend(scripts);
    unreadable.sort();
    unreadable.dedup();
    Walk { files: files.into_iter().collect(), unreadable, entered, boundary }
}

/// Returns the links to files of the project: those below a chart or a kustomization, and the others. What is missed
/// for lack of the rest is said.
fn followed(
    links: Vec<PathBuf>,
    is_built: &dyn Fn(&PathBuf) -> bool,
    boundary: Option<&Path>,
    unreadable: &mut Vec<Unreadable>,
) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut in_built = Vec::new();
    let mut others = Vec::new();
    for link in links {
        let is_built = is_built(&link);
        let cause = match target(&link, boundary) {
            Target::File if is_built => {
                in_built.push(link);
                continue;
            }
            Target::File => {
                others.push(link);
                continue;
            }
            Target::Outside => OUTSIDE,
            Target::Special => NOT_REGULAR,
            Target::Folder if is_built => {
                "symbolic links to folders are not followed, so the chart or overlay lacks this"
            }
            Target::Nothing if is_built => {
                "this symbolic link leads to no file, so the chart or overlay lacks this"
            }
            Target::Folder | Target::Nothing => continue,
        };
        if is_built || belongs(&link) {
            unreadable.push(Unreadable { path: link, cause: cause.to_owned() });
        }
    }
    (in_built, others)
}

/// Whether a file would belong to an analysis if its name were UTF-8.
fn would_belong(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_str().is_none() && belongs(Path::new(&*name.to_string_lossy()))
}

/// Says that a pipe or a device is not read, if its name is that of a file that would be.
fn special(path: &Path) -> Option<Unreadable> {
    belongs(path).then(|| Unreadable { path: path.to_owned(), cause: NOT_REGULAR.to_owned() })
}

/// Returns the pipelines in the hidden folders of CI systems beside what lies in a folder.
fn pipelines_of(folder: &Path, boundary: Option<&Path>) -> Vec<PathBuf> {
    let folders = pipelines::hidden_folders().map(|it| folder.join(it.trim_end_matches('/')));
    let folders = folders.filter(|it| target(it, boundary) == Target::Folder);
    let entries = folders.filter_map(|it| Some((it.read_dir().ok()?, it)));
    let files = entries.flat_map(|(entries, folder)| {
        entries.flatten().map(move |entry| folder.join(entry.file_name()))
    });
    files.filter(|path| is_pipeline(path) && target(path, boundary) == Target::File).collect()
}

/// Returns the links to files that are not among `files` and that no earlier link leads to.
fn only_names(links: Vec<PathBuf>, files: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let mut links: Vec<PathBuf> = links.into_iter().filter(|path| belongs(path)).collect();
    if links.is_empty() {
        return links;
    }
    links.sort();
    let mut known: HashSet<PathBuf> =
        files.iter().filter_map(|path| path.canonicalize().ok()).collect();
    links.retain(|link| link.canonicalize().is_ok_and(|target| known.insert(target)));
    links
}

/// Whether a file in JSON or a template looks like Kubernetes objects. Most of them are something else, so only
/// the beginning is read.
pub fn holds_objects(path: &Path) -> bool {
    const BEGINNING: u64 = 16 * 1024;
    let Some(name) = path.to_str() else { return false };
    let keys = match (is_json(name), is_template_name(name)) {
        (true, _) => ["\"apiVersion\"", "\"kind\""],
        (false, true) => ["apiVersion:", "kind:"],
        (false, false) => return false,
    };
    // A walk takes links by their names alone.
    if !path.symlink_metadata().is_ok_and(|it| it.is_file()) {
        return false;
    }
    let mut beginning = Vec::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning))
        .is_ok();
    let text = String::from_utf8_lossy(&beginning);
    read && keys.iter().all(|key| text.contains(key))
}

fn walker(
    root: &Path,
    depth: Option<usize>,
    except: &[PathBuf],
    ignored: Arc<Mutex<Ignored>>,
) -> ignore::Walk {
    let except = except.to_owned();
    let top = top(root);
    let below = root.to_owned();
    WalkBuilder::new(root)
        // Hidden files such as `.env` belong; hidden folders are left out by the filter below, and so is what git
        // ignores: the crate would open any `.gitignore`, a pipe too. What a machine or a user ignores outside the
        // project must not change a report.
        .standard_filters(false)
        .max_depth(depth)
        .filter_entry(move |entry| {
            let is_entered =
                || !is_left_out(entry.file_name()) && !except.iter().any(|it| it == entry.path());
            let is_ignored = || {
                let Some((top, root)) = &top else { return false };
                let own = entry.path().strip_prefix(&below).unwrap_or(entry.path());
                lock(&ignored).is_ignored_itself(top, &root.join(own), is_folder(entry))
            };
            entry.depth() == 0 || (!is_folder(entry) || is_entered()) && !is_ignored()
        })
        .build()
}

/// Returns the topmost folder whose `.gitignore` counts in a folder, and the folder itself, both canonical: the root of
/// the repository, or else the current folder, or else the folder.
fn top(root: &Path) -> Option<(PathBuf, PathBuf)> {
    let own = root.canonicalize().ok()?;
    let here = std::env::current_dir().and_then(|it| it.canonicalize()).ok();
    let top = repository(&own).map(Path::to_owned);
    // Everything lies below the root of the file system, which is nobody's project.
    let is_around = |it: &PathBuf| it.parent().is_some() && own.starts_with(it);
    let top = top.or(here.filter(is_around)).unwrap_or_else(|| own.clone());
    Some((top, own))
}

/// Names a path below a folder as the folder was given.
fn as_given(unreadable: Unreadable, root: &Path) -> Unreadable {
    let own = root.canonicalize().unwrap_or_default();
    match unreadable.path.strip_prefix(own) {
        Ok(below) => Unreadable { path: root.join(below), ..unreadable },
        Err(_) => unreadable,
    }
}

/// A panic while the lock was held would have ended the walk.
fn lock(ignored: &Mutex<Ignored>) -> std::sync::MutexGuard<'_, Ignored> {
    ignored.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
}

/// Unwraps the walker's error down to the path and the system's own words.
fn explained(root: &Path, mut error: ignore::Error) -> Unreadable {
    let mut path = root.to_owned();
    loop {
        error = match error {
            ignore::Error::WithPath { path: inner, err } => {
                path = inner;
                *err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                *err
            }
            ignore::Error::Io(error) => {
                let inner = error.get_ref().and_then(|inner| inner.source());
                return Unreadable::new(&path, inner.unwrap_or(&error));
            }
            other => return Unreadable::new(&path, &other),
        }
    }
}

/// The folder of a file.
fn folder(path: &Path) -> Option<PathBuf> {
    path.parent().map(Path::to_owned)
}

fn folders_with_yaml(files: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let own = files.iter().filter(|path| !is_pipeline(path));
    let yaml = own.filter(|path| path.to_str().is_some_and(is_yaml));
    yaml.filter_map(|path| path.parent().map(Path::to_owned)).collect()
}

/// The environment files of one folder, whether git ignores them or not. A folder that cannot be
/// listed has been reported by the walk already.
fn env_files_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let env = entries.filter(|entry| {
        entry.file_type().is_ok_and(|kind| kind.is_file())
            && entry.file_name().to_str().is_some_and(is_env)
    });
    env.map(|entry| folder.join(entry.file_name()))
}

#[cfg(test)]
mod tests;
