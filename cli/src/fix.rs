//! `plimsoll fix`: applies fixes until none is left, and writes what changed.

use crate::input::Source;
use crate::{Failure, Terminal};
use plimsoll_core::edit;
use plimsoll_core::report::Safety;
use plimsoll_core::syntax::{ProblemKind, parse};
use plimsoll_core::text::FileId;
use plimsoll_core::{File, Options, Report, Workspace};
use similar::TextDiff;
use std::fs;
use std::io::Write;
use std::path::Path;

/// One fix may make room for the next; this many rounds are far more than any file has needed.
const ROUNDS: usize = 32;

/// The texts with fixes applied, how many were, and what is found in them afterwards.
pub struct Fixed {
    pub files: Vec<File>,
    pub applied: usize,
    pub report: Report,
}

pub fn apply(
    sources: &[Source],
    mut workspace: Workspace,
    options: &Options,
    risky: bool,
    terminal: &Terminal,
) -> Fixed {
    let mut files: Vec<File> = sources.iter().map(|it| it.file.clone()).collect();
    let mut report = workspace.report(options);
    let syntax_errors: Vec<usize> = files.iter().map(errors_in).collect();
    let mut applied = 0;
    let mut share = usize::MAX;
    for _ in 0..ROUNDS {
        let mut part = report.clone();
        part.findings.retain(|it| it.fixes.iter().any(|it| risky || it.safety == Safety::Safe));
        part.findings.truncate(share);
        let (fixed, count) = edit::apply::apply(&files, &part, risky);
        if fixed == files {
            break;
        }
        let changed = || fixed.iter().zip(&files).filter(|(new, old)| new != old);
        if changed().any(|(new, old)| errors_in(new) > errors_in(old)) {
            // Two fixes that are right one by one may write the same key: take fewer at a time.
            share = part.findings.len() / 2;
            if share == 0 {
                break;
            }
            continue;
        }
        changed().for_each(|(new, _)| workspace.set_file(new.clone()));
        applied += count;
        files = fixed;
        report = workspace.report(options);
        share = usize::MAX;
    }
    // A fix is a promise; a file that it would break, or cannot be written back, is left alone.
    let mut reverted = false;
    for ((source, file), before) in sources.iter().zip(&mut files).zip(syntax_errors) {
        let broken = errors_in(file) > before;
        if *file != source.file && (broken || source.lossy) {
            let why = if broken { "a fix would break it" } else { "it is not UTF-8" };
            terminal.warn(&format!("{}: left alone, since {why}", file.path));
            *file = source.file.clone();
            workspace.set_file(file.clone());
            reverted = true;
        }
    }
    if reverted {
        report = workspace.report(options);
    }
    Fixed { files, applied, report }
}

/// Counted in the text itself: a report may have been asked for other rules alone.
fn errors_in(file: &File) -> usize {
    let (_, problems) = parse(FileId(0), &file.text, None);
    problems.iter().filter(|it| it.kind != ProblemKind::Limit).count()
}

pub fn diff(before: &File, after: &File, terminal: &Terminal) -> String {
    let path = &before.path;
    let diff = TextDiff::from_lines(&*before.text, &*after.text);
    let text = diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string();
    if !terminal.style.color {
        return text;
    }
    let paint = |line: &str| match line.bytes().next() {
        Some(b'+') => format!("\x1b[32m{line}\x1b[0m\n"),
        Some(b'-') => format!("\x1b[31m{line}\x1b[0m\n"),
        Some(b'@') => format!("\x1b[36m{line}\x1b[0m\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(paint).collect()
}

/// Puts the new text in the place of the old in one step, with the same permissions, so that no
/// moment shows half a file. A link stays a link.
pub fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let replace = || -> std::io::Result<()> {
        let target = path.canonicalize()?;
        let folder = target.parent().unwrap_or(Path::new("."));
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(text.as_bytes())?;
        new.as_file().sync_all()?;
        fs::set_permissions(new.path(), fs::metadata(&target)?.permissions())?;
        new.persist(&target)?;
        Ok(())
    };
    replace().map_err(|it| Failure::at(path, &it))
}
