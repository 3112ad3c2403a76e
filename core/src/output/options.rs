//! The arguments of the npm package. The core reads them as JSON with the reader of `plimsoll.yaml`;
//! these types exist so that their TypeScript declarations come from Rust, like those of the report.

use crate::report::{Environment, FailOn, Level, Role, Severity};
use serde::Serialize;
use std::collections::BTreeMap;

/// A file of the project. The path is only a name, with `/` between folders: nothing is opened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct SourceFile {
    pub path: String,
    pub text: String,
}

/// A file of the project that is handed over as bytes. A packed subchart (`charts/redis-1.2.3.tgz`) has to be;
/// anything else is decoded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct PackedFile {
    pub path: String,
    #[cfg_attr(feature = "typescript", tsify(type = "Uint8Array"))]
    pub bytes: Vec<u8>,
}

/// What to look for and how to judge it: the keys of `plimsoll.yaml` and two filters.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The role of every Compose file that nothing else gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Paths or names of Compose files, and their roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, Role>"))]
    pub roles: Option<BTreeMap<String, Role>>,
    /// Rules by their codes, families (`PLM6`) or names, and their levels; later entries win.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, Level>"))]
    pub rules: Option<BTreeMap<String, Level>>,
    /// Codes, families or names of rules that are off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<OneOrMany>"))]
    pub ignore: Option<Vec<String>>,
    /// Your own answers for the decision, which win over what the files suggest: `downtime`, `teams`, `audit`, and the
    /// six questions by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, string | number | boolean>"))]
    #[cfg_attr(feature = "schema", schemars(with = "Option<BTreeMap<String, Plain>>"))]
    pub answers: Option<BTreeMap<String, String>>,
    /// The server that the decision measures against, with 16 CPUs and 64 GiB unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerSize>,
    /// The release that the cluster runs, such as `1.33`: charts are rendered for it, and API versions that it still
    /// serves are not reported as removed. Without one, the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Plain>"))]
    pub kubernetes: Option<String>,
    /// What is deployed: the only targets of the folders that they name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<DescribedTarget>>,
    /// Patterns of the files that are not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude: Option<OneOrMany>,
    /// Settings for some of the files; later ones win over earlier ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<Vec<FileOverride>>,
    /// The lowest severity that makes `plimsoll check` exit with 1, `error` unless given; `--fail-on` wins.
    #[serde(rename = "fail-on", skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<FailOn>,
    /// Whether rules run whose findings have not been judged on enough real files yet; this version has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<bool>,
    /// Paths of configuration files that this one is laid over; later ones win, and the file itself wins over all of
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<OneOrMany>,
    /// Codes, families or names of the only rules to use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<Vec<String>>,
    /// Findings below this severity are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
}

/// One pattern of paths or several.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Settings for some of the files.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct FileOverride {
    /// Patterns of the files that are meant; required.
    pub files: OneOrMany,
    /// Rules by their codes, families or names, and their levels in these files; later entries win.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", tsify(type = "Record<string, Level>"))]
    pub rules: Option<BTreeMap<String, Level>>,
    /// The role of the files, for Compose files and for Kubernetes manifests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// A value as people write it: `3`, `yes` or `minutes`.
#[cfg(feature = "schema")]
#[derive(Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
enum Plain {
    Text(String),
    Number(f64),
    Flag(bool),
    Nothing(()),
}

/// An amount as people write it: `8` or `64GiB`.
#[cfg(feature = "schema")]
#[derive(Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
enum Amount {
    Text(String),
    Number(f64),
}

/// The address of the JSON Schema of `plimsoll.yaml`.
#[cfg(feature = "schema")]
const CONFIG_SCHEMA: &str = "https://plimsoll.dev/config.schema.json";

/// Renders the JSON Schema (draft 2020-12) of `plimsoll.yaml`.
#[cfg(feature = "schema")]
pub fn config_schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<Options>();
    schema.insert("$id".to_owned(), CONFIG_SCHEMA.into());
    schema.insert("title".to_owned(), "Configuration of Plimsoll".into());
    schema.insert("description".to_owned(), "The settings of a `plimsoll.yaml`.".into());
    schema.insert("additionalProperties".to_owned(), false.into());
    let properties = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut);
    if let Some(properties) = properties {
        // The filters are arguments of the npm package and options of the command.
        properties.remove("select");
        properties.remove("minSeverity");
        let about = "The address of this schema, for editors.";
        let schema = serde_json::json!({ "type": "string", "description": about });
        properties.insert("$schema".to_owned(), schema);
    }
    let text = serde_json::to_string_pretty(&schema).expect("internal error: a schema is JSON");
    text + "\n"
}

