//! The files of a project as an editor changes them: only what changed is read again.
//!
//! The first stage ([`FileModel::read`]) sees one file and may run anywhere, on any thread; the
//! second ([`Analysis`]) sees the results of the first.

use crate::analysis::{Analysis, Applications, Cache, Kept, Options};
use crate::config::Config;
use crate::model::FileModel;
use crate::report::Report;
use crate::text::{File, FileId};
use rustc_hash::FxHashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The files of a project, each read once. What is said about them does not depend on the order in which they
/// came.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The files in the order in which they came, each with the id that it had when it was read.
    files: Vec<Arc<FileModel>>,
    /// The files by path, each with its index as its id; set where `files` are not so already.
    in_order: OnceLock<Vec<Arc<FileModel>>>,
    /// The index in `files` of each path.
    by_path: FxHashMap<Arc<str>, usize>,
    /// Build cache of the last snapshot.
    cache: Mutex<Cache>,
    /// State kept from the last check.
    kept: Mutex<Kept>,
}

impl Workspace {
    /// Creates a workspace of files that were read elsewhere, for example by several threads. Each
    /// must have been read with its index in the list as its [`FileId`], and all paths must differ.
    pub fn from_models(files: Vec<FileModel>) -> Workspace {
        let files: Vec<Arc<FileModel>> = files.into_iter().map(Arc::new).collect();
        let by_path =
            files.iter().enumerate().map(|(at, it)| (Arc::clone(&it.file.path), at)).collect();
        Workspace { files, by_path, ..Workspace::default() }
    }

    /// Adds a file, or replaces the text of the file at this path.
    pub fn set(&mut self, path: &str, text: impl Into<Arc<str>>) {
        self.set_file(File::new(path, text));
    }

    /// Adds a file, or replaces the file at the same path.
    pub fn set_file(&mut self, file: File) {
        self.keep_order();
        match self.by_path.get(&file.path) {
            Some(&at) => {
                let old = &self.files[at];
                if old.file == file {
                    return;
                }
                let edited = edited_range(&old.file.text, &file.text);
                self.files[at] = Arc::new(FileModel::read(old.id, file, Some(edited)));
            }
            None => {
                let at = self.files.len();
                self.by_path.insert(Arc::clone(&file.path), at);
                self.files.push(Arc::new(FileModel::read(id_of(at), file, None)));
            }
        }
    }

    /// Removes a file.
    pub fn remove(&mut self, path: &str) {
        self.keep_order();
        let path = crate::text::normalise_path(path);
        let Some(at) = self.by_path.remove(path.as_str()) else { return };
        self.files.swap_remove(at);
        if let Some(moved) = self.files.get(at) {
            self.by_path.insert(Arc::clone(&moved.file.path), at);
        }
    }

    /// Returns the files by path. Every span in a model carries the index of its file, so that files which
    /// have moved are read again.
    fn in_order(&self) -> &[Arc<FileModel>] {
        let is_in_place = |(at, file): (usize, &Arc<FileModel>)| file.id == id_of(at);
        if self.files.is_sorted_by(|a, b| a.file.path < b.file.path)
            && self.files.iter().enumerate().all(is_in_place)
        {
            return &self.files;
        }
        self.in_order.get_or_init(|| {
            let mut files = self.files.clone();
            files.sort_by(|a, b| a.file.path.cmp(&b.file.path));
            for (at, file) in files.iter_mut().enumerate().filter(|it| !is_in_place((it.0, it.1))) {
                *file = Arc::new(FileModel::read(id_of(at), file.file.clone(), None));
            }
            files
        })
    }

    /// Goes on with the files in the order of the last snapshot.
    fn keep_order(&mut self) {
        if let Some(files) = self.in_order.take() {
            self.by_path.clear();
            let paths = files.iter().map(|file| Arc::clone(&file.file.path));
            self.by_path.extend(paths.zip(0..));
            self.files = files;
        }
    }

    /// The files, in no particular order.
    pub fn files(&self) -> impl ExactSizeIterator<Item = &File> {
        self.files.iter().map(|it| &it.file)
    }

    /// Returns a file by the id that it has in snapshots.
    pub fn file(&self, id: FileId) -> &FileModel {
        &self.in_order()[id.index()]
    }

    /// Takes a snapshot of the files as they are now. `config` is laid over their `plimsoll.yaml`.
    pub fn analysis(&self, config: &Config) -> Analysis {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        Analysis::again(self.in_order().to_vec(), config, &mut cache)
    }

    /// Runs the rules over the files as they are now. After an edit, only the applications that it concerns
    /// are analysed again.
    pub fn check(&self, options: &Options) -> Applications {
        self.check_unless(options, &|| false).unwrap_or_default()
    }

    /// Runs the rules over the files as they are now, unless that is outdated before the last rule has run.
    pub fn check_unless(
        &self,
        options: &Options,
        is_outdated: &(dyn Fn() -> bool + Sync),
    ) -> Option<Applications> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.check(self.in_order(), options, is_outdated)
    }

    /// Analyses the files as they are now.
    pub fn report(&self, options: &Options) -> Report {
        self.analysis(&options.config).report(options)
    }
}

