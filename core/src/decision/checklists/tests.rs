mod crossing;

use crate::Config;
use crate::decision::tests::decide_with;
use crate::report::{CheckItem, CheckState, ChecklistItem, Crossing, Decision, Fate};

fn decide(files: &[(&str, &str)]) -> Decision {
    decide_with(files, Config::default())
}

fn item_of(decision: &Decision, item: CheckItem) -> ChecklistItem {
    let lists = [&decision.checklists.server, &decision.checklists.crossing];
    let found = lists.into_iter().flatten().find(|it| it.item == item);
    found.expect("every item is listed").clone()
}

/// Returns an item of a project with one Compose file.
fn item(compose: &str, item: CheckItem) -> ChecklistItem {
    item_of(&decide(&[("compose.yaml", compose)]), item)
}

/// Returns the state of an item and what was seen.
fn seen(compose: &str, wanted: CheckItem) -> (CheckState, String) {
    let found = item(compose, wanted);
    (found.state, found.seen)
}

/// Returns a Deployment with these lines at its container and these at its Pod.
fn workload(name: &str, container: &str, pod: &str) -> String {
    let indented = |text: &str, by: usize| -> String {
        text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
    };
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
         template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n{}      containers:\n        - name: {name}\n          \
         image: acme/{name}:1.2.3\n{}---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n\
         spec: {{selector: {{app: {name}}}, ports: [{{port: 8080}}]}}\n",
        indented(pod, 6),
        indented(container, 10),
    )
}

const DATA: &str = "services:
  db: {image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}
  app: {image: 'acme/app:1.2.3', restart: always, volumes: ['uploads:/srv/uploads']}
  wiki: {image: 'acme/wiki:1.2.3', restart: always, volumes: ['pages:/srv/pages']}
";
const VOLUMES: &str = "volumes: {pg: {}, uploads: {}, pages: {}}\n";

#[test]
fn data_is_kept_where_a_variable_puts_it() {
    let solr = |path: &str| {
        let compose = format!(
            "services: {{solr: {{image: 'solr:9.7', environment: {{SOLR_HOME: /mnt/solr}}, volumes: ['index:{path}']}}}}\nvolumes: {{index: {{}}}}\n"
        );
        item(&compose, CheckItem::PersistentData).state
    };
    assert_eq!(solr("/mnt/solr"), CheckState::Pass);
    assert_eq!(solr("/opt/other"), CheckState::Fail);
}

#[test]
fn backups_are_counted_by_volume() {
    let with = |backup: &str| seen(&format!("{DATA}{backup}{VOLUMES}"), CheckItem::Backups);
    let dump = "  dump: {image: 'prodrigestivill/postgres-backup-local:17', restart: always, environment: {POSTGRES_HOST: db}}\n";
    assert_eq!(
        with(dump),
        (CheckState::Fail, "1 of 3 volumes is copied; missing: `uploads`, `pages`".to_owned())
    );
    let all = "  copy: {image: 'offen/docker-volume-backup:v2.43.0', restart: always, volumes: ['pg:/backup/pg:ro', 'uploads:/backup/u:ro', 'pages:/backup/p:ro']}\n";
    assert_eq!(with(all), (CheckState::Pass, "3 of 3 volumes are copied".to_owned()));
    // What a backup copies may be written elsewhere.
    let elsewhere = "  copy: {image: 'restic/restic:0.17.3', restart: always}\n";
    let (state, text) = with(elsewhere);
    assert_eq!(state, CheckState::CannotSee);
    assert!(text.contains("`copy`"), "{text}");
    let (state, text) = with("");
    assert_eq!(state, CheckState::Fail);
    assert_eq!(text, "0 of 3 volumes are copied; missing: `uploads`, `pg`, `pages`");
    let proxy = "  caddy: {image: 'caddy:2.10.0', restart: always, volumes: ['pages:/data']}\n";
    let alone = format!("services:\n{proxy}{VOLUMES}");
    assert_eq!(seen(&alone, CheckItem::Backups).0, CheckState::NotApplicable);
}

