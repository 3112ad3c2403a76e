//! The handlers. A notification's handler changes the state first and awaits nothing before that, so
//! that changes are applied in the order in which the client sent them. Requests to the client are
//! never awaited in a handler, since the client's answer may be queued behind the handler.

use crate::requests::{View, action, decide, hover};
use crate::state::Shared;
use crate::worker::in_background;
use crate::{convert, settings};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types::*;
use tower_lsp_server::{Client, LanguageServer};

/// The files that the client is asked to watch. The pattern is generous: which files belong to a
/// project is decided by [`plimsoll_files::belongs`].
const WATCHED: &str =
    "**/{*.yaml,*.yml,*.tpl,*.env,.env*,env.*,Dockerfile*,*.Dockerfile,Containerfile*}";

/// The command that returns the decision report of a project, as `plimsoll decide --format json` prints it.
/// Its argument is the URI of a file of the project; without one, the first workspace folder is the project.
const DECIDE: &str = "plimsoll.decide";

pub struct Backend {
    client: Client,
    shared: Arc<Shared>,
}

impl Backend {
    pub fn new(client: Client, shared: Arc<Shared>) -> Self {
        Backend { client, shared }
    }

    /// Requests the section `plimsoll` of the client's settings, without blocking the handler.
    fn fetch_configuration(&self) {
        if !self.shared.lock().features.configuration {
            return;
        }
        let (client, shared) = (self.client.clone(), Arc::clone(&self.shared));
        tokio::spawn(async move {
            let item = ConfigurationItem { scope_uri: None, section: Some("plimsoll".to_owned()) };
            let wait =
                tokio::time::timeout(Duration::from_secs(5), client.configuration(vec![item]));
            if let Ok(Ok(mut sections)) = wait.await
                && let Some(section) = sections.pop()
            {
                configure(&shared, &client, &section).await;
            }
        });
    }

    /// Asks the client to watch the project's files.
    fn register_watchers(&self) {
        if !self.shared.lock().features.watchers {
            return;
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            let watchers = json!({ "watchers": [{ "globPattern": WATCHED }] });
            let registration = Registration {
                id: "plimsoll-files".to_owned(),
                method: "workspace/didChangeWatchedFiles".to_owned(),
                register_options: Some(watchers),
            };
            let register = client.register_capability(vec![registration]);
            let _ = tokio::time::timeout(Duration::from_secs(5), register).await;
        });
    }

    /// Returns the decision report of the project of a file, or of the first workspace folder.
    async fn decision(&self, uri: Option<Uri>) -> Option<Value> {
        self.shared.settled().await;
        let snapshot = {
            let state = self.shared.lock();
            let root = match &uri {
                Some(uri) => state.place(uri).root,
                None => state.roots.first()?.clone(),
            };
            Arc::clone(state.snapshots.get(&root)?)
        };
        in_background(move || decide::decision(&snapshot)).await?
    }

    /// Answers a request about a document from the snapshot that has the document's newest text. Returns `None`
    /// where the user goes on typing meanwhile: every place in the answer would be wrong.
    async fn answer<T: Send + 'static>(
        &self,
        uri: &Uri,
        answer: impl FnOnce(&View) -> T + Send + 'static,
    ) -> Option<T> {
        self.shared.settled().await;
        let view = View::of(&self.shared.lock(), uri).filter(|it| it.is_current)?;
        in_background(move || answer(&view)).await
    }
}

/// Applies a configuration section. Settings that are not understood are reported in the client's
/// log.
async fn configure(shared: &Shared, client: &Client, section: &Value) {
    let (config, problems) = settings::read(section);
    shared.change(|state| {
        if state.config != config {
            state.config = config;
            state.touch_all();
        }
    });
    for problem in problems {
        client.log_message(MessageType::WARNING, format!("plimsoll: {problem}")).await;
    }
}

fn folder_path(uri: &Uri) -> Option<PathBuf> {
    let path = uri.to_file_path().filter(|_| uri.scheme().as_str() == "file")?;
    Some(path.components().collect())
}

/// What the server offers, in the position encoding that was negotiated.
fn capabilities(encoding: PositionEncodingKind) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(encoding),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: vec![DECIDE.to_owned()],
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

impl LanguageServer for Backend {
    #[expect(deprecated, reason = "clients without workspace folders send rootUri")]
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let client = params.capabilities;
        let general = client.general.unwrap_or_default();
        let (encoding, kind) = convert::negotiate(general.position_encodings.as_deref());
        let workspace = client.workspace.unwrap_or_default();
        let folders = params.workspace_folders.unwrap_or_default();
        let roots = folders.iter().map(|it| &it.uri).chain(&params.root_uri);
        let mut roots: Vec<PathBuf> = roots.filter_map(folder_path).collect();
        roots.sort();
        roots.dedup();
        self.shared.change(|state| {
            state.encoding = Some(encoding);
            state.features.versioned_edits =
                workspace.workspace_edit.is_some_and(|it| it.document_changes == Some(true));
            state.features.configuration = workspace.configuration == Some(true);
            state.features.watchers = workspace
                .did_change_watched_files
                .is_some_and(|it| it.dynamic_registration == Some(true));
            if let Some(options) = &params.initialization_options {
                state.config = settings::read(options.get("plimsoll").unwrap_or(options)).0;
            }
            state.set_roots(roots);
        });
        Ok(InitializeResult {
            capabilities: capabilities(kind),
            server_info: Some(ServerInfo {
                name: "plimsoll".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            offset_encoding: None,
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        self.shared.change(|state| state.ready = true);
        self.register_watchers();
        self.fetch_configuration();
    }

    async fn shutdown(&self) -> Result<()> {
        self.shared.orderly.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        self.shared.change(|state| state.open(document.uri, document.version, document.text));
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let document = params.text_document;
        self.shared.change(|state| {
            state.edit(&document.uri, document.version, params.content_changes);
        });
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.shared.change(|state| state.close(&params.text_document.uri));
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.shared.change(|state| {
            for event in &params.changes {
                state.disk_changed(&event.uri);
            }
        });
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.shared.change(|state| {
            let paths = |folders: &[WorkspaceFolder]| -> Vec<PathBuf> {
                folders.iter().filter_map(|folder| folder_path(&folder.uri)).collect()
            };
            let removed = paths(&params.event.removed);
            let mut roots = state.roots.clone();
            roots.retain(|it| !removed.contains(it));
            roots.extend(paths(&params.event.added));
            roots.sort();
            roots.dedup();
            state.set_roots(roots);
        });
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        // Some clients push the new settings, others only announce that they changed.
        match params.settings.get("plimsoll") {
            Some(section) if section.is_object() => {
                configure(&self.shared, &self.client, section).await;
            }
            _ => self.fetch_configuration(),
        }
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let answer =
            self.answer(&at.text_document.uri, move |view| hover::hover(view, at.position));
        Ok(answer.await.flatten())
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let uri = params.text_document.uri.clone();
        let answer = self.answer(&uri, move |view| action::actions(view, &params));
        Ok(answer.await.filter(|it| !it.is_empty()))
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        if params.command != DECIDE {
            let message = format!("`{}` is not a command of this server", params.command);
            return Err(Error::invalid_params(message));
        }
        let uri = match params.arguments.into_iter().next() {
            None => None,
            Some(argument) => match serde_json::from_value(argument) {
                Ok(uri) => Some(uri),
                Err(_) => {
                    let message = format!("`{DECIDE}` takes the URI of a file as its argument");
                    return Err(Error::invalid_params(message));
                }
            },
        };
        Ok(self.decision(uri).await)
    }
}
