//! What Kustomize knows about kinds: their scope, and how patches merge their lists.

use super::value::Value;
use rustc_hash::FxHashMap;
use smol_str::SmolStr;

const BUILT_IN: &str = include_str!("data/schema.txt");

/// Maximum length of a chain of `$ref` in a schema of the user's own.
const MAX_REFERENCES: usize = 16;

/// The kinds and types of the built-in schema, or of one that a kustomization brings.
#[derive(Debug, Clone, Default)]
pub(super) struct Schema {
    kinds: FxHashMap<(SmolStr, SmolStr), Kind>,
    types: FxHashMap<SmolStr, FxHashMap<SmolStr, Rule>>,
}

#[derive(Debug, Clone)]
struct Kind {
    cluster: bool,
    name: SmolStr,
}

/// How a patch changes one field.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub merge: Merge,
    /// The type of the mapping, or of the list's items.
    of: Option<SmolStr>,
}

/// How a patch changes a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Merge {
    #[default]
    Replace,
    /// Plain values that are not there yet are added.
    Values,
    /// Items with equal values under these keys are one item.
    By(Vec<SmolStr>),
}

/// A type of the schema, by name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type<'s> {
    schema: &'s Schema,
    fields: &'s FxHashMap<SmolStr, Rule>,
}

impl Schema {
    pub(super) fn built_in() -> Schema {
        let mut schema = Schema::default();
        for line in BUILT_IN.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("kind") => schema.add_kind(words),
                Some("field") => schema.add_field(words),
                _ => {}
            }
        }
        schema
    }

    fn add_kind<'w>(&mut self, mut words: impl Iterator<Item = &'w str>) {
        let mut next = || SmolStr::new(words.next().unwrap_or_default());
        let key = (next(), next());
        let cluster = next() == "cluster";
        self.kinds.insert(key, Kind { cluster, name: next() });
    }

    fn add_field<'w>(&mut self, mut words: impl Iterator<Item = &'w str>) {
        let mut next = || SmolStr::new(words.next().unwrap_or_default());
        let (owner, name, how) = (next(), next(), next());
        let rest: Vec<SmolStr> = words.map(SmolStr::new).collect();
        let mut parts = rest.split(|word| word == "of");
        let keys = parts.next().unwrap_or_default().to_vec();
        let after_of = parts.next().and_then(|part| part.first().cloned());
        let rule = match how.as_str() {
            "by" => Rule { merge: Merge::By(keys), of: after_of },
            "values" => Rule { merge: Merge::Values, of: None },
            "items" => Rule { merge: Merge::Replace, of: after_of },
            // `of TYPE`
            _ => Rule { merge: Merge::Replace, of: keys.into_iter().next() },
        };
        self.types.entry(owner).or_default().insert(name, rule);
    }

    /// Returns the schema of an OpenAPI document that a kustomization names under `openapi`. It replaces
    /// the built-in schema, of which only the scopes stay.
    pub(super) fn with_definitions(&self, document: &Value) -> Schema {
        let mut schema = Schema::default();
        for (key, kind) in &self.kinds {
            let nameless = Kind { cluster: kind.cluster, name: SmolStr::default() };
            schema.kinds.insert(key.clone(), nameless);
        }
        schema.add_definitions(document);
        schema
    }

    fn add_definitions(&mut self, document: &Value) {
        let Some(definitions) = document.get("definitions").and_then(Value::as_map) else { return };
        for (name, field) in definitions {
            let properties = field.value.get("properties").and_then(Value::as_map);
            let mut fields: FxHashMap<SmolStr, Rule> = FxHashMap::default();
            for (key, property) in properties.into_iter().flatten() {
                let owner = [name.as_str(), "/", key].concat();
                let rule = self.rule_of(&property.value, &owner, 0);
                fields.insert(key.clone(), rule);
            }
            self.types.insert(name.clone(), fields);
            let groups = field.value.get("x-kubernetes-group-version-kind");
            for entry in groups.map(Value::items).into_iter().flatten() {
                let word = |key: &str| entry.str_at(&[key]).unwrap_or_default();
                let version = match word("group") {
                    "" => SmolStr::new(word("version")),
                    group => [group, "/", word("version")].concat().into(),
                };
                let key = (version, SmolStr::new(word("kind")));
                let cluster = self.kinds.get(&key).is_some_and(|kind| kind.cluster);
                self.kinds.insert(key, Kind { cluster, name: name.clone() });
            }
        }
    }

    /// Reads how the user's own schema merges a property. Nested properties become types of their own.
    fn rule_of(&mut self, property: &Value, owner: &str, depth: usize) -> Rule {
        let word = |key: &str| property.str_at(&[key]);
        let strategy = word("x-kubernetes-patch-strategy").unwrap_or_default();
        let map_keys: Vec<SmolStr> = property
            .get("x-kubernetes-list-map-keys")
            .map(Value::items)
            .into_iter()
            .flatten()
            .filter_map(|key| key.as_str().map(SmolStr::new))
            .collect();
        let merge = match (strategy.contains("merge"), word("x-kubernetes-patch-merge-key")) {
            (false, _) => Merge::Replace,
            (true, _) if !map_keys.is_empty() => Merge::By(map_keys),
            (true, Some(key)) => Merge::By(vec![key.into()]),
            (true, None) => Merge::Values,
        };
        let inner = property.get("items").unwrap_or(property);
        let of = match inner.str_at(&["$ref"]) {
            Some(reference) => Some(definition_name(reference).into()),
            None => self.nested_type(inner, owner, depth),
        };
        Rule { merge, of }
    }

    fn nested_type(&mut self, schema: &Value, owner: &str, depth: usize) -> Option<SmolStr> {
        let properties = schema.get("properties").and_then(Value::as_map)?;
        if depth > MAX_REFERENCES {
            return None;
        }
        let mut fields: FxHashMap<SmolStr, Rule> = FxHashMap::default();
        for (key, property) in properties {
            let rule = self.rule_of(&property.value, &[owner, "/", key].concat(), depth + 1);
            fields.insert(key.clone(), rule);
        }
        self.types.insert(owner.into(), fields);
        Some(owner.into())
    }

    /// Whether a kind is certainly cluster-scoped.
    pub(super) fn is_cluster_scoped(&self, version: &str, kind: &str) -> bool {
        self.kinds.get(&(version.into(), kind.into())).is_some_and(|kind| kind.cluster)
    }

    /// Returns the type of an object that says its `apiVersion` and `kind`.
    pub(super) fn of_object(&self, object: &Value) -> Option<Type<'_>> {
        let version = object.str_at(&["apiVersion"])?;
        let kind = object.str_at(&["kind"])?;
        let kind = self.kinds.get(&(version.into(), kind.into()))?;
        self.type_named(&kind.name)
    }

    fn type_named(&self, name: &str) -> Option<Type<'_>> {
        self.types.get(name).map(|fields| Type { schema: self, fields })
    }
}

/// Returns the name of the definition that a `$ref` leads to.
pub(super) fn definition_name(reference: &str) -> &str {
    reference.strip_prefix("#/definitions/").unwrap_or(reference)
}

impl<'s> Type<'s> {
    pub(super) fn rule(self, field: &str) -> Option<&'s Rule> {
        self.fields.get(field)
    }

    /// Returns the type of a field's mapping, or of its list's items.
    pub(super) fn field(self, field: &str) -> Option<Type<'s>> {
        self.schema.type_named(self.rule(field)?.of.as_ref()?)
    }
}
