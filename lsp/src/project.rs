//! One project: the core's workspace, kept in step with the disk and with the editor's unsaved text
//! on top.

use crate::convert::Addresses;
use crate::diagnostics::{Diagnostics, FileDiagnostics};
use crate::state::{Change, Task};
use plimsoll_core::text::{FileId, normalise_path};
use plimsoll_core::{Application, Applications, Options, Workspace, ide};
use plimsoll_files::{
    Ignored, Unreadable, belongs, holds_objects, is_build_file, is_env, is_left_out,
    is_outside_walk, is_pipeline, is_script, load, stays_inside, walk_except,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The newest state of a project: its applications, and the diagnostics that the client sees.
#[derive(Debug)]
pub struct Snapshot {
    pub applications: Applications,
    /// By the index of the application.
    pub parts: Vec<Arc<Part>>,
    pub options: Arc<Options>,
    pub addresses: Addresses,
}

/// One application of a project. After an edit, those that the edit does not concern are kept as they are.
#[derive(Debug)]
pub struct Part {
    pub application: Arc<Application>,
    /// The analysis of the application with its index of names, shared by the applications of one analysis.
    pub ide: Arc<ide::Snapshot>,
    pub diagnostics: Diagnostics,
}

impl Snapshot {
    /// Returns the application of a file.
    pub fn part(&self, file: FileId) -> Option<&Arc<Part>> {
        self.parts.get(self.applications.index_of(file)?)
    }

    /// Returns the application of the file with a name.
    pub fn part_named(&self, name: &str) -> Option<&Arc<Part>> {
        self.part(self.applications.file(name)?)
    }

    /// Returns the diagnostics of a file, if it has any.
    pub fn diagnostics_of(&self, name: &str) -> Option<&Arc<FileDiagnostics>> {
        self.part_named(name)?.diagnostics.get(name)
    }

    /// Returns the diagnostics of every file that has any.
    pub fn diagnostics(&self) -> impl Iterator<Item = (&String, &Arc<FileDiagnostics>)> {
        self.parts.iter().flat_map(|part| &part.diagnostics)
    }

    /// Returns the names of the files whose diagnostics may differ from those of an older snapshot.
    pub fn changed_since(&self, old: Option<&Snapshot>) -> BTreeSet<String> {
        let old = old.map_or(&[][..], |old| &old.parts);
        let count = old.len().max(self.parts.len());
        let pairs = (0..count).map(|at| (old.get(at), self.parts.get(at)));
        let is_kept = |pair: &(Option<&Arc<Part>>, Option<&Arc<Part>>)| {
            pair.0.zip(pair.1).is_some_and(|(old, new)| Arc::ptr_eq(old, new))
        };
        let changed = pairs.filter(|pair| !is_kept(pair));
        let parts = changed.flat_map(|(old, new)| old.into_iter().chain(new));
        parts.flat_map(|part| part.diagnostics.keys().cloned()).collect()
    }

    /// Whether the application of a file has been analysed since an older snapshot.
    pub fn has_changed(&self, old: Option<&Snapshot>, name: &str) -> bool {
        let part = |of: &Snapshot| {
            of.applications.file(name).and_then(|file| of.part(file)).map(Arc::as_ptr)
        };
        old.and_then(part) != part(self)
    }
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
    /// The files that the last walk could not read, by name.
    unread: Arc<BTreeSet<String>>,
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
        let mut is_changed = task.is_due || is_elsewhere;
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

    /// Runs the rules, unless that is outdated before they have run over the whole project.
    pub fn check(
        &self,
        options: &Options,
        is_outdated: &(dyn Fn() -> bool + Sync),
    ) -> Option<Applications> {
        let mut options = options.clone();
        options.config.unread = Arc::clone(&self.unread);
        self.workspace.check_unless(&options, is_outdated)
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
                return is_pipeline(&path);
            }
            let is_folder = path.is_dir();
            let is_wanted = match is_folder {
                true => !is_left_out(file_name),
                false => {
                    belongs(&path)
                        || is_script(&path)
                        || holds_objects(&path)
                        || self.is_built(name)
                }
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
        // What is written while the file is being read makes another stamp.
        let stamp = stamp(&path);
        if self.on_disk.contains_key(name)
            && stays_inside(&path, root)
            && let Ok(loaded) = load(&path, name)
        {
            self.on_disk.insert(name.to_owned(), stamp);
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
                let is_there = |it: &&Unreadable| it.path.exists();
                let unread = walk.unreadable.iter().filter(is_there);
                self.unread = Arc::new(unread.map(|it| name_below(root, &it.path)).collect());
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

#[cfg(test)]
mod tests {
    use crate::requests::testing::Typist;
    use plimsoll_core::{Config, File, Options, analyze};
    use std::collections::BTreeMap;

    const WEB: &str = "services:\n  web:\n    image: nginx:1.27\n    ports:\n      - \"80:80\"\n    depends_on: [db]\n  db:\n    image: postgres:16\n";
    const APP: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - name: web\n          image: nginx:1.27\n";
    const LINES: [&str; 8] = [
        "    image: redis:7\n",
        "    restart: always\n",
        "      - \"5432:5432\"\n",
        "  other: {image: a}\n",
        "# plimsoll: ignore PLM802\n",
        "    environment: {A: $B}\n",
        "---\n",
        "  name: web\n",
    ];

    /// Whatever is typed, opened, closed and deleted, what is found in the end is what is found in the same files by
    /// a fresh analysis, and so it is in between wherever no file is broken.
    #[test]
    fn thousands_of_edits_leave_what_a_fresh_analysis_finds() {
        let mut seed = 11_u32;
        let mut random = |below: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % below
        };
        let start = [("compose.yaml", WEB), ("k8s/app.yaml", APP), ("b/compose.yaml", WEB)];
        let mut typist = Typist::new(&start);
        let mut compared = 0;
        for step in 0..2000 {
            let name = start[random(start.len())].0;
            let line = random(typist.lines(name));
            match random(20) {
                0 => typist.close(name),
                1 => typist.open(name, start[random(start.len())].1),
                2..=9 => typist.delete_line(name, line),
                _ => typist.insert_line(name, line, LINES[random(LINES.len())]),
            }
            if random(4) == 0 {
                typist.analyse();
            }
            if step % 50 == 49 {
                typist.analyse();
                compared += usize::from(same(&typist, false));
            }
        }
        // Each file is written anew, as somebody who has finished would leave it.
        for (name, text) in start {
            typist.open(name, text);
        }
        typist.analyse();
        assert!(same(&typist, true));
        assert!(compared > 3, "{compared}");
    }

    type Found = BTreeMap<(String, usize, &'static str), String>;

    /// Compares what is found with a fresh analysis. Returns false where a file is broken, since what is read of a
    /// broken file depends on where it was edited.
    fn same(typist: &Typist, must_be_whole: bool) -> bool {
        let files: Vec<File> =
            typist.texts().into_iter().map(|(name, text)| File::new(name, text)).collect();
        let fresh = analyze(
            &files,
            &Options { leave_fixes_untried: true, config: Config::default(), ..Options::default() },
        );
        let found = |report: &plimsoll_core::Report| -> Found {
            let findings = report.findings.iter().map(|it| {
                let path = report.entry(it.span.file).file.path.to_string();
                ((path, it.span.start as usize, it.code), it.message.clone())
            });
            findings.collect()
        };
        let applications = &typist.latest().applications.all;
        let kept: Found = applications.iter().flat_map(|it| found(&it.report)).collect();
        let fresh = found(&fresh);
        let is_broken = fresh.keys().chain(kept.keys()).any(|it| it.2 == "PLM001");
        if is_broken && !must_be_whole {
            return false;
        }
        assert_eq!(kept, fresh);
        true
    }
}
