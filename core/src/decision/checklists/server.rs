//! A single server done well.

use super::View;
use super::tally::Tally;
use crate::facts::{Backing, Health, Service, is_below};
use crate::knowledge::image::Pin;
use crate::model::compose::MountKind;
use crate::report::{CheckItem, ChecklistItem};

pub fn list(view: &View<'_, '_>) -> Vec<ChecklistItem> {
    let services = &view.system.counted.services;
    if services.is_empty() {
        let why = "no Compose service here is meant for a server";
        let nothing = Tally::NothingToSee(why.to_owned());
        return ITEMS.iter().map(|item| view.item(*item, &[], &nothing)).collect();
    }
    let servers: Vec<&Service<'_>> = services
        .iter()
        .copied()
        .filter(|it| !view.system.facts.is_one_shot(it) && !it.has_profile())
        .collect();
    ITEMS.iter().map(|item| judge(view, *item, services, &servers)).collect()
}

const ITEMS: [CheckItem; 9] = [
    CheckItem::PinnedImages,
    CheckItem::HealthChecks,
    CheckItem::RestartPolicies,
    CheckItem::PersistentData,
    CheckItem::Backups,
    CheckItem::TlsEdge,
    CheckItem::HostHardening,
    CheckItem::LogsBounded,
    CheckItem::Monitoring,
];

/// Judges an item. `servers` are the services that stay up.
fn judge(
    view: &View<'_, '_>,
    item: CheckItem,
    all: &[&Service<'_>],
    servers: &[&Service<'_>],
) -> ChecklistItem {
    let name = |it: &Service<'_>| it.name.to_owned();
    match item {
        CheckItem::PinnedImages => {
            let pulled = all.iter().filter(|it| !it.is_built());
            let images = pulled.filter_map(|it| Some((it, it.unit.image.as_ref()?)));
            // A variable may stand for anything.
            let known = images.filter(|(_, image)| image.pin != Pin::Unknown);
            let pinned = known
                .map(|(it, image)| (name(it), !matches!(image.pin, Pin::Moving | Pin::Absent)));
            let tally = Tally::count("services", "pull an image of a fixed version", pinned);
            view.item(item, &view.found(&["PLM801", "PLM811", "PLM812"]), &tally)
        }
        CheckItem::HealthChecks => {
            let broken = view.found(&["PLM103", "PLM619", "PLM621", "PLM624"]);
            let checked = servers.iter().map(|it| {
                let checked = view.system.facts.health(it) == Health::Checked;
                (name(it), checked)
            });
            let tally = Tally::count("services", "have a healthcheck", checked);
            view.item(item, &broken, &tally)
        }
        CheckItem::RestartPolicies => {
            let restarting = servers.iter().map(|it| (name(it), it.restarts()));
            let tally =
                Tally::count("services", "come back after a crash and a reboot", restarting);
            view.item(item, &view.found(&["PLM802", "PLM105", "PLM106", "PLM814"]), &tally)
        }
        CheckItem::PersistentData => {
            let stores = servers.iter().filter(|it| it.unit.stored().is_some());
            let kept = stores.map(|it| (name(it), keeps_data(view, it)));
            let tally = Tally::count("data stores", "keep their data on a volume", kept);
            view.item(item, &view.found(&["PLM707", "PLM715", "PLM718"]), &tally)
        }
        CheckItem::Backups => view.item(item, &[], &backups(view, all, servers)),
        CheckItem::TlsEdge => view.item(item, &view.found(&["PLM804"]), &edge(all, servers)),
        CheckItem::HostHardening => {
            let codes = ["PLM412", "PLM417", "PLM308", "PLM806", "PLM813"];
            let hard = all.iter().map(|it| {
                let model = it.model;
                let soft = model.privileged.is_some_and(|flag| flag.value)
                    || !model.cap_add.is_empty()
                    || mounts_socket(it);
                (name(it), !soft)
            });
            let does = "run without privileges, added capabilities or the Docker socket";
            view.item(item, &view.found(&codes), &Tally::count("services", does, hard))
        }
        CheckItem::LogsBounded => {
            let bounded = servers.iter().map(|it| (name(it), !it.logs_grow()));
            view.item(item, &[], &Tally::count("services", "bound the size of their logs", bounded))
        }
        _ => view.item(item, &[], &monitoring(all)),
    }
}

/// Whether the data of a store lies on a volume or a folder of the host.
fn keeps_data(view: &View<'_, '_>, service: &Service<'_>) -> bool {
    let Some(image) = service.unit.runs.as_ref() else { return false };
    let dirs = image.family.data_dirs(&image.repository, image.major);
    view.system.facts.mounted(&service.unit).iter().any(|mount| {
        matches!(mount.backing, Backing::Volume(_) | Backing::Host(_))
            && dirs.iter().any(|dir| mount.covers(dir) || is_below(mount.path, dir))
    })
}

fn mounts_socket(service: &Service<'_>) -> bool {
    service.model.volumes.iter().any(|it| {
        it.kind == MountKind::Bind
            && it.source.as_ref().is_some_and(|source| source.as_str().ends_with("docker.sock"))
    })
}

fn backups(view: &View<'_, '_>, all: &[&Service<'_>], servers: &[&Service<'_>]) -> Tally {
    let stores: Vec<&&Service<'_>> =
        servers.iter().filter(|it| it.unit.stored().is_some() && keeps_data(view, it)).collect();
    if let Some(backup) = all.iter().find(|it| it.backs_up()) {
        let found = [(backup.name.to_owned(), true)];
        return Tally::count("services", "look like a backup", found.into_iter());
    }
    match stores.first() {
        None => Tally::NothingToSee("no data store here keeps data on this server".to_owned()),
        Some(store) => Tally::Hidden(
            format!("nothing in these files copies the data of `{}`", store.name),
            "Look at the crontab and at the snapshots of the provider, and restore one backup to test it.",
        ),
    }
}

fn edge(all: &[&Service<'_>], servers: &[&Service<'_>]) -> Tally {
    let is_public = |it: &&&Service<'_>| {
        let is_loopback = |ip: &str| ip.starts_with("127.") || ip == "::1";
        it.model.ports.iter().any(|port| !port.host_ip.as_ref().is_some_and(|ip| is_loopback(ip)))
    };
    if let Some(proxy) = all.iter().find(|it| it.brings_tls()) {
        let found = [(proxy.name.to_owned(), true)];
        return Tally::count("services", "look like the end of TLS", found.into_iter());
    }
    match servers.iter().find(is_public) {
        None => Tally::NothingToSee("no service publishes a port to the outside".to_owned()),
        Some(open) => Tally::Hidden(
            format!("`{}` publishes a port, and nothing in these files speaks TLS", open.name),
            "Look at the load balancer or the proxy in front of the server, which may terminate TLS.",
        ),
    }
}

fn monitoring(all: &[&Service<'_>]) -> Tally {
    match all.iter().find(|it| it.monitors()) {
        Some(monitor) => {
            let found = [(monitor.name.to_owned(), true)];
            Tally::count("services", "take part in monitoring", found.into_iter())
        }
        None => Tally::Hidden(
            "nothing in these files watches the services".to_owned(),
            "Look at what calls you when the server is down: a monitor outside of it.",
        ),
    }
}
