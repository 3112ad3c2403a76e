use crate::edit::Yaml;
use crate::facts::{Facts, Service};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Findings, Fix, Role};
use crate::rules::rule;

rule! {
    /// Container logs grow without limit.
    ///
    /// ## Why it hurts
    /// Docker's default driver, `json-file`, does not rotate logs unless it is configured to.
    /// Within weeks a chatty service fills the disk, and then everything on the host fails at once,
    /// the database first.
    ///
    /// ## What helps
    /// Set `max-size` and `max-file` for each service, or once for the host in
    /// `/etc/docker/daemon.json`. The `local` driver rotates logs by itself.
    ///
    /// ## How to troubleshoot
    /// `sudo du -h /var/lib/docker/containers/*/*-json.log | sort -h` shows which containers write
    /// how much.
    ///
    /// ## When to ignore
    /// Where `/etc/docker/daemon.json` on the host sets a size or another driver for all containers.
    ///
    /// ## Bad
    /// ```yaml
    /// services: # <- the logs of `web` grow without limit, unless Docker on the host rotates them
    ///   web:
    ///     image: nginx:1.29
    ///     restart: always
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     restart: always
    ///     logging:
    ///       driver: json-file
    ///       options:
    ///         max-size: 10m
    ///         max-file: "3"
    /// ```
    PLM803 "unbounded-logs" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for (at, project) in facts.projects().iter().enumerate() {
        let all = facts.services_of(at);
        let mut open: Vec<&Service<'_>> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        let mut accepted: Vec<&Service<'_>> = Vec::new();
        let mut server = None;
        for service in all {
            if service.role == Role::Development
                || !service.logs_grow()
                || facts.is_one_shot(service)
            {
                continue;
            }
            if facts.stands_alone(service.span(), &|selector| RULE.is(selector)) {
                accepted.push(service);
                continue;
            }
            open.push(service);
            names.push(service.name);
            let restarts = service.model.restart.as_ref().is_some_and(|it| it.value != "no");
            let is_kept = restarts || service.restarts() || service.role == Role::Production;
            if server.is_none() && is_kept && !service.has_profile() {
                server = Some(service);
            }
        }
        for service in accepted {
            out.at(&service.span(), format!("the logs of `{}` grow without limit", service.name));
        }
        let Some(first) = server else { continue };
        let whose = match open.len() {
            len if len > 3 && len == all.len() => format!("all {len} services"),
            _ => first_named(&names, 3),
        };
        let key = project.keys.iter().find(|it| it.name.value == "services");
        out.at(
            &key.map_or(first.span(), |it| it.name.span),
            format!(
                "the logs of {whose} grow without limit, unless Docker on the host rotates them"
            ),
        )
        .confidence(Confidence::Likely)
        .check("docker info --format '{{.LoggingDriver}}'")
        .maybe_fix(bound(facts, &open));
    }
}

/// Builds a fix that limits the logs of the services.
fn bound(facts: &Facts<'_>, services: &[&Service<'_>]) -> Option<Fix> {
    let options = Yaml::map([("max-size", Yaml::raw("10m")), ("max-file", Yaml::raw("\"3\""))]);
    let logging = Yaml::map([("driver", Yaml::raw("json-file")), ("options", options.clone())]);
    let mut edits = Vec::new();
    for service in services {
        // A service that cannot be edited keeps its finding.
        edits.extend(match &service.model.logging {
            None => {
                let place = service.model.place();
                place.and_then(|it| facts.insert_entry(it, "logging", &logging))
            }
            Some(logging) if logging.options.is_empty() => {
                let place = logging.place.as_ref();
                place.and_then(|it| facts.insert_entry(it, "options", &options))
            }
            Some(_) => None,
        });
    }
    Some(Fix::r#unsafe("Keep three log files of 10 MB per container", edits))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, messages, run};

    fn count(text: &str) -> usize {
        messages(&RULE, text).len()
    }

    #[test]
    fn a_project_is_reported_once() {
        let text = "services:\n  a: { image: 'a:1', restart: always }\n  b: { image: 'a:1', restart: always }\n";
        assert_eq!(count(text), 1);
        let text =
            "services:\n  a: { image: 'a:1', restart: always, logging: { driver: json-file } }\n";
        assert_eq!(count(text), 1);
    }

    #[test]
    fn options_without_a_size_do_not_limit_logs() {
        for logging in ["options: { max-file: '3' }", "driver: json-file, options: { tag: web }"] {
            let text = format!(
                "services: {{ a: {{ image: 'a:1', restart: always, logging: {{ {logging} }} }} }}\n"
            );
            assert_eq!(count(&text), 1, "{logging}");
        }
    }

    #[test]
    fn what_runs_on_a_server_is_kept_running_in_one_way_or_another() {
        let one = |path: &str, body: &str| {
            count(&format!("# file: {path}\nservices: {{ a: {{ image: 'a:1'{body} }} }}\n"))
        };
        assert_eq!(one("compose.yaml", ", restart: unless-stopped"), 1);
        assert_eq!(one("compose.yaml", ", deploy: { restart_policy: { condition: any } }"), 1);
        assert_eq!(one("compose.prod.yaml", ""), 1);
        assert_eq!(one("compose.yaml", ""), 0);
        assert_eq!(one("compose.yaml", ", deploy: { restart_policy: { condition: none } }"), 0);
    }

    #[test]
    fn the_fix_bounds_what_is_open_and_leaves_the_rest() {
        let text = "services:\n  a:\n    image: a:1\n    restart: always\n  b:\n    image: a:1\n    logging:\n      driver: json-file\n  c:\n    image: a:1\n    logging:\n      driver: local\n";
        let before = files(text);
        let after = apply_fixes(&before, &run(&RULE, &before));
        assert!(run(&RULE, &after).findings.is_empty(), "{}", after[0].text);
        assert_eq!(after[0].text.matches("max-size: 10m").count(), 2, "{}", after[0].text);
        assert!(after[0].text.ends_with("      driver: local\n"), "{}", after[0].text);
    }

    #[test]
    fn limits_other_drivers_development_and_short_runs_are_silent() {
        for body in [
            "restart: always, logging: { driver: local }",
            "restart: always, logging: { driver: journald }",
            "restart: always, logging: { options: { max-size: 10m } }",
            "tty: true",
        ] {
            assert_eq!(
                count(&format!("services: {{ a: {{ image: 'a:1', {body} }} }}\n")),
                0,
                "{body}"
            );
        }
        let dev = "# file: compose.dev.yaml\nservices: { a: { image: 'a:1', restart: always } }\n";
        assert_eq!(count(dev), 0);
    }
}
