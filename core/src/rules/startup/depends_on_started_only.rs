use crate::edit::Yaml;
use crate::facts::{Facts, ReadyCheck, Service, Wait};
use crate::report::phrases::first_named;
use crate::report::{Edit, Findings, Fix};
use crate::rules::rule;
use crate::text::Span;
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

fn check(facts: &Facts, out: &mut Findings) {
    // All that depend on one service start too early for one reason.
    let mut by_dependency: IndexMap<Span, Vec<Wait<'_, '_>>> = IndexMap::new();
    for wait in facts.waits().filter(|it| facts.is_early(it)) {
        if facts.is_accepted(wait.dependency.span, &|selector| RULE.is(selector)) {
            report(facts, &[wait], out);
            continue;
        }
        let waits = by_dependency.entry(wait.on.span()).or_default();
        if !waits.iter().any(|it| it.dependency.span == wait.dependency.span) {
            waits.push(wait);
        }
    }
    by_dependency.values().for_each(|waits| report(facts, waits, out));
}

fn report(facts: &Facts, waits: &[Wait<'_, '_>], out: &mut Findings) {
    let Some((first, others)) = waits.split_first() else { return };
    let (from, on) = (first.from, first.on);
    let names: Vec<&str> = waits.iter().map(|it| it.from.name).collect();
    let finding = out.at(
        &first.dependency.span,
        format!("{} may start before `{}` can answer", first_named(&names, 3), on.name),
    );
    match &on.model.healthcheck {
        Some(check) => {
            finding.also(&check.span, format!("`{}` has a healthcheck to wait for", on.name))
        }
        None => finding.also(&on.span(), format!("`{}` has no healthcheck to wait for", on.name)),
    };
    for wait in others.iter().take(MAX_RELATED) {
        finding.also(&wait.dependency.span, format!("`{}` depends on it here", wait.from.name));
    }
    finding
        .check(facts.compose(from, &format!("ps {} {}", on.name, from.name)))
        .check(facts.compose(from, &format!("logs --since 5m {}", from.name)))
        .maybe_fix(wait_for_health(facts, waits));
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
        assert_eq!(found[0].message, "`job`, `web` may start before `db` can answer");
        // Both dependents wait, and the store gets its check.
        assert_eq!(found[0].fixes[0].edits.len(), 3);
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
