//! The picture of the project for the report.

use super::{Facts, Part};
use crate::index::Index;
use crate::model::Str;
use crate::model::kubernetes::{Body, VolumeSource};
use crate::report::{EdgeKind, Map, MapEdge, MapNode, NodeKind};
use crate::text::Span;
use smol_str::{SmolStr, SmolStrBuilder, format_smolstr};

#[derive(Default)]
struct Drawing {
    map: Map,
    known: Index,
}

impl Drawing {
    fn node(&mut self, id: &SmolStr, kind: NodeKind, label: &str, span: Option<Span>) {
        if self.known.add(&[id], 0).len() == 1 {
            self.new_node(id, kind, label, span);
        }
    }

    /// A node whose id nothing else can have.
    fn new_node(&mut self, id: &SmolStr, kind: NodeKind, label: &str, span: Option<Span>) {
        self.map.nodes.push(MapNode { id: id.clone(), kind, label: label.into(), span });
    }

    /// Something that is there because it is used.
    fn used(&mut self, by: &SmolStr, id: &SmolStr, kind: NodeKind, name: &Str, how: Use) {
        self.node(id, kind, name, Some(name.span));
        self.edge(by, id, how.0, Some(how.1));
    }

    fn edge(&mut self, from: &SmolStr, to: &SmolStr, kind: EdgeKind, span: Option<Span>) {
        let edge = MapEdge { from: from.clone(), to: to.clone(), kind, span };
        // Two edges seldom have one place.
        if !self.map.edges.iter().any(|it| it.span == span && *it == edge) {
            self.map.edges.push(edge);
        }
    }
}

/// An id of several words, which for most of them takes no allocation.
fn joined(words: &[&str]) -> SmolStr {
    let mut id = SmolStrBuilder::new();
    for word in words {
        id.push_str(word);
    }
    id.finish()
}

/// In which way something is used, and where that is written.
struct Use(EdgeKind, Span);

/// More than this is no picture any more, and comparing edges would cost more than it tells.
const MAX_NODES: usize = 2_000;

impl Facts<'_> {
    pub fn map(&self) -> Map {
        let mut drawing = Drawing::default();
        if self.services.len() + self.objects.len() > MAX_NODES {
            return drawing.map;
        }
        self.draw_compose(&mut drawing);
        self.draw_cluster(&mut drawing);
        for it in &self.counterparts {
            let (service, workload, _) = self.pair(it);
            let from = self.service_id(service.index);
            drawing.edge(&from, &self.workload_id(workload), EdgeKind::Counterpart, None);
        }
        drawing.map
    }

    fn service_id(&self, service: usize) -> SmolStr {
        let service = &self.services[service];
        let name = &service.project.name.value;
        let project = if name.is_empty() { "compose" } else { name.as_str() };
        joined(&[project, "#", &service.project_index.to_string(), "/", service.name])
    }

    fn draw_compose(&self, drawing: &mut Drawing) {
        let ids: Vec<SmolStr> = (0..self.services.len()).map(|it| self.service_id(it)).collect();
        for (service, id) in self.services.iter().zip(&ids) {
            drawing.new_node(id, NodeKind::Service, service.name, Some(service.span()));
            let project = service.project_index.to_string();
            for mount in &service.model.volumes {
                let Some(source) = &mount.source else { continue };
                let volume = joined(&["volume#", &project, "/", source]);
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
                    let claim = joined(&["claim/", workload.namespace, "/", name]);
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
                        let to = joined(&[kind.name(), "/", workload.namespace, "/", name]);
                        drawing.used(&id, &to, kind, name, Use(EdgeKind::Reads, name.span));
                    }
                }
            }
            for (_, container) in workload.containers().filter(|it| it.0.part != Part::Init) {
                for from in &container.env_from {
                    let secret = from.source == crate::model::kubernetes::EnvSource::Secret;
                    let kind = if secret { NodeKind::Secret } else { NodeKind::Config };
                    if let Some(name) = &from.name {
                        let to = joined(&[kind.name(), "/", workload.namespace, "/", name]);
                        drawing.used(&id, &to, kind, name, Use(EdgeKind::Reads, from.span));
                    }
                }
            }
        }
        for service in &self.kube_services {
            let id = joined(&["Service/", service.namespace, "/", service.name]);
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
            let id = joined(&[&object.kind, "/", object.namespace(), "/", name]);
            drawing.node(&id, NodeKind::Route, name, Some(object.name_span()));
            for backend in &routes.backends {
                let namespace =
                    backend.namespace.as_ref().map_or(object.namespace(), |it| it.as_str());
                let to = joined(&["Service/", namespace, "/", &backend.service]);
                if !drawing.known.get(&[&to]).is_empty() {
                    drawing.edge(&id, &to, EdgeKind::Routes, Some(backend.span));
                }
            }
        }
    }

    fn workload_id(&self, workload: &super::Workload<'_>) -> SmolStr {
        let (kind, namespace) = (workload.kind().name(), workload.namespace);
        let place = workload.span();
        match workload.name {
            // Fragments have no name to tell them apart.
            "" => {
                let path = self.file(place.file).path();
                format_smolstr!("{kind}/{namespace}/@{path}:{}", place.start)
            }
            name => joined(&[kind, "/", namespace, "/", name]),
        }
    }
}
