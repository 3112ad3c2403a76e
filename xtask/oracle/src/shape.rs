//! Both sides in one form: what differs only in spelling is made equal here, and nothing else is.

use plimsoll_core::model::compose::{
    Build, Command, Deploy, Device, FileReference, KeyValue, MountKind, Project, Resources,
    Service, UpdateConfig,
};
use plimsoll_core::text::{Spanned, normalise_path};
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::time::Duration;

type ReadService = fn(&Service, &Project) -> Value;
type ReadObject = fn(&Project, &str) -> Value;

/// The keys of a service that are compared.
pub const SERVICE: &[(&str, ReadService)] = &[
    ("image", |it, _| text(&it.image)),
    ("build", |it, _| it.build.as_ref().map_or(Value::Null, build)),
    ("command", |it, _| command(it.command.as_ref())),
    ("entrypoint", |it, _| command(it.entrypoint.as_ref())),
    ("environment", |it, _| {
        let one = |it: &plimsoll_core::model::compose::EnvVar| {
            (
                it.name.to_string(),
                it.value.as_ref().map_or(Value::Null, |it| json!(it.value.as_str())),
            )
        };
        object(it.environment.iter().map(one))
    }),
    ("ports", |it, _| ports(it)),
    ("expose", |it, _| list(&it.expose)),
    ("volumes", |it, _| volumes(it)),
    ("networks", |it, _| {
        let one = |it: &plimsoll_core::model::compose::ServiceNetwork| {
            let value = json!({
                "aliases": list(&it.aliases),
                "ipv4_address": text(&it.ipv4_address),
                "ipv6_address": text(&it.ipv6_address),
                "priority": it.priority.map(|it| it.value),
            });
            (it.name.to_string(), bare(value))
        };
        bare(object(it.networks.iter().map(one)))
    }),
    ("network_mode", |it, _| text(&it.network_mode)),
    ("depends_on", |it, _| {
        let one = |it: &plimsoll_core::model::compose::Dependency| {
            let value = json!({
                "condition": it.condition.name(),
                "restart": it.restart.then_some(true),
                "required": it.required,
            });
            (it.service.to_string(), bare(value))
        };
        object(it.dependencies().map(one))
    }),
    ("healthcheck", |it, _| it.healthcheck.as_ref().map_or(Value::Null, healthcheck)),
    ("deploy", |it, _| it.deploy.as_ref().map_or(Value::Null, deploy)),
    ("secrets", |it, _| references(&it.secrets, "/run/secrets/")),
    ("configs", |it, _| references(&it.configs, "/")),
    ("labels", |it, _| pairs(&it.labels)),
    ("annotations", |it, _| pairs(&it.annotations)),
    ("restart", |it, _| text(&it.restart)),
    ("profiles", |it, _| list(&it.profiles)),
    ("scale", |it, _| json!(it.scale.map(|it| it.value))),
    ("user", |it, _| text(&it.user)),
    ("working_dir", |it, _| text(&it.working_dir)),
    ("container_name", |it, _| text(&it.container_name)),
    ("hostname", |it, _| text(&it.hostname)),
    ("platform", |it, _| text(&it.platform)),
    ("pull_policy", |it, _| text(&it.pull_policy)),
    ("stop_signal", |it, _| text(&it.stop_signal)),
    ("stop_grace_period", |it, _| duration(it.stop_grace_period)),
    ("privileged", |it, _| json!(it.privileged.map(|it| it.value).filter(|it| *it))),
    ("read_only", |it, _| json!(it.read_only.map(|it| it.value).filter(|it| *it))),
    ("init", |it, _| json!(it.init.map(|it| it.value))),
    ("tty", |it, _| json!(it.tty.map(|it| it.value).filter(|it| *it))),
    ("stdin_open", |it, _| json!(it.stdin_open.map(|it| it.value).filter(|it| *it))),
    ("cap_add", |it, _| list(&it.cap_add)),
    ("cap_drop", |it, _| list(&it.cap_drop)),
    ("security_opt", |it, _| list(&it.security_opt)),
    ("group_add", |it, _| list(&it.group_add)),
    ("pid", |it, _| text(&it.pid)),
    ("ipc", |it, _| text(&it.ipc)),
    ("userns_mode", |it, _| text(&it.userns_mode)),
    ("links", |it, _| list(&it.links)),
    ("external_links", |it, _| list(&it.external_links)),
    ("volumes_from", |it, _| list(&it.volumes_from)),
    ("extra_hosts", |it, _| {
        let one = |it: &KeyValue| {
            format!("{}={}", it.key, it.value.as_ref().map_or("", |it| it.value.as_str()))
        };
        sorted(it.extra_hosts.iter().map(one).collect())
    }),
    ("dns", |it, _| list(&it.dns)),
    ("dns_search", |it, _| list(&it.dns_search)),
    ("tmpfs", |it, _| list(&it.tmpfs)),
    ("sysctls", |it, _| pairs(&it.sysctls)),
    ("ulimits", |it, _| {
        let one = |it: &plimsoll_core::model::compose::Ulimit| {
            let (soft, hard) = (it.soft.map(|it| it.value), it.hard.map(|it| it.value));
            (it.name.to_string(), json!({ "soft": soft, "hard": hard }))
        };
        object(it.ulimits.iter().map(one))
    }),
    ("logging", |it, _| {
        it.logging.as_ref().map_or(Value::Null, |it| {
            bare(json!({ "driver": text(&it.driver), "options": pairs(&it.options) }))
        })
    }),
    ("mem_limit", |it, _| number(it.mem_limit)),
    ("mem_reservation", |it, _| number(it.mem_reservation)),
    ("memswap_limit", |it, _| number(it.memswap_limit)),
    ("shm_size", |it, _| number(it.shm_size)),
    ("pids_limit", |it, _| number(it.pids_limit)),
    ("cpus", |it, _| float(it.cpus)),
    ("gpus", |it, _| devices(&it.gpus)),
    ("post_start", |it, _| hooks(&it.post_start)),
    ("pre_stop", |it, _| hooks(&it.pre_stop)),
];

