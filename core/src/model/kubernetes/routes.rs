//! Routes, which bring traffic from outside to a Service.

use super::route_rules::{read_gateway_route_rule, read_mesh_route_rule};
use super::{RouteList, RouteRule};
use crate::model::read::{IntOrStr, Place, Reader, Str};
use crate::syntax::Node;
use crate::text::{Span, Spanned};

/// An Ingress, HTTPRoute, GRPCRoute, TCPRoute, TLSRoute, UDPRoute, IngressRoute, VirtualService or
/// OpenShift Route.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routes {
    pub backends: Vec<Backend>,
    pub hosts: Vec<Str>,
    /// The TLS sections, each with its Secret.
    pub tls: Vec<Tls>,
    /// `ingressClassName`
    pub class: Option<Str>,
    /// The name and namespace of the Gateways to which a route is attached.
    pub parents: Vec<(Str, Option<Str>)>,
    /// The rules of an HTTPRoute, or of a VirtualService.
    pub rules: Vec<RouteRule>,
    pub place: Option<Place>,
}

/// A Service that receives traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct Backend {
    /// The name of the Service.
    pub service: Str,
    pub namespace: Option<Str>,
    pub port: Option<Spanned<IntOrStr>>,
    /// The path of the requests, if one is written.
    pub path: Option<Str>,
    /// The setting that ties each client to one Pod by a cookie.
    pub cookie: Option<Span>,
    pub span: Span,
}

/// A TLS section.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tls {
    pub secret: Option<Str>,
    pub hosts: Vec<Str>,
    pub span: Span,
}

/// Reads an Ingress of `networking.k8s.io` or of an older group.
pub(crate) fn read_ingress(reader: &mut Reader, spec: Node<'_>) -> Routes {
    let mut it = new_routes(reader, spec);
    reader.each(spec, "IngressSpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "ingressClassName" => reader.read(value, &mut it.class),
            "defaultBackend" | "backend" => {
                it.backends.extend(read_ingress_backend(reader, value, None));
            }
            "tls" => it.tls = reader.list(value, read_tls),
            "rules" => {
                reader.list(value, |reader, rule| {
                    read_ingress_rule(reader, rule, &mut it);
                    None::<()>
                });
            }
            _ => return false,
        }
        true
    });
    it
}

fn new_routes(reader: &Reader, spec: Node<'_>) -> Routes {
    Routes { place: spec.is_mapping().then(|| reader.place(spec)), ..Routes::default() }
}

fn read_tls(reader: &mut Reader, node: Node<'_>) -> Option<Tls> {
    let mut it = Tls { span: node.span(), ..Tls::default() };
    reader.each(node, "IngressTLS", |reader, key, entry| {
        match key {
            "hosts" => reader.read(entry.value, &mut it.hosts),
            "secretName" => reader.read(entry.value, &mut it.secret),
            _ => return false,
        }
        true
    });
    Some(it)
}

fn read_ingress_rule(reader: &mut Reader, node: Node<'_>, it: &mut Routes) {
    reader.each(node, "IngressRule", |reader, key, entry| {
        match key {
            "host" => it.hosts.extend(reader.str(entry.value)),
            "http" => {
                let Some(paths) = entry.value.get("paths") else { return true };
                reader.list(paths, |reader, path| {
                    let (mut at, mut backend) = (None, None);
                    reader.each(path, "HTTPIngressPath", |reader, key, entry| {
                        match key {
                            "path" => reader.read(entry.value, &mut at),
                            "backend" => backend = Some(entry.value),
                            _ => return false,
                        }
                        true
                    });
                    let backend = backend?;
                    it.backends.extend(read_ingress_backend(reader, backend, at));
                    None::<()>
                });
            }
            _ => return false,
        }
        true
    });
}

