//! What runs on both sides: a Compose service and the container that runs the same thing in the
//! cluster. Each match carries its reason; where two different containers would fit, there is no match, and of
//! several forms of one workload the main one is taken.

mod affixes;
mod candidates;
mod forms;
mod names;
mod stores;

use super::sets::{MAX_ALTERNATIVES, rings};
use super::{Facts, Part, Service, Start, Unit, Workload};
use crate::model::compose::is_default_name;
use crate::report::Role;
use crate::text::{FileId, folder_of};
use affixes::Affixes;
use candidates::{Candidates, Siblings, image_of, is_same_command};
use forms::{Sizes, main_form};
use indexmap::IndexMap;
use names::plain;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::borrow::Cow;
use std::cmp::Reverse;

/// Why two containers are taken for the same thing, the surest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Same image repository and same name.
    ImageAndName,
    /// Same image repository and same command, which no other service and no other container has.
    ImageAndCommand,
    /// Same image repository, and it is the only pair with it.
    Image,
    /// Same name of the workload, its labels, its Service or its container.
    Name,
    /// Same name but for what the names of all workloads around it begin or end with.
    BareName,
    /// Same kind of data store, of which each side has one.
    Kind,
}

impl Why {
    /// Completes "matched by ...".
    pub fn says(self) -> &'static str {
        match self {
            Why::ImageAndName => "image and name",
            Why::ImageAndCommand => "image and command",
            Why::Image => "image",
            Why::Name => "name",
            Why::BareName => "name without what all workloads share",
            Why::Kind => "kind of data store",
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
    /// For some services the containers that run the same thing in other forms of the application.
    other_forms: FxHashMap<usize, Vec<Container>>,
    /// For services without a counterpart the containers that run their image, each of which may be meant.
    candidates: FxHashMap<usize, Vec<Container>>,
    affixes: Affixes,
}

impl Counterparts {
    fn new(
        all: Vec<Counterpart>,
        other_forms: FxHashMap<usize, Vec<Container>>,
        candidates: FxHashMap<usize, Vec<Container>>,
        affixes: Affixes,
    ) -> Counterparts {
        let by_service = all.iter().enumerate().map(|(at, it)| (it.service, at)).collect();
        let by_container =
            all.iter().enumerate().map(|(at, it)| ((it.workload, it.unit), at)).collect();
        Counterparts { all, by_service, by_container, other_forms, candidates, affixes }
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

    /// Returns the containers that run the same thing as a pair in other forms of the application, as in
    /// manifests beside a chart. They are not compared.
    pub fn other_forms(
        &self,
        pair: &Counterpart,
    ) -> impl Iterator<Item = (&Workload<'a>, &Unit<'a>)> {
        let others = self.counterparts.other_forms.get(&pair.service);
        others.into_iter().flatten().map(|(workload, unit)| {
            let workload = &self.workloads[*workload];
            (workload, &workload.units[*unit])
        })
    }

    /// Returns the workloads that run the image of a service without a counterpart: nothing tells which of them, if
    /// any, is its counterpart.
    pub fn candidates_for(&self, service: usize) -> impl Iterator<Item = &Workload<'a>> {
        let candidates = self.counterparts.candidates.get(&service);
        candidates.into_iter().flatten().map(|(workload, _)| &self.workloads[*workload])
    }

    /// Returns why two containers are taken for the same thing, as it completes "matched by ...", with what was left out
    /// of a name.
    pub fn matched_by(&self, it: &Counterpart) -> Cow<'static, str> {
        let workload = &self.workloads[it.workload];
        let shared = self.counterparts.affixes.of(self, workload);
        match shared.filter(|_| it.why == Why::BareName) {
            Some(affix) => format!("name without {affix}").into(),
            None => it.why.says().into(),
        }
    }

    /// Returns the parts of a pair.
    pub fn pair(&self, it: &Counterpart) -> (&Service<'a>, &Workload<'a>, &Unit<'a>) {
        let workload = &self.workloads[it.workload];
        (&self.services[it.service], workload, &workload.units[it.unit])
    }
}

