use crate::edit::Yaml;
use crate::facts::{Facts, ReadyCheck, Service, Wait};
use crate::knowledge::families::Class;
use crate::knowledge::patience::Patience;
use crate::report::phrases::first_named;
use crate::report::{Confidence, Edit, Finding, Findings, Fix, Role, Safety, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::{IndexMap, IndexSet};

rule! {
    /// A service may start before the service it needs can answer.
    ///
    /// ## Why it hurts
    /// Unless it says `condition: service_healthy`, `depends_on` waits until the other container has
    /// *started*, not until the program inside accepts connections. On a slow or busy host the
    /// dependent connects too early, then crash-loops or returns errors until someone looks.
    ///
    /// ## What helps
    /// Give the dependency a `healthcheck` and wait for `service_healthy`. A client that retries
    /// with backoff is better still, and makes this wait a mere convenience: after a reboot of the
    /// host, Docker restarts containers without looking at `depends_on`.
    ///
    /// ## How to troubleshoot
    /// `docker compose ps -a` shows which services are healthy and since when; refused connections in
    /// the first seconds of the dependent's log are the telltale sign.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on: [db] # <- `web` may start before `db` can answer
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on: { db: { condition: service_healthy } }
    ///   db:
    ///     image: postgres:17
    ///     healthcheck:
    ///       test: ["CMD-SHELL", "pg_isready -h 127.0.0.1 -U postgres"]
    /// ```
    PLM101 "depends-on-started-only" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

/// Why dependents start too early, which is mended in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Cause {
    /// Services have healthchecks that nobody waits for.
    Unused,
    /// Services have no healthcheck.
    NoCheck,
}

impl Cause {
    fn of(on: &Service<'_>) -> Cause {
        if on.model.healthcheck.is_some() { Cause::Unused } else { Cause::NoCheck }
    }
}

/// What is known of how a dependent takes an early start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Dependent {
    /// It fails, as far as is known.
    Fails,
    /// It fails, and is restarted until it succeeds.
    Restarted,
    /// It tries again by itself.
    Retries,
    /// It starts a script that is not among the files, and that may wait.
    Unread,
}

