//! One project: the core's workspace, kept in step with the disk and with the editor's unsaved text
//! on top.

use crate::convert::Addresses;
use crate::diagnostics::Diagnostics;
use crate::state::{Change, Task};
use plimsoll_core::text::normalise_path;
use plimsoll_core::{Analysis, Options, Report, Workspace};
use plimsoll_files::{
    Ignored, Unreadable, belongs, is_build_file, is_env, is_left_out, is_outside_walk, load,
    walk_except,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The newest analysis of a project, its findings, and the diagnostics that the client sees. The report has neither
/// a decision nor a map.
#[derive(Debug)]
pub struct Snapshot {
    pub analysis: Analysis,
    pub report: Report,
    pub options: Arc<Options>,
    pub addresses: Addresses,
    pub diagnostics: Diagnostics,
}

/// When a file was written and how long it is, which says whether it changed.
type Stamp = (Option<SystemTime>, u64);

#[derive(Debug, Default)]
pub struct Project {
    workspace: Workspace,
    /// The files that walks found, by name. All other files are in the workspace only while they are open in the
    /// editor.
    on_disk: BTreeMap<String, Stamp>,
    /// The depth of the last walk and the folders that it left out; `None` before the first one.
    walked: Option<(Option<usize>, Vec<PathBuf>)>,
}

impl Project {
    pub fn is_fresh(&self) -> bool {
        self.walked.is_none()
    }

    /// Applies the task's changes to the files. Returns whether an analysis is due, and the files that could not be
    /// read.
    pub fn update(&mut self, task: &Task) -> (bool, Vec<Unreadable>) {
        let mut unreadable = Vec::new();
        let extent = (task.depth, task.inner.clone());
        let is_elsewhere = self.walked.as_ref() != Some(&extent);
        self.walked = Some(extent);
        let mut is_changed = !task.look || is_elsewhere;
        if is_elsewhere || task.look || self.is_walk_wanted(task) {
            is_changed |= self.refresh(task, &mut unreadable);
        }
        for (name, change) in &task.changed {
            match change {
                Change::Text(text) => self.workspace.set(name, Arc::clone(text)),
                Change::Disk => self.reload(&task.addresses.root, name),
            }
        }
        (is_changed, unreadable)
    }

    pub fn analyse(&self, options: &Options) -> (Analysis, Report) {
        let analysis = self.workspace.analysis(&options.config);
        let report = analysis.check(options);
        (analysis, report)
    }

    /// Whether a change on disk may have brought or taken files that the project does not know by name.
    fn is_walk_wanted(&self, task: &Task) -> bool {
        let root = &task.addresses.root;
        let mut ignored = Ignored::default();
        let on_disk = task.changed.iter().filter(|(_, change)| matches!(change, Change::Disk));
        let mut unseen = on_disk.map(|(name, _)| name).filter(|it| !self.on_disk.contains_key(*it));
        unseen.any(|name| {
            let path = root.join(name);
            let file_name = path.file_name().unwrap_or_default();
            if file_name == ".gitignore" || self.holds_files(name) {
                return true;
            }
            if is_outside_walk(root, &path) {
                return false;
            }
            let is_folder = path.is_dir();
            let is_wanted = match is_folder {
                true => !is_left_out(file_name),
                false => belongs(&path) || self.is_built(name),
            };
            let is_read_anyway = file_name.to_str().is_some_and(is_env);
            is_wanted && (is_read_anyway || !ignored.contains(root, &path, is_folder))
        })
    }

    /// Whether this is a folder with files of the project in it, or was one.
    fn holds_files(&self, folder: &str) -> bool {
        let below = format!("{folder}/");
        let mut behind = self.on_disk.range(below.clone()..);
        folder.is_empty() || behind.next().is_some_and(|(name, _)| name.starts_with(&below))
    }

    /// Whether a file lies below a chart or a kustomization, which may read it.
    fn is_built(&self, name: &str) -> bool {
        let folders = Path::new(name).ancestors().skip(1);
        let names = ["Chart.yaml", "kustomization.yaml", "kustomization.yml", "Kustomization"];
        let mut built = folders.flat_map(|folder| names.map(|it| folder.join(it)));
        built.any(|it| is_build_file(&it) && self.on_disk.contains_key(&*it.to_string_lossy()))
    }

    /// Reads a file again, or drops a file that is gone.
    fn reload(&mut self, root: &Path, name: &str) {
        let path = root.join(name);
        if self.on_disk.contains_key(name)
            && let Ok(loaded) = load(&path, name)
        {
            self.on_disk.insert(name.to_owned(), stamp(&path));
            self.workspace.set_file(loaded.file);
        } else {
            self.on_disk.remove(name);
            self.workspace.remove(name);
        }
    }

    /// Brings the list of files up to date: reads files that are new or have changed, and drops those that are gone.
    /// Returns whether anything was different.
    fn refresh(&mut self, task: &Task, unreadable: &mut Vec<Unreadable>) -> bool {
        let root = &task.addresses.root;
        if !root.is_absolute() {
            return false;
        }
        let files = match root.is_dir() {
            true => {
                let walk = walk_except(root, task.depth, &task.inner);
                unreadable.extend(walk.unreadable);
                walk.files
            }
            false => Vec::new(),
        };
        let found: BTreeMap<String, Stamp> =
            files.into_par_iter().map(|path| (name_below(root, &path), stamp(&path))).collect();
        let is_open = |name: &str| task.addresses.open.contains_key(name);
        let names =
            |files: &BTreeMap<String, Stamp>| files.keys().cloned().collect::<BTreeSet<_>>();
        let gone = &names(&self.on_disk) - &names(&found);
        for name in gone.iter().filter(|name| !is_open(name)) {
            self.workspace.remove(name);
        }
        let differs = |(name, stamp): &(&String, &Stamp)| self.on_disk.get(*name) != Some(stamp);
        let fresh: Vec<&String> = found.iter().filter(differs).map(|(name, _)| name).collect();
        let loaded: Vec<_> = fresh
            .par_iter()
            .filter(|name| !is_open(name))
            .map(|name| {
                let path = root.join(name.as_str());
                load(&path, name).map_err(|cause| Unreadable::new(&path, &cause))
            })
            .collect();
        let is_changed = !gone.is_empty() || !loaded.is_empty();
        for result in loaded {
            match result {
                Ok(loaded) => self.workspace.set_file(loaded.file),
                Err(error) => unreadable.push(error),
            }
        }
        self.on_disk = found;
        is_changed
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path);
    metadata.map_or((None, 0), |it| (it.modified().ok(), it.len()))
}

/// Returns the name of a file as the report gives it: its path below the root, with `/`.
fn name_below(root: &Path, path: &Path) -> String {
    normalise_path(&path.strip_prefix(root).unwrap_or(path).to_string_lossy())
}
