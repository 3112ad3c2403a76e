//! Workloads of a system that differ in little more than names, images and namespaces.

use super::system::System;
use crate::facts::{Fields, Workload};
use crate::model::kubernetes::WorkloadKind;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::cmp::Reverse;

impl<'f> System<'f> {
    /// Returns the largest group of counted workloads that differ in little more than names, images and
    /// namespaces.
    pub fn alike_workloads(&self) -> Option<Alike> {
        let mut kinds: IndexMap<(WorkloadKind, usize), Vec<Group<'_, 'f>>, FxBuildHasher> =
            IndexMap::default();
        let mut is_printed: FxHashMap<_, bool> = FxHashMap::default();
        for workload in &self.counted.workloads {
            // What a chart or an overlay builds is written once, and a patch is no manifest of its own.
            let file = workload.object.file;
            let is_built = self.facts.target_of(file).is_some()
                || *is_printed.entry(file).or_insert_with(|| self.facts.is_output_of_chart(file));
            if is_built || workload.name.is_empty() || workload.is_patch() {
                continue;
            }
            let fields = self.facts.fields_without_names(workload);
            let groups = kinds.entry((workload.kind(), workload.units.len())).or_default();
            let close = groups
                .iter()
                .enumerate()
                .find_map(|(at, group)| Some((at, group.fields.similarity(&fields)?)));
            match close {
                Some((at, similarity)) => {
                    groups[at].second.get_or_insert((workload, similarity));
                    groups[at].count += 1;
                }
                None if groups.len() < MAX_GROUPS => {
                    groups.push(Group { fields, first: workload, second: None, count: 1 });
                }
                None => {}
            }
        }
        let most = kinds.into_values().flatten().min_by_key(|it| Reverse(it.count))?;
        let (second, similarity) = most.second?;
        let label = |workload: &Workload<'_>| {
            format!("{} in `{}`", workload.label, self.facts.file(workload.object.file).path())
        };
        Some(Alike {
            count: most.count,
            first: label(most.first),
            second: label(second),
            similarity,
            place: second.span(),
        })
    }
}

/// Maximum number of groups of alike workloads of one kind. Each workload is compared with the first one of each
/// group.
const MAX_GROUPS: usize = 16;

/// Workloads that are alike.
#[derive(Debug)]
struct Group<'s, 'f> {
    /// The fields of the first one.
    fields: Fields,
    first: &'s Workload<'f>,
    /// The second one, and how much of it is the same.
    second: Option<(&'s Workload<'f>, f64)>,
    count: usize,
}

/// Workloads that differ in little more than names, images and namespaces.
#[derive(Debug)]
pub struct Alike {
    pub count: usize,
    /// With their paths.
    pub first: String,
    pub second: String,
    /// The part of the fields of these two that is the same, from 0 to 1.
    pub similarity: f64,
    pub place: Span,
}
