//! Interpolation of strings: `$X`, `${X}`, defaults, required variables, replacements and `$$`.

use crate::model::compose::VariableForm;
use smol_str::SmolStr;
use std::ops::Range;

/// One use of a variable in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// The range of the expression in the text. For a variable inside the default or message of
    /// another one, the range of the outer expression.
    pub range: Range<usize>,
    pub expression: SmolStr,
    pub name: SmolStr,
    pub form: VariableForm,
    pub word: SmolStr,
}

/// A required variable that is not set, with its message. Whoever starts the project has to set it, and the
/// text around it is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub range: Range<usize>,
    pub name: SmolStr,
    pub message: String,
}

/// What interpolation meets on its way through a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Used(Use),
    Missing(Missing),
}

/// Why a text could not be interpolated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A `${` that does not start a valid expression.
    Invalid(Range<usize>),
    /// A `${` without the brace that closes it.
    Unclosed(Range<usize>),
    /// Defaults nested too deeply, or a value that grows too large.
    TooDeep(Range<usize>),
}

pub(crate) const TOO_DEEP: &str = "variables are nested more than 24 levels deep here, or their value is larger than 1 MiB; the value is not read";

/// Maximum depth of expressions inside the defaults of others.
const MAX_DEPTH: usize = 24;
/// Maximum length of an interpolated value in bytes: variables may double one another.
const MAX_LENGTH: usize = 1 << 20;

/// Replaces the variables of a text. `lookup` returns the value of a name; `meet` is called with every use of a
/// variable, and with every required one that is missing, which leaves nothing in its place.
pub(crate) fn substitute(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<SmolStr>,
    meet: &mut dyn FnMut(Event),
) -> Result<String, Failure> {
    expand(text, lookup, meet, None, 0)
}

fn expand(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<SmolStr>,
    meet: &mut dyn FnMut(Event),
    outer: Option<&Range<usize>>,
    depth: usize,
) -> Result<String, Failure> {
    let place = |range: Range<usize>| outer.cloned().unwrap_or(range);
    if depth > MAX_DEPTH {
        return Err(Failure::TooDeep(place(0..text.len())));
    }
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find('$') {
        let dollar = at + found;
        result.push_str(&text[at..dollar]);
        let rest = &text[dollar + 1..];
        if rest.starts_with('$') {
            result.push('$');
            at = dollar + 2;
        } else if let Some(inside) = rest.strip_prefix('{') {
            let Some(length) = closing(inside) else {
                return Err(Failure::Unclosed(place(dollar..text.len())));
            };
            let end = dollar + 2 + length + 1;
            let range = place(dollar..end);
            let expression = SmolStr::new(&text[dollar..end]);
            let value = braced(&inside[..length], expression, range, lookup, meet, depth)?;
            result.push_str(&value);
            at = end;
        } else {
            let length = name_length(rest);
            if length == 0 {
                // A dollar sign before anything else is literal.
                result.push('$');
                at = dollar + 1;
                continue;
            }
            let end = dollar + 1 + length;
            let name = &rest[..length];
            meet(Event::Used(Use {
                range: place(dollar..end),
                expression: SmolStr::new(&text[dollar..end]),
                name: SmolStr::new(name),
                form: VariableForm::Plain,
                word: SmolStr::default(),
            }));
            result.push_str(&lookup(name).unwrap_or_default());
            at = end;
        }
        if result.len() > MAX_LENGTH {
            return Err(Failure::TooDeep(place(0..text.len())));
        }
    }
    result.push_str(&text[at..]);
    Ok(result)
}

