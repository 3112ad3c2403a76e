//! Strings: cutting, joining, indenting, quoting.

use super::Parameter::{Any, Int, Str};
use super::{Function, int, size, text, text_list, to_text, to_texts};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::format;
use crate::build::helm::value::Value;
use crate::build::origin::Text;
use crate::text::floor_boundary;

pub const FUNCTIONS: &[Function] = &[
    Function::new("trim", &[Str], |context, values| keep(context, &values[0], str::trim)),
    Function::new("trimAll", &[Str, Str], trim_all),
    Function::new("trimall", &[Str, Str], trim_all),
    Function::new("trimPrefix", &[Str, Str], |context, values| {
        let prefix = text(&values[0])?;
        keep(context, &values[1], |text| text.strip_prefix(prefix.as_str()).unwrap_or(text))
    }),
    Function::new("trimSuffix", &[Str, Str], |context, values| {
        let suffix = text(&values[0])?;
        keep(context, &values[1], |text| text.strip_suffix(suffix.as_str()).unwrap_or(text))
    }),
    Function::new("trunc", &[Int, Str], trunc),
    Function::new("substr", &[Int, Int, Str], substr),
    Function::new("repeat", &[Int, Str], repeat),
    Function::new("replace", &[Str, Str, Str], replace),
    Function::new("indent", &[Int, Str], |context, values| {
        let text = indented(context, values)?;
        context.heap.text(text)
    }),
    Function::new("nindent", &[Int, Str], |context, values| {
        let mut text = Text::plain("\n");
        text.push(&indented(context, values)?);
        context.heap.text(text)
    }),
    Function::new("contains", &[Str, Str], |_, values| {
        Ok(Value::bool(text(&values[1])?.as_str().contains(text(&values[0])?.as_str())))
    }),
    Function::new("hasPrefix", &[Str, Str], |_, values| {
        Ok(Value::bool(text(&values[1])?.as_str().starts_with(text(&values[0])?.as_str())))
    }),
    Function::new("hasSuffix", &[Str, Str], |_, values| {
        Ok(Value::bool(text(&values[1])?.as_str().ends_with(text(&values[0])?.as_str())))
    }),
    Function::variadic("quote", &[], Any, quote),
    Function::variadic("squote", &[], Any, squote),
    Function::variadic("cat", &[], Any, cat),
    Function::new("join", &[Str, Any], join),
    Function::new("splitList", &[Str, Str], |context, values| {
        let parts = split(context, text(&values[0])?.as_str(), text(&values[1])?, usize::MAX)?;
        text_list(context, parts)
    }),
    Function::new("split", &[Str, Str], |context, values| {
        let parts = split(context, text(&values[0])?.as_str(), text(&values[1])?, usize::MAX)?;
        numbered(context, parts)
    }),
    Function::new("splitn", &[Str, Int, Str], |context, values| {
        let most = int(&values[1])?;
        let most = if most < 0 { usize::MAX } else { size(most) };
        let parts = split(context, text(&values[0])?.as_str(), text(&values[2])?, most)?;
        numbered(context, parts)
    }),
    Function::new("toString", &[Any], |context, values| {
        let text = to_text(context, &values[0])?;
        context.heap.text(text)
    }),
    Function::new("toStrings", &[Any], |context, values| {
        let texts = to_texts(context, &values[0])?;
        text_list(context, texts)
    }),
    Function::new("sortAlpha", &[Any], |context, values| {
        let mut texts = match &values[0].data {
            crate::build::helm::value::Data::List(_) => to_texts(context, &values[0])?,
            _ => vec![to_text(context, &values[0])?],
        };
        texts.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        text_list(context, texts)
    }),
    Function::variadic("print", &[], Any, |context, values| {
        let text = format::print(values, context.heap)?;
        context.heap.text(text)
    }),
    Function::variadic("println", &[], Any, |context, values| {
        let text = format::println(values, context.heap)?;
        context.heap.text(text)
    }),
    Function::variadic("printf", &[Str], Any, |context, values| {
        let text = format::printf(text(&values[0])?, &values[1..], context.heap)?;
        context.heap.text(text)
    }),
];

fn keep(context: &Context<'_>, value: &Value, keep: impl Fn(&str) -> &str) -> Result<Value> {
    context.heap.text(text(value)?.keep(keep))
}

fn trim_all(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let letters = text(&values[0])?;
    keep(context, &values[1], |text| text.trim_matches(|letter| letters.as_str().contains(letter)))
}

