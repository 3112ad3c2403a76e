//! One project: the core's workspace, kept like the disk with the editor's texts on top.

use crate::folder;
use crate::state::{Change, Task};
use plimsoll_core::{File, Options, Report, Workspace};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, Default)]
pub struct Project {
    workspace: Workspace,
    /// Names of the files that walks found; others are there only while they are open.
    on_disk: BTreeSet<String>,
    read: bool,
}

impl Project {
    /// Takes over what changed, and analyses. What could not be read comes back as sentences.
    pub fn update(&mut self, task: &Task, options: &Options) -> (Report, Vec<String>) {
        let mut troubles = Vec::new();
        if !self.read {
            self.read = true;
            self.walk(task, &mut troubles);
        }
        // A name that no walk has seen is a new file, a folder, or none of ours: look again, once.
        let disk = task.changed.iter().filter(|it| matches!(it.1, Change::Disk));
        if disk.clone().any(|it| !self.on_disk.contains(&it.0)) {
            self.walk(task, &mut troubles);
        }
        for (name, change) in &task.changed {
            match change {
                Change::Text(text) => self.workspace.set(name, text.clone()),
                Change::Disk if self.on_disk.contains(name) => {
                    match folder::read(&task.root.join(name)) {
                        Ok(bytes) => self.workspace.set_file(File::from_bytes(name, &bytes)),
                        Err(_) => {
                            self.on_disk.remove(name);
                            self.workspace.remove(name);
                        }
                    }
                }
                Change::Disk => self.workspace.remove(name),
            }
        }
        (self.workspace.report(options), troubles)
    }

    /// Brings the list of files up to date: reads new ones, drops those that are gone.
    fn walk(&mut self, task: &Task, troubles: &mut Vec<String>) {
        if !task.root.is_dir() {
            return;
        }
        let walk = folder::walk(&task.root, task.depth);
        troubles.extend(walk.troubles);
        let found: Vec<(String, PathBuf)> =
            walk.files.into_iter().map(|it| (name(&task.root, &it), it)).collect();
        let names: BTreeSet<String> = found.iter().map(|it| it.0.clone()).collect();
        for gone in self.on_disk.difference(&names).filter(|it| !task.open.contains_key(*it)) {
            self.workspace.remove(gone);
        }
        let new: Vec<_> = found
            .into_par_iter()
            .filter(|it| !self.on_disk.contains(&it.0) && !task.open.contains_key(&it.0))
            .map(|(name, path)| match folder::read(&path) {
                Ok(bytes) => Ok(File::from_bytes(name, &bytes)),
                Err(error) => Err(format!("{}: {error}", path.display())),
            })
            .collect();
        for file in new {
            match file {
                Ok(file) => self.workspace.set_file(file),
                Err(trouble) => troubles.push(trouble),
            }
        }
        self.on_disk = names;
    }
}

fn name(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    plimsoll_core::text::normalise_path(&inside.to_string_lossy())
}
