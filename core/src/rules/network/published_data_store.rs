use crate::facts::{Facts, Mention, Service, Unit, VarSource, in_shell};
use crate::knowledge::families::{Class, Family};
use crate::knowledge::stores::is_open_by_default;
use crate::model::Str;
use crate::model::compose::{Mount, MountKind, Port, VariableForm, VariableUse, is_default_name};
use crate::report::{Edit, Findings, Fix, Related, Role, Severity, phrases};
use crate::rules::rule;
use crate::text::{FileId, Span, name_of};
use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

rule! {
    /// A database, cache, queue or the like is published on every address of the host.
    ///
    /// ## Why it hurts
    /// Docker's own firewall rules take precedence over the host's: a published port can be reached
    /// from the internet even where `ufw` denies it. Services of the same project reach each
    /// other by name, without any published port.
    ///
    /// ## What helps
    /// Publish the port on `127.0.0.1` for tools on the host, or do not publish it at all.
    ///
    /// ## How to troubleshoot
    /// `ss -ltn` on the host shows `0.0.0.0:PORT`; from another machine, `nc -vz HOST PORT`
    /// connects.
    ///
    /// ## When to ignore
    /// Where a firewall in front of the host, such as that of a cloud provider, lets only known
    /// addresses through.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     ports:
    ///       - "5432:5432" # <- `db` (PostgreSQL) is published on every address of the host
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17
    ///     ports:
    ///       - "127.0.0.1:5432:5432"
    /// ```
    PLM412 "published-data-store" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

/// Ports of web consoles and metrics, which ask for a login or expose no data.
const CONSOLES: &[u16] = &[15672, 15692, 8222, 9001, 7474, 8091, 5540];

/// Whether a port is one for a console or metrics. Many programs listen on 8080: only with some stores is it a
/// console.
fn is_console(family: &Family, port: u16) -> bool {
    CONSOLES.contains(&port) || port == 8080 && matches!(family.id, "cockroachdb" | "rethinkdb")
}

/// A store with the ports that it publishes on every address.
struct Store<'f, 'a> {
    service: &'f Service<'a>,
    family: &'static str,
    asks_nobody: bool,
    /// Whether a file sets a password of it that everybody tries first.
    has_weak_password: bool,
    ports: Vec<&'a Port>,
    /// Ports of consoles and metrics beside them, for which alone there would be no finding.
    consoles: Vec<&'a Port>,
}

/// What a person sees as one thing to change: the stores of one file, or a single accepted port.
type Group = (FileId, Option<Span>);

fn check(facts: &Facts, out: &mut Findings) {
    let mut stores: Vec<Store<'_, '_>> =
        facts.services().iter().flat_map(|it| open(facts, it)).collect();
    // Development shares files with what lets anybody in, which PLM813 reports.
    let left: FxHashSet<Span> = facts
        .services()
        .iter()
        .filter(|it| is_left_to_open_doors(facts, it))
        .flat_map(|it| it.model.ports.iter().map(|port| port.span))
        .collect();
    stores.retain(|it| !it.ports.iter().any(|port| left.contains(&port.span)));
    // The file that counts most reports a store; its variants in other files are related places.
    stores.sort_by_cached_key(|it| importance(facts, it.service));
    let mut reported: FxHashMap<_, Group> = FxHashMap::default();
    let mut groups: IndexMap<Group, (Vec<Store<'_, '_>>, Vec<Store<'_, '_>>), FxBuildHasher> =
        IndexMap::default();
    for store in stores {
        let Some(first) = store.ports.first() else { continue };
        let file = first.span.file;
        let own: Group = (file, is_accepted(facts, first).then_some(first.span));
        let image = store.service.unit.runs.as_ref().map(|it| it.repository.clone());
        let key = (facts.part_of(file), store.service.name, image, own.1);
        match reported.get(&key) {
            Some(group) => groups.entry(*group).or_default().1.push(store),
            None => {
                reported.insert(key, own);
                groups.entry(own).or_default().0.push(store);
            }
        }
    }
    for (mut own, mut variants) in groups.into_values() {
        // What people reach on purpose while they work says nothing about what runs on a server.
        if own.iter().any(|it| it.service.role != Role::Development) {
            variants.retain(|it| it.service.role != Role::Development);
        }
        let mut seen: FxHashSet<Span> = FxHashSet::default();
        own.retain(|it| it.ports.first().is_some_and(|it| seen.insert(it.span)));
        // The stores that ask for no password come first; the order of the keys in a file says nothing.
        own.sort_by_key(|it| {
            (
                !leads_to_store(it),
                !it.asks_nobody,
                it.service.project_index,
                it.service.name,
                it.ports.first().map(|it| it.span),
            )
        });
        report(facts, &own, &variants, out);
    }
}

/// Returns how little the file of a service counts: development after production, other names after those
/// that Compose finds by itself.
fn importance<'f>(facts: &'f Facts<'_>, service: &Service<'_>) -> (bool, bool, usize, &'f str) {
    let path = facts.file(service.span().file).path();
    let is_named = !is_default_name(path);
    (service.role == Role::Development, is_named, path.matches('/').count(), path)
}

