//! What is said about files does not depend on how they came about.

use crate::generate::{any_file, project};
use crate::sound::assert_sound;
use crate::{Choices, mutated, seeds};
use plimsoll_core::output::{Include, wire};
use plimsoll_core::{File, Options, Report, Workspace, analyze};

/// Maximum number of steps of a script.
const STEPS: usize = 12;

/// Runs a script of edits over projects side by side, and compares what a workspace says with a fresh analysis.
pub fn a_workspace_says_the_same_as_a_fresh_analysis(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let mut workspace = Workspace::default();
    for folder in ["a", "b", "c"] {
        project(&mut choices).iter().for_each(|file| workspace.set_file(below(folder, file)));
    }
    for step in 0..=choices.below(STEPS) {
        let mut files: Vec<File> = workspace.files().cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        edit(&mut workspace, &files, &mut choices);
        let now = workspace.report(&Options::default());
        assert_sound(&now);
        if choices.one_in(2) {
            let checked = workspace.check(&Options::default());
            checked.all.iter().for_each(|it| assert_sound(&it.report));
        }
        let mut files: Vec<File> = workspace.files().cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let fresh = analyze(&files, &Options::default());
        // A text that does not parse is mended by the range of the edit, which a fresh analysis does not know.
        let is_mended = |report: &Report| report.findings.iter().any(|it| it.code == "PLM001");
        if !is_mended(&now) && !is_mended(&fresh) {
            assert_eq!(said(&now), said(&fresh), "step {step} of {files:#?}");
        }
    }
}

fn below(folder: &str, file: &File) -> File {
    File::new(format!("{folder}/{}", file.path), &*file.text)
}

/// Changes, adds, moves or removes a file.
fn edit(workspace: &mut Workspace, files: &[File], choices: &mut Choices<'_>) {
    let folder = *choices.pick(&["a", "b", "c"]);
    if files.is_empty() || choices.one_in(4) {
        workspace.set_file(below(folder, &any_file(choices)));
        return;
    }
    let file = choices.pick(files).clone();
    match choices.below(5) {
        0 => workspace.remove(&file.path),
        1 => {
            workspace.remove(&file.path);
            workspace.set_file(below(folder, &file));
        }
        _ => {
            let other = choices.pick(&seeds().files);
            workspace.set(&file.path, mutated(&file.text, &other.text, choices));
        }
    }
}

fn said(report: &Report) -> String {
    wire::checked_json(report, Include { decision: true, map: true })
}
