//! One file for each request. The answer to a request is a pure function of a [`View`], which holds no lock,
//! so that it may take its time on another thread.

pub mod action;
pub mod compare;
pub mod completion;
pub mod decide;
pub mod diagnostic;
mod difference;
pub mod explain;
pub mod fold;
pub mod hover;
mod ignore;
pub mod inlay_hints;
pub mod lenses;
pub mod links;
pub mod navigate;
pub mod rename;
pub mod render;
pub mod show;
pub mod symbols;

use crate::capabilities::Features;
use crate::convert::{self, Addresses, Outgoing};
use crate::project::{Part, Snapshot};
use crate::state::State;
use plimsoll_core::ide::Indexed;
use plimsoll_core::model::FileModel;
use plimsoll_core::text::{Encoding, FileId, LineIndex, Span};
use plimsoll_core::{Analysis, File, Report};
use std::ops::Deref;
use std::sync::Arc;
use tower_lsp_server::ls_types::{Position, Range, Uri};

/// A document as it is in the editor now.
#[derive(Debug)]
pub struct Source {
    /// The path below the root of the project, as the report gives it.
    pub name: String,
    pub text: Arc<str>,
    /// The lines of `text`.
    pub lines: LineIndex,
    pub encoding: Encoding,
}

/// The text of a document, taken while the state is locked. Its lines are looked for afterwards.
#[derive(Debug)]
pub struct Text {
    name: String,
    text: Arc<str>,
    encoding: Encoding,
}

impl Text {
    /// Returns the text of a document; `None` for one that is not open.
    pub fn of(state: &State, uri: &Uri) -> Option<Text> {
        let document = state.documents.get(uri)?;
        let (name, text) = (document.place.name.clone(), Arc::clone(document.buffer.text()));
        Some(Text { name, text, encoding: state.encoding() })
    }

    /// Returns what a request about the syntax of the document is answered from, at once.
    pub fn source(self) -> Source {
        let Text { name, text, encoding } = self;
        Source { name, lines: LineIndex::new(&text), text, encoding }
    }
}

/// What a view of a document is made of, taken while the state is locked.
#[derive(Debug)]
pub struct Taken {
    text: Text,
    snapshot: Arc<Snapshot>,
    addresses: Addresses,
    features: Features,
}

impl Taken {
    /// Returns what the state says about a document; `None` for one that is not open or whose project has not been
    /// read yet.
    pub fn of(state: &State, uri: &Uri) -> Option<Taken> {
        let root = &state.documents.get(uri)?.place.root;
        Some(Taken {
            text: Text::of(state, uri)?,
            snapshot: state.snapshot(root)?,
            addresses: state.addresses(root),
            features: state.features,
        })
    }
}

impl Source {
    /// Reads the document by itself. Its spans are in the file with the id 0.
    pub fn model(&self) -> FileModel {
        FileModel::read(FileId(0), File::new(&self.name, Arc::clone(&self.text)), None)
    }

    /// Returns the byte at a position.
    pub fn offset(&self, at: Position) -> usize {
        convert::offset(&self.lines, at, self.encoding)
    }

    /// Returns the position of a byte.
    pub fn position(&self, at: usize) -> Position {
        convert::position(self.lines.position(at, self.encoding))
    }
}

/// A document as it is in the editor now, and the newest snapshot of its project.
#[derive(Debug)]
pub struct View {
    pub snapshot: Arc<Snapshot>,
    /// The application that the document belongs to.
    pub part: Arc<Part>,
    pub source: Source,
    /// The document among the files of the snapshot; `None` where no snapshot has it yet.
    pub file: Option<FileId>,
    /// Whether the snapshot has the document's text as it is now. Spans of an older snapshot may lie elsewhere in
    /// the text.
    pub is_current: bool,
    pub addresses: Addresses,
    pub features: Features,
}

/// What stands in the document does not depend on the snapshot.
impl Deref for View {
    type Target = Source;

    fn deref(&self) -> &Source {
        &self.source
    }
}

