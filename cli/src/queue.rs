//! The files that are still to be read: those that were named, those that lie in folders, and those that these name
//! in turn.

use crate::input::{Origin, extends_unreadable, mistakes, skipped};
use crate::scope::{self, boundary};
use crate::terminal::Terminal;
use crate::{Failure, companions};
use plimsoll_core::build::KUSTOMIZATION_FILES;
use plimsoll_core::report::{SkipReason, Skipped};
use plimsoll_core::syntax::{Tree, parse};
use plimsoll_core::text::{FileId, folder_of, join_path, name_of, normalise_path};
use plimsoll_core::{Config, rules};
use plimsoll_files::{LeftOut, Why, is_config, load, nearest_config, walk};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

/// Maximum number of kustomizations that lead to one another, each outside of the folders before it.
const MAX_ROUNDS: usize = 64;

/// A file still to be read.
pub struct Wanted {
    pub path: PathBuf,
    pub origin: Origin,
}

/// The files still to be read, by their names in the report.
#[derive(Default)]
pub struct Queue {
    pub wanted: BTreeMap<String, Wanted>,
    canonical: HashSet<PathBuf>,
    /// Whether several paths were given, which may lead to the same file.
    several: bool,
    /// The only folder whose files may be read.
    within: Option<PathBuf>,
    pub skipped: Vec<Skipped>,
    /// The names of the files that configurations extend.
    extended: HashSet<String>,
    /// The folders that were walked.
    pub folders: Vec<PathBuf>,
}

impl Queue {
    /// Starts with nothing. `within` is the only folder whose files may be read.
    pub fn new(several: bool, within: Option<PathBuf>) -> Queue {
        Queue { several, within, ..Queue::default() }
    }

    fn add(&mut self, path: PathBuf, origin: Origin) {
        // Asking the system for every canonical path is slow, so only where it can matter.
        let repeated = self.several
            && path.canonicalize().is_ok_and(|canonical| !self.canonical.insert(canonical));
        if !repeated {
            let name = normalise_path(&path.to_string_lossy());
            self.wanted.entry(name).or_insert(Wanted { path, origin });
        }
    }

    pub fn add_folder(&mut self, folder: &Path, terminal: &Terminal) -> Result<(), Failure> {
        folder.read_dir().map_err(|error| Failure::at(folder, &error))?;
        let walk = walk(folder, None);
        let left_out = walk.left_out();
        for unreadable in &walk.unreadable {
            terminal.warn(&unreadable.to_string());
            if !left_out.iter().any(|it| it.path == unreadable.path) {
                self.skipped.push(skipped(&unreadable.path, SkipReason::Unreadable));
            }
        }
        for left_out in left_out {
            if let Some(cause) = lost_settings(&left_out) {
                return Err(Failure::at(&left_out.path, &cause));
            }
            let reason = match left_out.why {
                Why::Hidden => SkipReason::Hidden,
                Why::Vendored => SkipReason::Vendored,
                Why::Ignored => SkipReason::Ignored,
                Why::Link => SkipReason::Link,
                Why::Outside => SkipReason::Outside,
                Why::Special => SkipReason::Special,
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
    pub fn drop_outside(&mut self) {
        let outside: Vec<String> = self
            .wanted
            .iter()
            .filter(|(_, wanted)| !self.may_read(&wanted.path))
            .map(|(name, _)| name.clone())
            .collect();
        for name in outside {
            self.wanted.remove(&name);
            self.skipped.push(Skipped { path: name, reason: SkipReason::Outside });
        }
    }

    pub fn add_file(&mut self, path: &Path) {
        self.add(path.to_owned(), Origin::Named);
        // Compose reads the `.env` beside its file unasked, so the file's meaning depends on it.
        let env = path.with_file_name(".env");
        let boundary = path.parent().filter(|it| *it != Path::new("")).unwrap_or(Path::new("."));
        let boundary = scope::boundary(boundary);
        if boundary.is_some_and(|it| companions::is_inside(&env, &it)) {
            self.add(env, Origin::Found);
        } else if env.is_file() {
            self.skipped.push(skipped(&env, SkipReason::Outside));
        }
    }

    /// Returns the folder that what a file names must not leave.
    fn boundary(&self, name: &str) -> Option<PathBuf> {
        let folder = if folder_of(name).is_empty() { "." } else { folder_of(name) };
        self.within.clone().or_else(|| boundary(Path::new(folder)))
    }

    /// Adds the bases, components and files that kustomizations name and that lie beside what is read.
    pub fn add_bases(&mut self) {
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
    pub fn add_companions(&mut self) {
        let is_named = |wanted: &&Wanted| wanted.origin == Origin::Named;
        let named: Vec<PathBuf> =
            self.wanted.values().filter(is_named).map(|it| it.path.clone()).collect();
        for path in named {
            let name = normalise_path(&path.to_string_lossy());
            let Some(boundary) = self.boundary(&name) else { continue };
            let (companions, outside) = companions::of(&name, &boundary);
            for companion in companions {
                self.add(PathBuf::from(companion), Origin::Companion);
            }
            let outside = outside.iter().map(|it| skipped(Path::new(it), SkipReason::Outside));
            self.skipped.extend(outside);
        }
    }

    /// Drops the files and folders that the configurations among them exclude, and returns the files' names.
    pub fn drop_excluded(&mut self, own: &Config) -> Vec<String> {
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
    pub fn add_extended(&mut self) -> Result<(), Failure> {
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
                Err(error) => return Err(extends_unreadable(&name, &error)),
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
    pub fn add_nearest_config(&mut self, path: &Path) -> Result<(), Failure> {
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
                let folder = path.parent().filter(|it| *it != Path::new(""));
                let boundary = boundary(folder.unwrap_or(Path::new(".")));
                if boundary.is_some_and(|it| !companions::is_inside(&path, &it)) {
                    return Err(Failure::at(&path, &OUTSIDE));
                }
                self.add(path, Origin::Found);
            }
        }
        Ok(())
    }
}

const OUTSIDE: &str =
    "this configuration is a link out of the project and is not read; `--config FILE` reads it";

/// Says that a configuration is not read because it is a link. Without its settings the findings would be others.
fn lost_settings(left_out: &LeftOut) -> Option<&'static str> {
    if !is_config(name_of(&left_out.path.to_string_lossy())) {
        return None;
    }
    match left_out.why {
        Why::Outside => Some(OUTSIDE),
        Why::Link if !left_out.path.exists() => {
            Some("this configuration is a link that leads to nothing")
        }
        Why::Link | Why::Hidden | Why::Vendored | Why::Ignored | Why::Special => None,
    }
}
