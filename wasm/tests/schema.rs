//! The JSON Schemas in the package are those generated from the types.

use plimsoll_core::output::{options, wire};

#[test]
fn the_shipped_schemas_are_those_of_the_types() {
    for (name, schema) in [("report", wire::schema()), ("config", options::config_schema())] {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/npm/schema");
        let path = format!("{folder}/{name}.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &schema).unwrap();
        }
        let shipped = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            shipped == schema,
            "{path} is out of date; update it with `UPDATE_SCHEMA=1 cargo test -p plimsoll-wasm --test schema`"
        );
    }
}
