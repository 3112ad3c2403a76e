use crate::facts::Facts;
use crate::model::compose::{Port, Service};
use crate::report::Findings;
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::{FxHashMap, FxHashSet};

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
    ///     ports: ["8080:80"] # <- `admin` and `web` both publish port 8080 of the host
    ///   admin:
    ///     image: adminer:5
    ///     ports: ["8080:8080"]
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

/// Maximum number of earlier ports that a port is compared with. If more services publish the same
/// port, further pairs add nothing new.
const MAX_EARLIER: usize = 8;

/// A published port with its service.
type Published<'p> = (&'p Service, &'p Port);

fn check(facts: &Facts, out: &mut Findings) {
    for project in facts.projects() {
        // Keyed by the first number, because only ports without a range can collide.
        let mut earlier: FxHashMap<u16, Vec<Published<'_>>> = FxHashMap::default();
        for service in &project.services {
            let mut reported: FxHashSet<Span> = FxHashSet::default();
            for port in &service.ports {
                let Some(number) = port.published.map(|it| it.value.0) else { continue };
                for taken in earlier.get(&number).into_iter().flatten() {
                    let collides = may_run_together(taken.0, service) && collide(taken.1, port);
                    if collides && reported.insert(taken.1.span) {
                        report(*taken, (service, port), number, out);
                    }
                }
            }
            for port in &service.ports {
                let Some(number) = port.published.map(|it| it.value.0) else { continue };
                let earlier = earlier.entry(number).or_default();
                if earlier.len() < MAX_EARLIER {
                    earlier.push((service, port));
                }
            }
        }
    }
}

fn report(first: Published<'_>, second: Published<'_>, number: u16, out: &mut Findings) {
    let (first_name, second_name) = (&first.0.name, &second.0.name);
    out.at(
        &second.1.span,
        format!("`{first_name}` and `{second_name}` both publish port {number} of the host"),
    )
    .also(&first.1.span, format!("`{first_name}` publishes the port here"))
    .check(format!("ss -ltnp 'sport = :{number}'"));
}

/// Whether two services may run at the same time: services of different profiles need not.
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
