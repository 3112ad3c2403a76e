//! The section `plimsoll` of the client's settings.

use plimsoll_core::syntax::parse;
use plimsoll_core::text::FileId;
use plimsoll_core::{Config, rules};
use serde_json::Value;
use std::sync::Arc;

/// Reads the section, which has the keys of a `plimsoll.yaml`, and returns what is wrong with it. JSON is YAML,
/// so the reader of `plimsoll.yaml` reads an editor's settings too.
pub fn read(section: &Value) -> (Config, Vec<String>) {
    if !section.is_object() {
        return (Config::default(), Vec::new());
    }
    let (tree, _) = parse(FileId(0), &Arc::from(section.to_string()), None);
    let (config, problems) = Config::read(&tree, &rules::unknown);
    (config, problems.into_iter().map(|it| it.message).collect())
}
