//! Reads the Kubernetes objects of a tree.

use crate::model::kubernetes::argocd::{read_app_project, read_application, read_application_set};
use crate::model::kubernetes::autoscaler::{read_hpa, read_keda, read_vpa};
use crate::model::kubernetes::claim::{read_claim_spec, read_persistent_volume};
use crate::model::kubernetes::config::{
    read_cluster_external_secret, read_config_map_key, read_external_secret, read_sealed_secret,
    read_secret_key, read_secret_maker,
};
use crate::model::kubernetes::flux::{
    read_flux_kustomization, read_flux_source, read_helm_release,
};
use crate::model::kubernetes::policy::{
    read_budget, read_limit_range, read_monitor, read_network_policy, read_quota,
};
use crate::model::kubernetes::rbac::{read_rules, read_subjects};
use crate::model::kubernetes::read::meta::read_meta;
use crate::model::kubernetes::read::pod::read_names;
use crate::model::kubernetes::read::workload::read_workload;
use crate::model::kubernetes::route_rules::{read_destination_rule, read_service_entry};
use crate::model::kubernetes::routes::{
    read_gateway_route, read_ingress, read_openshift_route, read_traefik, read_virtual_service,
};
use crate::model::kubernetes::service::read_service;
use crate::model::kubernetes::{
    Autoscaler, AutoscalerKind, Body, ConfigMap, Meta, Monitor, MonitorKind, Object, PriorityClass,
    Role, RoleBinding, Routes, Secret, ServiceAccount, StorageClass, WorkloadKind,
};
use crate::model::read::{Reader, Str};
use crate::syntax::{Entry, Node, NodeKind, Tree};
use crate::text::Spanned;

/// Maximum depth of lists inside a `List`.
const MAX_LIST_DEPTH: usize = 4;

/// Reads the objects of all documents. A document without `kind` is not an object.
pub fn read(tree: &Tree, reader: &mut Reader) -> Vec<Object> {
    let mut objects = Vec::new();
    for (index, document) in tree.documents.iter().enumerate() {
        if let Some(root) = document.root {
            read_document(tree.node(root), index, reader, &mut objects);
        }
    }
    objects
}

/// Reads the objects of one document: none, one, or the items of a `List`.
pub fn read_document(
    root: Node<'_>,
    document: usize,
    reader: &mut Reader,
    objects: &mut Vec<Object>,
) {
    read_object(root, document, reader, objects, None, 0);
}

/// Reads an object or the items of a `List`. `inherited` is the kind of the items of a typed list
/// (`ConfigMapList`), which need not repeat it.
fn read_object(
    root: Node<'_>,
    document: usize,
    reader: &mut Reader,
    objects: &mut Vec<Object>,
    inherited: Option<&Str>,
    depth: usize,
) {
    if !root.is_mapping() {
        return;
    }
    let mut top = Top::default();
    reader.each(root, "", |reader, key, entry| {
        match key {
            "apiVersion" => reader.read(entry.value, &mut top.api_version),
            "kind" => reader.read(entry.value, &mut top.kind),
            "metadata" => top.meta = Some(entry.value),
            "spec" => top.spec = Some(entry.value),
            "items" => top.items = Some(entry.value),
            "status" => {}
            _ => top.rest.push((key, entry)),
        }
        true
    });
    let Some(kind) = top.kind.take().or_else(|| inherited.cloned()) else { return };
    if let (Some(item_kind), Some(items)) = (kind.strip_suffix("List"), top.items) {
        if depth >= MAX_LIST_DEPTH {
            return;
        }
        let item_kind = (!item_kind.is_empty()).then(|| Str::new(item_kind.into(), kind.span));
        reader.as_shared(root.kind() == NodeKind::Alias, |reader| {
            reader.list(items, |reader, item| {
                read_object(item, document, reader, objects, item_kind.as_ref(), depth + 1);
                None::<()>
            })
        });
        return;
    }
    let outer_unknown = std::mem::take(&mut reader.unknown);
    let outer_wrong = std::mem::take(&mut reader.wrong);
    // The values of keys that come through `<<` may be shared with other objects, and all values of an object
    // that is an alias in a list are.
    let is_shared =
        root.kind() == NodeKind::Alias || root.entries().any(|entry| entry.key.is_merge_key());
    let (meta, body) = reader.as_shared(is_shared, |reader| {
        let meta = top.meta.map(|meta| read_meta(reader, meta)).unwrap_or_default();
        let body = read_body(reader, &kind, &meta, &top);
        (meta, body)
    });
    let custom = top.spec.filter(|_| body == Body::Other);
    let stated_replicas = custom.and_then(|spec| stated_replicas(spec, 0));
    let place = reader.place(root);
    objects.push(Object {
        api_version: top.api_version,
        kind,
        meta,
        body,
        span: place.span,
        place,
        document,
        file: place.span.file,
        node: root.resolve().id(),
        unknown: std::mem::replace(&mut reader.unknown, outer_unknown),
        wrong: std::mem::replace(&mut reader.wrong, outer_wrong),
        stated_replicas,
    });
}

