use crate::edit::Yaml;
use crate::facts::{Facts, Service, migrates_before_start};
use crate::model::compose::Condition;
use crate::report::{Confidence, Findings, Fix, Role, Severity};
use crate::rules::rule;
use rustc_hash::FxHashMap;

rule! {
    /// An application starts without waiting for the service that migrates its database.
    ///
    /// ## Why it hurts
    /// In a deployment with a schema change, the new code runs against the old schema for as long
    /// as the migration takes. On the very first start it finds no schema at all.
    ///
    /// ## What helps
    /// `depends_on` with `condition: service_completed_successfully`.
    ///
    /// ## How to troubleshoot
    /// Compare the start times of both in `docker compose ps -a`, and look for "relation does not
    /// exist" in the application's log.
    ///
    /// ## Bad
    /// ```yaml
    /// services:
    ///   migrate:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["alembic", "upgrade", "head"]
    ///   web: # <- `web` does not wait until `migrate` has migrated the database
    ///     image: ghcr.io/acme/web:1.4.2
    /// ```
    ///
    /// ## Good
    /// ```yaml
    /// services:
    ///   migrate:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     command: ["alembic", "upgrade", "head"]
    ///   web:
    ///     image: ghcr.io/acme/web:1.4.2
    ///     depends_on:
    ///       migrate: { condition: service_completed_successfully }
    /// ```
    PLM206 "migration-not-awaited" {
        since: "0.1.0", on: Compose, severity: Warning, check: check,
    }
}

/// Maximum number of migrations that an application is told to wait for. Whoever waits for these sees the pattern.
const MAX_MIGRATIONS: usize = 4;

fn check(facts: &Facts, out: &mut Findings) {
    let mut found: FxHashMap<usize, usize> = FxHashMap::default();
    for migration in
        facts.services().iter().filter(|it| facts.is_migration_service(it) && !it.has_profile())
    {
        let completed = facts
            .waiters(migration)
            .filter(|it| it.dependency.condition.value == Condition::CompletedSuccessfully)
            .map(|it| it.from.index);
        let waiters: Vec<usize> = completed.collect();
        let waits_by_others = facts.all_dependents(waiters.iter().copied());
        let started_before = facts.all_dependencies(migration);
        for app in facts.siblings(migration).iter().filter(|it| shares_code(migration, it)) {
            let waits = waiters.contains(&app.index) || waits_by_others.contains(&app.index);
            if waits
                || started_before.contains(&app.index)
                || facts.is_migration_service(app)
                || migrates_before_start(app.model)
            {
                continue;
            }
            let count = found.entry(app.index).or_default();
            *count += 1;
            if *count > MAX_MIGRATIONS {
                continue;
            }
            let (name, task) = (app.name, migration.name);
            let place = app.model.depends_on(task).map_or(app.span(), |it| it.span);
            let finding = out.at(
                &place,
                format!("`{name}` does not wait until `{task}` has migrated the database"),
            );
            finding
                .confidence(Confidence::Likely)
                .also(&migration.span(), format!("`{task}` runs the migration with the same code"))
                .check(facts.compose(app, &format!("ps -a {task} {name}")));
            if app.role == Role::Development {
                finding.severity(Severity::Info);
            }
            finding.maybe_fix(wait_for(facts, app, task));
        }
    }
}

/// Whether two services run the same code: the same image, or a build of the same context.
fn shares_code(a: &Service<'_>, b: &Service<'_>) -> bool {
    if a.index == b.index || b.has_profile() {
        return false;
    }
    let image = |service: &Service<'_>| service.model.image.as_ref().map(|it| it.value.clone());
    let build = |service: &Service<'_>| {
        let build = service.model.build.as_ref()?;
        let dockerfile = build.dockerfile.as_ref().map(|it| it.value.clone());
        Some((build.context.value.clone(), dockerfile))
    };
    (image(a).is_some() && image(a) == image(b)) || (build(a).is_some() && build(a) == build(b))
}

/// Makes the application wait until the migration is complete.
fn wait_for(facts: &Facts<'_>, app: &Service<'_>, task: &str) -> Option<Fix> {
    let condition = Yaml::map([("condition", Yaml::str("service_completed_successfully"))]);
    let edit = if app.model.depends_on.is_empty() && app.model.depends_on_span.is_none() {
        let place = app.model.place()?;
        let value = Yaml::map([(task.to_owned(), condition)]);
        facts.insert_entry(place, "depends_on", &value)?
    } else {
        let long = app.model.depends_on.iter().all(|it| !it.short_form);
        let place = app
            .model
            .depends_on_place
            .as_ref()
            .filter(|_| long && app.model.depends_on(task).is_none())?;
        facts.insert_entry(place, task, &condition)?
    };
    let defined = facts.sibling(app, task)?.span().file;
    if !facts.comes_with(app, edit.span.file, defined) {
        return None;
    }
    // After a migration that fails, the application does not start any more.
    Some(Fix::r#unsafe(format!("Wait for `{task}` to complete"), [edit]))
}

#[cfg(test)]
mod tests {
    use super::{MAX_MIGRATIONS, RULE};
    use crate::rules::testing::messages;

    const TASK: &str =
        "services:\n  migrate: {image: 'acme/web:1', command: [alembic, upgrade, head]}\n";

    #[test]
    fn waiting_through_another_service_is_waiting() {
        let text = format!(
            "{TASK}  web: {{image: 'acme/web:1', depends_on: {{migrate: {{condition: service_completed_successfully}}}}}}\n  \
             worker: {{image: 'acme/web:1', depends_on: [web]}}\n"
        );
        assert!(messages(&RULE, &text).is_empty());
    }

    #[test]
    fn pairs_of_many_migrations_and_applications_are_not_all_listed() {
        let service = |at: usize| {
            let app = "image: 'acme/web:1'";
            format!("  m{at}: {{{app}, command: [alembic, upgrade, head]}}\n  a{at}: {{{app}}}\n")
        };
        let services: String = (0..20).map(service).collect();
        assert_eq!(messages(&RULE, &format!("services:\n{services}")).len(), 20 * MAX_MIGRATIONS);
    }

    #[test]
    fn other_images_have_other_databases_and_profiles_run_by_hand() {
        assert!(messages(&RULE, &format!("{TASK}  db: {{image: 'postgres:17'}}\n")).is_empty());
        let by_hand = "services:\n  migrate: {image: 'acme/web:1', profiles: [tools], command: [alembic, upgrade, head]}\n  web: {image: 'acme/web:1'}\n";
        assert!(messages(&RULE, by_hand).is_empty());
    }

    #[test]
    fn a_started_migration_is_not_a_completed_one() {
        let text = format!("{TASK}  web: {{image: 'acme/web:1', depends_on: [migrate]}}\n");
        assert_eq!(
            messages(&RULE, &text),
            ["`web` does not wait until `migrate` has migrated the database"]
        );
    }
}
