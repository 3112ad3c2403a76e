//! What it costs to stay on the platform of today, and to move to the other one: counted, and in words.

use super::load::runs_to_an_end;
use super::system::System;
use crate::facts::{self, Unit, Workload};
use crate::knowledge::families::Class;
use crate::model::compose::{MountKind, Service};
use crate::model::kubernetes::{Body, WorkloadKind};
use crate::report::{Cost, Costs, Today};
use rustc_hash::FxHashSet;

/// Returns what the cluster side costs as it is.
fn cluster_cost(system: &System<'_>) -> Cost {
    let objects = &system.counted.objects;
    let kinds: FxHashSet<&str> = objects.iter().map(|object| object.kind.as_str()).collect();
    let lines = system.counted.lines_of_objects(system.facts);
    let text = format!(
        "{} of {} in {}, and a cluster to run and upgrade",
        number(objects.len(), "object", "objects"),
        number(kinds.len(), "kind", "kinds"),
        number(lines, "line", "lines")
    );
    Cost { kinds: kinds.len(), objects: objects.len(), lines: Some(lines), text }
}

/// Returns what the Compose side costs as it is.
fn compose_cost(system: &System<'_>) -> Cost {
    let services = system.counted.services.len();
    let lines = compose_lines(system);
    let machines = match system.today() {
        Today::Swarm => "the nodes of a swarm",
        Today::Compose | Today::Kubernetes | Today::Both | Today::Unknown => "one server",
    };
    let text = format!(
        "{} in {}, and {machines} to patch, watch and back up by yourself",
        number(services, "service", "services"),
        number(lines, "line", "lines")
    );
    Cost { kinds: 1, objects: services, lines: Some(lines), text }
}

/// Returns the number of lines of the Compose files.
fn compose_lines(system: &System<'_>) -> usize {
    let files: FxHashSet<_> = system.projects().flat_map(|it| it.files.iter().copied()).collect();
    files.into_iter().map(|file| system.facts.file(file).text().lines().count()).sum()
}

/// Returns what is operated beyond what the system needs.
pub fn over_built(system: &System<'_>) -> String {
    if system.today() == Today::Swarm {
        let services = system.counted.services.len();
        return format!(
            "You operate {} in Swarm mode, written in {}, and nothing in {} needs more than one machine.",
            number(services, "service", "services"),
            number(compose_lines(system), "line", "lines"),
            if services == 1 { "it" } else { "them" }
        );
    }
    let cost = cluster_cost(system);
    format!(
        "You operate {} of {}, written in {}, and nothing in {} needs more than one machine.",
        number(cost.objects, "object", "objects"),
        number(cost.kinds, "kind", "kinds"),
        number(cost.lines.unwrap_or_default(), "line", "lines"),
        if cost.objects == 1 { "it" } else { "them" }
    )
}

/// Returns the parts that are there, in words.
fn named(parts: &[(usize, &str, &str)]) -> Vec<String> {
    let parts = parts.iter().filter(|part| part.0 > 0);
    parts.map(|(count, one, many)| number(*count, one, many)).collect()
}

/// Returns what a cluster would take for the Compose services that count.
fn cost_of_cluster(system: &System<'_>) -> Cost {
    let services = &system.counted.services;
    let (jobs, running): (Vec<&facts::Service<'_>>, Vec<&facts::Service<'_>>) =
        services.iter().copied().partition(|it| runs_to_an_end(system.facts, it));
    let with_ports =
        running.iter().filter(|it| !it.model.ports.is_empty() || !it.model.expose.is_empty());
    let has_env = |it: &Service| !it.environment.is_empty() || !it.env_files.is_empty();
    let with_env = services.iter().filter(|it| has_env(it.model));
    let parts = [
        (running.len(), "Deployment or StatefulSet", "Deployments or StatefulSets"),
        (jobs.len(), "Job", "Jobs"),
        (with_ports.count(), "Service", "Services"),
        (with_env.count(), "ConfigMap or Secret", "ConfigMaps or Secrets"),
        (volumes_in_use(system), "PersistentVolumeClaim", "PersistentVolumeClaims"),
    ];
    let named = named(&parts);
    let objects = parts.iter().map(|part| part.0).sum();
    let registry = match services.iter().any(|it| it.is_built()) {
        true => ", a registry for the images that are built here",
        false => "",
    };
    let text = format!(
        "about {} to write ({}){registry}, and a cluster to run and upgrade",
        number(objects, "object", "objects"),
        named.join(", ")
    );
    Cost { kinds: named.len(), objects, lines: None, text }
}

