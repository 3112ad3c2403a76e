//! Regular expressions.

use super::Parameter::{Int, Str};
use super::{Function, int, text, text_list};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::Value;
use crate::build::origin::Text;
use regex_lite::{Regex, RegexBuilder};

pub const FUNCTIONS: &[Function] = &[
    Function::new("regexMatch", &[Str, Str], matches),
    Function::new("mustRegexMatch", &[Str, Str], matches),
    Function::new("regexFind", &[Str, Str], find),
    Function::new("mustRegexFind", &[Str, Str], find),
    Function::new("regexFindAll", &[Str, Str, Int], find_all),
    Function::new("mustRegexFindAll", &[Str, Str, Int], find_all),
    Function::new("regexReplaceAll", &[Str, Str, Str], replace_all),
    Function::new("mustRegexReplaceAll", &[Str, Str, Str], replace_all),
    Function::new("regexReplaceAllLiteral", &[Str, Str, Str], replace_all_literal),
    Function::new("mustRegexReplaceAllLiteral", &[Str, Str, Str], replace_all_literal),
    Function::new("regexSplit", &[Str, Str, Int], split),
    Function::new("mustRegexSplit", &[Str, Str, Int], split),
    Function::new("regexQuoteMeta", &[Str], |context, values| {
        let text = text(&values[0])?;
        context.heap.text(text.recast(escape(text.as_str())))
    }),
];

/// Puts a backslash before each letter that has a meaning.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Maximum size of a compiled expression, in bytes.
const MAX_SIZE: usize = 1 << 20;

fn compile(context: &Context<'_>, pattern: &Value, text: &Text) -> Result<Regex> {
    let pattern = super::text(pattern)?.as_str();
    // A search may visit each byte once for each part of the expression.
    let work = pattern.len().saturating_mul(text.len() + 1) / 64;
    context.heap.budget.spend_steps(work)?;
    RegexBuilder::new(pattern)
        .size_limit(MAX_SIZE)
        .nest_limit(50)
        .build()
        .map_err(|error| Failure::new(format!("regexp: Compile(`{pattern}`): {error}")))
}

fn matches(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let text = text(&values[1])?;
    Ok(Value::bool(compile(context, &values[0], text)?.is_match(text.as_str())))
}

fn find(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let text = text(&values[1])?;
    match compile(context, &values[0], text)?.find(text.as_str()) {
        Some(found) => context.heap.text(text.slice(found.range())),
        None => Ok(Value::string("")),
    }
}

fn most(value: &Value) -> Result<usize> {
    let count = int(value)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

fn find_all(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let text = text(&values[1])?;
    let expression = compile(context, &values[0], text)?;
    let found = expression.find_iter(text.as_str()).take(most(&values[2])?);
    let found = found.map(|found| text.slice(found.range())).collect();
    text_list(context, found)
}

/// Replaces matches by text that `$1` and `${name}` stand in for groups.
fn replace_all(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let (text, replacement) = (text(&values[1])?, text(&values[2])?);
    let expression = compile(context, &values[0], text)?;
    let mut replaced = Text::new();
    let mut copied = 0;
    for captures in expression.captures_iter(text.as_str()) {
        let Some(whole) = captures.get(0) else { continue };
        replaced.push_slice(text, copied..whole.start());
        if replacement.as_str().contains('$') {
            let mut expanded = String::new();
            captures.expand(replacement.as_str(), &mut expanded);
            context.heap.budget.spend_bytes(expanded.len())?;
            replaced.push(&replacement.recast(expanded));
        } else {
            context.heap.budget.spend_bytes(replacement.weight())?;
            replaced.push(replacement);
        }
        copied = whole.end();
    }
    replaced.push_slice(text, copied..text.len());
    context.heap.text(replaced)
}

fn replace_all_literal(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let (text, replacement) = (text(&values[1])?, text(&values[2])?);
    let expression = compile(context, &values[0], text)?;
    let mut replaced = Text::new();
    let mut copied = 0;
    for found in expression.find_iter(text.as_str()) {
        context.heap.budget.spend_bytes(replacement.weight())?;
        replaced.push_slice(text, copied..found.start());
        replaced.push(replacement);
        copied = found.end();
    }
    replaced.push_slice(text, copied..text.len());
    context.heap.text(replaced)
}

fn split(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let text = text(&values[1])?;
    let expression = compile(context, &values[0], text)?;
    let most = most(&values[2])?;
    if most == 0 {
        return context.heap.list(Vec::new());
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for found in expression.find_iter(text.as_str()) {
        if parts.len() + 1 >= most {
            break;
        }
        if found.end() == 0 {
            continue;
        }
        parts.push(text.slice(start..found.start()));
        start = found.end();
    }
    parts.push(text.slice(start..text.len()));
    text_list(context, parts)
}
