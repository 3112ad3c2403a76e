//! One kustomization after the other: resources, then generators, then components, then transformers,
//! in Kustomize's own order; and what is done once at the very end.

use super::accumulated::{Accumulated, Kustomization};
use super::config::Config;
use super::sources::{Found, SourceFile};
use super::value::{Map, Value};
use super::{Builder, Built, BuiltObject, ReasonKind, UnmatchedKind};
use crate::text::{FileId, Span, name_of};
use std::rc::Rc;

/// Maximum number of kustomizations that lead to one another.
const MAX_OPEN: usize = 64;

/// Maximum number of nodes that the transformers of one kustomization look at, counted once for each entry.
const MAX_WORK: usize = 1 << 28;

/// The fields whose entries look at all objects.
const TRANSFORMERS: [&str; 8] = [
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "labels",
    "images",
    "replicas",
    "replacements",
    "vars",
];

/// How a kustomization is included in the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The root of a target.
    Root,
    /// A resource of another kustomization.
    Base,
    /// A component, which changes what another kustomization has so far.
    Component,
}

impl<'s> Builder<'_, 's> {
    /// Builds a folder and does what is done once, at the very end.
    pub(super) fn finish(&mut self, folder: &str) -> Built {
        let start = Accumulated::default();
        let at = Span::default();
        let mut all = match self.sources.kustomizations(folder).first() {
            Some(_) => self.root(folder),
            None => {
                let mut all = start;
                all.refuse(at, format!("`{folder}` has no kustomization file"));
                all
            }
        };
        let root = self.root_value(folder);
        let schema = Rc::clone(&self.schema);
        self.add_hashes(&mut all);
        let config = self.config_with(&all);
        super::references::fix(&mut all, &config, &schema);
        super::vars::resolve(&mut all, &config);
        all.objects.retain(|object| !object.is_local());
        all.objects.iter_mut().for_each(|object| drop_empty_annotations(&mut object.value));
        if let Some(root) = &root {
            self.annotate_build(&mut all, root, folder);
            super::order::sort(&mut all.objects, root);
        }
        all.read.sort_unstable();
        all.read.dedup();
        let objects = all.objects.into_iter();
        Built {
            objects: objects
                .map(|object| BuiltObject { value: object.value, file: object.file })
                .collect(),
            reasons: all.reasons,
            unmatched: all.unmatched,
            read: all.read,
            is_malformed: all.is_malformed,
        }
    }

    /// Builds a folder as the root of a target, which may be a component too.
    fn root(&mut self, folder: &str) -> Accumulated {
        if let Some(done) = self.done.get(folder).filter(|_| self.edits.is_empty()) {
            return (**done).clone();
        }
        let mut all = Accumulated::default();
        self.accumulate(folder, &mut all, Span::default(), Role::Root);
        all
    }

    fn root_value(&mut self, folder: &str) -> Option<Value> {
        let file = *self.sources.kustomizations(folder).first()?;
        self.sources.documents(file, &mut self.budget).0.into_iter().next()
    }

    /// Builds a folder as a base, at most once. `at` is the entry that leads to the folder.
    pub(super) fn folder(&mut self, folder: &str, at: Span) -> Rc<Accumulated> {
        if let Some(done) = self.done.get(folder) {
            return Rc::clone(done);
        }
        let mut all = Accumulated::default();
        let complete = self.accumulate(folder, &mut all, at, Role::Base);
        let all = Rc::new(all);
        // What was cut because of a circle depends on where the circle was entered.
        if complete {
            self.done.insert(folder.to_owned(), Rc::clone(&all));
        }
        all
    }

    /// Adds a folder's kustomization, or component, to what there is. Returns whether the result is the
    /// same wherever the folder is asked for.
    fn accumulate(&mut self, folder: &str, all: &mut Accumulated, at: Span, role: Role) -> bool {
        if self.open.iter().any(|open| open == folder) {
            all.refuse(at, format!("`{}` leads back to itself", shown(folder)));
            return false;
        }
        if self.open.len() >= MAX_OPEN {
            let message = format!("more than {MAX_OPEN} kustomizations lead to one another here");
            all.reason(ReasonKind::Limit, at, message);
            return false;
        }
        let Some((file, mut value)) = self.kustomization(folder, all, at) else { return true };
        if role == Role::Root {
            self.edits.apply(&mut value);
        }
        let is_component = value.str_at(&["kind"]) == Some("Component");
        let wrong = match role {
            Role::Root => None,
            Role::Base => is_component.then_some("this is a component: list it under `components`"),
            Role::Component => (!is_component).then_some(
                "this is not a component: its kustomization has to say `kind: Component`",
            ),
        };
        if let Some(message) = wrong {
            all.refuse(at, message);
            return false;
        }
        self.open.push(folder.to_owned());
        self.namespaces.push(value.str_at(&["namespace"]).map(str::to_owned));
        let kustomization = Kustomization { value: &value, folder, file };
        super::fields::check(&kustomization, all);
        self.load_schema(&kustomization, all);
        let mut complete = self.resources(&kustomization, all);
        self.load_config(&kustomization, all);
        complete &= self.generate(&kustomization, all);
        for entry in kustomization.list("components") {
            complete &= self.component(&kustomization, entry, all);
        }
        self.transform(&kustomization, all);
        self.read_vars(&kustomization, all);
        self.open.pop();
        self.namespaces.pop();
        complete
    }

    /// Returns the kustomization file of a folder and its content.
    fn kustomization(
        &mut self,
        folder: &str,
        all: &mut Accumulated,
        at: Span,
    ) -> Option<(FileId, Value)> {
        let files = self.sources.kustomizations(folder);
        let file: &SourceFile<'s> = files.first()?;
        if files.len() > 1 {
            all.refuse(at, format!("`{}` has more than one kustomization file", shown(folder)));
        }
        all.read.push(file.id);
        let (documents, whole) = self.sources.documents(file, &mut self.budget);
        let start = Span::new(file.id, 0, 0);
        if !whole {
            self.unreadable(start, file.path, all);
        }
        let other = documents.first().map(|document| document.span);
        let value = documents.into_iter().find(|document| document.as_map().is_some());
        match (&value, other) {
            (Some(_), _) => {}
            (None, Some(at)) => {
                all.refuse(at, format!("`{}` has to be a mapping of fields", file.path));
            }
            (None, None) => all.refuse(start, format!("`{}` is empty", file.path)),
        }
        Some((file.id, value?))
    }

    fn component(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) -> bool {
        let Some(path) = entry.as_str() else {
            all.refuse(entry.span, "a component is named by its folder");
            return true;
        };
        match self.sources.find(kustomization.folder, path) {
            (Found::Folder, folder) if !self.sources.kustomizations(&folder).is_empty() => {
                self.accumulate(&folder, all, entry.span, Role::Component)
            }
            (Found::Remote, _) => {
                all.remote(entry.span, format!("the remote component `{path}` is not fetched"));
                true
            }
            (Found::Outside, _) => {
                all.not_built(entry.span, format!("`{path}` lies outside of the project"));
                true
            }
            (Found::Missing, _) => {
                let message = format!("there is no `{path}`");
                all.unmatched(UnmatchedKind::Resource, entry.span, path, message);
                true
            }
            (Found::Folder | Found::File(_), _) => {
                all.refuse(
                    entry.span,
                    format!("`{path}` is not a folder with a kustomization file"),
                );
                true
            }
        }
    }

    fn resources(&mut self, kustomization: &Kustomization<'_>, all: &mut Accumulated) -> bool {
        let mut complete = true;
        for key in ["resources", "bases"] {
            for entry in kustomization.list(key) {
                let Some(path) = entry.as_str() else {
                    let message =
                        format!("this entry of `{key}` has to be the path of a file or folder");
                    all.refuse_file(entry.span, message);
                    continue;
                };
                complete &= self.resource(kustomization, path, entry.span, all);
            }
        }
        complete
    }

    /// Adds a resource: a file, or another kustomization's folder.
    fn resource(
        &mut self,
        kustomization: &Kustomization<'_>,
        path: &str,
        at: Span,
        all: &mut Accumulated,
    ) -> bool {
        let sources = self.sources;
        match sources.find(kustomization.folder, path) {
            (Found::File(file), full) => {
                self.check_inside(kustomization.folder, &full, at, all);
                let objects = self.load_objects(file, at, all);
                all.append(objects, &Rc::clone(&self.schema));
            }
            (Found::Folder, folder) if !sources.kustomizations(&folder).is_empty() => {
                let before = self.open.len();
                let part = self.folder(&folder, at);
                let cut = !self.done.contains_key(&folder);
                debug_assert_eq!(
                    before,
                    self.open.len(),
                    "a folder that was opened is closed again"
                );
                let size = part.objects.iter().map(|object| object.value.size()).sum();
                match self.budget.take(size) {
                    true => all.absorb((*part).clone(), &Rc::clone(&self.schema)),
                    false => all.too_large(at),
                }
                return !cut;
            }
            (Found::Folder, _) => {
                all.refuse(at, format!("the folder `{path}` has no kustomization file"));
            }
            (Found::Remote, _) => {
                all.remote(at, format!("the remote resource `{path}` is not fetched"))
            }
            (Found::Outside, _) => {
                all.not_built(at, format!("`{path}` lies outside of the project"));
            }
            (Found::Missing, _) => {
                all.unmatched(UnmatchedKind::Resource, at, path, format!("there is no `{path}`"));
            }
        }
        true
    }

    /// Refuses a file outside of its kustomization's folder, as Kustomize does by default. The file is read
    /// all the same, since whoever writes such a path builds with the option that allows it.
    pub(super) fn check_inside(&self, folder: &str, path: &str, at: Span, all: &mut Accumulated) {
        if !is_inside(folder, path) {
            let message = format!(
                "`{path}` is not below `{}`; Kustomize refuses that without `--load-restrictor LoadRestrictionsNone`",
                shown(folder)
            );
            all.reason(ReasonKind::Restricted, at, message);
        }
    }

    /// Reads the schema that a kustomization brings.
    fn load_schema(&mut self, kustomization: &Kustomization<'_>, all: &mut Accumulated) {
        let Some(entry) = kustomization.value.at(&["openapi", "path"]) else { return };
        for document in self.read_documents(kustomization, entry, all) {
            self.schema = Rc::new(self.schema.with_definitions(&document));
            self.own_schema = true;
        }
    }

    /// Reads the transformer configurations and the definitions of custom resources.
    fn load_config(&mut self, kustomization: &Kustomization<'_>, all: &mut Accumulated) {
        for entry in kustomization.list("configurations") {
            for document in self.read_documents(kustomization, entry, all) {
                all.config.add(&document);
            }
        }
        for entry in kustomization.list("crds") {
            for document in self.read_documents(kustomization, entry, all) {
                all.config.add_definitions(&document);
            }
        }
    }

    /// Returns the documents of a file that an entry of a kustomization names.
    pub(super) fn read_documents(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) -> Vec<Value> {
        let Some(file) = self.read_file(kustomization, entry, all) else { return Vec::new() };
        let (documents, whole) = self.sources.documents(&file, &mut self.budget);
        if !whole {
            self.unreadable(entry.span, file.path, all);
        }
        documents
    }

    /// Says why the documents of a file are not all there.
    pub(super) fn unreadable(&self, at: Span, path: &str, all: &mut Accumulated) {
        match self.budget.is_spent() {
            true => all.too_large(at),
            false => all.refuse(at, format!("`{path}` cannot be read as it is")),
        }
    }

    /// Returns the file that an entry of a kustomization names, or a reason why there is none.
    pub(super) fn read_file(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) -> Option<SourceFile<'s>> {
        let path = entry.as_str().unwrap_or_default();
        match self.sources.find(kustomization.folder, path) {
            (Found::File(file), full) => {
                self.check_inside(kustomization.folder, &full, entry.span, all);
                all.read.push(file.id);
                return Some(*file);
            }
            (Found::Remote, _) => {
                all.remote(entry.span, format!("the remote file `{path}` is not fetched"))
            }
            (Found::Outside, _) => {
                all.not_built(entry.span, format!("`{path}` lies outside of the project"));
            }
            // Outside of its folder only the files that say something by themselves are handed over.
            (Found::Missing, full)
                if !is_inside(kustomization.folder, &full) && !is_read_anywhere(&full) =>
            {
                self.check_inside(kustomization.folder, &full, entry.span, all);
                all.not_built(entry.span, format!("`{path}` is not among the files"));
            }
            (Found::Missing, _) => {
                let message = format!("there is no file `{path}`");
                all.unmatched(UnmatchedKind::File, entry.span, path, message);
            }
            (Found::Folder, _) => {
                all.refuse(entry.span, format!("there is no file `{path}`"));
            }
        }
        None
    }

    /// Returns the default fields together with those that the kustomizations have added.
    fn config_with(&self, all: &Accumulated) -> Rc<Config> {
        let mut config = Rc::clone(&self.defaults);
        if !all.config.is_empty() {
            Rc::make_mut(&mut config).merge(&all.config);
        }
        config
    }

    /// Runs the transformers of a kustomization in Kustomize's order.
    fn transform(&mut self, kustomization: &Kustomization<'_>, all: &mut Accumulated) {
        let entries: usize = TRANSFORMERS.iter().map(|key| kustomization.list(key).len()).sum();
        let nodes: usize = all.objects.iter().map(|object| object.value.size()).sum();
        if entries.saturating_mul(nodes) > MAX_WORK {
            all.too_large(kustomization.value.span);
            return;
        }
        let config = self.config_with(all);
        let schema = Rc::clone(&self.schema);
        let given = |key: &str| kustomization.value.get(key).filter(|value| !value.is_null());
        self.strategic_merge_patches(kustomization, all);
        self.patches(kustomization, all);
        if let Some(namespace) = given("namespace") {
            super::namespace::set(
                all,
                namespace,
                &config.namespace,
                &schema,
                super::namespace::Mode::default(),
            );
        }
        super::names::add_affixes(all, given("namePrefix"), given("nameSuffix"), &config, &schema);
        super::metadata::add_labels(kustomization, all, &config);
        if let Some(annotations) = given("commonAnnotations") {
            super::metadata::set(all, annotations, &config.common_annotations);
        }
        self.json_patches(kustomization, all);
        super::images::set_replicas(kustomization.list("replicas"), all, &config.replicas, &schema);
        super::images::set_images(kustomization.list("images"), all, &config.images);
        self.replacements(kustomization, all);
        self.transformer_files(kustomization, all);
        for entry in kustomization.list("validators") {
            all.not_built(entry.span, "validators are not run");
        }
    }
}

/// Whether a path lies in a folder or below it.
fn is_inside(folder: &str, path: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|it| it.starts_with('/'))
}

/// Whether a file is handed over wherever it lies: YAML, JSON or an env file.
fn is_read_anywhere(path: &str) -> bool {
    let name = name_of(path).to_ascii_lowercase();
    let ends = [".yaml", ".yml", ".json", ".env"];
    ends.iter().any(|end| name.ends_with(end)) || name.starts_with(".env")
}

/// Takes annotations away that are none, as Kustomize does with those of the object itself.
fn drop_empty_annotations(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_map_mut) else { return };
    let empty = metadata.get("annotations").is_some_and(|field| {
        field.value.is_null() || field.value.as_map().is_some_and(Map::is_empty)
    });
    if empty {
        metadata.shift_remove("annotations");
    }
}

/// Returns the folder as a person would write it.
pub(super) fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}
