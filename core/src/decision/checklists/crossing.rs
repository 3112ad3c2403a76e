//! The crossing from Compose to Kubernetes.

use super::tally::Tally;
use super::{Item, View};
use crate::facts::{Health, Service, Workload};
use crate::model::compose::MountKind;
use crate::model::kubernetes::VolumeSource;
use crate::report::{CheckItem, CheckState, ChecklistItem};
use rustc_hash::FxHashSet;

pub fn list(view: &View<'_, '_>) -> Vec<ChecklistItem> {
    let judged = ITEMS.iter().map(|item| view.judge(item));
    judged.map(|item| without_what_is_hidden(view, item)).collect()
}

/// Takes back an item that holds as far as the files go, where they do not show everything.
fn without_what_is_hidden(view: &View<'_, '_>, mut item: ChecklistItem) -> ChecklistItem {
    if view.system.hides_workloads() && item.state != CheckState::Fail {
        item.state = CheckState::CannotSee;
        item.next = match view.system.has_unbuilt_parts {
            true => "Parts of charts or overlays were not built: `plimsoll render` names them.",
            false => "The manifests that the GitOps controller applies are not among these files.",
        }
        .to_owned();
    }
    item
}

const ITEMS: [Item; 7] = [
    Item {
        item: CheckItem::StartupAndRetry,
        codes: &[
            "PLM101", "PLM102", "PLM103", "PLM104", "PLM107", "PLM108", "PLM109", "PLM110",
            "PLM111", "PLM112",
        ],
        look: startup,
        next: "Let every client retry: Kubernetes has no `depends_on`.",
    },
    Item {
        item: CheckItem::OneTimeMigrations,
        codes: &[
            "PLM201", "PLM202", "PLM203", "PLM204", "PLM205", "PLM206", "PLM207", "PLM208",
            "PLM209",
        ],
        look: migrations,
        next: "Run migrations once per release, in a Job or a hook.",
    },
    Item {
        item: CheckItem::ImageWithoutBindMounts,
        codes: &[
            "PLM301", "PLM302", "PLM303", "PLM304", "PLM305", "PLM306", "PLM307", "PLM309",
            "PLM311", "PLM312", "PLM313", "PLM314",
        ],
        look: bind_mounts,
        next: "Build into the image what a bind mount brings in today.",
    },
    Item {
        item: CheckItem::ServiceDiscovery,
        codes: &[
            "PLM401", "PLM402", "PLM403", "PLM404", "PLM405", "PLM406", "PLM407", "PLM408",
            "PLM409", "PLM418", "PLM419", "PLM421", "PLM422", "PLM424", "PLM425", "PLM426",
            "PLM427",
        ],
        look: discovery,
        next: "Address other services by Service name and port, and take both from configuration.",
    },
    Item {
        item: CheckItem::ConfigAndSecrets,
        codes: &[
            "PLM501", "PLM502", "PLM503", "PLM504", "PLM505", "PLM506", "PLM507", "PLM509",
            "PLM513", "PLM518", "PLM519", "PLM520",
        ],
        look: configuration,
        next: "List every variable that a container needs, and deliver credentials as Secrets.",
    },
    Item {
        item: CheckItem::ProbesAndResources,
        codes: &[
            "PLM601", "PLM602", "PLM603", "PLM604", "PLM605", "PLM606", "PLM607", "PLM608",
            "PLM611", "PLM612", "PLM615", "PLM616", "PLM621", "PLM624", "PLM625",
        ],
        look: probes,
        next: "Turn healthchecks into probes, and measure what to request.",
    },
    Item {
        item: CheckItem::HiddenState,
        codes: &[
            "PLM310", "PLM701", "PLM702", "PLM703", "PLM704", "PLM705", "PLM706", "PLM707",
            "PLM710", "PLM715", "PLM718", "PLM719",
        ],
        look: state,
        next: "Find out what each container keeps on disk or in memory.",
    },
];

/// Returns the services whose crossing is still to come: those without a counterpart, of development too
/// where no other Compose file is there.
fn to_cross<'v, 'f>(view: &View<'v, 'f>) -> Vec<&'v Service<'f>> {
    let system = view.system;
    let counted = &system.counted.services;
    let services = if counted.is_empty() { &system.services } else { counted };
    services
        .iter()
        .copied()
        .filter(|it| system.facts.counterpart_of(it.index).is_none() && system.workloads.is_empty())
        .collect()
}

/// Returns the workloads that serve.
fn serving<'v, 'f>(view: &View<'v, 'f>) -> Vec<&'v Workload<'f>> {
    let all = view.system.counted.workloads.iter().copied();
    all.filter(|it| !it.kind().is_job()).collect()
}

fn startup(view: &View<'_, '_>) -> Tally {
    let workloads = serving(view);
    if !workloads.is_empty() {
        let ready = workloads.iter().filter(|it| !it.services.is_empty()).map(|it| {
            let has = it.running().any(|(_, container)| container.readiness.is_some());
            (it.label.clone(), has)
        });
        return Tally::count("workloads", "behind a Service have a readiness probe", ready);
    }
    let services = to_cross(view);
    match services.iter().find(|it| !it.model.depends_on.is_empty()) {
        Some(waits) => Tally::Hidden(
            format!("`{}` waits by `depends_on`, which Kubernetes does not have", waits.name),
            "Stop a dependency while its client runs, and see whether the client connects again by itself.",
        ),
        None => {
            let free = services.iter().map(|it| (it.name.to_owned(), true));
            Tally::count("services", "start without waiting for others", free)
        }
    }
}

