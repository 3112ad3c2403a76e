//! The table of the keys that Compose knows and the types of their values, read from `keys.txt`.

use crate::model::compose::load::value::{Data, Kind, Value};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::ops::RangeInclusive;
use std::sync::LazyLock;

/// The table, parsed once.
pub(crate) static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::parse(include_str!("keys.txt")));

/// All objects by their names.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    objects: FxHashMap<&'static str, Object>,
}

/// A mapping with known keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub name: &'static str,
    pub keys: IndexMap<&'static str, Known, FxBuildHasher>,
    /// Whether keys that begin with `x-` are allowed.
    pub extensible: bool,
}

/// A key of an object.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub expected: Alternatives,
    pub required: bool,
}

/// The types of which a value must have one.
pub(crate) type Alternatives = Vec<Type>;

/// The type of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// `str`
    Str,
    /// `bool`: a boolean, or a string that Compose takes for one.
    Bool,
    /// `plain-bool`: a boolean.
    PlainBool,
    /// `int`: an integer, or a string that is one.
    Int,
    /// `plain-int`: an integer.
    PlainInt,
    /// `count`: an integer that is not negative, or a string that is one.
    Count,
    /// `0...`: an integer from a number on.
    AtLeast(i64),
    /// `number`: a number, or a string that is one.
    Number,
    /// `non-negative`: a number that is not negative, or a string that is an integer.
    NonNegative,
    /// `plain-float`: a number that is not an integer.
    PlainFloat,
    /// `size`: a string that is a size, as `512m`.
    Size,
    /// `octal`: a string of octal digits.
    Octal,
    /// `all-or-int`: `all`, or a string that is an integer.
    AllOrInt,
    /// `assignment`: a string with a `=`.
    Assignment,
    /// `ssh-key`: `default`, or a string with a `=`.
    SshKey,
    /// `plain-number`: a number.
    PlainNumber,
    /// `loose`: a number or any string.
    NumberOrStr,
    /// `option`: a number, any string or null.
    DriverOption,
    /// `scalar`: any value but a list or a mapping.
    Scalar,
    /// `null`
    Null,
    /// `any`
    Any,
    /// `pull-policy`: a string that is a pull policy.
    PullPolicy,
    /// `container-name`: a string that Compose accepts as the name of a container.
    ContainerName,
    /// `=a,b`
    OneOf(Vec<&'static str>),
    /// `0..100`
    Range(RangeInclusive<i64>),
    /// `[type]`
    List(Alternatives),
    /// `(type)`
    Set(Alternatives),
    /// `{type}`
    Map(Alternatives),
    /// `<type>`
    Named(Alternatives),
    /// `@name`
    Object(&'static str),
}

/// The shape of a value: what its YAML node says without a look at the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Null,
    Bool,
    Int,
    Float,
    Str,
    List,
    Map,
}

impl Shape {
    pub fn of(value: &Value) -> Shape {
        match &value.data {
            Data::Map(_) => Shape::Map,
            Data::List(_) => Shape::List,
            Data::Scalar(scalar) => match scalar.kind {
                Kind::Null => Shape::Null,
                Kind::Bool => Shape::Bool,
                Kind::Int => Shape::Int,
                Kind::Float => Shape::Float,
                Kind::Str => Shape::Str,
            },
        }
    }

    /// Returns the words for a value of this shape in a message.
    pub fn description(self) -> &'static str {
        match self {
            Shape::Null => "an empty value",
            Shape::Bool => "true or false",
            Shape::Int | Shape::Float => "a number",
            Shape::Str => "a string",
            Shape::List => "a list",
            Shape::Map => "a mapping",
        }
    }
}

