//! YAML values for edits, written in the style of their place.

use crate::syntax::{Scalar, Style};
use std::borrow::Cow;

/// A value that an edit writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Yaml<'t> {
    /// A string, which is quoted if necessary.
    Str(Cow<'t, str>),
    /// A number, `true` or another text that is written literally.
    Raw(Cow<'t, str>),
    Map(Vec<(Cow<'t, str>, Yaml<'t>)>),
    List(Vec<Yaml<'t>>),
    /// A list of strings on one line, as for a command: `["CMD", "true"]`.
    Words(Vec<Cow<'t, str>>),
}

impl<'t> Yaml<'t> {
    pub fn str(text: impl Into<Cow<'t, str>>) -> Yaml<'t> {
        Yaml::Str(text.into())
    }

    pub fn raw(text: impl Into<Cow<'t, str>>) -> Yaml<'t> {
        Yaml::Raw(text.into())
    }

    pub fn int(value: i64) -> Yaml<'t> {
        Yaml::Raw(value.to_string().into())
    }

    pub fn bool(value: bool) -> Yaml<'t> {
        Yaml::raw(if value { "true" } else { "false" })
    }

    pub fn map<K: Into<Cow<'t, str>>>(
        entries: impl IntoIterator<Item = (K, Yaml<'t>)>,
    ) -> Yaml<'t> {
        Yaml::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    pub fn list(items: impl IntoIterator<Item = Yaml<'t>>) -> Yaml<'t> {
        Yaml::List(items.into_iter().collect())
    }

    pub fn words<W: Into<Cow<'t, str>>>(words: impl IntoIterator<Item = W>) -> Yaml<'t> {
        Yaml::Words(words.into_iter().map(Into::into).collect())
    }

    /// Renders the value on one line. `json` quotes every string and key.
    pub fn flow(&self, json: bool) -> String {
        let mut out = String::new();
        self.write_flow(json, &mut out);
        out
    }

    pub(super) fn write_flow(&self, json: bool, out: &mut String) {
        match self {
            Yaml::Str(text) => write_scalar(text, json, out),
            Yaml::Raw(text) => out.push_str(text),
            Yaml::Words(words) => {
                write_list("[", "]", words, out, |word, out| write_scalar(word, true, out));
            }
            Yaml::List(items) => {
                write_list("[", "]", items, out, |item, out| item.write_flow(json, out));
            }
            Yaml::Map(all) if all.is_empty() => out.push_str("{}"),
            Yaml::Map(all) => {
                let (open, close) = if json { ("{", "}") } else { ("{ ", " }") };
                write_list(open, close, all, out, |(key, value), out| {
                    write_scalar(key, json, out);
                    out.push_str(": ");
                    value.write_flow(json, out);
                });
            }
        }
    }

    /// Writes `key: value` in block style, with a line feed before each line.
    pub fn entry_lines(&self, key: &str, indent: usize, out: &mut String) {
        start_line(indent, out);
        write_scalar(key, false, out);
        out.push(':');
        if !self.child_lines(indent + 2, out) {
            out.push(' ');
            self.write_flow(false, out);
        }
    }

    /// Writes the entries or items of a collection in block style, with a line feed before each line. Returns whether
    /// there are any.
    fn child_lines(&self, indent: usize, out: &mut String) -> bool {
        match self {
            Yaml::Map(all) if !all.is_empty() => write_entries(all, indent, out),
            Yaml::List(all) if !all.is_empty() => {
                for item in all {
                    item.item_lines(indent, out);
                }
            }
            _ => return false,
        }
        true
    }

    /// Writes `- value` in block style, with a line feed before each line.
    pub fn item_lines(&self, indent: usize, out: &mut String) {
        let dash = out.len() + 1 + indent;
        if !self.child_lines(indent + 2, out) {
            start_line(indent + 2, out);
            self.write_flow(false, out);
        }
        out.replace_range(dash..=dash, "-");
    }
}

fn start_line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn write_entries(all: &[(Cow<'_, str>, Yaml<'_>)], indent: usize, out: &mut String) {
    for (key, value) in all {
        value.entry_lines(key, indent, out);
    }
}

fn write_list<T>(
    open: &str,
    close: &str,
    all: &[T],
    out: &mut String,
    one: impl Fn(&T, &mut String),
) {
    out.push_str(open);
    for (at, item) in all.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        one(item, out);
    }
    out.push_str(close);
}

/// Writes a string as a scalar: plain if every reader takes it for the same string, else in quotes. `json`
/// always asks for double quotes.
pub(super) fn write_scalar(text: &str, json: bool, out: &mut String) {
    if !json && is_plain(text) {
        out.push_str(text);
        return;
    }
    let single = !json
        && text.contains(['"', '\\'])
        && !text.contains('\'')
        && !text.chars().any(char::is_control);
    if single {
        out.push('\'');
        out.push_str(text);
        out.push('\'');
        return;
    }
    // JSON and YAML share these escapes.
    out.push('"');
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '"' | '\\' => out.extend(['\\', letter]),
            '\0'..' ' => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
}

/// Renders a string as a scalar in block style.
pub fn quote_scalar(text: &str) -> String {
    Yaml::str(text).flow(false)
}

/// Whether a text needs no quotes: no reader (YAML 1.1 or 1.2, in block or flow style) takes it for
/// another type or for syntax.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let rest = &text[first.len_utf8()..];
    let leading_ok = match first {
        '-' => rest.starts_with(|second: char| second.is_ascii_alphanumeric()),
        '?' | ':' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' | '='
        | '~' => false,
        _ => true,
    };
    let mut before = first;
    leading_ok
        && text.chars().all(|letter| {
            let syntax = letter.is_control() || matches!(letter, ',' | '[' | ']' | '{' | '}');
            let pair = matches!((before, letter), (':', ' ') | (' ', '#'));
            before = letter;
            !syntax && !pair
        })
        && text.trim() == text
        && !text.ends_with(':')
        && !text.starts_with("---")
        && text != "<<"
        && matches!(Scalar::read(text, Style::Plain, None), Scalar::Str(_))
        && Scalar::yaml_1_1_bool(text).is_none()
        && !looks_like_number(text)
}

/// Whether a text looks like a number of YAML 1.1 (`1_000`, `22:22`, `0755`) or a date, which some readers
/// convert.
fn looks_like_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+', '.']);
    let part = |letter: char| letter.is_ascii_digit() || "_:.-+eExoTZ ".contains(letter);
    digits.starts_with(|first: char| first.is_ascii_digit()) && digits.chars().all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strings_that_need_quotes_get_them() {
        for plain in
            ["nginx:1.27", "a b", "/var/lib/x", "-Xmx1g", "127.0.0.1:80:80/tcp", "3ab", "a#b"]
        {
            assert_eq!(quote_scalar(plain), plain);
        }
        for quoted in [
            "",
            "yes",
            "1",
            "1.10",
            "0755",
            "22:22",
            "a: b",
            "a #b",
            "*x",
            "@x",
            "null",
            "- a",
            "8080:80",
            "x:",
            " x",
            "2024-01-01",
            "<<",
            "[a",
        ] {
            assert_eq!(quote_scalar(quoted), format!("\"{quoted}\""));
        }
        assert_eq!(quote_scalar("say \"x\": \\"), "'say \"x\": \\'");
        assert_eq!(quote_scalar("a\nb"), "\"a\\nb\"");
    }
}
