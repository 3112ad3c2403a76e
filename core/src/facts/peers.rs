//! Peers: the hosts that a container dials, what listens beside it, and whether a host name may exist
//! although the files do not show it.

use super::host_options::{Piece, host_options};
use super::unit::{Part, Site, Unit};
use super::{Facts, KubeHost, KubeService, Mention, Service, Workload};
use crate::knowledge::env::{is_browser_facing, is_own_address_key};
use crate::knowledge::net;
use crate::knowledge::shell::Word;
use crate::model::IntOrStr;
use crate::model::kubernetes::{Container, ServicePort};
use crate::text::{FileId, Span};
use std::iter;

impl<'a> Facts<'a> {
    /// Returns the Services that select a workload's Pods.
    pub fn services_for(&self, workload: &Workload<'a>) -> Vec<&KubeService<'a>> {
        workload.services.iter().map(|at| &self.kube_services[*at]).collect()
    }

    /// Returns the workloads whose Pods a Service selects.
    pub fn selected(&self, service: &KubeService<'a>) -> Vec<&Workload<'a>> {
        service.selects.iter().map(|at| &self.workloads[*at]).collect()
    }

    /// Returns the first Service port whose traffic reaches this container. A headless Service gives its Pods
    /// DNS names, and clients choose a Pod themselves.
    pub fn routed_port(
        &self,
        workload: &Workload<'a>,
        container: &Container,
    ) -> Option<(&KubeService<'a>, &'a ServicePort)> {
        self.port_behind(workload, container, &|it| !it.model.is_headless())
    }

    /// Returns the first port of this container behind one of those Services that `counts` chooses.
    pub fn port_behind(
        &self,
        workload: &Workload<'a>,
        container: &Container,
        counts: &dyn Fn(&KubeService<'a>) -> bool,
    ) -> Option<(&KubeService<'a>, &'a ServicePort)> {
        let alone = workload.running().count() == 1;
        for service in self.services_for(workload) {
            if service.model.is_external_name() || !counts(service) {
                continue;
            }
            let port = service.model.ports.iter().find(|port| {
                let tcp = port.protocol.as_ref().is_none_or(|it| it.as_str() == "TCP");
                let Some(target) = port.target() else { return false };
                let listed = container.ports.iter().any(|it| it.is(&target.value));
                let unlisted = alone && target.value.as_int().is_some();
                tcp && (listed || unlisted)
            });
            if let Some(port) = port {
                return Some((service, port));
            }
        }
        None
    }

    /// Returns the hosts that a container dials: its mentions without its own listen addresses, URLs for
    /// browsers, and lists of exceptions.
    pub fn peers<'f>(&self, unit: &'f Unit<'a>) -> &'f [Mention<'a>] {
        &unit.peers
    }

    /// Returns the ports on which a unit is known to listen, including those that its variables and its
    /// start command set.
    pub fn own_ports(&self, unit: &Unit<'a>) -> Vec<u16> {
        let mut ports = self.listens_on(unit);
        for var in &unit.env {
            let Some(value) = var.value else { continue };
            if is_own_port_key(var.name) {
                ports.extend(value.trim().parse::<u16>().ok());
            } else if is_own_address_key(var.name) {
                ports
                    .extend(net::endpoints(value).iter().filter_map(net::Endpoint::effective_port));
                ports.extend(value.rsplit(':').next().and_then(|it| it.parse::<u16>().ok()));
            }
        }
        ports.extend(command_ports(unit));
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Whether something in the same network namespace listens on a port or may do so: a neighbouring
    /// container that lists no ports, or one that is injected when the Pod is created.
    pub fn may_listen_beside(&self, unit: &Unit<'a>, port: u16) -> bool {
        if self.own_ports(unit).contains(&port) {
            return true;
        }
        match unit.site {
            Site::Service(at) => {
                let service = &self.services[at];
                self.sharing_network(service)
                    .any(|it| it.index != service.index && self.own_ports(&it.unit).contains(&port))
            }
            Site::Container(workload, _) => {
                let workload = &self.workloads[workload];
                workload.gets_injected_containers()
                    || workload.units.iter().any(|it| {
                        let ports = self.own_ports(it);
                        it.site != unit.site
                            && it.part != Part::Init
                            && (ports.is_empty() || ports.contains(&port))
                    })
            }
        }
    }

    /// Returns the Services through which a Compose service is reached in the cluster.
    pub fn cluster_services(&self, service: &Service<'a>) -> Vec<&KubeService<'a>> {
        match self.counterpart_of(service.index) {
            Some(pair) => self.services_for(&self.workloads[pair.workload]),
            None => Vec::new(),
        }
    }

    /// Returns the Compose service whose name a container in the cluster still uses, and the Service by
    /// which it is reached there. `None` where the host resolves, or where that Service is not known.
    pub fn drifted<'f>(
        &'f self,
        service: &'f Service<'a>,
        workload: &Workload<'a>,
        mention: &Mention<'a>,
    ) -> Option<(&'f Service<'a>, &'f KubeService<'a>)> {
        let home = workload.object.file;
        let meant = self.kube_host(home, workload.namespace, mention.host);
        let missing = matches!(meant, KubeHost::Missing);
        if !missing || mention.host.contains('.') || self.operator_may_make(home, mention.host) {
            return None;
        }
        let on = self.compose_host(service, mention.host).filter(|it| it.index != service.index)?;
        let services = self.cluster_services(on);
        let plain =
            services.iter().find(|it| !it.model.is_headless()).or_else(|| services.first())?;
        Some((on, plain))
    }

    /// Whether the text itself shows the host, and not a variable.
    pub fn shows_host(&self, mention: &Mention<'_>) -> bool {
        if mention.literal {
            return true;
        }
        let text = self.file(mention.host_span.file).text();
        let range = mention.host_span.range();
        let line =
            text.get(..range.start).and_then(|it| it.lines().next_back()).unwrap_or_default();
        // In `${HOST:-db}`, `db` is only a default.
        let in_variable = line.rsplit('}').next().is_some_and(|it| it.contains("${"));
        text.get(range) == Some(mention.host) && !in_variable
    }

    /// Whether a host is sure to be unknown: no Service of the project has this name, although the files
    /// show Services of that namespace and nothing else may bring one.
    pub fn is_unknown_service(&self, home: FileId, namespace: &str, host: &str) -> bool {
        let meant = self.kube_host(home, namespace, host);
        let Some(name) = net::cluster_name(host) else { return false };
        let wanted = name.namespace.unwrap_or(namespace);
        // `redis.shop` may be a domain, unless these files name the namespace `shop`.
        let may_be_domain = || name.namespace.is_none() || !self.says_namespace(home, wanted);
        if !matches!(meant, KubeHost::Missing)
            && (!matches!(meant, KubeHost::Outside) || may_be_domain())
        {
            return false;
        }
        self.services_in(home, wanted).next().is_some()
            && !matches!(name.service, "kubernetes" | "kube-dns")
            && !self.services_from_elsewhere(home)
            && !self.operator_may_make(home, name.service)
            && !is_placeholder_host(name.service)
    }
}

impl<'a> Facts<'a> {
    /// Whether a Service that may be applied together with a file says that it is in a namespace.
    fn says_namespace(&self, home: FileId, namespace: &str) -> bool {
        let says = |it: &KubeService<'_>| {
            it.object.meta.namespace.as_ref().is_some_and(|it| it.as_str() == namespace)
        };
        self.services_in(home, namespace).any(says)
    }
}

/// Whether a container dials a host that it names.
pub(super) fn is_peer(unit: &Unit<'_>, mention: &Mention<'_>) -> bool {
    match mention.key {
        Some(key) => {
            // Their values list hosts that are not dialled, or that are the container itself.
            const LISTS: &[&str] = &["NO_PROXY", "QUORUM_VOTERS", "INITIAL_CLUSTER"];
            let upper = key.to_ascii_uppercase();
            let is_list = LISTS.iter().any(|it| upper.contains(it));
            // PostgreSQL's own image reads no host: the variable comes with a list that clients share.
            let is_for_clients =
                upper == "POSTGRES_HOST" && unit.stored().is_some_and(|it| it.id == "postgres");
            !is_own_address_key(key) && !is_browser_facing(key) && !is_list && !is_for_clients
        }
        None => !flag_before(unit, mention).is_some_and(|it| is_listen_flag(&it)),
    }
}

/// Whether a word is a placeholder for a host.
pub fn is_placeholder_host(host: &str) -> bool {
    const PARTS: &[&str] =
        &["example", "your", "changeme", "change-me", "placeholder", "todo", "xxx", "hostname"];
    let lower = host.to_ascii_lowercase();
    host.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'-')
        || PARTS.iter().any(|part| lower.contains(part))
        || matches!(lower.as_str(), "host" | "server" | "ip" | "domain" | "address")
}

fn is_own_port_key(key: &str) -> bool {
    const KEYS: &[&str] = &[
        "PORT",
        "HTTP_PORT",
        "HTTPS_PORT",
        "SERVER_PORT",
        "APP_PORT",
        "LISTEN_PORT",
        "WEB_PORT",
        "GRPC_PORT",
        "METRICS_PORT",
        "ADMIN_PORT",
        "CONTAINER_PORT",
        "ASPNETCORE_HTTP_PORTS",
        "ASPNETCORE_HTTPS_PORTS",
    ];
    KEYS.iter().any(|it| key.eq_ignore_ascii_case(it))
}

/// Returns the ports in a start command that can only be the program's own: `--port 80`, `0.0.0.0:80`.
fn command_ports(unit: &Unit<'_>) -> Vec<u16> {
    let mut ports = Vec::new();
    // Who names no host in the start command gives no port to one.
    let start = Some(&unit.start).filter(|_| unit.mentions.iter().any(|it| it.key.is_none()));
    let peers = start.into_iter().flat_map(host_options).filter_map(|it| it.port);
    let peers: Vec<Piece<'_>> = peers.map(|it| it.1).collect();
    let is_of_peer = |word: &Word| {
        peers.iter().any(|it| it.word == word.arg && word.start <= it.at.0 && it.at.1 <= word.end)
    };
    for command in &unit.start.commands {
        let mut before = "";
        for word in command.words.iter().filter(|it| !is_of_peer(it)) {
            let text = word.text.as_str();
            let (flag, value) = match text.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => (flag, value),
                _ => (before, text),
            };
            let named = flag.starts_with('-')
                && (flag.to_ascii_lowercase().contains("port") || flag == "-p");
            if named {
                ports.extend(value.parse::<u16>().ok());
            }
            if let Some((host, port)) = value.rsplit_once(':')
                && (host.is_empty() || net::is_unspecified(host) || is_listen_flag(flag))
            {
                ports.extend(port.parse::<u16>().ok());
            }
            before = text;
        }
    }
    ports
}

/// Returns the option that a mention in a start command belongs to: `--bind` for `--bind=127.0.0.1:80`
/// and for `--bind 127.0.0.1:80`.
fn flag_before(unit: &Unit<'_>, mention: &Mention<'_>) -> Option<String> {
    let words = &unit.start.words;
    let at = words
        .iter()
        .position(|it| it.span.contains(mention.span) && it.value.contains(mention.host))?;
    let word = &words[at].value[..words[at].value.find(mention.host)?];
    // What stands directly before the host, including a scheme and a user name.
    let (rest, token) = match word.rfind(char::is_whitespace) {
        Some(blank) => (&word[..blank], word[blank..].trim_start()),
        None => ("", word),
    };
    if let Some((flag, _)) = token.split_once('=') {
        return Some(flag.to_owned());
    }
    let earlier = words[..at].iter().rev().map(|it| it.value.as_str());
    let before =
        iter::once(rest).chain(earlier).find_map(|it| it.split_whitespace().next_back())?;
    before.starts_with('-').then(|| before.to_owned())
}

/// Whether an option sets the address on which a program listens or that it announces.
pub fn is_listen_flag(flag: &str) -> bool {
    if !flag.starts_with('-') {
        return false;
    }
    const PARTS: &[&str] = &[
        "listen",
        "bind",
        "advertise",
        "announce",
        "inspect",
        "metrics",
        "health",
        "web.",
        "http.addr",
        "http-addr",
        "grpc-addr",
        "grpc.addr",
    ];
    const NAMES: &[&str] =
        &["host", "addr", "address", "hostname", "http", "ip", "h", "l", "b", "s", "hostip"];
    let name = flag.trim_start_matches('-').to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part)) || NAMES.contains(&name.as_str())
}

