//! Handlers for the messages of the protocol. The handler of a notification changes the state first and awaits
//! nothing before that, so that changes are applied in the order in which the client sent them. Requests to the client
//! are never awaited in a handler, since the client's answer may be queued behind the handler.

use super::*;
use crate::capabilities::Commands;
use crate::convert;
use crate::document::{is_ours, path_of};
use crate::requests::action::{Deferred, EXPLAIN};
use crate::requests::compare::COMPARE;
use crate::requests::decide::DECIDE;
use crate::requests::render::RENDER;
use crate::requests::{
    action, compare, completion, decide, diagnostic, explain, fold, hover, inlay_hints, lenses,
    links, navigate, rename, render, show, symbols,
};
use serde_json::json;
use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::Ordering;
use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::ErrorCode;

/// How long a request for diagnostics waits for the analysis, which may be the first one of a large project.
const DIAGNOSING: Duration = Duration::from_secs(120);
/// The error that has the client ask again, as a number of the protocol.
const SERVER_CANCELLED: i64 = -32802;

fn parsed<'u>(uris: impl Iterator<Item = &'u String>) -> impl Iterator<Item = Uri> {
    uris.filter_map(|uri| Uri::from_str(uri).ok())
}

/// Returns an argument of a command, or `None` without one.
fn argument<T: serde::de::DeserializeOwned>(
    params: &ExecuteCommandParams,
    at: usize,
) -> Result<Option<T>> {
    let argument = params.arguments.get(at).filter(|it| !it.is_null());
    let read = argument.map(|it| serde_json::from_value(it.clone())).transpose();
    let what = match params.command.as_str() {
        DECIDE | COMPARE => "the URI of a file",
        RENDER => "the URI of a file, the name of a target and whether places are wanted",
        _ => "the code or the name of a rule",
    };
    read.map_err(|_| {
        Error::invalid_params(format!("`{}` takes {what} as its argument", params.command))
    })
}

