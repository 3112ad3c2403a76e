use crate::facts::{
    Backing, DataHome, Facts, Mounted, Part, Site, Together, Unit, is_below, new_volume_name,
};
use crate::knowledge::families::{Class, Family};
use crate::knowledge::stores::declares_volume;
use crate::model::kubernetes::WorkloadKind;
use crate::report::phrases::named;
use crate::report::{Confidence, Finding, Findings, Fix, Role, Severity};
use crate::rules::rule;
use crate::text::{FileId, Span};
use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};

rule! {
    /// A database has no lasting storage at its data directory.
    ///
    /// ## Why it hurts
    /// What is written outside of a lasting volume goes with its container or its Pod: when it is made anew,
    /// when its node fails, with the next update.
    ///
    /// ## What helps
    /// A named volume (or a claim) at the directory that the image really writes to.
    ///
    /// ## How to troubleshoot
    /// `docker inspect --format '{{json .Mounts}}' CONTAINER` lists the mounts. If the one at the
    /// data directory has a long hexadecimal name, it is an anonymous volume that nobody will find
    /// again.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:18.1
    ///     volumes:
    ///       - data:/var/lib/postgresql/data # <- service `db` (PostgreSQL) keeps its data in `/var/lib/postgresql`, but the volume is mounted at `/var/lib/postgresql/data`
    ///   shop:
    ///     image: mysql:8.4 # <- service `shop` (MySQL) has no volume at `/var/lib/mysql`: its data goes into an anonymous volume, which `docker compose down` leaves behind
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
    // Stores without any volume, started together, are one oversight.
    let mut homeless: IndexMap<Oversight<'_>, Vec<Homeless<'_, '_>>> = IndexMap::new();
    let mut nameless: IndexMap<FileId, Vec<Nameless<'_, '_>>> = IndexMap::new();
    for unit in facts.units().filter(|it| it.part == Part::Main) {
        let known = unit.stored().or_else(|| unit.kept_monitoring());
        let Some(family) = known.or_else(|| unit.only_set_up()) else { continue };
        if is_exempt(facts, unit) {
            continue;
        }
        let Some(home) = unit.data_home(family) else { continue };
        let mounted = facts.mounted(unit);
        if keeps_elsewhere(family, unit, &mounted)
            || mounted.iter().any(|it| home.is_kept_by(it) || unit.names_mount(it))
        {
            continue;
        }
        let label = format!("{} ({})", unit.label, family.name);
        match home.misplaced(family, &mounted) {
            Some(wrong) => report_misplaced(facts, unit, &label, &home, wrong, out),
            None => {
                let missing = missing(facts, (unit, family), label, &home, &mounted);
                let is_accepted =
                    |span: Span| facts.is_accepted(span, &|selector| RULE.is(selector));
                match missing {
                    Some(Missing::Scratch(label, span)) => {
                        report_scratch(facts, (unit, family), &label, span, out);
                    }
                    Some(Missing::Nameless(it)) if is_accepted(it.volume.span) => {
                        report_nameless(facts, &[it], out);
                    }
                    Some(Missing::Nameless(it)) => {
                        let all = nameless.entry(it.volume.span.file).or_default();
                        if all.iter().all(|other| other.volume.span != it.volume.span) {
                            all.push(it);
                        }
                    }
                    Some(Missing::Homeless(it)) if is_accepted(it.span) => {
                        let fates = Fates::of(facts, [&it]);
                        report_homeless(facts, &[it], &fates, out);
                    }
                    Some(Missing::Homeless(it)) => {
                        let all = homeless.entry(Oversight::of(facts, unit, family)).or_default();
                        if all.iter().all(|other| other.span != it.span) {
                            all.push(it);
                        }
                    }
                    None => {}
                }
            }
        }
    }
    for all in nameless.into_values() {
        report_nameless(facts, &all, out);
    }
    let fates = Fates::of(facts, homeless.values().flatten());
    for mut all in homeless.into_values() {
        // A queue mostly has less to lose than a database.
        all.sort_by_key(|it| it.family.class == Class::Queue);
        report_homeless(facts, &all, &fates, out);
    }
}

/// The settings that the image of Loki brings, which keep everything below its data directory.
///
/// Source: grafana/loki, `cmd/loki/loki-local-config.yaml`.
const LOKI_SETTINGS: &str = "/etc/loki/local-config.yaml";

/// Variables that give Grafana a database of another server. Source: Grafana documentation, "Configure Grafana",
/// section `[database]`.
const GRAFANA_DATABASE: &[&str] = &["GF_DATABASE_TYPE", "GF_DATABASE_HOST", "GF_DATABASE_URL"];

