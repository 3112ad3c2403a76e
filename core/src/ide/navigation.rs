//! Definitions, references, and the other side of a thing.

use super::names::{Occurrence, Role};
use super::{Name, Snapshot, World};
use crate::text::{FileId, Span};

/// Returns the places that define what stands at an offset.
pub fn definition(snapshot: &Snapshot, file: FileId, offset: usize) -> Vec<Span> {
    places(snapshot, file, offset, |it| it.role == Role::Definition)
}

/// Returns the places that name the same as an offset.
pub fn references(
    snapshot: &Snapshot,
    file: FileId,
    offset: usize,
    include_declaration: bool,
) -> Vec<Span> {
    places(snapshot, file, offset, |it| include_declaration || it.role == Role::Reference)
}

/// Returns the places of the same file that name the same as an offset, with what each does.
pub fn highlights(snapshot: &Snapshot, file: FileId, offset: usize) -> Vec<(Span, Role)> {
    let mut found: Vec<(Span, Role)> = same(snapshot, file, offset)
        .filter(|it| it.span.file == file)
        .map(|it| (it.span, it.role))
        .collect();
    found.sort_unstable();
    found.dedup_by_key(|(span, _)| *span);
    found
}

fn places(
    snapshot: &Snapshot,
    file: FileId,
    offset: usize,
    is_wanted: impl Fn(&Occurrence) -> bool,
) -> Vec<Span> {
    let found = same(snapshot, file, offset).filter(|it| is_wanted(it));
    sorted(snapshot, found.map(|it| it.span).collect())
}

/// Sorts places by path and drops the doubles.
pub(super) fn sorted(snapshot: &Snapshot, mut spans: Vec<Span>) -> Vec<Span> {
    let path = |span: &Span| snapshot.analysis.file(span.file).path();
    spans.sort_by(|a, b| (path(a), a).cmp(&(path(b), b)));
    spans.dedup();
    spans
}

/// Returns every occurrence that means the same as what stands at an offset.
fn same(snapshot: &Snapshot, file: FileId, offset: usize) -> impl Iterator<Item = &Occurrence> {
    let names = snapshot.names();
    names.at(file, offset).iter().flat_map(move |here| same_as(snapshot, here))
}

/// Returns every occurrence that means the same as another one: objects of different namespaces, and manifests
/// that are not applied together, are different things.
pub(super) fn same_as<'s>(
    snapshot: &'s Snapshot,
    here: &'s Occurrence,
) -> impl Iterator<Item = &'s Occurrence> {
    let facts = snapshot.analysis.facts();
    let names = snapshot.names();
    let is_loose = matches!(
        names.name(here.name),
        Name::Object { world: World::Part(_), .. }
            | Name::Key { world: World::Part(_), .. }
            | Name::Label { world: World::Part(_), .. }
            | Name::ContainerPort { world: World::Part(_), .. }
            | Name::ServicePort { world: World::Part(_), .. }
    );
    names.occurrences_of(here.name).filter(move |other| {
        let may_meet = match (&here.namespace, &other.namespace) {
            (Some(one), Some(two)) => facts.may_share_namespace(one, two),
            (None, _) | (_, None) => true,
        };
        may_meet && (!is_loose || facts.together(here.span.file, other.span.file))
    })
}
