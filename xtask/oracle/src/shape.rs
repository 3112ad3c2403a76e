//! Both sides in one form: what differs only in spelling is made equal here, and nothing else is.

mod ours;
mod real;

pub use ours::{SERVICE, TOP_LEVEL};
pub use real::{object, service, unescape};

use plimsoll_core::text::normalise_path;
use serde_json::{Value, json};

/// A relative path in one spelling; the two sides differ in leading `./` and trailing slashes.
fn path(value: Value) -> Value {
    match &value {
        Value::String(text) if text.starts_with(['/', '~']) || text.contains(':') => value,
        Value::String(text) if text.contains('\\') => value,
        Value::String(text) => match normalise_path(text).as_str() {
            "" => json!("."),
            plain => json!(plain),
        },
        _ => value,
    }
}

/// Drops the keys without a value.
fn bare(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    Value::Object(map.into_iter().filter(|it| !it.1.is_null()).collect())
}

/// Where the order means nothing: sorted, each once.
fn sorted(mut values: Vec<String>) -> Value {
    values.sort();
    values.dedup();
    if values.is_empty() { Value::Null } else { values.into() }
}
