//! What the handlers of messages share: the client and the state, changes of the state, and snapshots to answer from.

use crate::project::Snapshot;
use crate::requests::{Source, Taken, Text, View};
use crate::state::{Shared, State};
use crate::worker::{PATIENCE, in_background};
use crate::{capabilities, settings, worker};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tower_lsp_server::Client;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types::*;

mod handlers;

/// How long a request about a place waits for the analysis of what was typed before.
const SETTLING: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub struct Backend {
    client: Client,
    shared: Arc<Shared>,
}

impl Backend {
    pub fn new(client: Client, shared: Arc<Shared>) -> Self {
        Backend { client, shared }
    }

    /// Changes the state, wakes the workers that have work to do, and starts those that are missing. Never awaits, so
    /// that changes keep their order.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.shared.lock();
        let answer = change(&mut state);
        let fresh = state.wake();
        drop(state);
        for root in fresh {
            tokio::spawn(worker::run(root, Arc::clone(&self.shared), self.client.clone()));
        }
        answer
    }

    /// Requests the section `plimsoll` of the client's settings, without blocking the handler.
    fn fetch_configuration(&self) {
        if !self.shared.lock().features.configuration {
            return;
        }
        let backend = self.clone();
        tokio::spawn(async move {
            let item = ConfigurationItem { scope_uri: None, section: Some("plimsoll".to_owned()) };
            let sections = timeout(PATIENCE, backend.client.configuration(vec![item])).await;
            if let Ok(Ok(mut sections)) = sections
                && let Some(section) = sections.pop()
            {
                backend.configure(&section);
            }
        });
    }

    /// Applies a configuration section, and shows what is wrong with it when it changes.
    fn configure(&self, section: &Value) {
        let (config, problems) = settings::read(section);
        let shown = settings::shown(section);
        let (is_news, is_shown_otherwise) = self.change(|state| {
            state.configure(config);
            let is_news = state.setting_problems != problems;
            state.setting_problems.clone_from(&problems);
            (is_news, std::mem::replace(&mut state.shown, shown) != shown)
        });
        if is_news {
            self.show_problems(problems);
        }
        if is_shown_otherwise {
            worker::refresh_shown(self.client.clone(), self.shared.lock().features);
        }
    }

    /// Shows what is wrong with the settings.
    fn show_problems(&self, problems: Vec<String>) {
        if problems.is_empty() {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            let text = format!("Plimsoll's settings: {}", problems.join("; "));
            client.show_message(MessageType::WARNING, text).await;
        });
    }

    /// Asks the client to watch the project's files, in the folders as they are now.
    fn register_watchers(&self, is_first: bool) {
        let (features, roots) = {
            let state = self.shared.lock();
            (state.features, state.roots.clone())
        };
        if !features.watchers || !is_first && !features.relative_patterns {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            if !is_first {
                let old = vec![capabilities::no_watchers()];
                let _ = timeout(PATIENCE, client.unregister_capability(old)).await;
            }
            let watchers = vec![capabilities::watchers(&roots, features)];
            let _ = timeout(PATIENCE, client.register_capability(watchers)).await;
        });
    }

    /// Answers a command about the project of a file, or of the first workspace folder.
    async fn about_project<T: Send + 'static>(
        &self,
        uri: Option<Uri>,
        answer: impl FnOnce(&Snapshot) -> T + Send + 'static,
    ) -> Option<T> {
        let root = {
            let state = self.shared.lock();
            match &uri {
                Some(uri) => state.place(uri).root,
                None => state.roots.first()?.clone(),
            }
        };
        self.shared.settled(&root, SETTLING).await;
        let snapshot = self.shared.lock().snapshot(&root)?;
        in_background(move || answer(&snapshot)).await
    }

    /// Returns what a request about a document is answered from, without holding the lock any longer than it takes
    /// to copy that.
    fn view(&self, uri: &Uri) -> Option<View> {
        let taken = Taken::of(&self.shared.lock(), uri);
        View::new(taken?)
    }

    /// Answers a request about a document from the snapshot that has the document's newest text. Returns `None`
    /// where the user goes on typing meanwhile: every place in the answer would be wrong.
    async fn answer<T: Send + 'static>(
        &self,
        uri: &Uri,
        answer: impl FnOnce(&View) -> T + Send + 'static,
    ) -> Option<T> {
        let root = self.shared.lock().documents.get(uri)?.place.root.clone();
        self.shared.settled(&root, SETTLING).await;
        let view = self.view(uri).filter(|it| it.is_current)?;
        in_background(move || answer(&view)).await
    }

    /// Answers a request like [`Backend::answer`] for what a client shows all the time, or for what would be read as
    /// "nothing there". Where the user goes on typing, the client is told to keep what it shows and to ask again.
    async fn answer_shown<T: Send + 'static>(
        &self,
        uri: &Uri,
        answer: impl FnOnce(&View) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        if !self.shared.lock().documents.contains_key(uri) {
            return Ok(None);
        }
        self.answer(uri, answer).await.map(Some).ok_or_else(Error::content_modified)
    }

    /// Answers a request about the syntax of a document at once, from the text as it is.
    async fn answer_from_text<T: Send + 'static>(
        &self,
        uri: &Uri,
        answer: impl FnOnce(&Source) -> T + Send + 'static,
    ) -> Option<T> {
        let text = Text::of(&self.shared.lock(), uri)?;
        in_background(move || answer(&text.source())).await
    }

    /// Returns the view of a document without waiting for what is typed, which may not parse. A document that no
    /// snapshot has yet is waited for.
    async fn view_at_once(&self, uri: &Uri) -> Option<View> {
        let view = self.view(uri).filter(|it| it.file.is_some());
        if view.is_some() {
            return view;
        }
        let root = self.shared.lock().documents.get(uri)?.place.root.clone();
        self.shared.settled(&root, SETTLING).await;
        self.view(uri)
    }

    /// Records that files or folders came or went on disk.
    fn disk_changed(&self, uris: impl Iterator<Item = Uri>) {
        self.change(|state| state.disk_changed(uris));
    }
}
