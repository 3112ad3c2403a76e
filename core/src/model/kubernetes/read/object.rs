//! Reads the objects of a tree.

use crate::model::kubernetes::autoscaler::{read_hpa, read_keda, read_vpa};
use crate::model::kubernetes::claim::{read_claim_spec, read_persistent_volume};
use crate::model::kubernetes::config::{
    read_config_map_key, read_external_secret, read_sealed_secret, read_secret_key,
    read_secret_maker,
};
use crate::model::kubernetes::policy::{
    read_budget, read_limit_range, read_monitor, read_network_policy, read_quota,
};
use crate::model::kubernetes::rbac::{read_rules, read_subjects};
use crate::model::kubernetes::read::meta::read_meta;
use crate::model::kubernetes::read::pod::read_names;
use crate::model::kubernetes::read::workload::read_workload;
use crate::model::kubernetes::routes::{
    read_gateway_route, read_ingress, read_openshift_route, read_traefik, read_virtual_service,
};
use crate::model::kubernetes::service::read_service;
use crate::model::kubernetes::{
    AutoscalerKind, Body, ConfigMap, Meta, MonitorKind, Object, PriorityClass, Role, RoleBinding,
    Secret, ServiceAccount, StorageClass, WorkloadKind,
};
use crate::model::read::{Reader, Str};
use crate::syntax::{Entry, Node, Tree};

/// A `List` may hold lists; nobody nests them deeper.
const MAX_LIST_DEPTH: usize = 4;

/// All objects of all documents. A document without `kind` is none.
pub fn read(tree: &Tree, reader: &mut Reader) -> Vec<Object> {
    let mut objects = Vec::new();
    for (index, document) in tree.documents.iter().enumerate() {
        if let Some(root) = document.root {
            read_document(tree.node(root), index, reader, &mut objects);
        }
    }
    objects
}

/// The objects of one document: none, one, or the items of a `List`.
pub fn read_document(
    root: Node<'_>,
    document: usize,
    reader: &mut Reader,
    objects: &mut Vec<Object>,
) {
    read_object(root, document, reader, objects, None, 0);
}

/// `inherited` is the kind that the items of a typed list (`ConfigMapList`) need not repeat.
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
    // The type's name is read first of all; what came before it was of no object.
    let Some(kind) = top.kind.take().or_else(|| inherited.cloned()) else { return };
    if let (Some(item_kind), Some(items)) = (kind.strip_suffix("List"), top.items) {
        if depth >= MAX_LIST_DEPTH {
            return;
        }
        let item_kind = (!item_kind.is_empty()).then(|| Str::new(item_kind.into(), kind.span));
        reader.list(items, |reader, item| {
            read_object(item, document, reader, objects, item_kind.as_ref(), depth + 1);
            None::<()>
        });
        return;
    }
    let outer_unknown = std::mem::take(&mut reader.unknown);
    let outer_wrong = std::mem::take(&mut reader.wrong);
    // Where the object's own keys come through `<<`, what lies below them is not its own.
    let merges = root.entries().any(|it| it.key.is_merge_key());
    let (meta, body) = reader.as_shared(merges, |reader| {
        let meta = top.meta.map(|it| read_meta(reader, it)).unwrap_or_default();
        let body = read_body(reader, &kind, &meta, &top);
        (meta, body)
    });
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
    });
}

/// The top level of an object.
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
    /// Hands every remaining key to a reader; those that it does not know are recorded.
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

    fn get(&self, key: &str) -> Option<Node<'t>> {
        self.rest.iter().find(|it| it.0 == key).map(|it| it.1.value)
    }

    fn str(&self, reader: &mut Reader, path: &[&str]) -> Option<Str> {
        let (first, rest) = path.split_first()?;
        self.get(first).and_then(|it| it.at(rest)).and_then(|it| reader.str(it))
    }
}

