//! Brokers: the addresses that they advertise, and the containers that connect to them.

use super::{Facts, KubeHost, KubeService, Site, Unit, Workload};
use crate::knowledge::advertised::{self, Address};
use crate::model::IntOrStr;
use crate::text::Span;
use rustc_hash::FxHashMap;

/// An address that a program advertises.
#[derive(Debug)]
pub struct Advertised<'a> {
    pub address: Address<'a>,
    /// The port on which the program listens for clients that use this address.
    pub bound: Option<u16>,
    pub span: Span,
    /// Whether the value is written out, without a variable of Compose.
    pub is_literal: bool,
}

/// The addresses that a container advertises with one setting.
#[derive(Debug)]
pub struct Broker<'a> {
    pub setting: &'static str,
    pub addresses: Vec<Advertised<'a>>,
}

impl<'a> Broker<'a> {
    /// Returns the address that a client learns when it connects to a port of the container.
    pub fn told(&self, port: Option<u16>) -> Option<&Advertised<'a>> {
        match self.addresses.as_slice() {
            [only] => Some(only),
            all => all.iter().find(|it| port.is_some() && it.bound == port),
        }
    }

    pub fn is_loopback_only(&self) -> bool {
        self.addresses.iter().all(|it| it.address.is_loopback())
    }
}

/// A container that connects to a broker.
#[derive(Debug)]
pub struct BrokerClient<'f> {
    pub label: &'f str,
    pub span: Span,
    pub port: Option<u16>,
}

/// The containers that name a Compose service or a Kubernetes Service, by its index.
#[derive(Debug, Default)]
pub struct BrokerClients<'f> {
    pub of_services: FxHashMap<usize, Vec<BrokerClient<'f>>>,
    pub of_kube_services: FxHashMap<usize, Vec<BrokerClient<'f>>>,
}

impl<'a> Facts<'a> {
    /// Returns what a container advertises.
    pub fn brokers<'u>(&self, unit: &'u Unit<'_>) -> Vec<Broker<'u>> {
        let mut found = Vec::new();
        for setting in advertised::settings() {
            let Some((value, span, is_literal)) = unit.setting(setting.name) else { continue };
            let listeners = setting.listeners.and_then(|it| unit.setting(it)).map(|it| it.0);
            let addresses = advertised::addresses(value)
                .into_iter()
                .filter(|it| !it.host.is_empty() && !it.host.contains(['$', '{', '<']));
            let addresses: Vec<_> = addresses
                .map(|address| Advertised {
                    address,
                    bound: bound_port(&address, listeners),
                    span: self.inside(span, value, address.at),
                    is_literal,
                })
                .collect();
            if !addresses.is_empty() {
                found.push(Broker { setting: setting.name, addresses });
            }
        }
        found
    }

    /// Returns the containers that connect to each service.
    pub fn broker_clients(&self) -> BrokerClients<'_> {
        let mut clients = BrokerClients::default();
        for unit in self.units() {
            for mention in self.peers(unit).iter().filter(|it| !it.is_loopback()) {
                let (span, port) = (mention.span, mention.effective_port());
                let client = BrokerClient { label: &unit.label, span, port };
                match unit.site {
                    Site::Service(at) => {
                        let service = &self.services()[at];
                        let Some(on) = self.compose_host(service, mention.host) else { continue };
                        if on.index != at {
                            clients.of_services.entry(on.index).or_default().push(client);
                        }
                    }
                    Site::Container(at, _) => {
                        let workload = &self.workloads()[at];
                        let home = workload.object.file;
                        let meant = self.kube_host(home, workload.namespace, mention.host);
                        let KubeHost::Service(service) = meant else { continue };
                        if !service.selects.contains(&at) {
                            let of_service = clients.of_kube_services.entry(service.index);
                            of_service.or_default().push(client);
                        }
                    }
                }
            }
        }
        clients
    }
}

impl Unit<'_> {
    /// Returns the value of a variable or an option, its place, and whether it is written out.
    fn setting(&self, name: &str) -> Option<(&str, Span, bool)> {
        if !name.starts_with("--") {
            let var = self.var(name)?;
            return Some((var.value?, var.value_span, var.literal));
        }
        let words = self.start.commands.iter().flat_map(|it| it.words.iter());
        let mut before = "";
        for word in words {
            let text = word.text.as_str();
            let (flag, value) = text.split_once('=').unwrap_or((before, text));
            if flag == name {
                return Some((value, self.start.span_of(word), true));
            }
            before = text;
        }
        None
    }
}

/// Returns the port of the listener with the same name, or the advertised one.
fn bound_port(address: &Address<'_>, listeners: Option<&str>) -> Option<u16> {
    let listeners = listeners.map(advertised::addresses).unwrap_or_default();
    let own = listeners.iter().find(|it| it.listener == address.listener);
    own.and_then(|it| it.port).or(address.port)
}

impl KubeService<'_> {
    /// Returns the number of the container port to which the Service sends what arrives at one of its ports.
    pub fn target_number(&self, workload: &Workload<'_>, port: u16) -> Option<u16> {
        let number = IntOrStr::Int(i64::from(port));
        let Some(own) = self.model.ports.iter().find(|it| it.is(&number)) else {
            // The name of a headless Service leads to the container's own ports.
            return self.model.is_headless().then_some(port);
        };
        let target = own.target()?.value;
        let listed = workload.running().flat_map(|(_, it)| &it.ports).find(|it| it.is(&target));
        let number =
            listed.and_then(|it| it.container_port).map(|it| it.value).or(target.as_int())?;
        u16::try_from(number).ok()
    }
}