/// Returns the number of named volumes that the counted services mount.
fn volumes_in_use(system: &System<'_>) -> usize {
    let mounts = system.counted.services.iter().flat_map(|service| {
        let named = service.model.volumes.iter().filter(|it| it.kind == MountKind::Volume);
        named.filter_map(|it| Some((service.project_index, it.source.as_ref()?.as_str())))
    });
    mounts.collect::<FxHashSet<_>>().len()
}

/// Whether a container is a reverse proxy or a tunnel, which takes requests from outside.
fn takes_requests(unit: &Unit<'_>) -> bool {
    unit.family().is_some_and(|it| matches!(it.class, Class::Proxy | Class::Tunnel))
}

/// Returns what Compose would take for what the cluster does. A workload that a counted Compose service runs
/// too is written already. A Job becomes a service that runs once, and one reverse proxy serves every route.
///
/// Source: <https://docs.docker.com/compose/how-tos/startup-order/>, `service_completed_successfully`
fn cost_of_compose<'f>(system: &System<'f>) -> Cost {
    let objects = &system.counted.objects;
    let count = |wanted: &dyn Fn(&Body) -> bool| {
        objects.iter().filter(|object| wanted(&object.body)).count()
    };
    let (scheduled, running): (Vec<&Workload<'_>>, Vec<&Workload<'_>>) =
        system.counted.workloads.iter().copied().partition(|it| it.kind() == WorkloadKind::CronJob);
    let parts = [
        (scheduled.len(), "CronJob", "CronJobs"),
        (count(&|it| matches!(it, Body::Autoscaler(_))), "autoscaler", "autoscalers"),
        (
            count(&|it| matches!(it, Body::DisruptionBudget(_))),
            "disruption budget",
            "disruption budgets",
        ),
        (count(&|it| matches!(it, Body::NetworkPolicy(_))), "network policy", "network policies"),
    ];
    let named = named(&parts);
    let counted: FxHashSet<usize> =
        system.counted.services.iter().map(|service| service.index).collect();
    let has_service = |workload: &Workload<'_>| {
        (0..workload.units.len()).any(|unit| {
            let service = system.facts.counterpart_of_container(workload.index, unit);
            service.is_some_and(|it| counted.contains(&it.service))
        })
    };
    // The counterpart may be another form of the workload than the one that counts.
    let of = |workload: &Workload<'f>| (workload.kind(), workload.name);
    let written: FxHashSet<(WorkloadKind, &'f str)> =
        system.workloads.iter().filter(|it| has_service(it)).map(|it| of(it)).collect();
    let is_written = |workload: &Workload<'f>| written.contains(&of(workload));
    let has_routes = count(&|it| matches!(it, Body::Routes(_))) > 0;
    let has_proxy = system.counted.services.iter().any(|it| takes_requests(&it.unit))
        || running.iter().any(|it| it.units.iter().any(takes_requests));
    let needs_proxy = has_routes && !has_proxy;
    let missing = running.iter().filter(|it| !is_written(it)).count() + usize::from(needs_proxy);
    let services = match missing {
        0 => "no service".to_owned(),
        _ => number(missing, "service", "services"),
    };
    let proxy = match (needs_proxy, missing) {
        (false, _) => "",
        (true, 1) => ", a reverse proxy",
        (true, _) => ", one of them a reverse proxy",
    };
    let outside = match named.is_empty() {
        true => "nothing that Compose lacks".to_owned(),
        false => format!("{} to give up or to build outside Compose", named.join(", ")),
    };
    let text = format!(
        "{services} to write{proxy}, {outside}, and one server to patch, watch and back up"
    );
    Cost { kinds: 1, objects: missing, lines: None, text }
}

/// Returns a number with its noun.
pub fn number(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

pub fn costs(system: &System<'_>) -> Costs {
    match system.today() {
        Today::Unknown => Costs::default(),
        Today::Compose | Today::Swarm => {
            Costs { stay: compose_cost(system), go: cost_of_cluster(system) }
        }
        Today::Kubernetes | Today::Both => {
            Costs { stay: cluster_cost(system), go: cost_of_compose(system) }
        }
    }
}
