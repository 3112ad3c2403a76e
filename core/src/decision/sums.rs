//! Sums in words, and how they compare with the servers that can be rented.

use super::load::{Gpus, Load, Side};
use super::system::System;
use crate::config::Server;
use crate::knowledge::servers::rented_servers;
use crate::report::{Sum, Sums};

const MIB: f64 = 1024.0 * 1024.0;
const GIB: f64 = 1024.0 * MIB;

/// What both sides of a system ask for. They describe the same application, so they are not added up.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Loads {
    pub compose: Load,
    pub cluster: Load,
    server: Server,
}

impl Loads {
    pub fn of(system: &System<'_>) -> Loads {
        Loads {
            compose: Load::of_compose(system),
            cluster: Load::of_cluster(system),
            server: system.facts.config().server.unwrap_or_default(),
        }
    }

    /// Returns the load that counts: that of the side that takes the larger share of the server.
    pub fn main(&self) -> &Load {
        let [compose, cluster] = [&self.compose, &self.cluster].map(|it| share(it, self.server));
        // Where neither states a size, the side with more containers says more.
        let more =
            self.compose.requests.memory.containers > self.cluster.requests.memory.containers;
        let is_compose =
            compose > cluster || compose == cluster && (self.cluster.is_empty() || more);
        if is_compose { &self.compose } else { &self.cluster }
    }

    /// Returns the GPUs of the side that asks for more of them.
    pub fn gpus(&self) -> Gpus {
        let (compose, cluster) = (self.compose.gpus, self.cluster.gpus);
        if compose.count > cluster.count { compose } else { cluster }
    }

    /// Whether both sides state all sizes of a kind and one asks for more than the other by a tenth or more.
    /// Reservations are compared with requests, and limits with limits.
    pub fn differ(&self) -> bool {
        let (a, b) = (&self.compose, &self.cluster);
        let is_whole = |sum: Sum| sum.containers > 0 && sum.sized == sum.containers;
        let differ = |a: Sum, b: Sum| {
            is_whole(a).then_some(())?;
            is_whole(b).then_some(())?;
            Some((a.max - b.max).abs() > 0.1 * a.max.max(b.max))
        };
        let cpu = differ(a.requests.cpu, b.requests.cpu);
        let memory = differ(a.requests.memory, b.requests.memory);
        cpu.or_else(|| differ(a.limits.cpu, b.limits.cpu)).unwrap_or(false)
            || memory.or_else(|| differ(a.limits.memory, b.limits.memory)).unwrap_or(false)
    }

    /// Returns what the side that counts asks for, in words: "in Compose, 3 of 4 containers state memory and 1
    /// of 4 CPUs: at most 1 CPU and at most 3 GiB of memory".
    pub fn words(&self) -> String {
        let load = self.main();
        let side = match load.side {
            Side::Compose => "in Compose",
            Side::Cluster => "in the cluster",
        };
        let are_both_sized = self.compose.is_sized() && self.cluster.is_sized();
        let which = if are_both_sized { ", the larger of the two sides" } else { "" };
        format!("{side}{which}, {}", words(load))
    }
}

/// Returns the share of a server that a load takes at most.
fn share(load: &Load, server: Server) -> f64 {
    let cpus = load.sums.cpu.max + load.largest.cpu.max;
    let bytes = load.sums.memory.max + load.largest.memory.max;
    (cpus / server.cpus).max(bytes / server.memory_bytes)
}

/// How a load compares with the server that is given, and with larger ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// At most half of the server, with every container sized.
    FitsEasily,
    Fits,
    /// More than the server has. The first is the smallest server that holds the least of it, the second the smallest
    /// that holds the most, if there is one.
    NeedsLarger(Server, Option<Server>),
    /// More than any single server that can be rented.
    Beyond,
    /// The least fits, and the most does not. The smallest server that holds the most, if there is one.
    AtMostBeyond(Option<Server>),
    /// What is stated fits, and not everything is.
    Open,
}

impl Size {
    pub fn of(load: &Load, server: Server) -> Size {
        let Load { sums: Sums { cpu, memory }, all_jobs, largest, .. } = *load;
        let holds = |it: Server, cpus: f64, bytes: f64| cpus <= it.cpus && bytes <= it.memory_bytes;
        // The largest Job has to run beside what runs all the time.
        let (cpus, bytes) = (cpu.min + largest.cpu.min, memory.min + largest.memory.min);
        let most = (cpu.max + largest.cpu.max, memory.max + largest.memory.max);
        let smallest = |cpus: f64, bytes: f64| {
            let plain = rented_servers().filter(|it| it.gpus == 0);
            let mut servers = plain.map(|it| Server { cpus: it.cpus, memory_bytes: it.gib * GIB });
            servers.find(|it| holds(*it, cpus, bytes))
        };
        if !holds(server, cpus, bytes) {
            let least = smallest(cpus, bytes);
            return least
                .map_or(Size::Beyond, |it| Size::NeedsLarger(it, smallest(most.0, most.1)));
        }
        if !holds(server, most.0, most.1) {
            return Size::AtMostBeyond(smallest(most.0, most.1));
        }
        if !load.is_whole() {
            return Size::Open;
        }
        let all = (cpu.max + all_jobs.cpu.max, memory.max + all_jobs.memory.max);
        let half = holds(server, all.0 * 2.0, all.1 * 2.0);
        if half { Size::FitsEasily } else { Size::Fits }
    }
}

