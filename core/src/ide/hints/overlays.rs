//! What overlays put in the place of the values of a base.

use super::{Hint, HintKind, MOST_VALUES, shown};
use crate::analysis::Analysis;
use crate::ide::rendered::{Rendered, scalars_of};
use crate::ide::words::is_secret;
use crate::model::BuiltTarget;
use crate::report::TargetKind;
use crate::syntax::{Node, Tree};
use crate::text::{FileId, Span};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// The values that overlays give to one place, each with the names of its overlays.
type Values<'a> = Vec<(String, Vec<&'a str>)>;

/// Returns a hint for each value of a base that an overlay replaces.
pub(super) fn overlaid(analysis: &Analysis, file: FileId) -> Vec<Hint> {
    let is_overlay =
        |it: &&BuiltTarget| it.target.kind == TargetKind::Kustomization && it.has_source(file);
    let targets = analysis.targets().iter().map(|it| &**it);
    let mut by_place: BTreeMap<usize, (Rendered, Values<'_>)> = BTreeMap::new();
    for target in targets.filter(is_overlay) {
        for (written, value) in replaced(analysis, file, target) {
            let offset = written.span.end as usize;
            let (_, values) = by_place.entry(offset).or_insert((written, Vec::new()));
            let name = target.target.name.as_str();
            match values.iter_mut().find(|it| it.0 == value) {
                Some((_, names)) => names.push(name),
                None => values.push((value, vec![name])),
            }
        }
    }
    by_place
        .into_iter()
        .map(|(offset, (written, values))| hint(offset, &written, &values))
        .collect()
}

fn hint(offset: usize, written: &Rendered, values: &Values<'_>) -> Hint {
    let say = |it: &(String, Vec<&str>)| format!("{} in {}", shown(&it.0), it.1.join(", "));
    let mut words: Vec<String> = values.iter().take(MOST_VALUES).map(say).collect();
    if values.len() > MOST_VALUES {
        words.push("…".to_owned());
    }
    let all: Vec<String> = values.iter().map(|it| format!("- {}", say(it))).collect();
    Hint {
        offset,
        label: format!("→ {}", words.join("; ")),
        tooltip: Some(format!("{} {}\n\n{}", written.object, written.path, all.join("\n"))),
        kind: HintKind::Rendered,
    }
}

/// Returns the values of a base that an overlay replaces, each with the value that it becomes.
fn replaced(analysis: &Analysis, file: FileId, target: &BuiltTarget) -> Vec<(Rendered, String)> {
    let written = &analysis.facts().file(file).tree;
    let roots = target.target.trees.iter().flat_map(|tree| tree.roots().map(move |it| (tree, it)));
    // An object keeps the place of the name that its base gives it.
    let built: FxHashMap<Span, (&Tree, Node<'_>)> =
        roots.filter_map(|(tree, root)| Some((name_span(root)?, (tree, root)))).collect();
    let mut found = Vec::new();
    for root in written.roots() {
        let Some(&(tree, there)) = name_span(root).and_then(|name| built.get(&name)) else {
            continue;
        };
        let becomes: FxHashMap<String, String> =
            scalars(tree, there).into_iter().map(|it| (it.path, it.value)).collect();
        for own in scalars(written, root).into_iter().filter(is_shown) {
            let Some(value) = becomes.get(&own.path).filter(|value| **value != own.value) else {
                continue;
            };
            let name = own.path.rsplit('.').next().unwrap_or_default();
            let owner = own.path.rsplit(['[', ']']).nth(1).unwrap_or_default();
            if !is_secret(name, value) && !is_secret(owner, value) {
                let value = value.clone();
                found.push((own, value));
            }
        }
    }
    found
}

/// Whether a value has one place of its own: an item of a list without names may stand elsewhere in the overlay.
fn is_shown(value: &Rendered) -> bool {
    let is_number = |it: &str| it.bytes().all(|byte| byte.is_ascii_digit());
    let mut items = value.path.split('[').skip(1).filter_map(|it| it.split(']').next());
    !value.span.is_empty() && !items.any(is_number)
}

fn scalars(tree: &Tree, root: Node<'_>) -> Vec<Rendered> {
    let mut found = Vec::new();
    scalars_of(tree, root, &|_| true, &mut found);
    found
}

fn name_span(root: Node<'_>) -> Option<Span> {
    Some(root.at(&["metadata", "name"])?.span()).filter(|it| !it.is_empty())
}
