//! A template's text and actions, and the tokens inside of an action.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// A blank between two words.
    Space,
    /// `.`
    Dot,
    /// `.name`
    Field,
    /// `$name` or `$`
    Variable,
    /// A keyword, function, `true`, `false` or `nil`.
    Identifier,
    Number,
    Character,
    String,
    RawString,
    Pipe,
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    LeftParenthesis,
    RightParenthesis,
    /// The end of the action.
    End,
}

/// A token and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lexeme {
    pub token: Token,
    pub range: Range<usize>,
}

/// A stretch of a template.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    Text(Range<usize>),
    /// The tokens between `{{` and `}}`, and all bytes with the braces.
    Action(Vec<Lexeme>, Range<usize>),
}

#[derive(Debug, PartialEq, Eq)]
pub struct LexError {
    pub at: usize,
    pub message: String,
}

const TRIMMED: [char; 4] = [' ', '\t', '\r', '\n'];

/// Splits a template into its texts and actions; comments are left out, blanks trimmed. An error
/// ends the list, so that what stands before it is looked at first, as Go does.
pub fn lex(source: &str) -> (Vec<Part>, Option<LexError>) {
    let mut parts = Vec::new();
    let mut at = 0;
    let mut trim = false;
    loop {
        let open = source[at..].find("{{").map(|length| at + length);
        let mut start = at;
        let mut end = open.unwrap_or(source.len());
        if trim {
            start = end - source[start..end].trim_start_matches(TRIMMED).len();
        }
        let Some(open) = open else {
            if start < end {
                parts.push(Part::Text(start..end));
            }
            return (parts, None);
        };
        let mut inside = open + 2;
        if has_trim_marker(&source[inside..]) {
            end = start + source[start..end].trim_end_matches(TRIMMED).len();
            inside += 2;
        }
        if start < end {
            parts.push(Part::Text(start..end));
        }
        let next = if source[inside..].starts_with("/*") {
            comment(source, inside)
        } else {
            Lexer { source, at: inside, depth: 0, tokens: Vec::new() }.action(open).map(
                |(tokens, closed)| {
                    parts.push(Part::Action(tokens, open..closed.at));
                    closed
                },
            )
        };
        match next {
            Ok(closed) => (at, trim) = (closed.at, closed.trim),
            Err(error) => return (parts, Some(error)),
        }
    }
}

/// Where an action ended, and whether it trims what follows.
struct Closed {
    at: usize,
    trim: bool,
}

fn has_trim_marker(text: &str) -> bool {
    text.starts_with('-') && text[1..].starts_with(TRIMMED)
}

/// `}}` or ` -}}` at the start of a text.
fn closing(text: &str, at: usize) -> Option<Closed> {
    if text.starts_with("}}") {
        return Some(Closed { at: at + 2, trim: false });
    }
    let marked = text.strip_prefix(TRIMMED).is_some_and(|rest| rest.starts_with("-}}"));
    marked.then_some(Closed { at: at + 4, trim: true })
}

