//! The task that analyses one project: takes the newest state, runs one analysis at a time, and publishes the
//! diagnostics. Each project has its own, so that no project waits for another one.

use crate::capabilities::Features;
use crate::convert::Outgoing;
use crate::diagnostics::{self, FileDiagnostics};
use crate::project::{Part, Project, Snapshot};
use crate::state::{Change, Shared, Step, Task};
use plimsoll_core::{Analysis, Application, Applications, ide};
use plimsoll_files::Unreadable;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::{MessageType, ProgressToken, Uri};

/// How long the first analysis of a project may take before the client shows that it is running.
const QUIET: Duration = Duration::from_millis(500);
/// Maximum number of analyses in a row that are given up because somebody goes on typing. Then one is finished, so that
/// diagnostics appear all the same.
const MAX_GIVEN_UP: usize = 3;
/// How long the client may take to answer a request of the server.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The diagnostics last published for a project, by the name of the file.
type Published = BTreeMap<String, (Uri, Arc<FileDiagnostics>)>;

/// Runs for as long as somebody looks at the project. Text that arrives during an analysis waits for the next
/// one, which sees only the newest text; so the server keeps up with typing without a delay.
pub async fn run(root: PathBuf, shared: Arc<Shared>, client: Client) {
    let alarm = shared.lock().alarm(&root);
    let mut worker = Worker {
        root,
        shared,
        client,
        project: Project::default(),
        latest: None,
        published: Published::new(),
        unanswered: Vec::new(),
        given_up: 0,
    };
    loop {
        let step = worker.shared.lock().take(&worker.root, worker.project.is_fresh());
        match step {
            Step::Wait => alarm.notified().await,
            Step::Analyse(task) => worker.perform(task).await,
            Step::Close => {
                worker.clear().await;
                let is_forgotten = worker.shared.lock().forget(&worker.root);
                if is_forgotten {
                    // Clients that pull the workspace learn that the findings are gone.
                    worker.shared.diagnosed.send_modify(|_| ());
                    return;
                }
            }
        }
    }
}

struct Worker {
    root: PathBuf,
    shared: Arc<Shared>,
    client: Client,
    project: Project,
    latest: Option<Arc<Snapshot>>,
    published: Published,
    /// What was typed before an analysis that was given up.
    unanswered: Vec<(String, Change)>,
    /// Number of analyses in a row that were given up.
    given_up: usize,
}

/// What became of a task.
struct Done {
    project: Project,
    outcome: Outcome,
    unreadable: Vec<Unreadable>,
}

enum Outcome {
    Analysed(Box<Snapshot>),
    Unchanged,
    /// Somebody typed meanwhile, and the next task includes this one.
    GivenUp,
}

impl Worker {
    /// Forgets the project and clears its diagnostics in the client.
    async fn clear(&mut self) {
        self.project = Project::default();
        self.latest = None;
        self.unanswered.clear();
        for (uri, _) in std::mem::take(&mut self.published).into_values() {
            self.client.publish_diagnostics(uri, Vec::new(), None).await;
        }
    }

    async fn perform(&mut self, mut task: Task) {
        for (name, change) in std::mem::take(&mut self.unanswered) {
            if !task.changed.iter().any(|(it, _)| *it == name) {
                task.changed.push((name, change));
            }
        }
        let progress = self.project.is_fresh().then(|| self.show_progress(&task)).flatten();
        let (changes, task) = (task.changes, Arc::new(task));
        let project = std::mem::take(&mut self.project);
        let (latest, own_task) = (self.latest.clone(), Arc::clone(&task));
        let (shared, root) = (Arc::clone(&self.shared), self.root.clone());
        let may_give_up = self.given_up < MAX_GIVEN_UP;
        let is_outdated = move || may_give_up && shared.lock().has_changed(&root);
        let done = in_background(move || work(project, &own_task, latest.as_deref(), is_outdated));
        let done = done.await;
        drop(progress);
        let Some(Done { project, outcome, unreadable }) = done else {
            // The next change reads the project anew.
            self.shared.lock().finish(&self.root, None, changes);
            let root = self.root.display();
            let text =
                format!("The analysis of {root} failed; the next change will start it again.");
            self.client.log_message(MessageType::ERROR, text).await;
            return;
        };
        self.project = project;
        for error in unreadable {
            self.client.log_message(MessageType::WARNING, error).await;
        }
        let snapshot = match outcome {
            Outcome::GivenUp => {
                self.given_up += 1;
                let typed = task.changed.iter().filter(|it| matches!(it.1, Change::Text(_)));
                self.unanswered = typed.cloned().collect();
                return;
            }
            Outcome::Analysed(snapshot) => Some(Arc::from(snapshot)),
            Outcome::Unchanged => None,
        };
        self.given_up = 0;
        self.shared.lock().finish(&self.root, snapshot.clone(), changes);
        if let Some(snapshot) = snapshot {
            let old = self.latest.replace(Arc::clone(&snapshot));
            self.announce(&task, &snapshot, old.as_deref());
            self.publish(&task, &snapshot, old.as_deref()).await;
        }
    }