/// The sections of the top level that are compared.
pub const TOP_LEVEL: &[(&str, ReadObject)] = &[
    ("networks", |project, key| {
        project.network(key).map_or(Value::Null, |it| {
            bare(json!({
                "name": text(&it.name),
                "external": it.external.then_some(true),
                "driver": text(&it.driver),
                "driver_opts": pairs(&it.driver_opts),
                "internal": it.internal.map(|it| it.value).filter(|it| *it),
                "attachable": it.attachable.map(|it| it.value).filter(|it| *it),
                "enable_ipv6": it.enable_ipv6.map(|it| it.value),
                "subnets": list(&it.subnets),
                "labels": pairs(&it.labels),
            }))
        })
    }),
    ("volumes", |project, key| {
        project.volume(key).map_or(Value::Null, |it| {
            bare(json!({
                "name": text(&it.name),
                "external": it.external.then_some(true),
                "driver": text(&it.driver),
                "driver_opts": pairs(&it.driver_opts),
                "labels": pairs(&it.labels),
            }))
        })
    }),
    ("secrets", |project, key| project.secret(key).map_or(Value::Null, file_object)),
    ("configs", |project, key| project.config(key).map_or(Value::Null, file_object)),
];

fn file_object(it: &plimsoll_core::model::compose::FileObject) -> Value {
    bare(json!({
        "name": text(&it.name),
        "external": it.external.then_some(true),
        "file": path(text(&it.file)),
        "environment": text(&it.environment),
        "content": text(&it.content),
        "labels": pairs(&it.labels),
    }))
}

fn text<T: Display>(value: &Option<Spanned<T>>) -> Value {
    value.as_ref().map_or(Value::Null, |it| Value::String(it.value.to_string()))
}

fn list<T: Display>(values: &[Spanned<T>]) -> Value {
    match values {
        [] => Value::Null,
        values => values.iter().map(|it| Value::String(it.value.to_string())).collect(),
    }
}

fn sorted(mut values: Vec<String>) -> Value {
    values.sort();
    values.dedup();
    if values.is_empty() { Value::Null } else { values.into() }
}

