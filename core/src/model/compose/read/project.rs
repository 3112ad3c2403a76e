//! Reads the merged top level, and `deploy` of a service.

use crate::model::compose::load::value::{Entry, Map, Value};
use crate::model::compose::read::{
    Read, boolean, float, int, key_values, keys, str_at, str_of, strings,
};
use crate::model::compose::{
    Deploy, FileObject, Network, Placement, Project, Resources, RestartPolicy, Service,
    UpdateConfig, Volume,
};
use crate::text::Spanned;
use smol_str::SmolStr;
use std::collections::BTreeSet;

impl Read<'_> {
    /// Reads the top level into the project.
    pub fn project(&mut self, root: &Map, project: &mut Project) {
        project.keys = keys(root);
        project.places = root.places();
        if let Some(services) = root.get("services").and_then(Value::as_map) {
            project.services_places = services.places();
            for (name, entry) in &services.entries {
                project.services.push(self.service(name, entry));
            }
            // Where several services share a finding, the first one must not depend on the order of keys.
            project.services.sort_by(|a, b| a.name.value.cmp(&b.name.value));
        }
        project.networks = section(root, "networks").map(|(key, it)| network(key, it)).collect();
        project.volumes = section(root, "volumes").map(|(key, it)| volume(key, it)).collect();
        project.secrets = section(root, "secrets").map(|(key, it)| self.object(key, it)).collect();
        project.configs = section(root, "configs").map(|(key, it)| self.object(key, it)).collect();
        let models = section(root, "models");
        project.models = models.map(|(key, it)| Spanned::new(key.clone(), it.key)).collect();
        add_default_network(project);
        let profiles = project.services.iter().flat_map(|service| &service.profiles);
        let profiles: BTreeSet<SmolStr> = profiles.map(|profile| profile.value.clone()).collect();
        project.profiles = profiles.into_iter().collect();
        project.index();
    }

    fn object(&self, key: &SmolStr, entry: &Entry) -> FileObject {
        let empty = Map::default();
        let map = entry.value.as_map().unwrap_or(&empty);
        let file = str_at(map, "file");
        FileObject {
            key: Spanned::new(key.clone(), entry.key),
            span: entry.first,
            name: str_at(map, "name"),
            external: is_external(map),
            file_id: file.as_ref().and_then(|path| self.file(path)),
            file,
            environment: str_at(map, "environment"),
            content: str_at(map, "content"),
            labels: key_values(map.get("labels")),
            keys: keys(map),
            places: map.places(),
        }
    }

    pub fn deploy(&mut self, value: &Value) -> Option<Deploy> {
        let map = value.as_map()?;
        let resources = |key: &str| map.get("resources").and_then(|it| it.get(key));
        Some(Deploy {
            span: value.span,
            place: map.place,
            mode: str_at(map, "mode"),
            replicas: int(map.get("replicas")),
            endpoint_mode: str_at(map, "endpoint_mode"),
            labels: key_values(map.get("labels")),
            limits: resources("limits").and_then(|it| self.resources(it)),
            reservations: resources("reservations").and_then(|it| self.resources(it)),
            restart_policy: map.get("restart_policy").and_then(|it| self.restart_policy(it)),
            placement: map.get("placement").and_then(placement),
            update_config: map.get("update_config").and_then(|it| self.update(it)),
            rollback_config: map.get("rollback_config").and_then(|it| self.update(it)),
            keys: keys(map),
        })
    }

    fn resources(&mut self, value: &Value) -> Option<Resources> {
        let map = value.as_map()?;
        Some(Resources {
            span: value.span,
            place: map.place,
            cpus: self.loose_float(map.get("cpus")),
            memory: self.size(map.get("memory")),
            pids: int(map.get("pids")),
            devices: self.devices(map.get("devices")),
            generic_resources: map.get("generic_resources").map(|it| it.span),
        })
    }

    fn restart_policy(&mut self, value: &Value) -> Option<RestartPolicy> {
        let map = value.as_map()?;
        Some(RestartPolicy {
            span: value.span,
            condition: str_at(map, "condition"),
            delay: self.duration(map.get("delay")),
            max_attempts: int(map.get("max_attempts")),
            window: self.duration(map.get("window")),
        })
    }

    fn update(&mut self, value: &Value) -> Option<UpdateConfig> {
        let map = value.as_map()?;
        Some(UpdateConfig {
            span: value.span,
            parallelism: int(map.get("parallelism")),
            delay: self.duration(map.get("delay")),
            failure_action: str_at(map, "failure_action"),
            monitor: self.duration(map.get("monitor")),
            max_failure_ratio: float(map.get("max_failure_ratio")),
            order: str_at(map, "order"),
        })
    }
}

fn placement(value: &Value) -> Option<Placement> {
    let map = value.as_map()?;
    let preferences = map.get("preferences").and_then(Value::as_list).unwrap_or_default();
    Some(Placement {
        span: value.span,
        constraints: strings(map.get("constraints")),
        preferences: preferences.iter().filter_map(|it| str_of(it.get("spread")?)).collect(),
        max_replicas_per_node: int(map.get("max_replicas_per_node")),
    })
}

/// Returns the objects of a top-level section.
fn section<'m>(root: &'m Map, key: &str) -> impl Iterator<Item = (&'m SmolStr, &'m Entry)> {
    root.get(key).and_then(Value::as_map).into_iter().flat_map(|section| &section.entries)
}

fn is_external(map: &Map) -> bool {
    boolean(map.get("external")).is_some_and(|flag| flag.value)
}

fn network(key: &SmolStr, entry: &Entry) -> Network {
    let empty = Map::default();
    let map = entry.value.as_map().unwrap_or(&empty);
    let ipam = map.get("ipam").and_then(|ipam| ipam.get("config")).and_then(Value::as_list);
    Network {
        key: Spanned::new(key.clone(), entry.key),
        span: entry.first,
        implicit: false,
        name: str_at(map, "name"),
        external: is_external(map),
        driver: str_at(map, "driver"),
        driver_opts: key_values(map.get("driver_opts")),
        internal: boolean(map.get("internal")),
        attachable: boolean(map.get("attachable")),
        enable_ipv6: boolean(map.get("enable_ipv6")),
        subnets: ipam
            .unwrap_or_default()
            .iter()
            .filter_map(|config| str_of(config.get("subnet")?))
            .collect(),
        labels: key_values(map.get("labels")),
        keys: keys(map),
        places: map.places(),
    }
}

fn volume(key: &SmolStr, entry: &Entry) -> Volume {
    let empty = Map::default();
    let map = entry.value.as_map().unwrap_or(&empty);
    Volume {
        key: Spanned::new(key.clone(), entry.key),
        span: entry.first,
        name: str_at(map, "name"),
        external: is_external(map),
        driver: str_at(map, "driver"),
        driver_opts: key_values(map.get("driver_opts")),
        labels: key_values(map.get("labels")),
        keys: keys(map),
        places: map.places(),
    }
}

/// Adds the `default` network that Compose creates if a service uses it and no file defines it.
fn add_default_network(project: &mut Project) {
    let uses = |it: &Service| it.networks.iter().any(|it| it.name.value == "default");
    let known = project.networks.iter().any(|it| it.key.value == "default");
    if !known && project.services.iter().any(uses) {
        let key = Spanned { value: SmolStr::new_static("default"), ..Spanned::default() };
        project.networks.push(Network { key, implicit: true, ..Network::default() });
    }
}
