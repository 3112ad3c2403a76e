//! What it costs to stay on the platform of today, and to move to the other one: counted, and in words.

mod given_up;
mod lacking;

use super::load::runs_to_an_end;
use super::system::System;
use crate::compare::cases::of_label;
use crate::facts::{self, Part, Unit, Var, Workload, of_release};
use crate::knowledge::compose_keys::Case;
use crate::knowledge::families::Class;
use crate::model::compose::{KeyValue, Service};
use crate::model::kubernetes::{Body, WorkloadKind};
use crate::report::phrases::{amount, first_named, first_of};
use crate::report::{Cost, Costs, Platform, Today};
use given_up::given_up;
use lacking::{has_no_service, mounts_to_write, secrets};
use rustc_hash::FxHashSet;

/// Returns what the cluster side costs as it is.
fn cluster_cost(system: &System<'_>) -> Cost {
    let objects = &system.counted.objects;
    let kinds: FxHashSet<&str> = objects.iter().map(|object| object.kind.as_str()).collect();
    let lines = system.counted.lines_of_objects(system.facts);
    let text = format!(
        "{} of {} in {}, and a cluster to run and upgrade",
        amount(objects.len(), "object", "objects"),
        amount(kinds.len(), "kind", "kinds"),
        amount(lines, "line", "lines")
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
        amount(services, "service", "services"),
        amount(lines, "line", "lines")
    );
    Cost { kinds: 1, objects: services, lines: Some(lines), text }
}

/// Returns the number of lines of the Compose files, those that they include among them.
fn compose_lines(system: &System<'_>) -> usize {
    let files = system.projects().flat_map(|it| it.files.iter().chain(&it.included).copied());
    let files: FxHashSet<_> = files.collect();
    files.into_iter().map(|file| system.facts.file(file).text().lines().count()).sum()
}

/// Returns what is operated beyond what the system needs.
pub fn over_built(system: &System<'_>) -> String {
    if system.today() == Today::Swarm {
        let services = system.counted.services.len();
        return format!(
            "You operate {} in Swarm mode, written in {}, and nothing in {} needs more than one machine.",
            amount(services, "service", "services"),
            amount(compose_lines(system), "line", "lines"),
            if services == 1 { "it" } else { "them" }
        );
    }
    let cost = cluster_cost(system);
    format!(
        "You operate {} of {}, written in {}, and nothing in {} needs more than one machine.",
        amount(cost.objects, "object", "objects"),
        amount(cost.kinds, "kind", "kinds"),
        amount(cost.lines.unwrap_or_default(), "line", "lines"),
        if cost.objects == 1 { "it" } else { "them" }
    )
}

/// Returns the parts that are there, in words.
fn named(parts: &[(usize, &str, &str)]) -> Vec<String> {
    let parts = parts.iter().filter(|part| part.0 > 0);
    parts.map(|(count, one, many)| amount(*count, one, many)).collect()
}

/// Whether a container only helps people: an admin user interface, a mail catcher, a test server. Nobody writes
/// that again for another platform.
fn is_helper(unit: &Unit<'_>) -> bool {
    unit.family().is_some_and(|it| matches!(it.class, Class::AdminUi | Class::Tool))
}

/// Returns the names of the services that the cluster runs too. The counterpart may belong to another variant
/// of the Compose files than the one that counts.
fn with_counterpart<'f>(system: &System<'f>) -> FxHashSet<&'f str> {
    let services = system.services.iter();
    let known = services.filter(|it| {
        let facts = system.facts;
        facts.counterpart_of(it.index).is_some() || facts.candidates_for(it.index).next().is_some()
    });
    known.map(|it| it.name).collect()
}

/// Whether a service only makes volumes ready for others, which `fsGroup` does in a cluster.
///
/// Source: <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>
fn prepares_volumes(system: &System<'_>, service: &facts::Service<'_>) -> bool {
    let commands = &service.unit.start.commands;
    let prepares =
        |name: &str| matches!(name, "chown" | "chmod" | "chgrp" | "mkdir" | "echo" | "true");
    system.facts.is_one_shot(service)
        && !commands.is_empty()
        && commands.iter().all(|it| prepares(it.name()))
}