/// The first bytes of a string, or with a negative count the last ones.
fn trunc(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let (count, text) = (int(&values[0])?, text(&values[1])?);
    let bytes = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if bytes >= text.len() {
        return Ok(values[1].clone());
    }
    let range = if count < 0 {
        floor_boundary(text.as_str(), text.len() - bytes)..text.len()
    } else {
        0..floor_boundary(text.as_str(), bytes)
    };
    context.heap.text(text.slice(range))
}

fn substr(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let (start, end, text) = (int(&values[0])?, int(&values[1])?, text(&values[2])?);
    let length = text.len();
    let last = if end < 0 || size(end) > length { length } else { size(end) };
    let (start, last) = if start < 0 { (0, size(end).min(length)) } else { (size(start), last) };
    if start > last {
        return Err(Failure::new(format!("slice bounds out of range [{start}:{last}]")));
    }
    let range = floor_boundary(text.as_str(), start)..floor_boundary(text.as_str(), last);
    context.heap.text(text.slice(range))
}

fn repeat(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let (count, text) = (int(&values[0])?, text(&values[1])?);
    if count < 0 {
        return Err(Failure::new("strings: negative Repeat count"));
    }
    context.heap.budget.spend_bytes(text.len().saturating_mul(size(count)))?;
    // One piece and not as many as there are repetitions.
    Ok(Value::text(text.recast(text.as_str().repeat(size(count)))))
}

fn replace(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let (old, new, text) = (text(&values[0])?, text(&values[1])?, text(&values[2])?);
    if !text.as_str().contains(old.as_str()) {
        return Ok(values[2].clone());
    }
    let count = text.as_str().matches(old.as_str()).count();
    context.heap.budget.spend_bytes(text.weight() + count.saturating_mul(new.weight()))?;
    Ok(Value::text(text.replace(old.as_str(), new)))
}

fn indented(context: &Context<'_>, values: &[Value]) -> Result<Text> {
    let (width, text) = (int(&values[0])?, text(&values[1])?);
    if width < 0 {
        return Err(Failure::new("strings: negative Repeat count"));
    }
    let lines = 1 + text.as_str().matches('\n').count();
    context.heap.budget.spend_bytes(lines.saturating_mul(size(width)))?;
    Ok(text.indent(size(width)))
}

fn quote(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut quoted = Vec::new();
    for value in values.iter().filter(|value| !value.is_null()) {
        quoted.push(format::quoted(&to_text(context, value)?));
    }
    context.heap.text(Text::join(&quoted, &Text::plain(" ")))
}

fn squote(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let mut quoted = Vec::new();
    for value in values.iter().filter(|value| !value.is_null()) {
        let mut text = Text::plain("'");
        text.push(&format::display(value, context.heap)?);
        text.push_plain("'");
        quoted.push(text);
    }
    context.heap.text(Text::join(&quoted, &Text::plain(" ")))
}

fn cat(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let values = values.iter().filter(|value| !value.is_null());
    let texts: Result<Vec<Text>> =
        values.map(|value| format::display(value, context.heap)).collect();
    context.heap.text(Text::join(&texts?, &Text::plain(" ")))
}

fn join(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let texts = to_texts(context, &values[1])?;
    let separator = text(&values[0])?;
    context.heap.budget.spend_bytes(separator.weight().saturating_mul(texts.len()))?;
    context.heap.text(Text::join(&texts, separator))
}

/// Returns the parts of a string, at most `limit` of them. An empty separator splits between any two letters.
fn split(context: &Context<'_>, separator: &str, text: &Text, most: usize) -> Result<Vec<Text>> {
    if separator.is_empty() {
        context.heap.budget.spend_steps(text.len())?;
        let letters = text.as_str().char_indices();
        return Ok(letters.map(|(at, letter)| text.slice(at..at + letter.len_utf8())).collect());
    }
    let mut parts = Vec::new();
    let mut start = 0;
    if most == 0 {
        return Ok(parts);
    }
    for (at, found) in text.as_str().match_indices(separator) {
        if parts.len() + 1 == most {
            break;
        }
        context.heap.budget.spend_steps(1)?;
        parts.push(text.slice(start..at));
        start = at + found.len();
    }
    parts.push(text.slice(start..text.len()));
    Ok(parts)
}

/// The parts as `_0`, `_1` and so on.
fn numbered(context: &Context<'_>, parts: Vec<Text>) -> Result<Value> {
    let dict = context.heap.dict_of([])?;
    for (index, part) in parts.into_iter().enumerate() {
        dict.set(&format!("_{index}"), context.heap.text(part)?);
    }
    Ok(crate::build::helm::value::Data::Dict(dict).into())
}
