use super::RULE;
use crate::rules::testing::{findings, messages};

fn service(body: &str) -> usize {
    messages(&RULE, &format!("services: {{ a: {{ {body} }} }}\n")).len()
}

#[test]
fn moving_tags() {
    for image in [
        "nginx",
        "nginx:latest",
        "nginx:stable",
        "nginx:alpine",
        "node:lts",
        "a/b:main",
        "a/b:nightly",
        "a/b:stable-alpine",
        "a/b:${TAG:-latest}",
        "a/b:${TAG:-main}",
        "${IMAGE:-a/b}",
    ] {
        assert_eq!(service(&format!("image: '{image}'")), 1, "{image}");
    }
    assert_eq!(service("image: 'a/b:${TAG-latest}'"), 1);
    for tag in ["master", "main", "edge", "main-alpine", "edge-slim", "latest-alpine"] {
        assert_eq!(service(&format!("image: 'a/b:{tag}'")), 1, "{tag}");
    }
}

#[test]
fn every_container_of_a_workload_counts() {
    let job = |init: &str, image: &str| {
        let text = format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: a}}\nspec: {{schedule: '@daily', jobTemplate: {{spec: {{template: {{spec: {{initContainers: [{{name: i, image: '{init}'}}], containers: [{{name: a, image: '{image}'}}]}}}}}}}}}}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
    };
    assert_eq!(job("a/init:1", "a/job"), ["warning"]);
    assert_eq!(job("a/init:stable", "a/job:1"), ["warning"]);
    assert!(job("a/init:1", "a/job:1").is_empty());
}

#[test]
fn an_image_without_a_tag_latest_cannot_be_pulled() {
    let found = |image: &str| {
        let text = format!("services: {{a: {{image: {image}}}}}\n");
        findings(&RULE, &text).into_iter().map(|it| it.message.clone()).collect::<Vec<_>>()
    };
    for image in ["kibana", "'elasticsearch:latest'"] {
        let [message] = &found(image)[..] else { panic!("{image}") };
        assert!(message.ends_with("there is no `latest` of it: it cannot be pulled"), "{message}");
    }
    assert!(found("'kibana:8.15.0'").is_empty());
    assert!(found("docker.elastic.co/kibana/kibana")[0].contains("depends on when"));
}

#[test]
fn a_commit_or_a_date_behind_a_branch_is_a_pin() {
    for tag in ["main-4f2c1e0", "master-20240501", "latest-4f2c1e0a", "edge-4f2c1e0-alpine"] {
        assert_eq!(service(&format!("image: 'a/b:{tag}'")), 0, "{tag}");
    }
}

#[test]
fn a_withdrawn_image_is_left_to_its_own_rule() {
    assert_eq!(service("image: minio/minio"), 0);
}

#[test]
fn one_image_in_one_file_is_reported_once() {
    let text = "services:\n  a: { image: redis }\n  b: { image: redis }\n  c: { image: nginx }\n";
    let found = findings(&RULE, text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].related.len(), 2);
}

#[test]
fn an_image_that_compose_builds_is_silent_in_the_cluster() {
    let with = |service: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{ web: {{ {service} }} }}\n# file: k8s/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{ name: web }}\nspec: {{ containers: [{{ name: a, image: 'acme/web:latest' }}] }}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(with("build: ., image: acme/web"), 0);
    let text = "# file: compose.yaml\nservices: { web: { build: ., image: acme/web } }\n# file: k8s/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: a, image: 'acme/web:latest', imagePullPolicy: Always }] }\n";
    assert_eq!(messages(&RULE, text).len(), 1, "the cluster pulls it");
    assert_eq!(with("image: 'acme/web:1'"), 1);
}

#[test]
fn the_command_shows_what_was_pulled() {
    let pod = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec: { selector: { matchLabels: { app: a } }, template: { metadata: { labels: { app: a } }, spec: { containers: [{ name: a, image: redis }] } } }\n";
    let command = "kubectl get pods -l app=a -o jsonpath='{..imageID}'";
    assert_eq!(findings(&RULE, pod)[0].check, [command]);
}

