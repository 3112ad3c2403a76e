//! The crossing from Compose to Kubernetes.

use super::tally::{Subject, Tally, Words, named};
use super::{Item, View, state};
use crate::compare::aspects;
use crate::facts::{Health, KubeHost, Pair, Service, Unit};
use crate::knowledge::net;
use crate::model::Cause;
use crate::model::compose::{Mount, MountKind};
use crate::report::{CheckItem, CheckState, ChecklistItem};
use rustc_hash::FxHashSet;

pub fn list(view: &View<'_, '_>) -> Vec<ChecklistItem> {
    if view.to_cross.is_empty() {
        let why = "there is no Compose service that could cross";
        return ITEMS.iter().map(|item| View::not_applicable(item, why)).collect();
    }
    let judged = ITEMS.iter().map(|item| view.judge(item));
    let judged = judged.map(|item| without_what_is_hidden(view, item));
    judged.map(|item| without_open_settings(view, item)).collect()
}

/// Takes back that every variable is there, where the content of a generated ConfigMap or Secret is unknown.
fn without_open_settings(view: &View<'_, '_>, mut item: ChecklistItem) -> ChecklistItem {
    let is_about = item.item == CheckItem::ConfigAndSecrets && item.state == CheckState::Pass;
    let lacking = view.system.without_settings.first().filter(|_| is_about);
    let reasons = lacking.into_iter().flat_map(|it| &it.target.reasons);
    let mut missing = reasons.filter(|it| it.cause == Cause::GeneratorInput);
    if let (Some(target), Some(reason)) = (lacking, missing.next()) {
        item.state = CheckState::CannotSee;
        item.next = format!(
            "Look at what a generator of `{}` reads where it is deployed: {}.",
            target.target.name, reason.message
        );
    }
    item
}

/// Takes back an item that holds as far as the files go, where they do not show everything.
fn without_what_is_hidden(view: &View<'_, '_>, mut item: ChecklistItem) -> ChecklistItem {
    if view.system.hides_workloads() && item.state != CheckState::Fail {
        item.state = CheckState::CannotSee;
        item.next = if view.system.has_unbuilt_parts() {
            "Parts of charts or overlays were not built: `plimsoll render` names them."
        } else if view.system.has_hiding_templates() {
            "The objects in Templates of OpenShift are not read: `oc process --local` prints them."
        } else {
            "The manifests that the GitOps controller applies are not among these files."
        }
        .to_owned();
    }
    item
}

