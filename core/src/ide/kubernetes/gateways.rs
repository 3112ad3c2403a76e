//! The Services behind the hosts of Istio's Gateways.

use super::*;
use crate::model::FileModel;
use crate::syntax::Node;

/// Notes the Services that Gateways name by their full names: `web.shop.svc.cluster.local`, with or without the
/// namespace of the routes in front of it. Shorter hosts are names of the world outside.
pub(super) fn collect(collector: &mut Collector<'_>) {
    let analysis = collector.analysis;
    let facts = analysis.facts();
    for file in analysis.files() {
        for object in file.objects.iter().filter(|it| is_gateway(it)) {
            for host in hosts(collector, file, object) {
                if facts.is_built(file.id) {
                    let targets = analysis.targets().iter().enumerate();
                    for (at, _) in targets.filter(|(_, target)| target.has_source(file.id)) {
                        let world = World::Target(at);
                        Reader { collector: &mut *collector, world, object }.mesh_host(&host);
                    }
                } else {
                    let world = World::Part(facts.part_of(file.id));
                    Reader { collector: &mut *collector, world, object }.mesh_host(&host);
                }
            }
        }
    }
}

fn is_gateway(object: &Object) -> bool {
    object.kind.as_str() == "Gateway" && object.group() == "networking.istio.io"
}

/// Returns the hosts of a Gateway that are full names of Services.
fn hosts(collector: &Collector<'_>, file: &FileModel, object: &Object) -> Vec<Str> {
    let servers = file.tree.node(object.node).at(&["spec", "servers"]);
    let lists = servers.into_iter().flat_map(Node::items).filter_map(|it| it.get("hosts"));
    let host = |node: Node<'_>| {
        let span = collector.without_quotes(node.resolve().span());
        let written = collector.written(span);
        let start = written.find('/').map_or(0, |slash| slash + 1);
        let is_service = written[start..].split('.').nth(2) == Some("svc");
        let span = span.inner(start..written.len());
        is_service.then(|| Spanned { value: written[start..].into(), span })
    };
    lists.flat_map(Node::items).filter_map(host).collect()
}
