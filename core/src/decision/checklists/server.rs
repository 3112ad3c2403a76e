//! A single server done well.

use super::tally::{Subject, Tally, Words, named};
use super::{Item, View, backups};
use crate::facts::{Health, Image, Service, Tls, is_docker_socket};
use crate::knowledge::image::Pin;
use crate::knowledge::upkeep::is_web_port;
use crate::model::Str;
use crate::model::compose::{MountKind, Port};
use crate::report::{CheckItem, CheckState, ChecklistItem};
use rustc_hash::FxHashSet;

pub fn list(view: &View<'_, '_>) -> Vec<ChecklistItem> {
    if view.system.counted.services.is_empty() {
        let why = "no Compose service here is meant for a server";
        return ITEMS.iter().map(|item| View::not_applicable(item, why)).collect();
    }
    let judged = ITEMS.iter().map(|item| view.judge(item));
    judged.map(|item| with_keys_of_swarm(view, item)).collect()
}

/// Names the key that Swarm reads: `restart` is ignored there.
///
/// Sources: <https://docs.docker.com/reference/compose-file/deploy/#restart_policy>,
/// <https://github.com/docker/cli/blob/master/cli/compose/types/types.go>, `UnsupportedProperties`
fn with_keys_of_swarm(view: &View<'_, '_>, mut item: ChecklistItem) -> ChecklistItem {
    let is_about = item.item == CheckItem::RestartPolicies && item.state == CheckState::Fail;
    if is_about && view.system.is_swarm() {
        item.next = "Set `deploy.restart_policy.condition: any` on everything that must come back after a crash or a reboot.".to_owned();
    }
    item
}

pub const ITEMS: [Item; 9] = [
    Item {
        item: CheckItem::PinnedImages,
        codes: &["PLM801", "PLM811"],
        keys: &[],
        look: pinned,
        next: "Pin every image to a version or a digest.",
    },
    Item {
        item: CheckItem::HealthChecks,
        codes: &["PLM102", "PLM103", "PLM619", "PLM621", "PLM624"],
        keys: &[],
        look: checked,
        next: "Give every service that stays up a healthcheck that fails when it cannot answer.",
    },
    Item {
        item: CheckItem::RestartPolicies,
        codes: &["PLM105", "PLM106", "PLM802", "PLM814"],
        keys: &[],
        look: restarting,
        next: "Set `restart: unless-stopped` on everything that must come back after a crash or a reboot.",
    },
    Item {
        item: CheckItem::PersistentData,
        codes: &["PLM707", "PLM718"],
        keys: &[],
        look: persistent,
        next: "Mount a named volume where each data store keeps its data.",
    },
    Item {
        item: CheckItem::Backups,
        codes: &["PLM805"],
        keys: &[],
        look: backups::look,
        next: "Copy the volumes to another machine on a schedule, and test a restore.",
    },
    Item {
        item: CheckItem::TlsEdge,
        codes: &["PLM804"],
        keys: &[],
        look: edge,
        next: "Put one reverse proxy that terminates TLS in front of everything.",
    },
    Item {
        item: CheckItem::HostHardening,
        codes: &["PLM308", "PLM412", "PLM417", "PLM620", "PLM806", "PLM812", "PLM813"],
        keys: &[],
        look: hardened,
        next: "Publish only the ports that the outside world needs, and remove privileges that containers do not need.",
    },
    Item {
        item: CheckItem::LogsBounded,
        codes: &["PLM803"],
        keys: &[],
        look: bounded,
        next: "Set `max-size` for the logs, or use the `local` logging driver.",
    },
    Item {
        item: CheckItem::Monitoring,
        codes: &["PLM810"],
        keys: &[],
        look: monitoring,
        next: "Let a monitor outside the server check that the system still answers.",
    },
];

/// Returns the services that stay up.
fn servers<'v, 'f>(view: &View<'v, 'f>) -> impl Iterator<Item = &'v Service<'f>> {
    let system = view.system;
    let all = system.counted.services.iter().copied();
    all.filter(|it| !system.facts.is_one_shot(it) && it.starts_by_itself())
}

fn name(service: &Service<'_>) -> String {
    service.name.to_owned()
}

