//! Start order: which Compose services wait for which.

use super::hosts::ComposeHosts;
use super::reach::Reach;
use super::scripts::script_path;
use super::{Facts, Part, Service, Unit, Var, Workload, is_below};
use crate::knowledge::families::Class;
use crate::knowledge::patience::{Patience, is_retry_switch, patience_of, starts_nothing};
use crate::knowledge::ready::is_client;
use crate::knowledge::shell::{self, Command, Place};
use crate::knowledge::starts::wait_of;
use crate::model::compose::{Condition, Dependency, MountKind};
use crate::text::{FileId, Span};
use rustc_hash::FxHashSet;

/// The port of the protocol with which log drivers and collectors hand on logs.
///
/// Sources: Docker documentation, "Fluentd logging driver" (`fluentd-address`); Fluentd documentation, `in_forward`.
const FORWARD_PORT: u16 = 24224;

/// One `depends_on` between two services of a project.
#[derive(Debug, Clone, Copy)]
pub struct Wait<'f, 'a> {
    pub from: &'f Service<'a>,
    pub on: &'f Service<'a>,
    pub dependency: &'a Dependency,
}

/// A [`Wait`] by the indices of its services.
#[derive(Debug)]
struct Pair<'a> {
    from: usize,
    on: usize,
    dependency: &'a Dependency,
}

/// Every written `depends_on` whose target exists.
#[derive(Debug)]
pub(super) struct Waits<'a> {
    all: Vec<Pair<'a>>,
    /// For each service the indices in `all` of the waits for it.
    on: Vec<Vec<usize>>,
    /// For each service the services on which it depends, by `depends_on` or by what implies it.
    needs: Vec<Vec<usize>>,
    /// For each service the services that depend on it.
    needed_by: Vec<Vec<usize>>,
    /// For each service the services that wait until it is healthy.
    healthy: Vec<FxHashSet<usize>>,
    /// For each service whether another one waits until it has ended.
    ends: Vec<bool>,
    /// The paths along `needs`.
    reach: Reach,
}

impl<'a> Waits<'a> {
    pub(super) fn new(services: &[Service<'a>], hosts: &[ComposeHosts<'a>]) -> Waits<'a> {
        let edges = vec![Vec::new(); services.len()];
        let mut waits = Waits {
            all: Vec::new(),
            on: edges.clone(),
            needs: edges.clone(),
            needed_by: edges,
            healthy: vec![FxHashSet::default(); services.len()],
            ends: vec![false; services.len()],
            reach: Reach::default(),
        };
        for from in services {
            let target = |it: &Dependency| hosts[from.project_index].service(&it.service);
            for dependency in &from.model.depends_on {
                let Some(on) = target(dependency) else { continue };
                waits.on[on].push(waits.all.len());
                waits.all.push(Pair { from: from.index, on, dependency });
                match dependency.condition.value {
                    Condition::Started => {}
                    Condition::Healthy => {
                        waits.healthy[on].insert(from.index);
                    }
                    Condition::CompletedSuccessfully => waits.ends[on] = true,
                }
            }
            for on in from.model.dependencies().filter_map(target) {
                waits.needs[from.index].push(on);
                waits.needed_by[on].push(from.index);
            }
        }
        waits.reach = Reach::new(&waits.needs);
        waits
    }
}

impl<'a> Facts<'a> {
    /// Returns the services of the same project.
    pub fn siblings(&self, service: &Service<'a>) -> &[Service<'a>] {
        self.services_of(service.project_index)
    }

    /// Whether a file of a service's project may count on what another file says. An override file may be
    /// left out, so that the base file must not count on it.
    pub fn comes_with(&self, service: &Service<'_>, here: FileId, there: FileId) -> bool {
        let project = &self.projects()[service.project_index];
        let place = |file: FileId| project.files.iter().position(|it| *it == file);
        match (place(here), place(there)) {
            _ if here == there => true,
            (Some(here), Some(there)) => there <= here,
            // What a file includes is there with it.
            (Some(_), None) => project.included.contains(&there),
            (None, _) => false,
        }
    }

