//! What it costs small projects to stay and to move.

use super::decide;
use super::sums::{cron_job, deployment, join};
use crate::config::Config;
use crate::decision::tests::decide_with;
use crate::report::QuestionId;

#[test]
fn a_swarm_that_is_not_needed_is_counted_as_a_swarm() {
    let text = "services:\n  web:\n    image: acme/web:1.2.3\n    deploy:\n      placement: {constraints: [node.role == manager]}\n      \
                resources: {limits: {cpus: '1', memory: 1g}}\n";
    let mut config = Config::default();
    config.answers.downtime = Some(crate::config::Downtime::Hours);
    config.answers.questions.insert(QuestionId::ReplicasAndRollouts, false);
    config.answers.questions.insert(QuestionId::MultiNode, false);
    let decision = decide_with(&[("docker-stack.yml", text)], config);
    assert_eq!(decision.fit, crate::report::Fit::OverBuilt, "{decision:?}");
    let operated = &decision.reasons[0].text;
    assert_eq!(
        operated,
        "You operate 1 service in Swarm mode, written in 6 lines, and nothing in it needs more than one machine."
    );
    assert!(decision.cost.stay.text.contains("the nodes of a swarm"), "{:?}", decision.cost);
}

#[test]
fn a_workload_that_compose_runs_in_another_form_is_written() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', restart: always}\n  api: {image: 'acme/api:1.2.3', restart: always}\n";
    let (web, api) = (deployment("web", "", "{}"), deployment("api", "", "{}"));
    let full = join(&[web.clone(), api]);
    let files = [("compose.yaml", compose), ("full.yaml", &*full), ("quickstart.yaml", &*web)];
    let text = decide(&files).cost.go.text;
    assert!(text.starts_with("to Compose alone: no service to write"), "{text}");
}

#[test]
fn a_move_builds_only_what_is_not_there() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', restart: always}\n  worker: {image: 'acme/worker:1.2.3', restart: always}\n";
    let cluster = join(&[
        deployment("web", "", "{}"),
        deployment("search", "", "{}"),
        cron_job("dump", "", "{}"),
    ]);
    let decision = decide(&[("compose.yaml", compose), ("k8s/all.yaml", &cluster)]);
    let text = &decision.cost.go.text;
    assert!(text.starts_with("to Compose alone: 1 service to write"), "{text}");
    assert!(text.contains("1 CronJob to give up or to build outside Compose"), "{text}");
    assert_eq!((decision.cost.go.objects, decision.cost.go.lines), (1, None));
    let alone = decide(&[("k8s/all.yaml", &cluster)]);
    assert!(alone.cost.go.text.starts_with("2 services to write"), "{}", alone.cost.go.text);
}

#[test]
fn jobs_and_routes_become_services_of_compose() {
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: 'acme/migrate:1.2.3'}]}}}\n";
    let route = |name: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec: {{rules: [{{host: {name}.example.com, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]}}\n"
        )
    };
    let web = deployment("web", "", "{}");
    let both = join(&[web.clone(), job.to_owned(), route("shop"), route("blog")]);
    let text = decide(&[("k8s/all.yaml", &both)]).cost.go.text;
    assert!(
        text.starts_with(
            "3 services to write, one of them a reverse proxy in the place of Ingress `shop` and 1 more, nothing that Compose lacks"
        ),
        "{text}"
    );
    let proxy = deployment("edge", "", "{}").replace("acme/edge:1.2.3", "traefik:v3.3.3");
    assert!(proxy.contains("traefik:"), "{proxy}");
    let behind = join(&[web, proxy, route("shop")]);
    let text = decide(&[("k8s/all.yaml", &behind)]).cost.go.text;
    assert!(text.starts_with("2 services to write, nothing that Compose lacks"), "{text}");
}

