//! The server's state, which handlers change and the workers read: open documents, workspace folders,
//! configuration and, for each project, its newest snapshot and pending work.

use crate::buffer::Buffer;
use crate::capabilities::Features;
use crate::convert::Addresses;
use crate::document::{Document, Place, place};
use crate::project::Snapshot;
use crate::settings::Shown;
use plimsoll_core::text::Encoding;
use plimsoll_core::{Config, Options};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tower_lsp_server::ls_types::{TextDocumentContentChangeEvent, Uri};

#[derive(Debug, Default)]
pub struct State {
    /// Whether the client has sent `initialized`, so that it accepts notifications.
    pub ready: bool,
    pub encoding: Option<Encoding>,
    pub features: Features,
    pub roots: Vec<PathBuf>,
    pub documents: HashMap<Uri, Document>,
    options: Arc<Options>,
    projects: BTreeMap<PathBuf, Slot>,
    /// Number of changes so far, by which a request waits for the analysis of what was typed before.
    changes: u64,
    /// What is wrong with the newest settings.
    pub setting_problems: Vec<String>,
    pub shown: Shown,
    /// Whether the client pulls the diagnostics of all files, so that they are no longer pushed.
    pub pulls_workspace: bool,
}

/// What is known about one project.
#[derive(Debug)]
struct Slot {
    snapshot: Option<Arc<Snapshot>>,
    /// Names of the files that changed, where an analysis is wanted.
    pending: Option<BTreeSet<String>>,
    /// Whether files may have changed on disk without an event.
    is_look_wanted: bool,
    /// Whether nobody looks at the project any more.
    is_closed: bool,
    has_worker: bool,
    /// The number of the newest change of this project.
    changes: u64,
    /// The number of the newest change that the snapshot includes.
    done: watch::Sender<u64>,
    wake: Arc<Notify>,
}

/// How a file changed.
#[derive(Debug, Clone)]
pub enum Change {
    /// In the editor, whose text takes precedence over the disk.
    Text(Arc<str>),
    /// On disk, where it was written or deleted.
    Disk,
}

/// What a worker does next.
#[derive(Debug)]
pub enum Step {
    Analyse(Task),
    Close,
    Wait,
}

/// One project to bring up to date.
#[derive(Debug)]
pub struct Task {
    /// Number of folder levels to walk: 1 for the folder of a single opened file, no limit for a
    /// workspace folder.
    pub depth: Option<usize>,
    /// Workspace folders below the root, whose files are theirs alone.
    pub inner: Vec<PathBuf>,
    pub changed: Vec<(String, Change)>,
    /// Whether an analysis is due even where no file turns out to have changed.
    pub is_due: bool,
    /// Whether to look for files that changed on disk without an event.
    pub look: bool,
    pub addresses: Addresses,
    pub options: Arc<Options>,
    pub encoding: Encoding,
    /// The number of the newest change that this task includes.
    pub changes: u64,
}

#[derive(Debug)]
pub struct Shared {
    state: Mutex<State>,
    /// The number of the change behind the newest diagnostics of any project.
    pub diagnosed: watch::Sender<u64>,
    /// Whether the client has sent `shutdown`.
    pub orderly: AtomicBool,
    /// Wakes the server when the client's process has died.
    pub abandoned: Notify,
}

impl Default for Shared {
    fn default() -> Self {
        Shared {
            state: Mutex::default(),
            diagnosed: watch::Sender::new(0),
            orderly: AtomicBool::new(false),
            abandoned: Notify::new(),
        }
    }
}

impl Shared {
    /// Locks the state. No code panics while it holds the lock; if some did, the state would still
    /// be the best that there is.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every change of a project so far has been analysed, or until the patience ends.
    pub async fn settled(&self, root: &Path, patience: Duration) {
        let (wanted, mut done) = match self.lock().projects.get(root) {
            Some(slot) => (slot.changes, slot.done.subscribe()),
            None => return,
        };
        let _ = tokio::time::timeout(patience, done.wait_for(|it| *it >= wanted)).await;
    }
}

impl Default for Slot {
    fn default() -> Self {
        Slot {
            snapshot: None,
            pending: None,
            is_look_wanted: false,
            is_closed: false,
            has_worker: false,
            changes: 0,
            done: watch::Sender::new(0),
            wake: Arc::default(),
        }
    }
}

