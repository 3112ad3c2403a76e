//! Whether one server is enough for the load.

use super::{No, OneServer, Signals, Yes};
use crate::config::Server;
use crate::decision::load::{Gpus, Side};
use crate::decision::sums::{self, Loads, Size};
use crate::decision::system::System;
use crate::facts::{Brought, Unit, Workload, is_engine_socket};
use crate::knowledge::servers::most_gpus;
use crate::model::compose::MountKind;
use crate::model::kubernetes::VolumeSource;
use crate::report::{Answer, Signal, Today};
use crate::text::Span;

pub fn add(signals: &mut Signals, system: &System<'_>, loads: &Loads) {
    let load = loads.main();
    let server = system.facts.config().server.unwrap_or_default();
    let given = sums::server_words(server);
    let is_hidden = system.hides_workloads();
    let shown = if is_hidden { "of what is shown, " } else { "" };
    let mut state = |signal: Signal, points: Answer, more: String| {
        // What states no size says nothing about a server.
        if load.is_sized() {
            let fact = format!("{shown}{}{more}", loads.words());
            signals.add(signal, OneServer, points, fact, None);
        }
    };
    let elsewhere = runs_elsewhere(system, load.side);
    let is_whole = load.is_whole() && !is_hidden && elsewhere.is_none();
    match Size::of(load, server) {
        Size::FitsEasily if is_whole => {
            state(
                Signal::FitsServerEasily,
                Yes,
                format!(", at most half of a server with {given}"),
            );
        }
        Size::Fits if is_whole => {
            let holds_all = sums::holds_all_jobs(load, server);
            let unless = if holds_all { "" } else { " unless all Jobs run at once" };
            state(Signal::FitsServer, Yes, format!(", which a server with {given} has{unless}"));
        }
        Size::NeedsLarger(least, most) if is_whole => {
            let larger = larger_words(load.side, least, most);
            let more = format!(", more than a server with {given} has; {larger}");
            state(Signal::NeedsLargerServer, Yes, more);
        }
        Size::NeedsLarger(larger, _) => {
            let larger = sums::server_words(larger);
            let more = format!(", which takes a server with {larger} at least");
            state(Signal::FitsInPart, Yes, more);
        }
        Size::Beyond => {
            state(Signal::BeyondServers, No, ", more than any single server has".to_owned());
        }
        Size::AtMostBeyond(larger) => {
            let beyond = match load.side {
                Side::Compose => format!(", and the limits go beyond a server with {given}"),
                Side::Cluster => {
                    format!(", and at its largest it needs more than a server with {given}")
                }
            };
            let more = match larger.map(sums::server_words) {
                Some(larger) => format!("{beyond}; one with {larger} holds that too"),
                None => format!("{beyond}, and no single server holds it"),
            };
            state(Signal::LimitsBeyondServer, No, more);
        }
        Size::FitsEasily | Size::Fits | Size::Open => {
            let without = match elsewhere {
                None => String::new(),
                Some((name, 0)) => format!(", without `{name}` of the other side"),
                Some((name, more)) => {
                    format!(", without `{name}` and {more} more of the other side")
                }
            };
            let more = format!("; what is stated so far fits a server with {given}{without}");
            state(Signal::FitsInPart, Yes, more);
        }
    }
    add_gpus(signals, loads.gpus());
    add_singletons(signals, system);
}

/// Returns which larger servers hold what is asked for: the least of it, and the most.
fn larger_words(side: Side, least: Server, most: Option<Server>) -> String {
    let smaller = sums::server_words(least);
    if most == Some(least) {
        return format!("one with {smaller} is enough");
    }
    let [low, high] = match side {
        Side::Compose => ["what is reserved", "the limits too"],
        Side::Cluster => ["the least", "the most"],
    };
    match most {
        Some(most) => {
            let larger = sums::server_words(most);
            format!("one with {smaller} holds {low}, and one with {larger} {high}")
        }
        None => format!("one with {smaller} holds {low}, and no single server {high}"),
    }
}

/// Returns the name of the first of what runs on the other side alone, so that the sum of a side is not that of
/// the whole system, and the number of the others.
fn runs_elsewhere<'f>(system: &System<'f>, side: Side) -> Option<(&'f str, usize)> {
    let facts = system.facts;
    let has_service = |workload: &Workload<'_>| {
        let mut units = 0..workload.units.len();
        units.any(|unit| facts.counterpart_of_container(workload.index, unit).is_some())
    };
    let counted = &system.counted;
    let names: Vec<&str> = match side {
        Side::Cluster => {
            let services = counted.services.iter().filter(|it| !facts.is_one_shot(it));
            let alone = services.filter(|it| {
                facts.counterpart_of(it.index).is_none()
                    && facts.candidates_for(it.index).next().is_none()
            });
            alone.map(|it| it.name).collect()
        }
        Side::Compose => {
            let workloads = counted.workloads.iter().filter(|it| !it.kind().is_job());
            workloads.filter(|it| !has_service(it)).map(|it| it.name).collect()
        }
    };
    names.first().map(|first| (*first, names.len() - 1))
}

/// Adds several GPUs. One is in reach of any server.
fn add_gpus(signals: &mut Signals, gpus: Gpus) {
    if gpus.count > 1 {
        let signal = match gpus.count > most_gpus() {
            true => Signal::ManyGpus,
            false => Signal::SeveralGpus,
        };
        let least = if gpus.is_open { "at least " } else { "" };
        let fact = format!("the files ask for {least}{} GPUs", gpus.count);
        signals.add(signal, OneServer, No, fact, gpus.first);
    }
}

