use crate::facts::Facts;
use crate::model::compose::{Port, Service};
use crate::report::Findings;
use crate::rules::rule;

rule! {
    /// Two services publish the same port of the host.
    ///
    /// ## Why it hurts
    /// The second container fails to start with "port is already allocated". Which of the two fails
    /// depends on timing.
    ///
    /// ## What helps
    /// Give one of them another host port, or put both behind one reverse proxy.
    ///
    /// ## How to troubleshoot
    /// `docker compose ps -a` shows one of them only as created; `ss -ltnp` shows which process has
    /// the port.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     ports: ["8080:80"]
    ///   admin:
    ///     image: adminer:5
    ///     ports: ["8080:8080"] # <- `web` and `admin` both publish port 8080 of the host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: nginx:1.29
    ///     ports: ["8080:80"]
    ///   admin:
    ///     image: adminer:5
    ///     ports: ["8081:8080"]
    /// ```
    PLM414 "host-port-collision" {
        since: "0.1.0", on: Compose, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for project in facts.projects() {
        for (at, second) in project.services.iter().enumerate() {
            for first in project.services[..at].iter().filter(|it| may_run_together(it, second)) {
                for taken in &first.ports {
                    let Some(port) = second.ports.iter().find(|it| collide(taken, it)) else {
                        continue;
                    };
                    let range = port.published.map_or((0, 0), |it| it.value);
                    let number = if range.0 == range.1 {
                        range.0.to_string()
                    } else {
                        format!("{}-{}", range.0, range.1)
                    };
                    out.at(
                        &port.span,
                        format!(
                            "`{}` and `{}` both publish port {number} of the host",
                            first.name, second.name
                        ),
                    )
                    .also(&taken.span, format!("`{}` publishes it here", first.name))
                    .check(format!("ss -ltnp 'sport = :{}'", range.0));
                }
            }
        }
    }
}

/// Services of different profiles need not run at the same time.
fn may_run_together(a: &Service, b: &Service) -> bool {
    let shared = a.profiles.iter().any(|one| b.profiles.iter().any(|it| it.value == one.value));
    a.profiles.is_empty() && b.profiles.is_empty() || shared
}

fn collide(a: &Port, b: &Port) -> bool {
    let (Some(x), Some(y)) = (a.published, b.published) else { return false };
    let any = |port: &Port| {
        port.host_ip.as_ref().is_none_or(|it| matches!(it.as_str(), "0.0.0.0" | "::" | ""))
    };
    let address = any(a)
        || any(b)
        || a.host_ip.as_ref().map(|it| &it.value) == b.host_ip.as_ref().map(|it| &it.value);
    // From a published range that is wider than its target, the engine picks a free port.
    let fixed = |it: (u16, u16)| it.0 == it.1;
    let overlap = x.value.0 <= y.value.1 && y.value.0 <= x.value.1;
    a.protocol == b.protocol && address && overlap && fixed(x.value) && fixed(y.value)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    fn two(a: &str, b: &str) -> usize {
        messages(
            &RULE,
            &format!("services:\n  a: {{ image: x:1, {a} }}\n  b: {{ image: x:1, {b} }}\n"),
        )
        .len()
    }

    #[test]
    fn other_addresses_protocols_and_profiles_do_not_collide() {
        assert_eq!(two("ports: ['80:80']", "ports: ['80:81']"), 1);
        assert_eq!(two("ports: ['127.0.0.1:80:80']", "ports: ['80:81']"), 1);
        assert_eq!(two("ports: ['127.0.0.1:80:80']", "ports: ['127.0.0.2:80:81']"), 0);
        assert_eq!(two("ports: ['53:53/udp']", "ports: ['53:53/tcp']"), 0);
        assert_eq!(two("ports: ['80:80'], profiles: [x]", "ports: ['80:80'], profiles: [y]"), 0);
        assert_eq!(two("ports: ['8000-8002:8000-8002']", "ports: ['8001:80']"), 1);
    }
}
