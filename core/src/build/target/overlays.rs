//! Kustomizations as targets: those that no other one uses, and those that are asked for.

use super::cache::{Cache, Inputs, Key, Variant};
use super::{Cause, Reason, Recipe, Request, Target, is_inside, note_behind};
use crate::build::kustomize::{self, Edits, SourceFile, Sources};
use crate::report::TargetKind;
use crate::syntax::{self, Tree};
use crate::text::{FileId, folder_of, join_path};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Builds every kustomization that no other one uses, and those that are asked for.
pub(super) fn targets<T>(
    files: &[SourceFile<'_>],
    charts: &[&str],
    requests: &[Request],
    cache: &mut Cache<T>,
    read: &dyn Fn(Target) -> T,
) -> Vec<Arc<T>>
where
    T: AsRef<Target>,
{
    let sources = Sources::new(files.iter().copied());
    let in_chart = |folder: &str| {
        let parts = ["templates", "crds", "charts"];
        charts
            .iter()
            .any(|chart| parts.iter().any(|part| is_inside(folder, &join_path(chart, part))))
    };
    let is_asked_for = |folder: &str| requests.iter().any(|it| it.replaces_kustomization(folder));
    let folders = sources.kustomization_folders();
    let roots = root_folders(files, folders.clone());
    let roots = roots.into_iter().filter(|folder| !in_chart(folder) && !is_asked_for(folder));
    let found = roots.map(|folder| (folder, Variant::Found, None));
    let asked =
        requests.iter().enumerate().filter(|(_, it)| it.kind() == TargetKind::Kustomization);
    let asked =
        asked.map(|(number, it)| (it.folder.as_str(), Variant::Requested(number), Some(it)));
    let text_of = |id| sources.by_id(id).map(|file| Arc::clone(file.text));
    // Bases that several of them share are built once.
    let mut builder = None;
    let mut targets = Vec::new();
    for (folder, variant, request) in found.chain(asked) {
        let key = Key { kind: TargetKind::Kustomization, folder: folder.to_owned(), variant };
        if let Some(known) = cache.unchanged(&key, request, text_of) {
            targets.push(known);
            continue;
        }
        let builder = builder.get_or_insert_with(|| kustomize::Builder::new(&sources));
        let built = match request {
            None => Some(target(builder, &sources, folder, &Edits::default())),
            Some(request) if !folders.contains(&folder) => request.nothing_there("kustomization"),
            Some(request) => {
                let Recipe::Kustomization(edits) = &request.recipe else { continue };
                Some(target(builder, &sources, folder, edits).described_by(request))
            }
        };
        if let Some(built) = built {
            let inputs = built.sources.iter().filter_map(|id| sources.by_id(*id));
            let inputs = Inputs::new(request, None, inputs);
            targets.push(cache.put(key, inputs, read(built)));
        }
    }
    targets
}

fn target(
    builder: &mut kustomize::Builder<'_, '_>,
    sources: &Sources<'_>,
    folder: &str,
    edits: &Edits,
) -> Target {
    let mut built = builder.build_edited(folder, edits);
    let reason = |reason: kustomize::Reason| Reason {
        message: reason.message,
        span: reason.span,
        is_refused: matches!(
            reason.kind,
            kustomize::ReasonKind::Refused | kustomize::ReasonKind::GeneratorInput
        ),
        cause: match reason.kind {
            kustomize::ReasonKind::Remote => Cause::Remote,
            kustomize::ReasonKind::Limit => Cause::Limit,
            kustomize::ReasonKind::Secrets => Cause::Secrets,
            kustomize::ReasonKind::GeneratorInput => Cause::GeneratorInput,
            kustomize::ReasonKind::Refused
            | kustomize::ReasonKind::Restricted
            | kustomize::ReasonKind::NotBuilt => Cause::Other,
        },
    };
    if built.is_malformed {
        built.objects.clear();
    }
    add_named_files(sources, &mut built.read);
    let mut behind = FxHashMap::default();
    for object in &built.objects {
        object.value.replaced_places(&mut |at, old| note_behind(&mut behind, at, vec![old]));
    }
    Target {
        is_built: !built.objects.is_empty(),
        trees: vec![kustomize::tree(&built.objects)],
        reasons: built.reasons.into_iter().map(reason).collect(),
        unmatched: built.unmatched,
        behind,
        sources: built.read,
        ..Target::new(TargetKind::Kustomization, folder)
    }
}

/// Adds the files that the kustomizations among `read` name anywhere, which belong to the target even
/// where it could not be built.
fn add_named_files(sources: &Sources<'_>, read: &mut Vec<FileId>) {
    let mut named = Vec::new();
    for file in read.iter().filter_map(|id| sources.by_id(*id)) {
        if !kustomize::is_kustomization(file.path) {
            continue;
        }
        let folder = folder_of(file.path);
        let texts = file.tree.into_iter().flat_map(Tree::nodes).filter_map(syntax::Node::as_str);
        // A text that is not the path of a file is not found.
        let paths =
            texts.filter(|text| !text.contains(['\n', ' '])).map(|text| join_path(folder, text));
        named.extend(paths.filter_map(|path| Some(sources.file(&path)?.id)));
    }
    read.extend(named);
    read.sort_unstable();
    read.dedup();
}

/// Returns the kustomizations to build, sorted: those that no other one uses, and one of each circle that
/// is used by nobody else. A component is never built alone.
fn root_folders<'s>(files: &[SourceFile<'_>], folders: Vec<&'s str>) -> Vec<&'s str> {
    let mut uses: FxHashMap<String, Vec<String>> = FxHashMap::default();
    let mut reached: FxHashSet<String> = FxHashSet::default();
    for file in files.iter().filter(|file| kustomize::is_kustomization(file.path)) {
        let Some(root) = file.tree.and_then(|tree| tree.roots().next()) else { continue };
        let folder = folder_of(file.path);
        if root.get("kind").and_then(syntax::Node::as_str) == Some("Component") {
            reached.insert(folder.to_owned());
        }
        for key in ["resources", "bases", "components"] {
            let entries = root.get(key).into_iter().flat_map(syntax::Node::items);
            let named = entries.filter_map(|entry| Some(join_path(folder, entry.as_str()?)));
            uses.entry(folder.to_owned()).or_default().extend(named.filter(|it| it != folder));
        }
    }
    let used: FxHashSet<&str> = uses.values().flatten().map(String::as_str).collect();
    let (others, mut roots): (Vec<&str>, Vec<&str>) =
        folders.into_iter().partition(|folder| used.contains(folder));
    roots.retain(|folder| !reached.contains(*folder));
    roots.iter().for_each(|root| reach(root, &uses, &mut reached));
    for folder in others {
        // Whatever no root leads to is part of a circle.
        if !reached.contains(folder) {
            roots.push(folder);
            reach(folder, &uses, &mut reached);
        }
    }
    roots.sort_unstable();
    roots
}

/// Adds everything that a kustomization uses, directly or through others.
fn reach(root: &str, uses: &FxHashMap<String, Vec<String>>, reached: &mut FxHashSet<String>) {
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        if reached.insert(folder.clone()) {
            open.extend(uses.get(&folder).into_iter().flatten().cloned());
        }
    }
}
