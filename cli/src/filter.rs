//! Which findings are reported: those that have to do with some of the files. All files are read all the
//! same, since a change in one file shows in another one.

use crate::Failure;
use crate::args::{self, Input};
use plimsoll_core::report::{Confidence, Finding, Report};
use plimsoll_core::rules::{self, About};
use plimsoll_core::text::{FileId, escape_line};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Filter that removes findings from a report.
pub struct Filter {
    /// Files and folders, as canonical paths; without them, every file is meant.
    paths: Option<HashSet<PathBuf>>,
    /// Whether one of the changed files is gone: what is missing now may have been in it.
    deletes: bool,
    min_confidence: Option<Confidence>,
}

impl Filter {
    /// Finds out which files are meant, and returns the input that is to be read.
    pub fn of(input: &Input, wanted: &args::Filter) -> Result<(Input, Filter), Failure> {
        let needs_git = wanted.changed_since.is_some() || wanted.staged;
        if needs_git && cfg!(target_family = "wasm") {
            return Err(Failure(
                "git cannot be asked from here: `--changed-since` and `--staged` need the native command"
                    .to_owned(),
            ));
        }
        let mut input = input.clone();
        let mut paths: Option<Vec<PathBuf>> = None;
        if let Some(project) = &wanted.project {
            let named = std::mem::replace(&mut input.paths, vec![project.clone()]);
            for path in &named {
                refuse_outside(path, project)?;
            }
            if !named.is_empty() {
                paths = Some(named);
            }
        }
        let changed = match &wanted.changed_since {
            Some(revision) => Some(changed_since(&folder(&input), revision)?),
            None if wanted.staged => Some(staged(&folder(&input))?),
            None => None,
        };
        let canonical = |paths: Vec<PathBuf>| -> HashSet<PathBuf> {
            paths.iter().map(|path| canonical(path)).collect()
        };
        let is_by_change = changed.is_some();
        let named = paths.map(canonical);
        let paths = match (named, changed.map(canonical)) {
            (Some(named), Some(changed)) => {
                Some(changed.into_iter().filter(|it| is_among(it, &named)).collect())
            }
            (named, changed) => named.or(changed),
        };
        let is_gone = |path: &PathBuf| path.symlink_metadata().is_err();
        let deletes = is_by_change && paths.iter().flatten().any(is_gone);
        Ok((input, Filter { paths, deletes, min_confidence: wanted.min_confidence }))
    }

    /// A filter that lets through what has to do with one of these files and folders.
    pub fn about(paths: &[PathBuf], min_confidence: Option<Confidence>) -> Filter {
        let canonical = || paths.iter().map(|path| canonical(path)).collect();
        let paths = (!paths.is_empty()).then(canonical);
        Filter { paths, deletes: false, min_confidence }
    }

    /// Whether the findings of all files are wanted.
    pub fn takes_all(&self) -> bool {
        self.paths.is_none()
    }

    /// Takes out the findings that are not meant. A finding has to do with each file that it points at, and one
    /// about something that is missing has to do with every file that is gone.
    pub fn apply(&self, report: &mut Report) {
        if let Some(least) = self.min_confidence {
            report.findings.retain(|finding| finding.confidence <= least);
        }
        let Some(paths) = &self.paths else { return };
        let is_meant: Vec<bool> = report
            .files
            .iter()
            .map(|entry| is_among(&canonical(Path::new(&*entry.file.path)), paths))
            .collect();
        let is_meant = |file: FileId| is_meant[file.index()];
        let before = report.findings.len();
        report.findings.retain(|finding| {
            self.deletes && misses_something(finding)
                || is_meant(finding.span.file)
                || finding.related.iter().any(|it| is_meant(it.span.file))
                || finding.others.iter().any(|it| is_meant(it.span.file))
        });
        report.elsewhere = before - report.findings.len();
    }
}

/// Rules about a file or a name that is missing, beside those that say so themselves.
const MISSING: [&str; 10] = [
    "unparsed-template",
    "refused-by-compose",
    "unset-variable",
    "missing-key",
    "file-of-the-project-missing",
    "service-port-unknown",
    "mesh-route-unreachable",
    "value-not-defined",
    "argocd-reference-missing",
    "kustomization-matches-nothing",
];

/// Whether a finding may come from a file that is gone.
fn misses_something(finding: &Finding) -> bool {
    let is_about_absence =
        || rules::find(finding.code).is_some_and(|rule| rule.about == Some(About::Absence));
    MISSING.contains(&finding.name) || is_about_absence()
}

/// Refuses a path that leads to nothing in the project, of which "no findings" would say nothing.
fn refuse_outside(path: &Path, project: &Path) -> Result<(), Failure> {
    path.metadata().map_err(|error| Failure::at(path, &error))?;
    let folder = match project.is_dir() {
        true => project,
        false => project.parent().unwrap_or(project),
    };
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    match canonical(path).starts_with(canonical(folder)) {
        true => Ok(()),
        false => Err(Failure::at(
            path,
            &format!("lies outside of {}", escape_line(&folder.to_string_lossy())),
        )),
    }
}

/// Whether a path is one of these, or lies in one of them.
fn is_among(path: &Path, paths: &HashSet<PathBuf>) -> bool {
    path.ancestors().any(|it| paths.contains(it))
}

/// Returns the canonical path of a file, or its absolute path where the file is gone.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// Returns the folder in which git is asked: that of the first path.
fn folder(input: &Input) -> PathBuf {
    match input.paths.first() {
        Some(path) if path.is_dir() => path.clone(),
        Some(path) => match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            Some(_) | None => PathBuf::from("."),
        },
        None => PathBuf::from("."),
    }
}

/// Returns the files that differ from the point where this branch left a revision, and those that git does not
/// know yet.
fn changed_since(folder: &Path, revision: &str) -> Result<Vec<PathBuf>, Failure> {
    if revision.starts_with('-') {
        return Err(Failure(format!("`{}` is not a revision of git", escape_line(revision))));
    }
    let commit =
        git(folder, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
            .map_err(|_| {
                Failure(format!(
                    "`{}` is not a revision of git that is known here",
                    escape_line(revision)
                ))
            })?;
    let commit = commit.trim();
    // Shallow clones may lack the common ancestor.
    let base = git(folder, &["merge-base", commit, "HEAD"]).unwrap_or_else(|_| commit.to_owned());
    let root = root(folder)?;
    let mut files =
        names(&root, &["diff", "--name-only", "--no-renames", "-z", base.trim(), "--"])?;
    files.extend(names(&root, &["ls-files", "--others", "--exclude-standard", "-z"])?);
    Ok(files)
}

fn staged(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    names(&root(folder)?, &["diff", "--cached", "--name-only", "--no-renames", "-z"])
}

/// Returns the root of the working tree.
fn root(folder: &Path) -> Result<PathBuf, Failure> {
    let root = git(folder, &["rev-parse", "--show-toplevel"])?;
    Ok(PathBuf::from(root.trim_end_matches('\n')))
}

/// Returns the paths that git prints from the root of the working tree.
fn names(root: &Path, arguments: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let names = git(root, arguments)?;
    Ok(names.split('\0').filter(|name| !name.is_empty()).map(|name| root.join(name)).collect())
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .map_err(|error| Failure(format!("git could not be run: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure(format!("git {}: {}", arguments[0], said.trim())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_about_what_is_missing_exists() {
        for name in MISSING {
            assert!(rules::find(name).is_some(), "{name}");
        }
    }
}
