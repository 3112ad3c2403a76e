use super::{check_span, is_too_eager, patience_span};
use crate::facts::{Facts, Unit, Workload, in_shell};
use crate::knowledge::starts::fixed_sleep;
use crate::model::kubernetes::{Container, Probe};
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;
use crate::text::Span;
use std::time::Duration;

rule! {
    /// A probe gives up before the container can have started.
    ///
    /// ## Why it hurts
    /// The liveness probe counts its failures from the first second. Where the files themselves say
    /// that the start takes longer than the probe waits, the container is restarted before it has ever
    /// answered, again and again (`CrashLoopBackOff`). In Compose it becomes `unhealthy`, and what waits
    /// for it with `service_healthy` fails.
    ///
    /// ## What helps
    /// Give the container a startup probe with enough failures for its start. The liveness probe then
    /// waits until it has passed. In Compose, raise `start_period`.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod POD` shows `Liveness probe failed`, then `Killing`, at the same age of the
    /// container each time.
    ///
    /// ## When to ignore
    /// Where the time in the files is an allowance that the start never uses up.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       readinessProbe:
    ///         httpGet: { path: /ready, port: 8080 }
    ///         initialDelaySeconds: 60
    ///       livenessProbe:
    ///         httpGet:
    ///           path: /live # <- the liveness probe of container `web` of Pod `web` restarts it after 30 s, but its readiness probe expects a start of 60 s
    ///           port: 8080
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       startupProbe:
    ///         httpGet: { path: /live, port: 8080 }
    ///         failureThreshold: 12
    ///       livenessProbe:
    ///         httpGet: { path: /live, port: 8080 }
    /// ```
    PLM602 "liveness-budget-below-start" {
        since: "0.1.0", on: Both, severity: Error, check: check,
    }
}

/// What the files say about how long a start takes.
struct Expected {
    seconds: i64,
    span: Span,
    /// Completes "but ...".
    says: String,
    /// What the place says.
    place: &'static str,
    /// Whether it is an allowance, which a start need not use up.
    is_allowance: bool,
}

/// Seconds within which most programs have started.
const USUAL: i64 = 30;

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            check_container(facts, out, workload, unit, container);
        }
    }
    for service in facts.services() {
        let Some(health) = service.model.healthcheck.as_ref().filter(|it| !it.disabled) else {
            continue;
        };
        let (Some(interval), Some(retries)) = (health.interval, health.retries) else { continue };
        let start = health.start_period.map_or(Duration::ZERO, |it| it.value);
        let tries = u32::try_from(retries.value).unwrap_or(u32::MAX);
        let budget = start.saturating_add(interval.value.saturating_mul(tries));
        let budget = i64::try_from(budget.as_secs()).unwrap_or(i64::MAX);
        let Some(sleep) = sleep(&service.unit).filter(|it| it.seconds > budget) else { continue };
        let message = format!(
            "service `{}` becomes unhealthy after {budget} s, but {}",
            service.name, sleep.says
        );
        out.at(&retries.span, message)
            .also(&sleep.span, sleep.place)
            .check(facts.compose(service, &format!("ps {}", in_shell(service.name))));
    }
}

fn check_container(
    facts: &Facts,
    out: &mut Findings,
    workload: &Workload<'_>,
    unit: &Unit<'_>,
    container: &Container,
) {
    let Some(liveness) = container.liveness.as_deref() else { return };
    if container.startup.is_some() {
        return;
    }
    let budget = liveness.initial_delay().saturating_add(liveness.budget());
    let all = [sleep(unit), readiness_delay(container), start_period(facts, unit)];
    let longest = all.into_iter().flatten().max_by_key(|it| it.seconds);
    let Some(start) = longest.filter(|it| it.seconds > budget) else { return };
    let message = format!(
        "the liveness probe of {} restarts it after {budget} s, but {}",
        unit.label, start.says
    );
    let finding = out.at(&timing_span(liveness), message);
    finding.also(&start.span, start.place).check(workload.events()).cause(start.place);
    if start.is_allowance {
        finding.confidence(Confidence::Likely).why("The liveness probe counts its failures from the first second. A start that takes as long as Compose allows for is restarted before it has ever answered, again and again (`CrashLoopBackOff`).");
        if budget >= USUAL {
            finding.severity(Severity::Warning);
        }
    }
}

/// Returns the place of the setting that decides when a liveness probe gives up on a start.
fn timing_span(probe: &Probe) -> Span {
    // A probe without any patience has a finding about that, at the setting for it.
    let patience = if is_too_eager(probe) { check_span(probe) } else { patience_span(probe) };
    probe.initial_delay_seconds.map_or(patience, |it| it.span)
}

