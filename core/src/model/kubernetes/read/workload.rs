//! Reads workloads.

use crate::model::kubernetes::claim::read_claim_spec;
use crate::model::kubernetes::read::meta::read_meta;
use crate::model::kubernetes::read::pod::{read_pod_spec, read_template};
use crate::model::kubernetes::selector::{read_label_map, read_selector};
use crate::model::kubernetes::{
    Claim, ClaimTemplate, CronFields, JobFields, Meta, PodTemplate, Strategy, Workload,
    WorkloadKind,
};
use crate::model::read::{Reader, Str};
use crate::syntax::Node;

/// Reads a workload from its `spec`. The metadata of a Pod is that of its template.
pub(crate) fn read_workload(
    reader: &mut Reader,
    kind: WorkloadKind,
    spec: Option<Node<'_>>,
    meta: &Meta,
) -> Workload {
    let mut it = Workload {
        kind,
        replicas: None,
        selector: None,
        template: PodTemplate::default(),
        strategy: None,
        service_name: None,
        volume_claim_templates: Vec::new(),
        pod_management_policy: None,
        min_ready_seconds: None,
        progress_deadline_seconds: None,
        revision_history_limit: None,
        paused: None,
        job: JobFields::default(),
        cron: CronFields::default(),
        workload_ref: None,
        place: spec.filter(|spec| spec.is_mapping()).map(|spec| reader.place(spec)),
    };
    let Some(spec) = spec else { return it };
    match kind {
        WorkloadKind::Pod => {
            it.template.meta = meta.clone();
            it.template.spec = read_pod_spec(reader, spec);
            it.template.place = it.place;
        }
        WorkloadKind::Job => read_job(reader, spec, &mut it),
        WorkloadKind::CronJob => read_cron_job(reader, spec, &mut it),
        WorkloadKind::Deployment
        | WorkloadKind::StatefulSet
        | WorkloadKind::DaemonSet
        | WorkloadKind::ReplicaSet
        | WorkloadKind::ReplicationController
        | WorkloadKind::Rollout => read_server(reader, spec, &mut it),
    }
    it
}

/// Returns the type of the spec.
fn owner(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::Deployment => "DeploymentSpec",
        WorkloadKind::StatefulSet => "StatefulSetSpec",
        WorkloadKind::DaemonSet => "DaemonSetSpec",
        WorkloadKind::ReplicaSet => "ReplicaSetSpec",
        WorkloadKind::ReplicationController => "ReplicationControllerSpec",
        WorkloadKind::Job => "JobSpec",
        WorkloadKind::CronJob => "CronJobSpec",
        WorkloadKind::Pod => "PodSpec",
        WorkloadKind::Rollout => "RolloutSpec",
    }
}

/// Reads the spec of a workload whose Pods run until they are deleted.
fn read_server(reader: &mut Reader, spec: Node<'_>, it: &mut Workload) {
    use WorkloadKind::{
        DaemonSet, Deployment, ReplicaSet, ReplicationController, Rollout, StatefulSet,
    };
    let kind = it.kind;
    let any = |kinds: &[WorkloadKind]| kinds.contains(&kind);
    reader.each(spec, owner(kind), |reader, key, entry| {
        let value = entry.value;
        match key {
            "replicas" if kind != DaemonSet => reader.read(value, &mut it.replicas),
            "selector" if kind == ReplicationController => {
                it.selector = read_label_map(reader, value);
            }
            "selector" => it.selector = read_selector(reader, value),
            "template" => it.template = read_template(reader, value),
            "strategy" if any(&[Deployment, Rollout]) => {
                it.strategy = read_strategy(reader, value, kind);
            }
            "updateStrategy" if any(&[StatefulSet, DaemonSet]) => {
                it.strategy = read_strategy(reader, value, kind);
            }
            "minReadySeconds" => reader.read(value, &mut it.min_ready_seconds),
            "revisionHistoryLimit" if !any(&[ReplicaSet, ReplicationController]) => {
                reader.read(value, &mut it.revision_history_limit);
            }
            "progressDeadlineSeconds" if any(&[Deployment, Rollout]) => {
                reader.read(value, &mut it.progress_deadline_seconds);
            }
            "paused" if any(&[Deployment, Rollout]) => reader.read(value, &mut it.paused),
            "serviceName" if kind == StatefulSet => reader.read(value, &mut it.service_name),
            "podManagementPolicy" if kind == StatefulSet => {
                reader.read(value, &mut it.pod_management_policy);
            }
            "volumeClaimTemplates" if kind == StatefulSet => {
                it.volume_claim_templates = reader.list(value, read_claim_template);
            }
            "workloadRef" if kind == Rollout => {
                let target = value.get("kind").and_then(|it| reader.str(it));
                let name = value.get("name").and_then(|it| reader.str(it));
                it.workload_ref = target.zip(name);
            }
            // The resource of Argo changes faster than those of Kubernetes: all its keys are accepted.
            _ => return kind == Rollout,
        }
        true
    });
}

