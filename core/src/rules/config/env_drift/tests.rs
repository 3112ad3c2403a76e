use super::RULE;
use crate::rules::testing::{findings, messages};

fn sides(compose: &str, cluster: &str, more: &str) -> Vec<String> {
    messages(
        &RULE,
        &format!(
            "# file: compose.yaml\nservices:\n  web:\n    image: acme/web:1\n    environment: {compose}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: acme/web:1, {cluster}}}]}}\n{more}"
        ),
    )
}

#[test]
fn every_route_into_the_container_counts() {
    let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {A: x}\n";
    assert!(sides("{A: x}", "envFrom: [{configMapRef: {name: c}}]", config).is_empty());
    assert!(
        sides("{A: x}", "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: a}}}]", "")
            .is_empty()
    );
    assert!(sides("{A_FILE: /run/secrets/a}", "env: [{name: A, value: x}]", "").is_empty());
}

#[test]
fn a_required_variable_of_compose_is_there() {
    let list = "[\"MODE=${MODE:?set the mode}\", \"URL=postgres://app:${PASSWORD:?}@db/app\"]";
    let cluster = "env: [{name: MODE, value: a}, {name: URL, value: b}]";
    assert_eq!(sides(list, cluster, ""), Vec::<String>::new());
}

#[test]
fn a_source_that_is_not_in_the_files_may_set_anything() {
    assert!(sides("{A: x}", "envFrom: [{configMapRef: {name: elsewhere}}]", "").is_empty());
}

#[test]
fn both_directions_are_one_finding() {
    assert_eq!(
        sides("{A: x, TZ: UTC}", "env: [{name: B, value: x}]", ""),
        [
            "Compose sets `A` for `web`, but container `web` of Pod `web` does not get it, and gets `B`, which Compose does not set"
        ]
    );
}

/// Returns what is found where a Compose service and its counterpart have these variables, beside more
/// workloads of the cluster.
fn switched(compose: &str, cluster: &str, more: &str) -> crate::report::Finding {
    let text = format!(
        "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', environment: {compose}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', env: [{cluster}]}}]}}\n{more}"
    );
    findings(&RULE, &text).remove(0)
}

#[test]
fn switches_of_which_a_program_takes_one_are_worth_a_note() {
    let local = "{name: USE_LOCAL_LLM, value: 'true'}";
    let found = switched("{USE_AZURE_OPENAI: 'true'}", local, "");
    assert_eq!(found.severity.name(), "info");
    assert!(found.why.is_some_and(|it| it.contains("different back ends")));
    let found = switched("{USE_AZURE_OPENAI: 'false'}", local, "");
    assert_eq!(found.severity.name(), "warning", "one of the two is off");
    let both = format!("{local}, {{name: USE_AZURE_OPENAI, value: 'true'}}");
    let found = switched("{USE_AZURE_OPENAI: 'true'}", &both, "");
    assert_eq!(found.severity.name(), "warning", "they do not exclude each other");
}

#[test]
fn the_switch_of_a_store_that_one_side_has_is_worth_a_note() {
    let sessions = "{name: SESSION_REDIS, value: 'true'}";
    let store = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: session-db}\nspec: {containers: [{name: db, image: 'redis:8.2'}]}\n";
    assert_eq!(
        switched("{A: x}", &format!("{{name: A, value: x}}, {sessions}"), store).severity.name(),
        "info"
    );
    let found = switched("{A: x}", &format!("{{name: A, value: x}}, {sessions}"), "");
    assert_eq!(found.severity.name(), "warning");
}

#[test]
fn a_single_variable_is_asked_for_by_its_name() {
    let found = switched("{A: x}", "", "");
    assert_eq!(found.check[0], "docker compose exec web printenv A");
    let found = switched("{A: x, B: y}", "", "");
    assert_eq!(found.check[0], "docker compose exec web printenv");
}

