//! Manifests as targets: files that are applied as they are, where somebody asks for them.

use super::{Reason, Recipe, Request, Target};
use crate::build::kustomize::SourceFile;
use crate::report::TargetKind;
use crate::text::folder_of;

/// Returns the manifests that are asked for.
pub(super) fn targets(files: &[SourceFile<'_>], requests: &[Request]) -> Vec<Target> {
    let mut targets = Vec::new();
    for request in requests {
        if let Recipe::Manifests { files: named } = &request.recipe {
            targets.push(target(files, request, named).described_by(request));
        }
    }
    targets
}

fn target(files: &[SourceFile<'_>], request: &Request, named: &[String]) -> Target {
    let mut target = Target::new(TargetKind::Manifests, &request.folder);
    let is_wanted = |path: &str| match named {
        [] => folder_of(path) == request.folder,
        named => named.iter().any(|name| name == path),
    };
    for file in files.iter().filter(|file| is_wanted(file.path)) {
        let Some(tree) = file.tree else { continue };
        target.sources.push(file.id);
        target.trees.push(tree.clone());
    }
    target.is_built = target.trees.iter().any(|tree| !tree.is_empty());
    for name in named {
        if !files.iter().any(|file| file.path == name) {
            let span = request.span.unwrap_or_default();
            let message = format!("there is no file `{name}`");
            target.reasons.push(Reason { message, span, is_refused: true });
        }
    }
    target
}
