//! What a walk leaves out although its name says that it may belong to an analysis.

use crate::boundary::{Target, target};
use crate::names::{belongs, is_vendored, is_yaml};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A file or a folder that a walk left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    pub path: PathBuf,
    pub why: Why,
}

/// Why a walk left something out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    Hidden,
    Vendored,
    /// Git ignores it.
    Ignored,
    /// A link to a folder, or to a file that is read under another name.
    Link,
    /// A link that leads out of the project.
    Outside,
    /// A pipe, a socket or a device, or a link to one.
    Special,
}

/// Lists the folders that a walk entered once more, and returns what it left out in them.
pub(crate) fn left_out(
    entered: &[PathBuf],
    files: &[PathBuf],
    boundary: Option<&Path>,
) -> Vec<LeftOut> {
    let read: HashSet<&Path> = files.iter().map(PathBuf::as_path).collect();
    let folders: HashSet<&Path> = entered.iter().map(PathBuf::as_path).collect();
    let mut all = Vec::new();
    for folder in entered {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = folder.join(entry.file_name());
            if read.contains(path.as_path()) || folders.contains(path.as_path()) {
                continue;
            }
            let Ok(kind) = entry.file_type() else { continue };
            let why = match () {
                () if kind.is_dir() => why_folder(&path),
                () if kind.is_symlink() => why_link(&path, boundary),
                () if kind.is_file() => why_file(&path),
                () => belongs(&path).then_some(Why::Special),
            };
            all.extend(why.map(|why| LeftOut { path, why }));
        }
    }
    all.sort();
    all
}

/// Says why a folder was not entered. Nobody misses what git keeps for itself.
fn why_folder(folder: &Path) -> Option<Why> {
    match folder.file_name()?.to_str()? {
        ".git" => None,
        name if name.starts_with('.') => Some(Why::Hidden),
        name if is_vendored(name) => Some(Why::Vendored),
        _ => Some(Why::Ignored),
    }
}

fn why_link(link: &Path, boundary: Option<&Path>) -> Option<Why> {
    let why = match target(link, boundary) {
        Target::Outside => Why::Outside,
        Target::Special => Why::Special,
        Target::Folder => return Some(Why::Link),
        Target::File | Target::Nothing => Why::Link,
    };
    (belongs(link) || link.is_dir()).then_some(why)
}

fn why_file(file: &Path) -> Option<Why> {
    let name = file.file_name()?.to_str()?;
    match () {
        () if belongs(file) => Some(Why::Ignored),
        () => (name.starts_with('.') && is_yaml(name)).then_some(Why::Hidden),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;
    use crate::walk;

    #[test]
    fn everything_that_is_left_out_is_named_with_its_reason() {
        let root = tree(&[
            "compose.yaml",
            ".travis.yml",
            ".git/HEAD",
            ".github/workflows/ci.yaml",
            "web/node_modules/a/b.yaml",
            "target/x.yaml",
            "k8s/secret.yaml",
            "notes.md",
        ]);
        fs::write(root.path().join(".gitignore"), "target/\nsecret.yaml\n").unwrap();
        let found: Vec<(String, Why)> = walk(root.path(), None)
            .left_out()
            .into_iter()
            .map(|it| {
                let path = it.path.strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned();
                (path, it.why)
            })
            .collect();
        let expected = [
            (".github", Why::Hidden),
            (".travis.yml", Why::Hidden),
            ("k8s/secret.yaml", Why::Ignored),
            ("target", Why::Ignored),
            ("web/node_modules", Why::Vendored),
        ];
        assert_eq!(found, expected.map(|(path, why)| (path.to_owned(), why)));
    }
}
