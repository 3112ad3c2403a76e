mod fixes;
mod folding;
mod misplaced;

use super::RULE;
use crate::rules::testing::{files, findings, messages, run};

fn service(image: &str, body: &str) -> Vec<&'static str> {
    let text =
        format!("services: {{ db: {{ image: '{image}', {body} }} }}\nvolumes: {{ vol: {{}} }}\n");
    findings(&RULE, &text).iter().map(|it| it.severity.name()).collect()
}

#[test]
fn settings_memory_caches_and_built_images_are_silent() {
    for (image, body) in [
        ("postgres:17", "tmpfs: [/var/lib/postgresql/data]"),
        ("postgres:17", "environment: { PGDATA: /db }, volumes: ['vol:/db']"),
        ("postgres:17", "volumes: ['./data:/var/lib/postgresql/data']"),
        ("postgres:17", "build: ."),
        ("postgres:17", "profiles: [test]"),
        ("mysql:8", "command: ['--datadir=/db'], volumes: ['vol:/db']"),
        ("mysql:8", "volumes: ['./my.cnf:/etc/mysql/my.cnf', 'vol:/db']"),
        ("redis:7", ""),
        ("memcached:1", ""),
        ("acme/own-postgres:1", ""),
        (
            "apache/kafka:4.0.0",
            "environment: { KAFKA_LOG_DIRS: /kafka/logs }, volumes: ['vol:/kafka']",
        ),
        ("postgres:17", "volumes: ['${DB_DATA}:/var/lib/postgresql/data']"),
        ("minio/minio:1", "command: server /export, volumes: ['vol:/export']"),
        ("rabbitmq:4", "volumes: ['vol:/var/lib/rabbitmq/mnesia']"),
        ("postgres:17", "command: [pg_dump, app]"),
    ] {
        assert!(service(image, body).is_empty(), "{image} {body}");
    }
    let test = "# file: compose.test.yaml\nservices: { db: { image: 'postgres:17' } }\n";
    assert!(messages(&RULE, test).is_empty());
}

#[test]
fn a_store_that_is_built_on_an_image_keeps_its_data_where_that_does() {
    let found = |body: &str, dockerfile: &str| {
        let text = format!(
            "# file: compose.yaml\nservices: {{ db: {{ build: ./db{body} }} }}\nvolumes: {{ vol: {{}} }}\n# file: db/Dockerfile\n{dockerfile}\n"
        );
        findings(&RULE, &text).iter().map(|it| it.severity.name()).collect::<Vec<_>>()
    };
    let plain =
        "FROM node:22 AS build\nFROM postgres:17\nCOPY schema.sql /docker-entrypoint-initdb.d/";
    assert_eq!(found("", plain), ["warning"]);
    assert_eq!(found(", volumes: ['vol:/var/lib/postgresql']", plain), ["error"]);
    assert!(found(", volumes: ['vol:/var/lib/postgresql/data']", plain).is_empty());
    for other in [
        "FROM postgres:17 AS dump\nFROM node:22",
        "FROM postgres:17\nENV PGDATA=/db",
        "FROM postgres:17\nCOPY data /var/lib/postgresql/data",
        "FROM postgres:17\nVOLUME /db",
        "FROM postgres:17\nCMD [\"./dump.sh\"]",
        "FROM redis:7",
    ] {
        assert!(found("", other).is_empty(), "{other}");
    }
    let inline = "services: { db: { build: { context: ., dockerfile_inline: FROM mysql:8.4 } } }\n";
    assert_eq!(findings(&RULE, inline).len(), 1);
}

#[test]
fn the_name_of_an_image_tells_a_store_that_keeps_nothing() {
    for image in ["registry.corp/postgres:17", "acme/postgres-custom:17", "acme/mysql:8"] {
        assert_eq!(service(image, "restart: always"), ["warning"], "{image}");
        let kept = service(image, "volumes: ['vol:/somewhere']");
        assert!(kept.is_empty(), "{image} may keep its data there");
    }
    for image in ["acme/postgres-exporter:1", "acme/own-postgres:1", "acme/redis:7", "acme/web:1"] {
        assert!(service(image, "restart: always").is_empty(), "{image}");
    }
    assert!(service("acme/postgres:17", "command: [pg_dump, app]").is_empty());
}

