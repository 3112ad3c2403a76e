use crate::facts::{Backing, Facts, Part, Unit};
use crate::knowledge::env::{self, FileDatabase};
use crate::report::{Confidence, Findings, Severity};
use crate::rules::rule;
use crate::text::Span;

rule! {
    /// A replicated program keeps its data in a file database.
    ///
    /// ## Why it hurts
    /// SQLite, H2 and similar engines work in a file, or in memory, for a single process. With a
    /// file per replica, a request sees the data of whichever replica answers it. With one file on
    /// shared storage, the locks of the network file system are not reliable enough: writes get
    /// lost, or the file itself.
    ///
    /// ## What helps
    /// A database server that all replicas use, or a single replica.
    ///
    /// ## How to troubleshoot
    /// Write a record, then read it a few times: it comes and goes.
    ///
    /// ## When to ignore
    /// Where the program only reads the file, and it is the same in every replica.
    ///
    /// ## Bad
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: shop } }
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           env:
    ///             - name: DATABASE_URL
    ///               value: sqlite:////data/shop.db # <- `DATABASE_URL` of container `web` of Deployment `shop` is a SQLite file, but there are 3 replicas
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: { name: shop }
    /// spec:
    ///   replicas: 3
    ///   selector: { matchLabels: { app: shop } }
    ///   template:
    ///     metadata: { labels: { app: shop } }
    ///     spec:
    ///       containers:
    ///         - name: web
    ///           image: ghcr.io/acme/shop:1.4.2
    ///           env:
    ///             - name: DATABASE_URL
    ///               value: postgres://db/shop
    /// ```
    PLM703 "file-database-replicated" {
        since: "0.1.0", on: Both, severity: Error, check: check,
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    for unit in facts.units().filter(|it| it.part != Part::Init) {
        let Some(many) = unit.copies.many() else { continue };
        // Agents on every node and the Pods of a Job may each have data of their own.
        if facts.workload_of(unit).is_some_and(|it| !it.is_server_like()) {
            continue;
        }
        let Some((place, span, database)) = file_database(unit) else { continue };
        let engine = database.engine;
        let article = if engine.starts_with('H') { "an" } else { "a" };
        let what = if database.path.is_some() { "file" } else { "database" };
        let finding = out.at(
            &span,
            format!(
                "{place} of {} is {article} {engine} {what}, but there are {}",
                unit.label,
                facts.replica_words(unit)
            ),
        );
        finding.also(&many, "more than one replica is requested here");
        if has_own_volume(facts, unit, database.path) {
            finding.severity(Severity::Warning).confidence(Confidence::Likely);
        }
    }
}

fn file_database<'u>(unit: &'u Unit<'_>) -> Option<(String, Span, FileDatabase<'u>)> {
    let variable = unit.env.iter().find_map(|var| {
        let found = env::file_database(var.name, var.value?)?;
        Some((format!("`{}`", var.name), var.value_span, found))
    });
    let commands = || unit.start.commands.iter();
    let mut words = commands().flat_map(|it| it.assignments.iter().chain(&it.words));
    variable.or_else(|| {
        words.find_map(|word| {
            // A URL stands by itself or behind a name: `--db=sqlite:///a.db`, `-Durl=jdbc:h2:mem:a`.
            let text = word.text.as_str();
            let behind = || text.split_once('=').map(|it| it.1);
            let url = Some(text).filter(|it| is_url(it)).or_else(behind)?;
            // Any file name may be a word of the command, so only URLs count here.
            let found = env::file_database("", url).filter(|_| is_url(url))?;
            Some(("the start command".to_owned(), unit.start.span_of(word), found))
        })
    })
}

fn is_url(word: &str) -> bool {
    ["sqlite:", "sqlite3:", "jdbc:", "duckdb:"].iter().any(|it| word.starts_with(it))
}