fn pinned(view: &View<'_, '_>) -> Tally {
    let text = |it: &Service<'_>| it.unit.image.as_ref().map(|image| image.text.to_string());
    // Several services may run the image that one of them builds.
    let own = view.system.services.iter().filter(|it| it.is_built());
    let built: FxHashSet<String> = own.filter_map(|it| text(it)).collect();
    let is_pulled =
        |it: &&&Service<'_>| !it.is_built() && text(it).is_none_or(|it| !built.contains(&it));
    let pulled = view.system.counted.services.iter().filter(is_pulled);
    let images: Vec<_> = pulled.filter_map(|it| Some((it, it.unit.image.as_ref()?))).collect();
    let words = Words {
        noun: ["pulled image", "pulled images"],
        does: ["has a fixed version", "have a fixed version"],
    };
    // A variable may stand for anything, and one without a value leaves an empty tag.
    let is_open = |image: &Image<'_>| image.pin == Pin::Unknown || image.text.ends_with(':');
    let (known, open): (Vec<_>, Vec<_>) =
        images.into_iter().partition(|(_, image)| !is_open(image));
    let pinned = known
        .into_iter()
        .map(|(it, image)| (Subject::of(it), !matches!(image.pin, Pin::Moving | Pin::Absent)));
    let tally = Tally::count(words, pinned);
    let open: Vec<String> = open.into_iter().map(|(it, _)| name(it)).collect();
    match &tally {
        Tally::Counted { missing, .. } if !missing.is_empty() => tally,
        _ if !open.is_empty() => Tally::Hidden(
            format!("variables decide on the version of {}", named(&open)),
            "Look at what `docker compose config --images` prints where the system runs.",
        ),
        _ => tally,
    }
}

fn checked(view: &View<'_, '_>) -> Tally {
    // Nobody asks a service that only makes backups.
    let stays_up = servers(view).filter(|it| !view.system.is_run_once(it));
    let asked = stays_up.filter(|it| !(it.is_backup() && it.model.ports.is_empty()));
    let checked =
        asked.map(|it| (Subject::of(it), view.system.facts.health(it) == Health::Checked));
    Tally::count(Words::services(["has a healthcheck", "have a healthcheck"]), checked)
}

fn restarting(view: &View<'_, '_>) -> Tally {
    let does = ["comes back after a crash and a reboot", "come back after a crash and a reboot"];
    // Swarm restarts tasks unless the file says otherwise, and does not read `restart`.
    // Sources: <https://docs.docker.com/reference/compose-file/deploy/#restart_policy>,
    // <https://github.com/docker/cli/blob/master/cli/compose/types/types.go>, `UnsupportedProperties`
    let swarm_restarts = |it: &Service<'_>| {
        let policy = it.model.deploy.as_ref().and_then(|it| it.restart_policy.as_ref());
        let condition = policy.and_then(|it| it.condition.as_ref());
        condition.is_none_or(|it| it.value == "any")
    };
    let stays_up = servers(view).filter(|it| !view.system.is_run_once(it));
    let restarting = stays_up.map(|it| {
        let is_for_swarm = view.system.facts.is_for_swarm(it);
        (Subject::of(it), if is_for_swarm { swarm_restarts(it) } else { it.restarts() })
    });
    Tally::count(Words::services(does), restarting)
}

fn persistent(view: &View<'_, '_>) -> Tally {
    let stores = servers(view).filter(|it| it.unit.stored().is_some());
    let kept = stores.map(|it| (Subject::of(it), view.keeps_data(&it.unit)));
    let words = Words {
        noun: ["data store", "data stores"],
        does: ["keeps its data on a volume", "keep their data on a volume"],
    };
    match Tally::count(words, kept) {
        Tally::NothingToSee(why) => {
            let keepers: Vec<String> =
                backups::keepers(view.system).into_iter().map(name).collect();
            let keep = if keepers.len() == 1 { "keeps its data" } else { "keep their data" };
            match keepers.is_empty() {
                true => Tally::NothingToSee(why),
                false => Tally::Proven(format!("{} {keep} outside the container", named(&keepers))),
            }
        }
        tally => tally,
    }
}

