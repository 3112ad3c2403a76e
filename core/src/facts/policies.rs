//! Network policies: which Pods they select, and whom they let through.

use super::sets::World;
use super::{Caller, Facts, PortTarget, Workload, is_below};
use crate::knowledge::net;
use crate::model::Str;
use crate::model::kubernetes::{
    Body, NetworkPolicy, Object, Operator, PolicyPeer, PolicyRule, Selector, find,
};
use crate::text::{Span, folder_of};
use rustc_hash::FxHashMap;

/// A direction of traffic, seen from the Pods that a policy selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ingress,
    Egress,
}

/// A network policy with the Pods that it selects.
#[derive(Debug)]
pub struct Policy<'a> {
    pub object: &'a Object,
    pub model: &'a NetworkPolicy,
    /// Indices of the workloads that it selects if it lands in their namespace.
    pub selects: Vec<usize>,
}

impl<'a> Policy<'a> {
    /// Whether it limits traffic in a direction.
    pub fn limits(&self, direction: Direction) -> bool {
        match direction {
            Direction::Ingress => self.model.limits_ingress(),
            Direction::Egress => self.model.limits_egress(),
        }
    }

    /// Returns the rules for a direction.
    pub fn rules(&self, direction: Direction) -> &'a [PolicyRule] {
        let rules = match direction {
            Direction::Ingress => &self.model.ingress,
            Direction::Egress => &self.model.egress,
        };
        rules.as_ref().map_or(&[], |it| &it.rules)
    }
}

/// The policies that limit what a workload receives or sends.
#[derive(Debug)]
pub struct Limiting<'p, 'a> {
    /// The policies that limit the workload if they are applied to its namespace.
    pub all: Vec<&'p Policy<'a>>,
    /// Those of them that surely do; at least one.
    pub sure: Vec<&'p Policy<'a>>,
}

impl<'p, 'a> Limiting<'p, 'a> {
    /// Returns the policy that a finding is about, and the place of its rules. A policy that allows something
    /// speaks of the case; one that only denies is a default.
    pub fn blamed(&self, direction: Direction) -> Option<(&'p Policy<'a>, Span)> {
        let with_rules = self.sure.iter().find(|it| !it.rules(direction).is_empty());
        let policy = *with_rules.or(self.sure.first())?;
        let (rules, kind) = match direction {
            Direction::Ingress => (&policy.model.ingress, "Ingress"),
            Direction::Egress => (&policy.model.egress, "Egress"),
        };
        let written = rules.as_ref().map(|it| it.span);
        let of_type = policy.model.policy_types.iter().find(|it| it.as_str() == kind);
        let span = written.or(of_type.map(|it| it.span)).unwrap_or(policy.object.name_span());
        Some((policy, span))
    }
}

/// The network policies of the project, and what is needed to judge them.
#[derive(Debug)]
pub struct Policies<'a> {
    pub all: Vec<Policy<'a>>,
    /// Indices of the policies that select a workload, by its index, and whether they surely land in its
    /// namespace.
    by_workload: FxHashMap<usize, Vec<(usize, bool)>>,
    /// The Namespaces by their names.
    namespaces: FxHashMap<&'a str, &'a Object>,
}