pub const ITEMS: [Item; 7] = [
    Item {
        item: CheckItem::StartupAndRetry,
        codes: &[
            "PLM101", "PLM102", "PLM103", "PLM104", "PLM105", "PLM107", "PLM108", "PLM109",
            "PLM110", "PLM111", "PLM112",
        ],
        keys: &["depends_on", "links"],
        look: startup,
        next: "Let every client retry: Kubernetes has no `depends_on`.",
    },
    Item {
        item: CheckItem::OneTimeMigrations,
        codes: &[
            "PLM201", "PLM202", "PLM203", "PLM204", "PLM205", "PLM206", "PLM207", "PLM208",
            "PLM209",
        ],
        keys: &[],
        look: migrations,
        next: "Run migrations once per release, in a Job or a hook.",
    },
    Item {
        item: CheckItem::ImageWithoutBindMounts,
        codes: &[
            "PLM301", "PLM302", "PLM303", "PLM304", "PLM305", "PLM306", "PLM307", "PLM308",
            "PLM309", "PLM311", "PLM312", "PLM313", "PLM314",
        ],
        keys: &["volumes"],
        look: bind_mounts,
        next: "Keep data in a claim, deliver configuration as a ConfigMap, and build code into the image.",
    },
    Item {
        item: CheckItem::ServiceDiscovery,
        codes: &[
            "PLM401", "PLM402", "PLM403", "PLM404", "PLM405", "PLM406", "PLM407", "PLM408",
            "PLM409", "PLM410", "PLM411", "PLM413", "PLM415", "PLM416", "PLM418", "PLM419",
            "PLM420", "PLM421", "PLM422", "PLM423", "PLM424", "PLM425", "PLM426", "PLM427",
        ],
        keys: &["links", "external_links", "extra_hosts", "network_mode"],
        look: discovery,
        next: "Address other services by Service name and port, and take both from configuration.",
    },
    Item {
        item: CheckItem::ConfigAndSecrets,
        codes: &[
            "PLM501", "PLM502", "PLM503", "PLM504", "PLM505", "PLM506", "PLM507", "PLM508",
            "PLM509", "PLM510", "PLM512", "PLM513", "PLM514", "PLM518", "PLM519", "PLM520",
        ],
        keys: &[],
        look: configuration,
        next: "List every variable that a container needs, and deliver credentials as Secrets.",
    },
    Item {
        item: CheckItem::ProbesAndResources,
        codes: &[
            "PLM601", "PLM602", "PLM603", "PLM604", "PLM605", "PLM606", "PLM607", "PLM608",
            "PLM609", "PLM610", "PLM611", "PLM612", "PLM613", "PLM614", "PLM615", "PLM616",
            "PLM617", "PLM618", "PLM619", "PLM621", "PLM622", "PLM623", "PLM624", "PLM625",
            "PLM626",
        ],
        keys: &["oom_kill_disable"],
        look: probes,
        next: "Turn healthchecks into probes, and measure what to request.",
    },
    Item {
        item: CheckItem::HiddenState,
        codes: &[
            "PLM310", "PLM701", "PLM702", "PLM703", "PLM704", "PLM705", "PLM706", "PLM707",
            "PLM708", "PLM709", "PLM710", "PLM713", "PLM714", "PLM718", "PLM719",
        ],
        keys: &["volumes", "volumes_from"],
        look: state::look,
        next: "Find out what each container keeps on disk or in memory.",
    },
];

fn pair<'v, 'f>(view: &View<'v, 'f>, service: &Service<'f>) -> Option<Pair<'v, 'f>> {
    Pair::of(view.system.facts, service.index)
}

/// Returns the services that a service dials. A store for which it waits is dialled even where no file says by which
/// name.
fn dialled<'v, 'f>(view: &View<'v, 'f>, service: &Service<'f>) -> Vec<&'v Service<'f>> {
    let facts = view.system.facts;
    let mut dialled = facts.dialled(service);
    for store in facts.awaited_stores(service) {
        if !dialled.iter().any(|it| it.index == store.index) {
            dialled.push(store);
        }
    }
    dialled
}

/// Looks for what waits by itself. Whether a program tries again is in its code, which no file shows.
fn startup(view: &View<'_, '_>) -> Tally {
    let facts = view.system.facts;
    let is_client =
        |it: &&&Service<'_>| !it.model.depends_on.is_empty() || !dialled(view, it).is_empty();
    let clients = view.to_cross.iter().filter(is_client);
    let waiting = clients.map(|service| {
        let waits = match pair(view, service) {
            Some(pair) => facts.workload_waits(pair.workload),
            None => facts.waits_by_itself(&service.unit),
        };
        (Subject::of(service), waits)
    });
    let words = Words {
        noun: ["client", "clients"],
        does: [
            "waits for what it needs without `depends_on`",
            "wait for what they need without `depends_on`",
        ],
    };
    match Tally::count(words, waiting) {
        Tally::NothingToSee(_) if view.to_cross.len() == 1 => {
            Tally::NothingToSee("there is only one service".to_owned())
        }
        Tally::NothingToSee(_) => Tally::Hidden(
            "no file says which service needs which".to_owned(),
            "Look for addresses inside the images: in configuration files and in code.",
        ),
        tally => tally.or_hidden(
            "Stop a dependency while its client runs, and see whether the client connects again by itself.",
        ),
    }
}

