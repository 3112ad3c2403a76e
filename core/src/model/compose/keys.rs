//! Which keys Compose knows and which types it takes, in one table.
//!
//! Source: the JSON schema of the Compose Specification that Docker Compose 5.6 carries
//! (<https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>), with the
//! casts that the tool makes after interpolation.

use super::schema::{Object, Type};
use Type::{
    Any, Bool, Either, Enum, Int, List, Loose, Names, Null, Number, PureBool, PureInt, PureNumber,
    Scalar, Str, Unique,
};

const fn object(name: &'static str, keys: &'static [(&'static str, Type)]) -> Object {
    Object { name, keys, more: &[], required: &[], extensions: true }
}

const STRINGS: Type = List(&Str);
const STRING_OR_LIST: Type = Either(&[Str, STRINGS]);
const PAIRS: Type = Either(&[Type::Map(&Scalar), STRINGS]);
const HOSTS: Type = Either(&[Type::Map(&STRING_OR_LIST), STRINGS]);
const COMMAND: Type = Either(&[Null, Str, STRINGS]);
const OPTIONS: Type = Type::Map(&Either(&[Str, PureNumber]));

pub(super) static PROJECT: Object = object(
    "project",
    &[
        ("version", Str),
        ("name", Str),
        ("include", List(&Either(&[Str, Type::Object(&INCLUDE)]))),
        ("services", Names(&Type::Object(&SERVICE))),
        ("models", Names(&Type::Object(&MODEL))),
        ("networks", Names(&Either(&[Null, Type::Object(&NETWORK)]))),
        ("volumes", Names(&Either(&[Null, Type::Object(&VOLUME)]))),
        ("secrets", Names(&Type::Object(&SECRET))),
        ("configs", Names(&Type::Object(&CONFIG))),
        ("jobs", Names(&Type::Object(&JOB))),
    ],
);

static INCLUDE: Object = Object {
    extensions: false,
    ..object(
        "include",
        &[("path", STRING_OR_LIST), ("env_file", STRING_OR_LIST), ("project_directory", Str)],
    )
};

static SERVICE: Object = Object {
    more: &[CONTAINER, WORKLOAD],
    ..object(
        "service",
        &[
            ("deploy", Either(&[Null, Type::Object(&DEPLOY)])),
            ("develop", Either(&[Null, Type::Object(&DEVELOP)])),
            ("profiles", STRINGS),
            ("restart", Str),
            ("scale", Int),
            ("attach", Bool),
            ("container_name", Type::ContainerName),
            ("provider", Type::Object(&PROVIDER)),
            ("extends", Either(&[Str, Type::Object(&EXTENDS)])),
            ("links", STRINGS),
            ("external_links", Unique(&Str)),
            ("pre_start", List(&Type::Object(&PRE_START))),
            ("post_start", List(&Type::Object(&HOOK))),
            ("pre_stop", List(&Type::Object(&HOOK))),
        ],
    )
};

static JOB: Object = Object {
    more: &[CONTAINER, WORKLOAD],
    required: &["triggers"],
    ..object("job", &[("profiles", STRINGS), ("triggers", Any)])
};

/// What a service, a job and a `pre_start` step have in common.
const CONTAINER: &[(&str, Type)] = &[
    ("annotations", PAIRS),
    ("blkio_config", Type::Object(&BLKIO)),
    ("cap_add", STRINGS),
    ("cap_drop", STRINGS),
    ("cgroup", Enum(&["host", "private"])),
    ("cgroup_parent", Str),
    ("command", COMMAND),
    ("configs", List(&Either(&[Str, Type::Object(&FILE_REFERENCE)]))),
    ("cpu_count", Type::Between(0, i64::MAX)),
    ("cpu_percent", Type::Between(0, 100)),
    ("cpu_shares", Number),
    ("cpu_quota", Number),
    ("cpu_period", Number),
    ("cpu_rt_period", Loose),
    ("cpu_rt_runtime", Loose),
    ("cpus", Number),
    ("cpuset", Str),
    ("credential_spec", Type::Object(&CREDENTIALS)),
    ("device_cgroup_rules", Unique(&Str)),
    ("devices", List(&Either(&[Str, Type::Object(&DEVICE_MAPPING)]))),
    ("dns", STRING_OR_LIST),
    ("dns_opt", STRINGS),
    ("dns_search", STRING_OR_LIST),
    ("domainname", Str),
    ("entrypoint", COMMAND),
    ("env_file", Either(&[Str, List(&Either(&[Str, Type::Object(&ENV_FILE)]))])),
    ("label_file", STRING_OR_LIST),
    ("environment", PAIRS),
    ("extra_hosts", HOSTS),
    ("gpus", Either(&[Enum(&["all"]), List(&Type::Object(&GPU))])),
    ("group_add", Unique(&Either(&[Str, PureNumber]))),
    ("hostname", Str),
    ("image", Str),
    ("init", Bool),
    ("ipc", Str),
    ("isolation", Str),
    ("labels", PAIRS),
    ("logging", Type::Object(&LOGGING)),
    ("mac_address", Str),
    ("mem_limit", Loose),
    ("mem_reservation", Loose),
    ("mem_swappiness", Loose),
    ("memswap_limit", Loose),
    ("network_mode", Str),
    ("models", Either(&[STRINGS, Names(&Either(&[Null, Type::Object(&SERVICE_MODEL)]))])),
    ("networks", Either(&[STRINGS, Names(&Either(&[Null, Type::Object(&SERVICE_NETWORK)]))])),
    ("oom_kill_disable", Bool),
    ("oom_score_adj", Type::Between(-1000, 1000)),
    ("pid", Str),
    ("pids_limit", Int),
    ("platform", Str),
    ("privileged", Bool),
    ("pull_policy", Type::PullPolicy),
    ("pull_refresh_after", Str),
    ("read_only", Bool),
    ("runtime", Str),
    ("security_opt", Unique(&Str)),
    ("shm_size", Loose),
    ("secrets", List(&Either(&[Str, Type::Object(&FILE_REFERENCE)]))),
    ("sysctls", PAIRS),
    ("stop_grace_period", Str),
    ("stop_signal", Str),
    ("storage_opt", Type::Map(&Any)),
    ("tmpfs", STRING_OR_LIST),
    ("ulimits", ULIMITS),
    ("use_api_socket", PureBool),
    ("user", Str),
    ("uts", Str),
    ("userns_mode", Str),
    ("volumes", List(&Either(&[Str, Type::Object(&MOUNT)]))),
    ("volumes_from", Unique(&Str)),
    ("working_dir", Str),
];

/// What a service and a job have in common.
const WORKLOAD: &[(&str, Type)] = &[
    ("build", Either(&[Str, Type::Object(&BUILD)])),
    ("depends_on", Either(&[STRINGS, Names(&Type::Object(&DEPENDENCY))])),
    ("healthcheck", Type::Object(&HEALTHCHECK)),
    ("ports", List(&Either(&[PureNumber, Str, Type::Object(&PORT)]))),
    ("expose", List(&Either(&[Str, PureInt]))),
    ("stdin_open", Bool),
    ("tty", Bool),
];

const ULIMITS: Type = Type::Map(&Either(&[Int, Type::Object(&ULIMIT)]));

static ULIMIT: Object =
    Object { required: &["soft", "hard"], ..object("ulimit", &[("hard", Int), ("soft", Int)]) };

static BUILD: Object = object(
    "build",
    &[
        ("context", Str),
        ("dockerfile", Str),
        ("dockerfile_inline", Str),
        ("entitlements", STRINGS),
        ("args", PAIRS),
        ("ssh", PAIRS),
        ("labels", PAIRS),
        ("cache_from", STRINGS),
        ("cache_to", STRINGS),
        ("no_cache", Bool),
        ("no_cache_filter", STRING_OR_LIST),
        ("additional_contexts", PAIRS),
        ("network", Str),
        ("provenance", Either(&[Str, PureBool])),
        ("sbom", Either(&[Str, PureBool])),
        ("pull", Bool),
        ("target", Str),
        ("shm_size", Loose),
        ("extra_hosts", HOSTS),
        ("isolation", Str),
        ("privileged", Bool),
        ("secrets", List(&Either(&[Str, Type::Object(&FILE_REFERENCE)]))),
        ("tags", STRINGS),
        ("ulimits", ULIMITS),
        ("platforms", STRINGS),
    ],
);

static BLKIO: Object = Object {
    extensions: false,
    ..object(
        "blkio_config",
        &[
            ("device_read_bps", List(&Type::Object(&BLKIO_LIMIT))),
            ("device_read_iops", List(&Type::Object(&BLKIO_LIMIT))),
            ("device_write_bps", List(&Type::Object(&BLKIO_LIMIT))),
            ("device_write_iops", List(&Type::Object(&BLKIO_LIMIT))),
            ("weight", Loose),
            ("weight_device", List(&Type::Object(&BLKIO_WEIGHT))),
        ],
    )
};

static BLKIO_LIMIT: Object =
    Object { extensions: false, ..object("blkio limit", &[("path", Str), ("rate", Loose)]) };

static BLKIO_WEIGHT: Object =
    Object { extensions: false, ..object("blkio weight", &[("path", Str), ("weight", Loose)]) };

static CREDENTIALS: Object =
    object("credential_spec", &[("config", Str), ("file", Str), ("registry", Str)]);

static DEVICE_MAPPING: Object = Object {
    required: &["source"],
    ..object("device", &[("source", Str), ("target", Str), ("permissions", Str)])
};

static ENV_FILE: Object = Object {
    required: &["path"],
    extensions: false,
    ..object("env_file", &[("path", Str), ("format", Str), ("required", Bool)])
};

static FILE_REFERENCE: Object = object(
    "file reference",
    &[("source", Str), ("target", Str), ("uid", Str), ("gid", Str), ("mode", Loose)],
);

static LOGGING: Object =
    object("logging", &[("driver", Str), ("options", Type::Map(&Type::Option))]);

static SERVICE_MODEL: Object = object("model use", &[("endpoint_var", Str), ("model_var", Str)]);

static SERVICE_NETWORK: Object = object(
    "network use",
    &[
        ("aliases", STRINGS),
        ("interface_name", Str),
        ("ipv4_address", Str),
        ("ipv6_address", Str),
        ("link_local_ips", STRINGS),
        ("mac_address", Str),
        ("driver_opts", OPTIONS),
        ("priority", PureNumber),
        ("gw_priority", PureNumber),
    ],
);

static DEPENDENCY: Object = Object {
    required: &["condition"],
    ..object(
        "dependency",
        &[
            ("restart", Bool),
            ("required", PureBool),
            (
                "condition",
                Enum(&["service_started", "service_healthy", "service_completed_successfully"]),
            ),
        ],
    )
};

static HEALTHCHECK: Object = object(
    "healthcheck",
    &[
        ("disable", Bool),
        ("interval", Str),
        ("retries", Number),
        ("test", STRING_OR_LIST),
        ("timeout", Str),
        ("start_period", Str),
        ("start_interval", Str),
    ],
);

static PORT: Object = object(
    "port",
    &[
        ("name", Str),
        ("mode", Str),
        ("host_ip", Str),
        ("target", Int),
        ("published", Loose),
        ("protocol", Str),
        ("app_protocol", Str),
    ],
);

static MOUNT: Object = Object {
    required: &["type"],
    ..object(
        "mount",
        &[
            ("type", Enum(&["bind", "volume", "tmpfs", "cluster", "npipe", "image"])),
            ("source", Str),
            ("target", Str),
            ("read_only", Bool),
            ("consistency", Str),
            ("bind", Type::Object(&MOUNT_BIND)),
            ("volume", Type::Object(&MOUNT_VOLUME)),
            ("tmpfs", Type::Object(&MOUNT_TMPFS)),
            ("image", Type::Object(&MOUNT_IMAGE)),
        ],
    )
};

static MOUNT_BIND: Object = object(
    "bind",
    &[
        ("propagation", Str),
        ("create_host_path", Bool),
        ("recursive", Enum(&["enabled", "disabled", "writable", "readonly"])),
        ("selinux", Enum(&["z", "Z"])),
    ],
);

static MOUNT_VOLUME: Object =
    object("volume options", &[("labels", PAIRS), ("nocopy", Bool), ("subpath", Str)]);

static MOUNT_TMPFS: Object = object("tmpfs options", &[("size", Loose), ("mode", Loose)]);

static MOUNT_IMAGE: Object = object("image options", &[("subpath", Str)]);

static DEPLOY: Object = object(
    "deploy",
    &[
        ("mode", Str),
        ("endpoint_mode", Str),
        ("replicas", Int),
        ("labels", PAIRS),
        ("rollback_config", Type::Object(&UPDATE)),
        ("update_config", Type::Object(&UPDATE)),
        ("resources", Type::Object(&RESOURCES)),
        ("restart_policy", Type::Object(&RESTART_POLICY)),
        ("placement", Type::Object(&PLACEMENT)),
    ],
);

static UPDATE: Object = object(
    "update_config",
    &[
        ("parallelism", Int),
        ("delay", Str),
        ("failure_action", Str),
        ("monitor", Str),
        ("max_failure_ratio", Number),
        ("order", Enum(&["start-first", "stop-first"])),
    ],
);

static RESOURCES: Object = object(
    "resources",
    &[("limits", Type::Object(&LIMITS)), ("reservations", Type::Object(&RESERVATIONS))],
);

static LIMITS: Object = object("limits", &[("cpus", Loose), ("memory", Str), ("pids", Int)]);

static RESERVATIONS: Object = object(
    "reservations",
    &[
        ("cpus", Loose),
        ("memory", Str),
        ("generic_resources", List(&Type::Map(&Any))),
        ("devices", List(&Type::Object(&DEVICE))),
    ],
);

const DEVICE_KEYS: &[(&str, Type)] = &[
    ("capabilities", Unique(&Str)),
    ("count", Either(&[Str, PureInt])),
    ("device_ids", Unique(&Str)),
    ("driver", Str),
    ("options", PAIRS),
];

static DEVICE: Object = Object { required: &["capabilities"], ..object("device", DEVICE_KEYS) };

static GPU: Object = object("device", DEVICE_KEYS);

static RESTART_POLICY: Object = object(
    "restart_policy",
    &[("condition", Str), ("delay", Str), ("max_attempts", Int), ("window", Str)],
);

static PLACEMENT: Object = object(
    "placement",
    &[
        ("constraints", STRINGS),
        ("preferences", List(&Type::Object(&PREFERENCE))),
        ("max_replicas_per_node", Int),
    ],
);

static PREFERENCE: Object = object("preference", &[("spread", Str)]);

static DEVELOP: Object = object("develop", &[("watch", List(&Type::Object(&WATCH)))]);

static WATCH: Object = Object {
    required: &["path", "action"],
    ..object(
        "watch",
        &[
            ("ignore", STRING_OR_LIST),
            ("include", STRING_OR_LIST),
            ("path", Str),
            ("action", Enum(&["rebuild", "sync", "restart", "sync+restart", "sync+exec"])),
            ("target", Str),
            ("exec", Type::Object(&HOOK)),
            ("initial_sync", PureBool),
        ],
    )
};

static PROVIDER: Object = Object {
    required: &["type"],
    ..object("provider", &[("type", Str), ("options", Type::Map(&Any))])
};

static EXTENDS: Object = Object {
    required: &["service"],
    extensions: false,
    ..object("extends", &[("service", Str), ("file", Str)])
};

static HOOK: Object = Object {
    required: &["command"],
    ..object(
        "hook",
        &[
            ("command", COMMAND),
            ("user", Str),
            ("privileged", Bool),
            ("working_dir", Str),
            ("environment", PAIRS),
        ],
    )
};

static PRE_START: Object =
    Object { more: &[CONTAINER], ..object("pre_start", &[("per_replica", Bool)]) };

static MODEL: Object = Object {
    required: &["model"],
    ..object(
        "model",
        &[("name", Str), ("model", Str), ("context_size", PureInt), ("runtime_flags", STRINGS)],
    )
};

const EXTERNAL: Type = Either(&[Bool, Type::Map(&Any)]);

static NETWORK: Object = object(
    "network",
    &[
        ("name", Str),
        ("driver", Str),
        ("driver_opts", OPTIONS),
        ("ipam", Type::Object(&IPAM)),
        ("external", EXTERNAL),
        ("internal", Bool),
        ("enable_ipv4", Bool),
        ("enable_ipv6", Bool),
        ("attachable", Bool),
        ("labels", PAIRS),
    ],
);

static IPAM: Object = object(
    "ipam",
    &[("driver", Str), ("config", List(&Type::Object(&IPAM_CONFIG))), ("options", Type::Map(&Str))],
);

static IPAM_CONFIG: Object = object(
    "ipam config",
    &[("subnet", Str), ("ip_range", Str), ("gateway", Str), ("aux_addresses", Type::Map(&Str))],
);

static VOLUME: Object = object(
    "volume",
    &[
        ("name", Str),
        ("driver", Str),
        ("driver_opts", OPTIONS),
        ("external", EXTERNAL),
        ("labels", PAIRS),
    ],
);

static SECRET: Object = object(
    "secret",
    &[
        ("name", Str),
        ("environment", Str),
        ("file", Str),
        ("external", EXTERNAL),
        ("labels", PAIRS),
        ("driver", Str),
        ("driver_opts", OPTIONS),
        ("template_driver", Str),
    ],
);

static CONFIG: Object = object(
    "config",
    &[
        ("name", Str),
        ("content", Str),
        ("environment", Str),
        ("file", Str),
        ("external", EXTERNAL),
        ("labels", PAIRS),
        ("template_driver", Str),
    ],
);

/// The keys that Compose knows in a mapping named as in [`UnknownKey::owner`].
pub fn known_keys(owner: &str) -> Vec<&'static str> {
    let objects: [&'static Object; 43] = [
        &PROJECT,
        &INCLUDE,
        &SERVICE,
        &JOB,
        &ULIMIT,
        &BUILD,
        &BLKIO,
        &BLKIO_LIMIT,
        &BLKIO_WEIGHT,
        &CREDENTIALS,
        &DEVICE_MAPPING,
        &ENV_FILE,
        &FILE_REFERENCE,
        &LOGGING,
        &SERVICE_MODEL,
        &SERVICE_NETWORK,
        &DEPENDENCY,
        &HEALTHCHECK,
        &PORT,
        &MOUNT,
        &MOUNT_BIND,
        &MOUNT_VOLUME,
        &MOUNT_TMPFS,
        &MOUNT_IMAGE,
        &DEPLOY,
        &UPDATE,
        &RESOURCES,
        &LIMITS,
        &RESERVATIONS,
        &DEVICE,
        &RESTART_POLICY,
        &PLACEMENT,
        &PREFERENCE,
        &DEVELOP,
        &WATCH,
        &PROVIDER,
        &EXTENDS,
        &HOOK,
        &PRE_START,
        &MODEL,
        &NETWORK,
        &IPAM,
        &VOLUME,
    ];
    let more: [&'static Object; 3] = [&IPAM_CONFIG, &SECRET, &CONFIG];
    let found = objects.into_iter().chain(more).find(|it| it.name == owner);
    found.map_or_else(Vec::new, |it| {
        it.keys.iter().chain(it.more.iter().copied().flatten()).map(|it| it.0).collect()
    })
}
