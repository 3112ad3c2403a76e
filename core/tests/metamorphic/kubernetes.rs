//! Transformations of the files that hold Kubernetes objects.

use crate::tree::{Form, Yaml, write};
use crate::{Apply, Folding, Project, Source, Transformation};
use plimsoll_core::File;
use plimsoll_core::report::Kind;
use plimsoll_core::syntax::Style;
use plimsoll_core::text::{folder_of, name_of};
use std::collections::BTreeMap;

pub const ALL: &[Transformation] = &[
    Transformation::new("Kubernetes: one file per document", Apply::Split(one_file_each))
        .with(Folding::Less),
    Transformation::new("Kubernetes: one file per folder", Apply::Whole(one_file_for_all))
        .with(Folding::More),
    Transformation::text("Kubernetes: documents as a List", list),
    Transformation::text("Kubernetes: List as documents", documents),
];

/// Returns the documents of a file of manifests. `None` where a comment at its head speaks of all of them.
fn manifests(source: &Source) -> Option<Vec<Yaml>> {
    let is_one = source.is_one_of(&[Kind::Kubernetes, Kind::ArgoCd]) && source.head().is_empty();
    is_one.then_some(())?;
    let documents = source.documents()?;
    let is_object = |it: &Yaml| it.get("kind").is_some() && it.get("apiVersion").is_some();
    documents.iter().all(is_object).then_some(documents)
}

/// Whether a kustomization may name a file.
fn is_named(source: &Source, project: &Project) -> bool {
    let name = name_of(&source.file.path);
    project
        .files
        .iter()
        .any(|it| name_of(&it.path).starts_with("kustomization") && it.text.contains(name))
}

/// Splits a file, unless another one defines one of its objects too: such files are alternatives as a whole.
fn one_file_each(source: &Source, project: &Project) -> Option<Vec<File>> {
    let documents = manifests(source)?;
    let own: Vec<_> = documents.iter().map(identity).collect();
    let is_alternative = |other: &Source| {
        let documents = manifests(other).unwrap_or_default();
        other.file.path != source.file.path
            && documents.iter().any(|it| own.contains(&identity(it)))
    };
    let stands_alone = !is_named(source, project) && !project.sources.iter().any(is_alternative);
    (documents.len() > 1 && stands_alone).then_some(())?;
    let (stem, ending) = source.file.path.rsplit_once('.')?;
    let files = documents.iter().enumerate().map(|(at, document)| {
        let text = write(std::slice::from_ref(document), Style::Block);
        File::new(format!("{stem}-{at:03}.{ending}"), text)
    });
    Some(files.collect())
}

/// The kind, the namespace and the name of an object.
fn identity(object: &Yaml) -> (String, String, String) {
    let meta = |key| object.get("metadata").and_then(|it| it.get(key)).and_then(Yaml::text);
    let kind = object.get("kind").and_then(Yaml::text);
    let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
    (text(kind), text(meta("namespace")), text(meta("name")))
}

/// Joins the manifests of each folder whose files define no object twice.
fn one_file_for_all(project: &Project) -> Option<Vec<File>> {
    let mut folders: BTreeMap<&str, Vec<(&Source, Vec<Yaml>)>> = BTreeMap::new();
    for source in project.sources.iter().filter(|it| !is_named(it, project)) {
        if let Some(documents) = manifests(source) {
            folders.entry(folder_of(&source.file.path)).or_default().push((source, documents));
        }
    }
    folders.retain(|_, sources| {
        let objects = sources.iter().flat_map(|(_, documents)| documents);
        let mut known: Vec<_> = objects.map(identity).collect();
        let count = known.len();
        known.sort();
        known.dedup();
        sources.len() > 1 && known.len() == count
    });
    (!folders.is_empty()).then_some(())?;
    let mut files = project.files.clone();
    for sources in folders.values() {
        files.retain(|it| !sources.iter().any(|(source, _)| source.file.path == it.path));
        let all: Vec<Yaml> = sources.iter().flat_map(|(_, it)| it.clone()).collect();
        // The first path, so that the file is found where the others were.
        files.push(File::new(&*sources[0].0.file.path, write(&all, Style::Block)));
    }
    Some(files)
}

fn list(source: &Source) -> Option<String> {
    let documents = manifests(source)?;
    let is_list = |it: &Yaml| it.get("items").is_some();
    (!documents.iter().any(is_list) && !documents.is_empty()).then_some(())?;
    let list = Yaml::map(vec![
        ("apiVersion", Yaml::plain("v1")),
        ("kind", Yaml::plain("List")),
        ("items", Yaml::list(documents)),
    ]);
    Some(write(&[list], Style::Block))
}

fn documents(source: &Source) -> Option<String> {
    let manifests = manifests(source)?;
    let mut all = Vec::new();
    for document in &manifests {
        match document.get("items").map(|it| &it.form) {
            Some(Form::List(items)) if identity(document).0 == "List" => all.extend(items.clone()),
            _ => all.push(document.clone()),
        }
    }
    (all != manifests).then_some(())?;
    Some(write(&all, Style::Block))
}
