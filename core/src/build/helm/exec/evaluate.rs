//! Pipelines, commands and expressions.

use super::{State, Variable};
use crate::build::helm::failure::Result;
use crate::build::helm::template::node::{Command, Expression, ExpressionKind, Pipe};
use crate::build::helm::value::Value;
use std::sync::Arc;

/// The value that fields are taken of, and whether a `range` gave it.
struct Start {
    value: Value,
    is_item: bool,
}

impl State<'_> {
    /// The value of a pipeline, which its variables take.
    pub(super) fn pipeline(&mut self, dot: &Value, pipe: &Pipe) -> Result<Value> {
        let mut value = None;
        for command in &pipe.commands {
            self.heap.budget.spend_steps(1)?;
            value = Some(self.command(dot, command, value)?);
        }
        let value = value.unwrap_or(Value::NULL);
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, value.clone());
            } else {
                let (name, value) = (Arc::clone(name), value.clone());
                self.variables.push(Variable { name, value, is_item: false });
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Value, command: &Command, last: Option<Value>) -> Result<Value> {
        let Some((first, arguments)) = command.words.split_first() else {
            return Ok(Value::NULL);
        };
        match &first.kind {
            ExpressionKind::Function(name) => self.call(dot, &command.range, name, arguments, last),
            ExpressionKind::Field(names) => {
                let start = Start { value: dot.clone(), is_item: self.null_item };
                self.fields(dot, start, names, first, arguments, last)
            }
            ExpressionKind::Chain(pipe, names) => {
                let value = self.nested(|state| state.pipeline(dot, pipe))?;
                if names.is_empty() {
                    self.no_arguments(first, arguments, last.as_ref())?;
                    return Ok(value);
                }
                let start = Start { value, is_item: false };
                self.fields(dot, start, names, first, arguments, last)
            }
            ExpressionKind::Variable(name, names) => {
                let start = self.variable(name, first)?;
                if names.is_empty() {
                    self.no_arguments(first, arguments, last.as_ref())?;
                    return Ok(start.value);
                }
                self.fields(dot, start, names, first, arguments, last)
            }
            ExpressionKind::Dot => {
                self.no_arguments(first, arguments, last.as_ref())?;
                Ok(dot.clone())
            }
            ExpressionKind::Nil => self.fail("nil is not a command", &first.range, first.at),
            ExpressionKind::Literal(literal) => {
                self.no_arguments(first, arguments, last.as_ref())?;
                Ok(literal.value())
            }
        }
    }

    fn no_arguments(
        &self,
        first: &Expression,
        arguments: &[Expression],
        last: Option<&Value>,
    ) -> Result<()> {
        if arguments.is_empty() && last.is_none() {
            return Ok(());
        }
        let word = &self.template.source.text.as_str()[first.range.clone()];
        let message = format!("can't give argument to non-function {word}");
        self.fail(message, &first.range, first.at)
    }

    fn variable(&self, name: &str, expression: &Expression) -> Result<Start> {
        match self.variables.iter().rev().find(|known| &*known.name == name) {
            Some(known) => Ok(Start { value: known.value.clone(), is_item: known.is_item }),
            None => {
                self.fail(format!("undefined variable: {name}"), &expression.range, expression.at)
            }
        }
    }

    /// Follows fields; the last one may be a method with arguments.
    fn fields(
        &mut self,
        dot: &Value,
        start: Start,
        names: &[Arc<str>],
        expression: &Expression,
        arguments: &[Expression],
        last: Option<Value>,
    ) -> Result<Value> {
        let Some((final_name, names)) = names.split_last() else { return Ok(start.value) };
        if start.value.is_null() && !start.is_item {
            return Ok(start.value);
        }
        let mut value = start.value;
        for name in names {
            value = self.member(&value, name, &[], expression)?;
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.argument(dot, argument)?);
        }
        values.extend(last);
        self.member(&value, final_name, &values, expression)
    }

    fn member(
        &self,
        value: &Value,
        name: &str,
        arguments: &[Value],
        expression: &Expression,
    ) -> Result<Value> {
        self.heap.budget.spend_arguments(arguments)?;
        super::member::member(value, name, arguments, self.heap).map_err(|failure| {
            self.framed(failure, &expression.range, expression.at, String::new())
        })
    }

    /// The value of an argument.
    pub(super) fn argument(&mut self, dot: &Value, expression: &Expression) -> Result<Value> {
        self.heap.budget.spend_steps(1)?;
        match &expression.kind {
            ExpressionKind::Dot => Ok(dot.clone()),
            ExpressionKind::Nil => Ok(Value::NULL),
            ExpressionKind::Literal(literal) => Ok(literal.value()),
            ExpressionKind::Field(names) => {
                let start = Start { value: dot.clone(), is_item: self.null_item };
                self.fields(dot, start, names, expression, &[], None)
            }
            ExpressionKind::Variable(name, names) => {
                let start = self.variable(name, expression)?;
                self.fields(dot, start, names, expression, &[], None)
            }
            ExpressionKind::Chain(pipe, names) => {
                let value = self.nested(|state| state.pipeline(dot, pipe))?;
                let start = Start { value, is_item: false };
                self.fields(dot, start, names, expression, &[], None)
            }
            ExpressionKind::Function(name) => self.call(dot, &expression.range, name, &[], None),
        }
    }
}
