//! The names of Compose projects.
//!
//! The files are read as they are written, not as they are merged: what an override file replaces still
//! names something.

use super::names::{Collector, ComposeKind, Name};
use crate::facts::Facts;
use crate::model::Str;
use crate::model::compose::{MountKind, Project};
use crate::syntax::{Entry, Node, NodeId};
use crate::text::{FileId, Span, folder_of, join_path};
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

mod commands;

/// Notes the names of all Compose projects.
pub(super) fn collect(collector: &mut Collector<'_>) {
    let analysis = collector.analysis;
    let facts = analysis.facts();
    for (at, project) in facts.projects().iter().enumerate() {
        let own = own_files(collector, project);
        let services = project.services.iter().map(|it| it.name.as_str()).collect();
        for file in project.files.iter().chain(&project.included) {
            let is_own = own.contains(file);
            let mut walk = Walk {
                collector: &mut *collector,
                project: at,
                file: *file,
                own: &own,
                is_own,
                services: &services,
                seen: FxHashSet::default(),
            };
            walk.file();
        }
        variables(collector, at, project);
        names_of_variables(collector, at, project);
    }
    hosts(collector, facts);
}

/// Returns the files whose definitions are those of the project: its own and those that they include. Files
/// that services only extend have names of their own.
fn own_files(collector: &Collector<'_>, project: &Project) -> FxHashSet<FileId> {
    let mut own: FxHashSet<FileId> = FxHashSet::default();
    let mut open: Vec<FileId> = project.files.clone();
    while let Some(id) = open.pop() {
        if !own.insert(id) {
            continue;
        }
        let file = collector.analysis.file(id);
        let Some(root) = file.tree.roots().next() else { continue };
        let items = root.get("include").into_iter().flat_map(Node::items);
        for path in items.flat_map(included_paths) {
            let path = join_path(folder_of(file.path()), path);
            open.extend(collector.by_path.get(path.as_str()));
        }
    }
    own
}

/// Returns the paths of an item of `include`.
fn included_paths(item: Node<'_>) -> Vec<&str> {
    match item.get("path") {
        Some(paths) if paths.is_sequence() => paths.items().filter_map(Node::as_str).collect(),
        Some(path) => path.as_str().into_iter().collect(),
        None => item.as_str().into_iter().collect(),
    }
}

/// Notes the variables that a project's files use, and those that its `.env` files set.
fn variables(collector: &mut Collector<'_>, at: usize, project: &Project) {
    let name = |name: &SmolStr| Name::Variable { project: at, name: name.clone() };
    for variable in &project.dot_env {
        collector.define(name(&variable.name.value), variable.name.span);
    }
    for used in &project.variables {
        if let Some(place) = used.set_by
            && Some(place.file) != project.dot_env_file
        {
            collector.define(name(&used.name), place);
        }
        // The span of a variable in the default of another one is that of the outer expression.
        for start in uses_in(collector.written(used.span), &used.name) {
            let span = used.span.inner(start..start + used.name.len());
            collector.refer(name(&used.name), span);
        }
    }
    profiles_in_dot_env(collector, at, project);
}

/// Returns where a text uses a variable, as `$NAME` or `${NAME`.
pub(super) fn uses_in<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_used = move |at: usize| {
        let before = text[..at].strip_suffix('{').unwrap_or(&text[..at]);
        let dollars = before.len() - before.trim_end_matches('$').len();
        let is_longer = text[at + name.len()..]
            .starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        // Two of them are one that is written out.
        dollars % 2 == 1 && !is_longer
    };
    text.match_indices(name).map(|(at, _)| at).filter(move |at| is_used(*at))
}

/// Notes the names that variables make, which the files do not show as they are written: `db` of `${DB:-db}`.
fn names_of_variables(collector: &mut Collector<'_>, at: usize, project: &Project) {
    let mut refer = |kind: ComposeKind, name: &Str| {
        if project.is_interpolated(name.span) {
            let name_of = Name::Compose { project: at, kind, name: name.value.clone() };
            collector.refer(name_of, name.span);
        }
    };
    for service in project.services.iter().filter(|_| !project.variables.is_empty()) {
        service.depends_on.iter().for_each(|it| refer(ComposeKind::Service, &it.service));
        service.networks.iter().for_each(|it| refer(ComposeKind::Network, &it.name));
        service.secrets.iter().for_each(|it| refer(ComposeKind::Secret, &it.source));
        service.configs.iter().for_each(|it| refer(ComposeKind::Config, &it.source));
        service.profiles.iter().for_each(|it| refer(ComposeKind::Profile, it));
        let volumes = service.volumes.iter().filter(|it| it.kind == MountKind::Volume);
        volumes.filter_map(|it| it.source.as_ref()).for_each(|it| refer(ComposeKind::Volume, it));
    }
}

