//! Renames services and objects everywhere.

use crate::tree::{Form, Yaml, write};
use crate::{Apply, Project, Transformation};
use plimsoll_core::File;
use plimsoll_core::report::Kind;
use plimsoll_core::syntax::Style;
use std::collections::BTreeSet;

pub const ALL: &[Transformation] =
    &[Transformation::new("services and objects renamed", Apply::Whole(renamed))];

/// What each renamed name ends with. The order of names stays the same.
const SUFFIX: &str = "-0x";

/// Returns a subject with the names from before the renaming.
pub fn original(subject: &str) -> String {
    subject.replace(SUFFIX, "")
}

/// Keys whose values are images and paths, which do not change with the names.
const UNTOUCHED: [&str; 16] = [
    "bases",
    "build",
    "components",
    "context",
    "dockerfile",
    "env_file",
    "files",
    "image",
    "images",
    "mountPath",
    "path",
    "repoURL",
    "resources",
    "subPath",
    "valueFiles",
    "working_dir",
];

/// Keys below which a word that is a name may mean something else.
const UNCLEAR: [&str; 8] =
    ["args", "binaryData", "command", "data", "entrypoint", "stringData", "test", "value"];

const KINDS: [&str; 6] = ["CronJob", "DaemonSet", "Deployment", "Job", "Service", "StatefulSet"];

/// What renaming a name means for a text.
enum Change {
    None,
    To(String),
    /// The text may mean something else by the word: the name is left alone everywhere.
    Unclear,
}

/// Renames what has the same meaning wherever it stands.
fn renamed(project: &Project) -> Option<Vec<File>> {
    let mut all = Vec::new();
    for source in &project.sources {
        all.push((source, source.documents()?));
    }
    let mut names: BTreeSet<String> = BTreeSet::new();
    for (source, documents) in &all {
        documents.iter().for_each(|it| add_names(it, source.kind, &mut names));
    }
    // What stands below a service of that name would be left alone.
    let is_key = names.iter().any(|name| UNTOUCHED.contains(&&**name));
    (!is_key).then_some(())?;
    names.retain(|name| !is_unclear(name, project));
    let known = names.clone();
    for (_, documents) in &mut all {
        visit_all(documents, &mut |text, path| {
            for name in known.iter().filter(|it| text.contains(&***it)) {
                if matches!(change(text, name, path), Change::Unclear) {
                    names.remove(name);
                }
            }
        });
    }
    (!names.is_empty()).then_some(())?;
    let mut files = project.files.clone();
    for (source, mut documents) in all {
        visit_all(&mut documents, &mut |text, path| {
            for name in &names {
                if let Change::To(new) = change(text, name, path) {
                    *text = new;
                }
            }
        });
        files.retain(|it| it.path != source.file.path);
        let text = source.head() + &write(&documents, Style::Block);
        files.push(File::new(&*source.file.path, text));
    }
    Some(files)
}

fn add_names(document: &Yaml, kind: Kind, names: &mut BTreeSet<String>) {
    if kind == Kind::Compose {
        let services = document.get("services").map(Yaml::entries).unwrap_or_default();
        names.extend(services.iter().filter_map(|(name, _)| name.text()).map(str::to_owned));
    } else if document.get("kind").and_then(Yaml::text).is_some_and(|it| KINDS.contains(&it)) {
        let name = document.get("metadata").and_then(|it| it.get("name")).and_then(Yaml::text);
        names.extend(name.map(str::to_owned));
    }
}

/// Whether a name stands in a file that is not written anew, or in the variables that Kubernetes sets for
/// a Service.
fn is_unclear(name: &str, project: &Project) -> bool {
    let upper = name.to_uppercase().replace('-', "_");
    let variables = [format!("{upper}_SERVICE_"), format!("{upper}_PORT")];
    project.files.iter().any(|file| {
        let is_source = project.sources.iter().any(|it| it.file.path == file.path);
        let is_prose = ["LICEN", "NOTICE", ".md"].iter().any(|it| file.path.contains(it));
        let is_named = || words(&file.text, name).next().is_some() || is_spelt(&file.text, name);
        variables.iter().any(|it| file.text.contains(&**it))
            || !is_source && !is_prose && is_named()
    })
}

