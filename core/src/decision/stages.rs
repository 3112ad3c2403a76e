//! The environments and the clusters that a system is written for.

use super::system::System;
use crate::facts::DisjointSets;
use crate::knowledge::clusters::cluster_product;
use crate::model::{FileModel, Target};
use crate::report::{Environment, Kind, TargetKind};
use crate::text::{FileId, Span, folder_of, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What a target is built for: an environment, or the clusters of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Environment(Environment),
    Cluster(&'static str),
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Environment(environment) => write!(f, "{environment}"),
            Stage::Cluster(product) => f.write_str(product),
        }
    }
}

/// Returns the cluster product that an overlay or the values file of a chart is called after.
fn cluster_of(target: &Target) -> Option<&'static str> {
    let named = |text: &str| {
        text.split(|letter: char| !letter.is_ascii_alphanumeric()).find_map(cluster_product)
    };
    match target.kind {
        TargetKind::Chart => target.values.iter().find_map(|path| named(path)),
        TargetKind::Kustomization => named(name_of(&target.folder)),
        TargetKind::Compose | TargetKind::Manifests | TargetKind::Application => None,
    }
}

impl<'f> System<'f> {
    /// Returns the environments that the files are written for, in overlays, values files and Compose files.
    pub fn environments(&self) -> BTreeSet<Environment> {
        let of_files = self.files.iter().filter_map(|it| self.facts.environment_of_file(it.id));
        self.built_environments().into_iter().chain(of_files).collect()
    }

    /// Returns the environments that one source is built for. See [`System::built_stages`].
    fn built_environments(&self) -> BTreeSet<Environment> {
        self.most_of_one_source(|target| self.facts.environment_of_target(target))
    }

    /// Returns the environments and the clusters that one source is built for: by the overlays of one base or by
    /// the values files of one chart. Of several such sources, those of the one with the most.
    pub fn built_stages(&self) -> BTreeSet<Stage> {
        self.most_of_one_source(|target| {
            let environment = self.facts.environment_of_target(target).map(Stage::Environment);
            environment.or_else(|| cluster_of(target).map(Stage::Cluster))
        })
    }

    /// Returns the place of the first target that is built for an environment or a cluster.
    pub fn place_of_stages(&self) -> Option<Span> {
        let is_staged = |it: &Target| {
            self.facts.environment_of_target(it).is_some() || cluster_of(it).is_some()
        };
        let target = self.targets.iter().map(|it| &it.target).find(|it| is_staged(it))?;
        let named = target.values.last().map(String::as_str);
        let is_own = |file: &&FileId| {
            let path = self.facts.file(**file).path();
            named == Some(path) || named.is_none() && folder_of(path) == target.folder
        };
        let file = target.sources.iter().find(is_own).or(target.sources.first())?;
        Some(Span::new(*file, 0, 0))
    }

    /// Returns the different marks of the targets that are built from one source, where they have the most.
    fn most_of_one_source<M: Ord>(&self, mark: impl Fn(&Target) -> Option<M>) -> BTreeSet<M> {
        let components = self.components();
        let mut sets = DisjointSets::new(self.targets.len());
        let mut first: FxHashMap<FileId, usize> = FxHashMap::default();
        for (at, target) in self.targets.iter().enumerate() {
            for file in &target.target.sources {
                if !components.contains(folder_of(self.facts.file(*file).path())) {
                    sets.join(*first.entry(*file).or_insert(at), at);
                }
            }
        }
        let mut groups: BTreeMap<usize, BTreeSet<M>> = BTreeMap::new();
        for (at, target) in self.targets.iter().enumerate() {
            groups.entry(sets.find(at)).or_default().extend(mark(&target.target));
        }
        groups.into_values().max_by_key(BTreeSet::len).unwrap_or_default()
    }

    /// Returns the folders of Kustomize components. A component is added to applications, and is the base
    /// of none.
    fn components(&self) -> FxHashSet<&'f str> {
        let kustomizations = self.files.iter().filter(|file| file.kind == Kind::Kustomization);
        let is_component = |file: &&&'f FileModel| {
            let mut kinds = file.tree.roots().filter_map(|root| root.get("kind")?.as_str());
            kinds.any(|kind| kind == "Component")
        };
        kustomizations.filter(is_component).map(|file| folder_of(file.path())).collect()
    }
}
