use crate::facts::{Backing, Copies, Facts, Mounted, Unit, Workload};
use crate::knowledge::families::Family;
use crate::model::kubernetes::WorkloadKind;
use crate::report::{Findings, Severity};
use crate::rules::rule;

rule! {
    /// A database runs as a Deployment.
    ///
    /// ## Why it hurts
    /// A Deployment treats its Pods as interchangeable. With several replicas, each has its own
    /// data, or all of them open the same files. With a single replica, a rolling update starts the
    /// new server while the old one is still running on the same data.
    ///
    /// ## What helps
    /// A StatefulSet with `volumeClaimTemplates`, an operator for this database, or a managed
    /// database. A single replica on a claim with `strategy: { type: Recreate }` works too.
    ///
    /// ## How to troubleshoot
    /// During an update, `kubectl get pods` shows two servers at once, and their logs complain
    /// about lock files.
    ///
    /// ## When to ignore
    /// Where the data can be made anew at any time.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: db }
    /// spec:
    ///   replicas: 1
    ///   selector: { matchLabels: { app: db } }
    ///   template:
    ///     metadata: { labels: { app: db } }
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: postgres:17.2 # <- Deployment `db` runs PostgreSQL, and an update starts a second server beside the first
    ///           volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
    ///       volumes:
    ///         - name: data
    ///           persistentVolumeClaim: { claimName: data }
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: { name: db }
    /// spec:
    ///   serviceName: db
    ///   selector: { matchLabels: { app: db } }
    ///   template:
    ///     metadata: { labels: { app: db } }
    ///     spec:
    ///       containers:
    ///         - name: db
    ///           image: postgres:17.2
    ///           volumeMounts: [{ name: data, mountPath: /var/lib/postgresql/data }]
    ///   volumeClaimTemplates:
    ///     - metadata: { name: data }
    ///       spec:
    ///         accessModes: [ReadWriteOnce]
    ///         resources: { requests: { storage: 10Gi } }
    /// ```
    PLM706 "database-as-deployment" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let bindings = facts.bindings();
    let deployments = [WorkloadKind::Deployment, WorkloadKind::ReplicaSet, WorkloadKind::Rollout];
    for workload in
        facts.workloads().iter().filter(|it| deployments.contains(&it.kind()) && !it.is_patch())
    {
        let scaled_to_zero = workload.model.replicas.is_some_and(|it| it.value == 0);
        let store = workload.units.iter().find_map(|it| Some((it, it.stored()?)));
        let Some((unit, family)) = store.filter(|_| !scaled_to_zero) else { continue };
        let (label, name) = (&workload.label, family.name);
        let mounted = facts.mounted(unit);
        let kept = mounted.iter().any(|it| {
            matches!(it.backing, Backing::Claim(..) | Backing::Host(_) | Backing::Network)
        });
        match workload.copies {
            Copies::Many(many) => {
                out.at(
                    &unit.image_or_name(),
                    format!(
                        "{label} runs {name} with {}, which cannot share their data safely",
                        facts.workload_replica_words(workload)
                    ),
                )
                .severity(Severity::Error)
                .also(&many, "more than one replica is requested here")
                .check(get_pods(workload));
            }
            // Without a lasting volume, PLM707 reports the loss of the data, which is worse.
            Copies::One | Copies::Overlapping
                if !kept && (has_one_home(unit, family) || mounted.iter().all(holds_no_data)) => {}
            Copies::Overlapping => {
                let finding = out.at(
                    &unit.image_or_name(),
                    format!(
                        "{label} runs {name}, and an update starts a second server beside the first"
                    ),
                );
                finding.check(get_pods(workload));
                if kept && workload.kind() == WorkloadKind::Deployment {
                    finding.maybe_fix(facts.stop_old_pod_first(workload));
                }
            }
            Copies::One => {
                // A folder of whichever node is not safe, and PLM304 reports it.
                let is_on_node = mounted.iter().all(|it| match it.backing {
                    Backing::Host(_) => true,
                    Backing::Claim(name, _) => {
                        bindings.node_folder(facts, workload, name).is_some()
                    }
                    Backing::Network => false,
                    Backing::Volume(_)
                    | Backing::ClaimTemplate(_)
                    | Backing::Anonymous
                    | Backing::Memory
                    | Backing::Scratch
                    | Backing::Config
                    | Backing::Unknown => true,
                });
                if kept && !is_on_node {
                    out.at(
                        &unit.image_or_name(),
                        format!(
                            "{label} runs {name}: this is safe with one replica and `Recreate`, at the price of an outage during each update"
                        ),
                    )
                    .severity(Severity::Info)
                    .check(get_pods(workload));
                }
            }
        }
    }
}

