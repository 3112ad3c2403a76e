use crate::facts::{Facts, Service};
use crate::knowledge::families::Class;
use crate::report::{Confidence, Findings, Role};
use crate::rules::rule;

rule! {
    /// A production stack has no monitoring among its services.
    ///
    /// ## Why it hurts
    /// The first to notice a full disk or a site that is down will be a customer.
    ///
    /// ## What helps
    /// One check from outside (an uptime service) covers most failures; metrics and alerts for
    /// disk, memory and certificates cover the rest. If monitoring runs elsewhere, ignore this
    /// finding.
    ///
    /// ## How to troubleshoot
    /// Stop one service on purpose and see who is notified, and when.
    ///
    /// ## Bad
    /// ```yaml
    /// # plimsoll: role=production
    /// services: # <- none of these 3 services monitors the others
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///   worker:
    ///     image: ghcr.io/acme/worker:1.4.2
    ///   db:
    ///     image: postgres:17.2
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// # plimsoll: role=production
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///   worker:
    ///     image: ghcr.io/acme/worker:1.4.2
    ///   db:
    ///     image: postgres:17.2
    ///   metrics:
    ///     image: prom/node-exporter:v1.9.1
    /// ```
    PLM810 "no-monitoring-in-sight" {
        since: "0.1.0", on: Compose, severity: Hint, check: check,
    }
}

/// Minimum number of services of a stack that needs monitoring: a smaller one is a tool, not a
/// product.
const MIN_SERVICES: usize = 3;

fn check(facts: &Facts, out: &mut Findings) {
    for (at, project) in facts.projects().iter().enumerate() {
        let all = facts.services_of(at);
        let production = all.first().is_some_and(|it| it.role == Role::Production);
        if !production || all.len() < MIN_SERVICES || all.iter().any(monitors) {
            continue;
        }
        let key = project.keys.iter().find(|it| it.name.value == "services");
        out.at(
            &key.map_or(all[0].span(), |it| it.name.span),
            format!("none of these {} services monitors the others", all.len()),
        )
        .confidence(Confidence::Possible);
    }
}

/// Words in the names, images and labels of services for monitoring.
const MONITORING_WORDS: &[&str] = &[
    "exporter",
    "prometheus",
    "grafana",
    "loki",
    "uptime",
    "monitor",
    "netdata",
    "zabbix",
    "datadog",
    "newrelic",
    "telegraf",
    "alertmanager",
    "healthchecks",
    "sentry",
    "glances",
    "checkmk",
    "nagios",
    "otel",
    "opentelemetry",
    "cadvisor",
    "metrics",
    "signoz",
    "dozzle",
    "beszel",
    "gatus",
    "vector",
    "fluent",
    "promtail",
    "alloy",
    "jaeger",
    "zipkin",
    "elastic/",
];

/// Prefixes of variables that connect a program to a monitoring service.
const MONITORING_PREFIXES: &[&str] =
    &["SENTRY_", "OTEL_", "DD_", "NEW_RELIC_", "PROMETHEUS_", "HEALTHCHECKS_"];

/// Whether a service monitors others, or is itself connected to monitoring.
fn monitors(service: &Service<'_>) -> bool {
    let labels = service.model.labels.iter().map(|it| it.key.as_str());
    let mut texts = service.name.to_owned();
    for text in service.unit.image.iter().map(|it| it.text).chain(labels) {
        texts.push('\n');
        texts.push_str(text);
    }
    texts.make_ascii_lowercase();
    let driver = service.model.logging.as_ref().and_then(|it| it.driver.as_ref());
    service.unit.family().is_some_and(|it| it.class == Class::Monitoring)
        || MONITORING_WORDS.iter().any(|word| texts.contains(word))
        || service
            .unit
            .env
            .iter()
            .any(|var| MONITORING_PREFIXES.iter().any(|prefix| var.name.starts_with(prefix)))
        || driver
            .is_some_and(|it| !matches!(it.as_str(), "json-file" | "local" | "none" | "journald"))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(path: &str, more: &str) -> usize {
        messages(
            &RULE,
            &format!("# file: {path}\nservices:\n  a: {{ image: 'a:1' }}\n  b: {{ image: 'b:1' }}\n{more}"),
        )
        .len()
    }

    #[test]
    fn only_production_stacks_are_checked() {
        assert_eq!(count("compose.prod.yaml", "  c: { image: 'c:1' }\n"), 1);
        assert_eq!(count("compose.prod.yaml", ""), 0);
        assert_eq!(count("compose.yaml", "  c: { image: 'c:1' }\n"), 0);
        assert_eq!(
            count("compose.prod.yaml", "  c: { image: 'c:1', environment: { SENTRY_DSN: x } }\n"),
            0
        );
        assert_eq!(count("compose.prod.yaml", "  c: { image: 'louislam/uptime-kuma:1' }\n"), 0);
    }
}
