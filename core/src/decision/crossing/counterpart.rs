//! What the counterpart of a service really has in the place of a key, in words: one sentence for each key
//! that has a place in a workload, a Service or what scales it.

mod limits;

use super::Shared;
use crate::compare::cases::{of_mount, of_variable};
use crate::facts::{KubeService, Pair, probe_words, shortened, workload_label};
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::Case;
use crate::model::compose::{EnvSource, EnvVar, FileReference, Mount};
use crate::model::kubernetes::{Body, Object, PodSpec, ServicePort};
use crate::model::{IntOrStr, Str};
use crate::report::phrases::{amount, first_named, named};
use crate::text::Spanned;
use limits::{resources, security};

/// Maximum number of names in a list.
const NAMES: usize = 5;

/// Returns what the counterpart has in the place of a key; empty for a key without a place in a cluster.
pub fn words(pair: &Pair<'_, '_>, shared: &Shared<'_>, key: Key, case: Case) -> String {
    if case == Case::Proxy {
        return routes(pair, shared);
    }
    of(pair, key, case).unwrap_or_default()
}

/// Returns the routes that lead to the Pods, with their hosts.
fn routes(pair: &Pair<'_, '_>, shared: &Shared<'_>) -> String {
    let words = |object: &&Object| {
        let Body::Routes(routes) = &object.body else { return object.label() };
        let hosts: Vec<&str> = routes.hosts.iter().map(|it| it.as_str()).collect();
        match hosts[..] {
            [] => object.label(),
            _ => format!("{} for {}", object.label(), first_named(&hosts, NAMES)),
        }
    };
    let all: Vec<String> = leading_to(pair, shared).iter().map(words).collect();
    match &all[..] {
        [] => format!("no Ingress or HTTPRoute leads to {}", pair.label()),
        _ => all.join(" and "),
    }
}

fn leading_to<'f>(pair: &Pair<'_, '_>, shared: &Shared<'f>) -> Vec<&'f Object> {
    let services = pair.facts.services_for(pair.workload).into_iter();
    services.filter_map(|it| shared.routes.get(&it.index)).flatten().copied().collect()
}

/// Whether the counterpart has something in the place of a key that Kubernetes itself does not have.
pub fn stands_in(pair: &Pair<'_, '_>, shared: &Shared<'_>, key: Key, case: Case) -> bool {
    match (key, case) {
        (
            Key::Volumes,
            Case::Data
            | Case::Configuration
            | Case::Code
            | Case::Machine
            | Case::Anonymous
            | Case::Socket,
        ) => {
            let volumes = pair.service.model.volumes.iter();
            let mut own = volumes.filter(|it| of_mount(pair.facts, pair.service, it) == case);
            own.all(|it| pair.backing(&it.target).is_some())
        }
        (Key::DependsOn, _) => pair.facts.workload_waits(pair.workload),
        (_, Case::Proxy) => !leading_to(pair, shared).is_empty(),
        (Key::Build, _) => pair.container.image.is_some(),
        _ => false,
    }
}

/// Whether the counterpart has no field in the place of a key that would be carried over as it is.
pub fn lacks(pair: &Pair<'_, '_>, key: Key) -> bool {
    match key {
        Key::Tty => pair.container.tty.is_none_or(|it| !it.value),
        _ => false,
    }
}

