use crate::facts::{Backing, Facts, Part, Unit};
use crate::knowledge::env::{self, State};
use crate::report::{Findings, Severity};
use crate::rules::rule;

rule! {
    /// A replicated program keeps sessions, queues or locks in one process or on its own disk.
    ///
    /// ## Why it hurts
    /// Each replica knows only what it has seen itself. Users are logged out whenever another
    /// replica answers, jobs wait in a queue that no other replica reads, and a lock holds only
    /// within its own process. Every update discards all of it.
    ///
    /// ## What helps
    /// A driver that all replicas share, such as Redis or the database.
    ///
    /// ## How to troubleshoot
    /// Log in, then reload a few times: with two replicas, every other request has no session.
    ///
    /// ## When to ignore
    /// Where each client always reaches the same replica, and what is kept may be lost with it.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: shop } }
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           env:
    ///             - name: SESSION_DRIVER
    ///               value: file # <- `SESSION_DRIVER=file` keeps sessions inside one replica, but container `web` of Deployment `shop` has 2 replicas
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   replicas: 2
    ///   selector: { matchLabels: { app: shop } }
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           env:
    ///             - name: SESSION_DRIVER
    ///               value: redis
    /// ```
    PLM704 "memory-session-replicated" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let Some(many) = unit.copies.many() else { continue };
        if facts.workload_of(unit).is_some_and(|it| !it.is_server_like()) {
            continue;
        }
        for var in &unit.env {
            let Some(value) = var.value else { continue };
            let Some(state) = env::local_state(var.name, value) else { continue };
            if value.to_ascii_lowercase().contains("file") && shares_files(facts, unit) {
                continue;
            }
            let finding = out.at(
                &var.value_span,
                format!(
                    "`{}={value}` keeps {} inside one replica, but {} has {}",
                    var.name,
                    state.noun(),
                    unit.label,
                    facts.replica_words(unit)
                ),
            );
            finding.also(&many, "more than one replica is requested here");
            // A cache per replica costs no more than memory and some stale answers.
            if state == State::Cache {
                finding.severity(Severity::Info);
            }
        }
    }
}

/// Whether files may be on a volume that all replicas see.
fn shares_files(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    facts.mounted(facts.unit(unit.site)).iter().any(|it| {
        matches!(
            it.backing,
            Backing::Claim(..) | Backing::Network | Backing::Volume(_) | Backing::Host(_)
        ) && !it.read_only
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn service(body: &str) -> Vec<&'static str> {
        let text = format!("services: {{ a: {{ image: 'a:1', {body} }} }}\n");
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn what_is_kept_decides_how_bad_it_is() {
        assert_eq!(service("scale: 2, environment: { SESSION_STORE: memory }"), ["warning"]);
        assert_eq!(service("scale: 2, environment: { CACHE_DRIVER: array }"), ["info"]);
    }

    #[test]
    fn one_copy_shared_drivers_and_shared_files_are_silent() {
        assert!(service("environment: { SESSION_DRIVER: file }").is_empty());
        assert!(service("scale: 2, environment: { SESSION_DRIVER: redis }").is_empty());
        let shared = "scale: 2, environment: { SESSION_DRIVER: file }, volumes: ['./s:/sessions']";
        assert!(service(shared).is_empty());
    }

    #[test]
    fn every_kind_of_state_on_both_sides() {
        for (name, local, shared, severity) in [
            ("SESSION_DRIVER", "file", "redis", "warning"),
            ("CACHE_STORE", "memory", "redis", "info"),
            ("QUEUE_DRIVER", "memory", "redis", "warning"),
            ("LOCK_STORE", "flock", "redis", "warning"),
            ("RATE_LIMIT_STORE", "memory", "redis", "warning"),
        ] {
            let compose =
                |value: &str| service(&format!("scale: 2, environment: [{name}={value}]"));
            assert_eq!(compose(local), [severity], "{name}");
            assert!(compose(shared).is_empty(), "{name}");
            let cluster = |replicas: &str, value: &str, container: &str| {
                let text = format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{{replicas}template: {{spec: {{containers: [{{name: a, image: 'a:1', {container}}}]}}}}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{{name}: {value}}}\n"
                );
                findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
            };
            let env = |value: &str| format!("env: [{{name: {name}, value: {value}}}]");
            assert_eq!(cluster("replicas: 2, ", local, &env(local)), [severity], "{name}");
            assert!(cluster("", local, &env(local)).is_empty(), "{name}");
            assert!(cluster("replicas: 2, ", local, &env(shared)).is_empty(), "{name}");
            let all = "envFrom: [{configMapRef: {name: c}}]";
            assert_eq!(cluster("replicas: 2, ", local, all), [severity], "{name}");
        }
    }
}
