//! The command `plimsoll fix` over the copy of a project.

use super::engine::Engine;
use super::singles::{new_errors, outside};
use super::text::changed_lines;
use super::{Sample, Totals, allowed, read};
use plimsoll_core::edit::apply::apply;
use plimsoll_core::report::{Report, Safety};
use plimsoll_core::{File, Options, analyze};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

/// Maximum number of rounds that are replayed.
const MAX_ROUNDS: usize = 32;

/// The arguments of each run.
const RUNS: [(&str, &[&str]); 3] = [
    ("fix", &["fix"]),
    ("fix --select PLM", &["fix", "--select", "PLM"]),
    ("fix --select PLM --unsafe", &["fix", "--select", "PLM", "--unsafe"]),
];

/// Runs the command as each of [`RUNS`] says, every time over the project as it was.
pub fn run(
    sample: &Sample,
    engine: &mut Engine,
    command: &Path,
    totals: &mut Totals,
) -> Result<(), String> {
    for (title, arguments) in RUNS {
        let said = fix(sample, command, arguments)?;
        totals.refused += said.lines().filter(|line| line.contains("is left out")).count();
        let after = read(&sample.root)?;
        let mut problems = Vec::new();
        fix(sample, command, arguments)?;
        if read(&sample.root)? != after {
            problems.push("a second run changes the files again".to_owned());
        }
        let pairs = sample.files.iter().zip(&after);
        let changed: Vec<(&File, File)> =
            pairs.filter(|(old, new)| old != new).map(|(old, new)| (old, new.clone())).collect();
        let with_unsafe = arguments.contains(&"--unsafe");
        let rounds = Rounds::replay(sample, with_unsafe);
        let codes: Vec<&str> = rounds.codes.iter().copied().collect();
        let (different, paths) = outside(sample, engine, &changed, &codes)?;
        problems.extend(different);
        for path in &paths {
            if !codes.iter().any(|code| allowed::is_allowed(code, path)) {
                problems.push(format!("changes `{path}`, of which {codes:?} do not speak"));
            }
        }
        problems.extend(new_errors(&sample.report, &analyze(&after, &Options::default())));
        for (old, new) in &changed {
            problems.extend(rounds.elsewhere(old, new));
        }
        let [projects, files, damaged] = totals.runs.entry(title).or_default();
        *projects += usize::from(!changed.is_empty());
        *files += changed.len();
        *damaged += usize::from(!problems.is_empty());
        if !problems.is_empty() {
            println!("    plimsoll {title}");
            problems.iter().for_each(|problem| println!("        {problem}"));
        }
    }
    Ok(())
}

/// Runs the command over the copy and returns what it says.
fn fix(sample: &Sample, command: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(command).args(arguments).arg(".").current_dir(&sample.root).output();
    let output = output.map_err(|error| format!("{}: {error}", command.display()))?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What the fixes of a run may touch, found by applying them in rounds.
struct Rounds {
    codes: BTreeSet<&'static str>,
    /// The lines at which edits stand, by path.
    lines: BTreeSet<(String, String)>,
}

impl Rounds {
    fn replay(sample: &Sample, with_unsafe: bool) -> Rounds {
        let mut rounds = Rounds { codes: BTreeSet::new(), lines: BTreeSet::new() };
        let mut files = sample.files.clone();
        for _ in 0..MAX_ROUNDS {
            let report = analyze(&files, &Options::default());
            rounds.note(&report, with_unsafe);
            let (fixed, _) = apply(&files, &report, with_unsafe);
            if fixed == files {
                break;
            }
            files = fixed;
        }
        rounds
    }

    fn note(&mut self, report: &Report, with_unsafe: bool) {
        for finding in &report.findings {
            for fix in &finding.fixes {
                if fix.safety == Safety::Unsafe && !with_unsafe {
                    continue;
                }
                self.codes.insert(finding.code);
                for edit in &fix.edits {
                    let file = &report.entry(edit.span.file).file;
                    let start =
                        file.text[..edit.span.start as usize].rfind('\n').map_or(0, |it| it + 1);
                    let rest = &file.text[edit.span.end as usize..];
                    let end = edit.span.end as usize + rest.find('\n').unwrap_or(rest.len());
                    // The line feed is outside of the range, so that a carriage return before it stays.
                    for line in file.text[start..end].lines() {
                        let line = line.trim_end_matches('\r').to_owned();
                        self.lines.insert((file.path.to_string(), line));
                    }
                }
            }
        }
    }

    /// Returns the lines of a file that have changed away from all edits.
    fn elsewhere(&self, old: &File, new: &File) -> Vec<String> {
        let lines: Vec<&str> = old.text.lines().collect();
        let is_edited = |at: usize| {
            lines.get(at).is_some_and(|line| {
                self.lines.contains(&(old.path.to_string(), (*line).to_owned()))
            })
        };
        // What is added may stand above lines that look like the added ones.
        let is_near = |changed: &Range<usize>| {
            (changed.start.saturating_sub(1)..changed.end + 1).any(is_edited)
                || (0..changed.start).rev().take(12).any(is_edited)
        };
        let changed = changed_lines(&old.text, &new.text);
        let far = changed.into_iter().filter(|lines| !is_near(lines));
        far.map(|lines| format!("{}: lines {lines:?} change away from every edit", old.path))
            .collect()
    }
}
