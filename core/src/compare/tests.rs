use super::*;
use crate::report::{Aspect, Drift};
use crate::{Config, File, Workspace};

fn compared(files: &[(&str, &str)]) -> Comparison {
    let mut workspace = Workspace::default();
    for (path, text) in files {
        workspace.set_file(File::new(*path, *text));
    }
    workspace.analysis(&Config::default()).comparison()
}

/// Returns a Deployment with these lines in its container, and a Service in front of it.
fn cluster(container: &str) -> String {
    let lines: String = container.lines().map(|line| format!("          {line}\n")).collect();
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api, namespace: shop}}\nspec:\n  \
         selector: {{matchLabels: {{app: api}}}}\n  template:\n    metadata: {{labels: {{app: api}}}}\n    \
         spec:\n      containers:\n        - name: api\n{lines}---\napiVersion: v1\nkind: Service\n\
         metadata: {{name: api, namespace: shop}}\nspec: {{selector: {{app: api}}, ports: [{{port: 8080}}]}}\n"
    )
}

/// Returns the aspects of the service `api` with these keys beside a container with these lines.
fn aspects(keys: &str, container: &str) -> Vec<(Aspect, Drift, String)> {
    let compose =
        format!("services:\n  api: {{image: 'acme/api:1.4'{keys}}}\nvolumes: {{data: {{}}}}\n");
    let manifests = cluster(&format!("image: acme/api:1.4\n{container}"));
    let all = compared(&[("compose.yaml", &compose), ("k8s/api.yaml", &manifests)]);
    assert_eq!(all.services.len(), 1);
    let compared = all.services[0].compared.iter();
    compared.map(|it| (it.aspect, it.drift, it.cluster.clone())).collect()
}

/// Returns how one aspect differs.
fn drift(aspect: Aspect, keys: &str, container: &str) -> (Drift, String) {
    let all = aspects(keys, container);
    let found = all.into_iter().find(|it| it.0 == aspect).expect("the aspect is compared");
    (found.1, found.2)
}

#[test]
fn only_what_compose_writes_is_compared() {
    let all = aspects(
        "",
        "readinessProbe: {tcpSocket: {port: 8080}}\nresources: {limits: {memory: 1Gi}}",
    );
    assert_eq!(
        all.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>(),
        [(Aspect::Image, Drift::Same)]
    );
}

#[test]
fn an_image_without_a_tag_is_the_latest() {
    let compose = "services: {api: {image: 'acme/api:latest'}}\n";
    let all = |image: &str| {
        let manifests = cluster(&format!("image: {image}"));
        compared(&[("compose.yaml", compose), ("k8s/api.yaml", &manifests)])
    };
    assert_eq!(all("acme/api").services[0].compared[0].drift, Drift::Same);
    assert_eq!(all("acme/api:1.4").services[0].compared[0].drift, Drift::Drifted);
    assert_eq!(all("'acme/api:${TAG}'").services[0].compared[0].drift, Drift::Same);
    assert_eq!(all("'acme/web:${TAG}'").services[0].compared[0].drift, Drift::Drifted);
}

#[test]
fn commands_are_compared_word_by_word() {
    let keys = ", command: [serve, '8080']";
    assert_eq!(drift(Aspect::Command, keys, "args: [serve, '8080']").0, Drift::Same);
    assert_eq!(drift(Aspect::Command, keys, "args: [serve]").0, Drift::Drifted);
    assert_eq!(drift(Aspect::Command, keys, "").0, Drift::Lost);
}

#[test]
fn variables_are_named_and_their_values_are_not() {
    let keys = ", environment: {MODE: prod, SIZE: '2'}";
    let both = "env: [{name: MODE, value: prod}, {name: SIZE, value: '2'}]";
    assert_eq!(
        drift(Aspect::Environment, keys, both),
        (Drift::Same, "2 of 2 variables".to_owned())
    );
    let other = drift(
        Aspect::Environment,
        keys,
        "env: [{name: MODE, value: test}, {name: SIZE, value: '2'}]",
    );
    assert_eq!(other, (Drift::Drifted, "2 of 2 variables; other values: `MODE`".to_owned()));
    let lost = drift(Aspect::Environment, keys, "env: [{name: MODE, value: prod}]");
    assert_eq!(lost, (Drift::Lost, "1 of 2 variables; missing: `SIZE`".to_owned()));
    let keys_of_spring = ", environment: {SPRING_CONFIG_IMPORT: x}";
    let argument = drift(Aspect::Environment, keys_of_spring, "args: ['--spring.config.import=x']");
    assert_eq!(argument.0, Drift::Same);
    let hidden = drift(Aspect::Environment, keys, "envFrom: [{secretRef: {name: elsewhere}}]");
    assert_eq!(hidden.0, Drift::Drifted);
    assert!(hidden.1.contains("may come from `envFrom`"), "{}", hidden.1);
}

