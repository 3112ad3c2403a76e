//! Which findings are reported: those that have to do with some of the files. All files are read all the
//! same, since a change in one file shows in another one.

use crate::Failure;
use crate::args::{self, Input};
use crate::gone::{Before, Gone};
use crate::input::Project;
use plimsoll_core::report::{Confidence, Finding, Report};
use plimsoll_core::text::{FileId, escape_line};
use plimsoll_core::{Options, Workspace};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Filter that removes findings from a report.
pub struct Filter {
    /// Files and folders, as canonical paths; without them, every file is meant.
    paths: Option<HashSet<PathBuf>>,
    /// The changed files that are gone: what is missing now may have been in them.
    gone: Option<Gone>,
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
        let (changed, since) = changed.map(|it| (it.files, (it.root, it.revision))).unzip();
        let canonical = |paths: Vec<PathBuf>| -> HashSet<PathBuf> {
            paths.iter().map(|path| canonical(path)).collect()
        };
        let named = paths.map(canonical);
        let paths = match (named, changed.map(canonical)) {
            (Some(named), Some(changed)) => {
                Some(changed.into_iter().filter(|it| is_among(it, &named)).collect())
            }
            (named, changed) => named.or(changed),
        };
        let is_gone = |path: &&PathBuf| path.symlink_metadata().is_err();
        let gone = since.map(|(root, revision)| Gone {
            root,
            revision,
            files: paths.iter().flatten().filter(is_gone).cloned().collect(),
            given: match input.paths.is_empty() {
                true => vec![PathBuf::from(".")],
                false => input.paths.clone(),
            },
        });
        Ok((input, Filter { paths, gone, min_confidence: wanted.min_confidence }))
    }

    /// A filter that lets through what has to do with one of these files and folders.
    pub fn about(paths: &[PathBuf], min_confidence: Option<Confidence>) -> Filter {
        let canonical = || paths.iter().map(|path| canonical(path)).collect();
        let paths = (!paths.is_empty()).then(canonical);
        Filter { paths, gone: None, min_confidence }
    }

    /// Whether the findings of all files are wanted.
    pub fn takes_all(&self) -> bool {
        self.paths.is_none()
    }

    /// Analyses the project as it would be with the files that the change deletes, if it deletes any.
    pub fn before(
        &self,
        project: &Project,
        workspace: &mut Workspace,
        options: &Options,
    ) -> Option<Before> {
        let paths = self.paths.as_ref()?;
        let is_changed = |path: &Path| is_among(&canonical(path), paths);
        self.gone.as_ref()?.before(project, workspace, options, &is_changed)
    }

    /// Takes out the findings that are not meant. A finding has to do with each file that it points at, and with the
    /// files that are gone where it is not among what was found before.
    pub fn apply(&self, report: &mut Report, before: Option<&Before>) {
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
        let all = std::mem::take(&mut report.findings);
        let count = all.len();
        let is_wanted = |finding: &Finding| {
            before.is_some_and(|it| it.lacks(report, finding))
                || is_meant(finding.span.file)
                || finding.related.iter().any(|it| is_meant(it.span.file))
                || finding.others.iter().any(|it| is_meant(it.span.file))
        };
        let wanted: Vec<Finding> = all.into_iter().filter(is_wanted).collect();
        report.elsewhere = count - wanted.len();
        report.findings = wanted;
    }
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

/// The files that a change is about.
struct Changed {
    files: Vec<PathBuf>,
    /// The root of the working tree.
    root: PathBuf,
    /// The revision of git before the change.
    revision: String,
}

/// Returns the files that differ from the point where this branch left a revision, and those that git does not
/// know yet.
fn changed_since(folder: &Path, revision: &str) -> Result<Changed, Failure> {
    if revision.starts_with('-') {
        return Err(Failure(format!("`{}` is not a revision of git", escape_line(revision))));
    }
    let commit =
        text_of(folder, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])
            .map_err(|_| {
            Failure(format!(
                "`{}` is not a revision of git that is known here",
                escape_line(revision)
            ))
        })?;
    let commit = commit.trim();
    // Shallow clones may lack the common ancestor.
    let base =
        text_of(folder, &["merge-base", commit, "HEAD"]).unwrap_or_else(|_| commit.to_owned());
    let root = root(folder)?;
    let mut files =
        names(&root, &["diff", "--name-only", "--no-renames", "-z", base.trim(), "--"])?;
    files.extend(names(&root, &["ls-files", "--others", "--exclude-standard", "-z"])?);
    Ok(Changed { files, root, revision: base.trim().to_owned() })
}

/// Returns the files that are staged.
fn staged(folder: &Path) -> Result<Changed, Failure> {
    let root = root(folder)?;
    let files = names(&root, &["diff", "--cached", "--name-only", "--no-renames", "-z"])?;
    Ok(Changed { files, root, revision: "HEAD".to_owned() })
}

/// Returns the root of the working tree.
fn root(folder: &Path) -> Result<PathBuf, Failure> {
    let root = text_of(folder, &["rev-parse", "--show-toplevel"])?;
    Ok(PathBuf::from(root.trim_end_matches('\n')))
}

/// Returns the paths that git prints from the root of the working tree.
fn names(root: &Path, arguments: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    let names = text_of(root, arguments)?;
    Ok(names.split('\0').filter(|name| !name.is_empty()).map(|name| root.join(name)).collect())
}

fn text_of(folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&git(folder, arguments)?).into_owned())
}

/// Runs git and returns what it prints.
pub fn git(folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
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
    Ok(output.stdout)
}
