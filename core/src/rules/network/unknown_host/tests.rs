use super::RULE;
use crate::rules::testing::{findings, messages};

fn web(host: &str, more: &str) -> usize {
    let text = format!(
        "services:\n  web: {{image: acme/web:1, environment: {{U: 'redis://{host}:6379'}}{more}\n  redis: {{image: redis:8}}\n"
    );
    messages(&RULE, &text).len()
}

#[test]
fn outside_names_and_placeholders_are_silent() {
    assert_eq!(web("cache", "}"), 1);
    let member = "services:\n  a: {image: x:1, environment: {PEER_HOST: mongo2}}\n  mongo1: {image: mongo:7}\n";
    assert!(!messages(&RULE, member)[0].contains("did you mean `mongo1`"));
    for host in ["cache.example.com", "10.0.0.3", "localhost", "CACHE", "your-redis", "$HOST"] {
        assert_eq!(web(host, "}"), 0, "{host}");
    }
    assert_eq!(web("cache", ", extra_hosts: ['cache:10.1.1.1']}"), 0);
    assert_eq!(web("cache", ", external_links: ['x:cache']}"), 0);
    assert_eq!(web("cache", ", networks: [n]}\nnetworks: {n: {external: true}}\nx-a:"), 0);
}

#[test]
fn a_word_that_switches_the_host_off_is_none() {
    let count = |host: &str| {
        let text = format!(
            "services:\n  bot: {{image: 'acme/bot:1', environment: {{REDIS_HOST: {host}}}}}\n  db: {{image: 'postgres:17'}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(count("cache"), 1);
    for word in ["disabled", "none", "'off'"] {
        assert_eq!(count(word), 0, "{word}");
    }
}

const SERVICE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {ports: [{port: 6379}]}\n";

/// Returns a Deployment with one container.
fn deployment(name: &str, container: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: {name}, {container}}}]}}}}}}\n"
    )
}

#[test]
fn one_host_is_one_finding_in_a_namespace() {
    let with = |name: &str, host: &str| {
        let variable =
            format!("image: 'acme/{name}:1', env: [{{name: U, value: 'redis://{host}:6379'}}]");
        deployment(name, &variable)
    };
    let found =
        messages(&RULE, &format!("{SERVICE}{}{}", with("web", "cache"), with("worker", "cache")));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("1 more"), "{found:?}");
    let found =
        messages(&RULE, &format!("{SERVICE}{}{}", with("web", "cache"), with("worker", "store")));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_config_map_that_all_take_is_named_itself() {
    let takes = |name: &str, image: &str| {
        deployment(name, &format!("image: '{image}', envFrom: [{{configMapRef: {{name: env}}}}]"))
    };
    let map =
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\ndata: {CACHE_HOST: cache}\n";
    let text =
        format!("{SERVICE}{map}{}{}", takes("db", "postgres:17"), takes("web", "acme/web:1"));
    assert_eq!(
        messages(&RULE, &text),
        ["`CACHE_HOST` of ConfigMap `env` names `cache`, but no Service has that name"]
    );
}

#[test]
fn a_name_from_compose_is_silent_for_all_who_get_it() {
    let compose = "# file: compose.yaml\nservices:\n  web: {image: 'acme/web:1', environment: {MONGO_URL: 'mongodb://mongodb:27017/x'}}\n  mongodb: {image: 'mongo:8'}\n";
    let takes = |name: &str, image: &str| {
        deployment(name, &format!("image: '{image}', envFrom: [{{configMapRef: {{name: env}}}}]"))
    };
    let cluster = format!(
        "# file: k8s/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: env}}\ndata: {{MONGO_URL: 'mongodb://mongodb:27017/x'}}\n{}{}---\napiVersion: v1\nkind: Service\nmetadata: {{name: shop-mongodb}}\nspec: {{selector: {{app: mongodb}}, ports: [{{port: 27017}}]}}\n",
        takes("mongodb", "mongo:8"),
        takes("web", "acme/web:1"),
    );
    assert!(messages(&RULE, &format!("{compose}{cluster}")).is_empty());
    assert_eq!(messages(&RULE, &cluster).len(), 1, "without Compose nothing else says so");
}

#[test]
fn a_machine_of_its_own_is_silent() {
    let web = |host: &str| {
        web(host, ", profiles: [web0]}\n  solr: {image: 'solr:9', profiles: [db0, store]}")
    };
    for host in ["db0", "db1", "store"] {
        assert_eq!(web(host), 0, "{host}");
    }
    for host in ["db", "stores", "cache0"] {
        assert_eq!(web(host), 1, "{host}");
    }
}

