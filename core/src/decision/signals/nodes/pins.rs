//! What is bound to nodes with a property that no single node has.

use crate::decision::signals::{MultiNode, Signals};
use crate::decision::system::System;
use crate::facts::Workload;
use crate::model::Str;
use crate::model::compose::Constraint;
use crate::model::kubernetes::{Operator, WorkloadKind};
use crate::report::Signal;
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

/// A property that every node has, with one value. To ask for a value says where an image runs, or binds it to a
/// machine, and nothing about wanting several nodes, unless another workload asks for another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Property {
    Name,
    Hostname,
    /// A disk of a cloud is bound to one zone, and so is what mounts it.
    Zone,
    Region,
    OperatingSystem,
    Architecture,
}

impl Property {
    const ALL: [Property; 6] = [
        Property::Name,
        Property::Hostname,
        Property::Zone,
        Property::Region,
        Property::OperatingSystem,
        Property::Architecture,
    ];

    /// Reads a label of a node, or the one field of a node that an affinity may ask for.
    ///
    /// Source: <https://kubernetes.io/docs/reference/labels-annotations-taints/>.
    pub(super) fn of_label(key: &str) -> Option<Property> {
        match key {
            "metadata.name" => Some(Property::Name),
            "kubernetes.io/hostname" => Some(Property::Hostname),
            "topology.kubernetes.io/zone" | "failure-domain.beta.kubernetes.io/zone" => {
                Some(Property::Zone)
            }
            "topology.kubernetes.io/region" | "failure-domain.beta.kubernetes.io/region" => {
                Some(Property::Region)
            }
            "kubernetes.io/os" | "beta.kubernetes.io/os" => Some(Property::OperatingSystem),
            "kubernetes.io/arch" | "beta.kubernetes.io/arch" => Some(Property::Architecture),
            _ => None,
        }
    }

    /// Reads what a constraint of a swarm is about.
    ///
    /// Source: <https://docs.docker.com/reference/cli/docker/service/create/#constraint>.
    fn of_swarm(key: &str) -> Option<Property> {
        match key {
            "node.id" => Some(Property::Name),
            "node.hostname" => Some(Property::Hostname),
            "node.platform.os" => Some(Property::OperatingSystem),
            "node.platform.arch" => Some(Property::Architecture),
            _ => None,
        }
    }

    /// Returns what several workloads do that ask for different values.
    fn words(self) -> &'static str {
        match self {
            Property::Name | Property::Hostname => "are bound to different machines",
            Property::Zone => "are bound to different zones",
            Property::Region => "are bound to different regions",
            Property::OperatingSystem => "ask for different operating systems",
            Property::Architecture => "ask for different architectures",
        }
    }
}

/// The values of a property that suit a workload, and where they are written.
type Pin<'s> = (FxHashSet<&'s str>, Span);

/// The workloads that ask for some value of a property.
#[derive(Debug, Default)]
struct Pinned<'s> {
    asking: Vec<(String, Span)>,
    /// The values that suit all of them; `None` before the first one.
    shared: Option<FxHashSet<&'s str>>,
}

impl<'s> Pinned<'s> {
    fn add(&mut self, label: &str, (values, span): Pin<'s>) {
        self.asking.push((label.to_owned(), span));
        match &mut self.shared {
            Some(shared) => shared.retain(|value| values.contains(value)),
            None => self.shared = Some(values),
        }
    }

    /// Whether no single node suits all of them.
    fn takes_several(&self) -> bool {
        self.asking.len() > 1 && self.shared.as_ref().is_some_and(FxHashSet::is_empty)
    }
}

/// Adds what is bound to machines, operating systems or architectures of which no node has all.
pub(super) fn add_pins(signals: &mut Signals, system: &System<'_>) {
    let mut of_cluster: FxHashMap<Property, Pinned<'_>> = FxHashMap::default();
    // An agent for every node runs on those that there are.
    let workloads = system.counted.workloads.iter();
    for workload in workloads.filter(|it| it.kind() != WorkloadKind::DaemonSet) {
        for property in Property::ALL {
            if let Some(pin) = pin(workload, property) {
                of_cluster.entry(property).or_default().add(&workload.label, pin);
            }
        }
    }
    let mut of_swarm: FxHashMap<Property, Pinned<'_>> = FxHashMap::default();
    for service in &system.counted.services {
        let Some(deploy) = &service.model.deploy else { continue };
        let is_agent = deploy.mode.as_ref().is_some_and(|it| it.as_str().starts_with("global"));
        let Some(placement) = deploy.placement.as_ref().filter(|_| !is_agent) else { continue };
        for property in Property::ALL {
            let mut values = placement.constraints.iter().filter_map(|it| swarm_pin(it, property));
            if let Some(value) = values.next() {
                let pin = (std::iter::once(value).collect(), placement.span);
                of_swarm.entry(property).or_default().add(&service.unit.label, pin);
            }
        }
    }
    for side in [of_cluster, of_swarm] {
        for property in Property::ALL {
            if let Some(pinned) = side.get(&property).filter(|it| it.takes_several()) {
                let words = [property.words(); 2];
                signals.places(Signal::ParticularNodes, MultiNode, &pinned.asking, words);
            }
        }
    }
}

/// Returns the values of a property that the Pods of a workload ask for.
fn pin<'w>(workload: &'w Workload<'_>, property: Property) -> Option<Pin<'w>> {
    let spec = &workload.model.template.spec;
    let is_own = |key: &Str| Property::of_label(key.as_str()) == Some(property);
    if let Some((key, value)) = spec.node_selector.iter().find(|(key, _)| is_own(key)) {
        return Some((std::iter::once(value.as_str()).collect(), key.span.to(value.span)));
    }
    if let Some(name) = spec.node_name.as_ref().filter(|_| property == Property::Name) {
        return Some((std::iter::once(name.as_str()).collect(), name.span));
    }
    // A node has to meet one of the terms: one that does not ask leaves any value.
    let mut values: FxHashSet<&str> = FxHashSet::default();
    let mut first: Option<Span> = None;
    for term in spec.affinity.node_terms.iter().filter(|it| it.required) {
        let mut requirements = term.labels.iter().chain(&term.fields);
        let asked = requirements.find(|it| it.operator == Operator::In && is_own(&it.key))?;
        values.extend(asked.values.iter().map(|it| it.as_str()));
        first.get_or_insert(term.span);
    }
    first.filter(|_| !values.is_empty()).map(|span| (values, span))
}

/// Returns the value of a property that a constraint of a swarm asks for; `None` for one that a variable decides.
fn swarm_pin(constraint: &Str, property: Property) -> Option<&str> {
    let constraint = Constraint::parse(constraint.as_str()).filter(|it| it.is_equal)?;
    let is_own = Property::of_swarm(constraint.subject) == Some(property);
    Some(constraint.value).filter(|it| is_own && !it.contains('$'))
}
