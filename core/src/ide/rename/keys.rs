//! Which keys of ConfigMaps and Secrets can be renamed: those that everybody takes one by one, by names that can be
//! changed.

use super::super::kustomize::SECTIONS;
use super::super::names::{Occurrence, Role};
use super::super::objects::{Use, uses};
use super::{Name, Plan, World, inline_patches};
use crate::facts::Named;
use crate::model::FileModel;
use crate::model::kubernetes::{Object, Volume};
use crate::report::Kind;
use crate::syntax::{self, Node};
use crate::text::{FileId, Span, folder_of, join_path};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// A patch that no manifest holds.
struct Patch<'s> {
    /// The text in a kustomization, or the path of its file there.
    node: Node<'s>,
    text: &'s str,
    file: Option<FileId>,
}

impl<'s> Plan<'s> {
    /// Returns the reason why a key that is the name of a file stands in the way: `files: [conf.ini]` of a
    /// generator.
    pub(super) fn file_name(&self) -> Option<String> {
        let Name::Key { .. } = self.name else { return None };
        let analysis = self.snapshot.analysis;
        let is_file = |it: &&&Occurrence| {
            let file = analysis.file(it.span.file);
            let after = file.text().get(it.span.range().end..).unwrap_or_default();
            let is_named = after.starts_with('=');
            let mut patches = file.tree.roots().next().into_iter().flat_map(inline_patches);
            it.role == Role::Definition
                && file.kind == Kind::Kustomization
                && !is_named
                && !patches.any(|patch| patch.span().contains(it.span))
        };
        let definition = self.occurrences.iter().find(is_file)?;
        let place = self.at(definition.span);
        Some(format!("The key `{}` is the name of the file that {place} names.", self.old))
    }

    /// Returns the reason why something that takes all keys at once stands in the way: a container that gets each key as
    /// a variable of its name, or a volume with a file for each key.
    pub(super) fn whole_use(&self) -> Option<String> {
        let (used, by) = self.occurrences.iter().find_map(|it| self.whole_use_of(it))?;
        Some(format!(
            "The {} uses the key `{}` under this name at {}.",
            by.label(),
            self.old,
            self.at(used.span())
        ))
    }

    fn whole_use_of(&self, key: &Occurrence) -> Option<(Use<'s>, &'s Object)> {
        let Name::Key { world, kind, object, .. } = self.snapshot.names.name(key.name) else {
            return None;
        };
        let facts = self.snapshot.analysis.facts();
        let is_meant = |it: &Use<'_>| {
            let own = match it.kind {
                Named::ConfigMap => "ConfigMap",
                Named::Secret => "Secret",
                _ => return false,
            };
            own == kind.as_str() && it.name.value == *object
        };
        let may_meet = |by: &Object| {
            let namespace = key.namespace.as_deref();
            namespace.is_none_or(|it| facts.may_share_namespace(it, by.namespace()))
        };
        let users = self.objects_of(*world, key.span.file);
        let mut whole = users.into_iter().filter(|by| may_meet(by)).flat_map(|by| {
            uses(by).into_iter().filter(move |it| takes_all(it, by)).map(move |it| (it, by))
        });
        whole.find(|(it, _)| is_meant(it))
    }

    /// Returns the objects that are applied together with those of a file.
    fn objects_of(&self, world: World, file: FileId) -> Vec<&'s Object> {
        let analysis = self.snapshot.analysis;
        let facts = analysis.facts();
        match world {
            World::Target(at) => analysis.targets()[at].objects.iter().collect(),
            World::Part(_) => {
                let all = facts.objects().iter().copied();
                let loose = all.filter(|it| facts.target_of(it.file).is_none());
                loose.filter(|it| facts.together(it.file, file)).collect()
            }
        }
    }

    /// Returns the reason why a patch that names a key in its text stands in the way: one that is written within a
    /// kustomization, or a list of operations with paths such as `/data/level`.
    pub(super) fn key_in_patch(&self) -> Option<String> {
        let Name::Key { .. } = self.name else { return None };
        let kustomizations = self.kustomizations().into_iter();
        let mut patches = kustomizations.flat_map(|file| self.patches_of(file));
        let patch = patches.find(|it| self.keys_in(it.text) > self.places_in(it))?;
        Some(format!(
            "The patch at {} names the key `{}` in a text that cannot be changed from here.",
            self.at(patch.node.span()),
            self.old
        ))
    }

    /// Returns the patches that stand in a kustomization itself and those of files that are no manifests.
    fn patches_of(&self, file: &'s FileModel) -> Vec<Patch<'s>> {
        let Some(root) = file.tree.roots().next() else { return Vec::new() };
        let inline = inline_patches(root).into_iter();
        let inline =
            inline.filter_map(|node| Some(Patch { node, text: node.as_str()?, file: None }));
        let mut found: Vec<Patch<'_>> = inline.collect();
        let list = |key: &str| root.get(key).into_iter().flat_map(Node::items);
        let entries = list("patches").chain(list("patchesJson6902"));
        for node in entries.filter_map(|it| it.get("path")) {
            let path = join_path(folder_of(file.path()), node.as_str().unwrap_or_default());
            let files = self.snapshot.analysis.files().iter();
            let patch = files.filter(|it| it.objects.is_empty()).find(|it| it.path() == path);
            found.extend(patch.map(|it| Patch { node, text: it.text(), file: Some(it.id) }));
        }
        found
    }

    /// Returns how often the text of a patch gives a value to the key.
    fn keys_in(&self, text: &str) -> usize {
        let escaped = self.old.replace('~', "~0").replace('/', "~1");
        let is_key = |path: &str| SECTIONS.iter().any(|it| path == format!("/{it}/{escaped}"));
        let (tree, _) = syntax::parse(FileId(0), &Arc::from(text), None);
        let is_operation =
            |it: &Node<'_>| it.get("path").and_then(Node::as_str).is_some_and(is_key);
        let count = |root: Node<'_>| {
            let sections = SECTIONS.iter().filter(|it| root.at(&[it, self.old]).is_some());
            root.items().filter(is_operation).count() + sections.count()
        };
        tree.roots().map(count).sum()
    }

    /// Returns the number of places in a patch that change.
    fn places_in(&self, patch: &Patch<'_>) -> usize {
        let is_inside = |span: &Span| match patch.file {
            Some(file) => span.file == file,
            None => patch.node.span().contains(*span),
        };
        let inside = self.occurrences.iter().map(|it| it.span).filter(is_inside);
        inside.collect::<FxHashSet<Span>>().len()
    }
}

