use super::RULE;
use crate::rules::testing::{files, findings, messages, run};

fn count(text: &str) -> usize {
    messages(&RULE, text).len()
}

#[test]
fn a_project_without_policies_is_reported_once() {
    let text =
        "services:\n  a: { image: 'nginx:1', ports: ['80:80'] }\n  b: { image: 'redis:7' }\n";
    assert_eq!(
        messages(&RULE, text),
        ["`a` and `b` have no restart policy, so they stay down after a crash or a reboot"]
    );
}

#[test]
fn what_was_forgotten_weighs_more_than_what_nobody_does() {
    let said = |text: &str| {
        let found = findings(&RULE, text);
        found.iter().map(|it| (it.severity.name(), it.message.clone())).collect::<Vec<_>>()
    };
    let end = "no restart policy, so it stays down after a crash or a reboot";
    let text = "services:\n  a: { image: 'nginx:1', restart: always }\n  b: { image: 'redis:7' }\n";
    assert_eq!(said(text), [("warning", format!("`a` restarts, but `b` has {end}"))]);
    let text = "services:\n  a: { image: 'nginx:1', restart: 'no' }\n  b: { image: 'redis:7' }\n";
    assert_eq!(said(text), [("info", format!("service `b` has {end}"))]);
    let bare = "services: { b: { image: 'redis:7' } }\n";
    assert_eq!(said(&format!("# file: compose.prod.yaml\n{bare}"))[0].0, "warning");
    // A file beside it shows that somebody thought of restarts.
    let beside =
        "# file: web.compose.yaml\nservices: { a: { image: 'nginx:1', restart: always } }\n";
    let found = said(&format!("# file: db.compose.yaml\n{bare}{beside}"));
    assert_eq!(found, [("warning", format!("service `b` has {end}"))]);
    let apart =
        "# file: web/compose.yaml\nservices: { a: { image: 'nginx:1', restart: always } }\n";
    assert_eq!(said(&format!("# file: db/compose.yaml\n{bare}{apart}"))[0].0, "info");
}

#[test]
fn only_what_is_kept_running_in_the_same_folder_is_a_habit() {
    let severity = |path: &str, policy: &str| {
        let text = format!(
            "# file: docker/quick.compose.yaml\nservices: {{ b: {{ image: 'redis:7' }} }}\n# file: {path}\nservices: {{ a: {{ image: 'nginx:1', restart: {policy} }} }}\n"
        );
        let found = findings(&RULE, &text).remove(0);
        (found.severity.name(), found.help)
    };
    let (name, help) = severity("docker/web.compose.yaml", "always");
    assert_eq!(name, "warning");
    assert!(help.is_some_and(|it| it.contains("`docker/web.compose.yaml`")));
    for (path, policy) in [
        ("docker/web.compose.yaml", "on-failure"),
        ("docker/compose.dev.yaml", "always"),
        ("docker/compose/web.compose.yaml", "always"),
    ] {
        assert_eq!(severity(path, policy), ("info", None), "{path}: {policy}");
    }
}

#[test]
fn what_only_others_reach_keeps_running_too() {
    let text = "services:\n  web: { image: 'nginx:1', restart: always }\n  api: { image: 'acme/api:1', expose: ['8080'] }\n";
    assert_eq!(count(text), 1);
    let text =
        "services:\n  web: { image: 'nginx:1', restart: always }\n  api: { image: 'acme/api:1' }\n";
    assert_eq!(count(text), 0);
}

#[test]
fn development_tasks_and_tools_are_silent() {
    let stack =
        "# file: docker-stack.yml\nservices: { a: { image: 'nginx:1', ports: ['80:80'] } }\n";
    assert_eq!(count(stack), 0, "Swarm restarts what stops");
    assert_eq!(count("# file: compose.dev.yaml\nservices: { a: { image: 'nginx:1' } }\n"), 0);
    for body in [
        "image: 'a:1', command: [alembic, upgrade, head]",
        "image: 'alpine:3', command: [sh]",
        "image: 'nginx:1', profiles: [tools]",
        "image: 'nginx:1', deploy: { restart_policy: { condition: any } }",
        "image: 'nginx:1', restart: 'no'",
        "image: 'nginx:1', restart: 'on-failure:3'",
        "image: 'nginx:1', restart: '${RESTART}'",
    ] {
        assert_eq!(count(&format!("services: {{ a: {{ {body} }} }}\n")), 0, "{body}");
    }
    let waited = "services:\n  seed: { image: 'a:1', ports: ['1:1'] }\n  web: { image: 'nginx:1', restart: always, \
                  depends_on: { seed: { condition: service_completed_successfully } } }\n";
    assert_eq!(count(waited), 0);
}

