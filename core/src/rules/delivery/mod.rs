//! PLM9xx: how charts, overlays and Argo CD bring manifests to a cluster.

use super::Rule;

mod application_name_collision;
mod argocd_hooks_hide_helm_hooks;
mod argocd_reference_missing;
mod chart_metadata;
mod copied_manifests;
mod default_project;
mod environments_disagree;
mod floating_target_revision;
mod hard_coded_in_template;
mod hook_delete_policy_leaves_job;
mod hook_needs_later_object;
mod hpa_drift_loop;
mod job_ttl_under_argocd;
mod kustomization_matches_nothing;
mod kustomize_deprecated_field;
mod sync_wave_order;
mod sync_without_self_heal;
mod two_owners;
mod unresolved_placeholder;
mod value_not_defined;
mod value_not_used;
mod values_order_defeats_override;

pub(super) const RULES: &[&Rule] = &[
    &floating_target_revision::RULE,
    &sync_without_self_heal::RULE,
    &hpa_drift_loop::RULE,
    &hook_delete_policy_leaves_job::RULE,
    &value_not_defined::RULE,
    &value_not_used::RULE,
    &hard_coded_in_template::RULE,
    &chart_metadata::RULE,
    &environments_disagree::RULE,
    &argocd_reference_missing::RULE,
    &copied_manifests::RULE,
    &hook_needs_later_object::RULE,
    &argocd_hooks_hide_helm_hooks::RULE,
    &job_ttl_under_argocd::RULE,
    &sync_wave_order::RULE,
    &kustomization_matches_nothing::RULE,
    &kustomize_deprecated_field::RULE,
    &values_order_defeats_override::RULE,
    &application_name_collision::RULE,
    &two_owners::RULE,
    &unresolved_placeholder::RULE,
    &default_project::RULE,
];
