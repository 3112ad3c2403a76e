//! Labels and annotations: `labels`, `commonLabels`, `commonAnnotations`, and what `buildMetadata` adds.

use super::Builder;
use super::accumulated::{Accumulated, Kustomization};
use super::config::{Config, add_spec};
use super::fieldspec::{Create, FieldSpec};
use super::object::Object;
use super::value::{Data, Scalar, Value};
use crate::text::{Span, relative_path};

/// The label that `buildMetadata: [managedByLabel]` adds.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";

/// The annotation that `buildMetadata: [originAnnotations]` adds.
const ORIGIN: &str = "config.kubernetes.io/origin";

/// Adds `labels`, then `commonLabels`.
pub(super) fn add_labels(
    kustomization: &Kustomization<'_>,
    all: &mut Accumulated,
    config: &Config,
) {
    for entry in kustomization.list("labels") {
        let Some(pairs) = entry.get("pairs") else { continue };
        let own = entry.get("fields").map(Value::items).unwrap_or_default();
        let mut fields: Vec<FieldSpec> = own.iter().filter_map(FieldSpec::read).collect();
        let says = |key: &str| entry.get(key).is_some_and(Value::is_true);
        if says("includeSelectors") {
            config.common_labels.iter().cloned().for_each(|field| add_spec(&mut fields, field));
            config.template_labels.iter().cloned().for_each(|field| add_spec(&mut fields, field));
        } else {
            if says("includeTemplates") {
                config
                    .template_labels
                    .iter()
                    .cloned()
                    .for_each(|field| add_spec(&mut fields, field));
            }
            add_spec(&mut fields, FieldSpec::everywhere("metadata/labels", true));
        }
        set(all, pairs, &fields);
    }
    if let Some(pairs) = kustomization.value.get("commonLabels") {
        let mut fields = config.common_labels.clone();
        config.template_labels.iter().cloned().for_each(|field| add_spec(&mut fields, field));
        set(all, pairs, &fields);
    }
}

/// Sets pairs in the mappings at the given fields of all objects.
pub(super) fn set(all: &mut Accumulated, pairs: &Value, fields: &[FieldSpec]) {
    let Some(pairs) = pairs.as_map().filter(|pairs| !pairs.is_empty()) else { return };
    pairs.iter().for_each(|(key, field)| all.check_string(key, &field.value));
    let span = pairs.values().next().map_or(Span::default(), |it| it.key);
    for object in &mut all.objects {
        for field in fields {
            let mut changes = Vec::new();
            field.visit(&mut object.value, Some((Create::Map, span)), &mut |value| {
                for (key, pair) in pairs {
                    changes.extend(set_one(value, key, &pair.value));
                }
            });
            changes.iter().for_each(|(twin, new)| object.value.change_twins(*twin, new));
        }
    }
}

/// Sets one label or annotation; returns what has to change with it.
fn set_one(map: &mut Value, key: &str, value: &Value) -> Option<(Span, Value)> {
    let text = value.as_str()?;
    let mut scalar = Scalar::string(if value.is_null() { "" } else { text });
    if let Some(old) = map.get_mut(key) {
        return old.overwrite(&Value { data: Data::Scalar(scalar), span: value.span });
    }
    scalar.twin = Some(value.span);
    map.set(key, Value { data: Data::Scalar(scalar), span: value.span });
    None
}

impl Builder<'_, '_> {
    /// Adds what `buildMetadata` asks for.
    pub(super) fn annotate_build(&mut self, all: &mut Accumulated, root: &Value, folder: &str) {
        let wanted = root.get("buildMetadata").map(Value::items).unwrap_or_default();
        let find = |name: &str| wanted.iter().find(|it| it.as_str() == Some(name));
        if let Some(entry) = find("managedByLabel") {
            for object in &mut all.objects {
                let metadata = object.value.get_mut("metadata");
                if let Some(labels) = metadata.and_then(|it| it.map_at("labels", entry.span)) {
                    labels.set(MANAGED_BY, Value::string("kustomize-v5.8.1", entry.span));
                }
            }
        }
        if let Some(entry) = find("originAnnotations") {
            for object in &mut all.objects {
                let origin = self.origin(object, folder);
                let metadata = object.value.get_mut("metadata");
                if let Some(map) = metadata.and_then(|it| it.map_at("annotations", entry.span)) {
                    map.set(ORIGIN, Value::string(origin, entry.span));
                }
            }
        }
        if let Some(entry) = find("transformerAnnotations") {
            all.not_built(entry.span, "the annotations of `transformerAnnotations` are left out");
        }
    }

    /// Returns where an object comes from, as `originAnnotations` writes it.
    fn origin(&self, object: &Object, folder: &str) -> String {
        let path = self.sources.by_id(object.file).map_or("", |file| file.path);
        let path = relative_path(folder, path);
        match object.generated {
            true => format!(
                "configuredIn: {path}\nconfiguredBy:\n  apiVersion: builtin\n  kind: {}Generator\n",
                object.kind()
            ),
            false => format!("path: {path}\n"),
        }
    }
}
