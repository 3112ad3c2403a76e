//! The fields of objects, by which they are compared.

use crate::syntax::{Node, NodeKind};

/// Visits the fields below a node with their paths: its scalars, aliases and empty collections. `item_place` returns what
/// stands for an item in the path of its list, which it is given with the index of the item. A visit that returns `false`
/// is the last one.
pub(super) fn visit_fields<'n>(
    node: Node<'n>,
    path: String,
    item_place: &dyn Fn(&str, usize, Node<'n>) -> String,
    visit: &mut dyn FnMut(&str, Node<'n>) -> bool,
) {
    let mut nodes = vec![(node, path)];
    while let Some((node, path)) = nodes.pop() {
        let before = nodes.len();
        match node.kind() {
            NodeKind::Mapping => nodes.extend(node.entries().map(|entry| {
                let key = entry.key.as_str().unwrap_or_default();
                (entry.value, format!("{path}.{key}"))
            })),
            NodeKind::Sequence => nodes.extend(node.items().enumerate().map(|(at, item)| {
                let place = item_place(&path, at, item);
                (item, format!("{path}[{place}]"))
            })),
            NodeKind::Scalar | NodeKind::Alias => {}
        }
        if nodes.len() == before && !visit(&path, node) {
            return;
        }
    }
}

/// Returns the name by which an item of a list is matched; `None` without one.
pub(super) fn item_name<'n>(item: Node<'n>) -> Option<&'n str> {
    item.get("name").filter(|_| item.kind() == NodeKind::Mapping).and_then(Node::as_str)
}
