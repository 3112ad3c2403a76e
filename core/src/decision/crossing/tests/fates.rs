//! What becomes of keys and of kinds of values.

use super::{Crossing, Fate, check_yaml, one, rows, service};

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
    assert!(config.instead.starts_with("A ConfigMap"), "{}", config.instead);
    let data = one("volumes: ['/data/models:/models']");
    assert!(data.instead.starts_with("A PersistentVolumeClaim"), "{}", data.instead);
    assert!(data.yaml.contains("claimName: data-models"), "{}", data.yaml);
    assert!(data.yaml.contains("kind: PersistentVolumeClaim"), "{}", data.yaml);
    let machine = one("volumes: ['/proc:/host/proc']");
    assert!(machine.instead.starts_with("A `hostPath` volume"), "{}", machine.instead);
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
