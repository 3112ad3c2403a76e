//! Small projects, each with what must be added up about it, and what that costs.

use super::tests::{decide_with, systems_of};
use crate::config::Config;
use crate::report::{Answer, Decision, QuestionId, Signal, Sums};

fn decide(files: &[(&str, &str)]) -> Decision {
    decide_with(files, Config::default())
}

/// Returns the facts that bear on a question with these signals.
fn facts(decision: &Decision, id: QuestionId, wanted: &[Signal]) -> Vec<String> {
    let question = decision.questions.iter().find(|it| it.id == id).unwrap();
    let evidence = question.evidence.iter().filter(|it| wanted.contains(&it.signal));
    evidence.map(|it| it.fact.to_string()).collect()
}

const SIZES: &[Signal] = &[
    Signal::FitsServer,
    Signal::FitsServerEasily,
    Signal::NeedsLargerServer,
    Signal::BeyondServers,
    Signal::FitsInPart,
    Signal::LimitsBeyondServer,
];

/// Returns what is said about the size.
fn size(decision: &Decision) -> String {
    facts(decision, QuestionId::OneServer, SIZES).join("; ")
}

/// Returns the signal about the size.
fn size_signal(decision: &Decision) -> Signal {
    let mut evidence = decision.questions[0].evidence.iter();
    evidence.find(|it| SIZES.contains(&it.signal)).unwrap().signal
}

fn gpus(decision: &Decision) -> Vec<String> {
    facts(decision, QuestionId::OneServer, &[Signal::SeveralGpus, Signal::ManyGpus])
}

fn sums(files: &[(&str, &str)]) -> Sums {
    decide(files).sums
}

/// Returns a workload whose only container has these `resources`; `fields` are further lines of `spec`.
fn workload(kind: &str, name: &str, fields: &str, resources: &str) -> String {
    let group = if kind == "Job" { "batch" } else { "apps" };
    let (selector, pods) = match kind {
        "Job" => (String::new(), "      restartPolicy: Never\n"),
        _ => (format!("  selector: {{matchLabels: {{app: {name}}}}}\n"), ""),
    };
    format!(
        "apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{fields}{selector}  template:\n    \
         metadata: {{labels: {{app: {name}}}}}\n    spec:\n{pods}      \
         containers: [{{name: main, image: 'acme/{name}:1.2.3', resources: {resources}}}]\n"
    )
}

fn deployment(name: &str, fields: &str, resources: &str) -> String {
    workload("Deployment", name, fields, resources)
}

fn job(name: &str, fields: &str, resources: &str) -> String {
    workload("Job", name, fields, resources)
}

fn cron_job(name: &str, policy: &str, resources: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {name}}}\nspec:\n  schedule: '0 3 * * *'\n{policy}  jobTemplate:\n    \
         spec:\n      template:\n        spec:\n          restartPolicy: Never\n          \
         containers: [{{name: main, image: 'acme/{name}:1.2.3', resources: {resources}}}]\n"
    )
}

const SMALL: &str = "{requests: {cpu: 500m, memory: 1Gi}}";

fn join(documents: &[String]) -> String {
    documents.join("---\n")
}

#[test]
fn memory_and_cpus_are_covered_apart() {
    let text = "services:\n  a: {image: 'a:1', mem_limit: 1g, cpus: 1}\n  b: {image: 'b:1', mem_limit: 1g}\n  \
                c: {image: 'c:1', mem_limit: 1g}\n  d: {image: 'd:1'}\n";
    let decision = decide(&[("compose.yaml", text)]);
    assert_eq!(size_signal(&decision), Signal::FitsInPart);
    assert_eq!(
        size(&decision),
        "in Compose, 3 of 4 containers state memory and 1 of 4 CPUs: at most 1 CPU and at most 3 GiB of memory; what is stated so far fits a server with 16 CPUs and 64 GiB of memory"
    );
}