/// Capabilities that Docker gives every container, so that adding them changes nothing or takes back a part of
/// what was dropped.
///
/// Source: <https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities>
const DEFAULT_CAPABILITIES: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Looks for what opens the host to a container.
fn hardened(view: &View<'_, '_>) -> Tally {
    let adds = |service: &Service<'_>| {
        service.model.cap_add.iter().any(|it| {
            let name = it.to_ascii_uppercase();
            !DEFAULT_CAPABILITIES.contains(&name.strip_prefix("CAP_").unwrap_or(&name))
        })
    };
    let hard = view.system.counted.services.iter().map(|it| {
        let model = it.model;
        let is_host = |mode: &Option<Str>| mode.as_ref().is_some_and(|it| it.as_str() == "host");
        let shares_host = is_host(&model.pid) || is_host(&model.ipc) || it.is_on_host();
        let soft = model.privileged.is_some_and(|flag| flag.value)
            || adds(it)
            || shares_host
            || mounts_host(it);
        (Subject::of(it), !soft)
    });
    let does = [
        "runs without privileges, added capabilities, the network, the processes or the system folders of the host",
        "run without privileges, added capabilities, the network, the processes or the system folders of the host",
    ];
    Tally::count(Words::services(does), hard)
}

/// Looks at the logs of each server. The Docker daemon may bound those for which the file states nothing.
///
/// Source: <https://docs.docker.com/engine/logging/configure/>
fn bounded(view: &View<'_, '_>) -> Tally {
    let does = ["bounds the size of its logs", "bound the size of their logs"];
    let bounded = servers(view).map(|it| (Subject::of(it), !it.logs_grow()));
    Tally::count(Words::services(does), bounded).or_hidden(
        "Ask the daemon for its default: `docker info --format '{{.LoggingDriver}}'`, and `log-opts` in /etc/docker/daemon.json.",
    )
}

/// Folders of the host that hold its configuration, its accounts or its devices. Single files in them, such as
/// `/etc/localtime`, are harmless.
///
/// Source: <https://refspecs.linuxfoundation.org/FHS_3.0/fhs/index.html>
const SYSTEM_FOLDERS: [&str; 11] =
    ["", "/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys", "/var", "/var/lib", "/var/run"];

/// Whether a service mounts the Docker socket, the whole file system of the host or a folder of its system.
fn mounts_host(service: &Service<'_>) -> bool {
    let binds = service.model.volumes.iter().filter(|it| it.kind == MountKind::Bind);
    let mut sources = binds.filter_map(|it| it.source.as_ref());
    sources.any(|source| {
        let is_absolute = source.starts_with('/');
        is_docker_socket(source)
            || is_absolute && SYSTEM_FOLDERS.contains(&source.trim_end_matches('/'))
    })
}

/// Whether a port is reachable from outside the server.
fn is_public(port: &Port) -> bool {
    let is_loopback = |ip: &str| ip.starts_with("127.") || ip == "::1";
    !port.host_ip.as_ref().is_some_and(|ip| is_loopback(ip))
}

/// Whether a service is reachable from outside the server: by a published port, or on the host's network.
fn is_open(service: &Service<'_>) -> bool {
    service.is_on_host() || service.model.ports.iter().any(is_public)
}

/// Whether a service answers on a public port on which plain HTTP is usual.
fn serves_web(service: &Service<'_>) -> bool {
    if service.is_on_host() {
        return service.listens_on().iter().any(|port| is_web_port(*port));
    }
    let mut ports = service.model.ports.iter().filter(|port| is_public(port));
    ports.any(|port| is_web_port(port.target.value))
}

/// Whether a service of no known kind answers on a public port of TCP, whatever it speaks there.
fn goes_around(service: &Service<'_>) -> bool {
    let is_tcp = |port: &&Port| port.protocol == "tcp";
    let mut ports = service.model.ports.iter().filter(|port| is_public(port)).filter(is_tcp);
    service.unit.family().is_none() && ports.any(|port| !OTHER_PORTS.contains(&port.target.value))
}

/// Ports of SSH, mail, DNS, LDAP, MQTT, AMQP and of databases, in front of which no web proxy stands.
///
/// Source: <https://www.iana.org/assignments/service-names-port-numbers/>
const OTHER_PORTS: [u16; 21] = [
    22, 25, 53, 110, 143, 389, 465, 587, 636, 853, 993, 995, 1433, 1521, 1883, 3306, 5432, 5672,
    6379, 8883, 27017,
];

