//! The checklist for the way to a cluster.

use super::{decide, item_of, seen};
use crate::report::{CheckItem, CheckState, Crossing, Fate};

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
        (CheckState::Pass, "1 of 1 client waits for what it needs without `depends_on`")
    );
    let alone = "services: {a: {image: 'acme/a:1.2.3', restart: always}}\n";
    assert_eq!(seen(alone, CheckItem::StartupAndRetry).0, CheckState::NotApplicable);
    let two = "services: {a: {image: 'acme/a:1.2.3', restart: always}, b: {image: 'acme/b:1.2.3', restart: always}}\n";
    assert_eq!(
        seen(two, CheckItem::StartupAndRetry),
        (CheckState::CannotSee, "no file says which service needs which".to_owned())
    );
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
        (CheckState::Pass, "1 of 1 service has its variables in the cluster".to_owned())
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
    let two = "services:\n  db: {image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}\n  shop: {image: 'mysql:8.4', restart: always, volumes: ['my:/var/lib/mysql']}\nvolumes: {pg: {}, my: {}}\n";
    let (_, both) = seen(two, CheckItem::HiddenState);
    assert!(both.ends_with(": `db` in the volume `pg` and `shop` in the volume `my`"), "{both}");
}

#[test]
fn an_order_alone_dials_nobody() {
    // <https://docs.docker.com/reference/compose-file/services/#depends_on>: it controls the order of startup.
    let with = |worker: &str| {
        let text = format!(
            "services:\n  api: {{image: 'acme/api:1.2.3', ports: ['80:80']}}\n  worker: {{image: 'acme/worker:1.2.3', {worker}}}\n  db: {{image: 'postgres:17.2'}}\n"
        );
        seen(&text, CheckItem::ServiceDiscovery)
    };
    let named = "1 of 1 client names in its configuration what it dials";
    let names_store = "depends_on: [api, db], environment: {DB_URL: 'postgres://db:5432/a'}";
    assert_eq!(with(names_store), (CheckState::Pass, named.to_owned()));
    let (state, words) = with("depends_on: [api]");
    assert_eq!(
        (state, words.as_str()),
        (CheckState::CannotSee, "no container names a host that it dials")
    );
    // Nobody waits for a database without talking to it.
    let (state, words) = with("depends_on: [db]");
    assert_eq!(state, CheckState::CannotSee);
    assert!(words.starts_with("0 of 1 client"), "{words}");
}

#[test]
fn a_file_in_the_container_names_what_it_dials() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3'}\n  edge: {image: 'acme/edge:1.2.3', depends_on: [api], volumes: ['./edge.yaml:/etc/edge.yaml:ro']}\n";
    let with = |file: &str| {
        let files = [("deploy/compose.yaml", compose), ("deploy/edge.yaml", file)];
        item_of(&decide(&files), CheckItem::ServiceDiscovery).seen
    };
    let named = "1 of 1 client names in its configuration what it dials";
    assert_eq!(with("upstreams: [{url: 'http://api:8080'}]\n"), named);
    assert_eq!(with("upstreams: [{name: api}]\n"), "no container names a host that it dials");
}

#[test]
fn a_collector_that_watches_a_database_names_it_and_is_none() {
    // <https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/receiver/postgresqlreceiver>
    let config = "receivers: {postgresql: {endpoint: 'db:5432', databases: [shop]}}\n";
    let compose = "services:\n  db: {image: 'postgres:17.2', volumes: ['pg:/var/lib/postgresql/data']}\n  collector: {image: 'otel/opentelemetry-collector-contrib:0.135.0', volumes: ['./collector.yaml:/etc/otelcol-contrib/config.yaml'], environment: {POSTGRES_PASSWORD: x}}\nvolumes: {pg: {}}\n";
    let decision = decide(&[("compose.yaml", compose), ("collector.yaml", config)]);
    let discovery = item_of(&decision, CheckItem::ServiceDiscovery).seen;
    assert_eq!(discovery, "1 of 1 client names in its configuration what it dials");
    let data = item_of(&decision, CheckItem::PersistentData).seen;
    assert_eq!(data, "1 of 1 data store keeps its data on a volume");
}

#[test]
fn an_anonymous_volume_within_the_sources_is_no_data() {
    let with = |volumes: &str| {
        let text = format!(
            "services: {{app: {{image: 'acme/app:1.2.3', volumes: [{volumes}]}}, web: {{image: 'acme/web:1.2.3'}}}}\n"
        );
        seen(&text, CheckItem::HiddenState).1
    };
    let kept = with("'.:/srv/app', '/srv/app/node_modules'");
    assert!(kept.starts_with("no known data store"), "{kept}");
    let hidden = with("/srv/app/uploads");
    assert!(hidden.contains("missing: `app`"), "{hidden}");
}

