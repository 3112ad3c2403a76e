use crate::facts::{Facts, Service};
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
    /// ## When to ignore
    /// Where something outside of these files watches the system: an uptime service, the provider, another repository.
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
        if !production || all.len() < MIN_SERVICES || all.iter().any(Service::monitors) {
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
