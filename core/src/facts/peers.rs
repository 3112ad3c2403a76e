//! Peers: the mentions of others that a container is told to dial, who listens beside it, and
//! whether a name may be given by something that the files do not show.

use super::unit::{Part, Site, Unit};
use super::{Facts, KubeHost, KubeService, Mention, Service, Workload};
use crate::knowledge::env::{is_browser_facing, is_own_address_key};
use crate::knowledge::net;
use crate::model::IntOrStr;
use crate::model::kubernetes::{Body, Object};
use crate::report::Kind;
use crate::text::Span;
use crate::words::{Words, is_among, lower, stands_in, upper};

impl<'a> Facts<'a> {
    /// The Services that select a workload's Pods.
    pub fn services_for(&self, workload: &Workload<'a>) -> Vec<&KubeService<'a>> {
        let mut services = Vec::new();
        for at in &workload.services {
            services.push(&self.kube_services[*at]);
        }
        services
    }

    /// The workloads whose Pods a Service selects.
    pub fn selected(&self, service: &KubeService<'a>) -> Vec<&Workload<'a>> {
        let mut workloads = Vec::new();
        for at in &service.selects {
            workloads.push(&self.workloads[*at]);
        }
        workloads
    }

    /// The hosts that a container dials: its mentions without listen addresses of its own, URLs for
    /// browsers, and lists of exceptions.
    pub fn peers<'f>(&self, unit: &'f Unit<'a>) -> &'f [Mention<'a>] {
        &unit.peers
    }

    /// The ports that a unit is known to listen on, those that its variables and its command give it
    /// among them.
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
        ports.sort();
        ports.dedup();
        ports
    }

    /// Whether something in the same network namespace listens on a port, or may: a container that
    /// lists no ports beside this one, or one that is put in when the Pod is made.
    pub fn may_listen_beside(&self, unit: &Unit<'a>, port: u16) -> bool {
        if self.own_ports(unit).contains(&port) {
            return true;
        }
        match unit.site {
            Site::Service(at) => {
                let service = &self.services[at];
                self.siblings(service).iter().any(|it| {
                    it.index != service.index
                        && shares_namespace(service, it)
                        && self.own_ports(&it.unit).contains(&port)
                })
            }
            Site::Container(workload, _) => {
                let workload = &self.workloads[workload];
                let injected = workload.model.template.meta.annotations.iter().any(|it| {
                    let key = it.0.as_str();
                    key.contains("inject") || key.contains("sidecar") || key.contains("dapr.io")
                });
                injected
                    || workload.units.iter().any(|it| {
                        let ports = self.own_ports(it);
                        it.site != unit.site
                            && it.part != Part::Init
                            && (ports.is_empty() || ports.contains(&port))
                    })
            }
        }
    }

    /// Every service of the project that answers to a host name, by its name, its container's name,
    /// its host name or an alias.
    pub fn answers_to<'f>(&'f self, from: &Service<'a>, host: &str) -> Vec<&'f Service<'a>> {
        let mut found = Vec::new();
        for it in self.siblings(from) {
            if it.answers_to(host) {
                found.push(it);
            }
        }
        found
    }

    /// The Services through which a Compose service is reached in the cluster.
    pub fn cluster_services(&self, service: &Service<'a>) -> Vec<&KubeService<'a>> {
        match self.counterpart_of(service.index) {
            Some(pair) => self.services_for(&self.workloads[pair.workload]),
            None => Vec::new(),
        }
    }

    /// The Compose service that a host in the cluster is the name of, and the Service that it has there
    /// instead; `None` where the host resolves, or nothing tells what it became.
    pub fn drifted<'f>(
        &'f self,
        service: &'f Service<'a>,
        workload: &Workload<'a>,
        mention: &Mention<'a>,
    ) -> Option<(&'f Service<'a>, &'f KubeService<'a>)> {
        let missing = matches!(self.kube_host(workload.namespace, mention.host), KubeHost::Missing);
        if !missing || mention.host.contains('.') || self.operator_may_make(mention.host) {
            return None;
        }
        let on = self.compose_host(service, mention.host).filter(|it| it.index != service.index)?;
        let services = self.cluster_services(on);
        let plain =
            services.iter().find(|it| !it.model.is_headless()).or_else(|| services.first())?;
        Some((on, plain))
    }

    /// Whether the text itself shows the host, not a variable.
    pub fn shows_host(&self, mention: &Mention<'_>) -> bool {
        if mention.literal {
            return true;
        }
        let text = self.file(mention.host_span.file).text();
        let range = mention.host_span.range();
        let line =
            text.get(..range.start).and_then(|it| it.lines().next_back()).unwrap_or_default();
        // The default of a variable, as in `${HOST:-db}`, is replaced where the variable is set.
        let in_variable = line.rsplit('}').next().is_some_and(|it| it.contains("${"));
        text.get(range) == Some(mention.host) && !in_variable
    }

    /// Whether Services may come from something that is not read here: a chart, a template, an
    /// application that a controller installs.
    pub fn services_from_elsewhere(&self) -> bool {
        self.files().iter().any(|it| match it.kind {
            Kind::Template | Kind::Chart | Kind::Values | Kind::ArgoCd => true,
            Kind::Kustomization => {
                let text = it.text();
                text.contains("helmCharts:") || text.contains("://") || text.contains("github.com/")
            }
            _ => false,
        }) || self.objects().iter().any(|it| installs_others(it))
    }

