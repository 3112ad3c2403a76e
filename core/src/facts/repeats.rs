//! Objects that one folder defines twice in the same words.
//!
//! `kubectl apply -f k8s/` applies both files, the later one last, and the cluster has one object. Two
//! files that define an object differently are alternatives instead (see [`sets`](super::sets)), and so are
//! two of which each defines something that the other lacks: a short and a full version.

use super::fields::{item_name, visit_fields};
use super::sets::ObjectKey;
use crate::model::FileModel;
use crate::model::kubernetes::Object;
use crate::syntax::{Node, NodeKind};
use crate::text::{FileId, Span, folder_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;
use std::sync::Arc;

/// Maximum number of fields of an object that are compared.
const MAX_FIELDS: usize = 5_000;

/// What the API server writes where a manifest leaves it out.
const DEFAULTS: &[(&str, &str)] = &[(".spec.replicas", "1")];

/// Returns the objects without those of files of which other files of the folder define every object again, in the
/// same words. The objects must be sorted by the path of their file. A file whose comments suppress findings stays, as they
/// would have no effect on the other one.
pub(super) fn without_repeats<'a>(
    objects: Vec<&'a Object>,
    files: &[Arc<FileModel>],
) -> Vec<&'a Object> {
    let mut by_key: FxHashMap<(&str, ObjectKey<'_>), Vec<&Object>> = FxHashMap::default();
    for object in &objects {
        if let Some(key) = ObjectKey::of(object) {
            let folder = folder_of(files[object.file.index()].path());
            by_key.entry((folder, key)).or_default().push(object);
        }
    }
    // The objects that say the same, by each of them.
    let mut copies: FxHashMap<Span, Rc<[&Object]>> = FxHashMap::default();
    for group in by_key.into_values().filter(|group| group.len() > 1) {
        let mut same: FxHashMap<Vec<String>, Vec<&Object>> = FxHashMap::default();
        for object in group {
            if let Some(fields) = fields(files[object.file.index()].tree.node(object.node)) {
                same.entry(fields).or_default().push(object);
            }
        }
        for group in same.into_values().filter(|group| group.len() > 1) {
            let group: Rc<[&Object]> = group.into();
            copies.extend(group.iter().map(|it| (it.span, Rc::clone(&group))));
        }
    }
    if copies.is_empty() {
        return objects;
    }
    let mut repeated: FxHashSet<FileId> = FxHashSet::default();
    for of_file in objects.chunk_by(|a, b| a.file == b.file) {
        let is_repeated = |object: &&Object| {
            let counts = |it: &&Object| it.file != object.file && !repeated.contains(&it.file);
            copies.get(&object.span).is_some_and(|it| it.iter().any(counts))
        };
        let file = of_file[0].file;
        let suppresses = !files[file.index()].directives.suppressions.is_empty();
        if !suppresses && of_file.iter().all(is_repeated) {
            repeated.insert(file);
        }
    }
    let is_last_of_file = |object: &Object| {
        let mut same = copies.get(&object.span).into_iter().flat_map(|it| it.iter());
        !same.any(|it| it.file == object.file && it.span.start > object.span.start)
    };
    let mut objects = objects;
    objects.retain(|it| !repeated.contains(&it.file) && is_last_of_file(it));
    objects
}

/// Returns the fields of an object with their values, in the order of their paths; `None` for an object that is
/// too large or has aliases.
fn fields(object: Node<'_>) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut is_whole = true;
    visit_fields(object, String::new(), &item_place, &mut |path, node| {
        let value = match node.kind() {
            NodeKind::Scalar => node.as_str().unwrap_or_default(),
            NodeKind::Mapping => "{}",
            NodeKind::Sequence => "[]",
            NodeKind::Alias => {
                is_whole = false;
                return false;
            }
        };
        if !DEFAULTS.contains(&(path, value)) {
            fields.push(format!("{path}={value}"));
        }
        is_whole = fields.len() <= MAX_FIELDS;
        is_whole
    });
    fields.sort_unstable();
    is_whole.then_some(fields)
}

