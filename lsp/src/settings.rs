//! The section `plimsoll` of the client's settings.

use plimsoll_core::syntax::parse;
use plimsoll_core::text::FileId;
use plimsoll_core::{Config, rules};
use serde_json::Value;
use std::sync::Arc;

/// Settings of the editor's side, which the server leaves to it.
const CLIENT_SETTINGS: [&str; 3] = ["trace", "inlayHints", "codeLens"];

/// Reads the section, which has the keys of a `plimsoll.yaml`, and returns what is wrong with it. JSON is YAML,
/// so the reader of `plimsoll.yaml` reads an editor's settings too.
pub fn read(section: &Value) -> (Config, Vec<String>) {
    let mut section = match section {
        Value::Object(section) => section.clone(),
        Value::Null => return (Config::default(), Vec::new()),
        _ => return (Config::default(), vec!["`plimsoll` must be an object".to_owned()]),
    };
    // An editor sends what nobody has set as null.
    section.retain(|key, value| !value.is_null() && !CLIENT_SETTINGS.contains(&key.as_str()));
    let text = Value::Object(section).to_string();
    let (tree, _) = parse(FileId(0), &Arc::from(text), None);
    let (config, problems) = Config::read(&tree, &rules::unknown);
    (config, problems.into_iter().map(|it| it.message).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mistakes_are_said_and_the_editors_own_settings_are_not() {
        for wrong in [
            json!({ "rules": "nope" }),
            json!({ "rules": { "PLM999": "off" } }),
            json!({ "rulse": {} }),
            json!("nope"),
        ] {
            assert_eq!(read(&wrong).1.len(), 1, "{wrong}");
        }
        let fine =
            json!({ "trace": { "server": "off" }, "rules": { "PLM002": "off" }, "exclude": null });
        let (config, problems) = read(&fine);
        assert!(problems.is_empty(), "{problems:?}");
        assert_ne!(config, Config::default());
    }
}
