//! Objects as YAML in block style.

use super::value::{Budget, Data, Scalar, Value};
use crate::syntax::{Node, Scalar as Typed, Style};
use std::fmt::Write;

/// Returns the text of a document.
pub fn print(value: &Value) -> String {
    let mut out = String::new();
    match &value.data {
        Data::Map(map) if !map.is_empty() => block(&mut out, value, 0),
        Data::List(items) if !items.is_empty() => block(&mut out, value, 0),
        Data::Map(_) | Data::List(_) | Data::Scalar(_) => {
            inline(&mut out, value, 0);
            out.push('\n');
        }
    }
    out
}

/// The text of a document of a tree; `None` where it is larger than a build may be.
pub fn print_node(root: Node<'_>) -> Option<String> {
    Value::read(root, &mut Budget::new(super::MAX_NODES)).map(|value| print(&value))
}

/// Writes a mapping or list whose first line is already indented.
fn block(out: &mut String, value: &Value, indent: usize) {
    let mut first = true;
    let mut line = |out: &mut String| {
        if !std::mem::take(&mut first) {
            out.extend(std::iter::repeat_n(' ', indent));
        }
    };
    match &value.data {
        Data::Map(map) => {
            for (key, field) in map {
                line(out);
                scalar(out, &Scalar::string(key.clone()), indent);
                out.push(':');
                match &field.value.data {
                    Data::Map(map) if !map.is_empty() => {
                        newline(out, indent + 2);
                        block(out, &field.value, indent + 2);
                    }
                    Data::List(items) if !items.is_empty() => {
                        newline(out, indent);
                        block(out, &field.value, indent);
                    }
                    Data::Map(_) | Data::List(_) | Data::Scalar(_) => {
                        out.push(' ');
                        inline(out, &field.value, indent + 2);
                        out.push('\n');
                    }
                }
            }
        }
        Data::List(items) => {
            for item in items {
                line(out);
                out.push_str("- ");
                match &item.data {
                    Data::Map(map) if !map.is_empty() => block(out, item, indent + 2),
                    Data::List(items) if !items.is_empty() => block(out, item, indent + 2),
                    Data::Map(_) | Data::List(_) | Data::Scalar(_) => {
                        inline(out, item, indent + 2);
                        out.push('\n');
                    }
                }
            }
        }
        Data::Scalar(_) => {}
    }
}

fn newline(out: &mut String, indent: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Writes a scalar or an empty collection behind a key or a dash.
fn inline(out: &mut String, value: &Value, indent: usize) {
    match &value.data {
        Data::Map(_) => out.push_str("{}"),
        Data::List(_) => out.push_str("[]"),
        Data::Scalar(it) => scalar(out, it, indent),
    }
}

/// Writes a scalar so that it is read back with its type.
fn scalar(out: &mut String, scalar: &Scalar, indent: usize) {
    let text = scalar.text.as_str();
    match scalar.typed() {
        Typed::Null => out.push_str("null"),
        Typed::Bool(it) => out.push_str(if it { "true" } else { "false" }),
        Typed::Int(_) | Typed::Float(_) | Typed::NotFinite(_) => out.push_str(text),
        Typed::Str(_) if is_plain(text) => out.push_str(text),
        Typed::Str(_) if is_literal(text) => literal(out, text, indent),
        Typed::Str(_) => quoted(out, text),
    }
}

/// Whether a string can stand without quotes.
fn is_plain(text: &str) -> bool {
    let starts =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '_' | '.' | '$');
    let allowed = |letter: char| {
        letter.is_ascii_alphanumeric() || " /_.-:@+=$()%,;~^<>*&!?'\"|[]{}".contains(letter)
    };
    text.starts_with(starts)
        && text.chars().all(allowed)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && Typed::yaml_1_1_bool(text).is_none()
        && matches!(Typed::read(text, Style::Plain, None), Typed::Str(_))
        && !looks_like_a_number(text)
}

/// Whether another reader could take the text for a number or a date.
fn looks_like_a_number(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
        && text.chars().all(|letter| letter.is_ascii_hexdigit() || "xob_.:-+TZ ".contains(letter))
}

/// Whether a string of several lines can stand as a literal block.
fn is_literal(text: &str) -> bool {
    let printable = |letter: char| letter == '\n' || letter == '\t' || !letter.is_control();
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(|letter| {
            printable(letter) && !matches!(letter, '\u{feff}' | '\u{85}' | '\u{2028}' | '\u{2029}')
        })
}

fn literal(out: &mut String, text: &str, indent: usize) {
    let content = text.trim_end_matches('\n');
    out.push_str(match text.len() - content.len() {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in content.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent.max(2)));
            out.push_str(line);
        }
    }
    // The last line break follows behind every value.
    out.extend(std::iter::repeat_n('\n', (text.len() - content.len()).saturating_sub(1)));
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter
                if letter.is_control()
                    || matches!(letter, '\u{feff}' | '\u{2028}' | '\u{2029}') =>
            {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}
