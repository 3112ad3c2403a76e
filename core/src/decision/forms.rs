//! Loose manifests that write one application in several forms: a short and a full version, one for each way of
//! getting started, everything in a single container. Whoever applies them takes one form.

use crate::facts::{Facts, Service, Workload};
use crate::model::compose::is_default_name;
use crate::model::environment_rank;
use crate::model::kubernetes::Body;
use crate::report::Role;
use crate::text::{FileId, folder_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::cmp::Reverse;

/// The workloads of each file with a name.
type ByFile<'h, 'f> = IndexMap<FileId, Vec<&'h Workload<'f>>, FxBuildHasher>;

/// Returns the files with other forms of what is in the rest of some loose manifests.
pub fn other_forms<'f>(facts: &Facts<'f>, workloads: &[&Workload<'f>]) -> FxHashSet<FileId> {
    let mut files: ByFile<'_, 'f> = IndexMap::default();
    for workload in workloads.iter().filter(|it| !it.name.is_empty()) {
        files.entry(workload.object.file).or_default().push(workload);
    }
    let mut others = repeating(facts, &files);
    let without_rights = without_rights(facts, &files, &others);
    others.extend(without_rights);
    let whole = in_one_container(&files, &others);
    others.extend(whole);
    let parts = parts_of_other_forms(facts, &files, &others);
    others.extend(parts);
    others
}

/// Returns the indices of the workloads that run, or may run, what a Compose file with a default name starts.
fn started_by_compose(facts: &Facts<'_>) -> FxHashSet<usize> {
    let is_default =
        |it: &&Service<'_>| is_default_name(facts.file(facts.base_of(it.project)).path());
    let services = facts.services().iter().filter(is_default);
    services
        .flat_map(|it| {
            let pair = facts.counterpart_of(it.index).map(|pair| pair.workload);
            pair.into_iter().chain(facts.candidates_for(it.index).map(|it| it.index))
        })
        .collect()
}

/// Returns the files whose workloads lose their rights to another form: the binding that gives them the rights is
/// defined again, for other accounts, and whoever applies both has the last one.
fn without_rights(
    facts: &Facts<'_>,
    files: &ByFile<'_, '_>,
    others: &FxHashSet<FileId>,
) -> Vec<FileId> {
    let mut users: FxHashMap<&str, Vec<&Workload<'_>>> = FxHashMap::default();
    for (_, workloads) in files.iter().filter(|it| !others.contains(it.0)) {
        for workload in workloads {
            if let Some(account) = &workload.model.template.spec.service_account_name {
                users.entry(account.as_str()).or_default().push(workload);
            }
        }
    }
    if users.is_empty() {
        return Vec::new();
    }
    let mut forms: IndexMap<(&str, &str, &str), Vec<Vec<&Workload<'_>>>, FxBuildHasher> =
        IndexMap::default();
    for object in facts.objects() {
        let (Body::RoleBinding(binding), Some(name)) = (&object.body, object.name()) else {
            continue;
        };
        let accounts = binding.subjects.iter().filter_map(|it| it.name.as_ref());
        let form: Vec<&Workload<'_>> =
            accounts.filter_map(|it| users.get(it.as_str())).flatten().copied().collect();
        let is_loose = facts.target_of(object.file).is_none();
        if is_loose && !form.is_empty() {
            let key = (object.kind.as_str(), object.namespace(), name.as_str());
            forms.entry(key).or_default().push(form);
        }
    }
    let forms: Vec<Vec<Vec<&Workload<'_>>>> =
        forms.into_values().filter(|it| it.len() > 1).collect();
    if forms.is_empty() {
        return Vec::new();
    }
    let started = started_by_compose(facts);
    let mut without = Vec::new();
    for mut forms in forms {
        forms.sort_by_cached_key(|form| {
            let known = form.iter().filter(|it| started.contains(&it.index)).count();
            let rank = form.iter().map(|it| rank(facts, it.object.file)).min();
            (rank, Reverse((known, form.len())))
        });
        let (first, rest) = forms.split_at(1);
        let is_first = |it: &&Workload<'_>| first[0].iter().any(|own| own.index == it.index);
        let is_alternative = |it: &&Workload<'_>| {
            first[0].iter().any(|own| facts.same_environment(own.object.file, it.object.file))
        };
        let losing = rest.iter().flatten().copied();
        without.extend(
            losing.filter(|it| !is_first(it) && is_alternative(it)).map(|it| it.object.file),
        );
    }
    without
}