    /// Shows that the project is being read, if that takes long. Dropping the result ends it.
    fn show_progress(&self, task: &Task) -> Option<oneshot::Sender<()>> {
        if !self.shared.lock().features.progress || task.depth.is_some() {
            return None;
        }
        let (sender, mut ended) = oneshot::channel();
        let client = self.client.clone();
        let name = self.root.file_name().unwrap_or(self.root.as_os_str()).to_string_lossy();
        let token = ProgressToken::String(format!("plimsoll/{}", self.root.display()));
        let title = format!("Plimsoll reads {name}");
        tokio::spawn(async move {
            if timeout(QUIET, &mut ended).await.is_ok() {
                return;
            }
            let created = timeout(PATIENCE, client.create_work_done_progress(token.clone())).await;
            if let Ok(Ok(())) = created {
                let shown = client.progress(token, title).begin().await;
                let _ = ended.await;
                shown.finish().await;
            }
        });
        Some(sender)
    }

    /// Tells clients that pull diagnostics that there are new ones.
    fn announce(&self, task: &Task, new: &Snapshot, old: Option<&Snapshot>) {
        let id = |it: &Snapshot, name: &str| it.diagnostics_of(name).map(|it| it.id);
        // The client asks by itself about what was typed.
        let is_typed = |name: &str| {
            task.changed.iter().any(|(it, by)| it == name && matches!(by, Change::Text(_)))
        };
        let is_news = |name: &String| task.addresses.open.contains_key(name) && !is_typed(name);
        let mut changed = new.changed_since(old);
        let features = self.shared.lock().features;
        // What the client asked for may have been answered before the first analysis was there, or with what an
        // edit elsewhere has changed.
        let is_changed = |name: &String| !is_typed(name) && new.has_changed(old, name);
        if old.is_none() || task.addresses.open.keys().any(is_changed) {
            refresh_shown(self.client.clone(), features);
        }
        changed.retain(|name| id(new, name) != old.and_then(|old| id(old, name)));
        if changed.is_empty() {
            return;
        }
        self.shared.diagnosed.send_modify(|it| *it = task.changes.max(*it));
        if features.pulls && changed.iter().any(is_news) {
            let client = self.client.clone();
            tokio::spawn(async move {
                let _ = timeout(PATIENCE, client.workspace_diagnostic_refresh()).await;
            });
        }
    }

    /// Publishes the diagnostics that differ from what the client has, those of open files first. A text that was
    /// just typed always gets an answer, because clients may wait for diagnostics of that version.
    async fn publish(&mut self, task: &Task, new: &Snapshot, old: Option<&Snapshot>) {
        let typed = task.changed.iter().filter(|(_, change)| matches!(change, Change::Text(_)));
        let typed: BTreeSet<&String> = typed.map(|(name, _)| name).collect();
        let mut names = new.changed_since(old);
        names.extend(typed.iter().copied().cloned());
        // What the client has may be older than `old`, where an answer was left out because somebody had typed since.
        let is_stale = |(name, (_, known)): &(&String, &(Uri, Arc<FileDiagnostics>))| {
            !new.diagnostics_of(name).is_some_and(|it| Arc::ptr_eq(it, known))
        };
        names.extend(self.published.iter().filter(is_stale).map(|(name, _)| name.clone()));
        if self.shared.lock().features.pulls {
            // What is pushed depends on which files are open and on whether the client pulls for the workspace.
            names.extend(self.published.keys().cloned());
            let open = |of: &Snapshot| of.addresses.open.keys().cloned().collect::<BTreeSet<_>>();
            let before = old.map(open).unwrap_or_default();
            names.extend(before.symmetric_difference(&open(new)).cloned());
        }
        let (open, closed): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| task.addresses.open.contains_key(name));
        for name in open.into_iter().chain(closed) {
            let open = task.addresses.open.get(&name);
            let is_pulled = {
                let state = self.shared.lock();
                if let Some((uri, version)) = open
                    && state.documents.get(uri).map(|document| document.version) != Some(*version)
                {
                    // The user has typed since; an analysis of the newer text is already pending.
                    continue;
                }
                state.features.pulls && (open.is_some() || state.pulls_workspace)
            };
            let fresh = new.diagnostics_of(&name).filter(|_| !is_pulled);
            let old = self.published.get(&name);
            let is_same = old.map(|(_, it)| &it.list) == fresh.map(|it| &it.list);
            if is_same && (is_pulled || !typed.contains(&name)) {
                continue;
            }
            let known = old.map(|(uri, _)| uri.clone()).filter(|_| open.is_none());
            let Some(uri) = known.or_else(|| task.addresses.uri(&name)) else { continue };
            let list = fresh.map(|it| it.list.clone()).unwrap_or_default();
            let version = open.map(|(_, version)| *version);
            self.client.publish_diagnostics(uri.clone(), list, version).await;
            match fresh {
                Some(fresh) => self.published.insert(name, (uri, Arc::clone(fresh))),
                None => self.published.remove(&name),
            };
        }
    }
}

