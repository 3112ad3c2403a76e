use crate::facts::{Brought, Facts, Pair, Service, Unit, in_shell, is_below};
use crate::knowledge::env::file_database;
use crate::model::compose::{Mount, MountKind};
use crate::model::kubernetes::Container;
use crate::report::phrases::first_named;
use crate::report::{Findings, Role, Severity};
use crate::rules::rule;

rule! {
    /// Compose keeps a path in a volume, but in the cluster its content is lost with the container.
    ///
    /// ## Why it hurts
    /// A container's file system is discarded at every restart and rollout. What Compose keeps in the
    /// volume is gone after the first one.
    ///
    /// ## What helps
    /// Mount a PersistentVolumeClaim at the same path, or an emptyDir if the content may be lost.
    ///
    /// ## How to troubleshoot
    /// Write a file there, delete the Pod, and check whether the file is still there in the next
    /// one.
    ///
    /// ## When to ignore
    /// Where the content can be made again, as with a cache.
    ///
    /// ## Bad
    /// ```yaml file=compose.yaml
    /// services:
    ///   wiki:
    ///     image: ghcr.io/acme/wiki:3
    ///     volumes:
    ///       - pages:/var/lib/wiki # <- Compose keeps `/var/lib/wiki` of `wiki` in volume `pages`, but container `wiki` of Deployment `wiki` has nothing mounted there
    /// volumes: { pages: {} }
    /// ```
    /// ```yaml file=k8s/wiki.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: wiki }
    /// spec:
    ///   selector: { matchLabels: { app: wiki } }
    ///   template:
    ///     metadata: { labels: { app: wiki } }
    ///     spec: { containers: [{ name: wiki, image: "ghcr.io/acme/wiki:3" }] }
    /// ```
    ///
    /// ## Good
    /// ```yaml file=compose.yaml
    /// services:
    ///   wiki:
    ///     image: ghcr.io/acme/wiki:3
    ///     volumes:
    ///       - pages:/var/lib/wiki
    /// volumes: { pages: {} }
    /// ```
    /// ```yaml file=k8s/wiki.yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: wiki }
    /// spec:
    ///   selector: { matchLabels: { app: wiki } }
    ///   template:
    ///     metadata: { labels: { app: wiki } }
    ///     spec:
    ///       containers:
    ///         - name: wiki
    ///           image: ghcr.io/acme/wiki:3
    ///           volumeMounts: [{ name: pages, mountPath: /var/lib/wiki }]
    ///       volumes: [{ name: pages, persistentVolumeClaim: { claimName: wiki } }]
    /// ```
    PLM310 "writable-path-drift" {
        since: "0.1.0", on: Dual, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for pair in facts.counterparts() {
        let (service, workload, unit) = facts.pair(pair);
        let container = workload.container(pair.unit);
        if plays_another_role(service, unit, container) {
            continue;
        }
        for mount in service.model.volumes.iter().filter(|it| keeps_data(service, it)) {
            let target = mount.target.as_str();
            let mut paths = container.mounts.iter().filter_map(|it| it.mount_path.as_ref());
            if is_written_anew(service, target) || is_beside_data(facts, service, mount) {
                continue;
            }
            // A mount of a folder above or below the path may hold the data.
            if paths.any(|it| is_below(target, it) || is_below(it, target)) {
                continue;
            }
            let volume = mount.source.as_ref().map_or("", |it| it.as_str());
            // Another image of a data store keeps its data elsewhere.
            let is_moved = || {
                let pair = Pair::of(facts, pair.service);
                pair.is_some_and(|it| it.path_in_cluster(target) != target)
            };
            // PLM707 reports a data store that has no volume in the cluster.
            let is_store = || {
                let home = unit.stored().and_then(|it| unit.data_home(it));
                home.is_some_and(|it| it.is_near(target))
                    && !facts.mounted(unit).iter().any(|it| it.backing.lasts())
            };
            if holds_unused_database(service, unit, [target, volume]) || is_moved() || is_store() {
                continue;
            }
            let noun = if mount.kind == MountKind::Volume { "volume" } else { "folder" };
            let finding = out.at(
                &mount.span,
                format!(
                    "Compose keeps `{target}` of `{}` in {noun} `{volume}`, but {} has nothing mounted there",
                    service.name,
                    unit.label
                ),
            );
            finding
                .also(
                    &container.span(),
                    format!("{} is the counterpart, matched by {}", unit.label, pair.why.says()),
                )
                .check(workload.exec(unit, &format!("df {}", in_shell(target))));
            let sharers = sharers(facts, service, volume);
            // The volumes of one container are added in one go, and so is one that several share.
            finding.cause(match sharers.is_empty() {
                true => format!("{} {}", service.name, unit.label),
                false => format!("shared volume {volume}"),
            });
            if !sharers.is_empty() {
                finding
                    .why(format!(
                        "In Compose {} also in this volume. In the cluster each Pod has files of its own there: the others do not see what one writes, and it is lost with the Pod.",
                        are(&sharers)
                    ))
                    .help("Mount one claim in all of them (`ReadWriteMany` where their Pods may run on several nodes), or keep these files in object storage.");
            }
            if service.role == Role::Development {
                finding.severity(Severity::Info);
            } else if holds_unused_certificates(service, target, unit) {
                finding.severity(Severity::Info).why("Caddy keeps its certificates there, and some modules keep their data there. In the cluster Caddy serves plain HTTP, so it has no certificates to keep.");
            }
        }
    }
}

/// Whether the container runs the image with arguments of its own on another port than Compose does: the control
/// plane of a program beside its gateway keeps other data.
fn plays_another_role(service: &Service<'_>, unit: &Unit<'_>, container: &Container) -> bool {
    let words = |unit: &Unit<'_>| unit.start.joined();
    let own: Vec<i64> = service.container_ports().iter().map(|it| i64::from(it.value)).collect();
    let ports = container.ports.iter().filter_map(|it| it.container_port.as_ref());
    let other: Vec<i64> = ports.map(|it| it.value).collect();
    let is_elsewhere =
        !own.is_empty() && !other.is_empty() && !other.iter().any(|it| own.contains(it));
    let is_store = unit.family().is_some_and(|it| it.is_data_store());
    is_elsewhere && !is_store && !unit.start.is_empty() && words(unit) != words(&service.unit)
}

/// Returns the other services of the project that mount a volume.
fn sharers<'a>(facts: &Facts<'a>, service: &Service<'a>, volume: &str) -> Vec<&'a str> {
    let mounts = |it: &&Service<'a>| {
        it.model.volumes.iter().any(|mount| {
            mount.kind == MountKind::Volume
                && mount.source.as_ref().is_some_and(|it| it.as_str() == volume)
        })
    };
    let others = facts.siblings(service).iter().filter(|it| it.index != service.index);
    others.filter(mounts).map(|it| it.name).collect()
}

