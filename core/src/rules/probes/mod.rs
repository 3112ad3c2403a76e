//! PLM6xx: probes and resources, which can turn a healthy app into a restart loop.

use super::Rule;
use crate::facts::{Facts, KubeHost, Unit, Workload};
use crate::knowledge::checks::{DependencyEndpoint, dependency_endpoint};
use crate::knowledge::families::{Class, family_of};
use crate::knowledge::starts::is_jvm;
use crate::knowledge::{net, shell};
use crate::model::Str;
use crate::model::kubernetes::{Container, Probe, ProbeHandler};
use crate::report::{Finding, Role, Severity};
use crate::text::Span;

mod check_always_passes;
mod cpu_limit_throttles_start;
mod exec_probe_timeout;
mod exec_probe_tool_missing;
mod healthcheck_not_carried;
mod hpa_fights_replicas;
mod hpa_target_missing;
mod hpa_without_requests;
mod liveness_asks_dependencies;
mod liveness_budget_below_start;
mod liveness_same_as_readiness;
mod liveness_too_eager;
mod memory_limit_contradiction;
mod memory_limit_too_low;
mod missing_healthcheck;
mod missing_memory_limit;
mod missing_requests;
mod no_graceful_stop;
mod no_memory_limit_on_shared_host;
mod probe_port_unknown;
mod probe_timing_invalid;
mod readiness_hair_trigger;
mod requests_exceed_limits;
mod resource_drift;
mod slow_start_without_startup_probe;
mod stop_budget_drift;

pub(super) const RULES: &[&Rule] = &[
    &slow_start_without_startup_probe::RULE,
    &liveness_budget_below_start::RULE,
    &liveness_same_as_readiness::RULE,
    &liveness_too_eager::RULE,
    &probe_port_unknown::RULE,
    &missing_requests::RULE,
    &missing_memory_limit::RULE,
    &memory_limit_contradiction::RULE,
    &memory_limit_too_low::RULE,
    &cpu_limit_throttles_start::RULE,
    &requests_exceed_limits::RULE,
    &hpa_without_requests::RULE,
    &hpa_fights_replicas::RULE,
    &hpa_target_missing::RULE,
    &healthcheck_not_carried::RULE,
    &resource_drift::RULE,
    &probe_timing_invalid::RULE,
    &no_graceful_stop::RULE,
    &missing_healthcheck::RULE,
    &no_memory_limit_on_shared_host::RULE,
    &exec_probe_tool_missing::RULE,
    &stop_budget_drift::RULE,
    &exec_probe_timeout::RULE,
    &check_always_passes::RULE,
    &liveness_asks_dependencies::RULE,
    &readiness_hair_trigger::RULE,
];

/// Returns the probes of a container with their field names.
fn probes(container: &Container) -> impl Iterator<Item = (&'static str, &Probe)> {
    [
        ("readinessProbe", &container.readiness),
        ("livenessProbe", &container.liveness),
        ("startupProbe", &container.startup),
    ]
    .into_iter()
    .filter_map(|(name, probe)| Some((name, probe.as_deref()?)))
}

/// Makes a finding a note where its container is for development or tests.
fn note_in_development(facts: &Facts<'_>, unit: &Unit<'_>, finding: &mut Finding) {
    if facts.unit_role(unit) == Role::Development {
        finding.severity = finding.severity.max(Severity::Info);
    }
}

/// Returns the place of the setting that decides how long a probe goes on failing before it takes effect.
fn patience_span(probe: &Probe) -> Span {
    let settings = [probe.failure_threshold, probe.period_seconds, probe.timeout_seconds];
    settings.into_iter().flatten().next().map_or_else(|| check_span(probe), |it| it.span)
}

