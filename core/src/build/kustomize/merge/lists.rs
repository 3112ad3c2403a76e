//! Lists whose items have an identity: the values under some keys, or the items themselves.
//!
//! With one key, the patch's items come first, in its order; with several keys, the items that only the
//! patch has come first. Where items leave some of several keys out, Kustomize matches them in a way
//! of its own ([`Loose`]), which is reproduced here since that is what reaches the cluster.

use super::{DIRECTIVE, Directive, Merger, Outcome, directive};
use crate::build::kustomize::schema::{Merge, Type};
use crate::build::kustomize::value::{Data, Value};
use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxBuildHasher, FxHashSet};
use smol_str::SmolStr;

/// Maximum number of items for which incomplete keys are matched as Kustomize matches them, in quadratic
/// time.
const MAX_LOOSE: usize = 1_000;

/// The values of an item under the keys of its list; empty where a key is missing.
type Identity = Vec<SmolStr>;

impl Merger<'_> {
    pub(super) fn lists(
        &mut self,
        dest: &mut Value,
        patch: &Value,
        merge: &Merge,
        of: Option<Type<'_>>,
    ) -> Outcome {
        match list_directive(patch) {
            Directive::Delete => return Outcome::Cleared,
            Directive::Replace => {
                let rest = without_directive(patch);
                return match self.added_list(&rest, merge, of) {
                    Some(value) => {
                        *dest = value;
                        Outcome::Kept
                    }
                    None => Outcome::Cleared,
                };
            }
            Directive::Merge => {}
        }
        let old = match &mut dest.data {
            Data::List(items) => std::mem::take(items),
            Data::Map(_) | Data::Scalar(_) => Vec::new(),
        };
        let new = match merge {
            Merge::Replace => patch.items().to_vec(),
            Merge::Values => merge_values(&old, patch.items()),
            Merge::By(keys) => self.merge_items(old, patch.items().to_vec(), keys, of),
        };
        dest.data = Data::List(new);
        Outcome::Kept
    }

    /// Returns a list of the patch for which the object has none yet.
    pub(super) fn added_list(
        &mut self,
        patch: &Value,
        merge: &Merge,
        of: Option<Type<'_>>,
    ) -> Option<Value> {
        match list_directive(patch) {
            Directive::Delete => None,
            Directive::Replace | Directive::Merge => {
                let items = match merge {
                    Merge::By(keys) => {
                        let items = without_directive(patch).items().to_vec();
                        // Where keys are missing or values are there twice, it shows that Kustomize
                        // merges the list with itself.
                        let old = if is_loose(&items, keys) { items.clone() } else { Vec::new() };
                        self.merge_items(old, items, keys, of)
                    }
                    Merge::Values | Merge::Replace => patch.items().to_vec(),
                };
                Some(Value { data: Data::List(items), span: patch.span })
            }
        }
    }

    /// Settles a list that the patch does not mention.
    pub(super) fn settle_list(
        &mut self,
        items: &mut Vec<Value>,
        merge: &Merge,
        of: Option<Type<'_>>,
    ) {
        match merge {
            Merge::Replace => {}
            Merge::Values => *items = merge_values(items, &[]),
            Merge::By(keys) if is_loose(items, keys) => {
                let old = std::mem::take(items);
                *items = self.merge_items(old, Vec::new(), keys, of);
            }
            Merge::By(_) => {
                items.iter_mut().for_each(|item| self.settle(item, &Merge::Replace, of));
            }
        }
    }

    fn merge_items(
        &mut self,
        old: Vec<Value>,
        patch: Vec<Value>,
        keys: &[SmolStr],
        of: Option<Type<'_>>,
    ) -> Vec<Value> {
        let all: Vec<&Value> = old.iter().chain(&patch).collect();
        let used = used_keys(&all, keys);
        if used.len() > 1 && !are_complete(&all, &used) && all.len() <= MAX_LOOSE {
            return Loose { old, patch, keys: &used, of }.merge(self);
        }
        if used.is_empty() {
            return patch.into_iter().chain(old).collect();
        }
        self.merge_by_identity(old, patch, &used, of)
    }

    /// Merges an item of a patch into the one that it means. The keys by which it was found change nothing, so that
    /// they stay where the object has them.
    fn item(&mut self, old: &mut Value, patch: &Value, keys: &[SmolStr], of: Option<Type<'_>>) {
        let own: Vec<(&SmolStr, Value)> = keys
            .iter()
            .filter_map(|key| Some((key, old.get(key)?.clone())))
            .filter(|(key, value)| patch.get(key).and_then(Value::as_str) == value.as_str())
            .collect();
        self.maps(old, patch, of);
        for (key, value) in own {
            if let Some(field) = old.as_map_mut().and_then(|it| it.get_mut(key)) {
                field.value = value;
            }
        }
    }

    fn merge_by_identity(
        &mut self,
        old: Vec<Value>,
        patch: Vec<Value>,
        keys: &[SmolStr],
        of: Option<Type<'_>>,
    ) -> Vec<Value> {
        let mut known: IndexMap<Identity, Known, FxBuildHasher> = IndexMap::default();
        for item in old {
            let place = known.entry(identity(&item, keys)).or_default();
            // Of items that are there twice, Kustomize keeps the last, and patches the first in vain.
            place.twice = place.item.is_some();
            place.item = Some(item);
        }
        let mut done: FxHashSet<Identity> = FxHashSet::default();
        let mut first = Vec::new();
        for item in patch {
            let id = identity(&item, keys);
            if !done.insert(id.clone()) {
                continue;
            }
            let place = known.get_mut(&id);
            let Some((place, mut found)) = place.and_then(|it| it.item.take().map(|old| (it, old)))
            else {
                first.extend(self.added(&item, &Merge::Replace, of));
                continue;
            };
            match directive(&item) {
                Directive::Delete => continue,
                // Kustomize leaves an item as it was that is to be replaced.
                Directive::Replace => {}
                Directive::Merge if place.twice => {}
                Directive::Merge => self.item(&mut found, &item, keys, of),
            }
            match keys.len() {
                1 => first.push(found),
                _ => place.item = Some(found),
            }
        }
        for mut item in known.into_values().filter_map(|place| place.item) {
            self.settle(&mut item, &Merge::Replace, of);
            first.push(item);
        }
        first
    }
}