#[test]
fn an_anonymous_volume_is_not_found_again() {
    let text = "services: { db: { image: 'postgres:17', volumes: [/var/lib/postgresql/data] } }\n";
    assert!(messages(&RULE, text)[0].contains("anonymous volume"));
}

#[test]
fn a_patch_is_not_the_whole_workload() {
    let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: { name: db }\n\
                spec: { template: { spec: { containers: [{ name: db, image: 'postgres:17' }] } } }\n";
    assert!(messages(&RULE, text).is_empty());
}

#[test]
fn the_cluster_counts_too() {
    let pod = |volume: &str| {
        let text = format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{ name: db }}\nspec:\n  selector: {{ matchLabels: {{ a: b }} }}\n  template:\n    spec:\n      \
             containers: [{{ name: db, image: 'postgres:17', volumeMounts: [{{ name: d, mountPath: /var/lib/postgresql/data }}] }}]\n      \
             volumes: [{volume}]\n"
        );
        messages(&RULE, &text)
    };
    assert!(pod("{ name: d, persistentVolumeClaim: { claimName: d } }").is_empty());
    assert!(pod("{ name: d, emptyDir: { medium: Memory } }").is_empty());
    assert!(pod("{ name: d, emptyDir: {} }")[0].contains("emptyDir"));
    assert!(pod("").is_empty(), "a patch leaves the volume to another file");
}

#[test]
fn a_claim_of_postgres_is_mounted_with_a_folder() {
    let text = |image: &str, path: &str, more: &str| {
        format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: db}}\nspec:\n  selector: {{matchLabels: {{a: b}}}}\n  template:\n    spec:\n      containers:\n        - name: db\n          image: {image}\n          volumeMounts:\n            - name: d\n              mountPath: {path}\n{more}      volumes: [{{name: d, persistentVolumeClaim: {{claimName: d}}}}]\n"
        )
    };
    let found = |text: &str| findings(&RULE, text).remove(0);
    let postgres = text("postgres:13", "/var/lib/postgresql", "");
    let finding = found(&postgres);
    let help = finding.help.unwrap_or_default();
    assert!(help.starts_with("Mount the claim at") && help.contains("`subPath: pgdata`"), "{help}");
    assert_eq!(finding.check, ["kubectl exec sts/db -c db -- df /var/lib/postgresql/data"]);
    let sources = files(&postgres);
    let fixed = crate::rules::testing::apply_fixes(&sources, &run(&RULE, &sources));
    let mended = text("postgres:13", "/var/lib/postgresql/data", "              subPath: pgdata\n");
    assert_eq!(&*fixed[0].text, mended);
    assert!(run(&RULE, &fixed).findings.is_empty());
    // Where there is a folder already, the path alone is wrong.
    let with_folder =
        found(&text("postgres:13", "/var/lib/postgresql", "              subPath: db\n"));
    assert_eq!(with_folder.fixes[0].edits.len(), 1);
    let other = found(&text("mysql:8.4", "/var/lib/mysq", ""));
    assert_eq!(other.fixes[0].edits.len(), 1);
    assert!(!other.help.unwrap_or_default().contains("subPath"));
}