/// Looks at the services that answer the outside. A port on which TLS is usual is no proof of it.
fn edge(view: &View<'_, '_>) -> Tally {
    const LOOK: &str =
        "Look at the load balancer or the proxy in front of the server, which may terminate TLS.";
    let Some(first) = servers(view).find(|it| is_open(it)) else {
        return Tally::NothingToSee("no service publishes a port to the outside".to_owned());
    };
    let public: Vec<(&Service<'_>, Tls)> = servers(view)
        .map(|it| (it, it.tls()))
        .filter(|(it, tls)| {
            *tls == Tls::Ends || is_open(it) && *tls == Tls::Likely || serves_web(it)
        })
        .collect();
    let (likely, known): (Vec<_>, Vec<_>) =
        public.into_iter().partition(|(_, tls)| *tls == Tls::Likely);
    if known.iter().all(|(_, tls)| *tls == Tls::Ends) && !likely.is_empty() {
        let likely: Vec<String> = likely.iter().map(|(it, _)| name(it)).collect();
        let verb = if likely.len() == 1 { "publishes" } else { "publish" };
        return Tally::Hidden(
            format!(
                "{} {verb} a port on which TLS is usual, and these files show no certificate",
                named(&likely)
            ),
            "Ask for the certificate: `openssl s_client -connect HOST:PORT`.",
        );
    }
    // Beside an edge, a port of a program of one's own may be a way around it, or speak no HTTP at all.
    let has_edge = known.iter().any(|(_, tls)| *tls == Tls::Ends);
    let around = servers(view).filter(|it| it.tls() == Tls::No && goes_around(it));
    let around: Vec<String> = around.filter(|it| !serves_web(it)).map(name).collect();
    if has_edge && known.iter().all(|(_, tls)| *tls == Tls::Ends) && !around.is_empty() {
        let verb = if around.len() == 1 { "publishes a port" } else { "publish ports" };
        return Tally::Hidden(
            format!(
                "{} {verb} beside what terminates TLS, and these files do not show what answers there",
                named(&around)
            ),
            "Find out whether that port speaks TLS: `openssl s_client -connect HOST:PORT`.",
        );
    }
    if known.is_empty() {
        let does = match first.is_on_host() {
            true => "is on the network of the host",
            false => "publishes a port",
        };
        return Tally::Hidden(
            format!("`{}` {does}, and nothing in these files terminates TLS", first.name),
            LOOK,
        );
    }
    let words = Words {
        noun: ["public service", "public services"],
        does: ["terminates TLS", "terminate TLS"],
    };
    Tally::count(words, known.into_iter().map(|(it, tls)| (Subject::of(it), tls == Tls::Ends)))
}

/// Looks for what watches the services. What measures, draws or calls people inside the server is no proof that
/// anybody hears of its loss; a connection to monitoring elsewhere is.
fn monitoring(view: &View<'_, '_>) -> Tally {
    const LOOK: &str = "Look at what calls you when the server is down: a monitor outside of it.";
    let all = &view.system.counted.services;
    let names = |wanted: &dyn Fn(&Service<'_>) -> bool| -> Vec<String> {
        all.iter().filter(|it| wanted(it)).map(|it| name(it)).collect()
    };
    let form = |names: &[String], one, many| if names.len() == 1 { one } else { many };
    let elsewhere = names(&|it| it.reports_elsewhere());
    if !elsewhere.is_empty() {
        let report = form(&elsewhere, "reports", "report");
        return Tally::Proven(format!("{} {report} to monitoring", named(&elsewhere)));
    }
    // What calls people falls silent with its server too.
    let inside = names(&|it| it.watches() || it.calls_people());
    if !inside.is_empty() {
        let watch = form(&inside, "watches", "watch");
        return Tally::Hidden(format!("{} {watch} from inside this server", named(&inside)), LOOK);
    }
    let reporting = names(&|it| it.reports());
    if !reporting.is_empty() {
        let report = form(&reporting, "reports", "report");
        let said =
            format!("{} {report} to monitoring that these files do not show", named(&reporting));
        return Tally::Hidden(said, LOOK);
    }
    Tally::Hidden("nothing in these files watches the services".to_owned(), LOOK)
}
