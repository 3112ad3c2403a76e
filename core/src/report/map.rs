//! The picture of a project: what runs, what it mounts and whom it talks to.

use crate::text::Span;
use smol_str::SmolStr;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapNode {
    /// Unique in the map: `compose/app`, `Deployment/shop/api`.
    pub id: SmolStr,
    /// `service`, `workload`, `k8s-service`, `volume`, `config`, `secret`, `route`.
    pub kind: &'static str,
    pub label: SmolStr,
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MapEdge {
    pub from: SmolStr,
    pub to: SmolStr,
    /// `depends-on`, `talks-to`, `selects`, `mounts`, `reads`, `routes`, `counterpart`.
    pub kind: &'static str,
    /// The place that says so.
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Map {
    pub nodes: Vec<MapNode>,
    pub edges: Vec<MapEdge>,
}
