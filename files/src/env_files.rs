//! The env files that Compose files name. They may have any name: `.env_web`, `conf/web.conf`.

use crate::read::load;
use plimsoll_core::model::detect::by_name;
use plimsoll_core::report::FileKind;
use plimsoll_core::syntax::{Node, Tree, parse};
use plimsoll_core::text::FileId;
use std::path::{Component, Path, PathBuf};

/// Returns the paths that the services of a Compose file name under `env_file`, as they are written.
pub fn env_file_paths(tree: &Tree) -> Vec<String> {
    let mut paths = Vec::new();
    let services = tree.roots().filter_map(|root| root.get("services")).flat_map(Node::entries);
    for named in services.filter_map(|service| service.value.get("env_file")) {
        let path = |node: Node<'_>| node.as_str().map(str::to_owned);
        paths.extend(path(named));
        for item in named.items() {
            paths.extend(path(item).or_else(|| item.get("path").and_then(path)));
        }
    }
    paths
}

/// Returns the env files below `root` that a file names, if its name is that of a Compose file. They may be links
/// that lead elsewhere.
pub(crate) fn named_by(file: &Path, root: &Path) -> Vec<PathBuf> {
    let name = file.to_string_lossy();
    if by_name(&name) != FileKind::Compose {
        return Vec::new();
    }
    let Ok(loaded) = load(file, &name) else { return Vec::new() };
    let text = &loaded.file.text;
    if !text.contains("env_file") {
        return Vec::new();
    }
    let (tree, _) = parse(FileId(0), text, None);
    let folder = file.parent().unwrap_or(root);
    let paths = env_file_paths(&tree);
    paths.iter().filter_map(|path| below(root, folder, path)).filter(|it| it.is_file()).collect()
}

/// Returns a path from a folder as a path below the root.
pub(crate) fn below(root: &Path, folder: &Path, path: &str) -> Option<PathBuf> {
    let mut found = folder.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => found.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                found.pop();
                found.starts_with(root).then_some(())?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(found)
}

/// Whether a path leads to a file below the root, links followed.
pub(crate) fn stays(path: &Path, root: &Path) -> bool {
    let real = path.canonicalize().ok().filter(|it| it.is_file());
    real.zip(root.canonicalize().ok()).is_some_and(|(real, root)| real.starts_with(root))
}
