//! Objects by kind, namespace and name, and the names that misspelt ones probably mean.

use super::Facts;
use super::contract::ConfigKeys;
use super::sets::may_share_namespace;
use crate::model::kubernetes::{Body, Object};
use rustc_hash::FxHashMap;

/// The kinds that other objects name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    ConfigMap,
    /// A Secret, or an object from which one is made.
    Secret,
    Claim,
    ServiceAccount,
    PriorityClass,
    Service,
}

impl Named {
    pub fn name(self) -> &'static str {
        match self {
            Named::ConfigMap => "ConfigMap",
            Named::Secret => "Secret",
            Named::Claim => "PersistentVolumeClaim",
            Named::ServiceAccount => "ServiceAccount",
            Named::PriorityClass => "PriorityClass",
            Named::Service => "Service",
        }
    }

    /// Whether objects of this kind live outside of namespaces.
    fn is_cluster_wide(self) -> bool {
        self == Named::PriorityClass
    }

    fn of(object: &Object) -> Option<Named> {
        Some(match &object.body {
            Body::ConfigMap(_) => Named::ConfigMap,
            Body::Secret(_) => Named::Secret,
            Body::Claim(_) => Named::Claim,
            Body::ServiceAccount(_) => Named::ServiceAccount,
            Body::PriorityClass(_) => Named::PriorityClass,
            Body::Service(_) => Named::Service,
            _ => return None,
        })
    }
}

/// The names by which others refer to an object: a SealedSecret goes by the name of the Secret that
/// it makes, a SecretProviderClass by the names of several.
fn given_names(object: &Object) -> Vec<&str> {
    match (&object.body, object.name()) {
        (Body::Secret(_), _) => object.secret_names(),
        (_, Some(name)) => vec![name.as_str()],
        _ => Vec::new(),
    }
}

/// Maximum number of candidates among which a near miss is looked for. Among more of them some name
/// is always near, and means nothing.
pub const MANY: usize = 500;

/// The objects that others name, by their kind.
#[derive(Debug, Default)]
pub(super) struct NamedObjects<'a>(FxHashMap<Named, OfKind<'a>>);

#[derive(Debug, Default)]
struct OfKind<'a> {
    all: Vec<&'a Object>,
    /// In any namespace.
    by_name: FxHashMap<&'a str, Vec<&'a Object>>,
    /// By namespace, then by name.
    by_namespace: FxHashMap<&'a str, FxHashMap<&'a str, Vec<&'a Object>>>,
}

impl<'a> NamedObjects<'a> {
    pub(super) fn new(objects: &[&'a Object]) -> NamedObjects<'a> {
        let mut named = NamedObjects::default();
        for &object in objects {
            let Some(kind) = Named::of(object) else { continue };
            let of_kind = named.0.entry(kind).or_default();
            of_kind.all.push(object);
            let within = of_kind.by_namespace.entry(object.namespace()).or_default();
            for name in given_names(object) {
                of_kind.by_name.entry(name).or_default().push(object);
                within.entry(name).or_default().push(object);
            }
        }
        named
    }

    /// Objects of this kind and name in any namespace.
    fn anywhere(&self, kind: Named, name: &str) -> &[&'a Object] {
        let found = self.0.get(&kind).and_then(|it| it.by_name.get(name));
        found.map_or(&[], Vec::as_slice)
    }

    /// Objects of this kind and name in exactly this namespace.
    fn within(&self, kind: Named, namespace: &str, name: &str) -> &[&'a Object] {
        let within = self.0.get(&kind).and_then(|it| it.by_namespace.get(namespace));
        within.and_then(|it| it.get(name)).map_or(&[], Vec::as_slice)
    }

    /// The keys of a ConfigMap (or, with `secret`, a Secret) that has exactly this namespace and name.
    pub(super) fn keys(&self, namespace: &str, name: &str, secret: bool) -> Option<ConfigKeys<'a>> {
        let all = self.within(config_kind(secret), namespace, name);
        let object = all.iter().find(|it| it.name().is_some_and(|own| own.as_str() == name));
        ConfigKeys::of(object?)
    }
}

fn config_kind(secret: bool) -> Named {
    if secret { Named::Secret } else { Named::ConfigMap }
}

impl<'a> Facts<'a> {
    /// Returns the object of this kind and name in a namespace, or else one that may be applied to it.
    pub fn named(&self, kind: Named, namespace: &str, name: &str) -> Option<&'a Object> {
        let first = |objects: &[&'a Object]| objects.first().copied();
        let anywhere = || first(self.named.anywhere(kind, name));
        if kind.is_cluster_wide() {
            return anywhere();
        }
        first(self.named.within(kind, namespace, name)).or_else(|| match namespace {
            "default" => anywhere(),
            _ => first(self.named.within(kind, "default", name)),
        })
    }