/// Whether a program for monitoring keeps its data in another place, or brings all of it from the project's files.
fn keeps_elsewhere(family: &Family, unit: &Unit<'_>, mounted: &[Mounted<'_>]) -> bool {
    match family.id {
        "grafana" => {
            mounted.iter().any(|it| it.path.contains("provisioning"))
                || GRAFANA_DATABASE.iter().any(|it| unit.var(it).is_some())
        }
        // Settings of one's own mostly name an object store.
        "loki" => {
            let is_own =
                |word: &str| word.contains("config.file") && !word.ends_with(LOKI_SETTINGS);
            mounted.iter().any(|it| it.is_setting_of(family) || is_below(LOKI_SETTINGS, it.path))
                || unit.start.words.iter().any(|it| is_own(it))
        }
        _ => false,
    }
}

/// What stores without volumes have in common: their Compose file, or what they are applied with.
#[derive(PartialEq, Eq, Hash)]
enum Oversight<'a> {
    File(FileId, bool),
    Applied(Together<'a>, bool),
}

impl<'a> Oversight<'a> {
    /// Returns the group of a store. Measurements are easier to lose than what people entered, so they are a
    /// finding of their own.
    fn of(facts: &Facts<'a>, unit: &Unit<'a>, family: &Family) -> Oversight<'a> {
        let is_measured = family.class == Class::Monitoring;
        match unit.is_compose() {
            // Several projects may have one file in common.
            true => Oversight::File(unit.name.span.file, is_measured),
            false => Oversight::Applied(facts.started_with(unit), is_measured),
        }
    }
}

/// A data store that mounts nothing where it keeps its data.
struct Homeless<'f, 'a> {
    unit: &'f Unit<'a>,
    family: &'static Family,
    label: String,
    data: String,
    span: Span,
    /// Whether the only mounts are scripts that fill an empty store.
    is_filled_anew: bool,
    /// Whether the data may be kept in another place, as the version is not known.
    is_uncertain: bool,
    /// Whether the start command names another place than the usual one.
    is_moved: bool,
}

impl Homeless<'_, '_> {
    /// Whether the image declares a volume at the directory, so that Docker makes one without a name.
    fn is_anonymous(&self) -> bool {
        let repository = self.unit.runs.as_ref().map_or("", |it| it.repository.as_str());
        self.unit.is_compose() && declares_volume(repository) && !self.is_moved
    }

    /// Returns what stores without a volume in one part of the project have in common, whatever becomes of
    /// their data: the part, and a cause.
    fn oversight(&self, facts: &Facts<'_>) -> (usize, String) {
        let side = if self.unit.is_compose() { "compose" } else { "cluster" };
        let is_measured = self.family.class == Class::Monitoring;
        (facts.part_of(self.span.file), format!("{side} {is_measured}"))
    }

    /// Returns what becomes of the data.
    fn fate(&self) -> &'static str {
        match self.is_anonymous() {
            true => "goes into an anonymous volume, which `docker compose down` leaves behind",
            false => "is lost with the container",
        }
    }
}

/// What becomes of the data of the stores that are reported as one oversight: whether some of it is left in
/// anonymous volumes.
struct Fates(FxHashMap<(usize, String), FxHashSet<bool>>);

impl Fates {
    fn of<'h, 'f: 'h, 'a: 'f>(
        facts: &Facts<'_>,
        stores: impl IntoIterator<Item = &'h Homeless<'f, 'a>>,
    ) -> Fates {
        let mut fates: FxHashMap<(usize, String), FxHashSet<bool>> = FxHashMap::default();
        for store in stores {
            fates.entry(store.oversight(facts)).or_default().insert(store.is_anonymous());
        }
        Fates(fates)
    }

    /// Whether some data of an oversight is lost, and some is left behind.
    fn differ(&self, oversight: &(usize, String)) -> bool {
        self.0.get(oversight).is_some_and(|it| it.len() > 1)
    }
}

/// A data store that keeps its data in a volume without a name.
struct Nameless<'f, 'a> {
    unit: &'f Unit<'a>,
    label: String,
    volume: Mounted<'a>,
}

/// What keeps no data of a store.
enum Missing<'f, 'a> {
    /// The `emptyDir` of a store with this label is mounted here.
    Scratch(String, Span),
    Nameless(Nameless<'f, 'a>),
    Homeless(Homeless<'f, 'a>),
}