    /// Whether a Service of this name may be made by a controller from an object of the project, as
    /// an operator makes `db-rw` from the cluster `db`.
    pub fn operator_may_make(&self, name: &str) -> bool {
        self.objects().iter().any(|it| {
            matches!(it.body, Body::Other)
                && it.name().is_some_and(|it| !it.is_empty() && name.starts_with(it.as_str()))
        })
    }

    /// What is known of a host that no Service of the project has: `true` where the project shows the
    /// Services of that namespace and nothing else may bring one.
    pub fn is_unknown_service(&self, namespace: &str, host: &str) -> bool {
        if !matches!(self.kube_host(namespace, host), KubeHost::Missing) {
            return false;
        }
        let Some(name) = net::cluster_name(host) else { return false };
        let wanted = name.namespace.unwrap_or(namespace);
        self.kube_services().iter().any(|it| it.namespace == wanted)
            && !matches!(name.service, "kubernetes" | "kube-dns")
            && !self.services_from_elsewhere()
            && !self.operator_may_make(name.service)
            && !is_placeholder_host(name.service)
    }
}

/// Whether a container dials a host that it names.
pub(super) fn is_peer(unit: &Unit<'_>, mention: &Mention<'_>) -> bool {
    match mention.key {
        Some(key) => {
            const LISTS: &str = "NO_PROXY QUORUM_VOTERS INITIAL_CLUSTER";
            !is_own_address_key(key) && !is_browser_facing(key) && !stands_in(LISTS, &upper(key))
        }
        None => !flag_before(unit, mention).is_some_and(|it| is_listen_flag(&it)),
    }
}

/// Whether a word stands for a host that the reader is to fill in.
pub fn is_placeholder_host(host: &str) -> bool {
    let lower = lower(host);
    host.bytes().all(|it| it.is_ascii_uppercase() || it == b'_' || it == b'-')
        || stands_in("example your changeme change-me placeholder todo xxx hostname", &lower)
        || is_among("host server ip domain address", &lower)
}

/// Whether two services share one network namespace (`network_mode: service:x`, or the host's).
fn shares_namespace(a: &Service<'_>, b: &Service<'_>) -> bool {
    fn joined<'s>(it: &'s Service<'_>) -> &'s str {
        let mode = it.model.network_mode.as_ref().map_or("", |it| it.as_str());
        match mode.strip_prefix("service:").or_else(|| mode.strip_prefix("container:")) {
            Some(other) => other,
            None if mode == "host" => "host",
            None => it.name,
        }
    }
    joined(a) == joined(b)
}

/// Objects from which a controller installs whole applications.
fn installs_others(object: &Object) -> bool {
    const KINDS: &str = "Application ApplicationSet HelmRelease HelmChart HelmChartConfig HelmApp \
                         Kustomization Subscription ClusterServiceVersion";
    is_among(KINDS, &object.kind)
}

fn is_own_port_key(key: &str) -> bool {
    const KEYS: Words = Words::new(
        "PORT HTTP_PORT HTTPS_PORT SERVER_PORT APP_PORT LISTEN_PORT WEB_PORT GRPC_PORT \
        METRICS_PORT ADMIN_PORT CONTAINER_PORT ASPNETCORE_HTTP_PORTS ASPNETCORE_HTTPS_PORTS",
    );
    KEYS.has_in_any_case(key)
}

/// The ports in a start command that can only be the program's own: `--port 80`, `0.0.0.0:80`.
fn command_ports(unit: &Unit<'_>) -> Vec<u16> {
    let mut ports = Vec::new();
    for command in &unit.start.commands {
        let mut before = "";
        for word in &command.words {
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

/// The option that a mention in a start command belongs to: `--bind` for `--bind=127.0.0.1:80` and
/// for `--bind 127.0.0.1:80`.
fn flag_before(unit: &Unit<'_>, mention: &Mention<'_>) -> Option<String> {
    let words = &unit.start.words;
    let at = words
        .iter()
        .position(|it| it.span.contains(mention.span) && it.value.contains(mention.host))?;
    let host = words[at].value.find(mention.host)?;
    let mut text: String =
        words[..at].iter().map(|it| it.value.as_str()).collect::<Vec<_>>().join(" ");
    text.push(' ');
    text.push_str(&words[at].value[..host]);
    // What stands right before the host, a scheme and a user's name included.
    let blank = text.rfind(char::is_whitespace)?;
    let token = text[blank..].trim();
    if let Some((flag, _)) = token.split_once('=') {
        return Some(flag.to_owned());
    }
    let before = text[..blank].split_whitespace().next_back()?;
    before.starts_with('-').then(|| before.to_owned())
}

/// Whether an option sets what a program listens on or announces.
pub fn is_listen_flag(flag: &str) -> bool {
    if !flag.starts_with('-') {
        return false;
    }
    let name = lower(flag.trim_start_matches('-'));
    stands_in(
        "listen bind advertise announce inspect metrics health web. http.addr http-addr grpc-addr \
         grpc.addr",
        &name,
    ) || is_among("host addr address hostname http ip h l b s hostip", &name)
}

impl<'a> KubeService<'a> {
    /// Whether it offers a port by number.
    pub fn offers(&self, port: u16) -> bool {
        self.model.ports.iter().any(|it| it.is(&IntOrStr::Int(i64::from(port))))
    }
}

impl Unit<'_> {
    /// The variables that a container's command reads, and in a cluster those that its variables are put
    /// together from, each with the value that does so.
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

/// `$(NAME)`, and in a shell's text `$NAME` and `${NAME}` as well.
fn names_in<'t>(text: &'t str, shell: bool, span: Span, found: &mut Vec<(&'t str, Span)>) {
    for at in memchr::memchr_iter(b'$', text.as_bytes()) {
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
