//! The names of Kubernetes objects, whether they are written in manifests or built into targets.

use super::names::{Collector, Labelled, Name, Role, World};
use crate::facts::{Facts, KubeHost};
use crate::knowledge::kube::is_cluster_wide;
use crate::model::kubernetes::{
    Body, Container, EnvSource, EnvValue, KeyRef, KeyedSource, Monitor, MonitorKind, NetworkPolicy,
    Object, PodSpec, Routes, Selector, VolumeSource, Workload,
};
use crate::model::{IntOrStr, Str};
use crate::text::{FileId, Span, Spanned, name_of};
use smol_str::SmolStr;

mod gateways;
mod pods;

/// Notes the names of all objects.
pub(super) fn collect(collector: &mut Collector<'_>) {
    let analysis = collector.analysis;
    let facts = analysis.facts();
    for (at, target) in analysis.targets().iter().enumerate() {
        for object in &target.objects {
            Reader { collector: &mut *collector, world: World::Target(at), object }.object();
        }
    }
    for file in analysis.files().iter().filter(|file| !facts.is_built(file.id)) {
        let world = World::Part(facts.part_of(file.id));
        for object in &file.objects {
            Reader { collector: &mut *collector, world, object }.object();
        }
    }
    gateways::collect(collector);
    for facts in analysis.all_facts() {
        hosts(collector, facts);
        target_ports(collector, facts);
    }
}

/// Returns what the objects of a file are applied with.
pub(super) fn world_of(facts: &Facts<'_>, file: FileId) -> World {
    facts.target_of(file).map_or_else(|| World::Part(facts.part_of(file)), World::Target)
}

/// Notes the Services that containers reach by their names.
fn hosts(collector: &mut Collector<'_>, facts: &Facts<'_>) {
    for workload in facts.workloads() {
        let home = workload.object.file;
        for mention in workload.units.iter().flat_map(|unit| facts.mentions(unit)) {
            let service = match facts.kube_host(home, workload.namespace, mention.host) {
                KubeHost::Service(service) | KubeHost::OtherNamespace(service) => service,
                KubeHost::Missing | KubeHost::Outside => continue,
            };
            let name = Name::Object {
                world: world_of(facts, service.object.file),
                kind: "Service".into(),
                name: service.name.into(),
            };
            // The first label of `db.shop.svc.cluster.local`.
            let shows_host = collector.written(mention.host_span) == mention.host;
            let span = match shows_host && mention.host.starts_with(service.name) {
                true => mention.host_span.inner(0..service.name.len()),
                false => mention.host_span,
            };
            collector.note(name, span, Role::Reference, Some(service.namespace));
        }
    }
}

/// Notes the ports of containers that Services send their traffic to by name.
fn target_ports(collector: &mut Collector<'_>, facts: &Facts<'_>) {
    for service in facts.kube_services() {
        for port in &service.model.ports {
            let Some(target) = &port.target_port else { continue };
            let IntOrStr::Str(text) = &target.value else { continue };
            for workload in facts.selected(service) {
                let world = world_of(facts, workload.object.file);
                let name = Name::ContainerPort {
                    world,
                    workload: owner(workload.object),
                    name: text.clone(),
                };
                collector.refer(name, target.span);
            }
        }
    }
}

/// Returns the identity of a workload within its world.
fn owner(object: &Object) -> SmolStr {
    let name = object.name().map_or("", |name| name.as_str());
    SmolStr::from(format!("{}/{}/{name}", object.kind.as_str(), object.namespace()))
}

/// Reads the names in one object.
struct Reader<'c, 'a, 'o> {
    collector: &'c mut Collector<'a>,
    world: World,
    object: &'o Object,
}

