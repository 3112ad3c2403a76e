use super::RULE;
use crate::report::Severity;
use crate::rules::testing::{files, findings, messages};
use crate::{Options, analyze};

fn test(test: &str) -> Vec<String> {
    messages(
        &RULE,
        &format!("services: {{web: {{image: 'a:1', healthcheck: {{test: {test}}}}}}}\n"),
    )
}

#[test]
fn curl_without_f_is_one_finding_with_its_own_question_and_advice() {
    let service = |name: &str, image: &str, test: &str| {
        format!("  {name}:\n    image: '{image}'\n    healthcheck: {{test: {test}}}\n")
    };
    let text = format!(
        "services:\n{}{}",
        service("web", "a:1", "[CMD-SHELL, 'curl http://localhost:80/up || exit 1']"),
        service("api", "b:1", "curl -s localhost:81")
    );
    let found = findings(&RULE, &text);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.ends_with("(and 1 more like it)"));
    assert_eq!(
        found[0].check,
        [r"docker compose exec api curl -s localhost:81 -s -o /dev/null -w '%{http_code}\n'"]
    );
    assert_eq!(found[0].fixes[0].edits.len(), 2);
    let search = service("es", "elasticsearch:8.17.0", "curl http://localhost:9200");
    let found = findings(&RULE, &format!("services:\n{search}"));
    let help = found[0].help.as_deref().unwrap_or_default();
    assert!(help.contains("-u elastic:$$ELASTIC_PASSWORD"), "{help}");
    assert!(found[0].fixes.is_empty());
    let open = search
        .replace("    health", "    environment: {xpack.security.enabled: 'false'}\n    health");
    assert_eq!(findings(&RULE, &format!("services:\n{open}"))[0].fixes.len(), 1);
}

#[test]
fn curl_without_f_is_a_note_where_nobody_waits_for_the_answer() {
    let severity = |rest: &str| {
        let check = "{test: [CMD, curl, 'http://localhost']}";
        let text = format!("services: {{web: {{image: 'a:1', healthcheck: {check}}}{rest}}}\n");
        findings(&RULE, &text)[0].severity
    };
    assert_eq!(severity(""), Severity::Info);
    assert_eq!(severity(", app: {image: 'b:1', depends_on: [web]}"), Severity::Info);
    let waits = ", app: {image: 'b:1', depends_on: {web: {condition: service_healthy}}}";
    assert_eq!(severity(waits), Severity::Warning);
}

#[test]
fn string_and_list_form() {
    assert_eq!(test("curl http://localhost || exit 1").len(), 1);
    assert_eq!(test("[CMD-SHELL, 'curl http://localhost || exit 1']").len(), 1);
    assert_eq!(test("[CMD, curl, 'http://localhost']").len(), 1);
    assert_eq!(test("[CMD, sh, -c, 'pg_isready || true']").len(), 1);
    assert_eq!(test("[CMD-SHELL, curl, -f, 'http://localhost']").len(), 1);
    assert_eq!(test("'pg_isready; exit 0'").len(), 1);
    assert_eq!(test("[CMD-SHELL, 'pg_isready || :']").len(), 1);
    assert_eq!(test("'[ ready ]'").len(), 1);
    assert_eq!(test("[CMD-SHELL, '[ \"$$(state)\"==\"ok\" ] || exit 1']").len(), 1);
    assert_eq!(test("[CMD-SHELL, '[-f /x]']").len(), 1);
    assert_eq!(test("[CMD-SHELL, 'echo > /dev/tcp/localhost/80']").len(), 1);
}

#[test]
fn real_checks_and_disabled_ones_are_silent() {
    assert!(test("curl -f http://localhost || exit 1").is_empty());
    assert!(test("[CMD, curl, -fsS, 'http://localhost']").is_empty());
    assert!(test("[CMD, bash, -c, 'echo > /dev/tcp/localhost/80']").is_empty());
    assert!(test("[CMD-SHELL, pg_isready -U app]").is_empty());
    assert!(test("[NONE]").is_empty());
}

#[test]
fn an_image_whose_sh_is_bash_knows_dev_tcp() {
    let text = "services: {a: {image: 'quay.io/keycloak/keycloak:26.0', healthcheck: {test: [CMD-SHELL, 'exec 3<>/dev/tcp/127.0.0.1/9000']}}}\n";
    assert!(messages(&RULE, text).is_empty());
}

#[test]
fn exec_probes_are_judged_alike() {
    let probe = |command: &str| {
        messages(&RULE, &format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: a, livenessProbe: {{exec: {{command: {command}}}}}}}]}}\n"
        )).len()
    };
    assert_eq!(probe("[sh, -c, 'test -f /x || true']"), 1);
    assert_eq!(probe("[curl, localhost]"), 1);
    assert_eq!(probe("[curl, -f, localhost]"), 0);
}

fn script(text: &str, mount: &str) -> usize {
    let body = text.lines().map(|it| format!("      {it}\n")).collect::<String>();
    let compose = format!(
        "services:\n  web:\n    image: a:1\n    configs: [{{source: check, target: /check.sh}}]\n    healthcheck: {{test: {mount}}}\nconfigs:\n  check:\n    content: |\n{body}"
    );
    messages(&RULE, &compose).len()
}

