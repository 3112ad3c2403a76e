//! Whether several nodes are needed.

mod pins;

use super::{MultiNode, No, OneServer, Signals, Yes};
use crate::decision::system::System;
use crate::facts::{Service, Workload};
use crate::model::Str;
use crate::model::compose::{Constraint, Placement};
use crate::model::kubernetes::{
    AffinityTerm, Body, NodeTerm, Object, Operator, Requirement, Toleration, TopologySpread,
    WorkloadKind,
};
use crate::report::Signal;
use crate::text::Span;
use pins::{Property, add_pins};
use rustc_hash::FxHashSet;

/// Node labels that split the nodes into machines or zones.
///
/// Source: <https://kubernetes.io/docs/reference/labels-annotations-taints/>
const DOMAINS: &[&str] = &[
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
];

pub fn add(signals: &mut Signals, system: &System<'_>) {
    add_spread(signals, system);
    add_kinds_of_nodes(signals, system);
    add_pins(signals, system);
    let budgets = budgets(system);
    let words = ["protects Pods while a node is drained", "protect Pods while a node is drained"];
    signals.places(Signal::DisruptionBudget, MultiNode, &budgets, words);
    add_swarm(signals, system);
    add_size(signals);
}

/// Returns the labels and places of the budgets that protect something: a single replica is gone while its node
/// is drained, whatever a budget says.
fn budgets(system: &System<'_>) -> Vec<(String, Span)> {
    let protects = |object: &&&Object| match &object.body {
        Body::DisruptionBudget(budget) => {
            let selector = budget.selector.as_ref();
            let covered = selector.map(|it| system.facts.workloads_covered(object, it));
            // An operator may make Pods that are not among the files.
            covered.is_none_or(|covered| {
                covered.is_empty() && makes_pods_unseen(system)
                    || covered.iter().any(|it| may_run_several(system, it))
            })
        }
        _ => false,
    };
    let budgets = system.counted.objects.iter().filter(protects);
    budgets.map(|object| (object.label(), object.name_span())).collect()
}

/// Whether Pods may come from manifests that are not read, or from a custom resource.
fn makes_pods_unseen(system: &System<'_>) -> bool {
    let is_custom = |object: &&Object| {
        matches!(object.body, Body::Other)
            && object.group().contains('.')
            && !object.group().ends_with(".k8s.io")
    };
    system.hides_workloads() || system.counted.objects.iter().any(|it| is_custom(&&**it))
}

/// Whether a workload runs more than once, or in a number that is not known.
fn may_run_several(system: &System<'_>, workload: &Workload<'_>) -> bool {
    workload.copies.is_many() || system.facts.has_unknown_count(workload)
}

/// Adds that nothing asks for several nodes, where everything is shown.
pub fn add_absence(signals: &mut Signals, system: &System<'_>) {
    if !signals.any(MultiNode, Yes) && !system.hides_workloads() {
        let mut objects = system.counted.objects.iter();
        let has_budgets = objects.any(|it| matches!(it.body, Body::DisruptionBudget(_)));
        let mut services = system.services.iter();
        let has_swarm = services.any(|it| system.facts.is_for_swarm(it));
        let fact = if system.workloads.is_empty() && has_swarm {
            "nothing in the files that count mentions more than one machine"
        } else if system.workloads.is_empty() {
            "nothing in the files mentions more than one machine"
        } else if has_budgets {
            "no workload spreads across nodes or asks for different nodes, and a budget for a single replica guards nothing"
        } else {
            "no workload spreads across nodes, asks for different nodes or guards against the loss of one"
        };
        signals.add(Signal::NothingSpreads, MultiNode, No, fact, None);
    }
}

/// Adds that a load that no server carries takes several.
fn add_size(signals: &mut Signals) {
    let is_beyond = |it: &Signal| matches!(it, Signal::BeyondServers | Signal::ManyGpus);
    let beyond: Vec<_> =
        signals.on(OneServer).filter(|it| is_beyond(&it.signal)).cloned().collect();
    for seen in beyond {
        signals.add(seen.signal, MultiNode, Yes, seen.fact, seen.span);
    }
}