impl Type {
    /// Whether a value of this shape may have the type.
    pub fn accepts(&self, shape: Shape) -> bool {
        match self {
            Type::Str
            | Type::PullPolicy
            | Type::ContainerName
            | Type::OneOf(_)
            | Type::Size
            | Type::Octal
            | Type::AllOrInt
            | Type::Assignment
            | Type::SshKey => shape == Shape::Str,
            Type::Bool => matches!(shape, Shape::Bool | Shape::Str),
            Type::PlainBool => shape == Shape::Bool,
            Type::Int | Type::Count | Type::Range(_) => matches!(shape, Shape::Int | Shape::Str),
            Type::PlainInt | Type::AtLeast(_) => shape == Shape::Int,
            Type::PlainFloat => shape == Shape::Float,
            Type::Number | Type::NonNegative | Type::NumberOrStr => {
                matches!(shape, Shape::Int | Shape::Float | Shape::Str)
            }
            Type::PlainNumber => matches!(shape, Shape::Int | Shape::Float),
            Type::DriverOption => {
                matches!(shape, Shape::Int | Shape::Float | Shape::Str | Shape::Null)
            }
            Type::Scalar => !matches!(shape, Shape::List | Shape::Map),
            Type::Null => shape == Shape::Null,
            Type::Any => true,
            Type::List(_) | Type::Set(_) => shape == Shape::List,
            Type::Map(_) | Type::Named(_) | Type::Object(_) => shape == Shape::Map,
        }
    }

    /// Returns the words for the type in a message.
    pub fn description(&self) -> &'static str {
        match self {
            Type::Str | Type::PullPolicy | Type::ContainerName | Type::OneOf(_) => "a string",
            Type::Assignment | Type::SshKey | Type::AllOrInt => "a string",
            Type::Size => "a size",
            Type::Octal => "octal digits",
            Type::Bool | Type::PlainBool => "true or false",
            Type::Int | Type::Count | Type::PlainInt | Type::AtLeast(_) | Type::Range(_) => {
                "an integer"
            }
            Type::Number | Type::NonNegative | Type::PlainNumber | Type::PlainFloat => "a number",
            Type::NumberOrStr | Type::DriverOption => "a number or a string",
            Type::Scalar => "a single value",
            Type::Null => "null",
            Type::Any => "any value",
            Type::List(_) | Type::Set(_) => "a list",
            Type::Map(_) | Type::Named(_) | Type::Object(_) => "a mapping",
        }
    }

    fn parse(text: &'static str) -> Type {
        let inner = |close| text[1..].strip_suffix(close).map(parse_alternatives);
        match text {
            "str" => Type::Str,
            "bool" => Type::Bool,
            "plain-bool" => Type::PlainBool,
            "int" => Type::Int,
            "plain-int" => Type::PlainInt,
            "count" => Type::Count,
            "number" => Type::Number,
            "non-negative" => Type::NonNegative,
            "plain-float" => Type::PlainFloat,
            "size" => Type::Size,
            "octal" => Type::Octal,
            "all-or-int" => Type::AllOrInt,
            "assignment" => Type::Assignment,
            "ssh-key" => Type::SshKey,
            "plain-number" => Type::PlainNumber,
            "loose" => Type::NumberOrStr,
            "option" => Type::DriverOption,
            "scalar" => Type::Scalar,
            "null" => Type::Null,
            "any" => Type::Any,
            "pull-policy" => Type::PullPolicy,
            "container-name" => Type::ContainerName,
            _ => {
                let found = match text.as_bytes().first() {
                    Some(b'=') => Some(Type::OneOf(text[1..].split(',').collect())),
                    Some(b'@') => Some(Type::Object(&text[1..])),
                    Some(b'[') => inner(']').map(Type::List),
                    Some(b'(') => inner(')').map(Type::Set),
                    Some(b'{') => inner('}').map(Type::Map),
                    Some(b'<') => inner('>').map(Type::Named),
                    _ => match text.strip_suffix("...") {
                        Some(least) => least.parse().ok().map(Type::AtLeast),
                        None => parse_range(text).map(Type::Range),
                    },
                };
                found.expect("internal error: keys.txt holds a type that is not known")
            }
        }
    }
}