#[test]
fn a_server_that_refuses_to_start_is_asked_for_its_log() {
    let found = |image: &str| {
        let text = format!(
            "services: {{db: {{image: '{image}', volumes: ['vol:/var/lib/postgresql/data']}}}}\nvolumes: {{vol: {{}}}}\n"
        );
        findings(&RULE, &text).remove(0)
    };
    for image in ["postgres", "postgres:18.1"] {
        let found = found(image);
        assert_eq!(found.check, ["docker compose logs --tail 20 db"], "{image}");
        let help = found.help.unwrap_or_default();
        assert!(help.starts_with("Mount the volume at `/var/lib/postgresql`"), "{help}");
    }
    assert!(found("postgres").message.contains("in version 18 and newer"));
    let slip =
        "services: {db: {image: 'mysql:8', volumes: ['vol:/var/lib/mysq']}}\nvolumes: {vol: {}}\n";
    assert!(findings(&RULE, slip)[0].check[0].contains(".Mounts"));
}

#[test]
fn settings_do_not_keep_data() {
    let pod = |path: &str, more: &str| {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: q }}\nspec:\n  selector: {{ matchLabels: {{ a: b }} }}\n  template:\n    metadata: {{ labels: {{ a: b }} }}\n    spec:\n      containers: [{{ name: q, image: 'rabbitmq:4.0', volumeMounts: [{{ name: c, mountPath: {path} }}{more}] }}]\n      volumes: [{{ name: c, configMap: {{ name: c }} }}, {{ name: d, persistentVolumeClaim: {{ claimName: d }} }}]\n"
        );
        messages(&RULE, &text)
    };
    assert_eq!(pod("/etc/shop", "").len(), 1);
    assert_eq!(pod("/etc/rabbitmq", "").len(), 1, "nothing else is mounted");
    let claim = ", { name: d, mountPath: /backup }";
    assert!(pod("/etc/rabbitmq", claim).is_empty(), "the settings may move the data");
    assert_eq!(pod("/etc/shop", claim).len(), 1);
}

#[test]
fn a_store_without_any_mount_loses_its_data_wherever_it_is() {
    for (image, body, place) in [
        ("minio/minio:RELEASE.2024-01-01T00-00-00Z", "command: server /data", true),
        (
            "quay.io/coreos/etcd:v3.5.0",
            "command: [etcd, --advertise-client-urls, 'http://a:2379']",
            true,
        ),
        ("mysql:8.4", "command: ['--datadir=/db']", true),
        ("mysql:8.4", "command: ['--datadir=/db'], volumes: ['vol:/x']", false),
    ] {
        assert_eq!(service(image, body).len(), usize::from(place), "{image} {body}");
    }
}

#[test]
fn what_is_measured_is_a_note() {
    assert_eq!(service("prom/prometheus:v3.1.0", "restart: always"), ["info"]);
    let settings = "volumes: ['./p.yml:/etc/prometheus/prometheus.yml']";
    assert_eq!(service("prom/prometheus:v3.1.0", settings), ["info"]);
    assert_eq!(service("grafana/grafana:12.0.0", "restart: always"), ["info"]);
    let provisioned = "volumes: ['./g:/etc/grafana/provisioning']";
    assert!(service("grafana/grafana:12.0.0", provisioned).is_empty());
    let database = "environment: {GF_DATABASE_TYPE: postgres}";
    assert!(service("grafana/grafana:12.0.0", database).is_empty());
    assert_eq!(service("datalust/seq:2024.3", "restart: always"), ["info"]);
    assert!(service("datalust/seq:2024.3", "volumes: ['vol:/data']").is_empty());
}

#[test]
fn loki_keeps_its_data_where_its_settings_say() {
    for plain in ["restart: always", "command: -config.file=/etc/loki/local-config.yaml"] {
        assert_eq!(service("grafana/loki:3.5.0", plain), ["info"], "{plain}");
        let kept = format!("{plain}, volumes: ['vol:/loki']");
        assert!(service("grafana/loki:3.5.0", &kept).is_empty(), "{kept}");
    }
    for own in [
        "volumes: ['./loki.yaml:/etc/loki/local-config.yaml']",
        "volumes: ['./loki:/etc/loki']",
        "command: -config.file=/mnt/config/loki.yaml",
    ] {
        assert!(service("grafana/loki:3.5.0", own).is_empty(), "{own}");
    }
}

