use crate::facts::{Facts, Mention, Reading, Service, Site, Unit, Workload};
use crate::knowledge::net;
use crate::report::{Confidence, Finding, Findings, Severity};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A container looks for another service on its own loopback address.
    ///
    /// ## Why it hurts
    /// Inside a container, `localhost` is the container itself (in Kubernetes, the Pod), not the
    /// host and not a neighbouring container. What worked while everything ran on one machine is
    /// refused immediately.
    ///
    /// ## What helps
    /// Use the other service's name and the port that its container listens on.
    ///
    /// ## How to troubleshoot
    /// The log shows "connection refused" for `127.0.0.1`. From inside the container,
    /// `nc -vz NAME PORT` shows that the name works.
    ///
    /// ## When to ignore
    /// Where something that these files do not show listens on the port in the same container or Pod.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DATABASE_URL: postgres://app@localhost:5432/app # <- `DATABASE_URL` of service `web` points at its own container, but `db` listens on port 5432
    ///   db:
    ///     image: postgres:17
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     environment:
    ///       DATABASE_URL: postgres://app@db:5432/app
    ///   db:
    ///     image: postgres:17
    /// ```
    PLM401 "localhost-for-another-service" {
        since: "0.1.0", on: Both, severity: Error, check: check,
    }
}

/// Another service that listens on the port.
struct Other {
    /// The name to use instead.
    name: String,
    span: Span,
    /// Whether its image is a data store that listens there by default.
    by_family: bool,
    /// Whether the port is the main one of its image, or listed in the files.
    main: bool,
    /// Whether the port is also published on the host, where a browser would find it.
    published: bool,
}

fn check(facts: &Facts, out: &mut Findings) {
    let receivers = facts.receivers();
    let mut told: FxHashSet<Span> = FxHashSet::default();
    let mut shared = Vec::new();
    for unit in facts.units().filter(|it| !on_host_network(facts, it)) {
        for mention in facts.peers(unit).iter().filter(|it| it.is_loopback()) {
            let reading = mention.key.map_or(Reading::Seen, |key| facts.reading(unit, key));
            let is_shared = receivers.get(&mention.host_span).is_some_and(|it| *it > 1);
            match reading {
                Reading::Seen => {}
                Reading::Unknown if is_shared => {
                    shared.push((unit, mention));
                    continue;
                }
                Reading::Unknown => {}
                Reading::Unlikely => continue,
            }
            if let Some(finding) = look_at(facts, unit, mention, out) {
                told.insert(finding.span);
            }
        }
    }
    // Many containers get all of a ConfigMap, and few of them read each variable.
    for (unit, mention) in shared {
        if told.contains(&mention.span) {
            continue;
        }
        let Some(finding) = look_at(facts, unit, mention, out) else { continue };
        finding.severity(Severity::Info).confidence(Confidence::Possible);
        told.insert(mention.span);
    }
}

/// Reports a container that names its own loopback address, where something else is meant.
fn look_at<'o>(
    facts: &Facts,
    unit: &Unit<'_>,
    mention: &Mention<'_>,
    out: &'o mut Findings,
) -> Option<&'o mut Finding> {
    let port = port_of(unit, mention)?;
    if facts.may_listen_beside(unit, port) {
        return None;
    }
    let others = match unit.site {
        Site::Service(at) => in_compose(facts, &facts.services()[at], port),
        Site::Container(at, _) => in_cluster(facts, &facts.workloads()[at], port),
    };
    report(facts, out, unit, mention, port, others)
}

fn report<'o>(
    facts: &Facts,
    out: &'o mut Findings,
    unit: &Unit<'_>,
    mention: &Mention<'_>,
    port: u16,
    others: Vec<Other>,
) -> Option<&'o mut Finding> {
    let place = mention.place();
    let map = mention.key.and_then(|key| facts.map_behind(unit, key));
    let owner = map.as_ref().unwrap_or(&unit.label);
    let inner = if unit.is_compose() { "container" } else { "Pod" };
    let key = mention.key.unwrap_or_default().to_ascii_lowercase();
    let named = |it: &Other| key.contains(&it.name.to_ascii_lowercase().replace('-', "_"));
    let Some(other) = others.iter().find(|it| named(it)).or_else(|| others.first()) else {
        // Only a data store's URL is certain to mean another container.
        let store = mention.scheme.and_then(net::default_port).is_some_and(|it| it > 1024);
        if let Some((compose, host)) = meant_in_compose(facts, unit, mention, port) {
            let finding = out.at(
                &mention.span,
                format!(
                    "{place} of {} points at its own {inner}, where nothing is known to listen on port {port}; in Compose it names `{host}`",
                    unit.label
                ),
            );
            finding.also(&compose.span, format!("Compose names `{host}` here"));
            finding.severity(Severity::Info).confidence(Confidence::Likely);
            return Some(finding);
        }
        if store && mention.key.is_some() && unit.family().is_none() {
            let finding = out.at(
                &mention.span,
                format!(
                    "{place} of {} points at its own {inner}, where nothing is known to listen on port {port}",
                    unit.label
                ),
            );
            finding.severity(Severity::Info).confidence(Confidence::Likely);
            return Some(finding);
        }
        return None;
    };
    // The program itself may listen on a port that the files do not mention.
    let unknown = facts.own_ports(unit).is_empty() && !other.by_family && !named(other);
    if unknown || others.len() > 1 && !named(other) && !other.by_family {
        return None;
    }
    let leads = match map.is_some() {
        true => "leads each Pod that reads it to itself".to_owned(),
        false => format!("points at its own {inner}"),
    };
    let finding = out.at(
        &mention.span,
        format!("{place} of {owner} {leads}, but `{}` listens on port {port}", other.name),
    );
    finding.also(&other.span, format!("`{}` is defined here", other.name));
    // Several variables of one container mean the same server.
    finding.cause(format!("{owner} instead of {} {port}", other.name));
    let web = mention.scheme.is_some_and(|it| matches!(it, "http" | "https" | "ws" | "wss"));
    if web && other.published {
        // The program may hand this URL to a browser, where it is correct.
        finding.severity(Severity::Info).confidence(Confidence::Possible);
    } else if !facts.shows_host(mention) {
        // Whoever starts the project may override this default.
        finding.severity(Severity::Warning).confidence(Confidence::Likely);
    } else if !other.by_family {
        finding.confidence(Confidence::Likely);
    }
    finding.check(facts.connect(unit, &other.name, port));
    Some(finding)
}

