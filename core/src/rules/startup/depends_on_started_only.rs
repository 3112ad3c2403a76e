use crate::edit::Yaml;
use crate::facts::{Facts, ReadyCheck, Service, Wait};
use crate::report::phrases::first_named;
use crate::report::{Edit, Finding, Findings, Fix};
use crate::rules::rule;
use crate::text::{FileId, Span};
use indexmap::IndexMap;

rule! {
    /// A service may start before the service it needs can answer.
    ///
    /// ## Why it hurts
    /// The short form of `depends_on` waits until the other container has *started*, not until the
    /// program inside accepts connections. After a reboot of the host, the dependent service
    /// connects too early, then crash-loops or returns errors until someone looks.
    ///
    /// ## What helps
    /// Give the dependency a `healthcheck` and wait for `service_healthy`. A client that retries
    /// with backoff is better still, and makes this wait a mere convenience.
    ///
    /// ## How to troubleshoot
    /// `docker compose ps` shows which services are healthy and since when; refused connections in
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
    ///       test: ["CMD-SHELL", "pg_isready -U postgres"]
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
    ///       test: ["CMD-SHELL", "pg_isready -U postgres"]
    /// ```
    PLM101 "depends-on-started-only" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

/// Maximum number of other dependents that a finding points at.
const MAX_RELATED: usize = 10;

/// Why dependents start too early, which is mended in one go.
#[derive(PartialEq, Eq, Hash)]
enum Cause<'a> {
    /// The services of a file have healthchecks that nobody waits for.
    Unused(FileId),
    /// The services of a file that run one program have no healthcheck.
    NoCheck(FileId, &'a str),
}

impl<'a> Cause<'a> {
    fn of(on: &Service<'a>) -> Cause<'a> {
        // Several projects may have one file in common.
        let file = on.span().file;
        if on.model.healthcheck.is_some() {
            return Cause::Unused(file);
        }
        let family = on.unit.family().map(|it| it.id);
        let program = family.or(on.unit.image.as_ref().map(|it| it.text)).unwrap_or(on.name);
        Cause::NoCheck(file, program)
    }
}

fn check(facts: &Facts, out: &mut Findings) {
    let mut causes: IndexMap<Cause<'_>, IndexMap<Span, Vec<Wait<'_, '_>>>> = IndexMap::new();
    for wait in facts.waits().filter(|it| facts.is_early(it)) {
        if facts.is_accepted(wait.dependency.span, &|selector| RULE.is(selector)) {
            report(facts, &[wait], out);
            continue;
        }
        let by_dependency = causes.entry(Cause::of(wait.on)).or_default();
        let waits = by_dependency.entry(wait.on.span()).or_default();
        if !waits.iter().any(|it| it.dependency.span == wait.dependency.span) {
            waits.push(wait);
        }
    }
    for by_dependency in causes.values() {
        let mut all = by_dependency.values();
        let Some(finding) = all.next().and_then(|waits| report(facts, waits, out)) else {
            continue;
        };
        let others: Vec<(Span, String)> = all
            .clone()
            .filter_map(|waits| Some((waits.first()?.dependency.span, says(waits))))
            .collect();
        finding.stands_for(&others);
        for waits in all {
            finding.maybe_fix(wait_for_health(facts, waits));
        }
    }
}

/// Returns who may start too early, and before what. All waits are for one service.
fn says(waits: &[Wait<'_, '_>]) -> String {
    let names: Vec<&str> = waits.iter().map(|it| it.from.name).collect();
    let on = waits.first().map_or("", |it| it.on.name);
    format!("{} may start before `{on}` can answer", first_named(&names, 3))
}

/// Reports all that depend on one service.
fn report<'f>(
    facts: &Facts,
    waits: &[Wait<'_, '_>],
    out: &'f mut Findings,
) -> Option<&'f mut Finding> {
    let (first, others) = waits.split_first()?;
    let (from, on) = (first.from, first.on);
    let finding = out.at(&first.dependency.span, says(waits));
    match &on.model.healthcheck {
        Some(check) => {
            finding.also(&check.span, format!("`{}` has a healthcheck to wait for", on.name))
        }
        None => finding.also(&on.span(), format!("`{}` has no healthcheck to wait for", on.name)),
    };
    for wait in others.iter().take(MAX_RELATED) {
        finding.also(&wait.dependency.span, format!("`{}` depends on it here", wait.from.name));
    }
    Some(
        finding
            .check(facts.compose(from, &format!("ps {} {}", on.name, from.name)))
            .check(facts.compose(from, &format!("logs --since 5m {}", from.name)))
            .maybe_fix(wait_for_health(facts, waits)),
    )
}

/// Makes all dependents wait for the health of one service. Adds a healthcheck where it has none, if its
/// image family has a ready check.
fn wait_for_health(facts: &Facts, waits: &[Wait<'_, '_>]) -> Option<Fix> {
    let on = waits.first()?.on;
    let mut edits: Vec<Edit> = Vec::new();
    for wait in waits {
        if let Some(edit) =
            condition(facts, wait).filter(|it| edits.iter().all(|other| other.span != it.span))
        {
            edits.push(edit);
        }
    }
    if edits.is_empty() {
        return None;
    }
    if on.model.healthcheck.is_none() {
        edits.push(facts.healthcheck_entry(on)?);
    }
    facts.wait_fix(on, format!("Wait until `{}` is healthy", on.name), edits)
}

/// Rewrites the dependencies in the long form, with `service_healthy` for this one and for every
/// other one whose healthcheck is known to pass.
fn condition(facts: &Facts, wait: &Wait<'_, '_>) -> Option<Edit> {
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
            let healthy = it.service.value == dependency.service.value || on.is_some_and(is_sure);
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
        assert_eq!(found[0].message, "`web`, `job` may start before `db` can answer");
        // Both dependents wait, and the store gets its check.
        assert_eq!(found[0].fixes[0].edits.len(), 3);
    }

    #[test]
    fn services_of_one_kind_without_a_check_are_one_cause() {
        let text = "services:\n  a: {image: 'a/b:1', depends_on: [db-a]}\n  c: {image: 'c/d:1', depends_on: [db-c, cache]}\n  db-a: {image: 'postgres:17'}\n  db-c: {image: 'postgres:17'}\n  cache: {image: 'redis:8.2'}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].message, "`a` may start before `db-a` can answer (and 1 more like it)");
        let places: Vec<&str> = found[0].related.iter().map(|it| it.message.as_str()).collect();
        assert!(places.contains(&"`c` may start before `db-c` can answer"), "{places:?}");
        assert_eq!(found[0].fixes.len(), 2);
        assert_eq!(found[1].message, "`c` may start before `cache` can answer");
    }

    #[test]
    fn checks_that_nobody_waits_for_are_one_cause() {
        let check = "healthcheck: {test: [CMD, ready]}";
        let text = format!(
            "services:\n  a: {{image: 'a/b:1', depends_on: [x, y]}}\n  x: {{image: 'a/x:1', {check}}}\n  y: {{image: 'a/y:1', {check}}}\n"
        );
        let found = messages(&RULE, &text);
        assert_eq!(found, ["`a` may start before `x` can answer (and 1 more like it)"]);
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
        let text = "# file: deploy/stack.yaml\nservices:\n  web: {image: 'a/b:1', depends_on: [db]}\n  db: {image: 'postgres:17'}\n";
        assert_eq!(
            findings(&RULE, text)[0].check[0],
            "docker compose -f deploy/stack.yaml ps db web"
        );
    }
}
