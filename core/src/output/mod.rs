//! A report as text, for people and for other programs: one file per format.
//!
//! Byte spans become lines and columns here; nothing upstream knows a wire format.

mod agent;
mod columns;
mod compare;
mod concise;
mod decision;
mod github;
mod gitlab;
mod junit;
mod markdown;
pub mod options;
mod place;
mod rdjson;
mod sarif;
mod snippet;
mod statistics;
mod style;
#[cfg(test)]
mod testing;
mod text;
mod unread;
pub mod wire;
pub mod wire_compare;
pub mod wire_targets;

pub use agent::agent;
pub use columns::{escape, escape_json, escape_line};
pub use compare::{json as comparison_json, markdown as comparison_markdown, text as comparison};
pub use concise::concise;
pub use decision::{decision, records as decision_markdown};
pub use github::{MAX_ANNOTATIONS, github};
pub use gitlab::gitlab;
pub use junit::junit;
pub use markdown::{job_summary, markdown};
pub use place::fingerprints;
pub use rdjson::rdjson;
pub use sarif::sarif;
pub use statistics::{statistics, statistics_json};
pub use style::Style;
pub use text::{Length, text};
pub use wire::{Include, checked_json, json, json_lines};