/// Adds which Pods must or may be spread across nodes.
fn add_spread(signals: &mut Signals, system: &System<'_>) {
    let mut required = Vec::new();
    let mut preferred = Vec::new();
    let mut away = Vec::new();
    let mut beside = Vec::new();
    let mut within: [Vec<(String, Span)>; 2] = Default::default();
    for workload in &system.counted.workloads {
        let note = |list: &mut Vec<_>, span: Span| list.push((workload.label.clone(), span));
        if let Some(span) = workload.model.template.spec.affinity.pod {
            note(&mut beside, span);
        }
        match spread(system, workload) {
            Spread::Required(_, span) => note(&mut required, span),
            Spread::WithinOne(domain, span) => note(&mut within[domain as usize], span),
            Spread::Preferred(span) => note(&mut preferred, span),
            Spread::FromOthers(span) => note(&mut away, span),
            Spread::Nothing => {}
        }
    }
    let words = ["must spread its Pods across nodes", "must spread their Pods across nodes"];
    signals.places(Signal::RequiredSpread, MultiNode, &required, words);
    // What must run on different nodes does not run on one server.
    if let Some((label, span)) = required.first() {
        let fact = format!("{label} must spread its Pods across nodes");
        signals.add(Signal::RequiredSpread, OneServer, No, fact, Some(*span));
    }
    for domain in [Domain::Node, Domain::Zone] {
        signals.places(
            Signal::PreferredSpread,
            MultiNode,
            &within[domain as usize],
            domain.words(),
        );
    }
    let words =
        ["prefers to spread its Pods across nodes", "prefer to spread their Pods across nodes"];
    signals.places(Signal::PreferredSpread, MultiNode, &preferred, words);
    let words =
        ["keeps its Pods away from those of others", "keep their Pods away from those of others"];
    signals.places(Signal::AwayFromOthers, MultiNode, &away, words);
    let words = ["asks for the node of others", "ask for the node of others"];
    signals.places(Signal::BesideOthers, MultiNode, &beside, words);
}

/// What keeps the Pods of a workload apart, and where it is written.
#[derive(Debug, Clone, Copy)]
enum Spread {
    /// One node cannot meet it.
    Required(Rule, Span),
    /// It must be met, and a single domain meets it too.
    WithinOne(Domain, Span),
    Preferred(Span),
    /// The Pods keep away from those of other workloads.
    FromOthers(Span),
    Nothing,
}

/// What Pods are spread over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Domain {
    Node,
    Zone,
}

impl Domain {
    fn of_key(key: &str) -> Domain {
        if key.ends_with("/zone") { Domain::Zone } else { Domain::Node }
    }

    /// Returns the predicate for one subject, and that for several.
    fn words(self) -> [&'static str; 2] {
        match self {
            Domain::Node => [
                "must spread over nodes, which one node also meets",
                "must spread over nodes, which one node also meets",
            ],
            Domain::Zone => [
                "must spread over zones, which one zone also meets",
                "must spread over zones, which one zone also meets",
            ],
        }
    }
}

/// What keeps replicas from running on one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    AntiAffinity,
    MinDomains,
    Placement,
}

impl Rule {
    /// Returns the rule as the files write it.
    pub fn words(self) -> &'static str {
        match self {
            Rule::AntiAffinity => "required anti-affinity",
            Rule::MinDomains => "topology spread with `minDomains`",
            Rule::Placement => "placement",
        }
    }

    /// Returns what stays pending.
    pub fn pending(self) -> &'static str {
        match self {
            Rule::AntiAffinity | Rule::MinDomains => "Pods",
            Rule::Placement => "tasks",
        }
    }
}

/// A workload or service that one node cannot run as it is written.
#[derive(Debug)]
pub struct Blocked {
    pub label: String,
    pub rule: Rule,
    pub span: Span,
}

