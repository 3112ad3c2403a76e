use crate::edit::Yaml;
use crate::facts::{Facts, Health, Mention, Service, VarSource, components, quoted};
use crate::report::{Confidence, Findings, Fix};
use crate::rules::rule;

rule! {
    /// A service talks to another one that is missing from its `depends_on`.
    ///
    /// ## Why it hurts
    /// `docker compose up SERVICE` starts the service without the other one, and a plain `up`
    /// starts both in any order. Depending on which one is faster, the first connections fail, or
    /// everything does.
    ///
    /// ## What helps
    /// Name the other service in `depends_on`, with `service_healthy` where it has a healthcheck.
    ///
    /// ## How to troubleshoot
    /// Run `docker compose up SERVICE` in a stopped project: what does not come up with it was not
    /// declared.
    ///
    /// ## When to ignore
    /// Where the other service is needed rarely, and the program tries again until it answers.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DATABASE_URL: postgres://app@db:5432/app # <- `web` talks to `db`, but does not depend on it
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DATABASE_URL: postgres://app@db:5432/app
    ///     depends_on:
    ///       db:
    ///         condition: service_healthy
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    PLM104 "undeclared-dependency" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut circles = None;
    // Swarm starts everything at once, whatever depends on what.
    for service in facts.services().iter().filter(|it| !facts.is_for_swarm(it)) {
        let mut reported: Vec<usize> = Vec::new();
        for mention in facts.peers(&service.unit) {
            let Some(on) = facts.compose_host(service, mention.host) else { continue };
            let known = on.index == service.index
                || reported.contains(&on.index)
                // PLM410 reports a name that does not resolve.
                || !is_reachable(service, on)
                || facts.depends_transitively(service, on);
            if known || !run_together(service, on) || !facts.shows_host(mention) {
                continue;
            }
            let readers = other_readers(facts, service, mention);
            let is_shared = readers.iter().any(|it| program(it) != program(service));
            // A product has settings of its own, and a file for all services is not written for it.
            if is_shared && is_other_product(service, mention) {
                continue;
            }
            // Services that call each other, even through others, would wait for each other.
            let circles = circles.get_or_insert_with(|| components(&all_talks(facts)));
            if circles[on.index] == circles[service.index] {
                continue;
            }
            reported.push(on.index);
            let finding = out.at(
                &mention.span,
                format!("`{}` talks to `{}`, but does not depend on it", service.name, on.name),
            );
            finding
                .also(&on.span(), format!("`{}` is defined here", on.name))
                .check(facts.compose(
                    service,
                    &format!(
                        "config --format json | jq {}",
                        quoted(&format!(".services[\"{}\"].depends_on", service.name))
                    ),
                ))
                .maybe_fix(declare(facts, service, on));
            if is_shared {
                finding
                    .confidence(Confidence::Possible)
                    .why("Several services read this env file, so the file does not show which of them talks to that host. A service that does, and starts before the host, fails or returns errors.");
            }
            finding.gathers(match readers[..] {
                [] => format!("{} talks to {}", service.name, on.name),
                [..] => format!("readers of a file talk to {}", on.name),
            });
            finding.cause_in_this_run(match readers[..] {
                [] => format!("{} talks to {}", service.name, on.name),
                [..] => format!(
                    "readers of {} talk to {}",
                    facts.file(mention.span.file).path(),
                    on.name
                ),
            });
        }
    }
}

/// Returns the other services of the project that read the env file which names a host.
fn other_readers<'f, 'a>(
    facts: &'f Facts<'a>,
    service: &Service<'a>,
    mention: &Mention<'_>,
) -> Vec<&'f Service<'a>> {
    if mention.source != Some(VarSource::EnvFile) {
        return Vec::new();
    }
    let file = Some(mention.span.file);
    let others = facts.siblings(service).iter().filter(|it| it.index != service.index);
    others.filter(|it| it.model.env_files.iter().any(|env| env.file == file)).collect()
}

/// Returns the repository of the image of a service.
fn program<'s>(service: &'s Service<'_>) -> Option<&'s str> {
    service.unit.image.as_ref().map(|image| image.repository.as_str())
}

/// Whether a service runs a ready-made program, and a variable is not one of those that this program reads.
fn is_other_product(service: &Service<'_>, mention: &Mention<'_>) -> bool {
    let Some(family) = service.unit.family().filter(|_| !service.is_built()) else { return false };
    let start = family.id.get(..4).unwrap_or(family.id).to_ascii_uppercase();
    !mention.key.is_some_and(|key| key.to_ascii_uppercase().contains(&start))
}

