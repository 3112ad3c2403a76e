//! The type that a YAML reader gives a scalar.

use super::tree::Style;
use std::borrow::Cow;

/// A scalar as `go-yaml` reads it for Compose and Kubernetes: the YAML 1.2 core schema with the numbers of
/// YAML 1.1 (`0440` is octal, `1_000` is a thousand). For the booleans of YAML 1.1, see
/// [`Scalar::yaml_1_1_bool`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'t> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Infinity or not a number, as Go prints it.
    NotFinite(&'static str),
    Str(&'t str),
}

impl<'t> Scalar<'t> {
    /// Reads a text with its style and its tag as written. `!!str` makes any text a string; with `!!int`
    /// and similar tags, quoted text is read like plain text.
    pub fn read(text: &'t str, style: Style, tag: Option<&str>) -> Scalar<'t> {
        let tag = tag.map(|written| core_tag(written).unwrap_or(written));
        let typed = matches!(tag, Some("int" | "float" | "bool" | "null"));
        if style != Style::Plain && !typed || matches!(tag, Some("str" | "!")) {
            return Scalar::Str(text);
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
            "true" | "True" | "TRUE" => return Scalar::Bool(true),
            "false" | "False" | "FALSE" => return Scalar::Bool(false),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
                return Scalar::NotFinite("+Inf");
            }
            "-.inf" | "-.Inf" | "-.INF" => return Scalar::NotFinite("-Inf"),
            ".nan" | ".NaN" | ".NAN" => return Scalar::NotFinite("NaN"),
            _ => {}
        }
        number(text).unwrap_or(Scalar::Str(text))
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

    /// Returns the boolean of a word that is one in YAML 1.1 and a string in YAML 1.2.
    pub fn yaml_1_1_bool(text: &str) -> Option<bool> {
        match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
            _ => None,
        }
    }
}

/// Returns the name of a core schema tag, which is written `!!int` or in full.
fn core_tag(tag: &str) -> Option<&str> {
    let full = || tag.strip_prefix("!<tag:yaml.org,2002:")?.strip_suffix('>');
    tag.strip_prefix("!!").or_else(full)
}

/// Reads an integer or a float.
fn number(text: &str) -> Option<Scalar<'static>> {
    let first = text.bytes().next()?;
    if !matches!(first, b'0'..=b'9' | b'+' | b'-' | b'.') {
        return None;
    }
    // Underscores separate digits; a number does not start with one.
    let plain = if text.contains('_') && first != b'.' {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    integer(&plain).map(Scalar::Int).or_else(|| finite(&plain).map(Scalar::Float))
}

/// A decimal number with an optional point and exponent; `None` for what no float can hold, and for
/// the words `inf` and `nan`, which are strings in YAML.
pub fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// Reads an integer without a sign, decimal or with the prefix of another radix.
pub fn natural(digits: &str) -> Option<u64> {
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// Reads an integer, decimal or with the prefix of another radix.
fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let value = natural(digits)?;
    if text.starts_with('-') {
        0_i64.checked_sub_unsigned(value)
    } else {
        i64::try_from(value).ok()
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
        assert_eq!(read("0440"), Scalar::Int(288));
        assert_eq!(read("0x_0A_74_AE"), Scalar::Int(685_230));
        assert_eq!(read("+685_230"), Scalar::Int(685_230));
        assert_eq!(read("089"), Scalar::Float(89.0));
        assert_eq!(read("-9223372036854775808"), Scalar::Int(i64::MIN));
        assert_eq!(read("9223372036854775808"), Scalar::Float(9_223_372_036_854_775_808.0));
        for text in [
            "yes",
            "22:22",
            "1.2.3",
            "_1",
            "infinity",
            "inf",
            "nan",
            "1e400",
            "0x",
            "0x-1",
            "-",
            "--1",
            ".",
            "e3",
            "1e",
            "2026-01-01",
            "1.e.1",
            "0o",
            "+",
        ] {
            assert_eq!(read(text), Scalar::Str(text));
        }
    }

    #[test]
    fn quotes_and_the_str_tag_make_strings() {
        assert_eq!(Scalar::read("1", Style::DoubleQuoted, None), Scalar::Str("1"));
        assert_eq!(Scalar::read("1", Style::Plain, Some("!!str")), Scalar::Str("1"));
        let full = Some("!<tag:yaml.org,2002:str>");
        assert_eq!(Scalar::read("1", Style::Plain, full), Scalar::Str("1"));
        assert_eq!(Scalar::read("1", Style::SingleQuoted, Some("!!int")), Scalar::Int(1));
        assert_eq!(Scalar::read("1", Style::SingleQuoted, Some("!mine")), Scalar::Str("1"));
    }
}