/// Returns the place of what a probe asks: its path, port or command.
fn check_span(probe: &Probe) -> Span {
    let asked = match &probe.handler {
        ProbeHandler::Http { path: Some(path), .. } => Some(path.span),
        ProbeHandler::Exec { command, .. } => command.first().map(|it| it.span),
        handler => handler.port().map(|it| it.span),
    };
    asked.unwrap_or(probe.place.span)
}

/// Seconds without an answer within which a liveness probe is too eager.
const EAGER: i64 = 10;

/// Whether a liveness probe restarts its container after a short pause, or after one slow answer.
fn is_too_eager(liveness: &Probe) -> bool {
    liveness.budget() <= EAGER || (liveness.failures() == 1 && liveness.timeout() <= 1)
}

/// Programs that take about a second or more to start: interpreters, and clients written for a JVM, an
/// Erlang node or Node.js.
const SLOW_PROGRAMS: &[&str] = &[
    "java",
    "jcmd",
    "python",
    "node",
    "ruby",
    "bundle",
    "rails",
    "php",
    "dotnet",
    "npm",
    "npx",
    "elixir",
    "erl",
    "rabbitmq-diagnostics",
    "rabbitmqctl",
    "kafka-topics",
    "kafka-broker-api-versions",
    "kafka-consumer-groups",
    "cqlsh",
    "nodetool",
    "mongosh",
    "celery",
    "airflow",
    "zkServer",
    "solr",
];

/// Returns the program of an exec probe that takes about a second or more to start.
fn slow_program(probe: &Probe) -> Option<String> {
    let ProbeHandler::Exec { command, .. } = &probe.handler else { return None };
    let words: Vec<&str> = command.iter().map(|it| it.as_str()).collect();
    shell::commands_of_argv(&words).iter().find_map(|command| {
        let name = shell::base_name(&command.program().first()?.text).to_owned();
        let plain = name.strip_suffix(".sh").unwrap_or(&name);
        let plain = plain.trim_end_matches(|it: char| it.is_ascii_digit() || it == '.');
        SLOW_PROGRAMS.contains(&plain).then_some(name)
    })
}

/// Why a start is slow, and how long it may take.
struct Slow {
    seconds: i64,
    /// Completes "container `web` ...".
    says: &'static str,
    span: Option<Span>,
}

/// Seconds that a JVM, a migration or a warm-up may take on a busy node.
const MINUTE: i64 = 60;

/// Seconds that a model server may take to load a model of some gigabytes.
const MODEL: i64 = 300;

fn slow_start(unit: &Unit<'_>) -> Option<Slow> {
    if unit.family().is_some_and(|it| it.class == Class::ModelServer) {
        return Some(Slow { seconds: MODEL, says: "loads a model", span: None });
    }
    let model = unit.env.iter().find(|it| names_a_model(it.name));
    if let Some(it) = model {
        return Some(Slow { seconds: MODEL, says: "loads a model", span: Some(it.span) });
    }
    // What answers may start beside a migration that runs in the background.
    if let Some(migration) = unit.migration.as_ref().filter(|_| !unit.has_background()) {
        let span = Some(migration.span);
        return Some(Slow { seconds: MINUTE, says: "runs a migration", span });
    }
    if let Some(word) = warm_up(unit) {
        let span = Some(unit.start.span_of(word));
        return Some(Slow { seconds: MINUTE, says: "warms up", span });
    }
    let java = unit.start.commands.iter().find(|it| it.name() == "java");
    if let Some(command) = java {
        let span = command.words.first().map(|it| unit.start.span_of(it));
        return Some(Slow { seconds: MINUTE, says: "starts a JVM", span });
    }
    let options = unit.env.iter().find(|it| names_jvm_options(it.name));
    if let Some(it) = options {
        return Some(Slow { seconds: MINUTE, says: "starts a JVM", span: Some(it.span) });
    }
    let is_jvm = unit.family().is_some_and(|it| is_jvm(it.id));
    is_jvm.then_some(Slow { seconds: MINUTE, says: "starts a JVM", span: None })
}

