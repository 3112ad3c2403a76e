//! What kind of value something is.

use super::Function;
use super::Parameter::{Any, Str};
use super::text;
use crate::build::helm::compare::deep_equal;
use crate::build::helm::value::Value;

pub const FUNCTIONS: &[Function] = &[
    Function::new("typeOf", &[Any], |_, values| Ok(Value::string(values[0].type_name()))),
    Function::new("typeIs", &[Str, Any], |_, values| {
        Ok(Value::bool(text(&values[0])?.as_str() == values[1].type_name()))
    }),
    Function::new("typeIsLike", &[Str, Any], |_, values| {
        let name = text(&values[0])?.as_str();
        let type_name = values[1].type_name();
        Ok(Value::bool(name == type_name || type_name.strip_prefix('*') == Some(name)))
    }),
    Function::new("kindOf", &[Any], |_, values| Ok(Value::string(values[0].kind()))),
    Function::new("kindIs", &[Str, Any], |_, values| {
        Ok(Value::bool(text(&values[0])?.as_str() == values[1].kind()))
    }),
    Function::new("deepEqual", &[Any, Any], |context, values| {
        Ok(Value::bool(deep_equal(&values[0], &values[1], context.heap)?))
    }),
];