impl<'a> KubeService<'a> {
    /// Whether it offers a port, by its number.
    pub fn offers(&self, port: u16) -> bool {
        self.model.ports.iter().any(|it| it.is(&IntOrStr::Int(i64::from(port))))
    }
}

impl Unit<'_> {
    /// Returns the variables that a container's start command reads and, in a cluster, those that the
    /// values of its variables refer to, each with the place that reads it.
    pub fn read_variables(&self) -> Vec<(&str, Span)> {
        let mut found = Vec::new();
        for word in &self.start.words {
            names_in(&word.value, true, word.span, &mut found);
        }
        if !self.is_compose() {
            for var in &self.env {
                names_in(var.value.unwrap_or_default(), false, var.value_span, &mut found);
            }
        }
        found
    }
}

/// Collects the names in `$(NAME)` and, in a shell's text, also in `$NAME` and `${NAME}`.
fn names_in<'t>(text: &'t str, shell: bool, span: Span, found: &mut Vec<(&'t str, Span)>) {
    for (at, _) in text.match_indices('$') {
        let rest = &text[at + 1..];
        let inner = match rest.as_bytes().first() {
            Some(b'(') => &rest[1..],
            Some(b'{') if shell => &rest[1..],
            Some(_) if shell => rest,
            _ => continue,
        };
        let end = inner.find(|it: char| !it.is_ascii_alphanumeric() && it != '_');
        let name = &inner[..end.unwrap_or(inner.len())];
        if !name.is_empty() {
            found.push((name, span));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use crate::rules::testing::files;
    use crate::workspace::Workspace;
    use crate::{Options, analyze};

    #[test]
    fn the_port_beside_the_host_of_a_peer_is_none_of_its_own() {
        let ports = |command: &str| {
            let mut workspace = Workspace::default();
            workspace.set(
                "compose.yaml",
                format!("services: {{web: {{image: 'acme/web:1', command: {command}}}}}\n"),
            );
            let analysis = workspace.analysis(&Config::default());
            let facts = analysis.facts();
            facts.own_ports(&facts.services()[0].unit)
        };
        assert_eq!(ports("serve --admin-host localhost --admin-port 9090"), [9090]);
        assert_eq!(ports("serve --metrics-host 127.0.0.1 --metrics-port 9100"), [9100]);
        assert!(ports("serve --db-host db --db-port 5432").is_empty());
    }

    #[test]
    fn a_postgres_server_dials_no_host_of_its_own_list() {
        let count = |image: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{selector: {{app: db}}, ports: [{{port: 5432}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, labels: {{app: db}}}}\nspec: {{containers: [{{name: c, image: '{image}', env: [{{name: POSTGRES_HOST, value: postgres-service}}]}}]}}\n"
            );
            let options = Options { select: vec!["PLM406".into()], ..Options::default() };
            analyze(&files(&text), &options).findings.len()
        };
        assert_eq!(count("acme/web:1"), 1);
        assert_eq!(count("postgres:17"), 0);
    }
}
