//! How Go prints values: `%v`, `print`, `printf`.

mod number;
mod printf;
mod quote;

pub use number::{float, float_json};
pub use printf::printf;
pub use quote::quoted;

use super::budget::{VISIT, check_depth};
use super::failure::Result;
use super::object::Object;
use super::value::{Data, Heap, Value};
use crate::build::origin::Text;

/// What an action prints for a missing value. Helm takes it out of the finished text.
pub const NO_VALUE: &str = "<no value>";

/// The text that an action prints.
pub fn printed(value: &Value, heap: &Heap) -> Result<Text> {
    match &value.data {
        Data::Null => Ok(Text::plain(NO_VALUE)),
        // Paid for where it is printed.
        Data::Str(text) => Ok((**text).clone()),
        _ => display(value, heap),
    }
}

/// Prints a value as `%v` does.
pub fn display(value: &Value, heap: &Heap) -> Result<Text> {
    if let Data::Str(text) = &value.data {
        heap.budget.spend_bytes(text.weight())?;
        return Ok((**text).clone());
    }
    let mut text = String::new();
    write(value, &mut text, heap, 0)?;
    Ok(placed(text, value))
}

/// Text of a scalar at the scalar's place.
pub fn placed(text: String, value: &Value) -> Text {
    match &value.origin {
        Some(origin) => {
            let exact = origin.text == text;
            Text::from_place(text, origin.span, exact, None)
        }
        None => Text::plain(text),
    }
}

fn write(value: &Value, out: &mut String, heap: &Heap, depth: usize) -> Result<()> {
    check_depth(depth)?;
    heap.budget.spend_steps(VISIT)?;
    let before = out.len();
    match &value.data {
        Data::Null => out.push_str("<nil>"),
        Data::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Data::Int(value) | Data::Int64(value) => out.push_str(&value.to_string()),
        Data::Float(value) => out.push_str(&float(*value)),
        Data::Str(text) => out.push_str(text.as_str()),
        Data::Bytes(bytes) => {
            let numbers: Vec<String> = bytes.bytes().map(|byte| byte.to_string()).collect();
            out.push_str(&format!("[{}]", numbers.join(" ")));
        }
        Data::Time(seconds) => out.push_str(&super::functions::date::go_time(*seconds)),
        Data::List(list) => {
            out.push('[');
            for (index, item) in list.items().iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                write(item, out, heap, depth + 1)?;
            }
            out.push(']');
        }
        Data::Dict(dict) => {
            out.push_str("map[");
            for (index, (key, entry)) in dict.entries().iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                write(&entry.value, out, heap, depth + 1)?;
            }
            out.push(']');
        }
        Data::Object(object) => write_object(object, out),
    }
    heap.budget.spend_bytes(out.len().saturating_sub(before))
}

fn write_object(object: &Object, out: &mut String) {
    match object {
        Object::Files(files) => {
            let files: Vec<String> = files
                .iter()
                .map(|(path, text)| {
                    let bytes: Vec<String> =
                        text.as_str().bytes().map(|byte| byte.to_string()).collect();
                    format!("{path}:[{}]", bytes.join(" "))
                })
                .collect();
            out.push_str(&format!("map[{}]", files.join(" ")));
        }
        Object::ApiVersions(versions) => out.push_str(&format!("[{}]", versions.join(" "))),
        Object::Record(record) => out.push_str(&record.display),
    }
}

/// Go's `fmt.Sprint`: a space between two values where neither is a string.
pub fn print(values: &[Value], heap: &Heap) -> Result<Text> {
    let mut text = Text::new();
    let mut string_before = true;
    for value in values {
        let is_string = matches!(value.data, Data::Str(_));
        if !text.is_empty() && !is_string && !string_before {
            text.push_plain(" ");
        }
        text.push(&display(value, heap)?);
        string_before = is_string;
    }
    Ok(text)
}

/// Go's `fmt.Sprintln`.
pub fn println(values: &[Value], heap: &Heap) -> Result<Text> {
    let texts: Result<Vec<Text>> = values.iter().map(|value| display(value, heap)).collect();
    let mut text = Text::join(&texts?, &Text::plain(" "));
    text.push_plain("\n");
    Ok(text)
}
