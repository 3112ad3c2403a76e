//! Which Compose service is taken for which container in the cluster: the shapes of real repositories, each
//! with the reason of every pair.
#![allow(clippy::unwrap_used)]

use plimsoll_core::{Config, Workspace};

/// Returns the pairs of a project as `service → workload/container (reason)`, sorted.
fn pairs(files: &[(&str, &str)]) -> Vec<String> {
    let mut workspace = Workspace::default();
    files.iter().for_each(|(path, text)| workspace.set(path, *text));
    let analysis = workspace.analysis(&Config::default());
    let facts = analysis.facts();
    let mut pairs: Vec<String> = facts
        .counterparts()
        .iter()
        .map(|pair| {
            let (service, workload, unit) = facts.pair(pair);
            let why = facts.matched_by(pair);
            format!("{} → {}/{} ({why})", service.name, workload.name, unit.name.as_str())
        })
        .collect();
    pairs.sort();
    pairs
}

/// Returns a Deployment with one container, which has the name of the Deployment.
fn deployment(name: &str, image: &str) -> String {
    with_container(name, name, image)
}

fn with_container(name: &str, container: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{containers: [{{name: {container}, image: '{image}'}}]}}\n---\n"
    )
}

const WEB: &str = "services:\n  web: {image: 'acme/web:1'}\n";

#[test]
fn image_and_name_together_are_the_surest_reason() {
    let cluster = deployment("web", "acme/web:2") + &deployment("admin", "acme/web:2");
    assert_eq!(
        pairs(&[("compose.yaml", WEB), ("k8s/all.yaml", &cluster)]),
        ["web → web/web (image and name)"]
    );
}

#[test]
fn an_image_is_enough_where_only_one_service_runs_it() {
    let cluster = deployment("frontend", "acme/web:2");
    assert_eq!(
        pairs(&[("compose.yaml", WEB), ("k8s/all.yaml", &cluster)]),
        ["web → frontend/frontend (image)"]
    );
    let two = format!("{WEB}  job: {{image: 'acme/web:1'}}\n");
    assert!(pairs(&[("compose.yaml", &two), ("k8s/all.yaml", &cluster)]).is_empty());
    let both = cluster + &deployment("backend", "acme/web:2");
    assert!(pairs(&[("compose.yaml", WEB), ("k8s/all.yaml", &both)]).is_empty());
}

#[test]
fn a_service_that_is_built_is_known_by_its_name() {
    let compose = "services:\n  web: {build: .}\n  db: {image: 'postgres:17'}\n";
    // A MySQL is not the PostgreSQL of the same name.
    let cluster =
        deployment("web", "registry.example.com/acme/web:2") + &deployment("db", "mysql:8.4");
    assert_eq!(
        pairs(&[("compose.yaml", compose), ("k8s/all.yaml", &cluster)]),
        ["web → web/web (name)"]
    );
}

#[test]
fn the_registry_of_an_image_does_not_matter() {
    let cluster = deployment("frontend", "mirror.example.com:5000/acme/web:2");
    assert_eq!(
        pairs(&[("compose.yaml", WEB), ("k8s/all.yaml", &cluster)]),
        ["web → frontend/frontend (image)"]
    );
}

#[test]
fn what_joins_the_words_of_a_name_does_not_matter() {
    let compose =
        "services:\n  celerybeat: {image: 'acme/app:1'}\n  order_api: {image: 'acme/app:1'}\n";
    let cluster = deployment("celery-beat", "acme/app:1") + &deployment("order-api", "acme/app:1");
    assert_eq!(
        pairs(&[("compose.yaml", compose), ("k8s/all.yaml", &cluster)]),
        [
            "celerybeat → celery-beat/celery-beat (image and name)",
            "order_api → order-api/order-api (image and name)"
        ]
    );
}

#[test]
fn the_names_of_a_pod_belong_to_its_first_container() {
    let compose =
        "services:\n  api: {image: 'acme/api:1'}\n  proxy: {image: 'envoyproxy/envoy:v1.31'}\n";
    let cluster = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: api}\nspec:\n  selector: {matchLabels: {app: api}}\n  template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n        - {name: main, image: 'acme/api:1'}\n        - {name: proxy, image: 'envoyproxy/envoy:v1.31'}\n";
    assert_eq!(
        pairs(&[("compose.yaml", compose), ("k8s/api.yaml", cluster)]),
        ["api → api/main (image and name)", "proxy → api/proxy (image and name)"]
    );
}