fn of(pair: &Pair<'_, '_>, key: Key, case: Case) -> Option<String> {
    let model = pair.service.model;
    Some(match key {
        Key::Image | Key::Build => text_field(pair, "image", pair.container.image.as_ref()),
        Key::ContainerName => text_field(pair, "name", pair.container.name.as_ref()),
        // Where nothing replaces the arguments, the command may hold them too.
        Key::Command if pair.container.args.is_empty() && !pair.container.command.is_empty() => {
            list_field(pair, "command", &pair.container.command)
        }
        Key::Command => list_field(pair, "args", &pair.container.args),
        Key::Entrypoint => list_field(pair, "command", &pair.container.command),
        Key::WorkingDir => text_field(pair, "workingDir", pair.container.working_dir.as_ref()),
        Key::Environment => return environment(pair, |it| !is_of_file(it)),
        Key::EnvFile => return environment(pair, is_of_file),
        Key::Ports | Key::Expose | Key::Links => services(pair, case),
        Key::Labels | Key::DeployLabels => labels(pair),
        Key::Healthcheck => probes(pair),
        Key::Restart | Key::DeployRestartCondition => restart(pair),
        Key::Scale | Key::DeployReplicas => replicas(pair),
        Key::DeployMode => format!("runs as {}", pair.label()),
        Key::DeployPlacementConstraints
        | Key::DeployPlacementPreferences
        | Key::DeployPlacementMaxReplicasPerNode
        | Key::Platform => placement(pair),
        Key::DependsOn => waits(pair),
        Key::PreStart => init_containers(pair),
        Key::Volumes => {
            let of = |it: &Mount| of_mount(pair.facts, pair.service, it);
            let own = model.volumes.iter().filter(|it| of(it) == case);
            paths(pair, own.map(|it| it.target.as_str()))
        }
        Key::Tmpfs => {
            paths(pair, model.tmpfs.iter().map(|it| it.as_str().split(':').next().unwrap_or("")))
        }
        Key::ShmSize => paths(pair, std::iter::once("/dev/shm")),
        Key::Secrets => files(pair, &model.secrets, FileReference::SECRETS),
        Key::Configs => files(pair, &model.configs, FileReference::CONFIGS),
        Key::PullPolicy => {
            text_field(pair, "imagePullPolicy", pair.container.image_pull_policy.as_ref())
        }
        Key::StdinOpen => plain_field(pair, "stdin", pair.container.stdin),
        Key::Tty => plain_field(pair, "tty", pair.container.tty),
        Key::PostStart => {
            presence(pair, "lifecycle.postStart", pair.container.post_start.is_some())
        }
        Key::PreStop => presence(pair, "lifecycle.preStop", pair.container.pre_stop.is_some()),
        Key::User
        | Key::Privileged
        | Key::CapAdd
        | Key::CapDrop
        | Key::ReadOnly
        | Key::SecurityOpt => return security(pair, key),
        Key::StorageOpt
        | Key::MemLimit
        | Key::MemReservation
        | Key::Cpus
        | Key::CpuCount
        | Key::CpuPercent
        | Key::CpuShares
        | Key::CpuQuota
        | Key::CpuPeriod
        | Key::Gpus
        | Key::DeployLimitsCpus
        | Key::DeployLimitsMemory
        | Key::DeployReservationsCpus
        | Key::DeployReservationsMemory
        | Key::DeployReservationsDevices => return resources(pair, key),
        Key::NetworkMode
        | Key::Hostname
        | Key::Domainname
        | Key::ExtraHosts
        | Key::Dns
        | Key::StopGracePeriod
        | Key::Init
        | Key::Pid
        | Key::Ipc
        | Key::Runtime
        | Key::DeployUpdateParallelism
        | Key::DeployUpdateOrder
        | Key::DeployUpdateDelay
        | Key::DeployUpdateMonitor
        | Key::DeployRestartMaxAttempts => return pod(pair, key),
        // What has no place in a workload, a Service or what scales it.
        Key::Networks
        | Key::ExternalLinks
        | Key::DnsOpt
        | Key::DnsSearch
        | Key::MacAddress
        | Key::StopSignal
        | Key::LabelFile
        | Key::Annotations
        | Key::VolumesFrom
        | Key::MemSwappiness
        | Key::MemswapLimit
        | Key::OomKillDisable
        | Key::OomScoreAdj
        | Key::PidsLimit
        | Key::CpuRtPeriod
        | Key::CpuRtRuntime
        | Key::Cpuset
        | Key::BlkioConfig
        | Key::Devices
        | Key::DeviceCgroupRules
        | Key::GroupAdd
        | Key::CredentialSpec
        | Key::UsernsMode
        | Key::Uts
        | Key::Cgroup
        | Key::CgroupParent
        | Key::Sysctls
        | Key::Ulimits
        | Key::Isolation
        | Key::PullRefreshAfter
        | Key::Logging
        | Key::Attach
        | Key::Profiles
        | Key::Extends
        | Key::Develop
        | Key::Provider
        | Key::Models
        | Key::UseApiSocket
        | Key::DeployEndpointMode
        | Key::DeployUpdateFailureAction
        | Key::DeployUpdateMaxFailureRatio
        | Key::DeployRollbackParallelism
        | Key::DeployRollbackOrder
        | Key::DeployRollbackDelay
        | Key::DeployRollbackMonitor
        | Key::DeployRollbackFailureAction
        | Key::DeployRollbackMaxFailureRatio
        | Key::DeployLimitsPids
        | Key::DeployReservationsGenericResources
        | Key::DeployRestartDelay
        | Key::DeployRestartWindow => return None,
    })
}