/// A container: the index of its workload, and its own among the units.
type Container = (usize, usize);

pub(super) fn find(facts: &Facts<'_>) -> Counterparts {
    if facts.services.is_empty() || facts.workloads.is_empty() {
        return Counterparts::default();
    }
    let affixes = Affixes::of_all(facts);
    let candidates = Candidates::new(facts, &affixes);
    let siblings = Siblings::of(facts);
    let mut found: Vec<Counterpart> = Vec::new();
    let mut open: Vec<(&Service<'_>, Choice)> = Vec::new();
    for service in &facts.services {
        let image = image_of(&service.unit);
        let Some(choice) = choose(facts, service, image, &siblings, &candidates) else { continue };
        match choice.containers[..] {
            [it] => found.push(choice.pair(service, it)),
            _ => open.push((service, choice)),
        }
    }
    let settled = found.iter().map(|it| it.service).chain(open.iter().map(|it| it.0.index));
    let taken = found.iter().map(|it| (it.workload, it.unit)).collect();
    for (service, choice) in stores::choices(facts, &settled.collect(), &taken) {
        match choice.containers[..] {
            [it] => found.push(choice.pair(service, it)),
            _ => open.push((service, choice)),
        }
    }
    let company = Company::of(facts, &found);
    let sizes = Sizes::of(facts);
    let mut other_forms: FxHashMap<usize, Vec<Container>> = FxHashMap::default();
    for (service, choice) in &open {
        let chosen = company.chooses(facts, service, choice);
        let Some(chosen) = chosen.or_else(|| main_form(facts, &choice.containers, &sizes)) else {
            continue;
        };
        found.push(choice.pair(service, chosen));
        let name = facts.workloads[chosen.0].name;
        let is_other = |it: &&Container| **it != chosen && facts.workloads[it.0].name == name;
        let others = choice.containers.iter().filter(is_other).copied();
        other_forms.insert(service.index, others.collect());
    }
    let found = one_each(facts, found);
    let unclear = unclear(facts, &found, &candidates);
    Counterparts::new(found, other_forms, unclear, affixes)
}

/// Returns the containers that run the image of each service without a counterpart, with the same tag and command, and
/// have none themselves.
fn unclear(
    facts: &Facts<'_>,
    found: &[Counterpart],
    candidates: &Candidates<'_>,
) -> FxHashMap<usize, Vec<Container>> {
    let services: FxHashSet<usize> = found.iter().map(|it| it.service).collect();
    let taken: FxHashSet<Container> = found.iter().map(|it| (it.workload, it.unit)).collect();
    let mut unclear = FxHashMap::default();
    for service in facts.services.iter().filter(|it| !services.contains(&it.index)) {
        let Some(image) = image_of(&service.unit) else { continue };
        let part = facts.sets.part(service.model.name.span.file);
        let imaged = candidates.by_image.get(&(part, image)).map_or(&[][..], Vec::as_slice);
        let Some(choice) = nearest_ones(facts, service, imaged, Why::Image) else { continue };
        let is_meant = |it: &Container| {
            let unit = &facts.workloads[it.0].units[it.1];
            // Some projects publish each program as a tag of one repository.
            !taken.contains(it)
                && tag_of(unit) == tag_of(&service.unit)
                && is_same_command(&unit.start, &service.unit.start)
        };
        let free: Vec<Container> = choice.containers.into_iter().filter(is_meant).collect();
        if !free.is_empty() {
            unclear.insert(service.index, free);
        }
    }
    unclear
}

/// Returns a name without that of the release for which charts are rendered.
pub fn of_release(name: &str) -> &str {
    name.strip_prefix("release-name-").unwrap_or(name)
}

fn tag_of<'u>(unit: &'u Unit<'_>) -> Option<&'u str> {
    unit.image.as_ref()?.tag
}

/// The containers that run the same thing as a service, by the surest reason that there is: one, or several
/// that lie equally near.
struct Choice {
    containers: Vec<Container>,
    why: Why,
}

impl Choice {
    fn pair(&self, service: &Service<'_>, (workload, unit): Container) -> Counterpart {
        Counterpart { service: service.index, workload, unit, why: self.why }
    }

    /// Whether the containers belong to workloads with different names.
    fn is_several_workloads(&self, facts: &Facts<'_>) -> bool {
        let mut names = self.containers.iter().map(|it| of_release(facts.workloads[it.0].name));
        let first = names.next();
        names.any(|it| Some(it) != first)
    }

    /// Keeps the containers of the only workload that clients reach by the name of the service, if there is one: its
    /// Service has that name.
    fn keep_reached_by_name(&mut self, facts: &Facts<'_>, service: &Service<'_>) {
        let is_reached = |it: &&Container| {
            let mut services = facts.workloads[it.0].services.iter();
            services.any(|at| of_release(facts.kube_services[*at].name) == service.name)
        };
        let containers: Vec<Container> =
            self.containers.iter().filter(is_reached).copied().collect();
        let reached = Choice { containers, why: self.why };
        if !reached.containers.is_empty() && !reached.is_several_workloads(facts) {
            *self = reached;
        }
    }

    /// Keeps the only container with the tag of the service's image, if there is one.
    fn keep_same_tag(&mut self, facts: &Facts<'_>, service: &Service<'_>) {
        let Some(tag) = service.unit.image.as_ref().and_then(|it| it.tag) else { return };
        let has_tag = |it: &&Container| {
            let image = facts.workloads[it.0].units[it.1].image.as_ref();
            image.is_some_and(|image| image.tag == Some(tag))
        };
        let mut equal = self.containers.iter().filter(has_tag);
        if let (Some(only), None) = (equal.next().copied(), equal.next()) {
            self.containers = vec![only];
        }
    }
}

/// Chooses the containers that run the same thing as a service.
fn choose(
    facts: &Facts<'_>,
    service: &Service<'_>,
    image: Option<&str>,
    siblings: &Siblings<'_>,
    candidates: &Candidates<'_>,
) -> Option<Choice> {
    let name = plain(service.name);
    let part = facts.sets.part(service.model.name.span.file);
    if let Some(image) = image {
        if let Some(both) = candidates.by_image_and_name.get(&(part, image, name.clone())) {
            let mut choice = nearest_ones(facts, service, both, Why::ImageAndName)?;
            // Forms of one workload may have different versions; two workloads are two versions side by side.
            if choice.is_several_workloads(facts) {
                choice.keep_same_tag(facts, service);
                choice.keep_reached_by_name(facts, service);
            }
            return Some(choice);
        }
        let imaged = candidates.by_image.get(&(part, image)).map_or(&[][..], Vec::as_slice);
        // What is left of a name tells containers of one image apart.
        let bare =
            candidates.by_bare_name.get(&(part, name.clone())).map_or(&[][..], Vec::as_slice);
        let both: Vec<Container> = imaged.iter().filter(|it| bare.contains(it)).copied().collect();
        if imaged.len() > 1
            && let Some(choice) = nearest_ones(facts, service, &both, Why::BareName)
        {
            return Some(choice);
        }
        if !siblings.are_several(service, image) {
            if let Some(mut choice) = nearest_ones(facts, service, imaged, Why::Image) {
                choice.keep_same_tag(facts, service);
                if choice.containers.len() == 1 {
                    return Some(choice);
                }
            }
        } else if siblings.is_told_by_command(service, image) {
            let starts_the_same = |it: &&Container| {
                is_same_command(&facts.workloads[it.0].units[it.1].start, &service.unit.start)
            };
            let same: Vec<Container> = imaged.iter().filter(starts_the_same).copied().collect();
            if let Some(choice) = nearest_ones(facts, service, &same, Why::ImageAndCommand) {
                return Some(choice);
            }
        }
    }
    let by_name = [(&candidates.by_name, Why::Name), (&candidates.by_bare_name, Why::BareName)];
    by_name.into_iter().find_map(|(by_name, why)| {
        let named = by_name.get(&(part, name.clone()))?;
        let mut choice = nearest_ones(facts, service, named, why)?;
        choice.containers.retain(|it| !differ(facts, service, *it));
        (!choice.containers.is_empty()).then_some(choice)
    })
}

/// Unit of deployment of a container: its target, or else its folder.
#[derive(PartialEq, Eq, Hash)]
enum Deployed<'a> {
    Target(usize),
    Folder(&'a str),
}

impl<'a> Deployed<'a> {
    fn with(facts: &Facts<'a>, file: FileId) -> Deployed<'a> {
        match facts.target_of(file) {
            Some(target) => Deployed::Target(target),
            None => Deployed::Folder(folder_of(facts.file(file).path())),
        }
    }
}

/// Number of services of a Compose project that have their counterpart in one unit of deployment.
struct Company<'a>(FxHashMap<(usize, Deployed<'a>), usize>);

