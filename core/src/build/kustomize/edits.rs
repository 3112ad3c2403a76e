//! Changes to a kustomization that are not written in its file, as `kustomize edit` makes them: an
//! Application of Argo CD lists them.

use super::value::{Budget, Field, Value};
use crate::syntax::Node;
use crate::text::{Span, Spanned};

/// Changes to the kustomization at the root of a target, each with the place that asks for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edits {
    pub name_prefix: Option<Spanned<String>>,
    pub name_suffix: Option<Spanned<String>>,
    pub namespace: Option<Spanned<String>>,
    /// Images as `kustomize edit set image` takes them: `name=other:tag`, `name:tag`, `name@digest`.
    pub images: Vec<Spanned<String>>,
    /// Names of workloads, and their numbers of replicas.
    pub replicas: Vec<(Spanned<String>, Spanned<String>)>,
    pub common_labels: Vec<(Spanned<String>, Spanned<String>)>,
    /// Whether the labels leave selectors as they are.
    pub labels_without_selectors: bool,
    /// Whether labels that leave selectors as they are reach the templates of Pods.
    pub labels_include_templates: bool,
    pub common_annotations: Vec<(Spanned<String>, Spanned<String>)>,
    /// Folders of components, relative to the kustomization.
    pub components: Vec<Spanned<String>>,
    /// Entries of `patches`.
    pub patches: Vec<Value>,
}

/// Maximum number of nodes in one value that is read from a node.
const MAX_NODES: usize = 1 << 16;

impl Value {
    /// Copies a node of an ordinary tree; `None` for one that is too large.
    pub fn of(node: Node<'_>) -> Option<Value> {
        Value::read(node, &mut Budget::new(MAX_NODES))
    }
}

impl Edits {
    pub fn is_empty(&self) -> bool {
        *self == Edits::default()
    }

    /// Changes the content of a kustomization file.
    pub(super) fn apply(&self, kustomization: &mut Value) {
        let fields = [
            ("namePrefix", &self.name_prefix),
            ("nameSuffix", &self.name_suffix),
            ("namespace", &self.namespace),
        ];
        for (key, value) in fields {
            if let Some(value) = value {
                kustomization.set(key, string(value));
            }
        }
        for image in &self.images {
            set_entry(kustomization, "images", image_entry(image));
        }
        for (name, count) in &self.replicas {
            let mut entry = Value::map(name.span);
            entry.set("name", string(name));
            entry.set("count", Value::plain(count.value.as_str(), count.span));
            set_entry(kustomization, "replicas", entry);
        }
        self.set_labels(kustomization);
        set_pairs(kustomization, "commonAnnotations", &self.common_annotations);
        for folder in &self.components {
            push(kustomization, "components", string(folder));
        }
        for patch in &self.patches {
            push(kustomization, "patches", patch.clone());
        }
    }

    fn set_labels(&self, kustomization: &mut Value) {
        let Some((first, _)) = self.common_labels.first() else { return };
        if !self.labels_without_selectors {
            set_pairs(kustomization, "commonLabels", &self.common_labels);
            return;
        }
        let mut entry = Value::map(first.span);
        set_pairs(&mut entry, "pairs", &self.common_labels);
        if self.labels_include_templates {
            entry.set("includeTemplates", Value::plain("true", first.span));
        }
        push(kustomization, "labels", entry);
    }
}

fn string(text: &Spanned<String>) -> Value {
    Value::string(text.value.as_str(), text.span)
}

fn set_pairs(parent: &mut Value, key: &str, pairs: &[(Spanned<String>, Spanned<String>)]) {
    for (name, value) in pairs {
        if let Some(map) = parent.map_at(key, name.span) {
            map.set(&name.value, string(value));
        }
    }
}

/// Returns the list under a key, made where there is none.
fn list_at<'v>(parent: &'v mut Value, key: &str, span: Span) -> Option<&'v mut Vec<Value>> {
    if parent.get(key).is_none_or(Value::is_null) {
        parent.set(key, Value::list(span));
    }
    parent.get_mut(key)?.items_mut()
}

fn push(parent: &mut Value, key: &str, entry: Value) {
    if let Some(items) = list_at(parent, key, entry.span) {
        items.push(entry);
    }
}