/// Whether an object takes every key of what it names. A volume of which each mount takes one file names the key in
/// the mount.
fn takes_all(used: &Use<'_>, by: &Object) -> bool {
    let Some(spec) = by.workload().map(|it| &it.template.spec).filter(|_| used.is_whole) else {
        return used.is_whole;
    };
    let is_source = |volume: &&Volume| {
        let sources = volume.source.keyed();
        let mut names = sources.iter().filter_map(|(_, source)| source.name.as_ref());
        names.any(|name| std::ptr::eq(name, used.name))
    };
    let Some(volume) = spec.volumes.iter().find(is_source) else { return true };
    let mounts = spec.all_containers().flat_map(|it| &it.mounts);
    let name = volume.name.as_ref().map(|it| it.as_str());
    let mut own = mounts.filter(|it| it.name.as_ref().map(|it| it.as_str()) == name);
    own.any(|it| it.sub_path.as_ref().is_none_or(|path| path.contains('/')))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{refused, renamed};

    /// A Pod that takes the key `mode` one by one, and further lines of its container and of its specification.
    fn pod(container: &str, spec: &str) -> String {
        format!(
            "=== app.yaml
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec:
  containers:
    - name: web
      image: acme/web:1
      env: [{{name: MODE, valueFrom: {{configMapKeyRef: {{name: settings, key: mode}}}}}}]
{container}{spec}---
apiVersion: v1
kind: ConfigMap
metadata: {{name: settings}}
data: {{mo<>de: fast}}
"
        )
    }

    #[test]
    fn a_key_that_becomes_a_variable_or_a_file_is_refused() {
        let variable = pod("      envFrom: [{configMapRef: {name: settings}}]\n", "");
        assert_eq!(
            refused(&variable, "x"),
            "The Pod `web` uses the key `mode` under this name at app.yaml:9."
        );
        let mount = "      volumeMounts: [{name: conf, mountPath: /conf}]\n";
        let volume = "  volumes: [{name: conf, configMap: {name: settings}}]\n";
        assert_eq!(
            refused(&pod(mount, volume), "x"),
            "The Pod `web` uses the key `mode` under this name at app.yaml:10."
        );
    }

    #[test]
    fn a_key_that_is_taken_alone_changes() {
        let other = pod("      envFrom: [{configMapRef: {name: other}}]\n", "");
        assert_eq!(renamed(&other, "x").len(), 2);
        let mount = "      volumeMounts: [{name: conf, mountPath: /conf, subPath: mode}]\n";
        let volume = "  volumes: [{name: conf, configMap: {name: settings}}]\n";
        assert_eq!(renamed(&pod(mount, volume), "x").len(), 3);
        let item = "  volumes: [{name: conf, configMap: {name: settings, items: [{key: mode, path: m}]}}]\n";
        assert_eq!(renamed(&pod("", item), "x").len(), 3);
    }
}
