//! Charts and overlays in an engine that does not build them: named, each with the reason.

use super::charts::{chart_folders, is_part_of_chart};
use super::{Cause, Reason, Target, is_inside, relative};
use crate::build::kustomize::{SourceFile, is_kustomization};
use crate::report::TargetKind;
use crate::text::{FileId, Span, folder_of, join_path};

/// Returns the charts and kustomizations of a project as targets of which nothing is built.
pub(super) fn targets(files: &[SourceFile<'_>]) -> Vec<Target> {
    let mut targets: Vec<Target> = files
        .iter()
        .filter(|file| !file.is_neighbour && is_kustomization(file.path))
        .map(|file| {
            let reason = reason("kustomization is not built", file.id);
            target(TargetKind::Kustomization, folder_of(file.path), reason, vec![file.id])
        })
        .collect();
    let of_project = files.iter().filter(|file| !file.is_neighbour);
    for folder in chart_folders(of_project.map(|file| file.path)) {
        let own = files.iter().filter(|file| is_inside(file.path, folder));
        let parts = own.filter(|file| is_part_of_chart(relative(file.path, folder)));
        let sources: Vec<FileId> = parts.map(|file| file.id).collect();
        let path = join_path(folder, "Chart.yaml");
        let Some(chart) = files.iter().find(|file| file.path == path) else { continue };
        let reason = reason("chart is not rendered", chart.id);
        targets.push(target(TargetKind::Chart, folder, reason, sources));
    }
    targets.sort_by(|a, b| a.name.cmp(&b.name));
    targets
}

fn reason(what: &str, file: FileId) -> Reason {
    Reason {
        message: format!(
            "this {what}: the engine in use reads files as they are written; load the one that builds targets"
        ),
        span: Span::new(file, 0, 0),
        is_refused: false,
        cause: Cause::Other,
    }
}

fn target(kind: TargetKind, folder: &str, reason: Reason, sources: Vec<FileId>) -> Target {
    Target { reasons: vec![reason], sources, ..Target::new(kind, folder) }
}
