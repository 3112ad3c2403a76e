//! Whether a plain word would be read as something else than a string.

use crate::syntax::natural;

/// Whether `go-yaml` reads the plain word as a string again.
pub fn is_string(word: &str) -> bool {
    if matches!(
        word,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "y"
            | "Y"
            | "yes"
            | "Yes"
            | "YES"
            | "on"
            | "On"
            | "ON"
            | "true"
            | "True"
            | "TRUE"
            | "n"
            | "N"
            | "no"
            | "No"
            | "NO"
            | "off"
            | "Off"
            | "OFF"
            | "false"
            | "False"
            | "FALSE"
            | ".nan"
            | ".NaN"
            | ".NAN"
            | ".inf"
            | ".Inf"
            | ".INF"
            | "+.inf"
            | "+.Inf"
            | "+.INF"
            | "-.inf"
            | "-.Inf"
            | "-.INF"
    ) {
        return false;
    }
    match word.bytes().next() {
        Some(b'.') => !is_float(word),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            let digits = word.replace('_', "");
            !(is_date(word) || is_integer(&digits) || is_float(&digits) || is_base_60(word))
        }
        _ => true,
    }
}

fn is_integer(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    natural(digits).is_some()
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(word: &str) -> bool {
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => is_digits(fraction),
        Some((whole, fraction)) => is_digits(whole) && (fraction.is_empty() || is_digits(fraction)),
        None => is_digits(mantissa),
    };
    let exponent = exponent
        .is_none_or(|exponent| is_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    mantissa && exponent
}

/// `2026-11-29`, with a time or without one.
fn is_date(word: &str) -> bool {
    let (date, time) = match word.find(['T', 't', ' ']) {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    let parts: Vec<&str> = date.split('-').collect();
    let in_range = |text: &str, last: u32| {
        (1..=2).contains(&text.len()) && text.parse::<u32>().is_ok_and(|number| number <= last)
    };
    let is_day = match parts[..] {
        [year, month, day] => {
            year.len() == 4
                && year.bytes().all(|byte| byte.is_ascii_digit())
                && in_range(month, 12)
                && in_range(day, 31)
        }
        _ => false,
    };
    is_day
        && time.is_none_or(|time| {
            let end = time.find(['Z', '+', '-', '.']).unwrap_or(time.len());
            let parts: Vec<&str> = time[..end].split(':').collect();
            match parts[..] {
                [hours, minutes, seconds] => {
                    in_range(hours, 23) && in_range(minutes, 59) && in_range(seconds, 60)
                }
                _ => false,
            }
        })
}

/// `1:20`, which YAML 1.1 reads as eighty.
fn is_base_60(word: &str) -> bool {
    let unsigned = word.strip_prefix(['-', '+']).unwrap_or(word);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let is_first = first.starts_with(|letter: char| letter.is_ascii_digit())
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let mut count = 0;
    let rest = parts.all(|part| {
        count += 1;
        match part.as_bytes() {
            [digit] => digit.is_ascii_digit(),
            [b'0'..=b'5', digit] => digit.is_ascii_digit(),
            _ => false,
        }
    });
    is_first
        && rest
        && count > 0
        && fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
}
