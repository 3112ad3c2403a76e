use crate::facts::{Backing, Facts, Service, is_below};
use crate::report::phrases::named;
use crate::report::{Confidence, Findings, Role};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// Databases keep their data in volumes, but nothing in the files backs them up.
    ///
    /// ## Why it hurts
    /// A volume survives its container, but not a failed disk, a mistaken `docker volume rm` or a
    /// bad migration.
    ///
    /// ## What helps
    /// A regular dump to another machine, and a restore that has been tested. If the provider or a
    /// cron job on the host does this, say so in a comment and ignore this finding.
    ///
    /// ## How to troubleshoot
    /// Restore the last backup into an empty container. If there is no backup to restore, you have
    /// the answer.
    ///
    /// ## When to ignore
    /// Where the host, its provider or another repository makes the backups, and somebody has restored one.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     restart: always
    ///   db:
    ///     image: postgres:17.2
    ///     restart: always
    ///     volumes:
    ///       - db-data:/var/lib/postgresql/data # <- the data of `db` is in a volume on this host, but nothing in these files backs it up
    /// volumes:
    ///   db-data:
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   db:
    ///     image: postgres:17.2
    ///     restart: always
    ///     volumes:
    ///       - db-data:/var/lib/postgresql/data
    ///   backup:
    ///     image: prodrigestivill/postgres-backup-local:17
    ///     restart: always
    ///     environment: { POSTGRES_HOST: db }
    /// volumes:
    ///   db-data:
    /// ```
    PLM805 "no-backup-in-sight" {
        since: "0.1.0", on: Compose, severity: Info, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for at in 0..facts.projects().len() {
        let all = facts.services_of(at);
        let server = all.iter().any(|it| it.role == Role::Production || it.restarts());
        let development = all.iter().any(|it| it.role == Role::Development);
        if !server || development {
            continue;
        }
        let mut names: Vec<&str> = Vec::new();
        let mut places = Vec::new();
        for service in all.iter().filter(|it| !it.has_profile()) {
            if let Some(kept) = kept_data(facts, service) {
                names.push(service.name);
                places.push(kept);
            }
        }
        let Some((first, others)) = places.split_first() else { continue };
        if facts.is_backed_up(at) {
            continue;
        }
        let finding = out.at(
            first,
            format!(
                "the data of {} is in {} on this host, but nothing in these files backs it up",
                named(&names),
                if others.is_empty() { "a volume" } else { "volumes" }
            ),
        );
        finding.confidence(Confidence::Possible).gathers("data without a backup");
        for (place, name) in others.iter().zip(names.iter().skip(1)) {
            finding.also(place, format!("the data of `{name}`"));
        }
        finding.check("docker volume ls");
    }
}