impl State {
    pub fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or(Encoding::Utf16)
    }

    /// Returns where a document belongs.
    pub fn place(&self, uri: &Uri) -> Place {
        match self.documents.get(uri) {
            Some(document) => document.place.clone(),
            None => place(&self.roots, uri, ""),
        }
    }

    pub fn snapshot(&self, root: &Path) -> Option<Arc<Snapshot>> {
        self.projects.get(root)?.snapshot.clone()
    }

    pub fn snapshots(&self) -> impl Iterator<Item = (&Path, &Arc<Snapshot>)> {
        self.projects.iter().filter_map(|(root, slot)| Some((&**root, slot.snapshot.as_ref()?)))
    }

    /// Returns the addresses of a project's files.
    pub fn addresses(&self, root: &Path) -> Addresses {
        let documents = self.documents.values().filter(|it| it.place.root == root);
        let open = documents.map(|it| (it.place.name.clone(), (it.uri.clone(), it.version)));
        Addresses { root: root.to_owned(), open: open.collect() }
    }

    fn slot(&mut self, root: &Path) -> &mut Slot {
        self.changes += 1;
        let slot = self.projects.entry(root.to_owned()).or_default();
        slot.is_closed = false;
        slot.changes = self.changes;
        slot
    }

    /// Has a project analysed with its file as it is now.
    fn touch(&mut self, place: Place) {
        self.slot(&place.root).pending.get_or_insert_default().insert(place.name);
    }

    /// Has a project analysed again, for instance because the configuration changed.
    fn touch_project(&mut self, root: &Path) {
        self.slot(root).pending.get_or_insert_default();
    }

    /// Has the disk looked at again where no events say what changes there: no client watches folders outside of
    /// the workspace, and some clients watch no folders at all.
    fn look(&mut self, root: &Path) {
        let is_watched = self.features.watchers && self.roots.iter().any(|it| it == root);
        if !is_watched && root.is_absolute() {
            self.slot(root).is_look_wanted = true;
        }
    }

    /// Replaces the configuration.
    pub fn configure(&mut self, config: Config) {
        if self.options.config == config && self.options.leave_fixes_untried {
            return;
        }
        // A fix in a chart or an overlay is tried by building again, which is too slow for each keystroke.
        self.options =
            Arc::new(Options { config, leave_fixes_untried: true, ..Options::default() });
        self.touch_all();
    }

    fn touch_all(&mut self) {
        let all: Vec<PathBuf> = self.projects.keys().cloned().collect();
        all.iter().for_each(|root| self.touch_project(root));
    }

    /// Records that the client pulls the diagnostics of all files. Those that were pushed before are cleared.
    pub fn pull_workspace(&mut self) {
        let is_news = !mem::replace(&mut self.pulls_workspace, true);
        if is_news && self.snapshots().next().is_some() {
            self.touch_all();
        }
    }

    pub fn open(&mut self, uri: Uri, language: &str, version: i32, text: String) {
        let place = place(&self.roots, &uri, language);
        self.touch(place.clone());
        self.look(&place.root);
        let buffer = Buffer::new(text);
        self.documents.insert(uri.clone(), Document { uri, version, buffer, place });
    }

    pub fn edit(&mut self, uri: &Uri, version: i32, changes: &[TextDocumentContentChangeEvent]) {
        let encoding = self.encoding();
        let Some(document) = self.documents.get_mut(uri) else { return };
        for change in changes {
            document.buffer.change(change, encoding);
        }
        document.version = version;
        let place = document.place.clone();
        self.touch(place);
    }

    pub fn save(&mut self, uri: &Uri) {
        let root = self.place(uri).root;
        if self.projects.contains_key(&root) {
            self.look(&root);
        }
        if !self.documents.contains_key(uri) {
            // A file of a chart in a language that is not ours.
            self.disk_changed([uri.clone()].into_iter());
        }
    }

    pub fn close(&mut self, uri: &Uri) {
        let Some(document) = self.documents.remove(uri) else { return };
        let root = document.place.root.clone();
        self.touch(document.place);
        self.close_if_unused(&root);
    }

    fn close_if_unused(&mut self, root: &Path) {
        let is_used = self.roots.iter().any(|it| it == root)
            || self.documents.values().any(|it| it.place.root == root);
        if !is_used && let Some(slot) = self.projects.get_mut(root) {
            slot.is_closed = true;
        }
    }

    /// Records that files or folders changed on disk. A file that is open in the editor is not affected.
    pub fn disk_changed(&mut self, uris: impl Iterator<Item = Uri>) {
        let open: HashSet<Place> = self.documents.values().map(|it| it.place.clone()).collect();
        for uri in uris {
            let place = place(&self.roots, &uri, "");
            if self.projects.contains_key(&place.root) && !open.contains(&place) {
                self.touch(place);
            }
        }
    }

    /// Replaces the workspace folders and moves open documents to the projects that now contain
    /// them.
    pub fn set_roots(&mut self, roots: Vec<PathBuf>) {
        let mut left: BTreeSet<PathBuf> =
            mem::replace(&mut self.roots, roots).into_iter().collect();
        let uris: Vec<Uri> = self.documents.keys().cloned().collect();
        for uri in uris {
            let new = place(&self.roots, &uri, "");
            let Some(document) = self.documents.get_mut(&uri) else { continue };
            if new.root.is_absolute() && new != document.place {
                let old = mem::replace(&mut document.place, new.clone());
                self.touch(new);
                left.insert(old.root.clone());
                if self.projects.contains_key(&old.root) {
                    self.touch(old);
                }
            }
        }
        // A folder inside of another one takes its files from it, or gives them back.
        for root in self.roots.clone() {
            self.touch_project(&root);
        }
        left.iter().for_each(|root| self.close_if_unused(root));
    }

    /// Wakes the workers of the projects with work to do. Returns the projects that have no worker yet.
    pub fn wake(&mut self) -> Vec<PathBuf> {
        let mut fresh = Vec::new();
        if !self.ready {
            return fresh;
        }
        for (root, slot) in &mut self.projects {
            if slot.pending.is_none() && !slot.is_look_wanted && !slot.is_closed {
                continue;
            }
            slot.wake.notify_one();
            if !mem::replace(&mut slot.has_worker, true) {
                fresh.push(root.clone());
            }
        }
        fresh
    }

    /// Returns what wakes the worker of a project.
    pub fn alarm(&self, root: &Path) -> Arc<Notify> {
        self.projects.get(root).map(|it| Arc::clone(&it.wake)).unwrap_or_default()
    }

    /// Takes the pending work of a project. One that is `fresh` needs the text of every open document.
    pub fn take(&mut self, root: &Path, fresh: bool) -> Step {
        let Some(slot) = self.projects.get_mut(root) else { return Step::Close };
        if slot.is_closed {
            return Step::Close;
        }
        let names = slot.pending.take();
        // What was typed comes first.
        let look =
            names.as_ref().is_none_or(|it| it.is_empty()) && mem::take(&mut slot.is_look_wanted);
        if names.is_none() && !look {
            return Step::Wait;
        }
        let (changes, is_due) = (slot.changes, names.is_some());
        let names = names.unwrap_or_default();
        let addresses = self.addresses(root);
        let documents = self.documents.values().filter(|it| it.place.root == root);
        let wanted = documents.filter(|it| fresh || names.contains(&it.place.name));
        let mut changed: Vec<(String, Change)> = wanted
            .map(|it| (it.place.name.clone(), Change::Text(Arc::clone(it.buffer.text()))))
            .collect();
        let on_disk = names.into_iter().filter(|it| !addresses.open.contains_key(it));
        changed.extend(on_disk.map(|it| (it, Change::Disk)));
        changed.sort_by(|a, b| a.0.cmp(&b.0));
        let inner = self.roots.iter().filter(|it| *it != root && it.starts_with(root));
        Step::Analyse(Task {
            depth: (!self.roots.iter().any(|it| it == root)).then_some(1),
            inner: inner.cloned().collect(),
            changed,
            is_due,
            look,
            addresses,
            options: Arc::clone(&self.options),
            encoding: self.encoding(),
            changes,
        })
    }

    /// Whether a project has changed since its work was taken.
    pub fn has_changed(&self, root: &Path) -> bool {
        self.projects.get(root).is_some_and(|it| it.pending.is_some())
    }

    /// Keeps the newest snapshot of a project, and answers the requests that wait for it.
    pub fn finish(&mut self, root: &Path, snapshot: Option<Arc<Snapshot>>, changes: u64) {
        if let Some(slot) = self.projects.get_mut(root) {
            if snapshot.is_some() {
                slot.snapshot = snapshot;
            }
            slot.done.send_replace(changes);
        }
    }

    /// Forgets a project that is closed. Returns whether it still was.
    pub fn forget(&mut self, root: &Path) -> bool {
        let is_closed = self.projects.get(root).is_none_or(|it| it.is_closed);
        if is_closed {
            self.projects.remove(root);
        }
        is_closed
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
        let mut state = State { ready: true, ..State::default() };
        state.set_roots(roots.iter().map(PathBuf::from).collect());
        state.features.watchers = true;
        state
    }

    fn open(state: &mut State, at: &str) {
        state.open(uri(at), "yaml", 1, "a: 1".into());
    }

    fn task(state: &mut State, root: &str, fresh: bool) -> Task {
        match state.take(Path::new(root), fresh) {
            Step::Analyse(task) => task,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_editors_text_wins_over_the_disk() {
        let mut state = state(&["/w"]);
        open(&mut state, "file:///w/a.yaml");
        let changed = ["file:///w/a.yaml", "file:///w/b.yaml"];
        state.disk_changed(changed.into_iter().map(uri));
        let task = task(&mut state, "/w", false);
        assert!(
            matches!(&task.changed[0], (name, Change::Text(it)) if name == "a.yaml" && &**it == "a: 1")
        );
        assert!(matches!(&task.changed[1], (name, Change::Disk) if name == "b.yaml"));
        assert!(matches!(state.take(Path::new("/w"), false), Step::Wait));
    }

    #[test]
    fn a_fresh_project_gets_every_open_text() {
        let mut state = state(&["/w"]);
        open(&mut state, "file:///w/a.yaml");
        task(&mut state, "/w", true);
        open(&mut state, "file:///w/b.yaml");
        assert_eq!(task(&mut state, "/w", true).changed.len(), 2);
        state.edit(&uri("file:///w/b.yaml"), 2, &[]);
        assert_eq!(task(&mut state, "/w", false).changed.len(), 1);
    }

    #[test]
    fn a_folder_that_nobody_looks_at_is_closed() {
        let mut state = state(&["/w"]);
        open(&mut state, "file:///x/a.yaml");
        state.close(&uri("file:///x/a.yaml"));
        assert!(matches!(state.take(Path::new("/x"), false), Step::Close));
        // Opened again before the worker came to it.
        open(&mut state, "file:///x/a.yaml");
        assert!(!state.forget(Path::new("/x")));
    }

    #[test]
    fn documents_move_with_the_workspace_folders() {
        let mut state = state(&["/w"]);
        let file = "file:///w/sub/a.yaml";
        open(&mut state, file);
        task(&mut state, "/w", true);
        state.set_roots(vec![PathBuf::from("/w"), PathBuf::from("/w/sub")]);
        assert_eq!(state.documents[&uri(file)].place.name, "a.yaml");
        let inner = task(&mut state, "/w/sub", true);
        assert_eq!((inner.depth, inner.changed.len()), (None, 1), "it gets the open text");
        let outer = task(&mut state, "/w", false);
        assert_eq!(outer.inner, [PathBuf::from("/w/sub")]);
        state.set_roots(vec![PathBuf::from("/w/sub")]);
        assert!(matches!(state.take(Path::new("/w"), false), Step::Close));
    }

    #[test]
    fn new_settings_count_even_while_the_disk_is_looked_at() {
        let mut state = state(&[]);
        open(&mut state, "file:///x/a.yaml");
        task(&mut state, "/x", true);
        state.configure(Config::default());
        let task = task(&mut state, "/x", false);
        assert!(task.look && task.is_due);
    }

    #[test]
    fn the_disk_is_looked_at_where_nobody_watches() {
        let mut state = state(&["/w"]);
        open(&mut state, "file:///w/a.yaml");
        open(&mut state, "file:///x/a.yaml");
        assert!(!task(&mut state, "/x", true).look, "what was typed comes first");
        assert!(task(&mut state, "/x", false).look);
        task(&mut state, "/w", true);
        state.save(&uri("file:///w/a.yaml"));
        assert!(matches!(state.take(Path::new("/w"), false), Step::Wait));
        state.features.watchers = false;
        state.save(&uri("file:///w/a.yaml"));
        assert!(task(&mut state, "/w", false).look);
    }
}
