//! What runs Pods: Deployment, StatefulSet, DaemonSet, Job, CronJob, Pod and their like.

use super::{Claim, Meta, PodTemplate, Selector};
use crate::model::read::{IntOrStr, Place, Str};
use crate::text::Spanned;

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
    /// Argo Rollouts' replacement for a Deployment.
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

    /// Runs until it is done: Job and CronJob.
    pub fn is_job(self) -> bool {
        matches!(self, WorkloadKind::Job | WorkloadKind::CronJob)
    }
}

/// The owner of a Pod template. For a CronJob the Job's fields (`parallelism` and so on) are those
/// of its job template.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    pub kind: WorkloadKind,
    pub replicas: Option<Spanned<i64>>,
    /// `None` where it is not written, as for a Job.
    pub selector: Option<Selector>,
    pub template: PodTemplate,
    /// `strategy` of a Deployment or Rollout, `updateStrategy` of a StatefulSet or DaemonSet.
    pub strategy: Option<Strategy>,
    /// StatefulSet
    pub service_name: Option<Str>,
    /// StatefulSet
    pub volume_claim_templates: Vec<ClaimTemplate>,
    /// StatefulSet: `OrderedReady` or `Parallel`.
    pub pod_management_policy: Option<Str>,
    pub min_ready_seconds: Option<Spanned<i64>>,
    pub progress_deadline_seconds: Option<Spanned<i64>>,
    pub revision_history_limit: Option<Spanned<i64>>,
    /// Deployment and Rollout; a CronJob's is `suspend`.
    pub paused: Option<Spanned<bool>>,
    pub job: JobFields,
    pub cron: CronFields,
    /// Argo Rollout: the Deployment whose template it runs instead of its own.
    pub workload_ref: Option<(Str, Str)>,
    /// `spec`; `None` where there is none.
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
    /// The Job's `spec` (a CronJob's `spec.jobTemplate.spec`).
    pub place: Option<Place>,
    /// A CronJob's `spec.jobTemplate.metadata`.
    pub meta: Option<Meta>,
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

/// How old Pods are replaced by new ones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Strategy {
    /// `RollingUpdate`, `Recreate`, `OnDelete`; for a Rollout `Canary` or `BlueGreen`.
    pub kind: Option<Str>,
    /// A number or a percentage.
    pub max_surge: Option<Spanned<IntOrStr>>,
    pub max_unavailable: Option<Spanned<IntOrStr>>,
    pub partition: Option<Spanned<i64>>,
    pub place: Place,
    /// `rollingUpdate`
    pub rolling_place: Option<Place>,
}

/// A claim that a StatefulSet makes for each of its Pods.
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
    /// Containers that run beside one another as long as the Pod does: the containers, and init
    /// containers that are native sidecars.
    pub fn running(&self) -> impl Iterator<Item = &super::Container> {
        let spec = &self.template.spec;
        spec.containers.iter().chain(spec.init_containers.iter().filter(|it| it.is_sidecar()))
    }

    /// How many Pods the manifest itself asks for; `None` where the cluster decides (DaemonSet).
    pub fn replica_count(&self) -> Option<i64> {
        match self.kind {
            WorkloadKind::DaemonSet => None,
            WorkloadKind::Pod => Some(1),
            WorkloadKind::Job | WorkloadKind::CronJob => {
                Some(self.job.parallelism.map_or(1, |it| it.value))
            }
            _ => Some(self.replicas.map_or(1, |it| it.value)),
        }
    }
}