impl<'a> Company<'a> {
    fn of(facts: &Facts<'a>, found: &[Counterpart]) -> Company<'a> {
        let mut counts = FxHashMap::default();
        for pair in found {
            let project = facts.services[pair.service].project_index;
            let file = facts.workloads[pair.workload].object.file;
            *counts.entry((project, Deployed::with(facts, file))).or_default() += 1;
        }
        Company(counts)
    }

    /// Chooses the container that is deployed with the counterparts of most other services of the project.
    fn chooses(
        &self,
        facts: &Facts<'a>,
        service: &Service<'_>,
        choice: &Choice,
    ) -> Option<Container> {
        let count = |container: &Container| {
            let file = facts.workloads[container.0].object.file;
            let place = (service.project_index, Deployed::with(facts, file));
            self.0.get(&place).copied().unwrap_or(0)
        };
        let most = choice.containers.iter().map(count).max().filter(|most| *most > 0)?;
        let mut best = choice.containers.iter().filter(|it| count(it) == most);
        let first = best.next()?;
        best.next().is_none().then_some(*first)
    }
}

/// Whether a service and a container run public images of different families, which no name makes the same.
fn differ(facts: &Facts<'_>, service: &Service<'_>, (workload, unit): (usize, usize)) -> bool {
    let family = |unit: &Unit<'_>| unit.family().map(|it| it.id);
    match (family(&service.unit), family(&facts.workloads[workload].units[unit])) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    }
}

