//! What an editor asks about a place in the files of a workspace.

use crate::{Latest, Options, Workspace, plain};
use plimsoll_core::ide::completion::{self, CompletionKind};
use plimsoll_core::ide::{hover, navigation};
use plimsoll_core::model::FileModel;
use plimsoll_core::output::wire::{Positions, Range, range_in};
use plimsoll_core::text::{FileId, Span, normalise_path};
use serde::Serialize;
use std::collections::HashSet;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

/// What there is to say about a place.
#[derive(Serialize, Tsify)]
pub struct Hover {
    /// The text that it is about.
    range: Range,
    markdown: String,
}

/// A place in a file.
#[derive(Serialize, Tsify)]
pub struct Place {
    path: String,
    range: Range,
}

/// A place that names something.
#[derive(Serialize, Tsify)]
pub struct Reference {
    path: String,
    range: Range,
    /// Whether the thing is defined here.
    definition: bool,
}

/// A text that may stand at a place.
#[derive(Serialize, Tsify)]
pub struct Completion {
    label: String,
    kind: CompletionKind,
    /// A few words behind the label.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// A sentence for those who look closer.
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation: Option<String>,
    insert: String,
    /// What to compare what is typed with, to keep the item or to leave it out.
    filter: String,
    /// The text that `insert` replaces.
    replace: Range,
}

#[wasm_bindgen]
impl Workspace {
    /// Returns what there is to say about a place, or `null`. Without findings, no rule runs for it.
    pub fn hover(
        &mut self,
        path: &str,
        offset: f64,
        options: &Options,
        tells_findings: bool,
    ) -> JsValue {
        let (asked, at) = self.ask(path, offset, options);
        let found = at.and_then(|(file, at)| {
            let report = tells_findings.then(|| asked.latest.report());
            let findings = report.map_or(&[][..], |it| &it.findings);
            hover::hover(asked.latest.snapshot.indexed(), findings, file, at)
        });
        plain(&found.map(|it| Hover { range: asked.range(it.span), markdown: it.markdown }))
    }

    /// Returns the places that define what stands at a place, or the file that a path at the place names.
    pub fn definition(&mut self, path: &str, offset: f64, options: &Options) -> JsValue {
        let (asked, at) = self.ask(path, offset, options);
        let indexed = asked.latest.snapshot.indexed();
        let found = at.map(|(file, at)| navigation::definition_or_file(indexed, file, at));
        let place = |span| Place { path: asked.path(span), range: asked.range(span) };
        plain(&found.unwrap_or_default().into_iter().map(place).collect::<Vec<_>>())
    }

    /// Returns all places that name what stands at a place.
    pub fn references(&mut self, path: &str, offset: f64, options: &Options) -> JsValue {
        let (asked, at) = self.ask(path, offset, options);
        let indexed = asked.latest.snapshot.indexed();
        let (definitions, all) = match at {
            Some((file, at)) => (
                navigation::definition(indexed, file, at),
                navigation::references(indexed, file, at, true),
            ),
            None => (Vec::new(), Vec::new()),
        };
        let definitions: HashSet<Span> = definitions.into_iter().collect();
        let reference = |span| Reference {
            path: asked.path(span),
            range: asked.range(span),
            definition: definitions.contains(&span),
        };
        plain(&all.into_iter().map(reference).collect::<Vec<_>>())
    }

    /// Returns what may stand at a place, the likeliest first.
    pub fn completions(&mut self, path: &str, offset: f64, options: &Options) -> JsValue {
        let (asked, at) = self.ask(path, offset, options);
        let found = at.map(|(file, at)| {
            let text = asked.file(file).text();
            completion::complete(&asked.latest.snapshot.analysis, file, text, at)
        });
        let item = |it: completion::Completion| Completion {
            replace: asked.range(it.replace),
            label: it.label,
            kind: it.kind,
            detail: it.detail,
            documentation: it.documentation,
            insert: it.insert,
            filter: it.filter,
        };
        plain(&found.unwrap_or_default().into_iter().map(item).collect::<Vec<_>>())
    }

    /// Returns what a question is answered from, and its file and byte; `None` for a place that is not there.
    fn ask(
        &mut self,
        path: &str,
        offset: f64,
        options: &Options,
    ) -> (Asked<'_>, Option<(FileId, usize)>) {
        let latest = Latest::of(&mut self.latest, &self.files, &options.core);
        let asked = Asked { files: &self.files, latest, positions: options.positions };
        let path = normalise_path(path);
        let file = latest.snapshot.analysis.files().iter().find(|it| *it.file.path == *path);
        let at = file.and_then(|it| Some((it.id, asked.byte(it.id, offset)?)));
        (asked, at)
    }
}

/// What a question is answered from, and how its places are counted.
struct Asked<'a> {
    files: &'a plimsoll_core::Workspace,
    latest: &'a Latest,
    positions: Positions,
}

impl Asked<'_> {
    /// Returns a file as it was handed over: the analysis has an excluded one without its text.
    fn file(&self, id: FileId) -> &FileModel {
        self.files.file(id)
    }

    fn path(&self, span: Span) -> String {
        self.file(span.file).path().to_owned()
    }

    fn range(&self, span: Span) -> Range {
        range_in(&self.file(span.file).lines, span, self.positions)
    }

    /// Returns the byte that a caller means; `None` for none of the text.
    fn byte(&self, file: FileId, offset: f64) -> Option<usize> {
        if !(0.0..=f64::from(u32::MAX)).contains(&offset) {
            return None;
        }
        let (offset, file) = (offset as u32, self.file(file));
        match self.positions {
            Positions::Utf16 => file.lines.at_utf16(offset),
            Positions::CodePoints => {
                let (text, at) = (file.text(), offset as usize);
                (at <= text.len()).then(|| text.floor_char_boundary(at))
            }
        }
    }
}
