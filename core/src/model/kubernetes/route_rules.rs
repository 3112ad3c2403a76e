//! The rules of HTTPRoutes and VirtualServices: what they match and where they send it.

use super::Selector;
use super::selector::read_label_map;
use crate::model::read::{Reader, Str};
use crate::syntax::Node;
use crate::text::{Span, Spanned};

/// A rule of an HTTPRoute or a VirtualService.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteRule {
    /// The list that the rule stands in: `http`, `tcp` or `tls`.
    pub list: RouteList,
    /// Empty if the rule has none, so that all requests match.
    pub matches: Vec<RouteMatch>,
    pub destinations: Vec<WeightedBackend>,
    pub name: Option<Str>,
    /// The rule's first key.
    pub span: Span,
}

/// A list of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteList {
    Http,
    Tcp,
    Tls,
}

/// A condition for a rule, all of whose parts must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteMatch {
    /// The path and the value of each part, sorted: `("uri.prefix", "/")`. Values that are the
    /// default are written out, and the match's own name is left out.
    pub parts: Vec<(String, String)>,
    pub span: Span,
}

/// A backend with its share of the traffic.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedBackend {
    pub host: Str,
    /// The name of a subset that a DestinationRule defines.
    pub subset: Option<Str>,
    pub weight: Option<Spanned<i64>>,
}

/// A DestinationRule of Istio.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DestinationRule {
    pub host: Option<Str>,
    pub subsets: Vec<Subset>,
    /// The setting that ties each client to one Pod by a cookie.
    pub cookie: Option<Span>,
    /// `workloadSelector`: the Pods to which the rule applies as clients.
    pub workload_selector: Option<Selector>,
}

/// A ServiceEntry of Istio, which adds hosts to the mesh.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceEntry {
    /// `workloadSelector`: the Pods behind the hosts.
    pub workload_selector: Option<Selector>,
}

/// A subset of the Pods of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct Subset {
    pub name: Str,
    pub labels: Option<Selector>,
}

impl RouteMatch {
    /// Whether every request matches.
    pub fn is_catch_all(&self) -> bool {
        self.parts.iter().all(|(path, value)| {
            matches!(
                (path.as_str(), value.as_str()),
                ("uri.prefix" | "path.PathPrefix", "/")
                    | ("uri.regex", ".*" | "/.*" | "^/.*" | "^/.*$")
                    | ("ignoreUriCase", _)
            )
        })
    }
}

impl RouteRule {
    /// Whether every request matches.
    pub fn is_catch_all(&self) -> bool {
        self.matches.is_empty() || self.matches.iter().any(RouteMatch::is_catch_all)
    }
}

/// Reads a rule of an HTTPRoute.
pub(crate) fn read_gateway_route_rule(reader: &mut Reader, rule: Node<'_>) -> RouteRule {
    let matches = rule.get("matches").map(|all| reader.list(all, read_gateway_match));
    let backends = rule.get("backendRefs").map(|all| reader.list(all, read_weighted));
    RouteRule {
        list: RouteList::Http,
        matches: matches.unwrap_or_default(),
        destinations: backends.unwrap_or_default(),
        name: rule.get("name").and_then(|it| reader.str(it)),
        span: first_key(rule),
    }
}

/// Reads a rule of a VirtualService.
pub(crate) fn read_mesh_route_rule(
    reader: &mut Reader,
    list: RouteList,
    rule: Node<'_>,
) -> RouteRule {
    let matches = rule.get("match").map(|all| reader.list(all, read_mesh_match));
    let destinations = rule.get("route").map(|all| reader.list(all, read_mesh_destination));
    RouteRule {
        list,
        matches: matches.unwrap_or_default(),
        destinations: destinations.unwrap_or_default(),
        name: rule.get("name").and_then(|it| reader.str(it)),
        span: first_key(rule),
    }
}

/// Returns the span of the first key of a mapping.
fn first_key(node: Node<'_>) -> Span {
    node.entries().next().map_or(node.span(), |entry| entry.key.span())
}

