//! Parses YAML into a tree with byte spans, comments, anchors and any number of documents.
//!
//! This is the only module that knows the parser underneath. Parsing always yields a tree, with errors
//! beside it as [`Problem`]s; a broken document never hides the others.

mod comments;
mod duplicates;
mod errors;
mod events;
mod indentation;
mod limits;
mod lines;
mod literal;
mod lookup;
mod merge;
mod parse;
mod problem;
mod repair;
mod scalar;
mod tree;

pub use comments::Comment;
pub use limits::MAX_BYTES;
pub use literal::LiteralLines;
pub use lookup::Step;
pub use merge::{OddMerge, OddMergeKind};
pub use parse::parse;
pub use problem::{Problem, ProblemKind};
pub use scalar::{Scalar, finite, natural};
pub use tree::{Document, Entry, Node, NodeId, NodeKind, Style, Tree, TreeBuilder};

#[cfg(test)]
mod tests;
