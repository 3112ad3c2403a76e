//! One file for each request. The answer to a request is a pure function of a [`View`], which holds no lock,
//! so that it may take its time on another thread.

pub mod action;
pub mod compare;
pub mod completion;
pub mod decide;
pub mod diagnostic;
pub mod explain;
pub mod hover;
mod ignore;
pub mod inlay_hints;
pub mod lenses;
pub mod render;

use crate::convert::{self, Addresses, Outgoing};
use crate::project::Snapshot;
use crate::state::{Features, State};
use plimsoll_core::report::Edit;
use plimsoll_core::text::{Encoding, FileId, LineIndex, Span};
use plimsoll_core::{Analysis, Report};
use std::sync::Arc;
use tower_lsp_server::ls_types::{Location, Position, Range, Uri};

/// A document as it is in the editor now, and the newest snapshot of its project.
#[derive(Debug)]
pub struct View {
    pub snapshot: Arc<Snapshot>,
    pub text: Arc<str>,
    /// The lines of `text`.
    lines: LineIndex,
    /// The document among the files of the snapshot; `None` where no snapshot has it yet.
    pub file: Option<FileId>,
    /// Whether the snapshot has the document's text as it is now. Spans of an older snapshot may lie elsewhere in
    /// the text.
    pub is_current: bool,
    pub encoding: Encoding,
    pub addresses: Addresses,
    pub features: Features,
}

impl View {
    /// Returns what a request about a document is answered from; `None` for a document that is not open or whose
    /// project has not been read yet.
    pub fn of(state: &State, uri: &Uri) -> Option<View> {
        let document = state.documents.get(uri)?;
        let snapshot = state.snapshot(&document.place.root)?;
        let files = &snapshot.report.files;
        let at = files.iter().position(|it| *it.file.path == *document.place.name);
        let text = Arc::clone(document.buffer.text());
        let is_current = |at: usize| {
            let analysed = &files[at].file.text;
            Arc::ptr_eq(analysed, &text) || *analysed == text
        };
        Some(View {
            is_current: at.is_some_and(is_current),
            file: at.and_then(|at| u32::try_from(at).ok()).map(FileId),
            lines: LineIndex::new(&text),
            text,
            encoding: state.encoding(),
            addresses: state.addresses(&document.place.root),
            features: state.features,
            snapshot,
        })
    }

    pub fn analysis(&self) -> &Analysis {
        &self.snapshot.analysis
    }

    pub fn report(&self) -> &Report {
        &self.snapshot.report
    }

    /// Returns the byte of the document's text at a position.
    pub fn offset(&self, at: Position) -> usize {
        convert::offset(&self.lines, at, self.encoding)
    }

    /// Returns the position of a byte of the document's text.
    pub fn position(&self, offset: usize) -> Position {
        let at = self.lines.position(offset, self.encoding);
        Position { line: at.line, character: at.column }
    }

    /// Returns the range of a span in any file of the snapshot.
    pub fn range(&self, span: Span) -> Range {
        self.out().range(span)
    }

    /// Returns the place of a span in any file of the snapshot.
    pub fn location(&self, span: Span) -> Option<Location> {
        self.out().location(span)
    }

    /// Returns the report in the client's terms.
    pub fn out(&self) -> Outgoing<'_> {
        Outgoing { report: self.report(), encoding: self.encoding, addresses: &self.addresses }
    }
}

/// Returns the edit that turns the text of a file into another one.
fn difference(file: usize, old: &str, new: &str) -> Option<Edit> {
    if old == new {
        return None;
    }
    let same = |(a, b): &(u8, u8)| a == b;
    let start = old.bytes().zip(new.bytes()).take_while(same).count();
    let start = old.floor_char_boundary(start);
    let rest = (old.len() - start).min(new.len() - start);
    let end = old.bytes().rev().zip(new.bytes().rev()).take(rest).take_while(same).count();
    let end = old.len() - old.ceil_char_boundary(old.len() - end);
    let span = Span::new(FileId(u32::try_from(file).ok()?), start, old.len() - end);
    Some(Edit { span, text: new[start..new.len() - end].to_owned() })
}

#[cfg(test)]
pub mod testing {
    use super::*;
    use crate::project::Project;
    use crate::state::Step;
    use crate::worker;
    use plimsoll_core::Config;
    use std::path::{Path, PathBuf};
    use std::str::FromStr;
    use tower_lsp_server::ls_types::WorkspaceEdit;

    fn uri(name: &str) -> Uri {
        Uri::from_str(&format!("file:///w/{name}")).unwrap()
    }

    /// Returns a state in which files of the folder `/w`, which does not exist, are open.
    fn state(files: &[(&str, &str)]) -> State {
        let mut state = State::default();
        state.set_roots(vec![PathBuf::from("/w")]);
        state.configure(Config::default());
        for (name, text) in files {
            state.open(uri(name), "yaml", 1, (*text).to_owned());
        }
        state
    }

    fn taken(state: &mut State, previous: Option<&Snapshot>, change: u64) -> Snapshot {
        let Step::Analyse(mut task) = state.take(Path::new("/w"), true) else { panic!("no work") };
        task.changes = change;
        let mut project = Project::default();
        project.update(&task);
        worker::snapshot(&project, &task, previous)
    }

    /// Returns the snapshot of a project whose files are open, after a change.
    pub fn snapshot(files: &[(&str, &str)], previous: Option<&Snapshot>, change: u64) -> Snapshot {
        taken(&mut state(files), previous, change)
    }

    /// Returns the view of the first of some files of a project, all of them open.
    pub fn view(files: &[(&str, &str)]) -> View {
        let mut state = state(files);
        let snapshot = taken(&mut state, None, 1);
        state.finish(Path::new("/w"), Some(Arc::new(snapshot)), 1);
        let view = View::of(&state, &uri(files[0].0)).unwrap();
        assert!(view.is_current);
        view
    }

    /// Returns the position of the first `needle` in a document of ASCII.
    pub fn position_of(view: &View, needle: &str) -> Position {
        let at = view.text.find(needle).unwrap();
        let line = view.text[..at].matches('\n').count();
        let start = view.text[..at].rfind('\n').map_or(0, |it| it + 1);
        Position { line: line as u32, character: (at - start) as u32 }
    }

    /// Returns the text of the document after an edit without versions.
    pub fn apply(view: &View, edit: &WorkspaceEdit) -> String {
        let changes = edit.changes.as_ref().unwrap();
        let name = &view.report().entry(view.file.unwrap()).file.path;
        let mut edits = changes[&view.addresses.uri(name).unwrap()].clone();
        edits.sort_by_key(|it| std::cmp::Reverse((it.range.start.line, it.range.start.character)));
        let mut text = view.text.to_string();
        for edit in edits {
            let at = |at| convert::offset(&view.lines, at, view.encoding);
            text.replace_range(at(edit.range.start)..at(edit.range.end), &edit.new_text);
        }
        text
    }

    #[test]
    fn a_difference_is_one_edit_between_characters() {
        for (old, new) in [("aüb", "aöb"), ("ab", "abb"), ("🎵", "🎶"), ("aaa", "a"), ("", "x")]
        {
            let edit = difference(0, old, new).unwrap();
            let mut text = old.to_owned();
            text.replace_range(edit.span.range(), &edit.text);
            assert_eq!(text, new);
        }
        assert_eq!(difference(0, "a", "a"), None);
    }
}
