//! The server's state, which handlers change and the worker reads: open documents, workspace
//! folders, configuration and pending work.

use crate::convert::{self, Addresses};
use crate::project::Snapshot;
use plimsoll_core::Config;
use plimsoll_core::text::{Encoding, normalise_path};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};
use tower_lsp_server::ls_types::{TextDocumentContentChangeEvent, Uri};

/// Where a file belongs: the root folder of its project, and its name within the project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub root: PathBuf,
    /// Path below the root with `/`, as the report gives it.
    pub name: String,
}

#[derive(Debug)]
pub struct Document {
    pub uri: Uri,
    pub version: i32,
    pub text: String,
    pub place: Place,
}

/// What the client says that it can do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Features {
    /// Whether the client accepts edits that name the version they are meant for.
    pub versioned_edits: bool,
    /// Whether the client answers `workspace/configuration`.
    pub configuration: bool,
    /// Whether the client watches files when the server registers for them.
    pub watchers: bool,
}

#[derive(Debug, Default)]
pub struct State {
    /// Whether the client has sent `initialized`, so that it accepts notifications.
    pub ready: bool,
    pub encoding: Option<Encoding>,
    pub features: Features,
    pub roots: Vec<PathBuf>,
    pub documents: HashMap<Uri, Document>,
    pub config: Config,
    /// The newest snapshot of each project.
    pub snapshots: HashMap<PathBuf, Arc<Snapshot>>,
    /// Names of the files that changed, by project. A project without names is analysed again with
    /// the files that it has.
    pending: BTreeMap<PathBuf, BTreeSet<String>>,
    /// Projects that nobody looks at any more.
    closed: BTreeSet<PathBuf>,
    /// Number of changes so far, by which a request waits for the analysis of what was typed before.
    changes: u64,
}

/// How a file changed.
#[derive(Debug, Clone)]
pub enum Change {
    /// In the editor, whose text takes precedence over the disk.
    Text(Arc<str>),
    /// On disk, where it was written or deleted.
    Disk,
}

/// Everything that is pending, which the worker takes at once.
#[derive(Debug)]
pub struct Work {
    pub projects: Vec<Task>,
    pub closed: BTreeSet<PathBuf>,
    pub config: Config,
    pub encoding: Encoding,
    pub changes: u64,
}

/// One project to bring up to date.
#[derive(Debug)]
pub struct Task {
    pub root: PathBuf,
    /// Number of folder levels to walk: 1 for the folder of a single opened file, no limit for a
    /// workspace folder.
    pub depth: Option<usize>,
    pub changed: Vec<(String, Change)>,
    pub addresses: Addresses,
}

#[derive(Debug)]
pub struct Shared {
    state: Mutex<State>,
    pub wake: Notify,
    /// Number of changes that the newest reports include.
    pub done: watch::Sender<u64>,
    /// Whether the client has sent `shutdown`.
    pub orderly: AtomicBool,
}

impl Default for Shared {
    fn default() -> Self {
        Shared {
            state: Mutex::default(),
            wake: Notify::new(),
            done: watch::Sender::new(0),
            orderly: AtomicBool::new(false),
        }
    }
}

impl Shared {
    /// Locks the state. No code panics while it holds the lock; if some did, the state would still
    /// be the best that there is.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes the worker. Never awaits, so that changes keep their order.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.changes += 1;
        drop(state);
        self.wake.notify_one();
    }

    /// Waits until every change so far has been analysed, for at most two seconds.
    pub async fn settled(&self) {
        let wanted = self.lock().changes;
        let mut done = self.done.subscribe();
        let wait = done.wait_for(|it| *it >= wanted);
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), wait).await;
    }
}

