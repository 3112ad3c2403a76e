//! The command `plimsoll.explain`: a rule in full, as Markdown.

use plimsoll_core::{explain, rules};

/// Returns the page of a rule, by code or name.
pub fn page(code_or_name: &str) -> Option<String> {
    rules::find(code_or_name).map(explain::markdown)
}
