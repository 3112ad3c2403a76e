use super::{check_span, probes, slow_program};
use crate::edit::Yaml;
use crate::facts::{Facts, in_shell, quoted};
use crate::report::{Findings, Fix};
use crate::rules::rule;

rule! {
    /// An exec probe starts an interpreter or a client, and has one second for it.
    ///
    /// ## Why it hurts
    /// Without `timeoutSeconds` a probe has one second. Starting a JVM, an Erlang node or Python takes
    /// longer than that on a busy node, so that the probe fails although the server is well: Pods drop
    /// out of their Service or are restarted when the load is highest.
    ///
    /// ## What helps
    /// Set `timeoutSeconds` to several times what the command takes when nothing else runs, or ask by
    /// `httpGet`, `tcpSocket` or `grpc`, which start no program.
    ///
    /// ## How to troubleshoot
    /// Time the command in the container: `kubectl exec POD -- sh -c 'time COMMAND'`.
    ///
    /// ## When to ignore
    /// Where the command was timed on a busy node and stays well below a second.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: queue }
    /// spec:
    ///   containers:
    ///     - name: queue
    ///       image: rabbitmq:4
    ///       readinessProbe:
    ///         exec:
    ///           command:
    ///             - rabbitmq-diagnostics # <- the readinessProbe of container `queue` of Pod `queue` starts `rabbitmq-diagnostics` and has the default of 1 s for it
    ///             - ping
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: queue }
    /// spec:
    ///   containers:
    ///     - name: queue
    ///       image: rabbitmq:4
    ///       readinessProbe:
    ///         exec: { command: [rabbitmq-diagnostics, ping] }
    ///         periodSeconds: 30
    ///         timeoutSeconds: 10
    /// ```
    PLM623 "exec-probe-timeout" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

/// Seconds that the fix gives a probe, if its period is not shorter.
const ENOUGH: i64 = 10;

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            let slow = probes(container)
                .filter(|(_, probe)| probe.timeout_seconds.is_none())
                .filter_map(|(field, probe)| Some((field, probe, slow_program(probe)?)));
            let mut slow = slow.collect::<Vec<_>>().into_iter();
            let Some((field, probe, program)) = slow.next() else { continue };
            let message = format!(
                "the {field} of {} starts `{program}` and has the default of 1 s for it",
                unit.label
            );
            let rest: Vec<_> = slow.collect();
            let all = std::iter::once(probe).chain(rest.iter().map(|it| it.1));
            let edits: Option<Vec<_>> = all
                .map(|probe| {
                    let seconds = Yaml::int(probe.period().clamp(1, ENOUGH));
                    facts.insert_entry(&probe.place, "timeoutSeconds", &seconds)
                })
                .collect();
            let command = workload
                .exec(unit, &format!("sh -c {}", quoted(&format!("time {}", command(probe)))));
            let finding = out.at(&check_span(probe), message);
            finding.check(command);
            for (field, probe, _) in rest {
                finding.also(&check_span(probe), format!("so does the {field}"));
            }
            finding.maybe_fix(edits.map(|it| Fix::safe("Give the probe more time", it)));
        }
    }
}

/// Returns the command of an exec probe in one line.
fn command(probe: &crate::model::kubernetes::Probe) -> String {
    let crate::model::kubernetes::ProbeHandler::Exec { command, .. } = &probe.handler else {
        return String::new();
    };
    let words: Vec<String> = command.iter().map(|it| in_shell(it)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn pod(probes: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: a\n    image: a\n{probes}"
        )
    }

    #[test]
    fn interpreters_and_clients_that_start_slowly() {
        for command in [
            "[python3, /check.py]",
            "[sh, -c, 'java -jar check.jar || exit 1']",
            "[/opt/bitnami/kafka/bin/kafka-topics.sh, --list]",
            "[bash, -ec, 'exec mongosh --eval 1']",
        ] {
            let text = pod(&format!("    livenessProbe: {{exec: {{command: {command}}}}}\n"));
            assert_eq!(messages(&RULE, &text).len(), 1, "{command}");
        }
    }

    #[test]
    fn light_programs_other_handlers_and_a_timeout_are_silent() {
        for probe in [
            "{exec: {command: [pg_isready, -U, app]}}",
            "{exec: {command: [cat, /tmp/healthy]}}",
            "{exec: {command: [python3, /check.py]}, timeoutSeconds: 5}",
            "{httpGet: {port: 80}}",
        ] {
            let text = pod(&format!("    livenessProbe: {probe}\n"));
            assert!(messages(&RULE, &text).is_empty(), "{probe}");
        }
    }

    #[test]
    fn the_probes_of_one_container_are_one_finding_with_one_fix() {
        let text = pod(
            "    livenessProbe:\n      exec: {command: [node, check.js]}\n    readinessProbe:\n      exec: {command: [node, check.js]}\n      periodSeconds: 5\n",
        );
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].related.len(), 1);
        let texts: Vec<&str> = found[0].fixes[0].edits.iter().map(|it| it.text.trim()).collect();
        assert_eq!(texts, ["timeoutSeconds: 10", "timeoutSeconds: 5"]);
    }
}
