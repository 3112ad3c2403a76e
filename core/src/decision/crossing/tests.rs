use crate::knowledge::compose_keys::{Case, ROWS, row};
use crate::model::FileModel;
use crate::model::compose::known_keys;
use crate::report::{Crossing, Fate};
use crate::text::FileId;
use crate::{File, Options, analyze};
use std::collections::BTreeSet;

/// Returns the crossing table of a project with these paths and texts.
fn rows(files: &[(&str, &str)]) -> Vec<Crossing> {
    let files: Vec<File> = files.iter().map(|(path, text)| File::new(*path, *text)).collect();
    analyze(&files, &Options::default()).decision().crossing
}

/// Returns the table of one service with these keys, as lines of block style.
fn service(keys: &str) -> Vec<Crossing> {
    let lines: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    let rest = "volumes: {data: {}}\nnetworks: {back: {}}\nsecrets: {token: {file: ./token}}\n\
                configs: {site: {content: 'a: 1'}}\n";
    let text = format!(
        "services:\n  web:\n    restart: always\n{lines}  db: {{image: 'postgres:17'}}\n{rest}"
    );
    let all = rows(&[("compose.yaml", &text)]);
    let own = all.into_iter().filter(|row| row.service == "web" && row.key != "restart");
    own.collect()
}

