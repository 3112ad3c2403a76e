//! How long probes and healthchecks wait, in words.
//!
//! Source: <https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/> and
//! <https://docs.docker.com/reference/dockerfile/#healthcheck>

use super::words::{count, seconds};
use crate::model::compose::Healthcheck;
use crate::model::kubernetes::{Container, Probe};
use crate::text::Spanned;
use std::time::Duration;

/// What a probe decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeKind {
    Startup,
    Liveness,
    Readiness,
}

/// Returns the probes of a container with their kinds.
pub(super) fn probes(container: &Container) -> impl Iterator<Item = (ProbeKind, &Probe)> {
    let all = [
        (ProbeKind::Startup, &container.startup),
        (ProbeKind::Liveness, &container.liveness),
        (ProbeKind::Readiness, &container.readiness),
    ];
    all.into_iter().filter_map(|(kind, probe)| Some((kind, probe.as_deref()?)))
}

/// Returns what happens after how long, in a few words.
pub(super) fn probe_label(kind: ProbeKind, probe: &Probe, container: &Container) -> String {
    match kind {
        ProbeKind::Startup => {
            let allowed = probe.initial_delay().saturating_add(probe.budget());
            format!("killed if not started after {}", seconds(allowed))
        }
        ProbeKind::Liveness => {
            let first = if container.startup.is_some() { 0 } else { probe.initial_delay() };
            let budget = seconds(probe.budget());
            match first {
                0 => format!("killed after {budget} without an answer"),
                delay => {
                    let earliest = seconds(delay.saturating_add(probe.budget()));
                    format!(
                        "killed after {budget} without an answer, at the earliest {earliest} after the start"
                    )
                }
            }
        }
        ProbeKind::Readiness => {
            format!("no traffic after {} without an answer", seconds(probe.budget()))
        }
    }
}

/// Returns what a probe decides and when, in sentences.
pub(super) fn probe_sentences(kind: ProbeKind, probe: &Probe, container: &Container) -> String {
    let pace = format!(
        "one check every {}, {} to answer",
        seconds(probe.period()),
        seconds(probe.timeout())
    );
    let failures = count(probe.failures(), "failure");
    let starts_later = container.startup.is_some() && kind != ProbeKind::Startup;
    let first = match probe.initial_delay() {
        _ if starts_later => " It starts once the startup probe has passed.".to_owned(),
        0 => String::new(),
        delay => format!(" The first check comes {} after the start.", seconds(delay)),
    };
    let grace = match probe.termination_grace_period_seconds {
        Some(it) if kind != ProbeKind::Readiness => {
            format!(" It then has {} to stop.", seconds(it.value))
        }
        _ => String::new(),
    };
    match kind {
        ProbeKind::Startup => {
            let allowed = seconds(probe.initial_delay().saturating_add(probe.budget()));
            format!(
                "The container has {allowed} to start and is killed after that ({failures}, {pace}).{first}{grace}"
            )
        }
        ProbeKind::Liveness => {
            let budget = seconds(probe.budget());
            format!(
                "The container is killed after {budget} without an answer ({failures}, {pace}).{first}{grace}"
            )
        }
        ProbeKind::Readiness => {
            let wait = (probe.successes() - 1).max(0).saturating_mul(probe.period());
            let earliest = probe.initial_delay().saturating_add(wait);
            let ready = match earliest {
                0 => "Ready with the first answer".to_owned(),
                earliest => format!("Ready at the earliest after {}", seconds(earliest)),
            };
            let budget = seconds(probe.budget());
            format!(
                "{ready}. It gets no traffic after {budget} without an answer ({failures}, {pace}).{first}"
            )
        }
    }
}

/// The defaults of Docker's healthchecks, in seconds.
const INTERVAL: i64 = 30;
const TIMEOUT: i64 = 30;
const RETRIES: i64 = 3;
const START_INTERVAL: i64 = 5;

/// When a healthcheck decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HealthBudget {
    pub start: i64,
    pub interval: i64,
    pub timeout: i64,
    pub retries: i64,
    /// Seconds until the first check.
    pub first: i64,
}

impl HealthBudget {
    /// Returns the budget of a healthcheck; `None` where it is switched off.
    pub fn of(check: &Healthcheck) -> Option<HealthBudget> {
        if check.disabled {
            return None;
        }
        let whole = |it: Option<Spanned<Duration>>| {
            it.and_then(|it| i64::try_from(it.value.as_secs()).ok()).filter(|it| *it > 0)
        };
        let interval = whole(check.interval).unwrap_or(INTERVAL);
        let start = whole(check.start_period).unwrap_or(0);
        let start_interval = whole(check.start_interval).unwrap_or(START_INTERVAL);
        Some(HealthBudget {
            start,
            interval,
            timeout: whole(check.timeout).unwrap_or(TIMEOUT),
            retries: check.retries.map_or(RETRIES, |it| it.value).max(1),
            first: if start > 0 { start_interval } else { interval },
        })
    }

    /// Returns the seconds after which a container that never succeeds is unhealthy.
    pub fn until_unhealthy(self) -> i64 {
        self.start.saturating_add(self.interval.saturating_mul(self.retries))
    }

    pub fn label(self) -> String {
        format!("unhealthy after {} without a success", seconds(self.until_unhealthy()))
    }

    /// Returns what the healthcheck decides and when, in sentences. `waiting` are the services that wait for
    /// it.
    pub fn sentences(self, waiting: &str) -> String {
        let until = seconds(self.until_unhealthy());
        let decides = match waiting {
            "" => format!("Unhealthy after {until} without a success"),
            waiting => format!("Compose gives it {until} before it gives up on {waiting}"),
        };
        let start = match self.start {
            0 => String::new(),
            start => format!("{} in which failures do not count, then ", seconds(start)),
        };
        format!(
            "{decides} ({start}{}, one check every {}, {} to answer). Healthy at the earliest after {}.",
            count(self.retries, "failure"),
            seconds(self.interval),
            seconds(self.timeout),
            seconds(self.first)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_healthcheck_without_numbers_has_those_of_docker() {
        let budget = HealthBudget::of(&Healthcheck::default()).unwrap();
        assert_eq!(budget.until_unhealthy(), 90);
        assert_eq!(budget.first, 30);
        let off = Healthcheck { disabled: true, ..Healthcheck::default() };
        assert_eq!(HealthBudget::of(&off), None);
    }
}
