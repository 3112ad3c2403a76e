//! The largest numbers that a file can state are read, added up and printed without an overflow, which a test
//! build turns into a panic.

#![allow(clippy::unwrap_used)]

use plimsoll_core::report::Decision;
use plimsoll_core::{Config, File, Options, Workspace, output};

const MOST: i64 = i64::MAX;

/// Returns files in which two services, or two workloads, state the largest numbers.
fn files(most: i64) -> Vec<File> {
    let service = |name: &str| {
        format!(
            "  {name}:\n    image: 'acme/{name}:1.2.3'\n    stop_grace_period: {most}s\n    healthcheck: {{test: [CMD, x], interval: {most}s, timeout: {most}s, retries: {most}, start_period: {most}s}}\n    pids_limit: {most}\n    mem_limit: {most}\n    ulimits: {{nofile: {most}}}\n    deploy:\n      replicas: {most}\n      update_config: {{parallelism: {most}}}\n      placement: {{max_replicas_per_node: {most}}}\n      resources:\n        limits: {{cpus: '{most}', memory: '{most}', pids: {most}}}\n        reservations: {{cpus: '{most}', memory: '{most}', devices: [{{capabilities: [gpu], count: {most}}}]}}\n"
        )
    };
    let compose = format!(
        "services:\n{}{}  scaled: {{image: 'acme/scaled:1.2.3', scale: {most}}}\n",
        service("web"),
        service("api")
    );
    let pod = format!(
        "spec: {{terminationGracePeriodSeconds: {most}, containers: [{{name: main, image: 'acme/web:1.2.3', resources: {{requests: {{cpu: '{most}', memory: '{most}', nvidia.com/gpu: '{most}'}}, limits: {{cpu: '{most}', memory: '{most}', nvidia.com/gpu: '{most}'}}}}, readinessProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: {most}, failureThreshold: {most}, initialDelaySeconds: {most}, timeoutSeconds: {most}}}, livenessProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: {most}, failureThreshold: {most}, initialDelaySeconds: {most}}}, startupProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: {most}, failureThreshold: {most}}}}}]}}"
    );
    let template = |name: &str| format!("{{metadata: {{labels: {{app: {name}}}}}, {pod}}}");
    let workload = |kind: &str, name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{replicas: {most}, minReadySeconds: {most}, progressDeadlineSeconds: {most}, strategy: {{rollingUpdate: {{maxSurge: {most}, maxUnavailable: {most}}}}}, selector: {{matchLabels: {{app: {name}}}}}, template: {}}}\n---\n",
            template(name)
        )
    };
    let job = format!(
        "spec: {{parallelism: {most}, completions: {most}, backoffLimit: {most}, activeDeadlineSeconds: {most}, template: {}}}",
        template("job")
    );
    let cluster = [
        workload("Deployment", "web"),
        workload("Deployment", "api"),
        workload("StatefulSet", "db"),
        format!("apiVersion: batch/v1\nkind: Job\nmetadata: {{name: job}}\n{job}\n---\n"),
        format!("apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: cron}}\nspec: {{schedule: '0 * * * *', jobTemplate: {{{job}}}}}\n---\n"),
        format!("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: web}}\nspec: {{minReplicas: {most}, maxReplicas: {most}, scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: web}}}}\n---\n"),
        format!("apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: web}}\nspec: {{minAvailable: {most}, selector: {{matchLabels: {{app: web}}}}}}\n"),
    ]
    .concat();
    vec![File::new("compose.yaml", compose), File::new("k8s/all.yaml", cluster)]
}

/// Reads, analyses, compares and prints files, and returns what was decided on them.
fn decided(files: &[File]) -> Decision {
    let mut workspace = Workspace::default();
    files.iter().for_each(|file| workspace.set_file(file.clone()));
    let analysis = workspace.analysis(&Config::default());
    let report = analysis.report(&Options::default());
    let style = output::Style::default();
    for printed in [
        output::json(&report),
        output::text(&report, style, true, output::Length::All),
        output::decision(&report, style, true),
        output::decision_markdown(&report),
        output::comparison(&report, &analysis.comparison(), style),
    ] {
        assert!(!printed.is_empty());
    }
    report.systems[0].decision.clone()
}

#[test]
fn the_largest_and_the_smallest_numbers_are_added_up_without_an_overflow() {
    for most in [MOST, MOST - 1, i64::MIN + 1, -1, 0] {
        let files = files(most);
        let counted = [&files[..], &files[..1], &files[1..]].map(|it| decided(it).counted);
        assert!(counted.iter().all(|it| !it.is_empty()), "{most}: {counted:?}");
    }
}

#[test]
fn replicas_without_end_need_more_than_any_server() {
    let files = files(MOST);
    for side in [&files[..1], &files[1..]] {
        let sums = decided(side).sums;
        assert!(sums.cpu.max > 1e30 && sums.cpu.max.is_finite(), "{sums:?}");
        assert!(sums.memory.max > 1e30 && sums.memory.max.is_finite(), "{sums:?}");
    }
}
