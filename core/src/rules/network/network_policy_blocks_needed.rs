use crate::facts::{
    Caller, Callers, Direction, Facts, KubeService, Limiting, Policies, Policy, PortTarget,
    Workload, allows_dns, kubectl, reached_ports,
};
use crate::model::Str;
use crate::report::{Confidence, Findings, Severity, TargetKind, phrases};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

rule! {
    /// A NetworkPolicy shuts out what the same files need.
    ///
    /// ## Why it hurts
    /// As soon as one policy selects a Pod, only what some policy allows gets through. Without DNS no host
    /// name resolves any more, whatever else is allowed. And who was forgotten in `from` sees no error,
    /// only connections that time out.
    ///
    /// ## What helps
    /// Allow port 53 over UDP and TCP to all namespaces beside every other rule of `egress`. In `ingress`,
    /// name everybody who connects: the clients by their Pod labels, the ingress controller by its
    /// namespace.
    ///
    /// ## How to troubleshoot
    /// `kubectl exec` with `getent hosts kubernetes.default` shows whether DNS works, and `nc -vz NAME
    /// PORT` from the client whether the connection gets through.
    ///
    /// ## When to ignore
    /// Where a policy that is not among the files lets the traffic through, or the network of the cluster
    /// enforces none.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: { name: web }
    /// spec:
    ///   podSelector: { matchLabels: { app: web } }
    ///   policyTypes: [Egress]
    ///   egress: # <- NetworkPolicy `web` lets Deployment `web` send only to what it lists, and DNS (port 53) is not among it, so no host name resolves
    ///     - to: [{ podSelector: { matchLabels: { app: db } } }]
    ///       ports: [{ port: 5432 }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: { name: web }
    /// spec:
    ///   podSelector: { matchLabels: { app: web } }
    ///   policyTypes: [Egress]
    ///   egress:
    ///     - to: [{ podSelector: { matchLabels: { app: db } } }]
    ///       ports: [{ port: 5432 }]
    ///     - to: [{ namespaceSelector: {} }]
    ///       ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: web }
    /// spec:
    ///   selector: { matchLabels: { app: web } }
    ///   template:
    ///     metadata: { labels: { app: web } }
    ///     spec: { containers: [{ name: web, image: "acme/web:1" }] }
    /// ```
    PLM426 "network-policy-blocks-needed" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check, about: absence,
    }
}

/// Connections that one policy blocks, reported as one finding.
struct Blocked {
    /// The place of the rules.
    span: Span,
    policy: String,
    cases: Vec<Case>,
    related: Vec<(Span, String)>,
    severity: Severity,
    check: String,
    help: Option<String>,
}

/// Something that a policy shuts out.
struct Case {
    direction: Direction,
    /// The message after the name of the policy.
    message: String,
    /// The name of the client that is shut out.
    name: String,
}

/// What is shut out, by the place in the policy. A policy that only denies is one place: whoever needs
/// something needs a policy of its own, for both directions.
type AllBlocked = IndexMap<Span, Blocked, FxBuildHasher>;

/// Returns the place by which cases are gathered.
fn gathered_at(policy: &Policy<'_>, span: Span) -> Span {
    let only_denies =
        [Direction::Ingress, Direction::Egress].iter().all(|it| policy.rules(*it).is_empty());
    if only_denies { policy.object.name_span() } else { span }
}

fn check(facts: &Facts, out: &mut Findings) {
    let policies = facts.network_policies();
    if policies.all.is_empty() {
        return;
    }
    let callers = facts.callers();
    let mut all = AllBlocked::default();
    for workload in facts.workloads() {
        if let Some(limiting) = policies.limiting(workload, Direction::Egress) {
            without_dns(facts, workload, &limiting, &mut all);
        }
        if let Some(limiting) = policies.limiting(workload, Direction::Ingress) {
            shut_out(facts, workload, &policies, &limiting, &callers, &mut all);
        }
    }
    for blocked in all.values() {
        report(out, blocked);
    }
}

/// Maximum number of others that a message names.
const MAX_NAMES: usize = 6;

