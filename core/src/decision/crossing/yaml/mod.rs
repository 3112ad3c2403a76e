//! What to write in the place of a key, as YAML with the values of the service.
//!
//! A fragment without `kind` is a part of the workload, of the kind that the counterpart has or would have;
//! what else a key needs (a Service, a claim) follows as objects of their own. Nothing is guessed: a value
//! that the files do not show gives no fragment. The one exception is the size of a claim, which Compose does
//! not know and Kubernetes requires: a comment beside it asks for a choice.

mod container;
mod draft;
mod names;
mod network;
mod placement;
mod rollout;
mod security;
mod storage;

pub use draft::{Names, dns_label};
pub use names::Labels;

use super::Shared;
use crate::edit::Yaml;
use crate::facts::{Facts, Service};
use crate::knowledge::compose_key::Key;
use crate::knowledge::compose_keys::Case;
use crate::model::compose::KeyValue;
use crate::model::kubernetes::WorkloadKind;

/// A service and the names under which the cluster has it, or would have it.
#[derive(Debug)]
pub struct Context<'c, 'f> {
    pub facts: &'c Facts<'f>,
    pub service: &'c Service<'f>,
    pub names: Names,
    /// The kind of the counterpart, or of the workload that the service would become.
    pub kind: WorkloadKind,
    pub shared: &'c Shared<'f>,
}

/// Returns what to write for a key of a service, as text; empty where there is nothing to write or the
/// files do not show the values.
pub fn fragment(context: &Context<'_, '_>, key: Key, case: Case) -> String {
    let Some(writer) = writer_of(key, case) else { return String::new() };
    let draft = match writer {
        Writer::Container => container::draft(context, key, case),
        Writer::Network => network::draft(context, key, case),
        Writer::Security => security::draft(context, key),
        Writer::Storage => storage::draft(context, key, case),
        Writer::Rollout => rollout::draft(context, key, case),
        Writer::Placement => placement::draft(context, key),
    };
    draft.map(|draft| draft.render(&context.names, context.kind)).unwrap_or_default()
}

/// The modules that write fragments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Container,
    Network,
    Security,
    Storage,
    Rollout,
    Placement,
}

/// Returns the module that writes what takes the place of a key in a case of its values; `None` for a key
/// without a place in Kubernetes.
fn writer_of(key: Key, case: Case) -> Option<Writer> {
    Some(match key {
        Key::Image
        | Key::Command
        | Key::Entrypoint
        | Key::WorkingDir
        | Key::EnvFile
        | Key::Healthcheck
        | Key::Annotations
        | Key::StdinOpen
        | Key::Tty
        | Key::PullPolicy
        | Key::PreStart
        | Key::PostStart
        | Key::PreStop
        | Key::MemLimit
        | Key::MemReservation
        | Key::Cpus
        | Key::CpuShares
        | Key::Gpus
        | Key::DeployLimitsCpus
        | Key::DeployLimitsMemory
        | Key::DeployReservationsCpus
        | Key::DeployReservationsMemory
        | Key::DeployReservationsDevices => Writer::Container,
        Key::Ports
        | Key::Expose
        | Key::NetworkMode
        | Key::Pid
        | Key::Ipc
        | Key::Hostname
        | Key::Domainname
        | Key::ExtraHosts
        | Key::Dns
        | Key::DnsSearch
        | Key::DeployEndpointMode => Writer::Network,
        Key::User
        | Key::GroupAdd
        | Key::Privileged
        | Key::ReadOnly
        | Key::CapAdd
        | Key::CapDrop
        | Key::SecurityOpt
        | Key::Sysctls
        | Key::Runtime => Writer::Security,
        Key::Volumes | Key::Secrets | Key::Configs | Key::Tmpfs | Key::ShmSize | Key::Devices => {
            Writer::Storage
        }
        Key::Scale
        | Key::StopGracePeriod
        | Key::Restart
        | Key::DeployReplicas
        | Key::DeployMode
        | Key::DeployRestartCondition
        | Key::DeployRestartMaxAttempts
        | Key::DeployUpdateOrder
        | Key::DeployUpdateParallelism
        | Key::DeployUpdateDelay
        | Key::DeployUpdateMonitor => Writer::Rollout,
        Key::Platform
        | Key::DeployPlacementConstraints
        | Key::DeployPlacementPreferences
        | Key::DeployPlacementMaxReplicasPerNode => Writer::Placement,
        // Routes of a proxy have fragments of their own.
        Key::Environment | Key::Labels if case == Case::Proxy => Writer::Network,
        Key::DeployLabels if case == Case::Proxy => Writer::Network,
        Key::Environment | Key::Labels => Writer::Container,
        Key::DeployLabels => Writer::Rollout,
        Key::Build
        | Key::ContainerName
        | Key::Networks
        | Key::Links
        | Key::ExternalLinks
        | Key::DnsOpt
        | Key::MacAddress
        | Key::DependsOn
        | Key::StopSignal
        | Key::Init
        | Key::LabelFile
        | Key::VolumesFrom
        | Key::StorageOpt
        | Key::MemSwappiness
        | Key::MemswapLimit
        | Key::OomKillDisable
        | Key::OomScoreAdj
        | Key::PidsLimit
        | Key::CpuCount
        | Key::CpuPercent
        | Key::CpuQuota
        | Key::CpuPeriod
        | Key::CpuRtPeriod
        | Key::CpuRtRuntime
        | Key::Cpuset
        | Key::BlkioConfig
        | Key::DeviceCgroupRules
        | Key::CredentialSpec
        | Key::UsernsMode
        | Key::Uts
        | Key::Cgroup
        | Key::CgroupParent
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

/// Returns labels as labels where Kubernetes accepts them and as annotations where not.
fn labels_and_annotations(all: &[KeyValue]) -> Vec<(&'static str, Yaml<'static>)> {
    let mut labels = Vec::new();
    let mut annotations = Vec::new();
    for label in
        all.iter().filter(|it| crate::compare::cases::of_label(&it.key.value) == Case::Other)
    {
        let value = label.value.as_ref().map_or("", |it| it.as_str());
        let name = label.key.to_string();
        if !is_label_name(&name) {
            continue;
        }
        let list = if is_label_value(value) { &mut labels } else { &mut annotations };
        list.push((name, Yaml::str(value.to_owned())));
    }
    let mut entries = Vec::new();
    if !labels.is_empty() {
        entries.push(("labels", Yaml::map(labels)));
    }
    if !annotations.is_empty() {
        entries.push(("annotations", Yaml::map(annotations)));
    }
    entries
}

/// Whether Kubernetes accepts a value of a label: at most 63 letters, digits and `-_.`, with a letter or a
/// digit at both ends.
///
/// Source: <https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/>
fn is_label_value(value: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let ends = |text: &str| {
        text.starts_with(|it: char| it.is_ascii_alphanumeric())
            && text.ends_with(|it: char| it.is_ascii_alphanumeric())
    };
    value.is_empty() || (value.len() <= 63 && value.chars().all(plain) && ends(value))
}

/// Whether Kubernetes accepts the name of a label or an annotation: a name as the value of a label, and
/// before it a domain with a slash or nothing.
fn is_label_name(name: &str) -> bool {
    let (domain, own) = name.split_once('/').map_or((None, name), |it| (Some(it.0), it.1));
    let plain = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-.".contains(letter)
    };
    !own.is_empty()
        && is_label_value(own)
        && domain.is_none_or(|it| !it.is_empty() && it.len() <= 253 && it.chars().all(plain))
}
