//! One project: the core's workspace, kept in step with the disk and with the editor's unsaved text
//! on top.

use crate::state::{Change, Task};
use plimsoll_core::text::normalise_path;
use plimsoll_core::{Analysis, Options, Report, Workspace};
use plimsoll_files::{Unreadable, load, walk};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The newest analysis of a project and its findings. The report has neither a decision nor a map.
#[derive(Debug)]
pub struct Snapshot {
    pub analysis: Analysis,
    pub report: Report,
}

#[derive(Debug, Default)]
pub struct Project {
    workspace: Workspace,
    /// Names of the files that walks found. All other files are in the workspace only while they
    /// are open in the editor.
    on_disk: BTreeSet<String>,
    walked: bool,
}

impl Project {
    /// Applies the task's changes and analyses the project. Files that could not be read are
    /// returned beside the snapshot.
    pub fn update(&mut self, task: &Task, options: &Options) -> (Snapshot, Vec<Unreadable>) {
        let mut unreadable = Vec::new();
        if !self.walked {
            self.walked = true;
            self.refresh(task, &mut unreadable);
        }
        // A name that no walk has seen may be a new file, a new folder, or nothing to us: walk once
        // more to find out.
        let unseen = |(name, change): &(String, Change)| {
            matches!(change, Change::Disk) && !self.on_disk.contains(name)
        };
        if task.changed.iter().any(unseen) {
            self.refresh(task, &mut unreadable);
        }
        for (name, change) in &task.changed {
            match change {
                Change::Text(text) => self.workspace.set(name, text.clone()),
                Change::Disk => self.reload(&task.root, name),
            }
        }
        let analysis = self.workspace.analysis(&options.config);
        (Snapshot { report: analysis.check(options), analysis }, unreadable)
    }

    /// Reads a file again, or drops a file that is gone.
    fn reload(&mut self, root: &Path, name: &str) {
        if self.on_disk.contains(name)
            && let Ok(loaded) = load(&root.join(name), name)
        {
            self.workspace.set_file(loaded.file);
        } else {
            self.on_disk.remove(name);
            self.workspace.remove(name);
        }
    }

    /// Brings the list of files up to date: reads new files and drops those that are gone.
    fn refresh(&mut self, task: &Task, unreadable: &mut Vec<Unreadable>) {
        if !task.root.is_dir() {
            return;
        }
        let walk = walk(&task.root, task.depth);
        unreadable.extend(walk.unreadable);
        let found: Vec<(String, PathBuf)> =
            walk.files.into_iter().map(|path| (name_below(&task.root, &path), path)).collect();
        let names: BTreeSet<String> = found.iter().map(|(name, _)| name.clone()).collect();
        for gone in
            self.on_disk.difference(&names).filter(|name| !task.addresses.open.contains_key(*name))
        {
            self.workspace.remove(gone);
        }
        let added: Vec<_> = found
            .into_par_iter()
            .filter(|(name, _)| {
                !self.on_disk.contains(name) && !task.addresses.open.contains_key(name)
            })
            .map(|(name, path)| load(&path, &name).map_err(|cause| Unreadable::new(&path, &cause)))
            .collect();
        for result in added {
            match result {
                Ok(loaded) => self.workspace.set_file(loaded.file),
                Err(error) => unreadable.push(error),
            }
        }
        self.on_disk = names;
    }
}

/// Returns the name of a file as the report gives it: its path below the root, with `/`.
fn name_below(root: &Path, path: &Path) -> String {
    normalise_path(&path.strip_prefix(root).unwrap_or(path).to_string_lossy())
}