#[test]
fn a_config_map_without_data_is_filled_in_elsewhere() {
    let compose = "services: {api: {image: 'acme/api:1.4', environment: {MODE: prod}}}\n";
    let drift = |data: &str| {
        let map = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: api}}\n{data}---\n");
        let manifests = cluster("image: acme/api:1.4\nenvFrom: [{configMapRef: {name: api}}]");
        let all = compared(&[("compose.yaml", compose), ("k8s/api.yaml", &(map + &manifests))]);
        let mut found = all.services[0].compared.iter();
        found.find(|it| it.aspect == Aspect::Environment).expect("variables are compared").drift
    };
    assert_eq!(drift(""), Drift::Drifted);
    assert_eq!(drift("data: {OTHER: a}\n"), Drift::Lost);
    assert_eq!(drift("data: {MODE: prod}\n"), Drift::Same);
}

#[test]
fn ports_are_reached_through_services() {
    assert_eq!(drift(Aspect::Ports, ", ports: ['80:8080']", "").0, Drift::Same);
    // Both sides have one port, with different numbers.
    let other = drift(Aspect::Ports, ", ports: ['80:3000']", "");
    assert_eq!(other, (Drift::Drifted, "Service `api` with port 8080".to_owned()));
    // Of two ports one has no counterpart, and neither has one that belongs to a sidecar.
    assert_eq!(drift(Aspect::Ports, ", ports: ['80:3000', '90:3001']", "").0, Drift::Lost);
    let keys = ", ports: ['80:3000']";
    let with_sidecar = cluster("image: acme/api:1.4").replace(
        "---\n",
        "        - {name: proxy, image: 'acme/proxy:1', ports: [{containerPort: 8080}]}\n---\n",
    );
    let compose = format!("services:\n  api: {{image: 'acme/api:1.4'{keys}}}\n");
    let all = compared(&[("compose.yaml", &compose), ("k8s/api.yaml", &with_sidecar)]);
    let ports = all.services[0].compared.iter().find(|it| it.aspect == Aspect::Ports);
    assert_eq!(ports.map(|it| it.drift), Some(Drift::Lost));
}

#[test]
fn data_must_outlive_the_container() {
    let keys = ", volumes: ['data:/data']";
    let (state, words) = drift(Aspect::Volumes, keys, "");
    assert_eq!((state, words.as_str()), (Drift::Lost, "nothing at `/data`"));
    assert_eq!(
        drift(Aspect::Volumes, keys, "volumeMounts: [{name: d, mountPath: /data}]").1,
        "a volume that is not defined at `/data`"
    );
}

#[test]
fn a_healthcheck_wants_a_readiness_probe() {
    let keys = ", healthcheck: {test: [CMD, 'true']}";
    assert_eq!(drift(Aspect::Health, keys, "").0, Drift::Lost);
    let live = "livenessProbe: {exec: {command: ['true']}}";
    assert_eq!(
        drift(Aspect::Health, keys, live),
        (Drift::Drifted, "a liveness probe (`true`)".to_owned())
    );
    let ready = "readinessProbe: {exec: {command: ['true']}}";
    assert_eq!(drift(Aspect::Health, keys, ready).0, Drift::Same);
}

#[test]
fn amounts_are_compared_as_quantities() {
    let keys = ", mem_limit: 512m, cpus: 0.5";
    let same = "resources: {limits: {memory: 512Mi, cpu: 500m}}";
    assert_eq!(drift(Aspect::Resources, keys, same).0, Drift::Same);
    let other = "resources: {limits: {memory: 1Gi, cpu: '0.5'}}";
    assert_eq!(drift(Aspect::Resources, keys, other).0, Drift::Drifted);
    let (state, words) = drift(Aspect::Resources, keys, "resources: {limits: {memory: 512Mi}}");
    assert_eq!((state, words.as_str()), (Drift::Lost, "`limits.memory: 512Mi`, no `limits.cpu`"));
}

