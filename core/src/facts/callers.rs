//! Callers: who connects to the Services of a cluster, and the container ports that they reach.

use super::{Facts, KubeHost, KubeService, Mention, Service, Unit, Workload};
use crate::edit::Yaml;
use crate::knowledge::advertised;
use crate::knowledge::ip::is_ip;
use crate::knowledge::net::{is_docker_host, is_unspecified};
use crate::model::Str;
use crate::model::compose::Port;
use crate::model::kubernetes::{Body, Object, WorkloadKind};
use crate::report::Edit;
use crate::text::Span;
use rustc_hash::FxHashMap;

/// A client of a Service.
#[derive(Debug)]
pub enum Caller<'f, 'a> {
    /// A container that names it, with the port that it names.
    Client { from: &'f Workload<'a>, span: Span, port: Option<u16> },
    /// A route, whose traffic comes from an ingress controller.
    Route(&'a Object, Span),
    /// Somebody outside of the cluster.
    Outside(Span),
}

/// The callers of each Service, by its index.
pub type Callers<'f, 'a> = FxHashMap<usize, Vec<Caller<'f, 'a>>>;

impl<'a> Facts<'a> {
    /// Returns who connects to each Service: the containers that name it, the routes that lead to it, and
    /// those outside of the cluster to whom it is open.
    pub fn callers(&self) -> Callers<'_, 'a> {
        let mut all = Callers::default();
        for service in self.kube_services() {
            if let Some(kind) = &service.model.kind
                && matches!(kind.as_str(), "LoadBalancer" | "NodePort")
            {
                all.entry(service.index).or_default().push(Caller::Outside(kind.span));
            }
        }
        for &object in self.objects() {
            let Body::Routes(routes) = &object.body else { continue };
            // A VirtualService is a rule for those who connect anyway.
            if object.kind.as_str() == "VirtualService" {
                continue;
            }
            for backend in &routes.backends {
                let namespace =
                    backend.namespace.as_ref().map_or(object.namespace(), |it| it.as_str());
                let meant = self.kube_host(object.file, namespace, &backend.service);
                if let KubeHost::Service(service) = meant {
                    let caller = Caller::Route(object, backend.service.span);
                    all.entry(service.index).or_default().push(caller);
                }
            }
        }
        for from in self.workloads() {
            for mention in from.units.iter().flat_map(|unit| self.peers(unit)) {
                let Some(service) = self.dialled_service(from, mention.host) else { continue };
                if !service.selects.contains(&from.index) {
                    let (span, port) = (mention.span, mention.effective_port());
                    let caller = Caller::Client { from, span, port };
                    all.entry(service.index).or_default().push(caller);
                }
            }
        }
        all
    }

    /// Returns the Service that a host leads a Pod to. `db-0.db` is the first Pod of the headless Service `db`, unless
    /// there is a Service `db-0` in a namespace `db`.
    fn dialled_service(&self, from: &Workload<'a>, host: &str) -> Option<&KubeService<'a>> {
        let meant = |host: &str| match self.kube_host(from.object.file, from.namespace, host) {
            KubeHost::Service(service) => Some(service),
            _ => None,
        };
        meant(host).or_else(|| {
            let (pod, rest) = host.split_once('.')?;
            let (set, number) = pod.rsplit_once('-')?;
            let service = meant(rest).filter(|it| it.model.is_headless())?;
            let mut selected = self.selected(service).into_iter();
            let is_pod = number.parse::<u32>().is_ok()
                && selected.any(|it| it.kind() == WorkloadKind::StatefulSet && it.name == set);
            is_pod.then_some(service)
        })
    }

    /// Returns who connects to a published port of a Compose service through its host, as far as the files of
    /// the application show it: a container that names the port at an address of a machine, or the address
    /// that the service itself hands to its clients.
    pub fn caller_through_host<'f>(
        &'f self,
        service: &'f Service<'a>,
        port: u16,
    ) -> Option<(&'f Unit<'a>, &'f Mention<'a>)> {
        let file = service.span().file;
        let near = self.units().filter(|unit| self.same_part(unit.name.span.file, file));
        let mut mentions =
            near.flat_map(|unit| self.mentions(unit).iter().map(move |mention| (unit, mention)));
        mentions.find(|(unit, mention)| {
            let host = mention.host;
            let is_named = mention.effective_port() == Some(port)
                && !mention.is_loopback()
                && !is_unspecified(host);
            let is_machine =
                is_docker_host(host) || is_ip(host) && !self.is_fixed_address(service, host);
            let is_handed_out = unit.site == service.unit.site
                && advertised::settings().any(|it| mention.key == Some(it.name))
                && self.compose_host(service, host).is_none();
            is_named && (is_machine || is_handed_out)
        })
    }

    /// Returns the edit that publishes a port on the loopback address alone; `None` where another address than that of all
    /// interfaces is written.
    pub fn on_loopback(&self, port: &Port) -> Option<Edit> {
        if let Some(address) = &port.host_ip {
            return self.instead_of_all(port, address);
        }
        if !port.short_form {
            let address = Yaml::Raw("127.0.0.1".into());
            return self.insert_entry(port.place.as_ref()?, "host_ip", &address);
        }
        let bare = self.unquoted(&port.span);
        // Without a host port, the engine still picks one.
        let colons = if port.published.is_some() { ":" } else { "::" };
        Some(self.replace_scalar(&port.span, &format!("127.0.0.1{colons}{bare}")))
    }

    /// Returns the edit that replaces the address of all interfaces by that of the loopback interface.
    fn instead_of_all(&self, port: &Port, address: &Str) -> Option<Edit> {
        let (own, loopback) = match address.as_str() {
            "0.0.0.0" => ("0.0.0.0", "127.0.0.1"),
            "::" => ("[::]", "[::1]"),
            _ => return None,
        };
        if !port.short_form {
            let loopback = loopback.trim_matches(['[', ']']);
            // An address of version 4 stays without quotes where it has none.
            return match self.written(&address.span) {
                "0.0.0.0" => Some(self.replace(&address.span, loopback)),
                _ if self.unquoted(&address.span) == address.as_str() => {
                    Some(self.replace_scalar(&address.span, loopback))
                }
                _ => None,
            };
        }
        let rest = self.unquoted(&port.span).strip_prefix(own)?;
        Some(self.replace_scalar(&port.span, &format!("{loopback}{rest}")))
    }
}

/// A port of a container behind a Service.
#[derive(Debug, Clone, Copy)]
pub struct PortTarget<'a> {
    pub number: i64,
    pub name: Option<&'a str>,
    pub protocol: &'a str,
}

/// Returns the container ports to which a Service sends what arrives at a port, or at any of its ports;
/// those whose number the files do not show are left out.
pub fn reached_ports<'a>(
    workload: &Workload<'a>,
    service: &KubeService<'a>,
    port: Option<u16>,
) -> Vec<PortTarget<'a>> {
    let mut found = Vec::new();
    for own in &service.model.ports {
        if port.is_some_and(|port| own.port.is_none_or(|it| it.value != i64::from(port))) {
            continue;
        }
        let Some(target) = own.target() else { continue };
        let listed =
            workload.running().flat_map(|(_, it)| &it.ports).find(|it| it.is(&target.value));
        let number = listed.and_then(|it| it.container_port).map(|it| it.value);
        let Some(number) = number.or(target.value.as_int()) else { continue };
        let name = listed.and_then(|it| it.name.as_ref()).map(|it| it.as_str());
        let protocol = own.protocol.as_ref().map_or("TCP", |it| it.as_str());
        found.push(PortTarget { number, name, protocol });
    }
    found
}