/// Returns the place where the same variable of the counterpart in Compose names another service, and its name, for a
/// container that says on which ports it listens, and not on this one.
fn meant_in_compose<'f, 'a>(
    facts: &'f Facts<'a>,
    unit: &Unit<'_>,
    mention: &Mention<'_>,
    port: u16,
) -> Option<(&'f Mention<'a>, &'a str)> {
    let Site::Container(workload, at) = unit.site else { return None };
    let (key, pair) = (mention.key?, facts.counterpart_of_container(workload, at)?);
    let (service, ..) = facts.pair(pair);
    let ports = facts.own_ports(unit);
    if ports.is_empty() || ports.contains(&port) {
        return None;
    }
    let there = facts.mentions(&service.unit).iter().find(|it| it.key == Some(key))?;
    let on = facts.compose_host(service, there.host).filter(|it| it.index != service.index)?;
    Some((there, on.name))
}

/// Returns the port that is meant: the one in the text, the default of its scheme, the value of
/// `DB_PORT` for `DB_HOST`, or the default of the service that the variable's name mentions.
fn port_of(unit: &Unit<'_>, mention: &Mention<'_>) -> Option<u16> {
    if let Some(port) = mention.effective_port() {
        return Some(port);
    }
    let key_of_port = net::key_of_port(mention.key?)?;
    if let Some(port) = unit.value(&key_of_port) {
        return port.trim().parse().ok();
    }
    let word = key_of_port
        .trim_end_matches("PORT")
        .trim_end_matches('_')
        .rsplit('_')
        .next()?
        .to_ascii_lowercase();
    let scheme = if word == "pg" { "postgres" } else { word.as_str() };
    net::default_port(scheme).filter(|it| *it > 1024)
}

fn on_host_network(facts: &Facts, unit: &Unit<'_>) -> bool {
    match unit.site {
        Site::Service(at) => {
            let mode = facts.services()[at].model.network_mode.as_ref();
            mode.is_some_and(|it| it.as_str() == "host")
        }
        Site::Container(at, _) => {
            let spec = &facts.workloads()[at].model.template.spec;
            crate::model::kubernetes::is_true(spec.host_network)
        }
    }
}

fn in_compose(facts: &Facts, from: &Service<'_>, port: u16) -> Vec<Other> {
    let family = |service: &Service<'_>| service.unit.family().map(|it| it.id);
    let mut others = Vec::new();
    for it in facts.listening_on(&facts.services()[from.index], port) {
        // Two services of one family are members of one cluster, or one tests the other.
        let twin = family(it).is_some() && family(it) == family(from);
        if it.index == from.index || twin {
            continue;
        }
        others.push(Other {
            name: it.name.to_owned(),
            span: it.span(),
            by_family: is_store_port(&it.unit, port),
            main: it.model.ports.iter().any(|own| own.target.value == port)
                || it.unit.family().is_some_and(|family| family.ports().first() == Some(&port)),
            published: it
                .model
                .ports
                .iter()
                .filter_map(|own| own.published)
                .any(|range| range.value.0 <= port && port <= range.value.1),
        });
    }
    others.sort_by_key(|it| (!it.main, !it.by_family));
    others
}

fn in_cluster(facts: &Facts, from: &Workload<'_>, port: u16) -> Vec<Other> {
    let mut others = Vec::new();
    for service in facts.services_offering(from.object.file, from.namespace, port) {
        let selected = || service.selects.iter().map(|it| &facts.workloads()[*it]);
        if selected().any(|it| it.index == from.index) {
            continue;
        }
        let by_family = selected().any(|to| to.units.iter().any(|unit| is_store_port(unit, port)));
        others.push(Other {
            name: service.name.to_owned(),
            span: service.span(),
            by_family,
            main: true,
            published: false,
        });
    }
    others.sort_by_key(|it| !it.by_family);
    others
}

/// Whether the unit's image is a data store that listens on the port by default.
fn is_store_port(unit: &Unit<'_>, port: u16) -> bool {
    unit.family().is_some_and(|it| it.must_be_ready() && it.ports().contains(&port))
}

#[cfg(test)]
mod tests;
