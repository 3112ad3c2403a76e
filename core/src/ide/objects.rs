//! The objects around a place, and what names what among them.

use super::here::Here;
use crate::facts::{Facts, Named};
use crate::model::Str;
use crate::model::kubernetes::{Body, Container, EnvSource, EnvValue, Object, VolumeSource};
use crate::text::Span;

/// The objects that are applied together with a file.
pub(super) struct Around<'a> {
    facts: &'a Facts<'a>,
    pub objects: Vec<&'a Object>,
    /// Whether the objects are those of the facts, which know what is applied together.
    is_main: bool,
}

impl<'a> Around<'a> {
    /// Collects the objects around a place: those of the facts, or else those of the first target that the
    /// file is built into.
    pub fn new(here: &Here<'a>) -> Around<'a> {
        let file = here.file.id;
        let facts = here.facts;
        let is_main = !facts.is_built(file) || facts.targets().any(|it| it.has_source(file));
        let objects = if is_main {
            facts.objects().to_vec()
        } else {
            let mut targets = here.analysis.targets().iter();
            let target = targets.find(|it| it.has_source(file));
            target.map(|it| it.objects.iter().collect()).unwrap_or_default()
        };
        Around { facts, objects, is_main }
    }

    /// Whether two objects may meet in the cluster.
    pub fn may_meet(&self, a: &Object, b: &Object) -> bool {
        let facts = self.facts;
        let is_together = !self.is_main || facts.together(a.file, b.file);
        is_together && facts.may_share_namespace(a.namespace(), b.namespace())
    }

    /// Returns the object that an object means by a kind and a name.
    pub fn meant(&self, by: &Object, kind: Named, name: &str) -> Option<&'a Object> {
        let mut named = self.objects.iter().copied().filter(|it| goes_by(it, kind, name));
        named.find(|it| self.may_meet(by, it))
    }

    /// Returns what names an object, in the order of the files.
    pub fn users(&self, object: &'a Object) -> Vec<(Use<'a>, &'a Object)> {
        let by = self.objects.iter().copied().filter(|by| self.may_meet(by, object));
        let uses = by.flat_map(|by| uses(by).into_iter().map(move |it| (it, by)));
        uses.filter(|(it, _)| goes_by(object, it.kind, it.name)).collect()
    }
}

/// A place where an object names another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use<'a> {
    pub kind: Named,
    pub name: &'a Str,
    /// The key of a ConfigMap or Secret, where one is named.
    pub key: Option<&'a Str>,
    /// Whether every key is used.
    pub is_whole: bool,
    pub container: Option<&'a Container>,
}

impl Use<'_> {
    pub fn span(&self) -> Span {
        self.key.unwrap_or(self.name).span
    }
}

/// Returns the kind by which others name an object.
pub(super) fn named_kind(object: &Object) -> Option<Named> {
    match &object.body {
        Body::ConfigMap(_) => Some(Named::ConfigMap),
        Body::Secret(_) => Some(Named::Secret),
        Body::Claim(_) => Some(Named::Claim),
        Body::ServiceAccount(_) => Some(Named::ServiceAccount),
        Body::PriorityClass(_) => Some(Named::PriorityClass),
        Body::Service(_) => Some(Named::Service),
        _ => None,
    }
}

/// Whether others name an object by a kind and a name.
pub(super) fn goes_by(object: &Object, kind: Named, name: &str) -> bool {
    named_kind(object) == Some(kind) && given_names(object).contains(&name)
}

/// Returns the names by which others know an object.
pub(super) fn given_names(object: &Object) -> Vec<&str> {
    match (&object.body, object.name()) {
        (Body::Secret(_), _) => object.secret_names(),
        (_, Some(name)) => vec![name.as_str()],
        (_, None) => Vec::new(),
    }
}

/// Returns the name of an object as a place of the project has to write it: where both go into one overlay, the name
/// that the object has in its source, to which the overlay may add a prefix, a suffix or a hash.
pub(super) fn name_at<'a>(here: &Here<'a>, object: &'a Object) -> Option<&'a str> {
    let name = object.name()?;
    let is_together = here.overlays().iter().any(|it| it.has_source(name.span.file));
    if !is_together {
        return Some(name.as_str());
    }
    let text = here.analysis.file(name.span.file).text();
    let written = text.get(name.span.range()).unwrap_or_default().trim_matches(['"', '\'']);
    let is_part = !written.is_empty() && name.contains(written);
    Some(if is_part { written } else { name.as_str() })
}