#[test]
fn the_files_of_one_application_are_one_cause() {
    let pod = |path: &str, name: &str, image: &str| {
        format!(
            "# file: k8s/{path}/pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{ name: {name} }}\nspec: {{ containers: [{{ name: a, image: '{image}' }}] }}\n"
        )
    };
    let same = format!("{}{}", pod("a", "a", "redis"), pod("b", "b", "redis:latest"));
    let found = findings(&RULE, &same);
    assert_eq!((found.len(), found[0].related.len()), (1, 1));
    assert!(found[0].message.starts_with("`redis` has no tag"));
    let two = format!("{}{}", pod("a", "a", "redis"), pod("b", "b", "nginx"));
    let found = findings(&RULE, &two);
    assert_eq!((found.len(), found[0].related.len()), (1, 1));
    let kustomized =
        format!("# file: k8s/kustomization.yaml\nresources: [a/pod.yaml, b/pod.yaml]\n{same}");
    let found = findings(&RULE, &kustomized);
    assert_eq!((found.len(), found[0].related.len()), (1, 1));
}

#[test]
fn two_compose_projects_are_two_causes() {
    let text = "# file: a/compose.yaml\nservices: { a: { image: redis } }\n# file: b/compose.yaml\nservices: { a: { image: redis } }\n";
    assert_eq!(messages(&RULE, text).len(), 2);
}

#[test]
fn the_images_of_one_publisher_are_pinned_in_one_go() {
    let text = "services:\n  a: { image: ghcr.io/acme/web }\n  b: { image: 'ghcr.io/acme/api:latest' }\n  c: { image: 'registry.example.com/web' }\n  d: { image: 'registry.example.com/api' }\n";
    let found = findings(&RULE, text);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.ends_with("(and 3 more like it)"), "{}", found[0].message);
    let api = "`ghcr.io/acme/api` has no version either";
    assert!(found[0].related.iter().any(|it| it.message == api), "{:?}", found[0].related);
}

#[test]
fn a_chart_that_writes_its_images_out_has_one_cause() {
    let chart = |web: &str, api: &str| {
        let pod = |name: &str, image: &str| {
            format!(
                "# file: shop/templates/{name}.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n    - name: {name}\n      image: {image}\n"
            )
        };
        let text = format!(
            "# file: shop/Chart.yaml\napiVersion: v2\nname: shop\nversion: 1.0.0\n# file: shop/values.yaml\nweb: acme/web:latest\napi: acme/api:latest\n{}{}",
            pod("web", web),
            pod("api", api)
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(chart("acme/web:latest", "acme/api:latest"), 1);
    assert_eq!(chart("{{ .Values.web }}", "{{ .Values.api }}"), 1);
}

#[test]
fn an_accepted_image_does_not_accept_the_others_of_its_publisher() {
    let text = "services:\n  a: { image: acme/web } # plimsoll: ignore PLM801 - a demo\n  b: { image: acme/api }\n";
    assert_eq!(messages(&RULE, text).len(), 1);
}

#[test]
fn pins_variables_and_own_builds_are_silent() {
    for body in [
        "image: 'nginx:1.27'",
        "image: 'nginx@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'",
        "image: 'acme/web:${TAG}'",
        "image: acme/web, build: .",
        "image: acme/web, build: { context: . }",
        "image: 'acme/web:${TAG:-1.2}'",
        "image: acme/web, pull_policy: never",
        "image: acme/web:2024-05-01",
    ] {
        assert_eq!(service(body), 0, "{body}");
    }
    let siblings = "services: { a: { image: web, build: . }, b: { image: web } }";
    assert!(messages(&RULE, siblings).is_empty());
}

#[test]
fn what_is_built_for_the_node_is_silent() {
    let pod = |image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: a\n      image: {image}\n"
        )
    };
    assert!(messages(&RULE, &pod("shop # docker build -f Dockerfile.shop -t shop .")).is_empty());
    assert_eq!(messages(&RULE, &pod("shop # docker build -t other .")).len(), 1);
    let beside = |file: &str, image: &str| {
        let text = format!("# file: k8s/pod.yaml\n{}# file: {file}\nFROM alpine\n", pod(image));
        messages(&RULE, &text).len()
    };
    assert_eq!(beside("k8s/Dockerfile", "shop"), 0);
    assert_eq!(beside("k8s/Dockerfile", "redis"), 1, "an image that everybody knows");
    assert_eq!(beside("k8s/Dockerfile", "acme/shop"), 1, "an image with an owner");
    assert_eq!(beside("other/Dockerfile", "shop"), 1);
}

#[test]
fn a_tag_that_moves_within_a_version_is_a_note() {
    let text = "services:\n  db: {image: 'mcr.microsoft.com/mssql/server:2022-latest'}\n  log: {image: 'datalust/seq:latest'}\n";
    let found: Vec<_> = findings(&RULE, text).iter().map(|it| it.severity.name()).collect();
    assert_eq!(found, ["info", "warning"]);
}

