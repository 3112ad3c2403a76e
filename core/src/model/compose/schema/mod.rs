//! Checks values against the table of keys and types.

pub mod keys;

use crate::decimal::Decimal;
use crate::model::compose::load::lower::Lowering;
use crate::model::compose::load::value::{Data, Kind, Map, Tag, Value};
use crate::model::compose::schema::keys::{Object, Schema};
use crate::model::compose::{ProblemKind, UnknownKey};
use crate::text::Spanned;
use crate::words::{is_among, is_among_in_any_case};
use smol_str::SmolStr;

/// What the types that are words are called.
///
/// `bool` takes words for a boolean too, as `int` and `number` take strings that are one; those with
/// `plain-` do not. `loose` takes any string.
const WORDS: &str = "\
str a string
bool true or false
plain-bool true or false
int a whole number
plain-int a whole number
number a number
plain-number a number
loose a number or a string
option a number or a string
scalar a plain value
null nothing
any anything
pull-policy a string
container-name a string";

/// The shape of a value: one letter for each kind of scalar, a bracket for a list and a mapping.
fn shape_of(value: &Value) -> u8 {
    match &value.data {
        Data::Map(_) => b'{',
        Data::List(_) => b'[',
        Data::Scalar(it) => match it.kind {
            Kind::Null => b'n',
            Kind::Bool => b'b',
            Kind::Int => b'i',
            Kind::Float => b'f',
            Kind::Str => b's',
        },
    }
}

/// The shapes of value that a type without alternatives takes, as [`shape_of`] names them.
fn shapes(wanted: &str) -> &'static [u8] {
    match wanted.as_bytes() {
        [b'[' | b'(', ..] => b"[",
        [b'{' | b'<' | b'@', ..] => b"{",
        [b'=', ..] | b"str" | b"pull-policy" | b"container-name" => b"s",
        [b'-' | b'0'..=b'9', ..] | b"int" => b"is",
        b"bool" => b"bs",
        b"plain-bool" => b"b",
        b"plain-int" => b"i",
        b"number" | b"loose" => b"ifs",
        b"plain-number" => b"if",
        b"option" => b"ifsn",
        b"scalar" => b"bifsn",
        b"null" => b"n",
        _ => b"bifsn[{",
    }
}

/// What a type without alternatives is called.
pub(crate) fn called(wanted: &str) -> &'static str {
    match wanted.as_bytes().first() {
        Some(b'[' | b'(') => "a list",
        Some(b'{' | b'<' | b'@') => "a mapping",
        Some(b'=') => "a string",
        Some(b'-' | b'0'..=b'9') => "a whole number",
        _ => {
            let found = WORDS.lines().find_map(|it| it.strip_prefix(wanted)?.strip_prefix(' '));
            found.unwrap_or_default()
        }
    }
}

/// The alternatives of a type; brackets hold together what is inside. By hand, since this is asked of
/// every value.
pub(crate) fn alternatives(wanted: &'static str) -> impl Iterator<Item = &'static str> {
    let mut rest = Some(wanted);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut depth = 0;
        let end = text.bytes().position(|it| {
            match it {
                b'[' | b'(' | b'{' | b'<' => depth += 1,
                b']' | b')' | b'}' | b'>' => depth -= 1,
                _ => {}
            }
            it == b'|' && depth == 0
        });
        let (one, more) = text.split_at(end.unwrap_or(text.len()));
        rest = more.get(1..);
        Some(one)
    })
}

/// What stands between the brackets of a type.
pub(crate) fn inner(wanted: &'static str) -> &'static str {
    wanted.get(1..wanted.len() - 1).unwrap_or_default()
}

/// Checks the top level of one file against the schema. What is missing or null may still come from
/// another file; the answer is whether there is anything of that kind for [`check_merged`].
pub(crate) fn check(
    schema: &Schema,
    root: &Value,
    out: &mut Lowering,
    unknown: &mut Vec<UnknownKey>,
) -> bool {
    let mut check = Check { schema, out, unknown, merged: false, lacks: false };
    check.value(root, "@project");
    check.lacks
}

/// Checks what only shows after the merge: that what must be there is there, and nothing is null.
pub(crate) fn check_merged(schema: &Schema, root: &Value, out: &mut Lowering) {
    let unknown = &mut Vec::new();
    let mut own = Lowering::default();
    Check { schema, out: &mut own, unknown, merged: true, lacks: false }.value(root, "@project");
    let late = |it: &crate::model::compose::Problem| {
        it.kind == ProblemKind::MissingKey || it.kind == ProblemKind::Null
    };
    out.problems.extend(own.problems.into_iter().filter(late));
}

struct Check<'c> {
    schema: &'c Schema,
    out: &'c mut Lowering,
    unknown: &'c mut Vec<UnknownKey>,
    merged: bool,
    /// Something is null, missing or of the wrong type.
    lacks: bool,
}

impl Check<'_> {
    fn wrong(&mut self, value: &Value, wanted: &'static str) {
        self.lacks = true;
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
            expected.push_str(called(it));
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
        // A string where any will do, as most values are.
        if here == b's' && (matches!(wanted, "str" | "scalar") || wanted.starts_with("str|")) {
            return;
        }
        let fits = |it: &&str| shapes(it).contains(&here);
        let found = match wanted.as_bytes().contains(&b'|') {
            true => alternatives(wanted).find(fits),
            false => Some(wanted).filter(fits),
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
            if object.extensible && key.starts_with("x-") {
                continue;
            }
            match self.schema.key(object, key) {
                Some(known) => self.value(&entry.value, known.wanted),
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
        if !object.requires {
            return;
        }
        for key in object.keys.iter().filter(|it| it.required).map(|it| it.name) {
            if map.get(key).is_some() {
                continue;
            }
            self.lacks = true;
            if self.merged {
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
        let range = matches!(wanted.as_bytes().first(), Some(b'-' | b'0'..=b'9'));
        if range && let Some((first, last)) = wanted.split_once("..") {
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
pub(crate) fn word_bool(text: &str) -> Option<bool> {
    if is_among_in_any_case("Y YES TRUE ON", text) {
        return Some(true);
    }
    is_among_in_any_case("N NO FALSE OFF", text).then_some(false)
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
        b'{' => "a mapping",
        b'[' => "a list",
        b'n' => "nothing",
        b'b' => "true or false",
        b's' => "a string",
        _ => "a number",
    }
}
