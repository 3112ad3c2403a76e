//! Tables as plain text: words in one string, and rows in files of their own.
//!
//! A slice of strings costs a pointer and a length for each word, which in the WebAssembly engine is
//! as much as many of the words. A text costs one byte between two words, and can be read as it is.

/// Whether a word stands in a list of words with white space between them.
#[must_use]
pub fn one_of(list: &str, word: &str) -> bool {
    place_of(list, word).is_some()
}

/// Which word of a list it is, counted from 0.
#[must_use]
pub fn place_of(list: &str, word: &str) -> Option<usize> {
    list.split_ascii_whitespace().position(|it| it == word)
}

/// Whether a text begins with one of the words.
#[must_use]
pub fn begins_with_one_of(list: &str, text: &str) -> bool {
    list.split_ascii_whitespace().any(|it| text.starts_with(it))
}

/// Whether a text ends in one of the words.
#[must_use]
pub fn ends_in_one_of(list: &str, text: &str) -> bool {
    list.split_ascii_whitespace().any(|it| text.ends_with(it))
}

/// Whether one of the words stands somewhere in a text.
#[must_use]
pub fn has_one_of(list: &str, text: &str) -> bool {
    list.split_ascii_whitespace().any(|it| text.contains(it))
}

/// A long list that is asked often, and mostly about words that it does not have.
pub(super) struct Words {
    list: &'static str,
    /// The marks of all the words.
    marks: u64,
}

impl Words {
    pub(super) const fn new(list: &'static str) -> Words {
        let bytes = list.as_bytes();
        let (mut marks, mut start, mut at) = (0, 0, 0);
        while at <= bytes.len() {
            if at == bytes.len() || bytes[at] == b' ' {
                if at > start {
                    marks |= mark(bytes[start], bytes[at - 1], at - start);
                }
                start = at + 1;
            }
            at += 1;
        }
        Words { list, marks }
    }

    /// Whether a word stands in the list.
    pub(super) fn has(&self, word: &str) -> bool {
        let (Some(first), Some(last)) = (word.as_bytes().first(), word.as_bytes().last()) else {
            return false;
        };
        self.marks & mark(*first, *last, word.len()) != 0 && one_of(self.list, word)
    }

    /// Whether a word stands in a list of words in upper case, however the word itself is written.
    pub(super) fn has_in_any_case(&self, word: &str) -> bool {
        let (Some(first), Some(last)) = (word.as_bytes().first(), word.as_bytes().last()) else {
            return false;
        };
        let mark = mark(first.to_ascii_uppercase(), last.to_ascii_uppercase(), word.len());
        self.marks & mark != 0 && one_of(self.list, &word.to_ascii_uppercase())
    }
}

/// One bit of 64 for words that begin and end alike and are of one length.
const fn mark(first: u8, last: u8, length: usize) -> u64 {
    1 << ((first as usize * 5 + last as usize * 11 + length * 3) % 64)
}

/// How many bytes [`without_comments`] keeps.
pub(crate) const fn length_without_comments(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        let (end, keep) = line(bytes, at);
        if keep {
            length += end - at;
        }
        at = end;
    }
    length
}

/// The text without the lines that begin with `#`: the sources of the rows are for those who read
/// the file, and need not travel with the program.
pub(crate) const fn without_comments<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let bytes = text.as_bytes();
    let mut out = [0; LENGTH];
    let (mut at, mut length) = (0, 0);
    while at < bytes.len() {
        let (end, keep) = line(bytes, at);
        while at < end {
            if keep {
                out[length] = bytes[at];
                length += 1;
            }
            at += 1;
        }
    }
    out
}

/// Where the line ends that begins here, its break included, and whether it is no comment.
const fn line(bytes: &[u8], start: usize) -> (usize, bool) {
    let mut first = start;
    while first < bytes.len() && bytes[first] == b' ' {
        first += 1;
    }
    let mut end = first;
    while end < bytes.len() && bytes[end] != b'\n' {
        end += 1;
    }
    let keep = first >= bytes.len() || bytes[first] != b'#';
    (if end < bytes.len() { end + 1 } else { end }, keep)
}

/// The rows of text files that stand next to the module, without the files' comments.
macro_rules! rows {
    ($($file:literal),+ $(,)?) => {{
        const WHOLE: &str = concat!($(include_str!($file)),+);
        const BYTES: [u8; $crate::knowledge::words::length_without_comments(WHOLE)] =
            $crate::knowledge::words::without_comments(WHOLE);
        match core::str::from_utf8(&BYTES) {
            Ok(it) => it,
            Err(_) => panic!("whole lines are left out, so that no character is cut"),
        }
    }};
}
pub(crate) use rows;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_whole() {
        assert!(one_of("a bc\n  d", "bc") && one_of("a bc\n  d", "d"));
        assert!(!one_of("a bc", "b") && !one_of("a bc", "a bc") && !one_of("a bc", ""));
        assert_eq!(place_of("a bc\n  d", "d"), Some(2));
    }

    #[test]
    fn marks_turn_no_word_away() {
        const LIST: &str = "HOME USER A XDG_RUNTIME_DIR";
        const WORDS: Words = Words::new(LIST);
        for word in LIST.split(' ') {
            assert!(WORDS.has(word), "{word}");
        }
        for word in ["", " ", "HOME USER", "HOM", "B", "XDG_RUNTIME_DIR ", "home"] {
            assert!(!WORDS.has(word), "{word}");
            assert_eq!(WORDS.has_in_any_case(word), word == "home", "{word}");
        }
    }

    #[test]
    fn beginnings_and_ends() {
        assert!(begins_with_one_of("a_ b_", "b_x") && !begins_with_one_of("a_ b_", "xb_"));
        assert!(ends_in_one_of("_a _b", "x_b") && !ends_in_one_of("_a _b", "_bx"));
        assert!(has_one_of("_a _b", "x_bx") && !has_one_of("_a _b", "ab"));
    }

    #[test]
    fn comments_are_left_out() {
        const TEXT: &str = "# a\n\nrow # 1\n  # b\n  more\n#";
        const KEPT: [u8; length_without_comments(TEXT)] = without_comments(TEXT);
        assert_eq!(core::str::from_utf8(&KEPT), Ok("\nrow # 1\n  more\n"));
    }
}