    /// Returns the objects of this kind and name in any namespace.
    pub fn named_anywhere(&self, kind: Named, name: &str) -> &[&'a Object] {
        self.named.anywhere(kind, name)
    }

    /// Returns all objects of a kind.
    pub fn all_named(&self, kind: Named) -> &[&'a Object] {
        self.named.0.get(&kind).map_or(&[], |it| &it.all)
    }

    /// Whether a namespace holds any object of a kind.
    pub fn has_named_in(&self, kind: Named, namespace: &str) -> bool {
        self.named.0.get(&kind).is_some_and(|it| it.by_namespace.contains_key(namespace))
    }

    /// Returns the name of the same kind and namespace that is nearest to a misspelt one.
    pub fn near_name(&self, kind: Named, namespace: &str, name: &str) -> Option<&'a str> {
        let all = self.all_named(kind);
        if all.len() > MANY {
            return None;
        }
        let here = all.iter().filter(|it| may_share_namespace(it.namespace(), namespace));
        nearest(name, here.flat_map(|it| given_names(it)))
    }

    /// Returns the keys of a ConfigMap (or, with `secret`, a Secret).
    pub fn keys(&self, namespace: &str, name: &str, secret: bool) -> Option<ConfigKeys<'a>> {
        self.named(config_kind(secret), namespace, name).and_then(ConfigKeys::of)
    }
}

/// Returns the candidate that was probably meant by a misspelt word: one or two letters differ, in
/// one place. Names that differ only by their number, such as `web-1` and `web-2`, are different
/// things.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let limit = if word.chars().count() <= 4 { 1 } else { 2 };
    let near = candidates.filter_map(|it| Some((distance(word, it, limit)?, it)));
    near.min_by_key(|it| it.0).map(|it| it.1)
}

/// The distance between two different words, unless it is more than `limit`.
fn distance(word: &str, candidate: &str, limit: usize) -> Option<usize> {
    let (here, there) = difference(word, candidate)?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if here.len().max(there.len()) > 4 * limit || (is_number(here) && is_number(there)) {
        return None;
    }
    let distance = alignment_distance(here, there, limit);
    (distance <= limit).then_some(distance)
}

/// The parts of two words between their common start and end; `None` for equal words.
fn difference<'w>(a: &'w str, b: &'w str) -> Option<(&'w str, &'w str)> {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    if start == a.len() && start == b.len() {
        return None;
    }
    let start = crate::text::floor_boundary(a, start);
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    let (a_end, b_end) = (a.len() - end, b.len() - end);
    // A character of several bytes that was cut in two belongs to the difference.
    let up = |text: &str, mut at: usize| {
        while !text.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    Some((&a[..up(a, a_end)], &b[..up(b, b_end)]))
}

/// Returns the optimal string alignment distance, or `limit + 1` where it is more.
fn alignment_distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut older = above.clone();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut cost = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(older[j - 1] + 1);
            }
            row.push(cost);
        }
        older = std::mem::replace(&mut above, row);
        // No cell costs less than the cheapest one in the two rows above it.
        if older.iter().chain(&above).all(|it| *it > limit) {
            return limit + 1;
        }
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_one_or_two_letters() {
        let names = ["redis", "postgres", "db", "web"];
        assert_eq!(nearest("reids", names.into_iter()), Some("redis"));
        assert_eq!(nearest("postgress", names.into_iter()), Some("postgres"));
        assert_eq!(nearest("api", names.into_iter()), None);
        assert_eq!(nearest("redis", names.into_iter()), None, "an exact name is no near miss");
        assert_eq!(nearest("web-1", ["web-2", "web-10"].into_iter()), None, "another member");
        assert_eq!(nearest("größe", ["grösse", "grüße"].into_iter()), Some("grüße"));
    }
}
