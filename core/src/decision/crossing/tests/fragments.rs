//! The YAML to write instead.

use super::{BTreeSet, EVERYTHING, Fate, File, FileId, FileModel, check_yaml, one, rows, service};

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
fn a_fragment_has_the_fields_of_the_kind_of_the_counterpart() {
    let tty = |manifest: &str| {
        let compose = "services: {web: {image: 'acme/web:1', restart: always, tty: true}}\n";
        let all = rows(&[("compose.yaml", compose), ("k8s/web.yaml", manifest)]);
        all.into_iter().find(|row| row.key == "tty").expect("a row").yaml
    };
    let pod = "containers: [{name: web, image: 'acme/web:1'}]";
    let alone = format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{{pod}}}\n");
    assert_eq!(tty(&alone), "spec:\n  containers:\n    - name: web\n      tty: true\n");
    let by_the_clock = format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: web}}\n\
         spec: {{schedule: '0 3 * * *', jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, {pod}}}}}}}}}}}\n"
    );
    let expected = "spec:\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          \
                    containers:\n            - name: web\n              tty: true\n";
    assert_eq!(tty(&by_the_clock), expected);
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
fn a_folder_and_a_volume_of_one_name_get_claims_of_their_own() {
    let text = "services:
  job: {image: 'postgres:17', restart: always, volumes: ['./data:/var/lib/postgresql/data']}
  db: {image: 'postgres:17', restart: always, volumes: ['./data:/var/lib/postgresql/data', 'data:/more', './own:/own']}
volumes: {data: {}}
";
    let all = rows(&[("compose.yaml", text)]);
    let yaml = |service: &str, with: &str| {
        let mut own = all.iter().filter(|row| row.service == service && row.key == "volumes");
        own.find(|row| row.yaml.contains(with)).expect("a row").yaml.clone()
    };
    let of_folder = yaml("db", "mountPath: /var/lib/postgresql/data");
    assert!(of_folder.contains("claimName: data-2\n"), "{of_folder}");
    assert!(of_folder.contains("- ReadWriteMany"), "two services mount it: {of_folder}");
    // The other service is given the same claim, although it knows nothing of the volume.
    let of_job = yaml("job", "mountPath: /var/lib/postgresql/data");
    assert!(of_job.contains("claimName: data-2\n"), "{of_job}");
    let of_volume = yaml("db", "mountPath: /more");
    assert!(of_volume.contains("claimName: data\n"), "{of_volume}");
    assert!(of_volume.contains("- ReadWriteOnce"), "{of_volume}");
}

#[test]
fn two_spellings_of_a_folder_are_one_claim() {
    let text = "services: {db: {image: 'postgres:17', restart: always, volumes: ['./data/pg:/var/lib/postgresql/data', './data/./pg/:/data']}}\n";
    let all = rows(&[("compose.yaml", text)]);
    let row = all.iter().find(|row| row.yaml.contains("claimName")).expect("a row");
    assert_eq!(row.yaml.matches("kind: PersistentVolumeClaim").count(), 1, "{}", row.yaml);
    assert!(row.yaml.contains("- ReadWriteOnce"), "{}", row.yaml);
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
