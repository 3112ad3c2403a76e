//! Tokens to nodes: Go's grammar of templates, with Go's words for what is wrong.

use super::lex::{Lexeme, Part, Token, lex};
use super::literal;
use super::node::{Branch, Node, Source, Template};
use crate::build::helm::failure::{Failure, Result};
use std::ops::Range;
use std::sync::Arc;

/// Maximum number of blocks or parentheses inside one another.
const MAX_DEPTH: usize = 100;

/// A template's own body and the templates that it defines, in the order of their ends.
#[derive(Debug)]
pub struct Parsed {
    pub body: Arc<Template>,
    pub defined: Vec<Arc<Template>>,
}

/// Parses a template. `is_function` knows the names that may be called.
pub fn parse(source: &Arc<Source>, is_function: fn(&str) -> bool) -> Result<Parsed> {
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
        Ending::Eof => {
            let (name, source) = (source.name.clone(), Arc::clone(source));
            let body = Arc::new(Template { name, source, nodes: body });
            Ok(Parsed { body, defined: parser.defined })
        }
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

pub(super) struct Parser<'p> {
    pub(super) source: &'p Arc<Source>,
    pub(super) is_function: fn(&str) -> bool,
    parts: std::iter::Peekable<std::vec::IntoIter<Part>>,
    error: Option<super::lex::LexError>,
    /// The tokens of the action that is read.
    pub(super) tokens: Vec<Lexeme>,
    pub(super) next: usize,
    pub(super) action: Range<usize>,
    defined: Vec<Arc<Template>>,
    pub(super) variables: Vec<Arc<str>>,
    pub(super) depth: usize,
    /// The number of `range` blocks around.
    ranges: usize,
}

impl Parser<'_> {
    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Result<T> {
        let range = match self.tokens.get(self.next) {
            Some(lexeme) => lexeme.range.clone(),
            None => self.action.clone(),
        };
        self.fail_at(range, message)
    }

    pub(super) fn fail_at<T>(&self, range: Range<usize>, message: impl Into<String>) -> Result<T> {
        let span = self.source.span(&range);
        Err(Failure::parse(message.into(), span, self.source.line(range.start)))
    }

    pub(super) fn text(&self, range: &Range<usize>) -> &str {
        &self.source.text.as_str()[range.clone()]
    }

    pub(super) fn enter(&mut self) -> Result<()> {
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

    pub(super) fn peek(&self) -> Token {
        self.tokens.get(self.next).map_or(Token::End, |lexeme| lexeme.token)
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek() == Token::Space {
            self.next += 1;
        }
    }

    pub(super) fn peek_word(&mut self) -> Token {
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

    pub(super) fn unexpected<T>(&self, context: &str) -> Result<T> {
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
        let source = Arc::clone(self.source);
        self.defined.push(Arc::new(Template { name, source, nodes }));
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
}