fn read_strategy(reader: &mut Reader, node: Node<'_>, kind: WorkloadKind) -> Option<Strategy> {
    if node.is_null() {
        return None;
    }
    let mut it = Strategy { place: reader.place(node), ..Strategy::default() };
    let owner = match kind {
        WorkloadKind::StatefulSet => "StatefulSetUpdateStrategy",
        WorkloadKind::DaemonSet => "DaemonSetUpdateStrategy",
        _ => "DeploymentStrategy",
    };
    reader.each(node, owner, |reader, key, entry| {
        match key {
            "type" => reader.read(entry.value, &mut it.kind),
            "rollingUpdate" => {
                it.rolling_place = Some(reader.place(entry.value));
                read_rolling(reader, entry.value, &mut it);
            }
            "canary" | "blueGreen" if kind == WorkloadKind::Rollout => {
                let name = if key == "canary" { "Canary" } else { "BlueGreen" };
                it.kind = Some(Str::new(name.into(), entry.key.span()));
                it.max_surge = entry.value.get("maxSurge").and_then(|it| reader.int_or_str(it));
                it.max_unavailable =
                    entry.value.get("maxUnavailable").and_then(|it| reader.int_or_str(it));
            }
            _ => return kind == WorkloadKind::Rollout,
        }
        true
    });
    Some(it)
}

fn read_rolling(reader: &mut Reader, node: Node<'_>, it: &mut Strategy) {
    reader.each(node, "RollingUpdate", |reader, key, entry| {
        match key {
            "maxSurge" => reader.read(entry.value, &mut it.max_surge),
            "maxUnavailable" => reader.read(entry.value, &mut it.max_unavailable),
            "partition" => reader.read(entry.value, &mut it.partition),
            _ => return false,
        }
        true
    });
}

fn read_claim_template(reader: &mut Reader, node: Node<'_>) -> Option<ClaimTemplate> {
    let mut it =
        ClaimTemplate { meta: Meta::default(), claim: Claim::default(), place: reader.place(node) };
    reader.each(node, "PersistentVolumeClaim", |reader, key, entry| {
        match key {
            "metadata" => it.meta = read_meta(reader, entry.value),
            "spec" => it.claim = read_claim_spec(reader, entry.value),
            _ => return false,
        }
        true
    });
    Some(it)
}

fn read_job(reader: &mut Reader, spec: Node<'_>, it: &mut Workload) {
    it.job.place = spec.is_mapping().then(|| reader.place(spec));
    reader.each(spec, "JobSpec", |reader, key, entry| {
        let value = entry.value;
        match key {
            "parallelism" => reader.read(value, &mut it.job.parallelism),
            "completions" => reader.read(value, &mut it.job.completions),
            "completionMode" => reader.read(value, &mut it.job.completion_mode),
            "backoffLimit" => reader.read(value, &mut it.job.backoff_limit),
            "activeDeadlineSeconds" => reader.read(value, &mut it.job.active_deadline_seconds),
            "ttlSecondsAfterFinished" => reader.read(value, &mut it.job.ttl_seconds_after_finished),
            "suspend" => reader.read(value, &mut it.job.suspend),
            "selector" => it.selector = read_selector(reader, value),
            "template" => it.template = read_template(reader, value),
            _ => return false,
        }
        true
    });
}

fn read_cron_job(reader: &mut Reader, spec: Node<'_>, it: &mut Workload) {
    reader.each(spec, "CronJobSpec", |reader, key, entry| {
        let value = entry.value;
        let cron = &mut it.cron;
        match key {
            "schedule" => reader.read(value, &mut cron.schedule),
            "timeZone" => reader.read(value, &mut cron.time_zone),
            "concurrencyPolicy" => reader.read(value, &mut cron.concurrency_policy),
            "suspend" => reader.read(value, &mut cron.suspend),
            "startingDeadlineSeconds" => reader.read(value, &mut cron.starting_deadline_seconds),
            "successfulJobsHistoryLimit" => {
                reader.read(value, &mut cron.successful_jobs_history_limit);
            }
            "failedJobsHistoryLimit" => reader.read(value, &mut cron.failed_jobs_history_limit),
            "jobTemplate" => reader.each(value, "JobTemplateSpec", |reader, key, entry| {
                match key {
                    "metadata" => it.job.meta = Some(Box::new(read_meta(reader, entry.value))),
                    "spec" => read_job(reader, entry.value, it),
                    _ => return false,
                }
                true
            }),
            _ => return false,
        }
        true
    });
}