/// Nothing where there is nothing.
fn object(entries: impl Iterator<Item = (String, Value)>) -> Value {
    let map: Map<String, Value> = entries.collect();
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

fn pairs(values: &[KeyValue]) -> Value {
    let one = |it: &KeyValue| {
        (it.key.to_string(), it.value.as_ref().map_or(Value::Null, |it| json!(it.value.as_str())))
    };
    object(values.iter().map(one))
}

fn number(value: Option<Spanned<i64>>) -> Value {
    value.map_or(Value::Null, |it| Value::String(it.value.to_string()))
}

fn float(value: Option<Spanned<f64>>) -> Value {
    // The real tool keeps 32 bits.
    value.map_or(Value::Null, |it| Value::String((it.value as f32).to_string()))
}

fn duration(value: Option<Spanned<Duration>>) -> Value {
    value.map_or(Value::Null, |it| json!(it.value.as_nanos().to_string()))
}

/// A relative path in one spelling; the two sides differ in leading `./` and trailing slashes.
fn path(value: Value) -> Value {
    match &value {
        Value::String(text) if text.starts_with(['/', '~']) || text.contains(':') => value,
        Value::String(text) if text.contains('\\') => value,
        Value::String(text) => match normalise_path(text).as_str() {
            "" => json!("."),
            plain => json!(plain),
        },
        _ => value,
    }
}

/// Drops the keys without a value.
fn bare(value: Value) -> Value {
    let Value::Object(map) = value else { return value };
    Value::Object(map.into_iter().filter(|it| !it.1.is_null()).collect())
}

fn command(value: Option<&Command>) -> Value {
    value.map_or(Value::Null, |it| {
        it.words.iter().map(|it| Value::String(it.value.to_string())).collect()
    })
}

fn build(it: &Build) -> Value {
    let dockerfile = match (&it.dockerfile, &it.dockerfile_inline) {
        (Some(it), _) => Value::String(it.to_string()),
        (None, Some(_)) => Value::Null,
        (None, None) => json!("Dockerfile"),
    };
    bare(json!({
        "context": path(json!(it.context.value.as_str())),
        "dockerfile": dockerfile,
        "dockerfile_inline": text(&it.dockerfile_inline),
        // An argument that nothing sets is not passed on.
        "args": bare(pairs(&it.args)),
        "labels": pairs(&it.labels),
        "additional_contexts": pairs(&it.additional_contexts),
        "target": text(&it.target),
        "cache_from": list(&it.cache_from),
        "cache_to": list(&it.cache_to),
        "platforms": list(&it.platforms),
        "tags": list(&it.tags),
        "network": text(&it.network),
        "secrets": references(&it.secrets, "/run/secrets/"),
    }))
}

fn ports(service: &Service) -> Value {
    let one = |it: &plimsoll_core::model::compose::Port| {
        let published = it.published.map(|it| match it.value {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        });
        bare(json!({
            "host_ip": text(&it.host_ip),
            "published": published,
            "target": it.target.value,
            "protocol": it.protocol.as_str(),
            "mode": it.mode.as_ref().map_or("ingress", |it| it.value.as_str()),
            "name": text(&it.name),
            "app_protocol": text(&it.app_protocol),
        }))
    };
    if service.ports.is_empty() { Value::Null } else { service.ports.iter().map(one).collect() }
}

fn volumes(service: &Service) -> Value {
    let one = |it: &plimsoll_core::model::compose::Mount| {
        let kind = match it.kind {
            MountKind::Bind => "bind",
            MountKind::Volume | MountKind::Anonymous => "volume",
            MountKind::Tmpfs => "tmpfs",
            MountKind::Npipe => "npipe",
            MountKind::Cluster => "cluster",
            MountKind::Image => "image",
        };
        let source = text(&it.source);
        bare(json!({
            "type": kind,
            "source": if kind == "bind" { path(source) } else { source },
            "target": it.target.value.as_str(),
            "read_only": it.read_only.then_some(true),
            "consistency": text(&it.consistency),
            "subpath": text(&it.subpath),
            "nocopy": it.options.iter().any(|it| it == "nocopy").then_some(true),
            "selinux": it.options.iter().find(|it| *it == "z" || *it == "Z").map(|it| it.as_str()),
        }))
    };
    if service.volumes.is_empty() { Value::Null } else { service.volumes.iter().map(one).collect() }
}

fn references(values: &[FileReference], folder: &str) -> Value {
    let one = |it: &FileReference| {
        let target = match &it.target {
            Some(target) => target.to_string(),
            None => format!("{folder}{}", it.source),
        };
        bare(json!({
            "source": it.source.value.as_str(),
            "target": target,
            "uid": text(&it.uid),
            "gid": text(&it.gid),
        }))
    };
    if values.is_empty() { Value::Null } else { values.iter().map(one).collect() }
}

fn healthcheck(it: &plimsoll_core::model::compose::Healthcheck) -> Value {
    let disabled = it.keys.iter().any(|it| it.name.value == "disable") && it.disabled;
    bare(json!({
        "test": it.test.as_ref().map_or(Value::Null, |it| list(&it.words)),
        "interval": duration(it.interval),
        "timeout": duration(it.timeout),
        "start_period": duration(it.start_period),
        "start_interval": duration(it.start_interval),
        "retries": it.retries.map(|it| it.value),
        "disable": disabled.then_some(true),
    }))
}

fn deploy(it: &Deploy) -> Value {
    let policy = it.restart_policy.as_ref().map_or(Value::Null, |it| {
        bare(json!({
            "condition": text(&it.condition),
            "delay": duration(it.delay),
            "max_attempts": it.max_attempts.map(|it| it.value),
            "window": duration(it.window),
        }))
    });
    let placement = it.placement.as_ref().map_or(json!({}), |it| {
        let preferences: Vec<Value> =
            it.preferences.iter().map(|it| json!({ "spread": it.value.as_str() })).collect();
        bare(json!({
            "constraints": list(&it.constraints),
            "preferences": if preferences.is_empty() { Value::Null } else { preferences.into() },
            "max_replicas_per_node": it.max_replicas_per_node.map(|it| it.value),
        }))
    });
    bare(json!({
        "mode": text(&it.mode),
        "replicas": it.replicas.map(|it| it.value),
        "endpoint_mode": text(&it.endpoint_mode),
        "labels": pairs(&it.labels),
        "resources": bare(json!({
            "limits": it.limits.as_ref().map(resources),
            "reservations": it.reservations.as_ref().map(resources),
        })),
        "restart_policy": policy,
        "placement": placement,
        "update_config": it.update_config.as_ref().map(update),
        "rollback_config": it.rollback_config.as_ref().map(update),
    }))
}

fn update(it: &UpdateConfig) -> Value {
    bare(json!({
        "parallelism": it.parallelism.map(|it| it.value),
        "delay": duration(it.delay),
        "failure_action": text(&it.failure_action),
        "monitor": duration(it.monitor),
        "max_failure_ratio": float(it.max_failure_ratio),
        "order": text(&it.order),
    }))
}

fn resources(it: &Resources) -> Value {
    bare(json!({
        "cpus": float(it.cpus),
        "memory": number(it.memory),
        "pids": it.pids.map(|it| it.value),
        "devices": devices(&it.devices),
    }))
}

fn devices(values: &[Device]) -> Value {
    let one = |it: &Device| {
        bare(json!({
            "driver": text(&it.driver),
            // Neither a count nor names: all of them.
            "count": match (it.count, it.device_ids.as_slice()) {
                (None, []) => Some(-1),
                (count, _) => count.map(|it| it.value),
            },
            "device_ids": list(&it.device_ids),
            "capabilities": list(&it.capabilities),
            "options": pairs(&it.options),
        }))
    };
    if values.is_empty() { Value::Null } else { values.iter().map(one).collect() }
}

fn hooks(values: &[plimsoll_core::model::compose::Hook]) -> Value {
    let one = |it: &plimsoll_core::model::compose::Hook| {
        let env = |it: &plimsoll_core::model::compose::EnvVar| {
            (
                it.name.to_string(),
                it.value.as_ref().map_or(Value::Null, |it| json!(it.value.as_str())),
            )
        };
        bare(json!({
            "command": command(Some(&it.command)),
            "user": text(&it.user),
            "privileged": it.privileged.map(|it| it.value).filter(|it| *it),
            "working_dir": text(&it.working_dir),
            "environment": object(it.environment.iter().map(env)),
        }))
    };
    if values.is_empty() { Value::Null } else { values.iter().map(one).collect() }
}

/// The real tool writes `$$` for every dollar sign, so that its answer can be read again.
pub fn unescape(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("$$", "$")),
        Value::Array(items) => items.into_iter().map(unescape).collect(),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, it)| (key, unescape(it))).collect())
        }
        other => other,
    }
}

