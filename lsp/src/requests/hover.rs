//! `textDocument/hover`: what is to be said about the place under the cursor.

use super::View;
use plimsoll_core::ide::hover;
use tower_lsp_server::ls_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

/// Returns what there is to say about a position; `None` where there is nothing.
pub fn hover(view: &View, at: Position) -> Option<Hover> {
    let found = hover::hover(view.indexed(), &view.report().findings, view.file?, view.offset(at))?;
    let value = found.markdown;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
        range: Some(view.range(found.span)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::{position_of, view};

    #[test]
    fn a_finding_under_the_cursor_is_explained() {
        let view = view(&[("compose.yaml", "services:\n  a:\n    image: x\n    image: y\n")]);
        let at = Position { line: 3, character: 6 };
        let found = hover(&view, at).unwrap();
        let HoverContents::Markup(said) = found.contents else { panic!("not Markdown") };
        assert!(said.value.contains("PLM002") && said.value.contains("Why it hurts"));
        assert_eq!(hover(&view, position_of(&view, "services")), None);
    }
}
