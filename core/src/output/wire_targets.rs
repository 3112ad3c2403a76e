//! The JSON form of what targets put onto the cluster.

use super::wire::wire;
use crate::Analysis;
use crate::build::Manifest;
use crate::model::PlainTarget;
use crate::report::{Environment, TargetKind};
use crate::text::{Encoding, Span};
use serde::Serialize;

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
    }
}

/// Returns all targets for a cluster with their documents, by name. Compose projects are left out, since they
/// are deployed as they are written.
pub fn rendered_targets(analysis: &Analysis) -> Vec<RenderedTarget> {
    let built = analysis.targets().iter().map(|built| {
        let target = &built.target;
        RenderedTarget {
            name: target.name.clone(),
            kind: target.kind,
            environment: target.environment,
            documents: documents(analysis, target.manifests()),
            reasons: target.reasons.iter().map(|it| it.message.clone()).collect(),
        }
    });
    let plain = analysis.plain_targets().iter().filter(|it| it.kind != TargetKind::Compose);
    let plain = plain.map(|target| RenderedTarget {
        name: target.name.clone(),
        kind: target.kind,
        environment: target.environment,
        documents: documents(analysis, written(analysis, target)),
        reasons: target.reason.iter().cloned().collect(),
    });
    let mut all: Vec<RenderedTarget> = built.chain(plain).collect();
    all.sort_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
    all
}

fn documents(analysis: &Analysis, manifests: Vec<Manifest>) -> Vec<RenderedDocument> {
    let document = |manifest: Manifest| RenderedDocument {
        source: place(analysis, manifest.source),
        text: manifest.text,
    };
    manifests.into_iter().map(document).collect()
}

/// Returns the documents of a folder of manifests as they are written.
fn written(analysis: &Analysis, target: &PlainTarget) -> Vec<Manifest> {
    let mut manifests = Vec::new();
    for file in target.files.iter().map(|id| analysis.file(*id)) {
        for document in file.tree.documents.iter().filter(|it| it.root.is_some()) {
            let text = file.text().get(document.span.range()).unwrap_or_default();
            manifests.push(Manifest { text: text.to_owned(), source: document.span });
        }
    }
    manifests
}

/// Returns `path:line`.
fn place(analysis: &Analysis, span: Span) -> String {
    let file = analysis.file(span.file);
    let line = file.lines.position(span.start as usize, Encoding::Utf8).line + 1;
    format!("{}:{line}", file.path())
}
