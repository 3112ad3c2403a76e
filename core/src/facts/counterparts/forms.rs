//! The forms in which one workload is written, as in a chart beside manifests, and which of them is compared.

use super::Container;
use super::names::{chart_of, without_chart};
use crate::facts::{Facts, Workload};
use crate::model::environment_rank;
use crate::report::Role;
use crate::text::FileId;
use rustc_hash::FxHashMap;
use std::cmp::Reverse;

/// The sizes of the forms in which applications are written.
#[derive(Default)]
pub(super) struct Sizes {
    /// The number of workloads of a target, or of the loose manifests of a part of the project.
    homes: FxHashMap<(usize, Option<usize>), usize>,
    /// The number of workloads of a target or a file.
    forms: FxHashMap<Form, usize>,
}

impl Sizes {
    pub(super) fn of(facts: &Facts<'_>) -> Sizes {
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
        let is_in_part = target.is_some_and(|it| !it.lacks_only_settings());
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
pub(super) fn main_form(
    facts: &Facts<'_>,
    containers: &[Container],
    sizes: &Sizes,
) -> Option<Container> {
    let workload = |it: &Container| &facts.workloads[it.0];
    let name = |it: &Container| {
        let workload = workload(it);
        let bare = chart_of(facts, workload).and_then(|it| without_chart(workload.name, it));
        bare.unwrap_or(workload.name)
    };
    let first = containers.first()?;
    // Some write as a Deployment what others write as a StatefulSet.
    let is_same = |it: &Container| {
        name(it) == name(first) && workload(it).is_server_like() == workload(first).is_server_like()
    };
    containers.iter().all(is_same).then_some(())?;
    let mut forms: Vec<Form> = containers.iter().map(|it| Form::of(facts, workload(it))).collect();
    forms.sort();
    forms.dedup();
    // Two objects in one form are deployed side by side, in two namespaces.
    (forms.len() == containers.len()).then_some(())?;
    let rank = |it: &&Container| (sizes.rank(facts, workload(it)), it.0);
    containers.iter().min_by_key(rank).copied()
}
