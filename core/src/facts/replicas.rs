//! Replicas: how many Pods or containers run, in numbers and in words.

use super::unit::{Site, Unit};
use super::{Facts, Named, Service, Workload};
use crate::edit::Yaml;
use crate::model::compose::{Deploy, Project};
use crate::model::kubernetes::{self, Autoscaler, Body, Object, WorkloadKind};
use crate::model::{FileModel, Str};
use crate::report::Fix;
use crate::text::{FileId, name_of};
use std::sync::Arc;

impl<'a> Facts<'a> {
    /// Returns the autoscalers that own a workload's replicas.
    pub fn autoscalers<'f>(
        &'f self,
        workload: &'f Workload<'a>,
    ) -> impl Iterator<Item = &'a Autoscaler> + 'f {
        workload.autoscalers.iter().filter_map(|it| match &self.objects[*it].body {
            Body::Autoscaler(it) => Some(&**it),
            _ => None,
        })
    }

    /// Returns the minimum and the maximum number of replicas that a workload has in normal operation;
    /// `None` where the cluster decides (a DaemonSet) or the files do not say.
    pub fn replica_range(&self, workload: &Workload<'a>) -> Option<(i64, i64)> {
        let mut scalers = self.autoscalers(workload).peekable();
        if scalers.peek().is_none() {
            let count = workload.model.replica_count()?;
            return Some((count, count));
        }
        let mut range: Option<(i64, i64)> = None;
        for scaler in scalers {
            let (min, max) = (scaler.minimum()?, scaler.maximum()?);
            range = Some(range.map_or((min, max), |it| (it.0.min(min), it.1.max(max))));
        }
        range
    }

    /// Whether a workload states its replicas in a way that says no number, as a placeholder does.
    pub fn states_unread_replicas(&self, workload: &Workload<'a>) -> bool {
        let is_read = workload.model.replicas.is_some();
        !is_read && workload.object.wrong.iter().any(|it| it.expected == "an integer")
    }

    /// Whether the number of a workload's replicas is not known.
    pub fn has_unknown_count(&self, workload: &Workload<'a>) -> bool {
        self.states_unread_replicas(workload)
            || workload.kind() != WorkloadKind::DaemonSet && self.replica_range(workload).is_none()
    }

    /// Whether a Compose service states its replicas in a way that says no number, as a variable without a
    /// value does.
    pub fn has_unknown_replicas(&self, service: &Service<'a>) -> bool {
        let model = service.model;
        let deploy = model.deploy.as_ref();
        let scale = model.keys.iter().any(|it| it.name.as_str() == "scale");
        let replicas =
            deploy.is_some_and(|it| it.keys.iter().any(|it| it.name.as_str() == "replicas"));
        scale && model.scale.is_none() || replicas && deploy.is_some_and(|it| it.replicas.is_none())
    }

    /// Whether the replicas of a StatefulSet find each other by name only once they are ready.
    pub fn hides_unready_peers(&self, workload: &Workload<'a>) -> bool {
        if workload.kind() != WorkloadKind::StatefulSet || !workload.copies.is_many() {
            return false;
        }
        let Some(name) = &workload.model.service_name else { return false };
        let found = self.named(Named::Service, workload.object.file, workload.namespace, name);
        let hides = |it: &Object| match &it.body {
            Body::Service(it) => !it.publish_not_ready_addresses.is_some_and(|it| it.value),
            _ => false,
        };
        found.is_some_and(hides)
    }

    /// Returns the fix that sets the update strategy of a Deployment to `Recreate`.
    pub fn stop_old_pod_first(&self, workload: &Workload<'a>) -> Option<Fix> {
        let place = workload.model.place.as_ref()?;
        let editor = self.editor(place.span.file);
        let value = Yaml::map([("type", Yaml::str("Recreate"))]);
        let edit = match &workload.model.strategy {
            None => editor.insert_entry(place, "strategy", &value)?,
            Some(it) if it.rolling_place.is_none() => match &it.kind {
                Some(kind) => editor.replace_scalar(kind.span, "Recreate"),
                None => editor.insert_entry(&it.place, "type", &Yaml::str("Recreate"))?,
            },
            // `rollingUpdate` is not allowed next to `Recreate`.
            Some(it) => {
                let text = self.file(it.place.span.file).text().get(it.place.span.range())?;
                if text.contains('#') || it.place.shared {
                    return None;
                }
                let new = if it.place.flow { "{ type: Recreate }" } else { "type: Recreate" };
                editor.replace(it.place.span, new)
            }
        };
        Some(Fix::r#unsafe("Stop the old Pod before starting the new one", [edit]))
    }

    /// Whether the paths of two files name the same environment, or none: what is written for staging does
    /// not meet what is written for production.
    pub fn same_environment(&self, a: FileId, b: FileId) -> bool {
        self.environment_of_file(a) == self.environment_of_file(b)
    }

    /// Whether a service is meant for `docker stack deploy`, which restarts what stops, publishes a port
    /// once for all replicas and knows no container names. Only Compose knows `scale`.
    pub fn is_for_swarm(&self, service: &Service<'a>) -> bool {
        match self.swarm[service.project_index] {
            Swarm::Surely => true,
            Swarm::Probably => service.model.scale.is_none(),
            Swarm::No => false,
        }
    }

    /// Returns "3 replicas", "up to 10 replicas" or "a Pod on every node".
    pub fn replica_words(&self, unit: &Unit<'a>) -> String {
        match unit.site {
            Site::Service(at) => format!("{} replicas", self.services[at].model.replicas()),
            Site::Container(at, _) => self.workload_replica_words(&self.workloads[at]),
        }
    }

    /// Returns the same for a workload.
    pub fn workload_replica_words(&self, workload: &Workload<'a>) -> String {
        if workload.kind() == WorkloadKind::DaemonSet {
            return "a Pod on every node".to_owned();
        }
        match self.replica_range(workload) {
            Some((min, max)) if min == max => format!("{max} replicas"),
            Some((_, max)) => format!("up to {max} replicas"),
            None => "several replicas".to_owned(),
        }
    }
}

