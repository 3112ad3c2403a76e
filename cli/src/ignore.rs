//! `plimsoll fix --add-ignore`: accepts findings where they stand, with comments.

use crate::input::{Origin, Source};
use crate::terminal::Terminal;
use plimsoll_core::autofix::Fixed;
use plimsoll_core::edit::accept::{self, Answer};
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
        let (text, count) = accepted(&files[at], &lines, reason, terminal);
        files[at] = File::new(path, text);
        applied += count;
    }
    for file in &files {
        workspace.set_file(file.clone());
    }
    let report = workspace.report(options);
    Fixed { files, applied, report, refused: Vec::new() }
}

/// Returns the text of a file with comments on all lines where one can stand, and their number.
fn accepted(
    file: &File,
    lines: &BTreeMap<usize, Line>,
    reason: &str,
    terminal: &Terminal,
) -> (String, usize) {
    let model = FileModel::read(FileId(0), file.clone(), None);
    let asked: Vec<accept::Line<'_>> = lines
        .values()
        .map(|it| accept::Line { at: it.at, codes: it.codes.iter().copied().collect() })
        .collect();
    let mut edits = Vec::new();
    for (number, (line, answer)) in
        lines.keys().zip(asked.iter().zip(accept::lines(&model, &asked, reason)))
    {
        let why = match answer {
            Answer::At(edit) => {
                edits.push(edit);
                continue;
            }
            Answer::Nowhere => "no comment can stand here to accept",
            Answer::Untried => "too many other lines had to be tried first to accept",
        };
        let (path, codes) = (&file.path, line.codes.join(", "));
        terminal.warn(&format!("{path}:{}: {why} {codes}", number + 1));
    }
    (accept::inserted(model.text(), &edits), edits.len())
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
