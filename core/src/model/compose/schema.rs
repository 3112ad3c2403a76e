//! Checks values against the table of keys and types.

use super::keys::PROJECT;
use super::lower::Lowering;
use super::value::{Data, Kind, Map, Tag, Value};
use super::{ProblemKind, UnknownKey};
use crate::decimal::Decimal;
use crate::text::{Span, Spanned};
use smol_str::SmolStr;

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Any,
    Str,
    /// A boolean or a word for one.
    Bool,
    /// A boolean and no word.
    PureBool,
    /// A whole number or a string that is one.
    Int,
    /// A whole number of this range or a string that is one.
    Between(i64, i64),
    /// A whole number and no string.
    PureInt,
    /// A number and no string.
    PureNumber,
    /// A number or a string that is one.
    Number,
    /// A number or any string.
    Loose,
    /// A string, a number, a boolean or nothing.
    Scalar,
    /// A string or a number or nothing.
    Option,
    Null,
    Enum(&'static [&'static str]),
    PullPolicy,
    /// Two characters at least, the first one a letter or a digit.
    ContainerName,
    List(&'static Type),
    /// A list in which nothing may stand twice.
    Unique(&'static Type),
    /// Any keys.
    Map(&'static Type),
    /// Keys of letters, digits, `.`, `_` and `-`.
    Names(&'static Type),
    Object(&'static Object),
    /// The first one that has the value's shape.
    Either(&'static [Type]),
}

/// A mapping with known keys.
#[derive(Debug)]
pub(super) struct Object {
    pub name: &'static str,
    pub keys: &'static [(&'static str, Type)],
    pub more: &'static [&'static [(&'static str, Type)]],
    pub required: &'static [&'static str],
    /// `x-` keys may stand here.
    pub extensions: bool,
}

impl Object {
    /// The type of a key, its own or one that it shares with others.
    fn find(&self, key: &str) -> Option<Type> {
        let own = self.keys.iter().chain(self.more.iter().copied().flatten());
        own.into_iter().find(|it| it.0 == key).map(|it| it.1)
    }
}

/// Checks the top level of one file against the schema. What is missing or null may still come from
/// another file; [`check_merged`] looks at that.
pub(super) fn check(root: &Value, out: &mut Lowering, unknown: &mut Vec<UnknownKey>) {
    Check { out, unknown, merged: false, service: None }.value(root, Type::Object(&PROJECT));
}

/// Checks what only shows after the merge: that what must be there is there, and nothing is null.
pub(super) fn check_merged(root: &Value, out: &mut Lowering) {
    let unknown = &mut Vec::new();
    let mut own = Lowering::default();
    Check { out: &mut own, unknown, merged: true, service: None }
        .value(root, Type::Object(&PROJECT));
    let late =
        |it: &super::Problem| it.kind == ProblemKind::MissingKey || it.kind == ProblemKind::Null;
    out.problems.extend(own.problems.into_iter().filter(late));
}

struct Check<'c> {
    out: &'c mut Lowering,
    unknown: &'c mut Vec<UnknownKey>,
    merged: bool,
    service: Option<SmolStr>,
}

impl Check<'_> {
    fn problem(&mut self, kind: ProblemKind, span: Span, name: &str, message: String) {
        self.out.problem(kind, span, name, message);
        if let Some(last) = self.out.problems.last_mut() {
            last.service.clone_from(&self.service);
        }
    }

    fn wrong(&mut self, value: &Value, expected: &str) {
        let message = format!("Compose wants {expected} here, not {}", describe(value));
        let kind = match (value.is_null(), self.merged) {
            (true, true) => ProblemKind::Null,
            (true, false) => return,
            _ => ProblemKind::WrongType,
        };
        self.problem(kind, value.span, "", message);
    }

    fn invalid(&mut self, value: &Value, expected: &str) {
        let text = value.text().map_or("", SmolStr::as_str);
        let message = format!("`{text}` is not {expected}");
        let name = text.to_owned();
        self.problem(ProblemKind::InvalidValue, value.span, &name, message);
    }

    fn value(&mut self, value: &Value, wanted: Type) {
        if value.tag == Tag::Reset {
            return;
        }
        // After the merge only what is null or missing counts.
        if self.merged && is_some_scalar(value) {
            return;
        }
        match wanted {
            Type::Either(types) => match types.iter().find(|it| has_shape(value, **it)) {
                Some(found) => self.value(value, *found),
                None => self.wrong(value, &expected(wanted)),
            },
            Type::List(item) | Type::Unique(item) => match &value.data {
                Data::List(items) => {
                    for it in items {
                        self.value(it, *item);
                    }
                    if matches!(wanted, Type::Unique(_)) {
                        self.unique(items);
                    }
                }
                _ => self.wrong(value, &expected(wanted)),
            },
            Type::Map(item) => match &value.data {
                Data::Map(map) => {
                    for entry in map.entries.values() {
                        self.value(&entry.value, *item);
                    }
                }
                _ => self.wrong(value, &expected(wanted)),
            },
            Type::Names(item) => match &value.data {
                Data::Map(map) => self.names(map, *item),
                _ => self.wrong(value, &expected(wanted)),
            },
            Type::Object(object) => match &value.data {
                Data::Map(map) => self.object(value, map, object),
                _ => self.wrong(value, &expected(wanted)),
            },
            _ if !has_shape(value, wanted) => self.wrong(value, &expected(wanted)),
            _ => self.scalar(value, wanted),
        }
    }

    fn unique(&mut self, items: &[Value]) {
        for (at, item) in items.iter().enumerate() {
            let twice = items[..at].iter().any(|it| it.text() == item.text());
            if twice && items.len() < 2000 {
                let name = item.text().cloned().unwrap_or_default();
                let message = format!("`{name}` is in this list twice");
                self.problem(ProblemKind::InvalidValue, item.span, &name, message);
                return;
            }
        }
    }

    fn names(&mut self, map: &Map, item: Type) {
        let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
        for (key, entry) in &map.entries {
            if key.is_empty() || !key.chars().all(plain) {
                let message = format!(
                    "`{key}` is no name for Compose: letters, digits, `.`, `_` and `-` make one"
                );
                self.problem(ProblemKind::InvalidValue, entry.key, key, message);
                continue;
            }
            let service = matches!(item, Type::Object(it) if it.name == "service");
            if service {
                self.service = Some(key.clone());
            }
            self.value(&entry.value, item);
            if service {
                self.service = None;
            }
        }
    }

    fn object(&mut self, value: &Value, map: &Map, object: &'static Object) {
        for (key, entry) in &map.entries {
            if self.merged && is_some_scalar(&entry.value) {
                continue;
            }
            match object.find(key) {
                Some(wanted) => self.value(&entry.value, wanted),
                None if object.extensions && key.starts_with("x-") => {}
                None => {
                    self.unknown.push(UnknownKey {
                        owner: object.name,
                        key: Spanned::new(key.clone(), entry.key),
                        entry: entry.first,
                        collection: entry.value.as_scalar().is_none(),
                    });
                    // Compose reads past a key of `include` that it does not know.
                    if object.name != "include" {
                        let message = format!("Compose knows no key `{key}` here");
                        self.problem(ProblemKind::UnknownKey, entry.key, key, message);
                    }
                }
            }
        }
        if !self.merged {
            return;
        }
        for key in object.required {
            if map.get(key).is_none() {
                let message = format!("the key `{key}` is missing here");
                self.problem(ProblemKind::MissingKey, value.span, key, message);
            }
        }
    }

    fn scalar(&mut self, value: &Value, wanted: Type) {
        let Some(scalar) = value.as_scalar() else { return };
        let text = scalar.text.as_str();
        match wanted {
            Type::Bool if scalar.kind == Kind::Str && word_bool(text).is_none() => {
                self.invalid(value, "true or false");
            }
            Type::Between(first, last)
                if scalar.kind == Kind::Int
                    && !text.parse::<i64>().is_ok_and(|it| (first..=last).contains(&it)) =>
            {
                self.invalid(value, &format!("a number from {first} to {last}"));
            }
            Type::Between(..) if scalar.kind == Kind::Str && Decimal::parse(text).is_none() => {
                self.invalid(value, "a number");
            }
            _ if scalar.kind == Kind::Float && Decimal::parse(text).is_none() => {
                self.invalid(value, "a number that Compose can take");
            }
            Type::Int if scalar.kind == Kind::Str && text.parse::<i64>().is_err() => {
                self.invalid(value, "a whole number");
            }
            Type::Number if scalar.kind == Kind::Str && Decimal::parse(text).is_none() => {
                self.invalid(value, "a number");
            }
            Type::Enum(words) if !words.contains(&text) => {
                let list: Vec<String> = words.iter().map(|it| format!("`{it}`")).collect();
                self.invalid(value, &format!("one of {}", list.join(", ")));
            }
            Type::PullPolicy if !is_pull_policy(text) => {
                self.invalid(value, "a pull policy that Compose knows");
            }
            Type::ContainerName if !is_container_name(text) => {
                self.invalid(value, "a name for a container, which takes at least two characters");
            }
            _ => {}
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
    let known =
        ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
    if known.contains(&text) {
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

/// Whether a value has the outer shape of a type.
fn has_shape(value: &Value, wanted: Type) -> bool {
    let kind = value.as_scalar().map(|it| it.kind);
    match wanted {
        Type::Any => true,
        Type::Str | Type::Enum(_) | Type::PullPolicy | Type::ContainerName => {
            kind == Some(Kind::Str)
        }
        Type::Bool => matches!(kind, Some(Kind::Bool | Kind::Str)),
        Type::PureBool => kind == Some(Kind::Bool),
        Type::Int | Type::Between(..) => matches!(kind, Some(Kind::Int | Kind::Str)),
        Type::PureInt => kind == Some(Kind::Int),
        Type::PureNumber => matches!(kind, Some(Kind::Int | Kind::Float)),
        Type::Number | Type::Loose => matches!(kind, Some(Kind::Int | Kind::Float | Kind::Str)),
        Type::Scalar => kind.is_some(),
        Type::Option => matches!(kind, Some(Kind::Int | Kind::Float | Kind::Str | Kind::Null)),
        Type::Null => kind == Some(Kind::Null),
        Type::List(_) | Type::Unique(_) => value.as_list().is_some(),
        Type::Map(_) | Type::Names(_) | Type::Object(_) => value.as_map().is_some(),
        Type::Either(types) => types.iter().any(|it| has_shape(value, *it)),
    }
}

fn expected(wanted: Type) -> String {
    match wanted {
        Type::Any => "anything".to_owned(),
        Type::Str | Type::Enum(_) | Type::PullPolicy | Type::ContainerName => "a string".to_owned(),
        Type::Bool | Type::PureBool => "true or false".to_owned(),
        Type::Int | Type::PureInt | Type::Between(..) => "a whole number".to_owned(),
        Type::Number | Type::PureNumber => "a number".to_owned(),
        Type::Loose | Type::Option => "a number or a string".to_owned(),
        Type::Scalar => "a plain value".to_owned(),
        Type::Null => "nothing".to_owned(),
        Type::List(_) | Type::Unique(_) => "a list".to_owned(),
        Type::Map(_) | Type::Names(_) | Type::Object(_) => "a mapping".to_owned(),
        Type::Either(types) => {
            let mut names: Vec<String> = types.iter().map(|it| expected(*it)).collect();
            names.retain(|it| it != "nothing");
            names.join(" or ")
        }
    }
}

fn describe(value: &Value) -> &'static str {
    match &value.data {
        Data::Map(_) => "a mapping",
        Data::List(_) => "a list",
        Data::Scalar(it) => match it.kind {
            Kind::Null => "nothing",
            Kind::Bool => "true or false",
            Kind::Int | Kind::Float => "a number",
            Kind::Str => "a string",
        },
    }
}
