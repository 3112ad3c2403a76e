//! Lists. Every function returns a new list and leaves its arguments alone.

use super::Parameter::{Any, Int};
use super::{Function, int, size};
use crate::build::helm::compare::deep_equal;
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Heap, Value};

pub const FUNCTIONS: &[Function] = &[
    Function::variadic("list", &[], Any, |context, values| context.heap.list(values.to_vec())),
    Function::variadic("tuple", &[], Any, |context, values| context.heap.list(values.to_vec())),
    Function::new("first", &[Any], |_, values| {
        Ok(items("first", &values[0])?.first().cloned().unwrap_or(Value::NULL))
    }),
    Function::new("mustFirst", &[Any], |_, values| {
        Ok(items("first", &values[0])?.first().cloned().unwrap_or(Value::NULL))
    }),
    Function::new("last", &[Any], |_, values| {
        Ok(items("last", &values[0])?.last().cloned().unwrap_or(Value::NULL))
    }),
    Function::new("mustLast", &[Any], |_, values| {
        Ok(items("last", &values[0])?.last().cloned().unwrap_or(Value::NULL))
    }),
    Function::new("rest", &[Any], rest),
    Function::new("mustRest", &[Any], rest),
    Function::new("initial", &[Any], initial),
    Function::new("mustInitial", &[Any], initial),
    Function::new("append", &[Any, Any], append),
    Function::new("push", &[Any, Any], append),
    Function::new("mustAppend", &[Any, Any], append),
    Function::new("mustPush", &[Any, Any], append),
    Function::new("prepend", &[Any, Any], prepend),
    Function::new("mustPrepend", &[Any, Any], prepend),
    Function::variadic("concat", &[], Any, concat),
    Function::new("reverse", &[Any], reverse),
    Function::new("mustReverse", &[Any], reverse),
    Function::new("uniq", &[Any], uniq),
    Function::new("mustUniq", &[Any], uniq),
    Function::variadic("without", &[Any], Any, without),
    Function::variadic("mustWithout", &[Any], Any, without),
    Function::new("has", &[Any, Any], has),
    Function::new("mustHas", &[Any, Any], has),
    Function::new("compact", &[Any], compact),
    Function::new("mustCompact", &[Any], compact),
    Function::new("chunk", &[Int, Any], chunk),
    Function::new("mustChunk", &[Int, Any], chunk),
    Function::variadic("slice", &[Any], Any, slice),
    Function::variadic("mustSlice", &[Any], Any, slice),
];

fn items(function: &str, value: &Value) -> Result<Vec<Value>> {
    match &value.data {
        Data::List(list) => Ok(list.items().clone()),
        Data::Null => Err(Failure::new(format!("Cannot find {function} on type <nil>"))),
        _ => {
            let kind = value.type_name();
            Err(Failure::new(format!("Cannot find {function} on type {kind}")))
        }
    }
}

fn rest(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let items = items("rest", &values[0])?;
    match items.split_first() {
        Some((_, rest)) => context.heap.list(rest.to_vec()),
        None => Ok(Value::NULL),
    }
}

fn initial(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let items = items("initial", &values[0])?;
    match items.split_last() {
        Some((_, initial)) => context.heap.list(initial.to_vec()),
        None => Ok(Value::NULL),
    }
}

fn append(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut items = pushed_to("push", &values[0])?;
    context.heap.budget.spend_steps(items.len())?;
    items.push(values[1].clone());
    context.heap.list(items)
}

fn prepend(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut items = pushed_to("prepend", &values[0])?;
    context.heap.budget.spend_steps(items.len())?;
    items.insert(0, values[1].clone());
    context.heap.list(items)
}

fn pushed_to(function: &str, value: &Value) -> Result<Vec<Value>> {
    match &value.data {
        Data::List(list) => Ok(list.items().clone()),
        _ => {
            let kind = value.type_name();
            Err(Failure::new(format!("Cannot {function} on type {kind}")))
        }
    }
}

fn concat(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut all = Vec::new();
    for value in values {
        match &value.data {
            Data::List(list) => {
                context.heap.budget.spend_steps(list.len())?;
                all.extend(list.items().iter().cloned());
            }
            _ => {
                let kind = value.type_name();
                return Err(Failure::new(format!("Cannot concat type {kind} as list")));
            }
        }
    }
    context.heap.list(all)
}

fn reverse(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut items = items("reverse", &values[0])?;
    items.reverse();
    context.heap.list(items)
}

fn contains(items: &[Value], wanted: &Value, heap: &Heap) -> Result<bool> {
    for item in items {
        if deep_equal(item, wanted, heap)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn uniq(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut kept = Vec::new();
    for item in items("uniq", &values[0])? {
        if !contains(&kept, &item, context.heap)? {
            kept.push(item);
        }
    }
    context.heap.list(kept)
}

fn without(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut kept = Vec::new();
    for item in items("without", &values[0])? {
        if !contains(&values[1..], &item, context.heap)? {
            kept.push(item);
        }
    }
    context.heap.list(kept)
}

fn has(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    if values[1].is_null() {
        return Ok(Value::bool(false));
    }
    let items = items("has", &values[1])?;
    Ok(Value::bool(contains(&items, &values[0], context.heap)?))
}

fn compact(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let items = pushed_to("compact", &values[0])?;
    context.heap.list(items.into_iter().filter(Value::is_true).collect())
}

fn chunk(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let length = size(int(&values[0])?);
    let Data::List(list) = &values[1].data else {
        let kind = values[1].type_name();
        return Err(Failure::new(format!("Cannot chunk type {kind}")));
    };
    if length == 0 {
        return Err(Failure::new("runtime error: integer divide by zero"));
    }
    let items = list.items().clone();
    let chunks: Result<Vec<Value>> =
        items.chunks(length).map(|chunk| context.heap.list(chunk.to_vec())).collect();
    context.heap.list(chunks?)
}

fn slice(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let Data::List(list) = &values[0].data else {
        let kind = values[0].kind();
        let message = format!("list should be type of slice or array but {kind}");
        return Err(Failure::new(message));
    };
    let items = list.items();
    if items.is_empty() {
        return Ok(Value::NULL);
    }
    let position = |index: usize, otherwise: usize| {
        values.get(index).map_or(otherwise, |value| size(super::convert::to_int(value)))
    };
    let (start, end) = (position(1, 0), position(2, items.len()));
    match items.get(start..end) {
        Some(part) => context.heap.list(part.to_vec()),
        None => Err(Failure::new("reflect.Value.Slice: slice index out of bounds")),
    }
}
