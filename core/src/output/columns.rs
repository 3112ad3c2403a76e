//! Text in the columns of a terminal: escaping, measuring and wrapping.

pub use crate::text::{escape, escape_line};
use crate::text::{one_line, steers_a_terminal};
use unicode_width::UnicodeWidthStr;

/// A source line as a terminal may show it. Tabs take four columns, wherever they stand.
pub(super) fn visible(line: &str) -> String {
    one_line(&line.replace('\t', "    "))
}

/// Makes JSON safe for a terminal. A writer of JSON escapes the control characters of ASCII by itself; the others,
/// which stand in texts only, are escaped here, so that readers get the same texts.
pub fn escape_json(json: String) -> String {
    let is_raw = |letter: char| letter >= '\u{7f}' && steers_a_terminal(letter);
    // A command to the runner of a workflow, wherever it stands.
    let json = if json.contains("##[") { json.replace("##[", "#\\u0023[") } else { json };
    if !json.contains(is_raw) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for letter in json.chars() {
        match is_raw(letter) {
            true => out.push_str(&format!("\\u{:04x}", u32::from(letter))),
            false => out.push(letter),
        }
    }
    out
}

/// Returns the number of terminal columns of a text without control characters.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// Breaks text at blanks into lines of at most `width` columns. Line breaks stay, and indented
/// lines (lists, code) are not broken.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.trim_end().split('\n') {
        if line.starts_with("  ") || line.is_empty() {
            lines.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        let mut used = 0;
        for word in line.split(' ').filter(|word| !word.is_empty()) {
            let wide = columns(word);
            // `::error` at the start of a line would be a command to the runner of a workflow.
            let may_start = !word.trim_start().starts_with("::");
            if used > 0 && used + 1 + wide > width && may_start {
                lines.push(std::mem::take(&mut current));
                used = 0;
            }
            if used > 0 {
                current.push(' ');
                used += 1;
            }
            current.push_str(word);
            used += wide;
        }
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_a_terminal() {
        for (text, expected) in [
            ("", 0),
            ("web", 3),
            ("✅ x", 4),
            ("日本", 4),
            ("e\u{301}", 1),
            ("🎵", 2),
            ("👨\u{200D}👩\u{200D}👧", 2),
            ("a\u{200B}b", 2),
        ] {
            assert_eq!(columns(text), expected, "{text:?}");
        }
    }

    #[test]
    fn source_lines_and_json_are_safe() {
        assert_eq!(visible("\tx\x1b"), r"    x\u{1b}");
        assert_eq!(escape_json("\"a\u{9b}##[x\"".to_owned()), r#""a\u009b#\u0023[x""#);
    }

    #[test]
    fn text_wraps_at_the_width_and_keeps_its_own_lines() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("日本 日本 x", 9), ["日本 日本", "x"]);
        assert_eq!(wrap("a\n  kept as it is\n\nb", 4), ["a", "  kept as it is", "", "b"]);
        assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
        assert_eq!(wrap("one ::error::x two", 4), ["one ::error::x", "two"]);
    }
}
