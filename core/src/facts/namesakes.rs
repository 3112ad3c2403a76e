//! Namesakes: the services and containers of an application that have one name, and the variables that they
//! get.

use super::{Counterpart, Facts, Service, Unit, Var, VarSource, Workload};
use crate::knowledge::env::setting_of;
use crate::model::kubernetes::{Container, EnvSource};
use crate::text::{FileId, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use smol_str::SmolStr;

/// The other services and containers of an application that go by the names of a pair: variants of one
/// Compose file, or a Deployment and the DaemonSet that an overlay makes of it.
#[derive(Debug)]
pub struct Namesakes<'f> {
    /// Indices of services, by the part of the project and their names.
    services: FxHashMap<(usize, &'f str), Vec<usize>>,
    /// Workloads and their containers, by the part of the project and the container's name.
    containers: FxHashMap<(usize, &'f str), Vec<(usize, usize)>>,
    /// Number of services of a project that read an env file.
    readers: FxHashMap<(usize, FileId), usize>,
    /// What containers run, by the keys of ConfigMaps and Secrets that they take.
    takers: FxHashMap<Span, FxHashSet<SmolStr>>,
}

impl<'f> Namesakes<'f> {
    pub fn new(facts: &'f Facts<'_>) -> Namesakes<'f> {
        let (mut services, mut containers) = (FxHashMap::default(), FxHashMap::default());
        let (mut readers, mut takers) = (FxHashMap::default(), FxHashMap::default());
        for service in facts.services() {
            let part = facts.part_of(service.span().file);
            let namesakes: &mut Vec<usize> = services.entry((part, service.name)).or_default();
            namesakes.push(service.index);
            for file in service.model.env_files.iter().filter_map(|it| it.file) {
                *readers.entry((service.project_index, file)).or_default() += 1;
            }
        }
        for workload in facts.workloads() {
            let part = facts.part_of(workload.object.file);
            for (at, unit) in workload.units.iter().enumerate() {
                let namesakes: &mut Vec<(usize, usize)> =
                    containers.entry((part, unit.name.as_str())).or_default();
                namesakes.push((workload.index, at));
                let program = unit
                    .image
                    .as_ref()
                    .map_or_else(|| unit.name.value.clone(), |it| it.repository.clone());
                for variable in unit.env.iter().filter(|it| comes_from_object(it)) {
                    let programs: &mut FxHashSet<SmolStr> =
                        takers.entry(variable.name_span).or_default();
                    programs.insert(program.clone());
                }
            }
        }
        Namesakes { services, containers, readers, takers }
    }

    /// Whether another variant of the Compose service sets a variable.
    pub fn sets_in_compose(&self, facts: &Facts<'_>, pair: &Counterpart, name: &str) -> bool {
        let (service, ..) = facts.pair(pair);
        let part = facts.part_of(service.span().file);
        let mut all = self.services.get(&(part, service.name)).into_iter().flatten();
        all.any(|at| {
            let other = &facts.services()[*at];
            let is_unknown = || other.model.env_files.iter().any(|it| it.file.is_none());
            other.index != service.index && (other.unit.gets_setting(name) || is_unknown())
        })
    }

    /// Whether another variant of the container sets a variable.
    pub fn sets_in_cluster(&self, facts: &Facts<'_>, pair: &Counterpart, name: &str) -> bool {
        let (_, workload, unit) = facts.pair(pair);
        let part = facts.part_of(workload.object.file);
        let mut all = self.containers.get(&(part, unit.name.as_str())).into_iter().flatten();
        all.any(|(workload, at)| {
            let other = &facts.workloads()[*workload];
            let variant = &other.units[*at];
            names_one_image(variant, unit)
                && variant.site != unit.site
                && (variant.gets_setting(name)
                    || facts.has_unknown_source(other, other.container(*at)))
        })
    }

    /// Whether several services of the project read the env file that sets a variable.
    pub fn share_env_file(
        &self,
        facts: &Facts<'_>,
        service: &Service<'_>,
        variable: &Var<'_>,
    ) -> bool {
        let file = facts.file(variable.name_span.file).id;
        self.readers.get(&(service.project_index, file)).is_some_and(|it| *it > 1)
    }

    /// Whether a variable comes from a file or an object for several programs, which says nothing about each.
    pub fn is_for_all(&self, facts: &Facts<'_>, service: &Service<'_>, variable: &Var<'_>) -> bool {
        match variable.source {
            VarSource::EnvFile => self.share_env_file(facts, service, variable),
            VarSource::ConfigMap | VarSource::Secret => self.share_object(variable),
            VarSource::Inline | VarSource::Field => false,
        }
    }

    /// Whether containers of several programs take the ConfigMap or the Secret that sets a variable as a whole.
    pub fn share_object(&self, variable: &Var<'_>) -> bool {
        let programs = self.takers.get(&variable.name_span).filter(|_| comes_from_object(variable));
        programs.is_some_and(|it| it.len() > 1)
    }
}

/// Whether a variable comes from a ConfigMap or a Secret.
fn comes_from_object(variable: &Var<'_>) -> bool {
    match variable.source {
        VarSource::ConfigMap | VarSource::Secret => true,
        VarSource::Inline | VarSource::EnvFile | VarSource::Field => false,
    }
}

/// Whether two containers run the same image, whatever its tag.
fn names_one_image(a: &Unit<'_>, b: &Unit<'_>) -> bool {
    let repository = |it: &Unit<'_>| it.image.as_ref().map(|it| it.repository.clone());
    repository(a) == repository(b)
}

impl Unit<'_> {
    /// Whether it gets a variable, in any spelling of the name.
    fn gets_setting(&self, name: &str) -> bool {
        let wanted = setting_of(name);
        self.env.iter().any(|it| setting_of(it.name) == wanted)
    }

    /// Whether another variable or the start command is put together from a variable, as in
    /// `PORT: $(WEB_PORT)`.
    pub fn refers_to(&self, name: &str) -> bool {
        let reference = format!("$({name})");
        self.env.iter().any(|it| it.value.is_some_and(|value| value.contains(&reference)))
            || self.start.words.iter().any(|it| it.contains(&reference))
    }
}

impl Facts<'_> {
    /// Whether a container takes variables from an object whose keys are not fully known, or under a
    /// prefix: such a source may set anything.
    pub fn has_unknown_source(&self, workload: &Workload<'_>, container: &Container) -> bool {
        container.env_from.iter().any(|from| {
            let is_secret = from.source == EnvSource::Secret;
            let home = workload.object.file;
            let keys = from
                .name
                .as_ref()
                .and_then(|name| self.keys(home, workload.namespace, name, is_secret));
            let has_prefix = from.prefix.as_ref().is_some_and(|it| !it.is_empty());
            keys.is_none_or(|it| !it.complete) || has_prefix
        })
    }
}

/// Whether the two sides run one release of the program, as far as their images say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Releases {
    Same,
    Different,
    /// A side names no image, or another repository.
    Unknown,
}

impl Releases {
    /// Compares the images of two containers by their tags.
    pub fn of(a: &Unit<'_>, b: &Unit<'_>) -> Releases {
        let (Some(a), Some(b)) = (&a.image, &b.image) else { return Releases::Unknown };
        if a.repository != b.repository {
            Releases::Unknown
        } else if a.tag == b.tag {
            Releases::Same
        } else {
            Releases::Different
        }
    }
}
