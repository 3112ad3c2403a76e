//! Which peers a container names in its variables and its start command, and what those names mean
//! on its side.

use super::unit::{Site, Unit, VarSource};
use super::{Facts, KubeService, Service, Workload};
use crate::knowledge::net;
use crate::text::Span;
use std::fmt;

/// A host that a container is told to talk to.
#[derive(Debug, Clone, Copy)]
pub struct Mention<'a> {
    /// The variable, or `None` for a word of the start command.
    pub key: Option<&'a str>,
    pub host: &'a str,
    pub port: Option<u16>,
    pub scheme: Option<&'a str>,
    /// The host and its port, as near as the text allows.
    pub span: Span,
    /// The host alone, and the port alone; equal to the whole value where the text has escapes.
    pub host_span: Span,
    pub port_span: Option<Span>,
    /// Written out, without a Compose variable in it.
    pub literal: bool,
    pub source: Option<VarSource>,
}

impl Mention<'_> {
    /// The port, or the one that the scheme stands for.
    pub fn effective_port(&self) -> Option<u16> {
        self.port.or_else(|| self.scheme.and_then(net::default_port))
    }

    pub fn is_loopback(&self) -> bool {
        net::is_loopback(self.host)
    }

    /// `DB_URL`, or "the start command".
    pub fn place(&self) -> Named<'_> {
        Named(self.key)
    }
}

/// See [`Mention::place`].
#[derive(Debug, Clone, Copy)]
pub struct Named<'a>(Option<&'a str>);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(key) => write!(f, "`{key}`"),
            None => f.write_str("the start command"),
        }
    }
}

/// `db` of `db.shop.svc`.
pub fn first_label(host: &str) -> &str {
    host.split_once('.').map_or(host, |it| it.0)
}

/// What a host name means to a Pod.
#[derive(Debug, Clone, Copy)]
pub enum KubeHost<'f, 'a> {
    /// A Service of the project that it reaches by this name.
    Service(&'f KubeService<'a>),
    /// A Service of this name lives in another namespace, where the short name does not reach.
    OtherNamespace(&'f KubeService<'a>),
    /// A name inside the cluster that no Service of the project has.
    Missing,
    /// Something outside, or not to be known.
    Outside,
}

impl<'a> Facts<'a> {
    /// The hosts that a container names, in the order of the files.
    pub fn mentions<'f>(&self, unit: &'f Unit<'a>) -> &'f [Mention<'a>] {
        &unit.mentions
    }

    pub(super) fn find_mentions(&self, unit: &Unit<'a>) -> Vec<Mention<'a>> {
        let mut found = Vec::new();
        for var in &unit.env {
            let Some(value) = var.value else { continue };
            let from = (Some(var.name), Some(var.source), var.literal);
            for endpoint in net::endpoints_of(var.name, value) {
                found.push(self.mention(from, &endpoint, value, var.value_span));
            }
        }
        for word in &unit.start.words {
            for endpoint in net::endpoints(&word.value) {
                found.push(self.mention((None, None, true), &endpoint, &word.value, word.span));
            }
        }
        found
    }

    fn mention(
        &self,
        (key, source, literal): (Option<&'a str>, Option<VarSource>, bool),
        endpoint: &net::Endpoint<'a>,
        value: &str,
        span: Span,
    ) -> Mention<'a> {
        let at = |range: (usize, usize)| self.inside(span, value, range);
        Mention {
            key,
            host: endpoint.host,
            port: endpoint.port,
            scheme: endpoint.scheme,
            span: at(endpoint.at()),
            host_span: at(endpoint.host_at),
            port_span: endpoint.port_at.map(at),
            literal,
            source,
        }
    }

    /// A part of a value as a part of its text; the whole where the text does not show the value
    /// letter by letter. Where variables stand in the text, a part that is written out beside them,
    /// and only once, is found.
    pub fn inside(&self, span: Span, value: &str, range: (usize, usize)) -> Span {
        let written = self.file(span.file).text().get(span.range()).unwrap_or_default();
        // Nearly all values stand as they are, or in quotes: searching is for the rest.
        let quoted = || written.get(1..written.len().saturating_sub(1)) == Some(value);
        let at = if written == value {
            Some(0)
        } else if quoted() {
            Some(1)
        } else {
            written.find(value)
        };
        match at {
            Some(at) if !value.is_empty() => span.inner(at + range.0..at + range.1),
            _ => {
                let part = value.get(range.0..range.1).unwrap_or_default();
                match written_once(written, part) {
                    Some(at) => span.inner(at..at + part.len()),
                    None => span,
                }
            }
        }
    }

    /// The service of the same project that a host name means: by its name, its container's name, its
    /// host name or an alias on a network.
    pub fn compose_host<'f>(
        &'f self,
        from: &'f Service<'a>,
        host: &str,
    ) -> Option<&'f Service<'a>> {
        let mut all = self.siblings(from).iter();
        self.sibling(from, host).or_else(|| all.find(|it| it.answers_to(host)))
    }

