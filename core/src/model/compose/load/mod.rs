//! Files to one merged tree: documents, `extends`, `include`, overrides.

pub mod canonical;
pub mod discover;
pub mod dotenv;
pub mod entries;
pub mod interpolate;
pub mod lower;
pub mod merge;
pub mod paths;
pub mod short;
pub mod value;

use crate::model::compose::load::canonical::canonical;
use crate::model::compose::load::lower::{Environment, Lowering};
use crate::model::compose::load::merge::Merge;
use crate::model::compose::load::paths::{is_relative, rebase};
use crate::model::compose::load::value::{Data, Entry, Map, Value};
use crate::model::compose::schema;
use crate::model::compose::schema::keys::Schema;
use crate::model::compose::{FileInput, ProblemKind, UnknownKey};
use crate::syntax::Document;
use crate::text::{FileId, Span, folder_of, join_path};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// How many services may extend one another in a row, and how deep files may include one another.
const MAX_CHAIN: usize = 40;
/// How many times files may be read for `include` and `extends`, over one project.
const MAX_LOADS: usize = 500;
/// How many values `extends` may copy, over one project.
const MAX_COPIES: usize = 300_000;

/// The files by their path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Files<'t> {
    pub all: &'t [FileInput<'t>],
    pub by_path: &'t FxHashMap<&'t str, usize>,
    pub schema: &'t Schema,
}

impl<'t> Files<'t> {
    pub fn find(&self, path: &str) -> Option<(usize, &'t FileInput<'t>)> {
        let index = *self.by_path.get(path)?;
        Some((index, &self.all[index]))
    }

    /// A file by its bare name in a folder of the project.
    pub fn find_in(&self, folder: &str, name: &str) -> Option<(usize, &'t FileInput<'t>)> {
        match folder {
            "" => self.find(name),
            folder => self.find(&[folder, "/", name].concat()),
        }
    }
}

pub(crate) struct Loader<'t> {
    pub files: Files<'t>,
    /// The project's folder.
    pub folder: SmolStr,
    pub out: Lowering,
    pub unknown: Vec<UnknownKey>,
    /// The files that `include` and `extends` brought in.
    pub included: Vec<FileId>,
    /// An included file could not be read: what it defines is not known.
    pub incomplete: bool,
    /// A file alone holds something that only another may make right, see [`schema::check`].
    pub lacks: bool,
    loads: usize,
    copies: usize,
    /// Files that were read for `extends`.
    extended: Vec<(usize, Services)>,
}

/// The services of a file, in which `extends` is worked off step by step.
#[derive(Default)]
struct Services {
    map: Map,
    done: FxHashSet<SmolStr>,
}

/// Where a file is read: its own index, its variables, the folder that paths start from.
#[derive(Clone, Copy)]
struct Scope<'s> {
    file: usize,
    environment: &'s Environment,
    folder: &'s str,
}