/// Returns the word that names a warm-up which runs before the server: `cache:warmup`, `warm-up.sh`.
fn warm_up<'u>(unit: &'u Unit<'_>) -> Option<&'u shell::Word> {
    let (_, before) = unit.start.commands.split_last()?;
    let names_one = |it: &&shell::Word| {
        let word = it.text.to_ascii_lowercase().replace(['-', '_'], "");
        !it.text.starts_with('-') && (word.contains("warmup") || word.contains("prewarm"))
    };
    let is_first = !unit.start.has_background();
    before.iter().filter(|_| is_first).find_map(|it| it.program().iter().find(names_one))
}

/// Whether a variable names the model that a server loads.
fn names_a_model(name: &str) -> bool {
    matches!(name, "MODEL_ID" | "HF_MODEL_ID" | "MODEL_PATH" | "VLLM_MODEL" | "OLLAMA_MODEL")
}

/// Whether a variable holds options of a JVM.
fn names_jvm_options(name: &str) -> bool {
    matches!(
        name,
        "JAVA_OPTS" | "JAVA_TOOL_OPTIONS" | "JDK_JAVA_OPTIONS" | "CATALINA_OPTS" | "JVM_OPTS"
    )
}

/// Another server that a liveness probe depends on.
enum Dependency {
    /// The endpoint includes the servers that the process itself uses.
    Endpoint(DependencyEndpoint),
    /// The probe asks this host, which is another Service, the place of whose name is given.
    Service(String, Span),
}

/// Returns the dependency that a liveness probe of a container includes.
fn dependency<'a>(
    facts: &Facts<'a>,
    workload: &Workload<'a>,
    unit: &Unit<'a>,
    probe: &Probe,
) -> Option<Dependency> {
    let other = |host: &str| {
        let home = workload.object.file;
        let KubeHost::Service(found) = facts.kube_host(home, workload.namespace, host) else {
            return None;
        };
        let is_own = found.selects.contains(&workload.index);
        (!is_own).then(|| Dependency::Service(host.to_owned(), found.span()))
    };
    match &probe.handler {
        ProbeHandler::Http { host: Some(host), .. } => other(host.as_str()),
        ProbeHandler::Http { path, .. } => {
            let family = unit.family().map(|it| it.id);
            let endpoint = dependency_endpoint(family, path.as_ref()?.as_str())?;
            // A framework's endpoint includes what the program connects to, a server's own its database.
            let includes = endpoint.is_by_family() || has_health_indicator(facts, workload, unit);
            (includes && !has_health_groups(unit)).then_some(Dependency::Endpoint(endpoint))
        }
        ProbeHandler::Tcp { host, .. } => other(host.as_ref()?.as_str()),
        ProbeHandler::Exec { command, .. } => {
            dialled_hosts(command).iter().find_map(|it| other(it))
        }
        ProbeHandler::Grpc { .. } | ProbeHandler::None => None,
    }
}

/// Whether variables say which checks Spring's health endpoint includes.
fn has_health_groups(unit: &Unit<'_>) -> bool {
    unit.env.iter().any(|it| {
        let name = it.name.to_ascii_uppercase().replace(['.', '-'], "_");
        name.starts_with("MANAGEMENT_HEALTH_")
            || name.starts_with("MANAGEMENT_ENDPOINT_HEALTH_GROUP")
    })
}

/// Families of servers that Spring Boot and Quarkus ask in their health endpoints. Kafka is none of them in
/// Spring Boot (spring-boot, issue 12225).
///
/// Source: Spring Boot reference, "Auto-configured HealthIndicators".
const WITH_INDICATOR: &[&str] = &[
    "postgres",
    "mysql",
    "mariadb",
    "mssql",
    "oracle",
    "mongo",
    "redis",
    "valkey",
    "rabbitmq",
    "elasticsearch",
    "cassandra",
    "couchbase",
    "influxdb",
    "neo4j",
];

