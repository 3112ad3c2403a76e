//! The baseline: the findings of a project on the day when it began to be checked, in a file beside it.

use crate::Failure;
use crate::terminal::Terminal;
use plimsoll_core::Report;
use plimsoll_core::report::{Baseline, Identity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Version of the format.
const VERSION: u32 = 1;

/// Maximum number of stale entries that are named one by one.
const MAX_NAMED: usize = 10;

#[derive(Deserialize)]
struct Stored {
    version: u32,
    entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    identity: Identity,
    /// Number of findings with this identity.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    count: usize,
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_one(count: &usize) -> bool {
    *count == 1
}

/// Reads a baseline.
pub fn read(path: &Path) -> Result<Baseline, Failure> {
    if !is_open_pipe(path) {
        refuse_special(path)?;
    }
    let text = fs::read_to_string(path).map_err(|error| Failure::at(path, &error))?;
    let stored: Stored = serde_json::from_str(&text).map_err(|error| {
        let shape =
            r#"a baseline is `{"version": 1, "entries": […]}`, as `--write-baseline` writes it"#;
        Failure::at(path, &format!("this is not a baseline: {error}; {shape}"))
    })?;
    if stored.version != VERSION {
        return Err(Failure::at(
            path,
            &format!(
                "this baseline has version {}, but this Plimsoll reads version {VERSION}",
                stored.version
            ),
        ));
    }
    Ok(Baseline::new(stored.entries.into_iter().map(|entry| (entry.identity, entry.count))))
}

/// Whether a path is that of an open pipe, as the shell makes it for `--baseline <(…)`. Its writer is there and ends
/// it; a named pipe may wait for one forever.
fn is_open_pipe(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let is_open = ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder));
        is_open && path.metadata().is_ok_and(|it| it.file_type().is_fifo())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Refuses to prune an open pipe, into which nothing can be written.
pub fn refuse_pipe(path: &Path) -> Result<(), Failure> {
    match is_open_pipe(path) {
        true => Err(Failure::at(path, &"this is a pipe, which `--prune` cannot write to")),
        false => Ok(()),
    }
}

/// Refuses pipes and devices, which may never end.
fn refuse_special(path: &Path) -> Result<(), Failure> {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => {
            Err(Failure::at(path, &"this is not a regular file"))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Writes a baseline with one entry on each line, so that a change of it reads well.
pub fn write(path: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let line = |(identity, count): (&Identity, usize)| {
        let entry = Entry { identity: identity.clone(), count };
        let json = serde_json::to_string(&entry).expect("internal error: an entry is JSON");
        format!("\n    {json}")
    };
    let lines: Vec<String> = baseline.entries().map(line).collect();
    let end = if lines.is_empty() { "" } else { "\n  " };
    let text =
        format!("{{\n  \"version\": {VERSION},\n  \"entries\": [{}{end}]\n}}\n", lines.join(","));
    refuse_special(path)?;
    fs::write(path, text).map_err(|error| Failure::at(path, &error))
}

/// Returns the entries that can be dropped, with the number of findings that each has too many: their rule
/// ran over their file, or the file is gone.
pub fn stale(report: &Report, root: &Path) -> Vec<(Identity, usize)> {
    let checked: BTreeSet<String> =
        report.files.iter().map(|entry| report.base.in_repository(&entry.file.path)).collect();
    let is_settled = |path: &str| checked.contains(path) || !root.join(path).exists();
    report.stale.iter().filter(|(identity, _)| is_settled(&identity.path)).cloned().collect()
}

/// Names the entries that can be dropped.
pub fn warn(path: &Path, stale: &[(Identity, usize)], terminal: &Terminal) {
    let advice = match is_open_pipe(path) {
        true => "",
        false => "; `--prune` drops it from the baseline",
    };
    let path = path.display();
    for (identity, _) in stale.iter().take(MAX_NAMED) {
        let Identity { rule, path: file, object, key } = identity;
        let of = if object.is_empty() { String::new() } else { format!(" of {object}") };
        let at = if key.is_empty() { String::new() } else { format!(" at `{key}`") };
        terminal.warn(&format!("{path}: {rule}{of}{at} in {file} is no longer found{advice}"));
    }
    if let Some(more) = stale.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        terminal.warn(&format!("{path}: {more} more entries are no longer found"));
    }
}

/// Returns the folder of a baseline file, as an absolute path. A pipe lies in nobody's project.
pub fn folder(path: &Path) -> Option<PathBuf> {
    if is_open_pipe(path) {
        return None;
    }
    std::path::absolute(path).ok()?.parent().map(Path::to_owned)
}
