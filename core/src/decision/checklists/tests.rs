mod backups;
mod crossing;

use crate::Config;
use crate::decision::tests::decide_with;
use crate::report::{CheckItem, CheckState, ChecklistItem, Decision};

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
fn what_is_renewable_is_named() {
    let one = "services: {watch: {image: 'prom/prometheus:v3.1.0', volumes: ['prom:/prometheus']}}\nvolumes: {prom: {}}\n";
    assert_eq!(
        seen(one, CheckItem::Backups),
        (
            CheckState::NotApplicable,
            "the only volume is `prom` (metrics), which is counted as renewable".to_owned()
        )
    );
    let two = "services:\n  watch: {image: 'prom/prometheus:v3.1.0', volumes: ['prom:/prometheus']}\n  edge: {image: 'caddy:2.10.0', volumes: ['tls:/data']}\nvolumes: {prom: {}, tls: {}}\n";
    let (_, words) = seen(two, CheckItem::Backups);
    assert_eq!(
        words,
        "the only volumes are `tls` (certificates) and `prom` (metrics), which are counted as renewable"
    );
    // One volume is named once, whoever mounts it, and its name says what it holds.
    let shared = "services:\n  web: {image: 'acme/web:1.2.3', volumes: ['cache:/a', 'cache:/b']}\n  edge: {image: 'caddy:2.10.0', volumes: ['cache:/data']}\n  app: {image: 'acme/app:1.2.3', volumes: ['node_modules:/app/node_modules']}\nvolumes: {cache: {}, node_modules: {}}\n";
    let (_, words) = seen(shared, CheckItem::Backups);
    assert_eq!(
        words,
        "the only volumes are `node_modules` and `cache` (certificates), which are counted as renewable"
    );
}

#[test]
fn a_copy_of_a_folder_has_what_lies_below_it() {
    let text = "services:\n  db: {image: 'mariadb:11.4', volumes: ['/srv/mariadb:/var/lib/mysql']}\n  copy: {image: 'restic/restic:0.17.3', volumes: ['/srv:/data:ro']}\n";
    let copied = (CheckState::Pass, "1 of 1 volume is copied".to_owned());
    assert_eq!(seen(text, CheckItem::Backups), copied);
    let beside = text.replace("/srv:/data", "/srv/maria:/data");
    assert_ne!(seen(&beside, CheckItem::Backups).0, CheckState::Pass);
    for (source, is_copied) in
        [("/", true), ("/srv/", true), ("/srv/mariadb/", true), ("./srv", false)]
    {
        let text = text.replace("/srv:/data", &format!("{source}:/data"));
        let (state, words) = seen(&text, CheckItem::Backups);
        assert_eq!(state == CheckState::Pass, is_copied, "{source}: {words}");
    }
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
    assert_eq!(with("volumes: ['/etc/:/host/etc:ro']"), CheckState::Fail);
    assert_eq!(with("volumes: ['/etc/localtime:/etc/localtime:ro']"), CheckState::Pass);
    assert_eq!(with("ipc: host"), CheckState::Fail);
    assert_eq!(with("ipc: private"), CheckState::Pass);
    assert_eq!(with("network_mode: host"), CheckState::Fail);
}

#[test]
fn a_port_beside_the_edge_may_be_a_way_around_it() {
    let with = |port: &str| {
        let text = format!(
            "services:\n  caddy: {{image: 'caddy:2.10.0', restart: always, ports: ['80:80', '443:443']}}\n  \
             api: {{image: 'acme/api:1.2.3', restart: always, ports: ['{port}']}}\n"
        );
        seen(&text, CheckItem::TlsEdge)
    };
    let around = "1 of 2 public services terminates TLS; missing: `api`".to_owned();
    assert_eq!(with("8080:8080"), (CheckState::Fail, around));
    // A game server speaks no HTTP, and no file shows what it speaks.
    for port in ["25565:25565", "8787:8787"] {
        let (state, words) = with(port);
        assert_eq!(state, CheckState::CannotSee, "{port}");
        assert!(words.starts_with("`api` publishes a port beside what terminates TLS"), "{words}");
    }
    for port in ["127.0.0.1:8787:8787", "2222:22", "8787:8787/udp"] {
        assert_eq!(with(port).0, CheckState::Pass, "{port}");
    }
}

#[test]
fn a_copy_on_the_same_server_is_half_a_backup() {
    let with = |more: &str| {
        let text = format!(
            "services:\n  db: {{image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}}\n  \
             dump: {{image: 'prodrigestivill/postgres-backup-local:17', restart: always, environment: {{POSTGRES_HOST: db{more}}}, volumes: ['/srv/backups:/backups']}}\nvolumes: {{pg: {{}}}}\n"
        );
        seen(&text, CheckItem::Backups)
    };
    let (state, words) = with("");
    assert_eq!(state, CheckState::CannotSee, "{words}");
    assert!(words.contains("stays on this server, in `/srv/backups`"), "{words}");
    assert_eq!(with(", S3_BUCKET: acme").0, CheckState::Pass);
}

