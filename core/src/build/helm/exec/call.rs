//! Calls of functions: arguments evaluated and checked, the call made, its failure placed.

use super::{Context, State};
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::functions::{self, Function, Parameter};
use crate::build::helm::template::node::{Expression, ExpressionKind};
use crate::build::helm::value::{Data, Value};
use std::ops::Range;

impl State<'_> {
    pub(super) fn call(
        &mut self,
        dot: &Value,
        range: &Range<usize>,
        name: &str,
        arguments: &[Expression],
        last: Option<Value>,
    ) -> Result<Value> {
        if matches!(name, "and" | "or") {
            return self.and_or(dot, name == "and", arguments, last, range);
        }
        let Some(function) = functions::find(name) else {
            return self.fail(format!("{name:?} is not a defined function"), range, range.start);
        };
        self.check_count(function, arguments.len() + usize::from(last.is_some()), range)?;
        let mut values = Vec::with_capacity(arguments.len() + 1);
        for (index, argument) in arguments.iter().enumerate() {
            let value = self.argument(dot, argument)?;
            let checked = checked(function.parameter(index), value, Given::of(argument));
            values.push(checked.map_err(|failure| {
                self.framed(failure, &argument.range, argument.at, String::new())
            })?);
        }
        if let Some(value) = last {
            let parameter = function.parameter(values.len());
            let checked = checked(parameter, value, Given::Computed);
            values.push(
                checked
                    .map_err(|failure| self.framed(failure, range, range.start, String::new()))?,
            );
        }
        self.heap.budget.spend_arguments(&values)?;
        let context = Context { engine: self.engine, heap: self.heap, namespace: self.namespace };
        (function.call)(&context, &values).map_err(|failure| {
            self.framed(failure, range, range.start, format!("error calling {name}: "))
        })
    }

    fn check_count(&self, function: &Function, got: usize, range: &Range<usize>) -> Result<()> {
        let least = function.parameters.len();
        let wanted = match function.rest {
            None if got != least => least.to_string(),
            Some(_) if got < least => format!("at least {least}"),
            _ => return Ok(()),
        };
        let name = function.name;
        let message = format!("wrong number of args for {name}: want {wanted} got {got}");
        self.fail(message, range, range.start)
    }

    /// `and` and `or` evaluate only as many arguments as they need.
    fn and_or(
        &mut self,
        dot: &Value,
        and: bool,
        arguments: &[Expression],
        last: Option<Value>,
        range: &Range<usize>,
    ) -> Result<Value> {
        let mut value = None;
        for argument in arguments {
            let next = self.argument(dot, argument)?;
            if next.is_true() != and {
                return Ok(next);
            }
            value = Some(next);
        }
        match last.or(value) {
            Some(value) => Ok(value),
            None => {
                let name = if and { "and" } else { "or" };
                let message = format!("wrong number of args for {name}: want at least 1 got 0");
                self.fail(message, range, range.start)
            }
        }
    }
}

/// How an argument is written, which decides Go's words for a wrong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    Literal,
    Nil,
    /// A field, which is null where the key is missing.
    Field,
    /// A variable, a pipeline: a null of these has no type.
    Computed,
}

impl Given {
    fn of(argument: &Expression) -> Given {
        match &argument.kind {
            ExpressionKind::Literal(_) => Given::Literal,
            ExpressionKind::Nil => Given::Nil,
            ExpressionKind::Field(_) => Given::Field,
            ExpressionKind::Variable(_, names) | ExpressionKind::Chain(_, names)
                if !names.is_empty() =>
            {
                Given::Field
            }
            ExpressionKind::Dot
            | ExpressionKind::Variable(..)
            | ExpressionKind::Chain(..)
            | ExpressionKind::Function(_) => Given::Computed,
        }
    }
}

/// The value as the parameter's type, or Go's words for why it has another one.
fn checked(parameter: Parameter, value: Value, given: Given) -> Result<Value> {
    let fits = match parameter {
        Parameter::Any => true,
        Parameter::Str => matches!(value.data, Data::Str(_)),
        Parameter::Bool => matches!(value.data, Data::Bool(_)),
        Parameter::Int => match &value.data {
            Data::Int(_) => true,
            // A literal such as `3.0` counts as whole.
            #[allow(clippy::cast_possible_truncation)]
            Data::Float(number) if given == Given::Literal && number.fract() == 0.0 => {
                return Ok(Value::int(*number as i64).at(value.origin));
            }
            _ => false,
        },
        Parameter::Dict => match value.data {
            Data::Null => matches!(given, Given::Computed | Given::Nil),
            _ => matches!(value.data, Data::Dict(_)),
        },
    };
    if fits {
        return Ok(value);
    }
    let expected = parameter.type_name();
    let message = match (&value.data, given) {
        (Data::Null, Given::Nil) => format!("cannot assign nil to {expected}"),
        (Data::Null, Given::Computed) => format!("invalid value; expected {expected}"),
        (Data::Null, Given::Literal | Given::Field) => {
            format!("wrong type for value; expected {expected}; got interface {{}}")
        }
        (_, Given::Literal) => wrong_literal(parameter, &literal_text(&value)),
        (_, Given::Nil | Given::Field | Given::Computed) => {
            format!("wrong type for value; expected {expected}; got {}", value.type_name())
        }
    };
    Err(Failure::new(message))
}

fn wrong_literal(parameter: Parameter, text: &str) -> String {
    let expected = match parameter {
        Parameter::Int => "integer",
        Parameter::Dict => {
            return format!("can't handle {text} for arg of type {}", parameter.type_name());
        }
        Parameter::Any | Parameter::Str | Parameter::Bool => parameter.type_name(),
    };
    format!("expected {expected}; found {text}")
}

fn literal_text(value: &Value) -> String {
    match &value.data {
        Data::Str(text) => format!("{:?}", text.as_str()),
        Data::Bool(flag) => flag.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => crate::build::helm::format::float(*number),
        _ => value.type_name().to_owned(),
    }
}