/// The real tool's value of a service's key in our form.
pub fn real(key: &str, value: &Value, _service: &str) -> Value {
    let mut value = value.clone();
    match key {
        "stop_grace_period" => value = nanos(&value),
        "healthcheck" => {
            for key in ["interval", "timeout", "start_period", "start_interval"] {
                change(&mut value, key, nanos);
            }
        }
        "volumes" => each(&mut value, mount),
        "secrets" | "configs" => {
            let folder = if key == "secrets" { "/run/secrets/" } else { "/" };
            each(&mut value, |it| reference(it, folder));
        }
        "build" if value.is_object() => {
            keep(
                &mut value,
                &[
                    "context",
                    "dockerfile",
                    "dockerfile_inline",
                    "args",
                    "labels",
                    "additional_contexts",
                    "target",
                    "cache_from",
                    "cache_to",
                    "platforms",
                    "tags",
                    "network",
                    "secrets",
                ],
            );
            change(&mut value, "context", |it| path(it.clone()));
            change(&mut value, "secrets", |it| {
                let mut it = it.clone();
                each(&mut it, |it| reference(it, "/run/secrets/"));
                it
            });
        }
        "networks" => {
            if let Value::Object(map) = &mut value {
                for it in map.values_mut() {
                    if it.is_null() {
                        *it = json!({});
                    }
                    keep(it, &["aliases", "ipv4_address", "ipv6_address", "priority"]);
                    change(it, "priority", |it| json!(it.as_f64()));
                }
            }
        }
        "ulimits" => {
            if let Value::Object(map) = &mut value {
                for it in map.values_mut() {
                    if it.is_number() {
                        *it = json!({ "soft": it.clone(), "hard": it.clone() });
                    }
                }
            }
        }
        "extra_hosts" => {
            let all = value.as_array().cloned().unwrap_or_default();
            let one = |it: &Value| it.as_str().map(str::to_owned);
            value = sorted(all.iter().filter_map(one).collect());
        }
        "deploy" => deploy_of(&mut value),
        "cpus" | "pids_limit" => value = words(&value),
        "expose" | "group_add" => each(&mut value, |it| *it = words(it)),
        "logging" => change(&mut value, "options", |it| match it {
            Value::Object(map) if map.is_empty() => Value::Null,
            other => other.clone(),
        }),
        "mem_limit" | "mem_reservation" | "memswap_limit" | "shm_size" => value = words(&value),
        _ => {}
    }
    match &value {
        Value::Array(items) if items.is_empty() && !matches!(key, "command" | "entrypoint") => {
            Value::Null
        }
        Value::Object(map)
            if map.is_empty() && matches!(key, "environment" | "labels" | "depends_on") =>
        {
            Value::Null
        }
        _ => value,
    }
}

