//! What targets put onto the cluster: as YAML, and in the JSON form.

use super::escape_line;
use super::wire::wire;
use crate::build::{Manifest, Target};
use crate::model::{BuiltTarget, FileModel, PlainTarget};
use crate::report::{Environment, TargetKind};
use crate::text::{Encoding, FileId, Span};
use serde::Serialize;
use std::sync::Arc;

wire! {
    /// A target with what it puts onto the cluster.
    pub struct RenderedTarget {
        pub name: String,
        pub kind: TargetKind,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub environment: Option<Environment>,
        pub documents: Vec<RenderedDocument>,
        /// Why the target is not built in full.
        pub reasons: Vec<String>,
    }
    /// One object as YAML.
    pub struct RenderedDocument {
        /// `path:line` of the place that the document comes from.
        pub source: String,
        pub text: String,
        /// For each line of the text the places that it comes from, as `path:line`: the line that a person would
        /// change first, and then what is behind it.
        pub lines: Vec<Vec<String>>,
    }
}

/// Returns a file by its id.
pub type FileOf<'f, 'm> = &'f dyn Fn(FileId) -> &'m FileModel;

impl RenderedTarget {
    /// Renders a chart or an overlay.
    pub fn built(target: &Target, file: FileOf<'_, '_>) -> RenderedTarget {
        RenderedTarget {
            name: target.name.clone(),
            kind: target.kind,
            environment: target.environment,
            documents: target.manifests().into_iter().map(|it| document(it, file)).collect(),
            reasons: target.reasons.iter().map(|it| it.message.clone()).collect(),
        }
    }

    /// Renders a folder of manifests, whose documents stand as they are written.
    pub fn written(target: &PlainTarget, file: FileOf<'_, '_>) -> RenderedTarget {
        let mut documents = Vec::new();
        for file_of_target in target.files.iter().map(|id| file(*id)) {
            for read in file_of_target.tree.documents.iter().filter(|it| it.root.is_some()) {
                let text = file_of_target.text().get(read.span.range()).unwrap_or_default();
                let start = read.span.range().start;
                let place = |at: usize| vec![Span::new(read.span.file, start + at, start + at)];
                let lines = line_starts(text).map(place);
                let manifest =
                    Manifest { text: text.to_owned(), source: read.span, lines: lines.collect() };
                documents.push(document(manifest, file));
            }
        }
        RenderedTarget {
            name: target.name.clone(),
            kind: target.kind,
            environment: target.environment,
            documents,
            reasons: target.reason.iter().cloned().collect(),
        }
    }

    /// Returns the documents as a stream of YAML, each below the place that it comes from.
    pub fn yaml(&self) -> String {
        // A line break in the name of a file must not end the comment.
        let document = |it: &RenderedDocument| {
            format!("---\n# source: {}\n{}\n", escape_line(&it.source), it.printed())
        };
        self.documents.iter().map(document).collect()
    }

    /// Returns the place of each line of [`RenderedTarget::yaml`] as `path:line`: the line that a person would change
    /// first. `None` for a line that was written nowhere.
    pub fn places(&self) -> Vec<Option<&str>> {
        fn of_document(it: &RenderedDocument) -> Vec<Option<&str>> {
            let left_out =
                it.text.len() - it.text.trim_start_matches("---").trim_start_matches('\n').len();
            let skipped = it.text[..left_out].matches('\n').count();
            let count = it.printed().lines().count();
            let place = |line: usize| it.lines.get(line)?.first().map(String::as_str);
            let head = [Some(it.source.as_str()); 2].into_iter();
            head.chain((skipped..skipped + count).map(place)).collect()
        }
        self.documents.iter().flat_map(of_document).collect()
    }
}

impl RenderedDocument {
    /// Returns the text without the line that begins the document.
    fn printed(&self) -> &str {
        self.text.trim_start_matches("---").trim_matches('\n')
    }
}

fn document(manifest: Manifest, file: FileOf<'_, '_>) -> RenderedDocument {
    let place = |span: Span| {
        let source = file(span.file);
        let start = source.lines.position(span.start as usize, Encoding::Utf8);
        format!("{}:{}", source.path(), start.line + 1)
    };
    let line = |spans: Vec<Span>| {
        let mut places: Vec<String> = Vec::new();
        for place in spans.into_iter().map(place) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    };
    RenderedDocument {
        source: place(manifest.source),
        text: manifest.text,
        lines: manifest.lines.into_iter().map(line).collect(),
    }
}

/// Returns the offsets at which the lines of a text start.
fn line_starts(text: &str) -> impl Iterator<Item = usize> {
    text.split_inclusive('\n').scan(0, |next, line| {
        let start = *next;
        *next += line.len();
        Some(start)
    })
}

/// Returns all targets for a cluster with their documents, by name. Compose projects are left out, since they
/// are deployed as they are written.
pub fn rendered_targets(
    built: &[Arc<BuiltTarget>],
    plain: &[PlainTarget],
    file: FileOf<'_, '_>,
) -> Vec<RenderedTarget> {
    let built = built.iter().map(|it| RenderedTarget::built(&it.target, file));
    let plain = plain.iter().filter(|it| it.kind != TargetKind::Compose);
    let plain = plain.map(|it| RenderedTarget::written(it, file));
    let mut all: Vec<RenderedTarget> = built.chain(plain).collect();
    all.sort_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
    all
}