/// Returns names with their verb: "`web` is", "`web`, `worker` are".
fn are(names: &[&str]) -> String {
    format!("{} {}", first_named(names, 3), if names.len() == 1 { "is" } else { "are" })
}

/// Words in the path of a folder in which a program keeps what it was given.
const DATA_WORDS: &[&str] =
    &["data", "database", "db", "files", "media", "state", "storage", "upload", "uploads"];

/// Whether a mount keeps what the program writes: a named volume, or a folder of the host that says so by its name.
fn keeps_data(service: &Service<'_>, mount: &Mount) -> bool {
    let source = mount.source.as_ref().map_or("", |it| it.as_str());
    let is_named = |path: &str| {
        let mut words = path.split(|it: char| !it.is_ascii_alphanumeric());
        words.any(|it| DATA_WORDS.contains(&it))
    };
    let is_folder_of_data = || {
        service.brought_by(mount) == Brought::Data && (is_named(source) || is_named(&mount.target))
    };
    match mount.kind {
        MountKind::Volume => !mount.read_only,
        MountKind::Bind => !mount.read_only && is_folder_of_data(),
        MountKind::Anonymous
        | MountKind::Tmpfs
        | MountKind::Npipe
        | MountKind::Cluster
        | MountKind::Image => false,
    }
}

