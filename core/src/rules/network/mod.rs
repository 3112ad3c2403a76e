//! PLM4xx: names and ports mean different things on the two sides.

use super::Rule;

mod host_port_collision;
mod localhost_for_another_service;
mod port_drift;
mod published_data_store;
mod selector_matches_nothing;
mod service_name_drift;
mod target_port_not_exposed;
mod template_labels_mismatch;
mod unknown_host;

pub(super) const RULES: &[&Rule] = &[
    &localhost_for_another_service::RULE,
    &selector_matches_nothing::RULE,
    &target_port_not_exposed::RULE,
    &unknown_host::RULE,
    &published_data_store::RULE,
    &host_port_collision::RULE,
    &service_name_drift::RULE,
    &port_drift::RULE,
    &template_labels_mismatch::RULE,
];
