//! Delivery: in which phase Helm and Argo CD apply an object, and which Application deploys it.

use super::{Facts, Named, Workload};
use crate::model::delivery::{self, App, Expansion, Project};
use crate::model::kubernetes::{Body, EnvSource, EnvValue, Meta, Object, VolumeSource, is_true};
use crate::model::{BuiltTarget, FileModel, Str};
use crate::report::Environment;
use std::sync::Arc;

/// Who runs a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookTool {
    Helm,
    ArgoCd,
}

/// A hook: an object that is applied at a certain time of a release and not with the rest.
#[derive(Debug, Clone, Copy)]
pub struct Hook<'a> {
    pub tool: HookTool,
    /// The times, separated by commas, as `pre-install,pre-upgrade` or `PreSync`.
    pub events: &'a Str,
    /// When the object is deleted, separated by commas; without one it is deleted before the next one is
    /// created.
    pub delete_policy: Option<&'a Str>,
    /// Argo CD also reads the policy of Helm.
    helm_delete_policy: Option<&'a Str>,
    /// The position among the hooks of the same time, smaller ones first.
    pub weight: i64,
}

/// The time at which an object is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before the objects that are not hooks.
    Before,
    Main,
    After,
}

impl<'a> Hook<'a> {
    /// Returns the times of the hook.
    pub fn events(&self) -> impl Iterator<Item = &'a str> {
        words(self.events)
    }

    pub fn has_event(&self, event: &str) -> bool {
        self.events().any(|own| own == event)
    }

    /// Returns when the object is deleted.
    pub fn policies(&self) -> impl Iterator<Item = &'a str> {
        self.delete_policy.into_iter().chain(self.helm_delete_policy).flat_map(words)
    }

    /// Returns the time of the hook in a release; `None` for one that no ordinary release runs.
    pub fn phase(&self) -> Option<Phase> {
        self.events().find_map(|event| match event {
            "PreSync" | "pre-install" | "pre-upgrade" => Some(Phase::Before),
            "Sync" => Some(Phase::Main),
            "PostSync" | "post-install" | "post-upgrade" => Some(Phase::After),
            _ => None,
        })
    }
}

fn words(list: &Str) -> impl Iterator<Item = &str> {
    list.as_str().split(',').map(str::trim).filter(|word| !word.is_empty())
}

/// Returns the Helm hook that an object is.
pub fn helm_hook(meta: &Meta) -> Option<Hook<'_>> {
    let weight = meta.annotation("helm.sh/hook-weight");
    Some(Hook {
        tool: HookTool::Helm,
        events: meta.annotation("helm.sh/hook")?,
        delete_policy: meta.annotation("helm.sh/hook-delete-policy"),
        helm_delete_policy: None,
        weight: weight.and_then(|weight| weight.trim().parse().ok()).unwrap_or(0),
    })
}

/// Returns the Argo CD hook that an object is. A hook of Helm is one too where Argo CD renders the chart
/// ([`helm_hook`]).
pub fn argocd_hook(meta: &Meta) -> Option<Hook<'_>> {
    Some(Hook {
        tool: HookTool::ArgoCd,
        events: meta.annotation("argocd.argoproj.io/hook")?,
        delete_policy: meta.annotation("argocd.argoproj.io/hook-delete-policy"),
        helm_delete_policy: meta.annotation("helm.sh/hook-delete-policy"),
        weight: sync_wave(meta).map_or(0, |(wave, _)| wave),
    })
}

/// Returns the hook that an object is; of the two annotations, Argo CD reads its own.
pub fn hook(meta: &Meta) -> Option<Hook<'_>> {
    argocd_hook(meta).or_else(|| helm_hook(meta))
}

/// Returns the sync wave that is written at an object.
pub fn sync_wave(meta: &Meta) -> Option<(i64, &Str)> {
    let wave = meta.annotation("argocd.argoproj.io/sync-wave")?;
    Some((wave.trim().parse().ok()?, wave))
}

/// Whether an option of Argo CD is written at an object, as `Replace=true`.
pub fn has_sync_option(meta: &Meta, option: &str) -> bool {
    let options = meta.annotation("argocd.argoproj.io/sync-options");
    options.is_some_and(|options| words(options).any(|own| own == option))
}

