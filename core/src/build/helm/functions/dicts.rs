//! Dicts. `set`, `unset` and the merges change their first argument in place.

use super::Parameter::{Any, Dict as DictType, Str};
use super::{Function, dict, key_text, text, to_text};
use crate::build::helm::budget::check_depth;
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Dict, Entries, Entry, Value};
use std::rc::Rc;

pub const FUNCTIONS: &[Function] = &[
    Function::variadic("dict", &[], Any, make),
    Function::new("get", &[DictType, Str], |context, values| {
        let value = dict(context, &values[0])?.get(text(&values[1])?.as_str());
        Ok(value.unwrap_or_else(|| Value::string("")))
    }),
    Function::new("set", &[DictType, Str, Any], |_, values| {
        let Data::Dict(dict) = &values[0].data else {
            return Err(Failure::new("assignment to entry in nil map"));
        };
        dict.set(text(&values[1])?.as_str(), values[2].clone());
        Ok(values[0].clone())
    }),
    Function::new("unset", &[DictType, Str], |context, values| {
        dict(context, &values[0])?.remove(text(&values[1])?.as_str());
        Ok(values[0].clone())
    }),
    Function::new("hasKey", &[DictType, Str], |context, values| {
        let dict = dict(context, &values[0])?;
        Ok(Value::bool(dict.contains(text(&values[1])?.as_str())))
    }),
    Function::variadic("pluck", &[Str], DictType, pluck),
    Function::variadic("keys", &[], DictType, keys),
    Function::new("values", &[DictType], |context, values| {
        let dict = dict(context, &values[0])?;
        let values = dict.entries().values().map(|entry| entry.value.clone()).collect();
        context.heap.list(values)
    }),
    Function::variadic("pick", &[DictType], Str, |context, values| chosen(context, values, true)),
    Function::variadic("omit", &[DictType], Str, |context, values| chosen(context, values, false)),
    Function::variadic("merge", &[DictType], DictType, |context, values| {
        merged(context, values, Merge::Fill)
    }),
    Function::variadic("mustMerge", &[DictType], DictType, |context, values| {
        merged(context, values, Merge::Fill)
    }),
    Function::variadic("mergeOverwrite", &[DictType], DictType, |context, values| {
        merged(context, values, Merge::Overwrite)
    }),
    Function::variadic("mustMergeOverwrite", &[DictType], DictType, |context, values| {
        merged(context, values, Merge::Overwrite)
    }),
    Function::new("deepCopy", &[Any], |context, values| context.heap.deep_copy(&values[0])),
    Function::new("mustDeepCopy", &[Any], |context, values| context.heap.deep_copy(&values[0])),
    Function::variadic("dig", &[], Any, dig),
];

/// What becomes of a key that both sides have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merge {
    /// The first side keeps what is not empty.
    Fill,
    /// The second side wins.
    Overwrite,
}

fn make(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut entries = Entries::new();
    for pair in values.chunks(2) {
        let key = to_text(context, &pair[0])?;
        let value = pair.get(1).cloned().unwrap_or_else(|| Value::string(""));
        let place = key.pieces().first().filter(|piece| piece.exact).map(|piece| piece.from);
        entries.insert(key.as_str().into(), Entry { key: place, value });
    }
    Ok(Data::Dict(context.heap.dict(entries)?).into())
}

fn pluck(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let key = text(&values[0])?;
    let mut found = Vec::new();
    for value in &values[1..] {
        found.extend(dict(context, value)?.get(key.as_str()));
    }
    context.heap.list(found)
}

fn keys(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut all = Vec::new();
    for value in values {
        let dict = dict(context, value)?;
        let entries = dict.entries();
        all.extend(entries.iter().map(|(key, entry)| Value::text(key_text(key, entry.key))));
    }
    context.heap.list(all)
}

/// The entries with these keys, or all others.
fn chosen(context: &Context<'_>, values: &[Value], pick: bool) -> Result<Value> {
    let names: Result<Vec<&str>> =
        values[1..].iter().map(|name| Ok(text(name)?.as_str())).collect();
    let names = names?;
    let source = dict(context, &values[0])?;
    let mut entries = Entries::new();
    for (key, entry) in source.entries().iter() {
        context.heap.budget.spend_steps(names.len())?;
        if names.contains(&&**key) == pick {
            entries.insert(Rc::clone(key), entry.clone());
        }
    }
    Ok(Data::Dict(context.heap.dict(entries)?).into())
}

fn merged(context: &Context<'_>, values: &[Value], merge: Merge) -> Result<Value> {
    let target = dict(context, &values[0])?;
    for source in &values[1..] {
        merge_into(context, &target, &dict(context, source)?, merge, 0)?;
    }
    Ok(Data::Dict(target).into())
}

fn merge_into(
    context: &Context<'_>,
    target: &Dict,
    source: &Dict,
    merge: Merge,
    depth: usize,
) -> Result<()> {
    check_depth(depth)?;
    if target.is_same(source) {
        return Ok(());
    }
    let entries: Vec<(Rc<str>, Entry)> =
        source.entries().iter().map(|(key, entry)| (Rc::clone(key), entry.clone())).collect();
    context.heap.budget.spend_steps(1 + entries.len())?;
    for (key, entry) in entries {
        let old = target.get(&key);
        if let (Some(old), Some(new)) =
            (old.as_ref().and_then(Value::as_dict), entry.value.as_dict())
        {
            merge_into(context, old, new, merge, depth + 1)?;
            continue;
        }
        let replaces = match merge {
            Merge::Overwrite => true,
            Merge::Fill => !entry.value.is_null() && !old.is_some_and(|old| old.is_true()),
        };
        if replaces {
            target.entries_mut().insert(key, entry);
        }
    }
    Ok(())
}

/// `dig "a" "b" DEFAULT DICT`.
fn dig(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let [path @ .., default, start] = values else {
        return Err(Failure::new("dig needs at least three arguments"));
    };
    if path.is_empty() {
        return Err(Failure::new("dig needs at least three arguments"));
    }
    let Data::Dict(_) = &start.data else {
        let kind = start.type_name();
        return Err(Failure::new(format!(
            "interface conversion: interface {{}} is {kind}, not map[string]interface {{}}"
        )));
    };
    let mut value = start.clone();
    for (index, key) in path.iter().enumerate() {
        let level = dict(context, &value)?;
        match level.get(text(key)?.as_str()) {
            Some(next) => value = next,
            None => return Ok(default.clone()),
        }
        let last = index + 1 == path.len();
        if !last && value.as_dict().is_none() {
            let kind = value.type_name();
            return Err(Failure::new(format!(
                "interface conversion: interface {{}} is {kind}, not map[string]interface {{}}"
            )));
        }
    }
    Ok(value)
}
