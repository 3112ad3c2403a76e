//! What runs on both sides: a Compose service and the container that runs the same thing in the
//! cluster. Each match carries its reason; where two different containers would fit, there is no match, and of
//! several forms of one workload the main one is taken.

use super::sets::{MAX_ALTERNATIVES, rings};
use super::{Facts, Part, Service, Unit, Workload};
use crate::model::compose::is_default_name;
use crate::model::environment_rank;
use crate::report::{Role, TargetKind};
use crate::text::{FileId, folder_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::cmp::Reverse;

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
    /// For some services the containers that run the same thing in other forms of the application.
    other_forms: FxHashMap<usize, Vec<Container>>,
}

impl Counterparts {
    fn new(all: Vec<Counterpart>, other_forms: FxHashMap<usize, Vec<Container>>) -> Counterparts {
        let by_service = all.iter().enumerate().map(|(at, it)| (it.service, at)).collect();
        let by_container =
            all.iter().enumerate().map(|(at, it)| ((it.workload, it.unit), at)).collect();
        Counterparts { all, by_service, by_container, other_forms }
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
                let image = image_of(unit);
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
    for service in facts.services.iter().filter(|it| it.starts_by_itself()) {
        if let Some(image) = image_of(&service.unit) {
            *services_with_image.entry((service.project_index, image)).or_default() += 1;
        }
    }
    let mut found: Vec<Counterpart> = Vec::new();
    let mut open: Vec<(&Service<'_>, Choice)> = Vec::new();
    for service in &facts.services {
        let image = image_of(&service.unit);
        // Where several services of a project run one image, the image alone says nothing.
        let twice = image
            .and_then(|image| services_with_image.get(&(service.project_index, image)))
            .is_some_and(|count| *count > 1);
        let Some(choice) = choose(facts, service, image, twice, &candidates) else { continue };
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
        let Some(chosen) = chosen.or_else(|| main_form(facts, choice, &sizes)) else { continue };
        found.push(choice.pair(service, chosen));
        let name = facts.workloads[chosen.0].name;
        let is_other = |it: &&Container| **it != chosen && facts.workloads[it.0].name == name;
        let others = choice.containers.iter().filter(is_other).copied();
        other_forms.insert(service.index, others.collect());
    }
    Counterparts::new(one_each(facts, found), other_forms)
}

/// Returns a name without that of the release for which charts are rendered.
pub fn of_release(name: &str) -> &str {
    name.strip_prefix("release-name-").unwrap_or(name)
}

/// Returns the path of a container's image without its registry.
fn image_of<'u>(unit: &'u Unit<'_>) -> Option<&'u str> {
    unit.image.as_ref().map(|image| image.path_without_registry())
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
}

/// Chooses the containers that run the same thing as a service.
fn choose(
    facts: &Facts<'_>,
    service: &Service<'_>,
    image: Option<&str>,
    twice: bool,
    candidates: &Candidates<'_>,
) -> Option<Choice> {
    let name = plain(service.name);
    let part = facts.sets.part(service.model.name.span.file);
    if let Some(image) = image {
        if let Some(both) = candidates.by_image_and_name.get(&(part, image, name.clone())) {
            return nearest_ones(facts, service, both, Why::ImageAndName);
        }
        let imaged = candidates.by_image.get(&(part, image)).filter(|_| !twice);
        let imaged = imaged.and_then(|it| nearest_ones(facts, service, it, Why::Image));
        if let Some(mut choice) = imaged {
            if let Some(it) = same_tag(facts, service, &choice) {
                choice.containers = vec![it];
            }
            if choice.containers.len() == 1 {
                return Some(choice);
            }
        }
    }
    let named = candidates.by_name.get(&(part, name))?;
    let mut choice = nearest_ones(facts, service, named, Why::Name)?;
    choice.containers.retain(|it| !differ(facts, service, *it));
    (!choice.containers.is_empty()).then_some(choice)
}

/// What a container is deployed with: its target, else its folder.
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

/// How many services of a Compose project have their counterpart in a place.
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

/// Chooses the only container with the tag of the service's image.
fn same_tag(facts: &Facts<'_>, service: &Service<'_>, choice: &Choice) -> Option<Container> {
    let tag = service.unit.image.as_ref()?.tag?;
    let has_tag = |it: &&Container| {
        let image = facts.workloads[it.0].units[it.1].image.as_ref();
        image.is_some_and(|image| image.tag == Some(tag))
    };
    let mut equal = choice.containers.iter().filter(has_tag);
    let first = equal.next()?;
    equal.next().is_none().then_some(*first)
}

/// The sizes of the forms in which applications are written.
#[derive(Default)]
struct Sizes {
    /// The number of workloads of a target, or of the loose manifests of a part of the project.
    homes: FxHashMap<(usize, Option<usize>), usize>,
    /// The number of workloads of a target or a file.
    forms: FxHashMap<Form, usize>,
}

impl Sizes {
    fn of(facts: &Facts<'_>) -> Sizes {
        let mut sizes = Sizes::default();
        for workload in &facts.workloads {
            *sizes.homes.entry(home_of(facts, workload)).or_default() += 1;
            *sizes.forms.entry(Form::of(facts, workload)).or_default() += 1;
        }
        sizes
    }

    /// Returns the position of a workload among the forms of it: what is for production comes first, then what
    /// is deployed with the most workloads.
    fn rank(&self, facts: &Facts<'_>, workload: &Workload<'_>) -> FormRank {
        let file = workload.object.file;
        let is_aside = facts.file_role(file) == Role::Development;
        let target = facts.target_of(file).map(|at| &facts.all_targets()[at]);
        let environment = target.and_then(|it| facts.environment_of_target(&it.target));
        let of_target = environment_rank(environment);
        let is_in_part = target.is_some_and(|it| !it.is_whole());
        let of_file = environment_rank(facts.environment_of_file(file));
        let home = self.homes.get(&home_of(facts, workload)).copied().unwrap_or(0);
        let form = self.forms.get(&Form::of(facts, workload)).copied().unwrap_or(0);
        let by_place = if target.is_some() { [of_target, 0] } else { [of_target, of_file] };
        (is_aside, by_place, is_in_part, Reverse([home, form]))
    }
}

/// The position of a form: whether it is for development or shows something, the positions of its environment,
/// whether it was built in part only, and the numbers of workloads.
type FormRank = (bool, [usize; 2], bool, Reverse<[usize; 2]>);

/// Returns the largest unit that a workload is deployed with: its target, or the loose manifests of its part of
/// the project.
fn home_of(facts: &Facts<'_>, workload: &Workload<'_>) -> (usize, Option<usize>) {
    let file = workload.object.file;
    (facts.part_of(file), facts.target_of(file))
}

/// One of the forms in which an application is written: a target, or a file of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    File(FileId),
    Target(usize),
}

impl Form {
    fn of(facts: &Facts<'_>, workload: &Workload<'_>) -> Form {
        let file = workload.object.file;
        facts.target_of(file).map_or(Form::File(file), Form::Target)
    }
}

/// Chooses among containers of one workload that is written in several forms, as in a chart beside manifests:
/// the one of the form that production runs, else of the one with the most workloads, else the first by path.
/// `None` where the workloads are different ones.
fn main_form(facts: &Facts<'_>, choice: &Choice, sizes: &Sizes) -> Option<Container> {
    let workload = |it: &Container| &facts.workloads[it.0];
    let name = |it: &Container| {
        let workload = workload(it);
        let bare = chart_of(facts, workload).and_then(|it| without_chart(workload.name, it));
        bare.unwrap_or(workload.name)
    };
    let first = choice.containers.first()?;
    // Some write as a Deployment what others write as a StatefulSet.
    let is_same = |it: &Container| {
        name(it) == name(first) && workload(it).is_server_like() == workload(first).is_server_like()
    };
    choice.containers.iter().all(is_same).then_some(())?;
    let mut forms: Vec<Form> =
        choice.containers.iter().map(|it| Form::of(facts, workload(it))).collect();
    forms.sort();
    forms.dedup();
    // Two objects in one form are deployed side by side, in two namespaces.
    (forms.len() == choice.containers.len()).then_some(())?;
    let rank = |it: &&Container| (sizes.rank(facts, workload(it)), it.0);
    choice.containers.iter().min_by_key(rank).copied()
}

/// Two public images of different families are not the same thing, whatever they are called.
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

/// Returns the names that a container goes by.
fn names_of(facts: &Facts<'_>, workload: &Workload<'_>, unit: &Unit<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let chart = chart_of(facts, workload);
    let mut add = |name: &str| {
        let bare = chart.and_then(|chart| without_chart(name, chart));
        for name in [Some(name), bare].into_iter().flatten().map(plain) {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
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
        let keys =
            ["app", "app.kubernetes.io/name", "app.kubernetes.io/component", "io.kompose.service"];
        for key in keys {
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

/// Returns the name of the chart that a workload comes from.
fn chart_of<'f>(facts: &'f Facts<'_>, workload: &Workload<'_>) -> Option<&'f str> {
    let at = facts.target_of(workload.object.file)?;
    let target = &facts.all_targets()[at].target;
    let folder = target.folder.rsplit('/').next()?;
    (target.kind == TargetKind::Chart).then_some(folder)
}

/// Returns what follows the names of the release and the chart, which charts put in front of their own.
fn without_chart<'n>(name: &'n str, chart: &str) -> Option<&'n str> {
    let own = name.strip_prefix("release-name-").unwrap_or(name);
    let own = own.strip_prefix(chart).and_then(|rest| rest.strip_prefix('-')).unwrap_or(own);
    (own != name).then_some(own)
}

/// Names are compared without case and without what joins their words.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.', '-'], "")
}
