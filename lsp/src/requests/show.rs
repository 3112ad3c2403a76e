//! The command `plimsoll.show`: has the client open a place or a page, for clients that run no commands of their own.

use super::View;
use plimsoll_core::text::Span;
use serde_json::{Value, json};
use tower_lsp_server::ls_types::{Command, ShowDocumentParams, Uri};

/// The command that has the client open something. Its argument is that of `window/showDocument`.
pub const SHOW: &str = "plimsoll.show";

/// Returns a command that opens a place; `None` where the client opens nothing.
pub fn place(view: &View, title: &str, to: Span) -> Option<Command> {
    let place = view.out().location(to).filter(|_| view.features.shows_documents)?;
    let wanted = json!({ "uri": place.uri, "takeFocus": true, "selection": place.range });
    Some(command(title, wanted))
}

/// Returns a command that opens a page in a browser; `None` where the client opens nothing.
pub fn page(view: &View, title: &str, page: &Uri) -> Option<Command> {
    let wanted = json!({ "uri": page, "external": true });
    view.features.shows_documents.then(|| command(title, wanted))
}

fn command(title: &str, wanted: Value) -> Command {
    Command { title: title.to_owned(), command: SHOW.to_owned(), arguments: Some(vec![wanted]) }
}

/// Reads what a client is to open.
pub fn wanted(argument: Option<Value>) -> Option<ShowDocumentParams> {
    serde_json::from_value(argument?).ok()
}