/// Whether some parts of a hyphenated word spell a name, which pairs a service with its counterpart in a chart:
/// `{{ .Release.Name }}-celery-worker` and `celeryworker`.
fn is_spelt(text: &str, name: &str) -> bool {
    let is_joint = |it: char| it == '-' || it == '_';
    let name = name.replace(is_joint, "");
    let mut words = text.split(|it: char| !it.is_alphanumeric() && !is_joint(it));
    words.any(|word| {
        let parts: Vec<&str> = word.split(is_joint).filter(|it| !it.is_empty()).collect();
        let spells = |at: usize, end: usize| parts[at..end].concat().eq_ignore_ascii_case(&name);
        (0..parts.len()).any(|at| (at + 2..=parts.len()).any(|end| spells(at, end)))
    })
}

/// Returns the positions of a name as a whole word.
fn words<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_part = |it: char| it.is_alphanumeric() || it == '_' || it == '-';
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let numbered = text[at + name.len()..].strip_prefix('-');
        let numbered = numbered.is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
        let before = &text[..*at];
        // A default, as in `${HOST:-web}`, stands behind a hyphen.
        (!before.ends_with(is_part) || before.ends_with(":-"))
            && (numbered || !text[at + name.len()..].starts_with(is_part))
    })
}

/// Returns a text with a name changed. `path` has the keys around the text, the nearest last.
fn change(text: &str, name: &str, path: &[String]) -> Change {
    // In Kubernetes, the names of other objects stand below `volumes`.
    let is_mount =
        path.iter().any(|key| key == "services") && path.iter().any(|key| key == "volumes");
    if is_mount || path.iter().any(|key| UNTOUCHED.contains(&&**key)) {
        return Change::None;
    }
    let mut new = String::new();
    let mut done = 0;
    for at in words(text, name) {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let is_whole = text == name && !path.iter().any(|key| UNCLEAR.contains(&&**key));
        let of_host = |key: &str| ["HOST", "SERVER", "ADDR"].iter().any(|it| key.contains(it));
        let is_host = text == name && path.last().is_some_and(|key| of_host(key));
        let in_environment = path.iter().any(|key| key == "environment");
        let has_port = after
            .strip_prefix(':')
            .is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
        let is_address = before.ends_with("//")
            || before.ends_with('@')
            || has_port && (before.is_empty() || before.ends_with([' ', '=', '\'', '"', ',', '[']));
        let ends =
            !after.starts_with(['-', '.']) || after.starts_with('.') && after.contains(".svc");
        if !ends || !(is_address || is_host || is_whole && !in_environment) {
            return Change::Unclear;
        }
        new.push_str(&text[done..at]);
        new.push_str(name);
        new.push_str(SUFFIX);
        done = at + name.len();
    }
    new.push_str(&text[done..]);
    if done == 0 { Change::None } else { Change::To(new) }
}

fn visit_all(documents: &mut [Yaml], change: &mut dyn FnMut(&mut String, &[String])) {
    documents.iter_mut().for_each(|it| visit(it, &mut Vec::new(), change));
}

/// Calls a function with every text that may hold names, and the keys around it.
fn visit(node: &mut Yaml, path: &mut Vec<String>, change: &mut dyn FnMut(&mut String, &[String])) {
    match &mut node.form {
        Form::Alias(_) => {}
        Form::Scalar(text, _) => change(text, path),
        Form::List(items) => items.iter_mut().for_each(|it| visit(it, path, change)),
        Form::Map(entries) => {
            let holds_names = path.last().is_some_and(|it| it == "services" || it == "depends_on");
            for (key, value) in entries {
                let name = key.text().unwrap_or_default().to_owned();
                if !holds_names {
                    // A name that is a key too is unclear.
                    path.push("data".to_owned());
                }
                visit(key, path, change);
                if !holds_names {
                    path.pop();
                }
                path.push(name);
                visit(value, path, change);
                path.pop();
            }
        }
    }
}
