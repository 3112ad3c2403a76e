//! What an editor can ask about a snapshot: what stands at a place, where a name is defined, who refers to
//! it, what may be written here, what a file links to and what it consists of.
//!
//! Every answer is in bytes and knows no protocol, so that the language server, the page and the npm package
//! can share it.

mod anchors;
mod budgets;
mod charts;
pub mod completion;
mod compose;
pub mod folding;
mod here;
pub mod hints;
pub mod hover;
mod kubernetes;
mod kustomize;
pub mod lenses;
pub mod links;
pub mod names;
pub mod navigation;
mod objects;
pub mod rename;
mod rendered;
pub mod symbols;
mod templates;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod valid;
mod words;

pub use names::{ComposeKind, Name, Names, Occurrence, Role, World};

use crate::analysis::Analysis;
use std::sync::{Arc, OnceLock};

/// A snapshot with its index of names, which is made when somebody first asks for it.
#[derive(Debug)]
pub struct Snapshot {
    pub analysis: Arc<Analysis>,
    names: OnceLock<Names>,
}

impl Snapshot {
    pub fn new(analysis: impl Into<Arc<Analysis>>) -> Snapshot {
        Snapshot { analysis: analysis.into(), names: OnceLock::new() }
    }

    /// Returns the index of names.
    pub fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(&self.analysis))
    }

    /// Returns what requests about names are answered from.
    pub fn indexed(&self) -> Indexed<'_> {
        Indexed { analysis: &self.analysis, names: self.names() }
    }
}

/// An analysis with its index of names.
#[derive(Debug, Clone, Copy)]
pub struct Indexed<'s> {
    pub analysis: &'s Analysis,
    pub names: &'s Names,
}