/// A target in the words of the person who deploys it. Each names exactly one of `chart`, `kustomization` and
/// `compose`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct DescribedTarget {
    /// Path of a chart's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chart: Option<String>,
    /// Path of a kustomization's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomization: Option<String>,
    /// Path of a Compose project's folder or of one of its files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compose: Option<String>,
    /// Name of the target in reports and for `plimsoll render --target`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The stage that the target is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// Paths of the values files of a chart, later ones over earlier ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<OneOrMany>"))]
    pub values: Option<Vec<String>>,
    /// Single values of a chart by their paths, such as `image.tag`, over all values files.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "typescript",
        tsify(type = "Record<string, string | number | boolean | null>")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<BTreeMap<String, Plain>>"))]
    pub set: Option<BTreeMap<String, String>>,
    /// Name of a chart's release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Namespace that a chart is released into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The size of a server.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(deny_unknown_fields))]
pub struct ServerSize {
    /// Number of CPUs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Amount>"))]
    pub cpus: Option<f64>,
    /// Amount of memory, such as `64GiB`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Amount>"))]
    pub memory: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::config::Downtime;
    use crate::syntax::parse;
    use crate::text::FileId;
    use std::sync::Arc;

    fn one<V>(key: &str, value: V) -> Option<BTreeMap<String, V>> {
        Some(BTreeMap::from([(key.to_owned(), value)]))
    }

    /// The reader of the configuration knows every key except the two filters.
    #[test]
    fn the_keys_are_those_of_the_configuration() {
        let chart = DescribedTarget {
            chart: Some("chart".to_owned()),
            name: Some("shop".to_owned()),
            environment: Some(Environment::Production),
            values: Some(vec!["chart/values-prod.yaml".to_owned()]),
            set: Some(BTreeMap::from([("image.tag".to_owned(), "1.4".to_owned())])),
            release: Some("shop".to_owned()),
            namespace: Some("web".to_owned()),
            ..DescribedTarget::default()
        };
        let compose = DescribedTarget {
            compose: Some("compose.yaml".to_owned()),
            ..DescribedTarget::default()
        };
        let options = Options {
            role: Some(Role::Production),
            roles: one("compose.dev.yaml", Role::Development),
            rules: one("PLM101", Level::Off),
            ignore: Some(vec!["PLM8".to_owned()]),
            answers: one("downtime", "minutes".to_owned()),
            server: Some(ServerSize { cpus: Some(8.0), memory: Some("32GiB".to_owned()) }),
            kubernetes: Some("1.33".to_owned()),
            targets: Some(vec![chart, compose]),
            exclude: Some(OneOrMany::Many(vec!["old/**".to_owned()])),
            overrides: Some(vec![FileOverride {
                files: OneOrMany::One("*.dev.yaml".to_owned()),
                rules: one("PLM1", Level::Info),
                role: Some(Role::Development),
            }]),
            fail_on: Some(FailOn::Warning),
            preview: Some(true),
            extends: Some(OneOrMany::One("../plimsoll.yaml".to_owned())),
            select: None,
            min_severity: None,
        };
        let text = serde_json::to_string(&options).expect("options are JSON");
        let (tree, _) = parse(FileId(0), &Arc::from(text.as_str()), None);
        let (config, problems) = Config::read(&tree, &crate::rules::unknown);
        assert_eq!(problems, []);
        assert_eq!((config.roles.len(), config.rules.len()), (1, 2));
        assert_eq!(config.answers.downtime, Some(Downtime::Minutes));
        assert_eq!(config.server.map(|it| it.cpus), Some(8.0));
        assert!(config.role.is_some() && config.fail_on.is_some());
        assert_eq!(config.preview, Some(true));
        assert!(config.kubernetes.as_ref().is_some_and(|it| it.is_at_least("1.33")));
        assert!(config.excludes("old/compose.yaml"));
        assert_eq!(config.overridden_role("a.dev.yaml"), Some(Role::Development));
        assert_eq!((config.targets.requests.len(), config.targets.compose.len()), (1, 1));
        assert_eq!(serde_json::to_string(&Options::default()).expect("JSON"), "{}");
    }
}
