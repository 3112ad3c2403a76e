//! Words in one string, and names in a sentence.
//!
//! A list of separate strings takes a pointer and a length for each of them, which often weigh more
//! than the word. Here a list is one string with blanks between its words.

/// Whether a word is one of those in the list.
pub fn is_among(list: &str, word: &str) -> bool {
    list.split(' ').any(|it| it == word)
}

/// Whether any word of the list stands somewhere in a text.
pub fn stands_in(list: &str, text: &str) -> bool {
    list.split(' ').any(|it| text.contains(it))
}

/// `` `a`, `b` ``.
pub fn named(names: &[&str]) -> String {
    let mut text = String::new();
    for name in names {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push('`');
        text.push_str(name);
        text.push('`');
    }
    text
}

/// `` `a`, `b` and 3 more ``, where only so many are shown and `rest` says what the others are.
pub fn first_named(names: &[&str], most: usize, rest: &str) -> String {
    match names.get(most..) {
        Some([_, ..]) => {
            format!("{} and {} {rest}", named(&names[..most]), names.len() - most)
        }
        _ => named(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_whole_and_a_list_is_cut() {
        assert!(is_among("dev prod", "prod"));
        assert!(!is_among("dev prod", "pro"));
        assert!(stands_in("dump backup", "/backups/x"));
        assert_eq!(named(&["a", "b"]), "`a`, `b`");
        assert_eq!(first_named(&["a", "b", "c"], 2, "others"), "`a`, `b` and 1 others");
        assert_eq!(first_named(&["a", "b"], 2, "others"), "`a`, `b`");
    }
}
