use super::{check_span, dependency, is_too_eager, note_in_development, patience_span};
use crate::facts::{Facts, Unit};
use crate::model::kubernetes::{Probe, ProbeHandler};
use crate::report::{Findings, Severity};
use crate::rules::rule;
use crate::text::name_of;

rule! {
    /// A liveness probe makes the same check as the readiness probe, with no more patience.
    ///
    /// ## Why it hurts
    /// Readiness takes a Pod that cannot answer out of the Service until it can again. A liveness probe
    /// with the same check and the same budget restarts it at that very moment: a slow database or a
    /// burst of traffic turns into restarts of all replicas, which makes both worse.
    ///
    /// ## What helps
    /// Let the liveness probe ask only whether the process itself is stuck, or give it several times
    /// the budget of the readiness probe (`failureThreshold`). Without a failure that only a restart
    /// cures, leave it out.
    ///
    /// ## How to troubleshoot
    /// `kubectl describe pod POD` shows `Liveness probe failed` and `Killing` under Events, and
    /// `kubectl get pods` a growing number of restarts under load.
    ///
    /// ## When to ignore
    /// Where a restart is known to cure what makes the check fail.
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
    ///         failureThreshold: 3
    ///       livenessProbe:
    ///         httpGet:
    ///           path: /ready # <- the liveness probe of container `web` of Pod `web` makes the same check as its readiness probe and restarts it after 30 s, no later than readiness gives up
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
    ///       readinessProbe:
    ///         httpGet: { path: /ready, port: 8080 }
    ///       livenessProbe:
    ///         httpGet: { path: /ready, port: 8080 }
    ///         failureThreshold: 12
    /// ```
    PLM603 "liveness-same-as-readiness" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

/// Seconds after which a restart is no longer hasty, even with the check of the readiness probe.
const PATIENT: i64 = 90;

/// Number of failures after which a readiness probe takes a Pod out too late to be of use.
const MANY_FAILURES: i64 = 5;

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            let (Some(liveness), Some(readiness)) = (&container.liveness, &container.readiness)
            else {
                continue;
            };
            let is_patient = liveness.budget() > readiness.budget();
            // A liveness probe without any patience is worth a finding of its own.
            let is_same = liveness.handler.same_as(&readiness.handler, &container.ports);
            if is_patient || !is_same || is_too_eager(liveness) {
                continue;
            }
            // Where the check includes other servers, PLM625 says what is wrong with it.
            if dependency(facts, workload, unit, liveness).is_some() {
                continue;
            }
            let of = &unit.label;
            let (budget, until_unready) = (liveness.budget(), readiness.budget());
            let message = format!(
                "the liveness probe of {of} makes the same check as its readiness probe and restarts it after {budget} s, no later than readiness gives up"
            );
            let asks = check_span(liveness);
            // The patience that a chart takes from its values is changed there, unless a comment accepts it here.
            let is_accepted = facts.is_accepted_at(asks, &|selector| RULE.is(selector));
            let set_at = facts.value_behind(patience_span(liveness)).filter(|_| !is_accepted);
            let finding = out.at(&set_at.unwrap_or(asks), message);
            if set_at.is_some() {
                finding.subject(facts.subject_at(container.span()));
                finding.also(&asks, "the check for liveness");
            }
            finding
                .also(&check_span(readiness), "the same check for readiness")
                .check(workload.events());
            if let Some(value) = facts.value_behind(patience_span(readiness)) {
                finding.also(&value, "the patience of readiness is set here");
            }
            if budget < until_unready {
                finding.why("Readiness takes a Pod that cannot answer out of the Service until it can again. A liveness probe with the same check and less patience restarts it before readiness has acted at all: a slow database or a burst of traffic turns into restarts of all replicas, which makes both worse.");
            }
            // Whether a port is open does not depend on any database.
            let is_port =
                matches!(liveness.handler, ProbeHandler::Tcp { .. } | ProbeHandler::Grpc { .. });
            if is_port && budget >= until_unready {
                finding.why("Readiness takes a Pod that cannot answer out of the Service until it can again. A liveness probe with the same check and the same budget restarts it at that very moment: a burst of traffic turns into restarts of all replicas, which makes it worse.");
            } else if is_port {
                finding.why("Readiness takes a Pod that cannot answer out of the Service until it can again. A liveness probe with the same check and less patience restarts it before readiness has acted at all: a burst of traffic turns into restarts of all replicas, which makes it worse.");
            }
            // More patience with readiness than anybody wants is what is wrong.
            if readiness.failures() > MANY_FAILURES {
                finding.help(format!(
                    "Lower `failureThreshold` of the readiness probe, now {}: a Pod that does not answer gets traffic for {until_unready} s. About 3 failures are usual; the liveness probe then has several times that patience.",
                    readiness.failures()
                ));
            }
            // A restart after minutes is as patient as most liveness probes get.
            let is_patient = budget >= PATIENT && budget >= until_unready;
            let is_static =
                asks_static_page(unit, liveness) || asks_health_extension(unit, liveness);
            if is_static {
                finding.why("The check asks a page that the program answers by itself, so that it fails only where the program is stuck, and a restart is right. Readiness with the same check adds nothing to it.");
            }
            let is_own_answer = is_port || asks_over_grpc(liveness);
            let is_only_replica = is_own_answer
                && budget >= until_unready
                && facts.replica_range(workload).is_some_and(|(_, most)| most <= 1);
            if is_only_replica {
                finding.why("The process itself answers this check, and there is one replica: while it is not ready, nothing answers anyway, and a restart at that moment costs little. With more replicas, a burst of traffic would restart all of them.");
            }
            let is_note = is_patient || is_static || is_only_replica;
            finding.severity(if is_note { Severity::Info } else { Severity::Warning });
            finding.cause(match (is_static, is_patient, is_only_replica) {
                (true, ..) => "the same static page",
                (false, true, _) => "the same check, late",
                (false, false, true) => "the same check, one replica",
                (false, false, false) => "the same check",
            });
            note_in_development(facts, unit, finding);
        }
    }
}