/// Reads a match of an HTTPRoute. Without a path, all paths match.
fn read_gateway_match(_: &mut Reader, node: Node<'_>) -> Option<RouteMatch> {
    let mut parts = Vec::new();
    for entry in node.entries() {
        let Some(key) = entry.key.as_str() else { continue };
        if key == "path" {
            let of = |key: &str| entry.value.get(key).and_then(|it| it.as_str());
            let kind = of("type").unwrap_or("PathPrefix");
            parts.push((format!("path.{kind}"), of("value").unwrap_or("/").to_owned()));
        } else {
            flatten(entry.value, key, MAX_MATCH_DEPTH, &mut parts);
        }
    }
    if !parts.iter().any(|(path, _)| path.starts_with("path.")) {
        parts.push(("path.PathPrefix".to_owned(), "/".to_owned()));
    }
    // What matches a header or a parameter exactly need not say so.
    parts.retain(|(path, value)| !(path.ends_with(".type") && value == "Exact"));
    parts.sort();
    Some(RouteMatch { parts, span: node.span() })
}

/// Reads a match of a VirtualService.
fn read_mesh_match(_: &mut Reader, node: Node<'_>) -> Option<RouteMatch> {
    let mut parts = Vec::new();
    for entry in node.entries() {
        if let Some(key) = entry.key.as_str().filter(|key| *key != "name") {
            flatten(entry.value, key, MAX_MATCH_DEPTH, &mut parts);
        }
    }
    parts.sort();
    Some(RouteMatch { parts, span: node.span() })
}

/// Maximum depth of what is read of a match; the deepest known one has three levels.
const MAX_MATCH_DEPTH: usize = 6;

/// Collects the scalars below a node with their paths. Items of a list go by their `name`.
fn flatten(node: Node<'_>, path: &str, depth: usize, parts: &mut Vec<(String, String)>) {
    if depth == 0 {
        return;
    }
    if node.is_mapping() {
        for entry in node.entries() {
            let key = entry.key.as_str().unwrap_or_default();
            flatten(entry.value, &format!("{path}.{key}"), depth - 1, parts);
        }
        return;
    }
    let mut is_list = false;
    for (at, item) in node.items().enumerate() {
        is_list = true;
        let name = item.get("name").and_then(|it| it.as_str());
        let own = name.map_or_else(|| format!("{path}.{at}"), |name| format!("{path}.{name}"));
        flatten(item, &own, depth - 1, parts);
    }
    if !is_list {
        parts.push((path.to_owned(), node.as_str().unwrap_or_default().to_owned()));
    }
}

/// Reads a backend of the Gateway API with its weight, whatever its kind.
fn read_weighted(reader: &mut Reader, node: Node<'_>) -> Option<WeightedBackend> {
    let host = node.get("name").and_then(|it| reader.str(it))?;
    let weight = node.get("weight").and_then(|it| reader.int(it));
    Some(WeightedBackend { host, subset: None, weight })
}

/// Reads a ServiceEntry of Istio.
pub(crate) fn read_service_entry(reader: &mut Reader, spec: Node<'_>) -> ServiceEntry {
    let labels = spec.at(&["workloadSelector", "labels"]);
    ServiceEntry { workload_selector: labels.and_then(|it| read_label_map(reader, it)) }
}

/// Reads a DestinationRule of Istio.
pub(crate) fn read_destination_rule(reader: &mut Reader, spec: Node<'_>) -> DestinationRule {
    let mut it = DestinationRule::default();
    reader.each(spec, "", |reader, key, entry| {
        match key {
            "host" => reader.read(entry.value, &mut it.host),
            "subsets" => {
                it.subsets = reader.list(entry.value, |reader, node| {
                    let name = node.get("name").and_then(|it| reader.str(it))?;
                    let labels = node.get("labels").and_then(|it| read_label_map(reader, it));
                    Some(Subset { name, labels })
                });
            }
            "trafficPolicy" => {
                let cookie = ["loadBalancer", "consistentHash", "httpCookie"];
                it.cookie = entry.value.at(&cookie).map(|it| it.span());
            }
            "workloadSelector" => {
                let labels = entry.value.get("matchLabels");
                it.workload_selector = labels.and_then(|it| read_label_map(reader, it));
            }
            _ => {}
        }
        true
    });
    it
}

fn read_mesh_destination(reader: &mut Reader, node: Node<'_>) -> Option<WeightedBackend> {
    let destination = node.get("destination")?;
    let host = destination.get("host").and_then(|it| reader.str(it))?;
    let subset = destination.get("subset").and_then(|it| reader.str(it));
    let weight = node.get("weight").and_then(|it| reader.int(it));
    Some(WeightedBackend { host, subset, weight })
}