/// Returns, for each service, the services that it depends on or talks to.
fn all_talks(facts: &Facts) -> Vec<Vec<usize>> {
    let mut talks = Vec::new();
    for service in facts.services() {
        let mut needs = Vec::new();
        let mut add = |other: Option<&Service<'_>>| {
            needs.extend(other.map(|it| it.index).filter(|it| *it != service.index));
        };
        for dependency in service.model.dependencies() {
            add(facts.sibling(service, &dependency.service));
        }
        for mention in facts.peers(&service.unit) {
            add(facts.compose_host(service, mention.host));
        }
        talks.push(needs);
    }
    talks
}

/// Whether a service is on a network with another one, so that its name resolves.
fn is_reachable(from: &Service<'_>, on: &Service<'_>) -> bool {
    from.model.network_mode.is_some()
        || on.model.network_mode.is_some()
        || from.model.shares_network_with(on.model)
}

/// Whether `on` is always there when `from` runs: a service with a profile may be left out.
fn run_together(from: &Service<'_>, on: &Service<'_>) -> bool {
    let (from, on) = (&from.model.profiles, &on.model.profiles);
    on.is_empty()
        || from.len() == on.len()
            && from.iter().all(|profile| on.iter().any(|other| other.value == profile.value))
}

/// Adds the dependency in the form, short or long, that the others have.
fn declare(facts: &Facts, from: &Service<'_>, on: &Service<'_>) -> Option<Fix> {
    let healthy = on.model.healthcheck.is_some() && facts.health(on) == Health::Checked;
    let condition = if healthy { "service_healthy" } else { "service_started" };
    let long = Yaml::map([("condition", Yaml::str(condition))]);
    let model = from.model;
    let edit = match (&model.depends_on_place, model.has_key("depends_on")) {
        (None, true) => None,
        (Some(place), _) => {
            if model.depends_on.iter().all(|it| it.short_form) {
                facts.editor(place.span.file).insert_item(place, &Yaml::str(on.name))
            } else {
                facts.insert_entry(place, on.name, &long)
            }
        }
        (None, false) => {
            let place = model.place()?;
            let entry = Yaml::map([(on.name, long)]);
            facts.insert_entry(place, "depends_on", &entry)
        }
    };
    let edit = edit.filter(|it| facts.comes_with(from, it.span.file, on.span().file));
    edit.map(|it| Fix::r#unsafe(format!("Let `{}` depend on `{}`", from.name, on.name), [it]))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn web(web: &str, db: &str) -> usize {
        let text = format!(
            "services:\n  web: {{image: a/web:1, environment: {{DB_HOST: db}}{web}}}\n  db: {{image: 'postgres:17'{db}}}\n  mid: {{image: a/m:1, depends_on: [db]}}\n"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn a_path_of_dependencies_is_enough() {
        assert_eq!(web("", ""), 1);
        assert_eq!(web(", depends_on: [db]", ""), 0);
        assert_eq!(web(", depends_on: [mid]", ""), 0);
        assert_eq!(web("", ", depends_on: [web]"), 0, "that would be a cycle");
        assert_eq!(web("", ", profiles: [data]"), 0);
        assert_eq!(web(", profiles: [data]", ", profiles: [data]"), 1);
    }

    /// Returns what is found where several services read one env file that names the database.
    fn sharing(services: &str) -> Vec<crate::report::Finding> {
        let text = format!(
            "# file: .env\nDB_HOST=db\n# file: compose.yaml\nservices:\n  db: {{image: 'postgres:17'}}\n{services}"
        );
        findings(&RULE, &text)
    }

    #[test]
    fn a_file_for_all_services_does_not_say_who_talks() {
        let reads =
            |name: &str, image: &str| format!("  {name}: {{image: '{image}', env_file: .env}}\n");
        let alone = sharing(&reads("web", "acme/web:1"));
        assert_eq!((alone.len(), alone[0].confidence.name()), (1, "certain"));
        let tracing = [reads("web", "acme/web:1"), reads("traces", "jaegertracing/jaeger:2.4.0")];
        let found = sharing(&tracing.concat());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "`web` talks to `db`, but does not depend on it");
        assert_eq!(found[0].confidence.name(), "possible");
        let two = [reads("web", "acme/web:1"), reads("jobs", "acme/jobs:1")];
        assert_eq!(sharing(&two.concat()).len(), 1, "one file is one cause");
    }

    #[test]
    fn a_product_reads_its_own_variables_from_a_file_for_all() {
        let text = "# file: .env\nWORDPRESS_DB_HOST=db\n# file: compose.yaml\nservices:\n  db: {image: 'mysql:8.4', env_file: .env}\n  blog: {image: 'wordpress:6.8', env_file: .env}\n";
        assert_eq!(messages(&RULE, text), ["`blog` talks to `db`, but does not depend on it"]);
    }

    #[test]
    fn every_place_that_names_a_host_is_read() {
        let count = |web: &str| {
            let text = format!(
                "services:\n  web: {{image: a/web:1, {web}}}\n  db: {{image: 'postgres:17'}}\n"
            );
            messages(&RULE, &text).len()
        };
        for web in [
            "environment: {DB_HOST: db}",
            "environment: ['DB_HOST=db']",
            "environment: {DATABASE_URL: 'postgres://app@db/x'}",
            "command: serve --db db:5432",
            "command: [serve, --db, 'db:5432']",
            "entrypoint: [serve, --db, 'postgres://db/x']",
        ] {
            assert_eq!(count(web), 1, "{web}");
            assert_eq!(count(&format!("{web}, depends_on: [db]")), 0, "{web}");
            let long = "depends_on: {db: {condition: service_healthy}}";
            assert_eq!(count(&format!("{web}, {long}")), 0, "{web}");
            assert_eq!(count(&format!("{web}, links: [db]")), 0, "a link orders the start too");
        }
        assert_eq!(count("environment: {DB_HOST: db.example.com}"), 0);
        assert_eq!(count("environment: {NAME: db}"), 0);
    }

    #[test]
    fn a_console_is_worth_a_note_like_everybody_else() {
        let text = "services:\n  ui: {image: 'phpmyadmin:5', environment: {PMA_HOST: db}}\n  db: {image: 'mysql:8.4'}\n";
        let found = findings(&RULE, text);
        assert_eq!((found.len(), found[0].severity.name()), (1, "info"));
    }

    #[test]
    fn the_fix_keeps_the_long_form_and_waits_for_a_healthcheck() {
        let fix = |depends_on: &str, db: &str| {
            let text = format!(
                "services:\n  web:\n    image: a/web:1\n    environment: {{DB_HOST: db}}\n{depends_on}  db: {{image: 'postgres:17'{db}}}\n  mid: {{image: a/m:1}}\n"
            );
            findings(&RULE, &text)[0].fixes[0].edits[0].text.clone()
        };
        let long = "    depends_on:\n      mid: {condition: service_started}\n";
        assert!(fix(long, "").contains("condition: service_started"));
        let checked = ", healthcheck: {test: pg_isready}";
        assert!(fix(long, checked).contains("condition: service_healthy"));
        let alone = fix("", checked);
        assert!(alone.contains("depends_on:") && alone.contains("service_healthy"), "{alone}");
    }

    #[test]
    fn members_that_call_each_other_are_silent() {
        let text = "services:\n  a: {image: x/a:1, environment: {PEER_HOST: b}}\n  b: {image: x/b:1, environment: {PEER_HOST: c}}\n  c: {image: x/c:1, environment: {PEER_HOST: a}}\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn the_fix_keeps_the_form_of_the_list() {
        let text = "services:\n  web:\n    image: a/web:1\n    command: [serve, --db, 'db:5432']\n    depends_on:\n      - mid\n  db: {image: 'postgres:17'}\n  mid: {image: a/m:1}\n";
        assert_eq!(findings(&RULE, text)[0].fixes[0].edits[0].text, "\n      - db");
    }

    #[test]
    fn services_of_one_program_that_read_one_file_are_one_finding() {
        let text = "# file: compose.yaml\nservices:\n  a: {image: 'acme/web:1', env_file: [app.env]}\n  b: {image: 'acme/web:1', env_file: [app.env]}\n  db: {image: 'postgres:17'}\n# file: app.env\nDATABASE_URL=postgres://db/shop\n";
        let found = messages(&RULE, text);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("`a` talks to `db`, but does not depend on it"), "{found:?}");
    }

    #[test]
    fn a_host_behind_an_option_of_the_start_command_is_read() {
        let with = |command: &str| {
            let text = format!(
                "services:\n  web: {{image: a/web:1, command: {command}}}\n  db: {{image: 'postgres:17'}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(with("serve --db-host db"), 1);
        assert_eq!(with("[serve, '--redis-host=db']"), 1);
        assert_eq!(with("sh -c 'exec serve --db-host db'"), 1);
        assert_eq!(with("serve --mode db"), 0);
        assert_eq!(with("serve --host db"), 0);
        assert_eq!(with("serve db"), 0);
    }

    #[test]
    fn an_alias_on_a_network_is_a_name_of_its_service() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "services: {web: {image: 'a/web:1', environment: {DB_HOST: store}}, db: {image: 'postgres:17', networks: {default: {aliases: [store]}}}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "services: {web: {image: 'a/web:1', environment: {DB_HOST: other}}, db: {image: 'postgres:17', networks: {default: {aliases: [store]}}}}\n"
            ),
            0
        );
    }
}