#[test]
fn a_service_without_a_counterpart_and_a_container_without_a_service_are_named() {
    let compose = "services: {worker: {image: 'acme/worker:1'}}\n";
    let all =
        compared(&[("compose.yaml", compose), ("k8s/api.yaml", &cluster("image: acme/api:1.4"))]);
    assert_eq!(all.services[0].counterpart, None);
    assert_eq!(all.only_in_cluster[0].label, "Deployment `shop/api`");
}

#[test]
fn one_side_alone_has_nothing_to_compare_with() {
    let cluster = cluster("image: acme/api:1.4");
    let all = compared(&[("k8s/api.yaml", &cluster)]);
    assert!(all.services.is_empty() && all.only_in_cluster.is_empty() && all.has_cluster);
    assert!(!compared(&[("compose.yaml", "services: {a: {image: 'a:1'}}\n")]).has_cluster);
}

#[test]
fn converters_are_quoted_for_keys_that_do_not_cross_as_they_are() {
    let compose = "services: {api: {image: 'a:1', depends_on: [db], healthcheck: {test: [CMD, a]}}, db: {image: 'b:1'}}\n";
    let all = compared(&[("compose.yaml", compose)]);
    let notes = &all.services[0].converters;
    assert_eq!(
        notes.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(),
        ["depends_on", "healthcheck"]
    );
    assert!(notes[1].bridge.is_some_and(|it| it.contains("liveness probe")));
    assert!(notes.iter().all(|it| it.kompose.is_some()), "{notes:?}");
}

/// Returns how the mounts differ where the Pod has a volume `v` of this source at this path.
fn mounts(keys: &str, path: &str, source: &str) -> (Drift, String) {
    let compose = format!(
        "services:\n  api: {{image: 'acme/api:1.4', restart: always, {keys}}}\nvolumes: {{data: {{}}}}\n\
         secrets: {{token: {{file: ./token}}}}\n"
    );
    let container = format!("image: acme/api:1.4\nvolumeMounts: [{{name: v, mountPath: {path}}}]");
    let manifests = cluster(&container)
        .replace("---\n", &format!("      volumes: [{{name: v, {source}}}]\n---\n"));
    let all = compared(&[("compose.yaml", &compose), ("k8s/api.yaml", &manifests)]);
    let mut found = all.services[0].compared.iter();
    let found = found.find(|it| it.aspect == Aspect::Volumes).expect("volumes are compared");
    (found.drift, found.cluster.clone())
}

#[test]
fn an_empty_folder_is_not_what_a_bind_mount_brings() {
    let bind = "volumes: ['./site:/srv/site']";
    assert_eq!(mounts(bind, "/srv/site", "emptyDir: {}").0, Drift::Drifted);
    assert_eq!(mounts(bind, "/srv/site", "configMap: {name: site}").0, Drift::Same);
    assert_eq!(mounts(bind, "/srv/site", "persistentVolumeClaim: {claimName: a}").0, Drift::Same);
    let data = "volumes: ['data:/data']";
    assert_eq!(mounts(data, "/data", "emptyDir: {}").0, Drift::Drifted);
    assert_eq!(mounts(data, "/data", "persistentVolumeClaim: {claimName: a}").0, Drift::Same);
    let secret = "secrets: [token]";
    assert_eq!(mounts(secret, "/run/secrets", "secret: {secretName: a}").0, Drift::Same);
    assert_eq!(mounts(secret, "/run/secrets", "emptyDir: {}").0, Drift::Drifted);
    let claim = "persistentVolumeClaim: {claimName: a}";
    assert_eq!(mounts(secret, "/run/secrets", claim).0, Drift::Drifted);
}

#[test]
fn a_volume_that_is_not_defined_is_not_the_same() {
    let keys = ", volumes: ['data:/data']";
    let found = drift(Aspect::Volumes, keys, "volumeMounts: [{name: d, mountPath: /data}]");
    assert_eq!(found.0, Drift::Drifted);
}

