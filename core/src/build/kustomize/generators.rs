//! `configMapGenerator` and `secretGenerator`.

use super::Builder;
use super::accumulated::{Accumulated, Kustomization};
use super::object::{Behavior, Object};
use super::schema::Schema;
use super::value::{Data, Map, Scalar, Value};
use crate::syntax::Style;
use crate::text::Span;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::rc::Rc;

/// Maximum length of a line of encoded bytes.
const LINE: usize = 70;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Generator {
    ConfigMap,
    Secret,
}

/// A key's content, and where it is written.
struct Content {
    bytes: Vec<u8>,
    span: Span,
}

type Pairs = IndexMap<SmolStr, Content, FxBuildHasher>;

impl Generator {
    fn kind(self) -> &'static str {
        match self {
            Generator::ConfigMap => "ConfigMap",
            Generator::Secret => "Secret",
        }
    }
}

impl Builder<'_, '_> {
    /// Runs the generators of a kustomization. Returns whether the result is the same for all that use the
    /// kustomization.
    pub(super) fn generate(
        &mut self,
        kustomization: &Kustomization<'_>,
        all: &mut Accumulated,
    ) -> bool {
        let shared = kustomization.value.get("generatorOptions");
        for entry in kustomization.list("configMapGenerator") {
            self.generate_one(Generator::ConfigMap, kustomization, entry, shared, all);
        }
        for entry in kustomization.list("secretGenerator") {
            self.generate_one(Generator::Secret, kustomization, entry, shared, all);
        }
        let complete = self.charts(kustomization, all);
        self.generator_files(kustomization, all);
        complete
    }

    /// Makes one object and adds it, or merges it into the one that it names.
    pub(super) fn generate_one(
        &mut self,
        generator: Generator,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        shared: Option<&Value>,
        all: &mut Accumulated,
    ) {
        let Some(name) = entry.get("name").filter(|name| name.as_str().is_some()) else {
            all.refuse(
                entry.span,
                format!("a {} that is generated needs a `name`", generator.kind()),
            );
            return;
        };
        all.check_strings(entry, &["name", "namespace", "type", "behavior"]);
        let missing = all.unmatched.len();
        let pairs = self.pairs(kustomization, entry, all);
        let lacks_keys = all.unmatched.len() > missing;
        all.mark_generator_inputs(missing);
        let own = entry.get("options");
        let mut value = skeleton(generator, name, entry);
        fill(&mut value, generator, &pairs, entry.span);
        set_options(&mut value, shared, own);
        let mut object = Object::new(value, kustomization.file);
        let disabled = |options: Option<&Value>| {
            options.and_then(|it| it.get("disableNameSuffixHash")).is_some_and(Value::is_true)
        };
        object.generated = true;
        object.lacks_keys = lacks_keys;
        object.hashed = !disabled(shared) && !disabled(own);
        object.behavior = match entry.str_at(&["behavior"]) {
            Some("merge") => Behavior::Merge,
            Some("replace") => Behavior::Replace,
            Some(_) | None => Behavior::Create,
        };
        absorb(object, entry.span, all, &Rc::clone(&self.schema));
    }

    /// Reads what an entry says under `envs`, `literals` and `files`, in this order.
    fn pairs(
        &mut self,
        kustomization: &Kustomization<'_>,
        entry: &Value,
        all: &mut Accumulated,
    ) -> Pairs {
        let mut pairs = Pairs::default();
        let single = entry.get("env").into_iter();
        let envs = entry.get("envs").map(Value::items).unwrap_or_default();
        for source in single.chain(envs) {
            if let Some(file) = self.read_file(kustomization, source, all) {
                add_env_lines(&mut pairs, file.text, file.id, all);
            }
        }
        for literal in entry.get("literals").map(Value::items).unwrap_or_default() {
            all.check_string("literals", literal);
            let text = literal.as_str().unwrap_or_default();
            match text.split_once('=').filter(|(key, _)| !key.is_empty()) {
                Some((key, value)) => {
                    let bytes = without_quotes(value).as_bytes().to_vec();
                    add(&mut pairs, key, Content { bytes, span: literal.span }, all);
                }
                None => {
                    all.refuse(literal.span, format!("`{text}` is not of the form `key=value`"))
                }
            }
        }
        for source in entry.get("files").map(Value::items).unwrap_or_default() {
            self.add_file(&mut pairs, kustomization, source, all);
        }
        pairs
    }