impl<'a> Facts<'a> {
    /// Returns the network policies. Those beside which other kinds of policies lie are left out: what
    /// these allow is not read.
    pub fn network_policies(&self) -> Policies<'a> {
        let mut policies = Policies {
            all: Vec::new(),
            by_workload: FxHashMap::default(),
            namespaces: FxHashMap::default(),
        };
        let foreign: Vec<&Object> =
            self.objects.iter().copied().filter(|it| is_foreign_policy(it)).collect();
        for &object in &self.objects {
            if let (Body::Namespace, Some(name)) = (&object.body, object.name()) {
                policies.namespaces.insert(name, object);
            }
            let Body::NetworkPolicy(model) = &object.body else { continue };
            if foreign.iter().any(|it| self.together(it.file, object.file)) {
                continue;
            }
            let selector = model.pod_selector.as_ref();
            let is_selected = |it: &&Workload<'a>| {
                selector.is_none_or(|own| own.matches(&it.model.template.meta.labels))
            };
            let around = self.workloads_around(object).filter(is_selected);
            let selects: Vec<usize> = around.map(|it| it.index).collect();
            for at in &selects {
                let is_sure = self.shares_namespace(object, &self.workloads[*at]);
                policies.by_workload.entry(*at).or_default().push((policies.all.len(), is_sure));
            }
            policies.all.push(Policy { object, model, selects });
        }
        policies
    }

    /// Returns the key and the value of the first label that a policy asks of those who connect, and that no Pod
    /// around it has.
    pub fn label_of_nobody(&self, policy: &Policy<'a>) -> Option<(&'a Str, &'a Str)> {
        let peers = policy.rules(Direction::Ingress).iter().flat_map(|it| &it.peers);
        let here = peers.filter(|it| it.namespace_selector.is_none());
        let labels = here.filter_map(|it| it.pod_selector.as_ref()).flat_map(|it| &it.match_labels);
        let is_known = |key: &str, value: &str| {
            self.workloads_around(policy.object).any(|it| {
                let own = it.model.template.meta.label(key);
                own.is_some_and(|it| it.as_str() == value)
            })
        };
        let mut unknown = labels.filter(|(key, value)| !is_known(key, value));
        unknown.next().map(|(key, value)| (key, value))
    }

    /// Whether a workload is known to use host names: it names a host, or one of the policies lets it reach
    /// other Pods, which have fixed names and no fixed addresses.
    pub fn asks_for_names(&self, workload: &Workload<'_>, policies: &[&Policy<'_>]) -> bool {
        let is_name = |host: &str| net::ipv4(host).is_none() && !net::is_loopback(host);
        let mut mentions = workload.units.iter().flat_map(|unit| &unit.peers);
        let is_of_pods = |rule: &PolicyRule| {
            rule.peers.is_empty() || rule.peers.iter().any(|it| it.cidr.is_none())
        };
        mentions.any(|it| is_name(it.host))
            || policies.iter().any(|it| it.rules(Direction::Egress).iter().any(is_of_pods))
    }

    /// Whether an object and a workload surely land in one namespace: it is written at both, or they are
    /// built into one target, or they lie in one folder or one below the other.
    fn shares_namespace(&self, object: &Object, workload: &Workload<'_>) -> bool {
        let (a, b) = (object.file, workload.object.file);
        let written = [&object.meta.namespace, &workload.object.meta.namespace];
        if let [Some(own), Some(other)] = written {
            return own.value == other.value;
        }
        // What is released together goes to one namespace, where nothing else is written.
        if !matches!(self.sets.world(a), World::Part(_)) {
            return true;
        }
        let [a_folder, b_folder] = [a, b].map(|it| folder_of(self.file(it).path()));
        let is_near = is_below(a_folder, b_folder) || is_below(b_folder, a_folder);
        written.iter().all(|it| it.is_none()) && is_near
    }
}

/// Whether an object is a policy of Cilium or Calico, or one for the whole cluster.
fn is_foreign_policy(object: &Object) -> bool {
    let groups =
        ["cilium.io", "crd.projectcalico.org", "projectcalico.org", "policy.networking.k8s.io"];
    object.kind.ends_with("NetworkPolicy") && groups.contains(&object.group())
}

impl<'a> Policies<'a> {
    /// Returns the policies that limit what a workload receives or sends; `None` if none surely does.
    pub fn limiting(
        &self,
        workload: &Workload<'_>,
        direction: Direction,
    ) -> Option<Limiting<'_, 'a>> {
        let own = self.by_workload.get(&workload.index)?;
        let own = own.iter().map(|(at, is_sure)| (&self.all[*at], *is_sure));
        let limiting: Vec<_> = own.filter(|it| it.0.limits(direction)).collect();
        let sure: Vec<_> = limiting.iter().filter(|it| it.1).map(|it| it.0).collect();
        let all = limiting.into_iter().map(|it| it.0).collect();
        (!sure.is_empty()).then_some(Limiting { all, sure })
    }