fn deploy_of(value: &mut Value) {
    for section in ["update_config", "rollback_config"] {
        change(value, section, |it| {
            let mut it = it.clone();
            change(&mut it, "delay", nanos);
            change(&mut it, "monitor", nanos);
            change(&mut it, "max_failure_ratio", words);
            it
        });
    }
    change(value, "restart_policy", |it| {
        let mut it = it.clone();
        change(&mut it, "delay", nanos);
        change(&mut it, "window", nanos);
        it
    });
    change(value, "resources", |it| {
        let mut it = it.clone();
        for section in ["limits", "reservations"] {
            change(&mut it, section, |it| {
                let mut it = it.clone();
                change(&mut it, "cpus", words);
                change(&mut it, "memory", words);
                keep(&mut it, &["cpus", "memory", "pids", "devices"]);
                it
            });
        }
        it
    });
    if value.is_object() && value["resources"].is_null() {
        value["resources"] = json!({});
    }
}

/// The real tool's value of a top-level object in our form.
pub fn real_object(section: &str, key: &str, value: &Value, project: &str) -> Value {
    let mut value = value.clone();
    if value.is_null() {
        value = json!({});
    }
    // The name that the tool makes from the project's is not written anywhere.
    let made = format!("{project}_{key}");
    if value["name"] == Value::String(made) {
        change(&mut value, "name", |_| Value::Null);
    }
    let external = value["external"] == json!(true);
    if external && value["name"] == json!(key) {
        change(&mut value, "name", |_| Value::Null);
    }
    change(&mut value, "file", |it| path(it.clone()));
    if section == "networks" {
        let subnets: Vec<Value> = value["ipam"]["config"]
            .as_array()
            .map(|it| it.iter().map(|it| it["subnet"].clone()).filter(|it| !it.is_null()).collect())
            .unwrap_or_default();
        if !subnets.is_empty() {
            value["subnets"] = subnets.into();
        }
        keep(
            &mut value,
            &[
                "name",
                "external",
                "driver",
                "driver_opts",
                "internal",
                "attachable",
                "enable_ipv6",
                "subnets",
                "labels",
            ],
        );
    } else {
        keep(
            &mut value,
            &[
                "name",
                "external",
                "driver",
                "driver_opts",
                "file",
                "environment",
                "content",
                "labels",
            ],
        );
        if section != "volumes" {
            keep(&mut value, &["name", "external", "file", "environment", "content", "labels"]);
        }
    }
    bare(value)
}

