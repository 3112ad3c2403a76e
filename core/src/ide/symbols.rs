//! Outlines of documents, and the symbols of a project by their names.

use super::names::{ComposeKind, Role};
use super::{Indexed, Name, charts, templates};
use crate::model::FileModel;
use crate::model::Str;
use crate::model::kubernetes::{Body, Container, Object, ServicePort};
use crate::report::Kind;
use crate::syntax::{Entry, Node};
use crate::text::Span;
use rustc_hash::FxHashSet;

/// Maximum number of symbols that a search through the project returns.
pub const MAX_SYMBOLS: usize = 200;

/// What a symbol stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    /// `services` of a Compose file, a key of another file with keys below.
    Section,
    Service,
    Volume,
    Network,
    Secret,
    Config,
    Object,
    Container,
    Port,
    Key,
    NamedTemplate,
}

/// A symbol of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    pub name: String,
    /// The image of a service or container; empty for most.
    pub detail: String,
    pub kind: SymbolKind,
    /// All that belongs to it.
    pub span: Span,
    /// Its name, within the span.
    pub name_span: Span,
    pub below: Vec<Symbol>,
}

/// A symbol of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectSymbol {
    pub name: String,
    /// What contains it: a namespace; empty for most.
    pub container: String,
    pub kind: SymbolKind,
    pub span: Span,
}

/// Returns the outline of a file, in the order of the text.
pub fn outline(file: &FileModel) -> Vec<Symbol> {
    match file.kind {
        Kind::Template => template_outline(file),
        Kind::Compose => file.tree.roots().flat_map(compose_outline).collect(),
        Kind::Kubernetes | Kind::ArgoCd => {
            file.objects.iter().map(|it| object_symbol(file, it)).collect()
        }
        Kind::Kustomization | Kind::Chart | Kind::Values | Kind::Config => {
            file.tree.roots().flat_map(top_level_keys).collect()
        }
        Kind::EnvFile | Kind::Dockerfile | Kind::Unknown => match file.objects.is_empty() {
            true => file.tree.roots().flat_map(top_level_keys).collect(),
            false => file.objects.iter().map(|it| object_symbol(file, it)).collect(),
        },
    }
}

fn symbol(entry: Entry<'_>, kind: SymbolKind) -> Option<Symbol> {
    let name = entry.key.as_str().filter(|_| !entry.key.is_merge_key())?;
    Some(Symbol {
        name: name.to_owned(),
        detail: String::new(),
        kind,
        span: entry.span(),
        name_span: entry.key.span(),
        below: Vec::new(),
    })
}

fn compose_outline(root: Node<'_>) -> Vec<Symbol> {
    let section = |entry: Entry<'_>| {
        let kind = match entry.key.as_str()? {
            "services" => SymbolKind::Service,
            "volumes" => SymbolKind::Volume,
            "networks" => SymbolKind::Network,
            "secrets" => SymbolKind::Secret,
            "configs" => SymbolKind::Config,
            _ => SymbolKind::Key,
        };
        let mut section = symbol(entry, SymbolKind::Section)?;
        if entry.value.kind() != crate::syntax::NodeKind::Mapping || kind == SymbolKind::Key {
            section.kind = SymbolKind::Key;
            return Some(section);
        }
        let below = entry.value.entries().filter_map(|below| {
            let mut own = symbol(below, kind)?;
            let image = below.value.get("image").and_then(Node::as_str);
            own.detail = image.filter(|_| kind == SymbolKind::Service).unwrap_or_default().into();
            Some(own)
        });
        section.below = below.collect();
        Some(section)
    };
    root.entries().filter_map(section).collect()
}

/// Returns the keys at the top of a mapping, with those below them.
fn top_level_keys(root: Node<'_>) -> Vec<Symbol> {
    let keys = |node: Node<'_>| -> Vec<Symbol> {
        match node.kind() {
            crate::syntax::NodeKind::Mapping => {
                node.entries().filter_map(|it| symbol(it, SymbolKind::Key)).collect()
            }
            crate::syntax::NodeKind::Scalar
            | crate::syntax::NodeKind::Sequence
            | crate::syntax::NodeKind::Alias => Vec::new(),
        }
    };
    let mut top = keys(root);
    for (symbol, entry) in top.iter_mut().zip(root.entries().filter(|it| !it.key.is_merge_key())) {
        symbol.below = keys(entry.value);
        if !symbol.below.is_empty() {
            symbol.kind = SymbolKind::Section;
        }
    }
    top
}

