//! Checks values against the table of keys and types.

use super::keys::{Object, Schema};
use super::lower::Lowering;
use super::value::{Data, Kind, Map, Tag, Value};
use super::{ProblemKind, UnknownKey};
use crate::decimal::Decimal;
use crate::text::Spanned;
use crate::words::is_among;
use smol_str::SmolStr;

/// The types that are words: the shapes of value that fit, as [`shape_of`] names them, and what they
/// are called.
///
/// `bool` takes words for a boolean too, as `int` and `number` take strings that are one; those with
/// `plain-` do not. `loose` takes any string.
const WORDS: &str = "\
bool bs true or false
plain-bool b true or false
int is a whole number
plain-int i a whole number
number ifs a number
plain-number if a number
loose ifs a number or a string
option ifsn a number or a string
scalar bifsn a plain value
null n nothing
any bifsn[{ anything
pull-policy s a string
container-name s a string";

/// The shape of a value: one letter for each kind of scalar, a bracket for a list and a mapping.
fn shape_of(value: &Value) -> char {
    match &value.data {
        Data::Map(_) => '{',
        Data::List(_) => '[',
        Data::Scalar(it) => match it.kind {
            Kind::Null => 'n',
            Kind::Bool => 'b',
            Kind::Int => 'i',
            Kind::Float => 'f',
            Kind::Str => 's',
        },
    }
}

/// The shapes of value that a type without alternatives takes, and what it is called.
pub(super) fn shape(wanted: &str) -> (&'static str, &'static str) {
    match (wanted.as_bytes().first(), wanted) {
        (Some(b'[' | b'('), _) => ("[", "a list"),
        (Some(b'{' | b'<' | b'@'), _) => ("{", "a mapping"),
        (Some(b'='), _) | (_, "str") => ("s", "a string"),
        (Some(b'-' | b'0'..=b'9'), _) => ("is", "a whole number"),
        _ => {
            let found = WORDS.lines().find_map(|it| it.strip_prefix(wanted)?.strip_prefix(' '));
            found.and_then(|it| it.split_once(' ')).unwrap_or_default()
        }
    }
}

/// The alternatives of a type; brackets hold together what is inside.
pub(super) fn alternatives(wanted: &'static str) -> impl Iterator<Item = &'static str> {
    let mut depth = 0;
    wanted.split(move |it: char| {
        match it {
            '[' | '(' | '{' | '<' => depth += 1,
            ']' | ')' | '}' | '>' => depth -= 1,
            _ => {}
        }
        it == '|' && depth == 0
    })
}

/// What stands between the brackets of a type.
pub(super) fn inner(wanted: &'static str) -> &'static str {
    wanted.get(1..wanted.len() - 1).unwrap_or_default()
}

/// Checks the top level of one file against the schema. What is missing or null may still come from
/// another file; [`check_merged`] looks at that.
pub(super) fn check(
    schema: &Schema,
    root: &Value,
    out: &mut Lowering,
    unknown: &mut Vec<UnknownKey>,
) {
    Check { schema, out, unknown, merged: false }.value(root, "@project");
}

/// Checks what only shows after the merge: that what must be there is there, and nothing is null.
pub(super) fn check_merged(schema: &Schema, root: &Value, out: &mut Lowering) {
    let unknown = &mut Vec::new();
    let mut own = Lowering::default();
    Check { schema, out: &mut own, unknown, merged: true }.value(root, "@project");
    let late =
        |it: &super::Problem| it.kind == ProblemKind::MissingKey || it.kind == ProblemKind::Null;
    out.problems.extend(own.problems.into_iter().filter(late));
}

struct Check<'c> {
    schema: &'c Schema,
    out: &'c mut Lowering,
    unknown: &'c mut Vec<UnknownKey>,
    merged: bool,
}

impl Check<'_> {
    fn wrong(&mut self, value: &Value, wanted: &'static str) {
        let kind = match (value.is_null(), self.merged) {
            (true, true) => ProblemKind::Null,
            (true, false) => return,
            _ => ProblemKind::WrongType,
        };
        let mut expected = String::new();
        for it in alternatives(wanted).filter(|it| *it != "null") {
            if !expected.is_empty() {
                expected.push_str(" or ");
            }
            expected.push_str(shape(it).1);
        }
        let message = format!("Compose wants {expected} here, not {}", describe(value));
        self.out.told(kind, value.span, "", message);
    }

    fn invalid(&mut self, value: &Value, expected: &str) {
        let text = value.text().map_or("", SmolStr::as_str);
        let name = text.to_owned();
        let message = format!("`{text}` is not {expected}");
        self.out.told(ProblemKind::InvalidValue, value.span, &name, message);
    }

    fn value(&mut self, value: &Value, wanted: &'static str) {
        if value.tag == Tag::Reset {
            return;
        }
        // After the merge only what is null or missing counts.
        if self.merged && is_some_scalar(value) {
            return;
        }
        let here = shape_of(value);
        let fits = |it: &&str| shape(it).0.contains(here);
        let found = match memchr::memchr(b'|', wanted.as_bytes()) {
            Some(_) => alternatives(wanted).find(fits),
            None => Some(wanted).filter(fits),
        };
        let Some(found) = found else {
            self.wrong(value, wanted);
            return;
        };
        match (&value.data, found.split_at(1)) {
            (Data::Scalar(_), _) => self.scalar(value, found),
            (Data::List(items), ("[" | "(", _)) => {
                for it in items {
                    self.value(it, inner(found));
                }
                if found.starts_with('(') {
                    self.unique(items);
                }
            }
            (Data::Map(map), ("@", name)) => {
                if let Some(object) = self.schema.object(name) {
                    self.object(value, map, object);
                }
            }
            (Data::Map(map), ("<", _)) => self.names(map, inner(found)),
            (Data::Map(map), ("{", _)) => {
                for entry in map.entries.values() {
                    self.value(&entry.value, inner(found));
                }
            }
            _ => {}
        }
    }

    fn unique(&mut self, items: &[Value]) {
        for (at, item) in items.iter().enumerate() {
            let twice = items[..at].iter().any(|it| it.text() == item.text());
            if twice && items.len() < 2000 {
                let name = item.text().cloned().unwrap_or_default();
                let message = "`{}` is in this list twice";
                self.out.problem(ProblemKind::InvalidValue, item.span, &name, message);
                return;
            }
        }
    }

    fn names(&mut self, map: &Map, item: &'static str) {
        let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
        for (key, entry) in &map.entries {
            if key.is_empty() || !key.chars().all(plain) {
                let message =
                    "`{}` is no name for Compose: letters, digits, `.`, `_` and `-` make one";
                self.out.problem(ProblemKind::InvalidValue, entry.key, key, message);
                continue;
            }
            let service = item == "@service";
            if service {
                self.out.service = Some(key.clone());
            }
            self.value(&entry.value, item);
            if service {
                self.out.service = None;
            }
        }
    }

    fn object(&mut self, value: &Value, map: &Map, object: &Object) {
        for (key, entry) in &map.entries {
            if self.merged && is_some_scalar(&entry.value) {
                continue;
            }
            match object.keys.iter().find(|it| it.name == key) {
                Some(known) => self.value(&entry.value, known.wanted),
                None if object.extensible && key.starts_with("x-") => {}
                None => {
                    self.unknown.push(UnknownKey {
                        owner: object.name,
                        key: Spanned::new(key.clone(), entry.key),
                        entry: entry.first,
                        collection: entry.value.as_scalar().is_none(),
                    });
                    // Compose reads past a key of `include` that it does not know.
                    if object.name != "include" {
                        let message = "Compose knows no key `{}` here";
                        self.out.problem(ProblemKind::UnknownKey, entry.key, key, message);
                    }
                }
            }
        }
        if !self.merged {
            return;
        }
        for key in object.keys.iter().filter(|it| it.required).map(|it| it.name) {
            if map.get(key).is_none() {
                let message = "the key `{}` is missing here";
                self.out.problem(ProblemKind::MissingKey, value.span, key, message);
            }
        }
    }

    fn scalar(&mut self, value: &Value, wanted: &'static str) {
        let Some(scalar) = value.as_scalar() else { return };
        let text = scalar.text.as_str();
        if scalar.kind == Kind::Float && Decimal::parse(text).is_none() {
            self.invalid(value, "a number that Compose can take");
        }
        if let Some((first, last)) = wanted.split_once("..") {
            let least = first.parse().unwrap_or(i64::MIN);
            let most = last.parse().unwrap_or(i64::MAX);
            if scalar.kind == Kind::Str && Decimal::parse(text).is_none() {
                self.invalid(value, "a number");
            } else if scalar.kind == Kind::Int
                && !text.parse().is_ok_and(|it| (least..=most).contains(&it))
            {
                self.invalid(value, &format!("a number from {least} to {most}"));
            }
        } else if let Some(words) = wanted.strip_prefix('=') {
            if !words.split(',').any(|it| it == text) {
                self.invalid(value, &format!("one of `{}`", words.replace(',', "`, `")));
            }
        } else if scalar.kind == Kind::Str {
            let (right, expected) = match wanted {
                "bool" => (word_bool(text).is_some(), "true or false"),
                "int" => (text.parse::<i64>().is_ok(), "a whole number"),
                "number" => (Decimal::parse(text).is_some(), "a number"),
                "pull-policy" => (is_pull_policy(text), "a pull policy that Compose knows"),
                "container-name" => (
                    is_container_name(text),
                    "a name for a container, which takes at least two characters",
                ),
                _ => return,
            };
            if !right {
                self.invalid(value, expected);
            }
        }
    }
}

fn is_some_scalar(value: &Value) -> bool {
    value.as_scalar().is_some_and(|it| it.kind != Kind::Null)
}

/// The words that Compose takes for a boolean.
pub(super) fn word_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "on" => Some(true),
        "n" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

fn is_pull_policy(text: &str) -> bool {
    if is_among("always never build if_not_present missing refresh daily weekly", text) {
        return true;
    }
    let Some(mut rest) = text.strip_prefix("every_") else { return false };
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit = rest[digits..].chars().next();
        if digits == 0 || !unit.is_some_and(|it| "wdhms".contains(it)) {
            return false;
        }
        rest = &rest[digits + 1..];
    }
    text.len() > "every_".len()
}

/// A letter or digit, followed by another sign that names may hold, anywhere in the text.
fn is_container_name(text: &str) -> bool {
    text.as_bytes().windows(2).any(|it| {
        it[0].is_ascii_alphanumeric()
            && (it[1].is_ascii_alphanumeric() || matches!(it[1], b'_' | b'.' | b'-'))
    })
}

/// What a value is called.
fn describe(value: &Value) -> &'static str {
    match shape_of(value) {
        '{' => "a mapping",
        '[' => "a list",
        'n' => "nothing",
        'b' => "true or false",
        's' => "a string",
        _ => "a number",
    }
}
