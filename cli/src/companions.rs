//! The files that Compose files and kustomizations name: without them, one that is checked alone means something
//! else.

use plimsoll_core::File;
use plimsoll_core::model::detect::detect;
use plimsoll_core::report::FileKind;
use plimsoll_core::syntax::{Node, Tree, parse};
use plimsoll_core::text::{FileId, folder_of, join_path, normalise_path};
use plimsoll_files::{Loaded, env_file_paths, load, scripts_named_by};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Maximum number of files that are read because another file names them.
const MAX_FILES: usize = 1000;

/// Returns the files that a file names, and those that these name: what `include` and `extends` read, env
/// files, the files of configs and secrets, Dockerfiles, and the scripts beside or below it that it or these
/// Dockerfiles start. Only files inside the boundary count, which is a
/// canonical path; links that lead out of it are returned apart.
pub fn of(name: &str, boundary: &Path) -> (Vec<String>, Vec<String>) {
    let mut seen: HashSet<String> = HashSet::from([name.to_owned()]);
    let mut found: Vec<String> = Vec::new();
    let mut outside: Vec<String> = Vec::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        let Ok(Loaded { file, .. }) = load(Path::new(&name), &name) else { continue };
        for path in named_by(&file) {
            let path = join_path(folder_of(&name), &path);
            if leads_out(Path::new(&path), boundary) && seen.insert(path.clone()) {
                outside.push(path);
                continue;
            }
            if found.len() == MAX_FILES
                || !is_inside(Path::new(&path), boundary)
                || !seen.insert(path.clone())
            {
                continue;
            }
            if path.ends_with(".yaml") || path.ends_with(".yml") {
                open.push(path.clone());
            }
            found.push(path);
        }
    }
    let root = Path::new(".").join(folder_of(name));
    let naming: Vec<PathBuf> =
        found.iter().chain([&name.to_owned()]).map(|it| Path::new(".").join(it)).collect();
    for script in naming.iter().flat_map(|it| scripts_named_by(it, &root)) {
        let path = normalise_path(&script.to_string_lossy());
        if found.len() < MAX_FILES
            && is_inside(Path::new(&path), boundary)
            && seen.insert(path.clone())
        {
            found.push(path);
        }
    }
    (found, outside)
}

/// Whether a path lies below a canonical folder and leads to a file elsewhere through a link.
fn leads_out(path: &Path, folder: &Path) -> bool {
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    let lies_inside = parent.canonicalize().is_ok_and(|it| it.starts_with(folder));
    lies_inside && path.is_file() && !is_inside(path, folder)
}

/// Returns the files and folders above its own that a kustomization names, inside the boundary.
pub fn of_kustomization(name: &str, boundary: &Path) -> Vec<PathBuf> {
    let Ok(Loaded { file, .. }) = load(Path::new(name), name) else { return Vec::new() };
    let (tree, _) = parse(FileId(0), &file.text, None);
    // A generator may write the key before the path: `key=../file`.
    let texts = tree.nodes().filter_map(Node::as_str);
    let texts = texts.map(|text| text.split_once('=').map_or(text, |(_, path)| path));
    let above = texts.filter(|text| text.starts_with(".."));
    let paths = above.map(|text| PathBuf::from(join_path(folder_of(name), text)));
    paths.filter(|path| path.canonicalize().is_ok_and(|it| it.starts_with(boundary))).collect()
}

/// Whether a path leads to a file below a folder, links followed.
pub fn is_inside(path: &Path, folder: &Path) -> bool {
    let target = path.canonicalize();
    target.is_ok_and(|target| target.is_file() && target.starts_with(folder))
}

/// Returns the paths that a Compose file names, from its own folder.
fn named_by(file: &File) -> Vec<String> {
    let (tree, _) = parse(FileId(0), &file.text, None);
    if detect(&file.path, &file.text, &tree, &[]) != FileKind::Compose {
        return Vec::new();
    }
    let mut paths = paths_in(&tree);
    let is_elsewhere = |path: &str| path.starts_with(['/', '~', '\\']) || path.contains(['$', ':']);
    paths.retain(|path| !path.is_empty() && !is_elsewhere(path));
    paths
}

fn paths_in(tree: &Tree) -> Vec<String> {
    let mut paths = env_file_paths(tree);
    for root in tree.roots() {
        for item in root.get("include").into_iter().flat_map(Node::items) {
            texts(Some(item), &mut paths);
            texts(item.get("path"), &mut paths);
            texts(item.get("env_file"), &mut paths);
        }
        for service in values(root.get("services")) {
            texts(service.at(&["extends", "file"]), &mut paths);
            texts(service.get("label_file"), &mut paths);
            paths.extend(service.get("build").and_then(dockerfile));
        }
        for section in ["configs", "secrets"] {
            values(root.get(section)).for_each(|it| texts(it.get("file"), &mut paths));
        }
    }
    paths
}

/// Returns the values of a mapping.
fn values(mapping: Option<Node<'_>>) -> impl Iterator<Item = Node<'_>> {
    mapping.into_iter().flat_map(Node::entries).map(|entry| entry.value)
}

/// Adds a text, or the texts of a list.
fn texts(node: Option<Node<'_>>, paths: &mut Vec<String>) {
    let Some(node) = node else { return };
    paths.extend(node.as_str().map(str::to_owned));
    paths.extend(node.items().filter_map(Node::as_str).map(str::to_owned));
}

/// Returns the path of the Dockerfile of a `build`.
fn dockerfile(build: Node<'_>) -> Option<String> {
    let text = |key: &str| build.get(key).and_then(Node::as_str);
    let context = build.as_str().or_else(|| text("context")).unwrap_or(".");
    let is_remote = context.contains("://") || context.starts_with("git@");
    (!is_remote).then(|| join_path(context, text("dockerfile").unwrap_or("Dockerfile")))
}
