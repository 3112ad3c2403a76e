//! The command `plimsoll.explain`: a rule in full, as Markdown, or the list of all rules.

use plimsoll_core::output::wire;
use plimsoll_core::{explain, rules};
use serde_json::Value;

/// Returns the page of a rule, by code or name.
pub fn page(code_or_name: &str) -> Option<String> {
    rules::find(code_or_name).map(explain::markdown)
}

/// Returns every rule, as `plimsoll explain --format json` prints them.
pub fn list() -> Option<Value> {
    serde_json::to_value(rules::all().map(wire::Rule::from).collect::<Vec<_>>()).ok()
}
