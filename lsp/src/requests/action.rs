//! `textDocument/codeAction`: fixes as edits to apply.

use super::View;
use plimsoll_core::report::{Finding, Safety};
use tower_lsp_server::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams,
};

/// Returns the actions for a range.
pub fn actions(view: &View, params: &CodeActionParams) -> Vec<CodeActionOrCommand> {
    let only = params.context.only.as_deref();
    let is_wanted =
        |kind: &CodeActionKind| kind.as_str().is_empty() || *kind == CodeActionKind::QUICKFIX;
    if only.is_some_and(|it| !it.iter().any(is_wanted)) {
        return Vec::new();
    }
    let Some(wanted) = view.span(params.range) else { return Vec::new() };
    let touches = |it: &&Finding| {
        let span = it.span;
        span.file == wanted.file && span.start <= wanted.end && wanted.start <= span.end
    };
    let out = view.out();
    let mut actions = Vec::new();
    for finding in view.report().findings.iter().filter(touches) {
        for (index, fix) in view.analysis().tried_fixes(finding).iter().enumerate() {
            actions.push(CodeActionOrCommand::CodeAction(CodeAction {
                title: fix.title.clone(),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![out.diagnostic(finding)]),
                edit: Some(out.workspace_edit(fix, view.features.versioned_edits)),
                is_preferred: Some(index == 0 && fix.safety == Safety::Safe),
                ..CodeAction::default()
            }));
        }
    }
    actions
}
