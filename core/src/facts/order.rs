//! Who waits for whom at start, and what there is to wait for.

use super::{Facts, Service, Unit};
use crate::knowledge::families::{Certainty, Family, Known, family_of};
use crate::knowledge::shell::Place;
use crate::model::compose::{Condition, Dependency};
use crate::text::Span;

/// One `depends_on` between two services of a project.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'f, 'a> {
    pub from: &'f Service<'a>,
    pub on: &'f Service<'a>,
    pub dependency: &'a Dependency,
}

/// Whether a container can be asked for its health.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// The service has a healthcheck, or its image brings one.
    Checked,
    /// Switched off, at this place.
    Disabled(Span),
    /// Neither the service nor its image has one.
    None,
    /// The service has none, and what its image brings is not known.
    Unknown,
}

/// A [`Wait`] by the indices of its services.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    from: usize,
    on: usize,
    dependency: &'a Dependency,
}

/// Finds them once: a dozen rules ask, some of them for each service.
pub(super) fn waits<'a>(facts: &Facts<'a>) -> Vec<Pair<'a>> {
    let mut waits = Vec::new();
    for from in facts.services() {
        let model: &'a crate::model::compose::Service = from.model;
        for dependency in &model.depends_on {
            if let Some(on) = facts.sibling(from, &dependency.service) {
                waits.push(Pair { from: from.index, on: on.index, dependency });
            }
        }
    }
    waits
}

impl<'a> Facts<'a> {
    /// The services of the same project.
    pub fn siblings(&self, service: &Service<'a>) -> &[Service<'a>] {
        self.services_of(service.project_index)
    }

    /// The services of a project, by its index.
    pub fn services_of(&self, project: usize) -> &[Service<'a>] {
        let start = self.services.partition_point(|it| it.project_index < project);
        let count = self.services[start..].partition_point(|it| it.project_index == project);
        &self.services[start..start + count]
    }

    /// The service of the same project with this name.
    pub fn sibling(&self, service: &Service<'a>, name: &str) -> Option<&Service<'a>> {
        self.siblings(service).iter().find(|it| it.name == name)
    }

    /// Every written `depends_on` whose target exists.
    pub fn waits(&self) -> impl Iterator<Item = Wait<'_, 'a>> {
        self.waits.iter().map(|it| self.wait(it))
    }

    fn wait(&self, it: &Pair<'a>) -> Wait<'_, 'a> {
        let (from, on) = (&self.services[it.from], &self.services[it.on]);
        Wait { from, on, dependency: it.dependency }
    }

    /// Those who wait for a service.
    pub fn waiters<'f>(&'f self, on: &'f Service<'a>) -> impl Iterator<Item = Wait<'f, 'a>> {
        self.waits.iter().filter(move |it| it.on == on.index).map(|it| self.wait(it))
    }

    /// Whether a service runs to an end: it migrates or seeds, somebody waits for its completion, or
    /// it is told not to come back and has a command of its own.
    pub fn is_one_shot(&self, service: &Service<'a>) -> bool {
        service.starts_one_shot()
            || self
                .waiters(service)
                .any(|it| it.dependency.condition.value == Condition::CompletedSuccessfully)
    }

    /// Whether the start command itself waits for something before it serves.
    pub fn waits_by_itself(&self, unit: &Unit<'_>) -> bool {
        unit.start.commands.iter().any(|it| {
            let name = it.name();
            let name = name.strip_suffix(".sh").unwrap_or(name);
            let waiter = matches!(
                name,
                "wait-for-it" | "wait-for" | "wait4x" | "wait-port" | "wait-on" | "wait"
            );
            let dockerize = name == "dockerize"
                && it.words.iter().any(|it| it.text == "-wait" || it.text == "--wait");
            waiter || dockerize || matches!(it.place, Place::UntilCondition | Place::WhileCondition)
        })
    }

    /// Whether a path of `depends_on` leads from one service to another.
    pub fn depends_transitively(&self, from: &Service<'a>, on: &Service<'a>) -> bool {
        let mut open = vec![from.index];
        let mut seen = vec![from.index];
        while let Some(at) = open.pop() {
            for dependency in self.services[at].model.dependencies() {
                let Some(next) = self.sibling(&self.services[at], &dependency.service) else {
                    continue;
                };
                if next.index == on.index {
                    return true;
                }
                if !seen.contains(&next.index) {
                    seen.push(next.index);
                    open.push(next.index);
                }
            }
        }
        false
    }