/// Returns the only row of the one key that a service writes besides its image.
fn one(keys: &str) -> Crossing {
    let mut all = service(keys);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

/// Checks that the core's own reader accepts a fragment: every key is known and every value has its type.
#[track_caller]
fn check_yaml(text: &str) {
    for document in text.split("---\n") {
        let whole = match document.starts_with("apiVersion:") {
            true => document.to_owned(),
            false => format!("apiVersion: apps/v1\nkind: Deployment\n{document}"),
        };
        let model = FileModel::read(FileId(0), File::new("a.yaml", whole.as_str()), None);
        assert_eq!(model.objects.len(), 1, "{whole}");
        let object = &model.objects[0];
        assert!(object.unknown.is_empty(), "{:?}\n{whole}", object.unknown);
        assert!(object.wrong.is_empty(), "{:?}\n{whole}", object.wrong);
    }
}

/// Returns the keys of `deploy` and of the mappings in it, with their paths.
fn deploy_keys(path: &str, object: &str, keys: &mut BTreeSet<String>) {
    for key in known_keys(object) {
        let path = format!("{path}.{key}");
        let inner = if key == "rollback_config" { "update_config" } else { key };
        match known_keys(inner).is_empty() {
            true => {
                keys.insert(path);
            }
            false => deploy_keys(&path, inner, keys),
        }
    }
}

#[test]
fn every_key_of_the_schema_has_a_row_and_every_row_a_key() {
    let mut keys: BTreeSet<String> = known_keys("service").into_iter().map(str::to_owned).collect();
    assert!(keys.len() > 80, "the schema of a service has {} keys", keys.len());
    assert!(keys.remove("deploy"), "`deploy` has a row for each of its own keys");
    deploy_keys("deploy", "deploy", &mut keys);
    let with_row: BTreeSet<String> = ROWS.iter().map(|row| row.key.to_owned()).collect();
    let without_row: Vec<_> = keys.difference(&with_row).collect();
    let without_key: Vec<_> = with_row.difference(&keys).collect();
    assert!(without_row.is_empty(), "keys without a row: {without_row:?}");
    assert!(without_key.is_empty(), "rows without a key: {without_key:?}");
    assert!(keys.iter().all(|key| row(key, Case::Other).is_some()));
}

/// A service with every key that has a fragment, and the file that holds its variables.
const EVERYTHING: &str = r#"name: shop
services:
  web:
    image: "acme/web:1.4"
    command: ["serve", "--port", "8080"]
    entrypoint: ["/bin/app"]
    working_dir: /srv
    environment:
      MODE: "yes"
      NOTE: "a: b # c"
      DB_PASSWORD: hunter2hunter2
    env_file: [web.env]
    ports: ["80:8080", "53:53/udp", "127.0.0.1:9090:9090"]
    expose: ["9000"]
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8080/health"]
      interval: 15s
      timeout: 5s
      retries: 4
      start_period: 1m
    restart: always
    labels:
      team: shop
      note: "not: a label"
      traefik.http.routers.web.rule: Host(`shop.example.com`)
      traefik.http.services.web.loadbalancer.server.port: "8080"
    annotations: {owner: "team shop"}
    hostname: web-1
    domainname: shop
    extra_hosts: ["legacy:10.0.0.9", "old:10.0.0.9", "host.docker.internal:host-gateway"]
    dns: [1.1.1.1]
    dns_search: [corp.example.com]
    stop_grace_period: 1m30s
    mem_limit: 512m
    mem_reservation: 256m
    cpus: 0.5
    cpu_shares: 512
    shm_size: 64m
    tmpfs: ["/run:size=16m", /tmp]
    user: "1000:1000"
    group_add: ["44"]
    privileged: false
    cap_add: [CAP_NET_ADMIN]
    cap_drop: [ALL]
    read_only: true
    sysctls: {net.core.somaxconn: "1024"}
    security_opt: ["no-new-privileges:true", "seccomp=unconfined"]
    tty: true
    stdin_open: true
    pull_policy: always
    platform: linux/arm64
    runtime: gvisor
    pid: host
    ipc: host
    devices: ["/dev/net/tun:/dev/net/tun", "/dev/nvidia0"]
    gpus: [{driver: nvidia, count: 2}]
    volumes:
      - "data:/var/lib/data"
      - "./site.conf:/etc/site.conf:ro"
      - /cache
      - {type: tmpfs, target: /scratch}
    secrets: [token]
    configs: [site]
    post_start: [{command: ["./warm"]}]
    pre_stop: [{command: ["./drain", "--all"]}]
    pre_start: [{command: ["./prepare"]}]
    scale: 2
    deploy:
      labels: {tier: front}
      endpoint_mode: dnsrr
      resources:
        limits: {cpus: "2", memory: 1g, pids: 100}
        reservations: {cpus: "0.25", memory: 300m}
      update_config: {parallelism: 2, order: start-first, delay: 10s, monitor: 20s}
      placement:
        constraints: [node.labels.disk == ssd, node.role == worker, node.labels.zone != b]
        preferences: [{spread: node.labels.zone}]
        max_replicas_per_node: 1
volumes: {data: {}}
secrets: {token: {file: ./token}}
configs: {site: {content: "a: 1\nb: 2\n"}}
"#;

const WITHOUT_FRAGMENT: &[&str] = &["restart", "deploy.resources.limits.pids"];

#[test]
fn every_fragment_is_valid() {
    let all = rows(&[
        ("compose.yaml", EVERYTHING),
        ("web.env", "LEVEL=info\nAPI_TOKEN=abcdefghijklmnopqrstu\n"),
    ]);
    assert!(all.len() > 60, "{}", all.len());
    for row in &all {
        let lost = row.fate == Fate::Lost;
        if row.yaml.is_empty() {
            let expected = lost || WITHOUT_FRAGMENT.contains(&row.key.as_str());
            assert!(expected, "no fragment for `{}` ({})", row.key, row.instead);
        } else {
            check_yaml(&row.yaml);
        }
    }
    let text: String = all.iter().map(|row| row.yaml.as_str()).collect();
    assert!(!text.contains("hunter2") && !text.contains("abcdefghij"), "a credential is repeated");
}

/// Returns the fragment of the row of a key that contains a text.
#[track_caller]
fn fragment(key: &str, with: &str) -> String {
    let all = rows(&[("compose.yaml", EVERYTHING), ("web.env", "LEVEL=info\n")]);
    let mut own = all.into_iter().filter(|row| row.key == key);
    own.find(|row| row.yaml.contains(with)).unwrap_or_else(|| panic!("{key}: {with}")).yaml
}

#[test]
fn values_are_quoted_and_credentials_are_references() {
    let text = fragment("environment", "MODE");
    assert_eq!(
        text,
        "spec:\n  template:\n    spec:\n      containers:\n        - name: web\n          env:\n            \
         - name: MODE\n              value: \"yes\"\n            \
         - name: NOTE\n              value: \"a: b # c\"\n            \
         - name: DB_PASSWORD\n              valueFrom:\n                secretKeyRef:\n                  \
         name: web-secrets\n                  key: DB_PASSWORD\n"
    );
}

#[test]
fn the_times_of_a_healthcheck_are_converted() {
    let text = fragment("healthcheck", "readinessProbe");
    for line in [
        "readinessProbe:",
        "path: /health",
        "port: 8080",
        "periodSeconds: 15",
        "timeoutSeconds: 5",
        "failureThreshold: 4\n          startupProbe:",
        // A minute is four periods, and four retries follow.
        "failureThreshold: 8\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_check_by_the_own_name_asks_the_pod_itself() {
    let row = one("healthcheck: {test: [CMD-SHELL, 'curl -fs http://web:3000/health || exit 1']}");
    check_yaml(&row.yaml);
    assert!(row.yaml.contains("path: /health") && row.yaml.contains("port: 3000"), "{}", row.yaml);
    // Compose's own times, which are longer than those of Kubernetes.
    assert!(row.yaml.contains("periodSeconds: 30") && row.yaml.contains("timeoutSeconds: 30"));
    let other = one("healthcheck: {test: [CMD, curl, -f, 'http://db:3000/']}");
    assert!(other.yaml.contains("exec:"), "{}", other.yaml);
    assert_eq!(one("healthcheck: {disable: true}").fate, Fate::Carried);
}

#[test]
fn a_port_becomes_one_of_the_container_and_one_of_a_service() {
    let text = fragment("ports", "containerPort: 8080");
    assert!(text.contains("kind: Service\nmetadata:\n  name: web\n"), "{text}");
    assert!(text.contains("selector:\n    app: web\n"), "{text}");
    assert!(!text.contains("type: LoadBalancer"), "{text}");
    let udp = fragment("ports", "UDP");
    assert!(udp.contains("type: LoadBalancer") && udp.contains("containerPort: 53"), "{udp}");
}

#[test]
fn a_named_volume_becomes_a_claim() {
    let text = fragment("volumes", "claimName");
    assert!(
        text.contains("claimName: data") && text.contains("mountPath: /var/lib/data"),
        "{text}"
    );
    assert!(text.contains("kind: PersistentVolumeClaim"), "{text}");
    // Two replicas share it.
    assert!(text.contains("- ReadWriteMany"), "{text}");
    assert!(text.contains("storage: 1Gi # choose a size\n"), "{text}");
}

/// Returns the fragment of a key beside a counterpart of this kind.
fn beside(kind: &str, deploy: &str, key: &str) -> String {
    let compose = format!(
        "services:\n  web:\n    image: 'acme/web:1.2.3'\n    restart: always\n    deploy: {deploy}\n"
    );
    let cluster = format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: [{{name: web, image: 'acme/web:1.2.3'}}]}}\n"
    );
    let rows = rows(&[("compose.yaml", &compose), ("k8s/web.yaml", &cluster)]);
    let row = rows.into_iter().find(|row| row.key == key);
    row.unwrap_or_else(|| panic!("no row for {key}")).yaml
}