/// Whether a volume of a data store lies beside the directory that its image writes to, so that Compose keeps nothing in
/// it either.
fn is_beside_data(facts: &Facts<'_>, service: &Service<'_>, mount: &Mount) -> bool {
    let Some(family) = service.unit.certain_family().filter(|it| it.is_data_store()) else {
        return false;
    };
    let mounted = facts.mounted(&service.unit);
    let home = service.unit.data_home(family);
    let wrong = home.as_ref().and_then(|it| it.misplaced(family, &mounted));
    wrong.is_some_and(|it| it.path.span == mount.target.span)
}

/// Whether a path holds only what its program writes again at every start: `/config` of Caddy, also in
/// FrankenPHP, has the last configuration that was loaded.
fn is_written_anew(service: &Service<'_>, path: &str) -> bool {
    path.trim_end_matches('/') == "/config" && runs_caddy(service)
}

/// Whether a volume that is called like a database holds the one that a variable chooses in Compose alone: the
/// cluster then has another one.
fn holds_unused_database(service: &Service<'_>, unit: &Unit<'_>, names: [&str; 2]) -> bool {
    let is_database = |name: &str| ["data", "db", "sql"].iter().any(|word| name.contains(word));
    let chosen = service.unit.env.iter().any(|it| {
        let is_file = |value: Option<&str>| {
            value.is_some_and(|value| file_database(it.name, value).is_some())
        };
        is_file(it.value) && !is_file(unit.value(it.name))
    });
    chosen && names.iter().any(|it| is_database(it))
}

/// Whether the image or the volumes of a service name Caddy, or FrankenPHP, which has it inside.
fn runs_caddy(service: &Service<'_>) -> bool {
    let is_caddy = |name: &str| name.contains("caddy") || name.contains("frankenphp");
    let image = service.model.image.iter().map(|it| it.value.as_str());
    let volumes = service.model.volumes.iter().filter_map(|it| it.source.as_ref());
    image.chain(volumes.map(|it| it.as_str())).any(is_caddy)
}

