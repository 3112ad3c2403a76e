//! How the Pod is reached and what it reaches: ports, Services, routes, names.

use super::Context;
use super::draft::{Beside, Draft, dns_label};
use crate::compare::cases::of_port;
use crate::edit::Yaml;
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::Case;
use crate::model::Str;
use crate::model::compose::{self, KeyValue, Service};
use indexmap::IndexMap;
use rustc_hash::FxHashSet;
use std::net::IpAddr;

pub fn draft(context: &Context<'_, '_>, key: Key, case: Case) -> Option<Draft> {
    let model = context.service.model;
    let text = |value: &Str| Yaml::str(value.to_string());
    match (key, case) {
        (Key::Ports, Case::Udp) => {
            let own = model.ports.iter().filter(|port| of_port(port) == Case::Udp);
            let name = dns_label(&format!("{}-udp", context.names.service));
            exposed(name, context, own.map(Port::of).collect(), Some("LoadBalancer"))
        }
        // Each of these keys gives the one Service for clients inside of the cluster.
        (Key::Ports | Key::Expose, _) => {
            let published = model.ports.iter().filter(|port| of_port(port) != Case::Udp);
            let exposed_ports = model.expose.iter().filter_map(Port::read);
            let ports = published.map(Port::of).chain(exposed_ports).collect();
            exposed(context.names.service.clone(), context, ports, None)
        }
        (Key::Labels, Case::Proxy) => labelled_routes(context, &model.labels),
        (Key::DeployLabels, Case::Proxy) => {
            labelled_routes(context, &model.deploy.as_ref()?.labels)
        }
        (Key::Environment, Case::Proxy) => {
            let value = |name: &str| model.environment.iter().find(|it| it.name.value == name);
            let text = |name: &str| value(name)?.value.as_ref().map(|it| it.as_str());
            let hosts = text("VIRTUAL_HOST")?.split(',').map(|it| it.trim().to_owned()).collect();
            routes(context, hosts, text("VIRTUAL_PORT").and_then(|it| it.parse().ok()))
        }
        (Key::DeployEndpointMode, Case::Addresses) => {
            let spec = [("clusterIP", Yaml::str("None")), ("selector", context.names.selector())];
            let name = context.names.service.clone();
            Some(Draft::objects([Beside::Service.named(name, ("spec", Yaml::map(spec)))]))
        }
        (Key::NetworkMode, Case::Host) => {
            let policy = Yaml::str("ClusterFirstWithHostNet");
            Some(Draft::pod([("hostNetwork", Yaml::bool(true)), ("dnsPolicy", policy)]))
        }
        (Key::NetworkMode, Case::Shared) => one_pod(context),
        (Key::NetworkMode, Case::Off) => {
            let selector = Yaml::map([("matchLabels", context.names.selector())]);
            let types = Yaml::list([Yaml::str("Ingress"), Yaml::str("Egress")]);
            let spec = Yaml::map([("podSelector", selector), ("policyTypes", types)]);
            let name = context.names.workload.clone();
            let policy = Beside::NetworkPolicy.named(name, ("spec", spec));
            Some(Draft::objects([policy]))
        }
        (Key::Pid, Case::Host) => Some(Draft::pod([("hostPID", Yaml::bool(true))])),
        (Key::Pid, Case::Shared) => Some(Draft::pod([("shareProcessNamespace", Yaml::bool(true))])),
        (Key::Ipc, Case::Host) => Some(Draft::pod([("hostIPC", Yaml::bool(true))])),
        (Key::Hostname, _) => {
            let name = model.hostname.as_ref()?;
            Some(Draft::pod([("hostname", Yaml::str(dns_label(name)))]))
        }
        (Key::Domainname, _) => {
            let name = model.domainname.as_ref().filter(|it| !it.contains('.'))?;
            Some(Draft::pod([("subdomain", Yaml::str(dns_label(name)))]))
        }
        (Key::ExtraHosts, Case::Other) => host_aliases(&model.extra_hosts),
        (Key::Dns, _) => {
            let addresses = model.dns.iter().filter(|it| it.parse::<IpAddr>().is_ok());
            let servers: Vec<Yaml<'static>> = addresses.take(MAX_NAME_SERVERS).map(text).collect();
            if servers.is_empty() {
                return None;
            }
            let config = Yaml::map([("nameservers", Yaml::list(servers))]);
            Some(Draft::pod([("dnsPolicy", Yaml::str("None")), ("dnsConfig", config)]))
        }
        (Key::DnsSearch, _) => {
            // An empty name clears the list of the host, which a Pod does not inherit.
            let names: Vec<Yaml<'static>> =
                model.dns_search.iter().filter(|it| !it.is_empty()).map(text).collect();
            let config = Yaml::map([("searches", Yaml::list(names.iter().cloned()))]);
            (!names.is_empty()).then(|| Draft::pod([("dnsConfig", config)]))
        }
        _ => None,
    }
}