#[test]
fn what_others_wait_for_and_twins_of_servers_keep_running() {
    let text = "services:\n  web: { build: web }\n  proxy: { image: 'nginx:1', restart: always, depends_on: [web] }\n";
    assert_eq!(
        messages(&RULE, text),
        [
            "`proxy` restarts, but `web` has no restart policy, so it stays down after a crash or a reboot"
        ]
    );
    let text = "services:\n  web: { build: web }\n  proxy: { image: 'nginx:1', restart: always }\n";
    assert_eq!(count(text), 0, "it may end");
    let text =
        "services:\n  a: { image: 'acme/node:1', ports: ['1:1'] }\n  b: { image: 'acme/node:1' }\n";
    assert!(messages(&RULE, text)[0].starts_with("`a` and `b` have"));
    let text = "services:\n  a: { image: 'acme/node:1', ports: ['1:1'] }\n  b: { image: 'acme/node:1', command: seed }\n";
    assert!(messages(&RULE, text)[0].starts_with("service `a` has"));
}

#[test]
fn workers_run_for_ever() {
    let text = |name: &str, more: &str| {
        format!(
            "services:\n  queue: {{ image: 'rabbitmq:4', restart: always }}\n  {name}: {{ build: ., {more} }}\n"
        )
    };
    assert_eq!(count(&text("mail-worker", "depends_on: [queue]")), 1);
    assert_eq!(count(&text("mail-worker-2", "depends_on: [queue]")), 1);
    assert_eq!(count(&text("worker3", "depends_on: [queue]")), 1);
    assert_eq!(count(&text("celerybeat", "depends_on: [queue]")), 1);
    assert_eq!(count(&text("celery_beat", "depends_on: [queue]")), 1);
    assert_eq!(count(&text("mail-worker", "init: true")), 0, "nothing it waits for");
    assert_eq!(count(&text("seed", "depends_on: [queue]")), 0);
}

