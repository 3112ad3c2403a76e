//! Whether one server is enough for the load.

use super::{No, OneServer, Signals, Yes};
use crate::decision::sums::{self, Loads, Size};
use crate::decision::system::System;
use crate::facts::Workload;
use crate::model::kubernetes::{VolumeSource, WorkloadKind};
use crate::report::{Signal, Today};
use crate::text::Span;

/// Largest number of GPUs in one server: <https://docs.nvidia.com/dgx/dgxh100-user-guide/>.
const GPUS_IN_A_SERVER: i64 = 8;

pub fn add(signals: &mut Signals, system: &System<'_>, loads: &Loads) {
    let load = loads.main();
    let server = system.facts.config().server.unwrap_or_default();
    let asked = sums::words(&load.sums);
    let given = sums::server_words(server);
    let (cpu, memory) = (load.sums.cpu, load.sums.memory);
    let is_whole = cpu.sized == cpu.containers
        && memory.sized == memory.containers
        && !system.hides_workloads();
    let shown = if system.hides_workloads() { "of what is shown, " } else { "" };
    match Size::of(load, server) {
        Size::FitsEasily | Size::Fits if !is_whole => {
            let fact = format!("{shown}{asked}, which a server with {given} has");
            signals.add(Signal::FitsInPart, OneServer, Yes, fact, None);
        }
        Size::NeedsLarger(larger) if !is_whole => {
            let larger = sums::server_words(larger);
            let fact = format!("{shown}{asked}, which takes a server with {larger} at least");
            signals.add(Signal::FitsInPart, OneServer, Yes, fact, None);
        }
        Size::FitsEasily => {
            let fact = format!("{asked}, at most half of a server with {given}");
            signals.add(Signal::FitsServerEasily, OneServer, Yes, fact, None);
        }
        Size::Fits => {
            let fact = format!("{asked}, which a server with {given} has");
            signals.add(Signal::FitsServer, OneServer, Yes, fact, None);
        }
        Size::NeedsLarger(larger) => {
            let fact = format!(
                "{asked}, more than a server with {given} has; one with {} is enough",
                sums::server_words(larger)
            );
            signals.add(Signal::NeedsLargerServer, OneServer, Yes, fact, None);
        }
        Size::Beyond => {
            let fact = format!("{asked}, more than any single server has");
            signals.add(Signal::BeyondServers, OneServer, No, fact, None);
        }
        Size::Unknown if cpu.max > server.cpus || memory.max > server.memory_bytes => {
            let fact = format!("{asked}: the limits go beyond a server with {given}");
            signals.add(Signal::LimitsBeyondServer, OneServer, No, fact, None);
        }
        Size::Unknown => {}
    }
    if load.gpus > 1 {
        let many = load.gpus > GPUS_IN_A_SERVER;
        let signal = if many { Signal::ManyGpus } else { Signal::SeveralGpus };
        let fact = format!("the files ask for {} GPUs", load.gpus);
        signals.add(signal, OneServer, No, fact, load.first_gpu);
    }
    add_singletons(signals, system);
}

/// Adds what runs once, and what is bound to its machine.
fn add_singletons(signals: &mut Signals, system: &System<'_>) {
    let counted = &system.counted;
    let many = counted.services.iter().any(|it| it.unit.copies.is_many())
        || counted.workloads.iter().any(|it| it.copies.is_many() && !is_agent(it));
    let any = counted.services.len() + counted.workloads.len() > 0;
    if any && !many && !system.hides_workloads() {
        let fact =
            "everything runs as a single replica, so the loss of one machine stops it anyway";
        signals.add(Signal::SingleReplicas, OneServer, Yes, fact, None);
    }
    if let Some((label, span)) = host_coupling(system) {
        let fact = format!("{label} mounts a path of its node and stays where its files are");
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

/// Whether a workload belongs to the node and not to the application.
fn is_agent(workload: &Workload<'_>) -> bool {
    workload.kind() == WorkloadKind::DaemonSet || workload.kind().is_job()
}

/// Returns the first workload of the cluster that depends on the machine it runs on: by a path of the node,
/// or by its name.
fn host_coupling(system: &System<'_>) -> Option<(String, Span)> {
    system.counted.workloads.iter().filter(|it| !is_agent(it)).find_map(|workload| {
        let mut volumes = workload.model.template.spec.volumes.iter();
        let volume = volumes.find(|it| matches!(it.source, VolumeSource::HostPath { .. }))?;
        Some((workload.label.clone(), volume.place.span))
    })
}

/// Returns the first data store that runs once.
fn stateful_singleton(system: &System<'_>) -> Option<(String, Span)> {
    let counted = &system.counted;
    let services = counted.services.iter().map(|it| &it.unit);
    let containers =
        counted.workloads.iter().filter(|it| !is_agent(it)).flat_map(|it| it.units.iter());
    let mut stores = services.chain(containers).filter(|unit| {
        !unit.copies.is_many() && unit.family().is_some_and(|it| it.is_data_store())
    });
    stores.next().map(|unit| (unit.label.clone(), unit.image_or_name()))
}
