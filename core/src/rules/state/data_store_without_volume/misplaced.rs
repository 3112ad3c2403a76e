//! Volumes that are mounted beside the data of a store.

use super::{ANONYMOUS, dump};
use crate::facts::{Backing, DataHome, Facts, Mounted, Unit, in_shell};
use crate::knowledge::stores::declares_volume;
use crate::report::{Confidence, Findings, Role, Severity};

/// Reports a store whose volume is mounted beside its data.
pub(super) fn report_misplaced(
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
    let is_development = facts.unit_role(unit) == Role::Development;
    let since = if is_untagged { " in version 18 and newer" } else { "" };
    let finding = out
        .at(
            &span,
            format!(
                "{label} keeps its data in `{data}`{since}, but {what} is mounted at `{}`",
                wrong.path
            ),
        )
        .severity(if is_development { Severity::Warning } else { Severity::Error })
        .bites_in_development()
        .why(why_misplaced(unit, home))
        // The files of several variants have the same mount.
        .cause(format!("misplaced {}", unit.name));
    if facts.needs_folder(unit, wrong).is_some() {
        finding.help(format!("Mount the claim at `{data}` with `subPath: pgdata`: a new disk holds `lost+found`, and `initdb` refuses a directory that is not empty. Take a dump first, since the data is still in the container."));
    } else if facts.workload_of(unit).is_some() {
        finding.help(format!("Mount the volume at `{data}`. Take a dump first, since the data is still in the container."));
    } else if let Some(dump) = unit.family().and_then(|it| dump(facts, unit, it)) {
        finding.help(format!("Take a dump first, since the volume holds nothing of the data: `{dump}`. Then mount the volume at `{data}`, and load the dump."));
    }
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
    } else {
        finding.maybe_fix(facts.move_mount(unit, wrong, data));
    }
    finding.check(match facts.workload_of(unit) {
        _ if refuses => show_logs(facts, unit),
        // The volume's own file system is named for its path alone.
        Some(workload) => workload.exec(unit, &format!("df {}", in_shell(data))),
        None => facts.show_mounts(unit),
    });
}

/// Returns why a volume in the wrong place keeps nothing: what becomes of the data instead.
fn why_misplaced(unit: &Unit<'_>, home: &DataHome<'_>) -> String {
    let repository = unit.runs.as_ref().map_or("", |it| it.repository.as_str());
    match unit.is_compose() && declares_volume(repository) && !home.is_moved() {
        true => format!("Everything looks as if the data were kept in the volume, but it goes into another one without a name, which the image declares. {ANONYMOUS}"),
        false => "The volume suggests that the data is kept, but data written outside it goes with its container: when the container is recreated, or at the next update.".to_owned(),
    }
}

/// Returns the command that shows why a store does not start.
fn show_logs<'a>(facts: &Facts<'a>, unit: &Unit<'a>) -> String {
    match facts.workload_of(unit) {
        Some(workload) => workload.logs(unit, "--tail=20"),
        None => facts.compose_for(unit, &format!("logs --tail 20 {}", in_shell(unit.name))),
    }
}
