//! Objects by kind, namespace and name, and the names that misspelt ones probably mean.

use super::commands::says_default;
use super::contract::ConfigKeys;
use super::sets::{MAX_ALTERNATIVES, Sets, World, may_share_namespace, rings};
use super::spelled::SpelledNames;
use super::{Facts, Workload};
use crate::model::FileModel;
use crate::model::kubernetes::{Body, Object};
use crate::report::phrases::RELEASE;
use crate::text::{FileId, nearest};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The kinds that other objects name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub fn is_cluster_wide(self) -> bool {
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

/// The objects that others name, by their kind. Each list is sorted by path.
#[derive(Debug, Default)]
pub(super) struct NamedObjects<'a> {
    files: &'a [Arc<FileModel>],
    by_kind: FxHashMap<Named, OfKind<'a>>,
}

#[derive(Debug, Default)]
struct OfKind<'a> {
    /// By what they are applied with, then by namespace.
    by_world: FxHashMap<World, FxHashMap<&'a str, Vec<&'a Object>>>,
    /// In any namespace.
    by_name: FxHashMap<&'a str, Vec<&'a Object>>,
    /// By what they are applied with, by namespace and by name.
    within: FxHashMap<(World, &'a str, &'a str), Vec<&'a Object>>,
    /// By what they are applied with and by name.
    anywhere: FxHashMap<(World, &'a str), Vec<&'a Object>>,
    /// Those whose name has a hash, by what they are applied with and by the name that a generator gives them.
    generated: FxHashMap<(World, &'a str), Vec<&'a Object>>,
    names: SpelledNames<'a>,
}

impl<'a> NamedObjects<'a> {
    pub(super) fn new(
        files: &'a [Arc<FileModel>],
        objects: &[&'a Object],
        sets: &Sets,
    ) -> NamedObjects<'a> {
        let mut named = NamedObjects { files, by_kind: FxHashMap::default() };
        let mut objects: Vec<(Named, &Object)> =
            objects.iter().filter_map(|object| Some((Named::of(object)?, *object))).collect();
        objects.sort_by_key(|(_, object)| named.path(object.file));
        for (kind, object) in objects {
            let (world, namespace) = (sets.world(object.file), object.namespace());
            let of_kind = named.by_kind.entry(kind).or_default();
            let in_world = of_kind.by_world.entry(world).or_default();
            in_world.entry(namespace).or_default().push(object);
            if object.name_before_hash().is_some() {
                let place = object.name_span();
                let written = files[place.file.index()].unquoted(&place);
                of_kind.generated.entry((world, written)).or_default().push(object);
            }
            for name in given_names(object) {
                let of_name = of_kind.by_name.entry(name).or_default();
                if of_name.is_empty() {
                    of_kind.names.push(name);
                }
                of_name.push(object);
                of_kind.within.entry((world, namespace, name)).or_default().push(object);
                of_kind.anywhere.entry((world, name)).or_default().push(object);
            }
        }
        named
    }

    /// Returns every object with each name by which others refer to it.
    pub(super) fn all(&self) -> impl Iterator<Item = (Named, &'a Object, &'a str)> + '_ {
        self.by_kind.iter().flat_map(|(kind, of_kind)| {
            let by_name = of_kind.by_name.iter();
            by_name.flat_map(|(name, objects)| objects.iter().map(|it| (*kind, *it, *name)))
        })
    }

    fn path(&self, file: FileId) -> &'a str {
        &self.files[file.index()].file.path
    }

    /// Returns the objects of a list that may be applied together with a file, the nearest first.
    fn together<'f>(
        &'f self,
        sets: &'f Sets,
        home: FileId,
        objects: Option<&'f Vec<&'a Object>>,
    ) -> impl Iterator<Item = &'a Object> + use<'f, 'a> {
        let objects = objects.map_or(&[][..], Vec::as_slice);
        let around = rings(objects, self.path(home), |object| self.path(object.file));
        let near = around.flatten().flatten().copied().take(MAX_ALTERNATIVES);
        near.filter(move |object| sets.together(home, object.file))
    }

    /// Returns the nearest object of this kind and name in any namespace.
    fn anywhere(&self, sets: &Sets, kind: Named, home: FileId, name: &str) -> Option<&'a Object> {
        let all = self.by_kind.get(&kind)?.anywhere.get(&(sets.world(home), name));
        self.together(sets, home, all).next()
    }

    /// Returns the nearest object of this kind and name in exactly this namespace.
    fn within(
        &self,
        sets: &Sets,
        kind: Named,
        home: FileId,
        namespace: &str,
        name: &str,
    ) -> Option<&'a Object> {
        let all = self.by_kind.get(&kind)?.within.get(&(sets.world(home), namespace, name));
        self.together(sets, home, all).next()
    }

    /// Returns the keys of a ConfigMap (or, with `secret`, a Secret) of this name that may be applied
    /// together with a file to this namespace. `default` stands for a file that names none.
    pub(super) fn keys(
        &self,
        sets: &Sets,
        home: FileId,
        namespace: &str,
        name: &str,
        secret: bool,
    ) -> Option<ConfigKeys<'a>> {
        let of_kind = self.by_kind.get(&config_kind(secret))?;
        let world = sets.world(home);
        let is_named = |object: &&Object| object.name().is_some_and(|own| own.as_str() == name);
        let nearest = |all| self.together(sets, home, all).find(is_named);
        let here = nearest(of_kind.within.get(&(world, namespace, name)));
        let object = here.or_else(|| match namespace {
            "default" => nearest(of_kind.anywhere.get(&(world, name))),
            // An object without a namespace lands wherever it is applied.
            _ => nearest(of_kind.within.get(&(world, "default", name)))
                .filter(|it| !says_default(it, self.files)),
        });
        ConfigKeys::of(object?)
    }
}

