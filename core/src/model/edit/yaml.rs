//! A value to be written, in whichever style its place has.

use crate::syntax::{Scalar, Style};

/// A value that an edit writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Yaml {
    /// A string: quoted where it has to be.
    Str(String),
    /// A number, `true`, or whatever else is to stand there as it is.
    Raw(String),
    Map(Vec<(String, Yaml)>),
    List(Vec<Yaml>),
    /// A list of strings on one line, as people write a command: `["CMD", "true"]`.
    Words(Vec<String>),
    /// A string of many lines, as a literal block.
    Block(String),
}

impl Yaml {
    pub fn str(text: impl Into<String>) -> Yaml {
        Yaml::Str(text.into())
    }

    pub fn raw(text: impl Into<String>) -> Yaml {
        Yaml::Raw(text.into())
    }

    pub fn int(value: i64) -> Yaml {
        Yaml::Raw(value.to_string())
    }

    pub fn bool(value: bool) -> Yaml {
        Yaml::Raw(value.to_string())
    }

    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Yaml)>) -> Yaml {
        Yaml::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    pub fn list(items: impl IntoIterator<Item = Yaml>) -> Yaml {
        Yaml::List(items.into_iter().collect())
    }

    pub fn words<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Yaml {
        Yaml::Words(words.into_iter().map(Into::into).collect())
    }

    /// On one line. `json` quotes every string and key.
    pub fn flow(&self, json: bool) -> String {
        let string = |it: &str| if json { json_string(it) } else { quote_scalar(it) };
        match self {
            Yaml::Str(it) => string(it),
            Yaml::Block(it) => json_string(it),
            Yaml::Raw(it) => it.clone(),
            Yaml::Words(all) => {
                let all: Vec<String> = all.iter().map(|it| json_string(it)).collect();
                format!("[{}]", all.join(", "))
            }
            Yaml::List(all) => {
                let all: Vec<String> = all.iter().map(|it| it.flow(json)).collect();
                format!("[{}]", all.join(", "))
            }
            Yaml::Map(all) if all.is_empty() => "{}".to_owned(),
            Yaml::Map(all) => {
                let all: Vec<String> = all
                    .iter()
                    .map(|(key, value)| format!("{}: {}", string(key), value.flow(json)))
                    .collect();
                if json {
                    format!("{{{}}}", all.join(", "))
                } else {
                    format!("{{ {} }}", all.join(", "))
                }
            }
        }
    }

    /// `key: value` in block style, as lines without their line breaks. `key` is written as it is.
    pub fn entry_lines(&self, key: &str, indent: usize, lines: &mut Vec<String>) {
        let pad = " ".repeat(indent);
        match self {
            Yaml::Map(all) if !all.is_empty() => {
                lines.push(format!("{pad}{key}:"));
                for (key, value) in all {
                    value.entry_lines(&quote_scalar(key), indent + 2, lines);
                }
            }
            Yaml::List(all) if !all.is_empty() => {
                lines.push(format!("{pad}{key}:"));
                for item in all {
                    item.item_lines(indent + 2, lines);
                }
            }
            Yaml::Block(text) if is_block(text) => {
                let chomp = if text.ends_with('\n') { "" } else { "-" };
                lines.push(format!("{pad}{key}: |{chomp}"));
                lines.extend(
                    text.lines().map(|it| {
                        if it.is_empty() { String::new() } else { format!("{pad}  {it}") }
                    }),
                );
            }
            _ => lines.push(format!("{pad}{key}: {}", self.flow(false))),
        }
    }

    /// `- value` in block style.
    pub fn item_lines(&self, indent: usize, lines: &mut Vec<String>) {
        let pad = " ".repeat(indent);
        let mut own = Vec::new();
        match self {
            Yaml::Map(all) if !all.is_empty() => {
                for (key, value) in all {
                    value.entry_lines(&quote_scalar(key), 0, &mut own);
                }
            }
            Yaml::List(all) if !all.is_empty() => {
                for item in all {
                    item.item_lines(0, &mut own);
                }
            }
            _ => own.push(self.flow(false)),
        }
        for (at, line) in own.iter().enumerate() {
            lines.push(match (at, line.is_empty()) {
                (0, _) => format!("{pad}- {line}"),
                (_, true) => String::new(),
                _ => format!("{pad}  {line}"),
            });
        }
    }
}

/// Whether a literal block says exactly this text.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with("\n\n")
        && text.chars().all(|it| it == '\n' || it == '\t' || !it.is_control())
}

/// A string as a scalar: plain where every reader takes it for the same string, else in quotes.
pub fn quote_scalar(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if text.contains(['"', '\\'])
        && !text.contains('\'')
        && !text.chars().any(char::is_control)
    {
        format!("'{text}'")
    } else {
        json_string(text)
    }
}

/// A string in double quotes, with the escapes that JSON and YAML share.
pub fn json_string(text: &str) -> String {
    // Not by way of `Value`, which would bring the printing of numbers into the engine.
    serde_json::to_string(text).expect("internal error: a string always serialises")
}

/// Whether the plain text is safe everywhere: no reader (YAML 1.1 or 1.2, in block or flow style)
/// takes it for another type or for syntax.
fn is_plain(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let special = "-?:,[]{}#&*!|>'\"%@`=~";
    let leading_ok = !special.contains(first)
        || (first == '-' && text[1..].starts_with(|it: char| it.is_ascii_alphanumeric()));
    leading_ok
        && text.trim() == text
        && !text.chars().any(|it| it.is_control() || ",[]{}".contains(it))
        && !text.contains(": ")
        && !text.contains(" #")
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
