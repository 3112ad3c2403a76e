//! Tokens to nodes: Go's grammar of templates, with Go's words for what is wrong.

use super::lex::{Lexeme, Part, Token, lex};
use super::literal;
use super::node::{Branch, Command, Expression, ExpressionKind, Node, Pipe, Source, Template};
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::Value;
use std::ops::Range;
use std::rc::Rc;

/// Maximum number of blocks or parentheses inside one another.
const MAX_DEPTH: usize = 100;

/// A template's own body and the templates that it defines, in the order of their ends.
#[derive(Debug)]
pub struct Parsed {
    pub body: Vec<Node>,
    pub defined: Vec<Template>,
}

/// Parses a template. `is_function` knows the names that may be called.
pub fn parse(source: &Rc<Source>, is_function: fn(&str) -> bool) -> Result<Parsed> {
    let (parts, error) = lex(source.text.as_str());
    let mut parser = Parser {
        source,
        is_function,
        parts: parts.into_iter().peekable(),
        error,
        tokens: Vec::new(),
        next: 0,
        action: 0..0,
        defined: Vec::new(),
        variables: vec!["$".into()],
        depth: 0,
        ranges: 0,
    };
    let (body, end) = parser.nodes(Place::Top)?;
    match end {
        Ending::Eof => Ok(Parsed { body, defined: parser.defined }),
        Ending::End => parser.fail("unexpected {{end}}"),
        Ending::Else => parser.fail("unexpected {{else}}"),
    }
}

/// Where a list of nodes stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Block,
}

/// What ended a list of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Eof,
    End,
    Else,
}

/// The blocks that have a pipeline and may have an `else`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    If,
    With,
    Range,
}

impl Block {
    fn name(self) -> &'static str {
        match self {
            Block::If => "if",
            Block::With => "with",
            Block::Range => "range",
        }
    }

    fn node(self, branch: Branch) -> Node {
        match self {
            Block::If => Node::If(branch),
            Block::With => Node::With(branch),
            Block::Range => Node::Range(branch),
        }
    }
}

struct Parser<'p> {
    source: &'p Rc<Source>,
    is_function: fn(&str) -> bool,
    parts: std::iter::Peekable<std::vec::IntoIter<Part>>,
    error: Option<super::lex::LexError>,
    /// The tokens of the action that is read.
    tokens: Vec<Lexeme>,
    next: usize,
    action: Range<usize>,
    defined: Vec<Template>,
    variables: Vec<Rc<str>>,
    depth: usize,
    /// The number of `range` blocks around.
    ranges: usize,
}