#[test]
fn an_update_is_written_for_the_kind_of_the_counterpart() {
    let (key, one, order) = (
        "deploy.update_config.parallelism",
        "{update_config: {parallelism: 1}}",
        "{update_config: {parallelism: 2, order: start-first}}",
    );
    let deployment = beside("Deployment", order, key);
    assert!(
        deployment.contains("  strategy:") && deployment.contains("maxSurge: 2"),
        "{deployment}"
    );
    let set = beside("StatefulSet", one, key);
    assert!(set.contains("  updateStrategy:") && set.contains("type: RollingUpdate"), "{set}");
    assert!(!set.contains("maxSurge") && !set.contains("  strategy:"), "{set}");
    assert_eq!(beside("StatefulSet", order, key), "");
    let agents = beside("DaemonSet", order, key);
    assert!(agents.contains("  updateStrategy:") && agents.contains("maxSurge: 2"), "{agents}");
    let at_once = beside("DaemonSet", "{update_config: {parallelism: 0}}", key);
    assert!(at_once.contains("maxUnavailable: 100%") && !at_once.contains("Recreate"), "{at_once}");
    assert_eq!(beside("DaemonSet", "{replicas: 3}", "deploy.replicas"), "");
    assert!(beside("StatefulSet", "{replicas: 3}", "deploy.replicas").contains("replicas: 3"));
}