/// Returns the counted services that a cluster would have to run and does not: those without a counterpart,
/// and of these what more than helps people, unless there is nothing else.
fn services_to_write<'s, 'f>(system: &'s System<'f>) -> Vec<&'s facts::Service<'f>> {
    let known = with_counterpart(system);
    let counted = system.counted.services.iter().copied();
    let is_there = |it: &facts::Service<'_>| {
        known.contains(it.name)
            || system.facts.is_reached_outside(it)
            || prepares_volumes(system, it)
    };
    let missing = counted.filter(|it| !is_there(it));
    let (helpers, others): (Vec<_>, Vec<_>) = missing.partition(|it| is_helper(&it.unit));
    let only_helpers = system.counted.services.iter().all(|it| is_helper(&it.unit));
    if only_helpers { helpers } else { others }
}

/// Returns what a cluster would take for the Compose services that count and that it does not run.
fn cost_of_cluster(system: &System<'_>) -> Cost {
    let is_proxy = |it: &&facts::Service<'_>| {
        it.unit.family().is_some_and(|family| family.class == Class::Proxy)
    };
    let (proxies, services): (Vec<_>, Vec<_>) =
        services_to_write(system).into_iter().partition(is_proxy);
    // A proxy in front of nothing else is the application.
    let serves_others = system.counted.services.iter().any(|it| !is_proxy(it));
    let (proxies, services) =
        if serves_others { (proxies, services) } else { (Vec::new(), proxies) };
    let routes = routes(system);
    let (jobs, running): (Vec<&facts::Service<'_>>, Vec<&facts::Service<'_>>) =
        services.iter().copied().partition(|it| runs_to_an_end(system, it));
    let called = called_services(system);
    let is_reached = |it: &&&facts::Service<'_>| {
        let listens = !it.model.ports.is_empty() || !it.model.expose.is_empty();
        listens || is_addressed(it) || called.contains(&(it.project_index, it.name))
    };
    let needs_ingress = !proxies.is_empty() && routes.is_empty();
    let reached = running.iter().filter(is_reached).count()
        + has_no_service(system).filter(|it| is_reached(it)).count();
    // An Ingress leads to a Service, whatever the proxy says of its backends.
    let reached = reached.max(usize::from(needs_ingress && !running.is_empty()));
    // Sources: <https://docs.docker.com/reference/compose-file/deploy/#mode>,
    // <https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/>
    let is_global = |it: &&&facts::Service<'_>| {
        let mode = it.model.deploy.as_ref().and_then(|it| it.mode.as_ref());
        mode.is_some_and(|it| it.as_str() == "global")
    };
    let daemons = running.iter().filter(is_global).count();
    let has_env = |it: &Service| !it.environment.is_empty() || !it.env_files.is_empty();
    let with_env = services.iter().filter(|it| has_env(it.model));
    let mounts = mounts_to_write(system, &services);
    let settings = with_env.count() + secrets(&services) + mounts.configs;
    let parts = [
        (running.len() - daemons, "Deployment or StatefulSet", "Deployments or StatefulSets"),
        (daemons, "DaemonSet", "DaemonSets"),
        (jobs.len(), "Job", "Jobs"),
        (reached, "Service", "Services"),
        (settings, "ConfigMap or Secret", "ConfigMaps or Secrets"),
        (mounts.claims, "PersistentVolumeClaim", "PersistentVolumeClaims"),
        (usize::from(needs_ingress), "Ingress", "Ingresses"),
    ];
    let named = named(&parts);
    let objects = parts.iter().map(|part| part.0).sum();
    let registry = match services.iter().any(|it| it.is_built()) {
        true => ", a registry for the images that are built here",
        false => "",
    };
    let mut written = objects_to_write(system, objects);
    if objects > 0 {
        written.push_str(&format!(" ({}){registry}", named.join(", ")));
    }
    if !proxies.is_empty() {
        let names: Vec<&str> = proxies.iter().map(|it| it.name).collect();
        let instead = match routes.is_empty() {
            true => "an Ingress controller".to_owned(),
            false => first_of(&routes, 1),
        };
        written.push_str(&format!(", {instead} in the place of {}", first_named(&names, NAMES)));
    }
    let text = with_what_is_new(system, written, "a cluster to run and upgrade");
    Cost { kinds: named.len(), objects, lines: None, text }
}

