use super::{Slow, check_span, slow_start, two_decimals};
use crate::facts::Facts;
use crate::model::kubernetes::Container;
use crate::report::{Confidence, Findings};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A program that starts slowly has little CPU and a probe that does not wait for it.
    ///
    /// ## Why it hurts
    /// A JVM or a model server needs most CPU while it starts. With a tenth of a core the kernel stops it
    /// for most of each period, so that a start of twenty seconds takes minutes, and the probe restarts
    /// the container before it has ever answered.
    ///
    /// ## What helps
    /// Raise the CPU limit or leave it out (the request is what the scheduler counts), and give the start
    /// enough time with a startup probe.
    ///
    /// ## How to troubleshoot
    /// `nr_throttled` in `/sys/fs/cgroup/cpu.stat` of the container grows while it starts.
    ///
    /// ## When to ignore
    /// Where the start was measured with this limit.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: api }
    /// spec:
    ///   containers:
    ///     - name: api
    ///       image: acme/api:1
    ///       command: [java, -jar, api.jar]
    ///       resources:
    ///         limits:
    ///           cpu: 100m # <- container `api` of Pod `api` starts a JVM on 0.1 of a CPU, and its startup probe restarts it after 60 s
    ///       startupProbe:
    ///         httpGet: { path: /health, port: 8080 }
    ///         failureThreshold: 6
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: api }
    /// spec:
    ///   containers:
    ///     - name: api
    ///       image: acme/api:1
    ///       command: [java, -jar, api.jar]
    ///       resources:
    ///         limits:
    ///           cpu: "1"
    ///       startupProbe:
    ///         httpGet: { path: /health, port: 8080 }
    ///         failureThreshold: 6
    /// ```
    PLM610 "cpu-limit-throttles-start" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

/// A quarter of a core, in thousandths: below it a start takes several times as long.
const QUARTER: i128 = 250;

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| !it.kind().is_job()) {
        for (unit, container) in workload.running() {
            let limit = container.resources.as_ref().and_then(|it| it.limit("cpu")?.value());
            let Some(limit) = limit.filter(|it| (1..QUARTER).contains(&it.value.milli)) else {
                continue;
            };
            let Some(slow) = slow_start(unit) else { continue };
            let Some(restart) = Restart::of(container) else { continue };
            let milli = i64::try_from(limit.value.milli).unwrap_or(i64::MAX);
            if restart.after >= needed(&slow, milli) {
                continue;
            }
            let message = format!(
                "{} {} on {} of a CPU, and its {} restarts it after {} s",
                unit.label,
                slow.says,
                two_decimals(milli as f64 / 1000.0),
                restart.probe,
                restart.after
            );
            let finding = out.at(&limit.span, message);
            finding
                .confidence(Confidence::Likely)
                .also(&restart.span, format!("the {} waits {} s", restart.probe, restart.after))
                .check(workload.exec(unit, "cat /sys/fs/cgroup/cpu.stat"));
            if let Some(span) = &slow.span {
                finding.also(span, "this makes the start slow");
            }
        }
    }
}

/// Returns the seconds that a slow start needs with so many thousandths of a core.
fn needed(slow: &Slow, milli: i64) -> i64 {
    slow.seconds.saturating_mul(QUARTER as i64) / milli
}

/// The first restart of a container that does not answer.
struct Restart {
    probe: &'static str,
    /// Seconds after the start.
    after: i64,
    span: Span,
}

impl Restart {
    fn of(container: &Container) -> Option<Restart> {
        let startup = container.startup.as_deref().map(|it| ("startup probe", it));
        let liveness = container.liveness.as_deref().map(|it| ("liveness probe", it));
        let (probe, it) = startup.or(liveness)?;
        let after = it.initial_delay().saturating_add(it.budget());
        Some(Restart { probe, after, span: check_span(it) })
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(cpu: &str, container: &str) -> usize {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{containers: [{{name: a, image: 'acme/a:1', resources: {{limits: {{cpu: {cpu}}}}}, {container}}}]}}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    const JAVA: &str = "command: [java, -jar, a.jar]";
    const LIVENESS: &str = "livenessProbe: {tcpSocket: {port: 80}}";

    #[test]
    fn slow_starts_with_little_cpu_and_tight_probes() {
        assert_eq!(count("100m", &format!("{JAVA}, {LIVENESS}")), 1);
        assert_eq!(count("'0.2'", &format!("{JAVA}, {LIVENESS}")), 1);
        assert_eq!(count("249m", &format!("{JAVA}, {LIVENESS}")), 1);
        let startup = "startupProbe: {tcpSocket: {port: 80}, failureThreshold: 6}";
        assert_eq!(count("100m", &format!("{JAVA}, {LIVENESS}, {startup}")), 1);
        let model = "env: [{name: MODEL_ID, value: a/b}]";
        assert_eq!(count("200m", &format!("{model}, {LIVENESS}")), 1);
    }

    #[test]
    fn enough_cpu_quick_starts_and_patience_are_silent() {
        assert_eq!(count("250m", &format!("{JAVA}, {LIVENESS}")), 0);
        assert_eq!(count("100m", LIVENESS), 0);
        assert_eq!(count("100m", JAVA), 0);
        let patient = "startupProbe: {tcpSocket: {port: 80}, failureThreshold: 60}";
        assert_eq!(count("100m", &format!("{JAVA}, {LIVENESS}, {patient}")), 0);
        let text =
            format!("livenessProbe: {{tcpSocket: {{port: 80}}, initialDelaySeconds: 300}}, {JAVA}");
        assert_eq!(count("100m", &text), 0);
    }
}
