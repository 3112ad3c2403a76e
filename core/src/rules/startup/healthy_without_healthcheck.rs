use crate::facts::{Facts, Health, Service, Wait, in_shell};
use crate::model::compose::Condition;
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;

rule! {
    /// A service waits for another one to be healthy, but that one has no healthcheck.
    ///
    /// ## Why it hurts
    /// `docker compose up` stops with "container has no healthcheck configured", and the dependent
    /// service never starts. If the image defines a healthcheck of its own, the wait works only
    /// until somebody changes the image.
    ///
    /// ## What helps
    /// Write the healthcheck into the Compose file, next to the image, where everybody sees it.
    ///
    /// ## How to troubleshoot
    /// `docker inspect --format '{{json .Config.Healthcheck}}' IMAGE` shows the healthcheck that an
    /// image defines, if any.
    ///
    /// ## When to ignore
    /// Where the image defines a healthcheck that these files do not show. The finding is a warning
    /// then.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on:
    ///       db: { condition: service_healthy } # <- `web` waits for `db` to be healthy, but `db` has no healthcheck
    ///   db:
    ///     image: postgres:17
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on:
    ///       db: { condition: service_healthy }
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    PLM102 "healthy-without-healthcheck" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for wait in facts.waits().filter(|it| it.dependency.condition.value == Condition::Healthy) {
        let (from, on) = (wait.from.name, wait.on.name);
        let place = wait.dependency.span;
        let finding = match facts.health(wait.on) {
            Health::Checked => continue,
            Health::Disabled(span) => {
                let finding = out.at(
                    &place,
                    format!(
                        "`{from}` waits for `{on}` to be healthy, but the healthcheck of `{on}` is disabled"
                    ),
                );
                finding.also(&span, "the healthcheck is disabled here")
            }
            Health::None => out.at(
                &place,
                format!("`{from}` waits for `{on}` to be healthy, but `{on}` has no healthcheck"),
            ),
            Health::Unknown => {
                let message = format!(
                    "`{from}` waits for `{on}` to be healthy, which works only if the image of `{on}` defines a healthcheck"
                );
                let finding = out.at(&place, message);
                // The maker of both images knows whether they define a healthcheck.
                let severity = match have_one_maker(&wait) {
                    true => Severity::Info,
                    false => Severity::Warning,
                };
                finding.severity(severity).confidence(Confidence::Possible)
            }
        };
        finding.cause(cause(facts, &wait));
        finding.also(&wait.on.span(), format!("`{on}` is defined here"));
        if let Some(image) = &wait.on.unit.image {
            finding.check(format!(
                "docker inspect --format '{{{{json .Config.Healthcheck}}}}' {}",
                in_shell(image.text)
            ));
        }
        finding.maybe_fix(facts.healthcheck_fix(wait.on, format!("Give `{on}` a healthcheck")));
    }
}

/// Returns what makes waits fail together: the service without a healthcheck, or, where only the images can say
/// whether there is a healthcheck, the maker of the images.
fn cause(facts: &Facts, wait: &Wait<'_, '_>) -> String {
    match (facts.health(wait.on), maker(wait.on)) {
        (Health::Unknown, Some(maker)) => format!("images of {maker}"),
        _ => format!("no healthcheck of {}", wait.on.name),
    }
}

/// Whether the images of both services have one maker.
fn have_one_maker(wait: &Wait<'_, '_>) -> bool {
    maker(wait.on).is_some_and(|it| maker(wait.from) == Some(it))
}