/// Returns the host by which a place of the project reaches a Service. Overlays leave hosts in values alone, so that
/// the host is the name in the cluster unless the overlays of the place give it different ones.
pub(super) fn host_at<'a>(here: &Here<'a>, service: &'a Object) -> Option<&'a str> {
    let name = service.name()?;
    let objects = here.overlays().iter().flat_map(|it| &it.objects);
    let mut names = objects.filter(|it| it.name_span() == name.span).filter_map(|it| it.name());
    let is_one = names.all(|it| it.as_str() == name.as_str());
    if is_one { Some(name.as_str()) } else { name_at(here, service) }
}

/// Returns the names by which a place of the project names an object.
pub(super) fn given_names_at<'a>(here: &Here<'a>, object: &'a Object) -> Vec<&'a str> {
    let own = object.name().map(|it| it.as_str());
    let names = given_names(object).into_iter();
    let shown = |name| if Some(name) == own { name_at(here, object).unwrap_or(name) } else { name };
    names.map(shown).collect()
}

/// Returns everything that an object names.
pub(super) fn uses(object: &Object) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    let plain = |kind, name| Use { kind, name, key: None, is_whole: true, container: None };
    match &object.body {
        Body::Workload(workload) => {
            let spec = &workload.template.spec;
            for container in spec.all_containers() {
                uses.extend(uses_of_container(container));
            }
            uses.extend(spec.volumes.iter().flat_map(|it| uses_of_volume(&it.source)));
            let secrets = spec.image_pull_secrets.iter();
            uses.extend(secrets.map(|name| plain(Named::Secret, name)));
            let account = spec.service_account_name.iter();
            uses.extend(account.map(|name| plain(Named::ServiceAccount, name)));
            let priority = spec.priority_class_name.iter();
            uses.extend(priority.map(|name| plain(Named::PriorityClass, name)));
            uses.extend(workload.service_name.iter().map(|name| plain(Named::Service, name)));
        }
        Body::Routes(routes) => {
            uses.extend(routes.backends.iter().map(|it| plain(Named::Service, &it.service)));
            let secrets = routes.tls.iter().filter_map(|it| it.secret.as_ref());
            uses.extend(secrets.map(|name| plain(Named::Secret, name)));
        }
        Body::RoleBinding(binding) => {
            let is_account = |kind: &Option<Str>| {
                kind.as_ref().is_some_and(|kind| kind.as_str() == "ServiceAccount")
            };
            let accounts = binding.subjects.iter().filter(|it| is_account(&it.kind));
            let names = accounts.filter_map(|it| it.name.as_ref());
            uses.extend(names.map(|name| plain(Named::ServiceAccount, name)));
        }
        Body::ServiceAccount(account) => {
            let secrets = account.image_pull_secrets.iter();
            uses.extend(secrets.map(|name| plain(Named::Secret, name)));
        }
        _ => {}
    }
    uses
}

fn uses_of_container(container: &Container) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    for from in &container.env_from {
        let kind = match from.source {
            EnvSource::ConfigMap => Named::ConfigMap,
            EnvSource::Secret => Named::Secret,
            EnvSource::Unknown => continue,
        };
        let used = |name| Use { kind, name, key: None, is_whole: true, container: Some(container) };
        uses.extend(from.name.as_ref().map(used));
    }
    for var in &container.env {
        let (kind, reference) = match &var.value {
            EnvValue::ConfigMapKey(it) => (Named::ConfigMap, it),
            EnvValue::SecretKey(it) => (Named::Secret, it),
            _ => continue,
        };
        let Some(name) = &reference.name else { continue };
        let key = reference.key.as_ref();
        uses.push(Use { kind, name, key, is_whole: false, container: Some(container) });
    }
    uses
}

fn uses_of_volume(source: &VolumeSource) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    if let VolumeSource::Claim { name: Some(name), .. } = source {
        uses.push(Use { kind: Named::Claim, name, key: None, is_whole: true, container: None });
    }
    for (is_secret, keyed) in source.keyed() {
        let kind = if is_secret { Named::Secret } else { Named::ConfigMap };
        let Some(name) = &keyed.name else { continue };
        let is_whole = keyed.items.is_empty();
        uses.push(Use { kind, name, key: None, is_whole, container: None });
        let keys = keyed.items.iter().filter_map(|it| it.key.as_ref());
        uses.extend(keys.map(|key| Use {
            kind,
            name,
            key: Some(key),
            is_whole: false,
            container: None,
        }));
    }
    uses
}
