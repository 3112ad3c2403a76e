//! Durations and sizes as Compose reads them.

use crate::syntax::finite;
use std::time::Duration;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// Parses `1h30m`, `1.5s` or `2d`; `None` for what Compose refuses. Compose accepts `-1s`, which has no
/// effect and is read as zero.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    if let Some(rest) = text.strip_prefix('-') {
        return duration_of(rest).map(|_| Duration::ZERO);
    }
    duration_of(text.strip_prefix('+').unwrap_or(text))
}

fn duration_of(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    if text.is_empty() {
        return None;
    }
    let mut nanoseconds = 0_i64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let number = finite(&rest[..digits])?;
        rest = &rest[digits..];
        let digit = |letter: char| letter.is_ascii_digit() || letter == '.';
        let unit = rest.find(digit).unwrap_or(rest.len());
        let unit_length = match &rest[..unit] {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => SECOND,
            "m" => 60.0 * SECOND,
            "h" => 3600.0 * SECOND,
            "d" => 86_400.0 * SECOND,
            "w" => 604_800.0 * SECOND,
            _ => return None,
        };
        nanoseconds = nanoseconds.saturating_add((number * unit_length).round() as i64);
        rest = &rest[unit..];
    }
    // Longer than three centuries: the sum was cut to the largest number.
    (nanoseconds < i64::MAX).then(|| Duration::from_nanos(nanoseconds as u64))
}

/// Parses `512m`, `1.5GiB` or `1024` to a number of bytes. All units are powers of 1024.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    if text == "-1" {
        return Some(-1);
    }
    let last = text.rfind(|letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ' '))?;
    let (number, suffix) = text.split_at(last + 1);
    let number =
        finite(number.strip_suffix(' ').unwrap_or(number)).filter(|number| *number >= 0.0)?;
    let power = match suffix.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    Some((number * 1024_f64.powi(power)) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let millis = |text| duration(text).map(|it| it.as_millis());
        for (text, wanted) in [
            ("90s", 90_000),
            ("1m30s", 90_000),
            ("1.5s", 1500),
            ("2d", 172_800_000),
            ("0", 0),
            ("300ms", 300),
        ] {
            assert_eq!(millis(text), Some(wanted), "{text}");
        }
        for text in ["5", "", "s", "5x", "1m30", "-", "1 s"] {
            assert_eq!(millis(text), None, "{text}");
        }
        assert_eq!(duration("1h1ns").map(|it| it.as_nanos()), Some(3_600_000_000_001));
    }

    #[test]
    fn sizes() {
        for (text, wanted) in [
            ("512m", 512 << 20),
            ("1.5G", 3 << 29),
            ("1KiB", 1024),
            ("10 mb", 10 << 20),
            ("7", 7),
            ("7b", 7),
            ("-1", -1),
        ] {
            assert_eq!(bytes(text), Some(wanted), "{text}");
        }
        for text in ["1x", "", "m", "1kbb", "-2", "1Mi"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
