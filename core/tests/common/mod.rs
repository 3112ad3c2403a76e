//! What every tree must be, whatever the text was.

#![allow(clippy::unwrap_used, dead_code)]

use plimsoll_core::File;
use plimsoll_core::model::compose::{FileInput, Project};
use plimsoll_core::syntax::{Node, NodeKind, Problem, Style, Tree, parse};
use plimsoll_core::text::{FileId, Span};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub fn read(text: &str) -> (Tree, Vec<Problem>) {
    parse(FileId(7), &Arc::from(text), None)
}

/// The texts that tests start from.
pub const TEXTS: [&str; 3] = [
    include_str!("../yaml/compose.yaml"),
    include_str!("../yaml/kubernetes.yaml"),
    include_str!("../yaml/tricky.yaml"),
];

/// The YAML files below a folder, in order.
pub fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    files_of_type(folder, &["yaml", "yml"])
}

/// The files below a folder whose names end in one of some extensions, in order.
pub fn files_of_type(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|it| it.unwrap().path()) {
            let extension = path.extension().and_then(|it| it.to_str());
            if path.is_dir() {
                folders.push(path);
            } else if extension.is_some_and(|it| extensions.contains(&it)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The examples that the project ships.
pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Maximum size of a file that is handed over, in bytes.
const MAX_SIZE: usize = 1 << 20;

/// Returns the files of a project as the command hands them over, with paths relative to its folder.
pub fn handed_over(root: &Path) -> Vec<File> {
    let mut open = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(bytes) = fs::read(&path)
                && bytes.len() < MAX_SIZE
            {
                files.push(File::from_bytes(name, &bytes));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// Returns the projects of a folder: each of its folders.
pub fn projects(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    let mut found: Vec<PathBuf> = entries.filter(|it| it.is_dir()).collect();
    found.sort();
    found
}

/// Reads files as Compose projects. Returns whether a YAML file among them does not parse, too.
pub fn compose_projects(files: &[File]) -> (Vec<Project>, bool) {
    let id = |at: usize| FileId(u32::try_from(at).unwrap());
    let is_yaml = |it: &File| [".yml", ".yaml"].iter().any(|end| it.path.ends_with(end));
    let mut is_broken = false;
    let mut tree_of = |(at, file): (usize, &File)| {
        is_yaml(file).then(|| {
            let (tree, problems) = parse(id(at), &file.text, None);
            is_broken |= !problems.is_empty();
            tree
        })
    };
    let trees: Vec<Option<Tree>> = files.iter().enumerate().map(&mut tree_of).collect();
    let inputs: Vec<FileInput<'_>> = files
        .iter()
        .zip(&trees)
        .enumerate()
        .map(|(at, (file, tree))| FileInput {
            id: id(at),
            path: &file.path,
            text: &file.text,
            tree: tree.as_ref(),
            compose: tree.is_some(),
        })
        .collect();
    (plimsoll_core::model::compose::projects(&inputs), is_broken)
}

/// A xorshift generator (Marsaglia 2003), which gives the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    /// Returns a number from zero up to a limit, which is left out.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

/// Returns the projects below some folders, each in a folder of its own.
pub fn side_by_side(projects: &[PathBuf]) -> Vec<File> {
    let mut all = Vec::new();
    for (at, root) in projects.iter().enumerate() {
        let name = root.file_name().unwrap().to_string_lossy();
        for file in handed_over(root) {
            all.push(File::new(format!("apps/{at}-{name}/{}", file.path), &*file.text));
        }
    }
    all
}

/// Panics where a tree breaks one of the promises that everything above it relies on.
pub fn check(text: &str, tree: &Tree, problems: &[Problem]) {
    let valid = |span: Span, what: &str| {
        assert_eq!(span.file, FileId(7), "{what}");
        assert!(span.start <= span.end, "{what} {span:?}");
        assert!(text.get(span.range()).is_some(), "{what} {span:?} is no part of {text:?}");
    };
    for problem in problems {
        valid(problem.span, &problem.message);
        problem.related.into_iter().for_each(|it| valid(it, "related place"));
        assert!(!problem.message.is_empty() && !problem.message.contains('\n'));
    }
    let mut last = 0;
    for document in &tree.documents {
        valid(document.span, "document");
        assert!(document.span.start >= last, "documents overlap in {text:?}");
        last = document.span.end;
        assert!(document.root.is_none() || !document.broken);
    }
    let mut last = 0;
    for comment in &tree.comments() {
        valid(comment.span, "comment");
        assert!(text[comment.span.range()].starts_with('#'), "{:?}", &text[comment.span.range()]);
        assert!(comment.span.start >= last, "comments out of order in {text:?}");
        last = comment.span.end;
    }
    let repaired = tree.documents.iter().any(|it| it.is_repaired());
    for node in tree.nodes() {
        valid(node.span(), "node");
        node.tag().into_iter().for_each(|it| valid(it.1, "tag"));
        if let Some((name, span)) = node.anchor() {
            valid(span, "anchor");
            assert_eq!(&text[span.range()], format!("&{name}"));
        }
        match node.kind() {
            NodeKind::Scalar if repaired => assert!(node.as_str().is_some()),
            NodeKind::Scalar => as_written(text, node),
            NodeKind::Alias => assert!(text[node.span().range()].starts_with('*')),
            NodeKind::Mapping | NodeKind::Sequence => inside(text, node),
        }
    }
    reachable(tree);
}

/// A scalar's span holds just what it is written as.
fn as_written(text: &str, node: Node<'_>) {
    let written = &text[node.span().range()];
    let value = node.as_str().unwrap();
    let quoted =
        |quote| written.len() > 1 && written.starts_with(quote) && written.ends_with(quote);
    let right = match node.style() {
        Style::Plain if written.is_empty() => value.is_empty(),
        Style::Plain => written.lines().count() > 1 || written.contains('\r') || written == value,
        Style::SingleQuoted => quoted('\''),
        Style::DoubleQuoted => quoted('"'),
        Style::Literal => written.starts_with('|') && !written.ends_with([' ', '\n', '\r']),
        Style::Folded => written.starts_with('>') && !written.ends_with([' ', '\n', '\r']),
        Style::Block | Style::Flow => false,
    };
    assert!(right, "{:?} {written:?} with the value {value:?} in {text:?}", node.style());
}

/// Children lie inside their collection, one after the other.
fn inside(text: &str, node: Node<'_>) {
    let mut last = node.span().start;
    let pairs = node.entries().flat_map(|it| [it.key, it.value]);
    for child in pairs.chain(node.items()) {
        let (outer, inner) = (node.span(), child.span());
        assert!(
            outer.contains(inner),
            "{inner:?} {:?} is not inside {outer:?} of {:?}",
            child.kind(),
            &text[..text.len().min(600)]
        );
        assert!(inner.start >= last, "{inner:?} overlaps the node before it in {text:?}");
        last = inner.end;
    }
    // A pair in a list has no braces of its own, but its key may have: `[{a: b}: c]`.
    let is_pair = node.entries().next().is_some_and(|it| it.key.span().start == node.span().start);
    if node.style() == Style::Flow && !is_pair && text[node.span().range()].starts_with('{') {
        let repaired = node.tree().documents.iter().any(|it| it.is_repaired());
        assert!(repaired || text[node.span().range()].ends_with('}'), "{text:?}");
    }
}

/// Every node belongs to one place of one document.
fn reachable(tree: &Tree) {
    let mut seen = vec![false; tree.len()];
    let mut order: Vec<_> = tree.nodes().map(|it| it.id()).collect();
    order.sort();
    let mut open: Vec<Node<'_>> = tree.roots().collect();
    while let Some(node) = open.pop() {
        let at = order.binary_search(&node.id()).unwrap();
        assert!(!seen[at], "{node:?} has two places");
        seen[at] = true;
        if node.kind() != NodeKind::Alias {
            open.extend(node.entries().flat_map(|it| [it.key, it.value]));
            open.extend(node.items());
        }
    }
    assert!(seen.into_iter().all(|it| it), "a node without a place");
}