fn object_symbol(file: &FileModel, object: &Object) -> Symbol {
    let name = object.name().map_or("", |it| it.as_str());
    let below: Vec<Symbol> = match &object.body {
        Body::Workload(workload) => {
            workload.template.spec.all_containers().map(container_symbol).collect()
        }
        Body::Service(service) => {
            let ports = service.ports.iter();
            let label = |port: &ServicePort| {
                port_label(port.name.as_ref(), port.port.map(|it| it.value.to_string()))
            };
            ports.map(|port| leaf(label(port), SymbolKind::Port, port.place.span)).collect()
        }
        Body::ConfigMap(map) => {
            map.keys().map(|it| leaf(it.to_string(), SymbolKind::Key, it.span)).collect()
        }
        Body::Secret(secret) => {
            secret.keys().map(|it| leaf(it.to_string(), SymbolKind::Key, it.span)).collect()
        }
        _ => Vec::new(),
    };
    let is_inside = |it: &Symbol| object.span.contains(it.span) && it.span.file == file.id;
    Symbol {
        name: format!("{}/{name}", object.kind.as_str()),
        detail: object.meta.namespace.as_ref().map(ToString::to_string).unwrap_or_default(),
        kind: SymbolKind::Object,
        span: object.span,
        name_span: inside(object.name_span(), object.span),
        below: below.into_iter().filter(is_inside).collect(),
    }
}

/// Returns a place, or the start of what is around it where an alias leads elsewhere.
fn inside(span: Span, around: Span) -> Span {
    if around.contains(span) { span } else { around.inner(0..0) }
}

fn leaf(name: String, kind: SymbolKind, span: Span) -> Symbol {
    Symbol { name, detail: String::new(), kind, span, name_span: span, below: Vec::new() }
}

/// Returns the name and the number of a port: "http 80".
fn port_label(name: Option<&Str>, number: Option<String>) -> String {
    let words = name.map(ToString::to_string).into_iter().chain(number);
    words.collect::<Vec<_>>().join(" ")
}

fn container_symbol(container: &Container) -> Symbol {
    let ports = container.ports.iter().filter_map(|port| {
        let number = port.container_port?.value.to_string();
        let name = port_label(port.name.as_ref(), Some(number));
        Some(leaf(name, SymbolKind::Port, port.place.span))
    });
    let span = container.place.span;
    Symbol {
        name: container.label().to_owned(),
        detail: container.image.as_ref().map(ToString::to_string).unwrap_or_default(),
        kind: SymbolKind::Container,
        span,
        name_span: inside(container.name.as_ref().map_or(span, |it| it.span), span),
        below: ports.filter(|port| span.contains(port.span)).collect(),
    }
}

/// Returns the templates that a file defines, and the objects that it prints.
fn template_outline(file: &FileModel) -> Vec<Symbol> {
    let names = charts::template_names(file.text(), file.id).into_iter();
    let defined = names.filter(|(_, _, is_definition)| *is_definition);
    let named =
        defined.map(|(name, span, _)| leaf(name.to_owned(), SymbolKind::NamedTemplate, span));
    let mut all: Vec<Symbol> = named.chain(templates::objects(file)).collect();
    all.sort_by_key(|it| it.span);
    all
}

/// Returns what the project defines under names that contain the letters of a query in their order, the nearest
/// names first.
pub fn project_symbols(snapshot: Indexed<'_>, query: &str) -> Vec<ProjectSymbol> {
    let query = query.to_lowercase();
    let mut found: Vec<(u8, ProjectSymbol)> = Vec::new();
    let mut seen: FxHashSet<(Span, SymbolKind)> = FxHashSet::default();
    for (name, occurrences) in snapshot.names.all() {
        let Some(kind) = kind_of(name) else { continue };
        for occurrence in occurrences.filter(|it| it.role == Role::Definition) {
            let written = written_name(snapshot, name, occurrence.span);
            let label = match name {
                Name::Object { kind, .. } => format!("{kind}/{written}"),
                _ => written.to_owned(),
            };
            let Some(distance) = distance(&label, written, &query) else { continue };
            if seen.insert((occurrence.span, kind)) {
                let container = occurrence.namespace.as_ref().map(ToString::to_string);
                let symbol = ProjectSymbol {
                    name: label,
                    container: container.unwrap_or_default(),
                    kind,
                    span: occurrence.span,
                };
                found.push((distance, symbol));
            }
        }
    }
    let path = |symbol: &ProjectSymbol| snapshot.analysis.file(symbol.span.file).path();
    found.sort_by(|(a_distance, a), (b_distance, b)| {
        (a_distance, &a.name, path(a), a.span).cmp(&(b_distance, &b.name, path(b), b.span))
    });
    found.into_iter().map(|(_, symbol)| symbol).take(MAX_SYMBOLS).collect()
}

/// Returns a name as its source writes it, to which an overlay may add a prefix or a hash; the name in the cluster where
/// a template puts it together.
fn written_name<'s>(snapshot: Indexed<'s>, name: &'s Name, span: Span) -> &'s str {
    let text = snapshot.analysis.file(span.file).text();
    let written = text.get(span.range()).unwrap_or_default();
    let is_part = !written.is_empty() && name.text().contains(written);
    if is_part { written } else { name.text() }
}