#[test]
fn a_sum_fits_only_if_it_covers_both_memory_and_cpus() {
    let text = "services: {a: {image: 'a:1', mem_limit: 1g}}\n";
    let memory = decide(&[("compose.yaml", text)]);
    assert_eq!(
        size(&memory),
        "in Compose, 1 of 1 container states memory, and none states CPUs: at most 1 GiB of memory; what is stated so far fits a server with 16 CPUs and 64 GiB of memory"
    );
    assert_eq!(size_signal(&memory), Signal::FitsInPart);
    let both = decide(&[("web.yaml", &deployment("web", "", SMALL))]);
    assert_eq!(
        size(&both),
        "in the cluster, 1 of 1 container states CPUs and memory: 0.5 CPU and 1 GiB of memory, at most half of a server \
         with 16 CPUs and 64 GiB of memory"
    );
}

#[test]
fn nothing_is_summed_where_nothing_states_a_size() {
    let decision =
        decide(&[("compose.yaml", "services: {a: {image: 'a:1'}, b: {image: 'b:1'}}\n")]);
    assert_eq!(size(&decision), "");
}

#[test]
fn an_autoscaler_without_a_maximum_leaves_the_sum_open() {
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  minReplicas: 2\n  \
                  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n";
    let text = join(&[deployment("web", "", SMALL), scaler.to_owned()]);
    let decision = decide(&[("web.yaml", &text)]);
    assert_eq!(size_signal(&decision), Signal::FitsInPart);
    assert!(
        size(&decision).contains("at least 1 CPU and at least 2 GiB of memory"),
        "{}",
        size(&decision)
    );
}

#[test]
fn compose_gpus_are_the_devices_of_one_machine() {
    let device = |fields: &str| {
        format!(
            "deploy: {{resources: {{reservations: {{devices: [{{driver: nvidia, {fields}, capabilities: [gpu]}}]}}}}}}"
        )
    };
    let with = |devices: &[&str]| {
        let services = devices.iter().enumerate().map(|(at, fields)| {
            format!("  s{at}: {{image: 'acme/s{at}:1', {}}}\n", device(fields))
        });
        let text = format!("services:\n{}", services.collect::<String>());
        gpus(&decide(&[("compose.yaml", &text)]))
    };
    assert_eq!(
        with(&["device_ids: ['0', '1']", "device_ids: ['1', '2']"]),
        ["the files ask for 3 GPUs"]
    );
    // A count of two stands for the devices 0 and 1, and so it does in another service.
    assert_eq!(with(&["count: 2", "count: 2"]), ["the files ask for 2 GPUs"]);
    assert_eq!(with(&["count: 2", "device_ids: ['1', '2']"]), ["the files ask for 3 GPUs"]);
    assert!(with(&["count: all"]).is_empty());
    assert_eq!(with(&["count: all", "count: 4"]), ["the files ask for at least 4 GPUs"]);
}

#[test]
fn more_gpus_than_one_server_has() {
    let with = |number: u32| {
        let text = deployment("web", "", &format!("{{limits: {{nvidia.com/gpu: {number}}}}}"));
        let decision = decide(&[("web.yaml", &text)]);
        let mut evidence = decision.questions[0].evidence.iter();
        evidence.any(|it| it.signal == Signal::ManyGpus)
    };
    assert!(!with(16));
    assert!(with(17));
}

#[test]
fn gpus_of_jobs_are_not_added_up() {
    let four = "{limits: {nvidia.com/gpu: 4}}";
    let text = join(&[
        job("a", "", four),
        job("b", "", "{limits: {nvidia.com/gpu: 8}}"),
        deployment("web", "", "{limits: {nvidia.com/gpu: 1}}"),
    ]);
    assert_eq!(gpus(&decide(&[("all.yaml", &text)])), ["the files ask for 9 GPUs"]);
}

#[test]
fn jobs_are_a_peak_apart_from_what_runs_all_the_time() {
    let text = join(&[
        deployment("web", "  replicas: 2\n", SMALL),
        job("load", "  parallelism: 10\n  completions: 4\n", SMALL),
        cron_job("dump", "  concurrencyPolicy: Forbid\n", "{requests: {cpu: 1, memory: 3Gi}}"),
    ]);
    let decision = decide(&[("all.yaml", &text)]);
    let sums = decision.sums;
    assert_eq!((sums.cpu.min, sums.cpu.max, sums.cpu.containers), (1.0, 1.0, 1));
    assert_eq!(
        size(&decision),
        "in the cluster, 1 of 1 container states CPUs and memory: 1 CPU and 2 GiB of memory; the largest of \
         2 Jobs adds 2 CPUs and 4 GiB of memory while it runs, all at once 3 CPUs and 7 GiB of memory, at most half of a server with 16 CPUs and 64 GiB of memory"
    );
}