#[test]
fn scripts_that_the_project_defines_are_followed() {
    let blind = "#!/bin/sh\ncurl -s localhost\nexit 0\n";
    for test in ["[CMD, /check.sh]", "/check.sh", "[CMD, sh, /check.sh]"] {
        assert_eq!(script(blind, test), 1, "{test}");
        assert_eq!(script("#!/bin/sh\ncurl -sf localhost || exit 1\n", test), 0, "{test}");
    }
    assert_eq!(script(blind, "[CMD, /other.sh]"), 0);
    let bind = "# file: compose.yaml\nservices: {web: {image: 'a:1', volumes: ['./check.sh:/check.sh:ro'], healthcheck: {test: [CMD, /check.sh]}}}\n# file: check.sh\n#!/bin/sh\ncurl -s localhost\nexit 0\n";
    assert_eq!(messages(&RULE, bind).len(), 1);
    let folder = bind
        .replace("./check.sh:/check.sh", ".:/opt")
        .replace("[CMD, /check.sh]", "[CMD, /opt/check.sh]");
    assert_eq!(messages(&RULE, &folder).len(), 1);
}

#[test]
fn scripts_in_a_config_map_are_followed() {
    let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: [{name: a, image: 'a:1', volumeMounts: [{name: s, mountPath: /scripts}], readinessProbe: {exec: {command: [sh, /scripts/ready.sh]}}}]\n  volumes: [{name: s, configMap: {name: scripts}}]\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: scripts}\ndata:\n  ready.sh: |\n    #!/bin/sh\n    redis-cli ping\n    exit 0\n";
    assert_eq!(messages(&RULE, text).len(), 1);
    assert!(messages(&RULE, &text.replace("exit 0", "exit $?")).is_empty());
    let one =
        text.replace("mountPath: /scripts}", "mountPath: /scripts/ready.sh, subPath: ready.sh}");
    assert_eq!(messages(&RULE, &one).len(), 1);
}

#[test]
fn a_program_that_is_not_there_is_left_to_its_own_rule() {
    let text =
        "services: {db: {image: 'postgres:17', healthcheck: {test: [CMD, curl, localhost]}}}\n";
    assert!(messages(&RULE, text).is_empty());
    let never = text.replace("[CMD, curl, localhost]", "'curl localhost || true'");
    assert_eq!(messages(&RULE, &never).len(), 1);
}

#[test]
fn the_fix_runs_all_words() {
    let text =
        "services: {web: {image: 'a:1', healthcheck: {test: [CMD-SHELL, curl, -f, localhost]}}}\n";
    assert_eq!(findings(&RULE, text)[0].fixes[0].edits[0].text, "CMD");
}

#[test]
fn a_check_that_asks_nothing() {
    for nothing in ["'exit 0'", "'true'", "[CMD-SHELL, exit 0]", "[CMD, 'true']"] {
        let found = test(nothing);
        assert_eq!(
            found,
            ["the healthcheck of service `web` cannot fail: it asks nothing"],
            "{nothing}"
        );
    }
    assert!(test("'exit 1'").is_empty());
}

#[test]
fn a_variable_needs_a_shell() {
    let found = test("[CMD, redis-cli, -a, $$REDIS_PASSWORD, ping]");
    assert_eq!(
        found,
        [
            "the healthcheck of service `web` passes `$REDIS_PASSWORD` on as it stands: `CMD` runs no shell to fill it in"
        ]
    );
    for fine in [
        "[CMD-SHELL, redis-cli -a $$REDIS_PASSWORD ping]",
        "redis-cli -a $$REDIS_PASSWORD ping",
        "[CMD, sh, -c, redis-cli -a $$REDIS_PASSWORD ping]",
        "[CMD, mongosh, --eval, 'db.x.find({$$A_B: 1})']",
        "[CMD, redis-cli, ping]",
    ] {
        assert!(test(fine).is_empty(), "{fine}");
    }
}

#[test]
fn a_list_without_cmd_is_refused_and_has_its_own_rule() {
    let text = "services: {web: {image: 'a:1', healthcheck: {test: [curl, -f, localhost]}}}\n";
    let options = Options { select: vec!["PLM009".into(), "PLM624".into()], ..Options::default() };
    let report = analyze(&files(text), &options);
    assert_eq!(report.findings.iter().map(|it| it.code).collect::<Vec<_>>(), ["PLM009"]);
}

#[test]
fn the_kubelet_fills_in_no_values_from_elsewhere() {
    let found = |env: &str, command: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: cache}}\nspec: {{containers: [{{name: redis, image: 'redis:8', env: [{{name: PASSWORD, {env}}}], readinessProbe: {{exec: {{command: {command}}}}}}}]}}\n"
        );
        findings(&RULE, &text).into_iter().map(|it| it.message).collect::<Vec<_>>()
    };
    let secret = "valueFrom: {secretKeyRef: {name: s, key: p}}";
    let ping = "[redis-cli, -a, $(PASSWORD), ping]";
    assert_eq!(
        found(secret, ping),
        [
            "the readinessProbe of container `redis` of Pod `cache` gets nothing for `$(PASSWORD)`, whose value comes from elsewhere"
        ]
    );
    assert_eq!(found(secret, "[sh, -c, 'redis-cli -a $(PASSWORD) ping']").len(), 1);
    assert!(found("value: x", ping).is_empty());
    for fine in [
        "[sh, -c, 'redis-cli -a \"$PASSWORD\" ping']",
        "[redis-cli, -a, $$(PASSWORD), ping]",
        "[redis-cli, -a, $(OTHER), ping]",
        "[sh, -c, 'test $(date) ']",
    ] {
        assert!(found(secret, fine).is_empty(), "{fine}");
    }
}
