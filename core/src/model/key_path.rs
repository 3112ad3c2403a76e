//! The path of keys to a place, which stays the same while lines and neighbours come and go:
//! `services.web.ports[8080:80]`, `Deployment/shop/api spec.template.spec.containers[web].image`.

use crate::syntax::{Node, Step, Tree};
use crate::text::{FileId, Span};
use rustc_hash::FxHashMap;

/// Keys whose value tells an item from its neighbours, in the order in which they are looked for. They are
/// the merge keys of Kubernetes' lists and those that Compose merges its lists by.
const NAMES: &[&str] = &[
    "name",
    "key",
    "id",
    "target",
    "mountPath",
    "containerPort",
    "port",
    "path",
    "host",
    "ip",
    "topologyKey",
    "source",
    "chart",
    "kustomization",
    "compose",
];

/// Maximum number of characters of a value that stands for its item.
const MAX_LABEL: usize = 80;

/// Returns the path of keys to the smallest node of a file around a place, behind the name of the object there where
/// the file has some.
pub fn key_path(tree: &Tree, span: Span, has_objects: bool) -> String {
    let steps = tree.path_at(span.start as usize);
    let around = |step: &&Step<'_>| match step {
        Step::Entry(entry) => entry.span().contains(span),
        Step::Item(_, item) => item.full_span().contains(span),
    };
    let object = has_objects.then(|| document_name(tree, span)).flatten();
    let mut path = object.unwrap_or_default();
    for step in steps.iter().take_while(around) {
        match step {
            Step::Entry(entry) => push_key(&mut path, entry.key),
            Step::Item(at, item) => push_item(&mut path, *at, *item),
        }
    }
    path
}

/// Returns the paths of keys to all nodes of built trees that come from the files which `is_wanted` accepts.
pub fn key_paths<'t>(
    trees: impl Iterator<Item = &'t Tree>,
    is_wanted: &dyn Fn(FileId) -> bool,
) -> FxHashMap<Span, String> {
    let mut paths = FxHashMap::default();
    for root in trees.flat_map(Tree::roots) {
        let mut open = vec![(root, object_name(root).unwrap_or_default())];
        while let Some((node, path)) = open.pop() {
            for entry in node.entries() {
                let mut below = path.clone();
                push_key(&mut below, entry.key);
                if is_wanted(entry.key.span().file) {
                    paths.entry(entry.key.span()).or_insert_with(|| below.clone());
                }
                open.push((entry.value, below));
            }
            for (at, item) in node.items().enumerate() {
                let mut below = path.clone();
                push_item(&mut below, at, item);
                open.push((item, below));
            }
            if is_wanted(node.span().file) {
                paths.entry(node.span()).or_insert(path);
            }
        }
    }
    paths
}

/// Returns the name of the object that a document around a place holds.
fn document_name(tree: &Tree, span: Span) -> Option<String> {
    let documents = &tree.documents;
    let after = documents.partition_point(|document| document.span.start <= span.start);
    let root = documents.get(after.checked_sub(1)?)?.root?;
    object_name(tree.node(root))
}

/// Returns the kind, the namespace and the name of a Kubernetes object.
fn object_name(node: Node<'_>) -> Option<String> {
    let kind = node.get("kind")?.as_str()?;
    let metadata = node.get("metadata")?;
    let name = metadata.get("name").or_else(|| metadata.get("generateName"))?.as_str()?;
    match metadata.get("namespace").and_then(Node::as_str) {
        Some(namespace) => Some(format!("{kind}/{namespace}/{name}")),
        None => Some(format!("{kind}/{name}")),
    }
}

fn push_key(path: &mut String, key: Node<'_>) {
    let key = key.as_str().unwrap_or_default();
    if key.is_empty() || key.contains(['.', ' ', '[', ']', '"']) {
        path.push_str(&format!("[{key:?}]"));
        return;
    }
    // A space stands between an object and its keys.
    let is_object = !path.is_empty() && !path.contains(['.', '[', ' ']) && path.contains('/');
    match path.is_empty() {
        true => {}
        false if is_object => path.push(' '),
        false => path.push('.'),
    }
    path.push_str(key);
}

