//! What the counterpart of a service has.

use super::{Fate, rows};

const CLUSTER: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app.kubernetes.io/name: api}}
  template:
    metadata: {labels: {app.kubernetes.io/name: api}}
    spec:
      containers:
        - name: main
          image: acme/api:1.4
          env: [{name: MODE, value: prod}]
          resources: {limits: {memory: 512Mi}}
          volumeMounts: [{name: data, mountPath: /data}]
      volumes: [{name: data, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: api-http, namespace: shop}
spec:
  selector: {app.kubernetes.io/name: api}
  ports: [{port: 8080}]
";

#[test]
fn development_compose_beside_a_cluster_has_a_table_with_counterparts() {
    let compose = "services:
  api:
    build: ./api
    image: acme/api
    command: npm run dev
    environment: {MODE: dev, EXTRA: 'on'}
    ports: ['8080:8080']
    healthcheck: {test: [CMD, 'true']}
    volumes: ['data:/data']
    mem_limit: 512m
    user: '1000'
    scale: 3
volumes: {data: {}}
";
    let all = rows(&[("compose.yaml", compose), ("k8s/api.yaml", CLUSTER)]);
    let has = |key: &str| {
        let row = all.iter().find(|row| row.key == key);
        row.unwrap_or_else(|| panic!("{key} has no row: {all:#?}")).counterpart.clone()
    };
    assert_eq!(has("image"), "`image: acme/api:1.4` in Deployment `shop/api`");
    assert_eq!(has("healthcheck"), "no probe in Deployment `shop/api`");
    assert_eq!(has("mem_limit"), "`resources.limits.memory: 512Mi` in Deployment `shop/api`");
    assert_eq!(has("ports"), "a Service `api-http` with port 8080");
    assert_eq!(has("environment"), "1 of 2 variables in Deployment `shop/api`; missing: `EXTRA`");
    assert_eq!(has("volumes"), "an `emptyDir` at `/data` in Deployment `shop/api`");
    assert_eq!(has("scale"), "`replicas: 3` in Deployment `shop/api`");
    assert_eq!(has("user"), "no `runAsUser` in Deployment `shop/api`");
    assert_eq!(has("command"), "no `args` in Deployment `shop/api`");
    // The fragment has the names of the counterpart.
    let probe = all.iter().find(|row| row.key == "healthcheck").expect("a row");
    assert!(probe.yaml.contains("- name: main\n"), "{}", probe.yaml);
    let ports = all.iter().find(|row| row.key == "ports").expect("a row");
    assert!(
        ports.yaml.contains("name: api-http\n")
            && ports.yaml.contains("app.kubernetes.io/name: api\n")
    );
}

#[test]
fn proxy_labels_are_held_against_the_routes_of_the_counterpart() {
    let compose = "services:\n  api:\n    image: acme/api:1.4\n    restart: always\n    labels:\n      traefik.http.routers.api.rule: Host(`shop.example.com`)\n";
    let row = |more: &str| {
        let manifests = format!("{CLUSTER}{more}");
        let all = rows(&[("compose.yaml", compose), ("k8s/api.yaml", &manifests)]);
        let row = all.into_iter().find(|row| row.key == "labels").expect("a row");
        (row.fate, row.counterpart)
    };
    assert_eq!(
        row(""),
        (Fate::Lost, "no Ingress or HTTPRoute leads to Deployment `shop/api`".to_owned())
    );
    let ingress = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop, namespace: shop}\n\
        spec:\n  rules:\n    - host: shop.example.com\n      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: api-http, port: {number: 8080}}}}]}\n";
    let (fate, words) = row(ingress);
    assert_eq!(fate, Fate::Changed);
    assert!(words.starts_with("Ingress `shop`") && words.contains("shop.example.com"), "{words}");
}

/// Returns what the counterpart has in the place of a key, for a service and a container with these fields.
fn beside(keys: &str, container: &str, pod: &str, key: &str) -> (Fate, String) {
    let compose = format!(
        "services:\n  api: {{image: 'acme/api:1.4', {keys}}}\n  db: {{image: 'postgres:17'}}\n"
    );
    let cluster = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api}}\nspec:\n  selector: {{matchLabels: {{app: api}}}}\n  template:\n    metadata: {{labels: {{app: api}}}}\n    spec:\n{pod}      containers: [{{name: main, image: 'acme/api:1.4'{container}}}]\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: api}}\nspec: {{selector: {{app: api}}, ports: [{{name: http, port: 80}}, {{name: dns, port: 53, protocol: UDP}}]}}\n"
    );
    let all = rows(&[("compose.yaml", &compose), ("k8s/api.yaml", &cluster)]);
    let row = all.into_iter().find(|it| it.service == "api" && it.key == key);
    let row = row.unwrap_or_else(|| panic!("{key} has no row"));
    (row.fate, row.counterpart)
}

