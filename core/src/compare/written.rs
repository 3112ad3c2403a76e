//! The keys that a service writes, those of `deploy` by their paths.

use crate::model::Str;
use crate::model::compose::{Deploy, Placement, Resources, RestartPolicy, Service, UpdateConfig};
use crate::text::Span;

/// A key with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub key: String,
    pub span: Span,
}

/// Returns the keys of a service in the order of the file, without its own extensions (`x-*`).
pub fn keys(service: &Service) -> Vec<Written> {
    let mut keys = Vec::new();
    for key in &service.keys {
        let name = key.name.as_str();
        match (name, service.deploy.as_deref()) {
            ("deploy", Some(deploy)) => deploy_keys(deploy, &mut keys),
            _ => keys.push(Written { key: name.to_owned(), span: key.name.span }),
        }
    }
    keys
}

fn deploy_keys(deploy: &Deploy, keys: &mut Vec<Written>) {
    for key in &deploy.keys {
        match key.name.as_str() {
            "resources" => {
                limits(deploy.limits.as_ref(), keys);
                reservations(deploy.reservations.as_ref(), keys);
            }
            "update_config" => {
                update("deploy.update_config", deploy.update_config.as_ref(), keys);
            }
            "rollback_config" => {
                update("deploy.rollback_config", deploy.rollback_config.as_ref(), keys);
            }
            "restart_policy" => restart(deploy.restart_policy.as_ref(), keys),
            "placement" => placement(deploy.placement.as_ref(), keys),
            name => {
                keys.push(Written { key: format!("deploy.{name}"), span: key.name.span });
            }
        }
    }
}

/// Adds those keys that are written.
fn add<const N: usize>(path: &str, found: [(&str, Option<Span>); N], keys: &mut Vec<Written>) {
    for (name, span) in found {
        if let Some(span) = span {
            keys.push(Written { key: format!("{path}.{name}"), span });
        }
    }
}

fn span_of(text: &Option<Str>) -> Option<Span> {
    text.as_ref().map(|it| it.span)
}

fn limits(limits: Option<&Resources>, keys: &mut Vec<Written>) {
    let Some(it) = limits else { return };
    let found = [
        ("cpus", it.cpus.map(|it| it.span)),
        ("memory", it.memory.map(|it| it.span)),
        ("pids", it.pids.map(|it| it.span)),
    ];
    add("deploy.resources.limits", found, keys);
}

fn reservations(reservations: Option<&Resources>, keys: &mut Vec<Written>) {
    let Some(it) = reservations else { return };
    let found = [
        ("cpus", it.cpus.map(|it| it.span)),
        ("memory", it.memory.map(|it| it.span)),
        ("devices", it.devices.first().map(|it| it.span)),
        ("generic_resources", it.generic_resources),
    ];
    add("deploy.resources.reservations", found, keys);
}

fn update(path: &str, config: Option<&UpdateConfig>, keys: &mut Vec<Written>) {
    let Some(it) = config else { return };
    let found = [
        ("parallelism", it.parallelism.map(|it| it.span)),
        ("delay", it.delay.map(|it| it.span)),
        ("failure_action", span_of(&it.failure_action)),
        ("monitor", it.monitor.map(|it| it.span)),
        ("max_failure_ratio", it.max_failure_ratio.map(|it| it.span)),
        ("order", span_of(&it.order)),
    ];
    add(path, found, keys);
}

fn restart(policy: Option<&RestartPolicy>, keys: &mut Vec<Written>) {
    let Some(it) = policy else { return };
    let found = [
        ("condition", span_of(&it.condition)),
        ("delay", it.delay.map(|it| it.span)),
        ("max_attempts", it.max_attempts.map(|it| it.span)),
        ("window", it.window.map(|it| it.span)),
    ];
    add("deploy.restart_policy", found, keys);
}

fn placement(placement: Option<&Placement>, keys: &mut Vec<Written>) {
    let Some(it) = placement else { return };
    let found = [
        ("constraints", it.constraints.first().map(|it| it.span)),
        ("preferences", it.preferences.first().map(|it| it.span)),
        ("max_replicas_per_node", it.max_replicas_per_node.map(|it| it.span)),
    ];
    add("deploy.placement", found, keys);
}
