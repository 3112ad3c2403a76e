use crate::edit::Yaml;
use crate::facts::{Backing, Facts, Mounted, Part, Unit, is_below};
use crate::knowledge::families::Family;
use crate::model::kubernetes::WorkloadKind;
use crate::report::{Confidence, Findings, Fix, Role, Severity};
use crate::rules::rule;

rule! {
    /// A database has nothing that lasts behind its data directory.
    ///
    /// ## Why it hurts
    /// The data lives and dies with the container: `docker compose down`, a node failure or the next
    /// update takes it along. With a volume at the wrong path it is worse, because everything looks
    /// as if it were kept. PostgreSQL moved its directory in version 18 and refuses the old mount.
    ///
    /// ## What helps
    /// A named volume (or a claim) at the directory that the image really writes.
    ///
    /// ## How to troubleshoot
    /// `docker inspect --format '{{json .Mounts}}' CONTAINER`: a mount with a long hexadecimal name at
    /// the data directory is a volume that nobody will find again.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:18.1
    ///     volumes:
    ///       - data:/var/lib/postgresql/data # <- service `db` (PostgreSQL) keeps its data in `/var/lib/postgresql`, and `/var/lib/postgresql/data` is mounted instead
    ///   shop:
    ///     image: mysql:8.4 # <- service `shop` (MySQL) has no volume at `/var/lib/mysql`: its data goes with the container
    /// volumes:
    ///   data:
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:18.1
    ///     volumes:
    ///       - data:/var/lib/postgresql
    ///   shop:
    ///     image: mysql:8.4
    ///     volumes:
    ///       - shop-data:/var/lib/mysql
    /// volumes:
    ///   data:
    ///   shop-data:
    /// ```
    PLM707 "data-store-without-volume" {
        since: "0.1.0", on: Both, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units().filter(|it| it.part == Part::Main) {
        let Some(family) = unit.stored() else { continue };
        let job = facts.workload_of(unit).is_some_and(|it| it.kind().is_job() || it.is_patch());
        // Several replicas of a Deployment need more than a volume, which PLM706 tells.
        let interchangeable = facts
            .workload_of(unit)
            .is_some_and(|it| it.kind() == WorkloadKind::Deployment && it.copies.many().is_some());
        let profile = facts.service_of(unit).is_some_and(|it| it.has_profile());
        if job
            || interchangeable
            || profile
            || facts.unit_role(unit) == Role::Development
            || inherits(facts, unit)
        {
            continue;
        }
        let Some(home) = home(&family, unit) else { continue };
        let mounted = facts.mounted(unit);
        if mounted.iter().any(|it| keeps(it, &home) || is_told(unit, it)) {
            continue;
        }
        let data = home.paths[0];
        let label = format!("{} ({})", unit.label, family.name);
        if let Some(wrong) = misplaced(&home, &mounted) {
            let finding = out
                .at(
                    &wrong.path.span,
                    format!(
                        "{label} keeps its data in `{data}`, and `{}` is mounted instead",
                        wrong.path
                    ),
                )
                .severity(Severity::Error);
            if !home.known_wrong(wrong.path) {
                finding.confidence(Confidence::Likely);
            }
            let span = wrong.path.span;
            if facts.written(&span).trim_matches(['"', '\'']) == wrong.path.as_str() {
                let edit = facts.replace_scalar(&span, data);
                finding.fix(Fix::r#unsafe(format!("Mount it at `{data}`"), [edit]));
            }
            check_mounts(facts, unit, finding);
            continue;
        }
        let on_purpose = |it: &Mounted<'_>| matches!(it.backing, Backing::Memory) && home.is_at(it);
        if mounted.iter().any(on_purpose) || home.uncertain || mounted.iter().any(is_config) {
            continue;
        }
        let scratch =
            mounted.iter().find(|it| matches!(it.backing, Backing::Scratch) && home.is_at(it));
        let unnamed =
            mounted.iter().find(|it| matches!(it.backing, Backing::Anonymous) && home.is_at(it));
        let finding = match scratch.or(unnamed) {
            Some(it) if matches!(it.backing, Backing::Anonymous) => out.at(
                &it.span,
                format!(
                    "{label} keeps its data in a volume without a name, which `docker compose down` leaves behind"
                ),
            ),
            Some(it) => out.at(
                &it.span,
                format!("{label} keeps its data in an `emptyDir`, which goes with the Pod"),
            ),
            None => out.at(
                &unit.image_or_name(),
                format!("{label} has no volume at `{data}`: its data goes with the container"),
            ),
        };
        check_mounts(facts, unit, finding);
        finding.maybe_fix(add_volume(facts, unit, data));
    }
}

/// Where a data store keeps its data.
struct Home<'a> {
    /// One path, or several where the version is not known.
    paths: Vec<&'a str>,
    /// Paths at which a volume looks right and keeps nothing: the image declares a volume of its
    /// own below (or refuses to start).
    traps: &'static [&'static str],
    /// The version is not known, or a setting moves the data somewhere.
    uncertain: bool,
}

