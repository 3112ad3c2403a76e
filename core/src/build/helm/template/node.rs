//! The nodes of a parsed template.

use crate::build::helm::value::{Data, Value};
use crate::build::origin::Text;
use crate::text::Span;
use std::ops::Range;
use std::sync::Arc;

/// The text that a template was parsed from: a file, or a string given to `tpl`.
#[derive(Debug)]
pub struct Source {
    /// Name in errors: a path, or `gotpl`.
    pub name: String,
    pub text: Text,
}

impl Source {
    /// The place of a range in the project, if it was written there.
    pub fn span(&self, range: &Range<usize>) -> Option<Span> {
        self.text.locate(range.clone()).map(|place| place.span)
    }

    /// `name:line:column` of an offset, the column from 0 in bytes, as Go counts.
    pub fn location(&self, at: usize) -> String {
        let before = &self.text.as_str()[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        format!("{}:{line}:{column}", self.name)
    }

    /// `name:line` of an offset, as Go places errors of parsing.
    pub fn line(&self, at: usize) -> String {
        let before = &self.text.as_str()[..at.min(self.text.len())];
        format!("{}:{}", self.name, before.matches('\n').count() + 1)
    }
}

/// A named template: a file or a `define`.
#[derive(Debug)]
pub struct Template {
    pub name: String,
    pub source: Arc<Source>,
    pub nodes: Vec<Node>,
}

#[derive(Debug)]
pub enum Node {
    Text(Text),
    /// `{{ pipeline }}`.
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    /// `{{ template "name" pipeline }}`.
    Template {
        name: String,
        pipe: Option<Pipe>,
        range: Range<usize>,
    },
    Break,
    Continue,
}

/// A block with its pipeline and its `else`.
#[derive(Debug)]
pub struct Branch {
    pub pipe: Pipe,
    pub then: Vec<Node>,
    pub otherwise: Vec<Node>,
}

/// Commands that hand their value on, with the variables that take the last one.
#[derive(Debug)]
pub struct Pipe {
    pub range: Range<usize>,
    pub variables: Vec<Arc<str>>,
    /// `=` and not `:=`.
    pub assigns: bool,
    pub commands: Vec<Command>,
}

#[derive(Debug)]
pub struct Command {
    pub range: Range<usize>,
    pub words: Vec<Expression>,
}

#[derive(Debug)]
pub struct Expression {
    pub range: Range<usize>,
    /// Where Go counts its position: the second field of a chain.
    pub at: usize,
    pub kind: ExpressionKind,
}

#[derive(Debug)]
pub enum ExpressionKind {
    Dot,
    Nil,
    /// A literal: string, number, boolean or character.
    Literal(Literal),
    /// `.a.b`.
    Field(Vec<Arc<str>>),
    /// `$x.a.b`; the name has its `$`.
    Variable(Arc<str>, Vec<Arc<str>>),
    /// `(pipeline).a.b`.
    Chain(Box<Pipe>, Vec<Arc<str>>),
    /// A function.
    Function(Arc<str>),
}

/// A string, a number, a boolean or a character, whose value is a number. Unlike a [`Value`] it may be kept
/// and change threads.
#[derive(Debug)]
pub enum Literal {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text),
}

impl Literal {
    pub fn value(&self) -> Value {
        match self {
            Literal::Bool(value) => Value::bool(*value),
            Literal::Int(value) => Value::int(*value),
            Literal::Float(value) => Data::Float(*value).into(),
            Literal::Text(text) => Value::text(text.clone()),
        }
    }
}