#[test]
fn a_store_of_ones_own_is_known_by_its_variables() {
    let variables = "environment: {MYSQL_ROOT_PASSWORD: '${PASSWORD}'}";
    assert_eq!(service("acme/catalogue:1", variables), ["warning"]);
    let kept = format!("{variables}, volumes: ['vol:/var/lib/mysql']");
    assert!(service("acme/catalogue:1", &kept).is_empty());
    let client = "environment: {MYSQL_USER: shop, MYSQL_PASSWORD: '${PASSWORD}'}";
    assert!(service("acme/catalogue:1", client).is_empty());
    let dump = format!("{variables}, command: [mysqldump, shop]");
    assert!(service("acme/catalogue:1", &dump).is_empty());
}

#[test]
fn what_fits_compose_is_not_said_of_a_cluster() {
    let compose = findings(&RULE, "services: {db: {image: 'mysql:8.4'}}\n");
    assert!(compose[0].message.ends_with("which `docker compose down` leaves behind"));
    let pod = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: db, image: 'mysql:8.4'}]}}}\n";
    let cluster = findings(&RULE, pod);
    assert!(cluster[0].message.ends_with("its data is lost with the container"));
    assert!(cluster[0].help.as_ref().unwrap().contains("claim"));
    let both = format!(
        "# file: compose.yaml\nservices: {{db: {{image: 'mysql:8.4', volumes: ['data:/var/lib/mysql']}}}}\nvolumes: {{data: {{}}}}\n# file: k8s/db.yaml\n{pod}"
    );
    let found = findings(&RULE, &both);
    assert_eq!(found[0].related[0].message, "Compose keeps the data of `db` here");
}

#[test]
fn a_store_that_scripts_fill_is_a_note() {
    let with = |volume: &str| {
        let text = format!("services: {{db: {{image: 'mysql:8.4', volumes: ['{volume}']}}}}\n");
        findings(&RULE, &text)[0].severity
    };
    assert_eq!(with("./init.sql:/docker-entrypoint-initdb.d/init.sql").name(), "info");
    let cluster = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: db, image: 'mysql:8.4', volumeMounts: [{name: s, mountPath: /docker-entrypoint-initdb.d}]}], volumes: [{name: s, configMap: {name: s}}]}}}\n";
    assert_eq!(findings(&RULE, cluster)[0].severity.name(), "warning", "whose scripts make tables");
}

#[test]
fn solr_keeps_its_data_by_version_and_neo4j_has_a_link_to_it() {
    let home = |image: &str, path: &str| service(image, &format!("volumes: ['vol:{path}']"));
    for (image, path) in [
        ("solr:7.1", "/opt/solr/server/solr"),
        ("solr:6.6", "/opt/solr/server/solr/mycores"),
        ("solr:8.11", "/var/solr"),
        ("solr:9", "/var/solr"),
        ("neo4j:5.26", "/data"),
        ("neo4j:5.26", "/var/lib/neo4j/data"),
    ] {
        assert!(home(image, path).is_empty(), "{image} {path}");
    }
    for (image, path) in [("solr:7.1", "/var/solr"), ("solr:9", "/opt/solr/server/solr")] {
        assert_eq!(home(image, path).len(), 1, "{image} {path}");
    }
}