/// Maximum number of name servers of a Pod.
///
/// Source: <https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>
const MAX_NAME_SERVERS: usize = 3;

/// Returns both containers in one Pod, the one whose network is shared first.
fn one_pod(context: &Context<'_, '_>) -> Option<Draft> {
    let mode = context.service.model.network_mode.as_ref()?;
    let other = context.service.project.service(mode.strip_prefix("service:")?)?;
    let container = |model: &Service, name: String| {
        let image = Yaml::str(model.image.as_ref()?.to_string());
        Some(Yaml::map([("name", Yaml::str(name)), ("image", image)]))
    };
    let first = container(other, dns_label(&other.name))?;
    let second = container(context.service.model, context.names.container.clone())?;
    Some(Draft::pod([("containers", Yaml::list([first, second]))]))
}

/// A port of the container.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Port {
    number: u16,
    /// `TCP`, `UDP` or `SCTP`.
    protocol: String,
    name: Option<String>,
}

impl Port {
    fn of(port: &compose::Port) -> Port {
        Port {
            number: port.target.value,
            protocol: port.protocol.to_ascii_uppercase(),
            name: port.name.as_ref().map(|name| name.to_string()),
        }
    }

    /// Reads an item of `expose`; none for a range.
    fn read(text: &Str) -> Option<Port> {
        let (number, protocol) = text.as_str().split_once('/').unwrap_or((text.as_str(), "tcp"));
        let number = number.parse().ok()?;
        Some(Port { number, protocol: protocol.to_ascii_uppercase(), name: None })
    }

    /// Returns a name for the port of a Service, which has at most 15 characters and a letter among
    /// them: that of Compose, or else protocol and number.
    fn label(&self) -> String {
        let is_name =
            |it: &String| it.len() <= 15 && it.contains(|it: char| it.is_ascii_alphabetic());
        let own = self.name.as_ref().map(|name| dns_label(name)).filter(is_name);
        own.unwrap_or_else(|| format!("{}-{}", self.protocol.to_ascii_lowercase(), self.number))
    }
}

/// Returns the ports of the container and a Service of this name and type with the same ports.
fn exposed(
    name: String,
    context: &Context<'_, '_>,
    ports: Vec<Port>,
    kind: Option<&'static str>,
) -> Option<Draft> {
    let mut all: Vec<Port> = Vec::new();
    let mut known: FxHashSet<(u16, String)> = FxHashSet::default();
    let mut labels: FxHashSet<String> = FxHashSet::default();
    for port in ports {
        if known.insert((port.number, port.protocol.clone())) {
            let is_taken = labels.contains(&port.label());
            let name = port.name.filter(|_| !is_taken);
            let port = Port { name, ..port };
            labels.insert(port.label());
            all.push(port);
        }
    }
    if all.is_empty() {
        return None;
    }
    let of_container = all.iter().map(|port| {
        let number = Yaml::int(i64::from(port.number));
        let name = Yaml::str(port.label());
        let protocol = Yaml::str(port.protocol.clone());
        Yaml::map([("name", name), ("containerPort", number), ("protocol", protocol)])
    });
    let of_service = all.iter().map(|port| {
        let number = Yaml::int(i64::from(port.number));
        let fields = [
            ("name", Yaml::str(port.label())),
            ("port", number),
            ("targetPort", Yaml::str(port.label())),
            ("protocol", Yaml::str(port.protocol.clone())),
        ];
        Yaml::map(fields)
    });
    let mut spec = Vec::new();
    spec.extend(kind.map(|kind| ("type", Yaml::str(kind))));
    spec.push(("selector", context.names.selector()));
    spec.push(("ports", Yaml::list(of_service)));
    let draft = Draft::container([("ports", Yaml::list(of_container))]);
    Some(draft.with_object(Beside::Service.named(name, ("spec", Yaml::map(spec)))))
}

