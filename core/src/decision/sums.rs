//! What a system asks for, added up: CPUs and memory as ranges, with how many containers state them.
//!
//! Nothing is guessed: a container that states no size adds nothing, and the counts say how much of the
//! system a sum covers.

use super::system::System;
use crate::config::Server;
use crate::facts::{Part, Service, Workload};
use crate::model::kubernetes::{Resources, WorkloadKind};
use crate::report::{Sum, Sums};
use crate::text::Span;

/// Servers that can be rented as one machine, in CPUs and GiB of memory, small ones first.
///
/// Source: <https://aws.amazon.com/ec2/instance-types/m7i/> and
/// <https://aws.amazon.com/ec2/instance-types/high-memory/>, read in November 2026; other providers rent
/// similar machines.
const SERVERS: &[(f64, f64)] =
    &[(16.0, 64.0), (32.0, 128.0), (64.0, 256.0), (96.0, 384.0), (192.0, 768.0), (448.0, 12_288.0)];

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// What one side of a system asks for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    pub sums: Sums,
    /// Number of GPUs, at least.
    pub gpus: i64,
    pub first_gpu: Option<Span>,
}

/// What both sides of a system ask for. They describe the same application, so they are not added up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loads {
    pub compose: Load,
    pub cluster: Load,
}

impl Loads {
    pub fn of(system: &System<'_>) -> Loads {
        let mut loads = Loads::default();
        for service in &system.counted.services {
            loads.compose.add_service(service);
        }
        loads.cluster = cluster(system);
        loads
    }

    /// Returns the load that counts: that of the side that runs more containers with a size, and of two
    /// alike the larger one.
    pub fn main(&self) -> &Load {
        let key = |load: &Load| (load.sums.memory.max / GIB).max(load.sums.cpu.max);
        let sized = |load: &Load| load.sums.memory.sized + load.sums.cpu.sized;
        match (sized(&self.compose), sized(&self.cluster)) {
            (0, 0) if self.cluster.sums.cpu.containers > 0 => &self.cluster,
            (0, 0) | (_, 0) => &self.compose,
            (0, _) => &self.cluster,
            (_, _) if key(&self.compose) > key(&self.cluster) => &self.compose,
            (_, _) => &self.cluster,
        }
    }

    /// Whether both sides state sizes and one asks for more than the other by a tenth or more.
    pub fn differ(&self) -> bool {
        let differ = |a: Sum, b: Sum| {
            a.sized > 0 && b.sized > 0 && (a.max - b.max).abs() > 0.1 * a.max.max(b.max)
        };
        let (a, b) = (&self.compose.sums, &self.cluster.sums);
        differ(a.cpu, b.cpu) || differ(a.memory, b.memory)
    }
}

impl Load {
    fn add_service(&mut self, service: &Service<'_>) {
        let model = service.model;
        let copies = model.replicas().max(0) as f64;
        let deploy = model.deploy.as_ref();
        let reserved = deploy.and_then(|it| it.reservations.as_ref());
        let reserved_cpus = reserved.and_then(|it| it.cpus).map(|it| it.value);
        let limit = model.cpu_limit().map(|it| it.value);
        add(&mut self.sums.cpu, reserved_cpus, limit, copies);
        let reservation = model.memory_reservation().map(|it| it.value as f64);
        let limit = model.memory_limit().map(|it| it.value as f64);
        add(&mut self.sums.memory, reservation, limit, copies);
        for device in reserved.map_or(&[][..], |it| &it.devices).iter().chain(&model.gpus) {
            let is_gpu = device.capabilities.is_empty()
                || device.capabilities.iter().any(|it| it.as_str() == "gpu");
            if is_gpu {
                let count = device.count.map_or(1, |it| it.value.max(1));
                self.gpus = self.gpus.saturating_add(count.saturating_mul(copies as i64));
                self.first_gpu.get_or_insert(device.span);
            }
        }
    }
}

/// Adds what a Compose service reserves at least and may use at most.
fn add(sum: &mut Sum, reserved: Option<f64>, limit: Option<f64>, copies: f64) {
    sum.containers += 1;
    if reserved.is_none() && limit.is_none() {
        return;
    }
    sum.sized += 1;
    sum.min += reserved.unwrap_or(0.0) * copies;
    sum.max += limit.or(reserved).unwrap_or(0.0) * copies;
}

