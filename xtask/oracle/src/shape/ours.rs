//! The compared parts of our model, in the form of `docker-compose config --format json`.

use super::{bare, path, sorted};
use plimsoll_core::model::compose::{
    Build, Command, Dependency, Deploy, Device, EnvVar, FileObject, FileReference, Healthcheck,
    Hook, KeyValue, Mount, MountKind, Port, Project, Resources, Service, ServiceNetwork, Ulimit,
    UpdateConfig,
};
use plimsoll_core::text::Spanned;
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::time::Duration;

type ReadService = fn(&Service, &Project) -> Value;
type ReadObject = fn(&Project, &str) -> Value;

/// The keys of a service that are compared.
pub const SERVICE: &[(&str, ReadService)] = &[
    ("image", |it, _| text(&it.image)),
    ("build", |it, _| it.build.as_deref().map_or(Value::Null, build)),
    ("command", |it, _| command(it.command.as_ref())),
    ("entrypoint", |it, _| command(it.entrypoint.as_ref())),
    ("environment", |it, _| environment(&it.environment)),
    ("ports", |it, _| ports(it)),
    ("expose", |it, _| list(&it.expose)),
    ("volumes", |it, _| volumes(it)),
    ("networks", |it, _| {
        let one = |it: &ServiceNetwork| {
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
        let one = |it: &Dependency| {
            let value = json!({
                "condition": it.condition.name(),
                "restart": it.restart.then_some(true),
                "required": it.required,
            });
            (it.service.to_string(), bare(value))
        };
        object(it.dependencies().map(one))
    }),
    ("healthcheck", |it, _| it.healthcheck.as_deref().map_or(Value::Null, healthcheck)),
    ("deploy", |it, _| it.deploy.as_deref().map_or(Value::Null, deploy)),
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
        let one = |it: &Ulimit| {
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

fn file_object(it: &FileObject) -> Value {
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

/// Nothing where there is nothing.
fn object(entries: impl Iterator<Item = (String, Value)>) -> Value {
    let map: Map<String, Value> = entries.collect();
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

fn environment(values: &[EnvVar]) -> Value {
    let one = |it: &EnvVar| {
        (it.name.to_string(), it.value.as_ref().map_or(Value::Null, |it| json!(it.value.as_str())))
    };
    object(values.iter().map(one))
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
    let one = |it: &Port| {
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
    let one = |it: &Mount| {
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

fn healthcheck(it: &Healthcheck) -> Value {
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

fn hooks(values: &[Hook]) -> Value {
    let one = |it: &Hook| {
        bare(json!({
            "command": command(Some(&it.command)),
            "user": text(&it.user),
            "privileged": it.privileged.map(|it| it.value).filter(|it| *it),
            "working_dir": text(&it.working_dir),
            "environment": environment(&it.environment),
        }))
    };
    if values.is_empty() { Value::Null } else { values.iter().map(one).collect() }
}