/// Returns how many migrations of Compose the cluster runs; `None` where it runs all of them, or where the files cannot
/// tell. A Job stands for one migration, and so does each migrating container of a workload that is no migration's
/// counterpart, whatever its name.
fn migrations_left_behind(view: &View<'_, '_>) -> Option<Tally> {
    let (facts, counted) = (view.system.facts, &view.system.counted);
    let cannot_know = counted.workloads.is_empty()
        || view.system.hides_workloads()
        || counted.workloads.iter().any(|it| facts.waits_for_migrations(it));
    let migrations = || view.to_cross.iter().filter(|it| facts.is_migration_service(it));
    let own = |it: &Service<'_>| pair(view, it).map(|it| it.workload.index);
    let mut matched: FxHashSet<usize> = migrations().filter_map(|it| own(it)).collect();
    let mut all: Vec<(Subject, bool)> = Vec::new();
    for service in migrations() {
        let mut jobs = facts.candidates_for(service.index).filter(|it| it.kind().is_job());
        let runs = own(service).is_some() || jobs.any(|it| matched.insert(it.index));
        all.push((Subject::of(service), runs));
    }
    let others = counted.workloads.iter().filter(|it| !matched.contains(&it.index));
    let migrating = others.filter(|it| facts.workload_migrates(it)).map(|workload| {
        let units = workload.units.iter().filter(|unit| facts.migration_of(unit).is_some());
        units.count().max(1)
    });
    let others: usize = migrating.sum();
    for migration in all.iter_mut().filter(|it| !it.1).take(others) {
        migration.1 = true;
    }
    let words = Words {
        noun: ["migration of Compose", "migrations of Compose"],
        does: ["runs in the cluster too", "run in the cluster too"],
    };
    let tally = Tally::count(words, all.into_iter());
    (!cannot_know && !tally.missing().is_empty()).then_some(tally)
}

fn migrations(view: &View<'_, '_>) -> Tally {
    let facts = view.system.facts;
    let services = view.to_cross.iter().filter_map(|it| {
        facts.migration_of(&it.unit)?;
        Some((Subject::of(it), facts.is_migration_service(it)))
    });
    let workloads = view.system.counted.workloads.iter().filter_map(|it| {
        let migrates = facts.workload_migrates(it);
        let subject = || Subject { name: it.name.to_owned(), span: it.span() };
        migrates.then(|| (subject(), it.kind().is_job()))
    });
    if let Some(tally) = migrations_left_behind(view) {
        return tally;
    }
    let all: Vec<(Subject, bool)> = services.chain(workloads).collect();
    let workloads = view.system.counted.workloads.iter();
    let waiting: Vec<String> = workloads
        .filter(|it| facts.waits_for_migrations(it))
        .map(|it| it.name.to_owned())
        .collect();
    if all.is_empty() && !waiting.is_empty() {
        let wait = if waiting.len() == 1 { "waits" } else { "wait" };
        return Tally::Proven(format!(
            "{} {wait} until the migrations are applied, which run elsewhere",
            named(&waiting)
        ));
    }
    if all.is_empty() {
        return Tally::Hidden(
            "no command or switch of a migration tool is seen".to_owned(),
            "Look at what the application does when it starts: a framework may migrate by itself.",
        );
    }
    let words = Words {
        noun: ["migration", "migrations"],
        does: ["runs apart from the servers", "run apart from the servers"],
    };
    Tally::count(words, all.into_iter())
}

