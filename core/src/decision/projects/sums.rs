//! What must be added up about small projects.

use crate::config::Config;
use crate::decision::tests::{decide_with, systems_of};
use crate::report::{Answer, Decision, QuestionId, Signal, Sums};

fn decide(files: &[(&str, &str)]) -> Decision {
    decide_with(files, Config::default())
}

/// Returns the facts that bear on a question with these signals.
pub(super) fn facts(decision: &Decision, id: QuestionId, wanted: &[Signal]) -> Vec<String> {
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

pub(super) fn deployment(name: &str, fields: &str, resources: &str) -> String {
    workload("Deployment", name, fields, resources)
}

fn job(name: &str, fields: &str, resources: &str) -> String {
    workload("Job", name, fields, resources)
}

pub(super) fn cron_job(name: &str, policy: &str, resources: &str) -> String {
    format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: {name}}}\nspec:\n  schedule: '0 3 * * *'\n{policy}  jobTemplate:\n    \
         spec:\n      template:\n        spec:\n          restartPolicy: Never\n          \
         containers: [{{name: main, image: 'acme/{name}:1.2.3', resources: {resources}}}]\n"
    )
}

pub(super) const SMALL: &str = "{requests: {cpu: 500m, memory: 1Gi}}";

pub(super) fn join(documents: &[String]) -> String {
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
            ", and at its largest it needs more than a server with 16 CPUs and 64 GiB of memory; one with 32 CPUs and 128 GiB of memory holds that too"
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
    // An autoscaler of something that is not there scales nothing.
    assert!(single(&[("web.yaml", &web), ("scale.yaml", scaler)]));
    let own = scaler.replace("name: api", "name: web");
    assert!(!single(&[("web.yaml", &web), ("scale.yaml", &own)]));
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

#[test]
fn a_larger_server_holds_the_most_too() {
    let autoscaled = |most: u16| {
        join(&[
            deployment("web", "", "{requests: {cpu: 2, memory: 2Gi}}"),
            format!(
                "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec: {{minReplicas: 20, maxReplicas: {most}, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}\n"
            ),
        ])
    };
    let said = |most: u16| {
        let decision = decide(&[("k8s/all.yaml", &autoscaled(most))]);
        super::facts_on(&decision, QuestionId::OneServer)
    };
    // 40 to 80 CPUs: 48 hold the least, 64 not the most.
    assert!(said(40).contains("one with 48 CPUs and 192 GiB of memory holds the least, and one with 96 CPUs and 384 GiB of memory the most"), "{}", said(40));
    assert!(said(21).contains("one with 48 CPUs and 192 GiB of memory is enough"), "{}", said(21));
    assert!(
        said(9000).contains("holds the least, and no single server the most"),
        "{}",
        said(9000)
    );
}
