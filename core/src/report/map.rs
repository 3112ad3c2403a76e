//! A map of the project: what runs, what it mounts and what it talks to.

use super::vocabulary;
use crate::text::Span;
use smol_str::SmolStr;

vocabulary! {
    /// What a node of the map stands for.
    pub enum NodeKind {
        Service = "service",
        Workload = "workload",
        KubeService = "k8s-service",
        Volume = "volume",
        Config = "config",
        Secret = "secret",
        Route = "route",
    }

    /// How two nodes of the map are related.
    pub enum EdgeKind {
        DependsOn = "depends-on",
        TalksTo = "talks-to",
        Selects = "selects",
        Mounts = "mounts",
        Reads = "reads",
        Routes = "routes",
        Counterpart = "counterpart",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapNode {
    /// Unique in the map: `compose/app`, `Deployment/shop/api`.
    pub id: SmolStr,
    pub kind: NodeKind,
    pub label: SmolStr,
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MapEdge {
    pub from: SmolStr,
    pub to: SmolStr,
    pub kind: EdgeKind,
    /// Where the relation is written.
    pub span: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Map {
    pub nodes: Vec<MapNode>,
    pub edges: Vec<MapEdge>,
}
