//! The names of anchors and aliases.

use super::names::{Collector, Name};
use crate::syntax::{Node, NodeKind};
use crate::text::Span;
use smol_str::SmolStr;

/// Notes the anchors of all files.
pub(super) fn collect(collector: &mut Collector<'_>) {
    let analysis = collector.analysis;
    for file in analysis.files().iter().filter(|file| file.text().contains('&')) {
        for node in file.tree.nodes() {
            if let Some((name, span)) = anchor(node) {
                collector.define(name, span);
            }
            if node.kind() == NodeKind::Alias
                && let Some((name, _)) = anchor(node.resolve())
            {
                // Without the `*`.
                let span = node.span();
                collector.refer(name, span.inner(1..span.range().len()));
            }
        }
    }
}

/// Returns the anchor of a node, with its place without the `&`.
fn anchor(node: Node<'_>) -> Option<(Name, Span)> {
    let (name, span) = node.anchor()?;
    let span = span.inner(1..span.range().len());
    Some((Name::Anchor { definition: span, name: SmolStr::from(name) }, span))
}
