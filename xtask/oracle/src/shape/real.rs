//! What `docker-compose config --format json` prints, with its own spellings made equal to ours.

use super::{bare, path, sorted};
use serde_json::{Value, json};

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
pub fn service(key: &str, value: &Value) -> Value {
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
pub fn object(section: &str, key: &str, value: &Value, project: &str) -> Value {
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
