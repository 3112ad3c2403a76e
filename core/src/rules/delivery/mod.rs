//! PLM9xx: how charts, overlays and Argo CD bring manifests to a cluster.

use super::Rule;

mod chart_metadata;
mod copied_manifests;
mod environments_disagree;
mod hard_coded_in_template;
mod kustomization_matches_nothing;
mod kustomize_deprecated_field;
mod value_not_defined;
mod value_not_used;

pub(super) const RULES: &[&Rule] = &[
    &value_not_defined::RULE,
    &value_not_used::RULE,
    &hard_coded_in_template::RULE,
    &chart_metadata::RULE,
    &environments_disagree::RULE,
    &copied_manifests::RULE,
    &kustomization_matches_nothing::RULE,
    &kustomize_deprecated_field::RULE,
];
