use crate::facts::{
    Caller, Callers, Direction, Facts, KubeService, Limiting, Policies, Policy, PortTarget,
    Workload, allows_dns, reached_ports,
};
use crate::report::{Confidence, Findings, Severity, phrases};
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

/// What one policy shuts out, which is one finding.
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
    let describe = || describe(policy, workload);
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
fn describe(policy: &Policy<'_>, workload: &Workload<'_>) -> String {
    let name = policy.object.name().map_or("", |it| it.as_str());
    format!("kubectl describe networkpolicy{} {name}", workload.namespace_flag())
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
            let blocked = all.entry(gathered_at(policy, span)).or_insert_with(|| Blocked {
                span,
                policy: policy.object.label(),
                cases: Vec::new(),
                related: Vec::new(),
                severity: Severity::Warning,
                check: describe(policy, workload),
                help: policy.rules(Direction::Ingress).is_empty().then(|| own_policy(workload)),
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
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    fn pod(name: &str, more: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec: {{containers: [{{name: {name}, image: a{more}}}]}}\n"
        )
    }

    fn policy(spec: &str) -> String {
        format!(
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p}}\nspec: {{{spec}}}\n"
        )
    }

    fn egress(rules: &str) -> usize {
        let own = policy(&format!(
            "podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{rules}]"
        ));
        messages(&RULE, &format!("{}{own}", pod("web", ""))).len()
    }

    const DB: &str = "{to: [{podSelector: {matchLabels: {app: db}}}]}";
    const PORTS: &str = "ports: [{port: 53, protocol: UDP}, {port: 53}]";

    #[test]
    fn dns_may_be_allowed_in_many_ways() {
        assert_eq!(egress(DB), 1);
        for allowed in [
            format!("{{{PORTS}}}"),
            "{}".to_owned(),
            "{to: [{namespaceSelector: {}}]}".to_owned(),
            "{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}".to_owned(),
            "{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]}".to_owned(),
            format!(
                "{{to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: kube-system}}}}}}], {PORTS}}}"
            ),
            format!(
                "{{to: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], {PORTS}}}"
            ),
            format!("{{to: [{{ipBlock: {{cidr: 10.96.0.10/32}}}}], {PORTS}}}"),
            "{ports: [{port: 1, endPort: 100, protocol: UDP}, {protocol: TCP}]}".to_owned(),
            "{ports: [{port: dns, protocol: UDP}, {port: dns-tcp, protocol: TCP}]}".to_owned(),
        ] {
            assert_eq!(egress(&format!("{DB}, {allowed}")), 0, "{allowed}");
        }
    }

    #[test]
    fn what_does_not_reach_the_dns_servers() {
        for other in [
            "{ports: [{port: 443}]}".to_owned(),
            "{to: [{ipBlock: {cidr: 10.1.2.3/32}}]}".to_owned(),
            "{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}]}".to_owned(),
            format!("{{to: [{{podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], {PORTS}}}"),
            format!("{{to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: shop}}}}}}], {PORTS}}}"),
        ] {
            assert_eq!(egress(&format!("{DB}, {other}")), 1, "{other}");
        }
    }

    #[test]
    fn one_protocol_is_not_enough() {
        let own = |protocol: &str| {
            policy(&format!(
                "podSelector: {{}}, policyTypes: [Egress], egress: [{{ports: [{{port: 53, protocol: {protocol}}}]}}]"
            ))
        };
        let severity = |protocol: &str| {
            findings(&RULE, &format!("{}{}", pod("web", ""), own(protocol)))[0].severity
        };
        assert_eq!(severity("UDP"), Severity::Info);
        assert_eq!(severity("TCP"), Severity::Warning);
    }

    #[test]
    fn another_policy_may_allow_dns() {
        let deny = policy("podSelector: {}, policyTypes: [Egress]");
        let dns = policy(&format!("podSelector: {{}}, egress: [{{{PORTS}}}]"))
            .replace("name: p", "name: dns");
        let names = pod("web", ", env: [{name: URL, value: 'http://api:80'}]");
        assert_eq!(messages(&RULE, &format!("{names}{deny}")).len(), 1);
        assert_eq!(messages(&RULE, &format!("{names}{deny}{dns}")).len(), 0);
        let silent = pod("web", "");
        assert_eq!(messages(&RULE, &format!("{silent}{deny}")).len(), 0, "it names no host");
    }

    #[test]
    fn other_policies_and_policies_of_nothing_are_silent() {
        let own = policy(&format!("podSelector: {{matchLabels: {{app: other}}}}, egress: [{DB}]"));
        assert!(messages(&RULE, &format!("{}{own}", pod("web", ""))).is_empty());
        let own = policy(&format!("podSelector: {{}}, egress: [{DB}]"));
        let cilium = "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: c}\nspec: {}\n";
        assert_eq!(messages(&RULE, &format!("{}{own}", pod("web", ""))).len(), 1);
        assert!(messages(&RULE, &format!("{}{own}{cilium}", pod("web", ""))).is_empty());
        let calico = own.replace("networking.k8s.io/v1", "projectcalico.org/v3");
        assert!(messages(&RULE, &format!("{}{calico}", pod("web", ""))).is_empty());
        let ingress_only = policy("podSelector: {}, policyTypes: [Ingress], egress: []");
        assert!(messages(&RULE, &format!("{}{ingress_only}", pod("web", ""))).is_empty());
    }

    fn service(kind: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{{kind}selector: {{app: db}}, ports: [{{port: 80, targetPort: 5432}}]}}\n"
        )
    }

    fn ingress(rules: &str, more: &str) -> Vec<String> {
        let own = policy(&format!("podSelector: {{matchLabels: {{app: db}}}}, ingress: [{rules}]"));
        messages(&RULE, &format!("{}{own}{more}", pod("db", "")))
    }

    #[test]
    fn a_client_that_names_the_service_must_get_through() {
        let client = pod("web", ", env: [{name: DB, value: 'http://db:80'}]");
        let both = format!("{}{client}", service(""));
        let web = "podSelector: {matchLabels: {app: web}}";
        assert_eq!(
            ingress("{from: [{podSelector: {matchLabels: {app: api}}}]}", &both),
            [
                "NetworkPolicy `p` does not let Pod `web` reach Pod `db` on port 5432, although it connects to Service `db`"
            ]
        );
        assert_eq!(ingress("", &both).len(), 1);
        assert_eq!(
            ingress(&format!("{{from: [{{{web}}}], ports: [{{port: 80}}]}}"), &both).len(),
            1
        );
        for allowed in [
            format!("{{from: [{{{web}}}]}}"),
            format!("{{from: [{{{web}}}], ports: [{{port: 5432}}]}}"),
            "{}".to_owned(),
            "{from: []}".to_owned(),
            "{from: [{podSelector: {}}]}".to_owned(),
            "{from: [{namespaceSelector: {matchLabels: {team: a}}}]}".to_owned(),
            "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}".to_owned(),
        ] {
            assert!(ingress(&allowed, &both).is_empty(), "{allowed}");
        }
    }

    #[test]
    fn one_policy_is_one_finding() {
        let own =
            policy("podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: x}}}]}]");
        let client = |name: &str| pod(name, ", env: [{name: DB, value: 'http://db:80'}]");
        let text =
            format!("{}{}{}{}{own}", pod("db", ""), service(""), client("web"), client("api"));
        let found = messages(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("; the same goes for `api`"), "{found:?}");
    }

    #[test]
    fn a_policy_of_another_folder_may_not_be_meant() {
        let client = pod("web", ", env: [{name: DB, value: 'http://db:80'}]");
        let deny = policy("podSelector: {}, ingress: []");
        let app = format!("{}{}{client}", pod("db", ""), service(""));
        let count = |folder: &str| {
            messages(
                &RULE,
                &format!("# file: k8s/app/all.yaml\n{app}# file: {folder}/deny.yaml\n{deny}"),
            )
            .len()
        };
        assert_eq!(count("k8s/app"), 1);
        assert_eq!(count("k8s"), 1);
        assert_eq!(count("k8s/other"), 0, "no namespace is written");
    }

    #[test]
    fn an_ingress_controller_comes_from_another_namespace() {
        let route = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: db, port: {number: 80}}}}]}}]}\n";
        let both = format!("{}{route}", service(""));
        let own = "{from: [{podSelector: {matchLabels: {app: web}}}]}";
        assert!(ingress(own, &both)[0].contains("does not let an ingress controller reach"));
        assert_eq!(ingress("{from: [{podSelector: {}}]}", &both).len(), 1);
        assert!(ingress("{from: [{namespaceSelector: {}}]}", &both).is_empty());
        let beside = "{from: [{podSelector: {matchLabels: {app: traefik}}}]}";
        assert!(ingress(beside, &both).is_empty());
        assert!(ingress(own, &service("")).is_empty(), "nothing routes to it");
    }

    #[test]
    fn a_load_balancer_lets_in_who_is_outside() {
        let open = service("type: LoadBalancer, ");
        assert!(ingress("{from: [{namespaceSelector: {}}]}", &open)[0].contains("nobody outside"));
        assert!(ingress("{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}", &open).is_empty());
        assert!(ingress("{ports: [{port: 5432}]}", &open).is_empty());
    }
}
