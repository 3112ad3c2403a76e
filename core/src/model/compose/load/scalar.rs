//! The type that Compose's YAML reader gives a scalar, and the text that Compose prints for it.

use crate::model::compose::load::value::Kind;
use crate::syntax::{Node, Scalar as Typed, Style};
use smol_str::{SmolStr, ToSmolStr, format_smolstr};

/// Returns the type of a scalar and its text as Compose prints it. `written` is the text in the file.
pub(crate) fn typed(node: Node<'_>, written: &str) -> (Kind, SmolStr) {
    match read(node, written) {
        Typed::Null => (Kind::Null, SmolStr::default()),
        Typed::Bool(value) => (Kind::Bool, value.to_smolstr()),
        Typed::Int(value) => (Kind::Int, octal(written).unwrap_or(value).to_smolstr()),
        // Compose reads integers of up to 64 bits without a sign.
        Typed::Float(_) if written.parse::<u64>().is_ok_and(|value| value > i64::MAX as u64) => {
            (Kind::Int, SmolStr::new(written))
        }
        Typed::Float(value) => (Kind::Float, go_float(value)),
        Typed::NotFinite(text) => (Kind::Float, SmolStr::new_static(text)),
        Typed::Str(text) if node.style() == Style::Plain && node.tag().is_none() => {
            plain_string(text)
        }
        Typed::Str(text) => (Kind::Str, SmolStr::new(text)),
    }
}

/// Reads a text with the style and tag of a node.
pub(crate) fn read<'t>(node: Node<'_>, text: &'t str) -> Typed<'t> {
    Typed::read(text, node.style(), node.tag().map(|(tag, _)| tag))
}

/// Renders a float as Go prints it: with the fewest digits that identify the number, and with an
/// exponent below 0.0001 and from a million on.
fn go_float(value: f64) -> SmolStr {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>().unwrap_or_default() {
        -4..6 => value.to_smolstr(),
        exponent => format_smolstr!("{digits}e{exponent:+03}"),
    }
}

/// Returns the value of an integer with a leading zero, as `0755`, which is octal to Compose.
fn octal(written: &str) -> Option<i64> {
    let (sign, digits) = match written.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, written.strip_prefix('+').unwrap_or(written)),
    };
    let digits = digits.strip_prefix('0')?;
    if digits.is_empty() || digits.starts_with(['x', 'o', 'b']) {
        return None;
    }
    i64::from_str_radix(digits, 8).ok().map(|value| sign * value)
}

/// Reads what YAML 1.2 takes for a string and Compose's reader does not: `1_000` and dates.
fn plain_string(text: &str) -> (Kind, SmolStr) {
    let numeric =
        text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+'));
    if numeric && text.contains('_') && !text.contains("__") && !text.ends_with('_') {
        let plain = text.replace('_', "");
        if let Ok(value) = plain.parse::<i64>() {
            return (Kind::Int, octal(&plain).unwrap_or(value).to_smolstr());
        }
    }
    (Kind::Str, date(text).unwrap_or_else(|| SmolStr::new(text)))
}

/// Renders a plain date as the point in time that Compose makes of it.
fn date(text: &str) -> Option<SmolStr> {
    if !text.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let end_of_day = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let (day, rest) = text.split_at(end_of_day);
    let day = calendar_day(day)?;
    if rest.is_empty() {
        return Some(format_smolstr!("{day} 00:00:00 +0000 UTC"));
    }
    let blank = rest.starts_with(' ');
    let clock = &rest[1..];
    let zone_at = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
    let (clock, zone) = clock.split_at(zone_at);
    // The form with a space has no zone; the form with `T` must have one.
    let zone = match zone {
        "" if blank => "+0000 UTC".to_owned(),
        "Z" if !blank => "+0000 UTC".to_owned(),
        zone if !blank && zone.len() == 6 && zone.as_bytes()[3] == b':' => {
            let plain = zone.replace(':', "");
            format!("{plain} {plain}")
        }
        _ => return None,
    };
    Some(format_smolstr!("{day} {} {zone}", time_of_day(clock)?))
}

/// Renders `2026-1-5` as `2026-01-05`; `None` for a day that does not exist.
fn calendar_day(text: &str) -> Option<String> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4..=4)?;
    let month = digits(parts.next()?, 1..=2).filter(|month| (1..=12).contains(month))?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = digits(parts.next()?, 1..=2).filter(|day| (1..=length).contains(day))?;
    parts.next().is_none().then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Renders `7:05:00.50` as `07:05:00.5`.
fn time_of_day(text: &str) -> Option<String> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let hour = digits(parts.next()?, 1..=2).filter(|hour| *hour < 24)?;
    let minute = digits(parts.next()?, 1..=2).filter(|minute| *minute < 60)?;
    let second = digits(parts.next()?, 1..=2).filter(|second| *second < 60)?;
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{hour:02}:{minute:02}:{second:02}{point}{fraction}"))
}

/// Returns the value of a decimal number whose count of digits is in `length`.
fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && length.contains(&text.len());
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::finite;

    /// The expected texts are those of Go's `fmt.Print`.
    #[test]
    fn floats_are_printed_as_go_prints_them() {
        for (text, printed) in [
            ("1.10", "1.1"),
            ("1000", "1000"),
            ("-0.5", "-0.5"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("0.0123", "0.0123"),
            ("100000.0", "100000"),
            ("123456.7", "123456.7"),
            ("1000000.0", "1e+06"),
            ("1e21", "1e+21"),
            ("-1.5e-120", "-1.5e-120"),
            ("-0.0", "-0"),
            ("5.", "5"),
            ("+.5", "0.5"),
            ("123456.789e3", "1.23456789e+08"),
            ("0.1234567890123456789", "0.12345678901234568"),
            ("3.14159265358979323846", "3.141592653589793"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("0.299999999999999999999", "0.3"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("12345678901234567890123", "1.2345678901234568e+22"),
            ("1e-400", "0"),
        ] {
            assert_eq!(go_float(finite(text).unwrap()), printed, "{text}");
        }
    }

    #[test]
    fn dates_are_printed_as_points_in_time() {
        for (text, printed) in [
            ("2024-02-29", Some("2024-02-29 00:00:00 +0000 UTC")),
            ("2026-1-5 7:05:00.50", Some("2026-01-05 07:05:00.5 +0000 UTC")),
            ("2026-01-05T07:05:00+02:00", Some("2026-01-05 07:05:00 +0200 +0200")),
            ("2023-02-29", None),
            ("2026-01-05T07:05:00", None),
            ("2026-01-05 25:00:00", None),
        ] {
            assert_eq!(date(text).as_deref(), printed, "{text}");
        }
    }
}