/// Has the client ask for hints and lenses again.
pub fn refresh_shown(client: Client, features: Features) {
    tokio::spawn(async move {
        if features.refreshes_hints {
            let _ = timeout(PATIENCE, client.inlay_hint_refresh()).await;
        }
        if features.refreshes_lenses {
            let _ = timeout(PATIENCE, client.code_lens_refresh()).await;
        }
    });
}

/// Brings a project up to date and analyses it, unless that is outdated before the rules have run.
fn work(
    mut project: Project,
    task: &Task,
    latest: Option<&Snapshot>,
    is_outdated: impl Fn() -> bool + Sync,
) -> Done {
    let (is_changed, unreadable) = project.update(task);
    let outcome = if !is_changed && latest.is_some() {
        Outcome::Unchanged
    } else if is_outdated() {
        Outcome::GivenUp
    } else {
        match project.check(&task.options, &is_outdated) {
            None => Outcome::GivenUp,
            Some(checked) => Outcome::Analysed(Box::new(snapshot(checked, task, latest))),
        }
    };
    Done { project, outcome, unreadable }
}

/// Converts what the rules found. An application that was not checked again is kept as it was.
pub fn snapshot(checked: Applications, task: &Task, latest: Option<&Snapshot>) -> Snapshot {
    let is_addressed_alike = latest.is_some_and(|it| it.addresses.are_same(&task.addresses));
    // By the address of the analysis.
    let mut indexed: HashMap<*const Analysis, Arc<ide::Snapshot>> = HashMap::new();
    for part in latest.iter().flat_map(|latest| &latest.parts) {
        indexed.insert(Arc::as_ptr(&part.ide.analysis), Arc::clone(&part.ide));
    }
    let part = |(at, application): (usize, &Arc<Application>)| {
        let old = latest.and_then(|latest| latest.parts.get(at));
        if let Some(old) = old
            && is_addressed_alike
            && Arc::ptr_eq(&old.application, application)
        {
            return Arc::clone(old);
        }
        let (report, encoding) = (&application.report, task.encoding);
        let out = Outgoing { report, encoding, addresses: &task.addresses };
        let analysis = &application.analysis;
        let new = || Arc::new(ide::Snapshot::new(Arc::clone(analysis)));
        let ide = Arc::clone(indexed.entry(Arc::as_ptr(analysis)).or_insert_with(new));
        Arc::new(Part {
            application: Arc::clone(application),
            ide,
            diagnostics: diagnostics::convert(out, &checked, latest, task.changes),
        })
    };
    Snapshot {
        parts: checked.all.iter().enumerate().map(part).collect(),
        applications: checked,
        options: Arc::clone(&task.options),
        addresses: task.addresses.clone(),
    }
}

/// Runs work away from the thread that reads and writes messages. Returns `None` when the work
/// panics: a panic costs one answer, not the process.
pub async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

/// Whether a process has ended, as far as this system says.
fn has_ended(process: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { return true };
    // The name, in brackets, may hold any letter; the state follows it.
    let state = status.rsplit(')').next().and_then(|it| it.split_whitespace().next());
    matches!(state, Some("Z" | "X"))
}

/// Ends the server when the client's process dies. Where the system does not say which processes
/// there are, or the client runs where its processes cannot be seen, the end of the input has to do.
pub async fn watch_client(process: u32, shared: Arc<Shared>) {
    if !Path::new("/proc/self/stat").exists() || has_ended(process) {
        return;
    }
    while !has_ended(process) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    shared.abandoned.notify_one();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn a_panic_costs_one_answer_and_not_the_server() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let broken =
            runtime.block_on(in_background(|| -> u32 { panic!("this test panics on purpose") }));
        assert_eq!(broken, None);
        assert_eq!(runtime.block_on(in_background(|| 1)), Some(1));
    }

    #[test]
    fn an_outdated_analysis_is_given_up_and_its_files_stay_up_to_date() {
        let root = PathBuf::from("/w");
        let mut state = State::default();
        state.set_roots(vec![root.clone()]);
        let uri: Uri = "file:///w/compose.yaml".parse().unwrap();
        state.open(uri, "yaml", 1, "services: {a: {image: x}}\n".to_owned());
        let Step::Analyse(task) = state.take(&root, true) else { panic!("no work") };
        let done = work(Project::default(), &task, None, || true);
        assert!(matches!(done.outcome, Outcome::GivenUp));
        let done = work(done.project, &task, None, || false);
        let Outcome::Analysed(snapshot) = done.outcome else { panic!("given up again") };
        assert_eq!(snapshot.applications.files().len(), 1);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_ended_process_is_noticed_even_before_somebody_waits_for_it() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        assert!(!has_ended(child.id()));
        child.kill().unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while !has_ended(child.id()) && std::time::Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(has_ended(child.id()), "a zombie has ended");
        child.wait().unwrap();
        assert!(has_ended(child.id()));
    }
}
