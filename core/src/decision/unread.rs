//! What is not read in full: charts and overlays that were not built, Templates of OpenShift, and templates that
//! another tool renders.

use super::counted::Counted;
use super::system::System;
use crate::facts::Facts;
use crate::knowledge::kube::is_system_namespace;
use crate::model::delivery::controller_of;
use crate::model::detect::by_first_words;
use crate::model::kubernetes::{Body, Object};
use crate::model::{BuiltTarget, FileModel};
use crate::report::{Environment, Kind};
use crate::text::{Span, name_of};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// A source that is not read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Names it and says why, as a sentence.
    pub why: String,
    /// What to do about it, as a sentence.
    pub next: String,
    pub span: Span,
}

/// Whether an object is a Template of OpenShift. Its group was empty in the first versions.
pub fn is_openshift_template(object: &Object) -> bool {
    object.kind.as_str() == "Template" && matches!(object.group(), "template.openshift.io" | "")
}

/// Whether a file that is not read has Kubernetes objects in it, as far as its words say.
pub fn names_objects(file: &FileModel) -> bool {
    by_first_words(file.text()) == Kind::Kubernetes
}

/// Whether a target is a chart for a namespace that belongs to the cluster, such as `cert-manager`: an add-on runs
/// nothing of an application.
fn is_add_on(target: &BuiltTarget, deliverer: Option<&Object>) -> bool {
    let namespace = match (target.app(), deliverer.map(|it| &it.body)) {
        (Some(app), _) => {
            let mut sources = app.application.sources.iter();
            let is_chart = sources.any(|it| it.chart.is_some());
            app.application.destination.namespace.as_ref().filter(|_| is_chart)
        }
        (None, Some(Body::HelmRelease(release))) => release.target_namespace.as_ref(),
        (None, _) => None,
    };
    namespace.is_some_and(|it| is_system_namespace(it.as_str()))
}

/// The objects of Argo CD and Flux, read once for all systems.
#[derive(Debug)]
pub struct Deliverers<'f> {
    /// By the places of their names.
    by_place: FxHashMap<Span, &'f Object>,
    /// The places of the ApplicationSets whose Applications are known.
    sets: FxHashSet<Span>,
}

impl<'f> Deliverers<'f> {
    pub fn of(facts: &Facts<'f>) -> Deliverers<'f> {
        let mut by_place = FxHashMap::default();
        for object in facts.objects().iter().copied().filter(|it| controller_of(it).is_some()) {
            by_place.entry(object.name_span()).or_insert(object);
        }
        let made = |target: &BuiltTarget| Some(target.app()?.made.as_ref()?.set_span);
        let sets = facts.all_targets().iter().filter_map(|it| made(it)).collect();
        Deliverers { by_place, sets }
    }

    /// Returns the targets that may hold workloads which nothing shows: whatever is applied from elsewhere, unless it
    /// is an add-on of the cluster, for development or tests, or an ApplicationSet whose Applications are known.
    pub fn hiding<'t>(
        &self,
        facts: &Facts<'_>,
        remote: &[&'t Arc<BuiltTarget>],
        counted: &Counted<'_>,
    ) -> Vec<&'t Arc<BuiltTarget>> {
        let hides = |target: &&&Arc<BuiltTarget>| {
            let Some(delivered) = &target.delivered_by else { return false };
            let environment = facts.environment_of_target(&target.target);
            let is_for_use =
                !matches!(environment, Some(Environment::Development | Environment::Test));
            is_for_use
                && !is_add_on(target, self.by_place.get(&delivered.span).copied())
                && !counted.is_aside(facts, delivered.span.file)
                && (delivered.app.is_some() || !self.sets.contains(&delivered.span))
        };
        remote.iter().filter(hides).copied().collect()
    }
}

/// Returns the name of an image without what says its version.
fn without_tag(name: &str) -> &str {
    name.split([':', '@']).next().unwrap_or(name)
}