/// Notes the profiles of `COMPOSE_PROFILES`.
fn profiles_in_dot_env(collector: &mut Collector<'_>, project: usize, model: &Project) {
    let is_profiles = |name: &str| name == "COMPOSE_PROFILES";
    let values = model.dot_env.iter().filter(|it| is_profiles(&it.name));
    for value in values.filter_map(|it| it.value.as_ref()) {
        let written = collector.written(value.span);
        for profile in value.value.split(',').map(str::trim).filter(|it| !it.is_empty()) {
            if let Some(start) = written.find(profile) {
                let name =
                    Name::Compose { project, kind: ComposeKind::Profile, name: profile.into() };
                collector.refer(name, value.span.inner(start..start + profile.len()));
            }
        }
    }
}

/// Notes the services that containers of the same project reach by their names.
fn hosts(collector: &mut Collector<'_>, facts: &Facts<'_>) {
    for service in facts.services() {
        for mention in facts.mentions(&service.unit) {
            let found = facts.compose_host(service, mention.host);
            let Some(found) = found.filter(|found| found.name == mention.host) else { continue };
            let name = Name::Compose {
                project: found.project_index,
                kind: ComposeKind::Service,
                name: found.name.into(),
            };
            collector.refer(name, mention.host_span);
        }
    }
}

/// The walk through one file of a project.
struct Walk<'c, 'a> {
    collector: &'c mut Collector<'a>,
    project: usize,
    file: FileId,
    own: &'c FxHashSet<FileId>,
    is_own: bool,
    /// The names of the project's services.
    services: &'c FxHashSet<&'a str>,
    /// The collections that were read under a key, since aliases lead to one many times.
    seen: FxHashSet<(&'static str, NodeId)>,
}

/// The keys of services that name something.
const SERVICE_KEYS: &[&str] = &[
    "depends_on",
    "links",
    "volumes_from",
    "network_mode",
    "pid",
    "ipc",
    "extends",
    "volumes",
    "networks",
    "secrets",
    "configs",
    "profiles",
    "build",
    "command",
    "entrypoint",
    "healthcheck",
];

/// The top-level keys whose entries define something.
const TOP_LEVEL: [(&str, ComposeKind); 5] = [
    ("services", ComposeKind::Service),
    ("volumes", ComposeKind::Volume),
    ("networks", ComposeKind::Network),
    ("secrets", ComposeKind::Secret),
    ("configs", ComposeKind::Config),
];

impl<'a> Walk<'_, 'a> {
    fn file(&mut self) {
        let file = self.collector.analysis.file(self.file);
        for root in file.tree.roots() {
            for (key, kind) in TOP_LEVEL {
                for entry in root.get(key).map(Node::merged_entries).unwrap_or_default() {
                    self.define(kind, entry.key);
                }
            }
            let services = root.get("services").map(Node::merged_entries).unwrap_or_default();
            for service in services {
                self.service(service);
            }
        }
    }

    fn name(&self, kind: ComposeKind, name: &str) -> Name {
        if kind == ComposeKind::Service && !self.is_own {
            return Name::Template { file: self.file, name: name.into() };
        }
        Name::Compose { project: self.project, kind, name: name.into() }
    }

    fn define(&mut self, kind: ComposeKind, key: Node<'_>) {
        if let Some(text) = key.as_str().filter(|_| !key.is_merge_key()) {
            self.collector.define(self.name(kind, text), key.resolve().span());
        }
    }

    fn refer(&mut self, kind: ComposeKind, node: Node<'_>) {
        if let Some(text) = node.as_str() {
            self.refer_at(kind, text, node.resolve().span());
        }
    }

    /// Notes a reference. A service that is only extended refers to a service of its own file where others
    /// extend it, and to one of the project that it ends up in.
    fn refer_at(&mut self, kind: ComposeKind, name: &str, span: Span) {
        self.collector.refer(self.name(kind, name), span);
        if kind == ComposeKind::Service && !self.is_own {
            let name = Name::Compose { project: self.project, kind, name: name.into() };
            self.collector.refer(name, span);
        }
    }

    /// Notes a reference to a part of a scalar.
    fn refer_to_part(&mut self, kind: ComposeKind, node: Node<'_>, part: &str) {
        let span = node.resolve().span();
        if let Some(start) = self.collector.written(span).find(part) {
            self.refer_at(kind, part, span.inner(start..start + part.len()));
        }
    }

    fn service(&mut self, service: Entry<'_>) {
        for entry in service.value.merged_entries() {
            let key = entry.key.as_str().unwrap_or_default();
            let Some(key) = SERVICE_KEYS.iter().find(|known| **known == key) else { continue };
            if self.seen.insert((key, entry.value.resolve().id())) {
                self.service_key(key, entry.value);
            }
        }
    }