fn read_body(reader: &mut Reader, kind: &Str, meta: &Meta, top: &Top<'_>) -> Body {
    let version = top.api_version.as_ref().map(|it| it.as_str());
    let group = version.map(|it| it.rsplit_once('/').map_or("", |(group, _)| group));
    // A fragment that names no version may be of any group.
    let of = |groups: &[&str]| group.is_none_or(|it| groups.contains(&it));
    let spec = top.spec;
    if let Some((kind, owner)) = workload_kind(kind, group) {
        top.rest(reader, owner, &mut |_, _, _| false);
        return Body::Workload(Box::new(read_workload(reader, kind, spec, meta)));
    }
    let with = |reader: &mut Reader, read: fn(&mut Reader, Node<'_>) -> Body| {
        spec.map_or(Body::Other, |spec| read(reader, spec))
    };
    match kind.as_str() {
        "Service" if of(&[""]) => {
            top.rest(reader, "Service", &mut |_, _, _| false);
            Body::Service(Box::new(spec.map(|it| read_service(reader, it)).unwrap_or_default()))
        }
        "ConfigMap" if of(&[""]) => {
            let mut it = ConfigMap::default();
            top.rest(reader, "ConfigMap", &mut |reader, key, entry| {
                read_config_map_key(reader, &mut it, key, entry)
            });
            Body::ConfigMap(Box::new(it))
        }
        "Secret" if of(&[""]) => {
            let mut it = Secret { keys_known: true, ..Secret::default() };
            top.rest(reader, "Secret", &mut |reader, key, entry| {
                read_secret_key(reader, &mut it, key, entry)
            });
            Body::Secret(Box::new(it))
        }
        "SealedSecret" if of(&["bitnami.com"]) => {
            with(reader, |reader, it| Body::Secret(Box::new(read_sealed_secret(reader, it))))
        }
        "ExternalSecret" if of(&["external-secrets.io", "kubernetes-client.io"]) => {
            with(reader, |reader, it| Body::Secret(Box::new(read_external_secret(reader, it))))
        }
        "ClusterExternalSecret" if of(&["external-secrets.io"]) => with(reader, |reader, it| {
            let inner = it.get("externalSecretSpec");
            let mut secret = inner.map(|it| read_external_secret(reader, it)).unwrap_or_default();
            if secret.makes.is_empty() {
                let name = it.get("externalSecretName").and_then(|it| reader.str(it));
                secret.makes.extend(name);
            }
            Body::Secret(Box::new(secret))
        }),
        "PersistentVolumeClaim" if of(&[""]) => {
            top.rest(reader, "PersistentVolumeClaim", &mut |_, _, _| false);
            Body::Claim(Box::new(spec.map(|it| read_claim_spec(reader, it)).unwrap_or_default()))
        }
        "PersistentVolume" if of(&[""]) => with(reader, |reader, it| {
            Body::PersistentVolume(Box::new(read_persistent_volume(reader, it)))
        }),
        "Ingress" if of(&["networking.k8s.io", "extensions"]) => {
            top.rest(reader, "Ingress", &mut |_, _, _| false);
            with(reader, |reader, it| Body::Routes(Box::new(read_ingress(reader, it))))
        }
        "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute"
            if of(&["gateway.networking.k8s.io"]) =>
        {
            with(reader, |reader, it| Body::Routes(Box::new(read_gateway_route(reader, it))))
        }
        "IngressRoute" | "IngressRouteTCP" | "IngressRouteUDP"
            if of(&["traefik.io", "traefik.containo.us"]) =>
        {
            with(reader, |reader, it| Body::Routes(Box::new(read_traefik(reader, it))))
        }
        "VirtualService" if of(&["networking.istio.io"]) => {
            with(reader, |reader, it| Body::Routes(Box::new(read_virtual_service(reader, it))))
        }
        "Route" if group == Some("route.openshift.io") => {
            with(reader, |reader, it| Body::Routes(Box::new(read_openshift_route(reader, it))))
        }
        "HorizontalPodAutoscaler" if of(&["autoscaling"]) => {
            top.rest(reader, "HorizontalPodAutoscaler", &mut |_, _, _| false);
            with(reader, |reader, it| Body::Autoscaler(Box::new(read_hpa(reader, it))))
        }
        "ScaledObject" if of(&["keda.sh"]) => with(reader, |reader, it| {
            Body::Autoscaler(Box::new(read_keda(reader, AutoscalerKind::ScaledObject, it)))
        }),
        "ScaledJob" if of(&["keda.sh"]) => with(reader, |reader, it| {
            Body::Autoscaler(Box::new(read_keda(reader, AutoscalerKind::ScaledJob, it)))
        }),
        "VerticalPodAutoscaler" if of(&["autoscaling.k8s.io"]) => {
            with(reader, |reader, it| Body::Autoscaler(Box::new(read_vpa(reader, it))))
        }
        "PodDisruptionBudget" if of(&["policy"]) => {
            top.rest(reader, "PodDisruptionBudget", &mut |_, _, _| false);
            with(reader, |reader, it| Body::DisruptionBudget(Box::new(read_budget(reader, it))))
        }
        "NetworkPolicy" if of(&["networking.k8s.io", "extensions"]) => {
            top.rest(reader, "NetworkPolicy", &mut |_, _, _| false);
            with(reader, |reader, it| {
                Body::NetworkPolicy(Box::new(read_network_policy(reader, it)))
            })
        }
        "ServiceMonitor" if of(&["monitoring.coreos.com"]) => with(reader, |reader, it| {
            Body::Monitor(Box::new(read_monitor(reader, MonitorKind::Service, it)))
        }),
        "PodMonitor" if of(&["monitoring.coreos.com"]) => with(reader, |reader, it| {
            Body::Monitor(Box::new(read_monitor(reader, MonitorKind::Pod, it)))
        }),
        "LimitRange" if of(&[""]) => {
            with(reader, |reader, it| Body::LimitRange(Box::new(read_limit_range(reader, it))))
        }
        "ResourceQuota" if of(&[""]) => {
            with(reader, |reader, it| Body::ResourceQuota(Box::new(read_quota(reader, it))))
        }
        "ServiceAccount" if of(&[""]) => {
            let mut it = ServiceAccount::default();
            top.rest(reader, "ServiceAccount", &mut |reader, key, entry| {
                match key {
                    "imagePullSecrets" => it.image_pull_secrets = read_names(reader, entry.value),
                    "automountServiceAccountToken" => {
                        reader.read(entry.value, &mut it.automount_token);
                    }
                    _ => return false,
                }
                true
            });
            Body::ServiceAccount(Box::new(it))
        }
        "Role" | "ClusterRole" if of(&["rbac.authorization.k8s.io"]) => {
            let rules = top.get("rules").map(|it| read_rules(reader, it));
            Body::Role(Box::new(Role { rules: rules.unwrap_or_default() }))
        }
        "RoleBinding" | "ClusterRoleBinding" if of(&["rbac.authorization.k8s.io"]) => {
            let subjects = top.get("subjects").map(|it| read_subjects(reader, it));
            Body::RoleBinding(Box::new(RoleBinding {
                role_kind: top.str(reader, &["roleRef", "kind"]),
                role_name: top.str(reader, &["roleRef", "name"]),
                subjects: subjects.unwrap_or_default(),
            }))
        }
        "Namespace" if of(&[""]) => Body::Namespace,
        "StorageClass" if of(&["storage.k8s.io"]) => {
            let default = "storageclass.kubernetes.io/is-default-class";
            Body::StorageClass(Box::new(StorageClass {
                provisioner: top.str(reader, &["provisioner"]),
                is_default: meta.annotation(default).is_some_and(|it| it.as_str() == "true"),
            }))
        }
        "PriorityClass" if of(&["scheduling.k8s.io"]) => {
            let value = top.get("value").and_then(|it| reader.int(it));
            Body::PriorityClass(Box::new(PriorityClass { value }))
        }
        "IngressClass" if of(&["networking.k8s.io"]) => Body::IngressClass,
        other => read_secret_maker(reader, group.unwrap_or_default(), other, spec)
            .map_or(Body::Other, |it| Body::Secret(Box::new(it))),
    }
}

/// The kind of a workload and its type's name; none for namesakes in other groups.
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
    // `v1` for a Deployment is a common slip: no other group is meant.
    let ours = group.is_none_or(|it| groups.contains(&it) || it.is_empty());
    ours.then(|| (kind, kind.name()))
}