fn mount(it: &mut Value) {
    let get = |section: &str, key: &str| it[section][key].clone();
    let (subpath, image) = (get("volume", "subpath"), get("image", "subpath"));
    let (nocopy, selinux) = (get("volume", "nocopy"), get("bind", "selinux"));
    if it["type"] == "bind" {
        change(it, "source", |it| path(it.clone()));
    }
    it["subpath"] = if subpath.is_null() { image } else { subpath };
    it["nocopy"] = nocopy;
    it["selinux"] = selinux;
    keep(
        it,
        &["type", "source", "target", "read_only", "consistency", "subpath", "nocopy", "selinux"],
    );
}

fn reference(it: &mut Value, folder: &str) {
    if it["target"].is_null() {
        it["target"] = format!("{folder}{}", it["source"].as_str().unwrap_or_default()).into();
    }
    keep(it, &["source", "target", "uid", "gid"]);
}

fn each(value: &mut Value, change: impl FnMut(&mut Value)) {
    if let Value::Array(items) = value {
        items.iter_mut().for_each(change);
    }
}

fn change(value: &mut Value, key: &str, new: impl FnOnce(&Value) -> Value) {
    let Value::Object(map) = value else { return };
    let Some(old) = map.get(key) else { return };
    match new(old) {
        Value::Null => {
            map.remove(key);
        }
        new => {
            map.insert(key.to_owned(), new);
        }
    }
}

fn keep(value: &mut Value, keys: &[&str]) {
    if let Value::Object(map) = value {
        map.retain(|key, it| keys.contains(&key.as_str()) && !it.is_null());
    }
}

/// A number as its digits.
fn words(value: &Value) -> Value {
    match value {
        Value::Number(it) => match it.as_i64() {
            Some(it) => Value::String(it.to_string()),
            None => Value::String((it.as_f64().unwrap_or_default() as f32).to_string()),
        },
        other => other.clone(),
    }
}

/// A duration as Go prints it, in nanoseconds.
fn nanos(value: &Value) -> Value {
    let Some(text) = value.as_str() else { return value.clone() };
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().unwrap_or(f64::NAN);
        rest = &rest[digits..];
        let end = rest.find(|it: char| it.is_ascii_digit() || it == '.').unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1.0,
            "µs" | "us" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            _ => f64::NAN,
        };
        total += number * unit;
        rest = &rest[end..];
    }
    Value::String(format!("{total:.0}"))
}
