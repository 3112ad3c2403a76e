//! Where the paths of a project lie in its repository.

use super::{join_path, normalise_path};

/// The folder that the project's paths are relative to, and the root of the repository around it. Both are
/// absolute. Without them, paths count as relative to the root already.
///
/// Settings are matched with absolute paths, and identities have paths in the repository, so that both stay
/// the same however the command is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Base {
    root: String,
    folder: String,
}

impl Base {
    pub fn new(root: &str, folder: &str) -> Base {
        Base { root: normalise_path(root), folder: normalise_path(folder) }
    }

    /// Returns the absolute path of a path in the project; the path itself where the folder is not known.
    pub fn absolute(&self, path: &str) -> String {
        join_path(&self.folder, path)
    }

    /// Returns the path in the repository of a path in the project. A file outside of the repository keeps
    /// its absolute path.
    pub fn in_repository(&self, path: &str) -> String {
        let absolute = self.absolute(path);
        let root = self.root.trim_end_matches('/');
        match absolute.strip_prefix(root) {
            Some("") => String::new(),
            Some(below) if root.is_empty() => below.to_owned(),
            Some(below) if below.starts_with('/') => below[1..].to_owned(),
            Some(_) | None => absolute,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_repository_however_they_are_given() {
        let base = Base::new("/work/shop", "/work/shop/deploy/app");
        assert_eq!(base.in_repository("compose.yaml"), "deploy/app/compose.yaml");
        assert_eq!(base.in_repository("../../plimsoll.yaml"), "plimsoll.yaml");
        assert_eq!(base.in_repository("/work/shop/k8s/web.yaml"), "k8s/web.yaml");
        assert_eq!(base.in_repository("../.."), "");
        assert_eq!(base.in_repository("../../../shop-2/a.yaml"), "/work/shop-2/a.yaml");
        let above = Base::new("/work/shop", "/work");
        assert_eq!(above.in_repository("shop/compose.yaml"), "compose.yaml");
        assert_eq!(Base::default().in_repository("a/b.yaml"), "a/b.yaml");
        assert_eq!(Base::default().in_repository("../b.yaml"), "../b.yaml");
    }
}