#[test]
fn of_two_versions_of_one_service_the_one_with_its_tag_is_taken() {
    let cluster = [
        ("k8s/v1.yaml", with_container("web-v1", "web-v1", "acme/web:1")),
        ("k8s/v2.yaml", with_container("web-v2", "web-v2", "acme/web:2")),
    ];
    let with = |compose: &str| {
        let mut files = vec![("compose.yaml", compose)];
        files.extend(cluster.iter().map(|(path, text)| (*path, text.as_str())));
        pairs(&files)
    };
    assert_eq!(with(WEB), ["web → web-v1/web-v1 (image)"]);
    assert!(with(&WEB.replace("acme/web:1", "acme/web:3")).is_empty());
}

#[test]
fn a_service_that_only_a_profile_starts_is_no_rival() {
    let compose = "services:\n  web: {image: 'acme/web:1'}\n  web-gpu: {image: 'acme/web:1', profiles: [gpu]}\n";
    let cluster = deployment("frontend", "acme/web:1");
    assert_eq!(
        pairs(&[("compose.yaml", compose), ("k8s/web.yaml", &cluster)]),
        ["web → frontend/frontend (image)"]
    );
}

#[test]
fn of_two_sets_of_manifests_the_nearer_one_is_taken() {
    let (near, far) = (deployment("web", "acme/web:1"), deployment("web", "acme/web:1"));
    let files = [
        ("app/compose.yaml", WEB),
        ("app/k8s/web.yaml", near.as_str()),
        ("other/k8s/web.yaml", &far),
    ];
    assert_eq!(pairs(&files), ["web → web/web (image and name)"]);
}

#[test]
fn what_is_equally_near_is_taken_where_the_other_services_are() {
    let compose = format!("{WEB}  bot: {{image: 'acme/bot:1'}}\n");
    let (web, bot) = (deployment("web", "acme/web:1"), deployment("bot", "acme/bot:1"));
    let newer = with_container("bot", "bot-next", "acme/bot:2");
    let files = [
        ("compose.yaml", compose.as_str()),
        ("k8s/web.yaml", &web),
        ("k8s/bot.yaml", &bot),
        ("training/bot.yaml", &newer),
    ];
    assert_eq!(pairs(&files), ["bot → bot/bot (image and name)", "web → web/web (image and name)"]);
}

#[test]
fn of_two_forms_of_one_workload_the_fuller_one_is_taken() {
    let compose = "services: {web: {image: 'acme/web:1'}, api: {image: 'acme/api:1'}}\n";
    let full = deployment("web", "acme/web:1") + &deployment("api", "acme/api:1");
    let short = with_container("web", "short", "acme/web:1");
    let files = [("compose.yaml", compose), ("full.yaml", &*full), ("quickstart.yaml", &*short)];
    assert_eq!(pairs(&files), ["api → api/api (image and name)", "web → web/web (image and name)"]);
}

#[test]
fn of_forms_that_are_as_full_the_one_of_production_is_taken_or_the_first() {
    let form = |container: &str| with_container("web", container, "acme/web:1");
    let taken = |first: &str, second: &str| {
        let (a, b) = (form("a"), form("b"));
        pairs(&[("compose.yaml", WEB), (first, &*a), (second, &*b)])
    };
    let (a, b) = (["web → web/a (image and name)"], ["web → web/b (image and name)"]);
    assert_eq!(taken("k8s/web.yaml", "tutorial/web.yaml"), a);
    assert_eq!(taken("examples/web.yaml", "k8s/web.yaml"), b);
    assert_eq!(taken("k8s/one/web.yaml", "k8s/two/web.yaml"), a);
    assert_eq!(taken("k8s/staging/web.yaml", "k8s/production/web.yaml"), b);
    // What some write as a Deployment, others write as a StatefulSet.
    let set = form("b").replace("kind: Deployment", "kind: StatefulSet");
    let files = [("compose.yaml", WEB), ("k8s/a.yaml", &*form("a")), ("k8s/b.yaml", &*set)];
    assert_eq!(pairs(&files), a);
    // Two namespaces of one form are two deployments.
    let two = form("a") + &form("b").replace("{name: web}", "{name: web, namespace: other}");
    assert!(pairs(&[("compose.yaml", WEB), ("k8s/web.yaml", &two)]).is_empty());
}

