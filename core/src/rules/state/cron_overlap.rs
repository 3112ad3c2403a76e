use crate::edit::Yaml;
use crate::facts::{Backing, Facts, Workload};
use crate::knowledge::{cron, migrations};
use crate::model::kubernetes::WorkloadKind;
use crate::report::{Findings, Fix, Severity};
use crate::rules::rule;

rule! {
    /// Runs of a CronJob that writes shared data may overlap, or the CronJob never runs at all.
    ///
    /// ## Why it hurts
    /// When a run takes longer than the interval, the next one starts beside it: two dumps into one
    /// file, two imports of the same rows. When the database is slow, the runs pile up and make it
    /// even slower. A schedule that does not parse is rejected.
    ///
    /// ## What helps
    /// Set `concurrencyPolicy: Forbid`, and `startingDeadlineSeconds`, so that a missed run is not
    /// started hours later.
    ///
    /// ## How to troubleshoot
    /// `kubectl get jobs --watch` shows whether runs overlap.
    ///
    /// ## When to ignore
    /// Where a run is known to end long before the next one starts.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: { name: dump }
    /// spec:
    ///   schedule: "*/30 * * * *" # <- two runs of CronJob `dump` may overlap, and both run `pg_dump`
    ///   jobTemplate:
    ///     spec:
    ///       template:
    ///         spec:
    ///           restartPolicy: Never
    ///           containers:
    ///             - name: dump
    ///               image: postgres:17.2
    ///               command: ["sh", "-c", "pg_dump shop > /backup/shop.sql"]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: { name: dump }
    /// spec:
    ///   schedule: "*/30 * * * *"
    ///   concurrencyPolicy: Forbid
    ///   jobTemplate:
    ///     spec:
    ///       template:
    ///         spec:
    ///           restartPolicy: Never
    ///           containers:
    ///             - name: dump
    ///               image: postgres:17.2
    ///               command: ["sh", "-c", "pg_dump shop > /backup/shop.sql"]
    /// ```
    PLM716 "cron-overlap" {
        since: "0.1.0", on: Kubernetes, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads().iter().filter(|it| it.kind() == WorkloadKind::CronJob) {
        let cron = &workload.model.cron;
        let Some(schedule) = &cron.schedule else { continue };
        // A schedule with a placeholder is filled in later.
        if !schedule.contains(['$', '{', '<'])
            && let Err(why) = cron::check(schedule)
        {
            out.at(
                &schedule.span,
                format!("`{schedule}` of {} is not a valid cron schedule: {why}", workload.label),
            )
            .severity(Severity::Error);
            continue;
        }
        let policy = cron.concurrency_policy.as_ref();
        if policy.is_some_and(|it| it.value != "Allow") {
            continue;
        }
        let Some(work) = work(facts, workload) else { continue };
        let span = policy.map_or(schedule.span, |it| it.span);
        let finding =
            out.at(&span, format!("two runs of {} may overlap, and both {work}", workload.label));
        finding.check(format!("kubectl get jobs{} --watch", workload.namespace_flag()));
        let edit = match policy {
            Some(it) => Some(facts.replace_scalar(&it.span, "Forbid")),
            None => workload.model.place.as_ref().and_then(|place| {
                facts.insert_entry(place, "concurrencyPolicy", &Yaml::str("Forbid"))
            }),
        };
        // Behind a run that hangs, no other one starts any more.
        finding.maybe_fix(edit.map(|it| Fix::r#unsafe("Forbid overlapping runs", [it])));
    }
}

/// Commands that write dumps or backups, or restore them.
const DUMPS: &[&str] = &[
    "pg_dump",
    "pg_dumpall",
    "pg_restore",
    "mysqldump",
    "mariadb-dump",
    "mongodump",
    "mongorestore",
    "restic",
    "borg",
    "rclone",
    "rsync",
    "velero",
];

/// Returns what two overlapping runs would both do to the same data, as the end of the message.
fn work<'a>(facts: &Facts<'a>, workload: &Workload<'a>) -> Option<String> {
    for unit in &workload.units {
        for command in &unit.start.commands {
            if DUMPS.contains(&command.name()) {
                return Some(format!("run `{}`", command.name()));
            }
            if migrations::find_migration(command).is_some() {
                return Some("migrate the database".to_owned());
            }
        }
        let mounted = facts.mounted(unit);
        let claim = mounted.iter().find_map(|it| match it.backing {
            Backing::Claim(name, _) if !it.read_only => Some(name),
            _ => None,
        });
        if let Some(claim) = claim {
            return Some(format!("write to claim `{claim}`"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::findings;

    fn job(spec: &str, container: &str) -> Vec<&'static str> {
        let text = format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{ name: a }}\nspec:\n  {spec}\n  jobTemplate:\n    spec:\n      \
             template: {{ spec: {{ containers: [{{ name: a, image: 'a:1', {container} }}], volumes: [{{ name: d, persistentVolumeClaim: {{ claimName: d }} }}] }} }}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn runs_that_write_shared_data_may_overlap() {
        let schedule = "schedule: '0 * * * *'";
        assert_eq!(job(schedule, "command: [alembic, upgrade, head]"), ["info"]);
        assert_eq!(job(schedule, "volumeMounts: [{ name: d, mountPath: /d }]"), ["info"]);
        let policy = "schedule: '0 * * * *'\n  concurrencyPolicy: Allow";
        assert_eq!(job(policy, "command: [mongodump]"), ["info"]);
    }

    #[test]
    fn other_policies_readers_and_harmless_work_are_silent() {
        for policy in ["Forbid", "Replace"] {
            let spec = format!("schedule: '0 * * * *'\n  concurrencyPolicy: {policy}");
            assert!(job(&spec, "command: [mongodump]").is_empty());
        }
        let schedule = "schedule: '@daily'";
        assert!(job(schedule, "command: [echo, hello]").is_empty());
        assert!(
            job(schedule, "volumeMounts: [{ name: d, mountPath: /d, readOnly: true }]").is_empty()
        );
    }

    #[test]
    fn a_schedule_that_does_not_parse_is_an_error() {
        assert_eq!(job("schedule: '61 * * * *'", ""), ["error"]);
        assert_eq!(job("schedule: '0 0 * *'", ""), ["error"]);
        assert!(job("schedule: '${SCHEDULE}'", "").is_empty());
    }
}
