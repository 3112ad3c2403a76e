//! What all readers of merged values share.

pub mod parts;
pub mod project;
pub mod service;
pub mod units;

use crate::decimal::Decimal;
use crate::model::compose::load::Files;
use crate::model::compose::load::lower::{Environment, Lowering};
use crate::model::compose::load::value::{Data, Kind, Map, Value};
use crate::model::compose::schema::word_bool;
use crate::model::compose::{
    Command, EnvSource, EnvVar, FileReference, Key, KeyValue, ProblemKind,
};
use crate::model::{Place, Str};
use crate::text::{FileId, Span, Spanned, join_path};
use smol_str::SmolStr;
use std::time::Duration;

/// Reads the values of one project. Types were checked before, so a wrong one is passed over here.
pub(crate) struct Read<'r> {
    pub out: &'r mut Lowering,
    pub files: Files<'r>,
    pub environment: &'r Environment,
    pub folder: &'r str,
}

impl Read<'_> {
    /// A file of the project, by its path seen from the project's folder.
    pub fn file(&self, path: &str) -> Option<FileId> {
        Some(self.files.find(&join_path(self.folder, path))?.1.id)
    }

    pub fn duration(&mut self, value: Option<&Value>) -> Option<Spanned<Duration>> {
        let value = value?;
        let text = value.text()?;
        let found = units::duration(text);
        if found.is_none() && value.as_scalar().is_some_and(|it| it.kind == Kind::Str) {
            let message = "`{}` is no duration; one looks like `30s` or `1m30s`";
            self.out.problem(ProblemKind::InvalidDuration, value.span, &text.clone(), message);
        }
        found.map(|it| Spanned::new(it, value.span))
    }

    pub fn size(&mut self, value: Option<&Value>) -> Option<Spanned<i64>> {
        let value = value?;
        let text = value.text()?;
        let found = units::bytes(text);
        if found.is_none() {
            let message = "`{}` is no size; one looks like `512m` or `1.5g`";
            self.out.problem(ProblemKind::InvalidSize, value.span, &text.clone(), message);
        }
        found.map(|it| Spanned::new(it, value.span))
    }

    /// A number whose string form is only checked when it is read.
    pub fn loose_float(&mut self, value: Option<&Value>) -> Option<Spanned<f64>> {
        let found = float(value);
        if let Some(value) = value
            && let Some(text) = value.text()
            && found.is_none()
        {
            let message = "`{}` is no number";
            self.out.problem(ProblemKind::InvalidValue, value.span, &text.clone(), message);
        }
        found
    }

    pub fn command(&mut self, value: Option<&Value>) -> Option<Command> {
        let value = value?;
        let span = value.span;
        match &value.data {
            Data::List(items) => Some(Command {
                words: items.iter().filter_map(str_of).collect(),
                span,
                ..Command::default()
            }),
            Data::Scalar(scalar) if scalar.kind != Kind::Null => {
                let Some(split) = units::words(&scalar.text) else {
                    let message = "Compose cannot split this into words: a quote or bracket is not closed, or a plain `(` stands in it";
                    self.out.problem(
                        ProblemKind::InvalidValue,
                        span,
                        &scalar.text.clone(),
                        message,
                    );
                    return None;
                };
                let plain = scalar.raw.is_none();
                let place = |start: usize, end: usize| match plain {
                    true => scalar.part(span, start, end),
                    false => span,
                };
                let words = split.words.into_iter();
                Some(Command {
                    words: words
                        .map(|(word, it)| Spanned::new(word, place(it.start, it.end)))
                        .collect(),
                    shell_form: true,
                    text: Some(Spanned::new(scalar.text.clone(), span)),
                    dropped: split.cut.map(|at| {
                        Spanned::new(SmolStr::new(&scalar.text[at..]), place(at, scalar.text.len()))
                    }),
                    span,
                })
            }
            _ => None,
        }
    }

    /// `environment` of a service or hook; what has no value takes that of the project.
    pub fn environment(&self, value: Option<&Value>) -> Vec<EnvVar> {
        let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
        let mut all = Vec::with_capacity(map.entries.len());
        for (name, entry) in &map.entries {
            let scalar = entry.value.as_scalar();
            let null = entry.value.is_null();
            let value = match null {
                true => self.environment.value(name).map(|it| Spanned::new(it, entry.last_key())),
                false => str_of(&entry.value),
            };
            all.push(EnvVar {
                name: Spanned::new(name.clone(), entry.last_key()),
                value,
                span: entry.last(),
                from: EnvSource::Environment,
                interpolated: null || scalar.is_some_and(|it| it.raw.is_some()),
                list_form: entry.list,
                typed: scalar.is_some_and(|it| it.kind != Kind::Str),
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

/// The mappings of a list; what else stands in it was told before.
pub(crate) fn maps(value: Option<&Value>) -> impl Iterator<Item = (Span, &Map)> {
    let items = value.and_then(Value::as_list).unwrap_or_default();
    items.iter().filter_map(|it| Some((it.span, it.as_map()?)))
}

/// The text of a scalar in a mapping.
pub(crate) fn text_at<'m>(map: &'m Map, key: &str) -> Option<&'m str> {
    map.get(key)?.text().map(SmolStr::as_str)
}

/// Any scalar but null as a string.
pub(crate) fn str_of(value: &Value) -> Option<Str> {
    value.text().map(|it| Spanned::new(it.clone(), value.span))
}

pub(crate) fn str_at(map: &Map, key: &str) -> Option<Str> {
    str_of(map.get(key)?)
}

pub(crate) fn strings(value: Option<&Value>) -> Vec<Str> {
    match value.map(|it| (&it.data, it)) {
        Some((Data::List(items), _)) => items.iter().filter_map(str_of).collect(),
        Some((Data::Scalar(_), value)) => str_of(value).into_iter().collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn boolean(value: Option<&Value>) -> Option<Spanned<bool>> {
    let value = value?;
    word_bool(value.text()?).map(|it| Spanned::new(it, value.span))
}

pub(crate) fn int(value: Option<&Value>) -> Option<Spanned<i64>> {
    let value = value?;
    let text = value.text()?;
    let found = text.parse().ok().or_else(|| {
        // Compose cuts off what comes after the point.
        let whole = Decimal::parse(text)?.times(1);
        (whole.unsigned_abs() < 9_000_000_000_000_000).then_some(whole)
    });
    found.map(|it| Spanned::new(it, value.span))
}

pub(crate) fn float(value: Option<&Value>) -> Option<Spanned<f64>> {
    let value = value?;
    Some(Spanned::new(Decimal::parse(value.text()?)?.to_f64(), value.span))
}

/// A mapping (or what was a list of `KEY=value`).
pub(crate) fn key_values(value: Option<&Value>) -> Vec<KeyValue> {
    let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
    let one = |(key, entry): &(SmolStr, crate::model::compose::load::value::Entry)| KeyValue {
        key: Spanned::new(key.clone(), entry.last_key()),
        value: str_of(&entry.value),
        span: entry.last(),
    };
    map.entries.iter().map(one).collect()
}

/// The keys as written; none for a mapping made from a short form.
pub(crate) fn keys(map: &Map) -> Vec<Key> {
    if map.short {
        return Vec::new();
    }
    let one = |(key, entry): &(SmolStr, crate::model::compose::load::value::Entry)| Key {
        name: Spanned::new(key.clone(), entry.last_key()),
        entry: entry.last(),
    };
    map.entries.iter().map(one).collect()
}

/// Where the last file that writes a mapping writes it.
pub(crate) fn place(map: &Map) -> Option<Place> {
    map.place
}