#[test]
fn a_cluster_for_compose_takes_what_the_services_use() {
    let text = "services:\n  web: {image: 'acme/web:1.2.3', ports: ['80:80'], volumes: ['data:/data'], depends_on: {migrate: {condition: service_completed_successfully}}}\n  \
                migrate: {image: 'acme/web:1.2.3', command: ./migrate, ports: ['81:81']}\nvolumes: {data: {}, unused: {}}\n";
    let decision = decide(&[("compose.yaml", text)]);
    assert_eq!(
        decision.cost.go.text,
        "about 4 objects to write (1 Deployment or StatefulSet, 1 Job, 1 Service, 1 PersistentVolumeClaim), and a cluster to run and upgrade"
    );
    let built = decide(&[("compose.yaml", "services: {web: {build: ., ports: ['80:80']}}\n")]);
    assert!(
        built.cost.go.text.contains("a registry for the images that are built here"),
        "{}",
        built.cost.go.text
    );
}

#[test]
fn custom_resources_are_what_compose_lacks() {
    // <https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/>
    let monitor = "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: web}\nspec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http}]}\n";
    let with = |more: &str| {
        let text = join(&[deployment("web", "", "{}"), more.to_owned()]);
        decide(&[("k8s/all.yaml", &text)]).cost.go.text
    };
    assert!(with(monitor).contains("1 custom resource to give up"), "{}", with(monitor));
    let lease = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: web}\n";
    assert!(with(lease).contains("nothing that Compose lacks"), "{}", with(lease));
}

#[test]
fn a_web_server_in_front_of_others_is_the_proxy() {
    let route = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}\n";
    let cluster = join(&[deployment("web", "", "{}"), route.to_owned()]);
    let with = |edge: &str| {
        let compose =
            format!("services:\n  web: {{image: 'acme/web:1.2.3', restart: always}}\n{edge}");
        decide(&[("compose.yaml", &compose), ("k8s/all.yaml", &cluster)]).cost.go.text
    };
    assert!(
        with("").contains("1 service to write, a reverse proxy in the place of Ingress `shop`"),
        "{}",
        with("")
    );
    let edge =
        "  edge: {image: 'nginx:1.27.3', restart: always, ports: ['80:80'], depends_on: [web]}\n";
    let words = "no service to write, `edge` in the place of Ingress `shop`";
    assert!(with(edge).contains(words), "{}", with(edge));
}

#[test]
fn an_order_alone_takes_no_service() {
    let go = |more: &str| {
        let text = format!(
            "services:\n  web: {{image: 'acme/web:1.2.3', ports: ['80:80']}}\n  worker: {{image: 'acme/worker:1.2.3', {more}}}\n  cron: {{image: 'acme/cron:1.2.3', depends_on: [worker]}}\n"
        );
        decide(&[("compose.yaml", &text)]).cost.go.text
    };
    assert!(go("depends_on: [web]").contains("1 Service)"), "{}", go("depends_on: [web]"));
    let reached = go("expose: ['9000']");
    assert!(reached.contains("2 Services"), "{reached}");
    let store = "services: {app: {image: 'acme/app:1.2.3', depends_on: [db]}, db: {image: 'postgres:17.2'}}\n";
    let store = decide(&[("compose.yaml", store)]).cost.go.text;
    assert!(store.contains("1 Service)"), "{store}");
}

#[test]
fn autoscalers_are_named_and_counted_once() {
    // <https://keda.sh/docs/latest/concepts/scaling-deployments/>
    let keda = "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: web-scaler}\nspec: {scaleTargetRef: {name: web}, maxReplicaCount: 5, triggers: [{type: cpu, metricType: Utilization, metadata: {value: '60'}}]}\n";
    let hpa = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: api-hpa}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}, maxReplicas: 4}\n";
    let with = |more: &[&str]| {
        let mut all = vec![deployment("web", "", "{}"), deployment("api", "", "{}")];
        all.extend(more.iter().map(|it| (*it).to_owned()));
        decide(&[("k8s/all.yaml", &join(&all))]).cost.go.text
    };
    let one = with(&[keda]);
    assert!(one.contains("1 autoscaler (`web-scaler`) to give up"), "{one}");
    let two = with(&[hpa, keda]);
    assert!(two.contains("2 autoscalers (`api-hpa`, `web-scaler`)"), "{two}");
    assert!(!two.contains("custom resource"), "{two}");
}

