//! Asks about projects that are written as one text.

#![allow(clippy::unwrap_used)]

use super::{Indexed, Names, navigation};
use crate::text::{Encoding, FileId, Span};
use crate::{Analysis, Config, Workspace};

/// A file with the Service `web` of the namespace `shop`, in whose name the cursor stands, and the beginning of another
/// document.
pub const WEB_OF_SHOP: &str = "=== app.yaml
apiVersion: v1
kind: Service
metadata: {name: w<>eb, namespace: shop}
spec: {ports: [{port: 80}]}
---
";

/// A project with a cursor in it.
pub struct Asked {
    pub analysis: Analysis,
    pub names: Names,
    pub file: FileId,
    pub offset: usize,
}

impl Asked {
    pub fn indexed(&self) -> Indexed<'_> {
        Indexed { analysis: &self.analysis, names: &self.names }
    }
}

/// Reads a project: each file begins with a line `=== path`, and `<>` is where the cursor stands.
pub fn project(text: &str) -> Asked {
    let mut workspace = Workspace::default();
    let mut cursor = None;
    for part in text.split("\n=== ").map(|it| it.trim_start_matches("=== ")) {
        let (path, body) = part.split_once('\n').unwrap();
        if path.is_empty() {
            continue;
        }
        if let Some(at) = body.find("<>") {
            cursor = Some((path.to_owned(), at));
        }
        workspace.set(path, format!("{}\n", body.replacen("<>", "", 1).trim_end()));
    }
    let analysis = workspace.analysis(&Config::default());
    let names = Names::of(&analysis);
    let (path, offset) = cursor.unwrap_or_default();
    let file = analysis.files().iter().find(|it| it.path() == path);
    let file = file.map_or(FileId(0), |it| it.id);
    Asked { analysis, names, file, offset }
}

/// Describes places as `path:line:column text`.
pub fn shown(analysis: &Analysis, spans: &[Span]) -> Vec<String> {
    let say = |span: &Span| {
        let file = analysis.file(span.file);
        let at = file.lines.position(span.start as usize, Encoding::Utf32);
        let text = &file.text()[span.range()];
        format!("{}:{}:{} {text}", file.path(), at.line + 1, at.column + 1)
    };
    spans.iter().map(say).collect()
}

/// Returns the description of a place that is given by what stands around it: `depends_on: [^db` or
/// `^db^: {image`, where the name is between the marks. It must be there exactly once.
#[track_caller]
fn expected_place(analysis: &Analysis, around: &str) -> String {
    let wanted = around.replace('^', "");
    let (before, name) = around.split_once('^').expect("a `^` before the name");
    let name = name.split('^').next().unwrap();
    let files = analysis.files().iter();
    let found: Vec<Span> = files
        .flat_map(|file| {
            let start = |at: usize| at + before.len();
            let places = file.text().match_indices(&wanted);
            places.map(move |(at, _)| Span::new(file.id, start(at), start(at) + name.len()))
        })
        .collect();
    assert_eq!(found.len(), 1, "`{wanted}` is there {} times", found.len());
    shown(analysis, &found).remove(0)
}

#[track_caller]
fn assert_places(analysis: &Analysis, found: &[Span], expected: &[&str]) {
    let mut expected: Vec<String> =
        expected.iter().map(|around| expected_place(analysis, around)).collect();
    let mut found = shown(analysis, found);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

/// Asserts where the name at the cursor is defined.
#[track_caller]
pub fn assert_definition(text: &str, expected: &[&str]) {
    let asked = project(text);
    let found = navigation::definition(asked.indexed(), asked.file, asked.offset);
    assert_places(&asked.analysis, &found, expected);
}

/// Asserts who refers to the name at the cursor.
#[track_caller]
pub fn assert_references(text: &str, expected: &[&str]) {
    let asked = project(text);
    let found = navigation::references(asked.indexed(), asked.file, asked.offset, false);
    assert_places(&asked.analysis, &found, expected);
}

/// Puts the cursor at a place that is given by what stands around it.
#[track_caller]
pub fn with_cursor(text: &str, around: &str) -> String {
    let wanted = around.replace('^', "");
    assert_eq!(text.matches(&wanted).count(), 1, "`{wanted}` is not there once");
    text.replacen(&wanted, &around.replace('^', "<>"), 1)
}
