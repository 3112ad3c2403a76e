//! `plimsoll fix`: applies fixes until no more can be applied, and writes the files that changed.

use crate::args::{Input, Rules};
use crate::input::{self, Source};
use crate::terminal::{Terminal, print_exactly};
use crate::{Failure, exit_code, options};
use anstyle::AnsiColor;
use plimsoll_core::edit;
use plimsoll_core::output::escape;
use plimsoll_core::report::{Finding, Safety, Severity, TargetEntry};
use plimsoll_core::syntax::{ProblemKind, parse};
use plimsoll_core::text::FileId;
use plimsoll_core::{File, Options, Report, Workspace};
use similar::TextDiff;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Maximum number of rounds. One fix may make another possible, but no real file has needed more
/// than a few rounds.
const MAX_ROUNDS: usize = 32;

/// The files with fixes applied, the number of fixes, and what is still found afterwards.
struct Fixed {
    files: Vec<File>,
    applied: usize,
    report: Report,
}

/// Runs the subcommand. The exit code speaks of the files as the command leaves them, which with
/// `--diff` is as they were.
pub fn run(
    input: &Input,
    rules: &Rules,
    diff: bool,
    risky: bool,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let options = options(input, rules)?;
    let project = input::gather(input, terminal)?;
    let workspace = project.workspace(terminal);
    let before = project.report(&workspace, &options, terminal)?;
    let first = before.clone();
    let fixed = fix_all(&project.sources, workspace, first, &options, risky, terminal);
    let mut changed = 0;
    for (source, file) in project.sources.iter().zip(&fixed.files) {
        let differs = source.file != *file;
        changed += usize::from(differs);
        match &source.path {
            _ if diff && differs => print_diff(&source.file, file, terminal)?,
            Some(path) if !diff && differs => write(path, &file.text)?,
            None if !diff => print_exactly(&file.text)?,
            _ => {}
        }
    }
    if !terminal.quiet {
        terminal.say(&summary(&fixed, changed, diff));
    }
    Ok(exit_code(if diff { &before } else { &fixed.report }, rules))
}

/// `applied 2 fixes in 1 file; 0 findings left`.
fn summary(fixed: &Fixed, changed: usize, diff: bool) -> String {
    let verb = if diff { "would apply" } else { "applied" };
    let applied = if changed == 0 { 0 } else { fixed.applied };
    let left = fixed.report.findings.len();
    format!(
        "{verb} {applied} {} in {changed} {}; {left} {} left",
        plural(applied, "fix", "fixes"),
        plural(changed, "file", "files"),
        plural(left, "finding", "findings"),
    )
}

fn plural<'a>(number: usize, singular: &'a str, plural: &'a str) -> &'a str {
    if number == 1 { singular } else { plural }
}

fn fix_all(
    sources: &[Source],
    mut workspace: Workspace,
    report: Report,
    options: &Options,
    risky: bool,
    terminal: &Terminal,
) -> Fixed {
    let files = sources.iter().map(|source| source.file.clone()).collect();
    let mut fixed = Fixed { files, applied: 0, report };
    let before = fixed.report.targets.clone();
    apply_in_rounds(&mut fixed, &mut workspace, options, risky);
    let is_spoiled = |file: &File| {
        let at = fixed.report.files.iter().position(|entry| entry.file.path == file.path);
        let id = at.and_then(|at| u32::try_from(at).ok()).map(FileId);
        let spoiled = spoiled_targets(&before, &fixed.report.targets);
        id.is_some_and(|id| spoiled.iter().any(|target| target.files.contains(&id)))
    };
    let in_spoiled: Vec<bool> = fixed.files.iter().map(is_spoiled).collect();
    if restore_spoiled(sources, &mut fixed.files, &in_spoiled, &mut workspace, terminal) {
        fixed.report = workspace.report(options);
    }
    fixed
}

/// Returns the targets that are built with fewer of their parts than before.
fn spoiled_targets<'t>(before: &'t [TargetEntry], after: &[TargetEntry]) -> Vec<&'t TargetEntry> {
    let is_spoiled = |old: &&TargetEntry| {
        let new = after.iter().find(|new| new.name == old.name && new.kind == old.kind);
        new.is_none_or(|new| !new.built && (old.built || new.reason != old.reason))
    };
    before.iter().filter(is_spoiled).collect()
}