fn sleep(unit: &Unit<'_>) -> Option<Expected> {
    let sleeps = unit.start.commands.iter();
    let (command, seconds) =
        sleeps.filter_map(|it| Some((it, fixed_sleep(it)?))).max_by_key(|it| it.1)?;
    // What runs in the background or after a server does not delay it, and a command that only sleeps
    // keeps a container alive.
    let is_first = unit.start.commands.first().is_some_and(|it| std::ptr::eq(it, command));
    if !is_first || unit.start.commands.len() < 2 {
        return None;
    }
    let span = unit.start.span_of(command.words.first()?);
    let says = format!("its command sleeps for {seconds} s before it starts");
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Some(Expected { seconds, span, says, place: "it sleeps this long", is_allowance: false })
}

fn readiness_delay(container: &Container) -> Option<Expected> {
    let delay = container.readiness.as_ref()?.initial_delay_seconds?;
    Some(Expected {
        seconds: delay.value,
        span: delay.span,
        says: format!("its readiness probe expects a start of {} s", delay.value),
        place: "readiness waits this long",
        is_allowance: false,
    })
}

fn start_period(facts: &Facts, unit: &Unit<'_>) -> Option<Expected> {
    let crate::facts::Site::Container(workload, at) = unit.site else { return None };
    let (service, ..) = facts.pair(facts.counterpart_of_container(workload, at)?);
    let start = service.model.healthcheck.as_ref().filter(|it| !it.disabled)?.start_period?;
    let seconds = i64::try_from(start.value.as_secs()).unwrap_or(i64::MAX);
    Some(Expected {
        seconds,
        span: start.span,
        says: format!("Compose gives `{}` {seconds} s to start (`start_period`)", service.name),
        place: "its start is allowed this long",
        is_allowance: true,
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn pod(container: &str) -> Vec<String> {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {container}}}]}}\n"
        );
        messages(&RULE, &text)
    }

    const LIVENESS: &str = "livenessProbe: {tcpSocket: {port: 1}}";

    #[test]
    fn a_sleep_before_the_server_counts() {
        let start =
            |command: &str| pod(&format!("command: [sh, -c, '{command}'], {LIVENESS}")).len();
        assert_eq!(start("sleep 45 && exec serve"), 1);
        assert_eq!(start("sleep 20 && exec serve"), 0);
        assert_eq!(start("sleep 3600"), 0);
    }

    #[test]
    fn an_allowance_is_no_measure() {
        let found = |timing: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'a/web:1', healthcheck: {{test: [CMD, ok], start_period: 60s}}}}}}\n# file: k8s.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: web, image: 'a/web:1', livenessProbe: {{tcpSocket: {{port: 1}}, {timing}}}}}]}}}}}}\n"
            );
            findings(&RULE, &text).remove(0)
        };
        assert_eq!(found("failureThreshold: 3").severity.name(), "warning");
        let short = found("periodSeconds: 4");
        assert_eq!(short.severity.name(), "error");
        assert_eq!(short.related[0].message, "its start is allowed this long");
    }

    #[test]
    fn a_startup_probe_and_enough_patience_are_silent() {
        let delay = "readinessProbe: {tcpSocket: {port: 1}, initialDelaySeconds: 60}";
        assert_eq!(pod(&format!("{delay}, {LIVENESS}")).len(), 1);
        let startup = "startupProbe: {tcpSocket: {port: 1}}";
        assert!(pod(&format!("{delay}, {LIVENESS}, {startup}")).is_empty());
        let patient = "livenessProbe: {tcpSocket: {port: 1}, initialDelaySeconds: 30}";
        assert!(pod(&format!("{delay}, {patient}")).is_empty());
    }

    #[test]
    fn the_start_period_of_the_counterpart_counts() {
        let sides = |period: &str| {
            messages(&RULE, &format!(
                "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', healthcheck: {{test: [CMD, ok], start_period: {period}}}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', {LIVENESS}}}]}}\n"
            )).len()
        };
        assert_eq!(sides("90s"), 1);
        assert_eq!(sides("30s"), 0);
    }

    #[test]
    fn in_compose_the_retries_must_outlast_the_sleep() {
        let service = |times: &str| {
            messages(&RULE, &format!(
                "services: {{web: {{image: 'a:1', command: sh -c 'sleep 60 && serve', healthcheck: {{test: [CMD, ok], {times}}}}}}}\n"
            )).len()
        };
        assert_eq!(service("interval: 5s, retries: 3"), 1);
        assert_eq!(service("interval: 5s, retries: 3, start_period: 60s"), 0);
        assert_eq!(service("interval: 30s, retries: 3"), 0);
    }
}
