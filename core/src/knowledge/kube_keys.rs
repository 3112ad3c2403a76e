//! The keys of the Kubernetes types that people write by hand, for suggestions: which key was meant,
//! and where it belongs. Whether a key is wrong is the readers' business, not this table's.
//!
//! Source: Kubernetes API reference, "Workload Resources" and "Service Resources", release 1.34.

/// A type's name and its keys.
type Keys = (&'static str, &'static [&'static str]);

const TABLE: &[Keys] = &[
    (
        "Container",
        &[
            "args",
            "command",
            "env",
            "envFrom",
            "image",
            "imagePullPolicy",
            "lifecycle",
            "livenessProbe",
            "name",
            "ports",
            "readinessProbe",
            "resizePolicy",
            "resources",
            "restartPolicy",
            "securityContext",
            "startupProbe",
            "stdin",
            "stdinOnce",
            "terminationMessagePath",
            "terminationMessagePolicy",
            "tty",
            "volumeDevices",
            "volumeMounts",
            "workingDir",
        ],
    ),
    (
        "PodSpec",
        &[
            "activeDeadlineSeconds",
            "affinity",
            "automountServiceAccountToken",
            "containers",
            "dnsConfig",
            "dnsPolicy",
            "enableServiceLinks",
            "ephemeralContainers",
            "hostAliases",
            "hostIPC",
            "hostNetwork",
            "hostPID",
            "hostUsers",
            "hostname",
            "imagePullSecrets",
            "initContainers",
            "nodeName",
            "nodeSelector",
            "os",
            "overhead",
            "preemptionPolicy",
            "priority",
            "priorityClassName",
            "readinessGates",
            "resources",
            "restartPolicy",
            "runtimeClassName",
            "schedulerName",
            "schedulingGates",
            "securityContext",
            "serviceAccountName",
            "setHostnameAsFQDN",
            "shareProcessNamespace",
            "subdomain",
            "terminationGracePeriodSeconds",
            "tolerations",
            "topologySpreadConstraints",
            "volumes",
        ],
    ),
    ("PodTemplateSpec", &["metadata", "spec"]),
    (
        "DeploymentSpec",
        &[
            "minReadySeconds",
            "paused",
            "progressDeadlineSeconds",
            "replicas",
            "revisionHistoryLimit",
            "selector",
            "strategy",
            "template",
        ],
    ),
    (
        "StatefulSetSpec",
        &[
            "minReadySeconds",
            "ordinals",
            "persistentVolumeClaimRetentionPolicy",
            "podManagementPolicy",
            "replicas",
            "revisionHistoryLimit",
            "selector",
            "serviceName",
            "template",
            "updateStrategy",
            "volumeClaimTemplates",
        ],
    ),
    (
        "DaemonSetSpec",
        &["minReadySeconds", "revisionHistoryLimit", "selector", "template", "updateStrategy"],
    ),
    (
        "CronJobSpec",
        &[
            "concurrencyPolicy",
            "failedJobsHistoryLimit",
            "jobTemplate",
            "schedule",
            "startingDeadlineSeconds",
            "successfulJobsHistoryLimit",
            "suspend",
            "timeZone",
        ],
    ),
    (
        "JobSpec",
        &[
            "activeDeadlineSeconds",
            "backoffLimit",
            "backoffLimitPerIndex",
            "completionMode",
            "completions",
            "manualSelector",
            "maxFailedIndexes",
            "parallelism",
            "podFailurePolicy",
            "podReplacementPolicy",
            "selector",
            "successPolicy",
            "suspend",
            "template",
            "ttlSecondsAfterFinished",
        ],
    ),
    (
        "Probe",
        &[
            "exec",
            "failureThreshold",
            "grpc",
            "httpGet",
            "initialDelaySeconds",
            "periodSeconds",
            "successThreshold",
            "tcpSocket",
            "terminationGracePeriodSeconds",
            "timeoutSeconds",
        ],
    ),
    ("HTTPGetAction", &["host", "httpHeaders", "path", "port", "scheme"]),
    ("ContainerPort", &["containerPort", "hostIP", "hostPort", "name", "protocol"]),
    (
        "VolumeMount",
        &[
            "mountPath",
            "mountPropagation",
            "name",
            "readOnly",
            "recursiveReadOnly",
            "subPath",
            "subPathExpr",
        ],
    ),
    ("ResourceRequirements", &["claims", "limits", "requests"]),
    ("EnvVar", &["name", "value", "valueFrom"]),
    (
        "ServiceSpec",
        &[
            "clusterIP",
            "clusterIPs",
            "externalIPs",
            "externalName",
            "externalTrafficPolicy",
            "internalTrafficPolicy",
            "ipFamilies",
            "ipFamilyPolicy",
            "loadBalancerClass",
            "loadBalancerIP",
            "loadBalancerSourceRanges",
            "ports",
            "publishNotReadyAddresses",
            "selector",
            "sessionAffinity",
            "sessionAffinityConfig",
            "type",
        ],
    ),
    ("ServicePort", &["appProtocol", "name", "nodePort", "port", "protocol", "targetPort"]),
    (
        "ObjectMeta",
        &[
            "annotations",
            "finalizers",
            "generateName",
            "labels",
            "name",
            "namespace",
            "ownerReferences",
        ],
    ),
    ("LabelSelector", &["matchExpressions", "matchLabels"]),
    (
        "SecurityContext",
        &[
            "allowPrivilegeEscalation",
            "appArmorProfile",
            "capabilities",
            "privileged",
            "procMount",
            "readOnlyRootFilesystem",
            "runAsGroup",
            "runAsNonRoot",
            "runAsUser",
            "seLinuxOptions",
            "seccompProfile",
            "windowsOptions",
        ],
    ),
    (
        "PodSecurityContext",
        &[
            "fsGroup",
            "fsGroupChangePolicy",
            "runAsGroup",
            "runAsNonRoot",
            "runAsUser",
            "seLinuxOptions",
            "seccompProfile",
            "supplementalGroups",
            "sysctls",
        ],
    ),
    (
        "HorizontalPodAutoscalerSpec",
        &["behavior", "maxReplicas", "metrics", "minReplicas", "scaleTargetRef"],
    ),
    (
        "PodDisruptionBudgetSpec",
        &["maxUnavailable", "minAvailable", "selector", "unhealthyPodEvictionPolicy"],
    ),
    ("IngressSpec", &["defaultBackend", "ingressClassName", "rules", "tls"]),
    ("HTTPIngressPath", &["backend", "path", "pathType"]),
    (
        "PersistentVolumeClaimSpec",
        &[
            "accessModes",
            "dataSource",
            "dataSourceRef",
            "resources",
            "selector",
            "storageClassName",
            "volumeMode",
            "volumeName",
        ],
    ),
    (
        "TopologySpreadConstraint",
        &[
            "labelSelector",
            "matchLabelKeys",
            "maxSkew",
            "minDomains",
            "nodeAffinityPolicy",
            "nodeTaintsPolicy",
            "topologyKey",
            "whenUnsatisfiable",
        ],
    ),
];

/// The keys of a type; empty for one that is not in the table.
#[must_use]
pub fn known_keys(owner: &str) -> &'static [&'static str] {
    TABLE.iter().find(|it| it.0 == owner).map_or(&[], |it| it.1)
}

/// What people call a type: "a container", "the Pod's spec".
#[must_use]
pub fn words_for(owner: &str) -> Option<&'static str> {
    Some(match owner {
        "Container" => "a container",
        "PodSpec" => "the Pod's `spec`",
        "PodTemplateSpec" => "the Pod template",
        "DeploymentSpec" => "the `spec` of a Deployment",
        "StatefulSetSpec" => "the `spec` of a StatefulSet",
        "DaemonSetSpec" => "the `spec` of a DaemonSet",
        "CronJobSpec" => "the `spec` of a CronJob",
        "JobSpec" => "the `spec` of a Job",
        "Probe" => "a probe",
        "HTTPGetAction" => "`httpGet`",
        "ContainerPort" => "a container's port",
        "VolumeMount" => "a volume mount",
        "ResourceRequirements" => "`resources`",
        "EnvVar" => "a variable",
        "ServiceSpec" => "the `spec` of a Service",
        "ServicePort" => "a Service's port",
        "ObjectMeta" => "`metadata`",
        "LabelSelector" => "a label selector",
        "SecurityContext" => "a container's `securityContext`",
        "PodSecurityContext" => "the Pod's `securityContext`",
        "HorizontalPodAutoscalerSpec" => "the `spec` of a HorizontalPodAutoscaler",
        "PodDisruptionBudgetSpec" => "the `spec` of a PodDisruptionBudget",
        "IngressSpec" => "the `spec` of an Ingress",
        "HTTPIngressPath" => "an Ingress path",
        "PersistentVolumeClaimSpec" => "the `spec` of a claim",
        "TopologySpreadConstraint" => "a topology spread constraint",
        _ => return None,
    })
}

