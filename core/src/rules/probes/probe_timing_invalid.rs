use super::probes;
use crate::facts::{Facts, Service, in_shell};
use crate::report::{Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::{Span, Spanned};
use std::time::Duration;

rule! {
    /// A probe has timings that are refused or cannot work as intended.
    ///
    /// ## Why it hurts
    /// The API server refuses a liveness or startup probe whose `successThreshold` is not 1, and
    /// any value below its minimum. A timeout longer than the period is accepted, but a slow answer
    /// then delays the next probe, and the period is not kept. Docker refuses times below a
    /// millisecond, and Compose a `start_interval` without a `start_period`: the service does not start.
    ///
    /// ## What helps
    /// Keep `timeoutSeconds` at or below `periodSeconds`, and set `successThreshold` only on
    /// readiness probes. In Compose, leave out what should have its default.
    ///
    /// ## How to troubleshoot
    /// `kubectl apply --dry-run=server -f FILE` shows the error. In Compose, `docker compose create`
    /// does, and `docker compose config` does not.
    ///
    /// ## When to ignore
    /// Where only a timeout exceeds the period, and a late probe does no harm. Never where the value is refused.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: acme/web:1
    ///     healthcheck:
    ///       test: ["CMD", "curl", "-f", "http://localhost"]
    ///       start_interval: 1s # <- `start_interval` of the healthcheck of service `web` needs a `start_period`, without which Compose does not start the service
    /// ```
    /// ```yaml file=web.yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       livenessProbe:
    ///         tcpSocket: { port: 80 }
    ///         successThreshold: 2 # <- `successThreshold` of the `livenessProbe` of container `web` of Pod `web` must be 1
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   web:
    ///     image: acme/web:1
    ///     healthcheck:
    ///       test: ["CMD", "curl", "-f", "http://localhost"]
    ///       start_period: 30s
    ///       start_interval: 1s
    /// ```
    /// ```yaml file=web.yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: acme/web:1
    ///       livenessProbe:
    ///         tcpSocket: { port: 80 }
    ///         periodSeconds: 10
    ///         timeoutSeconds: 3
    /// ```
    PLM617 "probe-timing-invalid" {
        since: "0.1.0", on: Both, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        check_service(facts, service, out);
    }
    for workload in facts.workloads() {
        for (unit, container) in workload.containers() {
            for (field, probe) in probes(container) {
                let of = format!("of the `{field}` of {}", unit.label);
                let refused = facts.dry_run(workload);
                let mut below = |name: &str, value: Option<Spanned<i64>>, least: i64| {
                    if let Some(it) = value.filter(|it| it.value < least) {
                        let message = format!("`{name}` {of} must be at least {least}");
                        out.at(&it.span, message).check(refused.clone());
                    }
                };
                below("initialDelaySeconds", probe.initial_delay_seconds, 0);
                below("periodSeconds", probe.period_seconds, 1);
                below("timeoutSeconds", probe.timeout_seconds, 1);
                below("failureThreshold", probe.failure_threshold, 1);
                below("successThreshold", probe.success_threshold, 1);
                let once = field != "readinessProbe";
                if let Some(it) = probe.success_threshold.filter(|it| once && it.value > 1) {
                    let message = format!("`successThreshold` {of} must be 1");
                    out.at(&it.span, message).check(facts.dry_run(workload));
                }
                if let Some(it) =
                    probe.timeout_seconds.filter(|it| it.value > probe.period().max(1))
                {
                    let finding = out.at(
                        &it.span,
                        format!(
                            "`timeoutSeconds` {of} is {}, longer than its period of {} s",
                            it.value,
                            probe.period()
                        ),
                    );
                    let question = format!("-o jsonpath='{{..{field}}}'");
                    finding
                        .severity(Severity::Info)
                        .check(workload.pods("get pods", &question))
                        .why("The kubelet waits for an answer before it probes again, so that the period stretches to the timeout: a server that hangs is noticed later than the period says.")
                        .cause(format!("timeout of {} s, period of {} s", it.value, probe.period()));
                    if let Some(period) = probe.period_seconds {
                        finding.also(&period.span, "the period");
                    }
                }
            }
        }
    }
}

/// The shortest time that Docker takes for a setting of a healthcheck, other than 0 for its default.
///
/// Source: moby/moby, `daemon/container.go`, `validateHealthCheck`.
const LEAST: Duration = Duration::from_millis(1);

/// Reports the timings of a healthcheck that Docker or Compose refuses, and those that mean the default. PLM009
/// reports what is no time. A timeout may be longer than the interval, which begins when a check has ended.
fn check_service(facts: &Facts, service: &Service<'_>, out: &mut Findings) {
    let Some(health) = service.model.healthcheck.as_ref().filter(|it| !it.disabled) else { return };
    let of = format!("of the healthcheck of service `{}`", service.name);
    let check = facts.compose(service, &format!("config {}", in_shell(service.name)));
    let is_open = |span: Span| service.project.is_interpolated(span);
    for (name, time, default) in [
        ("interval", health.interval, Some("30 s")),
        ("timeout", health.timeout, Some("30 s")),
        ("start_period", health.start_period, None),
        ("start_interval", health.start_interval, Some("5 s")),
    ] {
        let Some(time) = time.filter(|it| !is_open(it.span)) else { continue };
        let is_short = time.value < LEAST && !time.value.is_zero();
        if is_short || is_negative(facts.written(&time.span)) {
            let message = format!("`{name}` {of} must be 0 or at least 1 ms");
            out.at(&time.span, message).check(check.clone());
        } else if let Some(default) = default.filter(|_| time.value.is_zero()) {
            by_default(&time.span, name, &of, default, out).check(check.clone());
        }
    }
    if let Some(retries) = health.retries.filter(|it| it.value == 0 && !is_open(it.span)) {
        by_default(&retries.span, "retries", &of, "3", out).check(check.clone());
    }
    let needs_period = health.start_period.is_none() && !facts.is_for_swarm(service);
    if let Some(interval) = health.start_interval.filter(|_| needs_period) {
        let message = format!(
            "`start_interval` {of} needs a `start_period`, without which Compose does not start the service"
        );
        out.at(&interval.span, message)
            .check(check)
            .why("`start_interval` is the interval within the `start_period`, so that Compose refuses one without the other: \"healthcheck.start_interval requires healthcheck.start_period to be set\".")
            .help("Add a `start_period` that is longer than the start takes, or leave `start_interval` out.");
    }
}

/// Whether a time that Compose reads as zero is a negative one, which reaches Docker as it is written.
fn is_negative(written: &str) -> bool {
    let time = written.trim_matches(['"', '\'']);
    time.starts_with('-') && time.contains(|it: char| matches!(it, '1'..='9'))
}

/// Reports a zero, which Docker takes as a setting that was left out.
fn by_default<'o>(
    span: &Span,
    name: &str,
    of: &str,
    default: &str,
    out: &'o mut Findings,
) -> &'o mut Finding {
    let finding = out.at(
        span,
        format!("`{name}` {of} is 0, which Docker takes as not set: it is what the image says, or {default}"),
    );
    finding
        .severity(Severity::Info)
        .why("Docker takes a zero in a healthcheck as a setting that was left out.")
        .help("Write the value that is meant, or leave the line out.");
    finding
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn probe(field: &str, times: &str) -> Vec<&'static str> {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, {field}: {{tcpSocket: {{port: 1}}, {times}}}}}]}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn minimums_and_the_default_period_count() {
        assert_eq!(probe("readinessProbe", "periodSeconds: 0"), ["error"]);
        assert_eq!(probe("readinessProbe", "timeoutSeconds: 30"), ["info"]);
        assert_eq!(probe("readinessProbe", "successThreshold: 3"), [""; 0]);
        assert_eq!(
            probe("startupProbe", "periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 30"),
            [""; 0]
        );
    }

    #[test]
    fn every_setting_has_a_minimum() {
        for (field, refused) in [
            ("livenessProbe", "initialDelaySeconds: -5"),
            ("readinessProbe", "periodSeconds: -1"),
            ("livenessProbe", "timeoutSeconds: 0"),
            ("livenessProbe", "timeoutSeconds: -1"),
            ("livenessProbe", "failureThreshold: 0"),
            ("readinessProbe", "successThreshold: 0"),
            ("startupProbe", "successThreshold: 2"),
            ("livenessProbe", "successThreshold: 2"),
        ] {
            assert_eq!(probe(field, refused), ["error"], "{field} {refused}");
        }
        for (field, fine) in [
            ("livenessProbe", "initialDelaySeconds: 0"),
            ("livenessProbe", "successThreshold: 1"),
            ("livenessProbe", "timeoutSeconds: 10"),
        ] {
            assert_eq!(probe(field, fine), [""; 0], "{field} {fine}");
        }
    }

    fn healthcheck(times: &str) -> Vec<&'static str> {
        let text = format!(
            "services: {{web: {{image: 'a:1', healthcheck: {{test: [CMD, ok], {times}}}}}}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn docker_refuses_times_below_a_millisecond() {
        for refused in [
            "interval: 500us",
            "interval: -5s",
            "timeout: '-1s'",
            "start_period: -10s",
            "start_period: 1s, start_interval: 10us",
        ] {
            assert_eq!(healthcheck(refused), ["error"], "{refused}");
        }
        for fine in [
            "interval: 1ms",
            "interval: 5s, timeout: 30s, retries: 1",
            "start_period: 0s",
            "interval: '${INTERVAL:-10us}'",
            "disable: true, interval: -5s",
        ] {
            assert_eq!(healthcheck(fine), [""; 0], "{fine}");
        }
        // PLM009 reports what is no time or no number.
        for refused in ["interval: 30", "timeout: 5x", "retries: -1"] {
            assert_eq!(healthcheck(refused), [""; 0], "{refused}");
        }
    }

    #[test]
    fn a_zero_means_the_default() {
        for zero in
            ["interval: 0s", "timeout: 0s", "retries: 0", "start_period: 1s, start_interval: 0s"]
        {
            assert_eq!(healthcheck(zero), ["info"], "{zero}");
        }
    }

    #[test]
    fn a_start_interval_needs_a_start_period() {
        assert_eq!(healthcheck("start_interval: 1s"), ["error"]);
        assert_eq!(healthcheck("start_interval: 1s, start_period: 30s"), [""; 0]);
        let stack = "# file: docker-stack.yml\nservices: {web: {image: 'a:1', deploy: {replicas: 2}, healthcheck: {test: [CMD, ok], start_interval: 1s}}}\n";
        assert!(findings(&RULE, stack).is_empty(), "Swarm takes it");
    }
}