/// Looks at what is mounted from the host. A counterpart may have the same files from elsewhere; without a
/// mount, only the image itself can have them.
fn bind_mounts(view: &View<'_, '_>) -> Tally {
    let is_bind = |mount: &&Mount| mount.kind == MountKind::Bind;
    let mut hidden = Vec::new();
    let mut all = Vec::new();
    for service in view.to_cross {
        let mut binds = service.model.volumes.iter().filter(is_bind);
        let name = service.name.to_owned();
        match pair(view, service) {
            Some(pair) => {
                let mut unmounted = binds.filter(|it| pair.backing(&it.target).is_none());
                match unmounted.next() {
                    Some(_) => hidden.push(name),
                    None => all.push((Subject::of(service), true)),
                }
            }
            None => all.push((Subject::of(service), binds.next().is_none())),
        }
    }
    let does = ["needs no file of the host", "need no file of the host"];
    let tally = Tally::count(Words::services(does), all.into_iter());
    match &tally {
        Tally::Counted { missing, .. } if missing.is_empty() && !hidden.is_empty() => {
            Tally::Hidden(
                format!(
                    "the counterparts of {} mount nothing in the place of a bind mount",
                    named(&hidden)
                ),
                "Run the image without its bind mounts: `docker run --rm IMAGE`.",
            )
        }
        _ => tally,
    }
}

/// Whether a container names a service by the alias of a link.
fn names_by_link(service: &Service<'_>, on: &Service<'_>, names: &FxHashSet<&str>) -> bool {
    let mut links = service.model.links.iter().filter_map(|link| link.split_once(':'));
    links.any(|(target, alias)| target == on.name && names.contains(alias))
}

/// Whether the variable that names a service in Compose has a value of its own in the cluster, where the service
/// may have another name. A Pod that dials itself names nothing.
fn sets_the_address(
    view: &View<'_, '_>,
    service: &Service<'_>,
    unit: &Unit<'_>,
    on: &Service<'_>,
) -> bool {
    let facts = view.system.facts;
    let of_compose = service.unit.env.iter().filter(|var| {
        let mut hosts = var.value.into_iter().flat_map(|value| net::endpoints_of(var.name, value));
        hosts.any(|it| facts.compose_host(service, it.host).is_some_and(|it| it.index == on.index))
    });
    let mut in_cluster = of_compose.filter_map(|var| unit.var(var.name));
    !unit.is_compose()
        && in_cluster.any(|var| {
            let hosts = |value| net::endpoints_of(var.name, value);
            var.value.is_none_or(|value| {
                let hosts = hosts(value);
                !hosts.is_empty() && hosts.iter().all(|it| !net::is_loopback(it.host))
            })
        })
}

/// Looks for names of what a container dials. An address that no configuration names is in the image.
fn discovery(view: &View<'_, '_>) -> Tally {
    let facts = view.system.facts;
    let mut all = Vec::new();
    let mut may_come = Vec::new();
    for service in view.to_cross {
        let needed = dialled(view, service);
        if needed.is_empty() {
            continue;
        }
        let pair = pair(view, service);
        let unit = pair.as_ref().map_or(&service.unit, |it| it.unit);
        let hosts = || facts.peers(unit).iter().map(|it| it.host);
        let dialled: FxHashSet<usize> = hosts()
            .filter_map(|host| facts.compose_host(service, host))
            .map(|it| it.index)
            .collect();
        let by_reference = facts.hosts_by_reference(unit);
        let names: FxHashSet<&str> = hosts()
            .chain(by_reference.iter().map(String::as_str))
            .filter_map(|host| host.split('.').next())
            .chain(facts.hosts_in_texts(unit))
            .collect();
        let dials = |on: &Service<'_>| {
            let mut in_cluster = facts.cluster_services(on).into_iter();
            dialled.contains(&on.index)
                || names.contains(on.name)
                || in_cluster.any(|it| names.contains(it.name))
                || names_by_link(service, on, &names)
                || sets_the_address(view, service, unit, on)
        };
        let resolves = |pair: &Pair<'_, '_>| {
            let home = pair.workload.object.file;
            facts.peers(pair.unit).iter().all(|peer| {
                let found = facts.kube_host(home, pair.workload.namespace, peer.host);
                // A name that Compose does not know either is that of something outside.
                !matches!(found, KubeHost::Missing)
                    || facts.compose_host(service, peer.host).is_none()
            })
        };
        // What has run to its end is not dialled.
        let mut servers = needed.iter().filter(|it| !facts.is_one_shot(it));
        let (resolves, names_all) =
            (pair.as_ref().is_none_or(resolves), servers.all(|on| dials(on)));
        let is_open = || pair.as_ref().is_some_and(|it| !aspects::shows_all_variables(it));
        if resolves && !names_all && is_open() {
            may_come.push(service.name.to_owned());
        } else {
            all.push((Subject::of(service), resolves && names_all));
        }
    }
    if !may_come.is_empty() && all.iter().all(|it| it.1) {
        return Tally::Hidden(
            format!("`envFrom` may bring the addresses that {} need", named(&may_come)),
            "Compare `kubectl exec POD -- printenv` with the Compose file, by names alone.",
        );
    }
    let words = Words {
        noun: ["client", "clients"],
        does: [
            "names in its configuration what it dials",
            "name in their configuration what they dial",
        ],
    };
    match Tally::count(words, all.into_iter()) {
        Tally::NothingToSee(_) if view.to_cross.len() == 1 => {
            Tally::NothingToSee("one service alone dials no other one".to_owned())
        }
        Tally::NothingToSee(_) => Tally::Hidden(
            "no container names a host that it dials".to_owned(),
            "Look for addresses inside the images: in configuration files and in code.",
        ),
        tally => tally
            .or_hidden("Look for addresses inside the images: in configuration files and in code."),
    }
}

