//! The names that kustomizations and their patches use: those of the objects as the bases write them, which
//! an overlay may print with a prefix, a suffix or a hash.

use super::names::{Collector, Labelled, Name, Role, World};
use crate::model::kubernetes::{Body, Object};
use crate::model::{BuiltTarget, FileModel, Str};
use crate::report::{Kind, TargetKind};
use crate::syntax::Node;
use crate::text::name_of;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

mod patches;

pub(super) use patches::SECTIONS;

/// The kinds whose number of Pods `replicas` sets.
///
/// Source: <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/replicas/>
const SCALED_KINDS: [&str; 4] =
    ["Deployment", "ReplicaSet", "ReplicationController", "StatefulSet"];

/// Notes the names in kustomizations and in the patches of all overlays.
pub(super) fn collect(collector: &mut Collector<'_>) {
    let analysis = collector.analysis;
    for (at, target) in analysis.targets().iter().enumerate() {
        if target.target.kind != TargetKind::Kustomization {
            continue;
        }
        let mut overlay = Overlay::new(collector, World::Target(at), target);
        for source in &target.target.sources {
            overlay.file(analysis.file(*source));
        }
    }
}

/// The objects of an overlay by the names that its sources give them.
struct Overlay<'c, 'a> {
    collector: &'c mut Collector<'a>,
    world: World,
    by_kind_and_name: FxHashMap<(&'a str, &'a str), Named>,
}

/// The name of an object as it reaches the cluster.
#[derive(Debug, Clone)]
struct Named {
    name: Name,
    namespace: SmolStr,
}

impl<'c, 'a> Overlay<'c, 'a> {
    fn new(collector: &'c mut Collector<'a>, world: World, target: &'a BuiltTarget) -> Self {
        let mut by_kind_and_name = FxHashMap::default();
        for object in &target.objects {
            let Some(name) = object.name() else { continue };
            let written = collector.written(name.span).trim_matches(['"', '\'']);
            let named = Named {
                name: Name::Object {
                    world,
                    kind: object.kind.value.clone(),
                    name: name.value.clone(),
                },
                namespace: object.namespace().into(),
            };
            by_kind_and_name.insert((object.kind.as_str(), written), named);
        }
        Overlay { collector, world, by_kind_and_name }
    }

    fn file(&mut self, file: &FileModel) {
        for object in &file.objects {
            if let Some(name) = object.name() {
                self.refer(&object.kind, name, name.span);
                self.keys(object, name);
            }
        }
        if file.kind == Kind::Kustomization
            && let Some(root) = file.tree.roots().next()
        {
            self.kustomization(root);
            self.patches(file, root);
        }
    }

    /// Notes the keys that a base or a patch gives to a ConfigMap or a Secret. Of a patch that changes the value of a
    /// key, the object that is built shows only the value.
    fn keys(&mut self, object: &Object, name: &str) {
        let keys: Vec<&Str> = match &object.body {
            Body::ConfigMap(map) => map.keys().collect(),
            Body::Secret(secret) => secret.keys().collect(),
            _ => return,
        };
        let named = self.by_kind_and_name.get(&(object.kind.as_str(), name)).cloned();
        let Some(named) = named else { return };
        let Name::Object { world, kind, name: object } = named.name else { return };
        for key in keys {
            let (kind, object) = (kind.clone(), object.clone());
            let name = Name::Key { world, kind, object, key: key.value.clone() };
            self.collector.note(name, key.span, Role::Definition, Some(&named.namespace));
        }
    }

    fn refer(&mut self, kind: &str, name: &str, span: crate::text::Span) {
        if let Some(named) = self.by_kind_and_name.get(&(kind, name)).cloned() {
            self.collector.note(named.name, span, Role::Reference, Some(&named.namespace));
        }
    }

    fn kustomization(&mut self, root: Node<'_>) {
        let list = |key: &str| root.get(key).into_iter().flat_map(Node::items);
        for target in
            list("patches").chain(list("patchesJson6902")).filter_map(|it| it.get("target"))
        {
            if let Some(selector) = target.get("labelSelector") {
                self.label_selector(selector);
            }
            self.selected(target);
        }
        for replacement in list("replacements") {
            let targets = || replacement.get("targets").into_iter().flat_map(Node::items);
            let selects = targets().filter_map(|it| it.get("select"));
            let rejects = targets().filter_map(|it| it.get("reject")).flat_map(Node::items);
            let source = replacement.get("source").into_iter();
            source.chain(selects).chain(rejects).for_each(|it| self.selected(it));
        }
        for node in list("replicas").filter_map(|it| it.get("name")) {
            for kind in SCALED_KINDS {
                self.refer(kind, node.as_str().unwrap_or_default(), node.resolve().span());
            }
        }
        for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            for generator in list(key) {
                self.generator(kind, generator);
            }
        }
    }

    /// Notes the object that `{kind: Deployment, name: web}` selects.
    fn selected(&mut self, selector: Node<'_>) {
        let kind = selector.get("kind").and_then(Node::as_str);
        if let (Some(node), Some(kind)) = (selector.get("name"), kind) {
            self.refer(kind, node.as_str().unwrap_or_default(), node.resolve().span());
        }
    }

    /// Notes the labels of `labelSelector: app=web,tier=front`.
    fn label_selector(&mut self, node: Node<'_>) {
        let text = node.as_str().unwrap_or_default();
        let span = node.resolve().span();
        let written = self.collector.written(span);
        for pair in text.split(',') {
            let Some((key, value)) = pair.trim().split_once('=') else { continue };
            let value = value.trim_start_matches('=').trim();
            let Some(start) = written.find(pair).map(|at| at + pair.trim_end().len() - value.len())
            else {
                continue;
            };
            let (key, own) = (key.trim_end_matches('!').trim().into(), value.into());
            let name = Name::Label { world: self.world, of: Labelled::Pods, key, value: own };
            self.collector.refer(name, span.inner(start..start + value.len()));
        }
    }

    /// Notes the name that a generator gives to its object, and the keys, which another generator may replace.
    fn generator(&mut self, kind: &str, generator: Node<'_>) {
        let Some(node) = generator.get("name") else { return };
        let name = node.as_str().unwrap_or_default();
        self.refer(kind, name, node.resolve().span());
        let Some(named) = self.by_kind_and_name.get(&(kind, name)).cloned() else { return };
        let Name::Object { world, kind, name: object } = named.name else { return };
        let items = |list: &str| generator.get(list).into_iter().flat_map(Node::items);
        let literals = items("literals").map(|item| (item, false));
        for (item, is_file) in literals.chain(items("files").map(|item| (item, true))) {
            let text = item.as_str().unwrap_or_default();
            let key = match text.split_once('=') {
                Some((key, _)) => key,
                None if is_file => name_of(text),
                None => continue,
            };
            let span = item.resolve().span();
            let written = self.collector.written(span);
            let start = if text.contains('=') { written.find(key) } else { written.rfind(key) };
            let Some(start) = start else { continue };
            let (kind, object) = (kind.clone(), object.clone());
            let name = Name::Key { world, kind, object, key: key.into() };
            let span = span.inner(start..start + key.len());
            self.collector.note(name, span, Role::Definition, Some(&named.namespace));
        }
    }
}