/// Parses `0..100` and `0..`.
fn parse_range(text: &str) -> Option<RangeInclusive<i64>> {
    let (least, most) = text.split_once("..")?;
    let most = if most.is_empty() { i64::MAX } else { most.parse().ok()? };
    Some(least.parse().ok()?..=most)
}

/// Parses types with `|` between them; a `|` inside of brackets belongs to an inner type.
fn parse_alternatives(text: &'static str) -> Alternatives {
    let mut depth = 0;
    let outer = text.split(|letter: char| {
        match letter {
            '[' | '(' | '{' | '<' => depth += 1,
            ']' | ')' | '}' | '>' => depth -= 1,
            _ => {}
        }
        letter == '|' && depth == 0
    });
    outer.map(|part| Type::parse(part.trim())).collect()
}

impl Schema {
    fn parse(table: &'static str) -> Schema {
        let mut schema = Schema::default();
        for block in table.split("\n\n") {
            let mut lines = block.lines().filter(|line| !line.starts_with('#'));
            let Some(name) = lines.next() else { continue };
            let mut object = Object { name, ..Object::default() };
            for line in lines.map(str::trim_start) {
                if line == "x-*" {
                    object.extensible = true;
                } else if let Some(other) = line.strip_prefix("+ ") {
                    for (name, known) in &schema.object(other).keys {
                        object.keys.entry(name).or_insert_with(|| known.clone());
                    }
                } else if let Some((name, expected)) = line.split_once(": ") {
                    let required = name.ends_with('!');
                    let known = Known { expected: parse_alternatives(expected), required };
                    object.keys.insert(name.trim_end_matches('!'), known);
                }
            }
            schema.objects.insert(name, object);
        }
        schema
    }

    /// Returns the object with a name that the table uses.
    pub fn object(&self, name: &str) -> &Object {
        self.objects.get(name).expect("internal error: keys.txt names an object that it lacks")
    }
}

/// Returns the keys that Compose knows in a mapping; `owner` is one of
/// [`UnknownKey::owner`](crate::model::compose::UnknownKey). Empty for any other name.
pub fn known_keys(owner: &str) -> Vec<&'static str> {
    let object = SCHEMA.objects.get(owner);
    object.map(|object| object.keys.keys().copied().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that every object that a type names exists.
    fn follow(expected: &[Type]) {
        for one in expected {
            match one {
                Type::List(inner) | Type::Set(inner) | Type::Map(inner) | Type::Named(inner) => {
                    follow(inner);
                }
                Type::Object(name) => assert!(!SCHEMA.object(name).keys.is_empty(), "{name}"),
                _ => {}
            }
        }
    }

    #[test]
    fn every_line_of_the_table_is_read() {
        let lines = include_str!("keys.txt").lines();
        let keys = lines.filter(|line| line.starts_with("  ") && line.contains(": ")).count();
        let plain = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
        let objects = || SCHEMA.objects.values();
        for (name, known) in objects().flat_map(|object| &object.keys) {
            assert!(name.bytes().all(plain), "{name}");
            follow(&known.expected);
        }
        let count = |name: &str| known_keys(name).len();
        let shared = [("service", "workload"), ("service", "container"), ("job", "workload")];
        let shared = shared.into_iter().chain([("job", "container"), ("pre_start", "container")]);
        let all: usize = objects().map(|object| object.keys.len()).sum();
        assert_eq!(all, keys + shared.map(|(_, part)| count(part)).sum::<usize>());
        assert_eq!(objects().filter(|object| !object.extensible).count(), 8);
    }

    #[test]
    fn types_are_parsed_from_the_inside_out() {
        let range = Type::Range(0..=i64::MAX);
        assert_eq!(parse_alternatives("null | 0.."), [Type::Null, range]);
        let inner = vec![Type::Str, Type::Object("mount")];
        assert_eq!(parse_alternatives("[str | @mount]"), [Type::List(inner)]);
        assert_eq!(parse_alternatives("=a,b"), [Type::OneOf(vec!["a", "b"])]);
    }
}
