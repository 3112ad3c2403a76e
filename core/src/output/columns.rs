//! Text in the columns of a terminal: escaping, measuring and wrapping.

use unicode_width::UnicodeWidthStr;

/// Makes text from outside safe for a terminal: control characters, which could move the cursor or
/// change colours, and characters that turn the direction of writing are shown as `\u{1b}`. Line
/// breaks and tabs stay.
pub fn escape(text: &str) -> String {
    escape_unless(text, |letter| matches!(letter, '\n' | '\t'))
}

/// Makes a name safe for a terminal, as [`escape`] does, and keeps it on one line.
pub fn escape_line(text: &str) -> String {
    escape_unless(text, |_| false)
}

/// A source line as a terminal may show it. Tabs take four columns, wherever they stand.
pub(super) fn visible(line: &str) -> String {
    escape_line(&line.replace('\t', "    "))
}

fn escape_unless(text: &str, keep: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if steers_a_terminal(letter) && !keep(letter) {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}

/// Makes JSON safe for a terminal. A writer of JSON escapes the control characters of ASCII by itself; the others,
/// which stand in texts only, are escaped here, so that readers get the same texts.
pub fn escape_json(json: String) -> String {
    let is_raw = |letter: char| letter >= '\u{7f}' && steers_a_terminal(letter);
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

fn steers_a_terminal(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            // Marks, embeddings, overrides and isolates of the bidirectional algorithm.
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators.
            | '\u{2028}' | '\u{2029}'
        )
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
            if used > 0 && used + 1 + wide > width {
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
    fn control_characters_are_escaped() {
        assert_eq!(escape("\x1b]0;x\x07"), r"\u{1b}]0;x\u{7}");
        assert_eq!(escape("a\u{202E}b\u{9B}c\u{7F}"), r"a\u{202e}b\u{9b}c\u{7f}");
        assert_eq!(escape("one\n\ttwo\r"), "one\n\ttwo\\r");
        assert_eq!(escape_line("a\nb\tc"), r"a\nb\tc");
        assert_eq!(escape("ü 日本 🎵 \\n"), "ü 日本 🎵 \\n");
        assert_eq!(visible("\tx\x1b"), r"    x\u{1b}");
    }

    #[test]
    fn text_wraps_at_the_width_and_keeps_its_own_lines() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("日本 日本 x", 9), ["日本 日本", "x"]);
        assert_eq!(wrap("a\n  kept as it is\n\nb", 4), ["a", "  kept as it is", "", "b"]);
        assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
    }
}
