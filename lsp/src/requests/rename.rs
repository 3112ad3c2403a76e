//! `textDocument/prepareRename` and `rename`: another name at every place of the project, or why that cannot be
//! done.

use super::View;
use plimsoll_core::ide::rename::{self, Renaming};
use plimsoll_core::report::{Edit, Fix};
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp_server::ls_types::{Position, PrepareRenameResponse, WorkspaceEdit};

/// The error of a request that is fine but cannot be fulfilled, as a number of the protocol.
const REQUEST_FAILED: i64 = -32803;
/// The error of a request whose answer would be about texts that have changed meanwhile.
const CONTENT_MODIFIED: i64 = -32801;

/// Returns the name at a position, if it can be renamed.
pub fn prepare(view: &View, at: Position) -> Result<Option<PrepareRenameResponse>> {
    let Some((file, offset)) = view.place(at) else { return Ok(None) };
    let found = possible(rename::prepare_rename(view.indexed(), file, offset))?;
    Ok(found.map(|(span, placeholder)| {
        let range = view.range(span);
        PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }
    }))
}

/// Returns the edits that give what stands at a position another name, in open and in closed files.
pub fn rename(view: &View, at: Position, new: &str) -> Result<Option<WorkspaceEdit>> {
    let Some((file, offset)) = view.place(at) else { return Ok(None) };
    let Some(edits) = possible(rename::rename(view.indexed(), file, offset, new))? else {
        return Ok(None);
    };
    if edits.iter().any(|edit| is_outdated(view, edit)) {
        return Err(Error {
            code: ErrorCode::ServerError(CONTENT_MODIFIED),
            message: "A file to change has been edited meanwhile; please try again.".into(),
            data: None,
        });
    }
    let fix = Fix::safe(format!("Rename to `{new}`"), edits);
    Ok(Some(view.out().workspace_edit(&fix, view.features.versioned_edits)))
}

/// Whether the file of an edit has another text than the one that was analysed.
fn is_outdated(view: &View, edit: &Edit) -> bool {
    let analysed = &view.report().entry(edit.span.file).file;
    let newest = &view.snapshot.applications.files()[edit.span.file.index()].file;
    view.addresses.version(&analysed.path) != view.snapshot.addresses.version(&analysed.path)
        || analysed.text != newest.text
}

fn possible<T>(renaming: Renaming<T>) -> Result<Option<T>> {
    match renaming {
        Renaming::Possible(found) => Ok(Some(found)),
        Renaming::NoName => Ok(None),
        Renaming::Refused(reason) => Err(Error {
            code: ErrorCode::ServerError(REQUEST_FAILED),
            message: reason.into(),
            data: None,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::{apply, position_of, view};

    const COMPOSE: &str = "services:
  web: {image: 'acme/web:1', depends_on: [db], environment: {HOST: '${HOST}'}}
  db: {image: 'postgres:17'}
";

    #[test]
    fn a_service_changes_its_name_where_others_wait_for_it() {
        let view = view(&[("compose.yaml", COMPOSE)]);
        let at = position_of(&view, "db]");
        let Ok(Some(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder })) =
            prepare(&view, at)
        else {
            panic!("it can be renamed")
        };
        assert_eq!((range.start, placeholder.as_str()), (at, "db"));
        let edit = rename(&view, at, "store").unwrap().unwrap();
        assert_eq!(apply(&view, &edit), COMPOSE.replace("db", "store"));
    }

    #[test]
    fn a_refusal_is_an_error_with_the_reason() {
        let view = view(&[("compose.yaml", COMPOSE)]);
        let refused = prepare(&view, position_of(&view, "HOST}'")).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ServerError(REQUEST_FAILED));
        assert!(refused.message.contains("`HOST`"), "{}", refused.message);
        let taken = rename(&view, position_of(&view, "db]"), "web").unwrap_err();
        assert!(taken.message.contains("already"), "{}", taken.message);
        assert_eq!(prepare(&view, position_of(&view, "services")), Ok(None));
        assert_eq!(rename(&view, Position { line: 999, character: 999 }, "x"), Ok(None));
    }

    #[test]
    fn edits_of_a_file_that_was_typed_in_meanwhile_are_not_made() {
        let mut view = view(&[("compose.yaml", COMPOSE)]);
        let at = position_of(&view, "db]");
        view.addresses.open.get_mut("compose.yaml").unwrap().1 += 1;
        let outdated = rename(&view, at, "store").unwrap_err();
        assert_eq!(outdated.code, ErrorCode::ServerError(CONTENT_MODIFIED));
    }
}
