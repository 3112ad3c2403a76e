//! `plimsoll fix --add-ignore`: accepts findings where they stand, with comments.

use crate::input::{Origin, Source};
use crate::terminal::Terminal;
use plimsoll_core::autofix::Fixed;
use plimsoll_core::edit::accept::{self, Answer};
use plimsoll_core::model::FileModel;
use plimsoll_core::text::FileId;
use plimsoll_core::{File, Options, Report, Workspace, accept_each};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The codes to accept on a line, and the offset of the first finding there.
struct Line {
    at: usize,
    codes: BTreeSet<&'static str>,
}

/// The lines with something to accept, by file and number, both from 0.
type Wanted = BTreeMap<usize, BTreeMap<usize, Line>>;

/// Writes comments that accept everything that is found, each place by itself, and says which findings no comment
/// can accept. `before` is the report on the files as they are.
pub fn accept_all(
    sources: &[Source],
    mut workspace: Workspace,
    before: &Report,
    options: &Options,
    reason: &str,
    terminal: &Terminal,
) -> Fixed {
    let (_, report) = accept_each(&workspace, options, &|_| {});
    let mut files: Vec<File> = sources.iter().map(|source| source.file.clone()).collect();
    // The changed files by their index, with the number of comments in each.
    let mut changed: BTreeMap<usize, usize> = BTreeMap::new();
    for (file, lines) in wanted(&report) {
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
        if count > 0 {
            files[at] = File::new(path, text);
            workspace.set_file(files[at].clone());
            changed.insert(at, count);
        }
    }
    let mut report = workspace.report(options);
    if breaks_more(&report, before) {
        // What is wrong may be reported in another file than the one with the comments, such as a `Chart.yaml`.
        for source in changed.keys().map(|at| &sources[*at]) {
            workspace.set_file(source.file.clone());
        }
        changed.retain(|at, _| {
            workspace.set_file(files[*at].clone());
            let is_kept = !breaks_more(&workspace.report(options), before);
            if !is_kept {
                files[*at] = sources[*at].file.clone();
                workspace.set_file(files[*at].clone());
                let path = &files[*at].path;
                terminal.warn(&format!(
                    "{path}: left unchanged because comments would break what is made of it"
                ));
            }
            is_kept
        });
        report = workspace.report(options);
    }
    let applied = changed.values().sum();
    Fixed { files, applied, report, refused: Vec::new() }
}

/// Rules whose findings say that a file cannot be read or built.
const BROKEN: [&str; 3] = ["PLM001", "PLM005", "PLM009"];

/// Whether more is broken than before.
fn breaks_more(after: &Report, before: &Report) -> bool {
    let broken = |report: &Report| -> usize {
        let findings = report.findings.iter().filter(|it| BROKEN.contains(&it.code));
        let unbuilt = report.targets.iter().filter(|target| !target.built);
        findings.map(|it| 1 + it.more).sum::<usize>() + unbuilt.count()
    };
    broken(after) > broken(before)
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
    let is_rendered = accept::is_rendered(&file.path, &|path| Path::new(path).is_file());
    let mut edits = Vec::new();
    for (number, (line, answer)) in
        lines.keys().zip(asked.iter().zip(accept::lines(&model, is_rendered, &asked, reason)))
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