/// Why data that is nowhere else is lost.
const LOST: &str = "What is written outside of a lasting volume goes with its container or its Pod: when it is made anew, when its node fails, with the next update.";

/// What is so for the image of some stores only.
const DECLARED: &str = "Some images declare a volume of their own at this directory.";

/// Why an anonymous volume loses data.
const ANONYMOUS: &str = "Docker carries such a volume over while `up` replaces the container. After `docker compose down`, and on any other machine, the container starts with a new, empty one; the old one has only a hexadecimal name, and `docker volume prune` deletes it.";

fn report_homeless(facts: &Facts<'_>, all: &[Homeless<'_, '_>], fates: &Fates, out: &mut Findings) {
    let Some((first, others)) = all.split_first() else { return };
    let (label, data) = (&first.label, &first.data);
    let is_anonymous = first.is_anonymous();
    let place = if first.is_uncertain { String::new() } else { format!(" at `{data}`") };
    let fate = first.fate();
    let finding = out.at(&first.span, format!("{label} has no volume{place}: its data {fate}"));
    let is_same = |it: &Homeless<'_, '_>| it.is_anonymous() == is_anonymous;
    let oversight = first.oversight(facts);
    finding.why(match fates.differ(&oversight) {
        false if is_anonymous => ANONYMOUS.to_owned(),
        false => LOST.to_owned(),
        true => format!("{LOST} {DECLARED} {ANONYMOUS}"),
    });
    if first.family.class == Class::Monitoring {
        finding.severity(Severity::Info);
    }
    if first.unit.certain_family().is_none() {
        finding.confidence(Confidence::Likely);
    }
    help_for_cluster(facts, first.unit, finding);
    if all.iter().all(|it| it.is_filled_anew) {
        finding.severity(Severity::Info).help("If the scripts bring all that it holds, nothing is lost. What is written later belongs in a volume.");
    }
    finding.cause(oversight.1);
    relate_counterpart(facts, first.unit, finding);
    let others: Vec<(Span, String)> = others
        .iter()
        .map(|it| {
            let (label, data) = (&it.label, &it.data);
            let fate = match is_same(it) {
                true => String::new(),
                false => format!(": its data {}", it.fate()),
            };
            (it.span, format!("{label} has no volume at `{data}` either{fate}"))
        })
        .collect();
    finding.stands_for(&others);
    finding.check(facts.show_mounts(first.unit));
    finding.maybe_fix(add_volumes(facts, all));
}

/// Says what a workload of a cluster needs: a claim.
fn help_for_cluster(facts: &Facts<'_>, unit: &Unit<'_>, finding: &mut Finding) {
    let Some(workload) = facts.workload_of(unit) else { return };
    let help = match workload.kind() {
        WorkloadKind::StatefulSet => {
            "Add a claim to `volumeClaimTemplates`, and mount it at the directory that the image really writes to."
        }
        _ => "Mount a PersistentVolumeClaim at the directory that the image really writes to.",
    };
    finding.help(help);
}

/// Names the place where Compose keeps the data of the same store.
fn relate_counterpart(facts: &Facts<'_>, unit: &Unit<'_>, finding: &mut Finding) {
    let Site::Container(workload, at) = unit.site else { return };
    let Some(pair) = facts.counterpart_of_container(workload, at) else { return };
    let (service, ..) = facts.pair(pair);
    let Some(home) = service.unit.stored().and_then(|family| service.unit.data_home(family)) else {
        return;
    };
    if let Some(kept) = facts.mounted(&service.unit).iter().find(|it| home.is_kept_by(it)) {
        finding.also(&kept.span, format!("Compose keeps the data of `{}` here", service.name));
    }
}

/// Whether a data store may do without a volume of its own, or another rule reports it.
fn is_exempt(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    let workload = facts.workload_of(unit);
    let job = workload.is_some_and(|it| it.kind().is_job() || it.is_patch());
    // Several replicas of a Deployment need more than a volume: PLM706 reports them.
    let interchangeable = workload
        .is_some_and(|it| it.kind() == WorkloadKind::Deployment && it.copies.many().is_some());
    let profile = facts.service_of(unit).is_some_and(|it| it.has_profile());
    job || interchangeable
        || profile
        || facts.unit_role(unit) == Role::Development
        || facts.hides_mounts(unit)
}