/// Returns where the data of a data store is mounted from this host.
fn kept_data(facts: &Facts<'_>, service: &Service<'_>) -> Option<Span> {
    service.unit.stored()?;
    let image = service.unit.runs.as_ref()?;
    let dirs = image.family.data_dirs(&image.repository, image.major);
    let mounted = facts.mounted(&service.unit);
    let data = mounted.iter().find(|mount| {
        matches!(mount.backing, Backing::Volume(_) | Backing::Host(_))
            && dirs.iter().any(|dir| mount.covers(dir) || is_below(mount.path, dir))
    });
    data.map(|it| it.span)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::messages;

    const DB: &str =
        "  db: { image: 'mysql:8.4', restart: always, volumes: ['data:/var/lib/mysql'] }\n";

    fn count(path: &str, more: &str) -> usize {
        messages(
            &RULE,
            &format!("# file: {path}\nservices:\n{DB}{more}volumes: {{ data: {{}} }}\n"),
        )
        .len()
    }

    #[test]
    fn a_project_is_reported_once() {
        let other = DB.replace("db:", "other:");
        assert_eq!(count("compose.yaml", &other), 1);
    }

    #[test]
    fn every_form_of_a_data_volume_on_a_server_counts() {
        let one = |path: &str, body: &str| {
            messages(
                &RULE,
                &format!(
                    "# file: {path}\nservices: {{ db: {{ image: 'postgres:17', {body} }} }}\nvolumes: {{ data: {{}} }}\n"
                ),
            )
            .len()
        };
        let named = "volumes: ['data:/var/lib/postgresql/data']";
        for volumes in [
            named,
            "volumes: ['./data:/var/lib/postgresql/data']",
            "volumes: [{ type: volume, source: data, target: /var/lib/postgresql/data }]",
            "volumes: [{ type: bind, source: ./data, target: /var/lib/postgresql/data }]",
        ] {
            assert_eq!(one("compose.yaml", &format!("restart: always, {volumes}")), 1, "{volumes}");
        }
        let deployed = format!("deploy: {{ restart_policy: {{ condition: any }} }}, {named}");
        assert_eq!(one("compose.yaml", &deployed), 1);
        assert_eq!(one("compose.prod.yaml", named), 1);
        assert_eq!(one("compose.yaml", "restart: always"), 0, "no volume");
    }

    #[test]
    fn a_script_of_the_project_may_make_the_backup() {
        let cron = "  keeper: { image: 'alpine:3', command: /scripts/run.sh, volumes: ['./scripts:/scripts'] }\n";
        let with = |service: &str, path: &str, script: &str| {
            messages(
                &RULE,
                &format!(
                    "# file: compose.yaml\nservices:\n{DB}{service}volumes: {{ data: {{}} }}\n# file: {path}\n{script}"
                ),
            )
            .len()
        };
        let dump =
            "#!/bin/sh\nset -e\ndocker compose exec -T db mysqldump app | gzip > /srv/app.sql.gz\n";
        assert_eq!(with("", "scripts/nightly.sh", dump), 0);
        assert_eq!(with("", "crontab", "0 3 * * * root pg_dump -h db app > /srv/app.sql\n"), 0);
        assert_eq!(
            with(cron, "scripts/run.sh", "while true; do restic backup /data; sleep 86400; done\n"),
            0
        );
        for other in
            ["#!/bin/sh\necho no backup\n", "#!/bin/sh\nrestic restore latest\n", "#!/bin/sh\nls\n"]
        {
            assert_eq!(with(cron, "scripts/run.sh", other), 1, "{other}");
        }
        assert_eq!(with("", "notes.txt", dump.trim_start_matches("#!/bin/sh\n")), 1, "no script");
    }

    #[test]
    fn what_packs_the_volume_of_a_store_backs_it_up() {
        let beside = |command: &str, volume: &str| {
            count(
                "compose.yaml",
                &format!(
                    "  keeper: {{ image: 'alpine:3', command: {command}, volumes: ['{volume}:/data:ro', '/srv/out:/out'] }}\n"
                ),
            )
        };
        assert_eq!(beside("tar czf /out/data.tgz /data", "data"), 0);
        assert_eq!(
            beside("sh -c 'while true; do tar -czf /out/d.tgz /data; sleep 86400; done'", "data"),
            0
        );
        assert_eq!(beside("rsync -a /data/ /out/", "data"), 0);
        assert_eq!(beside("tar xzf /out/data.tgz -d /data", "data"), 1, "that unpacks");
        assert_eq!(beside("tar czf /out/data.tgz /data", "./site"), 1, "other data");
        assert_eq!(beside("sleep infinity", "data"), 1);
    }

    #[test]
    fn any_sign_of_a_backup_and_development_are_silent() {
        assert_eq!(count("compose.yaml", "  b: { image: 'restic/restic:1' }\n"), 0);
        assert_eq!(
            count("compose.yaml", "  b: { image: 'alpine:3', command: mysqldump app }\n"),
            0
        );
        assert_eq!(count("compose.yaml", "  db-backup: { image: 'alpine:3' }\n"), 0);
        assert_eq!(count("compose.dev.yaml", ""), 0);
        let cache = "services: { c: { image: 'redis:7', restart: always, volumes: ['d1:/data'] } }\nvolumes: { d1: {} }\n";
        assert!(messages(&RULE, cache).is_empty());
        let laptop = DB.replace("restart: always, ", "");
        assert!(
            messages(&RULE, &format!("services:\n{laptop}volumes: {{ data: {{}} }}\n")).is_empty()
        );
    }
}
