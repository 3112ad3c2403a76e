//! The handlers. A notification's handler changes the state first and awaits nothing before that, so
//! that changes are applied in the order in which the client sent them. Requests to the client are
//! never awaited in a handler, since the client's answer may be queued behind the handler.

use crate::convert::{self, Outgoing};
use crate::state::{Place, Shared};
use crate::worker::file_uri;
use plimsoll_core::output::wire;
use plimsoll_core::report::{Finding, Safety};
use plimsoll_core::syntax::parse;
use plimsoll_core::text::{FileId, Span};
use plimsoll_core::{Analysis, Config, Options, rules};
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
        if !self.shared.lock().asks_configuration {
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
        if !self.shared.lock().registers_watchers {
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
        let options = Options { leave_fixes_untried: true, ..Options::default() };
        let report = snapshot.analysis.report(&options);
        serde_json::from_str(&wire::decision_json(&report)).ok()
    }

    /// Calls `answer` with the findings of the newest report that touch a range. Returns `None` where
    /// the report does not cover the document as it is now.
    async fn with_findings<T>(
        &self,
        uri: &Uri,
        range: Range,
        answer: impl FnOnce(
            &[&Finding],
            &Outgoing<'_, &dyn Fn(FileId) -> Option<Uri>>,
            &dyn Fn(FileId) -> Option<i32>,
            &Analysis,
        ) -> T,
    ) -> Option<T> {
        self.shared.settled().await;
        let state = self.shared.lock();
        let document = state.documents.get(uri)?;
        let place = document.place.clone();
        let snapshot = Arc::clone(state.snapshots.get(&place.root)?);
        let report = &snapshot.report;
        let file = report.files.iter().position(|it| *it.file.path == *place.name)?;
        let entry = &report.files[file];
        if *entry.file.text != *document.text {
            // The user has typed since, so the report's ranges would be wrong.
            return None;
        }
        let encoding = state.encoding();
        let offset = |at| convert::offset(&entry.lines, at, encoding);
        let file = FileId(u32::try_from(file).ok()?);
        let wanted = Span::new(file, offset(range.start), offset(range.end));
        let touches =
            |it: Span| it.file == file && it.start <= wanted.end && wanted.start <= it.end;
        let findings: Vec<&Finding> =
            report.findings.iter().filter(|it| touches(it.span)).collect();
        let open = |file: FileId| {
            let name = report.entry(file).file.path.to_string();
            let place = Place { root: place.root.clone(), name };
            state.documents.values().find(|it| it.place == place)
        };
        let uri = |file: FileId| match open(file) {
            Some(document) => Some(document.uri.clone()),
            None => file_uri(&place.root, &report.entry(file).file.path),
        };
        let version = |file: FileId| open(file).map(|it| it.version);
        let out = Outgoing { report, encoding, uri: &uri as &dyn Fn(FileId) -> Option<Uri> };
        Some(answer(&findings, &out, &version, &snapshot.analysis))
    }
}

/// Applies a configuration section. Settings that are not understood are reported in the client's
/// log.
async fn configure(shared: &Shared, client: &Client, section: &Value) {
    let (config, problems) = read_config(section);
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

/// JSON is YAML, so the reader of `plimsoll.yaml` reads an editor's settings too.
fn read_config(section: &Value) -> (Config, Vec<String>) {
    if !section.is_object() {
        return (Config::default(), Vec::new());
    }
    let (tree, _) = parse(FileId(0), &Arc::from(section.to_string()), None);
    let (config, problems) = Config::read(&tree, &rules::unknown);
    (config, problems.into_iter().map(|it| it.message).collect())
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
            state.versioned_edits =
                workspace.workspace_edit.is_some_and(|it| it.document_changes == Some(true));
            state.asks_configuration = workspace.configuration == Some(true);
            state.registers_watchers = workspace
                .did_change_watched_files
                .is_some_and(|it| it.dynamic_registration == Some(true));
            if let Some(options) = &params.initialization_options {
                state.config = read_config(options.get("plimsoll").unwrap_or(options)).0;
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
        let TextDocumentPositionParams { text_document, position } =
            params.text_document_position_params;
        let range = Range { start: position, end: position };
        let answer = self.with_findings(&text_document.uri, range, |findings, out, _, _| {
            let first = findings.iter().min_by_key(|it| it.span.end - it.span.start)?;
            let text: Vec<String> = findings.iter().map(|it| convert::hover(it)).collect();
            let value = text.join("\n---\n\n");
            Some(Hover {
                contents: HoverContents::Markup(MarkupContent {
                    kind: MarkupKind::Markdown,
                    value,
                }),
                range: Some(out.range(first.span)),
            })
        });
        Ok(answer.await.flatten())
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let only = params.context.only.as_deref();
        let wanted =
            |kind: &CodeActionKind| kind.as_str().is_empty() || *kind == CodeActionKind::QUICKFIX;
        if only.is_some_and(|it| !it.iter().any(wanted)) {
            return Ok(None);
        }
        let versioned = self.shared.lock().versioned_edits;
        let uri = &params.text_document.uri;
        let actions = self.with_findings(uri, params.range, |findings, out, version, analysis| {
            let mut actions = Vec::new();
            for finding in findings {
                for (index, fix) in analysis.tried_fixes(finding).iter().enumerate() {
                    actions.push(CodeActionOrCommand::CodeAction(CodeAction {
                        title: fix.title.clone(),
                        kind: Some(CodeActionKind::QUICKFIX),
                        diagnostics: Some(vec![out.diagnostic(finding)]),
                        edit: Some(out.workspace_edit(fix, versioned.then_some(version))),
                        is_preferred: Some(index == 0 && fix.safety == Safety::Safe),
                        ..CodeAction::default()
                    }));
                }
            }
            actions
        });
        Ok(actions.await.filter(|it| !it.is_empty()))
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