/// Returns the first of what one node cannot run as it is written.
pub fn blocked_on_one_node(system: &System<'_>) -> Option<Blocked> {
    let of_workload = |workload: &&Workload<'_>| match spread(system, workload) {
        Spread::Required(rule, span) => Some(Blocked { label: workload.label.clone(), rule, span }),
        Spread::WithinOne(..) | Spread::Preferred(_) => None,
        Spread::FromOthers(_) | Spread::Nothing => None,
    };
    let of_service = |service: &&Service<'_>| {
        let placement = service.model.deploy.as_ref()?.placement.as_ref()?;
        let (label, span) = (service.unit.label.clone(), placement.span);
        let is_blocked = takes_several(placement, service.model.replicas());
        is_blocked.then_some(Blocked { label, rule: Rule::Placement, span })
    };
    let mut workloads = system.counted.workloads.iter();
    let mut services = system.counted.services.iter();
    workloads
        .find_map(|it| of_workload(&&**it))
        .or_else(|| services.find_map(|it| of_service(&&**it)))
}

fn spread(system: &System<'_>, workload: &Workload<'_>) -> Spread {
    let spec = &workload.model.template.spec;
    // One replica has nothing to spread.
    let several = workload.copies.is_many();
    let may_be_several = may_run_several(system, workload);
    let most = system.facts.replica_range(workload).map_or(2, |range| range.1);
    let anti = &spec.affinity.anti_terms;
    let apart = anti.iter().find(|term| several && keeps_apart(workload, term)).map(|it| it.span);
    let over = spec.topology_spread.iter().find(|it| several && needs_domains(workload, most, it));
    if let Some(span) = apart {
        return Spread::Required(Rule::AntiAffinity, span);
    }
    if let Some(constraint) = over {
        return Spread::Required(Rule::MinDomains, constraint.span);
    }
    let from_others = |term: &&AffinityTerm| term.required && !selects_own(workload, term);
    let preferred = anti.iter().find(|term| !from_others(term)).map(|it| it.span);
    let mut hard = spec.topology_spread.iter().filter(|it| is_hard(it) && preferred.is_none());
    let within = hard.find_map(|constraint| {
        let key = constraint.topology_key.as_ref().filter(|it| is_domain(Some(it)))?;
        Some(Spread::WithinOne(Domain::of_key(key), constraint.span))
    });
    if let Some(within) = within.filter(|_| may_be_several) {
        return within;
    }
    let preferred = preferred.or(spec.topology_spread.first().map(|it| it.span));
    if let Some(span) = preferred.filter(|_| may_be_several) {
        return Spread::Preferred(span);
    }
    anti.iter().find(from_others).map_or(Spread::Nothing, |it| Spread::FromOthers(it.span))
}

fn selects_own(workload: &Workload<'_>, term: &AffinityTerm) -> bool {
    let own = &workload.model.template.meta.labels;
    term.selector.as_ref().is_some_and(|selector| selector.matches(own))
}

fn is_domain(key: Option<&Str>) -> bool {
    key.is_some_and(|key| DOMAINS.contains(&key.as_str()))
}

/// Whether a term of anti-affinity keeps the Pods of the workload on different machines or in different zones.
fn keeps_apart(workload: &Workload<'_>, term: &AffinityTerm) -> bool {
    term.required && is_domain(term.topology_key.as_ref()) && selects_own(workload, term)
}

/// Whether a constraint leaves Pods pending while there is a single domain, whatever label tells the domains apart.
/// Without `minDomains`, the only domain there is has no other to differ from; with it, the only one may hold
/// `maxSkew` Pods: <https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>.
fn needs_domains(workload: &Workload<'_>, replicas: i64, constraint: &TopologySpread) -> bool {
    let own = &workload.model.template.meta.labels;
    is_hard(constraint)
        && constraint.min_domains.is_some_and(|it| it.value > 1)
        && replicas > constraint.max_skew.map_or(1, |it| it.value)
        && constraint.selector.as_ref().is_some_and(|selector| selector.matches(own))
}

/// Whether a Pod stays pending rather than break a constraint.
fn is_hard(constraint: &TopologySpread) -> bool {
    constraint.when_unsatisfiable.as_ref().is_none_or(|it| it.as_str() == "DoNotSchedule")
}