/// Returns what the counted workloads ask for. Jobs do not run all at once: of theirs only the largest
/// adds to the most.
fn cluster(system: &System<'_>) -> Load {
    let mut load = Load::default();
    let mut peak = Sums::default();
    for workload in &system.counted.workloads {
        let one = pod(workload);
        let (least, most) = match workload.kind() {
            // On one server there is one of each.
            WorkloadKind::DaemonSet => (1, 1),
            _ => system.facts.replica_range(workload).unwrap_or((1, 1)),
        };
        let (least, most) = (least.max(0) as f64, most.max(least).max(0) as f64);
        let sums = &mut load.sums;
        for (sum, pod) in [(&mut sums.cpu, one.sums.cpu), (&mut sums.memory, one.sums.memory)] {
            sum.containers += pod.containers;
            sum.sized += pod.sized;
            if !workload.kind().is_job() {
                sum.min += pod.min * least;
                sum.max += pod.max * most;
            }
        }
        if workload.kind().is_job() {
            peak.cpu.max = peak.cpu.max.max(one.sums.cpu.max);
            peak.memory.max = peak.memory.max.max(one.sums.memory.max);
        }
        load.gpus = load.gpus.saturating_add(one.gpus.saturating_mul(least as i64));
        load.first_gpu = load.first_gpu.or(one.first_gpu);
    }
    load.sums.cpu.max += peak.cpu.max;
    load.sums.memory.max += peak.memory.max;
    load
}

/// Returns what one Pod of a workload asks for.
fn pod(workload: &Workload<'_>) -> Load {
    let mut load = Load::default();
    for (unit, container) in workload.containers() {
        if unit.part == Part::Init {
            continue;
        }
        let amount = |resources: Option<&Resources>, name: &str| {
            let resources = resources?;
            let asked = resources.request(name).or_else(|| resources.limit(name))?;
            asked.quantity.map(|it| it.milli as f64 / 1000.0)
        };
        let resources = container.resources.as_ref();
        add(&mut load.sums.cpu, amount(resources, "cpu"), None, 1.0);
        add(&mut load.sums.memory, amount(resources, "memory"), None, 1.0);
        for gpu in resources.into_iter().flat_map(|it| it.gpus()) {
            let count = gpu.quantity.map_or(1, |it| i64::try_from(it.units()).unwrap_or(i64::MAX));
            load.gpus = load.gpus.saturating_add(count);
            load.first_gpu.get_or_insert(gpu.raw.span);
        }
    }
    load
}

/// How a system compares with the server that is given, and with larger ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// At most half of the server, with every container sized.
    FitsEasily,
    Fits,
    /// This server is the smallest that is enough.
    NeedsLarger(Server),
    /// More than any single server that can be rented.
    Beyond,
    /// Too few containers state a size.
    Unknown,
}

impl Size {
    pub fn of(load: &Load, server: Server) -> Size {
        let (cpu, memory) = (load.sums.cpu, load.sums.memory);
        let holds = |it: Server, cpus: f64, bytes: f64| cpus <= it.cpus && bytes <= it.memory_bytes;
        let larger = || {
            let all =
                SERVERS.iter().map(|(cpus, gib)| Server { cpus: *cpus, memory_bytes: gib * GIB });
            all.into_iter().find(|it| holds(*it, cpu.min, memory.min))
        };
        if !holds(server, cpu.min, memory.min) {
            return larger().map_or(Size::Beyond, Size::NeedsLarger);
        }
        let is_mostly_sized = |sum: Sum| sum.sized > 0 && sum.sized * 2 >= sum.containers;
        if !holds(server, cpu.max, memory.max) || !(is_mostly_sized(memory) || is_mostly_sized(cpu))
        {
            return Size::Unknown;
        }
        let is_whole = memory.sized == memory.containers && cpu.sized == cpu.containers;
        let half = holds(server, cpu.max * 2.0, memory.max * 2.0);
        if is_whole && half { Size::FitsEasily } else { Size::Fits }
    }
}

/// Returns "9 of 12 containers sized: 3.2 to 14 CPUs and 8 GiB of memory".
pub fn words(sums: &Sums) -> String {
    let sized = sums.cpu.sized.max(sums.memory.sized);
    let containers = sums.cpu.containers.max(sums.memory.containers);
    let noun = if containers == 1 { "container" } else { "containers" };
    format!("{sized} of {containers} {noun} sized: {}", amounts(sums))
}

