//! The Compose projects as they are deployed: without override files for development.
//!
//! Docker documents this layout: `docker compose up` reads `compose.override.yaml` on a developer's machine, and
//! `docker compose -f compose.yaml up` leaves it out on the server. Rules look at both files together, as Compose does;
//! a decision is about what the base file alone starts.
//!
//! Source: <https://docs.docker.com/compose/how-tos/production/>

use super::{Sources, compose_inputs};
use crate::facts::Facts;
use crate::model::compose::{self, Project, is_override_name};
use crate::report::Role;
use crate::text::FileId;
use rustc_hash::FxHashSet;

/// The projects as they are deployed, and the override files that they leave out.
#[derive(Debug)]
pub(super) struct Deployed {
    pub projects: Vec<Project>,
    pub left_out: FxHashSet<FileId>,
}

/// Returns the projects as they are deployed; `None` where that is what Compose reads by itself.
pub(super) fn deployed(sources: &Sources, facts: &Facts<'_>) -> Option<Deployed> {
    let is_development = |file: FileId| facts.role_of(file) == Some(Role::Development);
    let in_cluster: FxHashSet<usize> =
        facts.workloads().iter().map(|it| facts.part_of(it.object.file)).collect();
    let mut left_out = FxHashSet::default();
    let projects = sources.projects.iter().map(|project| {
        let [base, rest @ ..] = project.files.as_slice() else { return project.clone() };
        let is_for_developers =
            |file: &FileId| is_override_name(facts.file(*file).path()) && is_development(*file);
        // Where another file says what runs on the server, the base file alone does not.
        let is_laid_under = || {
            let mut others = sources.projects.iter().filter(|it| it.files != project.files);
            others.any(|it| it.files.first() == Some(base))
        };
        if !rest.iter().any(is_for_developers)
            || is_development(*base)
            || in_cluster.contains(&facts.part_of(*base))
            || is_laid_under()
        {
            return project.clone();
        }
        let kept: Vec<FileId> =
            project.files.iter().copied().filter(|it| !is_for_developers(it)).collect();
        let alone = compose::project_of(&compose_inputs(&sources.files), &kept);
        // What only the override file completes is for developers too.
        let is_whole = !alone.services.is_empty()
            && alone.services.iter().all(|it| it.image.is_some() || it.build.is_some());
        if !is_whole {
            return project.clone();
        }
        left_out.extend(rest.iter().copied().filter(is_for_developers));
        alone
    });
    let projects: Vec<Project> = projects.collect();
    (!left_out.is_empty()).then_some(Deployed { projects, left_out })
}