fn kind_of(name: &Name) -> Option<SymbolKind> {
    Some(match name {
        Name::Compose { kind, .. } => match kind {
            ComposeKind::Service => SymbolKind::Service,
            ComposeKind::Volume => SymbolKind::Volume,
            ComposeKind::Network => SymbolKind::Network,
            ComposeKind::Secret => SymbolKind::Secret,
            ComposeKind::Config => SymbolKind::Config,
            ComposeKind::Profile => return None,
        },
        Name::Template { .. } => SymbolKind::Service,
        Name::Object { kind, .. } if kind == "Namespace" => return None,
        Name::Object { .. } => SymbolKind::Object,
        Name::Key { .. } => SymbolKind::Key,
        Name::NamedTemplate { .. } => SymbolKind::NamedTemplate,
        Name::Variable { .. }
        | Name::Anchor { .. }
        | Name::Label { .. }
        | Name::ContainerPort { .. }
        | Name::PodVolume { .. }
        | Name::ServicePort { .. }
        | Name::Value { .. } => return None,
    })
}

/// Returns how far a name is from a query: 0 for the name itself. `None` if its letters are not all there.
fn distance(label: &str, name: &str, query: &str) -> Option<u8> {
    let (label, name) = (label.to_lowercase(), name.to_lowercase());
    if name == query {
        return Some(0);
    }
    if name.starts_with(query) {
        return Some(1);
    }
    if label.contains(query) {
        return Some(2);
    }
    let mut letters = label.chars();
    query.chars().all(|wanted| letters.any(|letter| letter == wanted)).then_some(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::File;
    use crate::ide::testing::project;
    use crate::text::FileId;

    fn lines(symbols: &[Symbol], depth: usize, out: &mut Vec<String>) {
        for symbol in symbols {
            assert!(symbol.span.contains(symbol.name_span), "{symbol:?}");
            let line = format!("{}{} {}", "  ".repeat(depth), symbol.name, symbol.detail);
            out.push(line.trim_end().to_owned());
            lines(&symbol.below, depth + 1, out);
        }
    }

    fn outline_of(path: &str, text: &str) -> Vec<String> {
        let file = FileModel::read(FileId(0), File::new(path, text), None);
        let mut out = Vec::new();
        lines(&outline(&file), 0, &mut out);
        out
    }

    #[test]
    fn a_compose_file_has_its_services_and_objects() {
        let text = "name: shop\nservices:\n  db: {image: 'postgres:17'}\n  web: {build: .}\nvolumes: {data: {}}\n";
        let expected = ["name", "services", "  db postgres:17", "  web", "volumes", "  data"];
        assert_eq!(outline_of("compose.yaml", text), expected);
    }

    #[test]
    fn a_manifest_has_its_objects_with_containers_ports_and_keys() {
        let text = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'acme/web:1', ports: [{name: http, containerPort: 80}, {containerPort: 81}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: '1', b: '2'}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80}, {port: 81}]}
";
        assert_eq!(
            outline_of("web.yaml", text),
            [
                "Deployment/web shop",
                "  web acme/web:1",
                "    http 80",
                "    81",
                "ConfigMap/settings",
                "  a",
                "  b",
                "Service/web",
                "  http 80",
                "  81",
            ]
        );
    }

    #[test]
    fn other_files_have_their_keys_and_templates_what_they_define() {
        let text = "image: {tag: '1'}\nreplicas: 2\n";
        assert_eq!(outline_of("chart/values.yaml", text), ["image", "  tag", "replicas"]);
        let text = "{{ define \"shop.name\" }}x{{ end }}{{ include \"other\" . }}";
        assert_eq!(outline_of("chart/templates/_helpers.tpl", text), ["shop.name"]);
        let text = "{{- if .Values.on }}\napiVersion: apps/v1\nkind: Deployment # two\nmetadata:\n  labels:\n    name: x\n  name: {{ .Release.Name }}-web\nspec: {}\n{{- end }}\n---\napiVersion: v1\nkind: Service\nmetadata: {{- toYaml .Values.meta | nindent 2 }}\nspec:\n  name: y\n";
        assert_eq!(
            outline_of("chart/templates/web.yaml", text),
            ["Deployment/{{ .Release.Name }}-web", "Service/"]
        );
    }

    #[test]
    fn symbols_of_the_project_are_found_by_their_letters() {
        let asked = project(
            "=== compose.yaml
services:
  web: {image: 'acme/web:1'}
  web-worker: {image: 'acme/web:1'}
  backend: {image: 'acme/b:1'}
=== web.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
",
        );
        let found = |query: &str| -> Vec<String> {
            project_symbols(asked.indexed(), query).into_iter().map(|it| it.name).collect()
        };
        assert_eq!(found("web"), ["Service/web", "web", "web-worker"]);
        assert_eq!(found("wbw"), ["web-worker"]);
        assert_eq!(found("BACK"), ["backend"]);
        assert_eq!(found("").len(), 4);
        assert!(found("nothing").is_empty());
    }

    #[cfg(feature = "targets")]
    #[test]
    fn objects_of_overlays_go_by_the_names_of_their_sources() {
        let asked = project(
            "=== base/kustomization.yaml
resources: [web.yaml]
configMapGenerator: [{name: conf, literals: [A=1]}]
=== base/web.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
=== prod/kustomization.yaml
resources: [../base]
namePrefix: prod-
",
        );
        let found = project_symbols(asked.indexed(), "").into_iter().map(|it| it.name);
        assert_eq!(found.collect::<Vec<_>>(), ["A", "ConfigMap/conf", "Service/web"]);
    }
}
