//! One application in several forms: what counts of it, and what a move between them takes.

use super::{CHART, compose, decide, deployment, facts_on, plain, service};
use crate::report::{Answer, Platform, QuestionId, Today, Worth};

/// Returns the number of workloads that count, as the report says it.
fn counted(files: &[(&str, &str)]) -> String {
    let said = decide(files).counted;
    said.split("; ").next().unwrap_or_default().to_owned()
}

/// Returns the manifests of several Deployments.
fn all(names: &[&str]) -> String {
    names.iter().map(|name| format!("---\n{}---\n{}", plain(name), service(name))).collect()
}

#[test]
fn a_short_and_a_full_version_of_the_manifests_count_once() {
    let full = all(&["web", "api", "queue"]);
    // What the full version writes as a Deployment.
    let queue = plain("queue").replace("kind: Deployment", "kind: StatefulSet");
    let short = format!("{}---\n{queue}", all(&["web"]));
    assert_eq!(counted(&[("k8s/full.yaml", &full)]), "3 workloads");
    let files = [("k8s/full.yaml", &*full), ("k8s/quickstart.yaml", &*short)];
    assert_eq!(counted(&files), "3 workloads");
    let files = [("k8s/full.yaml", &*full), ("docs/ingress/store.yaml", &*short)];
    assert_eq!(counted(&files), "3 workloads");
    // What no other file defines is no other form.
    let more = all(&["mail"]);
    let files = [("k8s/full.yaml", &*full), ("k8s/mail.yaml", &*more)];
    assert_eq!(counted(&files), "4 workloads");
}

#[test]
fn a_compose_file_that_only_builds_images_runs_nothing_beside_a_cluster() {
    let web = all(&["web"]);
    let today =
        |compose: &str| decide(&[("k8s/web.yaml", &web), ("build/compose.yaml", compose)]).today;
    let builds = "services: {web: {build: .., image: 'acme/web:1.2.3'}}\n";
    assert_eq!(today(builds), Today::Kubernetes);
    let runs = "services: {web: {build: .., image: 'acme/web:1.2.3', ports: ['80:8080']}}\n";
    assert_eq!(today(runs), Today::Both, "a port is for somebody who runs it");
    assert_eq!(decide(&[("compose.yaml", builds)]).today, Today::Compose);
}

#[test]
fn what_another_tool_renders_is_a_cluster_that_is_not_read() {
    let compose = "services: {web: {image: 'acme/web:1.2.3', ports: ['80:8080']}}\n";
    let template = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ name }}\n";
    let with = |path: &str, text: &str| decide(&[("compose.yaml", compose), (path, text)]);
    let decision = with("kube/deployment.yaml", template);
    assert_eq!((decision.today, decision.outcome.platform), (Today::Both, Platform::Either));
    let stay = &decision.cost.stay.text;
    assert!(stay.contains("a cluster whose objects are not read"), "{stay}");
    let why: Vec<&str> = decision.reasons.iter().take(3).map(|it| it.text.as_str()).collect();
    let is_said = why.iter().any(|it| it.starts_with("`kube/deployment.yaml` is not read"));
    assert!(is_said, "{why:?}");
    let is_said =
        why.iter().any(|it| it.ends_with("a template, which only another tool can render."));
    assert!(is_said, "{why:?}");
    let next = &decision.steps[0].text;
    assert!(next.starts_with("Add to these files what your tool renders from `kube/"), "{next}");
    // Neither what is for tests nor what holds no objects hides anything.
    for (path, text) in [
        ("kube/test.yaml", template),
        ("mail.tpl", "Hello {{ name }}\n"),
        ("compose.test.yaml.j2", "services:\n  {{ name }}: {image: x}\n"),
    ] {
        let decision = with(path, text);
        assert_eq!(
            (decision.today, decision.steps[0].text.contains(path)),
            (Today::Compose, false),
            "{path}"
        );
    }
}

#[test]
fn everything_in_one_container_is_another_form_of_its_parts() {
    let parts = all(&["shop-web", "shop-api", "shop-db"]);
    let whole = "apiVersion: v1\nkind: Pod\nmetadata: {name: shop-all, labels: {app: shop-all}}\nspec: {containers: [{name: all, image: 'acme/shop-all:1.2.3'}]}\n";
    let files = [("k8s/parts.yaml", &*parts), ("k8s/all.yaml", whole)];
    assert_eq!(counted(&files), "3 workloads");
    assert_eq!(counted(&[("k8s/all.yaml", whole)]), "1 workload");
}