/// What an object has under one identity.
#[derive(Default)]
struct Known {
    item: Option<Value>,
    twice: bool,
}

/// Returns the keys that at least one item has.
fn used_keys(items: &[&Value], keys: &[SmolStr]) -> Vec<SmolStr> {
    let used = |key: &&SmolStr| items.iter().any(|item| !value_of(item, key).is_empty());
    keys.iter().filter(used).cloned().collect()
}

/// Whether all items have all keys.
fn are_complete(items: &[&Value], keys: &[SmolStr]) -> bool {
    items.iter().all(|item| keys.iter().all(|key| !value_of(item, key).is_empty()))
}

/// Whether some items leave out some of several keys, or are there twice.
fn is_loose(items: &[Value], keys: &[SmolStr]) -> bool {
    let all: Vec<&Value> = items.iter().collect();
    let used = used_keys(&all, keys);
    let distinct: FxHashSet<Identity> = items.iter().map(|item| identity(item, &used)).collect();
    (used.len() > 1 && !are_complete(&all, &used)) || distinct.len() < items.len()
}

/// Items of which some leave out some of the list's keys.
struct Loose<'l> {
    old: Vec<Value>,
    patch: Vec<Value>,
    keys: &'l [SmolStr],
    of: Option<Type<'l>>,
}

/// An item of either side, by its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Old(usize),
    Patch(usize),
}

