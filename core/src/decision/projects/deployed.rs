//! What is deployed, and what is only there: override files, suspended Jobs, folders of the host, files without a system.

use super::{CHART, decide, deployment, facts_on};
use crate::Config;
use crate::report::{CheckItem, CheckState, Decision, Fit, Platform, QuestionId, Today};

fn answered(files: &[(&str, &str)], answers: &[(&str, &str)]) -> Decision {
    let mut config = Config::default();
    for (key, value) in answers {
        config.answers.set(key, value).unwrap();
    }
    super::decide_with(files, config)
}

fn state(decision: &Decision, item: CheckItem) -> (CheckState, String) {
    let found = decision.checklists.server.iter().find(|it| it.item == item).unwrap();
    (found.state, found.seen.clone())
}

fn steps(decision: &Decision) -> String {
    let steps: Vec<&str> = decision.steps.iter().map(|it| it.text.as_str()).collect();
    steps.join("\n")
}

#[test]
fn the_base_file_alone_is_what_is_deployed_beside_an_override_for_development() {
    let base = "services:\n  app: {image: 'acme/app:1.2.3', restart: always, mem_limit: 1g, cpus: 1}\n  db: {image: 'postgres:17.2', restart: always, mem_limit: 2g, cpus: 1, volumes: ['pg:/var/lib/postgresql/data']}\nvolumes: {pg: {}}\n";
    let over = "# development: picked up by a plain `docker compose up`\nservices:\n  app: {build: ., image: acme/app-dev, volumes: ['./src:/srv/src'], environment: {DEBUG: '1'}}\n  db: {ports: ['5432:5432']}\n";
    let decision = decide(&[("compose.yaml", base), ("compose.override.yaml", over)]);
    let alone = decide(&[("compose.yaml", base)]);
    assert_eq!((decision.today, decision.outcome.platform), (Today::Compose, Platform::Compose));
    assert_eq!((decision.fit, &decision.counted), (Fit::Fits, &alone.counted));
    let facts = facts_on(&decision, QuestionId::OneServer);
    assert!(facts.contains("2 of 2 containers state CPUs and memory"), "{facts}");
    let hardening = CheckItem::HostHardening;
    assert_eq!(state(&decision, hardening), state(&alone, hardening));
    assert!(!steps(&decision).contains("5432"), "{}", steps(&decision));
    // Where a file for production is laid over the base file, that one counts.
    let production = "services: {app: {mem_limit: 4g}}\n";
    let with_production = decide(&[
        ("compose.yaml", base),
        ("compose.override.yaml", over),
        ("compose.prod.yaml", production),
    ]);
    let facts = facts_on(&with_production, QuestionId::OneServer);
    assert!(facts.contains("at most 6 GiB"), "{facts}");
}

#[test]
fn a_suspended_job_adds_no_load() {
    let job = |more: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: backfill}}\nspec: {{schedule: '0 4 * * *', {more}concurrencyPolicy: Forbid, jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: main, image: 'acme/backfill:1.2.3', resources: {{requests: {{cpu: 48, memory: 200Gi}}}}}}]}}}}}}}}}}\n"
        )
    };
    let small = job("")
        .replace("backfill", "report")
        .replace("cpu: 48, memory: 200Gi", "cpu: 1, memory: 2Gi");
    let suspended = decide(&[("job.yaml", &job("suspend: true, ")), ("report.yaml", &small)]);
    let facts = facts_on(&suspended, QuestionId::OneServer);
    assert!(facts.contains("1 Job adds 1 CPU and 2 GiB of memory while it runs; 1 more Job is suspended and adds nothing"), "{facts}");
    assert_eq!(suspended.outcome.platform, Platform::Compose);
    let alone = decide(&[("job.yaml", &job("suspend: true, "))]);
    assert_ne!(alone.outcome.platform, Platform::LargerServer);
    for more in ["", "suspend: false, "] {
        let decision = decide(&[("job.yaml", &job(more))]);
        assert_eq!(decision.outcome.platform, Platform::LargerServer, "{more}");
    }
}

