//! Durations, sizes and command lines as Compose reads them.

use crate::decimal::Decimal;
use smol_str::SmolStr;
use std::time::Duration;

/// Nanoseconds.
const SECOND: u64 = 1_000_000_000;

/// `1h30m`, `1.5s`, `2d`; `None` for what Compose refuses. It takes `-1s`, which is none at all.
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
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let number = Decimal::parse(&rest[..digits])?;
        rest = &rest[digits..];
        let unit = rest.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(rest.len());
        let amount = number.times(match &rest[..unit] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3600 * SECOND,
            "d" => 86_400 * SECOND,
            "w" => 604_800 * SECOND,
            _ => return None,
        });
        nanoseconds = nanoseconds.saturating_add(amount);
        rest = &rest[unit..];
    }
    // What is longer than three centuries does not fit.
    (nanoseconds < i64::MAX).then(|| Duration::from_nanos(nanoseconds as u64))
}

/// `512m`, `1.5GiB`, `1024`: a number of bytes, always in powers of 1024.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    if text == "-1" {
        return Some(-1);
    }
    let last = text.rfind(|it: char| it.is_ascii_digit() || matches!(it, '.' | ' '))?;
    let (number, suffix) = text.split_at(last + 1);
    let number = Decimal::parse(number.strip_suffix(' ').unwrap_or(number))?;
    if number.is_negative() {
        return None;
    }
    let power = match suffix.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        "p" | "pb" | "pib" => 50,
        _ => return None,
    };
    Some(number.times(1 << power))
}

/// A command line cut into words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// Each word with the range of the text that it was read from.
    pub words: Vec<(SmolStr, std::ops::Range<usize>)>,
    /// Where an unquoted operator ends the command line for Compose.
    pub cut: Option<usize>,
}

/// Splits like the library that Compose uses; `None` for what it refuses. It knows quotes and
/// backslashes, expands nothing, and stops without a word at an unquoted `;`, `&`, `|`, `<`, `>`.
pub(crate) fn words(text: &str) -> Option<Words> {
    let mut found = Words::default();
    let mut word = String::with_capacity(text.len());
    let mut start: Option<usize> = None;
    let (mut single, mut double, mut back, mut dollar) = (false, false, false, false);
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        let quoted = single || double || back || dollar;
        if escaped {
            word.push(letter);
            escaped = false;
            continue;
        }
        match letter {
            '\\' if single => word.push('\\'),
            '\\' => {
                escaped = true;
                start.get_or_insert(at);
            }
            ' ' | '\t' | '\r' | '\n' => {
                if quoted {
                    word.push(letter);
                } else if let Some(start) = start.take() {
                    found.words.push((SmolStr::new(&word), start..at));
                    word.clear();
                }
            }
            '`' if !single && !double && !dollar => {
                back = !back;
                word.push('`');
                start.get_or_insert(at);
            }
            ')' if dollar && !single && !double && !back => {
                dollar = false;
                word.push(')');
            }
            '(' if !single && !double && !back => {
                if dollar || !word.ends_with('$') {
                    return None;
                }
                dollar = true;
                word.push('(');
            }
            '"' if !single && !dollar => {
                double = !double;
                start.get_or_insert(at);
            }
            '\'' if !double && !dollar => {
                single = !single;
                start.get_or_insert(at);
            }
            ';' | '&' | '|' | '<' | '>' if !quoted => {
                // A file descriptor before `>` belongs to what is dropped.
                let descriptor = letter == '>' && word.starts_with(|it: char| it.is_ascii_digit());
                found.cut = Some(match (descriptor, start) {
                    (true, Some(start)) => start,
                    _ => at,
                });
                if descriptor {
                    start = None;
                }
                if let Some(start) = start.take() {
                    found.words.push((SmolStr::new(&word), start..at));
                }
                return Some(found);
            }
            _ => {
                word.push(letter);
                start.get_or_insert(at);
            }
        }
    }
    if escaped || single || double || back || dollar {
        return None;
    }
    if let Some(start) = start {
        found.words.push((SmolStr::new(&word), start..text.len()));
    }
    Some(found)
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

    fn split(text: &str) -> Option<Vec<SmolStr>> {
        words(text).map(|it| it.words.into_iter().map(|it| it.0).collect())
    }

    #[test]
    fn command_lines_are_split_as_compose_does() {
        let cases: [(&str, &[&str]); 9] = [
            ("sh -c \"a && b\"", &["sh", "-c", "a && b"]),
            ("a $(b c) d", &["a", "$(b c)", "d"]),
            ("a `b c` d", &["a", "`b c`", "d"]),
            (r#"a\ b \\n "c\"d" 'e\f'"#, &["a b", "\\n", "c\"d", "e\\f"]),
            ("echo \"\" ''", &["echo", "", ""]),
            ("a#b #c", &["a#b", "#c"]),
            ("a 2>&1 x", &["a"]),
            ("a && b", &["a"]),
            ("  ", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(split(text).unwrap(), wanted, "{text}");
        }
        for text in ["a (b)", "a 'b", "a \"b", "a \\"] {
            assert_eq!(split(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_dropped_is_known() {
        for (text, rest) in [("a && b", "&& b"), ("a 2>&1", "2>&1"), ("a;b", ";b")] {
            assert_eq!(words(text).unwrap().cut.map(|at| &text[at..]), Some(rest), "{text}");
        }
    }
}