/// The beginnings of variables that configure a client with a health indicator.
const INDICATOR_VARIABLES: &[&str] = &[
    "SPRING_DATASOURCE_",
    "SPRING_R2DBC_",
    "SPRING_REDIS_",
    "SPRING_DATA_REDIS_",
    "SPRING_RABBITMQ_",
    "SPRING_DATA_MONGODB_",
    "SPRING_MONGODB_",
    "SPRING_ELASTICSEARCH_",
    "SPRING_CASSANDRA_",
    "SPRING_DATA_CASSANDRA_",
    "SPRING_NEO4J_",
    "QUARKUS_DATASOURCE_",
    "QUARKUS_MONGODB_",
    "QUARKUS_REDIS_",
];

/// Whether the files show that a program connects to a server that its health endpoint asks: by a variable
/// for the client, or by the host of one: a name that says so, or a Service before such a server.
fn has_health_indicator<'a>(facts: &Facts<'a>, workload: &Workload<'a>, unit: &Unit<'a>) -> bool {
    let is_client = |name: &str| {
        let name = name.to_ascii_uppercase().replace(['.', '-'], "_");
        INDICATOR_VARIABLES.iter().any(|it| name.starts_with(it))
    };
    let is_address = |value: &str| {
        ["jdbc:", "r2dbc:", "mongodb", "redis://", "rediss://", "amqp://", "amqps://"]
            .iter()
            .any(|it| value.starts_with(it))
    };
    let by_variable =
        unit.env.iter().any(|it| is_client(it.name) || it.value.is_some_and(is_address));
    let names_server = |host: &str| {
        let name = host.split('.').next().unwrap_or(host);
        let family = family_of(name).map(|it| it.0.id);
        family.is_some_and(|id| WITH_INDICATOR.contains(&id))
    };
    let leads_to_server = |host: &str| {
        let meant = facts.kube_host(workload.object.file, workload.namespace, host);
        let KubeHost::Service(service) = meant else { return false };
        let pods = facts.selected(service);
        let mut families = pods.iter().flat_map(|it| &it.units).filter_map(Unit::family);
        families.any(|it| WITH_INDICATOR.contains(&it.id))
    };
    by_variable
        || facts.peers(unit).iter().any(|it| names_server(it.host) || leads_to_server(it.host))
}

/// Options before the host that a client dials.
const HOST_OPTIONS: &[&str] = &["-h", "--host", "--hostname", "--bootstrap-server"];

/// Returns the hosts that the command of a probe dials: in an address with a port or a scheme, behind an
/// option for it, or as the first argument of `nc` and the like.
fn dialled_hosts(command: &[Str]) -> Vec<String> {
    let words: Vec<&str> = command.iter().map(|it| it.as_str()).collect();
    let mut hosts = Vec::new();
    for command in shell::commands_of_argv(&words) {
        let texts = command.texts();
        for (at, word) in texts.iter().enumerate() {
            hosts.extend(net::endpoints(word).iter().map(|it| it.host.to_owned()));
            hosts.extend(word.strip_prefix("--host=").map(str::to_owned));
            if at > 0 && HOST_OPTIONS.contains(&texts[at - 1]) {
                hosts.push((*word).to_owned());
            }
        }
        if matches!(command.name(), "nc" | "ncat" | "telnet") {
            let arguments = &command.program()[1..];
            let host = arguments.iter().find(|it| !it.text.starts_with('-'));
            hosts.extend(host.map(|it| it.text.to_string()));
        }
    }
    hosts
}

/// Returns an amount of memory as people say it: "512 MiB".
fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, size)| bytes >= *size) {
        Some((unit, size)) => format!("{} {unit}", two_decimals(bytes as f64 / *size as f64)),
        None => format!("{bytes} bytes"),
    }
}

/// Returns a number with at most two decimals.
fn two_decimals(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