/// Reads `service: {name, port: {number | name}}`, or the old `serviceName` and `servicePort`.
fn read_ingress_backend(reader: &mut Reader, node: Node<'_>, path: Option<Str>) -> Option<Backend> {
    let (mut service, mut port) = (None, None);
    reader.each(node, "IngressBackend", |reader, key, entry| {
        let value = entry.value;
        match key {
            "service" => reader.each(value, "IngressServiceBackend", |reader, key, entry| {
                match key {
                    "name" => reader.read(entry.value, &mut service),
                    "port" => {
                        reader.each(entry.value, "ServiceBackendPort", |reader, key, entry| {
                            match key {
                                "number" | "name" => reader.read(entry.value, &mut port),
                                _ => return false,
                            }
                            true
                        })
                    }
                    _ => return false,
                }
                true
            }),
            "serviceName" => reader.read(value, &mut service),
            "servicePort" => reader.read(value, &mut port),
            _ => return false,
        }
        true
    });
    Some(Backend {
        service: service?,
        namespace: None,
        port,
        path,
        cookie: None,
        span: node.span(),
    })
}

/// Reads a route of the Gateway API: HTTPRoute, GRPCRoute, TCPRoute, TLSRoute, UDPRoute.
pub(crate) fn read_gateway_route(reader: &mut Reader, spec: Node<'_>) -> Routes {
    let mut it = new_routes(reader, spec);
    reader.each(spec, "", |reader, key, entry| {
        match key {
            "hostnames" => reader.read(entry.value, &mut it.hosts),
            "parentRefs" => {
                it.parents = reader.list(entry.value, |reader, node| {
                    let name = node.get("name").and_then(|it| reader.str(it));
                    let namespace = node.get("namespace").and_then(|it| reader.str(it));
                    name.map(|name| (name, namespace))
                });
            }
            "rules" => {
                reader.list(entry.value, |reader, rule| {
                    read_gateway_rule(reader, rule, &mut it);
                    None::<()>
                });
            }
            _ => {}
        }
        true
    });
    it
}

fn read_gateway_rule(reader: &mut Reader, rule: Node<'_>, it: &mut Routes) {
    it.rules.push(read_gateway_route_rule(reader, rule));
    // With several matches, no single path leads to the backend.
    let matches = rule.get("matches").map(|it| it.items().collect::<Vec<_>>()).unwrap_or_default();
    let path = match matches.as_slice() {
        [only] => only.at(&["path", "value"]).and_then(|it| reader.str(it)),
        _ => None,
    };
    let Some(backends) = rule.get("backendRefs") else { return };
    let cookie = rule.get("sessionPersistence").filter(|it| !it.is_null()).map(|it| it.span());
    let backends = reader.list(backends, |reader, node| read_reference(reader, node, path.clone()));
    it.backends.extend(backends.into_iter().map(|it| Backend { cookie, ..it }));
}

/// Reads a reference with `kind`, `name`, `namespace` and `port`; `None` if it is not to a Service.
fn read_reference(reader: &mut Reader, node: Node<'_>, path: Option<Str>) -> Option<Backend> {
    let (mut name, mut namespace, mut port, mut is_service) = (None, None, None, true);
    reader.each(node, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "kind" => is_service &= value.as_str() == Some("Service"),
            "group" => is_service &= matches!(value.as_str(), Some("" | "core")),
            "name" => reader.read(value, &mut name),
            "namespace" => reader.read(value, &mut namespace),
            "port" => reader.read(value, &mut port),
            _ => {}
        }
        true
    });
    let service = name.filter(|_| is_service)?;
    // Traefik's; a route of the Gateway API has it in the rule.
    let cookie = node.at(&["sticky", "cookie"]).filter(|it| !it.is_null()).map(|it| it.span());
    Some(Backend { service, namespace, port, path, cookie, span: node.span() })
}