/// Whether each Pod of a StatefulSet has its own volume at the path, which may be on purpose.
fn has_own_volume(facts: &Facts<'_>, unit: &Unit<'_>, path: Option<&str>) -> bool {
    let Some(path) = path else { return false };
    let Some(workload) = facts.workload_of(unit) else { return false };
    let at = workload.units.iter().find(|it| it.site == unit.site);
    at.is_some_and(|unit| {
        facts.mounted(unit).iter().any(|it| {
            matches!(it.backing, Backing::ClaimTemplate(_))
                && (it.covers(path) || it.covers(&format!("/{path}")))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    fn service(extra: &str, variable: &str) -> Vec<String> {
        messages(
            &RULE,
            &format!(
                "services:\n  web: {{ image: 'a:1', {extra} environment: {{ {variable} }} }}\n"
            ),
        )
    }

    #[test]
    fn both_sides_and_every_engine() {
        let two = "deploy: { replicas: 2 },";
        for variable in [
            "DATABASE_URL: 'sqlite:///app.db'",
            "SPRING_DATASOURCE_URL: 'jdbc:h2:mem:test'",
            "DB_CONNECTION: sqlite",
        ] {
            assert_eq!(service(two, variable).len(), 1, "{variable}");
        }
        assert_eq!(
            service("scale: 3,", "DB_URL: 'jdbc:h2:file:/data/a'"),
            ["`DB_URL` of service `web` is an H2 file, but there are 3 replicas"]
        );
    }

    #[test]
    fn one_copy_servers_and_unknown_values_are_silent() {
        assert!(service("", "DATABASE_URL: 'sqlite:///app.db'").is_empty());
        assert!(service("scale: 2,", "DATABASE_URL: 'postgres://db/app'").is_empty());
        assert!(service("scale: 2,", "DATABASE_URL: '${DATABASE_URL}'").is_empty());
    }

    fn cluster(kind: &str, spec: &str) -> String {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{ name: web }}\nspec:\n{spec}  template:\n    spec:\n      \
             containers: [{{ name: web, image: 'a:1', env: [{{ name: DATABASE_URL, value: 'sqlite:////data/a.db' }}], \
             volumeMounts: [{{ name: d, mountPath: /data }}] }}]\n"
        )
    }

    #[test]
    fn the_maximum_of_an_autoscaler_counts() {
        let hpa = "---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: web }\n\
                   spec: { scaleTargetRef: { kind: Deployment, name: web, apiVersion: apps/v1 }, maxReplicas: 4 }\n";
        let text = format!("{}{hpa}", cluster("Deployment", ""));
        assert!(messages(&RULE, &text)[0].ends_with("up to 4 replicas"));
    }

    #[test]
    fn agents_are_silent_and_own_volumes_are_a_warning() {
        assert!(messages(&RULE, &cluster("DaemonSet", "")).is_empty());
        let own = "  replicas: 2\n  volumeClaimTemplates: [{ metadata: { name: d }, spec: { accessModes: [ReadWriteOnce] } }]\n";
        let found = findings(&RULE, &cluster("StatefulSet", own));
        assert_eq!(found[0].severity.name(), "warning");
    }

    #[test]
    fn commands_are_read_in_every_form() {
        for command in [
            "command: [serve, --db, 'sqlite:///a.db']",
            "command: serve --db sqlite:///a.db",
            "command: serve --db=sqlite:///a.db",
            "command: sh -c 'migrate && DATABASE_URL=sqlite:///a.db serve'",
            "entrypoint: [java, '-Dspring.datasource.url=jdbc:h2:file:/data/a', -jar, a.jar]",
        ] {
            let text = format!("services: {{web: {{image: 'a:1', scale: 2, {command}}}}}\n");
            let found = messages(&RULE, &text);
            assert!(found.len() == 1 && found[0].starts_with("the start command of"), "{command}");
            assert!(messages(&RULE, &text.replace("scale: 2, ", "")).is_empty(), "{command}");
        }
        let pod = |container: &str| {
            let text = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 2, template: {{spec: {{containers: [{{name: web, image: 'a:1', {container}}}]}}}}}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(pod("args: [--db, 'sqlite:///a.db']"), 1);
        assert_eq!(pod("args: ['--db=duckdb:///a.duckdb']"), 1);
        assert_eq!(pod("command: [sh, -c, 'serve --db=sqlite:///a.db']"), 1);
        assert_eq!(pod("env: [{name: DUCKDB_PATH, value: /data/a.duckdb}]"), 1);
        assert_eq!(pod("args: ['--db=postgres://db/a']"), 0);
        assert_eq!(pod("args: [--config, /etc/a.db]"), 0);
    }

    #[test]
    fn a_config_map_may_name_the_file() {
        let count = |text: &str| messages(&RULE, text).len();
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 2, selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', envFrom: [{configMapRef: {name: web}}]}]}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {DATABASE_URL: 'sqlite:////data/app.db'}\n"
            ),
            1
        );
        assert_eq!(
            count(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 2, selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: 'a/b:1', envFrom: [{configMapRef: {name: web}}]}]}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {DATABASE_URL: 'postgres://db/app'}\n"
            ),
            0
        );
    }
}
