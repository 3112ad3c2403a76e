//! One file for each request. The answer to a request is a pure function of a [`View`], which holds no lock,
//! so that it may take its time on another thread.

pub mod action;
pub mod decide;
pub mod hover;

use crate::convert::{self, Addresses, Outgoing};
use crate::project::Snapshot;
use crate::state::{Features, State};
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
        let snapshot = Arc::clone(state.snapshots.get(&document.place.root)?);
        let files = &snapshot.report.files;
        let at = files.iter().position(|it| *it.file.path == *document.place.name);
        let text: Arc<str> = Arc::from(document.text.as_str());
        Some(View {
            is_current: at.is_some_and(|at| *files[at].file.text == *text),
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

    /// Returns the span of a range of the document in the snapshot.
    pub fn span(&self, range: Range) -> Option<Span> {
        Some(Span::new(self.file?, self.offset(range.start), self.offset(range.end)))
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

#[cfg(test)]
pub mod testing {
    use super::*;
    use crate::state::{Change, Task};
    use plimsoll_core::Options;
    use std::path::PathBuf;
    use std::str::FromStr;

    /// Returns the view of the first of some files of a project in `/w`, all of them open.
    pub fn view(files: &[(&str, &str)]) -> View {
        let mut state = State::default();
        state.set_roots(vec![PathBuf::from("/w")]);
        let uri = |name: &str| Uri::from_str(&format!("file:///w/{name}")).unwrap();
        for (name, text) in files {
            state.open(uri(name), 1, (*text).to_owned());
        }
        let changed: Vec<(String, Change)> = files
            .iter()
            .map(|(name, text)| ((*name).to_owned(), Change::Text((*text).into())))
            .collect();
        let task = Task {
            root: PathBuf::from("/w"),
            depth: None,
            changed,
            addresses: state.addresses(&PathBuf::from("/w")),
        };
        let mut project = crate::project::Project::default();
        let (snapshot, _) = project.update(&task, &Options::default());
        state.snapshots.insert(task.root, Arc::new(snapshot));
        View::of(&state, &uri(files[0].0)).unwrap()
    }

    /// Returns the position of the first `needle` in a document of ASCII.
    pub fn position_of(view: &View, needle: &str) -> Position {
        let at = view.text.find(needle).unwrap();
        let line = view.text[..at].matches('\n').count();
        let start = view.text[..at].rfind('\n').map_or(0, |it| it + 1);
        Position { line: line as u32, character: (at - start) as u32 }
    }
}