#[test]
fn a_cache_with_the_jobs_of_a_worker_keeps_them() {
    let found = |redis: &str, worker: &str| {
        let text = format!(
            "# file: compose.prod.yaml\nservices:\n  redis: {{image: 'redis:7.4', {redis}}}\n  jobs: {{image: 'acme/app:1', command: {worker}, depends_on: [redis]}}\nvolumes: {{data: }}\n"
        );
        let all = findings(&RULE, &text);
        all.into_iter().map(|it| (it.severity.name(), it.message)).collect::<Vec<_>>()
    };
    let [(severity, message)] = &found("restart: always", "bundle exec sidekiq")[..] else {
        panic!("one finding")
    };
    let start = "service `redis` (Redis with the jobs of `jobs`) has no volume at `/data`";
    assert!(*severity == "warning" && message.starts_with(start), "{message}");
    let misplaced = found("volumes: ['data:/var/shared/redis']", "celery -A app worker");
    assert!(misplaced[0].1.contains("no volume at `/data`"), "{misplaced:?}");
    for (redis, worker) in [
        ("volumes: ['data:/data']", "bundle exec sidekiq"),
        ("restart: always", "rails server"),
        ("command: [redis-server, --save, '']", "bundle exec sidekiq"),
        ("profiles: [x]", "bundle exec sidekiq"),
    ] {
        assert!(found(redis, worker).is_empty(), "{redis}, {worker}");
    }
}

#[test]
fn a_program_that_keeps_data_in_one_role_counts_in_that_one() {
    let said = |body: &str| messages(&RULE, &format!("services: {{a: {{{body}}}}}\n"));
    let weed =
        |command: &str| said(&format!("image: 'chrislusf/seaweedfs:3.97', command: '{command}'"));
    for command in [
        "volume -ip=volume -master=\"master:9333\"",
        "server -s3",
        "master",
        "filer -master=master:9333",
    ] {
        let said = weed(command);
        assert_eq!(
            said,
            [
                "service `a` (SeaweedFS) has no volume at `/data`: its data goes into an anonymous volume, which `docker compose down` leaves behind"
            ],
            "{command}"
        );
    }
    for command in ["s3 -filer=filer:8888", "webdav -filer=filer:8888", "shell"] {
        assert!(weed(command).is_empty(), "{command}");
    }
    let guarded = "image: 'chrislusf/seaweedfs:3.97', command: volume, volumes: ['./security.toml:/etc/seaweedfs/security.toml']";
    assert_eq!(said(guarded).len(), 1, "other settings move no data");
    let filer = "image: 'chrislusf/seaweedfs:3.97', command: filer";
    for settings in [
        "environment: {WEED_MYSQL_ENABLED: 'true'}",
        "volumes: ['./filer.toml:/etc/seaweedfs/filer.toml']",
    ] {
        assert!(said(&format!("{filer}, {settings}")).is_empty(), "{settings}");
    }
    let nacos =
        |env: &str| said(&format!("image: 'nacos/nacos-server:v2.4.0', environment: {{{env}}}"));
    assert_eq!(
        nacos("MODE: standalone"),
        [
            "service `a` (Nacos) has no volume at `/home/nacos/data`: its data is lost with the container"
        ]
    );
    for env in [
        "MODE: cluster",
        "MODE: standalone, MYSQL_SERVICE_HOST: db",
        "MODE: standalone, SPRING_DATASOURCE_PLATFORM: mysql",
    ] {
        assert!(nacos(env).is_empty(), "{env}");
    }
    let kept = "services:\n  a: {image: 'nacos/nacos-server:v2.4.0', environment: {MODE: standalone}, volumes: ['config:/home/nacos/data']}\nvolumes: {config: {}}\n";
    assert!(messages(&RULE, kept).is_empty());
}

#[test]
fn what_an_image_of_unknown_origin_declares_is_not_known() {
    let said = |image: &str| {
        messages(
            &RULE,
            &format!(
                "services: {{shop-db: {{image: '{image}', environment: {{MYSQL_ROOT_PASSWORD: a}}}}}}\n"
            ),
        )
    };
    let unknown = said("acme/shop-db:1");
    assert!(unknown[0].ends_with("its data does not come back after `docker compose down`"));
    assert!(said("mysql:8.4")[0].contains("an anonymous volume"));
}