#[test]
fn a_volume_without_a_known_store_needs_a_backup_too() {
    let text = "services: {app: {image: 'acme/app:1.2.3', restart: always, volumes: ['files:/srv/files']}}\nvolumes: {files: {}}\n";
    let (state, text) = seen(text, CheckItem::Backups);
    assert_eq!(state, CheckState::Fail);
    assert!(text.contains("`files`"), "{text}");
    let none = "services: {app: {image: 'acme/app:1.2.3', restart: always}}\n";
    assert_eq!(seen(none, CheckItem::Backups).0, CheckState::NotApplicable);
    let cache = "services: {app: {image: 'acme/app:1.2.3', restart: always, volumes: ['node_modules:/app/node_modules', 'cache:/root/.cache']}}\nvolumes: {node_modules: {}, cache: {}}\n";
    assert_eq!(seen(cache, CheckItem::Backups).0, CheckState::NotApplicable);
}

#[test]
fn a_backup_that_waits_for_a_store_copies_it_and_needs_no_healthcheck() {
    let text = "services:
  db: {image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data'], healthcheck: {test: pg_isready}}
  copy: {image: 'acme/pg-backup:1.2.3', restart: always, depends_on: [db]}
  watch: {image: 'louislam/uptime-kuma:1.23.15', restart: always, volumes: ['checks:/app/data']}
volumes: {pg: {}, checks: {}}
";
    let copied = (CheckState::Pass, "1 of 1 volume is copied".to_owned());
    assert_eq!(seen(text, CheckItem::Backups), copied);
    let (state, words) = seen(text, CheckItem::HealthChecks);
    assert_eq!((state, words.contains("`copy`")), (CheckState::Pass, false), "{words}");
}

#[test]
fn capabilities_that_docker_gives_every_container_open_nothing() {
    let with = |key: &str| {
        let text =
            format!("services: {{web: {{image: 'acme/web:1.2.3', restart: always, {key}}}}}\n");
        seen(&text, CheckItem::HostHardening).0
    };
    assert_eq!(with("cap_drop: [ALL], cap_add: [NET_BIND_SERVICE, CAP_CHOWN]"), CheckState::Pass);
    assert_eq!(with("cap_add: [NET_ADMIN]"), CheckState::Fail);
    assert_eq!(with("pid: host"), CheckState::Fail);
    assert_eq!(with("volumes: ['/:/host:ro']"), CheckState::Fail);
}

#[test]
fn swarm_restarts_by_its_own_policy() {
    let with = |deploy: &str| {
        let text =
            format!("services: {{web: {{image: 'acme/web:1.2.3', deploy: {{{deploy}}}}}}}\n");
        item_of(&decide(&[("docker-stack.yml", &text)]), CheckItem::RestartPolicies).state
    };
    assert_eq!(with("replicas: 2"), CheckState::Pass);
    assert_eq!(with("restart_policy: {condition: none}"), CheckState::Fail);
}

#[test]
fn words_inside_other_words_prove_nothing() {
    let vectors = "services: {db: {image: 'pgvector/pgvector:pg17', restart: always, environment: {SNAPSHOT_DIR: /s}, volumes: ['pg:/var/lib/postgresql/data']}}\nvolumes: {pg: {}}\n";
    assert_eq!(seen(vectors, CheckItem::Monitoring).0, CheckState::CannotSee);
    let (state, words) = seen(vectors, CheckItem::Backups);
    assert_eq!(state, CheckState::Fail, "{words}");
    let shop = "services: {web: {image: 'acme/web:1.2.3', restart: always, ports: ['80:80'], volumes: ['./acme/concerts:/srv/titles', '/etc/ssl/certs:/etc/ssl/certs:ro']}}\n";
    assert_eq!(seen(shop, CheckItem::TlsEdge).0, CheckState::Fail);
    let home = "services: {home: {image: 'acme/home:1.2.3', network_mode: host}, web: {image: 'acme/web:1.2.3', ports: ['80:80']}}\n";
    assert_eq!(seen(home, CheckItem::TlsEdge).0, CheckState::Fail);
    let mail = "services: {mail: {image: 'acme/mail:1.2.3', restart: always, ports: ['25:25']}}\n";
    assert_eq!(seen(mail, CheckItem::TlsEdge).0, CheckState::CannotSee);
}

#[test]
fn what_watches_from_inside_is_no_proof() {
    let with = |more: &str| {
        let text = format!("services:\n  web: {{image: 'acme/web:1.2.3'{more}\n");
        seen(&text, CheckItem::Monitoring)
    };
    let nothing = (CheckState::CannotSee, "nothing in these files watches the services".to_owned());
    assert_eq!(with(", logging: {driver: syslog}}"), nothing);
    assert_eq!(with(", labels: {metrics.enabled: 'false'}}"), nothing);
    let agent = with("}\n  metrics: {image: 'prom/node-exporter:v1.9.1'}");
    assert_eq!(
        agent,
        (CheckState::CannotSee, "`metrics` watches from inside this server".to_owned())
    );
    let monitor = with("}\n  status: {image: 'louislam/uptime-kuma:1.23.16'}");
    assert_eq!(monitor, (CheckState::Pass, "`status` watches from inside this server".to_owned()));
    let sentry = with(", environment: {SENTRY_DSN: 'https://k@sentry.example.com/1'}}");
    assert_eq!(sentry, (CheckState::Pass, "`web` reports to monitoring".to_owned()));
    // What draws, or collects for the application alone, falls silent with the server.
    for inside in ["grafana/grafana:11.5.2", "datalust/seq:2024.3", "jaegertracing/all-in-one:1.64"]
    {
        let (state, words) = with(&format!("}}\n  insight: {{image: '{inside}'}}"));
        assert_eq!(state, CheckState::CannotSee, "{inside}: {words}");
    }
    let collector = with(
        ", environment: {OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4317'}}\n  collector: {image: 'otel/opentelemetry-collector:0.120.0'}",
    );
    assert_eq!(collector.0, CheckState::CannotSee, "{}", collector.1);
    let hosted = ", environment: {OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com:4317'}}";
    assert_eq!(with(hosted).0, CheckState::Pass);
    // DefectDojo has variables with the prefix of Datadog.
    assert_eq!(with(", environment: {DD_DATABASE_URL: 'postgresql://db:5432/a'}}"), nothing);
    assert_eq!(with(", environment: {DD_API_KEY: key}}").0, CheckState::Pass);
}

#[test]
fn a_service_on_the_network_of_the_host_is_public() {
    let on_host = |image: &str, more: &str| {
        let text = format!(
            "services: {{edge: {{image: '{image}', restart: always, network_mode: host{more}}}}}\n"
        );
        seen(&text, CheckItem::TlsEdge)
    };
    let (state, words) = on_host("acme/home:1.2.3", "");
    assert_eq!(state, CheckState::CannotSee, "{words}");
    assert_eq!(words, "`edge` is on the network of the host, and nothing in these files ends TLS");
    assert_eq!(on_host("acme/home:1.2.3", ", expose: ['8080']").0, CheckState::Fail);
    for caddy in ["caddy:2.10.0", "abiosoft/caddy:1.0.3"] {
        assert_eq!(on_host(caddy, "").0, CheckState::Pass);
    }
    let certificates = ", volumes: ['./certs:/etc/nginx/certs:ro']";
    assert_eq!(on_host("nginx:1.27.4", certificates).0, CheckState::Pass);
}

#[test]
fn the_end_of_tls_is_named_and_what_goes_round_it_too() {
    let edge = "services:\n  caddy: {image: 'caddy:2.10.0', restart: always, ports: ['80:80', '443:443']}\n  web: {image: 'acme/web:1.2.3', restart: always%}\n";
    let one = seen(&edge.replace('%', ""), CheckItem::TlsEdge);
    assert_eq!(one, (CheckState::Pass, "1 of 1 public service ends TLS".to_owned()));
    let two = seen(&edge.replace('%', ", ports: ['8080:8080']"), CheckItem::TlsEdge);
    assert_eq!(two.0, CheckState::Fail);
    assert_eq!(two.1, "1 of 2 public services ends TLS; missing: `web`");
}

#[test]
fn pulled_images_are_the_denominator() {
    let text = "services: {a: {image: 'acme/a:1.2.3'}, b: {build: ./b, image: acme/b}, c: {image: 'acme/c'}}\n";
    let (state, words) = seen(text, CheckItem::PinnedImages);
    assert_eq!(state, CheckState::Fail);
    assert_eq!(words, "1 of 2 pulled images has a fixed version; missing: `c`");
    let built = "services: {b: {build: ./b}}\n";
    assert_eq!(seen(built, CheckItem::PinnedImages).0, CheckState::NotApplicable);
    let variable = "services: {a: {image: 'acme/a:1.2.3'}, b: {image: 'acme/b:${TAG}'}}\n";
    let (state, words) = seen(variable, CheckItem::PinnedImages);
    assert_eq!(state, CheckState::CannotSee, "{words}");
    assert!(words.contains("`b`"), "{words}");
}

#[test]
fn logs_that_the_daemon_may_bound_cannot_be_seen() {
    let open =
        item("services: {a: {image: 'acme/a:1.2.3', restart: always}}\n", CheckItem::LogsBounded);
    assert_eq!(open.state, CheckState::CannotSee);
    assert!(open.next.contains("docker info") && open.next.contains("/etc/docker/daemon.json"));
    let bound = "services: {a: {image: 'acme/a:1.2.3', restart: always, logging: {options: {max-size: 10m}}}}\n";
    assert_eq!(seen(bound, CheckItem::LogsBounded).0, CheckState::Pass);
}

#[test]
fn two_services_without_healthchecks_fail() {
    let text = "services: {a: {image: 'acme/a:1.2.3', restart: always}, b: {image: 'acme/b:1.2.3', restart: always}}\n";
    let found = seen(text, CheckItem::HealthChecks);
    assert_eq!(
        found,
        (CheckState::Fail, "0 of 2 services have a healthcheck; missing: `a`, `b`".to_owned())
    );
    for other in [CheckItem::Monitoring, CheckItem::ProbesAndResources] {
        assert_ne!(seen(text, other).0, CheckState::Pass);
    }
}

#[test]
fn a_rule_that_is_switched_off_leaves_its_item_unseen() {
    let text = "services: {a: {image: 'acme/a:1.2.3', restart: always}}\n";
    assert_eq!(seen(text, CheckItem::PinnedImages).0, CheckState::Pass);
    let config = "rules: {PLM811: off}\n";
    let files = [("compose.yaml", text), ("plimsoll.yaml", config)];
    let found = item_of(&decide(&files), CheckItem::PinnedImages);
    assert_eq!(found.state, CheckState::CannotSee);
    assert!(found.next.contains("PLM811"), "{}", found.next);
}

#[test]
fn a_cluster_alone_has_nothing_to_cross() {
    let manifest = workload("api", "", "");
    let decision = decide(&[("k8s/api.yaml", &manifest)]);
    for item in &decision.checklists.crossing {
        assert_eq!(item.state, CheckState::NotApplicable, "{item:?}");
        assert!(item.seen.contains("no Compose service"), "{item:?}");
    }
}

#[test]
fn startup_is_proven_by_what_waits() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3', restart: always, depends_on: {db: {condition: service_healthy}}}\n  \
                   db: {image: 'postgres:17.2', restart: always, healthcheck: {test: [CMD, pg_isready]}}\n";
    let (state, words) = seen(compose, CheckItem::StartupAndRetry);
    assert_eq!(state, CheckState::CannotSee);
    assert!(words.contains("`api`"), "{words}");
    let manifest = workload(
        "api",
        "readinessProbe: {tcpSocket: {port: 8080}}",
        "initContainers: [{name: wait, image: 'busybox:1.37', command: [sh, -c, 'until nc -z db 5432; do sleep 1; done']}]",
    );
    let db = workload("db", "readinessProbe: {exec: {command: [pg_isready]}}", "")
        .replace("acme/db:1.2.3", "postgres:17.2")
        .replace("8080", "5432");
    let files = [("compose.yaml", compose), ("k8s/api.yaml", &*manifest), ("k8s/db.yaml", &*db)];
    let found = item_of(&decide(&files), CheckItem::StartupAndRetry);
    assert_eq!(
        (found.state, &*found.seen),
        (CheckState::Pass, "1 of 1 client waits for what it needs")
    );
    let alone = "services: {a: {image: 'acme/a:1.2.3', restart: always}}\n";
    assert_eq!(seen(alone, CheckItem::StartupAndRetry).0, CheckState::NotApplicable);
}

