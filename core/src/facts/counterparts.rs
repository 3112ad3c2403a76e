//! What runs on both sides: a Compose service and the container that runs the same thing in the
//! cluster. Each match carries its reason; where two containers would fit, there is no match.

use super::sets::rings;
use super::{Facts, Part, Service, Unit, Workload};
use crate::report::Role;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// Why two containers are taken for the same thing, the surest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Same image repository and same name.
    ImageAndName,
    /// Same image repository, and it is the only pair with it.
    Image,
    /// Same name of the workload, its labels, its Service or its container.
    Name,
}

impl Why {
    /// Completes "matched by ...".
    pub fn says(self) -> &'static str {
        match self {
            Why::ImageAndName => "image and name",
            Why::Image => "image",
            Why::Name => "name",
        }
    }
}

/// A Compose service and the container that runs the same thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counterpart {
    /// Index in [`Facts::services`].
    pub service: usize,
    /// Index in [`Facts::workloads`].
    pub workload: usize,
    /// Index among the workload's units.
    pub unit: usize,
    pub why: Why,
}

/// The counterparts, by either side.
#[derive(Debug, Default)]
pub(super) struct Counterparts {
    /// Sorted by service.
    all: Vec<Counterpart>,
    by_service: FxHashMap<usize, usize>,
    by_container: FxHashMap<(usize, usize), usize>,
}

impl Counterparts {
    fn new(all: Vec<Counterpart>) -> Counterparts {
        let by_service = all.iter().enumerate().map(|(at, it)| (it.service, at)).collect();
        let by_container =
            all.iter().enumerate().map(|(at, it)| ((it.workload, it.unit), at)).collect();
        Counterparts { all, by_service, by_container }
    }
}

impl<'a> Facts<'a> {
    /// Returns all pairs of Compose services and containers in the cluster that run the same thing.
    pub fn counterparts(&self) -> &[Counterpart] {
        &self.counterparts.all
    }

    /// Returns the counterpart of a Compose service.
    pub fn counterpart_of(&self, service: usize) -> Option<&Counterpart> {
        Some(&self.counterparts.all[*self.counterparts.by_service.get(&service)?])
    }

    /// Returns the Compose service that runs the same thing as a container.
    pub fn counterpart_of_container(&self, workload: usize, unit: usize) -> Option<&Counterpart> {
        Some(&self.counterparts.all[*self.counterparts.by_container.get(&(workload, unit))?])
    }

    /// Returns the parts of a pair.
    pub fn pair(&self, it: &Counterpart) -> (&Service<'a>, &Workload<'a>, &Unit<'a>) {
        let workload = &self.workloads[it.workload];
        (&self.services[it.service], workload, &workload.units[it.unit])
    }
}

/// A container: the index of its workload, and its own among the units.
type Container = (usize, usize);

/// The main containers of all workloads, by the part of the project and what a Compose service may have
/// in common with them. Workloads are sorted by path, and so is each list.
#[derive(Default)]
struct Candidates<'a> {
    by_name: FxHashMap<(usize, String), Vec<Container>>,
    by_image: FxHashMap<(usize, &'a str), Vec<Container>>,
    by_image_and_name: FxHashMap<(usize, &'a str, String), Vec<Container>>,
}

impl<'a> Candidates<'a> {
    fn new(facts: &'a Facts<'_>) -> Candidates<'a> {
        let mut candidates = Candidates::default();
        for workload in &facts.workloads {
            let part = facts.sets.part(workload.object.file);
            for (at, unit) in workload.units.iter().enumerate().filter(|it| it.1.part == Part::Main)
            {
                let container = (workload.index, at);
                let image = unit.image.as_ref().map(|it| it.repository.as_str());
                for name in names_of(facts, workload, unit) {
                    if let Some(image) = image {
                        let both = candidates.by_image_and_name.entry((part, image, name.clone()));
                        both.or_default().push(container);
                    }
                    candidates.by_name.entry((part, name)).or_default().push(container);
                }
                if let Some(image) = image {
                    candidates.by_image.entry((part, image)).or_default().push(container);
                }
            }
        }
        candidates
    }
}