impl System<'_> {
    /// Whether there may be workloads that the files do not show: in what was not built or not read, or behind
    /// what a GitOps controller applies.
    pub fn hides_workloads(&self) -> bool {
        let shown = self.services.len() + self.workloads.len();
        self.has_unbuilt_parts()
            || self.has_hiding_templates()
            || !self.remote.is_empty()
            || (shown == 0 && self.has_cluster())
    }

    /// Whether a chart or an overlay that may count was not built in full.
    pub fn has_unbuilt_parts(&self) -> bool {
        !self.unbuilt.is_empty() || !self.left_out.is_empty()
    }

    /// Whether Templates of OpenShift may hold workloads that nothing else shows.
    pub fn has_hiding_templates(&self) -> bool {
        self.hiding_templates().next().is_some()
    }

    /// Returns the first of what is not read in full: a chart, an overlay, a Template of OpenShift, or what another
    /// tool renders.
    pub fn first_unread(&self) -> Option<Unread> {
        let of_target = |it: &Arc<BuiltTarget>| {
            let reason = it.target.reasons.first()?;
            let name = &it.target.name;
            Some(Unread {
                why: format!("`{name}` is not built in full: {}.", reason.message),
                next: format!("Complete `{name}`: {}.", reason.message),
                span: reason.span,
            })
        };
        let built = self.unbuilt.iter().find_map(|it| of_target(it));
        built
            .or_else(|| self.first_remote())
            .or_else(|| self.first_template())
            .or_else(|| self.first_left_out())
    }

    /// Returns the first object of Argo CD or Flux that applies what is not among the files.
    fn first_remote(&self) -> Option<Unread> {
        let first = self.remote.first()?;
        let reason = first.target.reasons.first()?;
        let delivered = first.delivered_by.as_ref()?;
        // "Application `kafka`", "HelmRelease `cache`"
        let deliverer = self.objects.iter().find(|it| it.name_span() == delivered.span);
        let label = deliverer
            .map_or_else(|| format!("Application `{}`", delivered.name), |object| object.label());
        let them = match self.remote.len() - 1 {
            0 => format!("{label} applies manifests that are"),
            more => format!("{label} and {more} more apply manifests that are"),
        };
        Some(Unread {
            why: format!("{them} not among these files: {}.", reason.message),
            next: format!(
                "Add to these files the manifests that {label} applies: {}.",
                reason.message
            ),
            span: reason.span,
        })
    }

    /// Returns the first template that another tool renders, one with objects before others.
    fn first_left_out(&self) -> Option<Unread> {
        let first = self.left_out.iter().min_by_key(|it| !names_objects(it))?;
        let path = first.path();
        let why = match self.left_out.len() - 1 {
            0 => format!(
                "`{path}` is not read: it is a template, which only another tool can render."
            ),
            1 => format!(
                "`{path}` and one more file are not read: they are templates, which only another tool can render."
            ),
            more => format!(
                "`{path}` and {more} more files are not read: they are templates, which only another tool can render."
            ),
        };
        Some(Unread {
            why,
            next: format!(
                "Add to these files what your tool renders from `{path}`: the template itself is not read."
            ),
            span: Span::new(first.id, 0, 0),
        })
    }

    /// Returns the first Template of OpenShift. What it holds reaches the cluster only after `oc process`.
    ///
    /// Source: <https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/images/using-templates>
    fn first_template(&self) -> Option<Unread> {
        let mut templates = self.hiding_templates();
        let first = templates.next()?;
        let label = first.label();
        let objects = match templates.count() {
            0 => "the objects in this OpenShift Template are not read.".to_owned(),
            1 => "the objects in this and one more OpenShift Template are not read.".to_owned(),
            more => {
                format!("the objects in this and {more} more OpenShift Templates are not read.")
            }
        };
        let path = self.facts.file(first.file).path();
        Some(Unread {
            why: format!("{label}: {objects}"),
            next: format!(
                "Add to these files what `oc process -f {path} --local` prints: the objects in {label} are not read."
            ),
            span: first.name_span(),
        })
    }

    /// Returns the Templates of OpenShift that may hold workloads that nothing else shows. One whose images are those of
    /// workloads that are shown is another form of them.
    fn hiding_templates(&self) -> impl Iterator<Item = &Object> {
        let templates = self.objects.iter().copied().filter(|it| is_openshift_template(it));
        templates.filter(|template| {
            let images = self.images_of_template(template);
            images.is_empty() || images.iter().any(|name| !self.shows_image(name))
        })
    }

    /// Returns the names of the images in a Template, without their registries, owners and tags: a parameter may
    /// stand for those.
    fn images_of_template(&self, template: &Object) -> Vec<&str> {
        let root = self.facts.file(template.file).tree.node(template.node);
        let mut open = vec![root];
        let mut images = Vec::new();
        while let Some(node) = open.pop() {
            open.extend(node.items());
            for entry in node.entries() {
                match entry.value.as_str() {
                    Some(image) if entry.key.as_str() == Some("image") => {
                        images.push(without_tag(name_of(image)));
                    }
                    _ => open.push(entry.value),
                }
            }
        }
        images
    }

    /// Whether a workload runs an image of this name.
    fn shows_image(&self, name: &str) -> bool {
        let units = self.workloads.iter().flat_map(|it| &it.units);
        let mut images = units.filter_map(|unit| unit.image.as_ref());
        images.any(|image| name_of(&image.repository) == name)
    }

    /// Whether there are Templates of OpenShift, whose objects are not read.
    pub fn has_templates(&self) -> bool {
        self.objects.iter().any(|object| is_openshift_template(object))
    }
}