fn report(out: &mut Findings, blocked: &Blocked) {
    let mut parts: Vec<String> = Vec::new();
    for direction in [Direction::Ingress, Direction::Egress] {
        let mut cases = blocked.cases.iter().filter(|it| it.direction == direction);
        let Some(first) = cases.next() else { continue };
        let mut names: Vec<&str> = Vec::new();
        for case in cases {
            if !names.contains(&case.name.as_str()) {
                names.push(&case.name);
            }
        }
        let also = if parts.is_empty() { "" } else { "it also " };
        parts.push(format!("{also}{}", first.message));
        if !names.is_empty() {
            parts.push(format!("the same goes for {}", phrases::first_named(&names, MAX_NAMES)));
        }
    }
    let more = parts.join("; ");
    let finding = out.at(&blocked.span, format!("{} {more}", blocked.policy));
    finding.severity(blocked.severity).confidence(Confidence::Likely).check(blocked.check.clone());
    for (span, message) in &blocked.related {
        finding.also(span, message.clone());
    }
    // Who is shut out by several policies for the same reason mostly lacks a label.
    if blocked.cases.iter().all(|it| it.direction == Direction::Ingress) {
        let mut names: Vec<&str> = blocked.cases.iter().map(|it| it.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        finding.cause_in_this_run(format!("shuts out {}", names.join(" ")));
    }
    if let Some(help) = &blocked.help {
        finding.help(help.clone());
    }
}

/// Notes a workload that may send something but cannot resolve names.
fn without_dns<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    limiting: &Limiting<'_, 'a>,
    all: &mut AllBlocked,
) {
    let allows = |protocol: &str| {
        limiting.all.iter().any(|policy| {
            let mut rules = policy.rules(Direction::Egress).iter();
            rules.any(|rule| allows_dns(policy, rule, protocol))
        })
    };
    let (udp, tcp) = (allows("UDP"), allows("TCP"));
    if (udp && tcp) || !facts.asks_for_names(workload, &limiting.all) {
        return;
    }
    let Some((policy, span)) = limiting.blamed(Direction::Egress) else { return };
    let (name, label) = (policy.object.label(), &workload.label);
    let message = if udp {
        format!(
            "lets {label} ask for names over UDP only: answers that do not fit into one packet come over TCP and are lost"
        )
    } else if tcp {
        format!(
            "lets {label} ask for names over TCP only, and resolvers ask over UDP first, so no host name resolves"
        )
    } else if policy.rules(Direction::Egress).is_empty() {
        format!("lets {label} send nothing, not even to DNS (port 53), so no host name resolves")
    } else {
        format!(
            "lets {label} send only to what it lists, and DNS (port 53) is not among it, so no host name resolves"
        )
    };
    let describe = || describe(policy);
    let blocked = all.entry(gathered_at(policy, span)).or_insert_with(|| Blocked {
        span,
        policy: name.clone(),
        cases: Vec::new(),
        related: Vec::new(),
        severity: if udp { Severity::Info } else { Severity::Warning },
        check: match workload.running().next().filter(|it| !facts.lacks_shell(it.0)) {
            Some((unit, _)) => workload.exec(unit, "getent hosts kubernetes.default"),
            None => describe(),
        },
        help: Some(match policy.rules(Direction::Egress) {
            [] => own_policy(workload),
            _ => "Add `- ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]` to `egress`."
                .to_owned(),
        }),
    });
    let related = format!("{label} is selected by {name}");
    let (direction, name) = (Direction::Egress, workload.name.to_owned());
    blocked.cases.push(Case { direction, message, name });
    blocked.related.push((workload.span(), related));
}

/// Returns the command that shows what a policy allows.
fn describe(policy: &Policy<'_>) -> String {
    kubectl("describe", policy.object, "").trim_end().to_owned()
}