#[test]
fn data_is_spoken_of_where_there_is_some() {
    let why = |image: &str| {
        let text = format!("services: {{a: {{image: {image}}}}}\n");
        findings(&RULE, &text)[0].why.clone()
    };
    assert!(why("postgres").is_none(), "the rule's own sentences");
    assert!(why("acme/web, volumes: ['data:/data']").is_none());
    assert!(!why("busybox").unwrap().contains("data"));
    let pod = |more: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: db}}\nspec: {{containers: [{{name: db, image: postgres{more}\n"
        );
        findings(&RULE, &text)[0].why.clone()
    };
    assert!(!pod("}]}").unwrap().contains("data"), "nothing is kept");
    let claim = ", volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]}], volumes: [{name: data, persistentVolumeClaim: {claimName: db}}]}";
    assert!(pod(claim).is_none());
    assert!(why("itzg/minecraft-server").unwrap().contains("`VERSION`"));
}

#[test]
fn data_stores_lead() {
    let text = "services:\n  admin: { image: 'dpage/pgadmin4:latest' }\n  db: { image: 'postgres:latest' }\n";
    let found = findings(&RULE, text);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subject, "service db");
    let words = "the tag of `postgres:latest` moves: what runs depends on when it was pulled";
    assert_eq!(found[0].message, format!("{words} (and 1 more like it)"));
    assert!(found[0].related[0].message.contains("`dpage/pgadmin4:latest` moves"));
}

#[test]
fn every_place_is_counted_and_every_image_named() {
    let services: String =
        (0..14).map(|at| format!("  a{at:02}: {{ image: 'redis:alpine' }}\n")).collect();
    let text = format!("services:\n{services}  z: {{ image: 'memcached:alpine' }}\n");
    let found = findings(&RULE, &text);
    assert_eq!(found.len(), 1);
    assert!(found[0].message.ends_with("(and 14 more like it)"), "{}", found[0].message);
    let images = found[0].related.iter().filter(|it| it.message.contains("`memcached:alpine`"));
    assert_eq!((images.count(), found[0].related.len()), (1, 10));
    assert!(found[0].related[9].message.ends_with("(4 more are not listed)"));
}

#[test]
fn swarm_pins_what_it_deploys() {
    let stack = "# file: docker-stack.yml\nservices: { cache: { image: 'redis:alpine' } }\n";
    let found = findings(&RULE, stack);
    assert_eq!(found[0].severity.name(), "info");
    assert!(found[0].why.as_ref().unwrap().starts_with("Swarm looks the tag up"));
    let command =
        "docker service inspect --format '{{.Spec.TaskTemplate.ContainerSpec.Image}}' STACK_cache";
    assert_eq!(found[0].check, [command]);
    let compose = "# file: compose.yaml\nservices: { web: { image: 'nginx:alpine' } }\n";
    let found = findings(&RULE, &format!("{stack}{compose}"));
    assert_eq!((found.len(), found[0].severity.name()), (1, "warning"));
    assert_eq!(found[0].subject, "service web");
    assert_eq!(
        found[0].check,
        [
            "docker image inspect --format '{{.RepoDigests}} {{.Created}}' $(docker compose images -q web)"
        ]
    );
}

#[test]
fn a_helper_with_a_base_image_is_a_note() {
    let pod = |list: &str, image: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{{list}: [{{name: a, image: {image}, command: [cp, /a, /b]}}]}}\n"
        );
        findings(&RULE, &text)[0].severity.name()
    };
    assert_eq!(pod("initContainers", "busybox"), "info");
    assert_eq!(pod("initContainers", "redis"), "warning");
    assert_eq!(pod("containers", "busybox"), "warning");
}

#[test]
fn a_version_from_an_environment_file_is_changed_there() {
    let text = "# file: compose.yaml\nservices: { a: { image: 'acme/web:${TAG}' } }\n# file: .env\nTAG=latest\n";
    let report = crate::rules::testing::run(&RULE, &crate::rules::testing::files(text));
    let found = &report.findings[0];
    assert_eq!(&*report.entry(found.span.file).file.path, ".env");
    assert_eq!((found.subject.as_str(), found.related.len()), ("service a", 1));
    assert_eq!(&*report.entry(found.related[0].span.file).file.path, "compose.yaml");
    let literal = text.replace("${TAG}", "latest");
    let report = crate::rules::testing::run(&RULE, &crate::rules::testing::files(&literal));
    let found = &report.findings[0];
    assert_eq!(&*report.entry(found.span.file).file.path, "compose.yaml");
    assert!(found.related.is_empty());
}

