//! Pipelines: the part of the grammar inside of an action.

use super::lex::{Lexeme, Token};
use super::literal;
use super::node::{Command, Expression, ExpressionKind, Literal, Pipe};
use super::parse::Parser;
use crate::build::helm::failure::Result;
use std::sync::Arc;

impl Parser<'_> {
    pub(super) fn pipe(&mut self, context: &str, end: Token) -> Result<Pipe> {
        self.skip_space();
        let start = self.tokens.get(self.next).map_or(self.action.end, |token| token.range.start);
        let (declared, assigns) = self.declarations(context)?;
        let mut commands = Vec::new();
        loop {
            match self.peek_word() {
                token if token == end => break,
                Token::Pipe | Token::End | Token::RightParenthesis => {
                    return match (self.peek(), commands.is_empty()) {
                        (Token::End, true) => self.fail(format!("missing value for {context}")),
                        _ => self.unexpected(context),
                    };
                }
                _ => commands.push(self.command()?),
            }
            if self.peek_word() == Token::Pipe {
                self.next += 1;
                if self.peek_word() == end {
                    return self.fail(format!("missing value for {context}"));
                }
            }
        }
        if commands.is_empty() {
            return self.fail(format!("missing value for {context}"));
        }
        self.check_commands(&commands)?;
        if !assigns {
            self.variables.extend(declared.iter().cloned());
        }
        let stop = commands.last().map_or(start, |command: &Command| command.range.end);
        Ok(Pipe { range: start..stop, variables: declared, assigns, commands })
    }

    /// Only the first command of a pipeline may be something that takes no arguments.
    fn check_commands(&self, commands: &[Command]) -> Result<()> {
        for (index, command) in commands.iter().enumerate().skip(1) {
            let Some(first) = command.words.first() else { continue };
            if matches!(
                first.kind,
                ExpressionKind::Dot | ExpressionKind::Nil | ExpressionKind::Literal(_)
            ) {
                let message = format!("non executable command in pipeline stage {}", index + 1);
                return self.fail_at(first.range.clone(), message);
            }
        }
        Ok(())
    }

    /// `$x :=`, `$x =`, or `$i, $x :=` of a `range`.
    fn declarations(&mut self, context: &str) -> Result<(Vec<Arc<str>>, bool)> {
        let start = self.next;
        let mut names: Vec<Arc<str>> = Vec::new();
        while self.peek() == Token::Variable {
            names.push(self.text(&self.tokens[self.next].range).into());
            self.next += 1;
            match self.peek_word() {
                Token::Declare => {
                    self.next += 1;
                    return Ok((names, false));
                }
                Token::Assign => {
                    for name in &names {
                        self.check_variable(name)?;
                    }
                    self.next += 1;
                    return Ok((names, true));
                }
                Token::Comma if context == "range" && names.len() < 2 => {
                    self.next += 1;
                    self.skip_space();
                }
                _ => break,
            }
        }
        self.next = start;
        Ok((Vec::new(), false))
    }

    fn check_variable(&self, name: &str) -> Result<()> {
        if self.variables.iter().any(|known| &**known == name) {
            return Ok(());
        }
        self.fail(format!("undefined variable {name:?}"))
    }

    fn command(&mut self) -> Result<Command> {
        let start = self.tokens[self.next].range.start;
        let mut words: Vec<Expression> = Vec::new();
        loop {
            words.push(self.operand()?);
            match self.peek() {
                Token::Space => {
                    self.skip_space();
                    if matches!(self.peek(), Token::Pipe | Token::End | Token::RightParenthesis) {
                        break;
                    }
                }
                Token::Pipe | Token::End | Token::RightParenthesis => break,
                _ => return self.unexpected("operand"),
            }
        }
        let end = words.last().map_or(start, |word| word.range.end);
        Ok(Command { range: start..end, words })
    }

    /// A term with the fields behind it.
    fn operand(&mut self) -> Result<Expression> {
        let mut term = self.term()?;
        let mut fields: Vec<Arc<str>> = Vec::new();
        let first = self.tokens.get(self.next).map(|lexeme| lexeme.range.clone());
        while self.peek() == Token::Field {
            let range = self.tokens[self.next].range.clone();
            fields.push(self.text(&range)[1..].into());
            term.range.end = range.end;
            self.next += 1;
        }
        let (Some(first), false) = (first, fields.is_empty()) else { return Ok(term) };
        term.at = first.start;
        term.kind = match term.kind {
            ExpressionKind::Field(mut names) => {
                names.append(&mut fields);
                ExpressionKind::Field(names)
            }
            ExpressionKind::Variable(name, mut names) => {
                names.append(&mut fields);
                ExpressionKind::Variable(name, names)
            }
            ExpressionKind::Chain(pipe, _) => ExpressionKind::Chain(pipe, fields),
            ExpressionKind::Dot
            | ExpressionKind::Nil
            | ExpressionKind::Literal(_)
            | ExpressionKind::Function(_) => {
                let word = self.text(&term.range).to_owned();
                return self.fail_at(term.range, format!("unexpected . after term {word:?}"));
            }
        };
        Ok(term)
    }

    fn term(&mut self) -> Result<Expression> {
        let Some(Lexeme { token, range }) = self.tokens.get(self.next).cloned() else {
            return self.unexpected("operand");
        };
        let word = self.text(&range).to_owned();
        let kind = match token {
            Token::Identifier => match word.as_str() {
                "true" => ExpressionKind::Literal(Literal::Bool(true)),
                "false" => ExpressionKind::Literal(Literal::Bool(false)),
                "nil" => ExpressionKind::Nil,
                "if" | "else" | "end" | "range" | "with" | "define" | "block" | "template"
                | "break" | "continue" => return self.unexpected("operand"),
                name if (self.is_function)(name) => ExpressionKind::Function(name.into()),
                name => return self.fail(format!("function {name:?} not defined")),
            },
            Token::Dot => ExpressionKind::Dot,
            Token::Field => ExpressionKind::Field(vec![word[1..].into()]),
            Token::Variable => {
                self.check_variable(&word)?;
                ExpressionKind::Variable(word.as_str().into(), Vec::new())
            }
            Token::Number => match literal::number(&word) {
                Some(value) => ExpressionKind::Literal(value),
                None => return self.fail(format!("bad number syntax: {word:?}")),
            },
            Token::Character => match literal::character(&word) {
                Some(value) => ExpressionKind::Literal(value),
                None => return self.fail(format!("malformed character constant: {word}")),
            },
            Token::String | Token::RawString => {
                match literal::string(&self.source.text.slice(range.clone())) {
                    Some(text) => ExpressionKind::Literal(Literal::Text(text)),
                    None => return self.fail("invalid syntax"),
                }
            }
            Token::LeftParenthesis => return self.parenthesised(range.start),
            Token::Space
            | Token::Pipe
            | Token::Comma
            | Token::Declare
            | Token::Assign
            | Token::RightParenthesis
            | Token::End => return self.unexpected("operand"),
        };
        self.next += 1;
        Ok(Expression { at: range.start, range, kind })
    }

    fn parenthesised(&mut self, start: usize) -> Result<Expression> {
        self.enter()?;
        self.next += 1;
        let pipe = self.pipe("parenthesized pipeline", Token::RightParenthesis)?;
        let end = self.tokens[self.next].range.end;
        self.next += 1;
        self.depth -= 1;
        let kind = ExpressionKind::Chain(Box::new(pipe), Vec::new());
        Ok(Expression { at: start, range: start..end, kind })
    }
}
