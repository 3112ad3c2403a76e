//! The part of a report that lists files and targets, before any rule runs.

use super::Analysis;
use crate::model::detect::is_unread_pipeline;
use crate::model::{BuiltTarget, PlainTarget};
use crate::report::{FileEntry, Report, TargetEntry};
use std::sync::Arc;

impl Analysis {
    /// Returns a report about files and targets, as they are known before any rule runs.
    pub(super) fn frame(&self) -> Report {
        let facts = self.facts();
        let config = self.config();
        let files: Vec<FileEntry> = self
            .files()
            .iter()
            .map(|it| FileEntry {
                file: it.file.clone(),
                kind: it.kind,
                role: facts.role_of(it.id),
                lines: it.lines.clone(),
                is_excluded: it.is_excluded,
                is_pipeline: is_unread_pipeline(it.path()),
            })
            .collect();
        let built = self.targets().iter().map(|built| target_entry(built));
        let mut targets: Vec<TargetEntry> =
            built.chain(self.plain_targets().iter().map(plain_entry)).collect();
        targets.sort_by(|a, b| (&a.name, a.kind as usize).cmp(&(&b.name, b.kind as usize)));
        Report {
            excluded: files.iter().filter(|file| file.is_excluded).count(),
            files: Arc::new(files),
            targets,
            base: config.base.clone(),
            fail_on: config.fail_on,
            ..Report::default()
        }
    }
}

/// Returns a target as the report lists it.
fn target_entry(built: &BuiltTarget) -> TargetEntry {
    let target = &built.target;
    TargetEntry {
        name: target.name.clone(),
        kind: target.kind,
        environment: target.environment,
        files: target.sources.clone(),
        built: built.is_whole(),
        reason: target.reasons.first().map(|reason| reason.message.clone()),
    }
}

/// Returns a target that needs no building as the report lists it.
fn plain_entry(target: &PlainTarget) -> TargetEntry {
    TargetEntry {
        name: target.name.clone(),
        kind: target.kind,
        environment: target.environment,
        files: target.files.clone(),
        built: target.reason.is_none(),
        reason: target.reason.clone(),
    }
}
