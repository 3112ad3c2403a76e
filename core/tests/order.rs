//! The same files give the same report, in whatever order they came and whatever they were before.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Random, side_by_side};
use plimsoll_core::output::wire::{decision_json, json};
use plimsoll_core::{File, Options, Workspace};
use std::path::Path;

/// Returns everything that is said about the files of a workspace.
fn said(workspace: &Workspace) -> String {
    let report = workspace.report(&Options::default());
    json(&report) + &decision_json(&report)
}

fn shuffle(files: &mut [File], random: &mut Random) {
    for at in (1..files.len()).rev() {
        files.swap(at, random.below(at + 1));
    }
}

fn workspace_of(files: &[File]) -> Workspace {
    let mut workspace = Workspace::default();
    files.iter().for_each(|file| workspace.set_file(file.clone()));
    workspace
}

#[track_caller]
fn assert_same(now: &str, wanted: &str, what: &str) {
    let lines = now.lines().zip(wanted.lines());
    let differing: Vec<_> = lines.filter(|(now, wanted)| now != wanted).take(5).collect();
    assert!(now == wanted, "{what}: {differing:#?}");
}

/// Hands over projects in several orders, after edits that are taken back, and with files that come and go.
fn hand_over_in_any_order(mut files: Vec<File>, rounds: usize, seed: u64) {
    let mut random = Random(seed);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let wanted = said(&workspace_of(&files));
    for round in 0..rounds {
        shuffle(&mut files, &mut random);
        let mut workspace = workspace_of(&files);
        assert_same(&said(&workspace), &wanted, &format!("seed {seed}, order {round}"));
        for edit in 0..3 {
            let file = &files[random.below(files.len())];
            match random.below(3) {
                0 => workspace.remove(&file.path),
                1 => workspace.set(&file.path, "services: {other: {image: 'postgres:17'}}\n"),
                _ => workspace.set(&format!("{}.new.yaml", file.path), &*file.text),
            }
            if random.below(2) == 0 {
                said(&workspace);
            }
            workspace.remove(&format!("{}.new.yaml", file.path));
            workspace.set_file(file.clone());
            assert_same(&said(&workspace), &wanted, &format!("seed {seed}, {round}, edit {edit}"));
        }
    }
}

#[test]
fn each_example_says_the_same_in_any_order() {
    for (at, project) in common::projects(&common::examples()).into_iter().enumerate() {
        hand_over_in_any_order(side_by_side(&[project]), 2, 1 + at as u64);
    }
}

#[test]
fn projects_side_by_side_say_the_same_in_any_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/decisions/projects");
    for (at, projects) in common::projects(&folder).chunks(8).enumerate() {
        hand_over_in_any_order(side_by_side(projects), 1, 101 + at as u64);
    }
}

#[test]
fn a_service_of_several_compose_files_says_the_same_in_any_order() {
    let text = "services:\n  web: {image: 'acme/web:1', environment: {DB_HOST: db}}\n  db: {image: 'postgres:17'}\n";
    let files =
        ["compose.yaml", "compose.override.yaml", "deploy/compose.yaml", "b/compose.prod.yaml"];
    hand_over_in_any_order(files.map(|path| File::new(path, text)).to_vec(), 8, 5);
}
