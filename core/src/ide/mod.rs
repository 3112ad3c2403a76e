//! What an editor can ask about a snapshot: which name stands at a place, where it is defined, who refers to
//! it, what a file links to and what it consists of.
//!
//! Every answer is in bytes and knows no protocol, so that the language server, the page and the npm package
//! can share it.

mod anchors;
mod charts;
mod compose;
pub mod folding;
mod kubernetes;
mod kustomize;
pub mod links;
pub mod names;
pub mod navigation;
pub mod rename;
pub mod symbols;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod valid;

pub use names::{ComposeKind, Name, Names, Occurrence, Role, World};

use crate::analysis::Analysis;
use std::sync::OnceLock;

/// A snapshot with its index of names, which is made when somebody first asks for it.
#[derive(Debug)]
pub struct Snapshot {
    pub analysis: Analysis,
    names: OnceLock<Names>,
}

impl Snapshot {
    pub fn new(analysis: Analysis) -> Snapshot {
        Snapshot { analysis, names: OnceLock::new() }
    }

    /// Returns the index of names.
    pub fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(&self.analysis))
    }
}
