use crate::edit::Yaml;
use crate::facts::{Facts, Health, ReadyCheck, Service, Wait};
use crate::model::compose::Condition;
use crate::report::{Edit, Findings, Fix};
use crate::rules::rule;

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

fn check(facts: &Facts, out: &mut Findings) {
    for wait in facts.waits().filter(|it| it.dependency.condition.value == Condition::Started) {
        let (from, on) = (wait.from, wait.on);
        let checked = on.model.healthcheck.is_some() && facts.health(on) == Health::Checked;
        let needed = on.unit.family().is_some_and(|it| it.must_be_ready());
        if !(checked || needed) || facts.is_one_shot(on) || facts.waits_by_itself(&from.unit) {
            continue;
        }
        let finding = out.at(
            &wait.dependency.span,
            format!("`{}` may start before `{}` can answer", from.name, on.name),
        );
        match &on.model.healthcheck {
            Some(check) => {
                finding.also(&check.span, format!("`{}` has a healthcheck to wait for", on.name))
            }
            None => {
                finding.also(&on.span(), format!("`{}` has no healthcheck to wait for", on.name))
            }
        };
        finding
            .check(facts.compose(from, &format!("ps {} {}", on.name, from.name)))
            .check(facts.compose(from, &format!("logs --since 5m {}", from.name)))
            .maybe_fix(wait_for_health(facts, &wait));
    }
}

/// Rewrites the dependencies in the long form, with `service_healthy` for this one and for every
/// other one whose healthcheck is known to pass. Adds a healthcheck where the dependency has none, if its image
/// family has a ready check.
fn wait_for_health(facts: &Facts, wait: &Wait<'_, '_>) -> Option<Fix> {
    let dependency = wait.dependency;
    let editor = facts.editor(dependency.span.file);
    let condition: Edit = if !dependency.short_form {
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
    };
    let mut edits = vec![condition];
    if wait.on.model.healthcheck.is_none() {
        edits.push(facts.healthcheck_entry(wait.on)?);
    }
    facts.wait_fix(wait.on, format!("Wait until `{}` is healthy", wait.on.name), edits)
}
