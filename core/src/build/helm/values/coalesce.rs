//! Tables of values laid over one another, by Helm's rules for nulls, tables and globals.

use super::Node;
use crate::build::helm::budget::check_depth;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::{Data, Dict, Entries, Entry, Heap, Value};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Treatment of nulls when values are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// A null takes away the default.
    Remove,
    /// Nulls stay, since the values are looked at again later.
    Keep,
}

/// Lays `top` over `base`, in `base`: what several values files do.
pub fn merge_over(base: &Dict, top: &Dict, heap: &Heap) -> Result<()> {
    merge_at(base, top, heap, 0)
}

fn merge_at(base: &Dict, top: &Dict, heap: &Heap, depth: usize) -> Result<()> {
    check_depth(depth)?;
    for (key, entry) in snapshot(top, heap)? {
        let old = base.get(&key);
        match (old.as_ref().and_then(Value::as_dict), entry.value.as_dict()) {
            (Some(old), Some(new)) => merge_at(old, new, heap, depth + 1)?,
            _ => {
                base.entries_mut().insert(key, entry);
            }
        }
    }
    Ok(())
}

/// The entries as they are now, while the dict is changed.
fn snapshot(dict: &Dict, heap: &Heap) -> Result<Vec<(Rc<str>, Entry)>> {
    let entries: Vec<(Rc<str>, Entry)> =
        dict.entries().iter().map(|(key, entry)| (Rc::clone(key), entry.clone())).collect();
    heap.budget.spend_steps(1 + entries.len())?;
    Ok(entries)
}

/// The values of a chart and its subcharts: its defaults under what was given.
pub fn coalesce(node: &Node<'_>, given: &Dict, nulls: Nulls, heap: &Heap) -> Result<Dict> {
    let values = heap.copy_dict(given)?;
    coalesce_chart(node, &values, nulls, heap, 0)?;
    Ok(values)
}

fn coalesce_chart(
    node: &Node<'_>,
    values: &Dict,
    nulls: Nulls,
    heap: &Heap,
    depth: usize,
) -> Result<()> {
    check_depth(depth)?;
    coalesce_defaults(node, values, nulls, heap)?;
    for child in &node.children {
        let own = match values.get(&child.name) {
            None => {
                let own = heap.dict_of([])?;
                values.set(&child.name, Data::Dict(own.clone()).into());
                own
            }
            Some(Value { data: Data::Dict(own), .. }) => own,
            Some(other) => {
                let message = format!(
                    "type mismatch on {}: the values of this subchart are not a table but {}",
                    child.name,
                    other.kind()
                );
                let mut failure = Failure::new(message);
                failure.span = other.origin.map(|origin| origin.span);
                return Err(failure);
            }
        };
        coalesce_globals(&own, values, heap)?;
        coalesce_chart(child, &own, nulls, heap, depth + 1)?;
    }
    Ok(())
}

/// Hands the globals of a parent down to a subchart.
fn coalesce_globals(target: &Dict, source: &Dict, heap: &Heap) -> Result<()> {
    let globals_of = |dict: &Dict| -> Result<Option<Dict>> {
        match dict.get("global") {
            None => Ok(Some(heap.dict_of([])?)),
            Some(Value { data: Data::Dict(globals), .. }) => Ok(Some(globals)),
            Some(_) => Ok(None),
        }
    };
    let (Some(own), Some(parent)) = (globals_of(target)?, globals_of(source)?) else {
        return Ok(());
    };
    for (key, entry) in snapshot(&parent, heap)? {
        let old = own.get(&key);
        match (entry.value.as_dict(), &old) {
            (Some(table), None) => {
                let copy = shallow_copy(table, heap)?;
                insert(&own, &key, &entry, Data::Dict(copy).into());
            }
            (Some(table), Some(Value { data: Data::Dict(old), .. })) => {
                let copy = shallow_copy(table, heap)?;
                coalesce_tables(&copy, old, Nulls::Keep, heap, 0)?;
                insert(&own, &key, &entry, Data::Dict(copy).into());
            }
            (Some(_), Some(_)) => {}
            (None, Some(Value { data: Data::Dict(_), .. })) => {}
            (None, _) => insert(&own, &key, &entry, entry.value.clone()),
        }
    }
    target.set("global", Data::Dict(own).into());
    Ok(())
}

fn insert(dict: &Dict, key: &Rc<str>, entry: &Entry, value: Value) {
    dict.entries_mut().insert(Rc::clone(key), Entry { key: entry.key, value });
}

fn shallow_copy(dict: &Dict, heap: &Heap) -> Result<Dict> {
    let entries: Entries = dict.entries().clone();
    heap.dict(entries)
}

/// Puts a chart's own defaults under its values.
fn coalesce_defaults(node: &Node<'_>, values: &Dict, nulls: Nulls, heap: &Heap) -> Result<()> {
    let defaults = heap.copy_dict(&node.defaults)?;
    // A chart's own nulls stand for keys that it leaves to others.
    let clean = nulls == Nulls::Remove;
    for (key, entry) in snapshot(&defaults, heap)? {
        let Some(value) = values.get(&key) else {
            if clean && entry.value.is_null() {
                continue;
            }
            if let (true, Some(table)) = (clean, entry.value.as_dict()) {
                remove_nulls(table, heap, 0)?;
            }
            values.entries_mut().insert(key, entry);
            continue;
        };
        match (&value.data, entry.value.as_dict()) {
            (Data::Null, _) if nulls == Nulls::Remove => values.remove(&key),
            (Data::Dict(table), Some(default)) => {
                let is_child = node.children.iter().any(|child| *child.name == *key);
                let nulls = if is_child { Nulls::Keep } else { nulls };
                if nulls == Nulls::Remove {
                    remove_nulls(default, heap, 0)?;
                }
                coalesce_tables(table, default, nulls, heap, 0)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn remove_nulls(dict: &Dict, heap: &Heap, depth: usize) -> Result<()> {
    check_depth(depth)?;
    for (key, entry) in snapshot(dict, heap)? {
        match &entry.value.data {
            Data::Null => dict.remove(&key),
            Data::Dict(table) => remove_nulls(table, heap, depth + 1)?,
            _ => {}
        }
    }
    Ok(())
}

/// Puts `source` under `target`, in `target`.
pub fn coalesce_tables(
    target: &Dict,
    source: &Dict,
    nulls: Nulls,
    heap: &Heap,
    depth: usize,
) -> Result<()> {
    check_depth(depth)?;
    let defaults = snapshot(source, heap)?;
    let filled: BTreeSet<Rc<str>> = defaults
        .iter()
        .filter(|(_, entry)| !entry.value.is_null())
        .map(|(key, _)| Rc::clone(key))
        .collect();
    for (key, entry) in snapshot(target, heap)? {
        if entry.value.is_null() {
            source.set(&key, Value::NULL);
            if nulls == Nulls::Remove && filled.contains(&key) {
                target.remove(&key);
            }
        }
    }
    for (key, entry) in defaults {
        // A key that a null has just taken away is not put back.
        let removed = source.get(&key).is_some_and(|value| value.is_null());
        match (target.get(&key), entry.value.as_dict()) {
            (None, _) if removed && !entry.value.is_null() => {}
            (None, _) => {
                target.entries_mut().insert(key, entry);
            }
            (Some(Value { data: Data::Dict(table), .. }), Some(default)) => {
                coalesce_tables(&table, default, nulls, heap, depth + 1)?;
            }
            (Some(_), _) => {}
        }
    }
    Ok(())
}
