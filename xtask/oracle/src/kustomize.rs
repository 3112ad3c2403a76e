//! Builds every kustomization below a folder with both tools and compares the objects as values.

use plimsoll_core::build::kustomize::{
    Builder, Built, ReasonKind, SourceFile, Sources, print, tree,
};
use plimsoll_core::model::detect::may_be_yaml;
use plimsoll_core::syntax::{Node, NodeKind, Scalar, Tree, parse};
use plimsoll_core::text::{File, FileId, LineColumn, LineIndex};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Files above this size are no part of a deployment.
const MAX_BYTES: usize = 4_000_000;

/// How the two tools agree.
#[derive(Debug, Default)]
struct Tally {
    built: usize,
    same: usize,
    both_refuse: usize,
    not_built: usize,
    differing: usize,
    objects: usize,
    same_objects: usize,
}

struct Loaded {
    file: File,
    tree: Option<Tree>,
    bytes: Option<Vec<u8>>,
}

/// Compares all kustomizations below a folder; `false` where anything differs.
pub fn run(folder: &Path, tool: &Path) -> Result<bool, String> {
    let files = load(folder)?;
    let sources = Sources::new(files.iter().enumerate().map(|(at, loaded)| SourceFile {
        id: FileId(u32::try_from(at).unwrap_or(u32::MAX)),
        path: &loaded.file.path,
        text: &loaded.file.text,
        tree: loaded.tree.as_ref(),
        bytes: loaded.bytes.as_deref(),
        is_neighbour: false,
    }));
    let folders = sources.kustomization_folders();
    if folders.is_empty() {
        return Err(format!("{}: no kustomization below this folder", folder.display()));
    }
    let mut tally = Tally::default();
    let mut builder = Builder::new(&sources);
    for name in &folders {
        let built = builder.build(name);
        let lines = compare(folder, name, &built, &files, tool, &mut tally)?;
        if !lines.is_empty() {
            println!("{}", if name.is_empty() { "." } else { name });
            lines.iter().for_each(|line| println!("    {line}"));
        }
    }
    println!();
    println!(
        "{} kustomizations: {} built by both, {} of them the same; {} refused by both, {} not built by us, {} differ",
        folders.len(),
        tally.built,
        tally.same,
        tally.both_refuse,
        tally.not_built,
        tally.differing
    );
    println!("{} of {} objects are the same", tally.same_objects, tally.objects);
    Ok(tally.differing == 0)
}

/// Compares one kustomization and returns the lines to print about it.
fn compare(
    root: &Path,
    name: &str,
    built: &Built,
    files: &[Loaded],
    tool: &Path,
    tally: &mut Tally,
) -> Result<Vec<String>, String> {
    let mut lines: Vec<String> = built.reasons.iter().map(|it| place(files, it)).collect();
    let not_built = built.reasons.iter().any(|it| {
        !matches!(
            it.kind,
            ReasonKind::Refused | ReasonKind::GeneratorInput | ReasonKind::Restricted
        )
    });
    let remote = built.reasons.iter().any(|it| it.message.starts_with("remote"));
    if remote {
        tally.not_built += 1;
        lines.push("kubectl is not asked: it would use the network".to_owned());
        return Ok(lines);
    }
    let theirs = match ask(&root.join(name), tool)? {
        Ok(theirs) => theirs,
        Err(message) => {
            match built.reasons.is_empty() {
                true => tally.differing += 1,
                false if not_built => tally.not_built += 1,
                false => tally.both_refuse += 1,
            }
            lines.push(format!("kubectl refuses: {message}"));
            if built.reasons.is_empty() {
                lines.push("DIFFERS: only kubectl refuses".to_owned());
            }
            return Ok(lines);
        }
    };
    let ours = objects(&tree(&built.objects));
    let printed: String =
        built.objects.iter().map(|it| format!("---\n{}", print(&it.value))).collect();
    let reread = objects(&parse(FileId(0), &Arc::from(printed.as_str()), None).0);
    let differences = differences(&ours, &theirs, tally);
    tally.built += 1;
    if ours != reread {
        lines.push("DIFFERS: what we print is read back as something else".to_owned());
        tally.differing += 1;
    } else if not_built {
        tally.not_built += 1;
    } else if !built.reasons.is_empty() {
        lines.push("DIFFERS: only we refuse".to_owned());
        tally.differing += 1;
    } else if differences.is_empty() {
        tally.same += 1;
    } else {
        tally.differing += 1;
    }
    lines.extend(differences);
    Ok(lines)
}

/// Returns a reason with its place as a person reads it.
fn place(files: &[Loaded], reason: &plimsoll_core::build::kustomize::Reason) -> String {
    let file = &files[reason.span.file.index()].file;
    let lines = LineIndex::new(&file.text);
    let at = lines.position(reason.span.start as usize, plimsoll_core::text::Encoding::Utf32);
    let LineColumn { line, column } = at;
    format!("{}:{}:{}: {:?}: {}", file.path, line + 1, column + 1, reason.kind, reason.message)
}