impl Parser<'_> {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        let range = match self.tokens.get(self.next) {
            Some(lexeme) => lexeme.range.clone(),
            None => self.action.clone(),
        };
        self.fail_at(range, message)
    }

    fn fail_at<T>(&self, range: Range<usize>, message: impl Into<String>) -> Result<T> {
        let span = self.source.span(&range);
        Err(Failure::parse(message.into(), span, self.source.line(range.start)))
    }

    fn text(&self, range: &Range<usize>) -> &str {
        &self.source.text.as_str()[range.clone()]
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail(format!("blocks are nested more than {MAX_DEPTH} deep"));
        }
        Ok(())
    }

    /// Reads nodes up to `{{end}}`, `{{else}}` or the end of the text. After `{{else` the tokens
    /// behind it are still to be read.
    fn nodes(&mut self, place: Place) -> Result<(Vec<Node>, Ending)> {
        let mut nodes = Vec::new();
        loop {
            match self.parts.next() {
                None => {
                    if let Some(error) = self.error.take() {
                        return self.fail_at(error.at..error.at, error.message);
                    }
                    if place == Place::Block {
                        let end = self.source.text.len();
                        return self.fail_at(end..end, "unexpected EOF");
                    }
                    return Ok((nodes, Ending::Eof));
                }
                Some(Part::Text(range)) => nodes.push(Node::Text(self.source.text.slice(range))),
                Some(Part::Action(tokens, range)) => {
                    (self.tokens, self.next, self.action) = (tokens, 0, range);
                    self.skip_space();
                    match self.keyword().as_str() {
                        "end" => {
                            self.next += 1;
                            self.expect_end("end")?;
                            return Ok((nodes, Ending::End));
                        }
                        "else" => {
                            self.next += 1;
                            return Ok((nodes, Ending::Else));
                        }
                        "define" if place == Place::Top => self.define()?,
                        keyword => {
                            let keyword = keyword.to_owned();
                            let node = self.action(&keyword)?;
                            nodes.push(node);
                        }
                    }
                }
            }
        }
    }

    fn peek(&self) -> Token {
        self.tokens.get(self.next).map_or(Token::End, |lexeme| lexeme.token)
    }

    fn skip_space(&mut self) {
        while self.peek() == Token::Space {
            self.next += 1;
        }
    }

    fn peek_word(&mut self) -> Token {
        self.skip_space();
        self.peek()
    }

    /// The next token as a keyword; empty where it is none.
    fn keyword(&self) -> String {
        match self.tokens.get(self.next) {
            Some(Lexeme { token: Token::Identifier, range }) => self.text(range).to_owned(),
            _ => String::new(),
        }
    }

    fn unexpected<T>(&self, context: &str) -> Result<T> {
        match self.tokens.get(self.next) {
            Some(lexeme) if lexeme.token != Token::End => {
                let word = self.text(&lexeme.range).to_owned();
                self.fail(format!("unexpected <{word}> in {context}"))
            }
            _ => self.fail(format!("unexpected \"}}}}\" in {context}")),
        }
    }

    fn expect_end(&mut self, context: &str) -> Result<()> {
        if self.peek_word() == Token::End { Ok(()) } else { self.unexpected(context) }
    }

    fn action(&mut self, keyword: &str) -> Result<Node> {
        match keyword {
            "if" => self.block(Block::If),
            "with" => self.block(Block::With),
            "range" => self.block(Block::Range),
            "template" => self.template(),
            "block" => self.named_block(),
            "break" | "continue" => {
                if self.ranges == 0 {
                    return self.fail(format!("{{{{{keyword}}}}} outside {{{{range}}}}"));
                }
                self.next += 1;
                self.expect_end(keyword)?;
                Ok(if keyword == "break" { Node::Break } else { Node::Continue })
            }
            _ => Ok(Node::Action(self.pipe("command", Token::End)?)),
        }
    }

    fn block(&mut self, block: Block) -> Result<Node> {
        self.enter()?;
        self.next += 1;
        let known = self.variables.len();
        let pipe = self.pipe(block.name(), Token::End)?;
        self.ranges += usize::from(block == Block::Range);
        let (then, end) = self.nodes(Place::Block)?;
        self.ranges -= usize::from(block == Block::Range);
        let otherwise = match end {
            Ending::Else => self.otherwise(block)?,
            Ending::End | Ending::Eof => Vec::new(),
        };
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(block.node(Branch { pipe, then, otherwise }))
    }

    /// What follows `{{else`: `}}` with nodes, or an `if` or `with` of its own.
    fn otherwise(&mut self, block: Block) -> Result<Vec<Node>> {
        self.skip_space();
        let chained = match (block, self.keyword().as_str()) {
            (Block::If, "if") => Some(Block::If),
            (Block::With, "with") => Some(Block::With),
            _ => None,
        };
        if let Some(block) = chained {
            return Ok(vec![self.block(block)?]);
        }
        self.expect_end("else")?;
        match self.nodes(Place::Block)? {
            (_, Ending::Else) => self.fail("expected end; found {{else}}"),
            (nodes, _) => Ok(nodes),
        }
    }

    fn define(&mut self) -> Result<()> {
        self.next += 1;
        let name = self.name("define clause")?;
        self.expect_end("define clause")?;
        self.body(name, "define clause")
    }

    /// The nodes of a named template, which has no variables of its surroundings.
    fn body(&mut self, name: String, context: &str) -> Result<()> {
        self.enter()?;
        let outer = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let ranges = std::mem::take(&mut self.ranges);
        let (nodes, end) = self.nodes(Place::Block)?;
        if end != Ending::End {
            return self.fail(format!("unexpected {{{{else}}}} in {context}"));
        }
        (self.variables, self.ranges) = (outer, ranges);
        self.depth -= 1;
        self.defined.push(Template { name, source: Rc::clone(self.source), nodes });
        Ok(())
    }

    fn template(&mut self) -> Result<Node> {
        let range = self.action.clone();
        self.next += 1;
        let name = self.name("template clause")?;
        let pipe = match self.peek_word() {
            Token::End => None,
            _ => Some(self.pipe("template clause", Token::End)?),
        };
        Ok(Node::Template { name, pipe, range })
    }

    fn named_block(&mut self) -> Result<Node> {
        let range = self.action.clone();
        self.next += 1;
        let name = self.name("block clause")?;
        let pipe = self.pipe("block clause", Token::End)?;
        self.body(name.clone(), "block clause")?;
        Ok(Node::Template { name, pipe: Some(pipe), range })
    }

    fn name(&mut self, context: &str) -> Result<String> {
        match self.peek_word() {
            Token::String | Token::RawString => {
                let range = self.tokens[self.next].range.clone();
                self.next += 1;
                match literal::string(&self.source.text.slice(range.clone())) {
                    Some(name) => Ok(name.as_str().to_owned()),
                    None => self.fail_at(range, "invalid syntax"),
                }
            }
            _ => self.unexpected(context),
        }
    }

    fn pipe(&mut self, context: &str, end: Token) -> Result<Pipe> {
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
    fn declarations(&mut self, context: &str) -> Result<(Vec<Rc<str>>, bool)> {
        let start = self.next;
        let mut names: Vec<Rc<str>> = Vec::new();
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
        let mut fields: Vec<Rc<str>> = Vec::new();
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
                "true" => ExpressionKind::Literal(Value::bool(true)),
                "false" => ExpressionKind::Literal(Value::bool(false)),
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
                    Some(text) => ExpressionKind::Literal(Value::text(text)),
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