    /// Whether one of several policies lets a caller through to a port.
    pub fn lets_in(
        &self,
        policies: &[&Policy<'a>],
        caller: &Caller<'_, 'a>,
        target: &PortTarget<'_>,
    ) -> bool {
        policies.iter().any(|policy| {
            let is_meant = |peer: &PolicyPeer| self.may_be_caller(policy, peer, caller);
            policy.rules(Direction::Ingress).iter().any(|rule| {
                rule.allows_port(target.protocol, target.number, target.name)
                    && (rule.peers.is_empty() || rule.peers.iter().any(is_meant))
            })
        })
    }

    /// Whether a peer of a policy may be a caller.
    fn may_be_caller(
        &self,
        policy: &Policy<'_>,
        peer: &PolicyPeer,
        caller: &Caller<'_, 'a>,
    ) -> bool {
        match caller {
            Caller::Client { from, .. } => self.may_be(policy, peer, from),
            Caller::Outside(_) => peer.cidr.is_some(),
            Caller::Route(route, _) => {
                // The Pods of a Gateway may run beside the route, those of an Ingress do not.
                let is_beside = route.kind.as_str() != "Ingress";
                let may_be_controller =
                    |it: &Selector| (is_beside && it.is_empty()) || speaks_of_controller(it);
                peer.cidr.is_some()
                    || peer.namespace_selector.is_some()
                    || peer.pod_selector.as_ref().is_some_and(may_be_controller)
            }
        }
    }

    /// Whether a peer of a policy may be a workload.
    fn may_be(&self, policy: &Policy<'_>, peer: &PolicyPeer, workload: &Workload<'_>) -> bool {
        if peer.cidr.is_some() {
            return true;
        }
        let labels = &workload.model.template.meta.labels;
        if peer.pod_selector.as_ref().is_some_and(|it| !it.matches(labels)) {
            return false;
        }
        match &peer.namespace_selector {
            None => super::sets::may_share_namespace(policy.object.namespace(), workload.namespace),
            Some(selector) => self.may_be_namespace(selector, workload.namespace),
        }
    }

    /// Whether a selector may match a namespace: where its labels are not known, it may.
    fn may_be_namespace(&self, selector: &Selector, namespace: &str) -> bool {
        if namespace == "default" {
            return true;
        }
        let known = self.namespaces.get(namespace).map(|it| &it.meta.labels);
        let has = |key: &str, value: &str| match (is_name_label(key), known) {
            (true, _) => value == namespace,
            (false, Some(labels)) => find(labels, key).is_some_and(|it| it.as_str() == value),
            (false, None) => true,
        };
        let by_labels = selector.match_labels.iter().all(|(key, value)| has(key, value));
        let by_expressions = selector.expressions.iter().all(|it| match it.operator {
            Operator::In => it.values.iter().any(|value| has(&it.key, value)),
            Operator::NotIn if is_name_label(&it.key) => {
                it.values.iter().all(|value| value.as_str() != namespace)
            }
            Operator::NotIn | Operator::Exists | Operator::DoesNotExist => true,
            Operator::Unknown => false,
        });
        by_labels && by_expressions
    }
}

/// Whether every Namespace has its own name under this label.
fn is_name_label(key: &str) -> bool {
    key == "kubernetes.io/metadata.name"
}

/// Whether a rule of `egress` lets through what asks a DNS server of the cluster over a protocol. Where
/// the files do not say, it does.
pub fn allows_dns(policy: &Policy<'_>, rule: &PolicyRule, protocol: &str) -> bool {
    // OpenShift's DNS servers listen on 5353, to which port 53 of their Service leads.
    let is_named = rule.ports.iter().any(|it| {
        let own = it.protocol.as_ref().map_or("TCP", |it| it.as_str());
        let name = it.port.as_ref().and_then(|it| it.value.as_str());
        own == protocol && name.is_some_and(|it| it.contains("dns"))
    });
    let has_port =
        is_named || [53, 5353].iter().any(|port| rule.allows_port(protocol, *port, None));
    let explicit = !rule.ports.is_empty();
    let may_be_dns = |peer: &PolicyPeer| match (&peer.cidr, &peer.namespace_selector) {
        (Some(cidr), _) => explicit || (is_wide(cidr) && !leaves_out_private(peer)),
        (None, None) => policy.object.namespace() == "kube-system",
        (None, Some(namespaces)) => {
            let pods = peer.pod_selector.as_ref().filter(|it| !it.is_empty());
            may_hold_dns(namespaces) && (explicit || pods.is_none_or(speaks_of_dns))
        }
    };
    has_port && (rule.peers.is_empty() || rule.peers.iter().any(may_be_dns))
}

/// Whether a block of addresses is large enough to hold those of a cluster.
fn is_wide(cidr: &str) -> bool {
    let length = cidr.rsplit_once('/').and_then(|it| it.1.parse::<u8>().ok());
    length.is_some_and(|it| it <= 16)
}

/// Whether the exceptions of a block are all the private addresses, of which a cluster uses some.
fn leaves_out_private(peer: &PolicyPeer) -> bool {
    const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
    PRIVATE.iter().all(|block| peer.except.iter().any(|it| it.as_str() == *block))
}

/// Whether a selector may match the namespace of the DNS servers.
fn may_hold_dns(selector: &Selector) -> bool {
    let is_dns = |value: &str| value == "kube-system" || value.contains("dns");
    let is_name = |key: &str| is_name_label(key) || key == "name";
    selector.match_labels.iter().all(|(key, value)| !is_name(key) || is_dns(value))
        && selector.expressions.iter().all(|it| match it.operator {
            Operator::In => !is_name(&it.key) || it.values.iter().any(|value| is_dns(value)),
            Operator::NotIn => !(is_name(&it.key) && it.values.iter().any(|value| is_dns(value))),
            Operator::Exists | Operator::DoesNotExist => true,
            Operator::Unknown => false,
        })
}

fn speaks_of_dns(selector: &Selector) -> bool {
    selector.match_labels.iter().any(|(_, value)| value.contains("dns"))
        || selector.expressions.iter().any(|it| it.values.iter().any(|it| it.contains("dns")))
}

/// Whether a selector means the Pods of an ingress controller or gateway in its own namespace.
fn speaks_of_controller(selector: &Selector) -> bool {
    let values = selector.match_labels.iter().map(|(_, value)| value.as_str());
    let listed = selector.expressions.iter().flat_map(|it| it.values.iter().map(|it| it.as_str()));
    values.chain(listed).any(net::is_controller_label)
}
