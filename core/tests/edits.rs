//! What an editor sees after any edits is what an analysis from scratch says.
//!
//! Projects lie side by side, as in a monorepo. Texts are edited at random, files come and go, and at every
//! step (or at some, where the projects are many) the findings must be those of a new workspace.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Random, side_by_side};
use plimsoll_core::report::Finding;
use plimsoll_core::{Applications, File, Options, Workspace};
use std::path::{Path, PathBuf};

/// Changes a text as people do: types and deletes letters, copies and drops lines, and puts a word of another
/// file in the place of one.
fn edited(text: &str, other: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.is_empty() {
        return "services:\n  web:\n    image: nginx\n".to_owned();
    }
    let at = random.below(lines.len());
    match random.below(6) {
        0 => lines[at].push('x'),
        1 => {
            lines[at].pop();
        }
        2 => {
            lines.remove(at);
        }
        3 => {
            let copy = lines[at].clone();
            lines.insert(at, copy);
        }
        4 => {
            let words: Vec<&str> = other.split_whitespace().collect();
            let word = words.get(random.below(words.len())).copied().unwrap_or("web");
            let line = lines[at].clone();
            let start = line.rfind(' ').map_or(0, |space| space + 1);
            lines[at] = format!("{}{word}", &line[..start]);
        }
        _ => {
            let line = other.lines().nth(random.below(other.lines().count())).unwrap_or_default();
            lines.insert(at, line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

fn options() -> Options {
    Options { leave_fixes_untried: true, ..Options::default() }
}

/// Returns all findings with the paths of their files, in order.
fn said(checked: &Applications) -> Vec<(String, Finding)> {
    let findings = checked.all.iter().flat_map(|application| {
        let path = |it: &Finding| application.report.entry(it.span.file).file.path.to_string();
        application.report.findings.iter().map(move |it| (path(it), it.clone()))
    });
    let mut all: Vec<(String, Finding)> = findings.collect();
    all.sort_by_cached_key(|(path, it)| {
        (path.clone(), it.span.start, it.code, it.span.end, it.message.clone(), it.subject.clone())
    });
    all
}

fn from_scratch(workspace: &Workspace) -> Vec<(String, Finding)> {
    let mut fresh = Workspace::default();
    workspace.files().for_each(|file| fresh.set_file(file.clone()));
    said(&fresh.check(&options()))
}

/// Edits projects at random and compares after every `every`th edit.
fn edit_and_compare(projects: &[PathBuf], edits: usize, every: usize, seed: u64) {
    let mut random = Random(seed);
    let mut workspace = Workspace::default();
    side_by_side(projects).into_iter().for_each(|file| workspace.set_file(file));
    let applications = workspace.check(&options()).all.len();
    assert!(applications * 2 > projects.len(), "{applications} applications");
    let mut compared = 0;
    // What somebody types into a text that does not parse is mended by the range of the edit, which an
    // analysis from scratch does not know: only texts that parse are compared.
    for edit in 1..=edits {
        let files: Vec<File> = workspace.files().cloned().collect();
        let file = &files[random.below(files.len())];
        let other = &files[random.below(files.len())];
        if random.below(40) == 0 {
            workspace.remove(&file.path);
            workspace.set_file(File::new(format!("{}.old.yaml", file.path), &*file.text));
        } else {
            workspace.set(&file.path, edited(&file.text, &other.text, &mut random));
        }
        let now = said(&workspace.check(&options()));
        if edit % every != 0 {
            continue;
        }
        let fresh = from_scratch(&workspace);
        if fresh.iter().any(|(_, finding)| finding.code == "PLM001") {
            workspace.set(&file.path, &*file.text);
            continue;
        }
        compared += 1;
        let lost: Vec<_> = fresh.iter().filter(|it| !now.contains(it)).collect();
        let gained: Vec<_> = now.iter().filter(|it| !fresh.contains(it)).collect();
        assert!(
            lost.is_empty() && gained.is_empty(),
            "edit {edit} of {}, seed {seed}\nlost {lost:#?}\ngained {gained:#?}",
            file.path
        );
    }
    assert!(compared * every * 2 > edits, "only {compared} of {edits} edits were compared");
}

#[test]
fn edits_in_the_examples_are_found_as_from_scratch() {
    edit_and_compare(&common::projects(&common::examples()), 60, 1, 20_261_130);
}

/// The projects of `PLIMSOLL_PROJECTS`, a folder of folders, by default those of the decisions.
#[test]
#[ignore = "takes minutes: `cargo xtask oracle edits` runs it"]
fn edits_in_many_projects_are_found_as_from_scratch() {
    let number = |name: &str, default: usize| {
        std::env::var(name).map_or(default, |it| it.parse().expect("a number"))
    };
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/projects");
    let parent = std::env::var_os("PLIMSOLL_PROJECTS").map_or(own, PathBuf::from);
    let seed = u64::try_from(number("PLIMSOLL_SEED", 7)).unwrap();
    edit_and_compare(&common::projects(&parent), number("PLIMSOLL_EDITS", 1_000), 1, seed);
}