/// Returns an Ingress for the hosts that proxy labels name.
fn labelled_routes(context: &Context<'_, '_>, labels: &[KeyValue]) -> Option<Draft> {
    let mut hosts: Vec<String> = Vec::new();
    let mut port: Option<u16> = None;
    for label in labels {
        let Some(value) = &label.value else { continue };
        let name = label.key.as_str();
        if name.starts_with("traefik.http.routers.") && name.ends_with(".rule") {
            hosts.extend(hosts_of_rule(value));
        } else if name.ends_with(".loadbalancer.server.port") {
            port = value.parse().ok();
        } else if name == "caddy" || name.starts_with("caddy_") && !name.contains('.') {
            hosts.extend(value.split([' ', ',']).map(host_of_address));
        } else if name.starts_with("caddy") && name.ends_with(".reverse_proxy") {
            port = last_number(value).or(port);
        }
    }
    routes(context, hosts, port)
}

/// Returns an Ingress for some hosts; `None` where there is no host, or where the port behind the route is
/// not known.
fn routes(context: &Context<'_, '_>, mut hosts: Vec<String>, port: Option<u16>) -> Option<Draft> {
    hosts.retain(|host| is_host(host));
    let mut ports = context.service.listens_on();
    ports.truncate(2);
    let port = port.or(match ports[..] {
        [only] => Some(only),
        _ => None,
    })?;
    let backend = Yaml::map([(
        "service",
        Yaml::map([
            ("name", Yaml::str(context.names.service.clone())),
            ("port", Yaml::map([("number", Yaml::int(i64::from(port)))])),
        ]),
    )]);
    let rule = |host: &String| {
        let path = [
            ("path", Yaml::str("/")),
            ("pathType", Yaml::str("Prefix")),
            ("backend", backend.clone()),
        ];
        let http = Yaml::map([("paths", Yaml::list([Yaml::map(path)]))]);
        Yaml::map([("host", Yaml::str(host.clone())), ("http", http)])
    };
    let rules: Vec<Yaml<'static>> = hosts.iter().map(rule).collect();
    if rules.is_empty() {
        return None;
    }
    let spec = Yaml::map([("rules", Yaml::list(rules))]);
    let name = context.names.service.clone();
    Some(Draft::objects([Beside::Ingress.named(name, ("spec", spec))]))
}

/// Returns the hosts in a rule of Traefik: ``Host(`a.example`, `b.example`) && PathPrefix(`/api`)``.
fn hosts_of_rule(rule: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    for (at, matcher) in rule.match_indices("Host(") {
        let arguments = rule[at + matcher.len()..].split(')').next().unwrap_or_default();
        let quoted = arguments.split(['`', '"', '\'']).skip(1).step_by(2);
        hosts.extend(quoted.map(str::to_owned));
    }
    hosts
}

/// Returns the host of an address of Caddy: `https://shop.example:8443`.
fn host_of_address(address: &str) -> String {
    let address = address.trim_start_matches("https://").trim_start_matches("http://");
    address.split([':', '/']).next().unwrap_or_default().to_owned()
}

fn last_number(text: &str) -> Option<u16> {
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    numbers.filter_map(|number| number.parse().ok()).next_back()
}

/// Whether an Ingress accepts a host: a domain name, and no variable.
fn is_host(text: &str) -> bool {
    let plain = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter)
    };
    text.contains('.') && text.chars().all(plain) && !text.starts_with(['.', '-'])
}

/// Returns the names of each address together, as Kubernetes lists them.
fn host_aliases(all: &[KeyValue]) -> Option<Draft> {
    let mut by_address: IndexMap<&str, Vec<Yaml<'static>>> = IndexMap::new();
    for entry in all {
        let Some(address) = entry.value.as_ref().map(|it| it.as_str()) else { continue };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        if address.parse::<IpAddr>().is_ok() {
            by_address.entry(address).or_default().push(Yaml::str(entry.key.to_string()));
        }
    }
    let aliases = by_address.into_iter().map(|(address, names)| {
        Yaml::map([("ip", Yaml::str(address.to_owned())), ("hostnames", Yaml::list(names))])
    });
    let aliases: Vec<Yaml<'static>> = aliases.collect();
    (!aliases.is_empty()).then(|| Draft::pod([("hostAliases", Yaml::list(aliases))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_addresses_name_their_hosts() {
        assert_eq!(hosts_of_rule("Host(`a.example`) && PathPrefix(`/x`)"), ["a.example"]);
        assert_eq!(hosts_of_rule("Host(`a.example`, `b.example`)"), ["a.example", "b.example"]);
        assert_eq!(hosts_of_rule("PathPrefix(`/x`)"), [""; 0]);
        assert_eq!(host_of_address("https://shop.example:8443"), "shop.example");
        assert_eq!(last_number("{{upstreams 8080}}"), Some(8080));
        assert!(!is_host("${DOMAIN}") && is_host("shop.example"));
    }
}
