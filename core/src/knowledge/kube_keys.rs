//! The keys of the Kubernetes types that people write by hand: which key is wrong, which one was
//! meant, and where it belongs.
//!
//! Source: Kubernetes API reference, "Workload Resources" and "Service Resources", release 1.34.

use crate::words::{is_among, split_once};

/// The types: their names, what people call them, and in the lines below their keys.
const TABLE: &str = "\
Container: a container
 args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe
 resizePolicy resources restartPolicy securityContext startupProbe stdin stdinOnce
 terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir

PodSpec: the Pod's `spec`
 activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy
 enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers
 hostname imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy
 priority priorityClassName readinessGates resources restartPolicy runtimeClassName schedulerName
 schedulingGates securityContext serviceAccountName setHostnameAsFQDN shareProcessNamespace
 subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes

PodTemplateSpec: the Pod template
 metadata spec

DeploymentSpec: the `spec` of a Deployment
 minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector strategy
 template

StatefulSetSpec: the `spec` of a StatefulSet
 minReadySeconds ordinals persistentVolumeClaimRetentionPolicy podManagementPolicy replicas
 revisionHistoryLimit selector serviceName template updateStrategy volumeClaimTemplates

DaemonSetSpec: the `spec` of a DaemonSet
 minReadySeconds revisionHistoryLimit selector template updateStrategy

CronJobSpec: the `spec` of a CronJob
 concurrencyPolicy failedJobsHistoryLimit jobTemplate schedule startingDeadlineSeconds
 successfulJobsHistoryLimit suspend timeZone

JobSpec: the `spec` of a Job
 activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions
 manualSelector maxFailedIndexes parallelism podFailurePolicy podReplacementPolicy selector
 successPolicy suspend template ttlSecondsAfterFinished

Probe: a probe
 exec failureThreshold grpc httpGet initialDelaySeconds periodSeconds successThreshold tcpSocket
 terminationGracePeriodSeconds timeoutSeconds

HTTPGetAction: `httpGet`
 host httpHeaders path port scheme

ContainerPort: a container's port
 containerPort hostIP hostPort name protocol

VolumeMount: a volume mount
 mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr

ResourceRequirements: `resources`
 claims limits requests

EnvVar: a variable
 name value valueFrom

ServiceSpec: the `spec` of a Service
 clusterIP clusterIPs externalIPs externalName externalTrafficPolicy internalTrafficPolicy
 ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges ports
 publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig type

ServicePort: a Service's port
 appProtocol name nodePort port protocol targetPort

ObjectMeta: `metadata`
 annotations finalizers generateName labels name namespace ownerReferences

LabelSelector: a label selector
 matchExpressions matchLabels

SecurityContext: a container's `securityContext`
 allowPrivilegeEscalation appArmorProfile capabilities privileged procMount
 readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions seccompProfile
 windowsOptions

PodSecurityContext: the Pod's `securityContext`
 fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxOptions seccompProfile
 supplementalGroups sysctls

HorizontalPodAutoscalerSpec: the `spec` of a HorizontalPodAutoscaler
 behavior maxReplicas metrics minReplicas scaleTargetRef

PodDisruptionBudgetSpec: the `spec` of a PodDisruptionBudget
 maxUnavailable minAvailable selector unhealthyPodEvictionPolicy

IngressSpec: the `spec` of an Ingress
 defaultBackend ingressClassName rules tls

HTTPIngressPath: an Ingress path
 backend path pathType

PersistentVolumeClaimSpec: the `spec` of a claim
 accessModes dataSource dataSourceRef resources selector storageClassName volumeMode volumeName

TopologySpreadConstraint: a topology spread constraint
 labelSelector matchLabelKeys maxSkew minDomains nodeAffinityPolicy nodeTaintsPolicy topologyKey
 whenUnsatisfiable
";

/// Keys that are right, but that nobody means: what the server fills in, what is deprecated, what is
/// as rare as new. Each type's name, and behind it its keys.
const RARE: &str = "\
Container restartPolicyRules targetContainerName
PodSpec hostnameOverride resourceClaims workloadRef
DeploymentSpec rollbackTo
DaemonSetSpec templateGeneration
JobSpec managedBy
ServiceSpec allocateLoadBalancerNodePorts healthCheckNodePort ipFamily topologyKeys trafficDistribution
ObjectMeta clusterName creationTimestamp deletionGracePeriodSeconds deletionTimestamp generation \
 managedFields resourceVersion selfLink uid
