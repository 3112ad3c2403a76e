use crate::facts::{Facts, OpenDoor, Reach, Unit, in_shell};
use crate::knowledge::stores::is_open_by_default;
use crate::report::{Confidence, Findings, Fix, Role, Severity};
use crate::rules::rule;
use crate::text::Span;
use rustc_hash::FxHashSet;

rule! {
    /// A data store or a console is told to let anybody in.
    ///
    /// ## Why it hurts
    /// Whoever reaches the port is an administrator: another container that was broken into, a page in a
    /// browser on the same machine, or, where the port is published, everybody. Open data stores are found
    /// within hours, and emptied.
    ///
    /// ## What helps
    /// Remove the setting and give a password from a secret. Where there is no other way, publish nothing,
    /// and leave only the clients on its network.
    ///
    /// ## How to troubleshoot
    /// Connect without a password from another container of the same network.
    ///
    /// ## When to ignore
    /// Where only containers that you trust reach the store, and nothing in it is worth a password, as with
    /// a cache for tests.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///     environment:
    ///       POSTGRES_HOST_AUTH_METHOD: trust # <- `POSTGRES_HOST_AUTH_METHOD=trust` lets anybody into PostgreSQL (service `db`)
    ///   search:
    ///     image: elasticsearch:8.17.0
    ///     ports: ["9200:9200"]
    ///     environment:
    ///       - xpack.security.enabled=false # <- `xpack.security.enabled=false` lets anybody into Elasticsearch (service `search`), and port 9200 is published on every address of the host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///     environment:
    ///       POSTGRES_PASSWORD_FILE: /run/secrets/db
    /// ```
    PLM813 "authentication-switched-off" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let wanted = facts.units().filter(|it| facts.unit_role(it) != Role::Development);
    let doors: Vec<_> = wanted.filter_map(|it| Some((it, facts.open_door(it)?))).collect();
    // One store is often set up in several files. Those that publish it speak for those that do not.
    let mut published: FxHashSet<(usize, String)> = FxHashSet::default();
    for (unit, door) in &doors {
        let is_accepted = || facts.stands_alone(door.span, &|selector| RULE.is(selector));
        if matches!(door.reach, Reach::Published(..)) && !is_accepted() {
            published.insert(key(facts, unit, door));
        }
    }
    let speaks_for = |unit: &Unit<'_>, door: &OpenDoor, other: &(&Unit<'_>, OpenDoor)| {
        other.1.reach == Reach::Inside && key(facts, other.0, &other.1) == key(facts, unit, door)
    };
    for (unit, door) in &doors {
        if door.reach == Reach::Inside && published.contains(&key(facts, unit, door))
            || doors.iter().any(|it| opens_for(facts, (it.0, &it.1), (unit, door)))
        {
            continue;
        }
        let OpenDoor { written, program, .. } = door;
        let opens = format!("`{written}` lets anybody into {program} ({})", unit.label);
        let message = match &door.reach {
            Reach::Loopback => continue,
            Reach::Inside => opens,
            Reach::Published(_, port) => {
                format!("{opens}, and port {port} is published on every address of the host")
            }
            Reach::Routed(_, words) => format!("{opens}, and {words}"),
        };
        let finding = out.at(&door.span, message);
        match &door.reach {
            Reach::Published(span, port) => {
                finding.severity(Severity::Error).also(span, "this publishes it");
                for (_, other) in doors.iter().filter(|it| speaks_for(unit, door, it)) {
                    finding.also(
                        &other.span,
                        "the same setting, where only other containers reach it",
                    );
                }
                finding.check(show_port(facts, unit, *span, *port));
                finding.maybe_fix(publish_on_loopback(facts, unit, *span, *port));
            }
            Reach::Routed(span, _) => {
                finding.severity(Severity::Error).also(span, "this opens it to the outside");
            }
            Reach::Inside if is_for_work(facts, unit) => {
                finding.severity(Severity::Info);
            }
            Reach::Inside | Reach::Loopback => {}
        }
        for (_, console) in doors.iter().filter(|it| opens_for(facts, (unit, door), (it.0, &it.1)))
        {
            finding.also(
                &console.span,
                format!("{} is open too: it leaves passwords to the store", console.program),
            );
        }
        finding.help(help(unit, door));
        // Variants of a file open the same store. Who can reach it is another matter.
        finding.cause(format!("{written} {program} {}", reach_name(&door.reach)));
        if !door.is_certain {
            finding.confidence(Confidence::Likely);
        }
        finding.check(facts.exec(unit, &question(unit, door)));
    }
}

/// Returns what the Compose files, or the manifests, of one application have in common.
fn key(facts: &Facts, unit: &Unit<'_>, door: &OpenDoor) -> (usize, String) {
    let side = if unit.is_compose() { "compose" } else { "cluster" };
    let cause = format!("{side} {} {}", door.written, door.program);
    (facts.part_of(unit.name.span.file), cause)
}

/// The consoles that ask nobody for a password because their store asks nobody either.
const CONSOLES: &[(&str, &str)] = &[("opensearch-dashboards", "opensearch")];

