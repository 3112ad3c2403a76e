//! Probes, by which the kubelet checks a container.

use super::ContainerPort;
use crate::model::read::{IntOrStr, Place, Reader, Str};
use crate::syntax::Node;
use crate::text::Spanned;

/// A readiness, liveness or startup probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    pub handler: ProbeHandler,
    pub initial_delay_seconds: Option<Spanned<i64>>,
    pub period_seconds: Option<Spanned<i64>>,
    pub timeout_seconds: Option<Spanned<i64>>,
    pub success_threshold: Option<Spanned<i64>>,
    pub failure_threshold: Option<Spanned<i64>>,
    pub termination_grace_period_seconds: Option<Spanned<i64>>,
    pub place: Place,
}

/// The check of a probe, or the action of a lifecycle hook.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeHandler {
    Exec {
        command: Vec<Str>,
        place: Place,
    },
    Http {
        /// `None` for `/`.
        path: Option<Str>,
        port: Option<Spanned<IntOrStr>>,
        /// `None` for the address of the Pod.
        host: Option<Str>,
        /// `None` for `HTTP`.
        scheme: Option<Str>,
        headers: Vec<(Str, Str)>,
        place: Place,
    },
    Tcp {
        port: Option<Spanned<IntOrStr>>,
        host: Option<Str>,
        place: Place,
    },
    Grpc {
        port: Option<Spanned<IntOrStr>>,
        service: Option<Str>,
        place: Place,
    },
    /// No handler is written; the API server refuses the probe.
    None,
}

impl ProbeHandler {
    pub fn port(&self) -> Option<&Spanned<IntOrStr>> {
        match self {
            ProbeHandler::Http { port, .. }
            | ProbeHandler::Tcp { port, .. }
            | ProbeHandler::Grpc { port, .. } => port.as_ref(),
            ProbeHandler::Exec { .. } | ProbeHandler::None => None,
        }
    }

    /// Whether both handlers make the same check, wherever they are written. `ports` are those of the container, which
    /// give names to numbers.
    pub fn same_as(&self, other: &ProbeHandler, ports: &[ContainerPort]) -> bool {
        fn bare(it: &Option<Str>) -> Option<&str> {
            it.as_ref().map(|it| it.as_str())
        }
        let port = |it: &Option<Spanned<IntOrStr>>| {
            let written = it.as_ref().map(|it| it.value.clone())?;
            let listed = ports.iter().find(|it| it.is(&written)).and_then(|it| it.container_port);
            Some(listed.map_or(written, |it| IntOrStr::Int(it.value)))
        };
        match (self, other) {
            (ProbeHandler::Exec { command: one, .. }, ProbeHandler::Exec { command: two, .. }) => {
                one.iter().map(|word| &word.value).eq(two.iter().map(|word| &word.value))
            }
            (
                ProbeHandler::Http { path, port: at, host, scheme, .. },
                ProbeHandler::Http { path: path2, port: at2, host: host2, scheme: scheme2, .. },
            ) => {
                bare(path).unwrap_or("/") == bare(path2).unwrap_or("/")
                    && port(at) == port(at2)
                    && bare(host) == bare(host2)
                    && bare(scheme).unwrap_or("HTTP") == bare(scheme2).unwrap_or("HTTP")
            }
            (
                ProbeHandler::Tcp { port: at, host, .. },
                ProbeHandler::Tcp { port: at2, host: host2, .. },
            ) => port(at) == port(at2) && bare(host) == bare(host2),
            (
                ProbeHandler::Grpc { port: at, service, .. },
                ProbeHandler::Grpc { port: at2, service: service2, .. },
            ) => port(at) == port(at2) && bare(service) == bare(service2),
            _ => false,
        }
    }
}

impl Probe {
    /// Returns the seconds between two checks; the default is 10.
    pub fn period(&self) -> i64 {
        self.period_seconds.map_or(10, |it| it.value)
    }

    /// Returns the seconds that a check may take; the default is 1.
    pub fn timeout(&self) -> i64 {
        self.timeout_seconds.map_or(1, |it| it.value)
    }

    /// Returns the number of consecutive failures that count; the default is 3.
    pub fn failures(&self) -> i64 {
        self.failure_threshold.map_or(3, |it| it.value)
    }

    /// Returns the number of consecutive successes that count after a failure; the default is 1.
    pub fn successes(&self) -> i64 {
        self.success_threshold.map_or(1, |it| it.value)
    }

