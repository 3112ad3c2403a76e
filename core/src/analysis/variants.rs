//! The variants of the targets, and the sets of facts over them.

use super::{Scopes, Sources};
use crate::facts::{Facts, NOTHING, Scope, Whole};
use crate::model::kubernetes::Object;
use crate::model::{BuiltTarget, FileModel, compose};
use crate::report::Environment;
use crate::text::{FileId, Span};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Builds the facts over the files with one variant of each target, and over each other variant.
pub(super) fn scopes(sources: &Sources) -> Scopes<'_> {
    let Sources { files, projects, config, targets, charts, built_files, parts, outside, .. } =
        sources;
    let whole = Whole::new(files, built_files, parts);
    let scope = |chosen, is_main| Scope {
        files,
        whole: Arc::clone(&whole),
        projects,
        config,
        targets,
        charts,
        built_files,
        parts,
        outside,
        chosen,
        is_main,
    };
    let (chosen, others) = choose_variants(targets, files);
    let no_projects: &[compose::Project] = &[];
    let variant = |at| {
        Facts::new(Scope { projects: no_projects, outside: &NOTHING, ..scope(vec![at], false) })
    };
    Scopes {
        main: Facts::new(scope(chosen, true)),
        variants: others.into_iter().map(variant).collect(),
    }
}

/// Returns the facts over the files with one variant of each target, and with other Compose projects.
pub(super) fn main_facts<'a>(sources: &'a Sources, projects: &'a [compose::Project]) -> Facts<'a> {
    let Sources { files, config, targets, charts, built_files, parts, outside, .. } = sources;
    Facts::new(Scope {
        files,
        whole: Whole::new(files, built_files, parts),
        projects,
        config,
        targets,
        charts,
        built_files,
        parts,
        outside,
        chosen: choose_variants(targets, files).0,
        is_main: true,
    })
}

/// Returns the lists of files that belong together wherever they lie: what a target or a Compose project is
/// made of.
pub(super) fn joined(
    projects: &[compose::Project],
    targets: &[Arc<BuiltTarget>],
) -> Vec<Vec<FileId>> {
    let of_project = |project: &compose::Project| -> Vec<FileId> {
        project.files.iter().chain(&project.included).copied().collect()
    };
    let mut joined: Vec<Vec<FileId>> = projects.iter().map(of_project).collect();
    joined.extend(targets.iter().map(|it| it.target.sources.clone()));
    joined
}

/// Splits the indices of the targets into one variant of each application and the others. Production comes
/// first, then a target that names no environment; of several, the one whose environment somebody states, the one that
/// keeps the kinds of the objects as they are written, and the one with the fewest sources, which is the one that the
/// others are made from.
pub(super) fn choose_variants(
    targets: &[Arc<BuiltTarget>],
    files: &[Arc<FileModel>],
) -> (Vec<usize>, Vec<usize>) {
    let objects = files.iter().flat_map(|file| &file.objects);
    let written: FxHashMap<Span, &str> =
        objects.map(|it| (it.name_span(), it.kind.as_str())).collect();
    let changed_kinds = |at: &usize| {
        let has_changed = |it: &&Object| {
            written.get(&it.name_span()).is_some_and(|kind| *kind != it.kind.as_str())
        };
        targets[*at].objects.iter().filter(has_changed).count()
    };
    let rank = |at: &usize| match targets[*at].target.environment {
        Some(Environment::Production) => 0,
        None => 1,
        Some(Environment::Staging) => 2,
        Some(Environment::Test) => 3,
        Some(Environment::Development) => 4,
    };
    let mut order: Vec<usize> = (0..targets.len()).collect();
    order.sort_by_cached_key(|at| {
        let target = &targets[*at].target;
        (rank(at), !target.states_environment, changed_kinds(at), target.sources.len())
    });
    let mut taken: FxHashSet<FileId> = FxHashSet::default();
    let (mut chosen, mut others) = (Vec::new(), Vec::new());
    for at in order {
        let target = &targets[at].target;
        let is_variant = target.sources.iter().any(|file| taken.contains(file));
        // A target that could not be built leaves its place to the next variant.
        if !target.is_built {
            continue;
        }
        if is_variant {
            others.push(at);
        } else {
            taken.extend(&target.sources);
            chosen.push(at);
        }
    }
    chosen.sort_unstable();
    others.sort_unstable();
    (chosen, others)
}
