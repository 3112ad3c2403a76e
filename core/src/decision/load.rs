//! What one side of a system asks for: CPUs, memory and GPUs of what runs all the time, and apart from that
//! what its Jobs add while they run.
//!
//! Nothing is guessed: a container that states no size adds nothing, and the counts say how much of the
//! side a sum covers.

use super::system::System;
use crate::facts::{Part, Service, Workload};
use crate::model::compose::Device;
use crate::model::kubernetes::{Container, Resources, WorkloadKind};
use crate::report::{Sum, Sums};
use crate::text::Span;
use rustc_hash::FxHashSet;

/// A side of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    #[default]
    Compose,
    Cluster,
}

/// What one side of a system asks for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    pub side: Side,
    /// What runs all the time: requests in a cluster, in Compose reservations up to limits.
    pub sums: Sums,
    /// Of the same, requests and reservations alone.
    pub requests: Sums,
    /// Of the same, limits alone.
    pub limits: Sums,
    /// What the largest Job adds at least and at most, for each resource on its own.
    pub largest: Sums,
    /// What all Jobs at once add at least and at most.
    pub all_jobs: Sums,
    pub jobs: usize,
    /// Jobs and CronJobs that start nothing while they are suspended.
    pub suspended: usize,
    /// Whether several Jobs are the largest, one by its CPUs and another one by its memory.
    pub has_two_largest: bool,
    /// Whether a CronJob may start again before its last run has ended.
    pub may_overlap: bool,
    /// Whether a number of replicas is not known, so that the sums are the least.
    pub is_open: bool,
    pub gpus: Gpus,
}

/// GPUs that one side of a system asks for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Gpus {
    pub count: i64,
    /// Whether something takes as many as there are.
    pub is_open: bool,
    pub first: Option<Span>,
}

/// What one container or Pod asks for.
#[derive(Debug, Clone, Copy, Default)]
struct One {
    sums: Sums,
    requests: Sums,
    limits: Sums,
    gpus: i64,
    first_gpu: Option<Span>,
}

/// The amounts of one resource that a container states.
#[derive(Debug, Clone, Copy, Default)]
struct Stated {
    request: Option<f64>,
    limit: Option<f64>,
}

impl Stated {
    /// Returns the least and the most that a container of Compose uses. A limit alone says nothing about the
    /// least.
    fn in_compose(self) -> Option<(f64, f64)> {
        let most = self.limit.or(self.request)?;
        Some((self.request.unwrap_or(0.0), most))
    }

    /// Returns what the scheduler sets aside. A limit is also the request where none is written:
    /// <https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/>.
    fn in_cluster(self) -> Option<(f64, f64)> {
        self.request.or(self.limit).map(|it| (it, it))
    }
}

fn add(sum: &mut Sum, range: Option<(f64, f64)>) {
    sum.containers += 1;
    if let Some((min, max)) = range {
        sum.sized += 1;
        sum.min += min;
        sum.max += max;
    }
}

/// Adds what one container or Pod asks for, for the least and the most copies of it.
fn add_copies(sums: &mut Sums, one: Sums, [least, most]: [f64; 2]) {
    for (sum, one) in [(&mut sums.cpu, one.cpu), (&mut sums.memory, one.memory)] {
        sum.containers += one.containers;
        sum.sized += one.sized;
        sum.min += one.min * least;
        sum.max += one.max * most;
    }
}

/// Returns a number of replicas as a factor.
fn factor(count: i64) -> f64 {
    count.max(0) as f64
}

impl Load {
    /// Returns what the Compose services ask for that count.
    pub fn of_compose(system: &System<'_>) -> Load {
        let mut load = Load { side: Side::Compose, ..Load::default() };
        let mut devices = Devices::default();
        for service in &system.counted.services {
            let one = one_service(service);
            let copies = factor(service.model.replicas());
            if runs_to_an_end(system, service) {
                load.add_job(one, copies);
            } else {
                load.is_open |= system.facts.has_unknown_replicas(service);
                load.add_steady(one, [copies, copies]);
            }
            devices.add(service);
        }
        load.gpus = devices.gpus();
        load
    }

