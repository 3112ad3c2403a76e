//! Whether one server is enough for the load.

use super::{No, OneServer, Signals, Yes};
use crate::decision::load::{Gpus, Side};
use crate::decision::sums::{self, Loads, Size};
use crate::decision::system::System;
use crate::facts::{Unit, Workload};
use crate::knowledge::servers::most_gpus;
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
        Size::NeedsLarger(larger) if is_whole => {
            let more = format!(
                ", more than a server with {given} has; one with {} is enough",
                sums::server_words(larger)
            );
            state(Signal::NeedsLargerServer, Yes, more);
        }
        Size::NeedsLarger(larger) => {
            let larger = sums::server_words(larger);
            let more = format!(", which takes a server with {larger} at least");
            state(Signal::FitsInPart, Yes, more);
        }
        Size::Beyond => {
            state(Signal::BeyondServers, No, ", more than any single server has".to_owned());
        }
        Size::AtMostBeyond => {
            let more = match load.side {
                Side::Compose => format!(", and the limits go beyond a server with {given}"),
                Side::Cluster => {
                    format!(", and at its largest it needs more than a server with {given}")
                }
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
    let any = counted.services.len() + counted.workloads.len() > 0;
    if any && system.runs_everything_once() && !system.hides_workloads() {
        let fact =
            "everything runs as a single replica, which is interrupted when its machine is lost";
        signals.add(Signal::SingleReplicas, OneServer, Yes, fact, None);
    }
    if let Some((label, span)) = host_coupling(system) {
        // Source: <https://kubernetes.io/docs/concepts/storage/volumes/#hostpath>: Pods of one template may
        // behave differently on different nodes, whose files differ.
        let fact = format!("{label} mounts a path of its node, which other nodes do not have");
        signals.add(Signal::HostCoupled, OneServer, Yes, fact, Some(span));
    }
    if let Some((label, span)) = stateful_singleton(system) {
        let fact = format!("{label} keeps its data in one place");
        signals.add(Signal::StatefulSingleton, OneServer, Yes, fact, Some(span));
    }
    if let (Today::Compose, Some(service)) = (system.today(), counted.services.first()) {
        let fact = "Compose runs everything on one machine today";
        signals.add(Signal::ComposeInProduction, OneServer, Yes, fact, Some(service.span()));
    }
}

/// Returns the first workload of the cluster that mounts a path of the machine it runs on.
fn host_coupling(system: &System<'_>) -> Option<(String, Span)> {
    system.counted.workloads.iter().filter(|it| it.kind().has_replicas()).find_map(|workload| {
        let mut volumes = workload.model.template.spec.volumes.iter();
        let volume = volumes.find(|it| matches!(it.source, VolumeSource::HostPath { .. }))?;
        Some((workload.label.clone(), volume.place.span))
    })
}

/// Returns the first data store that runs once.
fn stateful_singleton(system: &System<'_>) -> Option<(String, Span)> {
    let counted = &system.counted;
    let services = counted.services.iter().map(|it| &it.unit);
    let containers = counted
        .workloads
        .iter()
        .filter(|it| it.kind().has_replicas())
        .flat_map(|it| it.units.iter());
    // A cache that is filled again binds nothing to its place.
    let keeps = |unit: &Unit<'_>| {
        unit.family().is_some_and(|it| it.is_data_store() && it.persistent)
            || system.facts.mounted(unit).iter().any(|it| it.backing.lasts() && !it.read_only)
    };
    let is_store = |unit: &Unit<'_>| unit.family().is_some_and(|it| it.is_data_store());
    let mut stores = services
        .chain(containers)
        .filter(|unit| !unit.copies.is_many() && is_store(unit) && keeps(unit));
    stores.next().map(|unit| (unit.label.clone(), unit.image_or_name()))
}