#[test]
fn what_only_another_form_names_belongs_to_it() {
    let naming = |name: &str, host: &str| {
        plain(name)
            .replace(":1.2.3'}", &format!(":1.2.3', env: [{{name: QUEUE_HOST, value: {host}}}]}}"))
    };
    let simple = all(&["web", "api"]);
    let traced = format!("{}---\n{}", naming("web", "queue"), naming("api", "queue"));
    let queue = all(&["queue"]);
    let files = [
        ("k8s/a-simple.yaml", &*simple),
        ("k8s/b-traced.yaml", &*traced),
        ("k8s/queue.yaml", &queue),
    ];
    assert_eq!(counted(&files), "2 workloads");
    // The form that counts names it too.
    let files = [
        ("k8s/a-traced.yaml", &*traced),
        ("k8s/b-simple.yaml", &*simple),
        ("k8s/queue.yaml", &queue),
    ];
    assert_eq!(counted(&files), "3 workloads");
}

#[test]
fn a_mirror_of_an_image_is_the_same_workload() {
    let base = "resources: [web.yaml, api.yaml]\n";
    let mirrored = |name: &str| plain(name).replace("acme/", "mirror.example.com/acme/");
    let (web, api, again) = (mirrored("web"), mirrored("api"), plain("web"));
    let files = [
        ("deploy/kustomization.yaml", base),
        ("deploy/web.yaml", &*web),
        ("deploy/api.yaml", &*api),
        ("training/web-update.yaml", &*again),
    ];
    assert_eq!(counted(&files), "2 workloads");
}

/// A Compose file for development alone.
fn development(names: &[&str]) -> String {
    let services = names.iter().map(|name| {
        format!("  {name}: {{build: {{context: ./{name}, target: development}}, image: 'acme/{name}:dev', volumes: ['./{name}:/app']}}\n")
    });
    format!("services:\n{}", services.collect::<String>())
}

#[test]
fn what_is_written_for_development_is_not_written_again() {
    let cluster = all(&["web", "api", "search"]);
    let dev = development(&["web", "api"]);
    let decision = decide(&[("docker-compose.dev.yml", &dev), ("k8s/all.yaml", &cluster)]);
    assert_eq!(decision.today, Today::Kubernetes);
    let text = &decision.cost.go.text;
    assert!(
        text.starts_with("1 service to write, 2 development services to harden for a server"),
        "{text}"
    );
    assert_eq!(decision.cost.go.objects, 1);
}

#[test]
fn helpers_are_not_written_again() {
    let text = compose(&[
        ("web", "acme/web:1.2.3"),
        ("adminer", "adminer:4.8.1"),
        ("mail", "mailhog/mailhog:v1.0.1"),
    ]);
    let go = decide(&[("compose.yaml", &text)]).cost.go;
    assert!(
        go.text.starts_with("about 1 object to write (1 Deployment or StatefulSet)"),
        "{}",
        go.text
    );
    let adminer = plain("adminer").replace("acme/adminer:1.2.3", "adminer:4.8.1");
    let cluster = format!("{}---\n{adminer}", plain("web"));
    let go = decide(&[("k8s/all.yaml", &cluster)]).cost.go;
    assert!(go.text.starts_with("1 service to write, "), "{}", go.text);
    // A helper alone is what the system is.
    let go = decide(&[("k8s/adminer.yaml", &adminer)]).cost.go;
    assert!(go.text.starts_with("1 service to write, "), "{}", go.text);
    let alone = compose(&[("kafdrop", "obsidiandynamics/kafdrop:4.0.2")]);
    let go = decide(&[("compose.yaml", &alone)]).cost.go;
    assert!(go.text.starts_with("about 1 object to write"), "{}", go.text);
}