#[test]
fn a_headless_service_leads_to_every_port() {
    let compose = "services: {api: {image: 'acme/api:1.4', expose: ['5432']}}\n";
    let ports = |spec: &str| {
        let manifests = cluster("image: acme/api:1.4").replace("ports: [{port: 8080}]", spec);
        let all = compared(&[("compose.yaml", compose), ("k8s/api.yaml", &manifests)]);
        let found = all.services[0].compared.iter().find(|it| it.aspect == Aspect::Ports);
        found.map(|it| (it.drift, it.cluster.clone())).expect("ports are compared")
    };
    let headless = (Drift::Same, "headless Service `api`, with every port".to_owned());
    assert_eq!(ports("clusterIP: None"), headless);
    assert_eq!(ports("ports: [{port: 8080}]").0, Drift::Drifted);
    assert_eq!(ports("ports: [{port: 8080, protocol: UDP}]").0, Drift::Lost);
}

#[test]
fn ports_have_protocols() {
    assert_eq!(
        drift(Aspect::Ports, ", ports: ['53:8080/udp']", ""),
        (Drift::Lost, "Service `api` with port 8080".to_owned())
    );
    let compose = "services: {api: {image: 'acme/api:1.4', ports: ['53:53/udp', '53:53'], expose: ['54/udp']}}\n";
    let all = |ports: &str| {
        let manifests = cluster("image: acme/api:1.4")
            .replace("ports: [{port: 8080}]", &format!("ports: [{ports}]"));
        let all = compared(&[("compose.yaml", compose), ("k8s/api.yaml", &manifests)]);
        let found = all.services[0].compared.iter().find(|it| it.aspect == Aspect::Ports);
        let found = found.expect("ports are compared");
        (found.drift, found.compose.clone(), found.cluster.clone())
    };
    let (drift, own, cluster) =
        all("{port: 53, protocol: UDP}, {port: 53}, {port: 54, protocol: UDP}");
    assert_eq!((drift, own.as_str()), (Drift::Same, "53/udp, 53, 54/udp"));
    assert!(cluster.starts_with("Service `api` with port 53/udp, "), "{cluster}");
    assert_eq!(all("{port: 53}, {port: 54}").0, Drift::Lost);
}

#[test]
fn a_probe_that_asks_something_else_has_drifted() {
    let curl = ", healthcheck: {test: 'curl -f http://localhost:8080/health || exit 1'}";
    let http = |path: &str, port: &str| {
        drift(
            Aspect::Health,
            curl,
            &format!("readinessProbe: {{httpGet: {{path: {path}, port: {port}}}}}"),
        )
    };
    assert_eq!(
        http("/health", "8080"),
        (Drift::Same, "a readiness probe (`GET /health` on port 8080)".to_owned())
    );
    assert_eq!(http("/other", "8080").0, Drift::Drifted);
    assert_eq!(http("/health", "9090").0, Drift::Drifted);
    let named = "ports: [{name: web, containerPort: 8080}]\nreadinessProbe: {httpGet: {path: /health, port: web}}";
    assert_eq!(drift(Aspect::Health, curl, named).0, Drift::Same);
    let tcp = "readinessProbe: {tcpSocket: {port: 8080}}";
    assert_eq!(drift(Aspect::Health, curl, tcp).0, Drift::Drifted);
    let exec = |test: &str, command: &str| {
        let keys = format!(", healthcheck: {{test: {test}}}");
        let probe = format!("readinessProbe: {{exec: {{command: {command}}}}}");
        drift(Aspect::Health, &keys, &probe).0
    };
    assert_eq!(exec("[CMD, pg_isready]", "[pg_isready]"), Drift::Same);
    assert_eq!(exec("[CMD-SHELL, pg_isready -U app]", "[sh, -c, pg_isready -U app]"), Drift::Same);
    assert_eq!(exec("[CMD-SHELL, pg_isready -U app]", "[pg_isready, -U, app]"), Drift::Same);
    assert_eq!(exec("[CMD, pg_isready]", "['true']"), Drift::Drifted);
}

