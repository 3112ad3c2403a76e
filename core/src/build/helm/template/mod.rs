//! Go templates: text to a tree of nodes with their places.

mod known;
mod lex;
mod literal;
pub mod node;
mod parse;
mod pipeline;

pub use known::KnownTemplates;
pub use node::{Source, Template};
pub use parse::{Parsed, parse};