impl LanguageServer for Backend {
    #[expect(deprecated, reason = "clients without workspace folders send rootUri")]
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let mut options = params.initialization_options.unwrap_or_default();
        let commands = options.as_object_mut().and_then(|it| it.remove("commands"));
        let commands = Commands::read(&commands.unwrap_or_default());
        let features = capabilities::features(&params.capabilities, commands);
        let general = params.capabilities.general.unwrap_or_default();
        let (encoding, kind) = convert::negotiate(general.position_encodings.as_deref());
        let folders = params.workspace_folders.unwrap_or_default();
        let root = params.root_uri.filter(|_| folders.is_empty());
        let roots = folders.iter().map(|it| &it.uri).chain(&root);
        let mut roots: Vec<PathBuf> = roots.filter_map(path_of).collect();
        roots.sort();
        roots.dedup();
        let settings = options.get("plimsoll").unwrap_or(&options);
        let shown = settings::shown(settings);
        let (config, problems) = settings::read(settings);
        self.change(|state| {
            state.shown = shown;
            state.encoding = Some(encoding);
            state.features = features;
            state.configure(config);
            state.setting_problems = problems;
            state.set_roots(roots);
        });
        if let Some(process) = params.process_id {
            tokio::spawn(worker::watch_client(process, Arc::clone(&self.shared)));
        }
        Ok(InitializeResult {
            capabilities: capabilities::capabilities(kind, features),
            server_info: Some(ServerInfo {
                name: "plimsoll".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            offset_encoding: None,
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        let problems = self.change(|state| {
            state.ready = true;
            state.setting_problems.clone()
        });
        self.show_problems(problems);
        self.register_watchers(true);
        self.fetch_configuration();
    }

    async fn shutdown(&self) -> Result<()> {
        self.shared.orderly.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        if is_ours(&document.uri, &document.language_id) {
            let (uri, language) = (document.uri, document.language_id);
            self.change(|state| state.open(uri, &language, document.version, document.text));
        }
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let document = params.text_document;
        self.change(|state| state.edit(&document.uri, document.version, &params.content_changes));
    }

    async fn did_save(&self, params: DidSaveTextDocumentParams) {
        self.change(|state| state.save(&params.text_document.uri));
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.change(|state| state.close(&params.text_document.uri));
    }

    async fn did_change_watched_files(&self, params: DidChangeWatchedFilesParams) {
        self.disk_changed(params.changes.into_iter().map(|it| it.uri));
    }

    async fn did_create_files(&self, params: CreateFilesParams) {
        self.disk_changed(parsed(params.files.iter().map(|it| &it.uri)));
    }

    async fn did_rename_files(&self, params: RenameFilesParams) {
        let uris = params.files.iter().flat_map(|it| [&it.old_uri, &it.new_uri]);
        self.disk_changed(parsed(uris));
    }

    async fn did_delete_files(&self, params: DeleteFilesParams) {
        self.disk_changed(parsed(params.files.iter().map(|it| &it.uri)));
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.change(|state| {
            let paths = |folders: &[WorkspaceFolder]| -> Vec<PathBuf> {
                folders.iter().filter_map(|folder| path_of(&folder.uri)).collect()
            };
            let removed = paths(&params.event.removed);
            let mut roots = state.roots.clone();
            roots.retain(|it| !removed.contains(it));
            roots.extend(paths(&params.event.added));
            roots.sort();
            roots.dedup();
            state.set_roots(roots);
        });
        self.register_watchers(false);
    }

    async fn did_change_configuration(&self, params: DidChangeConfigurationParams) {
        // Some clients push the new settings, others only announce that they changed.
        match params.settings.get("plimsoll") {
            Some(section) if !section.is_null() => self.configure(section),
            _ => self.fetch_configuration(),
        }
    }

    async fn diagnostic(
        &self,
        params: DocumentDiagnosticParams,
    ) -> Result<DocumentDiagnosticReportResult> {
        let uri = &params.text_document.uri;
        let place = self.shared.lock().documents.get(uri).map(|it| it.place.clone());
        let previous = params.previous_result_id.as_deref();
        let Some(place) = place else { return Ok(diagnostic::document(None, previous).into()) };
        self.shared.settled(&place.root, DIAGNOSING).await;
        let view = self.view(uri);
        match view.filter(|it| it.is_current) {
            Some(view) => {
                let file = view.snapshot.diagnostics_of(&place.name);
                Ok(diagnostic::document(file.map(|it| &**it), previous).into())
            }
            None => Err(Error {
                code: ErrorCode::ServerError(SERVER_CANCELLED),
                message: "the document is still being analysed".into(),
                data: Some(json!({ "retriggerRequest": true })),
            }),
        }
    }

    /// Answers only when there is something new, so that clients do not poll.
    async fn workspace_diagnostic(
        &self,
        params: WorkspaceDiagnosticParams,
    ) -> Result<WorkspaceDiagnosticReportResult> {
        self.change(State::pull_workspace);
        let previous = params.previous_result_ids.into_iter();
        let previous: HashMap<Uri, String> = previous.map(|it| (it.uri, it.value)).collect();
        let mut diagnosed = self.shared.diagnosed.subscribe();
        loop {
            diagnosed.borrow_and_update();
            let items = diagnostic::workspace(&self.shared.lock(), &previous);
            if !items.is_empty() {
                let report = WorkspaceDiagnosticReport { items };
                return Ok(WorkspaceDiagnosticReportResult::Report(report));
            }
            if diagnosed.changed().await.is_err() {
                return Err(Error::request_cancelled());
            }
        }
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let answer =
            self.answer(&at.text_document.uri, move |view| hover::hover(view, at.position));
        Ok(answer.await.flatten())
    }

    async fn goto_definition(
        &self,
        params: GotoDefinitionParams,
    ) -> Result<Option<GotoDefinitionResponse>> {
        let at = params.text_document_position_params;
        let uri = &at.text_document.uri;
        let found = self.answer(uri, move |view| navigate::definition(view, at.position));
        Ok(found.await.map(GotoDefinitionResponse::Array))
    }

    async fn goto_implementation(
        &self,
        params: request::GotoImplementationParams,
    ) -> Result<Option<request::GotoImplementationResponse>> {
        let at = params.text_document_position_params;
        let uri = &at.text_document.uri;
        let found = self.answer(uri, move |view| navigate::implementation(view, at.position));
        Ok(found.await.map(GotoDefinitionResponse::Array))
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        let (at, context) = (params.text_document_position, params.context);
        let found = self.answer(&at.text_document.uri, move |view| {
            navigate::references(view, at.position, context.include_declaration)
        });
        Ok(found.await)
    }

    async fn document_highlight(
        &self,
        params: DocumentHighlightParams,
    ) -> Result<Option<Vec<DocumentHighlight>>> {
        let at = params.text_document_position_params;
        let uri = &at.text_document.uri;
        Ok(self.answer(uri, move |view| navigate::highlights(view, at.position)).await)
    }

    async fn prepare_rename(
        &self,
        at: TextDocumentPositionParams,
    ) -> Result<Option<PrepareRenameResponse>> {
        let uri = &at.text_document.uri;
        let answer = self.answer_shown(uri, move |view| rename::prepare(view, at.position)).await?;
        answer.unwrap_or(Ok(None))
    }

    async fn rename(&self, params: RenameParams) -> Result<Option<WorkspaceEdit>> {
        let (at, new) = (params.text_document_position, params.new_name);
        let uri = &at.text_document.uri;
        let answer =
            self.answer_shown(uri, move |view| rename::rename(view, at.position, &new)).await?;
        answer.unwrap_or(Ok(None))
    }

    async fn document_link(&self, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>> {
        Ok(self.answer(&params.text_document.uri, links::links).await)
    }

    async fn document_symbol(
        &self,
        params: DocumentSymbolParams,
    ) -> Result<Option<DocumentSymbolResponse>> {
        let nested = self.shared.lock().features.nested_symbols;
        let uri = params.text_document.uri;
        let own = uri.clone();
        let answer =
            self.answer_from_text(&uri, move |source| symbols::document(source, &own, nested));
        Ok(answer.await)
    }

    /// Answers from the newest analyses, which may be older than what is typed.
    async fn symbol(
        &self,
        params: WorkspaceSymbolParams,
    ) -> Result<Option<WorkspaceSymbolResponse>> {
        let roots = self.shared.lock().roots.clone();
        for root in roots {
            self.shared.settled(&root, SETTLING).await;
        }
        let (snapshots, encoding) = {
            let state = self.shared.lock();
            let snapshots: Vec<_> = state.snapshots().map(|(_, it)| Arc::clone(it)).collect();
            (snapshots, state.encoding())
        };
        let found =
            in_background(move || symbols::workspace(&snapshots, encoding, &params.query)).await;
        Ok(found.map(WorkspaceSymbolResponse::Nested))
    }

    async fn folding_range(&self, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>> {
        Ok(self.answer_from_text(&params.text_document.uri, fold::ranges).await)
    }

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let at = params.text_document_position;
        let Some(view) = self.view_at_once(&at.text_document.uri).await else { return Ok(None) };
        let items = in_background(move || completion::completions(&view, at.position)).await;
        Ok(items.map(CompletionResponse::Array))
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let (range, kinds) = (params.range, self.shared.lock().shown.hints);
        let uri = &params.text_document.uri;
        self.answer_shown(uri, move |view| inlay_hints::hints(view, range, kinds)).await
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        let kinds = self.shared.lock().shown.lenses;
        let uri = &params.text_document.uri;
        self.answer_shown(uri, move |view| lenses::lenses(view, kinds)).await
    }

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let uri = params.text_document.uri.clone();
        let answer = self.answer(&uri, move |view| action::actions(view, &params));
        Ok(answer.await.filter(|it| !it.is_empty()))
    }

    async fn code_action_resolve(&self, action: CodeAction) -> Result<CodeAction> {
        let Some(deferred) = action.data.as_ref().and_then(Deferred::read) else {
            return Ok(action);
        };
        let uri = deferred.uri.clone();
        let unresolved = action.clone();
        let answer = self.answer(&uri, move |view| action::resolved(view, action, &deferred));
        Ok(answer.await.unwrap_or(unresolved))
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<Value>> {
        match params.command.as_str() {
            DECIDE => {
                Ok(self.about_project(argument(&params, 0)?, decide::decision).await.flatten())
            }
            COMPARE => {
                Ok(self.about_project(argument(&params, 0)?, compare::comparison).await.flatten())
            }
            RENDER => {
                let (uri, name) = (argument(&params, 0)?, argument::<String>(&params, 1)?);
                let Some(name) = name else {
                    return Ok(self.about_project(uri, render::list).await.flatten());
                };
                let render = match argument::<bool>(&params, 2)?.unwrap_or_default() {
                    true => render::located,
                    false => render::rendered,
                };
                let answer = self.about_project(uri, move |it| render(it, &name)).await;
                answer.transpose().map_err(Error::invalid_params)
            }
            EXPLAIN => match argument::<String>(&params, 0)? {
                Some(rule) => Ok(explain::page(&rule).map(Value::String)),
                None => Ok(explain::list()),
            },
            show::SHOW => {
                let wanted = show::wanted(params.arguments.into_iter().next());
                let wanted = wanted.ok_or_else(|| {
                    Error::invalid_params("`plimsoll.show` takes what to open as its argument")
                })?;
                let client = self.client.clone();
                tokio::spawn(async move {
                    let _ = timeout(PATIENCE, client.show_document(wanted)).await;
                });
                Ok(None)
            }
            other => {
                let message = format!("`{other}` is not a command of this server");
                Err(Error::invalid_params(message))
            }
        }
    }
}