#[test]
fn notes_follow_the_value_and_say_nothing_where_nothing_is_known() {
    let compose = "services:\n  api:\n    image: 'a:1'\n    user: node\n    mac_address: 02:42:ac:11:65:43\n    \
                   deploy: {placement: {constraints: [node.role == worker]}, resources: {limits: {memory: 1g}}}\n";
    let all = compared(&[("compose.yaml", compose)]);
    let notes = &all.services[0].converters;
    let of = |key: &str| notes.iter().find(|it| it.key == key);
    assert!(of("user").unwrap().bridge.is_some_and(|it| it.contains("refuses")), "{notes:?}");
    assert!(of("deploy.resources.limits.memory").unwrap().kompose.is_some());
    assert!(notes.iter().all(|it| it.kompose.is_some() || it.bridge.is_some()), "{notes:?}");
}

#[test]
fn replicas_are_compared_where_compose_states_them() {
    let replicas = |keys: &str, spec: &str| {
        let compose = format!("services:\n  api: {{image: 'acme/api:1.4'{keys}}}\n");
        let manifests = cluster("image: acme/api:1.4")
            .replace("spec:\n  selector", &format!("spec:\n{spec}  selector"));
        let all = compared(&[("compose.yaml", &compose), ("k8s/api.yaml", &manifests)]);
        let compared = &all.services[0].compared;
        let found = compared.iter().find(|it| it.aspect == Aspect::Replicas);
        found.map(|it| (it.drift, it.compose.clone(), it.cluster.clone()))
    };
    let is = |drift, cluster: &str| Some((drift, "2".to_owned(), cluster.to_owned()));
    let two = ", deploy: {replicas: 2}";
    assert_eq!(replicas(two, "  replicas: 2\n"), is(Drift::Same, "2"));
    // A Deployment without a number runs once: <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#replicas>.
    assert_eq!(replicas(two, ""), is(Drift::Drifted, "1"));
    assert_eq!(replicas(", scale: 2", "  replicas: 3\n"), is(Drift::Drifted, "3"));
    assert_eq!(replicas("", "  replicas: 3\n"), None);
}

#[test]
fn the_image_may_bring_a_variable() {
    let compose = "services:\n  api: {build: ., image: 'acme/api:1.4', environment: {PORT: '8080', MODE: prod}}\n";
    let with = |dockerfile: &str| {
        let manifests = cluster("image: acme/api:1.4");
        let all = compared(&[
            ("Dockerfile", dockerfile),
            ("compose.yaml", compose),
            ("k8s/api.yaml", &manifests),
        ]);
        let compared = &all.services[0].compared;
        let found = compared.iter().find(|it| it.aspect == Aspect::Environment).unwrap();
        (found.drift, found.cluster.clone())
    };
    let both = with("FROM alpine\nENV PORT=8080 MODE=\"prod\"\n");
    assert_eq!(both, (Drift::Same, "2 of 2 variables".to_owned()));
    let other = with("FROM alpine\nENV PORT=8080 MODE=dev\n");
    assert_eq!(other, (Drift::Drifted, "2 of 2 variables; other values: `MODE`".to_owned()));
    let old_form = with("FROM alpine\nENV MODE prod\n");
    assert_eq!(old_form, (Drift::Lost, "1 of 2 variables; missing: `PORT`".to_owned()));
    let earlier_stage = with("FROM alpine AS base\nENV PORT=8080 MODE=prod\nFROM base\n");
    assert_eq!(earlier_stage.0, Drift::Same);
    let unrelated_stage = with("FROM alpine AS tools\nENV PORT=8080 MODE=prod\nFROM busybox\n");
    assert_eq!(unrelated_stage.0, Drift::Lost);
}

#[test]
fn a_number_that_leads_to_another_port_has_drifted() {
    let ports = |service: &str| {
        let compose = "services: {api: {image: 'acme/api:1.4', expose: ['8080']}}\n";
        let manifests = cluster("image: acme/api:1.4").replace("ports: [{port: 8080}]", service);
        let all = compared(&[("compose.yaml", compose), ("k8s/api.yaml", &manifests)]);
        let compared = &all.services[0].compared;
        compared.iter().find(|it| it.aspect == Aspect::Ports).unwrap().drift
    };
    assert_eq!(ports("ports: [{port: 8080}]"), Drift::Same);
    assert_eq!(ports("ports: [{port: 8080, targetPort: 3000}]"), Drift::Drifted);
    assert_eq!(ports("ports: [{port: 80, targetPort: 8080}]"), Drift::Drifted);
    assert_eq!(ports("ports: [{port: 80, targetPort: 3000}]"), Drift::Drifted);
}

