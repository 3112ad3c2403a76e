//! Turns the merged tree into the structs of the model. This file holds what all its readers share.

pub mod command_line;
pub mod parts;
pub mod project;
pub mod service;
pub mod units;

use crate::model::Str;
use crate::model::compose::load::Files;
use crate::model::compose::load::lower::{Environment, Lowering};
use crate::model::compose::load::value::{Data, Kind, Map, Scalar, Value};
use crate::model::compose::schema::word_bool;
use crate::model::compose::{
    Command, EnvSource, EnvVar, FileReference, Key, KeyValue, ProblemKind,
};
use crate::syntax::finite;
use crate::text::{FileId, Span, Spanned, join_path};
use smol_str::SmolStr;
use std::ops::Range;
use std::time::Duration;

/// Reads the values of one project. Their types were checked before: a wrong one is ignored here.
pub(crate) struct Read<'r> {
    pub out: &'r mut Lowering,
    pub files: &'r Files<'r>,
    pub environment: &'r Environment,
    pub folder: &'r str,
}

impl Read<'_> {
    /// Returns the file at a path relative to the project's folder.
    pub fn file(&self, path: &str) -> Option<FileId> {
        Some(self.files.find(&join_path(self.folder, path))?.1.id)
    }

    pub fn duration(&mut self, value: Option<&Value>) -> Option<Spanned<Duration>> {
        let value = value?;
        let text = value.text()?;
        let found = units::duration(text);
        if found.is_none() && value.as_scalar().is_some_and(|scalar| scalar.kind == Kind::Str) {
            let message = format!("`{text}` is not a duration, as `30s` or `1m30s`");
            self.out.problem(ProblemKind::InvalidDuration, value.span, text, message);
        }
        found.map(|duration| Spanned::new(duration, value.span))
    }

    pub fn size(&mut self, value: Option<&Value>) -> Option<Spanned<i64>> {
        let value = value?;
        let text = value.text()?;
        let found = units::bytes(text);
        if found.is_none() {
            let message = format!("`{text}` is not a size, as `512m` or `1.5g`");
            self.out.problem(ProblemKind::InvalidSize, value.span, text, message);
        }
        found.map(|bytes| Spanned::new(bytes, value.span))
    }

    /// Reads a number; the schema accepts any string in its place, so that the text is checked here.
    pub fn loose_float(&mut self, value: Option<&Value>) -> Option<Spanned<f64>> {
        let found = float(value);
        if let Some(value) = value
            && let Some(text) = value.text()
            && found.is_none()
        {
            let message = format!("`{text}` is not a number");
            self.out.problem(ProblemKind::InvalidValue, value.span, text, message);
        }
        found
    }

    pub fn command(&mut self, value: Option<&Value>) -> Option<Command> {
        let value = value?;
        let span = value.span;
        match &value.data {
            Data::List(items) => {
                let words = items.iter().filter_map(str_of).collect();
                Some(Command { words, span, ..Command::default() })
            }
            Data::Scalar(scalar) if scalar.kind != Kind::Null => self.shell_command(span, scalar),
            Data::Scalar(_) | Data::Map(_) => None,
        }
    }

    /// Reads a command that is written as one string.
    fn shell_command(&mut self, span: Span, scalar: &Scalar) -> Option<Command> {
        let text = &scalar.text;
        let Some(split) = command_line::split(text) else {
            let message = "Compose cannot split this command into words: a quote or bracket is not closed, or there is an unquoted `(`";
            self.out.problem(ProblemKind::InvalidValue, span, text, message);
            return None;
        };
        let plain = scalar.raw.is_none();
        let part = |range: Range<usize>| {
            if plain { scalar.part(span, range.start, range.end) } else { span }
        };
        let words = split.words.into_iter().map(|(word, range)| Spanned::new(word, part(range)));
        let dropped = |at: usize| Spanned::new(SmolStr::new(&text[at..]), part(at..text.len()));
        Some(Command {
            words: words.collect(),
            shell_form: true,
            text: Some(Spanned::new(text.clone(), span)),
            dropped: split.cut.map(dropped),
            span,
        })
    }

    /// Reads the `environment` of a service or hook. A variable without a value takes that of the
    /// project.
    pub fn environment(&self, value: Option<&Value>) -> Vec<EnvVar> {
        let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
        let mut all = Vec::with_capacity(map.entries.len());
        for (name, entry) in &map.entries {
            let scalar = entry.value.as_scalar();
            let null = entry.value.is_null();
            let value = if null {
                let inherited = self.environment.value(name);
                inherited.map(|value| Spanned::new(value, entry.last_key()))
            } else {
                str_of(&entry.value)
            };
            all.push(EnvVar {
                name: Spanned::new(name.clone(), entry.last_key()),
                value,
                span: entry.last(),
                from: EnvSource::Environment,
                interpolated: null || scalar.is_some_and(|scalar| scalar.raw.is_some()),
                list_form: entry.list,
                typed: scalar.is_some_and(|scalar| scalar.kind != Kind::Str),
            });
        }
        all
    }

    pub fn file_references(&self, value: Option<&Value>) -> Vec<FileReference> {
        let mut all = Vec::new();
        for (span, map) in maps(value) {
            let Some(source) = str_at(map, "source") else { continue };
            all.push(FileReference {
                source,
                target: str_at(map, "target"),
                uid: str_at(map, "uid"),
                gid: str_at(map, "gid"),
                mode: str_at(map, "mode"),
                span,
                short_form: map.short,
            });
        }
        all
    }
}

