//! Asks about every word of whole projects, as an editor does while somebody works in them: nothing may panic,
//! and every place lies in the text.

#![allow(clippy::unwrap_used)]

mod common;

use common::{examples, handed_over, projects};
use plimsoll_core::ide::completion::complete;
use plimsoll_core::ide::hints::{HintKinds, hints};
use plimsoll_core::ide::hover::hover;
use plimsoll_core::ide::lenses::{LensKinds, lenses};
use plimsoll_core::ide::{Indexed, Names};
use plimsoll_core::text::{FileId, Span};
use plimsoll_core::{Analysis, Config, File, Options, Report, Workspace};

/// Returns the offsets at which a word, or what lies between two words, begins.
fn word_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut was_word = false;
    for (at, letter) in text.char_indices() {
        let is_word = letter.is_alphanumeric();
        if is_word != was_word {
            starts.push(at);
        }
        was_word = is_word;
    }
    starts.push(text.len());
    starts
}

#[track_caller]
fn assert_within(text: &str, span: Span, file: FileId, what: &str) {
    assert_eq!(span.file, file, "{what}");
    assert!(text.get(span.range()).is_some(), "{what}: {span:?} is no part of the text");
}

fn ask(analysis: &Analysis, report: &Report, file: FileId) -> usize {
    let text = analysis.facts().file(file).text().to_owned();
    let names = Names::of(analysis);
    let indexed = Indexed { analysis, names: &names };
    let mut answers = 0;
    for offset in word_starts(&text) {
        if let Some(hover) = hover(indexed, &report.findings, file, offset) {
            assert_within(&text, hover.span, file, &hover.markdown);
            let range = hover.span.range();
            assert!(range.start <= offset && offset <= range.end, "{:?} at {offset}", hover);
            assert!(!hover.markdown.trim().is_empty());
            answers += 1;
        }
        // The same line as it was while somebody typed it, with nothing behind the cursor.
        let rest = text[offset..].find('\n').map_or("", |at| &text[offset + at..]);
        let typed = [&text[..offset], rest].concat();
        for text in [&text, &typed] {
            for it in complete(analysis, file, text, offset) {
                assert_within(text, it.replace, file, &it.label);
                let range = it.replace.range();
                assert!(range.start <= offset && offset <= range.end, "{it:?} at {offset}");
                answers += 1;
            }
        }
    }
    let all = hints(analysis, file, 0..text.len(), HintKinds::default());
    for it in &all {
        assert!(text.is_char_boundary(it.offset) && !it.label.contains('\n'), "{it:?}");
    }
    let above = lenses(analysis, Some(report), file, LensKinds::default());
    for it in &above {
        assert_within(&text, it.span, file, &it.title);
    }
    answers + all.len() + above.len()
}

/// Returns the number of answers about all files of a project.
fn ask_everywhere(files: Vec<File>) -> usize {
    let mut workspace = Workspace::default();
    for file in files {
        workspace.set_file(file);
    }
    let analysis = workspace.analysis(&Config::default());
    let options = Options { leave_fixes_untried: true, ..Options::default() };
    let report = analysis.report(&options);
    let ids = (0..report.files.len()).map(|it| FileId(u32::try_from(it).unwrap()));
    ids.map(|file| ask(&analysis, &report, file)).sum()
}

#[test]
fn every_word_of_the_examples_can_be_asked_about() {
    for project in projects(&examples()) {
        let answers = ask_everywhere(handed_over(&project));
        assert!(answers > 50, "{}: {answers} answers", project.display());
    }
}
