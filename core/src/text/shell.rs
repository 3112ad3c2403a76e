//! Words of a shell command.

/// Returns a word for a POSIX shell, in quotes where it needs them.
pub fn in_shell(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::in_shell;

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(in_shell("shop/compose.yaml"), "shop/compose.yaml");
        assert_eq!(in_shell("it's"), r"'it'\''s'");
        assert_eq!(in_shell("a b"), "'a b'");
        assert_eq!(in_shell(""), "''");
    }
}
