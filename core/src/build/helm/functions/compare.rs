//! Go's own functions: comparisons, `not`, `len`, `index`, `call`.

use super::Function;
use super::Parameter::Any;
use crate::build::helm::compare::{compared, equal};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::object::Object;
use crate::build::helm::value::{Data, Value};
use std::cmp::Ordering;

pub const FUNCTIONS: &[Function] = &[
    Function::variadic("eq", &[Any], Any, eq),
    Function::new("ne", &[Any, Any], |context, values| {
        Ok(Value::bool(!equal(&values[0], &values[1], context.heap)?))
    }),
    Function::new("lt", &[Any, Any], |_, values| ordered(values, Ordering::is_lt)),
    Function::new("le", &[Any, Any], |_, values| ordered(values, Ordering::is_le)),
    Function::new("gt", &[Any, Any], |_, values| ordered(values, Ordering::is_gt)),
    Function::new("ge", &[Any, Any], |_, values| ordered(values, Ordering::is_ge)),
    Function::new("not", &[Any], |_, values| Ok(Value::bool(!values[0].is_true()))),
    Function::new("len", &[Any], len),
    Function::variadic("index", &[Any], Any, index),
    Function::variadic("call", &[Any], Any, |_, values| {
        let kind = values[0].type_name();
        Err(Failure::new(format!("non-function of type {kind}")))
    }),
];

fn eq(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let [first, rest @ ..] = values else {
        return Err(Failure::new("missing argument for comparison"));
    };
    if rest.is_empty() {
        return Err(Failure::new("missing argument for comparison"));
    }
    for value in rest {
        if equal(first, value, context.heap)? {
            return Ok(Value::bool(true));
        }
    }
    Ok(Value::bool(false))
}

fn ordered(values: &[Value], holds: impl Fn(Ordering) -> bool) -> Result<Value> {
    Ok(Value::bool(compared(&values[0], &values[1])?.is_some_and(holds)))
}

fn len(_: &Context<'_>, values: &[Value]) -> Result<Value> {
    let length = match &values[0].data {
        Data::Str(text) => text.len(),
        Data::Bytes(bytes) => bytes.len(),
        Data::List(list) => list.len(),
        Data::Dict(dict) => dict.len(),
        Data::Null => return Err(Failure::new("len of nil pointer")),
        Data::Object(object) => match &**object {
            Object::Files(files) => files.iter().count(),
            Object::ApiVersions(versions) => versions.len(),
            Object::Record(_) => return Err(no_length(&values[0])),
        },
        Data::Bool(_) | Data::Int(_) | Data::Int64(_) | Data::Float(_) | Data::Time(_) => {
            return Err(no_length(&values[0]));
        }
    };
    Ok(Value::count(length))
}

fn no_length(value: &Value) -> Box<Failure> {
    Failure::new(format!("len of type {}", value.type_name()))
}

fn index(_: &Context<'_>, values: &[Value]) -> Result<Value> {
    let [first, keys @ ..] = values else { return Err(Failure::new("index of untyped nil")) };
    if first.is_null() {
        return Err(Failure::new("index of untyped nil"));
    }
    let mut value = first.clone();
    for key in keys {
        value = element(&value, key)?;
    }
    Ok(value)
}

fn element(value: &Value, key: &Value) -> Result<Value> {
    let position = |length: usize| -> Result<usize> {
        match key.data {
            Data::Int(at) | Data::Int64(at) => match usize::try_from(at) {
                Ok(at) if at < length => Ok(at),
                _ => Err(Failure::new(format!("index out of range: {at}"))),
            },
            Data::Null => Err(Failure::new("cannot index slice/array with nil")),
            _ => {
                let kind = key.type_name();
                Err(Failure::new(format!("cannot index slice/array with type {kind}")))
            }
        }
    };
    match &value.data {
        Data::Null => Err(Failure::new("index of untyped nil")),
        Data::List(list) => {
            let items = list.items();
            Ok(items[position(items.len())?].clone())
        }
        Data::Str(text) => {
            Ok(Value::int(i64::from(text.as_str().as_bytes()[position(text.len())?])))
        }
        Data::Bytes(bytes) => Ok(Value::int(i64::from(bytes.as_bytes()[position(bytes.len())?]))),
        Data::Dict(dict) => match &key.data {
            Data::Str(key) => Ok(dict.get(key.as_str()).unwrap_or(Value::NULL)),
            Data::Null => Err(Failure::new("value is nil; should be of type string")),
            _ => {
                let kind = key.type_name();
                Err(Failure::new(format!("value has type {kind}; should be string")))
            }
        },
        Data::Object(object) => match (&**object, &key.data) {
            (Object::ApiVersions(versions), _) => {
                Ok(Value::string(versions[position(versions.len())?].as_str()))
            }
            (Object::Files(files), Data::Str(path)) => {
                let found = files.iter().find(|file| *file.0 == *path.as_str());
                let bytes = found.map_or("", |file| file.1.as_str());
                Ok(Data::Bytes(bytes.into()).into())
            }
            _ => Err(cannot_index(value)),
        },
        Data::Bool(_) | Data::Int(_) | Data::Int64(_) | Data::Float(_) | Data::Time(_) => {
            Err(cannot_index(value))
        }
    }
}

fn cannot_index(value: &Value) -> Box<Failure> {
    Failure::new(format!("can't index item of type {}", value.type_name()))
}