impl State {
    pub fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or(Encoding::Utf16)
    }

    /// Returns where a file belongs: to the innermost workspace folder around it, else to the folder
    /// that it lies in. A document that is not a file (yet) is a project of its own.
    pub fn place(&self, uri: &Uri) -> Place {
        let file = uri.scheme().as_str() == "file";
        let path = uri.to_file_path().filter(|_| file);
        let Some(path) = path else {
            let name = normalise_path(uri.path().decode().to_string_lossy().as_ref());
            let name = name.trim_start_matches('/').to_owned();
            return Place { root: PathBuf::from(uri.as_str()), name };
        };
        let around = self.roots.iter().filter(|it| path.starts_with(it));
        let root = around.max_by_key(|it| it.as_os_str().len()).cloned();
        let root = root.or_else(|| path.parent().map(Path::to_owned)).unwrap_or_default();
        let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy();
        Place { name: normalise_path(&name), root }
    }

    /// Returns the addresses of a project's files.
    pub fn addresses(&self, root: &Path) -> Addresses {
        let documents = self.documents.values().filter(|it| it.place.root == root);
        let open = documents.map(|it| (it.place.name.clone(), (it.uri.clone(), it.version)));
        Addresses { root: root.to_owned(), open: open.collect() }
    }

    pub fn touch(&mut self, place: Place) {
        self.pending.entry(place.root).or_default().insert(place.name);
    }

    /// Has every project analysed again, for instance because the configuration changed.
    pub fn touch_all(&mut self) {
        let places = self.documents.values().map(|it| it.place.root.clone());
        let all: Vec<PathBuf> = self
            .roots
            .iter()
            .cloned()
            .chain(places)
            .chain(self.snapshots.keys().cloned())
            .collect();
        for root in all {
            self.pending.entry(root).or_default();
        }
    }

    pub fn open(&mut self, uri: Uri, version: i32, text: String) {
        let place = self.place(&uri);
        self.touch(place.clone());
        self.documents.insert(uri.clone(), Document { uri, version, text, place });
    }

    pub fn edit(&mut self, uri: &Uri, version: i32, changes: Vec<TextDocumentContentChangeEvent>) {
        let encoding = self.encoding();
        let Some(document) = self.documents.get_mut(uri) else { return };
        for change in changes {
            document.text = convert::changed(&document.text, change, encoding);
        }
        document.version = version;
        let place = document.place.clone();
        self.touch(place);
    }

    pub fn close(&mut self, uri: &Uri) {
        let Some(document) = self.documents.remove(uri) else { return };
        let root = document.place.root.clone();
        self.touch(document.place);
        let rooted = self.roots.contains(&root);
        if !rooted && !self.documents.values().any(|it| it.place.root == root) {
            // Nobody looks at this folder any more.
            self.pending.remove(&root);
            self.closed.insert(root);
        }
    }

    /// Records that a file changed on disk. A file that is open in the editor is not affected.
    pub fn disk_changed(&mut self, uri: &Uri) {
        let place = self.place(uri);
        let ours = self.roots.contains(&place.root) || self.snapshots.contains_key(&place.root);
        if ours && !self.documents.values().any(|it| it.place == place) {
            self.touch(place);
        }
    }

    /// Replaces the workspace folders and moves open documents to the projects that now contain
    /// them.
    pub fn set_roots(&mut self, roots: Vec<PathBuf>) {
        let old = mem::replace(&mut self.roots, roots);
        let uris: Vec<Uri> = self.documents.keys().cloned().collect();
        let mut left: BTreeSet<PathBuf> = old.into_iter().collect();
        for uri in uris {
            let place = self.place(&uri);
            if let Some(document) = self.documents.get_mut(&uri) {
                left.insert(mem::replace(&mut document.place, place.clone()).root);
            }
            self.touch(place);
        }
        for root in self.roots.clone() {
            self.pending.entry(root).or_default();
        }
        for root in left {
            let used = self.documents.values().any(|it| it.place.root == root);
            if !used && !self.roots.contains(&root) {
                self.pending.remove(&root);
                self.closed.insert(root);
            }
        }
    }

    /// Takes all pending work, or `None` when nothing is pending. `known` says whether the worker
    /// already has a project.
    pub fn take(&mut self, known: impl Fn(&Path) -> bool) -> Option<Work> {
        if !self.ready || (self.pending.is_empty() && self.closed.is_empty()) {
            return None;
        }
        let pending = mem::take(&mut self.pending);
        let closed = mem::take(&mut self.closed);
        for root in &closed {
            self.snapshots.remove(root);
        }
        let projects = pending.into_iter().map(|(root, names)| self.task(root, names, &known));
        Some(Work {
            projects: projects.collect(),
            closed,
            config: self.config.clone(),
            encoding: self.encoding(),
            changes: self.changes,
        })
    }

    fn task(&self, root: PathBuf, names: BTreeSet<String>, known: impl Fn(&Path) -> bool) -> Task {
        // A project that is read for the first time needs the text of every open document.
        let fresh = !known(&root);
        let documents = self.documents.values().filter(|it| it.place.root == root);
        let wanted = documents.filter(|it| fresh || names.contains(&it.place.name));
        let mut changed: Vec<(String, Change)> = wanted
            .map(|it| (it.place.name.clone(), Change::Text(Arc::from(it.text.as_str()))))
            .collect();
        let addresses = self.addresses(&root);
        let on_disk = names.into_iter().filter(|it| !addresses.open.contains_key(it));
        changed.extend(on_disk.map(|it| (it, Change::Disk)));
        changed.sort_by(|a, b| a.0.cmp(&b.0));
        let depth = (!self.roots.contains(&root)).then_some(1);
        Task { root, depth, changed, addresses }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn uri(text: &str) -> Uri {
        Uri::from_str(text).unwrap()
    }

    fn state(roots: &[&str]) -> State {
        State { ready: true, roots: roots.iter().map(PathBuf::from).collect(), ..State::default() }
    }

    #[test]
    fn a_file_belongs_to_the_innermost_folder_around_it() {
        let state = state(&["/w", "/w/sub"]);
        let place = |it| {
            let place = state.place(&uri(it));
            (place.root.to_string_lossy().into_owned(), place.name)
        };
        assert_eq!(place("file:///w/a%20b.yaml"), ("/w".into(), "a b.yaml".into()));
        assert_eq!(place("file:///w/sub/k/a.yaml"), ("/w/sub".into(), "k/a.yaml".into()));
        assert_eq!(place("file:///other/a.yaml"), ("/other".into(), "a.yaml".into()));
        assert_eq!(place("untitled:Untitled-1").1, "Untitled-1");
    }

    #[test]
    fn the_editors_text_wins_over_the_disk() {
        let mut state = state(&["/w"]);
        state.open(uri("file:///w/a.yaml"), 1, "a: 1".into());
        state.disk_changed(&uri("file:///w/a.yaml"));
        state.disk_changed(&uri("file:///w/b.yaml"));
        let work = state.take(|_| true).unwrap();
        let task = &work.projects[0];
        assert!(
            matches!(&task.changed[0], (name, Change::Text(it)) if name == "a.yaml" && &**it == "a: 1")
        );
        assert!(matches!(&task.changed[1], (name, Change::Disk) if name == "b.yaml"));
        assert!(state.take(|_| true).is_none());
    }

    #[test]
    fn a_fresh_project_gets_every_open_text() {
        let mut state = state(&["/w"]);
        state.open(uri("file:///w/a.yaml"), 1, "a: 1".into());
        assert!(state.take(|_| false).is_some());
        state.open(uri("file:///w/b.yaml"), 1, "b: 1".into());
        assert_eq!(state.take(|_| false).unwrap().projects[0].changed.len(), 2);
        state.edit(&uri("file:///w/b.yaml"), 2, vec![]);
        assert_eq!(state.take(|_| true).unwrap().projects[0].changed.len(), 1);
    }

    #[test]
    fn a_folder_that_nobody_looks_at_is_closed() {
        let mut state = state(&["/w"]);
        state.open(uri("file:///x/a.yaml"), 1, String::new());
        let _ = state.take(|_| false);
        state.close(&uri("file:///x/a.yaml"));
        let work = state.take(|_| true).unwrap();
        assert!(work.projects.is_empty() && work.closed.contains(Path::new("/x")));
    }

    #[test]
    fn documents_move_with_the_workspace_folders() {
        let mut state = state(&["/w"]);
        let file = uri("file:///w/sub/a.yaml");
        state.open(file.clone(), 1, "a: 1".into());
        let _ = state.take(|_| false);
        state.set_roots(vec![PathBuf::from("/w/sub")]);
        let work = state.take(|it| it == Path::new("/w")).unwrap();
        assert_eq!(state.documents[&file].place.name, "a.yaml");
        assert!(work.closed.contains(Path::new("/w")));
        let [task] = work.projects.as_slice() else { panic!("{work:?}") };
        assert_eq!((task.root.as_path(), task.depth), (Path::new("/w/sub"), None));
        assert_eq!(task.changed.len(), 1, "the new project gets the open text");
    }
}
