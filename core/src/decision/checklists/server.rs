//! A single server done well.

use super::tally::Tally;
use super::{Item, View};
use crate::facts::{Health, Service};
use crate::knowledge::image::Pin;
use crate::model::compose::MountKind;
use crate::report::{CheckItem, ChecklistItem};

pub fn list(view: &View<'_, '_>) -> Vec<ChecklistItem> {
    if view.system.counted.services.is_empty() {
        let why = "no Compose service here is meant for a server";
        return ITEMS.iter().map(|item| View::not_applicable(item, why)).collect();
    }
    ITEMS.iter().map(|item| view.judge(item)).collect()
}

const ITEMS: [Item; 9] = [
    Item {
        item: CheckItem::PinnedImages,
        codes: &["PLM801", "PLM811", "PLM812"],
        look: pinned,
        next: "Pin every image to a version or a digest.",
    },
    Item {
        item: CheckItem::HealthChecks,
        codes: &["PLM103", "PLM619", "PLM621", "PLM624"],
        look: checked,
        next: "Give every server a healthcheck that can fail.",
    },
    Item {
        item: CheckItem::RestartPolicies,
        codes: &["PLM802", "PLM105", "PLM106", "PLM814"],
        look: restarting,
        next: "Set `restart: unless-stopped` on everything that must come back after a crash or a reboot.",
    },
    Item {
        item: CheckItem::PersistentData,
        codes: &["PLM707", "PLM715", "PLM718"],
        look: persistent,
        next: "Mount a named volume where each data store keeps its data.",
    },
    Item {
        item: CheckItem::Backups,
        codes: &[],
        look: backups,
        next: "Copy the volumes to another machine on a schedule, and test a restore.",
    },
    Item {
        item: CheckItem::TlsEdge,
        codes: &["PLM804"],
        look: edge,
        next: "Put one reverse proxy that terminates TLS in front of everything.",
    },
    Item {
        item: CheckItem::HostHardening,
        codes: &["PLM412", "PLM417", "PLM308", "PLM806", "PLM813"],
        look: hardened,
        next: "Publish only the ports that the outside world needs, and remove privileges that containers do not need.",
    },
    Item {
        item: CheckItem::LogsBounded,
        codes: &["PLM803"],
        look: bounded,
        next: "Set `max-size` for the logs, or use the `local` logging driver.",
    },
    Item {
        item: CheckItem::Monitoring,
        codes: &[],
        look: monitoring,
        next: "Let a monitor outside the server check that the system still answers.",
    },
];

/// Returns the services that stay up.
fn servers<'v, 'f>(view: &View<'v, 'f>) -> impl Iterator<Item = &'v Service<'f>> {
    let system = view.system;
    let all = system.counted.services.iter().copied();
    all.filter(|it| !system.facts.is_one_shot(it) && !it.has_profile())
}

fn name(service: &Service<'_>) -> String {
    service.name.to_owned()
}

fn pinned(view: &View<'_, '_>) -> Tally {
    let pulled = view.system.counted.services.iter().filter(|it| !it.is_built());
    let images = pulled.filter_map(|it| Some((it, it.unit.image.as_ref()?)));
    // A variable may stand for anything.
    let known = images.filter(|(_, image)| image.pin != Pin::Unknown);
    let pinned =
        known.map(|(it, image)| (name(it), !matches!(image.pin, Pin::Moving | Pin::Absent)));
    Tally::count("services", "pull an image of a fixed version", pinned)
}

fn checked(view: &View<'_, '_>) -> Tally {
    let checked =
        servers(view).map(|it| (name(it), view.system.facts.health(it) == Health::Checked));
    Tally::count("services", "have a healthcheck", checked)
}

fn restarting(view: &View<'_, '_>) -> Tally {
    let restarting = servers(view).map(|it| (name(it), it.restarts()));
    Tally::count("services", "come back after a crash and a reboot", restarting)
}

fn persistent(view: &View<'_, '_>) -> Tally {
    let stores = servers(view).filter(|it| it.unit.stored().is_some());
    let kept = stores.map(|it| (name(it), view.keeps_data(&it.unit)));
    Tally::count("data stores", "keep their data on a volume", kept)
}

fn hardened(view: &View<'_, '_>) -> Tally {
    let hard = view.system.counted.services.iter().map(|it| {
        let model = it.model;
        let soft = model.privileged.is_some_and(|flag| flag.value)
            || !model.cap_add.is_empty()
            || mounts_socket(it);
        (name(it), !soft)
    });
    let does = "run without privileges, added capabilities or the Docker socket";
    Tally::count("services", does, hard)
}

fn bounded(view: &View<'_, '_>) -> Tally {
    let bounded = servers(view).map(|it| (name(it), !it.logs_grow()));
    Tally::count("services", "bound the size of their logs", bounded)
}

fn mounts_socket(service: &Service<'_>) -> bool {
    service.model.volumes.iter().any(|it| {
        it.kind == MountKind::Bind
            && it.source.as_ref().is_some_and(|source| source.as_str().ends_with("docker.sock"))
    })
}

fn backups(view: &View<'_, '_>) -> Tally {
    let mut stores =
        servers(view).filter(|it| it.unit.stored().is_some() && view.keeps_data(&it.unit));
    let Some(store) = stores.next() else {
        return Tally::NothingToSee("no data store here keeps data on this server".to_owned());
    };
    match view.system.counted.services.iter().find(|it| it.backs_up()) {
        Some(backup) => {
            let found = [(name(backup), true)];
            Tally::count("services", "look like a backup", found.into_iter())
        }
        None => Tally::Hidden(
            format!("nothing in these files copies the data of `{}`", store.name),
            "Look at the crontab and at the snapshots of the provider, and restore one backup to test it.",
        ),
    }
}

fn edge(view: &View<'_, '_>) -> Tally {
    let is_loopback = |ip: &str| ip.starts_with("127.") || ip == "::1";
    let is_public = |it: &&Service<'_>| {
        it.model.ports.iter().any(|port| !port.host_ip.as_ref().is_some_and(|ip| is_loopback(ip)))
    };
    let Some(open) = servers(view).find(is_public) else {
        return Tally::NothingToSee("no service publishes a port to the outside".to_owned());
    };
    match view.system.counted.services.iter().find(|it| it.brings_tls()) {
        Some(proxy) => {
            let found = [(name(proxy), true)];
            Tally::count("services", "look like the end of TLS", found.into_iter())
        }
        None => Tally::Hidden(
            format!("`{}` publishes a port, and nothing in these files speaks TLS", open.name),
            "Look at the load balancer or the proxy in front of the server, which may terminate TLS.",
        ),
    }
}

fn monitoring(view: &View<'_, '_>) -> Tally {
    match view.system.counted.services.iter().find(|it| it.monitors()) {
        Some(monitor) => {
            let found = [(name(monitor), true)];
            Tally::count("services", "take part in monitoring", found.into_iter())
        }
        None => Tally::Hidden(
            "nothing in these files watches the services".to_owned(),
            "Look at what calls you when the server is down: a monitor outside of it.",
        ),
    }
}
