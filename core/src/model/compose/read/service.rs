//! Reads a merged service.

use crate::model::compose::load::value::{Data, Entry, Map, Value};
use crate::model::compose::read::{
    Read, boolean, float, int, key_values, keys, maps, str_at, str_of, strings, text_at,
};
use crate::model::compose::{
    Command, Condition, Dependency, Develop, Device, Extends, FileReference, HealthTest,
    Healthcheck, Hook, KeyValue, Logging, ProblemKind, Service, ServiceNetwork, Ulimit, Watch,
};
use crate::model::{Place, Str};
use crate::text::{Span, Spanned};
use rustc_hash::FxHashSet;
use smol_str::{SmolStr, format_smolstr};
use std::cmp::Reverse;

/// A field of a service whose type says how its value is read.
enum Field<'s> {
    Text(&'s mut Option<Str>),
    Texts(&'s mut Vec<Str>),
    Bool(&'s mut Option<Spanned<bool>>),
    Int(&'s mut Option<Spanned<i64>>),
    Size(&'s mut Option<Spanned<i64>>),
    Float(&'s mut Option<Spanned<f64>>),
    Command(&'s mut Option<Command>),
    Hooks(&'s mut Vec<Hook>),
    References(&'s mut Vec<FileReference>),
    Pairs(&'s mut Vec<KeyValue>),
}

/// Returns the spans of values that are written outside of the places of their service, sorted; none of
/// them lies in another one.
fn borrowed(service: &Value, places: &[Place]) -> Vec<Span> {
    let mut spans = Vec::new();
    add_borrowed(service, places, &mut spans);
    spans.sort_unstable_by_key(|it| (it.file, it.start, Reverse(it.end)));
    spans.dedup_by(|inner, outer| outer.contains(*inner));
    spans
}

/// Adds the spans of the outermost values that lie in none of the places of their service.
fn add_borrowed(value: &Value, places: &[Place], out: &mut Vec<Span>) {
    if !places.iter().any(|place| place.span.contains(value.span)) {
        out.push(value.span);
        return;
    }
    match &value.data {
        Data::Scalar(_) => {}
        Data::List(items) => items.iter().for_each(|it| add_borrowed(it, places, out)),
        Data::Map(map) => {
            map.entries.values().for_each(|it| add_borrowed(&it.value, places, out));
        }
    }
}

impl Read<'_> {
    pub fn service(&mut self, name: &SmolStr, entry: &Entry) -> Service {
        self.out.service = Some(name.clone());
        let mut service = Service {
            name: Spanned::new(name.clone(), entry.key),
            span: entry.first,
            ..Service::default()
        };
        if let Some(map) = entry.value.as_map() {
            service.places = map.places();
            service.borrowed = borrowed(&entry.value, &service.places);
            service.keys = keys(map);
            for (key, entry) in &map.entries {
                self.field(&mut service, key, &entry.value);
            }
            let own = map.get("environment");
            (service.environment, service.overridden) =
                self.effective_environment(&service.env_files, own);
            service.labels = self.labels(map.get("label_file"), map.get("labels"));
        }
        service.image.take_if(|image| image.is_empty());
        service.dns.retain(|server| !server.is_empty());
        imply_dependencies(&mut service);
        let alone = service.network_mode.is_some() || service.has_key("provider");
        if service.networks.is_empty() && !alone {
            let name = Spanned::new(SmolStr::new_static("default"), service.name.span);
            service.networks.push(ServiceNetwork { name, implicit: true, ..Default::default() });
        }
        self.out.service = None;
        service
    }

    /// Reads the value of one key.
    fn field(&mut self, service: &mut Service, key: &str, value: &Value) {
        match simple_field(service, key) {
            Some(Field::Text(field)) => *field = str_of(value),
            Some(Field::Texts(field)) => *field = strings(Some(value)),
            Some(Field::Bool(field)) => *field = boolean(Some(value)),
            Some(Field::Int(field)) => *field = int(Some(value)),
            Some(Field::Size(field)) => *field = self.size(Some(value)),
            Some(Field::Float(field)) => *field = float(Some(value)),
            Some(Field::Command(field)) => *field = self.command(Some(value)),
            Some(Field::Hooks(field)) => *field = self.hooks(value),
            Some(Field::References(field)) => *field = self.file_references(Some(value)),
            Some(Field::Pairs(field)) => *field = key_values(Some(value)),
            None => self.special_field(service, key, value),
        }
    }

    /// Reads the value of a key that has a reader of its own. `environment` and `labels` are read
    /// afterwards, together with their files; other keys mean nothing to the model.
    fn special_field(&mut self, service: &mut Service, key: &str, value: &Value) {
        match key {
            "build" => service.build = self.build(value).map(Box::new),
            "deploy" => service.deploy = self.deploy(value).map(Box::new),
            "depends_on" => {
                service.depends_on_span = Some(value.span);
                if let Some(map) = value.as_map() {
                    service.depends_on_place = map.place;
                    service.depends_on = dependencies(map);
                }
            }
            "develop" => service.develop = develop(value),
            "devices" => service.devices = devices_as_text(value),
            "env_file" => service.env_files = self.env_files(value),
            "environment" => {
                service.environment_places = value.as_map().map(Map::places).unwrap_or_default();
            }
            "extends" => service.extends = self.extends(value).map(Box::new),
            "extra_hosts" => service.extra_hosts = extra_hosts(Some(value)),
            "gpus" => service.gpus = self.devices(Some(value)),
            "healthcheck" => service.healthcheck = self.healthcheck(value).map(Box::new),
            "logging" => service.logging = logging(value).map(Box::new),
            "models" => service.models = names(value),
            "networks" => service.networks = networks(value),
            "ports" => service.ports = self.ports(value),
            "stop_grace_period" => service.stop_grace_period = self.duration(Some(value)),
            "ulimits" => service.ulimits = ulimits(value),
            "volumes" => service.volumes = self.mounts(value),
            _ => {}
        }
    }

    fn healthcheck(&mut self, value: &Value) -> Option<Healthcheck> {
        let map = value.as_map()?;
        let test = map.get("test").and_then(|it| self.health_test(it));
        let disabled = boolean(map.get("disable")).is_some_and(|flag| flag.value)
            || test.as_ref().is_some_and(HealthTest::is_none);
        Some(Healthcheck {
            span: value.span,
            place: map.place,
            test,
            interval: self.duration(map.get("interval")),
            timeout: self.duration(map.get("timeout")),
            start_period: self.duration(map.get("start_period")),
            start_interval: self.duration(map.get("start_interval")),
            retries: int(map.get("retries")),
            disabled,
            keys: keys(map),
        })
    }

    fn health_test(&mut self, value: &Value) -> Option<HealthTest> {
        let span = value.span;
        let (words, string_form) = match &value.data {
            Data::List(_) => (strings(Some(value)), false),
            _ => {
                let head = Spanned::new(SmolStr::new_static("CMD-SHELL"), span);
                (vec![head, str_of(value)?], true)
            }
        };
        let test = HealthTest { words, string_form, span };
        let first = test.words.first()?;
        if !matches!(first.value.as_str(), "NONE" | "CMD" | "CMD-SHELL") {
            let message = format!(
                "the `test` of a healthcheck must start with `CMD`, `CMD-SHELL` or `NONE`, not with `{first}`"
            );
            self.out.problem(ProblemKind::InvalidHealthTest, first.span, first, message);
        }
        Some(test)
    }

    fn extends(&self, value: &Value) -> Option<Extends> {
        let map = value.as_map()?;
        let file = str_at(map, "file");
        let file_id = file.as_ref().and_then(|path| self.file(path));
        Some(Extends { service: str_at(map, "service")?, file, file_id, span: value.span })
    }

    fn hooks(&mut self, value: &Value) -> Vec<Hook> {
        let mut all = Vec::new();
        for (span, map) in maps(Some(value)) {
            all.push(Hook {
                command: self.command(map.get("command")).unwrap_or_default(),
                image: str_at(map, "image"),
                user: str_at(map, "user"),
                privileged: boolean(map.get("privileged")),
                working_dir: str_at(map, "working_dir"),
                per_replica: boolean(map.get("per_replica")),
                environment: self.environment(map.get("environment")),
                span,
            });
        }
        all
    }

    pub fn devices(&mut self, value: Option<&Value>) -> Vec<Device> {
        let mut all = Vec::new();
        for (span, map) in maps(value) {
            let count = match map.get("count") {
                Some(value) if value.text().is_some_and(|text| text == "all") => {
                    Some(Spanned::new(-1, value.span))
                }
                value => int(value),
            };
            let device_ids = strings(map.get("device_ids"));
            if let (Some(count), Some(_)) = (&count, map.get("device_ids")) {
                let message = "`count` and `device_ids` are mutually exclusive";
                self.out.problem(ProblemKind::Conflict, count.span, "count", message);
            }
            all.push(Device {
                span,
                driver: str_at(map, "driver"),
                count,
                device_ids,
                capabilities: strings(map.get("capabilities")),
                options: key_values(map.get("options")),
            });
        }
        all
    }
}

/// Returns the field of a key whose value is read by its type alone.
fn simple_field<'s>(service: &'s mut Service, key: &str) -> Option<Field<'s>> {
    use Field::{Bool, Float, Hooks, Int, Pairs, References, Size, Text, Texts};
    Some(match key {
        "annotations" => Pairs(&mut service.annotations),
        "attach" => Bool(&mut service.attach),
        "cap_add" => Texts(&mut service.cap_add),
        "cap_drop" => Texts(&mut service.cap_drop),
        "cgroup" => Text(&mut service.cgroup),
        "command" => Field::Command(&mut service.command),
        "configs" => References(&mut service.configs),
        "container_name" => Text(&mut service.container_name),
        "cpu_shares" => Float(&mut service.cpu_shares),
        "cpus" => Float(&mut service.cpus),
        "dns" => Texts(&mut service.dns),
        "dns_search" => Texts(&mut service.dns_search),
        "domainname" => Text(&mut service.domainname),
        "entrypoint" => Field::Command(&mut service.entrypoint),
        "expose" => Texts(&mut service.expose),
        "external_links" => Texts(&mut service.external_links),
        "group_add" => Texts(&mut service.group_add),
        "hostname" => Text(&mut service.hostname),
        "image" => Text(&mut service.image),
        "init" => Bool(&mut service.init),
        "ipc" => Text(&mut service.ipc),
        "links" => Texts(&mut service.links),
        "mem_limit" => Size(&mut service.mem_limit),
        "mem_reservation" => Size(&mut service.mem_reservation),
        "memswap_limit" => Size(&mut service.memswap_limit),
        "network_mode" => Text(&mut service.network_mode),
        "pid" => Text(&mut service.pid),
        "pids_limit" => Int(&mut service.pids_limit),
        "platform" => Text(&mut service.platform),
        "post_start" => Hooks(&mut service.post_start),
        "pre_start" => Hooks(&mut service.pre_start),
        "pre_stop" => Hooks(&mut service.pre_stop),
        "privileged" => Bool(&mut service.privileged),
        "profiles" => Texts(&mut service.profiles),
        "pull_policy" => Text(&mut service.pull_policy),
        "read_only" => Bool(&mut service.read_only),
        "restart" => Text(&mut service.restart),
        "runtime" => Text(&mut service.runtime),
        "scale" => Int(&mut service.scale),
        "secrets" => References(&mut service.secrets),
        "security_opt" => Texts(&mut service.security_opt),
        "shm_size" => Size(&mut service.shm_size),
        "stdin_open" => Bool(&mut service.stdin_open),
        "stop_signal" => Text(&mut service.stop_signal),
        "sysctls" => Pairs(&mut service.sysctls),
        "tmpfs" => Texts(&mut service.tmpfs),
        "tty" => Bool(&mut service.tty),
        "user" => Text(&mut service.user),
        "userns_mode" => Text(&mut service.userns_mode),
        "uts" => Text(&mut service.uts),
        "volumes_from" => Texts(&mut service.volumes_from),
        "working_dir" => Text(&mut service.working_dir),
        _ => return None,
    })
}

fn dependencies(map: &Map) -> Vec<Dependency> {
    let mut all = Vec::new();
    for (name, entry) in &map.entries {
        let Some(inner) = entry.value.as_map() else { continue };
        let written = inner.get("condition").and_then(str_of);
        let condition = match written.as_ref().map(|condition| condition.as_str()) {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::CompletedSuccessfully,
            _ => Condition::Started,
        };
        let span = written.as_ref().map_or(entry.last_key(), |condition| condition.span);
        all.push(Dependency {
            service: Spanned::new(name.clone(), entry.last_key()),
            condition: Spanned::new(condition, span),
            explicit_condition: written.is_some() && !inner.short,
            restart: boolean(inner.get("restart")).is_some_and(|flag| flag.value),
            required: boolean(inner.get("required")).is_none_or(|flag| flag.value),
            short_form: inner.short,
            span: entry.last(),
            place: inner.place,
        });
    }
    all
}

/// Adds the dependencies that links, the volumes of other services, shared namespaces and build
/// contexts imply.
fn imply_dependencies(service: &mut Service) {
    let mut wanted: Vec<(SmolStr, Span, bool)> = Vec::new();
    for link in &service.links {
        let name = link.value.split(':').next().unwrap_or_default();
        wanted.push((SmolStr::new(name), link.span, true));
    }
    let modes = [&service.network_mode, &service.ipc, &service.pid, &service.uts, &service.cgroup];
    for mode in modes.into_iter().flatten() {
        if let Some(name) = mode.value.strip_prefix("service:") {
            wanted.push((SmolStr::new(name), mode.span, true));
        }
    }
    for volume in &service.volumes_from {
        if !volume.value.starts_with("container:") {
            let name = volume.value.split(':').next().unwrap_or_default();
            wanted.push((SmolStr::new(name), volume.span, false));
        }
    }
    for context in service.build.iter().flat_map(|it| &it.additional_contexts) {
        let Some(value) = &context.value else { continue };
        if let Some(name) = value.value.strip_prefix("service:") {
            wanted.push((SmolStr::new(name), value.span, false));
        }
    }
    let mut known: FxHashSet<SmolStr> =
        service.depends_on.iter().map(|written| written.service.value.clone()).collect();
    for (name, span, restart) in wanted {
        if !known.insert(name.clone()) {
            continue;
        }
        service.implied_dependencies.push(Dependency {
            service: Spanned::new(name, span),
            condition: Spanned::new(Condition::Started, span),
            explicit_condition: false,
            restart,
            required: true,
            short_form: true,
            span,
            place: None,
        });
    }
}

fn networks(value: &Value) -> Vec<ServiceNetwork> {
    let Some(map) = value.as_map() else { return Vec::new() };
    let networks = map.entries.iter().map(|(name, entry)| {
        let get = |key: &str| entry.value.get(key);
        ServiceNetwork {
            name: Spanned::new(name.clone(), entry.last_key()),
            implicit: false,
            aliases: strings(get("aliases")),
            ipv4_address: get("ipv4_address").and_then(str_of),
            ipv6_address: get("ipv6_address").and_then(str_of),
            priority: float(get("priority")),
        }
    });
    networks.collect()
}

fn names(value: &Value) -> Vec<Str> {
    let Some(map) = value.as_map() else { return Vec::new() };
    let names = map.entries.iter();
    names.map(|(name, entry)| Spanned::new(name.clone(), entry.last_key())).collect()
}

/// Renders devices in their short form.
fn devices_as_text(value: &Value) -> Vec<Str> {
    let one = |item: &Value| {
        let Some(map) = item.as_map() else { return str_of(item) };
        let source = text_at(map, "source")?;
        let target = text_at(map, "target").unwrap_or(source);
        let permissions = text_at(map, "permissions").unwrap_or("rwm");
        Some(Spanned::new(format_smolstr!("{source}:{target}:{permissions}"), item.span))
    };
    value.as_list().unwrap_or_default().iter().filter_map(one).collect()
}

pub(crate) fn extra_hosts(value: Option<&Value>) -> Vec<KeyValue> {
    let mut all = Vec::new();
    for (span, map) in maps(value) {
        if let Some(key) = str_at(map, "host") {
            all.push(KeyValue { key, value: str_at(map, "address"), span });
        }
    }
    all
}

fn ulimits(value: &Value) -> Vec<Ulimit> {
    let Some(map) = value.as_map() else { return Vec::new() };
    let limits = map.entries.iter().map(|(name, entry)| {
        let both = int(Some(&entry.value));
        Ulimit {
            name: Spanned::new(name.clone(), entry.last_key()),
            soft: both.or_else(|| int(entry.value.get("soft"))),
            hard: both.or_else(|| int(entry.value.get("hard"))),
        }
    });
    limits.collect()
}

fn logging(value: &Value) -> Option<Logging> {
    let map = value.as_map()?;
    Some(Logging {
        driver: str_at(map, "driver"),
        options: key_values(map.get("options")),
        span: value.span,
        place: map.place,
    })
}

fn develop(value: &Value) -> Option<Develop> {
    let map = value.as_map()?;
    let mut watch = Vec::new();
    for (span, map) in maps(map.get("watch")) {
        let get = |key: &str| str_at(map, key);
        watch.push(Watch { action: get("action"), path: get("path"), target: get("target"), span });
    }
    Some(Develop { span: value.span, watch })
}
