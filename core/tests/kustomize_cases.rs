//! The small kustomizations of `kustomize_cases.txt`, each built and compared with what the real tool
//! builds of it.

#![allow(clippy::unwrap_used)]

use plimsoll_core::build::kustomize::{Builder, Built, SourceFile, Sources, print, tree};
use plimsoll_core::syntax::{Node, NodeKind, Scalar, Tree, parse};
use plimsoll_core::text::FileId;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

struct Case<'c> {
    name: &'c str,
    files: Vec<(&'c str, Arc<str>)>,
    /// `None` where the real tool refuses.
    expected: Option<Arc<str>>,
}

fn cases() -> Vec<Case<'static>> {
    let text = include_str!("kustomize_cases.txt");
    text.split("\n=== ").skip(1).map(case).collect()
}

fn case(text: &str) -> Case<'_> {
    let mut parts = text.split("\n--- ");
    let name = parts.next().unwrap().split(' ').next().unwrap();
    let mut case = Case { name, files: Vec::new(), expected: None };
    for part in parts {
        let (path, text) = part.split_once('\n').unwrap_or((part, ""));
        let text: Arc<str> = format!("{text}\n").replace('␍', "\r").into();
        match path {
            "expected.yaml" => case.expected = Some(text),
            "refused" => {}
            path => case.files.push((path, text)),
        }
    }
    case
}

fn build(case: &Case<'_>) -> Built {
    let files = case.files.iter().zip(0..);
    let sources = Sources::new(files.map(|((path, text), at)| SourceFile {
        id: FileId(at),
        path,
        text,
        tree: None,
        bytes: None,
        is_neighbour: false,
    }));
    // The root comes first, unless it lies beside its base.
    let folder = if sources.kustomization_folders().contains(&"") { "" } else { "over" };
    Builder::new(&sources).build(folder)
}

/// The documents by kind, namespace and name, since their order does not count.
fn objects(tree: &Tree) -> BTreeMap<String, Value> {
    let named = tree.roots().map(value).map(|object| {
        let word = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let id = [word("/kind"), word("/metadata/namespace"), word("/metadata/name")].join("/");
        (id, object)
    });
    named.collect()
}

fn value(node: Node<'_>) -> Value {
    match node.kind() {
        NodeKind::Mapping => {
            let entries = node.entries();
            let pairs = entries.map(|it| (it.key.as_str().unwrap().to_owned(), value(it.value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
        NodeKind::Sequence => Value::Array(node.items().map(value).collect()),
        NodeKind::Scalar | NodeKind::Alias => match node.scalar() {
            None | Some(Scalar::Null) => Value::Null,
            Some(Scalar::Bool(it)) => it.into(),
            Some(Scalar::Int(it)) => it.into(),
            // `1.0` and `1e3` are whole numbers to the real tool.
            Some(Scalar::Float(it)) if it.fract() == 0.0 => (it as i64).into(),
            Some(Scalar::Float(it)) => it.into(),
            Some(Scalar::NotFinite(text) | Scalar::Str(text)) => text.into(),
        },
    }
}

fn read(text: &Arc<str>) -> BTreeMap<String, Value> {
    let (tree, problems) = parse(FileId(0), text, None);
    assert_eq!(problems, [], "{text}");
    objects(&tree)
}

#[test]
fn every_case_is_built_as_kustomize_builds_it() {
    let mut wrong = Vec::new();
    for case in cases() {
        let built = build(&case);
        match &case.expected {
            None if built.reasons.is_empty() => {
                wrong.push(format!("{}: only the real tool refuses", case.name));
            }
            None => {}
            Some(_) if !built.reasons.is_empty() => {
                wrong.push(format!("{}: {:?}", case.name, built.reasons));
            }
            Some(expected) => {
                let (ours, theirs) = (objects(&tree(&built.objects)), read(expected));
                if ours != theirs {
                    wrong.push(format!("{}:\n{ours:#?}\nis not\n{theirs:#?}", case.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_printed_is_read_back_as_the_same() {
    for case in cases() {
        let built = build(&case);
        let text: String =
            built.objects.iter().map(|object| format!("---\n{}", print(&object.value))).collect();
        assert_eq!(objects(&tree(&built.objects)), read(&text.into()), "{}", case.name);
    }
}