/// Whether a probe starts the program that asks a server for its health over gRPC.
fn asks_over_grpc(probe: &Probe) -> bool {
    let ProbeHandler::Exec { command, .. } = &probe.handler else { return false };
    let program = command.first().map_or("", |it| name_of(it.as_str()));
    matches!(program, "grpc_health_probe" | "grpc-health-probe")
}

/// Whether a probe asks the start page of an exporter, which the exporter answers without asking its server.
fn asks_static_page(unit: &Unit<'_>, probe: &Probe) -> bool {
    let is_named = unit.image.as_ref().is_some_and(|it| it.repository.ends_with("exporter"));
    let is_exporter = is_named || unit.is_family("prometheus-exporter");
    let ProbeHandler::Http { path, .. } = &probe.handler else { return false };
    is_exporter && path.as_ref().is_none_or(|it| it.as_str() == "/")
}

/// The port of the extension `health_check` of the OpenTelemetry Collector, which speaks for the process alone.
///
/// Source: open-telemetry/opentelemetry-collector-contrib, `extension/healthcheckextension/README.md`.
const HEALTH_EXTENSION: i64 = 13133;

fn asks_health_extension(unit: &Unit<'_>, probe: &Probe) -> bool {
    let ProbeHandler::Http { port: Some(port), .. } = &probe.handler else { return false };
    unit.is_family("otel-collector") && port.value.as_int() == Some(HEALTH_EXTENSION)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::report::Severity;
    use crate::rules::testing::{findings, messages};

    fn count(readiness: &str, liveness: &str) -> usize {
        let text = format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec: {{jobTemplate: {{spec: {{template: {{spec: {{containers: [{{name: a, image: a, readinessProbe: {{{readiness}}}, livenessProbe: {{{liveness}}}}}]}}}}}}}}}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn the_same_check_with_the_same_or_less_patience() {
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 80}"), 1);
        assert_eq!(count("exec: {command: [ok]}", "exec: {command: [ok]}"), 1);
        let patient = "tcpSocket: {port: 80}, failureThreshold: 5";
        assert_eq!(count(patient, "tcpSocket: {port: 80}"), 1);
    }

    #[test]
    fn another_check_or_more_patience_is_silent() {
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 81}"), 0);
        assert_eq!(count("httpGet: {port: 80, path: /a}", "httpGet: {port: 80, path: /b}"), 0);
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 80}, failureThreshold: 9"), 0);
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 80}, periodSeconds: 30"), 0);
        assert_eq!(count("", "tcpSocket: {port: 80}"), 0);
    }

    #[test]
    fn patience_makes_it_a_note_and_too_much_of_it_with_readiness_is_named() {
        let found = |readiness: &str, liveness: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, readinessProbe: {{tcpSocket: {{port: 80}}, {readiness}}}, livenessProbe: {{tcpSocket: {{port: 80}}, {liveness}}}}}]}}\n"
            );
            findings(&RULE, &text).remove(0)
        };
        let ten = "failureThreshold: 10";
        assert_eq!(found(ten, ten).severity, Severity::Info);
        let upside_down = found("periodSeconds: 15, failureThreshold: 100", "failureThreshold: 9");
        assert_eq!(upside_down.severity, Severity::Warning);
        assert!(upside_down.help.is_some_and(|it| it.contains("now 100") && it.contains("1500 s")));
        assert!(found("", "").help.is_none());
    }

    #[test]
    fn the_start_page_of_an_exporter_is_worth_a_note() {
        let severity = |image: &str, path: &str| {
            let probe = format!("{{httpGet: {{port: 9121, path: {path}}}}}");
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: '{image}', readinessProbe: {probe}, livenessProbe: {probe}}}]}}\n"
            );
            findings(&RULE, &text)[0].severity
        };
        assert_eq!(severity("oliver006/redis_exporter:v1.80.0", "/"), Severity::Info);
        assert_eq!(severity("oliver006/redis_exporter:v1.80.0", "/scrape"), Severity::Warning);
        assert_eq!(severity("acme/web:1", "/"), Severity::Warning);
    }

    #[test]
    fn the_health_extension_of_the_collector_is_worth_a_note() {
        let found = |image: &str, port: u16| {
            let probe = format!("{{httpGet: {{port: {port}, path: /}}}}");
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: '{image}', readinessProbe: {probe}, livenessProbe: {probe}}}]}}\n"
            );
            findings(&RULE, &text)[0].severity
        };
        let collector = "otel/opentelemetry-collector-contrib:0.135.0";
        assert_eq!(found(collector, 13133), Severity::Info);
        assert_eq!(found(collector, 8888), Severity::Warning);
        assert_eq!(found("acme/web:1", 13133), Severity::Warning);
    }

    #[test]
    fn an_open_port_does_not_depend_on_a_database() {
        let why = |check: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, readinessProbe: {{{check}}}, livenessProbe: {{{check}}}}}]}}\n"
            );
            findings(&RULE, &text)[0].why.clone()
        };
        assert!(why("tcpSocket: {port: 80}").is_some_and(|it| !it.contains("database")));
        assert_eq!(why("httpGet: {port: 80, path: /}"), None, "that of the rule");
    }

    #[test]
    fn one_replica_that_answers_for_itself_is_worth_a_note() {
        let severity = |replicas: &str, check: &str, patience: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{{replicas}template: {{spec: {{containers: [{{name: a, image: a, readinessProbe: {{{check}{patience}}}, livenessProbe: {{{check}}}}}]}}}}}}\n"
            );
            findings(&RULE, &text)[0].severity
        };
        let by_exec = "exec: {command: [/bin/grpc_health_probe, -addr=:8080]}";
        for check in ["grpc: {port: 8080}", "tcpSocket: {port: 8080}", by_exec] {
            assert_eq!(severity("", check, ""), Severity::Info, "{check}");
            assert_eq!(severity("replicas: 2, ", check, ""), Severity::Warning, "{check}");
            let later = severity("", check, ", failureThreshold: 5");
            assert_eq!(later, Severity::Warning, "{check}: restarted before it is not ready");
        }
        for check in ["httpGet: {port: 8080, path: /}", "exec: {command: [/bin/check]}"] {
            assert_eq!(severity("", check, ""), Severity::Warning, "{check}");
        }
    }

    #[test]
    fn containers_with_one_fault_are_one_finding() {
        let pod = |name: &str| {
            format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: a, image: a, readinessProbe: {{tcpSocket: {{port: 80}}}}, livenessProbe: {{tcpSocket: {{port: 80}}}}}}]}}\n"
            )
        };
        let found = messages(&RULE, &format!("{}{}", pod("a"), pod("b")));
        assert_eq!(found.len(), 1);
        assert!(found[0].ends_with("(and 1 more like it)"), "{found:?}");
    }

    #[test]
    fn a_container_counts_once_in_all_variants_of_a_chart() {
        let template = |name: &str| {
            format!(
                "# file: shop/templates/{name}.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n    - name: {name}\n      image: a\n      readinessProbe: {{tcpSocket: {{port: 80}}, failureThreshold: 5}}\n      livenessProbe:\n        tcpSocket: {{port: 80}}\n        failureThreshold: {{{{ .Values.{name}.failures }}}}\n"
            )
        };
        let found = |production: &str, names: &[&str]| {
            let templates: String = names.iter().map(|it| template(it)).collect();
            let text = format!(
                "# file: shop/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n# file: shop/values.yaml\nweb: {{failures: 4}}\napi: {{failures: 3}}\n# file: shop/values-prod.yaml\n{production}\n{templates}"
            );
            let mut found = findings(&RULE, &text);
            assert_eq!(found.len(), 1, "{production}");
            found.remove(0)
        };
        let other = found("web: {failures: 3}", &["web"]);
        assert_eq!((other.more, other.others.len(), other.targets.len()), (0, 1, 2));
        assert!(other.message.ends_with("no later than readiness gives up"), "{}", other.message);
        let same = found("replicas: 2", &["web"]);
        assert_eq!((same.more, same.others.len(), same.targets.len()), (0, 0, 2));
        let two = found("web: {failures: 3}", &["web", "api"]);
        assert!(two.message.contains("(and 1 more like it"), "{}", two.message);
    }

    #[test]
    fn an_eager_liveness_probe_is_left_to_its_own_rule() {
        assert_eq!(count("tcpSocket: {port: 80}", "tcpSocket: {port: 80}, failureThreshold: 1"), 0);
    }

    #[test]
    fn probes_that_share_an_anchor_are_the_same() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a\n    readinessProbe: &probe\n      tcpSocket: {port: 80}\n    livenessProbe: *probe\n";
        assert_eq!(messages(&RULE, text).len(), 1);
    }

    #[test]
    fn a_named_port_is_its_number() {
        let with = |ports: &str, liveness: &str| {
            let text = format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, ports: [{ports}], readinessProbe: {{httpGet: {{path: /, port: http}}}}, livenessProbe: {{httpGet: {{path: /, port: {liveness}}}}}}}]}}\n"
            );
            messages(&RULE, &text).len()
        };
        let http = "{name: http, containerPort: 8080}";
        assert_eq!(with(http, "8080"), 1);
        assert_eq!(with(http, "http"), 1);
        assert_eq!(with(http, "8081"), 0);
        assert_eq!(with("", "8080"), 0, "nothing says which number it is");
    }
}
