//! The map of the project for the report.

use super::{Facts, Part};
use crate::model::Str;
use crate::model::kubernetes::{Body, VolumeSource};
use crate::report::{EdgeKind, Map, MapEdge, MapNode, NodeKind};
use crate::text::Span;
use rustc_hash::FxHashSet;
use smol_str::{SmolStr, format_smolstr};

/// A map while it is drawn.
#[derive(Default)]
struct Drawing {
    map: Map,
    nodes: FxHashSet<SmolStr>,
    edges: FxHashSet<MapEdge>,
}

impl Drawing {
    fn node(&mut self, id: &SmolStr, kind: NodeKind, label: &str, span: Option<Span>) {
        if self.nodes.insert(id.clone()) {
            self.map.nodes.push(MapNode { id: id.clone(), kind, label: label.into(), span });
        }
    }

    /// Draws something that is known only because it is used.
    fn used(&mut self, by: &SmolStr, id: &SmolStr, kind: NodeKind, name: &Str, how: Use) {
        self.node(id, kind, name, Some(name.span));
        self.edge(by, id, how.0, Some(how.1));
    }

    fn edge(&mut self, from: &SmolStr, to: &SmolStr, kind: EdgeKind, span: Option<Span>) {
        if self.map.edges.len() > MAX_EDGES {
            return;
        }
        let edge = MapEdge { from: from.clone(), to: to.clone(), kind, span };
        if self.edges.insert(edge.clone()) {
            self.map.edges.push(edge);
        }
    }
}

/// How something is used, and where that is written.
struct Use(EdgeKind, Span);

/// Maximum number of services and objects that are drawn. Nobody reads a picture of more.
const MAX_NODES: usize = 2_000;

/// Maximum number of relations that are drawn.
const MAX_EDGES: usize = 10_000;

impl Facts<'_> {
    pub fn map(&self) -> Map {
        let mut drawing = Drawing::default();
        if self.services.len() + self.objects.len() > MAX_NODES {
            return drawing.map;
        }
        self.draw_compose(&mut drawing);
        self.draw_cluster(&mut drawing);
        for it in self.counterparts() {
            let (service, workload, _) = self.pair(it);
            let from = self.service_id(service.index);
            drawing.edge(&from, &self.workload_id(workload), EdgeKind::Counterpart, None);
        }
        if drawing.map.edges.len() > MAX_EDGES {
            return Map::default();
        }
        drawing.map
    }

    fn service_id(&self, service: usize) -> SmolStr {
        let service = &self.services[service];
        let name = &service.project.name.value;
        let project = if name.is_empty() { "compose" } else { name.as_str() };
        format_smolstr!("{project}#{}/{}", service.project_index, service.name)
    }

    fn draw_compose(&self, drawing: &mut Drawing) {
        let ids: Vec<SmolStr> = (0..self.services.len()).map(|it| self.service_id(it)).collect();
        for (service, id) in self.services.iter().zip(&ids) {
            drawing.node(id, NodeKind::Service, service.name, Some(service.span()));
            for mount in &service.model.volumes {
                let Some(source) = &mount.source else { continue };
                let volume = format_smolstr!("volume#{}/{source}", service.project_index);
                drawing.used(
                    id,
                    &volume,
                    NodeKind::Volume,
                    source,
                    Use(EdgeKind::Mounts, mount.span),
                );
            }
        }
        for (service, id) in self.services.iter().zip(&ids) {
            for dependency in service.model.dependencies() {
                if let Some(on) = self.sibling(service, &dependency.service) {
                    drawing.edge(id, &ids[on.index], EdgeKind::DependsOn, Some(dependency.span));
                }
            }
        }
    }

    fn draw_cluster(&self, drawing: &mut Drawing) {
        for workload in &self.workloads {
            let id = self.workload_id(workload);
            let label = match workload.name {
                "" => workload.kind().name(),
                name => name,
            };
            drawing.node(&id, NodeKind::Workload, label, Some(workload.span()));
            for volume in &workload.model.template.spec.volumes {
                if let VolumeSource::Claim { name: Some(name), .. } = &volume.source {
                    let claim = format_smolstr!("claim/{}/{name}", workload.namespace);
                    drawing.used(
                        &id,
                        &claim,
                        NodeKind::Volume,
                        name,
                        Use(EdgeKind::Mounts, name.span),
                    );
                }
                for (secret, source) in volume.source.keyed() {
                    let kind = if secret { NodeKind::Secret } else { NodeKind::Config };
                    if let Some(name) = &source.name {
                        let to = format_smolstr!("{kind}/{}/{name}", workload.namespace);
                        drawing.used(&id, &to, kind, name, Use(EdgeKind::Reads, name.span));
                    }
                }
            }
            for (_, container) in workload.containers().filter(|it| it.0.part != Part::Init) {
                for from in &container.env_from {
                    let secret = from.source == crate::model::kubernetes::EnvSource::Secret;
                    let kind = if secret { NodeKind::Secret } else { NodeKind::Config };
                    if let Some(name) = &from.name {
                        let to = format_smolstr!("{kind}/{}/{name}", workload.namespace);
                        drawing.used(&id, &to, kind, name, Use(EdgeKind::Reads, from.span));
                    }
                }
            }
        }
        for service in &self.kube_services {
            let id = format_smolstr!("Service/{}/{}", service.namespace, service.name);
            drawing.node(&id, NodeKind::KubeService, service.name, Some(service.span()));
            for at in &service.selects {
                let selector = service.model.selector.as_ref().map(|it| it.place.span);
                drawing.edge(
                    &id,
                    &self.workload_id(&self.workloads[*at]),
                    EdgeKind::Selects,
                    selector,
                );
            }
        }
        for object in &self.objects {
            let Body::Routes(routes) = &object.body else { continue };
            let name = object.name().map_or("", |it| it.as_str());
            let id = format_smolstr!("{}/{}/{name}", object.kind, object.namespace());
            drawing.node(&id, NodeKind::Route, name, Some(object.name_span()));
            for backend in &routes.backends {
                let namespace =
                    backend.namespace.as_ref().map_or(object.namespace(), |it| it.as_str());
                let to = format_smolstr!("Service/{namespace}/{}", backend.service);
                if drawing.nodes.contains(&to) {
                    drawing.edge(&id, &to, EdgeKind::Routes, Some(backend.span));
                }
            }
        }
    }

    fn workload_id(&self, workload: &super::Workload<'_>) -> SmolStr {
        let (kind, namespace) = (workload.kind().name(), workload.namespace);
        let place = workload.span();
        match workload.name {
            // Fragments have no names to tell them apart.
            "" => {
                let path = self.file(place.file).path();
                format_smolstr!("{kind}/{namespace}/@{path}:{}", place.start)
            }
            name => format_smolstr!("{kind}/{namespace}/{name}"),
        }
    }
}
