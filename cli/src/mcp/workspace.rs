//! The folder whose files the tools may read.

use crate::Failure;
use crate::args::Input;
use plimsoll_core::text::normalise_path;
use std::path::{Path, PathBuf};

#[derive(Clone)]
pub struct Workspace {
    /// The canonical path of the folder, which is also the current one.
    root: PathBuf,
}

impl Workspace {
    /// Makes a folder the current one, so that paths in answers are relative to it.
    pub fn enter(folder: &Path) -> Result<Workspace, Failure> {
        let root = folder.canonicalize().map_err(|error| Failure::at(folder, &error))?;
        std::env::set_current_dir(&root).map_err(|error| Failure::at(folder, &error))?;
        Ok(Workspace { root })
    }

    /// Returns the input that these paths mean: the whole workspace if there is none.
    pub fn input(&self, paths: &[String]) -> Result<Input, Failure> {
        Ok(Input {
            paths: self.paths(paths)?,
            stdin_filename: String::new(),
            config: None,
            within: Some(self.root.clone()),
        })
    }

    /// Returns paths from the root of the workspace, each of which must lead to a place in it.
    pub fn paths(&self, paths: &[String]) -> Result<Vec<PathBuf>, Failure> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    fn path(&self, given: &str) -> Result<PathBuf, Failure> {
        let absolute = PathBuf::from(normalise_path(&self.root.join(given).to_string_lossy()));
        // A path that leads out is refused whether or not there is anything, and so is a link that leads out.
        let leads_to = absolute.canonicalize();
        let target = leads_to.as_ref().unwrap_or(&absolute);
        match absolute.strip_prefix(&self.root) {
            Ok(path) if target.starts_with(&self.root) => match leads_to {
                Ok(_) if path == Path::new("") => Ok(PathBuf::from(".")),
                Ok(_) => Ok(path.to_owned()),
                Err(error) => Err(Failure(format!("{given}: {error}"))),
            },
            Ok(_) | Err(_) => Err(Failure(format!(
                "`{given}` is outside of the workspace {}; only files in it are read",
                self.root.display()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_places_in_the_workspace_are_paths() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap().join("shop");
        fs::create_dir_all(root.join("k8s")).unwrap();
        fs::write(home.path().join("secret.yaml"), "a: 1\n").unwrap();
        let workspace = Workspace { root: root.clone() };
        let path = |given: &str| workspace.path(given).map_err(|Failure(reason)| reason);
        assert_eq!(path("k8s"), Ok(PathBuf::from("k8s")));
        assert_eq!(path("k8s/../."), Ok(PathBuf::from(".")));
        assert_eq!(path(&root.join("k8s").to_string_lossy()), Ok(PathBuf::from("k8s")));
        for outside in ["..", "../secret.yaml", "k8s/../../nothing", "/etc/hosts"] {
            let reason = path(outside).unwrap_err();
            assert!(reason.contains("outside of the workspace"), "{reason}");
        }
        // A dash is a name like any other: standard input belongs to the protocol.
        assert!(path("-").unwrap_err().contains("-: "));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("..", root.join("up")).unwrap();
            assert!(path("up/secret.yaml").unwrap_err().contains("outside of the workspace"));
        }
    }
}