impl View {
    /// Returns what a request about a document is answered from; `None` for a project without files.
    pub fn new(taken: Taken) -> Option<View> {
        let Taken { text, snapshot, addresses, features } = taken;
        let source = text.source();
        let file = snapshot.applications.file(&source.name);
        let is_current = |file: FileId| {
            let analysed = &snapshot.applications.files()[file.index()];
            // An excluded file is analysed as an empty one, whatever its text is.
            analysed.is_excluded
                || Arc::ptr_eq(&analysed.file.text, &source.text)
                || analysed.file.text == source.text
        };
        let part = file.and_then(|file| snapshot.part(file)).or(snapshot.parts.first())?;
        Some(View {
            is_current: file.is_some_and(is_current),
            file,
            part: Arc::clone(part),
            addresses,
            features,
            source,
            snapshot,
        })
    }

    pub fn analysis(&self) -> &Analysis {
        &self.part.application.analysis
    }

    pub fn report(&self) -> &Report {
        &self.part.application.report
    }

    /// Returns what requests about names are answered from.
    pub fn indexed(&self) -> Indexed<'_> {
        self.part.ide.indexed()
    }

    /// Returns the place of a position in the snapshot; `None` where no snapshot has the document yet.
    pub fn place(&self, at: Position) -> Option<(FileId, usize)> {
        Some((self.file?, self.offset(at)))
    }

    /// Returns the range of a span in any file of the snapshot.
    pub fn range(&self, span: Span) -> Range {
        self.out().range(span)
    }

    /// Returns the report in the client's terms.
    pub fn out(&self) -> Outgoing<'_> {
        Outgoing { report: self.report(), encoding: self.encoding, addresses: &self.addresses }
    }
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
    use tower_lsp_server::ls_types::{TextDocumentContentChangeEvent, WorkspaceEdit};

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
        let checked = project.check(&task.options, &|| false).unwrap();
        worker::snapshot(checked, &task, previous)
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
        let view = Taken::of(&state, &uri(files[0].0)).and_then(View::new).unwrap();
        assert!(view.is_current);
        view
    }

    /// Somebody who edits the files of a project, as the handlers and the worker see it.
    pub struct Typist {
        state: State,
        project: Project,
        latest: Option<Snapshot>,
    }

    impl Typist {
        pub fn new(files: &[(&str, &str)]) -> Typist {
            let mut state = state(files);
            state.ready = true;
            Typist { state, project: Project::default(), latest: None }
        }

        pub fn latest(&self) -> &Snapshot {
            self.latest.as_ref().unwrap()
        }

        /// The open documents by name.
        pub fn texts(&self) -> Vec<(String, Arc<str>)> {
            let documents = self.state.documents.values();
            documents.map(|it| (it.place.name.clone(), Arc::clone(it.buffer.text()))).collect()
        }

        pub fn analyse(&mut self) {
            let fresh = self.project.is_fresh();
            let Step::Analyse(task) = self.state.take(Path::new("/w"), fresh) else { return };
            let (is_changed, _) = self.project.update(&task);
            if is_changed {
                let checked = self.project.check(&task.options, &|| false).unwrap();
                self.latest = Some(worker::snapshot(checked, &task, self.latest.as_ref()));
            }
        }

        pub fn open(&mut self, name: &str, text: &str) {
            self.state.open(uri(name), "yaml", 1, text.to_owned());
        }

        pub fn close(&mut self, name: &str) {
            self.state.close(&uri(name));
        }

        /// Returns the number of lines of a document, 1 for one that is not open.
        pub fn lines(&self, name: &str) -> usize {
            let document = self.state.documents.get(&uri(name));
            document.map_or(1, |it| it.buffer.text().lines().count().max(1))
        }

        pub fn delete_line(&mut self, name: &str, line: usize) {
            self.replace(name, (line, line + 1), "");
        }

        pub fn insert_line(&mut self, name: &str, line: usize, text: &str) {
            self.replace(name, (line, line), text);
        }

        fn replace(&mut self, name: &str, (from, to): (usize, usize), text: &str) {
            let at = |line: usize| Position { line: line as u32, character: 0 };
            let change = TextDocumentContentChangeEvent {
                range: Some(Range { start: at(from), end: at(to) }),
                range_length: None,
                text: text.to_owned(),
            };
            self.state.edit(&uri(name), 2, &[change]);
        }
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
            let at = |at| view.offset(at);
            text.replace_range(at(edit.range.start)..at(edit.range.end), &edit.new_text);
        }
        text
    }
}