/// Whether a Compose project is meant for `docker stack deploy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Swarm {
    /// A file's name or an overlay network says so.
    Surely,
    /// A service has settings that only Swarm reads.
    Probably,
    No,
}

/// Returns for each project whether it is meant for Swarm.
pub(super) fn swarm_projects(files: &[Arc<FileModel>], projects: &[Project]) -> Vec<Swarm> {
    let is_word = |it: &str| it.eq_ignore_ascii_case("swarm") || it.eq_ignore_ascii_case("stack");
    let is_named =
        |id: &FileId| name_of(files[id.index()].path()).split(['.', '-', '_']).any(is_word);
    let has_overlay = |project: &Project| {
        let mut drivers = project.networks.iter().filter_map(|it| it.driver.as_ref());
        drivers.any(|driver| driver.value == "overlay")
    };
    let has_swarm_settings = |it: &Deploy| -> bool {
        it.placement.is_some()
            || it.update_config.is_some()
            || it.rollback_config.is_some()
            || it.endpoint_mode.is_some()
            || it.mode.as_ref().is_some_and(|mode| mode.value == "global")
    };
    let of_project = |project: &Project| {
        // `docker stack deploy` takes `depends_on` as a list only.
        let mut dependencies = project.services.iter().flat_map(|it| &it.depends_on);
        if dependencies.any(|it| !it.short_form) {
            return Swarm::No;
        }
        if project.files.iter().any(is_named) || has_overlay(project) {
            return Swarm::Surely;
        }
        let mut deploys = project.services.iter().filter_map(|it| it.deploy.as_ref());
        if deploys.any(|it| has_swarm_settings(it)) { Swarm::Probably } else { Swarm::No }
    };
    projects.iter().map(of_project).collect()
}

/// Whether a manifest of a workload is a patch of another one.
pub(super) fn is_patch(model: &kubernetes::Workload) -> bool {
    let whole = matches!(model.kind, WorkloadKind::Pod) || model.kind.is_job();
    !whole && model.selector.is_none() && model.template.meta.labels.is_empty()
}

impl Workload<'_> {
    /// Whether all its Pods are bound to the same node.
    pub fn is_on_one_node(&self) -> bool {
        self.node().is_some()
    }

    /// Returns the name of the node that all its Pods are bound to.
    pub fn node(&self) -> Option<&Str> {
        let spec = &self.model.template.spec;
        let by_name = spec.node_selector.iter().find(|it| it.0.value == "kubernetes.io/hostname");
        spec.node_name.as_ref().or(by_name.map(|it| &it.1))
    }

    /// Whether it is a patch of another manifest: it has neither a selector nor labels, without which no
    /// complete one is valid.
    pub fn is_patch(&self) -> bool {
        is_patch(self.model)
    }

    /// Whether it serves for as long as it runs: it is neither a Job nor a DaemonSet.
    pub fn is_server_like(&self) -> bool {
        matches!(
            self.model.kind,
            WorkloadKind::Deployment
                | WorkloadKind::StatefulSet
                | WorkloadKind::ReplicaSet
                | WorkloadKind::ReplicationController
                | WorkloadKind::Rollout
        )
    }
}
