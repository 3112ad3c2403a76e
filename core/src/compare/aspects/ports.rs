//! The ports of a service, and those under which the cluster reaches its counterpart.

use super::{Sides, compared};
use crate::facts::Pair;
use crate::model::IntOrStr;
use crate::report::{Aspect, Compared, Drift};
use crate::text::Span;
use rustc_hash::FxHashSet;

/// A port with its protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Port {
    number: i64,
    /// In lower case.
    protocol: String,
}

impl Port {
    /// Returns "53/udp"; TCP goes without saying.
    fn words(&self) -> String {
        match self.protocol.as_str() {
            "tcp" => self.number.to_string(),
            protocol => format!("{}/{protocol}", self.number),
        }
    }
}

/// A port of a Service and the port of the container that it leads to.
struct Reachable {
    port: Port,
    target: i64,
    service: String,
}

fn reachable(pair: &Pair<'_, '_>) -> Vec<Reachable> {
    let mut all = Vec::new();
    for service in pair.facts.services_for(pair.workload) {
        for port in &service.model.ports {
            let (Some(number), Some(target)) = (port.port, port.target()) else { continue };
            let target = match &target.value {
                IntOrStr::Int(number) => Some(*number),
                IntOrStr::Str(_) => pair
                    .container
                    .ports
                    .iter()
                    .find(|it| it.is(&target.value))
                    .and_then(|it| it.container_port)
                    .map(|it| it.value),
            };
            let protocol = port.protocol.as_ref().map_or("tcp", |it| it.as_str());
            let port = Port { number: number.value, protocol: protocol.to_ascii_lowercase() };
            if let Some(target) = target {
                all.push(Reachable { port, target, service: service.name.to_owned() });
            }
        }
    }
    all
}

/// Returns the container ports that the service publishes or exposes, each once.
fn own_ports(pair: &Pair<'_, '_>) -> Vec<(Port, Span)> {
    let model = pair.service.model;
    let published = model.ports.iter().map(|it| {
        let protocol = it.protocol.to_ascii_lowercase();
        (Port { number: i64::from(it.target.value), protocol }, it.span)
    });
    let exposed = model.expose.iter().filter_map(|it| {
        let (number, protocol) = it.as_str().split_once('/').unwrap_or((it.as_str(), "tcp"));
        let number = number.parse().ok()?;
        Some((Port { number, protocol: protocol.to_ascii_lowercase() }, it.span))
    });
    let mut known: FxHashSet<Port> = FxHashSet::default();
    published.chain(exposed).filter(|it| known.insert(it.0.clone())).collect()
}

/// Whether another container of the Pod declares a port.
fn is_of_other_container(pair: &Pair<'_, '_>, number: i64) -> bool {
    let containers = &pair.workload.model.template.spec.containers;
    let others = containers.iter().filter(|it| !std::ptr::eq(*it, pair.container));
    let mut ports = others.flat_map(|it| &it.ports).filter_map(|it| it.container_port);
    ports.any(|it| it.value == number)
}

pub(super) fn ports(pair: &Pair<'_, '_>) -> Option<Compared> {
    let own = own_ports(pair);
    let first = own.first()?.1;
    let reachable = reachable(pair);
    // The name of a headless Service leads to every port of the Pods, listed or not.
    let services = pair.facts.services_for(pair.workload);
    let headless = services.iter().find(|it| it.model.is_headless());
    let protocol = |it: &Reachable| it.port.protocol.clone();
    let targets: FxHashSet<Port> =
        reachable.iter().map(|it| Port { number: it.target, protocol: protocol(it) }).collect();
    let leads = |port: &Port| targets.contains(port);
    let unchanged: FxHashSet<&Port> =
        reachable.iter().filter(|it| it.port.number == it.target).map(|it| &it.port).collect();
    let same = |port: &Port| unchanged.contains(port);
    // Clients still reach a number that leads to another port of the container.
    let numbers: FxHashSet<&Port> = reachable.iter().map(|it| &it.port).collect();
    let is_reached = |port: &Port| leads(port) || numbers.contains(port);
    // Where the cluster has as many ports beside those, only the numbers differ.
    let is_own = |it: &&Reachable| {
        let own_number = own.iter().any(|(port, _)| {
            port.protocol == it.port.protocol
                && (port.number == it.target || port.number == it.port.number)
        });
        !own_number && !is_of_other_container(pair, it.target)
    };
    let mut others: Vec<&str> =
        reachable.iter().filter(is_own).map(|it| it.port.protocol.as_str()).collect();
    let mut is_elsewhere = |port: &Port| {
        let at = others.iter().position(|it| *it == port.protocol);
        at.map(|at| others.swap_remove(at)).is_some()
    };
    let drift = if headless.is_some() || own.iter().all(|it| same(&it.0)) {
        Drift::Same
    } else if own.iter().all(|it| is_reached(&it.0) || is_elsewhere(&it.0)) {
        Drift::Drifted
    } else {
        Drift::Lost
    };
    let numbers: Vec<String> = own.iter().map(|it| it.0.words()).collect();
    let words = |it: &Reachable| match it.port.number == it.target {
        true => format!("Service `{}` with port {}", it.service, it.port.words()),
        false => {
            format!("Service `{}` with port {} for {}", it.service, it.port.words(), it.target)
        }
    };
    let cluster = match (&reachable[..], headless) {
        (_, Some(service)) => format!("headless Service `{}`, with every port", service.name),
        ([], None) => "no Service with a port".to_owned(),
        (all, None) => all.iter().map(words).collect::<Vec<_>>().join(", "),
    };
    let sides = Sides { drift, compose: numbers.join(", "), cluster, span: Some(first) };
    let service = pair.facts.services_for(pair.workload).first().map(|it| it.span());
    Some(compared(Aspect::Ports, sides, service))
}