#[test]
fn the_name_of_the_workload_is_a_placeholder() {
    let deployment = |image: &str| {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: shop}}\nspec: {{selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: web, image: {image}}}]}}}}}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(deployment("shop"), 0);
    assert_eq!(deployment("'shop:latest'"), 1);
    assert_eq!(deployment("acme/shop"), 1);
}

#[test]
fn a_kustomization_gives_the_tag() {
    let text = "# file: kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n\
                resources: [pod.yaml]\nimages: [{ name: web, newTag: '1.2' }]\n\
                # file: pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: web }, { name: b, image: db }] }\n";
    let found = messages(&RULE, text);
    assert!(found.len() == 1 && found[0].contains("`db`"), "{found:?}");
}

#[test]
fn images_that_skaffold_builds_are_silent() {
    let text = "# file: skaffold.yaml\napiVersion: skaffold/v4beta1\nkind: Config\nbuild: { artifacts: [{ image: web }] }\n\
                # file: pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: web }] }\n";
    assert!(messages(&RULE, text).is_empty());
}

#[test]
fn development_is_silent_and_the_cluster_counts() {
    let text = "# file: compose.dev.yaml\nservices: { a: { image: redis } }\n";
    assert!(messages(&RULE, text).is_empty());
    let in_folder = |folder: &str| {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: redis }] }\n";
        messages(&RULE, &format!("# file: {folder}/pod.yaml\n{pod}")).len()
    };
    assert_eq!((in_folder("overlays/dev"), in_folder("attestation")), (0, 1));
    let pod = |policy: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\nspec: {{ containers: [{{ name: a, image: redis{policy} }}] }}\n"
        )
    };
    assert_eq!(messages(&RULE, &pod("")).len(), 1);
    assert!(messages(&RULE, &pod(", imagePullPolicy: Never")).is_empty());
}

#[test]
fn the_latest_build_of_a_version_is_a_note() {
    let severity = |image: &str| {
        let text = format!("services: {{a: {{image: '{image}'}}}}\n");
        findings(&RULE, &text)[0].severity.name()
    };
    assert_eq!(severity("cockroachdb/cockroach:latest-v24.2"), "info");
    assert_eq!(severity("cockroachdb/cockroach:latest"), "warning");
    assert_eq!(severity("timescale/timescaledb:latest-pg16"), "warning");
}

#[test]
fn an_image_that_only_the_project_can_have_built_is_silent() {
    let found =
        |image: &str| messages(&RULE, &format!("services: {{app: {{image: '{image}'}}}}\n")).len();
    assert_eq!(found("shop:prod"), 0, "there is nothing to pull");
    assert_eq!(found("acme/shop:prod"), 1);
    assert_eq!(found("registry.acme.com/shop:prod"), 1);
    assert_eq!(found("adminer:latest"), 1);
}

#[test]
fn a_tag_that_the_example_pins_is_silent() {
    let found = |example: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{app: {{image: 'acme/app:${{APP_TAG:-develop}}'}}}}\n# file: .env.example\n{example}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(found("APP_TAG=23.04"), 0);
    for example in ["APP_TAG=latest", "APP_TAG=", "OTHER=23.04"] {
        assert_eq!(found(example), 1, "{example}");
    }
}

#[test]
fn what_a_watchtower_delivers_is_a_note() {
    let severity = |command: &str, more: &str| {
        let text = format!(
            "services:\n  web: {{image: 'acme/web:prod', container_name: prod_web{more}}}\n  updater: {{image: 'containrrr/watchtower:1.7.1', command: '{command}'}}\n"
        );
        findings(&RULE, &text)[0].severity.name()
    };
    assert_eq!(severity("--interval 15 prod_web", ""), "info");
    assert_eq!(severity("--interval 15", ""), "info");
    assert_eq!(severity("--interval 15 prod_api", ""), "warning");
    assert_eq!(severity("--label-enable", ""), "warning");
    let label = ", labels: {com.centurylinklabs.watchtower.enable: 'true'}";
    assert_eq!(severity("--label-enable", label), "info");
    let both =
        "services:\n  web: {image: 'acme/web:prod'}\n  updater: {image: containrrr/watchtower}\n";
    let mut found: Vec<_> = findings(&RULE, both).iter().map(|it| it.severity.name()).collect();
    found.sort_unstable();
    assert_eq!(found, ["info", "warning"], "nobody watches the Watchtower");
    let store =
        "services:\n  db: {image: mariadb}\n  updater: {image: 'containrrr/watchtower:1.7.1'}\n";
    assert_eq!(findings(&RULE, store)[0].severity.name(), "warning", "a new major version of it");
}