PodSecurityContext seLinuxChangePolicy supplementalGroupsPolicy
PersistentVolumeClaimSpec volumeAttributesClassName
";

/// What people call a type, and its keys. Only the first line of a type has a colon.
fn row_of(owner: &str) -> Option<(&'static str, &'static str)> {
    let named = |at: &usize| {
        TABLE[..*at].strip_suffix(owner).is_some_and(|it| it.is_empty() || it.ends_with('\n'))
    };
    let colon = memchr::memchr_iter(b':', TABLE.as_bytes()).find(named)?;
    let (called, keys) = split_once(&TABLE[colon + 2..], "\n")?;
    Some((called, split_once(keys, "\n\n").map_or(keys, |it| it.0)))
}

/// Whether a type that is known has no such key.
#[must_use]
pub fn is_wrong(owner: &str, key: &str) -> bool {
    let Some((_, keys)) = row_of(owner) else { return false };
    let rare = RARE.lines().find_map(|it| it.strip_prefix(owner)?.strip_prefix(' '));
    !is_among(keys, key) && !rare.is_some_and(|it| is_among(it, key))
}

/// The keys of a type; empty for one that is not in the table.
#[must_use]
pub fn known_keys(owner: &str) -> Vec<&'static str> {
    row_of(owner).map_or_else(Vec::new, |it| it.1.split_ascii_whitespace().collect())
}

/// What people call a type: "a container", "the Pod's spec".
#[must_use]
pub fn words_for(owner: &str) -> Option<&'static str> {
    row_of(owner).map(|it| it.0)
}

/// The key that is meant by another word for the same thing.
#[must_use]
pub fn synonym(owner: &str, key: &str) -> Option<&'static str> {
    const WORDS: &str = "ContainerPort:port=containerPort ContainerPort:targetPort=containerPort \
        ServicePort:containerPort=targetPort VolumeMount:path=mountPath \
        VolumeMount:volumeName=name Container:environment=env Container:entrypoint=command \
        Container:healthcheck=livenessProbe Probe:timeout=timeoutSeconds \
        Probe:interval=periodSeconds Probe:retries=failureThreshold";
    let meant = |it: &'static str| {
        it.strip_prefix(owner)?.strip_prefix(':')?.strip_prefix(key)?.strip_prefix('=')
    };
    WORDS.split(' ').find_map(meant)
}

/// Where a key of a workload that stands at the wrong level belongs, the nearest place first. Keys
/// that many types have (`name`, `resources`) say nothing.
#[must_use]
pub fn belongs_to(key: &str) -> Option<&'static str> {
    const WORKLOAD: &str =
        "Container PodSpec PodTemplateSpec Probe SecurityContext DeploymentSpec JobSpec";
    if is_among("name metadata spec", key) {
        return None;
    }
    let mut found = WORKLOAD.split(' ').filter(|it| known_keys(it).contains(&key));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_words_and_no_key_twice() {
        let rows: Vec<&str> = TABLE.split("\n\n").collect();
        assert_eq!(rows.len(), 26);
        for (owner, _) in rows.iter().filter_map(|it| it.split_once(": ")) {
            assert!(words_for(owner).is_some_and(|it| !it.is_empty()), "{owner}");
            let keys: Vec<&str> = known_keys(owner);
            assert!(!keys.is_empty(), "{owner}");
            let mut sorted = keys.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), keys.len(), "{owner}");
        }
    }

    #[test]
    fn what_a_type_has_is_not_wrong() {
        assert!(!is_wrong("PodSpec", "overhead"));
        assert!(!is_wrong("PodSpec", "hostnameOverride"));
        assert!(!is_wrong("ObjectMeta", "uid"));
        assert!(is_wrong("PodSpec", "uid"));
        assert!(is_wrong("Container", "a container"));
        assert!(!is_wrong("Toleration", "anything"), "not in the table");
        for row in RARE.lines() {
            let (owner, keys) = row.split_once(' ').unwrap();
            for key in keys.split(' ') {
                assert!(!is_wrong(owner, key), "{key}");
                assert!(!known_keys(owner).contains(&key), "{key} stands twice");
            }
        }
    }

    #[test]
    fn only_telling_keys_have_a_place() {
        assert_eq!(belongs_to("livenessProbe"), Some("Container"));
        assert_eq!(belongs_to("nodeSelector"), Some("PodSpec"));
        assert_eq!(belongs_to("replicas"), Some("DeploymentSpec"));
        assert_eq!(belongs_to("resources"), None);
        assert_eq!(belongs_to("name"), None);
    }
}