#[test]
fn a_volume_of_several_services_is_for_several_pods() {
    let text = "services:\n  web: {image: 'a:1', restart: always, volumes: ['data:/data', 'own:/own']}\n  \
                job: {image: 'b:1', restart: always, volumes: ['data:/data']}\nvolumes: {data: {}, own: {}}\n";
    let all = rows(&[("compose.yaml", text)]);
    let row = all.iter().find(|row| row.service == "web" && row.key == "volumes").expect("a row");
    let modes: Vec<&str> = row.yaml.split("accessModes:").skip(1).map(str::trim_start).collect();
    assert!(modes[0].starts_with("- ReadWriteMany"), "{}", row.yaml);
    assert!(modes[1].starts_with("- ReadWriteOnce"), "{}", row.yaml);
}

#[test]
fn thousands_of_ports_and_names_stay_apart() {
    let ports = one("ports: ['1000-5000:1000-5000']");
    assert_eq!(ports.yaml.matches("containerPort:").count(), 4001);
    // Names that shorten to one label.
    let names: Vec<String> =
        (0..2000).map(|at| format!("a{at:011b}").replace('0', "_").replace('1', ".")).collect();
    let secrets: String = names.iter().map(|it| format!("  {it}: {{file: ./token}}\n")).collect();
    let text = format!(
        "services: {{web: {{image: 'a:1', restart: always, secrets: [{}]}}}}\nsecrets:\n{secrets}",
        names.join(", ")
    );
    let all = rows(&[("compose.yaml", &text)]);
    let row = all.iter().find(|row| row.key == "secrets").expect("a row");
    for line in ["secretName: a\n", "secretName: a-2\n", "secretName: a-2000\n"] {
        assert_eq!(row.yaml.matches(line).count(), 1, "{line}");
    }
}

#[test]
fn proxy_labels_are_lost_and_become_an_ingress() {
    let all = service(
        "labels: {traefik.enable: 'true', traefik.http.routers.web.rule: 'Host(`shop.example.com`)', team: shop}\nexpose: ['8080']",
    );
    let labels: Vec<&Crossing> = all.iter().filter(|row| row.key == "labels").collect();
    assert_eq!(labels.iter().map(|row| row.fate).collect::<Vec<_>>(), [Fate::Lost, Fate::Carried]);
    let ingress = &labels[0].yaml;
    assert!(
        ingress.contains("kind: Ingress") && ingress.contains("host: shop.example.com"),
        "{ingress}"
    );
    assert!(ingress.contains("number: 8080"), "{ingress}");
    assert!(labels[0].instead.contains("HTTPRoute"));
    assert!(!labels[1].yaml.contains("traefik"), "{}", labels[1].yaml);
    let caddy =
        service("labels: {caddy: shop.example.com, caddy.reverse_proxy: '{{upstreams 3000}}'}");
    assert!(caddy[0].yaml.contains("number: 3000"), "{}", caddy[0].yaml);
    // A host that a variable decides is not known.
    let open = one("labels: ['traefik.http.routers.web.rule=Host(`${DOMAIN}`)']");
    assert_eq!((open.fate, open.yaml.as_str()), (Fate::Lost, ""));
}

#[test]
fn a_user_by_name_needs_a_number() {
    let named = one("user: node");
    assert!(named.instead.contains("refuses names"), "{}", named.instead);
    assert_eq!(named.yaml, "");
    let numbered = one("user: '1000:1001'");
    assert!(
        numbered.yaml.contains("runAsUser: 1000\n") && numbered.yaml.contains("runAsGroup: 1001\n")
    );
}

#[test]
fn a_secret_stays_a_file() {
    let secret = one("secrets: [token]");
    assert!(secret.instead.contains("directory"), "{}", secret.instead);
    for line in ["mountPath: /run/secrets/token", "subPath: token", "secretName: token"] {
        assert!(secret.yaml.contains(line), "{line}\n{}", secret.yaml);
    }
    let config = one("configs: [{source: site, target: /etc/site.yaml}]");
    assert!(
        config.yaml.contains("mountPath: /etc/site.yaml") && config.yaml.contains("subPath: site")
    );
    assert!(
        config.yaml.contains("kind: ConfigMap") && config.yaml.contains("site: \"a: 1\""),
        "{}",
        config.yaml
    );
}

