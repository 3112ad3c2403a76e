//! Field paths as replacements and vars write them: `spec.containers.[name=web].image`.

use super::value::{Data, Field, MAX_DEPTH, Map, Value};
use crate::text::Span;
use regex_lite::Regex;

/// One step of a path.
#[derive(Debug)]
pub(super) enum Step {
    /// A key of a mapping.
    Key(String),
    /// A position in a list.
    Index(usize),
    /// All values of a list.
    Every,
    /// The items whose field matches a pattern, or without a field the items themselves.
    Matching { field: String, text: String, pattern: Option<Regex> },
}

/// What is made where a path leads to nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Make {
    pub shape: Shape,
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar,
    Map,
    List,
}

/// Splits a path at its dots. A dot within brackets or behind a backslash belongs to its key.
pub(super) fn parse(path: &str) -> Vec<Step> {
    let parts = super::fieldspec::split_escaped(path, '.');
    let mut steps = Vec::new();
    let mut open: Option<String> = None;
    for part in parts {
        let text = match open.take() {
            Some(begun) => [&begun, ".", &part].concat(),
            None => part,
        };
        if text.starts_with('[') && !text.ends_with(']') {
            open = Some(text);
        } else {
            steps.push(step(&text));
        }
        if steps.len() >= MAX_DEPTH / 2 {
            break;
        }
    }
    steps.extend(open.map(|text| step(&text)));
    steps
}

fn step(text: &str) -> Step {
    if text == "*" {
        return Step::Every;
    }
    if let Ok(index) = text.parse() {
        return Step::Index(index);
    }
    let Some(inner) = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')) else {
        return Step::Key(text.to_owned());
    };
    match inner.split_once('=') {
        Some((field, text)) => Step::Matching {
            field: field.to_owned(),
            text: text.to_owned(),
            pattern: Regex::new(text).ok(),
        },
        None => Step::Key(inner.to_owned()),
    }
}

impl Step {
    /// Whether an item of a list is meant; `exact` asks for the very text instead of the pattern.
    fn fits(&self, item: &Value, exact: bool) -> bool {
        let Step::Matching { field, text, pattern } = self else { return false };
        let own =
            if field.is_empty() { item.as_str() } else { item.get(field).and_then(Value::as_str) };
        own.is_some_and(|own| match pattern {
            Some(pattern) if !exact => pattern.is_match(own.trim()),
            _ => own == text,
        })
    }
}

/// Returns the one value that a path leads to.
pub(super) fn find<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match (step, &value.data) {
        (Step::Key(key), Data::Map(map)) => map.get(key.as_str()).map(|field| &field.value),
        (Step::Index(at), Data::List(items)) => items.get(*at),
        (Step::Index(at), Data::Map(map)) => map.get(at.to_string().as_str()).map(|it| &it.value),
        (Step::Matching { .. }, Data::List(items)) => {
            items.iter().find(|item| step.fits(item, true))
        }
        (_, _) => None,
    })
}

/// What is done with a value at the end of a path, and whether the value was made for that.
type Change<'c> = dyn FnMut(&mut Value, bool) + 'c;

/// Calls `change` with all values that a path leads to, and returns their number.
pub(super) fn visit(
    value: &mut Value,
    path: &[Step],
    make: Option<Make>,
    change: &mut Change<'_>,
) -> usize {
    visit_from(value, path, make, false, change)
}

fn visit_from(
    value: &mut Value,
    path: &[Step],
    make: Option<Make>,
    made: bool,
    change: &mut Change<'_>,
) -> usize {
    let Some((first, rest)) = path.split_first() else {
        change(value, made);
        return 1;
    };
    let next = |make: Make| empty(rest.first(), make);
    match (first, &mut value.data) {
        (Step::Key(key), Data::Map(map)) => {
            let missing = make.filter(|_| !map.contains_key(key.as_str())).map(next);
            let made = missing.is_some();
            field(map, key, missing).map_or(0, |it| visit_from(it, rest, make, made, change))
        }
        (Step::Index(at), Data::Map(map)) => {
            let key = at.to_string();
            let missing = make.filter(|_| !map.contains_key(key.as_str())).map(next);
            let made = missing.is_some();
            field(map, &key, missing).map_or(0, |it| visit_from(it, rest, make, made, change))
        }
        (Step::Index(at), Data::List(items)) => {
            let missing = make.filter(|_| *at == items.len()).map(next);
            let made = missing.is_some();
            items.extend(missing);
            items.get_mut(*at).map_or(0, |it| visit_from(it, rest, make, made, change))
        }
        (Step::Every, Data::List(items)) => {
            items.iter_mut().map(|item| visit_from(item, rest, make, false, change)).sum()
        }
        (Step::Matching { field, text, .. }, Data::List(items)) => {
            if let (Some(make), false) = (make, items.iter().any(|item| first.fits(item, false))) {
                let mut item = Value::plain(text.as_str(), make.span);
                if !field.is_empty() {
                    let mut map = Value::map(make.span);
                    map.set(field, item);
                    item = map;
                }
                items.push(item);
            }
            let fitting = items.iter_mut().filter(|item| first.fits(item, false));
            fitting.map(|item| visit_from(item, rest, make, false, change)).sum()
        }
        (_, _) => 0,
    }
}

fn field<'m>(map: &'m mut Map, key: &str, made: Option<Value>) -> Option<&'m mut Value> {
    if let Some(made) = made {
        map.insert(key.into(), Field { key: made.span, value: made });
    }
    map.get_mut(key).map(|field| &mut field.value)
}

/// Returns an empty value for the steps behind it, or for what will be put there.
fn empty(next: Option<&Step>, make: Make) -> Value {
    match next {
        Some(Step::Key(_)) => Value::map(make.span),
        Some(Step::Index(_) | Step::Every | Step::Matching { .. }) => Value::list(make.span),
        None => match make.shape {
            Shape::Scalar => Value::plain("", make.span),
            Shape::Map => Value::map(make.span),
            Shape::List => Value::list(make.span),
        },
    }
}