#[test]
fn the_port_and_the_variables_of_a_server_give_it_away() {
    let pod = |name: &str, port: u16, env: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: {name}, image: 'acme/demo:1-x', ports: [{{containerPort: {port}}}], env: [{{name: {env}, value: a}}]}}]}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(pod("postgresql", 5432, "POSTGRES_PASSWORD"), 1);
    assert_eq!(pod("mysqldb", 3306, "MYSQL_ROOT_PASSWORD"), 1);
    for (name, port, env) in [
        ("postgresql", 8080, "POSTGRES_PASSWORD"),
        ("web", 5432, "POSTGRES_PASSWORD"),
        ("postgresql", 5432, "PGHOST"),
        ("mysqldb", 3306, "MYSQL_PASSWORD"),
    ] {
        assert_eq!(pod(name, port, env), 0, "{name} {port} {env}");
    }
}

#[test]
fn patroni_says_where_it_keeps_the_data() {
    let said = |volume: &str| {
        let text = format!(
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: p}}\nspec:\n  selector: {{matchLabels: {{app: p}}}}\n  template:\n    metadata: {{labels: {{app: p}}}}\n    spec:\n      containers:\n        - name: p\n          image: acme/patroni:1\n          env: [{{name: PATRONI_POSTGRESQL_DATA_DIR, value: /home/postgres/pgdata/data}}]\n          volumeMounts: [{{name: d, mountPath: /home/postgres/pgdata}}]\n      volumes: [{{name: d, {volume}}}]\n"
        );
        messages(&RULE, &text)
    };
    let scratch = said("emptyDir: {}");
    assert!(scratch[0].contains("keeps its data in an `emptyDir`"), "{scratch:?}");
    assert!(said("persistentVolumeClaim: {claimName: d}").is_empty());
}

#[test]
fn rules_of_prometheus_are_settings_and_its_image_declares_a_volume() {
    let said = |more: &str| {
        let text = format!(
            "services:\n  p:\n    image: prom/prometheus:v3.5.0\n    command: ['--config.file=/etc/prometheus/prometheus.yml', '--storage.tsdb.path=/prometheus']\n    volumes: ['./p.yml:/etc/prometheus/prometheus.yml', './alert.rules:/etc/prometheus/alert.rules'{more}]\nvolumes: {{data: {{}}}}\n"
        );
        findings(&RULE, &text)
            .into_iter()
            .map(|it| (it.severity.name(), it.message))
            .collect::<Vec<_>>()
    };
    let bare = said("");
    assert_eq!((bare.len(), bare[0].0), (1, "info"));
    assert!(bare[0].1.contains("an anonymous volume"), "{bare:?}");
    assert!(said(", 'data:/prometheus'").is_empty());
    let both = "services:\n  g: {image: 'grafana/grafana:12.4.2'}\n  p: {image: 'prom/prometheus:v3.5.0', command: ['--storage.tsdb.path=/prometheus']}\n";
    let fixes = &findings(&RULE, both)[0].fixes;
    assert_eq!(fixes[0].title, "Keep the data in volume `g-data`", "only that of Grafana is sure");
}

#[test]
fn a_native_sidecar_counts_and_an_init_container_does_not() {
    let with = |policy: &str| {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{replicas: 1, selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{initContainers: [{{name: s, image: 'postgres:17'{policy}}}], containers: [{{name: web, image: 'acme/web:1', resources: {{requests: {{cpu: 1, memory: 1Gi}}, limits: {{memory: 1Gi}}}}}}]}}}}}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(with(", restartPolicy: Always"), 1);
    assert_eq!(with(""), 0);
}

#[test]
fn the_long_form_of_a_mount_is_read() {
    let count = |text: &str| messages(&RULE, text).len();
    assert_eq!(
        count(
            "services: {db: {image: 'postgres:17', restart: always, volumes: [{type: volume, source: d, target: /var/lib/postgresql/data}]}}\nvolumes: {d: {}}\n"
        ),
        0
    );
    assert_eq!(
        count(
            "services: {db: {image: 'postgres:17', restart: always, volumes: [{type: volume, source: d, target: /var/lib/postgresql}]}}\nvolumes: {d: {}}\n"
        ),
        1
    );
}
