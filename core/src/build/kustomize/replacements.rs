//! `replacements`: a value of one object copied into fields of others.

use super::accumulated::{Accumulated, Kustomization};
use super::patches::note_unmatched;
use super::paths::{self, Make, Shape};
use super::selector::Selector;
use super::value::{Data, MAX_DEPTH, Scalar, Value};
use super::{Builder, UnmatchedKind};
use crate::syntax::Scalar as Typed;
use crate::text::Span;
use smol_str::SmolStr;
use std::rc::Rc;

/// Where a replacement looks when no field is named.
const DEFAULT_FIELD: &str = "metadata.name";

/// How a part of a text is meant.
struct Options<'o> {
    delimiter: &'o str,
    index: i64,
    create: bool,
}

impl<'o> Options<'o> {
    fn read(owner: &'o Value) -> Options<'o> {
        let options = owner.get("options");
        let get = |key: &str| options.and_then(|it| it.get(key));
        let index = get("index").and_then(Value::as_scalar).and_then(|it| it.typed().as_int());
        Options {
            delimiter: get("delimiter").and_then(Value::as_str).unwrap_or_default(),
            index: index.unwrap_or(0),
            create: get("create").is_some_and(Value::is_true),
        }
    }
}

impl Builder<'_, '_> {
    pub(super) fn replacements(
        &mut self,
        kustomization: &Kustomization<'_>,
        all: &mut Accumulated,
    ) {
        for entry in kustomization.list("replacements") {
            self.replacement_entry(kustomization, entry, all);
        }
    }

    /// Does a replacement, or those of the file that an entry names.
    pub(super) fn replacement_entry(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) {
        let Some(path) = entry.get("path") else { return self.replacement(entry, all) };
        for document in self.read_documents(kustomization, path, all) {
            match &document.data {
                Data::List(items) => items.iter().for_each(|it| self.replacement(it, all)),
                Data::Map(_) | Data::Scalar(_) => self.replacement(&document, all),
            }
        }
    }

    /// Copies the value of one source into its targets.
    fn replacement(&mut self, entry: &Value, all: &mut Accumulated) {
        let targets = entry.get("targets").map(Value::items).unwrap_or_default();
        let value = match (entry.get("source"), entry.get("sourceValue")) {
            (Some(source), None) => self.source_value(source, all),
            (None, Some(value)) => Some(value.clone()),
            (_, _) => None,
        };
        if targets.is_empty()
            || (entry.get("source").is_none() && entry.get("sourceValue").is_none())
        {
            all.refuse(entry.span, "a replacement needs a `source` and `targets`");
            return;
        }
        let Some(value) = value else { return };
        for target in targets {
            self.replace_in(target, &value, all);
        }
    }

    fn source_value(&mut self, source: &Value, all: &mut Accumulated) -> Option<Value> {
        let selector = self.selector(source, all)?;
        let schema = Rc::clone(&self.schema);
        let mut fitting = all
            .objects
            .iter()
            .filter(|object| object.ids(&schema).iter().any(|id| selector.fits_id(id)));
        let (first, more) = (fitting.next(), fitting.next().is_some());
        let path = source.str_at(&["fieldPath"]).unwrap_or(DEFAULT_FIELD);
        let found = first.and_then(|object| paths::find(&object.value, &paths::parse(path)));
        // A source may be as large as everything that was copied into it before.
        let is_affordable = found.is_none_or(|value| self.budget.take(value.size()));
        let found = found.filter(|_| is_affordable).cloned();
        // What the missing file says is not known, and stays a variable.
        if let (Some(object), None, false) = (first, &found, more)
            && object.lacks_keys
        {
            let key = path.rsplit('.').next().unwrap_or(path);
            return Some(Value::string(format!("${{{key}}}"), source.span));
        }
        let label = first.map(|object| object.id(&schema).label());
        let Some(label) = label.filter(|_| !more) else {
            if more {
                all.refuse(source.span, "more than one object is this source");
            } else {
                let words = ["kind", "name", "namespace"].map(|key| source.str_at(&[key]));
                let words: Vec<&str> = words.into_iter().flatten().collect();
                let message = "no object is this source";
                let what = UnmatchedKind::ReplacementSource;
                all.unmatched(what, source.span, words.join(" "), message);
            }
            return None;
        };
        let Some(mut value) = found else {
            let message = match is_affordable {
                true => format!("{label} has no field `{path}`"),
                false => format!("`{path}` of {label} is too large to be copied"),
            };
            all.refuse(source.span, message);
            return None;
        };
        let options = Options::read(source);
        if !options.delimiter.is_empty() {
            let part = value.as_str().and_then(|text| {
                text.split(options.delimiter)
                    .nth(usize::try_from(options.index).ok()?)
                    .map(SmolStr::new)
            });
            match (part, &mut value.data) {
                (Some(part), Data::Scalar(scalar)) => scalar.text = part,
                _ => {
                    let message = format!("`{path}` of {label} has no part {}", options.index);
                    all.refuse(source.span, message);
                    return None;
                }
            }
        }
        Some(value)
    }

