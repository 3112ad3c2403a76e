use crate::edit::Yaml;
use crate::facts::{Facts, Mounted, Part, Unit, Workload};
use crate::knowledge::directories::written_directories;
use crate::knowledge::families::{Certainty, Family};
use crate::knowledge::starts::is_server_start;
use crate::model::kubernetes::{Container, is_true};
use crate::report::phrases::named;
use crate::report::{Confidence, Edit, Findings, Fix};
use crate::rules::rule;

rule! {
    /// A container has a read-only root file system and no volume to write to, but its program writes.
    ///
    /// ## Why it hurts
    /// The program cannot create its process id file, its cache or its temporary files, and ends at
    /// start with `Read-only file system`. The Pod goes into `CrashLoopBackOff`.
    ///
    /// ## What helps
    /// Mount an `emptyDir` at each directory that the program writes to, or use a variant of the image
    /// that writes to `/tmp` alone.
    ///
    /// ## How to troubleshoot
    /// The last lines of the log name the file that could not be written.
    ///
    /// ## When to ignore
    /// Where the program is configured to write elsewhere, by a file that is not among these.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: nginx:1.29
    ///       securityContext:
    ///         readOnlyRootFilesystem: true # <- container `web` of Pod `web` has a read-only root and no writable mount, but nginx writes to `/var/cache/nginx`, `/var/run`
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: { name: web }
    /// spec:
    ///   containers:
    ///     - name: web
    ///       image: nginx:1.29
    ///       securityContext:
    ///         readOnlyRootFilesystem: true
    ///       volumeMounts:
    ///         - { name: cache, mountPath: /var/cache/nginx }
    ///         - { name: run, mountPath: /var/run }
    ///   volumes:
    ///     - { name: cache, emptyDir: {} }
    ///     - { name: run, emptyDir: {} }
    /// ```
    PLM305 "read-only-root-without-scratch" {
        since: "0.1.0", on: Kubernetes, severity: Warning, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for workload in facts.workloads() {
        for (unit, container) in workload.containers().filter(|it| it.0.part != Part::Init) {
            let read_only = container.security.as_ref().and_then(|it| it.read_only_root_filesystem);
            let Some(flag) = read_only.filter(|it| it.value) else { continue };
            if !starts_family(unit) {
                continue;
            }
            let Some(image) = &unit.image else { continue };
            let Some(family) = image.family else { continue };
            // The directories of the data are declared as volumes by most images, and container runtimes
            // make such a volume writable.
            let paths = written_directories(family.id, &image.repository);
            let mounted = facts.mounted(unit);
            let writable: Vec<&Mounted<'_>> = mounted.iter().filter(|it| !it.read_only).collect();
            // A store writes its data in one place and sockets in others, so that each has to be asked for. Whoever
            // mounts something else of a server may have configured it for that.
            let paths: Vec<&str> = match writable.is_empty() || family.persistent {
                true => paths.iter().copied().filter(|it| !is_covered(it, &writable)).collect(),
                false => Vec::new(),
            };
            if paths.is_empty() || names_socket(unit) {
                continue;
            }
            let paths = paths.as_slice();
            let mount = match writable.is_empty() {
                true => "no writable mount",
                false => "nothing mounted there",
            };
            let finding = out.at(
                &flag.span,
                format!(
                    "{} has a read-only root and {mount}, but {} writes to {}",
                    unit.label,
                    family.name,
                    named(paths)
                ),
            );
            finding.check(workload.logs(unit, "--previous --tail=20"));
            // A file that is mounted may configure other directories.
            let configured = !container.mounts.is_empty() || !unit.start.is_empty();
            if configured || image.certainty != Certainty::Certain {
                finding.confidence(Confidence::Likely);
            }
            if !keeps_data(family, paths, &family.data_dirs(&image.repository, image.major)) {
                let certain = image.certainty == Certainty::Certain && !configured;
                finding.maybe_fix(add_volumes(facts, workload, container, paths, certain));
            }
        }
    }
}

/// Whether the container starts the program of its image family, as far as its command shows.
fn starts_family(unit: &Unit<'_>) -> bool {
    let commands = &unit.start.commands;
    !unit.start.replaces_entrypoint || commands.iter().any(is_server_start)
}

/// Whether a directory lies on one of the mounts. `/var/run` is a link to `/run` in every image.
fn is_covered(path: &str, mounts: &[&Mounted<'_>]) -> bool {
    let other = path.strip_prefix("/var/run").map(|rest| format!("/run{rest}"));
    let other = other.or_else(|| path.strip_prefix("/run/").map(|rest| format!("/var/run/{rest}")));
    mounts.iter().any(|it| it.covers(path) || other.as_ref().is_some_and(|path| it.covers(path)))
}

/// Whether the start command says where the socket of a store is.
fn names_socket(unit: &Unit<'_>) -> bool {
    unit.start.words.iter().any(|it| it.contains("socket"))
}

/// Whether the program keeps data in one of the paths, for which an `emptyDir` would be the wrong volume.
fn keeps_data(family: &Family, paths: &[&str], data: &[&str]) -> bool {
    family.persistent && data.iter().any(|it| paths.contains(it))
}

/// Builds a fix that mounts an `emptyDir` at each path. A program that works writes nothing there yet.
fn add_volumes(
    facts: &Facts<'_>,
    workload: &Workload<'_>,
    container: &Container,
    paths: &[&str],
    certain: bool,
) -> Option<Fix> {
    let spec = &workload.model.template.spec;
    let names: Vec<String> = paths.iter().map(|path| volume_name(path)).collect();
    let taken = names.iter().any(|name| spec.volume(name).is_some());
    // In an empty `[]`, one edit cannot see the comma that the next one needs.
    let is_empty_flow = spec.volumes_place.is_some_and(|it| it.flow) && spec.volumes.is_empty()
        || container.mounts_place.is_some_and(|it| it.flow) && container.mounts.is_empty();
    if taken || is_empty_flow {
        return None;
    }
    let mounts: Vec<Yaml<'_>> = names
        .iter()
        .zip(paths)
        .map(|(name, path)| {
            Yaml::map([("name", Yaml::str(name.as_str())), ("mountPath", Yaml::str(*path))])
        })
        .collect();
    let volumes: Vec<Yaml<'_>> = names
        .iter()
        .map(|name| {
            let nothing = Yaml::Map(Vec::new());
            Yaml::map([("name", Yaml::str(name.as_str())), ("emptyDir", nothing)])
        })
        .collect();
    let mut edits: Vec<Edit> = Vec::new();
    let editor = facts.editor(container.place.span.file);
    match &container.mounts_place {
        Some(place) => {
            for mount in &mounts {
                edits.push(editor.insert_item(place, mount)?);
            }
        }
        None => {
            edits.push(facts.insert_entry(&container.place, "volumeMounts", &Yaml::List(mounts))?)
        }
    }
    match &spec.volumes_place {
        Some(place) => {
            for volume in &volumes {
                edits.push(facts.editor(place.span.file).insert_item(place, volume)?);
            }
        }
        None => {
            let list = Yaml::List(volumes);
            edits.push(facts.insert_entry(spec.place.as_ref()?, "volumes", &list)?);
        }
    }
    let title = format!("Mount an `emptyDir` at {}", named(paths));
    Some(if certain && !is_true(spec.host_pid) {
        Fix::safe(title, edits)
    } else {
        Fix::r#unsafe(title, edits)
    })
}

/// Returns the name of a volume for a path: `var-cache-nginx` for `/var/cache/nginx`.
fn volume_name(path: &str) -> String {
    path.trim_matches('/').replace(['/', '_', '.'], "-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{apply_fixes, files, findings, messages, run};

    fn pod(image: &str, more: &str, volumes: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      image: {image}\n      securityContext: {{readOnlyRootFilesystem: true}}\n{more}{volumes}"
        )
    }

    #[test]
    fn families_that_write_are_named_with_their_directories() {
        for (image, path) in [
            ("nginx:1.29", "/var/cache/nginx"),
            ("nginxinc/nginx-unprivileged:1.29", "`/tmp`"),
            ("httpd:2.4", "/usr/local/apache2/logs"),
            ("mysql:8.4", "/var/run/mysqld"),
            ("postgres:16", "/var/run/postgresql"),
            ("grafana/grafana:12", "/var/lib/grafana"),
        ] {
            let found = messages(&RULE, &pod(image, "", ""));
            assert!(found.len() == 1 && found[0].contains(path), "{image}: {found:?}");
        }
    }

    #[test]
    fn images_that_are_not_known_to_write_are_silent() {
        for image in ["acme/web:1", "node:22", "traefik:3", "memcached:1", "redis:7"] {
            assert!(messages(&RULE, &pod(image, "", "")).is_empty(), "{image}");
        }
        let other = pod("nginx:1.29", "      command: [sleep, infinity]\n", "");
        assert!(messages(&RULE, &other).is_empty());
        let open = pod("nginx:1.29", "", "").replace("true", "false");
        assert!(messages(&RULE, &open).is_empty());
    }

    #[test]
    fn any_writable_mount_is_enough_and_a_read_only_one_is_not() {
        let mount = |more: &str| {
            format!("      volumeMounts: [{{name: v, mountPath: /etc/nginx/conf.d{more}}}]\n")
        };
        let with = |mount: &str, volume: &str| {
            messages(
                &RULE,
                &pod("nginx:1.29", mount, &format!("  volumes: [{{name: v, {volume}}}]\n")),
            )
            .len()
        };
        assert_eq!(with(&mount(""), "emptyDir: {}"), 0);
        assert_eq!(with(&mount(""), "persistentVolumeClaim: {claimName: c}"), 0);
        assert_eq!(with(&mount(""), "configMap: {name: c}"), 1);
        assert_eq!(with(&mount(", readOnly: true"), "persistentVolumeClaim: {claimName: c}"), 1);
    }

    #[test]
    fn the_data_of_a_store_is_not_all_that_it_writes() {
        let said = |image: &str, mounts: &str, args: &str| {
            let mounts = format!("      volumeMounts: [{mounts}]\n{args}");
            let volumes = "  volumes: [{name: d, persistentVolumeClaim: {claimName: d}}, {name: r, emptyDir: {}}]\n";
            messages(&RULE, &pod(image, &mounts, volumes))
        };
        let data = "{name: d, mountPath: /var/lib/postgresql/data}";
        for image in ["postgres:16", "pgvector/pgvector:pg16"] {
            let found = said(image, data, "");
            assert_eq!(found.len(), 1, "{image}");
            assert!(
                found[0].ends_with(
                    "nothing mounted there, but PostgreSQL writes to `/var/run/postgresql`"
                ),
                "{found:?}"
            );
            for run in ["/var/run/postgresql", "/var/run", "/run", "/run/postgresql"] {
                let both = format!("{data}, {{name: r, mountPath: {run}}}");
                assert!(said(image, &both, "").is_empty(), "{image} {run}");
            }
        }
        let moved = "      args: [-c, unix_socket_directories=/var/lib/postgresql/data]\n";
        assert!(said("postgres:16", data, moved).is_empty());
        let mysql = "{name: d, mountPath: /var/lib/mysql}, {name: r, mountPath: /tmp}";
        let found = said("mysql:8.4", mysql, "");
        assert!(found[0].ends_with("writes to `/var/run/mysqld`"), "{found:?}");
    }

    #[test]
    fn a_fix_adds_scratch_volumes_in_every_style() {
        for text in [
            pod("nginx:1.29", "", ""),
            pod("nginx:1.29", "", "  volumes: [{name: v, configMap: {name: c}}]\n"),
            pod(
                "nginx:1.29",
                "      volumeMounts:\n        - {name: v, mountPath: /x}\n",
                "  volumes:\n    - {name: v, configMap: {name: c}}\n",
            ),
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'nginx:1.29', securityContext: {readOnlyRootFilesystem: true}}]}\n".to_owned(),
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n      - image: nginx:1.29 # web\n        name: a\n        securityContext:\n          readOnlyRootFilesystem: true\n".to_owned(),
        ] {
            let before = files(&text);
            let report = run(&RULE, &before);
            assert_eq!(report.findings.len(), 1, "{text}");
            assert!(!report.findings[0].fixes.is_empty(), "{text}");
            let after = apply_fixes(&before, &report);
            assert!(run(&RULE, &after).findings.is_empty(), "{}", after[0].text);
            let whole = crate::analyze(&after, &crate::Options::default());
            assert!(whole.findings.iter().all(|it| it.code != "PLM001"), "{}", after[0].text);
            assert!(after[0].text.contains("var-cache-nginx"), "{}", after[0].text);
        }
    }

    #[test]
    fn a_fix_is_safe_only_where_the_image_is_as_its_makers_configure_it() {
        let safety = |text: &str| findings(&RULE, text)[0].fixes.first().map(|it| it.safety.name());
        assert_eq!(safety(&pod("nginx:1.29", "", "")), Some("safe"));
        assert_eq!(safety(&pod("registry.corp/nginx:1.29", "", "")), Some("unsafe"));
        assert_eq!(
            safety(&pod("nginx:1.29", "      args: [nginx, -g, 'daemon off;']\n", "")),
            Some("unsafe")
        );
        assert_eq!(safety(&pod("grafana/grafana:12", "", "")), None, "data needs a claim");
    }
}
