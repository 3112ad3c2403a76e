//! The task that analyses: takes the newest state, runs one analysis at a time, and publishes the
//! diagnostics.

use crate::convert::Outgoing;
use crate::project::Project;
use crate::state::{Change, Shared, Task, Work};
use plimsoll_core::text::Encoding;
use plimsoll_core::{Options, Report};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::{Diagnostic, MessageType, Uri};

/// The diagnostics last published for a project, by the name of the file.
type Published = BTreeMap<String, (Uri, Vec<Diagnostic>)>;

/// Runs for as long as the server does. Text that arrives during an analysis waits for the next
/// one, which sees only the newest text; so the server keeps up with typing without a delay.
pub async fn run(shared: Arc<Shared>, client: Client) {
    let mut worker = Worker { shared, client, projects: HashMap::new(), published: HashMap::new() };
    loop {
        worker.shared.wake.notified().await;
        while let Some(work) = worker.next_work() {
            worker.perform(work).await;
        }
    }
}

struct Worker {
    shared: Arc<Shared>,
    client: Client,
    projects: HashMap<PathBuf, Project>,
    published: HashMap<PathBuf, Published>,
}

impl Worker {
    fn next_work(&self) -> Option<Work> {
        self.shared.lock().take(|root| self.projects.contains_key(root))
    }

    async fn perform(&mut self, work: Work) {
        let Work { projects, closed, config, encoding, changes } = work;
        for root in &closed {
            self.close(root).await;
        }
        // A fix in a chart or an overlay is tried by building again, which is too slow for each keystroke.
        let options = Options { config, leave_fixes_untried: true, ..Options::default() };
        for task in projects {
            self.analyse(task, options.clone(), encoding).await;
        }
        self.shared.done.send_replace(changes);
    }

    /// Forgets a project and clears its diagnostics in the client.
    async fn close(&mut self, root: &Path) {
        self.projects.remove(root);
        for (uri, _) in self.published.remove(root).unwrap_or_default().into_values() {
            self.client.publish_diagnostics(uri, Vec::new(), None).await;
        }
    }

    async fn analyse(&mut self, task: Task, options: Options, encoding: Encoding) {
        let root = task.root.clone();
        let mut project = self.projects.remove(&root).unwrap_or_default();
        let analysis = in_background(move || {
            let (snapshot, unreadable) = project.update(&task, &options);
            let outgoing = diagnostics(&task, &snapshot.report, encoding);
            (project, task, Arc::new(snapshot), outgoing, unreadable)
        });
        let Some((project, task, snapshot, outgoing, unreadable)) = analysis.await else {
            let text =
                format!("analysing {} failed; the next change starts it again", root.display());
            self.client.log_message(MessageType::ERROR, text).await;
            return;
        };
        self.projects.insert(root.clone(), project);
        self.shared.lock().snapshots.insert(root.clone(), snapshot);
        for error in unreadable {
            self.client.log_message(MessageType::WARNING, error).await;
        }
        let published = self.published.entry(root).or_default();
        publish(&self.shared, &self.client, &task, outgoing, published).await;
    }
}

/// Runs work away from the thread that reads and writes messages. Returns `None` when the work
/// panics: a panic costs one answer, not the process, and the next change reads the project anew.
pub async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

fn diagnostics(task: &Task, report: &Report, encoding: Encoding) -> Published {
    let out = Outgoing { report, encoding, addresses: &task.addresses };
    let mut all = Published::new();
    for finding in &report.findings {
        let name = &*report.entry(finding.span.file).file.path;
        let diagnostic = out.diagnostic(finding);
        if let Some((_, list)) = all.get_mut(name) {
            list.push(diagnostic);
        } else if let Some(uri) = task.addresses.uri(name) {
            all.insert(name.to_owned(), (uri, vec![diagnostic]));
        }
    }
    all
}

/// Publishes the diagnostics that differ from what the client has. A text that was just typed always
/// gets an answer, because clients may wait for diagnostics of that version.
async fn publish(
    shared: &Shared,
    client: &Client,
    task: &Task,
    mut new: Published,
    published: &mut Published,
) {
    let typed = task.changed.iter().filter(|(_, change)| matches!(change, Change::Text(_)));
    let typed: BTreeSet<&String> = typed.map(|(name, _)| name).collect();
    let names: BTreeSet<String> =
        new.keys().chain(published.keys()).chain(typed.iter().copied()).cloned().collect();
    for name in names {
        let open = task.addresses.open.get(&name);
        if let Some((uri, version)) = open {
            let newest = shared.lock().documents.get(uri).map(|document| document.version);
            if newest != Some(*version) {
                // The user has typed since; an analysis of the newer text is already pending.
                continue;
            }
        }
        let fresh = new.remove(&name);
        let old = published.get(&name);
        let unchanged = old.map(|(_, list)| list) == fresh.as_ref().map(|(_, list)| list);
        if unchanged && !typed.contains(&name) {
            continue;
        }
        let known = fresh.as_ref().or(old).map(|(uri, _)| uri.clone());
        let Some(uri) = known.or_else(|| task.addresses.uri(&name)) else { continue };
        let list = fresh.as_ref().map(|(_, list)| list.clone()).unwrap_or_default();
        client.publish_diagnostics(uri, list, open.map(|(_, version)| *version)).await;
        match fresh {
            Some(fresh) => published.insert(name, fresh),
            None => published.remove(&name),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_costs_one_answer_and_not_the_server() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let broken =
            runtime.block_on(in_background(|| -> u32 { panic!("this test panics on purpose") }));
        assert_eq!(broken, None);
        assert_eq!(runtime.block_on(in_background(|| 1)), Some(1));
    }
}
