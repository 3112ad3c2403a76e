//! Strings as words: cases, wrapping, shortening, escaping for other languages.

use super::Parameter::{Any, Int, Str};
use super::{Function, int, size, text};
use crate::build::helm::exec::Context;
use crate::build::helm::failure::Result;
use crate::build::helm::format;
use crate::build::helm::value::Value;

pub const FUNCTIONS: &[Function] = &[
    Function::new("upper", &[Str], |context, values| {
        recast(context, &values[0], str::to_uppercase)
    }),
    Function::new("lower", &[Str], |context, values| {
        recast(context, &values[0], str::to_lowercase)
    }),
    Function::new("title", &[Str], |context, values| {
        recast(context, &values[0], |text| first_letters(text, char::to_uppercase))
    }),
    Function::new("untitle", &[Str], |context, values| {
        recast(context, &values[0], |text| first_letters(text, char::to_lowercase))
    }),
    Function::new("swapcase", &[Str], |context, values| recast(context, &values[0], swap_case)),
    Function::new("camelcase", &[Str], |context, values| recast(context, &values[0], camel_case)),
    Function::new("snakecase", &[Str], |context, values| {
        recast(context, &values[0], |text| divided(text, '_'))
    }),
    Function::new("kebabcase", &[Str], |context, values| {
        recast(context, &values[0], |text| divided(text, '-'))
    }),
    Function::new("nospace", &[Str], |context, values| {
        recast(context, &values[0], |text| text.split_whitespace().collect())
    }),
    Function::new("initials", &[Str], |context, values| {
        recast(context, &values[0], |text| {
            text.split_whitespace().filter_map(|word| word.chars().next()).collect()
        })
    }),
    Function::new("plural", &[Str, Str, Int], |_, values| {
        Ok(values[usize::from(int(&values[2])? != 1)].clone())
    }),
    Function::new("abbrev", &[Int, Str], |context, values| {
        let most = int(&values[0])?;
        recast(context, &values[1], |text| abbreviated(text, 0, most))
    }),
    Function::new("abbrevboth", &[Int, Int, Str], |context, values| {
        let (left, most) = (int(&values[0])?, int(&values[1])?);
        recast(context, &values[2], |text| abbreviated(text, left, most))
    }),
    Function::new("wrap", &[Int, Str], |context, values| {
        let width = size(int(&values[0])?).max(1);
        recast(context, &values[1], |text| wrapped(text, width, "\n", false))
    }),
    Function::new("wrapWith", &[Int, Str, Str], |context, values| {
        let width = size(int(&values[0])?).max(1);
        let line_break = text(&values[1])?.clone();
        let most = text(&values[2])?.len().saturating_mul(line_break.len());
        context.heap.budget.spend_bytes(most)?;
        recast(context, &values[2], |text| wrapped(text, width, line_break.as_str(), true))
    }),
    Function::new("hello", &[], |_, _| Ok(Value::string("Hello!"))),
    Function::variadic("html", &[], Any, |context, values| escaped(context, values, html)),
    Function::variadic("js", &[], Any, |context, values| escaped(context, values, javascript)),
    Function::variadic("urlquery", &[], Any, |context, values| escaped(context, values, url_query)),
];

fn recast(context: &Context<'_>, value: &Value, change: impl Fn(&str) -> String) -> Result<Value> {
    let text = text(value)?;
    context.heap.text(text.recast(change(text.as_str())))
}

/// The first letter of each word changed.
fn first_letters<I: Iterator<Item = char>>(text: &str, change: impl Fn(char) -> I) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut inside = false;
    for letter in text.chars() {
        if inside {
            changed.push(letter);
        } else {
            changed.extend(change(letter));
        }
        inside = letter.is_alphanumeric() || letter == '_' || letter == '\'';
    }
    changed
}

fn swap_case(text: &str) -> String {
    let swap = |letter: char| -> String {
        if letter.is_uppercase() {
            letter.to_lowercase().collect()
        } else {
            letter.to_uppercase().collect()
        }
    };
    text.chars().map(swap).collect()
}

/// `http_server` to `HttpServer`.
fn camel_case(text: &str) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut upper = true;
    for letter in text.chars() {
        if matches!(letter, '_' | '-') || letter.is_whitespace() {
            upper = true;
        } else if upper {
            changed.extend(letter.to_uppercase());
            upper = false;
        } else {
            changed.push(letter);
        }
    }
    changed
}

/// `HTTPServer` to `http_server`: words divided by a letter, in lower case.
fn divided(text: &str, divider: char) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut changed = String::with_capacity(text.len() + 8);
    for (at, letter) in letters.iter().enumerate() {
        if matches!(letter, '_' | '-' | ' ') {
            changed.push(divider);
            continue;
        }
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let starts_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if starts_word {
            changed.push(divider);
        }
        changed.extend(letter.to_lowercase());
    }
    changed
}

/// Returns the text cut to a maximum number of letters, with three dots for the rest.
fn abbreviated(text: &str, left: i64, most: i64) -> String {
    let letters: Vec<char> = text.chars().collect();
    let (left, most) = (size(left), size(most));
    if most < 4 || left > 0 && most < 7 || letters.len() <= most {
        return text.to_owned();
    }
    let from = left.min(letters.len());
    let from = if letters.len() - from < most - 3 { letters.len() - (most - 3) } else { from };
    if from <= 4 {
        return letters[..most - 3].iter().collect::<String>() + "...";
    }
    if from + most - 3 < letters.len() {
        let middle: String = letters[from..from + most - 6].iter().collect();
        return format!("...{middle}...");
    }
    let end: String = letters[letters.len() - (most - 3)..].iter().collect();
    format!("...{end}")
}

/// Lines of at most a width, broken at blanks; `cut` breaks words that are too long.
fn wrapped(text: &str, width: usize, line_break: &str, cut: bool) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word;
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
        }
        while cut && word.len() > width {
            let at = crate::text::floor_boundary(word, width).max(1);
            let Some((head, tail)) = word.split_at_checked(at) else { break };
            lines.push(head.to_owned());
            word = tail;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines.join(line_break)
}

fn escaped(
    context: &Context<'_>,
    values: &[Value],
    escape: impl Fn(&str) -> String,
) -> Result<Value> {
    let text = match values {
        [value] if value.is_null() => format::NO_VALUE.into(),
        [value] if value.as_str().is_some() => (**super::text(value)?).clone(),
        _ => format::print(values, context.heap)?,
    };
    context.heap.text(text.recast(escape(text.as_str())))
}

fn html(text: &str) -> String {
    let escape = |letter: char| match letter {
        '"' => "&#34;".to_owned(),
        '\'' => "&#39;".to_owned(),
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        letter => letter.to_string(),
    };
    text.chars().map(escape).collect()
}

fn javascript(text: &str) -> String {
    let escape = |letter: char| match letter {
        '\\' => "\\\\".to_owned(),
        '\'' => "\\'".to_owned(),
        '"' => "\\\"".to_owned(),
        '<' | '>' | '&' | '=' => format!("\\u{:04X}", u32::from(letter)),
        letter if letter < ' ' => format!("\\u{:04X}", u32::from(letter)),
        letter => letter.to_string(),
    };
    text.chars().map(escape).collect()
}

pub fn url_query(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        b' ' => "+".to_owned(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
