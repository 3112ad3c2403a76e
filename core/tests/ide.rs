//! What an editor asks about the examples: every name in them is asked about, and renamed where it can be.

#![allow(clippy::unwrap_used)]

mod common;

use plimsoll_core::edit::apply::splice;
use plimsoll_core::ide::rename::{Renaming, rename};
use plimsoll_core::ide::{Indexed, Names, Role, folding, links, navigation, symbols};
use plimsoll_core::report::Edit;
use plimsoll_core::text::{FileId, Span};
use plimsoll_core::{Analysis, Config, File, Workspace};
use std::collections::BTreeMap;

fn workspace(files: &[File]) -> Workspace {
    let mut workspace = Workspace::default();
    for file in files {
        workspace.set_file(file.clone());
    }
    workspace
}

/// Asserts that a place lies inside of its file, between characters.
fn assert_sound(analysis: &Analysis, span: Span) {
    assert!(analysis.file(span.file).text().get(span.range()).is_some(), "{span:?}");
}

/// Returns how many names have how many definitions and references, whatever the names are.
fn shape(names: &Names) -> BTreeMap<(usize, usize), usize> {
    let mut shape = BTreeMap::new();
    for (_, occurrences) in names.all() {
        let roles: Vec<Role> = occurrences.map(|it| it.role).collect();
        let definitions = roles.iter().filter(|it| **it == Role::Definition).count();
        *shape.entry((definitions, roles.len() - definitions)).or_default() += 1;
    }
    shape
}

/// Returns the files of a snapshot after edits.
fn edited(analysis: &Analysis, edits: &[Edit]) -> Vec<File> {
    let files = analysis.files().iter().map(|model| {
        let own = edits.iter().filter(|it| it.span.file == model.id);
        File { text: splice(model.text(), own).into(), ..model.file.clone() }
    });
    files.collect()
}

#[test]
fn every_answer_about_the_examples_is_sound() {
    for root in common::projects(&common::examples()) {
        let analysis = workspace(&common::handed_over(&root)).analysis(&Config::default());
        let names = Names::of(&analysis);
        let indexed = Indexed { analysis: &analysis, names: &names };
        let mut places = 0;
        for file in analysis.files() {
            for occurrence in names.in_file(file.id) {
                assert_sound(&analysis, occurrence.span);
                let at = occurrence.span.start as usize;
                let all = navigation::references(indexed, file.id, at, true);
                all.iter().for_each(|it| assert_sound(&analysis, *it));
                let definitions = navigation::definition(indexed, file.id, at);
                assert!(definitions.iter().all(|it| all.contains(it)));
                places += all.len();
            }
            for link in links::links(&analysis, file.id) {
                assert_sound(&analysis, link.span);
            }
            for fold in folding::folds(file) {
                assert_sound(&analysis, fold.span);
            }
            let mut open = symbols::outline(file);
            while let Some(symbol) = open.pop() {
                assert!(symbol.span.contains(symbol.name_span), "{symbol:?}");
                assert_sound(&analysis, symbol.span);
                open.extend(symbol.below);
            }
        }
        assert!(places > 0, "{}", root.display());
        assert!(!symbols::project_symbols(indexed, "").is_empty());
    }
}

#[test]
fn what_is_renamed_is_still_one_thing_and_can_be_renamed_back() {
    let mut done = 0;
    for root in common::projects(&common::examples()) {
        let files = common::handed_over(&root);
        let analysis = workspace(&files).analysis(&Config::default());
        let names = Names::of(&analysis);
        let indexed = Indexed { analysis: &analysis, names: &names };
        let all = analysis.files().iter().flat_map(|file| names.in_file(file.id));
        for occurrence in all.filter(|it| it.role == Role::Definition) {
            let (file, at) = (occurrence.span.file, occurrence.span.start as usize);
            let old = &analysis.file(file).text()[occurrence.span.range()];
            let Renaming::Possible(edits) = rename(indexed, file, at, "renamed") else { continue };
            assert!(!edits.is_empty());
            let after = workspace(&edited(&analysis, &edits)).analysis(&Config::default());
            let names_after = Names::of(&after);
            let what = format!("{old} in {}", analysis.file(file).path());
            assert_eq!(shape(&names), shape(&names_after), "{what}");
            // The place itself has moved by what changed before it in its file.
            let before = edits
                .iter()
                .filter(|it| it.span.file == file && it.span.end <= occurrence.span.start);
            let moved: isize = before
                .map(|it| it.text.len().cast_signed() - it.span.range().len().cast_signed())
                .sum();
            let at = at.checked_add_signed(moved).unwrap();
            let file_after = id_of(&after, analysis.file(file).path());
            let indexed = Indexed { analysis: &after, names: &names_after };
            let Renaming::Possible(back) = rename(indexed, file_after, at, old) else {
                panic!("{what} cannot be renamed back");
            };
            let restored = edited(&after, &back);
            for (file, restored) in files.iter().zip(&restored) {
                assert_eq!(file.text, restored.text, "{what}");
            }
            done += 1;
        }
    }
    assert!(done > 20, "{done}");
}

fn id_of(analysis: &Analysis, path: &str) -> FileId {
    analysis.files().iter().find(|it| it.path() == path).unwrap().id
}
