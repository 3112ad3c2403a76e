use crate::facts::{Facts, Health, in_shell};
use crate::knowledge::families::Class;
use crate::report::{Findings, Role};
use crate::rules::rule;

rule! {
    /// A server has no healthcheck.
    ///
    /// ## Why it hurts
    /// Without a healthcheck Docker knows whether the process exists, not whether it answers. A server
    /// that hangs stays `Up`, nothing that depends on it can wait until it is ready, and a monitor that
    /// reads Docker's state sees nothing.
    ///
    /// ## What helps
    /// Ask the server something cheap that needs its main loop: a health endpoint, or its port.
    ///
    /// ## How to troubleshoot
    /// `docker compose ps` shows `(healthy)` behind services that have a healthcheck.
    ///
    /// ## When to ignore
    /// Where nothing waits for the service and something else watches it from outside.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web: # <- service `web` serves port 80 and has no healthcheck, and neither has its image
    ///     image: nginx:1.29
    ///     ports: ["80:80"]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     ports: ["80:80"]
    ///     healthcheck:
    ///       test: ["CMD", "curl", "-fsS", "http://localhost/"]
    /// ```
    PLM619 "missing-healthcheck" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let is_dev = service.role == Role::Development;
        let ports: Vec<u16> = service.model.ports.iter().map(|it| it.target.value).collect();
        let exposed = service.model.expose.first().map(|it| it.as_str());
        if is_dev || facts.is_one_shot(service) || (ports.is_empty() && exposed.is_none()) {
            continue;
        }
        // A store that others wait for is PLM103, which knows the check to use.
        let family = service.unit.family();
        let is_awaited = facts.waiters(service).next().is_some();
        let is_store = family.is_some_and(|it| {
            matches!(it.class, Class::Database | Class::Cache | Class::Queue | Class::Search)
        });
        if facts.health(service) != Health::None || (is_store && is_awaited) {
            continue;
        }
        let port =
            ports.first().map_or_else(|| exposed.unwrap_or_default().to_owned(), u16::to_string);
        let of_image = if service.is_built() { "its Dockerfile" } else { "its image" };
        let message = format!(
            "service `{}` serves port {port} and has no healthcheck, and neither has {of_image}",
            service.name
        );
        out.at(&service.span(), message)
            .check(facts.compose(service, &format!("ps {}", in_shell(service.name))))
            .cause("no healthcheck");
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(path: &str, service: &str) -> usize {
        messages(&RULE, &format!("# file: {path}\nservices: {{web: {{{service}}}}}\n")).len()
    }

    #[test]
    fn published_and_exposed_ports_count() {
        assert_eq!(count("compose.yaml", "image: 'nginx:1', ports: ['80:80']"), 1);
        assert_eq!(count("compose.yaml", "image: 'nginx:1', expose: ['80']"), 1);
        assert_eq!(count("compose.yaml", "image: 'nginx:1'"), 0);
    }

    #[test]
    fn an_own_check_an_unknown_image_and_development_are_silent() {
        let check = "healthcheck: {test: [CMD, ok]}";
        assert_eq!(
            count("compose.yaml", &format!("image: 'nginx:1', ports: ['80:80'], {check}")),
            0
        );
        assert_eq!(count("compose.yaml", "image: 'acme/web:1', ports: ['80:80']"), 0);
        assert_eq!(count("compose.dev.yaml", "image: 'nginx:1', ports: ['80:80']"), 0);
    }

    #[test]
    fn a_store_that_others_wait_for_has_its_own_rule() {
        let text = "services:\n  db: {image: 'postgres:17', ports: ['5432:5432']}\n  web: {image: 'acme/web:1', depends_on: [db]}\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn ports_in_the_long_syntax_count() {
        assert_eq!(
            count("compose.yaml", "image: 'nginx:1', ports: [{target: 80, published: 80}]"),
            1
        );
    }

    #[test]
    fn what_ends_by_itself_and_a_check_that_is_switched_off_are_silent() {
        let migrate = "image: 'node:22', expose: ['80'], command: npx prisma migrate deploy";
        assert_eq!(count("compose.yaml", migrate), 0);
        let awaited = "services:\n  fill: {image: 'nginx:1', expose: ['80']}\n  web: {image: 'acme/web:1', depends_on: {fill: {condition: service_completed_successfully}}}\n";
        assert!(messages(&RULE, awaited).is_empty());
        assert_eq!(
            messages(&RULE, &awaited.replace("service_completed_successfully", "service_started"))
                .len(),
            1
        );
        let off = "image: 'nginx:1', ports: ['80:80'], healthcheck: {disable: true}";
        assert_eq!(count("compose.yaml", off), 0);
    }

    #[test]
    fn an_image_or_a_dockerfile_may_bring_a_check() {
        let built = |dockerfile: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{web: {{build: ., ports: ['80:80']}}}}\n# file: Dockerfile\n{dockerfile}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(built("FROM nginx:1\nHEALTHCHECK CMD curl -f localhost"), 0);
        assert_eq!(built("FROM nginx:1"), 1);
        assert_eq!(count("compose.yaml", "image: 'supabase/postgres:15.8.1', ports: ['80:80']"), 0);
    }
}