/// Maximum depth at which a custom resource is searched for replicas.
const MAX_REPLICAS_DEPTH: usize = 4;

/// Returns the largest number of replicas or instances below a node.
fn stated_replicas(node: Node<'_>, depth: usize) -> Option<Spanned<i64>> {
    if depth > MAX_REPLICAS_DEPTH {
        return None;
    }
    let of_entry = |entry: Entry<'_>| match entry.key.as_str() {
        Some("replicas" | "instances") if entry.value.is_scalar() => {
            let count = entry.value.as_str()?.parse().ok()?;
            Some(Spanned::new(count, entry.value.span()))
        }
        _ => stated_replicas(entry.value, depth + 1),
    };
    let own = node.entries().filter_map(of_entry);
    let below = node.items().filter_map(|item| stated_replicas(item, depth + 1));
    own.chain(below).max_by_key(|it| it.value)
}

/// The top-level keys of an object.
#[derive(Default)]
struct Top<'t> {
    api_version: Option<Str>,
    kind: Option<Str>,
    meta: Option<Node<'t>>,
    spec: Option<Node<'t>>,
    items: Option<Node<'t>>,
    rest: Vec<(&'t str, Entry<'t>)>,
}

impl<'t> Top<'t> {
    /// Calls `known` with every remaining key; keys that it does not know are recorded.
    fn rest(
        &self,
        reader: &mut Reader,
        owner: &'static str,
        known: &mut dyn FnMut(&mut Reader, &'t str, Entry<'t>) -> bool,
    ) {
        for (key, entry) in &self.rest {
            if !known(reader, key, *entry) {
                reader.unknown_key(owner, key, *entry);
            }
        }
    }

    /// Records every remaining key.
    fn no_other_keys(&self, reader: &mut Reader, owner: &'static str) {
        self.rest(reader, owner, &mut |_, _, _| false);
    }

    fn get(&self, key: &str) -> Option<Node<'t>> {
        self.rest.iter().find(|(name, _)| *name == key).map(|(_, entry)| entry.value)
    }

    fn str(&self, reader: &mut Reader, path: &[&str]) -> Option<Str> {
        let (first, rest) = path.split_first()?;
        let value = self.get(first)?.at(rest)?;
        reader.str(value)
    }
}

/// Reads the body of an object by its kind and group.
fn read_body(reader: &mut Reader, kind: &str, meta: &Meta, top: &Top<'_>) -> Body {
    let version = top.api_version.as_ref().map(|version| version.as_str());
    let group = version.map(|version| version.rsplit_once('/').map_or("", |(group, _)| group));
    if let Some((kind, owner)) = workload_kind(kind, group) {
        top.no_other_keys(reader, owner);
        return Body::Workload(Box::new(read_workload(reader, kind, top.spec, meta)));
    }
    let object = Unread { kind, group, meta, top };
    object
        .config_or_secret(reader)
        .or_else(|| object.storage(reader))
        .or_else(|| object.network(reader))
        .or_else(|| object.scaling_and_policy(reader))
        .or_else(|| object.access_or_cluster(reader))
        .or_else(|| object.delivery(reader))
        .unwrap_or(Body::Other)
}

