//! The key paths that the fixes of each rule may change.

/// What a container is below, in a Pod, a workload and a CronJob.
const POD_SPECS: [&str; 3] = ["spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec"];

/// The keys that the rules on Compose speak about, in the resolved model. A `*` stands for any name, and a
/// path allows everything below it.
const COMPOSE: &[(&str, &[&str])] = &[
    ("PLM010", &["services.*.command", "services.*.entrypoint"]),
    ("PLM012", &["services.*"]),
    ("PLM101", &["services.*.depends_on.*.condition", "services.*.healthcheck"]),
    ("PLM102", &["services.*.healthcheck"]),
    ("PLM103", &["services.*.healthcheck"]),
    ("PLM104", &["services.*.depends_on"]),
    ("PLM106", &["services.*.restart"]),
    ("PLM206", &["services.*.depends_on"]),
    ("PLM402", &["services.*.environment.*", "services.*.command"]),
    ("PLM406", &["services.*.environment.*", "services.*.command"]),
    ("PLM409", &["services.*.environment.*", "services.*.command"]),
    ("PLM412", &["services.*.ports.*.host_ip"]),
    ("PLM416", &["services.*.links"]),
    ("PLM418", &["services.*.environment.*", "services.*.command"]),
    ("PLM510", &["services.*.environment.*"]),
    ("PLM511", &["services.*"]),
    ("PLM515", &["services.*"]),
    ("PLM519", &["services.*.environment.*"]),
    ("PLM624", &["services.*.healthcheck.test"]),
    // A broker whose data belongs to its node name keeps its host name as well.
    ("PLM707", &["services.*.volumes", "services.*.hostname", "volumes"]),
    ("PLM718", &["services.*.hostname"]),
    ("PLM802", &["services.*.restart"]),
    ("PLM803", &["services.*.logging"]),
    ("PLM808", &["services.*"]),
    ("PLM811", &["services.*.image"]),
    ("PLM813", &["services.*.ports.*.host_ip"]),
    ("PLM816", &["services.*.ports", "services.*.expose"]),
];

/// The keys that the rules speak about in the spec of a Pod.
const IN_PODS: &[(&str, &[&str])] = &[
    ("PLM010", &["containers.*.command", "containers.*.args"]),
    ("PLM110", &["containers.*.readinessProbe"]),
    ("PLM305", &["containers.*.volumeMounts", "volumes"]),
    ("PLM402", &["containers.*.env.*.value"]),
    ("PLM406", &["containers.*.env.*.value"]),
    ("PLM407", &["containers.*.env.*.value"]),
    ("PLM418", &["containers.*.env.*.value"]),
    ("PLM421", &["enableServiceLinks"]),
    ("PLM424", &["containers.*.env.*.value"]),
    ("PLM504", &["containers.*.env.*.valueFrom", "containers.*.envFrom", "volumes"]),
    ("PLM505", &["containers.*.env.*.valueFrom", "volumes"]),
    ("PLM510", &["containers.*.env.*.value"]),
    ("PLM601", &["containers.*.startupProbe"]),
    ("PLM611", &["containers.*.resources"]),
    ("PLM615", &["containers.*.readinessProbe"]),
    (
        "PLM623",
        &["containers.*.livenessProbe", "containers.*.readinessProbe", "containers.*.startupProbe"],
    ),
    ("PLM624", &["containers.*.livenessProbe", "containers.*.readinessProbe"]),
    ("PLM625", &["containers.*.livenessProbe"]),
    ("PLM707", &["containers.*.volumeMounts.*.mountPath"]),
    ("PLM808", &["*"]),
    ("PLM811", &["containers.*.image"]),
    ("PLM815", &["securityContext", "containers.*.securityContext"]),
];

/// The keys that the rules speak about in other objects.
const IN_OBJECTS: &[(&str, &[&str])] = &[
    ("PLM205", &["metadata.annotations"]),
    ("PLM404", &["spec.selector"]),
    ("PLM405", &["spec.ports.*.targetPort"]),
    ("PLM407", &["data.*"]),
    ("PLM408", &["spec.rules.*.http.paths.*.backend"]),
    ("PLM418", &["data.*"]),
    ("PLM422", &["spec.selector", "spec.podSelector"]),
    ("PLM423", &["spec.template.metadata.labels"]),
    ("PLM511", &["data.*"]),
    ("PLM614", &["spec.scaleTargetRef"]),
    ("PLM702", &["spec.strategy"]),
    ("PLM713", &["spec.serviceName"]),
    ("PLM716", &["spec.concurrencyPolicy"]),
    ("PLM809", &["apiVersion"]),
    (
        "PLM815",
        &[
            "metadata.annotations",
            "spec.ingressClassName",
            "spec.storageClassName",
            "spec.volumeClaimTemplates.*.spec.storageClassName",
        ],
    ),
    ("PLM902", &["spec.syncPolicy"]),
    ("PLM904", &["metadata.annotations"]),
    ("PLM908", &["apiVersion", "appVersion", "version"]),
    ("PLM910", &["spec.project", "spec.source"]),
    ("PLM916", &["images", "replicas", "patches"]),
    (
        "PLM917",
        &[
            "bases",
            "resources",
            "patches",
            "patchesJson6902",
            "patchesStrategicMerge",
            "commonLabels",
            "labels",
        ],
    ),
    ("PLM918", &["spec.source.helm.valueFiles"]),
    ("PLM921", &["spec.template"]),
];

/// The rules whose fixes make Compose refuse on purpose: `${X:?}` asks for a value.
const REFUSES: &[&str] = &["PLM501", "PLM502"];

/// Whether a fix of a rule may change a path.
pub fn is_allowed(code: &str, path: &str) -> bool {
    let path = path.strip_prefix("items.*.").unwrap_or(path);
    let all = COMPOSE.iter().chain(IN_OBJECTS).filter(|it| it.0 == code);
    let in_pod = || {
        let inside = POD_SPECS.iter().filter_map(|spec| path.strip_prefix(spec)?.strip_prefix('.'));
        let own = IN_PODS.iter().filter(|it| it.0 == code).flat_map(|it| it.1);
        let own: Vec<&&str> = own.collect();
        inside.into_iter().any(|path| own.iter().any(|pattern| covers(pattern, path)))
    };
    all.flat_map(|it| it.1).any(|pattern| covers(pattern, path)) || in_pod()
}

/// Whether a fix of a rule may lead to a refusal: a variable must be set from now on.
pub fn may_refuse(code: &str, message: &str) -> bool {
    REFUSES.contains(&code) && message.contains("required variable")
}

fn covers(pattern: &str, path: &str) -> bool {
    let mut parts = path.split('.');
    pattern
        .split('.')
        .all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part))
}