#[test]
fn a_mail_server_without_a_domain_is_a_service() {
    let found = |variable: &str| {
        let text = format!(
            "services:\n  web: {{image: acme/web:1, environment: ['{variable}']}}\n  redis: {{image: redis:8}}\n"
        );
        messages(&RULE, &text)
    };
    for bad in ["MAIL_HOST=mail", "EMAIL_HOST=postfix", "MAIL_SERVER=mailhog"] {
        assert_eq!(found(bad).len(), 1, "{bad}");
    }
    for fine in [
        "MAIL_HOST=redis",
        "MAIL_HOST=smtp.acme.com",
        "EMAIL_HOST=localhost",
        "MAIL_ADDRESS=admin",
        "MAIL_FROM_HOST=acme",
        "MAIL_HOSTNAME=mail",
    ] {
        assert!(found(fine).is_empty(), "{fine}");
    }
}

#[test]
fn the_command_asks_for_the_name_where_it_is_used() {
    let text = "services:\n  web: {image: acme/web:1, environment: {CACHE_HOST: cache}}\n";
    assert_eq!(findings(&RULE, text)[0].check, ["docker compose exec web getent hosts cache"]);
}

#[test]
fn the_default_of_a_variable_is_silent() {
    let text = "services:\n  web: {image: acme/web:1, environment: {REDIS_HOST: '${H:-cache}'}}\n";
    assert!(messages(&RULE, text).is_empty());
    let text = "services:\n  web: {image: acme/web:1, environment: {U: 'redis://${H:-cache}:6379'}}\n  redis: {image: redis:8}\n";
    assert!(messages(&RULE, text).is_empty());
    let text = "services:\n  web: {image: acme/web:1, environment: {U: 'redis://:${P}@cache:6379'}}\n  redis: {image: redis:8}\n";
    assert_eq!(messages(&RULE, text).len(), 1);
}

/// Returns the targets that the one finding over overlays of one base names.
fn overlays(more: &str) -> Vec<Vec<String>> {
    let overlay = |name: &str| {
        format!("# file: k/{name}/kustomization.yaml\nresources: [../base]\nnameSuffix: -{name}\n")
    };
    let base = "# file: k/base/kustomization.yaml\nresources: [web.yaml]\n# file: k/base/web.yaml\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'acme/web:1', env: [{name: U, value: 'redis://cache:6379'}]}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: api}\nspec: {ports: [{port: 80}]}\n";
    let text = format!("{base}{}{}{}{more}", overlay("a"), overlay("b"), overlay("c"));
    findings(&RULE, &text).into_iter().map(|it| it.targets).collect()
}

const CACHE: &str =
    "apiVersion: v1\nkind: Service\nmetadata: {name: cache}\nspec: {ports: [{port: 6379}]}\n";

#[test]
fn every_overlay_of_a_base_is_named() {
    let all = [["k/a", "k/b", "k/c"].map(str::to_owned).to_vec()];
    assert_eq!(overlays(""), all);
    let component = format!(
        "# file: k/cache/kustomization.yaml\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [cache.yaml]\n# file: k/cache/cache.yaml\n{CACHE}"
    );
    assert!(overlays(&component).is_empty(), "the component is there to be added");
    let used = component.replace("k/cache", "k/extra");
    let used = format!(
        "{used}# file: k/d/kustomization.yaml\nresources: [../base]\ncomponents: [../extra]\n"
    );
    assert!(overlays(&used).is_empty(), "one overlay adds it already");
}

fn pod(host: &str, more: &str) -> usize {
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', env: [{{name: U, value: 'redis://{host}:6379'}}]}}]}}\n{more}"
    );
    messages(&RULE, &text).len()
}

#[test]
fn a_cluster_without_services_is_silent() {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {ports: [{port: 6379}]}\n";
    assert_eq!(pod("cache", service), 1);
    assert_eq!(pod("reids.default.svc.cluster.local", service), 1);
    assert_eq!(pod("cache.default.svc.cluster.local", service), 0);
    assert_eq!(pod("cache", ""), 0);
    assert_eq!(pod("redis", service), 0);
    assert_eq!(pod("cache.other.svc", service), 0, "the files do not show that namespace");
    assert_eq!(pod("redis-0.redis", service), 0, "a Pod of a headless Service");
    let operator = "---\napiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: cache}\nspec: {}\n";
    assert_eq!(pod("cache-rw", &format!("{service}{operator}")), 0);
    let chart =
        "---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {}\n";
    assert_eq!(pod("cache", &format!("{service}{chart}")), 0);
}

#[test]
fn a_name_with_its_namespace_is_looked_up_there() {
    let found = |host: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: front}}\nspec: {{containers: [{{name: web, image: 'acme/web:1', env: [{{name: U, value: 'redis://{host}:6379'}}]}}]}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: redis, namespace: shop}}\nspec: {{ports: [{{port: 6379}}]}}\n"
        );
        messages(&RULE, &text)
    };
    for host in ["reids.shop", "reids.shop.svc", "reids.shop.svc.cluster.local"] {
        let all = found(host);
        assert!(all.len() == 1 && all[0].ends_with("did you mean `redis`?"), "{host}: {all:?}");
    }
    for host in ["redis.shop", "redis.shop.svc", "cache.shop", "reids.example", "reids.shop.com"] {
        assert!(found(host).is_empty(), "{host}");
    }
}

