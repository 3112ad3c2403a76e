//! The containers and services among which counterparts are looked for.

use super::affixes::Affixes;
use super::names::{is_named_after_workload, names_of, plain};
use super::{Container, Facts, Part, Service, Start, Unit};
use crate::model::Str;
use rustc_hash::FxHashMap;

/// The main containers of all workloads, by the part of the project and what a Compose service may have
/// in common with them. Workloads are sorted by path, and so is each list.
#[derive(Default)]
pub(super) struct Candidates<'a> {
    pub(super) by_name: FxHashMap<(usize, String), Vec<Container>>,
    /// By the name of the workload without the prefix and suffix that all workloads share.
    pub(super) by_bare_name: FxHashMap<(usize, String), Vec<Container>>,
    pub(super) by_image: FxHashMap<(usize, &'a str), Vec<Container>>,
    pub(super) by_image_and_name: FxHashMap<(usize, &'a str, String), Vec<Container>>,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(facts: &'a Facts<'_>, affixes: &Affixes) -> Candidates<'a> {
        let mut candidates = Candidates::default();
        for workload in &facts.workloads {
            let part = facts.sets.part(workload.object.file);
            for (at, unit) in workload.units.iter().enumerate().filter(|it| it.1.part == Part::Main)
            {
                let container = (workload.index, at);
                let image = image_of(unit);
                if let Some(name) = affixes.bare(facts, workload).map(plain)
                    && is_named_after_workload(workload, unit)
                {
                    candidates.by_bare_name.entry((part, name)).or_default().push(container);
                }
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

/// The services of each project that run the same image.
pub(super) struct Siblings<'a>(FxHashMap<(usize, &'a str), Vec<&'a Start<'a>>>);

impl<'a> Siblings<'a> {
    pub(super) fn of(facts: &'a Facts<'_>) -> Siblings<'a> {
        let mut starts: FxHashMap<(usize, &str), Vec<&Start<'a>>> = FxHashMap::default();
        for service in facts.services.iter().filter(|it| it.starts_by_itself()) {
            if let Some(image) = image_of(&service.unit) {
                let key = (service.project_index, image);
                starts.entry(key).or_default().push(&service.unit.start);
            }
        }
        Siblings(starts)
    }

    /// Whether several services of a project run an image, so that the image alone says nothing.
    pub(super) fn are_several(&self, service: &Service<'_>, image: &str) -> bool {
        self.0.get(&(service.project_index, image)).is_some_and(|it| it.len() > 1)
    }

    /// Whether no other service of the project runs the image with the same command.
    pub(super) fn is_told_by_command(&self, service: &Service<'_>, image: &str) -> bool {
        let starts = self.0.get(&(service.project_index, image)).map_or(&[][..], Vec::as_slice);
        starts.iter().filter(|it| is_same_command(it, &service.unit.start)).count() == 1
    }
}

/// Whether two containers start the same words, wherever these are split into entrypoint and arguments.
pub(super) fn is_same_command(a: &Start<'_>, b: &Start<'_>) -> bool {
    let same = |(a, b): (&&Str, &&Str)| a.value == b.value;
    a.words.len() == b.words.len() && a.words.iter().zip(&b.words).all(same)
}

/// Returns the path of a container's image without its registry.
pub(super) fn image_of<'u>(unit: &'u Unit<'_>) -> Option<&'u str> {
    unit.image.as_ref().map(|image| image.path_without_registry())
}