/// Adds which kinds of nodes are asked for.
fn add_kinds_of_nodes(signals: &mut Signals, system: &System<'_>) {
    let mut kinds: FxHashSet<Vec<(&str, &str)>> = FxHashSet::default();
    let mut asking = Vec::new();
    let mut preferring = Vec::new();
    let mut tolerant = Vec::new();
    let mut agents = Vec::new();
    for workload in &system.counted.workloads {
        let note = |list: &mut Vec<_>, span: Span| list.push((workload.label.clone(), span));
        let spec = &workload.model.template.spec;
        if let Some((kind, span)) = kind_of_node(workload) {
            kinds.insert(kind);
            note(&mut asking, span);
        } else if let Some(term) =
            spec.affinity.node_terms.iter().find(|it| !it.required && tells_kinds_apart(it))
        {
            note(&mut preferring, term.span);
        }
        if workload.kind() == WorkloadKind::DaemonSet {
            note(&mut agents, workload.span());
        } else if let Some(toleration) = spec.tolerations.iter().find(|it| is_for_kept_nodes(it)) {
            note(&mut tolerant, toleration.span);
        }
    }
    let signal = if kinds.len() > 1 { Signal::ParticularNodes } else { Signal::KindOfNode };
    let words = ["asks for nodes of a kind", "ask for nodes of a kind"];
    signals.places(signal, MultiNode, &asking, words);
    if asking.is_empty() {
        let words = ["prefers nodes of a kind", "prefer nodes of a kind"];
        signals.places(Signal::KindOfNode, MultiNode, &preferring, words);
    }
    let words = [
        "may run on nodes that are kept for something",
        "may run on nodes that are kept for something",
    ];
    signals.places(Signal::Tolerations, MultiNode, &tolerant, words);
    let words = ["runs on every node", "run on every node"];
    signals.places(Signal::RunsOnEveryNode, MultiNode, &agents, words);
}

/// Returns the labels of the nodes that the Pods of a workload ask for, and where they are written.
fn kind_of_node<'w>(workload: &'w Workload<'_>) -> Option<(Vec<(&'w str, &'w str)>, Span)> {
    let spec = &workload.model.template.spec;
    let is_particular = |key: &str| Property::of_label(key).is_none();
    let mut labels = spec.node_selector.iter().filter(|(key, _)| is_particular(key.as_str()));
    if let Some(first) = labels.next() {
        let all = std::iter::once(first).chain(labels);
        let mut kind: Vec<_> = all.map(|(key, value)| (key.as_str(), value.as_str())).collect();
        kind.sort_unstable();
        return Some((kind, first.0.span.to(first.1.span)));
    }
    // A node has to meet one of the terms: one that any node may meet leaves nothing to ask for.
    let mut required = spec.affinity.node_terms.iter().filter(|it| it.required).peekable();
    let first = *required.peek()?;
    if !required.all(tells_kinds_apart) {
        return None;
    }
    let requirements = first.labels.iter().filter(|it| tells_apart(it));
    let value = |it: &'w Requirement| it.values.first().map_or("", |value| value.as_str());
    let mut kind: Vec<_> = requirements.map(|it| (it.key.as_str(), value(it))).collect();
    kind.sort_unstable();
    Some((kind, first.span))
}

fn tells_kinds_apart(term: &NodeTerm) -> bool {
    term.labels.iter().any(tells_apart)
}

/// Whether a requirement asks for a label that not every node has. A node without any label meets `NotIn` and
/// `DoesNotExist`: <https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/>.
fn tells_apart(requirement: &Requirement) -> bool {
    let asks = match requirement.operator {
        // `Gt` and `Lt` are unknown to label selectors, and compare a label that has to be there.
        Operator::In | Operator::Exists | Operator::Unknown => true,
        Operator::NotIn | Operator::DoesNotExist => false,
    };
    asks && Property::of_label(requirement.key.as_str()).is_none()
}

/// Whether a toleration is for a taint that somebody set, and not for one of the states of a node.
fn is_for_kept_nodes(toleration: &Toleration) -> bool {
    let key = toleration.key.as_ref().map_or("", |key| key.as_str());
    !key.is_empty()
        && !key.starts_with("node.kubernetes.io/")
        && !key.starts_with("node-role.kubernetes.io/")
}

