//! Prefixes, suffixes and the hash of generated content.

use super::Builder;
use super::accumulated::Accumulated;
use super::config::Config;
use super::hash;
use super::object::Object;
use super::schema::Schema;
use super::value::{Data, Scalar, Value};
use smol_str::{SmolStr, format_smolstr};
use std::rc::Rc;

/// End of a name to which text is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affix {
    Prefix,
    Suffix,
}

/// Adds `namePrefix` and `nameSuffix` to all names.
pub(super) fn add_affixes(
    all: &mut Accumulated,
    prefix: Option<&Value>,
    suffix: Option<&Value>,
    config: &Config,
    schema: &Schema,
) {
    if let Some(prefix) = prefix.and_then(Value::as_str) {
        add(all, Affix::Prefix, prefix, &config.name_prefix, schema);
    }
    if let Some(suffix) = suffix.and_then(Value::as_str) {
        add(all, Affix::Suffix, suffix, &config.name_suffix, schema);
    }
}

/// Adds a prefix or suffix to the fields of a configuration.
pub(super) fn add(
    all: &mut Accumulated,
    affix: Affix,
    text: &str,
    fields: &[super::fieldspec::FieldSpec],
    schema: &Schema,
) {
    if text.is_empty() {
        return;
    }
    for object in all.objects.iter_mut().filter(|object| !keeps_its_name(object, schema)) {
        let gvk = object.original_id(schema).gvk;
        for field in fields.iter().filter(|field| gvk.is_selected_by(&field.gvk)) {
            if field.path == ["metadata", "name"] {
                match affix {
                    Affix::Prefix => object.prefixes.push(text.into()),
                    Affix::Suffix => object.suffixes.push(text.into()),
                }
                object.remember(schema);
            }
            field.visit(&mut object.value, None, &mut |value| {
                let Some(old) = value.as_str() else { return };
                let new = match affix {
                    Affix::Prefix => format_smolstr!("{text}{old}"),
                    Affix::Suffix => format_smolstr!("{old}{text}"),
                };
                value.data = Data::Scalar(Scalar::string(new));
            });
        }
    }
}

/// Whether the name of an object has a meaning beyond the object, as for a Namespace or the definition
/// of an API.
fn keeps_its_name(object: &Object, schema: &Schema) -> bool {
    let gvk = object.original_id(schema).gvk;
    match gvk.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

impl Builder<'_, '_> {
    /// Adds the hash of their content to the names of generated objects.
    pub(super) fn add_hashes(&mut self, all: &mut Accumulated) {
        let schema = Rc::clone(&self.schema);
        for object in all.objects.iter_mut().filter(|object| object.hashed) {
            let hash = hash::of(&object.value);
            object.remember(&schema);
            let name: SmolStr = format_smolstr!("{}-{hash}", object.name());
            object.rename(name);
        }
    }
}