/// Returns the mappings in a list. Other items were reported before.
pub(crate) fn maps(value: Option<&Value>) -> impl Iterator<Item = (Span, &Map)> {
    let items = value.and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(|item| Some((item.span, item.as_map()?)))
}

/// Returns the text of a scalar in a mapping.
pub(crate) fn text_at<'m>(map: &'m Map, key: &str) -> Option<&'m str> {
    map.get(key)?.text().map(SmolStr::as_str)
}

/// Returns any scalar but null as a string.
pub(crate) fn str_of(value: &Value) -> Option<Str> {
    value.text().map(|text| Spanned::new(text.clone(), value.span))
}

pub(crate) fn str_at(map: &Map, key: &str) -> Option<Str> {
    str_of(map.get(key)?)
}

pub(crate) fn strings(value: Option<&Value>) -> Vec<Str> {
    let Some(value) = value else { return Vec::new() };
    match &value.data {
        Data::List(items) => items.iter().filter_map(str_of).collect(),
        Data::Scalar(_) => str_of(value).into_iter().collect(),
        Data::Map(_) => Vec::new(),
    }
}

pub(crate) fn boolean(value: Option<&Value>) -> Option<Spanned<bool>> {
    let value = value?;
    word_bool(value.text()?).map(|flag| Spanned::new(flag, value.span))
}

pub(crate) fn int(value: Option<&Value>) -> Option<Spanned<i64>> {
    let value = value?;
    let text = value.text()?;
    let found = text.parse().ok().or_else(|| {
        // Compose drops what follows the decimal point.
        let whole = finite(text)?.trunc();
        (whole.abs() < 9e15).then_some(whole as i64)
    });
    found.map(|number| Spanned::new(number, value.span))
}

pub(crate) fn float(value: Option<&Value>) -> Option<Spanned<f64>> {
    let value = value?;
    Some(Spanned::new(finite(value.text()?)?, value.span))
}

/// Reads a mapping, or what was a list of `KEY=value`.
pub(crate) fn key_values(value: Option<&Value>) -> Vec<KeyValue> {
    let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
    let pairs = map.entries.iter().map(|(key, entry)| KeyValue {
        key: Spanned::new(key.clone(), entry.last_key()),
        value: str_of(&entry.value),
        span: entry.last(),
    });
    pairs.collect()
}

/// Returns the keys as written; empty for the expansion of a short form.
pub(crate) fn keys(map: &Map) -> Vec<Key> {
    if map.short {
        return Vec::new();
    }
    let keys = map.entries.iter().map(|(key, entry)| Key {
        name: Spanned::new(key.clone(), entry.last_key()),
        entry: entry.last(),
    });
    keys.collect()
}