    /// Returns what the workloads ask for that count.
    pub fn of_cluster(system: &System<'_>) -> Load {
        let mut load = Load { side: Side::Cluster, ..Load::default() };
        let mut gpus_of_jobs = 0;
        for workload in &system.counted.workloads {
            if is_suspended(workload) {
                load.suspended += 1;
                continue;
            }
            let one = one_pod(workload);
            load.gpus.first = load.gpus.first.or(one.first_gpu);
            if workload.kind().is_job() {
                let pods = pods_at_once(workload);
                load.add_job(one, factor(pods));
                load.may_overlap |= may_overlap(workload);
                gpus_of_jobs = gpus_of_jobs.max(one.gpus.saturating_mul(pods));
                continue;
            }
            let range = match workload.kind() {
                // On one server there is one of each.
                WorkloadKind::DaemonSet => Some((1, 1)),
                _ => system.facts.replica_range(workload),
            };
            load.is_open |= range.is_none() || system.facts.states_unread_replicas(workload);
            let (least, most) = range.unwrap_or_else(|| {
                let least = system.facts.autoscalers(workload).filter_map(|it| it.minimum()).min();
                let least = least.unwrap_or(1);
                (least, least)
            });
            load.add_steady(one, [factor(least), factor(most.max(least))]);
            let gpus = one.gpus.saturating_mul(least.max(0));
            load.gpus.count = load.gpus.count.saturating_add(gpus);
        }
        load.gpus.count = load.gpus.count.saturating_add(gpus_of_jobs);
        load
    }

    fn add_steady(&mut self, one: One, copies: [f64; 2]) {
        add_copies(&mut self.sums, one.sums, copies);
        add_copies(&mut self.requests, one.requests, copies);
        add_copies(&mut self.limits, one.limits, copies);
    }

    fn add_job(&mut self, one: One, copies: f64) {
        self.jobs += 1;
        let (cpu, memory) = (one.sums.cpu, one.sums.memory);
        let sizes = [(cpu, self.largest.cpu), (memory, self.largest.memory)];
        let is_larger = sizes.iter().all(|(one, largest)| one.max * copies >= largest.max);
        let is_smaller = sizes.iter().all(|(one, largest)| one.max * copies <= largest.max);
        self.has_two_largest = !is_larger && (self.has_two_largest || !is_smaller);
        let Load { largest, all_jobs, .. } = self;
        for (largest, all, one) in [
            (&mut largest.cpu, &mut all_jobs.cpu, cpu),
            (&mut largest.memory, &mut all_jobs.memory, memory),
        ] {
            for sum in [&mut *largest, &mut *all] {
                sum.containers += one.containers;
                sum.sized += one.sized;
            }
            largest.min = largest.min.max(one.min * copies);
            largest.max = largest.max.max(one.max * copies);
            all.min += one.min * copies;
            all.max += one.max * copies;
        }
    }

    /// Whether every container states both resources, those of Jobs included, and the number of replicas is known.
    pub fn is_whole(&self) -> bool {
        let all = [self.sums.cpu, self.sums.memory, self.all_jobs.cpu, self.all_jobs.memory];
        !self.is_empty() && !self.is_open && all.iter().all(|it| it.sized == it.containers)
    }

    /// Whether any container states a size.
    pub fn is_sized(&self) -> bool {
        let sums = [self.sums.cpu, self.sums.memory, self.all_jobs.cpu, self.all_jobs.memory];
        sums.iter().any(|it| it.sized > 0)
    }

    /// Whether nothing runs on this side.
    pub fn is_empty(&self) -> bool {
        self.sums.cpu.containers + self.jobs + self.suspended == 0
    }
}

/// Whether a Compose service runs to an end: one that others wait for, or a job of a swarm.
pub fn runs_to_an_end(system: &System<'_>, service: &Service<'_>) -> bool {
    let mode = service.model.deploy.as_ref().and_then(|it| it.mode.as_ref());
    system.facts.is_one_shot(service)
        || system.is_run_once(service)
        || mode.is_some_and(|it| it.as_str().ends_with("-job"))
}

