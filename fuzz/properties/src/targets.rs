//! Charts and overlays are built whatever their files say.

use crate::sound::{assert_every_format, assert_sound};
use crate::{Choices, mutated, seeds};
use plimsoll_core::config::Config;
use plimsoll_core::{File, Options, Workspace};

/// Maximum number of files of a project that are changed.
const CHANGED: usize = 3;

/// Changes files of a project with a chart or a kustomization, builds its targets and analyses what comes out.
pub fn a_mutated_target_is_analysed(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let targets = &seeds().targets;
    let mut files = choices.pick(targets).clone();
    for _ in 0..=choices.below(CHANGED) {
        let at = choices.below(files.len());
        let other = choices.pick(&seeds().files).text.clone();
        let old = &files[at];
        files[at] = match &old.bytes {
            Some(packed) => File::from_bytes(&old.path, &damaged(packed, &mut choices)),
            None => File::new(&old.path, mutated(&old.text, &other, &mut choices)),
        };
    }
    let mut workspace = Workspace::default();
    files.into_iter().for_each(|file| workspace.set_file(file));
    let analysis = workspace.analysis(&Config::default());
    let report = analysis.report(&Options::default());
    assert_sound(&report);
    assert_every_format(&report, Some(&analysis));
}

/// Returns an archive with a few other bytes.
fn damaged(packed: &[u8], choices: &mut Choices<'_>) -> Vec<u8> {
    let mut bytes = packed.to_vec();
    for _ in 0..=choices.below(4) {
        let at = choices.below(bytes.len());
        match choices.below(3) {
            0 => bytes.truncate(at),
            1 => bytes[at] ^= 1 << choices.below(8),
            _ => bytes.insert(at, 0),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}