/// Returns Deployments of one image, each with these arguments.
fn of_one_image(workloads: &[(&str, &str)]) -> String {
    let one = |(name, args): &(&str, &str)| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
             template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers: [{{name: main, image: 'acme/shop:2.1', args: {args}}}]\n"
        )
    };
    workloads.iter().map(one).collect::<Vec<_>>().join("---\n")
}

/// Returns for each service its counterpart and how it was found, or the candidates.
fn matches(compose: &str, manifests: &str) -> Vec<(String, String)> {
    let all = compared(&[("compose.yaml", compose), ("k8s/all.yaml", manifests)]);
    let said = |it: &crate::report::ServicePair| match &it.counterpart {
        Some(found) => format!("{} by {}", found.label, found.by),
        None => it.candidates.join(" or "),
    };
    all.services.iter().map(|it| (it.service.to_string(), said(it))).collect()
}

#[test]
fn commands_tell_services_of_one_image_apart() {
    let compose = "services:\n  front: {image: 'acme/shop:2.1', command: [serve]}\n  queue: {image: 'acme/shop:2.1', command: [work, --all]}\n";
    let manifests = of_one_image(&[("shop-site", "[serve]"), ("shop-jobs", "[work, --all]")]);
    let is = |service: &str, said: &str| (service.to_owned(), said.to_owned());
    assert_eq!(
        matches(compose, &manifests),
        [
            is("front", "Deployment `shop-site` by image and command"),
            is("queue", "Deployment `shop-jobs` by image and command"),
        ]
    );
}

#[test]
fn services_that_nothing_tells_apart_have_no_counterpart_and_it_is_said() {
    let compose = "services:\n  node1: {image: 'acme/shop:2.1'}\n  node2: {image: 'acme/shop:2.1'}\n  etcd: {image: 'acme/shop:2.1', command: etcd}\n";
    let manifests = of_one_image(&[("cluster-a", "[]"), ("cluster-b", "[]")]);
    let either = "Deployment `cluster-a` or Deployment `cluster-b`".to_owned();
    let is = |service: &str, said: &str| (service.to_owned(), said.to_owned());
    assert_eq!(
        matches(compose, &manifests),
        [is("etcd", ""), is("node1", &either), is("node2", &either)]
    );
    let all = compared(&[("compose.yaml", compose), ("k8s/all.yaml", &manifests)]);
    assert!(all.only_in_cluster.is_empty(), "{:?}", all.only_in_cluster);
    assert!(all.services.iter().all(|it| it.resembles), "{:?}", all.services);
    let other = "services: {mail: {image: 'acme/mail:2.1'}}\n";
    let all = compared(&[("compose.yaml", other), ("k8s/all.yaml", &manifests)]);
    assert!(!all.services[0].resembles, "{:?}", all.services);
}

#[test]
fn a_tag_of_one_repository_may_stand_for_a_program() {
    let compose = "services:\n  mail: {image: 'acme/shop:2.1-mail'}\n  stock: {image: 'acme/shop:2.1-stock'}\n";
    let manifests = of_one_image(&[("search", "[]")]);
    let all = matches(compose, &manifests);
    assert!(all.iter().all(|(_, said)| said.is_empty()), "{all:?}");
}

#[test]
fn of_two_versions_side_by_side_the_one_with_the_tag_is_meant() {
    let compose = "services: {customers: {image: 'acme/customers:1.0'}}\n";
    let version = |tag: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: customers-v{tag}}}\nspec:\n  selector: {{matchLabels: {{app: customers, version: v{tag}}}}}\n  \
             template:\n    metadata: {{labels: {{app: customers, version: v{tag}}}}}\n    spec:\n      containers: [{{name: customers, image: 'acme/customers:{tag}.0'}}]\n"
        )
    };
    let manifests = [version("1"), version("2")].join("---\n");
    assert_eq!(matches(compose, &manifests)[0].1, "Deployment `customers-v1` by image and name");
}