    /// Each circle of `depends_on` once, as the waits that form it, the first service of the files first.
    pub fn dependency_cycles(&self) -> Vec<Vec<Wait<'_, 'a>>> {
        // What waits for something that itself waits for nothing is in no circle, and has none left.
        let count = self.services.len();
        let (mut left, mut on) = (vec![0; count], vec![Vec::new(); count]);
        for (at, wait) in self.waits.iter().enumerate() {
            left[wait.from] += 1;
            on[wait.on].push(at);
        }
        let mut free = Vec::with_capacity(count);
        free.extend((0..count).filter(|it| left[*it] == 0));
        while let Some(at) = free.pop() {
            for wait in &on[at] {
                let waiter = self.waits[*wait].from;
                left[waiter] -= 1;
                if left[waiter] == 0 {
                    free.push(waiter);
                }
            }
        }
        let mut cycles = Vec::new();
        if left.iter().all(|it| *it == 0) {
            return cycles;
        }
        let mut from = vec![Vec::new(); count];
        for (at, wait) in self.waits.iter().enumerate() {
            from[wait.from].push(at);
        }
        for start in 0..count {
            if left[start] == 0 {
                continue;
            }
            // Breadth first from each service back to itself gives the shortest circle through it.
            let mut came = vec![None; count];
            let mut open = vec![start];
            let mut next = 0;
            while let Some(&at) = open.get(next) {
                next += 1;
                for number in &from[at] {
                    let wait = &self.waits[*number];
                    if left[wait.on] > 0 && came[wait.on].is_none() {
                        came[wait.on] = Some(wait);
                        open.push(wait.on);
                    }
                }
            }
            let mut cycle = Vec::new();
            let mut at = start;
            while let Some(wait) = came[at] {
                cycle.push(self.wait(wait));
                at = wait.from;
                if at == start {
                    break;
                }
            }
            if !cycle.is_empty() && at == start {
                cycle.reverse();
                for wait in &cycle {
                    left[wait.from.index] = 0;
                }
                cycles.push(cycle);
            }
        }
        cycles
    }

    /// What there is to ask a service for its health.
    pub fn health(&self, service: &Service<'a>) -> Health {
        if let Some(check) = &service.model.healthcheck {
            if check.disabled {
                return Health::Disabled(check.span);
            }
            if check.test.is_some() {
                return Health::Checked;
            }
        }
        if let Some(build) = &service.model.build {
            let file = build.dockerfile_id.map(|it| self.file(it).text());
            return match file.or(build.dockerfile_inline.as_ref().map(|it| it.as_str())) {
                Some(text) => dockerfile_health(text, build.target.as_ref().map(|it| it.as_str())),
                None => Health::Unknown,
            };
        }
        match &service.unit.image {
            Some(image) if image.certainty == Certainty::Certain => {
                image.family.map_or(Health::Unknown, |it| family_health(it, &image.repository))
            }
            _ => Health::Unknown,
        }
    }
}

fn image_health(repository: &str) -> Health {
    family_of(repository).map_or(Health::Unknown, |it| family_health(it, repository))
}

fn family_health(family: &Family, repository: &str) -> Health {
    match family.brings_healthcheck(repository) {
        Known::Yes => Health::Checked,
        Known::No => Health::None,
        Known::Unknown => Health::Unknown,
    }
}

/// What a Dockerfile gives its last stage (or the one that is built): a HEALTHCHECK of its own, else
/// that of the image it starts from.
fn dockerfile_health(text: &str, target: Option<&str>) -> Health {
    let mut health = Health::Unknown;
    let mut stages: Vec<(String, Health)> = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(instruction) = words.next() else { continue };
        if instruction.eq_ignore_ascii_case("FROM") {
            let mut words = words.filter(|it| !it.starts_with("--"));
            let base = words.next().unwrap_or_default();
            let name = words.nth(1).unwrap_or_default().to_owned();
            let earlier = stages.iter().find(|it| it.0.eq_ignore_ascii_case(base));
            health = match earlier {
                Some(stage) => stage.1,
                None => image_health(&crate::knowledge::image::ImageRef::parse(base).repository()),
            };
            stages.push((name, health));
        } else if instruction.eq_ignore_ascii_case("HEALTHCHECK") {
            let none = words.next().is_some_and(|it| it.eq_ignore_ascii_case("NONE"));
            health = if none { Health::None } else { Health::Checked };
            if let Some(stage) = stages.last_mut() {
                stage.1 = health;
            }
        }
    }
    match target {
        Some(target) => stages
            .iter()
            .find(|it| it.0.eq_ignore_ascii_case(target))
            .map_or(Health::Unknown, |it| it.1),
        None => health,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_says_what_its_stage_has() {
        let text = "FROM postgres:17 AS base\nFROM base AS checked\nHEALTHCHECK CMD pg_isready\nFROM checked\nRUN x\n";
        assert_eq!(dockerfile_health(text, None), Health::Checked);
        assert_eq!(dockerfile_health(text, Some("base")), Health::None);
        assert_eq!(dockerfile_health("FROM corp/base\n", None), Health::Unknown);
    }
}
