//! Which files of a folder matter, and reading them. The command line walks folders through this too.
//!
//! A walk honours `.gitignore` and leaves out hidden and vendored folders. Environment files beside
//! YAML are read even where git ignores them: Compose reads them, so without them a variable would
//! be called unset that is not. Symbolic links are not followed; only regular files are opened.

use ignore::WalkBuilder;
use plimsoll_core::syntax::MAX_BYTES;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Folders of other people's files.
const VENDORED: &[&str] = &[
    "node_modules",
    "bower_components",
    "jspm_packages",
    "vendor",
    "site-packages",
    "__pycache__",
];

/// Whether a file of this name takes part in an analysis.
pub fn matters(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(OsStr::to_str) else { return false };
    if is_env(name) || matches!(name, ".plimsoll.yaml" | ".plimsoll.yml") {
        return true;
    }
    let lower = name.to_ascii_lowercase();
    let dockerfile = |it: &str| {
        lower == it || lower.starts_with(&format!("{it}.")) || lower.ends_with(&format!(".{it}"))
    };
    !name.starts_with('.')
        && (is_yaml(name)
            || lower.ends_with(".tpl")
            || dockerfile("dockerfile")
            || dockerfile("containerfile"))
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// `.env`, `.env.example`, `app.env`, `env.example`; not `.env.d.ts`.
fn is_env(name: &str) -> bool {
    let script = [".ts", ".js", ".mjs", ".cjs", ".py", ".sh", ".rb"];
    (name == ".env"
        || name.starts_with(".env.")
        || name.starts_with("env.")
        || name.ends_with(".env"))
        && !script.iter().any(|it| name.ends_with(it))
}

fn is_left_out(name: &str) -> bool {
    name.starts_with('.') || VENDORED.contains(&name)
}

/// Whether a walk of `root` would not enter the folder of this file.
pub fn lies_in_left_out_folder(root: &Path, path: &Path) -> bool {
    let inside = path.strip_prefix(root).unwrap_or(path).parent();
    inside.is_some_and(|it| {
        it.components().any(|it| it.as_os_str().to_str().is_some_and(is_left_out))
    })
}

/// What a walk found, and what it could not see.
#[derive(Debug, Default)]
pub struct Walk {
    /// Sorted; each begins with the folder as it was given.
    pub files: Vec<PathBuf>,
    /// Sentences that name the path and the cause.
    pub troubles: Vec<String>,
}

/// The files of a folder that matter. `depth` is how many levels of folders are entered.
pub fn walk(root: &Path, depth: Option<usize>) -> Walk {
    let mut troubles = Vec::new();
    let mut files = BTreeSet::new();
    let walker = WalkBuilder::new(root)
        .hidden(false)
        .ignore(false)
        // What a machine or a user ignores elsewhere must not change a report.
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .max_depth(depth)
        .filter_entry(|it| {
            let folder = it.file_type().is_some_and(|it| it.is_dir());
            it.depth() == 0 || !folder || !it.file_name().to_str().is_some_and(is_left_out)
        })
        .build();
    for entry in walker {
        match entry {
            Ok(entry) => {
                if entry.file_type().is_some_and(|it| it.is_file()) && matters(entry.path()) {
                    files.insert(entry.into_path());
                }
            }
            Err(error) => troubles.push(error.to_string()),
        }
    }
    for folder in folders_with_yaml(&files) {
        let listed = fs::read_dir(&folder).into_iter().flatten().flatten();
        let found = listed.filter(|it| {
            it.file_type().is_ok_and(|it| it.is_file())
                && it.file_name().to_str().is_some_and(is_env)
        });
        files.extend(found.map(|it| folder.join(it.file_name())));
    }
    troubles.sort();
    Walk { files: files.into_iter().collect(), troubles }
}

fn folders_with_yaml(files: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let yaml = files.iter().filter(|it| it.to_str().is_some_and(is_yaml));
    yaml.filter_map(|it| it.parent().map(Path::to_owned)).collect()
}

/// The bytes of a regular file. Pipes and devices are refused, since reading them may never end; of
/// a file beyond the core's limit, just enough is read for the core to say so.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let kind = fs::metadata(path)?;
    if kind.is_dir() {
        return Err(io::Error::other("is a folder"));
    }
    if !kind.is_file() {
        return Err(io::Error::other("is not a regular file (`-` reads standard input)"));
    }
    let limit = MAX_BYTES as u64 + 1;
    let mut bytes = Vec::with_capacity(kind.len().min(limit) as usize);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x: 1\n").unwrap();
        }
        root
    }

    fn names(root: &Path) -> Vec<String> {
        let name = |it: &PathBuf| it.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        walk(root, None).files.iter().map(name).collect()
    }

    #[test]
    fn a_walk_takes_what_matters() {
        let root = tree(&[
            "compose.yaml",
            "k8s/app.yml",
            "k8s/templates/_helpers.tpl",
            "api/Dockerfile.dev",
            "api/main.py",
            "api/.env.example",
            ".github/workflows/ci.yml",
            "web/node_modules/a/b.yaml",
            "types/.env.d.ts",
        ]);
        let expected = [
            "api/.env.example",
            "api/Dockerfile.dev",
            "compose.yaml",
            "k8s/app.yml",
            "k8s/templates/_helpers.tpl",
        ];
        assert_eq!(names(root.path()), expected);
    }

    #[test]
    fn git_ignores_files_but_not_the_environment_beside_yaml() {
        let root = tree(&["compose.yaml", ".env", "old/compose.yaml", "notes/.env"]);
        fs::write(root.path().join(".gitignore"), "old/\n.env\n").unwrap();
        assert_eq!(names(root.path()), [".env", "compose.yaml"]);
    }

    #[test]
    fn a_folder_of_its_own_is_walked_even_if_hidden() {
        let root = tree(&[".deploy/compose.yaml"]);
        assert_eq!(names(&root.path().join(".deploy")), ["compose.yaml"]);
        assert!(lies_in_left_out_folder(root.path(), &root.path().join(".deploy/compose.yaml")));
        assert!(!lies_in_left_out_folder(root.path(), &root.path().join(".env")));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_not_read() {
        let root = tree(&["compose.yaml"]);
        std::os::unix::fs::symlink("nowhere", root.path().join("broken.yaml")).unwrap();
        let pipe = root.path().join("pipe.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(names(root.path()), ["compose.yaml"]);
        let error = read(&pipe).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
    }
}