#[test]
fn discovery_is_proven_by_names_in_the_configuration() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3', restart: always, depends_on: [db]%}\n  db: {image: 'postgres:17.2', restart: always}\n";
    let hidden = seen(&compose.replace('%', ""), CheckItem::ServiceDiscovery);
    assert_eq!(hidden.0, CheckState::CannotSee);
    assert!(hidden.1.contains("`api`"), "{}", hidden.1);
    let named =
        seen(&compose.replace('%', ", environment: {DB_HOST: db}"), CheckItem::ServiceDiscovery);
    assert_eq!(
        named,
        (CheckState::Pass, "1 of 1 client names in its configuration what it dials".to_owned())
    );
}

#[test]
fn discovery_follows_references_lists_and_aliases() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3', restart: always, depends_on: [queue], environment: {BROKERS: 'queue:29092'}}\n  \
                   queue: {image: 'acme/queue:1.2.3', restart: always}\n";
    let queue = workload("queue", "", "");
    let with = |env: &str| {
        let api = workload("api", &format!("env: [{env}]"), "");
        let files =
            [("compose.yaml", compose), ("k8s/api.yaml", &*api), ("k8s/queue.yaml", &*queue)];
        item_of(&decide(&files), CheckItem::ServiceDiscovery).seen
    };
    let good = "1 of 1 client names in its configuration what it dials";
    for env in [
        "{name: QUEUE, value: queue}, {name: BROKERS, value: '$(QUEUE):8080'}",
        "{name: QUEUE, value: queue}, {name: URL, value: 'http://$(QUEUE):8080/x'}",
        "{name: BROKERS, value: 'other.example.com:9092,queue:29092'}",
        // The same variable may name another address here.
        "{name: BROKERS, value: 'kafka.example.com:9092'}",
    ] {
        let words = with(env);
        assert!(words.starts_with(good), "{env}: {words}");
    }
    for env in
        ["{name: BROKERS, value: '$(NOBODY):8080'}", "{name: BROKERS, value: 'localhost:9092'}"]
    {
        let words = with(env);
        assert!(words.contains("missing: `api`"), "{env}: {words}");
    }
    let linked = "services:\n  api: {image: 'acme/api:1.2.3', restart: always, links: ['queue:broker'], environment: {BROKERS: 'broker:29092'}}\n  \
                  queue: {image: 'acme/queue:1.2.3', restart: always}\n";
    let words = seen(linked, CheckItem::ServiceDiscovery).1;
    assert!(words.starts_with(good), "{words}");
}