/// Whether it is clear where the data is, so that PLM707 can report a missing volume there.
fn has_one_home(unit: &Unit<'_>, family: &Family) -> bool {
    let one =
        unit.runs.as_ref().is_some_and(|it| family.data_dirs(&it.repository, it.major).len() == 1);
    let mut words = unit.start.commands.iter().flat_map(|it| &it.words);
    one && !words.any(|it| it.text.contains('/'))
}

/// Whether a mount brings settings, or scripts that fill a new store.
fn holds_no_data(mount: &Mounted<'_>) -> bool {
    matches!(mount.backing, Backing::Config) || mount.path.contains("initdb")
}

fn get_pods(workload: &Workload<'_>) -> String {
    workload.pods("get pods", "-w")
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{files, findings, run};
    use crate::{Options, analyze};

    fn severities(kind: &str, image: &str, spec: &str, command: &str) -> Vec<&'static str> {
        let text = format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{ name: db }}\nspec:\n{spec}  selector: {{ matchLabels: {{ a: b }} }}\n  template:\n    spec:\n      \
             containers: [{{ name: db, image: '{image}', {command} volumeMounts: [{{ name: d, mountPath: /d }}] }}]\n      \
             volumes: [{{ name: d, persistentVolumeClaim: {{ claimName: d }} }}]\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
    }

    #[test]
    fn replicas_decide_how_bad_it_is() {
        assert_eq!(severities("Deployment", "mysql:8.4", "  replicas: 2\n", ""), ["error"]);
        assert_eq!(severities("Deployment", "mysql:8.4", "", ""), ["warning"]);
        let recreate = "  strategy: { type: Recreate }\n";
        assert_eq!(severities("Deployment", "mysql:8.4", recreate, ""), ["info"]);
    }

    #[test]
    fn one_replica_with_a_claim_may_stop_before_the_next_starts() {
        let text = |kind: &str, volumes: &str| {
            format!(
                "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: db}}\nspec:\n  replicas: 1\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    spec:\n      containers: [{{name: db, image: 'postgres:17', args: [-c, hba_file=/x], volumeMounts: [{{name: d, mountPath: /var/lib/postgresql/data}}]}}]\n      volumes: [{{name: d, {volumes}}}]\n"
            )
        };
        let fixes =
            |text: &str| findings(&RULE, text).iter().map(|it| it.fixes.len()).sum::<usize>();
        let claim = "persistentVolumeClaim: {claimName: d}";
        let sources = files(&text("Deployment", claim));
        let fixed = crate::rules::testing::apply_fixes(&sources, &run(&RULE, &sources));
        assert!(fixed[0].text.contains("type: Recreate"), "{}", fixed[0].text);
        assert_eq!(fixes(&text("ReplicaSet", claim)), 0, "a ReplicaSet has no strategy");
        assert_eq!(fixes(&text("Deployment", "emptyDir: {}")), 0);
    }

    #[test]
    fn a_folder_of_the_node_is_not_called_safe() {
        let text = |volume: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: db}}\nspec: {{strategy: {{type: Recreate}}, selector: {{matchLabels: {{a: b}}}}, template: {{spec: {{containers: [{{name: db, image: 'mysql:8.4', volumeMounts: [{{name: d, mountPath: /var/lib/mysql}}]}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: d}}}}]}}}}}}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: d}}\nspec: {{volumeName: disk}}\n---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: disk}}\nspec: {{{volume}}}\n"
            )
        };
        assert!(findings(&RULE, &text("hostPath: {path: /srv}")).is_empty());
        assert_eq!(findings(&RULE, &text("csi: {driver: ebs.csi.aws.com}")).len(), 1);
    }

    /// PLM707 reports lost data and PLM706 shared data: only one of them applies to a database.
    #[test]
    fn without_a_volume_only_the_loss_is_reported() {
        let text = |replicas: &str, volume: &str| {
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: db }}\nspec:\n{replicas}  selector: {{ matchLabels: {{ a: b }} }}\n  template:\n    spec:\n      containers: [{{ name: db, image: 'postgres:17.2', volumeMounts: [{{ name: d, mountPath: /var/lib/postgresql/data }}] }}]\n      volumes: [{{ name: d, {volume} }}]\n"
            )
        };
        let codes = |text: &str| {
            let options =
                Options { select: vec!["PLM706".into(), "PLM707".into()], ..Options::default() };
            let report = analyze(&files(text), &options);
            report.findings.iter().map(|it| it.code).collect::<Vec<_>>()
        };
        let claim = "persistentVolumeClaim: { claimName: d }";
        assert_eq!(codes(&text("", "emptyDir: {}")), ["PLM707"]);
        for image in ["postgres", "mysql", "mongo"] {
            let bare = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: db }}\nspec: {{ selector: {{ matchLabels: {{ a: b }} }}, template: {{ metadata: {{ labels: {{ a: b }} }}, spec: {{ containers: [{{ name: db, image: {image} }}] }} }} }}\n"
            );
            assert_eq!(codes(&bare), ["PLM707"], "{image}");
            let container = format!("image: {image}");
            let with_script = bare.replace(
                &format!("{container} }}] }}"),
                &format!("{container}, volumeMounts: [{{ name: s, mountPath: /docker-entrypoint-initdb.d }}] }}], volumes: [{{ name: s, configMap: {{ name: s }} }}] }}"),
            );
            assert_ne!(with_script, bare);
            assert_eq!(codes(&with_script), ["PLM707"], "{image} with a script");
        }
        assert_eq!(codes(&text("", claim)), ["PLM706"]);
        assert_eq!(codes(&text("  replicas: 2\n", "emptyDir: {}")), ["PLM706"]);
        assert_eq!(codes(&text("  replicas: 2\n", claim)), ["PLM706"]);
    }

    #[test]
    fn other_kinds_and_other_programs_are_silent() {
        assert!(severities("StatefulSet", "mysql:8.4", "", "").is_empty());
        assert!(severities("Deployment", "acme/my-postgres-ui:1", "", "").is_empty());
        assert!(severities("Deployment", "mysql:8.4", "  replicas: 0\n", "").is_empty());
        let client = "command: [sh, -c, 'while true; do pg_dump app > /d/a; sleep 60; done'],";
        assert!(severities("Deployment", "postgres:17", "", client).is_empty());
        assert!(
            severities("Deployment", "mongo:7", "", "command: [mongos, --configdb, a/b],")
                .is_empty()
        );
    }

    #[test]
    fn a_native_sidecar_counts_and_an_init_container_does_not() {
        let with = |policy: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 2, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{initContainers: [{{name: s, image: 'postgres:17'{policy}}}], containers: [{{name: web, image: 'acme/web:1', resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}}}]}}}}}}\n"
            );
            findings(&RULE, &text).len()
        };
        assert_eq!(with(", restartPolicy: Always"), 1);
        assert_eq!(with(""), 0);
    }
}