impl Dependent {
    fn of(facts: &Facts, wait: &Wait<'_, '_>) -> Dependent {
        match facts.patience(wait.from, wait.on) {
            Patience::Retries => Dependent::Retries,
            _ if facts.starts_unread_script(wait.from) => Dependent::Unread,
            _ if wait.from.is_restarted_after_failure() => Dependent::Restarted,
            Patience::Impatient | Patience::Waits => Dependent::Fails,
        }
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    // By the project, the cause and what the dependents do.
    let mut groups: IndexMap<(usize, Cause, Dependent), Vec<Wait<'_, '_>>> = IndexMap::new();
    for wait in early_waits(facts) {
        let dependent = Dependent::of(facts, &wait);
        if facts.is_accepted(wait.dependency.span, &|selector| RULE.is(selector)) {
            report(facts, &[wait], dependent, out);
            continue;
        }
        let key = (wait.from.project_index, Cause::of(wait.on), dependent);
        groups.entry(key).or_default().push(wait);
    }
    for ((_, cause, dependent), mut waits) in groups {
        // A cache is up in no time.
        waits.sort_by_key(|it| it.on.unit.family().is_some_and(|it| it.class == Class::Cache));
        if let Some(finding) = report(facts, &waits, dependent, out) {
            finding.cause(format!("{cause:?}, {dependent:?}"));
        }
    }
}

/// Returns the waits that are too short, each line of a service once. Services may share a line through an
/// anchor. A line may be part of several projects, as where an override file is laid over it: for development and
/// tests counts only what no other project says.
fn early_waits<'f, 'a>(facts: &'f Facts<'a>) -> Vec<Wait<'f, 'a>> {
    let mut lines: IndexMap<(Span, &str), Vec<Wait<'f, 'a>>> = IndexMap::new();
    for wait in facts.waits() {
        lines.entry((wait.dependency.span, wait.from.name)).or_default().push(wait);
    }
    // A healthcheck that can never pass is the cause, and has a finding of its own.
    for waits in lines.values_mut() {
        waits.retain(|it| facts.broken_check(it.on).is_none());
    }
    let early = lines.into_values().filter_map(|waits| {
        let counts = |it: &&Wait<'f, 'a>| it.from.role != Role::Development;
        let is_early = |it: &&Wait<'f, 'a>| facts.is_early(it);
        match waits.iter().any(|it| counts(&it)) {
            true => waits.iter().filter(counts).find(is_early).copied(),
            false => waits.iter().find(is_early).copied(),
        }
    });
    early.collect()
}

/// Reports waits that have one cause in one project.
fn report<'f>(
    facts: &Facts,
    waits: &[Wait<'_, '_>],
    dependent: Dependent,
    out: &'f mut Findings,
) -> Option<&'f mut Finding> {
    let first = waits.first()?;
    let (from, on) = (first.from, first.on);
    let (same, others): (Vec<Wait<'_, '_>>, Vec<Wait<'_, '_>>) =
        waits.iter().copied().partition(|it| it.on.index == on.index);
    let finding = out.at(&first.dependency.span, says(&same));
    let is_development = facts.role_of(first.dependency.span.file) == Some(Role::Development)
        || waits.iter().all(|it| it.from.role == Role::Development);
    if dependent != Dependent::Fails || is_development {
        finding.severity(Severity::Info);
    }
    match dependent {
        Dependent::Fails => {}
        Dependent::Restarted => {
            finding.why("`depends_on` waits until the other container has *started*, not until the program inside accepts connections. A dependent that connects too early fails, and its restart policy starts it again until the dependency answers: errors in the log, and a later start.");
        }
        Dependent::Retries => {
            finding.why("The dependent tries again by itself or connects on first use, so that an early start costs failed requests and lines in its log, and nobody has to look.");
        }
        Dependent::Unread => {
            finding.confidence(Confidence::Likely);
            finding.why("The dependent starts a script that is mounted and not among these files. Unless that script waits, the dependent connects too early on a slow or busy host, because `depends_on` waits only until the other container has *started*.");
        }
    }
    let name = on.name;
    match &on.model.healthcheck {
        Some(check) => {
            finding.also(&check.span, format!("`{name}` has a healthcheck to wait for"));
        }
        None => {
            finding.also(&on.span(), format!("`{name}` has no healthcheck to wait for"));
        }
    }
    for wait in &same[1..] {
        finding.also(&wait.dependency.span, format!("`{}` depends on it here", wait.from.name));
    }
    let mut by_dependency: IndexMap<usize, Vec<Wait<'_, '_>>> = IndexMap::new();
    for wait in others {
        by_dependency.entry(wait.on.index).or_default().push(wait);
    }
    let others = by_dependency.values();
    let others: Vec<(Span, String)> =
        others.filter_map(|waits| Some((waits.first()?.dependency.span, says(waits)))).collect();
    finding.stands_for(&others);
    finding
        .check(facts.compose(from, &format!("ps -a {name} {}", from.name)))
        .check(facts.compose(from, &format!("logs --since 5m {}", from.name)));
    for fix in wait_for_health(facts, waits) {
        finding.fix(fix);
    }
    Some(finding)
}

/// Returns who may start too early, and before what. All waits are for one service.
fn says(waits: &[Wait<'_, '_>]) -> String {
    let names: Vec<&str> = waits.iter().map(|it| it.from.name).collect();
    let on = waits.first().map_or("", |it| it.on.name);
    format!("{} may start before `{on}` can answer", first_named(&names, 3))
}

