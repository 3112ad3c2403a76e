//! JSON patches (RFC 6902).

use super::value::{Data, Field, MAX_DEPTH, Value};
use crate::text::Span;

/// Why an operation cannot be done.
#[derive(Debug)]
pub(super) struct Failure {
    pub span: Span,
    pub message: String,
}

/// Whether a document of a patch is a list of operations.
pub(super) fn is_patch(documents: &[Value]) -> bool {
    let [document] = documents else { return false };
    matches!(&document.data, Data::List(items) if items.iter().all(|item| item.get("op").is_some()))
}

/// Applies the operations one after the other, up to one that fails.
pub(super) fn apply(object: &mut Value, operations: &[Value]) -> Result<(), Failure> {
    for operation in operations {
        let fail = |message: String| Failure { span: operation.span, message };
        let word = |key: &str| operation.str_at(&[key]);
        let path = pointer(word("path").ok_or_else(|| fail("an operation needs a `path`".into()))?);
        let value = || operation.get("value").cloned();
        let missing = || fail("this operation needs a `value`".into());
        let from = || word("from").map(pointer).ok_or_else(|| fail("this needs a `from`".into()));
        let done = match word("op").unwrap_or_default() {
            // Kustomize takes a missing value for null.
            "add" => {
                add(object, &path, value().unwrap_or_else(|| Value::plain("null", operation.span)))
            }
            "replace" => {
                let value = value().unwrap_or_else(|| Value::plain("null", operation.span));
                replace(object, &path, value)
            }
            "remove" => remove(object, &path).map(|_| ()),
            "move" => remove(object, &from()?).and_then(|value| add(object, &path, value)),
            "copy" => {
                let value = find(object, &from()?).cloned();
                value
                    .ok_or("there is nothing at `from`")
                    .and_then(|value| add(object, &path, value))
            }
            "test" => {
                let wanted = value().ok_or_else(missing)?;
                let fits = find(object, &path).is_some_and(|own| own.same(&wanted));
                if fits { Ok(()) } else { Err("the test fails") }
            }
            other => return Err(fail(format!("`{other}` is not a known operation"))),
        };
        if let Err(why) = done {
            let shown = word("path").unwrap_or_default();
            return Err(fail(format!("`{}` at `{shown}`: {why}", word("op").unwrap_or_default())));
        }
    }
    Ok(())
}

/// Returns the keys of a JSON pointer.
fn pointer(text: &str) -> Vec<String> {
    let keys = text.split('/').skip(1).take(MAX_DEPTH);
    keys.map(|key| key.replace("~1", "/").replace("~0", "~")).collect()
}

fn find<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| match &value.data {
        Data::Map(map) => map.get(key.as_str()).map(|field| &field.value),
        Data::List(items) => items.get(index(key, items.len())?),
        Data::Scalar(_) => None,
    })
}

fn find_mut<'v>(value: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, key| match &mut value.data {
        Data::Map(map) => map.get_mut(key.as_str()).map(|field| &mut field.value),
        Data::List(items) => {
            let at = index(key, items.len())?;
            items.get_mut(at)
        }
        Data::Scalar(_) => None,
    })
}

/// Returns a position in a list; negative ones count from its end.
fn index(key: &str, len: usize) -> Option<usize> {
    match key.strip_prefix('-') {
        Some(back) => len.checked_sub(back.parse().ok()?),
        None => key.parse().ok(),
    }
}

fn add(object: &mut Value, path: &[String], value: Value) -> Result<(), &'static str> {
    if path.len() + value.depth() > MAX_DEPTH {
        return Err("this would nest too deep");
    }
    let Some((last, parents)) = path.split_last() else {
        *object = value;
        return Ok(());
    };
    let parent = find_mut(object, parents).ok_or("there is no such place")?;
    match &mut parent.data {
        Data::Map(map) => {
            match map.get_mut(last.as_str()) {
                Some(field) => field.value = value,
                None => {
                    map.insert(last.into(), Field { key: value.span, value });
                }
            }
            Ok(())
        }
        Data::List(items) if last == "-" => {
            items.push(value);
            Ok(())
        }
        Data::List(items) => {
            // A negative position counts from behind the last item.
            let at = index(last, items.len() + usize::from(last.starts_with('-')));
            match at.filter(|at| *at <= items.len()) {
                Some(at) => {
                    items.insert(at, value);
                    Ok(())
                }
                None => Err("the list has no such position"),
            }
        }
        Data::Scalar(_) => Err("there is no such place"),
    }
}

fn replace(object: &mut Value, path: &[String], value: Value) -> Result<(), &'static str> {
    if path.len() + value.depth() > MAX_DEPTH {
        return Err("this would nest too deep");
    }
    if let Some(old) = find_mut(object, path) {
        old.replace(value);
        return Ok(());
    }
    // Kustomize takes the replacement of a missing key for its addition.
    let parents = path.split_last().map_or(path, |(_, parents)| parents);
    match find(object, parents).map(|parent| &parent.data) {
        Some(Data::Map(_)) => add(object, path, value),
        _ => Err("there is nothing to replace"),
    }
}

fn remove(object: &mut Value, path: &[String]) -> Result<Value, &'static str> {
    let (last, parents) = path.split_last().ok_or("the whole object cannot be removed")?;
    let parent = find_mut(object, parents).ok_or("there is no such place")?;
    let removed = match &mut parent.data {
        Data::Map(map) => map.shift_remove(last.as_str()).map(|field| field.value),
        Data::List(items) => {
            let at = index(last, items.len()).filter(|at| *at < items.len());
            at.map(|at| items.remove(at))
        }
        Data::Scalar(_) => None,
    };
    removed.ok_or("there is nothing to remove")
}
