//! Splits a command line into words as Compose does.

use smol_str::SmolStr;
use std::ops::Range;

/// A command line split into words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandLine {
    /// The words, each with the range of the text from which it was read.
    pub words: Vec<(SmolStr, Range<usize>)>,
    /// The position of the unquoted operator that ends the command line for Compose.
    pub cut: Option<usize>,
}

/// Splits a text like the library that Compose uses; `None` for a text that it refuses.
///
/// The library knows quotes and backslashes, expands nothing, and stops without an error at an unquoted
/// `;`, `&`, `|`, `<` or `>`.
pub(crate) fn split(text: &str) -> Option<CommandLine> {
    let mut splitter = Splitter::default();
    for (at, letter) in text.char_indices() {
        match splitter.letter(at, letter)? {
            Next::Letter => {}
            Next::End => return Some(splitter.found),
        }
    }
    if splitter.escaped || splitter.is_quoted() {
        return None;
    }
    splitter.end_word(text.len());
    Some(splitter.found)
}

/// What follows a character.
enum Next {
    Letter,
    /// An operator ended the command line.
    End,
}

/// The state between two characters.
#[derive(Default)]
struct Splitter {
    found: CommandLine,
    word: String,
    /// The start of the current word.
    start: Option<usize>,
    /// The quotes and brackets that are open: `'`, `"`, a backtick, `$(`.
    single: bool,
    double: bool,
    back: bool,
    dollar: bool,
    /// Whether the character before was a backslash.
    escaped: bool,
}

impl Splitter {
    fn is_quoted(&self) -> bool {
        self.single || self.double || self.back || self.dollar
    }

    fn end_word(&mut self, at: usize) {
        if let Some(start) = self.start.take() {
            self.found.words.push((SmolStr::new(&self.word), start..at));
            self.word.clear();
        }
    }

    /// Reads one character; `None` if the library refuses the text.
    fn letter(&mut self, at: usize, letter: char) -> Option<Next> {
        if self.escaped {
            self.word.push(letter);
            self.escaped = false;
            return Some(Next::Letter);
        }
        match letter {
            '\\' if self.single => self.word.push('\\'),
            '\\' => {
                self.escaped = true;
                self.start.get_or_insert(at);
            }
            ' ' | '\t' | '\r' | '\n' => {
                if self.is_quoted() {
                    self.word.push(letter);
                } else {
                    self.end_word(at);
                }
            }
            '`' if !self.single && !self.double && !self.dollar => {
                self.back = !self.back;
                self.word.push('`');
                self.start.get_or_insert(at);
            }
            ')' if self.dollar && !self.single && !self.double && !self.back => {
                self.dollar = false;
                self.word.push(')');
            }
            '(' if !self.single && !self.double && !self.back => {
                if self.dollar || !self.word.ends_with('$') {
                    return None;
                }
                self.dollar = true;
                self.word.push('(');
            }
            '"' if !self.single && !self.dollar => {
                self.double = !self.double;
                self.start.get_or_insert(at);
            }
            '\'' if !self.double && !self.dollar => {
                self.single = !self.single;
                self.start.get_or_insert(at);
            }
            ';' | '&' | '|' | '<' | '>' if !self.is_quoted() => {
                self.cut(at, letter);
                return Some(Next::End);
            }
            _ => {
                self.word.push(letter);
                self.start.get_or_insert(at);
            }
        }
        Some(Next::Letter)
    }

    /// Ends the command line at an operator. A file descriptor before `>` belongs to the operator.
    fn cut(&mut self, at: usize, operator: char) {
        let descriptor = self.word.starts_with(|first: char| first.is_ascii_digit());
        match self.start {
            Some(start) if operator == '>' && descriptor => self.found.cut = Some(start),
            _ => {
                self.found.cut = Some(at);
                self.end_word(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<Vec<SmolStr>> {
        split(text).map(|line| line.words.into_iter().map(|(word, _)| word).collect())
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
            assert_eq!(words(text).unwrap(), wanted, "{text}");
        }
        for text in ["a (b)", "a 'b", "a \"b", "a \\"] {
            assert_eq!(words(text), None, "{text}");
        }
    }

    #[test]
    fn the_dropped_rest_is_known() {
        for (text, rest) in [("a && b", "&& b"), ("a 2>&1", "2>&1"), ("a;b", ";b")] {
            assert_eq!(split(text).unwrap().cut.map(|at| &text[at..]), Some(rest), "{text}");
        }
    }
}