type Objects = BTreeMap<String, Value>;

fn differences(ours: &Objects, theirs: &Objects, tally: &mut Tally) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in theirs {
        tally.objects += 1;
        match ours.get(name) {
            None => lines.push(format!("DIFFERS: we have no {name}")),
            Some(own) if own == value => tally.same_objects += 1,
            Some(own) => difference(name, own, value, &mut lines),
        }
    }
    let extra = ours.keys().filter(|name| !theirs.contains_key(*name));
    lines.extend(extra.map(|name| format!("DIFFERS: only we have {name}")));
    lines
}

/// Adds a line for each place where two values differ.
fn difference(place: &str, ours: &Value, theirs: &Value, lines: &mut Vec<String>) {
    match (ours, theirs) {
        _ if ours == theirs => {}
        (Value::Object(own), Value::Object(other)) => {
            let mut keys: Vec<&String> = own.keys().chain(other.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            let missing = Value::from("(missing)");
            for key in keys {
                let place = format!("{place}.{key}");
                let (own, other) = (own.get(key), other.get(key));
                difference(&place, own.unwrap_or(&missing), other.unwrap_or(&missing), lines);
            }
        }
        (Value::Array(own), Value::Array(other)) if own.len() == other.len() => {
            for (at, (own, other)) in own.iter().zip(other).enumerate() {
                difference(&format!("{place}[{at}]"), own, other, lines);
            }
        }
        (_, _) => {
            lines.push(format!("DIFFERS: {place}"));
            lines.push(format!("    ours:   {ours}"));
            lines.push(format!("    theirs: {theirs}"));
        }
    }
}

/// Returns what the real tool builds, or why it refuses.
fn ask(folder: &Path, tool: &Path) -> Result<Result<Objects, String>, String> {
    let mut command = Command::new(tool);
    // Nothing of this machine may show.
    command.env_clear().env("HOME", "/plimsoll-oracle-home").arg("kustomize").arg(folder);
    let output = command.output().map_err(|error| format!("{}: {error}", tool.display()))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let lines = message.lines().filter(|line| !line.starts_with('#'));
        let told: String = lines.collect::<Vec<_>>().join(" ");
        return Ok(Err(told.chars().take(300).collect()));
    }
    let text: Arc<str> = String::from_utf8_lossy(&output.stdout).into();
    let (tree, problems) = parse(FileId(0), &text, None);
    match problems.first() {
        Some(problem) => Err(format!("what kubectl prints cannot be read: {}", problem.message)),
        None => Ok(Ok(objects(&tree))),
    }
}

/// Returns the objects of a tree by kind, namespace and name.
fn objects(tree: &Tree) -> Objects {
    let mut objects = Objects::new();
    for root in tree.roots() {
        let value = value(root);
        let word = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let name = format!(
            "{}/{} {}/{}",
            word("/apiVersion"),
            word("/kind"),
            word("/metadata/namespace"),
            word("/metadata/name")
        );
        objects.insert(name, value);
    }
    objects
}

fn value(node: Node<'_>) -> Value {
    match node.kind() {
        NodeKind::Mapping => {
            let entries = node.entries().map(|entry| {
                (entry.key.as_str().unwrap_or_default().to_owned(), value(entry.value))
            });
            Value::Object(entries.collect::<Map<_, _>>())
        }
        NodeKind::Sequence => Value::Array(node.items().map(value).collect()),
        NodeKind::Scalar | NodeKind::Alias => match node.scalar() {
            None | Some(Scalar::Null) => Value::Null,
            Some(Scalar::Bool(it)) => it.into(),
            Some(Scalar::Int(it)) => it.into(),
            Some(Scalar::Float(it)) => match it {
                whole if whole.fract() == 0.0 && whole.abs() < 1e15 => (whole as i64).into(),
                other => other.into(),
            },
            Some(Scalar::NotFinite(text) | Scalar::Str(text)) => text.into(),
        },
    }
}

fn load(folder: &Path) -> Result<Vec<Loaded>, String> {
    let mut paths: Vec<PathBuf> = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        let cannot = |error: std::io::Error| format!("{}: {error}", next.display());
        for entry in std::fs::read_dir(&next).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            let name = path.file_name().unwrap_or_default();
            match path.is_dir() {
                true if name != ".git" && name != "node_modules" => folders.push(path),
                true => {}
                false => paths.push(path),
            }
        }
    }
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        if bytes.len() > MAX_BYTES {
            continue;
        }
        let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        let file = File::from_bytes(&name, &bytes);
        let id = FileId(u32::try_from(all.len()).unwrap_or(u32::MAX));
        let tree = may_be_yaml(&file.path).then(|| parse(id, &file.text, None).0);
        let bytes = std::str::from_utf8(&bytes).is_err().then_some(bytes);
        all.push(Loaded { file, tree, bytes });
    }
    Ok(all)
}