    /// Adds the content of a file, under its name or under the key before the `=`.
    fn add_file(
        &mut self,
        pairs: &mut Pairs,
        kustomization: &Kustomization<'_>,
        source: &Value,
        all: &mut Accumulated,
    ) {
        let text = source.as_str().unwrap_or_default();
        let (key, path) = match text.split_once('=') {
            Some((key, path)) => (key, path),
            None => (text.rsplit('/').next().unwrap_or(text), text),
        };
        let path = Value::string(path, source.span);
        let Some(file) = self.read_file(kustomization, &path, all) else { return };
        let bytes = match file.bytes {
            Some(bytes) => bytes.to_vec(),
            None => file.text.as_bytes().to_vec(),
        };
        if file.bytes.is_none() && file.text.contains('\u{fffd}') {
            let message =
                format!("`{}` is not text, so its content and its hash are unknown", file.path);
            all.not_built(source.span, message);
        }
        // The entry stands for the content: it is what a person changes to get another file.
        add(pairs, key, Content { bytes, span: source.span }, all);
    }
}

fn add(pairs: &mut Pairs, key: &str, content: Content, all: &mut Accumulated) {
    if pairs.contains_key(key) {
        all.refuse(content.span, format!("the key `{key}` is given twice"));
        return;
    }
    pairs.insert(key.into(), content);
}

/// Adds the lines of an env file. A name without `=` takes its value from the environment of the build,
/// which is empty here.
fn add_env_lines(pairs: &mut Pairs, text: &str, file: crate::text::FileId, all: &mut Accumulated) {
    let mut next = 0;
    for line in text.split_inclusive('\n') {
        let start = next;
        next += line.len();
        let line = line.trim_end_matches('\n');
        let whole = line.strip_suffix('\r').unwrap_or(line);
        let line = if start == 0 { whole.trim_start_matches('\u{feff}') } else { whole };
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let start = start + whole.len() - content.len();
        let span = Span::new(file, start, start + content.len());
        let (key, value) = content.split_once('=').unwrap_or((content, ""));
        if key.is_empty() || key.contains(char::is_whitespace) {
            all.refuse(span, format!("`{key}` is not the name of a variable"));
            continue;
        }
        add(pairs, key, Content { bytes: value.as_bytes().to_vec(), span }, all);
    }
}