#[test]
fn a_limit_of_a_one_shot_service_is_the_most_that_it_adds() {
    let text = "services:\n  app: {image: 'acme/app:1.2.3', restart: always, mem_limit: 1g, depends_on: {migrate: {condition: service_completed_successfully}, seed: {condition: service_completed_successfully}}}\n  migrate: {image: 'acme/app:1.2.3', mem_limit: 512m}\n  seed: {image: 'acme/app:1.2.3', mem_limit: 256m}\n";
    let facts = facts_on(&decide(&[("compose.yaml", text)]), QuestionId::OneServer);
    let said = "the largest of 2 one-shot services adds at most 512 MiB of memory while it runs, all at once at most 768 MiB of memory";
    assert!(facts.contains(said), "{facts}");
}

#[test]
fn folders_of_the_host_that_an_application_writes_to_are_data() {
    let game = |volumes: &str| {
        format!(
            "services: {{valheim: {{image: 'ghcr.io/lloesche/valheim-server:1.2.3', restart: always, volumes: {volumes}}}}}\n"
        )
    };
    for folder in
        ["./world:/config", "./config:/config", "./saves:/factorio", "/srv/photos:/photos"]
    {
        let decision = decide(&[("compose.yaml", &game(&format!("['{folder}']")))]);
        let source = folder.split(':').next().unwrap();
        let said = format!("0 of 1 volume is copied; missing: `{source}`");
        assert_eq!(state(&decision, CheckItem::Backups), (CheckState::Fail, said), "{folder}");
        assert_eq!(state(&decision, CheckItem::PersistentData).0, CheckState::Pass, "{folder}");
        assert!(steps(&decision).contains(&format!("Add a backup of `{source}`")), "{folder}");
    }
    for files in [
        "./app.toml:/etc/app.toml:ro",
        "./cache:/srv/cache",
        "/var/run/docker.sock:/var/run/docker.sock",
        ".:/app",
    ] {
        let decision = decide(&[("compose.yaml", &game(&format!("['{files}']")))]);
        let found = state(&decision, CheckItem::Backups).0;
        assert_eq!(found, CheckState::NotApplicable, "{files}");
    }
    for path in ["compose.yaml", "docker/compose.yaml"] {
        let decision = decide(&[(path, &game("['..:/app']"))]);
        assert_eq!(state(&decision, CheckItem::Backups).0, CheckState::NotApplicable, "{path}");
    }
    // Known files make a folder that is mounted one of configuration.
    let known = game("['./config:/config']");
    let decision = decide(&[("compose.yaml", &known), ("config/worlds.yaml", "worlds: [fjord]\n")]);
    assert_eq!(state(&decision, CheckItem::Backups).0, CheckState::NotApplicable);
}

#[test]
fn only_a_known_proxy_is_replaced_by_an_ingress() {
    let text = |image: &str| {
        format!(
            "services:\n  gateway: {{image: '{image}', restart: always, ports: ['127.0.0.1:4000:4000']}}\n  api: {{image: 'acme/api:1.2.3', restart: always, ports: ['8080']}}\n"
        )
    };
    let gateway = decide(&[("compose.yaml", &text("ghcr.io/berriai/litellm:v1.80.0"))]);
    assert!(gateway.cost.go.text.contains("2 Deployments"), "{}", gateway.cost.go.text);
    assert!(!gateway.cost.go.text.contains("Ingress"), "{}", gateway.cost.go.text);
    let proxy = decide(&[("compose.yaml", &text("traefik:v3.3.4"))]);
    let said = "an Ingress controller in the place of `gateway`";
    assert!(proxy.cost.go.text.contains(said), "{}", proxy.cost.go.text);
}

