//! The hash of content that Kustomize appends to the names of generated objects.
//!
//! The hash covers the object's kind, its data and an empty name, written as Go's `encoding/json`
//! writes them.

use super::value::{Data, Value};
use crate::syntax::Scalar;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Number of letters of a hash.
const LENGTH: usize = 10;

/// The letters that a hash may have: see [`letter`].
const LETTERS: &str = "bcdfghkmt2456789";

/// Returns the part of a name before the hash of its content, if it has one: `settings` of `settings-7f4g9k2m5t`.
pub fn name_before_hash(name: &str) -> Option<&str> {
    let (before, end) = name.rsplit_once('-')?;
    let is_hash = end.len() == LENGTH && end.chars().all(|it| LETTERS.contains(it));
    is_hash.then_some(before)
}

/// Returns the hash of a generated ConfigMap or Secret.
pub(super) fn of(object: &Value) -> String {
    let mut json = String::from("{");
    // The keys are in the order of the alphabet.
    match object.str_at(&["kind"]) {
        Some("Secret") => {
            member(&mut json, "data", object.get("data"), true);
            member(&mut json, "kind", object.get("kind"), true);
            json.push_str("\"name\":\"\",");
            member(&mut json, "stringData", object.get("stringData"), false);
            member(&mut json, "type", object.get("type"), true);
        }
        _ => {
            member(&mut json, "binaryData", object.get("binaryData"), false);
            member(&mut json, "data", object.get("data"), true);
            member(&mut json, "kind", object.get("kind"), true);
            json.push_str("\"name\":\"\",");
        }
    }
    json.pop();
    json.push('}');
    let digest = Sha256::digest(json.as_bytes());
    digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(LENGTH).map(letter).collect()
}

/// Returns a hexadecimal digit, or a consonant for one that could make a word or look like a letter.
fn letter(digit: u8) -> char {
    match char::from_digit(u32::from(digit), 16).unwrap_or('0') {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    }
}

/// Writes a key with its value and a comma; a value that has to be there is an empty string where it
/// is missing.
fn member(out: &mut String, key: &str, value: Option<&Value>, required: bool) {
    if value.is_none() && !required {
        return;
    }
    string(out, key);
    out.push(':');
    match value {
        Some(value) => write_value(out, value),
        None => out.push_str("\"\""),
    }
    out.push(',');
}

fn write_value(out: &mut String, value: &Value) {
    match &value.data {
        Data::Scalar(scalar) => match scalar.typed() {
            Scalar::Null => out.push_str("null"),
            Scalar::Bool(it) => out.push_str(if it { "true" } else { "false" }),
            Scalar::Int(it) => out.extend(std::iter::once(it.to_string())),
            Scalar::Float(it) => out.push_str(&it.to_string()),
            Scalar::NotFinite(text) | Scalar::Str(text) => string(out, text),
        },
        Data::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Data::Map(map) => {
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (at, key) in keys.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                string(out, key);
                out.push(':');
                write_value(out, &map[key].value);
            }
            out.push('}');
        }
    }
}

/// Writes a string as Go does, which escapes what HTML or JavaScript could misread.
fn string(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_ten_letters_that_stand_for_digits() {
        let letters: String = (0..16).map(letter).collect();
        assert!(letters.chars().all(|it| LETTERS.contains(it)) && LETTERS.len() == 16);
        assert_eq!(name_before_hash("web-settings-7f4g9k2m5t"), Some("web-settings"));
        for name in ["settings", "settings-7f4g9k2m5", "settings-1234567890", "7f4g9k2m5t"] {
            assert_eq!(name_before_hash(name), None, "{name}");
        }
    }
}