/// Returns how many objects there are to write, in words.
fn objects_to_write(system: &System<'_>, objects: usize) -> String {
    // What is not built may hold some of them.
    let about = if system.hides_workloads() { "at most" } else { "about" };
    match objects {
        0 => "no object to write".to_owned(),
        _ => format!("{about} {} to write", amount(objects, "object", "objects")),
    }
}

/// Returns the services that others of their project dial, by project and name. A store for which somebody waits is
/// dialled, whatever the files name, and so is what a reverse proxy waits for.
fn called_services<'f>(system: &System<'f>) -> FxHashSet<(usize, &'f str)> {
    let facts = system.facts;
    let mut called = FxHashSet::default();
    for service in &system.counted.services {
        let dialled = facts.dialled(service).into_iter().chain(facts.awaited_stores(service));
        called.extend(dialled.map(|it| (it.project_index, it.name)));
        if takes_requests(&service.unit) || passes_requests_on(system, service) {
            let waits = service.model.depends_on.iter();
            called.extend(waits.map(|it| (service.project_index, it.service.as_str())));
        }
    }
    called
}

/// Maximum number of names in a list.
const NAMES: usize = 3;

/// Returns the counted Ingresses and other routes, as labels.
fn routes(system: &System<'_>) -> Vec<String> {
    let objects = system.counted.objects.iter();
    let routes = objects.filter(|it| matches!(it.body, Body::Routes(_)));
    routes.map(|object| object.label()).collect()
}

/// Returns what is to be written, and what is then to be run, unless it is run today.
fn with_what_is_new(system: &System<'_>, written: String, new: &str) -> String {
    match system.today() {
        Today::Both => written,
        Today::Compose | Today::Swarm | Today::Kubernetes | Today::Unknown => {
            format!("{written}, and {new}")
        }
    }
}

/// Whether others reach a service, whatever it says of ports: a reverse proxy by its labels or its variables, or clients
/// as a data store. Traefik reads `deploy.labels` in a swarm.
///
/// Sources: <https://doc.traefik.io/traefik/providers/swarm/>,
/// <https://doc.traefik.io/traefik/reference/routing-configuration/other-providers/docker/>, `traefik.enable`,
/// <https://github.com/nginx-proxy/nginx-proxy/tree/main/docs>, `VIRTUAL_HOST`
fn is_addressed(service: &facts::Service<'_>) -> bool {
    let of_swarm = service.model.deploy.iter().flat_map(|it| &it.labels);
    let labels = || service.model.labels.iter().chain(of_swarm.clone());
    let is_off = |it: &KeyValue| {
        let value = it.value.as_ref().map_or("", |it| it.as_str());
        it.key.as_str() == "traefik.enable" && value.eq_ignore_ascii_case("false")
    };
    let without_traefik = labels().any(is_off);
    let is_routed = labels().any(|it| {
        of_label(&it.key.value) == Case::Proxy
            && !(without_traefik && it.key.starts_with("traefik."))
    });
    let is_host =
        |it: &Var<'_>| it.name == "VIRTUAL_HOST" && it.value.is_none_or(|it| !it.is_empty());
    service.unit.family().is_some_and(|it| it.is_data_store())
        || is_routed
        || service.unit.env.iter().any(is_host)
}

/// Whether a container is a reverse proxy or a tunnel, which takes requests from outside.
fn takes_requests(unit: &Unit<'_>) -> bool {
    unit.family().is_some_and(|it| matches!(it.class, Class::Proxy | Class::Tunnel))
}