#[test]
fn an_updater_that_nobody_needs_is_a_note() {
    let said = |body: &str| {
        let text = format!(
            "services:\n  web: {{ image: 'nginx:1.29', restart: always }}\n  more: {{ {body} }}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
    };
    let watchtower = "image: 'containrrr/watchtower:1.7.1'";
    let check = "healthcheck: { test: [CMD, /watchtower, --health-check] }";
    assert_eq!(said(&format!("{watchtower}, {check}")), ["info"]);
    assert_eq!(said(&format!("image: 'acme/web:1', {check}")), ["warning"]);
    assert!(said(&format!("{watchtower}, command: --run-once, {check}")).is_empty());
    let once = "environment: { WATCHTOWER_RUN_ONCE: 'true' }";
    assert!(said(&format!("{watchtower}, {once}, {check}")).is_empty());
}

#[test]
fn a_tunnel_for_a_trial_is_started_by_hand() {
    let said = |command: &str| {
        let text = format!(
            "services:\n  web: {{ image: 'nginx:1.29', restart: always }}\n  tunnel: {{ image: 'cloudflare/cloudflared:2025.1.0', command: {command}, expose: ['2000'] }}\n"
        );
        count(&text)
    };
    assert_eq!(said("tunnel --url http://web:80"), 0);
    // Without this one nobody reaches the site.
    assert_eq!(said("tunnel run"), 1);
    assert_eq!(said("tunnel --url http://web:80 --token secret run"), 1);
}

#[test]
fn a_worker_that_ends_with_an_empty_queue_is_a_task() {
    let said = |command: &str| {
        let text = format!(
            "services:\n  redis: {{ image: 'redis:8.2', restart: always }}\n  mail-worker: {{ build: ., command: {command}, depends_on: [redis] }}\n"
        );
        count(&text)
    };
    for command in ["rq worker --burst mail", "php artisan queue:work --stop-when-empty"] {
        assert_eq!(said(command), 0, "{command}");
    }
    for command in ["rq worker mail", "php artisan queue:work", "celery -A app worker"] {
        assert_eq!(said(command), 1, "{command}");
    }
}

#[test]
fn side_stacks_are_findings_of_their_own() {
    let file = |path: &str, name: &str| {
        format!("# file: {path}\nservices: {{ {name}: {{ image: 'nginx:1' }} }}\n")
    };
    let text =
        [file("docker/shop-compose.yaml", "a"), file("telemetry/compose.yaml", "b")].concat();
    assert_eq!(count(&text), 2);
}

#[test]
fn services_are_named_in_the_order_of_their_names() {
    let text = "services:\n  web: { image: 'nginx:1' }\n  db: { image: 'mysql:8' }\n";
    let found = findings(&RULE, text);
    assert!(found[0].message.starts_with("`db` and `web`"), "{}", found[0].message);
    assert_eq!(
        found[0].check,
        [
            "docker inspect --format '{{.Name}} {{.HostConfig.RestartPolicy.Name}}' $(docker compose ps -aq)"
        ]
    );
}

#[test]
fn the_files_of_an_application_are_one_oversight() {
    let file = |path: &str| format!("# file: {path}\nservices: {{ a: {{ image: 'nginx:1' }} }}\n");
    let text = [file("compose.yaml"), file("compose.full.yaml")].concat();
    let found = messages(&RULE, &text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("(the same in `compose.full.yaml`)"), "{found:?}");
}

#[test]
fn the_default_file_leads_and_else_the_one_that_restarts_something() {
    let file = |path: &str, body: &str| {
        format!("# file: {path}\nservices:\n  db: {{image: 'postgres:17'}}\n{body}")
    };
    let leader = |paths: [&str; 2]| {
        let restarts = "  web: {image: 'nginx:1', restart: always}\n";
        let text = format!("{}{}", file(paths[0], ""), file(paths[1], restarts));
        let report = run(&RULE, &files(&text));
        assert_eq!(report.findings.len(), 1);
        report.entry(report.findings[0].span.file).file.path.to_string()
    };
    assert_eq!(leader(["app.compose.yaml", "env.compose.yaml"]), "env.compose.yaml");
    assert_eq!(leader(["compose.yaml", "env.compose.yaml"]), "compose.yaml");
}

#[test]
fn the_fix_for_several_files_is_as_safe_as_the_least_safe() {
    let text = "# file: compose.yaml\nservices:\n  db: {image: 'postgres:17'}\n# file: full.compose.yaml\nservices:\n  web: {build: ., ports: ['80:80']}\n";
    let found = findings(&RULE, text);
    let fixes: Vec<_> =
        found[0].fixes.iter().map(|it| (it.safety.name(), it.edits.len())).collect();
    assert_eq!(fixes, [("safe", 1), ("unsafe", 2)]);
}

#[test]
fn misspelt_policies_are_errors() {
    for (text, meant) in [("unless_stopped", 1), ("allways", 1), ("Always", 1), ("sometimes", 0)] {
        let found =
            findings(&RULE, &format!("services: {{ a: {{ image: 'a:1', restart: {text} }} }}\n"));
        assert_eq!((found[0].severity.name(), found[0].fixes.len()), ("error", meant), "{text}");
    }
}

#[test]
fn a_service_that_others_are_made_from_is_not_run() {
    let text = "services:\n  base: &base {image: 'acme/app:1', environment: {A: b}}\n  web: {<<: *base, command: rails server, ports: ['80:80'], restart: always}\n";
    assert_eq!(count(text), 0);
    let shared = "x-app: &app {image: 'acme/app:1'}\nservices:\n  base: {<<: *app}\n  web: {<<: *app, ports: ['80:80'], restart: always}\n";
    assert_eq!(count(shared), 1);
}

#[test]
fn what_an_override_for_production_restarts_is_not_forgotten() {
    let base = "# file: docker-compose.yml\nservices: { web: { image: 'nginx:1', ports: ['80:80'] }, db: { image: 'redis:7' } }\n";
    let said = |restarted: &str| {
        let text =
            format!("{base}# file: docker-compose.production.yml\nservices: {{ {restarted} }}\n");
        messages(&RULE, &text)
    };
    assert!(said("web: { restart: always }, db: { restart: always }").is_empty());
    assert!(said("web: { restart: always }, db: { profiles: [never] }").is_empty());
    let found = said("web: { restart: always }");
    assert!(!found.is_empty() && found.iter().all(|it| it.contains("`db`")), "{found:?}");
    assert!(found.iter().all(|it| !it.contains("`web` have")), "{found:?}");
}

#[test]
fn what_prepares_something_ends_although_others_start_after_it() {
    let text = |name: &str, body: &str| {
        format!(
            "services:\n  web: {{ image: 'nginx:1', restart: always, depends_on: [{name}] }}\n  {name}: {{ {body} }}\n"
        )
    };
    let script = r#"image: 'acme/mc:1', entrypoint: /bin/sh -c "while ! mc ready m; do sleep 1; done; mc mb m/x; exit 0;""#;
    for (name, body) in [
        ("buckets", script),
        ("createbuckets", "image: 'acme/tool:1'"),
        ("init-db", "image: 'acme/tool:1'"),
        ("schedule_jobs", "image: 'acme/web:1', command: bundle exec rake activejob:schedule"),
        ("buckets", "image: 'minio/mc:1', command: mc mb m/x"),
    ] {
        assert_eq!(count(&text(name, body)), 0, "{name}: {body}");
    }
    for (name, body) in [
        ("jobs", "image: 'acme/web:1', command: bundle exec rake jobs:work"),
        ("buckets", "image: 'acme/tool:1'"),
        ("web-celery", "image: 'acme/web:1', command: /start_celery.sh"),
    ] {
        assert_eq!(count(&text(name, body)), 1, "{name}: {body}");
    }
}

#[test]
fn a_script_of_celery_is_a_worker() {
    let text = "services:\n  db: { image: 'postgres:17', restart: always }\n  web-celery: { image: 'acme/web:1', command: /start_celery.sh, depends_on: [db] }\n";
    assert_eq!(count(text), 1);
}

#[test]
fn the_stages_of_one_application_are_one_finding() {
    let text = |second: &str| {
        let app = "services: { web: { image: 'nginx:1', ports: ['80:80'] }, db: { image: 'redis:7', restart: always } }\n";
        format!(
            "# file: app.yaml\na: 1\n# file: deploy/prod/compose.yaml\n{app}# file: {second}/compose.yaml\n{app}"
        )
    };
    let found = messages(&RULE, &text("deploy/beta"));
    assert!(found.len() == 1 && found[0].contains("the same in"), "{found:?}");
    assert_eq!(messages(&RULE, &text("shop")).len(), 2);
}