    /// Returns the services of a project, by its index.
    pub fn services_of(&self, project: usize) -> &[Service<'a>] {
        let start = self.services.partition_point(|it| it.project_index < project);
        let count = self.services[start..].partition_point(|it| it.project_index == project);
        &self.services[start..start + count]
    }

    /// Returns the service of the same project with this name.
    pub fn sibling(&self, service: &Service<'a>, name: &str) -> Option<&Service<'a>> {
        let at = self.compose_hosts[service.project_index].service(name)?;
        Some(&self.services[at])
    }

    /// Whether a service takes over the keys of another one of its project by `extends`, directly or not.
    pub fn extends(&self, service: &Service<'a>, base: &Service<'_>) -> bool {
        let mut seen = FxHashSet::default();
        let mut at = service.model;
        while let Some(extends) = at.extends.as_ref().filter(|it| it.file.is_none()) {
            let Some(next) = self.sibling(service, &extends.service) else { return false };
            if next.index == base.index {
                return true;
            }
            if !seen.insert(next.index) {
                return false;
            }
            at = next.model;
        }
        false
    }

    /// Whether a value of a service is written elsewhere: behind an anchor, or in a service that it extends.
    pub fn is_borrowed(&self, service: &Service<'_>, value: Option<Span>) -> bool {
        let is_in = |outer: &Span| value.is_some_and(|value| outer.contains(value));
        service.model.borrowed.iter().any(is_in)
    }

    /// Returns every written `depends_on` whose target exists.
    pub fn waits(&self) -> impl Iterator<Item = Wait<'_, 'a>> {
        self.waits.all.iter().map(|it| self.wait(it))
    }

    fn wait(&self, it: &Pair<'a>) -> Wait<'_, 'a> {
        let (from, on) = (&self.services[it.from], &self.services[it.on]);
        Wait { from, on, dependency: it.dependency }
    }

    /// Returns the waits for a service.
    pub fn waiters<'f>(
        &'f self,
        on: &Service<'a>,
    ) -> impl Iterator<Item = Wait<'f, 'a>> + use<'f, 'a> {
        self.waits.on[on.index].iter().map(|at| self.wait(&self.waits.all[*at]))
    }

    /// Whether a service runs to an end: it migrates or seeds, or somebody waits for its completion.
    pub fn is_one_shot(&self, service: &Service<'a>) -> bool {
        service.starts_one_shot() || service.runs_to_an_end() || self.waits.ends[service.index]
    }

    /// Whether another service waits until a service is healthy.
    pub fn is_awaited_healthy(&self, service: &Service<'a>) -> bool {
        !self.waits.healthy[service.index].is_empty()
    }

    /// Whether the start command itself waits for something before the program starts.
    pub fn waits_by_itself(&self, unit: &Unit<'_>) -> bool {
        unit.start.commands.iter().any(waits)
    }

    /// Whether an init container or a main container of a workload waits for something.
    pub fn workload_waits(&self, workload: &Workload<'a>) -> bool {
        self.waiting_units(workload).next().is_some()
    }

