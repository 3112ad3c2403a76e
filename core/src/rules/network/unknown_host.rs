use crate::facts::{
    Facts, Mention, Part, Reading, Service, Unit, VarSource, Workload, first_label, in_shell,
    is_placeholder_host,
};
use crate::model::compose::Project;
use crate::report::{Confidence, Findings, Fix, Kind, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::IndexMap;
use rustc_hash::FxHashSet;

rule! {
    /// A container is given a host name that nothing in the project has.
    ///
    /// ## Why it hurts
    /// A name without dots is looked up only among the services of the project, or of the
    /// namespace. If no service has the name, every connection fails with "no such host".
    ///
    /// ## What helps
    /// Use the name of an existing service, or add the missing one.
    ///
    /// ## How to troubleshoot
    /// `getent hosts NAME` inside the container prints nothing.
    ///
    /// ## When to ignore
    /// Where the name resolves outside of these files: in another project on the same network, or in a
    /// search domain.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       REDIS_URL: redis://reids:6379/0 # <- `REDIS_URL` of service `web` names `reids`, but no service has that name; did you mean `redis`?
    ///   redis:
    ///     image: redis:8
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       REDIS_URL: redis://redis:6379/0
    ///   redis:
    ///     image: redis:8
    /// ```
    PLM406 "unknown-host" {
        since: "0.1.0", on: Both, severity: Warning, check: check, about: absence,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // Several containers may read one value, of a ConfigMap or behind an anchor: it is reported once.
    let mut seen: IndexMap<Span, (usize, usize)> = IndexMap::new();
    let mut is_first = |span: Span, at: usize, is_of_map: bool| {
        let is_new = !seen.contains_key(&span);
        let entry = seen.entry(span).or_insert((at, 0));
        // A ConfigMap is named itself, and not those who take it whole.
        entry.1 += usize::from(is_new || !is_of_map);
        is_new
    };
    for service in facts.services() {
        if reaches_further(service) {
            continue;
        }
        for mention in facts.peers(&service.unit) {
            if is_unknown(facts, service, mention)
                && is_first(mention.host_span, out.count(), false)
            {
                let near = facts.near_sibling(service, mention.host);
                report(facts, out, &service.unit, mention, near, "service");
            }
        }
    }
    let known_in_compose = names_of_compose(facts);
    for (workload, unit) in in_order_of_reading(facts) {
        for mention in facts.peers(unit) {
            // PLM109 reports what an init container waits for.
            let waits = unit.part == Part::Init && mention.key.is_none();
            // PLM418 reports names from Compose.
            let is_drift = known_in_compose.contains(&mention.host_span);
            if waits || is_drift || !unknown_in_cluster(facts, workload, unit, mention) {
                continue;
            }
            let name = first_label(mention.host);
            // Who adds the component that defines the Service also switches on what uses it.
            if facts.is_optional_service(workload.object.file, name) {
                continue;
            }
            let wanted = namespace_of(mention.host).unwrap_or(workload.namespace);
            let near = facts.near_service(workload.object.file, wanted, name);
            // A qualified name may belong to a Service outside of these files.
            let is_ours = near.is_some() || name == mention.host;
            let is_of_map = mention.key.is_some_and(|key| facts.map_behind(unit, key).is_some());
            if is_ours && is_first(mention.host_span, out.count(), is_of_map) {
                report(facts, out, unit, mention, near, "Service");
            }
        }
    }
    for (span, (at, count)) in seen {
        let others = vec![(span, String::new()); count - 1];
        if let Some(finding) = out.since(at).first_mut() {
            finding.stands_for(&others);
        }
    }
}

/// Returns the containers of the cluster, those last that only get what others read: of several that take a
/// ConfigMap whole, the first names a host of it.
fn in_order_of_reading<'f, 'a>(facts: &'f Facts<'a>) -> Vec<(&'f Workload<'a>, &'f Unit<'a>)> {
    let of = |workload: &'f Workload<'a>| workload.units.iter().map(move |unit| (workload, unit));
    let mut units: Vec<_> = facts.workloads().iter().flat_map(of).collect();
    units.sort_by_cached_key(|(_, unit)| {
        let keys = facts.peers(unit).iter().filter_map(|it| it.key);
        keys.map(|key| facts.reading(unit, key)).max().unwrap_or(Reading::Seen)
    });
    units
}

/// Returns the places of hosts that are names from Compose for something that has another name in the cluster.
fn names_of_compose(facts: &Facts) -> FxHashSet<Span> {
    let mut places = FxHashSet::default();
    for pair in facts.counterparts() {
        let (service, workload, _) = facts.pair(pair);
        for mention in workload.units.iter().flat_map(|unit| facts.peers(unit)) {
            if facts.drifted(service, workload, mention).is_some() {
                places.insert(mention.host_span);
            }
        }
    }
    places
}

/// Whether names from outside the project may resolve in a service.
fn reaches_further(service: &Service<'_>) -> bool {
    let model = service.model;
    let outside = model
        .networks
        .iter()
        .filter_map(|it| service.project.network(&it.name))
        .any(|network| network.external);
    outside
        || model.network_mode.is_some()
        || !model.external_links.is_empty()
        || !model.dns.is_empty()
        || !model.dns_search.is_empty()
}

fn is_unknown(facts: &Facts, service: &Service<'_>, mention: &Mention<'_>) -> bool {
    let host = mention.host;
    let service = &facts.services()[service.index];
    let model = service.model;
    let linked = || model.links.iter().any(|it| it.rsplit(':').next() == Some(host));
    let written = || model.extra_hosts.iter().any(|it| it.key.as_str() == host);
    // Another file of the same application may be started together with this one.
    let elsewhere = || facts.is_service_name(service.model.name.span.file, host);
    facts.answers_to(service, host).next().is_none()
        && is_name(host)
        && facts.shows_host(mention)
        && !linked()
        && !written()
        && !elsewhere()
        && !is_machine(facts, service, host)
}

/// Whether a host is a machine of a set-up whose profiles are called after machines: `db0`, with the profiles
/// `db0` and `web0`, or one more of them, `db1`. Names that a project lacks are looked up outside of it.
fn is_machine(facts: &Facts, service: &Service<'_>, host: &str) -> bool {
    let without_number = |name: &str| name.trim_end_matches(|it: char| it.is_ascii_digit()).len();
    let is_alike = |profile: &str| {
        let (own, other) = (without_number(host), without_number(profile));
        host == profile
            || own < host.len() && other < profile.len() && host[..own] == profile[..other]
    };
    let part = |project: &Project| facts.part_of(facts.base_of(project));
    let near = facts.projects().iter().filter(|it| part(it) == part(service.project));
    near.flat_map(|it| &it.profiles).any(|profile| is_alike(profile))
}

fn unknown_in_cluster(
    facts: &Facts,
    workload: &Workload<'_>,
    unit: &Unit<'_>,
    mention: &Mention<'_>,
) -> bool {
    let host = mention.host;
    let workload = &facts.workloads()[workload.index];
    let spec = &workload.model.template.spec;
    let aliased =
        spec.host_aliases.iter().flat_map(|it| &it.hostnames).any(|name| name.as_str() == host);
    let (home, namespace) = (workload.object.file, workload.namespace);
    // No Service may have a capital letter or an underscore in its name: such a host is a machine.
    let is_machine = host.contains(|it: char| it == '_' || it.is_ascii_uppercase());
    !aliased
        && !is_machine
        && facts.is_unknown_service(home, namespace, host)
        && !is_switched_off(facts, unit, mention)
}

/// Whether the host comes from a block of a chart's values that says `create: false` or `enabled: false`: the
/// Service of the same block is not there on purpose.
fn is_switched_off(facts: &Facts, unit: &Unit<'_>, mention: &Mention<'_>) -> bool {
    let variable = mention.key.and_then(|key| unit.var(key)).map(|it| it.value_span);
    let places = [Some(mention.host_span), Some(mention.span), variable];
    let targets = facts.targets().map(|it| &it.target.behind);
    let behind = targets.flat_map(|it| places.iter().flatten().filter_map(|span| it.get(span)));
    behind.flatten().chain(places.iter().flatten()).any(|span| {
        let file = facts.file(span.file);
        file.kind == Kind::Values && has_sibling_switch(file.text(), span.range().start)
    })
}

/// Whether a line beside a place, in the same block of a file, switches something off.
fn has_sibling_switch(text: &str, at: usize) -> bool {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().collect();
    let own = text.get(..at).unwrap_or_default().matches('\n').count();
    let Some(depth) = lines.get(own).map(|it| indent(it)).filter(|it| *it > 0) else {
        return false;
    };
    let is_inside = |line: &&&str| line.trim().is_empty() || indent(line) >= depth;
    let before = lines[..own].iter().rev().take_while(is_inside);
    let after = lines[own..].iter().take_while(is_inside);
    before.chain(after).filter(|line| indent(line) == depth).any(|line| {
        let setting = line.split('#').next().unwrap_or_default().trim();
        matches!(setting, "create: false" | "enabled: false")
    })
}

/// Returns the namespace in a host name, such as `shop` in `redis.shop.svc`.
fn namespace_of(host: &str) -> Option<&str> {
    crate::knowledge::net::cluster_name(host)?.namespace
}

/// Whether a host is a name without dots, and not a placeholder to be filled in.
fn is_name(host: &str) -> bool {
    !host.contains('.')
        && !crate::knowledge::net::is_loopback(host)
        && crate::knowledge::net::ipv4(host).is_none()
        && !host.contains(':')
        && !is_placeholder_host(host)
}

/// Whether a name may be a typo for another. Members of a cluster differ only in a number, so one
/// of them is not a typo for another.
fn may_be_typo(host: &str, near: &str) -> bool {
    let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    letters(host) != letters(near)
}

/// Words in the names of variables for tests that drive a browser.
///
/// Sources: the documentation of Selenium and of Capybara.
const BROWSER_TESTS: &[&str] =
    &["SELENIUM", "WEBDRIVER", "CHROME", "CHROMEDRIVER", "CAPYBARA", "GECKODRIVER"];

/// Whether tests that drive a browser look for a host.
fn is_for_browser_tests(mention: &Mention<'_>) -> bool {
    let key = mention.key.unwrap_or_default().to_ascii_uppercase();
    key.split('_').any(|word| BROWSER_TESTS.contains(&word)) || mention.host.starts_with("selenium")
}

fn report(
    facts: &Facts,
    out: &mut Findings,
    unit: &Unit<'_>,
    mention: &Mention<'_>,
    near: Option<&str>,
    noun: &str,
) {
    let host = mention.host;
    let near = near.filter(|it| may_be_typo(host, it));
    let owner = mention.key.and_then(|key| facts.map_behind(unit, key));
    let mut message = format!(
        "{} of {} names `{host}`, but no {noun} has that name",
        mention.place(),
        owner.as_ref().unwrap_or(&unit.label)
    );
    if let Some(near) = near {
        message.push_str(&format!("; did you mean `{near}`?"));
    }
    let finding = out.at(&mention.host_span, message);
    finding.confidence(Confidence::Likely);
    if let Some(service) = facts.service_of(unit) {
        finding.check(facts.resolve(&service.unit, host));
    }
    if let Some(workload) = facts.workload_of(unit) {
        // The Service may be missing for several workloads.
        finding.cause(format!("{host} in {}", workload.namespace));
        let mut parts = host.split('.');
        let (name, namespace) = (parts.next().unwrap_or_default(), parts.next());
        let own = workload.namespace_flag().to_string();
        let flag = namespace.map_or(own, |it| format!(" -n {}", in_shell(it)));
        finding.check(format!("kubectl get service{flag} {}", in_shell(name)));
        if let Some(name) = workload.model.service_name.as_ref().filter(|_| near.is_none()) {
            finding.help(format!(
                "Use the name of an existing service, or add the missing one. The Service of {} is `{name}`.",
                workload.label
            ));
        }
    }
    if mention.source == Some(VarSource::EnvFile) && is_for_browser_tests(mention) {
        finding.severity(Severity::Info).confidence(Confidence::Possible).why(
            "The variable belongs to browser tests. This service reads the same env file but runs no such tests.",
        );
    }
    let is_alone = unit.var("discovery.type").and_then(|it| it.value) == Some("single-node");
    if is_alone && mention.key == Some("discovery.seed_hosts") {
        finding.severity(Severity::Info).why(
            "`discovery.type=single-node` keeps the node from looking for others, so that nothing fails now. Once \
             the setting goes, the node finds none of its peers.",
        );
    }
    let written = facts.file(mention.host_span.file).text().get(mention.host_span.range());
    if let Some(near) = near.filter(|_| written == Some(host)) {
        let rest = host.find('.').map_or("", |at| &host[at..]);
        let name = format!("{near}{rest}");
        let edit = facts.replace(&mention.host_span, &name);
        finding.fix(Fix::r#unsafe(format!("Use the name `{near}`"), [edit]));
    }
}

#[cfg(test)]
mod tests;
