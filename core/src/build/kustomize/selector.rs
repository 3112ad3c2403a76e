//! Selectors: the objects that a patch or a replacement is about.

use super::labels;
use super::object::{Id, Object};
use super::schema::Schema;
use super::value::Value;
use regex_lite::Regex;
use smol_str::SmolStr;

/// A `target`, `select` or `reject`: patterns for what identifies an object, and selectors for labels and
/// annotations.
#[derive(Debug)]
pub(super) struct Selector {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: SmolStr,
    annotations: SmolStr,
}

/// A regular expression that has to match all of a text; nothing matches everything.
#[derive(Debug)]
struct Pattern(Option<Regex>);

impl Pattern {
    fn read(text: &str) -> Result<Pattern, String> {
        if text.is_empty() {
            return Ok(Pattern(None));
        }
        let whole = ["^(?:", text, ")$"].concat();
        match Regex::new(&whole) {
            Ok(regex) => Ok(Pattern(Some(regex))),
            Err(error) => Err(format!("`{text}` is not a valid regular expression: {error}")),
        }
    }

    fn fits(&self, text: &str) -> bool {
        self.0.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

impl Selector {
    pub(super) fn read(value: &Value) -> Result<Selector, String> {
        let word = |key: &str| value.str_at(&[key]).unwrap_or_default();
        Ok(Selector {
            group: Pattern::read(word("group"))?,
            version: Pattern::read(word("version"))?,
            kind: Pattern::read(word("kind"))?,
            name: Pattern::read(word("name"))?,
            namespace: Pattern::read(word("namespace"))?,
            labels: word("labelSelector").into(),
            annotations: word("annotationSelector").into(),
        })
    }

    /// Whether a patch with this target is about the object: under its first or its current name.
    pub(super) fn fits(&self, object: &Object, schema: &Schema) -> bool {
        let (first, now) = (object.original_id(schema), object.id(schema));
        let either =
            |pattern: &Pattern, one: &str, two: &str| pattern.fits(one) || pattern.fits(two);
        either(&self.namespace, &first.namespace, &now.namespace)
            && either(&self.name, &first.name, &now.name)
            && self.fits_gvk(&now)
            && self.fits_metadata(object)
    }

    /// Whether a replacement with this selector is about an object that has or had this identity.
    pub(super) fn fits_id(&self, id: &Id) -> bool {
        self.fits_gvk(id) && self.name.fits(&id.name) && self.namespace.fits(&id.namespace)
    }

    fn fits_gvk(&self, id: &Id) -> bool {
        self.group.fits(&id.gvk.group)
            && self.version.fits(&id.gvk.version)
            && self.kind.fits(&id.gvk.kind)
    }

    /// Whether the labels and annotations of an object are the wanted ones.
    pub(super) fn fits_metadata(&self, object: &Object) -> bool {
        let map = |key: &str| object.value.at(&["metadata", key]).and_then(Value::as_map);
        labels::fits(&self.labels, map("labels"))
            && labels::fits(&self.annotations, map("annotations"))
    }
}
