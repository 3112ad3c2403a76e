//! Services.

use super::Selector;
use super::selector::read_label_map;
use crate::model::read::{IntOrStr, Place, Reader, Str};
use crate::syntax::Node;
use crate::text::{Span, Spanned};

/// A Service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Service {
    /// `ClusterIP` (the default), `NodePort`, `LoadBalancer` or `ExternalName`.
    pub kind: Option<Str>,
    /// `None` for a Service whose endpoints are managed elsewhere.
    pub selector: Option<Selector>,
    pub ports: Vec<ServicePort>,
    /// The text `None` makes the Service headless.
    pub cluster_ip: Option<Str>,
    pub external_name: Option<Str>,
    pub external_ips: Vec<Str>,
    /// `ClientIP` or `None`.
    pub session_affinity: Option<Str>,
    pub publish_not_ready_addresses: Option<Spanned<bool>>,
    pub external_traffic_policy: Option<Str>,
    /// The place of `spec`, if there is one.
    pub place: Option<Place>,
    pub ports_place: Option<Place>,
}

impl Service {
    pub fn is_headless(&self) -> bool {
        self.cluster_ip.as_ref().is_some_and(|it| it.as_str() == "None")
    }

    pub fn is_external_name(&self) -> bool {
        self.kind.as_ref().is_some_and(|it| it.as_str() == "ExternalName")
    }
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServicePort {
    pub name: Option<Str>,
    pub port: Option<Spanned<i64>>,
    /// `None` for the same as `port`.
    pub target_port: Option<Spanned<IntOrStr>>,
    pub node_port: Option<Spanned<i64>>,
    pub protocol: Option<Str>,
    pub app_protocol: Option<Str>,
    pub place: Place,
}

impl ServicePort {
    /// Returns the number or name of the container port that receives the traffic, with its place.
    pub fn target(&self) -> Option<Spanned<IntOrStr>> {
        // The API server treats 0 and an empty string as a missing value.
        let written = self.target_port.clone().filter(|it| match &it.value {
            IntOrStr::Int(it) => *it != 0,
            IntOrStr::Str(it) => !it.is_empty(),
        });
        written.or_else(|| self.port.map(|it| it.map(IntOrStr::Int)))
    }

    /// Returns the port for a message: `80`, or `` `http` (80) `` with a name.
    pub fn label(&self) -> String {
        let number = self.port.map_or_else(|| "?".to_owned(), |it| it.value.to_string());
        match &self.name {
            Some(name) => format!("`{name}` ({number})"),
            None => number,
        }
    }

    pub fn span(&self) -> Span {
        self.port.map_or(self.place.span, |it| it.span)
    }

    /// Whether the number or name in a route refers to this port.
    pub fn is(&self, port: &IntOrStr) -> bool {
        match port {
            IntOrStr::Int(it) => self.port.is_some_and(|port| port.value == *it),
            IntOrStr::Str(it) => self.name.as_ref().is_some_and(|name| name.value == *it),
        }
    }
}

pub(crate) fn read_service(reader: &mut Reader, node: Node<'_>) -> Service {
    let mut it =
        Service { place: node.is_mapping().then(|| reader.place(node)), ..Service::default() };
    reader.each(node, "ServiceSpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "type" => reader.read(value, &mut it.kind),
            "selector" => it.selector = read_label_map(reader, value),
            "ports" => {
                it.ports = reader.list(value, read_port);
                it.ports_place = Some(reader.place(value));
            }
            "clusterIP" => reader.read(value, &mut it.cluster_ip),
            "externalName" => reader.read(value, &mut it.external_name),
            "externalIPs" => reader.read(value, &mut it.external_ips),
            "sessionAffinity" => reader.read(value, &mut it.session_affinity),
            "publishNotReadyAddresses" => reader.read(value, &mut it.publish_not_ready_addresses),
            "externalTrafficPolicy" => reader.read(value, &mut it.external_traffic_policy),
            _ => return false,
        }
        true
    });
    it
}

fn read_port(reader: &mut Reader, node: Node<'_>) -> Option<ServicePort> {
    let mut it = ServicePort { place: reader.place(node), ..ServicePort::default() };
    reader.each(node, "ServicePort", |reader, key, entry| {
        let value = entry.value;
        match key {
            "name" => reader.read(value, &mut it.name),
            "port" => reader.read(value, &mut it.port),
            "targetPort" => reader.read(value, &mut it.target_port),
            "nodePort" => reader.read(value, &mut it.node_port),
            "protocol" => reader.read(value, &mut it.protocol),
            "appProtocol" => reader.read(value, &mut it.app_protocol),
            _ => return false,
        }
        true
    });
    Some(it)
}