/// Reads a route of Traefik: IngressRoute, IngressRouteTCP, IngressRouteUDP.
pub(crate) fn read_traefik(reader: &mut Reader, spec: Node<'_>) -> Routes {
    let mut it = new_routes(reader, spec);
    reader.each(spec, "", |reader, key, entry| {
        match key {
            "routes" => {
                reader.list(entry.value, |reader, route| {
                    if let Some(services) = route.get("services") {
                        let all = reader.list(services, |reader, node| {
                            // A name with `@` belongs to another provider.
                            read_reference(reader, node, None)
                                .filter(|it| !it.service.contains('@'))
                        });
                        it.backends.extend(all);
                    }
                    if let Some(rule) = route.get("match").and_then(|it| reader.str(it)) {
                        it.hosts.extend(hosts_of_rule(&rule));
                    }
                    None::<()>
                });
            }
            "tls" if !entry.value.is_null() => {
                let secret = entry.value.get("secretName").and_then(|it| reader.str(it));
                it.tls.push(Tls { secret, hosts: Vec::new(), span: entry.span() });
            }
            _ => {}
        }
        true
    });
    it
}

/// Returns the hosts in a rule of Traefik, in backticks or quotes: ``Host(`a`, `b`)``.
fn hosts_of_rule(rule: &Str) -> Vec<Str> {
    let mut hosts = Vec::new();
    for (at, _) in rule.match_indices("Host(").chain(rule.match_indices("HostSNI(")) {
        let inner = rule[at..].split(')').next().unwrap_or_default();
        let words = inner.split(['`', '"']).skip(1).step_by(2);
        let words = words.filter(|host| !host.is_empty() && *host != "*");
        hosts.extend(words.map(|host| Str::new(host.into(), rule.span)));
    }
    hosts
}

/// Reads the destinations of an Istio VirtualService.
pub(crate) fn read_virtual_service(reader: &mut Reader, spec: Node<'_>) -> Routes {
    let mut it = new_routes(reader, spec);
    reader.each(spec, "", |reader, key, entry| {
        match key {
            "hosts" => reader.read(entry.value, &mut it.hosts),
            "http" => read_mesh_rules(reader, RouteList::Http, entry.value, &mut it),
            "tcp" => read_mesh_rules(reader, RouteList::Tcp, entry.value, &mut it),
            "tls" => read_mesh_rules(reader, RouteList::Tls, entry.value, &mut it),
            _ => {}
        }
        true
    });
    it
}

fn read_mesh_rules(reader: &mut Reader, list: RouteList, node: Node<'_>, it: &mut Routes) {
    reader.list(node, |reader, rule| {
        it.rules.push(read_mesh_route_rule(reader, list, rule));
        let routes = rule.get("route");
        let backends = routes.map(|all| reader.list(all, read_destination));
        it.backends.extend(backends.unwrap_or_default());
        None::<()>
    });
}

fn read_destination(reader: &mut Reader, node: Node<'_>) -> Option<Backend> {
    let destination = node.get("destination")?;
    let host = destination.get("host").and_then(|it| reader.str(it))?;
    let port = destination.at(&["port", "number"]).and_then(|it| reader.int_or_str(it));
    let mut parts = host.split('.');
    let service = Str::new(parts.next().unwrap_or_default().into(), host.span);
    let namespace = parts.next().map(|it| Str::new(it.into(), host.span));
    // `name.namespace` and `name.namespace.svc...` are Services; other names with dots are external.
    let inside = matches!(parts.next(), None | Some("svc"));
    let span = destination.span();
    inside.then_some(Backend { service, namespace, port, path: None, cookie: None, span })
}

/// Reads a Route of OpenShift.
pub(crate) fn read_openshift_route(reader: &mut Reader, spec: Node<'_>) -> Routes {
    let mut it = new_routes(reader, spec);
    reader.each(spec, "", |reader, key, entry| {
        let value = entry.value;
        match key {
            "host" => it.hosts.extend(reader.str(value)),
            "to" => it.backends.extend(read_reference(reader, value, None)),
            "alternateBackends" => {
                let all = reader.list(value, |reader, node| read_reference(reader, node, None));
                it.backends.extend(all);
            }
            "tls" if !value.is_null() => {
                it.tls.push(Tls { span: entry.span(), ..Tls::default() });
            }
            _ => {}
        }
        true
    });
    it
}