#[test]
fn both_sides_cost_as_long_as_both_stay() {
    let text = "services:\n  web: {image: 'acme/web:1.2.3', restart: always}\n  worker: {image: 'acme/worker:1.2.3', restart: always}\n";
    let cluster = format!("{}---\n{}", plain("web"), plain("search"));
    let decide_with = |answers: &[(&str, &str)]| {
        let mut config = crate::config::Config::default();
        answers.iter().for_each(|(key, value)| config.answers.set(key, value).unwrap());
        crate::decision::tests::decide_with(
            &[("compose.yaml", text), ("k8s/all.yaml", &cluster)],
            config,
        )
    };
    let decision = decide_with(&[]);
    assert_eq!(decision.today, Today::Both);
    let stay = &decision.cost.stay;
    assert!(
        stay.text.starts_with("2 services in 3 lines, and 2 objects of 1 kind in "),
        "{}",
        stay.text
    );
    assert_eq!(stay.objects, 4);
    // The files lean to Compose, a person who tolerates no downtime to a cluster.
    assert_eq!(
        decision.cost.go.text,
        "to Compose alone: 1 service to write, nothing that Compose lacks"
    );
    let decision = decide_with(&[("downtime", "none")]);
    assert_eq!(decision.outcome.platform, Platform::Kubernetes);
    assert_eq!(
        decision.cost.go.text,
        "to the cluster alone: about 1 object to write (1 Deployment or StatefulSet)"
    );
}

#[test]
fn values_files_for_clusters_are_stages_of_one_chart() {
    let template = deployment("web", ["", "", ""]);
    let with = |more: &[&str]| {
        let mut files = vec![
            ("Chart.yaml", CHART),
            ("templates/web.yaml", &*template),
            ("values.yaml", "a: 1\n"),
        ];
        files.extend(more.iter().map(|path| (*path, "a: 2\n")));
        decide(&files)
    };
    let packaging = |more: &[&str]| {
        with(more).questions.iter().find(|it| it.id == QuestionId::Packaging).unwrap().answer
    };
    assert_eq!(packaging(&["values.dev.yaml", "values.aks.yaml"]), Answer::Yes);
    assert_eq!(packaging(&["values-eks.yaml", "values-gke.yaml"]), Answer::Yes);
    assert_eq!(packaging(&["values.aks.yaml"]), Answer::No);
    assert_eq!(packaging(&["values.extra.yaml", "values.more.yaml"]), Answer::No);
    let facts = facts_on(&with(&["values.dev.yaml", "values.aks.yaml"]), QuestionId::Packaging);
    assert_eq!(facts, "one source is built for `development` and `aks`");
    assert_eq!(with(&["values.dev.yaml", "values.aks.yaml"]).outcome.helm, Worth::InUse);
}

#[test]
fn what_tests_lay_over_a_base_says_nothing_about_the_base() {
    let base =
        "services:\n  web: {image: 'acme/web:1.2.3', build: .}\n  db: {image: 'postgres:17.2'}\n";
    let tests = "services:\n  web: {build: {target: development}, volumes: ['.:/app'], environment: {DEBUG: 'True'}}\n";
    let cluster = plain("web");
    for name in [
        "docker-compose.override.unit_tests.yml",
        "docker-compose.override.dev.yml",
        "docker-compose.debug.yml",
    ] {
        let decision =
            decide(&[("docker-compose.yml", base), (name, tests), ("k8s/web.yaml", &cluster)]);
        assert_eq!(decision.today, Today::Both, "{name}: {}", decision.counted);
        assert!(
            decision.counted.starts_with("2 Compose services and 1 workload"),
            "{}",
            decision.counted
        );
    }
    // What `docker compose up` lays over the base by itself is part of it.
    let files = [
        ("docker-compose.yml", base),
        ("docker-compose.override.yml", tests),
        ("k8s/web.yaml", &*cluster),
    ];
    assert_eq!(decide(&files).today, Today::Kubernetes);
}

#[test]
fn what_lies_above_a_project_says_nothing_about_it() {
    let text = compose(&[("web", "acme/web:1.2.3")]);
    let [web, api] = ["web", "api"].map(plain);
    let at = |folder: &str| {
        let paths =
            ["compose.yaml", "k8s/web.yaml", "k8s/api.yaml"].map(|it| format!("{folder}{it}"));
        let decision = decide(&[(&paths[0], &text), (&paths[1], &web), (&paths[2], &api)]);
        (decision.today, decision.counted, decision.outcome)
    };
    assert_eq!(at("").0, Today::Both);
    for folder in ["/tmp/dev/", "/srv/tests/shop/", "../examples/shop/", "/home/prod/staging/"] {
        assert_eq!(at(folder), at(""), "{folder}");
    }
    // Inside of the project it does.
    assert_eq!(
        decide(&[("dev/compose.yaml", &text), ("k8s/web.yaml", &web)]).today,
        Today::Kubernetes
    );
    let files = [("/srv/shop/dev/compose.yaml", &*text), ("/srv/shop/k8s/web.yaml", &*web)];
    assert_eq!(decide(&files).today, Today::Kubernetes);
}