#[test]
fn a_wait_for_migrations_proves_that_they_run_elsewhere() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3', restart: always}\n";
    let with = |command: &str| {
        let pod = format!(
            "initContainers: [{{name: wait, image: 'acme/api:1.2.3', command: [sh, -c, '{command}']}}]"
        );
        let api = workload("api", "", &pod);
        let found = item_of(
            &decide(&[("compose.yaml", compose), ("k8s/api.yaml", &api)]),
            CheckItem::OneTimeMigrations,
        );
        (found.state, found.seen)
    };
    let waiting = with("while ! python manage.py migrate --check; do sleep 1; done");
    assert_eq!(
        waiting,
        (
            CheckState::Pass,
            "`api` waits until the migrations are applied, which run elsewhere".to_owned()
        )
    );
    let migrating = with("until python manage.py migrate; do sleep 1; done");
    assert_ne!(migrating.0, CheckState::Pass, "{}", migrating.1);
}

#[test]
fn bind_mounts_are_held_against_the_counterparts_there_are() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3', restart: always, volumes: ['./api.conf:/etc/api.conf']}\n  \
                   job: {image: 'acme/job:1.2.3', restart: always, volumes: ['./job.conf:/etc/job.conf']}\n";
    let mounted = workload(
        "api",
        "volumeMounts: [{name: conf, mountPath: /etc/api.conf, subPath: api.conf}]",
        "volumes: [{name: conf, configMap: {name: api}}]",
    );
    let files = [("compose.yaml", compose), ("k8s/api.yaml", &mounted)];
    let found = item_of(&decide(&files), CheckItem::ImageWithoutBindMounts);
    assert_eq!(found.state, CheckState::Fail, "{found:?}");
    assert_eq!(found.seen, "1 of 2 services needs no file of the host; missing: `job`");
    let only = "services:\n  api: {image: 'acme/api:1.2.3', restart: always, volumes: ['./api.conf:/etc/api.conf']}\n";
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: api}\ndata: {api.conf: a}\n";
    let files = [("compose.yaml", only), ("k8s/api.yaml", &*mounted), ("k8s/map.yaml", map)];
    let decision = decide(&files);
    assert_eq!(item_of(&decision, CheckItem::ImageWithoutBindMounts).state, CheckState::Pass);
    let row = decision.crossing.iter().find(|row| row.key == "volumes").expect("a row");
    assert_eq!(row.fate, Fate::Changed, "{row:?}");
}

