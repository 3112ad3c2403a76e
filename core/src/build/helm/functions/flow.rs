//! Defaults, choices, refusals, and templates called from templates.

use super::Parameter::{Any, Bool, Str};
use super::{Function, flag, text};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Value};

pub const FUNCTIONS: &[Function] = &[
    Function::variadic("default", &[Any], Any, |_, values| {
        let given = values.get(1).filter(|given| given.is_true());
        Ok(given.unwrap_or(&values[0]).clone())
    }),
    Function::new("empty", &[Any], |_, values| Ok(Value::bool(!values[0].is_true()))),
    Function::variadic("coalesce", &[], Any, |_, values| {
        Ok(values.iter().find(|value| value.is_true()).cloned().unwrap_or(Value::NULL))
    }),
    Function::variadic("all", &[], Any, |_, values| {
        Ok(Value::bool(values.iter().all(Value::is_true)))
    }),
    Function::variadic("any", &[], Any, |_, values| {
        Ok(Value::bool(values.iter().any(Value::is_true)))
    }),
    Function::new("ternary", &[Any, Any, Bool], |_, values| {
        Ok(values[usize::from(!flag(&values[2])?)].clone())
    }),
    Function::new("fail", &[Str], |_, values| {
        Err(Failure::refused(text(&values[0])?.as_str().to_owned()))
    }),
    Function::new("required", &[Str, Any], required),
    Function::new("include", &[Str, Any], |context, values| {
        let output = context.include(text(&values[0])?.as_str(), &values[1])?;
        context.heap.text(output)
    }),
    Function::new("tpl", &[Str, Any], |context, values| {
        let output = context.tpl(text(&values[0])?, &values[1])?;
        context.heap.text(output)
    }),
    // Nothing is asked of a cluster, as in `helm template`.
    Function::new("lookup", &[Str, Str, Str, Str], |context, _| {
        Ok(Data::Dict(context.heap.dict_of([])?).into())
    }),
    Function::new("getHostByName", &[Str], |_, _| Ok(Value::string(""))),
];

fn required(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let missing = values[1].is_null() || values[1].as_str() == Some("");
    if missing {
        if let Some(stand_in) = context.heap.stand_in {
            return Ok(Value::string(stand_in));
        }
        return Err(Failure::refused(text(&values[0])?.as_str().to_owned()));
    }
    Ok(values[1].clone())
}
