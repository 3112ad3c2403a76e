//! Projects made of keys that Compose and Kubernetes know.

use crate::Choices;
use crate::vocabulary::{
    COMPOSE, CONTAINER, IMAGES, KINDS, Key, NAMES, OBJECTS, POD, SERVICE, WORKLOAD,
};
use plimsoll_core::File;

/// Paths of Compose files and of manifests.
const COMPOSE_PATHS: &[&str] = &[
    "compose.yaml",
    "compose.override.yaml",
    "compose.prod.yaml",
    "other.yaml",
    "app/docker-compose.yml",
];
const MANIFEST_PATHS: &[&str] = &["k8s/web.yaml", "k8s/db.yaml", "app/k8s/all.yaml", "deploy.yaml"];

/// Returns a project of one to five files.
pub fn project(choices: &mut Choices<'_>) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    for _ in 0..=choices.below(5) {
        let file = any_file(choices);
        files.retain(|old| old.path != file.path);
        files.push(file);
    }
    files
}

/// Returns a file of a project.
pub fn any_file(choices: &mut Choices<'_>) -> File {
    match choices.below(7) {
        0..3 => File::new(*choices.pick(COMPOSE_PATHS), compose(choices)),
        3..6 => File::new(*choices.pick(MANIFEST_PATHS), manifests(choices)),
        _ => File::new(".env", "A=1\nPG=17\nIMAGE=nginx\n"),
    }
}

fn compose(choices: &mut Choices<'_>) -> String {
    let mut text = String::new();
    keys(&mut text, "", COMPOSE, 3, choices);
    text += "services:\n";
    for name in some(NAMES, 4, choices) {
        text += &format!("  {name}:\n");
        image(&mut text, "    ", choices);
        keys(&mut text, "    ", SERVICE, 7, choices);
    }
    if choices.one_in(4) {
        text += "# The end.\n";
    }
    text
}

fn manifests(choices: &mut Choices<'_>) -> String {
    let mut documents = Vec::new();
    for _ in 0..=choices.below(3) {
        let name = *choices.pick(NAMES);
        documents.push(match choices.one_in(2) {
            true => choices.pick(OBJECTS).replace("NAME", name) + "\n",
            false => workload(name, choices),
        });
    }
    documents.join("---\n")
}

fn workload(name: &str, choices: &mut Choices<'_>) -> String {
    let kind = *choices.pick(KINDS);
    let group = match kind {
        "Pod" => "v1",
        "Job" | "CronJob" => "batch/v1",
        _ => "apps/v1",
    };
    let mut text = format!("apiVersion: {group}\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n");
    let mut indent = "  ".to_owned();
    if kind != "Pod" {
        keys(&mut text, &indent, WORKLOAD, 4, choices);
        if kind == "CronJob" {
            text += "  jobTemplate:\n    spec:\n";
            indent += "    ";
        }
        text += &format!(
            "{indent}template:\n{indent}  metadata: {{labels: {{app: {name}}}}}\n{indent}  spec:\n"
        );
        indent += "    ";
    }
    keys(&mut text, &indent, POD, 3, choices);
    text += &format!("{indent}containers:\n");
    for container in some(NAMES, 2, choices) {
        text += &format!("{indent}  - name: {container}\n");
        let indent = format!("{indent}    ");
        image(&mut text, &indent, choices);
        keys(&mut text, &indent, CONTAINER, 6, choices);
    }
    text
}

/// Writes an image, unless it is left out.
fn image(text: &mut String, indent: &str, choices: &mut Choices<'_>) {
    if !choices.one_in(8) {
        *text += &format!("{indent}image: {}\n", choices.pick(IMAGES));
    }
}

/// Writes at most `most` keys of a table, each with one of its values, some with a comment.
fn keys(text: &mut String, indent: &str, table: &[Key], most: usize, choices: &mut Choices<'_>) {
    let mut seen: Vec<&str> = Vec::new();
    for _ in 0..=choices.below(most) {
        let (key, values) = *choices.pick(table);
        let value = *choices.pick(values);
        if seen.contains(&key) && !choices.one_in(20) {
            continue;
        }
        seen.push(key);
        let comment = if choices.one_in(8) { " # why" } else { "" };
        *text += &format!("{indent}{key}: {value}{comment}\n");
    }
}

/// Returns between one and `most` different words.
fn some<'t>(from: &[&'t str], most: usize, choices: &mut Choices<'_>) -> Vec<&'t str> {
    let mut chosen: Vec<&str> = Vec::new();
    for _ in 0..=choices.below(most) {
        let word = *choices.pick(from);
        if !chosen.contains(&word) {
            chosen.push(word);
        }
    }
    chosen
}