    /// Returns the init containers and main containers of a workload that wait for something.
    pub fn waiting_units<'f>(
        &'f self,
        workload: &'f Workload<'a>,
    ) -> impl Iterator<Item = &'f Unit<'a>> {
        workload.units.iter().filter(|unit| {
            self.waits_by_itself(unit) || (unit.part == Part::Init && unit.name.contains("wait"))
        })
    }

    /// Returns what a service does while one that it depends on cannot answer yet.
    pub fn patience(&self, from: &Service<'a>, on: &Service<'a>) -> Patience {
        let started = self.started_commands(from);
        let repository = self.base_repository(from);
        let is_idle = || {
            let is_bare = from.unit.start.is_empty();
            idles(&started) || is_bare && repository.as_deref().is_some_and(starts_nothing)
        };
        // A cache is up long before the setup that the service also waits for has ended.
        let ends_later = || {
            let is_cache = on.unit.family().is_some_and(|it| it.class == Class::Cache);
            let is_awaited =
                |it: &Dependency| it.condition.value == Condition::CompletedSuccessfully;
            is_cache && from.model.depends_on.iter().any(is_awaited)
        };
        if self.waits_by_itself(&from.unit)
            || self.image_waits(from)
            || is_idle()
            || ends_later()
            || self.starts_behind(from, on)
        {
            return Patience::Waits;
        }
        let is_switch =
            |it: &Var<'_>| it.value.is_some_and(|value| is_retry_switch(it.name, value));
        if from.unit.env.iter().any(is_switch) || self.forwards_logs(from) {
            return Patience::Retries;
        }
        // A client that seeds a server gives up sooner than a program with a driver.
        let server = on.unit.family().filter(|_| !started.iter().any(|it| is_client(it.name())));
        patience_of(repository.as_deref(), from.unit.family(), server)
    }

    /// Whether a service is a log collector, which keeps in a buffer what it cannot hand on yet: it listens on the
    /// port of the protocol of Fluentd, or the log driver of the project's services sends to it.
    fn forwards_logs(&self, service: &Service<'a>) -> bool {
        let ports = &service.model.ports;
        let publishes = |port: u16| {
            let is_it = |it: (u16, u16)| (it.0..=it.1).contains(&port);
            ports.iter().any(|it| it.published.is_some_and(|it| is_it(it.value)))
        };
        let sends_here = |it: &Service<'_>| {
            let Some(logging) = &it.model.logging else { return false };
            let is_fluentd = logging.driver.as_ref().is_some_and(|it| it.as_str() == "fluentd");
            let address = logging.options.iter().find(|it| it.key.as_str() == "fluentd-address");
            let address = address.and_then(|it| it.value.as_ref()).map(|it| it.as_str());
            let port = address.and_then(|it| it.rsplit(':').next()?.parse().ok());
            is_fluentd && publishes(port.unwrap_or(FORWARD_PORT))
        };
        service.container_ports().iter().any(|it| it.value == FORWARD_PORT)
            || !ports.is_empty() && self.siblings(service).iter().any(sends_here)
    }

    /// Whether a service itself waits for another one: in its command, or in what its image starts.
    pub fn waits_of_its_own(&self, from: &Service<'a>, on: &Service<'a>) -> bool {
        let repository = self.base_repository(from);
        let by_image = || {
            let (program, server) = (from.unit.family(), on.unit.family());
            // Members of one cluster find each other once they run.
            let are_members = program.zip(server).is_some_and(|(a, b)| a.id == b.id);
            let is_bare = from.unit.start.is_empty() && !are_members;
            is_bare && patience_of(repository.as_deref(), program, server) == Patience::Waits
        };
        self.waits_by_itself(&from.unit) || self.image_waits(from) || by_image()
    }

    /// Whether what a service starts waits for something: a command of its image, or a script.
    fn image_waits(&self, service: &Service<'a>) -> bool {
        let scripts = || self.started_scripts(&service.unit).into_iter();
        self.started_commands(service).iter().any(waits)
            || scripts().any(|it| shell::commands(it.script.text).iter().any(waits))
    }

    /// Whether a service reaches a cache or a queue only through its Dapr sidecar: it has one, and its own settings
    /// do not name the other service.
    pub fn leaves_to_sidecar(&self, from: &Service<'a>, on: &Service<'a>) -> bool {
        let is_behind_dapr =
            on.unit.family().is_some_and(|it| matches!(it.class, Class::Cache | Class::Queue));
        let network = format!("service:{}", from.name);
        let is_sidecar = |it: &Service<'_>| {
            it.model.network_mode.as_ref().is_some_and(|mode| mode.as_str() == network)
                && it.unit.family().is_some_and(|family| family.id == "dapr")
        };
        let names = |it: &Var<'_>| it.value.is_some_and(|value| value.contains(on.name));
        is_behind_dapr
            && self.siblings(from).iter().any(is_sidecar)
            && !from.unit.env.iter().any(names)
    }

    /// Returns the commands that a service starts: its own, or those of the image that is built for it.
    pub(super) fn started_commands(&self, service: &Service<'a>) -> Vec<Command> {
        let start = &service.unit.start;
        let first = start.words.first();
        let has_own = first.is_some_and(|it| start.replaces_entrypoint || !it.starts_with('-'));
        match self.default_start(service).filter(|_| !has_own) {
            Some(image) => image.commands,
            None => start.commands.clone(),
        }
    }

    /// Whether a service starts a script that is mounted into it and cannot be read here.
    pub fn starts_unread_script(&self, service: &Service<'a>) -> bool {
        self.started_commands(service).iter().any(|command| {
            let mounted = script_path(command).filter(|it| is_bind_mounted(service, it));
            mounted.is_some_and(|it| self.mounted_script(&service.unit, it).is_none())
        })
    }

    /// Whether something that a service depends on starts only once another service is healthy.
    fn starts_behind(&self, from: &Service<'a>, on: &Service<'a>) -> bool {
        let Waits { healthy, needs, reach, .. } = &self.waits;
        let healthy = &healthy[on.index];
        if healthy.is_empty() {
            return false;
        }
        // Whoever waits for a service leads to it, so that all other paths can be left aside.
        let mut open = vec![from.index];
        let mut seen = FxHashSet::from_iter([from.index]);
        while let Some(at) = open.pop() {
            for &next in needs[at].iter().filter(|it| reach.may_reach(**it, on.index)) {
                if !seen.insert(next) {
                    continue;
                }
                if healthy.contains(&next) && !self.services[next].has_profile() {
                    return true;
                }
                open.push(next);
            }
        }
        false
    }

    /// Whether a path of `depends_on` leads from one service to another.
    pub fn depends_transitively(&self, from: &Service<'a>, on: &Service<'a>) -> bool {
        self.waits.reach.reaches(from.index, on.index)
    }

    /// Returns the indices of all services on which a service depends, directly or not.
    pub fn all_dependencies(&self, from: &Service<'a>) -> FxHashSet<usize> {
        reachable(&self.waits.needs, [from.index])
    }

    /// Returns the indices of all services that depend on one of some services, directly or not.
    pub fn all_dependents(&self, on: impl IntoIterator<Item = usize>) -> FxHashSet<usize> {
        reachable(&self.waits.needed_by, on)
    }
}

