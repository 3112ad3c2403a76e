//! What a caller of the npm package hands over. The core reads these as JSON with the reader of
//! `plimsoll.yaml`; the types stand here so that TypeScript gets them from Rust like the report's.

use super::words::{Level, Role, Severity};
use serde::Serialize;
use std::collections::BTreeMap;

/// A file of the project. The path is only a name, with `/` between folders; nothing is opened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct SourceFile {
    pub path: String,
    pub text: String,
}

/// What to look for and how to judge it: the keys of `plimsoll.yaml`, and two filters.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The role of every Compose file that `roles` does not name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Path or file name of a Compose file, and its role.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, Role>"))]
    pub roles: Option<BTreeMap<String, Role>>,
    /// A code, family (`PLM1`) or name, and its severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, Level>"))]
    pub rules: Option<BTreeMap<String, Level>>,
    /// Codes, families or names to leave out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore: Option<Vec<String>>,
    /// Your own answers for the decision, which win over what the files suggest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, string>"))]
    pub answers: Option<BTreeMap<String, String>>,
    /// The machine that the files are measured against; 16 CPUs and 64 GiB unless told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerSize>,
    /// Codes, families or names; all others are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<Vec<String>>,
    /// Findings below it are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
}

/// How large a machine is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct ServerSize {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// As `64GiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    fn one<V>(key: &str, value: V) -> Option<BTreeMap<String, V>> {
        Some(BTreeMap::from([(key.to_owned(), value)]))
    }

    /// Every key but the two filters is one that the reader of the configuration knows.
    #[test]
    fn the_keys_are_those_of_the_configuration() {
        let options = Options {
            role: Some("production".into()),
            roles: one("compose.dev.yaml", "development".into()),
            rules: one("PLM101", "off".into()),
            ignore: Some(vec!["PLM8".to_owned()]),
            answers: one("downtime", "minutes".to_owned()),
            server: Some(ServerSize { cpus: Some(8.0), memory: Some("32GiB".to_owned()) }),
            select: None,
            min_severity: None,
        };
        let text = serde_json::to_string(&options).expect("options are JSON");
        let (tree, _) = parse(FileId(0), &Arc::from(text.as_str()), None);
        let (config, problems) = Config::read(&tree);
        assert_eq!(problems, []);
        assert_eq!((config.roles.len(), config.rules.len(), config.answers.len()), (1, 2, 1));
        assert_eq!(config.server.map(|it| it.cpus), Some(8.0));
        assert!(config.role.is_some());
        assert_eq!(serde_json::to_string(&Options::default()).expect("JSON"), "{}");
    }
}