    /// What a host name means to a Pod in a namespace.
    pub fn kube_host(&self, namespace: &str, host: &str) -> KubeHost<'_, 'a> {
        if net::ipv4(host).is_some() || net::is_loopback(host) {
            return KubeHost::Outside;
        }
        let Some(name) = net::cluster_name(host) else { return KubeHost::Outside };
        let wanted = name.namespace.unwrap_or(namespace);
        let mut same_name = self.services_named(name.service);
        if let Some(found) =
            same_name.clone().find(|it| super::sets::may_share_namespace(it.namespace, wanted))
        {
            return KubeHost::Service(found);
        }
        if name.namespace.is_none() {
            return same_name.next().map_or(KubeHost::Missing, KubeHost::OtherNamespace);
        }
        if name.certain { KubeHost::Missing } else { KubeHost::Outside }
    }

    /// The Services of this name, in any namespace.
    pub fn services_named<'f>(
        &'f self,
        name: &str,
    ) -> impl Iterator<Item = &'f KubeService<'a>> + Clone + use<'f, 'a> {
        self.service_index.get(&[name]).iter().map(|it| &self.kube_services[*it])
    }

    /// The workload that a container is part of.
    pub fn workload_of(&self, unit: &Unit<'_>) -> Option<&Workload<'a>> {
        match unit.site {
            Site::Container(workload, _) => Some(&self.workloads[workload]),
            Site::Service(_) => None,
        }
    }

    /// The Compose service that a unit is.
    pub fn service_of(&self, unit: &Unit<'_>) -> Option<&Service<'a>> {
        match unit.site {
            Site::Service(service) => Some(&self.services[service]),
            Site::Container(..) => None,
        }
    }

    /// The ports on which a unit is known to listen: what it lists, and what its image family does.
    pub fn listens_on(&self, unit: &Unit<'a>) -> Vec<u16> {
        let mut ports: Vec<u16> = Vec::new();
        match unit.site {
            Site::Service(at) => {
                let model = self.services[at].model;
                for port in &model.ports {
                    ports.push(port.target.value);
                }
                for port in &model.expose {
                    let number = port.split(['/', '-']).next();
                    ports.extend(number.and_then(|it| it.parse::<u16>().ok()));
                }
            }
            Site::Container(workload, at) => {
                for port in &self.workloads[workload].container(at).ports {
                    let number = port.container_port.and_then(|it| u16::try_from(it.value).ok());
                    ports.extend(number);
                }
            }
        }
        if let Some(family) = unit.family() {
            ports.extend(family.ports());
        }
        ports.sort();
        ports.dedup();
        ports
    }
}

/// Where a word stands in a text that holds `${...}`, outside of those, if it does so once.
fn written_once(text: &str, word: &str) -> Option<usize> {
    if word.is_empty() || !text.contains("${") {
        return None;
    }
    let joins =
        |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.') || !it.is_ascii();
    let mut found = text.match_indices(word).map(|it| it.0).filter(|at| {
        let before = &text[..*at];
        let inside = before.rsplit('}').next().is_some_and(|it| it.contains("${"));
        let after = &text[at + word.len()..];
        !inside && !before.ends_with(joins) && !after.starts_with(joins)
    });
    let first = found.next()?;
    if found.next().is_some() { None } else { Some(first) }
}
