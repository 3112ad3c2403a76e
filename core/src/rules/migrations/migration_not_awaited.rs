use crate::edit::Yaml;
use crate::facts::{Facts, Service, in_shell, migrates_before_start};
use crate::knowledge::families::Class;
use crate::model::compose::Condition;
use crate::report::{Confidence, Edit, Findings, Fix, Role, Severity};
use crate::rules::rule;
use rustc_hash::{FxHashMap, FxHashSet};

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
    /// ## When to ignore
    /// Where each schema fits the code before and after it, so that the two may start in any order.
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
    let services = facts.services();
    let is_migration: Vec<bool> =
        services.iter().map(|it| facts.is_migration_service(it)).collect();
    if !is_migration.contains(&true) {
        return;
    }
    let is_one_shot: Vec<bool> = services.iter().map(|it| facts.is_one_shot(it)).collect();
    let databases: Vec<_> = services.iter().map(|it| facts.databases_of(it)).collect();
    let share_database = |a: &Service<'_>, b: &Service<'_>| {
        databases[a.index].iter().any(|it| databases[b.index].contains(it))
    };
    for migration in services.iter().filter(|it| is_migration[it.index] && !it.has_profile()) {
        let completed = facts
            .waiters(migration)
            .filter(|it| it.dependency.condition.value == Condition::CompletedSuccessfully)
            .map(|it| it.from.index);
        let waiters: Vec<usize> = completed.collect();
        let waits_by_others = facts.all_dependents(waiters.iter().copied());
        let started_before = facts.all_dependencies(migration);
        let extended = extended(facts, migration, &is_one_shot);
        for app in facts.siblings(migration) {
            let has_code = shares_code(migration, app);
            let is_at_work = migration.index != app.index && works_with_database(app);
            let is_related = has_code || (is_at_work && share_database(migration, app));
            if !is_related {
                continue;
            }
            let waits = waiters.contains(&app.index) || waits_by_others.contains(&app.index);
            if waits
                || started_before.contains(&app.index)
                || is_one_shot[app.index]
                || is_migration[app.index]
                || migrates_before_start(app.model)
                || is_template(app, &extended)
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
            let with = if has_code { "with the same code" } else { "on the same database" };
            let finding = out.at(
                &place,
                format!("`{name}` does not wait until `{task}` has migrated the database"),
            );
            finding
                .confidence(Confidence::Likely)
                .also(&migration.span(), format!("`{task}` runs the migration {with}"))
                // Whoever forgot one of the applications forgot all of them.
                .cause(format!("nobody waits for {task}"))
                .check(facts.compose(
                    app,
                    &format!("ps -a {task} {name}", task = in_shell(task), name = in_shell(name)),
                ));
            if app.role == Role::Development {
                finding.severity(Severity::Info);
            }
            finding.maybe_fix(wait_for(facts, app, migration));
        }
    }
}

/// Returns the names of the services that other servers of a migration's project are made from by `extends`.
fn extended<'a>(
    facts: &Facts<'a>,
    migration: &Service<'a>,
    is_one_shot: &[bool],
) -> FxHashSet<&'a str> {
    let servers = facts.siblings(migration).iter();
    let servers = servers.filter(|it| it.index != migration.index && !is_one_shot[it.index]);
    let bases = servers.filter_map(|it| it.model.extends.as_ref()).filter(|it| it.file.is_none());
    bases.map(|it| it.service.as_str()).collect()
}