#[test]
fn a_helper_with_a_profile_is_a_note() {
    let severity = |more: &str| {
        let text = format!(
            "services:\n  mail: {{image: axllent/mailpit, profiles: [debug]}}\n  web: {{image: 'acme/web:1'{more}}}\n"
        );
        findings(&RULE, &text)[0].severity.name()
    };
    assert_eq!(severity(""), "info");
    assert_eq!(severity(", depends_on: [mail]"), "warning");
}

#[test]
fn flux_may_give_an_image_its_tag() {
    let found = |images: &str| {
        let text = format!(
            "# file: clusters/apps.yaml\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps}}\nspec:\n  path: ./apps\n  {images}\n# file: apps/web.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:latest'}}]}}\n"
        );
        findings(&RULE, &text)[0].severity.name()
    };
    assert_eq!(found("images: [{name: acme/web, newTag: 1.4.2}]"), "info");
    assert_eq!(found("images: [{name: acme/api, newTag: 1.4.2}]"), "warning");
    assert_eq!(found("prune: true"), "warning");
}

#[test]
fn an_image_with_the_name_that_compose_gives_is_built_here() {
    let found = |folder: &str, service: &str, image: &str| {
        let text = format!(
            "# file: {folder}compose.yaml\nservices: {{app: {{{service}}}}}\n# file: {folder}k8s/app.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: app}}\nspec: {{containers: [{{name: app, image: '{image}', imagePullPolicy: IfNotPresent}}]}}\n"
        );
        let all = findings(&RULE, &text);
        all.iter().filter(|it| it.subject.contains("Pod") || it.message.contains("Pod")).count()
    };
    assert_eq!(found("", "build: .", "shop-app:latest"), 0);
    assert_eq!(found("shop/", "build: .", "shop-app:latest"), 0);
    for (folder, service, image) in [
        ("", "build: .", "acme/shop-app:latest"),
        ("", "build: .", "shop-web:latest"),
        ("", "build: ., image: 'acme/shop:1'", "shop-app:latest"),
        ("", "image: 'acme/shop:1'", "shop-app:latest"),
        ("store/", "build: .", "shop-app:latest"),
    ] {
        assert_eq!(found(folder, service, image), 1, "{folder} {service} {image}");
    }
}

#[test]
fn a_kustomization_that_sets_latest_itself_tags_nothing() {
    let found = |tag: &str| {
        let text = format!(
            "# file: kustomization.yaml\nresources: [pod.yaml]\nimages: [{{name: acme/web, newTag: {tag}}}]\n# file: pod.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: a, image: 'acme/web:1'}}]}}\n"
        );
        let found = findings(&RULE, &text);
        found.iter().map(|it| it.severity.name()).collect::<Vec<_>>()
    };
    assert_eq!(found("latest"), ["warning"]);
    assert_eq!(found("1.4.2"), [""; 0]);
}

#[test]
fn an_image_with_an_empty_variable_is_shown_as_it_is_written() {
    let said = |image: &str, env: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{a: {{image: '{image}'}}}}\n# file: .env\nX=1\n{env}"
        );
        messages(&RULE, &text).remove(0)
    };
    let message = said("ghcr.io/${OWNER}/web:latest", "");
    assert!(message.starts_with("the tag of `ghcr.io/${OWNER}/web:latest` moves"), "{message}");
    let message = said("ghcr.io/${OWNER:?}/web", "");
    assert!(message.starts_with("`ghcr.io/${OWNER:?}/web` has no tag"), "{message}");
    let message = said("ghcr.io/${OWNER}/web:latest", "OWNER=acme\n");
    assert!(message.starts_with("the tag of `ghcr.io/acme/web:latest` moves"), "{message}");
    // An empty default is meant.
    let message = said("${MIRROR:-}acme/web:latest", "");
    assert!(message.starts_with("the tag of `acme/web:latest` moves"), "{message}");
}