/// Returns the amounts in words, without one that nothing states.
pub fn amounts(sums: &Sums) -> String {
    let gib = Sum { min: sums.memory.min / GIB, max: sums.memory.max / GIB, ..sums.memory };
    let cpus = range(sums.cpu);
    let cpus = format!("{cpus} {}", if cpus == "1" { "CPU" } else { "CPUs" });
    let memory = format!("{} GiB of memory", range(gib));
    match (sums.cpu.sized, sums.memory.sized) {
        (0, 0) => "no amounts".to_owned(),
        (_, 0) => cpus,
        (0, _) => memory,
        (_, _) => format!("{cpus} and {memory}"),
    }
}

/// Returns the size of a server in words.
pub fn server_words(server: Server) -> String {
    format!(
        "{} CPUs and {} GiB of memory",
        rounded(server.cpus),
        rounded(server.memory_bytes / GIB)
    )
}

fn range(sum: Sum) -> String {
    let (min, max) = (rounded(sum.min), rounded(sum.max));
    match () {
        () if min == max => max,
        // Limits alone say what is used at most.
        () if sum.min == 0.0 => format!("at most {max}"),
        () => format!("{min} to {max}"),
    }
}

/// Returns an amount with at most one decimal place, or two below a tenth.
fn rounded(amount: f64) -> String {
    if amount > 0.0 && amount < 0.005 {
        return "less than 0.01".to_owned();
    }
    let steps = if amount < 0.1 { 100.0 } else { 10.0 };
    format!("{}", (amount * steps).round() / steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(cpu: (f64, f64), memory: (f64, f64), [sized, containers]: [usize; 2]) -> Load {
        let cpu = Sum { min: cpu.0, max: cpu.1, sized, containers };
        let memory = Sum { min: memory.0 * GIB, max: memory.1 * GIB, sized, containers };
        Load { sums: Sums { cpu, memory }, ..Load::default() }
    }

    fn size(load: &Load) -> Size {
        Size::of(load, Server::default())
    }

    #[test]
    fn a_load_is_compared_with_the_server_and_with_larger_ones() {
        assert_eq!(size(&load((1.0, 8.0), (1.0, 32.0), [3, 3])), Size::FitsEasily);
        assert_eq!(size(&load((1.0, 9.0), (1.0, 32.0), [3, 3])), Size::Fits);
        assert_eq!(size(&load((1.0, 2.0), (1.0, 2.0), [3, 4])), Size::Fits);
        assert_eq!(size(&load((1.0, 2.0), (1.0, 2.0), [1, 4])), Size::Unknown);
        assert_eq!(size(&load((1.0, 17.0), (1.0, 2.0), [3, 3])), Size::Unknown);
        let larger = Server { cpus: 32.0, memory_bytes: 128.0 * GIB };
        assert_eq!(size(&load((17.0, 17.0), (1.0, 2.0), [1, 3])), Size::NeedsLarger(larger));
        assert_eq!(size(&load((900.0, 900.0), (1.0, 2.0), [1, 3])), Size::Beyond);
    }

    #[test]
    fn amounts_have_a_decimal_place_only_where_it_says_something() {
        assert_eq!(rounded(16.0), "16");
        assert_eq!(rounded(0.25), "0.3");
        assert_eq!(rounded(1.97), "2");
        assert_eq!(rounded(0.02), "0.02");
        assert_eq!(rounded(0.001), "less than 0.01");
    }

    #[test]
    fn a_sum_says_how_much_it_covers() {
        let some = load((3.2, 14.0), (8.0, 8.0), [9, 12]).sums;
        assert_eq!(words(&some), "9 of 12 containers sized: 3.2 to 14 CPUs and 8 GiB of memory");
        let limits = load((0.0, 1.0), (0.0, 2.0), [1, 1]).sums;
        assert_eq!(
            words(&limits),
            "1 of 1 container sized: at most 1 CPUs and at most 2 GiB of memory"
        );
        assert_eq!(amounts(&load((0.0, 0.0), (0.0, 0.0), [0, 2]).sums), "no amounts");
    }
}
