//! `plimsoll fix --add-ignore`: accepts findings where they stand, with comments.

use crate::input::{Origin, Source};
use crate::terminal::Terminal;
use plimsoll_core::autofix::Fixed;
use plimsoll_core::edit::accept;
use plimsoll_core::model::FileModel;
use plimsoll_core::text::FileId;
use plimsoll_core::{File, Options, Report, Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// The codes to accept on a line, and the offset of the first finding there.
struct Line {
    at: usize,
    codes: BTreeSet<&'static str>,
}

/// The lines with something to accept, by file and number, both from 0.
type Wanted = BTreeMap<usize, BTreeMap<usize, Line>>;

/// Writes comments that accept every finding of a report, and says which findings no comment can accept.
pub fn accept_all(
    sources: &[Source],
    mut workspace: Workspace,
    report: &Report,
    options: &Options,
    reason: &str,
    terminal: &Terminal,
) -> Fixed {
    let wanted = wanted(report);
    let mut files: Vec<File> = sources.iter().map(|source| source.file.clone()).collect();
    let mut applied = 0;
    for (file, lines) in wanted {
        let path = &report.files[file].file.path;
        let Some(at) = sources.iter().position(|source| source.file.path == *path) else {
            continue;
        };
        if sources[at].origin == Origin::Companion {
            let why = "only another file names it: name it as well to change it";
            terminal.warn(&format!("{path}: left unchanged because {why}"));
            continue;
        }
        if !sources[at].exact {
            terminal.warn(&format!("{path}: left unchanged because it is not UTF-8"));
            continue;
        }
        // From the last line to the first, so that the numbers of the others stay as they are.
        for (number, line) in lines.into_iter().rev() {
            let codes: Vec<&str> = line.codes.into_iter().collect();
            let model = FileModel::read(FileId(0), files[at].clone(), None);
            match accept::here(&model, line.at, &codes, reason) {
                Some(edit) => {
                    let mut text = model.text().to_owned();
                    text.insert_str(edit.span.start as usize, &edit.text);
                    files[at] = File::new(path, text);
                    applied += 1;
                }
                None => terminal.warn(&format!(
                    "{path}:{}: no comment can stand here to accept {}",
                    number + 1,
                    codes.join(", ")
                )),
            }
        }
    }
    for file in &files {
        workspace.set_file(file.clone());
    }
    let report = workspace.report(options);
    Fixed { files, applied, report, refused: Vec::new() }
}

/// Returns the lines of all findings, and of the places that they stand for.
fn wanted(report: &Report) -> Wanted {
    let mut wanted = Wanted::new();
    for finding in &report.findings {
        let others = finding.others.iter().map(|other| other.span);
        for span in std::iter::once(finding.span).chain(others) {
            let at = span.start as usize;
            let number = report.entry(span.file).lines.line_of(at);
            let lines = wanted.entry(span.file.index()).or_default();
            let line = lines.entry(number).or_insert(Line { at, codes: BTreeSet::new() });
            line.at = line.at.min(at);
            line.codes.insert(finding.code);
        }
    }
    wanted
}