/// Makes dependents wait for the health of what they depend on, in one fix for what is safe and one for what
/// has to be read first. Adds a healthcheck where there is none, if the image family has a ready check.
fn wait_for_health(facts: &Facts, waits: &[Wait<'_, '_>]) -> Vec<Fix> {
    let is_awaited = |wait: &Wait<'_, '_>, safety: Safety| {
        let check = match &wait.on.model.healthcheck {
            Some(check) => check.span.file,
            None => wait.on.span().file,
        };
        // Compose does not start what waits for the health of a service without a healthcheck.
        facts.comes_with(wait.from, wait.dependency.span.file, check)
            && facts.wait_safety(wait.on) == Some(safety)
            && (wait.on.model.healthcheck.is_some() || facts.healthcheck_entry(wait.on).is_some())
    };
    let mut fixes: Vec<Fix> = Vec::new();
    for safety in [Safety::Safe, Safety::Unsafe] {
        let waits: Vec<Wait<'_, '_>> =
            waits.iter().copied().filter(|it| is_awaited(it, safety)).collect();
        let mut edits: Vec<Edit> = Vec::new();
        for wait in &waits {
            let edit = condition(facts, wait, &waits);
            edits.extend(edit.filter(|it| edits.iter().all(|other| other.span != it.span)));
        }
        if edits.is_empty() {
            continue;
        }
        let mut checked: Vec<usize> = Vec::new();
        for wait in waits.iter().filter(|it| it.on.model.healthcheck.is_none()) {
            if !checked.contains(&wait.on.index) {
                checked.push(wait.on.index);
                edits.extend(facts.healthcheck_entry(wait.on));
            }
        }
        let names: IndexSet<&str> = waits.iter().map(|it| it.on.name).collect();
        let title = match names.first() {
            Some(name) if names.len() == 1 => format!("Wait until `{name}` is healthy"),
            _ => "Wait until what is depended on is healthy".to_owned(),
        };
        fixes.push(match safety {
            Safety::Safe => Fix::safe(title, edits),
            Safety::Unsafe => Fix::r#unsafe(title, edits),
        });
    }
    fixes
}

