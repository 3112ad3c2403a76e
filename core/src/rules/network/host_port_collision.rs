use crate::facts::Facts;
use crate::model::compose::{Port, Project, Service};
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};

rule! {
    /// Two services publish the same port of the host.
    ///
    /// ## Why it hurts
    /// The second container fails to start with "port is already allocated". Which of the two fails
    /// depends on timing. Services of different profiles need not run together, but a service without a
    /// profile runs with every other one.
    ///
    /// ## What helps
    /// Give one of them another host port, or put both behind one reverse proxy.
    ///
    /// ## How to troubleshoot
    /// `docker compose ps -a` shows one of them only as created; `ss -ltnp` shows which process has
    /// the port.
    ///
    /// ## When to ignore
    /// Where the two are never started together, although no profile says so.
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

/// Parts of the names of profiles with which nobody starts anything.
const NEVER: &[&str] = &["never", "disable", "abstract", "donotstart", "do-not-start", "unused"];

/// A published port with its service.
type Published<'p> = (&'p Service, &'p Port);

/// Two services that publish the same ports.
struct Pair<'p> {
    first: &'p Service,
    second: &'p Service,
    /// The ports of both, with their numbers.
    ports: Vec<(&'p Port, &'p Port, u16)>,
}

fn check(facts: &Facts, out: &mut Findings) {
    for project in facts.projects() {
        // Pairs that run together for the same reason are one finding.
        let mut found: IndexMap<Option<&str>, Vec<Pair<'_>>> = IndexMap::new();
        for (together, pair) in pairs(project) {
            match facts.stands_alone(place(&pair), &|selector| RULE.is(selector)) {
                true => report(together, &[pair], out),
                false => found.entry(together.profile()).or_default().push(pair),
            }
        }
        for (profile, pairs) in &found {
            let together = profile.map_or(Together::Always, Together::With);
            report(together, pairs, out);
        }
    }
}

/// Returns the pairs of services of a project that publish the same ports and may run together.
fn pairs(project: &Project) -> Vec<(Together<'_>, Pair<'_>)> {
    let mut found: IndexMap<(&str, &str), (Together<'_>, Pair<'_>)> = IndexMap::new();
    // Keyed by the first number, because only ports without a range can collide.
    let mut earlier: FxHashMap<u16, Vec<Published<'_>>> = FxHashMap::default();
    for second in &project.services {
        let mut seen: FxHashSet<(&str, Span)> = FxHashSet::default();
        for port in &second.ports {
            let Some(number) = port.published.map(|it| it.value.0) else { continue };
            for (first, taken) in earlier.get(&number).into_iter().flatten() {
                let Some(together) = together(first, second) else { continue };
                if !collide(taken, port) || !seen.insert((&first.name, taken.span)) {
                    continue;
                }
                let key = (first.name.as_str(), second.name.as_str());
                let new = || (together, Pair { first, second, ports: Vec::new() });
                let (_, pair) = found.entry(key).or_insert_with(new);
                pair.ports.push((taken, port, number));
            }
        }
        for port in &second.ports {
            let Some(number) = port.published.map(|it| it.value.0) else { continue };
            let earlier = earlier.entry(number).or_default();
            if earlier.len() < MAX_EARLIER {
                earlier.push((second, port));
            }
        }
    }
    found.into_values().collect()
}

/// Reports pairs of one project. The first of them leads.
fn report(together: Together<'_>, pairs: &[Pair<'_>], out: &mut Findings) {
    let Some((pair, others)) = pairs.split_first() else { return };
    let Some((_, _, number)) = pair.ports.first() else { return };
    let with = together.profile().map(|it| format!("with profile `{it}`, ")).unwrap_or_default();
    let said = format!("{with}{}", words(pair));
    let finding = out.at(&place(pair), &said);
    for (first, second, number) in &pair.ports {
        if first.span == second.span {
            // An anchor brings the port to both services.
            let name = &pair.first.name;
            finding.also(&name.span, format!("`{name}` publishes port {number} too"));
            finding.also(&first.span, "both take their ports from here");
        } else {
            let name = &pair.first.name;
            finding.also(&first.span, format!("`{name}` publishes port {number} here"));
        }
    }
    let others: Vec<(Span, String)> = others.iter().map(|it| (place(it), words(it))).collect();
    finding.stands_for(&others).cause_in_this_run(said);
    finding.check(format!("ss -ltnp 'sport = :{number}'"));
    // Who names a service starts it alone, whatever its profile.
    let by_profile = |it: &Pair<'_>| it.first.profiles.is_empty() != it.second.profiles.is_empty();
    if pairs.iter().all(by_profile) {
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    }
}

/// Returns what two services have in common: "`admin` and `web` both publish port 8080 of the host".
fn words(pair: &Pair<'_>) -> String {
    let mut numbers: Vec<u16> = pair.ports.iter().map(|it| it.2).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let ports = if numbers.len() == 1 { "port" } else { "ports" };
    let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
    let (first, second) = (&pair.first.name, &pair.second.name);
    format!("`{first}` and `{second}` both publish {ports} {} of the host", numbers.join(", "))
}

