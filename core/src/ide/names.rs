//! The index from places to names: everything that one place defines and others refer to.

use super::{anchors, charts, compose, kubernetes, kustomize};
use crate::analysis::Analysis;
use crate::text::{FileId, Span};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// Role of an occurrence of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    Definition,
    Reference,
}

/// What Kubernetes objects are applied with: the target that they are built into, by its index, or the
/// part of the project that they lie in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    Target(usize),
    Part(usize),
}

/// The kind of a name in a Compose project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComposeKind {
    Service,
    Volume,
    Network,
    Secret,
    Config,
    Profile,
}

/// The objects whose labels a selector looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Labelled {
    Pods,
    Services,
}

/// A name within its scope. Two occurrences with equal names mean the same thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A name in a Compose project, by the project's index.
    Compose { project: usize, kind: ComposeKind, name: SmolStr },
    /// A service of a file that no project includes and that others only extend.
    Template { file: FileId, name: SmolStr },
    /// A variable that Compose replaces in the files of a project.
    Variable { project: usize, name: SmolStr },
    /// An anchor, by the place that defines it.
    Anchor { definition: Span, name: SmolStr },
    /// A Kubernetes object. Its namespace is with the occurrence, since an object without one meets any other.
    Object { world: World, kind: SmolStr, name: SmolStr },
    /// A key of a ConfigMap or Secret.
    Key { world: World, kind: SmolStr, object: SmolStr, key: SmolStr },
    /// A pair of a label and its value.
    Label { world: World, of: Labelled, key: SmolStr, value: SmolStr },
    /// The name of a container's port, by its workload.
    ContainerPort { world: World, workload: SmolStr, name: SmolStr },
    /// The name of a volume of a Pod, by its workload.
    PodVolume { world: World, workload: SmolStr, name: SmolStr },
    /// The name of a port of a Kubernetes Service.
    ServicePort { world: World, service: SmolStr, name: SmolStr },
    /// A value of a chart, by the chart's index and its keys.
    Value { chart: usize, path: Vec<SmolStr> },
    /// A named template of a chart, by the chart's folder.
    NamedTemplate { chart: String, name: SmolStr },
}

impl Name {
    /// Returns the name itself, as it would be written.
    pub fn text(&self) -> &str {
        match self {
            Name::Compose { name, .. }
            | Name::Template { name, .. }
            | Name::Variable { name, .. }
            | Name::Anchor { name, .. }
            | Name::Object { name, .. }
            | Name::ContainerPort { name, .. }
            | Name::PodVolume { name, .. }
            | Name::ServicePort { name, .. }
            | Name::NamedTemplate { name, .. } => name,
            Name::Key { key, .. } => key,
            Name::Label { value, .. } => value,
            Name::Value { path, .. } => path.last().map_or("", SmolStr::as_str),
        }
    }

    /// Returns the noun for messages: "service", "ConfigMap".
    pub fn noun(&self) -> &str {
        match self {
            Name::Compose { kind, .. } => match kind {
                ComposeKind::Service => "service",
                ComposeKind::Volume => "volume",
                ComposeKind::Network => "network",
                ComposeKind::Secret => "secret",
                ComposeKind::Config => "config",
                ComposeKind::Profile => "profile",
            },
            Name::Template { .. } => "service",
            Name::Variable { .. } => "variable",
            Name::Anchor { .. } => "anchor",
            Name::Object { kind, .. } => kind,
            Name::Key { .. } => "key",
            Name::Label { .. } => "label",
            Name::ContainerPort { .. } | Name::ServicePort { .. } => "port name",
            Name::PodVolume { .. } => "volume",
            Name::Value { .. } => "value",
            Name::NamedTemplate { .. } => "named template",
        }
    }
}

/// A place where a name stands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Occurrence {
    /// The name alone, without quotes. Where it is computed, the expression that makes it.
    pub span: Span,
    /// Index of the name in its [`Names`].
    pub name: usize,
    pub role: Role,
    /// The namespace of a Kubernetes object; `None` for what has none.
    pub namespace: Option<SmolStr>,
}

/// The index of all names of a snapshot.
#[derive(Debug, Default)]
pub struct Names {
    names: IndexSet<Name, FxBuildHasher>,
    /// Sorted by place, each once.
    occurrences: Vec<Occurrence>,
    /// The indices of the occurrences of each name, in the order of their places.
    by_name: Vec<Vec<usize>>,
}

impl Names {
    /// Collects the names of a snapshot.
    pub fn of(analysis: &Analysis) -> Names {
        let mut collector = Collector::new(analysis);
        compose::collect(&mut collector);
        anchors::collect(&mut collector);
        kubernetes::collect(&mut collector);
        kustomize::collect(&mut collector);
        charts::collect(&mut collector);
        collector.finish()
    }

