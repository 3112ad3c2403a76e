use crate::edit::Yaml;
use crate::facts::{Facts, Service, nearest};
use crate::knowledge::families::Class;
use crate::knowledge::starts;
use crate::report::phrases::{first_named, named};
use crate::report::{Findings, Fix, Role, Severity};
use crate::rules::rule;
use crate::words::is_among;

rule! {
    /// A service that should keep running has no restart policy, or one that does not exist.
    ///
    /// ## Why it hurts
    /// After a crash, and after every reboot of the host, the container stays down until somebody
    /// notices. A misspelt policy passes the schema and is refused only when the container is made.
    ///
    /// ## What helps
    /// `restart: unless-stopped`.
    ///
    /// ## How to troubleshoot
    /// `docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' CONTAINER` says `no`;
    /// `docker compose ps -a` lists what has exited.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web: # <- service `web` has no restart policy, so it stays down after a crash or a reboot
    ///     image: nginx:1.29
    ///     ports: ["8080:80"]
    ///   db:
    ///     image: postgres:17.2
    ///     restart: unless_stopped # <- `unless_stopped` is no restart policy; `unless-stopped` is
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     ports: ["8080:80"]
    ///     restart: unless-stopped
    ///   db:
    ///     image: postgres:17.2
    ///     restart: unless-stopped
    /// ```
    PLM802 "no-restart-policy" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

const POLICIES: &str = "no always on-failure unless-stopped";

fn check(facts: &Facts, out: &mut Findings) {
    for at in 0..facts.projects().len() {
        let services = facts.services_of(at);
        let mut bare: Vec<&Service<'_>> = Vec::new();
        for service in services {
            unknown_policy(facts, service, out);
            if !is_bare(facts, service) {
                continue;
            }
            if facts.is_accepted(service.span(), &|it| RULE.is(it)) {
                alone(facts, service, out);
            } else {
                bare.push(service);
            }
        }
        let some_have = services.iter().any(has_policy);
        if bare.len() <= 2 && (some_have || bare.len() == 1) {
            for service in bare {
                alone(facts, service, out);
            }
        } else if let Some((first, others)) = bare.split_first() {
            // Nobody has thought of it: that is one thing to say, not one for each service.
            let names: Vec<&str> = bare.iter().map(|it| it.name).collect();
            let finding = out.at(
                &first.span(),
                format!(
                    "{} have no restart policy, so they stay down after a crash or a reboot",
                    and_others(&names)
                ),
            );
            for other in others {
                finding.also(&other.span(), "this one too");
            }
            finding.check("docker compose ps -a").maybe_fix(add(facts, &bare));
        }
    }
}

fn alone(facts: &Facts<'_>, service: &Service<'_>, out: &mut Findings) {
    let name = service.name;
    out.at(
        &service.span(),
        format!(
            "service `{name}` has no restart policy, so it stays down after a crash or a reboot"
        ),
    )
    .check(format!("docker compose ps -a {name}"))
    .maybe_fix(add(facts, &[service]));
}

/// "`a` and `b`", "`a`, `b`, `c` and 4 others".
fn and_others(names: &[&str]) -> String {
    match names {
        [all @ .., last] if (2..=4).contains(&names.len()) => {
            format!("{} and `{last}`", named(all))
        }
        _ => first_named(names, 3),
    }
}

/// Adds the policy to services.
fn add(facts: &Facts<'_>, services: &[&Service<'_>]) -> Option<Fix> {
    let mut edits = Vec::new();
    for it in services {
        let value = Yaml::str("unless-stopped");
        edits.push(facts.insert_entry(it.model.place()?, "restart", &value)?);
    }
    Some(Fix::safe("Restart unless stopped by hand", edits))
}

fn has_policy(service: &Service<'_>) -> bool {
    let deploy = service.model.deploy.as_ref();
    service.model.restart.is_some() || deploy.is_some_and(|it| it.restart_policy.is_some())
}

/// Runs for long as far as the files tell, on a server, and nothing brings it back.
fn is_bare<'a>(facts: &Facts<'a>, service: &Service<'a>) -> bool {
    let model = service.model;
    let interactive = model.stdin_open.is_some_and(|it| it.value) && model.ports.is_empty();
    let away = has_policy(service)
        || service.role == Role::Development
        || service.has_profile()
        || interactive
        || model.has_key("provider");
    !away && keeps_running(service) && !is_task(facts, service) && !facts.is_for_swarm(service)
}