/// Returns what stands for an item in the path of its list: its name, or else its index. Init containers run one after
/// the other, so that their order counts too.
fn item_place(list: &str, at: usize, item: Node<'_>) -> String {
    match item_name(item) {
        Some(name) if list.ends_with(".initContainers") => format!("{at} {name}"),
        Some(name) => name.to_owned(),
        None => at.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::workspace::Workspace;

    const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, template: {spec: {containers: [{name: web, image: 'acme/web:1', env: [{name: A, value: a}, {name: B, value: b}]}]}}}\n";

    fn workloads(files: &[(&str, &str)]) -> Vec<String> {
        let mut workspace = Workspace::default();
        for (path, text) in files {
            workspace.set(path, *text);
        }
        let analysis = workspace.analysis(&Config::default());
        let facts = analysis.facts();
        let paths = facts.workloads().iter().map(|it| facts.file(it.object.file).path());
        paths.map(ToOwned::to_owned).collect()
    }

    #[test]
    fn the_later_of_two_files_that_say_the_same_counts() {
        assert_eq!(workloads(&[("k8s/a.yaml", WEB), ("k8s/b.yaml", WEB)]), ["k8s/b.yaml"]);
        let other = WEB.replace("replicas: 1, ", "").replace(
            "{name: A, value: a}, {name: B, value: b}",
            "{value: b, name: B}, {value: a, name: A}",
        );
        assert_eq!(workloads(&[("k8s/a.yaml", WEB), ("k8s/b.yaml", &other)]), ["k8s/b.yaml"]);
        let twice = format!("{WEB}---\n{WEB}");
        assert_eq!(workloads(&[("k8s/a.yaml", &twice)]), ["k8s/a.yaml"]);
    }

    #[test]
    fn a_file_with_a_directive_is_the_one_that_counts() {
        let accepted = format!("# plimsoll: ignore PLM110 -- a demo\n{WEB}");
        assert_eq!(workloads(&[("k8s/a.yaml", &accepted), ("k8s/b.yaml", WEB)]), ["k8s/a.yaml"]);
        assert_eq!(workloads(&[("k8s/a.yaml", WEB), ("k8s/b.yaml", &accepted)]), ["k8s/b.yaml"]);
        let plain = format!("# a demo\n{WEB}");
        assert_eq!(workloads(&[("k8s/a.yaml", &plain), ("k8s/b.yaml", WEB)]), ["k8s/b.yaml"]);
    }

    #[test]
    fn empty_collections_and_the_order_of_init_containers_count() {
        let with = |field: &str| WEB.replace("containers:", &format!("{field}, containers:"));
        let count = |one: &str, other: &str| {
            workloads(&[("k8s/a.yaml", &with(one)), ("k8s/b.yaml", &with(other))]).len()
        };
        assert_eq!(count("tolerations: []", "tolerations: [{}]"), 2);
        assert_eq!(count("tolerations: []", "tolerations: []"), 1);
        let (a, b) = ("{name: a, image: 'acme/a:1'}", "{name: b, image: 'acme/b:1'}");
        let inits = |one: &str, other: &str| format!("initContainers: [{one}, {other}]");
        assert_eq!(count(&inits(a, b), &inits(b, a)), 2);
        assert_eq!(count(&inits(a, b), &inits(a, b)), 1);
    }

    #[test]
    fn alternatives_stay() {
        let other = WEB.replace("web:1", "web:2");
        assert_eq!(workloads(&[("k8s/a.yaml", WEB), ("k8s/b.yaml", &other)]).len(), 2);
        assert_eq!(workloads(&[("k8s/dev/a.yaml", WEB), ("k8s/prod/a.yaml", WEB)]).len(), 2);
        let more = |name: &str| format!("{WEB}---\n{}", WEB.replace("web", name));
        let (short, full) = (more("db"), more("queue"));
        assert_eq!(workloads(&[("k8s/a.yaml", &short), ("k8s/b.yaml", &full)]).len(), 4);
        assert_eq!(workloads(&[("k8s/a.yaml", &short), ("k8s/b.yaml", WEB)]).len(), 2);
        let nameless = WEB.replace("name: web}\nspec", "labels: {}}\nspec");
        assert_eq!(workloads(&[("k8s/a.yaml", &nameless), ("k8s/b.yaml", &nameless)]).len(), 2);
        let alias = WEB.replace("'acme/web:1'", "&i 'acme/web:1', workingDir: *i");
        assert_eq!(workloads(&[("k8s/a.yaml", &alias), ("k8s/b.yaml", &alias)]).len(), 2);
    }
}
