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