#[test]
fn a_chart_beside_manifests_is_another_form_of_them() {
    let compose = "services: {web: {image: 'acme/web:1'}, api: {image: 'acme/api:1'}}\n";
    let template = |name: &str| {
        with_container(name, "charted", &format!("acme/{name}:1"))
            .replace(
                &format!("metadata: {{name: {name}}}"),
                "metadata: {name: {{ .Release.Name }}-NAME}",
            )
            .replace("NAME", name)
    };
    let (web, api) = (template("web"), template("api"));
    let loose = deployment("web", "acme/web:1") + &deployment("api", "acme/api:1");
    let files = [
        ("compose.yaml", compose),
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("chart/templates/web.yaml", &*web),
        ("chart/templates/api.yaml", &*api),
        ("manifests/all.yaml", &*loose),
    ];
    // Both forms are as full, and neither is that of production: the first is taken for both services.
    assert_eq!(
        pairs(&files),
        [
            "api → release-name-api/charted (image and name)",
            "web → release-name-web/charted (image and name)"
        ]
    );
}

#[test]
fn a_container_has_one_counterpart_the_one_nearest_to_production() {
    let cluster = deployment("web", "acme/web:1");
    let dev = "services:\n  web: {image: 'acme/web:1', volumes: ['./src:/app'], build: .}\n";
    let files = [
        ("docker-compose.dev.yml", dev),
        ("docker-compose.yml", WEB),
        ("examples/compose.yaml", WEB),
        ("k8s/web.yaml", &cluster),
    ];
    assert_eq!(pairs(&files), ["web → web/web (image and name)"]);
    // Two services of one project may both mean it.
    let two = "services:\n  web: {build: .}\n  w-e-b: {build: .}\n";
    assert!(pairs(&[("compose.yaml", two), ("k8s/web.yaml", &cluster)]).is_empty());
}

#[cfg(feature = "targets")]
#[test]
fn the_release_and_the_chart_in_front_of_a_name_do_not_count() {
    let chart = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";
    let template = with_container("{{ .Release.Name }}-shop-pwa", "shop-pwa", "acme/pwa:1")
        + &with_container("{{ .Release.Name }}-shop", "shop-php", "acme/php:1");
    let compose = "services:\n  pwa: {build: pwa}\n  php: {build: .}\n";
    let files = [
        ("compose.yaml", compose),
        ("helm/shop/Chart.yaml", chart),
        ("helm/shop/templates/all.yaml", template.as_str()),
    ];
    assert_eq!(
        pairs(&files),
        ["php → release-name-shop/shop-php (name)", "pwa → release-name-shop-pwa/shop-pwa (name)"]
    );
}

#[test]
fn the_component_of_a_workload_is_a_name() {
    let cluster = deployment("shop-primary", "bitnami/postgresql:17").replace(
        "labels: {app: shop-primary}",
        "labels: {app: shop-primary, app.kubernetes.io/component: database}",
    );
    let compose = "services:\n  database: {image: 'postgres:17'}\n";
    assert_eq!(
        pairs(&[("compose.yaml", compose), ("k8s/db.yaml", &cluster)]),
        ["database → shop-primary/shop-primary (name)"]
    );
}

/// Returns a workload that listens on a port.
fn with_port(name: &str, container: &str, image: &str, port: u16) -> String {
    with_container(name, container, image).replace(
        &format!("image: '{image}'"),
        &format!("image: '{image}', ports: [{{containerPort: {port}}}]"),
    )
}

const STORE: &str = "services:\n  web: {image: 'acme/web:1'}\n  db: {image: 'postgres:16'}\n";

