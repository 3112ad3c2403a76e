//! Fields and methods of values.

use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::object::Object;
use crate::build::helm::value::{Data, Heap, Value};

/// The field of a value, or what its method returns. A key that a dict lacks is null.
pub fn member(value: &Value, name: &str, arguments: &[Value], heap: &Heap) -> Result<Value> {
    match &value.data {
        Data::Dict(dict) => {
            if arguments.is_empty() {
                return Ok(dict.get(name).unwrap_or(Value::NULL));
            }
            Err(Failure::new(format!("{name} is not a method but has arguments")))
        }
        Data::Null => Err(Failure::new(format!("nil pointer evaluating interface {{}}.{name}"))),
        Data::Object(object) => match object.member(name, arguments, heap)? {
            Some(value) => Ok(value),
            None => Err(cannot_evaluate(name, value)),
        },
        Data::Time(seconds) => match (name, arguments) {
            ("Unix", []) => Ok(Data::Int64(*seconds).into()),
            ("UTC" | "Local", []) => Ok(value.clone()),
            ("Format", [Value { data: Data::Str(layout), .. }]) => {
                heap.budget.spend_steps(layout.len())?;
                let text =
                    crate::build::helm::functions::date::formatted(*seconds, layout.as_str());
                Ok(Value::string(text))
            }
            _ => Err(cannot_evaluate(name, value)),
        },
        Data::Bool(_)
        | Data::Int(_)
        | Data::Int64(_)
        | Data::Float(_)
        | Data::Str(_)
        | Data::Bytes(_)
        | Data::List(_) => {
            Err(Failure::new(format!("can't evaluate field {name} in type interface {{}}")))
        }
    }
}

fn cannot_evaluate(name: &str, value: &Value) -> Box<Failure> {
    Failure::new(format!("can't evaluate field {name} in type {}", value.type_name()))
}

/// The pairs of an object that `range` can go through.
pub fn range_items(object: &Object) -> Option<Vec<(Value, Value)>> {
    match object {
        Object::Files(files) => Some(
            files
                .iter()
                .map(|(path, text)| {
                    (Value::string(&**path), Data::Bytes(text.as_str().into()).into())
                })
                .collect(),
        ),
        Object::ApiVersions(versions) => Some(
            versions
                .iter()
                .enumerate()
                .map(|(at, version)| (Value::count(at), Value::string(version.as_str())))
                .collect(),
        ),
        Object::Record(_) => None,
    }
}
