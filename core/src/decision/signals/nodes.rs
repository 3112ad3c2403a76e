//! Whether several nodes are needed.

use super::{MultiNode, No, OneServer, Signals};
use crate::decision::system::System;
use crate::facts::Workload;
use crate::model::kubernetes::{Body, Toleration, WorkloadKind};
use crate::report::Signal;
use crate::text::Span;

/// Node labels that name a machine, an operating system or an architecture. They say where an image runs, or
/// bind it to one machine, and nothing about wanting several.
const LABELS_OF_ANY_NODE: &[&str] = &[
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "kubernetes.io/hostname",
];

pub fn add(signals: &mut Signals, system: &System<'_>) {
    let mut required = Vec::new();
    let mut preferred = Vec::new();
    let mut pinned = Vec::new();
    let mut tolerant = Vec::new();
    let mut agents = Vec::new();
    for workload in &system.counted.workloads {
        let note = |list: &mut Vec<_>, span: Span| list.push((workload.label.clone(), span));
        match spread(workload) {
            Some((true, span)) => note(&mut required, span),
            Some((false, span)) => note(&mut preferred, span),
            None => {}
        }
        let spec = &workload.model.template.spec;
        let mut labels = spec.node_selector.iter();
        if let Some((key, value)) =
            labels.find(|(key, _)| !LABELS_OF_ANY_NODE.contains(&key.as_str()))
        {
            note(&mut pinned, key.span.to(value.span));
        } else if let Some(span) = spec.affinity.node
            && !names_any_node(system, span)
        {
            note(&mut pinned, span);
        }
        if workload.kind() == WorkloadKind::DaemonSet {
            note(&mut agents, workload.span());
        } else if let Some(toleration) = spec.tolerations.iter().find(|it| is_for_kept_nodes(it)) {
            note(&mut tolerant, toleration.span);
        }
    }
    let words = ["must spread its Pods across nodes", "must spread their Pods across nodes"];
    signals.places(Signal::RequiredSpread, MultiNode, &required, words);
    let words =
        ["prefers to spread its Pods across nodes", "prefer to spread their Pods across nodes"];
    signals.places(Signal::PreferredSpread, MultiNode, &preferred, words);
    let words = ["asks for particular nodes", "ask for particular nodes"];
    signals.places(Signal::ParticularNodes, MultiNode, &pinned, words);
    let words = [
        "may run on nodes that are kept for something",
        "may run on nodes that are kept for something",
    ];
    signals.places(Signal::Tolerations, MultiNode, &tolerant, words);
    let words = ["runs on every node", "run on every node"];
    signals.places(Signal::RunsOnEveryNode, MultiNode, &agents, words);
    let budgets = system.objects_where(|body| matches!(body, Body::DisruptionBudget(_)));
    let words = ["protects Pods while a node is drained", "protect Pods while a node is drained"];
    signals.places(Signal::DisruptionBudget, MultiNode, &budgets, words);
    add_swarm(signals, system);

    // What must run on different nodes does not run on one server.
    if let Some((label, span)) = required.first() {
        let fact = format!("{label} must spread its Pods across nodes");
        signals.add(Signal::MustSurviveLoss, OneServer, No, fact, Some(*span));
    }
    if !signals.any(MultiNode, super::Yes) && !system.is_empty() && !system.hides_workloads() {
        let fact = if system.workloads.is_empty() {
            "nothing in the files mentions more than one machine"
        } else {
            "no workload spreads across nodes, asks for a node or guards against the loss of one"
        };
        signals.add(Signal::NothingSpreads, MultiNode, No, fact, None);
    }
}

/// Returns whether the Pods of a workload must or may be spread across nodes, and where that is written.
/// One replica has nothing to spread.
fn spread(workload: &Workload<'_>) -> Option<(bool, Span)> {
    let spec = &workload.model.template.spec;
    let several = workload.copies.is_many();
    let anti = spec.affinity.anti_terms.iter().find(|term| term.required && several);
    let hard = spec.topology_spread.iter().find(|it| {
        several && it.when_unsatisfiable.as_ref().is_none_or(|it| it.as_str() == "DoNotSchedule")
    });
    let required = anti.map(|term| term.span).or(hard.map(|it| it.span));
    let preferred = spec.topology_spread.first().map(|it| it.span).or(spec.affinity.anti);
    required.map(|span| (true, span)).or(preferred.map(|span| (false, span)))
}

/// Whether all that a node affinity names are labels that any node has.
fn names_any_node(system: &System<'_>, span: Span) -> bool {
    let text = system.facts.written(&span);
    let keys = text.match_indices("key:").count();
    let known: usize =
        LABELS_OF_ANY_NODE.iter().map(|label| text.matches(&format!("key: {label}")).count()).sum();
    keys > 0 && known >= keys
}

/// Whether a toleration is for a taint that somebody set, and not for one of the states of a node.
fn is_for_kept_nodes(toleration: &Toleration) -> bool {
    let key = toleration.key.as_ref().map_or("", |key| key.as_str());
    !key.is_empty()
        && !key.starts_with("node.kubernetes.io/")
        && !key.starts_with("node-role.kubernetes.io/")
}

/// Whether a constraint tells nodes apart. Every swarm has a manager, if only one; a host name or an
/// operating system binds a service to where it can run.
fn tells_nodes_apart(constraint: &str) -> bool {
    let words: String = constraint.chars().filter(|it| !it.is_whitespace()).collect();
    !(words == "node.role==manager"
        || words == "node.role!=worker"
        || words.starts_with("node.hostname==")
        || words.starts_with("node.id==")
        || words.starts_with("node.platform."))
}

/// Adds what a swarm is asked for.
fn add_swarm(signals: &mut Signals, system: &System<'_>) {
    let mut placed = Vec::new();
    for service in &system.counted.services {
        let Some(deploy) = &service.model.deploy else { continue };
        let placement = deploy.placement.as_ref().filter(|it| {
            !it.preferences.is_empty()
                || it.constraints.iter().any(|rule| tells_nodes_apart(rule.as_str()))
        });
        let global = deploy.mode.as_ref().filter(|mode| mode.as_str().starts_with("global"));
        let span = placement.map(|it| it.span).or(global.map(|mode| mode.span));
        placed.extend(span.map(|span| (service.unit.label.clone(), span)));
    }
    let words =
        ["is placed on particular nodes of a swarm", "are placed on particular nodes of a swarm"];
    signals.places(Signal::SwarmPlacement, MultiNode, &placed, words);
    if let Some(network) = system.overlay_network() {
        let fact = format!("the network `{}` spans the hosts of a swarm", network.0);
        signals.add(Signal::OverlayNetwork, MultiNode, super::Yes, fact, Some(network.1));
    }
}

#[cfg(test)]
mod tests {
    use super::tells_nodes_apart;

    #[test]
    fn a_constraint_that_one_node_meets_is_no_sign_of_several() {
        for constraint in ["node.role == manager", "node.hostname==a", "node.platform.os == linux"]
        {
            assert!(!tells_nodes_apart(constraint), "{constraint}");
        }
        for constraint in ["node.role == worker", "node.role != manager", "node.labels.disk == ssd"]
        {
            assert!(tells_nodes_apart(constraint), "{constraint}");
        }
    }
}
