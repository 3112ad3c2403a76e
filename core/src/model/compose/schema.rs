//! Which keys Compose knows and which types it takes, in one table.
//!
//! Source: the JSON schema of the Compose Specification that Docker Compose 5.6 carries
//! (<https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json>), with the
//! casts that the tool makes after interpolation.

use super::lower::Lowering;
use super::value::{Data, Kind, Map, Tag, Value};
use super::{ProblemKind, UnknownKey};
use crate::text::{Span, Spanned};
use smol_str::SmolStr;

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Type {
    Any,
    Str,
    /// A boolean or a word for one.
    Bool,
    /// A boolean and no word.
    PureBool,
    /// A whole number or a string that is one.
    Int,
    /// A whole number of this range or a string that is one.
    Between(i64, i64),
    /// A whole number and no string.
    PureInt,
    /// A number and no string.
    PureNumber,
    /// A number or a string that is one.
    Number,
    /// A number or any string.
    Loose,
    /// A string, a number, a boolean or nothing.
    Scalar,
    /// A string or a number or nothing.
    Option,
    Null,
    Enum(&'static [&'static str]),
    PullPolicy,
    /// Two characters at least, the first one a letter or a digit.
    ContainerName,
    List(&'static Type),
    /// A list in which nothing may stand twice.
    Unique(&'static Type),
    /// Any keys.
    Map(&'static Type),
    /// Keys of letters, digits, `.`, `_` and `-`.
    Names(&'static Type),
    Object(&'static Object),
    /// The first one that has the value's shape.
    Either(&'static [Type]),
}

/// A mapping with known keys.
#[derive(Debug)]
pub(super) struct Object {
    pub name: &'static str,
    pub keys: &'static [(&'static str, Type)],
    pub more: &'static [&'static [(&'static str, Type)]],
    pub required: &'static [&'static str],
    /// `x-` keys may stand here.
    pub extensions: bool,
}

const fn object(name: &'static str, keys: &'static [(&'static str, Type)]) -> Object {
    Object { name, keys, more: &[], required: &[], extensions: true }
}

use Type::{
    Any, Bool, Either, Enum, Int, List, Loose, Names, Null, Number, PureBool, PureInt, PureNumber,
    Scalar, Str, Unique,
};

const STRINGS: Type = List(&Str);
const STRING_OR_LIST: Type = Either(&[Str, STRINGS]);
const PAIRS: Type = Either(&[Type::Map(&Scalar), STRINGS]);
const HOSTS: Type = Either(&[Type::Map(&STRING_OR_LIST), STRINGS]);
const COMMAND: Type = Either(&[Null, Str, STRINGS]);
const OPTIONS: Type = Type::Map(&Either(&[Str, PureNumber]));

static PROJECT: Object = object(
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

impl Object {
    fn find(&self, key: &str) -> Option<Type> {
        let own = self.keys.iter().chain(self.more.iter().copied().flatten());
        own.into_iter().find(|it| it.0 == key).map(|it| it.1)
    }
}

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

/// Checks the top level of one file against the schema. What is missing or null may still come from
/// another file; [`check_merged`] looks at that.
pub(super) fn check(root: &Value, out: &mut Lowering, unknown: &mut Vec<UnknownKey>) {
    Check { out, unknown, merged: false, service: None }.value(root, Type::Object(&PROJECT));
}

/// Checks what only shows after the merge: that what must be there is there, and nothing is null.
pub(super) fn check_merged(root: &Value, out: &mut Lowering) {
    let unknown = &mut Vec::new();
    let mut own = Lowering::default();
    Check { out: &mut own, unknown, merged: true, service: None }
        .value(root, Type::Object(&PROJECT));
    let late =
        |it: &super::Problem| it.kind == ProblemKind::MissingKey || it.kind == ProblemKind::Null;
    out.problems.extend(own.problems.into_iter().filter(late));
}

struct Check<'c> {
    out: &'c mut Lowering,
    unknown: &'c mut Vec<UnknownKey>,
    merged: bool,
    service: Option<SmolStr>,
}

impl Check<'_> {
    fn problem(&mut self, kind: ProblemKind, span: Span, name: &str, message: String) {
        self.out.problem(kind, span, name, message);
        if let Some(last) = self.out.problems.last_mut() {
            last.service.clone_from(&self.service);
        }
    }

    fn wrong(&mut self, value: &Value, expected: &str) {
        let message = format!("Compose wants {expected} here, not {}", describe(value));
        let kind = match (value.is_null(), self.merged) {
            (true, true) => ProblemKind::Null,
            (true, false) => return,
            _ => ProblemKind::WrongType,
        };
        self.problem(kind, value.span, "", message);
    }

    fn invalid(&mut self, value: &Value, expected: &str) {
        let text = value.text().map_or("", SmolStr::as_str);
        let message = format!("`{text}` is not {expected}");
        let name = text.to_owned();
        self.problem(ProblemKind::InvalidValue, value.span, &name, message);
    }

    fn value(&mut self, value: &Value, wanted: Type) {
        if value.tag == Tag::Reset {
            return;
        }
        match wanted {
            Type::Either(types) => match types.iter().find(|it| has_shape(value, **it)) {
                Some(found) => self.value(value, *found),
                None => self.wrong(value, &expected(wanted)),
            },
            Type::List(item) | Type::Unique(item) => match &value.data {
                Data::List(items) => {
                    for it in items {
                        self.value(it, *item);
                    }
                    if matches!(wanted, Type::Unique(_)) {
                        self.unique(items);
                    }
                }
                _ => self.wrong(value, &expected(wanted)),
            },
            Type::Map(item) => match &value.data {
                Data::Map(map) => {
                    for entry in map.entries.values() {
                        self.value(&entry.value, *item);
                    }
                }
                _ => self.wrong(value, &expected(wanted)),
            },
            Type::Names(item) => match &value.data {
                Data::Map(map) => self.names(map, *item),
                _ => self.wrong(value, &expected(wanted)),
            },
            Type::Object(object) => match &value.data {
                Data::Map(map) => self.object(value, map, object),
                _ => self.wrong(value, &expected(wanted)),
            },
            _ if !has_shape(value, wanted) => self.wrong(value, &expected(wanted)),
            _ => self.scalar(value, wanted),
        }
    }

    fn unique(&mut self, items: &[Value]) {
        for (at, item) in items.iter().enumerate() {
            let twice = items[..at].iter().any(|it| it.text() == item.text());
            if twice && items.len() < 2000 {
                let name = item.text().cloned().unwrap_or_default();
                let message = format!("`{name}` is in this list twice");
                self.problem(ProblemKind::InvalidValue, item.span, &name, message);
                return;
            }
        }
    }

    fn names(&mut self, map: &Map, item: Type) {
        let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '_' | '-');
        for (key, entry) in &map.entries {
            if key.is_empty() || !key.chars().all(plain) {
                let message = format!(
                    "`{key}` is no name for Compose: letters, digits, `.`, `_` and `-` make one"
                );
                self.problem(ProblemKind::InvalidValue, entry.key, key, message);
                continue;
            }
            let service = matches!(item, Type::Object(it) if it.name == "service");
            if service {
                self.service = Some(key.clone());
            }
            self.value(&entry.value, item);
            if service {
                self.service = None;
            }
        }
    }

    fn object(&mut self, value: &Value, map: &Map, object: &'static Object) {
        for (key, entry) in &map.entries {
            match object.find(key) {
                Some(wanted) => self.value(&entry.value, wanted),
                None if object.extensions && key.starts_with("x-") => {}
                None => {
                    self.unknown.push(UnknownKey {
                        owner: object.name,
                        key: Spanned::new(key.clone(), entry.key),
                        entry: entry.first,
                        collection: entry.value.as_scalar().is_none(),
                    });
                    // Compose reads past a key of `include` that it does not know.
                    if object.name != "include" {
                        let message = format!("Compose knows no key `{key}` here");
                        self.problem(ProblemKind::UnknownKey, entry.key, key, message);
                    }
                }
            }
        }
        if !self.merged {
            return;
        }
        for key in object.required {
            if map.get(key).is_none() {
                let message = format!("the key `{key}` is missing here");
                self.problem(ProblemKind::MissingKey, value.span, key, message);
            }
        }
    }

    fn scalar(&mut self, value: &Value, wanted: Type) {
        let Some(scalar) = value.as_scalar() else { return };
        let text = scalar.text.as_str();
        match wanted {
            Type::Bool if scalar.kind == Kind::Str && word_bool(text).is_none() => {
                self.invalid(value, "true or false");
            }
            Type::Between(first, last)
                if scalar.kind == Kind::Int
                    && !text.parse::<i64>().is_ok_and(|it| (first..=last).contains(&it)) =>
            {
                self.invalid(value, &format!("a number from {first} to {last}"));
            }
            Type::Between(..) if scalar.kind == Kind::Str && text.parse::<f64>().is_err() => {
                self.invalid(value, "a number");
            }
            _ if scalar.kind == Kind::Float
                && text.parse::<f64>().is_ok_and(|it| !it.is_finite()) =>
            {
                self.invalid(value, "a number that Compose can take");
            }
            Type::Int if scalar.kind == Kind::Str && text.parse::<i64>().is_err() => {
                self.invalid(value, "a whole number");
            }
            Type::Number if scalar.kind == Kind::Str && text.parse::<f64>().is_err() => {
                self.invalid(value, "a number");
            }
            Type::Enum(words) if !words.contains(&text) => {
                let list: Vec<String> = words.iter().map(|it| format!("`{it}`")).collect();
                self.invalid(value, &format!("one of {}", list.join(", ")));
            }
            Type::PullPolicy if !is_pull_policy(text) => {
                self.invalid(value, "a pull policy that Compose knows");
            }
            Type::ContainerName if !is_container_name(text) => {
                self.invalid(value, "a name for a container: it takes two signs at least");
            }
            _ => {}
        }
    }
}

/// The words that Compose takes for a boolean.
pub(super) fn word_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "on" => Some(true),
        "n" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

fn is_pull_policy(text: &str) -> bool {
    let known =
        ["always", "never", "build", "if_not_present", "missing", "refresh", "daily", "weekly"];
    if known.contains(&text) {
        return true;
    }
    let Some(mut rest) = text.strip_prefix("every_") else { return false };
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let unit = rest[digits..].chars().next();
        if digits == 0 || !unit.is_some_and(|it| "wdhms".contains(it)) {
            return false;
        }
        rest = &rest[digits + 1..];
    }
    text.len() > "every_".len()
}

/// A letter or digit, followed by another sign that names may hold, anywhere in the text.
fn is_container_name(text: &str) -> bool {
    text.as_bytes().windows(2).any(|it| {
        it[0].is_ascii_alphanumeric()
            && (it[1].is_ascii_alphanumeric() || matches!(it[1], b'_' | b'.' | b'-'))
    })
}

/// Whether a value has the outer shape of a type.
fn has_shape(value: &Value, wanted: Type) -> bool {
    let kind = value.as_scalar().map(|it| it.kind);
    match wanted {
        Type::Any => true,
        Type::Str | Type::Enum(_) | Type::PullPolicy | Type::ContainerName => {
            kind == Some(Kind::Str)
        }
        Type::Bool => matches!(kind, Some(Kind::Bool | Kind::Str)),
        Type::PureBool => kind == Some(Kind::Bool),
        Type::Int | Type::Between(..) => matches!(kind, Some(Kind::Int | Kind::Str)),
        Type::PureInt => kind == Some(Kind::Int),
        Type::PureNumber => matches!(kind, Some(Kind::Int | Kind::Float)),
        Type::Number | Type::Loose => matches!(kind, Some(Kind::Int | Kind::Float | Kind::Str)),
        Type::Scalar => kind.is_some(),
        Type::Option => matches!(kind, Some(Kind::Int | Kind::Float | Kind::Str | Kind::Null)),
        Type::Null => kind == Some(Kind::Null),
        Type::List(_) | Type::Unique(_) => value.as_list().is_some(),
        Type::Map(_) | Type::Names(_) | Type::Object(_) => value.as_map().is_some(),
        Type::Either(types) => types.iter().any(|it| has_shape(value, *it)),
    }
}

fn expected(wanted: Type) -> String {
    match wanted {
        Type::Any => "anything".to_owned(),
        Type::Str | Type::Enum(_) | Type::PullPolicy | Type::ContainerName => "a string".to_owned(),
        Type::Bool | Type::PureBool => "true or false".to_owned(),
        Type::Int | Type::PureInt | Type::Between(..) => "a whole number".to_owned(),
        Type::Number | Type::PureNumber => "a number".to_owned(),
        Type::Loose | Type::Option => "a number or a string".to_owned(),
        Type::Scalar => "a plain value".to_owned(),
        Type::Null => "nothing".to_owned(),
        Type::List(_) | Type::Unique(_) => "a list".to_owned(),
        Type::Map(_) | Type::Names(_) | Type::Object(_) => "a mapping".to_owned(),
        Type::Either(types) => {
            let mut names: Vec<String> = types.iter().map(|it| expected(*it)).collect();
            names.retain(|it| it != "nothing");
            names.join(" or ")
        }
    }
}

fn describe(value: &Value) -> &'static str {
    match &value.data {
        Data::Map(_) => "a mapping",
        Data::List(_) => "a list",
        Data::Scalar(it) => match it.kind {
            Kind::Null => "nothing",
            Kind::Bool => "true or false",
            Kind::Int | Kind::Float => "a number",
            Kind::Str => "a string",
        },
    }
}
