//! YAML, JSON and TOML; base64 and base32.

use super::Function;
use super::Parameter::{Any, Str};
use super::text;
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::json::{Layout, from_json, to_json};
use crate::build::helm::value::{Data, Value};
use crate::build::helm::yaml::{Sequences, read_one, to_yaml};
use crate::build::helm::{encode, toml};
use crate::build::origin::Text;
use std::rc::Rc;

pub const FUNCTIONS: &[Function] = &[
    Function::new("toYaml", &[Any], |context, values| yaml(context, values, Sequences::Flush)),
    Function::new("mustToYaml", &[Any], |context, values| yaml(context, values, Sequences::Flush)),
    Function::new("toYamlPretty", &[Any], |context, values| {
        yaml(context, values, Sequences::Indented)
    }),
    Function::new("toJson", &[Any], |context, values| json(context, values, Layout::Compact)),
    Function::new("mustToJson", &[Any], |context, values| json(context, values, Layout::Compact)),
    Function::new("toRawJson", &[Any], |context, values| json(context, values, Layout::Raw)),
    Function::new("mustToRawJson", &[Any], |context, values| json(context, values, Layout::Raw)),
    Function::new("toPrettyJson", &[Any], |context, values| json(context, values, Layout::Pretty)),
    Function::new("mustToPrettyJson", &[Any], |context, values| {
        json(context, values, Layout::Pretty)
    }),
    Function::new("fromYaml", &[Str], |context, values| {
        let read = read_one(text(&values[0])?, context.heap);
        dict_or_error(context, read, IN_YAML)
    }),
    Function::new("fromYamlArray", &[Str], |context, values| {
        let read = read_one(text(&values[0])?, context.heap);
        list_or_error(context, read, IN_YAML)
    }),
    Function::new("fromJson", &[Str], |context, values| {
        let read = from_json(text(&values[0])?, context.heap);
        dict_or_error(context, read, "")
    }),
    Function::new("mustFromJson", &[Str], |context, values| {
        from_json(text(&values[0])?, context.heap)
    }),
    Function::new("fromJsonArray", &[Str], |context, values| {
        let read = from_json(text(&values[0])?, context.heap);
        list_or_error(context, read, "")
    }),
    Function::new("toToml", &[Any], |context, values| {
        let text = toml::to_toml(&values[0], context.heap)?;
        context.heap.text(text)
    }),
    Function::new("mustToToml", &[Any], |context, values| {
        let text = toml::to_toml(&values[0], context.heap)?;
        context.heap.text(text)
    }),
    Function::new("fromToml", &[Str], |context, values| {
        let read = toml::from_toml(text(&values[0])?, context.heap);
        dict_or_error(context, read, IN_YAML)
    }),
    Function::new("b64enc", &[Str], |context, values| {
        encoded(context, text(&values[0])?, encode::base64_encode)
    }),
    Function::new("b64dec", &[Str], |context, values| {
        decoded(context, text(&values[0])?, encode::base64_decode)
    }),
    Function::new("b32enc", &[Str], |context, values| {
        encoded(context, text(&values[0])?, encode::base32_encode)
    }),
    Function::new("b32dec", &[Str], |context, values| {
        decoded(context, text(&values[0])?, encode::base32_decode)
    }),
];

fn yaml(context: &Context<'_>, values: &[Value], sequences: Sequences) -> Result<Value> {
    let text = to_yaml(&values[0], context.heap, sequences)?;
    context.heap.text(text)
}

fn json(context: &Context<'_>, values: &[Value], layout: Layout) -> Result<Value> {
    let text = to_json(&values[0], context.heap, layout)?;
    context.heap.text(text)
}

/// What stands before an error of the JSON that YAML became.
const IN_YAML: &str = "error unmarshaling JSON: while decoding JSON: ";

/// What was read, as a dict. An error is an entry of the dict, as Helm has it.
fn dict_or_error(context: &Context<'_>, read: Result<Value>, prefix: &str) -> Result<Value> {
    let message = match read {
        Ok(value) => match &value.data {
            Data::Dict(_) => return Ok(value),
            Data::Null => return Ok(Data::Dict(context.heap.dict_of([])?).into()),
            _ => wrong_shape(&value, prefix, "map[string]interface {}"),
        },
        Err(failure) => recoverable(failure)?,
    };
    Ok(Data::Dict(context.heap.dict_of([("Error", Value::string(message))])?).into())
}

fn list_or_error(context: &Context<'_>, read: Result<Value>, prefix: &str) -> Result<Value> {
    let message = match read {
        Ok(value) => match &value.data {
            Data::List(_) => return Ok(value),
            Data::Null => return context.heap.list(Vec::new()),
            _ => wrong_shape(&value, prefix, "[]interface {}"),
        },
        Err(failure) => recoverable(failure)?,
    };
    context.heap.list(vec![Value::string(message)])
}

/// A limit ends the rendering, whoever would like to go on.
fn recoverable(failure: Box<Failure>) -> Result<String> {
    match failure.kind {
        crate::build::helm::failure::FailureKind::Limit => Err(failure),
        _ => Ok(failure.message),
    }
}

fn wrong_shape(value: &Value, prefix: &str, wanted: &str) -> String {
    let kind = match &value.data {
        Data::List(_) => "array",
        Data::Dict(_) => "object",
        Data::Bool(_) => "bool",
        Data::Str(_) => "string",
        _ => "number",
    };
    format!("{prefix}json: cannot unmarshal {kind} into Go value of type {wanted}")
}

fn encoded(context: &Context<'_>, text: &Text, encode: fn(&[u8]) -> String) -> Result<Value> {
    context.heap.text(text.recast(encode(text.as_str().as_bytes())))
}

/// Decoded text; an error is the text, as in sprig.
fn decoded(
    context: &Context<'_>,
    text: &Rc<Text>,
    decode: fn(&str) -> std::result::Result<Vec<u8>, String>,
) -> Result<Value> {
    match decode(text.as_str()) {
        Ok(bytes) => context.heap.text(text.recast(String::from_utf8_lossy(&bytes).into_owned())),
        Err(message) => Ok(Value::string(message)),
    }
}