/// Whether a path is that of Caddy's certificates, and its counterpart serves plain HTTP only.
fn holds_unused_certificates(service: &Service<'_>, path: &str, counterpart: &Unit<'_>) -> bool {
    let is_plain = |address: &str| address.starts_with(':') || address.starts_with("http://");
    path.trim_end_matches('/') == "/data"
        && runs_caddy(service)
        && counterpart
            .value("SERVER_NAME")
            .is_some_and(|it| it.split(',').map(str::trim).all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::{RULE, is_below};
    use crate::rules::testing::findings;

    #[test]
    fn a_store_without_its_volume_is_left_to_another_rule() {
        let found = |image: &str, path: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{ db: {{ image: '{image}', restart: always, volumes: ['data:{path}'] }} }}\nvolumes: {{ data: {{}} }}\n# file: k8s/db.yaml\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{ name: db }}\nspec:\n  template:\n    spec: {{ containers: [{{ name: db, image: '{image}' }}] }}\n"
            );
            findings(&RULE, &text).len()
        };
        assert_eq!(found("postgres:17", "/var/lib/postgresql/data"), 0);
        assert_eq!(found("acme/shop:1", "/srv/uploads"), 1);
    }

    #[test]
    fn a_volume_that_several_share_is_one_finding() {
        let service = |name: &str| {
            format!("  {name}: {{ image: 'acme/{name}:1', volumes: ['uploads:/app/uploads'] }}\n")
        };
        let deployment = |name: &str| {
            format!(
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec: {{ selector: {{ matchLabels: {{ app: {name} }} }}, template: {{ metadata: {{ labels: {{ app: {name} }} }}, spec: {{ containers: [{{ name: {name}, image: 'acme/{name}:1' }}] }} }} }}\n"
            )
        };
        let text = format!(
            "# file: compose.yaml\nservices:\n{}{}volumes: {{ uploads: {{}} }}\n# file: k8s/app.yaml\n{}{}",
            service("api"),
            service("worker"),
            deployment("api"),
            deployment("worker")
        );
        let report =
            crate::analyze(&crate::rules::testing::files(&text), &crate::Options::default());
        let found: Vec<_> = report.findings.iter().filter(|it| it.code == "PLM310").collect();
        let [only] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!(only.more, 1);
    }

    #[test]
    fn paths_are_compared_by_whole_components() {
        assert!(is_below("/data/db", "/data/"));
        assert!(is_below("/data", "/data"));
        assert!(!is_below("/database", "/data"));
    }

    /// A service with these volumes, and the Deployment of the same program, which has none.
    fn drifts(volumes: &str) -> Vec<usize> {
        let text = format!(
            "# file: compose.yaml\nservices: {{wiki: {{image: 'acme/wiki:3', volumes: [{volumes}]}}}}\n# file: k8s/wiki.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: wiki}}\nspec: {{selector: {{matchLabels: {{app: wiki}}}}, template: {{metadata: {{labels: {{app: wiki}}}}, spec: {{containers: [{{name: wiki, image: 'acme/wiki:3'}}]}}}}}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.related.len()).collect()
    }

    #[test]
    fn another_role_of_the_image_keeps_other_data() {
        let found = |port: u16, arguments: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{gate: {{image: 'acme/gate:3', ports: ['8080:8080'], volumes: ['state:/var/lib/gate']}}}}\n# file: k8s/gate.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: gate}}\nspec: {{containers: [{{name: gate, image: 'acme/gate:3', {arguments} ports: [{{containerPort: {port}}}]}}]}}\n"
            );
            findings(&RULE, &text).len()
        };
        let control = "args: ['--spring.profiles.active=control', '--server.port=8090'],";
        assert_eq!(found(8090, control), 0);
        assert_eq!(found(8080, control), 1, "the same port");
        assert_eq!(found(8090, ""), 1, "the same arguments");
    }

    #[test]
    fn the_volumes_of_one_container_are_one_finding() {
        assert_eq!(drifts("'pages:/pages'"), [1]);
        assert_eq!(drifts("'pages:/pages', 'files:/files'"), [2]);
    }

    #[test]
    fn a_volume_that_several_services_share_takes_one_claim() {
        let text = |other: &str| {
            format!(
                "# file: compose.yaml\nservices:\n  wiki: {{image: 'acme/wiki:3', volumes: ['pages:/pages']}}\n  worker: {{image: 'acme/worker:3', volumes: ['{other}:/pages:ro']}}\n# file: k8s/wiki.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: wiki}}\nspec: {{containers: [{{name: wiki, image: 'acme/wiki:3'}}]}}\n"
            )
        };
        let found = findings(&RULE, &text("pages"));
        let why = found[0].why.as_deref().unwrap_or_default();
        assert!(why.starts_with("In Compose `worker` is also in this volume."), "{why}");
        assert!(found[0].help.as_deref().is_some_and(|it| it.contains("ReadWriteMany")));
        assert_eq!(findings(&RULE, &text("cache"))[0].why, None);
    }

    #[test]
    fn folders_of_the_host_keep_data_too() {
        for volume in [
            "'./data:/var/lib/wiki'",
            "'/srv/wiki:/data'",
            "'./uploads:/app/uploads'",
            "{type: bind, source: ./storage, target: /pages}",
            "{type: volume, source: pages, target: /pages}",
        ] {
            assert_eq!(drifts(volume), [1], "{volume}");
        }
        for volume in [
            "'./data:/var/lib/wiki:ro'",
            "{type: bind, source: ./data, target: /pages, read_only: true}",
            "'pages:/pages:ro'",
            "'./wiki.conf:/etc/wiki.conf'",
            "'./scripts:/scripts'",
            "'/etc/localtime:/etc/localtime'",
            "{type: tmpfs, target: /data}",
        ] {
            assert_eq!(drifts(volume), [0; 0], "{volume}");
        }
    }

    #[test]
    fn whatever_the_cluster_mounts_there_may_hold_the_data() {
        let found = |mount: &str, volume: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{wiki: {{image: 'acme/wiki:3', volumes: ['pages:/var/lib/wiki']}}}}\n# file: k8s/wiki.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: wiki}}\nspec: {{containers: [{{name: wiki, image: 'acme/wiki:3', volumeMounts: [{{name: v, mountPath: {mount}}}]}}], volumes: [{{name: v, {volume}}}]}}\n"
            );
            findings(&RULE, &text).len()
        };
        assert_eq!(found("/var/lib/wiki", "persistentVolumeClaim: {claimName: c}"), 0);
        assert_eq!(found("/var/lib", "emptyDir: {}"), 0);
        assert_eq!(found("/var/cache", "emptyDir: {}"), 1);
    }

    #[test]
    fn the_file_of_a_database_that_only_compose_uses_is_not_lost() {
        let found = |compose: &str, cluster: &str, volume: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{wiki: {{image: 'acme/wiki:3', environment: {{{compose}}}, volumes: ['{volume}']}}}}\n# file: k8s/wiki.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: wiki}}\nspec: {{containers: [{{name: wiki, image: 'acme/wiki:3', env: [{cluster}]}}]}}\n"
            );
            findings(&RULE, &text).len()
        };
        let sqlite = "DATABASE: sqlite";
        assert_eq!(found(sqlite, "", "sqldata:/root/data"), 0);
        assert_eq!(found(sqlite, "{name: DATABASE, value: postgres}", "sqldata:/root/data"), 0);
        assert_eq!(found(sqlite, "{name: DATABASE, value: sqlite}", "sqldata:/root/data"), 1);
        assert_eq!(found(sqlite, "", "pages:/pages"), 1);
        assert_eq!(found("", "", "sqldata:/root/data"), 1);
    }

    #[test]
    fn a_volume_beside_the_data_of_a_store_holds_nothing_to_lose() {
        let found = |image: &str, path: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{store: {{image: '{image}', volumes: ['data:{path}']}}}}\n# file: k8s/store.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: store}}\nspec: {{containers: [{{name: store, image: '{image}'}}]}}\n"
            );
            findings(&RULE, &text).len()
        };
        assert_eq!(found("redis:7", "/var/lib/redis/data"), 0);
        assert_eq!(found("redis:7", "/data"), 1);
        assert_eq!(found("acme/store:7", "/var/lib/redis/data"), 1);
    }

    #[test]
    fn another_image_of_a_data_store_keeps_its_data_elsewhere() {
        let found = |image: &str, path: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{db: {{image: 'postgres:17', volumes: ['pg:/var/lib/postgresql/data']}}}}\n# file: k8s/db.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{containers: [{{name: db, image: '{image}', volumeMounts: [{{name: data, mountPath: {path}}}]}}], volumes: [{{name: data, persistentVolumeClaim: {{claimName: db}}}}]}}\n"
            );
            findings(&RULE, &text).len()
        };
        // <https://hub.docker.com/r/bitnami/postgresql>
        assert_eq!(found("bitnami/postgresql:17", "/bitnami/postgresql"), 0);
        assert_eq!(found("bitnami/postgresql:17", "/backup"), 1);
        assert_eq!(found("postgres:17", "/bitnami/postgresql"), 1);
    }

    #[test]
    fn caddy_without_certificates_has_little_to_lose() {
        let severity = |address: &str| {
            let text = format!(
                "# file: compose.yaml\nservices: {{php: {{image: 'acme/php:3', volumes: ['caddy_data:/data']}}}}\n# file: k8s/php.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: php}}\nspec: {{containers: [{{name: php, image: 'acme/php:3', env: [{{name: SERVER_NAME, value: '{address}'}}]}}]}}\n"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(severity(":80"), "info");
        assert_eq!(severity("shop.example, :80"), "warning");
    }

    #[test]
    fn what_caddy_writes_at_every_start_may_be_lost() {
        assert_eq!(drifts("'caddy_config:/config'"), [0; 0]);
        assert_eq!(drifts("'caddy_data:/data'"), [1]);
        assert_eq!(drifts("'settings:/config'"), [1]);
    }
}