/// Rewrites the dependencies in the long form, with `service_healthy` for those that are to be waited for and
/// for every other one whose healthcheck is known to pass.
fn condition(facts: &Facts, wait: &Wait<'_, '_>, all_waits: &[Wait<'_, '_>]) -> Option<Edit> {
    let dependency = wait.dependency;
    let editor = facts.editor(dependency.span.file);
    Some(if !dependency.short_form {
        let place = dependency.place?;
        if dependency.explicit_condition {
            editor.replace_scalar(dependency.condition.span, "service_healthy")
        } else {
            editor.insert_entry(&place, "condition", &Yaml::str("service_healthy"))?
        }
    } else {
        let list = wait.from.model.depends_on_span?;
        // A list merged from several files cannot be rewritten in any one of them.
        let all = &wait.from.model.depends_on;
        if !all.iter().all(|it| it.short_form && list.contains(it.span)) {
            return None;
        }
        let text = facts.file(list.file).text();
        if text.get(list.range())?.contains('#') {
            return None;
        }
        let is_sure = |on: &Service<'_>| {
            let check = on.model.healthcheck.as_ref();
            check.is_some_and(|it| facts.written_check(on, it) == ReadyCheck::Understood)
        };
        let entries = all.iter().map(|it| {
            let on = facts.sibling(wait.from, &it.service);
            let is_awaited = all_waits.iter().any(|other| other.dependency.span == it.span);
            let healthy = is_awaited || on.is_some_and(is_sure);
            let name = if healthy { "service_healthy" } else { "service_started" };
            (it.service.as_str(), Yaml::map([("condition", Yaml::str(name))]))
        });
        editor.replace_collection(
            list,
            wait.from.model.key("depends_on")?.name.span,
            &Yaml::map(entries),
        )?
    })
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rules::testing::{findings, messages};

    #[test]
    fn all_that_start_before_one_service_are_one_finding() {
        let client = |name: &str| format!("  {name}: {{image: 'a/b:1', depends_on: [db]}}\n");
        let text = format!(
            "services:\n{}{}  db: {{image: 'postgres:17'}}\n",
            client("web"),
            client("job")
        );
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "`job`, `web` may start before `db` can answer");
        // Both dependents wait, and the store gets its check.
        assert_eq!(found[0].fixes[0].edits.len(), 3);
    }

    #[test]
    fn dependents_that_share_their_dependencies_through_an_anchor_are_all_named() {
        let text = "services:\n  web: {image: 'a/b:1', depends_on: &needs [db]}\n  job: {image: 'a/c:1', depends_on: *needs}\n  db: {image: 'postgres:17'}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "`job`, `web` may start before `db` can answer");
        // The shared list is written anew once, and the store gets its check.
        assert_eq!(found[0].fixes[0].edits.len(), 2);
    }

    #[test]
    fn services_without_a_check_are_one_cause() {
        let text = "services:\n  a: {image: 'a/b:1', depends_on: [db-a]}\n  c: {image: 'c/d:1', depends_on: [db-c, cache]}\n  db-a: {image: 'postgres:17'}\n  db-c: {image: 'postgres:17'}\n  cache: {image: 'redis:8.2'}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].message, "`a` may start before `db-a` can answer (and 2 more like it)");
        let places: Vec<&str> = found[0].related.iter().map(|it| it.message.as_str()).collect();
        assert!(places.contains(&"`c` may start before `db-c` can answer"), "{places:?}");
        assert!(places.contains(&"`c` may start before `cache` can answer"), "{places:?}");
        // All three get their checks, and both dependents wait.
        assert_eq!((found[0].fixes.len(), found[0].fixes[0].edits.len()), (1, 5));
    }

    #[test]
    fn a_cache_does_not_lead_over_a_database() {
        let text = "services:\n  web: {image: 'a/b:1', depends_on: [cache, db]}\n  cache: {image: 'redis:8.2'}\n  db: {image: 'postgres:17'}\n";
        assert_eq!(
            messages(&RULE, text),
            ["`web` may start before `db` can answer (and 1 more like it)"]
        );
    }

    #[test]
    fn a_dependent_that_is_restarted_until_it_succeeds_is_worth_a_note() {
        let found = |more: &str| {
            let text = format!(
                "services:\n  web: {{image: 'a/b:1', depends_on: [db], {more}}}\n  db: {{image: 'postgres:17'}}\n"
            );
            findings(&RULE, &text).remove(0)
        };
        for policy in ["always", "unless-stopped", "on-failure"] {
            let found = found(&format!("restart: {policy}"));
            assert_eq!(found.severity.name(), "info", "{policy}");
            assert!(found.why.is_some_and(|it| it.contains("until the dependency answers")));
        }
        for policy in ["restart: 'no'", "restart: 'on-failure:3'", "tty: true"] {
            assert_eq!(found(policy).severity.name(), "warning", "{policy}");
        }
    }

    #[test]
    fn a_switch_for_retries_makes_it_a_note() {
        let severity = |value: &str| {
            let text = format!(
                "services:\n  web: {{image: 'a/b:1', depends_on: [db], environment: {{RetryMigrations: '{value}'}}}}\n  db: {{image: 'postgres:17'}}\n"
            );
            findings(&RULE, &text)[0].severity.name()
        };
        assert_eq!(severity("true"), "info");
        assert_eq!(severity("false"), "warning");
    }

    #[test]
    fn what_the_sidecar_connects_to_is_not_waited_for() {
        let project = |env: &str| {
            let text = format!(
                "services:\n  basket: {{image: 'a/basket:1', depends_on: [redis]{env}}}\n  basket-dapr: {{image: 'daprio/daprd:1.14.4', network_mode: 'service:basket'}}\n  redis: {{image: 'redis:8.2'}}\n"
            );
            messages(&RULE, &text).len()
        };
        assert_eq!(project(""), 0);
        assert_eq!(project(", environment: {REDIS_URL: 'redis://redis:6379'}"), 1);
        let database = "services:\n  basket: {image: 'a/basket:1', depends_on: [db]}\n  basket-dapr: {image: 'daprio/daprd:1.14.4', network_mode: 'service:basket'}\n  db: {image: 'postgres:17'}\n";
        assert_eq!(messages(&RULE, database).len(), 1, "a driver of its own connects to it");
    }

    #[test]
    fn checks_that_nobody_waits_for_are_one_cause_in_all_files() {
        let check = "healthcheck: {test: [CMD, ready]}";
        let file = format!(
            "services:\n  a: {{image: 'a/b:1', depends_on: [x, y]}}\n  x: {{image: 'a/x:1', {check}}}\n  y: {{image: 'a/y:1', {check}}}\n"
        );
        let text = format!("# file: compose.yaml\n{file}# file: compose-all.yaml\n{file}");
        let found = findings(&RULE, &text);
        assert_eq!(
            found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(),
            [
                "`a` may start before `x` can answer (and 3 more like it, also in `compose-all.yaml`)"
            ]
        );
        let first = &found[0].fixes[0];
        assert!(first.edits[0].text.matches("service_healthy").count() == 2, "{first:?}");
    }

    #[test]
    fn a_dependent_that_tries_again_or_is_for_development_is_worth_a_note() {
        let severity = |text: &str| {
            findings(&RULE, text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
        };
        let db = "  db: {image: 'postgres:17'}\n";
        let proxy = format!("services:\n  web: {{image: 'nginx:1.29', depends_on: [db]}}\n{db}");
        assert_eq!(severity(&proxy), ["info"]);
        let built = format!(
            "# file: compose.yaml\nservices:\n  web: {{build: ./web, depends_on: [db]}}\n{db}# file: web/Dockerfile\nFROM node:22 AS build\nFROM nginx:1.29\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n"
        );
        assert_eq!(severity(&built), ["info"]);
        let app = format!(
            "# file: compose.dev.yaml\nservices:\n  web: {{image: 'a/b:1', depends_on: [db]}}\n{db}"
        );
        assert_eq!(severity(&app), ["info"]);
    }

    #[test]
    fn a_check_that_never_passes_is_not_waited_for() {
        let text = "services:\n  web: {image: 'a/b:1', depends_on: [db]}\n  db: {image: 'postgres:17', healthcheck: {test: [CMD, curl, -f, localhost]}}\n";
        let found = findings(&RULE, text);
        assert!(found.is_empty());
    }

    #[test]
    fn who_starts_nothing_at_once_is_silent() {
        let db = "  db: {image: 'postgres:17'}\n";
        for body in [
            "image: 'a/b:1', command: [tini, --, sleep, infinity]",
            "image: 'a/b:1', command: bash, tty: true",
            "image: 'a/b:1', entrypoint: [crond, -f]",
            "image: 'temporalio/admin-tools:1.28', tty: true",
        ] {
            let text = format!("services:\n  shell: {{{body}, depends_on: [db]}}\n{db}");
            assert!(messages(&RULE, &text).is_empty(), "{body}");
        }
        let text = format!(
            "# file: compose.yaml\nservices:\n  clean: {{build: ., depends_on: [db]}}\n{db}# file: Dockerfile\nFROM acme/base\nENTRYPOINT [\"crond\"]\nCMD [\"-f\"]\n"
        );
        assert!(messages(&RULE, &text).is_empty());
        let runs = "image: 'a/b:1', command: bash /start.sh";
        let text = format!("services:\n  web: {{{runs}, depends_on: [db]}}\n{db}");
        assert_eq!(messages(&RULE, &text).len(), 1);
    }

    #[test]
    fn an_image_is_known_by_the_arguments_of_its_build() {
        let text = "# file: compose.yaml\nservices:\n  temporal: {build: {context: ., args: ['BASE=auto-setup:${VERSION}']}, depends_on: [db]}\n  db: {image: 'postgres:17'}\n# file: Dockerfile\nARG BASE\nFROM temporalio/${BASE}\nUSER temporal\n";
        assert!(messages(&RULE, text).is_empty());
        assert_eq!(messages(&RULE, &text.replace("auto-setup", "server")).len(), 1);
    }

    #[test]
    fn a_mounted_script_decides_and_one_that_is_not_here_may_wait() {
        let text = "# file: compose.yaml\nservices:\n  web: {image: 'a/b:1', entrypoint: /start.sh, volumes: ['./start.sh:/start.sh'], depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        let found = findings(&RULE, text);
        assert_eq!((found.len(), found[0].severity.name()), (1, "info"));
        assert_eq!(found[0].confidence, crate::report::Confidence::Likely);
        let config =
            text.replace("entrypoint: /start.sh", "command: serve --config /start.sh.conf");
        assert_eq!(findings(&RULE, &config)[0].severity.name(), "warning");
    }

    #[test]
    fn swarm_ignores_the_order() {
        let text = "# file: docker-stack.yml\nservices:\n  web: {image: 'a/b:1', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        assert!(messages(&RULE, text).is_empty());
        let overlay = text
            .replace("docker-stack", "compose")
            .replace("services:", "networks: {default: {driver: overlay}}\nservices:");
        assert!(messages(&RULE, &overlay).is_empty());
        // `docker stack deploy` refuses a map, so that the file is for Compose after all.
        let map = text.replace("[db]", "{db: {condition: service_started}}");
        assert_eq!(messages(&RULE, &map).len(), 1);
        assert_eq!(messages(&RULE, &text.replace("docker-stack", "compose")).len(), 1);
    }

    #[test]
    fn a_gate_on_an_image_of_an_open_version_is_read_first() {
        use crate::report::Safety;
        let safety = |image: &str| {
            let text = format!(
                "services:\n  web: {{image: 'a/b:1', depends_on: [db]}}\n  db: {{{image}}}\n"
            );
            findings(&RULE, &text)[0].fixes[0].safety
        };
        assert_eq!(safety("image: 'mongo:8.0'"), Safety::Safe);
        assert_eq!(safety("image: mongo"), Safety::Unsafe);
        assert_eq!(safety("image: 'mysql:8.4', platform: linux/amd64"), Safety::Unsafe);
    }

    #[test]
    fn drivers_that_wait_make_it_a_note() {
        let text = "services:\n  web: {image: 'a/b:1', depends_on: [db]}\n  seed: {image: 'mongo:8.0', command: mongoimport --host db, depends_on: [db]}\n  db: {image: 'mongo:8.0'}\n";
        let found = findings(&RULE, text);
        let all: Vec<_> =
            found.iter().map(|it| (it.message.as_str(), it.severity.name())).collect();
        assert_eq!(
            all,
            [
                ("`web` may start before `db` can answer", "info"),
                ("`seed` may start before `db` can answer", "warning")
            ]
        );
    }

    #[test]
    fn who_starts_late_anyway_is_silent() {
        let chain = "services:\n  tests: {image: 'a/b:1', depends_on: [queue, shop]}\n  shop: {image: 'a/shop:1', depends_on: {queue: {condition: service_healthy}}}\n  queue: {image: 'rabbitmq:4', healthcheck: {test: [CMD, ready]}}\n";
        assert!(messages(&RULE, chain).is_empty());
        let idle = "services:\n  shell: {image: 'a/b:1', command: tail -f /dev/null, depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        assert!(messages(&RULE, idle).is_empty());
        let setup = "services:\n  temporal: {image: 'temporalio/auto-setup:1.28', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        assert!(messages(&RULE, setup).is_empty());
        let built = "# file: compose.yaml\nservices:\n  web: {build: ., depends_on: [db]}\n  db: {image: 'postgres:17'}\n# file: Dockerfile\nFROM acme/base\nENTRYPOINT [\"/wait-for-it.sh\", \"db:5432\", \"--\", \"./web\"]\n";
        assert!(messages(&RULE, built).is_empty());
        let setup = "# file: compose.yaml\nservices:\n  temporal: {build: ., image: own-setup, depends_on: [db]}\n  db: {image: 'postgres:17'}\n# file: Dockerfile\nFROM temporalio/auto-setup:1.28\nCOPY start.sh /\n";
        assert!(messages(&RULE, setup).is_empty());
        let prepared = "services:\n  web: {image: 'a/b:1', depends_on: {cache: {condition: service_started}, init: {condition: service_completed_successfully}}}\n  cache: {image: 'redis:8.2'}\n  init: {image: 'a/init:1'}\n";
        assert!(messages(&RULE, prepared).is_empty());
    }

    #[test]
    fn a_test_override_decides_nothing_about_the_main_file() {
        let text = "# file: compose.yaml\nservices:\n  web: {image: 'a/b:1', command: [wait-for-it, 'db:5432'], depends_on: [db]}\n  db: {image: 'postgres:17'}\n# file: compose.override.test.yaml\nservices:\n  web: {command: ./web}\n";
        assert!(messages(&RULE, text).is_empty());
    }

    #[test]
    fn who_waits_by_itself_and_what_runs_once_are_silent() {
        let waits = "services:\n  web: {image: 'a/b:1', command: [wait-for-it, 'db:5432'], depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        assert!(messages(&RULE, waits).is_empty());
        let task = "services:\n  web: {image: 'a/b:1', depends_on: [migrate]}\n  migrate: {image: 'postgres:17', command: ./migrate.sh}\n";
        assert!(messages(&RULE, task).is_empty());
    }

    #[test]
    fn commands_name_the_files_that_compose_does_not_find() {
        let text = "# file: deploy/shop.yaml\nservices:\n  web: {image: 'a/b:1', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        assert_eq!(
            findings(&RULE, text)[0].check[0],
            "docker compose -f deploy/shop.yaml ps -a db web"
        );
    }
}
