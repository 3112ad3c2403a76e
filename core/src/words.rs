//! Words in one string, and names in a sentence.
//!
//! A list of separate strings takes a pointer and a length for each of them, which often weigh more
//! than the word. Here a list is one string with white space between its words.

pub mod rows;

use std::borrow::Cow;

/// Whether a word stands in a list of words with white space between them.
pub fn is_among(list: &str, word: &str) -> bool {
    has(list, word, false)
}

/// Whether a word, however it is written, stands in a list of words in upper case.
pub fn is_among_in_any_case(list: &str, word: &str) -> bool {
    has(list, word, true)
}

/// With `any_case` the list is in upper case, and the word may be written in any.
fn has(list: &str, word: &str, any_case: bool) -> bool {
    let Some(first) = word.as_bytes().first() else { return false };
    let letter = if any_case { first.to_ascii_uppercase() } else { *first };
    Beginning { list, letter, at: 0 }
        .any(|it| it == word || any_case && it.eq_ignore_ascii_case(word))
}

/// The words of a list that begin with a letter: the lists are asked for every variable and image, and
/// to look for the letter is faster than to look at each word.
struct Beginning<'l> {
    list: &'l str,
    letter: u8,
    at: usize,
}

impl<'l> Iterator for Beginning<'l> {
    type Item = &'l str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'l str> {
        let list = self.list.as_bytes();
        loop {
            let start = self.at + memchr::memchr(self.letter, &list[self.at..])?;
            self.at = start + 1;
            if start == 0 || list[start - 1] <= b' ' {
                let length = list[start..].iter().take_while(|it| **it > b' ').count();
                return Some(&self.list[start..start + length]);
            }
        }
    }
}

/// A text in upper case: names of variables mostly are.
pub fn upper(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|it| it.is_ascii_lowercase()) {
        true => Cow::Owned(text.to_ascii_uppercase()),
        false => Cow::Borrowed(text),
    }
}

/// A text in lower case: hosts, tags and schemes mostly are.
pub fn lower(text: &str) -> Cow<'_, str> {
    match text.bytes().any(|it| it.is_ascii_uppercase()) {
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Borrowed(text),
    }
}

/// Where a short text stands in another one for the first time. The library's search prepares itself
/// for long texts, which for a value of some twenty letters takes longer than the search.
pub fn find(text: &str, part: &str) -> Option<usize> {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    memchr::memchr_iter(*part.first()?, text).find(|at| text[*at..].starts_with(part))
}

/// What stands before and behind a short text, where it stands first.
pub fn split_once<'t>(text: &'t str, part: &str) -> Option<(&'t str, &'t str)> {
    let at = find(text, part)?;
    Some((&text[..at], &text[at + part.len()..]))
}

/// The lines of a table.
pub fn lines(text: &str) -> Lines<'_> {
    Lines(text)
}

/// See [`lines`].
pub struct Lines<'t>(&'t str);

impl<'t> Iterator for Lines<'t> {
    type Item = &'t str;

    #[inline(never)]
    fn next(&mut self) -> Option<&'t str> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.0.as_bytes()).unwrap_or(self.0.len());
        let line = &self.0[..end];
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        Some(line)
    }
}

/// Which word of a list it is, counted from 0.
pub fn place_of(list: &str, word: &str) -> Option<usize> {
    words(list).position(|it| it == word)
}

/// The words of a list. By hand, since these lists are walked for every variable and image, and what
/// the library has for it is twice as slow.
pub fn words(list: &str) -> impl Iterator<Item = &str> {
    let bytes = list.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && bytes[at] <= b' ' {
            at += 1;
        }
        let start = at;
        while at < bytes.len() && bytes[at] > b' ' {
            at += 1;
        }
        (start < at).then(|| &list[start..at])
    })
}

/// Whether a text begins with one of the words.
pub fn begins_with_one_of(list: &str, text: &str) -> bool {
    let Some(first) = text.as_bytes().first() else { return false };
    Beginning { list, letter: *first, at: 0 }.any(|it| text.starts_with(it))
}

/// Whether a text ends in one of the words.
pub fn ends_in_one_of(list: &str, text: &str) -> bool {
    words(list).any(|it| text.ends_with(it))
}

/// Whether one of the words stands somewhere in a text.
pub fn stands_in(list: &str, text: &str) -> bool {
    // Most words begin or end in a letter that the text does not have at all.
    let mark = |letter: u8| 1_u32 << (letter % 32);
    let marks = text.bytes().fold(0, |marks, it| marks | mark(it));
    words(list).any(|it| {
        let word = it.as_bytes();
        let ends = mark(word[0]) | mark(word[word.len() - 1]);
        marks & ends == ends && find(text, it).is_some()
    })
}

/// A long list that is asked often, and mostly about words that it does not have.
pub struct Words {
    list: &'static str,
    /// The marks of all the words.
    marks: [u64; 4],
}

impl Words {
    pub const fn new(list: &'static str) -> Words {
        let bytes = list.as_bytes();
        let (mut marks, mut start, mut at) = ([0; 4], 0, 0);
        while at <= bytes.len() {
            if at == bytes.len() || bytes[at] == b' ' {
                if at > start {
                    let mark = mark(bytes[start], bytes[at - 1], at - start);
                    marks[mark / 64] |= 1 << (mark % 64);
                }
                start = at + 1;
            }
            at += 1;
        }
        Words { list, marks }
    }

    /// Whether a word stands in the list.
    pub fn has(&self, word: &str) -> bool {
        let (Some(first), Some(last)) = (word.as_bytes().first(), word.as_bytes().last()) else {
            return false;
        };
        self.may_have(mark(*first, *last, word.len())) && is_among(self.list, word)
    }

    /// Whether a word stands in a list of words in upper case, however the word itself is written.
    pub fn has_in_any_case(&self, word: &str) -> bool {
        let (Some(first), Some(last)) = (word.as_bytes().first(), word.as_bytes().last()) else {
            return false;
        };
        let mark = mark(first.to_ascii_uppercase(), last.to_ascii_uppercase(), word.len());
        self.may_have(mark) && has(self.list, word, true)
    }

    fn may_have(&self, mark: usize) -> bool {
        self.marks[mark / 64] & (1 << (mark % 64)) != 0
    }
}

/// One of 256 bits for words that begin and end alike and are of one length.
const fn mark(first: u8, last: u8, length: usize) -> usize {
    (first as usize * 37 + last as usize * 11 + length * 5) % 256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_whole() {
        assert!(is_among("a bc\n  d", "bc") && is_among("a bc\n  d", "d"));
        assert!(!is_among("a bc", "b") && !is_among("a bc", "a bc") && !is_among("a bc", ""));
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
        assert!(stands_in("_a _b", "x_bx") && !stands_in("_a _b", "ab"));
    }

    #[test]
    fn a_word_is_whole_and_a_list_is_cut() {
        assert!(is_among("dev prod", "prod"));
        assert!(!is_among("dev prod", "pro"));
        assert!(stands_in("dump backup", "/backups/x"));
    }
}
