//! What it costs to stay on the platform of today, and to move to the other one: counted, and in words.

use super::system::System;
use crate::model::compose::Service;
use crate::model::kubernetes::Body;
use crate::report::{Cost, Costs, Today};
use rustc_hash::FxHashSet;

/// Returns what the cluster side costs as it is.
pub fn cluster_cost(system: &System<'_>) -> Cost {
    let objects = &system.counted.objects;
    let kinds: FxHashSet<&str> = objects.iter().map(|object| object.kind.as_str()).collect();
    let lines = system.counted.lines_of_objects(system.facts);
    let text = format!(
        "{} objects of {} kinds in {lines} lines, and a cluster to run and upgrade",
        objects.len(),
        kinds.len()
    );
    Cost { kinds: kinds.len(), objects: objects.len(), lines, text }
}

/// Returns what the Compose side costs as it is.
fn compose_cost(system: &System<'_>) -> Cost {
    let services = system.counted.services.len();
    let files: FxHashSet<_> =
        system.counted.services.iter().flat_map(|it| it.project.files.iter().copied()).collect();
    let lines = files.iter().map(|file| system.facts.file(*file).lines.lines()).sum();
    let text = format!(
        "{} in {lines} lines, and one server to patch, watch and back up by yourself",
        number(services, "service", "services")
    );
    Cost { kinds: 1, objects: services, lines, text }
}

/// Returns what a cluster would take for the Compose services that count.
fn cost_of_cluster(system: &System<'_>) -> Cost {
    let services = &system.counted.services;
    let count = |has: &dyn Fn(&Service) -> bool| services.iter().filter(|it| has(it.model)).count();
    let with_ports = count(&|it| !it.ports.is_empty() || !it.expose.is_empty());
    let with_env = count(&|it| !it.environment.is_empty() || !it.env_files.is_empty());
    let volumes: FxHashSet<&str> = services
        .iter()
        .flat_map(|it| &it.project.volumes)
        .map(|volume| volume.key.as_str())
        .collect();
    let parts = [
        (services.len(), "Deployment or StatefulSet", "Deployments or StatefulSets"),
        (with_ports, "Service", "Services"),
        (with_env, "ConfigMap or Secret", "ConfigMaps or Secrets"),
        (volumes.len(), "PersistentVolumeClaim", "PersistentVolumeClaims"),
    ];
    let named: Vec<String> = parts
        .iter()
        .filter(|part| part.0 > 0)
        .map(|(count, one, many)| number(*count, one, many))
        .collect();
    let objects = parts.iter().map(|part| part.0).sum();
    let text = format!(
        "about {objects} objects to write ({}), a registry for the images, and a cluster to run and upgrade",
        named.join(", ")
    );
    Cost { kinds: named.len(), objects, lines: 0, text }
}

/// Returns what Compose would take for what the cluster does.
fn cost_of_compose(system: &System<'_>) -> Cost {
    let objects = &system.counted.objects;
    let count = |wanted: &dyn Fn(&Body) -> bool| {
        objects.iter().filter(|object| wanted(&object.body)).count()
    };
    let parts = [
        (count(&|it| matches!(it, Body::Autoscaler(_))), "autoscaler", "autoscalers"),
        (
            count(&|it| matches!(it, Body::DisruptionBudget(_))),
            "disruption budget",
            "disruption budgets",
        ),
        (count(&|it| matches!(it, Body::NetworkPolicy(_))), "network policy", "network policies"),
        (count(&|it| matches!(it, Body::Routes(_))), "route from outside", "routes from outside"),
        (system.counted.workloads.iter().filter(|it| it.kind().is_job()).count(), "Job", "Jobs"),
    ];
    let named: Vec<String> = parts
        .iter()
        .filter(|part| part.0 > 0)
        .map(|(count, one, many)| number(*count, one, many))
        .collect();
    let workloads = system.counted.workloads.len();
    let written = number(workloads, "service", "services");
    let outside = match named.is_empty() {
        true => "nothing that Compose lacks".to_owned(),
        false => format!("{} to give up or to build outside Compose", named.join(", ")),
    };
    let text = format!("{written} to write, {outside}, and one server to patch, watch and back up");
    Cost { kinds: 1, objects: workloads, lines: 0, text }
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