fn migrations(view: &View<'_, '_>) -> Tally {
    let facts = view.system.facts;
    let services = view.system.counted.services.iter().filter_map(|it| {
        facts.migration_of(&it.unit)?;
        Some((it.name.to_owned(), facts.is_migration_service(it)))
    });
    let workloads = view.system.counted.workloads.iter().filter_map(|it| {
        let migrates = facts.workload_migrates(it);
        migrates.then(|| (it.label.clone(), it.kind().is_job()))
    });
    let all: Vec<(String, bool)> = services.chain(workloads).collect();
    if all.is_empty() {
        return Tally::Hidden(
            "no command or switch of a migration tool is seen".to_owned(),
            "Look at what the application does when it starts: a framework may migrate by itself.",
        );
    }
    Tally::count("migrations", "run apart from the servers", all.into_iter())
}

fn bind_mounts(view: &View<'_, '_>) -> Tally {
    let services = to_cross(view);
    if services.is_empty() {
        let node_paths = serving(view).into_iter().map(|it| {
            let volumes = &it.model.template.spec.volumes;
            let path =
                volumes.iter().any(|volume| matches!(volume.source, VolumeSource::HostPath { .. }));
            (it.label.clone(), !path)
        });
        return Tally::count("workloads", "mount no path of their node", node_paths);
    }
    let free = services.iter().map(|it| {
        let binds = it.model.volumes.iter().any(|mount| mount.kind == MountKind::Bind);
        (it.name.to_owned(), !binds)
    });
    Tally::count("services", "mount nothing of the host", free)
}

fn discovery(view: &View<'_, '_>) -> Tally {
    let facts = view.system.facts;
    let services = view.system.counted.services.iter().map(|it| &it.unit);
    let containers = view.system.counted.workloads.iter().flat_map(|it| &it.units);
    let dialling = services
        .chain(containers)
        .filter(|unit| !facts.peers(unit).is_empty())
        .map(|unit| (unit.label.clone(), true));
    match Tally::count(
        "containers",
        "name the hosts that they dial in their configuration",
        dialling,
    ) {
        Tally::NothingToSee(_) => Tally::Hidden(
            "no container names a host that it dials".to_owned(),
            "Look for addresses inside the images: in configuration files and in code.",
        ),
        tally => tally,
    }
}

fn configuration(view: &View<'_, '_>) -> Tally {
    let facts = view.system.facts;
    let drifted: FxHashSet<&str> =
        view.noted(&["PLM506", "PLM518"]).map(|finding| finding.subject.as_str()).collect();
    let pairs = view.system.counted.services.iter().filter_map(|it| {
        let (service, _, unit) = facts.pair(facts.counterpart_of(it.index)?);
        let name = it.name.to_owned();
        let places = [service.span(), unit.image_or_name()];
        let subjects = places.map(|place| facts.subject_at(place));
        Some((name, !subjects.iter().any(|subject| drifted.contains(subject.as_str()))))
    });
    let compared = Tally::count("services", "have the variables of their counterparts", pairs);
    if let Tally::Counted { .. } = compared {
        return compared;
    }
    let variables: usize =
        view.system.counted.services.iter().map(|it| it.model.environment.len()).sum();
    match variables {
        0 => Tally::Hidden(
            "no variables to compare".to_owned(),
            "Look at what each image reads when it starts.",
        ),
        count => Tally::Hidden(
            format!("{count} variables need a ConfigMap or a Secret"),
            "Compare them with what the containers read once the manifests are written.",
        ),
    }
}

fn probes(view: &View<'_, '_>) -> Tally {
    let workloads = serving(view);
    if !workloads.is_empty() {
        let ready = workloads.iter().map(|it| {
            let good = it.running().all(|(_, container)| {
                container.resources.as_ref().is_some_and(|it| it.request("memory").is_some())
            }) && it.running().any(|(_, container)| container.readiness.is_some());
            (it.label.clone(), good)
        });
        let does = "have a readiness probe and requests for every container";
        return Tally::count("workloads", does, ready);
    }
    let ready = to_cross(view).into_iter().map(|it| {
        let checked = view.system.facts.health(it) == Health::Checked;
        let sized = it.model.memory_limit().is_some() || it.model.memory_reservation().is_some();
        (it.name.to_owned(), checked && sized)
    });
    Tally::count("services", "have a healthcheck and a memory limit to start from", ready)
}

fn state(view: &View<'_, '_>) -> Tally {
    let services = view.system.counted.services.iter().map(|it| &it.unit);
    let containers = view.system.counted.workloads.iter().flat_map(|it| &it.units);
    let stores = services.chain(containers).filter(|unit| unit.stored().is_some());
    let kept = stores.map(|unit| (unit.label.clone(), view.keeps_data(unit)));
    match Tally::count("data stores", "keep their data on a volume", kept) {
        Tally::NothingToSee(_) => Tally::Hidden(
            "no known data store is among the containers".to_owned(),
            "Look at what the applications write: `docker diff` shows it for a running container.",
        ),
        tally => tally,
    }
}