fn is_accepted(facts: &Facts, port: &Port) -> bool {
    facts.stands_alone(port.span, &|selector| RULE.is(selector))
}

/// Whether a service lets anybody in, which is one finding of PLM813 with the published port in it.
fn is_left_to_open_doors<'a>(facts: &Facts<'a>, service: &Service<'a>) -> bool {
    service.role != Role::Development && facts.open_door(&service.unit).is_some()
}

/// Returns the ports that a store publishes on every address: the accepted ones each by itself.
fn open<'f, 'a>(facts: &Facts<'a>, service: &'f Service<'a>) -> Vec<Store<'f, 'a>> {
    let unit = &service.unit;
    let Some(family) = unit.family().filter(|it| it.is_data_store()) else { return Vec::new() };
    // Docker discards published ports on the network of the host, which PLM411 reports, and sets up no rules of its
    // own for them: <https://docs.docker.com/engine/network/drivers/host/>.
    if service.is_on_host() {
        return Vec::new();
    }
    let is_open = |it: &&Port| is_on_every_address(it) && !is_for_one_address(facts, service, it);
    let ports = service.model.ports.iter().filter(is_open);
    let (accepted, open): (Vec<&Port>, Vec<&Port>) = ports.partition(|it| is_accepted(facts, it));
    let is_console = |it: &&Port| is_console(family, it.target.value);
    let (consoles, mut open): (Vec<&Port>, Vec<&Port>) = open.into_iter().partition(is_console);
    // The port of the store itself leads, before those between its nodes.
    let own = family.ports();
    open.sort_by_key(|port| {
        own.iter().position(|it| *it == port.target.value).unwrap_or(own.len())
    });
    let store = |ports: Vec<&'a Port>, consoles: Vec<&'a Port>| Store {
        service,
        family: family.name,
        asks_nobody: asks_nobody(unit, service),
        has_weak_password: facts.plain_credentials(unit).iter().any(|it| it.is_weak),
        ports,
        consoles,
    };
    let accepted = accepted.into_iter().filter(|it| !is_console(it));
    accepted.map(|it| store(vec![it], Vec::new())).chain([store(open, consoles)]).collect()
}

/// Whether the first port of a store leads to one on which it listens: one of its family, or one that its own
/// settings name.
fn leads_to_store(store: &Store<'_, '_>) -> bool {
    let Some(port) = store.ports.first().map(|it| it.target.value) else { return false };
    let unit = &store.service.unit;
    let number = port.to_string();
    let says = |text: &str| text.split(|it: char| !it.is_ascii_digit()).any(|it| it == number);
    unit.family().is_none_or(|it| it.ports().contains(&port))
        || unit.start.words.iter().any(|it| says(it.as_str()))
        || unit.env.iter().filter_map(|it| it.value).any(says)
}

