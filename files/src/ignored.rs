//! Which files git ignores. A `.gitignore` that is a link or a pipe is not opened; git follows no link there either.

use crate::walk::{NOT_REGULAR, Unreadable};
use ignore::Match;
use ignore::gitignore::Gitignore;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The `.gitignore` files of the folders that were asked about, each read once.
#[derive(Debug, Default)]
pub struct Ignored {
    folders: HashMap<PathBuf, Gitignore>,
    refused: Vec<Unreadable>,
}

impl Ignored {
    /// Whether git ignores a path below `root`, by itself or with a folder that holds it.
    pub fn contains(&mut self, root: &Path, path: &Path, is_folder: bool) -> bool {
        let Ok(below) = path.strip_prefix(root) else { return false };
        let mut current = root.to_owned();
        let mut names = below.components().peekable();
        while let Some(name) = names.next() {
            current.push(name);
            let is_folder = is_folder || names.peek().is_some();
            if self.is_ignored_itself(root, &current, is_folder) {
                return true;
            }
        }
        false
    }

    /// Whether the `.gitignore` files of the folders around a path, from `top` on, ignore it. The innermost one that
    /// speaks about the path decides.
    pub(crate) fn is_ignored_itself(&mut self, top: &Path, path: &Path, is_folder: bool) -> bool {
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(top)) {
            match self.patterns(folder).matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }

    /// Returns the `.gitignore` files that were asked about and are not read.
    pub(crate) fn refused(&self) -> Vec<Unreadable> {
        self.refused.clone()
    }

    fn patterns(&mut self, folder: &Path) -> &Gitignore {
        if !self.folders.contains_key(folder) {
            let patterns = self.read(folder.join(".gitignore"));
            self.folders.insert(folder.to_owned(), patterns);
        }
        &self.folders[folder]
    }

    fn read(&mut self, path: PathBuf) -> Gitignore {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => Gitignore::new(&path).0,
            Ok(metadata) => {
                if !metadata.is_dir() {
                    self.refused.push(Unreadable { path, cause: NOT_REGULAR.to_owned() });
                }
                Gitignore::empty()
            }
            Err(_) => Gitignore::empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tree;
    use std::fs;

    #[test]
    fn the_innermost_pattern_decides() {
        let root = tree(&["a/keep.yaml"]);
        let root = root.path();
        fs::write(root.join(".gitignore"), "/target\n*.gen.yaml\n").unwrap();
        fs::write(root.join("a/.gitignore"), "!keep.gen.yaml\n").unwrap();
        let mut ignored = Ignored::default();
        let mut contains = |path: &str| ignored.contains(root, &root.join(path), false);
        assert!(contains("target/debug/a.yaml"));
        assert!(contains("x.gen.yaml") && contains("a/x.gen.yaml"));
        assert!(!contains("a/keep.gen.yaml") && !contains("a/target/b.yaml"));
        assert!(!ignored.contains(root, Path::new("/elsewhere/target/a"), false));
    }
}
