//! `plimsoll fix`: applies fixes until no more can be applied, and writes the files that changed.

use crate::args::{Input, Rules};
use crate::input::{self, Origin, Source};
use crate::terminal::{Terminal, print_exactly};
use crate::{Failure, exit_code, ignore, options};
use anstyle::AnsiColor;
use plimsoll_core::autofix::{self, Fixed, Reason, Refused, Wanted};
use plimsoll_core::output::{escape, escape_line};
use plimsoll_core::report::{Finding, Report, Safety, Severity};
use plimsoll_core::{File, Options, Workspace};
use similar::TextDiff;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

/// Treatment of findings: fix them or accept them.
pub enum How {
    /// Their fixes are applied.
    Mend { risky: bool },
    /// They are accepted with comments.
    Accept { reason: String },
}

/// Runs the subcommand. The exit code speaks of the files as the command leaves them, and with `--diff` of
/// whether there is something to change.
pub fn run(
    input: &Input,
    rules: &Rules,
    diff: bool,
    how: &How,
    terminal: &Terminal,
) -> Result<u8, Failure> {
    let mut options = options(input, rules)?;
    let project = input::gather(input, terminal)?;
    options.config.unread = Arc::new(project.unread());
    let workspace = project.workspace(terminal);
    let first = project.report(&workspace, &options, terminal)?;
    let fixed = match how {
        How::Mend { risky } => {
            fix_all(&project.sources, workspace, first, &options, *risky, terminal)
        }
        How::Accept { reason } => {
            ignore::accept_all(&project.sources, workspace, &first, &options, reason, terminal)
        }
    };
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
        terminal.say(&summary(&fixed, changed, diff, how));
        if let (How::Mend { .. }, 0) = (how, changed)
            && let Some(left) = left_out(&fixed.report, &options)
        {
            terminal.say(&left);
        }
    }
    Ok(if diff { u8::from(changed > 0) } else { exit_code(&fixed.report, rules) })
}

/// `applied 2 fixes in 1 file; 0 findings left`.
fn summary(fixed: &Fixed, changed: usize, diff: bool, how: &How) -> String {
    let (verb, one, many) = match (how, diff) {
        (How::Mend { .. }, false) => ("applied", "fix", "fixes"),
        (How::Mend { .. }, true) => ("would apply", "fix", "fixes"),
        (How::Accept { .. }, false) => ("wrote", "comment", "comments"),
        (How::Accept { .. }, true) => ("would write", "comment", "comments"),
    };
    let applied = if changed == 0 { 0 } else { fixed.applied };
    let left = fixed.report.findings.len();
    format!(
        "{verb} {applied} {} in {changed} {}; {left} {} left",
        plural(applied, one, many),
        plural(changed, "file", "files"),
        plural(left, "finding", "findings"),
    )
}

/// Returns what to say of the safe fixes of infos and hints, which are applied only where their rules are selected:
/// `2 safe fixes of infos are left out: add --select PLM101,PLM416 to apply them`.
fn left_out(report: &Report, options: &Options) -> Option<String> {
    let is_left = |it: &&Finding| !is_wanted(it, options);
    let is_safe = |it: &&Finding| it.fixes.iter().any(|fix| fix.safety == Safety::Safe);
    let codes: Vec<&str> =
        report.findings.iter().filter(is_left).filter(is_safe).map(|it| it.code).collect();
    let rules: BTreeSet<&str> = codes.iter().copied().collect();
    let rules: Vec<&str> = rules.into_iter().collect();
    (!codes.is_empty()).then(|| {
        format!(
            "{} safe {} of infos {} left out: add --select {} to apply {}",
            codes.len(),
            plural(codes.len(), "fix", "fixes"),
            plural(codes.len(), "is", "are"),
            rules.join(","),
            plural(codes.len(), "it", "them"),
        )
    })
}

fn plural<'a>(number: usize, singular: &'a str, plural: &'a str) -> &'a str {
    if number == 1 { singular } else { plural }
}

/// Applies the fixes, and says which ones are left out and why.
fn fix_all(
    sources: &[Source],
    mut workspace: Workspace,
    report: Report,
    options: &Options,
    risky: bool,
    terminal: &Terminal,
) -> Fixed {
    let files: Vec<File> = sources.iter().map(|source| source.file.clone()).collect();
    let inexact: HashSet<&str> =
        sources.iter().filter(|it| !it.exact).map(|it| &*it.file.path).collect();
    let is_companion = |source: &&Source| source.origin == Origin::Companion;
    let companions: HashSet<&str> =
        sources.iter().filter(is_companion).map(|it| &*it.file.path).collect();
    let wanted = Wanted {
        options,
        unsafe_too: risky,
        finding: &|finding| is_wanted(finding, options),
        may_change: &|path| !inexact.contains(path) && !companions.contains(path),
    };
    let fixed = autofix::fix_all(files, &mut workspace, report, &wanted);
    let mut said = HashSet::new();
    for Refused { path, line, code, title, reason } in &fixed.refused {
        if *reason == Reason::Locked {
            if said.insert(path) {
                let why = match companions.contains(path.as_str()) {
                    true => "only another file names it: name it as well to change it",
                    false => "it is not UTF-8",
                };
                terminal.warn(&format!("{path}: left unchanged because {why}"));
            }
            continue;
        }
        let why = reason.says();
        terminal.warn(&format!("{path}:{line}: {code}: `{title}` is left out, because {why}"));
    }
    fixed
}

/// Whether a finding is worth a change to the files: infos and hints are, where their rule was selected.
fn is_wanted(finding: &Finding, options: &Options) -> bool {
    finding.severity <= Severity::Warning || !options.select.is_empty()
}

/// Prints a patch. Programs get it byte for byte; people get it coloured and without control
/// characters.
fn print_diff(before: &File, after: &File, terminal: &Terminal) -> Result<(), Failure> {
    let path = &before.path;
    let diff = TextDiff::from_lines(&*before.text, &*after.text);
    let (a, b) = (quoted(&format!("a/{path}")), quoted(&format!("b/{path}")));
    let patch = diff.unified_diff().header(&a, &b).to_string();
    if !terminal.interactive && !terminal.style.color {
        return print_exactly(&patch);
    }
    terminal.print(&patch.lines().map(|line| diff_line(line, terminal)).collect::<String>())
}

/// Returns a path as git writes it into a patch: in quotes where it holds control characters, which could end
/// the line or steer a terminal.
fn quoted(path: &str) -> String {
    let steers = |letter: char| escape_line(letter.encode_utf8(&mut [0; 4])).starts_with('\\');
    if !path.contains(|letter| steers(letter) || letter == '"') {
        return path.to_owned();
    }
    let mut out = String::from('"');
    for letter in path.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            letter if steers(letter) => {
                let mut bytes = [0; 4];
                for byte in letter.encode_utf8(&mut bytes).bytes() {
                    out.push_str(&format!("\\{byte:03o}"));
                }
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
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
        if cfg!(target_family = "wasm") {
            // WASI cannot set permissions; a file that is written in place keeps its own.
            return fs::write(&target, text);
        }
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