    fn replace_in(&mut self, target: &Value, value: &Value, all: &mut Accumulated) {
        let Some(select) = target.get("select") else {
            all.refuse(target.span, "a target needs a `select`");
            return;
        };
        let Some(selector) = self.selector(select, all) else { return };
        let rejects = target.get("reject").map(Value::items).unwrap_or_default().to_vec();
        let rejects: Vec<Selector> =
            rejects.iter().filter_map(|reject| self.selector(reject, all)).collect();
        let own = target.get("fieldPaths").map(Value::items).unwrap_or_default();
        let fields: Vec<(&str, Span)> = match own {
            [] => vec![(DEFAULT_FIELD, target.span)],
            own => own.iter().filter_map(|it| Some((it.as_str()?, it.span))).collect(),
        };
        let options = Options::read(target);
        let shape = match &value.data {
            Data::Scalar(_) => Shape::Scalar,
            Data::Map(_) => Shape::Map,
            Data::List(_) => Shape::List,
        };
        let make = Make { shape, span: value.span };
        let make = options.create.then_some(make);
        let schema = Rc::clone(&self.schema);
        let (size, depth) = (value.size(), value.depth());
        let mut failures = Vec::new();
        let mut chosen = Vec::new();
        for object in &mut all.objects {
            let ids = object.ids(&schema);
            let rejected =
                |it: &Selector| ids.iter().any(|id| it.fits_id(id)) && it.fits_metadata(object);
            let selected = ids.iter().any(|id| selector.fits_id(id))
                && selector.fits_metadata(object)
                && !rejects.iter().any(rejected);
            chosen.push(selected);
            if !selected {
                continue;
            }
            let label = object.id(&schema).label();
            for (field, span) in &fields {
                let path = paths::parse(field);
                if path.len() + depth > MAX_DEPTH {
                    failures.push((*span, "this would nest too deep".to_owned()));
                    continue;
                }
                let budget = &mut self.budget;
                let mut fits = true;
                let mut twins = Vec::new();
                let found = paths::visit(&mut object.value, &path, make, &mut |place, made| {
                    fits &= budget.take(size) && put(place, made, value, &options, &mut twins);
                });
                twins.iter().for_each(|(twin, new)| object.value.change_twins(*twin, new));
                if found == 0 {
                    failures.push((*span, format!("{label} has no field `{field}`")));
                } else if !fits {
                    failures
                        .push((*span, format!("the value does not fit into `{field}` of {label}")));
                }
            }
        }
        failures.into_iter().for_each(|(span, message)| all.refuse(span, message));
        note_unmatched(UnmatchedKind::ReplacementTarget, select, &chosen, all);
    }

    fn selector(&self, value: &Value, all: &mut Accumulated) -> Option<Selector> {
        match Selector::read(value) {
            Ok(selector) => Some(selector),
            Err(message) => {
                all.refuse(value.span, message);
                None
            }
        }
    }
}

/// Puts a value into its place, which may have been made for it; `false` where the value does not fit.
/// A place that held a string keeps that type.
fn put(
    place: &mut Value,
    made: bool,
    value: &Value,
    options: &Options<'_>,
    twins: &mut Vec<(Span, Value)>,
) -> bool {
    let mut text = value.as_str().map(SmolStr::new);
    if !options.delimiter.is_empty() {
        let (Some(old), Some(new)) = (place.as_str(), value.as_str()) else { return false };
        let mut parts: Vec<&str> = old.split(options.delimiter).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, new),
            Ok(index) if index >= parts.len() => parts.push(new),
            Ok(index) => parts[index] = new,
        }
        text = Some(parts.join(options.delimiter).into());
    }
    let Some(scalar) = place.as_scalar() else {
        *place = value.clone();
        return true;
    };
    // Kustomize writes no text where the value is a mapping or a list.
    let text = text.unwrap_or_default();
    let new = match scalar.typed() {
        Typed::Str(_) => Scalar::string(text),
        _ => Scalar::plain(text),
    };
    let fits = made || is_of_type(&new, scalar);
    twins.extend(place.overwrite(&Value { data: Data::Scalar(new), span: value.span }));
    fits
}

/// Whether a scalar can stand where another one stood, of whose type it has to be.
fn is_of_type(new: &Scalar, old: &Scalar) -> bool {
    match (old.typed(), new.typed()) {
        (Typed::Float(_), Typed::Int(_)) => true,
        (old, new) => std::mem::discriminant(&old) == std::mem::discriminant(&new),
    }
}
