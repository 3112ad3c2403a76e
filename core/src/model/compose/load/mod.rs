//! Loads the files of a project into one merged tree: documents, `extends`, `include`, overrides.

pub mod canonical;
pub mod discover;
pub mod dotenv;
pub mod interpolate;
pub mod lower;
pub mod merge;
pub mod paths;
pub mod scalar;
pub mod short;
pub mod value;

use crate::model::compose::load::canonical::canonical;
use crate::model::compose::load::lower::{Environment, Lowering};
use crate::model::compose::load::merge::Merge;
use crate::model::compose::load::paths::{is_relative, rebase};
use crate::model::compose::load::value::{Data, Entry, Map, Value};
use crate::model::compose::schema;
use crate::model::compose::{FileInput, ProblemKind, UnknownKey};
use crate::syntax::Document;
use crate::text::{FileId, Span, folder_of, join_path};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// Maximum length of a chain of services that extend one another, and maximum depth of files that
/// include one another.
const MAX_CHAIN: usize = 40;
/// Maximum number of files read for `include` and `extends` in one project.
const MAX_LOADS: usize = 500;
/// Maximum number of values that `extends` copies in one project.
const MAX_COPIES: usize = 100_000;

/// All files that were handed over, by path and by id.
#[derive(Debug)]
pub(crate) struct Files<'t> {
    pub all: &'t [FileInput<'t>],
    by_path: FxHashMap<&'t str, usize>,
    by_id: FxHashMap<FileId, usize>,
}

impl<'t> Files<'t> {
    pub fn new(all: &'t [FileInput<'t>]) -> Files<'t> {
        let by_path = all.iter().enumerate().map(|(index, file)| (file.path, index)).collect();
        let by_id = all.iter().enumerate().map(|(index, file)| (file.id, index)).collect();
        Files { all, by_path, by_id }
    }

    pub fn find(&self, path: &str) -> Option<(usize, &'t FileInput<'t>)> {
        let index = *self.by_path.get(path)?;
        Some((index, &self.all[index]))
    }

    /// Returns the file with a bare name in a folder.
    pub fn find_in(&self, folder: &str, name: &str) -> Option<(usize, &'t FileInput<'t>)> {
        match folder {
            "" => self.find(name),
            folder => self.find(&[folder, "/", name].concat()),
        }
    }

    /// Returns the index of the file with an id.
    pub fn index_of(&self, id: FileId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// Returns the file with an id.
    pub fn get(&self, id: FileId) -> Option<&'t FileInput<'t>> {
        Some(&self.all[self.index_of(id)?])
    }
}

/// Loads the files of one project.
pub(crate) struct Loader<'t> {
    pub files: &'t Files<'t>,
    /// The project's folder.
    pub folder: SmolStr,
    pub out: Lowering,
    pub unknown: Vec<UnknownKey>,
    /// The files that `include` and `extends` brought in.
    pub included: Vec<FileId>,
    /// Whether an included file could not be read, so that its definitions are not known.
    pub incomplete: bool,
    /// Whether a file lacks something that another file may provide; see [`schema::check`].
    pub lacks: bool,
    loads: usize,
    copies: usize,
    /// The services of the files that were read for `extends`, by the index of the file.
    extended: FxHashMap<usize, Services>,
}

/// The services of a file, in which `extends` is resolved one service at a time.
#[derive(Default)]
struct Services {
    map: Map,
    done: FxHashSet<SmolStr>,
}

/// The context in which a file is read: its index, its variables and the folder where its relative
/// paths start.
#[derive(Clone, Copy)]
struct Scope<'s> {
    file: usize,
    environment: &'s Environment,
    folder: &'s str,
}

