//! What the server offers, what it asks of the client, and what it takes from the client's answer.

use crate::requests::action::{EXPLAIN, FIX_ALL};
use crate::requests::compare::COMPARE;
use crate::requests::completion;
use crate::requests::decide::DECIDE;
use crate::requests::lenses::{OPEN_PLACE, RENDER_TARGET, SHOW_DECISION};
use crate::requests::render::RENDER;
use crate::requests::show::SHOW;
use serde_json::{Value, json};
use std::path::PathBuf;
use tower_lsp_server::ls_types::*;

/// The files that the client is asked to watch. The pattern is generous: which files belong to a
/// project is decided by [`plimsoll_files::belongs`].
const FILES: &str = "**/{*.yaml,*.yml,*.json,*.tpl,*.tmpl,*.j2,*.jinja,*.jinja2,*.sh,*entrypoint,start,run,init,Kustomization,*.env,*.env.*,.env*,env.*,env-*,*compose*.yaml.*,*compose*.yml.*,Dockerfile*,*.Dockerfile,Containerfile*,.gitignore}";

/// Everything that comes and goes. Only this pattern matches folders.
const EVERYTHING: &str = "**/*";

/// The kinds of events on everything: a folder is created or deleted. As numbers of the protocol.
const CREATE_AND_DELETE: u8 = 1 | 4;

/// The commands that the client runs itself, by their names in `commands` of the initialization options. A client that
/// runs none is offered only what the server can do with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Commands {
    pub decision: bool,
    pub render: bool,
    pub place: bool,
    pub explain: bool,
}

impl Commands {
    pub fn read(names: &Value) -> Commands {
        let has = |name: &str| names.as_array().is_some_and(|it| it.iter().any(|it| it == name));
        Commands {
            decision: has(SHOW_DECISION),
            render: has(RENDER_TARGET),
            place: has(OPEN_PLACE),
            explain: has(EXPLAIN),
        }
    }
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
    /// Whether the client watches files by patterns relative to a folder.
    pub relative_patterns: bool,
    /// Whether the client asks for diagnostics, and asks again when it is told that they changed.
    pub pulls: bool,
    /// Whether the client shows the progress of work.
    pub progress: bool,
    /// Whether the client asks for the edit of an action when somebody chooses it.
    pub resolves_edits: bool,
    /// Whether the client asks for hints again when it is told that they changed.
    pub refreshes_hints: bool,
    /// Whether the client asks for lenses again when it is told that they changed.
    pub refreshes_lenses: bool,
    /// Whether the client shows symbols of a document below one another.
    pub nested_symbols: bool,
    /// Whether the client opens documents and pages for the server.
    pub shows_documents: bool,
    pub commands: Commands,
}

pub fn features(client: &ClientCapabilities, commands: Commands) -> Features {
    let workspace = client.workspace.clone().unwrap_or_default();
    let document = client.text_document.clone().unwrap_or_default();
    let watched = workspace.did_change_watched_files;
    let refreshes = workspace.diagnostics.and_then(|it| it.refresh_support) == Some(true);
    let symbols = document.document_symbol;
    let resolve = document.code_action.and_then(|it| it.resolve_support);
    let shows = client.window.as_ref().and_then(|it| it.show_document.as_ref());
    Features {
        versioned_edits: workspace.workspace_edit.and_then(|it| it.document_changes) == Some(true),
        configuration: workspace.configuration == Some(true),
        watchers: watched.is_some_and(|it| it.dynamic_registration == Some(true)),
        relative_patterns: watched.is_some_and(|it| it.relative_pattern_support == Some(true)),
        // A client that cannot be told that other files' diagnostics changed would show old ones.
        pulls: document.diagnostic.is_some() && refreshes,
        progress: client.window.as_ref().and_then(|it| it.work_done_progress) == Some(true),
        refreshes_hints: workspace.inlay_hint.and_then(|it| it.refresh_support) == Some(true),
        refreshes_lenses: workspace.code_lens.and_then(|it| it.refresh_support) == Some(true),
        nested_symbols: symbols
            .is_some_and(|it| it.hierarchical_document_symbol_support == Some(true)),
        shows_documents: shows.is_some_and(|it| it.support),
        commands,
        resolves_edits: resolve.is_some_and(|it| it.properties.iter().any(|name| name == "edit")),
    }
}