fn is_on_every_address(port: &Port) -> bool {
    let everywhere = |it: &Str| matches!(it.as_str(), "0.0.0.0" | "::" | "[::]");
    port.host_ip.as_ref().is_none_or(everywhere)
}

/// Whether a variable that no file sets stands for the address: `${TAILSCALE_IP}:5432:5432`. Whoever writes it sets it.
fn is_for_one_address(facts: &Facts<'_>, service: &Service<'_>, port: &Port) -> bool {
    let text = facts.file(port.span.file).text();
    let between = |start: u32, end: u32| text.get(start as usize..end as usize).unwrap_or_default();
    let has_none = |it: &&VariableUse| it.value.is_none() && it.form == VariableForm::Plain;
    let mut unset = service.project.variables_in(port.span).filter(has_none);
    unset.any(|it| {
        let is_first = between(port.span.start, it.span.start).trim_matches(['"', '\'']).is_empty();
        is_first && between(it.span.end, port.span.end).matches(':').count() == 2
    })
}

/// Whether a store is known to ask for no password: nothing that the files show sets one, and no file does
/// that is mounted into it.
fn asks_nobody(unit: &Unit<'_>, service: &Service<'_>) -> bool {
    let major = unit.image.as_ref().and_then(|it| it.major);
    let family = unit.family().map_or("", |it| it.id);
    // An env file for all services says what others ask for too.
    let start = family.get(..4).unwrap_or(family).to_ascii_uppercase();
    let is_own = |name: &str| name.contains('.') || name.to_ascii_uppercase().contains(&start);
    let variables = unit
        .env
        .iter()
        .filter(|it| it.source != VarSource::EnvFile || is_own(it.name))
        .map(|it| it.name);
    let words = unit.start.words.iter().map(|it| it.as_str());
    let is_file = |mount: &&Mount| {
        let name = name_of(&mount.target);
        mount.kind == MountKind::Bind && name.contains('.')
    };
    let is_configured = service.model.volumes.iter().any(|it| is_file(&it))
        || !service.model.configs.is_empty()
        || service.is_built()
        || service.model.env_files.iter().any(|it| it.file.is_none());
    !is_configured && is_open_by_default(family, major, variables.chain(words))
}