    fn service_key(&mut self, key: &str, value: Node<'_>) {
        match key {
            "depends_on" => self.keys_or_items(ComposeKind::Service, value),
            "networks" => self.keys_or_items(ComposeKind::Network, value),
            "links" => value.items().for_each(|item| self.first_part(item)),
            "volumes_from" => {
                let items = value.items();
                items
                    .filter(|item| item.as_str().is_some_and(|it| !it.starts_with("container:")))
                    .for_each(|item| self.first_part(item));
            }
            "network_mode" | "pid" | "ipc" => self.service_behind_prefix(value),
            "extends" => self.extends(value),
            "volumes" => value.items().for_each(|item| self.mount(item)),
            "secrets" => self.file_references(ComposeKind::Secret, value),
            "configs" => self.file_references(ComposeKind::Config, value),
            "profiles" => {
                for item in value.items() {
                    self.define(ComposeKind::Profile, item);
                }
            }
            "build" => {
                if let Some(secrets) = value.get("secrets") {
                    self.file_references(ComposeKind::Secret, secrets);
                }
                let contexts = value.get("additional_contexts");
                for entry in contexts.map(Node::merged_entries).unwrap_or_default() {
                    self.service_behind_prefix(entry.value);
                }
            }
            "command" | "entrypoint" => self.command(value),
            "healthcheck" => {
                if let Some(test) = value.get("test") {
                    self.command(test);
                }
            }
            _ => {}
        }
    }

    /// Notes the services that a command names as hosts.
    fn command(&mut self, command: Node<'_>) {
        let parts: Vec<Node<'_>> =
            if command.is_scalar() { vec![command] } else { command.items().collect() };
        let spans = parts.into_iter().map(|it| it.resolve().span());
        let words = spans.flat_map(|it| commands::words(self.collector.written(it), it));
        let words: Vec<commands::Word<'a>> = words.collect();
        for (host, span) in commands::hosts(&words) {
            if self.services.contains(host) {
                let name = Name::Compose {
                    project: self.project,
                    kind: ComposeKind::Service,
                    name: host.into(),
                };
                self.collector.refer(name, span);
            }
        }
    }

    /// Notes the items of a list, or the keys of a mapping.
    fn keys_or_items(&mut self, kind: ComposeKind, value: Node<'_>) {
        for item in value.items() {
            self.refer(kind, item);
        }
        for entry in value.merged_entries().into_iter().filter(|it| !it.key.is_merge_key()) {
            self.refer(kind, entry.key);
        }
    }

    /// Notes the service before the first colon: `db` of `db:database`.
    fn first_part(&mut self, item: Node<'_>) {
        let name = item.as_str().and_then(|text| text.split(':').next()).unwrap_or_default();
        self.refer_to_part(ComposeKind::Service, item, name);
    }

    /// Notes the service of `service:NAME`.
    fn service_behind_prefix(&mut self, value: Node<'_>) {
        if let Some(name) = value.as_str().and_then(|it| it.strip_prefix("service:")) {
            let span = value.resolve().span();
            let written = self.collector.written(span);
            if let Some(start) = written.find("service:").map(|at| at + "service:".len())
                && written[start..].starts_with(name)
            {
                self.refer_at(ComposeKind::Service, name, span.inner(start..start + name.len()));
            }
        }
    }

    fn extends(&mut self, value: Node<'_>) {
        let service = if value.is_scalar() { Some(value) } else { value.get("service") };
        let Some(service) = service else { return };
        let Some(path) = value.get("file").and_then(Node::as_str) else {
            return self.refer(ComposeKind::Service, service);
        };
        let folder = folder_of(self.collector.analysis.file(self.file).path());
        let other = self.collector.by_path.get(join_path(folder, path).as_str()).copied();
        let (Some(other), Some(name)) = (other, service.as_str()) else { return };
        let name = match self.own.contains(&other) {
            true => Name::Compose {
                project: self.project,
                kind: ComposeKind::Service,
                name: name.into(),
            },
            false => Name::Template { file: other, name: name.into() },
        };
        self.collector.refer(name, service.resolve().span());
    }

    /// Notes the named volume of a mount.
    fn mount(&mut self, item: Node<'_>) {
        if item.is_mapping() {
            let is_volume = item.get("type").and_then(Node::as_str) == Some("volume");
            if let Some(source) = item.get("source").filter(|_| is_volume) {
                self.refer(ComposeKind::Volume, source);
            }
            return;
        }
        let source = item.as_str().and_then(|text| text.split_once(':')).map(|(it, _)| it);
        if let Some(source) = source.filter(|it| is_volume_name(it)) {
            self.refer_to_part(ComposeKind::Volume, item, source);
        }
    }

    fn file_references(&mut self, kind: ComposeKind, value: Node<'_>) {
        for item in value.items() {
            match item.get("source") {
                Some(source) => self.refer(kind, source),
                None => self.refer(kind, item),
            }
        }
    }
}

/// Whether the source of a mount in short form is the name of a volume and not a path.
fn is_volume_name(source: &str) -> bool {
    source.starts_with(|it: char| it.is_ascii_alphanumeric())
        && source.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '_' | '-' | '.'))
        // The drive of a path on Windows.
        && source.len() > 1
}
