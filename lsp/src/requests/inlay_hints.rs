//! `textDocument/inlayHint`: values and budgets between the words of a document.

use super::View;
use plimsoll_core::ide::hints::{self, Hint, HintKinds};
use tower_lsp_server::ls_types::{
    InlayHint, InlayHintLabel, InlayHintTooltip, MarkupContent, MarkupKind, Range,
};

/// Returns the hints of the wanted kinds in a range.
pub fn hints(view: &View, range: Range, kinds: HintKinds) -> Vec<InlayHint> {
    let Some(file) = view.file else { return Vec::new() };
    let range = view.offset(range.start)..view.offset(range.end);
    let found = hints::hints(view.analysis(), file, range, kinds);
    found.into_iter().map(|it| hint(view, it)).collect()
}

fn hint(view: &View, it: Hint) -> InlayHint {
    let tooltip = it.tooltip.map(|value| {
        InlayHintTooltip::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })
    });
    InlayHint {
        position: view.position(it.offset),
        label: InlayHintLabel::String(it.label),
        kind: None,
        text_edits: None,
        tooltip,
        padding_left: Some(true),
        padding_right: None,
        data: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::view;
    use tower_lsp_server::ls_types::Position;

    #[test]
    fn a_budget_stands_behind_its_healthcheck() {
        let text = "services:\n  db:\n    image: x\n    healthcheck:\n      test: [CMD, ok]\n";
        let view = view(&[("compose.yaml", text)]);
        let at = |line, character| Position { line, character };
        let all = Range { start: at(0, 0), end: at(9, 0) };
        let found = hints(&view, all, HintKinds::default());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].position, at(3, 16));
        let InlayHintLabel::String(label) = &found[0].label else { panic!("no text") };
        assert_eq!(label, "unhealthy after 1 min 30 s without a success");
        let off = HintKinds { budgets: false, ..HintKinds::default() };
        assert!(hints(&view, all, off).is_empty());
    }
}
