//! Files that a change deletes, and what is found only since they are gone.
//!
//! A finding about something that is missing points at what is still there, so that the paths of a change do not lead to
//! it. The project is analysed once more with the deleted files: what is not found then comes from the deletion.

use crate::filter::git;
use crate::input::Project;
use plimsoll_core::report::{Finding, Identity, Report};
use plimsoll_core::text::{name_of, normalise_path};
use plimsoll_core::{File, Options, Workspace};
use plimsoll_files::{belongs, is_build_file, is_outside_walk, is_pipeline, load_from};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Maximum number of deleted files that are read from git.
const MAX_FILES: usize = 1_000;

/// The files that a change deletes.
pub struct Gone {
    /// The root of the working tree.
    pub root: PathBuf,
    /// A revision of git in which they are still there.
    pub revision: String,
    pub files: BTreeSet<PathBuf>,
    /// The files and folders that the project is read from, as they were given.
    pub given: Vec<PathBuf>,
}

/// What is found in a project whose deleted files are still there.
pub struct Before(HashSet<Identity>);

impl Before {
    /// Whether a finding, or one that it stands for, comes from the deletion.
    pub fn lacks(&self, report: &Report, finding: &Finding) -> bool {
        Identity::all_of(report, finding).iter().any(|it| !self.0.contains(it))
    }
}

impl Gone {
    /// Analyses the project with the deleted files. `is_changed` says whether the change is about a path. Where no
    /// deleted file would be read, there is nothing to know.
    pub fn before(
        &self,
        project: &Project,
        workspace: &mut Workspace,
        options: &Options,
        is_changed: &dyn Fn(&Path) -> bool,
    ) -> Option<Before> {
        let restored: Vec<File> = self.restored(project);
        if restored.is_empty() {
            return None;
        }
        // A file that was moved is in one place only.
        let is_moved = |file: &&File| {
            restored.iter().any(|it| it.text == file.text) && is_changed(Path::new(&*file.path))
        };
        let moved: Vec<&File> =
            project.sources.iter().map(|it| &it.file).filter(is_moved).collect();
        moved.iter().for_each(|file| workspace.remove(&file.path));
        restored.iter().for_each(|file| workspace.set_file(file.clone()));
        let mut options = Options { leave_fixes_untried: true, ..options.clone() };
        let baseline = options.config.baseline.take();
        options.config.baseline = baseline.map(|it| Arc::new((*it).clone().splitting()));
        let report = workspace.report(&options);
        restored.iter().for_each(|file| workspace.remove(&file.path));
        moved.into_iter().for_each(|file| workspace.set_file(file.clone()));
        let found = report.findings.iter().flat_map(|it| Identity::all_of(&report, it));
        Some(Before(found.collect()))
    }

    /// Reads the deleted files that would be part of the project.
    fn restored(&self, project: &Project) -> Vec<File> {
        let named = self.named(project);
        let built: HashSet<&Path> = {
            let sources = project.sources.iter().filter_map(|it| it.path.as_deref());
            let all = sources.chain(self.files.iter().map(PathBuf::as_path));
            all.filter(|it| is_build_file(it)).filter_map(Path::parent).collect()
        };
        let is_read = |name: &str, path: &Path| {
            belongs(path)
                || path.extension().is_some_and(|it| it == "json")
                || named.contains(name_of(name))
                || path.ancestors().chain(Path::new(name).ancestors()).any(|it| built.contains(it))
        };
        let files = self.files.iter().filter_map(|path| Some((self.name(path)?, path)));
        let files = files.filter(|(name, path)| is_read(name, path)).take(MAX_FILES);
        let read = |(name, path): (String, &PathBuf)| {
            let below = path.strip_prefix(&self.root).ok()?;
            let below = normalise_path(&below.to_string_lossy());
            // A submodule is no file.
            let bytes = git(&self.root, &["show", &format!("{}:{below}", self.revision)]).ok()?;
            let file = load_from(bytes.as_slice(), &name).ok()?.file;
            let is_json = name.ends_with(".json") && !named.contains(name_of(&name));
            let holds_objects =
                || ["\"apiVersion\"", "\"kind\""].iter().all(|key| file.text.contains(key));
            (!is_json || holds_objects()).then_some(file)
        };
        files.filter_map(read).collect()
    }

    /// Returns the name under which the project would have a file.
    fn name(&self, path: &Path) -> Option<String> {
        let name = self.given.iter().find_map(|given| {
            let folder = match given.is_dir() {
                true => given.as_path(),
                false => given.parent()?,
            };
            let folder = if folder == Path::new("") { Path::new(".") } else { folder };
            let root = folder.canonicalize().ok()?;
            let is_entered = !is_outside_walk(&root, path) || is_pipeline(path);
            let below = path.strip_prefix(root).ok().filter(|_| is_entered)?;
            Some(folder.join(below))
        })?;
        Some(normalise_path(&name.to_string_lossy()))
    }

    /// Returns the names of deleted files that some file of the project mentions, as an env file or a script.
    fn named(&self, project: &Project) -> HashSet<&str> {
        let names: HashSet<&str> =
            self.files.iter().filter_map(|it| it.file_name()?.to_str()).collect();
        let ends = |letter: char| !letter.is_alphanumeric() && !"._-".contains(letter);
        let words = project.sources.iter().flat_map(|it| it.file.text.split(ends));
        words.filter_map(|word| names.get(word).copied()).collect()
    }
}