#[test]
fn templates_of_openshift_are_not_read() {
    let template = "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {name: shop}\nobjects:\n- apiVersion: apps/v1\n  kind: StatefulSet\n  metadata: {name: '${NAME}'}\n  spec: {replicas: 3}\nparameters: [{name: NAME}]\n";
    let alone = decide(&[("openshift/shop.yaml", template)]);
    assert_eq!(alone.today, Today::Kubernetes);
    let decision = decide(&[("openshift/shop.yaml", template), ("k8s/web.yaml", &plain("web"))]);
    for id in [QuestionId::MultiNode, QuestionId::ReplicasAndRollouts, QuestionId::Packaging] {
        let question = decision.questions.iter().find(|it| it.id == id).unwrap();
        assert_eq!(question.answer, Answer::Unknown, "{id}");
    }
    let told = "Template `shop`: the objects in this OpenShift Template are not read.";
    assert!(decision.reasons.iter().any(|it| it.text == told), "{:?}", decision.reasons);
    assert!(
        decision.steps[0].text.contains("oc process -f openshift/shop.yaml"),
        "{:?}",
        decision.steps
    );
    assert!(decision.cost.go.text.contains("nothing seen so far"), "{}", decision.cost.go.text);
}

#[test]
fn services_of_a_profile_for_development_are_not_counted() {
    let with = |profiles: [&str; 2]| {
        let [web, tools] = profiles;
        let text = format!(
            "services:\n  web: {{image: 'acme/web:1.2.3', profiles: [{web}]}}\n  shell: {{image: 'acme/shell:1.2.3', profiles: [{tools}]}}\n"
        );
        counted(&[("compose.yaml", &text)])
    };
    assert_eq!(with(["app", "debug"]), "1 Compose service");
    assert_eq!(with(["app", "dev-tools"]), "1 Compose service");
    assert_eq!(with(["app", "search"]), "2 Compose services");
    // Where there is nothing else, it is what there is.
    assert_eq!(with(["dev", "debug"]), "2 Compose services");
}

/// The form that is compared with Compose is also the one that counts, and one that is built in part comes last.
#[test]
fn the_form_that_counts_is_the_one_that_is_compared() {
    let text = compose(&[("web", "acme/web:1.2.3"), ("api", "acme/api:1.2.3")]);
    let base = format!("{}---\n{}", plain("web"), plain("api"));
    let kustomization = "resources: [web.yaml]\n";
    let files = [
        ("compose.yaml", &*text),
        ("k8s/all.yaml", &*all(&["web", "api", "mail"])),
        ("k8s/overlay/kustomization.yaml", kustomization),
        ("k8s/overlay/web.yaml", &*base),
    ];
    let decision = decide(&files);
    // The overlay is taken for the counterpart of both services.
    assert!(
        decision.counted.starts_with("2 Compose services and 2 workloads;"),
        "{}",
        decision.counted
    );
}

#[test]
fn services_that_others_dial_take_a_service() {
    let go = |web: &str| {
        let text = format!(
            "services:\n  web: {{image: 'acme/web:1', ports: ['80:80'], {web}}}\n  api: {{image: 'acme/api:1', environment: {{DB: 'postgres://db:5432/x'}}}}\n  db: {{image: 'postgres:17'}}\n  worker: {{image: 'acme/worker:1'}}\n"
        );
        decide(&[("compose.yaml", &text)]).cost.go.text
    };
    let dials = go("environment: {API: 'http://api:8080'}");
    assert!(dials.contains("3 Services"), "{dials}");
    let waits = go("depends_on: [api]");
    assert!(waits.contains("2 Services"), "{waits}");
}

#[test]
fn a_stack_for_a_swarm_that_does_not_count_is_not_what_runs() {
    let text = compose(&[("web", "acme/web:1.2.3"), ("api", "acme/api:1.2.3")]);
    let stack = format!(
        "{}networks: {{default: {{driver: overlay}}}}\n",
        text.replace("'acme/web:1.2.3'", "'acme/web:1.2.3', deploy: {replicas: 2}")
    );
    let files = [("docker-compose.yml", &*text), ("stack/other.yml", &*stack)];
    assert_eq!(decide(&files).today, Today::Compose);
}