/// Returns how many containers state a size, the amounts, and what Jobs add.
fn words(load: &Load) -> String {
    let mut words = Vec::new();
    if load.sums.cpu.containers > 0 {
        let covered = coverage(&load.sums);
        let is_sized = load.sums.cpu.sized + load.sums.memory.sized > 0;
        words.push(match is_sized {
            true => format!("{covered}: {}", amounts_of(&load.sums, load.is_open)),
            false => covered,
        });
    }
    if load.jobs > 0 {
        words.push(job_words(load));
    }
    if load.suspended > 0 {
        let more = if load.jobs > 0 { "more " } else { "" };
        words.push(match load.suspended {
            1 => format!("1 {more}Job is suspended and adds nothing"),
            count => format!("{count} {more}Jobs are suspended and add nothing"),
        });
    }
    words.join("; ")
}

/// Returns what Jobs add while they run: "the largest of 2 Jobs adds 2 CPUs while it runs, all at once 3 CPUs".
fn job_words(load: &Load) -> String {
    let noun = match (load.side, load.jobs) {
        (Side::Compose, 1) => "one-shot service",
        (Side::Compose, _) => "one-shot services",
        (Side::Cluster, 1) => "Job",
        (Side::Cluster, _) => "Jobs",
    };
    let (cpu, memory) = (load.all_jobs.cpu, load.all_jobs.memory);
    if cpu.sized + memory.sized == 0 {
        let state = if load.jobs == 1 { "states" } else { "state" };
        return format!("{} {noun} {state} no size", load.jobs);
    }
    let some = cpu.sized < cpu.containers || memory.sized < memory.containers;
    let (largest, all) = (amounts_of(&load.largest, some), amounts_of(&load.all_jobs, some));
    let overlap = match (load.may_overlap, load.jobs) {
        (false, _) => "",
        (true, 1) => ", or more where its runs overlap",
        (true, _) => ", or more where runs of a CronJob overlap",
    };
    match load.jobs {
        1 => format!("1 {noun} adds {largest} while it runs{overlap}"),
        jobs if load.has_two_largest => {
            let alone = |sums: Sums| amounts_of(&sums, some);
            let Sums { cpu, memory } = load.largest;
            format!(
                "of {jobs} {noun} the one with the most CPUs adds {} while it runs and the one with the most memory {}, all at once {all}{overlap}",
                alone(Sums { cpu, memory: Sum::default() }),
                alone(Sums { cpu: Sum::default(), memory })
            )
        }
        jobs => format!(
            "the largest of {jobs} {noun} adds {largest} while it runs, all at once {all}{overlap}"
        ),
    }
}

/// Whether a server holds everything even while all Jobs run at once.
pub fn holds_all_jobs(load: &Load, server: Server) -> bool {
    load.sums.cpu.max + load.all_jobs.cpu.max <= server.cpus
        && load.sums.memory.max + load.all_jobs.memory.max <= server.memory_bytes
}

/// Returns "3 of 4 containers state memory and 1 of 4 CPUs".
fn coverage(sums: &Sums) -> String {
    let (cpu, memory) = (sums.cpu, sums.memory);
    let part = |sum: Sum| {
        let noun = if sum.containers == 1 { "container" } else { "containers" };
        let verb = if sum.sized == 1 { "states" } else { "state" };
        format!("{} of {} {noun} {verb}", sum.sized, sum.containers)
    };
    match (cpu.sized, memory.sized) {
        (0, 0) => "no container states CPUs or memory".to_owned(),
        (_, 0) => format!("{} CPUs, and none states memory", part(cpu)),
        (0, _) => format!("{} memory, and none states CPUs", part(memory)),
        (a, b) if a == b => format!("{} CPUs and memory", part(cpu)),
        (a, _) => format!("{} memory and {a} of {} CPUs", part(memory), cpu.containers),
    }
}

/// Returns the amounts in words, without one that nothing states.
pub fn amounts(sums: &Sums) -> String {
    amounts_of(sums, false)
}

/// Returns the same; `is_least` where more is asked for than is known.
fn amounts_of(sums: &Sums, is_least: bool) -> String {
    let cpus = || {
        let (words, last) = range(sums.cpu, 1.0, is_least);
        let noun = if last > 0.0 && last <= 1.0 { "CPU" } else { "CPUs" };
        format!("{words} {noun}")
    };
    let memory = || {
        let (unit, name) = if sums.memory.max < GIB { (MIB, "MiB") } else { (GIB, "GiB") };
        format!("{} {name} of memory", range(sums.memory, unit, is_least).0)
    };
    match (sums.cpu.sized, sums.memory.sized) {
        (0, 0) => "no amounts".to_owned(),
        (_, 0) => cpus(),
        (0, _) => memory(),
        (_, _) => format!("{} and {}", cpus(), memory()),
    }
}

