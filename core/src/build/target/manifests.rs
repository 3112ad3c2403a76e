//! Manifests as targets: files that are applied as they are, where somebody asks for them.

use super::cache::{Cache, Inputs, Key, Variant};
use super::{Cause, Reason, Recipe, Request, Target};
use crate::build::kustomize::SourceFile;
use crate::report::TargetKind;
use crate::text::folder_of;
use std::sync::Arc;

/// Returns the manifests that are asked for.
pub(super) fn targets<T>(
    files: &[SourceFile<'_>],
    requests: &[Request],
    cache: &mut Cache<T>,
    read: &dyn Fn(Target) -> T,
) -> Vec<Arc<T>> {
    let mut targets = Vec::new();
    for (number, request) in requests.iter().enumerate() {
        let Recipe::Manifests { files: named } = &request.recipe else { continue };
        let variant = Variant::Requested(number);
        let folder = request.folder.clone();
        let key = Key { kind: TargetKind::Manifests, folder, variant };
        let is_wanted = |file: &&SourceFile<'_>| match &named[..] {
            [] => folder_of(file.path) == request.folder,
            named => named.iter().any(|name| name == file.path),
        };
        let wanted: Vec<&SourceFile<'_>> = files.iter().filter(is_wanted).collect();
        let inputs = Inputs::new(Some(request), None, wanted.iter().copied());
        let build = || Some(read(target(&wanted, request, named).described_by(request)));
        targets.extend(cache.get(key, inputs, build));
    }
    targets
}

fn target(files: &[&SourceFile<'_>], request: &Request, named: &[String]) -> Target {
    let mut target = Target::new(TargetKind::Manifests, &request.folder);
    for file in files {
        let Some(tree) = file.tree else { continue };
        target.sources.push(file.id);
        target.trees.push(tree.clone());
    }
    target.is_built = target.trees.iter().any(|tree| !tree.is_empty());
    for name in named {
        if !files.iter().any(|file| file.path == name) {
            let span = request.span.unwrap_or_default();
            let message = format!("there is no file `{name}`");
            target.reasons.push(Reason { message, span, is_refused: true, cause: Cause::Other });
        }
    }
    target
}