/// Adds an entry to a list, or puts it in the place of the entry with the same name. An asterisk stands
/// for what the old entry has.
fn set_entry(parent: &mut Value, key: &str, mut entry: Value) {
    let Some(items) = list_at(parent, key, entry.span) else { return };
    let name = entry.str_at(&["name"]).map(str::to_owned);
    let known = items.iter_mut().find(|known| known.str_at(&["name"]) == name.as_deref());
    if let Some(map) = entry.as_map_mut() {
        let old = |key: &str| known.as_deref().and_then(|known| known.get(key)).cloned();
        let kept = |field: &str, value: &Value| match value.as_str() {
            Some("*") => old(field),
            Some(_) | None => Some(value.clone()),
        };
        let fields = std::mem::take(map).into_iter();
        map.extend(fields.filter_map(|(key, field)| {
            let value = kept(&key, &field.value)?;
            Some((key, Field { value, ..field }))
        }));
    }
    match known {
        Some(known) => *known = entry,
        None => items.push(entry),
    }
}

/// Returns the entry of `images` for `name=other:tag`, where each part but the name may be missing.
fn image_entry(image: &Spanned<String>) -> Value {
    let (name, replacement) = match image.value.split_once('=') {
        Some((name, replacement)) => (Some(name), replacement),
        None => (None, image.value.as_str()),
    };
    let (new, digest) = match replacement.split_once('@') {
        Some((new, digest)) => (new, Some(digest)),
        None => (replacement, None),
    };
    // A colon before the last slash belongs to the port of a registry.
    let tag_at = new.rfind(':').filter(|at| !new[*at..].contains('/'));
    let (new, tag) = match tag_at {
        Some(at) => (&new[..at], Some(&new[at + 1..])),
        None => (new, None),
    };
    let new_name = name.map(|_| new).filter(|new| !new.is_empty());
    let mut entry = Value::map(image.span);
    let parts = [
        ("name", Some(name.unwrap_or(new))),
        ("newName", new_name),
        ("newTag", tag),
        ("digest", digest),
    ];
    for (key, text) in parts {
        if let Some(text) = text {
            entry.set(key, Value::string(text, image.span));
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::parse;
    use crate::text::FileId;

    fn spanned(text: &str) -> Spanned<String> {
        Spanned::new(text.to_owned(), Span::default())
    }

    fn edited(text: &str, edits: &Edits) -> String {
        let (tree, _) = parse(FileId(0), &text.into(), None);
        let mut value = Value::of(tree.roots().next().unwrap()).unwrap();
        edits.apply(&mut value);
        super::super::print(&value)
    }

    #[test]
    fn images_are_set_as_kustomize_edit_sets_them() {
        for (image, expected) in [
            ("nginx:1.27", "- name: nginx\n  newTag: \"1.27\"\n"),
            ("nginx=reg:5000/web", "- name: nginx\n  newName: reg:5000/web\n"),
            ("nginx=*:2", "- name: nginx\n  newName: old\n  newTag: \"2\"\n"),
            ("nginx@sha256:ab", "- name: nginx\n  digest: sha256:ab\n"),
        ] {
            let edits = Edits { images: vec![spanned(image)], ..Edits::default() };
            let before = "images: [{name: nginx, newName: old, newTag: '1'}]\n";
            assert_eq!(edited(before, &edits), format!("images:\n{expected}"), "{image}");
        }
    }

    #[test]
    fn every_edit_reaches_its_field() {
        let pair = || vec![(spanned("team"), spanned("a"))];
        let edits = Edits {
            name_prefix: Some(spanned("p-")),
            replicas: vec![(spanned("web"), spanned("3"))],
            common_labels: pair(),
            common_annotations: pair(),
            components: vec![spanned("../c")],
            ..Edits::default()
        };
        let expected = "namePrefix: p-\nreplicas:\n- name: web\n  count: 3\ncommonLabels:\n  team: a\ncommonAnnotations:\n  team: a\ncomponents:\n- ../c\n";
        assert_eq!(edited("namePrefix: x\n", &edits), expected);
        let edits =
            Edits { labels_without_selectors: true, labels_include_templates: true, ..edits };
        let text = edited("resources: []\n", &edits);
        assert!(
            text.contains("labels:\n- pairs:\n    team: a\n  includeTemplates: true\n"),
            "{text}"
        );
    }
}
