//! The order of the objects that `sortOptions` asks for.

use super::object::Object;
use super::value::Value;

/// Kinds that have to exist before others need them.
const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that could reject the others.
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts the objects by kind where the kustomization asks for that; else they stay as they were read.
pub(super) fn sort(objects: &mut [Object], root: &Value) {
    if root.str_at(&["sortOptions", "order"]) != Some("legacy") {
        return;
    }
    let own = |key: &str| {
        let list = root.at(&["sortOptions", "legacySortOptions", key])?;
        Some(list.items().iter().filter_map(Value::as_str).collect::<Vec<_>>())
    };
    let first = own("orderFirst").unwrap_or_else(|| FIRST.to_vec());
    let last = own("orderLast").unwrap_or_else(|| LAST.to_vec());
    let rank = |kind: &str| -> usize {
        let position = |list: &[&str]| list.iter().position(|it| *it == kind);
        match (position(&first), position(&last)) {
            (Some(at), _) => at,
            (None, None) => first.len(),
            (None, Some(at)) => first.len() + 1 + at,
        }
    };
    objects.sort_by_cached_key(|object| {
        let gvk = object.gvk();
        let name = (object.namespace().to_owned(), object.name().to_owned());
        (rank(&gvk.kind), gvk.group, gvk.version, gvk.kind, name)
    });
}
