//! Checks values against the table of keys and types.

pub mod keys;

use crate::model::compose::load::lower::Lowering;
use crate::model::compose::load::value::{Data, Kind, Map, Scalar, Tag, Value};
use crate::model::compose::read::units::bytes;
use crate::model::compose::schema::keys::{Object, SCHEMA, Shape, Type};
use crate::model::compose::{Problem, ProblemKind, UnknownKey};
use crate::syntax::finite;
use crate::text::Spanned;
use rustc_hash::FxHashSet;
use smol_str::SmolStr;

/// Checks the top level of one file against the schema. Another file may still provide what is missing
/// or null here; the result says whether there is anything of that kind for [`check_merged`].
pub(crate) fn check(root: &Value, out: &mut Lowering, unknown: &mut Vec<UnknownKey>) -> bool {
    let mut check = Check { out, unknown, merged: false, lacks: false };
    check.value(root, PROJECT);
    check.lacks
}

/// Checks what only shows after the merge: that required keys are present and no value is null.
pub(crate) fn check_merged(root: &Value, out: &mut Lowering) {
    let unknown = &mut Vec::new();
    let mut own = Lowering::default();
    Check { out: &mut own, unknown, merged: true, lacks: false }.value(root, PROJECT);
    let late =
        |problem: &Problem| matches!(problem.kind, ProblemKind::MissingKey | ProblemKind::Null);
    out.problems.extend(own.problems.into_iter().filter(late));
}

/// The type of the top level.
const PROJECT: &[Type] = &[Type::Object("project")];

struct Check<'c> {
    out: &'c mut Lowering,
    unknown: &'c mut Vec<UnknownKey>,
    /// Whether the files were merged before.
    merged: bool,
    /// Whether anything is null, missing or of the wrong type.
    lacks: bool,
}

