//! Helpers for tests of hovers, completions, hints and lenses: small projects with a mark at the place that is asked about.

use crate::rules::testing::files;
use crate::text::FileId;
use crate::{Analysis, Config, Workspace};

/// A mark in a text, which is taken out before the text is read.
pub const MARK: &str = "‸";

/// Returns a snapshot of the files of a text, and the place of the mark in them.
pub fn marked(text: &str) -> (Analysis, FileId, usize) {
    let mut workspace = Workspace::default();
    let mut place = None;
    for (at, file) in files(text).into_iter().enumerate() {
        let id = FileId(u32::try_from(at).unwrap());
        if let Some(offset) = file.text.find(MARK) {
            place = Some((id, offset));
        }
        workspace.set(&file.path, file.text.replace(MARK, ""));
    }
    let (file, offset) = place.expect("the text has a mark");
    (workspace.analysis(&Config::default()), file, offset)
}
