//! Strategic merge patches, as Kustomize merges them: `null` clears, lists merge where the schema
//! says by which keys, and the patch's items come first.
//!
//! Directives other than `$patch` (`$retainKeys`, `$setElementOrder`, `$deleteFromPrimitiveList`) mean
//! nothing to Kustomize, which keeps them as ordinary fields.

mod lists;

use super::schema::{Merge, Schema, Type};
use super::value::{Data, Field, Map, Value};
use crate::text::Span;

const DIRECTIVE: &str = "$patch";

/// Effect of a patch on a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Kept,
    Cleared,
}

/// What a mapping of a patch says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// A place where patch and object have different shapes.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub span: Span,
    pub message: String,
}

pub(super) struct Merger<'s> {
    pub schema: &'s Schema,
    pub mismatches: Vec<Mismatch>,
    /// What scalars elsewhere in the object have to become.
    twins: Vec<(Span, Value)>,
}

impl<'s> Merger<'s> {
    pub(super) fn new(schema: &'s Schema) -> Merger<'s> {
        Merger { schema, mismatches: Vec::new(), twins: Vec::new() }
    }

    /// Merges a patch into an object. The patch is of the object's kind, whatever it says itself.
    pub(super) fn object(&mut self, object: &mut Value, patch: &Value) -> Outcome {
        let schema = self.schema.of_object(object);
        let outcome = self.maps(object, patch, schema);
        for (twin, new) in std::mem::take(&mut self.twins) {
            object.change_twins(twin, &new);
        }
        outcome
    }

    /// Merges any patch into any value.
    fn values(
        &mut self,
        dest: &mut Value,
        patch: &Value,
        merge: &Merge,
        of: Option<Type<'_>>,
    ) -> Outcome {
        if patch.is_null() {
            return Outcome::Cleared;
        }
        if dest.is_null() {
            return self.added(patch, merge, of).map_or(Outcome::Cleared, |value| {
                *dest = value;
                Outcome::Kept
            });
        }
        match (&mut dest.data, &patch.data) {
            (Data::Map(_), Data::Map(_)) => self.maps(dest, patch, of),
            (Data::List(_), Data::List(_)) if *merge != Merge::Replace => {
                self.lists(dest, patch, merge, of)
            }
            (Data::Scalar(_), Data::Scalar(_)) => {
                self.twins.extend(dest.overwrite(patch));
                Outcome::Kept
            }
            (Data::List(_), Data::List(_)) => {
                *dest = patch.clone();
                Outcome::Kept
            }
            (Data::Map(_) | Data::List(_) | Data::Scalar(_), _) => {
                self.mismatches.push(Mismatch {
                    span: patch.span,
                    message: format!(
                        "the patch has {} where the object has {}",
                        shape(&patch.data),
                        shape(&dest.data)
                    ),
                });
                *dest = patch.clone();
                Outcome::Kept
            }
        }
    }

    fn maps(&mut self, dest: &mut Value, patch: &Value, of: Option<Type<'_>>) -> Outcome {
        match directive(patch) {
            Directive::Delete => return Outcome::Cleared,
            Directive::Replace => {
                *dest = self.added_map(patch, of);
                return Outcome::Kept;
            }
            Directive::Merge => {}
        }
        let of = of.or_else(|| self.embedded(dest, patch));
        let Some(fields) = patch.as_map() else { return Outcome::Kept };
        for (key, field) in fields {
            if key == DIRECTIVE {
                continue;
            }
            let rule = of.and_then(|it| it.rule(key));
            let merge = rule.map_or(&Merge::Replace, |rule| &rule.merge);
            let inner = of.and_then(|it| it.field(key));
            let Some(map) = dest.as_map_mut() else { break };
            match map.get_mut(key) {
                Some(old) => {
                    if self.values(&mut old.value, &field.value, merge, inner) == Outcome::Cleared {
                        map.shift_remove(key);
                    }
                }
                None => {
                    if let Some(value) = self.added(&field.value, merge, inner) {
                        map.insert(key.clone(), Field { key: field.key, value });
                    }
                }
            }
        }
        for (key, field) in dest.as_map_mut().into_iter().flatten() {
            if !fields.contains_key(key) {
                self.settle_field(key, &mut field.value, of);
            }
        }
        Outcome::Kept
    }

    /// Brings a part of the object that the patch does not mention into the form that Kustomize leaves: it
    /// goes through the whole object, and lists lose the items that stand twice.
    fn settle(&mut self, value: &mut Value, merge: &Merge, of: Option<Type<'_>>) {
        let of = match value.as_map() {
            Some(_) => of.or_else(|| self.schema.of_object(value)),
            None => of,
        };
        match &mut value.data {
            Data::Scalar(_) => {}
            Data::Map(map) => {
                for (key, field) in map {
                    self.settle_field(key, &mut field.value, of);
                }
            }
            Data::List(items) => self.settle_list(items, merge, of),
        }
    }

    fn settle_field(&mut self, key: &str, value: &mut Value, owner: Option<Type<'_>>) {
        let rule = owner.and_then(|it| it.rule(key));
        let merge = rule.map_or(&Merge::Replace, |rule| &rule.merge);
        self.settle(value, merge, owner.and_then(|it| it.field(key)));
    }

    /// Returns the schema of an object that stands inside another one and says its own kind.
    fn embedded(&self, dest: &Value, patch: &Value) -> Option<Type<'s>> {
        self.schema.of_object(dest).or_else(|| self.schema.of_object(patch))
    }

    /// Returns a part of the patch for which the object has nothing yet: without its nulls and directives.
    fn added(&mut self, patch: &Value, merge: &Merge, of: Option<Type<'_>>) -> Option<Value> {
        if patch.is_null() {
            return None;
        }
        match &patch.data {
            Data::Map(_) if directive(patch) == Directive::Delete => None,
            Data::Map(_) => Some(self.added_map(patch, of)),
            Data::List(_) if *merge != Merge::Replace => self.added_list(patch, merge, of),
            Data::List(_) | Data::Scalar(_) => Some(patch.clone()),
        }
    }

    fn added_map(&mut self, patch: &Value, of: Option<Type<'_>>) -> Value {
        let of = of.or_else(|| self.schema.of_object(patch));
        let mut map = Map::default();
        for (key, field) in patch.as_map().into_iter().flatten() {
            if key == DIRECTIVE && directive_of(&field.value).is_some() {
                continue;
            }
            let rule = of.and_then(|it| it.rule(key));
            let merge = rule.map_or(&Merge::Replace, |rule| &rule.merge);
            if let Some(value) = self.added(&field.value, merge, of.and_then(|it| it.field(key))) {
                map.insert(key.clone(), Field { key: field.key, value });
            }
        }
        Value { data: Data::Map(map), span: patch.span }
    }
}

/// Returns what a mapping says under `$patch`.
fn directive(patch: &Value) -> Directive {
    patch.get(DIRECTIVE).and_then(directive_of).unwrap_or(Directive::Merge)
}

fn directive_of(value: &Value) -> Option<Directive> {
    match value.as_str()? {
        "delete" => Some(Directive::Delete),
        "replace" => Some(Directive::Replace),
        "merge" => Some(Directive::Merge),
        _ => None,
    }
}

fn shape(data: &Data) -> &'static str {
    match data {
        Data::Map(_) => "a mapping",
        Data::List(_) => "a list",
        Data::Scalar(_) => "a plain value",
    }
}
