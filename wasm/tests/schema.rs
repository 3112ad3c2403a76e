//! The JSON Schema in the package is the one generated from the types.

use plimsoll_core::output::wire;

#[test]
fn the_shipped_schema_is_that_of_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/npm/schema/report.schema.json");
    let schema = wire::schema();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &schema).unwrap();
    }
    let shipped = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        shipped == schema,
        "{path} is out of date; update it with `UPDATE_SCHEMA=1 cargo test -p plimsoll-wasm --test schema`"
    );
}