impl Check<'_> {
    fn value(&mut self, value: &Value, expected: &[Type]) {
        if value.tag == Tag::Reset {
            return;
        }
        // After the merge only what is null or missing counts.
        if self.merged && is_some_scalar(value) {
            return;
        }
        let shape = Shape::of(value);
        let Some(found) = expected.iter().find(|one| one.accepts(shape)) else {
            self.wrong(value, expected);
            return;
        };
        match (&value.data, found) {
            (Data::Scalar(scalar), _) => self.scalar(value, scalar, found),
            (Data::List(items), Type::List(inner)) => self.items(items, inner),
            (Data::List(items), Type::Set(inner)) => {
                self.items(items, inner);
                self.unique(items);
            }
            (Data::Map(map), Type::Object(name)) => self.object(value, map, SCHEMA.object(name)),
            (Data::Map(map), Type::Named(inner)) => self.named(map, inner),
            (Data::Map(map), Type::Map(inner)) => {
                for (key, entry) in &map.entries {
                    if key == "<<" && matches!(entry.value.data, Data::Map(_) | Data::List(_)) {
                        let message = "`<<` in quotes is a key like any other";
                        self.out.problem(ProblemKind::WrongType, entry.key, key, message);
                    } else {
                        self.value(&entry.value, inner);
                    }
                }
            }
            _ => {}
        }
    }

    /// Checks the items of a list. No other file can give an empty one a value.
    fn items(&mut self, items: &[Value], expected: &[Type]) {
        for item in items {
            if !item.is_null() || expected.iter().any(|one| one.accepts(Shape::Null)) {
                self.value(item, expected);
            } else if !self.merged && item.tag != Tag::Reset {
                let message = "an item of this list is empty";
                self.out.problem(ProblemKind::WrongType, item.span, "", message);
            }
        }
    }

    /// Reports a value whose shape fits none of the expected types.
    fn wrong(&mut self, value: &Value, expected: &[Type]) {
        self.lacks = true;
        let kind = match (value.is_null(), self.merged) {
            (true, true) => ProblemKind::Null,
            (true, false) => return,
            (false, _) => ProblemKind::WrongType,
        };
        let mut types: Vec<&str> = Vec::new();
        for one in expected.iter().filter(|one| **one != Type::Null) {
            if !types.contains(&one.description()) {
                types.push(one.description());
            }
        }
        let found = Shape::of(value).description();
        let message = format!("Compose expects {} here, not {found}", types.join(" or "));
        self.out.problem(kind, value.span, "", message);
    }

    fn invalid(&mut self, value: &Value, expected: &str) {
        let text = value.text().map_or("", SmolStr::as_str);
        let message = format!("`{text}` is not {expected}");
        self.out.problem(ProblemKind::InvalidValue, value.span, text, message);
    }

    fn unique(&mut self, items: &[Value]) {
        let mut seen = FxHashSet::default();
        if let Some(repeated) = items.iter().find(|item| !seen.insert(item.text())) {
            let name = repeated.text().map_or("", SmolStr::as_str);
            let message = format!("`{name}` appears twice in this list");
            self.out.problem(ProblemKind::InvalidValue, repeated.span, name, message);
        }
    }

    /// Checks a mapping whose keys are names.
    fn named(&mut self, map: &Map, item: &[Type]) {
        let plain =
            |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
        let services = item.contains(&Type::Object("service"));
        for (key, entry) in &map.entries {
            if key.is_empty() || !key.chars().all(plain) {
                let message = format!(
                    "`{key}` is not a valid name: Compose allows letters, digits, `.`, `_` and `-`"
                );
                self.out.problem(ProblemKind::InvalidValue, entry.key, key, message);
                continue;
            }
            if services {
                self.out.service = Some(key.clone());
            }
            self.value(&entry.value, item);
            if services {
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
            if let Some(known) = object.keys.get(key.as_str()) {
                self.value(&entry.value, &known.expected);
                continue;
            }
            self.unknown.push(UnknownKey {
                owner: object.name,
                key: Spanned::new(key.clone(), entry.key),
                entry: entry.first,
                collection: entry.value.as_scalar().is_none(),
            });
            // Compose ignores unknown keys of `include`.
            if object.name != "include" {
                let message = format!("Compose does not know the key `{key}` here");
                self.out.problem(ProblemKind::UnknownKey, entry.key, key, message);
            }
        }
        for (key, known) in &object.keys {
            if known.required && !map.entries.contains_key(*key) {
                self.lacks = true;
                if self.merged {
                    let message = format!("the key `{key}` is missing here");
                    self.out.problem(ProblemKind::MissingKey, value.span, key, message);
                }
            }
        }
    }

    fn scalar(&mut self, value: &Value, scalar: &Scalar, expected: &Type) {
        let text = scalar.text.as_str();
        let string = scalar.kind == Kind::Str;
        if scalar.kind == Kind::Float && finite(text).is_none() {
            self.invalid(value, "a number that Compose accepts");
        }
        match expected {
            Type::Range(range) => {
                if string && finite(text).is_none() {
                    self.invalid(value, "a number");
                }
                let outside = || text.parse().map_or(true, |number| !range.contains(&number));
                if scalar.kind == Kind::Int && outside() {
                    let (least, most) = (range.start(), range.end());
                    self.invalid(value, &format!("a number from {least} to {most}"));
                }
            }
            Type::OneOf(words) if !words.contains(&text) => {
                self.invalid(value, &format!("one of `{}`", words.join("`, `")));
            }
            Type::Bool if string && word_bool(text).is_none() => {
                self.invalid(value, "true or false");
            }
            Type::Int if string && text.parse::<i64>().is_err() => {
                self.invalid(value, "an integer");
            }
            Type::Count if text.trim_start_matches('+').parse::<u64>().is_err() => {
                self.invalid(value, "an integer that is not negative");
            }
            Type::AtLeast(least) if text.parse::<i64>().is_ok_and(|number| number < *least) => {
                self.invalid(value, &format!("a number of at least {least}"));
            }
            Type::Number if string && finite(text).is_none() => self.invalid(value, "a number"),
            Type::NonNegative if string && text.parse::<u64>().is_err() => {
                self.invalid(value, "an integer that is not negative");
            }
            Type::NonNegative if finite(text).is_some_and(|number| number < 0.0) => {
                self.invalid(value, "a number that is not negative");
            }
            Type::Size if bytes(text).is_none() => {
                self.invalid(value, "a size, as `512m` or `1.5g`");
            }
            Type::Octal if i64::from_str_radix(text, 8).is_err() => {
                self.invalid(value, "a mode in octal digits, as `0440`");
            }
            Type::AllOrInt if text != "all" && text.parse::<i64>().is_err() => {
                self.invalid(value, "`all` or a number");
            }
            Type::Assignment if !text.contains('=') => {
                self.invalid(value, "of the form `name=value`");
            }
            Type::SshKey if text != "default" && !text.contains('=') => {
                self.invalid(value, "`default` or of the form `name=path`");
            }
            Type::PullPolicy if !is_pull_policy(text) => {
                self.invalid(value, "a pull policy that Compose knows");
            }
            Type::ContainerName if !is_container_name(text) => {
                self.invalid(value, "a container name, which has at least two characters");
            }
            _ => {}
        }
    }
}

fn is_some_scalar(value: &Value) -> bool {
    value.as_scalar().is_some_and(|scalar| scalar.kind != Kind::Null)
}

/// Returns the boolean that Compose takes a word for.
pub(crate) fn word_bool(text: &str) -> Option<bool> {
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    if ["y", "yes", "true", "on"].iter().any(is) {
        return Some(true);
    }
    ["n", "no", "false", "off"].iter().any(is).then_some(false)
}

fn is_pull_policy(text: &str) -> bool {
    const POLICIES: [&str; 8] =
        ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
    if POLICIES.contains(&text) {
        return true;
    }
    let Some(mut rest) = text.strip_prefix("every_") else { return false };
    // One or more periods, as `1d12h`.
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Some(after) = rest[digits..].strip_prefix(['w', 'd', 'h', 'm', 's']) else {
            return false;
        };
        if digits == 0 || after.is_empty() {
            return digits > 0;
        }
        rest = after;
    }
}

/// Whether the text contains a letter or digit followed by another character of a name. Compose does
/// not look at the text as a whole.
fn is_container_name(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| {
        pair[0].is_ascii_alphanumeric()
            && (pair[1].is_ascii_alphanumeric() || matches!(pair[1], b'_' | b'.' | b'-'))
    })
}
