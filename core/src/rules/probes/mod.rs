//! PLM6xx: probes and resources, which can turn a healthy app into a restart loop.

use super::Rule;
use crate::knowledge::shell;
use crate::model::kubernetes::{Container, Probe, ProbeHandler};
use crate::text::Span;

mod check_always_passes;
mod exec_probe_timeout;
mod healthcheck_not_carried;
mod hpa_fights_replicas;
mod hpa_target_missing;
mod hpa_without_requests;
mod liveness_budget_below_start;
mod liveness_same_as_readiness;
mod liveness_too_eager;
mod memory_limit_contradiction;
mod missing_healthcheck;
mod missing_memory_limit;
mod missing_requests;
mod no_graceful_stop;
mod no_memory_limit_on_shared_host;
mod probe_port_unknown;
mod probe_timing_invalid;
mod readiness_hair_trigger;
mod requests_exceed_limits;
mod resource_drift;
mod slow_start_without_startup_probe;
mod stop_budget_drift;

pub(super) const RULES: &[&Rule] = &[
    &slow_start_without_startup_probe::RULE,
    &liveness_budget_below_start::RULE,
    &liveness_same_as_readiness::RULE,
    &liveness_too_eager::RULE,
    &probe_port_unknown::RULE,
    &missing_requests::RULE,
    &missing_memory_limit::RULE,
    &memory_limit_contradiction::RULE,
    &requests_exceed_limits::RULE,
    &hpa_without_requests::RULE,
    &hpa_fights_replicas::RULE,
    &hpa_target_missing::RULE,
    &healthcheck_not_carried::RULE,
    &resource_drift::RULE,
    &probe_timing_invalid::RULE,
    &no_graceful_stop::RULE,
    &missing_healthcheck::RULE,
    &no_memory_limit_on_shared_host::RULE,
    &stop_budget_drift::RULE,
    &exec_probe_timeout::RULE,
    &check_always_passes::RULE,
    &readiness_hair_trigger::RULE,
];

/// Returns the probes of a container with their field names.
fn probes(container: &Container) -> impl Iterator<Item = (&'static str, &Probe)> {
    [
        ("readinessProbe", &container.readiness),
        ("livenessProbe", &container.liveness),
        ("startupProbe", &container.startup),
    ]
    .into_iter()
    .filter_map(|(name, probe)| Some((name, probe.as_deref()?)))
}

/// Returns the place of what a probe asks: its path, port or command.
fn check_span(probe: &Probe) -> Span {
    let asked = match &probe.handler {
        ProbeHandler::Http { path: Some(path), .. } => Some(path.span),
        ProbeHandler::Exec { command, .. } => command.first().map(|it| it.span),
        handler => handler.port().map(|it| it.span),
    };
    asked.unwrap_or(probe.place.span)
}

/// Seconds without an answer within which a liveness probe is too eager.
const EAGER: i64 = 10;

/// Whether a liveness probe restarts its container after a short pause, or after one slow answer.
fn is_too_eager(liveness: &Probe) -> bool {
    liveness.budget() <= EAGER || (liveness.failures() == 1 && liveness.timeout() <= 1)
}

/// Programs that take about a second or more to start: interpreters, and clients written for a JVM, an
/// Erlang node or Node.js.
const SLOW_PROGRAMS: &[&str] = &[
    "java",
    "jcmd",
    "python",
    "node",
    "ruby",
    "bundle",
    "rails",
    "php",
    "dotnet",
    "npm",
    "npx",
    "elixir",
    "erl",
    "rabbitmq-diagnostics",
    "rabbitmqctl",
    "kafka-topics",
    "kafka-broker-api-versions",
    "kafka-consumer-groups",
    "cqlsh",
    "nodetool",
    "mongosh",
    "celery",
    "airflow",
    "zkServer",
    "solr",
];

/// Returns the program of an exec probe that takes about a second or more to start.
fn slow_program(probe: &Probe) -> Option<String> {
    let ProbeHandler::Exec { command, .. } = &probe.handler else { return None };
    let words: Vec<&str> = command.iter().map(|it| it.as_str()).collect();
    shell::commands_of_argv(&words).iter().find_map(|command| {
        let name = shell::base_name(&command.program().first()?.text).to_owned();
        let plain = name.strip_suffix(".sh").unwrap_or(&name);
        let plain = plain.trim_end_matches(|it: char| it.is_ascii_digit() || it == '.');
        SLOW_PROGRAMS.contains(&plain).then_some(name)
    })
}

/// Returns an amount of memory as people say it: "512 MiB".
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{} {unit}", two_decimals(bytes as f64 / *size as f64)),
        None => format!("{bytes} bytes"),
    }
}

/// Returns a number with at most two decimals.
fn two_decimals(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
