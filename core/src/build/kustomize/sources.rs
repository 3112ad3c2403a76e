//! The files of a project, and what a path in one of them leads to.

use super::inline;
use super::value::{Budget, Value};
use crate::build::helm::{ChartFile, Content};
use crate::syntax::{self, Tree};
use crate::text::{FileId, folder_of, join_path};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A file of the project.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'s> {
    pub id: FileId,
    /// Path with `/` separators, relative to the project's root.
    pub path: &'s str,
    pub text: &'s Arc<str>,
    /// The documents, where the file was read as YAML already.
    pub tree: Option<&'s Tree>,
    /// The bytes of a file that is not text.
    pub bytes: Option<&'s [u8]>,
    /// Whether only the path of the file is known, so that nothing is built for its own sake.
    pub is_neighbour: bool,
}

impl SourceFile<'_> {
    /// Returns the file as one of a chart in this folder.
    pub fn in_chart(&self, folder: &str) -> ChartFile {
        let path = self.path.strip_prefix(folder).unwrap_or(self.path).trim_start_matches('/');
        let content = match self.bytes {
            Some(bytes) => Content::Archive(bytes.into()),
            None => Content::Text(Arc::clone(self.text)),
        };
        ChartFile { path: path.to_owned(), file: self.id, content }
    }
}

/// The files of a project by path. What is not among them does not exist for a build.
#[derive(Debug, Default)]
pub struct Sources<'s> {
    files: Vec<SourceFile<'s>>,
    by_path: FxHashMap<&'s str, usize>,
    by_id: FxHashMap<FileId, usize>,
    folders: FxHashSet<&'s str>,
}

/// What a path in a kustomization leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'f, 's> {
    File(&'f SourceFile<'s>),
    Folder,
    /// Nothing, or nothing that was handed over.
    Missing,
    /// Outside of the project.
    Outside,
    /// Something that would have to be fetched.
    Remote,
}

/// The names of a kustomization file; a folder may have one of them.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

impl<'s> Sources<'s> {
    pub fn new(files: impl IntoIterator<Item = SourceFile<'s>>) -> Sources<'s> {
        let mut sources = Sources::default();
        for file in files {
            let at = sources.files.len();
            sources.by_path.insert(file.path, at);
            sources.by_id.insert(file.id, at);
            let mut folder = file.path;
            while !folder.is_empty() {
                folder = folder_of(folder);
                if !sources.folders.insert(folder) {
                    break;
                }
            }
            sources.files.push(file);
        }
        sources
    }

    pub fn file(&self, path: &str) -> Option<&SourceFile<'s>> {
        self.by_path.get(path).map(|at| &self.files[*at])
    }

    pub fn by_id(&self, id: FileId) -> Option<&SourceFile<'s>> {
        self.by_id.get(&id).map(|at| &self.files[*at])
    }

    /// Returns the files below a folder.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = &SourceFile<'s>> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.files.iter().filter(move |file| file.path.starts_with(&prefix))
    }

    /// Returns the kustomization files of a folder; more than one is a mistake.
    pub(super) fn kustomizations(&self, folder: &str) -> Vec<&SourceFile<'s>> {
        NAMES.iter().filter_map(|name| self.file(&join_path(folder, name))).collect()
    }

    /// Returns the folders that have a kustomization file, sorted.
    pub fn kustomization_folders(&self) -> Vec<&'s str> {
        let files = self.files.iter().filter(|file| !file.is_neighbour).map(|file| file.path);
        let named = files.filter(|path| NAMES.contains(&crate::text::name_of(path)));
        let mut folders: Vec<&str> = named.map(folder_of).collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    /// Resolves a path from a folder; the string is the path from the project's root.
    pub(super) fn find<'f>(&'f self, folder: &str, path: &str) -> (Found<'f, 's>, String) {
        if is_remote(path) {
            return (Found::Remote, path.to_owned());
        }
        if path.starts_with(['/', '\\']) {
            return (Found::Outside, path.to_owned());
        }
        let full = join_path(folder, path);
        // A project that was handed over from beside it has names that begin with `..`.
        let found = if let Some(file) = self.file(&full) {
            Found::File(file)
        } else if self.folders.contains(full.as_str()) {
            Found::Folder
        } else if full.starts_with("..") {
            Found::Outside
        } else {
            Found::Missing
        };
        (found, full)
    }

    /// Reads the documents of a file; the flag says whether all of them can be read as they are.
    pub(super) fn documents(
        &self,
        file: &SourceFile<'s>,
        budget: &mut Budget,
    ) -> (Vec<Value>, bool) {
        match file.tree {
            Some(tree) => read(tree, budget),
            None => read(&syntax::parse(file.id, file.text, None).0, budget),
        }
    }

    /// Reads the documents of a text inside a kustomization, with spans in that file.
    pub(super) fn inline(&self, scalar: &Value, budget: &mut Budget) -> (Vec<Value>, bool) {
        let text: Arc<str> = scalar.as_str().unwrap_or_default().into();
        let (tree, _) = syntax::parse(scalar.span.file, &text, None);
        let (mut documents, whole) = read(&tree, budget);
        let source = self.by_id(scalar.span.file).map_or("", |file| file.text);
        let places = inline::Places::new(scalar, source);
        documents.iter_mut().for_each(|document| places.map(document));
        (documents, whole)
    }
}

fn read(tree: &Tree, budget: &mut Budget) -> (Vec<Value>, bool) {
    let mut whole =
        tree.documents.iter().all(|document| !document.broken && !document.is_repaired());
    let mut documents = Vec::new();
    for root in tree.roots() {
        match Value::read(root, budget) {
            Some(value) if value.is_null() => {}
            Some(value) => documents.push(value),
            None => whole = false,
        }
    }
    (documents, whole)
}

/// Whether a path is that of a kustomization file.
pub fn is_kustomization(path: &str) -> bool {
    NAMES.contains(&crate::text::name_of(path))
}

/// Whether a path names something outside of the file system: a URL or a repository.
fn is_remote(path: &str) -> bool {
    let host = path.split('/').next().unwrap_or(path);
    path.contains("://")
        || path.contains("?ref=")
        || path.starts_with("git@")
        || path.starts_with("git::")
        || path.ends_with(".git")
        || path.contains(".git/")
        || matches!(host, "github.com" | "gitlab.com" | "bitbucket.org")
}
