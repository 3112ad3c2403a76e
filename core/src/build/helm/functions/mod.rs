//! The functions that templates call: Go's own, sprig's and Helm's, each family in a file.

mod compare;
mod convert;
mod crypto;
pub mod date;
mod dicts;
mod flow;
mod lists;
mod math;
mod paths;
mod regex;
mod semver;
mod serial;
mod strings;
mod types;
mod words;

pub use semver::{Constraint, Version};

use super::exec::Context;
use super::failure::{Failure, Result};
use super::format;
use super::value::{Data, Dict, Value};
use crate::build::origin::Text;
use crate::text::Span;
use rustc_hash::FxHashMap;
use std::rc::Rc;
use std::sync::OnceLock;

/// The type that Go declares for a parameter. A value of another type is an error before the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    Any,
    Str,
    Int,
    Bool,
    Dict,
}

impl Parameter {
    pub fn type_name(self) -> &'static str {
        match self {
            Parameter::Any => "interface {}",
            Parameter::Str => "string",
            Parameter::Int => "int",
            Parameter::Bool => "bool",
            Parameter::Dict => "map[string]interface {}",
        }
    }
}

/// A function of templates.
#[derive(Debug)]
pub struct Function {
    pub name: &'static str,
    pub parameters: &'static [Parameter],
    /// The type of any number of further arguments.
    pub rest: Option<Parameter>,
    pub call: fn(&Context<'_>, &[Value]) -> Result<Value>,
}

impl Function {
    const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        call: fn(&Context<'_>, &[Value]) -> Result<Value>,
    ) -> Function {
        Function { name, parameters, rest: None, call }
    }

    const fn variadic(
        name: &'static str,
        parameters: &'static [Parameter],
        rest: Parameter,
        call: fn(&Context<'_>, &[Value]) -> Result<Value>,
    ) -> Function {
        Function { name, parameters, rest: Some(rest), call }
    }

    /// The type of the argument at an index.
    pub fn parameter(&self, index: usize) -> Parameter {
        self.parameters.get(index).copied().or(self.rest).unwrap_or(Parameter::Any)
    }
}

const FAMILIES: &[&[Function]] = &[
    compare::FUNCTIONS,
    convert::FUNCTIONS,
    crypto::FUNCTIONS,
    date::FUNCTIONS,
    dicts::FUNCTIONS,
    flow::FUNCTIONS,
    lists::FUNCTIONS,
    math::FUNCTIONS,
    paths::FUNCTIONS,
    regex::FUNCTIONS,
    semver::FUNCTIONS,
    serial::FUNCTIONS,
    strings::FUNCTIONS,
    types::FUNCTIONS,
    words::FUNCTIONS,
];

fn table() -> &'static FxHashMap<&'static str, &'static Function> {
    static TABLE: OnceLock<FxHashMap<&'static str, &'static Function>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let all = FAMILIES.iter().flat_map(|family| family.iter());
        all.map(|function| (function.name, function)).collect()
    })
}

/// The function of that name. `and` and `or` are none, since they do not evaluate all arguments.
pub fn find(name: &str) -> Option<&'static Function> {
    table().get(name).copied()
}

/// Whether a template may call the name.
pub fn is_known(name: &str) -> bool {
    matches!(name, "and" | "or") || find(name).is_some()
}

/// A dict's key as text at its place.
pub fn key_text(key: &str, place: Option<Span>) -> Text {
    match place {
        Some(span) => Text::written(key, span),
        None => Text::plain(key),
    }
}

/// An argument that the signature declares as a string.
fn text(value: &Value) -> Result<&Rc<Text>> {
    match &value.data {
        Data::Str(text) => Ok(text),
        _ => Err(wrong_type("string", value)),
    }
}

/// An argument that the signature declares as an `int`.
fn int(value: &Value) -> Result<i64> {
    match value.data {
        Data::Int(number) | Data::Int64(number) => Ok(number),
        _ => Err(wrong_type("int", value)),
    }
}

/// An argument that the signature declares as a `bool`.
fn flag(value: &Value) -> Result<bool> {
    match value.data {
        Data::Bool(flag) => Ok(flag),
        _ => Err(wrong_type("bool", value)),
    }
}

/// An argument that the signature declares as a dict; null is a dict without entries.
fn dict(context: &Context<'_>, value: &Value) -> Result<Dict> {
    match &value.data {
        Data::Dict(dict) => Ok(dict.clone()),
        Data::Null => context.heap.dict_of([]),
        _ => Err(wrong_type("map[string]interface {}", value)),
    }
}

fn wrong_type(expected: &str, value: &Value) -> Box<Failure> {
    Failure::new(format!("wrong type for value; expected {expected}; got {}", value.type_name()))
}

/// A size as an offset: negative ones are zero.
fn size(number: i64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// sprig's `toString`: what a value is as a string.
fn to_text(context: &Context<'_>, value: &Value) -> Result<Text> {
    match &value.data {
        Data::Bytes(bytes) => Ok(Text::plain(&**bytes)),
        _ => format::display(value, context.heap),
    }
}

/// The strings of a list, without its nulls; any other value is a list of itself.
fn to_texts(context: &Context<'_>, value: &Value) -> Result<Vec<Text>> {
    match &value.data {
        Data::Null => Ok(Vec::new()),
        Data::List(list) => {
            let items = list.items();
            let items = items.iter().filter(|item| !item.is_null());
            items.map(|item| to_text(context, item)).collect()
        }
        _ => Ok(vec![to_text(context, value)?]),
    }
}

/// A list of strings as a value.
fn text_list(context: &Context<'_>, texts: Vec<Text>) -> Result<Value> {
    let items: Result<Vec<Value>> = texts.into_iter().map(|text| context.heap.text(text)).collect();
    context.heap.list(items?)
}

#[cfg(test)]
mod tests;
