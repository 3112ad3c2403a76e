//! Which dependencies are on, under which names, and which of their values their parent takes.

use super::Node;
use super::coalesce::{Nulls, coalesce, coalesce_tables};
use crate::build::helm::budget::check_depth;
use crate::build::helm::chart::{Dependency, ImportValue};
use crate::build::helm::failure::Result;
use crate::build::helm::functions::{Constraint, Version};
use crate::build::helm::value::{Data, Dict, Heap, Value};
use crate::text::Span;

/// A dependency that is on and whose chart is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The chart that asks for it.
    pub parent: String,
    pub name: String,
    pub place: Option<Span>,
}

/// Drops the dependencies that are off, renames those with an alias, and takes over the values that
/// parents import. Returns what is missing.
pub fn process(node: &mut Node<'_>, given: &Dict, heap: &Heap) -> Result<Vec<Missing>> {
    let mut missing = Vec::new();
    enable(node, given, "", heap, &mut missing)?;
    import(node, heap)?;
    Ok(missing)
}

fn is_compatible(constraint: &str, version: &str) -> bool {
    match (Constraint::parse(constraint), Version::parse(version)) {
        (Some(constraint), Some(version)) => constraint.allows(&version),
        _ => false,
    }
}

fn fits(child: &Node<'_>, dependency: &Dependency) -> bool {
    child.name == dependency.name
        && is_compatible(&dependency.version, &child.chart.metadata.version)
}

fn enable<'c>(
    node: &mut Node<'c>,
    given: &Dict,
    path: &str,
    heap: &Heap,
    missing: &mut Vec<Missing>,
) -> Result<()> {
    check_depth(path.matches('.').count())?;
    let wanted: &'c [Dependency] = &node.chart.metadata.dependencies;
    if wanted.is_empty() {
        return Ok(());
    }
    let mut children: Vec<Node<'c>> = Vec::new();
    for child in &node.children {
        if !wanted.iter().any(|dependency| fits(child, dependency)) {
            children.push(child.clone());
        }
    }
    let mut absent = Vec::new();
    for dependency in wanted {
        match node.children.iter().find(|child| fits(child, dependency)) {
            Some(child) => children.push(child.renamed(dependency.key(), heap)?),
            None => absent.push(dependency),
        }
    }
    node.children = children;
    let values = coalesce(node, given, Nulls::Remove, heap)?;
    let is_on = |dependency: &Dependency| is_enabled(dependency, &values, path);
    node.dependencies = wanted
        .iter()
        .filter(|dependency| is_on(dependency))
        .map(|dependency| (dependency.key().to_owned(), dependency))
        .collect();
    let off: Vec<&str> =
        wanted.iter().filter(|dependency| !is_on(dependency)).map(Dependency::key).collect();
    node.children.retain(|child| !off.contains(&child.name.as_str()));
    missing.extend(absent.into_iter().filter(|dependency| is_on(dependency)).map(|dependency| {
        Missing {
            parent: node.name.clone(),
            name: dependency.name.clone(),
            place: dependency.place,
        }
    }));
    for child in &mut node.children {
        let path = format!("{path}{}.", child.name);
        enable(child, &values, &path, heap, missing)?;
    }
    Ok(())
}

/// Tags decide, unless a condition has a value: then the first that has one.
fn is_enabled(dependency: &Dependency, values: &Dict, path: &str) -> bool {
    let mut enabled = true;
    if let Some(Value { data: Data::Dict(tags), .. }) = values.get("tags") {
        let flags: Vec<bool> = dependency
            .tags
            .iter()
            .filter_map(|tag| match tags.get(tag)?.data {
                Data::Bool(flag) => Some(flag),
                _ => None,
            })
            .collect();
        enabled = flags.is_empty() || flags.contains(&true);
    }
    for condition in dependency.condition.trim().split(',').filter(|part| !part.is_empty()) {
        let full = format!("{path}{condition}");
        let keys: Vec<&str> = full.split('.').collect();
        if let Some(Value { data: Data::Bool(flag), .. }) = values.at(&keys) {
            return flag;
        }
    }
    enabled
}

/// Takes over values of subcharts, the innermost charts first.
fn import(node: &mut Node<'_>, heap: &Heap) -> Result<()> {
    for child in &mut node.children {
        import(child, heap)?;
    }
    if node.dependencies.is_empty() {
        return Ok(());
    }
    let nothing = heap.dict_of([])?;
    let values = coalesce(node, &nothing, Nulls::Keep, heap)?;
    let imported = heap.dict_of([])?;
    for (name, dependency) in &node.dependencies {
        for import in &dependency.import_values {
            let (child, parent) = match import {
                ImportValue::Exported(key) => (format!("exports.{key}"), "."),
                ImportValue::Mapped { child, parent } => (child.clone(), parent.as_str()),
            };
            let full = format!("{name}.{child}");
            let keys: Vec<&str> = full.split('.').collect();
            if let Some(Value { data: Data::Dict(table), .. }) = values.at(&keys) {
                let nested = nest(parent, &table, heap)?;
                coalesce_tables(&imported, &nested, Nulls::Keep, heap, 0)?;
            }
        }
    }
    let values = heap.copy_dict(&values)?;
    coalesce_tables(&values, &imported, Nulls::Keep, heap, 0)?;
    node.defaults = values;
    Ok(())
}

/// A table at a path of keys.
fn nest(path: &str, table: &Dict, heap: &Heap) -> Result<Dict> {
    let mut nested = table.clone();
    if path != "." {
        for key in path.rsplit('.') {
            nested = heap.dict_of([(key, Data::Dict(nested).into())])?;
        }
    }
    Ok(nested)
}
