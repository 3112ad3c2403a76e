//! `textDocument/diagnostic` and `workspace/diagnostic`: diagnostics for clients that pull them. A result id
//! names the list that the client has, so that each list is sent once.

use crate::diagnostics::FileDiagnostics;
use crate::state::State;
use std::collections::HashMap;
use tower_lsp_server::ls_types::{
    Diagnostic, DocumentDiagnosticReport, FullDocumentDiagnosticReport,
    RelatedFullDocumentDiagnosticReport, RelatedUnchangedDocumentDiagnosticReport,
    UnchangedDocumentDiagnosticReport, Uri, WorkspaceDocumentDiagnosticReport,
    WorkspaceFullDocumentDiagnosticReport,
};

/// The result id of a file without diagnostics.
const NOTHING: &str = "0";

fn result_id(of: Option<&FileDiagnostics>) -> String {
    of.map_or(NOTHING.to_owned(), |it| it.id.to_string())
}

fn full(of: Option<&FileDiagnostics>) -> FullDocumentDiagnosticReport {
    let items: Vec<Diagnostic> = of.map(|it| it.list.clone()).unwrap_or_default();
    FullDocumentDiagnosticReport { result_id: Some(result_id(of)), items }
}

/// Returns the diagnostics of one document, or that they are those that the client has.
pub fn document(of: Option<&FileDiagnostics>, previous: Option<&str>) -> DocumentDiagnosticReport {
    let result_id = result_id(of);
    if previous == Some(result_id.as_str()) {
        let unchanged = UnchangedDocumentDiagnosticReport { result_id };
        return RelatedUnchangedDocumentDiagnosticReport {
            related_documents: None,
            unchanged_document_diagnostic_report: unchanged,
        }
        .into();
    }
    RelatedFullDocumentDiagnosticReport {
        related_documents: None,
        full_document_diagnostic_report: full(of),
    }
    .into()
}

/// Returns the diagnostics of every file of every project where the client does not have them: `previous` are its
/// result ids.
pub fn workspace(
    state: &State,
    previous: &HashMap<Uri, String>,
) -> Vec<WorkspaceDocumentDiagnosticReport> {
    let mut gone = previous.clone();
    let mut items = Vec::new();
    for (root, snapshot) in state.snapshots() {
        let addresses = state.addresses(root);
        for (name, file) in snapshot.diagnostics() {
            let Some(uri) = addresses.uri(name) else { continue };
            let old = gone.remove(&uri);
            if old.as_deref() != Some(result_id(Some(file)).as_str()) {
                items.push(report(uri, addresses.version(name), Some(file)));
            }
        }
    }
    let is_known = |id: &str| id != NOTHING;
    for (uri, _) in gone.into_iter().filter(|(_, id)| is_known(id)) {
        items.push(report(uri, None, None));
    }
    items
}

fn report(
    uri: Uri,
    version: Option<i32>,
    of: Option<&FileDiagnostics>,
) -> WorkspaceDocumentDiagnosticReport {
    WorkspaceDocumentDiagnosticReport::Full(WorkspaceFullDocumentDiagnosticReport {
        uri,
        version: version.map(i64::from),
        full_document_diagnostic_report: full(of),
    })
}
