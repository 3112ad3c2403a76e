//! `textDocument/completion`: what lives in the project, also while the line is broken.

use super::View;
use plimsoll_core::ide::completion::{self, Completion, CompletionKind};
use tower_lsp_server::ls_types::{
    CompletionItem, CompletionItemKind, CompletionOptions, CompletionTextEdit, Documentation,
    InsertTextMode, MarkupContent, MarkupKind, Position, Range, TextEdit,
};

/// The characters behind which something may stand: in a list, behind a key, in an action, an address, a variable or
/// the name of a template.
const TRIGGERS: [&str; 10] = [" ", ".", "{", "[", ":", "/", "@", "=", "$", "\""];

pub fn options() -> CompletionOptions {
    CompletionOptions {
        trigger_characters: Some(TRIGGERS.iter().map(|it| (*it).to_owned()).collect()),
        ..CompletionOptions::default()
    }
}

/// Returns what may stand at a position of the text as it is now. The snapshot may be older.
pub fn completions(view: &View, at: Position) -> Vec<CompletionItem> {
    let Some(file) = view.file else { return Vec::new() };
    let offset = view.offset(at);
    let found = completion::complete(view.analysis(), file, &view.text, offset);
    found.into_iter().enumerate().map(|(order, it)| item(view, it, order)).collect()
}

fn item(view: &View, it: Completion, order: usize) -> CompletionItem {
    let replaced = it.replace.range();
    let documentation = it.documentation.map(|value| {
        Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })
    });
    let range = Range { start: view.position(replaced.start), end: view.position(replaced.end) };
    CompletionItem {
        kind: Some(kind(it.kind)),
        detail: it.detail,
        documentation,
        filter_text: Some(it.filter),
        // The core has the likeliest first.
        sort_text: Some(format!("{order:05}")),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range, new_text: it.insert })),
        insert_text_mode: Some(InsertTextMode::AS_IS),
        label: it.label,
        ..CompletionItem::default()
    }
}

fn kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Service | CompletionKind::Host => CompletionItemKind::MODULE,
        CompletionKind::Condition | CompletionKind::Profile => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Volume | CompletionKind::Network => CompletionItemKind::REFERENCE,
        CompletionKind::File | CompletionKind::Path => CompletionItemKind::FILE,
        CompletionKind::Object => CompletionItemKind::CLASS,
        CompletionKind::Key | CompletionKind::Value => CompletionItemKind::FIELD,
        CompletionKind::Port | CompletionKind::Image => CompletionItemKind::VALUE,
        CompletionKind::NamedTemplate => CompletionItemKind::FUNCTION,
        CompletionKind::Variable => CompletionItemKind::VARIABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::view;

    #[test]
    fn the_word_at_the_cursor_is_replaced_in_the_clients_own_columns() {
        let text = "# 🎵\nservices:\n  '🎵': {image: x, depends_on: [d]}\n  db: {image: y}\n";
        let view = view(&[("compose.yaml", text)]);
        // The letter behind `[`, in UTF-16.
        let line = text.lines().nth(2).unwrap();
        let column = line[..line.find("d]").unwrap() + 1].encode_utf16().count();
        let at = Position { line: 2, character: u32::try_from(column).unwrap() };
        let items = completions(&view, at);
        let labels: Vec<&str> = items.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["db"]);
        let Some(CompletionTextEdit::Edit(edit)) = &items[0].text_edit else { panic!("no edit") };
        let start = Position { character: at.character - 1, ..at };
        assert_eq!(edit.range, Range { start, end: at });
        assert_eq!(edit.new_text, "db");
    }
}