fn one_service(service: &Service<'_>) -> One {
    let model = service.model;
    let reserved = model.deploy.as_ref().and_then(|it| it.reservations.as_ref());
    let cpu = Stated {
        request: reserved.and_then(|it| it.cpus).map(|it| it.value).filter(|it| *it > 0.0),
        limit: model.cpu_limit().map(|it| it.value),
    };
    let memory = Stated {
        request: model.memory_reservation().map(|it| it.value as f64),
        limit: model.memory_limit().map(|it| it.value as f64),
    };
    let mut one = One::default();
    one.add([cpu, memory], Stated::in_compose);
    one
}

/// Returns what one Pod of a workload asks for: what runs side by side, or what an init container asks for if that
/// is more: <https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers>.
/// What is stated for the Pod as a whole stands for what its containers state:
/// <https://kubernetes.io/docs/tasks/configure-pod-container/assign-pod-level-resources/>.
fn one_pod(workload: &Workload<'_>) -> One {
    let mut one = One::default();
    let mut start = One::default();
    for (unit, container) in workload.containers() {
        match unit.part {
            // It runs beside the sidecars before it.
            Part::Init => start.raise_to(one.and(container)),
            Part::Main | Part::Sidecar => one = one.and(container),
        }
    }
    one.raise_to(start);
    if let Some(resources) = &workload.model.template.spec.resources {
        one.cover(resources);
    }
    one
}

/// Replaces a sum over containers by an amount for all of them together.
fn cover(sum: &mut Sum, amount: Option<f64>) {
    if let Some(amount) = amount {
        *sum = Sum { min: amount, max: amount, sized: sum.containers, containers: sum.containers };
    }
}

fn stated(resources: &Resources, name: &str) -> Stated {
    let amount = |resource: Option<&crate::model::kubernetes::Resource>| {
        resource.and_then(|it| it.quantity).map(|it| it.milli as f64 / 1000.0)
    };
    Stated { request: amount(resources.request(name)), limit: amount(resources.limit(name)) }
}

impl One {
    /// Returns this and one more container of a Pod.
    fn and(mut self, container: &Container) -> One {
        let resources = container.resources.as_ref();
        let stated = |name| resources.map_or(Stated::default(), |it| stated(it, name));
        self.add([stated("cpu"), stated("memory")], Stated::in_cluster);
        for gpu in resources.into_iter().flat_map(|it| it.gpus()) {
            let count = gpu.quantity.map_or(1, |it| i64::try_from(it.units()).unwrap_or(i64::MAX));
            self.gpus = self.gpus.saturating_add(count);
            self.first_gpu.get_or_insert(gpu.raw.span);
        }
        self
    }

    /// Replaces what the containers of a Pod state by what is stated for the Pod as a whole.
    fn cover(&mut self, pod: &Resources) {
        let One { sums, requests, limits, .. } = self;
        for (name, sum, request, limit) in [
            ("cpu", &mut sums.cpu, &mut requests.cpu, &mut limits.cpu),
            ("memory", &mut sums.memory, &mut requests.memory, &mut limits.memory),
        ] {
            let stated = stated(pod, name);
            cover(sum, stated.in_cluster().map(|it| it.0));
            cover(request, stated.request);
            cover(limit, stated.limit);
        }
    }

    /// Raises each amount to that of `other` if that is more. The numbers of containers stay.
    fn raise_to(&mut self, other: One) {
        for (own, other) in [
            (&mut self.sums, other.sums),
            (&mut self.requests, other.requests),
            (&mut self.limits, other.limits),
        ] {
            for (sum, other) in [(&mut own.cpu, other.cpu), (&mut own.memory, other.memory)] {
                sum.min = sum.min.max(other.min);
                sum.max = sum.max.max(other.max);
            }
        }
        self.gpus = self.gpus.max(other.gpus);
        self.first_gpu = self.first_gpu.or(other.first_gpu);
    }

    /// Adds a container.
    fn add(&mut self, [cpu, memory]: [Stated; 2], range: impl Fn(Stated) -> Option<(f64, f64)>) {
        let One { sums, requests, limits, .. } = self;
        for (stated, sum, request, limit) in [
            (cpu, &mut sums.cpu, &mut requests.cpu, &mut limits.cpu),
            (memory, &mut sums.memory, &mut requests.memory, &mut limits.memory),
        ] {
            add(sum, range(stated));
            add(request, stated.request.map(|it| (it, it)));
            add(limit, stated.limit.map(|it| (it, it)));
        }
    }
}

