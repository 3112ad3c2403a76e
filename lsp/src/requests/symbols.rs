//! `textDocument/documentSymbol` and `workspace/symbol`: what a document consists of, from the text as it is, and
//! what the projects define.

use super::Source;
use crate::convert::Outgoing;
use crate::project::Snapshot;
use plimsoll_core::ide::symbols::{MAX_SYMBOLS, Symbol, outline, project_symbols};
use plimsoll_core::ide::symbols::{ProjectSymbol, SymbolKind as Kind};
use plimsoll_core::text::{Encoding, Span};
use std::collections::HashSet;
use std::sync::Arc;
use tower_lsp_server::ls_types::{
    DocumentSymbol, DocumentSymbolResponse, Location, OneOf, Range, SymbolInformation, SymbolKind,
    Uri, WorkspaceSymbol,
};

/// Returns the outline of a document: nested, or flat where the client cannot show it nested.
pub fn document(source: &Source, uri: &Uri, nested: bool) -> DocumentSymbolResponse {
    let outline = outline(&source.model());
    if nested {
        return DocumentSymbolResponse::Nested(nested_symbols(source, outline));
    }
    let mut flat = Vec::new();
    flatten(source, uri, &outline, None, &mut flat);
    DocumentSymbolResponse::Flat(flat)
}

fn range(source: &Source, span: Span) -> Range {
    let at = |it: u32| source.position(it as usize);
    Range { start: at(span.start), end: at(span.end) }
}

// The nesting is that of an outline: three levels at most.
#[allow(deprecated, reason = "`deprecated` is a field that the type asks for")]
fn nested_symbols(source: &Source, symbols: Vec<Symbol>) -> Vec<DocumentSymbol> {
    let symbol = symbols.into_iter().map(|it| DocumentSymbol {
        name: shown_name(&it.name),
        detail: Some(it.detail).filter(|it| !it.is_empty()),
        kind: kind(it.kind),
        tags: None,
        deprecated: None,
        range: range(source, it.span),
        selection_range: range(source, it.name_span),
        children: Some(nested_symbols(source, it.below)).filter(|it| !it.is_empty()),
    });
    symbol.collect()
}

#[allow(deprecated, reason = "`deprecated` is a field that the type asks for")]
fn flatten(
    source: &Source,
    uri: &Uri,
    symbols: &[Symbol],
    around: Option<&str>,
    out: &mut Vec<SymbolInformation>,
) {
    for symbol in symbols {
        let location = Location { uri: uri.clone(), range: range(source, symbol.span) };
        out.push(SymbolInformation {
            name: shown_name(&symbol.name),
            kind: kind(symbol.kind),
            tags: None,
            deprecated: None,
            location,
            container_name: around.map(str::to_owned),
        });
        flatten(source, uri, &symbol.below, Some(&symbol.name), out);
    }
}

/// Returns a name as a client accepts it, which must not be empty.
fn shown_name(name: &str) -> String {
    if name.trim().is_empty() { "(no name)".to_owned() } else { name.to_owned() }
}

/// Returns what the projects define under names that fit a query.
pub fn workspace(
    snapshots: &[Arc<Snapshot>],
    encoding: Encoding,
    query: &str,
) -> Vec<WorkspaceSymbol> {
    let found = snapshots.iter().flat_map(|snapshot| of_snapshot(snapshot, encoding, query));
    found.take(MAX_SYMBOLS).collect()
}

/// Asks each analysis once about the applications that it is about.
fn of_snapshot(snapshot: &Snapshot, encoding: Encoding, query: &str) -> Vec<WorkspaceSymbol> {
    let mut found = Vec::new();
    let mut asked = HashSet::new();
    for part in snapshot.parts.iter().filter(|part| asked.insert(Arc::as_ptr(&part.ide))) {
        let report = &part.application.report;
        let out = Outgoing { report, encoding, addresses: &snapshot.addresses };
        let is_own = |symbol: &ProjectSymbol| {
            snapshot.part(symbol.span.file).is_some_and(|it| Arc::ptr_eq(&it.ide, &part.ide))
        };
        let symbols = project_symbols(part.ide.indexed(), query).into_iter().filter(is_own);
        found.extend(symbols.filter_map(|it| workspace_symbol(out, it)));
    }
    found
}

fn workspace_symbol(out: Outgoing<'_>, symbol: ProjectSymbol) -> Option<WorkspaceSymbol> {
    Some(WorkspaceSymbol {
        location: OneOf::Left(out.location(symbol.span)?),
        name: shown_name(&symbol.name),
        kind: kind(symbol.kind),
        tags: None,
        container_name: Some(symbol.container).filter(|it| !it.is_empty()),
        data: None,
    })
}

fn kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Section => SymbolKind::NAMESPACE,
        Kind::Service => SymbolKind::MODULE,
        Kind::Volume => SymbolKind::FILE,
        Kind::Network => SymbolKind::INTERFACE,
        Kind::Secret => SymbolKind::KEY,
        Kind::Config => SymbolKind::CONSTANT,
        Kind::Object => SymbolKind::CLASS,
        Kind::Container => SymbolKind::OBJECT,
        Kind::Port => SymbolKind::NUMBER,
        Kind::Key => SymbolKind::PROPERTY,
        Kind::NamedTemplate => SymbolKind::FUNCTION,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::testing::view;

    const COMPOSE: &str = "services:\n  web: {image: 'acme/web:1'}\nvolumes: {data: {}}\n";

    #[test]
    fn a_document_consists_of_its_services() {
        let view = view(&[("compose.yaml", COMPOSE)]);
        let uri = view.addresses.uri("compose.yaml").unwrap();
        let DocumentSymbolResponse::Nested(nested) = document(&view.source, &uri, true) else {
            panic!("flat")
        };
        assert_eq!(nested.len(), 2);
        let services = nested[0].children.as_ref().unwrap();
        assert_eq!((services[0].name.as_str(), services[0].selection_range.start.line), ("web", 1));
        assert_eq!(services[0].detail.as_deref(), Some("acme/web:1"));
        let DocumentSymbolResponse::Flat(flat) = document(&view.source, &uri, false) else {
            panic!("nested")
        };
        let names: Vec<_> =
            flat.iter().map(|it| (it.name.as_str(), it.container_name.as_deref())).collect();
        let below = |name, around| (name, Some(around));
        assert_eq!(
            names,
            [
                ("services", None),
                below("web", "services"),
                ("volumes", None),
                below("data", "volumes")
            ]
        );
    }

    #[test]
    fn a_project_is_searched_for_what_it_defines() {
        let view = view(&[("compose.yaml", COMPOSE)]);
        let search = |query: &str| -> Vec<String> {
            let found = workspace(&[Arc::clone(&view.snapshot)], Encoding::Utf16, query);
            found.into_iter().map(|it| it.name).collect()
        };
        assert_eq!(search("we"), ["web"]);
        assert_eq!(search("").len(), 2);
        assert!(search("nothing").is_empty());
    }
}
