//! PLM6xx: probes and resources, which can turn a healthy app into a restart loop.

use super::Rule;
use crate::model::kubernetes::{Container, Probe};

mod healthcheck_not_carried;
mod hpa_without_requests;
mod missing_memory_limit;
mod missing_requests;
mod probe_port_unknown;
mod probe_timing_invalid;
mod requests_exceed_limits;

pub(super) const RULES: &[&Rule] = &[
    &probe_port_unknown::RULE,
    &missing_requests::RULE,
    &missing_memory_limit::RULE,
    &requests_exceed_limits::RULE,
    &hpa_without_requests::RULE,
    &healthcheck_not_carried::RULE,
    &probe_timing_invalid::RULE,
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