#[test]
fn a_cron_job_that_may_overlap_itself_adds_more() {
    let text = join(&[deployment("web", "", SMALL), cron_job("dump", "", SMALL)]);
    let fact = size(&decide(&[("all.yaml", &text)]));
    assert!(
        fact.contains(
            "1 Job adds 0.5 CPU and 1 GiB of memory while it runs, or more where its runs overlap"
        ),
        "{fact}"
    );
}

#[test]
fn a_job_without_a_size_leaves_open_what_it_adds() {
    let text = join(&[deployment("web", "", SMALL), job("load", "", "{}")]);
    let decision = decide(&[("all.yaml", &text)]);
    assert_eq!(size_signal(&decision), Signal::FitsInPart);
    assert!(
        size(&decision).ends_with("1 Job states no size; what is stated so far fits a server with 16 CPUs and 64 GiB of memory"),
        "{}",
        size(&decision)
    );
}

#[test]
fn the_most_of_an_autoscaler_may_need_more_than_the_server() {
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  minReplicas: 1\n  maxReplicas: 40\n  \
                  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n";
    let text = join(&[deployment("web", "", SMALL), scaler.to_owned()]);
    let fact = size(&decide(&[("web.yaml", &text)]));
    assert!(
        fact.ends_with(
            ", and at its largest it needs more than a server with 16 CPUs and 64 GiB of memory"
        ),
        "{fact}"
    );
}

#[test]
fn what_starts_only_with_a_profile_is_left_out() {
    let text = |profile: &str| {
        format!(
            "services:\n  web: {{image: 'acme/web:1.2.3', cpus: 1, mem_limit: 1g}}\n  \
             bench: {{image: 'acme/bench:1.2.3', cpus: 120, mem_limit: 8g, profiles: [{profile}]}}\n"
        )
    };
    let decision = decide(&[("compose.yaml", &text("bench"))]);
    assert_eq!(decision.sums.cpu.max, 1.0);
    assert_eq!(decision.counted, "1 Compose service; 1 more starts only with a profile");
    // A project may enable a profile itself.
    let enabled =
        decide(&[("compose.yaml", &text("bench")), (".env", "COMPOSE_PROFILES=x,bench\n")]);
    assert_eq!(enabled.sums.cpu.max, 121.0);
    let all = "services: {a: {image: 'a:1', cpus: 1, profiles: [x]}, b: {image: 'b:1', cpus: 1, profiles: [y]}}\n";
    let decision = decide(&[("compose.yaml", all)]);
    assert_eq!((decision.sums.cpu.max, &*decision.counted), (2.0, "2 Compose services"));
}

#[test]
fn an_init_container_counts_where_it_asks_for_more() {
    let with = |pods: &str| {
        let text = deployment("web", "  replicas: 2\n", SMALL)
            .replace("    spec:\n", &format!("    spec:\n{pods}"));
        sums(&[("web.yaml", &text)])
    };
    let sized = |name: &str, more: &str, cpu: &str| {
        format!(
            "{{name: {name}, image: 'acme/{name}:1.2.3', {more}resources: {{requests: {{cpu: {cpu}, memory: 512Mi}}}}}}"
        )
    };
    let inits = |all: &[String]| with(&format!("      initContainers: [{}]\n", all.join(", ")));
    let small = sized("wait", "", "100m");
    let large = sized("load", "", "2");
    let sidecar = sized("proxy", "restartPolicy: Always, ", "250m");
    let plain = with("");
    assert_eq!((plain.cpu.min, plain.memory.min), (1.0, 2.0 * 1024.0 * 1024.0 * 1024.0));
    assert_eq!(inits(&[small.clone(), small.clone()]), plain);
    let raised = inits(&[small.clone(), large.clone()]);
    assert_eq!((raised.cpu.min, raised.memory.min), (4.0, plain.memory.min));
    assert_eq!((raised.cpu.containers, raised.cpu.sized), (1, 1));
    let beside = inits(&[small, sidecar.clone()]);
    assert_eq!((beside.cpu.min, beside.cpu.containers), (1.5, 2));
    // A sidecar that starts first runs beside the init container.
    assert_eq!(inits(&[sidecar.clone(), large.clone()]).cpu.min, 4.5);
    assert_eq!(inits(&[large, sidecar]).cpu.min, 4.0);
}

