use super::{Dependency, check_span, dependency};
use crate::facts::Facts;
use crate::model::kubernetes::{Probe, ProbeHandler};
use crate::report::{Confidence, Findings, Fix};
use crate::rules::rule;

rule! {
    /// A liveness probe fails when another server is down.
    ///
    /// ## Why it hurts
    /// When the database is away for a minute, the kubelet restarts every Pod whose liveness probe asks
    /// for it. A restart mends nothing, all Pods come back at the same time, and what was a short pause of
    /// one server becomes an outage of all that use it.
    ///
    /// ## What helps
    /// Let the liveness probe ask only whether the process itself is well, and leave the dependencies to
    /// the readiness probe, which takes the Pod out of the Service without a restart. Spring Boot has
    /// `/actuator/health/liveness` for this, Quarkus `/q/health/live`, Keycloak `/health/live`.
    ///
    /// ## How to troubleshoot
    /// `kubectl get pods` shows restarts of many Pods in the minute in which one server was away.
    ///
    /// ## When to ignore
    /// Where the process never recovers from a lost connection by itself, so that a restart is the cure.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: shop }
    /// spec:
    ///   containers:
    ///     - name: shop
    ///       image: acme/shop:1
    ///       env: [{ name: SPRING_DATASOURCE_URL, value: "jdbc:postgresql://db/shop" }]
    ///       livenessProbe:
    ///         httpGet:
    ///           path: /actuator/health # <- the liveness probe of container `shop` of Pod `shop` asks `/actuator/health`, which also fails when a server that it uses is down
    ///           port: 8080
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: shop }
    /// spec:
    ///   containers:
    ///     - name: shop
    ///       image: acme/shop:1
    ///       env: [{ name: SPRING_DATASOURCE_URL, value: "jdbc:postgresql://db/shop" }]
    ///       readinessProbe:
    ///         httpGet: { path: /actuator/health/readiness, port: 8080 }
    ///       livenessProbe:
    ///         httpGet: { path: /actuator/health/liveness, port: 8080 }
    /// ```
    PLM625 "liveness-asks-dependencies" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.running() {
            let Some(liveness) = container.liveness.as_deref() else { continue };
            let Some(dependency) = dependency(facts, workload, unit, liveness) else { continue };
            let what = format!("the liveness probe of {}", unit.label);
            match dependency {
                Dependency::Endpoint(endpoint) => {
                    let path = written_path(liveness);
                    let message = format!(
                        "{what} asks `{path}`, which also fails when a server that it uses is down"
                    );
                    let finding = out.at(&check_span(liveness), message);
                    finding.confidence(Confidence::Likely).check(workload.events()).cause(path);
                    if let Some(better) = endpoint.liveness {
                        // Below a prefix, as that of `server.servlet.context-path`.
                        let plain = path.split('?').next().unwrap_or(path).trim_end_matches('/');
                        let prefix = plain.strip_suffix(endpoint.path).unwrap_or_default();
                        let better = format!("{prefix}{better}");
                        let edit = facts.replace_scalar(&check_span(liveness), &better);
                        finding.fix(Fix::r#unsafe(format!("Ask `{better}`"), [edit]));
                    }
                }
                Dependency::Service(host, span) => {
                    let message = format!(
                        "{what} asks `{host}`, so that the container is restarted whenever `{host}` does not answer"
                    );
                    out.at(&check_span(liveness), message)
                        .also(&span, format!("`{host}` is this Service"))
                        .check(workload.events());
                }
            }
        }
    }
}

