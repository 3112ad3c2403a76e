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

/// A snapshot with its index of names. Whoever keeps the snapshot keeps the index beside it, made once when
/// somebody first asks for a name.
#[derive(Debug, Clone, Copy)]
pub struct Indexed<'s> {
    pub analysis: &'s Analysis,
    pub names: &'s Names,
}
