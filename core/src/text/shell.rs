//! Words of a shell command.

use super::steers_a_terminal;

/// Returns a word for a POSIX shell, in quotes where it needs them.
pub fn in_shell(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { quoted(word) }
}

/// Returns a word for a POSIX shell, in quotes whatever it is. Control characters are written as escapes, so that the
/// command is one line that people can read before they run it. Some shells do not know `$'…'`: no quote stands inside,
/// so that they read one word too, though another one.
pub fn quoted(word: &str) -> String {
    if word.contains(steers_a_terminal) {
        let letters = word.chars().map(|letter| match letter {
            '\'' => "\\047".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            other if !steers_a_terminal(other) => other.to_string(),
            other => other.to_string().bytes().map(|byte| format!("\\{byte:03o}")).collect(),
        });
        return format!("$'{}'", letters.collect::<String>());
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns the words of a command as they are written, with their quotes: `a 'b c'` has two.
pub fn words_of(command: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut open = None;
    let mut is_escaped = false;
    for (at, letter) in command.char_indices() {
        match (letter, open) {
            _ if is_escaped => is_escaped = false,
            ('\\', None | Some('"' | '$')) => is_escaped = true,
            ('\'', None) if command[..at].ends_with('$') => open = Some('$'),
            ('\'', Some('$')) => open = None,
            ('\'' | '"', None) => open = Some(letter),
            (_, Some(quote)) if letter == quote => open = None,
            (' ', None) => {
                words.push(&command[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&command[start..]);
    words
}

#[cfg(test)]
mod tests {
    use super::{in_shell, words_of};

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(in_shell("shop/compose.yaml"), "shop/compose.yaml");
        assert_eq!(in_shell("it's"), r"'it'\''s'");
        assert_eq!(in_shell("a b"), "'a b'");
        assert_eq!(in_shell(""), "''");
        assert_eq!(in_shell("it's\n\u{1b}\\"), r"$'it\047s\n\033\\'");
        assert_eq!(in_shell("a;b"), "'a;b'");
        assert_eq!(in_shell("$(id)`id`"), "'$(id)`id`'");
    }

    #[test]
    fn a_command_is_split_outside_of_its_quotes() {
        assert_eq!(words_of("a 'b c' d"), ["a", "'b c'", "d"]);
        assert_eq!(words_of(r"x='it'\''s so' \' y"), [r"x='it'\''s so'", r"\'", "y"]);
        assert_eq!(words_of(r"a $'b\' c' d"), ["a", r"$'b\' c'", "d"]);
        assert_eq!(words_of(r#"a "b 'c" d"#), ["a", r#""b 'c""#, "d"]);
    }
}
