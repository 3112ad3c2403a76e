//! What a place of a chart or an overlay becomes in the targets that it is built into.

use crate::facts::shortened;
use crate::model::BuiltTarget;
use crate::syntax::{Node, Style, Tree};
use crate::text::Span;
use rustc_hash::FxHashSet;

/// A value of a built target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    /// `Deployment web`; empty where the document names no object.
    pub object: String,
    /// `spec.replicas`
    pub path: String,
    pub value: String,
    pub span: Span,
}

/// A step from a node to the one above it.
struct Above<'t> {
    above: Option<usize>,
    step: Step<'t>,
}

enum Step<'t> {
    Key(&'t str),
    Item(usize, Option<&'t str>),
}

/// Returns the scalars of a target that a place wants, in the order of its documents.
pub(super) fn scalars(target: &BuiltTarget, wants: &dyn Fn(Span) -> bool) -> Vec<Rendered> {
    let mut found = Vec::new();
    for tree in &target.target.trees {
        for root in tree.roots() {
            scalars_of(tree, root, &|span| !span.is_empty() && wants(span), &mut found);
        }
    }
    found
}

/// Adds the wanted scalars of one document, in its order.
pub(super) fn scalars_of<'t>(
    tree: &'t Tree,
    root: Node<'t>,
    wants: &dyn Fn(Span) -> bool,
    found: &mut Vec<Rendered>,
) {
    let mut steps: Vec<Above<'t>> = Vec::new();
    let mut open = vec![(root.id(), None)];
    // Aliases can lead to one node many times.
    let mut seen = FxHashSet::default();
    while let Some((id, above)) = open.pop() {
        let node = tree.node(id);
        if !seen.insert(node.resolve().id()) {
            continue;
        }
        if node.is_scalar() && wants(node.span()) {
            found.push(Rendered {
                object: object_name(root),
                path: path_of(&steps, above),
                value: value_of(node),
                span: node.span(),
            });
        }
        let first = open.len();
        for entry in node.entries() {
            steps.push(Above { above, step: Step::Key(entry.key.as_str().unwrap_or_default()) });
            open.push((entry.value.id(), Some(steps.len() - 1)));
        }
        for (at, item) in node.items().enumerate() {
            let name = item.get("name").and_then(Node::as_str);
            steps.push(Above { above, step: Step::Item(at, name) });
            open.push((item.id(), Some(steps.len() - 1)));
        }
        // The last one in is the first one out.
        open[first..].reverse();
    }
}

/// Returns a scalar as a reader of the YAML sees it: an empty text with its quotes.
fn value_of(node: Node<'_>) -> String {
    let text = node.as_str().unwrap_or_default();
    let is_quoted = matches!(node.resolve().style(), Style::SingleQuoted | Style::DoubleQuoted);
    if text.is_empty() && is_quoted { "\"\"".to_owned() } else { text.to_owned() }
}

fn object_name(root: Node<'_>) -> String {
    let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
    let name = root.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or_default();
    format!("{kind} {name}").trim().to_owned()
}

fn path_of(steps: &[Above<'_>], last: Option<usize>) -> String {
    let mut parts = Vec::new();
    let mut at = last;
    while let Some(index) = at {
        parts.push(&steps[index].step);
        at = steps[index].above;
    }
    let mut path = String::new();
    for part in parts.into_iter().rev() {
        match part {
            Step::Key(key) => {
                let dot = if path.is_empty() { "" } else { "." };
                path.push_str(&format!("{dot}{}", shortened(key)));
            }
            Step::Item(_, Some(name)) => path.push_str(&format!("[{name}]")),
            Step::Item(at, None) => path.push_str(&format!("[{at}]")),
        }
    }
    path
}