fn comment(source: &str, at: usize) -> Result<Closed, LexError> {
    let error = |message: &str| LexError { at, message: message.to_owned() };
    let Some(length) = source[at..].find("*/") else { return Err(error("unclosed comment")) };
    let end = at + length + 2;
    closing(&source[end..], end).ok_or_else(|| error("comment ends before closing delimiter"))
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    depth: usize,
    tokens: Vec<Lexeme>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn error<T>(&self, message: impl Into<String>) -> Result<T, LexError> {
        Err(LexError { at: self.at, message: message.into() })
    }

    fn push(&mut self, token: Token, length: usize) {
        self.tokens.push(Lexeme { token, range: self.at..self.at + length });
        self.at += length;
    }

    fn action(mut self, open: usize) -> Result<(Vec<Lexeme>, Closed), LexError> {
        loop {
            if let Some(closed) = closing(self.rest(), self.at) {
                if self.depth > 0 {
                    return self.error("unclosed left paren");
                }
                self.push(Token::End, 0);
                return Ok((self.tokens, closed));
            }
            let Some(letter) = self.rest().chars().next() else {
                self.at = open;
                return self.error("unclosed action");
            };
            self.token(letter)?;
        }
    }

    fn token(&mut self, letter: char) -> Result<(), LexError> {
        match letter {
            ' ' | '\t' | '\r' | '\n' => self.space(),
            '=' => self.push(Token::Assign, 1),
            ':' if self.rest().starts_with(":=") => self.push(Token::Declare, 2),
            ':' => return self.error("expected :="),
            '|' => self.push(Token::Pipe, 1),
            ',' => self.push(Token::Comma, 1),
            '"' => return self.quoted('"', Token::String, "unterminated quoted string"),
            '\'' => return self.quoted('\'', Token::Character, "unterminated character constant"),
            '`' => match self.rest()[1..].find('`') {
                Some(length) => self.push(Token::RawString, length + 2),
                None => return self.error("unterminated raw quoted string"),
            },
            '$' => {
                let length = 1 + name_length(&self.rest()[1..]);
                self.word(Token::Variable, length)?;
            }
            '.' if !self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                let length = name_length(&self.rest()[1..]);
                if length == 0 {
                    self.push(Token::Dot, 1);
                } else {
                    self.word(Token::Field, length + 1)?;
                }
            }
            '(' => {
                self.depth += 1;
                self.push(Token::LeftParenthesis, 1);
            }
            ')' => {
                if self.depth == 0 {
                    return self.error("unexpected right paren");
                }
                self.depth -= 1;
                self.push(Token::RightParenthesis, 1);
            }
            '+' | '-' | '.' | '0'..='9' => return self.number(),
            letter if letter.is_alphanumeric() || letter == '_' => {
                let length = name_length(self.rest());
                self.word(Token::Identifier, length)?;
            }
            letter => {
                return self.error(format!(
                    "unrecognized character in action: U+{:04X} '{letter}'",
                    letter as u32
                ));
            }
        }
        Ok(())
    }

    /// Blanks up to the next word, or up to the one before ` -}}`.
    fn space(&mut self) {
        let rest = self.rest();
        let mut length = rest.len() - rest.trim_start_matches(TRIMMED).len();
        if rest[length..].starts_with("-}}") {
            length -= 1;
        }
        if length > 0 {
            self.push(Token::Space, length);
        }
    }

    fn quoted(&mut self, quote: char, token: Token, message: &str) -> Result<(), LexError> {
        let mut escaped = false;
        for (at, letter) in self.rest().char_indices().skip(1) {
            match letter {
                '\n' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if letter == quote => {
                    self.push(token, at + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        self.error(message)
    }

    /// A word must be followed by something that can follow one.
    fn word(&mut self, token: Token, length: usize) -> Result<(), LexError> {
        let after = &self.rest()[length..];
        let follows = after.is_empty()
            || after.starts_with([' ', '\t', '\r', '\n', '.', ',', '|', ':', '=', ')', '('])
            || after.starts_with("}}");
        if !follows {
            let letter = after.chars().next().unwrap_or_default();
            return self.error(format!("bad character U+{:04X} '{letter}'", letter as u32));
        }
        self.push(token, length);
        Ok(())
    }

    fn number(&mut self) -> Result<(), LexError> {
        let rest = self.rest();
        let mut length = 0;
        let mut before = ' ';
        for letter in rest.chars() {
            let sign = matches!(letter, '+' | '-');
            let exponent = matches!(before, 'e' | 'E' | 'p' | 'P');
            let hexadecimal = rest[..length].contains(['x', 'X']) && !matches!(before, 'p' | 'P');
            let continues = letter.is_ascii_alphanumeric()
                || matches!(letter, '.' | '_')
                || sign && (length == 0 || exponent && !hexadecimal);
            if !continues {
                break;
            }
            length += 1;
            before = letter;
        }
        self.push(Token::Number, length);
        Ok(())
    }
}

fn name_length(text: &str) -> usize {
    text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len())
}