fn written_path(probe: &Probe) -> &str {
    match &probe.handler {
        ProbeHandler::Http { path: Some(path), .. } => path.as_str(),
        _ => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    const SERVICES: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {selector: {app: db}, ports: [{port: 5432}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {selector: {app: shop}, ports: [{port: 80}]}\n";

    fn count(container: &str) -> usize {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec: {{selector: {{matchLabels: {{app: shop}}}}, template: {{metadata: {{labels: {{app: shop}}}}, spec: {{containers: [{{name: shop, {container}}}]}}}}}}\n{SERVICES}"
        );
        messages(&RULE, &text).len()
    }

    fn path(image: &str, path: &str) -> usize {
        count(&format!(
            "image: '{image}', env: [{{name: SPRING_DATASOURCE_URL, value: 'jdbc:postgresql://db/shop'}}], livenessProbe: {{httpGet: {{path: '{path}', port: 80}}}}"
        ))
    }

    #[test]
    fn endpoints_that_include_dependencies() {
        assert_eq!(path("acme/shop:1", "/actuator/health"), 1);
        assert_eq!(path("acme/shop:1", "/shop/actuator/health/"), 1);
        assert_eq!(path("acme/shop:1", "/actuator/health/readiness"), 1);
        assert_eq!(path("acme/shop:1", "/q/health/ready"), 1);
        assert_eq!(path("quay.io/keycloak/keycloak:26.0", "/health/ready"), 1);
        assert_eq!(path("gitea/gitea:1.22", "/api/healthz"), 1);
    }

    #[test]
    fn only_servers_with_a_health_indicator_count() {
        let asks = |variable: &str| {
            count(&format!(
                "image: 'acme/shop:1', env: [{variable}], livenessProbe: {{httpGet: {{path: /actuator/health, port: 80}}}}"
            ))
        };
        assert_eq!(asks("{name: KAFKA_BROKERCONNECT, value: 'kafka:9092'}"), 0);
        assert_eq!(asks(""), 0);
        assert_eq!(asks("{name: spring.data.redis.host, value: cache}"), 1);
        assert_eq!(asks("{name: STORE_ADDRESS, value: 'redis:6379'}"), 1);
        assert_eq!(asks("{name: SHOP_DB, value: 'jdbc:mysql://db/shop'}"), 1);
    }

    #[test]
    fn endpoints_for_liveness_and_unknown_ones_are_silent() {
        assert_eq!(path("acme/shop:1", "/actuator/health/liveness"), 0);
        assert_eq!(path("acme/shop:1", "/health/ready"), 0);
        assert_eq!(path("acme/shop:1", "/healthz"), 0);
        assert_eq!(path("quay.io/keycloak/keycloak:26.0", "/health/live"), 0);
    }

    #[test]
    fn groups_of_the_users_own_and_readiness_are_silent() {
        let liveness = "livenessProbe: {httpGet: {path: /actuator/health, port: 80}}";
        let url = "{name: SPRING_DATASOURCE_URL, value: 'jdbc:postgresql://db/shop'}";
        let container = format!("image: 'acme/shop:1', env: [{url}]");
        assert_eq!(count(&format!("{container}, {liveness}")), 1);
        for name in ["MANAGEMENT_HEALTH_DB_ENABLED", "management.endpoint.health.group.a.include"] {
            let env =
                format!("image: 'acme/shop:1', env: [{url}, {{name: {name}, value: 'false'}}]");
            assert_eq!(count(&format!("{env}, {liveness}")), 0, "{name}");
        }
        assert_eq!(
            count(&format!("{container}, {}", liveness.replace("liveness", "readiness"))),
            0
        );
        assert_eq!(count(&format!("{container}, {}", liveness.replace("liveness", "startup"))), 0);
    }

    #[test]
    fn commands_and_hosts_of_another_service() {
        for handler in [
            "exec: {command: [pg_isready, -h, db, -U, shop]}",
            "exec: {command: [sh, -c, 'pg_isready -h db || exit 1']}",
            "exec: {command: [curl, -f, 'http://db:5432/health']}",
            "exec: {command: [nc, -z, db, '5432']}",
            "tcpSocket: {host: db, port: 5432}",
            "httpGet: {host: db.default.svc, path: /, port: 80}",
        ] {
            assert_eq!(
                count(&format!("image: 'acme/shop:1', livenessProbe: {{{handler}}}")),
                1,
                "{handler}"
            );
        }
        for handler in [
            "exec: {command: [pg_isready, -h, localhost, -d, db]}",
            "exec: {command: [curl, -f, 'http://shop/health']}",
            "exec: {command: [db, --check]}",
            "tcpSocket: {port: 5432}",
        ] {
            assert_eq!(
                count(&format!("image: 'acme/shop:1', livenessProbe: {{{handler}}}")),
                0,
                "{handler}"
            );
        }
    }

    #[test]
    fn the_fix_keeps_the_prefix() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a, env: [{name: SPRING_RABBITMQ_HOST, value: mq}], livenessProbe: {httpGet: {path: /a/actuator/health, port: 80}}}]}\n";
        assert_eq!(findings(&RULE, text)[0].fixes[0].edits[0].text, "/a/actuator/health/liveness");
    }

    #[test]
    fn a_service_before_a_database_is_a_server_with_an_indicator() {
        let with = |image: &str| {
            let pod = format!(
                "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: db, labels: {{app: db}}}}\nspec: {{containers: [{{name: db, image: '{image}'}}]}}\n"
            );
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec: {{selector: {{matchLabels: {{app: shop}}}}, template: {{metadata: {{labels: {{app: shop}}}}, spec: {{containers: [{{name: shop, image: 'acme/shop:1', env: [{{name: DB_HOST, value: db}}], livenessProbe: {{httpGet: {{path: /actuator/health, port: 80}}}}}}]}}}}}}\n{SERVICES}{pod}"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with("postgres:17"), 1);
        assert_eq!(with("acme/greeter:1"), 0);
    }
}