fn found(pair: &Pair<'_, '_>, what: &str) -> String {
    format!("{what} in {}", pair.label())
}

fn text_field(pair: &Pair<'_, '_>, name: &str, value: Option<&Str>) -> String {
    match value {
        Some(value) => found(pair, &format!("`{name}: {}`", value.value)),
        None => found(pair, &format!("no `{name}`")),
    }
}

fn plain_field<T: std::fmt::Display>(
    pair: &Pair<'_, '_>,
    name: &str,
    value: Option<Spanned<T>>,
) -> String {
    match value {
        Some(value) => found(pair, &format!("`{name}: {}`", value.value)),
        None => found(pair, &format!("no `{name}`")),
    }
}

fn list_field(pair: &Pair<'_, '_>, name: &str, words: &[Str]) -> String {
    let words: Vec<&str> = words.iter().map(|it| it.value.as_str()).collect();
    match words[..] {
        [] => found(pair, &format!("no `{name}`")),
        _ => found(pair, &format!("`{name}: {}`", shortened(&words.join(" ")))),
    }
}

fn presence(pair: &Pair<'_, '_>, name: &str, present: bool) -> String {
    found(pair, &if present { format!("`{name}`") } else { format!("no `{name}`") })
}

/// Whether a variable stands in an `env_file`.
fn is_of_file(variable: &EnvVar) -> bool {
    matches!(variable.from, EnvSource::EnvFile(_))
}

/// Returns how many of some variables there are; `None` where Compose sets none that could be there.
fn environment(pair: &Pair<'_, '_>, is_own: impl Fn(&EnvVar) -> bool) -> Option<String> {
    let own = pair.service.model.environment.iter().filter(|it| is_own(it));
    let wanted = own.map(|it| it.name.value.as_str());
    let wanted: Vec<&str> = wanted.filter(|it| of_variable(it) == Case::Other).collect();
    if wanted.is_empty() {
        return None;
    }
    if pair.is_other_publisher() {
        return Some(found(pair, "variables of another image"));
    }
    let missing: Vec<&str> =
        wanted.iter().copied().filter(|name| pair.unit.var(name).is_none()).collect();
    let count = wanted.len() - missing.len();
    let all =
        found(pair, &format!("{} of {}", count, amount(wanted.len(), "variable", "variables")));
    let more = match pair.container.env_from.is_empty() {
        true => "",
        false => "; `envFrom` may add others",
    };
    Some(match missing[..] {
        [] => all,
        _ => format!("{all}; missing: {}{more}", first_named(&missing, NAMES)),
    })
}