fn config_kind(secret: bool) -> Named {
    if secret { Named::Secret } else { Named::ConfigMap }
}

impl<'a> Facts<'a> {
    /// Returns the object of this kind and name in a namespace, or else one that may be applied to it.
    /// Only what may be applied together with the file `home` counts, and of several the nearest one.
    pub fn named(
        &self,
        kind: Named,
        home: FileId,
        namespace: &str,
        name: &str,
    ) -> Option<&'a Object> {
        let within = |namespace: &str| self.named.within(&self.sets, kind, home, namespace, name);
        if kind.is_cluster_wide() {
            return self.named_anywhere(kind, home, name);
        }
        within(namespace).or_else(|| match namespace {
            "default" => self.named_anywhere(kind, home, name),
            // An object without a namespace lands wherever it is applied.
            _ => within("default").filter(|it| !self.is_said_to_be_in_default(it)),
        })
    }

    /// Returns the nearest object of this kind and name in any namespace that may be applied together
    /// with a file.
    pub fn named_anywhere(&self, kind: Named, home: FileId, name: &str) -> Option<&'a Object> {
        self.named.anywhere(&self.sets, kind, home, name)
    }

    /// Returns the only name of a release for which a name that a chart puts together is that of an object, and the
    /// object, whose own name is the same for every release.
    pub fn release_that_names(
        &self,
        kind: Named,
        home: FileId,
        name: &str,
    ) -> Option<(&'a str, &'a Object)> {
        let (before, after) = name
            .split_once(RELEASE)
            .filter(|(before, after)| !before.is_empty() || !after.is_empty())?;
        let of_kind = self.named.by_kind.get(&kind)?;
        let names = of_kind.names.between(before, after).into_iter();
        let names = names.filter(|(_, release)| !release.is_empty() && *release != RELEASE);
        let mut found = names.filter_map(|(own, release)| {
            let objects = of_kind.by_name.get(own)?;
            Some((release, *objects.iter().find(|it| self.sets.together(home, it.file))?))
        });
        let only = found.next()?;
        // Of several, nobody knows which one is meant.
        found.next().is_none().then_some(only)
    }

    /// Returns every object of this kind and name that may be applied together with a file to a namespace.
    pub fn all_named(
        &self,
        kind: Named,
        home: FileId,
        namespace: &str,
        name: &str,
    ) -> Vec<&'a Object> {
        let all = self.named.by_kind.get(&kind).and_then(|it| it.by_name.get(name));
        let in_reach = |it: &&Object| {
            self.sets.together(home, it.file) && may_share_namespace(it.namespace(), namespace)
        };
        all.into_iter().flatten().copied().filter(in_reach).collect()
    }

    /// Whether an object of this kind and name may land in a namespace, although it is not applied
    /// together with the file that names it. Whether it is meant, the files do not say.
    pub fn is_named_elsewhere(&self, kind: Named, namespace: &str, name: &str) -> bool {
        let all = self.named.by_kind.get(&kind).and_then(|it| it.by_name.get(name));
        let meets = |own: &str| kind.is_cluster_wide() || may_share_namespace(own, namespace);
        let lands_elsewhere = |it: &Object| {
            !kind.is_cluster_wide() && namespace != "default" && self.is_said_to_be_in_default(it)
        };
        let is_near = |it: &Object| meets(it.namespace()) && !lands_elsewhere(it);
        all.is_some_and(|all| all.iter().any(|it| is_near(it)))
            || self.outside.defines(kind, name, meets)
    }

    /// Returns the objects of a kind that may be applied together with a file, by their namespaces.
    fn of_kind(&self, kind: Named, home: FileId) -> Option<&FxHashMap<&'a str, Vec<&'a Object>>> {
        self.named.by_kind.get(&kind)?.by_world.get(&self.sets.world(home))
    }

    /// Whether any object of a kind may be applied together with a file. A Certificate makes a Secret, but
    /// says nothing about where a project keeps its other ones.
    pub fn has_named(&self, kind: Named, home: FileId) -> bool {
        let is_of_kind = |object: &&Object| object.kind.as_str() != "Certificate";
        self.of_kind(kind, home).is_some_and(|it| it.values().flatten().any(is_of_kind))
    }

    /// Whether a namespace holds any object of a kind that may be applied together with a file.
    pub fn has_named_in(&self, kind: Named, home: FileId, namespace: &str) -> bool {
        self.of_kind(kind, home).is_some_and(|it| it.contains_key(namespace))
    }

    /// Returns the name of the same kind and namespace that is nearest to a misspelt one.
    pub fn near_name(
        &self,
        kind: Named,
        home: FileId,
        namespace: &str,
        name: &str,
    ) -> Option<&'a str> {
        let all = self.of_kind(kind, home)?;
        let here = all.iter().filter(|it| may_share_namespace(it.0, namespace));
        let mut here: Vec<&Object> = here.flat_map(|it| it.1).copied().take(MANY + 1).collect();
        if here.len() > MANY {
            return None;
        }
        // Of several names that are equally near, the first in the order of the files is taken.
        here.sort_by_key(|it| (self.file(it.file).path(), it.span.start));
        here.retain(|it| self.together(home, it.file));
        nearest(name, here.into_iter().flat_map(given_names))
    }

    /// Returns an object for a message, by the name that its file has for it: Kustomize adds a hash to the name
    /// that a generator gives.
    pub fn label_as_written(&self, object: &Object) -> String {
        let written = self.unquoted(&object.name_span());
        let is_hashed = object.name_before_hash().is_some_and(|it| it.contains(written));
        match is_hashed && !written.is_empty() {
            true => format!("{} `{written}`", object.kind.value),
            false => object.label(),
        }
    }

    /// Returns the object that a generator of Kustomize makes for a name that a workload of another namespace uses:
    /// its hash is not added to the reference.
    pub fn generated_apart(
        &self,
        kind: Named,
        workload: &Workload<'a>,
        name: &str,
    ) -> Option<&'a Object> {
        let home = workload.object.file;
        if !self.is_built(home) {
            return None;
        }
        let namespace = |object: &'a Object| object.meta.namespace.as_ref().map(|it| it.as_str());
        let is_generated =
            |object: &&Object| object.name_before_hash().is_some_and(|it| it.ends_with(name));
        let generated = &self.named.by_kind.get(&kind)?.generated;
        let all = generated.get(&(self.sets.world(home), name))?.iter().copied();
        let apart = all.filter(|it| namespace(it) != namespace(workload.object));
        apart.filter(is_generated).min_by_key(|it| (self.file(it.file).path(), it.span.start))
    }

    /// Returns the keys of a ConfigMap (or, with `secret`, a Secret) that a file names.
    pub fn keys(
        &self,
        home: FileId,
        namespace: &str,
        name: &str,
        secret: bool,
    ) -> Option<ConfigKeys<'a>> {
        self.named(config_kind(secret), home, namespace, name).and_then(ConfigKeys::of)
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::files;
    use crate::{Options, analyze};

    #[test]
    fn the_variables_of_an_object_that_is_missing_are_not_read_elsewhere() {
        let codes = |namespace: &str| {
            let text = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{namespace}}}\ndata: {{DB_HOST: postgres}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: db, namespace: shop}}\nspec: {{selector: {{app: db}}, ports: [{{port: 5432}}]}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: other, namespace: shop}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: shop}}\nspec: {{containers: [{{name: p, image: 'acme/web:1', envFrom: [{{configMapRef: {{name: c}}}}]}}]}}\n"
            );
            let select = vec!["PLM406".to_owned(), "PLM504".to_owned()];
            let report = analyze(&files(&text), &Options { select, ..Options::default() });
            report.findings.iter().map(|it| it.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(", namespace: default"), ["PLM504"]);
        assert_eq!(codes(", namespace: shop"), ["PLM406"]);
        assert_eq!(codes(""), ["PLM406", "PLM504"], "it may be applied to either namespace");
    }
}