/// Whether a Compose service is a web server that publishes a port and passes requests on to other services.
fn passes_requests_on(system: &System<'_>, service: &facts::Service<'_>) -> bool {
    let is_web_server = service.unit.family().is_some_and(|it| it.class == Class::WebServer);
    let knows_others =
        !service.model.depends_on.is_empty() || !system.facts.peers(&service.unit).is_empty();
    is_web_server && !service.model.ports.is_empty() && knows_others
}

/// How far the workloads that count are written for Compose.
#[derive(Debug, Default)]
struct Written {
    /// Written for development alone.
    for_development: usize,
    missing: usize,
}

impl Written {
    /// Counts the workloads that run all the time or once. The counterpart may be another form of the workload
    /// than the one that counts.
    fn of(system: &System<'_>, workloads: &[&Workload<'_>]) -> Written {
        let counted: FxHashSet<&str> =
            system.counted.services.iter().map(|service| service.name).collect();
        let mut for_server: FxHashSet<&str> = FxHashSet::default();
        let mut known: FxHashSet<&str> = FxHashSet::default();
        for workload in &system.workloads {
            let units = 0..workload.units.len();
            let pairs =
                units.filter_map(|at| system.facts.counterpart_of_container(workload.index, at));
            for pair in pairs {
                known.insert(of_release(workload.name));
                if counted.contains(system.facts.services()[pair.service].name) {
                    for_server.insert(of_release(workload.name));
                }
            }
        }
        for service in &system.services {
            for workload in system.facts.candidates_for(service.index) {
                known.insert(of_release(workload.name));
                if counted.contains(service.name) {
                    for_server.insert(of_release(workload.name));
                }
            }
        }
        // What starts the same program as a workload that is written is one more role of it.
        let role = |it: &Workload<'_>| {
            let unit = it.units.iter().find(|unit| unit.part == Part::Main)?;
            let image = unit.image.as_ref()?.path_without_registry().to_owned();
            Some((image, unit.start.joined()))
        };
        let written = workloads.iter().filter(|it| for_server.contains(of_release(it.name)));
        let roles: FxHashSet<(String, String)> = written.filter_map(|it| role(it)).collect();
        let only_helpers = workloads.iter().all(|it| it.units.iter().all(|unit| is_helper(unit)));
        let mut written = Written::default();
        for workload in workloads {
            let helps = !only_helpers && workload.units.iter().all(is_helper);
            let is_role = role(workload).is_some_and(|it| roles.contains(&it));
            if for_server.contains(of_release(workload.name)) || is_role || helps {
                continue;
            }
            match known.contains(of_release(workload.name)) {
                true => written.for_development += 1,
                false => written.missing += 1,
            }
        }
        written
    }
}