/// Returns the Services with their ports. A port for UDP is reached only through a Service that passes UDP.
///
/// Source: <https://kubernetes.io/docs/reference/networking/service-protocols/>
fn services(pair: &Pair<'_, '_>, case: Case) -> String {
    let mut services = pair.facts.services_for(pair.workload);
    if services.is_empty() {
        return format!("no Service selects the Pods of {}", workload_label(pair.workload));
    }
    let is_udp = |port: &&ServicePort| {
        port.protocol.as_ref().is_some_and(|it| it.eq_ignore_ascii_case("udp"))
    };
    let is_meant = |port: &&ServicePort| case != Case::Udp || is_udp(port);
    if case == Case::Udp {
        services.retain(|service| service.model.ports.iter().any(|port| is_udp(&port)));
        if services.is_empty() {
            return format!(
                "no Service passes UDP to the Pods of {}",
                workload_label(pair.workload)
            );
        }
    }
    let one = |service: &&KubeService<'_>| {
        let ports = service.model.ports.iter().filter(is_meant);
        let ports: Vec<String> = ports.map(|port| port.label()).collect();
        match (&ports[..], service.model.is_headless()) {
            ([], true) => format!("a headless Service `{}`", service.name),
            ([], false) => format!("a Service `{}` without ports", service.name),
            ([port], _) => format!("a Service `{}` with port {port}", service.name),
            (_, _) => format!("a Service `{}` with ports {}", service.name, ports.join(", ")),
        }
    };
    services.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn labels(pair: &Pair<'_, '_>) -> String {
    let meta = &pair.workload.model.template.meta;
    let names: Vec<&str> = meta.labels.iter().map(|it| it.0.as_str()).collect();
    match names[..] {
        [] => found(pair, "no labels on the Pods"),
        _ => found(pair, &format!("the labels {} on the Pods", first_named(&names, NAMES))),
    }
}

fn probes(pair: &Pair<'_, '_>) -> String {
    let all = [
        ("readiness probe", &pair.container.readiness),
        ("liveness probe", &pair.container.liveness),
        ("startup probe", &pair.container.startup),
    ];
    let written: Vec<String> = all
        .into_iter()
        .filter_map(|(name, probe)| Some(format!("a {name} ({})", probe_words(probe.as_ref()?))))
        .collect();
    match &written[..] {
        [] => format!("no probe in {}", pair.label()),
        _ => found(pair, &written.join(" and ")),
    }
}

fn restart(pair: &Pair<'_, '_>) -> String {
    match &pair.workload.model.template.spec.restart_policy {
        Some(policy) => found(pair, &format!("`restartPolicy: {}`", policy.value)),
        None if pair.workload.kind().is_job() => found(pair, "no `restartPolicy`"),
        None => format!("{} always restarts its containers", pair.label()),
    }
}

fn replicas(pair: &Pair<'_, '_>) -> String {
    let scaled = !pair.workload.autoscalers.is_empty();
    match pair.facts.replica_range(pair.workload) {
        Some((min, max)) if scaled => {
            format!("{min} to {max} replicas of {}, by an autoscaler", pair.label())
        }
        Some((count, _)) => found(pair, &format!("`replicas: {count}`")),
        None if scaled => format!("an autoscaler sets the replicas of {}", pair.label()),
        None => format!("the cluster sets the number of Pods of {}", pair.label()),
    }
}

fn placement(pair: &Pair<'_, '_>) -> String {
    let spec = &pair.workload.model.template.spec;
    let mut parts: Vec<String> = Vec::new();
    for (label, value) in &spec.node_selector {
        parts.push(format!("`{}: {}` in `nodeSelector`", label.value, value.value));
    }
    if spec.affinity.node.is_some() {
        parts.push("node affinity".to_owned());
    }
    if spec.affinity.anti.is_some() {
        parts.push("anti-affinity between Pods".to_owned());
    }
    if !spec.topology_spread.is_empty() {
        parts.push("`topologySpreadConstraints`".to_owned());
    }
    match &parts[..] {
        [] => found(pair, "no `nodeSelector`, affinity or spread"),
        _ => found(pair, &parts.join(" and ")),
    }
}

/// Returns what waits in the Pods: init containers, and start commands.
fn waits(pair: &Pair<'_, '_>) -> String {
    let waiting = pair.facts.waiting_units(pair.workload);
    let names: Vec<&str> = waiting.map(|it| it.name.as_str()).collect();
    let init = &pair.workload.model.template.spec.init_containers;
    match names[..] {
        [] if init.is_empty() => found(pair, "no init container"),
        [] => format!("no init container of {} waits for anything", workload_label(pair.workload)),
        [name] if init.iter().any(|it| it.label() == name) => {
            found(pair, &format!("the init container `{name}`"))
        }
        [name] => format!("the start command of container `{name}` waits"),
        _ => found(pair, &format!("the containers {}, which wait", named(&names))),
    }
}

