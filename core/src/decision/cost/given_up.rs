//! What a cluster does for a system and Compose does not.

use super::super::system::System;
use super::super::unread::is_openshift_template;
use super::{NAMES, named};
use crate::model::Str;
use crate::model::delivery::controller_of;
use crate::model::kubernetes::{Body, Object, Role};
use crate::report::phrases::{amount, first_named};

/// Returns what is to give up or to build outside Compose, in words. `scheduled` is the number of CronJobs.
pub fn given_up(system: &System<'_>, scheduled: usize) -> Vec<String> {
    let objects = &system.counted.objects;
    let count = |wanted: &dyn Fn(&Body) -> bool| {
        objects.iter().filter(|object| wanted(&object.body)).count()
    };
    let has_routes = count(&|it| matches!(it, Body::Routes(_))) > 0;
    let parts = [
        (scheduled, "CronJob", "CronJobs"),
        (
            count(&|it| matches!(it, Body::DisruptionBudget(_))),
            "disruption budget",
            "disruption budgets",
        ),
        (count(&|it| matches!(it, Body::NetworkPolicy(_))), "network policy", "network policies"),
        // Source: <https://kubernetes.io/docs/concepts/policy/resource-quotas/>
        (count(&|it| matches!(it, Body::ResourceQuota(_))), "resource quota", "resource quotas"),
        (
            count(&|it| matches!(it, Body::Role(role) if starts_programs(role))),
            "Role that lets a program start others",
            "Roles that let programs start others",
        ),
        (
            objects.iter().filter(|it| needs_controller(it, has_routes)).count(),
            "custom resource",
            "custom resources",
        ),
    ];
    let mut named = named(&parts);
    let autoscalers: Vec<&str> = objects
        .iter()
        .filter(|object| matches!(object.body, Body::Autoscaler(_)))
        .filter_map(|object| Some(object.name()?.as_str()))
        .collect();
    if !autoscalers.is_empty() {
        let count = amount(autoscalers.len(), "autoscaler", "autoscalers");
        named.insert(0, format!("{count} ({})", first_named(&autoscalers, NAMES)));
    }
    named
}

/// Whether a role allows creating Pods, or anything that creates Pods. `*` stands for everything.
///
/// Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>
fn starts_programs(role: &Role) -> bool {
    const PODS: [&str; 8] = [
        "pods",
        "deployments",
        "statefulsets",
        "daemonsets",
        "replicasets",
        "replicationcontrollers",
        "jobs",
        "cronjobs",
    ];
    const GROUPS: [&str; 4] = ["", "apps", "batch", "*"];
    role.rules.iter().any(|rule| {
        let has = |all: &[Str], wanted: &[&str]| all.iter().any(|it| wanted.contains(&it.as_str()));
        has(&rule.verbs, &["create", "*"])
            && (has(&rule.resources, &PODS)
                || has(&rule.resources, &["*"]) && has(&rule.api_groups, &GROUPS))
    })
}

/// Whether an object is a custom resource that a controller of the cluster acts on, beside routes, workloads and what a
/// GitOps controller reads. Kinds of Kubernetes have a group without a dot, or one that ends with `.k8s.io`.
///
/// Source: <https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/custom-resources/>
fn needs_controller(object: &Object, has_proxy: bool) -> bool {
    let group = object.group();
    // A reverse proxy obtains certificates by itself.
    // Sources: <https://caddyserver.com/docs/automatic-https>, <https://doc.traefik.io/traefik/https/acme/>
    let is_certificate = has_proxy && group == "cert-manager.io";
    group.contains('.')
        && !is_certificate
        && !matches!(object.body, Body::Autoscaler(_))
        && !group.ends_with(".k8s.io")
        && object.workload().is_none()
        && controller_of(object).is_none()
        && !is_openshift_template(object)
        && !matches!(object.body, Body::Routes(_))
}
