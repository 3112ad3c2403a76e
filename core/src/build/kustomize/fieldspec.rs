//! Field specs: the path of a field, and the kinds in which the field is meant.

use super::object::Gvk;
use super::value::{Data, MAX_DEPTH, Map, Value};
use crate::text::Span;
use smol_str::SmolStr;

/// A field of some kinds, as transformers and transformer configurations name one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldSpec {
    /// The keys on the way; lists are gone through item by item.
    pub path: Vec<SmolStr>,
    /// Which kinds it is about; what is empty fits everything.
    pub gvk: Gvk,
    /// Whether a missing field is made.
    pub create: bool,
}

/// What a field becomes that is made because it was missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Create {
    Map,
    Scalar,
}

impl FieldSpec {
    /// Returns a field of every kind.
    pub(super) fn everywhere(path: &str, create: bool) -> FieldSpec {
        let any = || SmolStr::default();
        let gvk = Gvk { group: any(), version: any(), kind: any() };
        FieldSpec { path: split(path), gvk, create }
    }

    /// Reads one of `fieldSpecs`.
    pub(super) fn read(value: &Value) -> Option<FieldSpec> {
        let word = |key: &str| SmolStr::new(value.str_at(&[key]).unwrap_or_default());
        let path = value.str_at(&["path"])?;
        let gvk = Gvk { group: word("group"), version: word("version"), kind: word("kind") };
        let create = value.get("create").is_some_and(Value::is_true);
        Some(FieldSpec { path: split(path), gvk, create })
    }

    /// Whether two specs name the same field of the same kinds.
    pub(super) fn is_same_field(&self, other: &FieldSpec) -> bool {
        self.path == other.path && self.gvk == other.gvk
    }

    /// Calls `change` with every value of an object at the path, whatever the object's kind is now.
    pub(super) fn visit_anyway(&self, object: &mut Value, change: &mut dyn FnMut(&mut Value)) {
        if self.path.len() <= MAX_DEPTH / 2 {
            walk(object, &self.path, None, change);
        }
    }

    /// Calls `change` with every value of an object at the path; fields that are made get the span.
    pub(super) fn visit(
        &self,
        object: &mut Value,
        create: Option<(Create, Span)>,
        change: &mut dyn FnMut(&mut Value),
    ) {
        let kind = object.str_at(&["kind"]).unwrap_or_default();
        let gvk = Gvk::parse(object.str_at(&["apiVersion"]).unwrap_or_default(), kind);
        if gvk.is_selected_by(&self.gvk) && self.path.len() <= MAX_DEPTH / 2 {
            walk(object, &self.path, create.filter(|_| self.create), change);
        }
    }
}

fn walk(
    value: &mut Value,
    path: &[SmolStr],
    create: Option<(Create, Span)>,
    change: &mut dyn FnMut(&mut Value),
) {
    let Some((first, rest)) = path.split_first() else { return change(value) };
    match &mut value.data {
        Data::List(items) => items.iter_mut().for_each(|item| walk(item, path, create, change)),
        Data::Map(map) => {
            let (key, is_list) = match first.strip_suffix("[]") {
                Some(key) => (key, true),
                None => (first.as_str(), false),
            };
            // A list that is missing has no items to make anything in.
            let missing = create.filter(|_| !is_list);
            if let Some(next) = field(map, key, rest.is_empty(), missing) {
                walk(next, rest, create, change);
            }
        }
        Data::Scalar(_) => {}
    }
}

/// Returns the value of a key, made where it is missing or null and may be.
fn field<'m>(
    map: &'m mut Map,
    key: &str,
    last: bool,
    create: Option<(Create, Span)>,
) -> Option<&'m mut Value> {
    let missing = map.get(key).is_none_or(|field| field.value.is_null());
    if let (true, Some((kind, span))) = (missing, create) {
        let value = match kind {
            Create::Scalar if last => Value::plain("", span),
            Create::Scalar | Create::Map => Value::map(span),
        };
        map.insert(key.into(), super::value::Field { key: span, value });
    }
    map.get_mut(key).map(|field| &mut field.value)
}

/// Returns the keys of a path with `/` between them; `\/` is a slash in a key.
pub(super) fn split(path: &str) -> Vec<SmolStr> {
    split_escaped(path, '/').into_iter().map(SmolStr::from).collect()
}

/// Returns the parts between separators, of which one behind a backslash belongs to its part.
pub(super) fn split_escaped(path: &str, separator: char) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut joined = false;
    for part in path.split(separator) {
        match parts.last_mut() {
            Some(last) if joined => {
                last.pop();
                last.push(separator);
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
        joined = part.ends_with('\\');
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_slash_behind_a_backslash_belongs_to_the_key() {
        assert_eq!(split("a/b\\/c/d"), ["a", "b/c", "d"]);
        assert_eq!(split("a"), ["a"]);
    }
}
