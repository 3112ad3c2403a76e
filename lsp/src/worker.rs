//! The one place that analyses: takes the newest state, one analysis at a time, and publishes.

use crate::convert::Outgoing;
use crate::project::Project;
use crate::state::{Change, Shared, Task, Work};
use plimsoll_core::text::{Encoding, FileId};
use plimsoll_core::{Options, Report};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::{Diagnostic, MessageType, Uri};

/// What was last published for a project, by name of the file.
type Published = BTreeMap<String, (Uri, Vec<Diagnostic>)>;

/// Runs for as long as the server does. Texts that arrive during an analysis wait for the next one,
/// which sees only the newest of them: no delay is needed to keep up with typing.
pub async fn run(shared: Arc<Shared>, client: Client) {
    let mut projects: HashMap<PathBuf, Project> = HashMap::new();
    let mut published: HashMap<PathBuf, Published> = HashMap::new();
    loop {
        shared.wake.notified().await;
        loop {
            let work = shared.lock().take(|root| projects.contains_key(root));
            let Some(work) = work else { break };
            for root in &work.closed {
                projects.remove(root);
                for (uri, _) in published.remove(root).unwrap_or_default().into_values() {
                    client.publish_diagnostics(uri, Vec::new(), None).await;
                }
            }
            let Work { projects: tasks, config, encoding, changes, .. } = work;
            let options = Options { config, ..Options::default() };
            for task in tasks {
                let root = task.root.clone();
                let project = projects.remove(&root).unwrap_or_default();
                let options = options.clone();
                let analysis = apart(move || {
                    let mut project = project;
                    let (report, troubles) = project.update(&task, &options);
                    let outgoing = diagnostics(&task, &report, encoding);
                    (project, task, Arc::new(report), outgoing, troubles)
                });
                let Some((project, task, report, outgoing, troubles)) = analysis.await else {
                    let text = format!(
                        "the analysis of {} failed; it is tried again with the next change",
                        root.display()
                    );
                    client.log_message(MessageType::ERROR, text).await;
                    continue;
                };
                projects.insert(root.clone(), project);
                shared.lock().reports.insert(root.clone(), report);
                for trouble in troubles {
                    client.log_message(MessageType::WARNING, trouble).await;
                }
                publish(&shared, &client, &task, outgoing, published.entry(root).or_default())
                    .await;
            }
            shared.done.send_replace(changes);
        }
    }
}

/// Work away from the thread that reads and writes messages. A panic costs this answer, not the
/// process: there is none then, and the next change reads the project anew.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

fn diagnostics(task: &Task, report: &Report, encoding: Encoding) -> Published {
    let uri = |file: FileId| uri_of(task, &report.entry(file).file.path);
    let out = Outgoing { report, encoding, uri };
    let mut all = Published::new();
    for finding in &report.findings {
        let name = &*report.entry(finding.span.file).file.path;
        let diagnostic = out.diagnostic(finding);
        if let Some((_, list)) = all.get_mut(name) {
            list.push(diagnostic);
        } else if let Some(uri) = uri_of(task, name) {
            all.insert(name.to_owned(), (uri, vec![diagnostic]));
        }
    }
    all
}

/// The client's own spelling where it has the file open.
fn uri_of(task: &Task, name: &str) -> Option<Uri> {
    task.open.get(name).map(|it| it.uri.clone()).or_else(|| file_uri(&task.root, name))
}

pub fn file_uri(root: &Path, name: &str) -> Option<Uri> {
    if !root.is_absolute() {
        return Uri::from_str(root.to_str()?).ok();
    }
    Uri::from_file_path(root.join(name))
}

/// Sends what differs from what the client has; always something for a text that was just typed, so
/// that a client may wait for it.
async fn publish(
    shared: &Shared,
    client: &Client,
    task: &Task,
    mut new: Published,
    published: &mut Published,
) {
    let typed = task.changed.iter().filter(|it| matches!(it.1, Change::Text(_)));
    let typed: BTreeSet<&String> = typed.map(|it| &it.0).collect();
    let names: BTreeSet<String> =
        new.keys().chain(published.keys()).chain(typed.iter().copied()).cloned().collect();
    for name in names {
        let open = task.open.get(&name);
        if let Some(open) = open {
            let newest = shared.lock().documents.get(&open.uri).map(|it| it.version);
            if newest != Some(open.version) {
                // The text has moved on, and its own analysis is already wanted.
                continue;
            }
        }
        let fresh = new.remove(&name);
        let old = published.get(&name);
        if !typed.contains(&name) && old.map(|it| &it.1) == fresh.as_ref().map(|it| &it.1) {
            continue;
        }
        let uri = fresh.as_ref().or(old).map(|it| it.0.clone()).or_else(|| uri_of(task, &name));
        let Some(uri) = uri else { continue };
        let list = fresh.as_ref().map(|it| it.1.clone()).unwrap_or_default();
        client.publish_diagnostics(uri, list, open.map(|it| it.version)).await;
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
    fn a_panic_costs_one_answer() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let broken = runtime.block_on(apart(|| -> u32 { panic!("as wanted by this test") }));
        assert_eq!(broken, None);
        assert_eq!(runtime.block_on(apart(|| 1)), Some(1));
    }
}