#[test]
fn a_tunnel_is_a_host_path_and_no_gpu() {
    let tunnel = one("devices: ['/dev/net/tun:/dev/net/tun']");
    assert!(!tunnel.instead.contains("nvidia"), "{}", tunnel.instead);
    for line in ["path: /dev/net/tun", "privileged: true"] {
        assert!(tunnel.yaml.contains(line), "{line}\n{}", tunnel.yaml);
    }
    // A block device and a folder of devices are no character devices.
    for path in ["/dev/net/tun", "/dev/sda", "/dev/snd"] {
        let device = one(&format!("devices: ['{path}']"));
        assert!(device.yaml.contains(&format!("path: {path}\n")), "{}", device.yaml);
        assert!(!device.yaml.contains("type:"), "{}", device.yaml);
    }
    let gpu = one("devices: ['/dev/nvidia0']");
    assert!(gpu.yaml.contains("nvidia.com/gpu: 1"), "{}", gpu.yaml);
    // Kubernetes takes a number of GPUs only.
    assert_eq!(one("gpus: all").yaml, "");
}

#[test]
fn udp_does_not_pass_an_ingress() {
    let all = service("ports: ['8080:8080', '53:53/udp']");
    assert_eq!(all.len(), 2);
    assert!(all[1].instead.contains("an Ingress passes HTTP and HTTPS only"), "{}", all[1].instead);
    let local = one("ports: ['127.0.0.1:8080:8080']");
    assert!(local.instead.contains("port-forward"), "{}", local.instead);
}

#[test]
fn namespaces_and_names_have_their_counterparts() {
    let host = one("network_mode: host");
    assert_eq!(host.fate, Fate::Changed);
    assert!(host.yaml.contains("hostNetwork: true"), "{}", host.yaml);
    let shared = one("network_mode: service:db");
    assert!(shared.instead.contains("one Pod"), "{}", shared.instead);
    let sidecar = service("image: 'acme/proxy:1'\nnetwork_mode: service:db");
    let pod = &sidecar[1].yaml;
    check_yaml(pod);
    assert!(pod.contains("image: postgres:17") && pod.contains("image: acme/proxy:1"), "{pod}");
    assert_eq!(one("network_mode: bridge").fate, Fate::Lost);
    assert!(one("network_mode: none").yaml.contains("kind: NetworkPolicy"));
    let name = one("hostname: web-1");
    assert_eq!(name.fate, Fate::Changed);
    assert!(name.yaml.contains("hostname: web-1"), "{}", name.yaml);
    assert!(one("pid: host").yaml.contains("hostPID: true"));
    assert!(one("ipc: host").yaml.contains("hostIPC: true"));
    assert_eq!(one("ipc: private").fate, Fate::Lost);
    let gateway = one("extra_hosts: ['host.docker.internal:host-gateway']");
    assert_eq!((gateway.fate, gateway.yaml.as_str()), (Fate::Lost, ""));
}

#[test]
fn mounts_have_fates_by_kind() {
    let all = service(
        "volumes: ['data:/data', './src:/app', /cache, '/var/run/docker.sock:/var/run/docker.sock', {type: tmpfs, target: /t}]",
    );
    let fates: Vec<Fate> = all.iter().map(|row| row.fate).collect();
    assert_eq!(fates, [Fate::Changed, Fate::Lost, Fate::Lost, Fate::Lost, Fate::Changed]);
    assert!(all[1].yaml.is_empty(), "a folder of sources has no counterpart: {}", all[1].yaml);
    assert!(all[3].instead.contains("ServiceAccount"), "{}", all[3].instead);
    let config = one("volumes: ['./nginx.conf:/etc/nginx/nginx.conf:ro']");
    assert!(config.yaml.contains("subPath: nginx.conf") && config.yaml.contains("configMap:"));
}

#[test]
fn a_restart_is_carried_unless_the_service_ends() {
    let fate = |restart: &str| {
        let text = format!(
            "services: {{web: {{image: 'a:1', restart: {restart}}}, b: {{image: 'b:1', restart: always}}}}\n"
        );
        let all = rows(&[("compose.yaml", &text)]);
        let row = all.into_iter().find(|row| row.service == "web" && row.key == "restart");
        row.expect("a row").fate
    };
    assert_eq!(fate("always"), Fate::Carried);
    assert_eq!(fate("unless-stopped"), Fate::Carried);
    assert_eq!(fate("on-failure"), Fate::Changed);
    assert_eq!(fate("'no'"), Fate::Changed);
}