impl Home<'_> {
    fn known_wrong(&self, path: &str) -> bool {
        self.traps.contains(&path.trim_end_matches('/'))
    }

    fn is_at(&self, mounted: &Mounted<'_>) -> bool {
        self.paths.iter().any(|it| mounted.covers(it))
    }
}

fn home<'u>(family: &Family, unit: &'u Unit<'_>) -> Option<Home<'u>> {
    let image = unit.image.as_ref()?;
    let mut paths: Vec<&str> = family.data_dirs(&image.repository, image.major);
    if paths.is_empty() {
        return None;
    }
    let official = matches!(
        image.repository.as_str(),
        "postgres" | "postgis/postgis" | "pgvector/pgvector" | "timescale/timescaledb" | "mongo"
    );
    let traps: &[&str] = match (family.id, image.major) {
        ("postgres", Some(18..)) if official => &["/var/lib/postgresql/data"],
        ("postgres", Some(..18)) if official => &["/var/lib/postgresql"],
        ("mongo", _) if official => &["/data"],
        _ => &[],
    };
    let mut moved = false;
    for variable in
        ["PGDATA", "MYSQL_DATADIR", "POSTGRESQL_DATA_DIR", "MONGODB_DATA_DIR", "MINIO_VOLUMES"]
    {
        if let Some(var) = unit.var(variable) {
            match var.value {
                Some(path) if path.starts_with('/') => paths = vec![path],
                _ => return None,
            }
            moved = true;
        }
    }
    // `--datadir=/db`, `server /export`, `-D /db`: a word with a path in it may be the data's.
    let mut told: Vec<&str> = Vec::new();
    for command in &unit.start.commands {
        for word in &command.words {
            if let Some((before, _)) = word.text.split_once('/') {
                told.push(&word.text[before.len()..]);
            }
        }
    }
    let traps = if moved || !told.is_empty() { &[] } else { traps };
    let uncertain = !told.is_empty() || paths.len() > 1;
    paths.extend(told);
    Some(Home { paths, traps, uncertain })
}

/// Whether a mount keeps the data: it lies at the directory, above it or below it.
fn keeps(mounted: &Mounted<'_>, home: &Home<'_>) -> bool {
    let path = mounted.path.as_str();
    let near = home.is_at(mounted) || home.paths.iter().any(|it| is_below(path, it));
    near && mounted.backing.lasts() && !home.known_wrong(path)
}

/// Whether a variable sends the program to a lasting mount, as `KAFKA_LOG_DIRS` does.
fn is_told(unit: &Unit<'_>, mounted: &Mounted<'_>) -> bool {
    let path = mounted.path.trim_end_matches('/');
    let names = |it: &str| it.split([',', ' ', '=']).any(|it| is_below(it, path));
    mounted.backing.lasts()
        && path.len() > 1
        && unit.env.iter().any(|it| it.value.is_some_and(names))
}

