//! The type that a reader gives a scalar.

use super::tree::Style;

/// A scalar as the YAML 1.2 core schema reads it, which is near what `go-yaml` does for Compose and
/// Kubernetes; where YAML 1.1 readers differ, [`Scalar::yaml_1_1_bool`] tells.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'t> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'t str),
}

impl<'t> Scalar<'t> {
    /// `tag` is the tag as written; `!!str` makes anything a string.
    pub fn read(text: &'t str, style: Style, tag: Option<&str>) -> Scalar<'t> {
        if style != Style::Plain || tag == Some("!!str") || tag == Some("!") {
            return Scalar::Str(text);
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
            "true" | "True" | "TRUE" => return Scalar::Bool(true),
            "false" | "False" | "FALSE" => return Scalar::Bool(false),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
                return Scalar::Float(f64::INFINITY);
            }
            "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
            _ => {}
        }
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let negative = text.starts_with('-');
        if !digits.starts_with(|it: char| it.is_ascii_digit() || it == '.') {
            return Scalar::Str(text);
        }
        let radix = |prefix: &str, radix| {
            let digits = digits.strip_prefix(prefix)?;
            if digits.starts_with(['+', '-']) {
                return None;
            }
            i64::from_str_radix(digits, radix).ok().map(|it| if negative { -it } else { it })
        };
        if let Some(int) = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2)) {
            return Scalar::Int(int);
        }
        if digits.bytes().all(|it| it.is_ascii_digit())
            && let Ok(int) = text.parse()
        {
            return Scalar::Int(int);
        }
        let numeric =
            digits.bytes().all(|it| matches!(it, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
                && digits.bytes().any(|it| it.is_ascii_digit());
        match text.parse() {
            Ok(float) if numeric => Scalar::Float(float),
            _ => Scalar::Str(text),
        }
    }

    pub fn as_bool(self) -> Option<bool> {
        match self {
            Scalar::Bool(it) => Some(it),
            _ => None,
        }
    }

    pub fn as_int(self) -> Option<i64> {
        match self {
            Scalar::Int(it) => Some(it),
            _ => None,
        }
    }

    /// The words that YAML 1.1 readers take for a boolean and 1.2 readers for a string.
    pub fn yaml_1_1_bool(text: &str) -> Option<bool> {
        match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_the_core_schema_types() {
        let read = |text| Scalar::read(text, Style::Plain, None);
        assert_eq!(read("~"), Scalar::Null);
        assert_eq!(read("True"), Scalar::Bool(true));
        assert_eq!(read("-12"), Scalar::Int(-12));
        assert_eq!(read("0x1F"), Scalar::Int(31));
        assert_eq!(read("1.5e3"), Scalar::Float(1500.0));
        for text in
            ["yes", "22:22", "1.2.3", "1_000", "infinity", "0x", "-", ".", "e3", "2026-01-01"]
        {
            assert_eq!(read(text), Scalar::Str(text));
        }
    }

    #[test]
    fn quotes_and_the_str_tag_make_strings() {
        assert_eq!(Scalar::read("1", Style::DoubleQuoted, None), Scalar::Str("1"));
        assert_eq!(Scalar::read("1", Style::Plain, Some("!!str")), Scalar::Str("1"));
    }
}
