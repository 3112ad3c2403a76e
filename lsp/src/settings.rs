//! The section `plimsoll` of the client's settings.

use plimsoll_core::ide::hints::HintKinds;
use plimsoll_core::ide::lenses::LensKinds;
use plimsoll_core::syntax::parse;
use plimsoll_core::text::FileId;
use plimsoll_core::{Config, rules};
use serde_json::Value;
use std::sync::Arc;

/// A group of kinds that can be switched off one by one: `{ "inlayHints": { "budgets": false } }`.
struct Group {
    key: &'static str,
    kinds: &'static [&'static str],
}

const HINTS: Group =
    Group { key: "inlayHints", kinds: &["interpolated", "rendered", "budgets", "replicas"] };
const LENSES: Group = Group { key: "codeLens", kinds: &["verdict", "counterparts", "targets"] };

/// Keys of the section that are no keys of a `plimsoll.yaml`. The server leaves `trace` to the editor.
const CLIENT_SETTINGS: [&str; 3] = ["trace", HINTS.key, LENSES.key];

/// Reads the section, which has the keys of a `plimsoll.yaml`, and returns what is wrong with it. JSON is YAML,
/// so the reader of `plimsoll.yaml` reads an editor's settings too.
pub fn read(section: &Value) -> (Config, Vec<String>) {
    let mut problems: Vec<String> =
        [HINTS, LENSES].iter().flat_map(|it| it.problems(section)).collect();
    let mut section = match section {
        Value::Object(section) => section.clone(),
        Value::Null => return (Config::default(), Vec::new()),
        _ => return (Config::default(), vec!["`plimsoll` must be an object".to_owned()]),
    };
    // An editor sends what nobody has set as null.
    section.retain(|key, value| !value.is_null() && !CLIENT_SETTINGS.contains(&key.as_str()));
    let text = Value::Object(section).to_string();
    let (tree, _) = parse(FileId(0), &Arc::from(text), None);
    let (config, wrong) = Config::read(&tree, &rules::unknown);
    problems.extend(wrong.into_iter().map(|it| it.message));
    (config, problems)
}

impl Group {
    /// Whether a kind is shown. All are until somebody switches them off.
    fn is_on(&self, section: &Value, kind: &str) -> bool {
        section[self.key][kind].as_bool().unwrap_or(true)
    }

    /// Returns what is wrong with the group.
    fn problems(&self, section: &Value) -> Vec<String> {
        let key = self.key;
        let group = match &section[key] {
            Value::Null => return Vec::new(),
            Value::Object(group) => group,
            _ => return vec![format!("`{key}` must be an object")],
        };
        let problem = |(kind, value): (&String, &Value)| {
            if value.is_null() {
                return None;
            }
            if !self.kinds.contains(&kind.as_str()) {
                let known = self.kinds.join("`, `");
                return Some(format!(
                    "`{kind}` is not a known kind of `{key}`; known are `{known}`"
                ));
            }
            (!value.is_boolean()).then(|| format!("`{key}.{kind}` must be `true` or `false`"))
        };
        group.iter().filter_map(problem).collect()
    }
}

/// The kinds of hints and lenses that are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shown {
    pub hints: HintKinds,
    pub lenses: LensKinds,
}

/// Reads which hints and lenses are shown.
pub fn shown(section: &Value) -> Shown {
    let hint = |kind| HINTS.is_on(section, kind);
    let lens = |kind| LENSES.is_on(section, kind);
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
            json!({ "inlayHints": true }),
            json!({ "inlayHints": { "budget": false } }),
            json!({ "codeLens": { "verdict": "off" } }),
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
        let switch = |group: &Group, kind: &str| {
            let section = json!({ group.key: { kind: false } });
            assert!(read(&section).1.is_empty(), "{section}");
            shown(&section)
        };
        let mut seen = vec![Shown::default()];
        for group in [HINTS, LENSES] {
            for kind in group.kinds {
                let off = switch(&group, kind);
                assert!(!seen.contains(&off), "`{kind}` switches something of its own off");
                seen.push(off);
            }
        }
        let hints = HintKinds { budgets: false, ..HintKinds::default() };
        assert_eq!(switch(&HINTS, "budgets"), Shown { hints, ..Shown::default() });
    }
}