/// A lasting volume that can only be meant for the data, and is not where the data is.
fn misplaced<'m, 'a>(home: &Home<'_>, mounted: &'m [Mounted<'a>]) -> Option<&'m Mounted<'a>> {
    if let Some(trap) = mounted.iter().find(|it| it.backing.lasts() && home.known_wrong(it.path)) {
        return Some(trap);
    }
    if home.uncertain || mounted.iter().any(is_config) {
        return None;
    }
    let mut volumes = mounted.iter().filter(|it| {
        matches!(it.backing, Backing::Volume(_) | Backing::Claim(..) | Backing::ClaimTemplate(_))
    });
    let only = volumes.next().filter(|it| !it.read_only && is_like_data(it.path))?;
    volumes.next().is_none().then_some(only)
}

/// Paths that volumes of data are mounted at, other than for backups, logs and settings.
fn is_like_data(path: &str) -> bool {
    const OTHER: &str = "backup dump log conf etc init cert ssl tls run tmp plugin extension script share \
                         home root secret archive wal usr";
    let lower = path.to_ascii_lowercase();
    !lower
        .split('/')
        .any(|part| OTHER.split(' ').any(|it| part.starts_with(it) || part.ends_with(it)))
}

/// A settings file of the project's own may move the data.
fn is_config(mounted: &Mounted<'_>) -> bool {
    let path = mounted.path.as_str();
    let setting = [".conf", ".cnf", ".yml", ".yaml", ".xml", ".ini", ".toml"];
    setting.iter().any(|it| path.ends_with(it))
        || (matches!(mounted.backing, Backing::Config) && !path.contains("init"))
        || path.ends_with("/conf.d")
}

/// Volumes that come from another service or from a variable that only the server sets, or an image
/// that is built here and may do anything.
fn inherits(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    let Some(service) = facts.service_of(unit) else { return false };
    let unset = service.model.key("volumes").is_some_and(|it| {
        service
            .project
            .variables_in(it.entry)
            .any(|it| it.value.as_ref().is_none_or(|it| it.is_empty()))
    });
    unset || !service.model.volumes_from.is_empty() || service.is_built()
}

fn check_mounts(facts: &Facts<'_>, unit: &Unit<'_>, finding: &mut crate::report::Finding) {
    if let Some(service) = facts.service_of(unit) {
        finding.check(format!(
            "docker inspect --format '{{{{json .Mounts}}}}' $(docker compose ps -q {})",
            service.name
        ));
    } else if let Some(workload) = facts.workload_of(unit) {
        finding.check(format!(
            "kubectl get {}{} -o jsonpath='{{..volumes}}'",
            workload.reference(),
            workload.namespace_flag()
        ));
    }
}

/// A named volume for a Compose service without one.
fn add_volume(facts: &Facts<'_>, unit: &Unit<'_>, data: &str) -> Option<Fix> {
    let service = facts.service_of(unit)?;
    let project = service.project;
    let place = service.model.place()?;
    let name = format!("{}-data", service.name);
    let file = place.span.file;
    let free = !service.model.has_key("volumes") && project.volume(&name).is_none();
    if !free || project.files.first() != Some(&file) {
        return None;
    }
    let editor = facts.editor(file);
    let mount = Yaml::list([Yaml::str(format!("{name}:{data}"))]);
    let service_edit = editor.insert_entry(place, "volumes", &mount)?;
    let top = match project.keys.iter().find(|it| it.name.value == "volumes") {
        None => {
            let value = Yaml::map([(name.as_str(), Yaml::Map(Vec::new()))]);
            editor.insert_entry(project.places.first()?, "volumes", &value)?
        }
        Some(key) if key.entry.file == file => {
            let volumes = project.volumes.iter().filter(|it| it.span.file == file);
            let (first, last) = (volumes.clone().next()?, volumes.clone().next_back()?);
            let span = first.key.span.to(last.span);
            let text = facts.file(file).text();
            let between = text.get(key.name.span.end as usize..span.start as usize)?;
            if between.contains(['{', '&', '*']) {
                return None;
            }
            let place = crate::model::Place { span, ..crate::model::Place::default() };
            editor.insert_entry(&place, &name, &Yaml::Map(Vec::new()))?
        }
        Some(_) => return None,
    };
    Some(Fix::r#unsafe(format!("Keep `{data}` in volume `{name}`"), [service_edit, top]))
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::edit::apply::apply;
    use crate::rules::testing::{files, findings, messages, run};

    fn service(image: &str, body: &str) -> Vec<&'static str> {
        let text = format!(
            "services: {{ db: {{ image: '{image}', {body} }} }}\nvolumes: {{ vol: {{}} }}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn the_version_decides_the_path() {
        for (image, path, found) in [
            ("postgres:17", "/var/lib/postgresql/data", None),
            ("postgres:17", "/var/lib/postgresql", Some("error")),
            ("postgres:18-alpine", "/var/lib/postgresql", None),
            ("postgres:18-alpine", "/var/lib/postgresql/data", Some("error")),
            ("postgres", "/var/lib/postgresql/data", None),
            ("mysql:8", "/var/lib/mysql", None),
            ("mysql:8", "/var/lib/mysq", Some("error")),
            ("mysql:8", "/backups", Some("warning")),
            ("mongo:7", "/data/db", None),
            ("mongo:7", "/data", Some("error")),
            ("elasticsearch:8.15.0", "/usr/share/elasticsearch/data", None),
        ] {
            let body = format!("volumes: ['vol:{path}']");
            assert_eq!(service(image, &body), Vec::from_iter(found), "{image} {path}");
        }
    }

    #[test]
    fn settings_memory_caches_and_own_images_are_silent() {
        for (image, body) in [
            ("postgres:17", "tmpfs: [/var/lib/postgresql/data]"),
            ("postgres:17", "environment: { PGDATA: /db }, volumes: ['vol:/db']"),
            ("postgres:17", "volumes: ['./data:/var/lib/postgresql/data']"),
            ("postgres:17", "build: ."),
            ("postgres:17", "profiles: [test]"),
            ("mysql:8", "command: ['--datadir=/db'], volumes: ['vol:/db']"),
            ("mysql:8", "volumes: ['./my.cnf:/etc/mysql/my.cnf', 'vol:/db']"),
            ("redis:7", ""),
            ("memcached:1", ""),
            ("acme/own-postgres:1", ""),
            (
                "apache/kafka:4.0.0",
                "environment: { KAFKA_LOG_DIRS: /kafka/logs }, volumes: ['vol:/kafka']",
            ),
            ("postgres:17", "volumes: ['${DB_DATA}:/var/lib/postgresql/data']"),
            ("minio/minio:1", "command: server /export, volumes: ['vol:/export']"),
            ("rabbitmq:4", "volumes: ['vol:/var/lib/rabbitmq/mnesia']"),
            ("postgres:17", "command: [pg_dump, app]"),
        ] {
            assert!(service(image, body).is_empty(), "{image} {body}");
        }
        let test = "# file: compose.test.yaml\nservices: { db: { image: 'postgres:17' } }\n";
        assert!(messages(&RULE, test).is_empty());
    }

    #[test]
    fn the_fix_knows_whether_there_are_volumes() {
        for top in ["", "volumes:\n  other:\n", "volumes:\n  other:\n    driver: local\n"] {
            let before = files(&format!("services:\n  db:\n    image: mysql:8\n{top}"));
            let report = run(&RULE, &before);
            let (after, applied) = apply(&before, &report, true);
            assert_eq!(applied, 1, "{top}");
            assert!(run(&RULE, &after).findings.is_empty(), "{}", after[0].text);
            assert!(after[0].text.contains("\n  db-data:"), "{}", after[0].text);
        }
    }

    #[test]
    fn a_volume_without_a_name_is_not_found_again() {
        let text =
            "services: { db: { image: 'postgres:17', volumes: [/var/lib/postgresql/data] } }\n";
        assert!(messages(&RULE, text)[0].contains("without a name"));
    }

    #[test]
    fn a_patch_is_not_the_whole_workload() {
        let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: db }\n\
                    spec: { template: { spec: { containers: [{ name: db, image: 'postgres:17' }] } } }\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn the_cluster_counts_too() {
        let pod = |volume: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{ name: db }}\nspec:\n  selector: {{ matchLabels: {{ a: b }} }}\n  template:\n    spec:\n      \
                 containers: [{{ name: db, image: 'postgres:17', volumeMounts: [{{ name: d, mountPath: /var/lib/postgresql/data }}] }}]\n      \
                 volumes: [{volume}]\n"
            );
            messages(&RULE, &text)
        };
        assert!(pod("{ name: d, persistentVolumeClaim: { claimName: d } }").is_empty());
        assert!(pod("{ name: d, emptyDir: { medium: Memory } }").is_empty());
        assert!(pod("{ name: d, emptyDir: {} }")[0].contains("emptyDir"));
        assert!(pod("").is_empty(), "a patch leaves the volume to somebody else");
    }
}