#[test]
fn deploy_goes_row_by_row() {
    let all = service(
        "deploy:\n  mode: global\n  replicas: 3\n  update_config: {failure_action: rollback, order: stop-first}\n  \
         rollback_config: {parallelism: 1}\n  restart_policy: {condition: any, window: 10s}\n  \
         resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: fpga, value: 1}}]}}\n  \
         placement: {constraints: [node.role == manager]}",
    );
    let found: Vec<(&str, Fate)> = all.iter().map(|row| (row.key.as_str(), row.fate)).collect();
    assert_eq!(
        found,
        [
            ("deploy.mode", Fate::Changed),
            ("deploy.replicas", Fate::Carried),
            ("deploy.update_config.failure_action", Fate::Lost),
            ("deploy.update_config.order", Fate::Changed),
            ("deploy.rollback_config.parallelism", Fate::Lost),
            ("deploy.restart_policy.condition", Fate::Carried),
            ("deploy.restart_policy.window", Fate::Lost),
            ("deploy.resources.reservations.generic_resources", Fate::Changed),
            ("deploy.placement.constraints", Fate::Changed),
        ]
    );
    assert!(all[0].yaml.contains("kind: DaemonSet"), "{}", all[0].yaml);
    assert!(all[3].yaml.contains("maxSurge: 0\n") && all[3].yaml.contains("maxUnavailable: 1\n"));
    assert!(all[8].yaml.contains("node-role.kubernetes.io/control-plane"), "{}", all[8].yaml);
}

#[test]
fn extensions_and_unknown_keys_have_no_row() {
    assert!(service("x-note: {a: 1}\nimagee: a").is_empty());
}

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
fn each_key_says_what_the_converters_make_of_it() {
    let begins = |text: Option<&str>, with: &str| text.is_some_and(|it| it.starts_with(with));
    let check = one("healthcheck: {test: [CMD, 'true']}");
    assert!(begins(check.kompose, "A liveness probe"), "{:?}", check.kompose);
    assert!(begins(check.bridge, "A liveness probe"), "{:?}", check.bridge);
    let named = one("user: node");
    assert_eq!(named.kompose, None, "its table does not have the key");
    assert!(named.bridge.is_some_and(|it| it.contains("refuses")), "{:?}", named.bridge);
    assert!(begins(one("depends_on: [db]").bridge, "Nothing"));
}

/// Checks that nothing in a stream of documents stands twice where Kubernetes wants it once.
#[track_caller]
fn check_unique(text: &str) {
    let mut objects = BTreeSet::new();
    for document in text.split("---\n").filter(|it| it.starts_with("apiVersion:")) {
        let line = |key: &str| document.lines().find(|it| it.trim_start().starts_with(key));
        let name = document.lines().find(|it| it.starts_with("  name:"));
        let header = (line("kind:"), name);
        assert!(objects.insert(header), "{header:?} stands twice:\n{text}");
        let model = FileModel::read(FileId(0), File::new("a.yaml", document), None);
        assert!(model.problems.is_empty(), "{:?}\n{document}", model.problems);
    }
    let mut paths = BTreeSet::new();
    for path in text.lines().filter(|it| it.contains("mountPath:")) {
        assert!(paths.insert(path.trim().trim_start_matches("- ")), "{path} stands twice:\n{text}");
    }
}

/// Returns the fragment of a key of one service, checked.
fn yaml_of(keys: &str, key: &str) -> String {
    let text = format!(
        "services:\n  web:\n    image: a:1\n    restart: always\n{}volumes: {{data: {{}}, a_b: {{}}, a.b: {{}}}}\n\
         configs: {{a_b: {{content: x}}, a.b: {{content: y}}}}\n",
        keys.lines().map(|line| format!("    {line}\n")).collect::<String>()
    );
    let all = rows(&[("compose.yaml", &text)]);
    let row = all.into_iter().find(|row| row.key == key).expect("a row");
    check_yaml(&row.yaml);
    check_unique(&row.yaml);
    row.yaml
}

