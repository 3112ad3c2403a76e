//! What the workload is, how many copies it has and how an update replaces them.

use super::container::seconds;
use super::draft::Draft;
use super::{Context, labels_and_annotations};
use crate::edit::Yaml;
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::Case;
use crate::model::compose::UpdateConfig;
use crate::model::kubernetes::WorkloadKind;
use std::time::Duration;

pub fn draft(context: &Context<'_, '_>, key: Key, case: Case) -> Option<Draft> {
    let model = context.service.model;
    let deploy = model.deploy.as_deref();
    match key {
        Key::Scale => replicas(context.kind, model.scale?.value),
        Key::DeployReplicas => replicas(context.kind, deploy?.replicas?.value),
        Key::DeployMode => match case {
            Case::Global => Some(Draft::kind(WorkloadKind::DaemonSet)),
            Case::Once => Some(job("Never")),
            _ => None,
        },
        Key::DeployLabels if case == Case::Other => {
            let entries = labels_and_annotations(&deploy?.labels);
            (!entries.is_empty()).then(|| Draft::meta(entries))
        }
        Key::StopGracePeriod => {
            let grace = Yaml::int(seconds(model.stop_grace_period?.value));
            Some(Draft::pod([("terminationGracePeriodSeconds", grace)]))
        }
        Key::Restart if case == Case::Once => {
            let restart = model.restart.as_ref()?.as_str();
            let attempts = restart.strip_prefix("on-failure:").and_then(|it| it.parse().ok());
            task(context, restart.starts_with("on-failure"), attempts)
        }
        Key::DeployRestartCondition if case == Case::Once => {
            let policy = deploy?.restart_policy.as_ref()?;
            let again = policy.condition.as_ref()?.as_str() == "on-failure";
            task(context, again, None)
        }
        Key::DeployRestartMaxAttempts => {
            let attempts = deploy?.restart_policy.as_ref()?.max_attempts?.value;
            task(context, true, Some(attempts))
        }
        Key::DeployUpdateOrder | Key::DeployUpdateParallelism => {
            strategy(context.kind, deploy?.update_config.as_ref()?)
        }
        Key::DeployUpdateDelay => {
            let delay = deploy?.update_config.as_ref()?.delay?;
            min_ready(context.kind, delay.value)
        }
        Key::DeployUpdateMonitor => {
            let monitor = deploy?.update_config.as_ref()?.monitor?;
            min_ready(context.kind, monitor.value)
        }
        _ => None,
    }
}

fn job(restart: &'static str) -> Draft {
    Draft::kind(WorkloadKind::Job).with_pod([("restartPolicy", Yaml::str(restart))])
}

/// Returns a Job where the service runs to an end; a server that may stop has no counterpart.
fn task(context: &Context<'_, '_>, again: bool, attempts: Option<i64>) -> Option<Draft> {
    if !context.facts.is_one_shot(context.service) {
        return None;
    }
    let draft = job(if again { "OnFailure" } else { "Never" });
    Some(match attempts.filter(|it| *it >= 0) {
        Some(attempts) => draft.with_spec([("backoffLimit", Yaml::int(attempts))]),
        None => draft,
    })
}

/// Returns the number of Pods, for the kinds that have one: the nodes decide on that of a DaemonSet, and a Job
/// counts completions.
fn replicas(kind: WorkloadKind, count: i64) -> Option<Draft> {
    match kind {
        WorkloadKind::Deployment
        | WorkloadKind::StatefulSet
        | WorkloadKind::ReplicaSet
        | WorkloadKind::ReplicationController
        | WorkloadKind::Rollout => Some(Draft::spec([("replicas", Yaml::int(count.max(0)))])),
        WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::CronJob | WorkloadKind::Pod => {
            None
        }
    }
}

/// Returns how long a new Pod has to stay ready, for the kinds that have the field.
fn min_ready(kind: WorkloadKind, time: Duration) -> Option<Draft> {
    match kind {
        WorkloadKind::Job | WorkloadKind::CronJob | WorkloadKind::Pod => None,
        WorkloadKind::Deployment
        | WorkloadKind::StatefulSet
        | WorkloadKind::DaemonSet
        | WorkloadKind::ReplicaSet
        | WorkloadKind::ReplicationController
        | WorkloadKind::Rollout => {
            Some(Draft::spec([("minReadySeconds", Yaml::int(seconds(time)))]))
        }
    }
}

/// Returns the update strategy. Without an order Swarm stops the old task first, one at a time; with a
/// parallelism of 0 it replaces all at once. A StatefulSet never starts a second Pod of one name, and a
/// DaemonSet knows no `Recreate`.
///
/// Sources: <https://docs.docker.com/reference/compose-file/deploy/#update_config>,
/// <https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies> and
/// <https://kubernetes.io/docs/tasks/manage-daemon/update-daemon-set/>
fn strategy(kind: WorkloadKind, config: &UpdateConfig) -> Option<Draft> {
    let at_once = config.parallelism.map_or(1, |it| it.value);
    let start_first = config.order.as_ref().is_some_and(|it| it.as_str() == "start-first");
    let all = || Yaml::str("100%");
    let rolling = |surge: Yaml<'static>, unavailable: Yaml<'static>| {
        vec![("maxSurge", surge), ("maxUnavailable", unavailable)]
    };
    let amounts = match (kind, at_once, start_first) {
        (WorkloadKind::Deployment, 0, false) => {
            let recreate = Yaml::map([("type", Yaml::str("Recreate"))]);
            return Some(Draft::spec([("strategy", recreate)]));
        }
        (WorkloadKind::Deployment | WorkloadKind::DaemonSet, 0, true) => {
            rolling(all(), Yaml::int(0))
        }
        (WorkloadKind::DaemonSet, 0, false) => rolling(Yaml::int(0), all()),
        (WorkloadKind::Deployment | WorkloadKind::DaemonSet, count, true) => {
            rolling(Yaml::int(count), Yaml::int(0))
        }
        (WorkloadKind::Deployment | WorkloadKind::DaemonSet, count, false) => {
            rolling(Yaml::int(0), Yaml::int(count))
        }
        (WorkloadKind::StatefulSet, _, true) => return None,
        (WorkloadKind::StatefulSet, 0, false) => vec![("maxUnavailable", all())],
        (WorkloadKind::StatefulSet, 1, false) => Vec::new(),
        (WorkloadKind::StatefulSet, count, false) => vec![("maxUnavailable", Yaml::int(count))],
        (
            WorkloadKind::ReplicaSet
            | WorkloadKind::ReplicationController
            | WorkloadKind::Job
            | WorkloadKind::CronJob
            | WorkloadKind::Pod
            | WorkloadKind::Rollout,
            _,
            _,
        ) => return None,
    };
    let mut fields = vec![("type", Yaml::str("RollingUpdate"))];
    if !amounts.is_empty() {
        fields.push(("rollingUpdate", Yaml::map(amounts)));
    }
    let key = if kind == WorkloadKind::Deployment { "strategy" } else { "updateStrategy" };
    Some(Draft::spec([(key, Yaml::map(fields))]))
}
