//! Helpers for tests of hovers, completions, hints and lenses: small projects with a mark at the place that is asked about.

use crate::ide::hover::{Hover, hover};
use crate::ide::{Indexed, Names};
use crate::report::Finding;
use crate::rules::testing::files;
use crate::text::FileId;
use crate::{Analysis, Config, Workspace};

/// A mark in a text, which is taken out before the text is read.
pub const MARK: &str = "‸";

/// Returns a snapshot of the files of a text, and the place of the mark in them.
pub fn marked(text: &str) -> (Analysis, FileId, usize) {
    let mut workspace = Workspace::default();
    let mut place = None;
    for file in files(text) {
        if let Some(offset) = file.text.find(MARK) {
            place = Some((file.path.to_string(), offset));
        }
        workspace.set(&file.path, file.text.replace(MARK, ""));
    }
    let (path, offset) = place.expect("the text has a mark");
    let analysis = workspace.analysis(&Config::default());
    let file = file_at(&analysis, &path);
    (analysis, file, offset)
}

/// Returns the text of the hover at the mark in a text; empty where there is none.
pub fn said(text: &str) -> String {
    let (analysis, file, offset) = marked(text);
    hover_at(&analysis, &[], file, offset).map_or_else(String::new, |it| it.markdown)
}

/// Returns the hover at a place of a snapshot.
pub fn hover_at(
    analysis: &Analysis,
    findings: &[Finding],
    file: FileId,
    offset: usize,
) -> Option<Hover> {
    let names = Names::of(analysis);
    hover(Indexed { analysis, names: &names }, findings, file, offset)
}

/// Returns the id of the file at a path.
pub fn file_at(analysis: &Analysis, path: &str) -> FileId {
    analysis.files().iter().find(|it| it.path() == path).expect("the file is there").id
}
