//! Manifests that are written again for another environment, and how much of them is the same.

use super::fields::{item_name, visit_fields};
use super::replicas::is_patch;
use super::{Facts, Workload};
use crate::model::delivery::controller_of;
use crate::model::{FileModel, environment_of_word};
use crate::report::{Environment, Kind};
use crate::syntax::{Node, NodeKind};
use crate::text::{FileId, Span, folder_of, join_path, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::cmp::Reverse;
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

/// The fields of manifests with their values, and how often each occurs.
#[derive(Debug, Default)]
pub struct Fields {
    counts: BTreeMap<String, usize>,
    count: usize,
}

impl Fields {
    /// Adds the fields below a node. `open` leaves out of a text what may differ between copies.
    fn add(&mut self, node: Node<'_>, path: String, open: &dyn Fn(&str) -> String) {
        let item_place =
            |_: &str, _: usize, item: Node<'_>| open(item_name(item).unwrap_or_default());
        visit_fields(node, path, &item_place, &mut |path, node| {
            if matches!(node.kind(), NodeKind::Scalar | NodeKind::Alias) {
                let value = open(node.as_str().unwrap_or_default());
                *self.counts.entry(format!("{path}={value}")).or_default() += 1;
                self.count += 1;
            }
            self.count < MAX_FIELDS
        });
    }

    /// Returns the number of fields that are the same in both.
    fn same(&self, other: &Fields) -> usize {
        let shared = self
            .counts
            .iter()
            .filter_map(|(field, count)| Some(*count.min(other.counts.get(field)?)));
        shared.sum()
    }

    /// Returns the part of the fields that is the same, from 0 to 1, if that is enough for copies.
    pub fn similarity(&self, other: &Fields) -> Option<f64> {
        let part = self.same(other) as f64 / self.mean_count(other);
        Some(part).filter(|it| *it >= LEAST_SIMILARITY)
    }

    /// Returns the number of fields of both, on average.
    fn mean_count(&self, other: &Fields) -> f64 {
        (self.count + other.count) as f64 / 2.0
    }
}

/// The manifests for one environment.
#[derive(Debug, Default)]
struct Unit {
    path: String,
    fields: Fields,
    first: Option<Span>,
    environment: Option<Environment>,
}

impl<'a> Facts<'a> {
    /// Returns the manifests that are written again for another environment, nearly the same: of each
    /// group the two that are most alike. The environments are told by words of the paths.
    pub fn copied_manifests(&self) -> Vec<CopiedManifests> {
        let mut groups: IndexMap<String, IndexMap<String, Unit, FxBuildHasher>, FxBuildHasher> =
            IndexMap::default();
        let charts: FxHashSet<&str> =
            self.charts().iter().map(|chart| chart.folder.as_str()).collect();
        let patches = self.paths_of_patches();
        let is_manifest = |file: &&&FileModel| {
            file.kind == Kind::Kubernetes
                && !file.objects.is_empty()
                && !patches.contains(file.path())
                && !file.objects.iter().any(|it| it.workload().is_some_and(is_patch))
                // Charts repeat files for reasons other than environments.
                && !folders_around(file.path()).any(|folder| charts.contains(folder))
        };
        let mut plain: FxHashMap<&str, &FileModel> = FxHashMap::default();
        for file in self.files().iter().filter(is_manifest) {
            let Some((place, general, environment)) = split_path(file.path()) else {
                plain.insert(file.path(), file);
                continue;
            };
            let units = groups.entry(general).or_default();
            let unit = units.entry(place.to_owned()).or_default();
            unit.path = place.to_owned();
            unit.environment = Some(environment);
            unit.add(file);
        }
        // `ingress.yaml` is what `ingress-prod.yaml` is a copy of.
        for (general, units) in &mut groups {
            let Some(file) = without_suffix(general).and_then(|it| plain.get(it.as_str())) else {
                continue;
            };
            let unit = units.entry(file.path().to_owned()).or_default();
            unit.path = file.path().to_owned();
            unit.add(file);
        }
        groups.into_values().filter_map(most_alike).collect()
    }

    /// Returns the manifests whose paths differ in nothing but an environment, which may be copies of each
    /// other.
    pub fn manifests_by_environment(&self) -> impl Iterator<Item = Vec<FileId>> {
        let mut groups: IndexMap<String, Vec<FileId>, FxBuildHasher> = IndexMap::default();
        for file in self.files().iter().filter(|file| file.kind == Kind::Kubernetes) {
            if let Some((_, general, _)) = split_path(file.path()) {
                groups.entry(general).or_default().push(file.id);
            }
        }
        groups.into_values()
    }

    /// Returns the paths of the files that kustomizations apply as patches.
    fn paths_of_patches(&self) -> FxHashSet<String> {
        let mut paths = FxHashSet::default();
        for file in self.files().iter().filter(|file| file.kind == Kind::Kustomization) {
            let folder = folder_of(file.path());
            for key in ["patches", "patchesStrategicMerge", "patchesJson6902"] {
                let lists = file.tree.roots().filter_map(|root| root.get(key));
                for item in lists.flat_map(Node::items) {
                    let path = item.get("path").and_then(Node::as_str).or_else(|| item.as_str());
                    paths.extend(path.map(|it| join_path(folder, it)));
                }
            }
        }
        paths
    }

    /// Whether a manifest is the output of `helm template`, which names in a comment above each object the template
    /// that it comes from.
    ///
    /// Source: <https://github.com/helm/helm/blob/v3.16.0/pkg/action/action.go>, `renderResources`.
    pub fn is_output_of_chart(&self, file: FileId) -> bool {
        let model = self.file(file);
        let names_template = |line: &str| {
            let source =
                line.strip_prefix("# Source: ").and_then(|it| it.split_once("/templates/"));
            source.is_some_and(|(chart, _)| !chart.is_empty() && !chart.contains(' '))
        };
        model.kind == Kind::Kubernetes && model.text().lines().any(names_template)
    }

    /// Returns the fields of a workload that is not built into a target, with its names, images and namespace
    /// left open.
    pub fn fields_without_names(&self, workload: &Workload<'a>) -> Fields {
        let object = workload.object;
        let node = self.file(object.file).tree.node(object.node);
        let images = workload.units.iter().filter_map(|unit| unit.image.as_ref());
        let repositories = images.map(|image| image.repository.as_str());
        let short = repositories.clone().map(name_of);
        let mut names: Vec<&str> = [workload.name, workload.namespace]
            .into_iter()
            .chain(repositories)
            .chain(short)
            .filter(|name| !name.is_empty())
            .collect();
        // A name may be part of a longer one.
        names.sort_by_key(|name| Reverse(name.len()));
        let written: FxHashSet<&str> =
            workload.containers().filter_map(|(_, it)| Some(it.image.as_ref()?.as_str())).collect();
        let open = |text: &str| match written.contains(text) {
            true => "*".to_owned(),
            false => names.iter().fold(text.to_owned(), |text, name| without_name(&text, name)),
        };
        let mut fields = Fields::default();
        // Whether a namespace is written depends on where a manifest is applied.
        for entry in node.entries().filter(|entry| entry.key.as_str() != Some("status")) {
            let key = entry.key.as_str().unwrap_or_default().to_owned();
            match key.as_str() {
                "metadata" => {
                    let inner = entry.value.entries();
                    for inner in inner.filter(|it| it.key.as_str() != Some("namespace")) {
                        let name = inner.key.as_str().unwrap_or_default();
                        fields.add(inner.value, format!("{key}.{name}"), &open);
                    }
                }
                _ => fields.add(entry.value, key, &open),
            }
        }
        fields
    }
}

/// Returns a text with a name left open wherever it stands as a word of its own.
fn without_name(text: &str, name: &str) -> String {
    let mut open = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let is_apart = |it: Option<char>| it.is_none_or(|it| !it.is_ascii_alphanumeric());
        let last = before.chars().next_back().or_else(|| open.chars().next_back());
        let is_word = is_apart(last) && is_apart(after.chars().next());
        open.push_str(before);
        open.push_str(if is_word { "*" } else { name });
        rest = after;
    }
    open.push_str(rest);
    open
}

