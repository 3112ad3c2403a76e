//! Containers that get a variable with all others of a ConfigMap, which says nothing about whether their programs
//! read it.

use super::unit::{Site, Unit, VarSource};
use super::{Facts, Mention};
use crate::model::kubernetes::{Body, Object};
use crate::text::Span;
use rustc_hash::FxHashMap;
use std::sync::OnceLock;

/// How likely it is that the program of a container reads a variable that it gets, most likely first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// The files say so: the variable is set for this container alone, its start command names the variable, or
    /// its counterpart in Compose sets it.
    Seen,
    /// The variable comes with a whole ConfigMap.
    Unknown,
    /// The variable comes with a whole ConfigMap, and the image is that of a data store.
    Unlikely,
}

/// The indices of the ConfigMaps among the objects, by the places of their keys. Variants of one file share places.
#[derive(Debug, Default)]
pub(super) struct MapsByKey(OnceLock<FxHashMap<Span, Vec<usize>>>);

impl MapsByKey {
    fn with_key_at(&self, objects: &[&Object], place: Span) -> &[usize] {
        let by_key = self.0.get_or_init(|| {
            let mut by_key: FxHashMap<Span, Vec<usize>> = FxHashMap::default();
            for (at, object) in objects.iter().enumerate() {
                let Body::ConfigMap(map) = &object.body else { continue };
                for (key, _) in &map.data {
                    by_key.entry(key.span).or_default().push(at);
                }
            }
            by_key
        });
        by_key.get(&place).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Facts<'a> {
    /// Returns how likely it is that the program of a container reads a variable.
    pub fn reading(&self, unit: &Unit<'a>, name: &str) -> Reading {
        if !self.is_taken_whole(unit, name) || self.is_seen_to_read(unit, name) {
            return Reading::Seen;
        }
        let is_store = unit.family().is_some_and(|it| it.is_data_store());
        if is_store { Reading::Unlikely } else { Reading::Unknown }
    }

    /// Whether a container gets a variable by `envFrom` from a ConfigMap.
    fn is_taken_whole(&self, unit: &Unit<'a>, name: &str) -> bool {
        let Site::Container(workload, at) = unit.site else { return false };
        let is_from_map = unit.var(name).is_some_and(|it| it.source == VarSource::ConfigMap);
        let container = self.workloads[workload].container(at);
        is_from_map && !container.env.iter().any(|it| it.name.as_str() == name)
    }

    fn is_seen_to_read(&self, unit: &Unit<'a>, name: &str) -> bool {
        let Site::Container(workload, at) = unit.site else { return false };
        let sets = |service: usize| {
            let own = self.services[service].unit.var(name);
            own.is_some_and(|it| it.source == VarSource::Inline)
        };
        unit.read_variables().iter().any(|(read, _)| *read == name)
            || self.counterpart_of_container(workload, at).is_some_and(|it| sets(it.service))
    }

    /// Returns the ConfigMap that a container takes whole and that sets a variable, as its file names it.
    pub fn map_behind(&self, unit: &Unit<'a>, name: &str) -> Option<String> {
        if !self.is_taken_whole(unit, name) {
            return None;
        }
        let place = unit.var(name)?.name_span;
        let Site::Container(workload, at) = unit.site else { return None };
        let container = self.workloads[workload].container(at);
        let is_taken = |object: &&Object| {
            let mut names = container.env_from.iter().filter_map(|it| it.name.as_ref());
            object.name().is_some_and(|own| names.any(|it| it.as_str() == own.as_str()))
        };
        let maps = self.config_maps.with_key_at(&self.objects, place).iter();
        maps.map(|at| self.objects[*at]).find(is_taken).map(|it| self.label_as_written(it))
    }

    /// Returns for each place that names a host the number of containers that get it by `envFrom`, those of data
    /// stores left out.
    pub fn receivers(&self) -> FxHashMap<Span, usize> {
        let mut count: FxHashMap<Span, usize> = FxHashMap::default();
        let units = self.workloads.iter().flat_map(|it| &it.units);
        for unit in units {
            let is_unknown = |it: &&Mention<'a>| {
                it.key.is_some_and(|key| self.reading(unit, key) == Reading::Unknown)
            };
            for mention in self.peers(unit).iter().filter(is_unknown) {
                *count.entry(mention.host_span).or_default() += 1;
            }
        }
        count
    }
}