#[test]
fn only_an_init_container_that_waits_stands_in_for_depends_on() {
    let with = |pod: &str| beside("depends_on: [db]", "", pod, "depends_on");
    let chown = "      initContainers: [{name: own, image: 'alpine:3', command: [chown, '-R', '1000', /data]}]\n";
    assert_eq!(
        with(chown),
        (Fate::Lost, "no init container of Deployment `api` waits for anything".to_owned())
    );
    let wait = "      initContainers: [{name: wait-for-db, image: 'alpine:3', command: [sh, -c, 'until nc -z db 5432; do sleep 1; done']}]\n";
    assert_eq!(
        with(wait),
        (Fate::Changed, "the init container `wait-for-db` in Deployment `api`".to_owned())
    );
}

#[test]
fn a_port_for_udp_is_held_against_ports_for_udp() {
    let with = |ports: &str| beside(&format!("ports: [{ports}]"), "", "", "ports").1;
    assert_eq!(with("'53:53/udp'"), "a Service `api` with port `dns` (53)");
    assert_eq!(with("'80:80'"), "a Service `api` with ports `http` (80), `dns` (53)");
    let compose = "services: {api: {image: 'acme/api:1.4', ports: ['53:53/udp']}}\n";
    let all = rows(&[("compose.yaml", compose), ("k8s/api.yaml", CLUSTER)]);
    let row = all.iter().find(|it| it.key == "ports").expect("a row");
    assert_eq!(row.counterpart, "no Service passes UDP to the Pods of Deployment `shop/api`");
}

#[test]
fn nothing_is_said_of_what_there_is_nothing_of() {
    let empty = rows(&[
        (
            "compose.yaml",
            "services: {api: {image: 'acme/api:1.4', env_file: [{path: api.env, required: false}]}}\n",
        ),
        ("k8s/api.yaml", CLUSTER),
    ]);
    let row = empty.iter().find(|it| it.key == "env_file").expect("a row");
    assert_eq!(row.counterpart, "");
    let one = beside(
        "environment: {MODE: prod}",
        ", env: [{name: MODE, value: prod}]",
        "",
        "environment",
    );
    assert_eq!(one.1, "1 of 1 variable in Deployment `api`");
}

#[test]
fn a_command_is_found_where_the_container_has_it() {
    let container = ", command: [npm, run, worker]";
    let (_, words) = beside("command: npm run worker", container, "", "command");
    assert_eq!(words, "`command: npm run worker` in Deployment `api`");
}

#[test]
fn a_terminal_that_the_counterpart_lacks_is_lost() {
    assert_eq!(beside("tty: true", "", "", "tty").0, Fate::Lost);
    assert_eq!(beside("tty: true", ", tty: true", "", "tty").0, Fate::Carried);
}

#[test]
fn a_privileged_container_has_every_capability() {
    let container = ", securityContext: {privileged: true}";
    let (_, words) = beside("cap_add: [NET_ADMIN]", container, "", "cap_add");
    assert_eq!(words, "every capability, by `privileged: true` in Deployment `api`");
}

#[test]
fn variables_of_a_file_are_in_the_row_of_the_file() {
    let compose =
        "services: {api: {image: 'acme/api:1.4', env_file: [app.env], environment: {MODE: dev}}}\n";
    let all =
        rows(&[("compose.yaml", compose), ("app.env", "EXTRA=1\n"), ("k8s/api.yaml", CLUSTER)]);
    let has = |key: &str| all.iter().find(|row| row.key == key).expect("a row").counterpart.clone();
    assert!(!has("environment").contains("EXTRA"), "{}", has("environment"));
    assert!(has("env_file").contains("EXTRA"), "{}", has("env_file"));
}

#[test]
fn a_data_set_that_is_only_read_needs_a_claim() {
    let fate = |mount: &str| {
        let text =
            format!("services: {{train: {{image: 'acme/train:1.4', volumes: ['{mount}']}}}}\n");
        let all = rows(&[("compose.yaml", &text)]);
        format!("{:?}", all.iter().find(|row| row.key == "volumes").expect("a row"))
    };
    assert!(!fate("/data/sets:/data:ro").contains("A ConfigMap with the files"));
    assert!(fate("/srv/app/conf:/app/conf:ro").contains("A ConfigMap with the files"));
}