#[test]
fn larger_servers_go_up_to_32_tib() {
    let with = |memory: &str| {
        let text = deployment("db", "", &format!("{{requests: {{cpu: 4, memory: {memory}}}}}"));
        size(&decide(&[("db.yaml", &text)]))
    };
    assert!(
        with("1Ti").contains("one with 192 CPUs and 1536 GiB of memory is enough"),
        "{}",
        with("1Ti")
    );
    assert!(
        with("3Ti").contains("one with 384 CPUs and 3072 GiB of memory is enough"),
        "{}",
        with("3Ti")
    );
    assert!(with("30Ti").contains("32768 GiB of memory is enough"), "{}", with("30Ti"));
    assert!(with("33Ti").contains("more than any single server has"), "{}", with("33Ti"));
}

#[test]
fn the_larger_side_of_a_dual_project_counts() {
    let compose =
        "services: {web: {image: 'acme/web:1.2.3', restart: always, cpus: 1, mem_limit: 48g}}\n";
    // More CPUs than the other side, but a smaller share of a server.
    let text = deployment("web", "", "{requests: {cpu: 2, memory: 1Gi}}");
    let decision = decide(&[("compose.yaml", compose), ("k8s/web.yaml", &text)]);
    let fact = size(&decision);
    assert!(
        fact.starts_with("in Compose, the larger of the two sides, 1 of 1 container"),
        "{fact}"
    );
    let small_job = cron_job("clean", "", "{requests: {cpu: 10m, memory: 16Mi}}");
    let with_job =
        decide(&[("compose.yaml", compose), ("k8s/web.yaml", &join(&[text, small_job]))]);
    assert_eq!(size(&with_job), fact);
}

#[test]
fn one_replica_of_everything_is_said_only_where_it_is_known() {
    let single = |files: &[(&str, &str)]| {
        let decision = decide(files);
        let one = facts(&decision, QuestionId::OneServer, &[Signal::SingleReplicas]);
        let nothing = facts(&decision, QuestionId::ReplicasAndRollouts, &[Signal::NothingScales]);
        assert_eq!(one.len(), nothing.len(), "{one:?} {nothing:?}");
        one.len() == 1
    };
    let web = deployment("web", "", "{}");
    assert!(single(&[("web.yaml", &web)]));
    let store = |field: &str, count: u32| {
        let text = format!(
            "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {{name: db}}\nspec: {{{field}: {count}}}\n"
        );
        single(&[("web.yaml", &web), ("db.yaml", &text)])
    };
    assert!(!store("instances", 3));
    assert!(!store("replicas", 2));
    assert!(store("instances", 1));
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: api}\nspec:\n  minReplicas: 1\n  maxReplicas: 4\n  \
                  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}\n";
    assert!(!single(&[("web.yaml", &web), ("scale.yaml", scaler)]));
    assert!(!single(&[("web.yaml", &deployment("web", "  replicas: many\n", "{}"))]));
    let compose = |count: &str| {
        format!(
            "services: {{web: {{image: 'acme/web:1', restart: always, deploy: {{replicas: {count}}}}}}}\n"
        )
    };
    assert!(single(&[("compose.yaml", &compose("1"))]));
    assert!(!single(&[("compose.yaml", &compose("'${REPLICAS}'"))]));
}