#[test]
fn what_runs_on_the_other_side_alone_is_counted() {
    let text =
        compose(&[("web", "acme/web:1.2.3"), ("mail", "acme/mail:1"), ("chat", "acme/chat:1")]);
    let sized = plain("web").replace(
        "image: 'acme/web:1.2.3'",
        "image: 'acme/web:1.2.3', resources: {requests: {cpu: 1m, memory: 1Mi}}",
    );
    let decision = decide(&[("compose.yaml", &text), ("k8s/web.yaml", &sized)]);
    let facts = facts_on(&decision, QuestionId::OneServer);
    assert!(
        facts.contains("without `mail` and 1 more of the other side")
            || facts.contains("without `chat` and 1 more of the other side"),
        "{facts}"
    );
}

#[test]
fn what_starts_with_a_profile_alone_is_no_part_of_the_system_in_another_file() {
    let main = "services:\n  web: {image: 'acme/web:1.2.3'}\n  api: {image: 'acme/api:1.2.3'}\n  sandbox: {image: 'acme/sandbox:1.2.3', profiles: [sandbox]}\n";
    let own = "services: {sandbox: {build: ., image: 'acme/sandbox-dev:1.2.3', restart: always}}\n";
    let one = decide(&[("docker-compose.yml", main)]);
    let both = decide(&[("docker-compose.yml", main), ("sandbox/docker-compose.yml", own)]);
    assert!(one.counted.starts_with("2 Compose services;"), "{}", one.counted);
    assert!(both.counted.starts_with("2 Compose services;"), "{}", both.counted);
}

#[test]
fn what_lies_among_tests_is_no_platform() {
    let (web, compose) = (plain("web"), "services: {web: {image: 'acme/web:1.2.3'}}\n");
    let tests = decide(&[("tests/k8s/web.yaml", &web)]);
    assert_eq!(tests.today, Today::Unknown);
    assert!(tests.steps.iter().any(|it| it.text.contains("`tests/k8s`")), "{:?}", tests.steps);
    let beside = decide(&[("compose.yaml", compose), ("tests/k8s/web.yaml", &web)]);
    assert_eq!(beside.today, Today::Compose);
}

#[test]
fn a_variant_for_swarm_is_no_silence_of_the_files() {
    let plain = "services: {web: {image: 'acme/web:1.2.3', restart: always}, db: {image: 'postgres:17.2', restart: always}}\n";
    let swarm = "services: {web: {image: 'acme/web:1.2.3', deploy: {replicas: 2, update_config: {order: start-first}}}}\nnetworks: {mesh: {driver: overlay}}\n";
    let said = |files: &[(&str, &str)]| {
        let decision = decide(files);
        assert_eq!(decision.today, Today::Compose);
        facts_on(&decision, QuestionId::MultiNode)
    };
    let alone = said(&[("docker-compose.yml", plain)]);
    assert!(alone.contains("nothing in the files mentions"), "{alone}");
    let both = said(&[("docker-compose.yml", plain), ("docker-compose-swarm.yml", swarm)]);
    assert!(both.contains("nothing in the files that count mentions"), "{both}");
}

/// `helm template` names the template of each object in a comment:
/// <https://github.com/helm/helm/blob/v3.16.0/pkg/action/action.go>.
#[test]
fn what_a_chart_printed_is_helm_in_use_and_proves_no_copies() {
    let names = ["web", "api", "cart", "stock", "mail", "users", "search"];
    let with = |source: &dyn Fn(&str) -> String| {
        let all: Vec<String> = names.iter().map(|name| source(name) + &plain(name)).collect();
        decide(&[("k8s/shop.yaml", &all.join("---\n"))]).outcome
    };
    let printed = with(&|name| format!("# Source: shop/templates/{name}.yaml\n"));
    assert_eq!((printed.helm, printed.kustomize), (Worth::InUse, Worth::No));
    let written = with(&|_| String::new());
    assert_eq!((written.helm, written.kustomize), (Worth::WorthIt, Worth::No));
}

#[test]
fn a_rendered_part_of_something_else_is_no_chart_of_the_application() {
    // `helm template` writes the source above each object.
    let rendered = format!("---\n# Source: pro/templates/cache.yaml\n{}", plain("cache"));
    let own = plain("web");
    let helm = |files: &[(&str, &str)]| decide(files).outcome.helm;
    assert_eq!(helm(&[("k8s/cache.yaml", &rendered)]), Worth::InUse);
    assert_eq!(helm(&[("k8s/cache.yaml", &rendered), ("k8s/web.yaml", &own)]), Worth::No);
}
