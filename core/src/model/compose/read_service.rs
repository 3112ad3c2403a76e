//! A merged service to its struct.

use super::dotenv;
use super::read::{Read, boolean, float, int, key_values, keys, place, str_at, str_of, strings};
use super::short::{clean, range};
use super::value::{Data, Entry, Map, Value};
use super::{
    Build, Condition, Dependency, Develop, Device, EnvFile, EnvSource, EnvVar, Extends, HealthTest,
    Healthcheck, Hook, KeyValue, Logging, Mount, MountKind, Port, ProblemKind, Service,
    ServiceNetwork, Ulimit, Watch,
};
use crate::text::{Span, Spanned, join_path};
use smol_str::{SmolStr, format_smolstr};

impl Read<'_> {
    pub fn service(&mut self, name: &SmolStr, entry: &Entry) -> Service {
        self.service = Some(name.clone());
        let empty = Map::default();
        let map = entry.value.as_map().unwrap_or(&empty);
        let get = |key: &str| map.get(key);
        let text = |key: &str| str_at(map, key);
        let list = |key: &str| strings(map.get(key));
        let env_files = self.env_files(get("env_file"));
        let environment = self.effective_environment(&env_files, get("environment"));
        let mut service = Service {
            name: Spanned::new(name.clone(), entry.key),
            span: entry.first,
            places: map.places.clone(),
            keys: keys(map),
            image: text("image").filter(|it| !it.value.is_empty()),
            build: self.build(get("build")),
            command: self.command(get("command")),
            entrypoint: self.command(get("entrypoint")),
            environment,
            environment_places: get("environment")
                .and_then(Value::as_map)
                .map(|it| it.places.clone())
                .unwrap_or_default(),
            env_files,
            ports: self.ports(get("ports")),
            expose: list("expose"),
            volumes: self.mounts(get("volumes")),
            tmpfs: list("tmpfs"),
            volumes_from: list("volumes_from"),
            devices: devices_as_text(get("devices")),
            networks: networks(get("networks")),
            network_mode: text("network_mode"),
            depends_on: self.dependencies(get("depends_on")),
            depends_on_span: get("depends_on").map(|it| it.span),
            depends_on_place: get("depends_on").and_then(Value::as_map).and_then(place),
            implied_dependencies: Vec::new(),
            healthcheck: self.healthcheck(get("healthcheck")),
            deploy: self.deploy(get("deploy")),
            scale: int(get("scale")),
            restart: text("restart"),
            profiles: list("profiles"),
            labels: self.labels(get("label_file"), get("labels")),
            annotations: key_values(get("annotations")),
            secrets: self.file_references(get("secrets")),
            configs: self.file_references(get("configs")),
            models: names(get("models")),
            extends: self.extends(get("extends")),
            develop: develop(get("develop")),
            pre_start: self.hooks(get("pre_start")),
            post_start: self.hooks(get("post_start")),
            pre_stop: self.hooks(get("pre_stop")),
            logging: logging(get("logging")),
            user: text("user"),
            working_dir: text("working_dir"),
            container_name: text("container_name"),
            hostname: text("hostname"),
            domainname: text("domainname"),
            platform: text("platform"),
            pull_policy: text("pull_policy"),
            runtime: text("runtime"),
            stop_signal: text("stop_signal"),
            stop_grace_period: self.duration(get("stop_grace_period")),
            privileged: boolean(get("privileged")),
            read_only: boolean(get("read_only")),
            init: boolean(get("init")),
            tty: boolean(get("tty")),
            stdin_open: boolean(get("stdin_open")),
            attach: boolean(get("attach")),
            cap_add: list("cap_add"),
            cap_drop: list("cap_drop"),
            security_opt: list("security_opt"),
            group_add: list("group_add"),
            pid: text("pid"),
            ipc: text("ipc"),
            uts: text("uts"),
            userns_mode: text("userns_mode"),
            cgroup: text("cgroup"),
            links: list("links"),
            external_links: list("external_links"),
            extra_hosts: extra_hosts(get("extra_hosts")),
            dns: list("dns"),
            dns_search: list("dns_search"),
            sysctls: key_values(get("sysctls")),
            ulimits: ulimits(get("ulimits")),
            mem_limit: self.size(get("mem_limit")),
            mem_reservation: self.size(get("mem_reservation")),
            memswap_limit: self.size(get("memswap_limit")),
            shm_size: self.size(get("shm_size")),
            cpus: float(get("cpus")),
            cpu_shares: float(get("cpu_shares")),
            pids_limit: int(get("pids_limit")),
            gpus: self.devices(get("gpus")),
        };
        service.dns.retain(|it| !it.value.is_empty());
        imply_dependencies(&mut service);
        let alone = service.network_mode.is_some() || service.has_key("provider");
        if service.networks.is_empty() && !alone {
            let name = Spanned::new(SmolStr::new_static("default"), service.name.span);
            service.networks.push(ServiceNetwork { name, implicit: true, ..Default::default() });
        }
        self.service = None;
        service
    }

    fn build(&mut self, value: Option<&Value>) -> Option<Build> {
        let value = value?;
        let map = value.as_map()?;
        let span = value.span;
        let context =
            str_at(map, "context").unwrap_or_else(|| Spanned::new(SmolStr::new_static("."), span));
        let dockerfile = str_at(map, "dockerfile");
        let dockerfile_inline = str_at(map, "dockerfile_inline");
        if let (Some(it), Some(_)) = (&dockerfile, &dockerfile_inline) {
            let message = "`dockerfile` and `dockerfile_inline` exclude each other".to_owned();
            self.problem(ProblemKind::Conflict, it.span, "dockerfile", message);
        }
        let name = dockerfile.as_ref().map_or("Dockerfile", |it| it.value.as_str());
        let dockerfile_id = match dockerfile_inline {
            Some(_) => None,
            None => self.file(&join_path(&context.value, name)),
        };
        Some(Build {
            span,
            place: place(map),
            context,
            dockerfile,
            dockerfile_inline,
            dockerfile_id,
            target: str_at(map, "target"),
            args: self.arguments(map.get("args")),
            labels: key_values(map.get("labels")),
            additional_contexts: key_values(map.get("additional_contexts")),
            cache_from: strings(map.get("cache_from")),
            cache_to: strings(map.get("cache_to")),
            platforms: strings(map.get("platforms")),
            tags: strings(map.get("tags")),
            secrets: self.file_references(map.get("secrets")),
            network: str_at(map, "network"),
            keys: keys(map),
        })
    }

    /// Build arguments without a value take that of the project.
    fn arguments(&self, value: Option<&Value>) -> Vec<KeyValue> {
        let mut all = key_values(value);
        for it in &mut all {
            if it.value.is_none() {
                let value = self.environment.value(&it.key.value);
                it.value = value.map(|value| Spanned::new(value, it.key.span));
            }
        }
        all
    }

    fn env_files(&mut self, value: Option<&Value>) -> Vec<EnvFile> {
        let mut all = Vec::new();
        for item in value.and_then(Value::as_list).unwrap_or_default() {
            let Some(map) = item.as_map() else { continue };
            let Some(path) = str_at(map, "path") else { continue };
            let required = boolean(map.get("required")).is_none_or(|it| it.value);
            let file = self.file(&path.value);
            if file.is_none() && required {
                let message =
                    format!("the file `{}` that `env_file` names is not there", path.value);
                self.problem(ProblemKind::EnvFileMissing, path.span, &path.value.clone(), message);
            }
            let format = str_at(map, "format");
            if let Some(it) = format.as_ref().filter(|it| it.value != "raw") {
                let message =
                    format!("`{it}` is no format of an `env_file`; `raw` is the only one");
                self.problem(ProblemKind::InvalidValue, it.span, &it.value.clone(), message);
            }
            all.push(EnvFile { path, required, format, file, span: item.span });
        }
        all
    }

    /// The variables of the files, overridden by those of `environment`.
    fn effective_environment(&mut self, files: &[EnvFile], own: Option<&Value>) -> Vec<EnvVar> {
        let mut all: indexmap::IndexMap<SmolStr, EnvVar, rustc_hash::FxBuildHasher> =
            indexmap::IndexMap::default();
        for file in files {
            let Some(id) = file.file else { continue };
            let Some(input) = self.files.all.iter().find(|it| it.id == id) else { continue };
            let raw = file.format.as_ref().is_some_and(|it| it.value == "raw");
            let found = if raw {
                dotenv::parse_raw(id, input.text)
            } else {
                let outer = |name: &str| self.environment.value(name);
                let earlier = |name: &str| {
                    let found = all.get(name).and_then(|it: &EnvVar| it.value.as_ref());
                    found.map(|it| it.value.clone())
                };
                dotenv::parse_after(id, input.text, &outer, &earlier)
            };
            if let Some((span, message)) = found.error {
                self.problem(ProblemKind::EnvFileInvalid, span, &file.path.value.clone(), message);
            }
            for variable in found.variables {
                // A lone name that nothing sets is no variable.
                let Some(value) = variable.value else { continue };
                let span = variable.name.span.to(value.span);
                let name = variable.name.value.clone();
                let variable = EnvVar {
                    name: variable.name,
                    value: Some(value),
                    span,
                    from: EnvSource::EnvFile(id),
                    interpolated: false,
                    list_form: true,
                    typed: false,
                };
                all.insert(name, variable);
            }
        }
        for variable in self.environment(own) {
            all.insert(variable.name.value.clone(), variable);
        }
        all.into_values().collect()
    }

    /// The labels of files, overridden by those of `labels`.
    fn labels(&mut self, files: Option<&Value>, own: Option<&Value>) -> Vec<KeyValue> {
        let own = key_values(own);
        let mut all: Vec<KeyValue> = Vec::new();
        for path in strings(files) {
            let Some((_, input)) = self.files.find(&join_path(self.folder, &path.value)) else {
                let message = format!("the file `{path}` that `label_file` names is not there");
                self.problem(ProblemKind::EnvFileMissing, path.span, &path.value, message);
                continue;
            };
            let outer = |name: &str| self.environment.value(name);
            let found = dotenv::parse(input.id, input.text, &outer).variables;
            for it in found {
                let Some(value) = it.value else { continue };
                let span = it.name.span.to(value.span);
                all.retain(|old| old.key.value != it.name.value);
                all.push(KeyValue { key: it.name, value: Some(value), span });
            }
        }
        all.retain(|it| !own.iter().any(|own| own.key.value == it.key.value));
        all.extend(own);
        all
    }

    fn ports(&mut self, value: Option<&Value>) -> Vec<Port> {
        let mut all = Vec::new();
        for item in value.and_then(Value::as_list).unwrap_or_default() {
            let Some(map) = item.as_map() else { continue };
            let Some(target) = map.get("target") else {
                let message = "a port needs a `target`, the port of the container".to_owned();
                self.problem(ProblemKind::InvalidPort, item.span, "", message);
                continue;
            };
            let number = |it: &Value| {
                let (first, last) = range(it.text()?)?;
                Some(Spanned::new((first, last), it.span))
            };
            let Some(target) = number(target).filter(|it| it.value.0 == it.value.1) else {
                let name = target.text().cloned().unwrap_or_default();
                let message = format!("`{name}` is no port of a container");
                self.problem(ProblemKind::InvalidPort, target.span, &name, message);
                continue;
            };
            let published =
                map.get("published").filter(|it| it.text().is_some_and(|it| !it.is_empty()));
            let host_ip = str_at(map, "host_ip").filter(|it| !it.value.is_empty());
            if let Some(ip) = &host_ip
                && ip.value.parse::<std::net::IpAddr>().is_err()
            {
                let message = format!("`{}` is no IP address", ip.value);
                self.problem(ProblemKind::InvalidPort, ip.span, &ip.value.clone(), message);
            }
            all.push(Port {
                host_ip,
                published: published.and_then(number),
                target: target.map(|it| it.0),
                protocol: str_at(map, "protocol").map_or(SmolStr::new_static("tcp"), |it| it.value),
                mode: str_at(map, "mode"),
                name: str_at(map, "name"),
                app_protocol: str_at(map, "app_protocol"),
                span: item.span,
                short_form: map.short,
                place: place(map),
            });
        }
        all
    }

    fn mounts(&mut self, value: Option<&Value>) -> Vec<Mount> {
        let mut all = Vec::new();
        for item in value.and_then(Value::as_list).unwrap_or_default() {
            let Some(map) = item.as_map() else { continue };
            let source = str_at(map, "source");
            let kind = match map.get("type").and_then(Value::text).map(SmolStr::as_str) {
                Some("bind") => MountKind::Bind,
                Some("tmpfs") => MountKind::Tmpfs,
                Some("npipe") => MountKind::Npipe,
                Some("cluster") => MountKind::Cluster,
                Some("image") => MountKind::Image,
                _ if source.is_none() => MountKind::Anonymous,
                _ => MountKind::Volume,
            };
            let Some(mut target) = str_at(map, "target") else {
                let message = "a mount needs a `target`, the path in the container".to_owned();
                self.problem(ProblemKind::InvalidMount, item.span, "", message);
                continue;
            };
            target.value = clean(&target.value);
            let mut options: Vec<SmolStr> = match map.get("options").and_then(Value::text) {
                Some(text) => text.split(',').map(SmolStr::new).collect(),
                None => Vec::new(),
            };
            let inner = |section: &str, key: &str| {
                map.get(section)?.get(key).and_then(Value::text).cloned()
            };
            if inner("volume", "nocopy").as_deref() == Some("true") {
                options.push(SmolStr::new_static("nocopy"));
            }
            options.extend(inner("bind", "propagation"));
            options.extend(inner("bind", "selinux"));
            let subpath =
                ["volume", "image"].iter().find_map(|it| str_of(map.get(it)?.get("subpath")?));
            all.push(Mount {
                kind,
                source,
                target,
                read_only: boolean(map.get("read_only")).is_some_and(|it| it.value),
                consistency: str_at(map, "consistency"),
                options,
                subpath,
                span: item.span,
                short_form: map.short,
                place: place(map),
            });
        }
        all
    }

    fn dependencies(&mut self, value: Option<&Value>) -> Vec<Dependency> {
        let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
        let mut all = Vec::with_capacity(map.entries.len());
        for (name, entry) in &map.entries {
            let Some(inner) = entry.value.as_map() else { continue };
            let written = inner.get("condition").and_then(str_of);
            let condition = match written.as_ref().map(|it| it.value.as_str()) {
                Some("service_healthy") => Condition::Healthy,
                Some("service_completed_successfully") => Condition::CompletedSuccessfully,
                _ => Condition::Started,
            };
            let span = written.as_ref().map_or(entry.last_key, |it| it.span);
            all.push(Dependency {
                service: Spanned::new(name.clone(), entry.last_key),
                condition: Spanned::new(condition, span),
                explicit_condition: written.is_some() && !inner.short,
                restart: boolean(inner.get("restart")).is_some_and(|it| it.value),
                required: boolean(inner.get("required")).is_none_or(|it| it.value),
                short_form: inner.short,
                span: entry.last,
                place: place(inner),
            });
        }
        all
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
            let message = format!(
                "a healthcheck's `test` must start with `CMD`, `CMD-SHELL` or `NONE`, not with `{name}`"
            );
            self.problem(ProblemKind::InvalidHealthTest, span, &name, message);
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

    fn hooks(&mut self, value: Option<&Value>) -> Vec<Hook> {
        let mut all = Vec::new();
        for item in value.and_then(Value::as_list).unwrap_or_default() {
            let Some(map) = item.as_map() else { continue };
            all.push(Hook {
                command: self.command(map.get("command")).unwrap_or_default(),
                image: str_at(map, "image"),
                user: str_at(map, "user"),
                privileged: boolean(map.get("privileged")),
                working_dir: str_at(map, "working_dir"),
                per_replica: boolean(map.get("per_replica")),
                environment: self.environment(map.get("environment")),
                span: item.span,
            });
        }
        all
    }

    pub fn devices(&mut self, value: Option<&Value>) -> Vec<Device> {
        let mut all = Vec::new();
        for item in value.and_then(Value::as_list).unwrap_or_default() {
            let Some(map) = item.as_map() else { continue };
            let count = map.get("count");
            let everything = count.and_then(Value::text).is_some_and(|it| it == "all");
            let count = match (everything, count) {
                (true, Some(it)) => Some(Spanned::new(-1, it.span)),
                (_, it) => int(it),
            };
            let device_ids = strings(map.get("device_ids"));
            if let (Some(it), Some(_)) = (&count, map.get("device_ids")) {
                let message = "`count` and `device_ids` exclude each other".to_owned();
                self.problem(ProblemKind::Conflict, it.span, "count", message);
            }
            all.push(Device {
                span: item.span,
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
    let one = |(name, entry): (&SmolStr, &Entry)| {
        let get = |key: &str| entry.value.get(key);
        ServiceNetwork {
            name: Spanned::new(name.clone(), entry.last_key),
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
    map.entries.iter().map(|(name, it)| Spanned::new(name.clone(), it.last_key)).collect()
}

fn devices_as_text(value: Option<&Value>) -> Vec<crate::model::Str> {
    let one = |item: &Value| {
        let Some(map) = item.as_map() else { return str_of(item) };
        let get = |key: &str| map.get(key).and_then(Value::text).map(SmolStr::as_str);
        let source = get("source")?;
        let target = get("target").unwrap_or(source);
        let permissions = get("permissions").unwrap_or("rwm");
        Some(Spanned::new(format_smolstr!("{source}:{target}:{permissions}"), item.span))
    };
    value.and_then(Value::as_list).unwrap_or_default().iter().filter_map(one).collect()
}

fn extra_hosts(value: Option<&Value>) -> Vec<KeyValue> {
    let one = |item: &Value| {
        let map = item.as_map()?;
        Some(KeyValue { key: str_at(map, "host")?, value: str_at(map, "address"), span: item.span })
    };
    value.and_then(Value::as_list).unwrap_or_default().iter().filter_map(one).collect()
}

fn ulimits(value: Option<&Value>) -> Vec<Ulimit> {
    let Some(map) = value.and_then(Value::as_map) else { return Vec::new() };
    let one = |(name, entry): (&SmolStr, &Entry)| {
        let both = int(Some(&entry.value));
        Ulimit {
            name: Spanned::new(name.clone(), entry.last_key),
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
    let one = |item: &Value| Watch {
        action: item.get("action").and_then(str_of),
        path: item.get("path").and_then(str_of),
        target: item.get("target").and_then(str_of),
        span: item.span,
    };
    let watch = map.get("watch").and_then(Value::as_list).unwrap_or_default();
    Some(Develop { span: value.span, watch: watch.iter().map(one).collect() })
}
