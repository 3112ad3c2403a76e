//! Workloads, which run Pods: Deployment, StatefulSet, DaemonSet, Job, CronJob, Pod and others.

use super::{Claim, Meta, PodTemplate, Selector};
use crate::model::read::{IntOrStr, Place, Str};
use crate::text::Spanned;

/// The kind of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WorkloadKind {
    Deployment,
    StatefulSet,
    DaemonSet,
    ReplicaSet,
    ReplicationController,
    Job,
    CronJob,
    Pod,
    /// The replacement for a Deployment in Argo Rollouts.
    Rollout,
}

impl WorkloadKind {
    pub fn name(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::ReplicaSet => "ReplicaSet",
            WorkloadKind::ReplicationController => "ReplicationController",
            WorkloadKind::Job => "Job",
            WorkloadKind::CronJob => "CronJob",
            WorkloadKind::Pod => "Pod",
            WorkloadKind::Rollout => "Rollout",
        }
    }

    /// Whether the kind runs a number of Pods that somebody chooses: all kinds but Job, CronJob and DaemonSet.
    pub fn has_replicas(self) -> bool {
        self != WorkloadKind::DaemonSet && !self.is_job()
    }

    /// Whether the Pods run to completion: Job and CronJob.
    pub fn is_job(self) -> bool {
        matches!(self, WorkloadKind::Job | WorkloadKind::CronJob)
    }
}

/// The owner of a Pod template. The fields of a CronJob that a Job has too (`parallelism` and others) are
/// those of its job template.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub replicas: Option<Spanned<i64>>,
    /// `None` if none is written, as for most Jobs.
    pub selector: Option<Selector>,
    pub template: PodTemplate,
    /// `strategy` of a Deployment or Rollout, `updateStrategy` of a StatefulSet or DaemonSet.
    pub strategy: Option<Strategy>,
    /// StatefulSet: the name of the Service that governs it.
    pub service_name: Option<Str>,
    /// StatefulSet: the claims of each Pod.
    pub volume_claim_templates: Vec<ClaimTemplate>,
    /// StatefulSet: `OrderedReady` or `Parallel`.
    pub pod_management_policy: Option<Str>,
    pub min_ready_seconds: Option<Spanned<i64>>,
    pub progress_deadline_seconds: Option<Spanned<i64>>,
    pub revision_history_limit: Option<Spanned<i64>>,
    /// Deployment and Rollout; a CronJob has `suspend`.
    pub paused: Option<Spanned<bool>>,
    pub job: JobFields,
    pub cron: CronFields,
    /// Rollout: the kind and name of the workload whose template it runs instead of its own.
    pub workload_ref: Option<(Str, Str)>,
    /// The place of `spec`, if there is one.
    pub place: Option<Place>,
}

/// The fields of a Job, empty for other kinds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobFields {
    pub parallelism: Option<Spanned<i64>>,
    pub completions: Option<Spanned<i64>>,
    /// `Indexed` or `NonIndexed`.
    pub completion_mode: Option<Str>,
    pub backoff_limit: Option<Spanned<i64>>,
    pub active_deadline_seconds: Option<Spanned<i64>>,
    pub ttl_seconds_after_finished: Option<Spanned<i64>>,
    pub suspend: Option<Spanned<bool>>,
    /// The place of the Job's `spec`, which is `spec.jobTemplate.spec` in a CronJob.
    pub place: Option<Place>,
    /// The `spec.jobTemplate.metadata` of a CronJob.
    pub meta: Option<Box<Meta>>,
}

/// The fields of a CronJob, empty for other kinds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CronFields {
    pub schedule: Option<Str>,
    pub time_zone: Option<Str>,
    /// `Allow` (the default), `Forbid`, `Replace`.
    pub concurrency_policy: Option<Str>,
    pub suspend: Option<Spanned<bool>>,
    pub starting_deadline_seconds: Option<Spanned<i64>>,
    pub successful_jobs_history_limit: Option<Spanned<i64>>,
    pub failed_jobs_history_limit: Option<Spanned<i64>>,
}

/// The update strategy, by which new Pods replace old ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Strategy {
    /// `RollingUpdate`, `Recreate` or `OnDelete`; `Canary` or `BlueGreen` for a Rollout.
    pub kind: Option<Str>,
    /// A number or a percentage.
    pub max_surge: Option<Spanned<IntOrStr>>,
    pub max_unavailable: Option<Spanned<IntOrStr>>,
    pub partition: Option<Spanned<i64>>,
    pub place: Place,
    /// The place of `rollingUpdate`.
    pub rolling_place: Option<Place>,
}

/// A claim that a StatefulSet creates for each of its Pods.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimTemplate {
    pub meta: Meta,
    pub claim: Claim,
    pub place: Place,
}

impl ClaimTemplate {
    pub fn name(&self) -> Option<&Str> {
        self.meta.name.as_ref()
    }
}

impl Workload {
    /// Returns the containers that run as long as the Pod does: its containers, and the init containers
    /// that are native sidecars.
    pub fn running(&self) -> impl Iterator<Item = &super::Container> {
        let spec = &self.template.spec;
        spec.containers.iter().chain(spec.init_containers.iter().filter(|it| it.is_sidecar()))
    }

    /// Returns the number of Pods in the manifest; `None` for a DaemonSet, where the cluster decides.
    pub fn replica_count(&self) -> Option<i64> {
        match self.kind {
            WorkloadKind::DaemonSet => None,
            WorkloadKind::Pod => Some(1),
            WorkloadKind::Job | WorkloadKind::CronJob => {
                Some(self.job.parallelism.map_or(1, |it| it.value))
            }
            WorkloadKind::Deployment
            | WorkloadKind::StatefulSet
            | WorkloadKind::ReplicaSet
            | WorkloadKind::ReplicationController
            | WorkloadKind::Rollout => Some(self.replicas.map_or(1, |it| it.value)),
        }
    }
}
