//! A chart's values: layers laid over one another, handed down to subcharts and up from them.

mod coalesce;
mod dependencies;
mod schema;
mod set;
mod tree;

pub use coalesce::{Nulls, coalesce, merge_over};
pub use dependencies::{Missing, process};
pub use schema::validate;
pub use set::{apply as apply_set, is_path};
pub use tree::Node;
