//! Go templates: text to a tree of nodes with their places.

mod lex;
mod literal;
pub mod node;
mod parse;
mod pipeline;

pub use node::{Source, Template};
pub use parse::parse;