impl<'t> Loader<'t> {
    pub fn new(files: &'t Files<'t>, folder: SmolStr) -> Loader<'t> {
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
            extended: FxHashMap::default(),
        }
    }

    /// Returns the merge of the files, each one over those before.
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

    /// Merges a document over another one. The first is merged over an empty mapping if there are merge
    /// tags, which removes them.
    fn over(&mut self, base: Option<Value>, document: Value) -> Value {
        if base.is_none() && !self.out.tagged {
            return document;
        }
        let span = document.span;
        let mut result = base.unwrap_or_else(|| Value::map(span, Map::short()));
        if let (Data::Map(old), Data::Map(new)) = (&mut result.data, document.data) {
            Merge { out: &mut self.out, path: Vec::new() }.maps(old, *new);
        }
        result
    }

    /// Returns the documents of a file: interpolated, checked against the schema, in long form and with
    /// paths relative to the project's folder.
    fn documents(&mut self, scope: Scope<'_>, default_context: bool) -> Vec<Value> {
        let input = self.files.all[scope.file];
        let Some(tree) = input.tree else { return Vec::new() };
        self.loads += 1;
        let mut all = Vec::new();
        let empty = |document: &Document| {
            !document.broken && document.root.is_none_or(|root| tree.node(root).is_null())
        };
        if tree.documents.len() > 1
            && let Some(document) = tree.documents.iter().find(|document| empty(document))
        {
            let message =
                "this document is empty, and Compose refuses a file with an empty document";
            self.out.problem(ProblemKind::Null, document.span, "", message);
        }
        for root in tree.roots() {
            if root.is_null() {
                continue;
            }
            let mut value = self.out.lower(root, input.text, scope.environment);
            self.lacks |= schema::check(&value, &mut self.out, &mut self.unknown);
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
        let message =
            format!("more than {MAX_LOADS} files are included or extended; the rest is not read");
        self.out.problem(ProblemKind::Limit, span, "", message);
        false
    }

    fn extend_all(&mut self, document: &mut Value, scope: Scope<'_>) {
        let Some(services) = document.map_mut("services") else { return };
        let extends = |entry: &Entry| entry.value.get("extends").is_some();
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

    /// Resolves the `extends` of a service, after that of the service that it names.
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
        let text = |key: &str| {
            let value = extends.get(key)?;
            Some((value.text()?.clone(), value.span))
        };
        let Some((target, target_span)) = text("service") else {
            services.done.insert(name.clone());
            return;
        };
        let here = (scope.file, name.clone());
        if chain.contains(&here) {
            let message = format!("`extends` leads from `{target}` back to itself");
            self.out.problem(ProblemKind::ExtendsCycle, target_span, &target, message);
            return;
        }
        if chain.len() > MAX_CHAIN {
            let message = format!("more than {MAX_CHAIN} services extend one another in a chain");
            self.out.problem(ProblemKind::Limit, target_span, &target, message);
            return;
        }
        chain.push(here);
        let base = match text("file") {
            None => {
                if services.map.get(&target).is_none() {
                    let kind = ProblemKind::ExtendsServiceMissing;
                    let message = format!(
                        "`extends` names the service `{target}`, which is not in this file"
                    );
                    self.out.problem(kind, target_span, &target, message);
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
        if base.is_null() || !self.may_copy(&base, &target, target_span) {
            return;
        }
        let own = std::mem::replace(&mut entry.value, Value::null(target_span));
        let mut result = base;
        let own_span = own.span;
        // The places of a template are not the places of the service.
        result.clear_places();
        if let (Data::Map(old), Data::Map(new)) = (&mut result.data, own.data) {
            old.entries.shift_remove("extends");
            let path = vec![SmolStr::new_static("services"), name.clone()];
            Merge { out: &mut self.out, path }.maps(old, *new);
        }
        result.span = own_span;
        entry.value = result;
    }

    /// Whether a service may be copied for `extends` without exceeding [`MAX_COPIES`].
    fn may_copy(&mut self, base: &Value, target: &str, target_span: Span) -> bool {
        if self.copies > MAX_COPIES {
            return false;
        }
        self.copies += base.weight(MAX_COPIES);
        if self.copies <= MAX_COPIES {
            return true;
        }
        let message = "`extends` copies more than 100,000 values; the rest is not read".to_owned();
        self.out.problem(ProblemKind::Limit, target_span, target, message);
        false
    }

    /// Returns a service of another file, with its own `extends` resolved.
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
            let message = format!("the file `{path}` that `extends` names was not found");
            self.out.problem(ProblemKind::ExtendsFileMissing, path_span, path, message);
            return None;
        };
        self.included.push(input.id);
        let folder = folder_of(input.path).to_owned();
        let scope = Scope { file: index, folder: &folder, ..scope };
        let mut services = match self.extended.remove(&index) {
            Some(services) => services,
            None => {
                if !self.may_load(path_span) {
                    return None;
                }
                let mut result = None;
                for document in self.documents(scope, false) {
                    result = Some(self.over(result, document));
                }
                let services = result.as_mut().and_then(|model| model.map_mut("services"));
                Services {
                    map: services.map(std::mem::take).unwrap_or_default(),
                    done: FxHashSet::default(),
                }
            }
        };
        if services.map.get(target).is_none() {
            let message = format!("the file `{path}` has no service `{target}`");
            self.out.problem(ProblemKind::ExtendsServiceMissing, target_span, target, message);
        }
        self.extend(&mut services, target, scope, chain);
        let found = services.map.get(target).cloned();
        self.extended.insert(index, services);
        found
    }

    fn include_all(&mut self, document: &mut Value, scope: Scope<'_>, chain: &mut Vec<usize>) {
        let Some(root) = document.as_map_mut() else { return };
        let Some(include) = root.entries.shift_remove("include") else { return };
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
        let files = self.included_files(&paths, scope, chain)?;
        if chain.len() > MAX_CHAIN {
            let message = format!("files include one another more than {MAX_CHAIN} levels deep");
            self.out.problem(ProblemKind::Limit, first_span, &first, message);
            return None;
        }
        if !self.may_load(first_span) {
            return None;
        }
        let environment = self.include_environment(item, &folder, scope);
        Some(self.merged(&files, &environment, &folder, chain))
    }

    /// Returns the files of one `include`; `None` if one is missing or includes the current file.
    fn included_files(
        &mut self,
        paths: &[(SmolStr, Span)],
        scope: Scope<'_>,
        chain: &[usize],
    ) -> Option<Vec<usize>> {
        let mut files = Vec::new();
        for (path, span) in paths {
            if path.is_empty() {
                self.incomplete |= self.out.unknown.contains(span);
                let message = "`include` names a folder, not a file";
                self.out.problem(ProblemKind::InvalidValue, *span, path, message);
                return None;
            }
            let full = join_path(scope.folder, path);
            let found = self.files.find(&full).filter(|(_, input)| input.tree.is_some());
            let Some((index, input)) = found else {
                self.incomplete = true;
                // A remote file cannot be among those handed over.
                if is_relative(path) {
                    let message = format!("the file `{path}` that `include` names was not found");
                    self.out.problem(ProblemKind::IncludeFileMissing, *span, path, message);
                }
                return None;
            };
            if chain.contains(&index) {
                let message = format!("`include` of `{path}` leads back to this file");
                self.out.problem(ProblemKind::IncludeCycle, *span, path, message);
                return None;
            }
            files.push(index);
            self.included.push(input.id);
        }
        Some(files)
    }

    /// Returns the variables of an included file: those of the project, then those of its own `.env`.
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
                        let message =
                            format!("the file `{path}` that `env_file` names was not found");
                        self.out.problem(ProblemKind::EnvFileMissing, span, &path, message);
                    }
                }
            }
        }
        scope.environment.with(&variables)
    }

    /// Merges the definitions of an included file under the existing ones: what this file or an earlier
    /// `include` defines wins.
    fn import(&mut self, root: &mut Map, mut model: Value) {
        let Some(model) = model.as_map_mut() else { return };
        for section in ["services", "volumes", "networks", "secrets", "configs", "models", "jobs"] {
            let Some(mut from) = model.entries.shift_remove(section) else { continue };
            let Some(from_map) = from.value.as_map_mut() else { continue };
            let from_map = std::mem::take(from_map);
            if !root.entries.contains_key(section) {
                let value = Value::map(from.value.span, Map::default());
                root.insert(SmolStr::new_static(section), Entry { value, ..from.clone() });
            }
            let Some(to) = root.get_mut(section).and_then(Value::as_map_mut) else { continue };
            for (name, entry) in from_map.entries {
                let Some(own) = to.entries.get_mut(&name) else {
                    to.insert(name, entry);
                    continue;
                };
                let mut base = Map::short();
                base.insert(name.clone(), entry);
                let mut over = Map::short();
                over.insert(name.clone(), own.clone());
                let path = vec![SmolStr::new_static(section)];
                Merge { out: &mut self.out, path }.maps(&mut base, over);
                if let Some(merged) = base.entries.swap_remove(&name) {
                    *own = merged;
                }
            }
        }
    }
}

/// Returns the strings of a value that is a string or a list of strings.
fn texts(value: &Value) -> Vec<(SmolStr, Span)> {
    let one = |value: &Value| Some((value.text()?.clone(), value.span));
    match &value.data {
        Data::List(items) => items.iter().filter_map(one).collect(),
        _ => one(value).into_iter().collect(),
    }
}
