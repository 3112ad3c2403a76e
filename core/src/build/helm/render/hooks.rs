//! Which documents of a rendered template are hooks, and of what.

use crate::syntax::{Node, Tree};
use std::ops::Range;

/// One YAML document of a rendered template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The document's bytes in the rendered text.
    pub range: Range<usize>,
    /// When Helm runs it, and not with the rest of the release; empty for a document that is not a hook.
    pub hooks: Vec<Hook>,
}

/// The events of `helm.sh/hook`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    PreInstall,
    PostInstall,
    PreDelete,
    PostDelete,
    PreUpgrade,
    PostUpgrade,
    PreRollback,
    PostRollback,
    Test,
}

impl Hook {
    pub fn parse(word: &str) -> Option<Hook> {
        match word {
            "pre-install" => Some(Hook::PreInstall),
            "post-install" => Some(Hook::PostInstall),
            "pre-delete" => Some(Hook::PreDelete),
            "post-delete" => Some(Hook::PostDelete),
            "pre-upgrade" => Some(Hook::PreUpgrade),
            "post-upgrade" => Some(Hook::PostUpgrade),
            "pre-rollback" => Some(Hook::PreRollback),
            "post-rollback" => Some(Hook::PostRollback),
            "test" | "test-success" | "test-failure" => Some(Hook::Test),
            _ => None,
        }
    }
}

/// Returns the documents of a text that have content. `tree` was read from this text.
pub fn documents(text: &str, tree: &Tree) -> Vec<Document> {
    let documents = tree.documents.iter().filter_map(|document| {
        let root = tree.node(document.root?);
        let range = document.span.start as usize..end_of(text, document.span.end as usize);
        Some(Document { range, hooks: hooks(root) })
    });
    documents.collect()
}

/// Returns the end of a document whose last node ends at `at`: the next marker, or the end of the text.
/// A key without a value ends behind its last node.
fn end_of(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let length = rest.find("\n---").unwrap_or(rest.len());
    at + rest[..length].trim_end().len()
}

fn hooks(root: Node<'_>) -> Vec<Hook> {
    let annotation = root.at(&["metadata", "annotations", "helm.sh/hook"]);
    let words = annotation.and_then(Node::as_str).unwrap_or_default();
    words.split(',').filter_map(|word| Hook::parse(word.trim())).collect()
}
