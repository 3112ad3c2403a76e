//! Manifests that are written again for another environment, and how much of them is the same.

use super::Facts;
use crate::model::kubernetes::Object;
use crate::model::{FileModel, environment_of_word};
use crate::report::{Environment, Kind};
use crate::syntax::{Node, NodeKind};
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::BTreeMap;

/// Least part of the fields that two copies have in common.
const LEAST_SIMILARITY: f64 = 0.8;

/// Least number of fields of a copy. Shorter manifests are alike by nature.
const LEAST_FIELDS: usize = 20;

/// Maximum number of fields that are compared for one environment.
const MAX_FIELDS: usize = 50_000;

/// Two folders or files that hold nearly the same manifests for two environments.
#[derive(Debug)]
pub struct CopiedManifests {
    /// Paths of the folders or files.
    pub paths: [String; 2],
    /// The first manifest of each.
    pub places: [Span; 2],
    /// The number of fields that are the same.
    pub same: usize,
    /// The number of fields of both, on average.
    pub fields: f64,
    /// How many further environments are copies of the first one.
    pub others: usize,
}

impl CopiedManifests {
    /// Returns the part of the fields that is the same, from 0 to 1.
    pub fn similarity(&self) -> f64 {
        self.same as f64 / self.fields
    }
}

/// The manifests for one environment.
#[derive(Debug, Default)]
struct Unit {
    path: String,
    /// Fields with their values, and how often they occur.
    fields: BTreeMap<String, usize>,
    count: usize,
    first: Option<Span>,
    environment: Option<Environment>,
}

impl Facts<'_> {
    /// Returns the manifests that are written again for another environment, nearly the same: of each
    /// group the two that are most alike. The environments are told by words of the paths.
    pub fn copied_manifests(&self) -> Vec<CopiedManifests> {
        let mut groups: IndexMap<String, IndexMap<String, Unit, FxBuildHasher>, FxBuildHasher> =
            IndexMap::default();
        let is_manifest =
            |file: &&&FileModel| file.kind == Kind::Kubernetes && !file.objects.is_empty();
        for file in self.files().iter().filter(is_manifest) {
            if self.is_in_chart(file.path()) {
                continue;
            }
            let Some((place, general, environment)) = split_path(file.path()) else { continue };
            let units = groups.entry(general).or_default();
            let unit = units.entry(place.to_owned()).or_default();
            unit.path = place.to_owned();
            unit.environment = Some(environment);
            unit.add(file);
        }
        groups.into_values().filter_map(most_alike).collect()
    }

    /// Whether a file belongs to a chart, whose copies are another matter.
    fn is_in_chart(&self, path: &str) -> bool {
        self.charts().iter().any(|chart| {
            chart.folder.is_empty()
                || path.strip_prefix(&chart.folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

/// Splits a path at the last segment that names an environment. Returns the path up to there, the same with
/// the environment left open, and the environment.
fn split_path(path: &str) -> Option<(&str, String, Environment)> {
    let mut end = path.len();
    loop {
        let start = path[..end].rfind('/').map_or(0, |slash| slash + 1);
        if let Some((general, environment)) = without_environment(&path[start..end]) {
            return Some((&path[..end], [&path[..start], &general].concat(), environment));
        }
        end = start.checked_sub(1)?;
    }
}

/// Returns a text with the words that name an environment left open, and the first environment.
pub(super) fn without_environment(text: &str) -> Option<(String, Environment)> {
    let mut open = String::new();
    let mut found = None;
    let mut word = String::new();
    for letter in text.chars().chain(['\0']) {
        if letter.is_ascii_alphanumeric() {
            word.push(letter);
            continue;
        }
        match environment_of_word(&word.to_ascii_lowercase()) {
            Some(environment) => {
                found = found.or(Some(environment));
                open.push('*');
            }
            None => open.push_str(&word),
        }
        word.clear();
        if letter != '\0' {
            open.push(letter);
        }
    }
    Some((open, found?))
}

impl Unit {
    /// Adds the fields of the objects of a file.
    fn add(&mut self, file: &FileModel) {
        for object in file.objects.iter().filter(|object| !is_pointer(object)) {
            self.first.get_or_insert(object.span);
            let name = object.name().map_or("", |name| name.as_str());
            let name = without_environment(name).map_or(name.to_owned(), |it| it.0);
            let mut open = vec![(file.tree.node(object.node), format!("{}/{name}", object.kind))];
            while let Some((node, path)) = open.pop() {
                if self.count >= MAX_FIELDS {
                    return;
                }
                match node.kind() {
                    NodeKind::Mapping => open.extend(node.entries().map(|entry| {
                        let key = entry.key.as_str().unwrap_or_default();
                        (entry.value, format!("{path}.{key}"))
                    })),
                    NodeKind::Sequence => open.extend(
                        node.items().map(|item| (item, format!("{path}[{}]", item_name(item)))),
                    ),
                    NodeKind::Scalar | NodeKind::Alias => {
                        let value = node.as_str().unwrap_or_default();
                        let value = without_environment(value).map_or(value.to_owned(), |it| it.0);
                        *self.fields.entry(format!("{path}={value}")).or_default() += 1;
                        self.count += 1;
                    }
                }
            }
        }
    }
}

/// Whether an object only says where a GitOps controller finds the manifests of an environment. There is one
/// for each by nature.
fn is_pointer(object: &Object) -> bool {
    let group = object.group();
    group.ends_with("toolkit.fluxcd.io")
        || group == "argoproj.io"
            && matches!(object.kind.as_str(), "Application" | "ApplicationSet" | "AppProject")
}

/// What tells an item of a list apart: its name.
fn item_name(item: Node<'_>) -> &str {
    let name = item.get("name").filter(|_| item.kind() == NodeKind::Mapping);
    name.and_then(Node::as_str).unwrap_or_default()
}

/// Returns the two units of a group that are most alike, if they are alike enough.
fn most_alike(units: IndexMap<String, Unit, FxBuildHasher>) -> Option<CopiedManifests> {
    let mut units: Vec<Unit> = units.into_values().filter(|it| it.count >= LEAST_FIELDS).collect();
    // Production is what the others are copies of.
    units.sort_by(|a, b| (a.environment, &a.path).cmp(&(b.environment, &b.path)));
    let (first, others) = units.split_first()?;
    let mut alike: FxHashMap<usize, CopiedManifests> = FxHashMap::default();
    for (at, other) in others.iter().enumerate() {
        let same = common(&first.fields, &other.fields);
        let copies = CopiedManifests {
            paths: [first.path.clone(), other.path.clone()],
            places: [first.first?, other.first?],
            same,
            fields: (first.count + other.count) as f64 / 2.0,
            others: 0,
        };
        if copies.similarity() >= LEAST_SIMILARITY && first.environment != other.environment {
            alike.insert(at, copies);
        }
    }
    let count = alike.len();
    let most = alike
        .into_iter()
        .max_by(|(a, one), (b, two)| one.similarity().total_cmp(&two.similarity()).then(b.cmp(a)));
    most.map(|(_, copies)| CopiedManifests { others: count - 1, ..copies })
}

/// The number of fields that two units have in common.
fn common(a: &BTreeMap<String, usize>, b: &BTreeMap<String, usize>) -> usize {
    let shared = a.iter().filter_map(|(field, count)| Some(*count.min(b.get(field)?)));
    shared.sum()
}