fn report_misplaced(
    facts: &Facts<'_>,
    unit: &Unit<'_>,
    label: &str,
    home: &DataHome<'_>,
    wrong: &Mounted<'_>,
    out: &mut Findings,
) {
    let data = home.path();
    let span = wrong.path.span;
    let is_anonymous = matches!(wrong.backing, Backing::Anonymous);
    let what = if is_anonymous { "an anonymous volume" } else { "the volume" };
    let is_untagged = unit.is_untagged_postgres();
    let since = if is_untagged { " in version 18 and newer" } else { "" };
    let finding = out
        .at(
            &span,
            format!(
                "{label} keeps its data in `{data}`{since}, but {what} is mounted at `{}`",
                wrong.path
            ),
        )
        .severity(Severity::Error)
        .why("Everything looks as if the data were kept, but what is written outside of the volume goes with its container: when it is made anew, with the next update.")
        // The files of several variants have the same mount.
        .cause(format!("misplaced {}", unit.name));
    help_for_cluster(facts, unit, finding);
    if !home.is_trap(wrong.path) {
        finding.confidence(Confidence::Likely);
    }
    let runs = unit.runs.as_ref();
    if is_untagged {
        finding.confidence(Confidence::Likely);
    }
    let is_postgres = runs.is_some_and(|it| it.family.id == "postgres");
    let refuses = home.is_trap(wrong.path)
        && (is_untagged || is_postgres && runs.is_some_and(|it| it.major >= Some(18)));
    if refuses {
        finding
            .why("PostgreSQL moved its directory in version 18: the image keeps the data in a folder for its version below `/var/lib/postgresql`, and refuses to start with a volume at the old path.")
            .help(match is_untagged {
                true => "Mount the volume at `/var/lib/postgresql`, and name the version in the tag. Data of version 17 or older: stay on that version with the old path, or take a dump of it and load it into the new one.",
                false => "Mount the volume at `/var/lib/postgresql`. Data of version 17 or older: stay on that version with the old path, or take a dump of it and load it into the new one.",
            });
    }
    if is_anonymous {
        finding.maybe_fix(facts.name_volumes(&[(unit, wrong, data)]));
    } else if facts.written(&span).trim_matches(['"', '\'']) == wrong.path.as_str() {
        let edit = facts.replace_scalar(&span, data);
        finding.fix(Fix::r#unsafe(format!("Mount the volume at `{data}`"), [edit]));
    }
    finding.check(if refuses { show_logs(facts, unit) } else { facts.show_mounts(unit) });
}

/// Returns the command that shows why a store does not start.
fn show_logs<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> String {
    match facts.workload_of(unit) {
        Some(workload) => workload.logs(unit, "--tail=20"),
        None => facts.compose_for(unit, &format!("logs --tail 20 {}", unit.name)),
    }
}

/// Returns where the data of a store goes that does not stay; `None` where it may stay.
fn missing<'f, 'a>(
    facts: &Facts<'_>,
    (unit, family): (&'f Unit<'a>, &'static Family),
    label: String,
    home: &DataHome<'_>,
    mounted: &[Mounted<'a>],
) -> Option<Missing<'f, 'a>> {
    let data = home.path();
    let at_home =
        |is: fn(&Backing<'_>) -> bool| mounted.iter().find(|it| is(&it.backing) && home.is_at(it));
    let on_purpose = at_home(|it| matches!(it, Backing::Memory)).is_some();
    // Where nothing lasting is mounted, the data is lost wherever it is.
    let may_keep =
        |it: &Mounted<'_>| !it.is_setting_of(family) && !matches!(it.backing, Backing::Config);
    let is_bare = !mounted.iter().any(may_keep);
    let is_unclear = home.is_uncertain || mounted.iter().any(|it| it.is_setting_of(family));
    if on_purpose || is_unclear && !is_bare {
        return None;
    }
    if let Some(scratch) = at_home(|it| matches!(it, Backing::Scratch)) {
        return Some(Missing::Scratch(label, scratch.span));
    }
    if let Some(anonymous) = at_home(|it| matches!(it, Backing::Anonymous)) {
        return Some(Missing::Nameless(Nameless { unit, label, volume: *anonymous }));
    }
    let is_script = |it: &Mounted<'_>| it.path.contains("initdb");
    Some(Missing::Homeless(Homeless {
        unit,
        family,
        label,
        data: data.to_owned(),
        span: facts.image_key(unit),
        is_filled_anew: !mounted.is_empty() && mounted.iter().all(is_script),
        is_uncertain: home.is_one_of_several(),
        is_moved: home.is_moved(),
    }))
}

fn report_scratch(
    facts: &Facts<'_>,
    (unit, family): (&Unit<'_>, &Family),
    label: &str,
    span: Span,
    out: &mut Findings,
) {
    let message = format!("{label} keeps its data in an `emptyDir`, which is deleted with the Pod");
    let finding = out.at(&span, message);
    help_for_cluster(facts, unit, finding);
    // The files of several variants have the same mount.
    finding.why(LOST).cause(format!("{} {}", unit.name, family.id));
    relate_counterpart(facts, unit, finding);
    finding.check(facts.show_mounts(unit));
}

/// Reports the stores of one file that keep their data in volumes without a name, which is one habit.
fn report_nameless(facts: &Facts<'_>, all: &[Nameless<'_, '_>], out: &mut Findings) {
    let Some((first, others)) = all.split_first() else { return };
    let finding = out.at(
        &first.volume.span,
        format!(
            "{} keeps its data in an anonymous volume, which `docker compose down` leaves behind",
            first.label
        ),
    );
    let others = others.iter().map(|it| (it.volume.span, format!("so does {}", it.label)));
    finding.stands_for(&others.collect::<Vec<_>>());
    finding.why(ANONYMOUS).cause("anonymous volume").check(facts.show_mounts(first.unit));
    let volumes: Vec<_> =
        all.iter().map(|it| (it.unit, &it.volume, it.volume.path.as_str())).collect();
    finding.maybe_fix(facts.name_volumes(&volumes));
}

/// Builds a fix that adds a named volume to each Compose service of a list that has no volumes. There is no
/// fix if the first service cannot have one.
fn add_volumes(facts: &Facts<'_>, all: &[Homeless<'_, '_>]) -> Option<Fix> {
    let first = facts.service_of(all.first()?.unit)?;
    let file = first.model.place()?.span.file;
    let mut names = Vec::new();
    let mut edits = Vec::new();
    for homeless in all {
        let edit = (!homeless.is_uncertain)
            .then(|| facts.mount_new_volume(homeless.unit, homeless.family, &homeless.data, first));
        match edit.flatten() {
            Some(edit) => {
                edits.push(edit);
                names.push(new_volume_name(homeless.unit));
            }
            None if edits.is_empty() => return None,
            None => {}
        }
    }
    let title = match all {
        [only] => format!("Keep `{}` in volume `{}`", only.data, new_volume_name(only.unit)),
        _ => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("Keep the data in volumes: {}", named(&names))
        }
    };
    edits.push(facts.declare_volumes(first, file, &names)?);
    Some(Fix::r#unsafe(title, edits))
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
            ("postgres", "/var/lib/postgresql/data", Some("error")),
            ("postgres:latest", "/var/lib/postgresql", None),
            ("postgres:bookworm", "/var/lib/postgresql/data", None),
            ("mysql:8", "/var/lib/mysql", None),
            ("mysql:8", "/var/lib/mysq", Some("error")),
            ("mysql:8", "/backups", Some("warning")),
            ("mongo:7", "/data/db", None),
            ("mongo:7", "/data", Some("error")),
            ("prom/prometheus:v3.1.0", "/prometheus", None),
            ("elasticsearch:8.15.0", "/usr/share/elasticsearch/data", None),
        ] {
            let body = format!("volumes: ['vol:{path}']");
            assert_eq!(service(image, &body), Vec::from_iter(found), "{image} {path}");
        }
    }

    #[test]
    fn settings_memory_caches_and_built_images_are_silent() {
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
    fn an_anonymous_volume_is_not_found_again() {
        let text =
            "services: { db: { image: 'postgres:17', volumes: [/var/lib/postgresql/data] } }\n";
        assert!(messages(&RULE, text)[0].contains("anonymous volume"));
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
        assert!(pod("").is_empty(), "a patch leaves the volume to another file");
    }

    #[test]
    fn a_fix_mends_every_store_and_fixes_the_host_name_where_it_matters() {
        let text = "services:\n  queue:\n    image: rabbitmq:4.0\n  db:\n    image: mysql:8.4\n";
        let sources = files(text);
        let report = run(&RULE, &sources);
        assert_eq!(report.findings.len(), 1);
        let fixed = crate::rules::testing::apply_fixes(&sources, &report);
        assert_eq!(
            &*fixed[0].text,
            "services:\n  queue:\n    image: rabbitmq:4.0\n    volumes:\n      - queue-data:/var/lib/rabbitmq\n    hostname: queue\n  db:\n    image: mysql:8.4\n    volumes:\n      - db-data:/var/lib/mysql\nvolumes:\n  db-data: {}\n  queue-data: {}\n"
        );
    }

    #[test]
    fn a_server_that_refuses_to_start_is_asked_for_its_log() {
        let found = |image: &str| {
            let text = format!(
                "services: {{db: {{image: '{image}', volumes: ['vol:/var/lib/postgresql/data']}}}}\nvolumes: {{vol: {{}}}}\n"
            );
            findings(&RULE, &text).remove(0)
        };
        for image in ["postgres", "postgres:18.1"] {
            let found = found(image);
            assert_eq!(found.check, ["docker compose logs --tail 20 db"], "{image}");
            let help = found.help.unwrap_or_default();
            assert!(help.starts_with("Mount the volume at `/var/lib/postgresql`"), "{help}");
        }
        assert!(found("postgres").message.contains("in version 18 and newer"));
        let slip = "services: {db: {image: 'mysql:8', volumes: ['vol:/var/lib/mysq']}}\nvolumes: {vol: {}}\n";
        assert!(findings(&RULE, slip)[0].check[0].contains(".Mounts"));
    }

    #[test]
    fn volumes_without_a_name_are_one_habit() {
        let file = |path: &str| {
            format!(
                "# file: {path}\nservices:\n  db:\n    image: postgres:17\n    volumes:\n      - /var/lib/postgresql/data\n  shop:\n    image: mysql:8.4\n    volumes:\n      - /var/lib/mysql\n"
            )
        };
        let sources = files(&file("compose.yaml"));
        let report = run(&RULE, &sources);
        assert_eq!(report.findings.len(), 1);
        assert_eq!(report.findings[0].related[0].message, "so does service `shop` (MySQL)");
        let fixed = crate::rules::testing::apply_fixes(&sources, &report);
        assert_eq!(
            &*fixed[0].text,
            "services:\n  db:\n    image: postgres:17\n    volumes:\n      - db-data:/var/lib/postgresql/data\n  shop:\n    image: mysql:8.4\n    volumes:\n      - shop-data:/var/lib/mysql\nvolumes:\n  db-data: {}\n  shop-data: {}\n"
        );
        let both = [file("compose.yaml"), file("compose.full.yaml")].concat();
        assert_eq!(findings(&RULE, &both).len(), 1);
    }

    #[test]
    fn data_that_is_lost_and_data_that_is_left_behind_are_one_oversight() {
        let search = "elasticsearch:8.15.0";
        let file = |path: &str, image: &str| {
            format!("# file: {path}\nservices: {{db: {{image: '{image}'}}}}\n")
        };
        let why = |other: &str| {
            let text = [file("compose.yaml", "mysql:8.4"), file("compose.full.yaml", other)];
            let found = findings(&RULE, &text.concat());
            assert_eq!(found.len(), 1, "{other}");
            let said = found[0].related[0].message.clone();
            (found[0].why.clone().unwrap_or_default(), said)
        };
        let (both, other) = why(search);
        assert!(both.contains("Some images declare a volume") && both.contains("prune"), "{both}");
        assert_eq!(
            other,
            "service `db` (Elasticsearch) has no volume at `/usr/share/elasticsearch/data`: its data is lost with the container"
        );
        let (one, other) = why("mongo:8.0");
        assert!(!one.contains("Some images declare"), "{one}");
        assert!(other.ends_with("which `docker compose down` leaves behind"), "{other}");
        let text = format!("services: {{a: {{image: 'mysql:8.4'}}, b: {{image: '{search}'}}}}\n");
        let found = findings(&RULE, &text);
        assert_eq!(
            found[0].related[0].message,
            "service `b` (Elasticsearch) has no volume at `/usr/share/elasticsearch/data` either: its data is lost with the container"
        );
    }

    #[test]
    fn only_options_for_data_move_it() {
        let mounts = "volumes: [/var/lib/postgresql/data, './pki:/pki']";
        let tls = "command: [postgres, -c, ssl_cert_file=/pki/postgresql.pem, -c, ssl_ca_file=/pki/ca.pem]";
        assert_eq!(service("postgres:17", &format!("{tls}, {mounts}")), ["warning"]);
        let moved = "command: [postgres, -c, data_directory=/pki]";
        assert!(service("postgres:17", &format!("{moved}, {mounts}")).is_empty());
        let settings = "command: [postgres, -c, config_file=/etc/postgresql.conf]";
        assert!(service("postgres:17", &format!("{settings}, volumes: ['vol:/db']")).is_empty());
    }

    #[test]
    fn other_volumes_do_not_hide_a_misplaced_one() {
        let certs = "'vol:/usr/share/elasticsearch/config/certs'";
        let wrong = "/var/lib/elasticsearch/data";
        let body = format!("volumes: [{certs}, {wrong}]");
        assert_eq!(service("elasticsearch:8.15.0", &body), ["error"]);
        let two = format!("volumes: [/data/a, {wrong}]");
        assert_eq!(service("elasticsearch:8.15.0", &two), ["warning"], "which one is meant?");
    }

    #[test]
    fn settings_do_not_keep_data() {
        let pod = |path: &str, more: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: q }}\nspec:\n  selector: {{ matchLabels: {{ a: b }} }}\n  template:\n    metadata: {{ labels: {{ a: b }} }}\n    spec:\n      containers: [{{ name: q, image: 'rabbitmq:4.0', volumeMounts: [{{ name: c, mountPath: {path} }}{more}] }}]\n      volumes: [{{ name: c, configMap: {{ name: c }} }}, {{ name: d, persistentVolumeClaim: {{ claimName: d }} }}]\n"
            );
            messages(&RULE, &text)
        };
        assert_eq!(pod("/etc/shop", "").len(), 1);
        assert_eq!(pod("/etc/rabbitmq", "").len(), 1, "nothing else is mounted");
        let claim = ", { name: d, mountPath: /backup }";
        assert!(pod("/etc/rabbitmq", claim).is_empty(), "the settings may move the data");
        assert_eq!(pod("/etc/shop", claim).len(), 1);
    }

    #[test]
    fn a_store_without_any_mount_loses_its_data_wherever_it_is() {
        for (image, body, place) in [
            ("minio/minio:RELEASE.2024-01-01T00-00-00Z", "command: server /data", true),
            (
                "quay.io/coreos/etcd:v3.5.0",
                "command: [etcd, --advertise-client-urls, 'http://a:2379']",
                true,
            ),
            ("mysql:8.4", "command: ['--datadir=/db']", true),
            ("mysql:8.4", "command: ['--datadir=/db'], volumes: ['vol:/x']", false),
        ] {
            assert_eq!(service(image, body).len(), usize::from(place), "{image} {body}");
        }
    }

    #[test]
    fn what_is_measured_is_a_note() {
        assert_eq!(service("prom/prometheus:v3.1.0", "restart: always"), ["info"]);
        let settings = "volumes: ['./p.yml:/etc/prometheus/prometheus.yml']";
        assert_eq!(service("prom/prometheus:v3.1.0", settings), ["info"]);
        assert_eq!(service("grafana/grafana:12.0.0", "restart: always"), ["info"]);
        let provisioned = "volumes: ['./g:/etc/grafana/provisioning']";
        assert!(service("grafana/grafana:12.0.0", provisioned).is_empty());
        let database = "environment: {GF_DATABASE_TYPE: postgres}";
        assert!(service("grafana/grafana:12.0.0", database).is_empty());
        assert_eq!(service("datalust/seq:2024.3", "restart: always"), ["info"]);
        assert!(service("datalust/seq:2024.3", "volumes: ['vol:/data']").is_empty());
    }

    #[test]
    fn loki_keeps_its_data_where_its_settings_say() {
        for plain in ["restart: always", "command: -config.file=/etc/loki/local-config.yaml"] {
            assert_eq!(service("grafana/loki:3.5.0", plain), ["info"], "{plain}");
            let kept = format!("{plain}, volumes: ['vol:/loki']");
            assert!(service("grafana/loki:3.5.0", &kept).is_empty(), "{kept}");
        }
        for own in [
            "volumes: ['./loki.yaml:/etc/loki/local-config.yaml']",
            "volumes: ['./loki:/etc/loki']",
            "command: -config.file=/mnt/config/loki.yaml",
        ] {
            assert!(service("grafana/loki:3.5.0", own).is_empty(), "{own}");
        }
    }

    #[test]
    fn a_store_of_ones_own_is_known_by_its_variables() {
        let variables = "environment: {MYSQL_ROOT_PASSWORD: '${PASSWORD}'}";
        assert_eq!(service("acme/catalogue:1", variables), ["warning"]);
        let kept = format!("{variables}, volumes: ['vol:/var/lib/mysql']");
        assert!(service("acme/catalogue:1", &kept).is_empty());
        let client = "environment: {MYSQL_USER: shop, MYSQL_PASSWORD: '${PASSWORD}'}";
        assert!(service("acme/catalogue:1", client).is_empty());
        let dump = format!("{variables}, command: [mysqldump, shop]");
        assert!(service("acme/catalogue:1", &dump).is_empty());
    }

    #[test]
    fn an_anonymous_volume_at_the_wrong_path_is_the_slip() {
        let text = "services:\n  search:\n    image: elasticsearch:8.15.0\n    volumes:\n      - /var/lib/elasticsearch/data\n";
        let sources = files(text);
        let report = run(&RULE, &sources);
        assert_eq!(
            report.findings[0].message,
            "service `search` (Elasticsearch) keeps its data in `/usr/share/elasticsearch/data`, but an anonymous volume is mounted at `/var/lib/elasticsearch/data`"
        );
        let fixed = crate::rules::testing::apply_fixes(&sources, &report);
        assert!(
            fixed[0].text.contains("- search-data:/usr/share/elasticsearch/data\n"),
            "{}",
            fixed[0].text
        );
    }

    #[test]
    fn an_anonymous_volume_gets_a_name() {
        let text = "services:\n  db:\n    image: mysql:8.4\n    volumes:\n      - /var/lib/mysql\n";
        let sources = files(text);
        let report = run(&RULE, &sources);
        let fixed = crate::rules::testing::apply_fixes(&sources, &report);
        assert_eq!(
            &*fixed[0].text,
            "services:\n  db:\n    image: mysql:8.4\n    volumes:\n      - db-data:/var/lib/mysql\nvolumes:\n  db-data: {}\n"
        );
    }

    #[test]
    fn what_fits_compose_is_not_said_of_a_cluster() {
        let compose = findings(&RULE, "services: {db: {image: 'mysql:8.4'}}\n");
        assert!(compose[0].message.ends_with("which `docker compose down` leaves behind"));
        let pod = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: db, image: 'mysql:8.4'}]}}}\n";
        let cluster = findings(&RULE, pod);
        assert!(cluster[0].message.ends_with("its data is lost with the container"));
        assert!(cluster[0].help.as_ref().unwrap().contains("claim"));
        let both = format!(
            "# file: compose.yaml\nservices: {{db: {{image: 'mysql:8.4', volumes: ['data:/var/lib/mysql']}}}}\nvolumes: {{data: {{}}}}\n# file: k8s/db.yaml\n{pod}"
        );
        let found = findings(&RULE, &both);
        assert_eq!(found[0].related[0].message, "Compose keeps the data of `db` here");
    }

    #[test]
    fn a_store_that_scripts_fill_is_a_note() {
        let with = |volume: &str| {
            let text = format!("services: {{db: {{image: 'mysql:8.4', volumes: ['{volume}']}}}}\n");
            findings(&RULE, &text)[0].severity
        };
        assert_eq!(with("./init.sql:/docker-entrypoint-initdb.d/init.sql").name(), "info");
    }

    #[test]
    fn the_files_of_an_application_are_one_oversight() {
        let file =
            |path: &str| format!("# file: {path}\nservices: {{db: {{image: 'mysql:8.4'}}}}\n");
        let text = [file("compose.yaml"), file("compose.full.yaml")].concat();
        let found = findings(&RULE, &text);
        assert_eq!((found.len(), found[0].fixes[0].edits.len()), (1, 4));
    }

    #[test]
    fn the_place_is_the_key_of_the_image() {
        for (file, image) in [
            ("compose.yaml", "services:\n  db:\n    image: mysql:8\n"),
            ("compose.yaml", "services: { db: { image: 'mysql:8' } }\n"),
            (
                "web/templates/db.yaml",
                "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: db\n        image: {{ if .Values.registry }}{{ .Values.registry }}/{{ end }}mysql:{{ .Values.tag }}\n",
            ),
        ] {
            let chart = "# file: web/Chart.yaml\napiVersion: v2\nname: web\nversion: 1.0.0\n# file: web/values.yaml\ntag: '8'\n";
            let files = files(&format!("{chart}# file: {file}\n{image}"));
            let report = run(&RULE, &files);
            assert_eq!(report.findings.len(), 1, "{image}");
            let span = report.findings[0].span;
            assert_eq!(&report.entry(span.file).file.text[span.range()], "image", "{image}");
        }
    }

    #[test]
    fn stores_without_volumes_are_one_finding() {
        let text =
            "services: {a: {image: 'postgres:17'}, b: {image: 'mysql:8'}, c: {image: 'mongo:8'}}\n";
        let found = messages(&RULE, text);
        assert!(found.len() == 1 && found[0].ends_with("(and 2 more like it)"), "{found:?}");
    }
}