#[test]
fn configuration_is_compared_by_the_names_of_variables() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3', restart: always, environment: {MODE: prod, SIZE: '2'}}\n";
    let with = |env: &str| {
        let manifest = workload("api", env, "");
        let found = decide(&[("compose.yaml", compose), ("k8s/api.yaml", &manifest)]);
        let item = item_of(&found, CheckItem::ConfigAndSecrets);
        (item.state, item.seen)
    };
    let same = with("env: [{name: MODE, value: prod}, {name: SIZE, value: '2'}]");
    assert_eq!(
        same,
        (CheckState::Pass, "1 of 1 service has the variables of its counterpart".to_owned())
    );
    // Other values are drift; the contract is about the names.
    let values = with("env: [{name: MODE, value: prod}, {name: SIZE, value: '3'}]");
    assert_eq!(values.0, CheckState::Pass);
    let other = with("env: [{name: MODE, value: prod}]");
    assert_eq!(other.0, CheckState::Fail);
    assert!(other.1.ends_with("missing: `api`"), "{}", other.1);
}

/// The keys that an item is about: where one of them is lost, the item does not pass.
fn about(item: CheckItem) -> &'static [&'static str] {
    match item {
        CheckItem::StartupAndRetry => &["depends_on", "links"],
        CheckItem::ImageWithoutBindMounts => &["volumes"],
        CheckItem::ServiceDiscovery => &["links", "external_links", "extra_hosts", "network_mode"],
        CheckItem::HiddenState => &["volumes", "volumes_from"],
        _ => &[],
    }
}