/// Returns what Compose would take for what the cluster does. A workload that a counted Compose service runs
/// too is written already; one that a service for development runs is only to be made ready for a server. A Job
/// becomes a service that runs once, and one reverse proxy serves every route.
///
/// Source: <https://docs.docker.com/compose/how-tos/startup-order/>, `service_completed_successfully`
fn cost_of_compose(system: &System<'_>) -> Cost {
    let (scheduled, running): (Vec<&Workload<'_>>, Vec<&Workload<'_>>) =
        system.counted.workloads.iter().copied().partition(|it| it.kind() == WorkloadKind::CronJob);
    let routes = routes(system);
    let named = given_up(system, scheduled.len());
    let written = Written::of(system, &running);
    let proxies = system.services.iter();
    let proxies = proxies.filter(|it| takes_requests(&it.unit) || passes_requests_on(system, it));
    // The one on the ports of the web comes before one beside a program.
    let on_web_ports = |it: &&&facts::Service<'_>| {
        let mut ports = it.model.ports.iter().filter_map(|it| it.published);
        ports.any(|it| matches!(it.value.0, 80 | 443))
    };
    let in_compose = proxies.min_by_key(|it| !on_web_ports(it));
    let has_proxy =
        in_compose.is_some() || running.iter().any(|it| it.units.iter().any(takes_requests));
    let needs_proxy = !routes.is_empty() && !has_proxy;
    let missing = written.missing + usize::from(needs_proxy);
    let services = match missing {
        0 => "no service to write".to_owned(),
        _ => format!("{} to write", amount(missing, "service", "services")),
    };
    let place = match routes.is_empty() {
        true => String::new(),
        false => format!(" in the place of {}", first_of(&routes, 1)),
    };
    let proxy = match (needs_proxy, missing, in_compose) {
        (true, 1, _) => format!(", a reverse proxy{place}"),
        (true, ..) => format!(", one of them a reverse proxy{place}"),
        (false, _, Some(proxy)) if !routes.is_empty() => format!(", `{}`{place}", proxy.name),
        (false, ..) => String::new(),
    };
    let to_harden = match written.for_development {
        0 => String::new(),
        1 => ", 1 development service to harden for a server".to_owned(),
        count => format!(", {count} development services to harden for a server"),
    };
    let outside = match named.is_empty() {
        // What is not read may hold anything.
        true if system.hides_workloads() => "nothing seen so far that Compose lacks".to_owned(),
        true => "nothing that Compose lacks".to_owned(),
        false => format!("{} to give up or to build outside Compose", named.join(", ")),
    };
    let text = format!("{services}{proxy}{to_harden}, {outside}");
    let text = with_what_is_new(system, text, "one server to patch, watch and back up");
    Cost { kinds: 1, objects: missing, lines: None, text }
}

/// Returns the cost of two ways together, each in a sentence of its own.
fn both(first: Cost, second: Cost, text: String) -> Cost {
    let lines = match (first.lines, second.lines) {
        (Some(first), Some(second)) => Some(first + second),
        (lines, None) | (None, lines) => lines,
    };
    Cost { kinds: first.kinds + second.kinds, objects: first.objects + second.objects, lines, text }
}

/// Returns what it costs to stay on the platform of today, and to move to the other one. Where both are in use,
/// the move is to the one that the verdict leans to, or either way.
pub fn costs(system: &System<'_>, so_far: Platform) -> Costs {
    match system.today() {
        Today::Unknown => Costs::default(),
        Today::Compose | Today::Swarm => {
            Costs { stay: compose_cost(system), go: cost_of_cluster(system) }
        }
        Today::Kubernetes => Costs { stay: cluster_cost(system), go: cost_of_compose(system) },
        Today::Both => {
            let (compose, cluster) = (compose_cost(system), cluster_cost(system));
            let in_cluster = match cluster.objects {
                0 => "a cluster whose objects are not read".to_owned(),
                objects => format!(
                    "{} of {} in {}",
                    amount(objects, "object", "objects"),
                    amount(cluster.kinds, "kind", "kinds"),
                    amount(cluster.lines.unwrap_or_default(), "line", "lines")
                ),
            };
            let text = format!(
                "{} in {}, and {in_cluster}: both to run",
                amount(compose.objects, "service", "services"),
                amount(compose.lines.unwrap_or_default(), "line", "lines"),
            );
            Costs { stay: both(compose, cluster, text), go: cost_of_one_side(system, so_far) }
        }
    }
}

/// Returns what it costs to give up one of two sides.
fn cost_of_one_side(system: &System<'_>, so_far: Platform) -> Cost {
    let to_compose = |mut cost: Cost| {
        cost.text = format!("to Compose alone: {}", cost.text);
        cost
    };
    let to_cluster = |mut cost: Cost| {
        cost.text = format!("to the cluster alone: {}", cost.text);
        cost
    };
    let (compose, cluster) =
        (to_compose(cost_of_compose(system)), to_cluster(cost_of_cluster(system)));
    match so_far {
        Platform::Compose | Platform::LargerServer => compose,
        Platform::Swarm | Platform::Kubernetes => cluster,
        Platform::Either => {
            // Either way is only sketched: which objects they are follows from the choice.
            let sketch = objects_to_write(system, cluster.objects);
            let text = format!("{}; to the cluster alone: {sketch}", compose.text);
            both(compose, cluster, text)
        }
    }
}