/// Returns the position of a file among the forms: what is for production comes first.
fn rank(facts: &Facts<'_>, file: FileId) -> (bool, usize) {
    let is_aside = facts.file_role(file) == Role::Development;
    (is_aside, environment_rank(facts.environment_of_file(file)))
}

/// Returns the files most of whose workloads are defined in a file that counts before them: one for production,
/// or one with more workloads. A Deployment and a StatefulSet of one name are forms of one workload.
fn repeating(facts: &Facts<'_>, files: &ByFile<'_, '_>) -> FxHashSet<FileId> {
    let mut order: Vec<(&FileId, &Vec<&Workload<'_>>)> = files.iter().collect();
    order.sort_by_key(|(file, workloads)| (rank(facts, **file), Reverse(workloads.len())));
    let mut known: FxHashSet<(&str, &str)> = FxHashSet::default();
    let mut repeating = FxHashSet::default();
    for (file, workloads) in order {
        let again = workloads.iter().filter(|it| known.contains(&(it.namespace, it.name))).count();
        if again * 2 > workloads.len() {
            repeating.insert(*file);
        } else {
            known.extend(workloads.iter().map(|it| (it.namespace, it.name)));
        }
    }
    repeating
}

/// Returns what precedes the word for everything in the name of a workload: `shop` of `shop-all`.
fn whole_of(name: &str) -> Option<&str> {
    ["-all-in-one", "-allinone", "-aio", "-all"].iter().find_map(|end| name.strip_suffix(end))
}

/// Returns the files whose workloads run in one container what others of the same application run in several.
fn in_one_container(files: &ByFile<'_, '_>, others: &FxHashSet<FileId>) -> Vec<FileId> {
    let counted = || files.iter().filter(|(file, _)| !others.contains(*file));
    let names = counted().flat_map(|(_, workloads)| workloads).map(|it| it.name);
    let mut parts: FxHashMap<&str, usize> = FxHashMap::default();
    for name in names.filter(|name| whole_of(name).is_none()) {
        for (at, _) in name.match_indices('-') {
            *parts.entry(&name[..at]).or_default() += 1;
        }
    }
    let has_parts = |whole: &str| parts.get(whole).is_some_and(|count| *count > 1);
    let is_whole = |it: &&Workload<'_>| whole_of(it.name).is_some_and(has_parts);
    let whole = counted().filter(|(_, workloads)| workloads.iter().all(&is_whole));
    whole.map(|(file, _)| *file).collect()
}

/// Returns the files whose workloads only those of other forms in their folder name, as a broker that one of
/// two versions of an application needs.
fn parts_of_other_forms(
    facts: &Facts<'_>,
    files: &ByFile<'_, '_>,
    others: &FxHashSet<FileId>,
) -> Vec<FileId> {
    let folder = |file: FileId| folder_of(facts.file(file).path());
    let named_by = |workloads: &[&Workload<'_>]| -> Vec<String> {
        let units = workloads.iter().flat_map(|it| &it.units);
        let hosts = units.flat_map(|unit| facts.peers(unit)).map(|it| it.host);
        hosts.filter_map(|host| host.split('.').next()).map(str::to_owned).collect()
    };
    let mut by_other_forms: FxHashSet<(&str, String)> = FxHashSet::default();
    let mut by_counted: FxHashSet<String> = FxHashSet::default();
    for (file, workloads) in files {
        let names = named_by(workloads);
        match others.contains(file) {
            true => by_other_forms.extend(names.into_iter().map(|name| (folder(*file), name))),
            false => by_counted.extend(names),
        }
    }
    let is_part = |file: FileId, workload: &Workload<'_>| {
        let services = facts.services_for(workload);
        services.iter().any(|it| by_other_forms.contains(&(folder(file), it.name.to_owned())))
            && services.iter().all(|it| !by_counted.contains(it.name))
    };
    let counted = files.iter().filter(|(file, _)| !others.contains(*file));
    let parts = counted.filter(|(file, workloads)| workloads.iter().all(|it| is_part(**file, it)));
    parts.map(|(file, _)| *file).collect()
}
