//! JSON in both directions, as Go's `encoding/json` has it.

use super::budget::{VISIT, check_depth};
use super::failure::{Failure, Result};
use super::object::Object;
use super::value::{Data, Entries, Entry, Heap, Value};
use super::{encode, format};
use crate::build::origin::Text;

/// How JSON is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// On one line, `<`, `>` and `&` escaped.
    Compact,
    /// On one line, as it is.
    Raw,
    /// Indented by two.
    Pretty,
}

pub fn to_json(value: &Value, heap: &Heap, layout: Layout) -> Result<Text> {
    let mut writer = Writer { out: Text::new(), layout, heap };
    writer.value(value, 0)?;
    Ok(writer.out)
}

struct Writer<'w> {
    out: Text,
    layout: Layout,
    heap: &'w Heap,
}

impl Writer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<()> {
        check_depth(depth)?;
        self.heap.budget.spend_steps(VISIT)?;
        match &value.data {
            Data::Null => self.scalar("null", value),
            Data::Bool(flag) => self.scalar(if *flag { "true" } else { "false" }, value),
            Data::Int(number) | Data::Int64(number) => self.scalar(&number.to_string(), value),
            Data::Float(number) => self.scalar(&format::float_json(*number), value),
            Data::Str(text) => self.string(text)?,
            Data::Bytes(bytes) => {
                self.string(&Text::plain(encode::base64_encode(bytes.as_bytes())))?;
            }
            Data::Time(seconds) => {
                self.string(&Text::plain(super::functions::date::rfc3339(*seconds)))?;
            }
            Data::List(list) => self.array(&list.items(), depth)?,
            Data::Dict(dict) => {
                let entries = dict.entries();
                let entries = entries.iter().map(|(key, entry)| (&**key, &entry.value));
                self.object(entries, depth)?;
            }
            Data::Object(object) => match &**object {
                Object::ApiVersions(versions) => {
                    let items: Vec<Value> =
                        versions.iter().map(|version| Value::string(version.as_str())).collect();
                    self.array(&items, depth)?;
                }
                Object::Files(files) => {
                    let files: Vec<(&str, Value)> = files
                        .iter()
                        .map(|(path, text)| {
                            let encoded = encode::base64_encode(text.as_str().as_bytes());
                            (&**path, Value::string(encoded))
                        })
                        .collect();
                    self.object(files.iter().map(|(path, value)| (*path, value)), depth)?;
                }
                Object::Record(record) => {
                    let fields = record.fields.iter().map(|(name, value)| (*name, value));
                    self.object(fields, depth)?;
                }
            },
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, value: &Value) {
        self.out.push(&format::placed(text.to_owned(), value));
    }

    fn string(&mut self, text: &Text) -> Result<()> {
        self.heap.budget.spend_bytes(text.len())?;
        self.out.push_plain("\"");
        if text.as_str().chars().any(|letter| self.escape(letter).is_some()) {
            let escaped: String = text
                .as_str()
                .chars()
                .map(|letter| self.escape(letter).unwrap_or_else(|| letter.to_string()))
                .collect();
            self.out.push(&text.recast(escaped));
        } else {
            self.out.push(text);
        }
        self.out.push_plain("\"");
        Ok(())
    }

    fn escape(&self, letter: char) -> Option<String> {
        let escaped = match letter {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            '<' | '>' | '&' if self.layout != Layout::Raw => format!("\\u{:04x}", letter as u32),
            '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", letter as u32),
            letter if (letter as u32) < 0x20 => format!("\\u{:04x}", letter as u32),
            _ => return None,
        };
        Some(escaped)
    }

    fn line(&mut self, depth: usize) {
        if self.layout == Layout::Pretty {
            self.out.push_plain("\n");
            self.out.push_plain(&"  ".repeat(depth));
        }
    }

    fn array(&mut self, items: &[Value], depth: usize) -> Result<()> {
        self.out.push_plain("[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push_plain(",");
            }
            self.line(depth + 1);
            self.value(item, depth + 1)?;
        }
        if !items.is_empty() {
            self.line(depth);
        }
        self.out.push_plain("]");
        Ok(())
    }

    fn object<'v>(
        &mut self,
        entries: impl Iterator<Item = (&'v str, &'v Value)>,
        depth: usize,
    ) -> Result<()> {
        self.out.push_plain("{");
        let mut empty = true;
        for (key, value) in entries {
            if !std::mem::replace(&mut empty, false) {
                self.out.push_plain(",");
            }
            self.line(depth + 1);
            self.string(&Text::plain(key))?;
            self.out.push_plain(if self.layout == Layout::Pretty { ": " } else { ":" });
            self.value(value, depth + 1)?;
        }
        if !empty {
            self.line(depth);
        }
        self.out.push_plain("}");
        Ok(())
    }
}

/// Reads JSON. The parts come from the first place of the text, since JSON is seldom written by hand.
pub fn from_json(text: &Text, heap: &Heap) -> Result<Value> {
    heap.budget.spend_bytes(text.len())?;
    let json: serde_json::Value = serde_json::from_str(text.as_str())
        .map_err(|error| Failure::new(error_in_go(text.as_str(), &error)))?;
    read(&json, text, heap)
}

/// The error in the words of `encoding/json`, as far as those of one fit.
fn error_in_go(text: &str, error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let before = crate::text::floor_boundary(line, error.column().saturating_sub(1));
    let Some(letter) = line[before..].chars().next() else {
        return format!("invalid JSON: {error}");
    };
    let rest = if error.to_string().starts_with("trailing characters") {
        "after top-level value"
    } else {
        "looking for beginning of value"
    };
    format!("invalid character '{letter}' {rest}")
}

fn read(json: &serde_json::Value, source: &Text, heap: &Heap) -> Result<Value> {
    Ok(match json {
        serde_json::Value::Null => Value::NULL,
        serde_json::Value::Bool(value) => Value::bool(*value),
        serde_json::Value::Number(number) => {
            Data::Float(number.as_f64().unwrap_or(f64::INFINITY)).into()
        }
        serde_json::Value::String(text) => heap.text(source.recast(text.clone()))?,
        serde_json::Value::Array(items) => {
            let items: Result<Vec<Value>> =
                items.iter().map(|item| read(item, source, heap)).collect();
            heap.list(items?)?
        }
        serde_json::Value::Object(object) => {
            let mut entries = Entries::new();
            for (key, value) in object {
                let value = read(value, source, heap)?;
                entries.insert(key.as_str().into(), Entry { key: None, value });
            }
            Data::Dict(heap.dict(entries)?).into()
        }
    })
}
