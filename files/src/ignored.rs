//! Which files git ignores, for paths that come one at a time, as from a watcher.

use ignore::Match;
use ignore::gitignore::Gitignore;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The `.gitignore` files of the folders that were asked about, each read once.
#[derive(Debug, Default)]
pub struct Ignored {
    folders: HashMap<PathBuf, Gitignore>,
}

impl Ignored {
    /// Whether git ignores a path below `root`, by itself or with a folder that holds it.
    pub fn contains(&mut self, root: &Path, path: &Path, is_folder: bool) -> bool {
        let Ok(below) = path.strip_prefix(root) else { return false };
        let mut current = root.to_owned();
        let mut folders: Vec<PathBuf> = Vec::new();
        let mut names = below.components().peekable();
        while let Some(name) = names.next() {
            folders.push(current.clone());
            current.push(name);
            let is_folder = is_folder || names.peek().is_some();
            if self.is_ignored_itself(&folders, &current, is_folder) {
                return true;
            }
        }
        false
    }

    /// Whether the `.gitignore` files of the folders around a path ignore it. The innermost one that speaks about
    /// the path decides.
    fn is_ignored_itself(&mut self, folders: &[PathBuf], path: &Path, is_folder: bool) -> bool {
        for folder in folders.iter().rev() {
            let read = || Gitignore::new(folder.join(".gitignore")).0;
            let patterns = self.folders.entry(folder.clone()).or_insert_with(read);
            match patterns.matched(path, is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
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
