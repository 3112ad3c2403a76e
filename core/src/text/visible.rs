//! Texts from outside, made safe for terminals and logs.

/// Shows control characters, which could move the cursor of a terminal, change colours or begin a line, and characters
/// that turn the direction of writing, as `\u{1b}`. What is left is one line.
pub fn one_line(text: &str) -> String {
    escape_unless(text, |_| false, Commands::Inside)
}

/// Makes text safe for a terminal and for the log of a job: as [`one_line`] does, but line breaks and tabs stay. No
/// line is a command to the runner of a workflow.
pub fn escape(text: &str) -> String {
    escape_unless(text, |letter| matches!(letter, '\n' | '\t'), Commands::Anywhere)
}

/// Makes a text safe for a terminal and for the log of a job, as [`escape`] does, and keeps it on one line.
pub fn escape_line(text: &str) -> String {
    escape_unless(text, |_| false, Commands::Anywhere)
}

/// Returns a path that may begin a line: `./::error.yaml`, `./#a.yaml`.
pub fn path_at_start(path: &str) -> String {
    let is_odd = path.trim_start().starts_with("::") || path.trim_start().starts_with('#');
    if is_odd { format!("./{path}") } else { path.to_owned() }
}

/// Which commands to the runner of a workflow are broken: GitHub reads `::error` at the start of a line, blanks aside,
/// and Azure Pipelines `##[error]` anywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commands {
    /// The text stands behind other words.
    Inside,
    Anywhere,
}

fn escape_unless(text: &str, keep: fn(char) -> bool, commands: Commands) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_start = commands == Commands::Anywhere;
    for (at, letter) in text.char_indices() {
        if steers_a_terminal(letter) && !keep(letter) {
            out.extend(letter.escape_default());
            is_start = false;
            continue;
        }
        let is_command = match letter {
            ':' => is_start && text[at..].starts_with("::"),
            '#' => text[at..].starts_with("#[") && text[..at].ends_with('#'),
            _ => false,
        };
        if is_command {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
        is_start = match letter {
            '\n' => commands == Commands::Anywhere,
            blank if blank.is_whitespace() => is_start,
            _ => false,
        };
    }
    out
}

/// Whether a letter is a control character, or turns the direction of writing.
pub fn steers_a_terminal(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            // Marks, embeddings, overrides and isolates of the bidirectional algorithm.
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separators.
            | '\u{2028}' | '\u{2029}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escape("\x1b]0;x\x07"), r"\u{1b}]0;x\u{7}");
        assert_eq!(escape("a\u{202E}b\u{9B}c\u{7F}"), r"a\u{202e}b\u{9b}c\u{7f}");
        assert_eq!(escape("one\n\ttwo\r"), "one\n\ttwo\\r");
        assert_eq!(escape_line("a\nb\tc"), r"a\nb\tc");
        assert_eq!(escape("ü 日本 🎵 \\n"), "ü 日本 🎵 \\n");
    }

    #[test]
    fn no_line_is_a_command_to_a_runner() {
        assert_eq!(escape("::error::x"), r"\u{3a}:error::x");
        assert_eq!(escape("a ::b\n \u{a0}::error::x"), "a ::b\n \u{a0}\\u{3a}:error::x");
        assert_eq!(escape("a ##[error]x ##[[#[# [b"), r"a #\u{23}[error]x #\u{23}[[#[# [b");
        assert_eq!(one_line("::x\n::y##[z"), r"::x\n::y#\u{23}[z");
        assert_eq!(escape(&path_at_start(" ::error::a.yaml")), "./ ::error::a.yaml");
        assert_eq!(path_at_start("#a"), "./#a");
        assert_eq!(path_at_start("a/::b"), "a/::b");
    }
}