/// Returns the port of the second service, or the service where an anchor brings the port to both.
fn place(pair: &Pair<'_>) -> Span {
    match pair.ports.first() {
        Some((first, second, _)) if first.span != second.span => second.span,
        _ => pair.second.name.span,
    }
}

/// When two services run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Together<'p> {
    Always,
    With(&'p str),
}

impl<'p> Together<'p> {
    fn profile(self) -> Option<&'p str> {
        match self {
            Together::Always => None,
            Together::With(profile) => Some(profile),
        }
    }
}

/// Returns when two services run at the same time; `None` for services of different profiles, which need not.
fn together<'p>(a: &'p Service, b: &'p Service) -> Option<Together<'p>> {
    let (own, others) = match (a.profiles.as_slice(), b.profiles.as_slice()) {
        ([], []) => return Some(Together::Always),
        ([], own) | (own, []) => (own, None),
        (own, others) => (own, Some(others)),
    };
    let starts = |profile: &str| !NEVER.iter().any(|it| profile.contains(it));
    let is_shared = |profile: &str| {
        others.is_none_or(|others| others.iter().any(|other| other.value == profile))
    };
    let mut profiles = own.iter().map(|it| it.as_str());
    profiles.find(|it| starts(it) && is_shared(it)).map(Together::With)
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
    use crate::rules::testing::{findings, messages};

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

    #[test]
    fn every_form_of_a_port_is_read() {
        for (a, b, count) in [
            ("{target: 80, published: 8080}", "'8080:80'", 1),
            ("{target: 80, published: '8080'}", "{target: 81, published: 8080}", 1),
            ("{target: 80, published: 8080, protocol: udp}", "'8080:80'", 0),
            ("{target: 80, published: 80, host_ip: 127.0.0.1}", "'127.0.0.1:80:80'", 1),
            ("'8000-8002:8000-8002'", "'8002-8004:9000-9002'", 1),
            ("'8000-8002:8000-8002'", "'8003-8004:9000-9001'", 0),
            ("'0.0.0.0:80:80'", "'127.0.0.1:80:80'", 1),
            ("'[::]:80:80'", "'80:80'", 1),
            ("'80'", "'80'", 0),
        ] {
            assert_eq!(two(&format!("ports: [{a}]"), &format!("ports: [{b}]")), count, "{a} {b}");
        }
    }

    #[test]
    fn a_profile_that_brings_two_services_together_is_named() {
        let found = |a: &str, b: &str| {
            let text = format!(
                "services:\n  a: {{ image: x:1, ports: ['80:80']{a} }}\n  b: {{ image: x:1, ports: ['80:80']{b} }}\n"
            );
            let all = findings(&RULE, &text).into_iter();
            all.map(|it| (it.severity.name(), it.message)).collect::<Vec<_>>()
        };
        let said = |profile: &str| {
            format!("with profile `{profile}`, `a` and `b` both publish port 80 of the host")
        };
        let (both, one) = (", profiles: [x, all]", ", profiles: [y, all]");
        assert_eq!(found(both, one), [("error", said("all"))]);
        assert_eq!(found("", ", profiles: [dev]"), [("warning", said("dev"))]);
        assert_eq!(found(", profiles: [dev]", ""), [("warning", said("dev"))]);
        assert_eq!(found("", ", profiles: [never]"), []);
    }

    #[test]
    fn pairs_with_one_cause_are_one_finding() {
        let text = "services:\n  a: {image: x:1, ports: ['80:80', '81:81'], profiles: [all, a]}\n  b: {image: x:1, ports: ['82:82'], profiles: [all, b]}\n  c: {image: x:1, ports: ['81:81', '80:80', '82:82'], profiles: [all, c]}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            "with profile `all`, `a` and `c` both publish ports 80, 81 of the host (and 1 more like it)"
        );
    }

    #[test]
    fn ports_behind_an_anchor_are_reported_at_the_service() {
        let text = "x-app: &app\n  image: x:1\n  ports: ['80:80']\nservices:\n  a:\n    <<: *app\n  b:\n    <<: *app\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        let at = found[0].span.range();
        assert_eq!(&text[at], "b");
        let related: Vec<&str> = found[0].related.iter().map(|it| &text[it.span.range()]).collect();
        assert_eq!(related, ["a", "'80:80'"]);
    }

    #[test]
    fn an_override_may_bring_the_second_port() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {a: {image: 'a:1', ports: ['80:80']}, b: {image: 'b:1'}}\n# file: compose.override.yaml\nservices: {b: {ports: ['80:8080']}}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "# file: compose.yaml\nservices: {a: {image: 'a:1', ports: ['80:80']}, b: {image: 'b:1'}}\n# file: compose.override.yaml\nservices: {b: {ports: ['81:8080']}}\n"
            ),
            0
        );
    }
}