fn is_task<'a>(facts: &Facts<'a>, service: &Service<'a>) -> bool {
    let mode = service.model.deploy.as_ref().and_then(|it| it.mode.as_ref());
    facts.is_one_shot(service) || mode.is_some_and(|it| it.value.ends_with("-job"))
}

/// A port, a healthcheck or a server's start: proof that it is not a task that ends.
fn keeps_running(service: &Service<'_>) -> bool {
    let model = service.model;
    let serves =
        !model.ports.is_empty() || model.healthcheck.as_ref().is_some_and(|it| !it.disabled);
    let commands = &service.unit.start.commands;
    if serves || commands.iter().any(starts::is_server_start) {
        return true;
    }
    let server = service.unit.family().is_some_and(|it| {
        !matches!(
            it.class,
            Class::Runtime | Class::Base | Class::Tool | Class::Migration | Class::Backup
        )
    });
    server && commands.is_empty()
}

fn unknown_policy(facts: &Facts<'_>, service: &Service<'_>, out: &mut Findings) {
    let Some(policy) = &service.model.restart else { return };
    let text = policy.as_str();
    let limited = text.strip_prefix("on-failure:").is_some_and(|it| it.parse::<u32>().is_ok());
    // YAML's booleans read as `no`; a value with a variable in it is not ours to judge.
    let word = matches!(text, "" | "false" | "true") || limited || is_among(POLICIES, text);
    if word || service.project.is_interpolated(policy.span) {
        return;
    }
    let plain = text.to_ascii_lowercase().replace(['_', ' '], "-");
    let meant = POLICIES
        .split(' ')
        .find(|it| *it == plain)
        .or_else(|| nearest(&plain, POLICIES.split(' ').skip(1)))
        .or_else(|| (plain == "never").then_some("no"));
    let mut message = format!("`{text}` is no restart policy");
    if let Some(meant) = meant {
        message.push_str(&format!("; `{meant}` is"));
    }
    let finding = out.at(&policy.span, message).severity(Severity::Error);
    if let Some(meant) = meant {
        let written = if meant == "no" { "\"no\"" } else { meant };
        let edit = facts.replace(&policy.span, written);
        finding.fix(Fix::safe(format!("Write `{meant}`"), [edit]));
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn count(text: &str) -> usize {
        messages(&RULE, text).len()
    }

    #[test]
    fn nobody_has_one_is_said_once() {
        let text =
            "services:\n  a: { image: 'nginx:1', ports: ['80:80'] }\n  b: { image: 'redis:7' }\n";
        assert_eq!(
            messages(&RULE, text),
            ["`a` and `b` have no restart policy, so they stay down after a crash or a reboot"]
        );
        let text =
            "services:\n  a: { image: 'nginx:1', restart: always }\n  b: { image: 'redis:7' }\n";
        assert_eq!(count(text), 1);
    }

    #[test]
    fn development_tasks_and_tools_are_silent() {
        let stack =
            "# file: docker-stack.yml\nservices: { a: { image: 'nginx:1', ports: ['80:80'] } }\n";
        assert_eq!(count(stack), 0, "Swarm brings back what stops");
        assert_eq!(count("# file: compose.dev.yaml\nservices: { a: { image: 'nginx:1' } }\n"), 0);
        for body in [
            "image: 'a:1', command: [alembic, upgrade, head]",
            "image: 'alpine:3', command: [sh]",
            "image: 'nginx:1', profiles: [tools]",
            "image: 'nginx:1', deploy: { restart_policy: { condition: any } }",
            "image: 'nginx:1', restart: 'no'",
            "image: 'nginx:1', restart: 'on-failure:3'",
            "image: 'nginx:1', restart: '${RESTART}'",
        ] {
            assert_eq!(count(&format!("services: {{ a: {{ {body} }} }}\n")), 0, "{body}");
        }
        let waited = "services:\n  seed: { image: 'a:1', ports: ['1:1'] }\n  web: { image: 'nginx:1', restart: always, \
                      depends_on: { seed: { condition: service_completed_successfully } } }\n";
        assert_eq!(count(waited), 0);
    }

    #[test]
    fn misspelt_policies_are_errors() {
        for (text, meant) in
            [("unless_stopped", 1), ("allways", 1), ("Always", 1), ("sometimes", 0)]
        {
            let found = findings(
                &RULE,
                &format!("services: {{ a: {{ image: 'a:1', restart: {text} }} }}\n"),
            );
            assert_eq!(
                (found[0].severity.name(), found[0].fixes.len()),
                ("error", meant),
                "{text}"
            );
        }
    }
}