/// Whether a Job or a CronJob starts no Pod until somebody resumes it.
///
/// Sources: <https://kubernetes.io/docs/concepts/workloads/controllers/job/#suspending-a-job>,
/// <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-suspension>
fn is_suspended(workload: &Workload<'_>) -> bool {
    let suspend = match workload.kind() {
        WorkloadKind::CronJob => workload.model.cron.suspend,
        _ if workload.kind().is_job() => workload.model.job.suspend,
        _ => None,
    };
    suspend.is_some_and(|it| it.value)
}

/// Returns how many Pods of a Job run at once at most: no more than there is work for.
fn pods_at_once(workload: &Workload<'_>) -> i64 {
    let job = &workload.model.job;
    let parallel = job.parallelism.map_or(1, |it| it.value);
    job.completions.map_or(parallel, |it| it.value.min(parallel)).max(0)
}

/// Whether a CronJob may start again before its last run has ended, which is the default:
/// <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#concurrency-policy>.
fn may_overlap(workload: &Workload<'_>) -> bool {
    let policy = workload.model.cron.concurrency_policy.as_ref();
    workload.kind() == WorkloadKind::CronJob && policy.is_none_or(|it| it.as_str() == "Allow")
}

/// The GPUs that Compose services reserve on their one machine, by their identifiers. A count stands for the
/// first ones, which every service gets that asks for so many:
/// <https://github.com/moby/moby/blob/master/daemon/nvidia_linux.go>.
#[derive(Debug, Default)]
struct Devices<'s> {
    named: FxHashSet<&'s str>,
    /// Number of devices that are reserved by their count.
    counted: i64,
    is_open: bool,
    first: Option<Span>,
}

impl<'s> Devices<'s> {
    fn add(&mut self, service: &Service<'s>) {
        let deploy = service.model.deploy.as_ref();
        let reserved = deploy.and_then(|it| it.reservations.as_ref());
        let devices = reserved.map_or(&[][..], |it| &it.devices).iter();
        for device in devices.chain(&service.model.gpus).filter(|it| is_gpu(it)) {
            let takes_more = device.count.is_some_and(|it| it.value > self.counted);
            if takes_more || self.first.is_none() {
                self.first = Some(device.span);
            }
            self.named.extend(device.device_ids.iter().map(|it| it.as_str()));
            match device.count {
                Some(count) if count.value >= 0 => self.counted = self.counted.max(count.value),
                None if !device.device_ids.is_empty() => {}
                Some(_) | None => self.is_open = true,
            }
        }
    }

    fn gpus(&self) -> Gpus {
        let is_among_counted =
            |it: &&&str| it.parse::<i64>().is_ok_and(|it| (0..self.counted).contains(&it));
        let others = self.named.iter().filter(|it| !is_among_counted(it)).count();
        let count = self.counted.saturating_add(i64::try_from(others).unwrap_or(i64::MAX));
        Gpus { count, is_open: self.is_open, first: self.first }
    }
}

fn is_gpu(device: &Device) -> bool {
    device.capabilities.is_empty() || device.capabilities.iter().any(|it| it.as_str() == "gpu")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;
    use crate::model::FileModel;
    use crate::text::FileId;

    #[test]
    fn what_a_pod_states_as_a_whole_stands_for_its_containers() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  \
                    resources: {requests: {cpu: 4}, limits: {cpu: 8}}\n  \
                    containers:\n    - {name: a, image: 'a:1', resources: {requests: {cpu: 1, memory: 1Gi}}}\n    \
                    - {name: b, image: 'b:1'}\n";
        let model = FileModel::read(FileId(0), File::new("a.yaml", text), None);
        let spec = &model.objects[0].workload().expect("a workload").template.spec;
        let mut one = spec.containers.iter().fold(One::default(), One::and);
        one.cover(spec.resources.as_ref().expect("resources of the Pod"));
        let whole = |amount| Sum { min: amount, max: amount, sized: 2, containers: 2 };
        assert_eq!(
            (one.sums.cpu, one.requests.cpu, one.limits.cpu),
            (whole(4.0), whole(4.0), whole(8.0))
        );
        assert_eq!((one.sums.memory.sized, one.limits.memory.sized), (1, 0));
    }
}