#[test]
fn what_another_host_answers_is_named_too() {
    let compose = "services:\n  web: {image: 'acme/web:1.2.3', environment: {SQL_HOST: db}, depends_on: [db]}\n  db: {image: 'postgres:17.2'}\n";
    let with = |host: &str| {
        let cluster = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1.2.3', env: [{{name: SQL_HOST, value: {host}}}]}}]}}\n"
        );
        let decision = decide(&[("compose.yaml", compose), ("k8s/web.yaml", &cluster)]);
        item_of(&decision, CheckItem::ServiceDiscovery).state
    };
    assert_eq!(with("SQLH-DB-19"), CheckState::Pass);
    // The name of the Compose service reaches nobody in the cluster.
    assert_ne!(with("db"), CheckState::Pass);
}

#[test]
fn what_an_unknown_program_writes_cannot_be_seen() {
    let db = "  db: {image: 'postgres:17.2', restart: always, volumes: ['pg:/var/lib/postgresql/data']}\nvolumes: {pg: {}}\n";
    let with = |fields: &str| {
        seen(
            &format!("services:\n  uploads: {{image: 'acme/uploads:1.2.3'{fields}}}\n{db}"),
            CheckItem::HiddenState,
        )
    };
    let (state, words) = with("");
    assert_eq!(state, CheckState::CannotSee, "{words}");
    assert!(words.contains("what `uploads` writes cannot be seen"), "{words}");
    assert_eq!(with(", read_only: true").0, CheckState::Pass);
}

#[test]
fn a_migration_of_compose_alone_needs_a_job() {
    let compose = "services:\n  api: {build: ./api, restart: always, volumes: ['./api/src:/app/src']}\n  \
                   migrate: {build: ./api, command: [npm, run, migrate], volumes: ['./api/src:/app/src']}\n";
    let with = |more: &str| {
        let api = format!("{}---\n{more}", workload("api", "", ""));
        let found = decide(&[("compose.yaml", compose), ("k8s/api.yaml", &api)]);
        item_of(&found, CheckItem::OneTimeMigrations)
    };
    let alone = with("");
    assert_eq!(alone.state, CheckState::Fail, "{alone:?}");
    assert!(alone.seen.contains("runs in the cluster too; missing: `migrate`"), "{alone:?}");
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: 'acme/api:1.2.3', command: [npm, run, migrate]}]}}}\n";
    let moved = with(job);
    assert!(!moved.seen.contains("in the cluster too"), "{moved:?}");
}

#[test]
fn each_migration_of_compose_needs_a_job() {
    let names = ["migrate-shop", "migrate-users"];
    let services = names.map(|name| {
        format!("  {name}: {{image: 'acme/{name}:1.2.3', command: [npm, run, migrate]}}\n")
    });
    let compose = format!(
        "services:\n  api: {{image: 'acme/api:1.2.3', restart: always}}\n{}",
        services.concat()
    );
    let job = |name: &str, image: &str| {
        format!(
            "---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: {name}, image: 'acme/{image}:1.2.3', command: [npm, run, migrate]}}]}}}}}}\n"
        )
    };
    let with = |jobs: &[String]| {
        let api = format!("{}{}", workload("api", "", ""), jobs.concat());
        let found = decide(&[("compose.yaml", &compose), ("k8s/api.yaml", &api)]);
        item_of(&found, CheckItem::OneTimeMigrations)
    };
    let [shop, users] = names.map(|name| job(name, name));
    let one = with(std::slice::from_ref(&shop));
    assert_eq!(one.state, CheckState::Fail, "{one:?}");
    let said = "1 of 2 migrations of Compose runs in the cluster too; missing: `migrate-users`";
    assert!(one.seen.starts_with(said), "{one:?}");
    let both = with(&[shop.clone(), users]);
    assert!(!both.seen.contains("in the cluster too"), "{both:?}");
    // A Job of another name may be the second one.
    let other = with(&[shop, job("upgrade", "tools")]);
    assert!(!other.seen.contains("in the cluster too"), "{other:?}");
}

#[test]
fn a_workload_that_migrates_is_named_once_in_backticks() {
    let compose = "services:\n  api: {image: 'acme/api:1.2.3', restart: always}\n";
    let api = workload("api", "command: [sh, -c, 'npm run migrate && node server.js']", "");
    let found = decide(&[("compose.yaml", compose), ("k8s/api.yaml", &api)]);
    let seen = item_of(&found, CheckItem::OneTimeMigrations).seen;
    assert!(seen.contains("missing: `api`") && !seen.contains("``"), "{seen}");
}
