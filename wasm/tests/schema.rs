//! The JSON Schemas in the package and the reference of the configuration are those generated from the types.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use plimsoll_core::output::{options, wire};
use serde_json::Value;

/// What stands around the tables of `docs/configuration.md`.
const BEGIN: &str = "<!-- The tables are written from the types of the settings. -->\n";
const END: &str = "<!-- Here they end. -->\n";

/// Compares a file with what it should hold, or rewrites it with `UPDATE_SCHEMA=1`.
fn compare(path: &str, wanted: &str) {
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, wanted).unwrap();
    }
    let shipped = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        shipped == wanted,
        "{path} is out of date; update it with `UPDATE_SCHEMA=1 cargo test -p plimsoll-wasm --test schema`"
    );
}

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    for (name, schema) in [("report", wire::schema()), ("config", options::config_schema())] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/npm/schema");
        compare(&format!("{folder}/{name}.schema.json"), &schema);
    }
}

#[test]
fn the_reference_of_the_configuration_is_that_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let guide = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let (before, rest) = guide.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    compare(path, &format!("{before}{BEGIN}\n{}{END}{after}", tables()));
}

/// Returns the tables of all settings, and of the keys below those that have some.
fn tables() -> String {
    let schema: Value = serde_json::from_str(&options::config_schema()).unwrap();
    let mut out = table(&schema, &schema);
    for (key, name) in
        [("targets", "DescribedTarget"), ("overrides", "FileOverride"), ("server", "ServerSize")]
    {
        out.push_str(&format!("### Keys of `{key}`\n\n{}", table(&schema["$defs"][name], &schema)));
    }
    out
}

fn table(object: &Value, schema: &Value) -> String {
    let mut out = "| key | value | meaning |\n| --- | --- | --- |\n".to_owned();
    for (key, property) in object["properties"].as_object().unwrap() {
        let about =
            property["description"].as_str().unwrap_or_else(|| panic!("{key} has no description"));
        let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
        out.push_str(&format!("| `{key}` | {} | {about} |\n", value(property, schema)));
    }
    out + "\n"
}

/// Says in words which values a schema allows.
fn value(node: &Value, schema: &Value) -> String {
    if let Some(name) = node["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
        return match name {
            "OneOrMany" => "a text or a list of texts".to_owned(),
            "Plain" => "a text, a number, `true` or `false`".to_owned(),
            "Amount" => "a text or a number".to_owned(),
            name => value(&schema["$defs"][name], schema),
        };
    }
    if let Some(names) = node["enum"].as_array() {
        let names: Vec<String> =
            names.iter().map(|it| format!("`{}`", it.as_str().unwrap())).collect();
        let (last, first) = names.split_last().unwrap();
        return format!("{} or {last}", first.join(", "));
    }
    if let Some(choices) = node["anyOf"].as_array() {
        let choices = choices.iter().filter(|it| it["type"] != "null");
        return choices.map(|it| value(it, schema)).collect::<Vec<_>>().join(" or ");
    }
    let kinds = node["type"].as_array().cloned().unwrap_or_else(|| vec![node["type"].clone()]);
    match kinds[0].as_str().unwrap() {
        "string" => "a text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => format!("a list, each item {}", value(&node["items"], schema)),
        "object" if node["additionalProperties"].is_object() => {
            format!("a mapping to {}", value(&node["additionalProperties"], schema))
        }
        "object" => "a mapping with the keys below".to_owned(),
        kind => panic!("{kind}: {node}"),
    }
}
