//! A monorepo says what its parts say alone, plus what truly crosses.
//!
//! Projects that have names, labels, ports, images and variables in common are laid side by side: what is
//! found in all of them together must be what is found in each alone, and the same holds for each two of
//! them. `cargo xtask oracle union DIR` does the same with the projects of a folder.
#![allow(clippy::unwrap_used)]

mod common;

use plimsoll_core::{File, Options, analyze};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A finding by its code, path, place and message.
type Said = (&'static str, String, u32, u32, String);

fn said(files: &[File]) -> BTreeSet<Said> {
    let report = analyze(files, &Options::default());
    let findings = report.findings.iter().map(|it| {
        let path = report.entry(it.span.file).file.path.to_string();
        (it.code, path, it.span.start, it.span.end, it.message.clone())
    });
    findings.collect()
}

/// Asserts that projects say together what they say alone.
fn assert_union(projects: &[&[File]]) {
    let alone: BTreeSet<Said> = projects.iter().flat_map(|files| said(files)).collect();
    let together = said(&projects.concat());
    let lost: Vec<_> = alone.difference(&together).collect();
    let gained: Vec<_> = together.difference(&alone).collect();
    let names: Vec<&str> = projects.iter().map(|files| &*files[0].path).collect();
    assert!(lost.is_empty() && gained.is_empty(), "{names:?}\nlost {lost:#?}\ngained {gained:#?}");
}

fn assert_all_unions(projects: &[Vec<File>]) {
    let all: Vec<&[File]> = projects.iter().map(Vec::as_slice).collect();
    for (at, first) in all.iter().enumerate() {
        for second in &all[at + 1..] {
            assert_union(&[first, second]);
        }
    }
    assert_union(&all);
}

fn project(files: &[(&str, &str)]) -> Vec<File> {
    files.iter().map(|(path, text)| File::new(*path, *text)).collect()
}

fn deployment(name: &str, more: &str, container: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  {more}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers: [{{name: {name}, {container}}}]\n"
    )
}

fn service(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n---\n")
}

/// Projects that would meet if their folders did not keep them apart, each with what it has in common
/// with others.
fn colliding() -> Vec<Vec<File>> {
    let redis = "image: 'redis:7.4', ports: [{containerPort: 6379}]";
    let web = |port: u16| {
        service("web", &format!("selector: {{app: web}}, ports: [{{port: {port}}}]"))
            + &deployment(
                "web",
                "replicas: 1",
                &format!("image: 'acme/web:1', ports: [{{containerPort: {port}}}]"),
            )
    };
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: site}\nspec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 9090}}}}]}}]}\n";
    let config = |key: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: cfg}}\ndata: {{{key}: a}}\n---\n"
        )
    };
    let reads = "image: 'acme/api:1', env: [{name: X, valueFrom: {configMapKeyRef: {name: cfg, key: MODE}}}]";
    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  replicas: 3\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: 'mysql:8.0', ports: [{containerPort: 3306}]}]}\n";
    let dials = |host: &str| {
        format!("image: 'acme/worker:1', env: [{{name: CACHE_URL, value: 'redis://{host}:6379'}}]")
    };
    let mysql = "services:\n  db:\n    image: mysql:8.4\n    environment: {MYSQL_DATABASE: app, MYSQL_ROOT_PASSWORD: x}\n    volumes: ['data:/var/lib/mysql']\n    healthcheck: {test: [CMD, mysqladmin, ping]}\nvolumes: {data: }\n";
    let chart = "apiVersion: v2\nname: edge\nversion: 1.0.0\n";
    let broken =
        "kind: Service\nmetadata: {name: {{ required \"a name is wanted\" .Values.name }}}\n";
    let claims = "replicas: 3";
    let mounting = deployment(
        "media",
        claims,
        "image: 'acme/media:1', volumeMounts: [{name: data, mountPath: /data}]",
    ) + "      volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n";
    let claim = |mode: &str| {
        format!(
            "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{accessModes: [{mode}]}}\n---\n"
        )
    };
    let range = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: r}\nspec: {limits: [{type: Container, default: {memory: 1Gi, cpu: 1}}]}\n---\n";
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {matchLabels: {app: nothing}}}\n---\n";
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 5, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}\n---\n";
    let sources =
        "services:\n  web:\n    build: .\n    volumes: ['.:/app']\n    ports: ['8080:80']\n";
    vec![
        project(&[(
            "guest/redis.yaml",
            &(service("redis", "selector: {app: redis}, ports: [{port: 6379, targetPort: tcp}]")
                + &deployment("redis", "replicas: 1", redis)),
        )]),
        project(&[("pets/redis.yaml", &deployment("redis", "replicas: 2", redis))]),
        project(&[("site/web.yaml", &(web(8080) + "---\n" + ingress))]),
        project(&[("news/web.yaml", &web(9090))]),
        project(&[("scaled/web.yaml", &(scaler.to_owned() + &web(80)))]),
        project(&[(
            "modes/api.yaml",
            &(config("LEVEL") + &deployment("api", "replicas: 1", reads)),
        )]),
        project(&[(
            "levels/api.yaml",
            &(config("MODE") + &deployment("api", "replicas: 1", reads)),
        )]),
        project(&[(
            "plain/db.yaml",
            &(service("db", "selector: {app: db}, ports: [{port: 3306}]") + set),
        )]),
        project(&[(
            "headless/db.yaml",
            &(service("db", "clusterIP: None, selector: {app: db}, ports: [{port: 3306}]") + set),
        )]),
        project(&[(
            "queue/worker.yaml",
            &(service("queue", "selector: {app: worker}, ports: [{port: 80}]")
                + &deployment("worker", "replicas: 1", &dials("quoue"))),
        )]),
        project(&[(
            "local/worker.yaml",
            &deployment("worker", "replicas: 1", &dials("localhost")),
        )]),
        project(&[("once/media.yaml", &(claim("ReadWriteOnce") + &mounting))]),
        project(&[("many/media.yaml", &(claim("ReadWriteMany") + &mounting))]),
        project(&[("limited/web.yaml", &(range.to_owned() + &web(80)))]),
        project(&[("guarded/web.yaml", &(policy.to_owned() + &web(80)))]),
        project(&[("forum/compose.yaml", mysql)]),
        project(&[
            ("wiki/compose.yaml", mysql),
            (
                "wiki/k8s/db.yaml",
                &(service("db", "clusterIP: None, selector: {app: db}, ports: [{port: 3306}]")
                    + set),
            ),
        ]),
        project(&[("edge/Chart.yaml", chart), ("edge/templates/s.yaml", broken)]),
        project(&[
            ("env/compose.yaml", "services: {web: {image: 'web:${TAG}'}}\n"),
            ("env/.env", "TAG=1\n"),
        ]),
        project(&[("noenv/compose.yaml", "services: {web: {image: 'web:${TAG}'}}\n")]),
        project(&[(
            "waits/compose.yaml",
            "services: {web: {image: 'web:1', depends_on: [db, cache]}}\n",
        )]),
        project(&[("nothing/compose.yaml", "services: {web: {restart: always}}\n")]),
        project(&[(
            "calls/compose.yaml",
            "services: {web: {image: 'web:1', environment: {DB_HOST: db, CACHE_URL: 'redis://redis:6379'}}}\n",
        )]),
        project(&[("sources/compose.yaml", sources)]),
    ]
}