/// Applications and ApplicationSets of the project.
#[derive(Debug, Default)]
pub(super) struct Deliveries<'a> {
    project: Option<Project<'a>>,
    apps: Vec<&'a App>,
    sets: Vec<(&'a Object, Expansion)>,
}

impl<'a> Deliveries<'a> {
    /// Collects the Applications of all targets, and expands the ApplicationSets among the objects.
    pub(super) fn new(
        files: &'a [Arc<FileModel>],
        targets: &'a [Arc<BuiltTarget>],
        objects: &[&'a Object],
    ) -> Deliveries<'a> {
        let is_delivery = |object: &&&Object| {
            matches!(object.body, Body::ApplicationSet(_) | Body::Application(_))
        };
        let mut apps: Vec<&App> = targets.iter().filter_map(|target| target.app()).collect();
        if apps.is_empty() && !objects.iter().any(|object| is_delivery(&object)) {
            return Deliveries::default();
        }
        apps.sort_by(|a, b| (a.span, &a.name).cmp(&(b.span, &b.name)));
        apps.dedup_by(|a, b| a.span == b.span && a.name == b.name);
        let project = Project::new(files);
        let sets = objects.iter().filter(|it| matches!(it.body, Body::ApplicationSet(_)));
        let sets = sets.map(|set| (*set, delivery::expand(&project, set))).collect();
        Deliveries { project: Some(project), apps, sets }
    }
}

impl<'a> Facts<'a> {
    /// Returns every Application, those that ApplicationSets make included.
    pub fn apps(&self) -> &[&'a App] {
        &self.deliveries.apps
    }

    /// Returns every ApplicationSet with what it makes.
    pub fn app_sets(&self) -> &[(&'a Object, Expansion)] {
        &self.deliveries.sets
    }

    /// Returns the files as Argo CD finds them in its repository, if the project has Applications.
    pub fn repository(&self) -> Option<&Project<'a>> {
        self.deliveries.project.as_ref()
    }

    /// Returns the Application that deploys an object.
    pub fn app_of(&self, object: &Object) -> Option<&'a App> {
        self.targets().find(|target| target.has_source(object.file))?.app()
    }

    /// Returns the environment that the names around an Application say.
    pub fn environment_of(&self, app: &App) -> Option<Environment> {
        delivery::environment(self.repository()?, app)
    }
}

impl<'a> Workload<'a> {
    /// Returns what the workload needs to start, in the order of the text: the objects that it refers to
    /// and cannot do without.
    pub fn needs(&self) -> Vec<(Named, &'a Str)> {
        let spec = &self.model.template.spec;
        let mut found: Vec<(Named, &Str)> = Vec::new();
        for (_, container) in self.containers() {
            for from in container.env_from.iter().filter(|it| !is_true(it.optional)) {
                let kind = match from.source {
                    EnvSource::ConfigMap => Named::ConfigMap,
                    EnvSource::Secret => Named::Secret,
                    EnvSource::Unknown => continue,
                };
                if let Some(name) = &from.name {
                    found.push((kind, name));
                }
            }
            for var in &container.env {
                let (kind, reference) = match &var.value {
                    EnvValue::ConfigMapKey(it) => (Named::ConfigMap, it),
                    EnvValue::SecretKey(it) => (Named::Secret, it),
                    _ => continue,
                };
                let optional = is_true(reference.optional);
                if let Some(name) = reference.name.as_ref().filter(|_| !optional) {
                    found.push((kind, name));
                }
            }
        }
        for volume in &spec.volumes {
            let source = &volume.source;
            for (secret, keyed) in source.keyed() {
                let kind = if secret { Named::Secret } else { Named::ConfigMap };
                if let Some(name) = keyed.name.as_ref().filter(|_| !is_true(keyed.optional)) {
                    found.push((kind, name));
                }
            }
            if let VolumeSource::Claim { name: Some(name), .. } = source {
                found.push((Named::Claim, name));
            }
        }
        for name in &spec.image_pull_secrets {
            found.push((Named::Secret, name));
        }
        if let Some(name) = &spec.service_account_name {
            found.push((Named::ServiceAccount, name));
        }
        if let Some(name) = &spec.priority_class_name {
            found.push((Named::PriorityClass, name));
        }
        found.sort_by_key(|it| it.1.span);
        found.dedup_by(|a, b| a.0 == b.0 && a.1.value == b.1.value);
        found
    }
}