/// Applies fixes and analyses again, until nothing changes any more.
fn apply_in_rounds(fixed: &mut Fixed, workspace: &mut Workspace, options: &Options, risky: bool) {
    let mut share = usize::MAX;
    for _ in 0..MAX_ROUNDS {
        let mut part = fixed.report.clone();
        part.findings.retain(|finding| {
            is_wanted(finding, options)
                && finding.fixes.iter().any(|fix| risky || fix.safety == Safety::Safe)
        });
        part.findings.truncate(share);
        let (files, count) = edit::apply::apply(&fixed.files, &part, risky);
        if files == fixed.files {
            break;
        }
        let changed = || files.iter().zip(&fixed.files).filter(|(new, old)| new != old);
        let breaks_syntax = changed().any(|(new, old)| syntax_errors(new) > syntax_errors(old));
        if !breaks_syntax {
            changed().for_each(|(new, _)| workspace.set_file(new.clone()));
            let report = workspace.report(options);
            if spoiled_targets(&fixed.report.targets, &report.targets).is_empty() {
                fixed.applied += count;
                (fixed.files, fixed.report) = (files, report);
                share = usize::MAX;
                continue;
            }
            changed().for_each(|(_, old)| workspace.set_file(old.clone()));
        }
        // Two fixes, each of them right, may add the same key: try half as many at a time.
        share = part.findings.len() / 2;
        if share == 0 {
            break;
        }
    }
}

/// Whether a finding is worth a change to the files: infos and hints are, where their rule was selected.
fn is_wanted(finding: &Finding, options: &Options) -> bool {
    finding.severity <= Severity::Warning || !options.select.is_empty()
}

/// Takes back the changes to files that a fix would break or that cannot be written back as they
/// were. Returns whether there were any.
fn restore_spoiled(
    sources: &[Source],
    files: &mut [File],
    in_spoiled: &[bool],
    workspace: &mut Workspace,
    terminal: &Terminal,
) -> bool {
    let mut restored = false;
    for ((source, file), in_spoiled) in sources.iter().zip(files).zip(in_spoiled) {
        if *file == source.file {
            continue;
        }
        let reason = if syntax_errors(file) > syntax_errors(&source.file) {
            "a fix would break it"
        } else if *in_spoiled {
            "a fix would keep a chart or an overlay from being built"
        } else if !source.exact {
            "it is not UTF-8"
        } else {
            continue;
        };
        terminal.warn(&format!("{}: left unchanged because {reason}", file.path));
        *file = source.file.clone();
        workspace.set_file(file.clone());
        restored = true;
    }
    restored
}

/// Number of syntax errors in the text itself. The report may not have them, since it may have been
/// asked for other rules only.
fn syntax_errors(file: &File) -> usize {
    let (_, problems) = parse(FileId(0), &file.text, None);
    problems.iter().filter(|problem| problem.kind != ProblemKind::Limit).count()
}

/// Prints a patch. Programs get it byte for byte; people get it coloured and without control
/// characters.
fn print_diff(before: &File, after: &File, terminal: &Terminal) -> Result<(), Failure> {
    let path = &before.path;
    let diff = TextDiff::from_lines(&*before.text, &*after.text);
    let patch = diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string();
    if !terminal.interactive && !terminal.style.color {
        return print_exactly(&patch);
    }
    terminal.print(&patch.lines().map(|line| diff_line(line, terminal)).collect::<String>())
}

fn diff_line(line: &str, terminal: &Terminal) -> String {
    let color = match line.chars().next() {
        Some('+') => AnsiColor::Green,
        Some('-') => AnsiColor::Red,
        Some('@') => AnsiColor::Cyan,
        _ => return format!("{}\n", escape(line)),
    };
    let style = if terminal.style.color { color.on_default() } else { anstyle::Style::new() };
    format!("{style}{}{style:#}\n", escape(line))
}

/// Replaces a file in one step, with the same permissions, so that nobody ever sees half a file. A
/// symbolic link stays a link.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let replace = || -> io::Result<()> {
        let target = path.canonicalize()?;
        let folder = target.parent().unwrap_or(Path::new("."));
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(text.as_bytes())?;
        new.as_file().sync_all()?;
        fs::set_permissions(new.path(), fs::metadata(&target)?.permissions())?;
        new.persist(&target)?;
        Ok(())
    };
    replace().map_err(|error| Failure::at(path, &error))
}

#[cfg(test)]
mod tests {
    use super::spoiled_targets;
    use plimsoll_core::report::{TargetEntry, TargetKind};

    fn target(name: &str, reason: Option<&str>) -> TargetEntry {
        TargetEntry {
            name: name.to_owned(),
            kind: TargetKind::Chart,
            environment: None,
            files: Vec::new(),
            built: reason.is_none(),
            reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn a_target_is_spoiled_by_a_reason_that_it_did_not_have() {
        let before = [target("a", None), target("b", Some("no `x`")), target("c", None)];
        let after = [target("a", Some("no `y`")), target("b", Some("no `x`")), target("c", None)];
        let spoiled = |after: &[TargetEntry]| -> Vec<String> {
            spoiled_targets(&before, after).into_iter().map(|it| it.name.clone()).collect()
        };
        assert_eq!(spoiled(&after), ["a"]);
        assert_eq!(spoiled(&[target("a", None), target("b", None)]), ["c"]);
        assert!(spoiled(&before).is_empty());
    }
}