impl Loose<'_> {
    fn merge(mut self, merger: &mut Merger<'_>) -> Vec<Value> {
        let mut gone = vec![false; self.old.len()];
        let mut result: Vec<Item> = Vec::new();
        for wanted in self.identities() {
            let old = find(&self.old, self.keys, &wanted);
            let patch = find(&self.patch, self.keys, &wanted);
            let item = match (old, patch) {
                (Some(old), Some(patch)) => {
                    let change = self.patch[patch].clone();
                    if directive(&change) == Directive::Delete {
                        gone[old] = true;
                        continue;
                    }
                    if directive(&change) == Directive::Merge {
                        merger.item(&mut self.old[old], &change, self.keys, self.of);
                    }
                    Item::Old(old)
                }
                (Some(old), None) => Item::Old(old),
                (None, Some(patch)) => {
                    match merger.added(&self.patch[patch].clone(), &Merge::Replace, self.of) {
                        Some(value) => self.patch[patch] = value,
                        None => continue,
                    }
                    Item::Patch(patch)
                }
                (None, None) => continue,
            };
            self.put(&mut result, item, &wanted);
        }
        // What the object has goes behind, and pushes out what it equals.
        for old in (0..self.old.len()).filter(|old| !gone[*old]) {
            let values = identity(&self.old[old], self.keys);
            let known: Identity =
                values.iter().filter(|value| !value.is_empty()).cloned().collect();
            if known.len() < values.len() {
                result.push(Item::Old(old));
            }
            result.retain(|item| !self.fits(*item, &known));
            result.push(Item::Old(old));
        }
        let take = |item: Item| match item {
            Item::Old(at) => self.old[at].clone(),
            Item::Patch(at) => self.patch[at].clone(),
        };
        result.into_iter().map(take).collect()
    }

    /// Returns the identities of the items of both sides, the patch's first. Two identities that have
    /// something in common and do not contradict each other become one.
    fn identities(&self) -> Vec<Identity> {
        let all = self.patch.iter().chain(&self.old).map(|item| identity(item, self.keys));
        let distinct: IndexSet<Identity, FxBuildHasher> = all.collect();
        let mut list: Vec<Identity> = distinct.into_iter().collect();
        for one in 0..list.len() {
            for two in 0..list.len() {
                if let Some(both) = unite(&list[one], &list[two]) {
                    list[one].clone_from(&both);
                    list[two] = both;
                }
            }
        }
        list
    }

    /// Replaces the item of the result with these values, or adds one.
    fn put(&self, result: &mut Vec<Item>, item: Item, wanted: &Identity) {
        let mut found = false;
        for place in result.iter_mut() {
            if self.fits(*place, wanted) {
                *place = item;
                found = true;
            }
        }
        if !found {
            result.push(item);
        }
    }

    /// Whether an item has the keys with these values; an empty value fits any, and keys beyond the
    /// values are not asked.
    fn fits(&self, item: Item, values: &Identity) -> bool {
        let value = match item {
            Item::Old(at) => &self.old[at],
            Item::Patch(at) => &self.patch[at],
        };
        self.keys.iter().zip(values).all(|(key, wanted)| match value.get(key) {
            Some(own) => wanted.is_empty() || own.as_str() == Some(wanted),
            None => false,
        })
    }
}

/// Returns the first item that has all the values that are known.
fn find(items: &[Value], keys: &[SmolStr], wanted: &Identity) -> Option<usize> {
    items.iter().position(|item| {
        keys.iter()
            .zip(wanted)
            .filter(|(_, wanted)| !wanted.is_empty())
            .all(|(key, wanted)| value_of(item, key) == wanted.as_str())
    })
}

fn unite(one: &Identity, two: &Identity) -> Option<Identity> {
    let fits = |(one, two): (&SmolStr, &SmolStr)| one == two || one.is_empty() || two.is_empty();
    let common = one.iter().zip(two).any(|(one, two)| one == two);
    if !common || !one.iter().zip(two).all(fits) {
        return None;
    }
    let fuller = |(one, two): (&SmolStr, &SmolStr)| if one.is_empty() { two } else { one }.clone();
    Some(one.iter().zip(two).map(fuller).collect())
}

fn value_of<'v>(item: &'v Value, key: &str) -> &'v str {
    item.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn identity(item: &Value, keys: &[SmolStr]) -> Identity {
    keys.iter().map(|key| SmolStr::new(value_of(item, key))).collect()
}

/// Returns the patch's plain values, then the object's others.
fn merge_values(old: &[Value], patch: &[Value]) -> Vec<Value> {
    let mut values: IndexMap<&str, &Value, FxBuildHasher> = IndexMap::default();
    for value in patch.iter().chain(old) {
        values.entry(value.as_str().unwrap_or_default()).or_insert(value);
    }
    values.into_values().cloned().collect()
}

/// Returns what a list of a patch says about itself, by an item that has nothing but the directive.
fn list_directive(patch: &Value) -> Directive {
    let alone = patch.items().iter().find(|item| is_directive(item));
    alone.map_or(Directive::Merge, directive)
}

fn is_directive(item: &Value) -> bool {
    item.as_map().is_some_and(|map| map.len() == 1 && map.contains_key(DIRECTIVE))
}

fn without_directive(patch: &Value) -> Value {
    let items = patch.items().iter().filter(|item| !is_directive(item)).cloned();
    Value { data: Data::List(items.collect()), span: patch.span }
}