/// What the server offers, in the position encoding that was negotiated.
pub fn capabilities(encoding: PositionEncodingKind, features: Features) -> ServerCapabilities {
    let diagnostics = DiagnosticOptions {
        identifier: Some("plimsoll".to_owned()),
        inter_file_dependencies: true,
        workspace_diagnostics: true,
        ..DiagnosticOptions::default()
    };
    ServerCapabilities {
        position_encoding: Some(encoding),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        })),
        diagnostic_provider: features
            .pulls
            .then_some(DiagnosticServerCapabilities::Options(diagnostics)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        implementation_provider: Some(ImplementationProviderCapability::Simple(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        document_link_provider: Some(DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(completion::options()),
        inlay_hint_provider: Some(OneOf::Left(true)),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::new(FIX_ALL)]),
            resolve_provider: Some(features.resolves_edits),
            ..CodeActionOptions::default()
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: [DECIDE, COMPARE, RENDER, EXPLAIN, SHOW].map(str::to_owned).to_vec(),
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: Some(file_operations()),
        }),
        ..ServerCapabilities::default()
    }
}

/// Files and folders that the editor itself creates, renames and deletes.
fn file_operations() -> WorkspaceFileOperationsServerCapabilities {
    let filter = FileOperationFilter {
        scheme: Some("file".to_owned()),
        pattern: FileOperationPattern { glob: EVERYTHING.to_owned(), matches: None, options: None },
    };
    let wanted = Some(FileOperationRegistrationOptions { filters: vec![filter] });
    WorkspaceFileOperationsServerCapabilities {
        did_create: wanted.clone(),
        did_rename: wanted.clone(),
        did_delete: wanted,
        ..WorkspaceFileOperationsServerCapabilities::default()
    }
}

/// Returns what the client is asked to watch.
pub fn watchers(roots: &[PathBuf], features: Features) -> Registration {
    let patterns = |pattern: &str| -> Vec<Value> {
        if !features.relative_patterns {
            return vec![json!(pattern)];
        }
        let folders = roots.iter().filter_map(Uri::from_file_path);
        folders.map(|base| json!({ "baseUri": base, "pattern": pattern })).collect()
    };
    let files = patterns(FILES).into_iter().map(|it| json!({ "globPattern": it }));
    let everything = patterns(EVERYTHING).into_iter();
    let everything = everything.map(|it| json!({ "globPattern": it, "kind": CREATE_AND_DELETE }));
    let watchers: Vec<Value> = files.chain(everything).collect();
    Registration {
        id: WATCHERS.to_owned(),
        method: WATCHED.to_owned(),
        register_options: Some(json!({ "watchers": watchers })),
    }
}

const WATCHERS: &str = "plimsoll-files";
const WATCHED: &str = "workspace/didChangeWatchedFiles";

/// Returns the end of what [`watchers`] asks for.
pub fn no_watchers() -> Unregistration {
    Unregistration { id: WATCHERS.to_owned(), method: WATCHED.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_a_walk_may_read_is_watched() {
        use plimsoll_core::text::glob;
        use std::path::Path;
        let is_watched = |name: &str| glob::matches(FILES, &format!("a/b/{name}"));
        for name in [
            "compose.yaml",
            "values.yml",
            "Kustomization",
            "Chart.yaml",
            "web.json",
            "_helpers.tpl",
            "Dockerfile",
            "api.Dockerfile",
            "Containerfile",
            ".env",
            ".env.example",
            "app.env",
            "compose.override.yaml.example",
        ] {
            assert!(plimsoll_files::belongs(Path::new(name)) || name.ends_with(".json"), "{name}");
            assert!(is_watched(name), "{name}");
        }
        for name in ["run.sh", "entrypoint", "docker-entrypoint", "start", "run", "init"] {
            assert!(plimsoll_files::is_script(Path::new(name)) && is_watched(name), "{name}");
        }
        for name in ["web.tmpl", "web.yaml.j2", "web.jinja", "web.jinja2"] {
            assert!(plimsoll_core::model::is_template_name(name) && is_watched(name), "{name}");
        }
        assert!(!is_watched("main.rs") && !is_watched("README.md"));
    }

    #[test]
    fn folders_are_watched_below_each_root_where_the_client_can() {
        let roots = [PathBuf::from("/w"), PathBuf::from("/v")];
        let count = |features| {
            let options = watchers(&roots, features).register_options.unwrap();
            options["watchers"].as_array().unwrap().len()
        };
        assert_eq!(count(Features::default()), 2);
        assert_eq!(count(Features { relative_patterns: true, ..Features::default() }), 4);
    }
}