    /// Returns the seconds without an answer after which the probe gives up.
    pub fn budget(&self) -> i64 {
        self.period().saturating_mul(self.failures())
    }

    pub fn initial_delay(&self) -> i64 {
        self.initial_delay_seconds.map_or(0, |it| it.value)
    }
}

pub(crate) fn read_probe(reader: &mut Reader, node: Node<'_>) -> Option<Probe> {
    if node.is_null() {
        return None;
    }
    let mut probe = Probe {
        handler: ProbeHandler::None,
        initial_delay_seconds: None,
        period_seconds: None,
        timeout_seconds: None,
        success_threshold: None,
        failure_threshold: None,
        termination_grace_period_seconds: None,
        place: reader.place(node),
    };
    reader.each(node, "Probe", |reader, key, entry| {
        let value = entry.value;
        match key {
            "initialDelaySeconds" => reader.read(value, &mut probe.initial_delay_seconds),
            "periodSeconds" => reader.read(value, &mut probe.period_seconds),
            "timeoutSeconds" => reader.read(value, &mut probe.timeout_seconds),
            "successThreshold" => reader.read(value, &mut probe.success_threshold),
            "failureThreshold" => reader.read(value, &mut probe.failure_threshold),
            "terminationGracePeriodSeconds" => {
                reader.read(value, &mut probe.termination_grace_period_seconds);
            }
            _ => match read_handler(reader, key, value) {
                Some(ProbeHandler::None) => {}
                Some(handler) => probe.handler = handler,
                None => return false,
            },
        }
        true
    });
    Some(probe)
}

/// Reads the handler under a key; `None` for any other key. A null handler is [`ProbeHandler::None`].
pub(crate) fn read_handler(reader: &mut Reader, key: &str, node: Node<'_>) -> Option<ProbeHandler> {
    let read = match key {
        "exec" => read_exec,
        "httpGet" => read_http,
        "tcpSocket" => read_tcp,
        "grpc" => read_grpc,
        _ => return None,
    };
    Some(if node.is_null() { ProbeHandler::None } else { read(reader, node) })
}

fn read_exec(reader: &mut Reader, node: Node<'_>) -> ProbeHandler {
    let place = reader.place(node);
    let mut words = Vec::new();
    reader.each(node, "ExecAction", |reader, key, entry| {
        match key {
            "command" => reader.read(entry.value, &mut words),
            _ => return false,
        }
        true
    });
    ProbeHandler::Exec { command: words, place }
}

fn read_http(reader: &mut Reader, node: Node<'_>) -> ProbeHandler {
    let place = reader.place(node);
    let (mut path, mut port, mut host, mut scheme, mut headers) =
        (None, None, None, None, Vec::new());
    reader.each(node, "HTTPGetAction", |reader, key, entry| {
        let value = entry.value;
        match key {
            "path" => reader.read(value, &mut path),
            "port" => reader.read(value, &mut port),
            "host" => reader.read(value, &mut host),
            "scheme" => reader.read(value, &mut scheme),
            "httpHeaders" => headers = reader.list(value, read_header),
            _ => return false,
        }
        true
    });
    ProbeHandler::Http { path, port, host, scheme, headers, place }
}

fn read_header(reader: &mut Reader, node: Node<'_>) -> Option<(Str, Str)> {
    let (mut name, mut value) = (None, None);
    reader.each(node, "HTTPHeader", |reader, key, entry| {
        match key {
            "name" => reader.read(entry.value, &mut name),
            "value" => reader.read(entry.value, &mut value),
            _ => return false,
        }
        true
    });
    Some((name?, value?))
}

fn read_tcp(reader: &mut Reader, node: Node<'_>) -> ProbeHandler {
    let place = reader.place(node);
    let (mut port, mut host) = (None, None);
    reader.each(node, "TCPSocketAction", |reader, key, entry| {
        match key {
            "port" => reader.read(entry.value, &mut port),
            "host" => reader.read(entry.value, &mut host),
            _ => return false,
        }
        true
    });
    ProbeHandler::Tcp { port, host, place }
}

fn read_grpc(reader: &mut Reader, node: Node<'_>) -> ProbeHandler {
    let place = reader.place(node);
    let (mut port, mut service) = (None, None);
    reader.each(node, "GRPCAction", |reader, key, entry| {
        match key {
            "port" => reader.read(entry.value, &mut port),
            "service" => reader.read(entry.value, &mut service),
            _ => return false,
        }
        true
    });
    ProbeHandler::Grpc { port, service, place }
}