#[test]
fn what_is_not_started_again_by_choice_needs_no_restart_policy() {
    let with = |fields: &str| {
        let text = format!(
            "services:\n  web: {{image: 'acme/web:1.2.3', restart: always}}\n  init: {{image: 'acme/init:1.2.3'{fields}}}\n"
        );
        item(&text, CheckItem::RestartPolicies).state
    };
    assert_eq!(with(", restart: 'no'"), CheckState::Pass);
    assert_eq!(with(", restart: 'no', ports: ['80:80']"), CheckState::Fail);
    assert_eq!(with(""), CheckState::Fail);
}

#[test]
fn what_another_service_dials_is_a_server() {
    let with = |env: &str| {
        let text = format!(
            "services:\n  web: {{image: 'acme/web:1.2.3', restart: always, environment: {{API_URL: '{env}'}}}}\n  \
             api: {{image: 'acme/api:1.2.3', restart: 'no'}}\n"
        );
        let decision = decide(&[("compose.yaml", &text)]);
        let state = |wanted| item_of(&decision, wanted).state;
        let is_job = decision.cost.go.text.contains("1 Job");
        (state(CheckItem::RestartPolicies), is_job)
    };
    assert_eq!(with("http://api:8080"), (CheckState::Fail, false));
    assert_eq!(with("http://other.example.com:8080"), (CheckState::Pass, true));
    // Swarm does not read `restart`.
    let stack =
        "services:\n  api: {image: 'acme/api:1.2.3', restart: 'no', deploy: {replicas: 2}}\n";
    let decision = decide(&[("docker-stack.yml", stack)]);
    let item = item_of(&decision, CheckItem::HealthChecks);
    assert_eq!(item.seen, "0 of 1 service has a healthcheck; missing: `api`");
    assert!(!decision.cost.go.text.contains("Job"), "{}", decision.cost.go.text);
}

#[test]
fn a_cache_that_writes_every_change_to_disk_is_a_store() {
    let with = |command: &str| {
        let text = format!(
            "services: {{store: {{image: 'redis:7.4.0', restart: always{command}, volumes: ['store:/data']}}}}\nvolumes: {{store: {{}}}}\n"
        );
        item(&text, CheckItem::PersistentData).state
    };
    assert_eq!(with(", command: redis-server --appendonly yes"), CheckState::Pass);
    assert_eq!(with(", command: redis-server --appendonly no"), CheckState::NotApplicable);
}

#[test]
fn swarm_restarts_by_its_own_policy() {
    let with = |deploy: &str| {
        let text =
            format!("services: {{web: {{image: 'acme/web:1.2.3', deploy: {{{deploy}}}}}}}\n");
        item_of(&decide(&[("docker-stack.yml", &text)]), CheckItem::RestartPolicies)
    };
    assert_eq!(with("replicas: 2").state, CheckState::Pass);
    let none = with("restart_policy: {condition: none}");
    assert_eq!(none.state, CheckState::Fail);
    assert!(none.next.contains("`deploy.restart_policy.condition: any`"), "{}", none.next);
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
    let inside = (CheckState::CannotSee, "`status` watches from inside this server".to_owned());
    assert_eq!(monitor, inside);
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
    assert_eq!(
        words,
        "`edge` is on the network of the host, and nothing in these files terminates TLS"
    );
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
    assert_eq!(one, (CheckState::Pass, "1 of 1 public service terminates TLS".to_owned()));
    let two = seen(&edge.replace('%', ", ports: ['8080:8080']"), CheckItem::TlsEdge);
    assert_eq!(two.0, CheckState::Fail);
    assert_eq!(two.1, "1 of 2 public services terminates TLS; missing: `web`");
}

#[test]
fn pulled_images_are_the_denominator() {
    let text = "services: {a: {image: 'acme/a:1.2.3'}, b: {build: ./b, image: acme/b}, c: {image: 'acme/c'}}\n";
    let (state, words) = seen(text, CheckItem::PinnedImages);
    assert_eq!(state, CheckState::Fail);
    assert_eq!(words, "1 of 2 pulled images has a fixed version; missing: `c`");
    let shared = "services: {a: {build: ., image: 'acme/shop:${TAG:-dev}'}, b: {image: 'acme/shop:${TAG:-dev}'}, c: {image: 'acme/c:1.2.3'}}\n";
    assert_eq!(
        seen(shared, CheckItem::PinnedImages),
        (CheckState::Pass, "1 of 1 pulled image has a fixed version".to_owned())
    );
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