fn configuration(view: &View<'_, '_>) -> Tally {
    let mut may_come = Vec::new();
    let mut compared = Vec::new();
    for service in view.to_cross {
        let Some(pair) = pair(view, service) else { continue };
        let sets_nothing = service.model.environment.iter().all(|it| it.value.is_none());
        if sets_nothing || pair.is_other_publisher() {
            continue;
        }
        let has_all = aspects::missing_variables(&pair).is_empty();
        // What the files do not show may set the rest.
        if has_all || aspects::shows_all_variables(&pair) {
            compared.push((Subject::of(service), has_all));
        } else {
            may_come.push(service.name.to_owned());
        }
    }
    if !may_come.is_empty() && compared.iter().all(|it| it.1) {
        return Tally::Hidden(
            format!("`envFrom` may bring the variables of {}", named(&may_come)),
            "Compare `kubectl exec POD -- printenv` with the Compose file, by names alone.",
        );
    }
    let does = ["has its variables in the cluster", "have their variables in the cluster"];
    match Tally::count(Words::services(does), compared.into_iter()) {
        Tally::NothingToSee(_) => {}
        tally => return tally,
    }
    let variables: usize = view.to_cross.iter().map(|it| it.model.environment.len()).sum();
    match variables {
        0 => Tally::Hidden(
            "no variables to compare".to_owned(),
            "Look at what each image reads when it starts.",
        ),
        1 => Tally::Hidden(
            "1 variable needs a ConfigMap or a Secret".to_owned(),
            "Compare it with what the container reads once the manifests are written.",
        ),
        count => Tally::Hidden(
            format!("{count} variables need a ConfigMap or a Secret"),
            "Compare them with what the containers read once the manifests are written.",
        ),
    }
}

fn probes(view: &View<'_, '_>) -> Tally {
    let facts = view.system.facts;
    let servers = view.to_cross.iter().filter(|it| !facts.is_one_shot(it));
    let ready = servers.map(|service| {
        let good = match pair(view, service) {
            Some(pair) => {
                let resources = pair.container.resources.as_ref();
                let sized = resources.is_some_and(|it| it.request("memory").is_some());
                sized && (pair.workload.kind().is_job() || pair.container.readiness.is_some())
            }
            None => {
                let model = service.model;
                let sized = model.memory_limit().is_some() || model.memory_reservation().is_some();
                sized && facts.health(service) == Health::Checked
            }
        };
        (Subject::of(service), good)
    });
    let does = ["has a check and an amount of memory", "have a check and an amount of memory"];
    Tally::count(Words::services(does), ready)
}
