//! Files that mutations start from: the examples of the project and of its rules.

use plimsoll_core::{File, explain, rules};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

pub struct Seeds {
    /// Single files, each with a name that says what kind of file it is.
    pub files: Vec<File>,
    /// Whole projects with a chart or a kustomization in them.
    pub targets: Vec<Vec<File>>,
}

/// Returns the files, read once.
pub fn seeds() -> &'static Seeds {
    static SEEDS: LazyLock<Seeds> = LazyLock::new(read);
    &SEEDS
}

fn read() -> Seeds {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut projects: Vec<Vec<File>> = Vec::new();
    for folder in ["examples", "core/tests/decisions/projects"] {
        let mut folders: Vec<PathBuf> = entries(&root.join(folder));
        folders.retain(|it| it.is_dir());
        projects.extend(folders.iter().map(|folder| files_below(folder)));
    }
    projects.push(files_below(&root.join("core/tests/charts/shop")));
    for rule in rules() {
        let examples =
            &explain(rule.code).expect("internal error: every rule is explained").examples;
        for section in ["Bad", "Good"] {
            let files = examples.iter().filter(|it| it.section == section);
            projects.push(files.map(|it| File::new(&it.path, it.text.as_str())).collect());
        }
    }
    let is_build_file = |file: &File| {
        file.path.ends_with("Chart.yaml") || file.path.ends_with("kustomization.yaml")
    };
    let targets =
        projects.iter().filter(|files| files.iter().any(is_build_file)).cloned().collect();
    Seeds { files: projects.concat(), targets }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of the repository");
    let mut paths: Vec<PathBuf> = entries.map(|it| it.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// Returns the files of a project, with paths relative to its folder.
fn files_below(root: &Path) -> Vec<File> {
    let mut open = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                open.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                let name = path.strip_prefix(root).expect("a path below the root");
                files.push(File::from_bytes(name.to_string_lossy(), &bytes));
            }
        }
    }
    files
}