/// Returns the folders that a file lies in, up to the root, which is the empty string.
fn folders_around(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder_of(path)), |it| (!it.is_empty()).then(|| folder_of(it)))
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

/// Returns the path of the file whose name is the same without a word for an environment at its end:
/// `k8s/web.yaml` for `k8s/web-*.yaml`.
fn without_suffix(general: &str) -> Option<String> {
    let (stem, extension) = general.rsplit_once('.')?;
    let stem = stem.strip_suffix('*')?.strip_suffix(['-', '_', '.'])?;
    let is_name = !name_of(stem).is_empty() && !stem.contains('*');
    is_name.then(|| format!("{stem}.{extension}"))
}

/// Returns a text with the words that name an environment left open, and the first environment.
pub fn without_environment(text: &str) -> Option<(String, Environment)> {
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
        let open = |text: &str| without_environment(text).map_or(text.to_owned(), |it| it.0);
        // An object of a GitOps controller only says where the manifests of an environment are. There is one for
        // each by nature.
        for object in file.objects.iter().filter(|object| controller_of(object).is_none()) {
            self.first.get_or_insert(object.span);
            let name = open(object.name().map_or("", |name| name.as_str()));
            let path = format!("{}/{name}", object.kind);
            self.fields.add(file.tree.node(object.node), path, &open);
        }
    }
}

/// Returns the two units of a group that are most alike, if they are alike enough.
fn most_alike(units: IndexMap<String, Unit, FxBuildHasher>) -> Option<CopiedManifests> {
    let mut units: Vec<Unit> =
        units.into_values().filter(|it| it.fields.count >= LEAST_FIELDS).collect();
    // Production is what the others are copies of.
    units.sort_by(|a, b| (a.environment, &a.path).cmp(&(b.environment, &b.path)));
    let (first, others) = units.split_first()?;
    let mut alike: Vec<(f64, &Unit)> = Vec::new();
    for other in others.iter().filter(|it| it.environment != first.environment) {
        alike.extend(first.fields.similarity(&other.fields).map(|similarity| (similarity, other)));
    }
    // Of two that are equally alike, the first one counts.
    let most = alike.iter().rev().max_by(|one, two| one.0.total_cmp(&two.0))?;
    Some(CopiedManifests {
        paths: [first.path.clone(), most.1.path.clone()],
        places: [first.first?, most.1.first?],
        same: first.fields.same(&most.1.fields),
        fields: first.fields.mean_count(&most.1.fields),
        others: alike.len() - 1,
    })
}