#[test]
fn a_reverse_proxy_goes_away_in_a_cluster() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', restart: always, expose: ['80']}\n  traefik: {image: 'traefik:v3.3.3', restart: always, ports: ['80:80', '443:443'], volumes: ['certs:/certs']}\nvolumes: {certs: {}}\n";
    let alone = decide(&[("compose.yaml", compose)]).cost.go.text;
    assert_eq!(
        alone,
        "about 3 objects to write (1 Deployment or StatefulSet, 1 Service, 1 Ingress), an Ingress controller in the place of `traefik`, and a cluster to run and upgrade"
    );
    // What the proxy waits for is behind it.
    let behind =
        compose.replace(", expose: ['80']", "").replace("v3.3.3'", "v3.3.3', depends_on: [web]");
    assert_eq!(decide(&[("compose.yaml", &behind)]).cost.go.text, alone);
    let only = "services: {edge: {image: 'traefik:v3.3.3', ports: ['80:80']}}\n";
    let only = decide(&[("compose.yaml", only)]).cost.go.text;
    assert!(only.starts_with("about 2 objects to write (1 Deployment"), "{only}");
}

#[test]
fn certificates_are_the_work_of_the_proxy() {
    // <https://caddyserver.com/docs/automatic-https>
    let certificate = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: shop}\nspec: {secretName: shop, dnsNames: [shop.example.com], issuerRef: {name: letsencrypt}}\n";
    let route = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec: {rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}\n";
    let with = |more: &[&str]| {
        let mut all = vec![deployment("web", "", "{}")];
        all.extend(more.iter().map(|it| (*it).to_owned()));
        decide(&[("k8s/all.yaml", &join(&all))]).cost.go.text
    };
    assert!(with(&[certificate]).contains("1 custom resource"), "{}", with(&[certificate]));
    let both = with(&[certificate, route]);
    assert!(both.contains("nothing that Compose lacks"), "{both}");
}

/// Returns what it costs to leave Compose for the cluster, with a client whose cluster side has a variable.
fn to_cluster(compose: &str, env: &str) -> String {
    let web = deployment("web", "", "{}")
        .replace("image: 'acme/web:1.2.3'", &format!("image: 'acme/web:1.2.3', env: [{env}]"));
    assert!(web.contains(env), "{web}");
    let mut config = Config::default();
    config.answers.set("downtime", "none").unwrap();
    decide_with(&[("compose.yaml", compose), ("k8s/web.yaml", &web)], config).cost.go.text
}

#[test]
fn a_managed_database_is_there_already() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', environment: {DB_HOST: db}, depends_on: [db]}\n  db: {image: 'postgres:17.2'}\n";
    let secret = "{name: DB_HOST, valueFrom: {secretKeyRef: {name: web, key: host}}}";
    let outside = "{name: DB_HOST, value: shop.abc.eu-west-1.rds.amazonaws.com}";
    for env in [secret, outside] {
        let text = to_cluster(compose, env);
        assert!(text.contains("no object to write"), "{env}: {text}");
    }
    let other = to_cluster(compose, "{name: MODE, value: prod}");
    assert!(other.contains("objects to write"), "{other}");
}

#[test]
fn what_only_prepares_a_volume_is_not_written() {
    // <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>, `fsGroup`
    let compose = |command: &str| {
        format!(
            "services:\n  web: {{image: 'acme/web:1.2.3', volumes: ['data:/data'], depends_on: {{own: {{condition: service_completed_successfully}}}}}}\n  own: {{image: 'alpine:3.21', command: {command}, volumes: ['data:/data']}}\nvolumes: {{data: {{}}}}\n"
        )
    };
    let env = "{name: MODE, value: prod}";
    let chown = to_cluster(&compose("chown -R 1000 /data"), env);
    // The volume itself is missing there.
    assert!(chown.contains("about 1 object to write (1 PersistentVolumeClaim)"), "{chown}");
    let seed = to_cluster(&compose("seed /data"), env);
    assert!(seed.contains("1 Job"), "{seed}");
}

