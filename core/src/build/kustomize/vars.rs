//! `vars`: `$(NAME)` in some fields stands for a field of an object.

use super::Builder;
use super::accumulated::{Accumulated, Kustomization};
use super::config::Config;
use super::object::{Gvk, effective_namespace};
use super::paths;
use super::value::{Data, Scalar, Value};
use crate::text::Span;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

/// A variable of a kustomization.
#[derive(Debug, Clone)]
pub(super) struct Var {
    pub name: SmolStr,
    pub path: SmolStr,
    pub span: Span,
}

impl Builder<'_, '_> {
    /// Notes the vars of a kustomization with the objects that they are about, which other kustomizations
    /// may give other names.
    pub(super) fn read_vars(&mut self, kustomization: &Kustomization<'_>, all: &mut Accumulated) {
        let mut vars = Vec::new();
        for entry in kustomization.list("vars") {
            let Some(name) = entry.str_at(&["name"]) else {
                all.refuse(entry.span, "a var needs a `name`");
                continue;
            };
            let word = |key: &str| entry.str_at(&["objref", key]).unwrap_or_default();
            let api_version = word("apiVersion");
            let gvk = Gvk::parse(api_version, word("kind"));
            let namespace = word("namespace");
            let wanted = effective_namespace(namespace, api_version, &gvk.kind, &self.schema);
            let mut found = 0;
            for object in &mut all.objects {
                let fits = object.ids(&self.schema).iter().any(|id| {
                    id.gvk == gvk
                        && id.name == word("name")
                        && (namespace.is_empty() || id.namespace == wanted)
                });
                if fits {
                    object.vars.push(name.into());
                    found += 1;
                }
            }
            if found > 1 {
                all.refuse(entry.span, format!("the var `{name}` fits more than one object"));
            }
            let path = entry.str_at(&["fieldref", "fieldpath"]);
            let path = path.or_else(|| entry.str_at(&["fieldref", "fieldPath"]));
            let path = path.unwrap_or("metadata.name").into();
            vars.push(Var { name: name.into(), path, span: entry.span });
        }
        all.add_vars(vars);
    }
}

/// Puts the values of all vars where `$(NAME)` stands.
pub(super) fn resolve(all: &mut Accumulated, config: &Config) {
    if all.vars.is_empty() {
        return;
    }
    let mut values: Values = FxHashMap::default();
    for var in std::mem::take(&mut all.vars) {
        let mut objects = all.objects.iter().filter(|object| object.vars.contains(&var.name));
        let path = paths::parse(&with_dots(&var.path));
        let value = objects.next().and_then(|object| paths::find(&object.value, &path));
        match value.filter(|value| value.as_str().is_some()).cloned() {
            Some(value) => {
                values.insert(var.name, value);
            }
            None => {
                let message = format!("the var `{}` leads to no field of an object", var.name);
                all.refuse(var.span, message);
            }
        }
    }
    for object in &mut all.objects {
        for field in &config.var_reference {
            let mut twins = Vec::new();
            field.visit(&mut object.value, None, &mut |value| replace(value, &values, &mut twins));
            twins.iter().for_each(|(twin, new)| object.value.change_twins(*twin, new));
        }
    }
}

/// Returns a path such as `containers[0].image` as `containers.0.image`.
fn with_dots(path: &str) -> String {
    let mut dotted = String::new();
    for (at, part) in path.split('[').enumerate() {
        match part.split_once(']') {
            Some((index, rest)) if at > 0 && index.parse::<usize>().is_ok() => {
                dotted.extend([".", index, rest]);
            }
            _ if at > 0 => dotted.extend(["[", part]),
            _ => dotted.push_str(part),
        }
    }
    dotted
}

type Values = FxHashMap<SmolStr, Value>;

/// Replaces the vars in a text, in the texts of a list, or in those of a mapping.
fn replace(value: &mut Value, values: &Values, twins: &mut Vec<(Span, Value)>) {
    match &mut value.data {
        Data::Scalar(_) => twins.extend(replace_scalar(value, values)),
        Data::List(items) => {
            twins.extend(items.iter_mut().filter_map(|item| replace_scalar(item, values)));
        }
        Data::Map(map) => {
            let fields = map.values_mut().map(|field| &mut field.value);
            twins.extend(fields.filter_map(|it| replace_scalar(it, values)));
        }
    }
}

fn replace_scalar(value: &mut Value, values: &Values) -> Option<(Span, Value)> {
    let scalar = value.as_scalar()?;
    if !matches!(scalar.typed(), crate::syntax::Scalar::Str(_)) || !scalar.text.contains("$(") {
        return None;
    }
    // A var alone keeps its type: a port stays a number.
    let alone = scalar.text.strip_prefix("$(").and_then(|it| it.strip_suffix(')'));
    let data = match alone.and_then(|name| values.get(name)) {
        Some(known) => known.data.clone(),
        None => {
            let text = expand(&scalar.text, values);
            if text == scalar.text {
                return None;
            }
            Data::Scalar(Scalar::string(text))
        }
    };
    let span = value.span;
    value.overwrite(&Value { data, span })
}

/// Returns a text with the vars that are known replaced. `$$` before a name keeps it as it is.
fn expand(text: &str, values: &Values) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(behind) = rest.strip_prefix("$$") {
            out.push('$');
            rest = behind;
            continue;
        }
        let name = rest.strip_prefix("$(").and_then(|it| it.split_once(')'));
        match name {
            Some((name, behind)) => {
                match values.get(name).and_then(Value::as_str) {
                    Some(value) => out.push_str(value),
                    None => out.extend(["$(", name, ")"]),
                }
                rest = behind;
            }
            None => {
                out.push('$');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}