/// Returns the advice for a label that no Pod has.
fn label_help(facts: &Facts<'_>, (key, value): (&Str, &Str), from: &Workload<'_>) -> String {
    let label = format!("`{key}: {value}`");
    // Policies look at Pods, and not at the workloads that make them.
    let is_on_workload = from.object.meta.label(key).is_some_and(|it| it.value == value.value);
    let target = facts.built_target(from.object.file).map(|it| it.target.kind);
    match (is_on_workload, target) {
        (true, Some(TargetKind::Kustomization)) => format!(
            "No Pod has the label {label}: {} has it, its Pods do not. `labels` of a kustomization reaches Pod templates only with `includeTemplates: true`.",
            from.label
        ),
        (true, _) => format!(
            "No Pod has the label {label}: {} has it, its Pods do not. Write it into `spec.template.metadata.labels` too.",
            from.label
        ),
        (false, _) => {
            format!("No Pod of these files has the label {label}: name one that the clients have.")
        }
    }
}

/// Returns the advice for a policy that only denies, which is right as it is: what is added to it would be
/// open to everything that it selects.
fn own_policy(workload: &Workload<'_>) -> String {
    format!(
        "Leave the policy that denies everything as it is, and add one for {}: `ingress` with those who connect \
         to it, and `egress` with what it needs, port 53 over UDP and TCP included.",
        workload.label
    )
}

/// Notes the connections to a workload that somebody in the same files needs and that no policy allows.
fn shut_out<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    policies: &Policies<'a>,
    limiting: &Limiting<'_, 'a>,
    callers: &Callers<'_, 'a>,
    all: &mut AllBlocked,
) {
    let Some((policy, span)) = limiting.blamed(Direction::Ingress) else { return };
    for service in facts.services_for(workload) {
        for source in callers.get(&service.index).into_iter().flatten() {
            let port = match source {
                Caller::Client { port, .. } => *port,
                Caller::Route(..) | Caller::Outside(_) => None,
            };
            let targets = reached_ports(workload, service, port);
            let is_open = |target: &PortTarget<'_>| policies.lets_in(&limiting.all, source, target);
            let Some(first) = targets.first().filter(|_| !targets.iter().any(is_open)) else {
                continue;
            };
            let (message, place) = words(source, service, workload, first.number);
            let client = match source {
                Caller::Client { from, .. } => Some(*from),
                Caller::Route(..) | Caller::Outside(_) => None,
            };
            let unknown = client.and_then(|it| Some((it, facts.label_of_nobody(policy)?)));
            let span = unknown.map_or(span, |(_, (key, value))| key.span.to(value.span));
            let blocked = all.entry(gathered_at(policy, span)).or_insert_with(|| Blocked {
                span,
                policy: policy.object.label(),
                cases: Vec::new(),
                related: Vec::new(),
                severity: Severity::Warning,
                check: describe(policy),
                help: match unknown {
                    Some((from, label)) => Some(label_help(facts, label, from)),
                    None => {
                        let only_denies = policy.rules(Direction::Ingress).is_empty();
                        only_denies.then(|| own_policy(workload))
                    }
                },
            });
            if blocked.related.iter().any(|it| it.0 == place) {
                continue;
            }
            let (who, name) = match source {
                Caller::Client { from, .. } => (format!("{} connects", from.label), from.name),
                Caller::Route(route, _) => (format!("{} routes", route.label()), service.name),
                Caller::Outside(_) => ("everybody outside may connect".to_owned(), service.name),
            };
            let (direction, name) = (Direction::Ingress, name.to_owned());
            blocked.cases.push(Case { direction, message, name });
            let port = first.number;
            let note = format!("{who} to {} on port {port}, which is not allowed", workload.label);
            blocked.related.push((place, note));
        }
    }
}

/// Returns the end of the message about a connection, and its place.
fn words(
    source: &Caller<'_, '_>,
    service: &KubeService<'_>,
    workload: &Workload<'_>,
    port: i64,
) -> (String, Span) {
    let (label, name) = (&workload.label, service.name);
    match source {
        Caller::Client { from, span, .. } => (
            format!(
                "does not let {} reach {label} on port {port}, although it connects to Service `{name}`",
                from.label
            ),
            *span,
        ),
        Caller::Route(route, span) => (
            format!(
                "does not let an ingress controller reach {label} on port {port}, although {} routes to Service `{name}`",
                route.label()
            ),
            *span,
        ),
        Caller::Outside(span) => (
            format!(
                "lets nobody outside of the cluster reach {label} on port {port}, although Service `{name}` is open to them"
            ),
            *span,
        ),
    }
}

#[cfg(test)]
mod tests;
