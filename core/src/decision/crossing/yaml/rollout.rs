//! What the workload is, how many copies it has and how an update replaces them.

use super::container::seconds;
use super::draft::Draft;
use super::{Context, labels_and_annotations};
use crate::edit::Yaml;
use crate::knowledge::compose_keys::Case;
use crate::model::compose::UpdateConfig;
use crate::model::kubernetes::WorkloadKind;

pub fn draft(context: &Context<'_, '_>, key: &str, case: Case) -> Option<Draft> {
    let model = context.service.model;
    let deploy = model.deploy.as_deref();
    let replicas = |count: i64| Draft::spec([("replicas", Yaml::int(count.max(0)))]);
    match key {
        "scale" => Some(replicas(model.scale?.value)),
        "deploy.replicas" => Some(replicas(deploy?.replicas?.value)),
        "deploy.mode" => match case {
            Case::Global => Some(Draft::kind(WorkloadKind::DaemonSet)),
            Case::Once => Some(job("Never")),
            _ => None,
        },
        "deploy.labels" if case == Case::Other => {
            let entries = labels_and_annotations(&deploy?.labels);
            (!entries.is_empty()).then(|| Draft::meta(entries))
        }
        "stop_grace_period" => {
            let grace = Yaml::int(seconds(model.stop_grace_period?.value));
            Some(Draft::pod([("terminationGracePeriodSeconds", grace)]))
        }
        "restart" if case == Case::Once => {
            let restart = model.restart.as_ref()?.as_str();
            let attempts = restart.strip_prefix("on-failure:").and_then(|it| it.parse().ok());
            task(context, restart.starts_with("on-failure"), attempts)
        }
        "deploy.restart_policy.condition" if case == Case::Once => {
            let policy = deploy?.restart_policy.as_ref()?;
            let again = policy.condition.as_ref()?.as_str() == "on-failure";
            task(context, again, None)
        }
        "deploy.restart_policy.max_attempts" => {
            let attempts = deploy?.restart_policy.as_ref()?.max_attempts?.value;
            task(context, true, Some(attempts))
        }
        "deploy.update_config.order" | "deploy.update_config.parallelism" => {
            Some(strategy(deploy?.update_config.as_ref()?))
        }
        "deploy.update_config.delay" => {
            let delay = deploy?.update_config.as_ref()?.delay?;
            Some(Draft::spec([("minReadySeconds", Yaml::int(seconds(delay.value)))]))
        }
        "deploy.update_config.monitor" => {
            let monitor = deploy?.update_config.as_ref()?.monitor?;
            Some(Draft::spec([("minReadySeconds", Yaml::int(seconds(monitor.value)))]))
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

/// Returns the update strategy. Without an order Swarm stops the old task first, one at a time; with a
/// parallelism of 0 it replaces all at once.
///
/// Source: <https://docs.docker.com/reference/compose-file/deploy/#update_config>
fn strategy(config: &UpdateConfig) -> Draft {
    let at_once = config.parallelism.map_or(1, |it| it.value);
    let start_first = config.order.as_ref().is_some_and(|it| it.as_str() == "start-first");
    let (surge, unavailable) = match (at_once, start_first) {
        (0, false) => {
            let recreate = Yaml::map([("type", Yaml::str("Recreate"))]);
            return Draft::spec([("strategy", recreate)]);
        }
        (0, true) => (Yaml::str("100%"), Yaml::int(0)),
        (count, true) => (Yaml::int(count), Yaml::int(0)),
        (count, false) => (Yaml::int(0), Yaml::int(count)),
    };
    let rolling = Yaml::map([("maxSurge", surge), ("maxUnavailable", unavailable)]);
    let strategy = [("type", Yaml::str("RollingUpdate")), ("rollingUpdate", rolling)];
    Draft::spec([("strategy", Yaml::map(strategy))])
}
