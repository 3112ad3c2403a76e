//! Regular expressions.

use super::Parameter::{Int, Str};
use super::{Function, int, text, text_list};
use crate::build::helm::budget::Budget;
use crate::build::helm::exec::Context;
use crate::build::helm::failure::{Failure, Result};
use crate::build::helm::value::Value;
use crate::build::origin::Text;
use regex_lite::{Regex, RegexBuilder};
use std::iter::Peekable;
use std::str::Chars;

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

/// Number of letters that one part of an expression is compared with for one step.
const COMPARED: usize = 16;

/// Number of letters whose comparison costs as much as compiling one part of an expression.
const COMPILED: usize = 16;

/// An expression and the text that it is looked for in.
struct Search<'s> {
    expression: Regex,
    /// Number of parts of the expression.
    parts: usize,
    looks_far: bool,
    text: &'s Text,
    budget: &'s Budget,
}

impl<'s> Search<'s> {
    fn new(context: &'s Context<'_>, pattern: &Value, text: &'s Text) -> Result<Search<'s>> {
        let pattern = super::text(pattern)?.as_str();
        let parts = parts(pattern);
        let budget = &context.heap.budget;
        // A search may compare each letter with each part of the expression.
        budget.spend_steps(parts.saturating_mul(text.len() + COMPILED) / COMPARED)?;
        let expression = RegexBuilder::new(pattern)
            .size_limit(MAX_SIZE)
            .nest_limit(50)
            .build()
            .map_err(|error| Failure::new(format!("regexp: Compile(`{pattern}`): {error}")))?;
        Ok(Search { expression, parts, looks_far: looks_far(pattern), text, budget })
    }

    /// Pays for going on behind a match, whose end is known only once nothing that is preferred can match any more.
    fn go_on(&self, end: usize) -> Result<()> {
        let rest = self.text.len().saturating_sub(end);
        let rest = if self.looks_far { rest } else { rest.min(self.parts) };
        self.budget.spend_steps(1 + self.parts.saturating_mul(rest) / (16 * COMPARED))
    }
}

/// Whether a search may look at all of a text behind a match, as `a.*z|b` does where there is no `z`: whether
/// something may be repeated for ever before something else.
fn looks_far(pattern: &str) -> bool {
    let inside = pattern.strip_suffix('?').unwrap_or(pattern);
    let inside = inside.strip_suffix(['*', '+']).unwrap_or(inside);
    inside.contains(['*', '+']) || inside.contains(",}")
}

/// Returns an upper bound of the number of parts that an expression has when its counted repetitions are written out.
fn parts(pattern: &str) -> usize {
    // The parts of each open group, and those of what a repetition would repeat.
    let mut open = vec![0_usize];
    let mut last = 0_usize;
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        let added = match letter {
            '\\' => {
                letters.next();
                1
            }
            '[' => class(&mut letters),
            '(' => {
                open.push(1);
                0
            }
            ')' if open.len() > 1 => open.pop().unwrap_or(1),
            '{' => {
                let more = largest_count(&mut letters).saturating_sub(1);
                last.saturating_mul(more)
            }
            _ => 1,
        };
        last = if letter == '{' { last.saturating_add(added) } else { added };
        if let Some(group) = open.last_mut() {
            *group = group.saturating_add(added);
        }
    }
    open.into_iter().fold(0, usize::saturating_add)
}

/// Reads the rest of a class such as `[^a-z]`, and returns the number of its letters.
fn class(letters: &mut Peekable<Chars<'_>>) -> usize {
    let mut count = 1;
    letters.next_if_eq(&'^');
    letters.next_if_eq(&']');
    while let Some(letter) = letters.next() {
        count += 1;
        match letter {
            '\\' => drop(letters.next()),
            ']' => break,
            _ => {}
        }
    }
    count
}

/// Reads the rest of a repetition such as `{2,5}`, and returns its largest number.
fn largest_count(letters: &mut Peekable<Chars<'_>>) -> usize {
    let (mut largest, mut number) = (1, 0_usize);
    while let Some(letter) = letters.next_if(|it| it.is_ascii_digit() || " ,\t\n}".contains(*it)) {
        match letter.to_digit(10) {
            Some(digit) => number = number.saturating_mul(10).saturating_add(digit as usize),
            None if letter == ',' => number = 0,
            None => {}
        }
        largest = largest.max(number);
        if letter == '}' {
            break;
        }
    }
    largest
}

fn matches(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let text = text(&values[1])?;
    let search = Search::new(context, &values[0], text)?;
    Ok(Value::bool(search.expression.is_match(text.as_str())))
}

fn find(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let text = text(&values[1])?;
    match Search::new(context, &values[0], text)?.expression.find(text.as_str()) {
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
    let search = Search::new(context, &values[0], text)?;
    let mut all = Vec::new();
    for found in search.expression.find_iter(text.as_str()).take(most(&values[2])?) {
        search.go_on(found.end())?;
        all.push(text.slice(found.range()));
    }
    text_list(context, all)
}

/// Replaces matches by text that `$1` and `${name}` stand in for groups.
fn replace_all(context: &Context<'_>, values: &[Value]) -> Result<Value> {
    let (text, replacement) = (text(&values[1])?, text(&values[2])?);
    let search = Search::new(context, &values[0], text)?;
    let mut replaced = Text::new();
    let mut copied = 0;
    for captures in search.expression.captures_iter(text.as_str()) {
        let Some(whole) = captures.get(0) else { continue };
        search.go_on(whole.end())?;
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
    let search = Search::new(context, &values[0], text)?;
    let mut replaced = Text::new();
    let mut copied = 0;
    for found in search.expression.find_iter(text.as_str()) {
        search.go_on(found.end())?;
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
    let search = Search::new(context, &values[0], text)?;
    let most = most(&values[2])?;
    if most == 0 {
        return context.heap.list(Vec::new());
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for found in search.expression.find_iter(text.as_str()) {
        if parts.len() + 1 >= most {
            break;
        }
        search.go_on(found.end())?;
        if found.end() == 0 {
            continue;
        }
        parts.push(text.slice(start..found.start()));
        start = found.end();
    }
    parts.push(text.slice(start..text.len()));
    text_list(context, parts)
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn counted_repetitions_are_written_out() {
        for (pattern, expected) in [
            ("", 0),
            ("abc", 3),
            (r"\(\{a", 3),
            ("a{3}", 3),
            ("a{2,5}b", 6),
            ("a{2,}", 2),
            ("(ab){10}", 30),
            ("(x{1,500}){1,500}", 250_500),
            ("[({]{3}", 12),
            ("[]a]b", 4),
            ("a{", 1),
            ("a{99999999999999999999999}{99999999999999999999999}", usize::MAX),
            ("((((", 4),
            ("))", 2),
        ] {
            assert_eq!(parts(pattern), expected, "{pattern}");
        }
    }
}