/// Two services that run one image, and their counterparts.
fn two_services(first: &str, second: &str) -> Vec<crate::report::Finding> {
    let service = |name: &str, env: &str| {
        format!("  {name}:\n    image: acme/{name}:1\n    environment: {env}\n")
    };
    let pod = |name: &str| {
        format!(
            "# file: k8s/{name}.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: acme/{name}:1}}]}}\n"
        )
    };
    let compose = format!("{}{}", service("web", first), service("api", second));
    findings(
        &RULE,
        &format!("# file: compose.yaml\nservices:\n{compose}{}{}", pod("web"), pod("api")),
    )
}

#[test]
fn the_same_drift_of_several_services_is_one_finding() {
    let found = two_services("{TLS: x, GC: y}", "{GC: y, TLS: x}");
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].message,
        "Compose sets `GC`, `TLS` for `api`, but container `api` of Pod `api` gets none of them (and 1 more like it)"
    );
    let places: Vec<&str> = found[0].related.iter().map(|it| it.message.as_str()).collect();
    assert!(places.contains(&"the same for `web` and container `web` of Pod `web`"));
    assert_eq!(two_services("{TLS: x}", "{GC: y}").len(), 2);
    assert_eq!(
        two_services("{TLS: x}", "{TLS: x} # plimsoll: ignore PLM506 - on purpose").len(),
        1
    );
}

fn pod(image: &str, env: &str) -> String {
    format!(
        "# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: '{image}', env: [{env}]}}]}}\n"
    )
}

fn severities(service: &str, pod: &str) -> Vec<&'static str> {
    let text = format!("# file: compose.yaml\nservices: {{web: {{{service}}}}}\n{pod}");
    findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
}

#[test]
fn values_that_make_no_difference_are_a_hint() {
    for value in ["'false'", "''", "0.0.0.0", "'off'"] {
        let here = format!("image: 'acme/web:1', environment: {{A: {value}}}");
        assert_eq!(severities(&here, &pod("acme/web:1", "")), ["hint"], "{value}");
        let there = pod("acme/web:1", &format!("{{name: A, value: {value}}}"));
        assert_eq!(severities("image: 'acme/web:1'", &there), ["hint"], "{value}");
    }
    let there = pod("acme/load:1", "{name: LOCUST_SPAWN_RATE, value: '1'}");
    assert_eq!(severities("image: 'acme/load:1'", &there), ["hint"]);
    let there = pod("acme/load:1", "{name: LOCUST_SPAWN_RATE, value: '9'}");
    assert_eq!(severities("image: 'acme/load:1'", &there), ["warning"]);
}

#[test]
fn what_another_release_may_explain_is_mild() {
    let one = "environment: {A: x}";
    let two = "environment: {A: x, B: y}";
    let other = pod("acme/web:2", "");
    assert_eq!(severities(&format!("image: 'acme/web:1', {two}"), &other), ["info"]);
    assert_eq!(severities(&format!("build: ., {one}"), &other), ["info"]);
    assert_eq!(severities(&format!("build: ., {two}"), &other), ["warning"]);
    assert_eq!(severities(&format!("image: 'acme/web:2', {one}"), &other), ["warning"]);
}

#[test]
fn single_variables_of_another_release_are_one_finding() {
    let pods = format!(
        "{}{}",
        pod("acme/web:2", ""),
        pod("acme/api:2", "").replace("web", "api").replace("k.yaml", "l.yaml")
    );
    let text = format!(
        "# file: compose.yaml\nservices:\n  web: {{image: 'acme/web:1', environment: {{A: x}}}}\n  api: {{image: 'acme/api:1', environment: {{B: x}}}}\n{pods}"
    );
    assert_eq!(findings(&RULE, &text).len(), 1);
}

#[test]
fn the_env_file_that_a_dockerfile_copies_counts() {
    let there = pod("acme/web:1", "{name: A, value: x}, {name: B, value: y}");
    let with = |dockerfile: &str| {
        let files = format!(
            "{there}# file: web/Dockerfile\nFROM node:22\n{dockerfile}\n# file: web/.env\nA=x\nB=z\n"
        );
        severities("build: ./web", &files)
    };
    assert_eq!(with("COPY . ./"), ["hint"]);
    assert_eq!(with("COPY src ./"), ["warning"]);
}