pub(super) fn find(facts: &Facts<'_>) -> Counterparts {
    if facts.services.is_empty() || facts.workloads.is_empty() {
        return Counterparts::default();
    }
    let candidates = Candidates::new(facts);
    let mut services_with_image: FxHashMap<(usize, &str), usize> = FxHashMap::default();
    for service in &facts.services {
        if let Some(image) = &service.unit.image {
            *services_with_image.entry((service.project_index, &image.repository)).or_default() +=
                1;
        }
    }
    let mut found: Vec<Counterpart> = Vec::new();
    for service in &facts.services {
        let image = service.unit.image.as_ref().map(|it| it.repository.as_str());
        // Where several services of a project run one image, the image alone says nothing.
        let twice = image
            .and_then(|image| services_with_image.get(&(service.project_index, image)))
            .is_some_and(|count| *count > 1);
        if let Some(((workload, unit), why)) = choose(facts, service, image, twice, &candidates) {
            found.push(Counterpart { service: service.index, workload, unit, why });
        }
    }
    Counterparts::new(one_each(facts, found))
}

/// Chooses the container that runs the same thing as a service, by the surest reason that there is.
fn choose(
    facts: &Facts<'_>,
    service: &Service<'_>,
    image: Option<&str>,
    twice: bool,
    candidates: &Candidates<'_>,
) -> Option<(Container, Why)> {
    let name = plain(service.name);
    let part = facts.sets.part(service.model.name.span.file);
    if let Some(image) = image {
        if let Some(both) = candidates.by_image_and_name.get(&(part, image, name.clone())) {
            return nearest_one(facts, service, both).map(|it| (it, Why::ImageAndName));
        }
        let imaged = candidates.by_image.get(&(part, image)).filter(|_| !twice);
        if let Some(it) = imaged.and_then(|it| nearest_one(facts, service, it)) {
            return Some((it, Why::Image));
        }
    }
    let named = candidates.by_name.get(&(part, name))?;
    let it = nearest_one(facts, service, named).filter(|it| !differ(facts, service, *it))?;
    Some((it, Why::Name))
}

/// Two public images of different families are not the same thing, whatever they are called.
fn differ(facts: &Facts<'_>, service: &Service<'_>, (workload, unit): (usize, usize)) -> bool {
    let family = |unit: &Unit<'_>| unit.family().map(|it| it.id);
    match (family(&service.unit), family(&facts.workloads[workload].units[unit])) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    }
}

/// Returns the candidate whose file lies nearest to a service, unless several lie equally near.
fn nearest_one(
    facts: &Facts<'_>,
    service: &Service<'_>,
    candidates: &[Container],
) -> Option<Container> {
    let home = facts.file(service.model.name.span.file).path();
    let path_of = |it: &Container| facts.file(facts.workloads[it.0].object.file).path();
    let [before, after] = rings(candidates, home, path_of).next()?;
    match [before, after] {
        [[it], []] | [[], [it]] => Some(*it),
        _ => None,
    }
}

/// Keeps one counterpart of each container: that of the project which is nearest to production. Where
/// two services of that project match, the container gets no counterpart.
fn one_each(facts: &Facts<'_>, found: Vec<Counterpart>) -> Vec<Counterpart> {
    let rank = |it: &Counterpart| match facts.services[it.service].role {
        Role::Production => 0,
        Role::Unknown => 1,
        Role::Development => 2,
    };
    let mut by_container: IndexMap<Container, Vec<Counterpart>, FxBuildHasher> =
        IndexMap::default();
    for it in found {
        by_container.entry((it.workload, it.unit)).or_default().push(it);
    }
    let mut kept: Vec<Counterpart> = Vec::new();
    for group in by_container.values() {
        let best = group.iter().map(|it| (rank(it), it.why)).min();
        let mut first = group.iter().filter(|it| Some((rank(it), it.why)) == best);
        let Some(it) = first.next() else { continue };
        let rival = first.any(|other| {
            facts.services[other.service].project_index == facts.services[it.service].project_index
        });
        if !rival {
            kept.push(*it);
        }
    }
    kept.sort_by_key(|it| it.service);
    kept
}

/// Returns the names that a container goes by.
fn names_of(facts: &Facts<'_>, workload: &Workload<'_>, unit: &Unit<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |name: &str| {
        let name = plain(name);
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    };
    let alone = workload.units.iter().filter(|it| it.part == Part::Main).count() == 1;
    // The names of the Pod belong to its first container: a sidecar goes by its own name only.
    let first = workload
        .units
        .iter()
        .find(|it| it.part == Part::Main)
        .is_some_and(|it| it.site == unit.site);
    if alone || first {
        add(workload.name);
        let labels = &workload.model.template.meta;
        for key in ["app", "app.kubernetes.io/name", "io.kompose.service"] {
            if let Some(it) = labels.label(key) {
                add(it);
            }
        }
        for service in &workload.services {
            add(facts.kube_services[*service].name);
        }
    }
    if !alone || !matches!(unit.name.as_str(), "app" | "main" | "server" | "container" | "web") {
        add(unit.name);
    }
    names
}

/// Names are compared without case, and with `_` as `-`.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}
