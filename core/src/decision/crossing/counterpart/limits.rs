//! What the counterpart of a service may do and use: its security context, requests and limits.

use super::{found, list_field, plain_field};
use crate::facts::Pair;
use crate::knowledge::compose_key::Key;
use crate::model::kubernetes::SecurityContext;

/// Returns a field of the container's security context, or else that of the Pod, which the container
/// inherits.
fn inherited<T>(pair: &Pair<'_, '_>, field: impl Fn(&SecurityContext) -> Option<T>) -> Option<T> {
    let of_pod = pair.workload.model.template.spec.security.as_ref();
    let own = pair.container.security.as_ref().and_then(&field);
    own.or_else(|| of_pod.and_then(&field))
}

pub(super) fn security(pair: &Pair<'_, '_>, key: Key) -> Option<String> {
    let empty = Vec::new();
    let own = pair.container.security.as_ref();
    Some(match key {
        Key::User => plain_field(pair, "runAsUser", inherited(pair, |it| it.run_as_user)),
        Key::Privileged => plain_field(pair, "privileged", own.and_then(|it| it.privileged)),
        Key::ReadOnly => plain_field(
            pair,
            "readOnlyRootFilesystem",
            own.and_then(|it| it.read_only_root_filesystem),
        ),
        // Source: <https://kubernetes.io/docs/concepts/security/linux-kernel-security-constraints/#privileged-containers>
        Key::CapAdd if own.and_then(|it| it.privileged).is_some_and(|it| it.value) => {
            format!("every capability, by `privileged: true` in {}", pair.label())
        }
        Key::CapAdd => {
            list_field(pair, "capabilities.add", own.map_or(&empty, |it| &it.capabilities_add))
        }
        Key::CapDrop => {
            list_field(pair, "capabilities.drop", own.map_or(&empty, |it| &it.capabilities_drop))
        }
        Key::SecurityOpt => plain_field(
            pair,
            "allowPrivilegeEscalation",
            own.and_then(|it| it.allow_privilege_escalation),
        ),
        _ => return None,
    })
}

pub(super) fn resources(pair: &Pair<'_, '_>, key: Key) -> Option<String> {
    let resources = pair.container.resources.as_ref();
    let limit = |name| resources.and_then(|it| it.limit(name));
    let request = |name| resources.and_then(|it| it.request(name));
    let (field, value) = match key {
        Key::MemLimit | Key::DeployLimitsMemory => ("limits.memory", limit("memory")),
        Key::MemReservation | Key::DeployReservationsMemory => {
            ("requests.memory", request("memory"))
        }
        Key::Cpus
        | Key::CpuCount
        | Key::CpuPercent
        | Key::CpuQuota
        | Key::CpuPeriod
        | Key::DeployLimitsCpus => ("limits.cpu", limit("cpu")),
        Key::CpuShares | Key::DeployReservationsCpus => ("requests.cpu", request("cpu")),
        Key::StorageOpt => ("limits.ephemeral-storage", limit("ephemeral-storage")),
        Key::Gpus | Key::DeployReservationsDevices => {
            let gpus: Vec<String> = resources
                .into_iter()
                .flat_map(|it| it.gpus())
                .map(|it| format!("`resources.limits.{}: {}`", it.name.value, it.raw.value))
                .collect();
            return Some(match &gpus[..] {
                [] => found(pair, "no limit for GPUs"),
                _ => found(pair, &gpus.join(" and ")),
            });
        }
        _ => return None,
    };
    Some(match value {
        Some(value) => found(pair, &format!("`resources.{field}: {}`", value.raw.value)),
        None => found(pair, &format!("no `resources.{field}`")),
    })
}