impl Reader<'_, '_, '_> {
    fn object(&mut self) {
        self.own_name();
        if let Some(namespace) = &self.object.meta.namespace {
            self.refer("Namespace", namespace);
        }
        let object = self.object;
        match &object.body {
            Body::Workload(workload) => self.workload(workload),
            Body::Service(service) => {
                if let Some(selector) = &service.selector {
                    self.selector(Labelled::Pods, selector);
                }
                for (key, value) in &object.meta.labels {
                    let name = self.label(Labelled::Services, key, value);
                    self.collector.define(name, value.span);
                }
                for name in service.ports.iter().filter_map(|port| port.name.as_ref()) {
                    let own = object.name().map(|it| it.value.clone()).unwrap_or_default();
                    let name_of_port = Name::ServicePort {
                        world: self.world,
                        service: own,
                        name: name.value.clone(),
                    };
                    self.collector.define(name_of_port, name.span);
                }
            }
            Body::Routes(routes) => self.routes(routes),
            Body::ConfigMap(map) => {
                let own = object.name().map_or("", |name| name.as_str());
                map.keys().for_each(|key| self.define_key("ConfigMap", own, key));
            }
            Body::Secret(secret) => {
                for key in secret.keys() {
                    for own in object.secret_names() {
                        self.define_key("Secret", own, key);
                    }
                }
                for name in &secret.makes {
                    self.note_object("Secret", name, Role::Definition);
                }
            }
            Body::Autoscaler(autoscaler) => {
                let target = autoscaler.target.as_ref();
                let kind = target.and_then(|it| it.kind.as_ref());
                let kind = kind.map_or("Deployment", |it| it.as_str());
                self.refer_to(kind, target.and_then(|it| it.name.as_ref()));
            }
            Body::DisruptionBudget(budget) => self.selects(budget.selector.as_ref()),
            Body::NetworkPolicy(policy) => self.policy(policy),
            Body::Monitor(monitor) => self.monitor(monitor),
            Body::ServiceAccount(account) => {
                account.image_pull_secrets.iter().for_each(|name| self.refer("Secret", name));
            }
            Body::RoleBinding(binding) => {
                let kind = binding.role_kind.as_ref().map_or("Role", |it| it.as_str());
                self.refer_to(kind, binding.role_name.as_ref());
                for subject in &binding.subjects {
                    let is_account =
                        subject.kind.as_ref().is_some_and(|it| it.as_str() == "ServiceAccount");
                    if is_account && let Some(name) = &subject.name {
                        let namespace = subject.namespace.as_ref().map(|it| it.as_str());
                        self.refer_in("ServiceAccount", name, namespace);
                    }
                }
            }
            Body::PersistentVolume(volume) => {
                self.refer_to("StorageClass", volume.storage_class.as_ref());
                if let Some((name, namespace)) = &volume.claim {
                    let namespace = namespace.as_ref().map(|it| it.as_str());
                    self.refer_in("PersistentVolumeClaim", name, namespace);
                }
            }
            Body::Claim(claim) => {
                self.refer_to("StorageClass", claim.storage_class.as_ref());
                self.refer_to("PersistentVolume", claim.volume_name.as_ref());
            }
            Body::DestinationRule(rule) => {
                rule.host.iter().for_each(|host| self.mesh_host(host));
            }
            Body::ServiceEntry(_)
            | Body::LimitRange(_)
            | Body::ResourceQuota(_)
            | Body::Role(_)
            | Body::Namespace
            | Body::StorageClass(_)
            | Body::PriorityClass(_)
            | Body::IngressClass
            | Body::Application(_)
            | Body::ApplicationSet(_)
            | Body::AppProject(_)
            | Body::FluxKustomization(_)
            | Body::HelmRelease(_)
            | Body::FluxSource(_)
            | Body::Other => {}
        }
    }

    fn own_name(&mut self) {
        let object = self.object;
        let Some(name) = object.name() else { return };
        self.note_object(&object.kind, name, Role::Definition);
        // A SealedSecret and its like go by the name of the Secret that they make.
        let makes_own = matches!(&object.body, Body::Secret(secret) if secret.makes.is_empty());
        if makes_own && object.kind.as_str() != "Secret" {
            self.note_object("Secret", name, Role::Definition);
        }
    }

    fn note_object(&mut self, kind: &str, name: &Str, role: Role) {
        let id = Name::Object { world: self.world, kind: kind.into(), name: name.value.clone() };
        let namespace = self.object.namespace();
        let namespace = (!is_cluster_wide(kind)).then_some(namespace);
        self.collector.note(id, name.span, role, namespace);
    }

    /// Notes a reference to an object of the own namespace.
    fn refer(&mut self, kind: &str, name: &Str) {
        self.note_object(kind, name, Role::Reference);
    }

    fn refer_to(&mut self, kind: &str, name: Option<&Str>) {
        if let Some(name) = name {
            self.refer(kind, name);
        }
    }

    /// Notes a reference to an object of another namespace, if one is written.
    fn refer_in(&mut self, kind: &str, name: &Str, namespace: Option<&str>) {
        let id = Name::Object { world: self.world, kind: kind.into(), name: name.value.clone() };
        let namespace = namespace.unwrap_or_else(|| self.object.namespace());
        self.collector.note(id, name.span, Role::Reference, Some(namespace));
    }

    fn key(&self, kind: &str, object: &str, key: &Str) -> Name {
        Name::Key {
            world: self.world,
            kind: kind.into(),
            object: object.into(),
            key: key.value.clone(),
        }
    }

    fn define_key(&mut self, kind: &str, object: &str, key: &Str) {
        if !object.is_empty() {
            let name = self.key(kind, object, key);
            let span = self.key_in_literal(key);
            let namespace = self.object.namespace();
            self.collector.note(name, span, Role::Definition, Some(namespace));
        }
    }

    /// Returns the place of a key alone where it stands before its value: `MODE=fast` of a generator.
    fn key_in_literal(&self, key: &Str) -> Span {
        let written = self.collector.written(key.span);
        let start = written.len() - written.trim_start_matches(['"', '\'']).len();
        let rest = written[start..].strip_prefix(key.as_str());
        match rest.is_some_and(|rest| rest.starts_with('=')) {
            true => key.span.inner(start..start + key.value.len()),
            false => key.span,
        }
    }

    fn refer_to_key(&mut self, kind: &str, object: &Str, key: &Str) {
        let name = self.key(kind, object, key);
        let namespace = self.object.namespace();
        self.collector.note(name, key.span, Role::Reference, Some(namespace));
    }

    fn label(&self, of: Labelled, key: &Str, value: &Str) -> Name {
        let (key, value) = (key.value.clone(), value.value.clone());
        Name::Label { world: self.world, of, key, value }
    }

    fn selects(&mut self, selector: Option<&Selector>) {
        if let Some(selector) = selector {
            self.selector(Labelled::Pods, selector);
        }
    }

    fn selector(&mut self, of: Labelled, selector: &Selector) {
        for (key, value) in &selector.match_labels {
            let name = self.label(of, key, value);
            self.collector.refer(name, value.span);
        }
        for requirement in &selector.expressions {
            for value in &requirement.values {
                let name = self.label(of, &requirement.key, value);
                self.collector.refer(name, value.span);
            }
        }
    }

    fn routes(&mut self, routes: &Routes) {
        if self.object.kind.as_str() == "VirtualService" {
            routes.hosts.iter().for_each(|host| self.mesh_host(host));
        }
        for backend in &routes.backends {
            let namespace = backend.namespace.as_ref().map(|it| it.as_str());
            self.service(&backend.service, backend.service.span, namespace);
            if let Some(Spanned { value: IntOrStr::Str(port), span }) = &backend.port {
                let name = Name::ServicePort {
                    world: self.world,
                    service: backend.service.value.clone(),
                    name: port.clone(),
                };
                self.collector.refer(name, *span);
            }
        }
        for tls in &routes.tls {
            self.refer_to("Secret", tls.secret.as_ref());
        }
        self.refer_to("IngressClass", routes.class.as_ref());
    }

    /// Notes the Service behind a host of a mesh: `web`, `web.shop` or `web.shop.svc.cluster.local`.
    fn mesh_host(&mut self, host: &Str) {
        let mut labels = host.split('.');
        let service = labels.next().unwrap_or_default();
        let namespace = labels.next();
        let is_inside = matches!(labels.next(), None | Some("svc"));
        if is_inside && !service.is_empty() && !host.contains(['*', '/']) {
            self.service(service, host.span, namespace);
        }
    }

    /// Notes a reference to a Service by its name, or by a host that begins with its name.
    fn service(&mut self, name: &str, span: Span, namespace: Option<&str>) {
        let span = self.collector.without_quotes(span);
        let rest = self.collector.written(span).strip_prefix(name);
        let span = match rest.is_some_and(|rest| rest.starts_with('.')) {
            true => span.inner(0..name.len()),
            false => span,
        };
        let id = Name::Object { world: self.world, kind: "Service".into(), name: name.into() };
        let namespace = namespace.unwrap_or_else(|| self.object.namespace());
        self.collector.note(id, span, Role::Reference, Some(namespace));
    }

    fn policy(&mut self, policy: &NetworkPolicy) {
        self.selects(policy.pod_selector.as_ref());
        let rules = policy.ingress.iter().chain(&policy.egress).flat_map(|rules| &rules.rules);
        for peer in rules.flat_map(|rule| &rule.peers) {
            self.selects(peer.pod_selector.as_ref());
        }
    }

    fn monitor(&mut self, monitor: &Monitor) {
        let of = match monitor.kind {
            MonitorKind::Service => Labelled::Services,
            MonitorKind::Pod => Labelled::Pods,
        };
        if let Some(selector) = &monitor.selector {
            self.selector(of, selector);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ide::testing::{WEB_OF_SHOP, assert_references};

    #[test]
    fn the_hosts_of_a_mesh_name_a_service_by_its_first_label() {
        let mesh = "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: routes, namespace: shop}
spec:
  hosts: [web, 'web.shop.svc.cluster.local', web.other, web.example.com]
  http:
    - route:
        - destination: {host: web.shop.svc.cluster.local}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: rule, namespace: other}
spec:
  host: web.shop
";
        assert_references(
            &format!("{WEB_OF_SHOP}{mesh}"),
            &["[^web^, '", "'^web^.shop", "{host: ^web^.shop", "  host: ^web^.shop"],
        );
    }
}