/// Whether one switch opens a store and the console of it, which is not easier to reach than the store.
fn opens_for(
    facts: &Facts,
    (store, of_store): (&Unit<'_>, &OpenDoor),
    (console, of_console): (&Unit<'_>, &OpenDoor),
) -> bool {
    let family = |unit: &Unit<'_>| unit.family().map_or("", |it| it.id);
    CONSOLES.contains(&(family(console), family(store)))
        && store.is_compose() == console.is_compose()
        && facts.same_part(store.name.span.file, console.name.span.file)
        && of_store.reach != Reach::Loopback
        && (of_console.reach == Reach::Inside || matches!(of_store.reach, Reach::Published(..)))
        && !facts.stands_alone(of_store.span, &|selector| RULE.is(selector))
}

fn reach_name(reach: &Reach) -> &'static str {
    match reach {
        Reach::Inside => "inside",
        Reach::Loopback => "loopback",
        Reach::Published(..) => "published",
        Reach::Routed(..) => "routed",
    }
}

/// Whether a service belongs to a Compose project in which nothing is brought back after a reboot, as where people
/// start it to work on something.
fn is_for_work(facts: &Facts, unit: &Unit<'_>) -> bool {
    facts.service_of(unit).is_some_and(|service| {
        !facts.is_for_swarm(service) && !facts.siblings(service).iter().any(|it| it.restarts())
    })
}

/// Returns what to do about a setting. Without it, some versions let anybody in all the same.
fn help(unit: &Unit<'_>, door: &OpenDoor) -> String {
    let (secret, otherwise) = match unit.is_compose() {
        true => ("a secret", "publish nothing, and leave only the clients on its network"),
        false => ("a Secret", "let a NetworkPolicy leave only the clients a way to it"),
    };
    let major = unit.image.as_ref().and_then(|it| it.major);
    let is_open_anyway = unit
        .runs
        .as_ref()
        .is_some_and(|it| is_open_by_default(it.family.id, major, [].into_iter()));
    let instead = match (door.variable, door.written.split_once('=')) {
        (Some(name), Some((_, value))) if is_open_anyway && value.eq_ignore_ascii_case("false") => {
            let (program, major) = (&door.program, major.unwrap_or_default());
            format!(
                "Set `{name}` to `true`: {program} {major} lets anybody in without the setting as well. Give a password from {secret}"
            )
        }
        _ => format!("Remove the setting and give a password from {secret}"),
    };
    format!("{instead}. Where there is no other way, {otherwise}.")
}

/// Returns the command that asks a store something without a password, or else shows the setting.
fn question(unit: &Unit<'_>, door: &OpenDoor) -> String {
    let repository = unit.runs.as_ref().map_or("", |it| it.repository.as_str());
    match unit.runs.as_ref().map(|it| it.family.id) {
        Some("elasticsearch" | "opensearch") => "curl -s localhost:9200/_cat/indices".to_owned(),
        Some("postgres") => {
            let user = unit.value("POSTGRES_USER").unwrap_or("postgres");
            let user = if in_shell(user) == user { user } else { "\"$POSTGRES_USER\"" };
            // The image trusts 127.0.0.1 whatever is set, so the question comes from another address.
            format!("sh -c 'psql -h \"$(hostname -i)\" -U {user} -d postgres -c \\\\du'")
        }
        Some("mysql" | "mariadb") => {
            let client = if repository.contains("mariadb") { "mariadb" } else { "mysql" };
            format!("{client} -h 127.0.0.1 -u root -e 'SHOW DATABASES'")
        }
        Some("redis") => "redis-cli info server".to_owned(),
        Some("mongo") => "mongosh --quiet --eval 'db.adminCommand({listDatabases: 1})'".to_owned(),
        _ => match door.variable {
            Some(name) => format!("printenv {}", in_shell(name)),
            None => "cat /proc/1/cmdline".to_owned(),
        },
    }
}

/// Builds the fix that publishes a port on 127.0.0.1 alone. Swarm would ignore the address, and what calls the port
/// through the address of the host would be cut off.
fn publish_on_loopback<'a>(
    facts: &Facts<'a>,
    unit: &Unit<'a>,
    span: Span,
    port: u16,
) -> Option<Fix> {
    let service = facts.service_of(unit).filter(|it| !facts.is_for_swarm(it))?;
    if facts.caller_through_host(service, port).is_some() {
        return None;
    }
    let port = service.model.ports.iter().find(|it| it.span == span)?;
    Some(Fix::r#unsafe("Publish only on 127.0.0.1", [facts.on_loopback(port)?]))
}

/// Returns the command that shows where a port is published. Without a number of its own, the host port is
/// another one after each start.
fn show_port<'a>(facts: &Facts<'a>, unit: &Unit<'a>, span: Span, port: u16) -> String {
    let service = facts.service_of(unit);
    let is_random = service.filter(|service| {
        service.model.ports.iter().any(|it| it.span == span && it.published.is_none())
    });
    match is_random {
        Some(service) => facts.compose(service, &format!("port {} {port}", in_shell(service.name))),
        None => format!("ss -ltn 'sport = :{port}'"),
    }
}

#[cfg(test)]
mod tests;