fn init_containers(pair: &Pair<'_, '_>) -> String {
    let spec = &pair.workload.model.template.spec;
    let names: Vec<&str> = spec.init_containers.iter().map(|it| it.label()).collect();
    match names[..] {
        [] => found(pair, "no init container"),
        [name] => found(pair, &format!("the init container `{name}`")),
        _ => found(pair, &format!("the init containers {}", named(&names))),
    }
}

fn files(pair: &Pair<'_, '_>, references: &[FileReference], folder: &str) -> String {
    let all: Vec<String> = references.iter().map(|it| it.path(folder)).collect();
    paths(pair, all.iter().map(String::as_str))
}

/// Returns what is mounted at each path.
fn paths<'p>(pair: &Pair<'_, '_>, paths: impl Iterator<Item = &'p str>) -> String {
    let one = |path: &str| {
        let path = path.trim_end_matches('/');
        format!("{} at `{}`", pair.mounted_words(path), pair.path_in_cluster(path))
    };
    let mut all: Vec<String> = paths.map(one).collect();
    let more = all.len().saturating_sub(NAMES);
    all.truncate(NAMES);
    if more > 0 {
        all.push(format!("{more} more paths"));
    }
    found(pair, &all.join(", "))
}

/// Returns a field of the Pod or of the update.
fn pod(pair: &Pair<'_, '_>, key: Key) -> Option<String> {
    let spec: &PodSpec = &pair.workload.model.template.spec;
    Some(match key {
        Key::Hostname => text_field(pair, "hostname", spec.hostname.as_ref()),
        Key::Domainname => text_field(pair, "subdomain", spec.subdomain.as_ref()),
        Key::NetworkMode => plain_field(pair, "hostNetwork", spec.host_network),
        Key::Pid => plain_field(pair, "hostPID", spec.host_pid),
        Key::Ipc => plain_field(pair, "hostIPC", spec.host_ipc),
        Key::Init => plain_field(pair, "shareProcessNamespace", spec.share_process_namespace),
        Key::Runtime => text_field(pair, "runtimeClassName", spec.runtime_class_name.as_ref()),
        Key::Dns => text_field(pair, "dnsPolicy", spec.dns_policy.as_ref()),
        Key::StopGracePeriod => plain_field(
            pair,
            "terminationGracePeriodSeconds",
            spec.termination_grace_period_seconds,
        ),
        Key::ExtraHosts => {
            let names: Vec<&str> = spec
                .host_aliases
                .iter()
                .flat_map(|it| &it.hostnames)
                .map(|it| it.as_str())
                .collect();
            match names[..] {
                [] => found(pair, "no `hostAliases`"),
                _ => found(pair, &format!("`hostAliases` for {}", first_named(&names, NAMES))),
            }
        }
        Key::DeployUpdateOrder | Key::DeployUpdateParallelism => strategy(pair),
        Key::DeployUpdateDelay | Key::DeployUpdateMonitor => {
            plain_field(pair, "minReadySeconds", pair.workload.model.min_ready_seconds)
        }
        Key::DeployRestartMaxAttempts => {
            plain_field(pair, "backoffLimit", pair.workload.model.job.backoff_limit)
        }
        _ => return None,
    })
}

fn strategy(pair: &Pair<'_, '_>) -> String {
    let Some(strategy) = &pair.workload.model.strategy else {
        return found(pair, "no update strategy of its own");
    };
    let kind = strategy.kind.as_ref().map_or("RollingUpdate", |it| it.as_str());
    let amount = |name: &str, value: &Option<Spanned<IntOrStr>>| {
        value.as_ref().map(|it| format!(" with `{name}: {}`", it.value)).unwrap_or_default()
    };
    let surge = amount("maxSurge", &strategy.max_surge);
    let unavailable = amount("maxUnavailable", &strategy.max_unavailable);
    found(pair, &format!("the strategy `{kind}`{surge}{unavailable}"))
}