/// Returns a value without the quotes around all of it.
fn without_quotes(value: &str) -> &str {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

/// Returns an object with its name and no data.
fn skeleton(generator: Generator, name: &Value, entry: &Value) -> Value {
    let mut value = Value::map(entry.span);
    value.set("apiVersion", Value::string("v1", entry.span));
    value.set("kind", Value::string(generator.kind(), entry.span));
    let mut metadata = Value::map(name.span);
    metadata.set("name", Value::string(name.as_str().unwrap_or_default(), name.span));
    if let Some(namespace) = entry.get("namespace") {
        metadata.set("namespace", namespace.clone());
    }
    value.set("metadata", metadata);
    if generator == Generator::Secret {
        let kind = entry.get("type").cloned();
        value.set("type", kind.unwrap_or_else(|| Value::string("Opaque", entry.span)));
    }
    value
}

/// Puts the content into the object: text as it is into a ConfigMap, all else encoded.
fn fill(value: &mut Value, generator: Generator, pairs: &Pairs, span: Span) {
    let mut data = Value::map(span);
    let mut binary = Value::map(span);
    for (key, content) in pairs {
        let text = std::str::from_utf8(&content.bytes).ok();
        match (generator, text) {
            (Generator::ConfigMap, Some(text)) => data.set(key, Value::string(text, content.span)),
            (Generator::ConfigMap, None) => binary.set(key, encoded(content)),
            (Generator::Secret, _) => data.set(key, encoded(content)),
        }
    }
    for (name, map) in [("data", data), ("binaryData", binary)] {
        if map.as_map().is_some_and(|map| !map.is_empty()) {
            value.set(name, map);
        }
    }
}

/// Bytes in base64, broken into lines where they are many.
fn encoded(content: &Content) -> Value {
    let encoded = STANDARD.encode(&content.bytes);
    let text = if encoded.len() <= LINE {
        Cow::Borrowed(encoded.as_str())
    } else {
        let lines = encoded.as_bytes().chunks(LINE).map(|line| String::from_utf8_lossy(line));
        Cow::Owned(lines.fold(String::new(), |mut all, line| {
            all.extend([&*line, "\n"]);
            all
        }))
    };
    let scalar = Scalar { style: Style::Literal, ..Scalar::string(text) };
    Value { data: Data::Scalar(scalar), span: content.span }
}

/// Sets the labels, annotations and immutability that `generatorOptions` and the entry ask for.
fn set_options(value: &mut Value, shared: Option<&Value>, own: Option<&Value>) {
    for options in [shared, own].into_iter().flatten() {
        for key in ["labels", "annotations"] {
            let Some(pairs) = options.get(key) else { continue };
            let metadata = value.get_mut("metadata");
            let Some(map) = metadata.and_then(|it| it.map_at(key, pairs.span)) else { continue };
            for (name, field) in pairs.as_map().into_iter().flatten() {
                let text = field.value.as_str().unwrap_or_default();
                map.set(name, Value::string(text, field.value.span));
            }
        }
        if let Some(immutable) = options.get("immutable").filter(|it| it.is_true()) {
            value.set("immutable", immutable.clone());
        }
    }
}

/// Adds a generated object, or merges it into the one that has its name, as its behavior says.
pub(super) fn absorb(mut object: Object, span: Span, all: &mut Accumulated, schema: &Schema) {
    let id = object.id(schema);
    let mut known =
        all.objects.iter_mut().filter(|known| known.ids(schema).contains(&id)).collect::<Vec<_>>();
    match (known.len(), object.behavior) {
        (0, Behavior::Create) => all.objects.push(object),
        (0, Behavior::Merge | Behavior::Replace) => {
            all.refuse(span, format!("there is no {} to merge into or replace", id.label()));
        }
        (1, Behavior::Merge | Behavior::Replace) => {
            let old = known.remove(0);
            merge_generated(&mut object, old);
            *old = object;
        }
        (1, Behavior::Create) => {
            let label = id.label();
            all.refuse(
                span,
                format!("{label} exists already; set `behavior` to `merge` or `replace`"),
            );
        }
        (_, _) => all.refuse(span, format!("there is more than one {}", id.label())),
    }
}

fn merge_generated(new: &mut Object, old: &Object) {
    let keys: &[&[&str]] = match new.behavior {
        Behavior::Merge => {
            &[&["metadata", "labels"], &["metadata", "annotations"], &["data"], &["binaryData"]]
        }
        Behavior::Create | Behavior::Replace => {
            &[&["metadata", "labels"], &["metadata", "annotations"]]
        }
    };
    for path in keys {
        let Some(before) = old.value.at(path).and_then(Value::as_map) else { continue };
        let mut merged: Map = before.clone();
        if let Some(now) = new.value.at(path).and_then(Value::as_map) {
            merged.extend(now.iter().map(|(key, field)| (key.clone(), field.clone())));
        }
        let span = old.value.at(path).map_or(new.value.span, |it| it.span);
        let merged = Value { data: Data::Map(merged), span };
        match path {
            [outer, inner] => {
                new.value.get_mut(outer).into_iter().for_each(|it| it.set(inner, merged.clone()))
            }
            [key] => new.value.set(key, merged),
            _ => {}
        }
    }
    for key in ["name", "namespace"] {
        let Some(value) = old.value.at(&["metadata", key]) else { continue };
        new.value.get_mut("metadata").into_iter().for_each(|it| it.set(key, value.clone()));
    }
    new.previous.clone_from(&old.previous);
    new.prefixes.clone_from(&old.prefixes);
    new.suffixes.clone_from(&old.suffixes);
    new.vars.clone_from(&old.vars);
    new.hashed &= old.hashed;
    new.generated = old.generated;
    new.file = old.file;
}
