//! What runs on both sides: a Compose service and the container that runs the same thing in the
//! cluster. A match carries why it was made; where two would fit, none is made.

use super::{Facts, Part, Service, Unit, Workload};
use crate::index::Index;
use crate::report::Role;

/// Why two are taken for the same thing, the surest first.
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

impl<'a> Facts<'a> {
    /// The counterpart of a Compose service.
    pub fn counterpart_of(&self, service: usize) -> Option<&Counterpart> {
        self.counterparts.iter().find(|it| it.service == service)
    }

    /// The Compose service that runs the same thing as a container.
    pub fn counterpart_of_container(&self, workload: usize, unit: usize) -> Option<&Counterpart> {
        self.counterparts.iter().find(|it| it.workload == workload && it.unit == unit)
    }

    /// The pair as its parts.
    pub fn pair(&self, it: &Counterpart) -> (&Service<'a>, &Workload<'a>, &Unit<'a>) {
        let workload = &self.workloads[it.workload];
        (&self.services[it.service], workload, &workload.units[it.unit])
    }
}

pub(super) fn find(facts: &Facts<'_>) -> Vec<Counterpart> {
    if facts.services.is_empty() || facts.workloads.is_empty() {
        return Vec::new();
    }
    // Of each container its workload and its place among the units.
    let mut places: Vec<(usize, usize)> = Vec::new();
    let mut by_name = Index::default();
    let mut by_image = Index::default();
    for workload in facts.workloads.iter() {
        for (at, unit) in workload.units.iter().enumerate().filter(|it| it.1.part == Part::Main) {
            for name in names_of(facts, workload, unit) {
                if by_name.get(&[&name]).last() != Some(&places.len()) {
                    by_name.add(&[&name], places.len());
                }
            }
            if let Some(image) = &unit.image {
                by_image.add(&[&image.repository], places.len());
            }
            places.push((workload.index, at));
        }
    }
    let mut found: Vec<Counterpart> = Vec::new();
    for service in &facts.services {
        let named = by_name.get(&[&plain(service.name)]);
        let image = service.unit.image.as_ref().map(|it| it.repository.as_str());
        let imaged = image.map_or(&[][..], |it| by_image.get(&[it]));
        let mut both = Vec::new();
        for at in named {
            if imaged.contains(at) {
                both.push(*at);
            }
        }
        let one = |list: &[usize]| nearest_one(facts, service, &places, list);
        let twice = image.is_some_and(|image| {
            let siblings =
                facts.services.iter().filter(|it| it.project_index == service.project_index);
            siblings
                .filter(|it| it.unit.image.as_ref().is_some_and(|it| it.repository == image))
                .count()
                > 1
        });
        let choice = if let Some(it) = one(&both) {
            Some((it, Why::ImageAndName))
        } else if !both.is_empty() {
            None
        } else if let Some(it) = if twice { None } else { one(imaged) } {
            Some((it, Why::Image))
        } else {
            one(named).filter(|it| !differ(facts, service, *it)).map(|it| (it, Why::Name))
        };
        if let Some(((workload, unit), why)) = choice {
            found.push(Counterpart { service: service.index, workload, unit, why });
        }
    }
    one_each(facts, found)
}

/// Two public images of different families are not the same thing, whatever they are called.
fn differ(facts: &Facts<'_>, service: &Service<'_>, (workload, unit): (usize, usize)) -> bool {
    let family = |unit: &Unit<'_>| unit.family().map(|it| it.id);
    match (family(&service.unit), family(&facts.workloads[workload].units[unit])) {
        (Some(a), Some(b)) => a != b,
        _ => false,
    }
}

/// The one candidate; of several the one whose file lies nearest, if only one does.
fn nearest_one(
    facts: &Facts<'_>,
    service: &Service<'_>,
    places: &[(usize, usize)],
    candidates: &[usize],
) -> Option<(usize, usize)> {
    let path = |file: crate::text::FileId| &*facts.file(file).file.path;
    let home = path(service.model.name.span.file);
    let mut best = None;
    let mut choice = None;
    for at in candidates {
        let other = path(facts.workloads[places[*at].0].object.file);
        let common = home.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count();
        if Some(common) > best {
            best = Some(common);
            choice = Some(places[*at]);
        } else if Some(common) == best {
            choice = None;
        }
    }
    choice
}

/// A container has one counterpart: that of the project which is nearest to production. Of two
/// services in one project none is taken.
fn one_each(facts: &Facts<'_>, found: Vec<Counterpart>) -> Vec<Counterpart> {
    let rank = |it: &Counterpart| match facts.services[it.service].role {
        Role::Production => 0,
        Role::Unknown => 1,
        Role::Development => 2,
    };
    let mut by_unit = Index::default();
    for (at, it) in found.iter().enumerate() {
        by_unit.add(&[&it.workload.to_string(), &it.unit.to_string()], at);
    }
    let mut kept: Vec<Counterpart> = Vec::new();
    for group in by_unit.lists() {
        let group = || group.iter().map(|at| &found[*at]);
        let best = group().map(|it| (rank(it), it.why)).min();
        let mut first = group().filter(|it| Some((rank(it), it.why)) == best);
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

/// The names that a workload goes by.
fn names_of(facts: &Facts<'_>, workload: &Workload<'_>, unit: &Unit<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut add = |name: &str| {
        if !name.is_empty() {
            names.push(plain(name));
        }
    };
    let alone = workload.units.iter().filter(|it| it.part == Part::Main).count() == 1;
    // The Pod's names are its first container's: a sidecar goes by its own name only.
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
