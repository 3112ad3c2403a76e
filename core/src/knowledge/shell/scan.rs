//! Words and operators of a shell string.

use super::{Joint, Word};

/// A word or an operator.
pub enum Token {
    Word {
        word: Word,
        quoted: bool,
    },
    /// The target of a redirection that connects: `/dev/tcp/db/5432`.
    Connection(Word),
    Joint(Joint),
}

/// Maximum number of bytes of a shell string. Linux starts no program with a longer argument (`MAX_ARG_STRLEN`,
/// execve(2)).
const MAX_BYTES: usize = 128 << 10;

/// Splits a text into words and operators. The text begins at `offset` in argument `arg`.
pub fn scan(text: &str, arg: usize, offset: usize) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    if bytes.len() > MAX_BYTES {
        return tokens;
    }
    let mut heredocs: Vec<String> = Vec::new();
    let mut at = 0;
    let joint = |tokens: &mut Vec<Token>, it| tokens.push(Token::Joint(it));
    while at < bytes.len() {
        let next = bytes.get(at + 1).copied();
        match bytes[at] {
            b'\n' => {
                joint(&mut tokens, Joint::Then);
                at += 1;
                for end in heredocs.drain(..) {
                    at = skip_heredoc(text, at, &end);
                }
            }
            b' ' | b'\t' | b'\r' => at += 1,
            b'\\' if next == Some(b'\n') => at += 2,
            b'#' => at = text[at..].find('\n').map_or(bytes.len(), |it| at + it),
            b';' => {
                joint(&mut tokens, Joint::Then);
                at += 1;
            }
            b'&' if next == Some(b'&') => {
                joint(&mut tokens, Joint::And);
                at += 2;
            }
            b'&' if next == Some(b'>') => at = redirection(text, at + 1, &mut heredocs).end,
            b'&' => {
                joint(&mut tokens, Joint::Background);
                at += 1;
            }
            b'|' if next == Some(b'|') => {
                joint(&mut tokens, Joint::Or);
                at += 2;
            }
            b'|' => {
                joint(&mut tokens, Joint::Pipe);
                at += 1;
            }
            b'(' | b')' => {
                joint(&mut tokens, Joint::Then);
                at += 1;
            }
            b'<' | b'>' => {
                let target = redirection(text, at, &mut heredocs);
                at = target.end;
                let (start, end) = (offset + target.start, offset + target.end);
                if target.word.starts_with("/dev/tcp/") {
                    let word = Word { text: target.word.into(), arg, start, end };
                    tokens.push(Token::Connection(word));
                }
            }
            _ => {
                let (word, end, quoted) = read_word(text, at);
                // The number before a redirection is a file descriptor, not an argument.
                let digits =
                    !quoted && !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
                if !(digits && matches!(bytes.get(end), Some(b'<' | b'>'))) {
                    let word =
                        Word { text: word.into(), arg, start: offset + at, end: offset + end };
                    tokens.push(Token::Word { word, quoted });
                }
                at = end;
            }
        }
    }
    tokens
}

/// The target of a redirection, with its offsets in the text.
struct Target {
    word: String,
    start: usize,
    end: usize,
}

/// Reads a redirection and returns its target. The end marker of a here-document is added to `heredocs`.
fn redirection(text: &str, start: usize, heredocs: &mut Vec<String>) -> Target {
    let bytes = text.as_bytes();
    let mut at = start;
    while matches!(bytes.get(at), Some(b'<' | b'>' | b'&' | b'|')) {
        at += 1;
    }
    let operator = &text[start..at];
    let heredoc = operator == "<<";
    if heredoc && bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    while matches!(bytes.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    if bytes
        .get(at)
        .is_none_or(|b| matches!(b, b'\n' | b';' | b'|' | b'&' | b'(' | b')' | b'<' | b'>'))
    {
        return Target { word: String::new(), start: at, end: at };
    }
    let (word, end, _) = read_word(text, at);
    if heredoc {
        heredocs.push(word.clone());
    }
    Target { word, start: at, end }
}

/// Returns the start of the line after the one that ends a here-document.
fn skip_heredoc(text: &str, start: usize, end: &str) -> usize {
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        at += line.len();
        if line.trim() == end {
            return at;
        }
    }
    text.len()
}

/// Reads a word and returns its text without quotes, its end, and whether any part was quoted.
fn read_word(text: &str, start: usize) -> (String, usize, bool) {
    let bytes = text.as_bytes();
    let mut word = String::new();
    let mut quoted = false;
    let mut at = start;
    while at < bytes.len() {
        match bytes[at] {
            b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => break,
            b'\'' => {
                quoted = true;
                let end = text[at + 1..].find('\'').map_or(bytes.len(), |it| at + 1 + it);
                word.push_str(&text[at + 1..end]);
                at = (end + 1).min(bytes.len());
            }
            b'"' => {
                quoted = true;
                at = double_quoted(text, at + 1, &mut word);
            }
            b'\\' => {
                let next = text[at + 1..].chars().next();
                word.extend(next.filter(|it| *it != '\n'));
                at += 1 + next.map_or(0, char::len_utf8);
            }
            b'$' if matches!(bytes.get(at + 1), Some(b'(' | b'{')) => {
                let end = closing(bytes, at + 1);
                word.push_str(&text[at..end]);
                at = end;
            }
            b'`' => {
                let end = text[at + 1..].find('`').map_or(bytes.len(), |it| at + it + 2);
                word.push_str(&text[at..end]);
                at = end;
            }
            _ => {
                let c = text[at..].chars().next().expect("internal error: `at` is a char boundary");
                word.push(c);
                at += c.len_utf8();
            }
        }
    }
    (word, at, quoted)
}

/// Reads up to the closing double quote and returns the offset after it.
fn double_quoted(text: &str, start: usize, word: &mut String) -> usize {
    let mut escaped = false;
    for (at, c) in text[start..].char_indices() {
        match c {
            _ if escaped => {
                if !matches!(c, '"' | '\\' | '$' | '`' | '\n') {
                    word.push('\\');
                }
                if c != '\n' {
                    word.push(c);
                }
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return start + at + 1,
            _ => word.push(c),
        }
    }
    text.len()
}

/// Returns the offset after the bracket that closes the one at `open`.
fn closing(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, b) in bytes.iter().enumerate().skip(open) {
        match b {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}