#[test]
fn every_place_that_names_a_host_is_read() {
    for place in [
        "environment: {CACHE_ADDR: 'cache:6379'}",
        "environment: ['CACHE_HOST=cache']",
        "command: [serve, 'redis://cache:6379']",
        "entrypoint: serve --cache=redis://cache:6379",
        "environment: {CACHE_URLS: 'redis://redis:6379,redis://cache:6379'}",
    ] {
        let text = format!(
            "services:\n  web: {{image: acme/web:1, {place}}}\n  redis: {{image: redis:8}}\n"
        );
        assert_eq!(messages(&RULE, &text).len(), 1, "{place}");
        assert!(
            messages(&RULE, &text.replace("cache:", "redis:").replace("=cache", "=redis"))
                .is_empty()
        );
    }
    for container in
        ["args: ['--redis=cache:6379']", "command: [sh, -c, 'serve redis://cache:6379']"]
    {
        let text = format!("{SERVICE}{}", deployment("web", &format!("image: a, {container}")));
        assert_eq!(messages(&RULE, &text).len(), 1, "{container}");
    }
}

#[test]
fn what_the_values_switch_off_is_silent() {
    let chart = |switch: &str| {
        format!(
            "# file: c/Chart.yaml\napiVersion: v2\nname: c\nversion: 1.0.0\n# file: c/values.yaml\nhelper:\n  {switch}\n  name: helper\n# file: c/templates/a.yaml\napiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n    - name: web\n      image: acme/web:1\n      env:\n        - name: HELPER_HOST\n          value: {{{{ .Values.helper.name }}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {{name: api}}\nspec: {{ports: [{{port: 80}}]}}\n"
        )
    };
    assert!(messages(&RULE, &chart("create: false")).is_empty());
    assert_eq!(messages(&RULE, &chart("create: true")).len(), 1);
}

#[test]
fn what_browser_tests_read_from_a_common_env_file_is_a_note() {
    let severity = |name: &str, from_file: bool| {
        let (own, file) = match from_file {
            true => ("env_file: .env".to_owned(), format!("# file: .env\n{name}=hub\n")),
            false => (format!("environment: [{name}=hub]"), String::new()),
        };
        let text = format!(
            "# file: compose.yaml\nservices:\n  web: {{image: acme/web:1, {own}}}\n  redis: {{image: redis:8}}\n{file}"
        );
        findings(&RULE, &text)[0].severity.name()
    };
    assert_eq!(severity("CHROME_HOSTNAME", true), "info");
    assert_eq!(severity("CHROME_HOSTNAME", false), "warning");
    assert_eq!(severity("CACHE_HOSTNAME", true), "warning");
}

#[test]
fn a_name_that_no_service_of_a_cluster_may_have_is_a_machine() {
    let found = |host: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{selector: {{app: web}}}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: web, labels: {{app: web}}}}\nspec: {{containers: [{{name: web, image: a, env: [{{name: DISPLAY_HOST, value: {host}}}]}}]}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(found("display"), 1);
    assert_eq!(found("Pixoo64"), 0);
}

#[test]
fn a_host_behind_an_option_of_the_start_command_is_read() {
    let with = |args: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: db}}\nspec: {{selector: {{app: db}}, ports: [{{port: 5432}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, labels: {{app: db}}}}\nspec: {{containers: [{{name: c, image: 'acme/web:1', args: {args}}}]}}\n"
        );
        messages(&RULE, &text).len()
    };
    assert_eq!(with("[--db-host, postgres]"), 1);
    assert_eq!(with("['--db-host=postgres']"), 1);
    assert_eq!(with("[--db-host, db]"), 0);
    assert_eq!(with("[--host, postgres]"), 0);
    assert_eq!(with("[--db-driver, postgres]"), 0);
}

#[test]
fn container_names_and_aliases_are_names_of_services() {
    let count = |text: &str| messages(&RULE, text).len();
    assert_eq!(
        count(
            "services: {web: {image: 'a/web:1', environment: {DB_HOST: shop-db}}, db: {image: 'postgres:17', container_name: shop-db}}\n"
        ),
        0
    );
    assert_eq!(
        count(
            "services: {web: {image: 'a/web:1', environment: {DB_HOST: store}}, db: {image: 'postgres:17', networks: {default: {aliases: [store]}}}}\n"
        ),
        0
    );
    assert_eq!(
        count(
            "services: {web: {image: 'a/web:1', environment: {DATABASE_URL: 'postgres://postgress:5432/a'}}, postgres: {image: 'postgres:17'}}\n"
        ),
        1
    );
}
