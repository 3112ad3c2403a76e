//! Charts and overlays in an engine that does not build them: named, each with the reason.

use super::charts::{self, is_part_of_chart};
use super::{Reason, Target, environment_of, folder_name, is_inside, relative};
use crate::build::kustomize::{SourceFile, is_kustomization};
use crate::report::TargetKind;
use crate::text::{FileId, Span, folder_of, join_path};
use rustc_hash::FxHashMap;

/// Returns the charts and kustomizations of a project as targets of which nothing is built.
pub(super) fn targets(files: &[SourceFile<'_>]) -> Vec<Target> {
    let mut targets: Vec<Target> = files
        .iter()
        .filter(|file| is_kustomization(file.path))
        .map(|file| target(TargetKind::Kustomization, folder_of(file.path), file.id, vec![file.id]))
        .collect();
    for folder in charts::folders(files) {
        let own = files.iter().filter(|file| is_inside(file.path, folder));
        let parts = own.filter(|file| is_part_of_chart(relative(file.path, folder)));
        let sources: Vec<FileId> = parts.map(|file| file.id).collect();
        let path = join_path(folder, "Chart.yaml");
        let Some(chart) = files.iter().find(|file| file.path == path) else { continue };
        targets.push(target(TargetKind::Chart, folder, chart.id, sources));
    }
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    targets
}

fn target(kind: TargetKind, folder: &str, file: FileId, sources: Vec<FileId>) -> Target {
    let what = match kind {
        TargetKind::Chart => "chart is not rendered",
        TargetKind::Kustomization => "kustomization is not built",
    };
    let reason = Reason {
        message: format!(
            "this {what}: the engine in use reads files as they are written; load the one that builds targets"
        ),
        span: Span::new(file, 0, 0),
        is_refused: false,
    };
    Target {
        name: folder_name(folder),
        kind,
        environment: environment_of(folder),
        folder: folder.to_owned(),
        trees: Vec::new(),
        manifests: Vec::new(),
        behind: FxHashMap::default(),
        reasons: vec![reason],
        is_built: false,
        sources,
    }
}
