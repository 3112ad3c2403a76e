//! Kustomizations as targets: those that no other one uses.

use super::{Cause, Reason, Target, environment_of, folder_name, is_inside, note_behind};
use crate::build::kustomize::{self, SourceFile, Sources};
use crate::report::TargetKind;
use crate::syntax::{self, Tree};
use crate::text::{FileId, folder_of, join_path};
use rustc_hash::{FxHashMap, FxHashSet};

/// Builds every kustomization that no other one uses.
pub(super) fn targets(files: &[SourceFile<'_>], charts: &[&str]) -> Vec<Target> {
    let sources = Sources::new(files.iter().copied());
    let in_chart = |folder: &str| {
        let parts = ["templates", "crds", "charts"];
        charts
            .iter()
            .any(|chart| parts.iter().any(|part| is_inside(folder, &join_path(chart, part))))
    };
    let roots = root_folders(files, sources.kustomization_folders());
    let roots = roots.into_iter().filter(|folder| !in_chart(folder));
    let mut builder = kustomize::Builder::new(&sources);
    let mut targets = Vec::new();
    for folder in roots {
        let mut built = builder.build(folder);
        let reason = |reason: kustomize::Reason| Reason {
            message: reason.message,
            span: reason.span,
            is_refused: reason.kind == kustomize::ReasonKind::Refused,
            cause: match reason.kind {
                kustomize::ReasonKind::Remote => Cause::Remote,
                kustomize::ReasonKind::Limit => Cause::Limit,
                kustomize::ReasonKind::Refused | kustomize::ReasonKind::NotBuilt => Cause::Other,
            },
        };
        let reasons: Vec<Reason> = built.reasons.into_iter().map(reason).collect();
        add_named_files(&sources, &mut built.read);
        let mut behind = FxHashMap::default();
        for object in &built.objects {
            object.value.replaced_places(&mut |at, old| note_behind(&mut behind, at, vec![old]));
        }
        targets.push(Target {
            name: folder_name(folder),
            kind: TargetKind::Kustomization,
            environment: environment_of(folder),
            folder: folder.to_owned(),
            is_built: !built.objects.is_empty(),
            trees: vec![kustomize::tree(&built.objects)],
            manifests: Vec::new(),
            behind,
            reasons,
            sources: built.read,
        });
    }
    targets
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