#[test]
fn one_more_role_of_a_program_is_written_with_it() {
    let role = |name: &str, command: &str| {
        deployment(name, "", "{}").replace(
            &format!("image: 'acme/{name}:1.2.3'"),
            &format!("image: 'acme/web:1.2.3'{command}"),
        )
    };
    let compose = "services: {web: {image: 'acme/web:1.2.3', restart: always}}\n";
    let go = |command: &str| {
        let cluster = join(&[role("web", ""), role("web-canary", command)]);
        decide(&[("compose.yaml", compose), ("k8s/all.yaml", &cluster)]).cost.go.text
    };
    assert!(go("").contains("to Compose alone: no service to write"), "{}", go(""));
    let worker = go(", args: [worker]");
    assert!(worker.contains("to Compose alone: 1 service to write"), "{worker}");
}

#[test]
fn what_a_counterpart_lacks_is_to_be_written() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', restart: always, volumes: ['uploads:/srv/uploads', './web.conf:/etc/web/web.conf:ro']}\nvolumes: {uploads: {}}\n";
    let web = deployment("web", "", "{}");
    let mut config = Config::default();
    config.answers.set("downtime", "none").unwrap();
    let decision = decide_with(&[("compose.yaml", compose), ("k8s/web.yaml", &web)], config);
    let text = &decision.cost.go.text;
    let expected = "to the cluster alone: about 2 objects to write (1 ConfigMap or Secret, 1 PersistentVolumeClaim)";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn stores_and_routed_services_are_reached_and_secrets_are_objects() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', labels: {traefik.enable: 'true'}, secrets: [token]}\n  db: {image: 'postgres:17.2', volumes: ['pg:/var/lib/postgresql/data'], secrets: [token]}\nvolumes: {pg: {}}\nsecrets: {token: {file: ./token}}\n";
    let text = decide(&[("compose.yaml", compose)]).cost.go.text;
    let expected = "about 6 objects to write (2 Deployments or StatefulSets, 2 Services, 1 ConfigMap or Secret, 1 PersistentVolumeClaim)";
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn a_volume_that_two_services_lack_is_one_claim() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', restart: always, volumes: ['uploads:/srv/uploads']}\n  resize: {image: 'acme/resize:1.2.3', restart: always, volumes: ['uploads:/in', 'thumbs:/out']}\nvolumes: {uploads: {}, thumbs: {}}\n";
    let go = |web: &str| {
        let mut config = Config::default();
        config.answers.set("downtime", "none").unwrap();
        let files = [("compose.yaml", compose), ("k8s/web.yaml", web)];
        decide_with(&files, config).cost.go.text
    };
    // `web` has a counterpart without the volume, and `resize` has none.
    let web = deployment("web", "", "{}");
    let lacking = go(&web);
    assert!(lacking.contains("2 PersistentVolumeClaims"), "{lacking}");
    let mounting = web.replace(
        "containers: [{",
        "volumes: [{name: uploads, persistentVolumeClaim: {claimName: uploads}}]\n      containers: [{volumeMounts: [{name: uploads, mountPath: /srv/uploads}], ",
    );
    assert_ne!(mounting, web);
    let there = go(&mounting);
    assert!(there.contains("1 PersistentVolumeClaim)"), "{there}");
    // A StatefulSet makes the claim by itself.
    let template = web.replace("kind: Deployment", "kind: StatefulSet").replacen(
        "spec:\n",
        "spec:\n  volumeClaimTemplates: [{metadata: {name: uploads}, spec: {accessModes: [ReadWriteMany]}}]\n",
        1,
    );
    let template = template.replacen(
        "containers: [{",
        "containers: [{volumeMounts: [{name: uploads, mountPath: /srv/uploads}], ",
        1,
    );
    let there = go(&template);
    assert!(there.contains("1 PersistentVolumeClaim)"), "{there}");
}

