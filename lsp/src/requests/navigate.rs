//! `textDocument/definition`, `references`, `documentHighlight` and `implementation`: where else the thing under
//! the cursor is named, and what runs the same thing on the other side.

use super::View;
use plimsoll_core::ide::navigation;
use plimsoll_core::ide::{Indexed, Role};
use plimsoll_core::text::{FileId, Span};
use tower_lsp_server::ls_types::{DocumentHighlight, DocumentHighlightKind, Location, Position};

/// Returns the places that define what stands at a position: a name, or the path of a file of the project.
pub fn definition(view: &View, at: Position) -> Vec<Location> {
    locations(view, at, navigation::definition_or_file)
}

/// Returns the places that name what stands at a position.
pub fn references(view: &View, at: Position, include_declaration: bool) -> Vec<Location> {
    locations(view, at, |names, file, offset| {
        navigation::references(names, file, offset, include_declaration)
    })
}

/// Returns the counterparts of the Compose service, the workload or the container at a position.
pub fn implementation(view: &View, at: Position) -> Vec<Location> {
    let Some((file, offset)) = view.place(at) else { return Vec::new() };
    let mut found: Vec<Location> = Vec::new();
    for counterpart in navigation::counterparts(view.analysis(), file, offset) {
        let location = view.out().location(counterpart.span);
        found.extend(location.filter(|it| !found.contains(it)));
    }
    found
}

/// Returns the places of the document that name what stands at a position.
pub fn highlights(view: &View, at: Position) -> Vec<DocumentHighlight> {
    let Some((file, offset)) = view.place(at) else { return Vec::new() };
    let found = navigation::highlights(view.indexed(), file, offset).into_iter();
    let highlight = found.map(|(span, role)| DocumentHighlight {
        range: view.range(span),
        kind: Some(match role {
            Role::Definition => DocumentHighlightKind::WRITE,
            Role::Reference => DocumentHighlightKind::READ,
        }),
    });
    highlight.collect()
}

fn locations(
    view: &View,
    at: Position,
    find: impl FnOnce(Indexed<'_>, FileId, usize) -> Vec<Span>,
) -> Vec<Location> {
    let Some((file, offset)) = view.place(at) else { return Vec::new() };
    let spans = find(view.indexed(), file, offset).into_iter();
    spans.filter_map(|span| view.out().location(span)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::{position_of, view};

    const COMPOSE: &str = "services:
  web:
    image: acme/web:1
    depends_on: [cache]
  cache: {image: 'redis:8'}
";
    const CLUSTER: &str = "apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: 'acme/web:1'}]}
";

    fn lines(locations: &[Location]) -> Vec<(String, u32)> {
        let place = |it: &Location| {
            let name = it.uri.as_str().trim_start_matches("file:///w/").to_owned();
            (name, it.range.start.line)
        };
        locations.iter().map(place).collect()
    }

    #[test]
    fn a_name_leads_to_its_definition_and_to_those_who_use_it() {
        let view = view(&[("compose.yaml", COMPOSE)]);
        let at = position_of(&view, "cache]");
        let compose = |line| ("compose.yaml".to_owned(), line);
        assert_eq!(lines(&definition(&view, at)), [compose(4)]);
        assert_eq!(lines(&references(&view, at, false)), [compose(3)]);
        assert_eq!(lines(&references(&view, at, true)), [compose(3), compose(4)]);
        let kinds: Vec<_> = highlights(&view, at).into_iter().filter_map(|it| it.kind).collect();
        assert_eq!(kinds, [DocumentHighlightKind::READ, DocumentHighlightKind::WRITE]);
        assert!(definition(&view, position_of(&view, "image")).is_empty());
    }

    #[test]
    fn a_path_leads_to_its_file() {
        let text = "services: {web: {image: x, env_file: web.env}}\n";
        let view = view(&[("compose.yaml", text), ("web.env", "A=1\n")]);
        let found = definition(&view, position_of(&view, "web.env"));
        assert_eq!(lines(&found), [("web.env".to_owned(), 0)]);
    }

    #[test]
    fn a_service_leads_to_its_container() {
        let view = view(&[("compose.yaml", COMPOSE), ("k8s/web.yaml", CLUSTER)]);
        let found = implementation(&view, position_of(&view, "web:"));
        assert_eq!(lines(&found), [("k8s/web.yaml".to_owned(), 3)]);
        assert!(implementation(&view, position_of(&view, "cache:")).is_empty());
    }

    #[test]
    fn a_position_beyond_the_end_names_nothing() {
        let view = view(&[("compose.yaml", COMPOSE)]);
        let at = Position { line: u32::MAX, character: u32::MAX };
        assert!(definition(&view, at).is_empty() && references(&view, at, true).is_empty());
        assert!(highlights(&view, at).is_empty() && implementation(&view, at).is_empty());
    }
}