/// Returns the namespace of a service's image, such as `ghcr.io/acme`. The official images have none.
fn maker<'s>(service: &'s Service<'_>) -> Option<&'s str> {
    let image = service.unit.image.as_ref()?;
    image.repository.rsplit_once('/').map(|it| it.0)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{check_rule, findings, messages};

    #[test]
    fn images_of_one_maker_are_one_note() {
        let text = |db: &str| {
            format!(
                "services:\n  proxy: {{image: 'acme/proxy:1', depends_on: {{manager: {{condition: service_healthy}}}}}}\n  manager: {{image: 'acme/manager:1', depends_on: {{db: {{condition: service_healthy}}}}}}\n  db: {{image: '{db}:1'}}\n"
            )
        };
        let said = |db: &str| {
            let found = findings(&RULE, &text(db));
            found.iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        assert_eq!(said("acme/db"), ["info"]);
        assert_eq!(said("other/db"), ["info", "warning"]);
        assert_eq!(said("postgres"), ["info", "error"]);
    }

    #[test]
    fn an_image_that_brings_a_healthcheck_is_enough() {
        let count = |image: &str| {
            let text = format!(
                "services:\n  torrent: {{image: 'acme/torrent:1', depends_on: {{vpn: {{condition: service_healthy}}}}}}\n  vpn: {{image: '{image}'}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(count("qmcgaw/gluetun:v3.40"), 0);
        assert_eq!(count("acme/vpn:1"), 1);
    }

    #[test]
    fn a_service_without_a_healthcheck_is_one_finding() {
        let text = "services:\n  a: {image: 'x/a:1', depends_on: {db: {condition: service_healthy}}}\n  b: {image: 'y/b:1', depends_on: {db: {condition: service_healthy}}}\n  db: {image: 'postgres:17'}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            "`a` waits for `db` to be healthy, but `db` has no healthcheck (and 1 more like it)"
        );
    }

    #[test]
    fn an_unknown_image_may_define_a_healthcheck() {
        check_rule(&RULE, "\
services:
  web:
    image: ghcr.io/acme/web:1
    depends_on:
      api: { condition: service_healthy } # <- `web` waits for `api` to be healthy, which works only if the image of `api` defines a healthcheck
  api:
    image: ghcr.io/acme/api:1
");
    }

    /// Returns the severities for a service that another one waits for to be healthy.
    fn awaited(service: &str, files: &str) -> Vec<&'static str> {
        let text = format!(
            "# file: compose.yaml\nservices:\n  web: {{image: 'x/web:1', depends_on: {{api: {{condition: service_healthy}}}}}}\n  api: {{{service}}}\n{files}"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn an_image_with_a_healthcheck_of_its_own_is_silent() {
        assert_eq!(awaited("image: 'supabase/postgres:15.8.1'", ""), [""; 0]);
        assert_eq!(awaited("image: 'postgres:17'", ""), ["error"]);
        assert_eq!(awaited("image: 'y/api:1', healthcheck: {test: [CMD, ready]}", ""), [""; 0]);
    }

    #[test]
    fn a_dockerfile_without_a_healthcheck_leaves_it_to_the_base() {
        let built = |dockerfile: &str| {
            awaited("build: ./api", &format!("# file: api/Dockerfile\n{dockerfile}"))
        };
        // docker-library/faq: the Docker Official Images have none.
        assert_eq!(built("FROM python:3.13\nCOPY . .\n"), ["error"]);
        assert_eq!(
            built("FROM node:22 AS build\nFROM nginx:1.29\nCOPY --from=build /a /b\n"),
            ["error"]
        );
        assert_eq!(built("FROM python:3.13\nHEALTHCHECK NONE\n"), ["error"]);
        assert_eq!(built("FROM registry.example/base:1\n"), ["warning"]);
        assert_eq!(built("FROM python:3.13\nHEALTHCHECK CMD ready\n"), [""; 0]);
        let inline =
            "build: {context: ., dockerfile_inline: \"FROM alpine\\nHEALTHCHECK CMD true\\n\"}";
        assert_eq!(awaited(inline, ""), [""; 0]);
    }

    #[test]
    fn both_ways_to_switch_a_healthcheck_off_count() {
        assert_eq!(awaited("image: 'y/api:1', healthcheck: {disable: true}", ""), ["error"]);
        assert_eq!(awaited("image: 'y/api:1', healthcheck: {test: [NONE]}", ""), ["error"]);
    }

    #[test]
    fn a_disabled_healthcheck_counts_as_missing() {
        check_rule(&RULE, "\
services:
  web:
    image: ghcr.io/acme/web:1
    depends_on:
      api: { condition: service_healthy } # <- `web` waits for `api` to be healthy, but the healthcheck of `api` is disabled
  api:
    image: ghcr.io/acme/api:1
    healthcheck: { disable: true }
");
    }

    #[test]
    fn a_dockerfile_of_the_project_may_define_a_healthcheck() {
        check_rule(
            &RULE,
            "\
# file: compose.yaml
services:
  web:
    image: ghcr.io/acme/web:1
    depends_on:
      api: { condition: service_healthy }
  api:
    build: ./api
# file: api/Dockerfile
FROM python:3.13
HEALTHCHECK CMD curl -f http://localhost/
",
        );
    }

    #[test]
    fn a_healthcheck_of_a_service_that_is_extended_counts() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {web: {image: 'a/web:1', depends_on: {db: {condition: service_healthy}}}, db: {extends: {file: base.yaml, service: db}}}\n# file: base.yaml\nservices: {db: {image: 'postgres:17'}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {web: {image: 'a/web:1', depends_on: {db: {condition: service_healthy}}}, db: {extends: {file: base.yaml, service: db}}}\n# file: base.yaml\nservices: {db: {image: 'postgres:17', healthcheck: {test: [CMD, pg_isready]}}}\n"
            ),
            0
        );
    }
}