#[test]
fn what_a_reverse_proxy_finds_by_labels_or_variables_gets_a_service() {
    let go = |keys: &str| {
        let compose = format!("services: {{web: {{image: 'acme/web:1.2.3', {keys}}}}}\n");
        decide(&[("compose.yaml", &compose)]).cost.go.text
    };
    for keys in [
        "labels: {traefik.enable: 'true'}",
        "deploy: {labels: [traefik.enable=true]}",
        "environment: {VIRTUAL_HOST: shop.example.com}",
        "environment: [VIRTUAL_HOST]",
    ] {
        assert!(go(keys).contains("1 Service"), "{keys}: {}", go(keys));
    }
    for keys in [
        "labels: {traefik.enable: 'false'}",
        "deploy: {labels: {com.example.team: shop}}",
        "environment: {VIRTUAL_HOST: '', LETSENCRYPT_EMAIL: a@example.com}",
    ] {
        assert!(!go(keys).contains("1 Service"), "{keys}: {}", go(keys));
    }
}

#[test]
fn a_name_that_both_sides_dial_is_not_outside() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', restart: always, ports: ['8080:8080'], environment: {DB_HOST: mysql}}\n  \
                   mysql: {image: 'mysql:8.4.2', restart: always, volumes: ['data:/var/lib/mysql']}\nvolumes: {data: {}}\n";
    let with = |host: &str| {
        let web = deployment("web", "", "{}").replace(
            "image: 'acme/web:1.2.3'",
            &format!("image: 'acme/web:1.2.3', env: [{{name: DB_HOST, value: {host}}}]"),
        );
        assert!(web.contains("DB_HOST"), "{web}");
        let mut config = Config::default();
        config.answers.questions.insert(QuestionId::MultiNode, true);
        decide_with(&[("compose.yaml", compose), ("k8s/web.yaml", &web)], config).cost.go.text
    };
    let inside = with("mysql");
    assert!(inside.contains("1 Deployment or StatefulSet, 2 Services"), "{inside}");
    let outside = with("mysql.example.com");
    assert!(!outside.contains("Deployment"), "{outside}");
}

#[test]
fn an_ingress_takes_a_service_and_a_global_service_is_a_daemon_set() {
    let text = "services:\n  proxy: {image: 'caddy:2.10.0', restart: always, ports: ['443:443']}\n  \
                app: {image: 'acme/app:1.2.3', restart: always}\n  agent: {image: 'acme/agent:1.2.3', deploy: {mode: global}}\n";
    let cost = decide(&[("docker-stack.yml", text)]).cost.go.text;
    let parts = "1 Deployment or StatefulSet, 1 DaemonSet, 1 Service, 1 Ingress";
    assert!(cost.contains(parts), "{cost}");
    let plain = "services: {app: {image: 'acme/app:1.2.3', restart: always}}\n";
    let cost = decide(&[("compose.yaml", plain)]).cost.go.text;
    assert!(!cost.contains("DaemonSet") && !cost.contains("1 Service"), "{cost}");
}

#[test]
fn quotas_and_the_right_to_start_programs_are_given_up() {
    let role = |verb: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{name: web}}\nrules: [{{apiGroups: [''], resources: [pods], verbs: [get, {verb}]}}]\n"
        )
    };
    let quota = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: web}\nspec: {hard: {requests.cpu: '4'}}\n";
    let cost = |more: &[String]| {
        let mut all = vec![deployment("web", "", "{}")];
        all.extend(more.iter().cloned());
        decide(&[("k8s/all.yaml", &join(&all))]).cost.go.text
    };
    let given_up = cost(&[role("create"), quota.to_owned()]);
    assert!(
        given_up.contains("1 resource quota, 1 Role that lets a program start others to give up"),
        "{given_up}"
    );
    assert!(cost(&[role("list")]).contains("nothing that Compose lacks"));
    for (from, to) in [
        ("create]", "'*']"),
        ("apiGroups: [''], resources: [pods]", "apiGroups: ['*'], resources: ['*']"),
        ("resources: [pods]", "resources: [daemonsets]"),
        ("resources: [pods]", "resources: [replicasets]"),
    ] {
        let wide = role("create").replace(from, to);
        assert!(
            cost(std::slice::from_ref(&wide)).contains("1 Role that lets a program start others"),
            "{wide}"
        );
    }
    let other = role("create").replace(
        "apiGroups: [''], resources: [pods]",
        "apiGroups: [acme.example.com], resources: ['*']",
    );
    assert!(cost(&[other]).contains("nothing that Compose lacks"));
}