#[test]
fn the_replicas_of_an_autoscaler_are_its_maximum() {
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec:\n  minReplicas: 2\n  maxReplicas: 20\n  \
                  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n";
    let text = join(&[deployment("web", "  replicas: 2\n", "{}"), scaler.to_owned()]);
    let decision = decide(&[("web.yaml", &text)]);
    let many = facts(&decision, QuestionId::ReplicasAndRollouts, &[Signal::ManyReplicas]);
    assert_eq!(many, ["Deployment `web` runs as up to 20 replicas"]);
}

#[test]
fn near_identical_deployments_are_copies() {
    let one = |name: &str, more: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {name}-space, labels: {{app: {name}}}}}\nspec:\n  \
             selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
             serviceAccountName: {name}\n      containers:\n        - name: {name}\n          image: acme/{name}:1.2.3\n          \
             ports: [{{name: http, containerPort: 8080}}]\n          env: [{{name: CONFIG, value: /etc/{name}/config}}{more}]\n          \
             readinessProbe: {{httpGet: {{path: /ready, port: http}}}}\n"
        )
    };
    let texts: Vec<(String, String)> = (0..30)
        .map(|at| {
            (
                format!("k8s/app-{at}.yaml"),
                one(&format!("app-{at}"), if at == 7 { ", {name: MODE, value: fast}" } else { "" }),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let alike = facts(&decide(&files), QuestionId::Packaging, &[Signal::CopiedWorkloads]);
    assert_eq!(alike.len(), 1, "{alike:?}");
    let fact = &alike[0];
    assert!(
        fact.starts_with("30 workloads are alike but for names, images and namespaces"),
        "{fact}"
    );
    assert!(fact.contains("`k8s/app-0.yaml`") && fact.contains("% of"), "{fact}");
    // The number of fields is not what makes manifests alike.
    let other = |at: usize| {
        one(&format!("app-{at}"), "")
            .replace("CONFIG", &format!("KEY_{at}"))
            .replace("8080", &format!("80{at}"))
            .replace("/ready", &format!("/ready{at}"))
            .replace("name: http", &format!("name: p{at}"))
            .replace("port: http", &format!("port: p{at}"))
            .replace("/config", &format!("/file{at}"))
            .replace(
                "serviceAccountName",
                [
                    "hostname",
                    "subdomain",
                    "schedulerName",
                    "priorityClassName",
                    "runtimeClassName",
                    "nodeName",
                    "restartPolicy",
                    "dnsPolicy",
                ][at % 8],
            )
    };
    let texts: Vec<(String, String)> =
        (10..18).map(|at| (format!("k8s/app-{at}.yaml"), other(at))).collect();
    let files: Vec<(&str, &str)> =
        texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert!(facts(&decide(&files), QuestionId::Packaging, &[Signal::CopiedWorkloads]).is_empty());
}

#[test]
fn patches_of_overlays_are_no_copies() {
    let patch = |replicas: u32| {
        let env: String =
            (0..20).map(|at| format!("            - {{name: KEY_{at}, value: v{at}}}\n")).collect();
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  replicas: {replicas}\n  template:\n    spec:\n      containers:\n        \
             - name: main\n          env:\n{env}"
        )
    };
    let overlay = "resources: [../../base]\npatches: [{path: patch.yaml}]\n";
    let older =
        "resources: ['https://example.com/base?ref=v1']\npatchesStrategicMerge: [patch.yaml]\n";
    for overlay in [overlay, older] {
        let decision = decide(&[
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            ("base/web.yaml", &deployment("web", "", "{}")),
            ("overlays/dev/kustomization.yaml", overlay),
            ("overlays/dev/patch.yaml", &patch(1)),
            ("overlays/prod/kustomization.yaml", overlay),
            ("overlays/prod/patch.yaml", &patch(2)),
        ]);
        let copied = facts(&decision, QuestionId::Packaging, &[Signal::CopiedEnvironments]);
        assert!(copied.is_empty(), "{copied:?}");
    }
}

#[test]
fn a_built_variant_does_not_stand_for_the_production_one() {
    let unbuilt = "resources: [../../base, 'https://example.com/more?ref=v1']\n";
    let built = "resources: [../../base]\n";
    let open = |dev: &str, prod: &str| {
        let decision = decide(&[
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            ("base/web.yaml", &deployment("web", "", SMALL)),
            ("overlays/dev/kustomization.yaml", dev),
            ("overlays/prod/kustomization.yaml", prod),
        ]);
        decision.questions[1].answer == Answer::Unknown
    };
    assert!(open(built, unbuilt));
    assert!(!open(unbuilt, built));
    assert!(!open(built, built));
}

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
fn a_sum_of_one_side_is_no_sum_of_what_runs_on_the_other() {
    let with = |compose: &str| {
        let cluster = deployment("web", "", SMALL);
        size(&decide(&[("compose.yaml", compose), ("k8s/web.yaml", &cluster)]))
    };
    let same = "services:\n  web: {image: 'acme/web:1.2.3', restart: always}\n";
    assert!(with(same).contains("at most half of a server"), "{}", with(same));
    let more = format!("{same}  queue: {{image: 'acme/queue:1.2.3', restart: always}}\n");
    let said = with(&more);
    assert!(said.ends_with("without `queue` of the other side"), "{said}");
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
            "3 services to write, one of them a reverse proxy, nothing that Compose lacks"
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
fn a_copy_of_an_environment_changes_no_sum() {
    let web = deployment("web", "  replicas: 3\n", SMALL);
    let staged =
        |stage: &str| web.replace("name: web}", &format!("name: web, namespace: shop-{stage}}}"));
    let (production, staging) = (staged("prod"), staged("staging"));
    let files = [("k8s/prod.yaml", &*production), ("k8s/staging.yaml", &*staging)];
    assert_eq!(sums(&files), sums(&files[..1]));
    let one = sums(&[("k8s/prod/web.yaml", &web)]);
    assert_eq!(one.cpu.max, 1.5);
    assert_eq!(sums(&[("k8s/prod/web.yaml", &web), ("k8s/staging/web.yaml", &web)]), one);
    assert_eq!(
        sums(&[
            ("k8s/prod/web.yaml", &web),
            ("k8s/staging/web.yaml", &web),
            ("k8s/dev/web.yaml", &web)
        ]),
        one
    );
}

#[test]
fn splitting_files_changes_no_sum() {
    let documents = [
        deployment("web", "  replicas: 3\n", SMALL),
        deployment("api", "", SMALL),
        job("load", "", SMALL),
    ];
    let whole = decide(&[("k8s/all.yaml", &join(&documents))]);
    let split = decide(&[
        ("k8s/web.yaml", &documents[0]),
        ("k8s/api.yaml", &documents[1]),
        ("k8s/load.yaml", &documents[2]),
    ]);
    assert_eq!((whole.sums, size(&whole)), (split.sums, size(&split)));
    assert_eq!((whole.cost.go, whole.cost.stay.objects), (split.cost.go, split.cost.stay.objects));
}

#[test]
fn renaming_changes_only_names() {
    let text = |name: &str| {
        join(&[
            deployment(name, "  replicas: 3\n", SMALL),
            deployment(&format!("{name}-api"), "", "{}"),
        ])
    };
    let (one, other) =
        (decide(&[("k8s/all.yaml", &text("web"))]), decide(&[("k8s/all.yaml", &text("shop"))]));
    assert_eq!((one.sums, size(&one), one.verdict), (other.sums, size(&other), other.verdict));
}

#[test]
fn where_a_checkout_lies_changes_nothing() {
    let web = deployment("web", "", SMALL);
    let compose = "services: {blog: {image: 'acme/blog:1.2.3', cpus: 1, mem_limit: 1g}}\n";
    let at = |folder: &str| {
        let paths = [format!("{folder}shop/web.yaml"), format!("{folder}blog/compose.yaml")];
        let systems = systems_of(&[(&paths[0], &web), (&paths[1], compose)]);
        systems.iter().map(|it| it.decision.sums).collect::<Vec<_>>()
    };
    assert_eq!(at("").len(), 2);
    assert_eq!(at("srv/deploy/project/"), at(""));
    assert_eq!(at("srv/k8s/project/"), at(""));
}
