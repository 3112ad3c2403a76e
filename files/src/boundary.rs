//! What lies inside of a project: links out of it are not followed.

use std::path::{Path, PathBuf};

/// Returns the root of the repository that a canonical path lies in.
#[must_use]
pub fn repository(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.join(".git").exists())
}

/// Returns the folder that links below another one must not leave: its repository, or else the folder itself. `None`
/// for a folder that does not exist.
pub(crate) fn boundary(folder: &Path) -> Option<PathBuf> {
    let own = folder.canonicalize().ok()?;
    Some(repository(&own).map(Path::to_owned).unwrap_or(own))
}

/// Whether a path leads to something inside of the project of a folder, links followed.
#[must_use]
pub fn stays_inside(path: &Path, folder: &Path) -> bool {
    let real = path.canonicalize().ok();
    real.zip(boundary(folder)).is_some_and(|(real, boundary)| real.starts_with(boundary))
}

/// What a symbolic link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    File,
    Folder,
    /// Something outside of the boundary, whatever that is.
    Outside,
    /// A pipe, a socket or a device.
    Special,
    Nothing,
}

/// Returns what a link leads to. Nothing is opened.
pub(crate) fn target(link: &Path, boundary: Option<&Path>) -> Target {
    let Ok(real) = link.canonicalize() else { return Target::Nothing };
    if !boundary.is_some_and(|boundary| real.starts_with(boundary)) {
        return Target::Outside;
    }
    match real.metadata() {
        Ok(it) if it.is_file() => Target::File,
        Ok(it) if it.is_dir() => Target::Folder,
        Ok(_) => Target::Special,
        Err(_) => Target::Nothing,
    }
}
