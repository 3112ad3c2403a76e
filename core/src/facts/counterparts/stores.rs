//! Data stores that run on both sides under other names and from other images: the only one of its kind here, and the
//! only one there.

use super::{Choice, Container, Why, nearest_ones};
use crate::facts::{Facts, Part, Service, Unit, Workload};
use crate::knowledge::families::{Family, family_of};
use crate::model::kubernetes;
use crate::text::name_of;
use rustc_hash::{FxHashMap, FxHashSet};

/// Returns for each data store without a counterpart the containers of its kind, where they belong to one workload.
/// `settled` holds the services whose counterpart is known or open, and `taken` the containers that are one.
pub(super) fn choices<'f, 'a>(
    facts: &'f Facts<'a>,
    settled: &FxHashSet<usize>,
    taken: &FxHashSet<Container>,
) -> Vec<(&'f Service<'a>, Choice)> {
    let mut here: FxHashMap<(usize, &str), usize> = FxHashMap::default();
    let stores = facts.services.iter().filter(|it| it.starts_by_itself());
    let stores: Vec<(&Service<'_>, &str)> =
        stores.filter_map(|it| Some((it, kind(store(&it.unit)?)))).collect();
    for (service, kind) in &stores {
        *here.entry((service.project_index, *kind)).or_default() += 1;
    }
    let there = containers(facts);
    let mut choices = Vec::new();
    for (service, kind) in stores {
        if settled.contains(&service.index) || here[&(service.project_index, kind)] > 1 {
            continue;
        }
        let part = facts.sets.part(service.model.name.span.file);
        let Some(same) = there.get(&(part, kind)) else { continue };
        if same.iter().any(|it| taken.contains(it)) {
            continue;
        }
        let choice = nearest_ones(facts, service, same, Why::Kind);
        choices.extend(choice.filter(|it| !it.is_several_workloads(facts)).map(|it| (service, it)));
    }
    choices
}

/// Returns the containers of servers with a data store, by the part of the project and the family.
fn containers(facts: &Facts<'_>) -> FxHashMap<(usize, &'static str), Vec<Container>> {
    let mut found: FxHashMap<(usize, &str), Vec<Container>> = FxHashMap::default();
    for workload in facts.workloads.iter().filter(|it| !it.kind().is_job()) {
        let part = facts.sets.part(workload.object.file);
        for (at, unit) in workload.units.iter().enumerate() {
            if unit.part != Part::Main {
                continue;
            }
            if let Some(family) = store(unit).or_else(|| store_by_port(workload, at)) {
                found.entry((part, kind(family))).or_default().push((workload.index, at));
            }
        }
    }
    found
}

/// Returns the program that a family is called after. Spilo is PostgreSQL with what manages it.
///
/// Source: <https://github.com/zalando/spilo>
fn kind(family: &'static Family) -> &'static str {
    match family.id {
        "spilo" => "postgres",
        id => id,
    }
}

fn store(unit: &Unit<'_>) -> Option<&'static Family> {
    unit.family().filter(|it| it.is_data_store())
}

/// Returns the data store that a word in the name or the tag of an image suggests and the port of the container confirms,
/// as in `acme/shop-postgres-spilo` or `acme/shop:1.2-postgresql` with port 5432.
fn store_by_port(workload: &Workload<'_>, at: usize) -> Option<&'static Family> {
    let image = workload.units[at].image.as_ref()?;
    let container: &kubernetes::Container = workload.container(at);
    let has_port = |family: &&Family| {
        let ports = container.ports.iter().filter_map(|it| it.container_port);
        family
            .ports()
            .first()
            .is_some_and(|main| ports.into_iter().any(|it| it.value == i64::from(*main)))
    };
    let names = [name_of(&image.repository), image.tag.unwrap_or_default()];
    let words = names.into_iter().flat_map(|it| it.split(['-', '_', '.']));
    let families = words.filter_map(|word| Some(family_of(word)?.0));
    let mut stores = families.filter(|it| it.is_data_store());
    let first = stores.next().filter(has_port)?;
    stores.all(|it| it.id == first.id).then_some(first)
}