/// Evaluates the inside of `${...}`.
fn braced(
    inside: &str,
    expression: SmolStr,
    range: Range<usize>,
    lookup: &dyn Fn(&str) -> Option<SmolStr>,
    meet: &mut dyn FnMut(Event),
    depth: usize,
) -> Result<String, Failure> {
    let length = name_length(inside);
    if length == 0 {
        return Err(Failure::Invalid(range));
    }
    let (name, rest) = inside.split_at(length);
    let (empty, operator) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (form, word) = match operator.chars().next() {
        None if !empty => (VariableForm::Plain, ""),
        Some('-') => (VariableForm::Default { empty }, &operator[1..]),
        Some('?') => (VariableForm::Required { empty }, &operator[1..]),
        Some('+') => (VariableForm::Alternative { empty }, &operator[1..]),
        _ => return Err(Failure::Invalid(range)),
    };
    meet(Event::Used(Use {
        range: range.clone(),
        expression,
        name: SmolStr::new(name),
        form,
        word: SmolStr::new(word),
    }));
    let value = lookup(name);
    let set = value.as_ref().is_some_and(|value| !empty || !value.is_empty());
    let word = |meet: &mut dyn FnMut(Event)| expand(word, lookup, meet, Some(&range), depth + 1);
    match form {
        VariableForm::Plain => Ok(value.unwrap_or_default().to_string()),
        VariableForm::Default { .. } if set => Ok(value.unwrap_or_default().to_string()),
        VariableForm::Default { .. } => word(meet),
        VariableForm::Alternative { .. } if set => word(meet),
        VariableForm::Alternative { .. } => Ok(String::new()),
        VariableForm::Required { .. } if set => Ok(value.unwrap_or_default().to_string()),
        VariableForm::Required { .. } => {
            let message = word(meet)?;
            meet(Event::Missing(Missing {
                range: range.clone(),
                name: SmolStr::new(name),
                message,
            }));
            Ok(String::new())
        }
    }
}

/// Returns the length of the variable name at the start of a text.
fn name_length(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    text.bytes().take_while(plain).count()
}

/// Returns the position of the brace that closes the one just before the text.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = 1;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                open += 1;
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Result<String, Failure> {
        let lookup = |name: &str| match name {
            "A" => Some(SmolStr::new("1")),
            "EMPTY" => Some(SmolStr::default()),
            _ => None,
        };
        substitute(text, &lookup, &mut |_| {})
    }

    #[test]
    fn every_form_has_its_meaning() {
        let cases = [
            ("$A-${A}", "1-1"),
            ("${EMPTY:-d}${EMPTY-d}${NO-d}${NO:-d}", "ddd"),
            ("${A:+r}${EMPTY:+r}${EMPTY+r}${NO+r}", "rr"),
            ("${NO:-${A}x${NO:-y}}", "1xy"),
            ("${A:?m}${EMPTY?m}", "1"),
            ("$$A $$${A} $1 a$", "$A $1 $1 a$"),
            ("${NO:-a:-b}", "a:-b"),
            ("${A:-${NO:?not looked at}}", "1"),
        ];
        for (text, value) in cases {
            assert_eq!(run(text).as_deref(), Ok(value), "{text}");
        }
    }

    #[test]
    fn malformed_expressions_are_refused() {
        for text in ["${}", "${1}", "${A!x}", "${A:}"] {
            assert!(matches!(run(text), Err(Failure::Invalid(_))), "{text}");
        }
        for text in ["${A", "${A:-${B}", "a${A:-web"] {
            assert!(matches!(run(text), Err(Failure::Unclosed(_))), "{text}");
        }
    }

    #[test]
    fn a_missing_required_variable_has_its_message_and_leaves_the_text_around_it() {
        let mut missing = Vec::new();
        let lookup = |name: &str| (name == "A").then(|| SmolStr::new("1"));
        let text = substitute("a ${NO:?set $A} b", &lookup, &mut |event| {
            if let Event::Missing(it) = event {
                missing.push(it);
            }
        });
        assert_eq!(text.as_deref(), Ok("a  b"));
        let name = SmolStr::new("NO");
        assert_eq!(missing, [Missing { range: 2..15, name, message: "set 1".to_owned() }]);
    }

    #[test]
    fn uses_inside_a_default_have_the_range_of_the_outer_expression() {
        let mut uses = Vec::new();
        let text = "x${NO:-${A}}";
        let mut meet = |event| {
            if let Event::Used(it) = event {
                uses.push((it.name.to_string(), it.range));
            }
        };
        substitute(text, &|_| None, &mut meet).unwrap();
        assert_eq!(uses, [("NO".to_owned(), 1..12), ("A".to_owned(), 1..12)]);
    }

    #[test]
    fn nesting_is_limited() {
        let deep = format!("{}x{}", "${A_:-".repeat(5000), "}".repeat(5000));
        assert!(matches!(run(&deep), Err(Failure::TooDeep(_))));
    }
}
