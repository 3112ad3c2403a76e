//! A merged service to its struct.

use super::read::{
    Keys, Read, Written, boolean, float, int, key_values, keys, maps, place, str_at, str_of,
    strings, text_at,
};
use super::value::{Data, Entry, Map, Value};
use super::{
    Condition, Dependency, Develop, Device, Extends, HealthTest, Healthcheck, Hook, KeyValue,
    Logging, ProblemKind, Service, ServiceNetwork, Ulimit, Watch,
};
use crate::text::{Span, Spanned};
use smol_str::{SmolStr, format_smolstr};

impl Read<'_> {
    pub fn service(&mut self, name: &SmolStr, entry: &Entry) -> Service {
        self.out.service = Some(name.clone());
        let empty = Map::default();
        let map = entry.value.as_map().unwrap_or(&empty);
        let written = Written::of(map);
        let get = |key: &str| written.get(key);
        let mut service = Service::default();
        let it = &mut service;
        it.name = Spanned::new(name.clone(), entry.key);
        it.span = entry.first;
        it.places = map.places();
        it.keys = keys(map);
        written.fill(const { Keys::new("image network_mode restart user working_dir container_name hostname domainname \
             platform pull_policy runtime stop_signal pid ipc uts userns_mode cgroup") },
            &mut [
                &mut it.image,
                &mut it.network_mode,
                &mut it.restart,
                &mut it.user,
                &mut it.working_dir,
                &mut it.container_name,
                &mut it.hostname,
                &mut it.domainname,
                &mut it.platform,
                &mut it.pull_policy,
                &mut it.runtime,
                &mut it.stop_signal,
                &mut it.pid,
                &mut it.ipc,
                &mut it.uts,
                &mut it.userns_mode,
                &mut it.cgroup,
            ],
            &mut str_of,
        );
        written.fill(const { Keys::new("expose tmpfs volumes_from profiles cap_add cap_drop security_opt group_add links \
             external_links dns dns_search") },
            &mut [
                &mut it.expose,
                &mut it.tmpfs,
                &mut it.volumes_from,
                &mut it.profiles,
                &mut it.cap_add,
                &mut it.cap_drop,
                &mut it.security_opt,
                &mut it.group_add,
                &mut it.links,
                &mut it.external_links,
                &mut it.dns,
                &mut it.dns_search,
            ],
            &mut |it| strings(Some(it)),
        );
        written.fill(
            const { Keys::new("privileged read_only init tty stdin_open attach") },
            &mut [
                &mut it.privileged,
                &mut it.read_only,
                &mut it.init,
                &mut it.tty,
                &mut it.stdin_open,
                &mut it.attach,
            ],
            &mut |it| boolean(Some(it)),
        );
        written.fill(
            const { Keys::new("mem_limit mem_reservation memswap_limit shm_size") },
            &mut [
                &mut it.mem_limit,
                &mut it.mem_reservation,
                &mut it.memswap_limit,
                &mut it.shm_size,
            ],
            &mut |it| self.size(Some(it)),
        );
        written.fill(
            const { Keys::new("scale pids_limit") },
            &mut [&mut it.scale, &mut it.pids_limit],
            &mut |it| int(Some(it)),
        );
        written.fill(
            const { Keys::new("cpus cpu_shares") },
            &mut [&mut it.cpus, &mut it.cpu_shares],
            &mut |it| float(Some(it)),
        );
        written.fill(
            const { Keys::new("command entrypoint") },
            &mut [&mut it.command, &mut it.entrypoint],
            &mut |it| self.command(Some(it)),
        );
        written.fill(
            const { Keys::new("pre_start post_start pre_stop") },
            &mut [&mut it.pre_start, &mut it.post_start, &mut it.pre_stop],
            &mut |it| self.hooks(it),
        );
        written.fill(
            const { Keys::new("secrets configs") },
            &mut [&mut it.secrets, &mut it.configs],
            &mut |it| self.file_references(Some(it)),
        );
        written.fill(
            const { Keys::new("annotations sysctls") },
            &mut [&mut it.annotations, &mut it.sysctls],
            &mut |it| key_values(Some(it)),
        );
        it.image.take_if(|it| it.value.is_empty());
        it.build = self.build(get("build"));
        it.env_files = self.env_files(get("env_file"));
        it.environment = self.effective_environment(&it.env_files, get("environment"));
        if let Some(map) = get("environment").and_then(Value::as_map) {
            it.environment_places = map.places();
        }
        it.ports = self.ports(get("ports"));
        it.volumes = self.mounts(get("volumes"));
        it.devices = devices_as_text(get("devices"));
        it.networks = networks(get("networks"));
        if let Some(value) = get("depends_on") {
            it.depends_on_span = Some(value.span);
            if let Some(map) = value.as_map() {
                it.depends_on_place = place(map);
                it.depends_on = dependencies(map);
            }
        }
        it.healthcheck = self.healthcheck(get("healthcheck"));
        it.deploy = self.deploy(get("deploy"));
        it.labels = self.labels(get("label_file"), get("labels"));
        it.models = names(get("models"));
        it.extends = self.extends(get("extends"));
        it.develop = develop(get("develop"));
        it.logging = logging(get("logging"));
        it.stop_grace_period = self.duration(get("stop_grace_period"));
        it.extra_hosts = extra_hosts(get("extra_hosts"));
        it.ulimits = ulimits(get("ulimits"));
        it.gpus = self.devices(get("gpus"));
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

    fn healthcheck(&mut self, value: Option<&Value>) -> Option<Healthcheck> {
        let value = value?;
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

    fn extends(&self, value: Option<&Value>) -> Option<Extends> {
        let value = value?;
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

fn networks(value: Option<&Value>) -> Vec<ServiceNetwork> {
    let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
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

fn names(value: Option<&Value>) -> Vec<crate::model::Str> {
    let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
    map.entries.iter().map(|(name, it)| Spanned::new(name.clone(), it.last_key())).collect()
}

fn devices_as_text(value: Option<&Value>) -> Vec<crate::model::Str> {
    let one = |item: &Value| {
        let Some(map) = item.as_map() else { return str_of(item) };
        let source = text_at(map, "source")?;
        let target = text_at(map, "target").unwrap_or(source);
        let permissions = text_at(map, "permissions").unwrap_or("rwm");
        Some(Spanned::new(format_smolstr!("{source}:{target}:{permissions}"), item.span))
    };
    value.and_then(Value::as_list).unwrap_or_default().iter().filter_map(one).collect()
}

fn extra_hosts(value: Option<&Value>) -> Vec<KeyValue> {
    let mut all = Vec::new();
    for (span, map) in maps(value) {
        if let Some(key) = str_at(map, "host") {
            all.push(KeyValue { key, value: str_at(map, "address"), span });
        }
    }
    all
}

fn ulimits(value: Option<&Value>) -> Vec<Ulimit> {
    let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
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

fn logging(value: Option<&Value>) -> Option<Logging> {
    let value = value?;
    let map = value.as_map()?;
    Some(Logging {
        driver: str_at(map, "driver"),
        options: key_values(map.get("options")),
        span: value.span,
        place: place(map),
    })
}

fn develop(value: Option<&Value>) -> Option<Develop> {
    let value = value?;
    let map = value.as_map()?;
    let mut watch = Vec::new();
    for (span, map) in maps(map.get("watch")) {
        let get = |key: &str| str_at(map, key);
        watch.push(Watch { action: get("action"), path: get("path"), target: get("target"), span });
    }
    Some(Develop { span: value.span, watch })
}