/// An object whose body is not read yet. Each of its readers returns `None` for other kinds.
struct Unread<'o, 't> {
    kind: &'o str,
    /// The API group; `None` for a fragment without a version.
    group: Option<&'o str>,
    meta: &'o Meta,
    top: &'o Top<'t>,
}

impl Unread<'_, '_> {
    /// Whether the object belongs to one of the groups. A fragment without a version may belong to any.
    fn of(&self, groups: &[&str]) -> bool {
        self.group.is_none_or(|group| groups.contains(&group))
    }

    /// Reads the spec; the body of an object without one is unknown.
    fn spec(&self, read: impl FnOnce(Node<'_>) -> Body) -> Body {
        self.top.spec.map_or(Body::Other, read)
    }

    fn config_or_secret(&self, reader: &mut Reader) -> Option<Body> {
        let secret = |secret: Secret| Body::Secret(Box::new(secret));
        Some(match self.kind {
            "ConfigMap" if self.of(&[""]) => {
                let mut config = ConfigMap::default();
                self.top.rest(reader, "ConfigMap", &mut |reader, key, entry| {
                    read_config_map_key(reader, &mut config, key, entry)
                });
                Body::ConfigMap(Box::new(config))
            }
            "Secret" if self.of(&[""]) => {
                let mut plain = Secret { keys_known: true, ..Secret::default() };
                self.top.rest(reader, "Secret", &mut |reader, key, entry| {
                    read_secret_key(reader, &mut plain, key, entry)
                });
                secret(plain)
            }
            "SealedSecret" if self.of(&["bitnami.com"]) => {
                self.spec(|spec| secret(read_sealed_secret(reader, spec)))
            }
            "ExternalSecret" if self.of(&["external-secrets.io", "kubernetes-client.io"]) => {
                self.spec(|spec| secret(read_external_secret(reader, spec)))
            }
            "ClusterExternalSecret" if self.of(&["external-secrets.io"]) => {
                self.spec(|spec| secret(read_cluster_external_secret(reader, spec)))
            }
            kind => {
                let group = self.group.unwrap_or_default();
                secret(read_secret_maker(reader, group, kind, self.top.spec)?)
            }
        })
    }

    fn storage(&self, reader: &mut Reader) -> Option<Body> {
        Some(match self.kind {
            "PersistentVolumeClaim" if self.of(&[""]) => {
                self.top.no_other_keys(reader, "PersistentVolumeClaim");
                let claim = self.top.spec.map(|spec| read_claim_spec(reader, spec));
                Body::Claim(Box::new(claim.unwrap_or_default()))
            }
            "PersistentVolume" if self.of(&[""]) => self.spec(|spec| {
                Body::PersistentVolume(Box::new(read_persistent_volume(reader, spec)))
            }),
            "StorageClass" if self.of(&["storage.k8s.io"]) => {
                let default = self.meta.annotation("storageclass.kubernetes.io/is-default-class");
                Body::StorageClass(Box::new(StorageClass {
                    provisioner: self.top.str(reader, &["provisioner"]),
                    is_default: default.is_some_and(|value| value.as_str() == "true"),
                }))
            }
            _ => return None,
        })
    }

    fn network(&self, reader: &mut Reader) -> Option<Body> {
        let routes = |routes: Routes| Body::Routes(Box::new(routes));
        Some(match self.kind {
            "Service" if self.of(&[""]) => {
                self.top.no_other_keys(reader, "Service");
                let service = self.top.spec.map(|spec| read_service(reader, spec));
                Body::Service(Box::new(service.unwrap_or_default()))
            }
            "Ingress" if self.of(&["networking.k8s.io", "extensions"]) => {
                self.top.no_other_keys(reader, "Ingress");
                self.spec(|spec| routes(read_ingress(reader, spec)))
            }
            "IngressClass" if self.of(&["networking.k8s.io"]) => Body::IngressClass,
            "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute"
                if self.of(&["gateway.networking.k8s.io"]) =>
            {
                self.spec(|spec| routes(read_gateway_route(reader, spec)))
            }
            "IngressRoute" | "IngressRouteTCP" | "IngressRouteUDP"
                if self.of(&["traefik.io", "traefik.containo.us"]) =>
            {
                self.spec(|spec| routes(read_traefik(reader, spec)))
            }
            "VirtualService" if self.of(&["networking.istio.io"]) => {
                self.spec(|spec| routes(read_virtual_service(reader, spec)))
            }
            "DestinationRule" if self.of(&["networking.istio.io"]) => self
                .spec(|spec| Body::DestinationRule(Box::new(read_destination_rule(reader, spec)))),
            "ServiceEntry" if self.of(&["networking.istio.io"]) => {
                self.spec(|spec| Body::ServiceEntry(Box::new(read_service_entry(reader, spec))))
            }
            // `Route` alone is too common a name.
            "Route" if self.group == Some("route.openshift.io") => {
                self.spec(|spec| routes(read_openshift_route(reader, spec)))
            }
            "NetworkPolicy" if self.of(&["networking.k8s.io", "extensions"]) => {
                self.top.no_other_keys(reader, "NetworkPolicy");
                self.spec(|spec| Body::NetworkPolicy(Box::new(read_network_policy(reader, spec))))
            }
            _ => return None,
        })
    }

    fn scaling_and_policy(&self, reader: &mut Reader) -> Option<Body> {
        let autoscaler = |autoscaler: Autoscaler| Body::Autoscaler(Box::new(autoscaler));
        let monitor = |monitor: Monitor| Body::Monitor(Box::new(monitor));
        Some(match self.kind {
            "HorizontalPodAutoscaler" if self.of(&["autoscaling"]) => {
                self.top.no_other_keys(reader, "HorizontalPodAutoscaler");
                self.spec(|spec| autoscaler(read_hpa(reader, spec)))
            }
            "ScaledObject" if self.of(&["keda.sh"]) => {
                self.spec(|spec| autoscaler(read_keda(reader, AutoscalerKind::ScaledObject, spec)))
            }
            "ScaledJob" if self.of(&["keda.sh"]) => {
                self.spec(|spec| autoscaler(read_keda(reader, AutoscalerKind::ScaledJob, spec)))
            }
            "VerticalPodAutoscaler" if self.of(&["autoscaling.k8s.io"]) => {
                self.spec(|spec| autoscaler(read_vpa(reader, spec)))
            }
            "PodDisruptionBudget" if self.of(&["policy"]) => {
                self.top.no_other_keys(reader, "PodDisruptionBudget");
                self.spec(|spec| Body::DisruptionBudget(Box::new(read_budget(reader, spec))))
            }
            "ServiceMonitor" if self.of(&["monitoring.coreos.com"]) => {
                self.spec(|spec| monitor(read_monitor(reader, MonitorKind::Service, spec)))
            }
            "PodMonitor" if self.of(&["monitoring.coreos.com"]) => {
                self.spec(|spec| monitor(read_monitor(reader, MonitorKind::Pod, spec)))
            }
            "LimitRange" if self.of(&[""]) => {
                self.spec(|spec| Body::LimitRange(Box::new(read_limit_range(reader, spec))))
            }
            "ResourceQuota" if self.of(&[""]) => {
                self.spec(|spec| Body::ResourceQuota(Box::new(read_quota(reader, spec))))
            }
            "PriorityClass" if self.of(&["scheduling.k8s.io"]) => {
                let value = self.top.get("value").and_then(|value| reader.int(value));
                Body::PriorityClass(Box::new(PriorityClass { value }))
            }
            _ => return None,
        })
    }

    fn access_or_cluster(&self, reader: &mut Reader) -> Option<Body> {
        Some(match self.kind {
            "Namespace" if self.of(&[""]) => Body::Namespace,
            "ServiceAccount" if self.of(&[""]) => {
                let mut account = ServiceAccount::default();
                self.top.rest(reader, "ServiceAccount", &mut |reader, key, entry| {
                    match key {
                        "imagePullSecrets" => {
                            account.image_pull_secrets = read_names(reader, entry.value);
                        }
                        "automountServiceAccountToken" => {
                            reader.read(entry.value, &mut account.automount_token);
                        }
                        _ => return false,
                    }
                    true
                });
                Body::ServiceAccount(Box::new(account))
            }
            "Role" | "ClusterRole" if self.of(&["rbac.authorization.k8s.io"]) => {
                let rules = self.top.get("rules").map(|rules| read_rules(reader, rules));
                Body::Role(Box::new(Role { rules: rules.unwrap_or_default() }))
            }
            "RoleBinding" | "ClusterRoleBinding" if self.of(&["rbac.authorization.k8s.io"]) => {
                let subjects = self.top.get("subjects");
                let subjects = subjects.map(|subjects| read_subjects(reader, subjects));
                Body::RoleBinding(Box::new(RoleBinding {
                    role_kind: self.top.str(reader, &["roleRef", "kind"]),
                    role_name: self.top.str(reader, &["roleRef", "name"]),
                    subjects: subjects.unwrap_or_default(),
                }))
            }
            _ => return None,
        })
    }

    /// The objects of Argo CD and Flux. Their kinds alone are too common as names.
    fn delivery(&self, reader: &mut Reader) -> Option<Body> {
        let group = self.group?;
        Some(match (group, self.kind) {
            ("argoproj.io", "Application") => {
                self.spec(|spec| Body::Application(Box::new(read_application(reader, spec))))
            }
            ("argoproj.io", "ApplicationSet") => {
                self.spec(|spec| Body::ApplicationSet(Box::new(read_application_set(reader, spec))))
            }
            ("argoproj.io", "AppProject") => {
                self.spec(|spec| Body::AppProject(Box::new(read_app_project(reader, spec))))
            }
            ("kustomize.toolkit.fluxcd.io", "Kustomization") => self.spec(|spec| {
                Body::FluxKustomization(Box::new(read_flux_kustomization(reader, spec)))
            }),
            ("helm.toolkit.fluxcd.io", "HelmRelease") => {
                self.spec(|spec| Body::HelmRelease(Box::new(read_helm_release(reader, spec))))
            }
            (
                "source.toolkit.fluxcd.io",
                "GitRepository" | "OCIRepository" | "HelmRepository" | "Bucket",
            ) => self.spec(|spec| Body::FluxSource(Box::new(read_flux_source(reader, spec)))),
            _ => return None,
        })
    }
}

/// Returns the kind of a workload and the name of its type; `None` for the same kind in another group.
fn workload_kind(kind: &str, group: Option<&str>) -> Option<(WorkloadKind, &'static str)> {
    let (kind, groups): (_, &[&str]) = match kind {
        "Deployment" => (WorkloadKind::Deployment, &["apps", "extensions"]),
        "StatefulSet" => (WorkloadKind::StatefulSet, &["apps"]),
        "DaemonSet" => (WorkloadKind::DaemonSet, &["apps", "extensions"]),
        "ReplicaSet" => (WorkloadKind::ReplicaSet, &["apps", "extensions"]),
        "ReplicationController" => (WorkloadKind::ReplicationController, &[""]),
        "Job" => (WorkloadKind::Job, &["batch"]),
        "CronJob" => (WorkloadKind::CronJob, &["batch"]),
        "Pod" => (WorkloadKind::Pod, &[""]),
        "Rollout" => (WorkloadKind::Rollout, &["argoproj.io"]),
        _ => return None,
    };
    // `v1` for a Deployment is a common mistake: no other group is meant.
    let ours = group.is_none_or(|group| groups.contains(&group) || group.is_empty());
    ours.then(|| (kind, kind.name()))
}
