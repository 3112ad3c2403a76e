//! A report as text, for people and for other programs: one file per format.
//!
//! Byte spans become lines and columns here; nothing upstream knows a wire format.

mod columns;
mod compare;
mod decision;
mod github;
mod junit;
mod markdown;
pub mod options;
mod place;
mod sarif;
mod snippet;
mod style;
#[cfg(test)]
mod testing;
mod text;
pub mod wire;
pub mod wire_compare;
pub mod wire_targets;

pub use columns::{escape, escape_line};
pub use compare::{json as comparison_json, markdown as comparison_markdown, text as comparison};
pub use decision::{decision, records as decision_markdown};
pub use github::github;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use style::Style;
pub use text::text;
pub use wire::json;