/// The key that is meant by another word for the same thing.
#[must_use]
pub fn synonym(owner: &str, key: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str, &str)] = &[
        ("ContainerPort", "port", "containerPort"),
        ("ContainerPort", "targetPort", "containerPort"),
        ("ServicePort", "containerPort", "targetPort"),
        ("VolumeMount", "path", "mountPath"),
        ("VolumeMount", "volumeName", "name"),
        ("Container", "environment", "env"),
        ("Container", "entrypoint", "command"),
        ("Container", "healthcheck", "livenessProbe"),
        ("Probe", "timeout", "timeoutSeconds"),
        ("Probe", "interval", "periodSeconds"),
        ("Probe", "retries", "failureThreshold"),
    ];
    WORDS.iter().find(|it| it.0 == owner && it.1 == key).map(|it| it.2)
}

/// Where a key of a workload that stands at the wrong level belongs, the nearest place first. Keys
/// that many types have (`name`, `resources`) say nothing.
#[must_use]
pub fn belongs_to(key: &str) -> Option<&'static str> {
    const WORKLOAD: &[&str] = &[
        "Container",
        "PodSpec",
        "PodTemplateSpec",
        "Probe",
        "SecurityContext",
        "DeploymentSpec",
        "JobSpec",
    ];
    if matches!(key, "name" | "metadata" | "spec") {
        return None;
    }
    let mut found = WORKLOAD.iter().filter(|it| known_keys(it).contains(&key));
    let first = found.next()?;
    found.next().is_none().then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_words_and_no_key_twice() {
        for (owner, keys) in TABLE {
            assert!(words_for(owner).is_some(), "{owner}");
            let mut sorted = keys.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), keys.len(), "{owner}");
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