/// Whether a path in a service's container leads into a file or folder of the host.
fn is_bind_mounted(service: &Service<'_>, path: &str) -> bool {
    let mut bound = service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind);
    bound.any(|it| is_below(path, it.target.as_str()))
}

/// Whether commands only keep a container open for somebody who types there, or start others by the clock.
fn idles(commands: &[Command]) -> bool {
    let Some((last, before)) = commands.split_last() else { return false };
    let arguments = last.program().get(1..).unwrap_or_default();
    let prepares = |it: &Command| {
        matches!(it.name(), "echo" | "env" | "printenv" | "touch" | "mkdir" | "chmod" | "crontab")
    };
    match last.name() {
        "sleep" | "tail" => true,
        "crond" | "cron" | "supercronic" => before.iter().all(prepares),
        "sh" | "bash" | "ash" | "zsh" => arguments.iter().all(|it| it.text.starts_with('-')),
        _ => false,
    }
}

/// Whether a command waits for something.
fn waits(command: &Command) -> bool {
    let is_named = matches!(command.name(), "wait-port" | "wait-on" | "wait");
    let is_loop = matches!(command.place, Place::UntilCondition | Place::WhileCondition);
    is_named || is_loop || wait_of(command).is_some()
}

/// Returns the nodes to which a path with at least one edge leads.
fn reachable(edges: &[Vec<usize>], from: impl IntoIterator<Item = usize>) -> FxHashSet<usize> {
    let mut open: Vec<usize> = from.into_iter().collect();
    let mut seen = FxHashSet::default();
    while let Some(at) = open.pop() {
        open.extend(edges[at].iter().filter(|next| seen.insert(**next)));
    }
    seen
}
