use crate::facts::{Facts, Service, in_shell};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// A service has two restart policies that do not mean the same.
    ///
    /// ## Why it hurts
    /// Wherever both are written, `deploy.restart_policy` wins: Compose replaces `restart` by it, and
    /// Swarm never reads `restart`. The policy that stands where everybody looks has no effect.
    ///
    /// ## What helps
    /// Keep one of the two, or make them say the same.
    ///
    /// ## How to troubleshoot
    /// Ask the engine which policy the container really has.
    ///
    /// ## When to ignore
    /// Where the file is deployed with `docker stack` alone, which reads only `deploy`.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     restart: always # <- `restart: always` of `web` has no effect, because `deploy.restart_policy` says `on-failure` and wins
    ///     deploy:
    ///       restart_policy:
    ///         condition: on-failure
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     restart: always
    ///     deploy:
    ///       restart_policy:
    ///         condition: any
    /// ```
    PLM814 "restart-contradiction" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

/// When a container is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Never,
    /// After a failure, at most this often; `None` without a limit.
    OnFailure(Option<i64>),
    /// Whenever it stops.
    Always,
}

fn check(facts: &Facts, out: &mut Findings) {
    for service in facts.services() {
        let Some(restart) = &service.model.restart else { continue };
        let Some(deploy) = service.model.deploy.as_ref() else { continue };
        let Some(policy) = &deploy.restart_policy else { continue };
        let project = service.project;
        if project.is_interpolated(restart.span) || project.is_interpolated(policy.span) {
            continue;
        }
        let Some(short) = short_policy(restart) else { continue };
        let Some(long) = long_policy(facts, service) else { continue };
        if short == long {
            continue;
        }
        let says = match &policy.condition {
            None => "names no condition, which Compose takes for `none`,".to_owned(),
            Some(condition) => match long {
                Policy::OnFailure(Some(most)) => {
                    format!("says `{condition}`, at most {most} times,")
                }
                Policy::OnFailure(None) if matches!(short, Policy::OnFailure(_)) => {
                    format!("says `{condition}` without a limit")
                }
                Policy::Never | Policy::OnFailure(None) | Policy::Always => {
                    format!("says `{condition}`")
                }
            },
        };
        let name = service.name;
        let written = if short == Policy::Never { "no" } else { restart.as_str() };
        out.at(
            &restart.span,
            format!(
                "`restart: {written}` of `{name}` has no effect, because `deploy.restart_policy` {says} and wins"
            ),
        )
        .also(&policy.condition.as_ref().map_or(policy.span, |it| it.span), "this policy wins")
        .check(format!(
            "docker inspect -f '{{{{json .HostConfig.RestartPolicy}}}}' $({})",
            facts.compose(service, &format!("ps -aq {}", in_shell(name)))
        ));
    }
}

/// Returns the meaning of `restart`; `None` for a value that Compose does not know.
fn short_policy(text: &str) -> Option<Policy> {
    match text {
        "no" | "false" => Some(Policy::Never),
        "always" | "unless-stopped" => Some(Policy::Always),
        "on-failure" => Some(Policy::OnFailure(None)),
        _ => {
            let most = text.strip_prefix("on-failure:")?.parse().ok()?;
            Some(Policy::OnFailure(limit(most)))
        }
    }
}

/// Zero means that there is no limit.
fn limit(most: i64) -> Option<i64> {
    (most > 0).then_some(most)
}

/// Returns the meaning of `deploy.restart_policy`; `None` for a condition that is not known. Without a
/// condition, Swarm restarts always and Compose never.
fn long_policy<'a>(facts: &Facts<'a>, service: &Service<'a>) -> Option<Policy> {
    let policy = service.model.deploy.as_ref()?.restart_policy.as_ref()?;
    match policy.condition.as_ref().map(|it| it.as_str()) {
        None if facts.is_for_swarm(service) => Some(Policy::Always),
        None => Some(Policy::Never),
        Some("none" | "no") => Some(Policy::Never),
        Some("any" | "always" | "unless-stopped") => Some(Policy::Always),
        Some("on-failure") => {
            Some(Policy::OnFailure(policy.max_attempts.and_then(|it| limit(it.value))))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn count(restart: &str, policy: &str) -> usize {
        let text = format!(
            "services: {{a: {{image: x:1, restart: {restart}, deploy: {{restart_policy: {{{policy}}}}}}}}}"
        );
        messages(&RULE, &text).len()
    }

    #[test]
    fn policies_that_differ_are_reported() {
        for (restart, policy) in [
            ("always", "condition: on-failure"),
            ("unless-stopped", "condition: none"),
            ("'no'", "condition: any"),
            ("no", "condition: any"),
            ("on-failure", "condition: any"),
            ("on-failure:3", "condition: on-failure, max_attempts: 5"),
            ("on-failure:3", "condition: on-failure"),
            ("always", "delay: 5s"),
        ] {
            assert_eq!(count(restart, policy), 1, "{restart} {policy}");
        }
    }

    #[test]
    fn policies_that_mean_the_same_are_silent() {
        for (restart, policy) in [
            ("always", "condition: any"),
            ("unless-stopped", "condition: any, delay: 5s"),
            ("'no'", "condition: none"),
            ("on-failure", "condition: on-failure"),
            ("on-failure:3", "condition: on-failure, max_attempts: 3"),
            ("'${RESTART}'", "condition: none"),
            ("always", "condition: '${CONDITION}'"),
            ("sometimes", "condition: none"),
        ] {
            assert_eq!(count(restart, policy), 0, "{restart} {policy}");
        }
    }

    #[test]
    fn one_policy_alone_contradicts_nothing() {
        assert!(messages(&RULE, "services: {a: {image: x:1, restart: always}}").is_empty());
        let deploy = "services: {a: {image: x:1, deploy: {restart_policy: {condition: none}}}}";
        assert!(messages(&RULE, deploy).is_empty());
        let other = "services: {a: {image: x:1, restart: always, deploy: {replicas: 1}}}";
        assert!(messages(&RULE, other).is_empty());
    }

    #[test]
    fn a_policy_from_an_override_file_counts() {
        let text = "# file: compose.yaml\nservices: {a: {image: x:1, restart: always}}\n# file: compose.override.yaml\nservices: {a: {deploy: {restart_policy: {condition: none}}}}\n";
        let all = findings(&RULE, text);
        assert_eq!(all.len(), 1);
        assert_eq!(
            all[0].check,
            ["docker inspect -f '{{json .HostConfig.RestartPolicy}}' $(docker compose ps -aq a)"]
        );
    }
}
