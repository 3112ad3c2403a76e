//! Kustomizations, built: what `kubectl kustomize` would print, as values whose spans point at the
//! base, the patch, the `images:` entry or the generator that they come from.
//!
//! [`Builder`] gets the project's files and builds one folder after the other; bases that several
//! overlays share are built once. Nothing fails as a whole: what Kustomize would refuse and what is not
//! built here (remote bases, remote charts, plugins) becomes a [`Reason`] at its place, and the rest of the
//! target stays. Only a kustomization that Kustomize cannot even read makes nothing.

mod accumulated;
mod builtins;
mod charts;
mod config;
mod edits;
mod fields;
mod fieldspec;
mod generators;
mod hash;
mod images;
mod inline;
mod jsonpatch;
mod labels;
mod load;
mod merge;
mod metadata;
mod names;
mod namespace;
mod object;
mod order;
mod patches;
mod paths;
mod print;
mod references;
mod replacements;
mod schema;
mod selector;
mod sources;
mod target;
mod value;
mod vars;

#[cfg(test)]
mod tests;

pub use edits::Edits;
pub use hash::name_before_hash;
pub use print::{print, print_node};
pub use sources::{NAMES, SourceFile, Sources, is_kustomization};
pub use value::{Data, Field, Map, Scalar, Value};

use crate::syntax::{Document, Tree, TreeBuilder};
use crate::text::{FileId, Span};
use accumulated::Accumulated;
use std::rc::Rc;
use std::sync::Arc;

/// Maximum number of nodes that are made for one target. A node takes some 200 bytes.
const MAX_NODES: usize = 1 << 20;

/// Result of building a kustomization.
#[derive(Debug, Default)]
pub struct Built {
    pub objects: Vec<BuiltObject>,
    /// What is missing or doubtful, with the place that says so.
    pub reasons: Vec<Reason>,
    /// The entries that match nothing.
    pub unmatched: Vec<Unmatched>,
    /// The files that took part: kustomizations, resources, patches, what generators read.
    pub read: Vec<FileId>,
    /// Whether a kustomization has a value of the wrong type, so that Kustomize cannot read the file.
    pub is_malformed: bool,
}

/// An object as it reaches the cluster.
#[derive(Debug, Clone)]
pub struct BuiltObject {
    pub value: Value,
    /// The file that the object was read from, or whose generator made it.
    pub file: FileId,
}

/// An entry of a kustomization that names what is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    pub what: UnmatchedKind,
    /// The path, the name or the selector.
    pub name: String,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnmatchedKind {
    /// A file or folder under `resources`, `bases` or `components`.
    Resource,
    /// A file of a patch, a replacement or a configuration.
    File,
    /// A patch that names its object itself.
    Patch,
    /// A patch with a `target`.
    PatchTarget,
    Image,
    Replicas,
    ReplacementSource,
    ReplacementTarget,
}

impl UnmatchedKind {
    /// Whether Kustomize refuses to build because of it; otherwise the entry does nothing.
    pub fn is_refused(self) -> bool {
        match self {
            UnmatchedKind::Resource
            | UnmatchedKind::File
            | UnmatchedKind::Patch
            | UnmatchedKind::Replicas
            | UnmatchedKind::ReplacementSource => true,
            UnmatchedKind::PatchTarget
            | UnmatchedKind::Image
            | UnmatchedKind::ReplacementTarget => false,
        }
    }
}

/// Why a target is not built in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub kind: ReasonKind,
    pub message: String,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonKind {
    /// Kustomize refuses to build this.
    Refused,
    /// Kustomize refuses to build this because a file that a generator of ConfigMaps or Secrets reads is not there.
    GeneratorInput,
    /// Kustomize refuses to build this unless it is started with `--load-restrictor LoadRestrictionsNone`.
    Restricted,
    /// Kustomize would fetch this: a remote base, component or file.
    Remote,
    /// Kustomize would build this with something else that is not at hand: a plugin, a chart.
    NotBuilt,
    /// Kustomize would make Secrets here with a plugin that decrypts them.
    Secrets,
    /// The project is larger than a build may be.
    Limit,
}

/// Builds the kustomizations of a project.
#[derive(Debug)]
pub struct Builder<'b, 's> {
    sources: &'b Sources<'s>,
    built_in: Rc<schema::Schema>,
    /// The schema of the build that is under way.
    schema: Rc<schema::Schema>,
    /// Whether a kustomization has brought a schema of its own.
    own_schema: bool,
    defaults: Rc<config::Config>,
    budget: value::Budget,
    /// The folders that were built already, as part of others or alone.
    done: rustc_hash::FxHashMap<String, Rc<Accumulated>>,
    /// The folders that are being built, the outermost first.
    open: Vec<String>,
    /// The namespaces of the folders that are being built.
    namespaces: Vec<Option<String>>,
    /// Changes to the root of the target that is being built.
    edits: Edits,
}

impl<'b, 's> Builder<'b, 's> {
    pub fn new(sources: &'b Sources<'s>) -> Builder<'b, 's> {
        let built_in = Rc::new(schema::Schema::built_in());
        Builder {
            sources,
            schema: Rc::clone(&built_in),
            built_in,
            own_schema: false,
            defaults: Rc::new(config::Config::defaults()),
            budget: value::Budget::new(MAX_NODES),
            done: rustc_hash::FxHashMap::default(),
            open: Vec::new(),
            namespaces: Vec::new(),
            edits: Edits::default(),
        }
    }

    /// Builds the kustomization of a folder, given by its path from the project's root.
    pub fn build(&mut self, folder: &str) -> Built {
        self.build_edited(folder, &Edits::default())
    }

    /// Builds the kustomization of a folder after some changes to it.
    pub fn build_edited(&mut self, folder: &str, edits: &Edits) -> Built {
        self.edits = edits.clone();
        self.budget = value::Budget::new(MAX_NODES);
        let built = self.finish(folder);
        if std::mem::take(&mut self.own_schema) {
            // What was merged by another schema must not reach the next build.
            self.schema = Rc::clone(&self.built_in);
            self.done.clear();
        }
        built
    }
}

/// Returns the objects as the documents of a tree, for the readers of ordinary manifests. The tree has
/// no text of its own: its spans point into the files that the objects come from.
pub fn tree(objects: &[BuiltObject]) -> Tree {
    let mut builder = TreeBuilder::new(Arc::from(""));
    for object in objects {
        let root = object.value.push(&mut builder);
        let span = object.value.span;
        builder.document(Document { root: Some(root), span, repairs: Vec::new(), broken: false });
    }
    builder.finish()
}