#[test]
fn nothing_passes_beside_a_lost_key() {
    let keys = [
        "",
        "depends_on: [db], environment: {DB: db}",
        "volumes: ['./conf:/etc/conf']",
        "volumes: [/cache]",
        "volumes: ['/var/run/docker.sock:/var/run/docker.sock']",
        "links: [db], environment: {DB: db}",
        "external_links: [other], environment: {DB: db}",
        "extra_hosts: ['h:host-gateway'], environment: {DB: db}",
        "network_mode: bridge, environment: {DB: db}",
        "volumes_from: [db], environment: {DB: db}",
    ];
    let manifest = workload(
        "web",
        "volumeMounts: [{name: c, mountPath: /cache}]",
        "volumes: [{name: c, emptyDir: {}}]",
    );
    for keys in keys {
        let compose = format!(
            "services:\n  web: {{image: 'acme/web:1.2.3', restart: always{}{keys}}}\n  db: {{image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}}\nvolumes: {{pg: {{}}}}\n",
            if keys.is_empty() { "" } else { ", " }
        );
        for cluster in [false, true] {
            let mut files = vec![("compose.yaml", compose.as_str())];
            if cluster {
                files.push(("k8s/web.yaml", &manifest));
            }
            let decision = decide(&files);
            let passed = decision.checklists.crossing.iter();
            for item in passed.filter(|it| it.state == CheckState::Pass) {
                let about = about(item.item);
                let is_lost =
                    |row: &&Crossing| row.fate == Fate::Lost && about.contains(&row.key.as_str());
                let lost = decision.crossing.iter().find(is_lost);
                assert!(lost.is_none(), "{item:?}\n{lost:?}\n{compose}");
            }
        }
    }
}