/// What a constraint of a swarm says about its nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// A swarm has a manager: whatever else it asks for takes another node.
    AnotherNode,
    /// It asks for a label, which a single node may have.
    Label,
    /// It binds a service to a machine, or to what any node is.
    AnyNode,
}

/// Reads what a constraint asks for: <https://docs.docker.com/engine/swarm/services/#placement-constraints>.
fn asked(text: &str) -> Asked {
    let Some(constraint) = Constraint::parse(text) else { return Asked::AnyNode };
    let subject = constraint.subject;
    let is_label = subject.starts_with("node.labels.") || subject.starts_with("engine.labels.");
    match constraint.asks_for_manager() {
        Some(false) => Asked::AnotherNode,
        None if is_label && constraint.is_equal => Asked::Label,
        Some(true) | None => Asked::AnyNode,
    }
}

/// Adds what a swarm is asked for.
fn add_swarm(signals: &mut Signals, system: &System<'_>) {
    let mut placed = Vec::new();
    let mut labelled = Vec::new();
    let mut spread = Vec::new();
    let mut global = Vec::new();
    for service in &system.counted.services {
        let Some(deploy) = &service.model.deploy else { continue };
        let note = |list: &mut Vec<_>, span: Span| list.push((service.unit.label.clone(), span));
        if let Some(placement) = &deploy.placement {
            let has =
                |wanted: Asked| placement.constraints.iter().any(|it| asked(it.as_str()) == wanted);
            if takes_several(placement, service.model.replicas()) {
                note(&mut placed, placement.span);
            } else if has(Asked::Label) {
                note(&mut labelled, placement.span);
            } else if !placement.preferences.is_empty() {
                note(&mut spread, placement.span);
            }
        }
        let mode = deploy.mode.as_ref().filter(|mode| mode.as_str().starts_with("global"));
        if let Some(mode) = mode {
            note(&mut global, mode.span);
        }
    }
    let words = ["takes more than one node of a swarm", "take more than one node of a swarm"];
    signals.places(Signal::SwarmPlacement, MultiNode, &placed, words);
    if let Some((label, span)) = placed.first() {
        let fact = format!("{label} takes more than one node of a swarm");
        signals.add(Signal::SwarmPlacement, OneServer, No, fact, Some(*span));
    }
    let words = ["asks for labelled nodes of a swarm", "ask for labelled nodes of a swarm"];
    signals.places(Signal::KindOfNode, MultiNode, &labelled, words);
    let words = ["prefers to be spread over a swarm", "prefer to be spread over a swarm"];
    signals.places(Signal::PreferredSpread, MultiNode, &spread, words);
    let words = ["runs on every node of a swarm", "run on every node of a swarm"];
    signals.places(Signal::RunsOnEveryNode, MultiNode, &global, words);
    if let Some(network) = system.overlay_network() {
        let fact = format!("the network `{}` spans the hosts of a swarm", network.0);
        signals.add(Signal::OverlayNetwork, MultiNode, Yes, fact, Some(network.1));
    }
}

/// Whether a placement asks for more than one node of a swarm.
fn takes_several(placement: &Placement, replicas: i64) -> bool {
    let mut constraints = placement.constraints.iter();
    constraints.any(|it| asked(it.as_str()) == Asked::AnotherNode)
        || is_crowded(placement, replicas)
}

/// Whether one node may not hold all replicas.
fn is_crowded(placement: &Placement, replicas: i64) -> bool {
    placement.max_replicas_per_node.is_some_and(|most| most.value > 0 && most.value < replicas)
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked};

    #[test]
    fn a_constraint_that_one_node_meets_is_no_sign_of_several() {
        for text in ["node.role == manager", "node.hostname==a", "node.platform.os == linux"] {
            assert_eq!(asked(text), Asked::AnyNode, "{text}");
        }
        for text in ["node.role == worker", "node.role != manager"] {
            assert_eq!(asked(text), Asked::AnotherNode, "{text}");
        }
        assert_eq!(asked("node.labels.disk == ssd"), Asked::Label);
        assert_eq!(asked("node.labels.disk != hdd"), Asked::AnyNode);
    }
}
