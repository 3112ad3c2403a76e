//! A value to be written, in whichever style its place has.

use crate::syntax::{Scalar, Style};
use std::borrow::Cow;

/// A value that an edit writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Yaml<'t> {
    /// A string: quoted where it has to be.
    Str(Cow<'t, str>),
    /// A number, `true`, or whatever else is to stand there as it is.
    Raw(Cow<'t, str>),
    Map(Vec<(Cow<'t, str>, Yaml<'t>)>),
    List(Vec<Yaml<'t>>),
    /// A list of strings on one line, as people write a command: `["CMD", "true"]`.
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

    /// On one line. `json` quotes every string and key.
    pub fn flow(&self, json: bool) -> String {
        let mut out = String::new();
        self.write_flow(json, &mut out);
        out
    }

    pub(super) fn write_flow(&self, json: bool, out: &mut String) {
        match self {
            Yaml::Str(it) => write_scalar(it, json, out),
            Yaml::Raw(it) => out.push_str(it),
            Yaml::Words(all) => {
                write_list("[", "]", all, out, |it, out| write_scalar(it, true, out))
            }
            Yaml::List(all) => write_list("[", "]", all, out, |it, out| it.write_flow(json, out)),
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

    /// `key: value` in block style, each line with a line feed before it.
    pub fn entry_lines(&self, key: &str, indent: usize, out: &mut String) {
        start_line(indent, out);
        write_scalar(key, false, out);
        self.behind_key(indent, out);
    }

    fn behind_key(&self, indent: usize, out: &mut String) {
        out.push(':');
        match self {
            Yaml::Map(all) if !all.is_empty() => write_entries(all, indent + 2, out),
            Yaml::List(all) if !all.is_empty() => {
                for item in all {
                    item.item_lines(indent + 2, out);
                }
            }
            _ => {
                out.push(' ');
                self.write_flow(false, out);
            }
        }
    }

    /// `- value` in block style, each line with a line feed before it.
    pub fn item_lines(&self, indent: usize, out: &mut String) {
        let dash = out.len() + 1 + indent;
        match self {
            Yaml::Map(all) if !all.is_empty() => write_entries(all, indent + 2, out),
            Yaml::List(all) if !all.is_empty() => {
                for item in all {
                    item.item_lines(indent + 2, out);
                }
            }
            _ => {
                start_line(indent + 2, out);
                self.write_flow(false, out);
            }
        }
        out.replace_range(dash..=dash, "-");
    }
}

fn start_line(mut indent: usize, out: &mut String) {
    const SPACES: &str = "                ";
    out.push('\n');
    while let Some(rest) = indent.checked_sub(SPACES.len()) {
        out.push_str(SPACES);
        indent = rest;
    }
    out.push_str(&SPACES[..indent]);
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
    for (at, it) in all.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        one(it, out);
    }
    out.push_str(close);
}

/// A string as a scalar: plain where every reader takes it for the same string, else in quotes.
/// `json` wants double ones always.
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
    // The escapes are those that JSON and YAML share.
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|it| matches!(it, b'"' | b'\\' | 0..b' ')) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            letter @ 0..b' ' => out.push_str(&format!("\\u{letter:04x}")),
            letter => {
                out.push('\\');
                out.push(letter.into());
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// [`write_scalar`] as a text of its own.
pub fn quote_scalar(text: &str) -> String {
    Yaml::str(text).flow(false)
}

/// Whether the plain text is safe everywhere: no reader (YAML 1.1 or 1.2, in block or flow style)
/// takes it for another type or for syntax.
fn is_plain(text: &str) -> bool {
    // Most are long words, and no long word means anything else.
    let inside = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-');
    if matches!(text.as_bytes(), [b'a'..=b'z', rest @ ..] if rest.len() > 4 && rest.iter().all(inside))
    {
        return true;
    }
    let Some(first) = text.chars().next() else { return false };
    let rest = &text[first.len_utf8()..];
    let leading_ok = match first {
        '-' => rest.starts_with(|it: char| it.is_ascii_alphanumeric()),
        '?' | ':' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' | '='
        | '~' => false,
        _ => true,
    };
    let mut before = first;
    leading_ok
        && text.chars().all(|it| {
            let syntax = it.is_control() || matches!(it, ',' | '[' | ']' | '{' | '}');
            let pair = (before == ':' && it == ' ') || (before == ' ' && it == '#');
            before = it;
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

/// Numbers of YAML 1.1 (`1_000`, `22:22`, `0755`) and dates, which some readers convert.
fn looks_like_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+', '.']);
    digits.starts_with(|it: char| it.is_ascii_digit())
        && digits.chars().all(|it| it.is_ascii_digit() || "_:.-+eExoTZ ".contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_needs_quotes_gets_them() {
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
