//! The names in workloads and their Pods.

use super::*;

impl Reader<'_, '_, '_> {
    pub(super) fn workload(&mut self, workload: &Workload) {
        self.selects(workload.selector.as_ref());
        self.refer_to("Service", workload.service_name.as_ref());
        if let Some((kind, name)) = &workload.workload_ref {
            self.refer(kind, name);
        }
        for (key, value) in &workload.template.meta.labels {
            let name = self.label(Labelled::Pods, key, value);
            self.collector.define(name, value.span);
        }
        for name in workload.volume_claim_templates.iter().filter_map(|it| it.meta.name.as_ref()) {
            let volume = self.pod_volume(name);
            self.collector.define(volume, name.span);
        }
        self.pod(&workload.template.spec);
    }

    fn pod_volume(&self, name: &Str) -> Name {
        Name::PodVolume {
            world: self.world,
            workload: owner(self.object),
            name: name.value.clone(),
        }
    }

    fn pod(&mut self, pod: &PodSpec) {
        self.refer_to("ServiceAccount", pod.service_account_name.as_ref());
        self.refer_to("PriorityClass", pod.priority_class_name.as_ref());
        pod.image_pull_secrets.iter().for_each(|name| self.refer("Secret", name));
        for term in &pod.affinity.anti_terms {
            self.selects(term.selector.as_ref());
        }
        for spread in &pod.topology_spread {
            self.selects(spread.selector.as_ref());
        }
        for volume in &pod.volumes {
            if let Some(name) = &volume.name {
                let volume = self.pod_volume(name);
                self.collector.define(volume, name.span);
            }
            self.volume(&volume.source);
        }
        for container in pod.all_containers() {
            self.container(pod, container);
        }
    }

    fn volume(&mut self, source: &VolumeSource) {
        for (is_secret, keyed) in source.keyed() {
            self.keyed(is_secret, keyed);
        }
        match source {
            VolumeSource::Claim { name, .. } => {
                self.refer_to("PersistentVolumeClaim", name.as_ref());
            }
            VolumeSource::Csi { secret, .. } => self.refer_to("Secret", secret.as_ref()),
            VolumeSource::EmptyDir { .. }
            | VolumeSource::HostPath { .. }
            | VolumeSource::ConfigMap(_)
            | VolumeSource::Secret(_)
            | VolumeSource::Projected(_)
            | VolumeSource::Nfs { .. }
            | VolumeSource::Disk { .. }
            | VolumeSource::DownwardApi
            | VolumeSource::Ephemeral(_)
            | VolumeSource::Other(_)
            | VolumeSource::None => {}
        }
    }

    fn keyed(&mut self, is_secret: bool, source: &KeyedSource) {
        let kind = if is_secret { "Secret" } else { "ConfigMap" };
        let Some(name) = &source.name else { return };
        self.refer(kind, name);
        for key in source.items.iter().filter_map(|item| item.key.as_ref()) {
            self.refer_to_key(kind, name, key);
        }
    }

    fn container(&mut self, pod: &PodSpec, container: &Container) {
        for variable in &container.env {
            match &variable.value {
                EnvValue::ConfigMapKey(key) => self.key_ref("ConfigMap", key),
                EnvValue::SecretKey(key) => self.key_ref("Secret", key),
                EnvValue::Empty
                | EnvValue::Literal(_)
                | EnvValue::NotAString(..)
                | EnvValue::Field(_)
                | EnvValue::Resource(_)
                | EnvValue::Other(_) => {}
            }
        }
        for from in &container.env_from {
            match from.source {
                EnvSource::ConfigMap => self.refer_to("ConfigMap", from.name.as_ref()),
                EnvSource::Secret => self.refer_to("Secret", from.name.as_ref()),
                EnvSource::Unknown => {}
            }
        }
        let mounted = container.mounts.iter().filter_map(|it| it.name.as_ref());
        for name in mounted.chain(container.devices.iter().map(|(name, _)| name)) {
            let volume = self.pod_volume(name);
            self.collector.refer(volume, name.span);
        }
        for mount in &container.mounts {
            let volume = mount.name.as_ref().and_then(|name| pod.volume(name));
            let (Some(volume), Some(path)) = (volume, &mount.sub_path) else { continue };
            // A file of a ConfigMap that is mounted alone is one of its keys.
            if let [(is_secret, source)] = volume.source.keyed().as_slice()
                && source.items.is_empty()
                && let Some(name) = &source.name
                && name_of(path) == path.as_str()
            {
                let kind = if *is_secret { "Secret" } else { "ConfigMap" };
                self.refer_to_key(kind, name, path);
            }
        }
        self.ports(container);
    }

    fn key_ref(&mut self, kind: &str, reference: &KeyRef) {
        let Some(name) = &reference.name else { return };
        self.refer(kind, name);
        if let Some(key) = &reference.key {
            self.refer_to_key(kind, name, key);
        }
    }

    /// Notes the names of a container's ports, and the probes that use them.
    fn ports(&mut self, container: &Container) {
        let workload = owner(self.object);
        let world = self.world;
        let port = |name: &SmolStr| Name::ContainerPort {
            world,
            workload: workload.clone(),
            name: name.clone(),
        };
        for name in container.ports.iter().filter_map(|it| it.name.as_ref()) {
            self.collector.define(port(&name.value), name.span);
        }
        let probes = [&container.readiness, &container.liveness, &container.startup];
        for probe in probes.into_iter().flatten() {
            if let Some(Spanned { value: IntOrStr::Str(name), span }) = probe.handler.port() {
                self.collector.refer(port(name), *span);
            }
        }
    }
}