impl<'t> Loader<'t> {
    pub fn new(files: Files<'t>, folder: SmolStr) -> Loader<'t> {
        Loader {
            files,
            folder,
            out: Lowering::default(),
            unknown: Vec::new(),
            included: Vec::new(),
            incomplete: false,
            lacks: false,
            loads: 0,
            copies: 0,
            extended: Vec::new(),
        }
    }

    /// The files in their order, each merged over the ones before.
    pub fn model(&mut self, files: &[usize], environment: &Environment, folder: &str) -> Value {
        let mut chain = Vec::new();
        self.merged(files, environment, folder, &mut chain)
    }

    fn merged(
        &mut self,
        files: &[usize],
        environment: &Environment,
        folder: &str,
        chain: &mut Vec<usize>,
    ) -> Value {
        let mut result: Option<Value> = None;
        for file in files {
            let scope = Scope { file: *file, environment, folder };
            chain.push(*file);
            for mut document in self.documents(scope, true) {
                self.extend_all(&mut document, scope);
                self.include_all(&mut document, scope, chain);
                result = Some(self.over(result, document));
            }
            chain.pop();
        }
        result.unwrap_or_else(|| Value::map(Span::default(), Map::default()))
    }

    /// One document over another. The first goes over nothing, which works its tags off.
    fn over(&mut self, base: Option<Value>, document: Value) -> Value {
        if base.is_none() && !self.out.tagged {
            return document;
        }
        let span = document.span;
        let mut result =
            base.unwrap_or_else(|| Value::map(span, Map { short: true, ..Map::default() }));
        if let (Data::Map(old), Data::Map(new)) = (&mut result.data, document.data) {
            Merge { out: &mut self.out, path: Vec::new() }.maps(old, *new);
        }
        result
    }

    /// The documents of one file: interpolated, checked, in long form, paths seen from the project.
    fn documents(&mut self, scope: Scope<'_>, default_context: bool) -> Vec<Value> {
        let input = self.files.all[scope.file];
        let Some(tree) = input.tree else { return Vec::new() };
        self.loads += 1;
        let mut all = Vec::new();
        let empty =
            |it: &Document| !it.broken && it.root.is_none_or(|root| tree.node(root).is_null());
        if tree.documents.len() > 1
            && let Some(document) = tree.documents.iter().find(|it| empty(it))
        {
            let message = "this document is empty, and Compose reads no file with an empty one";
            self.out.problem(ProblemKind::Null, document.span, "", message);
        }
        for root in tree.roots() {
            if root.is_null() {
                continue;
            }
            let mut value = self.out.lower(root, input.text, scope.environment);
            self.lacks |=
                schema::check(self.files.schema, &value, &mut self.out, &mut self.unknown);
            if value.as_map().is_none() {
                continue;
            }
            canonical(&mut value, &mut self.out);
            if let Some(map) = value.as_map_mut() {
                rebase(map, scope.folder, &self.folder, default_context);
            }
            all.push(value);
        }
        all
    }

    fn may_load(&mut self, span: Span) -> bool {
        if self.loads < MAX_LOADS {
            return true;
        }
        let message = "more than 500 files are included or extended; the rest is not read";
        self.out.problem(ProblemKind::Limit, span, "", message);
        false
    }

    fn extend_all(&mut self, document: &mut Value, scope: Scope<'_>) {
        let Some(services) = document.map_mut("services") else { return };
        let extends = |it: &Entry| it.value.get("extends").is_some();
        if !services.entries.values().any(extends) {
            return;
        }
        let mut own = Services { map: std::mem::take(services), done: FxHashSet::default() };
        let names: Vec<SmolStr> = own.map.entries.keys().cloned().collect();
        for name in names {
            self.extend(&mut own, &name, scope, &mut Vec::new());
        }
        if let Some(services) = document.map_mut("services") {
            *services = own.map;
        }
    }

    /// Works off the `extends` of one service; what it names first.
    fn extend(
        &mut self,
        services: &mut Services,
        name: &SmolStr,
        scope: Scope<'_>,
        chain: &mut Vec<(usize, SmolStr)>,
    ) {
        if services.done.contains(name) {
            return;
        }
        let Some(own) = services.map.get(name) else { return };
        let Some(extends) = own.get("extends").cloned() else {
            services.done.insert(name.clone());
            return;
        };
        let text = |key: &str| extends.get(key).and_then(|it| Some((it.text()?.clone(), it.span)));
        let Some((target, target_span)) = text("service") else {
            services.done.insert(name.clone());
            return;
        };
        let here = (scope.file, name.clone());
        if chain.contains(&here) {
            let message = "`extends` leads from `{}` back to itself";
            self.out.problem(ProblemKind::ExtendsCycle, target_span, &target, message);
            return;
        }
        if chain.len() > MAX_CHAIN {
            let message = "more than 40 services extend one another in a row";
            self.out.problem(ProblemKind::Limit, target_span, &target, message);
            return;
        }
        chain.push(here);
        let base = match text("file") {
            None => {
                if services.map.get(&target).is_none() {
                    let message = "`extends` names the service `{}`, which is not in this file";
                    self.out.problem(
                        ProblemKind::ExtendsServiceMissing,
                        target_span,
                        &target,
                        message,
                    );
                }
                self.extend(services, &target, scope, chain);
                services.map.get(&target).cloned()
            }
            Some((path, path_span)) => {
                self.extended_service(&path, path_span, &target, target_span, scope, chain)
            }
        };
        chain.pop();
        services.done.insert(name.clone());
        let (Some(base), Some(entry)) = (base, services.map.entries.get_mut(name)) else { return };
        if base.is_null() {
            return;
        }
        if self.copies > MAX_COPIES {
            return;
        }
        self.copies += base.weight(MAX_COPIES);
        if self.copies > MAX_COPIES {
            let message = "`extends` copies more than 300,000 values; the rest is not read";
            self.out.problem(ProblemKind::Limit, target_span, &target, message);
            return;
        }
        let own = std::mem::replace(&mut entry.value, Value::null(target_span));
        let mut result = base;
        let own_span = own.span;
        // The places of a template are not the places of the service.
        result.clear_places();
        if let (Data::Map(old), Data::Map(new)) = (&mut result.data, own.data) {
            old.entries.remove("extends");
            let path = vec![SmolStr::new_static("services"), name.clone()];
            Merge { out: &mut self.out, path }.maps(old, *new);
        }
        result.span = own_span;
        entry.value = result;
    }

    /// A service of another file, with its own `extends` worked off.
    fn extended_service(
        &mut self,
        path: &str,
        path_span: Span,
        target: &SmolStr,
        target_span: Span,
        scope: Scope<'_>,
        chain: &mut Vec<(usize, SmolStr)>,
    ) -> Option<Value> {
        let full = join_path(scope.folder, path);
        let Some((index, input)) = self.files.find(&full).filter(|it| it.1.tree.is_some()) else {
            let message = "the file `{}` that `extends` names is not there";
            self.out.problem(ProblemKind::ExtendsFileMissing, path_span, path, message);
            return None;
        };
        self.included.push(input.id);
        let folder = folder_of(input.path).to_owned();
        let scope = Scope { file: index, folder: &folder, ..scope };
        let known = self.extended.iter().position(|it| it.0 == index);
        let mut services = match known {
            Some(at) => self.extended.swap_remove(at).1,
            None => {
                if !self.may_load(path_span) {
                    return None;
                }
                let mut result = None;
                for document in self.documents(scope, false) {
                    result = Some(self.over(result, document));
                }
                let services = result.as_mut().and_then(|it| it.map_mut("services"));
                Services {
                    map: services.map(std::mem::take).unwrap_or_default(),
                    done: FxHashSet::default(),
                }
            }
        };
        if services.map.get(target).is_none() {
            let message = format!("the file `{path}` has no service `{target}`");
            self.out.told(ProblemKind::ExtendsServiceMissing, target_span, target, message);
        }
        self.extend(&mut services, target, scope, chain);
        let found = services.map.get(target).cloned();
        self.extended.push((index, services));
        found
    }

    fn include_all(&mut self, document: &mut Value, scope: Scope<'_>, chain: &mut Vec<usize>) {
        let Some(root) = document.as_map_mut() else { return };
        let Some(include) = root.entries.remove("include") else { return };
        let Data::List(items) = include.value.data else { return };
        for item in items {
            if let Some(model) = self.include(&item, scope, chain) {
                self.import(root, model);
            }
        }
    }

    fn include(&mut self, item: &Value, scope: Scope<'_>, chain: &mut Vec<usize>) -> Option<Value> {
        let paths: Vec<(SmolStr, Span)> = match item.get("path") {
            Some(path) => texts(path),
            None => texts(item),
        };
        let (first, first_span) = paths.first()?.clone();
        let folder = match item.get("project_directory").and_then(Value::text) {
            Some(folder) => join_path(scope.folder, folder),
            None => folder_of(&join_path(scope.folder, &first)).to_owned(),
        };
        let mut files = Vec::new();
        for (path, span) in &paths {
            let full = join_path(scope.folder, path);
            match self.files.find(&full) {
                Some((index, input)) if input.tree.is_some() => {
                    if chain.contains(&index) {
                        let message = "`include` of `{}` leads back to this file";
                        self.out.problem(ProblemKind::IncludeCycle, *span, path, message);
                        return None;
                    }
                    files.push(index);
                    self.included.push(input.id);
                }
                _ => {
                    self.incomplete = true;
                    // A remote one cannot be seen from here.
                    if is_relative(path) {
                        let message = "the file `{}` that `include` names is not there";
                        self.out.problem(ProblemKind::IncludeFileMissing, *span, path, message);
                    }
                    return None;
                }
            }
        }
        if chain.len() > MAX_CHAIN {
            let message = "files include one another more than 40 deep";
            self.out.problem(ProblemKind::Limit, first_span, &first, message);
            return None;
        }
        if !self.may_load(first_span) {
            return None;
        }
        let environment = self.include_environment(item, &folder, scope);
        Some(self.merged(&files, &environment, &folder, chain))
    }

    /// An included file sees the project's variables, and behind them those of its own `.env`.
    fn include_environment(&mut self, item: &Value, folder: &str, scope: Scope<'_>) -> Environment {
        let mut paths: Vec<(String, Option<(SmolStr, Span)>)> = Vec::new();
        match item.get("env_file") {
            Some(value) => {
                for (path, span) in texts(value) {
                    paths.push((join_path(scope.folder, &path), Some((path, span))));
                }
            }
            None => paths.push((join_path(folder, ".env"), None)),
        }
        let mut variables = Vec::new();
        for (full, written) in paths {
            match self.files.find(&full) {
                Some((_, input)) => {
                    let outer = |name: &str| scope.environment.value(name);
                    variables.extend(dotenv::parse(input.id, input.text, &outer).variables);
                }
                None => {
                    if let Some((path, span)) = written {
                        let message = "the file `{}` is not there";
                        self.out.problem(ProblemKind::EnvFileMissing, span, &path, message);
                    }
                }
            }
        }
        scope.environment.with(&variables)
    }

    /// Puts what an included file defines under what is here: what is written here wins, and what an
    /// earlier `include` brought.
    fn import(&mut self, root: &mut Map, mut model: Value) {
        let Some(model) = model.as_map_mut() else { return };
        for section in ["services", "volumes", "networks", "secrets", "configs", "models", "jobs"] {
            let Some(mut from) = model.entries.remove(section) else { continue };
            let Some(from_map) = from.value.as_map_mut() else { continue };
            let from_map = std::mem::take(from_map);
            if !root.entries.contains_key(section) {
                let value = Value::map(from.value.span, Map::default());
                root.insert(SmolStr::new_static(section), Entry { value, ..from.clone() });
            }
            let Some(to) = root.get_mut(section).and_then(Value::as_map_mut) else { continue };
            for (name, entry) in from_map.entries {
                let Some(own) = to.entries.get_mut(&name) else {
                    to.entries.insert(name, entry);
                    continue;
                };
                let mut base = Map { short: true, ..Map::default() };
                base.entries.insert(name.clone(), entry);
                let mut over = Map { short: true, ..Map::default() };
                over.entries.insert(name.clone(), own.clone());
                let path = vec![SmolStr::new_static(section)];
                Merge { out: &mut self.out, path }.maps(&mut base, over);
                if let Some(merged) = base.entries.remove(&name) {
                    *own = merged;
                }
            }
        }
    }
}

/// A string or a list of strings.
fn texts(value: &Value) -> Vec<(SmolStr, Span)> {
    let one = |it: &Value| Some((it.text()?.clone(), it.span));
    match &value.data {
        Data::List(items) => items.iter().filter_map(one).collect(),
        _ => one(value).into_iter().collect(),
    }
}