/// Returns the size of a server in words.
pub fn server_words(server: Server) -> String {
    let noun = if server.cpus <= 1.0 { "CPU" } else { "CPUs" };
    let (cpus, gib) = (rounded(server.cpus), rounded(server.memory_bytes / GIB));
    format!("{cpus} {noun} and {gib} GiB of memory")
}

/// Returns a range in words, and its last number.
fn range(sum: Sum, unit: f64, is_least: bool) -> (String, f64) {
    let (least, most) = (sum.min / unit, sum.max / unit);
    let (min, max) = (rounded(least), rounded(most));
    match () {
        () if is_least && least > 0.0 => (format!("at least {min}"), least),
        () if min == max => (max, most),
        // Limits alone say what is used at most.
        () if sum.min == 0.0 => (format!("at most {max}"), most),
        () => (format!("{min} to {max}"), most),
    }
}

/// Returns an amount with at most one decimal place, or two below one.
pub fn rounded(amount: f64) -> String {
    if amount > 0.0 && amount < 0.005 {
        return "less than 0.01".to_owned();
    }
    let steps = if amount < 1.0 { 100.0 } else { 10.0 };
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
        assert_eq!(size(&load((1.0, 2.0), (1.0, 2.0), [3, 4])), Size::Open);
        let larger = Server { cpus: 32.0, memory_bytes: 128.0 * GIB };
        let is_seldom_reached = Size::AtMostBeyond(Some(larger));
        assert_eq!(size(&load((1.0, 17.0), (1.0, 2.0), [3, 3])), is_seldom_reached);
        assert_eq!(size(&load((1.0, 4000.0), (1.0, 2.0), [3, 3])), Size::AtMostBeyond(None));
        let is_enough = Size::NeedsLarger(larger, Some(larger));
        assert_eq!(size(&load((17.0, 17.0), (1.0, 2.0), [1, 3])), is_enough);
        let largest = Server { cpus: 96.0, memory_bytes: 384.0 * GIB };
        let grows = Size::NeedsLarger(larger, Some(largest));
        assert_eq!(size(&load((17.0, 65.0), (1.0, 2.0), [1, 3])), grows);
        let boundless = Size::NeedsLarger(larger, None);
        assert_eq!(size(&load((17.0, 4000.0), (1.0, 2.0), [1, 3])), boundless);
        assert_eq!(size(&load((2000.0, 2000.0), (1.0, 2.0), [1, 3])), Size::Beyond);
    }

    #[test]
    fn sides_differ_only_where_like_is_compared_with_like() {
        let whole = |amount: f64| load((amount, amount), (amount, amount), [2, 2]).sums;
        let none = load((0.0, 0.0), (0.0, 0.0), [0, 2]).sums;
        let differ = |compose: [Sums; 2], cluster: [Sums; 2]| {
            let side = |[requests, limits]: [Sums; 2]| Load { requests, limits, ..Load::default() };
            let (compose, cluster) = (side(compose), side(cluster));
            Loads { compose, cluster, ..Loads::default() }.differ()
        };
        assert!(!differ([none, whole(2.0)], [whole(1.0), none]), "a limit is no request");
        assert!(!differ([none, whole(2.0)], [whole(1.0), whole(2.0)]));
        assert!(differ([none, whole(2.0)], [whole(1.0), whole(4.0)]));
        assert!(!differ([whole(1.0), whole(2.0)], [whole(1.0), whole(4.0)]));
        assert!(differ([whole(1.0), none], [whole(2.0), none]));
        let part = load((9.0, 9.0), (9.0, 9.0), [1, 2]).sums;
        assert!(!differ([whole(1.0), none], [part, none]), "a sum over a part is no sum");
    }

    #[test]
    fn amounts_have_decimal_places_only_where_they_say_something() {
        assert_eq!(rounded(16.0), "16");
        assert_eq!(rounded(0.25), "0.25");
        assert_eq!(rounded(1.97), "2");
        assert_eq!(rounded(0.02), "0.02");
        assert_eq!(rounded(0.001), "less than 0.01");
    }

    #[test]
    fn a_sum_says_how_much_it_covers() {
        let some = load((3.2, 14.0), (8.0, 8.0), [9, 12]);
        let said = "9 of 12 containers state CPUs and memory: 3.2 to 14 CPUs and 8 GiB of memory";
        assert_eq!(words(&some), said);
        let limits = load((0.0, 1.0), (0.0, 2.0), [1, 1]);
        let said =
            "1 of 1 container states CPUs and memory: at most 1 CPU and at most 2 GiB of memory";
        assert_eq!(words(&limits), said);
        assert_eq!(amounts(&load((0.0, 0.0), (0.0, 0.0), [0, 2]).sums), "no amounts");
        assert_eq!(
            amounts(&load((0.25, 0.25), (0.125, 0.125), [1, 1]).sums),
            "0.25 CPU and 128 MiB of memory"
        );
    }
}