/// Reports the stores of one file together, with their variants in other files.
fn report(
    facts: &Facts<'_>,
    own: &[Store<'_, '_>],
    variants: &[Store<'_, '_>],
    out: &mut Findings,
) {
    let Some(store) = own.first() else { return };
    let [first, ports @ ..] = store.ports.as_slice() else { return };
    let finding = out.at(&first.span, message(own));
    finding.gathers("published data stores");
    if store.service.role == Role::Development {
        finding.severity(Severity::Info);
    }
    let name = store.service.name;
    let service = &facts.services()[store.service.index];
    // Without a number of its own, the host port is another one after each start.
    finding.check(match first.published {
        Some(it) => format!("ss -ltn 'sport = :{}'", it.value.0),
        None => facts.compose(
            service,
            &format!("port {name} {}", first.target.value, name = in_shell(name)),
        ),
    });
    for port in ports {
        finding.also(&port.span, format!("so is port {}", number(port)));
    }
    for port in &store.consoles {
        let port_number = number(port);
        finding.also(&port.span, format!("so is port {port_number}, a console or metrics"));
    }
    for other in &own[1..] {
        let Some(port) = other.ports.first() else { continue };
        let how = match (leads_to_store(other), other.asks_nobody) {
            (false, _) => {
                format!(", which listens on another port than {} by default", port.target.value)
            }
            (true, true) => ", which asks for no password".to_owned(),
            (true, false) => String::new(),
        };
        finding.also(&port.span, format!("`{}` ({}){how}", other.service.name, other.family));
    }
    let ways: Vec<(&Service<'_>, &Port)> = own.iter().flat_map(|it| ways_in(facts, it)).collect();
    for (proxy, port) in &ways {
        let message = format!("`{}` hands the same port on", proxy.name);
        finding.also(&port.span, message);
    }
    let mut places: FxHashSet<Span> =
        own.iter().flat_map(|it| &it.ports).map(|it| it.span).collect();
    let (mut others, mut files) = (Vec::new(), Vec::new());
    // Several projects may have one file in common.
    for variant in variants {
        let Some(port) = variant.ports.first().filter(|it| places.insert(it.span)) else {
            continue;
        };
        let path = facts.file(port.span.file).path();
        if !files.contains(&path) {
            files.push(path);
        }
        let message = format!("`{}` ({})", variant.service.name, variant.family);
        others.push(Related { span: port.span, message });
    }
    finding.stands_for_places(others, &files);
    // `docker stack deploy` ignores the address.
    if facts.is_for_swarm(service) {
        finding.help(
            "Do not publish the port: the services of the stack reach it over their network. Swarm ignores \
             an address such as `127.0.0.1` before a port.",
        );
        return;
    }
    let called = called_ports(facts, own, variants);
    for (store, port, caller, mention) in &called {
        let message = format!(
            "{} calls port {} of `{}` here",
            caller.label,
            number(port),
            store.service.name
        );
        finding.also(&mention.span, message);
    }
    if !called.is_empty() {
        finding.help(
            "What calls a port through the address of the host cannot reach it on `127.0.0.1`. Ask for a password, \
             and let a firewall leave a way to these callers alone: rules for published ports belong into the \
             chain `DOCKER-USER`.",
        );
    }
    let in_swarm =
        |store: &Store<'_, '_>| facts.is_for_swarm(&facts.services()[store.service.index]);
    // A cluster that calls one of the stores through the host may be handed the addresses of the others there: it
    // needs those that it has no workload for.
    let is_for_cluster = called.iter().any(|it| !it.2.is_compose());
    let is_needed = |store: &Store<'_, '_>| {
        is_for_cluster && facts.counterpart_of(store.service.index).is_none()
    };
    let others = variants.iter().filter(|it| !in_swarm(it));
    let (left, closed): (Vec<&Store<'_, '_>>, Vec<&Store<'_, '_>>) =
        own.iter().chain(others).partition(|it| is_needed(it));
    let ports = closed.iter().flat_map(|it| it.ports.iter().chain(&it.consoles));
    let is_called = |port: &&Port| called.iter().any(|it| it.1.span == port.span);
    let ports = ports.copied().filter(|it| !is_called(it)).chain(ways.iter().map(|it| it.1));
    let mut edits: Vec<Edit> = Vec::new();
    for edit in ports.filter_map(|port| facts.on_loopback(port)) {
        // An anchor may bring one list of ports to several services, and several projects have a file.
        if !edits.iter().any(|it| it.span == edit.span) {
            edits.push(edit);
        }
    }
    if !left.is_empty() {
        finding.help(
            "What calls a port through the address of the host cannot reach it on `127.0.0.1`, and a cluster that \
             calls one store there may need those too that it does not run itself. Ask for a password, and let a \
             firewall leave a way to these callers alone: rules for published ports belong into the chain \
             `DOCKER-USER`.",
        );
    }
    if edits.is_empty() {
        return;
    }
    // What stays open is named, so that nobody takes the fix for the whole.
    let mut open: Vec<&str> = called.iter().map(|it| it.0.service.name).collect();
    open.extend(left.iter().map(|it| it.service.name));
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    open.retain(|it| seen.insert(it));
    let title = match open.as_slice() {
        [] => "Publish only on 127.0.0.1".to_owned(),
        _ => {
            let names = phrases::first_named(&open, MAX_NAMES);
            format!("Publish only on 127.0.0.1, apart from {names}")
        }
    };
    finding.fix(Fix::r#unsafe(title, edits));
}

/// A port of a store that somebody calls through the host, and who does.
type Called<'f, 'a> = (&'f Store<'f, 'a>, &'a Port, &'f Unit<'a>, &'f Mention<'a>);

/// Returns the ports that are called through the host: on 127.0.0.1 alone they would be cut off.
fn called_ports<'f, 'a>(
    facts: &'f Facts<'a>,
    own: &'f [Store<'f, 'a>],
    variants: &'f [Store<'f, 'a>],
) -> Vec<Called<'f, 'a>> {
    let mut called = Vec::new();
    for store in own.iter().chain(variants) {
        for port in store.ports.iter().chain(&store.consoles) {
            let Some(published) = &port.published else { continue };
            let caller = facts.caller_through_host(store.service, published.value.0);
            called.extend(caller.map(|(unit, mention)| (store, *port, unit, mention)));
        }
    }
    called
}

/// Returns the ports with which proxies of the same project publish the main port of a store, on every address:
/// without them the store is as open as before.
fn ways_in<'f, 'a>(
    facts: &'f Facts<'a>,
    store: &Store<'f, 'a>,
) -> Vec<(&'f Service<'a>, &'a Port)> {
    let Some(main) = store.service.unit.family().and_then(|it| it.ports().first()) else {
        return Vec::new();
    };
    let is_proxy = |it: &&Service<'_>| {
        it.unit.family().is_some_and(|it| matches!(it.class, Class::Proxy | Class::WebServer))
    };
    let leads_to = |it: &&Service<'a>| facts.depends_transitively(it, store.service);
    let proxies = facts.siblings(store.service).iter().filter(is_proxy).filter(leads_to);
    let ports = proxies.flat_map(|proxy| proxy.model.ports.iter().map(move |port| (proxy, port)));
    ports.filter(|(_, port)| port.target.value == *main && is_on_every_address(port)).collect()
}

/// Returns the number or the range under which a port is published, as far as it has one.
fn number(port: &Port) -> String {
    match port.published {
        Some(it) if it.value.0 == it.value.1 => it.value.0.to_string(),
        Some(it) => format!("{}-{}", it.value.0, it.value.1),
        None => port.target.value.to_string(),
    }
}

/// Maximum number of stores that a message names.
const MAX_NAMES: usize = 4;

/// Returns what the stores of one file have in common.
fn message(stores: &[Store<'_, '_>]) -> String {
    let name = |it: &Store<'_, '_>| format!("`{}` ({})", it.service.name, it.family);
    let mut names: Vec<String> = stores.iter().take(MAX_NAMES).map(name).collect();
    if stores.len() > MAX_NAMES {
        names.push(format!("{} more", stores.len() - MAX_NAMES));
    }
    let last = names.pop().unwrap_or_default();
    let names = if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) };
    let are = if stores.len() == 1 { "is" } else { "are" };
    let open: Vec<&str> =
        stores.iter().filter(|it| it.asks_nobody).map(|it| it.service.name).collect();
    let without = match open.as_slice() {
        [] => String::new(),
        [_] if stores.len() == 1 => ", and asks nobody for a password".to_owned(),
        all if all.len() == stores.len() => ", and ask nobody for a password".to_owned(),
        [one] => format!("; `{one}` asks nobody for a password"),
        _ => format!("; {} ask nobody for a password", phrases::first_named(&open, MAX_NAMES)),
    };
    let weak: Vec<&str> =
        stores.iter().filter(|it| it.has_weak_password).map(|it| it.service.name).collect();
    let with = match weak.as_slice() {
        [] => String::new(),
        [_] if stores.len() == 1 => ", with a password that everybody tries first".to_owned(),
        [one] => format!("; `{one}` has a password that everybody tries first"),
        _ => {
            let names = phrases::first_named(&weak, MAX_NAMES);
            format!("; {names} have passwords that everybody tries first")
        }
    };
    format!("{names} {are} published on every address of the host{without}{with}")
}

#[cfg(test)]
mod tests;