/// Adds what runs once, and what is bound to its machine.
fn add_singletons(signals: &mut Signals, system: &System<'_>) {
    let counted = &system.counted;
    // A Job is started again elsewhere, and may run several Pods at once.
    let stays_up = counted.workloads.iter().any(|it| it.kind().has_replicas());
    let any = !counted.services.is_empty() || stays_up;
    if any && system.runs_everything_once() && !system.hides_workloads() {
        let fact =
            "everything runs as a single replica, which is interrupted when its machine is lost";
        signals.add(Signal::SingleReplicas, OneServer, Yes, fact, None);
    }
    add_host_coupling(signals, system);
    if let Some((label, span, does)) = stateful_singleton(system) {
        let fact = format!("{label} {does}");
        signals.add(Signal::StatefulSingleton, OneServer, Yes, fact, Some(span));
    }
    if let (Today::Compose, Some(service)) = (system.today(), counted.services.first()) {
        let fact = "Compose runs everything on one machine today";
        signals.add(Signal::ComposeInProduction, OneServer, Yes, fact, Some(service.span()));
    }
}

/// What binds a service or a workload to the machine that it runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bond {
    Files,
    Engine,
    Device,
    Network,
}

impl Bond {
    const ALL: [Bond; 4] = [Bond::Files, Bond::Engine, Bond::Device, Bond::Network];

    /// Returns the predicate for one subject, and that for several.
    fn words(self) -> [&'static str; 2] {
        match self {
            Bond::Files => [
                "mounts a path of its machine, which other machines do not have",
                "mount paths of their machine, which other machines do not have",
            ],
            Bond::Engine => [
                "talks to the Docker Engine of its machine",
                "talk to the Docker Engine of their machine",
            ],
            Bond::Device => ["uses a device of its machine", "use devices of their machine"],
            Bond::Network => {
                ["shares the network of its machine", "share the network of their machine"]
            }
        }
    }
}

/// Adds what is bound to its machine. An agent for every node is meant to be.
///
/// Sources: <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath>, where Pods of one template may behave
/// differently on different nodes, whose files differ; and for the keys of Compose
/// <https://docs.docker.com/reference/compose-file/services/>.
fn add_host_coupling(signals: &mut Signals, system: &System<'_>) {
    let mut bonds: Vec<(Bond, String, Span)> = Vec::new();
    for service in &system.counted.services {
        let mut note = |bond, span| bonds.push((bond, service.unit.label.clone(), span));
        for mount in service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind) {
            let source = mount.source.as_ref().map_or("", |it| it.as_str());
            match service.brought_by(mount) {
                Brought::Host if is_engine_socket(source) => note(Bond::Engine, mount.span),
                Brought::Host | Brought::Data => note(Bond::Files, mount.span),
                Brought::Code | Brought::Configuration => {}
            }
        }
        if let Some(device) = service.model.devices.first() {
            note(Bond::Device, device.span);
        }
        if let Some(mode) = service.model.network_mode.as_ref().filter(|it| it.as_str() == "host") {
            note(Bond::Network, mode.span);
        }
    }
    for workload in system.counted.workloads.iter().filter(|it| it.kind().has_replicas()) {
        let mut note = |bond, span| bonds.push((bond, workload.label.clone(), span));
        let spec = &workload.model.template.spec;
        for volume in &spec.volumes {
            match &volume.source {
                VolumeSource::HostPath { path, .. }
                    if path.as_ref().is_some_and(|it| is_engine_socket(it)) =>
                {
                    note(Bond::Engine, volume.place.span);
                }
                VolumeSource::HostPath { .. } => note(Bond::Files, volume.place.span),
                _ => {}
            }
        }
        if let Some(network) = spec.host_network.filter(|it| it.value) {
            note(Bond::Network, network.span);
        }
    }
    for bond in Bond::ALL {
        let mut found: Vec<(String, Span)> = Vec::new();
        for (own, label, span) in &bonds {
            if *own == bond && found.iter().all(|it| it.0 != *label) {
                found.push((label.clone(), *span));
            }
        }
        signals.places(Signal::HostCoupled, OneServer, &found, bond.words());
    }
}

/// Returns the first data store that runs once, its place, and what it does: without a volume, nothing is kept.
fn stateful_singleton(system: &System<'_>) -> Option<(String, Span, &'static str)> {
    let counted = &system.counted;
    let services = counted.services.iter().map(|it| &it.unit);
    let containers = counted
        .workloads
        .iter()
        .filter(|it| it.kind().has_replicas())
        .flat_map(|it| it.units.iter());
    // A cache that is filled again binds nothing to its place.
    let has_volume = |unit: &Unit<'_>| {
        system.facts.mounted(unit).iter().any(|it| it.backing.lasts() && !it.read_only)
    };
    let keeps = |unit: &Unit<'_>| {
        unit.family().is_some_and(|it| it.is_data_store() && it.persistent) || has_volume(unit)
    };
    let is_store = |unit: &Unit<'_>| unit.family().is_some_and(|it| it.is_data_store());
    let mut stores = services
        .chain(containers)
        .filter(|unit| !unit.copies.is_many() && is_store(unit) && keeps(unit));
    let unit = stores.next()?;
    let does = if has_volume(unit) { "keeps its data in one place" } else { "runs once" };
    Some((unit.label.clone(), unit.image_or_name(), does))
}
