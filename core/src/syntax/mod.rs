//! YAML text to a tree with byte spans, comments, anchors and many documents.
//!
//! The only module that knows the parser underneath. Parsing always yields a tree: what is wrong
//! comes beside it as [`Problem`]s, and a broken document never hides the others.

mod comments;
mod duplicates;
mod errors;
mod events;
mod lookup;
mod merge;
mod parse;
mod repair;
mod scalar;
mod tree;

pub use comments::Comment;
pub use lookup::Step;
pub use parse::{MAX_BYTES, Problem, ProblemKind, parse};
pub use scalar::{Scalar, finite};
pub use tree::{Document, Entry, Node, NodeId, NodeKind, Style, Tree, TreeBuilder};

#[cfg(test)]
mod tests;