#[test]
fn the_only_data_store_of_its_kind_is_the_same_on_both_sides() {
    let web = deployment("web", "acme/web:1");
    let found = |compose: &str, stores: &[String]| {
        let cluster = format!("{web}{}", stores.concat());
        let mut all = pairs(&[("compose.yaml", compose), ("k8s/all.yaml", &cluster)]);
        all.retain(|it| !it.starts_with("web "));
        all
    };
    let kind = "(kind of data store)";
    let bitnami = with_container("shop-postgresql", "main", "bitnami/postgresql:16");
    assert_eq!(
        found(STORE, std::slice::from_ref(&bitnami)),
        [format!("db → shop-postgresql/main {kind}")]
    );
    // The name of an image suggests the store, and its port confirms it.
    let spilo = with_port("shop-db", "shop", "acme/shop-postgres-spilo:1", 5432);
    assert_eq!(found(STORE, std::slice::from_ref(&spilo)), [format!("db → shop-db/shop {kind}")]);
    let tagged = with_port("shop-db", "shop", "acme/shop:1.2-postgresql", 5432);
    assert_eq!(found(STORE, &[tagged]), [format!("db → shop-db/shop {kind}")]);
    let real_spilo = with_container("shop-db", "shop", "ghcr.io/zalando/spilo-16:3.2");
    assert_eq!(found(STORE, &[real_spilo]), [format!("db → shop-db/shop {kind}")]);
    let exporter = with_port("metrics", "main", "acme/postgres-numbers:1", 9187);
    assert!(found(STORE, &[exporter]).is_empty());
    // Two of one kind on either side, or a store of another kind, are no pair.
    assert!(found(STORE, &[bitnami.clone(), spilo]).is_empty());
    let two = format!("{STORE}  users: {{image: 'postgres:16'}}\n");
    assert!(found(&two, std::slice::from_ref(&bitnami)).is_empty());
    assert!(found(STORE, &[with_container("shop-mysql", "main", "bitnami/mysql:8")]).is_empty());
    // What another service is paired with is not free.
    let named = format!("{STORE}  shop-postgresql: {{image: 'acme/other:1'}}\n");
    assert_eq!(found(&named, &[bitnami]), ["shop-postgresql → shop-postgresql/main (name)"]);
}

#[test]
fn of_two_roles_of_one_image_the_one_behind_the_name_is_taken() {
    // Clients reach `web` by that name: <https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/>.
    let role = |role: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web-{role}}}\nspec:\n  selector: {{matchLabels: {{app: web, role: {role}}}}}\n  template:\n    metadata: {{labels: {{app: web, role: {role}}}}}\n    spec: {{containers: [{{name: main, image: 'acme/web:1'}}]}}\n---\n"
        )
    };
    let service = |selector: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{{selector}}}, ports: [{{port: 80}}]}}\n"
        )
    };
    let with = |selector: &str| {
        let cluster = role("master") + &role("worker") + &service(selector);
        pairs(&[("compose.yaml", WEB), ("k8s/all.yaml", &cluster)])
    };
    assert_eq!(with("app: web, role: worker"), ["web → web-worker/main (image and name)"]);
    assert!(with("app: web").is_empty());
}

#[test]
fn a_name_may_end_with_the_kind_of_its_object() {
    let cluster = with_container("web-deployment", "container", "acme/web-cloud:1");
    assert_eq!(
        pairs(&[("compose.yaml", WEB), ("k8s/web.yaml", &cluster)]),
        ["web → web-deployment/container (name)"]
    );
}

#[test]
fn what_the_names_of_all_workloads_share_is_taken_off() {
    let compose = "services:\n  app: {image: 'acme/theia:1'}\n  worker: {image: 'acme/theia:1', command: [work]}\n  db: {image: 'mysql:8.4'}\n";
    let cluster = deployment("theia-production-app", "acme/theia:1")
        + &deployment("theia-production-worker", "acme/theia:1")
        + &deployment("theia-production-db", "postgres:17");
    // A MySQL is not the PostgreSQL of the same name.
    assert_eq!(
        pairs(&[("compose.yaml", compose), ("k8s/all.yaml", &cluster)]),
        [
            "app → theia-production-app/theia-production-app (name without `theia-production-`)",
            "worker → theia-production-worker/theia-production-worker (name without `theia-production-`)",
        ]
    );
    // The environment may stand behind.
    let behind =
        deployment("app-prod", "acme/theia:1") + &deployment("worker-prod", "acme/theia:1");
    assert_eq!(
        pairs(&[("compose.yaml", compose), ("k8s/all.yaml", &behind)]),
        [
            "app → app-prod/app-prod (name without `-prod`)",
            "worker → worker-prod/worker-prod (name without `-prod`)"
        ]
    );
    // A whole name is surer than a part of one.
    let api = "services:\n  api: {build: api}\n  shop-api: {build: shop}\n";
    let both = deployment("shop-api", "acme/api:1") + &deployment("shop-web", "acme/web:1");
    assert_eq!(
        pairs(&[("compose.yaml", api), ("k8s/all.yaml", &both)]),
        ["shop-api → shop-api/shop-api (name)"]
    );
    // One workload shares nothing with others.
    let alone = deployment("theia-production-app", "acme/other:1");
    assert!(pairs(&[("compose.yaml", compose), ("k8s/all.yaml", &alone)]).is_empty());
}