fn id_of(at: usize) -> FileId {
    FileId(u32::try_from(at).unwrap_or(u32::MAX))
}

/// Returns the range of the new text that differs from the old one.
fn edited_range(old: &str, new: &str) -> Range<usize> {
    let prefix = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - prefix;
    let suffix =
        old.bytes().rev().zip(new.bytes().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let start = crate::text::floor_boundary(new, prefix);
    let end = new.len() - suffix;
    start..crate::text::floor_boundary(new, end).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_after_others_went() {
        let mut workspace = Workspace::default();
        for name in ["a.yaml", "b.yaml", "c.yaml"] {
            workspace.set(name, "a: 1\n");
        }
        workspace.remove("a.yaml");
        workspace.remove("a.yaml");
        workspace.set("c.yaml", "c: 2\n");
        workspace.set("a.yaml", "a: 3\n");
        workspace.remove("b.yaml");
        let files: Vec<_> = workspace.files().map(|it| (&*it.path, &*it.text)).collect();
        assert_eq!(files, [("c.yaml", "c: 2\n"), ("a.yaml", "a: 3\n")]);
        let analysis = workspace.analysis(&Config::default());
        let files: Vec<_> = analysis.files().iter().map(|it| (it.id.0, it.path())).collect();
        assert_eq!(files, [(0, "a.yaml"), (1, "c.yaml")]);
        assert_eq!(workspace.file(FileId(1)).text(), "c: 2\n");
        workspace.remove("c.yaml");
        workspace.set("a.yaml", "a: 4\n");
        assert_eq!(workspace.files().map(|it| &*it.text).collect::<Vec<_>>(), ["a: 4\n"]);
    }

    #[test]
    fn an_edit_is_what_differs() {
        assert_eq!(edited_range("a: 1\nb: 2\n", "a: 1\nb: 23\n"), 9..10);
        assert_eq!(edited_range("aa", "a"), 1..1);
        assert_eq!(edited_range("ü", "ö"), 0..2);
    }

    #[cfg(feature = "targets")]
    #[test]
    fn a_chart_is_read_again_after_any_of_its_files_changed() {
        let template = "kind: ConfigMap\nmetadata: {name: web}\ndata: {a: '{{ .Values.a }}'}\n";
        let helper = "{{ define \"library.b\" }}{{ .Values.b }}{{ end }}\n";
        let uses_helper = format!("{template}# {{{{ include \"library.b\" . }}}}\n");
        let dependency = "dependencies: [{name: library, repository: 'file://../library'}]\n";
        let chart = format!("apiVersion: v2\nname: shop\nversion: 1.0.0\n{dependency}");
        let library = "apiVersion: v2\nname: library\nversion: 1.0.0\ntype: library\n";
        let edits = [
            ("shop/Chart.yaml", chart.as_str()),
            ("shop/values.yaml", "a: 1\n"),
            ("shop/templates/web.yaml", template),
            ("library/Chart.yaml", library),
            ("library/templates/_b.tpl", helper),
            ("shop/templates/web.yaml", &uses_helper),
            ("shop/values.yaml", "a: 1\nb: 1\n"),
            ("library/templates/_b.tpl", ""),
            ("shop/values-prod.yaml", "b: {c: 2}\n"),
            ("shop/values.yaml", "b: 1\n"),
        ];
        let select = vec!["PLM9".to_owned()];
        let options = Options { select, ..Options::default() };
        let said = |report: &Report| -> Vec<(&str, String, Range<usize>, String)> {
            let findings = report.findings.iter().map(|it| {
                let path = report.entry(it.span.file).file.path.to_string();
                (it.code, path, it.span.range(), it.message.clone())
            });
            findings.collect()
        };
        let mut workspace = Workspace::default();
        let mut seen = 0;
        for (path, text) in edits {
            workspace.set(path, text);
            let report = workspace.report(&options);
            let files: Vec<File> = workspace.files().cloned().collect();
            let fresh = crate::analyze(&files, &options);
            assert_eq!(said(&report), said(&fresh), "{path}");
            seen += report.findings.len();
        }
        assert!(seen > 0, "the edits make and mend findings");
    }

    #[test]
    fn removing_a_file_keeps_the_others_in_place() {
        let mut workspace = Workspace::default();
        let broken = |name: &str| format!("services:\n  {name}:\n    image: [\n");
        for name in ["a", "b", "c"] {
            workspace.set(&format!("{name}/compose.yaml"), broken(name));
        }
        workspace.remove("./a/compose.yaml");
        let report = workspace.report(&Options::default());
        let paths: Vec<_> = report
            .findings
            .iter()
            .filter(|it| it.code == "PLM001")
            .map(|it| &*report.entry(it.span.file).file.path)
            .collect();
        assert_eq!(paths, ["b/compose.yaml", "c/compose.yaml"]);
    }
}