#[test]
fn each_of_many_servers_is_dialled_by_name() {
    let count = 1500;
    let servers: String = (0..count)
        .map(|at| format!("  s{at}: {{image: 'acme/server:1.2.3', restart: always}}\n"))
        .collect();
    let client = |dialled: usize| {
        let waits: Vec<String> = (0..count).map(|at| format!("s{at}")).collect();
        let dials: Vec<String> =
            (0..dialled).map(|at| format!("'URL_{at}=http://s{at}:80'")).collect();
        format!(
            "services:\n{servers}  app: {{image: 'acme/app:1.2.3', restart: always, depends_on: [{}], environment: [{}]}}\n",
            waits.join(", "),
            dials.join(", ")
        )
    };
    assert_eq!(seen(&client(count), CheckItem::ServiceDiscovery).0, CheckState::Pass);
    // The last one is only waited for.
    assert_eq!(seen(&client(count - 1), CheckItem::ServiceDiscovery).0, CheckState::Pass);
}

#[test]
fn the_place_of_data_is_called_what_it_is() {
    let store = |source: &str, volumes: &str| {
        let text = format!(
            "services: {{db: {{image: 'postgres:17.2', restart: always, volumes: ['{source}:/var/lib/postgresql/data']}}}}\n{volumes}"
        );
        seen(&text, CheckItem::HiddenState).1
    };
    let volume = store("pg", "volumes: {pg: {}}\n");
    assert!(volume.ends_with("outside the container: `db` in the volume `pg`"), "{volume}");
    let folder = store("./pgdata", "");
    assert!(folder.contains("`db` in the folder `./pgdata` of the host"), "{folder}");
    let compose = "services: {db: {image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}}\nvolumes: {pg: {}}\n";
    let cluster = workload(
        "db",
        "volumeMounts: [{name: d, mountPath: /var/lib/postgresql/data}]\n",
        "volumes: [{name: d, hostPath: {path: /srv/pg}}]\n",
    )
    .replace("acme/db:1.2.3", "postgres:17.2");
    let decision = decide(&[("compose.yaml", compose), ("k8s/db.yaml", &cluster)]);
    let path = item_of(&decision, CheckItem::HiddenState).seen;
    assert!(path.contains("`db` in `/srv/pg` of the node"), "{path}");
}
