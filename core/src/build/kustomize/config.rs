//! Which fields the transformers change: Kustomize's own list, and what `configurations` and `crds`
//! add.

use super::fieldspec::FieldSpec;
use super::object::Gvk;
use super::schema::definition_name;
use super::value::{Map, Value};
use smol_str::SmolStr;

const DEFAULTS: &str = include_str!("data/fields.txt");

/// The fields of each transformer.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    pub name_prefix: Vec<FieldSpec>,
    pub name_suffix: Vec<FieldSpec>,
    pub namespace: Vec<FieldSpec>,
    pub common_labels: Vec<FieldSpec>,
    pub template_labels: Vec<FieldSpec>,
    pub common_annotations: Vec<FieldSpec>,
    pub images: Vec<FieldSpec>,
    pub replicas: Vec<FieldSpec>,
    pub var_reference: Vec<FieldSpec>,
    pub name_reference: Vec<NameReference>,
}

/// The fields that hold the name of an object of one kind.
#[derive(Debug, Clone)]
pub(super) struct NameReference {
    pub target: Gvk,
    pub fields: Vec<FieldSpec>,
}

impl Config {
    pub(super) fn defaults() -> Config {
        let mut config = Config::default();
        let mut section = "";
        for line in DEFAULTS.lines().filter(|line| !line.starts_with('#')) {
            match line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                Some(header) => {
                    section = header;
                    if let Some(target) = header.strip_prefix("nameReference ") {
                        let target = gvk(target.split(' '));
                        config.name_reference.push(NameReference { target, fields: Vec::new() });
                    }
                }
                None if line.is_empty() => {}
                None => config.add_line(section, line),
            }
        }
        config
    }

    fn add_line(&mut self, section: &str, line: &str) {
        let mut words = line.split(' ');
        let path = words.next().unwrap_or_default();
        let create = line.ends_with(" create");
        let spec = FieldSpec { gvk: gvk(words), ..FieldSpec::everywhere(path, create) };
        match self.list(section) {
            Some(list) => list.push(spec),
            None => self
                .name_reference
                .last_mut()
                .into_iter()
                .for_each(|it| it.fields.push(spec.clone())),
        }
    }

    /// Returns the fields of a transformer by its name in a transformer configuration.
    fn list(&mut self, name: &str) -> Option<&mut Vec<FieldSpec>> {
        Some(match name {
            "namePrefix" => &mut self.name_prefix,
            "nameSuffix" => &mut self.name_suffix,
            "namespace" => &mut self.namespace,
            "commonLabels" => &mut self.common_labels,
            "templateLabels" => &mut self.template_labels,
            "commonAnnotations" => &mut self.common_annotations,
            "images" => &mut self.images,
            "replicas" => &mut self.replicas,
            "varReference" => &mut self.var_reference,
            _ => return None,
        })
    }

    /// Adds a transformer configuration file.
    pub(super) fn add(&mut self, document: &Value) {
        for (key, field) in document.as_map().into_iter().flatten() {
            if key == "nameReference" {
                field.value.items().iter().for_each(|entry| self.add_reference(entry));
                continue;
            }
            let Some(list) = self.list(key) else { continue };
            for spec in field.value.items().iter().filter_map(FieldSpec::read) {
                add_spec(list, spec);
            }
        }
    }

    fn add_reference(&mut self, entry: &Value) {
        let word = |key: &str| SmolStr::new(entry.str_at(&[key]).unwrap_or_default());
        let target = Gvk { group: word("group"), version: word("version"), kind: word("kind") };
        let specs = entry.get("fieldSpecs").map(Value::items).into_iter().flatten();
        self.refer(target, specs.filter_map(FieldSpec::read));
    }

    fn refer(&mut self, target: Gvk, specs: impl Iterator<Item = FieldSpec>) {
        let known = self.name_reference.iter().position(|it| it.target == target);
        let at = known.unwrap_or_else(|| {
            self.name_reference.push(NameReference { target, fields: Vec::new() });
            self.name_reference.len() - 1
        });
        specs.for_each(|spec| add_spec(&mut self.name_reference[at].fields, spec));
    }

    /// Adds what the OpenAPI definitions of custom resources say about names, labels and annotations
    /// in their fields, by the extensions `x-kubernetes-object-ref-kind` and its like.
    pub(super) fn add_definitions(&mut self, document: &Value) {
        let Some(definitions) = document.as_map() else { return };
        for (name, field) in definitions {
            let Some(properties) = field
                .value
                .at(&["Schema", "properties"])
                .or_else(|| field.value.at(&["properties"]))
            else {
                continue;
            };
            let is_object =
                properties.get("kind").is_some() && properties.get("metadata").is_some();
            if is_object {
                let kind = name.rsplit('.').next().unwrap_or(name);
                let owner = Gvk { group: "".into(), version: "".into(), kind: kind.into() };
                self.add_properties(definitions, properties, &owner, &mut Vec::new());
            }
        }
    }

    fn add_properties(
        &mut self,
        definitions: &Map,
        properties: &Value,
        owner: &Gvk,
        path: &mut Vec<SmolStr>,
    ) {
        // A definition may lead back to itself.
        if path.len() > 16 {
            return;
        }
        for (key, field) in properties.as_map().into_iter().flatten() {
            path.push(key.clone());
            let spec = |create| FieldSpec { path: path.clone(), gvk: owner.clone(), create };
            let property = &field.value;
            if property.get("x-kubernetes-annotation").is_some() {
                add_spec(&mut self.common_annotations, spec(false));
            }
            if property.get("x-kubernetes-label-selector").is_some() {
                add_spec(&mut self.common_labels, spec(false));
            }
            if property.get("x-kubernetes-identity").is_some() {
                add_spec(&mut self.name_prefix, spec(false));
            }
            if let Some(kind) = property.str_at(&["x-kubernetes-object-ref-kind"]) {
                let version = property.str_at(&["x-kubernetes-object-ref-api-version"]);
                let mut name = spec(false);
                let key = property.str_at(&["x-kubernetes-object-ref-name-key"]);
                name.path.push(key.unwrap_or("name").into());
                let target = Gvk::parse(version.unwrap_or_default(), kind);
                self.refer(target, std::iter::once(name));
            }
            let inner = property.get("items").unwrap_or(property);
            let reference = inner.str_at(&["$ref"]).map(definition_name);
            let next = match reference.and_then(|it| definitions.get(it)) {
                Some(definition) => definition
                    .value
                    .at(&["Schema", "properties"])
                    .or_else(|| definition.value.at(&["properties"])),
                None => inner.get("properties"),
            };
            if let Some(next) = next {
                self.add_properties(definitions, next, owner, path);
            }
            path.pop();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let lists = [
            &self.name_prefix,
            &self.name_suffix,
            &self.namespace,
            &self.common_labels,
            &self.template_labels,
            &self.common_annotations,
            &self.images,
            &self.replicas,
            &self.var_reference,
        ];
        self.name_reference.is_empty() && lists.iter().all(|list| list.is_empty())
    }

    /// Adds all fields of another configuration.
    pub(super) fn merge(&mut self, other: &Config) {
        let pairs = [
            (&mut self.name_prefix, &other.name_prefix),
            (&mut self.name_suffix, &other.name_suffix),
            (&mut self.namespace, &other.namespace),
            (&mut self.common_labels, &other.common_labels),
            (&mut self.template_labels, &other.template_labels),
            (&mut self.common_annotations, &other.common_annotations),
            (&mut self.images, &other.images),
            (&mut self.replicas, &other.replicas),
            (&mut self.var_reference, &other.var_reference),
        ];
        for (own, others) in pairs {
            others.iter().cloned().for_each(|spec| add_spec(own, spec));
        }
        for reference in &other.name_reference {
            self.refer(reference.target.clone(), reference.fields.iter().cloned());
        }
    }
}

/// Adds a field that is not there yet.
pub(super) fn add_spec(list: &mut Vec<FieldSpec>, spec: FieldSpec) {
    if !list.iter().any(|known| known.is_same_field(&spec)) {
        list.push(spec);
    }
}

/// Reads kind, group and version; `-` stands for any.
fn gvk<'w>(mut words: impl Iterator<Item = &'w str>) -> Gvk {
    let mut next = || match words.next() {
        Some("-") | None => SmolStr::default(),
        Some(word) => word.into(),
    };
    let (kind, group, version) = (next(), next(), next());
    Gvk { group, version, kind }
}
