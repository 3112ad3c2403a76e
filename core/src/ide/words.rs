//! Words that hovers, hints and completions share.

use crate::facts::{Facts, shortened};
use crate::knowledge::secrets::{Verdict, judge};
use crate::text::Span;
use crate::text::markdown::{code_span, prose};

/// Maximum number of users, values or targets that are listed; the rest is counted.
pub(super) const MOST: usize = 10;

/// Returns a place for people: `compose.yaml:12`.
pub(super) fn place(facts: &Facts<'_>, span: Span) -> String {
    let file = facts.file(span.file);
    format!("{}:{}", file.path(), file.lines.line_of(span.start as usize) + 1)
}

/// Returns a place for people, in Markdown.
pub(super) fn place_in_markdown(facts: &Facts<'_>, span: Span) -> String {
    prose(&place(facts, span))
}

/// Returns a text as code in Markdown, on one line and cut where it is long.
pub(super) fn code(text: &str) -> String {
    let line = text.split(['\r', '\n']).filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    code_span(&shortened(&line))
}

/// Whether a value is a credential, which is not shown where nobody asked for it.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    matches!(judge(name, value).verdict, Verdict::Literal | Verdict::WeakDefault)
}

/// Returns a value as code in Markdown, and a mask in the place of a credential.
pub(super) fn code_or_mask(name: &str, value: &str) -> String {
    match value.is_empty() {
        true => "an empty text".to_owned(),
        false if is_secret(name, value) => "`•••`".to_owned(),
        false => code(value),
    }
}

/// Returns a list in Markdown, with the number of items beyond the first ten.
pub(super) fn list(items: &[String]) -> String {
    let mut lines: Vec<String> = items.iter().take(MOST).map(|item| format!("- {item}")).collect();
    if items.len() > MOST {
        lines.push(format!("- and {} more", items.len() - MOST));
    }
    lines.join("\n")
}

/// Returns a number of seconds in words: `45 s`, `2 min 30 s`, `1 h`.
pub(super) fn seconds(count: i64) -> String {
    let parts = [(count / 3600, "h"), (count % 3600 / 60, "min"), (count % 60, "s")];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count != 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// Returns a count with its noun: `1 check`, `3 checks`.
pub(super) fn count(count: i64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Returns a number of bytes in the largest unit that keeps it readable: `512 MiB`, `1.5 GiB`.
pub(super) fn bytes(count: i128) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut scale = 0;
    let mut whole = count;
    while whole >= 1024 && scale + 1 < UNITS.len() {
        whole /= 1024;
        scale += 1;
    }
    let unit = 1_i128 << (10 * scale);
    // Two decimals, without the zeros at their end.
    let hundredths = count.saturating_mul(100) / unit;
    format!("{} {}", decimal(hundredths, 2), UNITS[scale])
}

/// Returns a number of thousandths of a CPU core as a decimal number: `0.25`.
pub(super) fn cores(milli: i128) -> String {
    decimal(milli, 3)
}

/// Returns a whole number of parts of a power of ten as a decimal number without trailing zeros.
fn decimal(parts: i128, digits: u32) -> String {
    let unit = 10_i128.pow(digits);
    let fraction = format!("{:0width$}", parts % unit, width = digits as usize);
    match fraction.trim_end_matches('0') {
        "" => (parts / unit).to_string(),
        fraction => format!("{}.{fraction}", parts / unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(
            [seconds(0), seconds(45), seconds(150), seconds(3600)],
            ["0 s", "45 s", "2 min 30 s", "1 h"]
        );
        assert_eq!(
            [bytes(512 << 20), bytes(3 << 29), bytes(1000)],
            ["512 MiB", "1.5 GiB", "1000 B"]
        );
        assert_eq!([cores(250), cores(2000), cores(1005)], ["0.25", "2", "1.005"]);
    }

    #[test]
    fn code_stays_on_its_line() {
        assert_eq!(code("a\r\nb"), "`a b`");
        assert_eq!(code("a`b"), "`` a`b ``");
        let items: Vec<String> = (0..12).map(|it| it.to_string()).collect();
        assert!(list(&items).ends_with("- 9\n- and 2 more"));
    }
}