#[test]
fn two_keys_of_one_object_make_it_once() {
    let claims = yaml_of("volumes: ['data:/a', 'data:/b', 'data:/a']", "volumes");
    assert_eq!(claims.matches("kind: PersistentVolumeClaim").count(), 1, "{claims}");
    assert_eq!(claims.matches("claimName: data").count(), 1, "{claims}");
    assert!(claims.contains("mountPath: /a\n") && claims.contains("mountPath: /b\n"), "{claims}");
    let configs = yaml_of("configs: [a_b, {source: a_b, target: /etc/again}, a.b]", "configs");
    assert!(configs.contains("a_b: x") && configs.contains("a.b: \"y\""), "{configs}");
    assert_eq!(configs.matches("a_b: x").count(), 1, "{configs}");
}

#[test]
fn files_of_one_name_stay_apart() {
    let text = yaml_of(
        "volumes: ['./a/site.conf:/etc/a.conf', './b/site.conf:/etc/b.conf', './a/site.conf:/etc/c.conf']",
        "volumes",
    );
    assert!(
        text.contains("subPath: a-site.conf") && text.contains("subPath: b-site.conf"),
        "{text}"
    );
}

#[test]
fn volumes_of_like_names_stay_apart() {
    let text = yaml_of("tmpfs: [/data/a, '/data-a:size=1m']", "tmpfs");
    assert!(text.contains("- name: data-a\n") && text.contains("- name: data-a-2\n"), "{text}");
    let volumes = yaml_of("volumes: ['a_b:/x', 'a.b:/y']", "volumes");
    assert!(volumes.contains("claimName: a-b\n"), "{volumes}");
}

#[test]
fn what_kubernetes_would_refuse_is_left_out() {
    let dns = yaml_of("dns: [1.1.1.1, 8.8.8.8, 9.9.9.9, 4.4.4.4]", "dns");
    assert!(!dns.contains("4.4.4.4"), "a Pod has three servers at most: {dns}");
    let hosts =
        yaml_of("extra_hosts: ['a:10.0.0.1', 'b:[::1]', 'c:not-an-address']", "extra_hosts");
    assert!(hosts.contains("\"::1\"") && !hosts.contains("not-an-address"), "{hosts}");
    let ports = yaml_of(
        "ports: [{target: 80, name: '8080'}, {target: 81, name: web}, {target: 82, name: web}]",
        "ports",
    );
    assert!(ports.contains("name: tcp-80\n") && ports.contains("name: tcp-82\n"), "{ports}");
    let options =
        yaml_of("security_opt: ['seccomp:unconfined', 'seccomp=unconfined']", "security_opt");
    assert_eq!(options.matches("seccompProfile").count(), 1, "{options}");
}

#[test]
fn variables_of_nginx_proxy_are_routes() {
    let all = service(
        "environment: {VIRTUAL_HOST: 'shop.example.com,www.example.com', VIRTUAL_PORT: '3000', LETSENCRYPT_HOST: shop.example.com, MODE: prod}",
    );
    let fates: Vec<Fate> = all.iter().map(|row| row.fate).collect();
    assert_eq!(fates, [Fate::Lost, Fate::Changed]);
    assert!(all[0].instead.contains("Ingress"), "{}", all[0].instead);
    for line in ["host: shop.example.com", "host: www.example.com", "number: 3000"] {
        assert!(all[0].yaml.contains(line), "{line}\n{}", all[0].yaml);
    }
    assert!(all[1].yaml.contains("name: MODE") && !all[1].yaml.contains("VIRTUAL_HOST"));
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

#[test]
fn rows_that_give_one_object_give_the_same() {
    let all = service("ports: ['80:8080', '127.0.0.1:9090:9090', '53:53/udp']\nexpose: ['9000']");
    let services: Vec<&str> =
        all.iter().map(|row| row.yaml.split("---\n").nth(1).expect("a Service")).collect();
    assert_eq!(services.len(), 4);
    let inside: BTreeSet<&&str> =
        services.iter().filter(|it| it.contains("  name: web\n")).collect();
    assert_eq!(inside.len(), 1, "one Service in three forms: {inside:#?}");
    let outside = services.iter().find(|it| it.contains("  name: web-udp\n")).expect("one more");
    assert!(outside.contains("type: LoadBalancer") && !outside.contains("8080"), "{outside}");
}
