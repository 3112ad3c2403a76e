//! PLM9xx: how charts, overlays and Argo CD bring manifests to a cluster.

use super::Rule;

mod application_name_collision;
mod argocd_hooks_hide_helm_hooks;
mod argocd_reference_missing;
mod default_project;
mod floating_target_revision;
mod hook_delete_policy_leaves_job;
mod hook_needs_later_object;
mod hpa_drift_loop;
mod job_ttl_under_argocd;
mod sync_wave_order;
mod sync_without_self_heal;
mod two_owners;
mod unresolved_placeholder;
mod values_order_defeats_override;

pub(super) const RULES: &[&Rule] = &[
    &floating_target_revision::RULE,
    &sync_without_self_heal::RULE,
    &hpa_drift_loop::RULE,
    &hook_delete_policy_leaves_job::RULE,
    &argocd_reference_missing::RULE,
    &hook_needs_later_object::RULE,
    &argocd_hooks_hide_helm_hooks::RULE,
    &job_ttl_under_argocd::RULE,
    &sync_wave_order::RULE,
    &values_order_defeats_override::RULE,
    &application_name_collision::RULE,
    &two_owners::RULE,
    &unresolved_placeholder::RULE,
    &default_project::RULE,
];