#[test]
fn colliding_projects_side_by_side_say_what_they_say_alone() {
    let projects = colliding();
    let silent: Vec<&str> = projects
        .iter()
        .filter(|files| said(files).is_empty())
        .map(|files| &*files[0].path)
        .collect();
    assert!(silent.len() < projects.len() / 4, "too many have nothing to say: {silent:?}");
    assert_all_unions(&projects);
}

#[test]
fn the_examples_side_by_side_say_what_they_say_alone() {
    let folders = common::projects(&common::examples());
    assert!(folders.len() >= 3, "the examples are gone");
    let in_folder = |folder: &PathBuf| -> Vec<File> {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let files = common::handed_over(folder).into_iter();
        files.map(|it| File::new(format!("{name}/{}", it.path), &*it.text)).collect()
    };
    let projects: Vec<Vec<File>> = folders.iter().map(in_folder).collect();
    assert_all_unions(&projects);
}

/// What truly crosses: an object that one application names and does not define, and another one
/// defines. It may be the one that is meant, so that its absence is not reported.
#[test]
fn what_another_application_defines_is_not_missed() {
    let reads = "image: 'acme/api:1', envFrom: [{configMapRef: {name: shared}}]";
    let asking = project(&[("asks/api.yaml", &deployment("api", "replicas: 1", reads))]);
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata: {A: b}\n";
    let giving = project(&[("gives/config.yaml", config)]);
    let missed = |files: &[File]| said(files).iter().any(|it| it.0 == "PLM504");
    assert!(missed(&asking));
    assert!(!missed(&[asking, giving].concat()));
}

/// What truly crosses: a base that the overlays of two folders build is part of both.
#[test]
fn a_shared_base_joins_what_builds_it() {
    let base = project(&[
        ("web/kustomization.yaml", "resources: [web.yaml]\n"),
        ("web/web.yaml", &deployment("web", "replicas: 1", "image: 'acme/web:latest'")),
    ]);
    let overlay =
        project(&[("shop/kustomization.yaml", "resources: [../web]\nnamePrefix: shop-\n")]);
    let report = analyze(&[base, overlay].concat(), &Options::default());
    let names: Vec<&str> = report.targets.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["shop"]);
    assert!(report.findings.iter().any(|it| it.code == "PLM801" && it.targets == ["shop"]));
}