#[test]
fn no_answer_turns_files_without_a_system_into_one() {
    let files = [("docker-compose.yml", "services: {}\n#  web: {image: nginx}\n")];
    for answer in [("downtime", "none"), ("teams", "5"), ("one-server", "no")] {
        let decision = answered(&files, &[answer]);
        assert_eq!(decision.outcome.platform, Platform::Either, "{answer:?}");
        let said =
            "These files show nothing that runs in production, so there is nothing to decide.";
        assert_eq!(decision.verdict, said);
        assert!(decision.ask.is_empty() && decision.flips.is_empty());
    }
    let web = [("docker-compose.yml", "services: {web: {image: 'acme/web:1.2.3'}}\n")];
    let decision = answered(&web, &[("downtime", "none")]);
    assert_eq!(decision.outcome.platform, Platform::Kubernetes);
}

#[test]
fn what_one_node_cannot_run_is_removed_only_for_a_move() {
    let stack = "services: {api: {image: 'acme/api:1.2.3', deploy: {replicas: 4, placement: {max_replicas_per_node: 2}, resources: {reservations: {cpus: '1', memory: 1g}}}}}\n";
    let files = [("docker-stack.yml", stack)];
    let fits = answered(
        &files,
        &[
            ("multi-node", "no"),
            ("one-server", "yes"),
            ("replicas-and-rollouts", "yes"),
            ("teams", "1"),
        ],
    );
    assert_eq!((fits.outcome.platform, fits.fit), (Platform::Either, Fit::Fits));
    assert!(!steps(&fits).contains("Remove the placement"), "{}", steps(&fits));
    let moves = answered(
        &files,
        &[
            ("multi-node", "no"),
            ("one-server", "yes"),
            ("replicas-and-rollouts", "no"),
            ("teams", "1"),
        ],
    );
    assert_eq!(moves.fit, Fit::OverBuilt);
    let said = "Remove the placement of service `api` as part of the move to one server";
    assert!(steps(&moves).contains(said), "{}", steps(&moves));
}

#[test]
fn a_cluster_that_a_controller_keeps_fits_what_scales_far() {
    let web = deployment(
        "web",
        [
            "",
            "  replicas: 4\n",
            "      affinity: {podAntiAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}}]}}\n",
        ],
    );
    let scaler = "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {minReplicas: 4, maxReplicas: 20, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n";
    let budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n";
    let app = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop, namespace: argocd}\nspec: {project: shop, source: {repoURL: 'https://git.example.com/shop.git', path: chart, targetRevision: v1}, destination: {server: 'https://kubernetes.default.svc', namespace: shop}}\n";
    let chart = [
        ("chart/Chart.yaml", CHART),
        ("chart/templates/web.yaml", web.as_str()),
        ("chart/templates/scaler.yaml", scaler),
        ("chart/templates/budget.yaml", budget),
    ];
    let with = |more: &[(&'static str, &'static str)]| decide(&[&chart[..], more].concat());
    let kept = with(&[("argocd/app.yaml", app)]);
    assert_eq!((kept.outcome.platform, kept.fit), (Platform::Kubernetes, Fit::Fits));
    assert_eq!(with(&[]).outcome.platform, Platform::Either);
}

#[test]
fn what_a_compose_file_for_development_does_otherwise_is_no_step_of_production() {
    let compose = "# for development\nservices:\n  api: {image: 'acme/api:1.2.3', build: ., volumes: ['.:/app'], environment: {DATABASE_URL: 'postgres://app:app@db/app'}, depends_on: [db]}\n  db: {image: 'postgres:17.2'}\n  mailhog: {image: 'mailhog/mailhog:v1.0.1'}\n";
    let with = |name: &str| {
        let workload = super::plain(name);
        steps(&decide(&[("compose.dev.yaml", compose), ("k8s/api.yaml", &workload)]))
    };
    let both = with("api");
    for words in ["`mailhog`", "`/app`", "DATABASE_URL"] {
        assert!(!both.contains(words), "{both}");
    }
    // Nothing in the cluster does what these services do.
    assert!(with("other").contains("`/app`"), "{}", with("other"));
}
