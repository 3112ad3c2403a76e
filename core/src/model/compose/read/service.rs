//! A merged service to its struct.

use crate::model::Str;
use crate::model::compose::load::value::{Data, Entry, Map, Value};
use crate::model::compose::read::{
    Read, boolean, float, int, key_values, keys, maps, place, str_at, str_of, strings, text_at,
};
use crate::model::compose::{
    Command, Condition, Dependency, Develop, Device, Extends, FileReference, HealthTest,
    Healthcheck, Hook, KeyValue, Logging, ProblemKind, Service, ServiceNetwork, Ulimit, Watch,
};
use crate::text::{Span, Spanned};
use smol_str::{SmolStr, format_smolstr};

/// A field of a service, by how its value is read.
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
            service.keys = keys(map);
            for (key, entry) in &map.entries {
                self.field(&mut service, key, &entry.value);
            }
            let own = map.get("environment");
            service.environment = self.effective_environment(&service.env_files, own);
            service.labels = self.labels(map.get("label_file"), map.get("labels"));
        }
        service.image.take_if(|it| it.value.is_empty());
        service.dns.retain(|it| !it.value.is_empty());
        imply_dependencies(&mut service);
        let alone = service.network_mode.is_some() || service.has_key("provider");
        if service.networks.is_empty() && !alone {
            let name = Spanned::new(SmolStr::new_static("default"), service.name.span);
            service.networks.push(ServiceNetwork { name, implicit: true, ..Default::default() });
        }
        self.out.service = None;
        service
    }

    /// Reads the value of one key. The keys that most services have come first.
    fn field(&mut self, it: &mut Service, key: &str, value: &Value) {
        use Field::{Bool, Float, Hooks, Int, Pairs, References, Size, Text, Texts};
        let field = match key {
            "image" => Text(&mut it.image),
            "container_name" => Text(&mut it.container_name),
            "restart" => Text(&mut it.restart),
            "ports" => return it.ports = self.ports(value),
            "volumes" => return it.volumes = self.mounts(value),
            "networks" => return it.networks = networks(value),
            "environment" => {
                it.environment_places = value.as_map().map(Map::places).unwrap_or_default();
                return;
            }
            "depends_on" => {
                it.depends_on_span = Some(value.span);
                if let Some(map) = value.as_map() {
                    it.depends_on_place = map.place;
                    it.depends_on = dependencies(map);
                }
                return;
            }
            "build" => return it.build = self.build(value).map(Box::new),
            "command" => Field::Command(&mut it.command),
            "healthcheck" => return it.healthcheck = self.healthcheck(value).map(Box::new),
            "env_file" => return it.env_files = self.env_files(value),
            "entrypoint" => Field::Command(&mut it.entrypoint),
            "deploy" => return it.deploy = self.deploy(value).map(Box::new),
            "hostname" => Text(&mut it.hostname),
            "user" => Text(&mut it.user),
            "working_dir" => Text(&mut it.working_dir),
            "network_mode" => Text(&mut it.network_mode),
            "profiles" => Texts(&mut it.profiles),
            "expose" => Texts(&mut it.expose),
            "logging" => return it.logging = logging(value).map(Box::new),
            "cap_add" => Texts(&mut it.cap_add),
            "cap_drop" => Texts(&mut it.cap_drop),
            "security_opt" => Texts(&mut it.security_opt),
            "privileged" => Bool(&mut it.privileged),
            "extends" => return it.extends = self.extends(value).map(Box::new),
            "platform" => Text(&mut it.platform),
            "tmpfs" => Texts(&mut it.tmpfs),
            "links" => Texts(&mut it.links),
            "devices" => return it.devices = devices_as_text(value),
            "secrets" => References(&mut it.secrets),
            "configs" => References(&mut it.configs),
            "extra_hosts" => return it.extra_hosts = extra_hosts(value),
            "mem_limit" => Size(&mut it.mem_limit),
            "mem_reservation" => Size(&mut it.mem_reservation),
            "memswap_limit" => Size(&mut it.memswap_limit),
            "shm_size" => Size(&mut it.shm_size),
            "cpus" => Float(&mut it.cpus),
            "cpu_shares" => Float(&mut it.cpu_shares),
            "pids_limit" => Int(&mut it.pids_limit),
            "scale" => Int(&mut it.scale),
            "ulimits" => return it.ulimits = ulimits(value),
            "read_only" => Bool(&mut it.read_only),
            "init" => Bool(&mut it.init),
            "tty" => Bool(&mut it.tty),
            "stdin_open" => Bool(&mut it.stdin_open),
            "attach" => Bool(&mut it.attach),
            "stop_signal" => Text(&mut it.stop_signal),
            "stop_grace_period" => {
                it.stop_grace_period = self.duration(Some(value));
                return;
            }
            "domainname" => Text(&mut it.domainname),
            "pull_policy" => Text(&mut it.pull_policy),
            "runtime" => Text(&mut it.runtime),
            "pid" => Text(&mut it.pid),
            "ipc" => Text(&mut it.ipc),
            "uts" => Text(&mut it.uts),
            "userns_mode" => Text(&mut it.userns_mode),
            "cgroup" => Text(&mut it.cgroup),
            "volumes_from" => Texts(&mut it.volumes_from),
            "group_add" => Texts(&mut it.group_add),
            "external_links" => Texts(&mut it.external_links),
            "dns" => Texts(&mut it.dns),
            "dns_search" => Texts(&mut it.dns_search),
            "sysctls" => Pairs(&mut it.sysctls),
            "annotations" => Pairs(&mut it.annotations),
            "models" => return it.models = names(value),
            "gpus" => return it.gpus = self.devices(Some(value)),
            "develop" => return it.develop = develop(value),
            "pre_start" => Hooks(&mut it.pre_start),
            "post_start" => Hooks(&mut it.post_start),
            "pre_stop" => Hooks(&mut it.pre_stop),
            _ => return,
        };
        match field {
            Text(field) => *field = str_of(value),
            Texts(field) => *field = strings(Some(value)),
            Bool(field) => *field = boolean(Some(value)),
            Int(field) => *field = int(Some(value)),
            Size(field) => *field = self.size(Some(value)),
            Float(field) => *field = float(Some(value)),
            Field::Command(field) => *field = self.command(Some(value)),
            Hooks(field) => *field = self.hooks(value),
            References(field) => *field = self.file_references(Some(value)),
            Pairs(field) => *field = key_values(Some(value)),
        }
    }

    fn healthcheck(&mut self, value: &Value) -> Option<Healthcheck> {
        let map = value.as_map()?;
        let test = map.get("test").and_then(|it| self.health_test(it));
        let disabled = boolean(map.get("disable")).is_some_and(|it| it.value)
            || test.as_ref().is_some_and(HealthTest::is_none);
        Some(Healthcheck {
            span: value.span,
            place: place(map),
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
            let (name, span) = (first.value.clone(), first.span);
            let message = "a healthcheck's `test` must start with `CMD`, `CMD-SHELL` or `NONE`, not with `{}`";
            self.out.problem(ProblemKind::InvalidHealthTest, span, &name, message);
        }
        Some(test)
    }

    fn extends(&self, value: &Value) -> Option<Extends> {
        let map = value.as_map()?;
        let file = str_at(map, "file");
        let file_id = file.as_ref().and_then(|it| self.file(&it.value));
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
                Some(it) if it.text().is_some_and(|it| it == "all") => {
                    Some(Spanned::new(-1, it.span))
                }
                it => int(it),
            };
            let device_ids = strings(map.get("device_ids"));
            if let (Some(it), Some(_)) = (&count, map.get("device_ids")) {
                let message = "`count` and `device_ids` exclude each other";
                self.out.problem(ProblemKind::Conflict, it.span, "count", message);
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

fn dependencies(map: &Map) -> Vec<Dependency> {
    let mut all = Vec::with_capacity(map.entries.len());
    for (name, entry) in &map.entries {
        let Some(inner) = entry.value.as_map() else { continue };
        let written = inner.get("condition").and_then(str_of);
        let condition = match written.as_ref().map(|it| it.value.as_str()) {
            Some("service_healthy") => Condition::Healthy,
            Some("service_completed_successfully") => Condition::CompletedSuccessfully,
            _ => Condition::Started,
        };
        let span = written.as_ref().map_or(entry.last_key(), |it| it.span);
        all.push(Dependency {
            service: Spanned::new(name.clone(), entry.last_key()),
            condition: Spanned::new(condition, span),
            explicit_condition: written.is_some() && !inner.short,
            restart: boolean(inner.get("restart")).is_some_and(|it| it.value),
            required: boolean(inner.get("required")).is_none_or(|it| it.value),
            short_form: inner.short,
            span: entry.last(),
            place: place(inner),
        });
    }
    all
}

/// Links, volumes of others and shared namespaces need the other service to run.
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
    for (name, span, restart) in wanted {
        let known = |it: &Dependency| it.service.value == name;
        if service.depends_on.iter().any(known) || service.implied_dependencies.iter().any(known) {
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
    let one = |(name, entry): &(SmolStr, Entry)| {
        let get = |key: &str| entry.value.get(key);
        ServiceNetwork {
            name: Spanned::new(name.clone(), entry.last_key()),
            implicit: false,
            aliases: strings(get("aliases")),
            ipv4_address: get("ipv4_address").and_then(str_of),
            ipv6_address: get("ipv6_address").and_then(str_of),
            priority: float(get("priority")),
        }
    };
    map.entries.iter().map(one).collect()
}

fn names(value: &Value) -> Vec<Str> {
    let Some(map) = value.as_map() else { return Vec::new() };
    map.entries.iter().map(|(name, it)| Spanned::new(name.clone(), it.last_key())).collect()
}

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

fn extra_hosts(value: &Value) -> Vec<KeyValue> {
    let mut all = Vec::new();
    for (span, map) in maps(Some(value)) {
        if let Some(key) = str_at(map, "host") {
            all.push(KeyValue { key, value: str_at(map, "address"), span });
        }
    }
    all
}

fn ulimits(value: &Value) -> Vec<Ulimit> {
    let Some(map) = value.as_map() else { return Vec::new() };
    let one = |(name, entry): &(SmolStr, Entry)| {
        let both = int(Some(&entry.value));
        Ulimit {
            name: Spanned::new(name.clone(), entry.last_key()),
            soft: both.or_else(|| int(entry.value.get("soft"))),
            hard: both.or_else(|| int(entry.value.get("hard"))),
        }
    };
    map.entries.iter().map(one).collect()
}

fn logging(value: &Value) -> Option<Logging> {
    let map = value.as_map()?;
    Some(Logging {
        driver: str_at(map, "driver"),
        options: key_values(map.get("options")),
        span: value.span,
        place: place(map),
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
