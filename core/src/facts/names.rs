//! Objects by kind, namespace and name.

use super::Facts;
use super::contract::ConfigKeys;
use super::sets::may_share_namespace;
use crate::model::kubernetes::{Body, Object};

/// The kinds that other objects name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    ConfigMap,
    /// A Secret, or something that makes one.
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

    /// Whether its objects live in no namespace.
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

/// The names that an object gives to what others read: a SealedSecret names the Secret that it
/// makes, a SecretProviderClass several.
fn given_names(object: &Object) -> Vec<&str> {
    match (&object.body, object.name()) {
        (Body::Secret(_), _) => object.secret_names(),
        (_, Some(name)) => vec![name.as_str()],
        _ => Vec::new(),
    }
}

/// Beyond this many candidates a near miss is no longer looked for.
pub const MANY: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Index<'a> {
    objects: Vec<&'a Object>,
    /// Places in `objects` by kind and name, in any namespace.
    by_name: crate::index::Index,
    by_kind: [Vec<&'a Object>; 6],
}

impl<'a> Index<'a> {
    pub(super) fn new(objects: &[&'a Object]) -> Index<'a> {
        let mut index = Index { objects: objects.to_vec(), ..Index::default() };
        for (at, object) in objects.iter().enumerate() {
            let Some(kind) = Named::of(object) else { continue };
            index.by_kind[kind as usize].push(object);
            for name in given_names(object) {
                index.by_name.add(&[kind.name(), name], at);
            }
        }
        index
    }

    /// Objects of this kind and name in any namespace.
    fn anywhere(&self, kind: Named, name: &str) -> Vec<&'a Object> {
        let mut found = Vec::new();
        for at in self.by_name.get(&[kind.name(), name]) {
            found.push(self.objects[*at]);
        }
        found
    }

    /// The keys of a ConfigMap (or, with `secret`, a Secret) that has this very namespace and name.
    pub(super) fn keys(&self, namespace: &str, name: &str, secret: bool) -> Option<ConfigKeys<'a>> {
        let mut all = self.anywhere(config_kind(secret), name).into_iter();
        let object = all.find(|it| {
            it.namespace() == namespace && it.name().is_some_and(|it| it.as_str() == name)
        });
        ConfigKeys::of(object?)
    }
}

fn config_kind(secret: bool) -> Named {
    if secret { Named::Secret } else { Named::ConfigMap }
}

impl<'a> Facts<'a> {
    /// The object of this kind and name in a namespace.
    pub fn named(&self, kind: Named, namespace: &str, name: &str) -> Option<&'a Object> {
        let mut chosen = None;
        for object in self.named.anywhere(kind, name) {
            if kind.is_cluster_wide() || object.namespace() == namespace {
                return Some(object);
            }
            if chosen.is_none() && may_share_namespace(object.namespace(), namespace) {
                chosen = Some(object);
            }
        }
        chosen
    }

    /// Objects of this kind and name in any namespace.
    pub fn named_anywhere(&self, kind: Named, name: &str) -> Vec<&'a Object> {
        self.named.anywhere(kind, name)
    }

    /// All objects of a kind.
    pub fn all_named(&self, kind: Named) -> &[&'a Object] {
        &self.named.by_kind[kind as usize]
    }

    /// The name of the same kind and namespace that is nearest to a misspelt one.
    pub fn near_name(&self, kind: Named, namespace: &str, name: &str) -> Option<&'a str> {
        let all = self.all_named(kind);
        // Among so many some name is always near, and it means nothing.
        if all.len() > MANY {
            return None;
        }
        let mut best = None;
        for object in all.iter().filter(|it| may_share_namespace(it.namespace(), namespace)) {
            for candidate in given_names(object) {
                compare(name, candidate, &mut best);
            }
        }
        best.map(|it| it.1)
    }

    /// The keys of a ConfigMap (or, with `secret`, a Secret).
    pub fn keys(&self, namespace: &str, name: &str, secret: bool) -> Option<ConfigKeys<'a>> {
        self.named(config_kind(secret), namespace, name).and_then(ConfigKeys::of)
    }
}

/// The candidate that is so near to a word that it is probably meant: one or two letters differ, in
/// one place. Names that differ by their number only, as `web-1` and `web-2`, are different things.
pub fn nearest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        compare(word, candidate, &mut best);
    }
    best.map(|it| it.1)
}

/// Takes the candidate if it is nearer than the best one before it.
#[inline(never)]
fn compare<'c>(word: &str, candidate: &'c str, best: &mut Option<(usize, &'c str)>) {
    let limit = if word.chars().count() <= 4 { 1 } else { 2 };
    let Some((here, there)) = difference(word, candidate) else { return };
    let number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    if here.len().max(there.len()) > 4 * limit || (number(here) && number(there)) {
        return;
    }
    let distance = distance(here, there, limit);
    if distance <= limit && best.is_none_or(|it| distance < it.0) {
        *best = Some((distance, candidate));
    }
}

/// What two words do not share, without their common start and end; none for equal words.
fn difference<'w>(a: &'w str, b: &'w str) -> Option<(&'w str, &'w str)> {
    let start = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    if start == a.len() && start == b.len() {
        return None;
    }
    let start = crate::text::floor_boundary(a, start);
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    let (a_end, b_end) = (a.len() - end, b.len() - end);
    // A letter of several bytes may have been cut in two: then it belongs to the difference.
    let up = |text: &str, mut at: usize| {
        while !text.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    Some((&a[..up(a, a_end)], &b[..up(b, b_end)]))
}

/// Optimal string alignment distance, or `limit + 1` where it is more.
fn distance(a: &str, b: &str, limit: usize) -> usize {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    // Most pairs differ too much at a glance, and a big project has millions of pairs.
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
        // A cell costs no less than the cheapest of the two rows before it.
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