/// Returns the candidates whose files lie nearest to a service; `None` where there are too many.
fn nearest_ones(
    facts: &Facts<'_>,
    service: &Service<'_>,
    candidates: &[Container],
    why: Why,
) -> Option<Choice> {
    let home = facts.file(service.model.name.span.file).path();
    let path_of = |it: &Container| facts.file(facts.workloads[it.0].object.file).path();
    let [before, after] = rings(candidates, home, path_of).next()?;
    let containers: Vec<Container> = before.iter().chain(after).copied().collect();
    (containers.len() <= MAX_ALTERNATIVES).then_some(Choice { containers, why })
}

/// Keeps one counterpart of each container: that of the project which is nearest to production, and of several
/// that of the one which `docker compose up` takes, which lies nearest to the root or has the most services.
/// Where two services of that project match, the container gets no counterpart.
fn one_each(facts: &Facts<'_>, found: Vec<Counterpart>) -> Vec<Counterpart> {
    let rank = |it: &Counterpart| {
        let service = &facts.services[it.service];
        let role = match service.role {
            Role::Production => 0,
            Role::Unknown => 1,
            Role::Development => 2,
        };
        let base = facts.file(facts.base_of(service.project)).path();
        (
            role,
            !service.starts_by_itself(),
            it.why,
            !is_default_name(base),
            service.project.folder.split('/').count(),
            Reverse(service.project.services.len()),
        )
    };
    let mut by_container: IndexMap<Container, Vec<Counterpart>, FxBuildHasher> =
        IndexMap::default();
    for it in found {
        by_container.entry((it.workload, it.unit)).or_default().push(it);
    }
    let mut kept: Vec<Counterpart> = Vec::new();
    for group in by_container.values() {
        let best = group.iter().map(rank).min();
        let mut first = group.iter().filter(|it| Some(rank(it)) == best);
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
