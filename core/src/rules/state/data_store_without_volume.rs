mod misplaced;

use crate::facts::{
    Backing, DataHome, Facts, Mounted, Part, Site, Together, Unit, in_shell, new_volume_name,
};
use crate::knowledge::families::{Class, Family};
use crate::knowledge::stores::{declares_volume, dump_of};
use crate::model::kubernetes::WorkloadKind;
use crate::report::phrases::named;
use crate::report::{Confidence, Finding, Findings, Fix, Role, Severity};
use crate::rules::rule;
use crate::text::{FileId, Span};
use indexmap::IndexMap;
use misplaced::report_misplaced;
use rustc_hash::{FxHashMap, FxHashSet};

rule! {
    /// A database has no lasting storage at its data directory.
    ///
    /// ## Why it hurts
    /// What is written outside of a lasting volume goes with its container or its Pod: when it is made anew,
    /// when its node fails, with the next update.
    ///
    /// ## What helps
    /// A named volume (or a claim) at the directory that the image really writes to. It starts empty: take a dump of
    /// what the container holds first.
    ///
    /// ## How to troubleshoot
    /// `docker inspect --format '{{json .Mounts}}' CONTAINER` lists the mounts. If the one at the
    /// data directory has a long hexadecimal name, it is an anonymous volume that nobody will find
    /// again.
    ///
    /// ## When to ignore
    /// Where the data can be made anew at any time, as in a test: `tmpfs` at the data directory, or `#
    /// plimsoll: role=development`, says so.
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
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let worker = facts.worker_of(unit);
        let known = unit.stored().or_else(|| unit.kept_monitoring());
        let known = known.or_else(|| unit.only_set_up()).or_else(|| unit.kept_in_this_role());
        let mounted = facts.mounted(unit);
        let known = known.or_else(|| unit.kept_nowhere(&mounted));
        let Some(family) = known.or(unit.certain_family().filter(|_| worker.is_some())) else {
            continue;
        };
        if is_exempt(facts, unit) {
            continue;
        }
        let Some(home) = unit.data_home(family) else { continue };
        if unit.keeps_elsewhere(family, &mounted)
            || mounted.iter().any(|it| home.is_kept_by(it) || unit.names_mount(it))
        {
            continue;
        }
        let label = match worker {
            Some(worker) if !family.persistent => {
                format!("{} ({} with the jobs of `{}`)", unit.label, family.name, worker.name)
            }
            Some(_) | None => format!("{} ({})", unit.label, family.name),
        };
        let may_do_without = may_do_without(facts, unit);
        match home.misplaced(family, &mounted) {
            // Who works on a program and names no volume misses none.
            Some(wrong) if may_do_without && !is_meant_to_last(&home, wrong) => {}
            None if may_do_without => {}
            Some(wrong) => report_misplaced(facts, unit, &label, &home, wrong, out),
            None => {
                let missing = missing(facts, (unit, family), label, &home, &mounted);
                let is_accepted =
                    |span: Span| facts.stands_alone(span, &|selector| RULE.is(selector));
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
    /// Returns what becomes of the data. An image that declares a volume at the directory has Docker make one without
    /// a name, and so does one that is built on it: where only a part of its name or its variables give the program
    /// away, either may be so.
    fn fate(&self) -> Fate {
        let repository = self.unit.runs.as_ref().map_or("", |it| it.repository.as_str());
        match self.unit.is_compose() && !self.is_moved {
            true if declares_volume(repository) => Fate::LeftBehind,
            true if self.unit.certain_family().is_none() => Fate::Unknown,
            _ => Fate::Lost,
        }
    }

    /// Returns what stores without a volume in one part of the project have in common, whatever becomes of
    /// their data: the part, and a cause.
    fn oversight(&self, facts: &Facts<'_>) -> (usize, String) {
        let side = if self.unit.is_compose() { "compose" } else { "cluster" };
        let is_measured = self.family.class == Class::Monitoring;
        (facts.part_of(self.span.file), format!("{side} {is_measured}"))
    }
}

/// What becomes of data for which there is no volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Fate {
    Lost,
    /// It stays in an anonymous volume.
    LeftBehind,
    /// One of the two: what the image declares is not known.
    Unknown,
}

impl Fate {
    fn says(self) -> &'static str {
        match self {
            Fate::Lost => "is lost with the container",
            Fate::LeftBehind => {
                "goes into an anonymous volume, which `docker compose down` leaves behind"
            }
            Fate::Unknown => "does not come back after `docker compose down`",
        }
    }
}

/// What becomes of the data of the stores that are reported as one oversight: whether some of it is left in
/// anonymous volumes.
struct Fates(FxHashMap<(usize, String), FxHashSet<Fate>>);

