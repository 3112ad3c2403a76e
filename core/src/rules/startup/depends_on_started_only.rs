use crate::edit::Yaml;
use crate::facts::{Facts, ReadyCheck, Service, Wait, in_shell};
use crate::knowledge::families::Class;
use crate::knowledge::patience::Patience;
use crate::report::phrases::first_named;
use crate::report::{Confidence, Edit, Finding, Findings, Fix, Role, Safety, Severity};
use crate::rules::rule;
use crate::text::Span;
use indexmap::{IndexMap, IndexSet};
use rustc_hash::{FxHashMap, FxHashSet};

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
    /// ## When to ignore
    /// Where the dependent tries its connection again for as long as the dependency may take to start,
    /// and these files do not show it.
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
    fn of<'a>(facts: &Facts<'a>, on: &Service<'a>) -> Cause {
        let is_checked = on.model.healthcheck.is_some() || facts.image_brings_check(on);
        if is_checked { Cause::Unused } else { Cause::NoCheck }
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
        if facts.stands_alone(wait.dependency.span, &|selector| RULE.is(selector)) {
            report(facts, &[wait], dependent, out);
            continue;
        }
        let key = (wait.from.project_index, Cause::of(facts, wait.on), dependent);
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
        // The files with which production starts it say more than the base alone.
        let is_base_alone = |it: &&Wait<'f, 'a>| it.from.role != Role::Production;
        match waits.iter().any(|it| counts(&it)) {
            true => waits.iter().filter(counts).filter(is_early).min_by_key(is_base_alone).copied(),
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
            finding.why("The dependent tries again by itself or connects on first use, so an early start costs some failed requests and log lines, and needs no manual restart.");
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
        None if facts.image_brings_check(on) => {
            match facts.healthcheck_of_dockerfile(on) {
                Some(check) => {
                    finding.also(&check, format!("`{name}` has a healthcheck to wait for"))
                }
                None => {
                    let message = format!("the image of `{name}` has a healthcheck to wait for");
                    finding.also(&on.span(), message)
                }
            };
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
        .check(
            facts.compose(
                from,
                &format!("ps -a {name} {}", in_shell(from.name), name = in_shell(name)),
            ),
        )
        .check(facts.compose(from, &format!("logs --since 5m {}", in_shell(from.name))));
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
fn wait_for_health(facts: &Facts, all_waits: &[Wait<'_, '_>]) -> Vec<Fix> {
    let mut known: FxHashMap<usize, Option<Safety>> = FxHashMap::default();
    let mut is_awaited = |wait: &Wait<'_, '_>, safety: Safety| {
        let on = wait.on;
        let found = *known.entry(on.index).or_insert_with(|| safety_of_waiting(facts, on));
        // Compose does not start what waits for the health of a service without a healthcheck.
        let check = on.model.healthcheck.as_ref().map_or(on.span(), |it| it.span);
        found == Some(safety) && facts.comes_with(wait.from, wait.dependency.span.file, check.file)
    };
    let mut fixes: Vec<Fix> = Vec::new();
    for safety in [Safety::Safe, Safety::Unsafe] {
        let waits: Vec<Wait<'_, '_>> =
            all_waits.iter().copied().filter(|it| is_awaited(it, safety)).collect();
        let mut edits = conditions(facts, &waits);
        if edits.is_empty() {
            continue;
        }
        let mut checked: Vec<usize> = Vec::new();
        for wait in &waits {
            if !checked.contains(&wait.on.index) {
                checked.push(wait.on.index);
                // A healthcheck in the file would replace the one of the image.
                edits.extend(
                    facts.healthcheck_entry(wait.on).filter(|_| !facts.image_brings_check(wait.on)),
                );
                edits.extend(facts.time_to_start(wait.on).into_iter().flatten());
            }
        }
        let names: IndexSet<&str> = waits.iter().map(|it| it.on.name).collect();
        let all: IndexSet<&str> = all_waits.iter().map(|it| it.on.name).collect();
        let title = match names.first() {
            Some(name) if names.len() == 1 => format!("Wait until `{name}` is healthy"),
            _ if names.len() < all.len() => {
                let names: Vec<&str> = names.into_iter().collect();
                format!("Wait until {} are healthy", first_named(&names, 3))
            }
            _ => "Wait until what is depended on is healthy".to_owned(),
        };
        fixes.push(match safety {
            Safety::Safe => Fix::safe(title, edits),
            Safety::Unsafe => Fix::r#unsafe(title, edits),
        });
    }
    fixes
}

/// Returns whether dependents can safely be made to wait for the health of a service, if they can at all.
fn safety_of_waiting(facts: &Facts, on: &Service<'_>) -> Option<Safety> {
    let has_check = on.model.healthcheck.is_some()
        || facts.image_brings_check(on)
        || facts.healthcheck_entry(on).is_some();
    facts.wait_safety(on).filter(|_| has_check && facts.time_to_start(on).is_some())
}

/// Makes all these dependents wait for health. Services may share a list through an anchor, which is written once.
fn conditions(facts: &Facts, waits: &[Wait<'_, '_>]) -> Vec<Edit> {
    let awaited: FxHashSet<Span> = waits.iter().map(|it| it.dependency.span).collect();
    let mut places: FxHashSet<Span> = FxHashSet::default();
    let mut edits: Vec<Edit> = Vec::new();
    for wait in waits {
        let list = wait.from.model.depends_on_span.filter(|_| wait.dependency.short_form);
        if places.insert(list.unwrap_or(wait.dependency.span)) {
            let edit = condition(facts, wait, &awaited);
            edits.extend(edit.filter(|it| edits.iter().all(|other| other.span != it.span)));
        }
    }
    edits
}

/// Rewrites the dependencies in the long form, with `service_healthy` for those that are to be waited for and
/// for every other one whose healthcheck is known to pass.
fn condition(facts: &Facts, wait: &Wait<'_, '_>, awaited: &FxHashSet<Span>) -> Option<Edit> {
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
            let healthy = awaited.contains(&it.span) || on.is_some_and(is_sure);
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
mod tests;