/// Whether a service is there for others to extend: it does nothing of its own, and nobody reaches it.
fn is_template(service: &Service<'_>, extended: &FxHashSet<&str>) -> bool {
    let model = service.model;
    let is_idle =
        service.unit.start.is_empty() && model.ports.is_empty() && model.expose.is_empty();
    is_idle && extended.contains(service.name)
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

/// Whether a service may be an application on a database. Who looks after the database, such as a console or a backup,
/// works with any schema.
fn works_with_database(service: &Service<'_>) -> bool {
    let looks_after = service.unit.family().is_some_and(|it| {
        matches!(it.class, Class::AdminUi | Class::Backup | Class::Monitoring | Class::Proxy)
    });
    !service.has_profile() && !looks_after
}

/// Makes the application wait until the migration is complete.
fn wait_for(facts: &Facts<'_>, app: &Service<'_>, migration: &Service<'_>) -> Option<Fix> {
    let (model, task) = (app.model, migration.name);
    // Compose refuses to wait for what its profile leaves out.
    if has_profile_elsewhere(facts, migration) {
        return None;
    }
    // What the migration takes over from the same lines would make it wait for itself.
    if facts.extends(migration, app) || facts.is_borrowed(app, model.depends_on_span) {
        return None;
    }
    let condition = Yaml::map([("condition", Yaml::str(COMPLETED))]);
    let edit = if model.depends_on.is_empty() && model.depends_on_span.is_none() {
        let place = model.place()?;
        let value = Yaml::map([(task.to_owned(), condition)]);
        facts.insert_entry(place, "depends_on", &value)?
    } else if let Some(dependency) = model.depends_on(task).filter(|it| it.explicit_condition) {
        let condition = dependency.condition.span;
        let is_written = facts.unquoted(&condition).starts_with("service_");
        is_written.then(|| facts.replace_scalar(&condition, COMPLETED))?
    } else if model.depends_on.iter().all(|it| it.short_form) {
        in_long_form(facts, app, task)?
    } else {
        let long = model.depends_on.iter().all(|it| !it.short_form);
        let place =
            model.depends_on_place.as_ref().filter(|_| long && model.depends_on(task).is_none())?;
        facts.insert_entry(place, task, &condition)?
    };
    let defined = migration.span().file;
    if !facts.comes_with(app, edit.span.file, defined) {
        return None;
    }
    // After a migration that fails, the application does not start any more.
    Some(Fix::r#unsafe(format!("Wait for `{task}` to complete"), [edit]))
}

/// Whether another Compose file of the same folder gives a service of this name a profile.
fn has_profile_elsewhere(facts: &Facts<'_>, service: &Service<'_>) -> bool {
    let is_same =
        |it: &Service<'_>| it.name == service.name && it.project.folder == service.project.folder;
    facts.services().iter().any(|it| it.has_profile() && is_same(it))
}

/// The condition of whoever waits until a task has ended well.
const COMPLETED: &str = "service_completed_successfully";

/// Rewrites a list of dependencies in the long form, with the condition that the task is waited for.
fn in_long_form(facts: &Facts<'_>, app: &Service<'_>, task: &str) -> Option<Edit> {
    let model = app.model;
    let list = model.depends_on_span?;
    // A list merged from several files cannot be rewritten in any one of them.
    if !model.depends_on.iter().all(|it| list.contains(it.span)) {
        return None;
    }
    let mut names: Vec<&str> = model.depends_on.iter().map(|it| it.service.as_str()).collect();
    if !names.contains(&task) {
        names.push(task);
    }
    let entries = names.into_iter().map(|name| {
        let condition = if name == task { COMPLETED } else { "service_started" };
        (name, Yaml::map([("condition", Yaml::str(condition))]))
    });
    let key = model.key("depends_on")?.name.span;
    facts.editor(list.file).replace_collection(list, key, &Yaml::map(entries))
}

#[cfg(test)]
mod tests {
    use super::{MAX_MIGRATIONS, RULE};
    use crate::rules::testing::{apply_fixes, files, findings, messages, run};

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
        let found = messages(&RULE, &format!("services:\n{services}"));
        assert_eq!(found.len(), MAX_MIGRATIONS, "one finding for each migration");
    }

    #[test]
    fn other_images_have_other_databases_and_profiles_run_by_hand() {
        assert!(messages(&RULE, &format!("{TASK}  db: {{image: 'postgres:17'}}\n")).is_empty());
        let by_hand = "services:\n  migrate: {image: 'acme/web:1', profiles: [tools], command: [alembic, upgrade, head]}\n  web: {image: 'acme/web:1'}\n";
        assert!(messages(&RULE, by_hand).is_empty());
    }

    #[test]
    fn nobody_is_made_to_wait_for_a_task_that_has_a_profile_in_another_file() {
        let text = |profiles: &str| {
            format!(
                "# file: compose.prod.yaml\n{TASK}  web: {{image: 'acme/web:1'}}\n# file: tasks.compose.yaml\n\
                 services: {{migrate: {{image: 'acme/web:1'{profiles}, command: [alembic, upgrade, head]}}}}\n"
            )
        };
        let fixes = |text: &str| {
            let found = findings(&RULE, text);
            assert_eq!(found.len(), 1, "{text}");
            found[0].fixes.len()
        };
        assert_eq!(fixes(&text("")), 1);
        assert_eq!(fixes(&text(", profiles: [tools]")), 0);
    }

    #[test]
    fn an_image_of_its_own_may_migrate_the_same_database() {
        let found = |task: &str, web: &str| {
            let text = format!(
                "services:\n  migrate: {{image: 'flyway/flyway:11', command: migrate, environment: {{FLYWAY_URL: 'jdbc:postgresql://db:5432/{task}'}}}}\n  web: {{{web}}}\n  db: {{image: 'postgres:17'}}\n"
            );
            findings(&RULE, &text)
        };
        let app = "image: 'acme/web:1', environment:";
        let url = format!("{app} {{DATABASE_URL: 'postgres://app@db/shop'}}");
        let all = found("shop", &url);
        assert_eq!(
            all.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(),
            ["`web` does not wait until `migrate` has migrated the database"]
        );
        assert_eq!(all[0].related[0].message, "`migrate` runs the migration on the same database");
        assert_eq!(all[0].fixes.len(), 1);
        assert_eq!(found("shop", &format!("{app} {{DB_HOST: db, DB_NAME: shop}}")).len(), 1);
        assert_eq!(found("shop", &format!("{app} [DB_HOST=db, DB_DATABASE=shop]")).len(), 1);
        let argument = "image: 'acme/web:1', command: [serve, --db, 'postgres://db:5432/shop']";
        assert_eq!(found("shop", argument).len(), 1);
        for fine in [
            format!("{app} {{DATABASE_URL: 'postgres://app@db/wiki'}}"),
            format!("{app} {{DATABASE_URL: 'postgres://app@elsewhere/shop'}}"),
            format!("{app} {{DB_HOST: db}}"),
            format!(
                "{url}, depends_on: {{migrate: {{condition: service_completed_successfully}}}}"
            ),
            format!("{url}, profiles: [tools]"),
            url.replace("acme/web:1", "dpage/pgadmin4:9"),
        ] {
            assert!(found("shop", &fine).is_empty(), "{fine}");
        }
    }

    #[test]
    fn an_application_that_migrates_before_it_starts_is_silent() {
        let with = |step: &str| {
            messages(&RULE, &format!("{TASK}  web: {{image: 'acme/web:1', pre_start: [{step}]}}\n"))
        };
        assert!(with("{command: [alembic, upgrade, head]}").is_empty());
        assert!(with("{command: sh -c 'alembic upgrade head'}").is_empty());
        assert_eq!(with("{command: [chown, app, /data]}").len(), 1);
    }

    #[test]
    fn a_build_of_the_same_context_is_the_same_code() {
        let text = "services:\n  migrate: {build: ., command: [alembic, upgrade, head]}\n  web: {build: {context: .}}\n";
        assert_eq!(messages(&RULE, text).len(), 1);
        assert!(messages(&RULE, &text.replace("context: .", "context: ./web")).is_empty());
    }

    #[test]
    fn a_started_migration_is_not_a_completed_one() {
        let text = format!("{TASK}  web: {{image: 'acme/web:1', depends_on: [migrate]}}\n");
        assert_eq!(
            messages(&RULE, &text),
            ["`web` does not wait until `migrate` has migrated the database"]
        );
    }

    #[test]
    fn one_migration_is_one_finding_with_one_fix() {
        let text = format!(
            "{TASK}  web: {{image: 'acme/web:1', ports: ['80:80']}}\n  worker: {{image: 'acme/web:1', command: work}}\n"
        );
        let found = findings(&RULE, &text);
        let said: Vec<&str> = found.iter().map(|it| it.message.as_str()).collect();
        assert_eq!(
            said,
            ["`web` does not wait until `migrate` has migrated the database (and 1 more like it)"]
        );
        assert_eq!(found[0].fixes[0].edits.len(), 2);
    }

    #[test]
    fn templates_and_other_tasks_are_left_out() {
        let text = "services:\n  app: {image: 'acme/web:1'}\n  web: {extends: {service: app}, ports: ['80:80']}\n  migrate: {extends: {service: app}, command: bundle exec rails db:migrate}\n  seed: {extends: {service: app}, command: bundle exec rails search:reindex}\n";
        let found = findings(&RULE, text);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].message,
            "`web` does not wait until `migrate` has migrated the database"
        );
        assert!(found[0].related.iter().all(|it| !it.message.contains("app")));
    }

    #[test]
    fn no_fix_makes_a_migration_wait_for_itself() {
        let text = "services:\n  web: {image: 'acme/web:1', ports: ['80:80']}\n  migrate: {extends: {service: web}, command: bundle exec rails db:migrate}\n";
        let found = findings(&RULE, text);
        assert_eq!((found.len(), found[0].fixes.len()), (1, 0));
        let shared = "services:\n  app: {image: 'acme/web:1', depends_on: {db: {condition: service_started}}}\n  web: {extends: {service: app}, ports: ['80:80']}\n  migrate: {extends: {service: app}, command: bundle exec rails db:migrate}\n  db: {image: 'postgres:17'}\n";
        let found = findings(&RULE, shared);
        assert_eq!((found.len(), found[0].fixes.len()), (1, 0), "the lines are those of both");
    }

    #[test]
    fn a_list_of_names_becomes_a_mapping() {
        let before = files(
            "services:\n  migrate: {image: 'acme/web:1', command: [alembic, upgrade, head]}\n  web:\n    image: acme/web:1\n    depends_on:\n      - db\n      - migrate\n  db: {image: 'postgres:17'}\n",
        );
        let after = apply_fixes(&before, &run(&RULE, &before));
        assert!(after[0].text.contains(
            "    depends_on:\n      db:\n        condition: service_started\n      migrate:\n        condition: service_completed_successfully\n"
        ), "{}", after[0].text);
    }

    #[test]
    fn a_fix_changes_the_condition_that_is_written() {
        for written in ["service_started", "\"service_started\""] {
            let text = |condition: &str| {
                format!(
                    "{TASK}  web: {{image: 'acme/web:1', depends_on: {{migrate: {{condition: {condition}}}}}}}\n"
                )
            };
            let before = files(&text(written));
            let report = run(&RULE, &before);
            assert_eq!(report.findings.len(), 1, "{written}");
            let after = apply_fixes(&before, &report);
            assert!(after[0].text.contains("service_completed_successfully"), "{written}");
            assert!(run(&RULE, &after).findings.is_empty(), "{written}");
        }
    }
}