impl Fates {
    fn of<'h, 'f: 'h, 'a: 'f>(
        facts: &Facts<'_>,
        stores: impl IntoIterator<Item = &'h Homeless<'f, 'a>>,
    ) -> Fates {
        let mut fates: FxHashMap<(usize, String), FxHashSet<Fate>> = FxHashMap::default();
        for store in stores {
            fates.entry(store.oversight(facts)).or_default().insert(store.fate());
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

/// A store, or a mount of a store, that keeps no data.
enum Missing<'f, 'a> {
    /// The `emptyDir` of a store with this label is mounted here.
    Scratch(String, Span),
    Nameless(Nameless<'f, 'a>),
    Homeless(Homeless<'f, 'a>),
}

/// Why data that is nowhere else is lost.
const LOST: &str = "Data written outside a persistent volume goes with its container or its Pod: when either is recreated, when the node fails, at the next update.";

/// Note on images that declare a volume themselves.
const DECLARED: &str = "Some images declare a volume of their own at this directory.";

/// Why an anonymous volume loses data.
const ANONYMOUS: &str = "Docker carries such a volume over while `up` replaces the container. After `docker compose down`, and on any other machine, the container starts with a new, empty one; the old one has only a hexadecimal name, and `docker volume prune` deletes it.";

fn report_homeless(facts: &Facts<'_>, all: &[Homeless<'_, '_>], fates: &Fates, out: &mut Findings) {
    let Some((first, others)) = all.split_first() else { return };
    let (label, data) = (&first.label, &first.data);
    let place = if first.is_uncertain { String::new() } else { format!(" at `{data}`") };
    let fate = first.fate();
    let says = fate.says();
    let finding = out.at(&first.span, format!("{label} has no volume{place}: its data {says}"));
    let oversight = first.oversight(facts);
    finding.why(match (fates.differ(&oversight), fate) {
        (false, Fate::LeftBehind) => ANONYMOUS.to_owned(),
        (false, Fate::Lost) => LOST.to_owned(),
        (true, _) | (false, Fate::Unknown) => format!("{LOST} {DECLARED} {ANONYMOUS}"),
    });
    if first.family.class == Class::Monitoring {
        finding.severity(Severity::Info);
    }
    if first.unit.certain_family().is_none() {
        finding.confidence(Confidence::Likely);
    }
    help_for_cluster(facts, first.unit, finding);
    if let Some(dump) = dump(facts, first.unit, first.family) {
        finding.help(format!("Take a dump before anything else, since a new volume is empty: `{dump}`. Then mount a named volume at the directory that the image really writes to, and load the dump."));
    }
    if all.iter().all(|it| it.is_filled_anew) {
        finding.severity(Severity::Info).help("If the scripts bring all that it holds, nothing is lost. What is written later belongs in a volume.");
    }
    finding.cause(oversight.1);
    relate_counterpart(facts, first.unit, finding);
    let others: Vec<(Span, String)> = others
        .iter()
        .map(|it| {
            let (label, data) = (&it.label, &it.data);
            let says = match it.fate() == fate {
                true => String::new(),
                false => format!(": its data {}", it.fate().says()),
            };
            let place = if it.is_uncertain { String::new() } else { format!(" at `{data}`") };
            (it.span, format!("{label} has no volume{place} either{says}"))
        })
        .collect();
    finding.stands_for(&others);
    finding.check(facts.show_mounts(first.unit));
    finding.maybe_fix(add_volumes(facts, all));
}

/// Returns the command that keeps what a Compose service holds so far, with the user whom the file names.
fn dump(facts: &Facts<'_>, unit: &Unit<'_>, family: &Family) -> Option<String> {
    let service = facts.service_of(unit)?;
    let user = unit.var("POSTGRES_USER").filter(|it| it.literal).and_then(|it| it.value);
    let has = |name: &str| unit.var(name).is_some();
    let (command, ending) = match user.filter(|_| family.id == "postgres") {
        Some(user) => (format!("pg_dumpall -U {}", in_shell(user)), "sql"),
        None => dump_of(family.id, &has)?,
    };
    let name = in_shell(service.name);
    Some(facts.compose(service, &format!("exec -T {name} {command} > dump.{ending}")))
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

/// Whether a data store keeps nothing for itself, another rule reports it, or its mounts are not known.
fn is_exempt(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    let workload = facts.workload_of(unit);
    let job = workload.is_some_and(|it| it.kind().is_job() || it.is_patch());
    // Several replicas of a Deployment need more than a volume: PLM706 reports them.
    let interchangeable = workload
        .is_some_and(|it| it.kind() == WorkloadKind::Deployment && it.copies.many().is_some());
    job || interchangeable || facts.hides_mounts(unit)
}

/// Whether nobody may miss the data of a store, as it serves for development or is started by hand.
fn may_do_without(facts: &Facts<'_>, unit: &Unit<'_>) -> bool {
    let has_profile = facts.service_of(unit).is_some_and(|it| it.has_profile());
    has_profile || facts.unit_role(unit) == Role::Development
}

/// Whether somebody who mounts a volume beside the data wants the data to last: the volume has a name, or lies where an
/// older version of the image kept the data.
fn is_meant_to_last(home: &DataHome<'_>, wrong: &Mounted<'_>) -> bool {
    !matches!(wrong.backing, Backing::Anonymous) || home.is_trap(wrong.path)
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
        // In a cluster the scripts mostly make nothing but the tables.
        is_filled_anew: unit.is_compose() && !mounted.is_empty() && mounted.iter().all(is_script),
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
    let title = match (all, names.as_slice()) {
        ([only], _) => format!("Keep `{}` in volume `{}`", only.data, new_volume_name(only.unit)),
        // What the others need is not known.
        (_, [name]) => format!("Keep the data in volume `{name}`"),
        _ => {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            format!("Keep the data in volumes: {}", named(&names))
        }
    };
    edits.push(facts.declare_volumes(first, file, &names)?);
    Some(Fix::r#unsafe(title, edits))
}

#[cfg(test)]
mod tests;