    pub fn name(&self, index: usize) -> &Name {
        &self.names[index]
    }

    /// Returns the index of a name.
    pub fn find(&self, name: &Name) -> Option<usize> {
        self.names.get_index_of(name)
    }

    /// Returns every name with its occurrences.
    pub fn all(&self) -> impl Iterator<Item = (&Name, impl Iterator<Item = &Occurrence>)> {
        self.names.iter().enumerate().map(|(at, name)| (name, self.occurrences_of(at)))
    }

    /// Returns the occurrences of a name, in the order of their places.
    pub fn occurrences_of(&self, name: usize) -> impl Iterator<Item = &Occurrence> {
        let indices = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        indices.iter().map(|at| &self.occurrences[*at])
    }

    /// Returns all occurrences in a file.
    pub fn in_file(&self, file: FileId) -> &[Occurrence] {
        let start = self.occurrences.partition_point(|it| it.span.file < file);
        let end = self.occurrences.partition_point(|it| it.span.file <= file);
        &self.occurrences[start..end]
    }

    /// Returns the occurrences at exactly this place.
    pub fn at_span(&self, span: Span) -> &[Occurrence] {
        let start = self.occurrences.partition_point(|it| it.span < span);
        let end = self.occurrences.partition_point(|it| it.span <= span);
        &self.occurrences[start..end]
    }

    /// Returns the occurrences of the smallest place around an offset. Several names can share a place: the
    /// object of a base has a name in each overlay.
    pub fn at(&self, file: FileId, offset: usize) -> &[Occurrence] {
        let around = self.in_file(file).iter().filter(|it| {
            let range = it.span.range();
            range.start <= offset && offset <= range.end
        });
        // Of two places that meet at the offset, the later one begins there.
        let smallest = around.min_by_key(|it| (it.span.range().len(), u32::MAX - it.span.start));
        smallest.map_or(&[], |it| self.at_span(it.span))
    }
}

/// Collects occurrences.
pub(super) struct Collector<'a> {
    pub analysis: &'a Analysis,
    /// The files by their paths.
    pub by_path: FxHashMap<&'a str, FileId>,
    names: IndexSet<Name, FxBuildHasher>,
    occurrences: FxHashSet<Occurrence>,
}

impl<'a> Collector<'a> {
    fn new(analysis: &'a Analysis) -> Collector<'a> {
        let by_path = analysis.files().iter().map(|it| (it.path(), it.id)).collect();
        Collector {
            analysis,
            by_path,
            names: IndexSet::default(),
            occurrences: FxHashSet::default(),
        }
    }

    /// Returns the text of a span.
    pub fn written(&self, span: Span) -> &'a str {
        self.analysis.file(span.file).text().get(span.range()).unwrap_or_default()
    }

    /// Notes a definition of a name.
    pub fn define(&mut self, name: Name, span: Span) {
        self.note(name, span, Role::Definition, None);
    }

    /// Notes a reference to a name.
    pub fn refer(&mut self, name: Name, span: Span) {
        self.note(name, span, Role::Reference, None);
    }

    /// Notes an occurrence of a name.
    pub fn note(&mut self, name: Name, span: Span, role: Role, namespace: Option<&str>) {
        let span = self.without_quotes(span);
        if span.is_empty() {
            return;
        }
        let (name, _) = self.names.insert_full(name);
        let namespace = namespace.map(SmolStr::from);
        self.occurrences.insert(Occurrence { span, name, role, namespace });
    }

    /// Returns the span of a scalar without the quotes around it.
    pub fn without_quotes(&self, span: Span) -> Span {
        let text = self.written(span);
        let is_quoted = text.len() >= 2 && text.starts_with(['"', '\'']);
        if is_quoted && text.as_bytes().first() == text.as_bytes().last() {
            return span.inner(1..text.len() - 1);
        }
        span
    }

    fn finish(self) -> Names {
        let mut occurrences: Vec<Occurrence> = self.occurrences.into_iter().collect();
        occurrences.sort_by(|a, b| {
            (a.span, a.name, a.role, &a.namespace).cmp(&(b.span, b.name, b.role, &b.namespace))
        });
        // An object of a base defines its name, whoever else goes through the file.
        occurrences.dedup_by_key(|it| (it.span, it.name));
        let mut by_name = vec![Vec::new(); self.names.len()];
        for (at, occurrence) in occurrences.iter().enumerate() {
            by_name[occurrence.name].push(at);
        }
        Names { names: self.names, occurrences, by_name }
    }
}
