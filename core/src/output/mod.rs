//! A report as text, for people and for other programs: one file per format.
//!
//! Byte spans become lines and columns here; nothing upstream knows a wire format.

mod decision;
mod github;
mod junit;
mod markdown;
pub mod options;
mod place;
mod sarif;
#[cfg(test)]
mod testing;
mod text;
pub mod wire;

pub use decision::decision;
pub use github::github;
pub use junit::junit;
pub use markdown::{decision as decision_markdown, markdown};
pub use sarif::sarif;
pub use text::{Style, text};
pub use wire::json;
