//! The section `plimsoll` of the client's settings.

use plimsoll_core::ide::hints::HintKinds;
use plimsoll_core::ide::lenses::LensKinds;
use plimsoll_core::syntax::parse;
use plimsoll_core::text::FileId;
use plimsoll_core::{Config, rules};
use serde_json::Value;
use std::sync::Arc;

/// Keys of the section that are no keys of a `plimsoll.yaml`.
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

/// The kinds of hints and lenses that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    pub hints: HintKinds,
    pub lenses: LensKinds,
}

/// Reads which hints and lenses are switched off: `{ "inlayHints": { "budgets": false } }`.
pub fn shown(section: &Value) -> Shown {
    let is_on = |group: &str, kind: &str| section[group][kind].as_bool().unwrap_or(true);
    let (hint, lens) = (|kind| is_on("inlayHints", kind), |kind| is_on("codeLens", kind));
    Shown {
        hints: HintKinds {
            interpolated: hint("interpolated"),
            rendered: hint("rendered"),
            budgets: hint("budgets"),
            replicas: hint("replicas"),
        },
        lenses: LensKinds {
            verdict: lens("verdict"),
            counterparts: lens("counterparts"),
            targets: lens("targets"),
        },
    }
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

    #[test]
    fn each_kind_of_hint_and_lens_can_be_switched_off() {
        assert_eq!(shown(&Value::Null), Shown::default());
        let section =
            json!({ "inlayHints": { "budgets": false }, "codeLens": { "verdict": false } });
        let expected = Shown {
            hints: HintKinds { budgets: false, ..HintKinds::default() },
            lenses: LensKinds { verdict: false, ..LensKinds::default() },
        };
        assert_eq!(shown(&section), expected);
        assert!(read(&section).1.is_empty());
    }
}