#[test]
fn what_several_programs_take_whole_is_silent() {
    let pods = |second: &str| {
        let pod = |name: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: {name}, image: 'acme/{name}:1', envFrom: [{{secretRef: {{name: all}}}}]}}]}}\n---\n"
            )
        };
        let secret =
            "apiVersion: v1\nkind: Secret\nmetadata: {name: all}\nstringData: {B: x, C: y}\n";
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', environment: {{B: x}}}}}}\n# file: k.yaml\n{}{second}{secret}",
            pod("web")
        )
        .replace("SECOND", &pod("db"));
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
    };
    assert_eq!(pods("SECOND"), [""; 0]);
    assert_eq!(pods(""), ["warning"]);
}

#[test]
fn names_of_one_platform_alone_are_a_hint() {
    for name in ["PATH", "TZ", "DEBUG"] {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: acme/web, environment: {{{name}: x}}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: acme/web}}]}}\n"
        );
        let found = findings(&RULE, &text);
        assert_eq!(found.len(), 1, "{name}");
        assert_eq!(found[0].severity.name(), "hint", "{name}");
    }
}

#[test]
fn an_optional_key_of_an_absent_config_map_sets_nothing() {
    let key = |optional: &str| {
        format!(
            "env: [{{name: GROUPS, valueFrom: {{configMapKeyRef: {{name: gone, key: g{optional}}}}}}}]"
        )
    };
    assert!(sides("{}", &key(", optional: true"), "").is_empty());
    assert_eq!(sides("{}", &key(""), "").len(), 1);
}

#[test]
fn what_a_job_takes_from_a_shared_config_map_is_silent() {
    let job = |env: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{migrate: {{image: acme/web:1, command: migrate}}}}\n# file: k.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: all}}\ndata: {{BATCH_SIZE: '5'}}\n---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate}}\nspec: {{template: {{spec: {{containers: [{{name: migrate, image: acme/web:1, args: [migrate], {env}}}]}}}}}}\n"
        );
        findings(&RULE, &text)
    };
    assert!(job("envFrom: [{configMapRef: {name: all}}]").is_empty());
    let own = job("env: [{name: BATCH_SIZE, value: '5'}]");
    assert!(own.len() == 1 && own[0].check.iter().all(|it| !it.contains("kubectl exec")));
}

#[test]
fn an_env_file_a_list_and_single_keys_count() {
    let text = |service: &str, container: &str| {
        format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', {service}}}}}\n# file: web.env\nA=x\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', {container}}}]}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{k: x}}\n"
        )
    };
    for service in ["env_file: web.env", "environment: [A=x]", "environment: {A: x}"] {
        for container in [
            "env: [{name: A, value: x}]",
            "env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: k}}}]",
        ] {
            assert!(messages(&RULE, &text(service, container)).is_empty(), "{service} {container}");
        }
        let found = findings(&RULE, &text(service, ""));
        assert!(found.len() == 1 && found[0].severity.name() == "warning", "{service}");
    }
}

#[test]
fn a_source_with_a_prefix_may_set_anything() {
    let config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {A: x}\n";
    let from = "envFrom: [{prefix: APP_, configMapRef: {name: c}}]";
    assert!(sides("{APP_A: x}", from, config).is_empty());
}

#[test]
fn an_argument_may_set_what_a_variable_sets() {
    let found = |argument: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{web: {{image: 'acme/web:1', environment: {{SPRING_CONFIG_ADDITIONAL_LOCATION: /config/}}}}}}\n# file: k.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', args: ['{argument}']}}]}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(found("--spring.config.additional-location=/config/"), 0);
    assert_eq!(found("--spring.config.location=/config/"), 1);
    assert_eq!(found("spring.config.additional-location=/config/"), 1);
}
