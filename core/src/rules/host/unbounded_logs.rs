use crate::edit::Yaml;
use crate::facts::{Facts, Service};
use crate::report::phrases::first_named;
use crate::report::{Confidence, Findings, Fix, Role};
use crate::rules::rule;

rule! {
    /// Container logs grow without end.
    ///
    /// ## Why it hurts
    /// Docker's default driver, `json-file`, never rotates. A chatty service fills the disk after
    /// weeks, and then everything on the host fails at once, the database first.
    ///
    /// ## What helps
    /// `max-size` and `max-file` for each service, or once for the host in `/etc/docker/daemon.json`.
    /// The driver `local` rotates by itself.
    ///
    /// ## How to troubleshoot
    /// `sudo du -h /var/lib/docker/containers/*/*-json.log | sort -h` shows who writes how much.
    ///
    /// ## Bad
    /// ```yaml
    /// services: # <- the logs of `web` grow without end, unless the host's Docker rotates them
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
        let mut kept = None;
        for it in all {
            if it.role == Role::Development || !grows(it) || facts.is_one_shot(it) {
                continue;
            }
            if facts.is_accepted(it.span(), &|it| RULE.is(it)) {
                accepted.push(it);
                continue;
            }
            open.push(it);
            names.push(it.name);
            let restarts = it.model.restart.as_ref().is_some_and(|it| it.value != "no");
            if kept.is_none() && restarts && !it.has_profile() {
                kept = Some(it);
            }
        }
        for it in accepted {
            out.at(&it.span(), format!("the logs of `{}` grow without end", it.name));
        }
        let Some(first) = kept else { continue };
        let whose = match open.len() {
            len if len > 3 && len == all.len() => format!("all {len} services"),
            _ => first_named(&names, 3),
        };
        let key = project.keys.iter().find(|it| it.name.value == "services");
        out.at(
            &key.map_or(first.span(), |it| it.name.span),
            format!("the logs of {whose} grow without end, unless the host's Docker rotates them"),
        )
        .confidence(Confidence::Likely)
        .check("docker info --format '{{.LoggingDriver}}'")
        .maybe_fix(bound(facts, &open));
    }
}

/// Whether the driver is Docker's default one, without a limit.
fn grows(service: &Service<'_>) -> bool {
    let Some(logging) = &service.model.logging else {
        return !service.model.has_key("logging") && !service.model.has_key("provider");
    };
    let default = logging.driver.as_ref().is_none_or(|it| it.value == "json-file");
    default && !logging.options.iter().any(|it| it.key.value == "max-size")
}

fn bound(facts: &Facts<'_>, services: &[&Service<'_>]) -> Option<Fix> {
    let options = Yaml::map([("max-size", Yaml::raw("10m")), ("max-file", Yaml::raw("\"3\""))]);
    let logging = Yaml::map([("driver", Yaml::raw("json-file")), ("options", options.clone())]);
    let mut edits = Vec::new();
    for it in services {
        edits.push(match &it.model.logging {
            None => facts.insert_entry(it.model.place()?, "logging", &logging)?,
            Some(logging) if logging.options.is_empty() => {
                facts.insert_entry(logging.place.as_ref()?, "options", &options)?
            }
            Some(_) => return None,
        });
    }
    Some(Fix::safe("Keep three log files of 10 MB for each container", edits))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn count(text: &str) -> usize {
        messages(&RULE, text).len()
    }

    #[test]
    fn it_is_said_once_a_project() {
        let text = "services:\n  a: { image: 'a:1', restart: always }\n  b: { image: 'a:1', restart: always }\n";
        assert_eq!(count(text), 1);
        let text =
            "services:\n  a: { image: 'a:1', restart: always, logging: { driver: json-file } }\n";
        assert_eq!(count(text), 1);
    }

    #[test]
    fn bounded_other_drivers_development_and_short_runs_are_silent() {
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