fn push_item(path: &mut String, at: usize, item: Node<'_>) {
    let label = label(item.resolve()).unwrap_or_else(|| format!("#{at}"));
    let cut = label.char_indices().nth(MAX_LABEL).map_or(label.len(), |it| it.0);
    path.push_str(&format!("[{}]", &label[..cut]));
}

/// Returns what tells an item of a list from its neighbours.
fn label(item: Node<'_>) -> Option<String> {
    if let Some(text) = item.as_str() {
        // A variable or an option is the same one with another value.
        let name = text.split_once('=').map(|it| it.0).filter(|name| is_name(name));
        return Some(name.unwrap_or(text).to_owned());
    }
    if let Some(object) = object_name(item) {
        return Some(object);
    }
    let named = |node: Node<'_>| {
        let mut values = NAMES.iter().filter_map(|name| node.get(name));
        values.find_map(|value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned))
    };
    if let Some(name) = named(item) {
        return Some(name);
    }
    // `- secretRef: { name: db }`, or any other item that has one key.
    let entry = item.entries().next()?;
    let key = entry.key.as_str()?;
    match (named(entry.value.resolve()), entry.value.as_str()) {
        (Some(name), _) => Some(format!("{key}/{name}")),
        (None, Some(value)) => Some(format!("{key}={value}")),
        (None, None) => None,
    }
}

/// Whether a text may be the name of a variable or an option.
fn is_name(text: &str) -> bool {
    let is_part =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    !text.is_empty() && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use std::sync::Arc;

    fn at(text: &str, marked: &str) -> String {
        let (tree, _) = parse(FileId(0), &Arc::from(text), None);
        let start = text.find(marked).expect("the text has the marked place");
        key_path(&tree, Span::new(FileId(0), start, start + marked.len()), true)
    }

    #[test]
    fn items_go_by_their_name_or_their_value() {
        let compose = "services:\n  web:\n    environment: [A=1, B=2]\n    ports:\n      - 8080:80\n      - {target: 443, published: 8443}\n    command: [sh, --level=debug]\n";
        assert_eq!(at(compose, "B=2"), "services.web.environment[B]");
        assert_eq!(at(compose, "8080:80"), "services.web.ports[8080:80]");
        assert_eq!(at(compose, "8443"), "services.web.ports[443].published");
        assert_eq!(at(compose, "--level=debug"), "services.web.command[--level]");
        assert_eq!(at(compose, "web"), "services.web");
    }

    #[test]
    fn objects_are_named_first() {
        let pod = "kind: ConfigMap\nmetadata: {name: a}\n---\nkind: Deployment\nmetadata: {name: api, namespace: shop, annotations: {a.b/c: d}}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: nginx\n          envFrom: [{secretRef: {name: db}}]\n          ports: [{containerPort: 80}]\n";
        assert_eq!(
            at(pod, "nginx"),
            "Deployment/shop/api spec.template.spec.containers[web].image"
        );
        assert_eq!(at(pod, "c: d"), "Deployment/shop/api metadata.annotations[\"a.b/c\"]");
        assert!(
            at(pod, "name: db").ends_with("containers[web].envFrom[secretRef/db].secretRef.name")
        );
        assert!(at(pod, "containerPort: 80").ends_with("containers[web].ports[80].containerPort"));
        assert_eq!(at(pod, "kind: ConfigMap"), "ConfigMap/a kind");
        let container = "name: web\n          image: nginx\n          envFrom: [{secretRef: {name: db}}]\n          ports: [{containerPort: 80}]";
        assert!(at(pod, container).ends_with("spec.containers[web]"));
        let list = "kind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n  spec: {x: 1}\n";
        assert_eq!(at(list, "x: 1"), "items[Pod/a].spec.x");
    }
}
